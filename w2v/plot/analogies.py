"""Analogies as arrows between pairs of words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from w2v._format import format_fixed
from w2v.plot.figure import chart, open_canvas, set_equal_scale
from w2v.plot.fonts import font_families_for
from w2v.plot.labels import label_points
from w2v.plot.words import cosines, find_rows, fix_signs, float_vectors
from w2v.vectors.keyed_vectors import KeyedVectors

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = npt.NDArray[Any]


@chart
def analogy(
    wv: KeyedVectors,
    pairs: Sequence[tuple[str, str]],
    *,
    style: str = "light",
    title: str | None = None,
    figsize: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw an arrow from the first to the second word of each pair: king to queen, man to woman.

    The plane is spanned by the direction that the differences share (their first singular vector,
    drawn rightwards) and the direction at right angles to it in which the means of the pairs vary
    most. Both axes have the same scale, so arrows are as parallel as they look in this plane.

    Parameters
    ----------
    wv : KeyedVectors
    pairs : sequence of (str, str)
        At least one; pairs may share words.
    {appearance}

    Returns
    -------
    matplotlib Figure
        The line below the axes says how parallel the differences are in all dimensions (the mean of
        their cosines), and what fraction of their squared length the plane shows.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    KeyError
        Words are not in the vocabulary; the message names them all.
    TypeError, ValueError
        No pairs, a repeated pair, a pair of equal words, not a pair, or an unknown style.

    Notes
    -----
    Vectors are scaled to length 1 first, as in `KeyedVectors.most_similar`. A plane chosen to show
    differences makes any differences look more parallel than they are; the numbers below the axes
    correct that impression.
    """
    checked = _check_pairs(pairs)
    words = list(dict.fromkeys(word for pair in checked for word in pair))
    row = {word: i for i, word in enumerate(words)}
    sides = [[row[pair[side]] for pair in checked] for side in (0, 1)]
    vectors = float_vectors(wv, find_rows(wv, words), words, normalize=True)
    starts, ends = (vectors[side] for side in sides)
    differences = ends - starts
    plane = _analogy_plane(differences, (starts + ends) / 2)
    points = (vectors - vectors.mean(axis=0)) @ plane.T

    canvas = open_canvas(style, title, figsize or (6.5, max(4.0, 0.28 * len(words) + 2.0)), ax)
    axes, palette = canvas.axes, canvas.style.palette
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_xlabel(_note(differences, plane), fontsize=8)
    axes.set_ylabel("")
    for number, (start, end) in enumerate(checked):
        axes.annotate(
            "",
            xy=tuple(points[row[end]]),
            xytext=tuple(points[row[start]]),
            arrowprops={
                "arrowstyle": "-|>",
                "color": palette[number % len(palette)],
                "linewidth": 1.2,
                "shrinkA": 3,
                "shrinkB": 3,
                "mutation_scale": 10,
            },
        )
    axes.scatter(*points.T, s=12, color=canvas.style.text, linewidths=0, zorder=3)
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.12 * float((high - low).max()) or 1.0
    set_equal_scale(canvas, (low + high) / 2, (high - low) + np.array([4.4, 2.0]) * margin)
    axes.set_aspect("equal", adjustable="box")
    colors = [canvas.style.text] * len(words)
    arrows = np.hstack([points[side] for side in sides])
    label_points(canvas, points, words, colors, 9, font_families_for(words), arrows)
    return cast("Figure", canvas.figure)


def _check_pairs(pairs: Iterable[Any]) -> list[tuple[str, str]]:
    checked: list[tuple[str, str]] = []
    for pair in pairs:
        if isinstance(pair, (str, bytes)) or not isinstance(pair, Sequence) or len(pair) != 2:
            raise TypeError(f"pair {pair!r}: expected two words, as in ('king', 'queen')")
        if pair[0] == pair[1]:
            raise ValueError(f"pair {tuple(pair)!r}: expected two different words")
        if tuple(pair) in checked:
            raise ValueError(f"pair {tuple(pair)!r} is given twice: expected each pair once")
        checked.append((pair[0], pair[1]))
    if not checked:
        raise ValueError("pairs is empty: expected at least one pair, as in ('king', 'queen')")
    return checked


def _analogy_plane(differences: Array, means: Array) -> Array:
    """Return two orthonormal rows: the direction that differences share, and that of the means."""
    shared = np.linalg.svd(differences, full_matrices=False)[2][0]
    if (differences @ shared).sum() < 0:
        shared = -shared
    spread = means - means.mean(axis=0) if len(means) > 1 else means
    spread = spread - np.outer(spread @ shared, shared)
    across = fix_signs(np.linalg.svd(spread, full_matrices=False)[2][:1])[0]
    across = across - (across @ shared) * shared
    length = float(np.linalg.norm(across))
    return np.stack([shared, across / length if length > 1e-9 else np.zeros_like(across)])


def _note(differences: Array, plane: Array) -> str:
    """Return the line below the axes: what the plane shows, and how parallel differences are."""
    total = float((differences**2).sum())
    fraction = float(((differences @ plane.T) ** 2).sum()) / total if total else 0.0
    note = f"plane shows {fraction:.0%} of the differences"
    if len(differences) > 1:
        mean = float(cosines(differences)[np.triu_indices(len(differences), 1)].mean())
        note += f"; mean cosine between them in all dimensions {format_fixed(mean, 2)}"
    return note
