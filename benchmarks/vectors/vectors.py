"""Queries to word vectors: w2v beside gensim and SciPy, same vectors, same run, in turns.

The vectors are random: the cost of a query does not depend on them. gensim has no batch queries and
takes one word at a time. Norms are computed before the clock starts, and cdist of SciPy gets the
vectors in float64, because it would convert them otherwise.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from benchmarks import arguments
from benchmarks.report import Report
from benchmarks.vectors import analogies, comparing, files
from benchmarks.vectors.timing import best
from w2v import KeyedVectors

PARTS = ("queries", "distances", "files", "analogies", "compare")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    add, number = parser.add_argument, arguments.NUMBER
    add("--only", **arguments.choices(PARTS, "PART", "what to measure"))
    add("--words", **number, default=400_000, help="number of vectors (400000)")
    add("--dim", **number, default=300, help="vector size (300)")
    add("--batch", **number, default=1000, help="words per batch query (1000)")
    add("--rounds", **number, default=3, help="timings per query (3)")
    add("--vectors", **arguments.FILE,
        help="vectors for the analogies, saved by KeyedVectors.save() "
        "(30,000 random ones)")  # fmt: skip
    add("--questions", **arguments.FILE,
        help="analogy questions, four words per line (19,544 random ones)")  # fmt: skip


def run(options: argparse.Namespace, report: Report) -> None:
    """Measure the chosen parts and print a table for each."""
    parts = {
        "queries": queries,
        "distances": distances,
        "files": files.files,
        "analogies": analogies.analogies,
        "compare": comparing.compare,
    }
    for part in options.only:
        parts[part](options, report)


def queries(options: argparse.Namespace, report: Report) -> None:
    """Time most_similar of one word, of a batch, and every metric."""
    from gensim.models import KeyedVectors as Gensim

    random = np.random.default_rng(1)
    vectors = random.standard_normal((options.words, options.dim), np.float32)
    words = [f"w{row}" for row in range(options.words)]
    ours = KeyedVectors(words, vectors)
    theirs = Gensim(options.dim)
    theirs.key_to_index, theirs.index_to_key = ours.key_to_index, words
    theirs.vectors = vectors
    ours.fill_norms()
    theirs.fill_norms()
    batch = words[: options.batch]
    # A sample is enough to measure the cost of one query.
    sample = batch[:: max(1, len(batch) // 20)]

    def one_by_one() -> None:
        for word in sample:
            theirs.most_similar(word)

    def ours_one_by_one() -> None:
        for word in sample:
            ours.most_similar(word)

    times: dict[str, tuple[float, float | None]] = {}
    singles: list[tuple[float, float]] = [
        (best(ours_one_by_one, 1) / len(sample), best(one_by_one, 1) / len(sample))
        for _ in range(options.rounds)
    ]
    ours_single, theirs_single = (min(side) for side in zip(*singles, strict=True))
    times["most_similar, one word"] = ours_single, theirs_single
    answers = ours.most_similar_batch(batch)
    for word, answer in zip(sample, answers[:: max(1, len(batch) // 20)], strict=True):
        if [near for near, _ in answer] != [near for near, _ in theirs.most_similar(word)]:
            raise RuntimeError(f"the answers for {word!r} differ")
    seconds = best(lambda: ours.most_similar_batch(batch), options.rounds)
    times[f"most_similar_batch, {len(batch):,} words"] = seconds, theirs_single * len(batch)
    task = lambda: ours.most_similar(batch[0], metric="dot")  # noqa: E731
    times["most_similar, one word, dot"] = best(task, options.rounds), None
    table = []
    for name, (mine, other) in times.items():
        report.record(row=name, w2v=mine, gensim=other, words=options.words, dim=options.dim)
        ratio = "" if other is None else f"{other / mine:.1f}x"
        cell = "" if other is None else f"{1000 * other:,.1f}"
        table.append((name, f"{1000 * mine:,.1f}", cell, ratio))
    report.table(
        f"Milliseconds, {options.words:,} words x {options.dim} dimensions",
        ("", "w2v", "gensim", "ratio"),
        table,
        "Minimum of all rounds. Batch of gensim: its time for one word, times the words.",
    )


def distances(options: argparse.Namespace, report: Report) -> None:
    """Time the distances of one word to all, and the nearest of sixteen, beside cdist.

    cdist only computes distances; the time of most_similar_batch includes the selection.
    """
    from scipy.spatial.distance import cdist

    random = np.random.default_rng(1)
    vectors = random.standard_normal((options.words, options.dim), np.float32)
    wide = vectors.astype(np.float64)
    ours = KeyedVectors([f"w{row}" for row in range(options.words)], vectors)
    ours.fill_norms()
    table = []
    for metric, name in (
        ("euclidean", "euclidean"),
        ("manhattan", "cityblock"),
        ("chebyshev", "chebyshev"),
    ):
        for asked in (1, min(16, options.words)):
            words = ours.index_to_key[:asked]

            def mine(metric: str = metric, words: list[str] = words) -> Any:
                if len(words) == 1:
                    return ours.distances(words[0], metric=metric)
                return ours.most_similar_batch(words, metric=metric)

            def theirs(name: str = name, asked: int = asked) -> Any:
                return cdist(wide[:asked], wide, name)

            turns = [(best(mine, 1), best(theirs, 1)) for _ in range(options.rounds)]
            seconds, other = (min(side) for side in zip(*turns, strict=True))
            found, expected = ours.distances(words[0], metric=metric), theirs()[0]
            if not np.allclose(found, expected, rtol=1e-5, atol=1e-5):
                raise RuntimeError(f"{metric}: the distances of {words[0]!r} differ")
            what = "distances, one word" if asked == 1 else f"most_similar_batch, {asked} words"
            row = f"{what}, {metric}"
            report.record(row=row, w2v=seconds, cdist=other, words=options.words, dim=options.dim)
            cells = (f"{1000 * one:,.1f}" for one in (seconds, other))
            table.append((row, *cells, f"{other / seconds:.1f}x"))
    report.table(
        f"Milliseconds, {options.words:,} words x {options.dim} dimensions",
        ("", "w2v", "cdist", "ratio"),
        table,
        "Minimum of all rounds. cdist computes distances only, in float64.",
    )
