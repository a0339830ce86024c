"""Our own files, in safetensors format: vectors, models; docs/file-formats.md specifies them.

The files are written here and not by the safetensors library, which accepts contiguous tensors
only: the rows of a model are padded, so the library would need a second copy of them.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from w2v._memory import aligned_empty
from w2v._types import FloatArray, IntArray, PathLike
from w2v._version import __version__
from w2v._warnings import warn
from w2v.io._checksum import Checksum
from w2v.io.atomic import atomic_write
from w2v.io.processing import TENSORS as PROCESSING
from w2v.io.processing import Steps, read_steps, step_tensors
from w2v.io.reading import reading, seekable
from w2v.io.sniff import MAX_SAFETENSORS_HEADER, READ_HINT, describe_file
from w2v.io.words import MappedWords, check_offsets, unpack_words, word_tensors

FORMAT_VERSION = 2  # the newest that can be read; 2 added vectors in float16 and int8
BASE_VERSION = 1  # written if the file has neither, so that older readers accept it

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
# Type and number of axes of the tensors with a fixed meaning.
_LAYOUT = {
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
_ATTRIBUTE = "attribute."  # begins the names of tensors with an attribute of words
_BY_ROW = ("vectors", "output_vectors", "word_offsets", "counts", "scales", _ATTRIBUTE)
_ALIGNMENT = 64  # bytes; position of "vectors" in the file
_CHUNK = 1 << 20  # bytes copied at a time if rows are padded

Tensors = dict[str, npt.NDArray[Any]]


def write(
    path: PathLike, tensors: Mapping[str, npt.NDArray[Any]], metadata: Mapping[str, str]
) -> None:
    """Write tensors and metadata, atomically.

    Parameters
    ----------
    path : str or path-like
        Destination.
    tensors : mapping of str to ndarray
        float16, float32, float64, int8, int32, int64 or uint8. Any strides are allowed; padded rows
        are copied a megabyte at a time.
    metadata : mapping of str to str
        Must contain "format"; "format_version" and "w2v_version" are added.

    Raises
    ------
    ValueError
        A tensor has another type, "format" is missing, or metadata are not strings.
    OSError
        The destination cannot be written; see `atomic_write`.
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
                f"tensor {name!r} has dtype {array.dtype}: expected one of "
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
    encoded += b" " * (-(8 + len(encoded) + lead) % _ALIGNMENT)
    with atomic_write(path) as temporary, open(temporary, "wb") as file:
        file.write(len(encoded).to_bytes(8, "little"))
        file.write(encoded)
        for _, array in ordered:
            for chunk in _chunks(array):
                file.write(chunk)


def checksum(
    tensors: Mapping[str, npt.NDArray[Any]], metadata: Mapping[str, str], *, without: str = ""
) -> str:
    """Return the checksum of everything that a file of these contains.

    Metadata that `write` adds do not count, nor does the one that is named `without`.
    """
    total = Checksum()
    added = ("format_version", "w2v_version", without)
    texts = sorted((name, text) for name, text in metadata.items() if name not in added)
    total.add(json.dumps(texts).encode())
    for name, array in sorted(tensors.items()):
        total.add(json.dumps([name, str(array.dtype), array.shape]).encode())
        for chunk in _chunks(array):
            total.add(chunk)
    return total.hexdigest()


