"""The trainer: workers, the learning-rate clock, progress and stopping."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from w2v._cpu import available_cpus
from w2v.progress import Progress, Reporter
from w2v.training import _hogwild, replicas
from w2v.training.full_softmax import SoftmaxWorker

if TYPE_CHECKING:
    from w2v.config import TrainingConfig
    from w2v.corpus.corpus import Corpus
    from w2v.training.weights import Weights
    from w2v.vocab.vocabulary import Vocabulary

Worker = _hogwild.Worker | SoftmaxWorker

_BLOCK_IDS = 100_000  # ids in a block of a large corpus
_BLOCKS_LEAST = 32  # a small corpus is cut finer, so that several workers share it evenly
_REPORT_EVERY = 0.1  # seconds between looks at the clock


@dataclass(frozen=True)
class TrainingResult:
    """What one call of `Word2Vec.train` did.

    Attributes
    ----------
    tokens : int
        In-vocabulary tokens trained on, over all epochs.
    predictions : int
        What the loss is a mean over, after subsampling: (centre, context) pairs for skip-gram,
        centres for CBOW.
    seconds : float
        Wall-clock time of the training itself.
    loss : tuple of float
        Mean loss per prediction in nats, one figure per epoch that was begun.
    interrupted : bool
        True if Ctrl-C ended training early.
    """

    tokens: int
    predictions: int
    seconds: float
    loss: tuple[float, ...]
    interrupted: bool

    @property
    def words_per_second(self) -> float:
        """In-vocabulary tokens per second of training."""
        return self.tokens / self.seconds if self.seconds > 0 else 0.0


class Trainer:
    """Trains a model's matrices on a corpus.

    Parameters
    ----------
    weights : Weights
        The matrices, updated in place.
    first_epoch : int
        How many epochs were trained before: random numbers are drawn anew for each epoch.
    """

    def __init__(
        self,
        weights: Weights,
        vocabulary: Vocabulary,
        config: TrainingConfig,
        *,
        first_epoch: int = 0,
    ) -> None:
        self.weights = weights
        self.vocabulary = vocabulary
        self.config = config
        self.first_epoch = first_epoch

    def run(self, corpus: Corpus, report: Reporter | None = None) -> TrainingResult:
        """Train for ``config.epochs`` epochs, from the learning rate to ``config.min_alpha``.

        Ctrl-C stops the workers and ends the run with a warning, so that what was learned is not
        lost.

        Raises
        ------
        ValueError
            If the corpus holds no word of the vocabulary.
        FloatingPointError
            If the loss is no longer finite.
        """
        config = self.config.replace(workers=self.config.workers or available_cpus())
        tables = self.vocabulary.tables(corpus, config)
        tokens = int(corpus.type_counts[tables.index >= 0].sum())
        if tokens == 0:
            raise ValueError(
                f"none of the corpus's {corpus.n_types:,} different words is in the vocabulary of "
                f"{len(self.vocabulary):,}: is it the right corpus, in the same spelling and case?"
            )
        rows = replicas.choose(self.vocabulary, config, tables, tokens)
        total = tokens * config.epochs
        job = _hogwild.SharedState(config, self.weights, corpus.ids, tables, total, rows)
        workers: list[Worker] = [
            SoftmaxWorker(job, self.weights, config) if config.softmax else _hogwild.Worker(job)
            for _ in range(config.workers or 1)
        ]
        return _Run(job, workers, config, corpus.ids, tokens, self.first_epoch).finish(report)


class _Run:
    """One run's threads and sums."""

    def __init__(
        self,
        job: _hogwild.SharedState,
        workers: Sequence[Worker],
        config: TrainingConfig,
        ids: npt.NDArray[np.int32],
        tokens: int,
        first_epoch: int,
    ) -> None:
        self.job = job
        self.epochs = config.epochs
        self.first_epoch = first_epoch
        self.alpha = config.learning_rate
        self.default_alpha = config.replace(alpha=None, min_alpha=0.0).learning_rate
        self.tokens = tokens
        self.blocks = cut_blocks(ids)
        self.lock = threading.Lock()
        self.taken = 0
        self.loss = np.zeros(self.epochs)
        self.predictions = np.zeros(self.epochs, np.int64)
        self.diverged: str | None = None
        self.failure: BaseException | None = None
        self.ended = threading.Event()
        self.workers = workers
        self.working = len(workers)

    def finish(self, report: Reporter | None) -> TrainingResult:
        began = time.perf_counter()
        threads = [
            threading.Thread(target=self.work, args=(worker,), name=f"w2v-{i}", daemon=True)
            for i, worker in enumerate(self.workers)
        ]
        interrupted = False
        try:
            for thread in threads:
                thread.start()
            while not self.ended.wait(_REPORT_EVERY):
                if report is not None:
                    report(self.progress(began))
            if report is not None:
                report(self.progress(began))
        except KeyboardInterrupt:
            interrupted = True
        finally:
            self.job.stop()
            for thread in threads:
                if thread.ident is not None:
                    thread.join()
        seconds = time.perf_counter() - began
        if self.failure is not None:
            raise self.failure
        if self.diverged is not None:
            raise FloatingPointError(self.diverged)
        if interrupted:
            share = self.job.tokens / (self.tokens * self.epochs)
            warnings.warn(
                f"training was interrupted after {share:.1%} of {self.epochs} epochs; the model "
                "holds what was learned so far",
                RuntimeWarning,
                stacklevel=4,
            )
        begun = self.predictions > 0
        if not begun.any() and not interrupted:
            warnings.warn(
                "nothing was learned: no word was left with a context word beside it. Subsampling "
                "drops most words of a very small text (sample=0 keeps them all), min_count leaves "
                "out rare ones, and a sentence needs at least two words",
                RuntimeWarning,
                stacklevel=4,
            )
        return TrainingResult(
            tokens=self.job.tokens,
            predictions=int(self.predictions.sum()),
            seconds=seconds,
            loss=tuple(map(float, self.loss[begun] / self.predictions[begun])),
            interrupted=interrupted,
        )

    def work(self, worker: Worker) -> None:
        """Take block after block until none is left; one thread's life."""
        try:
            while (block := self.take()) is not None:
                epoch, number = divmod(block, len(self.blocks) - 1)
                start, end = map(int, self.blocks[number : number + 2])
                how = worker.run(self.first_epoch + epoch, number, start, end)
                with self.lock:
                    self.loss[epoch] += worker.loss
                    self.predictions[epoch] += worker.predictions
                    if how == _hogwild.DIVERGED and self.diverged is None:
                        self.diverged = self.divergence(epoch)
                if how != _hogwild.DONE:
                    break
            worker.finish()
        except BaseException as failure:
            self.failure = failure
        finally:
            with self.lock:
                self.working -= 1
                last = self.working == 0
            if last or self.diverged is not None or self.failure is not None:
                self.ended.set()

    def take(self) -> int | None:
        """Return the number of the next block, counted through all epochs."""
        with self.lock:
            if self.taken == self.epochs * (len(self.blocks) - 1):
                return None
            self.taken += 1
            return self.taken - 1

    def progress(self, began: float) -> Progress:
        done = self.job.tokens
        epoch = min(done // self.tokens, self.epochs - 1)
        with self.lock:
            predictions = int(self.predictions[epoch])
            loss = float(self.loss[epoch]) / predictions if predictions else float("nan")
        return Progress(
            phase="training",
            done=done,
            total=self.tokens * self.epochs,
            seconds=time.perf_counter() - began,
            epoch=epoch + 1,
            epochs=self.epochs,
            alpha=self.job.learning_rate,
            loss=loss,
        )

    def divergence(self, epoch: int) -> str:
        done = self.job.tokens
        share = done / (self.tokens * self.epochs)
        return (
            f"training diverged in epoch {epoch + 1} of {self.epochs}, after {done:,} words "
            f"({share:.1%}) at learning rate {self.job.learning_rate:g}: the loss is no longer a "
            f"finite number; lower alpha (it was {self.alpha:g}; the default is "
            f"{self.default_alpha:g})"
        )


def cut_blocks(ids: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """Cut an id array at sentence ends into blocks of about 100,000 ids.

    Returns
    -------
    int64, shape (blocks + 1,)
        Block `i` is ``ids[edges[i]:edges[i + 1]]``. A sentence is never cut, however long.
    """
    size = min(_BLOCK_IDS, max(len(ids) // _BLOCKS_LEAST, 1_000))
    edges = [0]
    while edges[-1] < len(ids):
        edges.append(_sentence_end(ids, edges[-1] + size))
    return np.array(edges, np.int64)


def _sentence_end(ids: npt.NDArray[np.int32], at: int) -> int:
    """Return the position after the first sentence end at or after `at` - 1."""
    at, width = at - 1, 4096
    while at < len(ids):
        ends = np.flatnonzero(ids[at : at + width] < 0)
        if ends.size:
            return at + int(ends[0]) + 1
        at += width
    return len(ids)
