"""Matrices as colored cells: words by dimensions, words by words, words by hidden units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from w2v._validation import one_of
from w2v.plot.figure import add_colorbar, chart, draw_cells, open_canvas
from w2v.plot.labels import label_cells, write_values
from w2v.plot.words import cosines, find_rows, float_vectors, word_list
from w2v.vectors.keyed_vectors import KeyedVectors
from w2v.vectors.metrics import SCIPY_NAMES, SIMILARITIES, check_metric

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = npt.NDArray[Any]

_ORDERS = ("similarity", "given")
_MAX_WORDS = 1000  # more take minutes and gigabytes, and are not legible
_MAX_NAMED_COLUMNS = 40  # with more columns, the axis has numbers in place of a name per column


@chart
def heatmap(
    wv: KeyedVectors,
    words: Sequence[str],
    dimensions: int | Sequence[int] | None = None,
    *,
    order: str = "similarity",
    order_dimensions: bool = False,
    norm: bool = False,
    style: str = "light",
    title: str | None = None,
    figsize: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw the vectors of words as rows of colored cells, one column per dimension.

    Words with similar vectors are neighbors and share bands of color.

    Parameters
    ----------
    wv : KeyedVectors
    words : sequence of str
        From 2 to 1,000 different words. If they do not all fit, only every second, third, ... word
        is labeled.
    dimensions : int or sequence of int, optional
        How many of the first dimensions to show, or which ones. Default: all.
    order : {"similarity", "given"}
        "similarity" makes words neighbors if their whole vectors have a high cosine (average
        linkage with optimal leaf ordering: Bar-Joseph et al., 2001); "given" keeps the order of
        `words`.
    order_dimensions : bool, default False
        Order the columns in the same way, by their cosines over the words shown.
    norm : bool, default False
        Scale each vector to length 1 first, as for cosines.
    {appearance}

    Returns
    -------
    matplotlib Figure
        Zero has the color of the background. The scale is symmetric and covers all but one in 200
        values (an arrow at an end of the color bar means that there are values beyond it).

    Raises
    ------
    ImportError
        matplotlib is not installed.
    KeyError
        Words are not in the vocabulary; the message names them all.
    TypeError, ValueError
        Too few or too many words, a repeated word, an invalid dimension, or an unknown order or
        style.
    """
    one_of(_ORDERS, "order", order)
    words = word_list(words)
    rows = find_rows(wv, words, _MAX_WORDS)
    columns = _columns(wv, dimensions)
    vectors = float_vectors(wv, rows, words, normalize=norm)
    if order == "similarity":
        arranged = leaf_order(cosines(vectors))
        vectors, words = vectors[arranged], [words[i] for i in arranged]
    values = vectors[:, columns]
    if order_dimensions and len(columns) > 1:
        arranged = leaf_order(cosines(values.T))
        values, columns = values[:, arranged], columns[arranged]

    canvas = open_canvas(style, title, figsize or _size_of_rows(values), ax)
    limit = float(np.quantile(np.abs(values), 0.995)) or float(np.abs(values).max()) or 1.0
    beyond = bool((values > limit).any()), bool((values < -limit).any())
    extend = {(1, 1): "both", (1, 0): "max", (0, 1): "min", (0, 0): "neither"}[beyond]
    image = draw_cells(canvas, values, "diverging", -limit, limit, stretch=True)
    canvas.axes.set_xlabel("dimension, by similarity" if order_dimensions else "dimension")
    consecutive = not order_dimensions and (dimensions is None or isinstance(dimensions, int))
    _name_columns(canvas.axes, columns, consecutive)
    add_colorbar(canvas, image, "value", extend)
    label_cells(canvas, words, "y")
    return cast("Figure", canvas.figure)


