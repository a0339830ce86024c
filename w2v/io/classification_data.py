"""Files of labelled texts: ``label<TAB>text``, one a line, in UTF-8."""

from __future__ import annotations

import os
from collections.abc import Iterator

from w2v._types import PathLike
from w2v.io.input_files import compression, refuse_foreign


def read_labelled(path: PathLike) -> tuple[list[str], list[str]]:
    """Read labelled texts.

    Parameters
    ----------
    path : str or path-like
        A line holds a label, a tab and a text (which may hold more tabs). Empty lines are passed
        over. White space at the ends of a label is no part of it.

    Returns
    -------
    texts, labels : list of str

    Raises
    ------
    ValueError
        A line has no tab or no label, or is not UTF-8; the file is no text, or holds nothing.
    OSError
        It cannot be read.
    """
    texts, labels = [], []
    for number, line in enumerate(lines(path), 1):
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


def lines(path: PathLike) -> Iterator[str]:
    """Give the lines of a UTF-8 text file, without their ends.

    Raises
    ------
    ValueError
        A line is not UTF-8, or the file is no plain text.
    OSError
        It cannot be read.
    """
    name = os.fspath(path)
    with open(path, "rb") as file:
        head = file.peek(4096)[:4096]  # a pipe cannot be read twice
        kind = compression(head)
        if kind is not None:
            raise ValueError(f"{name}: expected plain text, but this is {kind} data; decompress it")
        refuse_foreign(head, name)
        for number, line in enumerate(file, 1):
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise ValueError(
                    f"{name}, line {number:,}: expected UTF-8, found {line[error.start :][:8]!r} "
                    f"(byte {error.start:,} of the line)"
                ) from None
            yield text.rstrip("\r\n")
