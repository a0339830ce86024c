"""Where the time of a training run goes: dense step, memory stalls, bookkeeping; see kernels.py."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from benchmarks.report import Report
from benchmarks.training.loop import KINDS, Loop, Text, folded, using
from benchmarks.training.step import Shape, Step
from w2v import TrainingConfig
from w2v._memory import allocate_rows

_TABLE_BYTES = 1 << 18  # two of them fit in the second-level cache, beside other data
# A run has many shapes: each is timed more briefly than in the table of the step.
_SECONDS, _TRIES = 0.001, 8


@dataclass(frozen=True)
class Seconds:
    """Durations of one pass through a text.

    Attributes
    ----------
    whole : float
        Everything.
    thinned : float
        On a text that was subsampled beforehand.
    folded : float
        The same, with rows folded into tables that stay in cache.
    step : float
        The steps of the thinned run alone, rows in cache.
    """

    whole: float
    thinned: float
    folded: float
    step: float

    @property
    def memory(self) -> float:
        """Seconds spent waiting for memory."""
        return max(0.0, self.thinned - self.folded)

    @property
    def bookkeeping(self) -> float:
        """Seconds for everything except the step and waiting."""
        return max(0.0, self.whole - self.memory - self.step)


def measure(text: Text, variant: str, config: TrainingConfig, rounds: int) -> tuple[Seconds, int]:
    """Return the times of a run with one worker, and the number of pairs in its steps."""
    thin, keep_all = text.thinned(config), config.replace(sample=0.0)
    tables = thin.tables(keep_all)
    row_bytes = allocate_rows(1, config.vector_size).nbytes
    small, small_tables = folded(thin, tables, _TABLE_BYTES // row_bytes)
    loops = [
        Loop(text, config),
        Loop(thin, keep_all, tables),
        Loop(small, keep_all, small_tables),
    ]
    with using(variant):
        # In turns, so that a disturbance of the machine affects all of them.
        took = [[loop.seconds() for loop in loops] for _ in range(rounds)]
    whole, thinned, small_rows = (min(each) for each in zip(*took, strict=True))
    tasks = loops[1].tasks()
    pooled = not config.sg
    step = 0.0
    for (n, m), count in tasks.items():
        call = Step(variant, config.vector_size, n, m, pooled)
        step += count * call.nanoseconds(_SECONDS, _TRIES) * 1e-9
    pairs = sum(Shape(n, m, pooled).pairs * count for (n, m), count in tasks.items())
    return Seconds(whole, thinned, small_rows, step), pairs


def table(
    text: Text, variant: str, gflops: float, options: argparse.Namespace, report: Report
) -> None:
    """Measure every kind of training at every dimension and print one table."""
    found = []
    for kind in options.kinds:
        for dim in options.dims:
            config = TrainingConfig(**KINDS[kind], vector_size=dim, workers=1)
            seconds, pairs = measure(text, variant, config, options.rounds)
            speed = text.words / seconds.whole
            peak = 6 * pairs * dim / seconds.whole / 1e9 / gflops
            parts = {"dense step": seconds.step, "memory": seconds.memory}
            parts["bookkeeping"] = seconds.bookkeeping
            fractions = {name: part / seconds.whole for name, part in parts.items()}
            report.note(f"{kind}, {dim}d: {speed / 1e6:.2f} M words/s")
            report.record(
                job="breakdown",
                variant=variant,
                threads=1,
                corpus=text.name,
                settings=config.to_dict(),
                words=text.words,
                pairs=pairs,
                seconds=vars(seconds),
                fractions=fractions,
                words_per_second=speed,
                fraction_of_peak=peak,
                peak_gflops=gflops,
            )
            cells = [f"{fraction:.0%}" for fraction in (*fractions.values(), peak)]
            found.append((f"{kind}, {dim}d", f"{speed / 1e6:.2f}", *cells))
    report.table(
        f"Where the time goes: {variant}, {text.words:,} words of {text.name}",
        ("", "M words/s", "dense step", "memory stalls", "bookkeeping", "of the FMA peak"),
        found,
        f"One worker; {len(text.vocabulary):,} types; shortest of {options.rounds}. The FMA "
        "fraction refers to the time of the whole run.",
    )
