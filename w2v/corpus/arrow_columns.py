"""Arrow columns as NumPy arrays: strings and lists of strings of any Arrow type in one layout.

The layout is that of Arrow's large_string and large_list, with offsets that start at 0.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

# Maximum rows and bytes of a batch; a longer cell is a batch of its own.
MAX_ROWS = 1 << 16
MAX_BYTES = 1 << 22


class CorruptColumnError(Exception):
    """A column with offsets outside its buffers."""


@dataclass(frozen=True)
class ColumnBatch:
    """Some rows of a column.

    Attributes
    ----------
    kind : {"strings", "lists"}
    data : uint8
        All strings in UTF-8, not validated.
    offsets : int64, ascending from 0 to the length of `data`
        String `i` is ``data[offsets[i]:offsets[i + 1]]``.
    list_offsets : int64, ascending from 0 to the number of strings; None for strings
        Row `r` has the strings ``list_offsets[r]`` to ``list_offsets[r + 1] - 1``.
    valid : uint8, shape (rows,), or None
        0 for a null cell; None without null cells.
    first_row : int
        Number of the first row in the whole column, counted from 0.
    """

    kind: str
    data: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]
    list_offsets: npt.NDArray[np.int64] | None
    valid: npt.NDArray[np.uint8] | None
    first_row: int

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.offsets if self.list_offsets is None else self.list_offsets) - 1

    @property
    def n_null(self) -> int:
        """Number of null cells."""
        return 0 if self.valid is None else len(self) - int(np.count_nonzero(self.valid))

    def rows(self, start: int, stop: int) -> ColumnBatch:
        """Return the rows from `start` to `stop - 1`, as views."""
        first, last, lists = start, stop, None
        if self.list_offsets is not None:
            lists = self.list_offsets[start : stop + 1]
            first, last = int(lists[0]), int(lists[-1])
            lists = lists - first
        begin, end = int(self.offsets[first]), int(self.offsets[last])
        return ColumnBatch(
            self.kind,
            self.data[begin:end],
            self.offsets[first : last + 1] - begin,
            lists,
            None if self.valid is None else self.valid[start:stop],
            self.first_row + start,
        )

    def split(self) -> Iterator[ColumnBatch]:
        """Split into batches of at most `MAX_ROWS` rows and `MAX_BYTES` bytes, or one row."""
        bounds = self.offsets if self.list_offsets is None else self.offsets[self.list_offsets]
        start = 0
        while start < len(self):
            stop = int(np.searchsorted(bounds, bounds[start] + MAX_BYTES, "right")) - 1
            stop = min(max(stop, start + 1), start + MAX_ROWS, len(self))
            yield self.rows(start, stop)
            start = stop


def from_arrow(pa: Any, array: Any, first_row: int, trusted: bool) -> tuple[ColumnBatch, int]:
    """Return an array of strings or lists of strings, of any Arrow type, as a batch.

    Parameters
    ----------
    pa : module
        pyarrow.
    array : pyarrow.Array
    first_row : int
    trusted : bool
        False if the lengths and indices of the array were not validated yet.

    Returns
    -------
    batch : ColumnBatch
        Views if the layout allows it.
    null_tokens : int
        Null strings, which are dropped from lists.

    Raises
    ------
    CorruptColumnError, pyarrow.ArrowInvalid
        If offsets are outside the buffers.
    """
    simple = pa.types.is_string(array.type) or pa.types.is_large_string(array.type)
    if not (trusted or simple):
        array.validate(full=True)  # casting trusts lengths and indices
    if not hasattr(array.type, "value_field"):
        data, offsets, valid = _strings(_as_large_string(pa, array))
        return ColumnBatch("strings", data, offsets, None, valid, first_row), 0
    array = array.cast(pa.large_list(array.type.value_type))
    lists = _view(array, 1, np.int64, len(array) + 1)
    begin, end = int(lists[0]), int(lists[-1])
    lists = _check_offsets(lists, len(array.values)) - begin
    data, offsets, present = _strings(_as_large_string(pa, array.values[begin:end]))
    null_tokens = 0
    if present is not None:
        null_tokens = len(present) - int(np.count_nonzero(present))
        data, offsets, lists = _without_nulls(data, offsets, lists, present.view(bool))
    return ColumnBatch("lists", data, offsets, lists, _valid(array), first_row), null_tokens


HAS_NULL = object()  # in place of a list


def integer_lists(pa: Any, array: Any, trusted: bool) -> list[Any]:
    """Return lists of integers as NumPy views; None for a null, `HAS_NULL` for one that has one."""
    if not trusted:
        array.validate(full=True)
    array = array.cast(pa.large_list(array.type.value_type))
    ends = _view(array, 1, np.int64, len(array) + 1)
    begin, end = int(ends[0]), int(_check_offsets(ends, len(array.values))[-1])
    values = array.values[begin:end]
    null = values.is_null().to_numpy(zero_copy_only=False) if values.null_count else None
    ids = values.fill_null(0).to_numpy(zero_copy_only=False)
    valid = _valid(array)
    bounds = (ends - begin).tolist()
    lists: list[Any] = []
    for i, (first, last) in enumerate(itertools.pairwise(bounds)):
        if valid is not None and not valid[i]:
            lists.append(None)
        elif null is not None and null[first:last].any():
            lists.append(HAS_NULL)
        else:
            lists.append(ids[first:last])
    return lists


def _as_large_string(pa: Any, array: Any) -> Any:
    """Return an array of strings, of any type, as large_string."""
    if pa.types.is_dictionary(array.type):  # not every dictionary type can be cast
        words = array.dictionary.cast(pa.large_string())
        array = pa.DictionaryArray.from_arrays(array.indices, words)
    return array.cast(pa.large_string())


def _view(array: Any, index: int, kind: Any, items: int) -> npt.NDArray[Any]:
    """Return a buffer of a pyarrow array, from the array's start on."""
    buffer = array.buffers()[index]
    if buffer is None or not len(array):  # empty, or of unknown size
        return np.zeros(items, kind)
    size = np.dtype(kind).itemsize
    if buffer.size < (array.offset + items) * size:
        raise CorruptColumnError("a buffer is too short")
    return np.frombuffer(buffer, kind, items, array.offset * size)


