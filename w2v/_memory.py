"""Memory: arrays aligned to cache lines, and errors that say how much was missing for what."""

from __future__ import annotations

import contextlib
import math
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from w2v._control_groups import groups, lines
from w2v._simd import ROW_FLOATS
from w2v._types import FloatArray

_LINE = 4 * ROW_FLOATS  # bytes of a cache line


@contextlib.contextmanager
def explain_shortage(purpose: str, n_bytes: int | Callable[[], int], remedy: str) -> Iterator[None]:
    """Turn a MemoryError without text, or in NumPy's words, into one that says what to do.

    Parameters
    ----------
    purpose : str
        What the memory was for, such as "saving model.safetensors".
    n_bytes : int or callable
        How much that needs at least, or a function that computes it if it comes to that.
    remedy : str
    """
    try:
        yield
    except MemoryError as error:
        if type(error) is MemoryError and str(error):
            raise  # one of ours, which knows better
        size = format_size(n_bytes() if callable(n_bytes) else n_bytes)
        raise MemoryError(f"cannot allocate about {size} for {purpose}: {remedy}") from None


def format_size(n_bytes: int) -> str:
    """Return a number of bytes in MiB, or GiB from one on; at least 1 MiB."""
    if n_bytes >= 1 << 30:
        return f"{n_bytes / 2**30:.1f} GiB"
    return f"{max(1, -(-n_bytes // 2**20)):,} MiB"


def available_memory(root: str = "/") -> int | None:
    """Return the bytes that this process can allocate without swapping; None if unknown.

    The limits of control groups count, as those of containers do.

    Parameters
    ----------
    root : str, default "/"
        Where ``proc`` and the mounted groups are.
    """
    known = [_physical_memory(root), *map(_free_in_group, _memory_groups(root))]
    return min((each for each in known if each is not None), default=None)


def free_memory(root: str = "/") -> int | None:
    """Return the bytes that this process can have at most, swapping included; None if unknown.

    What is no more than a guess of `available_memory` (macOS, which does not say what is free)
    counts as unknown.
    """
    if sys.platform == "win32":
        return available_memory(root)
    found = _meminfo(root)
    if "MemAvailable" not in found:
        return None
    known = [found["MemAvailable"] + found.get("SwapFree", 0)]
    known += [each for each in map(_free_in_group, _memory_groups(root)) if each is not None]
    return min(known)


def _meminfo(root: str) -> dict[str, int]:
    """Return the figures of Linux about its memory, in bytes, by name."""
    found = {}
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in lines(root, "proc/meminfo"):
            name, _, size = line.partition(":")
            found[name] = int(size.split()[0]) << 10
    return found


def _memory_groups(root: str) -> list[str]:
    try:
        return list(groups(root, "memory"))
    except (OSError, ValueError, IndexError):  # no Linux, or files of a format yet unknown
        return []


def _free_in_group(group: str) -> int | None:
    """Return what a control group can still allocate; cached files count as free."""
    for limit, usage, cached in (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        with contextlib.suppress(OSError, ValueError, IndexError):
            most, used = int(lines(group, limit)[0]), int(lines(group, usage)[0])
            files = dict(line.split() for line in lines(group, "memory.stat"))
            return max(0, most - used + int(files.get(cached, 0)))
    return None


def _physical_memory(root: str) -> int | None:
    if "MemAvailable" in (found := _meminfo(root)):
        return found["MemAvailable"]
    if sys.platform == "win32":
        return _windows_memory()
    with contextlib.suppress(OSError, ValueError, AttributeError):
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        if free > 0:
            return free
    with contextlib.suppress(
        OSError, ValueError, AttributeError
    ):  # macOS does not say what is free
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return None


def _windows_memory() -> int | None:
    import ctypes

    class Status(ctypes.Structure):  # MEMORYSTATUSEX
        _fields_: ClassVar = [
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *((name, ctypes.c_ulonglong) for name in (
                "total", "available", "total_page", "available_page", "total_virtual",
                "available_virtual", "available_extended",
            )),
        ]  # fmt: skip

    status = Status(length=ctypes.sizeof(Status))
    windll = getattr(ctypes, "windll", None)
    if windll is None or not windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
        return None
    return int(status.available)


def aligned_empty(shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Return an uninitialized array that starts on a cache line.

    NumPy asks for huge pages where the system offers them (Linux), but not for memory that it
    gets from ``calloc``: so use this and `fill`, not ``zeros``, for large arrays.
    """
    kind = np.dtype(dtype)
    size = math.prod(shape) * kind.itemsize
    memory = np.empty(size + _LINE, np.uint8)
    start = -memory.ctypes.data % _LINE
    return memory[start : start + size].view(kind).reshape(shape)


def row_stride(dim: int) -> int:
    """Return the floats from one padded row to the next: `dim` rounded up to whole cache lines.

    One line more where that would be a multiple of eight: rows a multiple of 512 bytes apart would
    have to share a few sets of the cache. At 256 and 512 dimensions this saves a fifth of the time.
    """
    lines = -(-dim // ROW_FLOATS)
    return (lines + (lines % 8 == 0)) * ROW_FLOATS


def allocate_rows(n_rows: int, dim: int) -> FloatArray:
    """Return a matrix of zeros whose rows are padded to whole cache lines.

    Returns
    -------
    ndarray of float32, shape (n_rows, row_stride(dim))

    Raises
    ------
    MemoryError
        The message gives the size of the matrix.
    """
    stride = row_stride(dim)
    try:
        rows: FloatArray = aligned_empty((n_rows, stride), np.float32)
    except MemoryError:
        raise MemoryError(
            f"cannot allocate a matrix of {n_rows:,} words x {dim} dimensions "
            f"({4 * n_rows * stride / 2**30:.1f} GiB; training needs two): raise min_count, set "
            "max_final_vocab or lower vector_size"
        ) from None
    rows.fill(0)
    return rows
