"""A training run: its threads, the progress they report, how they end, and the result."""

from __future__ import annotations

import dataclasses
import logging
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from w2v._warnings import warn
from w2v.progress import Progress, Reporter
from w2v.training import _hogwild, divergence
from w2v.training.blocks import cut_blocks
from w2v.training.full_softmax import SoftmaxWorker
from w2v.training.history import EpochRecord
from w2v.training.run_state import RunState

if TYPE_CHECKING:
    from w2v.config import TrainingConfig
    from w2v.training.pacing import Pacer

Worker = _hogwild.Worker | SoftmaxWorker

logger = logging.getLogger("w2v")

_REPORT_INTERVAL = 0.1  # seconds
_BLOCK_PATIENCE = 1.0  # seconds


class Observer(Protocol):
    """Called in the midst of a training run, while its threads rest; nothing is half trained then.

    That is between two blocks of the text, or between two rounds of shards. A pause changes no byte
    of the result.

    Attributes
    ----------
    next_tokens : float
        Call it once the run has trained this number of in-vocabulary tokens; ``math.inf``: never.
    next_time : float
        Call it from this time on, of `time.perf_counter`; ``math.inf``: never.
    at_epoch_end : bool
        Call it at the end of each epoch, too.
    """

    next_tokens: float
    next_time: float
    at_epoch_end: bool

    def __call__(self, run: TrainingRun, /) -> bool:
        """Do the work, and set when to be called again; True ends the training."""


class Watcher(Observer, Protocol):
    """An observer that is also called before and after a run; see watching.py."""

    error: Exception | None
    noting: tuple[bool, bool] | None

    @property
    def best(self) -> EpochRecord | None:
        """The record of the weights that the model gets back at the end, if it does."""

    def begin(self, run: TrainingRun, /) -> bool:
        """Do what is to be done before training; return whether it is to end already."""

    def finish(self, run: TrainingRun, /) -> None:
        """Do what is to be done after training."""

    def state(self, run: TrainingRun, /) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what a run that goes on needs: values and arrays."""


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
    shards : int, default 1
        Number of parts of the text that were trained alone and merged; see docs/performance.md.
    merge_seconds : float, default 0
        Wall-clock time of merging them, part of `seconds`.
    history : tuple of EpochRecord
        One record for each epoch that was trained to its end, and for each measurement of held-out
        text; the last one may be of the moment when training was ended.
    alpha : float, default 0
        Initial learning rate: that of the model's settings, or if it is None there, the default for
        such a text; see docs/objectives.md.
    sample : float, default 0
        Subsampling: `sample` of the model's settings, or if it is None there, what was chosen for
        this text.
    stopped_by : {None, "callback", "early_stopping", "max_seconds", "interrupt"}
        What ended training before the last epoch did, None if nothing.
    best : EpochRecord or None
        With early stopping, the record of the weights that the model has.
    nodes : int, default 1
        Number of nodes of a cluster that have trained; see docs/distributed.md.
    network_seconds : float, default 0
        Time in which rows travelled between them, part of `merge_seconds`.
    network_bytes : int, default 0
        Bytes of these rows.
    decay_start : float, default 0
        Share of training after which the learning rate falls: `decay_start` of the model's
        settings, or if it is None there, the default for such a training.
    """

    tokens: int
    predictions: int
    seconds: float
    loss: tuple[float, ...]
    interrupted: bool
    shards: int = 1
    merge_seconds: float = 0.0
    history: tuple[EpochRecord, ...] = ()
    alpha: float = 0.0
    sample: float = 0.0
    stopped_by: str | None = None
    best: EpochRecord | None = None
    nodes: int = 1
    network_seconds: float = 0.0
    network_bytes: int = 0
    decay_start: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain Python values, which JSON has, except for NaN."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainingResult:
        """Return the result that `to_dict` described."""
        history = tuple(EpochRecord(**record) for record in values["history"])
        best = None if values["best"] is None else EpochRecord(**values["best"])
        return cls(**{**values, "loss": tuple(values["loss"]), "history": history, "best": best})

    @property
    def words_per_second(self) -> float:
        """In-vocabulary tokens per second of training."""
        return self.tokens / self.seconds if self.seconds > 0 else 0.0


