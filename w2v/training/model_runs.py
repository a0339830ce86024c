"""A training of a model: from its beginning or from a checkpoint, to its end."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from w2v import simd
from w2v._types import PathLike
from w2v.config import TrainingConfig
from w2v.corpus.corpus import Corpus
from w2v.progress import Reporter, as_reporter
from w2v.training import divergence
from w2v.training.checkpoint import Checkpoint
from w2v.training.checkpointing import Checkpointer, check_destination
from w2v.training.interrupt import TrainingInterrupt
from w2v.training.intervals import Interval
from w2v.training.resuming import ResumedRun, RunSettings, usable
from w2v.training.runs import TrainingResult
from w2v.training.texts import Source, split_held_out
from w2v.training.trainer import Trainer
from w2v.training.watching import Control, Watcher
from w2v.training.weights import Weights

# A `Word2Vec`, whose module imports this one.
Model = Any


@dataclass(frozen=True)
class ModelRun:
    """A training of a model, and what belongs to it.

    `weights` are those of the model, with what holds them; `before` are the numbers of losses,
    records and epochs of the trainings before this one.
    """

    model: Model
    config: TrainingConfig
    control: Control
    weights: Weights
    corpus: Corpus
    held_out: Corpus | None
    before: tuple[int, int, int]
    checkpointer: Checkpointer | None
    resumed: ResumedRun | None = None

    def carry_out(self, report: Reporter | None) -> TrainingResult:
        """Train, or go on with what was interrupted, and note in the model what has happened."""
        model, checkpointer = self.model, self.checkpointer
        trainer = (model._trained_by or Trainer)(
            self.weights,
            model.vocabulary,
            self.config.replace(workers=model._workers_used()),
            first_epoch=self.before[-1],
            resumed=self.resumed,
        )
        watcher = Watcher(model, self.control) if self.control.watches(self.held_out) else None
        with contextlib.nullcontext() if checkpointer is None else checkpointer.writing():
            try:
                with model._wv._being_trained():
                    result = trainer.run(self.corpus, report, watcher, self.held_out, checkpointer)
            except divergence.DivergenceError:
                self._forget()
                raise
            self._note(result)
            error = watcher.end() if watcher is not None else None
            if error is not None:
                with contextlib.suppress(AttributeError):  # an exception without attributes
                    error.model = model  # type: ignore[attr-defined]
                raise error
            if result.interrupted:
                file = None if checkpointer is None else checkpointer.kept
                raise TrainingInterrupt(model, result, self.config.epochs, file)
            if checkpointer is not None:
                checkpointer.finish(result.to_dict())
            return result

    def _forget(self) -> None:
        """Take back what was noted of this run while it went on."""
        losses, records, self.model._epochs_trained = self.before
        del self.model.training_loss[losses:], self.model.history[records:]

    def _note(self, result: TrainingResult) -> None:
        """Note in the model what was trained; what callbacks needed is noted already."""
        model, (_, records, epochs) = self.model, self.before
        model._learned = None
        model._shards = result.shards
        model._simd = sorted({*model._simd, simd.active()})
        for loss in result.loss[model._epochs_trained - epochs :]:
            model._record_epoch(loss, result.predictions // len(result.loss))
        model.history += result.history[len(model.history) - records :]


def resume(
    kind: Model,
    path: PathLike,
    read: Callable[[Model, Reporter | None], Corpus],
    settings: Mapping[str, Any] | None = None,
    *,
    progress: bool | Reporter = False,
    on_epoch_end: Callable[[Model], object] | None = None,
    callbacks: Iterable[Any] = (),
    validation: Source | None = None,
    checkpoint: PathLike | None = None,
    checkpoint_every: str | None = None,
) -> tuple[Model, TrainingResult]:
    """Go on with a run from its checkpoint, on the text that `read` returns.

    `kind` is `Word2Vec` or a class derived from it. Where `settings` are given, they must be those
    of the run. See `Word2Vec.resume` for the rest.
    """
    file = Checkpoint.load(path, run=True)
    assert file.run is not None
    began = RunSettings.of_run(path, file.run)
    model = kind._from_checkpoint(file, path)
    config = began.changed(path, model.config)
    began.check_settings(path, config, settings or {})
    began.check_validation(path, validation)
    given = {
        **began.control,
        "on_epoch_end": on_epoch_end,
        "callbacks": callbacks,
        "validation": validation if began.share is None else began.share,
        "checkpoint": None,
        "checkpoint_every": checkpoint_every,
    }
    if checkpoint_every is not None:
        Interval.parse(checkpoint_every, "checkpoint_every")
    destination = path if checkpoint is None else checkpoint
    if file.run.values["ended"]:
        with usable(path):
            return model, TrainingResult.from_dict(file.run.values["result"])
    resumed = ResumedRun.of(path, file.run, began, config, model)
    control = Control.of(given | {"checkpoint_every": None}, config)
    del file
    is_same = os.path.realpath(destination) == os.path.realpath(path)
    place = check_destination(destination, resumes=is_same)
    with as_reporter(progress) as report:
        corpus = read(model, report)
        began.check_text(path, corpus)
        options = model._reading.options(None, config.workers)
        with contextlib.nullcontext() if began.share is None else usable(path):
            part, held_out = split_held_out(corpus, given["validation"], config.seed, options, None)
        began.check_held_out(path, held_out)
        began.warn_of_machine(path)
        again = replace(began, every=checkpoint_every or began.every)
        weights = resumed.held(model._weights)
        checkpointer = Checkpointer(model, place, again, weights)
        run = ModelRun(
            model, config, control, weights, part, held_out, began.before, checkpointer, resumed
        )
        return model, run.carry_out(report)
