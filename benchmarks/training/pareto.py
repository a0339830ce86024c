"""Accuracy over CPU time: which settings give the best vectors for the time they take.

Each run trains with one worker, from ids (w2v) or a text file (gensim and fastText), in its own
process; its CPU seconds are those of training alone, fastText's with the counting of words, which
it does not do by itself. Every number of --epochs is trained for each kind, then every other
setting alone, with --varied-epochs. Each system has its own default learning rates; other base
settings are 100 dimensions, window 5, 5 noise words and min_count 5; the others have sample 1e-3,
and w2v its default. fastText trains words without subwords. Two rows of w2v are one training: its
input vectors, and those combined with the output vectors (`model.combined_vectors()`).

A point is on the front (*) of a measure if no other point is better at no more time. Runs on a busy
machine take more CPU time. The default takes hours on a large text; --earlier resumes it, and draws
again.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import arguments, picture
from benchmarks.jobs import launch
from benchmarks.report import Report, version
from benchmarks.training import accuracy, frontier
from benchmarks.training.frontier import ANALOGIES, KINDS, SIMILARITY, Point, Run
from w2v.config import QUALITIES

_PACKAGES = {"gensim": ("gensim",), "fasttext": ("fasttext", "fasttext-wheel")}
_ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL")}

# Colors of Okabe and Ito, distinguishable by color-blind readers.
_COLORS = {"sg": "#0072B2", "cbow": "#D55E00", "hs": "#009E73"}
_MARKERS = {"w2v": "o", "gensim": "s", "fasttext": "^"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    add, numbers = parser.add_argument, arguments.NUMBERS
    add("--corpus", **arguments.CORPUS, required=True)
    add("--questions", **arguments.QUESTIONS)
    add("--pairs", **arguments.PAIRS)
    add("--systems", **arguments.choices(frontier.SYSTEMS, "NAME", "what is measured"))
    add(
        "--kinds",
        **arguments.choices(tuple(KINDS), "KIND", "skip-gram, CBOW, hierarchical softmax"),
    )
    add("--epochs", **numbers, default=[1, 2, 3, 5, 10, 15, 30],
        help="epochs with the base settings (1 2 3 5 10 15 30)")  # fmt: skip
    add("--varied-epochs", **numbers, default=[5, 15],
        help="epochs with each other setting (5 15)")  # fmt: skip
    add("--dims", **numbers | {"nargs": "*"}, default=[50, 200, 300],
        help="other dimensions (50 200 300)")  # fmt: skip
    add("--windows", **numbers | {"nargs": "*"}, default=[3, 10], help="other windows (3 10)")
    add("--negatives", **numbers | {"nargs": "*"}, default=[2, 10],
        help="other numbers of noise words (2 10)")  # fmt: skip
    add("--rates", type=arguments.seconds, metavar="X", nargs="*", default=[0.5, 2.0],
        help="multiples of the default learning rate (0.5 2)")  # fmt: skip
    add("--also", nargs="+", default=[], metavar="SETTINGS",
        help="further runs, such as 'cbow epochs=15 vector_size=200'")  # fmt: skip
    add("--qualities", nargs="*", choices=tuple(QUALITIES), default=tuple(QUALITIES),
        metavar="NAME", help="named sets of settings (fast balanced best)")  # fmt: skip
    add("--peer-epochs", **numbers, default=[1, 5], help="epochs of the other systems (1 5)")
    add("--seeds", **numbers, default=[1], help="one run per seed; scores are means (1)")
    add("--earlier", **arguments.FILE, nargs="+", default=[],
        help="records of earlier runs (--json), shown without measuring them again")  # fmt: skip
    add("--picture", **arguments.PICTURE)


def run(options: argparse.Namespace, report: Report) -> None:
    """Measure every run, print one table of points and plot them."""
    picture.check(options.picture)
    if not (options.questions or options.pairs):
        raise ValueError("pareto needs --questions, --pairs or both: what accuracy is")
    for path in filter(None, (options.corpus, options.questions, *options.pairs)):
        path.open("rb").close()  # a missing file fails now
    for system in _missing(options.systems):
        report.note(f"{system} is not installed and is left out; run pip install {system}")
        options.systems = [each for each in options.systems if each != system]
    known = _earlier(options)
    points: list[Point] = []
    with tempfile.TemporaryDirectory(prefix="w2v-benchmarks-") as folder:
        for each in frontier.runs(options):
            records = []
            for seed in options.seeds:
                key = _key(each, seed)
                found = known.get(key)
                if found is None:
                    found = known[key] = _measure(each, seed, options, report, folder)
                records.append(found)
            points += frontier.mean_points(records, each)
    if not points:
        raise ValueError("nothing is measured: choose --systems with w2v, or one that is installed")
    title = f"Accuracy over CPU seconds of training on {options.corpus.name}"
    columns, rows = table(points)
    remark = "One worker. *: on the front. Combined: of input and output vectors."
    report.table(title, columns, rows, remark)
    if options.picture is not None:
        subtitle = (
            f"{options.corpus.name}, one worker; 100 dimensions, window 5, 5 noise words unless "
            "stated; hollow, dashed: combined vectors"
        )
        draw(options.picture, points, subtitle, report.origin)


def _missing(systems: Sequence[str]) -> list[str]:
    """Return the systems that are not installed."""
    return [
        system
        for system in systems
        if system in _PACKAGES and not any(map(version, _PACKAGES[system]))
    ]


def _key(run: Run, seed: int) -> str:
    return json.dumps([run.system, run.settings(), seed], sort_keys=True)


def _earlier(options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Return records of earlier runs with the same text and tests, the latest of each run."""
    tests = {path.stem for path in options.pairs} | ({ANALOGIES} if options.questions else set())
    found = {}
    for path in options.earlier:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            try:
                ran = json.loads(line)
                same = ran["job"] == "both_sides" and ran["corpus"] == options.corpus.name
                if same and all(tests == set(scores) for scores in ran["scores"].values()):
                    key = [ran["system"], ran["settings"], ran["seed"]]
                    found[json.dumps(key, sort_keys=True)] = ran
            except (ValueError, KeyError, TypeError):
                raise ValueError(
                    f"{path}, line {number}: expected a record that this benchmark has written "
                    "with --json"
                ) from None
    return found


