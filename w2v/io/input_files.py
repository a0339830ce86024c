"""Which files a path, a directory or a pattern means, and opening them."""

from __future__ import annotations

import errno
import glob
import io
import os
import re
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from w2v._types import PathLike

STDIN = "-"

_TEXT_HINT = "a str is interpreted as a path; to pass text, wrap it in a list: [text]"
_ADDRESS = re.compile(r"(https?|s3|gs|ftp|hf|abfss?)://?")


@dataclass(frozen=True)
class InputFile:
    """A file to read, with its size as it was before reading.

    Attributes
    ----------
    path : str or path-like
        ``"-"`` is standard input.
    size : int or None
        Bytes of a regular file; None for pipes and files of unknown size.
    modified : float
        Seconds since 1970; 0 for pipes.
    is_pipe : bool
        Whether the bytes arrive once, and in order: pipes, sockets and standard input.
    """

    path: PathLike
    size: int | None
    modified: float
    is_pipe: bool = False

    @property
    def name(self) -> str:
        """The name of the file in messages."""
        return "standard input" if self.path == STDIN else os.fsdecode(self.path)

    def open(self) -> io.FileIO:
        """Open the file for reading bytes, unbuffered."""
        return _with_path(_open, self.path)

    def current_size(self, file: io.FileIO) -> int:
        """Return the bytes that the open file has by now."""
        return os.fstat(file.fileno()).st_size


def resolve_paths(source: PathLike) -> list[InputFile]:
    """Return the files that a path means, in order.

    Parameters
    ----------
    source : str or path-like
        A file; a directory, read recursively; a pattern (``*``, ``?``, ``[``, ``**``); or ``"-"``
        for standard input. Directories and patterns skip hidden files and are sorted by name.

    Raises
    ------
    OSError
        The file does not exist, or the directory or pattern contains none.
    """
    if isinstance(source, str) and source == STDIN:
        return [stat_input(source)]
    name = check_path(source)
    if os.path.isdir(source):
        paths = [path for path in _walk_files(name) if os.path.isfile(path)]
        if not paths:
            raise FileNotFoundError(
                errno.ENOENT, "no files in this directory (hidden files are skipped)", name
            )
        return [stat_input(path) for path in paths]
    if glob.has_magic(name) and not os.path.lexists(source):
        paths = sorted(path for path in glob.glob(name, recursive=True) if os.path.isfile(path))
        if not paths:
            raise FileNotFoundError(errno.ENOENT, "no file matches this pattern", name)
        return [stat_input(path) for path in paths]
    try:
        return [stat_input(source)]
    except FileNotFoundError as error:
        if not isinstance(source, str) or is_address(source):
            raise
        reason = f"{error.strerror} ({_TEXT_HINT})"
        raise FileNotFoundError(error.errno, reason, error.filename) from None


def _walk_files(directory: str) -> Iterator[str]:
    for folder, folders, names in os.walk(directory, onerror=_raise):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield os.path.join(folder, name)


def _raise(error: OSError) -> None:
    raise error


def check_path(path: object) -> str:
    """Return the name of a file; raise a TypeError unless `path` is a path."""
    if isinstance(path, (str, bytes, os.PathLike)):
        return os.fsdecode(path)
    remedy = ""
    if hasattr(path, "read"):
        remedy = "; write what is in the file object to a file, and pass its name"
    raise TypeError(
        f"{type(path).__name__} is not a path: expected the name of a local file, a str or "
        f"os.PathLike{remedy}"
    )


def is_address(name: str) -> bool:
    """Return whether a name is an address on a network; pathlib writes one with a single slash."""
    return _ADDRESS.match(name) is not None


def stat_input(path: PathLike) -> InputFile:
    """Return a file with its size and time of modification, without opening it.

    Raises
    ------
    OSError
        It does not exist, or is a directory.
    TypeError
        `path` is not a path.
    """
    check_path(path)
    state = os.fstat(_stdin()) if path == STDIN else _with_path(os.stat, path)
    if stat.S_ISDIR(state.st_mode):
        raise _explained(IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)), path)
    if not stat.S_ISREG(state.st_mode) or path == STDIN:
        is_pipe = path == STDIN or stat.S_ISFIFO(state.st_mode) or stat.S_ISSOCK(state.st_mode)
        return InputFile(path, None, 0.0, is_pipe)
    # Files in /proc report a size of 0.
    return InputFile(path, state.st_size or None, state.st_mtime)


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


def _with_path(action: Callable[[PathLike], _T], path: PathLike) -> _T:
    """Return action(path); errors name the path and say what to do."""
    try:
        return action(path)
    except ValueError:  # the string contains a NUL character, so it cannot be a path
        raise _explained(FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)), path) from None
    except OSError as error:
        raise _explained(error, path) from None


def _explained(error: OSError, path: PathLike) -> OSError:
    code, reason, name = error.errno, error.strerror, os.fsdecode(path)
    if code in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
        code = errno.ENOENT
        if is_address(name):
            reason = "this is an address, and only local files are read: download it first"
            name = _ADDRESS.sub(r"\1://", name)
    elif code == errno.EISDIR:
        reason = f"{reason} (expected a file)"
    elif code == errno.EACCES:
        reason = f"{reason} (check the read permission)"
    return OSError(code, reason, name if len(name) <= 200 else name[:200] + "...")
