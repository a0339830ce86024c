"""Model files that are saved while a model trains."""

from __future__ import annotations

import errno
import math
import os
from typing import TYPE_CHECKING, Any

from w2v._types import PathLike
from w2v.io.names import check_name
from w2v.training.callbacks import Callback
from w2v.training.intervals import Interval

if TYPE_CHECKING:
    from w2v.training.history import EpochRecord
    from w2v.training.word2vec import Word2Vec


class ModelCheckpoint(Callback):
    """Saves the model at intervals, or whenever it is better than before.

    Such a file is a model as `Word2Vec.save` writes it: to use, or to train on from. It replaces
    that of before when it is complete.

    Parameters
    ----------
    path : str or path-like
        Where to save the model. ``{epoch}`` and ``{tokens}`` in it are replaced by numbers, so that
        all files stay: ``"model-{epoch:02d}.safetensors"``.
    every : str, default "1 epoch"
        How often to save it: "10min", "5_000_000 tokens", "2 epochs".
    keep_best : bool or str, default False
        Save it only if a record is better than all before: True for a lower held-out loss (which
        requires `validation`), or the name of a metric, which must be higher, such as that of
        `EvaluateAnalogies`. `every` then has no effect.

    Attributes
    ----------
    best : float or None
        The best value so far.

    Raises
    ------
    ValueError
        If the name is that of another format, or has something else in braces; in training, if
        what `keep_best` needs was not measured.
    OSError
        In training, if a file cannot be written.
    """

    def __init__(
        self, path: PathLike, *, every: str = "1 epoch", keep_best: bool | str = False
    ) -> None:
        self.path = os.fspath(path)
        check_name(self.path, "a model is written in safetensors format", remedy="name it so")
        try:
            self.path.format(epoch=1, tokens=1)
        except (LookupError, ValueError) as error:
            raise ValueError(
                f"{self.path}: braces in it are to hold a number, {{epoch}} or {{tokens}} (found "
                f"{error}); double them to have braces in the name"
            ) from None
        Interval.parse(every, "every")
        self.interval = None if keep_best else every
        self.keep_best = keep_best
        self.best: float | None = None

    def on_train_begin(self, model: Word2Vec) -> None:
        """Raise now if there is no such directory, not after an epoch."""
        folder = os.path.dirname(self.path) or "."
        if not os.path.isdir(folder):
            raise FileNotFoundError(
                errno.ENOENT, "the directory of the model does not exist; create it first", folder
            )

    def on_interval(self, model: Word2Vec) -> None:
        """Save the model."""
        self._save(model)

    def on_record(self, model: Word2Vec, record: EpochRecord) -> None:
        """Save the model if it is the best so far."""
        if not self.keep_best:
            return
        if self.keep_best is True:
            value, lower = record.validation_loss, True
        else:
            value, lower = record.metrics.get(self.keep_best, math.nan), False
        if math.isnan(value):
            if record.ends_epoch and self.best is None:
                raise ValueError(self._explain(record))
            return
        if self.best is None or (value < self.best if lower else value > self.best):
            self.best = value
            self._save(model)

    def _explain(self, record: EpochRecord) -> str:
        if self.keep_best is True:
            return (
                "ModelCheckpoint(keep_best=True) compares held-out losses, and none was measured: "
                "pass validation=True to train(), or a metric's name as keep_best"
            )
        known = ", ".join(map(repr, record.metrics)) or "none"
        return (
            f"ModelCheckpoint(keep_best={self.keep_best!r}): no such metric was measured; those of "
            f"this epoch: {known}. Pass what measures it, such as EvaluateAnalogies, as a callback"
        )

    def _save(self, model: Word2Vec) -> None:
        last = model.history[-1] if model.history else None
        numbers = {"epoch": model._epochs_trained, "tokens": last.tokens if last else 0}
        model.save(self.path.format(**numbers))

    def state(self) -> dict[str, Any]:
        """Return the best value."""
        return {"best": self.best}

    def restore(self, state: dict[str, Any]) -> None:
        """Take the best value back."""
        self.best = state["best"]
