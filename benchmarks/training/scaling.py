"""From one worker to many: words/s, the gain of each worker, and accuracy.

Each run is a whole training in its own process, --epochs long, once per seed. For up to as many
workers as processors, the same number of separate processes with one worker each also run side by
side: they share only the machine and show its limit. More workers than processors show the effect
of more shards on accuracy, not on speed; their efficiency is per processor. With --gensim, gensim
trains with the same numbers of workers in the same run.

An instrumented build (W2V_INSTRUMENT=1 pip install .) also counts what predicts other machines, per
center word: all writes to rows, writes to rows without replicas, and bytes from outside a worker's
cache. Counting takes time: measure speed with another build.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks import arguments
from benchmarks.jobs import launch
from benchmarks.report import Report
from benchmarks.texts import first_words
from benchmarks.training import accuracy
from benchmarks.training.loop import KINDS
from w2v import KeyedVectors
from w2v.training import _hogwild
from w2v.training.trainer import available_cpus

# Counters and their column titles.
_COUNTERS = {
    "row_writes": "row writes",
    "shared_writes": "shared writes",
    "fetched_bytes": "bytes fetched",
}


@dataclass(frozen=True)
class Point:
    """One number of workers or processes, for one kind and dimension."""

    kind: str
    dim: int
    workers: int
    processes: int = 1
    system: str = "w2v"

    def __str__(self) -> str:
        return f"{'' if self.system == 'w2v' else 'gensim, '}{self.kind}, {self.dim}d"

    @property
    def threads(self) -> int:
        """Total number of workers."""
        return self.workers * self.processes


@dataclass
class Found:
    """Results of one point, one entry per seed."""

    speeds: list[float]
    merging: list[float]  # share of the time
    scores: dict[str, list[float]]
    counters: dict[str, int]  # summed over seeds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    add, number, numbers = parser.add_argument, arguments.NUMBER, arguments.NUMBERS
    add("--corpus", **arguments.OPTIONAL_CORPUS)
    add("--questions", **arguments.QUESTIONS)
    add("--pairs", **arguments.PAIRS)
    add("--workers", **numbers, help="training threads (1 up to the number of processors)")
    add("--kinds", **arguments.choices(tuple(KINDS), "KIND", "kinds of training"))
    add("--dims", **numbers, default=[100], help="vector sizes (100)")
    add("--epochs", **number, default=5, help="epochs per run (5)")
    add("--seeds", **numbers, default=[1, 2, 3], help="one run per seed (1 2 3)")
    add("--max-final-vocab", **number, help="maximum number of words (all)")
    add("--shards", **number, help="parts of the text that are trained alone and merged (the "
        "number of workers)")  # fmt: skip
    add("--replica-memory", type=arguments.count, metavar="MIB",
        help="memory for replicas; 0: none, plain Hogwild (a quarter of what is free)")  # fmt: skip
    add("--gensim", action="store_true", help="train with gensim, too")


def run(options: argparse.Namespace, report: Report) -> None:
    """Train at every point with every seed, and print one table."""
    options.workers = sorted(set(options.workers or range(1, available_cpus() + 1)))
    tests = [path for path in (options.questions, *options.pairs) if path is not None]
    for path in tests:
        with open(path, "rb"):  # a missing file fails now
            pass
    with tempfile.TemporaryDirectory(prefix="w2v-benchmarks-") as folder:
        corpus = options.corpus or first_words(None, 1 << 62, folder)
        scaling = _Scaling(corpus, options, report, folder)
        found = {
            point: Found([], [], defaultdict(list), defaultdict(int)) for point in scaling.points
        }
        for seed in options.seeds:
            for point in scaling.points:
                scaling.measure(point, seed, found[point])
    _table(found, corpus.name, options, report)


class _Scaling:
    """The points of one comparison, and their measurement."""

    def __init__(
        self, corpus: Path, options: argparse.Namespace, report: Report, folder: str
    ) -> None:
        self.corpus, self.options, self.report, self.folder = corpus, options, report, folder
        self.points = []
        for kind, dim, workers in product(options.kinds, options.dims, options.workers):
            self.points.append(Point(kind, dim, workers))
            if 1 < workers <= available_cpus():
                self.points.append(Point(kind, dim, 1, processes=workers))
            if options.gensim:
                self.points.append(Point(kind, dim, workers, system="gensim"))

    def settings(self, point: Point, seed: int) -> dict[str, Any]:
        """Return the hyper-parameters of one process."""
        found = {**KINDS[point.kind], "vector_size": point.dim, "workers": point.workers}
        found |= {"epochs": self.options.epochs, "seed": seed}
        if self.options.max_final_vocab is not None:
            found["max_final_vocab"] = self.options.max_final_vocab
        if point.system == "w2v":
            for name in ("shards", "replica_memory"):
                if getattr(self.options, name) is not None:
                    found[name] = getattr(self.options, name)
        return found

    def measure(self, point: Point, seed: int, found: Found) -> None:
        """Run the processes of a point side by side, and add their results."""
        alone = point.processes == 1
        output = os.path.join(self.folder, "vectors.bin") if alone else ""
        task: dict[str, Any] = {"job": "scaling", "system": point.system}
        task |= {
            "corpus": str(self.corpus.resolve()),
            "settings": self.settings(point, seed),
            "output": output,
        }
        with ThreadPoolExecutor(point.processes) as pool:
            starts = [pool.submit(launch, task, self.folder) for _ in range(point.processes)]
            try:
                ran = [start.result() for start in starts]
            except RuntimeError as error:
                raise RuntimeError(f"{point}, {point.threads} workers: {error}") from None
        speed = sum(one["words_per_second"] for one in ran)
        found.speeds.append(speed)
        if "merging" in ran[0]:
            found.merging.append(ran[0]["merging"])
        for name, count in (ran[0]["counters"] or {}).items():
            if alone:
                found.counters[name] += count
        tests = (self.options.questions, self.options.pairs)
        scores: dict[str, accuracy.Score] = {}
        if alone and any(tests):
            saved = KeyedVectors.load_word2vec_format(output, binary=True)
            scores = accuracy.scores(saved.index_to_key, saved.vectors, *tests)
            for test, (score, _) in scores.items():
                found.scores[test].append(score)
        how = f"{point.threads} {'workers' if alone else 'processes'}"
        self.report.note(f"{point}, {how}, seed {seed}: {speed / 1e6:.2f} M words/s")
        task["corpus"] = self.corpus.name
        self.report.record(
            **task | ran[0],
            threads=point.threads,
            processes=point.processes,
            speed=speed,
            scores=scores,
        )


def _table(
    found: dict[Point, Found], corpus: str, options: argparse.Namespace, report: Report
) -> None:
    tests = list(dict.fromkeys(test for each in found.values() for test in each.scores))
    counted = any(each.counters for each in found.values())
    names = list(_COUNTERS) if counted else []
    columns = ["", "workers", "M words/s", "gain", "efficiency", "merging", *tests]
    columns += [f"{_COUNTERS[name]} / center" for name in names]
    table = []
    for point, each in found.items():
        gain, efficiency = gains(point, found)
        beyond = point.workers > available_cpus()
        many = f"{point.threads} processes" if point.processes > 1 else str(point.workers)
        cells = [f"{statistics.median(each.speeds) / 1e6:.3f}", gain, efficiency]
        cells.append(f"{statistics.median(each.merging):.1%}" if each.merging else "")
        cells += [spread(each.scores.get(test, [])) for test in tests]
        centers = each.counters.get("centers", 0)
        cells += [f"{each.counters[n] / centers:,.4g}" if centers else "" for n in names]
        table.append((str(point), many + (" *" if beyond else ""), *cells))
        figures = {name: each.counters[name] / centers for name in names if centers}
        report.record(
            row=f"{point}, {many} workers",
            figures={"words_per_second": statistics.median(each.speeds), **figures},
            values={"words_per_second": each.speeds, **each.scores},
        )
    remark = (
        f"{options.epochs} epochs; median speed and mean accuracy over {len(options.seeds)} seeds, "
        "with the range in parentheses. Efficiency: gain per worker. Merging: share of the time."
    )
    if any(point.workers > available_cpus() for point in found):
        remark += (
            f" * oversubscribed: more workers than this machine's {available_cpus()} processors; "
            "efficiency per processor."
        )
    if not getattr(_hogwild, "INSTRUMENTED", False):
        remark += (
            " Writes to shared rows and bytes fetched are counted by an instrumented build: "
            "W2V_INSTRUMENT=1 pip install ."
        )
    report.table(f"Workers on {corpus}", columns, table, remark)


def gains(point: Point, found: dict[Point, Found]) -> tuple[str, str]:
    """Return the speedup of a point over one worker, and the speedup per worker."""
    base = found.get(Point(point.kind, point.dim, 1, system=point.system))
    if base is None:
        return "", ""
    gain = statistics.median(found[point].speeds) / statistics.median(base.speeds)
    return f"{gain:.2f}x", f"{gain / min(point.threads, available_cpus()):.0%}"


def spread(values: Sequence[float]) -> str:
    """Return the mean as text, with the range if there are several values."""
    if not values:
        return ""
    mean = f"{statistics.fmean(values):.4f}"
    return mean if len(values) == 1 else f"{mean} ({min(values):.4f} - {max(values):.4f})"
