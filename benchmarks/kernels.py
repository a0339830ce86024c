"""The dense step alone: time of a call and operations a second, against the measured FMA peak.

Rows come from two tables of 64, which lie in the first or second level of cache. A call with n
inputs and m outputs counts 6 n m dim operations: a multiplication and an addition each in dot
products, input updates and output updates. Times are the shortest of twenty, since whatever else
the machine does can only add to them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks.report import Report
from w2v import _hogwild, rows

_ROWS = 64
_TASKS = 128
_ALPHA = 0.025
# Short tries and many: on a machine that does other work, some are left undisturbed.
_SECONDS = 0.003
_TRIES = 20


class Step:
    """The step of one variant on random tasks of n inputs and m outputs, the first one true."""

    def __init__(self, variant: str, dim: int, n: int, m: int) -> None:
        if max(n, m) > _ROWS:
            raise ValueError(f"{n} x {m}: the tables have {_ROWS} rows")
        self.variant, self.dim = variant, dim
        rng = np.random.default_rng(1)
        self.vectors, self.output_vectors = rows.allocate(_ROWS, dim), rows.allocate(_ROWS, dim)
        for matrix in (self.vectors, self.output_vectors):
            matrix[:, :dim] = rng.normal(0, dim**-0.5, (_ROWS, dim))
        numbers = np.tile(np.arange(_ROWS, dtype=np.int32), (_TASKS, 1))
        self.inputs = np.ascontiguousarray(rng.permuted(numbers, axis=1)[:, :n])
        self.outputs = np.ascontiguousarray(rng.permuted(numbers, axis=1)[:, :m])
        self.labels = (np.arange(m) == 0).astype(np.float32)

    def run(self, repeats: int = 1) -> None:
        """Go through all tasks `repeats` times."""
        self.loss = _hogwild.step(
            self.variant,
            self.vectors,
            self.output_vectors,
            self.dim,
            self.inputs,
            self.outputs,
            self.labels,
            _ALPHA,
            repeats,
        )

    def check(self) -> None:
        """Raise where something else than numbers was learned: its speed would mean nothing."""
        if not np.isfinite([self.loss, self.vectors.sum(), self.output_vectors.sum()]).all():
            raise ValueError(f"{self.variant}, {self.dim}d: the result is not finite")


def shortest(call: Callable[[int], object]) -> float:
    """Return the seconds that one repetition of ``call(repeats)`` takes."""

    def timed() -> float:
        began = time.perf_counter()
        call(repeats)
        return time.perf_counter() - began

    repeats = 1
    while timed() < _SECONDS:
        repeats *= 2
    return min(timed() for _ in range(_TRIES)) / repeats


def run(options: argparse.Namespace, report: Report) -> None:
    """Time every variant, dimension and shape, and print one table."""
    table = []
    for variant in options.variants:
        peak = _hogwild.peak(variant, 1) / shortest(partial(_hogwild.peak, variant)) / 1e9
        report.note(f"{variant}: FMA peak {peak:.1f} GFLOP/s")
        for dim in options.dims:
            cells = []
            for n, m in options.shapes:
                step = Step(variant, dim, n, m)
                nanoseconds = shortest(step.run) / _TASKS * 1e9
                step.check()
                rate = 6 * n * m * dim / nanoseconds
                cells.append(f"{nanoseconds:,.0f} ns {rate:6.1f} {rate / peak:4.0%}")
                figures = {"nanoseconds": nanoseconds, "gflops": rate, "peak_gflops": peak}
                setup = {"vector_size": dim, "inputs": n, "outputs": m}
                report.record(job="kernel", variant=variant, threads=1, **setup, **figures)
            table.append((f"{variant} ({peak:.1f})", str(dim), *cells))
    report.table(
        "The dense step, inputs x outputs: time of a call, GFLOP/s, share of the peak",
        ("variant (peak)", "dim", *(f"{n} x {m}" for n, m in options.shapes)),
        table,
        f"The shortest of {_TRIES} times each, one thread, rows in cache.",
    )
