"""Progress of a run: the reports, and a bar that shows them."""

from __future__ import annotations

import contextlib
import importlib
import math
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol

import numpy as np


@dataclass(frozen=True)
class Progress:
    """One report of a run.

    Attributes
    ----------
    phase : {"reading", "phrases", "training"}
    done, total : int
        Work done and work in all, in `unit`. Reading: bytes of files, sentences of an iterable, or
        rows of a table or array; `total` is 0 if unknown. Phrases: ids of the corpus in this pass.
        Training: in-vocabulary tokens of all epochs.
    seconds : float
        Time since this phase began.
    epoch, epochs : int
        The current epoch, or pass over the corpus, counted from 1, and the number of them; 0 while
        reading.
    alpha : float
        Current learning rate.
    loss : float
        Mean loss per prediction in this epoch so far, in nats; NaN until the first block is done.
    unit : {"bytes", "sentences", "rows", "words"}
        Unit of `done` and `total`.
    validation_loss : float
        Loss of the held-out text when it was last measured; NaN before, and if nothing is held out.
    run, runs : int
        Where several models are trained: the current one, counted from 1, and the number of them,
        whose tokens are all in `done` and `total`; else 0.
    nodes : int
        On a cluster, the number of nodes that train now; else 0.
    merging, network : float
        On a cluster, the shares of the time so far in which rows were merged, and travelled.
    """

    phase: str
    done: int
    total: int
    seconds: float
    epoch: int = 0
    epochs: int = 0
    alpha: float = 0.0
    loss: float = float("nan")
    unit: str = "words"
    validation_loss: float = float("nan")
    run: int = 0
    runs: int = 0
    nodes: int = 0
    merging: float = 0.0
    network: float = 0.0

    @property
    def rate(self) -> float:
        """Work done per second, in `unit`."""
        return self.done / self.seconds if self.seconds > 0 else 0.0


class Reporter(Protocol):
    """Type of ``progress=`` arguments: a callable that takes a `Progress`."""

    def __call__(self, progress: Progress, /) -> object:
        """Receive one report."""


class ProgressBar:
    """A progress bar on standard error: percentage, words/s, learning rate, loss, time left.

    Use it as a context manager, or let ``progress=True`` make one.
    """

    def __init__(self) -> None:
        self._bar: Any = None
        self._phase = ""

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave the bar as it is and start a new line."""
        if self._bar is not None:
            self._bar.close()
        self._bar, self._phase = None, ""

    def __call__(self, progress: Progress, /) -> None:
        """Show one report; a new phase begins a new bar."""
        title, figures = progress.phase, f"{_short(progress.rate)} {progress.unit}/s"
        if progress.phase == "phrases":
            title += f", pass {progress.epoch}/{progress.epochs}"
        elif progress.phase == "training":
            title += f", run {progress.run}/{progress.runs}" if progress.runs else ""
            title += f", epoch {progress.epoch}/{progress.epochs}"
            figures += f", alpha {progress.alpha:.5f}"
            if not math.isnan(progress.loss):
                figures += f", loss {progress.loss:.4f}"
            if not math.isnan(progress.validation_loss):
                figures += f" (held-out {progress.validation_loss:.4f})"
            if progress.nodes:
                each = _short(progress.rate / progress.nodes)
                figures += f", {progress.nodes} nodes of {each}/s, merging {progress.merging:.0%}"
                figures += f", network {progress.network:.0%}"
        if progress.phase != self._phase:
            self.close()
            self._phase, self._bar = progress.phase, _bar(title, figures, progress)
        self._bar.set_description_str(title, refresh=False)
        self._bar.unit = figures
        self._bar.update(progress.done - self._bar.n)


def _bar(title: str, figures: str, progress: Progress) -> Any:
    # The rate that tqdm computes is that of one update, so `unit` carries all figures.
    percentage = "{desc}: {percentage:3.0f}%|{bar}| {unit}, {remaining} left"
    return bar_type()(
        total=progress.total or None,
        desc=title,
        unit=figures,
        bar_format=percentage if progress.total else f"{{desc}}: {{n:,}} {progress.unit}, {{unit}}",
        dynamic_ncols=True,
    )


def bar_type() -> Any:
    """Return tqdm's bar for a notebook, or that for a terminal."""
    if "IPython" not in sys.modules:
        return importlib.import_module("tqdm").tqdm
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a notebook without ipywidgets gets the other one
        return importlib.import_module("tqdm.auto").tqdm


def _short(value: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.2f}{letter}"
    return f"{value:.0f}"


@contextlib.contextmanager
def as_reporter(progress: bool | Reporter) -> Iterator[Reporter | None]:
    """Turn a ``progress=`` argument into a callable or None; closes a bar that it opened."""
    if isinstance(progress, np.bool_):
        progress = bool(progress)
    if progress is False or progress is None:
        yield None
    elif progress is True:
        with ProgressBar() as bar:
            yield bar
    elif callable(progress):
        yield progress
    else:
        raise TypeError(
            f"progress={progress!r}: expected True, False or a callable that takes a Progress"
        )


class CorpusProgress:
    """Adapter from the ``progress(done, total)`` of `Corpus` to a `Reporter`.

    Attributes
    ----------
    unit : str
        What is counted; `Corpus` sets it before it begins.
    """

    def __init__(self, report: Reporter) -> None:
        self.unit = "bytes"
        self._report = report
        self._began = time.perf_counter()

    def __call__(self, done: int, total: int) -> None:
        """Pass one report on."""
        seconds = time.perf_counter() - self._began
        self._report(Progress("reading", done, total, seconds, unit=self.unit))


def corpus_progress(report: Reporter | None) -> CorpusProgress | None:
    """Return the ``progress=`` argument for `Corpus` that reports to `report`."""
    return None if report is None else CorpusProgress(report)
