"""``compare --quick``: about a minute, to be run on each change, beside the last such run.

One worker's speed is told per second of processor time, without what other programs take of it.
Several workers have to run at once, and their speed and gain are by the clock: on a machine that
does other work they mean little. The best of few rounds is told, not the median, because what else
the machine does makes a short run slower, never faster.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from typing import Any

from benchmarks.history import FOLDER, History
from benchmarks.report import Report, version
from benchmarks.texts import first_words
from benchmarks.training.comparison import Comparison

_WORDS = 1_500_000
_SETTINGS: dict[str, Any] = {
    "architectures": ["sg", "cbow"],
    "objectives": ["ns", "hs"],
    "dims": [100, 300],
    "workers": [1, 2],
    "noise": ["centre", "pair"],
    "gains": True,
    "speed_epochs": 1,
}


def run(options: argparse.Namespace, report: Report) -> None:
    """Measure words a second of w2v on a piece of text, and of gensim once."""
    with tempfile.TemporaryDirectory(prefix="w2v-benchmarks-") as folder:
        piece = first_words(options.corpus, _WORDS, folder)
        chosen = argparse.Namespace(**{**vars(options), **_SETTINGS, "corpus": piece})
        chosen.systems = ["w2v"]
        same = {"benchmark": "quick", "corpus": piece.name, "bytes": piece.stat().st_size}
        history = History(options.history or FOLDER / "quick.jsonl", same, report)
        history.last()  # a file that is none is told before anything is measured
        comparison = Comparison(chosen, report, folder)
        comparison.speed()
        speeds = comparison.speeds
        values = {
            f"M words/CPU s: {setup}": found
            for setup, found in comparison.cpu_speeds.items()
            if setup.workers == 1
        }
        for setup, found in speeds.items():
            if setup.workers > 1:
                one = replace(setup, workers=1)
                kind = f"{setup.architecture}-{setup.objective}, {setup.vector_size}d"
                values[f"M words/s: {setup}"] = found
                name = f"{setup.workers} workers against one: {kind}"
                values[name] = [max(found) / max(speeds[one])]
        if "gensim" in options.systems and version("gensim") is None:
            report.note("gensim is not installed, and left out: pip install '.[bench]'")
        elif "gensim" in options.systems:
            base = comparison.base
            gensim = comparison.measure("speed", "gensim", base)["words_per_second"] / 1e6
            values[f"M words/s: {base.of('gensim')}, gensim, once"] = [gensim]
            values["w2v against gensim"] = [max(speeds[base]) / gensim]
    history.compare(
        f"w2v on the first words of {piece.name}, beside the last run",
        ".3f",
        values,
        f"The best of {options.rounds} rounds, the least and the most in brackets; * where the "
        f"ranges of the two runs do not meet. Runs are kept in {history.path}.",
        best=True,
    )
