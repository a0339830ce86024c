"""The one shape of all commands: verbs, ``-``, ``--json``, examples, width, completion."""

import io
import itertools
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import typer

from w2v import KeyedVectors, Word2Vec
from w2v.cli import app
from w2v.training import plan, resources

ROOT = Path(__file__).resolve().parents[2]
QUESTIONS = ": family\nking queen man woman\n"
PAIRS = "king queen 8\nman woman 7\nking man 2\n"


def commands(group=None, path=()):
    """Yield the path and the command of every command line, those of groups included."""
    group = typer.main.get_command(app.app) if group is None else group
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(commands())


def options(command):
    return {option for parameter in command.params for option in parameter.opts}


@pytest.fixture
def run(capsysbinary, monkeypatch):
    """Run a command line in this process; return (status, stdout, stderr)."""

    def run(*args, stdin=b""):
        before = os.dup(0)
        with tempfile.TemporaryFile() as file:
            file.write(stdin)
            file.seek(0)
            os.dup2(file.fileno(), 0)  # text is read from here, all else from sys.stdin
            reader = io.BufferedReader(io.FileIO(0, closefd=False))
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(reader))
            try:
                status = app.main([str(arg) for arg in args])
            finally:
                os.dup2(before, 0)
                os.close(before)
        out, err = capsysbinary.readouterr()
        return status, out, err.decode()

    return run


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Make a folder with the files that the examples of the help pages name."""
    folder = tmp_path_factory.mktemp("examples")
    rng = np.random.default_rng(3)
    words = ["king", "queen", "man", "woman", "the", "of"]
    lines = [" ".join(rng.permutation(words)) for _ in range(60)]
    (folder / "corpus.txt").write_text("\n".join(lines) + "\n")
    (folder / "texts").mkdir()
    (folder / "texts" / "a.txt").write_text("\n".join(lines) + "\n")
    (folder / "texts.txt").write_text("the king\nthe woman\n")
    (folder / "questions-words.txt").write_text(QUESTIONS)
    (folder / "wordsim353.tsv").write_text(PAIRS.replace(" ", "\t"))
    labeled = [f"{'royal' if i % 2 else 'common'}\t{lines[i]}" for i in range(40)]
    (folder / "labeled.tsv").write_text("\n".join(labeled) + "\n")
    vectors = KeyedVectors(words, rng.normal(size=(6, 5)).astype(np.float32))
    vectors.export(folder / "vectors.txt")
    for year in (1900, 1950, 2000):
        rows = rng.normal(size=(6, 2)).astype(np.float32)
        KeyedVectors(words, rows).save(folder / f"{year}.safetensors")
    # --top 300 draws six words here.
    model = Word2Vec(
        [line.split() for line in lines], vector_size=5, min_count=1, workers=1, epochs=2, sample=0
    )
    for name in ("model", "other"):
        model.save(folder / f"{name}.safetensors")
    return folder


# ---- Names and help ------------------------------------------------------------------------------


def test_commands_are_verbs():
    assert list(COMMANDS) == [
        *[(name,) for name in ("train", "plan", "encode", "join-phrases", "inspect", "search")],
        *[(name,) for name in ("predict", "score", "evaluate", "cluster", "compare")],
        *[(name,) for name in ("stability", "convert", "grow", "demo")],
        *[("plot", name) for name in ("heatmap", "similarity", "scatter", "analogy", "loss")],
        *[("classify", name) for name in ("train", "predict")],
    ]


def examples(path, run):
    status, out, err = run(*path, "--help")
    assert (status, err) == (0, "")
    _, heading, text = out.decode().partition("Example")
    assert heading, f"no examples: {path}"
    assert text.startswith((":\n", "s:\n"))
    return [line.strip() for line in text.splitlines()[1:] if line.strip()]


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_ends_with_examples_that_work(path, run, kept, monkeypatch):
    """All examples are parsed; those without a pipe or a large download run, too."""
    monkeypatch.chdir(kept)
    monkeypatch.setattr(plan, "_SECONDS", 0.02)  # of training that is timed
    monkeypatch.setattr(plan, "_SECONDS_OF_QUALITIES", 0.02)
    monkeypatch.setattr(resources, "_SECONDS", 0.02)
    lines = examples(path, run)
    assert 1 <= len(lines) <= 3
    for line in lines:
        own = next(part for part in line.split(" | ") if part.startswith("w2v "))
        arguments, _, redirected = own.partition(" < ")
        words = shlex.split(arguments.partition(" > ")[0])[1:]
        assert tuple(words[: len(path)]) == path
        parsed = COMMANDS[path].make_context("w2v", words[len(path) :])
        assert parsed.params
        if path == ("demo",) or "umap" in words or "tsne" in words or " | " in line:
            continue  # a minute, an extra, a shell
        if path[0] == "plot" or "words.png" in words:
            pytest.importorskip("matplotlib")
        if path[0] == "classify":
            pytest.importorskip("torch")
            if path[1] == "train":
                words += ["--encoder", "mean", "--hidden-size", "4", "--epochs", "1"]
            else:
                run(*shlex.split(PREPARE))
        if path[0] == "join-phrases" and "corpus.w2vc" in words:
            assert run("encode", "corpus.txt", "-o", "corpus.w2vc")[0] == 0
        stdin = (kept / redirected).read_bytes() if redirected else b""
        status, _, err = run(*words, stdin=stdin)
        assert status == 0, (line, err)


PREPARE = "classify train labeled.tsv --vectors model.safetensors --encoder mean --epochs 1 "
PREPARE += "-o classifier.safetensors"


@pytest.mark.parametrize("path", [(), ("plot",), ("classify",)], ids=" ".join)
def test_help_of_groups_ends_with_examples(path, run):
    for line in examples(path, run):
        _, *words = shlex.split(line)
        depth = 2 if words[0] in ("plot", "classify") else 1
        assert COMMANDS[tuple(words[:depth])].make_context("w2v", words[depth:]).params


GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def command_lines(text):
    """Yield the words of each command line of w2v in a page, without comments and redirections."""
    for line in re.findall(r"^(?:[^|\n]*\| )?(w2v [a-z-][^|\n]*)", text, re.MULTILINE):
        yield shlex.split(re.split(r" [#<>] ?|\s+# ", line)[0])[1:]


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_commands_of_the_guides_are_right(page):
    blocks = re.findall(r"^```\w*\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    for words in command_lines("".join(blocks)):
        depth = 2 if words[0] in ("plot", "classify") else 1
        assert COMMANDS[tuple(words[:depth])].make_context("w2v", words[depth:]).params


def test_commands_of_a_guide_are_found():
    text = "w2v demo   # trains\nxz -dc a.xz | w2v train - -o m | cat\nw2v search m a > b\nw2v is\n"
    found = [["demo"], ["train", "-", "-o", "m"], ["search", "m", "a"], ["is"]]
    assert list(command_lines(text)) == found


def test_help_takes_the_width_of_the_terminal(run, monkeypatch):
    widths = {}
    for columns in ("60", "110"):
        monkeypatch.setenv("COLUMNS", columns)
        text = run("train", "--help")[1].decode().partition("Examples:")[0]
        widths[columns] = max(map(len, text.splitlines()))
    assert widths["60"] <= 60 < widths["110"] <= 110


def test_every_option_is_described():
    for path, command in COMMANDS.items():
        for parameter in command.params:
            assert parameter.help, (path, parameter.name)


def test_options_of_one_name_have_one_meaning():
    """Commands that share an option share its words, too, unless it has its own in one of them."""
    own = {
        "--output",
        "--test",
        "--seed",
        "--min-count",
        "--epochs",
        "--alpha",
        "--workers",
        "--errors",
        "--method",
        "--top",  # words of the vocabulary in `plot`, those that moved most in `compare`
        "--vectors",  # a file in `classify train`, what to save in `train`
        "--ray",  # a cluster that reads in `encode`, that trains in `train`
    }
    meanings = {}
    for command in COMMANDS.values():
        for parameter in command.params:
            for name in parameter.opts:
                if name.startswith("--"):
                    meanings.setdefault(name, set()).add(parameter.help)
    assert {name for name, texts in meanings.items() if len(texts) > 1} <= own


def test_exit_statuses_are_in_the_help(run):
    text = " ".join(run("--help")[1].decode().split())
    assert (
        "0, 1 after an error, 2 for wrong usage, 70 after a fault of w2v itself, 130 after Ct"
        in text
    )


# ---- JSON ----------------------------------------------------------------------------------------


def no_numbers_in_strings(value):
    if isinstance(value, dict):
        for item in value.values():
            no_numbers_in_strings(item)
    elif isinstance(value, list):
        for item in value:
            no_numbers_in_strings(item)
    elif isinstance(value, str):
        assert not re.fullmatch(r"[-+]?[\d,.]+(e-?\d+)?%?( bytes)?|not set|True|False|nan", value)


def test_numbers_in_strings_would_be_found():
    for bad in ("5,576", "182,441 bytes", "not set", "False", "1e-3", "33%"):
        with pytest.raises(AssertionError):
            no_numbers_in_strings({"a": [bad]})


def test_every_command_that_prints_has_json():
    without = {
        " ".join(path) for path, command in COMMANDS.items() if "--json" not in options(command)
    }
    assert without == {
        f"plot {name}" for name in ("heatmap", "similarity", "scatter", "analogy", "loss")
    }


@pytest.mark.parametrize(
    ("args", "check"),
    [
        ("train corpus.txt -o j.safetensors", lambda d: d["words"] == 6 and len(d["loss"]) == 5),
        ("encode corpus.txt -o j.w2vc", lambda d: (d["tokens"], d["types"]) == (360, 6)),
        ("join-phrases corpus.txt -o p.w2vc", lambda d: d["tokens_before"] == 360),
        ("inspect corpus.txt --no-measure", lambda d: d["kind"] == "corpus" and d["tokens"] == 360),
        (
            "inspect model.safetensors",
            lambda d: d["words"] == 6 and d["settings"]["alpha"] is None and d["kind"] == "model",
        ),
        ("inspect vectors.txt", lambda d: (d["kind"], d["dimensions"]) == ("vectors", 5)),
        (
            "search model.safetensors king man --topn 2",
            lambda d: [len(each["neighbors"]) for each in d] == [2, 2] and d[0]["word"] == "king",
        ),
        ("predict model.safetensors king -n 3", lambda d: 0 < d[0]["probability"] <= 1),
        ("evaluate vectors.txt --pairs wordsim353.tsv", lambda d: d["pairs"][0]["evaluated"] == 3),
        ("cluster model.safetensors -k 2", lambda d: set(d.values()) == {0, 1} and "king" in d),
        ("convert vectors.txt -o j.npz", lambda d: (d["format"], d["words"]) == ("npz", 6)),
    ],
)
def test_json_is_one_document_with_numbers(args, check, run, kept, monkeypatch):
    monkeypatch.chdir(kept)
    status, out, _ = run(*args.split(), "--json")
    assert status == 0
    assert out.count(b"\n") == 1
    document = json.loads(out)
    assert check(document), document
    no_numbers_in_strings(document)


@pytest.mark.filterwarnings("ignore:.*contains? NaN")
def test_json_has_no_nan(run, tmp_path):
    rows = np.array([[1, 0], [1, 1], [np.nan, 0]], np.float32)
    KeyedVectors(["a", "b", "c"], rows).export(tmp_path / "v.safetensors")
    status, out, _ = run("search", tmp_path / "v.safetensors", "a", "--json")
    assert status == 0
    [found] = json.loads(out, parse_constant=pytest.fail)
    assert [near["score"] is None for near in found["neighbors"]] == [False, True]


def test_json_of_sentences_is_a_document_per_line(run, kept, monkeypatch):
    monkeypatch.chdir(kept)
    _, out, _ = run("score", "model.safetensors", "-", "--json", stdin=b"the king\nthe man of\n")
    documents = [json.loads(line) for line in out.splitlines()]
    assert [d["sentence"] for d in documents] == [["the", "king"], ["the", "man", "of"]]
    assert all(d["nats"] < 0 for d in documents)


def test_json_of_classes(run, kept, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.chdir(kept)
    status, out, _ = run(*shlex.split(PREPARE), "--json")
    assert status == 0
    document = json.loads(out)
    no_numbers_in_strings(document)
    assert {each["label"] for each in document["classes"]} == {"common", "royal"}
    _, out, _ = run("classify", "predict", "classifier.safetensors", "--json", stdin=b"king\nman\n")
    documents = [json.loads(line) for line in out.splitlines()]
    assert [each["text"] for each in documents] == ["king", "man"]
    assert all(0.5 <= each["probability"] <= 1 for each in documents)


# ---- Standard input and output -------------------------------------------------------------------


def test_vectors_pass_through_pipes_in_every_format(run, kept, monkeypatch):
    monkeypatch.chdir(kept)
    expected = KeyedVectors.read("vectors.txt")
    data = (kept / "vectors.txt").read_bytes()
    for format in ("word2vec-text", "w2v", "word2vec", "glove", "npz"):
        status, data, err = run("convert", "-", "-o", "-", "--to", format, "-q", stdin=data)
        assert (status, err) == (0, "")
    (kept / "end.npz").write_bytes(data)
    found = KeyedVectors.read("end.npz")
    assert found.index_to_key == expected.index_to_key
    np.testing.assert_array_equal(found.vectors, expected.vectors)
    again = run("search", "-", "king", stdin=data)
    assert again == run("search", "vectors.txt", "king")


def test_a_model_goes_to_standard_output_and_notes_do_not(run, kept, monkeypatch):
    monkeypatch.chdir(kept)
    text = (kept / "corpus.txt").read_bytes()
    status, model, err = run("train", "-", "-o", "-", "--workers", 1, stdin=text)
    assert status == 0
    assert err.startswith("Learned 6 words")
    (kept / "piped.safetensors").write_bytes(model)
    assert len(Word2Vec.load(kept / "piped.safetensors").wv) == 6
    # What reads models reads this one.
    assert run("predict", "-", "king", stdin=model) == run("predict", "piped.safetensors", "king")
    assert json.loads(run("inspect", "-", "--json", stdin=model)[1])["words"] == 6


def test_words_and_results_in_text(run, kept, monkeypatch):
    monkeypatch.chdir(kept)
    assert run("search", "vectors.txt", "-", stdin=b"king\nman\n") == run(
        "search", "vectors.txt", "king", "man"
    )
    status, counts, _ = run("train", "corpus.txt", "-o", "v.safetensors", "--save-vocab", "-")
    assert (status, len(counts.splitlines())) == (0, 6)
    args = ("train", "corpus.txt", "-o", "v.safetensors", "--sample", "0", "--vocab", "-", "-q")
    assert run(*args, stdin=b"king\nman\n") == (0, b"", "")
    assert len(Word2Vec.load("v.safetensors").wv) == 2
    status, found, _ = run("cluster", "vectors.txt", "-k", 2)
    assert run("cluster", "vectors.txt", "-k", 2, "-o", "-") == (0, found, "")
    run("cluster", "vectors.txt", "-k", 2, "-o", "clusters.txt")
    assert (kept / "clusters.txt").read_bytes() == found
    args = ("join-phrases", "-", "-o", "p.w2vc", "--threshold", "0.1", "--save-phrases", "-", "-q")
    status, saved, err = run(*args, stdin=b"new york is big\nin new york\n" * 9)
    assert (status, err) == (0, "")
    assert "new" in str(json.loads(saved))
    args = ("join-phrases", "corpus.txt", "-o", "p.w2vc", "--phrases", "-", "-q")
    assert run(*args, stdin=saved) == (0, b"", "")


def test_a_picture_goes_to_standard_output(run, kept, monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(kept)
    status, picture, err = run("plot", "loss", "model.safetensors", "-o", "-")
    assert (status, picture[:4], err) == (0, b"\x89PNG", "")


@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        ("encode corpus.txt -o -", 2, "memory-mapped from its file; name a file"),
        ("join-phrases corpus.txt -o -", 2, "memory-mapped from its file; name a file"),
        ("train corpus.txt -o - --json", 2, "--json and --output - both write to standard output"),
        ("train corpus.txt -o - --save-vocab -", 2, "--output - and --save-vocab - both write"),
        ("train - -o m --vocab -", 2, "- (standard input) can be read only once"),
        ("train - corpus.txt -o m", 2, "must be the only source"),
        ("search - -", 2, "can be read only once"),
        ("convert vectors.txt -o -", 2, "give the format with --to"),
        ("convert vectors.txt -o - --to tensorboard", 2, "TensorBoard needs two files"),
        ("search - king", 1, "standard input: expected vectors"),
        ("cluster vectors.txt -k 2 -o x.txt --json", 2, "leave out --output"),
    ],
)
def test_streams_that_cannot_be(args, status, said, run, kept, monkeypatch):
    monkeypatch.chdir(kept)
    before = sorted(path.name for path in kept.iterdir())
    found, out, err = run(*args.split(), stdin=b"no vectors here\n")
    assert (found, out) == (status, b"")
    assert said in err
    assert err.count("\n") == 1
    assert sorted(path.name for path in kept.iterdir()) == before


def test_copies_of_standard_input_are_removed(run, kept, monkeypatch, tmp_path):
    monkeypatch.chdir(kept)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    data = (kept / "vectors.txt").read_bytes()
    assert run("search", "-", "king", stdin=data)[0] == 0
    assert run("search", "-", "nobody", stdin=data)[0] == 1
    assert list(tmp_path.iterdir()) == []


# ---- Terminals -----------------------------------------------------------------------------------


def in_a_terminal(folder, args, columns, **env):
    """Run a command line whose three streams are a terminal; return its status and its screen."""
    pty = pytest.importorskip("pty")
    termios = pytest.importorskip("termios")
    import fcntl
    import struct

    terminal, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("4H", 40, columns, 0, 0))
    plain = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES")}
    process = subprocess.Popen(
        [sys.executable, "-m", "w2v", *args],
        cwd=folder, env={**plain, "TERM": "xterm", **env}, stdin=side, stdout=side, stderr=side,
    )  # fmt: skip
    os.close(side)
    shown = b""
    with os.fdopen(terminal, "rb", buffering=0) as screen:
        while True:
            try:
                data = screen.read(65536)
            except OSError:  # Linux: the other side is closed
                break
            if not data:
                break
            shown += data
    return process.wait(), shown.decode().replace("\r\n", "\n")


def test_tables_are_as_wide_as_the_terminal(kept, tmp_path):
    words = ["a", "x" * 70, "c"]
    KeyedVectors(words, np.eye(3, dtype=np.float32) + 0.1).save(tmp_path / "v.safetensors")
    for columns in (30, 120):
        status, shown = in_a_terminal(tmp_path, ["search", "v.safetensors", "a"], columns)
        assert status == 0
        shown = re.sub(r"\x1b\[[\d;]*m", "", shown)
        assert max(map(len, shown.splitlines())) <= columns
        assert ("x" * 70 in shown) == (columns == 120)
        assert shown.count("x") == 70


def test_a_terminal_gets_no_binary_data(kept):
    args = ["convert", "vectors.txt", "-o", "-", "--to", "word2vec"]
    status, shown = in_a_terminal(kept, args, 80)
    assert status == 2
    assert "binary data is not written to a terminal" in " ".join(shown.split())
    status, shown = in_a_terminal(kept, [*args[:-1], "glove"], 80)
    assert status == 0
    assert shown.startswith("king ")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_can_be_shown_and_installed(shell, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    monkeypatch.delenv("ZDOTDIR", raising=False)
    for option in ("--show-completion", "--install-completion"):
        with pytest.raises(SystemExit) as ended:
            app.main([option, shell])
        assert ended.value.code == 0
        out, err = capsys.readouterr()
        assert ("_W2V_COMPLETE" in out, err) == (option == "--show-completion", "")
    assert any("w2v" in path.name for path in tmp_path.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("words", "expected"), [("w2v tr", {"train"}), ("w2v plot s", {"scatter", "similarity"})]
)
def test_completion_completes(words, expected, capsys, monkeypatch):
    """What bash asks for with a Tab after these words."""
    monkeypatch.setenv("_W2V_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    with pytest.raises(SystemExit) as ended:
        app.main(words.split()[1:])
    assert ended.value.code == 0
    assert set(capsys.readouterr().out.split()) == expected


def test_names_of_options_do_not_clash():
    for path, command in COMMANDS.items():
        names = list(itertools.chain(*(parameter.opts for parameter in command.params)))
        assert len(names) == len(set(names)), path
