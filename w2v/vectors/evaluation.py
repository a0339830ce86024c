"""How good vectors are: analogies and word similarity, with how much of a test was asked.

All questions are asked together, in tiles: the cosines of the words that occur in them are computed
once, and a question's scores are sums or products of three of these rows.
"""

from __future__ import annotations

import dataclasses
import math
import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from w2v._types import FloatArray, PathLike
from w2v._validation import at_least
from w2v.io.evaluation_sets import AnalogyQuestion, QuestionSection, read_pairs, read_questions

if TYPE_CHECKING:
    from w2v.vectors.base import BaseKeyedVectors

Rows = npt.NDArray[np.intp]

METHODS = ("3cosadd", "3cosmul")
_SIMILARITY_FUNCTIONS = {"most_similar": "3cosadd", "most_similar_cosmul": "3cosmul"}
_EPSILON = np.float32(1e-6)  # keeps 3CosMul from dividing by zero, as in gensim
_BATCH = 256  # questions scored together
_TILE = 1024  # words searched together; with a batch of questions they fit into a core's cache
_COSINES = 1 << 24  # numbers; the cosines of a tile are at most so many


@dataclass(frozen=True)
class AnalogySection:
    """How many questions of a section were answered rightly, were asked, and were left out.

    Attributes
    ----------
    name : str
    correct, evaluated : int
    skipped : int
        Questions left out, because a word of theirs is not among those searched.
    """

    name: str
    correct: int
    evaluated: int
    skipped: int

    @property
    def accuracy(self) -> float:
        """``correct / evaluated``; NaN where nothing was asked."""
        return self.correct / self.evaluated if self.evaluated else math.nan

    @property
    def coverage(self) -> float:
        """The share of the questions that were asked; times `accuracy`, that of all answered."""
        total = self.evaluated + self.skipped
        return self.evaluated / total if total else math.nan


@dataclass(frozen=True)
class AnalogyReport:
    """What `evaluate_analogies` found.

    Attributes
    ----------
    file : str
    method : {"3cosadd", "3cosmul"}
    sections : tuple of AnalogySection
        In the order of the file.
    """

    file: str
    method: str
    sections: tuple[AnalogySection, ...]

    @property
    def total(self) -> AnalogySection:
        """All sections together."""
        counts = [(s.correct, s.evaluated, s.skipped) for s in self.sections]
        return AnalogySection("total", *(sum(column) for column in zip(*counts, strict=True)))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain Python values; None where there is no figure."""
        told = [
            {
                **dataclasses.asdict(section),
                "accuracy": _or_none(section.accuracy),
                "coverage": _or_none(section.coverage),
            }
            for section in (*self.sections, self.total)
        ]
        return {
            "file": self.file,
            "method": self.method,
            "sections": told[:-1],
            "total": told[-1],
        }


@dataclass(frozen=True)
class WordSimilarityReport:
    """What `evaluate_pairs` found: how cosines correlate with human judgement.

    Attributes
    ----------
    file : str
    spearman, spearman_p, pearson, pearson_p : float
        Rank and linear correlation, each with its two-sided p-value. NaN where fewer than three
        pairs were asked, or all judgements or all cosines are equal.
    evaluated, skipped : int
        Pairs compared, and those left out because a word is not among those searched.
    """

    file: str
    spearman: float
    spearman_p: float
    pearson: float
    pearson_p: float
    evaluated: int
    skipped: int

    @property
    def coverage(self) -> float:
        """The share of the pairs that were asked."""
        return self.evaluated / (self.evaluated + self.skipped)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain Python values; None where there is no figure."""
        figures = {**dataclasses.asdict(self), "coverage": self.coverage}
        return {k: _or_none(v) if isinstance(v, float) else v for k, v in figures.items()}


# ---- Analogies -----------------------------------------------------------------------------------


def evaluate_analogies(
    wv: BaseKeyedVectors,
    path: PathLike,
    *,
    method: str = "3cosadd",
    restrict_vocab: int | None = 300_000,
    case_insensitive: bool = True,
) -> AnalogyReport:
    """Ask analogy questions; see `KeyedVectors.evaluate_analogies`."""
    if method not in METHODS:
        raise ValueError(f"method={method!r}: expected one of {', '.join(map(repr, METHODS))}")
    words = _Searched(wv, restrict_vocab, case_insensitive)
    sections = read_questions(path)
    graded = _grade(words, sections, method)
    return AnalogyReport(
        os.fspath(path),
        method,
        tuple(
            AnalogySection(section.name, marks.count(True), len(known), marks.count(None))
            for section, marks in zip(sections, graded, strict=True)
            for known in [[mark for mark in marks if mark is not None]]
        ),
    )


