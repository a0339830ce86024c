"""Plant one-line faults in the library, one at a time: each must turn the test named beside it red.

    python tools/mutants.py            # all of them
    python tools/mutants.py noise      # those whose name contains "noise"

A fault in C or Cython is compiled in beside the original, and an environment variable selects one
when the test runs: all of them cost one build (mutant schemata: Untch, Offutt and Harrold, 1993).
It must be an expression. A fault in Python is planted in a copy of the package. Before any fault is
selected, all named tests must pass.

The faults are listed in tools/mutants.txt, five lines each: name, file, a part of a line that
occurs once in the file, the expression in its place (in place of what «» marks, if it does), and
the test that must fail. Exits with 1 if a test stays green, or if the list does not fit the code.

Needs a POSIX system, a C compiler, setuptools, Cython and the packages of the extra `test`: every
test runs in a fork of this process, which has imported what all of them need, because imports take
longer than tests.
"""

from __future__ import annotations

import contextlib
import importlib
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = Path(__file__).with_name("mutants.txt")
SECONDS = 60  # a test that takes longer hangs
PRELOADED = (
    "numpy.testing",
    "scipy.stats",
    "scipy.sparse",
    "hypothesis",
    "pytest",
    "rich",
    "typer",
)

HEADER = """\
#ifndef W2V_MUTANT_H
#define W2V_MUTANT_H
#include <stdlib.h>
static inline int w2v_mutant(void)
{
    static int chosen = -1;
    if (chosen < 0) {
        const char *number = getenv("W2V_MUTANT");
        chosen = number ? atoi(number) : 0;
    }
    return chosen;
}
#endif
"""
CYTHON = '\ncdef extern from "mutant.h" nogil:\n    int w2v_mutant() noexcept\n'


@dataclass(frozen=True, order=True)
class Mutant:
    """One fault; see the module's first lines."""

    number: int
    name: str
    file: str
    before: str
    after: str
    test: str

    def find(self, text: str) -> tuple[int, int]:
        """Return where the expression to change begins and ends in the text of the file."""
        before, marked, rest = self.before.partition("«")
        expression, _, after = rest.partition("»") if marked else (before, "", "")
        line = before + expression + after if marked else before
        if text.count(line) != 1:
            raise SystemExit(
                f"{self.name}: expected {line!r} once in {self.file}, found it "
                f"{text.count(line)} times; mend {LIST.name}"
            )
        start = text.index(line) + (len(before) if marked else 0)
        return start, start + len(expression)

    def choice(self, expression: str) -> str:
        """Return the fault, beside the original expression if it is compiled."""
        if self.file.endswith(".py"):
            return self.after
        if self.file.endswith(".pyx"):
            return f"(({self.after}) if w2v_mutant() == {self.number} else ({expression}))"
        return f"(w2v_mutant() == {self.number} ? ({self.after}) : ({expression}))"


def plant(mutants: list[Mutant], text: str) -> str:
    """Return the text of a file with faults in it."""
    places = sorted((*mutant.find(text), mutant) for mutant in mutants)
    for (_, end, one), (start, _, other) in itertools.pairwise(places):
        if end > start:
            raise SystemExit(f"{one.name} and {other.name} change the same; mend {LIST.name}")
    for start, end, mutant in reversed(places):
        text = text[:start] + mutant.choice(text[start:end]) + text[end:]
    return text


def read_list() -> list[Mutant]:
    """Read the faults: blocks of five lines, with blank lines and comments between them."""
    lines = LIST.read_text("utf-8").splitlines()
    kept = [line for line in lines if line.strip() and not line.startswith("#")]
    if len(kept) % 5:
        raise SystemExit(f"{LIST.name}: {len(kept)} lines, expected five for each fault")
    blocks = [kept[i : i + 5] for i in range(0, len(kept), 5)]
    mutants = [Mutant(i, *map(str.strip, block)) for i, block in enumerate(blocks, 1)]
    names = [mutant.name for mutant in mutants]
    if len(set(names)) != len(names):
        raise SystemExit(f"{LIST.name}: a name is used twice")
    return mutants


