"""tools/mutants.txt: the list fits the code and the tests; a rename that breaks it is noticed."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("mutants", ROOT / "tools" / "mutants.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["mutants"] = module  # a dataclass looks for its module there
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules["mutants"]
    return module


@pytest.fixture(scope="module")
def mutants(tool):
    return tool.read_list()


def test_there_are_faults_in_every_language_and_room(mutants):
    assert len(mutants) >= 60
    assert {Path(mutant.file).suffix for mutant in mutants} == {".c", ".h", ".pyx", ".py"}
    rooms = {Path(mutant.file).parts[1] for mutant in mutants if mutant.file.startswith("w2v/")}
    assert rooms >= {"cli", "corpus", "io", "training", "vectors", "vocab"}


def test_every_fault_can_be_planted(tool, mutants):
    for mutant in mutants:
        text = (ROOT / mutant.file).read_text("utf-8")
        start, end = mutant.find(text)  # raises if the line is not there exactly once
        assert text[start:end] != mutant.after, mutant.name
    for file in sorted({mutant.file for mutant in mutants}):
        text = (ROOT / file).read_text("utf-8")
        here = [mutant for mutant in mutants if mutant.file == file]
        if not file.endswith(".py"):
            tool.plant(here, text)  # all at once
        while here and file.endswith(".py"):  # as many as change different places
            end, now, left = 0, [], []
            for mutant in sorted(here, key=lambda one: one.find(text)):
                start, stop = mutant.find(text)
                (now if start >= end else left).append(mutant)
                end = max(end, stop)
            compile(tool.plant(now, text), file, "exec")
            here = left


def test_every_named_test_exists(mutants):
    functions = {}
    for mutant in mutants:
        file, _, name = mutant.test.partition("::")
        if file not in functions:
            text = (ROOT / file).read_text("utf-8")
            functions[file] = set(re.findall(r"^def (\w+)\(", text, re.MULTILINE))
        assert name.partition("[")[0] in functions[file], mutant.test


def test_a_list_that_does_not_fit_is_an_error(tool, mutants):
    with pytest.raises(SystemExit, match="once"):
        mutants[0].find("")
    same = [tool.Mutant(i, f"fault {i}", "file.c", "a + b", "a", "test") for i in (1, 2)]
    with pytest.raises(SystemExit, match="fault 1 and fault 2 change the same"):
        tool.plant(same, "x = a + b;")
