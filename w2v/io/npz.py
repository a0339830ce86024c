"""NumPy archives (.npz): arrays "vectors", "words", "word_offsets" and optionally "counts".

The words are UTF-8 bytes with offsets, as in our own format, because NumPy strings lose trailing
zero bytes. Archives with "words" as an array of strings are read too; nothing is unpickled.
"""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v._memory import aligned_empty
from w2v._types import FloatArray, IntArray, PathLike
from w2v.io.atomic import atomic_write
from w2v.io.compression import size_limit
from w2v.io.words import check_offsets, unpack_words, word_tensors

_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
_CHUNK = 1 << 20  # bytes read at a time
_NAMES = ("words", "keys", "index_to_key", "vocab", "index2word")


def write(
    path: PathLike,
    words: Sequence[str],
    vectors: npt.NDArray[Any],
    counts: IntArray | None,
) -> None:
    """Write an uncompressed archive, atomically."""
    if vectors.flags.f_contiguous:  # NumPy would store columns
        vectors = np.ascontiguousarray(vectors)
    arrays = {"vectors": vectors, **word_tensors(words)}
    if counts is not None:
        arrays["counts"] = counts
    with atomic_write(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def read(
    path: PathLike, *, limit: int | None = None, max_size: int | None = None
) -> tuple[list[str], FloatArray, IntArray | None]:
    """Read words, vectors, and counts if the archive has them, else None.

    Raises
    ------
    ValueError
        The archive is corrupt, lacks an array, contains Python objects, or is larger than
        `max_size` bytes when decompressed (default: 100 times its size, at least 64 MiB).
    """
    name = os.fspath(path)
    with open(path, "rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                _check_size(name, archive, os.fstat(file.fileno()).st_size, max_size)
                return _content(name, archive, limit)
        except (zipfile.BadZipFile, EOFError, KeyError, NotImplementedError) as error:
            raise ValueError(f"{name}: the archive is corrupt ({error}); copy it again") from error
        except ValueError as error:
            if str(error).startswith(name):
                raise
            raise ValueError(f"{name}: not an .npz archive of vectors ({error})") from error


def _check_size(name: str, archive: zipfile.ZipFile, size: int, max_size: int | None) -> None:
    # zipfile itself stops if a member is longer than its entry says.
    limit = size_limit(size, max_size)
    total = sum(member.file_size for member in archive.infolist())
    if total > limit:
        raise ValueError(
            f"{name}: {total:,} bytes when decompressed, many times the size of the file: this may "
            "be a zip bomb; if it is not, raise max_size="
        )


def _array(
    archive: zipfile.ZipFile, name: str, limit: int | None = None
) -> tuple[npt.NDArray[Any], int]:
    """Return an array, or its first rows without reading the others, and the number of its rows.

    Memory is allocated when the shape and type are known to be those of the bytes that there are.
    """
    with archive.open(f"{name}.npy") as member:
        version = np.lib.format.read_magic(member)
        if version not in _HEADERS:
            raise ValueError(f"{name!r} is in the unknown version {version} of the .npy format")
        shape, fortran, dtype = _HEADERS[version](member)
        if dtype.hasobject:
            raise ValueError(f"{name!r} contains Python objects, which are not read")
        left = archive.getinfo(f"{name}.npy").file_size - member.tell()
        needed = math.prod(shape) * dtype.itemsize
        if needed != left or min(shape, default=0) < 0 or (dtype.itemsize == 0 and any(shape)):
            raise ValueError(f"{name!r} is {dtype} with shape {shape}, but has {left:,} bytes")
        rows = shape[0] if shape else 1
        if limit is not None and shape and not fortran:
            shape = (min(limit, rows), *shape[1:])
        array = aligned_empty(shape, dtype)
        data = array.reshape(-1).view(np.uint8)
        for at in range(0, len(data), _CHUNK):
            chunk = data[at : at + _CHUNK]
            read = member.read(len(chunk))
            if len(read) < len(chunk):
                raise EOFError(f"{name!r} ends too early")
            chunk[:] = np.frombuffer(read, np.uint8)
        if len(data) == needed:
            member.read(1)  # compares the checksum
    if fortran:
        array = array.reshape(shape[::-1]).T[:limit]
    return array, rows


def _content(
    name: str, archive: zipfile.ZipFile, limit: int | None
) -> tuple[list[str], FloatArray, IntArray | None]:
    members = [one.removesuffix(".npy") for one in archive.namelist()]
    listed = [one for one in members if f"{one}.npy" in archive.namelist()]
    found = next((one for one in _NAMES if one in listed), None)
    if "vectors" not in listed or found is None:
        raise ValueError(
            f"{name}: the archive contains {', '.join(members[:5]) or 'nothing'}; "
            "expected arrays 'vectors' and 'words'; unpack an archive of other files"
        )
    vectors, rows = _array(archive, "vectors", limit)
    if vectors.ndim != 2 or vectors.dtype.kind != "f":
        raise ValueError(
            f"{name}: 'vectors' is {vectors.dtype} with shape {vectors.shape}, expected a matrix "
            "of floating-point numbers"
        )
    offsets = "word_offsets" in listed
    words, n_words = _array(archive, found, None if offsets else limit)
    if offsets and words.dtype == np.uint8 and words.ndim == 1:
        starts, _ = _array(archive, "word_offsets")
        if starts.dtype != np.int64 or starts.shape != (rows + 1,):
            raise ValueError(f"{name}: 'word_offsets' do not match {rows:,} vectors")
        check_offsets(path=name, offsets=starts, size=len(words))
        starts = starts[: len(vectors) + 1]
        texts = unpack_words({"words": words, "word_offsets": starts}, name)
    elif words.dtype.kind == "U" and words.ndim == 1:
        if n_words != rows:
            raise ValueError(f"{name}: {n_words:,} words, but {rows:,} vectors; expected as many")
        texts = [str(word) for word in words]
    else:
        raise ValueError(
            f"{name}: {found!r} is {words.dtype} with shape {words.shape}, expected strings"
        )
    counts = None
    if "counts" in listed:
        counts, n_counts = _array(archive, "counts", limit)
        if counts.ndim != 1 or n_counts != rows:
            raise ValueError(f"{name}: 'counts' has shape {counts.shape}, expected ({rows},)")
    return texts, np.ascontiguousarray(vectors, np.float32), counts
