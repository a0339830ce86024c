"""word2vec's own file formats, text and binary, as word2vec.c and gensim read and write them.

The first line is "words dimensions". Text: a line for each word, the word and its numbers
separated by blanks; fastText's .vec is the same, GloVe's text lacks the first line. Binary: the
word, a blank, the numbers as little-endian float32, a newline (written by word2vec.c and here, left
out by gensim, optional for every reader). Neither format can hold words with white space, and
neither keeps counts. Files may be compressed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from w2v._memory import aligned_empty
from w2v._types import FloatArray, PathLike
from w2v._validation import at_least
from w2v.io import _vector_text
from w2v.io.atomic import looks_binary, recognise
from w2v.io.compression import Stream, reading, writing

Buffer = bytes | memoryview

_HEADER = re.compile(rb"\s*([+-]?\d+)\s+([+-]?\d+)\s*")
_PIECE = 1 << 19  # numbers written at a time
_BUFFER = 1 << 22  # bytes read at a time
_LONGEST_WORD = 1 << 20  # bytes
_READ_ERRORS = ("strict", "replace", "ignore", "skip")
_WRITE_ERRORS = ("strict", "replace", "skip")

# ---- Writing -------------------------------------------------------------------------------------


def write(
    path: PathLike,
    words: Sequence[str],
    vectors: FloatArray,
    *,
    binary: bool = False,
    header: bool = True,
    errors: str = "strict",
) -> None:
    """Write words and vectors, in the order given, replacing `path` only when all is on disk.

    Parameters
    ----------
    path : str or path-like
        Destination; compressed where its name ends in .gz, .bz2, .xz or .zst.
    words : sequence of str
    vectors : ndarray of float32, shape (len(words), d)
        Rows may be padded. Text holds the fewest digits that read back as the same float32.
    binary : bool, default False
    header : bool, default True
        Write the first line; GloVe's text has none.
    errors : {"strict", "replace", "skip"}
        What to do with words that are empty, hold white space or are not valid Unicode: raise,
        put "_" or U+FFFD in the place of what cannot be written, or leave them out.

    Raises
    ------
    ValueError
        A word cannot be written, there are none, or "replace" makes two of them the same.
    OSError
        The destination cannot be written; see `replacing`.
    """
    encoded, rows = encode(words, errors)
    if not encoded:
        raise ValueError("there are no words to write; word2vec's format needs at least one")
    if rows is not None:
        vectors = vectors[rows]
    with writing(path) as file:
        if header:
            file.write(b"%d %d\n" % vectors.shape)
        for piece in _pieces(encoded, vectors, binary):
            file.write(piece)


def _pieces(words: list[bytes], vectors: FloatArray, binary: bool) -> Iterator[Buffer]:
    if not binary:
        yield from lines(words, vectors)
        return
    step = max(1, _PIECE // vectors.shape[1])
    for first in range(0, len(words), step):
        data, size = vectors[first : first + step].astype("<f4").tobytes(), 4 * vectors.shape[1]
        numbers = [data[at : at + size] for at in range(0, len(data), size)]
        part = words[first : first + step]
        yield b"".join([b"%b %b\n" % line for line in zip(part, numbers, strict=True)])


def lines(words: list[bytes], vectors: FloatArray) -> Iterator[memoryview]:
    """Give many lines of a word and its numbers at a time, as bytes that the next ones overwrite.

    Parameters
    ----------
    words : list of bytes
    vectors : ndarray of float32, shape (len(words), d)
    """
    dimensions = vectors.shape[1]
    step = max(1, _PIECE // dimensions)
    out = np.empty(0, np.uint8)
    for first in range(0, len(words), step):
        part, piece = words[first : first + step], vectors[first : first + step]
        if piece.strides[1] != piece.itemsize:
            piece = np.ascontiguousarray(piece)
        joined = b"".join(part)
        ends = np.cumsum(np.fromiter(map(len, part), np.int64, len(part)))
        room = len(joined) + len(part) * (1 + dimensions * (_vector_text.DECIMAL + 1))
        if len(out) < room:
            out = np.empty(room, np.uint8)
        yield out[: _vector_text.write_rows(piece, joined, ends, out, _rare)].data


def _rare(value: float) -> bytes:
    """Return the shortest text of a number that compiled code leaves, of any size."""
    return np.format_float_scientific(np.float32(value), unique=True, trim="-").encode()


def encode(words: Sequence[str], errors: str) -> tuple[list[bytes], list[int] | None]:
    """Return words in UTF-8, and the rows that are left, or None where all are."""
    if errors not in _WRITE_ERRORS:
        raise ValueError(
            f"errors={errors!r}: expected one of {', '.join(map(repr, _WRITE_ERRORS))}"
        )
    try:
        encoded = [word.encode() for word in words]
        if b" ".join(encoded).split() == encoded:
            return encoded, None
    except UnicodeEncodeError:
        pass
    result: list[bytes] = []
    rows: list[int] = []
    seen = set(words)
    for row, word in enumerate(words):
        problem = _problem(word)
        if problem and errors == "strict":
            raise ValueError(
                f"word {word!r} (row {row}) {problem}, which word2vec's formats cannot represent; "
                "save() writes a format that keeps every word, errors='replace' or 'skip' writes "
                "what is possible"
            )
        if problem and errors == "skip":
            continue
        if problem:
            valid = word.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            changed = re.sub(r"[ \t-\r]", "_", valid) or "_"
            if changed in seen:
                raise ValueError(
                    f"word {word!r} (row {row}) {problem}, and {changed!r}, which would be written "
                    "in its place, is a word too; leave it out with errors='skip'"
                )
            seen.add(changed)
            word = changed
        result.append(word.encode())
        rows.append(row)
    return result, rows


def _problem(word: str) -> str:
    try:
        encoded = word.encode()
    except UnicodeEncodeError:
        return "is not valid Unicode"
    if encoded.split() == [encoded]:
        return ""
    return "holds white space" if word else "is empty"


# ---- Reading -------------------------------------------------------------------------------------


def read(
    path: PathLike,
    *,
    binary: bool = False,
    header: bool | None = True,
    limit: int | None = None,
    errors: str = "strict",
    max_size: int | None = None,
) -> tuple[list[str], FloatArray]:
    """Read words and vectors, from a plain or compressed file.

    Parameters
    ----------
    path : str or path-like
    binary : bool, default False
    header : bool, default True
        Whether there is a first line, "words dimensions"; GloVe's text has none.
    limit : int, optional
        Read the first `limit` words only; default all.
    errors : {"strict", "replace", "ignore", "skip"}
        What to do with words that are not UTF-8: raise, put U+FFFD in place of the wrong bytes,
        leave those out, or leave out the whole row. In text, with another choice than "strict", a
        word may hold blanks: the last fields of a line are its numbers. "skip" also leaves out
        rows without a word, and a word's second row.
    max_size : int, optional
        Bytes that a compressed file may have when decompressed; see `reading`.

    Returns
    -------
    words : list of str
    vectors : ndarray of float32, shape (len(words), d)

    Raises
    ------
    ValueError
        The file does not hold what its first line promises, is of the other kind or foreign, or
        has a word that is not UTF-8. No memory is taken that the file can't fill.
    OSError
        It cannot be read.
    """
    if errors not in _READ_ERRORS:
        raise ValueError(f"errors={errors!r}: expected one of {', '.join(map(repr, _READ_ERRORS))}")
    if limit is not None:
        limit = at_least(1, "limit", limit)
    if binary and not header:
        raise ValueError("header=False: the binary format needs its first line")
    with reading(path, max_size) as stream:
        promised, dimensions = _header(stream, path) if header else (None, _fields(stream, path))
        reader = _Binary if binary else _Text
        words, vectors = reader(stream, promised, dimensions, limit, errors, bool(header)).read()
    if errors == "skip":
        return _first_of_each(words, vectors)
    return words, vectors


def _first_of_each(words: list[str], vectors: FloatArray) -> tuple[list[str], FloatArray]:
    rows: dict[str, int] = {}
    for row, word in enumerate(words):
        rows.setdefault(word, row)
    if len(rows) == len(words):
        return words, vectors
    return list(rows), vectors[list(rows.values())]


def read_numbers(
    path: PathLike, *, limit: int | None = None, max_size: int | None = None
) -> FloatArray:
    """Read lines of numbers without words, separated by tabs or blanks."""
    with reading(path, max_size) as stream:
        head = stream.peek(_LONGEST_WORD).partition(b"\n")[0]
        fields = head.split()
        if not _are_numbers(fields) or len(fields) < 2:
            raise ValueError(
                f"{stream.name}: expected a first line of two numbers or more, but it begins "
                f"{head[:40]!r}"
            )
        reader = _Text(stream, None, len(fields) - 1, limit, "strict", False)
        first, rest = reader.read()
    try:
        begin = np.array([_nearest(number.encode()) for number in first], np.float32)
        return np.column_stack([begin, rest])
    except (ValueError, OverflowError):
        raise ValueError(f"{stream.name}: a line does not begin with a number") from None


def _header(stream: Stream, path: PathLike) -> tuple[int, int]:
    line = stream.line(256)
    found = _HEADER.fullmatch(line)
    if found is None:
        what = recognise(path) if stream.plain else f"it begins {line[:40]!r} when decompressed"
        raise ValueError(
            f"{stream.name}: expected a first line of two numbers, words and dimensions, such "
            f"as '71290 100', but {what}"
        )
    words, dimensions = int(found[1]), int(found[2])
    if words < 1 or dimensions < 1:
        raise ValueError(
            f"{stream.name}: the first line promises {words:,} words of {dimensions:,} "
            "dimensions, expected at least 1 of each; the file is corrupt"
        )
    return words, dimensions


def _fields(stream: Stream, path: PathLike) -> int:
    """Return how many numbers end the first line."""
    line = stream.peek(_LONGEST_WORD).partition(b"\n")[0]
    fields = line.split()
    numbers = 0
    while numbers < len(fields) - 1 and _are_numbers([fields[-1 - numbers]]):
        numbers += 1
    if not numbers or looks_binary(line):
        what = recognise(path) if stream.plain else f"it begins {line[:40]!r} when decompressed"
        raise ValueError(
            f"{stream.name}: expected a first line of a word and its numbers, but {what}"
        )
    return numbers


class _Rows:
    """A matrix that grows as rows arrive, where nobody knows how many there will be."""

    def __init__(self, stream: Stream, rows: int | None, dimensions: int, least: int) -> None:
        # A row of text is longer than the least: space that stays unused is never touched.
        fit = max(1, (stream.most or 1 << 24) // least)
        if not stream.plain:
            fit = max(1, min(fit, (1 << 26) // least))  # the rest when it is there
        self.matrix: FloatArray = aligned_empty((min(rows or fit, fit), dimensions), np.float32)

    def part(self, first: int, rows: int) -> FloatArray:
        if first + rows > len(self.matrix):
            size = max(first + rows, len(self.matrix) * 3 // 2)
            grown: FloatArray = aligned_empty((size, self.matrix.shape[1]), np.float32)
            grown[:first] = self.matrix[:first]
            self.matrix = grown
        return self.matrix[first : first + rows]


class _Reader:
    """What the two readers share: the stream, what its first line promises, error messages."""

    binary: bool

    def __init__(
        self,
        stream: Stream,
        promised: int | None,
        dimensions: int,
        limit: int | None,
        errors: str,
        header: bool,
    ) -> None:
        self.stream, self.promised, self.dimensions = stream, promised, dimensions
        self.errors, self.name = errors, stream.name
        self.first_line = 2 if header else 1
        counts = [count for count in (promised, limit) if count is not None]
        self.wanted = min(counts) if counts else None
        # The least a row can take: binary an empty word and a blank; text one byte a field.
        self.least = 4 * dimensions + 1 if self.binary else 2 * dimensions + 2
        self._check_size()
        self.words: list[str] = []
        self.skipped: list[int] = []
        self.row = 0
        self.rows = _Rows(stream, self.wanted, dimensions, self.least)

    def _check_size(self) -> None:
        most, position = self.stream.most, self.stream.position
        rows = 1 if self.promised is None else self.wanted or 1
        least = rows * self.least
        if most is None or least - 1 <= most - position:
            return
        size = f"the file holds {most:,}"
        if not self.stream.plain:
            size = f"at most {most:,} are read when it is decompressed (max_size= allows more)"
        raise ValueError(
            f"{self.name}: the first line promises {self.promised or 1:,} words of "
            f"{self.dimensions:,} dimensions; {rows:,} of them take at least {least:,} bytes, but "
            f"{size}: it is truncated or damaged{self._other_kind()}"
        )

    def _other_kind(self) -> str:
        if looks_binary(self.stream.peek(4096)) == self.binary:
            return ""
        kind = "text" if self.binary else "binary"
        return f", or {kind}: read it with binary={not self.binary}"

    def read(self) -> tuple[list[str], FloatArray]:
        """Read all rows, a buffer at a time."""
        self.begin()
        buffer = np.empty(min(_BUFFER, (self.stream.most or _BUFFER) + 1), np.uint8)
        spans = np.empty((0, 2), np.int64)
        filled, ended = 0, False
        while not ended and not self.full():
            if filled > len(buffer) // 2:  # a row longer than expected
                buffer = np.concatenate([buffer, np.empty(len(buffer), np.uint8)])
            # The last byte is kept for a newline that the file may lack.
            taken = self.stream.readinto(buffer[filled:-1].data)
            ended = taken < len(buffer) - 1 - filled
            filled += taken
            usable = self.usable(buffer, filled, ended)
            at = 0
            while at < usable and not self.full():
                rows = usable // self.least - at // self.least + 1
                if not self.binary:
                    rows = min(rows, int(np.count_nonzero(buffer[at:usable] == 10)))
                if self.wanted is not None:
                    rows = min(rows, self.wanted - self.row)
                if len(spans) < rows:
                    spans = np.empty((rows, 2), np.int64)
                data = buffer[at:usable]
                part = self.rows.part(self.row, rows)
                done, length = _vector_text.read_rows(data, part, spans, self.binary)
                self.take_words(data, spans, done, self.stream.position - filled + at)
                self.row += done
                at += length
                if self.full():
                    break
                step = self.odd(buffer, at, usable, self.stream.position - filled + at)
                if step == 0:
                    break
                at += step
            left = max(0, filled - at)  # `at` may have passed a newline that the file lacks
            buffer[:left] = buffer[at:filled].copy()
            filled = left
        self.end(buffer, filled, ended)
        vectors = self.rows.matrix[: self.row]
        if self.skipped:
            vectors = np.delete(vectors, self.skipped, axis=0)
        if not len(vectors):
            raise ValueError(f"{self.name}: there is no word that can be read")
        if sys.byteorder == "big" and self.binary:
            vectors.byteswap(inplace=True)
        return self.words, vectors

    def full(self) -> bool:
        return self.wanted is not None and self.row >= self.wanted

    def take_words(
        self, data: npt.NDArray[np.uint8], spans: npt.NDArray[np.int64], rows: int, position: int
    ) -> None:
        done = 0
        while done < rows:
            words = _vector_text.decode(data, spans[done:], rows - done)
            self.words += words
            done += len(words)
            if done < rows:
                begin, end = spans[done].tolist()
                self.word(data[begin:end].tobytes(), self.row + done, position + begin)
                done += 1

    def word(self, data: bytes, row: int, offset: int) -> None:
        """Take a word that may not be UTF-8."""
        try:
            self.words.append(
                data.decode("utf-8", "strict" if self.errors == "skip" else self.errors)
            )
        except UnicodeDecodeError as error:
            if self.errors == "skip":
                self.skipped.append(row)
                return
            where = f"row {row:,}" if self.binary else f"line {row + self.first_line:,}"
            raise ValueError(
                f"{self.name}: the word in {where} is not UTF-8: byte 0x{data[error.start]:02x} at "
                f"offset {offset + error.start:,} of the file, in {data[:40]!r}; errors='replace' "
                "or errors='ignore' reads it all the same, errors='skip' leaves it out"
            ) from None

    def cut_short(self) -> ValueError:
        return ValueError(
            f"{self.name}: the file ends after {self.row:,} of the {self.promised or 1:,} words "
            "that its first line promises; it is truncated, or the first line is wrong"
        )

    def left_over(self, what: str) -> ValueError:
        return ValueError(
            f"{self.name}: {what} after the {self.promised:,} words that its first line promises; "
            "the first line is wrong, or the file was damaged (limit= reads the first words only)"
        )

    def begin(self) -> None:
        """Look at what follows the first line."""

    def usable(self, buffer: npt.NDArray[np.uint8], filled: int, ended: bool) -> int:
        """Return how many bytes hold whole rows, or may do so."""
        raise NotImplementedError

    def odd(self, buffer: npt.NDArray[np.uint8], at: int, usable: int, position: int) -> int:
        """Handle a row that compiled code leaves; return its bytes, 0 for none."""
        raise NotImplementedError

    def end(self, buffer: npt.NDArray[np.uint8], filled: int, ended: bool) -> None:
        """Check that nothing is missing and nothing follows."""
        raise NotImplementedError


class _Text(_Reader):
    binary = False

    def usable(self, buffer: npt.NDArray[np.uint8], filled: int, ended: bool) -> int:
        if ended:
            if filled and buffer[filled - 1] != 10:
                buffer[filled] = 10
                self.unfinished = True
                return filled + 1
            return filled
        newlines = np.flatnonzero(buffer[max(0, filled - 65536) : filled] == 10)
        if len(newlines):
            return max(0, filled - 65536) + int(newlines[-1]) + 1
        newlines = np.flatnonzero(buffer[:filled] == 10)
        if not len(newlines) and filled > _LONGEST_WORD + 64 * self.dimensions:
            raise self.wrong_fields(buffer[:filled].tobytes(), False)
        return int(newlines[-1]) + 1 if len(newlines) else 0

    unfinished = False

    def odd(self, buffer: npt.NDArray[np.uint8], at: int, usable: int, position: int) -> int:
        if at >= usable:
            return 0
        step = int(np.argmax(buffer[at:usable] == 10)) + 1
        line = buffer[at : at + step].tobytes()
        last = self.unfinished and at + step == usable
        fields = line.split()
        if not fields and self.promised is None:
            return step  # an empty line
        spaced = len(fields) > self.dimensions + 1 and self.errors != "strict"
        if spaced and _are_numbers(fields[-self.dimensions :]):
            word = line.strip().rsplit(maxsplit=self.dimensions)[0]
            numbers = fields[-self.dimensions :]
        elif self.errors == "skip" and len(fields) == self.dimensions and _are_numbers(fields):
            word, numbers = b"\xff", fields  # no word
        elif len(fields) == self.dimensions + 1:
            word, numbers = fields[0], fields[1:]
        else:
            raise self.wrong_fields(line[:-1] if last else line, last)
        try:
            self.rows.part(self.row, 1)[0] = list(map(_nearest, numbers))
        except (ValueError, OverflowError):
            raise self.wrong_number(numbers) from None
        self.word(word, self.row, position + line.find(word))
        self.row += 1
        return step

    def end(self, buffer: npt.NDArray[np.uint8], filled: int, ended: bool) -> None:
        if self.promised is None:
            return
        if self.row < self.promised:
            if not self.full():
                raise self.cut_short()
            return
        number = self.row + self.first_line
        while True:
            for line in buffer[:filled].tobytes().split(b"\n"):
                if line.strip():
                    raise self.left_over(f"line {number:,} is not empty")
                number += 1
            number -= 1  # a piece may end in the middle of a line
            filled = self.stream.readinto(buffer.data)
            if not filled:
                return

    def wrong_fields(self, line: bytes, last: bool) -> ValueError:
        if looks_binary(line):
            return self.is_binary()
        return ValueError(
            f"{self.name}: line {self.row + self.first_line:,} has {len(line.split()):,} fields, "
            f"expected a word without white space and {self.dimensions:,} numbers; it begins "
            f"{line[:40]!r}" + (", and the file ends in it: it may be truncated" if last else "")
        )

    def wrong_number(self, fields: Sequence[bytes]) -> ValueError:
        if looks_binary(b"".join(fields)):
            return self.is_binary()
        column, field = next((i, one) for i, one in enumerate(fields, 1) if not _are_numbers([one]))
        return ValueError(
            f"{self.name}: line {self.row + self.first_line:,}: number {column:,} is "
            f"{field[:40]!r}, expected a decimal number that fits float32"
        )

    def is_binary(self) -> ValueError:
        return ValueError(
            f"{self.name}: line {self.row + self.first_line:,} holds binary data, expected text; "
            "read the file with binary=True"
        )


class _Binary(_Reader):
    binary = True

    def begin(self) -> None:
        head = self.stream.peek(min(1000 + 40 * self.dimensions, self.stream.most or 1 << 20))
        first = head.partition(b"\n")[0].split()
        if len(first) == self.dimensions + 1 and _are_numbers(first[1:]):
            raise ValueError(
                f"{self.name}: the second line is text ({b' '.join(first)[:40]!r}), expected "
                "binary data; read the file with binary=False"
            )

    def usable(self, buffer: npt.NDArray[np.uint8], filled: int, ended: bool) -> int:
        return filled

    def odd(self, buffer: npt.NDArray[np.uint8], at: int, usable: int, position: int) -> int:
        if usable - at > _LONGEST_WORD + 4 * self.dimensions:
            raise ValueError(
                f"{self.name}: no blank ends the word of row {self.row:,} within "
                f"{_LONGEST_WORD:,} bytes; the file is damaged, or no word2vec file"
            )
        return 0  # the row goes on in what is not read yet

    def end(self, buffer: npt.NDArray[np.uint8], filled: int, ended: bool) -> None:
        if not self.full():
            raise self.cut_short()
        if self.row < (self.promised or 0):
            return
        rest = buffer[:filled].tobytes() + self.stream.peek(65)
        if len(rest) > 64 or rest.strip():
            most = self.stream.most if self.stream.plain else None
            size = len(rest) if most is None else most - self.stream.position + filled
            raise self.left_over(f"{size:,} bytes follow")


def _nearest(field: bytes) -> float:
    """Return the float32 nearest to a decimal number, ties to even; inf and nan are numbers."""
    number = float(field)
    with np.errstate(over="ignore"):
        single = float(np.float32(number))
    if np.isinf(single) and not np.isinf(number):
        raise OverflowError
    if single == number or not np.isfinite(number):
        return single
    # Where the double is half-way between two float32, the decimal may lie beside it.
    towards = np.float32(np.copysign(np.inf, number - single))
    with np.errstate(over="ignore"):
        other = float(np.nextafter(np.float32(single), towards))
    if np.isfinite(other) and number - single == other - number:  # both differences are exact
        exact = Fraction(field.decode())
        if exact != Fraction(number):
            return max(single, other) if exact > Fraction(number) else min(single, other)
    return single


def _are_numbers(fields: Sequence[bytes]) -> bool:
    """Return True where all fields are decimal numbers that fit float32."""
    return all(map(is_number, fields))


def is_binary(rows: bytes, dimensions: int) -> bool:
    """Tell the binary format from text, by the bytes that follow the first line.

    Parameters
    ----------
    rows : bytes
        May end anywhere.
    dimensions : int
        As the first line has it.
    """
    line, whole, _ = rows.partition(b"\n")
    numbers = line.split()[1:][-dimensions:]
    if whole and len(numbers) == dimensions and _are_numbers(numbers):
        return False
    # A few numbers may hold no byte that text does not hold; then what follows them does.
    end = rows.find(b" ") + 1 + 4 * dimensions
    if looks_binary(line) or rows[end : end + 1] == b"\n":
        return True
    try:
        line.decode()
    except UnicodeDecodeError as error:
        return error.reason != "unexpected end of data"
    return False


def is_number(field: bytes) -> bool:
    """Return True for a decimal number that fits float32; inf and nan are numbers."""
    try:
        number = float(field)
    except ValueError:
        return False
    with np.errstate(over="ignore"):
        return bool(np.isinf(number) or np.isfinite(np.float32(number)) or np.isnan(number))