def evaluate_word_analogies(
    wv: BaseKeyedVectors,
    analogies: PathLike,
    restrict_vocab: int | None = 300_000,
    case_insensitive: bool = True,
    dummy4unknown: bool = False,
    similarity_function: str = "most_similar",
) -> tuple[float, list[dict[str, Any]]]:
    """Ask analogy questions; see `KeyedVectors.evaluate_word_analogies`."""
    method = _SIMILARITY_FUNCTIONS.get(similarity_function)
    if method is None:
        names = ", ".join(map(repr, _SIMILARITY_FUNCTIONS))
        raise ValueError(f"similarity_function={similarity_function!r}: expected one of {names}")
    words = _Searched(wv, restrict_vocab, case_insensitive)
    sections = read_questions(analogies)
    told: list[dict[str, Any]] = []
    for section, marks in zip(sections, _grade(words, sections, method), strict=True):
        correct: list[tuple[str, ...]] = []
        incorrect: list[tuple[str, ...]] = []
        for question, mark in zip(section.questions, marks, strict=True):
            if mark is None and not dummy4unknown:
                continue
            quadruple = words.spelled(question)
            (correct if mark else incorrect).append(quadruple)
        told.append({"section": section.name, "correct": correct, "incorrect": incorrect})
    total = {
        "section": "Total accuracy",
        "correct": [quadruple for section in told for quadruple in section["correct"]],
        "incorrect": [quadruple for section in told for quadruple in section["incorrect"]],
    }
    right, asked = len(total["correct"]), len(total["correct"]) + len(total["incorrect"])
    return right / asked if asked else 0.0, [*told, total]


class _Searched:
    """The words that are asked for and searched, and which of them are one word but for case."""

    def __init__(self, wv: BaseKeyedVectors, restrict_vocab: int | None, case_insensitive: bool):
        self.wv = wv
        self.rows = len(wv)
        if restrict_vocab is not None:
            self.rows = min(self.rows, at_least(1, "restrict_vocab", restrict_vocab))
        finite = np.isfinite(wv.norms[: self.rows])
        if not finite.all():
            row = int(finite.argmin())
            raise ValueError(
                f"the vector of {wv.index_to_key[row]!r} (row {row:,}) holds NaN, infinity or "
                "numbers too large to square: no figure could be trusted"
            )
        self.fold: Callable[[str], str] = str.upper if case_insensitive else str
        # The first of several spellings stands for all: the most frequent one, as words stand.
        self.first: dict[str, int] = {}
        folded = map(self.fold, wv.index_to_key[: self.rows])
        setdefault = self.first.setdefault
        self.spelling: Rows = np.fromiter(
            (setdefault(word, row) for row, word in enumerate(folded)), np.intp, self.rows
        )

    def find(self, word: str) -> int | None:
        return self.first.get(self.fold(word))

    def spelled(self, question: AnalogyQuestion) -> tuple[str, str, str, str]:
        """Return the four words as they are compared, of several those that are known."""
        a, bs, c, answers = question
        b, answer = (
            next((word for word in words if self.find(word) is not None), words[0])
            for words in (bs, answers)
        )
        fold = self.fold
        return fold(a), fold(b), fold(c), fold(answer)

    def unit(self, rows: slice | Rows) -> FloatArray:
        """Return the vectors of some rows, scaled to length 1; zeros stay zeros."""
        norms = self.wv.norms[rows, None]
        return np.divide(self.wv.vectors[rows], np.where(norms > 0, norms, 1), dtype=np.float32)


