"""gensim's `Phrases` and `FrozenPhrases`: pairs of words that occur together, with their counts.

Counting is w2v's; the counts are a dict that can be extended, pruned and read, as in gensim.
`w2v.Phrases` finds the same phrases in less time and memory, and in several passes.
"""

from __future__ import annotations

import inspect
import itertools
import logging
import math
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from w2v._attributes import renamed
from w2v._types import PathLike
from w2v.compat.gensim import interfaces
from w2v.corpus.phrases import ENGLISH_CONNECTOR_WORDS, count_pairs
from w2v.io import gensim_pickle, phrase_counts_file
from w2v.io.json_file import corrupt

__all__ = [
    "ENGLISH_CONNECTOR_WORDS",
    "FrozenPhrases",
    "Phraser",
    "Phrases",
    "npmi_scorer",
    "original_scorer",
]

NEGATIVE_INFINITY = -math.inf

logger = logging.getLogger("gensim.models.phrases")

Scorer = Callable[..., float]

_FEW = 200  # sentences; from here on, the compiled code is faster

_SCORING_PARAMETERS = (
    "worda_count", "wordb_count", "bigram_count", "len_vocab", "min_count", "corpus_word_count",
)  # fmt: skip


# ---- Scores --------------------------------------------------------------------------------------


def original_scorer(
    worda_count: int,
    wordb_count: int,
    bigram_count: int,
    len_vocab: int,
    min_count: int,
    corpus_word_count: int,
) -> float:
    """Return (n(ab) - min_count) / (n(a) n(b)) · V, the score of Mikolov et al. (2013).

    Parameters
    ----------
    worda_count, wordb_count, bigram_count : int
        Occurrences of the words and of the pair.
    len_vocab : int
        V, the number of distinct words and pairs.
    min_count : int
    corpus_word_count : int
        Not used.
    """
    product = worda_count * wordb_count
    return (bigram_count - min_count) / product * len_vocab if product else NEGATIVE_INFINITY


def npmi_scorer(
    worda_count: int,
    wordb_count: int,
    bigram_count: int,
    len_vocab: int,
    min_count: int,
    corpus_word_count: int,
) -> float:
    """Return ln(p(ab) / (p(a) p(b))) / -ln p(ab) with p = n / N, from -1 to 1 (Bouma, 2009).

    Parameters
    ----------
    worda_count, wordb_count, bigram_count : int
        Occurrences of the words and of the pair.
    len_vocab : int
        Not used.
    min_count : int
        Of rarer pairs, the score is minus infinity.
    corpus_word_count : int
        N, the number of words of the corpus.
    """
    if bigram_count < min_count or not (worda_count and wordb_count and bigram_count):
        return NEGATIVE_INFINITY
    a, b, ab = (n / corpus_word_count for n in (worda_count, wordb_count, bigram_count))
    return math.log(ab / (a * b)) / -math.log(ab)


_SCORERS: dict[str, Scorer] = {"default": original_scorer, "npmi": npmi_scorer}


def _check_scorer(scoring: Any) -> Scorer:
    """Return the function for a name, or the function itself if it takes the right arguments."""
    if isinstance(scoring, str):
        if scoring not in _SCORERS:
            raise ValueError(f"scoring={scoring!r}: expected 'default', 'npmi' or a function")
        return _SCORERS[scoring]
    if not callable(scoring):
        raise TypeError(f"scoring={scoring!r}: expected 'default', 'npmi' or a function")
    parameters = inspect.signature(scoring).parameters
    missing = [name for name in _SCORING_PARAMETERS if name not in parameters]
    if missing:
        raise ValueError(f"scoring: the function lacks the arguments {', '.join(missing)}")
    function: Scorer = scoring
    return function


# ---- Sentences -----------------------------------------------------------------------------------


