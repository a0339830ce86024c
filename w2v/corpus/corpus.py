"""Corpus: text, tables or integers, encoded once into 32-bit ids, with every word counted.

The public class. source.py detects what a source is and reads it; which words are worth training
on is decided by the vocabulary.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v._attributes import WriteOnce
from w2v._types import PathLike
from w2v._warnings import warn
from w2v.corpus.encoded import EncodedCorpus
from w2v.corpus.options import (
    POLICIES,
    MissingTokenizer,
    Options,
    Reading,
    ReadProgress,
    Tokenizer,
    is_importable,
)
from w2v.corpus.source import Source, SourceReader
from w2v.io import corpus_file, corpus_parts
from w2v.io.names import check_name

_IDS = 1 << 16  # ids per step of an iteration


class Corpus(WriteOnce):
    """Text or integers, encoded once: each word is a number, each end of a sentence is marked.

    A sentence is a line of a file, an item of an iterable, a row of a table or of an array. Words
    are separated by white space as in `str.split`, unless there is a tokenizer; nothing is
    lower-cased, stripped or dropped. Sentences and words of any length are kept whole, and each
    token is read exactly once.

    Parameters
    ----------
    source : path, iterable, array or table
        What to read:

        - a `str` or path-like object: a text file in UTF-8, plain or compressed with gzip, bzip2,
          xz or zstd (detected from its first bytes, not its name); a directory, read recursively;
          a pattern such as ``"texts/*.txt"``; ``"-"``, standard input; a Parquet, Arrow or Feather
          file; a file that `save` or `encode` wrote, or a folder that `w2v.distributed.encode` did;
        - an iterable of path-like objects: several files, one after the other;
        - an iterable of sentences, read once: each a list (or other iterable) of `str` tokens, or
          a `str`, which is a line of text. Tokens of lists may contain anything, even white space;
          empty ones are skipped with a warning;
        - a pyarrow table, any object with an Arrow interface (`__arrow_c_stream__`), a Hugging
          Face dataset, or an iterable of mappings (rows): see `column`;
        - integers, such as walks on a graph or baskets of items: a two-dimensional array, an
          iterable of arrays or lists of integers, a flat array with `offsets`, or a SciPy sparse
          matrix (each row is a sentence of its non-zero columns).
    tokenizer : None, "unicode" or callable, default None
        How to split strings into tokens: None at white space; "unicode" at the word boundaries of
        Unicode (UAX #29), keeping segments with a letter or a digit; a callable takes a `str` and
        returns tokens, such as ``jieba.lcut`` (tokens of white space are skipped). Lists of tokens
        are never split.
    lowercase : bool, default False
        Lower-case the words, as `str.lower` does.
    column : str, optional
        Column of a table with the text: strings, or lists of strings. Required if the table has
        several such columns.
    names : sequence or mapping of int to str, optional
        Words for integers; default their digits.
    offsets : array_like of int, shape (sentences + 1,), optional
        For a flat array of integers: sentence `i` is ``source[offsets[i]:offsets[i + 1]]``.
    errors : {"strict", "replace", "ignore"}, default "strict"
        Treatment of invalid UTF-8 and NUL bytes in files, and of lone surrogates in strings: raise
        an error, replace them with U+FFFD, or drop them.
    workers : int, optional
        Threads that parse large files; default one per available processor. The result does not
        depend on it.
    memory : int or str, optional
        Bytes (or a size such as ``"4GB"``) that ids and words may take during encoding; default no
        limit. Ids beyond it go to a temporary file, which is memory-mapped afterwards; words that
        exceed it on their own are an error.
    progress : callable, optional
        Called as ``progress(done, total)`` several times a second and once at the end, with bytes
        of files (`total` is 0 if a pipe is among them) or sentences (`total` is 0 if unknown).

    Attributes
    ----------
    ids : ndarray of int32, shape (n_tokens + n_sentences,), read-only
        The type number of each token in order, and -1 after each sentence.
    type_counts : ndarray of int64, shape (n_types,), read-only
        Occurrences of each type. Types are numbered by first appearance.
    n_tokens, n_sentences, n_types : int
        Tokens, sentences with at least one token, and distinct words.
    source : dict
        Description of the source: its "kind"; the number, names, sizes and modification times of
        its files, with a "fingerprint" of these; and the options it was read with.
    encoded : EncodedCorpus
        The underlying arrays: ids, counts, and the bytes of the words.

    Raises
    ------
    OSError
        If a file is missing or unreadable, or changes its size while it is read, or if the disk
        has no space for ids that exceed `memory`.
    ValueError
        If there is no token; if the text is not UTF-8, or contains NUL bytes or lone surrogates,
        and `errors` is "strict"; for corrupt archives, and files that are not text.
    TypeError
        If the source, a sentence or a token has the wrong type.
    MemoryError
        If the words alone exceed `memory`.
    ImportError
        If a table or a zstd-compressed file needs a package that is not installed.

    Warns
    -----
    UserWarning
        If every sentence has one token (a flat list of words?), if all strings of a list are names
        of files but are read as lines, or if empty tokens or null cells were skipped.

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

    _remedy = "a corpus does not change: make another, such as Corpus(source, lowercase=True)"
    _variable = frozenset({"source"})  # metadata, which `save` writes

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
        progress: ReadProgress | None = None,
    ) -> None:
        options = Options(tokenizer, lowercase, errors, workers, memory)
        self._read(source, SourceReader(options, column, names, offsets, progress))

    def _read(self, source: Source, reader: SourceReader) -> None:
        self._set_encoded(*reader.read(source), reader.options.callable_tokenizer)
        _warn_about_issues(self, reader)

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
        progress: ReadProgress | None = None,
    ) -> Corpus:
        """Encode a source directly into a file, whose size may exceed memory, and open the file.

        Parameters
        ----------
        path : path-like
            The file to write, conventionally ``.w2vc``; written atomically.
        source, tokenizer, lowercase, column, names, offsets, errors, workers, memory, progress
            As for `Corpus`; `memory` limits the words only, because ids go to the file at once.

        Returns
        -------
        Corpus
            The opened file.

        Raises
        ------
        OSError
            Also if the file cannot be written; an existing file is left unchanged.
        """
        _check_name(path)
        options = Options(tokenizer, lowercase, errors, workers, memory)
        if os.path.islink(path):  # such as /dev/stdout, which stays with the replaced file
            path = os.path.realpath(path)
        with corpus_file.open_writer(path) as writer:
            reader = SourceReader(options, column, names, offsets, progress, writer.ids)
            encoded, metadata = reader.read(source)
            writer.finish(encoded.arrays, metadata)
        corpus = cls.open(path, verify=False)
        corpus._tokenizer = options.callable_tokenizer
        _warn_about_issues(corpus, reader)
        return corpus

    @classmethod
    def open(cls, path: PathLike, *, verify: bool | None = None) -> Corpus:
        """Open an encoded corpus; its ids are memory-mapped, and processes share them.

        Parameters
        ----------
        path : path-like
            A file that `save` or `encode` wrote; or the folder, or the manifest, that
            `w2v.distributed.encode` wrote: a single part is mapped, several are gathered in one
            array, in a temporary file beyond a gigabyte.
        verify : bool, optional
            Read all ids now and compare them with their checksum; by default only if they take at
            most a gigabyte. Everything else is always compared, and training checks every id before
            it uses it.

        Returns
        -------
        Corpus

        Raises
        ------
        ValueError
            If the file is truncated, corrupt, of a newer version, or not an encoded corpus.
        OSError
            If it cannot be read.
        """
        corpus = cls.__new__(cls)
        reader = corpus_parts if corpus_parts.is_manifest(path) else corpus_file
        arrays, source = reader.read(path, verify)
        corpus._set_encoded(EncodedCorpus(*arrays), source)
        return corpus

    def save(self, path: PathLike) -> None:
        """Write the encoded corpus to a file, conventionally ``.w2vc``, for `open`.

        The file is written atomically.

        Raises
        ------
        OSError
            If the file cannot be written; an existing file is left unchanged.
        """
        _check_name(path)
        with corpus_file.open_writer(path) as writer:
            writer.finish(self.encoded.arrays, self.source)

    def save_counts(self, path: PathLike) -> None:
        """Write every word and its count as text, one pair per line, the most frequent first.

        The format is that of the option ``-save-vocab`` of word2vec.c; `Vocabulary.load_counts`
        reads it.

        Raises
        ------
        OSError
            If the file cannot be written; an existing file is left unchanged.
        ValueError
            If a word contains white space, which the format cannot represent.
        """
        check_name(path, "words and counts are written as text", (".txt", ".tsv", ".csv"))
        self.encoded.write_counts(path)

    @classmethod
    def read_with(
        cls,
        source: Source,
        options: Options,
        *,
        column: str | None = None,
        progress: ReadProgress | None = None,
    ) -> Corpus:
        """Encode a source with these options: what `Word2Vec` calls.

        Parameters
        ----------
        source
            As for `Corpus`.
        options : Options
            If they are inherited from another text, what is split already (lists of tokens, encoded
            corpora, integers) is not split again.
        column, progress
            As for `Corpus`.
        """
        corpus = cls.__new__(cls)
        corpus._read(source, SourceReader(options, column, None, None, progress))
        return corpus

    @property
    def reading(self) -> Reading:
        """The tokenizer, case and treatment of invalid bytes that the text was read with."""
        tokenizer: Any = self._tokenizer
        name = self.source.get("tokenizer")
        if tokenizer is None and name is not None:
            tokenizer = name if name == "unicode" else MissingTokenizer(str(name))
        errors = self.source.get("errors")
        return Reading(
            tokenizer,
            lowercase=self.source.get("lowercase") is True,
            errors=errors if errors in POLICIES else "strict",
        )

    def _set_encoded(
        self,
        encoded: EncodedCorpus,
        source: dict[str, Any],
        tokenizer: Tokenizer | None = None,
    ) -> None:
        self.encoded = encoded
        self.source = source
        self._tokenizer = tokenizer  # a function; `source` has its name
        self.ids, self.type_counts = encoded.ids, encoded.counts
        self.n_tokens, self.n_sentences = encoded.n_tokens, encoded.n_sentences
        self.n_types = encoded.n_types

    @classmethod
    def from_encoded(cls, encoded: EncodedCorpus, source: dict[str, Any] | None = None) -> Corpus:
        """Return a corpus of arrays that are encoded already.

        Parameters
        ----------
        encoded : EncodedCorpus
            Not copied.
        source : dict, optional
            Metadata for the attribute `source`; default empty.
        """
        corpus = cls.__new__(cls)
        corpus._set_encoded(encoded, {} if source is None else source)
        return corpus

    @classmethod
    def from_files(
        cls,
        *paths: PathLike,
        errors: str = "strict",
        workers: int | None = None,
        progress: ReadProgress | None = None,
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
            If a number is not that of a type.
        """
        numbers = np.arange(self.n_types) if types is None else np.asarray(types)
        if numbers.size and numbers.dtype.kind not in "iu":
            raise TypeError(f"types: expected integers, found {numbers.dtype}")
        numbers = np.ascontiguousarray(numbers, dtype=np.int64)
        return self.encoded.decode(numbers)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out a tokenizer that no other process could import, such as a lambda."""
        kept = self._tokenizer if is_importable(self._tokenizer) else None
        return {"encoded": self.encoded, "source": self.source, "tokenizer": kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        encoded = state["encoded"]
        for array in encoded.arrays:
            array.flags.writeable = False
        self._set_encoded(encoded, state["source"], state["tokenizer"])

    def __deepcopy__(self, memo: dict[int, Any]) -> Corpus:
        """Return a corpus that shares the arrays, which nothing can change."""
        made = type(self).__new__(type(self))
        made._set_encoded(self.encoded, copy.deepcopy(self.source, memo), self._tokenizer)
        return made

    def __copy__(self) -> Corpus:
        """Return a corpus that shares the arrays, which nothing can change."""
        return copy.deepcopy(self)

    def __len__(self) -> int:
        """Return the number of sentences with at least one token."""
        return self.n_sentences

    def __iter__(self) -> Iterator[list[str]]:
        """Yield each sentence as a list of words."""
        words = self.words()
        start = 0
        for chunk in range(0, len(self.ids), _IDS):
            ends = np.flatnonzero(self.ids[chunk : chunk + _IDS] < 0) + chunk
            for end in ends.tolist():
                yield [words[i] for i in self.ids[start:end].tolist()]
                start = end + 1

    def __repr__(self) -> str:
        return (
            f"<Corpus: {self.n_tokens:,} tokens, {self.n_types:,} types, "
            f"{self.n_sentences:,} sentences>"
        )


def _check_name(path: PathLike) -> None:
    check_name(path, "a corpus is written encoded", (".w2vc", ".safetensors"))


def _warn_about_issues(corpus: Corpus, reader: SourceReader) -> None:
    encoder = reader.encoder
    if encoder.first_empty is not None:
        sentence, token = encoder.first_empty
        warn(
            f"skipped {encoder.empty_tokens} empty tokens (first at sentence {sentence}, token "
            f"{token}, counted from 0); line.split() makes none, line.split(' ') does",
        )
    if reader.null_cells or reader.null_tokens:
        warn(
            f"skipped {reader.null_cells:,} null cells of the column and {reader.null_tokens:,} "
            "null tokens in other cells",
        )
    if corpus.n_tokens == corpus.n_sentences > 1:
        remedy = (
            "A text file needs one sentence per line"
            if reader.is_text
            else "Each item is a sentence: pass a list of words as [words]"
        )
        warn(
            f"every sentence ({corpus.n_sentences} in all) has only one word, so there are no "
            f"contexts to learn from. Did you pass a flat list of words? {remedy}",
        )
