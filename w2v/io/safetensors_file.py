"""Our own files: word vectors and whole models, as safetensors.

A safetensors file is the length of a JSON header (8 bytes, little-endian), the header, and the
tensors' bytes without gaps. Reading one runs no code, and a tensor can be mapped into memory
where it lies. The files are written here and not by the safetensors library because that takes
contiguous tensors only: the rows of a model are padded, so it would need a second copy of them.

Metadata: "format" ("w2v.vectors" or "w2v.model"), "format_version", "w2v_version"; a model adds
what it needs. Tensors: "words" (UTF-8, one after the other), "word_offsets" (where each begins,
and the end), "vectors" (float32; alone also float16, or int8 with "scales", what to multiply each
row by), and where known "counts"; of a model, as its objective has them,
"output_vectors" (a row for each word) and "node_vectors" (for each inner node of the Huffman tree).
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from w2v._memory import aligned_empty
from w2v._types import PathLike
from w2v._version import __version__
from w2v.io import _vector_text
from w2v.io.atomic import recognise, replacing

FORMAT_VERSION = 2  # the newest that is read; 2 added vectors in float16 and int8
BASE_VERSION = 1  # what files without these say, so that older readers read them

_KINDS = {
    "w2v.vectors": "word vectors",
    "w2v.model": "a whole model",
    "w2v.corpus": "an encoded corpus",
    "w2v.classifier": "a text classifier",
    "w2v.language-model": "a language model",
}
_READERS = {
    "w2v.vectors": "KeyedVectors.load() reads it",
    "w2v.model": "Word2Vec.load() reads it",
    "w2v.corpus": "Corpus.open() reads it, and Word2Vec(path) trains on it",
    "w2v.classifier": "w2v.sequence.SequenceClassifier.load() reads it",
    "w2v.language-model": "w2v.sequence.RNNLanguageModel.load() reads it",
}
_DTYPES: dict[str, np.dtype[Any]] = {
    "F16": np.dtype("<f2"),
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
    "I32": np.dtype("<i4"),
    "I64": np.dtype("<i8"),
    "I8": np.dtype("i1"),
    "U8": np.dtype("u1"),
}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}
# What the tensors with a fixed meaning must be: type and number of axes.
_FORM = {
    "vectors": ("F32", 2),
    "output_vectors": ("F32", 2),
    "node_vectors": ("F32", 2),
    "words": ("U8", 1),
    "word_offsets": ("I64", 1),
    "counts": ("I64", 1),
    "scales": ("F32", 1),
    "ids": ("I32", 1),
}
_REQUIRED = {
    "w2v.vectors": ("vectors", "words", "word_offsets"),
    "w2v.model": ("vectors", "words", "word_offsets", "counts"),
    "w2v.corpus": ("ids", "words", "word_offsets", "counts"),
    "w2v.classifier": ("vectors", "words", "word_offsets"),
    "w2v.language-model": ("vectors", "words", "word_offsets"),
}
_BY_ROW = ("vectors", "output_vectors", "word_offsets", "counts", "scales")
_LINE = 64  # bytes; "vectors" starts on such a line of the file
_PIECE = 1 << 20  # bytes copied at a time where rows are padded
LONGEST_HEADER = 100_000_000  # bytes; the safetensors library's own limit

Tensors = dict[str, npt.NDArray[Any]]


class PackedWords:
    """The words of a file as they lie in it, mapped into memory; strings only when asked for."""

    def __init__(self, path: PathLike, tensors: Tensors) -> None:
        self.path = os.fspath(path)
        self._tensors = {name: tensors[name] for name in ("words", "word_offsets")}

    def __len__(self) -> int:
        return len(self._tensors["word_offsets"]) - 1

    def find(self, word: str) -> npt.NDArray[np.intp]:
        """Return the rows of a word: one, unless the file is damaged, or none."""
        data, offsets = self._tensors["words"], self._tensors["word_offsets"]
        wanted = word.encode("utf-8", "surrogatepass")
        rows = np.flatnonzero(np.diff(offsets) == len(wanted))
        for place, byte in enumerate(wanted):
            rows = rows[data[offsets[rows] + place] == byte]
        return rows

    def unpack(self) -> list[str]:
        """Return the words, or raise a ValueError that names the file."""
        return unpack_words(self._tensors, self.path)


def write(
    path: PathLike, tensors: Mapping[str, npt.NDArray[Any]], metadata: Mapping[str, str]
) -> None:
    """Write tensors and metadata, replacing `path` only when all is on disk.

    Parameters
    ----------
    path : str or path-like
        Destination.
    tensors : mapping of str to ndarray
        float16, float32, float64, int8, int32, int64 or uint8; any strides: padded rows are
        copied a megabyte at a time.
    metadata : mapping of str to str
        Must hold "format"; "format_version" and "w2v_version" are added.

    Raises
    ------
    ValueError
        A tensor of another type, no "format", or metadata that are not strings.
    OSError
        The destination cannot be written; see `replacing`.
    """
    vectors = tensors.get("vectors")
    version = BASE_VERSION if vectors is None or vectors.dtype == np.float32 else FORMAT_VERSION
    text = {"format_version": str(version), "w2v_version": __version__, **metadata}
    if text.get("format") not in _KINDS:
        raise ValueError(
            f"metadata['format'] is {text.get('format')!r}: expected one of {list(_KINDS)}"
        )
    for key, value in text.items():
        if not isinstance(value, str):
            raise ValueError(f"metadata[{key!r}] is {value!r}: expected a string")
    # Wide types first, so that every tensor is aligned for its type without gaps.
    ordered = sorted(tensors.items(), key=lambda item: -item[1].dtype.itemsize)
    header: dict[str, Any] = {"__metadata__": text}
    end = lead = 0
    for name, array in ordered:
        if array.dtype not in _NAMES:
            raise ValueError(
                f"tensor {name!r} has the type {array.dtype}: expected one of "
                f"{', '.join(map(str, _NAMES))}"
            )
        if name == "vectors":
            lead = end
        header[name] = {
            "dtype": _NAMES[array.dtype],
            "shape": array.shape,
            "data_offsets": (end, end + array.nbytes),
        }
        end += array.nbytes
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-(8 + len(encoded) + lead) % _LINE)
    with replacing(path) as temporary, open(temporary, "wb") as file:
        file.write(len(encoded).to_bytes(8, "little"))
        file.write(encoded)
        for _, array in ordered:
            for piece in _pieces(array):
                file.write(piece)


def _pieces(array: npt.NDArray[Any]) -> Iterator[memoryview]:
    """Give the array's bytes in order, without a copy or in copies of about a megabyte."""
    if array.size == 0:
        return
    rows = len(array)
    if not array.flags.c_contiguous:
        rows = max(1, _PIECE // (array.nbytes // rows))
    for start in range(0, len(array), rows):
        yield np.ascontiguousarray(array[start : start + rows]).data.cast("B")


def read(
    path: PathLike,
    *,
    kind: tuple[str, ...],
    mmap: bool = False,
    only: Sequence[str] | None = None,
    limit: int | None = None,
) -> tuple[Tensors, dict[str, str]]:
    """Read a file written by `write`, after checking it.

    Parameters
    ----------
    path : str or path-like
        A file on disk.
    kind : tuple of str
        What it may be: "w2v.vectors", "w2v.model" or both.
    mmap : bool, default False
        Map the tensors into memory, read-only, in place of loading them.
    only : sequence of str, optional
        Names of the tensors wanted (those among them that the file has); default all.
    limit : int, optional
        Read the first so many rows of each tensor that has one for each word.

    Returns
    -------
    tensors : dict of str to ndarray
        Loaded ones are writable and start on a 64-byte line.
    metadata : dict of str to str

    Raises
    ------
    ValueError
        The file is truncated, corrupt, foreign, of another kind or of a newer version.
    OSError
        It cannot be read.
    """
    with open(path, "rb") as file:
        header, begin = _header(file, path)
        metadata: dict[str, str] = header.pop("__metadata__", None) or {}
        _check_kind(path, metadata, kind, header)
        _check_form(path, metadata["format"], header)
        mapped = np.memmap(path, np.uint8, "r").view(np.ndarray) if mmap else None
        tensors: Tensors = {}
        names = list(header) if only is None else [name for name in only if name in header]
        for name in sorted(names, key="words".__eq__):  # last: their offsets say how many bytes
            dtype = _DTYPES[header[name]["dtype"]]
            shape = list(header[name]["shape"])
            if limit is not None and name in _BY_ROW:
                shape[0] = min(shape[0], limit + (name == "word_offsets"))
            elif limit is not None and name == "words" and "word_offsets" in tensors:
                shape[0] = int(tensors["word_offsets"][-1])
            start = begin + header[name]["data_offsets"][0]
            end = start + math.prod(shape) * dtype.itemsize
            if mapped is not None:
                view = mapped[start:end].view(dtype).reshape(shape)
                tensors[name] = np.require(view, requirements="A")
            else:
                array = tensors[name] = aligned_empty(tuple(shape), dtype)
                file.seek(start)
                if array.size and file.readinto(array.data.cast("B")) != end - start:
                    raise ValueError(f"{os.fspath(path)}: the file was cut short while it was read")
            if name == "word_offsets":
                size, rows = header["words"]["shape"][0], header[name]["shape"][0]
                check_offsets(path, tensors[name], size, whole=len(tensors[name]) == rows)
    return tensors, metadata


def _header(file: BinaryIO, path: PathLike) -> tuple[dict[str, Any], int]:
    """Return the checked header and where the data begin; allocate nothing the file can't back."""
    size = os.fstat(file.fileno()).st_size
    length = int.from_bytes(file.read(8), "little")
    name = os.fspath(path)
    if size < 10 or file.read(1) != b"{":
        raise ValueError(f"{name}: expected a w2v file (safetensors), but {recognise(path)}")
    if length > min(size - 8, LONGEST_HEADER):
        raise ValueError(
            f"{name}: its first 8 bytes promise a header of {length:,} bytes, but the file holds "
            f"{size:,} bytes: it is truncated or corrupt; copy it again or make it anew"
        )
    from safetensors import SafetensorError, safe_open

    # The library checks that the header is well formed, that sizes, shapes and types agree, and
    # that the tensors fill the file exactly.
    try:
        with safe_open(path, framework="numpy"):
            pass
        file.seek(8)
        header: dict[str, Any] = json.loads(file.read(length))
    except (SafetensorError, ValueError) as error:
        raise ValueError(
            f"{name}: the file ({size:,} bytes) is truncated or corrupt, copy it again or make it "
            f"anew ({error})"
        ) from error
    return header, 8 + length


def _check_kind(
    path: PathLike, metadata: Mapping[str, str], kind: tuple[str, ...], header: Iterable[str]
) -> None:
    name, found = os.fspath(path), metadata.get("format")
    if found not in _KINDS:
        listed = sorted(header)
        shown = ", ".join(listed[:5]) + (", ..." if len(listed) > 5 else "")
        raise ValueError(
            f"{name}: a safetensors file, but not one of w2v: its metadata have format {found!r}, "
            f"expected one of {list(kind)}; its tensors are: {shown or 'none'}"
        )
    version = metadata.get("format_version", "")
    if not version.isdecimal() or int(version) > FORMAT_VERSION:
        raise ValueError(
            f"{name}: written in format_version {version!r} by w2v "
            f"{metadata.get('w2v_version', 'of an unknown version')}; this w2v ({__version__}) "
            f"reads format_version {FORMAT_VERSION}: upgrade w2v"
        )
    if found not in kind:
        remedy = _READERS[found]
        if "w2v.model" in kind and found == "w2v.vectors":
            remedy += ", Word2Vec.save() writes whole models"
        raise ValueError(
            f"{name}: this file holds {_KINDS[found]} ({found}), expected "
            f"{' or '.join(f'{_KINDS[one]} ({one})' for one in kind)}; {remedy}"
        )


def _check_form(path: PathLike, found: str, header: Mapping[str, Any]) -> None:
    """Check the types and shapes of the tensors against each other."""

    def wrong(what: str) -> ValueError:
        return ValueError(f"{os.fspath(path)}: {what}; the file is corrupt, make it anew")

    for name in _REQUIRED[found]:
        if name not in header:
            raise wrong(f"the tensor {name!r} is missing")
    for name, tensor in header.items():
        dtype, axes = _FORM.get(name, (tensor["dtype"], len(tensor["shape"])))
        smaller = tensor["dtype"] == "F16" or (tensor["dtype"] == "I8" and "scales" in header)
        if name == "vectors" and found == "w2v.vectors" and smaller:
            dtype = tensor["dtype"]
        if (tensor["dtype"], len(tensor["shape"])) != (dtype, axes) or dtype not in _DTYPES:
            raise wrong(
                f"the tensor {name!r} is {tensor['dtype']} with shape {tensor['shape']}, expected "
                + (f"{dtype} with {axes} axes" if name in _FORM else f"one of {list(_DTYPES)}")
            )
    shape = header["vectors"]["shape"] if "vectors" in header else header["counts"]["shape"]
    rows, columns = (*shape, 0)[:2]
    expected = {
        "vectors": [rows, max(1, columns)],
        "output_vectors": [rows, columns],
        "node_vectors": [max(0, rows - 1), columns],
        "word_offsets": [rows + 1],
        "counts": [rows],
        "scales": [rows],
    }
    for name, shape in expected.items():
        if name in header and header[name]["shape"] != shape:
            raise wrong(f"the tensor {name!r} has shape {header[name]['shape']}, expected {shape}")


def check_offsets(
    path: PathLike, offsets: npt.NDArray[Any], size: int, *, whole: bool = True
) -> None:
    """Raise a ValueError where words' offsets (or the first ones) do not fit so many bytes."""
    last = int(offsets[-1])
    fit = last == size if whole else last <= size
    if offsets[0] != 0 or not fit or (offsets[1:] < offsets[:-1]).any():
        raise ValueError(
            f"{os.fspath(path)}: 'word_offsets' do not rise from 0 to {size}, the number of bytes "
            "in 'words'; the file is corrupt, make it anew"
        )


def write_vectors(
    path: PathLike,
    words: Sequence[str],
    vectors: npt.NDArray[np.float32],
    counts: npt.NDArray[np.int64] | None,
    *,
    dtype: str = "float32",
) -> None:
    """Write words, vectors and counts; as float16, or int8 with a scale for each row, if asked."""
    tensors: Tensors = {"vectors": vectors, **pack_words(words)}
    if counts is not None:
        tensors["counts"] = counts
    if dtype == "float16":
        tensors["vectors"] = as_float16(words, vectors)
    elif dtype == "int8":
        _refuse(words, ~np.isfinite(vectors).all(axis=1), "holds NaN or infinity")
        scales = np.abs(vectors).max(axis=1, initial=0) / np.float32(127)
        tensors["scales"] = scales
        divisors = np.where(scales > 0, scales, np.float32(1))
        small = np.empty(vectors.shape, np.int8)
        for first in range(0, len(vectors), 4096):
            part = slice(first, first + 4096)
            small[part] = np.clip(np.rint(vectors[part] / divisors[part, None]), -127, 127)
        tensors["vectors"] = small
    write(path, tensors, {"format": "w2v.vectors"})


def as_float16(words: Sequence[str], vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float16]:
    """Return vectors in float16, or raise a ValueError where one has too large a number."""
    with np.errstate(over="ignore"):
        small = vectors.astype(np.float16)
    lost = np.isfinite(vectors).all(axis=1) & ~np.isfinite(small).all(axis=1)
    _refuse(words, lost, "holds a number beyond 65,504, the largest of float16")
    return small


def _refuse(words: Sequence[str], rows: Any, why: str) -> None:
    if rows.any():
        row = int(np.argmax(rows))
        raise ValueError(f"the vector of {words[row]!r} (row {row:,}) {why}; use dtype='float32'")


def read_vectors(
    path: PathLike, *, mmap: bool = False, limit: int | None = None
) -> tuple[list[str] | PackedWords, npt.NDArray[np.float32], npt.NDArray[np.int64] | None]:
    """Return words, vectors and counts of vectors or of a whole model.

    Vectors stored as float16 or int8 become float32, in memory; `mmap` maps float32 alone, and
    leaves the words in the file.
    """
    tensors, _ = read(
        path,
        kind=("w2v.vectors", "w2v.model"),
        mmap=mmap,
        only=("vectors", "words", "word_offsets", "counts", "scales"),
        limit=limit,
    )
    words = PackedWords(path, tensors) if mmap else unpack_words(tensors, path)
    vectors = tensors["vectors"]
    if vectors.dtype != np.float32:
        wide: npt.NDArray[np.float32] = aligned_empty(vectors.shape, np.float32)
        wide[:] = vectors
        if vectors.dtype == np.int8:
            wide *= tensors["scales"][:, None]
        vectors = wide
    return words, vectors, tensors.get("counts")


def pack_words(words: Sequence[str]) -> Tensors:
    """Return the tensors "words" (uint8) and "word_offsets" (int64, one more than the words).

    Lone surrogates, which UTF-8 does not have, are kept by the obvious extension: a model that
    took hours to train must not fail to be saved for one odd word.
    """
    encoded = [word.encode("utf-8", "surrogatepass") for word in words]
    offsets = np.zeros(len(encoded) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, encoded), np.int64, len(encoded)), out=offsets[1:])
    return {"words": np.frombuffer(b"".join(encoded), np.uint8), "word_offsets": offsets}


def unpack_words(tensors: Mapping[str, npt.NDArray[Any]], path: PathLike = "") -> list[str]:
    """Return the words packed by `pack_words`; `path` is named where they are not UTF-8."""
    data, offsets = tensors["words"], tensors["word_offsets"]
    spans = np.stack([offsets[:-1], offsets[1:]], axis=1)
    words: list[str] = []
    while len(words) < len(spans):
        words += _vector_text.decode(data, spans[len(words) :], len(spans) - len(words))
        if len(words) == len(spans):
            break
        start, end = spans[len(words)].tolist()  # a lone surrogate, or no UTF-8
        try:
            words.append(data[start:end].tobytes().decode("utf-8", "surrogatepass"))
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{os.fspath(path) or 'the words'}: word {len(words)} is not UTF-8 "
                f"({data[start:end].tobytes()[:40]!r}); the file is corrupt, make it anew"
            ) from error
    return words
