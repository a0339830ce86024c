"""The history in TensorBoard."""

from __future__ import annotations

import importlib
import math
import os
from typing import TYPE_CHECKING, Any

from w2v._types import PathLike
from w2v.training.callbacks import Callback

if TYPE_CHECKING:
    from w2v.training.history import EpochRecord
    from w2v.training.word2vec import Word2Vec


class TensorBoard(Callback):
    """Writes losses, learning rate and metrics for TensorBoard, over the tokens trained.

    ``tensorboard --logdir DIRECTORY`` shows them while training goes on. `tensorboardX` writes the
    files: ``pip install 'w2v[tensorboard]'``.

    Parameters
    ----------
    log_dir : str or path-like
        Directory of this run; runs to compare have one each, in the same directory.

    Raises
    ------
    ImportError
        If tensorboardX is not installed.
    OSError
        In training, if the directory cannot be written.
    """

    def __init__(self, log_dir: PathLike) -> None:
        self.log_dir = os.fspath(log_dir)
        _library()
        self._writer: Any = None

    def on_train_begin(self, model: Word2Vec) -> None:
        """Open the files."""
        self._writer = _library().SummaryWriter(self.log_dir)

    def on_record(self, model: Word2Vec, record: EpochRecord) -> None:
        """Write the figures of a record."""
        figures = {
            "loss/train": record.loss,
            "loss/held-out": record.validation_loss,
            "learning_rate": record.learning_rate,
            **{f"metrics/{name}": value for name, value in record.metrics.items()},
        }
        for name, value in figures.items():
            if math.isfinite(value):
                self._writer.add_scalar(name, value, record.tokens)
        self._writer.flush()

    def on_train_end(self, model: Word2Vec) -> None:
        """Close the files."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _library() -> Any:
    try:
        return importlib.import_module("tensorboardX")
    except ImportError as error:
        raise ImportError(
            "TensorBoard(...) needs tensorboardX: pip install 'w2v[tensorboard]'", name=error.name
        ) from error
