"""Vectors in any format: told apart by what a file holds, written as its name says."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v._types import PathLike
from w2v._validation import at_least
from w2v.io import _vector_text, safetensors_file, word2vec_format
from w2v.io.atomic import looks_binary, recognise
from w2v.io.compression import COMPRESSED, bare_extension, reading

READABLE = (
    "w2v", "word2vec", "word2vec-text", "glove", "npz", "parquet", "arrow", "projector", "fasttext",
    "gensim",
)  # fmt: skip
WRITABLE = READABLE[:-2]
_EXTENSIONS = {
    ".safetensors": "w2v",
    ".bin": "word2vec",
    ".txt": "word2vec-text",
    ".vec": "word2vec-text",
    ".glove": "glove",
    ".npz": "npz",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".tsv": "projector",
}
_DTYPES = ("float32", "float16", "int8")
_HEADER = re.compile(rb"\s*\d+[ \t]+\d+[ \t\r]*(?:\n|\Z)")
_HEAD = 1 << 16  # bytes looked at


@dataclass
class Content:
    """What a file of vectors holds; `subwords` of fastText's models only."""

    words: list[str] | safetensors_file.PackedWords
    vectors: npt.NDArray[np.float32]
    counts: npt.NDArray[np.int64] | None = None
    subwords: Any = None


def detect(path: PathLike) -> str:
    """Return the format of a file, one of `READABLE`, by what it holds.

    Raises
    ------
    ValueError
        It is none of them; the message says what it looks like.
    OSError
        It cannot be read.
    """
    with reading(path) as stream:
        head = stream.peek(min(_HEAD, stream.most or _HEAD))
        plain = stream.plain
    if plain and head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= os.path.getsize(path):
        return "w2v"
    for signature, name in (
        (b"PK\x03\x04", "npz"),
        (b"PAR1", "parquet"),
        (b"ARROW1", "arrow"),
        (b"\xba\x16\x4f\x2f", "fasttext"),
    ):
        if plain and head.startswith(signature):
            return name
    if plain and head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return "gensim"
    if header := _HEADER.match(head):
        rest = head[header.end() :]
        if word2vec_format.is_binary(rest, int(header[0].split()[1])):
            return "word2vec"
        return _text(path, rest.partition(b"\n")[0], header[0])
    line = head.partition(b"\n")[0]
    fields = line.split()
    if not looks_binary(line) and len(fields) > 1 and word2vec_format.is_number(fields[-1]):
        return "projector" if _starts_with_number(path, line) else "glove"
    what = recognise(path) if plain else f"it begins {head[:40]!r} when decompressed"
    raise ValueError(f"{os.fspath(path)}: expected vectors in a format w2v reads, but {what}")


def _starts_with_number(path: PathLike, line: bytes) -> bool:
    first = line.split()[0]
    return word2vec_format.is_number(first) and b"\t" in line and bare_extension(path) == ".tsv"


def _text(path: PathLike, line: bytes, header: bytes) -> str:
    # Two numbers may be a projector's first row.
    return "projector" if bare_extension(path) == ".tsv" and b"\t" in header else "word2vec-text"


def format_of(path: PathLike) -> str:
    """Return the format that a name's extension stands for.

    Raises
    ------
    ValueError
        It stands for none.
    """
    extension = bare_extension(path)
    if extension not in _EXTENSIONS:
        raise ValueError(
            f"{os.fspath(path)}: the extension {extension!r} stands for no format; use one of "
            f"{', '.join(_EXTENSIONS)}, or name the format: {', '.join(WRITABLE)}"
        )
    return _EXTENSIONS[extension]


def read(
    path: PathLike,
    *,
    format: str | None = None,
    limit: int | None = None,
    errors: str = "strict",
    max_size: int | None = None,
    mmap: bool = False,
) -> Content:
    """Read vectors of any format; see `KeyedVectors.read`."""
    if format is not None and format not in READABLE:
        raise ValueError(f"format={format!r}: expected one of {', '.join(READABLE)}")
    if errors not in ("strict", "replace", "ignore", "skip"):
        raise ValueError(
            f"errors={errors!r}: expected one of 'strict', 'replace', 'ignore', 'skip'"
        )
    if limit is not None:
        limit = at_least(1, "limit", limit)
    format = format or detect(path)
    content = _read(path, format, limit, errors, max_size, mmap)
    if errors == "skip":
        _keep_good(content)
    return content


