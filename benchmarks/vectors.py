"""Questions put to word vectors: w2v beside gensim, same vectors, same run, taking turns.

The vectors are random: what a question costs does not depend on them. gensim answers a batch one
word at a time, for it has no other way. Norms are computed before the clock starts.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.report import Report
from w2v import KeyedVectors

PARTS = ("queries", "files", "analogies")


def run(options: argparse.Namespace, report: Report) -> None:
    """Measure the parts asked for."""
    from benchmarks.vector_analogies import analogies
    from benchmarks.vector_files import files

    for part in options.only:
        {"queries": queries, "files": files, "analogies": analogies}[part](options, report)


def best(task: Callable[[], Any], rounds: int) -> float:
    """Return the least seconds of several rounds."""
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        task()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


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
    # As many as are enough to know what one costs; the batch is that many times as long.
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
    for metric in ("dot", "euclidean", "manhattan", "chebyshev"):
        task = lambda metric=metric: ours.most_similar(batch[0], metric=metric)  # noqa: E731
        times[f"most_similar, one word, {metric}"] = best(task, options.rounds), None
    table = []
    for name, (mine, other) in times.items():
        report.record(row=name, w2v=mine, gensim=other, words=options.words, dim=options.dim)
        ratio = "" if other is None else f"{other / mine:.1f}x"
        told = "" if other is None else f"{1000 * other:,.1f}"
        table.append((name, f"{1000 * mine:,.1f}", told, ratio))
    report.table(
        f"Milliseconds, {options.words:,} words x {options.dim} dimensions",
        ("", "w2v", "gensim", "ratio"),
        table,
        "Least of all rounds. gensim's batch: its time for one word, times the words.",
    )
