"""Every format of vector files: how it is detected, read and written; one table, `FORMATS`."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v._memory import explain_shortage
from w2v._types import FloatArray, IntArray, PathLike
from w2v._validation import at_least, one_of
from w2v.io import (
    _vector_text,
    arrow,
    fasttext,
    gensim_pickle,
    npz,
    safetensors_file,
    sniff,
    tensorboard,
    word2vec_format,
)
from w2v.io._word2vec_reader import is_number
from w2v.io.compression import EXTENSIONS, bare_extension, max_bytes, open_input
from w2v.io.processing import Steps
from w2v.io.reading import reading, seekable
from w2v.io.words import MappedWords, packed_size

_HEADER = re.compile(rb"\s*\d+[ \t]+(\d+)[ \t\r]*(?:\n|\Z)")
_HEAD_SIZE = 1 << 16  # bytes from which a format is detected
_FLOATS = ("float32", "float16")


@dataclass
class VectorData:
    """The content of a file of vectors.

    Only fastText models, and those of gensim, have `subwords`; only files of w2v have `processing`;
    only models of w2v and gensim have `outputs`, if they are asked for, and settings in `metadata`.
    """

    words: list[str] | MappedWords
    vectors: FloatArray
    counts: IntArray | None = None
    subwords: fasttext.SubwordTable | None = None
    attributes: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    processing: Steps = ()
    outputs: FloatArray | None = None
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ReadOptions:
    """Options of `KeyedVectors.read`; a format ignores those that do not apply to it."""

    limit: int | None = None
    errors: str = "strict"
    max_size: int | None = None
    mmap: bool = False
    outputs: bool = False


@dataclass(frozen=True)
class WriteOptions:
    """Options of `KeyedVectors.export`; a format ignores those that do not apply to it."""

    dtype: str = "float32"
    errors: str = "strict"
    processing: Steps = ()


@dataclass(frozen=True)
class _Head:
    """The name and the first bytes of a file, decompressed, without a byte-order mark."""

    path: PathLike
    data: bytes
    is_uncompressed: bool

    @cached_property
    def header(self) -> re.Match[bytes] | None:
        """A first line of two whole numbers, as in word2vec format."""
        return _HEADER.match(self.data)

    @cached_property
    def line(self) -> bytes:
        """The first line."""
        return self.data.partition(b"\n")[0]

    @property
    def is_tsv(self) -> bool:
        """Whether the name ends in .tsv, and the first line has a tab."""
        return b"\t" in self.line and bare_extension(self.path) == ".tsv"


Writer = Callable[[PathLike, Sequence[str], FloatArray, IntArray | None, WriteOptions], None]


@dataclass(frozen=True)
class Format:
    """A format of vector files.

    Attributes
    ----------
    detect : callable
        Decides from the first bytes of a file; the first format in `FORMATS` to accept has it.
    read, write : callable
        Adapters of the module that does the work; None if the format is never written.
    extensions : tuple of str
        Names of files that are written in this format.
    dtypes : tuple of str
        Types of numbers that it can store.
    compressible : bool
        Whether it is compressed when the name says so.
    """

    detect: Callable[[_Head], bool]
    read: Callable[[PathLike, ReadOptions], VectorData]
    write: Writer | None = None
    extensions: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = _FLOATS[:1]
    compressible: bool = False


# ---- Detection -----------------------------------------------------------------------------------


def _is_safetensors(head: _Head) -> bool:
    return head.is_uncompressed and sniff.is_safetensors(head.data, os.path.getsize(head.path))


def _has_magic_of(name: str) -> Callable[[_Head], bool]:
    return lambda head: head.is_uncompressed and sniff.vectors_of(head.data) == name


def _is_word2vec_binary(head: _Head) -> bool:
    if head.header is None:
        return False
    rows = head.data[head.header.end() :]
    return word2vec_format.is_binary(rows, int(head.header[1]))


def _is_tensorboard(head: _Head) -> bool:
    # A first row of two numbers looks like the header of word2vec format; the name decides.
    return head.is_tsv and _ends_in_number(head) and is_number(head.line.split()[0])


def _is_glove(head: _Head) -> bool:
    return _ends_in_number(head) and not _is_matrix(head)


def _is_matrix(head: _Head) -> bool:
    """Whether there are no words: the first field of each of the first lines is a number.

    Integers are accepted: they may be the names of nodes or products.
    """
    first = [fields[0] for fields in word2vec_format.sample_lines(head.data)]
    return all(map(is_number, first)) and not all(one.lstrip(b"+-").isdigit() for one in first)


def _ends_in_number(head: _Head) -> bool:
    fields = head.line.split()
    return not sniff.looks_binary(head.line) and len(fields) > 1 and is_number(fields[-1])


# ---- Adapters ------------------------------------------------------------------------------------


def _read_w2v(path: PathLike, options: ReadOptions) -> VectorData:
    found = safetensors_file.read_vectors(
        path, mmap=options.mmap, limit=options.limit, outputs=options.outputs
    )
    return VectorData(
        found.words,
        found.vectors,
        found.counts,
        attributes=found.attributes,
        processing=found.processing,
        outputs=found.outputs,
        metadata=found.metadata,
    )


def _read_gensim(path: PathLike, options: ReadOptions) -> VectorData:
    if options.outputs:
        return _read_gensim_model(path, options)
    found = gensim_pickle.read(path, limit=options.limit, max_size=options.max_size)
    return VectorData(
        found.words, found.vectors, found.counts, found.subwords, attributes=found.attributes
    )


def _read_gensim_model(path: PathLike, options: ReadOptions) -> VectorData:
    """Return the words of a whole model, with its output vectors."""
    saved = gensim_pickle.read_model(path, max_size=options.max_size)
    content, limit = saved.content, options.limit
    outputs: FloatArray | None = None
    if saved.output_vectors is not None:
        # Words that were added after training have none.
        outputs = np.zeros_like(content.vectors, np.float32)
        if saved.output_vectors.shape[1] != outputs.shape[1]:
            raise ValueError(
                f"{os.fspath(path)}: output vectors have {saved.output_vectors.shape[1]} "
                f"dimensions, those of words {outputs.shape[1]}: expected as many"
            )
        known = saved.output_vectors[: len(outputs)]
        outputs[: len(known)] = known
        outputs = outputs[:limit]
    return VectorData(
        content.words[:limit],
        content.vectors[:limit],
        None if content.counts is None else content.counts[:limit],
        attributes={name: values[:limit] for name, values in content.attributes.items()},
        outputs=outputs,
        metadata={"config": json.dumps({"sg": 0, **saved.settings})},
    )


def _read_word2vec(
    binary: bool = False, header: bool = True
) -> Callable[[PathLike, ReadOptions], VectorData]:
    def read(path: PathLike, options: ReadOptions) -> VectorData:
        words, vectors = word2vec_format.read(
            path,
            binary=binary,
            header=header,
            limit=options.limit,
            errors=options.errors,
            max_size=options.max_size,
        )
        return VectorData(words, vectors)

    return read


def _write_word2vec(binary: bool = False, header: bool = True) -> Writer:
    return lambda path, words, vectors, counts, o: word2vec_format.write(
        path, words, vectors, binary=binary, header=header, errors=o.errors
    )


def _narrow(words: Sequence[str], vectors: FloatArray, dtype: str) -> npt.NDArray[np.floating]:
    return safetensors_file.as_float16(words, vectors) if dtype == "float16" else vectors


def _arrow_format(parquet: bool, extensions: tuple[str, ...]) -> Format:
    return Format(
        _has_magic_of("parquet" if parquet else "arrow"),
        lambda path, o: VectorData(
            *arrow.read(path, parquet=parquet, limit=o.limit, max_size=o.max_size)
        ),
        lambda path, words, vectors, counts, o: arrow.write(
            path, words, _narrow(words, vectors, o.dtype), counts, parquet=parquet
        ),
        extensions,
        _FLOATS,
    )


# In the order of detection: formats with a magic number, then those that are recognized by their
# first line.
FORMATS = {
    "w2v": Format(
        _is_safetensors,
        _read_w2v,
        lambda path, words, vectors, counts, o: safetensors_file.write_vectors(
            path, words, vectors, counts, dtype=o.dtype, processing=o.processing
        ),
        (".safetensors",),
        (*_FLOATS, "int8"),
    ),
    "npz": Format(
        _has_magic_of("npz"),
        lambda path, o: VectorData(*npz.read(path, limit=o.limit, max_size=o.max_size)),
        lambda path, words, vectors, counts, o: npz.write(
            path, words, _narrow(words, vectors, o.dtype), counts
        ),
        (".npz",),
        _FLOATS,
    ),
    "parquet": _arrow_format(True, (".parquet",)),
    "arrow": _arrow_format(False, (".arrow", ".feather")),
    "fasttext": Format(
        _has_magic_of("fasttext"),
        lambda path, o: VectorData(*fasttext.read(path, limit=o.limit, errors=o.errors)),
    ),
    "gensim": Format(lambda head: sniff.is_pickle(head.data), _read_gensim),
    "word2vec": Format(
        _is_word2vec_binary,
        _read_word2vec(binary=True),
        _write_word2vec(binary=True),
        (".bin",),
        compressible=True,
    ),
    "tensorboard": Format(
        _is_tensorboard,
        lambda path, o: VectorData(
            *tensorboard.read(path, limit=o.limit, errors=o.errors, max_size=o.max_size)
        ),
        lambda path, words, vectors, counts, o: tensorboard.write(
            path, words, vectors, errors=o.errors
        ),
        (".tsv",),
    ),
    "word2vec-text": Format(
        lambda head: head.header is not None,
        _read_word2vec(),
        _write_word2vec(),
        (".txt", ".vec"),
        compressible=True,
    ),
    "glove": Format(
        _is_glove,
        _read_word2vec(header=False),
        _write_word2vec(header=False),
        (".glove",),
        compressible=True,
    ),
}
_WRITABLE = [name for name, format in FORMATS.items() if format.write is not None]
_BY_EXTENSION = {end: name for name, format in FORMATS.items() for end in format.extensions}


# ---- What KeyedVectors and the command line call -------------------------------------------------


def detect(path: PathLike) -> str:
    """Return the format of a file, a key of `FORMATS`, from its first 64 KiB, decompressed.

    The name matters in one case only: text with tabs between the fields of its first line is
    "tensorboard" if the name ends in ``.tsv``, and word2vec or GloVe text otherwise.

    Raises
    ------
    ValueError
        The format is unknown; the message says what the file looks like.
    OSError
        It cannot be read.
    """
    with reading(path) as file, open_input(path) as stream:
        stream.skip_bom()
        data = stream.peek(min(_HEAD_SIZE, stream.max_size or _HEAD_SIZE))
        head = _Head(path, data, stream.is_uncompressed)
    for name, format in FORMATS.items():
        if format.detect(head):
            return name
    if _ends_in_number(head):
        what = (
            f"it has no words: its lines consist of numbers, as numpy.savetxt() writes them (it "
            f"begins {data[:40]!r}); use KeyedVectors(words, numpy.loadtxt(path, 'float32', "
            "ndmin=2)), or pass format='glove' if the first number of each line is its word"
        )
    elif head.is_uncompressed:
        what = sniff.describe(data, os.path.getsize(path))
    else:
        what = f"{sniff.describe(data)} when decompressed"
        if sniff.vectors_of(data) or sniff.is_safetensors(data):
            what += "; this format is read uncompressed: decompress the file"
    raise ValueError(f"{file}: expected vectors in a format that w2v reads, but {what}")


def format_from_name(path: PathLike) -> str:
    """Return the format that a file is written in, from the extension of its name.

    Raises
    ------
    ValueError
        The extension is unknown.
    """
    extension = bare_extension(path)
    if extension not in _BY_EXTENSION:
        problem = f"unknown extension {extension!r}" if extension else "no extension"
        raise ValueError(
            f"{os.fspath(path)}: {problem}; use one of "
            f"{', '.join(_BY_EXTENSION)}, or pass format=, one of {', '.join(_WRITABLE)}"
        )
    return _BY_EXTENSION[extension]


def read(
    path: PathLike,
    *,
    format: str | None = None,
    limit: int | None = None,
    errors: str = "strict",
    max_size: int | str | None = None,
    mmap: bool = False,
    outputs: bool = False,
) -> VectorData:
    """Read vectors of any format; see `KeyedVectors.read`."""
    if format is not None and format not in FORMATS:
        raise ValueError(f"format={format!r}: expected one of {', '.join(FORMATS)}")
    one_of(word2vec_format.READ_ERRORS, "errors", errors)
    if limit is not None:
        limit = at_least(1, "limit", limit)
    size = max_bytes(max_size)
    with reading(path), seekable(path) as file:
        # A copy of what a pipe sends is not there to be mapped later.
        options = ReadOptions(limit, errors, size, mmap and file == path, outputs)
        data = FORMATS[format or detect(file)].read(file, options)
        if errors == "skip":
            _drop_bad_rows(data)
    return data


def _drop_bad_rows(data: VectorData) -> None:
    """Remove rows with NaN or infinity, and all rows of a word but the first."""
    words = data.words
    if isinstance(words, MappedWords):
        words = words.unpack()
    finite: npt.NDArray[np.bool_] | None = None
    if _vector_text.count_nonfinite_rows(data.vectors)[0]:
        finite = np.asarray(np.isfinite(data.vectors).all(axis=1))
    rows: dict[str, int] = {}
    for row, word in enumerate(words):
        if finite is None or finite[row]:
            rows.setdefault(word, row)
    if len(rows) < len(words):
        kept = list(rows.values())
        words, data.vectors = list(rows), data.vectors[kept]
        data.outputs = None if data.outputs is None else data.outputs[kept]
        data.counts = None if data.counts is None else data.counts[kept]
        data.attributes = {name: values[kept] for name, values in data.attributes.items()}
    data.words = words


def write(
    path: PathLike,
    words: Sequence[str],
    vectors: FloatArray,
    counts: IntArray | None = None,
    *,
    format: str | None = None,
    dtype: str = "float32",
    errors: str = "strict",
    processing: Steps = (),
) -> None:
    """Write vectors in any format; see `KeyedVectors.export`."""
    name = format or format_from_name(path)
    chosen = FORMATS.get(name)
    if chosen is None or chosen.write is None:
        raise ValueError(f"format={format!r}: expected one of {', '.join(_WRITABLE)}")
    extension = os.path.splitext(os.fspath(path))[1].lower()
    if extension in EXTENSIONS and not chosen.compressible:
        raise ValueError(
            f"{os.fspath(path)}: format {name!r} cannot be compressed; drop the extension "
            f"{extension!r}"
        )
    known = FORMATS["w2v"].dtypes
    one_of(known, "dtype", dtype)
    if dtype not in chosen.dtypes:
        raise ValueError(
            f"dtype={dtype!r}: format {name!r} stores {' and '.join(chosen.dtypes)}; format 'w2v' "
            "stores all of them"
        )
    remedy = "nothing was written; free some memory and write again"
    size = packed_size(words) + (0 if dtype == "float32" else vectors.nbytes // 2)
    with explain_shortage(f"writing {os.fspath(path)}", size, remedy):
        chosen.write(path, words, vectors, counts, WriteOptions(dtype, errors, processing))
