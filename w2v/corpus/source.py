"""Detects what a source is, and dispatches to the module that reads it."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from w2v._memory import explain_shortage
from w2v._types import PathLike
from w2v._warnings import warn
from w2v.corpus import integer_reader, table_reader
from w2v.corpus.encoded import EncodedCorpus
from w2v.corpus.id_buffer import IdBuffer
from w2v.corpus.options import Options, ReadProgress
from w2v.corpus.sentences import encode_sentences
from w2v.corpus.text_files import ParallelEncoder
from w2v.io import corpus_file, corpus_parts, sniff
from w2v.io.input_files import InputFile, resolve_paths
from w2v.progress import CorpusProgress

_LISTED_FILES = 20  # in `Corpus.source`

Source = PathLike | Iterable[os.PathLike[str]] | Iterable[str] | Iterable[Iterable[str]] | Any


class SourceReader:
    """Reads one source into an `EncodedCorpus`.

    Parameters
    ----------
    options : Options
    column, names, offsets, progress
        As for `Corpus`.
    output : BinaryIO, optional
        Destination of the ids; default memory, within ``options.memory``.

    Attributes
    ----------
    encoder : Encoder
        Its counters of empty tokens.
    is_text : bool
        Whether the source is text files.
    null_cells, null_tokens : int
        Of tables.
    """

    def __init__(
        self,
        options: Options,
        column: str | None,
        names: Sequence[str] | Mapping[int, str] | None,
        offsets: npt.ArrayLike | None,
        progress: ReadProgress | None,
        output: BinaryIO | None = None,
    ) -> None:
        if progress is not None and not callable(progress):
            raise TypeError(f"progress={progress!r}: expected None or a callable(done, total)")
        if column is not None and not isinstance(column, str):
            raise TypeError(f"column={column!r}: expected a str, the name of a column")
        self.options = options
        self.column = column
        self.names = names
        self.offsets = offsets
        self.progress = progress
        self.ids = IdBuffer(options.budget, output)
        self.encoder = options.encoder()
        self.is_text = False
        self.rows = self.null_cells = self.null_tokens = 0

    def read(self, source: Any) -> tuple[EncodedCorpus, dict[str, Any]]:
        """Return the encoded source, and the metadata for `Corpus.source`."""
        remedy = (
            "limit it with memory=, and ids go to a temporary file; or pass the "
            "text as files, which are read a part at a time"
        )
        size = lambda: sum(self.encoder.memory())  # noqa: E731 - by then
        shortage = explain_shortage("the encoded corpus", size, remedy)
        with contextlib.closing(self.ids), shortage:
            _refuse_unread(type(source))
            if table_reader.is_table(source):  # includes dicts of datasets, which it rejects
                cells = table_reader.cells_without_pyarrow(source, self.column)
                if cells is not None:
                    self.column = None
                    return self._read_items(self._without_nulls(cells))
                return self._read_tables([source])
            if isinstance(source, bytes | bytearray | memoryview | Mapping | set | frozenset):
                raise TypeError(_not_a_source_message(source))
            if isinstance(source, str | os.PathLike):
                if corpus_parts.is_manifest(source):
                    self._reject_options_of_integers()
                    return self._read_encoded(source, corpus_parts)
                return self._read_files(resolve_paths(source))
            if self.offsets is not None or integer_reader.is_integers(source):
                return self._read_integers(source)
            try:
                items = iter(source)
            except TypeError:
                raise TypeError(_not_a_source_message(source)) from None
            if isinstance(source, list | tuple) and source and all(map(_looks_like_path, source)):
                warn(
                    f"each of the {len(source)} strings is the name of a file but is read as a "
                    "line of text; to read the files, use Corpus.from_files(...) or pathlib.Path "
                    "objects",
                )
            return self._read_items(items)

    def _read_items(self, items: Iterator[Any]) -> tuple[EncodedCorpus, dict[str, Any]]:
        """Read an iterable; its first items decide what all of them are."""
        first: list[Any] = []
        for item in items:
            _warn_of_order(item, len(first))
            first.append(integer_reader.copy_row(item))
            if integer_reader.is_row(item) is not None:  # an empty row may be either
                break
        items = itertools.chain(first, items)
        if first and isinstance(first[0], os.PathLike):
            paths = list(_paths(items))
            return self._read_files([file for path in paths for file in resolve_paths(path)])
        if first and isinstance(first[0], Mapping):
            return self._read_tables([items])
        if first and integer_reader.is_row(first[-1]):
            return self._read_integers(items)
        self._reject_option("names", self.names, "integers")
        self._reject_option("column", self.column, "tables")
        self._set_unit("sentences")
        encode_sentences(self.encoder, items, self.options, self.ids, self.progress)
        nothing = _empty_source_message([], self.encoder.items)
        return self._finish({"kind": "iterable", "sentences": self.encoder.items}, nothing)

    def _without_nulls(self, cells: Iterable[Any]) -> Iterator[Any]:
        """Yield the cells of a series, those of other libraries as lists; count missing ones."""
        for cell in cells:
            if hasattr(type(cell), "to_list"):
                yield cell.to_list()
            elif isinstance(cell, str | Iterable):
                yield cell
            else:  # None, NaN, pandas.NA
                self.null_cells += 1

    def _set_unit(self, unit: str) -> None:
        if isinstance(self.progress, CorpusProgress):
            self.progress.unit = unit

    def _reject_option(self, name: str, value: object, kind: str) -> None:
        if value is not None:
            raise ValueError(f"{name}= applies only to {kind}")

    def _reject_options_of_integers(self) -> None:
        self._reject_option("names", self.names, "integers")
        self._reject_option("offsets", self.offsets, "integers")

    @property
    def _chosen_splitting(self) -> bool:
        """Whether the caller asked for a tokenizer or lower case."""
        options = self.options
        return not options.inherited and (options.tokenizer is not None or options.lowercase)

    def _finish(
        self, metadata: dict[str, Any], empty_message: str
    ) -> tuple[EncodedCorpus, dict[str, Any]]:
        ids, counts, offsets, words = self.encoder.finish()
        if not len(memoryview(counts)):
            raise ValueError(empty_message)
        encoded = EncodedCorpus(
            self.ids.finish(ids),
            np.frombuffer(memoryview(counts), np.int64),
            np.frombuffer(memoryview(offsets), np.int64),
            np.frombuffer(memoryview(words), np.uint8),
        )
        options = self.options
        return encoded, {
            **metadata,
            "tokenizer": options.tokenizer_name,
            "lowercase": options.lowercase,
        }

    # ---- One kind of source each -----------------------------------------------------------------

    def _read_files(self, files: list[InputFile]) -> tuple[EncodedCorpus, dict[str, Any]]:
        self._reject_options_of_integers()
        kinds = [_file_kind(file) for file in files]
        if "corpus" in kinds:
            if len(files) > 1:
                raise ValueError(
                    f"one of {len(files)} files is an encoded corpus: pass it alone, or encode the "
                    "sources of all of them together"
                )
            return self._read_encoded(files[0].path, corpus_file)
        if "table" in kinds:
            for file, kind in zip(files, kinds, strict=True):
                if kind != "table":
                    raise ValueError(
                        f"{file.name}: expected a Parquet, Arrow or Feather file, as "
                        f"{files[kinds.index('table')].name} is; pass text files and tables in "
                        "separate calls"
                    )
            return self._read_tables(
                [file.path for file in files], source_metadata(files, "tables")
            )
        self._reject_option("column", self.column, "tables")
        self.is_text = True
        ParallelEncoder(self.encoder, self.options, self.ids, self.progress).encode(files)
        metadata = {**source_metadata(files, "text"), "errors": self.options.errors}
        return self._finish(metadata, _empty_source_message(files, 0))

    def _read_encoded(self, path: PathLike, reader: Any) -> tuple[EncodedCorpus, dict[str, Any]]:
        self._reject_option("column", self.column, "tables")
        if self._chosen_splitting:
            raise ValueError(
                f"{os.fsdecode(path)} is encoded already; pass a tokenizer or lowercase=True when "
                "encoding its source"
            )
        arrays, metadata = reader.read(path, None)
        return EncodedCorpus(*arrays), metadata

    def _read_tables(
        self, sources: list[Any], metadata: dict[str, Any] | None = None
    ) -> tuple[EncodedCorpus, dict[str, Any]]:
        self._reject_option("offsets", self.offsets, "flat arrays of integers")
        self._set_unit("rows")
        for number, source in enumerate(sources):
            if hasattr(type(source), "iloc") and not hasattr(type(source), "columns"):
                for cell in source.iloc[:1]:
                    _warn_of_order(cell, 0)
            table = table_reader.TableReader(source, self.column)
            if table.is_integers and number == 0:
                return self._read_integer_tables([table, *sources[1:]], metadata)
            self._reject_option("names", self.names, "integers")
            if table.is_integers:
                raise _other_cells(table, "text")
            total = table.total if len(sources) == 1 else 0
            if self.options.callable_tokenizer is not None:
                texts = (text for _, text in table.strings(self.options.errors))
                encode_sentences(self.encoder, texts, self.options, self.ids, self.progress)
            else:
                self._encode_column(table, total)
            self.null_cells += table.null_cells
            self.null_tokens += table.null_tokens
        metadata = {**(metadata or {"kind": "table"}), "table": table.describe()}
        return self._finish(metadata, f"{table.location}: the column contains no words")

    def _read_integer_tables(
        self, sources: list[Any], metadata: dict[str, Any] | None
    ) -> tuple[EncodedCorpus, dict[str, Any]]:
        """Read tables whose cells are lists of integers; the first is open already."""
        if self._chosen_splitting:
            raise ValueError("tokenizer= and lowercase= apply only to text")
        table = sources[0]

        def rows() -> Iterator[Any]:
            for source in sources:
                one = source if source is table else table_reader.TableReader(source, self.column)
                if not one.is_integers:
                    raise _other_cells(one, "lists of integers")
                yield from one.integer_rows()
                self.null_cells += one.null_cells

        encoded = integer_reader.encode(
            rows(), names=self.names, ids=self.ids, progress=self.progress
        )
        metadata = {**(metadata or {"kind": "integers"}), "table": table.describe()}
        return encoded, metadata

    def _encode_column(self, table: table_reader.TableReader, total: int) -> None:
        for batch in table.batches():
            if batch.list_offsets is None:
                self.encoder.add_rows(batch.data, batch.offsets, batch.valid)
            else:
                self.encoder.add_lists(batch.data, batch.offsets, batch.list_offsets, batch.valid)
            self.rows += len(batch)
            self.ids.flush_if_over_budget(self.encoder, self.rows / total if total else 0.0)
            if self.progress is not None:
                self.progress(self.rows, total)

    def _read_integers(self, source: Any) -> tuple[EncodedCorpus, dict[str, Any]]:
        self._reject_option("column", self.column, "tables")
        self._set_unit("rows")
        if self._chosen_splitting:
            raise ValueError("tokenizer= and lowercase= apply only to text")
        encoded = integer_reader.encode(
            source, names=self.names, offsets=self.offsets, ids=self.ids, progress=self.progress
        )
        return encoded, {"kind": "integers"}


def _other_cells(table: table_reader.TableReader, expected: str) -> ValueError:
    return ValueError(
        f"{table.location}: expected {expected}, as the tables before it have, found {table.type}; "
        "pass text and integers in separate calls"
    )


def _warn_of_order(sentence: object, number: int) -> None:
    """Warn about a set of strings: it has another order in every process."""
    if isinstance(sentence, set | frozenset) and any(isinstance(one, str) for one in sentence):
        warn(
            f"sentence {number} (counted from 0) is a {type(sentence).__name__}, which has another "
            "order in every process, so that results cannot be repeated; pass lists, such as "
            "sorted(sentence)"
        )


def _file_kind(file: InputFile) -> str:
    """Return "corpus", "table" or "text", by the file's first bytes."""
    if file.size is None:
        return "text"  # a pipe can be read only once
    with file.open() as opened:
        head = sniff.read_head(opened)
    if sniff.is_safetensors(head):
        return "corpus"
    return "text" if sniff.table_of(head) is None else "table"


