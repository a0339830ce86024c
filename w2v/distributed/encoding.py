"""Encoding a text by the tasks of a cluster, in two passes.

The first pass counts the words of each split. They are joined by partitions of their hash, and
numbered by first appearance. The second pass reads each split again and writes its ids. The result
does not depend on the number of tasks.
"""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from w2v._types import IdArray, PathLike
from w2v._validation import at_least, one_of, parse_size
from w2v._warnings import warn
from w2v.corpus.id_buffer import IdBuffer
from w2v.corpus.options import Options, ReadProgress, Tokenizer
from w2v.corpus.source import source_metadata
from w2v.distributed import words as tables
from w2v.distributed.cluster import Cluster
from w2v.distributed.splits import (
    FORMATS,
    Piece,
    Split,
    SplitReader,
    arrays,
    discard,
    format_of,
    grouped,
    pieces_of,
)
from w2v.distributed.storage import Folder, resolve
from w2v.io import corpus_parts
from w2v.io._checksum import Checksum
from w2v.io.corpus_file import types_checksum
from w2v.io.corpus_parts import Manifest, Part, WordTable

_MAX_SPLITS = 2048  # each of them has a result for each partition
_MAX_PARTITIONS = 64
_CHUNK = 1 << 20  # ids translated at a time


class Tasks(Protocol):
    """What runs the tasks: a `Cluster`, or something else with its methods."""

    @property
    def cpus(self) -> int:
        """Tasks that can run at once."""

    def submit(self, function: Any, *args: Any, returns: int = 1) -> Any:
        """Start a task."""

    def get(self, references: Any) -> Any:
        """Return results."""

    def in_order_of_end(self, references: Sequence[Any]) -> Any:
        """Yield indices and results as tasks end."""

    def blocks(self, dataset: Any) -> list[Any]:
        """Return references to the blocks of a data set."""


@dataclass(frozen=True)
class Reading:
    """How all tasks read.

    Attributes
    ----------
    options : Options
    column : str or None
    partitions : int
        Of words.
    """

    options: Options
    column: str | None
    partitions: int


@dataclass(frozen=True)
class Counted:
    """What the first pass says about a split.

    Attributes
    ----------
    words : str
        Checksum of its words and counts: the second pass has to find the same ones.
    types, tokens, sentences, null_cells, null_tokens : int
    """

    words: str
    types: int
    tokens: int
    sentences: int
    null_cells: int
    null_tokens: int


# ---- Tasks ---------------------------------------------------------------------------------------


def count(reading: Reading, split: Split, block: Any = None) -> Any:
    """First pass: return a `Counted`, and the words of each partition."""
    reader = SplitReader(reading.options, reading.column, discard())
    reader.read(split, block)
    _, counts, offsets, words = arrays(reader)
    tokens, sentences, types, _ = reader.encoder.stats()
    found = Counted(
        types_checksum(counts, offsets, words),
        types,
        tokens,
        sentences,
        reader.null_cells,
        reader.null_tokens,
    )
    return [found, *tables.divide(words, offsets, counts, reading.partitions)]


def join(prune_below: int, *pieces: tables.Words) -> Any:
    """Return the words kept of one partition, and for each split the place of its words."""
    kept, places = tables.join(list(pieces), prune_below)
    return [kept, *places]


def number(folder: Folder, file: str, *kept: tables.Kept) -> Any:
    """Write the table of all words; return its description, and the numbers by partition."""
    numbers, counts, offsets, words = tables.number(list(kept))
    columns = (counts.astype("<i8"), offsets.astype("<i8"), words)
    folder.write(file, (column.view(np.uint8).data for column in columns))
    table = WordTable(file, len(counts), len(words), types_checksum(*columns))
    return [table, *numbers]


