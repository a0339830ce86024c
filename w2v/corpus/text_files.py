"""Reading: feeds text, from files or iterables, to encoders.

A text file is cut into ranges, and a range holds the lines that begin in it. Several workers encode
ranges, each with an encoder of its own; what they make is joined in the order of the text, so that
the result does not depend on how many there are. A compressed file or a pipe is one range.
"""

from __future__ import annotations

import io
import itertools
import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from w2v._cpu import available_cpus
from w2v.corpus import _text_encoder
from w2v.corpus.id_buffer import Ids
from w2v.io.compression import DecompressedStream
from w2v.io.input_files import InputFile
from w2v.io.sniff import MAGIC_SIZE, compression_of, read_head, reject_non_text

_POLICIES = {
    "strict": _text_encoder.STRICT,
    "replace": _text_encoder.REPLACE,
    "ignore": _text_encoder.IGNORE,
}
_PIECE = 1 << 18  # bytes fed at a time; they stay in the L2 cache until they are encoded
_RANGE = 1 << 22  # bytes of a file that a worker takes at a time
_TOKENS = 1 << 16  # tokens of an iterable that are taken between two looks at Ctrl-C
_WAIT = 0.1  # seconds between reports where several workers read
_TABLE = 1 << 28  # bytes of types at which a worker forgets them and begins anew

_BOM = b"\xef\xbb\xbf"

Report = Callable[[int, int], object]


class Tokenizer(Protocol):
    """What turns a string into tokens, such as ``jieba.lcut``."""

    def __call__(self, text: str, /) -> Iterable[str]:
        """Return the tokens of a text."""


@dataclass(frozen=True)
class Options:
    """How to read; see `Corpus`."""

    tokenizer: str | Tokenizer | None = None
    lowercase: bool = False
    errors: str = "strict"
    workers: int | None = None
    memory: int | None = None

    def __post_init__(self) -> None:
        if self.errors not in _POLICIES:
            raise ValueError(f"errors={self.errors!r}: expected 'strict', 'replace' or 'ignore'")
        if isinstance(self.tokenizer, str) and self.tokenizer != "unicode":
            raise ValueError(
                f"tokenizer={self.tokenizer!r}: expected None (white space), 'unicode' or a "
                "callable that takes a str and returns tokens"
            )
        if not (self.tokenizer is None or self.tokenizer == "unicode" or callable(self.tokenizer)):
            raise TypeError(
                f"tokenizer={self.tokenizer!r}: expected None, 'unicode' or a callable that takes "
                "a str and returns tokens"
            )
        if not isinstance(self.lowercase, bool):
            raise TypeError(f"lowercase={self.lowercase!r}: expected True or False")
        if self.workers is not None and (
            isinstance(self.workers, bool) or not isinstance(self.workers, int) or self.workers < 1
        ):
            raise ValueError(f"workers={self.workers!r}: expected an integer, at least 1, or None")

    def encoder(self) -> _text_encoder.Encoder:
        """Return a new encoder that reads like this."""
        return _text_encoder.Encoder(
            _POLICIES[self.errors], unicode=self.tokenizer == "unicode", lowercase=self.lowercase
        )

    @property
    def callable_tokenizer(self) -> Tokenizer | None:
        """The tokenizer, if it is Python code."""
        return None if isinstance(self.tokenizer, str) else self.tokenizer


# ---- Iterables -----------------------------------------------------------------------------------


def read_sentences(
    encoder: _text_encoder.Encoder,
    sentences: Iterator[Any],
    options: Options,
    ids: Ids,
    progress: Report | None,
) -> None:
    """Encode an iterator's sentences: lists of tokens, or lines of text."""
    if options.callable_tokenizer is not None:
        sentences = _tokenized(sentences, options.callable_tokenizer)
    more = True
    while more:
        more = encoder.add_sentences(sentences, _TOKENS)
        ids.relieve(encoder)
        if progress is not None:
            progress(encoder.items, 0)


def _tokenized(sentences: Iterator[Any], tokenizer: Tokenizer) -> Iterator[list[str]]:
    for i, sentence in enumerate(sentences):
        if not isinstance(sentence, str):
            raise TypeError(
                f"sentence {i} (counted from 0): expected a str, which the tokenizer would split, "
                f"found {type(sentence).__name__}; leave the tokenizer out for lists of tokens"
            )
        yield _split(sentence, tokenizer, f"sentence {i} (counted from 0)")


def _split(text: str, tokenizer: Tokenizer, where: str) -> list[str]:
    """Return a text's tokens, without those that are only white space."""
    tokens = tokenizer(text)
    if isinstance(tokens, str) or not isinstance(tokens, Iterable):
        raise TypeError(
            f"{where}: the tokenizer returned {type(tokens).__name__} {tokens!r:.80}, expected a "
            "list of str"
        )
    return [t for t in tokens if not isinstance(t, str) or (t and not t.isspace())]


