"""How large the columns of Parquet and Arrow files become, by what the files declare.

A few hundred bytes of compressed or repeated numbers can expand to gigabytes. pyarrow allocates
them without asking, and looking at a damaged Parquet footer through it can end the process (pyarrow
26), so the few fields with sizes are read here. Anything that does not parse is a ValueError.

Parquet: https://parquet.apache.org/docs/file-format/metadata/ in Thrift's compact protocol.
Arrow: https://arrow.apache.org/docs/format/Columnar.html, messages in flatbuffers.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

_MAX_DEPTH = 32  # of structures within structures
_MAX_MESSAGE = 1 << 28  # bytes of a message without its body


# ---- Parquet -------------------------------------------------------------------------------------


class _Thrift:
    """Reads structures of Thrift's compact protocol: dicts of field numbers and values."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
            if shift > 63:
                raise ValueError("an integer is too long")

    def integer(self) -> int:
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def bytes(self, size: int) -> bytes:
        if size > len(self.data) - self.at:
            raise ValueError("a string is longer than the footer")
        self.at += size
        return self.data[self.at - size : self.at]

    def value(self, kind: int, depth: int) -> Any:
        if kind in (1, 2):  # true and false
            return kind == 1
        if kind == 3:
            return self.bytes(1)
        if kind in (4, 5, 6):
            return self.integer()
        if kind == 7:
            return self.bytes(8)
        if kind == 8:
            return self.bytes(self.varint())
        if kind in (9, 10):  # list and set
            head = self.bytes(1)[0]
            size, of = head >> 4, head & 15
            size = self.varint() if size == 15 else size
            # An element takes a byte at least, a boolean too.
            elements = min(size, len(self.data))
            return [self.value(3 if of < 3 else of, depth + 1) for _ in range(elements)]
        if kind == 12:
            return self.struct(depth + 1)
        raise ValueError(f"a field has the unknown type {kind}")

    def struct(self, depth: int = 0) -> dict[int, Any]:
        if depth > _MAX_DEPTH:
            raise ValueError("structures are nested too deep")
        fields: dict[int, Any] = {}
        number = 0
        while head := self.bytes(1)[0]:
            number = number + (head >> 4) if head >> 4 else self.integer()
            fields[number] = self.value(head & 15, depth)
        return fields


class RowGroup(NamedTuple):
    """What a row group declares: its rows, and the values of each column by name."""

    rows: int
    values: dict[str, int]


def parquet_row_groups(file: BinaryIO) -> list[RowGroup]:
    """Return what the row groups of a Parquet file declare.

    Columns are named by the first part of their path; "vector.list.element" is "vector".
    """
    size = file.seek(0, 2)
    file.seek(max(0, size - 8))
    length = int.from_bytes(file.read(4), "little")
    if length > size - 8:
        raise ValueError(f"the footer has {length:,} bytes, the file {size:,}")
    file.seek(size - 8 - length)
    groups = []
    for group in _Thrift(file.read(length)).struct().get(4, []):
        values: dict[str, int] = {}
        for column in group[1]:
            name = column[3][3][0].decode()
            values[name] = max(values.get(name, 0), int(column[3][5]))
        groups.append(RowGroup(int(group[3]), values))
    return groups


# ---- Arrow ---------------------------------------------------------------------------------------


class _Flatbuffer:
    """Reads tables of a flatbuffer. Offsets that leave it raise struct.error."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def read(self, form: str, at: int) -> int:
        if at < 0:
            raise ValueError("an offset is negative")
        return int(struct.unpack_from(form, self.data, at)[0])

    def field(self, table: int, number: int) -> int:
        """Return the position of a field, or 0 if the table lacks it."""
        layout = table - self.read("<i", table)
        slot = 4 + 2 * number
        if slot >= self.read("<H", layout):
            return 0
        offset = self.read("<H", layout + slot)
        return table + offset if offset else 0

    def child(self, table: int, number: int) -> int:
        """Return the position of the table or vector that a field refers to, or 0."""
        at = self.field(table, number)
        return at + self.read("<I", at) if at else 0

    def number(self, table: int, number: int, form: str) -> int:
        at = self.field(table, number)
        return self.read(form, at) if at else 0


class BatchSize(NamedTuple):
    """What a batch of an Arrow file declares; a dictionary has no rows."""

    rows: int
    size: int  # bytes of its buffers, decompressed


def arrow_batches(file: BinaryIO, end: int) -> Iterator[BatchSize]:
    """Yield what the batches of an Arrow stream declare, from the position of the file on.

    Parameters
    ----------
    file : BinaryIO
    end : int
        Where the stream ends; its end marker has to be there.
    """
    while True:
        mark = file.read(4)
        length = file.read(4) if mark == b"\xff\xff\xff\xff" else mark  # older files have no mark
        if len(length) < 4 or file.tell() > end:
            raise ValueError("the end marker is missing")
        size = int.from_bytes(length, "little")
        if size == 0:
            return
        if size > min(_MAX_MESSAGE, end - file.tell()):
            raise ValueError(f"a message of {size:,} bytes is longer than the file")
        message = _Flatbuffer(file.read(size))
        root = message.read("<I", 0)
        kind, body = message.number(root, 1, "<B"), message.number(root, 3, "<q")
        start = file.tell()
        if not 0 <= body <= end - start:
            raise ValueError(f"a batch of {body:,} bytes is longer than the file")
        if kind in (2, 3):
            batch = message.child(root, 2)
            if kind == 2:  # a dictionary
                batch = message.child(batch, 1)
            rows = message.number(batch, 0, "<q") if kind == 3 else 0
            yield BatchSize(rows, _buffers(message, batch, file, start, start + body))
        file.seek(start + body)


def _buffers(message: _Flatbuffer, batch: int, file: BinaryIO, start: int, end: int) -> int:
    """Return the bytes of the buffers of a batch, decompressed."""
    listed = message.child(batch, 2)
    compressed = message.child(batch, 3)
    total = 0
    for i in range(message.read("<I", listed) if listed else 0):
        offset, length = (message.read("<q", listed + 4 + 16 * i + 8 * part) for part in (0, 1))
        if min(offset, length) < 0 or start + offset + length > end:
            raise ValueError("a buffer is not within its batch")
        if compressed and length >= 8:
            file.seek(start + offset)
            size = int.from_bytes(file.read(8), "little", signed=True)
            length = length - 8 if size == -1 else size
            if length < 0:
                raise ValueError("a buffer has a negative size")
        total += length
    return total
