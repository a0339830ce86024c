"""Shared by the tests of benchmarks/: its modules, small texts, and a runner of its command line.

Importing this makes benchmarks/ of the checkout importable, and nothing else of the checkout.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import random
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "benchmarks"

# Royal, male, female, fruit. The last row is the exact offset, in a spelling that is rarer.
WORDS = ["man", "woman", "king", "queen", "apple", "QUEEN"]
VECTORS = np.array(
    [
        [0, 3, 0, 0],
        [0, 0, 2, 0],
        [1, 1, 0, 0],
        [1, 0, 1, 0],
        [0, 0, 0, 5],
        [0.7071, -0.2929, 1, 0],
    ],
    np.float32,
)
QUESTIONS = """: family
Man Woman King Queen
woman man queen king

man woman king emperor
: other
man woman king apple
man king man king
"""

if "benchmarks" not in sys.modules:
    spec = importlib.util.spec_from_file_location(
        "benchmarks", FOLDER / "__init__.py", submodule_search_locations=[str(FOLDER)]
    )
    assert spec is not None
    sys.modules["benchmarks"] = importlib.util.module_from_spec(spec)


def module(name: str) -> ModuleType:
    return importlib.import_module(f"benchmarks.{name}")


def written(folder: Path, text: str, name: str = "test.txt") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def benchmarks(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run as a user does: from the checkout, where the source folder must not be imported."""
    command = [sys.executable, "-m", "benchmarks", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def lines_of(path: Path) -> list[dict]:
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for line in lines:
        assert {"cpu", "cores"} <= line["machine"].keys()
        assert {"commit", "dirty", "versions", "time"} <= line.keys()
        assert line["command"].startswith("python -m benchmarks ")
    return lines


def court(folder: Path) -> Path:
    """Write a text of 2,000 words that are frequent, and two that are not."""
    rng = random.Random(1)
    words = ["man", "woman", "king", "queen", "apple"]
    text = "".join(" ".join(rng.choices(words, k=20)) + "\n" for _ in range(100))
    return written(folder, text + "rare words\n", "corpus.txt")
