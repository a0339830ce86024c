"""Scores of vectors whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest
from benchmark_helpers import (
    QUESTIONS,
    VECTORS,
    WORDS,
    module,
    written,
)


def test_analogies_right_wrong_and_not_asked(tmp_path):
    path = written(tmp_path, QUESTIONS)
    found = module("training.accuracy").scores(WORDS, VECTORS, path, [])
    # The emperor is unknown; an apple is wrong; a king that was given may not be the answer.
    assert found == {"analogies": (0.5, 4)}


def test_analogies_leave_rare_words_out(tmp_path, monkeypatch):
    monkeypatch.setattr(module("training.accuracy"), "_MOST_FREQUENT", 4)
    path = written(tmp_path, QUESTIONS)
    assert module("training.accuracy").scores(WORDS, VECTORS, path, []) == {"analogies": (2 / 3, 3)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("man woman king", "line 1 is 'man woman king': expected four words"),
        (": only\na section", "line 2"),
        ("dog cat mouse rat", "no question has all its words"),
        ("", "no analogy questions found"),
    ],
)
def test_questions_that_are_none(tmp_path, text, expected):
    path = written(tmp_path, text)
    with pytest.raises(ValueError, match=expected) as error:
        module("training.accuracy").scores(WORDS, VECTORS, path, [])
    assert str(path) in str(error.value)


def fan(degrees: list[float]) -> np.ndarray:
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


@pytest.mark.parametrize(
    ("text", "expected", "asked"),
    [
        ("# head\na\tb\t9\na\tc\t8\na\td\t7\na\te\t6.5\n", 1.0, 4),
        ("A,b,1\nA,c,2\na,D,3\na,E,10\n", -1.0, 4),
        # Columns between and after, headings, an unknown word; ranks 1 2 4 3: 1 - 6 * 2 / (4 * 15).
        ("w1 w2 POS mean sd\na b N 9 1\na c N 8 2\na d V 6 3\na e V 7 4\na x V 1 5\n", 0.8, 4),
    ],
)
def test_similarity_is_spearmans_correlation(tmp_path, text, expected, asked):
    path = written(tmp_path, text, "pairs.tsv")
    words, vectors = ["a", "b", "c", "d", "e"], fan([0, 10, 30, 60, 100])
    vectors *= np.array([[1], [9], [2], [5], [3]], np.float32)
    found = module("training.accuracy").scores(words, vectors, None, [path])
    assert found == {"pairs": (pytest.approx(expected), asked)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b 1\na c\n", "line 2 is 'a c': expected two words and a number"),
        ("a b 1\na c much\n", "line 2"),
        ("a b 1\na c 2\nx y 3\n", "only 2 of its pairs"),
    ],
)
def test_pairs_that_are_none(tmp_path, text, expected):
    path = written(tmp_path, text)
    with pytest.raises(ValueError, match=expected) as error:
        module("training.accuracy").scores(["a", "b", "c"], fan([0, 10, 20]), None, [path])
    assert str(path) in str(error.value)


def test_vectors_that_are_not_finite_get_no_score(tmp_path):
    vectors = VECTORS.copy()
    vectors[2, 1] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        module("training.accuracy").scores(WORDS, vectors, written(tmp_path, QUESTIONS), [])
