"""benchmarks/: scores of vectors whose answers are known, arguments, and what a run records."""

from __future__ import annotations

import gzip
import importlib
import importlib.util
import json
import lzma
import os
import random
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import w2v
from w2v import TrainingConfig, simd
from w2v.training import _hogwild

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


def test_analogies_right_wrong_and_not_asked(tmp_path):
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
        ("man woman king", "line 1 is 'man woman king': expected four words"),
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
        ("a b 1\na c\n", "line 2 is 'a c': expected two words and a number"),
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
    commands = ("kernels", "sweep", "instructions", "scaling", "compare --quick", "corpora")
    parts = [f"python -m benchmarks {command}" for command in commands]
    for part in ("compare --corpus", "objectives --corpus", "bench_micro.py", *parts):
        assert part in ran.stdout


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["compare"], "--corpus"),
        (["kernels", "--dims", "0"], "'0': expected a whole number from 1 up"),
        (["kernels", "--shapes", "6"], "expected a whole number"),
        (["kernels", "--shapes", "6x6q"], "'6q': expected a whole number"),
        (["scaling", "--replicated-rows", "-1"], "expected a whole number from 0 up"),
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
    for name in ("compare", "corpora", "objectives", "scaling"):
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
    comparison = compare.Comparison.__new__(compare.Comparison)
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


# ---- The loop and the step -----------------------------------------------------------------------


def text_of(folder: Path, lines: list[str], n_words: int = 10**9):
    return module("loop").Text.read(written(folder, "\n".join(lines)), n_words)


def test_a_text_is_cut_after_a_sentence_and_knows_all_words(tmp_path):
    lines = ["a b a b c", "", "rare a b", "rare", "b a", *["a b c"] * 5]
    whole = text_of(tmp_path, lines)
    assert whole.vocabulary.words == ["a", "b", "c"]
    assert whole.ids.tolist()[:12] == [0, 1, 0, 1, 2, -1, 0, 1, -1, -1, 1, 0]
    assert whole.words == 5 + 2 + 2 + 15
    for n_words, words in ((1, 5), (5, 5), (6, 7), (7, 7), (8, 9), (24, 24), (99, 24)):
        part = text_of(tmp_path, lines, n_words)
        assert part.words == words
        assert part.ids.tolist() == whole.ids.tolist()[: len(part.ids)]
        assert part.ids[-1] == -1
        np.testing.assert_array_equal(part.vocabulary.counts, [9, 9, 6])


def test_words_are_thinned_as_the_loop_would(tmp_path):
    text = text_of(tmp_path, ["often " * 50 + "seldom"] * 400)
    keep = text.vocabulary.keep_thresholds(0.1) / 2**32
    thin = text.thinned(0.1)
    assert (thin.ids < 0).sum() == 400
    assert (thin.ids == 1).sum() == 400  # a word this rare is kept
    kept = (thin.ids == 0).sum() / 20_000
    assert 0.3 < keep[0] < 0.5
    assert abs(kept - keep[0]) < 5 * np.sqrt(keep[0] * (1 - keep[0]) / 20_000)


def varied(folder: Path):
    """Return a text of 40 words of very different frequency, in sentences of 1 to 30."""
    rng = np.random.default_rng(3)
    words = [f"w{i}" for i in range(40)]
    lines = [
        " ".join(words[min(39, rank)] for rank in rng.zipf(1.3, 1 + i % 30) - 1) for i in range(300)
    ]
    return text_of(folder, lines)


