"""What runs agree on: stability over frequency, and the neighbors of a word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from w2v._validation import at_least
from w2v._warnings import warn
from w2v.plot.figure import chart, open_canvas
from w2v.plot.fonts import display_label, font_families_for, set_words
from w2v.plot.labels import add_legend, label_points
from w2v.plot.words import word_list
from w2v.vectors.stability import Stability

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MAX_DOTS = 20_000  # of all words, evenly spaced in order of frequency
_BANDS_PER_DECADE = 8  # of frequency, whose words are summed up
_WORDS_PER_BAND = 25  # at least


@chart
def stability(
    found: Stability,
    words: Sequence[str] | None = None,
    *,
    top: int = 12,
    style: str = "light",
    title: str | None = None,
    figsize: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw which share of each word's neighbors two runs have in common, over its frequency.

    Parameters
    ----------
    found : Stability
        What `w2v.stability` returns.
    words : sequence of str, optional
        Words to label; default: those whose neighbors are least stable for their frequency.
    top : int, default 12
        How many of these, at least 1.
    {appearance}

    Returns
    -------
    matplotlib Figure
        A line shows the median for each frequency, and a band what four of five words are within.
        Of more than 20,000 words, every second, third, ... is drawn.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    KeyError
        A word is not in the vocabulary of all runs.
    TypeError, ValueError
        `found` is something else, `top` is out of range, or the style is unknown.
    """
    _check(found)
    at_least(1, "top", top)
    x, low, median, high = _by_frequency(found)
    size = found.counts if found.counts is not None else 1 + np.arange(len(found))
    usual = np.interp(np.log(size), np.log(x), median)
    if words is None:
        chosen = [found.words[i] for i in np.argsort(found.stability - usual, kind="stable")[:top]]
    else:
        chosen = word_list(words)
    rows = np.array([found._row(word) for word in chosen], np.intp)

    canvas = open_canvas(style, title, figsize or (7.5, 5.0), ax)
    axes, colors = canvas.axes, canvas.style
    every = slice(None, None, -(-len(size) // _MAX_DOTS))
    axes.scatter(
        size[every], found.stability[every], s=4, color=colors.muted, alpha=0.35, linewidths=0,
        rasterized=True,
    )  # fmt: skip
    band = axes.fill_between(x, low, high, color=colors.palette[0], alpha=0.15, linewidth=0)
    line = axes.plot(x, median, color=colors.palette[0], linewidth=1.5)[0]
    marked = axes.scatter(
        size[rows], found.stability[rows], s=16, color=colors.palette[1], linewidths=0, zorder=3
    )
    if size.min() < size.max():
        axes.set_xscale("log")
    axes.set_ylim(-0.02, 1.02)
    if found.counts is None:
        axes.invert_xaxis()  # frequent words at the right, as where counts are known
    axes.set_xlabel("occurrences" if found.counts is not None else "rank by frequency")
    axes.set_ylabel(
        f"share of {found.k} neighbors that two of {len(found.models)} runs have in common"
    )
    axes.spines[["top", "right"]].set_visible(False)
    names = [
        "median for the frequency",
        "four of five words",
        "least stable for it" if words is None else "chosen words",
    ]
    add_legend(canvas, [line, band, marked], names, font_families_for(names))
    points = np.stack([size[rows], found.stability[rows]], axis=1)
    fonts = font_families_for(chosen)
    without_room = label_points(canvas, points, chosen, [colors.text] * len(chosen), 8, fonts)
    if without_room:
        warn(
            f"no room for the labels of {without_room:,} of {len(chosen):,} words: choose a larger "
            "figsize or fewer words"
        )
    return cast("Figure", canvas.figure)


@chart
def stable_neighbors(
    found: Stability,
    word: str,
    *,
    topn: int = 25,
    style: str = "light",
    title: str | None = None,
    figsize: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw the neighbors of a word, how near they are in the runs, and in how many they are found.

    Parameters
    ----------
    found : Stability
        What `w2v.stability` returns.
    word : str
    topn : int, default 25
        How many neighbors at most, at least 1: those of most runs first.
    {appearance}

    Returns
    -------
    matplotlib Figure
        A point is the mean cosine over all runs, and its line two standard deviations. Hollow
        points are neighbors in a single run: they are due to chance.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    KeyError
        The word is not in the vocabulary of all runs.
    TypeError, ValueError
        `found` is something else, `topn` is out of range, or the style is unknown.
    """
    _check(found)
    neighbors = found.neighbors(word, at_least(1, "topn", topn))
    runs = len(found.models)
    canvas = open_canvas(style, title, figsize or (5.5, 0.9 + 0.19 * max(4, len(neighbors))), ax)
    axes, colors = canvas.axes, canvas.style
    kinds: dict[str, Any] = {}
    for y, one in enumerate(neighbors):
        times = round(one.share * runs)
        kind = "all runs" if times == runs else "one run" if times == 1 else "some runs"
        shades = {"all runs": colors.palette[0], "some runs": colors.palette[1]}
        color = shades.get(kind, colors.muted)
        handle = axes.errorbar(
            one.cosine, y, xerr=2 * one.spread, color=color, marker="o", markersize=4.5,
            markerfacecolor=colors.background if times == 1 else color, linewidth=1.0,
        )  # fmt: skip
        kinds.setdefault(f"in {kind}", handle)
    axes.set_yticks(
        range(len(neighbors)),
        [f"{display_label(one.word)}  {round(one.share * runs)}/{runs}" for one in neighbors],
    )
    set_words(axes.get_yticklabels(), font_families_for([one.word for one in neighbors]))
    axes.tick_params(axis="y", length=0, labelsize=8)
    axes.invert_yaxis()
    axes.set_xlabel(f"cosine with {display_label(word)}")
    set_words([axes.xaxis.label], font_families_for([word]))
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.grid(axis="x", color=colors.muted, alpha=0.25, linewidth=0.6)
    add_legend(canvas, list(kinds.values()), list(kinds), font_families_for(kinds), outside=True)
    return cast("Figure", canvas.figure)


def _check(found: object) -> None:
    if not isinstance(found, Stability):
        kind = type(found).__name__
        raise TypeError(
            f"found is of type {kind}: expected a Stability, which w2v.stability() returns"
        )


def _by_frequency(found: Stability) -> tuple[npt.NDArray[np.float64], ...]:
    """Return frequencies, or ranks, in rising order; 10 %, 50 % and 90 % of the words there."""
    size = found.counts if found.counts is not None else 1 + np.arange(len(found))
    order = np.argsort(size, kind="stable")
    bands = np.floor(np.log10(np.maximum(size[order], 1)) * _BANDS_PER_DECADE)
    ends = [*(1 + np.flatnonzero(np.diff(bands))), len(order)]
    begin = 0
    parts: list[npt.NDArray[np.intp]] = []
    for end in ends:
        if end - begin >= _WORDS_PER_BAND or (end == ends[-1] and not parts):
            parts.append(order[begin:end])
            begin = end
    if begin < len(order):  # too few at the end for a band of their own
        parts[-1] = np.concatenate([parts[-1], order[begin:]])
    x = [np.exp(np.log(np.maximum(size[part], 1)).mean()) for part in parts]
    quantiles = np.array([np.quantile(found.stability[part], (0.1, 0.5, 0.9)) for part in parts])
    return np.array(x), *quantiles.T