def _measure(
    run: Run, seed: int, options: argparse.Namespace, report: Report, folder: str
) -> dict[str, Any]:
    """Train once in its own process and score its vectors."""
    output = os.path.join(folder, "vectors.npz")
    settings = run.settings()
    task: dict[str, Any] = {
        "job": "both_sides",
        "system": run.system,
        "corpus": str(options.corpus.resolve()),
    }
    task |= {"settings": settings | {"seed": seed}, "output": output}
    try:
        figures = launch(task, folder, **_ONE_THREAD)
    except RuntimeError as error:
        raise RuntimeError(f"{run}: {error}") from None
    with np.load(output) as file:
        words = str(file["words"]).split("\n")
        scores = {
            vectors: {
                test: score
                for test, (score, _) in accuracy.scores(
                    words, file[vectors], options.questions, options.pairs
                ).items()
            }
            for vectors in ("input", "combined")
            if vectors in file
        }
    found = {name: task[name] for name in ("job", "system")} | {"settings": settings, "seed": seed}
    found |= {"name": str(run), "corpus": options.corpus.name, "threads": 1, "scores": scores}
    report.record(**found | figures)
    shown = "; ".join(" ".join(f"{x:.3f}" for x in each.values()) for each in scores.values())
    report.note(f"{run}: {figures['cpu_seconds']:.1f} CPU s; {shown}")
    return found | figures


