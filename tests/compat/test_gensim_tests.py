"""The runner of gensim's tests, and the guide that names them."""

import importlib.util
import inspect
import re
from pathlib import Path

import pytest

from w2v.compat import gensim
from w2v.compat.gensim.models import Phrases, Word2Vec

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "gensim.md").read_text("utf-8")


@pytest.fixture(scope="module")
def runner():
    spec = importlib.util.spec_from_file_location("runner", ROOT / "tools" / "gensim_tests.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows(heading):
    section = GUIDE.split(f"### {heading}\n")[1].partition("\n## ")[0].partition("\n### ")[0]
    return re.findall(r"^\| `([\w.]+)` \| (.*) \|$", section, re.M)


def test_the_guide_has_every_argument():
    names = list(inspect.signature(Word2Vec).parameters)
    assert [name for name, _ in rows("Word2Vec: arguments")] == names
    model = Word2Vec()
    lacking = {name for name in names if not hasattr(model, name)}
    assert lacking == {"sentences", "corpus_file", "trim_rule", "callbacks"}


def test_the_guide_names_what_is_there():
    model = Word2Vec([["a", "b"]] * 2, hs=1, min_count=1, vector_size=2, sample=0)
    names = [name for name, _ in rows("Word2Vec: methods and attributes")]
    assert [name for name in names if not hasattr(model, name)] == []
    names = [name for name, _ in rows("KeyedVectors")]
    assert [name for name in names if not hasattr(model.wv, name)] == []
    phrases = Phrases([["a", "b"]] * 2)
    assert [name for name, _ in rows("Phrases") if not hasattr(phrases, name)] == []
    for path, _ in rows("Modules"):
        found = gensim
        for name in path.split("."):
            found = getattr(found, name)


def test_outcomes_are_compared(runner):
    reasons = {"a": "why", "b": "why", "c": "why"}
    outcomes = {"a": "failed", "b": "passed", "x": "failed", "y": "passed"}
    wrong = runner.compare(outcomes, reasons, everything=True)
    assert [line.partition(":")[0] for line in wrong] == ["x", "b", "c"]
    assert len(runner.compare(outcomes, reasons, everything=False)) == 2


def test_the_list_of_failures(runner, tmp_path):
    assert 0 < len(runner.expected_failures()) <= 2
    path = tmp_path / "list.txt"
    path.write_text("# test | reason\na::b | why\nc::d | why\n")
    runner.drop_passing({"a::b": "passed", "c::d": "failed"}, path)
    assert runner.expected_failures(path) == {"c::d": "why"}
    for wrong in ("a::b |", "a::b", "a | x\na | x"):
        path.write_text(wrong)
        with pytest.raises(SystemExit, match=r"test id \| reason"):
            runner.expected_failures(path)


def test_tests_that_the_guide_names_must_pass(runner):
    outcomes = {"f.py::T::test_a": "passed", "f.py::T::test_b": "failed"}
    text = "| `x` | `test_a`, `test_b` |\n| `y` | `test_c` |\n"
    assert runner.not_shown(outcomes, text) == [
        "docs/gensim.md names test_b, which does not pass",
        "docs/gensim.md names test_c, which does not pass",
    ]
