"""How well labels were predicted: accuracy, figures of each class, who is taken for whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from w2v.sequence.labels import Label, kind_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class ClassificationReport:
    """What was predicted, against what was right.

    Attributes
    ----------
    classes : list
        All labels that occur, sorted.
    confusion_matrix : ndarray of int64, shape (classes, classes)
        How many texts of the class of the row were predicted to be of that of the column.
    """

    classes: list[Label]
    confusion_matrix: npt.NDArray[np.int64]

    @property
    def accuracy(self) -> float:
        """The share of right predictions."""
        return float(np.trace(self.confusion_matrix) / self.confusion_matrix.sum())

    @property
    def support(self) -> npt.NDArray[np.int64]:
        """Texts of each class."""
        return cast("npt.NDArray[np.int64]", self.confusion_matrix.sum(axis=1))

    @property
    def precision(self) -> npt.NDArray[np.float64]:
        """Of each class: the share of the texts predicted to be of it that are; NaN of none."""
        return _shares(np.diag(self.confusion_matrix), self.confusion_matrix.sum(axis=0))

    @property
    def recall(self) -> npt.NDArray[np.float64]:
        """Of each class: the share of its texts that are predicted to be; NaN of none."""
        return _shares(np.diag(self.confusion_matrix), self.support)

    @property
    def f1(self) -> npt.NDArray[np.float64]:
        """Of each class: the harmonic mean of precision and recall."""
        both = self.support + self.confusion_matrix.sum(axis=0)
        return _shares(2 * np.diag(self.confusion_matrix), both)

    def plot(
        self,
        *,
        style: str = "light",
        title: str | None = None,
        figsize: tuple[float, float] | None = None,
        ax: Axes | None = None,
    ) -> Figure:
        """Draw the confusion matrix: of the texts of each class (a row), the shares predicted.

        Parameters
        ----------
        style : {"light", "dark"}
        title : str, optional
        figsize : (float, float), optional
            Inches.
        ax : matplotlib Axes, optional
            Axes to draw on; default those of a new figure.

        Returns
        -------
        matplotlib Figure

        Raises
        ------
        ImportError
            matplotlib is not installed.
        """
        from w2v.plot import confusion_matrix

        return confusion_matrix(
            self.confusion_matrix, self.classes, style=style, title=title, figsize=figsize, ax=ax
        )


def classification_report(y_true: Iterable[Label], y_pred: Iterable[Any]) -> ClassificationReport:
    """Count what was predicted of each class.

    Parameters
    ----------
    y_true : iterable of labels
    y_pred : iterable of labels
        As `SequenceClassifier.predict` returns them.

    Returns
    -------
    ClassificationReport

    Raises
    ------
    TypeError
        Labels are of several types.
    ValueError
        There are none, or not as many of the one as of the other.
    """
    _, expected = kind_of(y_true)
    _, found = kind_of(y_pred)
    if len(expected) != len(found) or not expected:
        raise ValueError(
            f"{len(expected):,} right labels but {len(found):,} predicted: expected as many, and "
            "at least one"
        )
    _, both = kind_of([*expected, *found])
    classes = sorted(set(both))
    number = {label: i for i, label in enumerate(classes)}
    confusion = np.zeros((len(classes), len(classes)), np.int64)
    rows, columns = ([number[label] for label in labels] for labels in (expected, found))
    np.add.at(confusion, (rows, columns), 1)
    return ClassificationReport(classes, confusion)


def _shares(part: npt.NDArray[Any], whole: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(part / whole, np.float64)
