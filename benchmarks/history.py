"""Earlier runs, one JSON line each, and how a new run differs from the last one."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.report import ROOT, Report

FOLDER = ROOT / ".benchmarks"  # pytest-benchmark keeps its runs here too; git ignores it

Values = Mapping[str, Sequence[float]]  # per row, one per round
Middle = Callable[[Sequence[float]], float]


class History:
    """A file of runs, each with its setup: only runs of the same setup are compared.

    Parameters
    ----------
    path : Path
        JSON Lines; the file and its folder are created with the first run.
    setup : dict
        What two runs must have in common to be compared, besides the machine.
    """

    def __init__(self, path: Path, setup: dict[str, Any], report: Report) -> None:
        self.path, self.report = path, report
        machine = report.origin["machine"]
        self.setup = {**setup, "cpu": machine["cpu"], "cores": machine["cores"]}

    def last(self) -> dict[str, Any] | None:
        """Return the latest run of this setup on this machine, or None.

        Raises
        ------
        ValueError
            If a line is not a run; the message gives its number.
        """
        found = None
        try:
            lines = self.path.read_text("utf-8").splitlines()
        except FileNotFoundError:
            return None
        for number, line in enumerate(lines, 1):
            try:
                ran = json.loads(line)
                if ran["setup"] == self.setup:
                    found = ran
            except (ValueError, KeyError, TypeError):
                raise ValueError(
                    f"{self.path}, line {number}: expected a run saved by an earlier benchmark; "
                    "use another file with --history, or delete this one"
                ) from None
        return found

    def compare(
        self, title: str, form: str, values: Values, remark: str, *, best: bool = False
    ) -> None:
        """Print each row beside that of the last run, then save this run.

        Rows are shown and compared by their median, or by their maximum if `best`.
        """
        middle: Middle = max if best else statistics.median
        last = self.last()
        before: Values = last["values"] if last else {}
        table = []
        for name, now in values.items():
            then = before.get(name)
            cells = [summary(values, form, middle) if values else "" for values in (now, then)]
            table.append((name, *cells, change(now, then, middle) if then else "new"))
        if last:
            changed = " with changes" if last["dirty"] else ""
            commit = (last["commit"] or "unknown")[:10]
            remark += f" Last run: {last['time']}, commit {commit}{changed}."
        else:
            remark += f" No earlier run of this setup in {self.path}."
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.report.append(self.path, setup=self.setup, values=dict(values))
        self.report.table(title, ("", "now", "last run", "change"), table, remark)


def summary(values: Sequence[float], form: str, middle: Middle) -> str:
    """Return the median (or maximum) as text, with the range if there are several values."""
    if len(values) == 1:
        return f"{values[0]:{form}}"
    return f"{middle(values):{form}} ({min(values):{form}} - {max(values):{form}})"


def change(now: Sequence[float], then: Sequence[float], middle: Middle) -> str:
    """Return the relative change as text, marked with * if the two ranges do not overlap."""
    ratio = middle(now) / middle(then) - 1 if middle(then) else float("inf")
    if len(now) == len(then) == 1:
        return f"{ratio:+.2%}"
    disjoint = min(now) > max(then) or max(now) < min(then)
    return f"{ratio:+.1%}{' *' if disjoint else ''}"
