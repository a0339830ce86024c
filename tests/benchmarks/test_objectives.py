"""Time against vocabulary size, for each objective."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from benchmark_helpers import (
    benchmarks,
    lines_of,
    module,
    written,
)

from w2v import simd

pytestmark = pytest.mark.thorough  # each test runs whole programs

NAMES = ("full softmax", "hierarchical softmax", "negative sampling")


def test_objectives_measures_every_size(tmp_path):
    # Words of one count are cut anywhere. The first line and the empty one have nothing to predict.
    lines = ["seldom", "", *(f"a b c d e {i}" for i in range(9)), "b a c a"]
    corpus = written(tmp_path, "\n".join(lines))
    results = tmp_path / "results.jsonl"
    ran = benchmarks(
        *("objectives", "--corpus", corpus, "--sizes", 4, 99, 7, "--seconds", 0.001),
        *("--rounds", 2, "--json", results),
    )
    assert ran.returncode == 0, ran.stderr
    *found, _, last = lines_of(results)
    assert [line["n_words"] for line in found] == [4, 7] * 2
    # Counts 11, 10, 10, 9: two bits each. With 9, 1 and 1 more: 134 bits for 51 words.
    assert [line["mean_path"] for line in found] == [2.0, pytest.approx(134 / 51)] * 2
    for line in found:
        assert line["settings"]["workers"] == line["threads"] == 1
        assert line["variant"] in simd.available()
        for name in NAMES:
            ran = line["runs"][name]
            assert ran["seconds"] > 0
            # Whole windows or narrower ones: each word predicts from one to all of its neighbors.
            assert ran["words"] < ran["predictions"] < ran["words"] * line["n_words"]
    both = [line["runs"]["full softmax"] for line in found[1::2]]
    values = [1e6 * ran["seconds"] / ran["words"] for ran in both]
    assert last["values"]["full softmax"] == values
    assert last["figures"]["full softmax"] == pytest.approx(sum(values) / 2)


def clocks() -> Callable[..., dict]:
    """Return what stands in for processes that measure: three rounds whose numbers are chosen."""
    times = iter([(9.0, 0.012, 0.006), (8.0, 0.006, 0.002), (30.0, 0.015, 0.001),
                  (8.0, 0.006, 0.002), (36.0, 0.9, 0.009), (8.0, 0.006, 0.002)])  # fmt: skip

    def launch(task: dict, folder: str, **environment: str) -> dict:
        assert environment["OPENBLAS_NUM_THREADS"] == "1"
        runs = [{"seconds": s, "words": 20_000, "predictions": 1} for s in next(times)]
        runs = dict(zip(NAMES, runs, strict=True))
        return {"runs": runs, "mean_path": 1.25, "variant": "none", "elapsed_seconds": 1.0}

    return launch


@pytest.mark.parametrize("picture", [None, "times.svg", "times.png"])
def test_objectives_tells_medians_and_draws_them(tmp_path, capsys, monkeypatch, picture):
    corpus = written(tmp_path, "a b c\n")
    arguments = ["objectives", "--corpus", str(corpus), "--sizes", "2", "3"]
    files = []
    if picture is not None:
        pytest.importorskip("matplotlib")
        files = [tmp_path / f"{i}{picture}" for i in range(2)]
    for file in files or [None]:
        monkeypatch.setattr(module("training.objectives"), "launch", clocks())
        draw = [] if file is None else ["--picture", str(file)]
        assert module("cli").main(arguments + draw) == 0
        rows = [row.split("  ") for row in capsys.readouterr().out.splitlines()[4:6]]
        assert [[cell.strip() for cell in row if cell] for row in rows] == [
            ["2", "1,500 (5,000x)", "0.750 (2.50x)", "0.300", "1.2"],
            ["3", "400 (4,000x)", "0.300 (3.00x)", "0.100", "1.2"],
        ]
    for file in files:
        drawn = file.read_bytes()
        assert drawn[:5] in (b"<?xml", b"\x89PNG\r")
        assert len(drawn) < 100_000
        assert drawn == files[0].read_bytes()  # a picture in a repository changes with its figures