def _chunks(array: npt.NDArray[Any]) -> Iterator[memoryview]:
    """Yield the bytes of an array in order, without a copy or in copies of about a megabyte."""
    if array.size == 0:
        return
    rows = len(array)
    if not array.flags.c_contiguous:
        rows = max(1, _CHUNK // (array.nbytes // rows))
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
    """Check and read a file written by `write`.

    Parameters
    ----------
    path : str or path-like
        A regular file.
    kind : tuple of str
        Accepted values of the metadata key "format", such as "w2v.vectors".
    mmap : bool, default False
        Map the tensors into memory, read-only, instead of loading them.
    only : sequence of str, optional
        Names of tensors to read; those that the file lacks are ignored. "attribute." means all
        attributes of words, "processing." those of all steps. Default all.
    limit : int, optional
        Read only the first `limit` rows of the tensors with one row per word.

    Returns
    -------
    tensors : dict of str to ndarray
        Loaded tensors are writable and aligned to 64 bytes.
    metadata : dict of str to str

    Raises
    ------
    ValueError
        The file is truncated, corrupt, foreign, of another kind, or of a newer version.
    OSError
        It cannot be read.
    """
    with reading(path), seekable(path) as source, open(source, "rb") as file:
        mmap = mmap and source == path
        path = source
        header, begin = _header(file, path)
        metadata: dict[str, str] = header.pop("__metadata__", None) or {}
        _check_kind(path, metadata, kind, header)
        _check_layout(path, metadata["format"], header)
        mapped = np.memmap(path, np.uint8, "r").view(np.ndarray) if mmap else None
        tensors: Tensors = {}
        names = [name for name in header if only is None or _kind_of(name) in only]
        for name in sorted(names, key="words".__eq__):  # last: the offsets say how many bytes
            dtype = _DTYPES[header[name]["dtype"]]
            shape = list(header[name]["shape"])
            if limit is not None and _kind_of(name) in _BY_ROW:
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
                    raise ValueError(f"{os.fspath(path)}: the file was truncated while it was read")
            if name == "word_offsets":
                size, rows = header["words"]["shape"][0], header[name]["shape"][0]
                check_offsets(path, tensors[name], size, complete=len(tensors[name]) == rows)
    return tensors, metadata


def _kind_of(name: str) -> str:
    """Return the name of a tensor; of all attributes of words, and of all steps, the same one."""
    return next((one for one in (_ATTRIBUTE, PROCESSING) if name.startswith(one)), name)


def _header(file: BinaryIO, path: PathLike) -> tuple[dict[str, Any], int]:
    """Return the checked header and the position of the data."""
    size = os.fstat(file.fileno()).st_size
    length = int.from_bytes(file.read(8), "little")
    name = os.fspath(path)
    if size < 10 or file.read(1) != b"{":
        what = describe_file(path)
        hint = "" if "read(" in what else f"; {READ_HINT}"
        raise ValueError(f"{name}: expected a w2v file (safetensors), but {what}{hint}")
    if length > min(size - 8, MAX_SAFETENSORS_HEADER):
        raise ValueError(
            f"{name}: the header length field says {length:,} bytes, but the file has only "
            f"{size:,}; the file is truncated or corrupt; copy or create it again"
        )
    from safetensors import SafetensorError, safe_open

    # The library checks that the header is well formed, that sizes, shapes and types match, and
    # that the tensors fill the file exactly.
    try:
        with safe_open(path, framework="numpy"):
            pass
        file.seek(8)
        header: dict[str, Any] = json.loads(file.read(length))
    except (SafetensorError, ValueError) as error:
        raise ValueError(
            f"{name}: the file ({size:,} bytes) is truncated or corrupt ({error}); copy or "
            "create it again"
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
            f"{name}: a safetensors file, but not written by w2v: its metadata have format "
            f"{found!r}, expected one of {list(kind)}; its tensors are: {shown or 'none'}"
        )
    version = metadata.get("format_version", "")
    if not version.isdecimal() or len(version) > 9 or int(version) > FORMAT_VERSION:
        raise ValueError(
            f"{name}: written in format_version {version[:20]!r} by w2v "
            f"{metadata.get('w2v_version', 'of an unknown version')}; this w2v ({__version__}) "
            f"reads format_version {FORMAT_VERSION}: upgrade w2v"
        )
    if found not in kind:
        remedy = _READERS[found]
        if "w2v.model" in kind and found == "w2v.vectors":
            remedy += ", Word2Vec.save() writes whole models"
        raise ValueError(
            f"{name}: this file contains {_KINDS[found]} ({found}), expected "
            f"{' or '.join(f'{_KINDS[one]} ({one})' for one in kind)}; {remedy}"
        )


def _check_layout(path: PathLike, found: str, header: Mapping[str, Any]) -> None:
    """Check the types and shapes of the tensors."""

    def corrupt(what: str) -> ValueError:
        return ValueError(
            f"{os.fspath(path)}: {what}; the file is corrupt; copy or create it again"
        )

    for name in _REQUIRED[found]:
        if name not in header:
            raise corrupt(f"tensor {name!r} is missing")
    for name, tensor in header.items():
        dtype, axes = _LAYOUT.get(name, (tensor["dtype"], len(tensor["shape"])))
        smaller = tensor["dtype"] == "F16" or (tensor["dtype"] == "I8" and "scales" in header)
        if name == "vectors" and found == "w2v.vectors" and smaller:
            dtype = tensor["dtype"]
        if (tensor["dtype"], len(tensor["shape"])) != (dtype, axes) or dtype not in _DTYPES:
            raise corrupt(
                f"tensor {name!r} is {tensor['dtype']} with shape {tensor['shape']}, expected "
                + (f"{dtype} with {axes} axes" if name in _LAYOUT else f"one of {list(_DTYPES)}")
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
    expected.update((name, [rows]) for name in header if name.startswith(_ATTRIBUTE))
    for name, shape in expected.items():
        if name in header and header[name]["shape"] != shape:
            raise corrupt(f"tensor {name!r} has shape {header[name]['shape']}, expected {shape}")


def write_vectors(
    path: PathLike,
    words: Sequence[str],
    vectors: FloatArray,
    counts: IntArray | None,
    *,
    dtype: str = "float32",
    processing: Steps = (),
) -> None:
    """Write words, vectors and counts, and what was done to the vectors.

    `dtype` is "float32", "float16", or "int8", which stores a scale for each row.
    """
    steps, described = step_tensors(processing)
    tensors: Tensors = {"vectors": vectors, **word_tensors(words), **steps}
    if counts is not None:
        tensors["counts"] = counts
    if dtype == "float16":
        tensors["vectors"] = as_float16(words, vectors)
    elif dtype == "int8":
        _reject(words, ~np.isfinite(vectors).all(axis=1), "contains NaN or infinity")
        largest = np.abs(vectors).max(axis=1, initial=0)
        scales = largest / np.float32(127)
        _reject(words, (largest > 0) & (scales < 1e-40), "has numbers too small for int8")
        tensors["scales"] = scales
        divisors = np.where(scales > 0, scales, np.float32(1))
        small = np.empty(vectors.shape, np.int8)
        for first in range(0, len(vectors), 4096):
            block = slice(first, first + 4096)
            small[block] = np.clip(np.rint(vectors[block] / divisors[block, None]), -127, 127)
        tensors["vectors"] = small
    write(path, tensors, {"format": "w2v.vectors", **described})


def as_float16(words: Sequence[str], vectors: FloatArray) -> npt.NDArray[np.float16]:
    """Return vectors in float16; raise a ValueError if a vector cannot be stored in it."""
    small = np.empty(vectors.shape, np.float16)
    for first in range(0, len(vectors), 4096):
        block = vectors[first : first + 4096]
        with np.errstate(over="ignore"):
            small[first : first + 4096] = block
        check_float16(words, block, small[first : first + 4096], first)
    return small


def check_float16(
    words: Sequence[str], vectors: FloatArray, small: npt.NDArray[np.float16], first: int = 0
) -> None:
    """Raise a ValueError if `small`, the rows from `first` on in float16, are not those vectors.

    Rounding changes a vector by less than a thousandth of its length, unless its numbers are
    smaller than float16 can store.
    """
    finite: Any = np.isfinite(vectors).all(axis=1)
    lost = finite & ~np.isfinite(small).all(axis=1)
    _reject(words, lost, "contains a number above 65,504, the maximum of float16", first)
    wide = np.where(finite[:, None], vectors, 0).astype(np.float64)
    errors = np.linalg.norm(wide - np.where(finite[:, None], small, 0), axis=1)
    lost = errors > 1e-3 * np.linalg.norm(wide, axis=1)
    _reject(words, lost, "has numbers too small for float16, which would change it", first)


def _reject(words: Sequence[str], rows: Any, why: str, first: int = 0) -> None:
    if rows.any():
        row = first + int(np.argmax(rows))
        raise ValueError(f"the vector of {words[row]!r} (row {row:,}) {why}; use dtype='float32'")


# ---- Words and vectors ---------------------------------------------------------------------------


class VectorFile(NamedTuple):
    """The content of a file of vectors.

    Attributes
    ----------
    words : list of str, or MappedWords
    vectors : ndarray of float32, shape (len(words), d)
    counts : ndarray of int64, shape (len(words),), or None
    attributes : dict of str to ndarray, shape (len(words),)
    metadata : dict of str to str
    processing : tuple of Step
        What was done to the vectors.
    outputs : ndarray of float32, shape (len(words), d), or None
        Output vectors of a model, if they were asked for and it has some.
    """

    words: list[str] | MappedWords
    vectors: FloatArray
    counts: IntArray | None
    attributes: dict[str, npt.NDArray[Any]]
    metadata: dict[str, str]
    processing: Steps
    outputs: FloatArray | None


def read_vectors(
    path: PathLike, *, mmap: bool = False, limit: int | None = None, outputs: bool = False
) -> VectorFile:
    """Return words, vectors, counts and attributes of a file of vectors or of a model.

    With `outputs`, also the output vectors of a model.

    Vectors in float16 or int8 are converted to float32. `mmap` maps float32 vectors only, and does
    not decode the words.
    """
    tensors, metadata = read(
        path,
        kind=("w2v.vectors", "w2v.model"),
        mmap=mmap,
        only=(
            "vectors", "words", "word_offsets", "counts", "scales", _ATTRIBUTE, PROCESSING,
            *(("output_vectors",) if outputs else ()),
        ),
        limit=limit,
    )  # fmt: skip
    words = MappedWords(path, tensors) if mmap else unpack_words(tensors, path)
    vectors = tensors["vectors"]
    if vectors.dtype != np.float32:
        wide: FloatArray = aligned_empty(vectors.shape, np.float32)
        wide[:] = vectors
        if vectors.dtype == np.int8:
            wide *= tensors["scales"][:, None]
        vectors = wide
    attributes = read_attributes(path, tensors, metadata, len(vectors))
    steps = read_steps(path, tensors, metadata, vectors.shape[1])
    return VectorFile(
        words,
        vectors,
        tensors.get("counts"),
        attributes,
        metadata,
        steps,
        tensors.get("output_vectors"),
    )


def attribute_tensors(
    path: PathLike, attributes: Mapping[str, npt.NDArray[Any]]
) -> tuple[Tensors, dict[str, str]]:
    """Return tensors and metadata with attributes of words, for a file at `path`.

    Numbers and truth values are tensors. Objects are in the metadata, as JSON, if they are texts,
    numbers, truth values or None; otherwise, they are left out with a warning.
    """
    tensors: Tensors = {}
    described: dict[str, Any] = {}
    for name, values in attributes.items():
        if values.dtype.kind in "biuf" and values.dtype.itemsize <= 8:
            wide = {"b": np.uint8, "i": np.int64, "u": np.int64}.get(values.dtype.kind)
            kept = values.dtype if wide is None and values.dtype in _NAMES else np.dtype("<f8")
            tensors[_ATTRIBUTE + name] = values.astype(wide or kept)
            described[name] = "bool" if values.dtype.kind == "b" else "number"
        elif all(one is None or type(one) in (str, int, float, bool) for one in values.tolist()):
            described[name] = values.tolist()
        else:
            warn(
                f"{os.fspath(path)}: the attribute {name!r} is not saved: its values are neither "
                "numbers nor strings"
            )
    return tensors, ({"attributes": json.dumps(described)} if described else {})


def read_attributes(
    path: PathLike, tensors: Tensors, metadata: Mapping[str, str], rows: int
) -> dict[str, npt.NDArray[Any]]:
    """Return the attributes that `attribute_tensors` has described.

    Raises
    ------
    ValueError
        They do not match; the message names `path`.
    """
    try:
        described = json.loads(metadata.get("attributes", "{}"))
        attributes: dict[str, npt.NDArray[Any]] = {}
        for name, what in described.items():
            if isinstance(what, list):
                values = np.array([*what, None], object)[:-1][:rows]
                if len(values) != rows:
                    raise ValueError(f"{name!r} has {len(what):,} values for {rows:,} words")
            else:
                values = tensors[_ATTRIBUTE + name]
                values = values.astype(np.bool_ if what == "bool" else values.dtype)  # writable
            attributes[name] = values
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(
            f"{os.fspath(path)}: the attributes of the words are unreadable ({error}); the file is "
            "corrupt; copy or create it again"
        ) from error
    return attributes
