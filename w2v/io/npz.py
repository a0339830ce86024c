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

from w2v._types import FloatArray, IntArray, PathLike
from w2v.io.atomic import atomic_write
from w2v.io.compression import size_limit
from w2v.io.words import check_offsets, unpack_words, word_tensors

_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
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
    try:
        with open(path, "rb") as file:
            with zipfile.ZipFile(file) as archive:
                _check_size(name, archive, os.fstat(file.fileno()).st_size, max_size)
            file.seek(0)
            with np.load(file, allow_pickle=False) as content:
                return _content(name, content, limit)
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


def _first(content: Any, limit: int | None) -> tuple[npt.NDArray[Any], int]:
    """Return the first rows of "vectors", without reading the others, and the total number."""
    if limit is not None:
        with content.zip.open("vectors.npy") as member:
            if header := _HEADERS.get(np.lib.format.read_magic(member)):
                (rows, *rest), fortran, dtype = header(member)
                if not fortran and not dtype.hasobject:
                    shape = (min(limit, rows), *rest)
                    # Allocates memory for the bytes that exist, whatever the shape says.
                    data = bytearray(member.read(math.prod(shape) * dtype.itemsize))
                    return np.frombuffer(data, dtype).reshape(shape), rows
    vectors = content["vectors"]
    return vectors[:limit], len(vectors)


def _content(
    name: str, content: Any, limit: int | None
) -> tuple[list[str], FloatArray, IntArray | None]:
    found = next((one for one in _NAMES if one in content.files), None)
    if "vectors" not in content.files or found is None:
        raise ValueError(
            f"{name}: the archive contains {', '.join(content.files[:5]) or 'nothing'}; expected "
            "arrays 'vectors' and 'words'"
        )
    (vectors, rows), words = _first(content, limit), content[found]
    if vectors.ndim != 2 or vectors.dtype.kind != "f":
        raise ValueError(
            f"{name}: 'vectors' is {vectors.dtype} with shape {vectors.shape}, expected a matrix "
            "of floating-point numbers"
        )
    if "word_offsets" in content.files and words.dtype == np.uint8:
        offsets = content["word_offsets"]
        if offsets.dtype != np.int64 or offsets.shape != (rows + 1,):
            raise ValueError(f"{name}: 'word_offsets' do not match {rows:,} vectors")
        check_offsets(path=name, offsets=offsets, size=len(words))
        offsets = offsets[: len(vectors) + 1]
        listed = unpack_words({"words": words, "word_offsets": offsets}, name)
    elif words.dtype.kind == "U" and words.ndim == 1:
        listed = [str(word) for word in words[:limit]]
    else:
        raise ValueError(
            f"{name}: {found!r} is {words.dtype} with shape {words.shape}, expected strings"
        )
    counts = content["counts"][:limit] if "counts" in content.files else None
    return listed, np.ascontiguousarray(vectors, np.float32), counts
