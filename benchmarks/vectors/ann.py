"""Approximate search against exact search: recall@10, queries/s, build time and size.

Vectors are trained on the text first (skip-gram), or read from a file with --vectors. Queries are
words of all frequencies, one at a time; an index answers on one thread, exact search on all
processors. Recall is the fraction of the ten nearest rows that the index finds, over all queries.
"""

from __future__ import annotations

import argparse
import functools
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import arguments
from benchmarks.report import Report
from w2v import KeyedVectors, Word2Vec
from w2v.vectors.ann import VectorIndex
from w2v.vectors.knn import query_scores, top_k

_K = 10
_DTYPES = ("float32", "float16", "int8")
_EXPANSIONS = (64, 256)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    add, number = parser.add_argument, arguments.NUMBER
    add("--corpus", **arguments.FILE, help="text file to train vectors on, one sentence per line")
    add("--vectors", **arguments.FILE, help="use these vectors, saved by KeyedVectors.save()")
    add("--dim", **number, default=100, help="vector size (100)")
    add("--epochs", **number, default=2, help="training epochs (2)")
    add("--queries", **number, default=2000, help="number of query words (2000)")


def run(options: argparse.Namespace, report: Report) -> None:
    """Build an index of each dtype, query it, and print one table."""
    wv = _vectors(options, report)
    asked = np.random.default_rng(1).choice(len(wv), min(options.queries, len(wv)), replace=False)
    queries = wv.vectors[asked]
    exact_seconds, exact = _searched(lambda query: _exact(wv, query), queries)
    shape = f"{len(wv):,} x {wv.vector_size}"
    rows = [("exact", "", "", "", "1", f"{len(queries) / exact_seconds:,.0f}")]
    for dtype in _DTYPES:
        start = time.perf_counter()
        index = wv.index(dtype=dtype)
        build = time.perf_counter() - start
        with tempfile.TemporaryDirectory(prefix="w2v-benchmarks-") as folder:
            index.save(Path(folder, "index"))
            size = os.path.getsize(Path(folder, "index"))
        for expansion in _EXPANSIONS:
            index.expansion_search = expansion
            seconds, found = _searched(functools.partial(_near, index), queries)
            shared = [len(np.intersect1d(a, b)) for a, b in zip(found, exact, strict=True)]
            recall = sum(shared) / sum(map(len, exact))
            rate = len(queries) / seconds
            report.record(
                row=f"ann {dtype} {expansion}",
                shape=[len(wv), wv.vector_size],
                figures={"recall": recall, "queries_per_second": rate, "build_seconds": build,
                         "bytes": size, "exact_per_second": len(queries) / exact_seconds},
            )  # fmt: skip
            rows.append(
                (dtype, str(expansion), f"{build:.1f}", f"{size / 2**20:.0f}", f"{recall:.4f}",
                 f"{rate:,.0f}")
            )  # fmt: skip
    report.table(
        f"Approximate search, {shape}",
        ("stored as", "expansion", "build (s)", "MiB", f"recall@{_K}", "queries/s"),
        rows,
        f"{len(queries):,} queries, one at a time; indexes built on all processors, "
        "queried on one thread.",
    )


def _vectors(options: argparse.Namespace, report: Report) -> KeyedVectors:
    if options.vectors is not None:
        return KeyedVectors.load(options.vectors)
    if options.corpus is None:
        raise ValueError("ann needs --corpus FILE or --vectors FILE")
    report.note(f"training on {options.corpus.name}")
    return Word2Vec(str(options.corpus), vector_size=options.dim, epochs=options.epochs).wv


def _exact(wv: KeyedVectors, query: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.array(top_k(query_scores(wv.vectors, wv.norms, query, "cosine"), _K))


def _near(index: VectorIndex, query: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return index.search(query, _K)[0]


def _searched(
    search: Callable[[Any], Any], queries: np.ndarray[Any, Any]
) -> tuple[float, list[Any]]:
    search(queries[0])
    start = time.perf_counter()
    found = [search(query) for query in queries]
    return time.perf_counter() - start, found
