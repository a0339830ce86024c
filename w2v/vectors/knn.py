"""Exact k-nearest-neighbor search for many queries at once, tile by tile.

The matrix is never copied in normalized form, the full table of queries x rows never exists, and
nothing longer than a tile is sorted. This module knows rows, not words: see `similarity`.
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
_QUERIES = 1024  # 8 MiB of scores; 256 would fit the cache, but BLAS threads would sync more often
_NAN_SCORE = np.finfo(np.float32).min  # replaces NaN in the ranking; -inf is for excluded rows
_SAFE = np.float32(1e18)  # squares and products of vectors with smaller norms are finite
_BLOCK = 64  # scores, of which `top_k` first looks at the maximum only


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
        Euclidean norm of each row.
    queries : array_like, shape (q, d)
        Of any length.
    k : int
        At least 0.
    exclude : array_like of int, shape (q, e), optional
        Rows to leave out of the answer to each query; numbers outside 0 ... n - 1 have no effect.
    metric : {"cosine", "dot", "euclidean", "manhattan", "chebyshev"}, default "cosine"
    allowed : ndarray of bool, shape (n,), optional
        False for rows to leave out of all answers.

    Returns
    -------
    rows : ndarray of int, shape (q, min(k, n))
        The nearest first, ties by row; -1 if no rows are left.
    values : ndarray of float32, the same shape
        Cosines (0 for zero vectors), dot products or distances. NaN, which ranks last, for rows
        that are not finite, and if no rows are left.

    Raises
    ------
    ValueError
        If shapes do not match or the metric is unknown.

    Notes
    -----
    Peak memory besides the result is about 25 MiB for small `k`. A cosine can differ from
    that of a single query in the last bits, because matrix products round in another order.
    """
    check_metric(metric)
    targets = np.ascontiguousarray(queries, dtype=np.float32)
    if targets.ndim != 2 or targets.shape[1] != vectors.shape[1]:
        raise ValueError(
            f"queries have shape {targets.shape}: expected (queries, {vectors.shape[1]})"
        )
    if metric == "cosine":
        targets = normalize_rows(targets)
    k = min(k, len(vectors))
    rows = np.full((len(targets), k), -1, np.intp)
    values = np.full((len(targets), k), np.nan, np.float32)
    if k == 0 or not len(targets):
        return rows, values
    if exclude is None:
        excluded = np.empty((len(targets), 0), np.intp)
    else:
        excluded = np.asarray(exclude, np.intp)
    if excluded.ndim != 2 or len(excluded) != len(targets):
        raise ValueError(f"exclude has shape {excluded.shape}: expected ({len(targets)}, rows)")
    search = _Search(vectors, norms[: len(vectors)], k, metric, allowed)
    for first in range(0, len(targets), search.height):
        batch = slice(first, first + search.height)
        rows[batch], values[batch] = search(targets[batch], excluded[batch])
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
    """Find the rows most similar to b - a + c, for many analogies "a is to b as c is to ...".

    Rows a, b and c are normalized first and left out of the answer (3CosAdd: Mikolov, Yih and
    Zweig, 2013, equation 1).

    Parameters
    ----------
    vectors, norms
        As for `knn`.
    a, b, c : array_like of int, shape (q,)
        Rows of `vectors`; may exceed `restrict_vocab`.
    k : int, default 1
    restrict_vocab : int, optional
        Search only the first `restrict_vocab` rows; default all.

    Returns
    -------
    rows : ndarray of int, shape (q, k)
    cosines : ndarray of float32, shape (q, k)

    Raises
    ------
    ValueError
        If the lengths of a, b and c differ.
    IndexError
        If a row number is not in `vectors`.
    """
    given = [np.asarray(one, np.intp).reshape(-1) for one in (a, b, c)]
    if not len(given[0]) == len(given[1]) == len(given[2]):
        raise ValueError(f"a, b and c have lengths {[*map(len, given)]}: expected equal lengths")
    exclude = np.stack(given, axis=1)
    if exclude.size and not 0 <= exclude.min() <= exclude.max() < len(vectors):
        raise IndexError(f"a row number is outside 0 ... {len(vectors) - 1}")
    n = len(vectors) if restrict_vocab is None else min(restrict_vocab, len(vectors))
    rows = np.full((len(exclude), min(k, n)), -1, np.intp)
    cosines = np.full(rows.shape, np.nan, np.float32)
    for first in range(0, len(exclude), 2 * _QUERIES):
        batch = slice(first, first + 2 * _QUERIES)
        unit_a, unit_b, unit_c = (normalize_rows(vectors[one[batch]]) for one in given)
        targets = unit_b - unit_a + unit_c
        rows[batch], cosines[batch] = knn(vectors[:n], norms, targets, k, exclude[batch])
    return rows, cosines


