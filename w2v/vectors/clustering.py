"""Groups of words: spherical k-means, and the outliers of a set of words.

In spherical k-means (Dhillon and Modha, 2001) vectors and centroids have length 1, and a word
belongs to the cluster whose centroid has the largest cosine with it, as in ``word2vec -classes``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v._types import FloatArray
from w2v._validation import at_least, require_list
from w2v.vectors.base import BaseKeyedVectors, normalized_rows

Clusters = npt.NDArray[np.int32]

_MAX_COSINES = 1 << 22  # floats; a tile has the cosines of its words with all centroids
_CONVERGED = 1e-3  # fraction of words: stop once fewer change their cluster


def kmeans(wv: BaseKeyedVectors, k: int = 500, *, seed: int = 1, iterations: int = 20) -> Clusters:
    """Cluster the words; see `KeyedVectors.kmeans`."""
    k = at_least(1, "k", k)
    iterations = at_least(1, "iterations", iterations)
    if k > len(wv):
        raise ValueError(f"k={k:,}: expected at most the number of words, {len(wv):,}")
    if not np.isfinite(wv.norms).all():
        row = int(np.isfinite(wv.norms).argmin())
        raise ValueError(
            f"the vector of {wv.index_to_key[row]!r} (row {row:,}) contains NaN, infinity or "
            "values whose squares overflow: expected finite vectors"
        )
    start = np.random.default_rng(at_least(0, "seed", seed)).choice(len(wv), k, replace=False)
    centroids = normalized_rows(wv, start)
    clusters = np.full(len(wv), -1, np.intp)
    for _ in range(iterations):
        before = clusters
        clusters, cosines, sums = _assign(wv, centroids)
        empty = np.flatnonzero(np.bincount(clusters, minlength=k) == 0)
        # An empty cluster restarts at one of the words with the smallest cosines.
        worst = np.argsort(cosines, kind="stable")[: len(empty)]
        sums[empty] = normalized_rows(wv, worst)
        norms = np.linalg.norm(sums, axis=1, keepdims=True)
        centroids = np.where(norms > 0, sums / np.where(norms > 0, norms, 1), centroids)
        centroids = centroids.astype(np.float32)
        if not len(empty) and np.mean(clusters != before) < _CONVERGED:
            break
    return _renumber(clusters)


def _assign(
    wv: BaseKeyedVectors, centroids: FloatArray
) -> tuple[npt.NDArray[np.intp], FloatArray, Any]:
    """Return the cluster and the cosine of each word, and the sum of vectors of each cluster."""
    from scipy import sparse

    k = len(centroids)
    clusters = np.empty(len(wv), np.intp)
    cosines = np.empty(len(wv), np.float32)
    sums = np.zeros(centroids.shape)
    rows = max(64, _MAX_COSINES // k)
    for first in range(0, len(wv), rows):
        tile = slice(first, min(first + rows, len(wv)))
        unit = normalized_rows(wv, tile)
        scores = unit @ centroids.T
        clusters[tile] = scores.argmax(axis=1)
        count = len(unit)
        cosines[tile] = scores[np.arange(count), clusters[tile]]
        one = np.ones(count, np.float32)
        members = sparse.csr_array((one, clusters[tile], np.arange(count + 1)), shape=(count, k))
        sums += members.T @ unit
    return clusters, cosines, sums


def _renumber(clusters: npt.NDArray[np.intp]) -> Clusters:
    """Return the clusters numbered in the order of their first words."""
    _, firsts, ranks = np.unique(clusters, return_index=True, return_inverse=True)
    numbers = np.empty(len(firsts), np.int32)
    numbers[np.argsort(firsts)] = np.arange(len(firsts), dtype=np.int32)
    renumbered: Clusters = numbers[ranks]
    return renumbered


def outliers(wv: BaseKeyedVectors, words: Iterable[str]) -> list[tuple[str, float]]:
    """Rank the words of a set from outlier to typical; see `KeyedVectors.outliers`."""
    require_list("words", words)
    words = list(words)
    if len(words) < 3:
        raise ValueError(f"words has {len(words)} words: expected at least three")
    rows = np.array([wv.get_index(word) for word in words], np.intp)
    unit = normalized_rows(wv, rows).astype(np.float64)
    own = np.einsum("ij,ij->i", unit, unit)
    scores = (unit @ unit.sum(axis=0) - own) / (len(words) - 1)
    order = np.argsort(scores, kind="stable")
    return [(words[i], float(scores[i])) for i in order.tolist()]
