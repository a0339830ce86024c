"""benchmarks/: scores of vectors whose answers are known, arguments, and what a run records."""

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
import pytest

from w2v import simd

ROOT = Path(__file__).resolve().parent.parent

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


@pytest.fixture(scope="module", autouse=True)
def package() -> ModuleType:
    """Make benchmarks/ of the checkout importable, and nothing else of the checkout."""
    folder = ROOT / "benchmarks"
    spec = importlib.util.spec_from_file_location(
        "benchmarks", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    module = sys.modules["benchmarks"] = importlib.util.module_from_spec(spec)
    return module


def module(name: str) -> ModuleType:
    return importlib.import_module(f"benchmarks.{name}")


def written(folder: Path, text: str, name: str = "test.txt") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


# ---- Accuracy ------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [1, 3, 512])
def test_analogies_right_wrong_and_not_asked(tmp_path, monkeypatch, batch):
    monkeypatch.setattr(module("accuracy"), "_BATCH", batch)
    path = written(tmp_path, QUESTIONS)
    found = module("accuracy").scores(WORDS, VECTORS, path, [])
    # The emperor is unknown; an apple is wrong; a king that was given may not be the answer.
    assert found == {"analogies": (0.5, 4)}


def test_analogies_leave_rare_words_out(tmp_path, monkeypatch):
    monkeypatch.setattr(module("accuracy"), "_MOST_FREQUENT", 4)
    path = written(tmp_path, QUESTIONS)
    assert module("accuracy").scores(WORDS, VECTORS, path, []) == {"analogies": (2 / 3, 3)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("man woman king", "line 1: expected four words, found 'man woman king'"),
        (": only\na section", "line 2"),
        ("dog cat mouse rat", "no question has all its words"),
        ("", "no question"),
    ],
)
def test_questions_that_are_none(tmp_path, text, expected):
    path = written(tmp_path, text)
    with pytest.raises(ValueError, match=expected) as error:
        module("accuracy").scores(WORDS, VECTORS, path, [])
    assert str(path) in str(error.value)


def fan(degrees: list[float]) -> np.ndarray:
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


@pytest.mark.parametrize(
    ("text", "expected", "asked"),
    [
        ("# head\na\tb\t9\na\tc\t8\na\td\t7\na\te\t6.5\n", 1.0, 4),
        ("A,b,1\nA,c,2\na,D,3\na,E,10\n", -1.0, 4),
        # Columns between and after, headings, an unknown word; ranks 1 2 4 3: 1 - 6 * 2 / (4 * 15).
        ("w1 w2 POS mean sd\na b N 9 1\na c N 8 2\na d V 6 3\na e V 7 4\na x V 1 5\n", 0.8, 4),
    ],
)
def test_similarity_is_spearmans_correlation(tmp_path, text, expected, asked):
    path = written(tmp_path, text, "pairs.tsv")
    words, vectors = ["a", "b", "c", "d", "e"], fan([0, 10, 30, 60, 100])
    vectors *= np.array([[1], [9], [2], [5], [3]], np.float32)
    found = module("accuracy").scores(words, vectors, None, [path])
    assert found == {"pairs": (pytest.approx(expected), asked)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b 1\na c\n", "line 2: expected two words and a number: 'a c'"),
        ("a b 1\na c much\n", "line 2"),
        ("a b 1\na c 2\nx y 3\n", "only 2 of its pairs"),
    ],
)
def test_pairs_that_are_none(tmp_path, text, expected):
    path = written(tmp_path, text)
    with pytest.raises(ValueError, match=expected) as error:
        module("accuracy").scores(["a", "b", "c"], fan([0, 10, 20]), None, [path])
    assert str(path) in str(error.value)


def test_vectors_that_are_not_finite_get_no_score(tmp_path):
    vectors = VECTORS.copy()
    vectors[2, 1] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        module("accuracy").scores(WORDS, vectors, written(tmp_path, QUESTIONS), [])


# ---- The command line ----------------------------------------------------------------------------


