"""float32 numbers as text: the fewest digits that read back as the same number, many at once.

Each number gets a cell of sixteen bytes, a blank included, and the bytes used are picked out in
the end. Numbers from 0.0001 up to 10, and zero, are handled by array arithmetic: nearly all that
word vectors hold. The rest goes through NumPy's own shortest conversion, one at a time.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_TENS = 10.0 ** np.arange(13)
_WHOLE_TENS = 10 ** np.arange(13, dtype=np.int64)


def _tables() -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """Four digits as one 32-bit item, and which of them are followed by or are a nonzero one."""
    digits = np.arange(10_000)[:, None] // [1000, 100, 10, 1] % 10
    used = np.maximum.accumulate(digits[:, ::-1] > 0, axis=1)[:, ::-1]
    text = (digits + ord("0")).astype(np.uint8)
    return text.view(np.uint32)[:, 0], np.ascontiguousarray(used).view(np.uint32)[:, 0]


_DIGITS, _USED = _tables()
_ALL_USED = _USED[9999]


def _scaled(size: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """Return the shortest decimal for each number of [0.0001, 10) or 0, in units of 1e-12.

    Nine significant digits always read back as the same float32; fewer are taken where they do.
    Readers that go by way of a double and those that do not agree on every one of these decimals:
    none of up to eight digits is, as a double, half-way between two float32 of this range (all
    139,348,201 half-way points were tried).
    """
    number = size.astype(np.float64)
    decimals = np.full(size.shape, 12, np.int8)  # for nine significant digits
    for power in (1e-3, 1e-2, 1e-1, 1.0):
        decimals -= number >= power
    scale, unit = _TENS[decimals], _WHOLE_TENS[12 - decimals]
    result = np.rint(number * scale).astype(np.int64) * unit
    for _ in range(3):
        scale, unit = scale / 10, unit * 10
        fewer = np.rint(number * scale)
        same = (fewer / scale).astype(np.float32) == size
        np.copyto(result, fewer.astype(np.int64) * unit, where=same)
    return result


def _one(value: np.float32) -> bytes:
    """Return one number of any size, at most 15 bytes long."""
    if 1e-4 <= abs(value) < 1e8:
        return np.format_float_positional(value, unique=True, trim="0").encode()
    return np.format_float_scientific(value, unique=True, trim="-").encode()


def rows_as_text(rows: npt.NDArray[np.float32]) -> list[bytes]:
    """Return each row's numbers as text, a blank before each number.

    Parameters
    ----------
    rows : ndarray of float32, shape (n, d)
        About 400 rows of 100 at a time fit the cache.

    Returns
    -------
    list of bytes
    """
    flat = np.ascontiguousarray(rows).ravel()
    size = np.abs(flat)
    plain = (size >= np.float32(1e-4)) & (size < 10) | (size == 0)
    size[~plain] = 0
    scaled = _scaled(size)
    groups = scaled // 10**8 % 10_000, scaled // 10**4 % 10_000, scaled % 10_000

    cells = np.empty((len(flat), 16), np.uint8)
    used = np.empty((len(flat), 16), np.bool_)
    cells[:, 0], cells[:, 1], cells[:, 3] = ord(" "), ord("-"), ord(".")
    cells[:, 2] = scaled // 10**12 + ord("0")
    used[:, :4] = True
    used[:, 1] = np.signbit(flat)
    later = np.zeros(len(flat), np.bool_)
    for position in (3, 2, 1):
        group = groups[position - 1]
        cells.view(np.uint32)[:, position] = _DIGITS[group]
        used.view(np.uint32)[:, position] = np.where(later, _ALL_USED, _USED[group])
        later |= group > 0
    used[:, 4] = True  # "1.0", not "1."

    for index in np.flatnonzero(~plain):
        text = _one(flat[index])
        cells[index, 1 : len(text) + 1] = np.frombuffer(text, np.uint8)
        used[index] = np.arange(16) <= len(text)
    data = cells[used].tobytes()
    ends = np.cumsum(used.reshape(len(rows), -1).sum(axis=1)).tolist()
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]
