"""Checkpoints of a training run: when they are written, and how; resuming.py goes on from them.

At a safe point of the run, the matrices are copied, and training goes on; the file is written by a
thread in the background, beside its destination, and renamed. There is one copy, and one such
thread at a time.
"""

from __future__ import annotations

import contextlib
import errno
import math
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from w2v import simd
from w2v._memory import aligned_empty, available_memory, format_size
from w2v._types import PathLike
from w2v._warnings import warn
from w2v.io.atomic import atomic_write
from w2v.io.input_files import check_path
from w2v.io.names import check_name
from w2v.training.checkpoint import Checkpoint, describe_run
from w2v.training.intervals import Interval
from w2v.training.resuming import holding_arrays
from w2v.training.run_state import RunState
from w2v.training.weights import Weights

if TYPE_CHECKING:
    from w2v.training.history import EpochRecord
    from w2v.training.resuming import RunSettings
    from w2v.training.runs import TrainingRun

_AGAIN = 0.5  # seconds until a checkpoint is tried again whose turn has not come


class _DryRun(Exception):  # noqa: N818 - not an error: it gives up a file that was only tried out
    pass


# ---- Where checkpoints are written ---------------------------------------------------------------


def check_destination(path: PathLike, *, resumes: bool = False) -> str:
    """Return the path of a checkpoint to be; raise now what would fail after hours.

    Parameters
    ----------
    path : str or path-like
    resumes : bool, default False
        Whether the run goes on from this file.

    Raises
    ------
    ValueError
        If the name is that of another format.
    FileExistsError
        If there is a checkpoint of a run that has not ended, or a file of another kind.
    OSError
        If it cannot be written.
    """
    name = check_path(path)
    check_name(path, "a checkpoint is written in safetensors format")
    if not resumes and os.path.exists(name) and not os.path.isdir(name):
        found = describe_run(name)
        if found is None:
            raise FileExistsError(
                errno.EEXIST, "this file is not a checkpoint; name another one for it", name
            )
        if not found.get("ended"):
            raise FileExistsError(
                errno.EEXIST,
                "this is the checkpoint of a run that has not ended: resume it "
                "(Word2Vec.resume, w2v train --resume), or remove the file to begin again",
                name,
            )
    try:
        with atomic_write(name):
            raise _DryRun
    except _DryRun:
        return name


class _Background:
    """Does one thing at a time in a thread; it is not left undone when the program ends."""

    def __init__(self) -> None:
        self.thread: threading.Thread | None = None
        self.error: BaseException | None = None

    def start(self, work: Callable[[], None]) -> None:
        """Start the work; nothing else is going on."""
        self.thread = threading.Thread(target=self._run, args=(work,), name="w2v-checkpoint")
        self.thread.start()

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            self.error = error

    @property
    def busy(self) -> bool:
        """Whether the work is still going on."""
        return self.thread is not None and self.thread.is_alive()

    def wait(self) -> None:
        """Wait for the end of the work."""
        if self.thread is not None:
            self.thread.join()


