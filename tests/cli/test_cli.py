"""The command line: flags, output, one-line errors, exit statuses, Ctrl-C."""

import importlib.metadata
import json
import math
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import warnings
from subprocess import PIPE

import numpy as np
import pytest
import typer
import typer.main

from w2v import KeyedVectors, TrainingConfig, Word2Vec, __version__, cli, config
from w2v.cli import app, train, wording
from w2v.io import safetensors_file
from w2v.io.words import word_tensors

COLOURS = ["red", "green", "blue", "yellow"]
NUMBERS = ["one", "two", "three", "four"]
SMALL = ("--min-count", "1", "--vector-size", "8", "--sample", "1", "--workers", "1")


@pytest.fixture
def w2v(capsys):
    """Run the command line in this process; return (status, stdout, stderr)."""

    def run(*args):
        status = app.main([str(arg) for arg in args])
        return (status, *capsys.readouterr())

    return run


@pytest.fixture
def corpus(tmp_path):
    rng = np.random.default_rng(5)
    lines = [" ".join(rng.permutation(words)) for words in (COLOURS, NUMBERS) for _ in range(300)]
    path = tmp_path / "corpus.txt"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def vectors(tmp_path):
    """Vectors whose neighbours are known: a, b, c, ... stand at growing angles to the first."""
    angles = np.linspace(0, 1, 26)
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    path = tmp_path / "abc.safetensors"
    KeyedVectors([chr(97 + i) for i in range(26)], rows).save(path)
    return path


def start(folder, *args, **more):
    """Run the command line in a process of its own.

    It starts in `folder`, because in the checkout ``-m w2v`` would be the source folder.
    """
    argv = [sys.executable, "-m", "w2v", *map(str, args)]
    return subprocess.Popen(argv, cwd=folder, **{"stdout": PIPE, "stderr": PIPE, **more})


def only_line(text):
    assert text.endswith("\n")
    assert text.count("\n") == 1, f"not one line: {text!r}"
    return text[:-1]


def flags_of(name):
    return [p.name for p in typer.main.get_command(app.app).commands[name].params]


# ---- Flags ---------------------------------------------------------------------------------------


def test_flags_are_the_hyper_parameters():
    own = ["sources", "output", "tokenizer", "lowercase", "column", "memory", "errors"]
    own += ["vocab", "init", "save_vocab", "kind"]
    own += ["validation", "validation_every", "early_stopping"]
    own += ["min_gain", "cool_down", "max_seconds"]
    own += ["evaluate_analogies", "evaluate_pairs", "history", "checkpoint"]
    own += ["checkpoint_every", "resume", "ray", "nodes", "workers_per_node", "as_json", "quiet"]
    assert flags_of("train") == own + list(config.parameters())


def test_every_flag_arrives(w2v, corpus, tmp_path):
    given = dict(
        quality="best", vector_size=12, window=3, min_count=2, max_final_vocab=9, sample=0.5, sg=0,
        cbow_mean=0, cbow_gradient="exact", hs=0, negative=4, softmax=True,
        max_softmax_vocab=10, ns_exponent=0.5, shared_negatives=False, score_offsets=True,
        shrink_windows=False, alpha=0.05, min_alpha=0.001, decay_start=0.5, epochs=2, workers=1,
        shards=5, replica_memory=6, deterministic=True, seed=7,
    )  # fmt: skip
    defaults = TrainingConfig().to_dict()
    assert {k for k in given if given[k] == defaults[k]} == {"hs"}  # it does not go with softmax
    flags = []
    for name, value in given.items():
        flag = name.replace("_", "-")
        off_or_on = {False: [f"--no-{flag}"], True: [f"--{flag}"]}
        flags += off_or_on[value] if isinstance(value, bool) else [f"--{flag}", value]
    status, out, _ = w2v("train", corpus, "-o", tmp_path / "m.safetensors", *flags)
    assert (status, out) == (0, "")
    found = Word2Vec.load(tmp_path / "m.safetensors").config.to_dict()
    assert found == given | {"workers": None}  # no matter for deterministic training
    w2v("train", corpus, "-o", tmp_path / "m.safetensors", *flags, "--no-deterministic")
    found = Word2Vec.load(tmp_path / "m.safetensors").config.to_dict()
    assert found == given | {"deterministic": False}


def test_defaults_are_the_configurations(w2v, corpus, tmp_path):
    assert w2v("train", corpus, "-o", tmp_path / "m.safetensors")[0] == 0
    assert Word2Vec.load(tmp_path / "m.safetensors").config == TrainingConfig()


@pytest.mark.parametrize(("flags", "expected"), [
    ([], {}),
    (["--vector-size", "100"], {"vector_size": 100}),  # the default, and yet it wins
    (["--epochs", "2", "--vector-size", "4"], {"epochs": 2, "vector_size": 4}),
])  # fmt: skip
def test_a_named_set_gives_way_to_flags(w2v, corpus, tmp_path, flags, expected):
    model = tmp_path / "m.safetensors"
    assert w2v("train", corpus, "-o", model, "--quality", "best", *flags)[0] == 0
    chosen = TrainingConfig().to_dict() | {"quality": "best"} | config.QUALITIES["best"] | expected
    assert Word2Vec.load(model).config.to_dict() == chosen
    status, _, error = w2v("train", corpus, "-o", model, "--quality", "better")
    assert status == 2
    assert "--quality better: expected 'fast' or 'balanced' or 'best'" in error


