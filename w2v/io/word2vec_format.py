"""word2vec format, text and binary, as word2vec.c and gensim read and write it.

The first line is "words dimensions". Text: one line per word, the word and its numbers separated by
blanks; fastText's .vec is the same, and GloVe text has no first line. Binary: the word, a blank,
the numbers as little-endian float32, and a newline (written by word2vec.c and w2v, not by gensim,
optional for every reader). Neither format can represent words with white space or store counts.
Files may be compressed.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence

import numpy as np

from w2v._types import FloatArray, PathLike
from w2v._validation import at_least, one_of
from w2v.io import _vector_text
from w2v.io._word2vec_reader import (
    MAX_WORD_SIZE,
    BinaryReader,
    TextReader,
    are_numbers,
    is_number,
    parse_float32,
)
from w2v.io.compression import InputStream, open_input, open_output
from w2v.io.reading import reading
from w2v.io.sniff import BOM, READ_HINT, describe, describe_file, looks_binary

Buffer = bytes | memoryview

_HEADER = re.compile(rb"\s*([+-]?\d+)\s+([+-]?\d+)\s*")
_CHUNK = 1 << 19  # numbers written at a time
_SAMPLED_LINES = 50  # that decide the dimensions of text without a header
_HEADING_WORDS = {
    b"", b"word", b"words", b"token", b"tokens", b"key", b"keys", b"index", b"term", b"name",
    b"item", b"node", b"label", b"id", b"unnamed: 0",
}  # fmt: skip
READ_ERRORS = ("strict", "replace", "ignore", "skip")
_HANDLERS = ("backslashreplace", "surrogateescape")  # of Python, for words that are not UTF-8
_WRITE_ERRORS = ("strict", "replace", "skip")

# ---- Writing -------------------------------------------------------------------------------------


def write(
    path: PathLike,
    words: Sequence[str],
    vectors: FloatArray,
    *,
    binary: bool = False,
    header: bool = True,
    declared: int | None = None,
    errors: str = "strict",
) -> None:
    """Write words and vectors, in the given order, atomically.

    Parameters
    ----------
    path : str or path-like
        Destination; compressed if its name ends in .gz, .bz2, .xz or .zst.
    words : sequence of str
    vectors : ndarray of float32, shape (len(words), d)
        Rows may be padded. Text uses the fewest digits that read back as the same float32.
    binary : bool, default False
    header : bool, default True
        Write the first line; GloVe text has none.
    declared : int, optional
        Number of words in the first line, if others will be appended; default ``len(words)``.
    errors : {"strict", "replace", "skip"}
        How to handle words that are empty, contain white space or are not valid Unicode: raise an
        error, replace what cannot be written by "_" or U+FFFD, or omit the word.

    Raises
    ------
    ValueError
        A word cannot be written, there are no words, or "replace" makes two of them equal.
    OSError
        The destination cannot be written; see `atomic_write`.
    """
    encoded, rows = encode(words, errors)
    if not encoded:
        raise ValueError("nothing to write: the vocabulary is empty")
    if rows is not None:
        vectors = vectors[rows]
    with open_output(path) as file:
        if header:
            shape = (len(vectors) if declared is None else declared, vectors.shape[1])
            file.write(b"%d %d\n" % shape)
        elif encoded[0].startswith(BOM):
            file.write(BOM)  # readers take the first one for that of the file
        for chunk in _chunks(encoded, vectors, binary):
            file.write(chunk)


def _chunks(words: list[bytes], vectors: FloatArray, binary: bool) -> Iterator[Buffer]:
    if not binary:
        yield from format_lines(words, vectors)
        return
    step = max(1, _CHUNK // vectors.shape[1])
    for first in range(0, len(words), step):
        data, size = vectors[first : first + step].astype("<f4").tobytes(), 4 * vectors.shape[1]
        numbers = [data[at : at + size] for at in range(0, len(data), size)]
        chunk = words[first : first + step]
        yield b"".join([b"%b %b\n" % line for line in zip(chunk, numbers, strict=True)])


def format_lines(words: list[bytes], vectors: FloatArray) -> Iterator[memoryview]:
    """Yield lines of a word and its numbers, many at a time, in a buffer that is reused.

    Parameters
    ----------
    words : list of bytes
    vectors : ndarray of float32, shape (len(words), d)
    """
    dimensions = vectors.shape[1]
    step = max(1, _CHUNK // dimensions)
    out = np.empty(0, np.uint8)
    for first in range(0, len(words), step):
        chunk, rows = words[first : first + step], vectors[first : first + step]
        if rows.strides[1] != rows.itemsize:
            rows = np.ascontiguousarray(rows)
        joined = b"".join(chunk)
        ends = np.cumsum(np.fromiter(map(len, chunk), np.int64, len(chunk)))
        capacity = len(joined) + len(chunk) * (1 + dimensions * (_vector_text.FLOAT_CHARS + 1))
        if len(out) < capacity:
            out = np.empty(capacity, np.uint8)
        yield out[: _vector_text.format_rows(rows, joined, ends, out, _format_float_slow)].data


def _format_float_slow(value: float) -> bytes:
    """Return the shortest text of a number of any size; compiled code leaves rare ones to this."""
    return np.format_float_scientific(np.float32(value), unique=True, trim="-").encode()


def encode(words: Sequence[str], errors: str) -> tuple[list[bytes], list[int] | None]:
    """Encode words that word2vec format can represent; see `write` for `errors`.

    Returns
    -------
    encoded : list of bytes
    rows : list of int or None
        The row of each encoded word; None if no word was omitted or changed.
    """
    one_of(_WRITE_ERRORS, "errors", errors)
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
                f"word {word!r} (row {row}) {problem}, which word2vec format cannot represent; "
                "use save(), which keeps every word, or errors='replace' or 'skip'"
            )
        if problem and errors == "skip":
            continue
        if problem:
            valid = word.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            changed = re.sub(r"[ \t-\r]", "_", valid) or "_"
            if changed in seen:
                raise ValueError(
                    f"word {word!r} (row {row}) {problem}, and its replacement {changed!r} is "
                    "another word; use errors='skip' to omit it"
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
    return "contains white space" if word else "is empty"


# ---- Reading -------------------------------------------------------------------------------------


def read(
    path: PathLike,
    *,
    binary: bool = False,
    header: bool | None = True,
    limit: int | None = None,
    errors: str = "strict",
    max_size: int | str | None = None,
    encoding: str = "utf-8",
) -> tuple[list[str], FloatArray]:
    """Read words and vectors, from a plain or compressed file.

    A byte-order mark is ignored.

    Parameters
    ----------
    path : str or path-like
    binary : bool, default False
    header : bool, default True
        Whether the first line is "words dimensions"; GloVe text has no such line.
    limit : int, optional
        Read only the first `limit` words; default all.
    errors : {"strict", "replace", "ignore", "skip"}
        How to handle words that are not UTF-8: raise an error, replace invalid bytes by U+FFFD,
        drop them, or drop the whole row. Except with "strict", a word in text may contain blanks:
        the last fields of a line are its numbers. "skip" also drops rows without a word, repeated
        words, and the heading of a data frame.
    max_size : int or str, optional
        Maximum size of a compressed file in bytes when decompressed; see `open_input`.
    encoding : str, default "utf-8"
        Encoding of the words; any that extends ASCII.

    Returns
    -------
    words : list of str
    vectors : ndarray of float32, shape (len(words), d)

    Raises
    ------
    ValueError
        The file does not match its header, is in the other format or a foreign one, or a word is
        not UTF-8 (`UnicodeDecodeError`), or the file is truncated (also an `EOFError`). Memory is
        allocated only as far as the file can fill it.
    LookupError
        The encoding is unknown.
    OSError
        It cannot be read.
    """
    if codecs.lookup(encoding).name != "utf-8":
        words, vectors = read(
            path, binary=binary, header=header, limit=limit, errors="surrogateescape",
            max_size=max_size,
        )  # fmt: skip
        return [one.encode("utf-8", "surrogateescape").decode(encoding, errors) for one in words], (
            vectors
        )
    if errors not in _HANDLERS:
        one_of(READ_ERRORS, "errors", errors)
    if limit is not None:
        limit = at_least(1, "limit", limit)
    if binary and not header:
        raise ValueError("header=False: the binary format requires a header")
    with reading(path), open_input(path, max_size) as stream:
        stream.skip_bom()
        first_line = 1
        if header:
            declared, dimensions = _read_header(stream, path)
            first_line = 2
        else:
            declared, dimensions = None, _count_numbers(stream, path)
            if heading := _heading(stream, dimensions):
                if errors != "skip":
                    raise ValueError(
                        f"{stream.name}: the first line, {heading[:40]!r}, looks like the heading "
                        "of a data frame: write the file without it, as "
                        "to_csv(path, sep=' ', header=False) does, or read it with errors='skip'"
                    )
                stream.readline(MAX_WORD_SIZE)
                first_line = 2
        reader = BinaryReader if binary else TextReader
        words, vectors = reader(stream, declared, dimensions, limit, errors, first_line).read()
    if errors == "skip":
        return _drop_repeated(words, vectors)
    return words, vectors


def _drop_repeated(words: list[str], vectors: FloatArray) -> tuple[list[str], FloatArray]:
    rows: dict[str, int] = {}
    for row, word in enumerate(words):
        rows.setdefault(word, row)
    if len(rows) == len(words):
        return words, vectors
    return list(rows), vectors[list(rows.values())]


def read_numbers(
    path: PathLike, *, limit: int | None = None, max_size: int | str | None = None
) -> FloatArray:
    """Read lines of numbers without words, separated by tabs or blanks."""
    with reading(path), open_input(path, max_size) as stream:
        stream.skip_bom()
        head = stream.peek(MAX_WORD_SIZE).partition(b"\n")[0]
        fields = head.split()
        if not are_numbers(fields) or len(fields) < 2:
            raise ValueError(
                f"{stream.name}: expected two or more numbers in the first line, but it begins "
                f"{head[:40]!r}"
            )
        if _heading(stream, len(fields), words=False):
            raise ValueError(
                f"{stream.name}: the first line, {head[:40]!r}, looks like the heading of a data "
                "frame: write the file without it, as to_csv(path, sep='\\t', header=False, "
                "index=False) does"
            )
        reader = TextReader(stream, None, len(fields) - 1, limit, "strict", 1)
        first, rest = reader.read()
    try:
        column = np.array([parse_float32(number.encode()) for number in first], np.float32)
        return np.column_stack([column, rest])
    except (ValueError, OverflowError):
        raise ValueError(f"{stream.name}: a line does not begin with a number") from None


def _read_header(stream: InputStream, path: PathLike) -> tuple[int, int]:
    line = stream.readline(256)
    found = _HEADER.fullmatch(line)
    if found is None:
        raise ValueError(
            f"{stream.name}: expected a header with the numbers of words and dimensions, such as "
            f"'71290 100', but {_what_it_is(stream, path, line + stream.peek(4096))}"
        )
    words, dimensions = int(found[1]), int(found[2])
    if words < 1 or dimensions < 1:
        raise ValueError(
            f"{stream.name}: the header declares {words:,} words with {dimensions:,} dimensions, "
            "expected at least 1 of each; the file is corrupt"
        )
    return words, dimensions


def sample_lines(head: bytes) -> list[list[bytes]]:
    """Return the fields of the first lines that are not empty; a last line may be cut anywhere."""
    lines = head.split(b"\n", _SAMPLED_LINES)
    # The last one is cut, or is what the others leave.
    fields = list(map(bytes.split, lines[:-1] or lines))
    return [line for line in fields if line]


def _count_numbers(stream: InputStream, path: PathLike) -> int:
    """Return the dimensions: how many numbers most of the first lines end in.

    One line is not enough: it may be a comment or truncated, and a word may end in a number.
    """
    head = stream.peek(MAX_WORD_SIZE)
    lines = sample_lines(head)
    counts = [_trailing_numbers(line) for line in lines] or [0]
    if not counts[0] or looks_binary(head.partition(b"\n")[0]):
        raise ValueError(
            f"{stream.name}: expected a word and its numbers in the first line, but "
            f"{_what_it_is(stream, path, head)}"
        )
    return max(set(counts), key=lambda n: (counts.count(n), n)) or counts[0]


def _trailing_numbers(fields: Sequence[bytes]) -> int:
    numbers = 0
    while numbers < len(fields) - 1 and is_number(fields[-1 - numbers]):
        numbers += 1
    return numbers


def _heading(stream: InputStream, dimensions: int, *, words: bool = True) -> bytes:
    """Return the first line if it is the heading of a data frame, else b"".

    Its numbers count the columns, and the second line has numbers that are not integers, or the
    first field is what a column of words is called.
    """
    head = stream.peek(MAX_WORD_SIZE)
    lines = sample_lines(head)
    names, second = lines[0][int(words) :], lines[min(1, len(lines) - 1)][int(words) :]
    if len(names) != dimensions or dimensions < 3:
        return b""
    first = 1 if names[0] == b"1" else 0
    named = words and lines[0][0].strip(b"\"'").lower() in _HEADING_WORDS
    sure = named or ((first == 0 or dimensions > 9) and not all(map(bytes.isdigit, second)))
    counted = names == [b"%d" % (first + i) for i in range(dimensions)]
    return head.partition(b"\n")[0] if counted and sure else b""


def _what_it_is(stream: InputStream, path: PathLike, head: bytes) -> str:
    if not stream.is_uncompressed:
        what = f"{describe(head)} when decompressed"
    elif stream.max_size is None:  # a pipe
        what = describe(head)
    else:
        what = describe_file(path)
    return what if "read(" in what else f"{what}; {READ_HINT}"


def is_binary(rows: bytes, dimensions: int) -> bool:
    """Distinguish the binary format from text, by the bytes after the header.

    Parameters
    ----------
    rows : bytes
        May be cut anywhere.
    dimensions : int
        According to the header.
    """
    line, newline, _ = rows.partition(b"\n")
    numbers = line.split()[1:][-dimensions:]
    if newline and len(numbers) == dimensions and are_numbers(numbers):
        return False
    # A few binary numbers may look like text; then the end of their row does not.
    end = rows.find(b" ") + 1 + 4 * dimensions
    if looks_binary(line) or rows[end : end + 1] == b"\n":
        return True
    try:
        line.decode()
    except UnicodeDecodeError as error:
        return error.reason != "unexpected end of data"
    return False
