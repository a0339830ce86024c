"""benchmarks/: scores of vectors whose answers are known, arguments, and what a run records."""

from __future__ import annotations

import importlib
import importlib.util
import json
import random
import subprocess
import sys
from collections.abc import Callable
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
    for part in ("compare --corpus", "objectives --corpus", "benchmarks kernels", "bench_micro.py"):
        assert part in ran.stdout


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["compare"], "--corpus"),
        (["kernels", "--dims", "0"], "'0': expected a whole number from 1 up"),
        (["kernels", "--shapes", "6"], "expected a whole number"),
        (["kernels", "--variants", "mmx"], "--variants mmx: this machine has"),
        (["compare", "--corpus", "x", "--only", "everything"], "invalid choice: 'everything'"),
        (["compare", "--corpus", "x", "--architectures", "glove"], "invalid choice: 'glove'"),
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
    ("arguments", "expected"),
    [
        (["compare", "--systems", "w2v", "--defaults"], "--architectures cbow"),
        (["objectives", "--sizes", "1", "4"], "expected at least one from 2 to the text's 3 words"),
        (["objectives", "--picture", "times.txt"], "times.txt: expected a .png or .svg"),
        (["objectives", "--picture", "nowhere/times.svg"], "in an existing folder"),
    ],
)
def test_what_cannot_be_measured_is_told_at_once(
    tmp_path, capsys, monkeypatch, arguments, expected
):
    corpus = written(tmp_path, "a b c\n")
    monkeypatch.setattr(module("objectives"), "version", lambda package: "9.9")
    for name in ("compare", "objectives"):
        monkeypatch.setattr(module(name), "launch", None)  # nothing is started
    assert module("cli").main([*arguments, "--corpus", str(corpus)]) == 1
    assert expected in capsys.readouterr().err


def test_without_matplotlib_says_what_to_install(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(module("objectives"), "version", lambda package: None)
    corpus = written(tmp_path, "a b\n")
    arguments = ["objectives", "--corpus", str(corpus), "--picture", str(tmp_path / "times.svg")]
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


# ---- Whole runs ----------------------------------------------------------------------------------


def lines_of(path: Path) -> list[dict]:
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for line in lines:
        assert {"cpu", "cores"} <= line["machine"].keys()
        assert {"commit", "dirty", "versions", "time"} <= line.keys()
        assert line["command"].startswith("python -m benchmarks ")
    return lines


def court(folder: Path) -> Path:
    """Write a text of 2,000 words that are frequent, and two that are not."""
    rng = random.Random(1)
    words = ["man", "woman", "king", "queen", "apple"]
    text = "".join(" ".join(rng.choices(words, k=20)) + "\n" for _ in range(100))
    return written(folder, text + "rare words\n", "corpus.txt")


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
    defaults = [f"{name}, each one's own defaults" for name in names[:2]]
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
        *("--architectures", *architectures, "--noise", "pair", "centre", "--variants", "scalar"),
        *("--dims", "16", "--workers", "1", "--rounds", "1", "--json", str(results)),
    ]
    assert module("cli").main(arguments) == 0
    lines = lines_of(results)
    settings = [line["settings"] for line in lines if "settings" in line]
    assert [(each["sg"], each["shared_negatives"]) for each in settings] == expected
    rows = [line["row"] for line in lines if "row" in line]
    assert len(rows) == len(set(rows)) == len(expected)


def test_differences_of_scores_that_are_nothing():
    compare = module("compare")
    comparison = compare._Comparison.__new__(compare._Comparison)
    comparison.rows, comparison.report = [], module("report").Report(None, [])
    comparison.row("analogies", {"w2v": [0.25], "gensim": [0.0]}, ".2f", mean=True)
    assert comparison.rows == [("analogies", "0.25", "0.00", "+0.25")]


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
            # Whole windows or narrower ones: each word predicts from one to all of its neighbours.
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
        monkeypatch.setattr(module("objectives"), "launch", clocks())
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
