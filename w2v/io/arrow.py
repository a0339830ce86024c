"""Parquet, Arrow and Feather files of vectors: columns "word", "vector" and optionally "count"."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from w2v._memory import aligned_empty
from w2v._types import FloatArray, IntArray, PathLike
from w2v._validation import require_package
from w2v.io._table_sizes import arrow_batches, parquet_row_groups
from w2v.io.atomic import atomic_write
from w2v.io.compression import size_limit
from w2v.io.sniff import MAGIC, is_arrow_stream

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


# ---- Reading -------------------------------------------------------------------------------------


class _Columns(NamedTuple):
    """The names of the columns to read."""

    word: str
    vector: str
    counts: str | None

    def listed(self) -> list[str]:
        return [name for name in self if name is not None]


class _Limit(NamedTuple):
    """How many bytes the content of a file may take in memory."""

    name: str
    size: int

    def check(self, size: int) -> None:
        if size > self.size:
            raise ValueError(
                f"{self.name}: more than {self.size:,} bytes when decompressed, many times the "
                "size of the file: this may be a bomb; if it is not, raise max_size="
            )


def read(
    path: PathLike, *, parquet: bool, limit: int | None = None, max_size: int | None = None
) -> tuple[list[str], FloatArray, IntArray | None]:
    """Read words, vectors, and counts if the file has them, else None.

    Files and streams of Arrow are distinguished by their content.

    Raises
    ------
    ImportError
        pyarrow is not installed.
    ValueError
        The file is corrupt, lacks a column, or a row has no word or another number of dimensions;
        or it is larger than `max_size` bytes when decompressed (default: 100 times its size, at
        least 64 MiB).
    """
    pa = _import(path)
    name = os.fspath(path)
    bound = _Limit(name, size_limit(os.path.getsize(path), max_size))
    try:
        with contextlib.ExitStack() as stack:
            return _collect(bound, *(_parquet if parquet else _arrow)(path, limit, bound, stack))
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ValueError(f"{name}: the file is corrupt ({error}); copy it again") from error


def _parquet(
    path: PathLike, limit: int | None, bound: _Limit, stack: contextlib.ExitStack
) -> tuple[int, _Columns, Any, Iterator[Any]]:
    """Return rows, schema and batches of the row groups that contain the first `limit` rows."""
    parquet = _import(path, "pyarrow.parquet")
    file = stack.enter_context(parquet.ParquetFile(path))
    columns = _choose(bound.name, file.schema_arrow)
    kind = file.schema_arrow.field(columns.vector).type.value_type
    with open(path, "rb") as raw:
        declared = parquet_row_groups(raw)
    if len(declared) != file.num_row_groups:
        raise ValueError(f"{bound.name}: the footer is corrupt; copy the file again")
    groups = rows = size = 0
    while groups < len(declared) and (limit is None or rows < limit):
        values = declared[groups].values
        size += values.get(columns.vector, 0) * (kind.bit_width // 8)
        size += 4 * values.get(columns.word, 0)  # at least
        rows += declared[groups].rows
        groups += 1
    bound.check(size)
    # A word that is stored once can occur in every row: dictionaries are kept as they are.
    file = stack.enter_context(parquet.ParquetFile(path, read_dictionary=[columns.word]))
    batches = file.iter_batches(
        _ROWS_AT_ONCE, row_groups=list(range(groups)), columns=columns.listed()
    )
    return rows if limit is None else min(rows, limit), columns, file.schema_arrow, batches


def _arrow(
    path: PathLike, limit: int | None, bound: _Limit, stack: contextlib.ExitStack
) -> tuple[int, _Columns, Any, Iterator[Any]]:
    """Return rows, schema and batches that contain the first `limit` rows."""
    pa, ipc = _import(path), _import(path, "pyarrow.ipc")
    with open(path, "rb") as raw:
        begin, end = _stream_within(raw, bound.name)
        rows = size = n_batches = 0
        for batch in arrow_batches(raw, end):
            if limit is not None and rows >= limit:
                break
            rows, size, n_batches = rows + batch.rows, size + batch.size, n_batches + 1
            bound.check(size)
    file = stack.enter_context(pa.OSFile(os.fspath(path)))
    file.seek(begin)
    with ipc.open_stream(file) as reader:
        columns = _choose(bound.name, reader.schema)
        wanted = [reader.schema.get_field_index(name) for name in columns.listed()]
    file.seek(begin)
    reader = ipc.open_stream(file, options=ipc.IpcReadOptions(included_fields=wanted))
    batches = itertools.islice(reader, n_batches)
    return rows if limit is None else min(rows, limit), columns, reader.schema, batches


def _stream_within(file: BinaryIO, name: str) -> tuple[int, int]:
    """Return where the stream begins and ends: a file is one, between a magic number and a footer.

    The footer repeats where the batches are, and is not needed.
    """
    begin, end = 0, file.seek(0, 2)
    file.seek(0)
    head = file.read(8)
    if not is_arrow_stream(head):
        file.seek(max(0, end - 10))
        footer = int.from_bytes(file.read(4), "little")
        if not head.startswith(MAGIC["arrow"]) or file.read() != MAGIC["arrow"]:
            raise ValueError(
                f"{name}: not an Arrow file or stream, or it is truncated; copy it again"
            )
        begin, end = 8, end - 10 - footer
    file.seek(begin)
    return begin, end


def _choose(name: str, schema: Any) -> _Columns:
    """Return the columns of words, vectors and counts."""
    pa = _import(name)
    columns = [str(column) for column in schema.names]
    word = next((one for one in ("word", "key", "token") if one in columns), None)
    vector = next((one for one in ("vector", "embedding") if one in columns), None)
    if word is None or vector is None:
        raise ValueError(
            f"{name}: the columns are {', '.join(columns[:5]) or '(none)'}; expected 'word' and "
            "'vector'"
        )
    for column in (word, vector, "count"):
        if columns.count(column) > 1:
            raise ValueError(f"{name}: there are several columns {column!r}; expected one")
    kinds = schema.field(word).type, schema.field(vector).type
    if not (pa.types.is_string(kinds[0]) or pa.types.is_large_string(kinds[0])) or not (
        hasattr(kinds[1], "value_type") and pa.types.is_floating(kinds[1].value_type)
    ):
        raise ValueError(
            f"{name}: the columns {word!r} and {vector!r} are {kinds[0]} and {kinds[1]}, expected "
            "strings and lists of floating-point numbers"
        )
    return _Columns(word, vector, "count" if "count" in columns else None)


def has_vectors(path: PathLike, *, parquet: bool) -> bool:
    """Return whether a file has columns of words and vectors."""
    if parquet:
        with _import(path, "pyarrow.parquet").ParquetFile(path) as file:
            schema = file.schema_arrow
    else:
        with open(path, "rb") as raw:
            begin, _ = _stream_within(raw, os.fspath(path))
        with _import(path).OSFile(os.fspath(path)) as file:
            file.seek(begin)
            schema = _import(path, "pyarrow.ipc").open_stream(file).schema
    with contextlib.suppress(ValueError):
        _choose(os.fspath(path), schema)
        return True
    return False


def _collect(
    bound: _Limit, rows: int, columns: _Columns, schema: Any, batches: Iterator[Any]
) -> tuple[list[str], FloatArray, IntArray | None]:
    """Copy batches, one at a time, into a list and a matrix."""
    name = bound.name
    words: list[str] = []
    counts: list[npt.NDArray[Any]] = []
    compute = _import(name, "pyarrow.compute")
    dimensions = int(getattr(schema.field(columns.vector).type, "list_size", 0))
    matrix: FloatArray | None = None
    size = 0
    for batch in batches:
        batch = batch.slice(0, rows - len(words))
        if not batch.num_rows:
            continue
        batch.validate(full=True)  # pyarrow reads past the ends of a corrupt one
        texts, listed = batch.column(columns.word), batch.column(columns.vector)
        flat = listed.flatten()
        lengths = compute.list_value_length(listed).to_numpy(zero_copy_only=False)
        if texts.null_count or listed.null_count or flat.null_count:
            raise ValueError(f"{name}: a word, a vector or a number is missing (null)")
        dimensions = dimensions or len(flat) // batch.num_rows
        if not dimensions or not (lengths == dimensions).all():
            raise ValueError(f"{name}: the vectors do not all have the same number of dimensions")
        if matrix is None:
            bound.check(4 * rows * dimensions)
            matrix = aligned_empty((rows, dimensions), np.float32)
        numbers = flat.to_numpy(zero_copy_only=False).reshape(-1, dimensions)
        matrix[len(words) : len(words) + batch.num_rows] = numbers
        if hasattr(texts, "dictionary"):
            sizes = compute.take(compute.binary_length(texts.dictionary), texts.indices)
        else:
            sizes = compute.binary_length(texts)
        size += compute.sum(sizes).as_py()
        bound.check(size)
        words += texts.to_pylist()
        if columns.counts is not None:
            counts.append(batch.column(columns.counts).to_numpy(zero_copy_only=False))
    if len(words) != rows:
        raise ValueError(f"{name}: {len(words):,} of {rows:,} rows are there; copy the file again")
    if matrix is None:
        if not dimensions:
            raise ValueError(f"{name}: there are no words, and so the dimensions are unknown")
        matrix = aligned_empty((0, dimensions), np.float32)
    return words, matrix, np.concatenate(counts) if counts else None