def _grade(
    words: _Searched, sections: Sequence[QuestionSection], method: str
) -> list[list[bool | None]]:
    """Return for each question whether it was answered rightly; None where it was not asked."""
    asked: list[tuple[int, int, int]] = []
    expected: list[list[int]] = []
    known: list[list[bool]] = []
    find = words.find
    for section in sections:
        marks = []
        for question in section.questions:
            a, c = find(question.a), find(question.c)
            b = next((row for row in map(find, question.b) if row is not None), None)
            answers = [row for row in map(find, question.answers) if row is not None]
            if a is None or b is None or c is None or not answers:
                marks.append(False)
                continue
            marks.append(True)
            asked.append((a, b, c))
            expected.append(answers)
        known.append(marks)
    given = np.array(asked, np.intp).reshape(-1, 3)
    right = iter(
        [
            found in answers
            for found, answers in zip(_answer(words, given, method).tolist(), expected, strict=True)
        ]
    )
    return [[next(right) if one else None for one in marks] for marks in known]


def _answer(words: _Searched, given: Rows, method: str) -> Rows:
    """Return the answer to each question, as the first row of its spelling; -1: none is left.

    Parameters
    ----------
    given : ndarray of intp, shape (questions, 3)
        Rows of a, b and c.
    """
    best = np.full(len(given), -np.inf, np.float32)
    found = np.full(len(given), -1, np.intp)
    if not len(given):
        return found
    used, places = np.unique(given, return_inverse=True)
    a, b, c = np.ascontiguousarray(places.reshape(given.shape).T)
    asked = words.unit(used)
    width = max(64, min(_TILE, _COSINES // len(used)))
    excluded = _Excluded(words, given, width)
    buffers = np.empty((2, _BATCH * width), np.float32)
    for first in range(0, words.rows, width):
        cosines = asked @ words.unit(slice(first, min(first + width, words.rows))).T
        scores_of = _adding(cosines) if method == "3cosadd" else _multiplying(cosines)
        columns = cosines.shape[1]
        for start in range(0, len(given), _BATCH):
            some = slice(start, min(start + _BATCH, len(given)))
            count = some.stop - start
            # A view into the same memory each time: fresh memory would cost as much as the sums.
            scores, spare = buffers[:, : count * columns].reshape(2, count, columns)
            scores_of((a[some], b[some], c[some]), scores, spare)
            scores[excluded.of(first, start)] = -np.inf
            at = scores.argmax(axis=1)
            value = scores[np.arange(count), at]
            better = value > best[some]  # of equal scores the first row's stands
            best[some][better] = value[better]
            found[some][better] = at[better] + first
    return np.where(found >= 0, words.spelling[found], -1)


_Scores = Callable[[tuple[Rows, Rows, Rows], FloatArray, FloatArray], None]


def _adding(cosines: FloatArray) -> _Scores:
    """3CosAdd: cos(x, b) - cos(x, a) + cos(x, c) (Mikolov, Yih and Zweig, 2013)."""

    def write(given: tuple[Rows, Rows, Rows], scores: FloatArray, spare: FloatArray) -> None:
        a, b, c = given
        np.take(cosines, b, axis=0, out=scores, mode="clip")
        scores -= np.take(cosines, a, axis=0, out=spare, mode="clip")
        scores += np.take(cosines, c, axis=0, out=spare, mode="clip")

    return write


def _multiplying(cosines: FloatArray) -> _Scores:
    """3CosMul: s(x, b) s(x, c) / (s(x, a) + 1e-6), s = (1 + cos) / 2 (Levy and Goldberg, 2014)."""
    shifted = np.clip((1 + cosines) / 2, 0, 1)
    inverse = 1 / (shifted + _EPSILON)

    def write(given: tuple[Rows, Rows, Rows], scores: FloatArray, spare: FloatArray) -> None:
        a, b, c = given
        np.take(shifted, b, axis=0, out=scores, mode="clip")
        scores *= np.take(shifted, c, axis=0, out=spare, mode="clip")
        scores *= np.take(inverse, a, axis=0, out=spare, mode="clip")

    return write


class _Excluded:
    """Which words are no answers to which questions: a, b and c, in any spelling.

    gensim takes the first of the five nearest that is none of the three; where five spellings of
    these are nearest it gives up, and this goes on.
    """

    def __init__(self, words: _Searched, given: Rows, width: int):
        order = np.argsort(words.spelling, kind="stable")
        spelled = words.spelling[order]
        firsts = np.searchsorted(spelled, given.ravel(), "left")
        counts = np.searchsorted(spelled, given.ravel(), "right") - firsts
        questions = np.repeat(np.repeat(np.arange(len(given)), 3), counts)
        steps = np.arange(len(questions)) - np.repeat(np.cumsum(counts) - counts, counts)
        rows = order[np.repeat(firsts, counts) + steps]
        self.width, self.batches = width, -(-len(given) // _BATCH)
        block = (rows // width) * self.batches + questions // _BATCH
        by_block = np.argsort(block, kind="stable")
        blocks = -(-words.rows // width) * self.batches
        self.bounds = np.searchsorted(block[by_block], np.arange(blocks + 1))
        self.places = questions[by_block] % _BATCH, rows[by_block] % width

    def of(self, first: int, start: int) -> tuple[Rows, Rows]:
        """Return the places in the scores of words from `first` on, for questions from `start`."""
        block = first // self.width * self.batches + start // _BATCH
        part = slice(self.bounds[block], self.bounds[block + 1])
        return self.places[0][part], self.places[1][part]


# ---- Word pairs ----------------------------------------------------------------------------------


def evaluate_pairs(
    wv: BaseKeyedVectors,
    path: PathLike,
    *,
    delimiter: str | None = None,
    encoding: str = "utf8",
    restrict_vocab: int | None = 300_000,
    case_insensitive: bool = True,
) -> WordSimilarityReport:
    """Compare with judged word pairs; see `KeyedVectors.evaluate_pairs`."""
    words = _Searched(wv, restrict_vocab, case_insensitive)
    judged, cosines = _compared(words, path, delimiter, encoding)
    known = np.isfinite(cosines)
    asked = int(known.sum())
    rank: Any = (math.nan, math.nan)
    line: Any = rank
    if asked >= 3:
        rank, line = _correlations(judged[known], cosines[known])
    return WordSimilarityReport(
        os.fspath(path),
        spearman=float(rank[0]),
        spearman_p=float(rank[1]),
        pearson=float(line[0]),
        pearson_p=float(line[1]),
        evaluated=asked,
        skipped=len(judged) - asked,
    )


def evaluate_word_pairs(
    wv: BaseKeyedVectors,
    pairs: PathLike,
    delimiter: str | None = "\t",
    encoding: str = "utf8",
    restrict_vocab: int | None = 300_000,
    case_insensitive: bool = True,
    dummy4unknown: bool = False,
) -> tuple[Any, Any, float]:
    """Compare with judged word pairs; see `KeyedVectors.evaluate_word_pairs`."""
    words = _Searched(wv, restrict_vocab, case_insensitive)
    judged, cosines = _compared(words, pairs, delimiter, encoding)
    unknown = np.isnan(cosines)
    ratio = float(unknown.mean()) * 100
    if dummy4unknown:
        cosines[unknown] = 0.0
    else:
        judged, cosines = judged[~unknown], cosines[~unknown]
    if len(judged) < 2:
        raise ValueError(
            f"{os.fspath(pairs)}: only {len(judged)} of its {len(unknown):,} pairs have both words "
            f"among the {words.rows:,} searched: expected at least 2 to correlate"
        )
    rank, line = _correlations(judged, cosines)
    return line, rank, ratio


def _compared(
    words: _Searched, path: PathLike, delimiter: str | None, encoding: str
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the judgement and the cosine of each pair; NaN where a word is unknown."""
    pairs = read_pairs(path, delimiter, encoding)
    judged = np.array([pair.rating for pair in pairs])
    rows = [(words.find(pair.first), words.find(pair.second)) for pair in pairs]
    known = np.array([one is not None and other is not None for one, other in rows])
    places = np.array([both for both in rows if None not in both], np.intp).reshape(-1, 2)
    one, other = (words.wv.vectors[column].astype(np.float64) for column in places.T)
    products = np.einsum("ij,ij->i", one, other)
    squares = np.einsum("ij,ij->i", one, one) * np.einsum("ij,ij->i", other, other)
    cosines = np.full(len(pairs), np.nan)
    cosines[known] = products / np.sqrt(np.where(squares > 0, squares, 1))
    return judged, cosines


def _correlations(
    judged: npt.NDArray[np.float64], cosines: npt.NDArray[np.float64]
) -> tuple[Any, Any]:
    """Return Spearman's and Pearson's correlation, each with its p-value."""
    from scipy import stats

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.ConstantInputWarning)  # NaN says so
        warnings.simplefilter("ignore", stats.NearConstantInputWarning)
        return stats.spearmanr(judged, cosines), stats.pearsonr(judged, cosines)


def _or_none(figure: float) -> float | None:
    return None if math.isnan(figure) else figure