def test_help_names_flags_and_ranges(w2v, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    status, out, _ = w2v("train", "--help")
    assert status == 0
    text = " ".join(out.split())
    assert "--vector-size" in text
    assert "--no-shared-negatives" in text
    assert "from 1 to 65536" in text


def test_help_without_arguments(w2v, monkeypatch):
    status, out, err = w2v()
    assert (status, err) == (0, "")
    assert all(name in out for name in ("train", "predict", "score", "inspect", "demo"))
    monkeypatch.setattr(sys, "argv", ["w2v"])
    assert app.main() == 0


def test_version(w2v):
    assert w2v("--version") == (0, f"w2v {__version__}\n", "")


def test_module_runs_like_the_script(tmp_path):
    with start(tmp_path, "--help") as process:
        out, err = process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert b"w2v [OPTIONS] COMMAND" in out
    scripts = importlib.metadata.entry_points(group="console_scripts", name="w2v")
    assert [script.value for script in scripts] == ["w2v.cli:main"]


# ---- What the commands do ------------------------------------------------------------------------


def test_train_saves_and_says_what_next(w2v, corpus, tmp_path):
    out_path = tmp_path / "m.safetensors"
    args = (*SMALL, "--epochs", "10", "--alpha", "0.1")
    status, out, err = w2v("train", corpus, corpus, "-o", out_path, *args)
    assert (status, out) == (0, "")
    learned, saved, following = err.splitlines()  # not a terminal: no bar
    assert re.fullmatch(
        r"Learned 8 words of 8 dimensions in [\d.]+ s \([\d,]+ words/s\), loss \d\.\d{4}", learned
    )
    assert saved == f"Saved  {out_path}"
    assert following.startswith(f"Next:  w2v search {out_path} ")
    model = Word2Vec.load(out_path)
    assert model.corpus_total_words == 2 * 2400  # both files were read
    nearest = {word for word, _ in model.wv.most_similar("red", topn=3)}
    assert nearest == {"green", "blue", "yellow"}
    assert w2v(*following.split()[2:])[0] == 0


def test_train_begins_with_given_vectors(w2v, corpus, tmp_path):
    first, second = tmp_path / "first.txt", tmp_path / "m.safetensors"
    assert w2v("train", corpus, "-o", first, "--vectors", "input", *SMALL, "-q")[0] == 0
    args = ("train", corpus, "-o", second, *SMALL)
    status, out, err = w2v(*args, "--init", first, "--json")
    assert status == 0
    assert json.loads(out)["initial_words"] == Word2Vec.load(second).initial_words == 8
    assert "8 of 8 words began with given vectors" in err
    status, _, err = w2v(*args, "--vector-size", 9, "--init", first)
    assert status == 1
    assert "the vectors have 8 dimensions, but the model has --vector-size 9" in err
    assert w2v(*args, "--init", tmp_path / "none")[0] == 1


def test_grow_adds_the_words_of_a_text(w2v, corpus, tmp_path):
    model, more, grown = (tmp_path / name for name in ("m", "more.txt", "g"))
    assert w2v("train", corpus, "-o", model, *SMALL, "-q")[0] == 0
    more.write_text("red violet blue violet\n" * 9, "utf8")
    args = ("grow", model, more, "-o", grown)
    status, out, err = w2v(*args, "--anchor", "inf", "--epochs", 2, "--alpha", 0.05, "--json")
    assert status == 0
    assert err.startswith("New words: 1; known words: 8\nLearned 9 words of 8 dimensions")
    assert "search" in err.splitlines()[-1]
    assert err.splitlines()[-1].endswith("violet")
    found = json.loads(out)
    assert (found["words"], found["words_added"], len(found["loss"])) == (9, 1, 2)
    assert found["alpha"] == 0.05
    before, after = Word2Vec.load(model), Word2Vec.load(grown)
    assert after.wv.vectors[:8].tobytes() == before.wv.vectors.tobytes()
    assert w2v(*args, "-q") == (0, "", "")
    assert (Word2Vec.load(grown).wv["red"] != before.wv["red"]).any()
    assert w2v(*args, "--anchor", -1)[0] == 2
    status, _, err = w2v("grow", corpus, more, "-o", grown)
    assert status == 1
    assert str(corpus) in err


def test_train_says_which_learning_rate_the_text_has(w2v, tmp_path):
    rng = np.random.default_rng(5)
    share = 1 / np.arange(1, 2001)
    rows = rng.choice(2000, (1000, 20), p=share / share.sum())
    path = tmp_path / "short.txt"
    path.write_text("".join(" ".join(map(str, row)) + "\n" for row in rows))
    args = ("train", path, "-o", tmp_path / "m.safetensors", "--json", "--vector-size", 8)
    args = (*args, "--min-count", 1, "--epochs", 1, "--workers", 1)
    status, out, err = w2v(*args)
    assert (status, json.loads(out)["alpha"], json.loads(out)["sample"]) == (0, 0.05, 1e-3)
    assert ", learning rate 0.05, sample 0.001" in err
    status, out, err = w2v(*args, "--alpha", "0.03", "--sample", "0.01")
    assert (status, json.loads(out)["alpha"], json.loads(out)["sample"]) == (0, 0.03, 0.01)
    assert "learning rate" not in err
    assert "sample" not in err


@pytest.mark.filterwarnings("default")
def test_listed_words_and_saved_counts(w2v, corpus, tmp_path):
    words, counts, model = tmp_path / "words", tmp_path / "counts", tmp_path / "m"
    words.write_text("two\nred\nabsent\nblue 5\n")
    status, _, err = w2v(
        "train", corpus, "-o", model, "--vocab", words, "--save-vocab", counts, *SMALL[2:]
    )
    assert status == 0
    assert err.startswith("w2v: warning: 1 of the 4 words of the list do not occur")
    saved = dict(line.split(" ") for line in counts.read_text().splitlines())
    assert saved == {"two": "300", "red": "300", "blue": "300"}
    loaded = Word2Vec.load(model)
    assert loaded.wv.index_to_key == list(saved)
    assert loaded.config.min_count == 5
    # A file of counts is a list of words too.
    again = ("train", corpus, "-o", tmp_path / "n", "--vocab", counts, *SMALL[2:])
    assert w2v(*again)[0] == 0
    assert Word2Vec.load(tmp_path / "n").wv.vectors.tobytes() == loaded.wv.vectors.tobytes()


@pytest.mark.parametrize(("more", "status", "said"), [
    (("--vocab", "LIST", "--max-final-vocab", "5"), 2, "are mutually exclusive"),
    (("--vocab", "missing"), 1, "missing: No such file"),
    (("--vocab", "BAD"), 1, "line 1 is 'two words'"),
    (("--save-vocab", "m"), 2, "--output and --save-vocab are the same file"),
    (("--save-vocab", "CORPUS"), 1, "input and output are the same file"),
    (("--save-vocab", "LIST", "--vocab", "LIST"), 1, "input and output are the same"),
    (("--save-vocab", "no/where"), 1, "the directory does not exist"),
])  # fmt: skip
def test_vocabulary_files_are_looked_at_first(
    w2v, corpus, tmp_path, monkeypatch, more, status, said
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(train, "Corpus", None)  # text is not even read
    (tmp_path / "LIST").write_text("red blue\n".replace(" ", "\n"))
    (tmp_path / "BAD").write_text("two words\n")
    corpus.rename(tmp_path / "CORPUS")
    before = (tmp_path / "CORPUS").read_bytes()
    found, _, err = w2v("train", "CORPUS", "-o", "m", *more)
    assert found == status, err
    assert said in err
    assert (tmp_path / "CORPUS").read_bytes() == before
    assert not (tmp_path / "m").exists()


def test_quiet_says_nothing(w2v, corpus, tmp_path):
    path = tmp_path / "m.safetensors"
    assert w2v("train", corpus, "-o", path, *SMALL, "-q") == (0, "", "")
    assert w2v("convert", path, "-o", tmp_path / "v.bin", "-q") == (0, "", "")


def test_bytes_that_are_not_utf8(w2v, tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes("café thé café thé\n".encode("latin-1") * 20)
    args = ("train", path, "-o", tmp_path / "m.safetensors", *SMALL)
    status, out, err = w2v(*args)
    assert (status, out) == (1, "")
    assert str(path) in only_line(err)
    assert w2v(*args, "--errors", "ignore")[0] == 0
    assert set(Word2Vec.load(tmp_path / "m.safetensors").wv.index_to_key) == {"caf", "th"}


def test_search(w2v, vectors):
    status, out, err = w2v("search", vectors, "a", "z", "--topn", "2")
    assert (status, err) == (0, "")
    assert [line.split() for line in out.splitlines()] == [
        ["word", "neighbor", "cosine"],
        ["a", "b", f"{np.cos(0.04):.4f}"],
        ["a", "c", f"{np.cos(0.08):.4f}"],
        ["z", "y", f"{np.cos(0.04):.4f}"],
        ["z", "x", f"{np.cos(0.08):.4f}"],
    ]
    assert len(w2v("search", vectors, "a")[1].splitlines()) == 1 + 10


def test_search_by_another_metric(w2v, vectors):
    _, out, _ = w2v("search", vectors, "a", "--topn", "1", "--metric", "chebyshev")
    away = max(1 - math.cos(1 / 25), math.sin(1 / 25))
    assert out.split() == ["word", "neighbor", "chebyshev", "a", "b", f"{away:.4f}"]


@pytest.fixture
def model(w2v, corpus, tmp_path):
    path = tmp_path / "model.safetensors"
    flags = ("--softmax", "--sg", "0", "--alpha", "0.2", "--epochs", "10")
    assert w2v("train", corpus, "-o", path, *SMALL, *flags)[0] == 0
    return path


def test_predict(w2v, model):
    status, out, err = w2v("predict", model, "red", "green", "blue", "--topn", "3")
    assert (status, err) == (0, "")
    assert out.split()[:3] == ["missing", "word", "probability"]
    rows = [line.split() for line in out.splitlines()[1:]]
    expected = Word2Vec.load(model).predict_output_word(["red", "green", "blue"], topn=3)
    assert rows == [[word, f"{probability:.6f}"] for word, probability in expected]
    assert rows[0][0] == "yellow"


def test_predict_without_a_known_word(w2v, model):
    status, out, err = w2v("predict", model, "purple")
    assert (status, out) == (1, "")
    assert only_line(err) == "w2v: error: none of the context words ['purple'] is in the vocabulary"


def test_score(w2v, model, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("red green blue yellow\n\nred one green two\n")
    status, out, err = w2v("score", model, text)
    assert (status, err) == (0, "")
    likely, unlikely = Word2Vec.load(model).score(text)
    assert likely > unlikely
    assert [line.split() for line in out.splitlines()] == [
        ["nats", "sentence"],
        [f"{likely:.4f}", "red", "green", "blue", "yellow"],
        [f"{unlikely:.4f}", "red", "one", "green", "two"],
    ]


@pytest.mark.filterwarnings("always")
def test_text_is_scored_as_the_model_was_trained_and_unknown_words_are_shown(w2v, tmp_path):
    text, model = tmp_path / "text.txt", tmp_path / "lower.safetensors"
    text.write_text("Red, GREEN blue!\n" * 50 + "green; red\n" * 50)
    flags = ("--tokenizer", "unicode", "--lowercase")
    assert w2v("train", text, "-o", model, *SMALL, *flags, "-q")[0] == 0
    text.write_text("RED! Green blue?\nred Purple (green)\nPURPLE\n")
    status, out, err = w2v("score", model, text)
    assert status == 0
    assert "2 of 7 words (28.6%) are not in the vocabulary" in only_line(err)
    rows = [line.split() for line in out.splitlines()]
    assert rows[0] == ["nats", "unknown", "sentence"]
    assert [row[1:] for row in rows[1:]] == [
        ["0", "red", "green", "blue"], ["1", "red", "purple", "green"], ["1", "purple"],
    ]  # fmt: skip
    assert rows[3][0] == "-"
    assert float(rows[1][0]) < float(rows[2][0]) < 0
    status, out, err = w2v("score", model, text, "--json")
    assert json.loads(out.splitlines()[2]) == {
        "nats": None, "sentence": ["purple"], "unknown": ["purple"],
    }  # fmt: skip
    status, out, err = w2v("predict", model, "RED", "Purple", "-n", "1")
    assert (status, only_line(err)) == (0, "Not in the vocabulary and left out: purple")


def test_convert_and_read_again(w2v, vectors, tmp_path):
    for kind, binary in (("word2vec", True), ("word2vec-text", False)):
        path = tmp_path / f"{kind}.vec"
        status, out, err = w2v("convert", vectors, "-o", path, "--to", kind)
        assert (status, out) == (0, "")
        assert str(path) in only_line(err)
        loaded = KeyedVectors.load_word2vec_format(path, binary=binary)
        original = KeyedVectors.load(vectors)
        assert loaded.index_to_key == original.index_to_key
        np.testing.assert_array_equal(loaded.vectors, original.vectors)
        # Every command reads these formats too, and tells them apart by itself.
        assert w2v("search", path, "q") == w2v("search", vectors, "q")


def facts(out):
    return dict(re.split(r"  +", line, maxsplit=1) for line in out.splitlines())


def test_inspect_of_a_model(w2v, corpus, tmp_path):
    path = tmp_path / "m.safetensors"
    w2v("train", corpus, "-o", path, *SMALL, "--epochs", "3")
    model = Word2Vec.load(path)
    status, out, err = w2v("inspect", path)
    assert (status, err) == (0, "")
    told = facts(out)
    assert told["kind"].startswith("model")
    assert (told["words"], told["dimensions"], told["occurrences"]) == ("8", "8", "2,400")
    assert told["corpus"] == "2,400 words, 600 sentences"
    assert told["written by"] == f"w2v {__version__}"
    assert told["size"] == f"{path.stat().st_size:,} bytes"
    assert told["epochs trained"] == "3"
    assert (told["tokenizer"], told["lowercase"], told["errors"]) == ("space", "False", "strict")
    w2v("train", corpus, "-o", path, *SMALL, "--tokenizer", "unicode", "--lowercase")
    read = json.loads(w2v("inspect", path, "--json")[1])["reading"]
    assert read == {"tokenizer": "unicode", "lowercase": True, "errors": "strict"}
    assert told["loss per epoch"] == ", ".join(f"{loss:.4f}" for loss in model.training_loss)
    settings = {name: told[name] for name in config.parameters()}
    assert settings == {
        name: "not set" if value is None else str(value)
        for name, value in model.config.to_dict().items()
    }


@pytest.mark.parametrize("metadata", [
    {"config": "{"}, {"config": "[1]"}, {"training": '{"loss": []}'}, {"classes": "7"},
])  # fmt: skip
def test_inspect_of_a_model_with_corrupt_metadata(w2v, tmp_path, metadata):
    tensors = {"vectors": np.eye(2, dtype=np.float32), "counts": np.array([2, 1])}
    tensors |= word_tensors(["a", "b"])
    safetensors_file.write(tmp_path / "m", tensors, {"format": "w2v.model", **metadata})
    status, _, error = w2v("inspect", tmp_path / "m")
    assert status == 1
    assert "m: the file is truncated or corrupt" in error


def test_inspect_of_vectors(w2v, vectors, tmp_path):
    told = facts(w2v("inspect", vectors)[1])
    assert (told["kind"], told["words"], told["dimensions"]) == ("vectors", "26", "2")
    assert "window" not in told
    for kind in ("word2vec", "word2vec-text"):
        w2v("convert", vectors, "-o", tmp_path / kind, "--to", kind)
        told = facts(w2v("inspect", tmp_path / kind)[1])
        assert (told["words"], told["dimensions"]) == ("26", "2")
        assert ("text" in told["kind"]) == (kind == "word2vec-text")
    for name, kind in (
        ("a.npz", "NumPy .npz format"),
        ("a.glove", "GloVe text format"),
        ("a.glove.gz", "GloVe text format"),
        ("a.txt.gz", "word2vec text format"),
    ):
        format = "glove" if "glove" in name else None
        KeyedVectors.load(vectors).export(tmp_path / name, format=format)
        told = facts(w2v("inspect", tmp_path / name)[1])
        assert (told["kind"], told["words"]) == (f"vectors, {kind}", "26")


def test_piped_table_is_plain_and_whole(w2v, tmp_path):
    words = ["a", "x" * 500, "b\nc", "\x1b[31mred", "[bold]not markup[/bold]", "été"]
    KeyedVectors(words, np.eye(6, 3, dtype=np.float32) + 0.1).save(tmp_path / "v.safetensors")
    status, out, _ = w2v("search", tmp_path / "v.safetensors", "a")
    assert status == 0
    assert "\x1b" not in out
    rows = out.splitlines()
    assert len(rows) == 1 + 5
    assert {row.split()[1] for row in rows[1:]} == {
        "x" * 500, r"b\nc", r"\x1b[31mred", "[bold]not", "été",
    }  # fmt: skip
    assert all(row == row.rstrip() for row in rows)


def test_output_that_cannot_hold_a_word(tmp_path):
    KeyedVectors(["a", "été"], np.ones((2, 2), np.float32)).save(tmp_path / "v.safetensors")
    env = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    with start(tmp_path, "search", "v.safetensors", "a", env=env) as process:
        out, err = process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert rb"\xe9t\xe9" in out


# ---- Errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        ("train missing.txt -o m", 1, "missing.txt: No such file or directory"),
        ("train empty -o m", 1, "no files in this directory"),
        ("train empty.txt -o m", 1, "empty.txt"),
        ("train corpus.txt -o nowhere/m", 1, "nowhere/m: No such file or directory"),
        ("train corpus.txt -o .", 1, "Is a directory"),
        ("train corpus.txt -o corpus.txt", 1, "corpus.txt: input and output are the same file"),
        ("train corpus.txt -o m --min-count 301", 1, "(--min-count 301)"),
        (
            "train corpus.txt -o m.txt",
            2,
            "m.txt: a model is written in safetensors format",
        ),
        (
            "train corpus.txt -o m.bin",
            2,
            "m.safetensors', or convert the model afterwards",
        ),
        (
            "train corpus.txt -o m --save-vocab v.bin",
            2,
            "v.bin: words and counts are written",
        ),
        (
            "encode corpus.txt -o c.txt",
            2,
            "c.txt: a corpus is written encoded, but",
        ),
        ("encode corpus.txt -o c.w2vc.gz", 2, "encoded, uncompressed, but .gz means gzip; drop"),
        ("join-phrases corpus.txt -o p.txt", 2, "p.txt: a corpus is written encoded"),
        ("cluster abc.safetensors -o c.npz", 2, "c.npz: clusters are written as text"),
        ("demo -o m.vec", 2, "m.vec: a model is written in safetensors format"),
        ("train -o m", 2, "SOURCE"),
        ("train corpus.txt", 2, "--output"),
        ("train corpus.txt -o m --epochs 0", 2, "error: --epochs 0: expected an integer, from 1"),
        ("train corpus.txt -o m --epochs many", 2, "error: --epochs many: expected an integer"),
        ("train corpus.txt -o m --alpha inf", 2, "error: --alpha inf: expected a number"),
        ("train corpus.txt -o m --min-alpha 1", 2, "error: --min-alpha 1.0"),
        (
            "train corpus.txt -o m --negative 0",
            2,
            "error: --negative 0, --hs 0 and --no-softmax: there is",
        ),
        (
            "train corpus.txt -o m --softmax --hs 1",
            2,
            "error: --softmax and --hs 1 are mutually exclusive",
        ),
        ("train corpus.txt -o m --cbow-gradient no", 2, "expected 'classic' or 'exact'"),
        ("train corpus.txt -o m --softmax --max-softmax-vocab 7", 1, "--max-softmax-vocab 7"),
        ("train corpus.txt -o m --errors never", 2, "'never' is not one of 'strict', 'replace'"),
        ("train corpus.txt -o m --nonsense", 2, "--nonsense"),
        ("train corpus.txt -o m --window", 2, "--window"),
        ("train latin1.txt -o m", 1, "pass --errors replace or --errors ignore to continue"),
        (
            "train corpus.txt -o m --workers 0",
            2,
            "--workers 0: expected an integer, from 1 to 1024",
        ),
        ("train two.jsonl -o m --column a", 1, "--column applies only to tables"),
        ("search twice.txt a", 1, "--errors skip keeps the first (options of `w2v convert`)"),
        (
            "convert twice.txt -o v.vec",
            1,
            "rename one of them; --errors skip keeps the first",
        ),
        (
            "convert cut.txt -o v.vec",
            1,
            "corrupt (use --limit to read the first words)",
        ),
        ("convert matrix.txt -o v.vec", 1, "pass --from glove if the first number of each line"),
        ("cluster abc.safetensors -k 9999", 1, "--clusters 9,999: expected at most"),
        ("search missing.safetensors a", 1, "missing.safetensors: No such file"),
        ("search corpus.txt a", 1, "corpus.txt: expected vectors in a format that w2v reads"),
        ("search abc.safetensors a nothing", 1, "abc.safetensors: word 'nothing' is not in"),
        ("search abc.safetensors A", 1, "but 'a' is"),
        ("search abc.safetensors", 2, "WORD"),
        ("search abc.safetensors a --topn 0", 2, "--topn"),
        ("predict abc.safetensors a", 1, "abc.safetensors: this file contains word vectors"),
        ("predict missing.safetensors a", 1, "missing.safetensors: No such file"),
        ("score abc.safetensors corpus.txt", 1, "abc.safetensors: this file contains word vectors"),
        ("convert missing.safetensors -o v.bin", 1, "missing.safetensors: No such file"),
        ("convert abc.safetensors -o nowhere/v.bin", 1, "nowhere/v.bin: No such file"),
        ("convert abc.safetensors -o abc.safetensors", 1, "input and output are the same file"),
        ("convert abc.safetensors -o v.csv", 2, "unknown extension; use one of .safetensors"),
        ("convert abc.safetensors -o v.bin --to csv", 2, "--to csv: expected one of w2v"),
        ("convert abc.safetensors -o v.bin --to gensim", 2, "--to gensim: expected one of w2v"),
        ("convert abc.safetensors -o v.bin --from csv", 2, "--from csv: expected one of w2v"),
        ("convert abc.safetensors -o v.bin --max-size many", 2, "many"),
        ("inspect missing", 1, "missing: No such file"),
        ("inspect empty.txt", 1, "empty"),
        ("demo -o nowhere/m", 1, "nowhere/m: No such file"),
        ("trian", 2, "No such command 'trian'"),
        ("--nonsense", 2, "--nonsense"),
    ],
)
def test_errors(w2v, corpus, vectors, tmp_path, monkeypatch, args, status, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    for name, content in {
        "empty.txt": b"",
        "latin1.txt": b"caf\xe9 b\n",
        "two.jsonl": b"{}\n",
        "twice.txt": b"a 1 2\na 3 4\n",
        "cut.txt": b"4 2\na 1 2\n",
        "matrix.txt": b"0.1 0.2\n0.3 0.4\n",
    }.items():
        (tmp_path / name).write_bytes(content)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    got, out, err = w2v(*args.split())
    assert (got, out) == (status, "")
    line = only_line(err)
    assert line.startswith("w2v: error: ")
    assert said in line
    assert "Traceback" not in line
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("increase memory=, or stop", "increase --memory, or stop"),
        ("lowercase=True, lowercase=False", "--lowercase, no --lowercase"),
        ("softmax=False, softmax=0, softmax=1", "--no-softmax, --no-softmax, --softmax"),
        ("alpha=-0.5 (min_alpha, alpha)", "--alpha -0.5 (--min-alpha, alpha)"),
        ("column='a b': as in Corpus(x, column='a')", "--column a b: as in Corpus(x, --column a)"),
        ("choose one, as in Corpus(source, column='a'); or", "choose one; or"),
        (
            "/a/min_count=5/b min_count=[5] my.min_count",
            "/a/min_count=5/b min_count=[5] my.min_count",
        ),
        ("names= and window='", "names= and window='"),
        ("use limit=5", "use --limit 5 (options of `w2v convert`)"),
    ],
)
def test_messages_speak_of_options(message, said):
    command = typer.main.get_command(app.app)
    with wording.spoken_by(command, ["train", "limit=5"]):
        assert wording.translate(message) == said
    assert wording.translate(message) == message


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("two\nlines"), r"two\nlines"),
        (FloatingPointError("training diverged"), "training diverged"),
        (KeyError("no such word"), "no such word"),
        (OSError(28, "No space left on device", "/disk/m"), "/disk/m: No space left on device"),
        (OSError("bare"), "bare"),
        (MemoryError(), "out of memory"),
        (MemoryError("2 TB asked"), "out of memory; 2 TB asked"),
        (RuntimeError("unforeseen"), "RuntimeError: unforeseen"),
        (ValueError(), "ValueError: "),
    ],
)
def test_any_exception_is_one_line(w2v, corpus, tmp_path, monkeypatch, error, said):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(train, "Corpus", fail)
    status, out, err = w2v("train", corpus, "-o", tmp_path / "m")
    assert (status, out, only_line(err)) == (1, "", f"w2v: error: {said}")


