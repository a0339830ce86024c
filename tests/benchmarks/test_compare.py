"""w2v against gensim: what a comparison measures and records."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from benchmark_helpers import (
    QUESTIONS,
    benchmarks,
    court,
    lines_of,
    module,
    written,
)

from w2v import simd

pytestmark = pytest.mark.thorough  # each test runs whole programs


def test_compare_measures_and_records_every_part(tmp_path):
    corpus = court(tmp_path)
    questions = written(tmp_path, QUESTIONS, "questions.txt")
    pairs = written(tmp_path, "man woman 9\nking queen 8\nman apple 1\n", "pairs.txt")
    results = tmp_path / "results.jsonl"
    best = simd.available()[0]
    ran = benchmarks(
        *("compare", "--systems", "w2v", "--corpus", corpus, "--questions", questions),
        *("--pairs", pairs, "--variants", best, "--dims", 16, 20, "--epochs", 2, "--rounds", 1),
        *("--seeds", 1, 2, "--json", results),
    )
    assert ran.returncode == 0, ran.stderr
    lines = lines_of(results)

    speeds = [line for line in lines if line.get("job") == "speed"]
    told = [
        (line["settings"]["vector_size"], line["threads"], line["settings"]["shared_negatives"])
        for line in speeds
    ]
    assert told == [(16, 1, True), (16, 1, False), (20, 1, True), (16, 2, True)]
    for line in speeds:
        assert line["variant"] == best
        assert line["words"] == 2000  # the rare ones are not in the vocabulary
        assert line["words_per_second"] == pytest.approx(2000 / line["seconds"])
        assert line["cpu_seconds"] > 0
        assert line["elapsed_seconds"] > line["seconds"] > 0
    jobs = [line for line in lines if line.get("job") == "job"]
    assert [line["settings"]["seed"] for line in jobs] == [1, 2]
    assert all(line["vocabulary"] == 5 and line["threads"] == 2 for line in jobs)

    scores = [line for line in lines if line.get("job") == "accuracy"]
    assert [(line["test"], line["asked"]) for line in scores] == [
        ("analogies", 4),
        ("pairs", 3),
    ] * 2

    rows = {line["row"]: line for line in lines if "row" in line}
    assert len(rows) == len(speeds) + 8
    for start in ("M words/s: sg-ns, 16d, 1 worker", "speed of 2 workers against 1", "s: whole job",
                  "s: vocabulary from text file", "s: vocabulary from token lists", "MiB: its peak",
                  "analogies", "pairs", "ms: import w2v"):  # fmt: skip
        (name,) = [name for name in rows if name.startswith(start)][:1]
        assert np.isfinite(rows[name]["figures"]["w2v"])
        assert name in ran.stdout
    assert len(rows["ms: import w2v beyond numpy"]["values"]["w2v"]) == 5
    assert len(next(r for n, r in rows.items() if n.startswith("pairs"))["values"]["w2v"]) == 2


# What all of the runs below have in common, for both systems.
COMMON = {"window": 5, "sample": 1e-3, "min_count": 5, "vector_size": 16, "epochs": 2}
RATES = {"alpha": 0.025, "min_alpha": 1e-4}
SAMPLING, TREE = {"hs": 0, "negative": 5}, {"hs": 1, "negative": 0}


@pytest.mark.parametrize("system", ["w2v", "gensim"])
def test_compare_measures_every_architecture_with_every_objective(tmp_path, system):
    if system == "gensim":
        pytest.importorskip("gensim")
    results = tmp_path / "results.jsonl"
    ran = benchmarks(
        *("compare", "--systems", system, "--corpus", court(tmp_path), "--only", "speed", "job"),
        *("--architectures", "cbow", "sg", "--objectives", "hs", "ns", "--defaults", "--dims", 16),
        *("--workers", 2, "--job-workers", 1, "--rounds", 1, "--seeds", 7, "--epochs", 2),
        *("--variants", "scalar", "--speed-epochs", 2, "--json", results),
    )
    assert ran.returncode == 0, ran.stderr
    lines = lines_of(results)

    kinds = [{"sg": sg, **objective} for sg in (0, 1) for objective in (TREE, SAMPLING)]
    own = {"cbow_gradient": "classic"} if system == "w2v" else {}
    shared = {"shared_negatives": True} if system == "w2v" else {}
    expected = [
        {**COMMON, **RATES, **kind, **({} if kind["sg"] else own), **shared} for kind in kinds
    ]
    for job, threads, seed in (("speed", 2, 1), ("job", 1, 7)):
        found = [line for line in lines if line.get("job") == job]
        settings = [line["settings"] for line in found]
        assert settings[:4] == [{**each, "workers": threads, "seed": seed} for each in expected]
        assert all(line["threads"] == threads for line in found)
        assert all(line["variant"] == ("scalar" if system == "w2v" else None) for line in found)
    # The defaults are each system's own: nothing is given that it chooses by itself.
    left = {"vector_size": 16, "workers": 1, "epochs": 2, "seed": 7, "sg": 0, **shared}
    assert settings[4:] == [{**left, **TREE}, {**left, "hs": 0}]

    rows = [line["row"] for line in lines if "row" in line]
    names = ["cbow-hs", "cbow-ns", "sg-hs", "sg-ns"]
    told = [row.removeprefix("M words/s: ") for row in rows if row.startswith("M words/s: ")]
    assert [row.split(", ")[:3] for row in told] == [[n, "16d", "2 workers"] for n in names]
    told = [row.split(", ", 2)[2] for row in rows if row.startswith("s: whole job, 2 epochs, ")]
    defaults = [f"{name}, own defaults" for name in names[:2]]
    assert [row.partition(", 16d, 1 worker")[0] for row in told] == names + defaults
    assert len(set(rows)) == len(rows)


@pytest.mark.parametrize(
    ("architectures", "expected"),
    [
        (("sg", "cbow"), [(1, False), (1, True), (0, True)]),
        (("cbow", "sg"), [(0, True), (1, False)]),
    ],
)
def test_noise_per_pair_is_measured_where_there_are_pairs(tmp_path, architectures, expected):
    results = tmp_path / "results.jsonl"
    arguments = [
        *("compare", "--systems", "w2v", "--corpus", str(court(tmp_path)), "--only", "speed"),
        *("--architectures", *architectures, "--noise", "pair", "center", "--variants", "scalar"),
        *("--dims", "16", "--workers", "1", "--rounds", "1", "--json", str(results)),
    ]
    assert module("cli").main(arguments) == 0
    lines = lines_of(results)
    settings = [line["settings"] for line in lines if "settings" in line]
    assert [(each["sg"], each["shared_negatives"]) for each in settings] == expected
    rows = [line["row"] for line in lines if "row" in line]
    assert len(rows) == len(set(rows)) == len(expected)


def test_differences_of_scores_that_are_nothing():
    compare = module("training.compare")
    comparison = compare.Comparison.__new__(compare.Comparison)
    comparison.rows, comparison.report = [], module("report").Report(None, [])
    comparison.row("analogies", {"w2v": [0.25], "gensim": [0.0]}, ".2f", mean=True)
    assert comparison.rows == [("analogies", "0.25", "0.00", "+0.25")]


def pretended(speeds: Callable[[dict], float]) -> Callable[..., dict]:
    """Return what stands in for processes: a job's speed is a function of its settings."""

    def launch(task: dict, folder: str, **environment: str) -> dict:
        speed = speeds({**task["settings"], "system": task["system"], **environment})
        # By the clock all is half as fast as by processor time.
        figures = {"words_per_second": speed * 1e6, "words": 1e6, "cpu_seconds": 0.5 / speed}
        return {**figures, "elapsed_seconds": 1.0}

    return launch