def source_metadata(files: list[InputFile], kind: str) -> dict[str, Any]:
    """Return what `Corpus.source` says about files."""
    facts = [(file.name, file.size, file.modified) for file in files]
    digest = hashlib.blake2b(json.dumps(facts).encode(), digest_size=16).hexdigest()
    return {
        "kind": kind,
        "files": [
            {"name": name, "bytes": size, "modified": modified}
            for name, size, modified in facts[:_LISTED_FILES]
        ],
        "n_files": len(files),
        "bytes": sum(file.size or 0 for file in files),
        "fingerprint": digest,
    }


def _paths(items: Iterator[Any]) -> Iterator[PathLike]:
    for i, path in enumerate(items):
        if not isinstance(path, os.PathLike):
            raise TypeError(
                f"item {i} (counted from 0): expected a path-like object, as item 0 is, found "
                f"{type(path).__name__}; pass either paths or sentences"
            )
        yield path


def _looks_like_path(item: object) -> bool:
    return isinstance(item, str) and os.path.isfile(item)


def _refuse_unread(kind: type) -> None:
    """Raise a TypeError for what other libraries have not computed yet."""
    if hasattr(kind, "collect") and hasattr(kind, "columns"):
        raise TypeError(f"source: a {kind.__name__} is not computed yet; pass frame.collect()")
    if hasattr(kind, "ngroups") or (hasattr(kind, "groups") and hasattr(kind, "apply")):
        raise TypeError(
            f"source: a {kind.__name__} is a group-by, not sentences; pass a list, such as "
            "grouped.apply(list).to_list()"
        )


def _not_a_source_message(source: object) -> str:
    remedy = ""
    if isinstance(source, bytes | bytearray | memoryview):
        remedy = "; decode text and pass it as a list of lines; decode a path with os.fsdecode"
    elif isinstance(source, set | frozenset):
        remedy = ", which has another order in every process; pass sorted(source)"
    elif isinstance(source, Mapping):
        remedy = "; pass its keys or its values, whichever are the sentences"
    return (
        f"source: expected a path, an iterable of pathlib.Path objects, an iterable of sentences, "
        f"a table or an array of integers, found {type(source).__name__}{remedy}"
    )


def _empty_source_message(files: list[InputFile], items: int) -> str:
    if len(files) == 1:
        return f"{files[0].name}: the file contains no words"
    if files:
        return f"{files[0].name} and {len(files) - 1} more: the files contain no words"
    if items:
        return f"no words: all sentences ({items}) are empty"
    return "no sentences: the iterable is empty (a generator can be read only once)"