def test_destination_is_tried_before_training(w2v, corpus, tmp_path, monkeypatch):
    def fail(*args, **kwargs):
        raise AssertionError("read the corpus first")

    monkeypatch.setattr(train, "Corpus", fail)
    status, _, err = w2v("train", corpus, "-o", tmp_path / "nowhere" / "m")
    assert status == 1
    assert "nowhere" in only_line(err)


def test_trying_the_destination_changes_nothing(w2v, corpus, tmp_path):
    old = tmp_path / "old.safetensors"
    old.write_bytes(b"old")
    assert w2v("train", corpus, "-o", old, "--min-count", "1000000")[0] == 1
    assert old.read_bytes() == b"old"
    assert {path.name for path in tmp_path.iterdir()} == {"old.safetensors", "corpus.txt"}


def test_a_model_that_cannot_be_saved_is_kept(w2v, corpus, tmp_path, monkeypatch):
    target, save = tmp_path / "m.safetensors", Word2Vec.save

    def full(model, path):
        if path == target:
            raise OSError(28, "No space left on device", str(path))
        save(model, path)

    monkeypatch.setattr(Word2Vec, "save", full)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    status, out, err = w2v("train", corpus, "-o", target, *SMALL)
    assert (status, out) == (1, "")
    found = re.fullmatch(
        rf"w2v: error: {re.escape(str(target))}: No space left on device; "
        r"the model was saved to (.+) instead",
        only_line(err),
    )
    assert len(Word2Vec.load(found[1]).wv) == 8


