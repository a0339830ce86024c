"""Plant one-line faults in the library, one at a time: each must turn the test named beside it red.

    python tools/mutants.py            # all of them
    python tools/mutants.py noise      # those whose name contains "noise"

A fault in C or Cython is compiled in beside the original, and an environment variable picks one
when the test runs: all of them cost one build (mutant schemata: Untch, Offutt and Harrold, 1993). A
fault in Python is a changed copy of the installed package. Before any fault is switched on, all
named tests must pass.

The faults are listed in tools/mutants.txt, five lines each: name, file, the expression as it is
(once in the file), the expression in its place, and the test that must notice. Exits with 1 if a
test does not notice its fault, or if the list does not fit the code.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = Path(__file__).with_name("mutants.txt")
SECONDS = 60  # a test that takes longer has not noticed anything: it hangs

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
CYTHON = 'cdef extern from "mutant.h" nogil:\n    int w2v_mutant() noexcept\n\n'


@dataclass(frozen=True)
class Mutant:
    """One fault; see the module's first lines."""

    number: int
    name: str
    file: str
    before: str
    after: str
    test: str

    def planted(self, text: str) -> str:
        """Return the file with the fault in it: beside the original where it is compiled."""
        if text.count(self.before) != 1:
            raise SystemExit(
                f"{self.name}: expected {self.before!r} once in {self.file}, "
                f"found it {text.count(self.before)} times; mend {LIST.name}"
            )
        if self.file.endswith(".pyx"):
            both = f"(({self.after}) if w2v_mutant() == {self.number} else ({self.before}))"
        elif self.file.endswith(".py"):
            both = self.after
        else:
            both = f"(w2v_mutant() == {self.number} ? ({self.after}) : ({self.before}))"
        return text.replace(self.before, both)


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
    """Install the library with every compiled fault in it; return where."""
    source, site = folder / "source", folder / "site"
    shutil.copytree(
        ROOT, source, ignore=shutil.ignore_patterns("build", ".git", "*.so", "__pycache__", ".venv")
    )
    for mutant in mutants:
        path = source / mutant.file
        text = mutant.planted(path.read_text("utf-8"))
        if mutant.file.endswith(".py"):
            continue  # only checked here: planted in a copy when its turn comes
        if mutant.file.endswith(".pyx") and CYTHON not in text:
            at = text.index("cdef extern")
            text = text[:at] + CYTHON + text[at:]
        elif '#include "mutant.h"' not in text and not mutant.file.endswith(".pyx"):
            text = '#include "mutant.h"\n' + text
        path.write_text(text, "utf-8")
    (source / "csrc" / "include" / "mutant.h").write_text(HEADER)
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        str(site),
    ]
    if subprocess.run([*command, "--no-build-isolation", str(source)], check=False).returncode:
        raise SystemExit("the library with the faults in it cannot be built")
    return site


def run_tests(site: Path, tests: list[str], number: int = 0, *options: str) -> int:
    """Run tests on the library at `site`; return pytest's exit status, or -1 if they hang."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {
        "PYTHONPATH": str(site),
        "W2V_MUTANT": str(number),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-m", "pytest", "-q", "-m", "", "-p", "no:cacheprovider", *options]
    try:
        ended = subprocess.run(
            [*command, *tests],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS if number else 10 * SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return -1
    if number == 0 and ended.returncode:
        print(ended.stdout[-5000:])
    return ended.returncode


def verdict(mutant: Mutant, site: Path) -> str:
    """Return "" if the test turned red, or what happened instead."""
    if not mutant.file.endswith(".py"):
        status = run_tests(site, [mutant.test], mutant.number, "-x", "-n0")
    else:
        changed = site.with_name(f"site-{mutant.number}")
        shutil.copytree(site, changed, copy_function=os.link)
        path = changed / mutant.file
        text = mutant.planted(path.read_text("utf-8"))
        path.unlink()  # a link to the file of all others
        path.write_text(text, "utf-8")
        status = run_tests(changed, [mutant.test], mutant.number, "-x", "-n0")
        shutil.rmtree(changed)
    # 1: tests failed. 2: an import failed while tests were collected. Below 0: the process died.
    if status in (1, 2) or status < -1:
        return ""
    return {0: "stayed green", -1: "hangs"}.get(status, f"pytest exits with {status}")


def main(chosen: list[str]) -> int:
    """Try the faults; return the exit status."""
    began = time.monotonic()
    mutants = [
        mutant
        for mutant in read_list()
        if not chosen or any(part in mutant.name for part in chosen)
    ]
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        site = build(mutants, Path(name))
        print(f"built in {time.monotonic() - began:.0f} s", flush=True)
        if run_tests(site, sorted({mutant.test for mutant in mutants})):
            print("the named tests fail without any fault")
            return 1
        print(f"all named tests pass without a fault, {time.monotonic() - began:.0f} s", flush=True)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            found = list(pool.map(lambda mutant: verdict(mutant, site), mutants))
    survivors = [(mutant, what) for mutant, what in zip(mutants, found, strict=True) if what]
    for mutant, what in survivors:
        print(f"{mutant.name}: {mutant.test} {what}\n    {mutant.file}: {mutant.after}")
    killed = len(mutants) - len(survivors)
    print(f"{killed} of {len(mutants)} faults noticed, {time.monotonic() - began:.0f} s")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
