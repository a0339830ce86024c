"""Every objective at unusual windows, vocabularies and numbers of noise words, beside gensim.

Trains on baskets of words from planted clusters and prints the share of nearest neighbors of the
same cluster (for two words: whether they are separated), means over seeds, w2v before gensim. Each
uses its own default learning rate. A cell with * is worse than gensim by more than the spread.
gensim has no full softmax; the peer is its negative sampling with the most noise words.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
from collections import defaultdict
from typing import Any

from benchmarks import arguments
from benchmarks.jobs import launch
from benchmarks.report import Report

WINDOWS = (1, 5, 20, 100, 1_000)
VOCABULARIES = (2, 50, 2_000, 50_000)
NEGATIVES = (1, 5, 20)
_TOKENS = {2: 6_000, 50: 6_000, 2_000: 20_000}
_MAX_TOKENS = 40_000
_LONG, _MAX_TOKENS_LONG = 100, 20_000  # windows from 100 on
_SPREAD = 0.03  # the least difference that means something

# Name: settings, whether `negative` applies.
OBJECTIVES: dict[str, tuple[dict[str, Any], bool]] = {
    "sg-ns": ({"sg": 1}, True),
    "cbow-ns": ({"sg": 0}, True),
    "cbow-sum-ns": ({"sg": 0, "cbow_mean": 0}, True),
    "sg-hs": ({"sg": 1, "hs": 1, "negative": 0}, False),
    "cbow-hs": ({"sg": 0, "hs": 1, "negative": 0}, False),
    "cbow-sum-hs": ({"sg": 0, "cbow_mean": 0, "hs": 1, "negative": 0}, False),
    "sg-both": ({"sg": 1, "hs": 1, "negative": 5}, False),
    "cbow-both": ({"sg": 0, "hs": 1, "negative": 5}, False),
    "sg-softmax": ({"sg": 1, "softmax": True}, False),
    "cbow-softmax": ({"sg": 0, "softmax": True}, False),
    "cbow-sum-softmax": ({"sg": 0, "cbow_mean": 0, "softmax": True}, False),
}
_MAX_SOFTMAX = 2_000  # words
_SOFTMAX_IS_SLOWER = 4  # both systems train a fourth of the words
_SETTINGS = {"vector_size": 64, "min_count": 1, "sample": 0, "epochs": 3, "workers": 1}
_QUICK = {"windows": (5, 100), "vocabularies": (2, 50, 2_000), "negatives": (5,)}

Scores = dict[tuple[str, int, int, Any, str], list[float]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    add = parser.add_argument
    add("--windows", **arguments.NUMBERS, default=WINDOWS, help="windows (1 5 20 100 1000)")
    add("--vocabularies", **arguments.NUMBERS, default=VOCABULARIES,
        help="numbers of words, at least 2 (2 50 2000 50000)")  # fmt: skip
    add("--negatives", **arguments.NUMBERS, default=NEGATIVES, help="noise words (1 5 20)")
    add("--objectives", **arguments.choices(tuple(OBJECTIVES), "NAME", "objectives"))
    add("--systems", **arguments.choices(("w2v", "gensim"), "NAME", "what is measured"))
    add("--seeds", **arguments.NUMBER, default=2, help="trainings of each cell (2)")
    add("--quick", action="store_true", help="a part of it, for every change: about two minutes")


def run(options: argparse.Namespace, report: Report) -> None:
    """Train every cell with every system and print one table."""
    if options.quick:
        vars(options).update(_QUICK)
    if min(options.vocabularies) < 2:
        raise ValueError("--vocabularies: expected at least 2 words")
    scores: Scores = defaultdict(list)
    for name, vocabulary, system in itertools.product(
        options.objectives, options.vocabularies, options.systems
    ):
        if "softmax" in name and vocabulary > _MAX_SOFTMAX:
            continue
        for cell, score in _train(name, vocabulary, system, options, report):
            negative = cell["settings"]["negative"] if OBJECTIVES[name][1] else None
            scores[name, vocabulary, cell["window"], negative, system].append(score)
    rows = {key[:2] + key[3:4]: [] for key in scores}
    worse = 0
    for (name, vocabulary, negative), window in itertools.product(rows, options.windows):
        found = [scores[name, vocabulary, window, negative, each] for each in options.systems]
        bad = len(found) == 2 and is_worse(*found)
        worse += bad
        cell = " / ".join(f"{statistics.fmean(values):.3f}" for values in found)
        rows[name, vocabulary, negative].append(cell + "*" * bad)
    report.table(
        f"Clusters found, {' / '.join(options.systems)}",
        ("objective, words, noise words", *(f"window {window:,}" for window in options.windows)),
        [
            (f"{name}, {vocabulary:,}" + f", {negative}" * (negative is not None), *cells)
            for (name, vocabulary, negative), cells in rows.items()
        ],
        f"Means of {options.seeds} seeds. *: worse than gensim by more than the spread ({worse}).",
    )


def is_worse(ours: list[float], theirs: list[float]) -> bool:
    """Return whether the first scores are below the second by more than the seeds differ."""
    spread = max(_SPREAD, *(max(values) - min(values) for values in (ours, theirs)))
    return statistics.fmean(theirs) - statistics.fmean(ours) > spread


def cells(name: str, vocabulary: int, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return what is trained by one objective on one vocabulary."""
    chosen, counted = OBJECTIVES[name]
    made = []
    for window, negative, seed in itertools.product(
        options.windows, options.negatives if counted else (None,), range(1, options.seeds + 1)
    ):
        settings = {"negative": negative} if counted else {}
        tokens = _TOKENS.get(vocabulary, _MAX_TOKENS)
        if window >= _LONG:
            tokens = min(tokens, _MAX_TOKENS_LONG)
        if "softmax" in name:
            tokens //= _SOFTMAX_IS_SLOWER
        made.append({"vocabulary": vocabulary, "window": window, "tokens": tokens, "seed": seed,
                     "settings": chosen | settings})  # fmt: skip
    return made


def _train(
    name: str, vocabulary: int, system: str, options: argparse.Namespace, report: Report
) -> list[tuple[dict[str, Any], float]]:
    """Train all cells of one objective and vocabulary in one process."""
    asked = cells(name, vocabulary, options)
    given = asked
    settings: dict[str, Any] = dict(_SETTINGS)
    if system == "gensim":
        # Its learning rate falls once per batch of words: a small corpus would be over before.
        settings["batch_words"] = 500
        if "softmax" in name:
            plain = {"negative": max(options.negatives)}
            given = [
                {**cell, "settings": {k: v for k, v in cell["settings"].items() if k != "softmax"}}
                for cell in asked
            ]
            given = [{**cell, "settings": cell["settings"] | plain} for cell in given]
    task = {"job": "clusters", "module": "training.clusters", "system": system}
    with tempfile.TemporaryDirectory(prefix="w2v-benchmarks-") as folder:
        ran = launch(task | {"cells": given, "settings": settings}, folder,
                     OPENBLAS_NUM_THREADS="1")  # fmt: skip
    report.note(f"{name}, {vocabulary:,} words, {system}: {ran['elapsed_seconds']:.0f} s")
    for cell, score, seconds in zip(asked, ran["scores"], ran["seconds"], strict=True):
        report.record(**cell, job="clusters", objective=name, system=system, score=score,
                      cpu_seconds=seconds, threads=1)  # fmt: skip
    return list(zip(asked, ran["scores"], strict=True))
