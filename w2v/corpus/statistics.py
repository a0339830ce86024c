"""Statistics of a corpus: sentence lengths, coverage by `min_count`, word frequencies.

Sentence lengths are counted in one sequential read of the ids, so that a corpus mapped from a file
need not fit into memory; the other figures come from the counts of the types.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2v._types import IntArray
from w2v.corpus.corpus import Corpus

_IDS = 1 << 22  # ids per step of the loop
_LONG = 1 << 16  # words; longer sentences are rare enough to be listed one by one
_PERCENTILES = {"5%": 5, "25%": 25, "median": 50, "75%": 75, "95%": 95}
_MIN_COUNTS = (1, 2, 5, 10, 20, 50, 100)


@dataclass(frozen=True)
class Coverage:
    """Words that a `min_count` keeps, and the fraction of all tokens that they cover.

    Attributes
    ----------
    min_count, words : int
    token_fraction : float
        From 0 to 1.
    """

    min_count: int
    words: int
    token_fraction: float


@dataclass(frozen=True)
class WordFrequency:
    """A word, its occurrences, and its fraction of all tokens.

    Attributes
    ----------
    word : str
    count : int
    token_fraction : float
        From 0 to 1.
    """

    word: str
    count: int
    token_fraction: float


def sentence_lengths(ids: npt.NDArray[np.int32]) -> tuple[IntArray, IntArray]:
    """Return the distinct sentence lengths in ascending order, and the sentences of each.

    Parameters
    ----------
    ids : int32, shape (n,)
        Types, 0 or greater, and -1 after each sentence; may be mapped from a file.

    Returns
    -------
    lengths, sentences : int64, shape (distinct lengths,)
    """
    short = np.zeros(_LONG, np.int64)
    long: list[IntArray] = [np.zeros(0, np.int64)]
    last = -1
    for first in range(0, len(ids), _IDS):
        ends = np.flatnonzero(ids[first : first + _IDS] < 0) + first
        if not len(ends):
            continue
        lengths = np.diff(ends, prepend=last) - 1
        last = int(ends[-1])
        short += np.bincount(lengths[lengths < _LONG], minlength=_LONG)
        long.append(lengths[lengths >= _LONG])
    values, sentences = np.unique(np.concatenate(long), return_counts=True)
    used = np.flatnonzero(short)
    return np.append(used, values), np.append(short[used], sentences)


def summarize_lengths(lengths: IntArray, sentences: IntArray) -> dict[str, float]:
    """Return minimum, percentiles, maximum and mean of what `sentence_lengths` found.

    A percentile is the smallest length that at least this percentage of the sentences do not
    exceed.
    """
    up_to = np.cumsum(sentences)
    total = int(up_to[-1])
    summary: dict[str, float] = {"min": int(lengths[0])}
    for name, percent in _PERCENTILES.items():
        rank = -(-total * percent // 100)
        summary[name] = int(lengths[np.searchsorted(up_to, rank)])
    return {**summary, "max": int(lengths[-1]), "mean": int(lengths @ sentences) / total}


def coverage(counts: IntArray, min_count: int) -> tuple[Coverage, ...]:
    """Return the coverage of usual values of `min_count` and of the given one.

    Parameters
    ----------
    counts : int64, shape (types,)
        Occurrences of each type.
    min_count : int
        An additional value.
    """
    tokens = int(counts.sum())
    rows = []
    for minimum in sorted({*_MIN_COUNTS, max(min_count, 1)}):
        kept = counts[counts >= minimum]
        rows.append(Coverage(minimum, len(kept), int(kept.sum()) / tokens))
    return tuple(rows)


def most_frequent(corpus: Corpus, n: int) -> tuple[WordFrequency, ...]:
    """Return the `n` most frequent words; of equally frequent ones, the first to appear."""
    counts = corpus.type_counts
    order = np.argsort(-counts, kind="stable")[:n]
    return tuple(
        WordFrequency(word, count, count / corpus.n_tokens)
        for word, count in zip(corpus.words(order), counts[order].tolist(), strict=True)
    )
