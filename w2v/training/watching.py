"""The watcher: what happens in the midst of a training run besides training.

At each place where it is called, nothing is half trained. In this order, it measures the text that
is held out, adds a record to the history, calls the callbacks, and decides whether training ends.
"""

from __future__ import annotations

import contextlib
import logging
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from w2v.training.callbacks import Callbacks
from w2v.training.checkpointing import check_destination
from w2v.training.early_stopping import EarlyStopping, Stopper
from w2v.training.history import EpochRecord
from w2v.training.intervals import Interval
from w2v.training.pacing import Pacer, checked_seconds
from w2v.training.validation import share_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from w2v.config import TrainingConfig
    from w2v.corpus.corpus import Corpus
    from w2v.training.runs import TrainingRun
    from w2v.training.validation import HeldOut
    from w2v.training.weights import Weights

logger = logging.getLogger("w2v")


@dataclass
class Alarm:
    """When something is due next that happens at intervals.

    Attributes
    ----------
    interval : Interval
    next_tokens, next_time : float
        See `Observer`.
    """

    interval: Interval
    next_tokens: float = math.inf
    next_time: float = math.inf

    def set(self, run: TrainingRun, now: float) -> None:
        """Set when it is due after this moment."""
        self.next_tokens = self.interval.next_tokens(run.trained_tokens, run.tokens)
        self.next_time = self.interval.next_time(now)

    def is_due(self, run: TrainingRun, now: float) -> bool:
        """Return whether it is due."""
        return run.trained_tokens >= self.next_tokens or now >= self.next_time


CONTROLS = (
    "on_epoch_end", "callbacks", "validation", "validation_every", "early_stopping", "max_seconds",
    "checkpoint", "checkpoint_every",
)  # fmt: skip


@dataclass(frozen=True)
class Control:
    """What a training is watched and ended by: the arguments of `CONTROLS`, checked.

    Attributes
    ----------
    callbacks : Callbacks
    validation_every : Interval or None
    early_stopping : EarlyStopping or None
    max_seconds : float or None
    checkpoint : str or None
        Where checkpoints are written.
    """

    callbacks: Callbacks
    validation_every: Interval | None
    early_stopping: EarlyStopping | None
    max_seconds: float | None
    checkpoint: str | None

    @classmethod
    def of(cls, given: Mapping[str, Any], config: TrainingConfig) -> Control:
        """Return what the arguments ask for, by their names.

        Raises
        ------
        TypeError, ValueError
            If one of them is wrong, or requires another.
        """
        callbacks = Callbacks(given["callbacks"], given["on_epoch_end"])
        share = share_of(given["validation"])
        every = given["validation_every"]
        stopping = EarlyStopping.of(given["early_stopping"])
        interval = None if every is None else Interval.parse(every, "validation_every")
        if share is None and given["validation"] in (None, False):
            for name, wanted in (("validation_every", every), ("early_stopping", stopping)):
                if wanted is not None:
                    raise ValueError(
                        f"{name}={given[name]!r} requires text that is held out: pass "
                        "validation=True, a share of the sentences, or a text of its own"
                    )
        path, often = given["checkpoint"], given["checkpoint_every"]
        if often is not None:
            Interval.parse(often, "checkpoint_every")
            if path is None:
                raise ValueError(f"checkpoint_every={often!r} requires checkpoint=, a file's name")
        path = None if path is None else check_destination(path)
        seconds = checked_seconds(given["max_seconds"], config)
        return cls(callbacks, interval, stopping, seconds, path)

    def watches(self, held_out: Corpus | None) -> bool:
        """Return whether there is anything to do in the midst of training."""
        return bool(self.callbacks) or held_out is not None or self.max_seconds is not None


