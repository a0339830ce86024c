"""Figures of the charts: styles, the canvas that a chart draws on, color bars, and saving.

Nothing here knows about word vectors, touches pyplot or opens a window.
"""

from __future__ import annotations

import functools
import io
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
import numpy.typing as npt

from w2v._types import PathLike
from w2v._validation import one_of
from w2v.io.atomic import atomic_write
from w2v.plot.fonts import (
    font_families_for,
    load_matplotlib,
    set_words,
    suppress_glyph_warnings,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

Array = npt.NDArray[Any]
Chart = TypeVar("Chart", bound=Callable[..., Any])

_MAX_PIXELS = 60_000  # per side; matplotlib's own limit is 65,536

# The parameters that every chart has.
_APPEARANCE = """\
style : {"light", "dark"}, default "light"
title : str, optional
figsize : (float, float), optional
    Width and height in inches. By default the figure is large enough for its labels.
ax : matplotlib Axes, optional
    Axes to draw on; default: the axes of a new figure.
"""


def chart(function: Chart) -> Chart:
    """Document the parameters that every chart has, where the docstring says ``{appearance}``."""
    if function.__doc__:  # None with python -OO
        function.__doc__ = re.sub(
            r"^( *)\{appearance\}\n",
            lambda found: "".join(found[1] + line for line in _APPEARANCE.splitlines(True)),
            function.__doc__,
            flags=re.MULTILINE,
        )
    return function


@dataclass(frozen=True)
class Style:
    """The colors of a picture."""

    background: str
    text: str
    muted: str  # axes, leader lines
    palette: tuple[str, ...]
    diverging: tuple[str, ...]  # negative, zero, positive
    sequential: tuple[str, ...]  # from the smallest value to the largest


# Lines and points: the palette of Okabe and Ito ("Color universal design", 2008) without the colors
# that are hard to see on the background. Fields: blue against orange, which people with any kind of
# color vision can distinguish.
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


@dataclass
class Canvas:
    """Axes in the colors of a style, and their figure."""

    figure: Any  # matplotlib's types differ from version to version
    axes: Any
    style: Style
    owns_figure: bool  # the figure was made here

    def colormap(self, kind: str) -> Colormap:
        """Return the color map for values of a kind, "diverging" or "sequential"."""
        colors = load_matplotlib("colors")
        stops = getattr(self.style, kind)
        return cast("Colormap", colors.LinearSegmentedColormap.from_list(f"w2v-{kind}", stops))

    def size(self, last: bool = False) -> tuple[float, float]:
        """Return the width and height of the axes in points, after layout.

        With `last`, a figure of our own keeps this layout. Everything drawn afterwards has its
        place in it already, and a layout takes seconds with hundreds of labels.
        """
        # With equal scales, the first layout does not know yet how large the axes will be.
        # Images do not affect the layout, and coloring their cells would take most of its time.
        images = [image for image in self.axes.images if image.get_visible()]
        for image in images:
            image.set_visible(False)
        for _ in range(2 if last and self.axes.get_aspect() != "auto" else 1):
            with suppress_glyph_warnings():
                self.figure.draw_without_rendering()
        for image in images:
            image.set_visible(True)
        if last and self.owns_figure:
            self.figure.set_layout_engine("none")
        box = self.axes.get_window_extent()
        return box.width * 72 / self.figure.dpi, box.height * 72 / self.figure.dpi


def open_canvas(
    style: str,
    title: str | None,
    figsize: tuple[float, float],
    ax: Axes | None,
) -> Canvas:
    """Return titled axes to draw on: `ax`, or those of a new figure of this size in inches."""
    module = load_matplotlib("figure")
    colors = STYLES[one_of(STYLES, "style", style)]
    if ax is None:
        if not all(np.isfinite(side) and side > 0 for side in figsize):
            raise ValueError(f"figsize={figsize!r}: expected width and height in inches, above 0")
        figure = _shown_in_notebooks(module.Figure)(figsize=figsize, dpi=150, layout="constrained")
        figure.set_facecolor(colors.background)
        axes = figure.add_subplot()
    else:
        axes, figure = ax, ax.get_figure()
    axes.set_facecolor(colors.background)
    for spine in axes.spines.values():
        spine.set_color(colors.muted)
        spine.set_linewidth(0.6)
    axes.tick_params(color=colors.muted, labelcolor=colors.text, width=0.6, length=3)
    for label in (axes.title, axes.xaxis.label, axes.yaxis.label):
        label.set_color(colors.text)
    if title is not None:
        axes.set_title(title, fontsize=10)
        set_words([axes.title], font_families_for([title]))
    return Canvas(figure, axes, colors, ax is None)


@functools.cache
def _shown_in_notebooks(figure: Any) -> Any:
    """Return matplotlib's class of figures with the method that notebooks show objects by.

    pyplot registers its own figures with a notebook; these are made without it.
    """

    def _repr_png_(self: Any) -> bytes:
        picture = io.BytesIO()
        with load_matplotlib().rc_context({"savefig.bbox": None}), suppress_glyph_warnings():
            self.savefig(picture, format="png", dpi=self.dpi)
        return picture.getvalue()

    def reduce(self: Any) -> Any:
        return _blank_figure, (), figure.__getstate__(self)

    return type("Figure", (figure,), {"_repr_png_": _repr_png_, "__reduce__": reduce})


def _blank_figure() -> Any:
    """Return a figure for pickle to fill."""
    kind = _shown_in_notebooks(load_matplotlib("figure").Figure)
    return kind.__new__(kind)


def draw_cells(
    canvas: Canvas, values: Array, kind: str, low: float, high: float, *, stretch: bool = False
) -> Any:
    """Draw each value of a matrix as a colored cell and return the image.

    Cells are square, or with `stretch` fill the axes. `low` and `high` are the ends of the scale.
    """
    image = canvas.axes.imshow(
        values,
        cmap=canvas.colormap(kind),
        vmin=low,
        vmax=high,
        aspect="auto" if stretch else "equal",
        interpolation="nearest",
    )
    canvas.axes.spines[:].set_visible(False)
    return image


def add_colorbar(canvas: Canvas, image: Any, label: str, extend: str = "neither") -> None:
    """Put a color bar beside the axes, of the same length in inches for any height."""
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


def set_equal_scale(canvas: Canvas, middle: Array, ranges: Array) -> None:
    """Set limits that show at least these ranges, with the same scale on both axes."""
    size = np.array(canvas.size(last=True))
    unit = float((ranges / size).max()) or 2.0 / float(size.min())
    (x0, y0), (x1, y1) = middle - unit * size / 2, middle + unit * size / 2
    canvas.axes.set_xlim(x0, x1)
    canvas.axes.set_ylim(y0, y1)


def save(figure: Figure, path: PathLike, *, dpi: float = 150) -> None:
    """Write a figure to a file in the format of its extension.

    Parameters
    ----------
    figure : matplotlib Figure
    path : str or path-like
        Ends in ``.png``, ``.svg``, ``.pdf`` or another extension that matplotlib writes. An
        existing file is replaced only once the new one is complete. The same figure gives the same
        bytes as SVG.
    dpi : float, default 150
        Pixels per inch.

    Raises
    ------
    ValueError
        matplotlib does not write this format, or the picture has too many pixels.
    OSError
        The destination cannot be written; an existing file is unchanged.
    """
    kind = check_extension(path)
    if not dpi > 0:
        raise ValueError(f"dpi={dpi!r}: expected a number above 0")
    width, height = figure.get_size_inches() * dpi
    if max(width, height) > _MAX_PIXELS:
        raise ValueError(
            f"{os.fspath(path)}: the picture would be {width:,.0f} × {height:,.0f} pixels, more "
            f"than {_MAX_PIXELS:,} on a side; choose fewer words or a smaller dpi"
        )
    # None and not {}: matplotlib takes metadata, even empty, for some formats only.
    metadata = {"Date": None} if kind == "svg" else None
    settings = {"svg.hashsalt": "w2v", "savefig.bbox": None}
    context = load_matplotlib().rc_context(settings)
    with atomic_write(path) as temporary, context, suppress_glyph_warnings():
        figure.savefig(temporary, format=kind, dpi=dpi, metadata=metadata)


def check_extension(path: PathLike) -> str:
    """Return the picture format that the extension of `path` names, or raise a ValueError."""
    load_matplotlib()
    known = load_matplotlib("backend_bases").FigureCanvasBase.get_supported_filetypes()
    suffix = Path(os.fspath(path)).suffix[1:].lower()
    if suffix not in known:
        problem = f"unknown picture format {'.' + suffix!r}" if suffix else "no file extension"
        raise ValueError(
            f"{os.fspath(path)}: {problem}; expected one of "
            f"{', '.join('.' + kind for kind in sorted(known))}"
        )
    return suffix
