"""NumPy's .npz: the arrays "vectors", "words" and, where known, "counts"; nothing pickled.

The words are UTF-8 bytes with offsets, as in our own format, because NumPy's strings lose zero
bytes at a word's end. Archives that hold "words" as an array of strings are read too.
"""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v._types import PathLike
from w2v.io import safetensors_file
from w2v.io.atomic import replacing

_EXPANSION, _LEAST_LIMIT = 100, 1 << 26
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
_NAMES = ("words", "keys", "index_to_key", "vocab", "index2word")


def write(
    path: PathLike,
    words: Sequence[str],
    vectors: npt.NDArray[Any],
    counts: npt.NDArray[np.int64] | None,
) -> None:
    """Write an archive, not compressed, replacing `path` only when all is on disk."""
    arrays = {"vectors": np.ascontiguousarray(vectors), **safetensors_file.pack_words(words)}
    if counts is not None:
        arrays["counts"] = counts
    with replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def read(
    path: PathLike, *, limit: int | None = None, max_size: int | None = None
) -> tuple[list[str], npt.NDArray[np.float32], npt.NDArray[np.int64] | None]:
    """Read words, vectors and counts (None where there are none).

    Raises
    ------
    ValueError
        The archive is damaged, lacks an array, holds objects, or is larger than `max_size` bytes
        (default: 100 times the file's size, at least 64 MiB) when decompressed.
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
        raise ValueError(f"{name}: a damaged archive ({error}); copy it again") from error
    except ValueError as error:
        if str(error).startswith(name):
            raise
        raise ValueError(f"{name}: not vectors in an .npz archive ({error})") from error


def _check_size(name: str, archive: zipfile.ZipFile, size: int, most: int | None) -> None:
    # zipfile itself stops where a member turns out longer than its entry says.
    limit = most or max(_LEAST_LIMIT, _EXPANSION * size)
    whole = sum(member.file_size for member in archive.infolist())
    if whole > limit:
        raise ValueError(
            f"{name}: {whole:,} bytes when decompressed, many times the size of the file: this may "
            "be a zip bomb; if it is not, allow for it with max_size="
        )


def _first(content: Any, limit: int | None) -> tuple[npt.NDArray[Any], int]:
    """Return the first rows of "vectors", the others unread, and how many there are in all."""
    if limit is not None:
        with content.zip.open("vectors.npy") as member:
            if header := _HEADERS.get(np.lib.format.read_magic(member)):
                (rows, *rest), fortran, dtype = header(member)
                if not fortran and not dtype.hasobject:
                    shape = (min(limit, rows), *rest)
                    # No more is taken than the member has, whatever its shape promises.
                    data = bytearray(member.read(math.prod(shape) * dtype.itemsize))
                    return np.frombuffer(data, dtype).reshape(shape), rows
    vectors = content["vectors"]
    return vectors[:limit], len(vectors)


def _content(
    name: str, content: Any, limit: int | None
) -> tuple[list[str], npt.NDArray[np.float32], npt.NDArray[np.int64] | None]:
    found = next((one for one in _NAMES if one in content.files), None)
    if "vectors" not in content.files or found is None:
        raise ValueError(
            f"{name}: this archive holds {', '.join(content.files[:5]) or 'nothing'}; expected "
            "arrays 'vectors' and 'words'"
        )
    (vectors, rows), words = _first(content, limit), content[found]
    if vectors.ndim != 2 or vectors.dtype.kind != "f":
        raise ValueError(
            f"{name}: 'vectors' is {vectors.dtype} with shape {vectors.shape}, expected numbers in "
            "rows and columns"
        )
    if "word_offsets" in content.files and words.dtype == np.uint8:
        offsets = content["word_offsets"]
        if offsets.dtype != np.int64 or offsets.shape != (rows + 1,):
            raise ValueError(f"{name}: 'word_offsets' do not fit {rows:,} vectors")
        safetensors_file.check_offsets(path=name, offsets=offsets, size=len(words))
        offsets = offsets[: len(vectors) + 1]
        listed = safetensors_file.unpack_words({"words": words, "word_offsets": offsets}, name)
    elif words.dtype.kind == "U" and words.ndim == 1:
        listed = [str(word) for word in words[:limit]]
    else:
        raise ValueError(
            f"{name}: {found!r} is {words.dtype} with shape {words.shape}, expected strings"
        )
    counts = content["counts"][:limit] if "counts" in content.files else None
    return listed, np.ascontiguousarray(vectors, np.float32), counts
