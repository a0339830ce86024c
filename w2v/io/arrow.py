"""Parquet, Arrow and Feather files of vectors: columns "word", "vector" and optionally "count"."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v._types import FloatArray, IntArray, PathLike
from w2v._validation import require_package
from w2v.io.atomic import atomic_write

_ROWS_AT_ONCE = 1 << 14  # rows written at a time


def _import(path: PathLike, module: str = "pyarrow") -> Any:
    return require_package(module, "w2v[arrow]", f"{os.fspath(path)}: this format")


def write(
    path: PathLike,
    words: Sequence[str],
    vectors: npt.NDArray[Any],
    counts: IntArray | None,
    *,
    parquet: bool,
) -> None:
    """Write a table, atomically; see `KeyedVectors.export`.

    Raises
    ------
    ImportError
        pyarrow is not installed.
    ValueError
        A word is not valid Unicode.
    """
    pa = _import(path)
    kind = pa.from_numpy_dtype(vectors.dtype)
    fields = [("word", pa.string()), ("vector", pa.list_(kind, vectors.shape[1]))]
    if counts is not None:
        fields.append(("count", pa.int64()))
    schema = pa.schema(fields)
    with atomic_write(path) as temporary:
        if parquet:
            # The numbers hardly repeat, so a dictionary of them would only cost time.
            writer = _import(path, "pyarrow.parquet").ParquetWriter(
                temporary, schema, use_dictionary=["word"]
            )
        else:
            writer = _import(path, "pyarrow.ipc").new_file(temporary, schema)
        with writer:
            for first in range(0, max(1, len(words)), _ROWS_AT_ONCE):
                block = slice(first, first + _ROWS_AT_ONCE)
                try:
                    columns = [pa.array(words[block], pa.string())]
                except UnicodeEncodeError as error:
                    raise ValueError(
                        f"word {error.object!r} is not valid Unicode, which these files cannot "
                        "store; save() keeps every word"
                    ) from None
                flat = pa.array(np.ascontiguousarray(vectors[block]).ravel())
                columns.append(pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1]))
                if counts is not None:
                    columns.append(pa.array(counts[block]))
                writer.write_batch(pa.record_batch(columns, schema=schema))


def _parquet(path: PathLike, limit: int | None) -> Any:
    """Return a table of the row groups that contain the first `limit` rows."""
    with _import(path, "pyarrow.parquet").ParquetFile(path) as file:
        groups = rows = 0
        while groups < file.num_row_groups and (limit is None or rows < limit):
            rows += file.metadata.row_group(groups).num_rows
            groups += 1
        return file.read_row_groups(range(groups))


def _arrow(path: PathLike, limit: int | None) -> Any:
    """Return a table of the batches that contain the first `limit` rows."""
    pa = _import(path)
    with pa.OSFile(os.fspath(path)) as raw, _import(path, "pyarrow.ipc").open_file(raw) as file:
        batches: list[Any] = []
        rows = 0
        while len(batches) < file.num_record_batches and (limit is None or rows < limit):
            batches.append(file.get_batch(len(batches)))
            rows += batches[-1].num_rows
        return pa.Table.from_batches(batches, file.schema)


def read(
    path: PathLike, *, parquet: bool, limit: int | None = None
) -> tuple[list[str], FloatArray, IntArray | None]:
    """Read words, vectors, and counts if the file has them, else None.

    Raises
    ------
    ImportError
        pyarrow is not installed.
    ValueError
        The file is corrupt, lacks a column, or a row has no word or another number of dimensions.
    """
    pa = _import(path)
    name = os.fspath(path)
    try:
        table = (_parquet if parquet else _arrow)(path, limit)
    except (pa.ArrowInvalid, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ValueError(f"{name}: the file is corrupt ({error}); copy it again") from error
    columns = [str(column) for column in table.column_names]
    word = next((one for one in ("word", "key", "token") if one in columns), None)
    vector = next((one for one in ("vector", "embedding") if one in columns), None)
    if word is None or vector is None:
        raise ValueError(
            f"{name}: the columns are {', '.join(columns[:5]) or '(none)'}; expected 'word' and "
            "'vector'"
        )
    if limit is not None:
        table = table.slice(0, limit)
    kinds = table.schema.field(word).type, table.schema.field(vector).type
    if not (pa.types.is_string(kinds[0]) or pa.types.is_large_string(kinds[0])) or not (
        hasattr(kinds[1], "value_type") and pa.types.is_floating(kinds[1].value_type)
    ):
        raise ValueError(
            f"{name}: the columns {word!r} and {vector!r} are {kinds[0]} and {kinds[1]}, expected "
            "strings and lists of floating-point numbers"
        )
    rows = table.column(vector).combine_chunks()
    flat = rows.flatten()
    dimensions = len(flat) // max(1, len(rows))
    lengths = _import(path, "pyarrow.compute").list_value_length(rows)
    if rows.null_count or flat.null_count or table.column(word).null_count:
        raise ValueError(f"{name}: a word, a vector or a number is missing (null)")
    if not dimensions or not (lengths.to_numpy(zero_copy_only=False) == dimensions).all():
        raise ValueError(f"{name}: the vectors do not all have the same number of dimensions")
    vectors = flat.to_numpy(zero_copy_only=False).astype(np.float32).reshape(-1, dimensions)
    counts = table.column("count").to_numpy() if "count" in columns else None
    return table.column(word).to_pylist(), vectors, counts
