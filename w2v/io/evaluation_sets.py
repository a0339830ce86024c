"""Readers of evaluation sets: analogy questions, and word pairs with similarity ratings.

Analogies come in three formats, detected from the first line: Google (sections, four words per
line), MSR (three words per line, the answers in another file) and BATS (one relation per file, a
word and its answers per line).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from w2v._types import PathLike
from w2v.io.sniff import describe_file, looks_binary

Lines = list[tuple[int, str]]  # numbers from 1, and texts

_BOM = "\ufeff"
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


class AnalogyQuestion(NamedTuple):
    """`a` is to `b` as `c` is to one of the answers; any of several `b` will do."""

    a: str
    b: tuple[str, ...]
    c: str
    answers: tuple[str, ...]


class QuestionSection(NamedTuple):
    """Questions that are scored together."""

    name: str
    questions: list[AnalogyQuestion]


class RatedPair(NamedTuple):
    """Two words and a human rating of their similarity."""

    first: str
    second: str
    rating: float


# ---- Analogies -----------------------------------------------------------------------------------


def read_questions(path: PathLike, *, invalid: list[str] | None = None) -> list[QuestionSection]:
    """Read analogy questions in any of the three formats.

    Parameters
    ----------
    path : str or path-like
        A file in Google format; an MSR file of questions, with its ``.answers`` file in the same
        directory; a BATS relation; or a directory of BATS relations (``*.txt``, recursive).
    invalid : list, optional
        Gets a message for each invalid line of Google's format, instead of an error.

    Returns
    -------
    list of QuestionSection
        In the order of the file, or sorted by path.

    Raises
    ------
    ValueError
        A line does not match the format, or there are no questions; the message names file and
        line.
    OSError
        A file cannot be read.
    """
    if os.path.isdir(path):
        files = sorted(file for file in Path(path).rglob("*.txt") if file.is_file())
        sections = [
            QuestionSection(file.stem, _read_bats(file, list(_lines(file)))) for file in files
        ]
        expected = "*.txt files with a BATS relation each"
    else:
        sections = _sections(path, invalid)
        expected = "lines of four words, 'Athens Greece Oslo Norway'"
    if not any(section.questions for section in sections):
        raise ValueError(f"{os.fspath(path)}: no analogy questions found; expected {expected}")
    return sections


def _sections(path: PathLike, invalid: list[str] | None) -> list[QuestionSection]:
    lines = list(_lines(path))  # once: it may be a pipe
    if not lines:
        return []
    first = lines[0][1]
    fields = 0 if first.startswith(":") else len(first.split())
    if fields == 2:
        return [QuestionSection(Path(path).stem, _read_bats(path, lines))]
    answers = Path(path).with_suffix(".answers")
    if fields == 3 and answers.is_file():
        return _read_msr(path, lines, answers)
    return _read_google(path, lines, invalid)


def _read_google(path: PathLike, lines: Lines, invalid: list[str] | None) -> list[QuestionSection]:
    sections: list[QuestionSection] = []
    for number, line in lines:
        if line.startswith(":"):
            sections.append(QuestionSection(line.lstrip(": "), []))
            continue
        words = line.split()
        if len(words) != 4:
            error = _bad(path, number, line, "expected four words, or ': ' and a section's name")
            if invalid is None:
                raise error
            invalid.append(str(error))
            continue
        if not sections:
            sections.append(QuestionSection(Path(path).stem, []))
        a, b, c, answer = words
        sections[-1].questions.append(AnalogyQuestion(a, (b,), c, (answer,)))
    return sections


def _read_msr(path: PathLike, questions: Lines, answers: Path) -> list[QuestionSection]:
    """Read the two files of MSR: questions, and line by line their labels and answers."""
    sections: dict[str, list[AnalogyQuestion]] = {}
    replies = list(_lines(answers))
    if len(replies) != len(questions):
        raise ValueError(
            f"{os.fspath(path)} has {len(questions):,} questions, but {answers} has "
            f"{len(replies):,} answers"
        )
    for (number, line), (answer_number, reply) in zip(questions, replies, strict=True):
        words = line.split()
        if len(words) != 3:
            raise _bad(path, number, line, "expected three words")
        label, _, answer = reply.rpartition(" ")
        if len(reply.split()) > 2:
            raise _bad(
                answers, answer_number, reply, "expected a label and a word, 'JJ_JJR rougher'"
            )
        a, b, c = words
        section = sections.setdefault(label.strip() or Path(path).stem, [])
        section.append(AnalogyQuestion(a, (b,), c, (answer,)))
    return [QuestionSection(*both) for both in sections.items()]


def _read_bats(path: PathLike, lines: Lines) -> list[AnalogyQuestion]:
    """Read a BATS relation: a question for each pair of lines (Gladkova et al., 2016)."""
    pairs = []
    for number, line in lines:
        fields = line.split()
        answers = tuple(filter(None, fields[-1].split("/")))
        if len(fields) != 2 or not answers:
            expected = "expected a word, a tab and its answers, 'album<TAB>albums/record'"
            raise _bad(path, number, line, expected)
        pairs.append((fields[0], answers))
    return [
        AnalogyQuestion(a, b, c, answers)
        for i, (a, b) in enumerate(pairs)
        for j, (c, answers) in enumerate(pairs)
        if i != j
    ]


# ---- Word pairs ----------------------------------------------------------------------------------


def read_pairs(
    path: PathLike,
    delimiter: str | None = None,
    encoding: str = "utf8",
    *,
    invalid: list[str] | None = None,
) -> list[RatedPair]:
    """Read word pairs with human similarity ratings.

    The first two columns of a line are words, and the first number in a later column is the rating.
    Lines that begin with ``#`` and a first line of headings are ignored.

    Parameters
    ----------
    path : str or path-like
    delimiter : str, optional
        Separator of columns; by default a tab if the line has one, else a comma, else white
        space.
    encoding : str, default "utf8"
    invalid : list, optional
        Gets a message for each invalid line, instead of an error.

    Raises
    ------
    ValueError
        A line is not a word pair, or the file is empty; the message names file and line.
    OSError
        The file cannot be read.
    """
    if delimiter == "":
        raise ValueError("delimiter='': expected a column separator, or None to detect it")
    pairs = []
    headings = True
    for number, line in _lines(path, encoding):
        if line.startswith("#"):
            continue
        columns = _columns(line, delimiter)
        figure = next((c for c in columns[2:] if _NUMBER.fullmatch(c)), None)
        if figure is not None and all(columns[:2]):
            pairs.append(RatedPair(columns[0], columns[1], float(figure)))
        elif figure is not None or not headings or len(columns) < 3:
            separated = "" if delimiter is None else f" separated by {delimiter!r}"
            error = _bad(path, number, line, f"expected two words and a number{separated}")
            if invalid is None:
                raise error
            invalid.append(str(error))
        headings = False
    if not pairs:
        raise ValueError(
            f"{os.fspath(path)}: no word pairs found; expected lines of two words and a number"
        )
    return pairs


def _columns(line: str, delimiter: str | None) -> list[str]:
    if delimiter is None:
        delimiter = "\t" if "\t" in line else "," if "," in line else None
    return [column.strip() for column in line.split(delimiter)]


# ---- Lines ---------------------------------------------------------------------------------------


def _lines(path: PathLike, encoding: str = "utf8") -> Iterator[tuple[int, str]]:
    """Yield the number and the text of each line that is not empty, without outer white space."""
    with open(path, "rb") as file:
        for number, raw in enumerate(file, 1):
            if looks_binary(raw) and encoding.lower().replace("-", "") == "utf8":
                raise ValueError(
                    f"{os.fspath(path)}: line {number:,} is binary; expected a text file "
                    f"({describe_file(path)})"
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
