"""Compressed files: opened by their first bytes, read within a limit, written as the name says.

A compressed file is decompressed in a thread of its own, a few chunks ahead of the reader.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import queue
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any

from w2v._types import PathLike
from w2v._validation import at_least, parse_size
from w2v.io import sniff
from w2v.io.atomic import atomic_write
from w2v.io.input_files import stat_input

EXTENSIONS = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd"}

_CHUNK = 1 << 18  # bytes read or decompressed at a time
_CHUNKS_AHEAD = 8  # chunks at most wait for the reader
# Vectors compress to between a half and a tenth of their size, a zip bomb to a thousandth.
_MAX_RATIO = 100
_MIN_LIMIT = 1 << 26  # bytes


def max_bytes(max_size: int | str | None) -> int | None:
    """Return `max_size` in bytes; a ValueError or TypeError names the argument."""
    if isinstance(max_size, (str, float, bool)):  # a float for the message only
        return parse_size(max_size, "max_size", 1)
    return None if max_size is None else at_least(1, "max_size", max_size)


def size_limit(size: int, max_size: int | None) -> int:
    """Return how many bytes a file of `size` bytes may have when decompressed.

    By default 100 times its size, and at least 64 MiB.
    """
    return max_size or max(_MIN_LIMIT, _MAX_RATIO * size)


def bare_extension(path: PathLike) -> str:
    """Return the extension of a name in lower case, ignoring that of a compression."""
    root, extension = os.path.splitext(os.fspath(path).lower())
    return os.path.splitext(root)[1] if extension in EXTENSIONS else extension


# ---- Decompression -------------------------------------------------------------------------------


class _Gzip:
    """The zlib decompressor with the interface of the others: it keeps unused input itself."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)
        self._left = b""

    def decompress(self, data: bytes, limit: int, /) -> bytes:
        out = self._inner.decompress(self._left + data, limit)
        self._left = self._inner.unconsumed_tail
        return out

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._left


def _decompressor(kind: str, name: str) -> Callable[[], Any]:
    if kind == "gzip":
        return _Gzip
    if kind == "bzip2":
        import bz2

        return bz2.BZ2Decompressor
    if kind == "xz":
        import lzma

        return lzma.LZMADecompressor
    return _zstd(name).ZstdDecompressor  # type: ignore[no-any-return]


def _zstd(name: str) -> Any:
    package = "compression" if sys.version_info >= (3, 14) else "backports"
    try:
        return importlib.import_module(f"{package}.zstd")
    except ImportError:
        raise ImportError(
            f"{name}: zstd compression needs Python 3.14 or the package backports.zstd; "
            "pip install 'w2v[zstd]'"
        ) from None


def _chunks(file: io.RawIOBase, raw: bytes, kind: str, name: str) -> Iterator[tuple[bytes, int]]:
    """Yield decompressed chunks, each with the number of its archive member."""
    new = _decompressor(kind, name)
    member, done = 1, 0
    try:
        while True:
            inner = new()
            while not inner.eof:
                chunk = inner.decompress(raw, _CHUNK)
                raw = b""
                done += len(chunk)
                if chunk:
                    yield chunk, member
                if not inner.eof and inner.needs_input:
                    raw = file.read(_CHUNK) or b""
                    if not raw:
                        raise EOFError("unexpected end of file")
            raw = inner.unused_data
            # Writers may pad a member with zeros.
            while not raw.lstrip(b"\0") and (more := file.read(_CHUNK)):
                raw += more
            raw = raw.lstrip(b"\0")
            while raw and len(raw) < sniff.MAGIC_SIZE and (more := file.read(_CHUNK)):
                raw += more
            if not raw:
                return
            if not raw.startswith(sniff.MAGIC[kind]) and kind != "zstd":
                raise ValueError(f"invalid {kind} data after member {member}")
            member += 1
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # reading the file itself failed
        raise ValueError(
            f"{name}: truncated or corrupt {kind} data ({error}), in member {member} after "
            f"{done:,} bytes of text; copy or create the file again"
        ) from error


