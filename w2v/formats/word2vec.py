"""word2vec's own file formats, text and binary, as word2vec.c and gensim read and write them.

The first line is "words dimensions". Text: a line for each word, the word and its numbers
separated by blanks. Binary: the word, a blank, the numbers as little-endian float32, a newline
(written by word2vec.c and here, left out by gensim, optional for every reader). Neither format
can hold words with white space, and neither keeps counts.
"""

from __future__ import annotations

import mmap
import os
import re
from collections.abc import Sequence
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from w2v.formats._decimals import rows_as_text
from w2v.formats._files import StrPath, aligned_empty, looks_binary, recognise, replacing

Floats = npt.NDArray[np.float32]

_HEADER = re.compile(rb"\s*([+-]?\d+)\s+([+-]?\d+)\s*")
_PIECE = 32_768  # numbers handled at a time
_ERRORS = ("strict", "replace", "ignore")


def write(path: StrPath, words: Sequence[str], vectors: Floats, *, binary: bool = False) -> None:
    """Write words and vectors, in the order given, replacing `path` only when all is on disk.

    Parameters
    ----------
    path : str or path-like
        Destination.
    words : sequence of str
    vectors : ndarray of float32, shape (len(words), d)
        Rows may be padded. Text holds the fewest digits that read back as the same float32.
    binary : bool, default False

    Raises
    ------
    ValueError
        A word is empty or holds white space, or there are none.
    OSError
        The destination cannot be written; see `replacing`.
    """
    encoded = [_encoded(word, row) for row, word in enumerate(words)]
    if not encoded:
        raise ValueError("there are no words to write; word2vec's format needs at least one")
    dimensions = vectors.shape[1]
    rows = max(1, _PIECE // dimensions)
    with replacing(path) as temporary, open(temporary, "wb") as file:
        file.write(b"%d %d\n" % vectors.shape)
        for first in range(0, len(encoded), rows):
            piece = vectors[first : first + rows]
            if binary:
                data, size = piece.astype("<f4").tobytes(), 4 * dimensions
                numbers = [b" " + data[at : at + size] for at in range(0, len(data), size)]
            else:
                numbers = rows_as_text(piece)
            lines = zip(encoded[first : first + rows], numbers, strict=True)
            file.write(b"".join([word + text + b"\n" for word, text in lines]))


def _encoded(word: str, row: int) -> bytes:
    try:
        encoded = word.encode()
    except UnicodeEncodeError:
        problem = "is not valid Unicode"
    else:
        if encoded.split() == [encoded]:
            return encoded
        problem = "holds white space" if word else "is empty"
    raise ValueError(
        f"word {word!r} (row {row}) {problem}, which word2vec's formats cannot represent; "
        "save() writes a format that keeps every word"
    )


def read(
    path: StrPath, *, binary: bool = False, limit: int | None = None, errors: str = "strict"
) -> tuple[list[str], Floats]:
    """Read words and vectors.

    Parameters
    ----------
    path : str or path-like
    binary : bool, default False
    limit : int, optional
        Read the first `limit` words only; default all.
    errors : {"strict", "replace", "ignore"}
        What to do with words that are not UTF-8: raise, put U+FFFD in place of the wrong bytes,
        or leave those out.

    Returns
    -------
    words : list of str
    vectors : ndarray of float32, shape (len(words), d)

    Raises
    ------
    ValueError
        The file does not hold what its first line promises, is of the other kind or foreign, or
        has a word that is not UTF-8. Sizes are checked before memory is taken.
    OSError
        It cannot be read.
    """
    if errors not in _ERRORS:
        raise ValueError(f"errors={errors!r}: expected one of {', '.join(map(repr, _ERRORS))}")
    if limit is not None and limit < 1:
        raise ValueError(f"limit={limit!r}: expected at least 1, or None for all words")
    with open(path, "rb") as file:
        promised, dimensions = _header(file, path)
        rows = promised if limit is None else min(promised, limit)
        # The least a row can take: binary an empty word and a blank; text one byte a field.
        least = rows * (4 * dimensions + 1 if binary else 2 * dimensions + 2)
        size = os.fstat(file.fileno()).st_size
        if least - 1 > size - file.tell():
            raise ValueError(
                f"{os.fspath(path)}: the first line promises {promised:,} words of {dimensions:,} "
                f"dimensions; {rows:,} of them take at least {least:,} bytes, but the file holds "
                f"{size:,}: it is truncated or damaged{_other_kind(file, binary)}"
            )
        vectors: Floats = aligned_empty((rows, dimensions), np.float32)
        reader = _Binary if binary else _Text
        words = reader(file, path, promised, errors).read(vectors)
    return words, vectors


def _header(file: BinaryIO, path: StrPath) -> tuple[int, int]:
    line = file.readline(256)
    found = _HEADER.fullmatch(line)
    if found is None:
        raise ValueError(
            f"{os.fspath(path)}: expected a first line of two numbers, words and dimensions, such "
            f"as '71290 100', but {recognise(path)}"
        )
    words, dimensions = int(found[1]), int(found[2])
    if words < 1 or dimensions < 1:
        raise ValueError(
            f"{os.fspath(path)}: the first line promises {words:,} words of {dimensions:,} "
            "dimensions, expected at least 1 of each; the file is corrupt"
        )
    return words, dimensions


def _other_kind(file: BinaryIO, binary: bool) -> str:
    if looks_binary(file.read(4096)) == binary:
        return ""
    return f", or {'text' if binary else 'binary'}: read it with binary={not binary}"


class _Reader:
    """What the two readers share: the file, what its first line promises, and error messages."""

    def __init__(self, file: BinaryIO, path: StrPath, promised: int, errors: str) -> None:
        self.file, self.promised, self.errors = file, promised, errors
        self.name = os.fspath(path)

    def word(self, data: bytes, where: str, offset: int) -> str:
        try:
            return data.decode("utf-8", self.errors)
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{self.name}: the word in {where} is not UTF-8: byte 0x{data[error.start]:02x} at "
                f"offset {offset + error.start:,} of the file, in {data[:40]!r}; errors='replace' "
                "or errors='ignore' reads it all the same"
            ) from None

    def cut_short(self, row: int) -> ValueError:
        return ValueError(
            f"{self.name}: the file ends after {row:,} of the {self.promised:,} words that its "
            "first line promises; it is truncated, or the first line is wrong"
        )

    def left_over(self, what: str) -> ValueError:
        return ValueError(
            f"{self.name}: {what} after the {self.promised:,} words that its first line promises; "
            "the first line is wrong, or the file was damaged (limit= reads the first words only)"
        )