@pytest.mark.parametrize("kind", ["sg-ns", "cbow-ns", "sg-hs", "cbow-hs"])
def test_tasks_are_those_that_the_loop_makes(tmp_path, kind):
    loop, text = module("loop"), varied(tmp_path)
    config = TrainingConfig(**loop.KINDS[kind], vector_size=8, window=9, workers=1, sample=0)
    run = loop.Loop(text, config)
    tasks = run.tasks()
    assert run.seconds() > 0
    assert run.predictions == sum(
        count * (n if config.sg else 1) for (n, _), count in tasks.items()
    )
    # Every word of a sentence of two or more is a centre, and met by all of its outputs.
    ends = np.flatnonzero(text.ids < 0)
    sentences = [s[s >= 0] for s in np.split(text.ids, ends) if (s >= 0).sum() > 1]
    centres = np.concatenate(sentences)
    outputs = np.full(len(centres), 6)
    if config.hs:
        outputs = np.diff(text.vocabulary.huffman_tree().offsets)[centres]
    if kind == "sg-hs":  # the contexts of a centre may come in parts, none of them large
        assert max(n for n, _ in tasks) == 5
        assert sum(tasks.values()) > len(centres)
    else:
        assert max(n for n, _ in tasks) == 18
        assert sum(tasks.values()) == len(centres)
        assert sum(m * count for (_, m), count in tasks.items()) == outputs.sum()


@pytest.mark.parametrize(
    ("settings", "n", "parts"),
    [
        ({}, 7, [7]),
        ({"shared_negatives": False}, 3, [1, 1, 1]),
        ({"sg": 0, "hs": 1, "negative": 0}, 7, [7]),
        ({"hs": 1, "negative": 0}, 5, [5]),
        ({"hs": 1, "negative": 0}, 7, [4, 3]),
        ({"hs": 1, "negative": 0}, 13, [5, 4, 4]),
        ({"hs": 1, "negative": 5}, 13, [13]),
    ],
)
def test_contexts_are_split_as_the_loop_does(settings, n, parts):
    assert module("loop")._parts(n, TrainingConfig(**settings)) == parts


@pytest.mark.parametrize("kind", ["sg-ns", "cbow-hs"])
def test_folding_changes_rows_and_nothing_else(tmp_path, kind):
    loop, text = module("loop"), varied(tmp_path)
    config = TrainingConfig(**loop.KINDS[kind], vector_size=8, workers=1, sample=0)
    tables = text.tables(config)
    small, small_tables = loop.folded(text, tables, 12)
    np.testing.assert_array_equal(small.ids < 0, text.ids < 0)
    assert 6 <= len(np.unique(small.ids[small.ids >= 0])) <= 12
    if config.hs:
        before, after = tables.tree, small_tables.tree
        np.testing.assert_array_equal(after.codes, before.codes)
        np.testing.assert_array_equal(after.nodes, before.nodes % 12)
        lengths = np.diff(before.offsets)
        np.testing.assert_array_equal(lengths[small.ids], lengths[text.ids])
    else:
        assert len(np.unique(small_tables.noise)) == 12
        assert len(small_tables.noise) == len(tables.noise)
    assert loop.Loop(text, config, tables).tasks() == loop.Loop(small, config, small_tables).tasks()


def test_another_variant_is_used_for_a_while():
    loop, before = module("loop"), simd.active()

    def fail() -> None:
        with loop.using("scalar"):
            raise KeyError(simd.active())

    with pytest.raises(KeyError, match="scalar"):
        fail()
    assert simd.active() == before


def test_a_run_that_learned_no_numbers_is_no_result(tmp_path):
    loop = module("loop")
    run = loop.Loop(varied(tmp_path), TrainingConfig(vector_size=8, workers=1))
    run.weights.vectors[0, 0] = np.nan
    with pytest.raises(FloatingPointError, match="not finite"):
        run.seconds()


def test_shares_of_a_run():
    seconds = module("shares").Seconds(whole=10, thinned=8, folded=5, step=4)
    assert (seconds.memory, seconds.bookkeeping) == (3, 3)
    # Noise may have the parts take longer than the whole.
    seconds = module("shares").Seconds(whole=10, thinned=8, folded=9, step=11)
    assert (seconds.memory, seconds.bookkeeping) == (0, 0)


