"""Atomic writing: a file is replaced only when the new one is complete and on disk."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator

from w2v._types import PathLike
from w2v.io.temporary import create_file

_UNCHANGED = "the path was left unchanged"
_REMEDIES = {
    errno.ENOSPC: f"{_UNCHANGED}; free some space or write to another disk",
    errno.EDQUOT: f"{_UNCHANGED}; your disk quota is exceeded, free some space",
    errno.EACCES: f"{_UNCHANGED}; check the permissions or write to another directory",
    errno.EPERM: f"{_UNCHANGED}; check the permissions or write to another directory",
    errno.EROFS: f"{_UNCHANGED}; write to another disk",
    errno.ENOENT: "the directory does not exist; create it first",
    errno.ENOTDIR: "part of this path is a file, not a directory; choose another path",
    errno.EISDIR: "expected the name of a file",
}


def _destination_error(number: int | None, reason: str, path: PathLike) -> OSError:
    """Return the matching subclass of OSError; its message says what to do."""
    number = number or errno.EIO
    return OSError(number, f"{reason}: {_REMEDIES.get(number, _UNCHANGED)}", os.fspath(path))


def _stat_or_none(path: PathLike) -> os.stat_result | None:
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


@contextlib.contextmanager
def atomic_write(path: PathLike) -> Iterator[str]:
    """Yield a temporary path to write to, and rename it to `path` after the block succeeds.

    The temporary file is in the same directory. After the block it is flushed to disk and renamed,
    so that readers see either the old file or the complete new one, even after a crash. Any
    exception, including KeyboardInterrupt, removes it and leaves the destination unchanged. If the
    process is killed, the next one that writes to the directory removes it.

    Symbolic links are followed and kept. A new file gets its permissions from the umask; a replaced
    file keeps its own, and its owner if the superuser writes. Devices and pipes are written
    directly.

    Parameters
    ----------
    path : str or path-like
        Destination.

    Yields
    ------
    str
        Path of an empty file, to be opened for writing.

    Raises
    ------
    OSError
        The directory is missing or not writable, the destination is a directory or
        write-protected, or the disk is full. `filename` is the destination.
    """
    temporary, directory, descriptor = None, None, -1
    try:
        old = _stat_or_none(path)
        if old is not None and stat.S_ISDIR(old.st_mode):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        if old is not None and not stat.S_ISREG(old.st_mode):
            yield os.fspath(path)
            return
        # A rename needs no permission on the file it replaces; respect a protected file anyway.
        if old is not None and not os.access(path, os.W_OK):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES), path)
        destination = os.path.realpath(path)
        # What replaces a private file is private from the beginning.
        mode = 0o666 if old is None else 0o600
        directory = os.path.dirname(destination)
        temporary, descriptor = create_file(directory, mode)
        yield temporary
        if old is not None:
            _keep_owner(temporary, old)
            os.chmod(temporary, stat.S_IMODE(old.st_mode))
        with open(temporary, "r+b") as written:
            os.fsync(written.fileno())
        if os.name == "nt":  # where an open file cannot be renamed
            descriptor = _close(descriptor)
        os.replace(temporary, destination)
    except BaseException as error:
        if temporary is not None:
            descriptor = _close(descriptor)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
        ours = (None, temporary, directory, path, os.fspath(path))
        if isinstance(error, OSError) and error.filename in ours:
            reason = error.strerror or str(error)
            raise _destination_error(error.errno, reason, path) from error
        raise
    finally:
        _close(descriptor)


def _keep_owner(temporary: str, old: os.stat_result) -> None:
    """Give a file the owner of the one it replaces; only the superuser can, and needs it."""
    if hasattr(os, "chown") and (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
        with contextlib.suppress(OSError):
            os.chown(temporary, old.st_uid, old.st_gid)


def _close(descriptor: int) -> int:
    if descriptor >= 0:
        os.close(descriptor)
    return -1
