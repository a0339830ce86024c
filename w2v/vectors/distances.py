"""Scores of the rows of a matrix against queries, by compiled code in several threads.

Each score is computed independently, so it depends neither on the number of threads nor on how the
rows are divided among them.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from w2v import simd
from w2v._cpu import available_cpus
from w2v._types import FloatArray
from w2v.vectors import _distances

_SLICE_FLOATS = 1 << 21  # per slice: under a millisecond, about 20 times the cost of a thread


def pairwise_scores(
    vectors: FloatArray,
    queries: FloatArray,
    metric: str,
    out: FloatArray,
    norms: FloatArray | None = None,
) -> None:
    """Write the score of each row against each query.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, d)
        In any layout; not copied if the numbers of a row are contiguous.
    queries : ndarray of float32, shape (q, d), C-contiguous
        For "cosine", of length 1.
    metric : {"cosine", "dot", "euclidean", "manhattan", "chebyshev"}
    out : ndarray of float32, shape (q, n)
        The scores of a query must be contiguous.
    norms : ndarray of float32, shape (n,), optional
        For "cosine", required: the Euclidean norm of each row. The products are divided by it,
        except where it is 0.
    """
    variant = simd.active()

    def score(rows: slice) -> None:
        contiguous = _as_contiguous_rows(vectors[rows])
        row_norms = None if norms is None else norms[rows]
        _distances.scores(variant, metric, contiguous, queries, row_norms, out[:, rows])

    parallel_for(len(vectors), vectors.shape[1] * max(1, len(queries)), score)


def row_norms(vectors: FloatArray) -> npt.NDArray[np.float64]:
    """Return the Euclidean norm of each row, computed in float64.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, d)

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    variant = simd.active()
    out = np.empty(len(vectors), np.float64)
    parallel_for(
        len(vectors),
        vectors.shape[1],
        lambda rows: _distances.norms(variant, _as_contiguous_rows(vectors[rows]), out[rows]),
    )
    return out


def _as_contiguous_rows(rows: FloatArray) -> FloatArray:
    """Return the rows, or a copy of them, in the layout that the compiled code requires."""
    if rows.dtype == np.float32 and rows.flags.aligned and rows.strides[1] == rows.itemsize:
        return rows
    contiguous: FloatArray = np.require(rows, np.float32, ["C", "A"])
    return contiguous


def parallel_for(n: int, row_floats: int, process: Callable[[slice], None]) -> None:
    """Call `process` with slices of 0 ... n - 1, in several threads if there are several slices.

    Parameters
    ----------
    n : int
        Rows.
    row_floats : int
        FloatArray that each row costs; a slice has about `_SLICE_FLOATS`.
    process : callable
        Receives a slice. Its first exception stops the threads and is raised.
    """
    step = max(1, _SLICE_FLOATS // max(1, row_floats))
    slices = deque(slice(first, min(first + step, n)) for first in range(0, n, step))
    errors: list[BaseException] = []

    def work() -> None:
        try:
            while slices and not errors:
                try:
                    rows = slices.popleft()
                except IndexError:  # another thread took the last one
                    return
                process(rows)
        except BaseException as error:
            errors.append(error)

    threads: list[threading.Thread] = []
    for _ in range(min(available_cpus(), len(slices)) - 1):
        thread = threading.Thread(target=work, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # no more threads available: use those that started
            break
        threads.append(thread)
    work()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
