"""Words that moved: displacement over frequency for two models, and over time for a series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from w2v._validation import at_least
from w2v._warnings import warn
from w2v.plot.figure import chart, open_canvas
from w2v.plot.fonts import font_families_for, load_matplotlib
from w2v.plot.labels import add_legend, label_points
from w2v.plot.words import word_list
from w2v.vectors.comparing import Comparison
from w2v.vectors.series import Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MAX_DOTS = 20_000  # of all words, evenly spaced in order of frequency


@chart
def change(
    comparison: Comparison,
    words: Sequence[str] | None = None,
    *,
    top: int = 15,
    style: str = "light",
    title: str | None = None,
    figsize: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw how far each word moved over its frequency, with the usual distance, and label words.

    Parameters
    ----------
    comparison : Comparison
        What `w2v.compare` returns. Without alignment, the share of the 50 nearest neighbors that a
        word lost is drawn.
    words : sequence of str, optional
        Words to label; default: those that moved most for their frequency.
    top : int, default 15
        How many of these, at least 1.
    {appearance}

    Returns
    -------
    matplotlib Figure
        A line shows the displacement that is usual for each frequency. Of more than 20,000 words,
        every second, third, ... is drawn.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    KeyError
        A word is not common to both.
    TypeError, ValueError
        `comparison` is something else, `top` is out of range, or the style is unknown.
    """
    if not isinstance(comparison, Comparison):
        kind = type(comparison).__name__
        raise TypeError(
            f"comparison is of type {kind}: expected a Comparison, which w2v.compare() returns"
        )
    at_least(1, "top", top)
    chosen = comparison.words_by("z")[:top] if words is None else word_list(words)
    rows = np.array([comparison._row(word) for word in chosen], np.intp)
    aligned = comparison.rotation is not None
    moved = comparison.displacement if aligned else 1 - comparison.shared(50)
    x = comparison.frequency

    canvas = open_canvas(style, title, figsize or (7.5, 5.0), ax)
    axes, colors = canvas.axes, canvas.style
    every = slice(None, None, -(-len(x) // _MAX_DOTS))
    axes.scatter(
        x[every], moved[every], s=4, color=colors.muted, alpha=0.35, linewidths=0, rasterized=True
    )
    axes.plot(x, comparison.expected, color=colors.palette[0], linewidth=1.5)
    axes.scatter(x[rows], moved[rows], s=16, color=colors.palette[1], linewidths=0, zorder=3)
    if len(x) > 1 and x[0] > x[-1]:
        axes.set_xscale("log")
    axes.set_ylim(bottom=min(0.0, float(moved.min())))
    counted = comparison.counts is not None
    axes.set_xlabel("occurrences (harmonic mean)" if counted else "frequency (from the rank)")
    axes.set_ylabel(
        f"displacement, {comparison.names[0]} to {comparison.names[1]}"
        if aligned
        else "share of the 50 nearest neighbors that differ"
    )
    axes.xaxis.label.set_parse_math(False)
    axes.yaxis.label.set_parse_math(False)
    axes.yaxis.label.set_fontfamily(font_families_for(comparison.names))
    axes.spines[["top", "right"]].set_visible(False)
    handles = [axes.lines[0], axes.collections[-1]]
    names = ["usual for the frequency", "moved most for it" if words is None else "chosen words"]
    add_legend(canvas, handles, names, font_families_for(names))
    points = np.stack([x[rows], moved[rows]], axis=1)
    fonts = font_families_for(chosen)
    without_room = label_points(canvas, points, chosen, [colors.text] * len(chosen), 8, fonts)
    if without_room:
        warn(
            f"no room for the labels of {without_room:,} of {len(chosen):,} words: choose a larger "
            "figsize or fewer words"
        )
    return cast("Figure", canvas.figure)


@chart
def trajectory(
    series: Series,
    words: Sequence[str] | None = None,
    *,
    top: int = 8,
    style: str = "light",
    title: str | None = None,
    figsize: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw how far words moved from where they first were, slice by slice.

    Parameters
    ----------
    series : Series
        What `w2v.compare_series` returns.
    words : sequence of str, optional
        Default: those that changed most for their frequency.
    top : int, default 8
        How many of these, at least 1.
    {appearance}

    Returns
    -------
    matplotlib Figure
        A word that is absent from a slice has no point there. A dashed line is the median of all
        words.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    KeyError
        A word is in fewer than two slices.
    TypeError, ValueError
        `series` is something else, `top` is out of range, or the style is unknown.
    """
    if not isinstance(series, Series):
        kind = type(series).__name__
        raise TypeError(
            f"series is of type {kind}: expected a Series, which w2v.compare_series() returns"
        )
    at_least(1, "top", top)
    chosen = series.words_by("z")[:top] if words is None else word_list(words)
    rows = [series._row(word) for word in chosen]
    canvas = open_canvas(style, title, figsize or (7.5, 4.2), ax)
    axes, palette = canvas.axes, canvas.style.palette
    lines: list[Any] = []
    for i, row in enumerate(rows):
        values = series.displacement[row]
        present = np.flatnonzero(~np.isnan(values))
        lines += axes.plot(
            present,
            values[present],
            color=palette[i % len(palette)],
            linestyle=("-", "--", ":", "-.")[i // len(palette) % 4],
            marker="o",
            markersize=3.5,
            linewidth=1.5,
        )
    times = np.arange(len(series.names))
    # Of the words of all slices: another word each time would move the median.
    everywhere = series.displacement[~np.isnan(series.displacement).any(axis=1)]
    names = list(chosen)
    if len(everywhere):
        median = np.median(everywhere, axis=0)
        lines += axes.plot(times, median, color=canvas.style.muted, linestyle="--", linewidth=1)
        names.append("median of all words")
    labels = list(series.names)
    axes.set_xticks(times, labels)
    fonts = font_families_for(labels)
    for text in axes.get_xticklabels():
        text.set_parse_math(False)
        text.set_fontfamily(fonts)
    if len(labels) > 1 and sum(map(len, labels)) > 90:
        axes.tick_params(axis="x", labelrotation=90)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("displacement from the first")
    axes.yaxis.set_major_locator(load_matplotlib("ticker").MaxNLocator(6))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=canvas.style.muted, alpha=0.25, linewidth=0.6)
    add_legend(canvas, lines, names, font_families_for(names), outside=True)
    return cast("Figure", canvas.figure)
