"""What `w2v.plan` says beside what then happens: peak memory and time of whole runs.

Each plan and each run has a process of its own. A run reads the text (a file, a list in memory, or
an encoded corpus) and trains; its time is that of both, its memory the peak of the process. Times
need a quiet machine: what else runs slows the sample and the run, but seldom alike. On one that is
not quiet, `--cpu` measures both in CPU seconds, divided by the number of workers.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import arguments
from benchmarks.jobs import launch
from benchmarks.report import Report
from benchmarks.texts import first_words

Figures = dict[str, Any]


class Case(NamedTuple):
    """A source, and the settings of a run."""

    source: str
    settings: dict[str, Any]


CASES = {
    "skip-gram": Case("file", {"workers": 1}),
    "skip-gram, 2 workers": Case("file", {"workers": 2}),
    "skip-gram, 300 d, 2 workers": Case("encoded", {"workers": 2, "vector_size": 300}),
    "skip-gram, every word": Case("file", {"workers": 1, "min_count": 1}),
    "skip-gram, 16 shards": Case("encoded", {"workers": 2, "deterministic": True}),
    "CBOW": Case("list", {"workers": 1, "sg": 0}),
    "CBOW, 300 d, 2 workers": Case("file", {"workers": 2, "sg": 0, "vector_size": 300}),
    "hierarchical": Case("encoded", {"workers": 1, "hs": 1, "negative": 0}),
    "hierarchical, 2 workers": Case("file", {"workers": 2, "hs": 1, "negative": 0}),
    "CBOW, softmax, 500 words": Case(
        "encoded", {"workers": 1, "sg": 0, "softmax": True, "max_final_vocab": 500, "epochs": 1}
    ),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    add = parser.add_argument
    add("--corpus", **arguments.OPTIONAL_CORPUS)
    add("--words", **arguments.NUMBER, default=5_000_000, help="training words (5000000)")
    add("--only", **arguments.choices(tuple(CASES), "CASE", "what to plan and to run"))
    add("--epochs", **arguments.NUMBER, default=5, help="epochs (5)")
    add("--cpu", action="store_true", help="measure CPU seconds, divided by the workers")
    add("--rounds", **arguments.NUMBER, default=1, help="plans and runs of each case (1)")


def run(options: argparse.Namespace, report: Report) -> None:
    """Plan and run each case, and print one table."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        text = first_words(options.corpus, options.words, folder)
        for name in options.only:
            case = CASES[name]
            task = {
                "system": "w2v",
                "corpus": str(text),
                "encoded": str(text.with_suffix(".w2vc")),
                "source": case.source,
                "cpu": options.cpu,
                "settings": {"epochs": options.epochs, **case.settings},
            }
            if not Path(task["encoded"]).exists():
                launch({**task, "job": "encode_text"}, folder)
            plans, runs = [], []
            for _ in range(options.rounds):
                report.note(f"{name} ...")
                plans.append(launch({**task, "job": "planned_run"}, folder))
                runs.append(launch({**task, "job": "whole_run"}, folder))
                report.record(case=name, plan=plans[-1], run=runs[-1], **task["settings"])
            rows.append(row(name, case.source, plans, runs))
    report.table(
        f"Plan and run: {options.words:,} words of {text.name}, {options.epochs} epochs",
        ("", "source", "memory", "in fact", "off by", "time", "in fact", "off by"),
        rows,
        f"Memory in MiB, time in {'CPU s, by workers' if options.cpu else 's'}; medians.",
    )


def row(name: str, source: str, plans: list[Figures], runs: list[Figures]) -> tuple[str, ...]:
    """Return a row of the table: plan beside truth, and the difference."""

    def middle(figures: list[Figures], key: str) -> float:
        return statistics.median(each[key] for each in figures)

    memory = middle(plans, "memory") / 2**20, middle(runs, "peak_bytes") / 2**20
    seconds = middle(plans, "seconds"), middle(runs, "seconds")
    return (
        name,
        source,
        *(f"{each:,.0f}" for each in memory),
        f"{memory[0] / memory[1] - 1:+.0%}",
        *(f"{each:.1f}" for each in seconds),
        f"{seconds[0] / seconds[1] - 1:+.0%}",
    )
