"""What every format needs of files: safe replacement, and telling foreign files apart."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from collections.abc import Iterator

from w2v._types import PathLike

_UNCHANGED = "nothing at this path was changed"
_REMEDIES = {
    errno.ENOSPC: f"{_UNCHANGED}; free some space or write to another disk",
    errno.EDQUOT: f"{_UNCHANGED}; your quota is used up, free some space",
    errno.EACCES: f"{_UNCHANGED}; write to a directory of your own or change the permissions",
    errno.EPERM: f"{_UNCHANGED}; write to a directory of your own or change the permissions",
    errno.EROFS: f"{_UNCHANGED}; write to another disk",
    errno.ENOENT: "the directory does not exist; create it first",
    errno.ENOTDIR: "a part of this path is a file, not a directory; choose another path",
    errno.EISDIR: "give the name of a file in it",
}

# Beginnings of files that people hand to the wrong loader. Control characters other than white
# space do not occur in text, and almost always do among the first few thousand bytes of numbers.
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_WORD2VEC_HEADER = re.compile(rb"\s*\d+[ \t]+\d+[ \t\r]*\n")
_SIGNATURES = (
    (b"\x1f\x8b", "gzip data; decompress it first"),
    (b"BZh", "bzip2 data; decompress it first"),
    (b"\xfd7zXZ\0", "xz data; decompress it first"),
    (b"\x28\xb5\x2f\xfd", "zstandard data; decompress it first"),
    (b"PK\x03\x04", "a zip archive (.npz, a PyTorch checkpoint or the like)"),
    (b"\x93NUMPY", "a NumPy array (.npy); use numpy.load()"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"\xba\x16\x4f\x2f", "a fastText model (.bin)"),
)


def _destination_error(number: int | None, reason: str, path: PathLike) -> OSError:
    """Return the OSError of the right subclass, saying what happened to `path` and what to do."""
    number = number or errno.EIO
    return OSError(number, f"{reason}: {_REMEDIES.get(number, _UNCHANGED)}", os.fspath(path))


def _existing(path: PathLike) -> os.stat_result | None:
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


@contextlib.contextmanager
def replacing(path: PathLike) -> Iterator[str]:
    """Give a temporary path to write to; put it in place of `path` when all went well.

    The temporary file stands in the destination's directory. After the block it is flushed to
    disk and renamed, so a reader, or a crash, meets the old file or the new one and never a half.
    Any exception, KeyboardInterrupt included, removes it and leaves the destination as it was.

    A symbolic link is followed and stays a link. A new file gets the permissions the umask
    allows, a replaced one keeps its own. Devices and pipes are written to directly.

    Parameters
    ----------
    path : str or path-like
        Destination.

    Yields
    ------
    str
        Path of an existing, empty file, to be opened for writing.

    Raises
    ------
    OSError
        Of the fitting subclass, with the destination as `filename`: its directory is missing or
        unwritable, it is a directory or write-protected, the disk is full.
    """
    temporary = None
    try:
        old = _existing(path)
        if old is not None and stat.S_ISDIR(old.st_mode):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        if old is not None and not stat.S_ISREG(old.st_mode):
            yield os.fspath(path)
            return
        # A rename needs no permission on the file it replaces; a protected file is protected.
        if old is not None and not os.access(path, os.W_OK):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES), path)
        destination = os.path.realpath(path)
        # A short name: beside a name of the greatest length a longer one could not exist.
        temporary = os.path.join(os.path.dirname(destination), f".w2v-{os.urandom(8).hex()}.tmp")
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        yield temporary
        if old is not None:
            os.chmod(temporary, stat.S_IMODE(old.st_mode))
        with open(temporary, "r+b") as written:
            os.fsync(written.fileno())
        os.replace(temporary, destination)
    except BaseException as error:
        if temporary is not None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
        ours = (None, temporary, path, os.fspath(path))
        if isinstance(error, OSError) and error.filename in ours:
            reason = error.strerror or str(error)
            raise _destination_error(error.errno, reason, path) from error
        raise


def looks_binary(data: bytes) -> bool:
    """Return True where `data` holds control characters that text does not hold."""
    return _BINARY.search(data) is not None


def recognise(path: PathLike) -> str:
    """Say what kind of file this looks like, and what to do with it, for an error message."""
    with open(path, "rb") as file:
        head = file.read(4096)
    if not head:
        return "the file is empty"
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return f"this looks like {name}"
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return (
            "this looks like a Python pickle, as gensim's save() writes it; use "
            "KeyedVectors.read(path), which takes the vectors out of gensim's files and runs "
            "nothing that they hold"
        )
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= os.path.getsize(path):
        return "this looks like a safetensors file; use KeyedVectors.load() or Word2Vec.load()"
    if header := _WORD2VEC_HEADER.match(head):
        binary = looks_binary(head[header.end() :])
        return (
            "this looks like word2vec's format; use "
            f"KeyedVectors.load_word2vec_format(path, binary={binary})"
        )
    if not looks_binary(head):
        return f"this looks like text that begins {head[:40]!r}"
    return f"this is no format w2v knows; it begins {head[:16]!r}"
