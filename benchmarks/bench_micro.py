"""Micro-benchmarks: ``python -m pytest benchmarks/bench_micro.py``, not part of the test suite.

pytest-benchmark compares runs: ``--benchmark-autosave`` once, ``--benchmark-compare`` later.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.report import ROOT
from benchmarks.training.step import Step

# As in __main__.py: `python -m pytest` searches the checkout first.
sys.path[:] = [path for path in sys.path if Path(path).resolve() != ROOT]

from w2v import Corpus, KeyedVectors, simd  # noqa: E402

_WORDS = [f"word{i}" for i in range(50_000)]


@pytest.mark.parametrize("dim", [100, 300])
@pytest.mark.parametrize("variant", simd.available())
def test_step(benchmark: Any, variant: str, dim: int) -> None:
    """Time 128 calls with six inputs and six outputs."""
    step = Step(variant, dim, 6, 6)
    benchmark(step.run)
    step.check()


def test_encoding(benchmark: Any, tmp_path: Path) -> None:
    """Time a text of a million words, few of them frequent."""
    ranks = np.random.default_rng(1).zipf(1.2, 1_000_000) % len(_WORDS)
    path = tmp_path / "text.txt"
    lines = (" ".join(_WORDS[rank] for rank in line) for line in ranks.reshape(-1, 50))
    path.write_text("\n".join(lines), "utf-8")
    assert benchmark(Corpus, path).n_tokens == 1_000_000


def test_most_similar(benchmark: Any) -> None:
    """Time the ten nearest of 50,000 words in 100 dimensions."""
    vectors = np.random.default_rng(1).normal(size=(len(_WORDS), 100)).astype(np.float32)
    assert len(benchmark(KeyedVectors(_WORDS, vectors).most_similar, "word7")) == 10