class _PhrasesTransformation(interfaces.TransformationABC):
    """What joins phrases in sentences, whatever decides what a phrase is."""

    connector_words: frozenset[str]
    delimiter: str
    min_count: float
    threshold: float

    def __init__(self, connector_words: Iterable[str]) -> None:
        self.connector_words = frozenset(connector_words)

    def score_candidate(
        self, word_a: str, word_b: str, in_between: list[str]
    ) -> tuple[str, float] | tuple[None, None]:
        """Return a phrase and its score, or ``(None, None)`` for words that are not a phrase.

        Parameters
        ----------
        word_a, word_b : str
        in_between : list of str
            The connector words between them.
        """
        raise NotImplementedError("score_candidate() is for subclasses")

    def analyze_sentence(self, sentence: Iterable[str]) -> Iterator[tuple[str, float | None]]:
        """Yield each phrase with its score, and each other word with None.

        Parameters
        ----------
        sentence : iterable of str
        """
        first: str | None = None
        between: list[str] = []
        for word in sentence:
            if word in self.connector_words:
                if first is None:
                    yield word, None
                else:
                    between.append(word)
                continue
            if first is not None:
                phrase, score = self.score_candidate(first, word, between)
                if phrase is not None:
                    yield phrase, score
                    first, between = None, []
                    continue
                yield first, None
                yield from ((one, None) for one in between)
            first, between = word, []
        if first is not None:
            yield first, None
            yield from ((one, None) for one in between)

    def __getitem__(self, sentence: Any) -> Any:
        """Join the phrases in a sentence, or in each sentence of an iterable.

        Parameters
        ----------
        sentence : list of str, or iterable of lists of str

        Returns
        -------
        list of str, or an iterable of lists of str, which reads its source on each iteration
        """
        if isinstance(sentence, (str, bytes)):
            raise TypeError(
                f"expected a list of str or an iterable of such lists, found {sentence!r:.80}; "
                "pass a line as line.split()"
            )
        items = iter(sentence)
        try:
            head = next(items)
        except StopIteration:
            return []
        whole = itertools.chain([head], items) if items is sentence else sentence
        if isinstance(head, str):
            return [word for word, _ in self.analyze_sentence(whole)]
        return _Joined(self, whole)

    def find_phrases(self, sentences: Iterable[Iterable[str]]) -> dict[str, float]:
        """Return the phrases that occur in sentences, and their scores.

        Parameters
        ----------
        sentences : iterable of lists of str
        """
        found: dict[str, float] = {}
        for sentence in sentences:
            for word, score in self.analyze_sentence(sentence):
                if score is not None:
                    found[word] = score
        return found

    @classmethod
    def load(cls, path: PathLike, *args: Any, scoring: Any = None, **kwargs: Any) -> Any:
        """Read what `save` wrote, or a pickle of gensim, without running code in it.

        Parameters
        ----------
        path : str or path-like
        scoring : callable, optional
            The scoring function, if the file names one of your own that is not imported yet.
        *args, **kwargs
            Options for pickles, accepted without effect.

        Returns
        -------
        Phrases or FrozenPhrases
            Of the kind that was saved.

        Raises
        ------
        ValueError
            If the file is corrupt or something else, or its scoring function is not imported.
        OSError
            If it cannot be read.
        """
        if gensim_pickle.is_pickle(path):
            found = gensim_pickle.read_phrases(path)
            kind = "counts" if found.scores is None else "scores"
            table: dict[str, Any] = (found.counts if kind == "counts" else found.scores) or {}
            settings, name = found.settings, found.scoring
        else:
            kind, settings, table = phrase_counts_file.read(path)
            name = settings.get("scoring", "default")
        made: Any = object.__new__(Phrases if kind == "counts" else FrozenPhrases)
        made.scoring = _find_scorer(path, name) if scoring is None else _check_scorer(scoring)
        try:
            made._restore(settings, table)
        except (KeyError, TypeError) as error:
            raise corrupt(path, f"a setting is missing or invalid ({error})") from error
        return made

    def _restore_common(self, settings: dict[str, Any]) -> None:
        """Set what both kinds have; KeyError or TypeError if a setting is missing or wrong."""
        words, self.delimiter = settings["connector_words"], settings["delimiter"]
        listed = isinstance(words, (list, frozenset)) and all(isinstance(one, str) for one in words)
        if not listed or not isinstance(self.delimiter, str):
            raise TypeError(f"delimiter={self.delimiter!r:.40}, connector_words={words!r:.40}")
        self.connector_words = frozenset(words)
        self.min_count = _number(settings, "min_count")
        self.threshold = _number(settings, "threshold")

    def _save(self, path: PathLike, kind: str, table: dict[str, Any], names: str) -> None:
        settings = {name: getattr(self, name) for name in names.split()}
        settings["connector_words"] = sorted(self.connector_words)
        settings["scoring"] = _scorer_name(self.scoring)  # type: ignore[attr-defined]
        phrase_counts_file.write(path, kind, settings, table)