def benchmarks(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run as a user does: from the checkout, where the source folder must not be imported."""
    command = [sys.executable, "-m", "benchmarks", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_without_arguments_lists_what_there_is():
    ran = benchmarks()
    assert ran.returncode == 0
    for part in ("benchmarks compare --corpus", "benchmarks kernels", "bench_micro.py"):
        assert part in ran.stdout


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["compare"], "--corpus"),
        (["kernels", "--dims", "0"], "'0': expected a whole number from 1 up"),
        (["kernels", "--shapes", "6"], "expected a whole number"),
        (["kernels", "--variants", "mmx"], "--variants mmx: this machine has"),
        (["compare", "--corpus", "x", "--only", "everything"], "invalid choice: 'everything'"),
    ],
)
def test_wrong_arguments(capsys, arguments, expected):
    with pytest.raises(SystemExit) as stop:
        module("cli").main(arguments)
    assert stop.value.code == 2
    assert expected in capsys.readouterr().err


def test_without_gensim_says_what_to_install(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(module("compare"), "version", lambda package: None)
    corpus = written(tmp_path, "a b\n")
    assert module("cli").main(["compare", "--corpus", str(corpus)]) == 1
    assert "pip install '.[bench]'" in capsys.readouterr().err


def test_accuracy_needs_something_to_ask(tmp_path, capsys):
    corpus = written(tmp_path, "a b\n")
    arguments = ["compare", "--systems", "w2v", "--only", "accuracy", "--corpus", str(corpus)]
    assert module("cli").main(arguments) == 1
    assert "--questions" in capsys.readouterr().err


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


# ---- Whole runs ----------------------------------------------------------------------------------


def lines_of(path: Path) -> list[dict]:
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for line in lines:
        assert {"cpu", "cores"} <= line["machine"].keys()
        assert {"commit", "dirty", "versions", "time"} <= line.keys()
        assert line["command"].startswith("python -m benchmarks ")
    return lines


def test_compare_measures_and_records_every_part(tmp_path):
    rng = random.Random(1)
    words = ["man", "woman", "king", "queen", "apple"]
    text = "".join(" ".join(rng.choices(words, k=20)) + "\n" for _ in range(100))
    corpus = written(tmp_path, text + "rare words\n", "corpus.txt")
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
    for start in ("M words/s: 16d, 1 worker", "speed of 2 workers against 1", "s: whole job",
                  "s: vocabulary from text file", "s: vocabulary from token lists", "MiB: its peak",
                  "analogies", "pairs", "ms: import w2v"):  # fmt: skip
        (name,) = [name for name in rows if name.startswith(start)][:1]
        assert np.isfinite(rows[name]["figures"]["w2v"])
        assert name in ran.stdout
    assert len(rows["ms: import w2v beyond numpy"]["values"]["w2v"]) == 5
    assert len(next(r for n, r in rows.items() if n.startswith("pairs"))["values"]["w2v"]) == 2


def test_kernels_measures_every_shape(tmp_path):
    results = tmp_path / "results.jsonl"
    ran = benchmarks(
        *("kernels", "--variants", "scalar", "--dims", 7, 16, "--shapes", "1x6", "3x2"),
        *("--json", results),
    )
    assert ran.returncode == 0, ran.stderr
    lines = lines_of(results)
    told = [(line["vector_size"], line["inputs"], line["outputs"]) for line in lines]
    assert told == [(7, 1, 6), (7, 3, 2), (16, 1, 6), (16, 3, 2)]
    for line in lines:
        operations = 6 * line["vector_size"] * line["inputs"] * line["outputs"]
        assert line["gflops"] * line["nanoseconds"] == pytest.approx(operations)
        assert line["variant"] == "scalar"
        assert line["peak_gflops"] > 0


def test_a_kernel_that_learned_no_numbers_is_no_result():
    step = module("kernels").Step("scalar", 10, 2, 3)
    before = step.vectors.copy()
    step.run()
    step.check()
    assert not np.array_equal(step.vectors, before)
    step.vectors[0, 0] = np.nan
    step.run()
    with pytest.raises(ValueError, match="not finite"):
        step.check()
