"""Phrases: words that stand together more often than chance has it, joined into one.

Decides what is counted, which scale a score has and what a phrase is called. Counting, scoring and
joining are in csrc/text/phrases.c, the file that keeps them in io/phrases_file.py.
"""

from __future__ import annotations

import functools
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from w2v._types import PathLike
from w2v._validation import parse_size
from w2v.config import ParameterSpec
from w2v.corpus import _phrases
from w2v.corpus.corpus import Corpus
from w2v.corpus.encoded import EncodedCorpus
from w2v.io import corpus_file, phrases_file
from w2v.io.phrases_file import Phrase
from w2v.io.words import pack_words
from w2v.progress import Progress, Reporter, as_reporter

# Articles, prepositions and conjunctions, as few as are in most names; the same words as gensim's.
ENGLISH_CONNECTOR_WORDS = frozenset(
    {"a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"}
    | {"without"}
)

_THRESHOLDS = {"default": 10.0, "word2phrase": 100.0, "npmi": 0.5}
_MIN_COUNT = ParameterSpec("int", 1, 2**31 - 1, "")
_PASSES = ParameterSpec("int", 1, 100, "", optional=True)
_POSITIVE = ParameterSpec("float", 0, np.inf, "", exclusive_low=True)
_NPMI = ParameterSpec("float", -1, 1, "")
_MOST_TYPES = 2**31 - 2

_BLOCK = 1 << 18  # ids between two looks at Ctrl-C; they stay in the cache from pass to pass
_WORDS = 1 << 16  # words that are strings at a time
_REPORTS = 0.1  # seconds between two calls of `progress`


