"""How matrices lie in memory: each row on a cache line, padded with zeros to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from w2v._memory import allocate_rows

if TYPE_CHECKING:
    from w2v.config import TrainingConfig

_ROWS = 4096  # how many rows are filled at a time, so that no second matrix is ever held


@dataclass
class Weights:
    """What is trained: matrices of padded rows, updated in place.

    Attributes
    ----------
    vectors : float32, shape (V, stride)
        One row per word: the word vectors.
    output_vectors : float32, shape (V, stride), or None
        One row per word as it is predicted: for negative sampling and full softmax.
    node_vectors : float32, shape (V - 1, stride), or None
        One row per inner node of the Huffman tree: for hierarchical softmax.
    trainable : bool, shape (V,), or None
        Rows of `vectors` that are updated; None for all.
    """

    vectors: npt.NDArray[np.float32]
    output_vectors: npt.NDArray[np.float32] | None = None
    node_vectors: npt.NDArray[np.float32] | None = None
    trainable: npt.NDArray[np.bool_] | None = None

    @classmethod
    def untrained(cls, n_words: int, config: TrainingConfig) -> Weights:
        """Return random word vectors, and output matrices of zeros as the configuration needs."""
        dim = config.vector_size
        vectors = allocate_rows(n_words, dim)
        randomize(vectors, dim, config.seed)
        n_rows = {"output_vectors": n_words, "node_vectors": n_words - 1}
        outputs = {
            name: allocate_rows(n_rows[name], dim) if need else None
            for name, need in cls.needed(config).items()
        }
        return cls(vectors, outputs["output_vectors"], outputs["node_vectors"])

    @staticmethod
    def needed(config: TrainingConfig) -> dict[str, bool]:
        """Return which output matrices a configuration trains."""
        return {
            "output_vectors": config.samples_noise or config.softmax,
            "node_vectors": config.hs == 1,
        }


def randomize(rows: npt.NDArray[np.float32], dim: int, seed: int) -> None:
    """Fill the first `dim` columns evenly from -1 / dim to 1 / dim, as gensim does.

    word2vec.c takes half of that, with which learning begins more slowly: for CBOW at a learning
    rate of 0.025 the difference can still be measured after five epochs.
    """
    rng = np.random.default_rng([seed, 0])
    for first in range(0, len(rows), _ROWS):
        part = rows[first : first + _ROWS, :dim]
        part[...] = (2 * rng.random(part.shape, np.float32) - 1) / np.float32(dim)


def padded(matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return a copy of a (V, d) matrix in padded rows."""
    rows = allocate_rows(*matrix.shape)
    for first in range(0, len(rows), _ROWS):
        rows[first : first + _ROWS, : matrix.shape[1]] = matrix[first : first + _ROWS]
    return rows