@chart
def similarity_matrix(
    wv: KeyedVectors,
    words: Sequence[str],
    metric: str = "cosine",
    *,
    order: str = "similarity",
    style: str = "light",
    title: str | None = None,
    figsize: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw the similarity of each pair of words as a colored cell.

    Parameters
    ----------
    wv : KeyedVectors
    words : sequence of str
        From 2 to 1,000 different words; see `heatmap`.
    metric : {"cosine", "dot", "euclidean", "manhattan", "chebyshev"}
        The first two are similarities, the others distances.
    order : {"similarity", "given"}
        "similarity" makes similar words neighbors, by `metric`; "given" keeps the order of
        `words`.
    {appearance}

    Returns
    -------
    matplotlib Figure
        Values are written into cells that are large enough. The scale goes from -1 to 1 for
        cosines and is symmetric about 0 for dot products; small distances have light colors.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    KeyError
        Words are not in the vocabulary; the message names them all.
    TypeError, ValueError
        Too few or too many words, a repeated word, or an unknown metric, order or style.
    """
    check_metric(metric)
    one_of(_ORDERS, "order", order)
    words = word_list(words)
    vectors = float_vectors(wv, find_rows(wv, words, _MAX_WORDS), words)
    if metric == "cosine":
        values = cosines(vectors)
    elif metric == "dot":
        values = vectors @ vectors.T
    else:
        from scipy.spatial.distance import cdist

        values = cdist(vectors, vectors, cast(Any, SCIPY_NAMES[metric]))
    is_similarity = metric in SIMILARITIES
    if order == "similarity":
        arranged = leaf_order(values if is_similarity else -values)
        values, words = values[np.ix_(arranged, arranged)], [words[i] for i in arranged]

    side = matrix_side(len(words))
    default = max(3.6, side + 2.0), max(2.6, side + 1.1)
    canvas = open_canvas(style, title, figsize or default, ax)
    limit = 1.0 if metric == "cosine" else float(np.abs(values).max()) or 1.0
    if is_similarity:
        image = draw_cells(canvas, values, "diverging", -limit, limit)
    else:
        image = draw_cells(canvas, values, "sequential", 0.0, limit)
    names = {"cosine": "cosine", "dot": "dot product"}
    add_colorbar(canvas, image, names.get(metric, f"{metric.capitalize()} distance"))
    write_values(canvas, values, image, min(label_cells(canvas, words, "yx")))
    return cast("Figure", canvas.figure)


@chart
def state_heatmap(
    words: Sequence[str],
    values: Array,
    units: int | Sequence[int] | None,
    label: str,
    *,
    signed: bool,
    limit: float | None = 1.0,
    style: str = "light",
    title: str | None = None,
    figsize: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw the hidden units of a network after each word as rows of colored cells.

    Parameters
    ----------
    words : sequence of str
        One per row of `values`, at least one.
    values : ndarray, shape (words, hidden_size)
    units : int or sequence of int, optional
        How many of the first units to show, or which ones. None: all.
    label : str
        What the values are, for the color bar.
    signed : bool
        Whether the scale goes from ``-limit`` or from 0.
    limit : float or None, default 1.0
        The end of the scale; None: the largest absolute value.
    {appearance}

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    ImportError
        matplotlib is not installed.
    ValueError
        There are no words, or a unit does not exist.
    """
    if not len(values):
        raise ValueError("there are no words: nothing to draw")
    columns = np.arange(values.shape[1])
    consecutive = units is None or isinstance(units, (int, np.integer))
    if units is not None:
        columns = np.arange(int(cast(int, units))) if consecutive else np.asarray(units, np.int64)
        wrong = [int(unit) for unit in columns if not 0 <= unit < values.shape[1]]
        if wrong or not len(columns):
            raise ValueError(
                f"units={units!r}: expected units from 0 to {values.shape[1] - 1}, at least one"
            )
    values = values[:, columns]
    canvas = open_canvas(style, title, figsize or _size_of_rows(values), ax)
    high = limit or float(np.abs(values).max()) or 1.0
    kind, low = ("diverging", -high) if signed else ("sequential", 0.0)
    image = draw_cells(canvas, values, kind, low, high, stretch=True)
    canvas.axes.set_xlabel("unit")
    _name_columns(canvas.axes, columns, consecutive)
    add_colorbar(canvas, image, label)
    label_cells(canvas, words, "y")
    return cast("Figure", canvas.figure)


def matrix_side(count: int) -> float:
    """Return the default side in inches of a square matrix of this many rows."""
    return count * (0.42 if count <= 24 else max(0.065, 10 / count))


def leaf_order(similarities: Array) -> Array:
    """Return an order of the rows of a similarity matrix in which similar rows are neighbors."""
    if len(similarities) < 3:
        return np.arange(len(similarities))
    from scipy.cluster.hierarchy import leaves_list, linkage

    above = np.triu_indices(len(similarities), 1)
    distances = np.maximum(similarities.max() - similarities[above], 0)
    tree = linkage(distances, "average", optimal_ordering=True)
    return leaves_list(tree)


def _columns(wv: KeyedVectors, dimensions: int | Sequence[int] | None) -> Array:
    """Return the numbers of the dimensions to show."""
    size = wv.vector_size
    if dimensions is None:
        return np.arange(size)
    if isinstance(dimensions, (int, np.integer)):
        if not 1 <= dimensions <= size:
            raise ValueError(f"dimensions={dimensions}: expected 1 to {size}, or a list of them")
        return np.arange(dimensions)
    columns = np.asarray(dimensions)
    if columns.ndim != 1 or not columns.size or columns.dtype.kind not in "iu":
        raise TypeError(f"dimensions={dimensions!r}: expected an integer or a list of integers")
    wrong = columns[(columns < 0) | (columns >= size)]
    if wrong.size:
        raise ValueError(f"dimension {int(wrong[0])} does not exist: expected 0 to {size - 1}")
    return columns.astype(np.intp)


def _size_of_rows(values: Array) -> tuple[float, float]:
    """Return the default size in inches of a picture with a labeled row per word."""
    count, across = values.shape
    width = across * min(0.4, max(8 / across, 0.02))
    row_height = min(0.26, max(0.075, 12 / count))  # comfortable for few, legible for hundreds
    return max(4.0, width + 2.2), max(2.0, count * row_height + 0.9)


def _name_columns(axes: Any, columns: Array, consecutive: bool) -> None:
    """Write the number of each column below it, if there are few; else number the axis."""
    if len(columns) <= _MAX_NAMED_COLUMNS:
        axes.set_xticks(range(len(columns)), [str(column) for column in columns])
        axes.tick_params(axis="x", labelsize=7)
    elif consecutive:
        axes.tick_params(axis="x", labelsize=8)
    else:
        axes.set_xticks([])
