"""Words/s for every dimension, window and number of noise words.

One worker on the first --words of the text, in this process. Speeds are also multiplied by the work
that they should be inversely proportional to: dimensions; window + 1, the mean number of context
words; noise words + 1. The product rises slightly, because the work per word or per row is shared
by more (for CBOW it rises with the window, because all context words make one prediction). A drop
far below the previous settings is a cliff. Rows are padded to whole vectors: the dimension after a
multiple of the vector costs as much as the next multiple. Times are the shortest of --rounds, with
all settings once per round.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import arguments, picture
from benchmarks.report import Report
from benchmarks.training.loop import KINDS, Loop, Text, using
from w2v import TrainingConfig


@dataclass(frozen=True)
class Axis:
    """A setting that is swept from `low` to `high`; speed should be proportional to 1 / `work`."""

    setting: str
    low: int
    high: int
    label: str
    work: Callable[[int], int]


AXES = {
    "dims": Axis("vector_size", 16, 512, "dimensions", lambda dim: dim),
    "windows": Axis("window", 2, 20, "window", lambda window: window + 1),
    "negatives": Axis("negative", 1, 25, "noise words", lambda negative: negative + 1),
}

# Colors of Okabe and Ito, distinguishable by color-blind readers.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9")
_BEFORE = 3  # number of smaller settings that a setting is compared with

Speeds = dict[int, float]  # words/s by value of the setting
Lines = dict[str, dict[str, Speeds]]  # by axis and variant


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    add, kinds = parser.add_argument, tuple(KINDS)
    parser.set_defaults(max_variants=1)
    add("--corpus", **arguments.OPTIONAL_CORPUS)
    add("--words", **arguments.NUMBER, default=200_000, help="training words (200000)")
    add("--over", **arguments.choices(tuple(AXES), "AXIS", "what to sweep"))
    add("--kind", choices=kinds, default=kinds[0], help=f"kind of training ({kinds[0]})")
    add("--variants", nargs="+", metavar="NAME", help="SIMD variants (the machine's best)")
    add("--step", **arguments.NUMBER, default=1, help="step between dimensions (1)")
    add("--rounds", **arguments.NUMBER, default=2, help="timings per setting (2)")
    add("--picture", **arguments.PICTURE)


def run(options: argparse.Namespace, report: Report) -> None:
    """Measure along each axis, print one table of the deepest drops, and plot the speeds."""
    picture.check(options.picture)
    if "negatives" in options.over and KINDS[options.kind].get("negative") == 0:
        raise ValueError(f"--over negatives: {options.kind} draws no noise words")
    text = Text.read(options.corpus, options.words)
    lines: Lines = {name: {} for name in options.over}
    for variant in options.variants:
        for name in options.over:
            speeds = _measure(text, AXES[name], variant, options, report)
            lines[name][variant] = speeds
    table = []
    for name, variants in lines.items():
        axis = AXES[name]
        for variant, speeds in variants.items():
            fallen = falls({at: speed * axis.work(at) for at, speed in speeds.items()})
            deepest = min(fallen, key=lambda at: fallen[at], default=None)
            ends = (min(speeds), max(speeds))
            cells = [f"{speeds[end] / 1e6:.3f}" for end in ends]
            cells += [f"{deepest}: {fallen[deepest]:.2f}" if deepest else ""]
            table.append((f"{axis.label} {ends[0]} to {ends[1]}, {variant}", *cells))
    fixed = _fixed(options)
    report.table(
        f"{options.kind}, {fixed}: {text.words:,} words of {text.name}",
        ("", "M words/s at the first", "and the last", "deepest drop"),
        table,
        f"One worker, shortest of {options.rounds}. Deepest drop: the smallest ratio of speed "
        f"times work to its median over the {_BEFORE} previous settings.",
    )
    if options.picture is not None:
        subtitle = f"{options.kind}, one worker; {fixed}; text: {text.name}"
        draw(options.picture, lines, subtitle, report.origin)


def _measure(
    text: Text, axis: Axis, variant: str, options: argparse.Namespace, report: Report
) -> Speeds:
    """Return the best speed at each value of one setting."""
    step = options.step if axis.setting == "vector_size" else 1
    values = list(range(axis.low, axis.high + 1, step))
    shortest = dict.fromkeys(values, float("inf"))
    for done in range(options.rounds):
        for value in values:
            settings: dict[str, Any] = {**KINDS[options.kind], axis.setting: value, "workers": 1}
            with using(variant):
                took = Loop(text, TrainingConfig(**settings)).seconds()
            shortest[value] = min(shortest[value], took)
        report.note(f"{axis.label}, {variant}: round {done + 1} of {options.rounds}")
    speeds = {value: text.words / took for value, took in shortest.items()}
    for value, speed in speeds.items():
        report.record(
            job="sweep",
            kind=options.kind,
            variant=variant,
            threads=1,
            corpus=text.name,
            words=text.words,
            setting=axis.setting,
            value=value,
            words_per_second=speed,
        )
    return speeds


def falls(values: dict[int, float]) -> dict[int, float]:
    """Return the ratio of each value, from the fourth on, to the median of the three before it."""
    numbers = list(values.values())
    befores = (numbers[i - _BEFORE : i] for i in range(_BEFORE, len(numbers)))
    later = list(values.items())[_BEFORE:]
    return {at: value / statistics.median(b) for (at, value), b in zip(later, befores, strict=True)}


def _fixed(options: argparse.Namespace) -> str:
    config = TrainingConfig(**KINDS[options.kind])
    fixed = [f"{config.vector_size} dimensions", f"window {config.window}"]
    fixed += [f"{config.negative} noise words"] if config.negative else []
    return ", ".join(fixed) + " unless swept"


def draw(path: Path, lines: Lines, subtitle: str, origin: dict[str, Any]) -> None:
    """Plot speeds, and below them speeds times work, one column per axis."""
    words = ("Speed by setting", subtitle, "")
    with picture.saved(path, (9.6, 5.2), words, origin) as figure:
        # Wider for axes with more values.
        widths = [len(next(iter(variants.values()))) ** 0.5 for variants in lines.values()]
        grid = figure.subplots(
            2, len(lines), sharex="col", squeeze=False, width_ratios=widths,
            gridspec_kw={"left": 0.07, "right": 0.98, "top": 0.84, "bottom": 0.14, "hspace": 0.1},
        )  # fmt: skip
        for column, (name, variants) in enumerate(lines.items()):
            axis, (above, below) = AXES[name], grid[:, column]
            for color, (variant, speeds) in zip(_COLORS, variants.items(), strict=False):
                looks = {"color": color, "lw": 1.1, "label": variant}
                at = list(speeds)
                above.plot(at, [speed / 1e6 for speed in speeds.values()], **looks)
                work = [speed * axis.work(value) / 1e6 for value, speed in speeds.items()]
                below.plot(at, work, **looks)
            below.set_xlabel(axis.label)
            for axes in (above, below):
                axes.set_ylim(0, None)
                axes.grid(color="#dddddd", lw=0.5)
                axes.set_axisbelow(True)
                axes.spines[["top", "right"]].set_visible(False)
        grid[0, 0].set_ylabel("million words per second")
        grid[1, 0].set_ylabel("the same, times work")
        grid[0, -1].legend(frameon=False)
