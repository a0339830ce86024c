"""The source in splits, each read by one task, and reading them.

A split is one piece or several: the lines that begin in a range of a plain text file, a whole
compressed file, row groups of a Parquet file, a block of a data set. In the order of the splits,
every line and row is read exactly once.
"""

from __future__ import annotations

import importlib
import io
import itertools
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from w2v.corpus import table_reader
from w2v.corpus.id_buffer import IdBuffer
from w2v.corpus.options import Options
from w2v.corpus.sentences import encode_sentences
from w2v.corpus.text_files import (
    ByteSource,
    FileRange,
    ParallelEncoder,
    TextDecodeError,
    open_source,
)
from w2v.io import sniff
from w2v.io.input_files import InputFile

FORMATS = ("text", "jsonl", "csv", "parquet")
_NAMES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "csv"}
_COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
_BLOCK = 1 << 22  # bytes of JSON lines parsed at a time
_ROWS = 1 << 12  # of Parquet files
_LINES = 1 << 20  # bytes at a time in which lines are counted


@dataclass(frozen=True)
class Piece:
    """A part of a file.

    Attributes
    ----------
    file : InputFile or None
        None for a block of a data set.
    format : str
    start, end : int
        Bytes of text and of JSON lines, row groups of Parquet; without an end, the whole file.
    """

    file: InputFile | None
    format: str
    start: int = 0
    end: int | None = None

    @property
    def size(self) -> int:
        """Bytes, as far as they are known."""
        if self.end is not None and self.format in ("text", "jsonl"):
            return self.end - self.start
        return 0 if self.file is None else self.file.size or 0


Split = tuple[Piece, ...]


def format_of(file: InputFile, wanted: str | None) -> str:
    """Return "text", "jsonl", "csv" or "parquet", by the first bytes of a file or by its name.

    Raises
    ------
    ValueError
        The file is an encoded corpus, or a table in another format.
    """
    name = file.name
    if file.is_pipe:
        raise ValueError(f"{name}: a pipe can be read only once, by one process; name files")
    with file.open() as opened:
        head = sniff.read_head(opened)
    if sniff.is_safetensors(head):
        raise ValueError(f"{name} is encoded already: Corpus.open() opens it")
    table = sniff.table_of(head)
    if table is not None and table != "Parquet file":
        raise ValueError(f"{name}: a cluster does not read an {table}; write it as Parquet")
    if (table is not None) != (wanted == "parquet") and wanted is not None:
        found = table or "no Parquet file"
        raise ValueError(f"{name}: format={wanted!r}, but its first bytes are those of: {found}")
    if table is not None:
        return "parquet"
    stem, extension = os.path.splitext(name)
    if extension.lower() in _COMPRESSED:
        extension = os.path.splitext(stem)[1]
    return wanted or _NAMES.get(extension.lower(), "text")