class _Joined:
    """Sentences with phrases joined, on each iteration."""

    def __init__(self, phrases: _PhrasesTransformation, sentences: Iterable[Any]) -> None:
        self._phrases, self._sentences = phrases, sentences

    def __iter__(self) -> Iterator[list[str]]:
        for sentence in self._sentences:
            yield [word for word, _ in self._phrases.analyze_sentence(sentence)]


def _scorer_name(scoring: Scorer) -> str:
    for name, function in _SCORERS.items():
        if scoring is function:
            return name
    name = f"{scoring.__module__}.{scoring.__qualname__}"
    if "<" in name:
        raise ValueError(
            f"cannot save the scoring function {name}: define it with def at the top of a module"
        )
    return name


def _find_scorer(path: PathLike, name: Any) -> Scorer:
    """Return the function that a file names; nothing is imported for it."""
    if not isinstance(name, str):
        raise corrupt(path, f"the scoring function is {name!r:.80}, expected its name")
    if name in _SCORERS:
        return _SCORERS[name]
    module, _, function = name.rpartition(".")
    found = getattr(sys.modules.get(module), function, None)
    try:
        return _check_scorer(found)
    except (TypeError, ValueError):
        raise ValueError(
            f"{os.fspath(path)}: the scoring function {name[:80]!r} is not imported; import "
            "its module first, or pass it: load(path, scoring=function)"
        ) from None


def _number(settings: dict[str, Any], name: str, least: float = NEGATIVE_INFINITY) -> Any:
    """Return a setting of a file; KeyError or TypeError if it is not a number of at least this."""
    value = settings[name]
    if not isinstance(value, (int, float)) or not value >= least:
        raise TypeError(f"{name}={value!r:.40}")
    return value


# ---- Phrases -------------------------------------------------------------------------------------