class Checkpointer:
    """Writes the checkpoints of a training run: an `Observer`, called after all others.

    An error in writing is a warning, once: training goes on, and the last good checkpoint stays.

    Parameters
    ----------
    model : Word2Vec
        The model that is trained.
    path : str
    settings : RunSettings
    weights : Weights
        Its matrices, and what holds them.
    """

    at_epoch_end = False

    def __init__(
        self,
        model: Any,
        path: str,
        settings: RunSettings,
        weights: Weights,
    ) -> None:
        self.model, self.path, self.settings = model, path, settings
        self.interval = Interval.parse(settings.every, "checkpoint_every")
        self.weights = weights
        self.next_tokens = self.next_time = math.inf
        self.run: TrainingRun | None = None
        self.chosen: dict[str, Any] = {}
        self.copy: Weights | None = None
        self.best_copies: dict[str, npt.NDArray[np.float32]] | None = None
        self.best_record: EpochRecord | None = None  # that of these copies
        self.written_tokens = -1  # of the last checkpoint
        self.background = _Background()
        self.warned = False

    def begin(self, run: TrainingRun, chosen: dict[str, Any]) -> None:
        """Prepare for a run, which has chosen this from the text and the machine.

        Raises
        ------
        OSError
            If the disk has no space for a checkpoint.
        """
        self.chosen, self.written_tokens = chosen, run.trained_tokens
        self.check_space(run)
        self.reserve()
        run.ends_blocks = True
        run.observers.append(self)
        self.set_limits(run)
        self.run = run

    def check_space(self, run: TrainingRun) -> None:
        """Raise an OSError if a file beside that of the last checkpoint does not fit."""
        needed = self.content(run, self.weights).size()
        directory = os.path.dirname(os.path.realpath(self.path))
        free = shutil.disk_usage(directory).free
        if free < needed:
            raise OSError(
                errno.ENOSPC,
                f"a checkpoint takes {format_size(needed)}, and {format_size(free)} are free: free "
                "some space, or write checkpoints to another disk",
                self.path,
            )

    def reserve(self) -> None:
        """Reserve memory for a copy of the matrices; without, training waits for the disk."""
        matrices = self.weights.matrices()
        size = sum(rows.nbytes for rows in matrices.values())
        free = available_memory()
        try:
            if free is not None and size > free:
                raise MemoryError
            copies = {n: aligned_empty(rows.shape, np.float32) for n, rows in matrices.items()}
        except MemoryError:
            warn(
                f"there is no memory for a copy of the matrices ({format_size(size)}): training "
                "waits while a checkpoint is written",
                RuntimeWarning,
            )
            return
        self.copy = Weights(
            copies["vectors"], copies.get("output_vectors"), copies.get("node_vectors")
        )
        # Memory that is new to a process comes a page at a time, much slower than it is copied.
        self.background.start(self.touch)

    def touch(self) -> None:
        """Write to all of the memory of the copy."""
        if self.copy is not None:
            for rows in self.copy.matrices().values():
                rows.fill(0)

    def set_limits(self, run: TrainingRun) -> None:
        """Set when to be called again."""
        self.next_tokens = self.interval.next_tokens(run.trained_tokens, run.tokens)
        self.next_time = self.interval.next_time(time.perf_counter())

    def __call__(self, run: TrainingRun) -> bool:
        """Write a checkpoint, if the last one is written; training goes on."""
        self.report_error()
        if self.background.busy:
            self.next_tokens, self.next_time = math.inf, time.perf_counter() + _AGAIN
            return False
        if self.copy is None:
            self.write(self.content(run, self.weights))
            self.report_error()
        else:
            for name, rows in self.copy.matrices().items():
                np.copyto(rows, getattr(self.weights, name))
            content = self.content(run, self.copy)
            self.background.start(lambda: content.save(self.path))
        self.written_tokens = run.trained_tokens
        self.set_limits(run)
        return False

    def content(self, run: TrainingRun, weights: Weights) -> Checkpoint:
        """Return what a checkpoint holds now."""
        model = self.model
        losses, records, epochs = self.settings.before
        state, watcher = run.state(), run.watcher
        values = {
            "ended": False,
            "settings": self.settings.to_dict(),
            "chosen": self.chosen,
            "state": state.values,
            "watcher": None,
        }
        if run.stopped_by == "interrupt" or (watcher is not None and watcher.error is not None):
            state.values["stopped_by"] = None
        history, ended = list(run.history), run.epochs_ended
        if watcher is not None:
            values["watcher"], best = watcher.state(run)
            state = state.with_part("best", self.copied_best(best, watcher.best))
            if watcher.noting is not None and watcher.noting[0]:  # its epoch is not recorded yet
                del history[-1]
                ended -= 1
        arrays = dict(state.arrays)
        arrays |= holding_arrays(self.weights, model.vector_size)
        trained = [run.loss_of(epoch) for epoch in range(ended) if run.predictions[epoch]]
        now: Checkpoint = model._checkpoint()
        return replace(
            now,
            weights=weights,
            loss=model.training_loss[:losses] + trained,
            history=model.history[:records] + history,
            epochs_trained=epochs + len(trained),
            shards=run.shards,
            simd=sorted({*model._simd, simd.active()}),
            learned=None,
            run=RunState(values, arrays),
        )

    def copied_best(
        self, rows: Mapping[str, npt.NDArray[np.float32]], record: EpochRecord | None
    ) -> dict[str, npt.NDArray[np.float32]]:
        """Return copies of the rows that early stopping keeps, or nothing if it keeps none yet."""
        if record is None:
            return {}
        if self.best_copies is None or record is not self.best_record:
            self.best_copies = self.best_copies or {n: np.empty_like(x) for n, x in rows.items()}
            for name, copy in self.best_copies.items():
                np.copyto(copy, rows[name])
            self.best_record = record
        return self.best_copies

    def write(self, content: Checkpoint) -> None:
        """Write a checkpoint now; an error is kept for `report_error`."""
        self.background.wait()
        try:
            content.save(self.path)
        except (OSError, MemoryError) as error:
            self.background.error = error

    def report_error(self) -> None:
        """Warn if the last checkpoint could not be written."""
        error, self.background.error = self.background.error, None
        if error is not None and not self.warned:
            self.warned = True
            warn(
                f"a checkpoint could not be written: {error}; training goes on, and the last good "
                "checkpoint stays",
                RuntimeWarning,
            )

    # ---- The end ---------------------------------------------------------------------------------

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Train in this context: a last checkpoint is written of a run that is interrupted.

        Not if a block is half trained, or training has failed: the last good one stays then. Nor if
        a second Ctrl-C comes before it is written: what ended training reaches the caller, with the
        model.
        """
        try:
            yield
        except BaseException:
            run = self.run
            if run is not None and not (run.failure or run.diverged or run.half_trained):
                with contextlib.suppress(KeyboardInterrupt):
                    self.leave(run)
            raise
        finally:
            self.background.wait()
            self.report_error()

    @property
    def kept(self) -> str | None:
        """The file to go on from after an interruption; None if nothing was written."""
        whole = self.run is not None and not self.run.half_trained
        return self.path if whole or os.path.exists(self.path) else None

    def leave(self, run: TrainingRun) -> None:
        """Write a last checkpoint, of a run that can go on from here."""
        self.background.wait()
        self.report_error()
        if run.trained_tokens > self.written_tokens:
            self.write(self.content(run, self.weights))

    def finish(self, result: dict[str, Any]) -> None:
        """Write the model at the end of the run, and what the run has given."""
        self.background.wait()
        self.report_error()
        values = {"ended": True, "settings": self.settings.to_dict(), "result": result}
        self.warned = False  # this one matters most
        self.write(replace(self.model._checkpoint(), run=RunState(values, {})))
        self.report_error()
