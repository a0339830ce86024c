"""Two sets of vectors compared: alignment, displacement by frequency, neighbors of all words."""

from __future__ import annotations

import argparse
import time

import numpy as np

import w2v
from benchmarks.report import Report

_WORDS = 100_000


def compare(options: argparse.Namespace, report: Report) -> None:
    """Time `w2v.compare` on noisy vectors and the same, with other noise, rotated and reordered."""
    n, dim = min(options.words, _WORDS), options.dim
    random = np.random.default_rng(1)
    rows = random.standard_normal((n, dim), np.float32)
    rotation = np.linalg.qr(random.standard_normal((dim, dim)))[0].astype(np.float32)
    noisy = (rows + random.standard_normal((n, dim), np.float32)) @ rotation
    words = [f"w{row}" for row in range(n)]
    counts = 5 + 1_000_000 // (1 + np.arange(n))
    order = random.permutation(n)
    a = w2v.KeyedVectors(words, rows, counts=counts)
    b = w2v.KeyedVectors([words[i] for i in order], noisy[order], counts=counts[order])
    best: dict[str, tuple[float, float]] = {}
    for _ in range(options.rounds):
        clock, cpu = time.perf_counter(), time.process_time()
        found = w2v.compare(a, b)
        _ = found.z
        aligned = time.perf_counter() - clock, time.process_time() - cpu
        found.shared(10)
        found.shared(50)
        whole = time.perf_counter() - clock, time.process_time() - cpu
        for name, seconds in (("compare: displacement", aligned), ("compare: all", whole)):
            best[name] = min(best.get(name, seconds), seconds)
    table = []
    for name, (wall, used) in best.items():
        report.record(row=name, w2v=wall, cpu=used, words=n, dim=dim)
        table.append((name, f"{wall:.2f}", f"{used:.2f}"))
    report.table(
        f"Seconds, {n:,} common words x {dim} dimensions",
        ("", "w2v", "CPU"),
        table,
        "The fastest round. All: with the neighbors shared at 10 and 50, for every word.",
    )
