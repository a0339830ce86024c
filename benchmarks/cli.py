"""The command line of the benchmarks: one subcommand per module."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import Report

# Each module has a docstring, `add_arguments(parser)` and `run(options, report)`.
COMMANDS = {
    "compare": "training.compare",
    "instructions": "training.instructions",
    "kernels": "training.kernels",
    "sweep": "training.sweep",
    "scaling": "training.scaling",
    "plan": "training.plans",
    "objectives": "training.objectives",
    "pareto": "training.pareto",
    "matrix": "training.matrix",
    "corpora": "corpus.corpora",
    "vectors": "vectors.vectors",
    "ann": "vectors.ann",
    "classify": "sequence.classify",
    "memory": "sequence.memory",
    "trees": "sequence.trees",
}

_LISTING = """\
Run from a checkout, after `pip install '.[bench]'`. The benchmarks:

  python -m benchmarks compare --corpus FILE [--questions FILE] [--pairs FILE ...]
      w2v against gensim with the same settings, in turns: words/s, vocabulary, whole job, peak
      memory, accuracy, import time; all architectures and objectives with
      --architectures sg cbow --objectives ns hs, the speedup of two workers for each with --gains
  python -m benchmarks compare --quick
      takes about a minute, for every change: words/s of all kinds beside the last such run
  python -m benchmarks instructions
      instructions per center word under callgrind, in the step and in the loop, beside the last run
  python -m benchmarks kernels [--corpus FILE]
      a roofline: fractions of the measured peaks of multiply-adds, loads and stores; where the
      time of a training run goes
  python -m benchmarks sweep [--corpus FILE] [--picture FILE]
      words/s for every dimension from 16 to 512, window from 2 to 20 and number of noise words
  python -m benchmarks scaling [--corpus FILE] [--questions FILE] [--pairs FILE ...]
      one to many workers: words/s, efficiency, accuracy, and separate processes side by side
  python -m benchmarks plan [--corpus FILE]
      what w2v.plan says of memory and time, beside what then happens
  python -m benchmarks objectives --corpus FILE [--picture FILE]
      time per training word against vocabulary size: full softmax, hierarchical softmax and
      negative sampling, as a table and a plot
  python -m benchmarks pareto --corpus FILE --questions FILE --pairs FILE ... [--picture FILE]
      accuracy over CPU time for epochs, objectives, dimensions, windows, learning rates and noise
      words, input and combined vectors, beside gensim and fastText; which are on the front
  python -m benchmarks matrix [--quick]
      planted clusters found by every objective, at windows of 1 to 1,000, 2 to 50,000 words and 1
      to 20 noise words, beside gensim
  python -m benchmarks corpora --corpus FILE
      from text to ids: files, token lists, compressed files, raw prose, phrases, encoded files and
      memory, beside gensim and Python
  python -m benchmarks vectors
      queries to 400,000 word vectors, one at a time and in batches, beside gensim and SciPy;
      loading, saving and mapping files; analogy questions
  python -m benchmarks ann --corpus FILE
      an approximate index (usearch) against exact search: recall@10, queries/s, build time, size
  python -m benchmarks classify [--data FILE] [--corpus FILE]
      sentence classification: pretrained word vectors against random ones, with an LSTM, GRU, RNN
      or mean; the training loop beside a plain PyTorch loop
  python -m benchmarks memory [--picture FILE]
      recall of a symbol after 5 to 200 steps: plain RNN, GRU and LSTM (needs torch)
  python -m benchmarks trees
      Tree-LSTM on batches of trees against node by node (needs torch)
  python -m pytest benchmarks/bench_micro.py
      micro-benchmarks (pytest-benchmark): step, encoding, most_similar

`--help` after a command lists its options. With `--json FILE`, every measurement is also appended
to a JSON Lines file with machine, commit, versions and the command that repeats it. Without
`--corpus FILE`, the text is the docstrings of the installed Python packages, about a million words.
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=_LISTING,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, module_name in COMMANDS.items():
        module = importlib.import_module(f"benchmarks.{module_name}")
        command = commands.add_parser(name, description=module.__doc__)
        command.set_defaults(run=module.run, variants=None, max_variants=None)
        module.add_arguments(command)
        command.add_argument("--json", type=Path, metavar="FILE", help="append JSON Lines to FILE")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; without arguments, list the commands."""
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
    options.variants = options.variants or simd.available()[: options.max_variants]
    report = Report(options.json, arguments)
    try:
        options.run(options, report)
    except (OSError, ValueError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0
