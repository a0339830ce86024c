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
      --architectures sg cbow --objectives ns hs, what two workers gain with each with --gains
  python -m benchmarks compare --quick
      about a minute, for each change: words/s of all kinds beside those of the last such run
  python -m benchmarks instructions
      instructions per centre word under callgrind, in the step and in the loop, beside the last run
  python -m benchmarks kernels [--corpus FILE]
      a roofline: shares of the measured peaks of multiply-adds, loads and stores; where the time
      of a training run goes
  python -m benchmarks sweep [--corpus FILE] [--picture FILE]
      words/s at every dimension from 16 to 512, window from 2 to 20 and number of noise words
  python -m benchmarks scaling [--corpus FILE] [--questions FILE] [--pairs FILE ...]
      one to many workers: words/s, efficiency, accuracy, and separate processes side by side
  python -m benchmarks objectives --corpus FILE [--picture FILE]
      time per training word against vocabulary size: full softmax, hierarchical softmax and
      negative sampling, as a table and a picture
  python -m benchmarks corpora --corpus FILE
      from text to ids: files, token lists, compressed files, raw prose, phrases, encoded files and
      memory, beside gensim and Python
  python -m benchmarks vectors
      questions put to 400,000 word vectors, one at a time and in batches, beside gensim and SciPy;
      files loaded, saved and mapped; all analogy questions
  python -m benchmarks ann --corpus FILE
      an approximate index (usearch) against exact search: recall@10, queries/s, build time, size
  python -m benchmarks classify [--data FILE] [--corpus FILE]
      sentences sorted into classes: pretrained word vectors against random ones, LSTM, GRU, RNN and
      mean; the training loop beside a plain one of PyTorch's
  python -m benchmarks memory [--picture FILE]
      recall of a symbol after 5 to 200 steps: plain RNN, GRU and LSTM (needs torch)
  python -m benchmarks trees
      Tree-LSTM over batches of trees against one node after the other (needs torch)
  python -m pytest benchmarks/bench_micro.py
      micro-benchmarks (pytest-benchmark): step, encoding, most_similar

