"""Files to read: which ones are meant, what is in them, and their bytes, decompressed.

What a file is, is told by its first bytes and never by its name. Compressed files are decompressed
in a thread of their own, a few pieces ahead of whoever reads them.
"""

from __future__ import annotations

import contextlib
import errno
import glob
import importlib
import io
import os
import queue
import stat
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from w2v._types import PathLike

STDIN = "-"
HEAD = 12  # bytes enough to tell what a file is
_PIECE = 1 << 18  # bytes of decompressed text handed on at a time
_AHEAD = 8  # such pieces, at most, wait for their reader

_NO_TEXT = {
    b"\xff\xfe": "UTF-16 or UTF-32 text (it starts with a byte-order mark)",
    b"\xfe\xff": "UTF-16 text (it starts with a byte-order mark)",
    b"\x00\x00\xfe\xff": "UTF-32 text (it starts with a byte-order mark)",
    b"PK\x03\x04": "a zip archive",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"\x1f\x9d": "compressed by compress (.Z)",
    b"\x04\x22\x4d\x18": "lz4-compressed",
    b"%PDF-": "a PDF document",
}
_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}


@dataclass(frozen=True)
class TextFile:
    """A file to read, looked at once before anything is read.

    Attributes
    ----------
    path : str
        ``"-"`` is standard input.
    size : int or None
        Bytes of a regular file; None for pipes and files that do not know their size.
    modified : float
        Seconds since 1970; 0 for pipes.
    """

    path: PathLike
    size: int | None
    modified: float

    @property
    def name(self) -> str:
        """What messages call it."""
        return "standard input" if self.path == STDIN else os.fsdecode(self.path)

    def open(self) -> io.FileIO:
        """Open it for reading bytes, without a buffer."""
        return _attempt(_open, self.path)


# ---- Which files ---------------------------------------------------------------------------------


def find(source: PathLike) -> list[TextFile]:
    """Return the files that a path stands for, in order.

    A directory stands for all files in it and below, a pattern (``*``, ``?``, ``[``, ``**``) for
    those it matches, each sorted by name and without hidden ones; ``"-"`` is standard input.

    Raises
    ------
    OSError
        If there is no such file, or none in the directory or under the pattern.
    """
    if isinstance(source, str) and source == STDIN:
        return [look_at(source)]
    name = os.fsdecode(source)
    if os.path.isdir(source):
        paths = [path for path in _below(name) if os.path.isfile(path)]
        if not paths:
            raise FileNotFoundError(
                errno.ENOENT, "no files in this directory (hidden ones are left out)", name
            )
        return [look_at(path) for path in paths]
    if glob.has_magic(name) and not os.path.lexists(source):
        paths = sorted(path for path in glob.glob(name, recursive=True) if os.path.isfile(path))
        if not paths:
            raise FileNotFoundError(errno.ENOENT, "no file matches this pattern", name)
        return [look_at(path) for path in paths]
    return [look_at(source)]


def _below(directory: str) -> Iterator[str]:
    for folder, folders, names in os.walk(directory, onerror=_raise):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield os.path.join(folder, name)


def _raise(error: OSError) -> None:
    raise error


def look_at(path: PathLike) -> TextFile:
    """Return a file's size, if it has one.

    Raises
    ------
    OSError
        If it is missing or no file.
    """
    state = os.fstat(_stdin()) if path == STDIN else _attempt(os.stat, path)
    if stat.S_ISDIR(state.st_mode):
        raise _explained(IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)), path)
    if not stat.S_ISREG(state.st_mode) or path == STDIN:
        return TextFile(path, None, 0.0)
    # Files of /proc say that they are empty.
    return TextFile(path, state.st_size or None, state.st_mtime)


def _stdin() -> int:
    try:
        return sys.stdin.fileno()
    except (AttributeError, ValueError, OSError):
        raise OSError(
            errno.EBADF, "there is no standard input to read (is it closed, or replaced?)", STDIN
        ) from None


def _open(path: PathLike) -> io.FileIO:
    if path == STDIN:
        return io.FileIO(_stdin(), "rb", closefd=False)
    return open(path, "rb", buffering=0)


_T = TypeVar("_T")


def _attempt(action: Callable[[PathLike], _T], path: PathLike) -> _T:
    """Return action(path); its errors name the path and say what to do."""
    try:
        return action(path)
    except ValueError:  # a NUL character: no path at all
        raise _explained(FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)), path) from None
    except OSError as error:
        raise _explained(error, path) from None


def _explained(error: OSError, path: PathLike) -> OSError:
    code, reason = error.errno, error.strerror
    if code in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
        code = errno.ENOENT
        if isinstance(path, str):
            reason = (
                f"{reason} (a string is taken as a path; text itself goes in as a list of lines, "
                "[text])"
            )
    elif code == errno.EISDIR:
        reason = f"{reason} (expected a file)"
    elif code == errno.EACCES:
        reason = f"{reason} (the file has to be readable for this user)"
    name = os.fsdecode(path)
    return OSError(code, reason, name if len(name) <= 200 else name[:200] + "...")


# ---- What is in them -----------------------------------------------------------------------------


