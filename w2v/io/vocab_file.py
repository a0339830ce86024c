"""Files of words and counts, as word2vec.c writes with -save-vocab and reads with -read-vocab.

UTF-8 text; a line for each word, the word and how often it occurs, separated by a blank; the most
frequent first. The format cannot hold words with white space. Lists of words, one a line, are read
here too.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from w2v._types import IntArray, PathLike
from w2v.io.atomic import looks_binary, recognise, replacing

_BOM = b"\xef\xbb\xbf"
_MOST = 2**63 - 1
_PIECE = 1 << 16  # words handled at a time


def write(path: PathLike, words: Sequence[str], counts: IntArray) -> None:
    """Write words and counts in the order given, replacing `path` only when all is on disk.

    Raises
    ------
    ValueError
        If a word is empty or holds white space.
    OSError
        If the destination cannot be written; see `replacing`.
    """
    starts = range(0, len(words), _PIECE)
    write_pieces(path, ((words[i : i + _PIECE], counts[i : i + _PIECE]) for i in starts))


def write_pieces(path: PathLike, pieces: Iterable[tuple[Sequence[str], IntArray]]) -> None:
    """Write words and counts that come in pieces; see `write`."""
    with replacing(path) as temporary, open(temporary, "wb") as file:
        for words, counts in pieces:
            try:
                encoded = [word.encode() for word in words]
            except UnicodeEncodeError as error:
                raise ValueError(
                    f"word {error.object!r} is not valid Unicode, which UTF-8 has no bytes for"
                ) from None
            if b" ".join(encoded).split() != encoded:
                word = next(w for w, e in zip(words, encoded, strict=True) if e.split() != [e])
                raise ValueError(
                    f"word {word!r} {'holds white space' if word else 'is empty'}, which a file of "
                    "counts cannot represent; join the parts of a word, as in 'New_York'"
                )
            lines = zip(encoded, counts.tolist(), strict=True)
            file.write(b"".join([b"%s %d\n" % line for line in lines]))


def read(path: PathLike) -> tuple[list[str], IntArray]:
    """Read words and counts, in the order of the file.

    A byte-order mark and empty lines are passed over.

    Returns
    -------
    words : list of str
    counts : int64, shape (len(words),)

    Raises
    ------
    ValueError
        If a line is no word and a count of at least 1, separated by white space, a word stands
        there twice or is not UTF-8, or there is none; the message names file and line.
    OSError
        If the file cannot be read.
    """
    lines: dict[str, int] = {}
    counts = []
    total = 0
    for number, word, count in _lines(path, bare=False):
        first = lines.setdefault(word, number)
        if first != number:
            raise ValueError(
                f"{os.fspath(path)}: line {number:,} holds {word!r}, as line {first:,} does: "
                "expected each word once; add up its counts"
            )
        counts.append(count)
        total += count
        if total > _MOST:
            raise ValueError(
                f"{os.fspath(path)}: line {number:,}: the counts come to more than {_MOST}"
            )
    return list(lines), np.array(counts, np.int64)


def read_words(path: PathLike) -> list[str]:
    """Read a list of words: one a line, or with counts behind them, which are passed over.

    A word that stands there twice counts once.

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
            fields = (line.removeprefix(_BOM) if number == 1 else line).split()
            if not fields:
                continue
            empty = False
            if len(fields) == 2 and fields[1].isdigit() and len(fields[1]) < 20:
                count = int(fields[1])
                if not 1 <= count <= _MOST:
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
        raise ValueError(f"{os.fspath(path)}: expected words, one a line, but there is none")


def _bad(path: PathLike, number: int, line: bytes, bare: bool) -> ValueError:
    shown = line.strip()[:60].decode(errors="backslashreplace")
    wanted = "one word without white space, or such a word and" if bare else "a word and"
    return ValueError(
        f"{os.fspath(path)}: line {number:,} is {shown!r}: expected {wanted} how often it occurs, "
        f"a whole number from 1 to {_MOST}, as in 'word 123'{_foreign(path, line)}"
    )


def _foreign(path: PathLike, line: bytes) -> str:
    return f" ({recognise(path)})" if looks_binary(line) else ""
