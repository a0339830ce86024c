"""Phrases: words that occur together more often than chance predicts, joined into one.

Decides what is counted, on which scale pairs are scored and how a phrase is spelled.
pair_counter.py counts and scores pairs, phrase_rewriter.py rewrites the ids of a corpus, both with
csrc/text; the file format is in io/phrases_file.py.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, overload

import numpy as np
import numpy.typing as npt

from w2v._attributes import WriteOnce
from w2v._types import PathLike
from w2v._validation import parse_size
from w2v._warnings import warn
from w2v.config import ParameterSpec
from w2v.corpus import _phrases
from w2v.corpus.corpus import Corpus
from w2v.corpus.pair_counter import PairCounter
from w2v.corpus.phrase_rewriter import (
    PassProgress,
    PhraseTypes,
    Renumbering,
    join_phrases,
    to_file,
    to_memory,
)
from w2v.io import phrases_file
from w2v.io.json_file import corrupt
from w2v.io.names import check_name
from w2v.progress import Reporter, as_reporter

# Short articles, prepositions and conjunctions, as they occur in names; equal to gensim's list.
ENGLISH_CONNECTOR_WORDS = frozenset(
    {"a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"}
    | {"without"}
)

_THRESHOLDS = {"default": 10.0, "word2phrase": 100.0, "npmi": 0.5}
_MIN_COUNT = ParameterSpec("int", 1, 2**31 - 1, "")
_PASSES = ParameterSpec("int", 1, 100, "", optional=True)
_WORKERS = ParameterSpec("int", 1, 2**31 - 1, "", optional=True)
_score, _words = operator.attrgetter("score"), operator.attrgetter("words")
_POSITIVE = ParameterSpec("float", 0, np.inf, "", exclusive_low=True)
_NPMI = ParameterSpec("float", -1, 1, "")


class Phrase(NamedTuple):
    """A phrase that was found.

    Attributes
    ----------
    words : tuple of str
        The words that it joins, phrases of earlier passes among them.
    text : str
        The word that it becomes.
    occurrences : int
        Occurrences of these words in a row.
    score : float
    """

    words: tuple[str, ...]
    text: str
    occurrences: int
    score: float


class Phrases(WriteOnce):
    """Collocations of a corpus, found by how often words occur together.

    Two neighboring words `a` and `b` of a sentence are a phrase if their score exceeds the
    threshold. With n(a), n(b) and n(ab) the occurrences of the words and of the pair:

    - ``"default"``: (n(ab) - min_count) / (n(a) n(b)) · V, where V is the number of distinct
      words plus distinct pairs; as in gensim.
    - ``"word2phrase"``: the same with N, the number of words in the corpus, instead of V; as in
      word2phrase.c.
    - ``"npmi"``: ln(p(ab) / (p(a) p(b))) / -ln p(ab) with p = n / N, from -1 to 1, for pairs that
      occur at least `min_count` times.

    The first two are equation 6 of Mikolov et al. (2013), "Distributed representations of words and
    phrases and their compositionality", on two scales; the third is Bouma (2009), "Normalized
    (pointwise) mutual information in collocation extraction". Everything is counted exactly, and
    the result depends on nothing but the corpus and the settings.

    Parameters
    ----------
    corpus : Corpus, or any source of `Corpus`
        The text to search. Any other source is encoded first, and read once.
    min_count : int, default 5
        Rarer pairs are not phrases; also subtracted in the scores of Mikolov et al.
    threshold : float or sequence of float, optional
        The score to exceed; a sequence has one value per pass. Default 10 for
        ``"default"``, 100 for ``"word2phrase"`` and 0.5 for ``"npmi"``.
    delimiter : str, default "_"
        Separator between the words of a phrase. A phrase spelled like a word of the corpus becomes
        that word, with a warning.
    scoring : {"default", "word2phrase", "npmi"}
        The score.
    connector_words : collection of str, default empty
        Words that may occur inside a phrase, any number of them, but not begin or end it:
        `ENGLISH_CONNECTOR_WORDS`, or others. They do not affect the score: ``bank of america`` is
        scored by ``bank``, ``america`` and the whole.
    passes : int, optional
        Number of passes, each over the words and phrases of the previous one: two passes find
        phrases of up to four words. Default 1, or the number of thresholds.
    memory : int or str, optional
        Bytes (or a size such as ``"4GB"``) for the counted pairs; default no limit.
    workers : int, optional
        Threads that read and count; default one per available processor. The result does not
        depend on it.
    progress : bool or callable, default False
        True for a bar on standard error, or a callable that takes a `Progress`: ids processed in
        pass `epoch` of `epochs`.

    Attributes
    ----------
    min_count, delimiter, scoring, connector_words, passes
        As passed in.
    thresholds : tuple of float, one per pass

    Raises
    ------
    ValueError, TypeError
        If a setting has a wrong type or value; also as for `Corpus`.
    MemoryError
        If the pairs exceed `memory`; none is dropped.

    Warns
    -----
    UserWarning
        If a phrase has the spelling of a word of the corpus.

    Examples
    --------
    >>> lines = ["new york is big", "i love new york", "new shoes", "old york"] * 5
    >>> phrases = Phrases(lines, threshold=0.3)
    >>> phrases.found
    {'new_york': 0.33333333333333337}
    >>> phrases[["she", "left", "new", "york"]]
    ['she', 'left', 'new_york']
    """

    min_count: int
    thresholds: tuple[float, ...]
    delimiter: str
    scoring: str
    connector_words: frozenset[str]
    passes: int

    _remedy = "the phrases are found already: make another Phrases with this setting"

    def __init__(
        self,
        corpus: Any,
        *,
        min_count: int = 5,
        threshold: float | Sequence[float] | None = None,
        delimiter: str = "_",
        scoring: str = "default",
        connector_words: Iterable[str] = frozenset(),
        passes: int | None = None,
        memory: int | str | None = None,
        workers: int | None = None,
        progress: bool | Reporter = False,
    ) -> None:
        self._configure(min_count, threshold, delimiter, scoring, connector_words, passes)
        budget = 0 if memory is None else parse_size(memory)
        _WORKERS.check("workers", workers)
        with as_reporter(progress) as report:
            self._found = self._fit(_as_corpus(corpus, workers), budget, workers, report)

    def _configure(
        self,
        min_count: Any,
        threshold: Any,
        delimiter: Any,
        scoring: Any,
        connector_words: Any,
        passes: Any,
    ) -> None:
        if not isinstance(scoring, str) or scoring not in _THRESHOLDS:
            raise ValueError(f"scoring={scoring!r}: expected {' or '.join(map(repr, _THRESHOLDS))}")
        if not isinstance(delimiter, str):
            raise TypeError(f"delimiter={delimiter!r}: expected a str")
        if not delimiter:
            raise ValueError("delimiter='': expected at least one character, such as '_'")
        if _lone_surrogate(delimiter):
            raise ValueError(
                f"delimiter={delimiter!r}: contains a lone surrogate and cannot be encoded as UTF-8"
            )
        self.min_count = _MIN_COUNT.check("min_count", min_count)
        self.delimiter = delimiter
        self.scoring = scoring
        self.connector_words = _connectors(connector_words)
        given = _PASSES.check("passes", passes)
        allowed = _NPMI if scoring == "npmi" else _POSITIVE
        if isinstance(threshold, (Sequence, np.ndarray)) and not isinstance(threshold, str):
            thresholds = list(threshold)
            if not thresholds or (given is not None and len(thresholds) != given):
                raise ValueError(
                    f"threshold={threshold!r}: expected one number, or one per pass"
                    + (f" ({given} passes)" if given else "")
                )
        else:
            one = _THRESHOLDS[scoring] if threshold is None else threshold
            thresholds = [one] * (given or 1)
        try:
            self.thresholds = tuple(allowed.check("threshold", value) for value in thresholds)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{error} (with scoring={scoring!r})") from None
        self.passes = len(self.thresholds)

    @classmethod
    def validate_settings(cls, **settings: Any) -> None:
        """Raise the error that `Phrases` raises for invalid settings, without reading anything."""
        cls.__new__(cls)._configure(**settings)

    # ---- Results ---------------------------------------------------------------------------------

    @property
    def found(self) -> dict[str, float]:
        """Phrases of all passes and their scores, the highest score first."""
        return {phrase.text: phrase.score for phrase in self._unique()}

    @property
    def counts(self) -> dict[str, int]:
        """Occurrences of each phrase in the pass that found it, in the order of `found`."""
        return {phrase.text: phrase.occurrences for phrase in self._unique()}

    def _unique(self) -> list[Phrase]:
        """Return the phrases by score; of those with the same spelling, the highest.

        "a_b" and "c" are spelled like "a" and "b_c".
        """
        best: dict[str, Phrase] = {}
        for phrase in _ranked([one for found in self._found for one in found]):
            best.setdefault(phrase.text, phrase)
        return list(best.values())

    def __len__(self) -> int:
        """Return the number of phrases."""
        return len({phrase.text for found in self._found for phrase in found})

    def __repr__(self) -> str:
        passes = "pass" if self.passes == 1 else "passes"
        return f"<Phrases: {len(self):,} found in {self.passes} {passes}>"

    # ---- Finding them ----------------------------------------------------------------------------

    def _fit(
        self, corpus: Corpus, budget: int, workers: int | None, report: Reporter | None
    ) -> list[list[Phrase]]:
        types = PhraseTypes(corpus)
        types.find(self.connector_words)
        joiners: list[_phrases.Bigrams] = []
        found: list[list[Phrase]] = []
        max_counts = corpus.type_counts  # upper bounds of occurrences in this pass
        for number, threshold in enumerate(self.thresholds, 1):
            flags = self._flags(types)
            may = flags == 0
            connects = ~may
            # A pair occurs at most as often as each of its words. gensim's scale counts all pairs.
            if self.scoring != "default":
                may &= max_counts >= self.min_count
            flags[may] = _phrases.FIRST | _phrases.SECOND
            pairs = PairCounter(flags, joiners, budget, workers)
            try:
                pairs.count(corpus, PassProgress(report, number, self.passes))
            except _phrases.OverBudget as error:
                raise MemoryError(
                    f"pass {number}: {error.pairs:,} distinct word pairs exceed memory={budget:,} "
                    "(26 to 77 bytes each); increase memory=, or reduce the vocabulary "
                    "(lowercase=True, or remove the rarest words)"
                ) from None
            counts = pairs.counts
            if self.scoring == "default":
                scale = int(np.count_nonzero(counts[~connects])) + len(pairs)
            else:
                scale = int(counts.sum())
            npmi = self.scoring == "npmi"
            selected = pairs.score(npmi, self.min_count, scale, threshold)
            del pairs
            found.append(self._spelled(types, selected))
            if number == self.passes:
                break
            joiners += self._joiner(types, found[-1])
            max_counts = np.concatenate([counts, np.zeros(len(types) - len(counts), np.int64)])
            for phrase in found[-1]:
                max_counts[types.number[phrase.text]] += phrase.occurrences
        _warn_of_words(types, found, self.delimiter)
        return found

    def _flags(self, types: PhraseTypes) -> npt.NDArray[np.uint8]:
        flags = np.zeros(len(types), np.uint8)
        for word in self.connector_words:
            if word in types.number:
                flags[types.number[word]] = _phrases.CONNECTOR
        return flags

    def _spelled(
        self, types: PhraseTypes, selected: list[tuple[tuple[int, ...], int, float]]
    ) -> list[Phrase]:
        numbers = sorted({number for words, _, _ in selected for number in words})
        spellings = types.words(numbers)
        types.number.update(zip(spellings, numbers, strict=True))
        spell = dict(zip(numbers, spellings, strict=True)).__getitem__
        join = self.delimiter.join
        found = []
        for parts, count, score in selected:
            words = tuple(map(spell, parts))
            found.append(Phrase(words, join(words), count, score))
        return _ranked(found)

    # ---- Joining them ----------------------------------------------------------------------------

    def _joiner(self, types: PhraseTypes, found: list[Phrase]) -> list[_phrases.Bigrams]:
        """Return a table that joins these phrases, and number them; empty if none can occur.

        The table is for ids of the types known before the call.
        """
        types.find({phrase.text for phrase in found}, having=self.delimiter)
        possible = [phrase for phrase in found if all(w in types.number for w in phrase.words)]
        if not possible:
            return []
        flags = self._flags(types)
        table = [[types.number[word] for word in phrase.words] for phrase in possible]
        for parts in table:
            flags[parts[0]] |= _phrases.FIRST
            flags[parts[-1]] |= _phrases.SECOND
        joiner = _phrases.Bigrams(flags)
        for parts, phrase in zip(table, possible, strict=True):
            joiner.insert(np.array(parts, np.int32), types.add(phrase.text))
        return [joiner]

    def apply(
        self, source: Any, path: PathLike | None = None, *, progress: bool | Reporter = False
    ) -> Corpus:
        """Return a corpus in which each phrase is one word.

        Each pass reads sentences from left to right; a word belongs to at most one phrase.

        Parameters
        ----------
        source : Corpus, or any source of `Corpus`
            The corpus in which the phrases were found, or another one.
        path : path-like, optional
            Write the corpus to this file (conventionally ``.w2vc``) and open it, for a result that
            does not fit into memory.
        progress : bool or callable, default False
            As for `Phrases`.

        Returns
        -------
        Corpus
            With types numbered by first appearance, without words that occur only in phrases. The
            corpus itself, if no phrase can occur in it and there is no `path`.

        Raises
        ------
        OSError
            If the file cannot be written; an existing file is left unchanged.
        """
        corpus = _as_corpus(source)
        types = PhraseTypes(corpus)
        wanted = {word for found in self._found for one in found for word in (*one.words, one.text)}
        types.find(wanted | self.connector_words)
        joiners = [joiner for found in self._found for joiner in self._joiner(types, found)]
        if not joiners and path is None:
            return corpus
        renumbering = Renumbering(types)
        metadata = {
            **corpus.source,
            "phrases": {
                "found": len(self),
                "passes": self.passes,
                "scoring": self.scoring,
                "thresholds": list(self.thresholds),
                "min_count": self.min_count,
            },
        }
        with as_reporter(progress) as report:
            blocks = join_phrases(corpus, joiners, PassProgress(report, 1, 1))
            if path is not None:
                joined = to_file(path, blocks, renumbering, metadata)
            else:
                joined = to_memory(blocks, renumbering, metadata)
        joined._tokenizer = corpus._tokenizer
        return joined

    @overload
    def __getitem__(self, sentences: Corpus) -> Corpus: ...
    @overload
    def __getitem__(self, sentences: list[str] | tuple[str, ...]) -> list[str]: ...
    @overload
    def __getitem__(self, sentences: Iterable[list[str]]) -> Iterable[list[str]]: ...

    def __getitem__(self, sentences: Any) -> Any:
        """Join phrases in one sentence, in an iterable of sentences, or in a corpus.

        Parameters
        ----------
        sentences : list of str, iterable of lists of str, or Corpus

        Returns
        -------
        list of str, iterable of lists of str, or Corpus
            Of the type that was passed in. An iterable reads its source on each iteration.

        Raises
        ------
        TypeError
            If a token is not a str, or if `sentences` is a str.
        """
        if isinstance(sentences, Corpus):
            return self.apply(sentences)
        if isinstance(sentences, (str, bytes)) or not isinstance(sentences, Iterable):
            raise TypeError(
                f"expected a list of str, an iterable of such lists or a Corpus, found "
                f"{type(sentences).__name__} {sentences!r:.80}; pass a line as line.split()"
            )
        if isinstance(sentences, Iterator):
            # As in gensim, an iterator yields sentences: a look at its first item would consume it.
            return _Joined(self, sentences)
        first = next(iter(sentences), None)
        if first is None or isinstance(first, str):
            return self._join(sentences)
        return _Joined(self, sentences)

    def _join(self, sentence: Iterable[str]) -> list[str]:
        if isinstance(sentence, (str, bytes)) or not isinstance(sentence, Iterable):
            raise TypeError(
                f"expected each sentence to be a list of str, found {type(sentence).__name__} "
                f"{sentence!r:.80}; pass a line as line.split()"
            )
        joined: Any = sentence
        for followers in self._followers:
            joined = _phrases.join_tokens(joined, followers, self.connector_words)
        return list(joined)

    @functools.cached_property
    def _followers(self) -> list[dict[str, dict[Any, str]]]:
        passes = []
        for found in self._found:
            followers: dict[str, dict[Any, str]] = {}
            for phrase in found:
                first, *rest = phrase.words
                key = tuple(rest) if len(rest) > 1 else rest[0]
                followers.setdefault(first, {}).setdefault(key, phrase.text)
            passes.append(followers)
        return passes

    # ---- Files -----------------------------------------------------------------------------------

    def save(self, path: PathLike) -> None:
        """Write settings and phrases to a JSON file, for `load`.

        The file is written atomically.

        Raises
        ------
        OSError
            If the file cannot be written; an existing file is left unchanged.
        """
        check_name(path, "phrases are written as JSON", (".json",))
        settings = {
            "min_count": self.min_count,
            "threshold": list(self.thresholds),
            "delimiter": self.delimiter,
            "scoring": self.scoring,
            "connector_words": sorted(self.connector_words),
        }
        phrases_file.write(
            path,
            settings,
            [[(one.words, one.occurrences, one.score) for one in found] for found in self._found],
        )

    @classmethod
    def load(cls, path: PathLike) -> Phrases:
        """Read what `save` wrote.

        Raises
        ------
        ValueError
            If the file is truncated, corrupt, of a newer version, or not a phrases file.
        OSError
            If it cannot be read.
        """
        settings, found = phrases_file.read(path)
        phrases = cls.__new__(cls)
        try:
            phrases._configure(**settings, passes=len(found))
        except (TypeError, ValueError) as error:
            raise corrupt(path, str(error)) from error
        phrases._found = [
            [
                Phrase(words, phrases.delimiter.join(words), occurrences, score)
                for words, occurrences, score in of_pass
            ]
            for of_pass in found
        ]
        return phrases


def count_pairs(
    source: Any, connector_words: Iterable[str] = frozenset()
) -> tuple[dict[str, int], dict[tuple[str, ...], int]]:
    """Count the words of a corpus, and the pairs of words that `Phrases` would score.

    Parameters
    ----------
    source : Corpus, or any source of `Corpus`
    connector_words : collection of str
        Words that may be inside a pair, but not at its ends.

    Returns
    -------
    words : dict of str to int
        Occurrences of each word except connector words.
    pairs : dict of tuple of str to int
        Occurrences of each pair, with the connector words inside it.
    """
    corpus = _as_corpus(source)
    types = PhraseTypes(corpus)
    flags = np.full(len(types), _phrases.FIRST | _phrases.SECOND, np.uint8)
    types.find(_connectors(connector_words))
    for number in types.number.values():
        flags[number] = _phrases.CONNECTOR
    pairs = PairCounter(flags, [])
    pairs.count(corpus, PassProgress(None, 1, 1))
    counts = pairs.counts
    words = corpus.words(np.arange(len(types)))
    found = pairs.score(False, 1, 1, -1.0)  # all of them: no score is negative
    single = flags != _phrases.CONNECTOR
    return (
        {word: n for word, n, use in zip(words, counts.tolist(), single, strict=True) if use and n},
        {tuple(words[number] for number in parts): count for parts, count, _ in found},
    )


class _Joined:
    """Sentences with phrases joined, on each iteration."""

    def __init__(self, phrases: Phrases, sentences: Iterable[Iterable[str]]) -> None:
        self._phrases = phrases
        self._sentences = sentences

    def __iter__(self) -> Iterator[list[str]]:
        for sentence in self._sentences:
            yield self._phrases._join(sentence)


def _warn_of_words(types: PhraseTypes, found: list[list[Phrase]], delimiter: str) -> None:
    """Warn about phrases that are spelled like words of the corpus."""
    texts = {phrase.text for one in found for phrase in one}
    types.find(texts, having=delimiter)
    same = sorted(text for text in texts if types.number.get(text, len(types)) < types.n_words)
    if same:
        warn(
            f"{len(same)} phrases are spelled like words of the corpus and will become them: "
            f"{', '.join(map(repr, same[:5]))}{', ...' if len(same) > 5 else ''}; to keep them "
            f"apart, choose a delimiter that no word contains (now {delimiter!r})",
        )


def _ranked(phrases: list[Phrase]) -> list[Phrase]:
    """Return phrases by score, the highest first; those of equal score by their words."""
    by_score = sorted(phrases, key=_score, reverse=True)
    ranked: list[Phrase] = []
    for _, group in itertools.groupby(by_score, key=_score):
        equal = list(group)
        ranked += sorted(equal, key=_words) if len(equal) > 1 else equal
    return ranked


# ---- Checks --------------------------------------------------------------------------------------


def _as_corpus(source: Any, workers: int | None = None) -> Corpus:
    return source if isinstance(source, Corpus) else Corpus(source, workers=workers)


def _lone_surrogate(text: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in text)


def _connectors(words: Any) -> frozenset[str]:
    if isinstance(words, (str, bytes)) or not isinstance(words, Iterable):
        raise TypeError(
            f"connector_words={words!r}: expected a collection of str, such as "
            "ENGLISH_CONNECTOR_WORDS or {'of', 'the'}"
        )
    words = list(words)
    for word in words:
        if not isinstance(word, str):
            raise TypeError(
                f"connector_words: expected each to be a str, found {type(word).__name__} {word!r}"
            )
        if not word or _lone_surrogate(word):
            raise ValueError(f"connector_words: {word!r} is not a valid word")
    return frozenset(words)
