"""What networks remember, and Tree-LSTM by levels: each measures what it says, on small sizes."""

import pytest
from benchmark_helpers import lines_of, module

pytestmark = pytest.mark.thorough  # each test runs whole programs

pytest.importorskip("torch")


def main(*arguments):
    return module("cli").main(list(map(str, arguments)))


@pytest.mark.parametrize("picture", [True, False])
def test_memory_trains_every_cell_at_every_lag(tmp_path, capsys, picture):
    arguments = ["--lags", 3, 2, "--hidden", 8, "--updates", 25, "--json", tmp_path / "figures"]
    if picture:
        pytest.importorskip("matplotlib")
        arguments += ["--picture", tmp_path / "memory.svg", "--seeds", 1, 2]
    assert main("memory", *arguments) == 0
    figures = lines_of(tmp_path / "figures")
    seeds = 2 if picture else 1
    assert len(figures) == 3 * 2 * 2 * seeds
    assert {(f["cell"], f["start"], f["lag"]) for f in figures} == {
        (cell, start, lag)
        for cell in ("rnn", "gru", "lstm")
        for start in ("long", "torch")
        for lag in (2, 3)
    }
    # 9 inputs, 8 units, two biases: times 1, 3 and 4.
    sizes = {f["cell"]: f["parameters"] for f in figures}
    assert sizes == {"rnn": 152, "gru": 456, "lstm": 608}
    assert all(f["longest"] == 3 and 0 <= f["recall"] <= 1 for f in figures)
    told = capsys.readouterr().out
    assert "LSTM, gates open" in told
    assert "RNN, orthogonal" in told
    assert "chance 0.125" in told
    if picture:
        # Six lines, their bands and marks, axes and text.
        assert (tmp_path / "memory.svg").read_text("utf-8").count("<path") > 20


def test_memory_is_learned_and_is_chance_without_learning():
    memory = module("sequence.memory")
    task = memory.Task("lstm", "long", lag=5, seed=1, hidden=16, updates=300, longest=6)
    told = memory.train(task)
    assert told["recall"] > 0.98
    assert told["updates_made"] < 300  # and no more is spent
    assert abs(memory.train(task._replace(updates=1))["recall"] - 0.125) < 0.08
    again = memory.train(task)
    assert {**again, "seconds": 0} == {**told, "seconds": 0}


def test_trees_are_timed_both_ways(tmp_path, capsys):
    path = tmp_path / "figures"
    assert main("trees", "--trees", 3, "--words", 5, "--dim", 4, "--rounds", 2, "--json", path) == 0
    found = {f["kind"]: f for f in lines_of(path)}
    assert found["constituency"]["nodes"] == 3 * 9  # binary: one node fewer than leaves, and these
    assert found["dependency"]["nodes"] == 3 * 5
    for figures in found.values():
        assert [len(times) for times in figures["seconds"].values()] == [2, 2]
    assert "node by node" in capsys.readouterr().out


def test_trees_that_differ_are_not_timed(monkeypatch, capsys):
    trees = module("sequence.trees")
    right = trees.node_by_node
    monkeypatch.setattr(trees, "node_by_node", lambda *given: right(*given) + 0.01)
    assert main("trees", "--trees", 2, "--words", 4, "--dim", 4, "--rounds", 1) == 1
    assert "the two ways differ" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["memory", "trees"])
def test_without_torch_says_what_to_install(monkeypatch, capsys, command):
    monkeypatch.setattr(module(f"sequence.{command}"), "version", lambda package: None)
    assert main(command) == 1
    assert "pip install '.[bench,torch]'" in capsys.readouterr().err


def test_a_picture_that_cannot_be_written_is_told_at_once(capsys):
    assert main("memory", "--picture", "memory.txt") == 1
    assert "memory.txt: expected a .png or .svg" in capsys.readouterr().err
