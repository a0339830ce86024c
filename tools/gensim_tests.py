"""Run gensim's own tests of Word2Vec, KeyedVectors and Phrases against `w2v.compat.gensim`.

    python tools/gensim_tests.py [--gensim PATH] [--update] [-- OPTIONS OF PYTEST ...]

The tests are those of gensim 4.4: of the installed package, or of PATH, a folder or a source
distribution (gensim-4.4.0.tar.gz). They run from a temporary copy, in a process in which
`w2v.compat.gensim` is in gensim's place. tests/compat/gensim_expected_failures.txt lists the tests
that may fail, each with its reason. It is an error if another test fails, and if a test of the list
passes: the list may only shrink. `--update` removes from it what passes, and adds nothing.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXPECTED = ROOT / "tests" / "compat" / "gensim_expected_failures.txt"
GUIDE = ROOT / "docs" / "gensim.md"
VERSION = "4.4"
FILES = ("test_word2vec.py", "test_keyedvectors.py", "test_phrases.py")

# Puts w2v in gensim's place, and beside it the data and helpers of those tests.
CONFTEST = """\
import importlib.util
import json
import os
import sys
from pathlib import Path

import w2v.compat.gensim

HERE = Path(__file__).resolve().parent

w2v.compat.gensim.install()
spec = importlib.util.spec_from_file_location(
    "gensim.test", HERE / "data/__init__.py", submodule_search_locations=[str(HERE / "data")]
)
module = importlib.util.module_from_spec(spec)
sys.modules["gensim.test"] = module
spec.loader.exec_module(module)

import gensim

gensim.test = module
import gensim.test.utils

outcomes = {}


def pytest_collectreport(report):
    if report.failed:
        outcomes[report.nodeid] = "failed"


def pytest_runtest_logreport(report):
    if report.when == "call" or report.outcome != "passed":
        outcomes.setdefault(report.nodeid, report.outcome)
        if report.outcome == "failed":
            outcomes[report.nodeid] = "failed"


def pytest_sessionfinish():
    (HERE / "outcomes.json").write_text(json.dumps(outcomes))
