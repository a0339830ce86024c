"""Words and their vectors as charts take them: checked, in float64, with their cosines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v._validation import require_list
from w2v.vectors.keyed_vectors import KeyedVectors

Array = npt.NDArray[Any]


def word_list(words: object, name: str = "words") -> list[Any]:
    """Return the words of any iterable as a list, or raise a TypeError."""
    require_list(name, words)
    return list(words)  # type: ignore[call-overload, no-any-return]


def find_rows(wv: KeyedVectors, words: Sequence[str], max_words: int | None = None) -> Array:
    """Return the row of each word; raise if words are unknown, repeated, too few or too many."""
    if not isinstance(wv, KeyedVectors):
        hint = "; of a model, pass model.wv" if hasattr(type(wv), "wv") else ""
        raise TypeError(f"wv is of type {type(wv).__name__}: expected KeyedVectors{hint}")
    require_list("words", words)
    unknown, rows = [], []
    for word in words:
        try:
            rows.append(wv.get_index(word))
        except KeyError as error:
            unknown.append((repr(word), str(error.args[0])))
    if len(unknown) > 3:
        names = ", ".join(name for name, _ in unknown)
        raise KeyError(f"{len(unknown):,} words are not in the vocabulary: {names}")
    if unknown:
        raise KeyError("; ".join(message for _, message in unknown))
    if len(rows) < 2:
        raise ValueError(f"words: expected at least two words, found {list(words)!r}")
    if len(set(rows)) < len(rows):
        counts: dict[str, int] = {}
        for word in words:
            counts[word] = counts.get(word, 0) + 1
        repeated = ", ".join(repr(word) for word, count in counts.items() if count > 1)
        raise ValueError(f"words given more than once: {repeated}; expected each word once")
    if max_words is not None and len(rows) > max_words:
        raise ValueError(
            f"{len(rows):,} words: expected at most {max_words:,}, for a legible picture"
        )
    return np.array(rows, dtype=np.intp)


def float_vectors(
    wv: KeyedVectors, rows: Array, words: Sequence[str], normalize: bool = False
) -> Array:
    """Return the vectors of words in float64, shape (words, vector_size), or of length 1."""
    vectors: Array = wv.vectors[rows].astype(np.float64)
    wrong = ~np.isfinite(vectors).all(axis=1)
    if wrong.any():
        names = ", ".join(repr(words[i]) for i in np.flatnonzero(wrong).tolist())
        raise ValueError(f"the vector of {names} contains NaN or infinity: expected finite numbers")
    return normalize_rows(vectors) if normalize else vectors


def normalize_rows(vectors: Array) -> Array:
    """Scale each row to length 1; zero rows stay zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Array = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return scaled


def cosines(vectors: Array) -> Array:
    """Return the cosine of each pair of rows, shape (rows, rows); 0 if one of them is zero."""
    rows = normalize_rows(vectors)
    products: Array = np.clip(rows @ rows.T, -1, 1)
    return products


def fix_signs(axes: Array) -> Array:
    """Return the rows with their largest entry positive: the sign of an axis has no meaning."""
    largest = axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)]
    signed: Array = axes * np.where(largest < 0, -1.0, 1.0)[:, None]
    return signed
