"""Which files a path, a directory or a pattern means, and opening them."""

from __future__ import annotations

import errno
import glob
import io
import os
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from w2v._types import PathLike

STDIN = "-"


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
    """

    path: PathLike
    size: int | None
    modified: float

    @property
    def name(self) -> str:
        """The name of the file in messages."""
        return "standard input" if self.path == STDIN else os.fsdecode(self.path)

    def open(self) -> io.FileIO:
        """Open the file for reading bytes, unbuffered."""
        return _with_path(_open, self.path)


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
    name = os.fsdecode(source)
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
    return [stat_input(source)]


def _walk_files(directory: str) -> Iterator[str]:
    for folder, folders, names in os.walk(directory, onerror=_raise):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield os.path.join(folder, name)


def _raise(error: OSError) -> None:
    raise error


def stat_input(path: PathLike) -> InputFile:
    """Return a file with its size and time of modification, without opening it.

    Raises
    ------
    OSError
        It does not exist, or is a directory.
    """
    state = os.fstat(_stdin()) if path == STDIN else _with_path(os.stat, path)
    if stat.S_ISDIR(state.st_mode):
        raise _explained(IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)), path)
    if not stat.S_ISREG(state.st_mode) or path == STDIN:
        return InputFile(path, None, 0.0)
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
    code, reason = error.errno, error.strerror
    if code in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
        code = errno.ENOENT
        if isinstance(path, str):
            reason = (
                f"{reason} (a str is interpreted as a path; to pass text, wrap it in a list: "
                "[text])"
            )
    elif code == errno.EISDIR:
        reason = f"{reason} (expected a file)"
    elif code == errno.EACCES:
        reason = f"{reason} (check the read permission)"
    name = os.fsdecode(path)
    return OSError(code, reason, name if len(name) <= 200 else name[:200] + "...")
