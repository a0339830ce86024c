"""One to many workers."""

from __future__ import annotations

import os
import types

import numpy as np
import pytest
from benchmark_helpers import (
    benchmarks,
    court,
    lines_of,
    module,
    written,
)

from w2v.training import _hogwild

pytestmark = pytest.mark.thorough  # each test runs whole programs


def test_scaling_measures_workers_and_scores_them(tmp_path):
    results = tmp_path / "results.jsonl"
    pairs = written(tmp_path, "man woman 9\nking queen 8\nman apple 1\n", "pairs.txt")
    many = 2 * (os.cpu_count() or 1)
    ran = benchmarks(
        *("scaling", "--corpus", court(tmp_path), "--kinds", "sg-hs", "--dims", 16, "--epochs", 2),
        *("--workers", many, 1, "--seeds", 3, "--pairs", pairs, "--max-final-vocab", 5),
        *("--json", results),
    )
    assert ran.returncode == 0, ran.stderr
    lines = lines_of(results)
    runs = [line for line in lines if line.get("job") == "scaling"]
    told = [(line["threads"], line["settings"]["seed"]) for line in runs]
    assert told == [(1, 3), (many, 3)]
    for line in runs:
        assert line["settings"]["max_final_vocab"] == 5
        assert not {"shards", "replica_memory"} & line["settings"].keys()
        assert (line["shards"], line["merging"]) == (1, 0.0)  # of a short text
        assert line["words"] == 2 * 2000
        assert line["speed"] == line["words_per_second"] > 0
        assert line["scores"]["pairs"][1] == 3
    assert f"{many} *" in ran.stdout
    assert "oversubscribed" in ran.stdout


def test_scaling_tells_gains_efficiency_and_counters(tmp_path, capsys, monkeypatch):
    results = tmp_path / "results.jsonl"
    scaling = module("training.scaling")
    monkeypatch.setattr(scaling, "available_cpus", lambda: 2)
    asked = []

    def launch(task: dict, folder: str) -> dict:
        settings = task["settings"]
        asked.append(settings)
        workers = settings["workers"]
        counters = {"centers": 100, "row_writes": 1200, "shared_writes": 150 * workers}
        counters |= {"fetched_bytes": 64_000}
        # One worker: 2; two: 3; 16: 3.5; each of two processes: 1.9.
        speed = {1: 2.0, 2: 3.0, 16: 3.5}[workers] if task["output"] else 1.9
        told = {"words_per_second": speed * 1e6, "counters": counters, "elapsed_seconds": 1.0}
        return told | {"merging": 0.02 * workers}

    monkeypatch.setattr(scaling, "launch", launch)
    arguments = [
        *(
            "scaling",
            "--corpus",
            str(court(tmp_path)),
            "--kinds",
            "cbow-ns",
            "--shards",
            "3",
            "--replica-memory",
            "0",
        ),
        *("--workers", "1", "2", "16", "--seeds", "1", "--json", str(results)),
    ]
    assert module("cli").main(arguments) == 0
    told = capsys.readouterr().out
    rows = [row.split() for row in told.splitlines() if row.startswith("  cbow-ns, 100d")]
    counters = ["12", "1.5", "640"]
    assert [row[2:] for row in rows] == [
        ["1", "2.000", "1.00x", "100%", "2.0%", *counters],
        ["2", "3.000", "1.50x", "75%", "4.0%", "12", "3", "640"],
        ["2", "processes", "3.800", "1.90x", "95%", "2.0%"],
        ["16", "*", "3.500", "1.75x", "88%", "32.0%", "12", "24", "640"],
    ]
    assert all((each["shards"], each["replica_memory"]) == (3, 0) for each in asked)
    assert [settings["workers"] for settings in asked] == [1, 2, 1, 1, 16]
    rows = [line for line in lines_of(results) if "row" in line]
    assert rows[1]["figures"]["shared_writes"] == 3.0
    assert "W2V_INSTRUMENT=1" in told  # how to get what this build does not count


def test_counters_of_an_instrumented_build_are_handed_on(tmp_path, monkeypatch):
    jobs = module("training.jobs")

    class State:
        def __init__(self, *given: object) -> None:
            self.counters = {"centers": len(given)}

    class Model:
        def __init__(self, **settings: int) -> None:
            self.epochs = settings["epochs"]
            self.corpus_count = self.corpus_total_words = 1
            self.wv = types.SimpleNamespace(
                vectors=np.ones(3), index_to_key=["a"], get_vecattr=lambda word, name: 5
            )

        def build_vocab(self, **source: object) -> None:
            pass

        def train(self, **source: object) -> types.SimpleNamespace:
            _hogwild.SharedState(1, 2, 3)
            return types.SimpleNamespace(shards=2, merge_seconds=1.0, seconds=4.0)

    monkeypatch.setattr(_hogwild, "SharedState", State)
    task = {"system": "w2v", "settings": {"epochs": 2}, "output": ""}
    task["corpus"] = str(written(tmp_path, "a b\n"))
    for instrumented, counters in ((True, {"centers": 3}), (False, None)):
        monkeypatch.setattr(_hogwild, "INSTRUMENTED", instrumented, raising=False)
        told = jobs.scaling(Model, task)
        assert told["counters"] == counters
        assert (told["shards"], told["merging"]) == (2, 0.25)
        assert told["words"] == 10