def test_quick_measures_all_kinds_and_tells_what_changed(tmp_path, capsys, monkeypatch):
    kept = tmp_path / "kept.jsonl"
    arguments = [
        *("compare", "--quick", "--corpus", str(court(tmp_path)), "--history", str(kept)),
        *("--variants", "scalar", "--rounds", "2"),
    ]
    comparison = module("training.comparison")
    monkeypatch.setattr(module("training.quick"), "version", lambda package: "9.9")
    asked = []

    def speeds(settings: dict) -> float:
        asked.append(settings)
        if settings["system"] == "gensim":
            return 0.5
        # Two workers are 1.5 times as fast; the first round is disturbed.
        return (2 + settings["workers"]) * settings["seed"]

    monkeypatch.setattr(comparison, "launch", pretended(speeds))
    assert module("cli").main(arguments) == 0
    (line,) = lines_of(kept)
    values = line["values"]
    base = "M words/CPU s: sg-ns, 100d, 1 worker, scalar, noise per center"
    assert values[base] == [6.0, 12.0]
    assert values["M words/s: cbow-hs, 100d, 2 workers, scalar"] == [4.0, 8.0]
    assert values["w2v against gensim"] == [12.0]
    gains = {name: found for name, found in values.items() if "against one" in name}
    kinds = ["sg-ns, 100d", "sg-ns, 300d", "sg-hs, 100d", "cbow-ns, 100d", "cbow-hs, 100d"]
    assert gains == {f"2 workers against one: {kind}": [pytest.approx(4 / 3)] for kind in kinds}
    assert sum(settings["system"] == "gensim" for settings in asked) == 1
    capsys.readouterr()

    monkeypatch.setattr(comparison, "launch", pretended(lambda settings: 7.5))
    monkeypatch.setattr(module("training.quick"), "version", lambda package: None)
    assert module("cli").main(arguments) == 0
    told = capsys.readouterr()
    (row,) = [row for row in told.out.splitlines() if base in row]
    assert row.split()[-2:] == ["+25.0%", "*"]  # 2 * 7.5 after 12
    assert "gensim is not installed" in told.err
    assert not any("gensim" in name for name in lines_of(kept)[1]["values"])


def test_gains_of_all_kinds_are_measured_in_one_run(tmp_path, monkeypatch):
    results = tmp_path / "results.jsonl"
    arguments = [
        *("compare", "--corpus", str(court(tmp_path)), "--only", "speed", "--gains"),
        *("--architectures", "sg", "cbow", "--objectives", "ns", "hs", "--variants", "scalar"),
        *("--rounds", "2", "--json", str(results)),
    ]
    comparison = module("training.comparison")
    monkeypatch.setattr(module("training.compare"), "version", lambda package: "9.9")
    monkeypatch.setattr(
        comparison,
        "launch",
        pretended(lambda settings: 1 + settings["workers"] * settings["seed"]),
    )
    assert module("cli").main(arguments) == 0
    rows = {line["row"]: line["values"] for line in lines_of(results) if "row" in line}
    gains = {name: found for name, found in rows.items() if name.startswith("speed of 2")}
    kinds = ["sg-ns, 100d", "sg-ns, 300d", "sg-hs, 100d", "cbow-ns, 100d", "cbow-hs, 100d"]
    assert list(gains) == [f"speed of 2 workers against 1: {kind}" for kind in kinds]
    for name, found in gains.items():
        assert found["w2v"] == [1.5, pytest.approx(5 / 3)]
        # gensim takes long, and the gain of the first setup must do.
        assert found["gensim"] == (found["w2v"] if name.endswith("sg-ns, 100d") else [])
