"""The trainer: starts the workers, reports progress, stops, and returns the result."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from w2v._cpu import available_cpus
from w2v._warnings import warn
from w2v.progress import Progress, Reporter
from w2v.training import _hogwild, divergence, replicas, steps
from w2v.training.blocks import cut_blocks
from w2v.training.full_softmax import SoftmaxWorker
from w2v.vocab.sampling import sampling_tables

if TYPE_CHECKING:
    from w2v.config import TrainingConfig
    from w2v.corpus.corpus import Corpus
    from w2v.training.weights import Weights
    from w2v.vocab.sampling import SamplingTables
    from w2v.vocab.vocabulary import Vocabulary

Worker = _hogwild.Worker | SoftmaxWorker
AfterEpoch = Callable[[float, int], bool]  # mean loss, predictions -> whether to stop

_REPORT_INTERVAL = 0.1  # seconds
_MUCH_DROPPED = 0.5  # share of the text, and of the occurrences of an average word
_MANY_DROPPED = 10_000  # words; a toy example is not worth a warning


@dataclass(frozen=True)
class TrainingResult:
    """Result of one training run: `Word2Vec.train` returns it.

    Attributes
    ----------
    tokens : int
        In-vocabulary tokens over all epochs, before subsampling.
    predictions : int
        Number of predictions that `loss` averages over, after subsampling: (center, context)
        pairs for skip-gram, center words for CBOW.
    seconds : float
        Wall-clock time of training, without reading the text.
    loss : tuple of float
        Mean loss per prediction in nats, one value per epoch that was started.
    interrupted : bool
        Whether Ctrl-C ended training early.
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
        The matrices, which are updated in place.
    vocabulary : Vocabulary
    config : TrainingConfig
    first_epoch : int, default 0
        Number of epochs trained before: each epoch has its own random numbers.
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

    def run(
        self,
        corpus: Corpus,
        report: Reporter | None = None,
        after_epoch: AfterEpoch | None = None,
    ) -> TrainingResult:
        """Train for ``config.epochs`` epochs; the learning rate falls to ``config.min_alpha``.

        If `after_epoch` is given, the workers wait for each other at the end of each epoch, and it
        is called; if it returns True, training ends. Ctrl-C stops the workers; the result then says
        so, and the progress is kept.

        Raises
        ------
        ValueError
            If the corpus contains no word of the vocabulary.
        FloatingPointError
            If training diverges. The matrices are then as they were before, unless they take more
            than 256 MiB; the message says which.
        """
        config = self.config.replace(workers=self.config.workers or available_cpus())
        tables = sampling_tables(self.vocabulary, corpus, config)
        tokens = int(corpus.type_counts[tables.index >= 0].sum())
        if tokens == 0:
            raise ValueError(
                f"none of the {corpus.n_types:,} types of the corpus is in the vocabulary of "
                f"{len(self.vocabulary):,} words; check that it is the right corpus, in the same "
                "spelling and case"
            )
        self._warn_of_subsampling(tables, tokens)
        rows = replicas.plan_replicas(self.vocabulary, config, tables, tokens)
        total = tokens * config.epochs
        shape = steps.TextShape.of(corpus, self.vocabulary, tables)
        config = config.replace(alpha=steps.learning_rate(config, shape))
        most = steps.contexts_per_step(config, shape)
        job = _hogwild.SharedState(config, self.weights, corpus.ids, tables, total, rows, most)
        workers: list[Worker] = [
            SoftmaxWorker(job, self.weights, config) if config.softmax else _hogwild.Worker(job)
            for _ in range(config.workers or 1)
        ]
        untrained = divergence.untrained_loss(config, self.vocabulary, tables.tree)
        norm = divergence.initial_norm(self.weights)
        before = self.weights.snapshot()
        run = TrainingRun(job, workers, config, corpus.ids, tokens, self.first_epoch, untrained)
        try:
            return run.run(report, after_epoch)
        except divergence.DivergenceError as error:
            state = "the model's vectors are unusable: load or build the model again"
            if before is not None:
                self.weights.restore(before)
                state = "the model is as it was before this training"
            default = steps.learning_rate(self.config.replace(alpha=None, min_alpha=0.0), shape)
            remedy = divergence.remedy(self.config, default, norm)
            raise divergence.DivergenceError(f"{error}; {remedy}; {state}") from None

    def _warn_of_subsampling(self, tables: SamplingTables, tokens: int) -> None:
        """Warn if every word counts as frequent: subsampling then only makes the text shorter."""
        counts = self.vocabulary.counts
        keep = tables.keep_probability
        dropped = 1 - float(counts @ keep) / float(counts.sum())
        if (
            dropped > _MUCH_DROPPED
            and np.median(keep) < 1 - _MUCH_DROPPED
            and dropped * tokens > _MANY_DROPPED
        ):
            warn(
                f"sample={self.config.sample:g} drops {dropped:.0%} of the words in training, "
                f"since most of the {len(counts):,} words of the vocabulary are more frequent; "
                "set sample=0 to train on all",
                RuntimeWarning,
            )


