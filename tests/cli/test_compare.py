"""``w2v compare``: tables, JSON, files and messages."""

import csv
import json

import numpy as np
import pytest

from w2v import KeyedVectors
from w2v.cli import app


@pytest.fixture
def w2v(capsys, monkeypatch, tmp_path):
    """Run the command line in a folder with vectors; return (status, stdout, stderr)."""
    rng = np.random.default_rng(1)
    words = [f"w{i}" for i in range(60)]
    old = rng.standard_normal((60, 5)).astype(np.float32)
    new = old @ np.linalg.qr(rng.standard_normal((5, 5)))[0].astype(np.float32)
    new[7] *= -1
    counts = np.arange(60, 0, -1)
    for name, rows in (("old", old), ("same", old), ("new", new), ("short", new[:, :4].copy())):
        KeyedVectors(words, rows, counts=counts).save(tmp_path / f"{name}.safetensors")
    KeyedVectors([w.upper() for w in words], new).save(tmp_path / "upper.safetensors")
    monkeypatch.chdir(tmp_path)

    def run(line):
        status = app.main(line.split())
        return (status, *capsys.readouterr())

    return run


def test_the_words_that_moved_are_shown(w2v):
    status, out, err = w2v("compare old.safetensors new.safetensors --top 2")
    assert status == 0
    assert err.startswith("60 common words, mean displacement 0.03")
    assert err.splitlines()[1:] == [
        "59 of 60 words have not moved (displacement at most 0.001); what is usual is measured on "
        "the others"
    ]
    heading, first, *_, last = out.splitlines()
    assert " ".join(heading.split()) == "moved word displacement usual z shared 10 shared 50"
    assert first.split()[:3] == ["most", "w7", "2.000"]
    assert last.split()[0] == "least"
    assert len(out.splitlines()) == 5


def test_words_are_shown_with_their_neighbors(w2v):
    status, out, _ = w2v("compare old.safetensors new.safetensors --word w7 --word w8")
    assert status == 0
    rows = [line.split() for line in out.splitlines()]
    assert [row[0] for row in rows[:3]] == ["word", "w7", "w8"]
    assert len([row for row in rows if row[:2] == ["w7", "new"]]) == 10
    status, _, err = w2v("compare old.safetensors new.safetensors --word w77")
    assert (status, err) == (
        1,
        "w2v: error: word 'w77' is in neither old nor new; did you mean 'w7'?\n",
    )


def test_three_models_are_a_series(w2v, tmp_path):
    pytest.importorskip("matplotlib")
    line = "compare old.safetensors same.safetensors new.safetensors --top 1 --csv x.csv -o x.png"
    status, out, err = w2v(line)
    assert (status, err.splitlines()[1:]) == (0, ["Saved  x.csv", "Saved  x.png"])
    heading, most, _ = map(str.split, out.splitlines())
    assert heading == ["moved", "word", "change", "z", "trend", "same", "new"]
    assert (most[:3], most[4:]) == (["most", "w7", "2.000"], ["0.87", "0.000", "2.000"])
    with open(tmp_path / "x.csv", encoding="utf-8") as file:
        assert next(csv.DictReader(file))["word"] == "w0"
    out = w2v("compare old.safetensors same.safetensors new.safetensors --word w7 -q")[1]
    steps = [row.split() for row in out.split("\n\n")[1].splitlines()]
    assert steps[0] == ["word", "model", "occurrences", "displacement", "step", "neighbors", "lost"]
    assert [row[1] for row in steps[1:]] == ["old", "same", "new"]
    assert [row[-1] for row in steps[1:3]] == ["-", "0%"]
    assert int(steps[3][-1].rstrip("%")) > 10
    document = json.loads(w2v(line + " --json --quiet --word w7")[1])
    lost = document["words"][0]["step_neighbors"]
    assert (lost[:2], lost[2] > 0.1) == ([None, 0], True)
    assert document["words"][0]["displacement"][1] == pytest.approx(0, abs=1e-6)


def test_json_has_what_is_shown(w2v):
    document = json.loads(w2v("compare old.safetensors new.safetensors --json --top 3")[1])
    assert document["common_words"] == 60
    assert document["names"] == ["old", "new"]
    assert document["most"][0]["word"] == "w7"
    assert len(document["least"]) == 3


@pytest.mark.filterwarnings("default")
def test_different_dimensions_leave_the_neighbors(w2v):
    status, out, err = w2v("compare old.safetensors short.safetensors --top 1")
    assert status == 0
    assert "old has 5 dimensions and short 4" in err
    assert out.splitlines()[1].split()[2] == "-"
    status, _, err = w2v("compare old.safetensors short.safetensors --by displacement")
    assert (status, "cannot be aligned" in err) == (1, True)


@pytest.mark.parametrize(("line", "status", "message"), [
    ("compare old.safetensors", 2, "1 model: expected at least two to compare"),
    ("compare old.safetensors upper.safetensors", 1, "60 would be if case were ignored"),
    ("compare old.safetensors new.safetensors --by trend", 2, "expected one of z, displacement"),
    ("compare old.safetensors new.safetensors --csv x.npz", 2, "is written as text, but .npz"),
    ("compare old.safetensors new.safetensors --csv -", 2, "--csv -: name a file"),
    ("compare old.safetensors new.safetensors -o x.txt", 2, "unknown picture format '.txt'"),
    ("compare old.safetensors short.safetensors new.safetensors", 1, "different dimensions"),
    ("compare old.safetensors nothing.safetensors", 1, "nothing.safetensors"),
])  # fmt: skip
def test_what_cannot_be_compared_is_an_error(w2v, line, status, message):
    if "-o" in line.split():
        pytest.importorskip("matplotlib")
    found, out, err = w2v(line)
    assert (found, out) == (status, "")
    assert message in err