def test_nothing_is_left_where_no_place_is_writable(w2v, corpus, tmp_path, monkeypatch):
    def full(model, path):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(Word2Vec, "save", full)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    target = tmp_path / "m.safetensors"
    status, _, err = w2v("train", corpus, "-o", target, *SMALL)
    assert (status, only_line(err)) == (1, f"w2v: error: {target}: No space left on device")
    assert [path.name for path in tmp_path.iterdir()] == ["corpus.txt"]


@pytest.mark.filterwarnings("default")
def test_warnings_are_one_line(w2v, corpus, tmp_path, monkeypatch):
    original = train.Corpus

    def warn(*args, **kwargs):
        warnings.warn("something\nis odd", RuntimeWarning, stacklevel=1)
        return original(*args, **kwargs)

    monkeypatch.setattr(train, "Corpus", warn)
    status, _, err = w2v("train", corpus, "-o", tmp_path / "m.safetensors", *SMALL, "-q")
    assert (status, only_line(err)) == (0, r"w2v: warning: something\nis odd")


# ---- Ctrl-C and pipes ----------------------------------------------------------------------------


def test_interrupt_while_reading(w2v, corpus, tmp_path, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "Corpus", interrupt)
    status, out, err = w2v("train", corpus, "-o", tmp_path / "m.safetensors")
    assert (status, out, err.strip()) == (130, "", "w2v: interrupted")
    assert not (tmp_path / "m.safetensors").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither pty nor SIGINT for others")
