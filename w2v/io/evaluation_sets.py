"""Files that vectors are tested with: analogy questions and judged word pairs.

Analogies come in three forms, told apart by their first line: Google's and word2vec's (sections,
four words a line), MSR's (three words a line, the answers in a file of their own) and BATS (a
relation a file: a word and its answers a line). This only reads; `evaluation` asks.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from w2v._types import PathLike
from w2v.io.atomic import looks_binary, recognise

_BOM = "\ufeff"
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


class Question(NamedTuple):
    """``a`` is to ``b`` as ``c`` is to one of the answers; where `b` has several, any will do."""

    a: str
    b: tuple[str, ...]
    c: str
    answers: tuple[str, ...]


class Section(NamedTuple):
    """Questions that are told together."""

    name: str
    questions: list[Question]


class Pair(NamedTuple):
    """Two words and how similar people found them."""

    first: str
    second: str
    judgement: float


# ---- Analogies -----------------------------------------------------------------------------------


def read_questions(path: PathLike) -> list[Section]:
    """Read analogy questions of any of the three forms.

    Parameters
    ----------
    path : str or path-like
        A file of Google's form; an MSR file of questions, beside its ``.answers``; a file of a BATS
        relation, or a directory of them (``*.txt``, at any depth).

    Returns
    -------
    list of Section
        In the order of the file; of a directory, by path.

    Raises
    ------
    ValueError
        A line is not what the form has there, or there is no question; the message names both
        file and line.
    OSError
        A file cannot be read.
    """
    if os.path.isdir(path):
        files = sorted(file for file in Path(path).rglob("*.txt") if file.is_file())
        sections = [Section(file.stem, _relation(file)) for file in files]
        expected = "*.txt files, one for each relation, as BATS has them"
    else:
        sections = _sections(path)
        expected = "lines of four words, 'Athens Greece Oslo Norway'"
    if not any(section.questions for section in sections):
        raise ValueError(f"{os.fspath(path)}: no question is in it: expected {expected}")
    return sections


def _sections(path: PathLike) -> list[Section]:
    first = next(_lines(path), None)
    if first is None:
        return []
    fields = 0 if first[1].startswith(":") else len(first[1].split())
    if fields == 2:
        return [Section(Path(path).stem, _relation(path))]
    answers = Path(path).with_suffix(".answers")
    if fields == 3 and answers.is_file():
        return _answered(path, answers)
    return _google(path)


def _google(path: PathLike) -> list[Section]:
    sections: list[Section] = []
    for number, line in _lines(path):
        if line.startswith(":"):
            sections.append(Section(line.lstrip(": "), []))
            continue
        words = line.split()
        if len(words) != 4:
            raise _bad(path, number, line, "expected four words, or ': ' and a section's name")
        if not sections:
            sections.append(Section(Path(path).stem, []))
        a, b, c, answer = words
        sections[-1].questions.append(Question(a, (b,), c, (answer,)))
    return sections


def _answered(path: PathLike, answers: Path) -> list[Section]:
    """Read MSR's pair of files: line by line a question, and its label and answer."""
    sections: dict[str, list[Question]] = {}
    replies = list(_lines(answers))
    questions = list(_lines(path))
    if len(replies) != len(questions):
        raise ValueError(
            f"{os.fspath(path)} holds {len(questions):,} questions but {answers} "
            f"{len(replies):,} answers: expected as many"
        )
    for (number, line), (place, reply) in zip(questions, replies, strict=True):
        words = line.split()
        if len(words) != 3:
            raise _bad(path, number, line, "expected three words")
        label, _, answer = reply.rpartition(" ")
        if len(reply.split()) > 2:
            raise _bad(answers, place, reply, "expected a label and a word, 'JJ_JJR rougher'")
        a, b, c = words
        section = sections.setdefault(label.strip() or Path(path).stem, [])
        section.append(Question(a, (b,), c, (answer,)))
    return [Section(*both) for both in sections.items()]


def _relation(path: PathLike) -> list[Question]:
    """Read a BATS relation: each line asks for all others (Gladkova, Drozd and Matsuoka, 2016)."""
    pairs = []
    for number, line in _lines(path):
        fields = line.split()
        answers = tuple(filter(None, fields[-1].split("/")))
        if len(fields) != 2 or not answers:
            expected = "expected a word, a tab and its answers, 'album<TAB>albums/record'"
            raise _bad(path, number, line, expected)
        pairs.append((fields[0], answers))
    return [
        Question(a, b, c, answers)
        for i, (a, b) in enumerate(pairs)
        for j, (c, answers) in enumerate(pairs)
        if i != j
    ]


# ---- Pairs ---------------------------------------------------------------------------------------


def read_pairs(path: PathLike, delimiter: str | None = None, encoding: str = "utf8") -> list[Pair]:
    """Read word pairs with a human judgement of their similarity.

    A line holds two words, and after any other columns a number; the first one is taken. Lines
    that begin with ``#`` are passed over, and so is a first line of headings.

    Parameters
    ----------
    path : str or path-like
    delimiter : str, optional
        What stands between columns; by default a tab, or a comma where a line has no tab, or
        white space where it has neither.
    encoding : str, default "utf8"

    Raises
    ------
    ValueError
        A line is no pair, or there is none; the message names file and line.
    OSError
        The file cannot be read.
    """
    if delimiter == "":
        raise ValueError("delimiter='': expected what stands between columns, or None to detect it")
    pairs = []
    headings = True
    for number, line in _lines(path, encoding):
        if line.startswith("#"):
            continue
        columns = _columns(line, delimiter)
        figure = next((c for c in columns[2:] if _NUMBER.fullmatch(c)), None)
        if figure is not None and all(columns[:2]):
            pairs.append(Pair(columns[0], columns[1], float(figure)))
        elif figure is not None or not headings or len(columns) < 3:
            between = "" if delimiter is None else f" with {delimiter!r} between them"
            raise _bad(path, number, line, f"expected two words and a number{between}")
        headings = False
    if not pairs:
        raise ValueError(
            f"{os.fspath(path)}: no pair is in it: expected lines of two words and a number"
        )
    return pairs


def _columns(line: str, delimiter: str | None) -> list[str]:
    if delimiter is None:
        delimiter = "\t" if "\t" in line else "," if "," in line else None
    return [column.strip() for column in line.split(delimiter)]


# ---- Lines ---------------------------------------------------------------------------------------


def _lines(path: PathLike, encoding: str = "utf8") -> Iterator[tuple[int, str]]:
    """Yield the number and text of every line that is not empty, without its white space."""
    with open(path, "rb") as file:
        for number, raw in enumerate(file, 1):
            if looks_binary(raw) and encoding.lower().replace("-", "") == "utf8":
                raise ValueError(
                    f"{os.fspath(path)}: line {number:,} is no text: expected a text file "
                    f"({recognise(path)})"
                )
            try:
                line = raw.decode(encoding).removeprefix(_BOM).strip()
            except UnicodeDecodeError as error:
                raise ValueError(
                    f"{os.fspath(path)}: line {number:,} is not {encoding}: byte "
                    f"0x{raw[error.start]:02x} at position {error.start}; convert the file to UTF-8"
                ) from None
            if line:
                yield number, line


def _bad(path: PathLike, number: int, line: str, expected: str) -> ValueError:
    return ValueError(f"{os.fspath(path)}: line {number:,} is {line[:60]!r}: {expected}")