def _read(
    path: PathLike, format: str, limit: int | None, errors: str, max_size: int | None, mmap: bool
) -> Content:
    if format == "w2v":
        return Content(*safetensors_file.read_vectors(path, mmap=mmap, limit=limit))
    if format in ("word2vec", "word2vec-text", "glove"):
        binary, header = format == "word2vec", format != "glove"
        words, vectors = word2vec_format.read(
            path, binary=binary, header=header, limit=limit, errors=errors, max_size=max_size
        )
        return Content(words, vectors)
    if format == "npz":
        from w2v.io import npz

        return Content(*npz.read(path, limit=limit, max_size=max_size))
    if format in ("parquet", "arrow"):
        from w2v.io import arrow

        return Content(*arrow.read(path, parquet=format == "parquet", limit=limit))
    if format == "projector":
        from w2v.io import tensorboard

        return Content(*tensorboard.read(path, limit=limit, errors=errors, max_size=max_size))
    if format == "fasttext":
        from w2v.io import fasttext

        return Content(*fasttext.read(path, limit=limit, errors=errors))
    from w2v.io import gensim_pickle

    return Content(*gensim_pickle.read(path, limit=limit))


def _keep_good(content: Content) -> None:
    """Leave out a word's second row, and vectors that are not finite."""
    words = content.words
    if isinstance(words, safetensors_file.PackedWords):
        words = words.unpack()
    finite: npt.NDArray[np.bool_] | None = None
    if _vector_text.not_finite(content.vectors)[0]:
        finite = np.asarray(np.isfinite(content.vectors).all(axis=1))
    rows: dict[str, int] = {}
    for row, word in enumerate(words):
        if finite is None or finite[row]:
            rows.setdefault(word, row)
    if len(rows) < len(words):
        kept = list(rows.values())
        words, content.vectors = list(rows), content.vectors[kept]
        content.counts = None if content.counts is None else content.counts[kept]
    content.words = words


def write(
    path: PathLike,
    words: Sequence[str],
    vectors: npt.NDArray[np.float32],
    counts: npt.NDArray[np.int64] | None = None,
    *,
    format: str | None = None,
    dtype: str = "float32",
    errors: str = "strict",
) -> None:
    """Write vectors in any format; see `KeyedVectors.export`."""
    format = format or format_of(path)
    if format not in WRITABLE:
        raise ValueError(f"format={format!r}: expected one of {', '.join(WRITABLE)}")
    packed = os.path.splitext(os.fspath(path))[1].lower() in COMPRESSED
    if packed and format not in ("word2vec", "word2vec-text", "glove"):
        raise ValueError(
            f"{os.fspath(path)}: files of the format {format} are written without compression; "
            "leave out the last extension"
        )
    if dtype not in _DTYPES:
        raise ValueError(f"dtype={dtype!r}: expected one of {', '.join(_DTYPES)}")
    smaller = {"w2v": _DTYPES, "npz": _DTYPES[:2], "parquet": _DTYPES[:2], "arrow": _DTYPES[:2]}
    possible = smaller.get(format, _DTYPES[:1])
    if dtype not in possible:
        raise ValueError(
            f"dtype={dtype!r}: the format {format} holds {' and '.join(possible)}; w2v's own holds "
            "all of them"
        )
    if format == "w2v":
        safetensors_file.write_vectors(path, words, vectors, counts, dtype=dtype)
        return
    if format in ("word2vec", "word2vec-text", "glove"):
        binary, header = format == "word2vec", format != "glove"
        word2vec_format.write(path, words, vectors, binary=binary, header=header, errors=errors)
        return
    if format == "projector":
        from w2v.io import tensorboard

        tensorboard.write(path, words, vectors, errors=errors)
        return
    kept: npt.NDArray[Any] = (
        safetensors_file.as_float16(words, vectors) if dtype == "float16" else vectors
    )
    if format == "npz":
        from w2v.io import npz

        npz.write(path, words, kept, counts)
        return
    from w2v.io import arrow

    arrow.write(path, words, kept, counts, parquet=format == "parquet")