class Phrases:
    """Collocations of a corpus, found by how often words stand together.

    Two neighbouring words `a` and `b` of a sentence are a phrase where their score is above the
    threshold. With n(a), n(b) and n(ab) their occurrences and that of the pair:

    - ``"default"``: (n(ab) - min_count) / (n(a) n(b)) · V, where V is the number of different words
      and different pairs; as in gensim.
    - ``"word2phrase"``: the same with N, the number of words of the corpus, in the place of V; as
      in word2phrase.c.
    - ``"npmi"``: ln(p(ab) / (p(a) p(b))) / -ln p(ab) with p = n / N, from -1 to 1, for pairs that
      occur at least `min_count` times.

    The first two are equation 6 of Mikolov et al. (2013), "Distributed representations of words and
    phrases and their compositionality", on two scales; the third is Bouma (2009), "Normalized
    (pointwise) mutual information in collocation extraction". Everything is counted exactly, and
    the result depends on nothing but the corpus and the settings.

    Parameters
    ----------
    corpus : Corpus, or anything that `Corpus` takes
        Where phrases are looked for. What is no `Corpus` yet is encoded, read once.
    min_count : int, default 5
        Pairs that occur less often are no phrases; subtracted in the scores of Mikolov et al.
    threshold : float or sequence of float, optional
        What a score must exceed; a sequence gives each pass its own. Default 10 for
        ``"default"``, 100 for ``"word2phrase"`` and 0.5 for ``"npmi"``.
    delimiter : str, default "_"
        What stands between the words of a phrase. A phrase that is spelled like a word of the
        corpus becomes that word, with a warning.
    scoring : {"default", "word2phrase", "npmi"}
        The score.
    connector_words : collection of str, default none
        Words that may stand within a phrase, any number of them, but neither begin nor end one:
        `ENGLISH_CONNECTOR_WORDS`, or others. They do not count in the score: ``bank of america`` is
        scored by ``bank``, ``america`` and the whole.
    passes : int, optional
        How often phrases are looked for, each time among the words and phrases of the pass before:
        two passes find phrases of up to four words. Default 1, or the number of thresholds.
    memory : int or str, optional
        Bytes (or a size such as ``"4GB"``) that counted pairs may take; default no limit.
    progress : bool or callable, default False
        True for a bar on standard error, or a callable that takes a `Progress`: ids of the corpus
        done in this pass (`epoch` of `epochs`).

    Attributes
    ----------
    min_count, delimiter, scoring, connector_words, passes
        As given.
    thresholds : tuple of float, one for each pass

    Raises
    ------
    ValueError, TypeError
        If a setting has a wrong type or value; and as for `Corpus`.
    MemoryError
        If the pairs take more than `memory`. Nothing is left out silently.

    Warns
    -----
    UserWarning
        If a phrase is spelled like a word of the corpus.

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
        progress: bool | Reporter = False,
    ) -> None:
        self._configure(min_count, threshold, delimiter, scoring, connector_words, passes)
        budget = 0 if memory is None else parse_size(memory)
        with as_reporter(progress) as report:
            self._found = self._fit(_as_corpus(corpus), budget, report)

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
            raise ValueError(f"delimiter={delimiter!r}: a lone surrogate has no bytes in UTF-8")
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
                    f"threshold={threshold!r}: expected one number, or one for each of "
                    f"{given or 'the'} passes"
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
    def _check(cls, **settings: Any) -> None:
        """Raise what `Phrases` would raise of these settings, before anything is read."""
        cls.__new__(cls)._configure(**settings)

    # ---- What was found --------------------------------------------------------------------------

    @property
    def found(self) -> dict[str, float]:
        """All phrases of all passes and their scores, the highest first."""
        return {phrase.text: phrase.score for phrase in self._unique()}

    @property
    def counts(self) -> dict[str, int]:
        """How often each phrase occurred when it was found, in the order of `found`."""
        return {phrase.text: phrase.occurrences for phrase in self._unique()}

    def _unique(self) -> list[Phrase]:
        """Return the phrases in order; of several that are spelled alike, the one that scores best.

        They may be: "a_b" and "c" make the same phrase as "a" and "b_c".
        """
        best: dict[str, Phrase] = {}
        for phrase in sorted((one for found in self._found for one in found), key=_rank):
            best.setdefault(phrase.text, phrase)
        return list(best.values())

    def __len__(self) -> int:
        """Return the number of phrases."""
        return len({phrase.text for found in self._found for phrase in found})

    def __repr__(self) -> str:
        passes = "pass" if self.passes == 1 else "passes"
        return f"<Phrases: {len(self):,} found in {self.passes} {passes}>"

    # ---- Finding them ----------------------------------------------------------------------------

    def _fit(self, corpus: Corpus, budget: int, report: Reporter | None) -> list[list[Phrase]]:
        types = _Types(corpus)
        types.find(self.connector_words)
        joiners: list[_phrases.Pairs] = []
        found: list[list[Phrase]] = []
        most = corpus.type_counts  # a type occurs at most this often in the pass at hand
        for number, threshold in enumerate(self.thresholds, 1):
            flags = self._flags(types)
            may = flags == 0
            connects = ~may
            # A pair occurs at most as often as each of its words. gensim's scale counts all pairs.
            if self.scoring != "default":
                may &= most >= self.min_count
            flags[may] = _phrases.FIRST | _phrases.SECOND
            pairs = _phrases.Pairs(flags, budget)
            counts = np.zeros(len(types), np.int64)
            try:
                for ids in _rewritten(corpus, joiners, _Pass(report, number, self.passes)):
                    pairs.count(ids, counts)
            except _phrases.OverBudget as error:
                raise MemoryError(
                    f"pass {number}: {error.pairs:,} different pairs of words, more than "
                    f"memory={budget:,} allows (26 to 77 bytes each); raise memory, or lower-case "
                    "the text and leave out its rarest words"
                ) from None
            if self.scoring == "default":
                scale = int(np.count_nonzero(counts[~connects])) + len(pairs)
            else:
                scale = int(counts.sum())
            npmi = self.scoring == "npmi"
            selected = pairs.select(npmi, self.min_count, scale, threshold, counts)
            del pairs
            found.append(self._spelled(types, selected))
            if number == self.passes:
                break
            joiners += self._joiner(types, found[-1])
            most = np.concatenate([counts, np.zeros(len(types) - len(counts), np.int64)])
            for phrase in found[-1]:
                most[types.number[phrase.text]] += phrase.occurrences
        _warn_of_words(types, found, self.delimiter)
        return found

    def _flags(self, types: _Types) -> npt.NDArray[np.uint8]:
        flags = np.zeros(len(types), np.uint8)
        for word in self.connector_words:
            if word in types.number:
                flags[types.number[word]] = _phrases.CONNECTOR
        return flags

    def _spelled(
        self, types: _Types, selected: list[tuple[tuple[int, ...], int, float]]
    ) -> list[Phrase]:
        numbers = sorted({number for words, _, _ in selected for number in words})
        spelling = dict(zip(numbers, types.words(numbers), strict=True))
        types.number.update((word, number) for number, word in spelling.items())
        found = []
        for parts, count, score in selected:
            words = tuple(spelling[number] for number in parts)
            found.append(Phrase(words, self.delimiter.join(words), count, score))
        return sorted(found, key=_rank)

    # ---- Joining them ----------------------------------------------------------------------------

    def _joiner(self, types: _Types, found: list[Phrase]) -> list[_phrases.Pairs]:
        """Return a table that joins these phrases, and number them; none if there is nothing to do.

        The ids it takes are those of the types known now.
        """
        types.find({phrase.text for phrase in found})
        possible = [phrase for phrase in found if all(w in types.number for w in phrase.words)]
        if not possible:
            return []
        flags = self._flags(types)
        table = [[types.number[word] for word in phrase.words] for phrase in possible]
        for parts in table:
            flags[parts[0]] |= _phrases.FIRST
            flags[parts[-1]] |= _phrases.SECOND
        joiner = _phrases.Pairs(flags)
        for parts, phrase in zip(table, possible, strict=True):
            joiner.put(np.array(parts, np.int32), types.add(phrase.text))
        return [joiner]

    def apply(
        self, source: Any, path: PathLike | None = None, *, progress: bool | Reporter = False
    ) -> Corpus:
        """Return a corpus in which each phrase is one word.

        In each pass sentences are read from left to right; a word belongs to at most one phrase.

        Parameters
        ----------
        source : Corpus, or anything that `Corpus` takes
            The corpus that phrases were found in, or another one.
        path : path-like, optional
            Write the corpus to this file (``.w2vc`` by custom) as it is made, and open that: for
            what does not fit into memory.
        progress : bool or callable, default False
            As for `Phrases`.

        Returns
        -------
        Corpus
            With types numbered by first appearance, and without words that are nowhere alone. If
            there is nothing to join and no `path`, the corpus itself.

        Raises
        ------
        OSError
            If the file cannot be written; an old one is then as it was.
        """
        corpus = _as_corpus(source)
        types = _Types(corpus)
        wanted = {word for found in self._found for one in found for word in (*one.words, one.text)}
        types.find(wanted | self.connector_words)
        joiners = [joiner for found in self._found for joiner in self._joiner(types, found)]
        if not joiners and path is None:
            return corpus
        renumbered = _Renumbered(types)
        origin = {
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
            blocks = _rewritten(corpus, joiners, _Pass(report, 1, 1))
            if path is not None:
                return _to_file(path, blocks, renumbered, origin)
            ids = np.empty(len(corpus.ids), np.int32)  # pages never written to take no memory
            n = 0
            for block in blocks:
                ids[n : n + len(block)] = renumbered.take(block)
                n += len(block)
        ids.resize(n, refcheck=False)
        ids.flags.writeable = False
        return Corpus._of(renumbered.encoded(ids), origin)

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
            As given. The iterable reads the one that was given whenever it is iterated over.

        Raises
        ------
        TypeError
            If a token is no str, or if this is a str: a sentence is a list of them.
        """
        if isinstance(sentences, Corpus):
            return self.apply(sentences)
        if isinstance(sentences, (str, bytes)) or not isinstance(sentences, Iterable):
            raise TypeError(
                f"expected a list of str, an iterable of such lists or a Corpus, found "
                f"{type(sentences).__name__} {sentences!r:.80}; give a line as line.split()"
            )
        if isinstance(sentences, Iterator):
            # As in gensim, an iterator gives sentences; one that gives words would be read up here.
            return _Joined(self, sentences)
        first = next(iter(sentences), None)
        if first is None or isinstance(first, str):
            return self._join(sentences)
        return _Joined(self, sentences)

    def _join(self, sentence: Iterable[str]) -> list[str]:
        if isinstance(sentence, (str, bytes)) or not isinstance(sentence, Iterable):
            raise TypeError(
                f"expected each sentence to be a list of str, found {type(sentence).__name__} "
                f"{sentence!r:.80}; give a line as line.split()"
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

        The file is written beside its destination and renamed into place.

        Raises
        ------
        OSError
            If the file cannot be written; an old one is then as it was.
        """
        settings = {
            "min_count": self.min_count,
            "threshold": list(self.thresholds),
            "delimiter": self.delimiter,
            "scoring": self.scoring,
            "connector_words": sorted(self.connector_words),
        }
        phrases_file.write(path, settings, self._found)

    @classmethod
    def load(cls, path: PathLike) -> Phrases:
        """Read what `save` wrote.

        Raises
        ------
        ValueError
            If the file is truncated, corrupt, of a newer version, or holds no phrases.
        OSError
            If it cannot be read.
        """
        settings, found = phrases_file.read(path)
        phrases = cls.__new__(cls)
        try:
            phrases._configure(**settings, passes=len(found))
        except (TypeError, ValueError) as error:
            raise phrases_file.corrupt(path, str(error)) from error
        phrases._found = found
        return phrases


class _Joined:
    """Sentences with phrases joined, made anew whenever they are iterated over."""

    def __init__(self, phrases: Phrases, sentences: Iterable[Iterable[str]]) -> None:
        self._phrases = phrases
        self._sentences = sentences

    def __iter__(self) -> Iterator[list[str]]:
        for sentence in self._sentences:
            yield self._phrases._join(sentence)


def _warn_of_words(types: _Types, found: list[list[Phrase]], delimiter: str) -> None:
    """Warn of phrases that are spelled like words which the corpus has without them."""
    texts = {phrase.text for one in found for phrase in one}
    types.find(texts)
    same = sorted(text for text in texts if types.number.get(text, len(types)) < types.n_words)
    if same:
        warnings.warn(
            f"{len(same)} phrases are spelled like words of the corpus, and become these words "
            f"where they are joined: {', '.join(map(repr, same[:5]))}"
            f"{', ...' if len(same) > 5 else ''}; with a delimiter that no word holds (this is "
            f"{delimiter!r}) they would not",
            stacklevel=4,
        )


def _rank(phrase: Phrase) -> tuple[float, tuple[str, ...]]:
    return -phrase.score, phrase.words


# ---- What was given ------------------------------------------------------------------------------


def _as_corpus(source: Any) -> Corpus:
    return source if isinstance(source, Corpus) else Corpus(source)


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
            raise ValueError(f"connector_words: {word!r} is no word")
    return frozenset(words)


# ---- Ids -----------------------------------------------------------------------------------------


class _Types:
    """The types of a corpus, and those that phrases add to them.

    Attributes
    ----------
    n_words : int
        How many types the corpus has.
    number : dict of str to int
        The types that were looked for and found, and those that were added.
    """

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        self.n_words = corpus.n_types
        self.number: dict[str, int] = {}
        self.added: list[str] = []

    def __len__(self) -> int:
        return self.n_words + len(self.added)

    def find(self, words: Iterable[str]) -> None:
        """Look for these words among the types of the corpus."""
        wanted = {word for word in words if word not in self.number}
        if not wanted:
            return
        for start in range(0, self.n_words, _WORDS):
            stop = min(start + _WORDS, self.n_words)
            for number, word in enumerate(self.corpus.words(np.arange(start, stop)), start):
                if word in wanted:
                    self.number[word] = number

    def add(self, word: str) -> int:
        """Return the number of this word, a new one if it is no type yet."""
        if word not in self.number:
            if len(self) >= _MOST_TYPES:
                raise OverflowError("more than 2147483646 different words and phrases")
            self.number[word] = len(self)
            self.added.append(word)
        return self.number[word]

    def words(self, numbers: list[int]) -> list[str]:
        """Return the words of these types, which must rise."""
        n = int(np.searchsorted(numbers, self.n_words))
        own = self.corpus.words(np.array(numbers[:n], np.int64))
        return own + [self.added[number - self.n_words] for number in numbers[n:]]


class _Pass:
    """Reports how far one pass over the ids of a corpus has come."""

    def __init__(self, report: Reporter | None, number: int, passes: int) -> None:
        self.report = report
        self.number, self.passes = number, passes
        self.began = time.perf_counter()
        self.next = 0.0

    def tell(self, done: int, total: int) -> None:
        seconds = time.perf_counter() - self.began
        if self.report is not None and (seconds >= self.next or done == total):
            self.next = seconds + _REPORTS
            self.report(Progress("phrases", done, total, seconds, self.number, self.passes))


def _rewritten(
    corpus: Corpus, joiners: list[_phrases.Pairs], progress: _Pass
) -> Iterator[npt.NDArray[np.int32]]:
    """Yield the ids of a corpus with phrases joined; each block is good until the next."""
    room = [np.empty(0, np.int32) for _ in joiners]
    total = len(corpus.ids)
    for start in range(0, total, _BLOCK):
        ids = corpus.ids[start : start + _BLOCK]
        done = start + len(ids)
        for i, joiner in enumerate(joiners):
            needed = len(ids) + joiner.held
            if len(room[i]) < needed:
                room[i] = np.empty(needed + needed // 8, np.int32)
            ids = room[i][: joiner.join(ids, room[i])]
        yield ids
        progress.tell(done, total)


class _Renumbered:
    """Numbers types by first appearance and counts them."""

    def __init__(self, types: _Types) -> None:
        self.types = types
        self.numbers = np.full(len(types), -1, np.int32)
        self.counts = np.zeros(len(types), np.int64)
        self.n = 0

    def take(self, ids: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Renumber the next ids."""
        ids = ids.copy()
        self.n = _phrases.renumber(ids, self.numbers, self.counts, self.n)
        return ids

    def encoded(self, ids: npt.NDArray[np.int32]) -> EncodedCorpus:
        """Return all ids with counts and words."""
        old = np.empty(self.n, np.int64)
        used = np.flatnonzero(self.numbers >= 0)
        old[self.numbers[used]] = used
        given = self.types.corpus.encoded
        more, bytes_of_more = pack_words(self.types.added)
        offsets = np.concatenate([given.offsets, given.offsets[-1] + more[1:]])
        words = np.concatenate([given.words, bytes_of_more])
        new_offsets = np.zeros(self.n + 1, np.int64)
        np.cumsum((offsets[1:] - offsets[:-1])[old], out=new_offsets[1:])
        new_words = np.empty(new_offsets[-1], np.uint8)
        for start in range(0, self.n, _WORDS):
            stop = min(start + _WORDS, self.n)
            begin, end = new_offsets[start], new_offsets[stop]
            lengths = np.diff(new_offsets[start : stop + 1])
            shift = np.repeat(offsets[old[start:stop]] - new_offsets[start:stop], lengths)
            new_words[begin:end] = words[np.arange(begin, end) + shift]
        arrays = self.counts[: self.n].copy(), new_offsets, new_words
        for array in arrays:
            array.flags.writeable = False
        return EncodedCorpus(ids, *arrays)


def _to_file(
    path: PathLike,
    blocks: Iterator[npt.NDArray[np.int32]],
    renumbered: _Renumbered,
    origin: dict[str, Any],
) -> Corpus:
    with corpus_file.open_writer(path) as writer:
        for block in blocks:
            writer.ids.write(renumbered.take(block).view(np.uint8).data)
        writer.finish(renumbered.encoded(np.empty(0, np.int32)).arrays, origin)
    return Corpus.open(path, verify=False)
