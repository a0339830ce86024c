"""Center vectors, scale them to length 1, remove their top components; and treat queries alike.

"All-but-the-top" is by J. Mu and P. Viswanath (2018), All-but-the-Top: simple and effective
postprocessing for word representations. ICLR. This module knows rows of a matrix, and words only
for messages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v._types import FloatArray
from w2v._validation import as_array, at_least, one_of
from w2v.io.processing import Step, Steps
from w2v.vectors.knn import normalize_rows

METHODS = ("center", "abtt", "unit")
_DIMENSIONS_PER_COMPONENT = 100  # Mu and Viswanath, section 2
_CHUNK_FLOATS = 1 << 20  # converted to float64 at a time

Matrix = npt.NDArray[np.float64]


def make_step(vectors: FloatArray, words: Sequence[str], method: str, n: int | None = None) -> Step:
    """Return the step of `KeyedVectors.postprocess` for these vectors."""
    one_of(METHODS, "method", method)
    if method != "abtt" and n is not None:
        raise ValueError(f"n={n!r}: only 'abtt' removes components; leave it out for {method!r}")
    if method == "unit":
        return Step(method)
    if not len(vectors):
        raise ValueError("there are no words: expected at least one vector, to have a mean")
    d = vectors.shape[1]
    if n is not None or method == "abtt":
        n = max(1, d // _DIMENSIONS_PER_COMPONENT) if n is None else at_least(1, "n", n)
        if n >= min(d, len(vectors)):
            raise ValueError(
                f"n={n:,}: expected fewer components than dimensions, {d:,}, and than words, "
                f"{len(vectors):,}"
            )
    mean = _mean(vectors, words)
    return Step(method, mean, None if n is None else _top_components(vectors, mean, n))


def apply(steps: Steps, vectors: npt.NDArray[Any]) -> FloatArray:
    """Return a copy of vectors, shape (n, d), after these steps; float32."""
    made: npt.NDArray[Any] = vectors.astype(np.float32)
    for step in steps:
        if step.name == "unit":
            made = normalize_rows(made)
        elif step.mean is not None:
            wide: Matrix = made.astype(np.float64) - step.mean
            if step.components is not None:
                basis = step.components.astype(np.float64)
                wide -= (wide @ basis.T) @ basis
            made = wide.astype(np.float32)
    return made


def apply_to_all(step: Step, vectors: FloatArray, out: FloatArray | None = None) -> FloatArray:
    """Return all rows after a step, converted chunk by chunk; in `out`, which may be `vectors`."""
    made = np.empty(vectors.shape, np.float32) if out is None else out
    for rows in chunks(vectors):
        made[rows] = apply((step,), vectors[rows])
    return made


def transform(steps: Steps, vectors: npt.ArrayLike, dimensions: int) -> FloatArray:
    """Return vectors of the original space after these steps; see `KeyedVectors.transform`."""
    given = as_array("vectors", vectors)
    if given.dtype.kind not in "fiu":
        raise TypeError(
            f"vectors is an array of {given.dtype}: expected numbers; the vector of a word, "
            "wv[word], went through these steps already"
        )
    if given.ndim not in (1, 2) or given.shape[-1] != dimensions:
        raise ValueError(
            f"vectors has shape {given.shape}: expected ({dimensions},) or (vectors, {dimensions})"
        )
    if not np.isfinite(given).all():
        raise ValueError("vectors contains NaN or infinity: expected finite numbers")
    return apply(steps, given.reshape(-1, dimensions)).reshape(given.shape)


def chunks(vectors: FloatArray) -> Iterator[slice]:
    """Yield slices of rows that are small enough to be converted to float64."""
    step = max(1, _CHUNK_FLOATS // vectors.shape[1])
    for first in range(0, len(vectors), step):
        yield slice(first, first + step)


def _mean(vectors: FloatArray, words: Sequence[str]) -> FloatArray:
    total: Any = np.zeros(vectors.shape[1])
    for rows in chunks(vectors):
        finite = np.isfinite(vectors[rows]).all(axis=1)
        if not finite.all():
            row = rows.start + int(np.argmin(finite))
            raise ValueError(
                f"the vector of {words[row]!r} (row {row:,}) contains NaN or infinity, and so "
                "would the mean: expected finite vectors; KeyedVectors.read(path, errors='skip') "
                "leaves such words out"
            )
        total += vectors[rows].sum(axis=0, dtype=np.float64)
    mean: FloatArray = (total / len(vectors)).astype(np.float32)
    return mean


def _top_components(vectors: FloatArray, mean: FloatArray, n: int) -> FloatArray:
    """Return the `n` directions in which the centered vectors vary most, the first one most."""
    scatter = np.zeros((vectors.shape[1], vectors.shape[1]))
    for rows in chunks(vectors):
        centered: Matrix = vectors[rows].astype(np.float64) - mean
        scatter += centered.T @ centered
    directions = np.linalg.eigh(scatter)[1]  # the eigenvalues rise
    return np.ascontiguousarray(directions[:, ::-1][:, :n].T, dtype=np.float32)
