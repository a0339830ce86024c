"""fastText's models (.bin), read: the words' vectors, and those of their subwords.

The layout (little-endian): magic number and version, the settings, the dictionary, the input matrix
(a row for each word, then for each bucket of subwords) and the output matrix, which is left. A
word's vector is the mean of its own row and those of its subwords (Bojanowski et al., 2017).
Quantized models (.ftz) are refused.
"""

from __future__ import annotations

import os
import struct
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from w2v._memory import aligned_empty
from w2v._types import PathLike
from w2v.io import _vector_text
from w2v.io.atomic import recognise

MAGIC = 793712314
_ARGS = (
    "dim", "ws", "epoch", "min_count", "neg", "word_ngrams", "loss", "model", "bucket", "minn",
    "maxn", "lr_update_rate",
)  # fmt: skip
_SUPERVISED = 3


class Subwords:
    """Vectors for words that a fastText model has not seen, from the parts of their spelling.

    The rows lie in the model's file, mapped into memory.
    """

    def __init__(
        self, buckets: npt.NDArray[np.uint8], least: int, most: int, dimensions: int
    ) -> None:
        self._buckets, self._least, self._most = buckets, least, most
        self._dimensions = dimensions

    def __len__(self) -> int:
        return len(self._buckets)

    def __getitem__(self, word: str) -> npt.NDArray[np.float32]:
        """Return the mean of the rows of a word's subwords, float32, shape (vector_size,).

        Raises
        ------
        KeyError
            The word is too short to have any, or the model has none.
        """
        data = f"<{word}>".encode("utf-8", "surrogatepass")
        ids = np.empty(max(1, len(data) * self._most), np.uint32)
        found = 0
        if len(self):
            found = _vector_text.subwords(data, self._least, self._most, len(self), ids)
        if not found:
            raise KeyError(f"word {word!r} is not in the vocabulary and has no subwords")
        rows = self._buckets[ids[:found]].reshape(-1).view("<f4").reshape(found, -1)
        mean: npt.NDArray[np.float32] = rows.sum(axis=0, dtype=np.float32) * np.float32(1 / found)
        return mean


def read(
    path: PathLike, *, limit: int | None = None, errors: str = "strict"
) -> tuple[list[str], npt.NDArray[np.float32], npt.NDArray[np.int64], Subwords]:
    """Read words, their vectors and counts, and the rows of subwords.

    Raises
    ------
    ValueError
        The file is truncated, quantized, of an unknown version, or no fastText model.
    OSError
        It cannot be read.
    """
    name = os.fspath(path)
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        magic, version = _unpack(file, name, "<ii")
        if magic != MAGIC:
            raise ValueError(f"{name}: expected a fastText model (.bin), but {recognise(path)}")
        if version not in (11, 12):
            raise ValueError(f"{name}: version {version} of fastText's format; 11 and 12 are known")
        args = dict(zip(_ARGS, _unpack(file, name, "<12i"), strict=True))
        _unpack(file, name, "<d")
        if version == 11 and args["model"] == _SUPERVISED:
            args["maxn"] = 0  # they had no subwords, whatever the setting says
        words, counts, pruned = _dictionary(file, name, size)
        (quantized,) = _unpack(file, name, "<?")
        if quantized or pruned >= 0:
            raise ValueError(
                f"{name}: a quantized fastText model (.ftz), which holds no exact vectors; use the "
                ".bin it was made from"
            )
        rows, columns = _unpack(file, name, "<qq")
        least, most, buckets = args["minn"], args["maxn"], max(0, args["bucket"])
        if most < 1:
            buckets = 0
        whole = len(words) <= rows and columns == args["dim"] and columns >= 1 and least >= 0
        if not whole or most > 1000 or len(words) + buckets > rows:
            raise ValueError(
                f"{name}: an input matrix of {rows:,} rows and {columns:,} columns does not fit "
                f"{len(words):,} words, {args['bucket']:,} buckets and {args['dim']:,} dimensions; "
                "the file is corrupt"
            )
        begin = file.tell()
        if rows * columns * 4 > size - begin:
            raise ValueError(
                f"{name}: an input matrix of {rows:,} rows and {columns:,} columns takes "
                f"{rows * columns * 4:,} bytes, but {size - begin:,} are left: it is truncated"
            )
        mapped = np.memmap(file, np.uint8, "r", begin, (rows, 4 * columns)).view(np.ndarray)
    wanted = len(words) if limit is None else min(limit, len(words))
    settings = (least, most, buckets)
    kept = words[:wanted], counts[:wanted]
    return _vectors(name, *kept, mapped, len(words), errors, settings)


