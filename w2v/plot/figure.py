"""What the pictures of `w2v.plotting` are made of: figures, colours, fonts, places for labels.

Nothing here knows about word vectors, and nothing touches pyplot or opens a window.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import unicodedata
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from w2v._types import PathLike
from w2v._validation import one_of, require_package
from w2v.io.atomic import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure
    from matplotlib.text import Text

Array = npt.NDArray[Any]

POINT = 1 / 72  # inch
_LONGEST = 24  # characters of a label; longer words are cut, with an ellipsis
_LEGIBLE = 3.2  # points; smaller labels are left out, all but every second, third, ...
_SIDE = 60_000  # pixels; matplotlib's own limit is 65,536


@dataclass(frozen=True)
class Style:
    """The colours of a picture."""

    background: str
    text: str
    muted: str  # axes, leader lines
    palette: tuple[str, ...]
    diverging: tuple[str, ...]  # negative, zero, positive
    sequential: tuple[str, ...]  # least to most


# Lines and points: Okabe and Ito's colours ("Color universal design", 2008), those that stand out
# from the background. Fields: blue against orange, which all kinds of colour vision tell apart.
STYLES = {
    "light": Style(
        background="#ffffff",
        text="#1f2328",
        muted="#8b929a",
        palette=("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#5c5c5c"),
        diverging=("#08306b", "#2f79b5", "#9ec9e2", "#f6f6f4", "#fdb863", "#d9660a", "#7f2704"),
        sequential=("#f6f6f4", "#9ec9e2", "#2f79b5", "#08306b"),
    ),
    "dark": Style(
        background="#14171c",
        text="#e6e8eb",
        muted="#7d858f",
        palette=("#56b4e9", "#e69f00", "#2fc79a", "#e39bc4", "#f0e442", "#f07d3a", "#b5bac0"),
        diverging=("#b3dcff", "#4a9fe0", "#1f557f", "#20242b", "#87480f", "#ea8a2e", "#ffd9a8"),
        sequential=("#20242b", "#1f557f", "#4a9fe0", "#b3dcff"),
    ),
}


# ---- Figures -------------------------------------------------------------------------------------


@dataclass
class Canvas:
    """Axes in the colours of a style, and the figure that they stand in."""

    figure: Any  # as types, matplotlib's differ from version to version
    axes: Any
    style: Style
    ours: bool  # the figure was made here

    def colours(self, kind: str) -> Colormap:
        """Return the colour map of a kind of field, "diverging" or "sequential"."""
        colors = require_package("matplotlib.colors", "w2v[plot]", "drawing")
        stops = getattr(self.style, kind)
        return cast("Colormap", colors.LinearSegmentedColormap.from_list(f"w2v-{kind}", stops))

    def size(self, last: bool = False) -> tuple[float, float]:
        """Return width and height of the axes in points, after the layout.

        With `last`, a figure of ours keeps this layout: what is still to come has its place in it,
        and a layout takes seconds where there are hundreds of labels.
        """
        # With equal scales, the first layout does not know yet how large the axes will be.
        # Images take no part in it, and colouring their cells would take most of its time.
        images = [image for image in self.axes.images if image.get_visible()]
        for image in images:
            image.set_visible(False)
        for _ in range(2 if last and self.axes.get_aspect() != "auto" else 1):
            with calm():
                self.figure.draw_without_rendering()
        for image in images:
            image.set_visible(True)
        if last and self.ours:
            self.figure.set_layout_engine("none")
        box = self.axes.get_window_extent()
        return box.width * 72 / self.figure.dpi, box.height * 72 / self.figure.dpi


def canvas(ax: Axes | None, figsize: tuple[float, float], style: str) -> Canvas:
    """Return axes to draw on: `ax`, or those of a new figure of the given size in inches."""
    module = require_package("matplotlib.figure", "w2v[plot]", "drawing")
    colours = STYLES[one_of(STYLES, "style", style)]
    if ax is None:
        if not all(np.isfinite(side) and side > 0 for side in figsize):
            raise ValueError(f"figsize={figsize!r}: expected width and height in inches, above 0")
        figure = module.Figure(figsize=figsize, dpi=150, layout="constrained")
        figure.set_facecolor(colours.background)
        axes = figure.add_subplot()
    else:
        axes, figure = ax, ax.get_figure()
    axes.set_facecolor(colours.background)
    for spine in axes.spines.values():
        spine.set_color(colours.muted)
        spine.set_linewidth(0.6)
    axes.tick_params(color=colours.muted, labelcolor=colours.text, width=0.6, length=3)
    for label in (axes.title, axes.xaxis.label, axes.yaxis.label):
        label.set_color(colours.text)
    return Canvas(figure, axes, colours, ax is None)


def colour_bar(canvas: Canvas, image: Any, label: str, extend: str = "neither") -> None:
    """Put a colour bar beside the axes, as long in inches whatever the picture's height."""
    width, height = canvas.size()
    bar = canvas.figure.colorbar(
        image,
        ax=canvas.axes,
        extend=extend,
        shrink=min(1.0, 216 / height),
        aspect=min(216.0, height) / 9,
        pad=min(0.02, 10 / width),
        anchor=(0.0, 1.0),
    )
    style = canvas.style
    bar.set_label(label, color=style.text)
    bar.ax.tick_params(color=style.muted, labelcolor=style.text, width=0.6, labelsize=8)
    bar.outline.set_edgecolor(style.muted)
    bar.outline.set_linewidth(0.6)


