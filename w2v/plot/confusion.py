"""The confusion matrix of a classifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from w2v.plot.figure import add_colorbar, chart, draw_cells, open_canvas
from w2v.plot.heatmaps import matrix_side
from w2v.plot.labels import label_cells, write_values

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@chart
def confusion_matrix(
    counts: npt.ArrayLike,
    labels: Sequence[Any],
    *,
    style: str = "light",
    title: str | None = None,
    figsize: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw a confusion matrix: how the texts of each class (row) were classified.

    Parameters
    ----------
    counts : array_like of int, shape (classes, classes)
        How many texts of the class of the row were predicted to be of the class of the column.
    labels : sequence, length classes
        The names of the classes.
    {appearance}

    Returns
    -------
    matplotlib Figure
        Cells show fractions of the texts of their row.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    ValueError
        `counts` is not a square matrix with one row per label, or the style is unknown.
    """
    matrix = np.asarray(counts)
    names = [str(label) for label in labels]
    if matrix.shape != (len(names), len(names)) or not names:
        raise ValueError(
            f"counts has shape {matrix.shape}: expected one row and one column for each of "
            f"{len(names)} labels, at least one"
        )
    totals = matrix.sum(axis=1, keepdims=True)
    fractions = np.divide(matrix, totals, out=np.zeros(matrix.shape), where=totals > 0)
    side = matrix_side(len(names))
    default = max(3.6, side + 2.2), max(2.6, side + 1.3)
    canvas = open_canvas(style, title, figsize or default, ax)
    image = draw_cells(canvas, fractions, "sequential", 0.0, 1.0)
    canvas.axes.set_xlabel("predicted class", fontsize=9)
    canvas.axes.set_ylabel("true class", fontsize=9)
    add_colorbar(canvas, image, "fraction of the true class")
    write_values(canvas, fractions, image, min(label_cells(canvas, names, "yx")))
    return cast("Figure", canvas.figure)
