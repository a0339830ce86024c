"""Evaluation of predicted labels: accuracy, per-class metrics, confusion matrix."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from w2v.sequence.labels import Label, check_labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class ClassificationReport:
    """Accuracy, per-class metrics and confusion matrix of predicted labels.

    Attributes
    ----------
    classes : list
        All labels that appear, sorted.
    confusion_matrix : ndarray of int64, shape (classes, classes)
        How many texts of each class (row) were predicted as each class (column).
    """

    classes: list[Label]
    confusion_matrix: npt.NDArray[np.int64]

    @property
    def accuracy(self) -> float:
        """Fraction of correct predictions."""
        return float(np.trace(self.confusion_matrix) / self.confusion_matrix.sum())

    @property
    def support(self) -> npt.NDArray[np.int64]:
        """Number of texts of each class."""
        return cast("npt.NDArray[np.int64]", self.confusion_matrix.sum(axis=1))

    @property
    def precision(self) -> npt.NDArray[np.float64]:
        """Precision of each class; NaN for a class that was never predicted."""
        return _ratio(np.diag(self.confusion_matrix), self.confusion_matrix.sum(axis=0))

    @property
    def recall(self) -> npt.NDArray[np.float64]:
        """Recall of each class; NaN for a class without texts."""
        return _ratio(np.diag(self.confusion_matrix), self.support)

    @property
    def f1(self) -> npt.NDArray[np.float64]:
        """F1 score of each class: the harmonic mean of precision and recall."""
        both = self.support + self.confusion_matrix.sum(axis=0)
        return _ratio(2 * np.diag(self.confusion_matrix), both)

    def plot(
        self,
        *,
        style: str = "light",
        title: str | None = None,
        figsize: tuple[float, float] | None = None,
        ax: Axes | None = None,
    ) -> Figure:
        """Plot the confusion matrix: for each class (row), the fraction predicted as each class.

        Parameters
        ----------
        style : {"light", "dark"}
        title : str, optional
        figsize : (float, float), optional
            Width and height in inches; default: grows with the number of classes.
        ax : matplotlib Axes, optional
            Axes to draw on; default: a new figure.

        Returns
        -------
        matplotlib Figure

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        from w2v.plot import confusion_matrix

        return confusion_matrix(
            self.confusion_matrix, self.classes, style=style, title=title, figsize=figsize, ax=ax
        )


def classification_report(y_true: Iterable[Label], y_pred: Iterable[Any]) -> ClassificationReport:
    """Compare predicted labels with the true ones.

    Parameters
    ----------
    y_true : iterable of str, int or bool
        True labels.
    y_pred : iterable of str, int or bool
        Predicted labels, as `SequenceClassifier.predict` returns them.

    Returns
    -------
    ClassificationReport

    Raises
    ------
    TypeError
        If labels have different types.
    ValueError
        If there are no labels, or the numbers of true and predicted labels differ.
    """
    _, expected = check_labels(y_true)
    _, found = check_labels(y_pred)
    if len(expected) != len(found) or not expected:
        raise ValueError(
            f"{len(expected):,} true labels but {len(found):,} predicted labels: expected equally "
            "many, and at least one"
        )
    _, both = check_labels([*expected, *found])
    classes = sorted(set(both))
    index = {label: i for i, label in enumerate(classes)}
    confusion = np.zeros((len(classes), len(classes)), np.int64)
    rows, columns = ([index[label] for label in labels] for labels in (expected, found))
    np.add.at(confusion, (rows, columns), 1)
    return ClassificationReport(classes, confusion)


def _ratio(part: npt.NDArray[Any], whole: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(part / whole, np.float64)
