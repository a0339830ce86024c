"""Ranges of a text, encoded and joined by several threads.

Each worker encodes ranges with an encoder of its own. The chunks that result are joined a round at
a time, in the order of the text, by the stages of csrc/include/w2v_join.h: workers help with an
open stage first and take the next range otherwise, so that none waits for the slowest. The
calling thread opens the stages, helps with them, and writes the ids of a finished round to a file
while the workers encode the next one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from w2v.corpus import _text_encoder
from w2v.corpus.id_buffer import IdBuffer

_WAIT = 0.1  # seconds between reports of progress
_ROUND = 2  # ranges of a round, for each worker
_AHEAD = 2  # rounds that are encoded or joined at a time, which limits the memory of chunks

# Encodes the range of this number, in a buffer that is used again; calls the callable with the
# bytes read so far; returns how many bytes there were.
EncodeRange = Callable[[int, _text_encoder.Encoder, Callable[[int], None], bytearray], int]


class _StoppedError(Exception):
    """Ends a worker after another one failed, or after Ctrl-C."""


@dataclass
class _Result:
    """What a worker made of a range, or why it failed."""

    map: _text_encoder.TypeMap
    chunk: _text_encoder.Chunk | None = None
    counts: _text_encoder.Block | None = None  # of all types of an encoder that is finished
    error: BaseException | None = None


class RangePool:
    """Encodes ranges in threads, and joins the results in the order of the text.

    Parameters
    ----------
    n_ranges, workers : int
    encode : callable
        See `EncodeRange`.
    new_encoder : callable
        Returns an encoder for a worker.
    ids : IdBuffer
        Receives the ids that exceed the budget.
    type_bytes : int
        Bytes of types at which a worker begins a new encoder.
    """

    def __init__(
        self,
        n_ranges: int,
        workers: int,
        encode: EncodeRange,
        new_encoder: Callable[[], _text_encoder.Encoder],
        ids: IdBuffer,
        type_bytes: int,
    ) -> None:
        self.n_ranges = n_ranges
        self.encode = encode
        self.new_encoder = new_encoder
        self.ids = ids
        self.type_bytes = type_bytes
        self.done = [0] * workers  # bytes, by worker
        self._lock = threading.Lock()  # of all that follows
        self._for_workers = threading.Condition(self._lock)
        self._for_caller = threading.Condition(self._lock)
        self._taken = 0  # ranges
        self._window = _AHEAD * _ROUND * workers  # ranges that may be taken
        self._results: dict[int, _Result] = {}
        self._spare: list[_text_encoder.Chunk] = []  # chunks whose memory can be reused
        self._stage_open = self._all_joined = self._stopped = False
        self._helping = 0  # workers in the open stage
        self._failure: BaseException | None = None  # of a worker, outside a range

    def run(
        self,
        join: _text_encoder.Join,
        check: Callable[[int, int, BaseException | None], None],
        report: Callable[[int], None],
    ) -> None:
        """Encode all ranges.

        Parameters
        ----------
        join : Join
            Receives the chunks.
        check : callable
            Called for each range in order, with its number, its line feeds and the error of its
            worker, if any, which it raises.
        report : callable
            Called with the bytes read so far, several times a second and at the end.
        """
        threads = [
            threading.Thread(
                target=self._work, args=(number, join), name=f"w2v-read-{number}", daemon=True
            )
            for number in range(len(self.done))
        ]
        started: list[threading.Thread] = []
        try:
            for thread in threads:
                thread.start()
                started.append(thread)
            size = _ROUND * len(threads)
            for first in range(0, self.n_ranges, size):
                numbers = range(first, min(first + size, self.n_ranges))
                self._join_round(join, [self._wait_for(one, check, report) for one in numbers])
                with self._lock:
                    self._window += size
                    self._for_workers.notify_all()
                self.ids.flush_if_over_budget(join, numbers.stop / self.n_ranges)
            with self._lock:
                self._all_joined = True
                self._for_workers.notify_all()
            for thread in threads:
                thread.join()
            self._raise_failure()
            report(sum(self.done))
        finally:
            with self._lock:
                self._stopped = True
                self._for_workers.notify_all()
            for thread in started:
                thread.join()

    # ---- The calling thread ----------------------------------------------------------------------

    def _wait_for(
        self,
        number: int,
        check: Callable[[int, int, BaseException | None], None],
        report: Callable[[int], None],
    ) -> _Result:
        result = None
        while result is None:
            with self._lock:
                self._raise_failure()
                if number not in self._results:
                    self._for_caller.wait(_WAIT)
                result = self._results.pop(number, None)
            report(sum(self.done))
        check(number, 0 if result.chunk is None else result.chunk.lines, result.error)
        return result

    def _join_round(self, join: _text_encoder.Join, results: list[_Result]) -> None:
        chunks = [result.chunk for result in results if result.chunk is not None]
        expected = 0
        if self.ids.file is None and self.ids.budget is None and not join.stats()[2]:
            expected = sum(chunk.n_ids for chunk in chunks) * self.n_ranges // len(chunks)
        join.begin(chunks, [result.map for result in results], expected + expected // 16)
        more = True
        while more:
            with self._lock:
                self._stage_open = True
                self._for_workers.notify_all()
            join.work()
            with self._lock:
                self._stage_open = False
                while self._helping:
                    self._for_caller.wait()
            self._raise_failure()
            more = join.next_stage()
        for result in results:
            if result.counts is not None:
                join.add_counts(memoryview(result.counts), result.map)
        with self._lock:
            self._spare += chunks

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    # ---- The workers -----------------------------------------------------------------------------

    def _work(self, worker: int, join: _text_encoder.Join) -> None:
        try:
            self._encode_and_help(worker, join)
        except _StoppedError:
            pass
        except BaseException as error:
            with self._lock:
                self._failure = error
                self._for_caller.notify()

    def _encode_and_help(self, worker: int, join: _text_encoder.Join) -> None:
        encoder, type_map, buffer = self.new_encoder(), _text_encoder.TypeMap(), bytearray()
        before = 0

        def on_progress(read: int) -> None:
            self.done[worker] = before + read
            if self._stopped:
                raise _StoppedError

        while not self._all_joined:
            number = self._next_range(join)
            if number is None:
                continue
            result = _Result(type_map)
            try:
                before += self.encode(number, encoder, on_progress, buffer)
                self.done[worker] = before
                with self._lock:
                    spare = self._spare.pop() if self._spare else None
                result.chunk = encoder.take_chunk(spare)
                if encoder.memory()[0] > self.type_bytes:
                    result.counts = encoder.finish()[1]
                    encoder, type_map = self.new_encoder(), _text_encoder.TypeMap()
            except _StoppedError:
                raise
            except BaseException as error:
                result.error = error
            with self._lock:
                self._results[number] = result
                self._for_caller.notify()
            if result.error is not None:
                return
        join.add_counts(memoryview(encoder.finish()[1]), type_map)

    def _next_range(self, join: _text_encoder.Join) -> int | None:
        """Return the number of a range to encode; None after a stage, and when all is joined."""
        with self._lock:
            while True:
                if self._stopped:
                    raise _StoppedError
                if self._stage_open:
                    self._helping += 1
                    break
                if self._taken < min(self._window, self.n_ranges):
                    self._taken += 1
                    return self._taken - 1
                if self._all_joined:
                    return None
                self._for_workers.wait()
        failure = None
        try:
            join.work()
        except BaseException as error:
            failure = error
        with self._lock:
            self._helping -= 1
            self._stage_open = False  # no task of it is left
            if failure is not None:  # before the caller may open the next stage
                self._failure = failure
            if not self._helping:
                self._for_caller.notify()
        return None
