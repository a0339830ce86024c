"""Likely mistakes in a corpus, found in its words and sentence lengths.

Each issue is reported in plain words with a remedy. The thresholds are set so that clean text
raises none; the comment beside each says why it has this value. Words are joined and searched by
compiled patterns: no Python code runs for a word unless a pattern matches it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from w2v.corpus.encoded import EncodedCorpus

Types = npt.NDArray[np.int64]

_CHUNK = 1 << 16  # types searched together

_ONE_WORD = 0.5  # fraction of sentences; headings and answers ("Yes.") are rare in most text
_ONE_WORD_TOKENS = 0.1  # fraction of tokens that are alone in their sentence
_LONG = 10_000  # words; sentences, and most paragraphs, are at most a tenth as long
_LONG_TOKENS = 0.5  # fraction of tokens in sentences that long
_ONE_LINE = 1_000  # tokens; a shorter text may well be one sentence
_FEW_TOKENS = 100_000  # with less text, word vectors carry almost no meaning

_MIN_TOKENS = 5  # fewer are typing errors
_RARE = 1e-4  # fraction of tokens with mojibake or markup: one per page of dense print
_NUMBERS = 0.25  # fraction of tokens; tables and logs exceed it, prose is far below
_ALL = 0.99  # fraction of tokens: a corpus of numbers alone contains items, not text
_GLUED = (
    0.1  # fraction of types; 0.02 in tokenized text (abbreviations), 0.3 where lines were split
)
_CASE = 0.2  # fraction of trained words

_TAGS = (
    "a|b|blockquote|body|br|code|dd|div|dl|doc|dt|em|font|h[1-6]|head|hr|html|i|iframe|img|input|"
    "li|link|meta|nowiki|ol|option|p|pre|ref|script|small|span|strong|style|sub|sup|table|tbody|"
    "td|th|title|tr|u|ul"
)
_ENTITY = "amp|apos|gt|hellip|ldquo|lsquo|lt|mdash|nbsp|ndash|quot|rdquo|rsquo|#\\d{1,7}|#x\\w{1,6}"
_PATTERNS = {
    "markup": rf"</?(?:{_TAGS})\s?/?>|^</?(?:{_TAGS})$|&(?:{_ENTITY});|^(?:href|class|src)=[\"']",
    "mojibake": r"[\u00c2-\u00f4][^\x00-\x7f]",  # possibly a lead byte and more
    "numbers": r"^[-+−(\[$€£#~<>=.,:/]*\d[-–\d.,:;/%)\]]*$",
    "glued punctuation": r"\w[.,;:!?]$",
    "U+FFFD": "\ufffd",
}
_COMPILED = {name: re.compile(pattern, re.M) for name, pattern in _PATTERNS.items()}
_NON_ASCII = re.compile(r"[^\x00-\x7f]+")


@dataclass(frozen=True)
class CorpusIssue:
    """A likely mistake in a corpus.

    Attributes
    ----------
    name : str
        One or two words, such as "mojibake".
    message : str
        Extent, an example, and a remedy.
    """

    name: str
    message: str


@dataclass
class _Matches:
    """Types that match a pattern."""

    types: int = 0
    tokens: int = 0
    example: int = -1  # the most frequent of the types
    _highest: int = field(default=0, repr=False)  # its count

    def add(self, types: Types, counts: npt.NDArray[np.int64]) -> None:
        if len(types):
            self.types += len(types)
            self.tokens += int(counts[types].sum())
            best = int(types[counts[types].argmax()])
            if counts[best] > self._highest:
                self.example, self._highest = best, int(counts[best])


def check_sentence_lengths(
    lengths: npt.NDArray[np.int64], sentences: npt.NDArray[np.int64]
) -> Iterator[CorpusIssue]:
    """Check how long sentences are.

    Parameters
    ----------
    lengths : int64, shape (n,), ascending
        Distinct lengths in words.
    sentences : int64, shape (n,)
        Sentences of each length.
    """
    total, tokens = int(sentences.sum()), int(lengths @ sentences)
    alone = int(sentences[0]) if lengths[0] == 1 else 0
    if total > 1 and (alone >= _ONE_WORD * total or alone >= _ONE_WORD_TOKENS * tokens):
        yield CorpusIssue(
            "one-word sentences",
            f"{_percent(alone, total)} of the sentences have only one word, which has no context "
            "to learn from; put whole sentences, not single words, on a line or in a list",
        )
    if total == 1 and tokens >= _ONE_LINE:
        yield CorpusIssue(
            "one line",
            f"all {tokens:,} words are one sentence: context windows will cross the original "
            "sentence boundaries, and only one worker can train; put each sentence on its own line",
        )
    else:
        long = lengths > _LONG
        inside = int(lengths[long] @ sentences[long])
        if inside >= _LONG_TOKENS * tokens:
            yield CorpusIssue(
                "long sentences",
                f"{_percent(inside, tokens)} of the words are in sentences of more than {_LONG:,} "
                "words: context windows will cross the original sentence boundaries, and workers "
                "cannot split a sentence; put each sentence on its own line",
            )


def check_size(tokens: int, words: int, vector_size: int, min_count: int) -> Iterator[CorpusIssue]:
    """Check the amount of training data: `tokens` in the corpus, `words` in the vocabulary."""
    if tokens < _FEW_TOKENS:
        yield CorpusIssue(
            "few tokens",
            f"{tokens:,} words are very little training data; use more text, or train longer "
            "(epochs=20 or more) with a small vector_size",
        )
    if words < 2:
        yield CorpusIssue(
            "few words",
            f"fewer than two words occur at least {min_count:,} times (min_count={min_count}): "
            "there is nothing to train; lower min_count or use more text",
        )
    elif words < vector_size:
        yield CorpusIssue(
            "few words",
            f"there are fewer words to train ({words:,}) than dimensions ({vector_size:,}); lower "
            "vector_size" + (" or min_count" if min_count > 1 else ""),
        )


def check_epochs(tokens: int, updates: float, epochs: int, enough: int) -> Iterator[CorpusIssue]:
    """Check how often words are trained.

    Parameters
    ----------
    tokens : int
        In the corpus; `check_size` reports a very short one.
    updates : float
        How often a word is trained on average, over all epochs.
    epochs, enough : int
        Number of epochs, and the number that would train words often enough.
    """
    if epochs < enough and tokens >= _FEW_TOKENS:
        yield CorpusIssue(
            "few epochs",
            f"{epochs} epochs train a word only {updates:,.0f} times on average; epochs={enough} "
            f"takes {enough / epochs:.2g} times as long and gives better vectors",
        )


def check_words(encoded: EncodedCorpus, min_count: int) -> Iterator[CorpusIssue]:
    """Check the words: mojibake, normalization forms, numbers, markup, case, punctuation."""
    counts, n_types = encoded.counts, encoded.n_types
    matches = {name: _Matches() for name in _COMPILED}
    composed, lowered = np.empty((2, n_types), np.int64)
    for first, text in _chunks(encoded):
        words = text.split("\n")
        chunk = slice(first, first + len(words))
        starts = np.cumsum([0, *map(len, words)])[:-1] + np.arange(len(words))
        for name, pattern in _COMPILED.items():
            hits = np.fromiter((hit.start() for hit in pattern.finditer(text)), np.int64)
            types = np.unique(np.searchsorted(starts, hits, side="right") - 1)
            if name == "mojibake":
                types = types[[is_mojibake(words[type_]) for type_ in types]]
            matches[name].add(types + first, counts)
        composed[chunk] = _hashes(text, lambda text: unicodedata.normalize("NFC", text))
        lowered[chunk] = _hashes(text, str.lower)
    yield from _describe_matches(encoded, matches)
    forms = _repeated(composed)
    if len(forms):
        yield CorpusIssue(
            "normal forms",
            "words that look identical use different Unicode normalization forms "
            f"({len(np.unique(composed[forms])):,} in all, e.g. "
            f"{_example_pair(encoded, forms, composed)}); normalize the text first, with "
            "unicodedata.normalize('NFC', text)",
        )
    kept = np.flatnonzero(counts >= min_count)
    cases = kept[_repeated(lowered[kept])]
    if len(cases) and len(cases) >= _CASE * len(kept):
        yield CorpusIssue(
            "case",
            f"{_percent(len(cases), len(kept))} of the words to be trained differ from another "
            f"only in case, e.g. {_example_pair(encoded, cases, lowered)}; lowercase=True merges "
            "them",
        )


def _describe_matches(
    encoded: EncodedCorpus, matches: dict[str, _Matches]
) -> Iterator[CorpusIssue]:
    tokens = encoded.n_tokens

    def example(of: _Matches) -> str:
        return encoded.decode(np.array([of.example]))[0]

    def describe(predicate: str, of: _Matches) -> str:
        return f"{_percent(of.tokens, tokens)} of the words {predicate}, e.g. {example(of)!r}"

    broken = matches["mojibake"]
    if _matters(broken, tokens):
        yield CorpusIssue(
            "mojibake",
            describe("are UTF-8 that was decoded as Latin-1 or Windows-1252", broken)
            + f" for {repair_mojibake(example(broken))!r}; correct the decoding at the source, or "
            "repair the text with text.encode('cp1252').decode('utf-8')",
        )
    lost = matches["U+FFFD"]
    if lost.types:
        yield CorpusIssue(
            "U+FFFD",
            describe("contain U+FFFD, which replaces bytes that could not be decoded", lost)
            + "; decode the text again in its original encoding",
        )
    if _matters(matches["markup"], tokens):
        yield CorpusIssue(
            "markup",
            describe("contain HTML markup", matches["markup"])
            + "; extract the text first, and apply html.unescape() last",
        )
    if _NUMBERS * tokens <= matches["numbers"].tokens < _ALL * tokens:
        yield CorpusIssue(
            "numbers",
            describe("are numbers", matches["numbers"])
            + "; most carry no meaning: remove them, or replace them all by one word",
        )
    glued = matches["glued punctuation"]
    if glued.types >= _GLUED * encoded.n_types:
        yield CorpusIssue(
            "glued punctuation",
            f"{_percent(glued.types, encoded.n_types)} of the distinct words end in a punctuation "
            f"mark, e.g. {example(glued)!r}, and differ from the word without it; "
            "tokenizer='unicode' removes it",
        )


def is_mojibake(word: str) -> bool:
    """Return whether a word contains UTF-8 that was decoded as Latin-1 or Windows-1252.

    Runs of non-ASCII letters count if their bytes in these encodings are valid UTF-8. Those of real
    words are not: 'ã' and 'Ã' alone would be the bytes E3 and C3, which are not valid UTF-8.
    """
    return repair_mojibake(word) != word


def repair_mojibake(word: str) -> str:
    """Return the word with each run of mojibake decoded correctly, the rest unchanged."""
    return _NON_ASCII.sub(lambda run: _repair_run(run[0]), word)


def _repair_run(run: str) -> str:
    try:
        return b"".join(map(_original_byte, run)).decode("utf-8")
    except ValueError:  # not a character of either encoding, or not UTF-8
        return run


def _original_byte(letter: str) -> bytes:
    # Windows-1252 leaves five bytes undefined; programs decode these as Latin-1.
    return letter.encode("latin-1" if ord(letter) < 0x100 else "cp1252")


def _chunks(encoded: EncodedCorpus) -> Iterator[tuple[int, str]]:
    """Yield the first type of each chunk, and its words, one per line."""
    offsets = encoded.offsets
    for first in range(0, encoded.n_types, _CHUNK):
        edges = offsets[first : first + _CHUNK + 1]
        letters = np.array(encoded.words[edges[0] : edges[-1]])
        letters[letters == 10] = 32  # only tokens from lists contain line feeds
        joined = np.insert(letters, edges[1:-1] - edges[0], 10)
        yield first, joined.tobytes().decode("utf-8")


def _hashes(text: str, change: Callable[[str], str]) -> npt.NDArray[np.int64]:
    """Return a hash of each changed word: a set of the words themselves would be far larger."""
    # Hash the UTF-8: Python hashes the memory of a str, which is the same for '4l' and '水'
    # (U+6C34).
    words = change(text).encode("utf-8").split(b"\n")
    return np.fromiter(map(hash, words), np.int64, len(words))


def _repeated(hashes: npt.NDArray[np.int64]) -> Types:
    """Return the positions of the values that occur more than once."""
    order = np.argsort(hashes)
    same = np.flatnonzero(np.diff(hashes[order]) == 0)
    return np.unique(order[np.append(same, same + 1)])


def _example_pair(encoded: EncodedCorpus, types: Types, hashes: npt.NDArray[np.int64]) -> str:
    """Format the most frequent pair of spellings; a rare slip beside a frequent word ranks low."""
    counts = encoded.counts[types]
    order = types[np.lexsort((-counts, hashes[types]))]
    # Pairs rank by the count of the second most frequent spelling: then both are frequent.
    second = np.flatnonzero(np.diff(hashes[order]) == 0)
    rank = np.lexsort((order[second], -encoded.counts[order[second + 1]]))
    best = second[rank[0]]
    one, other = encoded.decode(order[best : best + 2])
    if unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other):
        return f"{one!r} in {len(one)} and in {len(other)} code points"
    return f"{one!r} and {other!r}"


def _matters(matches: _Matches, tokens: int) -> bool:
    return matches.tokens >= max(_MIN_TOKENS, _RARE * tokens)


def _percent(n: int, total: int) -> str:
    """Format a fraction as a percentage, or a tiny one as the number `n`."""
    fraction = n / total
    return (
        f"{fraction:.0%}"
        if fraction >= 0.1
        else f"{fraction:.2%}"
        if fraction >= 1e-3
        else f"{n:,}"
    )