def save(figure: Figure, path: PathLike, *, dpi: float = 150) -> None:
    """Write a figure to a file of the kind its extension says.

    Parameters
    ----------
    figure : matplotlib Figure
    path : str or path-like
        Ends in ``.png``, ``.svg``, ``.pdf`` or another extension that matplotlib writes. Replaced
        only when all is on disk. The same SVG is written as the same bytes.
    dpi : float, default 150
        Pixels an inch.

    Raises
    ------
    ValueError
        The extension is none that matplotlib writes, or the picture is too large in pixels.
    OSError
        The destination cannot be written; what was there is unchanged.
    """
    kind = extension(path)
    if not dpi > 0:
        raise ValueError(f"dpi={dpi!r}: expected a number above 0")
    width, height = figure.get_size_inches() * dpi
    if max(width, height) > _SIDE:
        raise ValueError(
            f"{os.fspath(path)}: the picture would be {width:,.0f} × {height:,.0f} pixels, more "
            f"than {_SIDE:,} on a side; choose fewer words or a smaller dpi"
        )
    matplotlib = require_package("matplotlib", "w2v[plot]", "drawing")
    metadata = {"Date": None} if kind == "svg" else {}
    settings = {"svg.hashsalt": "w2v", "savefig.bbox": None}
    with replacing(path) as temporary, matplotlib.rc_context(settings), calm():
        figure.savefig(temporary, format=kind, dpi=dpi, metadata=metadata)


def extension(path: PathLike) -> str:
    """Return the kind of picture a file's name asks for, or raise where there is no such kind."""
    require_package("matplotlib", "w2v[plot]", "drawing")
    bases = require_package("matplotlib.backend_bases", "w2v[plot]", "drawing")
    kinds = sorted(bases.FigureCanvasBase.get_supported_filetypes())
    suffix = Path(os.fspath(path)).suffix[1:].lower()
    if suffix not in kinds:
        found = f"the extension {'.' + suffix!r} is" if suffix else "a name without extension is"
        raise ValueError(
            f"{os.fspath(path)}: {found} no kind of picture; expected one of "
            f"{', '.join('.' + kind for kind in kinds)}"
        )
    return suffix


@contextlib.contextmanager
def calm() -> Iterator[None]:
    """Keep matplotlib from telling, glyph by glyph, what `families` has told, or found out."""
    with warnings.catch_warnings(), _quiet("matplotlib.font_manager"):
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        yield


# ---- Words as labels -----------------------------------------------------------------------------


def shown(word: str) -> str:
    """Return a word as it is drawn: on one line, of bearable length, nothing invisible."""
    drawn = "".join(
        char if char == " " or unicodedata.category(char)[0] not in "CZ" else ascii(char)[1:-1]
        for char in word
    )
    return drawn if len(drawn) <= _LONGEST else drawn[: _LONGEST - 1] + "…"


def set_words(texts: Iterable[Text], fonts: list[str], **properties: Any) -> None:
    """Make texts show words: in fonts that have the characters, and no dollar begins a formula."""
    for text in texts:
        text.set_parse_math(False)
        text.set_usetex(False)
        text.set_fontfamily(fonts)
        text.set(**properties)