def write_ids(
    reading: Reading,
    split: Split,
    block: Any,
    counted: Counted,
    folder: Folder,
    file: str,
    *tables_: IdArray,
) -> Part:
    """Second pass: write the ids of a split; return their description."""
    options = reading.options
    with contextlib.closing(IdBuffer(options.budget)) as buffer:
        reader = SplitReader(options, reading.column, buffer)
        reader.read(split, block)
        ids, counts, offsets, words = arrays(reader)
        if types_checksum(counts, offsets, words) != counted.words:
            names = ", ".join(sorted({piece.file.name for piece in split if piece.file}))
            raise OSError(
                f"{names or 'a block of the data set'}: other words than in the first pass; the "
                "text has changed, or the tokenizer does not always return the same: encode it "
                "when nothing writes to it"
            )
        n = reading.partitions
        of = tables.partition_of(words, offsets, n)
        table = tables.translation(of, list(tables_[:n]), list(tables_[n:]))
        written = _Translation(ids, table)
        folder.write(file, written)
    return Part(file, written.n, written.n - written.ends, written.ends, written.sum.hexdigest())


class _Translation:
    """The ids of a split as numbers of the whole text, a chunk at a time."""

    def __init__(self, ids: IdArray, table: IdArray) -> None:
        self.ids, self.table = ids, table
        self.n = self.ends = 0
        self.sum = Checksum()

    def __iter__(self) -> Any:
        drops = bool((self.table == -2).any())
        self.n = self.ends = 0
        self.sum = Checksum()
        begins = True  # whether the next id would be the first of its sentence
        for start in range(0, len(self.ids), _CHUNK):
            chunk = self.table[self.ids[start : start + _CHUNK]]
            if drops:
                chunk = chunk[chunk != -2]
                empty = chunk == -1  # the end of a sentence without words
                empty[1:] &= chunk[:-1] == -1
                if len(chunk):
                    empty[0] &= begins
                    begins = bool(chunk[-1] == -1)
                chunk = chunk[~empty]
            if not len(chunk):
                continue
            chunk = chunk.astype("<i4", copy=False)
            self.n += len(chunk)
            self.ends += int(np.count_nonzero(chunk == -1))
            data = chunk.view(np.uint8)
            self.sum.add(data)
            yield data.data


# ---- The driver ----------------------------------------------------------------------------------


def encode(
    source: Any,
    output: PathLike,
    *,
    format: str | None = None,
    column: str | None = None,
    tokenizer: Tokenizer | str | None = None,
    lowercase: bool = False,
    errors: str = "strict",
    prune_below: int = 1,
    split_size: int | str = "64MB",
    partitions: int | None = None,
    memory: int | str | None = None,
    address: str | None = None,
    progress: ReadProgress | None = None,
) -> Manifest:
    """Encode a text with the tasks of a Ray cluster, into a folder that `Corpus.open` opens.

    Each word has the number that ``Corpus.encode`` on one machine would give it, whatever the
    number of tasks and machines.

    Parameters
    ----------
    source : path, list of paths, or Ray data set
        Files, folders and patterns, as for `Corpus`, on a disk that all machines reach, or
        addresses such as ``"s3://bucket/texts/*.gz"``: text, JSON lines, CSV (each plain or
        compressed) and Parquet. Or a `ray.data.Dataset` with a column of text.
    output : path-like
        A folder, or the address of one, for the parts and ``manifest.json``, which is written last:
        a corpus that is there already stays valid while the new one is written.
    format : {"text", "jsonl", "csv", "parquet"}, optional
        What the files are; by default Parquet files are known by their first bytes, JSON lines by
        the name ``.jsonl`` or ``.ndjson``, CSV by ``.csv`` or ``.tsv``, all others are text.
    column : str, optional
        The column or member with the text; required for JSON lines and CSV.
    tokenizer, lowercase, errors
        As for `Corpus`.
    prune_below : int, default 1
        Leave out words that occur less often in the whole text: exact, and the result is that of
        a text without them.
    split_size : int or str, default "64MB"
        Bytes of a task. A text of more than 2,048 splits gets larger ones.
    partitions : int, optional
        Tasks that join the words, each a part of them; by default as many as the cluster has
        processors, at most 64.
    memory : int or str, optional
        Bytes that ids and words of one task may take; ids beyond them go to a temporary file.
    address : str, optional
        Of the cluster; see `ray.init`. By default the one that this process is connected to, or
        else what `ray.init` finds or starts.
    progress : callable, optional
        Called as ``progress(done, total)`` after each task, with bytes of the source, each read
        twice; of a data set, with blocks.

    Returns
    -------
    Manifest
        What was written: ``n_tokens``, ``n_sentences``, ``words.types``, ``parts``.

    Raises
    ------
    OSError
        A file is missing or unreadable, changes while it is read, or cannot be written.
    ValueError
        There is no token, or `prune_below` leaves none; or a file is not what it should be.
    ImportError
        Ray, or a package that a file needs, is not installed.

    Examples
    --------
    >>> manifest = w2v.distributed.encode("texts/*.txt", "corpus")    # doctest: +SKIP
    >>> model = w2v.Word2Vec("corpus")                                # doctest: +SKIP
    """
    encoder = DistributedEncoder(
        Options(tokenizer, lowercase, errors, memory=memory),
        column=column,
        format=format,
        prune_below=prune_below,
        split_size=split_size,
        partitions=partitions,
    )
    return encoder.encode(source, output, Cluster(address), progress)


