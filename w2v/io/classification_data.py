"""Labeled texts for classification, ``label<TAB>text`` per line, and the lines of a text."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from w2v._types import PathLike
from w2v.io.sniff import compression_of, reject_non_text


def read_labeled_texts(path: PathLike) -> tuple[list[str], list[str]]:
    """Read labeled texts.

    Parameters
    ----------
    path : str or path-like
        A UTF-8 file with a label, a tab and a text per line. The text may contain more tabs. White
        space around a label is removed. Empty lines are skipped.

    Returns
    -------
    texts, labels : list of str

    Raises
    ------
    ValueError
        A line has no tab or no label, or is not UTF-8; or the file is not a text file, or is empty.
    OSError
        It cannot be read.
    """
    texts, labels = [], []
    for number, line in enumerate(read_lines(path), 1):
        label, tab, text = line.partition("\t")
        label = label.strip()
        if not line.strip():
            continue
        if not tab or not label:
            what = "a label before the tab" if tab else "a label, a tab and a text"
            raise ValueError(
                f"{os.fspath(path)}, line {number:,}: expected {what}, found {line!r:.80}"
            )
        texts.append(text.strip())
        labels.append(label)
    if not texts:
        raise ValueError(f"{os.fspath(path)}: expected lines of label<TAB>text, found none")
    return texts, labels


def read_lines(path: PathLike) -> Iterator[str]:
    """Yield the lines of a UTF-8 text file, without line endings.

    Raises
    ------
    ValueError
        A line is not UTF-8, or the file is not plain text.
    OSError
        It cannot be read.
    """
    name = os.fspath(path)
    with open(path, "rb") as file:
        head = file.peek(4096)[:4096]  # a pipe cannot be read twice
        kind = compression_of(head)
        if kind is not None:
            raise ValueError(f"{name}: expected plain text, but this is {kind} data; decompress it")
        reject_non_text(head, name)
        yield from text_lines(file, name)


def text_lines(stream: Iterable[bytes], name: str) -> Iterator[str]:
    """Decode the lines of a stream from UTF-8; remove line endings and a byte-order mark.

    Raises
    ------
    ValueError
        A line is not UTF-8; the message starts with `name` and the line number.
    """
    for number, line in enumerate(stream, 1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{name}, line {number:,}: expected UTF-8, found {line[error.start :][:8]!r} "
                f"(byte {error.start:,} of the line)"
            ) from None
        yield text.rstrip("\r\n")