def query_scores(
    vectors: FloatArray, norms: FloatArray, query: npt.NDArray[Any], metric: str
) -> FloatArray:
    """Return the score of every row against one query.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, d)
    norms : ndarray of float32, shape (n,)
        Euclidean norm of each row.
    query : ndarray, shape (d,)
    metric : {"cosine", "dot", "euclidean", "manhattan", "chebyshev"}

    Returns
    -------
    ndarray of float32, shape (n,)
        Cosines, dot products or distances; NaN or infinity for rows that are not finite.
    """
    scores = np.empty(len(vectors), np.float32)
    with np.errstate(over="ignore"):
        cosine = metric == "cosine"
        target = normalize_rows(query[None]) if cosine else query[None].astype(np.float32)
    pairwise_scores(vectors, target, metric, scores[None], norms)
    return scores


def top_k(
    scores: FloatArray, count: int, excluded: npt.ArrayLike = (), allowed: Any | None = None
) -> list[int]:
    """Return the positions of the largest scores in order, ties by position, NaN last.

    Parameters
    ----------
    scores : ndarray of float32, shape (n,)
    count : int
        Number of positions; fewer are returned if fewer are left.
    excluded : array_like of int
        Positions to leave out.
    allowed : ndarray of bool, shape (n,), optional
        False for positions to leave out.

    Returns
    -------
    list of int
    """
    left_out = np.asarray(excluded, np.intp)
    if allowed is None and (found := _top_k_finite(scores, count, left_out)) is not None:
        return found
    ranked = np.maximum(scores, _NAN_SCORE)  # keeps NaN; -inf is for excluded rows
    ranked[np.isnan(ranked)] = _NAN_SCORE
    ranked[left_out] = -np.inf
    if allowed is not None:
        ranked[~allowed] = -np.inf
    count = min(count, int(np.count_nonzero(ranked >= _NAN_SCORE)))
    if count == 0:
        return []
    if (found := _top_k_finite(ranked, count, left_out[:0])) is not None:
        return found
    threshold = np.partition(ranked, len(ranked) - count)[len(ranked) - count]
    return _sorted_by_score(ranked, np.flatnonzero(ranked >= max(threshold, _NAN_SCORE)), count)


def _top_k_finite(scores: FloatArray, count: int, excluded: Rows) -> list[int] | None:
    """Return what `top_k` returns, in two passes; None if there are too few scores, or NaN.

    The n-th largest of the block maxima is at most the n-th largest score, and is found without
    sorting or partitioning all scores.
    """
    blocks, wanted = len(scores) // _BLOCK, count + len(excluded)
    if not 0 < count <= wanted <= blocks:
        return None
    maxima = scores[: blocks * _BLOCK].reshape(blocks, _BLOCK).max(axis=1)
    maxima.partition(blocks - wanted)
    threshold = maxima[blocks - wanted]
    # NaN sorts last.
    if not threshold >= _NAN_SCORE or np.isnan(maxima[blocks - wanted :]).any():
        return None
    positions = np.flatnonzero(scores >= threshold)
    for row in excluded:
        positions = positions[positions != row]
    return _sorted_by_score(scores, positions, count)


def _sorted_by_score(scores: FloatArray, positions: Rows, count: int) -> list[int]:
    order = np.lexsort((positions, -scores[positions]))[:count]
    ordered: list[int] = positions[order].tolist()
    return ordered