class TrainingRun:
    """The threads of one training run, and the sums of their losses; `work` is what they do.

    Parameters
    ----------
    job : _hogwild.SharedState
        The state that all workers share.
    n_threads : int
    epochs : int
    tokens : int
        In-vocabulary tokens of one epoch.
    first_epoch : int
        Number of epochs trained before.
    untrained_loss : float
        Mean loss per prediction of a model that knows nothing; a loss many times higher ends the
        run.
    """

    shards = 1
    merge_seconds = 0.0
    seconds_before = 0.0  # of a run that is resumed, before it was interrupted
    ends_blocks = False  # whether Ctrl-C waits for a while, so that nothing is half trained
    half_trained = False  # whether it is nevertheless, and the state is lost
    watcher: Watcher | None = None  # the first of the observers
    pacer: Pacer | None = None
    cools_down = False  # whether the learning rate falls early, because of early stopping

    def __init__(
        self,
        job: _hogwild.SharedState,
        n_threads: int,
        epochs: int,
        tokens: int,
        first_epoch: int,
        untrained_loss: float,
    ) -> None:
        self.job = job
        self.n_threads = n_threads
        self.epochs = epochs
        self.first_epoch = first_epoch
        self.untrained_loss = untrained_loss
        self.tokens = tokens
        self.total = tokens * epochs  # where the learning rate is at its end, if there is time
        self.alpha = job.schedule[0]  # the initial one,
        self.alpha_of: Callable[[int], float] = lambda total: self.alpha  # of runs of other lengths
        self.decay_start = 0.0  # the share of the run after which its learning rate falls
        self.decay_start_of: Callable[[int], float] = lambda total: self.decay_start
        self.lock = threading.Lock()
        self.last_epoch = self.epochs  # of those that are trained without a break
        self.observers: list[Observer] = []
        self.pause_tokens = math.inf  # trained tokens after which the threads rest,
        self.pausing = False  # or at once
        self.loss = np.zeros(self.epochs)
        self.predictions = np.zeros(self.epochs, np.int64)
        self.diverged: str | None = None
        self.failure: BaseException | None = None
        self.ended = threading.Event()
        self.active_threads = n_threads
        self.began = self.pauses = 0.0
        self.history: list[EpochRecord] = []
        self.validation_loss = math.nan  # when it was last measured
        self.stopped_by: str | None = None

    def work(self, number: int) -> None:
        """Train up to the end of `last_epoch`, as the `number`-th thread."""
        raise NotImplementedError

    def begin_threads(self) -> None:
        """Prepare for threads that start."""

    def abort(self) -> None:
        """Make threads that wait for each other end, since one has failed."""

    @property
    def trained_tokens(self) -> int:
        """In-vocabulary tokens that the model has been trained on."""
        return self.job.tokens

    def run(self, report: Reporter | None = None) -> TrainingResult:
        """Train all epochs and return the result; raise if a thread failed. See `Trainer.run`."""
        began = self.began = time.perf_counter() - self.seconds_before
        interrupted = False
        breaks = any(observer.at_epoch_end for observer in self.observers)
        try:
            stops = self.stopped_by is not None  # a run that was killed before its last steps
            if self.watcher is not None:
                stops |= self.watcher.begin(self)
            while not stops and self.epochs_ended < self.epochs:
                ended = self.epochs_ended
                self.last_epoch = ended + 1 if breaks else self.epochs
                self.run_threads(began, report)
                ends_epoch = self.epochs_ended > ended
                if self.failure or self.diverged or not (ends_epoch or self.rests()):
                    break
                late = self.pacer is not None and time.perf_counter() >= self.pacer.deadline
                if ends_epoch or not (late or self.job.stopped):
                    stops = self.observe(ends_epoch)
                if (late or self.job.stopped) and self.epochs_ended < self.epochs:
                    self.stopped_by = self.stopped_by or "max_seconds"
                    break
            if self.watcher is not None and not (self.failure or self.diverged):
                self.watcher.finish(self)
        except KeyboardInterrupt:
            interrupted = True
        seconds = self.seconds
        if self.failure is not None:
            raise self.failure
        if self.diverged is not None:
            raise divergence.DivergenceError(self.diverged)
        if interrupted:
            self.stopped_by = "interrupt"
        started = self.predictions > 0
        if not started.any() and self.stopped_by is None:
            warn(
                "nothing to train on: after subsampling, no word has a context word. Subsampling "
                "drops most words of a very small text (sample=0 keeps them all), min_count drops "
                "rare words, and a sentence needs at least two words",
                RuntimeWarning,
            )
        return self.result(seconds)

    def result(self, seconds: float) -> TrainingResult:
        """Return the result of a run that has ended."""
        started = self.predictions > 0
        result = TrainingResult(
            tokens=self.trained_tokens,
            predictions=int(self.predictions.sum()),
            seconds=seconds,
            loss=tuple(map(float, self.loss[started] / self.predictions[started])),
            interrupted=self.stopped_by == "interrupt",
            shards=self.shards,
            merge_seconds=self.merge_seconds,
            history=tuple(sorted(self.history, key=lambda record: (record.epoch, record.tokens))),
            stopped_by=self.stopped_by,
            best=self.watcher.best if self.watcher is not None else None,
        )
        ended_by = f"; ended by {self.stopped_by}" if self.stopped_by else ""
        logger.info(
            "trained on %s words in %.1f s (%s words/s)%s",
            f"{result.tokens:,}",
            seconds,
            f"{result.words_per_second:,.0f}",
            ended_by,
        )
        return result

    def observe(self, ends_epoch: bool) -> bool:
        """Call the observers that are due; return whether training is to end."""
        stops, tokens, now = False, self.trained_tokens, time.perf_counter()
        for each in self.observers:
            due = tokens >= each.next_tokens or now >= each.next_time
            if due or (ends_epoch and each.at_epoch_end):
                stops |= each(self)
        return stops

    def rests(self) -> bool:
        """Return whether the threads are to end at the next place where nothing is half trained."""
        return self.pausing or self.trained_tokens >= self.pause_tokens

    def state(self) -> RunState:
        """Return all that the run carries on from here, where nothing is half trained."""
        values = {
            "tokens": self.trained_tokens,
            "schedule": self.job.schedule,
            "total": self.total,
            "seconds": self.seconds,
            "merge_seconds": self.merge_seconds,
            "history": [record.to_dict() for record in self.history],
            "validation_loss": self.validation_loss,
            "stopped_by": self.stopped_by,
        }
        arrays = {name: getattr(self, name).copy() for name in ("loss", "predictions")}
        return RunState(values, arrays)

    def restore(self, state: RunState) -> None:
        """Go on from a state of a run on the same text, before `run`.

        Raises
        ------
        ValueError
            If there is no such place in this text, with the part of the state that says so.
        """
        values = state.values
        most, ended = (
            self.tokens * self.epochs,
            sum(record.get("ends_epoch", True) for record in values["history"]),
        )
        for name, number, least in (("tokens", values["tokens"], 0), ("total", values["total"], 1)):
            if not least <= number <= most:
                raise ValueError(
                    f"run.state.{name} is {number!r}, expected {least:,} to {most:,}: "
                    f"{self.epochs:,} epochs of {self.tokens:,} tokens"
                )
        if ended > self.epochs:
            raise ValueError(
                f"run.state.history has the ends of {ended:,} epochs, expected at most "
                f"{self.epochs:,}"
            )
        if len(values["schedule"]) != len(self.job.schedule):
            raise ValueError(
                f"run.state.schedule is {values['schedule']!r}, expected {len(self.job.schedule)} "
                "numbers"
            )
        self.job.tokens = int(values["tokens"])
        self.job.schedule = tuple(values["schedule"])
        self.total = int(values["total"])
        self.seconds_before = float(values["seconds"])
        self.merge_seconds = float(values["merge_seconds"])
        self.history = [EpochRecord.from_dict(record) for record in values["history"]]
        self.validation_loss = float(values["validation_loss"])
        self.stopped_by = values["stopped_by"]
        for name in ("loss", "predictions"):
            getattr(self, name)[:] = state.arrays[name]

    @property
    def seconds(self) -> float:
        """Seconds since the run began, without those of callbacks."""
        return time.perf_counter() - self.began - self.pauses

    def loss_of(self, epoch: int) -> float:
        """Return the mean loss per prediction in an epoch so far."""
        predictions = int(self.predictions[epoch])
        return float(self.loss[epoch]) / predictions if predictions else math.nan

    @property
    def epochs_ended(self) -> int:
        """Number of epochs of this run that were trained to their end."""
        return sum(record.ends_epoch for record in self.history)

    def end_epoch(self, epoch: int) -> None:
        """Note that all of an epoch has been trained."""
        record = self.record(epoch, ends_epoch=True)
        self.history.append(record)
        if self.watcher is None:
            self.log(record)

    def record(self, epoch: int, *, ends_epoch: bool) -> EpochRecord:
        """Return what is known of an epoch now."""
        return EpochRecord(
            self.first_epoch + epoch + 1,
            self.trained_tokens,
            self.job.learning_rate,
            self.loss_of(epoch),
            math.nan,
            self.seconds,
            ends_epoch,
        )

    def log(self, record: EpochRecord) -> None:
        """Write a record to the log."""
        logger.info(
            "%s epoch %d of %d: %s, %s words, %.1f s",
            "end of" if record.ends_epoch else "in",
            record.epoch - self.first_epoch,
            self.epochs,
            record.describe(),
            f"{record.tokens:,}",
            record.seconds,
        )

    def run_threads(self, began: float, report: Reporter | None) -> None:
        """Start the threads; wait until they rest, at the end of `last_epoch` or for an observer.

        Each time they train a block or a round at least.
        """
        self.active_threads = self.n_threads
        next_tokens = min((each.next_tokens for each in self.observers), default=math.inf)
        self.pause_tokens = max(next_tokens, self.trained_tokens + 1)
        pause_time = min((each.next_time for each in self.observers), default=math.inf)
        if self.pacer is not None:
            pause_time = min(pause_time, self.pacer.deadline)
        self.pausing = False
        self.ended.clear()
        self.begin_threads()
        threads = [
            threading.Thread(target=self.run_thread, args=(i,), name=f"w2v-{i}", daemon=True)
            for i in range(self.n_threads)
        ]
        trained = False
        try:
            for thread in threads:
                thread.start()
            while not self.ended.wait(self.patience(pause_time)):
                self.pausing |= time.perf_counter() >= pause_time
                if self.pacer is not None:
                    self.pacer.update(self)
                    if time.perf_counter() >= self.pacer.deadline:
                        self.run_out_of_time()
                if report is not None:
                    report(self.progress(began))
            if self.pacer is not None:
                self.pacer.update(self)
            if report is not None:
                report(self.progress(began))
            trained = self.failure is None and self.diverged is None
        except BaseException:
            self.pausing = True
            self.ended.wait(_BLOCK_PATIENCE if self.ends_blocks else 0.0)
            raise
        finally:
            if not trained:
                self.job.stop()
            for thread in threads:
                if thread.ident is not None:
                    thread.join()

    def run_out_of_time(self) -> None:
        """Make the threads end at once, while they train; if that loses nothing."""

    def patience(self, pause_time: float) -> float:
        """Return for how many seconds to wait for the threads."""
        left = pause_time - time.perf_counter()
        return _REPORT_INTERVAL if self.pausing else max(0.0, min(left, _REPORT_INTERVAL))

    def run_thread(self, number: int) -> None:
        """Do the work of one thread, and note how it ended; runs in a thread of its own."""
        try:
            self.work(number)
        except BaseException as failure:
            self.failure = failure
            self.abort()
        finally:
            with self.lock:
                self.active_threads -= 1
                last = self.active_threads == 0
            if last or self.diverged is not None or self.failure is not None:
                self.ended.set()

    def add_loss(self, epoch: int, loss: float, predictions: int) -> None:
        """Add what was trained to the sums of an epoch, and note divergence."""
        self.loss[epoch] += loss
        self.predictions[epoch] += predictions
        if self.diverged is None and (
            self.is_divergent(loss, predictions)
            or self.is_divergent(self.loss[epoch], self.predictions[epoch])
        ):
            self.diverged = self.divergence_message(epoch)

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
            total=max(done, self.job.schedule[2]),
            seconds=time.perf_counter() - began,
            epoch=epoch + 1,
            epochs=self.epochs,
            alpha=self.job.learning_rate,
            loss=loss,
            validation_loss=self.validation_loss,
        )

    def is_divergent(self, loss: float, predictions: int) -> bool:
        """Return whether a loss, summed over predictions, is that of an exploded model."""
        return divergence.has_diverged(loss, predictions, self.untrained_loss)

    def divergence_message(self, epoch: int, what: str | None = None) -> str:
        """Return when and how divergence was noticed; `what` is not finite, or else the loss."""
        loss = float(self.loss[epoch]) / max(1, int(self.predictions[epoch]))
        if what is not None or not math.isfinite(loss):
            what = f"{what or 'the loss'} is infinite or NaN"
        else:
            times = loss / self.untrained_loss
            what = (
                f"the loss is {loss:.3g} per prediction, {times:,.0f} times that of an untrained "
                "model"
            )
        done = self.job.tokens
        fraction = done / (self.tokens * self.epochs)
        return (
            f"training diverged in epoch {epoch + 1} of {self.epochs}, after {done:,} words "
            f"({fraction:.1%}) at learning rate {self.job.learning_rate:g}: {what}"
        )