# Fonts that are likely to have what the usual one lacks, looked into before all others.
_LIKELY: tuple[str, ...] = (
    "noto sans cjk",
    "source han sans",
    "wenquanyi",
    "pingfang",
    "microsoft yahei",
)
_LIKELY += ("hiragino sans", "malgun", "apple sd", "droid sans fallback", "noto sans", "dejavu")


def families(words: Iterable[str]) -> list[str]:
    """Return font families that have the characters of all words, the configured ones first.

    Warns, naming them, of characters that no installed font has: they become boxes.
    """
    matplotlib = require_package("matplotlib", "w2v[plot]", "drawing")
    manager = require_package("matplotlib.font_manager", "w2v[plot]", "drawing")
    names = list(matplotlib.rcParams["font.family"])
    left = {char for word in words for char in shown(word) if char != " "}
    with _quiet("matplotlib.font_manager"):
        for name in names:
            left -= _glyphs(manager.findfont(manager.FontProperties(family=[name])), left)
    for find in (_known_fonts, _new_fonts):  # fonts installed after matplotlib made its list
        for name, path in find(manager) if left else ():
            found = _glyphs(path, left)
            if found:
                names.append(name)
                left -= found
            if not left:
                break
    if left:
        listed = " ".join(sorted(left)[:40]) + (" ..." if len(left) > 40 else "")
        warnings.warn(
            f"no installed font has {len(left):,} of the characters in these words, which will "
            f"be drawn as boxes: {listed}; install a font that has them (for Chinese, Japanese "
            "and Korean: Noto Sans CJK or WenQuanYi Zen Hei)",
            stacklevel=3,
        )
    return names


def _glyphs(path: str, characters: set[str]) -> set[str]:
    """Return those of the characters that a font file has."""
    ft2font = require_package("matplotlib.ft2font", "w2v[plot]", "drawing")
    try:
        font = ft2font.FT2Font(path)
    except (OSError, RuntimeError, ValueError):  # not scalable, or broken
        return set()
    return {char for char in characters if font.get_char_index(ord(char))}


def _known_fonts(manager: Any) -> list[tuple[str, str]]:
    """Return family and file of fonts that can be taken, the likely ones first."""
    upright: dict[str, str] = {}
    for font in manager.fontManager.ttflist:
        plain = font.style == "normal" and font.weight in (400, 500, "normal", "regular", "book")
        if plain and "last resort" not in font.name.lower():  # which has a box for everything
            upright.setdefault(font.name, font.fname)

    def place(item: tuple[str, str]) -> tuple[int, str]:
        name = item[0].lower()
        likely = (i for i, start in enumerate(_LIKELY) if name.startswith(start))
        return next(likely, len(_LIKELY)), name

    return sorted(upright.items(), key=place)


def _new_fonts(manager: Any) -> list[tuple[str, str]]:
    known = {font.fname for font in manager.fontManager.ttflist}
    before = {font.name for font in manager.fontManager.ttflist}
    for path in sorted(set(manager.findSystemFonts()) - known):
        with contextlib.suppress(OSError, RuntimeError, ValueError):
            manager.fontManager.addfont(path)
    return [item for item in _known_fonts(manager) if item[0] not in before]


