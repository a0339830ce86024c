"""Runs of w2v and gensim with the same settings, and the table of their figures."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from benchmarks.jobs import launch
from benchmarks.report import Report
from benchmarks.training import accuracy
from w2v import KeyedVectors

SYSTEMS = ("w2v", "gensim")
NOISE = ("center", "pair")
ARCHITECTURES = ("sg", "cbow")
OBJECTIVES = ("ns", "hs")

_COMMON = {"window": 5, "negative": 5, "sample": 1e-3, "min_count": 5}
_COMMON |= {"alpha": 0.025, "min_alpha": 1e-4}
_IMPORTS_PER_ROUND = 5

Values = dict[str, list[float]]  # per system, one per run


@dataclass(frozen=True)
class Setup:
    """Settings that differ from run to run.

    gensim has no variants. Only skip-gram with negative sampling in w2v can draw noise words per
    center or per pair.
    """

    architecture: str
    objective: str
    vector_size: int
    workers: int
    variant: str | None
    noise: str | None
    defaults: bool = False  # those of each system instead of common settings

    def of(self, system: str) -> Setup:
        """Return the part of the setup that applies to a system."""
        if system != "w2v":
            return replace(self, variant=None, noise=None)
        pairs = self.architecture == "sg" and self.objective == "ns"
        return self if pairs else replace(self, noise=None)

    def settings(self, system: str) -> dict[str, Any]:
        """Return the hyper-parameters; both systems have the same names."""
        found: dict[str, Any] = {} if self.defaults else dict(_COMMON)
        found |= {"vector_size": self.vector_size, "workers": self.workers}
        found |= {"sg": int(self.architecture == "sg"), "hs": int(self.objective == "hs")}
        if self.objective == "hs":
            found["negative"] = 0
        if system == "w2v":
            found["shared_negatives"] = self.noise != "pair"
            if self.architecture == "cbow" and not self.defaults:
                found["cbow_gradient"] = "classic"
        return found

    def __str__(self) -> str:
        plural = "s" if self.workers > 1 else ""
        parts = [f"{self.architecture}-{self.objective}"]
        parts += ["own defaults"] if self.defaults else []
        parts += [f"{self.vector_size}d, {self.workers} worker{plural}"]
        parts += [self.variant] if self.variant else []
        parts += [f"noise per {self.noise}"] if self.noise else []
        return ", ".join(parts)


class Comparison:
    """The runs of one comparison, and the rows of its table."""

    def __init__(self, options: argparse.Namespace, report: Report, folder: str) -> None:
        self.options = options
        self.report = report
        self.folder = folder
        firsts = (options.dims, options.workers, options.variants, options.noise)
        self.kinds = [
            Setup(*kind, *(each[0] for each in firsts)).of("w2v")
            for kind in product(options.architectures, options.objectives)
        ]
        self.base = self.kinds[0]
        self.rows: list[tuple[str, ...]] = []
        # One per round: million words per second, and per second of processor time.
        self.speeds: dict[Setup, list[float]] = defaultdict(list)
        self.cpu_speeds: dict[Setup, list[float]] = defaultdict(list)

    def measure(
        self, job: str, system: str, setup: Setup, epochs: int = 1, seed: int = 1, output: str = ""
    ) -> dict[str, Any]:
        """Run one job in its own process; return its figures and the total time."""
        setup = setup.of(system)
        settings = {**setup.settings(system), "epochs": epochs, "seed": seed}
        corpus = str(self.options.corpus.resolve())
        task = {"job": job, "system": system, "settings": settings, "corpus": corpus}
        variant = {"W2V_SIMD": setup.variant} if setup.variant else {}
        try:
            figures = launch({**task, "output": output}, self.folder, **variant)
        except RuntimeError as error:
            raise RuntimeError(f"{job} with {system} ({setup}): {error}") from None
        self.report.note(f"{job:8} {system:6} {setup}: {figures['elapsed_seconds']:.2f} s")
        task["corpus"] = self.options.corpus.name
        self.report.record(**task, threads=setup.workers, **figures)
        return figures

    def speed(self) -> None:
        """Measure words/s in training, and the speedup by more workers."""
        options, base, more = self.options, self.base, self.options.workers[1:]
        dims = [replace(base, vector_size=dim) for dim in options.dims[1:]]
        setups = [base, *(replace(base, noise=noise) for noise in options.noise[1:])]
        setups += [replace(base, variant=variant) for variant in options.variants[1:]]
        setups += [*dims, *(replace(base, workers=workers) for workers in more), *self.kinds[1:]]
        others = [*dims, *self.kinds[1:]] if options.gains else []
        # gensim runs take long: only the speedup of the base is measured.
        ours = {replace(setup, workers=workers): None for setup in others for workers in more}
        setups = list(dict.fromkeys([*(setup.of("w2v") for setup in setups), *ours]))
        speeds = self.speeds
        for done in range(options.rounds):
            for setup in setups:
                for system in options.systems:
                    if system != "w2v" and setup in ours:
                        continue
                    values = speeds[setup.of(system)]
                    if len(values) == done:  # gensim may have it from an earlier row
                        epochs, seed = options.speed_epochs, done + 1
                        figures = self.measure("speed", system, setup, epochs, seed)
                        values.append(figures["words_per_second"] / 1e6)
                        cpu_seconds = figures["cpu_seconds"] or figures["seconds"]  # a coarse clock
                        cpu_speed = figures["words"] / cpu_seconds / 1e6
                        self.cpu_speeds[setup.of(system)].append(cpu_speed)
        for setup in setups:
            found = {system: speeds[setup.of(system)] for system in options.systems}
            self.row(f"M words/s: {setup}", found, ".3f")
        for setup, workers in product([base, *others], more):
            gains: Values = {}
            for system in options.systems:
                many = speeds[replace(setup, workers=workers).of(system)]
                one = speeds[setup.of(system)]
                gains[system] = [a / b for a, b in zip(many, one, strict=bool(many))]
            name = f"speed of {workers} workers against {base.workers}"
            kind = f"{setup.architecture}-{setup.objective}, {setup.vector_size}d"
            self.row(f"{name}: {kind}", gains, ".2f")

    def reading(self, part: str) -> None:
        """Measure the seconds for everything before training."""
        seconds: Values = {system: [] for system in self.options.systems}
        for _ in range(self.options.rounds):
            for system, values in seconds.items():
                values.append(self.measure(part, system, self.base)["seconds"])
        source = "text file" if part == "vocab" else "token lists"
        self.row(f"s: vocabulary from {source}", seconds, ".2f", less=True)

    def jobs(self) -> None:
        """Measure whole jobs, from text file to saved vectors: time, peak memory, accuracy."""
        options = self.options
        workers = options.job_workers or max(options.workers)
        setups = [replace(setup, workers=workers) for setup in self.kinds]
        if options.defaults:
            setups += [replace(s, defaults=True) for s in setups if s.architecture == "cbow"]
        output = os.path.join(self.folder, "vectors.bin")
        found: dict[Setup, dict[str, Values]]
        found = {setup: defaultdict(lambda: defaultdict(list)) for setup in setups}
        for seed in options.seeds:
            for setup, system in product(setups, options.systems):
                figures = self.measure("job", system, setup, options.epochs, seed, output)
                found[setup]["s"][system].append(figures["elapsed_seconds"])
                if figures["peak_bytes"] is not None:
                    found[setup]["MiB"][system].append(figures["peak_bytes"] / 2**20)
                if "accuracy" in options.only:
                    saved = KeyedVectors.load_word2vec_format(output, binary=True)
                    scores = accuracy.scores(
                        saved.index_to_key, saved.vectors, options.questions, options.pairs
                    )
                    for test, (score, asked) in scores.items():
                        found[setup][test][system].append(score)
                        row = {"setup": str(setup), "test": test, "score": score, "asked": asked}
                        self.report.record(job="accuracy", system=system, seed=seed, **row)
        for setup, rows in found.items():
            seconds, memory = rows.pop("s"), rows.pop("MiB", {})
            name = f"{options.epochs} epochs, {setup}"
            if "job" in options.only:
                self.row(f"s: whole job, {name}", seconds, ".1f", less=True)
                self.row(f"MiB: its peak memory, {name}", memory, ",.0f", less=True)
            for test, values in rows.items():
                self.row(f"{test}, mean over seeds: {name}", values, ".4f", mean=True)

    def importing(self) -> None:
        """Measure the milliseconds that ``import w2v`` takes beyond ``import numpy``."""
        took: Values = {"numpy": [], "w2v": []}
        for _ in range(1 + _IMPORTS_PER_ROUND * self.options.rounds):
            for name, values in took.items():
                command = [sys.executable, "-c", f"import {name}"]
                began = time.perf_counter()
                subprocess.run(command, cwd=self.folder, check=True)
                values.append((time.perf_counter() - began) * 1e3)
        # The first import of each only fills the file cache.
        beyond = [ours - numpy for ours, numpy in zip(took["w2v"], took["numpy"], strict=True)][1:]
        self.row("ms: import w2v beyond numpy", {"w2v": beyond}, ".1f")

    def row(
        self, name: str, found: Values, form: str, *, less: bool = False, mean: bool = False
    ) -> None:
        """Add a row: median (or mean) and range of each system, and their ratio or difference."""
        cells, middles = [], {}
        for system in SYSTEMS:
            values = found.get(system, [])
            if values:
                middles[system] = statistics.fmean(values) if mean else statistics.median(values)
            cells.append(f"{middles[system]:{form}}" if values else "")
            if len(values) > 1:
                cells[-1] += f" ({min(values):{form}} - {max(values):{form}})"
        better = ""
        if len(middles) == 2:
            ours, theirs = middles["w2v"], middles["gensim"]
            if mean:
                better = f"{ours - theirs:+{form}}"
            else:
                better = f"{theirs / ours if less else ours / theirs:.2f}x"
        self.rows.append((name, *cells, better))
        self.report.record(row=name, figures=middles, better=better, values=found)