class BlockRun(TrainingRun):
    """A run whose workers take one block of the text after the other; see `TrainingRun`.

    Several workers train the same rows (Hogwild), or replicas that are never merged.

    Parameters
    ----------
    job : _hogwild.SharedState
    workers : sequence of Worker
        One per thread.
    config : TrainingConfig
    ids : int32, shape (n,)
        The corpus.
    tokens, first_epoch
        See `TrainingRun`.
    untrained_loss : float, optional
        Default: only a loss that is not finite ends the run.
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
        super().__init__(job, len(workers), config.epochs, tokens, first_epoch, untrained_loss)
        self.workers = workers
        self.blocks = cut_blocks(ids)
        self.blocks_taken = 0
        self.blocks_left = [len(self.blocks) - 1] * config.epochs

    def work(self, number: int) -> None:
        """Train one block after the other until none is left."""
        worker = self.workers[number]
        while (block := self.next_block()) is not None:
            epoch, number = divmod(block, len(self.blocks) - 1)
            start, end = map(int, self.blocks[number : number + 2])
            ended = worker.run(self.first_epoch + epoch, number, start, end)
            with self.lock:
                self.add_loss(epoch, worker.loss, worker.predictions)
                self.blocks_left[epoch] -= ended == _hogwild.DONE
                if self.blocks_left[epoch] == 0:
                    self.end_epoch(epoch)
            if ended != _hogwild.DONE or self.diverged is not None:
                self.half_trained = True
                break

    def state(self) -> RunState:
        """See `TrainingRun.state`; all blocks that were taken are trained."""
        state = super().state()
        state.values.update(blocks_taken=self.blocks_taken, blocks=len(self.blocks) - 1)
        return state

    def restore(self, state: RunState) -> None:
        """See `TrainingRun.restore`."""
        super().restore(state)
        blocks = len(self.blocks) - 1
        if state.values.get("blocks") != blocks or "blocks_taken" not in state.values:
            raise ValueError(
                f"the text has {blocks:,} blocks, and had {state.values.get('blocks')} in the "
                "version of w2v that began the run: resume it with that version"
            )
        self.blocks_taken = int(state.values["blocks_taken"])
        ended, within = divmod(self.blocks_taken, blocks)
        if ended != self.epochs_ended or ended + (within > 0) > self.epochs:
            raise ValueError(
                f"run.state.blocks_taken is {self.blocks_taken:,}, which ends {ended:,} epochs of "
                f"{blocks:,} blocks, but run.state.history has the ends of {self.epochs_ended:,}"
            )
        self.blocks_left[:ended] = [0] * ended
        if within:
            self.blocks_left[ended] -= within

    def run_out_of_time(self) -> None:
        """Make the workers leave their blocks: what they have trained of them stays."""
        self.job.stop()

    def next_block(self) -> int | None:
        """Return the number of the next block, over all epochs; None if the threads are to rest."""
        with self.lock:
            if self.blocks_taken == self.last_epoch * (len(self.blocks) - 1) or self.rests():
                return None
            self.blocks_taken += 1
            return self.blocks_taken - 1
