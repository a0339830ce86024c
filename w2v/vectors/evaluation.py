"""Evaluation of word vectors by analogies and word similarity, with the coverage of each test.

All questions are answered together, in tiles: the cosines of the words that occur in them are
computed once, and the scores of a question are sums or products of three rows of these cosines.
"""

from __future__ import annotations

import dataclasses
import math
import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v._types import FloatArray, PathLike
from w2v._validation import at_least
from w2v.io.evaluation_sets import AnalogyQuestion, QuestionSection, read_pairs, read_questions
from w2v.vectors.base import BaseKeyedVectors, normalized_rows

Rows = npt.NDArray[np.intp]

METHODS = ("3cosadd", "3cosmul")
_SIMILARITY_FUNCTIONS = {"most_similar": "3cosadd", "most_similar_cosmul": "3cosmul"}
_EPSILON = np.float32(1e-6)  # avoids division by zero in 3CosMul, as in gensim
_BATCH = 256  # questions scored together
_TILE = 1024  # words searched together; the scores of a batch then fit the cache of a core
_MAX_COSINES = 1 << 24  # floats in the cosines of a tile


@dataclass(frozen=True)
class AnalogySection:
    """Numbers of correct, evaluated and skipped questions in a section.

    Attributes
    ----------
    name : str
    correct, evaluated : int
    skipped : int
        Questions not evaluated, because one of their words is not in the searched vocabulary.
    """

    name: str
    correct: int
    evaluated: int
    skipped: int

    @property
    def accuracy(self) -> float:
        """``correct / evaluated``; NaN if no question was evaluated."""
        return self.correct / self.evaluated if self.evaluated else math.nan

    @property
    def coverage(self) -> float:
        """Fraction of the questions that were evaluated; NaN without questions."""
        total = self.evaluated + self.skipped
        return self.evaluated / total if total else math.nan