class Phrases(_PhrasesTransformation):
    """Phrases of words that occur together, found by counts that can be extended.

    Parameters
    ----------
    sentences : iterable of lists of str, optional
        The text; more can be added with `add_vocab`.
    min_count : float, default 5
        Subtracted from the occurrences of a pair, or its minimum, by the scoring function.
    threshold : float, default 10.0
        The score to exceed.
    max_vocab_size : int, default 40,000,000
        Drop the rarest words and pairs while there are more than this; at least 1.
    delimiter : str, default "_"
        Text between the words of a phrase.
    progress_per : int, default 10,000
        Accepted without effect.
    scoring : {"default", "npmi"} or callable
        `original_scorer`, `npmi_scorer`, or a function with the same arguments, which are passed
        by name.
    connector_words : collection of str, default empty
        Words that may be inside a phrase, but not begin or end it: `ENGLISH_CONNECTOR_WORDS`.

    Attributes
    ----------
    vocab : dict of str to int
        Occurrences of words and of pairs, joined by the delimiter.
    corpus_word_count : int
        Words of all sentences.

    Raises
    ------
    ValueError, TypeError
        If a setting is out of range or of the wrong type.

    Examples
    --------
    >>> from w2v.compat.gensim.models.phrases import Phrases
    >>> lines = [["new", "york", "is", "big"], ["i", "love", "new", "york"]] * 5
    >>> phrases = Phrases(lines, min_count=1, threshold=0.5)
    >>> phrases[["she", "left", "new", "york"]]
    ['she', 'left', 'new_york']
    """

    @renamed(common_terms="connector_words")
    def __init__(
        self,
        sentences: Iterable[Iterable[str]] | None = None,
        min_count: float = 5,
        threshold: float = 10.0,
        max_vocab_size: int = 40_000_000,
        delimiter: str = "_",
        progress_per: int = 10_000,
        scoring: str | Scorer = "default",
        connector_words: Iterable[str] = frozenset(),
    ) -> None:
        super().__init__(connector_words)
        if min_count <= 0:
            raise ValueError(f"min_count={min_count}: expected a number above 0")
        if not max_vocab_size >= 1:
            raise ValueError(f"max_vocab_size={max_vocab_size}: expected at least 1")
        if threshold <= 0 and scoring == "default":
            raise ValueError(f"threshold={threshold}: expected a number above 0 (with 'default')")
        if scoring == "npmi" and not -1 <= threshold <= 1:
            raise ValueError(f"threshold={threshold}: expected -1 to 1 (with scoring='npmi')")
        if not isinstance(delimiter, str):
            raise TypeError(f"delimiter={delimiter!r}: expected a str")
        self.scoring = _check_scorer(scoring)
        self.min_count, self.threshold = min_count, threshold
        self.max_vocab_size = max_vocab_size
        self.delimiter = delimiter
        self.progress_per = progress_per
        self.vocab: dict[str, int] = {}
        self.min_reduce = 1
        self.corpus_word_count = 0
        if sentences is not None:
            self.add_vocab(sentences)

    def __str__(self) -> str:
        return (
            f"{type(self).__name__}<{len(self.vocab)} vocab, min_count={self.min_count}, "
            f"threshold={self.threshold}, max_vocab_size={self.max_vocab_size}>"
        )

    def add_vocab(self, sentences: Iterable[Iterable[str]]) -> None:
        """Count the words and pairs of more sentences.

        Parameters
        ----------
        sentences : iterable of lists of str
        """
        words, pairs, total = _counted(sentences, self.connector_words)
        self.corpus_word_count += total
        table = self.vocab
        for word, count in words.items():
            table[word] = table.get(word, 0) + count
        for parts, count in pairs.items():
            phrase = self.delimiter.join(parts)
            table[phrase] = table.get(phrase, 0) + count
        while len(table) > self.max_vocab_size:
            self.min_reduce = max(self.min_reduce, min(table.values()))
            for word in [word for word, count in table.items() if count <= self.min_reduce]:
                del table[word]
            self.min_reduce += 1
        logger.info("%s: %i words counted", self, total)

    def score_candidate(
        self, word_a: str, word_b: str, in_between: list[str]
    ) -> tuple[str, float] | tuple[None, None]:
        """Return a phrase and its score if that exceeds the threshold, else ``(None, None)``."""
        phrase = self.delimiter.join([word_a, *in_between, word_b])
        table = self.vocab
        a, b, both = table.get(word_a, 0), table.get(word_b, 0), table.get(phrase, 0)
        if a <= 0 or b <= 0 or both <= 0:
            return None, None
        score = self.scoring(
            worda_count=a,
            wordb_count=b,
            bigram_count=both,
            len_vocab=len(table),
            min_count=self.min_count,
            corpus_word_count=self.corpus_word_count,
        )
        return (phrase, score) if score > self.threshold else (None, None)

    def export_phrases(self) -> dict[str, float]:
        """Return all phrases and their scores.

        A phrase is split at the delimiter, to look its first and last word up.
        """
        found: dict[str, float] = {}
        for text in self.vocab:
            first, *rest = text.split(self.delimiter)
            if rest:
                phrase, score = self.score_candidate(first, rest[-1], rest[:-1])
                if phrase is not None and score is not None:
                    found[phrase] = score
        return found

    def freeze(self) -> FrozenPhrases:
        """Return the phrases without the counts, which is smaller and faster."""
        return FrozenPhrases(self)

    def save(self, path: PathLike, *args: Any, **kwargs: Any) -> None:
        """Write settings and counts to a JSON file, whatever its name.

        Parameters
        ----------
        path : str or path-like
        *args, **kwargs
            Options for pickles, accepted without effect.
        """
        names = "min_count threshold max_vocab_size delimiter corpus_word_count min_reduce"
        self._save(path, "counts", self.vocab, names)

    def _restore(self, settings: dict[str, Any], table: dict[str, Any]) -> None:
        self._restore_common(settings)
        self.max_vocab_size = _number(settings, "max_vocab_size", 1)
        self.min_reduce = _number({"min_reduce": 1, **settings}, "min_reduce", 1)
        self.corpus_word_count = _number(settings, "corpus_word_count", 0)
        self.progress_per = 10_000
        self.vocab = table


