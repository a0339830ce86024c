"""What gensim's users take from `gensim.matutils`: unit vectors and the order of numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["argsort", "cossim", "unitvec", "veclen"]


def argsort(
    x: npt.ArrayLike, topn: int | None = None, reverse: bool = False
) -> npt.NDArray[np.intp]:
    """Return the indices of the `topn` smallest numbers in order, or the largest (`reverse`).

    Parameters
    ----------
    x : array_like, shape (n,)
    topn : int, optional
        Default all.
    reverse : bool, default False
    """
    values = np.asarray(x)
    order: npt.NDArray[np.intp]
    count = values.size if topn is None else topn
    if count <= 0:
        return np.zeros(0, np.intp)
    if reverse:
        values = -values
    if count >= values.size:
        return np.argsort(values)
    first = np.argpartition(values, count)[:count]
    order = first[np.argsort(values[first])]
    return order


def unitvec(vec: Any, norm: str = "l2", return_norm: bool = False) -> Any:
    """Scale a vector to length 1; a zero vector stays as it is.

    Parameters
    ----------
    vec : array_like, shape (n,), or list of (int, float)
        Numbers, or a bag of words: pairs of an id and a weight.
    norm : {"l1", "l2", "unique"}, default "l2"
        The length: sum of magnitudes, Euclidean length, or number of values other than 0.
    return_norm : bool, default False
        Return the length, too.

    Returns
    -------
    ndarray of float, or list of (int, float)
        With `return_norm`, the pair of this and the length.
    """
    if norm not in ("l1", "l2", "unique"):
        raise ValueError(f"norm={norm!r}: expected 'l1', 'l2' or 'unique'")
    pairs = isinstance(vec, (list, tuple)) and len(vec) > 0 and isinstance(vec[0], tuple)
    values = np.asarray([weight for _, weight in vec] if pairs else vec)
    if values.dtype.kind != "f":
        values = values.astype(np.float64)
    length = {
        "l1": lambda: float(np.abs(values).sum()),
        "l2": lambda: float(np.linalg.norm(values)),
        "unique": lambda: float(np.count_nonzero(values)),
    }[norm]()
    scaled: Any = values if length == 0 else values / values.dtype.type(length)
    if pairs:
        scaled = [(id_, weight) for (id_, _), weight in zip(vec, scaled.tolist(), strict=True)]
    return (scaled, length if length else 1.0) if return_norm else scaled


def veclen(vec: Iterable[tuple[int, float]]) -> float:
    """Return the Euclidean length of a bag of words."""
    return math.sqrt(sum(weight * weight for _, weight in vec))


def cossim(vec1: Iterable[tuple[int, float]], vec2: Iterable[tuple[int, float]]) -> float:
    """Return the cosine similarity of two bags of words; 0 if one of them is empty."""
    one, two = dict(vec1), dict(vec2)
    lengths = veclen(one.items()) * veclen(two.items())
    if not lengths:
        return 0.0
    return sum(weight * two.get(id_, 0.0) for id_, weight in one.items()) / lengths
