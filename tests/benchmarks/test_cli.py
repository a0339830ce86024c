"""The command line of the benchmarks: help, wrong arguments, errors."""

from __future__ import annotations

import re

import pytest
from benchmark_helpers import (
    FOLDER,
    benchmarks,
    module,
    written,
)


def test_without_arguments_lists_what_there_is():
    ran = benchmarks()
    assert ran.returncode == 0
    commands = ("kernels", "sweep", "instructions", "scaling", "compare --quick", "corpora")
    parts = [f"python -m benchmarks {command}" for command in commands]
    for part in ("compare --corpus", "objectives --corpus", "bench_micro.py", *parts):
        assert part in ran.stdout


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["kernels", "--dims", "0"], "'0': expected an integer of at least 1"),
        (["kernels", "--shapes", "6"], "expected an integer"),
        (["kernels", "--shapes", "6x6q"], "'6q': expected an integer"),
        (["scaling", "--replica-memory", "-1"], "expected an integer of at least 0"),
        (["sweep", "--over", "epochs"], "invalid choice: 'epochs'"),
        (["kernels", "--variants", "mmx"], "--variants mmx: this machine has"),
        (["compare", "--corpus", "x", "--only", "everything"], "invalid choice: 'everything'"),
        (["compare", "--corpus", "x", "--architectures", "glove"], "invalid choice: 'glove'"),
        (["corpora"], "--corpus"),
        (["corpora", "--corpus", "x", "--only", "books"], "invalid choice: 'books'"),
        (["objectives"], "--corpus"),
        (["objectives", "--corpus", "x", "--seconds", "0"], "'0': expected a number above 0"),
        (["objectives", "--corpus", "x", "--seconds", "inf"], "'inf': expected a number above 0"),
    ],
)
def test_wrong_arguments(capsys, arguments, expected):
    with pytest.raises(SystemExit) as stop:
        module("cli").main(arguments)
    assert stop.value.code == 2
    assert expected in capsys.readouterr().err


def test_without_gensim_says_what_to_install(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(module("training.compare"), "version", lambda package: None)
    corpus = written(tmp_path, "a b\n")
    assert module("cli").main(["compare", "--corpus", str(corpus)]) == 1
    assert "pip install '.[bench]'" in capsys.readouterr().err


def test_accuracy_needs_something_to_ask(tmp_path, capsys):
    corpus = written(tmp_path, "a b\n")
    arguments = ["compare", "--systems", "w2v", "--only", "accuracy", "--corpus", str(corpus)]
    assert module("cli").main(arguments) == 1
    assert "--questions" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["compare", "--systems", "w2v", "--defaults"], "--architectures cbow"),
        (
            ["objectives", "--sizes", "1", "4"],
            "expected at least one from 2 to 3, the types of the text",
        ),
        (["objectives", "--picture", "times.txt"], "times.txt: expected a .png or .svg"),
        (["objectives", "--picture", "nowhere/times.svg"], "in an existing folder"),
        (["sweep", "--picture", "speeds.txt"], "speeds.txt: expected a .png or .svg"),
        (["sweep", "--kind", "sg-hs"], "--over negatives: sg-hs draws no noise words"),
        (["scaling", "--questions", "none.txt"], "No such file"),
        (["corpora", "--folder", "nowhere"], "No such file"),
    ],
)
def test_what_cannot_be_measured_is_told_at_once(
    tmp_path, capsys, monkeypatch, arguments, expected
):
    corpus = written(tmp_path, "a b c\n")
    monkeypatch.setattr(module("picture"), "version", lambda package: "9.9")
    modules = ("comparison", "objectives", "scaling")
    for name in ("corpus.corpora", *(f"training.{each}" for each in modules)):
        monkeypatch.setattr(module(name), "launch", None)  # nothing is started
    assert module("cli").main([*arguments, "--corpus", str(corpus)]) == 1
    assert expected in capsys.readouterr().err


@pytest.mark.parametrize("command", ["objectives", "sweep"])
def test_without_matplotlib_says_what_to_install(tmp_path, capsys, monkeypatch, command):
    monkeypatch.setattr(module("picture"), "version", lambda package: None)
    corpus = written(tmp_path, "a b\n")
    arguments = [command, "--corpus", str(corpus), "--picture", str(tmp_path / "times.svg")]
    assert module("cli").main(arguments) == 1
    assert "pip install '.[bench]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "expected"), [(None, "No such file"), ("too short a text", "min_count")]
)
def test_what_fails_is_told_in_one_line(tmp_path, capsys, text, expected):
    corpus = tmp_path / "none.txt" if text is None else written(tmp_path, text)
    status = module("cli").main(
        ["compare", "--systems", "w2v", "--only", "vocab", "--corpus", str(corpus)]
    )
    told = capsys.readouterr().err
    assert status == 1
    assert expected in told
    assert "Traceback" not in told


def test_every_command_has_help(capsys):
    commands = module("cli").COMMANDS
    assert len(commands) == 15
    for name, where in commands.items():
        with pytest.raises(SystemExit) as stop:
            module("cli").main([name, "--help"])
        assert stop.value.code == 0
        told = capsys.readouterr().out
        assert f"python -m benchmarks {name} [-h]" in told
        assert "--json" in told
        assert " ".join(module(where).__doc__.split()[:5]) in " ".join(told.split())


def test_compare_needs_a_text(capsys):
    assert module("cli").main(["compare"]) == 1
    assert "--corpus FILE, or --quick" in capsys.readouterr().err


def test_rooms_import_only_themselves_and_the_ground():
    rooms = {"training", "corpus", "vectors", "sequence"}
    assert {path.parent.name for path in FOLDER.glob("*/__init__.py")} == rooms
    for path in FOLDER.rglob("*.py"):
        if path.name not in ("bench_micro.py", "cli.py"):
            pattern = r"^ *from benchmarks(?:\.| import )(\w+)"
            found = re.findall(pattern, path.read_text("utf-8"), re.MULTILINE)
            assert not set(found) & rooms - {path.parent.name}, path
