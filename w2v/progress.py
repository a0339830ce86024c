"""How far a run has come: the figures, and a bar that shows them."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol


@dataclass(frozen=True)
class Progress:
    """One report of a run.

    Attributes
    ----------
    phase : {"reading", "phrases", "training"}
    done, total : int
        Reading: bytes of the files, or sentences of an iterable (whose total is 0: unknown).
        Phrases: ids of the corpus, in this pass. Training: in-vocabulary tokens, over all epochs.
    seconds : float
        Since this phase began.
    epoch, epochs : int
        The epoch being trained or the pass over the corpus, from 1, and how many there are; 0 while
        reading.
    alpha : float
        The learning rate now.
    loss : float
        Mean loss per prediction in this epoch so far, in nats; NaN before the first
        block is done.
    """

    phase: str
    done: int
    total: int
    seconds: float
    epoch: int = 0
    epochs: int = 0
    alpha: float = 0.0
    loss: float = float("nan")

    @property
    def rate(self) -> float:
        """What was done per second: words, bytes or sentences."""
        return self.done / self.seconds if self.seconds > 0 else 0.0


class Reporter(Protocol):
    """What can be passed as ``progress=``: anything that takes a `Progress`."""

    def __call__(self, progress: Progress, /) -> object:
        """Take one report."""


class ProgressBar:
    """A bar on standard error: share done, words/s, learning rate, loss, time left.

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
        """Leave the bar as it stands and go to a new line."""
        if self._bar is not None:
            self._bar.close()
        self._bar, self._phase = None, ""

    def __call__(self, progress: Progress, /) -> None:
        """Show one report; a new phase begins a new bar."""
        title, figures = progress.phase, f"{_short(progress.rate)} "
        if progress.phase == "phrases":
            title += f", pass {progress.epoch}/{progress.epochs}"
            figures += "words/s"
        elif progress.phase == "training":
            title += f", epoch {progress.epoch}/{progress.epochs}"
            figures += f"words/s, alpha {progress.alpha:.5f}"
            if not math.isnan(progress.loss):
                figures += f", loss {progress.loss:.4f}"
        else:
            figures += "bytes/s" if progress.total else "sentences/s"
        if progress.phase != self._phase:
            self.close()
            self._phase, self._bar = progress.phase, _bar(title, figures, progress.total)
        self._bar.set_description_str(title, refresh=False)
        self._bar.unit = figures
        self._bar.update(progress.done - self._bar.n)


def _bar(title: str, figures: str, total: int) -> Any:
    from tqdm import tqdm

    # tqdm's own rate and unit would be those of one update; `unit` carries all our figures.
    share = "{desc}: {percentage:3.0f}%|{bar}| {unit}, {remaining} left"
    return tqdm(
        total=total or None,
        desc=title,
        unit=figures,
        bar_format=share if total else "{desc}: {n:,} sentences, {unit}",
        dynamic_ncols=True,
    )


def _short(value: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.2f}{letter}"
    return f"{value:.0f}"


@contextlib.contextmanager
def reporter(progress: bool | Reporter) -> Iterator[Reporter | None]:
    """Turn a ``progress=`` argument into something to call, or None; ends a bar it began."""
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


def reading(report: Reporter | None) -> Callable[[int, int], None] | None:
    """Return what `Corpus` calls with (done, total) so that `report` hears of it."""
    if report is None:
        return None
    began = time.perf_counter()

    def tell(done: int, total: int) -> None:
        report(Progress("reading", done, total, time.perf_counter() - began))

    return tell
