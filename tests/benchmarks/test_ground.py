"""What all benchmarks share: runs that are kept, and texts."""

from __future__ import annotations

import pytest
from benchmark_helpers import (
    court,
    module,
    written,
)


def test_the_last_run_of_the_same_setup_is_found(tmp_path, capsys):
    report = module("report").Report(None, ["none"])
    file = tmp_path / "new" / "runs.jsonl"

    def history(size: int):
        return module("history").History(file, {"size": size}, report)

    assert history(1).last() is None
    history(1).compare("t", ".2f", {"a": [1.0, 3.0, 2.0]}, "Remark.")
    history(2).compare("t", ".2f", {"a": [4.0]}, "Remark.")
    assert "No earlier run" in capsys.readouterr().out
    assert history(1).last()["values"] == {"a": [1.0, 3.0, 2.0]}
    report.origin["machine"]["cpu"] = "another"
    assert history(1).last() is None
    rows = {"a": [3.5, 5.0], "b": [1.0]}
    history(2).compare("t", ".2f", rows, "Remark.")
    report.origin["machine"]["cpu"] = module("report")._cpu()
    capsys.readouterr()
    history(1).compare("t", ".2f", {"b": [7.0], "a": [3.5, 5.0]}, "Remark.", best=True)
    told = capsys.readouterr().out
    rows = [row.split("  ") for row in told.splitlines() if row.startswith(("  a", "  b"))]
    assert [[cell.strip() for cell in row if cell.strip()] for row in rows] == [
        ["b", "7.00", "new"],
        ["a", "5.00 (3.50 - 5.00)", "3.00 (1.00 - 3.00)", "+66.7% *"],
    ]
    assert "Last run: 2" in told


@pytest.mark.parametrize(
    ("now", "then", "best", "expected"),
    [
        ([1.02], [1.0], False, "+2.00%"),
        ([0.9, 1.1, 1.2], [1.0, 1.0, 1.0], False, "+10.0%"),
        ([0.9, 1.1, 1.2], [1.0, 1.0, 1.0], True, "+20.0%"),
        ([0.5, 0.4], [1.0, 1.0], True, "-50.0% *"),
        ([0.5, 0.6], [0.4, 1.0], True, "-40.0%"),
    ],
)
def test_change_from_run_to_run(now, then, best, expected):
    middle = max if best else module("history").statistics.median
    assert module("history").change(now, then, middle) == expected


@pytest.mark.parametrize("line", ["{", '{"job": "speed"}', "7"])
def test_a_file_of_something_else_is_no_history(tmp_path, capsys, monkeypatch, line):
    kept = written(tmp_path, line + "\n", "kept.jsonl")
    monkeypatch.setattr(module("training.comparison"), "launch", None)
    arguments = ["compare", "--quick", "--corpus", str(court(tmp_path)), "--history", str(kept)]
    assert module("cli").main(arguments) == 1
    assert "line 1: expected a run saved by an earlier benchmark" in capsys.readouterr().err
    assert kept.read_text("utf-8") == line + "\n"


def test_a_piece_of_a_text_is_its_first_lines(tmp_path):
    path = written(tmp_path, "one two\n\nthree\nfour five\nsix", "whole.txt")
    (tmp_path / "piece").mkdir()
    folder = str(tmp_path / "piece")
    first_words = module("texts").first_words
    for n_words, lines in ((1, 1), (2, 1), (3, 3), (4, 4), (5, 4), (9, 5)):
        piece = first_words(path, n_words, folder)
        assert piece == tmp_path / "piece" / "whole.txt"
        assert piece.read_text("utf-8") == "".join(path.read_text("utf-8").splitlines(True)[:lines])


def test_without_a_text_docstrings_are_read(tmp_path, monkeypatch):
    texts = module("texts")
    monkeypatch.setattr(texts.demo, "load_docstrings", lambda: [["a", "b"], ["é"], ["c"]])
    piece = texts.first_words(None, 3, str(tmp_path))
    assert piece.read_bytes() == "a b\né\n".encode()
    monkeypatch.setattr(texts.demo, "load_docstrings", lambda: [["a", "b"]] * 9)
    assert module("training.loop").Text.read(None, 4).words == 4