def test_interrupt_while_training_in_a_terminal(corpus, tmp_path):
    """The bar is shown in a terminal; once it says "training", Ctrl-C saves what was learned."""
    import fcntl
    import pty
    import struct
    import termios

    path = tmp_path / "m.safetensors"
    terminal, side = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("4H", 24, 120, 0, 0))
    args = ("train", corpus, "-o", path, *SMALL, "--epochs", "1000000")
    process = start(tmp_path, *args, stderr=side, text=True)
    os.close(side)
    watchdog = threading.Timer(30, process.kill)
    watchdog.start()
    shown, sent = "", False
    with process, os.fdopen(terminal, "rb", buffering=0) as screen:
        while True:
            try:
                piece = screen.read(65536)
            except OSError:  # Linux: the other side is closed
                break
            if not piece:
                break
            shown += piece.decode(errors="replace")
            if not sent and re.search(r"training.*words/s.*alpha .*loss ", shown):
                process.send_signal(signal.SIGINT)
                sent = True
        out = process.stdout.read()
        status = process.wait()
    watchdog.cancel()
    assert sent, shown
    assert status == 130, (status, shown, out)
    assert shown.count("interrupted") == 1
    assert shown.rstrip().endswith("w2v: interrupted")
    assert out == ""
    assert f"Saved  {path}" in shown
    assert len(Word2Vec.load(path).training_loss) >= 1