def pieces_of(file: InputFile, found: str, size: int) -> Iterator[Piece]:
    """Yield the pieces of a file, of about `size` bytes each."""
    if file.size is None or file.size <= size or found == "csv":
        yield Piece(file, found)  # a quoted cell of CSV may have line feeds
        return
    if found == "parquet":
        yield from _row_groups(file, size)
        return
    with file.open() as opened:
        if sniff.compression_of(sniff.read_head(opened)):
            yield Piece(file, found)
            return
    n = -(-file.size // size)
    edges = [file.size * i // n for i in range(n + 1)]
    for start, end in itertools.pairwise(edges):
        yield Piece(file, found, start, end)


def _row_groups(file: InputFile, size: int) -> Iterator[Piece]:
    with file.open() as opened:
        metadata = _parquet(file, opened).metadata
        sizes = [metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups)]
    # The sizes of groups are those before compression.
    limit = max(size * sum(sizes) // max(file.size or 1, 1), 1)
    start = total = 0
    for i, more in enumerate(sizes):
        if total and total + more > limit:
            yield Piece(file, "parquet", start, i)
            start, total = i, 0
        total += more
    yield Piece(file, "parquet", start, len(sizes))


def grouped(pieces: list[Piece], size: int) -> list[Split]:
    """Return the pieces as splits, small files together."""
    splits: list[Split] = []
    group: list[Piece] = []
    total = 0
    for piece in pieces:
        if group and total + piece.size > size:
            splits.append(tuple(group))
            group, total = [], 0
        group.append(piece)
        total += piece.size
    return [*splits, tuple(group)] if group else splits


# ---- Reading -------------------------------------------------------------------------------------


class SplitReader:
    """Reads one split into an encoder.

    Parameters
    ----------
    options : Options
    column : str, optional
        Of tables, data sets, JSON lines and CSV.
    ids : IdBuffer
        Receives ids beyond the limit of memory.

    Attributes
    ----------
    encoder : Encoder
    null_cells, null_tokens : int
    """

    def __init__(self, options: Options, column: str | None, ids: IdBuffer) -> None:
        self.options = options
        self.column = column
        self.ids = ids
        self.encoder = options.encoder()
        self.null_cells = self.null_tokens = 0

    def read(self, split: Split, block: Any = None) -> None:
        """Read all pieces, in order; `block` is the data of a piece without a file."""
        for piece in split:
            if piece.file is None:
                self._add_table(block, "a block of the data set")
            elif piece.format == "text":
                self._add_text(piece.file, FileRange(piece.file, piece.start, piece.end))
            elif piece.format == "jsonl":
                self._add_json(piece.file, FileRange(piece.file, piece.start, piece.end))
            elif piece.format == "csv":
                self._add_csv(piece.file)
            else:
                self._add_parquet(piece)

    def _flush(self, _: int = 0) -> None:
        self.ids.flush_if_over_budget(self.encoder)

    def _add_text(self, file: InputFile, file_range: FileRange) -> None:
        reader = ParallelEncoder(self.encoder, self.options, self.ids, None)
        try:
            reader.encode_range(file_range, self.encoder, self._flush)
        except TextDecodeError as error:
            raise error.with_line_number(file.name, _lines_before(file_range)) from None

    def _add_table(self, source: Any, name: str) -> None:
        try:
            table = table_reader.TableReader(source, self.column)
            if table.is_integers:
                raise TypeError(
                    f"{table.location}: lists of integers are encoded on one machine, by "
                    "Corpus(table); a cluster reads strings and lists of strings"
                )
            if self.options.callable_tokenizer is not None:
                texts = (text for _, text in table.strings(self.options.errors))
                encode_sentences(self.encoder, texts, self.options, self.ids, None)
            for batch in () if self.options.callable_tokenizer else table.batches():
                if batch.list_offsets is None:
                    self.encoder.add_rows(batch.data, batch.offsets, batch.valid)
                else:
                    lists = batch.list_offsets
                    self.encoder.add_lists(batch.data, batch.offsets, lists, batch.valid)
                self._flush()
        except (ValueError, TypeError) as error:
            if name in str(error):
                raise
            raise type(error)(f"{name}: {error}") from error
        self.null_cells += table.null_cells
        self.null_tokens += table.null_tokens

    def _add_parquet(self, piece: Piece) -> None:
        assert piece.file is not None
        pa: Any = importlib.import_module("pyarrow")
        name = piece.file.name
        with piece.file.open() as opened:
            file = _parquet(piece.file, opened)
            nothing = pa.RecordBatchReader.from_batches(file.schema_arrow, [])
            column = self._chosen(nothing, name)
            groups = range(piece.start, file.num_row_groups if piece.end is None else piece.end)
            schema = pa.schema([file.schema_arrow.field(column)])

            def batches() -> Iterator[Any]:
                try:
                    for batch in file.iter_batches(
                        _ROWS, row_groups=list(groups), columns=[column], use_threads=False
                    ):
                        batch.validate(full=True)
                        yield batch
                except (pa.ArrowException, OSError) as error:
                    raise _unreadable(name, "Parquet file", error) from None

            self._add_table(pa.RecordBatchReader.from_batches(schema, batches()), name)

    def _chosen(self, table: Any, name: str) -> str:
        try:
            found = table_reader.TableReader(table, self.column).describe()["column"]
        except (ValueError, TypeError) as error:
            raise type(error)(f"{name}: {error}") from None
        return str(found)

    def _named_column(self, name: str, what: str) -> str:
        if self.column is None:
            raise ValueError(
                f"{name}: a file of {what}: column= says which member has the text; to read each "
                "line as text, pass format='text'"
            )
        return self.column

    def _add_json(self, file: InputFile, file_range: FileRange) -> None:
        column = self._named_column(file.name, "JSON lines")
        pa: Any = importlib.import_module("pyarrow")
        reader: Any = importlib.import_module("pyarrow.json")
        with file.open() as opened, open_source(opened, file_range) as source:
            for block in _line_blocks(source):
                kind = _kind_of_json(block, column, file.name)
                if kind is None:
                    self.null_cells += sum(1 for line in block.splitlines() if line.strip())
                    continue
                text = pa.string()
                schema = pa.schema([(column, text if kind is str else pa.list_(text))])
                try:
                    table = reader.read_json(
                        pa.BufferReader(block),
                        reader.ReadOptions(use_threads=False, block_size=len(block) + 1),
                        reader.ParseOptions(
                            explicit_schema=schema, unexpected_field_behavior="ignore"
                        ),
                    )
                except pa.ArrowException as error:
                    raise _unreadable(file.name, "JSON lines", error) from None
                self._add_table(table, file.name)

    def _add_csv(self, file: InputFile) -> None:
        column = self._named_column(file.name, "comma-separated values")
        pa: Any = importlib.import_module("pyarrow")
        csv: Any = importlib.import_module("pyarrow.csv")
        stem = os.path.splitext(file.name)[0] if file.name.endswith(_COMPRESSED) else file.name
        delimiter = "\t" if stem.endswith(".tsv") else ","
        with file.open() as opened, open_source(opened, FileRange(file)) as source:
            try:
                reader = csv.open_csv(
                    pa.PythonFile(io.BufferedReader(_Stream(source), 1 << 20), "r"),
                    csv.ReadOptions(use_threads=False),
                    csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
                    csv.ConvertOptions(include_columns=[column], column_types={column: "string"}),
                )
                self._add_table(reader, file.name)
            except pa.ArrowInvalid as error:
                if "empty" in str(error).lower():  # CSV without a header: no rows
                    return
                raise _unreadable(file.name, "comma-separated values", error) from None
            except (pa.ArrowException, KeyError) as error:
                raise _unreadable(file.name, "comma-separated values", error) from None


def _parquet(file: InputFile, opened: Any) -> Any:
    pa: Any = importlib.import_module("pyarrow")
    try:
        return importlib.import_module("pyarrow.parquet").ParquetFile(
            pa.PythonFile(opened, "r"), buffer_size=1 << 20
        )
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(file.name, "Parquet file", error) from None


def _unreadable(name: str, what: str, error: Exception) -> ValueError:
    return ValueError(
        f"{name}: cannot read {what}: {error}; the file is truncated or corrupt, or not what it "
        "seems"
    )


def _lines_before(file_range: FileRange) -> int:
    """Count the lines before a range; only for a message."""
    if not file_range.start:
        return 0
    lines, left = 0, file_range.start
    last = b"\n"
    with file_range.file.open() as file:
        while left and (data := file.read(min(left, _LINES))):
            lines, left, last = lines + data.count(b"\n"), left - len(data), data
        # The range begins after the line that is cut.
        if not last.endswith(b"\n"):
            lines += 1
    return lines


class _Stream(io.RawIOBase):
    """The bytes of a source as a file."""

    def __init__(self, source: ByteSource) -> None:
        self.source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        chunk = bytearray(len(buffer))
        n = self.source.fill(chunk, 0)
        buffer[:n] = chunk[:n]
        return n


def _line_blocks(source: ByteSource) -> Iterator[bytes]:
    """Yield the bytes of a source, cut at line feeds."""
    buffer, filled = bytearray(_BLOCK), 0
    first = True
    while n := source.fill(buffer, filled):
        filled += n
        if first and filled >= len(sniff.BOM):
            first = False
            if source.begin == 0 and buffer.startswith(sniff.BOM):
                del buffer[: len(sniff.BOM)]
                filled -= len(sniff.BOM)
        if filled < len(buffer):
            continue
        end = buffer.rfind(b"\n", 0, filled) + 1
        if end:
            yield bytes(buffer[:end])
            buffer[: filled - end] = buffer[end:filled]
            filled -= end
        else:
            buffer += bytes(len(buffer))
    if filled:
        yield bytes(buffer[:filled])


def _kind_of_json(block: bytes, column: str, name: str) -> type | None:
    """Return str or list, as the first cell of a block that is not null; None if all are."""
    for line in block.splitlines():
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise ValueError(f"{name}: {line[:60]!r}: not a line of JSON ({error})") from None
        if not isinstance(row, dict):
            raise ValueError(f"{name}: {line[:60]!r}: expected a JSON object in each line")
        cell = row.get(column)
        if isinstance(cell, str):
            return str
        if isinstance(cell, list):
            return list
        if cell is not None:
            raise ValueError(
                f"{name}: {column!r} is {type(cell).__name__}: expected a string or a list of "
                f"strings; the members are {', '.join(map(repr, row))}"
            )
    return None


def discard() -> IdBuffer:
    """Return a buffer for ids that are not needed."""
    return IdBuffer(None, _Nothing())  # type: ignore[arg-type]


class _Nothing:
    def write(self, data: Any) -> int:
        return len(data)


def arrays(reader: SplitReader) -> tuple[Any, Any, Any, Any]:
    """Return ids, counts, offsets and words of what was read."""
    ids, counts, offsets, words = reader.encoder.finish()
    return (
        reader.ids.finish(ids),
        np.frombuffer(memoryview(counts), np.int64),
        np.frombuffer(memoryview(offsets), np.int64),
        np.frombuffer(memoryview(words), np.uint8),
    )
