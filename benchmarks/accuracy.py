"""How good vectors are: analogies and word similarity, the same code for every system."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Score = tuple[float, int]  # and how many questions or pairs it is made from

_MOST_FREQUENT = 30_000
_BATCH = 512


def scores(
    words: Sequence[str], vectors: Floats, questions: Path | None, pairs: Sequence[Path]
) -> dict[str, Score]:
    """Return the score of each test file; words are taken to stand by descending frequency."""
    if not np.isfinite(vectors).all():
        raise ValueError("the vectors are not finite")
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    found = {"analogies": analogies(words, unit, questions)} if questions else {}
    return found | {path.stem: similarity(words, unit, path) for path in pairs}


def analogies(words: Sequence[str], unit: Floats, path: Path) -> Score:
    """Return the share of ``a : b = c : ?`` answered rightly, over all sections together.

    Only the most frequent 30,000 words are asked for and searched. The answer is the word with the
    largest cosine to b - a + c other than a, b and c (Mikolov, Yih and Zweig, 2013).
    """
    row, unit = _fold(words[:_MOST_FREQUENT], unit)
    questions = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if line.startswith(":") or not line.strip():
            continue
        question = line.casefold().split()
        if len(question) != 4:
            raise ValueError(f"{path}, line {number}: expected four words, found {line!r}")
        if all(word in row for word in question):
            questions.append([row[word] for word in question])
    if not questions:
        raise ValueError(f"{path}: no question has all its words in the vocabulary")
    right = 0
    for first in range(0, len(questions), _BATCH):
        a, b, c, answer = np.array(questions[first : first + _BATCH]).T
        cosines = (unit[b] - unit[a] + unit[c]) @ unit.T
        for given in (a, b, c):
            cosines[np.arange(len(given)), given] = -np.inf
        right += int((cosines.argmax(axis=1) == answer).sum())
    return right / len(questions), len(questions)


def similarity(words: Sequence[str], unit: Floats, path: Path) -> Score:
    """Return Spearman's correlation of cosines with human judgement.

    A line holds two words and, after any other columns, a number; tabs, commas or blanks stand
    between. Lines with ``#`` are passed over, and so is a first line of headings.
    """
    from scipy import stats

    row, unit = _fold(words, unit)
    judged, cosines = [], []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        columns = re.split(r"[\t, ]+", line.strip().casefold())
        figure = next((c for c in columns[2:] if re.fullmatch(r"-?\d+(\.\d*)?", c)), None)
        if figure is None:
            if number > 1 and line.strip() and not line.startswith("#"):
                raise ValueError(
                    f"{path}, line {number}: expected two words and a number: {line!r}"
                )
        elif columns[0] in row and columns[1] in row and not line.startswith("#"):
            judged.append(float(figure))
            cosines.append(unit[row[columns[0]]] @ unit[row[columns[1]]])
    if len(judged) < 3:
        raise ValueError(f"{path}: only {len(judged)} of its pairs are in the vocabulary")
    return float(stats.spearmanr(judged, cosines).statistic), len(judged)


def _fold(words: Sequence[str], unit: Floats) -> tuple[dict[str, int], Floats]:
    """Drop case: of the spellings of a word, the most frequent one stands for it."""
    first: dict[str, int] = {}
    for i, word in enumerate(words):
        first.setdefault(word.casefold(), i)
    return {word: row for row, word in enumerate(first)}, unit[list(first.values())]
