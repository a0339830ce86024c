"""Text files to ids, with several threads.

A text file is cut into ranges; a range has the lines that begin in it. One worker encodes them one
after the other; several do so in a `RangePool`, whose result does not depend on their number. A
compressed file or a pipe is one range.
"""

from __future__ import annotations

import contextlib
import io
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from w2v._cpu import available_cpus
from w2v.corpus import _text_encoder
from w2v.corpus.id_buffer import IdBuffer
from w2v.corpus.options import Options, ReadProgress
from w2v.corpus.range_pool import RangePool
from w2v.corpus.sentences import apply_tokenizer
from w2v.io.compression import DecompressedStream
from w2v.io.input_files import InputFile
from w2v.io.sniff import MAGIC_SIZE, compression_of, read_head, reject_non_text

_CHUNK = 1 << 18  # bytes per call of the encoder; they stay in the L2 cache until they are encoded
# Bytes of a file that a worker takes at a time, at most and at least: small enough for all workers
# to end together, large enough to make the cost of a range small.
_RANGE, _MIN_RANGE = 1 << 20, 1 << 18
_RANGES = 16  # for each worker, if that is possible
_TYPES = 1 << 28  # bytes of types at which a worker starts a new encoder

_BOM = b"\xef\xbb\xbf"

OnProgress = Callable[[int], None]  # takes the bytes of the current range read so far


@dataclass(frozen=True)
class FileRange:
    """The lines of a file that begin in a range of bytes; without an end, the whole file."""

    file: InputFile
    start: int = 0
    end: int | None = None


