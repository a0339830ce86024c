"""Files of a cluster: local ones as everywhere in w2v, others through pyarrow and fsspec.

An address is ``scheme://...``. pyarrow knows file, s3, gs, abfs and hdfs by itself; every other
scheme is fsspec's.
"""

from __future__ import annotations

import contextlib
import glob
import importlib
import io
import os
import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from w2v._types import PathLike
from w2v.io.atomic import atomic_write
from w2v.io.input_files import InputFile, resolve_paths

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_ATOMIC = ("s3", "gcs", "abfs")  # where a file appears when it is complete


def is_address(path: object) -> bool:
    """Return whether a path is ``scheme://...``."""
    return isinstance(path, str) and _ADDRESS.match(path) is not None


def _file_system(address: str) -> tuple[Any, str]:
    """Return a file system of pyarrow and the path in it; of a local file, None and its path."""
    try:
        fs = importlib.import_module("pyarrow.fs")
        pa = importlib.import_module("pyarrow")
    except ImportError:
        raise ImportError(f"{address}: reading it needs pyarrow; pip install 'w2v[ray]'") from None
    try:
        found, path = fs.FileSystem.from_uri(address)
    except pa.ArrowInvalid:  # no scheme that pyarrow knows
        try:
            other, path = importlib.import_module("fsspec.core").url_to_fs(address)
        except (ImportError, ValueError) as error:
            raise ValueError(
                f"{address}: no file system for this scheme ({error}); install the package of "
                "fsspec that has it, or copy the files to a file system that is mounted"
            ) from None
        found = fs.PyFileSystem(fs.FSSpecHandler(other))
    return (None if found.type_name == "local" else found), path


# ---- Reading -------------------------------------------------------------------------------------


class RemoteStream(io.RawIOBase):
    """The bytes of a file on another machine."""

    def __init__(self, file: Any) -> None:
        self.file = file

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Fill the buffer, or a part of it."""
        data = self.file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, position: int, whence: int = 0, /) -> int:
        """Go to a position."""
        self.file.seek(position, whence)
        return int(self.file.tell())

    def close(self) -> None:
        """Close the file."""
        if not self.closed:
            self.file.close()
        super().close()


@dataclass(frozen=True)
class RemoteFile(InputFile):
    """A file of a file system of pyarrow; `path` is its address, for messages."""

    file_system: Any = None
    inner_path: str = ""

    def open(self) -> Any:
        """Open the file for reading bytes, at any position."""
        return RemoteStream(self.file_system.open_input_file(self.inner_path))

    def current_size(self, file: Any) -> int:
        """Return the bytes of the open file."""
        return int(file.file.size())


def resolve(source: PathLike | Sequence[PathLike]) -> list[InputFile]:
    """Return the files that paths, addresses, folders and patterns mean, in order.

    Raises
    ------
    OSError
        No file is there.
    ValueError
        No file system has this scheme.
    """
    if isinstance(source, list | tuple):
        return [file for one in source for file in resolve(one)]
    if not is_address(source):
        return resolve_paths(source)  # type: ignore[arg-type]
    address = str(source)
    system, path = _file_system(address)
    if system is None:
        return resolve_paths(path)
    fs: Any = importlib.import_module("pyarrow.fs")
    with _named(address):
        info = system.get_file_info(path)
        if info.type == fs.FileType.File:
            found = [info]
        elif info.type == fs.FileType.Directory:
            found = system.get_file_info(fs.FileSelector(path, recursive=True))
            found = [one for one in found if not _is_hidden(one.path[len(path) :])]
        elif glob.has_magic(path):
            folder = re.split(r"[*?\[]", path)[0].rpartition("/")[0]
            selector = fs.FileSelector(folder, allow_not_found=True, recursive=True)
            matches = re.compile(_pattern(path)).fullmatch
            found = [one for one in system.get_file_info(selector) if matches(one.path)]
        else:
            found = []
    files = sorted((one for one in found if one.is_file), key=lambda one: str(one.path))
    if not files:
        raise FileNotFoundError(2, "no such file, or no file in this folder or pattern", address)
    scheme = address.partition("://")[0]
    return [
        RemoteFile(
            f"{scheme}://{one.path.lstrip('/')}",
            one.size or None,
            one.mtime.timestamp() if one.mtime is not None else 0.0,
            file_system=system,
            inner_path=one.path,
        )
        for one in files
    ]


def _is_hidden(path: str) -> bool:
    return any(name.startswith(".") for name in path.split("/"))


def _pattern(path: str) -> str:
    """Return a regular expression for a pattern, as `glob` reads it."""
    found = ""
    for piece in re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]+\])", path):
        wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
        if piece in wild:
            found += wild[piece]
        elif piece[:1] == "[" and piece[-1:] == "]":
            found += "[^" + piece[2:] if piece[1] == "!" else piece
        else:
            found += re.escape(piece)
    return found


@contextlib.contextmanager
def _named(address: str) -> Iterator[None]:
    """Add the address to errors of file systems that lack it."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename is not None:
            raise
        raise OSError(error.errno or 5, str(error), address) from error


# ---- Writing -------------------------------------------------------------------------------------


class Folder:
    """The folder that a corpus is written to, on a disk that all machines reach, or an address.

    Parameters
    ----------
    path : str or path-like
    """

    def __init__(self, path: PathLike) -> None:
        self.name = os.fspath(path).rstrip("/") or "/"
        self.system: Any = None
        self.inner = os.path.abspath(self.name)
        if is_address(self.name):
            self.system, self.inner = _file_system(self.name)

    @property
    def place(self) -> str:
        """The absolute path, or the address."""
        return self.inner if self.system is None else self.name

    def create(self) -> None:
        """Make the folder, if it is not there."""
        if self.system is None:
            os.makedirs(self.inner, exist_ok=True)
        else:
            with _named(self.name):
                self.system.create_dir(self.inner, recursive=True)

    def path(self, file: str) -> str:
        """Return the path or address of a file."""
        return os.path.join(self.inner, file) if self.system is None else f"{self.name}/{file}"

    def write(self, file: str, chunks: Iterable[Any]) -> None:
        """Write a file, which appears when it is complete."""
        if self.system is None:
            with atomic_write(self.path(file)) as temporary, open(temporary, "wb") as output:
                for chunk in chunks:
                    output.write(chunk)
            return
        destination = f"{self.inner}/{file}"
        begun = destination
        if self.system.type_name not in _ATOMIC:
            begun += f".{uuid.uuid4().hex}.incomplete"
        try:
            with _named(self.path(file)):
                with self.system.open_output_stream(begun) as output:
                    for chunk in chunks:
                        output.write(chunk)
                if begun != destination:
                    self.system.move(begun, destination)
        except BaseException:
            with contextlib.suppress(Exception):
                self.system.delete_file(begun)
            raise

    def read(self, file: str) -> bytes | None:
        """Return the content of a file; None if it is not there."""
        with contextlib.suppress(OSError):
            if self.system is None:
                with open(self.path(file), "rb") as opened:
                    return opened.read()
            with self.system.open_input_stream(f"{self.inner}/{file}") as stream:
                return bytes(stream.read())
        return None

    def remove(self, file: str) -> None:
        """Delete a file, if it is there and can be deleted."""
        with contextlib.suppress(OSError):
            if self.system is None:
                os.unlink(self.path(file))
            else:
                self.system.delete_file(f"{self.inner}/{file}")