def _check_offsets(offsets: npt.NDArray[np.int64], end: int) -> npt.NDArray[np.int64]:
    if offsets[0] < 0 or offsets[-1] > end or (offsets[1:] < offsets[:-1]).any():
        raise CorruptColumnError("offsets descend, or exceed the end")
    return offsets


def _valid(array: Any) -> npt.NDArray[np.uint8] | None:
    if not array.null_count:
        return None
    valid: npt.NDArray[np.bool_] = array.is_valid().to_numpy(zero_copy_only=False)
    return valid.view(np.uint8)


def _strings(
    array: Any,
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.uint8] | None]:
    """Return bytes, offsets and validity of an array of large_string."""
    offsets = _view(array, 1, np.int64, len(array) + 1)
    buffer = array.buffers()[2]
    size = 0 if buffer is None else buffer.size
    begin, end = int(offsets[0]), int(_check_offsets(offsets, size)[-1])
    data = np.frombuffer(b"" if buffer is None else buffer, np.uint8)[begin:end]
    return data, offsets - begin, _valid(array)


def _without_nulls(
    data: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    lists: npt.NDArray[np.int64],
    present: npt.NDArray[np.bool_],
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Drop null strings, and the bytes that some writers keep for them."""
    lengths = np.diff(offsets)
    if lengths[~present].any():
        data = data[np.repeat(present, lengths)]
    before = np.zeros(len(present) + 1, np.int64)
    np.cumsum(present, out=before[1:])
    kept = np.zeros(int(before[-1]) + 1, np.int64)
    np.cumsum(lengths[present], out=kept[1:])
    return data, kept, before[lists]


def from_lists(kind: str, cells: list[Any], first: int) -> ColumnBatch:
    """Return a batch of Python cells: strings or lists of strings, and None for nulls."""
    valid = None
    if None in cells:
        valid = np.array([cell is not None for cell in cells], np.uint8)
    lists = None
    tokens = ["" if cell is None else cell for cell in cells]
    if kind == "lists":
        lists = _offsets([0 if cell is None else len(cell) for cell in cells])
        tokens = [token for cell in cells if cell is not None for token in cell]
    # Lone surrogates become bytes that the encoder rejects, replaces or drops.
    encoded = [token.encode("utf-8", "surrogatepass") for token in tokens]
    data = np.frombuffer(b"".join(encoded), np.uint8)
    return ColumnBatch(
        kind or "strings", data, _offsets(list(map(len, encoded))), lists, valid, first
    )


def _offsets(lengths: list[int]) -> npt.NDArray[np.int64]:
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets
