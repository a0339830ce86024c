"""Corpus: text encoded once into 32-bit ids, with every word counted.

Decides what a source is, hands it to the module that reads it, and says what is doubtful about it;
which words are worth training on is the vocabulary's business. Every loop over bytes and tokens is
compiled code.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v._types import PathLike
from w2v._validation import parse_size
from w2v.corpus import integer_reader, table_reader
from w2v.corpus.encoded import EncodedCorpus
from w2v.corpus.id_buffer import Ids
from w2v.corpus.text_files import Options, Tokenizer, read_files, read_sentences
from w2v.io import corpus_file, sniff
from w2v.io.input_files import InputFile, resolve_paths
from w2v.progress import CorpusProgress

_TOKENS = 1 << 16  # ids that are looked through at a time
_SHOWN = 20  # files that `Corpus.source` names

Source = PathLike | Iterable[os.PathLike[str]] | Iterable[str] | Iterable[Iterable[str]] | Any
ReadingProgress = Callable[[int, int], object]


class Corpus:
    """Text or ids, encoded once: each word a number, each sentence's end marked.

    A sentence is a line of a file, an item of an iterable, a row of a table or of an array. Words
    are separated by white space as in `str.split`, unless a tokenizer says otherwise; nothing is
    lower-cased, stripped or left out. Sentences and words of any length are kept whole, and each
    token is read exactly once.

    Parameters
    ----------
    source : path, iterable, array or table
        What to read:

        - a `str` or path-like object: a text file in UTF-8, plain or compressed by gzip, bzip2, xz
          or zstd (its bytes tell, not its name); a directory, for all files in it and below; a
          pattern such as ``"texts/*.txt"``; ``"-"``, standard input; a Parquet, Arrow or Feather
          file; or a file that `save` or `encode` wrote;
        - an iterable of path-like objects: several files, one after the other;
        - an iterable of sentences, read once: each a list (or other iterable) of `str` tokens, or
          a `str`, which is a line of text. Tokens of lists may hold anything, white space included;
          empty ones are left out, with a warning;
        - a pyarrow table, or anything that hands one over (`__arrow_c_stream__`), or a Hugging Face
          dataset, or an iterable of mappings (rows): see `column`;
        - integers, such as walks on a graph or baskets of items: an array of two dimensions, an
          iterable of arrays or lists of integers, a flat array with `offsets`, a sparse matrix of
          SciPy (the columns present in each row).
    tokenizer : None, "unicode" or callable, default None
        How strings become tokens: at white space; at the word boundaries of Unicode (UAX #29),
        keeping what holds a letter or a digit; or by a callable that takes a `str` and returns
        tokens, such as ``jieba.lcut`` (tokens of white space are left out). Lists of tokens are
        taken as they are.
    lowercase : bool, default False
        Whether words are lower-cased, as by `str.lower`.
    column : str, optional
        The column of a table that holds the text, of strings or of lists of strings; may be left
        out where there is only one of that kind.
    names : sequence or mapping of int to str, optional
        Words for integers; default their digits.
    offsets : array_like of int, shape (sentences + 1,), optional
        For a flat array of integers: sentence `i` is ``source[offsets[i]:offsets[i + 1]]``.
    errors : {"strict", "replace", "ignore"}, default "strict"
        What to do with bytes that are no UTF-8 and NUL bytes in files, and with lone surrogates
        in strings: stop with an error, put U+FFFD in their place, or leave them out.
    workers : int, optional
        Threads that parse large files; default all processors. The result is the same for any.
    memory : int or str, optional
        Bytes (or a size such as ``"4GB"``) that ids and words may take while they are encoded;
        default no limit. Ids beyond it go to a temporary file, which is mapped into memory
        afterwards; words that alone take more are an error.
    progress : callable, optional
        Called as ``progress(done, total)`` several times a second and once at the end: bytes of
        files (`total` is 0 if a pipe is among them), or sentences (`total` is 0 if not known).

    Attributes
    ----------
    ids : ndarray of int32, shape (n_tokens + n_sentences,), read-only
        The type number of each token in order, and -1 after each sentence.
    type_counts : ndarray of int64, shape (n_types,), read-only
        Occurrences of each type. Types are numbered by first appearance.
    n_tokens, n_sentences, n_types : int
        Tokens, sentences with at least one token, and different words.
    source : dict
        What it was made from: "kind"; of files their number, names, sizes and times of change and
        a "fingerprint" of these; how they were read.
    encoded : EncodedCorpus
        The arrays behind all of these: ids, counts, and the bytes of the words.

    Raises
    ------
    OSError
        If a file is missing or unreadable, or changes size while it is read, or if the disk is
        full where ids are put that exceed `memory`.
    ValueError
        If there is no token at all, or if the text is no UTF-8, holds NUL bytes or lone
        surrogates and `errors` is "strict"; for damaged archives and files that are no text.
    TypeError
        If the source, a sentence or a token has the wrong type.
    MemoryError
        If the words alone exceed `memory`.
    ImportError
        If a table or a zstd-compressed file needs a package that is not there.

    Warns
    -----
    UserWarning
        If every sentence has one token (a flat list of words?), if strings are lines but all name
        files, or if empty tokens or rows were left out.

    Examples
    --------
    >>> corpus = Corpus([["the", "cat", "sat"], "the dog sat"])
    >>> corpus
    <Corpus: 6 tokens, 4 types, 2 sentences>
    >>> corpus.ids
    array([ 0,  1,  2, -1,  0,  3,  2, -1], dtype=int32)
    >>> corpus.words()
    ['the', 'cat', 'sat', 'dog']
    """

    encoded: EncodedCorpus
    ids: npt.NDArray[np.int32]
    type_counts: npt.NDArray[np.int64]
    n_tokens: int
    n_sentences: int
    n_types: int
    source: dict[str, Any]

    def __init__(
        self,
        source: Source,
        *,
        tokenizer: Tokenizer | str | None = None,
        lowercase: bool = False,
        column: str | None = None,
        names: Sequence[str] | Mapping[int, str] | None = None,
        offsets: npt.ArrayLike | None = None,
        errors: str = "strict",
        workers: int | None = None,
        memory: int | str | None = None,
        progress: ReadingProgress | None = None,
    ) -> None:
        budget = None if memory is None else parse_size(memory)
        options = Options(tokenizer, lowercase, errors, workers, budget)
        reading = _Reading(options, column, names, offsets, progress, Ids(budget))
        self._hold(*reading.read(source))
        _warn_of_doubts(self, reading)

    @classmethod
    def encode(
        cls,
        source: Source,
        path: PathLike,
        *,
        tokenizer: Tokenizer | str | None = None,
        lowercase: bool = False,
        column: str | None = None,
        names: Sequence[str] | Mapping[int, str] | None = None,
        offsets: npt.ArrayLike | None = None,
        errors: str = "strict",
        workers: int | None = None,
        memory: int | str | None = None,
        progress: ReadingProgress | None = None,
    ) -> Corpus:
        """Encode a source straight into a file, without holding it in memory, and open that.

        Parameters
        ----------
        path : path-like
            The file to write, ``.w2vc`` by custom. It appears when all went well.
        source, tokenizer, lowercase, column, names, offsets, errors, workers, memory, progress
            As for `Corpus`; `memory` then is for the words, for ids go to the file at once.

        Returns
        -------
        Corpus
            The file, opened.

        Raises
        ------
        OSError
            Also if the file cannot be written; an old one is then as it was.
        """
        budget = None if memory is None else parse_size(memory)
        options = Options(tokenizer, lowercase, errors, workers, budget)
        with corpus_file.open_writer(path) as writer:
            ids = Ids(budget, writer.ids)
            reading = _Reading(options, column, names, offsets, progress, ids)
            encoded, origin = reading.read(source)
            writer.finish(encoded.arrays, origin)
        corpus = cls.open(path, verify=False)
        _warn_of_doubts(corpus, reading)
        return corpus

    @classmethod
    def open(cls, path: PathLike, *, verify: bool | None = None) -> Corpus:
        """Open an encoded corpus; its ids are mapped into memory and shared by all who do.

        Parameters
        ----------
        path : path-like
            A file that `save` or `encode` wrote.
        verify : bool, optional
            Whether all ids are read now and compared with their checksum. By default they are
            where they take at most a gigabyte. Everything else is compared in any case, and
            training looks at every id before it uses it.

        Returns
        -------
        Corpus

        Raises
        ------
        ValueError
            If the file is truncated, corrupt, of a newer version, or no encoded corpus.
        OSError
            If it cannot be read.
        """
        corpus = cls.__new__(cls)
        arrays, source = corpus_file.read(path, verify)
        corpus._hold(EncodedCorpus(*arrays), source)
        return corpus

    def save(self, path: PathLike) -> None:
        """Write the encoded corpus to a file, ``.w2vc`` by custom, for `open`.

        The file is written beside its destination and renamed into place.

        Raises
        ------
        OSError
            If the file cannot be written; an old one is then as it was.
        """
        with corpus_file.open_writer(path) as writer:
            writer.finish(self.encoded.arrays, self.source)

    def save_counts(self, path: PathLike) -> None:
        """Write every word and its count as text, the most frequent first, one pair a line.

        The format is that of word2vec.c's ``-save-vocab``; `Vocabulary.load_counts` reads it.

        Raises
        ------
        OSError
            If the file cannot be written; an old one is then as it was.
        ValueError
            If a word holds white space, which the format has no way to write.
        """
        self.encoded.write_counts(path)

    def _hold(self, encoded: EncodedCorpus, source: dict[str, Any]) -> None:
        self.encoded = encoded
        self.source = source
        self.ids, self.type_counts = encoded.ids, encoded.counts
        self.n_tokens, self.n_sentences = encoded.n_tokens, encoded.n_sentences
        self.n_types = encoded.n_types

    @classmethod
    def _of(cls, encoded: EncodedCorpus, source: dict[str, Any] | None = None) -> Corpus:
        """Return a corpus of what is encoded already."""
        corpus = cls.__new__(cls)
        corpus._hold(encoded, {} if source is None else source)
        return corpus

    @classmethod
    def from_files(
        cls,
        *paths: PathLike,
        errors: str = "strict",
        workers: int | None = None,
        progress: ReadingProgress | None = None,
    ) -> Corpus:
        """Encode one or more files, one after the other.

        Parameters
        ----------
        *paths : str or path-like
            The files, as for `Corpus`; at least one.
        errors, workers, progress
            As for `Corpus`.

        Returns
        -------
        Corpus

        Raises
        ------
        OSError, ValueError, TypeError
            As for `Corpus`; ValueError also without any path.
        """
        if not paths:
            raise ValueError("from_files(): expected at least one path")
        import pathlib  # not at import time: it costs more than the rest of this module

        # A single string may be a pattern, or "-".
        source = paths[0] if len(paths) == 1 else [pathlib.Path(path) for path in paths]
        return cls(source, errors=errors, workers=workers, progress=progress)

    def words(self, types: npt.ArrayLike | None = None) -> list[str]:
        """Return the words of the given types.

        Parameters
        ----------
        types : array_like of int, optional
            Type numbers, in any order; all types in order of first appearance by default.

        Returns
        -------
        list of str

        Raises
        ------
        IndexError
            If a number is no type's.
        """
        numbers = np.arange(self.n_types) if types is None else np.asarray(types)
        if numbers.size and numbers.dtype.kind not in "iu":
            raise TypeError(f"types: expected integers, found {numbers.dtype}")
        numbers = np.ascontiguousarray(numbers, dtype=np.int64)
        return self.encoded.decode(numbers)

    def __len__(self) -> int:
        """Return the number of sentences with at least one token."""
        return self.n_sentences

    def __iter__(self) -> Iterator[list[str]]:
        """Yield each sentence as a list of words."""
        words = self.words()
        start = 0
        for chunk in range(0, len(self.ids), _TOKENS):
            ends = np.flatnonzero(self.ids[chunk : chunk + _TOKENS] < 0) + chunk
            for end in ends.tolist():
                yield [words[i] for i in self.ids[start:end].tolist()]
                start = end + 1

    def __repr__(self) -> str:
        return (
            f"<Corpus: {self.n_tokens:,} tokens, {self.n_types:,} types, "
            f"{self.n_sentences:,} sentences>"
        )


# ---- What was given ------------------------------------------------------------------------------


class _Reading:
    """One source on its way to become a corpus."""

    def __init__(
        self,
        options: Options,
        column: str | None,
        names: Sequence[str] | Mapping[int, str] | None,
        offsets: npt.ArrayLike | None,
        progress: ReadingProgress | None,
        ids: Ids,
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
        self.ids = ids
        self.encoder = options.encoder()
        self.is_text = False
        self.rows = self.null_cells = self.null_tokens = 0

    def read(self, source: Any) -> tuple[EncodedCorpus, dict[str, Any]]:
        """Return what the source holds, and where that is from."""
        try:
            return self._read(source)
        finally:
            self.ids.close()

    def _read(self, source: Any) -> tuple[EncodedCorpus, dict[str, Any]]:
        if table_reader.is_table(source):  # a dict of datasets among them, which it refuses
            return self._read_tables([source])
        if isinstance(source, bytes | bytearray | memoryview | Mapping):
            raise TypeError(_not_a_source(source))
        if isinstance(source, str | os.PathLike):
            return self._read_files(resolve_paths(source))
        if self.offsets is not None or integer_reader.is_integers(source):
            return self._read_integers(source)
        try:
            items = iter(source)
        except TypeError:
            raise TypeError(_not_a_source(source)) from None
        if isinstance(source, list | tuple) and source and all(map(_names_a_file, source)):
            warnings.warn(
                f"each of the {len(source)} strings names a file but is read as a line of text; to "
                "read the files, use Corpus.from_files(...) or pathlib.Path objects",
                stacklevel=5,
            )
        first = []
        for item in items:
            first.append(item)
            if integer_reader.is_row(item) is not None:  # an empty row tells nothing
                break
        items = itertools.chain(first, items)
        if first and isinstance(first[0], os.PathLike):
            paths = list(_paths(items))
            return self._read_files([file for path in paths for file in resolve_paths(path)])
        if first and isinstance(first[0], Mapping):
            return self._read_tables([items])
        if first and integer_reader.is_row(first[-1]):
            return self._read_integers(items)
        self._only("names", self.names, "integers")
        self._only("column", self.column, "tables")
        self._count("sentences")
        read_sentences(self.encoder, items, self.options, self.ids, self.progress)
        nothing = _nothing_in([], self.encoder.items)
        return self._finish({"kind": "iterable", "sentences": self.encoder.items}, nothing)

    def _count(self, unit: str) -> None:
        if isinstance(self.progress, CorpusProgress):
            self.progress.unit = unit

    def _only(self, name: str, value: object, kind: str) -> None:
        if value is not None:
            raise ValueError(f"{name} was given, which is for {kind} only; leave it out")

    def _finish(self, origin: dict[str, Any], nothing: str) -> tuple[EncodedCorpus, dict[str, Any]]:
        ids, counts, offsets, words = self.encoder.finish()
        if not len(memoryview(counts)):
            raise ValueError(nothing)
        encoded = EncodedCorpus(
            self.ids.finish(ids),
            np.frombuffer(memoryview(counts), np.int64),
            np.frombuffer(memoryview(offsets), np.int64),
            np.frombuffer(memoryview(words), np.uint8),
        )
        how = self.options
        tokenizer = how.tokenizer
        if how.callable_tokenizer is not None:
            tokenizer = getattr(tokenizer, "__qualname__", type(tokenizer).__name__)
        return encoded, {**origin, "tokenizer": tokenizer, "lowercase": how.lowercase}

    def _read_files(self, found: list[InputFile]) -> tuple[EncodedCorpus, dict[str, Any]]:
        self._only("names", self.names, "integers")
        self._only("offsets", self.offsets, "integers")
        kinds = [_kind(file) for file in found]
        if "corpus" in kinds:
            return self._open(found)
        if "table" in kinds:
            for file, kind in zip(found, kinds, strict=True):
                if kind != "table":
                    raise ValueError(
                        f"{file.name}: expected a Parquet, Arrow or Feather file, as "
                        f"{found[kinds.index('table')].name} is; read texts and tables apart"
                    )
            return self._read_tables([file.path for file in found], _origin(found, "tables"))
        self._only("column", self.column, "tables")
        self.is_text = True
        read_files(self.encoder, found, self.options, self.ids, self.progress)
        origin = {**_origin(found, "text"), "errors": self.options.errors}
        return self._finish(origin, _nothing_in(found, 0))

    def _open(self, found: list[InputFile]) -> tuple[EncodedCorpus, dict[str, Any]]:
        self._only("column", self.column, "tables")
        if len(found) > 1:
            raise ValueError(
                f"{len(found)} files, and an encoded corpus is among them: give it alone, or "
                "encode the sources of all of them together"
            )
        if self.options.tokenizer is not None or self.options.lowercase:
            raise ValueError(
                f"{found[0].name} is encoded already; a tokenizer or lowercase=True can only be "
                "given where its source is read"
            )
        arrays, source = corpus_file.read(found[0].path, None)
        return EncodedCorpus(*arrays), source

    def _read_tables(
        self, sources: list[Any], origin: dict[str, Any] | None = None
    ) -> tuple[EncodedCorpus, dict[str, Any]]:
        self._only("names", self.names, "integers")
        self._only("offsets", self.offsets, "integers")
        self._count("rows")
        for source in sources:
            table = table_reader.Table(source, self.column)
            total = table.total if len(sources) == 1 else 0
            if self.options.callable_tokenizer is not None:
                texts = (text for _, text in table.strings(self.options.errors))
                read_sentences(self.encoder, texts, self.options, self.ids, self.progress)
            else:
                self._read_table(table, total)
            self.null_cells += table.null_cells
            self.null_tokens += table.null_tokens
        origin = {**(origin or {"kind": "table"}), "table": table.describe()}
        return self._finish(origin, f"{table.where}: no words in this column")

    def _read_table(self, table: table_reader.Table, total: int) -> None:
        for batch in table.batches():
            if batch.list_offsets is None:
                self.encoder.add_rows(batch.data, batch.offsets, batch.valid)
            else:
                self.encoder.add_lists(batch.data, batch.offsets, batch.list_offsets, batch.valid)
            self.rows += len(batch)
            self.ids.relieve(self.encoder, self.rows / total if total else 0.0)
            if self.progress is not None:
                self.progress(self.rows, total)

    def _read_integers(self, source: Any) -> tuple[EncodedCorpus, dict[str, Any]]:
        self._only("column", self.column, "tables")
        self._count("rows")
        if self.options.tokenizer is not None or self.options.lowercase:
            raise ValueError("a tokenizer and lowercase=True are for text; leave them out")
        encoded = integer_reader.encode(
            source, names=self.names, offsets=self.offsets, ids=self.ids, progress=self.progress
        )
        return encoded, {"kind": "integers"}


def _kind(file: InputFile) -> str:
    """Return "corpus", "table" or "text", by the file's first bytes."""
    if file.size is None:
        return "text"  # a pipe can be read only once
    with file.open() as opened:
        head = sniff.read_head(opened)
    if sniff.is_safetensors(head):
        return "corpus"
    return "text" if sniff.table_of(head) is None else "table"


def _origin(found: list[InputFile], kind: str) -> dict[str, Any]:
    facts = [(file.name, file.size, file.modified) for file in found]
    digest = hashlib.blake2b(json.dumps(facts).encode(), digest_size=16).hexdigest()
    return {
        "kind": kind,
        "files": [
            {"name": name, "bytes": size, "modified": modified}
            for name, size, modified in facts[:_SHOWN]
        ],
        "n_files": len(found),
        "bytes": sum(file.size or 0 for file in found),
        "fingerprint": digest,
    }


def _paths(items: Iterator[Any]) -> Iterator[PathLike]:
    for i, path in enumerate(items):
        if not isinstance(path, os.PathLike):
            raise TypeError(
                f"item {i} (counted from 0): expected a path-like object, as item 0 is, found "
                f"{type(path).__name__}; give either paths or sentences"
            )
        yield path


def _names_a_file(item: object) -> bool:
    return isinstance(item, str) and os.path.isfile(item)


def _not_a_source(source: object) -> str:
    remedy = ""
    if isinstance(source, bytes | bytearray | memoryview):
        remedy = "; decode text and give it as a list of lines; decode a path with os.fsdecode"
    elif isinstance(source, Mapping):
        remedy = "; give its keys or values, whichever are the sentences"
    return (
        f"source: expected a path, an iterable of pathlib.Path objects, an iterable of sentences, "
        f"a table or an array of integers, found {type(source).__name__}{remedy}"
    )


def _nothing_in(found: list[InputFile], items: int) -> str:
    if len(found) == 1:
        return f"{found[0].name}: no words in this file; it is empty or all white space"
    if found:
        return f"{found[0].name} and {len(found) - 1} more: no words in these files"
    if items:
        return f"no words: all sentences ({items}) are empty"
    return "no sentences: the iterable is empty (a generator can be read only once)"


def _warn_of_doubts(corpus: Corpus, reading: _Reading) -> None:
    encoder = reading.encoder
    if encoder.first_empty is not None:
        sentence, token = encoder.first_empty
        warnings.warn(
            f"{encoder.empty_tokens} tokens are empty strings and were left out, the first: "
            f"sentence {sentence}, token {token} (both counted from 0); line.split() makes none, "
            "line.split(' ') does",
            stacklevel=3,
        )
    if reading.null_cells or reading.null_tokens:
        warnings.warn(
            f"{reading.null_cells:,} cells of the column and {reading.null_tokens:,} tokens in "
            "others are null and were left out",
            stacklevel=3,
        )
    if corpus.n_tokens == corpus.n_sentences > 1:
        remedy = (
            "a file should hold one sentence a line"
            if reading.is_text
            else "each item is a sentence, so a list of words goes in as [words]"
        )
        warnings.warn(
            f"all {corpus.n_sentences} sentences have one word, and no word has a context: is this "
            f"a flat list of words? {remedy}",
            stacklevel=3,
        )
