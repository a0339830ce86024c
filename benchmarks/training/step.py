"""The dense step on random rows in cache, and the measured peaks of the CPU."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from w2v._memory import allocate_rows
from w2v.training import _kernel_bench

_ROWS = 64
_TASKS = 128
_ALPHA = 0.025
# Many short tries: on a machine with other load, some are undisturbed.
SECONDS = 0.003
TRIES = 20


@dataclass(frozen=True)
class Shape:
    """Inputs and outputs of a call; `pooled` if the inputs act as one."""

    n: int
    m: int
    pooled: bool = False

    @property
    def pairs(self) -> int:
        """Number of dot products per call."""
        return (1 if self.pooled else self.n) * self.m

    def __str__(self) -> str:
        return f"{self.n}x{self.m}{'p' if self.pooled else ''}"


class Step:
    """The step of one variant on random batches of n inputs and m outputs, the first one true."""

    def __init__(self, variant: str, dim: int, n: int, m: int, pooled: bool = False) -> None:
        if max(n, m) > _ROWS:
            raise ValueError(f"{n} x {m}: the tables have {_ROWS} rows")
        self.variant, self.dim = variant, dim
        rng = np.random.default_rng(1)
        self.vectors, self.output_vectors = (
            allocate_rows(_ROWS, dim),
            allocate_rows(_ROWS, dim),
        )
        for matrix in (self.vectors, self.output_vectors):
            matrix[:, :dim] = rng.normal(0, dim**-0.5, (_ROWS, dim))
        numbers = np.tile(np.arange(_ROWS, dtype=np.int32), (_TASKS, 1))
        self.inputs = np.ascontiguousarray(rng.permuted(numbers, axis=1)[:, :n])
        self.outputs = np.ascontiguousarray(rng.permuted(numbers, axis=1)[:, :m])
        self.labels = (np.arange(m) == 0).astype(np.float32)
        self.pool, self.share = (1 / n, 1.0) if pooled else (0.0, 0.0)

    def run(self, repeats: int = 1) -> None:
        """Run all batches `repeats` times."""
        self.loss = _kernel_bench.step(
            self.variant,
            self.vectors,
            self.output_vectors,
            self.dim,
            self.inputs,
            self.outputs,
            self.labels,
            _ALPHA,
            repeats,
            self.pool,
            self.share,
        )

    def check(self) -> None:
        """Raise an error if the result is not finite: its speed would mean nothing."""
        if not np.isfinite([self.loss, self.vectors.sum(), self.output_vectors.sum()]).all():
            raise ValueError(f"{self.variant}, {self.dim}d: the result is not finite")

    def nanoseconds(self, seconds: float = SECONDS, tries: int = TRIES) -> float:
        """Return the duration of a call."""
        took = shortest(self.run, seconds, tries) / _TASKS * 1e9
        self.check()
        return took


def shortest(call: Callable[[int], object], seconds: float = SECONDS, tries: int = TRIES) -> float:
    """Return the seconds that one repetition of ``call(repeats)`` takes."""

    def timed() -> float:
        began = time.perf_counter()
        call(repeats)
        return time.perf_counter() - began

    repeats = 1
    while timed() < seconds:
        repeats *= 2
    return min(timed() for _ in range(tries)) / repeats


@dataclass(frozen=True)
class Limits:
    """Measured peaks of a variant: multiply-adds (Gflop/s), loads and stores (GB/s)."""

    gflops: float
    loads: float
    stores: float

    @classmethod
    def measured(cls, variant: str) -> Limits:
        """Measure the peaks on one core."""
        kinds = (
            partial(_kernel_bench.flops, variant),
            partial(_kernel_bench.l1_bytes, variant, False),
            partial(_kernel_bench.l1_bytes, variant, True),
        )
        return cls(*(kind(1) / shortest(kind) / 1e9 for kind in kinds))