class DecompressedStream:
    """The content of a compressed file, decompressed ahead in a thread of its own.

    A context manager; leaving it ends the thread.
    """

    def __init__(self, file: io.FileIO, head: bytes, kind: str, name: str) -> None:
        self._file = file
        self._queue: queue.Queue[tuple[Any, int]] = queue.Queue(_CHUNKS_AHEAD)
        self._left = memoryview(b"")
        self._position = 0
        self._members: list[int] = []
        self._closed = False
        self._thread = threading.Thread(
            target=self._work, args=(head, kind, name), name="w2v-decompress", daemon=True
        )

    def __enter__(self) -> DecompressedStream:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._closed = True
        # The thread may be waiting for space in the queue, or for a pipe, possibly forever.
        while self._thread.is_alive() and self._file.seekable():
            with contextlib.suppress(queue.Empty):
                self._queue.get(timeout=0.01)

    def _work(self, head: bytes, kind: str, name: str) -> None:
        try:
            for chunk in _chunks(self._file, head, kind, name):
                self._queue.put(chunk)
                if self._closed:
                    return
            self._queue.put((b"", 0))
        except BaseException as error:
            self._queue.put((error, 0))

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill a part of the buffer; return the number of bytes, 0 at the end."""
        if not self._left:
            chunk, member = self._queue.get()
            if isinstance(chunk, BaseException):
                self._queue.put((chunk, 0))  # for the next call
                raise chunk
            if not chunk:
                self._queue.put((b"", 0))
                return 0
            if member > len(self._members):
                self._members += [self._position] * (member - len(self._members))
            self._left = memoryview(chunk)
        n = min(len(buffer), len(self._left))
        buffer[:n] = self._left[:n]
        self._left = self._left[n:]
        self._position += n
        return n

    def locate(self, position: int) -> str:
        """Return the location of a decompressed byte, for a message."""
        member = sum(begin <= position for begin in self._members)
        location = f"byte {position}"
        if len(self._members) > 1:
            location += f", byte {position - self._members[member - 1]} of member {member}"
        return location


# ---- Reading -------------------------------------------------------------------------------------


class InputStream:
    """The bytes of a file from its beginning, decompressed.

    Attributes
    ----------
    name : str
    max_size : int or None
        Upper bound on its bytes: the size of an uncompressed file, the limit for a compressed one,
        None for a pipe.
    is_uncompressed : bool
        If True, `max_size` is the exact size.
    position : int
        Bytes read so far.
    """

    def __init__(
        self,
        source: Any,
        name: str,
        max_size: int | None,
        is_uncompressed: bool,
        head: bytes = b"",
    ) -> None:
        self._source, self.name = source, name
        self.max_size, self.is_uncompressed = max_size, is_uncompressed
        self.position = 0
        self._peeked = head

    def readinto(self, buffer: memoryview) -> int:
        """Fill the buffer, or as much as the file has left; return the number of bytes."""
        taken = min(len(self._peeked), len(buffer))
        buffer[:taken] = self._peeked[:taken]
        self._peeked = self._peeked[taken:]
        while taken < len(buffer):
            more = self._source.readinto(buffer[taken:])
            if not more:
                break
            taken += more
            if (
                not self.is_uncompressed
                and self.max_size is not None
                and self.position + taken > self.max_size
            ):
                raise ValueError(
                    f"{self.name}: more than {self.max_size:,} bytes when decompressed, many times "
                    "the size of the file: this may be a zip bomb; if it is not, raise max_size="
                )
        self.position += taken
        return taken

    def peek(self, size: int) -> bytes:
        """Return the next bytes, fewer at the end, without consuming them."""
        before, buffer = self.position, bytearray(size)
        taken = self.readinto(memoryview(buffer))
        self.position = before
        self._peeked = bytes(buffer[:taken]) + self._peeked
        return bytes(buffer[:taken])

    def skip_bom(self) -> None:
        """Consume a byte-order mark, which is not part of the text."""
        if self.peek(len(sniff.BOM)) == sniff.BOM:
            self.readinto(memoryview(bytearray(len(sniff.BOM))))

    def read_all(self) -> bytes:
        """Return all remaining bytes."""
        chunks = []
        buffer = bytearray(1 << 20)
        while taken := self.readinto(memoryview(buffer)):
            chunks.append(bytes(buffer[:taken]))
        return b"".join(chunks)

    def readline(self, limit: int) -> bytes:
        """Consume and return the next line, at most `limit` bytes of it."""
        head, newline, _ = self.peek(limit).partition(b"\n")
        line = head + newline
        self.readinto(memoryview(bytearray(len(line))))
        return line


@contextlib.contextmanager
def open_input(path: PathLike, max_size: int | str | None = None) -> Iterator[InputStream]:
    """Open a file, and decompress it if its first bytes say that it is compressed.

    Parameters
    ----------
    path : str or path-like
    max_size : int or str, optional
        Maximum size of a compressed file in bytes when decompressed; default 100 times its
        compressed size, and at least 64 MiB.

    Raises
    ------
    OSError
        It cannot be read.
    ValueError
        While reading: the compressed data are corrupt or exceed the limit.
    """
    max_size = max_bytes(max_size)
    found = stat_input(path)
    with found.open() as file:
        size = os.fstat(file.fileno()).st_size if found.size is not None else None
        head = sniff.read_head(file)
        kind = sniff.compression_of(head)
        if kind is None:
            yield InputStream(file, found.name, size, True, head)
            return
        limit = size_limit(size or 0, max_size)
        with DecompressedStream(file, head, kind, found.name) as data:
            yield InputStream(data, found.name, limit, False)


# ---- Writing -------------------------------------------------------------------------------------


@contextlib.contextmanager
def open_output(path: PathLike) -> Iterator[IO[bytes]]:
    """Open a file for writing, atomically, and compress it if its extension says so.

    Raises
    ------
    OSError
        See `atomic_write`.
    ImportError
        The name ends in .zst, and this Python has no zstd.
    """
    kind = EXTENSIONS.get(os.path.splitext(os.fspath(path))[1].lower())
    with atomic_write(path) as temporary, open(temporary, "wb") as raw:
        if kind is None:
            yield raw
            return
        if kind == "gzip":
            import gzip

            # No name and no time: the same vectors make the same bytes.
            packed: Any = gzip.GzipFile("", "wb", 6, raw, mtime=0)
        elif kind == "zstd":
            packed = _zstd(os.fspath(path)).open(raw, "wb")
        else:
            packed = importlib.import_module({"bzip2": "bz2", "xz": "lzma"}[kind]).open(raw, "wb")
        with packed:
            yield packed
