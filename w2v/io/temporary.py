"""Temporary files and folders that do not outlive their process, even if it is killed.

A process holds a lock on each of its own as long as it lives; the system lets go of a dead one's.
A process that gets the lock of another may remove the file: it tries once for each directory that
it writes to.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator

try:
    import fcntl
except ImportError:  # Windows, where an open file cannot be removed
    fcntl = None  # type: ignore[assignment]

_FILE = re.compile(r"\.w2v-[0-9a-f]{16}\.tmp")
_FOLDER = re.compile(r"w2v-run-\w{8}")
_FOLDER_LOCK = ".lock"  # the file in a folder that carries its lock

_swept: set[str] = set()  # directories that this process has looked through


def create_file(directory: str, mode: int) -> tuple[str, int]:
    """Create an empty file; return its path, and the descriptor that holds its lock.

    Parameters
    ----------
    directory : str
        Where. What killed processes left there is removed before.
    mode : int
        Permissions, which the umask restricts.

    Raises
    ------
    OSError
        It cannot be created; `filename` is the directory.
    """
    _sweep(directory, _FILE, _remove_file)
    while True:
        # A short name, so that it does not exceed the maximum length of a file name.
        path = os.path.join(directory, f".w2v-{os.urandom(8).hex()}.tmp")
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, mode)
        except OSError as error:
            raise OSError(error.errno, error.strerror, directory) from None
        if _keep(path, descriptor):
            return path, descriptor


@contextlib.contextmanager
def temporary_folder() -> Iterator[str]:
    """Give a folder in the directory for temporary files, and remove it after the block."""
    _sweep(tempfile.gettempdir(), _FOLDER, _remove_folder)
    folder, descriptor = _create_folder()
    try:
        yield folder
    finally:
        os.close(descriptor)
        shutil.rmtree(folder, ignore_errors=True)


def _create_folder() -> tuple[str, int]:
    while True:
        folder = tempfile.mkdtemp(prefix="w2v-run-")
        try:
            lock = os.path.join(folder, _FOLDER_LOCK)
            descriptor = os.open(lock, os.O_CREAT | os.O_RDWR, 0o600)
            if _keep(lock, descriptor):
                return folder, descriptor
        except FileNotFoundError:  # another process took it for a dead one's
            continue
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        shutil.rmtree(folder, ignore_errors=True)


def _keep(path: str, descriptor: int) -> bool:
    """Lock a new file. Return False if another process took it for a dead one's; it is closed."""
    try:
        if _lock(descriptor) is not False and (fcntl is None or os.fstat(descriptor).st_nlink):
            return True
    except BaseException:
        os.close(descriptor)
        _unlink(path)
        raise
    os.close(descriptor)
    _unlink(path)
    return False


def _lock(descriptor: int) -> bool | None:
    """Try to get the lock of a file; return None if this file system, or this system, has none."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _sweep(directory: str, name: re.Pattern[str], remove: Callable[[str], None]) -> None:
    """Remove what killed processes left in a directory, if this process has not done so yet."""
    if directory in _swept:
        return
    _swept.add(directory)
    with contextlib.suppress(OSError), os.scandir(directory or os.curdir) as entries:
        for path in [entry.path for entry in entries if name.fullmatch(entry.name)]:
            with contextlib.suppress(OSError):
                remove(path)


def _remove_file(path: str) -> None:
    if not stat.S_ISREG(os.lstat(path).st_mode):
        return
    if fcntl is None:
        os.unlink(path)
        return
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    try:
        if _lock(descriptor):
            os.unlink(path)
    finally:
        os.close(descriptor)


def _remove_folder(path: str) -> None:
    found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode) or (fcntl is not None and found.st_uid != os.getuid()):
        return
    lock = os.path.join(path, _FOLDER_LOCK)
    _remove_file(lock)
    if not os.path.lexists(lock):
        shutil.rmtree(path, ignore_errors=True)


def _unlink(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