@dataclass(frozen=True)
class AnalogyReport:
    """Result of `KeyedVectors.evaluate_analogies`.

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
        """Return the report as plain Python values, with None in place of NaN."""
        sections = [
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
            "sections": sections[:-1],
            "total": sections[-1],
        }


@dataclass(frozen=True)
class WordSimilarityReport:
    """Result of `KeyedVectors.evaluate_pairs`: correlation of cosines with human scores.

    Attributes
    ----------
    file : str
    spearman, spearman_p, pearson, pearson_p : float
        Rank and linear correlation, each with its two-sided p-value. NaN if fewer than three
        pairs were evaluated, or all scores or all cosines are equal.
    evaluated, skipped : int
        Pairs evaluated, and pairs with a word that is not in the searched vocabulary.
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
        """Fraction of the pairs that were evaluated."""
        return self.evaluated / (self.evaluated + self.skipped)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain Python values, with None in place of NaN."""
        values = {**dataclasses.asdict(self), "coverage": self.coverage}
        return {k: _or_none(v) if isinstance(v, float) else v for k, v in values.items()}


# ---- Analogies -----------------------------------------------------------------------------------


def evaluate_analogies(
    wv: BaseKeyedVectors,
    path: PathLike,
    *,
    method: str = "3cosadd",
    restrict_vocab: int | None = 300_000,
    case_insensitive: bool = True,
) -> AnalogyReport:
    """Evaluate analogies; see `KeyedVectors.evaluate_analogies`."""
    if method not in METHODS:
        raise ValueError(f"method={method!r}: expected one of {', '.join(map(repr, METHODS))}")
    words = _SearchVocabulary(wv, restrict_vocab, case_insensitive)
    sections = read_questions(path)
    marks_of_sections = _score_sections(words, sections, method)
    return AnalogyReport(
        os.fspath(path),
        method,
        tuple(
            AnalogySection(
                section.name,
                correct=marks.count(True),
                evaluated=len(marks) - marks.count(None),
                skipped=marks.count(None),
            )
            for section, marks in zip(sections, marks_of_sections, strict=True)
        ),
    )


def evaluate_word_analogies(
    wv: BaseKeyedVectors,
    analogies: PathLike,
    restrict_vocab: int | None = 300_000,
    case_insensitive: bool = True,
    dummy4unknown: bool = False,
    similarity_function: str = "most_similar",
    *,
    invalid: list[str] | None = None,
) -> tuple[float, list[dict[str, Any]]]:
    """Evaluate analogies like gensim; see `KeyedVectors.evaluate_word_analogies`.

    `invalid` gets a message for each invalid line, instead of an error.
    """
    method = _SIMILARITY_FUNCTIONS.get(similarity_function)
    if method is None:
        names = ", ".join(map(repr, _SIMILARITY_FUNCTIONS))
        raise ValueError(f"similarity_function={similarity_function!r}: expected one of {names}")
    words = _SearchVocabulary(wv, restrict_vocab, case_insensitive)
    sections = read_questions(analogies, invalid=invalid)
    results: list[dict[str, Any]] = []
    for section, marks in zip(sections, _score_sections(words, sections, method), strict=True):
        correct: list[tuple[str, ...]] = []
        incorrect: list[tuple[str, ...]] = []
        for question, mark in zip(section.questions, marks, strict=True):
            if mark is None and not dummy4unknown:
                continue
            (correct if mark else incorrect).append(words.normalize_question(question))
        results.append({"section": section.name, "correct": correct, "incorrect": incorrect})
    total = {
        "section": "Total accuracy",
        "correct": [words for section in results for words in section["correct"]],
        "incorrect": [words for section in results for words in section["incorrect"]],
    }
    n_correct, n_incorrect = len(total["correct"]), len(total["incorrect"])
    evaluated = n_correct + n_incorrect
    return n_correct / evaluated if evaluated else 0.0, [*results, total]


class _SearchVocabulary:
    """The words that are searched, and which of them are the same word except for case."""

    def __init__(self, wv: BaseKeyedVectors, restrict_vocab: int | None, case_insensitive: bool):
        self.wv = wv = wv._words_only()
        self.rows = len(wv)
        if restrict_vocab is not None:
            self.rows = min(self.rows, at_least(1, "restrict_vocab", restrict_vocab))
        finite = np.isfinite(wv.norms[: self.rows])
        if not finite.all():
            row = int(finite.argmin())
            raise ValueError(
                f"the vector of {wv.index_to_key[row]!r} (row {row:,}) contains NaN, infinity or "
                "values whose squares overflow: expected finite vectors"
            )
        self.fold: Callable[[str], str] = str.upper if case_insensitive else str
        # Several spellings are represented by the first, usually the most frequent one.
        self.first: dict[str, int] = {}
        folded = map(self.fold, wv.index_to_key[: self.rows])
        setdefault = self.first.setdefault
        self.spelling: Rows = np.fromiter(
            (setdefault(word, row) for row, word in enumerate(folded)), np.intp, self.rows
        )

    def find(self, word: str) -> int | None:
        """Return the first row of a spelling of the word, or None."""
        return self.first.get(self.fold(word))

    def normalize_question(self, question: AnalogyQuestion) -> tuple[str, str, str, str]:
        """Return four words, upper-cased unless case matters; known ones if there are several."""
        a, bs, c, answers = question
        b, answer = (
            next((word for word in words if self.find(word) is not None), words[0])
            for words in (bs, answers)
        )
        fold = self.fold
        return fold(a), fold(b), fold(c), fold(answer)


def _score_sections(
    words: _SearchVocabulary, sections: Sequence[QuestionSection], method: str
) -> list[list[bool | None]]:
    """Return whether each question is answered correctly; None if a word is unknown."""
    rows: list[tuple[int, int, int]] = []
    expected: list[list[int]] = []
    known: list[list[bool]] = []
    find = words.find
    for section in sections:
        known_questions = []
        for question in section.questions:
            a, c = find(question.a), find(question.c)
            b = next((row for row in map(find, question.b) if row is not None), None)
            answers = [row for row in map(find, question.answers) if row is not None]
            if a is None or b is None or c is None or not answers:
                known_questions.append(False)
                continue
            known_questions.append(True)
            rows.append((a, b, c))
            expected.append(answers)
        known.append(known_questions)
    found = _best_answers(words, np.array(rows, np.intp).reshape(-1, 3), method)
    correct = iter(
        [answer in answers for answer, answers in zip(found.tolist(), expected, strict=True)]
    )
    return [[next(correct) if one else None for one in questions] for questions in known]


def _best_answers(words: _SearchVocabulary, given: Rows, method: str) -> Rows:
    """Return the answer to each question, as the first row of its spelling, or -1.

    Parameters
    ----------
    given : ndarray of intp, shape (questions, 3)
        Rows of a, b and c.
    """
    best = np.full(len(given), -np.inf, np.float32)
    found = np.full(len(given), -1, np.intp)
    if not len(given):
        return found
    used, positions = np.unique(given, return_inverse=True)
    a, b, c = np.ascontiguousarray(positions.reshape(given.shape).T)
    used_vectors = normalized_rows(words.wv, used)
    width = max(64, min(_TILE, _MAX_COSINES // len(used)))
    excluded = _Excluded(words, given, width)
    buffers = np.empty((2, _BATCH * width), np.float32)
    for first in range(0, words.rows, width):
        tile = slice(first, min(first + width, words.rows))
        cosines = used_vectors @ normalized_rows(words.wv, tile).T
        write_scores = _cosadd(cosines) if method == "3cosadd" else _cosmul(cosines)
        columns = cosines.shape[1]
        for start in range(0, len(given), _BATCH):
            batch = slice(start, min(start + _BATCH, len(given)))
            count = batch.stop - start
            # The buffers are reused: new memory would cost as much as the sums.
            scores, scratch = buffers[:, : count * columns].reshape(2, count, columns)
            write_scores((a[batch], b[batch], c[batch]), scores, scratch)
            scores[excluded.positions(first, start)] = -np.inf
            column = scores.argmax(axis=1)
            value = scores[np.arange(count), column]
            better = value > best[batch]  # the first row wins a tie
            best[batch][better] = value[better]
            found[batch][better] = column[better] + first
    return np.where(found >= 0, words.spelling[found], -1)


_WriteScores = Callable[[tuple[Rows, Rows, Rows], FloatArray, FloatArray], None]


def _cosadd(cosines: FloatArray) -> _WriteScores:
    """3CosAdd: cos(x, b) - cos(x, a) + cos(x, c) (Mikolov, Yih and Zweig, 2013)."""

    def write(given: tuple[Rows, Rows, Rows], scores: FloatArray, scratch: FloatArray) -> None:
        a, b, c = given
        np.take(cosines, b, axis=0, out=scores, mode="clip")
        scores -= np.take(cosines, a, axis=0, out=scratch, mode="clip")
        scores += np.take(cosines, c, axis=0, out=scratch, mode="clip")

    return write


def _cosmul(cosines: FloatArray) -> _WriteScores:
    """3CosMul: s(x, b) s(x, c) / (s(x, a) + 1e-6), s = (1 + cos) / 2 (Levy and Goldberg, 2014)."""
    shifted = np.clip((1 + cosines) / 2, 0, 1)
    inverse = 1 / (shifted + _EPSILON)

    def write(given: tuple[Rows, Rows, Rows], scores: FloatArray, scratch: FloatArray) -> None:
        a, b, c = given
        np.take(shifted, b, axis=0, out=scores, mode="clip")
        scores *= np.take(shifted, c, axis=0, out=scratch, mode="clip")
        scores *= np.take(inverse, a, axis=0, out=scratch, mode="clip")

    return write


class _Excluded:
    """The words that cannot answer a question: a, b and c, in any spelling.

    gensim looks for an answer among the five nearest words only, and counts the question as wrong
    if all of them are spellings of a, b and c.
    """

    def __init__(self, words: _SearchVocabulary, given: Rows, width: int):
        order = np.argsort(words.spelling, kind="stable")
        by_spelling = words.spelling[order]
        firsts = np.searchsorted(by_spelling, given.ravel(), "left")
        counts = np.searchsorted(by_spelling, given.ravel(), "right") - firsts
        questions = np.repeat(np.repeat(np.arange(len(given)), 3), counts)
        steps = np.arange(len(questions)) - np.repeat(np.cumsum(counts) - counts, counts)
        rows = order[np.repeat(firsts, counts) + steps]
        self.width, self.batches = width, -(-len(given) // _BATCH)
        tile = (rows // width) * self.batches + questions // _BATCH
        by_tile = np.argsort(tile, kind="stable")
        tiles = -(-words.rows // width) * self.batches
        self.bounds = np.searchsorted(tile[by_tile], np.arange(tiles + 1))
        self.query, self.column = questions[by_tile] % _BATCH, rows[by_tile] % width

    def positions(self, first: int, start: int) -> tuple[Rows, Rows]:
        """Return the positions in the scores of words from `first`, for questions from `start`."""
        tile = first // self.width * self.batches + start // _BATCH
        bounds = slice(self.bounds[tile], self.bounds[tile + 1])
        return self.query[bounds], self.column[bounds]


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
    """Evaluate word similarity; see `KeyedVectors.evaluate_pairs`."""
    words = _SearchVocabulary(wv, restrict_vocab, case_insensitive)
    human_scores, cosines = _scores_and_cosines(words, path, delimiter, encoding)
    known = np.isfinite(cosines)
    evaluated = int(known.sum())
    spearman: Any = (math.nan, math.nan)
    pearson: Any = spearman
    if evaluated >= 3:
        spearman, pearson = _correlations(human_scores[known], cosines[known])
    return WordSimilarityReport(
        os.fspath(path),
        spearman=float(spearman[0]),
        spearman_p=float(spearman[1]),
        pearson=float(pearson[0]),
        pearson_p=float(pearson[1]),
        evaluated=evaluated,
        skipped=len(human_scores) - evaluated,
    )


def evaluate_word_pairs(
    wv: BaseKeyedVectors,
    pairs: PathLike,
    delimiter: str | None = "\t",
    encoding: str = "utf8",
    restrict_vocab: int | None = 300_000,
    case_insensitive: bool = True,
    dummy4unknown: bool = False,
    *,
    invalid: list[str] | None = None,
) -> tuple[Any, Any, float]:
    """Evaluate word similarity like gensim; see `KeyedVectors.evaluate_word_pairs`.

    `invalid` gets a message for each invalid line, instead of an error.
    """
    words = _SearchVocabulary(wv, restrict_vocab, case_insensitive)
    human_scores, cosines = _scores_and_cosines(words, pairs, delimiter, encoding, invalid)
    unknown = np.isnan(cosines)
    ratio = float(unknown.mean()) * 100
    if dummy4unknown:
        cosines[unknown] = 0.0
    else:
        human_scores, cosines = human_scores[~unknown], cosines[~unknown]
    if len(human_scores) < 2:
        raise ValueError(
            f"{os.fspath(pairs)}: only {len(human_scores)} of {len(unknown):,} pairs have both "
            f"words among the {words.rows:,} searched: a correlation needs at least 2"
        )
    spearman, pearson = _correlations(human_scores, cosines)
    return pearson, spearman, ratio


def _scores_and_cosines(
    words: _SearchVocabulary,
    path: PathLike,
    delimiter: str | None,
    encoding: str,
    invalid: list[str] | None = None,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the human score and the cosine of each pair; NaN if a word is unknown."""
    pairs = read_pairs(path, delimiter, encoding, invalid=invalid)
    human_scores = np.array([pair.rating for pair in pairs])
    rows = [(words.find(pair.first), words.find(pair.second)) for pair in pairs]
    known = np.array([one is not None and other is not None for one, other in rows])
    known_rows = np.array([both for both in rows if None not in both], np.intp).reshape(-1, 2)
    one, other = (words.wv._state.vectors[column].astype(np.float64) for column in known_rows.T)
    products = np.einsum("ij,ij->i", one, other)
    squares = np.einsum("ij,ij->i", one, one) * np.einsum("ij,ij->i", other, other)
    cosines = np.full(len(pairs), np.nan)
    cosines[known] = products / np.sqrt(np.where(squares > 0, squares, 1))
    return human_scores, cosines


def _correlations(
    human_scores: npt.NDArray[np.float64], cosines: npt.NDArray[np.float64]
) -> tuple[Any, Any]:
    """Return the Spearman and the Pearson correlation, each with its p-value."""
    from scipy import stats

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.ConstantInputWarning)  # the result is NaN
        warnings.simplefilter("ignore", stats.NearConstantInputWarning)
        return stats.spearmanr(human_scores, cosines), stats.pearsonr(human_scores, cosines)


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value
