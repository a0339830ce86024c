"""How much of what shards have learned alone is added up, and how much is averaged.

Near its place, a row moves as gradient steps on a quadratic do: along an eigenvector of the Hessian
with eigenvalue l, N steps at learning rate a bring it 1 - exp(-a l N) of the way to its optimum. S
shards that make N / S steps each from the same base bring it 1 - exp(-a l N / S) each, and their
deltas add up to S times that. So the sum of the deltas is multiplied, along each eigenvector, by

    f = (1 - exp(-m a l N)) / (S (1 - exp(-m a l N / S)))

with a the mean learning rate of the round. f is near 1 where the row has only begun to move, and
near 1 / S where it has arrived (csrc/include/w2v_merge.h). The Hessian is nearly the same for all
rows of a matrix. It is estimated at the end of a round from rows that the shards draw as training
does:

    H_in  = (1 + negative) E[s'(x . y) y y^T]        over outputs y, as drawn
    H_out = contexts per step E[s'(x . y) x x^T]     over inputs x: contexts, or means of windows

with s' = s (1 - s) the slope of the sigmoid s. For hierarchical softmax, H_in sums over the nodes
of a word's path.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from w2v._simd import ROW_FLOATS
from w2v.training import _merge
from w2v.vocab.sampling import noise_distribution

if TYPE_CHECKING:
    from collections.abc import Sequence

    from w2v.config import TrainingConfig
    from w2v.training.weights import Replicas, Weights
    from w2v.vocab.sampling import SamplingTables
    from w2v.vocab.vocabulary import Vocabulary

FloatArray = npt.NDArray[np.float32]
Hessians = dict[str, FloatArray]

MARGIN = 2.0  # m: measured; see docs/performance.md
LEAST_EXPONENT = 0.03  # rows that have moved less are added up
_LARGEST_PULL = 20.0  # of one touch: a row is where it is held then
_SAMPLES = 4096  # rows of each side that one merge draws, over all shards
_MIN_SAMPLES = 32  # of one shard
_TOKENS_PER_SAMPLE = 32  # a short round draws fewer
_MET = 256  # rows of each side that are multiplied with each other


@dataclass(frozen=True)
class Basis:
    """Eigenvectors of a Hessian, padded as rows are, and its eigenvalues times m and the rate."""

    vectors: FloatArray
    transposed: FloatArray
    exponents: FloatArray

    @classmethod
    def of(cls, hessians: Sequence[FloatArray], dim: int, rate: float) -> Basis:
        """Return the basis of the mean of symmetric matrices, of which the first `dim` rows count.

        Raises
        ------
        FloatingPointError
            If the mean is not finite.
        """
        width = -(-dim // ROW_FLOATS) * ROW_FLOATS
        mean, lines = (np.zeros((width, width), np.float32) for _ in range(2))
        values = np.zeros(dim)
        mean[:dim, :dim] = np.mean([each[:dim, :dim] for each in hessians], axis=0)
        if not (np.isfinite(mean).all() and _merge.eigen(mean, lines, values)):
            raise FloatingPointError("the curvature of the loss")
        order = np.argsort(-values, kind="stable")  # the largest first
        lines[:dim] = lines[order]
        exponents = np.zeros(width, np.float32)
        exponents[:dim] = MARGIN * rate * np.maximum(values[order], 0)
        return cls(np.ascontiguousarray(lines.T), lines, exponents)


def pull_exponents(strengths: FloatArray, rate: float) -> FloatArray:
    """Return what a pull adds to the exponents of rows that are anchored so strongly.

    It brings a row exp(-log(1 + rate strength)) as near to its place at each touch, along all
    directions: the curvature of a quadratic.
    """
    each = np.log1p(rate * strengths.astype(np.float64))
    return (MARGIN * np.minimum(each, _LARGEST_PULL)).astype(np.float32)


class Curvature:
    """Draws rows as training does, and estimates the Hessians of each matrix.

    Parameters
    ----------
    vocabulary : Vocabulary
    config : TrainingConfig
    tables : SamplingTables
    contexts : float
        Contexts of a center word, about.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        config: TrainingConfig,
        tables: SamplingTables,
        contexts: float,
    ) -> None:
        self.tree = tables.tree
        self.contexts_per_step = contexts if config.sg else 1.0
        kept = vocabulary.counts * tables.keep_probability
        share = kept / kept.sum()
        self.kept_words = np.cumsum(share)
        self.negative = config.negative if config.uses_negative_sampling else 0
        self.offsets = tables.score_offsets
        if self.negative:
            noise = noise_distribution(vocabulary.counts, config.ns_exponent)
            self.outputs = np.cumsum((share + self.negative * noise) / (1 + self.negative))

    def samples(self, tokens: int, replicas: int) -> int:
        """Return how many rows of each side one of `replicas` draws after training `tokens` ids."""
        most = max(_MIN_SAMPLES, -(-_SAMPLES // replicas))
        return _whole(min(most, max(_MIN_SAMPLES, tokens / _TOKENS_PER_SAMPLE)))

    def hessians(
        self,
        weights: Weights,
        replicas: Replicas,
        rng: np.random.Generator,
        samples: int,
        windows: FloatArray | None = None,
    ) -> Hessians:
        """Return an estimate by the name of the matrix, each of shape (stride, stride).

        Parameters
        ----------
        weights : Weights
            The model's matrices.
        replicas : Replicas
            Those of one shard.
        rng : numpy.random.Generator
        samples : int
            Number of rows of each side.
        windows : float32, shape (n, stride), optional
            CBOW: means or sums of the contexts of real windows.
        """
        if windows is None:
            drawn = _draw(self.kept_words, samples, rng)
            windows = replicas.take(weights, "vectors", drawn)
        inputs = np.resize(windows, (_whole(len(windows)), windows.shape[1]))
        found: Hessians = {}
        of_inputs = np.zeros((inputs.shape[1], inputs.shape[1]), np.float32)
        if self.negative:
            drawn = _draw(self.outputs, samples, rng)
            rows = replicas.take(weights, "output_vectors", drawn)
            met = inputs
            if self.offsets is not None:
                met, rows = _with_offsets(inputs, rows, self.offsets[drawn])
            of_outputs, of_rows = self._pair(met, rows)
            found["output_vectors"] = of_outputs[: len(of_inputs), : len(of_inputs)]
            of_rows = of_rows[: len(of_inputs), : len(of_inputs)]
            of_inputs += np.float32(1 + self.negative) * of_rows
        if self.tree is not None:
            words = _draw(self.kept_words, max(1, samples // 4), rng)  # paths are long
            nodes = self.nodes_above(words)
            rows = replicas.take(weights, "node_vectors", np.resize(nodes, _whole(len(nodes))))
            met = inputs[: _whole(len(inputs) / 4)]
            found["node_vectors"], of_rows = self._pair(met, rows)
            of_inputs += np.float32(len(nodes) / len(words)) * of_rows
        found["vectors"] = of_inputs
        return found

    def nodes_above(self, words: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """Return the inner nodes of the paths of words, one path after the other."""
        assert self.tree is not None
        paths = [self.tree.path[self.tree.offsets[w] : self.tree.offsets[w + 1]] for w in words]
        path = np.concatenate(paths)
        return np.where(path < 0, ~path, path).astype(np.intp)

    def _pair(self, inputs: FloatArray, outputs: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the Hessian of the outputs, and that of the inputs for one output per step."""
        stride = inputs.shape[1]
        of_inputs, of_outputs = (np.zeros((stride, stride), np.float32) for _ in range(2))
        part = [np.empty((stride, stride), np.float32) for _ in range(2)]
        n = -(-min(len(inputs), len(outputs)) // _MET)  # not each with each
        for x, y in zip(_split(inputs, n), _split(outputs, n), strict=True):
            _merge.curvature(x, y, *part)
            of_inputs += part[0] * np.float32(self.contexts_per_step / n)
            of_outputs += part[1] * np.float32(1 / n)
        return of_inputs, of_outputs


def _with_offsets(
    inputs: FloatArray, outputs: FloatArray, offsets: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return longer rows, whose products are those of the given ones plus the outputs' offsets."""
    longer = [np.pad(rows, ((0, 0), (0, ROW_FLOATS))) for rows in (inputs, outputs)]
    longer[0][:, -1], longer[1][:, -1] = 1, offsets
    return longer[0], longer[1]


def _split(rows: FloatArray, n: int) -> list[FloatArray]:
    """Return rows in n equal parts of whole multiples; a few at the end may be left out."""
    size = len(rows) // n // _merge.DRAWN_MULTIPLE * _merge.DRAWN_MULTIPLE
    return [rows[i * size : (i + 1) * size] for i in range(n)]


def _whole(n: float) -> int:
    """Return the number of rows rounded up to what the compiled code takes."""
    return max(1, -int(-n // _merge.DRAWN_MULTIPLE)) * _merge.DRAWN_MULTIPLE


def _draw(
    cumulative: npt.NDArray[np.float64], n: int, rng: np.random.Generator
) -> npt.NDArray[np.intp]:
    rows = np.searchsorted(cumulative, rng.random(n) * cumulative[-1], side="right")
    last = np.intp(len(cumulative) - 1)
    drawn: npt.NDArray[np.intp] = np.minimum(rows, last)
    return drawn
