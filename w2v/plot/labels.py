"""Labels of points, without overlap; labels and values of the cells of a matrix; legends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from w2v._format import format_fixed
from w2v.plot.figure import Canvas
from w2v.plot.fonts import display_label, font_families_for, set_words, suppress_glyph_warnings

Array = npt.NDArray[Any]

_POINT = 1 / 72  # inch
_MIN_FONT_SIZE = 3.2  # points; where labels would be smaller, only every second, third, ... is kept

# Candidate positions of a label: directions around its point, and distances in each direction.
_DIRECTIONS = 16
_STEPS = 40
_CANDIDATES = 48  # the nearest free positions, whose costs are compared


# ---- Labels of points ----------------------------------------------------------------------------


def place_labels(
    points: Array,
    sizes: Array,
    area: tuple[float, float],
    gap: float,
    lines: Array | None = None,
) -> tuple[Array, Array]:
    """Find positions for labels beside their points, so that no two labels overlap.

    Each label in turn takes the cheapest of the `_CANDIDATES` nearest free positions, out of
    `_DIRECTIONS` × `_STEPS` around its point. A position is cheap if it is near, covers no other
    point, and its line to the point crosses no label. Nothing is random.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        From the lower left corner of the area, in any unit (the same for all arguments).
    sizes : ndarray, shape (n, 2)
        Width and height of each label.
    area : (float, float)
        Width and height of the area that labels must stay in.
    gap : float
        Minimum distance of a label from a point.
    lines : ndarray, shape (m, 4), optional
        Lines that labels should not cover, each from (x0, y0) to (x1, y1).

    Returns
    -------
    corners : ndarray, shape (n, 2)
        The lower left corner of each label; NaN where no position was free.
    needs_line : ndarray of bool, shape (n,)
        Whether a label is so far from its point that a line should connect them.
    """
    count = len(points)
    corners = np.full((count, 2), np.nan)
    needs_line = np.zeros(count, bool)
    boxes = np.empty((0, 4))  # x0, y0, x1, y1 of the labels placed so far
    lines = np.empty((0, 4)) if lines is None else lines
    angles = np.arange(_DIRECTIONS) * (2 * np.pi / _DIRECTIONS)
    compass = np.stack([np.cos(angles), np.sin(angles)], axis=1)  # right first, then upwards
    height = float(np.median(sizes[:, 1])) if count else 0.0
    # Steps grow with the distance: fine near the point, and reaching across most of the area.
    reach = gap + height * (np.arange(_STEPS) / 2 + (np.arange(_STEPS) / 12) ** 3)
    for i in range(count):
        half = sizes[i] / 2
        # The label touches, from outside, an ellipse-like shape around its point.
        offsets = compass[None, :, :] * (half + reach[:, None, None])
        centers = points[i] + offsets.reshape(-1, 2)
        distance = np.repeat(reach, _DIRECTIONS)
        inside = ((centers - half >= 0) & (centers + half <= area)).all(axis=1)
        centers, distance = centers[inside], distance[inside]
        candidates = np.concatenate([centers - half, centers + half], axis=1)
        free = np.flatnonzero(~_overlap(candidates, boxes).any(axis=1))[:_CANDIDATES]
        candidates, distance = candidates[free], distance[free]
        if not len(candidates):
            continue
        ends = np.clip(points[i], candidates[:, :2], candidates[:, 2:])
        leaders = np.concatenate([np.broadcast_to(points[i], ends.shape), ends], axis=1)
        spots = np.concatenate([points - gap / 2, points + gap / 2], axis=1)
        cost = distance / height
        cost += 3.0 * _overlap(candidates, np.delete(spots, i, axis=0)).sum(axis=1)
        cost += 4.0 * _crossings(leaders, boxes, axis=1)
        cost += 4.0 * _crossings(lines, candidates, axis=0)
        best = int(np.argmin(cost))
        corners[i] = candidates[best, :2]
        needs_line[i] = distance[best] > gap + 0.75 * height
        boxes = np.concatenate([boxes, candidates[best : best + 1]])
        if needs_line[i]:
            lines = np.concatenate([lines, leaders[best : best + 1]])
    return corners, needs_line


def _overlap(a: Array, b: Array) -> Array:
    """Return which boxes of `a` overlap which of `b`, shape (len(a), len(b))."""
    apart = (a[:, None, :2] >= b[None, :, 2:]) | (b[None, :, :2] >= a[:, None, 2:])
    return cast("Array", ~apart.any(axis=2))


def _crossings(lines: Array, boxes: Array, axis: int) -> Array:
    """Count the boxes that each line crosses (axis 1), or the lines that cross each box (0)."""
    if not len(lines) or not len(boxes):
        return np.zeros(len(lines) if axis else len(boxes))
    starts, spans = lines[:, None, :2], (lines[:, 2:] - lines[:, :2])[:, None]
    spans = np.where(np.abs(spans) < 1e-9, 1e-9, spans)
    one, other = ((boxes[None, :, k : k + 2] - starts) / spans for k in (0, 2))
    enter = np.minimum(one, other).max(axis=2)  # along the line, 0 at its start and 1 at its end
    leave = np.maximum(one, other).min(axis=2)
    crossed = (enter < leave) & (leave > 0) & (enter < 1)
    return cast("Array", crossed.sum(axis=axis))


def label_points(
    canvas: Canvas,
    points: Array,
    words: Sequence[str],
    colors: Sequence[str],
    size: float,
    fonts: list[str],
    lines: Array | None = None,
) -> int:
    """Write words beside points of the axes, without overlap; return how many had no room.

    `lines`, shape (m, 4), and `points` are in the units of the axes, `size` in points of a font.
    """
    axes, style = canvas.axes, canvas.style
    texts = [
        axes.text(x, y, display_label(word), ha="left", va="bottom", clip_on=False)
        for (x, y), word in zip(points, words, strict=True)
    ]
    set_words(texts, fonts, fontsize=size)
    for text, color in zip(texts, colors, strict=True):
        text.set_color(color)
        text.set_in_layout(False)
    canvas.size(last=True)  # positions are measured after the last layout
    with suppress_glyph_warnings():
        extents = [text.get_window_extent() for text in texts]
    frame = axes.get_window_extent()
    pixel = canvas.figure.dpi * _POINT
    sizes = np.array([[box.width, box.height] for box in extents]) + np.array(
        [2 * pixel, 0.5 * pixel]
    )
    origin = np.array([frame.x0, frame.y0])
    on_screen = axes.transData.transform(points)
    if lines is not None:
        ends = axes.transData.transform(lines.reshape(-1, 2)) - origin
        lines = ends.reshape(-1, 4)
    area = frame.width, frame.height
    corners, needs_line = place_labels(on_screen - origin, sizes, area, 3.0 * pixel, lines)
    to_data = axes.transData.inverted()
    without_room = 0
    for text, corner, box, far, point in zip(
        texts, corners, sizes, needs_line, on_screen, strict=True
    ):
        if np.isnan(corner).any():
            text.remove()
            without_room += 1
            continue
        start = corner + origin
        text.set_position(to_data.transform(start + np.array([pixel, 0.25 * pixel])))
        if far:
            end = np.clip(point, start, start + box)
            (x0, y0), (x1, y1) = to_data.transform([point, end])
            axes.plot([x0, x1], [y0, y1], color=style.muted, linewidth=0.4, zorder=1)
    return without_room


# ---- Labels and values of cells ------------------------------------------------------------------


def label_cells(canvas: Canvas, words: Sequence[str], sides: str) -> tuple[float, float]:
    """Write the words beside rows ("y"), columns ("x") or both ("yx"), in the largest size.

    Returns the width and height of a cell in points.
    """
    axes, count = canvas.axes, len(words)
    names = [display_label(word) for word in words]
    fonts = font_families_for(words)
    inches = {"x": canvas.figure.get_figwidth(), "y": canvas.figure.get_figheight()}
    sizes = {side: min(9.0, 0.8 * 72 * inches[side] / count) for side in sides}  # a first estimate
    if "x" in sides:
        axes.tick_params(axis="x", labelrotation=90)
    for final in (False, True):
        for side in sides:
            size = max(sizes[side], _MIN_FONT_SIZE)
            step = math.ceil(round(_MIN_FONT_SIZE / sizes[side], 3))
            set_ticks = axes.set_yticks if side == "y" else axes.set_xticks
            set_ticks(range(0, count, step), names[::step])
            labels = axes.get_yticklabels() if side == "y" else axes.get_xticklabels()
            set_words(labels, fonts, fontsize=size, color=canvas.style.text)
            axes.tick_params(axis=side, length=0, pad=2)
        if not final:  # the room depends on the size of the labels themselves
            width, height = canvas.size(last=True)
            room = {"x": width / count, "y": height / count}
            sizes = {side: min(sizes[side], 0.88 * room[side]) for side in sides}
    return width / axes.images[0].get_array().shape[1], height / count


def write_values(canvas: Canvas, values: Array, image: Any, cell: float) -> None:
    """Write each value into its cell if cells are large enough; `cell` is the size in points."""
    largest = float(np.abs(values).max())
    digits = 2 if largest < 10 else 1 if largest < 100 else 0
    texts = [[format_fixed(value, digits).replace("-", "−") for value in row] for row in values]
    longest = max(len(text) for row in texts for text in row)
    size = min(8.0, 0.85 * cell / (0.62 * longest))
    if size < 5.0:
        return
    shades = image.cmap(image.norm(values))[..., :3] @ [0.2126, 0.7152, 0.0722]
    for i, row in enumerate(texts):
        for j, text in enumerate(row):
            ink = "#14171c" if shades[i, j] > 0.45 else "#ffffff"
            canvas.axes.text(j, i, text, ha="center", va="center", fontsize=size, color=ink)


# ---- Legends -------------------------------------------------------------------------------------


def add_legend(
    canvas: Canvas,
    handles: Sequence[Any],
    names: Sequence[str],
    fonts: list[str],
    outside: bool = False,
) -> None:
    """Add a legend within the axes, or `outside`, at the right of them."""
    placement: dict[str, Any] = {"handlelength": 1.6}
    if outside:
        placement = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0), "handlelength": 0.8}
    # The space: matplotlib omits names that begin with an underscore.
    labels = [f" {display_label(name)}" for name in names]
    legend = canvas.axes.legend(handles, labels, frameon=False, fontsize=8, **placement)
    set_words(legend.get_texts(), fonts, color=canvas.style.text)
