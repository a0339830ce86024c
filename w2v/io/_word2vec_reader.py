"""The readers of rows in word2vec format, text and binary, and their errors.

Compiled code parses regular rows; `slow_path_row` parses the others.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v._memory import aligned_empty
from w2v._types import FloatArray, IntArray
from w2v.io import _vector_text, _words
from w2v.io.compression import InputStream
from w2v.io.sniff import looks_binary

MAX_WORD_SIZE = 1 << 20  # bytes

_BUFFER = 1 << 22  # bytes read at a time
_MAX_DIGITS = 800
_FLOAT32_LIMIT = 2.0**128 - 2.0**103  # from here on, numbers are rounded to infinity


class GrowableMatrix:
    """A matrix that grows as rows arrive, for files that do not say how many there are."""

    def __init__(
        self, stream: InputStream, rows: int | None, dimensions: int, min_row_size: int
    ) -> None:
        # Rows of text are longer than the minimum; memory that stays unused is never touched.
        fit = max(1, (stream.max_size or 1 << 24) // min_row_size)
        if not stream.is_uncompressed:
            fit = max(1, min(fit, (1 << 26) // min_row_size))  # more as the data arrive
        self.matrix: FloatArray = aligned_empty((min(rows or fit, fit), dimensions), np.float32)

    def block(self, first: int, rows: int) -> FloatArray:
        """Return `rows` rows from `first` on, to be written."""
        if first + rows > len(self.matrix):
            size = max(first + rows, len(self.matrix) * 3 // 2)
            grown: FloatArray = aligned_empty((size, self.matrix.shape[1]), np.float32)
            grown[:first] = self.matrix[:first]
            self.matrix = grown
        return self.matrix[first : first + rows]


class TruncatedFileError(ValueError, EOFError):
    """A file ends before the words that its header declares."""


class WordDecodeError(UnicodeDecodeError):
    """A word is not UTF-8; the message says where, and what to do."""

    def __init__(self, error: UnicodeDecodeError, message: str) -> None:
        super().__init__(*error.args)
        self._message = message

    def __str__(self) -> str:
        return self._message

    def __reduce__(self) -> Any:
        return UnicodeDecodeError, self.args


class _Reader:
    """What both readers share: the loop over buffers, checks against the header, errors."""

    binary: bool

    def __init__(
        self,
        stream: InputStream,
        declared: int | None,
        dimensions: int,
        limit: int | None,
        errors: str,
        first_line: int,
    ) -> None:
        self.stream, self.declared, self.dimensions = stream, declared, dimensions
        self.errors, self.name = errors, stream.name
        self.first_line = first_line  # number of the line of the first row
        counts = [count for count in (declared, limit) if count is not None]
        self.wanted = min(counts) if counts else None
        # Binary: an empty word and a blank. Text: a byte and a blank for each field.
        self.min_row_size = 4 * dimensions + 1 if self.binary else 2 * dimensions + 2
        self._check_header()
        self.words: list[str] = []
        self.skipped: list[int] = []
        self.row = 0
        self.line = 0  # in the buffer
        self.rows = GrowableMatrix(stream, self.wanted, dimensions, self.min_row_size)

    def _check_header(self) -> None:
        max_size, position = self.stream.max_size, self.stream.position
        rows = 1 if self.declared is None else self.wanted or 1
        min_size = rows * self.min_row_size
        if max_size is None or min_size - 1 <= max_size - position:
            return
        size = f"the file has {max_size:,}"
        if not self.stream.is_uncompressed:
            size = f"the limit for decompressed data is {max_size:,} (raise it with max_size=)"
        raise TruncatedFileError(
            f"{self.name}: the header declares {self.declared or 1:,} words with "
            f"{self.dimensions:,} dimensions; {rows:,} of them need at least {min_size:,} bytes, "
            f"but {size}; the file is truncated or corrupt{self._other_format_hint()} (use "
            "limit= to read the first words)"
        )

    def _other_format_hint(self) -> str:
        if looks_binary(self.stream.peek(4096)) == self.binary:
            return ""
        kind = "text" if self.binary else "binary"
        return f", or {kind}; in that case read it with binary={not self.binary}"

    def read(self) -> tuple[list[str], FloatArray]:
        """Read all rows, a buffer at a time."""
        self.check_first_row()
        buffer = np.empty(min(_BUFFER, (self.stream.max_size or _BUFFER) + 1), np.uint8)
        spans = np.empty((0, 2), np.int64)
        filled, ended = 0, False
        while not ended and not self.is_full():
            if filled > len(buffer) // 2:  # a row longer than expected
                buffer = np.concatenate([buffer, np.empty(len(buffer), np.uint8)])
            # The last byte is reserved for a newline, if the file lacks one at its end.
            taken = self.stream.readinto(buffer[filled:-1].data)
            ended = taken < len(buffer) - 1 - filled
            filled += taken
            usable = self.complete_bytes(buffer, filled, ended)
            self.find_lines(buffer[:usable])
            at = 0
            while at < usable and not self.is_full():
                rows = usable // self.min_row_size - at // self.min_row_size + 1
                rows = self.lines_left(rows)
                if self.wanted is not None:
                    rows = min(rows, self.wanted - self.row)
                if len(spans) < rows:
                    spans = np.empty((rows, 2), np.int64)
                data = buffer[at:usable]
                block = self.rows.block(self.row, rows)
                done, length = _vector_text.parse_rows(data, block, spans, self.binary)
                self.add_words(data, spans, done, self.stream.position - filled + at)
                self.row += done
                self.line += done
                at += length
                if self.is_full():
                    break
                step = self.slow_path_row(buffer, at, usable, self.stream.position - filled + at)
                if step == 0:
                    break
                self.line += 1
                at += step
            left = max(0, filled - at)  # `at` may be after the added newline
            buffer[:left] = buffer[at:filled].copy()
            filled = left
        self.check_end(buffer, filled, ended)
        vectors = self.rows.matrix[: self.row]
        if self.skipped:
            vectors = np.delete(vectors, self.skipped, axis=0)
        if not len(vectors):
            raise ValueError(f"{self.name}: the file contains no readable words")
        if sys.byteorder == "big" and self.binary:
            vectors.byteswap(inplace=True)
        return self.words, vectors

    def is_full(self) -> bool:
        return self.wanted is not None and self.row >= self.wanted

    def add_words(
        self, data: npt.NDArray[np.uint8], spans: IntArray, rows: int, position: int
    ) -> None:
        done = 0
        while done < rows:
            words = _words.decode_spans(data, spans[done:], rows - done)
            self.words += words
            done += len(words)
            if done < rows:
                begin, end = spans[done].tolist()
                self.add_word(data[begin:end].tobytes(), self.row + done, position + begin)
                done += 1

    def add_word(self, data: bytes, row: int, offset: int) -> None:
        """Append a word that may not be UTF-8."""
        try:
            self.words.append(
                data.decode("utf-8", "strict" if self.errors == "skip" else self.errors)
            )
        except UnicodeDecodeError as error:
            if self.errors == "skip":
                self.skipped.append(row)
                return
            location = f"row {row:,}" if self.binary else f"line {row + self.first_line:,}"
            raise WordDecodeError(
                error,
                f"{self.name}: the word in {location} is not UTF-8: byte "
                f"0x{data[error.start]:02x} at offset {offset + error.start:,} of the file, in "
                f"{data[:40]!r}; use errors='replace' or 'ignore' to read it "
                "anyway, errors='skip' to omit it",
            ) from None

    def truncated_error(self) -> ValueError:
        return TruncatedFileError(
            f"{self.name}: the file ends after {self.row:,} of the {self.declared or 1:,} words "
            "declared in the header; the file is truncated, or the header is wrong"
            + (f" (use limit={self.row} to read the words that are there)" if self.row else "")
        )

    def trailing_data_error(self, what: str) -> ValueError:
        return ValueError(
            f"{self.name}: {what} after the {self.declared:,} words declared in the header; the "
            "header is wrong or the file is corrupt (use limit= to read only the first words)"
        )

    def check_first_row(self) -> None:
        """Check that the first row is in the format of this reader."""

    def find_lines(self, data: npt.NDArray[np.uint8]) -> None:
        """Prepare for the bytes that may be parsed now: what is asked for each row is known."""

    def lines_left(self, rows: int) -> int:
        """Return the maximum number of rows in the rest of the buffer, at most `rows`."""
        return rows

    def complete_bytes(self, buffer: npt.NDArray[np.uint8], filled: int, ended: bool) -> int:
        """Return the number of bytes in the buffer that may be parsed now."""
        raise NotImplementedError

    def slow_path_row(
        self, buffer: npt.NDArray[np.uint8], at: int, usable: int, position: int
    ) -> int:
        """Parse a row that compiled code does not; return its bytes, 0 if it is incomplete."""
        raise NotImplementedError

    def check_end(self, buffer: npt.NDArray[np.uint8], filled: int, ended: bool) -> None:
        """Check that the file ends where the header says."""
        raise NotImplementedError


class TextReader(_Reader):
    """Reads the text format, and GloVe text."""

    binary = False
    unfinished = False  # the last line has no newline

    def complete_bytes(self, buffer: npt.NDArray[np.uint8], filled: int, ended: bool) -> int:
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
        if not len(newlines) and filled > MAX_WORD_SIZE + 64 * self.dimensions:
            raise self.field_count_error(buffer[:filled].tobytes(), False)
        return int(newlines[-1]) + 1 if len(newlines) else 0

    def find_lines(self, data: npt.NDArray[np.uint8]) -> None:
        # Once for each buffer: a file may consist of rows that compiled code leaves.
        self.line_ends = np.flatnonzero(data == 10)
        self.line = 0

    def lines_left(self, rows: int) -> int:
        return min(rows, len(self.line_ends) - self.line)

    def slow_path_row(
        self, buffer: npt.NDArray[np.uint8], at: int, usable: int, position: int
    ) -> int:
        if at >= usable:
            return 0
        step = int(self.line_ends[self.line]) + 1 - at
        line = buffer[at : at + step].tobytes()
        last = self.unfinished and at + step == usable
        fields = line.split()
        if not fields and self.declared is None:
            self.first_line += 1
            return step  # an empty line
        if len(fields) > self.dimensions + 1 and self.errors != "strict":
            word = line.strip().rsplit(maxsplit=self.dimensions)[0]
            numbers = fields[-self.dimensions :]
        elif self.errors == "skip" and len(fields) == self.dimensions:
            word, numbers = b"\xff", fields  # no word
        elif len(fields) == self.dimensions + 1:
            word, numbers = fields[0], fields[1:]
        else:
            raise self.field_count_error(line[:-1] if last else line, last)
        if not self.parse_numbers(numbers):
            if len(fields) != self.dimensions + 1:
                raise self.field_count_error(line[:-1] if last else line, last)
            raise self.number_error(numbers)
        self.add_word(word, self.row, position + line.find(word))
        self.row += 1
        return step

    def parse_numbers(self, numbers: Sequence[bytes]) -> bool:
        """Write the numbers of a row; return False if one of them is not a number."""
        row = self.rows.block(self.row, 1)
        line = np.frombuffer(b"w " + b" ".join(numbers) + b"\n", np.uint8)
        if _vector_text.parse_rows(line, row, np.empty((1, 2), np.int64), False)[0]:
            return True
        try:
            row[0] = list(map(parse_float32, numbers))
        except (ValueError, OverflowError):
            return False
        return True

    def check_end(self, buffer: npt.NDArray[np.uint8], filled: int, ended: bool) -> None:
        if self.declared is None:
            return
        if self.row < self.declared:
            if not self.is_full():
                raise self.truncated_error()
            return
        number = self.row + self.first_line
        while True:
            for line in buffer[:filled].tobytes().split(b"\n"):
                if line.strip():
                    raise self.trailing_data_error(f"unexpected data in line {number:,}")
                number += 1
            number -= 1  # the buffer may end in the middle of a line
            filled = self.stream.readinto(buffer.data)
            if not filled:
                return

    def field_count_error(self, line: bytes, last: bool) -> ValueError:
        if looks_binary(line):
            return self.binary_error()
        return ValueError(
            f"{self.name}: line {self.row + self.first_line:,} has {len(line.split()):,} fields, "
            f"expected a word without white space and {self.dimensions:,} numbers; it begins "
            f"{line[:40]!r}"
            + ("; this is the last line, so the file may be truncated" if last else "")
            + self.remedy(len(line.split()))
        )

    def remedy(self, fields: int) -> str:
        if self.errors == "strict" and fields > self.dimensions + 1:
            return "; if words contain blanks, read the file with errors='replace'"
        if self.errors != "skip" and fields == self.dimensions:
            return "; if the word is missing, leave the row out with errors='skip'"
        return ""

    def number_error(self, fields: Sequence[bytes]) -> ValueError:
        if looks_binary(b"".join(fields)):
            return self.binary_error()
        column, field = next((i, one) for i, one in enumerate(fields, 1) if not are_numbers([one]))
        return ValueError(
            f"{self.name}: line {self.row + self.first_line:,}: number {column:,} is "
            f"{field[:40]!r}, expected a decimal number that fits float32"
        )

    def binary_error(self) -> ValueError:
        return ValueError(
            f"{self.name}: line {self.row + self.first_line:,} contains binary data, "
            "expected text; read the file with binary=True"
        )


class BinaryReader(_Reader):
    """Reads the binary format."""

    binary = True

    def check_first_row(self) -> None:
        head = self.stream.peek(min(1000 + 40 * self.dimensions, self.stream.max_size or 1 << 20))
        first = head.partition(b"\n")[0].split()
        if len(first) == self.dimensions + 1 and are_numbers(first[1:]):
            raise ValueError(
                f"{self.name}: the second line is text ({b' '.join(first)[:40]!r}), expected "
                "binary data; read the file with binary=False"
            )

    def complete_bytes(self, buffer: npt.NDArray[np.uint8], filled: int, ended: bool) -> int:
        return filled

    def slow_path_row(
        self, buffer: npt.NDArray[np.uint8], at: int, usable: int, position: int
    ) -> int:
        size, blank = 256, -1
        while blank < 0:
            window = buffer[at : min(usable, at + size)].tobytes()
            begin = len(window) - len(window.lstrip(b"\r\n"))
            blank = window.find(b" ", begin)
            if size >= usable - at or size > MAX_WORD_SIZE:
                break
            size *= 4
        numbers = at + blank + 1
        end = numbers + 4 * self.dimensions
        if blank >= 0 and end <= usable:  # so the word has white space
            word = window[begin:blank]
            if self.errors == "strict":
                raise ValueError(
                    f"{self.name}: the word in row {self.row:,}, {word[:40]!r}, contains white "
                    "space; use errors='replace' to read it without what is at its ends"
                )
            self.rows.block(self.row, 1)[0] = buffer[numbers:end].copy().view(np.float32)
            self.add_word(word.strip(), self.row, position + begin)
            self.row += 1
            return end - at
        if usable - at > MAX_WORD_SIZE + 4 * self.dimensions:
            raise ValueError(
                f"{self.name}: row {self.row:,}: no space after the word within "
                f"{MAX_WORD_SIZE:,} bytes; the file is corrupt or not in word2vec format"
            )
        return 0  # the rest of the row is not read yet

    def check_end(self, buffer: npt.NDArray[np.uint8], filled: int, ended: bool) -> None:
        if not self.is_full():
            raise self.truncated_error()
        if self.row < (self.declared or 0):
            return
        rest = buffer[:filled].tobytes() + self.stream.peek(65)
        if len(rest) > 64 or rest.strip():
            exact = self.stream.max_size if self.stream.is_uncompressed else None
            size = len(rest) if exact is None else exact - self.stream.position + filled
            raise self.trailing_data_error(f"unexpected {size:,} bytes")


def parse_float32(field: bytes) -> float:
    """Return the float32 nearest to a decimal number, ties to even; accepts inf and nan."""
    number = _to_float(field)
    if not abs(number) < _FLOAT32_LIMIT:
        if math.isfinite(number):
            raise OverflowError
        return number
    single = float(np.float32(number))
    if single == number:
        return single
    # If the double is half-way between two float32 numbers, the decimal number need not be.
    towards = np.float32(np.copysign(np.inf, number - single))
    with np.errstate(over="ignore"):
        other = float(np.nextafter(np.float32(single), towards))
    if np.isfinite(other) and number - single == other - number:  # both differences are exact
        exact = _exact(field)
        if exact != Fraction(number):
            return max(single, other) if exact > Fraction(number) else min(single, other)
    return single


def _exact(field: bytes) -> Fraction:
    """Return the value of a decimal number, or one that compares to all doubles as it does.

    A double has at most 767 significant digits, and Python converts few at a time.
    """
    mantissa, _, exponent = field.decode().lower().partition("e")
    whole, _, part = mantissa.lstrip("+-").partition(".")
    digits, power = (whole + part).lstrip("0"), int(exponent or 0) - len(part)
    if len(digits) > _MAX_DIGITS:
        power += len(digits) - _MAX_DIGITS - 1
        digits = digits[:_MAX_DIGITS] + ("1" if digits[_MAX_DIGITS:].strip("0") else "0")
    exact = int(digits or "0") * Fraction(10) ** power
    return -exact if mantissa.startswith("-") else exact


def are_numbers(fields: Sequence[bytes]) -> bool:
    """Return True if all fields are decimal numbers that fit float32."""
    return all(map(is_number, fields))


def is_number(field: bytes) -> bool:
    """Return True for a decimal number that fits float32; accepts inf and nan."""
    try:
        number = _to_float(field)
    except ValueError:
        return False
    return abs(number) < _FLOAT32_LIMIT or math.isinf(number) or math.isnan(number)


def _to_float(field: bytes) -> float:
    if b"_" in field:  # Python allows it within a number
        raise ValueError
    return float(field)
