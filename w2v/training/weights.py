"""How matrices lie in memory: each row on a cache line, padded with zeros to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from w2v._simd import ROW_FLOATS

if TYPE_CHECKING:
    from w2v.config import TrainingConfig

_LINE = 4 * ROW_FLOATS
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
        vectors = allocate(n_words, dim)
        randomize(vectors, dim, config.seed)
        n_rows = {"output_vectors": n_words, "node_vectors": n_words - 1}
        outputs = {
            name: allocate(n_rows[name], dim) if need else None
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


def allocate(n_rows: int, dim: int) -> npt.NDArray[np.float32]:
    """Return zeros, shape (n_rows, stride), stride being `dim` rounded up to a whole cache line.

    One line more where that would be a multiple of eight: rows a multiple of 512 bytes apart would
    have to share few sets of a cache. At 256 and 512 dimensions training is a fifth faster for it.

    NumPy asks for huge pages where the system offers them (Linux), but not for memory that it
    gets from ``calloc``: hence ``empty`` and ``fill``, not ``zeros``.

    Raises
    ------
    MemoryError
        With the size that was asked for.
    """
    lines = -(-dim // ROW_FLOATS)
    stride = (lines + (lines % 8 == 0)) * ROW_FLOATS
    n_bytes = n_rows * stride * 4
    try:
        memory = np.empty(n_bytes + _LINE, np.uint8)
    except MemoryError:
        raise MemoryError(
            f"no memory for a matrix of {n_rows:,} words x {dim} dimensions ({n_bytes / 2**30:.1f} "
            "GiB; training needs two): raise min_count, set max_final_vocab or lower vector_size"
        ) from None
    start = -memory.ctypes.data % _LINE
    rows = memory[start : start + n_bytes].view(np.float32).reshape(n_rows, stride)
    rows.fill(0)
    return rows


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
    rows = allocate(*matrix.shape)
    for first in range(0, len(rows), _ROWS):
        rows[first : first + _ROWS, : matrix.shape[1]] = matrix[first : first + _ROWS]
    return rows