def _counted(
    sentences: Iterable[Iterable[str]], connectors: frozenset[str]
) -> tuple[dict[str, int], dict[tuple[str, ...], int], int]:
    """Return the counts of words and pairs, and the number of words."""
    total = 0

    def listed() -> Iterator[list[str]]:
        nonlocal total
        for sentence in sentences:
            if isinstance(sentence, (str, bytes)):
                raise TypeError(
                    f"the sentence {sentence!r:.60} is a str: expected a list of words; pass a "
                    "line as line.split()"
                )
            words = list(sentence)
            total += len(words)
            if words:
                yield words

    iterator = listed()
    head = list(itertools.islice(iterator, _FEW))
    if len(head) < _FEW:
        return *_count_few(head, connectors), total
    return *count_pairs(itertools.chain(head, iterator), connectors), total


def _count_few(
    sentences: Iterable[list[str]], connectors: frozenset[str]
) -> tuple[dict[str, int], dict[tuple[str, ...], int]]:
    """Return what `count_pairs` returns, without its preparations, which outlast a few words."""
    words: Counter[str] = Counter()
    pairs: Counter[tuple[str, ...]] = Counter()
    for sentence in sentences:
        begin = None
        for position, word in enumerate(sentence):
            if word not in connectors:
                words[word] += 1
                if begin is not None:
                    pairs[tuple(sentence[begin : position + 1])] += 1
                begin = position
    return words, pairs


class FrozenPhrases(_PhrasesTransformation):
    """Phrases and their scores, without the counts.

    Parameters
    ----------
    phrases_model : Phrases

    Attributes
    ----------
    phrasegrams : dict of str to float
        The score of each phrase.
    """

    def __init__(self, phrases_model: Phrases) -> None:
        super().__init__(phrases_model.connector_words)
        self.threshold, self.min_count = phrases_model.threshold, phrases_model.min_count
        self.delimiter, self.scoring = phrases_model.delimiter, phrases_model.scoring
        self.phrasegrams = phrases_model.export_phrases()

    def __str__(self) -> str:
        return (
            f"{type(self).__name__}<{len(self.phrasegrams)} phrases, min_count={self.min_count}, "
            f"threshold={self.threshold}>"
        )

    def score_candidate(
        self, word_a: str, word_b: str, in_between: list[str]
    ) -> tuple[str, float] | tuple[None, None]:
        """Return a phrase and its score if that exceeds the threshold, else ``(None, None)``."""
        phrase = self.delimiter.join([word_a, *in_between, word_b])
        score = self.phrasegrams.get(phrase, NEGATIVE_INFINITY)
        return (phrase, score) if score > self.threshold else (None, None)

    def save(self, path: PathLike, *args: Any, **kwargs: Any) -> None:
        """Write settings and scores to a JSON file, whatever its name; see `Phrases.save`."""
        names = "min_count threshold delimiter"
        self._save(path, "scores", self.phrasegrams, names)

    def _restore(self, settings: dict[str, Any], table: dict[str, Any]) -> None:
        self._restore_common(settings)
        self.phrasegrams = table


Phraser = FrozenPhrases
