"""The command line of the benchmarks."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.report import Report

_LISTING = """\
Run from a checkout, after `pip install '.[bench]'`. What can be measured:

  python -m benchmarks compare --corpus FILE [--questions FILE] [--pairs FILE ...]
      w2v against gensim, same settings, same run, taking turns: words/s, vocabulary, whole job,
      peak memory, accuracy, time to import; all architectures and objectives with
      --architectures sg cbow --objectives ns hs
  python -m benchmarks objectives --corpus FILE [--picture FILE]
      time per training word against vocabulary size: full softmax, hierarchical softmax and
      negative sampling, as a table and a picture
  python -m benchmarks kernels
      the dense step alone, per SIMD variant and dimension, against the measured FMA peak
  python -m pytest benchmarks/bench_micro.py
      micro-benchmarks (pytest-benchmark): step, encoding, most_similar

`--help` after a command tells its options. With `--json FILE` every figure is also appended to a
file of JSON lines, each with machine, commit, versions and the command that repeats it.
"""


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number from 1 up")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number above 0")
    return seconds


def _shape(text: str) -> tuple[int, int]:
    n, _, m = text.partition("x")
    return _positive(n), _positive(m)


def _parser() -> argparse.ArgumentParser:
    from benchmarks import (
        compare,
        kernels,
        objectives,
    )  # not before it is known that w2v can be imported

    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=_LISTING,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    number: dict[str, Any] = {"type": _positive, "metavar": "N"}
    numbers = {**number, "nargs": "+"}

    command = commands.add_parser("compare", description=compare.__doc__)
    add = command.add_argument
    add("--corpus", type=Path, required=True, metavar="FILE", help="text file, one sentence a line")
    add("--questions", type=Path, metavar="FILE", help="analogies, four words a line")
    add("--pairs", type=Path, nargs="+", default=[], metavar="FILE",
        help="word pairs with human similarity")  # fmt: skip
    add("--only", nargs="+", choices=compare.PARTS, default=compare.PARTS, metavar="PART",
        help=f"what to measure ({' '.join(compare.PARTS)})")  # fmt: skip
    add("--systems", nargs="+", choices=compare.SYSTEMS, default=compare.SYSTEMS, metavar="NAME",
        help=f"what to compare ({' '.join(compare.SYSTEMS)})")  # fmt: skip
    add("--architectures", nargs="+", choices=compare.ARCHITECTURES, default=["sg"],
        metavar="NAME", help="skip-gram (sg), cbow, or both (sg)")  # fmt: skip
    add("--objectives", nargs="+", choices=compare.OBJECTIVES, default=["ns"], metavar="NAME",
        help="negative sampling (ns), hierarchical softmax (hs), or both (ns)")  # fmt: skip
    add("--defaults", action="store_true",
        help="whole jobs of CBOW also at each system's own defaults")  # fmt: skip
    add("--dims", **numbers, default=[100, 300], help="vector sizes (100 300)")
    add("--workers", **numbers, default=[1, 2], help="threads (1 2)")
    add("--job-workers", **number, help="threads of whole jobs (the most of --workers)")
    add("--variants", nargs="+", metavar="NAME", help="SIMD variants (the machine's two best)")
    add("--noise", nargs="+", choices=compare.NOISE, default=compare.NOISE, metavar="PER",
        help="w2v draws noise words per centre (shared) or pair (centre pair)")  # fmt: skip
    add("--rounds", **number, default=3, help="how often each is timed (3)")
    add("--speed-epochs", **number, default=1, help="epochs where words/s are measured (1)")
    add("--epochs", **number, default=5, help="epochs of whole jobs, for accuracy too (5)")
    add("--seeds", **numbers, default=[1, 2, 3], help="one whole job each (1 2 3)")
    command.set_defaults(run=compare.run, most_variants=2)

    command = commands.add_parser("objectives", description=objectives.__doc__)
    add = command.add_argument
    add("--corpus", type=Path, required=True, metavar="FILE", help="text file, one sentence a line")
    add(
        "--sizes",
        **numbers,
        default=objectives.SIZES,
        help="vocabulary sizes, as far as the text has so many different words (1000 ... 200000)",
    )
    add("--seconds", type=_seconds, default=2.0, metavar="S", help="what a measurement takes (2)")
    add("--rounds", **number, default=3, help="how often each is timed (3)")
    add("--picture", type=Path, metavar="FILE", help="draw the times, into a .png or .svg file")
    command.set_defaults(run=objectives.run, variants=None, most_variants=None)

    command = commands.add_parser("kernels", description=kernels.__doc__)
    add = command.add_argument
    add("--variants", nargs="+", metavar="NAME", help="SIMD variants (all the machine has)")
    add("--dims", **numbers, default=[16, 50, 100, 128, 200, 300, 512], help="vector sizes")
    add("--shapes", type=_shape, nargs="+", default=[(6, 6), (1, 6), (10, 6), (6, 11)],
        metavar="NxM", help="input rows x output rows (6x6 1x6 10x6 6x11)")  # fmt: skip
    command.set_defaults(run=kernels.run, most_variants=None)

    for command in commands.choices.values():
        command.add_argument("--json", type=Path, metavar="FILE", help="append JSON lines to it")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; without any, list them."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments:
        print(_LISTING, end="")
        return 0
    try:
        from w2v import simd
    except ImportError as error:
        print(f"error: {error}; run pip install '.[bench]' in the checkout", file=sys.stderr)
        return 1
    parser = _parser()
    options = parser.parse_args(arguments)
    for name in options.variants or ():
        if name not in simd.available():
            parser.error(f"--variants {name}: this machine has {', '.join(simd.available())}")
    options.variants = options.variants or simd.available()[: options.most_variants]
    report = Report(options.json, arguments)
    try:
        options.run(options, report)
    except (OSError, ValueError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0
