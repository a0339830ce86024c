"""The pacer: makes a run end in time, with a learning rate that has fallen to its final value."""

from __future__ import annotations

import math
import numbers
import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from w2v.config import TrainingConfig
    from w2v.training import _hogwild

_FIRST_SHARE = 0.02  # of the time, before the speed is known well enough
_FIRST_SECONDS = 0.1
_LEAST_SECONDS = 0.01  # between two samples of the speed
_DOUBT = 0.5  # a run that may need this much less time than it seems keeps its schedule, at first


def checked_seconds(max_seconds: object, config: TrainingConfig) -> float | None:
    """Return a time limit in seconds; None for none.

    Raises
    ------
    TypeError, ValueError
        If it is not a number above 0, or the run is to be deterministic.
    """
    if max_seconds is None:
        return None
    if isinstance(max_seconds, bool) or not isinstance(max_seconds, numbers.Real):
        raise TypeError(f"max_seconds={max_seconds!r:.80}: expected a number of seconds")
    seconds = float(max_seconds)
    if not 0 < seconds < math.inf:
        raise ValueError(f"max_seconds={max_seconds!r}: expected a number of seconds above 0")
    if config.deterministic:
        raise ValueError(
            f"max_seconds={seconds:g} makes the result depend on the speed of the machine, and "
            "deterministic=True excludes that: leave one of them out; epochs= sets how much is "
            "trained"
        )
    return seconds


class Paced(Protocol):
    """What a pacer knows of a `TrainingRun`."""

    job: _hogwild.SharedState
    total: int
    alpha: float
    alpha_of: Callable[[int], float]
    decay_start: float
    decay_start_of: Callable[[int], float]
    cools_down: bool


class Pacer:
    """Lets the learning rate of a run fall so that it is at its end when the time is.

    The shape of the schedule stays; only the number of tokens at which it ends is estimated again
    and again, from the speed so far. It is that of all epochs as long as the time seems to suffice
    for them. The initial rate, and where it begins to fall, are those of a run over as many tokens.

    Parameters
    ----------
    max_seconds : float
        Time for training, with all pauses for callbacks and measurements.
    seconds : float, default 0
        How much of it is over already, of a run that is resumed.
    """

    def __init__(self, max_seconds: float, seconds: float = 0.0) -> None:
        self.max_seconds = max_seconds
        self.before = seconds
        self.began = self.deadline = math.inf
        self.merge_seconds = 0.0  # of the last merge of shards: one follows all that is trained
        self.samples: list[tuple[float, int]] = []

    def begin(self, run: Paced) -> None:
        """Note that training begins."""
        self.began = time.perf_counter()
        self.deadline = self.began + self.max_seconds - self.before
        self.samples = [(self.began, run.job.tokens)]

    def end(self) -> None:
        """Note that the rest of the time does not suffice for anything."""
        self.deadline = min(self.deadline, time.perf_counter())

    @property
    def seconds(self) -> float:
        """The time that is over."""
        began = min(self.began, time.perf_counter())
        return self.before + time.perf_counter() - began

    def update(self, run: Paced) -> None:
        """Estimate where the run will end, while it goes on, and set its schedule by that."""
        now, done = time.perf_counter(), run.job.tokens
        if now - self.samples[-1][0] > _LEAST_SECONDS:
            self.samples.append((now, done))
        while len(self.samples) > 2 and self.samples[1][0] <= (self.began + now) / 2:
            del self.samples[0]
        left = max(0.0, self.deadline - now - self.merge_seconds)
        early = now - self.began < max(_FIRST_SECONDS, _FIRST_SHARE * self.max_seconds)
        if left and (early or done == self.samples[0][1]):
            return  # nothing is known yet
        reached = done + int(self.speed(now, done) * left)
        doubt = 1 + _DOUBT * left / self.max_seconds
        rate, start, _ = run.job.schedule
        least = start + 1 if run.cools_down else 1
        total = run.total if reached * doubt >= run.total else max(reached, least)
        if not run.cools_down:
            rate = run.alpha = run.alpha_of(total)
            run.decay_start = run.decay_start_of(total)
            start = int(run.decay_start * total)
        run.job.schedule = rate, start, total

    def speed(self, now: float, done: int) -> float:
        """Return the tokens trained per second lately."""
        then, before = self.samples[0]
        return (done - before) / max(now - then, 1e-3)

    def tokens_left(self, done: int) -> float:
        """Return about how many tokens can be trained and merged, after `done`, in time."""
        now = time.perf_counter()
        if done == self.samples[0][1]:
            return math.inf  # nothing is known yet
        return self.speed(now, done) * (self.deadline - now - self.merge_seconds)
