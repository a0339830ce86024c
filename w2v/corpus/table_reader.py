"""A column of a table as sentences: Parquet, Arrow and Feather files, data frames, datasets.

Cells are strings, each a line of text, lists of strings, the tokens of a sentence, or lists of
integers, which `integer_reader` encodes. They are read
batch by batch, as NumPy views of pyarrow's buffers; Python strings are made only for `strings`.
pyarrow is an optional dependency, imported when a table is opened.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import itertools
import os
import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from w2v.corpus.arrow_columns import (
    HAS_NULL,
    MAX_BYTES,
    MAX_ROWS,
    ColumnBatch,
    CorruptColumnError,
    from_arrow,
    from_lists,
    integer_lists,
)
from w2v.io.sniff import table_of

_MIN_PARQUET_ROWS = 256  # per batch, however long the rows are
_DATASET_ROWS = 1000  # per batch; the default of Hugging Face datasets

_CELL = "each cell is a line of text (str) or a list of tokens"
_INTEGERS = "list of int"
_SENTENCES = "strings, lists of strings or lists of integers"


def is_table(source: object) -> bool:
    """Return whether a source other than a path is a table, by its type alone.

    True for objects with the Arrow PyCapsule interface (pyarrow, polars, pandas), for other data
    frames, for datasets like those of Hugging Face, and for lists of mappings.
    """
    if isinstance(source, list | tuple):
        return bool(source) and isinstance(source[0], Mapping)
    kind = type(source)
    return (
        hasattr(kind, "__arrow_c_stream__")
        or hasattr(kind, "__arrow_c_array__")
        or hasattr(kind, "__dataframe__")
        or _is_dataset(source)
    )


def cells_without_pyarrow(source: Any, column: str | None) -> Iterable[Any] | None:
    """Return the cells of a Series where pyarrow is not installed; None: a `TableReader` reads it.

    A Series of pandas or polars can be iterated over. So can the chosen column of their data
    frames, or the only one.
    """
    if importlib.util.find_spec("pyarrow") is not None or isinstance(source, list | tuple):
        return None
    columns = getattr(type(source), "columns", None) and list(source.columns)
    if columns is not None and (column is not None or len(columns) == 1):
        name = columns[0] if column is None else column
        if name not in columns:
            raise ValueError(_missing_message(name, type(source).__name__, dict.fromkeys(columns)))
        source, columns = source[name], None
    if columns is not None or not hasattr(type(source), "to_list"):
        return None
    cells: Iterable[Any] = source.to_list()
    return cells


class TableReader:
    """One column of a table.

    Parameters
    ----------
    source : path, table or iterable
        A Parquet, Arrow or Feather file; a source that `is_table`; or an iterable of mappings.
    column : str, optional
        Name of the column; default the only one of strings or lists of strings, or if there is
        none, of lists of integers.

    Attributes
    ----------
    total : int
        Rows, or 0 if unknown.
    is_integers : bool
        Whether the cells are lists of integers: read with `integer_rows`, not with `batches`.
    null_cells, null_tokens : int
        Null cells, and null tokens in lists, of the batches so far; they are skipped.

    Raises
    ------
    ValueError
        If the column is missing or ambiguous, or if a file is truncated or corrupt.
    TypeError
        If the column is neither of strings nor of lists of strings or integers.
    OSError
        If a file cannot be opened.
    ImportError
        If pyarrow is not installed.
    """

    def __init__(self, source: Any, column: str | None = None) -> None:
        if column is not None and not isinstance(column, str):
            raise TypeError(f"column={column!r}: expected the name of a column, a str")
        self.total = 0
        self.null_cells = 0
        self.null_tokens = 0
        self.is_integers = False
        self.kind: str
        self.type: str
        self._cells: Iterator[Any]  # pyarrow arrays, or batches
        self._path = ""
        self._column = column
        if isinstance(source, str | bytes | os.PathLike):
            self._path = os.fsdecode(source)
            self._open_file()
        elif _is_dataset(source):
            self._open_dataset(source)
        elif is_table(source) and not isinstance(source, list | tuple):
            self._open_arrow(source)
        else:
            self._open_rows("rows", source)

    def describe(self) -> dict[str, str | int]:
        """Return kind, column, its type and rows, for the metadata of a corpus."""
        return {
            "kind": self.kind,
            "column": self._column or "",
            "type": self.type,
            "rows": self.total,
        }

    def batches(self) -> Iterator[ColumnBatch]:
        """Yield the rows, once, in order."""
        for _, batch in self._parts(self._as_batch):
            self.null_cells += batch.n_null
            yield from batch.split()

    def integer_rows(self) -> Iterator[Any]:
        """Yield each list of integers that is not null, as an array or a list, once, in order."""
        for row, lists in self._parts(self._as_lists):
            for number, one in enumerate(lists, row):
                if one is None:
                    self.null_cells += 1
                elif one is HAS_NULL:
                    raise ValueError(
                        f"{self.location}, row {number} (counted from 0): a null in a list of ids; "
                        "drop it, or give it an id"
                    )
                else:
                    yield one

    def strings(self, errors: str = "strict") -> Iterator[tuple[int, str | list[str]]]:
        """Yield the number and the cell of each row whose cell is not null.

        Raises
        ------
        ValueError
            If a string is not UTF-8 and `errors` is "strict".
        """
        for batch in self.batches():
            data, offsets = batch.data.tobytes(), batch.offsets.tolist()
            lists = None if batch.list_offsets is None else batch.list_offsets.tolist()
            valid = None if batch.valid is None else batch.valid.tolist()
            for i in range(len(batch)):
                if valid is not None and not valid[i]:
                    continue
                row = batch.first_row + i
                try:
                    if lists is None:
                        cell = data[offsets[i] : offsets[i + 1]].decode("utf-8", errors)
                        yield row, cell
                    else:
                        yield (
                            row,
                            [
                                data[offsets[j] : offsets[j + 1]].decode("utf-8", errors)
                                for j in range(lists[i], lists[i + 1])
                            ],
                        )
                except UnicodeDecodeError as error:
                    raise ValueError(
                        f"{self.location}, row {row} (counted from 0): invalid UTF-8 at byte "
                        f"{error.start} of a string; convert it to UTF-8, or pass "
                        "errors='replace' or errors='ignore' to continue"
                    ) from None

    @property
    def location(self) -> str:
        """Table and column, for messages."""
        return f"{self.name}, column {self._column!r}" if self._column else self.name

    @property
    def name(self) -> str:
        """Path or kind of the table, for messages."""
        return self._path or self.kind

    # ---- Opening ---------------------------------------------------------------------------------

    def _open_file(self) -> None:
        with open(self._path, "rb") as file:
            head = file.read(8)
        kind = table_of(head)
        if kind is None:
            raise ValueError(
                f"{self._path}: expected a Parquet, Arrow or Feather file, but it starts "
                f"with {head!r}"
            )
        self.kind = kind
        pa = _pyarrow(self._path)
        with self._with_path():
            if kind == "Parquet file":
                self._open_parquet()
            elif kind == "Arrow file":
                # Memory-mapped: a batch may be as large as the file.
                file = _module("pyarrow.ipc").open_file(pa.memory_map(self._path))
                options = self._column_only(file.schema)
                file = _module("pyarrow.ipc").open_file(pa.memory_map(self._path), options=options)
                self._cells = (file.get_batch(i).column(0) for i in range(file.num_record_batches))
            elif kind == "Arrow stream":
                stream = pa.memory_map(self._path)
                reader = _module("pyarrow.ipc").open_stream(stream)
                self._cells = self._from_stream(stream, reader, self._choose(reader.schema))
            else:
                self._open_feather_v1()

    def _column_only(self, schema: Any) -> Any:
        """Return options for reading the chosen column only."""
        return _module("pyarrow.ipc").IpcReadOptions(included_fields=[self._choose(schema)])

    def _from_stream(self, stream: Any, reader: Any, index: int) -> Iterator[Any]:
        yield from (batch.column(index) for batch in reader)
        # pyarrow accepts a truncated stream; a writer that was closed wrote this end marker.
        end = stream.tell()
        stream.seek(max(end - 8, 0))
        if stream.read(8) != b"\xff\xff\xff\xff\0\0\0\0":
            raise CorruptColumnError("the end marker is missing")

    def _open_parquet(self) -> None:
        # With a buffer, pages are read on demand, not the whole column of a row group.
        file = _module("pyarrow.parquet").ParquetFile(self._path, buffer_size=1 << 20)
        index = self._choose(file.schema_arrow)
        name = file.schema_arrow.field(index).name
        self.total = file.metadata.num_rows
        # All columns: for a corrupt file, asking for the size of one crashes (pyarrow 26).
        size = sum(file.metadata.row_group(i).total_byte_size for i in range(file.num_row_groups))
        rows = max(MAX_BYTES * self.total // max(size, 1), _MIN_PARQUET_ROWS)
        batches = file.iter_batches(min(rows, MAX_ROWS), columns=[name], use_threads=False)
        self._cells = (batch.column(batch.schema.get_field_index(name)) for batch in batches)

    def _open_feather_v1(self) -> None:
        # The format before Arrow files. pyarrow warns that support will end.
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table = _module("pyarrow.feather").read_table(self._path, memory_map=True)
        self.total = table.num_rows
        self._cells = iter(table.column(self._choose(table.schema)).chunks)

    def _open_arrow(self, source: Any) -> None:
        name = type(source).__name__
        self.kind = f"{type(source).__module__.partition('.')[0]} {name}"
        pa = _pyarrow(f"a {self.kind}")
        if isinstance(source, pa.RecordBatchReader):
            reader = source
        elif hasattr(source, "__arrow_c_stream__"):
            try:
                reader = pa.RecordBatchReader.from_stream(source)
            except pa.ArrowInvalid as error:  # no columns: a series
                try:
                    return self._open_array(pa.chunked_array(source))
                except pa.ArrowException:
                    raise TypeError(
                        f"{self.kind}: expected {_SENTENCES}, but pyarrow cannot "
                        f"read it ({str(error).splitlines()[0]}); pass a list, such as "
                        "[list(cell) for cell in series]"
                    ) from None
        elif not hasattr(source, "__arrow_c_array__"):
            raise TypeError(
                f"{self.kind}: this version has no Arrow interface (pandas has it since 2.2); "
                "pass one column as an iterable of str or of lists, as in Corpus(frame['text'])"
            )
        elif isinstance(source, pa.RecordBatch):
            reader = pa.Table.from_batches([source]).to_reader()
        else:
            return self._open_array(pa.chunked_array([pa.array(source)]))
        index = self._choose(reader.schema)
        with contextlib.suppress(TypeError, AttributeError):
            self.total = len(source)
        self._cells = (batch.column(index) for batch in reader)
        return None

    def _open_array(self, array: Any) -> None:
        if self._column is not None:
            raise ValueError(f"column= applies only to tables, but {self.kind} is a single column")
        self.is_integers = _holds_integers(array.type)
        if not self.is_integers and not _holds_text(array.type):
            types = _module("pyarrow").types
            remedy = "group it into sentences, as in frame.groupby('user')['item'].apply(list)"
            if not (types.is_integer(array.type) or types.is_floating(array.type)):
                remedy = "pass a list, such as [list(cell) for cell in series]"
            raise TypeError(f"{self.kind}: expected {_SENTENCES}, found {array.type}; {remedy}")
        self.type = str(array.type)
        self.total = len(array)
        self._cells = iter(array.chunks)

    def _open_dataset(self, source: Any) -> None:
        self.kind = f"{type(source).__module__.partition('.')[0]} {type(source).__name__}"
        if isinstance(source, Mapping):
            raise TypeError(
                f"{self.kind}: expected one dataset, found splits ({', '.join(map(str, source))}); "
                f"pass one of them, as in Corpus(dataset[{next(iter(source), 'train')!r}])"
            )
        tables = self._arrow_tables(source)
        with contextlib.suppress(TypeError):
            self.total = len(source)
        if tables is None:
            return self._open_rows(self.kind, source)
        first = next(tables, None)
        if first is None:
            raise ValueError(f"{self.kind}: no rows")
        index = self._choose(first.schema)
        # Later tables of a stream may have their columns in another order.
        name = first.schema.field(index).name
        self._cells = (
            chunk
            for table in itertools.chain([first], tables)
            for chunk in table.column(name).chunks
        )
        return None

    def _arrow_tables(self, source: Any) -> Iterator[Any] | None:
        """Return the rows of a dataset as pyarrow tables, or None if it cannot provide them."""
        names = getattr(source, "column_names", None)
        if self._column is not None and names is not None and hasattr(source, "select_columns"):
            if self._column not in names:
                features = getattr(source, "features", None) or dict.fromkeys(names, "?")
                raise ValueError(_missing_message(self._column, self.kind, features))
            source = source.select_columns([self._column])
        # Without features, the types of a table depend on the rows that happen to be in it.
        if getattr(source, "features", None) is None or not hasattr(source, "iter"):
            return None
        tables = iter(source.with_format("arrow").iter(batch_size=_DATASET_ROWS))
        first = next(tables, None)
        if first is not None and not hasattr(first, "schema"):
            return None
        return itertools.chain(() if first is None else (first,), tables)

    def _choose(self, schema: Any) -> int:
        """Return the index of the requested column, or of the only suitable one."""
        columns = [(field.name, field.type) for field in schema]
        listed = {name: str(kind) for name, kind in columns}
        if self._column is None:
            found = [i for i, (_, kind) in enumerate(columns) if _holds_text(kind)]
            found = found or [i for i, (_, kind) in enumerate(columns) if _holds_integers(kind)]
            if len(found) != 1:
                raise ValueError(_ambiguous_message(self.name, len(found), listed))
        else:
            found = [i for i, (name, _) in enumerate(columns) if name == self._column]
            if not found:
                raise ValueError(_missing_message(self._column, self.name, listed))
            if len(found) > 1:
                raise ValueError(f"{self.name}: {len(found)} columns are named {self._column!r}")
        self._column, kind = columns[found[0]]
        self.is_integers = _holds_integers(kind)
        if not self.is_integers and not _holds_text(kind):
            raise TypeError(
                f"{self.location}: expected {_SENTENCES}, found {kind}; cast the column to string, "
                "or choose another: " + _list_columns(listed)
            )
        self.type = str(kind)
        return found[0]

    # ---- Batches ---------------------------------------------------------------------------------

    def _parts(self, convert: Callable[[Any, int], Any]) -> Iterator[tuple[int, Any]]:
        """Yield the cells part by part, converted, and the row at which each part begins."""
        row = 0
        while True:
            with self._with_path():
                found = next(self._cells, None)
                if found is None:
                    return
                part = convert(found, row)
            yield row, part
            row += len(part)

    def _as_batch(self, found: Any, row: int) -> ColumnBatch:
        """Return a batch, or an array of any type that `_holds_text`, as NumPy views."""
        if isinstance(found, ColumnBatch):
            return found
        pa = _pyarrow(self.location)
        if not _holds_text(found.type):
            raise TypeError(
                f"{self.location}, row {row} (counted from 0): expected {self.type}, found "
                f"{found.type}"
            )
        batch, null_tokens = from_arrow(pa, found, row, trusted=not self._path)
        self.null_tokens += null_tokens
        return batch

    def _as_lists(self, found: Any, row: int) -> list[Any]:
        """Return lists of integers, or an array of them, as `integer_lists` does."""
        if isinstance(found, list):
            return found
        return integer_lists(_pyarrow(self.location), found, trusted=not self._path)

    @contextlib.contextmanager
    def _with_path(self) -> Iterator[None]:
        """Add the path and a remedy to errors of pyarrow."""
        try:
            yield
        except Exception as error:
            if not self._path or not _from_pyarrow(error):
                raise
            raise ValueError(
                f"{self._path}: cannot read {self.kind}: {error}; the file is truncated or "
                "corrupt, or needs a newer pyarrow"
            ) from None

    # ---- Rows as mappings ------------------------------------------------------------------------

    def _open_rows(self, kind: str, source: Any) -> None:
        self.kind = kind
        if isinstance(source, list | tuple):
            self.total = len(source)
        rows = iter(source)
        first = list(itertools.islice(rows, 1))
        if not first:
            raise ValueError(f"{kind}: no rows")
        _check_mapping(first[0], 0)
        types = {str(name): _type_of(cell) for name, cell in first[0].items()}
        if self._column is None:
            found = [name for name, kind in types.items() if kind in ("str", "list of str")]
            found = found or [name for name, kind in types.items() if kind == _INTEGERS]
            if len(found) != 1:
                raise ValueError(_ambiguous_message(kind, len(found), types))
            self._column = found[0]
        elif self._column not in types:
            raise ValueError(_missing_message(self._column, kind, types))
        self.type = types[self._column]
        self.is_integers = self.type == _INTEGERS
        rows = itertools.chain(first, rows)
        if self.is_integers:
            self._cells = ([self._cell(row, number)] for number, row in enumerate(rows))
        else:
            self._cells = self._from_rows(rows)

    def _from_rows(self, rows: Iterator[Any]) -> Iterator[ColumnBatch]:
        """Gather the cells of rows; a batch has either strings or lists."""
        pending: list[Any] = []
        kind, size, first = "", 0, 0
        for number, row in enumerate(rows):
            cell = self._cell(row, number)
            found = kind if cell is None else "strings" if isinstance(cell, str) else "lists"
            if pending and (
                size >= MAX_BYTES or len(pending) >= MAX_ROWS or kind not in ("", found)
            ):
                yield from_lists(kind, pending, first)
                pending, size, first = [], 0, number
            pending.append(cell)
            size += 0 if cell is None else sum(map(len, cell))
            kind = found
        if pending:
            yield from_lists(kind, pending, first)

    def _cell(self, row: Any, number: int) -> Any:
        _check_mapping(row, number)
        try:
            cell = row[self._column]
        except KeyError:
            types = {str(name): _type_of(cell) for name, cell in row.items()}
            raise ValueError(
                _missing_message(self._column, f"row {number} (counted from 0)", types)
            ) from None
        if cell is None or isinstance(cell, str) or self.is_integers:
            return cell
        if isinstance(cell, Iterable) and not isinstance(cell, bytes | Mapping):
            cell = list(cell)
            self.null_tokens += cell.count(None)
            cell = [token for token in cell if token is not None]
            for position, token in enumerate(cell):
                if not isinstance(token, str):
                    raise TypeError(
                        f"row {number}, token {position} (both counted from 0), column "
                        f"{self._column!r}: expected a str, found {type(token).__name__} "
                        f"{reprlib.repr(token)}; {_CELL}"
                    )
            return cell
        raise TypeError(
            f"row {number} (counted from 0), column {self._column!r}: expected a str or a list of "
            f"str, found {type(cell).__name__} {reprlib.repr(cell)}; {_CELL}"
        )


# ---- Types ---------------------------------------------------------------------------------------


def _is_dataset(source: object) -> bool:
    kind = type(source)
    return hasattr(kind, "with_format") and hasattr(kind, "column_names")


def _module(name: str) -> Any:
    return importlib.import_module(name)  # as Any: pyarrow has no stubs


def _pyarrow(what: str) -> Any:
    try:
        pa = _module("pyarrow")
    except ImportError:
        raise ImportError(f"{what}: reading it needs pyarrow; pip install 'w2v[arrow]'") from None
    if not hasattr(pa, "string_view"):
        raise ImportError(
            f"{what}: reading it needs pyarrow 16 or newer, found {pa.__version__}; "
            "pip install --upgrade 'w2v[arrow]'"
        )
    return pa


def _from_pyarrow(error: Exception) -> bool:
    # For corrupt pages pyarrow raises an OSError without a number.
    if isinstance(error, OSError):
        return error.errno is None
    return isinstance(error, _module("pyarrow").ArrowException | CorruptColumnError)


def _is_text_type(kind: Any) -> bool:
    types = _module("pyarrow").types
    if types.is_dictionary(kind):
        kind = kind.value_type
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _holds_text(kind: Any) -> bool:
    types = _module("pyarrow").types
    tests = ("is_list", "is_large_list", "is_fixed_size_list", "is_list_view", "is_large_list_view")
    if any(getattr(types, test, bool)(kind) for test in tests):
        kind = kind.value_type
    return _is_text_type(kind)


def _holds_integers(kind: Any) -> bool:
    types = _module("pyarrow").types
    tests = ("is_list", "is_large_list", "is_fixed_size_list", "is_list_view", "is_large_list_view")
    listed = any(getattr(types, test, bool)(kind) for test in tests)
    return listed and bool(types.is_integer(kind.value_type))


def _type_of(cell: object) -> str:
    if isinstance(cell, list | tuple):
        kinds = sorted({type(token).__name__ for token in cell if token is not None})
        return f"list of {' and '.join(kinds) or 'nothing'}"
    return type(cell).__name__


def _list_columns(columns: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} ({kind})" for name, kind in columns.items()) or "none"


def _missing_message(column: str | None, name: str, columns: Mapping[str, Any]) -> str:
    return f"{name}: no column {column!r}; the columns are {_list_columns(columns)}"


def _ambiguous_message(name: str, found: int, columns: Mapping[str, str]) -> str:
    listed = _list_columns(columns)
    if not found:
        return f"{name}: no column of {_SENTENCES}; the columns are {listed}"
    return (
        f"{name}: {found} columns could be the text; choose one with column=, as in "
        f"Corpus(source, column={next(iter(columns), '')!r}); the columns are {listed}"
    )


def _check_mapping(row: object, number: int) -> None:
    if not isinstance(row, Mapping):
        raise TypeError(
            f"row {number} (counted from 0): expected a mapping of column to cell, found "
            f"{type(row).__name__} {reprlib.repr(row)}"
        )
