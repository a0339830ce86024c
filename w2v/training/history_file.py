"""Histories in files: the tables and JSON lines of `HistoryWriter`, and those of models."""

from __future__ import annotations

import csv
import functools
import io
import json
import math
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from w2v._types import PathLike
from w2v.io import safetensors_file
from w2v.io.sniff import describe_file, is_safetensors
from w2v.training.history import EpochRecord

TABLES = {".csv": ",", ".tsv": "\t"}  # extensions, and what separates their columns
LINES = (".jsonl", ".ndjson")  # extensions of files with a JSON object per line
COLUMNS = (
    "epoch", "ends_epoch", "tokens", "learning_rate", "loss", "validation_loss", "seconds",
)  # fmt: skip


def read_history(path: PathLike) -> list[EpochRecord]:
    """Return the history in a file.

    Parameters
    ----------
    path : str or path-like
        A model or a checkpoint, or what `HistoryWriter` (``w2v train --history``) writes: a table
        (``.csv``, ``.tsv``) or a JSON object per line (``.jsonl``, ``.ndjson``). A last line that
        has no end yet is left out.

    Returns
    -------
    list of EpochRecord
        Of a model that an older version has saved without a history: the loss of each epoch, and
        NaN for the rest.

    Raises
    ------
    ValueError
        If the file is another one, or corrupt; the message names the line.
    OSError
        If it cannot be read.
    """
    extension = os.path.splitext(os.fspath(path))[1].lower()
    if extension not in TABLES and extension not in LINES:
        with open(path, "rb") as file:
            is_model = is_safetensors(file.read(9))
        if not is_model:
            raise ValueError(
                f"{os.fspath(path)}: expected a model, a checkpoint, or a history as w2v train "
                f"--history writes it (.csv, .tsv, .jsonl, .ndjson), but {describe_file(path)}"
            )
        return _of_model(path)
    with open(path, "rb") as file:
        whole, _, _ = file.read().rpartition(b"\n")
    number, records = 1, []
    try:
        rows, values_of = _rows(whole.decode("utf-8-sig"), TABLES.get(extension))
        for number, row in rows:  # noqa: B007 - the error says it
            records.append(EpochRecord.from_dict(values_of(row)))
    except (
        AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError, csv.Error,
    ) as error:  # fmt: skip
        raise ValueError(
            f"{os.fspath(path)}, line {number}: expected a history, as HistoryWriter or w2v train "
            f"--history writes it, but {describe_file(path)} ({error!r:.120})"
        ) from error
    return records


def _rows(
    text: str, delimiter: str | None
) -> tuple[Iterable[tuple[int, Any]], Callable[[Any], dict[str, Any]]]:
    """Return the lines of a file with their numbers, and what gives the values of one."""
    if delimiter is None:
        return enumerate(text.split("\n") if text else [], 1), json.loads
    table = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header = next(table, list(COLUMNS))
    if tuple(header[: len(COLUMNS)]) != COLUMNS:
        raise ValueError("another heading")
    return ((table.line_num, row) for row in table), functools.partial(_of_cells, header)


def _of_cells(header: Sequence[str], row: Sequence[str]) -> dict[str, Any]:
    """Return the values of a row of a table."""
    cells = [(name, x or None) for name, x in zip(header, row, strict=True)]
    values: dict[str, Any] = dict(cells[: len(COLUMNS)])
    values["ends_epoch"] = {"True": True, "False": False}[values["ends_epoch"]]
    return values | {"metrics": dict(cells[len(COLUMNS) :])}


def _of_model(path: PathLike) -> list[EpochRecord]:
    """Return the history of a model file."""
    _, metadata = safetensors_file.read(path, kind=("w2v.model",), mmap=True, only=())
    try:
        training = json.loads(metadata["training"])
        records = [EpochRecord.from_dict(one) for one in training.get("history", [])]
        # Of trainings before there was a history: those of the first epochs.
        first = records[0].epoch if records else len(training["loss"]) + 1
        before = [
            EpochRecord(epoch, 0, math.nan, float(loss), math.nan, math.nan)
            for epoch, loss in enumerate(training["loss"][: first - 1], 1)
        ]
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"{os.fspath(path)}: the history of the model is unreadable ({error!r:.120}); upgrade "
            "if the file comes from a newer w2v, otherwise it is corrupt"
        ) from error
    return before + records
