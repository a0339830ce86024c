"""The balance of the matrices, which merging upsets and this module restores.

The loss depends on products of inputs x and outputs y only: to replace all x by A x and all y by
A^-T y changes nothing that is predicted, but it changes the vectors. Which of these solutions
gradient descent finds is decided by a quantity that its steps keep: for skip-gram,

    D = sum x x^T - sum y y^T                      over all inputs, and over all outputs

since a step adds the same matrix to both sums, except for squares of the learning rate (for linear
networks: Du, Hu and Lee, 2018, Algorithmic regularization in learning deep homogeneous models:
layers are automatically balanced). A merge shrinks what shards have learned along some directions,
inputs and outputs differently, and so it moves D where no training would. What is missing is D of
the base plus what each shard has added to D, less D after the merge. The symmetric A = I + E brings
it back:

    E G + G E = what is missing,  G = sum x x^T + sum y y^T

All sums are estimated from rows drawn in proportion to the square root of their use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from w2v._simd import ROW_FLOATS
from w2v.training import _merge

if TYPE_CHECKING:
    from w2v.training.weights import Replicas, Weights

FloatArray = npt.NDArray[np.float32]

_MOST_ROWS = 2048  # drawn of each matrix
_LEAST_ROWS = 128
_TOKENS_PER_ROW = 32  # of one shard: short rounds draw fewer
_LARGEST_STEP = 0.3  # of E: its eigenvalues stay below
_LEAST_SUM = 1e-3  # of eigenvalues of G, relative to the largest


@dataclass(frozen=True)
class Sample:
    """Rows drawn from one matrix, and how many rows each of them represents."""

    rows: npt.NDArray[np.intp]
    weights: FloatArray


class Balance:
    """What is missing of D, and the matrices that restore it.

    Parameters
    ----------
    weights : Weights
        The model's matrices.
    uses : mapping of str to float64 arrays, each of shape (V,)
        How often the rows of each matrix are used, in any unit.
    dim : int
    """

    def __init__(
        self, weights: Weights, uses: Mapping[str, npt.NDArray[np.float64]], dim: int
    ) -> None:
        self.weights, self.dim = weights, dim
        self._share = {name: np.cumsum(np.sqrt(each)) for name, each in uses.items()}
        self._samples: dict[str, Sample] = {}
        self._expected: FloatArray | None = None
        self._missing = np.zeros((dim, dim), np.float32)

    def draw(self, rng: np.random.Generator, tokens: float) -> None:
        """Draw other rows, for rounds of `tokens` tokens per shard; forget what was missing."""
        n = int(min(_MOST_ROWS, max(_LEAST_ROWS, tokens / _TOKENS_PER_ROW)))
        for name, share in self._share.items():
            if len(share) <= n:
                everything = np.arange(len(share))
                self._samples[name] = Sample(everything, np.ones(len(share), np.float32))
                continue
            total = share[-1]
            places = (np.arange(n) + rng.random()) * (total / n)
            drawn = np.minimum(np.searchsorted(share, places, side="right"), len(share) - 1)
            rows, times = np.unique(drawn, return_counts=True)
            each = np.diff(share, prepend=0)[rows]
            self._samples[name] = Sample(rows, (times * total / n / each).astype(np.float32))
        self._expected = None
        self._missing[:] = 0

    def of_shard(self, replicas: Replicas) -> FloatArray:
        """Return D of the drawn rows as a shard sees them, shape (d, d)."""
        found = np.zeros((self.dim, self.dim), np.float32)
        for name, sample in self._samples.items():
            gram = self._gram(replicas.take(self.weights, name, sample.rows), sample.weights)
            found += gram if name == "vectors" else -gram
        return found

    def of_base(self) -> tuple[FloatArray, FloatArray]:
        """Return D and G of the drawn rows of the model, each of shape (d, d)."""
        difference, total = (np.zeros((self.dim, self.dim), np.float32) for _ in range(2))
        for name, sample in self._samples.items():
            rows = np.take(getattr(self.weights, name), sample.rows, axis=0)
            gram = self._gram(rows, sample.weights)
            difference += gram if name == "vectors" else -gram
            total += gram
        return difference, total

    def note(self, base: FloatArray, shards: list[FloatArray]) -> None:
        """Add what the last merge has upset; `base` and `shards` are D before the next one."""
        if self._expected is not None:
            self._missing += self._expected - base
        self._expected = base + np.sum([each - base for each in shards], axis=0, dtype=np.float32)

    def correction(self) -> tuple[FloatArray, FloatArray] | None:
        """Return what inputs, and what outputs are to be multiplied by after a merge, padded.

        None if that cannot be computed, as from rows that are not finite.
        """
        after, total = self.of_base()
        missing = (
            self._missing if self._expected is None else self._missing + self._expected - after
        )
        found = eigen(total)
        if found is None or not np.isfinite(missing).all():
            return None
        values, lines = found
        width = len(lines)
        sums = np.maximum(values[:, np.newaxis] + values, _LEAST_SUM * max(values.max(), 1e-30))
        rotated = product(product(lines, padded(missing, width)), np.ascontiguousarray(lines.T))
        scaled = np.zeros((width, width), np.float32)
        scaled[: self.dim, : self.dim] = rotated[: self.dim, : self.dim] / sums
        step = product(product(np.ascontiguousarray(lines.T), scaled), lines)
        found = eigen(((step + step.T) / 2)[: self.dim, : self.dim])
        if found is None:
            return None
        values, lines = found
        values *= min(1.0, _LARGEST_STEP / max(float(np.abs(values).max()), 1e-30))
        inputs, outputs = (np.empty((width, width), np.float32) for _ in range(2))
        for factors, matrix in ((1 + values, inputs), (1 / (1 + values), outputs)):
            weights = np.zeros(width, np.float32)
            weights[: self.dim] = factors
            _merge.gram(lines, weights, matrix)
        return inputs, outputs

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Return copies of all that is kept from round to round, by name."""
        kept: dict[str, npt.NDArray[Any]] = {"missing": self._missing.copy()}
        if self._expected is not None:
            kept["expected"] = self._expected.copy()
        for name, sample in self._samples.items():
            kept[f"{name}.rows"] = sample.rows.astype(np.int64)
            kept[f"{name}.weights"] = sample.weights.copy()
        return kept

    def restore(self, kept: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take back what `state` returned."""
        self._missing[:] = kept["missing"]
        self._expected = np.array(kept["expected"]) if "expected" in kept else None
        self._samples = {
            name: Sample(np.array(kept[f"{name}.rows"], np.intp), np.array(kept[f"{name}.weights"]))
            for name in self._share
            if f"{name}.rows" in kept
        }

    def _gram(self, rows: FloatArray, weights: FloatArray) -> FloatArray:
        out = np.empty((rows.shape[1], rows.shape[1]), np.float32)
        _merge.gram(rows, weights, out)
        return out[: self.dim, : self.dim]


def padded(matrix: FloatArray, width: int) -> FloatArray:
    """Return a matrix with zeros behind, shape (width, width)."""
    larger = np.zeros((width, width), np.float32)
    larger[: matrix.shape[0], : matrix.shape[1]] = matrix
    return larger


def eigen(matrix: FloatArray) -> tuple[npt.NDArray[np.float64], FloatArray] | None:
    """Return eigenvalues, and eigenvectors as lines, padded; None if the matrix is not finite."""
    dim = len(matrix)
    width = -(-dim // ROW_FLOATS) * ROW_FLOATS
    lines, values = np.zeros((width, width), np.float32), np.zeros(dim)
    if not np.isfinite(matrix).all() or not _merge.eigen(padded(matrix, width), lines, values):
        return None
    return values, lines


def product(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return a @ b of square matrices, with the same bits wherever the SIMD variant is the same."""
    out: FloatArray = a.copy()
    _merge.transform(out, 0, len(out), len(out), b, _merge.Scratch(len(out), 1))
    return out