class DistributedEncoder:
    """The steps of `encode`, for any kind of tasks.

    Parameters
    ----------
    options : Options
    column, format, prune_below, split_size, partitions
        As for `encode`.
    """

    def __init__(
        self,
        options: Options,
        *,
        column: str | None = None,
        format: str | None = None,
        prune_below: int = 1,
        split_size: int | str = "64MB",
        partitions: int | None = None,
    ) -> None:
        if column is not None and not isinstance(column, str):
            raise TypeError(f"column={column!r}: expected a str, the name of a column")
        self.format = format if format is None else one_of(FORMATS, "format", format)
        self.options, self.column = options, column
        self.prune_below = at_least(1, "prune_below", prune_below)
        self.split_size = parse_size(split_size, "split_size", 1)
        self.partitions = partitions
        if partitions is not None:
            at_least(1, "partitions", partitions)

    def encode(
        self, source: Any, output: PathLike, tasks: Tasks, progress: ReadProgress | None = None
    ) -> Manifest:
        """Encode a source; see `encode`."""
        splits, blocks, metadata = self._splits(source, tasks)
        folder = Folder(output)
        folder.create()
        before = folder.read(corpus_parts.NAME)
        name = f"{uuid.uuid4().hex[:8]}-"
        files = [f"{name}words.bin", *(f"{name}part-{i:05}.ids" for i in range(len(splits)))]
        try:
            manifest = self._run(splits, blocks, metadata, tasks, folder, files, progress)
            folder.write(corpus_parts.NAME, [manifest.to_json()])
        except BaseException:
            for file in files:
                folder.remove(file)
            raise
        for file in _old_files(before):
            folder.remove(file)
        return manifest

    def _splits(self, source: Any, tasks: Tasks) -> tuple[list[Split], list[Any], dict[str, Any]]:
        """Return splits, the blocks of a data set by split, and metadata for `Corpus.source`."""
        if hasattr(type(source), "to_arrow_refs"):
            if self.format is not None:
                raise ValueError(f"format={self.format!r} applies only to files, not a data set")
            blocks = tasks.blocks(source)
            metadata = {"kind": "table", "blocks": len(blocks)}
            return [(Piece(None, "block"),) for _ in blocks], blocks, metadata
        files = resolve(source)
        if not files:
            raise ValueError("source=[]: expected at least one path")
        kinds = [format_of(file, self.format) for file in files]
        if self.column is not None and "text" in kinds:
            name = files[kinds.index("text")].name
            raise ValueError(
                f"column={self.column!r} applies only to tables, but {name} is read as text; "
                "format='jsonl' or format='csv' says that it is one"
            )
        total = sum(file.size or 0 for file in files)
        size = max(self.split_size, -(-total // _MAX_SPLITS))
        pieces = [
            piece
            for file, kind in zip(files, kinds, strict=True)
            for piece in pieces_of(file, kind, size)
        ]
        splits = grouped(pieces, size)
        metadata = source_metadata(files, "text" if set(kinds) == {"text"} else "tables")
        if "text" in kinds:
            metadata["errors"] = self.options.errors
        return splits, [None] * len(splits), metadata

    def _run(
        self,
        splits: list[Split],
        blocks: list[Any],
        metadata: dict[str, Any],
        tasks: Tasks,
        folder: Folder,
        files: list[str],
        progress: ReadProgress | None,
    ) -> Manifest:
        n = self.partitions or min(_MAX_PARTITIONS, tasks.cpus, len(splits))
        reading = Reading(self.options, self.column, n)
        sizes = [sum(piece.size for piece in split) or 1 for split in splits]
        done, total = 0, 2 * sum(sizes)

        def report(split: int) -> None:
            nonlocal done
            done += sizes[split]
            if progress is not None:
                progress(done, total)

        counted = [
            tasks.submit(count, reading, split, block, returns=n + 1)
            for split, block in zip(splits, blocks, strict=True)
        ]
        facts: list[Any] = [None] * len(splits)
        for i, one in tasks.in_order_of_end([found[0] for found in counted]):
            facts[i] = one
            report(i)
        self._check(facts)
        joined = [
            tasks.submit(
                join, self.prune_below, *(one[1 + p] for one in counted), returns=len(splits) + 1
            )
            for p in range(n)
        ]
        del counted  # the words of splits are needed no more
        kept = [one[0] for one in joined]
        numbered = tasks.submit(number, folder, files[0], *kept, returns=n + 1)
        table: WordTable = tasks.get(numbered[0])
        if not table.types:
            raise ValueError(
                f"prune_below={self.prune_below}: no word of the text occurs that often; choose a "
                "smaller number"
            )
        written = [
            tasks.submit(
                write_ids,
                reading,
                split,
                block,
                facts[i],
                folder,
                files[1 + i],
                *(one[1 + i] for one in joined),
                *numbered[1:],
            )
            for i, (split, block) in enumerate(zip(splits, blocks, strict=True))
        ]
        parts: list[Any] = [None] * len(splits)
        for i, one in tasks.in_order_of_end(written):
            parts[i] = one
            report(i)
        metadata |= {"tokenizer": self.options.tokenizer_name, "lowercase": self.options.lowercase}
        if self.prune_below > 1:
            metadata["prune_below"] = self.prune_below
        manifest = Manifest(table, tuple(parts), metadata, folder.place)
        if manifest.n_tokens == manifest.n_sentences > 1:
            warn(
                f"every sentence ({manifest.n_sentences} in all) has only one word, so there are "
                "no contexts to learn from; a text file needs one sentence per line"
            )
        return manifest

    def _check(self, facts: list[Counted]) -> None:
        """Warn about what was skipped; raise a ValueError if there is nothing."""
        cells = sum(one.null_cells for one in facts)
        tokens = sum(one.null_tokens for one in facts)
        if cells or tokens:
            warn(
                f"skipped {cells:,} null cells of the column and {tokens:,} null tokens in other "
                "cells"
            )
        if not any(one.tokens for one in facts):
            raise ValueError("the source contains no words")


def _old_files(manifest: bytes | None) -> list[str]:
    """Return the files of a manifest that was replaced."""
    with contextlib.suppress(ValueError, KeyError, TypeError):
        content = json.loads(manifest or b"{}")
        if content.get("format") == corpus_parts.KIND:
            names = [content["words"]["file"], *(part["file"] for part in content["parts"])]
            return [name for name in names if isinstance(name, str) and "/" not in name]
    return []