def test_interrupt_while_a_classifier_is_trained(w2v, vectors, tmp_path, monkeypatch):
    pytest.importorskip("torch")
    from w2v import sequence

    fit = sequence.SequenceClassifier.fit

    def interrupted(self, *given):
        fit(self, *given)
        self.interrupted_ = True
        raise KeyboardInterrupt

    def at_once(self, *given):
        raise KeyboardInterrupt

    data, path = tmp_path / "data.tsv", tmp_path / "classifier"
    data.write_text("early\ta b c\nlate\tx y z\n" * 20)
    args = ("classify", "train", data, "--vectors", vectors, "-o", path, "--epochs", "1", "-q")
    monkeypatch.setattr(sequence.SequenceClassifier, "fit", at_once)
    assert w2v(*args) == (130, "", "w2v: interrupted\n")
    assert not path.exists()
    monkeypatch.setattr(sequence.SequenceClassifier, "fit", interrupted)
    status, _, err = w2v(*args)
    assert (status, err.splitlines()[-1]) == (130, "w2v: interrupted")
    assert sequence.SequenceClassifier.load(path).predict(["a b"])


def test_a_reader_that_leaves_is_no_error(vectors, tmp_path):
    with start(tmp_path, "search", vectors, "a") as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_settings_are_stored_as_json(w2v, corpus, tmp_path):
    """What ``inspect`` shows is what the file holds, not what this version's defaults are."""
    path = tmp_path / "m.safetensors"
    w2v("train", corpus, "-o", path, *SMALL, "--window", "3")
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    assert json.loads(header["__metadata__"]["config"])["window"] == 3
    assert facts(w2v("inspect", path)[1])["window"] == "3"


