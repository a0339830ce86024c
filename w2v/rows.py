"""How matrices lie in memory: each row on a cache line, padded with zeros to the next."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from w2v._hogwild import ROW_FLOATS

_LINE = 4 * ROW_FLOATS
_ROWS = 4096  # how many rows are filled at a time, so that no second matrix is ever held


def allocate(n_rows: int, dim: int) -> npt.NDArray[np.float32]:
    """Return zeros, shape (n_rows, stride), stride being `dim` rounded up to a whole cache line.

    NumPy asks for huge pages where the system offers them (Linux), but not for memory that it
    gets from ``calloc``: hence ``empty`` and ``fill``, not ``zeros``.

    Raises
    ------
    MemoryError
        With the size that was asked for.
    """
    stride = -(-dim // ROW_FLOATS) * ROW_FLOATS
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
    """Fill the first `dim` columns evenly from -0.5 / dim to 0.5 / dim, as word2vec.c does."""
    rng = np.random.default_rng([seed, 0])
    for first in range(0, len(rows), _ROWS):
        part = rows[first : first + _ROWS, :dim]
        part[...] = (rng.random(part.shape, np.float32) - np.float32(0.5)) / np.float32(dim)


def padded(matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return a copy of a (V, d) matrix in padded rows."""
    rows = allocate(*matrix.shape)
    for first in range(0, len(rows), _ROWS):
        rows[first : first + _ROWS, : matrix.shape[1]] = matrix[first : first + _ROWS]
    return rows
