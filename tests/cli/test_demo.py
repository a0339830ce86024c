"""The demo: collecting documentation without importing it, and the command that trains on it."""

import argparse
import collections
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from w2v import Corpus, Word2Vec
from w2v.cli import app, demo


@pytest.fixture(scope="session")
def sentences():
    return demo.load_docstrings()


@pytest.fixture(scope="session")
def counts(sentences):
    return collections.Counter(word for sentence in sentences for word in sentence)


def docstrings(source):
    return list(demo._docstrings(source))


def sentences_of(text):
    return list(demo._sentences(text))


# ---- The collected corpus ------------------------------------------------------------------------


@pytest.mark.thorough
def test_about_a_million_words(sentences, counts):
    # 1.08 million with Python 3.10, NumPy 2.2 and SciPy 1.15; more with newer ones.
    assert 800_000 < sum(counts.values()) < 5_000_000
    assert all(sentences)
    assert len(sentences) > 50_000


@pytest.mark.thorough
def test_words_are_clean(counts):
    assert all(word == word.lower() and word[0] not in "_0123456789" for word in counts)
    assert not any(character in word for word in counts for character in '\\<>.,()"`= \t\n')


@pytest.mark.thorough
def test_every_source_is_there(counts):
    library = ("socket", "thread", "calendar")  # standard library
    numpy_and_scipy = ("ndarray", "ufunc", "eigenvalues", "quadrature")
    topics = ("clause", "suite", "augmented")  # the language itself: pydoc's topics
    for word in library + numpy_and_scipy + topics:
        assert counts[word] >= 10, word


@pytest.mark.thorough
def test_words_to_show_are_frequent_enough(counts):
    assert all(counts[word] >= 100 for word in ("matrix", "list", "float", "eigenvalues"))
    shown = [word for word in demo.CANDIDATES if counts[word] >= demo.SETTINGS["min_count"]]
    assert len(shown) >= 12
    assert len(set(demo.CANDIDATES)) == len(demo.CANDIDATES)