class TrainingRun:
    """The threads of one training run, and the sums of their losses.

    Parameters
    ----------
    job : _hogwild.SharedState
        The state that all workers share.
    workers : sequence of Worker
        One per thread.
    config : TrainingConfig
    ids : int32, shape (n,)
        The corpus.
    tokens : int
        In-vocabulary tokens of one epoch.
    first_epoch : int
        Number of epochs trained before.
    untrained_loss : float, optional
        Mean loss per prediction of a model that knows nothing; a loss many times higher ends the
        run. Default: only a loss that is not finite does.
    """

    def __init__(
        self,
        job: _hogwild.SharedState,
        workers: Sequence[Worker],
        config: TrainingConfig,
        ids: npt.NDArray[np.int32],
        tokens: int,
        first_epoch: int,
        untrained_loss: float = math.inf,
    ) -> None:
        self.job = job
        self.epochs = config.epochs
        self.first_epoch = first_epoch
        self.untrained_loss = untrained_loss
        self.tokens = tokens
        self.blocks = cut_blocks(ids)
        self.lock = threading.Lock()
        self.blocks_taken = 0
        self.last_epoch = self.epochs  # of those that are trained without a break
        self.loss = np.zeros(self.epochs)
        self.predictions = np.zeros(self.epochs, np.int64)
        self.diverged: str | None = None
        self.failure: BaseException | None = None
        self.ended = threading.Event()
        self.workers = workers
        self.active_workers = len(workers)

    def run(
        self, report: Reporter | None = None, after_epoch: AfterEpoch | None = None
    ) -> TrainingResult:
        """Train all epochs and return the result; raise if a thread failed. See `Trainer.run`."""
        began = time.perf_counter()
        pauses = 0.0
        interrupted = False
        try:
            if after_epoch is None:
                self.run_threads(began, report)
            for epoch in range(self.epochs if after_epoch is not None else 0):
                self.last_epoch = epoch + 1
                self.run_threads(began, report)
                if self.failure is not None or self.diverged is not None:
                    break
                pause = time.perf_counter()
                predictions = int(self.predictions[epoch])
                loss = float(self.loss[epoch]) / predictions if predictions else math.nan
                if after_epoch is not None and after_epoch(loss, predictions):
                    break
                pauses += time.perf_counter() - pause
        except KeyboardInterrupt:
            interrupted = True
        seconds = time.perf_counter() - began - pauses
        if self.failure is not None:
            raise self.failure
        if self.diverged is not None:
            raise divergence.DivergenceError(self.diverged)
        started = self.predictions > 0
        if not started.any() and not interrupted:
            warn(
                "nothing to train on: after subsampling, no word has a context word. Subsampling "
                "drops most words of a very small text (sample=0 keeps them all), min_count drops "
                "rare words, and a sentence needs at least two words",
                RuntimeWarning,
            )
        return TrainingResult(
            tokens=self.job.tokens,
            predictions=int(self.predictions.sum()),
            seconds=seconds,
            loss=tuple(map(float, self.loss[started] / self.predictions[started])),
            interrupted=interrupted,
        )

    def run_threads(self, began: float, report: Reporter | None) -> None:
        """Start the threads and wait until they have trained up to the end of `last_epoch`."""
        self.active_workers = len(self.workers)
        self.ended.clear()
        threads = [
            threading.Thread(target=self.run_worker, args=(worker,), name=f"w2v-{i}", daemon=True)
            for i, worker in enumerate(self.workers)
        ]
        trained = False
        try:
            for thread in threads:
                thread.start()
            while not self.ended.wait(_REPORT_INTERVAL):
                if report is not None:
                    report(self.progress(began))
            if report is not None:
                report(self.progress(began))
            trained = self.failure is None and self.diverged is None
        finally:
            if not trained:
                self.job.stop()
            for thread in threads:
                if thread.ident is not None:
                    thread.join()

    def run_worker(self, worker: Worker) -> None:
        """Train one block after the other until none is left; runs in a thread of its own."""
        try:
            while (block := self.next_block()) is not None:
                epoch, number = divmod(block, len(self.blocks) - 1)
                start, end = map(int, self.blocks[number : number + 2])
                ended = worker.run(self.first_epoch + epoch, number, start, end)
                with self.lock:
                    self.loss[epoch] += worker.loss
                    self.predictions[epoch] += worker.predictions
                    if self.diverged is None and (
                        self.is_divergent(worker.loss, worker.predictions)
                        or self.is_divergent(self.loss[epoch], self.predictions[epoch])
                    ):
                        self.diverged = self.divergence_message(epoch)
                if ended != _hogwild.DONE or self.diverged is not None:
                    break
            worker.finish()
        except BaseException as failure:
            self.failure = failure
        finally:
            with self.lock:
                self.active_workers -= 1
                last = self.active_workers == 0
            if last or self.diverged is not None or self.failure is not None:
                self.ended.set()

    def next_block(self) -> int | None:
        """Return the number of the next block, over all epochs; None after `last_epoch`."""
        with self.lock:
            if self.blocks_taken == self.last_epoch * (len(self.blocks) - 1):
                return None
            self.blocks_taken += 1
            return self.blocks_taken - 1

    def progress(self, began: float) -> Progress:
        """Return the current state of the run, which began at this time of `perf_counter`."""
        done = self.job.tokens
        epoch = min(done // self.tokens, self.last_epoch - 1)
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

    def is_divergent(self, loss: float, predictions: int) -> bool:
        """Return whether a loss, summed over predictions, is that of an exploded model."""
        return divergence.has_diverged(loss, predictions, self.untrained_loss)

    def divergence_message(self, epoch: int) -> str:
        """Return when and how divergence was noticed."""
        loss = float(self.loss[epoch]) / max(1, int(self.predictions[epoch]))
        what = "is infinite or NaN"
        if math.isfinite(loss):
            times = loss / self.untrained_loss
            what = f"is {loss:.3g} per prediction, {times:,.0f} times that of an untrained model"
        done = self.job.tokens
        fraction = done / (self.tokens * self.epochs)
        return (
            f"training diverged in epoch {epoch + 1} of {self.epochs}, after {done:,} words "
            f"({fraction:.1%}) at learning rate {self.job.learning_rate:g}: the loss {what}"
        )