`--help` after a command tells its options. With `--json FILE` every figure is also appended to a
file of JSON lines, each with machine, commit, versions and the command that repeats it. Without
`--corpus FILE` the documentation that this Python carries is read, about a million words.
"""


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number from 1 up")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number from 0 up")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number above 0")
    return seconds


def _shape(text: str) -> Any:
    from benchmarks.step import Shape

    n, _, m = text.removesuffix("p").partition("x")
    return Shape(_positive(n), _positive(m), text.endswith("p"))


def _parser() -> argparse.ArgumentParser:
    # Not before it is known that w2v can be imported.
    from benchmarks import (
        ann,
        classify,
        compare,
        corpora,
        instructions,
        kernels,
        memory,
        objectives,
        quick,
        scaling,
        sweep,
        trees,
        vectors,
    )
    from benchmarks.loop import KINDS

    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=_LISTING,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    number: dict[str, Any] = {"type": _positive, "metavar": "N"}
    numbers = {**number, "nargs": "+"}

    kinds = tuple(KINDS)
    text: dict[str, Any] = {"type": Path, "metavar": "FILE"}
    optional = {**text, "help": "text file, one sentence a line (the documentation in this Python)"}
    kept = {**text, "help": "where runs are kept, and the last one found (in .benchmarks/)"}

    command = commands.add_parser("compare", description=compare.__doc__)
    add = command.add_argument
    add("--corpus", **text, help="text file, one sentence a line")
    add("--quick", action="store_true",
        help="about a minute: w2v's speeds beside those of the last quick run, gensim once; "
        "--corpus, --systems, --variants, --rounds and --history are heeded")  # fmt: skip
    add("--history", **kept)
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
    add("--gains", action="store_true",
        help="what more workers gain with each kind and dimension")  # fmt: skip
    command.set_defaults(run=compare.run, run_quickly=quick.run, most_variants=2)

    command = commands.add_parser("corpora", description=corpora.__doc__)
    add = command.add_argument
    add("--corpus", type=Path, required=True, metavar="FILE", help="text file, one sentence a line")
    add("--only", nargs="+", choices=corpora.PARTS, default=corpora.PARTS, metavar="PART",
        help=f"what to measure ({' '.join(corpora.PARTS)})")  # fmt: skip
    add("--rounds", **number, default=3, help="how often each is timed (3)")
    add("--workers", **number, default=2, help="of reading with several (2)")
    add("--tokens", **number, default=100_000_000, help="of the encoded file (100000000)")
    add("--bytes", **number, default=1_000_000_000,
        help="of the text that is encoded in little memory (1000000000)")  # fmt: skip
    add("--folder", **text, help="where large files are made for a while (that of the system)")
    command.set_defaults(run=corpora.run, variants=None, most_variants=None)

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

    command = commands.add_parser("ann", description=ann.__doc__)
    add = command.add_argument
    add("--corpus", **text, help="text file, one sentence a line, to train vectors on")
    add("--vectors", **text, help="vectors that KeyedVectors.save() wrote, instead")
    add("--dim", **number, default=100, help="vector size (100)")
    add("--epochs", **number, default=2, help="of training (2)")
    add("--queries", **number, default=2000, help="how many words are asked for (2000)")
    command.set_defaults(run=ann.run, variants=None, most_variants=None)

    command = commands.add_parser("classify", description=classify.__doc__)
    add = command.add_argument
    add("--data", **text, help="label<TAB>text, one a line (sentences of the documentation)")
    add("--corpus", **text, help="text file, one sentence a line, to learn vectors from besides")
    add("--vectors", **text, help="word vectors, in place of learning them")
    add("--only", nargs="+", choices=classify.PARTS, default=classify.PARTS, metavar="PART",
        help=f"what to measure ({' '.join(classify.PARTS)})")  # fmt: skip
    add("--cells", nargs="+", choices=classify.CELLS, default=classify.CELLS, metavar="CELL",
        help=f"({' '.join(classify.CELLS)})")  # fmt: skip
    add("--sentences", **number, default=2000, help="to learn from, and to be asked (2000)")
    add("--seeds", **numbers, default=[1, 2, 3, 4, 5], help="(1 2 3 4 5)")
    add("--dim", **number, default=100, help="vector size (100)")
    add("--words", **number, default=20_000, help="vectors where speed is measured (20000)")
    add("--rounds", **number, default=3, help="how often speed is timed (3)")
    command.set_defaults(run=classify.run, variants=None, most_variants=None)

    command = commands.add_parser("kernels", description=kernels.__doc__)
    add = command.add_argument
    add("--corpus", **optional)
    add("--words", **number, default=1_000_000, help="how many are trained on (1000000)")
    add("--only", nargs="+", choices=kernels.PARTS, default=kernels.PARTS, metavar="PART",
        help=f"what to measure ({' '.join(kernels.PARTS)})")  # fmt: skip
    add("--variants", nargs="+", metavar="NAME", help="SIMD variants (all the machine has)")
    add("--dims", **numbers, default=[100, 300], help="vector sizes (100 300)")
    add("--shapes", type=_shape, nargs="+", default=kernels.SHAPES, metavar="NxM",
        help="input rows x output rows, with p pooled "
        f"({' '.join(map(str, kernels.SHAPES))})")  # fmt: skip
    add("--kinds", nargs="+", choices=kinds, default=kinds, metavar="KIND",
        help=f"runs ({' '.join(kinds)})")  # fmt: skip
    add("--rounds", **number, default=5, help="how often each run is timed (5)")
    command.set_defaults(run=kernels.run, most_variants=None)

    command = commands.add_parser("sweep", description=sweep.__doc__)
    add = command.add_argument
    add("--corpus", **optional)
    add("--words", **number, default=200_000, help="how many are trained on (200000)")
    add("--over", nargs="+", choices=tuple(sweep.AXES), default=tuple(sweep.AXES), metavar="AXIS",
        help=f"what to sweep ({' '.join(sweep.AXES)})")  # fmt: skip
    add("--kind", choices=kinds, default=kinds[0], help=f"({kinds[0]})")
    add("--variants", nargs="+", metavar="NAME", help="SIMD variants (the machine's best)")
    add("--step", **number, default=1, help="from one dimension to the next (1)")
    add("--rounds", **number, default=2, help="how often each is timed (2)")
    add("--picture", **text, help="draw the speeds, into a .png or .svg file")
    command.set_defaults(run=sweep.run, most_variants=1)

    command = commands.add_parser("instructions", description=instructions.__doc__)
    add = command.add_argument
    add("--corpus", **optional)
    add("--words", **number, default=30_000, help="how many are trained on (30000)")
    add("--variants", nargs="+", metavar="NAME", help="SIMD variants (all but avx512)")
    add("--kinds", nargs="+", choices=kinds, default=kinds, metavar="KIND",
        help=f"runs ({' '.join(kinds)})")  # fmt: skip
    add("--dim", **number, default=100, help="vector size (100)")
    add("--history", **kept)
    command.set_defaults(run=instructions.run, most_variants=None)

    command = commands.add_parser("scaling", description=scaling.__doc__)
    add = command.add_argument
    add("--corpus", **optional)
    add("--questions", **text, help="analogies, four words a line")
    add("--pairs", **text, nargs="+", default=[], help="word pairs with human similarity")
    add("--workers", **numbers, help="threads (1 up to the number of processors)")
    add("--kinds", nargs="+", choices=kinds, default=kinds, metavar="KIND",
        help=f"runs ({' '.join(kinds)})")  # fmt: skip
    add("--dims", **numbers, default=[100], help="vector sizes (100)")
    add("--epochs", **number, default=5, help="epochs of each run (5)")
    add("--seeds", **numbers, default=[1, 2, 3], help="one run each (1 2 3)")
    add("--max-final-vocab", **number, help="keep so many words at most (all)")
    add("--replicated-rows", type=_count, metavar="N",
        help="private rows of each worker; 0: none, plain Hogwild (chosen by w2v)")  # fmt: skip
    command.set_defaults(run=scaling.run, variants=None, most_variants=None)

    command = commands.add_parser("vectors", description=vectors.__doc__)
    add = command.add_argument
    add("--only", nargs="+", choices=vectors.PARTS, default=vectors.PARTS, metavar="PART",
        help=f"what to measure ({' '.join(vectors.PARTS)})")  # fmt: skip
    add("--words", **number, default=400_000, help="how many vectors (400000)")
    add("--dim", **number, default=300, help="vector size (300)")
    add("--batch", **number, default=1000, help="words asked at once (1000)")
    add("--rounds", **number, default=3, help="how often each is timed (3)")
    add("--vectors", **text,
        help="what KeyedVectors.save() wrote, for analogies (30,000 random words)")  # fmt: skip
    add("--questions", **text, help="analogies, four words a line (19,544 random ones)")
    command.set_defaults(run=vectors.run, variants=None, most_variants=None)

    command = commands.add_parser("memory", description=memory.__doc__)
    add = command.add_argument
    add("--lags", **numbers, default=memory.LAGS, help="steps (5 10 20 50 100 200)")
    add("--starts", nargs="+", choices=memory.STARTS, default=memory.STARTS, metavar="START",
        help="made ready for long memories (long), or as PyTorch leaves it (torch)")  # fmt: skip
    add("--hidden", **number, default=32, help="hidden units (32)")
    add("--updates", **number, default=500, help="of training, at most (500)")
    add("--seeds", **numbers, default=[1], help="one network each (1)")
    add("--workers", **number, default=2, help="threads, a network each (2)")
    add("--picture", type=Path, metavar="FILE", help="draw it, into a .png or .svg file")
    command.set_defaults(run=memory.run, variants=None, most_variants=None)

    command = commands.add_parser("trees", description=trees.__doc__)
    add = command.add_argument
    add("--trees", **number, default=25, help="in a batch (25)")
    add("--words", **number, default=20, help="of a tree (20)")
    add("--dim", **number, default=100, help="of word vectors and hidden states (100)")
    add("--rounds", **number, default=5, help="how often each is timed (5)")
    command.set_defaults(run=trees.run, variants=None, most_variants=None)

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
    if "quick" in options:
        if options.quick:
            options.run = options.run_quickly
        elif options.corpus is None:
            parser.error("compare: expected --corpus FILE, or --quick, which has a text of its own")
    report = Report(options.json, arguments)
    try:
        options.run(options, report)
    except (OSError, ValueError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0
