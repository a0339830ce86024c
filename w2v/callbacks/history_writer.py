"""The history as a file that grows while a model trains."""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
from typing import TYPE_CHECKING, Any

from w2v._types import PathLike
from w2v.io.atomic import atomic_write
from w2v.training.callbacks import Callback
from w2v.training.history_file import COLUMNS, LINES, TABLES

if TYPE_CHECKING:
    from w2v.training.history import EpochRecord
    from w2v.training.word2vec import Word2Vec


class HistoryWriter(Callback):
    """Writes each record of the history to a file, one line at a time.

    Each line is written at once and whole, so that other programs can read along, such as
    `read_history` and `w2v.plot.training_loss`. A file of this name is replaced when training
    begins; of a run that is resumed, lines after the checkpoint are cut off.

    Parameters
    ----------
    path : str or path-like
        ``.csv`` or ``.tsv``: a table with a header, whose last columns are metrics. A metric that
        is new adds a column to the whole file. Values that were not measured are empty.
        ``.jsonl`` or ``.ndjson``: a JSON object per line, with null for them, and metrics as an
        object.

    Raises
    ------
    ValueError
        If the extension is another one.
    OSError
        In training, if the file cannot be written.
    """

    def __init__(self, path: PathLike) -> None:
        self.path = os.fspath(path)
        extension = os.path.splitext(self.path)[1].lower()
        if extension not in TABLES and extension not in LINES:
            raise ValueError(
                f"{self.path}: a history is written as a table (.csv, .tsv) or as one JSON object "
                "per line (.jsonl, .ndjson); give it one of these extensions"
            )
        self.delimiter = TABLES.get(extension)
        self.metric_names: list[str] | None = None
        self.lines = 0  # of the file that are ours

    def on_train_begin(self, model: Word2Vec) -> None:
        """Begin the file, or go on with it."""
        lines: list[bytes] = []
        if self.lines and os.path.exists(self.path):
            with open(self.path, "rb") as file:
                lines = list(itertools.islice(file, self.lines))
        if lines and self.delimiter is not None:
            header = next(csv.reader([lines[0].decode()], delimiter=self.delimiter))
            self.metric_names = header[len(COLUMNS) :]
        self._replace(lines)

    def _replace(self, lines: list[bytes]) -> None:
        with atomic_write(self.path) as temporary, open(temporary, "wb") as whole:
            whole.writelines(lines)
        self.lines = len(lines)

    def on_record(self, model: Word2Vec, record: EpochRecord) -> None:
        """Write a line."""
        values = record.to_dict()
        line = json.dumps(values) + "\n" if self.delimiter is None else self._row(values)
        with open(self.path, "ab") as file:
            file.write(line.encode())
        self.lines += 1

    def _row(self, values: dict[str, Any]) -> str:
        metrics = values["metrics"]
        if self.metric_names is None or not metrics.keys() <= set(self.metric_names):
            self._widen(list(metrics))
        row = [values[name] for name in COLUMNS]
        return self._lines([row + [metrics.get(name) for name in self.metric_names or ()]])

    def _widen(self, metrics: list[str]) -> None:
        """Write the header, with columns for metrics; again if there are new ones."""
        known = self.metric_names or []
        new = [name for name in metrics if name not in known]
        with open(self.path, encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file, delimiter=self.delimiter or ","))[1:]
        self.metric_names = known + new
        table = [[*COLUMNS, *self.metric_names], *(row + [""] * len(new) for row in rows)]
        self._replace(self._lines(table).encode().splitlines(keepends=True))

    def _lines(self, rows: list[list[Any]]) -> str:
        text = io.StringIO()
        csv.writer(text, delimiter=self.delimiter or ",", lineterminator="\n").writerows(rows)
        return text.getvalue()

    def state(self) -> dict[str, Any]:
        """Return how far the file is written."""
        return {"lines": self.lines}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.lines = int(state["lines"])
