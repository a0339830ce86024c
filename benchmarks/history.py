"""Runs that were measured before, a line of JSON each, and how a new one differs from the last."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.report import ROOT, Report

FOLDER = ROOT / ".benchmarks"  # where pytest-benchmark keeps its runs too; git leaves it out

Values = Mapping[str, Sequence[float]]  # of each row, one a round
Middle = Callable[[Sequence[float]], float]


class History:
    """Runs in a file, each with the setup that it can be compared by.

    Parameters
    ----------
    path : Path
        JSON lines; made with its folder when there is a first run to keep.
    setup : dict
        What has to be the same for two runs to be compared, besides the machine.
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
            Where a line is no run, with its number: the file may be another one.
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
                    f"{self.path}, line {number}: expected a run that an earlier benchmark kept; "
                    "give another file with --history, or delete this one"
                ) from None
        return found

    def compare(
        self, title: str, form: str, values: Values, remark: str, *, best: bool = False
    ) -> None:
        """Print each row beside that of the last run, then keep this run.

        A row is told and compared by its median, or by its `best` value, the largest.
        """
        middle: Middle = max if best else statistics.median
        last = self.last()
        before: Values = last["values"] if last else {}
        table = []
        for name, now in values.items():
            then = before.get(name)
            cells = [told(values, form, middle) if values else "" for values in (now, then)]
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


def told(values: Sequence[float], form: str, middle: Middle) -> str:
    """Write the median (or the best) and, of several, the least and the most."""
    if len(values) == 1:
        return f"{values[0]:{form}}"
    return f"{middle(values):{form}} ({min(values):{form}} - {max(values):{form}})"


def change(now: Sequence[float], then: Sequence[float], middle: Middle) -> str:
    """Write how much has changed; with a mark where the two ranges do not meet."""
    share = middle(now) / middle(then) - 1 if middle(then) else float("inf")
    if len(now) == len(then) == 1:
        return f"{share:+.2%}"
    apart = min(now) > max(then) or max(now) < min(then)
    return f"{share:+.1%}{' *' if apart else ''}"