def test_kernels_measures_every_shape(tmp_path):
    results = tmp_path / "results.jsonl"
    ran = benchmarks(
        *("kernels", "--variants", "scalar", "--dims", 7, 16, "--shapes", "1x6", "3x2p"),
        *("--only", "step", "--json", results),
    )
    assert ran.returncode == 0, ran.stderr
    lines = lines_of(results)
    told = [(line["vector_size"], line["inputs"], line["outputs"]) for line in lines]
    assert told == [(7, 1, 6), (7, 3, 2), (16, 1, 6), (16, 3, 2)]
    for line in lines:
        dim, n, m = line["vector_size"], line["inputs"], line["outputs"]
        pairs = m if line["pooled"] else n * m
        assert line["pooled"] == (n == 3)
        assert line["gflops"] * line["nanoseconds"] == pytest.approx(6 * dim * pairs)
        assert line["stores_gb_per_second"] * line["nanoseconds"] == pytest.approx(
            4 * dim * (n + m)
        )
        assert line["loads_gb_per_second"] == pytest.approx(2 * line["stores_gb_per_second"])
        assert line["variant"] == "scalar"
        assert min(line["peak_gflops"], line["peak_loads"], line["peak_stores"]) > 0
        share = f"{line['gflops'] / line['peak_gflops']:.0%}"
        assert share in ran.stdout


def test_peaks_count_what_is_done():
    for variant in simd.available():
        for stores in (False, True):
            assert _hogwild.traffic(variant, stores, 3) == 3 * 16_384
        assert _hogwild.peak(variant, 6) == 2 * _hogwild.peak(variant, 3) > 0
    with pytest.raises(ValueError, match="'mmx'"):
        _hogwild.traffic("mmx", False, 1)


def test_kernels_tells_where_the_time_of_a_run_goes(tmp_path, capsys):
    results = tmp_path / "results.jsonl"
    arguments = [
        *("kernels", "--only", "run", "--corpus", str(court(tmp_path)), "--words", "500"),
        *("--variants", "scalar", "--dims", "16", "--kinds", "cbow-hs", "sg-ns", "--rounds", "1"),
    ]
    assert module("cli").main([*arguments, "--json", str(results)]) == 0
    lines = lines_of(results)
    assert [line["settings"]["sg"] for line in lines] == [0, 1]
    for line in lines:
        assert line["variant"] == "scalar"
        assert line["words"] == 500
        seconds = line["seconds"]
        assert line["words_per_second"] == pytest.approx(500 / seconds["whole"])
        work = 6 * 16 * line["pairs"] / seconds["whole"] / 1e9
        assert line["share_of_peak"] == pytest.approx(work / line["peak_gflops"])
        assert line["shares"]["dense step"] == pytest.approx(seconds["step"] / seconds["whole"])
    assert "cbow-hs, 16d" in capsys.readouterr().out


def test_a_kernel_that_learned_no_numbers_is_no_result():
    step = module("step").Step("scalar", 10, 2, 3)
    before = step.vectors.copy()
    step.run()
    step.check()
    assert not np.array_equal(step.vectors, before)
    step.vectors[0, 0] = np.nan
    step.run()
    with pytest.raises(ValueError, match="not finite"):
        step.check()


def test_a_pooled_step_meets_each_output_once():
    plain, pooled = (module("step").Step("scalar", 10, 4, 3, pooled) for pooled in (False, True))
    plain.run()
    pooled.run()
    # About 0.7 nats a pair, and a quarter as many pairs.
    assert pooled.loss < plain.loss / 2


# ---- Sweeps --------------------------------------------------------------------------------------


@pytest.mark.parametrize("picture", [None, "speeds.svg"])
def test_sweep_measures_every_setting(tmp_path, capsys, picture):
    if picture is not None:
        pytest.importorskip("matplotlib")
    results = tmp_path / "results.jsonl"
    arguments = [
        *("sweep", "--corpus", str(court(tmp_path)), "--words", "200", "--variants", "scalar"),
        *("--step", "124", "--json", str(results)),
        *([] if picture is None else ["--picture", str(tmp_path / picture)]),
    ]
    assert module("cli").main(arguments) == 0
    lines = lines_of(results)
    told = [(line["setting"], line["value"]) for line in lines]
    assert told == [
        *(("vector_size", dim) for dim in (16, 140, 264, 388, 512)),
        *(("window", window) for window in range(2, 21)),
        *(("negative", negative) for negative in range(1, 26)),
    ]
    assert all(line["words_per_second"] > 0 and line["variant"] == "scalar" for line in lines)
    out = capsys.readouterr().out
    for name in ("dimensions 16 to 512, scalar", "window 2 to 20", "noise words 1 to 25"):
        assert name in out
    if picture is not None:
        drawn = (tmp_path / picture).read_bytes()
        assert drawn.startswith(b"<?xml")
        assert len(drawn) < 200_000


