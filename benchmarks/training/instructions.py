"""Instructions per centre word, under callgrind: no machine's noise, no clock.

The dense step and the loop around it (reading, subsampling, windows, noise words, paths), one
worker, the first --words of the text, for each kind of training. The same build and text give the
same figures, to the last few digits, so that any change of code shows; a change of compiler does
too. An instruction is not a time: one that waits for memory counts as one that does not. Valgrind
knows no AVX-512, and avx512 is left out.
"""

from __future__ import annotations

import argparse
import re
import shutil
import tempfile
from pathlib import Path

from benchmarks import arguments
from benchmarks.history import FOLDER, History
from benchmarks.jobs import launch
from benchmarks.report import Report
from benchmarks.texts import first_words
from benchmarks.training.loop import KINDS

_UNKNOWN_TO_VALGRIND = "avx512"
# Counts while Worker.run does; making the next worker ends what was counted for the last one.
_OPTIONS = (
    *("--tool=callgrind", "--collect-atstart=no", "--toggle-collect=*_hogwild_6Worker_*run"),
    *("--dump-after=w2v_variant_step", "--compress-strings=no", "--compress-pos=no"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    add = parser.add_argument
    add("--corpus", **arguments.OPTIONAL_CORPUS)
    add("--words", **arguments.NUMBER, default=30_000, help="training words (30000)")
    add("--variants", nargs="+", metavar="NAME", help="SIMD variants (all but avx512)")
    add("--kinds", **arguments.choices(tuple(KINDS), "KIND", "kinds of training"))
    add("--dim", **arguments.NUMBER, default=100, help="vector size (100)")
    add("--history", **arguments.HISTORY)


def run(options: argparse.Namespace, report: Report) -> None:
    """Count for every variant and kind, and print them beside those of the last run."""
    if shutil.which("valgrind") is None:
        raise ValueError(
            "valgrind is not installed, and nothing else here counts instructions: install it with "
            "the system's package manager (apt-get install valgrind)"
        )
    variants = [name for name in options.variants if name != _UNKNOWN_TO_VALGRIND]
    if not variants:
        raise ValueError("--variants avx512: valgrind knows no AVX-512; choose another variant")
    values: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="w2v-benchmarks-") as folder:
        piece = first_words(options.corpus, options.words, folder)
        setup = {"benchmark": "instructions", "corpus": piece.name, "bytes": piece.stat().st_size}
        setup["vector_size"] = options.dim
        history = History(options.history or FOLDER / "instructions.jsonl", setup, report)
        history.last()  # a file that is none is told before anything is counted
        for variant in variants:
            for kind, counts in _count(variant, piece, folder, options, report).items():
                for part, per_centre in counts.items():
                    values[f"{variant}, {kind}: {part}"] = [per_centre]
    history.compare(
        f"Instructions per centre word, {options.dim} dimensions, the first words of {piece.name}",
        ",.1f",
        values,
        f"Runs are kept in {history.path}.",
    )


def _count(
    variant: str, piece: Path, folder: str, options: argparse.Namespace, report: Report
) -> dict[str, dict[str, float]]:
    """Run all kinds once, in one process; return the instructions of each one's parts."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        out = Path(place) / "callgrind"
        under = ("valgrind", *_OPTIONS, f"--callgrind-out-file={out}")
        runs = [{**KINDS[kind], "vector_size": options.dim} for kind in options.kinds]
        task = {"job": "instructions", "system": "w2v", "corpus": str(piece), "runs": runs}
        # A hash that changes from run to run would change what is counted, if by little.
        environment = {"W2V_SIMD": variant, "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"}
        ran = launch(task, place, under, **environment)
        parts = sorted(out.parent.glob("callgrind.*"), key=lambda path: int(path.suffix[1:]))
        counted = [found for found in map(read, parts) if found["total"]]
    if len(counted) != len(runs):
        raise RuntimeError(f"callgrind told of {len(counted)} runs, and there were {len(runs)}")
    if not all(found["step"] for found in counted):
        raise RuntimeError("callgrind saw no call of a w2v_step_*: was the module stripped?")
    report.note(f"{variant}: {ran['elapsed_seconds']:.0f} s")
    told = {}
    for kind, settings, found in zip(options.kinds, runs, counted, strict=True):
        step = found["step"] / ran["centres"]
        told[kind] = {"dense step": step, "loop": found["total"] / ran["centres"] - step}
        report.record(
            job="instructions",
            variant=variant,
            threads=1,
            corpus=piece.name,
            settings=settings,
            centres=ran["centres"],
            instructions=found,
        )
    return told


def read(path: Path) -> dict[str, int]:
    """Return how many instructions a callgrind file tells of: in all, and in calls of the step."""
    total = step = 0
    called = ""
    lines = iter(path.read_text("utf-8", "replace").splitlines())
    for line in lines:
        if line.startswith("totals:"):
            total = int(line.split()[1])
        elif line.startswith("cfn="):
            called = line.removeprefix("cfn=")
        elif line.startswith("calls="):
            # The next line: where the call stands, and what all of them cost.
            cost = int(next(lines).split()[1])
            if re.fullmatch(r"w2v_step_(?!scratch)\w+", called):
                step += cost
    return {"total": total, "step": step}
