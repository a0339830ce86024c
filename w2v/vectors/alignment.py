"""Words that several vectors share, and the rotation of one space into another.

Orthogonal Procrustes: the orthogonal matrix R that minimizes the Frobenius norm of A - B R is U V',
where U S V' is the singular value decomposition of B' A (P. Schönemann, 1966, A generalized
solution of the orthogonal Procrustes problem. Psychometrika 31, equation 1.17). Reflections are
allowed. W. Hamilton, J. Leskovec and D. Jurafsky (2016), Diachronic word embeddings reveal
statistical laws of semantic change. ACL, align vectors of different times by it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v._types import FloatArray, IntArray
from w2v._warnings import warn
from w2v.vectors.keyed_vectors import KeyedVectors
from w2v.vectors.knn import normalize_rows

Matrix = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

_BLOCK_FLOATS = 1 << 20  # converted to float64 at a time
_FEW = 0.5  # share of the smaller vocabulary: fewer common words are worth a warning
_MUCH_MORE = 1.5  # times as many common words if case is ignored
_PHRASES = 0.005  # share of words with an underscore


def as_vectors(given: object, name: str) -> KeyedVectors:
    """Return the vectors of a model, of a path or of themselves, or raise a TypeError."""
    if isinstance(given, KeyedVectors):
        return given
    if isinstance(given, (str, os.PathLike)):
        return KeyedVectors.read(given, mmap=True)
    wv = getattr(given, "wv", None)
    if isinstance(wv, KeyedVectors):
        return wv
    raise TypeError(
        f"{name} is of type {type(given).__name__}: expected KeyedVectors, a Word2Vec model or the "
        "path of a file; KeyedVectors.from_gensim() converts a model of gensim"
    )


def finite_rows(wv: KeyedVectors) -> npt.NDArray[np.bool_]:
    """Return which vectors have a direction: finite and not zero."""
    norms = wv.norms
    usable: npt.NDArray[np.bool_] = np.isfinite(norms) & (norms > 0)
    return usable


class Space:
    """The rows of some words in one space, scaled and centered block by block.

    Parameters
    ----------
    wv : KeyedVectors
    rows : ndarray of intp, shape (n,)
    unit : bool
        Scale rows to length 1.
    center : bool
        Then subtract the mean of these rows.
    """

    def __init__(self, wv: KeyedVectors, rows: Rows, unit: bool, center: bool) -> None:
        self.wv, self.rows, self.unit = wv, rows, unit
        self.dimensions = wv.vector_size
        self.mean: Matrix | None = None
        if center:
            total = np.zeros(self.dimensions)
            for part in self.blocks():
                total += self.prepared(rows[part]).sum(axis=0)
            self.mean = total / max(1, len(rows))

    def blocks(self) -> Iterator[slice]:
        """Yield slices of the rows that are small enough to be converted to float64."""
        return blocks(len(self.rows), self.dimensions)

    def prepared(self, rows: Rows) -> Matrix:
        """Return rows of the matrix as the alignment sees them, in float64."""
        wide: Matrix = self.wv._state.vectors[rows].astype(np.float64)
        if self.unit:
            lengths = np.sqrt(np.einsum("ij,ij->i", wide, wide))[:, None]
            np.divide(wide, lengths, out=wide, where=lengths > 0)
        if self.mean is not None:
            wide -= self.mean
        return wide

    def directions(self, rows: Rows) -> FloatArray:
        """Return prepared rows, scaled to length 1, in float32: for cosines."""
        if self.mean is None:
            return normalize_rows(self.wv._state.vectors[rows])
        return normalize_rows(self.prepared(rows))

    def mapped(self, rotation: Matrix | None) -> KeyedVectors:
        """Return all words, prepared and rotated, with their counts; float32."""
        wv = self.wv
        n = len(wv)
        made = np.empty((n, self.dimensions), np.float32)
        for part in blocks(n, self.dimensions):
            rows = np.arange(n)[part]
            with np.errstate(invalid="ignore"):
                prepared = self.prepared(rows)
                made[part] = prepared if rotation is None else prepared @ rotation
        counts = None if wv.counts is None else wv.counts[:n].copy()
        return KeyedVectors(wv.index_to_key[:n], made, counts=counts)


def blocks(n: int, width: int) -> Iterator[slice]:
    """Yield slices of 0 ... n - 1 whose rows of this width are a few MiB of float64."""
    step = max(1, _BLOCK_FLOATS // max(1, width))
    for first in range(0, n, step):
        yield slice(first, min(first + step, n))


def procrustes(target: Space, source: Space) -> Matrix:
    """Return the orthogonal matrix that takes the rows of `source` nearest to those of `target`.

    Parameters
    ----------
    target, source : Space
        With the same words, row by row, and the same dimension.

    Returns
    -------
    ndarray of float64, shape (d, d)
        To be multiplied from the right.
    """
    product = np.zeros((source.dimensions, target.dimensions))
    for part in source.blocks():
        product += source.prepared(source.rows[part]).T @ target.prepared(target.rows[part])
    left, _, right = np.linalg.svd(product)
    rotation: Matrix = left @ right
    return rotation


def aligned_cosines(target: Space, source: Space, rotation: Matrix) -> Matrix:
    """Return the cosine of each row of `target` with that of `source` after the rotation.

    Two rows that are zero after centering have cosine 1, one alone 0.
    """
    found = np.empty(len(source.rows))
    for part in source.blocks():
        one = target.prepared(target.rows[part])
        other = source.prepared(source.rows[part]) @ rotation
        found[part] = row_cosines(one, other)
    return found


def row_cosines(one: Matrix, other: Matrix) -> Matrix:
    """Return the cosine of each row of one matrix with that of another, shape (n,)."""
    lengths = np.sqrt(np.einsum("ij,ij->i", one, one) * np.einsum("ij,ij->i", other, other))
    products = np.einsum("ij,ij->i", one, other)
    same = np.array(~one.any(axis=1) & ~other.any(axis=1), np.float64)
    cosines: Matrix = np.divide(products, lengths, out=same, where=lengths > 0)
    return np.clip(cosines, -1, 1, out=cosines)


# ---- Common words --------------------------------------------------------------------------------


def harmonic_counts(counts: list[IntArray]) -> Matrix:
    """Return the harmonic mean of the counts of each word; a count of 0 is taken for 1.

    The sampling error of a vector falls with its count as 1 / count, and a difference has the sum
    of both errors: that of two vectors of this count.
    """
    inverse = sum(1 / np.maximum(one, 1).astype(np.float64) for one in counts)
    mean: Matrix = len(counts) / np.asarray(inverse)
    return mean


def frequency(sides: list[tuple[KeyedVectors, Rows]]) -> tuple[Matrix, bool]:
    """Return the frequency of words with these rows, and whether it is that of their counts.

    Without counts in all files, the order of words counts as that of their frequency, as files of
    word vectors have it: the harmonic mean of 1 / (row + 1), after Zipf's law.
    """
    known = all(wv.counts is not None and bool(wv.counts.any()) for wv, _ in sides)
    if known:
        return harmonic_counts(
            [wv.counts[rows] for wv, rows in sides if wv.counts is not None]
        ), True
    ranks = sum((rows + 1).astype(np.float64) for _, rows in sides)
    zipf: Matrix = len(sides) / np.asarray(ranks)
    return zipf, False


def common_words(a: KeyedVectors, b: KeyedVectors) -> tuple[list[str], Rows, Rows, int]:
    """Return the words that both have, with their rows, and how many were left out.

    Words are in order of `frequency`, ties by their spelling: the order of words in the files has
    no influence. Left out are words whose vector is zero or not finite in one of them.
    """
    rows_of_b = b.key_to_index
    pairs = [
        (word, row, rows_of_b[word])
        for row, word in enumerate(a.index_to_key[: len(a)])
        if word in rows_of_b
    ]
    pairs.sort()  # by spelling
    words = [word for word, _, _ in pairs]
    rows_a = np.array([row for _, row, _ in pairs], np.intp)
    rows_b = np.array([row for _, _, row in pairs], np.intp)
    usable = finite_rows(a)[rows_a] & finite_rows(b)[rows_b]
    order = np.flatnonzero(usable)
    rank = frequency([(a, rows_a[order]), (b, rows_b[order])])[0]
    order = order[np.argsort(-rank, kind="stable")]
    return [words[i] for i in order.tolist()], rows_a[order], rows_b[order], len(words) - len(order)


def check_common(
    a: KeyedVectors, b: KeyedVectors, names: tuple[str, str], found: int, left_out: int
) -> None:
    """Raise if two vocabularies have no word in common, or warn if they have few; say why."""
    smaller = min(len(a), len(b))
    for wv, name in zip((a, b), names, strict=True):
        if not len(wv):
            raise ValueError(f"{name} has no words: expected vectors of a trained model")
    if left_out and not found:
        raise ValueError(
            f"{names[0]} and {names[1]} have {left_out:,} words in common, but a vector of each is "
            "zero or not finite (NaN or infinity): expected vectors of a trained model"
        )
    if left_out:
        warn(
            f"{left_out:,} common words are left out: their vector in {names[0]} or {names[1]} is "
            "zero or not finite (NaN or infinity)"
        )
    if found and found + left_out >= _FEW * smaller:
        return
    reason = _mismatch(a, b, names, found + left_out)
    if not found:
        why = reason or "check that both are of the same language and were split into words alike"
        raise ValueError(
            f"{names[0]} ({len(a):,} words) and {names[1]} ({len(b):,} words) have no words in "
            f"common: {why}"
        )
    warn(
        f"only {found + left_out:,} words are common to {names[0]} ({len(a):,} words) and "
        f"{names[1]} ({len(b):,} words)" + (f": {reason}" if reason else "")
    )


def _mismatch(a: KeyedVectors, b: KeyedVectors, names: tuple[str, str], found: int) -> str:
    """Return why two vocabularies may have few words in common; empty if nothing is known."""
    folded = len(set(map(str.lower, a.index_to_key)) & set(map(str.lower, b.index_to_key)))
    if folded >= max(_MUCH_MORE * found, 1):
        return (
            f"{folded:,} would be if case were ignored; train both on text with lowercase=True, or "
            "neither"
        )
    joined = [sum("_" in word for word in wv.index_to_key) / max(1, len(wv)) for wv in (a, b)]
    if (joined[0] > _PHRASES) != (joined[1] > _PHRASES):
        with_phrases = names[0] if joined[0] > joined[1] else names[1]
        return (
            f"{max(joined):.0%} of the words of {with_phrases} are joined by '_'; join the phrases "
            "of both texts, with the same phrases, or of neither"
        )
    return ""


def check_dimensions(a: KeyedVectors, b: KeyedVectors, names: tuple[Any, Any]) -> bool:
    """Return whether vectors can be aligned; warn if their dimensions differ."""
    if a.vector_size == b.vector_size:
        return True
    warn(
        f"{names[0]} has {a.vector_size:,} dimensions and {names[1]} {b.vector_size:,}: spaces are "
        "aligned only if they have as many (train both with the same vector_size); neighbors are "
        "compared alone"
    )
    return False