class _Text(_Reader):
    def read(self, vectors: Floats) -> list[str]:
        words: list[str] = []
        dimensions = vectors.shape[1]
        # A number beyond float32 is refused; "inf" and "nan" are numbers.
        with np.errstate(over="raise"):
            for row in range(len(vectors)):
                line = self.file.readline()
                fields = line.split()
                if len(fields) != dimensions + 1:
                    raise self.wrong_fields(line, row, dimensions)
                try:
                    vectors[row] = list(map(float, fields[1:]))
                except (ValueError, FloatingPointError):
                    raise self.wrong_number(fields[1:], row) from None
                try:
                    words.append(fields[0].decode())
                except UnicodeDecodeError:
                    at = self.file.tell() - len(line) + line.index(fields[0])
                    words.append(self.word(fields[0], f"line {row + 2:,}", at))
        if len(words) == self.promised:
            for number, line in enumerate(self.file, len(words) + 2):
                if line.strip():
                    raise self.left_over(f"line {number:,} is not empty")
        return words

    def wrong_fields(self, line: bytes, row: int, dimensions: int) -> ValueError:
        if looks_binary(line):
            return self.binary(row)
        if not line:
            return self.cut_short(row)
        return ValueError(
            f"{self.name}: line {row + 2:,} has {len(line.split()):,} fields, expected a word "
            f"without white space and {dimensions:,} numbers; it begins {line[:40]!r}"
            + ("" if line.endswith(b"\n") else ", and the file ends in it: it may be truncated")
        )

    def wrong_number(self, fields: Sequence[bytes], row: int) -> ValueError:
        if looks_binary(b"".join(fields)):
            return self.binary(row)
        column, field = next((i, one) for i, one in enumerate(fields, 1) if not _are_numbers([one]))
        return ValueError(
            f"{self.name}: line {row + 2:,}: number {column:,} is {field[:40]!r}, expected a "
            "decimal number that fits float32"
        )

    def binary(self, row: int) -> ValueError:
        return ValueError(
            f"{self.name}: line {row + 2:,} holds binary data, expected text; read the file with "
            "binary=True"
        )


class _Binary(_Reader):
    def read(self, vectors: Floats) -> list[str]:
        start = self.file.tell()
        first = self.file.readline(1000 + 40 * vectors.shape[1]).split()
        if len(first) == vectors.shape[1] + 1 and _are_numbers(first[1:]):
            raise ValueError(
                f"{self.name}: the second line is text ({b' '.join(first)[:40]!r}), expected "
                "binary data; read the file with binary=False"
            )
        with mmap.mmap(self.file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            words, end = self.rows(data, start, vectors)
            if len(words) == self.promised and (len(data) > end + 64 or data[end:].strip()):
                raise self.left_over(f"{len(data) - end:,} bytes follow")
        return words

    def rows(self, data: mmap.mmap, at: int, vectors: Floats) -> tuple[list[str], int]:
        words: list[str] = []
        size = 4 * vectors.shape[1]
        target = vectors.data.cast("B")
        for row in range(len(vectors)):
            blank = data.find(b" ", at)
            end = blank + 1 + size
            if blank < 0 or end > len(data):
                raise self.cut_short(row)
            target[row * size : row * size + size] = data[blank + 1 : end]
            # The newline that ends a row is met as the beginning of the next word.
            word = data[at:blank].lstrip(b"\n")
            try:
                words.append(word.decode())
            except UnicodeDecodeError:
                words.append(self.word(word, f"row {row:,}", blank - len(word)))
            at = end
        return words, at


def _are_numbers(fields: Sequence[bytes]) -> bool:
    """Return True where all fields are decimal numbers that fit float32."""
    try:
        with np.errstate(over="raise"):
            np.array([float(field) for field in fields]).astype(np.float32)
    except (ValueError, FloatingPointError):
        return False
    return True
