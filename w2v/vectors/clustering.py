"""Words in groups: k-means classes, and the words that fit least into a set.

Spherical k-means (Dhillon and Modha, 2001): vectors and centres have length 1, and a word belongs
to the class whose centre has the largest cosine with it, as in word2vec.c's ``-classes``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from w2v._types import FloatArray
from w2v._validation import at_least

if TYPE_CHECKING:
    from w2v.vectors.base import BaseKeyedVectors

Classes = npt.NDArray[np.int32]

_SCORES = 1 << 22  # numbers; the cosines of a tile of words with all centres are so many
_SETTLED = 1e-3  # a share of words: once fewer change their class, the classes are found


def kmeans(wv: BaseKeyedVectors, k: int = 500, *, seed: int = 1, iterations: int = 20) -> Classes:
    """Sort the words into k classes; see `KeyedVectors.kmeans`."""
    k = at_least(1, "k", k)
    iterations = at_least(1, "iterations", iterations)
    if k > len(wv):
        raise ValueError(f"k={k:,}: there are only {len(wv):,} words; expected at most as many")
    if not np.isfinite(wv.norms).all():
        row = int(np.isfinite(wv.norms).argmin())
        raise ValueError(
            f"the vector of {wv.index_to_key[row]!r} (row {row:,}) holds NaN, infinity or numbers "
            "too large to square: it belongs to no class"
        )
    start = np.random.default_rng(at_least(0, "seed", seed)).choice(len(wv), k, replace=False)
    centres = _unit(wv, start)
    found = np.full(len(wv), -1, np.intp)
    for _ in range(iterations):
        before = found
        found, cosines, sums = _assign(wv, centres)
        empty = np.flatnonzero(np.bincount(found, minlength=k) == 0)
        # A centre that lost all its words moves to where the centres fit worst.
        worst = np.argsort(cosines, kind="stable")[: len(empty)]
        sums[empty] = _unit(wv, worst)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(lengths > 0, sums / np.where(lengths > 0, lengths, 1), centres)
        centres = centres.astype(np.float32)
        if not len(empty) and np.mean(found != before) < _SETTLED:
            break
    return _renumbered(found)


def _assign(
    wv: BaseKeyedVectors, centres: FloatArray
) -> tuple[npt.NDArray[np.intp], FloatArray, Any]:
    """Return each word's class and its cosine with the centre, and each class's sum of vectors."""
    from scipy import sparse

    k = len(centres)
    found = np.empty(len(wv), np.intp)
    cosines = np.empty(len(wv), np.float32)
    sums = np.zeros(centres.shape)
    rows = max(64, _SCORES // k)
    for first in range(0, len(wv), rows):
        some = slice(first, min(first + rows, len(wv)))
        unit = _unit(wv, some)
        scores = unit @ centres.T
        found[some] = scores.argmax(axis=1)
        count = len(unit)
        cosines[some] = scores[np.arange(count), found[some]]
        one = np.ones(count, np.float32)
        members = sparse.csr_array((one, found[some], np.arange(count + 1)), shape=(count, k))
        sums += members.T @ unit
    return found, cosines, sums


def _unit(wv: BaseKeyedVectors, rows: slice | npt.NDArray[np.intp]) -> FloatArray:
    """Return the vectors of some rows, scaled to length 1; zeros stay zeros."""
    norms = wv.norms[rows, None]
    return np.divide(wv.vectors[rows], np.where(norms > 0, norms, 1), dtype=np.float32)


def _renumbered(found: npt.NDArray[np.intp]) -> Classes:
    """Return the classes numbered in the order of their first words."""
    _, firsts, places = np.unique(found, return_index=True, return_inverse=True)
    numbers = np.empty(len(firsts), np.int32)
    numbers[np.argsort(firsts)] = np.arange(len(firsts), dtype=np.int32)
    renumbered: Classes = numbers[places]
    return renumbered


def outliers(wv: BaseKeyedVectors, words: Iterable[str]) -> list[tuple[str, float]]:
    """Rank the words of a set by how little they fit into it; see `KeyedVectors.outliers`."""
    if isinstance(words, (str, bytes)):
        raise TypeError(f"words={words!r} is a single string: expected a list of words")
    given = list(words)
    if len(given) < 3:
        raise ValueError(f"words has {len(given)}: expected at least three, to say which is odd")
    rows = np.array([wv.get_index(word) for word in given], np.intp)
    unit = _unit(wv, rows).astype(np.float64)
    own = np.einsum("ij,ij->i", unit, unit)
    scores = (unit @ unit.sum(axis=0) - own) / (len(given) - 1)
    order = np.argsort(scores, kind="stable")
    return [(given[place], float(scores[place])) for place in order.tolist()]
