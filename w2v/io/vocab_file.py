"""Vocabulary files, as word2vec.c writes with -save-vocab and reads with -read-vocab.

UTF-8 text with one line per word: the word, a blank and its count, most frequent words first. The
format cannot represent words with white space. Lists of words, one per line, are read here too.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from w2v._types import IntArray, PathLike
from w2v.io.atomic import atomic_write
from w2v.io.sniff import BOM, describe_file, looks_binary

_MAX_COUNT = 2**63 - 1
_WORDS_AT_ONCE = 1 << 16


def write(path: PathLike, words: Sequence[str], counts: IntArray) -> None:
    """Write words and counts in the given order, atomically.

    Raises
    ------
    ValueError
        A word is empty or contains white space.
    OSError
        The destination cannot be written; see `atomic_write`.
    """
    starts = range(0, len(words), _WORDS_AT_ONCE)
    write_chunks(
        path, ((words[i : i + _WORDS_AT_ONCE], counts[i : i + _WORDS_AT_ONCE]) for i in starts)
    )


def write_chunks(path: PathLike, chunks: Iterable[tuple[Sequence[str], IntArray]]) -> None:
    """Write words and counts that arrive in chunks; see `write`."""
    with atomic_write(path) as temporary, open(temporary, "wb") as file:
        for words, counts in chunks:
            try:
                encoded = [word.encode() for word in words]
            except UnicodeEncodeError as error:
                raise ValueError(
                    f"word {error.object!r} contains a lone surrogate and cannot be encoded as "
                    "UTF-8"
                ) from None
            if b" ".join(encoded).split() != encoded:
                word = next(w for w, e in zip(words, encoded, strict=True) if e.split() != [e])
                raise ValueError(
                    f"word {word!r} {'contains white space' if word else 'is empty'}, which a "
                    "vocabulary file cannot represent; join the parts of a word, as in 'New_York'"
                )
            if file.tell() == 0 and encoded and encoded[0].startswith(BOM):
                file.write(BOM)  # readers take the first one for that of the file
            lines = zip(encoded, counts.tolist(), strict=True)
            file.write(b"".join([b"%s %d\n" % line for line in lines]))


def read(path: PathLike) -> tuple[list[str], IntArray]:
    """Read words and counts, in the order of the file.

    A byte-order mark and empty lines are ignored.

    Returns
    -------
    words : list of str
    counts : int64, shape (len(words),)

    Raises
    ------
    ValueError
        A line is not a word and a count of at least 1, separated by white space; a word is
        repeated or not UTF-8; or the file is empty. The message names file and line.
    OSError
        The file cannot be read.
    """
    lines: dict[str, int] = {}
    counts = []
    total = 0
    for number, word, count in _lines(path, bare=False):
        first = lines.setdefault(word, number)
        if first != number:
            raise ValueError(
                f"{os.fspath(path)}: line {number:,}: duplicate word {word!r}, already in line "
                f"{first:,}; add up its counts"
            )
        counts.append(count)
        total += count
        if total > _MAX_COUNT:
            raise ValueError(
                f"{os.fspath(path)}: line {number:,}: the counts add up to more than {_MAX_COUNT}"
            )
    return list(lines), np.array(counts, np.int64)


def read_words(path: PathLike) -> list[str]:
    """Read a list of words, one per line; counts after the words and repeated words are ignored.

    Raises
    ------
    ValueError, OSError
        As for `read`.
    """
    return list(dict.fromkeys(word for _, word, _ in _lines(path, bare=True)))


def _lines(path: PathLike, *, bare: bool) -> Iterator[tuple[int, str, int]]:
    """Yield each line's number, word and count; a `bare` word has the count 0."""
    number = 0
    empty = True
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            fields = (line.removeprefix(BOM) if number == 1 else line).split()
            if not fields:
                continue
            empty = False
            if len(fields) == 2 and fields[1].isdigit() and len(fields[1]) < 20:
                count = int(fields[1])
                if not 1 <= count <= _MAX_COUNT:
                    raise _bad(path, number, line, bare)
            elif len(fields) == 1 and bare:
                count = 0
            else:
                raise _bad(path, number, line, bare)
            try:
                word = fields[0].decode()
            except UnicodeDecodeError as error:
                raise ValueError(
                    f"{os.fspath(path)}: line {number:,}: the word is not UTF-8: byte "
                    f"0x{fields[0][error.start]:02x} at position {error.start} of "
                    f"{fields[0][:40]!r}; convert the file to UTF-8{_foreign(path, line)}"
                ) from None
            yield number, word, count
    if empty:
        raise ValueError(f"{os.fspath(path)}: expected words, one per line, but found none")


def _bad(path: PathLike, number: int, line: bytes, bare: bool) -> ValueError:
    shown = line.strip()[:60].decode(errors="backslashreplace")
    expected = "a word without white space, optionally followed by" if bare else "a word and"
    return ValueError(
        f"{os.fspath(path)}: line {number:,} is {shown!r}: expected {expected} its count, an "
        f"integer from 1 to {_MAX_COUNT}, as in 'word 123'{_foreign(path, line)}"
    )


def _foreign(path: PathLike, line: bytes) -> str:
    return f" ({describe_file(path)})" if looks_binary(line) else ""
