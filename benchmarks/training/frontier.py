"""The runs of the benchmark `pareto`: which there are, how each is called, which are on the front.

A run is one system with settings; base settings are left out. Its vectors make one point or two:
the input vectors, and those combined with the output vectors, which need no training.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from w2v import TrainingConfig
from w2v.config import QUALITIES

SYSTEMS = ("w2v", "gensim", "fasttext")
KINDS: dict[str, dict[str, Any]] = {
    "sg": {"sg": 1},
    "cbow": {"sg": 0},
    "hs": {"sg": 1, "hs": 1, "negative": 0},
}
NAMES = {"sg": "skip-gram", "cbow": "CBOW", "hs": "skip-gram, hs"}
BASE: dict[str, Any] = {"vector_size": 100, "window": 5, "negative": 5, "min_count": 5}
_OF_PEERS = {"sample": 1e-3}  # their default; w2v chooses by the text
SIMILARITY = "similarity"  # the mean over the files of word pairs
ANALOGIES = "analogies"


@dataclass(frozen=True)
class Run:
    """A system, the kind of training and what differs from the base settings."""

    system: str
    kind: str
    changes: tuple[tuple[str, Any], ...]
    quality: str | None = None

    @staticmethod
    def named(quality: str) -> Run:
        """Return the run with a named set of settings of w2v."""
        config = TrainingConfig(quality=quality)
        kind = "hs" if config.hs else "sg" if config.sg else "cbow"
        changes = {"epochs": config.epochs, **QUALITIES[quality]}
        changes = {name: value for name, value in changes.items() if name not in KINDS["hs"]}
        return replace(Run.of("w2v", kind, **changes), quality=quality)

    @staticmethod
    def of(system: str, kind: str, **changes: Any) -> Run:
        """Return a run with these settings; those of the base are left out."""
        kept = {name: value for name, value in changes.items() if BASE.get(name) != value}
        return Run(system, kind, tuple(sorted(kept.items())))

    def settings(self) -> dict[str, Any]:
        """Return the hyper-parameters, by the names that w2v and gensim have in common."""
        peers = {} if self.system == "w2v" else _OF_PEERS
        return BASE | peers | KINDS[self.kind] | dict(self.changes) | {"workers": 1}

    def __str__(self) -> str:
        if self.quality is not None:
            return f"quality={self.quality!r}"
        changes = dict(self.changes)
        epochs = changes.pop("epochs")
        parts = [NAMES[self.kind], f"{epochs} epoch{'s' if epochs > 1 else ''}"]
        words = {"vector_size": "{} d", "window": "window {}", "negative": "{} noise words",
                 "alpha": "alpha {:g}"}  # fmt: skip
        parts += [words.get(name, name + "={}").format(value) for name, value in changes.items()]
        return ("" if self.system == "w2v" else f"{self.system}: ") + ", ".join(parts)


@dataclass(frozen=True)
class Point:
    """Vectors of a run: what they cost and how good they are, means over seeds.

    Attributes
    ----------
    run : Run
    vectors : {"input", "combined"}
    cpu_seconds : float
    scores : dict of str to float
        By test; "similarity" is the mean over all files of word pairs.
    """

    run: Run
    vectors: str
    cpu_seconds: float
    scores: Mapping[str, float]


def runs(options: argparse.Namespace) -> list[Run]:
    """Return what the options ask for, the peers first because their runs are the longest."""
    found: dict[Run, None] = {}
    for system, kind in product(options.systems, options.kinds):
        if system == "w2v":
            continue
        for epochs in options.peer_epochs:
            found[Run.of(system, kind, epochs=epochs)] = None
    if "w2v" in options.systems:
        found |= dict.fromkeys(_own(options))
        found |= dict.fromkeys(map(Run.named, options.qualities))
        found |= dict.fromkeys(parsed(text) for text in options.also)
    return list(found)


def _own(options: argparse.Namespace) -> Iterator[Run]:
    """Yield runs with every number of epochs, then with each other setting varied alone."""
    for kind in options.kinds:
        for epochs in options.epochs:
            yield Run.of("w2v", kind, epochs=epochs)
        usual = TrainingConfig(**KINDS[kind]).learning_rate
        varied = [("vector_size", each) for each in options.dims]
        varied += [("window", each) for each in options.windows]
        varied += [("negative", each) for each in options.negatives if kind != "hs"]
        varied += [("alpha", round(each * usual, 6)) for each in options.rates if each != 1]
        for (name, value), epochs in product(varied, options.varied_epochs):
            yield Run.of("w2v", kind, epochs=epochs, **{name: value})


def parsed(text: str) -> Run:
    """Return the run of w2v that a text such as ``cbow epochs=15 vector_size=200`` names."""
    kind, *pairs = text.replace(",", " ").split() or [""]
    try:
        if kind not in KINDS:
            raise ValueError(f"expected one of {', '.join(KINDS)} first")
        changes = {name: float(value) for name, value in (pair.split("=") for pair in pairs)}
        whole = {name: int(x) if x == int(x) else x for name, x in changes.items()}
        run = Run.of("w2v", kind, **{"epochs": 5} | whole)
        TrainingConfig(**run.settings())
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"--also {text!r}: {error}; expected a kind and settings that are numbers, such as "
            "'cbow epochs=15 vector_size=200'"
        ) from None
    return run


def mean_points(measured: Iterable[Mapping[str, Any]], run: Run) -> list[Point]:
    """Return the points of a run from one record per seed."""
    records = list(measured)
    seconds = statistics.fmean(each["cpu_seconds"] for each in records)
    points = []
    for vectors in records[0]["scores"]:
        tests = [each["scores"][vectors] for each in records]
        scores = {name: statistics.fmean(one[name] for one in tests) for name in tests[0]}
        pairs = [score for name, score in scores.items() if name != ANALOGIES]
        if pairs:
            scores[SIMILARITY] = statistics.fmean(pairs)
        points.append(Point(run, vectors, seconds, scores))
    return points


def front(points: Sequence[Point], test: str) -> list[Point]:
    """Return the points that none of the others beats at no more time, by rising time."""
    ordered = sorted(points, key=lambda point: (point.cpu_seconds, -point.scores[test]))
    best, found = float("-inf"), []
    for point in ordered:
        if point.scores[test] > best:
            best = point.scores[test]
            found.append(point)
    return found