class _Search:
    """Search of the rows nearest to a batch of queries, one tile of rows at a time."""

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
        """Return rows and values, shape (queries, k); -1 and NaN if no rows are left."""
        best = _TopK(len(queries), self.k)
        max_width = max(self.width, _QUERIES * _TILE // len(queries))
        buffer = np.empty(len(queries) * min(max_width, len(self.vectors)), np.float32)
        finite = self.finite and bool((np.abs(queries) < _SAFE / queries.shape[1]).all())
        first, width = 0, self.width
        while first < len(self.vectors):
            tile = slice(first, min(first + width, len(self.vectors)))
            out = buffer[: len(queries) * (tile.stop - first)].reshape(len(queries), -1)
            scores = self.scores(queries, tile, out)
            if not finite:
                np.maximum(scores, _NAN_SCORE, out=scores)  # keeps NaN
                scores[np.isnan(scores)] = _NAN_SCORE
            if self.barred is not None:
                scores[:, self.barred[tile]] = -np.inf
            query, column = np.nonzero((exclude >= first) & (exclude < tile.stop))
            scores[query, exclude[query, column] - first] = -np.inf
            best.add(scores, first)
            # A small batch gets wider tiles, once the first ones have set its thresholds.
            first, width = tile.stop, min(2 * width, max_width)
        rows, scores = best.result()
        values = -scores if self.metric in DISTANCES else scores
        if self.metric == "cosine":
            np.clip(values, -1, 1, out=values, where=scores > _NAN_SCORE)
        values[(rows < 0) | (scores == _NAN_SCORE)] = np.nan
        return rows, values

    def scores(self, queries: FloatArray, tile: slice, out: FloatArray) -> FloatArray:
        """Write the score of each row of the tile to `out`, larger for nearer rows."""
        vectors = self.vectors[tile]
        with np.errstate(invalid="ignore", over="ignore"):
            if self.metric in DISTANCES:
                # Euclidean too: a difference of squares would lose near neighbors of long rows.
                pairwise_scores(vectors, queries, self.metric, out)
                return np.negative(out, out=out)
            np.matmul(queries, vectors.T, out=out)
            if self.metric == "cosine":
                out *= self.scale[tile]
        return out


class _TopK:
    """The best scores of each query so far, and candidates that are not sorted yet."""

    def __init__(self, queries: int, k: int) -> None:
        self.k = k
        self.shape = (queries, k)
        self.threshold = np.full((queries, 1), -np.inf, np.float32)  # a candidate must exceed it
        self.found: list[tuple[Rows, Rows, FloatArray]] = []
        self.unsorted = 0

    def add(self, scores: FloatArray, first: int) -> None:
        """Add the scores of row `first` and the following rows, shape (queries, rows)."""
        if first == 0 and scores.shape[1] >= self.k:
            edge = scores.shape[1] - self.k
            threshold = np.partition(scores, edge, axis=1)[:, edge, None]
            query, column = np.nonzero((scores >= threshold) & (scores > -np.inf))
        else:
            flat = np.flatnonzero(scores > self.threshold)
            query, column = np.divmod(flat, scores.shape[1])
        if len(query):
            self.found.append((query, column + first, scores[query, column]))
            self.unsorted += len(query)
            if self.unsorted > self.shape[0] * (self.k + 4) or first == 0:
                self.sort()

    def sort(self) -> None:
        """Keep the best `k` of each query, and raise its threshold."""
        query, row, score = (np.concatenate(parts) for parts in zip(*self.found, strict=True))
        order = np.lexsort((row, -score, query))
        query, row, score = query[order], row[order], score[order]
        rank = np.arange(len(query)) - np.searchsorted(query, query)
        kept = rank < self.k
        self.found = [(query[kept], row[kept], score[kept])]
        last = rank == self.k - 1
        self.threshold[query[last], 0] = score[last]
        self.unsorted = 0

    def result(self) -> tuple[Rows, FloatArray]:
        """Return rows and scores, shape (queries, k); -1 and -inf if no rows are left."""
        rows = np.full(self.shape, -1, np.intp)
        scores = np.full(self.shape, -np.inf, np.float32)
        if self.found:
            self.sort()
            query, row, score = self.found[0]
            rank = np.arange(len(query)) - np.searchsorted(query, query)
            rows[query, rank], scores[query, rank] = row, score
        return rows, scores


def normalize_rows(vectors: npt.NDArray[Any]) -> FloatArray:
    """Return a copy of the rows in float32, scaled to length 1; zero rows stay zero."""
    wide = vectors.astype(np.float64)
    norms = np.sqrt(np.einsum("ij,ij->i", wide, wide))[:, None]
    with np.errstate(invalid="ignore"):
        np.divide(wide, norms, out=wide, where=norms > 0)
    return wide.astype(np.float32)


def normalize(vector: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return a copy of the vector in float64, scaled to length 1; a zero vector stays zero."""
    wide = vector.astype(np.float64)
    with np.errstate(invalid="ignore"):  # a vector with infinity becomes NaN
        norm = np.sqrt(wide @ wide)
        return wide / norm if norm > 0 else wide
