"""``compare --quick``: takes about a minute, for every change; compares with the last such run.

The speed of one worker is per second of processor time, without what other programs take of it.
Several workers run at once, so their speed and speedup are by the clock and mean little on a busy
machine. The figure is the best of a few rounds, not the median, because other load makes a short
run slower, never faster.
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
    "noise": ["center", "pair"],
    "gains": True,
    "speed_epochs": 1,
}


def run(options: argparse.Namespace, report: Report) -> None:
    """Measure words/s of w2v on the first words of a text, and of gensim once."""
    with tempfile.TemporaryDirectory(prefix="w2v-benchmarks-") as folder:
        piece = first_words(options.corpus, _WORDS, folder)
        chosen = argparse.Namespace(**{**vars(options), **_SETTINGS, "corpus": piece})
        chosen.systems = ["w2v"]
        same = {"benchmark": "quick", "corpus": piece.name, "bytes": piece.stat().st_size}
        history = History(options.history or FOLDER / "quick.jsonl", same, report)
        history.last()  # an invalid file fails before anything is measured
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
            report.note("gensim is not installed and is left out; run pip install '.[bench]'")
        elif "gensim" in options.systems:
            base = comparison.base
            gensim = comparison.measure("speed", "gensim", base)["words_per_second"] / 1e6
            values[f"M words/s: {base.of('gensim')}, gensim, once"] = [gensim]
            values["w2v against gensim"] = [max(speeds[base]) / gensim]
    history.compare(
        f"w2v on the first words of {piece.name}, beside the last run",
        ".3f",
        values,
        f"Best of {options.rounds} rounds, with the range in parentheses; *: the ranges of the two "
        f"runs do not overlap. Runs are saved in {history.path}.",
        best=True,
    )
