"""Rows of a matrix compared with queries by compiled code, divided among threads.

Each score is computed by itself: how many threads there are, and which rows each of them takes,
makes no difference to it.
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

_PART = 1 << 21  # numbers: less than a millisecond, about twenty times what a thread costs


def pairwise_scores(
    vectors: FloatArray,
    queries: FloatArray,
    metric: str,
    out: FloatArray,
    norms: FloatArray | None = None,
) -> None:
    """Write the score of each row with each query.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, d)
        Laid out in any way; without a copy where the numbers of a row lie one after the other.
    queries : ndarray of float32, shape (q, d), C-contiguous
        For "cosine" of length 1.
    metric : {"cosine", "dot", "euclidean", "manhattan", "chebyshev"}
    out : ndarray of float32, shape (q, n)
        Numbers of a line lie one after the other.
    norms : ndarray of float32, shape (n,), optional
        For "cosine": the rows' lengths, by which the products are divided, but for those of 0.
    """
    variant = simd.active()

    def part(rows: slice) -> None:
        of_rows = None if norms is None else norms[rows]
        _distances.compare(
            variant, metric, _as_contiguous_rows(vectors[rows]), queries, of_rows, out[:, rows]
        )

    _parallel_for(len(vectors), vectors.shape[1] * max(1, len(queries)), part)


def row_norms(vectors: FloatArray) -> npt.NDArray[np.float64]:
    """Return the Euclidean length of each row, computed in float64.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, d)

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    variant = simd.active()
    out = np.empty(len(vectors), np.float64)
    _parallel_for(
        len(vectors),
        vectors.shape[1],
        lambda rows: _distances.lengths(variant, _as_contiguous_rows(vectors[rows]), out[rows]),
    )
    return out


def _as_contiguous_rows(rows: FloatArray) -> FloatArray:
    """Return the rows as compiled code takes them, or a copy that is."""
    if rows.dtype == np.float32 and rows.flags.aligned and rows.strides[1] == rows.itemsize:
        return rows
    plain: FloatArray = np.require(rows, np.float32, ["C", "A"])
    return plain


def _parallel_for(n: int, numbers: int, part: Callable[[slice], None]) -> None:
    """Call `part` with slices of 0 ... n, of `numbers` each, in as many threads as are of use."""
    step = max(1, _PART // max(1, numbers))
    waiting = deque(slice(first, min(first + step, n)) for first in range(0, n, step))
    failed: list[BaseException] = []

    def work() -> None:
        try:
            while waiting and not failed:
                try:
                    rows = waiting.popleft()
                except IndexError:  # another thread was faster
                    return
                part(rows)
        except BaseException as error:
            failed.append(error)

    threads: list[threading.Thread] = []
    for _ in range(min(available_cpus(), len(waiting)) - 1):
        thread = threading.Thread(target=work, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the system has no more: these do it
            break
        threads.append(thread)
    work()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