def build(mutants: list[Mutant], folder: Path) -> Path:
    """Build a copy of the library that contains every compiled fault; return its folder."""
    source = folder / "source"
    for part in ("w2v", "csrc", "tests/native"):
        ignored = shutil.ignore_patterns("*.so", "__pycache__")
        shutil.copytree(ROOT / part, source / part, ignore=ignored)
    for file in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, source)
    (source / "csrc" / "include" / "mutant.h").write_text(HEADER)
    for file in {mutant.file for mutant in mutants if not mutant.file.endswith(".py")}:
        text = (source / file).read_text("utf-8")
        text = plant([mutant for mutant in mutants if mutant.file == file], text)
        if file.endswith(".pyx"):
            at = _after_imports(text)
            text = text[:at] + CYTHON + text[at:]
        else:
            text = '#include "mutant.h"\n' + text
        (source / file).write_text(text, "utf-8")
    command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace", "--parallel"]
    built = subprocess.run(
        [*command, str(os.cpu_count())],
        cwd=source,
        env={**os.environ, "W2V_DEBUG": "1", "CFLAGS": "-g0"},  # without optimization, with checks
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if built.returncode:
        raise SystemExit(f"{built.stdout[-5000:]}\nthe library with the faults cannot be built")
    site = folder / "site"
    site.mkdir()
    shutil.move(source / "w2v", site / "w2v")
    return site


def _after_imports(text: str) -> int:
    """Return where the first line after the imports of a Cython module begins."""
    lines = text.splitlines(keepends=True)
    last = max(i for i, line in enumerate(lines) if line.startswith(("import", "from", "cimport")))
    while lines[last].rstrip().endswith(("(", ",")) and ")" not in lines[last]:
        last += 1
    return sum(map(len, lines[: last + 1]))


@contextlib.contextmanager
def planted(mutant: Mutant, site: Path) -> Iterator[Path]:
    """Give a folder that contains the library with this fault."""
    if not mutant.file.endswith(".py"):
        yield site
        return
    changed = site.with_name(f"site-{mutant.number}")
    shutil.copytree(site, changed, copy_function=os.link)
    path = changed / mutant.file
    text = plant([mutant], path.read_text("utf-8"))
    path.unlink()  # a link to the file of all others
    path.write_text(text, "utf-8")
    yield changed
    shutil.rmtree(changed)


def begin_tests(site: Path, tests: Iterable[str], number: int, log: Path) -> int:
    """Start tests of the library at `site` in a process of their own; return its id."""
    process = os.fork()
    if process:
        return process
    status = 70
    try:
        os.setsid()
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115
        os.environ["PYTHONPATH"] = str(site)
        os.environ["W2V_MUTANT"] = str(number)
        os.chdir(ROOT)
        sys.path[:] = [str(site), *(entry for entry in sys.path if Path(entry) != ROOT / "tools")]
        import pytest

        options = ["-q", "-m", "", "-p", "no:cacheprovider", "--assert=plain"]
        options += ["-o", "addopts=--import-mode=importlib", *(["-x"] if number else [])]
        # Runs at the same time would tidy up each other's folders in pytest's usual place.
        options += ["--basetemp", str(log.with_suffix(".tmp"))]
        status = int(pytest.main([*options, *tests]))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)  # skips the exit handlers of the process that was forked


@dataclass
class Running:
    """A process that runs tests."""

    mutant: Mutant
    process: int
    began: float
    site: contextlib.ExitStack


def verdict(status: int | None) -> str:
    """Return "" if the tests failed, else what happened; None for a process that was too slow."""
    if status is None:
        return "hangs"
    # 1: tests failed. 2: an import failed while tests were collected. Below 0: the process died.
    if status in (1, 2) or status < 0:
        return ""
    return "stays green" if status == 0 else f"ends with pytest's status {status}"


def try_all(mutants: list[Mutant], site: Path, folder: Path) -> Iterator[tuple[Mutant, str, float]]:
    """Run every fault's test, one per processor at a time; yield its verdict and its seconds."""
    waiting = list(reversed(mutants))
    running: dict[int, Running] = {}
    while waiting or running:
        while waiting and len(running) < (os.cpu_count() or 1):
            mutant = waiting.pop()
            stack = contextlib.ExitStack()
            changed = stack.enter_context(planted(mutant, site))
            log = folder / f"{mutant.number}.log"
            process = begin_tests(changed, [mutant.test], mutant.number, log)
            running[process] = Running(mutant, process, time.monotonic(), stack)
        time.sleep(0.01)
        for process, each in list(running.items()):
            seconds = time.monotonic() - each.began
            ended, status = os.waitpid(process, os.WNOHANG)
            if not ended and seconds < SECONDS:
                continue
            if not ended:
                os.killpg(process, signal.SIGKILL)
                os.waitpid(process, 0)
            del running[process]
            each.site.close()
            yield (
                each.mutant,
                verdict(os.waitstatus_to_exitcode(status) if ended else None),
                seconds,
            )


def pass_without_faults(tests: list[str], site: Path, folder: Path) -> bool:
    """Run all named tests, and print what fails."""
    count = os.cpu_count() or 1
    logs = [folder / f"without-{i}.log" for i in range(count)]
    parts = [(tests[i::count], log) for i, log in enumerate(logs) if tests[i::count]]
    processes = [begin_tests(site, part, 0, log) for part, log in parts]
    failed = [
        log for process, log in zip(processes, logs, strict=False) if os.waitpid(process, 0)[1]
    ]
    for log in failed:
        print(log.read_text()[-5000:])
    if failed:
        print("the named tests fail without any fault")
    return not failed


def main(chosen: list[str]) -> int:
    """Try the faults; return the exit status."""
    os.environ.pop("PYTEST_ADDOPTS", None)  # the plugins it may be for are not loaded
    began = time.monotonic()
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    sys.dont_write_bytecode = False  # the run without faults compiles what all others import
    for name in ("OPENBLAS", "OMP", "MKL"):  # as in tests/conftest.py, before NumPy is imported
        os.environ.setdefault(f"{name}_NUM_THREADS", "2")
    mutants = [
        mutant
        for mutant in read_list()
        if not chosen or any(part in mutant.name for part in chosen)
    ]
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        folder = Path(name)
        site = build(mutants, folder)
        print(f"built in {time.monotonic() - began:.0f} s", flush=True)
        for module in PRELOADED:
            importlib.import_module(module)
        if not pass_without_faults(sorted({mutant.test for mutant in mutants}), site, folder):
            return 1
        print(f"all named tests pass without a fault, {time.monotonic() - began:.0f} s", flush=True)
        killed = 0
        for mutant, what, seconds in try_all(mutants, site, folder):
            killed += not what
            if what or chosen:
                print(
                    f"{mutant.name}: {mutant.test} {what or 'fails'}, {seconds:.1f} s\n"
                    f"    {mutant.file}: {mutant.after}",
                    flush=True,
                )
            if "status" in what:  # pytest itself failed: say why
                print((folder / f"{mutant.number}.log").read_text()[-2000:], flush=True)
    print(f"{killed} of {len(mutants)} faults noticed, {time.monotonic() - began:.0f} s")
    return 0 if killed == len(mutants) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