def means(
    marked: list[bytes],
    matrix: npt.NDArray[np.uint8],
    first_bucket: int,
    settings: tuple[int, int, int],
) -> npt.NDArray[np.float32]:
    """Return the mean of each word's row and the rows of its subwords.

    Parameters
    ----------
    marked : list of bytes
        Words with "<" before and ">" after; b"" for one without subwords.
    matrix : ndarray of uint8, shape (rows, 4 * d)
        The bytes of a float32 matrix: words first, buckets from `first_bucket` on.
    first_bucket : int
    settings : tuple of int
        Characters of a subword, at least and at most, and the number of buckets.
    """
    least, most, buckets = settings
    ends = np.cumsum(np.fromiter(map(len, marked), np.int64, len(marked)))
    scratch = np.empty(max([1, *map(len, marked)]) * max(1, most), np.uint32)
    vectors: npt.NDArray[np.float32] = aligned_empty(
        (len(marked), matrix.shape[1] // 4), np.float32
    )
    hashing = (least, most, buckets, first_bucket)
    _vector_text.subword_means(b"".join(marked), ends, matrix, hashing, scratch, vectors)
    return vectors


def _vectors(
    name: str,
    words: list[bytes],
    counts: list[int],
    mapped: npt.NDArray[np.uint8],
    first_bucket: int,
    errors: str,
    settings: tuple[int, int, int],
) -> tuple[list[str], npt.NDArray[np.float32], npt.NDArray[np.int64], Subwords]:
    least, most, buckets = settings
    dimensions = mapped.shape[1] // 4
    # The end of a line, "</s>", has no subwords.
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
                    f"{name}: word {row:,} is not UTF-8: {word[:40]!r}; errors='replace', 'ignore' "
                    "or 'skip' reads the file all the same"
                ) from None
            continue
        kept.append(row)
    if len(kept) < len(words):
        vectors, counts = vectors[kept], [counts[row] for row in kept]
    subwords = Subwords(mapped[first_bucket : first_bucket + buckets], least, most, dimensions)
    return decoded, vectors, np.array(counts, np.int64), subwords


def _unpack(file: BinaryIO, name: str, form: str) -> tuple[Any, ...]:
    data = file.read(struct.calcsize(form))
    if len(data) < struct.calcsize(form):
        raise ValueError(f"{name}: the fastText model ends in the middle; copy it again")
    return struct.unpack(form, data)


def _dictionary(file: BinaryIO, name: str, size: int) -> tuple[list[bytes], list[int], int]:
    """Return words, counts and the number of pruned buckets (-1: not pruned)."""
    entries, n_words, n_labels, _, pruned = _unpack(file, name, "<iiiqq")
    if min(entries, n_words, n_labels) < 0 or n_words + n_labels != entries or 10 * entries > size:
        raise ValueError(
            f"{name}: a dictionary of {entries:,} entries does not fit a file of {size:,} bytes; "
            "it is corrupt"
        )
    words, counts = [], []
    rest = b""
    at = 0
    for _ in range(entries):
        end = rest.find(b"\0", at)
        while end < 0 or end + 10 > len(rest):
            more = file.read(1 << 20)
            if not more or len(rest) - at > 1 << 24:
                raise ValueError(f"{name}: the fastText model ends in the middle; copy it again")
            rest, at = rest[at:] + more, 0
            end = rest.find(b"\0")
        count, kind = struct.unpack_from("<qb", rest, end + 1)
        if kind == 0:
            words.append(rest[at:end])
            counts.append(count)
        at = end + 10
    file.seek(at - len(rest), os.SEEK_CUR)
    if len(words) != n_words:
        raise ValueError(f"{name}: {len(words):,} words, but the header says {n_words:,}")
    return words, counts, pruned
