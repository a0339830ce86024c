"""Rewrites the ids of a corpus with phrases joined.

Works on ids alone, a block at a time: a `PhraseTypes` numbers the words that phrases become, tables
of pairs (csrc/text/phrases.c) join them, and a `Renumbering` restores numbers by first appearance.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v._types import IdArray, PathLike
from w2v.corpus import _phrases
from w2v.corpus.corpus import Corpus
from w2v.corpus.encoded import EncodedCorpus
from w2v.io import corpus_file
from w2v.io.words import pack_words
from w2v.progress import Progress, Reporter

_MAX_TYPES = 2**31 - 2
_IDS = 1 << 18  # ids per block; they stay in the cache from pass to pass
_BYTES = 1 << 22  # bytes of words that are searched at a time
_WORDS = 1 << 16  # words that are Python strings at a time
_REPORT_SECONDS = 0.1  # between two calls of `progress`


class PhraseTypes:
    """The types of a corpus, and those that phrases add to them.

    Parameters
    ----------
    corpus : Corpus

    Attributes
    ----------
    n_words : int
        Types of the corpus.
    number : dict of str to int
        Types that `find` has found or `add` has added.
    """

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        self.n_words = corpus.n_types
        self.number: dict[str, int] = {}
        self.added: list[str] = []

    def __len__(self) -> int:
        return self.n_words + len(self.added)

    def find(self, words: Iterable[str], having: str = "") -> None:
        """Look up words among the types of the corpus, and add those found to `number`.

        Parameters
        ----------
        words : iterable of str
        having : str, default ""
            What all of them contain: types without it are not compared.
        """
        wanted = {word for word in words if word not in self.number}
        if not wanted:
            return
        chosen = self._having(having.encode()) if having else np.arange(self.n_words)
        for start in range(0, len(chosen), _WORDS):
            numbers = chosen[start : start + _WORDS]
            for number, word in zip(numbers.tolist(), self.corpus.words(numbers), strict=True):
                if word in wanted:
                    self.number[word] = number

    def _having(self, part: bytes) -> npt.NDArray[np.int64]:
        """Return the types with the first byte of `part`."""
        encoded = self.corpus.encoded
        found = [np.empty(0, np.int64)]
        for start in range(0, len(encoded.words), _BYTES):
            at = start + np.flatnonzero(encoded.words[start : start + _BYTES] == part[0])
            found.append(np.searchsorted(encoded.offsets, at, "right") - 1)
        return np.unique(np.concatenate(found))

    def add(self, word: str) -> int:
        """Return the number of a word, a new one if it is not a type yet."""
        if word not in self.number:
            if len(self) >= _MAX_TYPES:
                raise OverflowError(f"more than {_MAX_TYPES} distinct words and phrases")
            self.number[word] = len(self)
            self.added.append(word)
        return self.number[word]

    def words(self, numbers: list[int]) -> list[str]:
        """Return the words of these types, which must be in ascending order."""
        n = int(np.searchsorted(numbers, self.n_words))
        own = self.corpus.words(np.array(numbers[:n], np.int64))
        return own + [self.added[number - self.n_words] for number in numbers[n:]]


class PassProgress:
    """Reports the progress of one pass through the ids of a corpus."""

    def __init__(self, report: Reporter | None, number: int, passes: int) -> None:
        self.report = report
        self.number, self.passes = number, passes
        self.began = time.perf_counter()
        self.next = 0.0

    def update(self, done: int, total: int) -> None:
        """Report, unless the last report was a moment ago."""
        seconds = time.perf_counter() - self.began
        if self.report is not None and (seconds >= self.next or done == total):
            self.next = seconds + _REPORT_SECONDS
            self.report(Progress("phrases", done, total, seconds, self.number, self.passes))


def join_phrases(
    corpus: Corpus, joiners: list[_phrases.Bigrams], progress: PassProgress
) -> Iterator[IdArray]:
    """Yield the ids of a corpus with phrases joined; each block is valid until the next."""
    buffers = [np.empty(0, np.int32) for _ in joiners]
    total = len(corpus.ids)
    for start in range(0, total, _IDS):
        ids = corpus.ids[start : start + _IDS]
        done = start + len(ids)
        for i, joiner in enumerate(joiners):
            needed = len(ids) + joiner.pending
            if len(buffers[i]) < needed:
                buffers[i] = np.empty(needed + needed // 8, np.int32)
            ids = buffers[i][: joiner.apply(ids, buffers[i])]
        yield ids
        progress.update(done, total)


class Renumbering:
    """Numbers types by first appearance and counts them."""

    def __init__(self, types: PhraseTypes) -> None:
        self.types = types
        self.numbers = np.full(len(types), -1, np.int32)
        self.counts = np.zeros(len(types), np.int64)
        self.n = 0

    def apply(self, ids: IdArray) -> IdArray:
        """Return the next ids with their new numbers."""
        ids = ids.copy()
        self.n = _phrases.renumber(ids, self.numbers, self.counts, self.n)
        return ids

    def encoded(self, ids: IdArray) -> EncodedCorpus:
        """Return a corpus of all renumbered ids."""
        old = np.empty(self.n, np.int64)
        used = np.flatnonzero(self.numbers >= 0)
        old[self.numbers[used]] = used
        given = self.types.corpus.encoded
        added_offsets, added_words = pack_words(self.types.added)
        offsets = np.concatenate([given.offsets, given.offsets[-1] + added_offsets[1:]])
        words = np.concatenate([given.words, added_words])
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


def to_memory(
    blocks: Iterator[IdArray], renumbering: Renumbering, metadata: Mapping[str, Any]
) -> Corpus:
    """Return a corpus of the rewritten ids."""
    ids = np.empty(len(renumbering.types.corpus.ids), np.int32)  # untouched pages take no memory
    n = 0
    for block in blocks:
        ids[n : n + len(block)] = renumbering.apply(block)
        n += len(block)
    ids.resize(n, refcheck=False)
    ids.flags.writeable = False
    return Corpus.from_encoded(renumbering.encoded(ids), dict(metadata))


def to_file(
    path: PathLike,
    blocks: Iterator[IdArray],
    renumbering: Renumbering,
    metadata: Mapping[str, Any],
) -> Corpus:
    """Write the rewritten ids to a corpus file as they are made, and open it."""
    with corpus_file.open_writer(path) as writer:
        for block in blocks:
            writer.ids.write(renumbering.apply(block).view(np.uint8).data)
        writer.finish(renumbering.encoded(np.empty(0, np.int32)).arrays, dict(metadata))
    return Corpus.open(path, verify=False)
