"""Time per training word against vocabulary size: the full softmax and its approximations.

Skip-gram, 100 dimensions, window 5, 5 noise words, one worker; matrix products also use one thread.
A vocabulary of V words has exactly the V most frequent words of the text, and other words are left
out, as in training. No word is subsampled, so that each word makes the same number of predictions,
close to six, at every size.
"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import arguments, picture
from benchmarks.jobs import launch
from benchmarks.report import Report
from w2v import Corpus

SIZES = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000)

_SETTINGS = {"sg": 1, "vector_size": 100, "window": 5, "sample": 0, "workers": 1}
_SUMMARY = "skip-gram, 100 dimensions, window 5, 5 noise words, one thread"
_OBJECTIVES: dict[str, dict[str, Any]] = {
    "full softmax": {"softmax": True},
    "hierarchical softmax": {"hs": 1, "negative": 0},
    "negative sampling": {"negative": 5},
}
_ONE_THREAD = {
    f"{library}_THREADS": "1"
    for library in ("OPENBLAS_NUM", "MKL_NUM", "OMP_NUM", "VECLIB_MAXIMUM")
}

# How each is plotted: a color (of Okabe and Ito, distinguishable by color-blind readers), and how
# its time grows in theory.
_LOOKS: dict[str, tuple[str, str, Callable[[float], float]]] = {
    "full softmax": ("#D55E00", "∝ V", float),
    "hierarchical softmax": ("#0072B2", "∝ log V", math.log),
    "negative sampling": ("#009E73", "constant", lambda size: 1.0),
}

Times = dict[str, dict[int, float]]  # microseconds per word, by objective and size


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    add = parser.add_argument
    add("--corpus", **arguments.CORPUS, required=True)
    add("--sizes", **arguments.NUMBERS, default=SIZES,
        help="vocabulary sizes, up to the number of types in the text "
        "(1000 ... 200000)")  # fmt: skip
    add("--seconds", type=arguments.seconds, default=2.0, metavar="S",
        help="duration of each measurement (2)")  # fmt: skip
    add("--rounds", **arguments.NUMBER, default=3, help="timings per size (3)")
    add("--picture", **arguments.PICTURE)


def run(options: argparse.Namespace, report: Report) -> None:
    """Measure every objective at every size, print one table and plot it."""
    picture.check(options.picture)
    different = Corpus(options.corpus).n_types
    sizes = sorted({size for size in options.sizes if 2 <= size <= different})
    if not sizes:
        raise ValueError(
            f"--sizes: expected at least one from 2 to {different:,}, the types of the text"
        )
    rounds: dict[tuple[str, int], list[float]] = defaultdict(list)
    paths = {}
    # Each size once per round, so that a disturbance of the machine is not a median.
    for size in sizes * options.rounds:
        measured = _measure(size, options, report)
        paths[size] = measured["mean_path"]
        for name, ran in measured["runs"].items():
            rounds[name, size].append(1e6 * ran["seconds"] / ran["words"])
    found: Times = {
        name: {size: statistics.median(rounds[name, size]) for size in sizes}
        for name in _OBJECTIVES
    }
    table = []
    for size in sizes:
        values = {name: rounds[name, size] for name in found}
        figures = {name: times[size] for name, times in found.items()}
        report.record(row=f"microseconds, {size:,} words", figures=figures, values=values)
        *others, base = figures.values()
        cells = [f"{_digits(time)} ({_digits(time / base)}x)" for time in others]
        table.append((f"{size:,}", *cells, _digits(base), f"{paths[size]:.1f}"))
    report.table(
        f"Microseconds per training word on {options.corpus.name}",
        ("vocabulary", *found, "mean Huffman path"),
        table,
        f"{_SUMMARY}. Medians over rounds; in parentheses, multiples of negative sampling.",
    )
    if options.picture is not None:
        draw(options.picture, found, f"{_SUMMARY}; text: {options.corpus.name}", report.origin)


def _measure(size: int, options: argparse.Namespace, report: Report) -> dict[str, Any]:
    """Time all objectives at one size, in its own process."""
    task = {"job": "objectives", "system": "w2v", "corpus": str(options.corpus.resolve())}
    task |= {"n_words": size, "settings": _SETTINGS, "objectives": _OBJECTIVES}
    task["seconds"] = options.seconds
    with tempfile.TemporaryDirectory(prefix="w2v-benchmarks-") as folder:
        measured = launch(task, folder, **_ONE_THREAD)
    report.note(f"{size:7,} words: {measured['elapsed_seconds']:.1f} s")
    task["corpus"] = options.corpus.name
    report.record(**task | measured, threads=1)
    return measured


def _digits(value: float) -> str:
    """Format with at least three digits and no exponent."""
    return f"{value:,.{max(0, 2 - math.floor(math.log10(value)))}f}"


def draw(path: Path, found: Times, subtitle: str, origin: dict[str, Any]) -> None:
    """Plot times against vocabulary sizes, each beside its theoretical curve."""
    from matplotlib.ticker import FuncFormatter, NullLocator

    words = (
        "Training time per word against vocabulary size",
        subtitle,
        "Dashed: growth in theory, fitted. ",
    )
    with picture.saved(path, (7.2, 4.6), words, origin) as figure:
        axes = figure.add_axes((0.12, 0.16, 0.60, 0.68))
        for name, times in found.items():
            color, growth, theory = _LOOKS[name]
            sizes, values = list(times), list(times.values())
            fit = math.exp(statistics.fmean(math.log(t / theory(s)) for s, t in times.items()))
            axes.plot(sizes, [fit * theory(s) for s in sizes], color="#888888", lw=0.8, ls="--")
            axes.plot(sizes, values, color=color, lw=1.8, marker="o", ms=4)
            label = {"textcoords": "offset points", "va": "center", "annotation_clip": False}
            axes.annotate(
                f"{name}, {growth}", (sizes[-1], values[-1]), (9, 0), color=color, **label
            )
        least = min(min(times.values()) for times in found.values())
        axes.set(xscale="log", yscale="log", ylim=(10 ** math.floor(math.log10(least)), None))
        axes.set_xlabel("vocabulary size V (words)")
        axes.set_ylabel("time per training word (microseconds)")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
            axis.set_minor_locator(NullLocator())
        axes.grid(color="#dddddd", lw=0.5)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