# ---- Signals to a run, and what is told about its bugs -------------------------------------------

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")

# Runs w2v as the program `w2v` does, after a line of code that plants when a signal comes.
PROGRAM = """
import os, signal, sys, threading
from w2v.cli import main, signals
send = lambda: os.kill(os.getpid(), {number})
{planted}
sys.argv[1:] = {args!r}
status = main()
print("end", flush=True)
{after}
sys.exit(status)
"""
WHILE_SAVING = """
from w2v.io import safetensors_file
safetensors_file._chunks = lambda array: [b"half", send()]
"""
WHILE_IMPORTING = """
import importlib.abc
class Sender(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "numpy":
            send()
sys.meta_path.insert(0, Sender())
"""
IN_A_DESTRUCTOR = """
from w2v.cli import train
class Sender:
    def __del__(self):
        send()
def corpus(*args, **more):
    given_up = threading.Timer(30, os._exit, (3,))
    given_up.daemon = True
    given_up.start()
    Sender()
    threading.Event().wait()
train.Corpus = corpus
"""
MADE_ANOTHER_ERROR = """
from w2v.cli import train
def corpus(*args, **more):
    try:
        send()
    except BaseException:
        raise ImportError("numpy.core failed to import")
train.Corpus = corpus
"""


def sent(number, planted, folder, *args, after=""):
    """Return the exit status, the lines on standard error and the files after a signal."""
    argv = [*map(str, args)]
    code = PROGRAM.format(number=int(number), planted=planted, args=argv, after=after)
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    return done.returncode, done.stderr, sorted(os.listdir(folder)), done.stdout