"""

# The same in processes that tests start: gensim itself must not answer for w2v.
SITE = "import w2v.compat.gensim\n\nw2v.compat.gensim.install()\n"

# What gensim's tests use of the package testfixtures, where it is not installed.
TESTFIXTURES = '''\
import functools
import logging


class log_capture:
    """Decorator: the test gets an object whose text has the messages logged during it."""

    def __call__(self, test):
        @functools.wraps(test)
        def run(case):
            lines = Lines()
            root = logging.getLogger()
            level = root.level
            root.addHandler(lines)
            root.setLevel(1)
            try:
                return test(case, lines)
            finally:
                root.removeHandler(lines)
                root.setLevel(level)

        del run.__wrapped__  # its arguments are not fixtures
        return run


class Lines(logging.Handler):
    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(f"{record.name} {record.levelname}\\n  {record.getMessage()}")

    def __str__(self):
        return "\\n".join(self.lines)
'''


def installed_gensim() -> Path:
    """Return the folder of the installed gensim, which is not imported."""
    spec = importlib.util.find_spec("gensim")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("gensim is not installed: pip install gensim==4.4.0, or pass --gensim PATH")
    return Path(next(iter(spec.submodule_search_locations)))


def unpacked(path: Path, folder: Path) -> Path:
    """Return the folder of the package gensim, given a folder or a source distribution."""
    if path.is_file():
        with tarfile.open(path) as archive:
            archive.extractall(folder, filter="data")
        [path] = folder.iterdir()
    return path / "gensim" if (path / "gensim" / "test").is_dir() else path


def copy_tests(gensim: Path, folder: Path) -> None:
    """Copy the tests, and what they need of gensim, into an empty folder."""
    version = (gensim / "__init__.py").read_text("utf-8")
    if f"__version__ = '{VERSION}." not in version:
        sys.exit(f"{gensim}: expected gensim {VERSION}")
    tests = gensim / "test"
    shutil.copytree(tests / "test_data", folder / "data" / "test_data")
    for name in ("__init__.py", "utils.py"):
        shutil.copy(tests / name, folder / "data" / name)
    for name in FILES:
        shutil.copy(tests / name, folder / name)
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "sitecustomize.py").write_text(SITE)
    (folder / "pytest.ini").write_text("[pytest]\n")
    if importlib.util.find_spec("testfixtures") is None:
        (folder / "testfixtures.py").write_text(TESTFIXTURES)


def run_tests(folder: Path, options: list[str]) -> dict[str, str]:
    """Run the tests of a folder and return the outcome of each by its id."""
    command = [sys.executable, "-m", "pytest", "-q", "--tb=line", "-p", "no:cacheprovider"]
    command.append("--continue-on-collection-errors")
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    subprocess.run([*command, *options], cwd=folder, env=environment, check=False)
    outcomes = folder / "outcomes.json"
    if not outcomes.exists():
        sys.exit("the tests did not run")
    found: dict[str, str] = json.loads(outcomes.read_text())
    return found


def expected_failures(path: Path = EXPECTED) -> dict[str, str]:
    """Return the reason of each test that may fail, by its id."""
    reasons: dict[str, str] = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        test, bar, reason = (part.strip() for part in line.partition("|"))
        if not (test and bar and reason) or test in reasons:
            sys.exit(f"{path}:{number}: expected a new line of the form: test id | reason")
        reasons[test] = reason
    return reasons


def compare(outcomes: dict[str, str], reasons: dict[str, str], everything: bool) -> list[str]:
    """Return what is wrong: tests that fail and may not, and the other way round."""
    wrong = [
        f"{test}: fails, and is not among the expected failures"
        for test, outcome in outcomes.items()
        if outcome == "failed" and test not in reasons
    ]
    wrong += [
        f"{test}: passes: remove it from the expected failures"
        for test, outcome in outcomes.items()
        if outcome == "passed" and test in reasons
    ]
    if everything:
        wrong += [
            f"{test}: listed among the expected failures, but did not run"
            for test in reasons
            if outcomes.get(test, "skipped") == "skipped"
        ]
    return wrong


def not_shown(outcomes: dict[str, str], guide: str) -> list[str]:
    """Return what is wrong in the guide: tests that its tables name and that do not pass."""
    passed = {test.rpartition("::")[2] for test, outcome in outcomes.items() if outcome == "passed"}
    tables = "\n".join(line for line in guide.splitlines() if line.startswith("|"))
    named = sorted(set(re.findall(r"`(test_\w+)`", tables)))
    return [
        f"docs/gensim.md names {test}, which does not pass" for test in named if test not in passed
    ]


def drop_passing(outcomes: dict[str, str], path: Path = EXPECTED) -> None:
    """Remove the lines of tests that pass from the list."""
    lines = path.read_text("utf-8").splitlines(keepends=True)
    kept = [line for line in lines if outcomes.get(line.partition("|")[0].strip()) != "passed"]
    path.write_text("".join(kept), "utf-8")


def main() -> int:
    """Run the tests; return 1 if the outcome is not the expected one."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--gensim", type=Path, help="folder or source distribution of gensim 4.4")
    parser.add_argument("--update", action="store_true", help="shorten the list of failures")
    parser.add_argument("pytest", nargs="*", help="options of pytest, such as -k most_similar")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "tests"
        gensim = unpacked(options.gensim or installed_gensim(), Path(name))
        folder.mkdir()
        copy_tests(gensim, folder)
        outcomes = run_tests(folder, options.pytest)
    counts = Counter(outcomes.values())
    print(", ".join(f"{counts[one]} {one}" for one in ("passed", "failed", "skipped")))
    if options.update:
        drop_passing(outcomes)
    wrong = compare(outcomes, expected_failures(), everything=not options.pytest)
    if not options.pytest:
        wrong += not_shown(outcomes, GUIDE.read_text("utf-8"))
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
