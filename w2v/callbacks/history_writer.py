"""The history as a file that grows while a model trains."""

from __future__ import annotations

import csv
import io
import json
import os
from typing import TYPE_CHECKING, Any

from w2v._types import PathLike
from w2v.training.callbacks import Callback

if TYPE_CHECKING:
    from w2v.training.history import EpochRecord
    from w2v.training.word2vec import Word2Vec

_COLUMNS = (
    "epoch", "ends_epoch", "tokens", "learning_rate", "loss", "validation_loss", "seconds",
)  # fmt: skip


class HistoryWriter(Callback):
    """Writes each record of the history to a file, one line at a time.

    Each line is written at once and whole, so that other programs can read along. A file of this
    name is replaced when training begins; of a run that is resumed, lines after the checkpoint are
    cut off.

    Parameters
    ----------
    path : str or path-like
        ``.csv`` or ``.tsv``: a table with a header, whose last columns are the metrics of the first
        record. Values that were not measured are empty. ``.jsonl`` or ``.ndjson``: a JSON object
        per line, with null for them, and metrics as an object.

    Raises
    ------
    ValueError
        If the extension is another one; in training, if a record of a table has a new metric.
    OSError
        In training, if the file cannot be written.
    """

    def __init__(self, path: PathLike) -> None:
        self.path = os.fspath(path)
        extension = os.path.splitext(self.path)[1].lower()
        if extension not in (".csv", ".tsv", ".jsonl", ".ndjson"):
            raise ValueError(
                f"{self.path}: a history is written as a table (.csv, .tsv) or as one JSON object "
                "per line (.jsonl, .ndjson); give it one of these extensions"
            )
        self.delimiter = {".csv": ",", ".tsv": "\t"}.get(extension)
        self.metric_names: list[str] | None = None
        self.size = 0  # bytes of the file that are ours

    def on_train_begin(self, model: Word2Vec) -> None:
        """Begin the file, or go on with it."""
        with open(self.path, "ab") as file:
            file.truncate(min(self.size, file.tell()))

    def on_record(self, model: Word2Vec, record: EpochRecord) -> None:
        """Write a line."""
        values = record.to_dict()
        line = json.dumps(values) + "\n" if self.delimiter is None else self._row(values)
        with open(self.path, "ab") as file:
            file.write(line.encode())
        self.size += len(line.encode())

    def _row(self, values: dict[str, Any]) -> str:
        metrics = values["metrics"]
        text = io.StringIO()
        table = csv.writer(text, delimiter=self.delimiter or ",", lineterminator="\n")
        if self.metric_names is None:
            self.metric_names = list(metrics)
            table.writerow([*_COLUMNS, *self.metric_names])
        new = [name for name in metrics if name not in self.metric_names]
        if new:
            raise ValueError(
                f"{self.path}: the table has no column for {', '.join(new)}, which came later than "
                "its header; write .jsonl instead"
            )
        row = [values[name] for name in _COLUMNS]
        table.writerow(row + [metrics.get(name) for name in self.metric_names])
        return text.getvalue()

    def state(self) -> dict[str, Any]:
        """Return how far the file is written."""
        return {"size": self.size, "metric_names": self.metric_names}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.size, self.metric_names = int(state["size"]), state["metric_names"]