@posix_only
@pytest.mark.parametrize(
    ("name", "planted"),
    [
        pytest.param(name, planted, id=f"{name}-{moment}", marks=marks)
        for moment, planted in {
            "saving": WHILE_SAVING,
            "importing": WHILE_IMPORTING,
            "destructor": IN_A_DESTRUCTOR,
            "masked": MADE_ANOTHER_ERROR,
        }.items()
        for name, marks in {
            "SIGINT": (),
            "SIGTERM": () if moment == "saving" else pytest.mark.thorough,
            "SIGHUP": pytest.mark.thorough,
        }.items()
    ],
)
def test_a_signal_ends_a_run_with_one_line_and_nothing_left(name, planted, corpus, tmp_path):
    number = getattr(signal, name)
    args = ("train", corpus, "-o", "m.safetensors", "-q", *SMALL)
    status, shown, left, _ = sent(number, planted, tmp_path, *args)
    word = "interrupted" if name == "SIGINT" else "terminated"
    assert (status, shown, left) == (128 + number, f"w2v: {word}\n", ["corpus.txt"])


@posix_only
def test_a_signal_after_the_work_is_done_changes_nothing(vectors, tmp_path):
    status, shown, _, out = sent(signal.SIGINT, "", tmp_path, "inspect", vectors, after="send()")
    assert (status, shown) == (0, "")
    assert out.endswith("end\n")


@posix_only
def test_ignored_signals_stay_ignored(vectors, tmp_path):
    """As in a background job of a script, or under nohup."""
    planted = "signal.signal(signal.SIGHUP, signal.SIG_IGN); signals.loaded = send"
    after = "assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN"
    args = (tmp_path, "inspect", vectors)
    status, shown, _, out = sent(signal.SIGHUP, planted, *args, after=after)
    assert (status, shown) == (0, "")
    assert out.endswith("end\n")


def test_signals_of_a_program_that_calls_main_stay_as_they_are(capsys):
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT), sys.unraisablehook
    assert cli.main(["--version"]) == 0
    assert before == (
        signal.getsignal(signal.SIGTERM),
        signal.getsignal(signal.SIGINT),
        sys.unraisablehook,
    )


def no_function(*args, **more):
    function = None
    return function()


def refusal(*args, **more):
    raise TypeError("expected a bicycle")


def missing(*args, **more):
    return {}["a key"]


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        (no_function, "TypeError: 'NoneType' object is not callable; this is a bug in w2v"),
        (missing, "KeyError: 'a key'; this is a bug in w2v"),
        (refusal, "expected a bicycle"),
    ],
)
def test_a_bug_is_told_from_a_mistake(w2v, corpus, tmp_path, monkeypatch, broken, expected):
    monkeypatch.delenv("W2V_TRACEBACK", raising=False)
    monkeypatch.setattr(train, "Corpus", broken)
    args = ("train", corpus, "-o", tmp_path / "m.safetensors")
    status, _, err = w2v(*args)
    assert status == (70 if "bug" in expected else 1)
    assert only_line(err).startswith(f"w2v: error: {expected}")
    assert ("prints with --debug" in err) == ("bug" in expected)
    shown = [w2v("--debug", *args)[2], w2v(*args, "--debug")[2]]
    monkeypatch.setenv("W2V_TRACEBACK", "1")
    for err in (*shown, w2v(*args)[2]):
        assert err.startswith("Traceback (most recent call last):\n")
        assert f"in {broken.__name__}" in err
        assert err.splitlines()[-1].startswith(f"w2v: error: {expected}")


@posix_only
def test_closed_and_full_streams(vectors, tmp_path):
    def run(redirection, *args):
        command = f'exec "$0" -m w2v "$@" {redirection}'
        argv = ["sh", "-c", command, sys.executable, *map(str, args)]
        done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    assert run(">&-", "search", vectors, "a") == (0, "", "")
    assert run("2>&-", "search", tmp_path / "missing", "a") == (1, "", "")
    status, _, err = run(">&-", "convert", vectors, "-o", "-", "--to", "glove")
    assert (status, only_line(err)) == (
        1,
        "w2v: error: standard output: it is closed; name a file in place of -",
    )
    status, _, err = run("<&-", "search", "-", "a")
    assert (status, only_line(err)) == (
        1,
        "w2v: error: standard input: it is closed; name a file in place of -",
    )
    if os.path.exists("/dev/full"):
        status, _, err = run(">/dev/full", "search", vectors, "a")
        assert (status, only_line(err)) == (
            1,
            "w2v: error: standard output: No space left on device",
        )


@posix_only
def test_encode_to_what_is_no_regular_file(w2v, corpus, tmp_path):
    status, _, err = w2v("encode", corpus, "-o", os.devnull)
    assert status == 1
    expected = f"w2v: error: {os.devnull}: an encoded corpus is written to a regular file only"
    assert only_line(err).startswith(expected)
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "encoded.w2vc")
    assert w2v("encode", corpus, "-o", link, "-q")[0] == 0
    assert link.is_symlink()


@pytest.mark.parametrize(("quota", "expected"), [("2.0", "2"), ("math.inf", "None")])
def test_other_libraries_heed_the_quota_of_a_container(vectors, tmp_path, quota, expected):
    code = f"""
import math, os, sys
from w2v import _cpu, cli
_cpu.cpu_quota = lambda: {quota}
_cpu.os.sched_getaffinity = lambda _: range(64)
sys.argv[1:] = ["--version"]
cli.main()
print([os.environ.get(n) for n in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")])
"""
    names = {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"}
    environment = {name: value for name, value in os.environ.items() if name not in names}
    environment["MKL_NUM_THREADS"] = "7"  # what the user has set
    argv = [sys.executable, "-c", code]
    done = subprocess.run(
        argv, cwd=tmp_path, capture_output=True, text=True, check=True, env=environment
    )
    shown = [None if expected == "None" else expected] * 2 + ["7"]
    assert done.stdout.splitlines()[-1] == str(shown)
