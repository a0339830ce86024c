"""The bytes of vector files, compressed or not: read within a limit, and written.

What compression a file has is told by its first bytes when it is read, by its name when it is
written.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator
from typing import IO, Any

from w2v._types import PathLike
from w2v.io.atomic import replacing
from w2v.io.input_files import Decompressed, compression, look_at, read_head

_EXPANSION = 100  # times its size: vectors compress to a half or a tenth, a bomb to a thousandth
_LEAST_LIMIT = 1 << 26  # bytes
COMPRESSED = {".gz": "gzip", ".bz2": "bz2", ".xz": "lzma", ".zst": "zstd"}


class Stream:
    """The bytes of a file from its beginning, decompressed.

    Attributes
    ----------
    name : str
    most : int or None
        Bytes that it can hold: of a plain file its size, of a compressed one the limit, of a pipe
        not known.
    plain : bool
        Not compressed: `most` is exact.
    """

    def __init__(self, source: Any, name: str, most: int | None, plain: bool) -> None:
        self._source, self.name, self.most, self.plain = source, name, most, plain
        self.position = 0
        self._peeked = b""

    def readinto(self, buffer: memoryview) -> int:
        """Fill the buffer, or what the file has left of it; return how many bytes."""
        taken = min(len(self._peeked), len(buffer))
        buffer[:taken] = self._peeked[:taken]
        self._peeked = self._peeked[taken:]
        while taken < len(buffer):
            more = self._source.readinto(buffer[taken:])
            if not more:
                break
            taken += more
            if not self.plain and self.most is not None and self.position + taken > self.most:
                raise ValueError(
                    f"{self.name}: more than {self.most:,} bytes when decompressed, many times the "
                    "size of the file: this may be a zip bomb; if it is not, allow for it with "
                    "max_size="
                )
        self.position += taken
        return taken

    def peek(self, size: int) -> bytes:
        """Return the next bytes, fewer at the end, and leave them to be read."""
        before, buffer = self.position, bytearray(size)
        taken = self.readinto(memoryview(buffer))
        self.position = before
        self._peeked = bytes(buffer[:taken]) + self._peeked
        return bytes(buffer[:taken])

    def rest(self) -> bytes:
        """Return all that is left."""
        pieces = []
        buffer = bytearray(1 << 20)
        while taken := self.readinto(memoryview(buffer)):
            pieces.append(bytes(buffer[:taken]))
        return b"".join(pieces)

    def line(self, limit: int) -> bytes:
        """Return the first line, cut after `limit` bytes, and pass over it."""
        head, newline, _ = self.peek(limit).partition(b"\n")
        line = head + newline
        self.readinto(memoryview(bytearray(len(line))))
        return line


@contextlib.contextmanager
def reading(path: PathLike, max_size: int | None = None) -> Iterator[Stream]:
    """Open a file, decompressing where its first bytes say so.

    Parameters
    ----------
    path : str or path-like
    max_size : int, optional
        Bytes that a compressed file may have when decompressed; default 100 times its size, or
        64 MiB where that is more.

    Raises
    ------
    OSError
        It cannot be read.
    ValueError
        While reading: compressed data are damaged or exceed the limit.
    """
    if max_size is not None and max_size < 1:
        raise ValueError(f"max_size={max_size!r}: expected a number of bytes, or None")
    found = look_at(path)
    with found.open() as file:
        size = os.fstat(file.fileno()).st_size if found.size is not None else None
        head = read_head(file)
        kind = compression(head)
        if kind is None:
            stream = Stream(file, found.name, size, True)
            stream._peeked = head
            yield stream
            return
        limit = max_size or max(_LEAST_LIMIT, _EXPANSION * (size or 0))
        with Decompressed(file, head, kind, found.name) as data:
            yield Stream(data, found.name, limit, False)


@contextlib.contextmanager
def writing(path: PathLike) -> Iterator[IO[bytes]]:
    """Open a file that takes the place of `path` when all went well, compressed as its name says.

    Raises
    ------
    OSError
        See `replacing`.
    ImportError
        The name ends in .zst, and this Python has no zstd.
    """
    kind = COMPRESSED.get(os.path.splitext(os.fspath(path))[1].lower())
    with replacing(path) as temporary, open(temporary, "wb") as raw:
        if kind is None:
            yield raw
            return
        if kind == "gzip":
            import gzip

            # No name and no time: the same vectors make the same bytes.
            packed: Any = gzip.GzipFile("", "wb", 6, raw, mtime=0)
        else:
            module = _zstd(path) if kind == "zstd" else importlib.import_module(kind)
            packed = module.open(raw, "wb")
        with packed:
            yield packed


def _zstd(path: PathLike) -> Any:
    package = "compression" if sys.version_info >= (3, 14) else "backports"
    try:
        return importlib.import_module(f"{package}.zstd")
    except ImportError:
        raise ImportError(
            f"{os.fspath(path)}: writing zstd needs Python 3.14 or the package backports.zstd; pip "
            "install 'w2v[zstd]'"
        ) from None


def bare_extension(path: PathLike) -> str:
    """Return a name's extension in lower case, that of a compression left out."""
    root, extension = os.path.splitext(os.fspath(path).lower())
    return os.path.splitext(root)[1] if extension in COMPRESSED else extension