def read_head(file: io.RawIOBase) -> bytes:
    """Return the first bytes, as many as it takes to tell what a file is."""
    head = b""
    while len(head) < HEAD and (more := file.read(HEAD - len(head))):
        head += more
    return head


def compression(head: bytes) -> str | None:
    """Return how a file that begins like this is compressed, or None."""
    for signature, kind in _COMPRESSED.items():
        if head.startswith(signature) and (kind != "bzip2" or _is_bzip2(head)):
            return kind
    return None


def _is_bzip2(head: bytes) -> bool:
    # A level and then a block or the end of the stream: "BZh" alone may begin a text.
    return head[3:4].isdigit() and head[4:10] in (b"1AY&SY", b"\x17rE8P\x90")


def refuse_foreign(head: bytes, name: str) -> None:
    """Raise a ValueError where this is the beginning of something other than UTF-8 text."""
    for signature, kind in _NO_TEXT.items():
        if head.startswith(signature):
            raise ValueError(
                f"{name}: expected UTF-8 text, plain or compressed by gzip, bzip2, xz or zstd, but "
                f"this is {kind}; convert it, or open it in Python and give the lines, as in "
                "Corpus(open(path, encoding='utf-16'))"
            )


# ---- Decompressing -------------------------------------------------------------------------------


class Bytes(Protocol):
    """What text is read from."""

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Fill a part of the buffer; return how many bytes, 0 at the end."""


class _Decompressor(Protocol):
    eof: bool
    unused_data: bytes

    def decompress(self, data: bytes, limit: int, /) -> bytes: ...


class _Gzip:
    """zlib's decompressor with the manners of the others: it keeps what it has not used."""

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


def _decompressors(kind: str, name: str) -> Callable[[], Any]:
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
            f"{name} is zstd-compressed: reading it needs Python 3.14 or the package "
            "backports.zstd; pip install 'w2v[zstd]'"
        ) from None


def _pieces(file: io.RawIOBase, raw: bytes, kind: str, name: str) -> Iterator[tuple[bytes, int]]:
    """Give decompressed pieces and the number of the archive's member that each is from."""
    new = _decompressors(kind, name)
    signature = next(begin for begin, what in _COMPRESSED.items() if what == kind)
    member, done = 1, 0
    try:
        while True:
            inner = new()
            while not inner.eof:
                piece = inner.decompress(raw, _PIECE)
                raw = b""
                done += len(piece)
                if piece:
                    yield piece, member
                if not inner.eof and inner.needs_input:
                    raw = file.read(_PIECE) or b""
                    if not raw:
                        raise EOFError("it ends in the middle")
            raw = inner.unused_data
            # Writers may pad a member with zeros.
            while not raw.lstrip(b"\0") and (more := file.read(_PIECE)):
                raw += more
            raw = raw.lstrip(b"\0")
            while raw and len(raw) < HEAD and (more := file.read(_PIECE)):
                raw += more
            if not raw:
                return
            if not raw.startswith(signature) and kind != "zstd":
                raise ValueError(f"what follows its member {member} is no {kind} data")
            member += 1
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # of the file itself
        raise ValueError(
            f"{name}: truncated or corrupt {kind} data ({error}), in member {member} after "
            f"{done:,} bytes of text; copy the file again or make it anew"
        ) from error


class Decompressed:
    """The text of a compressed file, decompressed ahead in a thread of its own.

    A context manager: leaving it ends the thread.
    """

    def __init__(self, file: io.FileIO, head: bytes, kind: str, name: str) -> None:
        self._file = file
        self._queue: queue.Queue[tuple[Any, int]] = queue.Queue(_AHEAD)
        self._left = memoryview(b"")
        self._position = 0
        self._members: list[int] = []
        self._closed = False
        self._thread = threading.Thread(
            target=self._work, args=(head, kind, name), name="w2v-decompress", daemon=True
        )

    def __enter__(self) -> Decompressed:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._closed = True
        # The thread may be waiting for room in the queue; or for a pipe, which may take for ever.
        while self._thread.is_alive() and self._file.seekable():
            with contextlib.suppress(queue.Empty):
                self._queue.get(timeout=0.01)

    def _work(self, head: bytes, kind: str, name: str) -> None:
        try:
            for piece in _pieces(self._file, head, kind, name):
                self._queue.put(piece)
                if self._closed:
                    return
            self._queue.put((b"", 0))
        except BaseException as error:
            self._queue.put((error, 0))

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill a part of the buffer; return how many bytes, 0 at the end."""
        if not self._left:
            piece, member = self._queue.get()
            if isinstance(piece, BaseException):
                self._queue.put((piece, 0))  # for whoever asks again
                raise piece
            if not piece:
                self._queue.put((b"", 0))
                return 0
            if member > len(self._members):
                self._members += [self._position] * (member - len(self._members))
            self._left = memoryview(piece)
        n = min(len(buffer), len(self._left))
        buffer[:n] = self._left[:n]
        self._left = self._left[n:]
        self._position += n
        return n

    def place(self, position: int) -> str:
        """Say where a byte of the text is, for a message."""
        member = sum(begin <= position for begin in self._members)
        where = f"byte {position}"
        if len(self._members) > 1:
            where += f", byte {position - self._members[member - 1]} of member {member}"
        return where
