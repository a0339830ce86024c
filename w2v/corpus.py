"""Corpus: text encoded once into 32-bit ids, with every word counted.

Reads files and iterables, says what is wrong with them, and nothing else: which words are worth
training on is the vocabulary's business. Every loop over bytes and tokens is in csrc/text.c.
"""

from __future__ import annotations

import errno
import io
import itertools
import mmap
import os
import stat
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from w2v import _text
from w2v.encoded import Encoded

_POLICIES = {"strict": _text.STRICT, "replace": _text.REPLACE, "ignore": _text.IGNORE}

# Bytes of a file that are mapped, and tokens of an iterable that are taken, between two looks at
# Ctrl-C and the progress callback. Windows of 1 MB and of 16 MB were equally fast.
_WINDOW = 1 << 22
_TOKENS = 1 << 16

_BOM = b"\xef\xbb\xbf"
_NO_TEXT = {
    b"\xff\xfe": "UTF-16 or UTF-32 text (it starts with a byte-order mark)",
    b"\xfe\xff": "UTF-16 text (it starts with a byte-order mark)",
    b"\x00\x00\xfe\xff": "UTF-32 text (it starts with a byte-order mark)",
    b"\x1f\x8b": "gzip-compressed",
    b"\xfd7zXZ\x00": "xz-compressed",
    b"BZh91AY&": "bzip2-compressed",
    b"\x28\xb5\x2f\xfd": "zstd-compressed",
    b"PK\x03\x04": "a zip archive",
}
_HEAD = 8  # bytes enough to tell

AnyPath = str | os.PathLike[str]
Source = AnyPath | Iterable[os.PathLike[str]] | Iterable[str] | Iterable[Iterable[str]]
ReadingProgress = Callable[[int, int], object]


class Corpus:
    """A text, encoded once: each word a number, each sentence's end marked.

    Words are separated by white space as in `str.split`; nothing is lower-cased, stripped or left
    out. A file holds one sentence a line, in UTF-8; a byte-order mark at its start is passed over.
    Sentences and words of any length are kept whole.

    Parameters
    ----------
    source : str, path-like, or iterable
        What to read:

        - a `str` or path-like object: the path of a text file (or of a pipe);
        - an iterable of path-like objects: several files, one after the other;
        - an iterable of sentences, read once: each a list (or other iterable) of `str` tokens, or
          a `str`, which is a line of text. Tokens may hold anything, white space included; empty
          ones are left out, with a warning.
    errors : {"strict", "replace", "ignore"}, default "strict"
        What to do with bytes that are no UTF-8 and NUL bytes in files, and with lone surrogates
        in strings: stop with an error, put U+FFFD in their place, or leave them out.
    progress : callable, optional
        Called as ``progress(done, total)`` every few milliseconds and once at the end: bytes of
        files (`total` is 0 if a pipe is among them), or sentences of an iterable (`total` is 0).

    Attributes
    ----------
    ids : ndarray of int32, shape (n_tokens + n_sentences,), read-only
        The type number of each token in order, and -1 after each sentence.
    type_counts : ndarray of int64, shape (n_types,), read-only
        Occurrences of each type. Types are numbered by first appearance.
    n_tokens, n_sentences, n_types : int
        Tokens, sentences with at least one token, and different words.

    Raises
    ------
    OSError
        If a file is missing, a directory or unreadable, or changes size while it is read.
    ValueError
        If there is no token at all, or if the text is no UTF-8, holds NUL bytes or lone
        surrogates and `errors` is "strict"; and for a file that is compressed or UTF-16.
    TypeError
        If the source, a sentence or a token has the wrong type.

    Warns
    -----
    UserWarning
        If every sentence has one token (a flat list of words?), if strings are lines but all name
        files, or if empty tokens were left out.

    Notes
    -----
    Files are memory-mapped a few megabytes at a time. Do not truncate a file while it is read: the
    operating system may then end the process (SIGBUS).

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

    ids: npt.NDArray[np.int32]
    type_counts: npt.NDArray[np.int64]
    n_tokens: int
    n_sentences: int
    n_types: int

    def __init__(
        self,
        source: Source,
        *,
        errors: str = "strict",
        progress: ReadingProgress | None = None,
    ) -> None:
        if errors not in _POLICIES:
            raise ValueError(f"errors={errors!r}: expected 'strict', 'replace' or 'ignore'")
        if progress is not None and not callable(progress):
            raise TypeError(f"progress={progress!r}: expected None or a callable(done, total)")
        encoder = _text.Encoder(_POLICIES[errors])
        paths, sentences = _sort_out(source)
        if paths:
            _read_files(encoder, paths, progress)
        else:
            _read_sentences(encoder, sentences, progress)
        ids, counts, offsets, words = map(memoryview, encoder.finish())
        if not len(counts):
            raise ValueError(_nothing_in(paths, encoder.items))
        self._hold(
            Encoded(
                np.frombuffer(ids, np.int32),
                np.frombuffer(counts, np.int64),
                np.frombuffer(offsets, np.int64),
                np.frombuffer(words, np.uint8),
            )
        )
        _warn_of_doubts(self, encoder, paths)

    def _hold(self, encoded: Encoded) -> None:
        self._encoded = encoded
        self.ids, self.type_counts = encoded.ids, encoded.counts
        self.n_tokens, self.n_sentences = encoded.n_tokens, encoded.n_sentences
        self.n_types = encoded.n_types

    @classmethod
    def _of(cls, encoded: Encoded) -> Corpus:
        """Return a corpus of what is encoded already."""
        corpus = cls.__new__(cls)
        corpus._hold(encoded)
        return corpus

    @classmethod
    def from_files(
        cls, *paths: AnyPath, errors: str = "strict", progress: ReadingProgress | None = None
    ) -> Corpus:
        """Encode one or more text files, one after the other.

        Parameters
        ----------
        *paths : str or path-like
            The files; at least one.
        errors, progress
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

        return cls([pathlib.Path(path) for path in paths], errors=errors, progress=progress)

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
        return self._encoded.decode(numbers)

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


