"""Word pairs of a corpus, counted and scored by several threads.

Each thread does tasks of the open stage of csrc/include/w2v_pairs.h; the calling thread opens the
stages, and does tasks, too. The result does not depend on the number of threads.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType

import numpy as np
import numpy.typing as npt

from w2v._cpu import available_cpus
from w2v.corpus import _phrases
from w2v.corpus.corpus import Corpus
from w2v.corpus.phrase_rewriter import PassProgress

# Ids of a piece, and pieces of a round: enough for a part of the table to be read from memory once
# for many pairs, few enough for the pairs of a round to take little memory (12 bytes for each id).
_PIECE, _PIECES = 1 << 14, 64
_LEAST = 1 << 17  # ids for each thread: fewer are counted before another thread has started


class StageThreads:
    """Threads that do the same work as the calling thread, again and again.

    Parameters
    ----------
    work : callable
        Called with the number of the thread, from 0 (the calling one) to `n` - 1.
    n : int
    """

    def __init__(self, work: Callable[[int], None], n: int) -> None:
        self._work = work
        self._lock = threading.Lock()  # of all that follows
        self._for_helpers = threading.Condition(self._lock)
        self._for_caller = threading.Condition(self._lock)
        self._round = self._busy = 0
        self._stopped = False
        self._failure: BaseException | None = None
        self._threads = [
            threading.Thread(target=self._help, args=(i,), name=f"w2v-count-{i}", daemon=True)
            for i in range(1, n)
        ]
        self._started: list[threading.Thread] = []

    def __enter__(self) -> StageThreads:
        try:
            for thread in self._threads:
                thread.start()
                self._started.append(thread)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    def run(self) -> None:
        """Do the work in all threads; return when it is done, or raise the first error."""
        with self._lock:
            self._round += 1
            self._busy = len(self._started)
            self._for_helpers.notify_all()
        self._work(0)
        with self._lock:
            while self._busy:
                self._for_caller.wait()
            if self._failure is not None:
                raise self._failure

    def _stop(self) -> None:
        with self._lock:
            self._stopped = True
            self._for_helpers.notify_all()
        for thread in self._started:
            thread.join()

    def _help(self, number: int) -> None:
        done = 0
        while True:
            with self._lock:
                while self._round == done and not self._stopped:
                    self._for_helpers.wait()
                if self._stopped:
                    return
                done = self._round
            failure = None
            try:
                self._work(number)
            except BaseException as error:
                failure = error
            with self._lock:
                self._failure = self._failure or failure
                self._busy -= 1
                if not self._busy:
                    self._for_caller.notify()


class PairCounter:
    """Counts the words and word pairs of a corpus, and finds the pairs with high scores.

    Parameters
    ----------
    flags : uint8, shape (n_types,)
        What each type may be in a pair; see `_phrases`.
    joiners : list of Bigrams
        Join the phrases that are known already.
    budget : int, default 0
        Bytes for the pairs; 0 for no limit.
    workers : int, optional
        Threads; default one per available processor.

    Attributes
    ----------
    counts : int64, shape (n_types,)
        Occurrences of each word, once `count` has returned.
    """

    def __init__(
        self,
        flags: npt.NDArray[np.uint8],
        joiners: list[_phrases.Bigrams],
        budget: int = 0,
        workers: int | None = None,
    ) -> None:
        self.counts = np.zeros(len(flags), np.int64)
        self._pairs = _phrases.Pairs(flags, budget, joiners)
        self._workers = workers or available_cpus()

    def __len__(self) -> int:
        return len(self._pairs)

    def count(self, corpus: Corpus, progress: PassProgress) -> None:
        """Count the words and pairs of a corpus.

        Raises
        ------
        OverBudget
            If the pairs exceed the budget.
        """
        ids = corpus.ids
        total = len(ids)
        workers = max(1, min(self._workers, total // _LEAST))
        counts = [self.counts, *(np.zeros_like(self.counts) for _ in range(1, workers))]
        with StageThreads(lambda number: self._pairs.work(counts[number]), workers) as threads:
            size = _PIECE * _PIECES
            for start in range(0, total, size):
                stop = min(start + size, total)
                self._pairs.begin(ids[start:stop], _PIECE)
                self._run_stages(threads)
                progress.update(stop, total)
        for other in counts[1:]:
            self.counts += other

    def score(
        self, npmi: bool, min_count: int, scale: float, threshold: float
    ) -> list[tuple[tuple[int, ...], int, float]]:
        """Return (types of the words, count, score) of each pair above the threshold.

        Parameters
        ----------
        npmi : bool
        min_count : int
        scale : float
        threshold : float
            See csrc/include/w2v_pairs.h.
        """
        self._pairs.begin_scoring(npmi, min_count, scale, threshold, self.counts)
        workers = max(1, min(self._workers, len(self) // _LEAST))
        with StageThreads(lambda _: self._pairs.work(self.counts), workers) as threads:
            self._run_stages(threads)
        return self._pairs.found()

    def _run_stages(self, threads: StageThreads) -> None:
        more = True
        while more:
            threads.run()
            more = self._pairs.next_stage()
