"""A roofline: the dense step and a training run as fractions of the measured peaks of the CPU.

First the step alone, for each variant, on rows of two tables of 64, which fit in the first or
second level of cache. A call counts 6 dim operations for each pair of an input and an output: a
multiplication and an addition in the dot product and in the update of each side. (`p`: the inputs
are pooled, as in CBOW, and count as one.) The peaks are measured too: multiply-adds, and loads and
stores of the first-level cache. The loads and stores of the step are lower bounds: each row is read
once for the scores and once for the update, and written once. Further loads, caused by a lack of
registers, do not count.

Then a training run with the first variant, one worker, on --words of the text. Folding the rows
into tables of a quarter of a MiB removes the cache misses and changes nothing else: the difference
is memory stalls. The step alone, in the shapes and numbers of the run, is the dense step. The rest
is bookkeeping: reading, subsampling, windows, noise words. In a small text all words are frequent
and few rows are missed; memory stalls show only in a text of millions of words.

Times are the shortest of several, because other load on the machine can only add to them.
"""

from __future__ import annotations

import argparse

from benchmarks import arguments
from benchmarks.report import Report
from benchmarks.training import breakdown
from benchmarks.training.loop import KINDS, Text
from benchmarks.training.step import TRIES, Limits, Shape, Step

PARTS = ("step", "run")

# Skip-gram and CBOW by negative sampling, noise words per pair, both by hierarchical softmax.
SHAPES = (Shape(6, 6), Shape(6, 6, True), Shape(1, 6), Shape(4, 12), Shape(6, 12, True))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    add, kinds = parser.add_argument, tuple(KINDS)
    add("--corpus", **arguments.OPTIONAL_CORPUS)
    add("--words", **arguments.NUMBER, default=1_000_000, help="training words (1000000)")
    add("--only", **arguments.choices(PARTS, "PART", "what to measure"))
    add("--variants", nargs="+", metavar="NAME", help="SIMD variants (default: all available)")
    add("--dims", **arguments.NUMBERS, default=[100, 300], help="vector sizes (100 300)")
    add("--shapes", type=_shape, nargs="+", default=SHAPES, metavar="NxM",
        help="input rows x output rows, with p pooled "
        f"({' '.join(map(str, SHAPES))})")  # fmt: skip
    add("--kinds", **arguments.choices(kinds, "KIND", "kinds of training"))
    add("--rounds", **arguments.NUMBER, default=5, help="timings per run (5)")


def _shape(text: str) -> Shape:
    n, _, m = text.removesuffix("p").partition("x")
    return Shape(arguments.positive(n), arguments.positive(m), text.endswith("p"))


def run(options: argparse.Namespace, report: Report) -> None:
    """Measure the step, then a run, and print a table for each."""
    if "run" in options.only:  # an unreadable text fails before anything is measured
        text = Text.read(options.corpus, options.words)
    variants = options.variants if "step" in options.only else options.variants[:1]
    limits = {}
    for variant in variants:
        limits[variant] = found = Limits.measured(variant)
        report.note(
            f"{variant}: {found.gflops:.1f} Gflop/s, loads {found.loads:.1f} GB/s, "
            f"stores {found.stores:.1f} GB/s"
        )
    if "step" in options.only:
        _steps(options, report, limits)
    if "run" in options.only:
        variant = options.variants[0]
        breakdown.table(text, variant, limits[variant].gflops, options, report)


def _steps(options: argparse.Namespace, report: Report, limits: dict[str, Limits]) -> None:
    table = []
    for variant, limit in limits.items():
        for dim in options.dims:
            for shape in options.shapes:
                n, m = shape.n, shape.m
                nanoseconds = Step(variant, dim, n, m, shape.pooled).nanoseconds()
                rate = 6 * shape.pairs * dim / nanoseconds
                loads, stores = (k * (n + m) * 4 * dim / nanoseconds for k in (2, 1))
                setup = {"vector_size": dim, "inputs": n, "outputs": m, "pooled": shape.pooled}
                figures = {"nanoseconds": nanoseconds, "gflops": rate}
                figures |= {"peak_gflops": limit.gflops, "loads_gb_per_second": loads}
                figures |= {"stores_gb_per_second": stores, "peak_loads": limit.loads}
                figures |= {"peak_stores": limit.stores}
                report.record(job="kernel", variant=variant, threads=1, **setup, **figures)
                fractions = (rate / limit.gflops, loads / limit.loads, stores / limit.stores)
                table.append(
                    (
                        *(variant, str(dim), str(shape), f"{nanoseconds:,.0f}", f"{rate:.1f}"),
                        *(f"{fraction:.0%}" for fraction in fractions),
                    )
                )
    peaks = "; ".join(
        f"{variant} {limit.gflops:.1f} Gflop/s, {limit.loads:.1f} and {limit.stores:.1f} GB/s"
        for variant, limit in limits.items()
    )
    report.table(
        "The dense step alone: fraction of the peak of multiply-adds, loads and stores",
        ("variant", "dim", "inputs x outputs", "ns", "Gflop/s", "FMA", "loads", "stores"),
        table,
        f"Shortest of {TRIES}, one thread, rows in cache; p: inputs pooled. Peaks: {peaks}.",
    )