# ---- Files ---------------------------------------------------------------------------------------


def read_files(
    encoder: _text_encoder.Encoder,
    files: list[InputFile],
    options: Options,
    ids: Ids,
    progress: Report | None,
) -> None:
    """Encode files, one after the other.

    Raises
    ------
    OSError
        If one is unreadable, or changes its size while it is read.
    ValueError
        If one is no UTF-8 text, or a damaged archive.
    """
    sizes = [file.size for file in files]
    total = sum(size for size in sizes if size) if None not in sizes else 0
    workers = options.workers or available_cpus()
    # A worker that waits for a pipe could not be stopped.
    if options.callable_tokenizer is not None or total < 2 * _RANGE:
        workers = 1
    tasks = [task for file in files for task in _cut(file, workers)]
    crew = _Crew(encoder, tasks, options, ids, progress, total)
    if min(workers, len(tasks)) == 1:
        crew.read_alone()
    else:
        crew.read_together(min(workers, len(tasks)))


@dataclass(frozen=True)
class _Task:
    """The lines of a file that begin in a range of bytes; without an end, the whole file."""

    file: InputFile
    start: int = 0
    end: int | None = None


def _cut(file: InputFile, workers: int) -> Iterator[_Task]:
    if workers == 1 or file.size is None or file.size < 2 * _RANGE:
        yield _Task(file)
        return
    with file.open() as opened:
        head = read_head(opened)
    if compression_of(head):
        yield _Task(file)
        return
    n = file.size // _RANGE
    edges = [file.size * i // n for i in range(n + 1)]
    for start, end in itertools.pairwise(edges):
        yield _Task(file, start, end)


class _BadText(Exception):  # noqa: N818 - no error yet: the line number is still missing
    """What is wrong with a file's bytes, and how many lines its range holds before that."""

    def __init__(self, status: int, where: str, found: bytes, lines: int) -> None:
        super().__init__()
        self.status, self.where, self.found, self.lines = status, where, found, lines

    def error(self, name: str, lines_before: int) -> ValueError:
        place = f"{self.where} (counted from 0; line {lines_before + self.lines + 1})"
        remedy = "or pass errors='replace' or errors='ignore' to go on"
        if self.status == _text_encoder.NUL_BYTE:
            return ValueError(
                f"{name}: NUL byte at {place}: not a plain UTF-8 text; UTF-16? Convert it to "
                f"UTF-8, {remedy}"
            )
        return ValueError(
            f"{name}: invalid UTF-8 at {place}: {self.found!r}; convert it to UTF-8, {remedy}"
        )


class _Stopped(Exception):  # noqa: N818 - no error: somebody else failed
    pass


class _Crew:
    """Encodes tasks, alone or with several workers."""

    def __init__(
        self,
        encoder: _text_encoder.Encoder,
        tasks: list[_Task],
        options: Options,
        ids: Ids,
        progress: Report | None,
        total: int,
    ) -> None:
        self.encoder = encoder
        self.tasks = tasks
        self.options = options
        self.ids = ids
        self.progress = progress
        self.total = total

    def report(self, done: int) -> None:
        if self.progress is not None:
            self.progress(done, self.total)

    def read_alone(self) -> None:
        done = 0

        def tick(at: int) -> None:
            self.report(done + at)
            self.ids.relieve(self.encoder, (done + at) / self.total if self.total else 0.0)

        for task in self.tasks:
            try:
                done += _encode(task, self.encoder, self.options, tick)
            except _BadText as bad:
                raise bad.error(task.file.name, 0) from None

    def read_together(self, workers: int) -> None:
        """Let workers encode tasks, and join what they make in the order of the tasks."""
        self.results: queue.Queue[_Result] = queue.Queue()
        self.room = threading.Semaphore(3 * workers)  # parts that are made but not joined yet
        self.joined: list[_text_encoder.Part] = []  # parts whose memory can be used again
        self.lock = threading.Lock()
        self.taken = 0
        self.stopped = False
        self.done = [0] * workers
        budget = self.options.memory
        self.table = _TABLE if budget is None else budget // (4 * workers)
        if self.ids.budget is not None:
            self.ids.budget -= self.table * workers
        threads = [
            threading.Thread(
                target=self.work,
                args=(i, self.options.encoder()),
                name=f"w2v-read-{i}",
                daemon=True,
            )
            for i in range(workers)
        ]
        try:
            for thread in threads:
                thread.start()
            self.join_all()
        finally:
            self.stopped = True
            for _ in threads:
                self.room.release()
            for thread in threads:
                if thread.ident is not None:
                    thread.join()

    def join_all(self) -> None:
        waiting: dict[int, _Result] = {}
        lines, file = 0, None
        for number in range(len(self.tasks) + len(self.done)):
            while number not in waiting:
                try:
                    result = self.results.get(timeout=_WAIT)
                    waiting[result.number] = result
                except queue.Empty:
                    self.report(sum(self.done))
            result = waiting.pop(number)
            if number < len(self.tasks) and file is not self.tasks[number].file:
                lines, file = 0, self.tasks[number].file
            if isinstance(result.failure, _BadText):
                raise result.failure.error(self.tasks[number].file.name, lines) from None
            if result.failure is not None:
                raise result.failure
            if result.part is not None:
                self.encoder.join(result.part, result.map)
                lines += result.part.lines
                self.joined.append(result.part)
                self.room.release()
                self.ids.relieve(self.encoder, (number + 1) / len(self.tasks))
            if result.counts is not None:
                self.encoder.join_counts(memoryview(result.counts), result.map)
        self.report(sum(self.done))

    def work(self, me: int, encoder: _text_encoder.Encoder) -> None:
        """Encode task after task until none is left; one thread's life."""
        known, before = _text_encoder.Map(), 0

        def tick(at: int) -> None:
            self.done[me] = before + at
            if self.stopped:
                raise _Stopped

        while (number := self.take()) is not None:
            result = _Result(number, known)
            try:
                before += _encode(self.tasks[number], encoder, self.options, tick)
                self.done[me] = before
                result.part = encoder.take_part(self.joined.pop() if self.joined else None)
                if encoder.memory()[0] > self.table:
                    result.counts = encoder.finish()[1]
                    encoder, known = self.options.encoder(), _text_encoder.Map()
            except _Stopped:
                return
            except BaseException as failure:
                result.failure = failure
            self.results.put(result)
            if result.failure is not None:
                return
        self.results.put(_Result(len(self.tasks) + me, known, counts=encoder.finish()[1]))

    def take(self) -> int | None:
        """Return the number of the next task, once there is room for what will be made of it."""
        self.room.acquire()
        with self.lock:
            if self.stopped or self.taken == len(self.tasks):
                self.room.release()
                return None
            self.taken += 1
            return self.taken - 1


@dataclass
class _Result:
    """What a worker made of a task, or why it could not."""

    number: int
    map: _text_encoder.Map
    part: _text_encoder.Part | None = None
    counts: _text_encoder.Block | None = None  # of all types of the encoder, which is gone
    failure: BaseException | None = None


# ---- One task ------------------------------------------------------------------------------------


class _Bytes(Protocol):
    """Where the bytes of a task come from.

    Attributes
    ----------
    begin : int
        Where in the file, or its decompressed text, they begin.
    """

    begin: int

    def fill(self, buffer: bytearray, at: int) -> int:
        """Put bytes into the buffer, from `at` on; return how many, 0 at the end."""

    def done(self) -> int:
        """Return how much of the file was read, as far as that is known."""

    def place(self, position: int) -> str:
        """Say where a byte is, for a message."""


def _encode(
    task: _Task, encoder: _text_encoder.Encoder, options: Options, tick: Callable[[int], None]
) -> int:
    """Encode one task; return the bytes of the file that were its share."""
    with task.file.open() as file:
        if task.end is not None:
            _feed(_Lines(file, task), encoder, options, tick, task.file.name)
            return task.end - task.start
        head = read_head(file)
        kind = compression_of(head)
        if kind is None:
            whole = _Whole(file, head, task.file)
            _feed(whole, encoder, options, tick, task.file.name)
        else:
            with DecompressedStream(file, head, kind, task.file.name) as text:
                archive = _Archive(text, file)
                _feed(archive, encoder, options, tick, task.file.name)
        return file.tell() if task.file.size is not None else 0


def _feed(
    source: _Bytes,
    encoder: _text_encoder.Encoder,
    options: Options,
    tick: Callable[[int], None],
    name: str,
) -> None:
    buffer, filled, position = bytearray(max(_PIECE, 2 * MAGIC_SIZE)), 0, source.begin
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
    if options.callable_tokenizer is not None:
        reader = _Reader(source, bytes(buffer[:filled]))
        _feed_lines(reader, position, encoder, options, tick, name)
        return
    lines = encoder.tally()[3]
    while True:
        with memoryview(buffer) as whole, whole[:filled] as data:
            status, consumed = encoder.feed(data, final)
        if status != _text_encoder.OK:
            found = bytes(buffer[consumed : min(consumed + 4, filled)])
            raise _BadText(
                status, source.place(position + consumed), found, encoder.tally()[3] - lines
            )
        position += consumed
        tick(source.done())
        if final:
            break
        left = filled - consumed
        buffer[:left] = buffer[consumed:filled]
        if 2 * left > len(buffer):  # a token longer than that has to be seen whole
            buffer += bytes(len(buffer))
        n = source.fill(buffer, left)
        filled, final = left + n, n == 0
    encoder.end_sentence()


class _Whole:
    """All of a file, or a pipe."""

    begin = 0

    def __init__(self, file: io.FileIO, head: bytes, what: InputFile) -> None:
        self.file, self.head, self.what = file, head, what
        self.read = 0

    def fill(self, buffer: bytearray, at: int) -> int:
        if self.head:
            n = len(self.head)
            buffer[at : at + n] = self.head
            self.head = b""
        else:
            n = _read_into(self.file, buffer, at)
            if self.what.size is not None and (n == 0 or self.read + n > self.what.size):
                _expect_size(self.file, self.what, self.read + n)
        self.read += n
        return n

    def done(self) -> int:
        return self.read

    def place(self, position: int) -> str:
        return f"byte {position}"


class _Lines:
    """The lines of a file that begin in a range."""

    def __init__(self, file: io.FileIO, task: _Task) -> None:
        assert task.end is not None
        assert task.file.size is not None
        self.file, self.start, self.end, self.what = file, task.start, task.end, task.file
        self.size = task.file.size
        self.begin = self._first_line()
        self.at = self.begin
        self.over = self.begin >= self.end
        file.seek(self.begin)

    def _first_line(self) -> int:
        """Return where the first line begins that begins at `start` or later; or the end."""
        at = self.start - 1
        if at < 0:
            return 0
        self.file.seek(at)
        piece = bytearray(1 << 12)
        while at < self.end:
            n = _read_into(self.file, piece, 0)
            line_feed = piece.find(b"\n", 0, n)
            if line_feed >= 0:
                return at + line_feed + 1
            if n == 0:
                break
            at += n
            piece = bytearray(_PIECE)
        return self.end

    def fill(self, buffer: bytearray, at: int) -> int:
        if self.over:
            return 0
        n = _read_into(self.file, buffer, at)
        if n == 0 or self.at + n > self.size:
            _expect_size(self.file, self.what, self.at + n)
        # The last line begins before the end, and its line feed may lie beyond.
        last = max(self.end - 1 - self.at, 0)
        if last < n and self.end != self.size:
            line_feed = buffer.find(b"\n", at + last, at + n)
            if line_feed >= 0:
                n = line_feed + 1 - at
                self.over = True
        self.at += n
        return n

    def done(self) -> int:
        return min(self.at, self.end) - min(self.begin, self.end)

    def place(self, position: int) -> str:
        return f"byte {position}"


class _Archive:
    """The text of a compressed file."""

    begin = 0

    def __init__(self, text: DecompressedStream, file: io.FileIO) -> None:
        self.text, self.file = text, file
        self.seekable = file.seekable()

    def fill(self, buffer: bytearray, at: int) -> int:
        return _read_into(self.text, buffer, at)

    def done(self) -> int:
        return self.file.tell() if self.seekable else 0

    def place(self, position: int) -> str:
        return self.text.locate(position)


def _read_into(file: Any, buffer: bytearray, at: int) -> int:
    with memoryview(buffer) as whole, whole[at:] as room:
        return file.readinto(room) or 0


def _expect_size(file: io.FileIO, what: InputFile, read: int) -> None:
    now = os.fstat(file.fileno()).st_size
    if not now == read == what.size:
        raise OSError(
            f"{what.name}: changed from {what.size} to {now} bytes while it was read; read it when "
            "nothing writes to it, or read a copy"
        )


# ---- Files for a tokenizer in Python -------------------------------------------------------------


class _Reader(io.RawIOBase):
    """A task's bytes for Python's own line reader."""

    def __init__(self, source: _Bytes, begun: bytes) -> None:
        self.source, self.begun = source, begun

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        if self.begun:
            n = min(len(buffer), len(self.begun))
            buffer[:n], self.begun = self.begun[:n], self.begun[n:]
            return n
        piece = bytearray(len(buffer))
        n = self.source.fill(piece, 0)
        buffer[:n] = piece[:n]
        return n


def _feed_lines(
    reader: _Reader,
    position: int,
    encoder: _text_encoder.Encoder,
    options: Options,
    tick: Callable[[int], None],
    name: str,
) -> None:
    tokenizer = options.callable_tokenizer
    assert tokenizer is not None
    with io.BufferedReader(reader, _PIECE) as lines:
        for number, line in enumerate(lines):
            try:
                text = line.decode("utf-8", options.errors)
            except UnicodeDecodeError as bad:
                where = reader.source.place(position + bad.start)
                found = line[bad.start : bad.start + 4]
                raise _BadText(_text_encoder.BAD_UTF8, where, found, number) from None
            tokens = _split(text.rstrip("\r\n"), tokenizer, f"{name}, line {number + 1}")
            encoder.add_sentences(iter([tokens]), 1)
            position += len(line)
            tick(reader.source.done())