@contextlib.contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Silence a logger: that a configured font is missing is told when it is used."""
    logger = logging.getLogger(name)
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


# ---- Labels beside points ------------------------------------------------------------------------

_DIRECTIONS = 16
_STEPS = 40
_LOOKED_AT = 48  # the nearest free places, whose costs are compared


def place_labels(
    points: Array,
    sizes: Array,
    area: tuple[float, float],
    gap: float,
    lines: Array | None = None,
) -> tuple[Array, Array]:
    """Find places for labels beside their points, so that no two labels overlap.

    Each label in turn takes the cheapest of the nearest free places, of `_DIRECTIONS` × `_STEPS`
    around its point: near it, covering no other point, its line crossing no label. Nothing
    is random.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        From the lower left corner of the area; any unit, the same as of the others.
    sizes : ndarray, shape (n, 2)
        Width and height of each label.
    area : (float, float)
        Width and height of what labels must stay in.
    gap : float
        The least distance of a label from a point.
    lines : ndarray, shape (m, 4), optional
        Lines that labels should not cover, each from (x0, y0) to (x1, y1).

    Returns
    -------
    corners : ndarray, shape (n, 2)
        The lower left corner of each label; NaN where no place was left.
    moved : ndarray of bool, shape (n,)
        Whether a label stands so far away that a line should lead to it.
    """
    count = len(points)
    corners = np.full((count, 2), np.nan)
    moved = np.zeros(count, bool)
    boxes = np.empty((0, 4))  # x0, y0, x1, y1 of labels that have their place
    lines = np.empty((0, 4)) if lines is None else lines
    angles = np.arange(_DIRECTIONS) * (2 * np.pi / _DIRECTIONS)
    compass = np.stack([np.cos(angles), np.sin(angles)], axis=1)  # right first, then upwards
    height = float(np.median(sizes[:, 1])) if count else 0.0
    # Steps grow with the distance: fine nearby, and reaching across most of the area.
    reach = gap + height * (np.arange(_STEPS) / 2 + (np.arange(_STEPS) / 12) ** 3)
    for i in range(count):
        half = sizes[i] / 2
        # The label touches, from outside, an ellipse-like shape around its point.
        offsets = compass[None, :, :] * (half + reach[:, None, None])
        centres = points[i] + offsets.reshape(-1, 2)
        distance = np.repeat(reach, _DIRECTIONS)
        inside = ((centres - half >= 0) & (centres + half <= area)).all(axis=1)
        centres, distance = centres[inside], distance[inside]
        found = np.concatenate([centres - half, centres + half], axis=1)
        free = np.flatnonzero(~_overlap(found, boxes).any(axis=1))[:_LOOKED_AT]
        found, distance = found[free], distance[free]
        if not len(found):
            continue
        ends = np.clip(points[i], found[:, :2], found[:, 2:])
        leaders = np.concatenate([np.broadcast_to(points[i], ends.shape), ends], axis=1)
        spots = np.concatenate([points - gap / 2, points + gap / 2], axis=1)
        cost = distance / height
        cost += 3.0 * _overlap(found, np.delete(spots, i, axis=0)).sum(axis=1)
        cost += 4.0 * _crossed(leaders, boxes)
        cost += 4.0 * _crossed(lines, found, of_boxes=True)
        best = int(np.argmin(cost))
        corners[i] = found[best, :2]
        moved[i] = distance[best] > gap + 0.75 * height
        boxes = np.concatenate([boxes, found[best : best + 1]])
        if moved[i]:
            lines = np.concatenate([lines, leaders[best : best + 1]])
    return corners, moved


def _overlap(a: Array, b: Array) -> Array:
    """Return which boxes of `a` overlap which of `b`, shape (len(a), len(b))."""
    apart = (a[:, None, :2] >= b[None, :, 2:]) | (b[None, :, :2] >= a[:, None, 2:])
    return cast("Array", ~apart.any(axis=2))


def _crossed(lines: Array, boxes: Array, of_boxes: bool = False) -> Array:
    """Count, for each line, the boxes it crosses, or for each box the lines."""
    if not len(lines) or not len(boxes):
        return np.zeros(len(boxes) if of_boxes else len(lines))
    starts, ways = lines[:, None, :2], (lines[:, 2:] - lines[:, :2])[:, None]
    ways = np.where(np.abs(ways) < 1e-9, 1e-9, ways)
    one, other = ((boxes[None, :, k : k + 2] - starts) / ways for k in (0, 2))
    enter = np.minimum(one, other).max(axis=2)  # along the line, 0 at its start and 1 at its end
    leave = np.maximum(one, other).min(axis=2)
    crossed = (enter < leave) & (leave > 0) & (enter < 1)
    return cast("Array", crossed.sum(axis=0 if of_boxes else 1))


def label_points(
    canvas: Canvas,
    points: Array,
    words: Sequence[str],
    colours: Sequence[str],
    size: float,
    fonts: list[str],
    lines: Array | None = None,
) -> int:
    """Write words beside points of the axes, none over another; return how many found no place.

    `lines`, shape (m, 4), is in the axes' units too.
    """
    axes, style = canvas.axes, canvas.style
    texts = [
        axes.text(x, y, shown(word), ha="left", va="bottom", clip_on=False)
        for (x, y), word in zip(points, words, strict=True)
    ]
    set_words(texts, fonts, fontsize=size)
    for text, colour in zip(texts, colours, strict=True):
        text.set_color(colour)
        text.set_in_layout(False)
    canvas.size(last=True)  # the layout must be over before places are measured
    with calm():
        extents = [text.get_window_extent() for text in texts]
    frame = axes.get_window_extent()
    pixel = canvas.figure.dpi * POINT
    sizes = np.array([[box.width, box.height] for box in extents]) + np.array(
        [2 * pixel, 0.5 * pixel]
    )
    origin = np.array([frame.x0, frame.y0])
    where = axes.transData.transform(points)
    if lines is not None:
        ends = axes.transData.transform(lines.reshape(-1, 2)) - origin
        lines = ends.reshape(-1, 4)
    area = frame.width, frame.height
    corners, moved = place_labels(where - origin, sizes, area, 3.0 * pixel, lines)
    back = axes.transData.inverted()
    lost = 0
    for text, corner, box, far, point in zip(texts, corners, sizes, moved, where, strict=True):
        if np.isnan(corner).any():
            text.remove()
            lost += 1
            continue
        start = corner + origin
        text.set_position(back.transform(start + np.array([pixel, 0.25 * pixel])))
        if far:
            end = np.clip(point, start, start + box)
            (x0, y0), (x1, y1) = back.transform([point, end])
            axes.plot([x0, x1], [y0, y1], color=style.muted, linewidth=0.4, zorder=1)
    return lost


# ---- What pictures share -------------------------------------------------------------------------


def scale_equally(canvas: Canvas, middle: Array, ranges: Array) -> None:
    """Set limits that show at least these ranges, an inch meaning the same on both axes."""
    size = np.array(canvas.size(last=True))
    unit = float((ranges / size).max()) or 2.0 / float(size.min())
    (x0, y0), (x1, y1) = middle - unit * size / 2, middle + unit * size / 2
    canvas.axes.set_xlim(x0, x1)
    canvas.axes.set_ylim(y0, y1)


def row_inches(count: int) -> float:
    """Return the height of a row: comfortable for few, just legible for hundreds."""
    return min(0.26, max(0.075, 12 / count))


def titled(canvas: Canvas, title: str | None) -> None:
    """Write a title, in fonts that have its characters, or none."""
    if title is not None:
        canvas.axes.set_title(title, fontsize=10)
        set_words([canvas.axes.title], families([title]))


def name_cells(canvas: Canvas, words: Sequence[str], sides: str) -> tuple[float, float]:
    """Write the words beside rows ("y") and columns ("x"), as large as there is room.

    Returns width and height of a cell in points.
    """
    axes, count = canvas.axes, len(words)
    names = [shown(word) for word in words]
    fonts = families(words)
    inches = {"x": canvas.figure.get_figwidth(), "y": canvas.figure.get_figheight()}
    sizes = {side: min(9.0, 0.8 * 72 * inches[side] / count) for side in sides}  # to begin with
    if "x" in sides:
        axes.tick_params(axis="x", labelrotation=90)
    for final in (False, True):
        for side in sides:
            size = max(sizes[side], _LEGIBLE)
            step = math.ceil(round(_LEGIBLE / sizes[side], 3))
            ticks = axes.set_yticks if side == "y" else axes.set_xticks
            ticks(range(0, count, step), names[::step])
            labels = axes.get_yticklabels() if side == "y" else axes.get_xticklabels()
            set_words(labels, fonts, fontsize=size, color=canvas.style.text)
            axes.tick_params(axis=side, length=0, pad=2)
        if not final:  # the room depends on the labels' own size: only now it is known
            width, height = canvas.size(last=True)
            room = {"x": width / count, "y": height / count}
            sizes = {side: min(sizes[side], 0.88 * room[side]) for side in sides}
    return width / axes.images[0].get_array().shape[1], height / count


def write_values(canvas: Canvas, values: Array, image: Any, cell: float) -> None:
    """Write each value into its cell, where cells are large enough; `cell` is in points."""
    large = float(np.abs(values).max())
    digits = 2 if large < 10 else 1 if large < 100 else 0
    texts = [[f"{value:.{digits}f}".replace("-", "−") for value in row] for row in values]
    longest = max(len(text) for row in texts for text in row)
    size = min(8.0, 0.85 * cell / (0.62 * longest))
    if size < 5.0:
        return
    shades = image.cmap(image.norm(values))[..., :3] @ [0.2126, 0.7152, 0.0722]
    for i, row in enumerate(texts):
        for j, text in enumerate(row):
            ink = "#14171c" if shades[i, j] > 0.45 else "#ffffff"
            canvas.axes.text(j, i, text, ha="center", va="center", fontsize=size, color=ink)
