"""Output of the benchmarks: notes, tables, and JSON Lines with the origin of every figure."""

from __future__ import annotations

import datetime
import json
import os
import platform
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


class Report:
    """Writes notes to standard error, JSON Lines to a file and tables to standard output.

    Parameters
    ----------
    path : Path or None
        Each measurement is appended to it at once, as a JSON line.
    arguments : sequence of str
        The command line.
    """

    def __init__(self, path: Path | None, arguments: Sequence[str]) -> None:
        self.path = path
        changes = _git("status", "--porcelain")
        found = {name: version(name) for name in ("w2v", "gensim", "numpy")}
        self.origin: dict[str, Any] = {
            "command": f"python -m benchmarks {shlex.join(arguments)}",
            "machine": {"cpu": _cpu(), "cores": os.cpu_count(), "system": platform.platform()},
            # The load when the run began.
            "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
            "commit": _git("rev-parse", "HEAD"),
            "dirty": None if changes is None else bool(changes),
            "versions": {"python": platform.python_version(), **found},
        }

    def record(self, **figures: Any) -> None:
        """Append one measurement, with everything needed to repeat it."""
        if self.path is not None:
            self.append(self.path, **figures)

    def append(self, path: Path, **figures: Any) -> None:
        """Append figures to another file in the same way."""
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps({**figures, "time": now, **self.origin}) + "\n")

    def note(self, text: str) -> None:
        """Print the progress of the run."""
        print(text, file=sys.stderr, flush=True)

    def table(
        self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], remark: str
    ) -> None:
        """Print a table, the machine it was measured on, and how to repeat it."""
        from rich import box
        from rich.console import Console
        from rich.table import Table

        table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
        for i, column in enumerate(columns):
            table.add_column(column, justify="right" if i else "left")
        for row in rows:
            table.add_row(*row)
        # In a pipe or file: full width, not cut at 80 columns.
        Console(width=None if sys.stdout.isatty() else 200).print(table)
        machine, versions = self.origin["machine"], self.origin["versions"]
        changed = " with changes" if self.origin["dirty"] else ""
        print(remark)
        print(f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}", end=", ")
        print(f"load {self.origin['load']} when the run began;", end=" ")
        print(", ".join(f"{name} {v}" for name, v in versions.items() if v))
        print(f"Commit {self.origin['commit'] or 'unknown'}{changed}; repeat with:")
        print(f"  {self.origin['command']}")


def version(package: str) -> str | None:
    """Return the version of a package without importing it; None if it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _cpu() -> str:
    try:
        found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text("utf-8"), re.M)
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()


def _git(*arguments: str) -> str | None:
    # With both folders given, an unpacked sdist does not report a repository around it.
    folders = (f"--git-dir={ROOT / '.git'}", f"--work-tree={ROOT}")
    try:
        ran = subprocess.run(("git", *folders, *arguments), capture_output=True, text=True)
    except FileNotFoundError:
        return None
    return ran.stdout.strip() if ran.returncode == 0 else None