def test_a_fall_is_measured_from_the_settings_before():
    falls = module("sweep").falls
    assert falls({1: 5.0, 2: 6.0, 3: 7.0}) == {}
    found = falls({1: 5.0, 2: 6.0, 3: 7.0, 4: 3.0, 8: 7.0})
    assert found == {4: 0.5, 8: pytest.approx(7 / 6)}


# ---- Runs that are kept --------------------------------------------------------------------------


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
    monkeypatch.setattr(module("compare"), "launch", None)
    arguments = ["compare", "--quick", "--corpus", str(court(tmp_path)), "--history", str(kept)]
    assert module("cli").main(arguments) == 1
    assert "line 1: expected a run that an earlier benchmark kept" in capsys.readouterr().err
    assert kept.read_text("utf-8") == line + "\n"


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
    compare = module("compare")
    monkeypatch.setattr(module("quick"), "version", lambda package: "9.9")
    asked = []

    def speeds(settings: dict) -> float:
        asked.append(settings)
        if settings["system"] == "gensim":
            return 0.5
        # Two workers are 1.5 times as fast; the first round is disturbed.
        return (2 + settings["workers"]) * settings["seed"]

    monkeypatch.setattr(compare, "launch", pretended(speeds))
    assert module("cli").main(arguments) == 0
    (line,) = lines_of(kept)
    values = line["values"]
    base = "M words/CPU s: sg-ns, 100d, 1 worker, scalar, noise per centre"
    assert values[base] == [6.0, 12.0]
    assert values["M words/s: cbow-hs, 100d, 2 workers, scalar"] == [4.0, 8.0]
    assert values["w2v against gensim"] == [12.0]
    gains = {name: found for name, found in values.items() if "against one" in name}
    kinds = ["sg-ns, 100d", "sg-ns, 300d", "sg-hs, 100d", "cbow-ns, 100d", "cbow-hs, 100d"]
    assert gains == {f"2 workers against one: {kind}": [pytest.approx(4 / 3)] for kind in kinds}
    assert sum(settings["system"] == "gensim" for settings in asked) == 1
    capsys.readouterr()

    monkeypatch.setattr(compare, "launch", pretended(lambda settings: 7.5))
    monkeypatch.setattr(module("quick"), "version", lambda package: None)
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
    compare = module("compare")
    monkeypatch.setattr(compare, "version", lambda package: "9.9")
    monkeypatch.setattr(
        compare, "launch", pretended(lambda settings: 1 + settings["workers"] * settings["seed"])
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


# ---- Instructions --------------------------------------------------------------------------------

CALLGRIND = """\
version: 1
events: Ir

fl=hogwild.c
fn=__pyx_pw_3w2v_8_hogwild_6Worker_5run
10 7
cfi=step.c
cfn=w2v_step_avx2
calls=3 100
20 {step}
cfn=w2v_step_scratch
calls=1 100
25 1000
30 5
cfn=__pyx_f_3w2v_8_hogwild_fill
calls=2 100
40 60

fl=step.c
fn=w2v_step_avx2
100 25
cfn=gradients
calls=3 7
101 75

totals: {total}
"""


def test_callgrinds_figures_are_read(tmp_path):
    path = written(tmp_path, CALLGRIND.format(step=100, total=1272))
    assert module("instructions").read(path) == {"total": 1272, "step": 100}
    assert module("instructions").read(written(tmp_path, "totals: 0\n"))["total"] == 0


def counting(steps: list[int]) -> Callable[..., dict]:
    """Return what stands in for valgrind: it leaves a file for each run, and empty ones around."""

    def launch(task: dict, folder: str, under: tuple, **environment: str) -> dict:
        assert under[0] == "valgrind"
        (out,) = [each for each in under if each.startswith("--callgrind-out-file=")]
        place = Path(out.partition("=")[2])
        texts = [CALLGRIND.format(step=step, total=1200) for step in steps]
        # The tenth file comes after the ninth, though not by name.
        for number, text in enumerate(["totals: 0", *texts, "totals: 0"], 8):
            place.with_suffix(f".{number}").write_text(text, "utf-8")
        assert [run["sg"] for run in task["runs"]] == [1, 0, 1, 0]
        return {"centres": 10, "elapsed_seconds": 1.0, "variant": environment["W2V_SIMD"]}

    return launch


def test_instructions_are_told_per_centre_and_beside_the_last(tmp_path, capsys, monkeypatch):
    instructions, kept = module("instructions"), tmp_path / "kept.jsonl"
    monkeypatch.setattr(instructions.shutil, "which", lambda name: f"/bin/{name}")
    arguments = ["instructions", "--corpus", str(court(tmp_path)), "--history", str(kept)]
    for steps in ([400, 300, 500, 100], [400, 303, 500, 100]):
        monkeypatch.setattr(instructions, "launch", counting(steps))
        capsys.readouterr()
        assert module("cli").main(arguments) == 0
    told = capsys.readouterr().out.splitlines()
    values = lines_of(kept)[1]["values"]
    variants = [name for name in simd.available() if name != "avx512"]
    assert len(values) == 8 * len(variants)
    assert values["scalar, cbow-ns: dense step"] == [30.3]
    assert values["scalar, cbow-ns: loop"] == [pytest.approx(89.7)]
    rows = {row.strip().partition(": ")[::2]: row.split() for row in told if "scalar, " in row}
    changes = {f"{name}: {row.split()[0]}": cells[-1] for (name, row), cells in rows.items()}
    assert changes["scalar, cbow-ns: dense"] == "+1.00%"
    assert changes["scalar, sg-hs: dense"] == "+0.00%"
    assert changes["scalar, cbow-ns: loop"] == "-0.33%"


@pytest.mark.parametrize(
    ("arguments", "found", "steps", "expected"),
    [
        ([], None, [], "valgrind is not installed"),
        (["--variants", "avx512"], "valgrind", [], "valgrind knows no AVX-512"),
        ([], "valgrind", [100, 100, 100], "callgrind told of 3 runs, and there were 4"),
        ([], "valgrind", [100, 100, 0, 100], "callgrind saw no call of a w2v_step_*"),
    ],
)
def test_what_cannot_be_counted_is_told(
    tmp_path, capsys, monkeypatch, arguments, found, steps, expected
):
    instructions = module("instructions")
    monkeypatch.setattr(simd, "available", lambda: ("avx512", "scalar"))
    monkeypatch.setattr(instructions.shutil, "which", lambda name: found)
    monkeypatch.setattr(instructions, "launch", counting(steps))
    kept = tmp_path / "kept.jsonl"
    arguments = ["instructions", *arguments, "--corpus", str(court(tmp_path))]
    assert module("cli").main([*arguments, "--history", str(kept)]) == 1
    assert expected in capsys.readouterr().err
    assert not kept.exists()


def test_the_job_that_is_counted_trains_once_with_each(tmp_path):
    # Sentences of two words, none so frequent that it is thinned out: each word is a centre.
    lines = [f"a{i % 200} b{i % 200}" for i in range(2000)]
    task = {"job": "instructions", "system": "w2v"}
    task |= {"corpus": str(written(tmp_path, "\n".join(lines)))}
    runs = [{"sg": 1, "vector_size": 8}, {"sg": 0, "hs": 1, "negative": 0, "vector_size": 8}]
    launch = module("jobs").launch
    told = launch({**task, "runs": runs}, str(tmp_path), ("env", "W2V_SIMD=scalar"))
    assert told["words"] == told["centres"] == 4000
    assert told["variant"] == "scalar"


# ---- Scaling -------------------------------------------------------------------------------------


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
        assert "replicated_rows" not in line["settings"]
        assert line["words"] == 2 * 2000
        assert line["speed"] == line["words_per_second"] > 0
        assert line["scores"]["pairs"][1] == 3
    assert f"{many} *" in ran.stdout
    assert "oversubscribed" in ran.stdout


def test_scaling_tells_gains_efficiency_and_counters(tmp_path, capsys, monkeypatch):
    results = tmp_path / "results.jsonl"
    scaling = module("scaling")
    monkeypatch.setattr(scaling, "processors", lambda: 2)
    asked = []

    def launch(task: dict, folder: str) -> dict:
        settings = task["settings"]
        asked.append(settings)
        workers = settings["workers"]
        counters = {"centres": 100, "row_writes": 1200, "shared_writes": 150 * workers}
        counters |= {"merges": 7, "fetched_bytes": 64_000}
        # One worker: 2; two: 3; 16: 3.5; each of two processes: 1.9.
        speed = {1: 2.0, 2: 3.0, 16: 3.5}[workers] if task["output"] else 1.9
        return {"words_per_second": speed * 1e6, "counters": counters, "elapsed_seconds": 1.0}

    monkeypatch.setattr(scaling, "launch", launch)
    arguments = [
        *("scaling", "--corpus", str(court(tmp_path)), "--kinds", "cbow-ns"),
        *(
            "--replicated-rows",
            "0",
            "--workers",
            "1",
            "2",
            "16",
            "--seeds",
            "1",
            "--json",
            str(results),
        ),
    ]
    assert module("cli").main(arguments) == 0
    told = capsys.readouterr().out
    rows = [row.split() for row in told.splitlines() if row.startswith("  cbow-ns, 100d")]
    counters = ["12", "1.5", "640", "0.07"]
    assert [row[2:] for row in rows] == [
        ["1", "2.000", "1.00x", "100%", *counters],
        ["2", "3.000", "1.50x", "75%", "12", "3", "640", "0.07"],
        ["2", "processes", "3.800", "1.90x", "95%"],
        ["16", "*", "3.500", "1.75x", "88%", "12", "24", "640", "0.07"],
    ]
    assert all(settings["replicated_rows"] == 0 for settings in asked)
    assert [settings["workers"] for settings in asked] == [1, 2, 1, 1, 16]
    rows = [line for line in lines_of(results) if "row" in line]
    assert rows[1]["figures"]["shared_writes"] == 3.0
    assert "W2V_INSTRUMENT=1" in told  # how to get what this build does not count


def test_counters_of_an_instrumented_build_are_handed_on(tmp_path, monkeypatch):
    jobs = module("jobs")

    class Job:
        def __init__(self, *given: object) -> None:
            self.counters = {"centres": len(given)}

    class Model:
        def __init__(self, **settings: int) -> None:
            self.epochs = settings["epochs"]
            self.corpus_count = self.corpus_total_words = 1
            self.wv = types.SimpleNamespace(
                vectors=np.ones(3), index_to_key=["a"], get_vecattr=lambda word, name: 5
            )

        def build_vocab(self, **source: object) -> None:
            pass

        def train(self, **source: object) -> None:
            _hogwild.Job(1, 2, 3)

    monkeypatch.setattr(_hogwild, "Job", Job)
    task = {"system": "w2v", "settings": {"epochs": 2}, "output": ""}
    task["corpus"] = str(written(tmp_path, "a b\n"))
    for instrumented, counters in ((True, {"centres": 3}), (False, None)):
        monkeypatch.setattr(_hogwild, "INSTRUMENTED", instrumented, raising=False)
        told = jobs.scaling(Model, task)
        assert told["counters"] == counters
        assert told["words"] == 10


# ---- Corpora -------------------------------------------------------------------------------------


def test_corpora_measures_w2v_alone(tmp_path, capsys, monkeypatch):
    results = tmp_path / "results.jsonl"
    monkeypatch.setattr(module("corpora"), "version", lambda package: None)
    arguments = [
        *("corpora", "--corpus", str(court(tmp_path)), "--only", "lists", "encoded", "memory"),
        *("--rounds", "1", "--tokens", "5000", "--bytes", "100000", "--json", str(results)),
    ]
    assert module("cli").main(arguments) == 0
    lines = lines_of(results)
    told = {line["job"]: line for line in lines if "job" in line}
    assert told["token_lists"]["tokens"] == 2002
    assert told["repeat"]["output"] == "once.w2vc"
    assert told["opening"]["tokens"] == 3 * 2002  # the least number of times that is enough
    assert told["opening"]["verify"] is False
    # Copies after the first have words of their own in every twentieth line.
    assert told["spilling"]["types"] > 7 * 2
    assert told["spilling"]["peak_bytes"] is None or told["spilling"]["peak_bytes"] > 1e6
    for turns in (told["training"]["words_per_second"], told["training"]["words_per_cpu_second"]):
        assert {name: len(speeds) for name, speeds in turns.items()} == {"mapped": 1, "loaded": 1}
    rows = {line["row"]: line["values"] for line in lines if "row" in line}
    assert rows["s: token lists to ids, against gensim"]["other"] == []
    assert "gensim is not installed" in capsys.readouterr().err


def test_corpora_compares_every_source(tmp_path, capsys, monkeypatch):
    corpora = module("corpora")
    asked = []

    def launch(task: dict, folder: str) -> dict:
        asked.append(task)
        path = Path(task["corpus"])
        assert path.is_file() == (path.suffix not in (".w2vc",))
        # gensim takes twelve times as long as w2v, Python three times; a second worker gains half.
        seconds = {"w2v": 0.5, "gensim": 6.0, "python": 1.5}[task["system"]]
        seconds /= 1.5 if task["settings"].get("workers") == 2 else 1
        if task["job"] == "decompress":
            seconds = 0.25
        if task["job"] == "spilling":
            assert 3_000_000 <= path.stat().st_size < 3_001_000
        speeds = {"mapped": [3e6], "loaded": [3.1e6]}
        return {
            **{"seconds": seconds, "tokens": 5_000_000, "phrases": 7, "joining_seconds": seconds},
            **{"words_per_second": speeds, "words_per_cpu_second": speeds},
            **{"elapsed_seconds": 1.0, "peak_bytes": 123_000_000},
        }

    def no_zstd() -> None:
        raise ImportError("no zstd here")

    monkeypatch.setattr(corpora, "launch", launch)
    monkeypatch.setattr(corpora, "version", lambda package: "9.9")
    monkeypatch.setattr(module("corpus_jobs"), "zstd", no_zstd)
    results = tmp_path / "results.jsonl"
    arguments = ["corpora", "--corpus", str(court(tmp_path)), "--bytes", "3000000", "--rounds", "2"]
    large = tmp_path / "large"
    large.mkdir()
    arguments += ["--folder", str(large), "--json", str(results)]
    assert module("cli").main(arguments) == 0
    rows = [line for line in lines_of(results) if "row" in line]
    better = {line["row"].partition(":")[2].strip(): line["better"] for line in rows}
    assert better == {
        "text file to ids, one worker, against gensim": "12.00x",
        "the same": "",
        "2 workers, against one": "1.50x",
        "token lists to ids, against gensim": "12.00x",
        "finding phrases, one pass, against gensim": "12.00x",
        "joining them, against gensim": "12.00x",
        "": "1.00x",
        ".gz file to ids, against gensim": "12.00x",
        ".gz file to ids, against decompressing alone": "0.50x",
        ".xz file to ids, against gensim": "12.00x",
        ".xz file to ids, against decompressing alone": "0.50x",
        "words of prose, lower case, to ids, against Python's re": "3.00x",
        "words of prose, lower case, to ids, against gensim's simple_preprocess": "12.00x",
        "opening 5 M encoded tokens": "",
        "opening 5 M encoded tokens, ids not compared": "",
        "training from an encoded file, against from memory": "0.97x",
        "training from an encoded file, processor time, against from memory": "0.97x",
        "peak of encoding 3 MB under memory='256MB'": "",
    }
    told = capsys.readouterr()
    assert "no zstd here" in told.err
    assert "150" in told.out
    assert list(large.iterdir()) == []
    assert len({id(task) for task in asked}) == len(asked)


@pytest.mark.parametrize("system", ["w2v", "gensim", "python"])
def test_jobs_read_every_token(tmp_path, system):
    jobs = module("corpus_jobs")
    models = pytest.importorskip("gensim.models") if system == "gensim" else w2v
    path = str(court(tmp_path))
    task = {"system": system, "corpus": path, "settings": {}}
    if system == "python":
        assert jobs.words_of_prose(None, task)["tokens"] == 2002
        for compress in (gzip, lzma):
            suffix = {gzip: ".gz", lzma: ".xz"}[compress]
            Path(path + suffix).write_bytes(compress.compress(Path(path).read_bytes()))
            told = jobs.decompress(None, {"corpus": path + suffix})
            assert told["bytes"] == Path(path).stat().st_size
        return
    told = jobs.encode(models.Word2Vec, task)
    assert (told["tokens"], told["sentences"]) == (2002, 101)
    assert jobs.token_lists(models.Word2Vec, task)["tokens"] == 2002
    if system == "gensim":
        assert jobs.words_of_prose(None, task)["tokens"] == 2002


@pytest.mark.parametrize("system", ["w2v", "gensim"])
def test_jobs_find_and_join_phrases(tmp_path, system):
    if system == "gensim":
        pytest.importorskip("gensim")
    lines = [f"only {i} here" for i in range(2000)] + ["new york"] * 50
    path = written(tmp_path, "\n".join(lines))
    told = module("corpus_jobs").phrases(None, {"system": system, "corpus": str(path)})
    assert (told["phrases"], told["tokens"]) == (1, 2000 * 3 + 50)
    assert told["seconds"] > 0
    assert told["joining_seconds"] > 0


# ---- Vectors ----


def test_vectors_measures_every_part(tmp_path):
    pytest.importorskip("gensim")
    vectors, figures = tmp_path / "vectors.safetensors", tmp_path / "figures"
    w2v.KeyedVectors(WORDS, VECTORS).save(vectors)
    questions = written(tmp_path, QUESTIONS)
    size = ("--words", 200, "--dim", 6, "--batch", 5, "--rounds", 1)
    asked = ("--vectors", vectors, "--questions", questions)
    ran = benchmarks("vectors", *size, *asked, "--json", figures)
    assert ran.returncode == 0, ran.stderr
    rows = {row["row"]: row for row in map(json.loads, figures.read_text("utf-8").splitlines())}
    for job in ("load binary", "load text", "save text"):
        assert rows[job]["w2v"] > 0
        assert rows[job]["gensim"] > 0
    assert rows["open mapped"]["w2v"] > 0
    assert rows["analogies, 3CosAdd"]["score"] == rows["analogies, 3CosAdd"]["gensim_score"]
    for told in ("most_similar_batch, 5 words", "distances, one word, chebyshev"):
        assert told in ran.stdout


# ---- Texts ---------------------------------------------------------------------------------------


def test_a_piece_of_a_text_is_its_first_lines(tmp_path):
    path = written(tmp_path, "one two\n\nthree\nfour five\nsix", "whole.txt")
    (tmp_path / "piece").mkdir()
    folder = str(tmp_path / "piece")
    first_words = module("texts").first_words
    for n_words, lines in ((1, 1), (2, 1), (3, 3), (4, 4), (5, 4), (9, 5)):
        piece = first_words(path, n_words, folder)
        assert piece == tmp_path / "piece" / "whole.txt"
        assert piece.read_text("utf-8") == "".join(path.read_text("utf-8").splitlines(True)[:lines])


def test_without_a_text_documentation_is_read(tmp_path, monkeypatch):
    texts = module("texts")
    monkeypatch.setattr(texts.demo, "documentation", lambda: [["a", "b"], ["é"], ["c"]])
    piece = texts.first_words(None, 3, str(tmp_path))
    assert piece.read_bytes() == "a b\né\n".encode()
    monkeypatch.setattr(texts.demo, "documentation", lambda: [["a", "b"]] * 9)
    assert module("loop").Text.read(None, 4).words == 4
