"""Accuracy over CPU time: which runs there are, which points are on the front."""

from __future__ import annotations

import argparse
import json

import pytest
from benchmark_helpers import QUESTIONS, benchmarks, court, lines_of, module, written

from w2v import TrainingConfig
from w2v.config import QUALITIES

OPTIONS = {
    "systems": ("gensim", "w2v"), "kinds": ["sg", "hs"], "epochs": [1, 5], "varied_epochs": [5],
    "dims": [100, 200], "windows": [], "negatives": [2], "rates": [1.0, 2.0], "also": [],
    "qualities": [], "peer_epochs": [5],
}  # fmt: skip


def test_every_setting_is_varied_alone_and_once():
    frontier = module("training.frontier")
    found = frontier.runs(argparse.Namespace(**OPTIONS))
    assert [str(run) for run in found] == [
        "gensim: skip-gram, 5 epochs",
        "gensim: skip-gram, hs, 5 epochs",
        "skip-gram, 1 epoch",
        "skip-gram, 5 epochs",
        "skip-gram, 5 epochs, 200 d",
        "skip-gram, 5 epochs, 2 noise words",
        "skip-gram, 5 epochs, alpha 0.05",
        "skip-gram, hs, 1 epoch",
        "skip-gram, hs, 5 epochs",
        "skip-gram, hs, 5 epochs, 200 d",
        "skip-gram, hs, 5 epochs, alpha 0.05",
    ]
    for run in found[2:]:
        assert TrainingConfig(**run.settings()).workers == 1
    assert found[4].settings()["vector_size"] == 200
    assert found[-1].settings()["negative"] == 0


def test_further_runs_are_named_by_their_settings():
    frontier = module("training.frontier")
    run = frontier.parsed("cbow epochs=15, vector_size=200 sample=0.0001")
    assert run.settings()["vector_size"] == 200
    assert run.settings()["sg"] == 0
    assert run.settings()["sample"] == 0.0001
    assert run.kind == "cbow"
    assert frontier.parsed("sg vector_size=100") == frontier.Run.of("w2v", "sg", epochs=5)


def test_named_sets_are_the_trainings_that_their_settings_are():
    frontier = module("training.frontier")
    for name in QUALITIES:
        run = frontier.Run.named(name)
        assert str(run) == f"quality={name!r}"
        config = TrainingConfig(**run.settings())
        assert config == TrainingConfig(quality=name, workers=1).replace(
            quality=None, **QUALITIES[name]
        )
    assert frontier.Run.named("balanced").settings() == frontier.parsed("sg").settings()


@pytest.mark.parametrize("text", ["", "glove", "sg epochs", "sg epochs=0", "sg size=3", "sg hs=x"])
def test_further_runs_that_are_none(text):
    with pytest.raises(ValueError, match=r"--also .*such as 'cbow epochs=15 "):
        module("training.frontier").parsed(text)


def test_the_front_has_what_no_cheaper_point_beats():
    frontier = module("training.frontier")
    run = frontier.parsed("sg")
    points = [
        frontier.Point(run, "input", seconds, {"analogies": score})
        for seconds, score in [(4, 0.5), (1, 0.1), (2, 0.1), (3, 0.3), (3, 0.4), (5, 0.5), (6, 0.2)]
    ]
    ahead = frontier.front(points, "analogies")
    assert [(p.cpu_seconds, p.scores["analogies"]) for p in ahead] == [(1, 0.1), (3, 0.4), (4, 0.5)]


def test_points_are_means_over_seeds_and_over_files_of_pairs():
    frontier = module("training.frontier")
    records = [
        {"cpu_seconds": s, "scores": {"input": {"analogies": 0.1 * s, "a": 0.2, "b": 0.2 * s}}}
        for s in (1, 3)
    ]
    (point,) = frontier.mean_points(records, frontier.parsed("sg"))
    assert point.cpu_seconds == 2
    assert point.scores == pytest.approx({"analogies": 0.2, "a": 0.2, "b": 0.4, "similarity": 0.3})


@pytest.mark.parametrize("line", ["7", "{", '{"job": "both_sides", "corpus": "corpus.txt"}'])
def test_records_that_are_none(tmp_path, capsys, line):
    earlier = written(tmp_path, f'{{"job": "speed"}}\n{line}\n', "earlier.jsonl")
    files = [written(tmp_path, "a b\n", name) for name in ("corpus.txt", "questions.txt")]
    arguments = ["pareto", "--corpus", *files[:1], "--questions", files[1], "--earlier", earlier]
    assert module("cli").main(list(map(str, arguments))) == 1
    assert "earlier.jsonl, line 2: expected a record" in capsys.readouterr().err


def test_what_accuracy_is_has_to_be_given(tmp_path, capsys):
    corpus = written(tmp_path, "a b\n")
    assert module("cli").main(["pareto", "--corpus", str(corpus)]) == 1
    assert "--questions, --pairs or both" in capsys.readouterr().err


def test_peers_that_are_not_installed_are_left_out(tmp_path, capsys, monkeypatch):
    pareto = module("training.pareto")
    monkeypatch.setattr(pareto, "version", lambda package: None)
    files = [written(tmp_path, "a b\n", name) for name in ("corpus.txt", "questions.txt")]
    arguments = ["--corpus", files[0], "--questions", files[1], "--systems", "gensim", "fasttext"]
    assert module("cli").main(["pareto", *map(str, arguments)]) == 1
    error = capsys.readouterr().err
    assert "gensim is not installed and is left out; run pip install gensim" in error
    assert "fasttext is not installed" in error
    assert "nothing is measured" in error


@pytest.mark.thorough
def test_pareto_measures_once_and_draws_again(tmp_path):
    pytest.importorskip("matplotlib")
    results, questions = tmp_path / "results.jsonl", written(tmp_path, QUESTIONS, "questions.txt")
    pairs = written(tmp_path, "man\twoman\t9\nking\tqueen\t8\nman\tapple\t1\n", "pairs.tsv")
    arguments = (
        *("pareto", "--corpus", court(tmp_path), "--questions", questions, "--pairs", pairs),
        *("--systems", "w2v", "gensim", "--kinds", "sg", "hs", "--epochs", 1, 2),
        *("--dims", "--windows", "--negatives", "--rates", "--qualities", "fast"),
        *("--peer-epochs", 1, "--also", "sg window=2", "--json", results),
    )  # fmt: skip
    ran = benchmarks(*arguments, "--picture", tmp_path / "front.svg")
    assert ran.returncode == 0, ran.stderr
    found = lines_of(results)
    assert len(found) == 2 + 2 + 2 + 1 + 1
    sides = {line["name"]: list(line["scores"]) for line in found}
    assert sides["skip-gram, 5 epochs, window 2"] == ["input", "combined"]
    assert sides["gensim: skip-gram, hs, 1 epoch"] == sides["skip-gram, hs, 1 epoch"] == ["input"]
    assert all(line["cpu_seconds"] > 0 for line in found)
    assert "quality='fast'" in ran.stdout
    again = benchmarks(*arguments, "--picture", tmp_path / "again.svg", "--earlier", results)
    assert again.returncode == 0, again.stderr
    assert len(lines_of(results)) == len(found)
    assert json.loads(results.read_text("utf-8").splitlines()[0])["seed"] == 1
    drawn = [(tmp_path / name).read_bytes() for name in ("front.svg", "again.svg")]
    assert drawn[0] == drawn[1]
