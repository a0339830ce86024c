"""Instructions per center word, counted by callgrind, without the noise of a clock.

Counts the dense step and the loop around it (reading, subsampling, windows, noise words, paths),
for one worker, the first --words of the text and each kind of training. The same build and text
give the same counts to the last few digits, so that any change of code shows; so does a change of
compiler. Instructions are not time: one that waits for memory counts like any other. Valgrind does
not support AVX-512, so avx512 is left out.
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
# Counts during Worker.run; the creation of the next worker ends the counts of the last one.
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
    """Count for every variant and kind, and print the counts beside those of the last run."""
    if shutil.which("valgrind") is None:
        raise ValueError(
            "valgrind is not installed; install it with the package manager of the system "
            "(apt-get install valgrind)"
        )
    variants = [name for name in options.variants if name != _UNKNOWN_TO_VALGRIND]
    if not variants:
        raise ValueError(
            "--variants avx512: valgrind does not support AVX-512; choose another variant"
        )
    values: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="w2v-benchmarks-") as folder:
        piece = first_words(options.corpus, options.words, folder)
        setup = {"benchmark": "instructions", "corpus": piece.name, "bytes": piece.stat().st_size}
        setup["vector_size"] = options.dim
        history = History(options.history or FOLDER / "instructions.jsonl", setup, report)
        history.last()  # an invalid file fails before anything is counted
        for variant in variants:
            for kind, counts in _count(variant, piece, folder, options, report).items():
                for part, per_center in counts.items():
                    values[f"{variant}, {kind}: {part}"] = [per_center]
    history.compare(
        f"Instructions per center word, {options.dim} dimensions, the first words of {piece.name}",
        ",.1f",
        values,
        f"Runs are kept in {history.path}.",
    )


def _count(
    variant: str, piece: Path, folder: str, options: argparse.Namespace, report: Report
) -> dict[str, dict[str, float]]:
    """Run all kinds once, in one process; return the instructions of the parts of each."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        out = Path(place) / "callgrind"
        under = ("valgrind", *_OPTIONS, f"--callgrind-out-file={out}")
        runs = [{**KINDS[kind], "vector_size": options.dim} for kind in options.kinds]
        task = {"job": "instructions", "system": "w2v", "corpus": str(piece), "runs": runs}
        # A random hash seed would change the counts slightly.
        environment = {"W2V_SIMD": variant, "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"}
        ran = launch(task, place, under, **environment)
        parts = sorted(out.parent.glob("callgrind.*"), key=lambda path: int(path.suffix[1:]))
        counted = [found for found in map(read, parts) if found["total"]]
    if len(counted) != len(runs):
        raise RuntimeError(
            f"expected {len(runs)} runs in the callgrind output, found {len(counted)}"
        )
    if not all(found["step"] for found in counted):
        raise RuntimeError(
            "found no call of w2v_step_* in the callgrind output; was the module stripped?"
        )
    report.note(f"{variant}: {ran['elapsed_seconds']:.0f} s")
    per_center = {}
    for kind, settings, found in zip(options.kinds, runs, counted, strict=True):
        step = found["step"] / ran["centers"]
        per_center[kind] = {"dense step": step, "loop": found["total"] / ran["centers"] - step}
        report.record(
            job="instructions",
            variant=variant,
            threads=1,
            corpus=piece.name,
            settings=settings,
            centers=ran["centers"],
            instructions=found,
        )
    return per_center


def read(path: Path) -> dict[str, int]:
    """Return the instructions in a callgrind file: in total, and in calls of the step."""
    total = step = 0
    called = ""
    lines = iter(path.read_text("utf-8", "replace").splitlines())
    for line in lines:
        if line.startswith("totals:"):
            total = int(line.split()[1])
        elif line.startswith("cfn="):
            called = line.removeprefix("cfn=")
        elif line.startswith("calls="):
            # The next line: the location of the calls and their total cost.
            cost = int(next(lines).split()[1])
            if re.fullmatch(r"w2v_step_(?!scratch)\w+", called):
                step += cost
    return {"total": total, "step": step}
