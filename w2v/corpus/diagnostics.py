"""What usually goes wrong with a corpus, looked for in its types and its sentences' lengths.

Each doubt is a plain sentence with a remedy. The limits below were set so that clean text raises
none; what a limit stands for is said beside it. Words are looked at in joined pieces, by compiled
patterns: no Python code runs for a word unless a pattern has found it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from w2v.corpus.encoded import Encoded

Types = npt.NDArray[np.int64]

_PIECE = 1 << 16  # types looked at together

_ONE_WORD = 0.5  # share of sentences; headings and answers ("Yes.") are a small part of most text
_ONE_WORD_TOKENS = 0.1  # share of tokens that stand alone
_LONG = 10_000  # words; no sentence, and most paragraphs, are a tenth as long
_LONG_TOKENS = 0.5  # share of tokens in sentences that long
_ONE_LINE = 1_000  # tokens; a smaller text may well be one sentence
_FEW_TOKENS = 100_000  # word vectors of less text say next to nothing of meaning

_SEEN = 5  # tokens; fewer are somebody's typing errors
_RARE = 1e-4  # share of tokens with mojibake or markup: one in a page of dense print
_NUMBERS = 0.25  # share of tokens; tables and logs are above, prose far below
_ALL = 0.99  # share of tokens: a corpus of numbers alone is one of items, not of text
_GLUED = 0.1  # share of types; 0.02 in tokenised text (abbreviations), 0.3 where lines were split
_CASE = 0.2  # share of trained words

_TAGS = (
    "a|b|blockquote|body|br|code|dd|div|dl|doc|dt|em|font|h[1-6]|head|hr|html|i|iframe|img|input|"
    "li|link|meta|nowiki|ol|option|p|pre|ref|script|small|span|strong|style|sub|sup|table|tbody|"
    "td|th|title|tr|u|ul"
)
_ENTITY = "amp|apos|gt|hellip|ldquo|lsquo|lt|mdash|nbsp|ndash|quot|rdquo|rsquo|#\\d{1,7}|#x\\w{1,6}"
_PATTERNS = {
    "markup": rf"</?(?:{_TAGS})\s?/?>|^</?(?:{_TAGS})$|&(?:{_ENTITY});|^(?:href|class|src)=[\"']",
    "mojibake": r"[\u00c2-\u00f4][^\x00-\x7f]",  # a lead byte and more, as far as this can tell
    "numbers": r"^[-+−(\[$€£#~<>=.,:/]*\d[-–\d.,:;/%)\]]*$",
    "glued punctuation": r"\w[.,;:!?]$",
    "U+FFFD": "\ufffd",
}
_COMPILED = {name: re.compile(pattern, re.M) for name, pattern in _PATTERNS.items()}
_FOREIGN = re.compile(r"[^\x00-\x7f]+")


@dataclass(frozen=True)
class Doubt:
    """Something about a corpus that is probably not as it was meant.

    Attributes
    ----------
    name : str
        What it is, in a word or two.
    message : str
        How much of it there is, with an example, and what to do.
    """

    name: str
    message: str


@dataclass
class _Found:
    """Types that a pattern has found."""

    types: int = 0
    tokens: int = 0
    example: int = -1  # the most frequent of them
    _most: int = field(default=0, repr=False)

    def add(self, types: Types, counts: npt.NDArray[np.int64]) -> None:
        if len(types):
            self.types += len(types)
            self.tokens += int(counts[types].sum())
            best = int(types[counts[types].argmax()])
            if counts[best] > self._most:
                self.example, self._most = best, int(counts[best])


def of_shape(lengths: npt.NDArray[np.int64], times: npt.NDArray[np.int64]) -> Iterator[Doubt]:
    """Look at how long sentences are: `times[i]` sentences have `lengths[i]` words, rising."""
    sentences, tokens = int(times.sum()), int(lengths @ times)
    alone = int(times[0]) if lengths[0] == 1 else 0
    if sentences > 1 and (alone >= _ONE_WORD * sentences or alone >= _ONE_WORD_TOKENS * tokens):
        yield Doubt(
            "one-word sentences",
            f"{_share(alone, sentences)} of the sentences have one word, which has no context and "
            "teaches nothing; put whole sentences on a line, or in a list, not each word",
        )
    if sentences == 1 and tokens >= _ONE_LINE:
        yield Doubt(
            "one line",
            f"all {tokens:,} words are one sentence: windows reach across whatever it was made of, "
            "and only one worker can train on it; put each sentence on a line of its own",
        )
    else:
        long = lengths > _LONG
        inside = int(lengths[long] @ times[long])
        if inside >= _LONG_TOKENS * tokens:
            yield Doubt(
                "long sentences",
                f"{_share(inside, tokens)} of the words stand in sentences of more than {_LONG:,} "
                "words: windows reach across whatever they were made of, and workers cannot share "
                "a sentence; put each sentence on a line of its own",
            )


def of_size(tokens: int, words: int, vector_size: int, min_count: int) -> Iterator[Doubt]:
    """Look at how much there is to train on: `tokens` in all, of `words` different words."""
    if tokens < _FEW_TOKENS:
        yield Doubt(
            "few tokens",
            f"{tokens:,} words of text are little to learn from; give more text, or expect rough "
            "vectors and train longer: epochs=20 or more, a small vector_size",
        )
    if words < 2:
        yield Doubt(
            "few words",
            f"fewer than two words occur at least {min_count:,} times (min_count={min_count}): "
            "there is nothing to train; lower min_count or give more text",
        )
    elif words < vector_size:
        yield Doubt(
            "few words",
            f"there are fewer words to train ({words:,}) than dimensions ({vector_size:,}); lower "
            "vector_size" + (", or min_count" if min_count > 1 else ""),
        )


def of_words(encoded: Encoded, min_count: int) -> Iterator[Doubt]:
    """Look at the words: mojibake, normal forms, numbers, markup, case, punctuation."""
    counts, n_types = encoded.counts, encoded.n_types
    found = {name: _Found() for name in _COMPILED}
    composed, lowered = np.empty((2, n_types), np.int64)
    for first, text in _pieces(encoded):
        words = text.split("\n")
        part = slice(first, first + len(words))
        starts = np.cumsum([0, *map(len, words)])[:-1] + np.arange(len(words))
        for name, pattern in _COMPILED.items():
            hits = np.fromiter((hit.start() for hit in pattern.finditer(text)), np.int64)
            types = np.unique(np.searchsorted(starts, hits, side="right") - 1)
            if name == "mojibake":
                types = types[[is_mojibake(words[type_]) for type_ in types]]
            found[name].add(types + first, counts)
        composed[part] = _hashes(text, lambda text: unicodedata.normalize("NFC", text))
        lowered[part] = _hashes(text, str.lower)
    yield from _of_found(encoded, found)
    forms = _twins(composed)
    if len(forms):
        yield Doubt(
            "normal forms",
            "words that look the same stand in several Unicode normal forms "
            f"({len(np.unique(composed[forms])):,} of them, as {_pair(encoded, forms, composed)}); "
            "turn the text into one form, with unicodedata.normalize('NFC', text)",
        )
    kept = np.flatnonzero(counts >= min_count)
    cases = kept[_twins(lowered[kept])]
    if len(cases) and len(cases) >= _CASE * len(kept):
        yield Doubt(
            "case",
            f"{_share(len(cases), len(kept))} of the words to be trained differ only by case from "
            f"another, as {_pair(encoded, cases, lowered)}; lowercase=True makes one word of them",
        )


def _of_found(encoded: Encoded, found: dict[str, _Found]) -> Iterator[Doubt]:
    tokens = encoded.n_tokens

    def told(name: str, of: _Found) -> str:
        (example,) = encoded.decode(np.array([of.example]))
        return f"{_share(of.tokens, tokens)} of the words {name}, as {example!r}"

    broken = found["mojibake"]
    if _matters(broken, tokens):
        (example,) = encoded.decode(np.array([broken.example]))
        yield Doubt(
            "mojibake",
            told("are UTF-8 that was read as Latin-1 or Windows-1252", broken)
            + f" for {mended(example)!r}; repair the text where it was made, or with "
            "text.encode('cp1252').decode('utf-8')",
        )
    lost = found["U+FFFD"]
    if lost.types:
        yield Doubt(
            "U+FFFD",
            told("hold U+FFFD, which stands for bytes that could not be read", lost)
            + "; read the text again in the encoding that it was written in",
        )
    if _matters(found["markup"], tokens):
        yield Doubt(
            "markup",
            told("hold markup of HTML", found["markup"])
            + "; take the text out of it first, html.unescape() last",
        )
    if _NUMBERS * tokens <= found["numbers"].tokens < _ALL * tokens:
        yield Doubt(
            "numbers",
            told("are numbers", found["numbers"])
            + "; most teach nothing: leave them out, or put one word in the place of all",
        )
    glued = found["glued punctuation"]
    if glued.types >= _GLUED * encoded.n_types:
        (example,) = encoded.decode(np.array([glued.example]))
        yield Doubt(
            "glued punctuation",
            f"{_share(glued.types, encoded.n_types)} of the different words end in a punctuation "
            f"mark, as {example!r}, and are not the words without it; tokenizer='unicode' leaves "
            "it out",
        )


def is_mojibake(word: str) -> bool:
    """Tell whether a word holds UTF-8 that was read as Latin-1 or Windows-1252.

    A run of letters beyond ASCII that becomes UTF-8 when it is turned back into bytes is taken for
    that. Those of real words do not: 'ã' and 'Ã' alone would be the bytes E3 and C3, no UTF-8.
    """
    return mended(word) != word


def mended(word: str) -> str:
    """Return the word with every run of mojibake turned back; others stay as they are."""
    return _FOREIGN.sub(lambda run: _mend(run[0]), word)


def _mend(run: str) -> str:
    try:
        return b"".join(map(_byte, run)).decode("utf-8")
    except ValueError:  # no byte of either encoding, or no UTF-8
        return run


def _byte(letter: str) -> bytes:
    # Windows-1252 leaves five bytes open, which programs read as Latin-1 has them.
    return letter.encode("latin-1" if ord(letter) < 0x100 else "cp1252")


def _pieces(encoded: Encoded) -> Iterator[tuple[int, str]]:
    """Give the first type of each piece, and its words on a line each."""
    offsets = encoded.offsets
    for first in range(0, encoded.n_types, _PIECE):
        edges = offsets[first : first + _PIECE + 1]
        letters = np.array(encoded.words[edges[0] : edges[-1]])
        letters[letters == 10] = 32  # only tokens from lists hold line feeds
        joined = np.insert(letters, edges[1:-1] - edges[0], 10)
        yield first, joined.tobytes().decode("utf-8")


def _hashes(text: str, change: Callable[[str], str]) -> npt.NDArray[np.int64]:
    """Return a number for each changed word: a set of the words themselves would be far larger."""
    # Of bytes: Python hashes the memory of a str, in which '4l' and '水' (U+6C34) are the same.
    words = change(text).encode("utf-8").split(b"\n")
    return np.fromiter(map(hash, words), np.int64, len(words))


def _twins(hashes: npt.NDArray[np.int64]) -> Types:
    """Return where a number stands that stands elsewhere too."""
    order = np.argsort(hashes)
    same = np.flatnonzero(np.diff(hashes[order]) == 0)
    return np.unique(order[np.append(same, same + 1)])


def _pair(encoded: Encoded, types: Types, hashes: npt.NDArray[np.int64]) -> str:
    """Show the most frequent of the types whose other spellings are not its rare slips."""
    counts = encoded.counts[types]
    order = types[np.lexsort((-counts, hashes[types]))]
    # The second of each group tells how frequent both are.
    second = np.flatnonzero(np.diff(hashes[order]) == 0)
    rank = np.lexsort((order[second], -encoded.counts[order[second + 1]]))
    best = second[rank[0]]
    one, other = encoded.decode(order[best : best + 2])
    if unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other):
        return f"{one!r} in {len(one)} and in {len(other)} code points"
    return f"{one!r} and {other!r}"


def _matters(found: _Found, tokens: int) -> bool:
    return found.tokens >= max(_SEEN, _RARE * tokens)


def _share(part: int, whole: int) -> str:
    share = part / whole
    return f"{share:.0%}" if share >= 0.1 else f"{share:.2%}" if share >= 1e-3 else f"{part:,}"