@pytest.mark.thorough
def test_same_again_elsewhere_and_nothing_is_imported(sentences, tmp_path):
    """Another process, with other hashes, collects the same, and imports none of what it reads."""
    script = (
        "import hashlib, sys\n"
        "from w2v.cli import demo\n"
        "before = set(sys.modules)\n"
        "digest = hashlib.sha256(repr(demo.load_docstrings()).encode()).hexdigest()\n"
        "print(digest, *sorted(set(sys.modules) - before))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    digest, *imported = done.stdout.split()
    assert digest == hashlib.sha256(repr(sentences).encode()).hexdigest()
    # What a search of the import path itself may load is not what it finds.
    sources = ("scipy", "pydoc_data", "pydoc", "tkinter", "asyncio", "numpy.f2py")
    assert not [name for name in imported if name.split(".")[0] in sources or name in sources]
    assert "scipy" not in imported


# ---- Finding docstrings --------------------------------------------------------------------------


def test_docstrings_of_modules_classes_and_functions():
    source = '''#!/usr/bin/env python
"""Module."""

class A:
    r\'\'\'Class
    of two lines.\'\'\'

    def f(self):
        u"""Method."""
        return 1

    def g(self):
        "In single quotes."
'''
    assert docstrings(source) == [
        "Module.", "Class\n    of two lines.", "Method.", "In single quotes.",
    ]  # fmt: skip


def test_texts_attached_by_a_call_count():
    source = 'add_newdoc(\'numpy\', \'ndarray\',\n    """An array.""")\n'
    assert docstrings(source) == ["An array."]


@pytest.mark.parametrize(
    "source",
    [
        'text = """data"""\n',
        'f("""argument""")\n',
        "f(\n    'argument',\n    'another')\n",
        'b = b"""bytes"""\n',
        'if x:\n    b"""bytes"""\n',
        '# """comment"""\n',
        'x = \'"""\'\n',
        "x = \"'''\"\n",
        'x = {1:\n     f"a{1}"}\n',
        "",
    ],
)
def test_other_strings_do_not_count(source):
    assert docstrings(source) == []


@pytest.mark.parametrize(
    "before",
    [
        "# don't: an apostrophe in a comment\n",
        "x = '\\''  # an escaped quote\n",
        'x = "#"\n',
        'x = \'"""\'\n',
        'x = """\nends at a line\'s start\n"""\n',
        'x = "it\'s"\n',
        'x = """escaped \\""" quotes"""\n',
    ],
)
def test_quotes_elsewhere_do_not_mislead(before):
    assert docstrings(f'{before}"""The text."""\n') == ["The text."]


def test_topics_are_read_whole():
    source = "# generated\ntopics = {'a': 'One '\n 'text.\\n',\n 'b': r'''Two'''}\n"
    assert list(demo._topics(source)) == ["One text.\n", "Two"]
    assert list(demo._topics("pass\n")) == []


# ---- Sentences -----------------------------------------------------------------------------------


def test_sentences_end_at_stops_and_empty_lines():
    text = "First one. Second\n    one?  Third one\n\nFourth one: a fifth"
    assert sentences_of(text) == [
        ["first", "one"], ["second", "one"], ["third", "one"], ["fourth", "one"], ["a", "fifth"],
    ]  # fmt: skip


def test_examples_and_addresses_are_left_out():
    text = (
        "Before the example.\n\n    >>> import numpy as np\n    >>> np.eye(2)\n    array([[1, 0],\n"
        "           [0, 1]])\n\nAfter it, see https://example.org/a-page.html for more"
    )
    assert sentences_of(text) == [
        ["before", "the", "example"],
        ["after", "it", "see", "for", "more"],
    ]


def test_what_a_word_is():
    text = r"float64 isn't 3d \alpha __init__ _private array_like 'quoted' x2 \nline naïve"
    assert sentences_of(text) == [
        ["float64", "isn't", "array_like", "quoted", "x2", "naïve"],
    ]
    assert sentences_of("alone") == []  # one word alone has no context


# ---- Odd installations ---------------------------------------------------------------------------


def test_without_sources_says_so(monkeypatch, tmp_path):
    (tmp_path / "few.py").write_text('"""Only a few words."""\n')
    monkeypatch.setattr(demo, "_roots", lambda: [str(tmp_path)])
    with pytest.raises(ValueError, match=r"found only 4 words .*without source files") as caught:
        demo.load_docstrings()
    assert str(tmp_path) in str(caught.value)


def test_takes_what_is_there(monkeypatch, tmp_path):
    """Test suites are skipped, unreadable files passed over, repeated texts taken once."""
    monkeypatch.setattr(demo, "_roots", lambda: [str(tmp_path)])
    monkeypatch.setattr(demo, "MIN_WORDS", 1)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_b.py").write_text('"""From a test."""\n')
    (tmp_path / "gone.py").symlink_to(tmp_path / "nowhere")
    (tmp_path / "b.py").write_bytes(b'"""Bytes \xff that are not UTF-8."""\n')
    (tmp_path / "c.py").write_text('"""The same text."""\n"""The same text."""\n')
    (tmp_path / "note.txt").write_text('"""No source."""\n')
    assert demo.load_docstrings() == [
        ["bytes", "that", "are", "not", "utf"],
        ["the", "same", "text"],
    ]


def test_missing_packages_are_passed_over(monkeypatch):
    found = demo._roots()
    monkeypatch.setattr(demo, "_PACKAGES", ("numpy", "w2v_no_such_package"))
    assert demo._roots() == found[:2]


# ---- The command ---------------------------------------------------------------------------------


@pytest.mark.thorough
def test_demo_command(sentences, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo, "load_docstrings", lambda: sentences)
    # Quicker than the real thing, and still good enough to tell sense from noise.
    monkeypatch.setattr(demo, "SETTINGS", {**demo.SETTINGS, "epochs": 3, "vector_size": 50})
    assert app.main(["demo"]) == 0
    out, err = capsys.readouterr()
    model = Word2Vec.load("w2v-demo.safetensors")
    assert model.config.epochs == 3
    lines = out.splitlines()
    header = next(i for i, line in enumerate(lines) if line.split() == ["word", "nearest", "words"])
    table = {line.split()[0]: line for line in lines[header + 1 : header + 13]}
    assert list(table) == demo.example_words(model.wv)
    assert len(table) == 12
    assert "eigenvectors" in table["eigenvalues"]
    assert "tuple" in table["list"]
    assert "unsigned" in table["integer"]
    notes = err.splitlines()
    assert "Saved  w2v-demo.safetensors" in notes
    follow = next(line for line in notes if line.startswith("Next:  w2v "))
    assert app.main(follow.split()[2:]) == 0
    assert "cosine" in capsys.readouterr().out


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Let the demo read a few files only."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sources").mkdir()
    for name in ("argparse.py", "threading.py", "subprocess.py"):
        shutil.copy(Path(argparse.__file__).with_name(name), tmp_path / "sources")
    monkeypatch.setattr(demo, "_roots", lambda: [str(tmp_path / "sources")])
    monkeypatch.setattr(demo, "MIN_WORDS", 1000)
    monkeypatch.setattr(demo, "SETTINGS", {"epochs": 1, "vector_size": 4, "workers": 1})
    monkeypatch.setattr(demo, "CANDIDATES", ("thread", "nothing", "argument", "process"))


def test_demo_on_few_files(small, capsys):
    """What it tells, but for whether the nearest words make sense."""
    assert app.main(["demo"]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    header = next(i for i, line in enumerate(lines) if line.split() == ["word", "nearest", "words"])
    told = [line.split()[0] for line in lines[header + 1 : header + 4]]
    assert told == ["thread", "argument", "process"]
    notes = err.splitlines()
    assert "Saved  w2v-demo.safetensors" in notes
    follow = next(line for line in notes if line.startswith("Next:  w2v "))
    assert app.main(follow.split()[2:]) == 0
    assert "cosine" in capsys.readouterr().out


def test_demo_quietly(small, tmp_path, capsys):
    assert app.main(["demo", "-q", "-o", str(tmp_path / "d.safetensors")]) == 0
    assert capsys.readouterr() == ("", "")
    assert len(Word2Vec.load(tmp_path / "d.safetensors").wv) > 100


def test_words_are_chosen_around(monkeypatch):
    monkeypatch.setattr(demo, "CANDIDATES", ("rare", "sun", "moon", "star"))
    corpus = Corpus([["sun", "moon", "star"]] * 20 + [["rare", "sun"]])
    model = Word2Vec(min_count=5, workers=1)
    model.build_vocab(corpus)
    assert demo.example_words(model.wv) == ["sun", "moon", "star"]
    assert demo.example_words(model.wv, n=2) == ["sun", "moon"]
