"""The nearest rows of a matrix to many queries at once: products in tiles, the best k kept.

Neither a normalised copy of the matrix nor a full table of queries x rows is ever held, and
nothing longer than a tile is sorted. What words are is not known here: see `vectors.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from w2v._types import FloatArray
from w2v.vectors.distances import pairwise_scores
from w2v.vectors.metrics import DISTANCES, check_metric

Rows = npt.NDArray[np.intp]

_TILE = 2048  # rows of the matrix
_QUERIES = 1024  # 8 MiB of scores; 256 stay in the cache, but threads of BLAS meet more often
_LAST = np.finfo(np.float32).min  # stands for NaN while ranking
_SAFE = np.float32(1e18)  # lengths below have squares and products that are finite
_BLOCK = 64  # scores of which only the largest is looked at first


def knn(
    vectors: FloatArray,
    norms: FloatArray,
    queries: npt.ArrayLike,
    k: int,
    exclude: npt.ArrayLike | None = None,
    *,
    metric: str = "cosine",
    allowed: npt.NDArray[np.bool_] | None = None,
) -> tuple[Rows, FloatArray]:
    """Find the `k` rows nearest to each query.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, d)
        Rows may be padded; a view of the first rows restricts the search to them.
    norms : ndarray of float32, shape (n,) or longer
        Euclidean length of each row.
    queries : array_like, shape (q, d)
        Need not be of length 1.
    k : int
        At least 0.
    exclude : array_like of int, shape (q, e), optional
        Rows that are no answer to their query; a number outside 0 ... n - 1 excludes nothing.
    metric : {"cosine", "dot", "euclidean", "manhattan", "chebyshev"}, default "cosine"
    allowed : ndarray of bool, shape (n,), optional
        False where a row is no answer to any query.

    Returns
    -------
    rows : ndarray of int, shape (q, min(k, n))
        The nearest first, equal ones by row; -1 where no more rows are left.
    values : ndarray of float32, the same shape
        Cosines (0 for zero vectors), dot products, or distances; NaN, which ranks last, for rows
        that are not finite, and where no row is left.

    Raises
    ------
    ValueError
        Shapes do not fit together, or there is no such metric.

    Notes
    -----
    Peak memory beyond the answer is about 25 MiB while `k` is small. A cosine may differ from that
    of a single query in the last bits, for matrix products round in another order.
    """
    check_metric(metric)
    asked = np.ascontiguousarray(queries, dtype=np.float32)
    if asked.ndim != 2 or asked.shape[1] != vectors.shape[1]:
        raise ValueError(
            f"queries have shape {asked.shape}: expected (queries, {vectors.shape[1]})"
        )
    if metric == "cosine":
        asked = normalize_rows(asked)
    k = min(k, len(vectors))
    rows = np.full((len(asked), k), -1, np.intp)
    values = np.full((len(asked), k), np.nan, np.float32)
    if k == 0 or not len(asked):
        return rows, values
    out = np.empty((len(asked), 0), np.intp) if exclude is None else np.asarray(exclude, np.intp)
    if out.ndim != 2 or len(out) != len(asked):
        raise ValueError(f"exclude has shape {out.shape}: expected ({len(asked)}, rows)")
    search = _Search(vectors, norms[: len(vectors)], k, metric, allowed)
    for first in range(0, len(asked), search.height):
        piece = slice(first, first + search.height)
        rows[piece], values[piece] = search(asked[piece], out[piece])
    return rows, values


def knn_analogies(
    vectors: FloatArray,
    norms: FloatArray,
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    c: npt.ArrayLike,
    k: int = 1,
    *,
    restrict_vocab: int | None = None,
) -> tuple[Rows, FloatArray]:
    """Answer "a is to b as c is to ...?" for many questions: rows most similar to b - a + c.

    Rows a, b and c are scaled to length 1 first, and are no answers (3CosAdd: Mikolov, Yih and
    Zweig, 2013, equation 1).

    Parameters
    ----------
    vectors, norms
        As for `nearest`.
    a, b, c : array_like of int, shape (q,)
        Rows of `vectors`, also such as lie beyond `restrict_vocab`.
    k : int, default 1
    restrict_vocab : int, optional
        Only the first so many rows are answers; default all.

    Returns
    -------
    rows : ndarray of int, shape (q, k)
    cosines : ndarray of float32, shape (q, k)

    Raises
    ------
    ValueError
        a, b and c are not of one length.
    IndexError
        A row number is not in `vectors`.
    """
    given = [np.asarray(one, np.intp).reshape(-1) for one in (a, b, c)]
    if not len(given[0]) == len(given[1]) == len(given[2]):
        raise ValueError(f"a, b and c have lengths {[*map(len, given)]}: expected one length")
    exclude = np.stack(given, axis=1)
    if exclude.size and not 0 <= exclude.min() <= exclude.max() < len(vectors):
        raise IndexError(f"a row number is outside 0 ... {len(vectors) - 1}")
    n = len(vectors) if restrict_vocab is None else min(restrict_vocab, len(vectors))
    rows = np.full((len(exclude), min(k, n)), -1, np.intp)
    cosines = np.full(rows.shape, np.nan, np.float32)
    for first in range(0, len(exclude), 2 * _QUERIES):
        piece = slice(first, first + 2 * _QUERIES)
        left, right, other = (normalize_rows(vectors[one[piece]]) for one in given)
        target = right - left + other
        rows[piece], cosines[piece] = knn(vectors[:n], norms, target, k, exclude[piece])
    return rows, cosines


def query_scores(
    vectors: FloatArray, norms: FloatArray, query: npt.NDArray[Any], metric: str
) -> FloatArray:
    """Compare all rows with one query.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, d)
    norms : ndarray of float32, shape (n,)
    query : ndarray, shape (d,)
    metric : str
        One of `METRICS`.

    Returns
    -------
    ndarray of float32, shape (n,)
        Cosines, dot products or distances; NaN or infinity for rows that are not finite.
    """
    scores = np.empty(len(vectors), np.float32)
    with np.errstate(over="ignore"):
        asked = (
            normalize_rows(query[None]) if metric == "cosine" else query[None].astype(np.float32)
        )
    pairwise_scores(vectors, asked, metric, scores[None], norms)
    return scores


def top_k(
    scores: FloatArray, count: int, excluded: npt.ArrayLike = (), allowed: Any | None = None
) -> list[int]:
    """Return the places of the largest scores, in order, equal ones by place, NaN last.

    Parameters
    ----------
    scores : ndarray of float32, shape (n,)
    count : int
        How many; fewer where there are fewer.
    excluded : array_like of int
        Places that are no answer.
    allowed : ndarray of bool, shape (n,), optional
        False where a place is no answer.

    Returns
    -------
    list of int
    """
    out = np.asarray(excluded, np.intp)
    if allowed is None and (few := _top_k_finite(scores, count, out)) is not None:
        return few
    ranked = np.maximum(scores, _LAST)  # NaN stays, and minus infinity is left to the excluded
    ranked[np.isnan(ranked)] = _LAST
    ranked[out] = -np.inf
    if allowed is not None:
        ranked[~allowed] = -np.inf
    count = min(count, int(np.count_nonzero(ranked >= _LAST)))
    if count == 0:
        return []
    if (few := _top_k_finite(ranked, count, out[:0])) is not None:
        return few
    least = np.partition(ranked, len(ranked) - count)[len(ranked) - count]
    return _in_order(ranked, np.flatnonzero(ranked >= max(least, _LAST)), count)


def _top_k_finite(scores: FloatArray, count: int, excluded: Rows) -> list[int] | None:
    """Do what `largest` does in two passes; None where that does not find enough, or NaN.

    The n-th largest of the blocks' maxima is no larger than the n-th largest score, and found
    without sorting or partitioning all of them.
    """
    blocks, wanted = len(scores) // _BLOCK, count + len(excluded)
    if not 0 < count <= wanted <= blocks:
        return None
    peaks = scores[: blocks * _BLOCK].reshape(blocks, _BLOCK).max(axis=1)
    peaks.partition(blocks - wanted)
    least = peaks[blocks - wanted]
    if not least >= _LAST or np.isnan(peaks[blocks - wanted :]).any():  # NaN sorts last
        return None
    places = np.flatnonzero(scores >= least)
    for row in excluded:
        places = places[places != row]
    return _in_order(scores, places, count)


def _in_order(scores: FloatArray, places: Rows, count: int) -> list[int]:
    order = np.lexsort((places, -scores[places]))[:count]
    rows: list[int] = places[order].tolist()
    return rows


class _Search:
    """The nearest rows to some queries, a tile at a time."""

    def __init__(
        self, vectors: FloatArray, norms: FloatArray, k: int, metric: str, allowed: Any | None
    ) -> None:
        self.vectors, self.norms, self.k, self.metric = vectors, norms, k, metric
        self.width = max(_TILE, 2 * k)
        self.height = max(1, _QUERIES * _TILE // self.width)
        self.finite = bool((norms < _SAFE).all())
        self.barred = None if allowed is None else ~allowed
        if metric == "cosine":
            self.scale = np.ones_like(norms)
            with np.errstate(over="ignore"):
                np.divide(1, norms, out=self.scale, where=norms > 0)
            self.finite = self.finite and bool(np.isfinite(self.scale).all())

    def __call__(self, queries: FloatArray, exclude: Rows) -> tuple[Rows, FloatArray]:
        best = _TopK(len(queries), self.k)
        most = max(self.width, _QUERIES * _TILE // len(queries))
        space = np.empty(len(queries) * min(most, len(self.vectors)), np.float32)
        finite = self.finite and bool((np.abs(queries) < _SAFE / queries.shape[1]).all())
        first, width = 0, self.width
        while first < len(self.vectors):
            tile = slice(first, min(first + width, len(self.vectors)))
            out = space[: len(queries) * (tile.stop - first)].reshape(len(queries), -1)
            scores = self.scores(queries, tile, out)
            if not finite:
                np.maximum(scores, _LAST, out=scores)  # NaN stays
                scores[np.isnan(scores)] = _LAST
            if self.barred is not None:
                scores[:, self.barred[tile]] = -np.inf
            asked, place = np.nonzero((exclude >= first) & (exclude < tile.stop))
            scores[asked, exclude[asked, place] - first] = -np.inf
            best.add(scores, first)
            # Few queries have wider tiles, once it is known what is near.
            first, width = tile.stop, min(2 * width, most)
        rows, scores = best.ranked()
        values = -scores if self.metric in DISTANCES else scores
        if self.metric == "cosine":
            np.clip(values, -1, 1, out=values, where=scores > _LAST)
        values[(rows < 0) | (scores == _LAST)] = np.nan
        return rows, values

    def scores(self, queries: FloatArray, tile: slice, out: FloatArray) -> FloatArray:
        """Write the score of each row of the tile into `out`: the larger, the nearer."""
        vectors = self.vectors[tile]
        with np.errstate(invalid="ignore", over="ignore"):
            if self.metric in DISTANCES:
                # Also Euclidean: a difference of squares would lose near neighbours of long rows.
                pairwise_scores(vectors, queries, self.metric, out)
                return np.negative(out, out=out)
            np.matmul(queries, vectors.T, out=out)
            if self.metric == "cosine":
                out *= self.scale[tile]
        return out


class _TopK:
    """The best scores of each query so far, and what has come since they were last sorted."""

    def __init__(self, queries: int, k: int) -> None:
        self.k = k
        self.shape = (queries, k)
        self.least = np.full((queries, 1), -np.inf, np.float32)  # what a score must exceed
        self.found: list[tuple[Rows, Rows, FloatArray]] = []
        self.waiting = 0

    def add(self, scores: FloatArray, first: int) -> None:
        """Take in the scores of rows `first` and following, one line a query."""
        if first == 0 and scores.shape[1] >= self.k:
            edge = scores.shape[1] - self.k
            least = np.partition(scores, edge, axis=1)[:, edge, None]
            query, place = np.nonzero((scores >= least) & (scores > -np.inf))
        else:
            flat = np.flatnonzero(scores > self.least)
            query, place = np.divmod(flat, scores.shape[1])
        if len(query):
            self.found.append((query, place + first, scores[query, place]))
            self.waiting += len(query)
            if self.waiting > self.shape[0] * (self.k + 4) or first == 0:
                self.sort()

    def sort(self) -> None:
        query, row, score = (np.concatenate(parts) for parts in zip(*self.found, strict=True))
        order = np.lexsort((row, -score, query))
        query, row, score = query[order], row[order], score[order]
        rank = np.arange(len(query)) - np.searchsorted(query, query)
        kept = rank < self.k
        self.found = [(query[kept], row[kept], score[kept])]
        full = rank == self.k - 1
        self.least[query[full], 0] = score[full]
        self.waiting = 0

    def ranked(self) -> tuple[Rows, FloatArray]:
        """Return rows and scores, shape (queries, k); -1 and -inf where there were too few."""
        rows = np.full(self.shape, -1, np.intp)
        scores = np.full(self.shape, -np.inf, np.float32)
        if self.found:
            self.sort()
            query, row, score = self.found[0]
            rank = np.arange(len(query)) - np.searchsorted(query, query)
            rows[query, rank], scores[query, rank] = row, score
        return rows, scores


def normalize_rows(vectors: npt.NDArray[Any]) -> FloatArray:
    """Return a copy of the rows in float32, scaled to length 1; zeros stay zeros."""
    wide = vectors.astype(np.float64)
    lengths = np.sqrt(np.einsum("ij,ij->i", wide, wide))[:, None]
    with np.errstate(invalid="ignore"):
        np.divide(wide, lengths, out=wide, where=lengths > 0)
    return wide.astype(np.float32)
