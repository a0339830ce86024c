"""Words as points of a plane, by PCA, t-SNE or UMAP."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from w2v._cpu import available_cpus
from w2v._validation import one_of, require_package
from w2v._warnings import warn
from w2v.plot.figure import Canvas, chart, open_canvas, set_equal_scale
from w2v.plot.fonts import font_families_for
from w2v.plot.labels import add_legend, label_points
from w2v.plot.words import find_rows, fix_signs, float_vectors, word_list
from w2v.vectors.keyed_vectors import KeyedVectors

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = npt.NDArray[Any]

_MIN_SPREAD = 1e-6  # of the first principal component, for t-SNE to begin with; rows have length 1
_MIN_WORDS_FOR_THREADS = 1_000  # threads wait for each other longer than they compute for fewer

_METHODS = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}


@chart
def scatter(
    wv: KeyedVectors,
    words: Sequence[str] | Mapping[str, Sequence[str]],
    method: str = "pca",
    *,
    seed: int = 1,
    style: str = "light",
    title: str | None = None,
    figsize: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw words as labeled points of a plane, similar words near each other.

    Parameters
    ----------
    wv : KeyedVectors
    words : sequence of str, or dict of str to sequence of str
        At least two different words. A dict names groups of words, each drawn in its own color.
    method : {"pca", "tsne", "umap"}
        "pca" is the plane in which the directions of the words vary most (singular values, by
        NumPy); the axes show their fractions of the variance. "tsne" (scikit-learn, the extra
        ``sklearn``) and "umap" (umap-learn, the extra ``umap``) keep neighbors by cosine together;
        distances between groups that are far apart, and the sizes of groups, then mean little.
    seed : int, default 1
        Random seed for t-SNE and UMAP; the same seed gives the same picture.
    {appearance}

    Returns
    -------
    matplotlib Figure
        Labels do not overlap. A line connects a label to its point if it is far away. Words
        without room for a label get none, and a warning counts them. Labels are placed for the
        size of the figure: choose it with `figsize` and do not change it afterwards.

    Raises
    ------
    ImportError
        matplotlib, or the library of the method, is not installed.
    KeyError
        Words are not in the vocabulary; the message names them all.
    TypeError, ValueError
        Fewer than two words, a repeated word, or an unknown method or style.

    Notes
    -----
    Vectors are scaled to length 1 first: their lengths depend on frequency more than on meaning.
    """
    one_of(_METHODS, "method", method)
    if isinstance(words, Mapping):
        groups = {name: word_list(members, f"words[{name!r}]") for name, members in words.items()}
    else:
        groups = {"": word_list(words)}
    listed = [word for members in groups.values() for word in members]
    vectors = float_vectors(wv, find_rows(wv, listed), listed, normalize=True)
    if method == "pca":
        points, fractions = _pca(vectors)
        names = [
            f"{axis} ({fraction:.0%} of variance)"
            for axis, fraction in zip(
                ("first component", "second component"), fractions, strict=True
            )
        ]
    else:
        points = (_tsne if method == "tsne" else _umap)(vectors, seed)
        names = [f"{_METHODS[method]} of cosine distances", ""]

    count = len(listed)
    width = min(20.0, max(6.5, 0.78 * math.sqrt(count)))
    canvas = open_canvas(style, title, figsize or (width, width * 0.82), ax)
    axes = canvas.axes
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_xlabel(names[0], fontsize=8)
    axes.set_ylabel(names[1], fontsize=8)
    fonts = font_families_for([*listed, *groups])
    dots, colors = _draw_points(canvas, points, list(groups.values()))
    if len(groups) > 1:
        add_legend(canvas, dots, list(groups), fonts, outside=True)
    low, high = points.min(axis=0), points.max(axis=0)
    set_equal_scale(canvas, (low + high) / 2, 1.16 * (high - low))
    without_room = label_points(canvas, points, listed, colors, 8 if count <= 150 else 7, fonts)
    if without_room:
        warn(
            f"no room for the labels of {without_room:,} of {count:,} words: choose a larger "
            "figsize or fewer words",
        )
    return cast("Figure", canvas.figure)


def _draw_points(
    canvas: Canvas, points: Array, groups: Sequence[Sequence[str]]
) -> tuple[list[Any], list[str]]:
    """Draw the points of each group in its color; return their artists and each label's color."""
    palette = canvas.style.palette
    dots = []
    colors: list[str] = []
    for number, members in enumerate(groups):
        color = palette[number % len(palette)]
        marker = "os^Dv"[number // len(palette) % 5]
        own = points[len(colors) : len(colors) + len(members)]
        dots.append(
            canvas.axes.scatter(*own.T, s=14, color=color, marker=marker, linewidths=0, zorder=2)
        )
        colors += [color if len(groups) > 1 else canvas.style.text] * len(members)
    return dots, colors


def _pca(vectors: Array) -> tuple[Array, Array]:
    """Return the first two principal components, shape (n, 2), and their fractions of variance."""
    centered = vectors - vectors.mean(axis=0)
    _, scales, axes = np.linalg.svd(centered, full_matrices=False)
    points = np.zeros((len(vectors), 2))
    fractions = np.zeros(2)
    found = min(2, len(axes))
    points[:, :found] = centered @ fix_signs(axes[:found]).T
    total = float((scales**2).sum())
    if total > 0:
        fractions[:found] = scales[:found] ** 2 / total
    return points, fractions


def _tsne(vectors: Array, seed: int) -> Array:
    manifold = require_package("sklearn.manifold", "w2v[sklearn]", "t-SNE")
    perplexity = min(30.0, max(1.0, (len(vectors) - 1) / 3))
    if perplexity >= len(vectors):
        perplexity = len(vectors) / 2
    # For vectors of length 1, the squared Euclidean distance is twice one minus the cosine.
    tsne = manifold.TSNE(perplexity=perplexity, init="pca", random_state=seed, n_jobs=1)
    # scikit-learn divides the principal components by their spread: by zero if all rows are equal,
    # and then reads outside of its arrays.
    if min(vectors.shape) < 2 or _pca(vectors)[0][:, 0].std() < _MIN_SPREAD:
        tsne.set_params(init="random")
    # n_jobs does not limit the threads that compute gradients.
    threads = 1 if len(vectors) < _MIN_WORDS_FOR_THREADS else available_cpus()
    limits = require_package("threadpoolctl", "w2v[sklearn]", "t-SNE")  # scikit-learn needs it
    with limits.threadpool_limits(threads, user_api="openmp"):
        return np.asarray(tsne.fit_transform(vectors), dtype=np.float64)


def _umap(vectors: Array, seed: int) -> Array:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as that TensorFlow is missing
        umap = require_package("umap", "w2v[umap]", "UMAP").UMAP(
            n_neighbors=max(2, min(15, len(vectors) - 1)),
            metric="cosine",
            # The default start, by eigenvectors, needs more points than a small picture has.
            init="spectral" if len(vectors) > 20 else "random",
            random_state=seed,
            n_jobs=1,
        )
        return np.asarray(umap.fit_transform(vectors), dtype=np.float64)