def _split(file: InputFile, workers: int, size: int) -> Iterator[FileRange]:
    if workers == 1 or file.size is None or file.size < 2 * size:
        yield FileRange(file)
        return
    with file.open() as opened:
        head = read_head(opened)
    if compression_of(head):
        yield FileRange(file)
        return
    n = file.size // size
    edges = [file.size * i // n for i in range(n + 1)]
    for start, end in itertools.pairwise(edges):
        yield FileRange(file, start, end)


def _expected_types(n_bytes: int) -> int:
    """Guess the distinct words of a text from its length, by Heaps' law.

    English Wikipedia has 18 n ** 0.58 among n words. Memory for them is reserved, not used.
    """
    return int(18 * (n_bytes / 6) ** 0.58)


def _groups(ranges: list[FileRange], size: int) -> Iterator[list[FileRange]]:
    """Yield the ranges, small files together: a worker takes about `size` bytes at a time."""
    group: list[FileRange] = []
    left = size
    for one in ranges:
        if group and (one.end is not None or left <= 0):
            yield group
            group, left = [], size
        group.append(one)
        left = 0 if one.end is not None else left - (one.file.size or 0)
    if group:
        yield group


class TextDecodeError(Exception):
    """Invalid bytes in a range, and the lines of the range before them.

    Turned into a ValueError once the number of lines before the range is known.
    """

    def __init__(self, status: int, location: str, found: bytes, lines: int) -> None:
        super().__init__()
        self.status, self.location, self.found, self.lines = status, location, found, lines

    def with_line_number(self, name: str, lines_before: int) -> ValueError:
        """Return the error to raise, with `lines_before` lines of the file before the range."""
        location = f"{self.location} (counted from 0; line {lines_before + self.lines + 1})"
        remedy = "or pass errors='replace' or errors='ignore' to continue"
        if self.status == _text_encoder.NUL_BYTE:
            return ValueError(
                f"{name}: NUL byte at {location}: not a plain UTF-8 text; UTF-16? Convert it to "
                f"UTF-8, {remedy}"
            )
        return ValueError(
            f"{name}: invalid UTF-8 at {location}: {self.found!r}; convert it to UTF-8, {remedy}"
        )


class ParallelEncoder:
    """Encodes text files, in order, with one or several workers.

    Parameters
    ----------
    encoder : Encoder
        Receives the result.
    options : Options
    ids : IdBuffer
        Receives ids of the encoder that exceed the budget.
    progress : callable, optional
        Called as ``progress(bytes, total)``; `total` is 0 if a pipe is among the files.
    """

    def __init__(
        self,
        encoder: _text_encoder.Encoder,
        options: Options,
        ids: IdBuffer,
        progress: ReadProgress | None,
    ) -> None:
        self.encoder = encoder
        self.options = options
        self.ids = ids
        self.progress = progress
        self.total = 0
        self.groups: list[list[FileRange]] = []  # ranges that one worker takes together

    def encode(self, files: list[InputFile]) -> None:
        """Encode files, one after the other.

        Raises
        ------
        OSError
            If a file is unreadable, or changes its size while it is read.
        ValueError
            If a file is not UTF-8 text, or a corrupt archive.
        """
        sizes = [file.size for file in files]
        self.total = sum(size for size in sizes if size) if None not in sizes else 0
        workers = self.options.workers or available_cpus()
        # A worker that waits for a pipe could not be stopped.
        if self.options.callable_tokenizer is not None:
            workers = 1
        size = min(_RANGE, max(_MIN_RANGE, self.total // (_RANGES * workers)))
        workers = max(1, min(workers, self.total // (2 * size)))
        ranges = [one for file in files for one in _split(file, workers, size)]
        self.groups = list(_groups(ranges, size))
        workers = min(workers, len(self.groups))
        if workers > 1:
            self._encode_parallel(workers)
            return
        done = 0

        def on_progress(read: int) -> None:
            self._report(done + read)
            fraction = (done + read) / self.total if self.total else 0.0
            self.ids.flush_if_over_budget(self.encoder, fraction)

        for file_range in ranges:
            try:
                done += self.encode_range(file_range, self.encoder, on_progress)
            except TextDecodeError as error:
                raise error.with_line_number(file_range.file.name, 0) from None

    def _report(self, done: int) -> None:
        if self.progress is not None:
            self.progress(done, self.total)

    def encode_range(
        self,
        file_range: FileRange,
        encoder: _text_encoder.Encoder,
        on_progress: OnProgress,
        buffer: bytearray | None = None,
    ) -> int:
        """Encode one range; return how many bytes of the file it covers.

        A buffer is used again, and made as long as necessary.
        """
        name = file_range.file.name
        with file_range.file.open() as file, open_source(file, file_range) as source:
            buffer = bytearray() if buffer is None else buffer
            buffer += bytes(max(_CHUNK - len(buffer), 2 * MAGIC_SIZE - len(buffer), 0))
            filled, position = 0, source.begin
            final = False
            while filled < MAGIC_SIZE and not final:
                n = source.fill(buffer, filled)
                filled, final = filled + n, n == 0
            if position == 0:
                head = bytes(buffer[: min(filled, MAGIC_SIZE)])
                reject_non_text(head, name)
                if compression_of(head):
                    raise ValueError(f"{name}: compressed more than once; decompress it once")
                if head.startswith(_BOM):
                    del buffer[: len(_BOM)]
                    filled, position = filled - len(_BOM), len(_BOM)
            if self.options.callable_tokenizer is not None:
                begun = bytes(buffer[:filled])
                self._tokenize_lines(source, begun, position, encoder, on_progress, name)
                return _covered(file, file_range)
            lines = encoder.stats()[3]
            while True:
                with memoryview(buffer) as whole, whole[:filled] as data:
                    status, consumed = encoder.feed(data, final)
                if status != _text_encoder.OK:
                    found = bytes(buffer[consumed : min(consumed + 4, filled)])
                    location = source.locate(position + consumed)
                    lines = encoder.stats()[3] - lines
                    raise TextDecodeError(status, location, found, lines)
                position += consumed
                on_progress(source.done())
                if final:
                    break
                left = filled - consumed
                buffer[:left] = buffer[consumed:filled]
                if 2 * left > len(buffer):  # a longer token has to be in the buffer as a whole
                    buffer += bytes(len(buffer))
                n = source.fill(buffer, left)
                filled, final = left + n, n == 0
            encoder.end_sentence()
            return _covered(file, file_range)

    def _tokenize_lines(
        self,
        source: ByteSource,
        begun: bytes,
        position: int,
        encoder: _text_encoder.Encoder,
        on_progress: OnProgress,
        name: str,
    ) -> None:
        tokenizer = self.options.callable_tokenizer
        assert tokenizer is not None
        with io.BufferedReader(_SourceIO(source, begun), _CHUNK) as lines:
            for number, line in enumerate(lines):
                try:
                    text = line.decode("utf-8", self.options.errors)
                except UnicodeDecodeError as error:
                    location = source.locate(position + error.start)
                    found = line[error.start : error.start + 4]
                    raise TextDecodeError(_text_encoder.BAD_UTF8, location, found, number) from None
                if "\0" in text:
                    if self.options.errors == "strict":
                        location = source.locate(position + line.index(0))
                        raise TextDecodeError(_text_encoder.NUL_BYTE, location, b"\0", number)
                    text = text.replace("\0", "\ufffd" if self.options.errors == "replace" else "")
                text = text.rstrip("\r\n")
                tokens = apply_tokenizer(tokenizer, text, f"{name}, line {number + 1}")
                encoder.add_sentences(iter([tokens]), 1)
                position += len(line)
                on_progress(source.done())

    # ---- Several workers -------------------------------------------------------------------------

    def _encode_parallel(self, workers: int) -> None:
        budget = self.options.budget
        type_bytes = _TYPES if budget is None else budget // (4 * workers)
        if self.ids.budget is not None:
            self.ids.budget -= type_bytes * workers

        def encode(
            number: int, encoder: _text_encoder.Encoder, on_progress: OnProgress, buffer: bytearray
        ) -> int:
            done = 0

            def on_more(read: int) -> None:
                on_progress(done + read)

            for file_range in self.groups[number]:
                try:
                    done += self.encode_range(file_range, encoder, on_more, buffer)
                except TextDecodeError as error:
                    if file_range.end is not None:
                        raise  # `check` knows the lines before the range
                    raise error.with_line_number(file_range.file.name, 0) from None
            return done

        lines = 0

        def check(number: int, more_lines: int, error: BaseException | None) -> None:
            nonlocal lines
            file_range = self.groups[number][0]
            if file_range.start == 0:
                lines = 0
            if isinstance(error, TextDecodeError):
                raise error.with_line_number(file_range.file.name, lines) from None
            if error is not None:
                raise error
            lines += more_lines

        def new_encoder() -> _text_encoder.Encoder:
            encoder = self.options.encoder()
            types = _expected_types(self.total // workers)
            encoder.expect(min(types, type_bytes // 128), _RANGE // 4)
            return encoder

        pool = RangePool(len(self.groups), workers, encode, new_encoder, self.ids, type_bytes)
        types = 0 if budget is not None else _expected_types(self.total)
        pool.run(_text_encoder.Join(self.encoder, types), check, self._report)


# ---- Where the bytes of a range come from --------------------------------------------------------


class ByteSource(Protocol):
    """The bytes of a range.

    Attributes
    ----------
    begin : int
        Position of the first byte in the file, or in its decompressed text.
    """

    begin: int

    def fill(self, buffer: bytearray, start: int) -> int:
        """Write bytes into the buffer from `start` on; return how many, 0 at the end."""

    def done(self) -> int:
        """Return how many bytes of the file were read, as far as that is known."""

    def locate(self, position: int) -> str:
        """Format the position of a byte for a message."""


@contextlib.contextmanager
def open_source(file: io.FileIO, file_range: FileRange) -> Iterator[ByteSource]:
    """Yield the bytes of a range, decompressed."""
    if file_range.end is not None:
        yield _LineRangeSource(file, file_range)
        return
    head = read_head(file)
    kind = compression_of(head)
    if kind is None:
        yield _WholeFileSource(file, head, file_range.file)
        return
    with DecompressedStream(file, head, kind, file_range.file.name) as text:
        yield _CompressedSource(text, file)


def _covered(file: io.FileIO, file_range: FileRange) -> int:
    if file_range.end is not None:
        return file_range.end - file_range.start
    return file.tell() if file_range.file.size is not None else 0


class _WholeFileSource:
    """All of a file, or a pipe."""

    begin = 0

    def __init__(self, file: io.FileIO, head: bytes, input_file: InputFile) -> None:
        self.file, self.head, self.input_file = file, head, input_file
        self.read = 0

    def fill(self, buffer: bytearray, start: int) -> int:
        if self.head:
            n = len(self.head)
            buffer[start : start + n] = self.head
            self.head = b""
        else:
            n = _read_into(self.file, buffer, start)
            size = self.input_file.size
            if size is not None and (n == 0 or self.read + n > size):
                _check_size(self.file, self.input_file, self.read + n)
        self.read += n
        return n

    def done(self) -> int:
        return self.read

    def locate(self, position: int) -> str:
        return f"byte {position}"


class _LineRangeSource:
    """The lines of a file that begin in a range."""

    def __init__(self, file: io.FileIO, file_range: FileRange) -> None:
        assert file_range.end is not None
        assert file_range.file.size is not None
        self.file, self.start, self.end, self.input_file = (
            file,
            file_range.start,
            file_range.end,
            file_range.file,
        )
        self.size = file_range.file.size
        self.begin = self._first_line()
        self.position = self.begin
        self.finished = self.begin >= self.end
        file.seek(self.begin)

    def _first_line(self) -> int:
        """Return the position of the first line that begins at `start` or later; or the end."""
        position = self.start - 1
        if position < 0:
            return 0
        self.file.seek(position)
        buffer = bytearray(1 << 12)
        while position < self.end:
            n = _read_into(self.file, buffer, 0)
            line_feed = buffer.find(b"\n", 0, n)
            if line_feed >= 0:
                return position + line_feed + 1
            if n == 0:
                break
            position += n
            buffer = bytearray(_CHUNK)
        return self.end

    def fill(self, buffer: bytearray, start: int) -> int:
        if self.finished:
            return 0
        n = _read_into(self.file, buffer, start)
        if n == 0 or self.position + n > self.size:
            _check_size(self.file, self.input_file, self.position + n)
        # The last line begins before the end; its line feed may be after it.
        last = max(self.end - 1 - self.position, 0)
        if last < n and self.end != self.size:
            line_feed = buffer.find(b"\n", start + last, start + n)
            if line_feed >= 0:
                n = line_feed + 1 - start
                self.finished = True
        self.position += n
        return n

    def done(self) -> int:
        return min(self.position, self.end) - min(self.begin, self.end)

    def locate(self, position: int) -> str:
        return f"byte {position}"


class _CompressedSource:
    """The text of a compressed file."""

    begin = 0

    def __init__(self, text: DecompressedStream, file: io.FileIO) -> None:
        self.text, self.file = text, file
        self.seekable = file.seekable()

    def fill(self, buffer: bytearray, start: int) -> int:
        return _read_into(self.text, buffer, start)

    def done(self) -> int:
        return self.file.tell() if self.seekable else 0

    def locate(self, position: int) -> str:
        return self.text.locate(position)


class _SourceIO(io.RawIOBase):
    """A source for Python's line reader."""

    def __init__(self, source: ByteSource, begun: bytes) -> None:
        self.source, self.begun = source, begun

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        if self.begun:
            n = min(len(buffer), len(self.begun))
            buffer[:n], self.begun = self.begun[:n], self.begun[n:]
            return n
        chunk = bytearray(len(buffer))
        n = self.source.fill(chunk, 0)
        buffer[:n] = chunk[:n]
        return n


def _read_into(file: Any, buffer: bytearray, start: int) -> int:
    with memoryview(buffer) as whole, whole[start:] as free:
        return file.readinto(free) or 0


def _check_size(file: io.FileIO, input_file: InputFile, read: int) -> None:
    size = input_file.current_size(file)
    if not size == read == input_file.size:
        raise OSError(
            f"{input_file.name}: changed from {input_file.size} to {size} bytes while it was read; "
            "read it when nothing writes to it, or read a copy"
        )
