"""fastText models (.bin): reads the vectors of words, and the rows of subwords.

Layout (little-endian): magic number and version, settings, dictionary, input matrix (a row for each
word, then for each subword bucket), and the output matrix, which is ignored. The vector of a word
is the mean of its own row and the rows of its subwords (Bojanowski et al., 2017). Quantized models
(.ftz) are refused.
"""

from __future__ import annotations

import os
import struct
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from w2v._memory import aligned_empty
from w2v._types import FloatArray, IntArray, PathLike
from w2v.io import _subwords
from w2v.io.sniff import describe_file

MAGIC = 793712314
_ARGS = (
    "dim", "ws", "epoch", "min_count", "neg", "word_ngrams", "loss", "model", "bucket", "minn",
    "maxn", "lr_update_rate",
)  # fmt: skip
_SUPERVISED = 3


class SubwordTable(NamedTuple):
    """The rows of a model for the subwords of words.

    Attributes
    ----------
    buckets : ndarray of uint8, shape (n_buckets, 4 * d)
        The bytes of a float32 row for each hash value, memory-mapped.
    min_n, max_n : int
        Minimum and maximum number of characters in a subword.
    """

    buckets: npt.NDArray[np.uint8]
    min_n: int
    max_n: int


def read(
    path: PathLike, *, limit: int | None = None, errors: str = "strict"
) -> tuple[list[str], FloatArray, IntArray, SubwordTable]:
    """Read words, vectors, counts, and the rows of subwords.

    Raises
    ------
    ValueError
        The file is truncated, quantized, of an unknown version, or not a fastText model.
    OSError
        It cannot be read.
    """
    name = os.fspath(path)
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        magic, version = _unpack(file, name, "<ii")
        if magic != MAGIC:
            raise ValueError(f"{name}: expected a fastText model (.bin), but {describe_file(path)}")
        if version not in (11, 12):
            raise ValueError(f"{name}: unknown fastText version {version}; expected 11 or 12")
        args = dict(zip(_ARGS, _unpack(file, name, "<12i"), strict=True))
        _unpack(file, name, "<d")
        if version == 11 and args["model"] == _SUPERVISED:
            args["maxn"] = 0  # no subwords, whatever the setting says
        words, counts, pruned = _dictionary(file, name, size)
        (quantized,) = _unpack(file, name, "<?")
        if quantized or pruned >= 0:
            raise ValueError(
                f"{name}: a quantized fastText model (.ftz), which has no exact vectors; use the "
                ".bin file it was made from"
            )
        rows, columns = _unpack(file, name, "<qq")
        min_n, max_n, buckets = args["minn"], args["maxn"], max(0, args["bucket"])
        if max_n < 1:
            buckets = 0
        valid = len(words) <= rows and columns == args["dim"] and columns >= 1 and min_n >= 0
        if not valid or max_n > 1000 or len(words) + buckets > rows:
            raise ValueError(
                f"{name}: an input matrix of {rows:,} rows and {columns:,} columns does not match "
                f"{len(words):,} words, {args['bucket']:,} buckets and {args['dim']:,} dimensions; "
                "the file is corrupt"
            )
        begin = file.tell()
        if rows * columns * 4 > size - begin:
            raise ValueError(
                f"{name}: an input matrix of {rows:,} rows and {columns:,} columns needs "
                f"{rows * columns * 4:,} bytes, but {size - begin:,} are left; the file is "
                "truncated"
            )
        mapped = np.memmap(file, np.uint8, "r", begin, (rows, 4 * columns)).view(np.ndarray)
    wanted = len(words) if limit is None else min(limit, len(words))
    settings = (min_n, max_n, buckets)
    kept = words[:wanted], counts[:wanted]
    return _vectors(name, *kept, mapped, len(words), errors, settings)