def _sort_out(source: Any) -> tuple[list[AnyPath], Iterator[Any]]:
    """Return the paths in `source`, or none and an iterator over its sentences."""
    if isinstance(source, str | os.PathLike):
        return [source], iter(())
    if isinstance(source, bytes | bytearray | memoryview | Mapping):
        raise TypeError(_not_a_source(source))
    try:
        items = iter(source)
    except TypeError:
        raise TypeError(_not_a_source(source)) from None
    if isinstance(source, list | tuple) and source and all(map(_names_a_file, source)):
        warnings.warn(
            f"each of the {len(source)} strings names a file but is read as a line of text; to "
            "read the files, use Corpus.from_files(...) or pathlib.Path objects",
            stacklevel=3,
        )
    first = list(itertools.islice(items, 1))
    items = itertools.chain(first, items)
    if not (first and isinstance(first[0], os.PathLike)):
        return [], items
    paths = list(items)
    for i, path in enumerate(paths):
        if not isinstance(path, os.PathLike):
            raise TypeError(
                f"item {i} (counted from 0): expected a path-like object, as item 0 is, found "
                f"{type(path).__name__}; give either paths or sentences"
            )
    return paths, iter(())


def _names_a_file(item: object) -> bool:
    return isinstance(item, str) and os.path.isfile(item)


def _not_a_source(source: object) -> str:
    remedy = ""
    if isinstance(source, bytes | bytearray | memoryview):
        remedy = "; decode text and give it as a list of lines; decode a path with os.fsdecode"
    elif isinstance(source, Mapping):
        remedy = "; give its keys or values, whichever are the sentences"
    return (
        f"source: expected a path, an iterable of pathlib.Path objects or an iterable of "
        f"sentences, found {type(source).__name__}{remedy}"
    )


def _nothing_in(paths: list[AnyPath], items: int) -> str:
    if len(paths) == 1:
        return f"{os.fsdecode(paths[0])}: no words in this file; it is empty or all white space"
    if paths:
        return f"{os.fsdecode(paths[0])} and {len(paths) - 1} more: no words in these files"
    if items:
        return f"no words: all sentences ({items}) are empty"
    return "no sentences: the iterable is empty (a generator can be read only once)"


def _warn_of_doubts(corpus: Corpus, encoder: _text.Encoder, paths: list[AnyPath]) -> None:
    if encoder.first_empty is not None:
        sentence, token = encoder.first_empty
        warnings.warn(
            f"{encoder.empty_tokens} tokens are empty strings and were left out, the first: "
            f"sentence {sentence}, token {token} (both counted from 0); line.split() makes none, "
            "line.split(' ') does",
            stacklevel=3,
        )
    if corpus.n_tokens == corpus.n_sentences > 1:
        remedy = (
            "a file should hold one sentence a line"
            if paths
            else "each item is a sentence, so a list of words goes in as [words]"
        )
        warnings.warn(
            f"all {corpus.n_sentences} sentences have one word, and no word has a context: is this "
            f"a flat list of words? {remedy}",
            stacklevel=3,
        )


# ---- Iterables -----------------------------------------------------------------------------------


def _read_sentences(
    encoder: _text.Encoder, sentences: Iterator[Any], progress: ReadingProgress | None
) -> None:
    more = True
    while more:
        more = encoder.add_sentences(sentences, _TOKENS)
        if progress is not None:
            progress(encoder.items, 0)


# ---- Files ---------------------------------------------------------------------------------------


def _read_files(
    encoder: _text.Encoder, paths: list[AnyPath], progress: ReadingProgress | None
) -> None:
    # All are looked at before the first is read: a missing last one should not cost the wait.
    states = [_attempt(os.stat, path) for path in paths]
    for path, state in zip(paths, states, strict=True):
        if stat.S_ISDIR(state.st_mode):
            raise _explained(IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)), path)
    plain = all(stat.S_ISREG(state.st_mode) for state in states)
    total = sum(state.st_size for state in states) if plain else 0
    done = 0
    for path in paths:
        with _attempt(_open, path) as file:
            done = _FileReader(encoder, file, done, total, progress).read()


