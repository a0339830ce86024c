"""Accuracy of vectors: analogies and word similarity, with the same code for every system."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from w2v import KeyedVectors

Floats = npt.NDArray[np.float32]
Score = tuple[float, int]  # score, and number of questions or pairs

_MOST_FREQUENT = 30_000


def scores(
    words: Sequence[str], vectors: Floats, questions: Path | None, pairs: Sequence[Path]
) -> dict[str, Score]:
    """Return the score of each test file; words must be in order of descending frequency.

    Analogies: accuracy of 3CosAdd over all sections, restricted to the 30,000 most frequent words.
    Similarity: Spearman correlation. Both ignore case.
    """
    if not np.isfinite(vectors).all():
        raise ValueError("the vectors are not finite")
    wv = KeyedVectors(words, vectors)
    found: dict[str, Score] = {}
    if questions:
        total = wv.evaluate_analogies(questions, restrict_vocab=_MOST_FREQUENT).total
        if not total.evaluated:
            raise ValueError(f"{questions}: no question has all its words in the vocabulary")
        found["analogies"] = total.accuracy, total.evaluated
    for path in pairs:
        report = wv.evaluate_pairs(path, restrict_vocab=None)
        if report.evaluated < 3:
            raise ValueError(f"{path}: only {report.evaluated} of its pairs are in the vocabulary")
        found[path.stem] = report.spearman, report.evaluated
    return found