class Watcher:
    """Watches a training run: an `Observer`, which is called before all others.

    Parameters
    ----------
    model : Word2Vec
        The model that is trained; gets the records.
    control : Control

    Attributes
    ----------
    error : Exception or None
        What a callback has raised: training has ended because of it, and the caller is to raise it.
    """

    at_epoch_end = True

    def __init__(self, model: Any, control: Control) -> None:
        self.model = model
        self.callbacks = callbacks = control.callbacks
        self.error: Exception | None = None
        self.held_out: HeldOut | None = None
        every = control.validation_every
        self.measuring = None if every is None else Alarm(every)
        self.rule = control.early_stopping
        self.pacer = None if control.max_seconds is None else Pacer(control.max_seconds)
        self.stopper: Stopper | None = None
        self.timed = [(one, Alarm(interval)) for one, interval in callbacks.intervals]
        self.began = self.merges = False
        self.epochs_ended = 0
        self.noting: tuple[bool, bool] | None = None  # the arguments of `note`, while it works
        self.next_tokens = self.next_time = math.inf

    def measure(self, held_out: HeldOut, weights: Weights) -> None:
        """Measure the loss of this text, and stop by it if asked to."""
        self.held_out = held_out
        if self.rule is not None:
            self.stopper = Stopper(self.rule, weights)

    @property
    def best(self) -> EpochRecord | None:
        """The record of the weights that early stopping has kept."""
        return None if self.stopper is None else self.stopper.best

    # ---- The run ---------------------------------------------------------------------------------

    def begin(self, run: TrainingRun) -> bool:
        """Do what is to be done before training; return whether it is to end already."""
        self.merges = run.shards > 1 and self.callbacks.listen("on_merge")
        self.epochs_ended = run.epochs_ended
        for alarm in self.alarms():
            alarm.set(run, time.perf_counter())
        self.set_limits(run)
        stops, self.began = False, True
        with self.calling(run):
            stops = self.callbacks.call("on_train_begin", self.model)
        if self.noting is not None and self.error is None:
            stops |= self.note(run, *self.noting)
        with self.calling(run):
            if (
                not stops
                and self.error is None
                and run.trained_tokens == run.epochs_ended * run.tokens
            ):
                stops = self.callbacks.call("on_epoch_begin", self.model)
        run.pacer = self.pacer
        if self.pacer is not None:
            self.pacer.begin(run)
        return self.ends(run, "callback", stops or self.error is not None)

    def __call__(self, run: TrainingRun) -> bool:
        """Do what is due; return whether training is to end."""
        now = time.perf_counter()
        ends_epoch, self.epochs_ended = run.epochs_ended > self.epochs_ended, run.epochs_ended
        last = run.epochs_ended == run.epochs
        cooled = self.stopper is not None and run.trained_tokens >= (self.stopper.end or math.inf)
        measures = (
            last
            or cooled
            or (ends_epoch if self.measuring is None else self.measuring.is_due(run, now))
        )
        due = [one for one, alarm in self.timed if alarm.is_due(run, now)]
        for alarm in self.alarms():
            if alarm.is_due(run, now):
                alarm.set(run, now)
        stops = False
        if self.merges:
            with self.calling(run):
                stops = self.callbacks.call("on_merge", self.model)
        if ends_epoch or (measures and self.held_out is not None):
            stops |= self.note(run, ends_epoch, measures)
        if cooled:
            stops |= self.ends(run, "early_stopping", True)
        with self.calling(run):
            for one in due:
                stops |= self.callbacks.call_one(one, "on_interval", self.model)
            if ends_epoch and not stops and not last and self.error is None:
                stops |= self.callbacks.call("on_epoch_begin", self.model)
        self.set_limits(run)
        return self.ends(run, "callback", stops or self.error is not None)

    def note(self, run: TrainingRun, ends_epoch: bool, measures: bool) -> bool:
        """Add a record to the history, and call who wants it; return whether training is to end."""
        self.noting = ends_epoch, measures
        record = run.history[-1] if ends_epoch else self.record_within(run)
        if measures and self.held_out is not None:
            run.validation_loss = self.held_out.measure()
            record = replace(record, validation_loss=run.validation_loss)
        if ends_epoch:
            run.history[-1] = record
        else:
            run.history.append(record)
        self.model.history.append(record)
        stops = False
        epoch = run.epochs_ended - 1
        predictions = int(run.predictions[epoch])
        if ends_epoch and predictions:  # an epoch without any leaves no trace
            self.model._record_epoch(record.loss, predictions)
        with self.calling(run):
            if ends_epoch:
                stops = self.callbacks.call("on_epoch_end", self.model)
        run.log(record)
        with self.calling(run):
            stops |= self.callbacks.call("on_record", self.model, record)
        if self.stopper is not None and self.stopper.note(record) and not stops:
            stops = not self.cool_down(run, self.stopper)
            self.ends(run, "early_stopping", stops)
        self.noting = None
        return stops

    def cool_down(self, run: TrainingRun, stopper: Stopper) -> bool:
        """Let the learning rate fall from now on, if there is anything left to train."""
        done = run.trained_tokens
        end = stopper.begin_cool_down(done, run.total)
        if end > done:
            run.total, run.cools_down = end, True
            run.job.schedule = run.job.learning_rate, done, end
            logger.info(
                "the held-out loss falls no longer: from the best weights on, the learning rate "
                "falls to its final value over %s words",
                f"{end - done:,}",
            )
        return end > done

    def record_within(self, run: TrainingRun) -> EpochRecord:
        """Return a record of an epoch that has not ended."""
        return run.record(min(run.epochs_ended, run.epochs - 1), ends_epoch=False)

    def finish(self, run: TrainingRun) -> None:
        """Do what is to be done after training, except for `on_train_end`."""
        if self.error is not None:
            return
        if run.trained_tokens > (run.history[-1].tokens if run.history else 0):
            self.note(run, ends_epoch=False, measures=True)
        if self.stopper is not None:
            self.stopper.restore_best()

    def end(self) -> Exception | None:
        """Call what waits for the end of training; return what a callback has raised."""
        for one in self.callbacks.each if self.began else ():
            try:
                self.callbacks.call_one(one, "on_train_end", self.model)
            except Exception as error:
                self.error = self.error or error
        return self.error

    def ends(self, run: TrainingRun, by: str, stops: bool) -> bool:
        """Note what ends training, if something does."""
        if stops and run.stopped_by is None and run.epochs_ended < run.epochs:
            run.stopped_by = by
        return stops

    # ---- When to be called -----------------------------------------------------------------------

    def alarms(self) -> list[Alarm]:
        """Return all alarms."""
        own = [] if self.measuring is None or self.held_out is None else [self.measuring]
        return own + [alarm for _, alarm in self.timed]

    def set_limits(self, run: TrainingRun) -> None:
        """Set when to be called again."""
        alarms = self.alarms()
        self.next_tokens = min((each.next_tokens for each in alarms), default=math.inf)
        self.next_time = min((each.next_time for each in alarms), default=math.inf)
        if self.stopper is not None and self.stopper.end is not None:
            self.next_tokens = min(self.next_tokens, self.stopper.end)
        if self.merges:
            self.next_tokens = run.trained_tokens + 1

    # ---- What a checkpoint keeps -----------------------------------------------------------------

    def state(self, run: TrainingRun) -> tuple[dict[str, Any], dict[str, npt.NDArray[np.float32]]]:
        """Return what a checkpoint needs of the watcher and of what it has done to the run.

        Returns
        -------
        state : dict
            Values that JSON has: the records of this run, the schedule of the learning rate, the
            states of callbacks and of early stopping.
        arrays : dict of str to float32 arrays
            The best weights so far; empty without early stopping. They are not copies.
        """
        stopper, arrays = ({}, {}) if self.stopper is None else self.stopper.state()
        state = {
            "history": [record.to_dict() for record in run.history],
            "validation_loss": None if math.isnan(run.validation_loss) else run.validation_loss,
            "schedule": list(run.job.schedule),
            "callbacks": self.callbacks.state(),
            "noting": self.noting,
            "early_stopping": stopper,
            "total": run.total,
            "seconds": 0.0 if self.pacer is None else self.pacer.seconds,
        }
        return state, arrays

    def restore(
        self,
        run: TrainingRun,
        state: dict[str, Any],
        arrays: dict[str, npt.NDArray[np.float32]],
    ) -> None:
        """Take back what `state` returned, after `measure` and before `begin`.

        The run gets its records; those in the history of the model are the caller's matter, as its
        losses are. What is due after some time is due that long after `begin`.
        """
        run.history = [EpochRecord.from_dict(record) for record in state["history"]]
        loss = state["validation_loss"]
        run.validation_loss = math.nan if loss is None else float(loss)
        rate, start, total = state["schedule"]
        run.job.schedule = float(rate), int(start), int(total)
        run.total = int(state["total"])
        if self.pacer is not None:
            self.pacer.before = float(state["seconds"])
        self.noting = None if state["noting"] is None else tuple(state["noting"])
        self.callbacks.restore(state["callbacks"])
        if self.stopper is not None:
            self.stopper.restore(state["early_stopping"], arrays)
            run.cools_down = self.stopper.end is not None

    @contextlib.contextmanager
    def calling(self, run: TrainingRun) -> Iterator[None]:
        """Call functions of users in this context: vectors rest, and the time does not count."""
        if not self.callbacks:
            yield
            return
        began = time.perf_counter()
        try:
            with self.model._wv._at_rest():
                yield
        except Exception as error:
            if self.error is None:
                self.error = error
        finally:
            run.pauses += time.perf_counter() - began
