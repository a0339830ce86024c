"""Evaluation sets after each epoch."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

from w2v._types import PathLike
from w2v.io.evaluation_sets import read_pairs, read_questions
from w2v.training.callbacks import Callback

if TYPE_CHECKING:
    from w2v.training.word2vec import Word2Vec
    from w2v.vectors.evaluation import AnalogyReport, WordSimilarityReport


class _Evaluation(Callback):
    """Keeps a score of each epoch, and adds it to the record of the epoch."""

    def __init__(self, path: PathLike, name: str | None, arguments: dict[str, Any]) -> None:
        self.path = os.fspath(path)
        self.name = os.path.splitext(os.path.basename(self.path))[0] if name is None else name
        self.arguments = arguments
        self.scores: list[float] = []
        self.metrics = {}

    def _keep(self, score: float) -> None:
        self.scores.append(score)
        self.metrics = {self.name: score}

    def state(self) -> dict[str, Any]:
        """Return the scores."""
        return {"scores": [None if math.isnan(score) else score for score in self.scores]}

    def restore(self, state: dict[str, Any]) -> None:
        """Take the scores back."""
        self.scores = [math.nan if score is None else float(score) for score in state["scores"]]


class EvaluateAnalogies(_Evaluation):
    """Answers a file of analogy questions after each epoch.

    The accuracy is in `scores`, and in the record of the epoch: in the history of the result and of
    the model, in the log, in the output of `w2v train --json`.

    Parameters
    ----------
    path : str or path-like
        A file such as ``questions-words.txt``; see `KeyedVectors.evaluate_analogies`.
    name : str, optional
        The name of the score in a record; default that of the file, without extension.
    **arguments
        Of `KeyedVectors.evaluate_analogies`, such as ``restrict_vocab=30_000``.

    Attributes
    ----------
    scores : list of float
        One for each epoch: the share of the questions whose words are known that was answered
        correctly; NaN if no question has known words.
    report : AnalogyReport or None
        The latest.

    Raises
    ------
    ValueError, OSError
        If the file cannot be read or has an invalid line.

    Examples
    --------
    >>> from w2v import Word2Vec
    >>> from w2v.callbacks import EvaluateAnalogies
    >>> questions = EvaluateAnalogies("questions-words.txt")  # doctest: +SKIP
    >>> model = Word2Vec("corpus.txt", callbacks=[questions])  # doctest: +SKIP
    >>> questions.scores  # doctest: +SKIP
    [0.157, 0.272, 0.344, 0.386, 0.404]
    """

    report: AnalogyReport | None = None

    def __init__(self, path: PathLike, name: str | None = None, **arguments: Any) -> None:
        super().__init__(path, name, arguments)
        read_questions(self.path)  # what is wrong with it is said before hours of training

    def on_epoch_end(self, model: Word2Vec) -> None:
        """Answer the questions."""
        self.report = model.wv.evaluate_analogies(self.path, **self.arguments)
        self._keep(self.report.total.accuracy)


class EvaluatePairs(_Evaluation):
    """Compares similarities of pairs of words with human ratings after each epoch.

    The correlation is in `scores`, and in the record of the epoch; see `EvaluateAnalogies`.

    Parameters
    ----------
    path : str or path-like
        A file such as ``wordsim353.tsv``; see `KeyedVectors.evaluate_pairs`.
    name : str, optional
        The name of the score in a record; default that of the file, without extension.
    **arguments
        Of `KeyedVectors.evaluate_pairs`, such as ``delimiter=","``.

    Attributes
    ----------
    scores : list of float
        One for each epoch: Spearman's rank correlation; NaN if there are too few pairs.
    report : WordSimilarityReport or None
        The latest.

    Raises
    ------
    ValueError, OSError
        If the file cannot be read or has an invalid line.
    """

    report: WordSimilarityReport | None = None

    def __init__(self, path: PathLike, name: str | None = None, **arguments: Any) -> None:
        super().__init__(path, name, arguments)
        read_pairs(self.path, arguments.get("delimiter"), arguments.get("encoding", "utf8"))

    def on_epoch_end(self, model: Word2Vec) -> None:
        """Compare the pairs."""
        self.report = model.wv.evaluate_pairs(self.path, **self.arguments)
        self._keep(self.report.spearman)