def table(points: Sequence[Point]) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return columns and rows, by rising time."""
    tests = list(points[0].scores)
    fronts = {
        test: set(map(id, frontier.front(points, test)))
        for test in tests
        if test in (ANALOGIES, SIMILARITY)
    }
    rows = []
    for point in sorted(points, key=lambda point: point.cpu_seconds):
        cells = [
            f"{point.scores[test]:.3f}" + "*" * (id(point) in fronts.get(test, ()))
            for test in tests
        ]
        rows.append((str(point.run), point.vectors, f"{point.cpu_seconds:.1f}", *cells))
    return ["", "vectors", "CPU s", *tests], rows


def draw(path: Path, points: Sequence[Point], subtitle: str, origin: Mapping[str, Any]) -> None:
    """Plot accuracy over CPU seconds, one panel per measure, with the front marked."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    measures = {ANALOGIES: "analogies: accuracy", SIMILARITY: "similarity: mean correlation"}
    shown = [test for test in measures if test in points[0].scores]
    words = ("Accuracy against training time", subtitle, "")
    with picture.saved(path, (9.6, 5.4), words, dict(origin)) as figure:
        grid = figure.subplots(
            1, len(shown), squeeze=False,
            gridspec_kw={"left": 0.07, "right": 0.98, "top": 0.79, "bottom": 0.16, "wspace": 0.2},
        )[0]  # fmt: skip
        for axes, test in zip(grid, shown, strict=True):
            _panel(axes, points, test)
            axes.set(xscale="log", xlabel="CPU seconds of training (log)", ylabel=measures[test])
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
            axes.xaxis.set_minor_formatter(NullFormatter())
            axes.grid(color="#dddddd", lw=0.5)
            axes.set_axisbelow(True)
            axes.spines[["top", "right"]].set_visible(False)
        figure.legend(
            handles=_legend(points), frameon=False, fontsize=8, loc="upper left", ncols=8,
            bbox_to_anchor=(0.01, 0.88), handletextpad=0.4, columnspacing=1.4,
        )  # fmt: skip


def _legend(points: Sequence[Point]) -> list[Any]:
    from matplotlib.lines import Line2D

    kinds = {point.run.kind for point in points}
    found = {frontier.NAMES[kind]: (color, "o") for kind, color in _COLORS.items() if kind in kinds}
    systems = {point.run.system for point in points}
    found |= {each: ("#888888", marker) for each, marker in _MARKERS.items() if each in systems}
    handles = [
        Line2D([], [], color=color, marker=marker, ls="", ms=6, label=name)
        for name, (color, marker) in found.items()
    ]
    return [*handles, Line2D([], [], color="#333333", lw=1, label="front")]


def _panel(axes: Any, points: Sequence[Point], test: str) -> None:
    """Plot the points of one measure, lines through those that differ in epochs, and the front."""
    ahead = frontier.front(points, test)
    axes.step(
        [point.cpu_seconds for point in ahead], [point.scores[test] for point in ahead],
        where="post", color="#333333", lw=1, zorder=1,
    )  # fmt: skip
    lines: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for point in points:
        color = _COLORS[point.run.kind]
        at = point.cpu_seconds, point.scores[test]
        ours, hollow = point.run.system == "w2v", point.vectors == "combined"
        if ours and dict(point.run.changes).keys() == {"epochs"}:
            lines[color, point.vectors].append(at)
        faint = ours and point not in ahead and point.run.quality is None
        axes.plot(
            *at, marker=_MARKERS[point.run.system], ms=5 if ours else 7, color=color,
            mfc="white" if hollow else color, alpha=0.45 if faint else 1,
        )  # fmt: skip
        if point.run.quality is not None and not hollow:
            axes.annotate(
                point.run.quality, at, (6, -10), textcoords="offset points", fontsize=9,
                fontweight="bold",
            )  # fmt: skip
        elif not ours:
            epochs = dict(point.run.changes)["epochs"]
            axes.annotate(
                f"{point.run.system}, {epochs} epoch{'s' if epochs > 1 else ''}", at, (-7, -3),
                textcoords="offset points", ha="right", fontsize=7.5, color=color,
            )  # fmt: skip
    for (color, vectors), places in lines.items():
        style = "-" if vectors == "input" else "--"
        axes.plot(*zip(*sorted(places), strict=True), color=color, lw=0.8, ls=style, alpha=0.6)
