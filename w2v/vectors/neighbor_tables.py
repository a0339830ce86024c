"""The nearest words of every word at once, among frequent words; and what two such tables share.

`knn` answers queries for a few neighbors of any matrix. Here the rows searched are few enough that
the scores of a batch of words fit into a buffer, and only the largest are sorted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v._types import FloatArray
from w2v.vectors.distances import parallel_for
from w2v.vectors.knn import knn

Table = npt.NDArray[np.int32]

_BUFFER = 1 << 23  # scores at a time: 32 MiB
_MAX_CANDIDATES = 1 << 15  # more are searched tile by tile


def nearest_table(
    rows: Callable[[slice], FloatArray], n: int, candidates: FloatArray, k: int
) -> Table:
    """Find the `k` candidates with the largest cosine, for each of `n` words.

    Parameters
    ----------
    rows : callable
        Receives a slice of 0 ... n - 1; returns these rows, of length 1 or zero, float32.
    n : int
        Number of words; the first ``len(candidates)`` are the candidates themselves.
    candidates : ndarray of float32, shape (m, d)
        Rows of length 1 or zero. A word is never its own neighbor.
    k : int
        At least 1.

    Returns
    -------
    ndarray of int32, shape (n, min(k, m))
        The nearest first, ties by number; -1 where there are fewer others.
    """
    m = len(candidates)
    k = min(k, m)
    table = np.full((n, k), -1, np.int32)
    if k == 0:
        return table
    height = max(1, _BUFFER // m if m <= _MAX_CANDIDATES else 4096)
    buffer = np.empty((min(height, n) if m <= _MAX_CANDIDATES else 0, m), np.float32)
    norms = np.sqrt(np.einsum("ij,ij->i", candidates, candidates))
    for first in range(0, n, height):
        batch = slice(first, min(first + height, n))
        queries = rows(batch)
        if m > _MAX_CANDIDATES:
            own = np.arange(batch.start, batch.stop)[:, None]
            table[batch] = knn(candidates, norms, queries, k, own)[0]
            continue
        scores = buffer[: len(queries)]
        np.matmul(queries, candidates.T, out=scores)
        own = np.arange(first, max(first, min(batch.stop, m)))
        scores[own - first, own] = -np.inf
        found = table[batch]

        def pick(part: slice, scores: FloatArray = scores, found: Table = found) -> None:
            found[part] = _largest(scores[part], k)

        parallel_for(len(queries), m, pick)
    return table


def _largest(scores: FloatArray, k: int) -> Table:
    """Return the columns of the `k` largest scores of each row in order, ties by column.

    The k-th largest maximum of blocks is at most the k-th largest score: what is smaller is never
    sorted. Minus infinity is left out, and gives -1.
    """
    rows, columns = scores.shape
    width = columns * 2 // (5 * k)  # of blocks, each of every `blocks`-th column
    if width < 8:
        first = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        first[np.take_along_axis(scores, first, axis=1) == -np.inf] = -1
        return first.astype(np.int32)
    blocks = columns // width
    maxima = scores[:, : blocks * width].reshape(rows, width, blocks).max(axis=1)
    maxima.partition(blocks - k, axis=1)
    above = np.flatnonzero(scores >= maxima[:, blocks - k, None])
    row, column = np.divmod(above, columns)
    counts = np.bincount(row, minlength=rows)
    position = np.arange(len(above)) - (np.cumsum(counts) - counts)[row]
    best = np.full((rows, max(k, int(counts.max()))), -np.inf, np.float32)
    which = np.full(best.shape, -1, np.int32)
    best[row, position] = scores.ravel()[above]
    which[row, position] = column
    which[best == -np.inf] = -1
    order = np.argsort(-best, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(which, order, axis=1)


def shared_counts(one: Table, other: Table) -> npt.NDArray[np.int64]:
    """Return how many entries each row of a table shares with that of another; -1 never counts."""
    counts = np.zeros(len(one), np.int64)
    step = max(1, (1 << 20) // max(1, one.shape[1] + other.shape[1]))
    for first in range(0, len(one), step):
        part = slice(first, first + step)
        both: Any = np.concatenate([one[part], other[part]], axis=1)
        both.sort(axis=1)
        counts[part] = ((both[:, 1:] == both[:, :-1]) & (both[:, 1:] >= 0)).sum(axis=1)
    return counts