def means(
    marked: list[bytes],
    matrix: npt.NDArray[np.uint8],
    first_bucket: int,
    settings: tuple[int, int, int],
) -> FloatArray:
    """Return the vector of each word: the mean of its row and the rows of its subwords.

    Parameters
    ----------
    marked : list of bytes
        Words between "<" and ">"; b"" for a word without subwords.
    matrix : ndarray of uint8, shape (rows, 4 * d)
        The bytes of a float32 matrix: words first, buckets from `first_bucket` on.
    first_bucket : int
    settings : tuple of int
        Minimum and maximum number of characters in a subword, and the number of buckets.
    """
    min_n, max_n, buckets = settings
    ends = np.cumsum(np.fromiter(map(len, marked), np.int64, len(marked)))
    scratch = np.empty(max([1, *map(len, marked)]) * max(1, max_n), np.uint32)
    vectors: FloatArray = aligned_empty((len(marked), matrix.shape[1] // 4), np.float32)
    hashing = (min_n, max_n, buckets, first_bucket)
    _subwords.subword_means(b"".join(marked), ends, matrix, hashing, scratch, vectors)
    return vectors


def _vectors(
    name: str,
    words: list[bytes],
    counts: list[int],
    mapped: npt.NDArray[np.uint8],
    first_bucket: int,
    errors: str,
    settings: tuple[int, int, int],
) -> tuple[list[str], FloatArray, IntArray, SubwordTable]:
    min_n, max_n, buckets = settings
    # The token for the end of a line, "</s>", has no subwords.
    marked = [b"" if word == b"</s>" else b"<" + word + b">" for word in words]
    vectors = means(marked, mapped, first_bucket, settings)
    decoded = []
    kept = []
    for row, word in enumerate(words):
        try:
            decoded.append(word.decode("utf-8", "strict" if errors == "skip" else errors))
        except UnicodeDecodeError:
            if errors != "skip":
                raise ValueError(
                    f"{name}: word {row:,} is not UTF-8: {word[:40]!r}; use errors='replace', "
                    "'ignore' or 'skip' to read it anyway"
                ) from None
            continue
        kept.append(row)
    if len(kept) < len(words):
        vectors, counts = vectors[kept], [counts[row] for row in kept]
    subwords = SubwordTable(mapped[first_bucket : first_bucket + buckets], min_n, max_n)
    return decoded, vectors, np.array(counts, np.int64), subwords


def _unpack(file: BinaryIO, name: str, form: str) -> tuple[Any, ...]:
    data = file.read(struct.calcsize(form))
    if len(data) < struct.calcsize(form):
        raise ValueError(f"{name}: unexpected end of the fastText model; copy it again")
    return struct.unpack(form, data)


def _dictionary(file: BinaryIO, name: str, size: int) -> tuple[list[bytes], list[int], int]:
    """Return words, counts and the number of pruned buckets (-1 if not pruned)."""
    entries, n_words, n_labels, _, pruned = _unpack(file, name, "<iiiqq")
    if min(entries, n_words, n_labels) < 0 or n_words + n_labels != entries or 10 * entries > size:
        raise ValueError(
            f"{name}: a dictionary of {entries:,} entries does not fit into {size:,} bytes; the "
            "file is corrupt"
        )
    words, counts = [], []
    rest = b""
    at = 0
    for _ in range(entries):
        end = rest.find(b"\0", at)
        while end < 0 or end + 10 > len(rest):
            more = file.read(1 << 20)
            if not more or len(rest) - at > 1 << 24:
                raise ValueError(f"{name}: unexpected end of the fastText model; copy it again")
            rest, at = rest[at:] + more, 0
            end = rest.find(b"\0")
        count, kind = struct.unpack_from("<qb", rest, end + 1)
        if kind == 0:
            words.append(rest[at:end])
            counts.append(count)
        at = end + 10
    file.seek(at - len(rest), os.SEEK_CUR)
    if len(words) != n_words:
        raise ValueError(f"{name}: {len(words):,} words, but the header declares {n_words:,}")
    return words, counts, pruned
