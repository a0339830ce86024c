"""w2v against gensim: same text, same settings, same run, in turns, each in its own process.

Both train with window 5, 5 noise words or a Huffman tree, sample 1e-3, min_count 5 and a learning
rate of 0.025; w2v trains CBOW with the same gradient as gensim (cbow_gradient="classic"). Words/s
are measured with the first of --dims, --workers, --variants, --noise, --architectures and
--objectives, and then with each of the others instead of the first; architectures and objectives in
all combinations, also for whole jobs. With --gains, the speedup of w2v by more workers is measured
for each kind and dimension.

If several gensim workers share a file, each lowers its learning rate within an epoch according to
its own part of the text; --job-workers 1 compares accuracy without that.
"""

from __future__ import annotations

import argparse
import tempfile

from benchmarks import arguments
from benchmarks.report import Report, version
from benchmarks.training import quick
from benchmarks.training.comparison import ARCHITECTURES, NOISE, OBJECTIVES, SYSTEMS, Comparison

PARTS = ("speed", "vocab", "iterable", "job", "accuracy", "import")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    add, number, numbers = parser.add_argument, arguments.NUMBER, arguments.NUMBERS
    parser.set_defaults(max_variants=2)
    add("--corpus", **arguments.CORPUS)
    add("--quick", action="store_true",
        help="takes about a minute: w2v speeds beside those of the last quick run, gensim once; "
        "only --corpus, --systems, --variants, --rounds and --history apply")  # fmt: skip
    add("--history", **arguments.HISTORY)
    add("--questions", **arguments.QUESTIONS)
    add("--pairs", **arguments.PAIRS)
    add("--only", **arguments.choices(PARTS, "PART", "what to measure"))
    add("--systems", **arguments.choices(SYSTEMS, "NAME", "what to compare"))
    add("--architectures", nargs="+", choices=ARCHITECTURES, default=["sg"],
        metavar="NAME", help="skip-gram (sg), cbow, or both (sg)")  # fmt: skip
    add("--objectives", nargs="+", choices=OBJECTIVES, default=["ns"], metavar="NAME",
        help="negative sampling (ns), hierarchical softmax (hs), or both (ns)")  # fmt: skip
    add("--defaults", action="store_true",
        help="run whole CBOW jobs also with each system's own defaults")  # fmt: skip
    add("--dims", **numbers, default=[100, 300], help="vector sizes (100 300)")
    add("--workers", **numbers, default=[1, 2], help="training threads (1 2)")
    add("--job-workers", **number, help="training threads of whole jobs (largest of --workers)")
    add("--variants", nargs="+", metavar="NAME", help="SIMD variants (the machine's two best)")
    add("--noise", nargs="+", choices=NOISE, default=NOISE, metavar="PER",
        help="w2v draws noise words per center (shared) or per pair (center pair)")  # fmt: skip
    add("--rounds", **number, default=3, help="timings per setting (3)")
    add("--speed-epochs", **number, default=1, help="epochs per timing of words/s (1)")
    add("--epochs", **number, default=5, help="epochs of whole jobs, also for accuracy (5)")
    add("--seeds", **numbers, default=[1, 2, 3], help="one whole job per seed (1 2 3)")
    add("--gains", action="store_true",
        help="measure the speedup by more workers for each kind and dimension")  # fmt: skip


def run(options: argparse.Namespace, report: Report) -> None:
    """Measure the chosen parts and print one table."""
    if options.quick:
        quick.run(options, report)
        return
    if options.corpus is None:
        raise ValueError("compare needs --corpus FILE, or --quick, which brings its own text")
    if "gensim" in options.systems and version("gensim") is None:
        raise ValueError(
            "gensim is not installed; run pip install '.[bench]', or measure w2v alone with "
            "--systems w2v"
        )
    tests = (options.questions, *options.pairs)
    if list(options.only) == ["accuracy"] and not any(tests):
        raise ValueError("--only accuracy needs --questions, --pairs or both")
    if options.defaults and "cbow" not in options.architectures:
        raise ValueError("--defaults applies only to CBOW; add --architectures cbow")
    for path in filter(None, (options.corpus, *tests)):
        with open(path, "rb") as file:  # a missing file fails now, and every run finds it cached
            while file.read(1 << 24):
                pass
    with tempfile.TemporaryDirectory(prefix="w2v-benchmarks-") as folder:
        comparison = Comparison(options, report, folder)
        if "speed" in options.only:
            comparison.speed()
        for part in ("vocab", "iterable"):
            if part in options.only:
                comparison.reading(part)
        if "job" in options.only or "accuracy" in options.only:
            comparison.jobs()
        if "import" in options.only:
            comparison.importing()
    report.table(
        f"w2v and gensim on {options.corpus.name}",
        ("", "w2v", "gensim", "w2v better by"),
        comparison.rows,
        "Medians over rounds (whole jobs: over seeds), with the range in parentheses.",
    )