class _FileReader:
    """Feeds one file to the encoder, window by window."""

    def __init__(
        self,
        encoder: _text.Encoder,
        file: io.FileIO,
        done: int,
        total: int,
        progress: ReadingProgress | None,
    ) -> None:
        self.encoder = encoder
        self.file = file
        self.name = os.fsdecode(file.name)
        self.position = 0
        self.lines_before = encoder.tally()[3]
        self.done = done
        self.total = total
        self.progress = progress

    def read(self) -> int:
        """Read the file; return the bytes done, those of earlier files included."""
        state = os.fstat(self.file.fileno())
        head = bytearray()
        while len(head) < _HEAD and (more := self.file.read(_HEAD - len(head))):
            head += more
        for signature, kind in _NO_TEXT.items():
            if head.startswith(signature):
                raise ValueError(
                    f"{self.name}: expected plain UTF-8 text, but this file is {kind}; convert it, "
                    "or open it in Python as text and give the lines, as in "
                    "Corpus(gzip.open(path, 'rt', encoding='utf-8'))"
                )
        if head.startswith(_BOM):
            self.position = len(_BOM)
        # Files of /proc say that they are empty.
        size = state.st_size if stat.S_ISREG(state.st_mode) else 0
        if not (size and self._feed_mapped(size)):
            self._feed_stream(head[self.position :])
        self.encoder.end_sentence()
        return self.done + self.position

    def _feed_mapped(self, size: int) -> bool:
        """Feed the file through short-lived maps; return False if it can't be mapped.

        Unmapping gives the pages back, so that memory does not grow with the file.
        """
        span = _WINDOW
        while self.position < size:
            start = self.position - self.position % mmap.ALLOCATIONGRANULARITY
            stop = min(self.position + span, size)
            self._expect_size(size)
            try:
                window = mmap.mmap(
                    self.file.fileno(), stop - start, access=mmap.ACCESS_READ, offset=start
                )
            except OSError:
                if self.position > len(_BOM):
                    raise
                return False
            with window, memoryview(window) as whole, whole[self.position - start :] as data:
                # A token longer than the window has to be seen whole.
                span = _WINDOW if self._feed(data, stop == size) else 2 * span
        self._expect_size(size)
        return True

    def _feed_stream(self, pending: bytearray) -> None:
        """Feed a pipe or the like; `pending` has been read already."""
        span = _WINDOW
        final = False
        while not final:
            while len(pending) < span and not final:
                more = self.file.read(span - len(pending))
                pending += more
                final = not more
            consumed = self._feed(pending, final)
            del pending[:consumed]
            span = _WINDOW if consumed else 2 * span

    def _feed(self, data: bytearray | memoryview, final: bool) -> int:
        status, consumed = self.encoder.feed(data, final)
        if status != _text.OK:
            found = bytes(data[consumed : consumed + 4])
            raise ValueError(self._complaint(status, consumed, found))
        self.position += consumed
        if self.progress is not None:
            self.progress(self.done + self.position, self.total)
        return consumed

    def _complaint(self, status: int, offset: int, found: bytes) -> str:
        line = self.encoder.tally()[3] - self.lines_before + 1
        where = f"byte {self.position + offset} (counted from 0; line {line})"
        remedy = "or pass errors='replace' or errors='ignore' to go on"
        if status == _text.NUL_BYTE:
            return (
                f"{self.name}: NUL byte at {where}: not a plain UTF-8 text; UTF-16? Convert it to "
                f"UTF-8, {remedy}"
            )
        return f"{self.name}: invalid UTF-8 at {where}: {found!r}; convert it to UTF-8, {remedy}"

    def _expect_size(self, size: int) -> None:
        now = os.fstat(self.file.fileno()).st_size
        if now != size:
            raise OSError(
                f"{self.name}: changed from {size} to {now} bytes while it was read; read it when "
                "nothing writes to it, or read a copy"
            )


_T = TypeVar("_T")


def _attempt(action: Callable[[AnyPath], _T], path: AnyPath) -> _T:
    """Return action(path); its errors name the path and say what to do."""
    try:
        return action(path)
    except ValueError:  # a NUL character: no path at all
        raise _explained(FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)), path) from None
    except OSError as error:
        raise _explained(error, path) from None


def _open(path: AnyPath) -> io.FileIO:
    return open(path, "rb", buffering=0)


def _explained(error: OSError, path: AnyPath) -> OSError:
    code, reason = error.errno, error.strerror
    if code in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
        code = errno.ENOENT
        if isinstance(path, str):
            reason = (
                f"{reason} (a string is taken as a path; text itself goes in as a list of lines, "
                "[text])"
            )
    elif code == errno.EISDIR:
        reason = f"{reason} (give the files in it, as in sorted(Path(directory).glob('*.txt')))"
    elif code == errno.EACCES:
        reason = f"{reason} (the file has to be readable for this user)"
    name = os.fsdecode(path)
    return OSError(code, reason, name if len(name) <= 200 else name[:200] + "...")
