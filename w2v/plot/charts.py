"""Pictures of word vectors: heat map, similarity matrix, map of words, analogies, training loss.

Needs matplotlib, the extra ``plot``. Every function returns the figure; none opens a window or
changes what pyplot knows. Write a figure with `save`, or with its own ``savefig``.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from w2v._validation import one_of, require_package
from w2v.plot import figure as drawing
from w2v.plot.figure import save, shown
from w2v.vectors.keyed_vectors import KeyedVectors
from w2v.vectors.metrics import METRICS, SCIPY_NAMES, SIMILARITIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from w2v.training.trainer import TrainingResult
    from w2v.training.word2vec import Word2Vec

    Losses = Word2Vec | TrainingResult | Sequence[float]

__all__ = ["analogy", "heatmap", "save", "similarity_matrix", "training_loss", "word_map"]

Array = npt.NDArray[Any]

_ORDERS = ("similarity", "given")
_METHODS = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}
_MOST = 1000  # words of a heat map or matrix: more take minutes and gigabytes, and none is legible


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
    """Draw the vectors of words as rows of coloured cells, one column for each dimension.

    Words of similar meaning stand side by side and share bands of colour.

    Parameters
    ----------
    wv : KeyedVectors
    words : sequence of str
        At least two, none twice.
    dimensions : int or sequence of int, optional
        How many of the first dimensions to show, or which ones. Default all.
    order : {"similarity", "given"}
        "similarity" puts words side by side whose whole vectors have a high cosine (average
        linkage with optimal leaf ordering: Bar-Joseph et al., 2001); "given" keeps `words`'s order.
    order_dimensions : bool, default False
        Order the columns in the same way, by their cosines over the words shown.
    norm : bool, default False
        Scale each vector to length 1 first, as for cosines. Default: vectors as they are.
    style : {"light", "dark"}
    title : str, optional
    figsize : (float, float), optional
        Inches. By default there is room for every word. Where there is not, only every second,
        third, ... word is written.
    ax : matplotlib Axes, optional
        Axes to draw on; default those of a new figure.

    Returns
    -------
    matplotlib Figure
        Zero has the colour of the background; the scale is symmetric, and ends where all but one
        in 200 values lie within (an arrow on the colour bar tells of values beyond).

    Raises
    ------
    ImportError
        matplotlib is not installed.
    KeyError
        Words are not in the vocabulary; all of them are named.
    TypeError, ValueError
        Fewer than two words, one twice, a dimension that is none, or an unknown order or style.
    """
    one_of(_ORDERS, "order", order)
    rows = _rows(wv, words, most=_MOST)
    columns = _columns(wv, dimensions)
    vectors = _vectors(wv, rows, words, unit=norm)
    if order == "similarity":
        arranged = _leaves(_cosines(vectors))
        vectors, words = vectors[arranged], [words[i] for i in arranged]
    cells = vectors[:, columns]
    if order_dimensions and len(columns) > 1:
        arranged = _leaves(_cosines(cells.T))
        cells, columns = cells[:, arranged], columns[arranged]

    count, across = cells.shape
    if figsize is None:
        wide = across * min(0.4, max(8 / across, 0.02))
        figsize = (max(4.0, wide + 2.2), max(2.0, count * drawing.row_inches(count) + 0.9))
    canvas = drawing.canvas(ax, figsize, style)
    limit = float(np.quantile(np.abs(cells), 0.995)) or float(np.abs(cells).max()) or 1.0
    beyond = bool((cells > limit).any()), bool((cells < -limit).any())
    extend = {(1, 1): "both", (1, 0): "max", (0, 1): "min", (0, 0): "neither"}[beyond]
    image = canvas.axes.imshow(
        cells,
        cmap=canvas.colours("diverging"),
        vmin=-limit,
        vmax=limit,
        aspect="auto",
        interpolation="nearest",
    )
    axes = canvas.axes
    axes.spines[:].set_visible(False)
    given = dimensions is None or isinstance(dimensions, int)
    if given and not order_dimensions and across > 40:
        axes.set_xlabel("dimension")
        axes.tick_params(axis="x", labelsize=8)
    else:
        axes.set_xlabel("dimension, by similarity" if order_dimensions else "dimension")
        if across <= 40:
            axes.set_xticks(range(across), [str(column) for column in columns])
            axes.tick_params(axis="x", labelsize=7)
        else:
            axes.set_xticks([])
    drawing.titled(canvas, title)
    drawing.colour_bar(canvas, image, "value", extend)
    drawing.name_cells(canvas, words, "y")
    return cast("Figure", canvas.figure)


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
    """Draw how similar each of some words is to each other one.

    Parameters
    ----------
    wv : KeyedVectors
    words : sequence of str
        At least two, none twice.
    metric : {"cosine", "dot", "euclidean", "manhattan", "chebyshev"}
        The first two are similarities, the others distances.
    order : {"similarity", "given"}
        "similarity" puts similar words side by side, by `metric`; "given" keeps `words`'s order.
    style : {"light", "dark"}
    title : str, optional
    figsize : (float, float), optional
        Inches; see `heatmap`.
    ax : matplotlib Axes, optional
        Axes to draw on; default those of a new figure.

    Returns
    -------
    matplotlib Figure
        Values are written into cells that are large enough. The scale of cosines goes from -1 to
        1, that of other similarities is symmetric about 0; distances are the lighter the smaller.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    KeyError
        Words are not in the vocabulary; all of them are named.
    TypeError, ValueError
        Fewer than two words, one twice, or an unknown metric, order or style.
    """
    one_of(METRICS, "metric", metric)
    one_of(_ORDERS, "order", order)
    vectors = _vectors(wv, _rows(wv, words, most=_MOST), words)
    if metric == "cosine":
        values = _cosines(vectors)
    elif metric == "dot":
        values = vectors @ vectors.T
    else:
        from scipy.spatial.distance import cdist

        values = cdist(vectors, vectors, cast(Any, SCIPY_NAMES[metric]))
    similarity = metric in SIMILARITIES
    if order == "similarity":
        arranged = _leaves(values if similarity else -values)
        values, words = values[np.ix_(arranged, arranged)], [words[i] for i in arranged]

    count = len(words)
    if figsize is None:
        side = count * (0.42 if count <= 24 else max(0.065, 10 / count))
        figsize = (max(3.6, side + 2.0), max(2.6, side + 1.1))
    canvas = drawing.canvas(ax, figsize, style)
    limit = 1.0 if metric == "cosine" else float(np.abs(values).max()) or 1.0
    colours = canvas.colours("diverging" if similarity else "sequential")
    image = canvas.axes.imshow(
        values,
        cmap=colours,
        vmin=-limit if similarity else 0.0,
        vmax=limit,
        interpolation="nearest",
    )
    canvas.axes.spines[:].set_visible(False)
    drawing.titled(canvas, title)
    names = {"cosine": "cosine", "dot": "dot product"}
    drawing.colour_bar(canvas, image, names.get(metric, f"{metric.capitalize()} distance"))
    cell = min(drawing.name_cells(canvas, words, "yx"))
    drawing.write_values(canvas, values, image, cell)
    return cast("Figure", canvas.figure)


def word_map(
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
    """Draw words as points of a plane, similar ones near each other, and name each point.

    Parameters
    ----------
    wv : KeyedVectors
    words : sequence of str, or dict of str to sequence of str
        At least two, none twice. A dict names groups of words, each drawn in a colour of its own.
    method : {"pca", "tsne", "umap"}
        "pca" is the plane in which the words' directions differ most (NumPy's singular values);
        the axes say which share of their variance they show. "tsne" (scikit-learn, the extra
        ``sklearn``) and "umap" (umap-learn, the extra ``umap``) keep neighbours together, by
        cosine; distances between far groups and the sizes of groups then mean little.
    seed : int, default 1
        Of t-SNE and UMAP; the same seed gives the same picture.
    style : {"light", "dark"}
    title : str, optional
    figsize : (float, float), optional
        Inches; by default the more, the more words.
    ax : matplotlib Axes, optional
        Axes to draw on; default those of a new figure.

    Returns
    -------
    matplotlib Figure
        Labels do not overlap. One that had to stand further away has a line to its point; words
        for which no place is left get none, and a warning tells how many. (Places are found for
        the figure's size: enlarge it with `figsize`, not afterwards.)

    Raises
    ------
    ImportError
        matplotlib, or what the method needs, is not installed.
    KeyError
        Words are not in the vocabulary; all of them are named.
    TypeError, ValueError
        Fewer than two words, one twice, or an unknown method or style.

    Notes
    -----
    Vectors are scaled to length 1 first: their lengths tell more of frequency than of meaning.
    """
    one_of(_METHODS, "method", method)
    groups: dict[str, Sequence[str]] = dict(words) if isinstance(words, Mapping) else {"": words}
    for name, members in groups.items():
        if isinstance(members, (str, bytes)):
            raise TypeError(f"words[{name!r}]={members!r} is a single string: expected a list")
    listed = (
        [word for members in groups.values() for word in members]
        if isinstance(words, Mapping)
        else words
    )
    vectors = _vectors(wv, _rows(wv, listed), listed, unit=True)
    if method == "pca":
        points, shares = _pca(vectors)
        names = [
            f"{axis} ({share:.0%} of variance)"
            for axis, share in zip(("first component", "second component"), shares, strict=True)
        ]
    else:
        points = (_tsne if method == "tsne" else _umap)(vectors, seed)
        names = [f"{_METHODS[method]} of cosine distances", ""]

    count = len(listed)
    if figsize is None:
        figsize = (min(20.0, max(6.5, 0.78 * math.sqrt(count))),) * 2
        figsize = (figsize[0], figsize[0] * 0.82)
    canvas = drawing.canvas(ax, figsize, style)
    axes = canvas.axes
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_xlabel(names[0], fontsize=8)
    axes.set_ylabel(names[1], fontsize=8)
    drawing.titled(canvas, title)

    palette = canvas.style.palette
    colours: list[str] = []
    dots = []
    first = 0
    for number, members in enumerate(groups.values()):
        colour = palette[number % len(palette)]
        part = points[first : first + len(members)]
        mark = "os^Dv"[number // len(palette) % 5]
        dots.append(axes.scatter(*part.T, s=14, color=colour, marker=mark, linewidths=0, zorder=2))
        colours += [colour if len(groups) > 1 else canvas.style.text] * len(members)
        first += len(members)
    fonts = drawing.families([*listed, *groups])
    if len(groups) > 1:
        _legend(canvas, dots, list(groups), fonts, outside=True)
    low, high = points.min(axis=0), points.max(axis=0)
    drawing.scale_equally(canvas, (low + high) / 2, 1.16 * (high - low))
    lost = drawing.label_points(canvas, points, listed, colours, 8 if count <= 150 else 7, fonts)
    if lost:
        warnings.warn(
            f"{lost:,} of {count:,} words are drawn without a label, because no room is left: "
            "choose a larger figsize or fewer words",
            stacklevel=2,
        )
    return cast("Figure", canvas.figure)


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
    drawn rightwards) and the direction at right angles to it in which the pairs' means differ most.
    Both axes have the same scale, so that arrows are as parallel as they look in this plane.

    Parameters
    ----------
    wv : KeyedVectors
    pairs : sequence of (str, str)
        At least one; a word may stand in several pairs.
    style : {"light", "dark"}
    title : str, optional
    figsize : (float, float), optional
        Inches.
    ax : matplotlib Axes, optional
        Axes to draw on; default those of a new figure.

    Returns
    -------
    matplotlib Figure
        The line below says how parallel the differences are in all dimensions (the mean of their
        cosines), and how much of their squared length the plane shows.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    KeyError
        Words are not in the vocabulary; all of them are named.
    TypeError, ValueError
        No pairs, one twice, one that is no pair or of a word with itself, or an unknown style.

    Notes
    -----
    Vectors are scaled to length 1 first, as for `KeyedVectors.most_similar`. A plane that is
    chosen to show differences makes any look more parallel than they are: hence the figures.
    """
    checked = _pairs(pairs)
    words = list(dict.fromkeys(word for pair in checked for word in pair))
    place = {word: i for i, word in enumerate(words)}
    vectors = _vectors(wv, _rows(wv, words), words, unit=True)
    starts, ends = (vectors[[place[pair[side]] for pair in checked]] for side in (0, 1))
    differences = ends - starts
    plane = _plane(differences, (starts + ends) / 2)
    points = (vectors - vectors.mean(axis=0)) @ plane.T
    total = float((differences**2).sum())
    share = float(((differences @ plane.T) ** 2).sum()) / total if total else 0.0

    canvas = drawing.canvas(ax, figsize or (6.5, max(4.0, 0.28 * len(words) + 2.0)), style)
    axes, palette = canvas.axes, canvas.style.palette
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.12 * float((high - low).max()) or 1.0
    axes.set_xticks([])
    axes.set_yticks([])
    note = f"plane shows {share:.0%} of the differences"
    if len(checked) > 1:
        cosines = _cosines(differences)
        mean = float(cosines[np.triu_indices(len(checked), 1)].mean())
        note += f"; mean cosine between them in all dimensions {mean:.2f}"
    axes.set_xlabel(note, fontsize=8)
    axes.set_ylabel("")
    drawing.titled(canvas, title)
    for number, (start, end) in enumerate(checked):
        axes.annotate(
            "",
            xy=tuple(points[place[end]]),
            xytext=tuple(points[place[start]]),
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
    drawing.scale_equally(canvas, (low + high) / 2, (high - low) + np.array([4.4, 2.0]) * margin)
    axes.set_aspect("equal", adjustable="box")
    colours = [canvas.style.text] * len(words)
    arrows = np.hstack([points[[place[pair[side]] for pair in checked]] for side in (0, 1)])
    drawing.label_points(canvas, points, words, colours, 9, drawing.families(words), arrows)
    return cast("Figure", canvas.figure)


def training_loss(
    models: Losses | Sequence[Losses] | Mapping[str, Losses],
    labels: Sequence[str] | None = None,
    *,
    style: str = "light",
    title: str | None = None,
    figsize: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw the loss of each epoch, of one training or of several to compare.

    Parameters
    ----------
    models : Word2Vec, TrainingResult or sequence of float; or a sequence or dict of these
        What was trained, what `Word2Vec.train` returned, or figures in nats per prediction. The
        keys of a dict are the labels.
    labels : sequence of str, optional
        One for each model.
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
    TypeError, ValueError
        Nothing was trained, more or fewer labels than models, or an unknown style.

    Notes
    -----
    Losses of models with different objectives, or numbers of noise words, are not comparable.
    """
    if isinstance(models, Mapping):
        if labels is not None:
            raise ValueError("labels: the keys of the dict are the labels already; give one of two")
        labels, every = [str(label) for label in models], list(models.values())
    elif _is_run(models):
        every = [cast("Losses", models)]
    else:
        every = list(cast("Sequence[Losses]", models))
    if labels is not None and (isinstance(labels, str) or len(labels) != len(every)):
        raise ValueError(f"labels={labels!r}: expected one for each of {len(every)} models")
    named = labels or [f"model {i + 1}" for i in range(len(every))]
    lines = [_losses(one, label) for one, label in zip(every, named, strict=True)]
    if not lines:
        raise ValueError("models is empty: give at least one")

    canvas = drawing.canvas(ax, figsize or (6.0, 3.8), style)
    axes, palette = canvas.axes, canvas.style.palette
    longest = max(map(len, lines))
    drawn = [
        axes.plot(
            np.arange(1, len(line) + 1),
            line,
            color=palette[i % len(palette)],
            linestyle=("-", "--", ":", "-.")[i // len(palette) % 4],
            marker="o" if longest <= 40 else None,
            markersize=3.5,
            linewidth=1.5,
        )[0]
        for i, line in enumerate(lines)
    ]
    ticker = require_package("matplotlib.ticker", "w2v[plot]", "drawing")
    axes.xaxis.set_major_locator(ticker.MaxNLocator(integer=True, min_n_ticks=1))
    if longest == 1:
        axes.set_xlim(0.5, 1.5)
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss (nats per prediction)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=canvas.style.muted, alpha=0.25, linewidth=0.6)
    drawing.titled(canvas, title)
    if labels is not None or len(lines) > 1:
        _legend(canvas, drawn, named, drawing.families(named))
    return cast("Figure", canvas.figure)


# ---- Input ---------------------------------------------------------------------------------------


def _rows(wv: KeyedVectors, words: Sequence[str], most: int | None = None) -> Array:
    """Return the row of each word, or raise: too few, too many, twice, unknown."""
    if not isinstance(wv, KeyedVectors):
        hint = "; of a model, pass model.wv" if hasattr(type(wv), "wv") else ""
        raise TypeError(f"wv is of type {type(wv).__name__}: expected KeyedVectors{hint}")
    if isinstance(words, (str, bytes)):
        raise TypeError(f"words={words[:40]!r} is a single string: expected a list of words")
    unknown, rows = [], []
    for word in words:
        try:
            rows.append(wv.get_index(word))
        except KeyError as error:
            unknown.append((repr(word), str(error.args[0])))
    if len(unknown) > 3:
        names = ", ".join(name for name, _ in unknown)
        raise KeyError(f"{len(unknown):,} words are not in the vocabulary: {names}")
    if unknown:
        raise KeyError("; ".join(message for _, message in unknown))
    if len(rows) < 2:
        raise ValueError(f"words={list(words)!r}: expected at least two words")
    if len(set(rows)) < len(rows):
        counts: dict[str, int] = {}
        for word in words:
            counts[word] = counts.get(word, 0) + 1
        twice = ", ".join(repr(word) for word, count in counts.items() if count > 1)
        raise ValueError(f"words given more than once: {twice}; expected each word once")
    if most is not None and len(rows) > most:
        raise ValueError(f"{len(rows):,} words: expected at most {most:,}, for a legible picture")
    return np.array(rows, dtype=np.intp)


def _vectors(wv: KeyedVectors, rows: Array, words: Sequence[str], unit: bool = False) -> Array:
    """Return the words' vectors in float64, shape (words, vector_size), of length 1 if `unit`."""
    vectors: Array = wv.vectors[rows].astype(np.float64)
    wrong = ~np.isfinite(vectors).all(axis=1)
    if wrong.any():
        names = ", ".join(repr(words[i]) for i in np.flatnonzero(wrong).tolist())
        raise ValueError(f"the vector of {names} holds NaN or infinity: expected finite numbers")
    return _unit(vectors) if unit else vectors


def _unit(vectors: Array) -> Array:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Array = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return scaled


def _columns(wv: KeyedVectors, dimensions: int | Sequence[int] | None) -> Array:
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
        raise ValueError(
            f"dimension {int(wrong[0])} is none of these vectors': expected 0 to {size - 1}"
        )
    return columns.astype(np.intp)


def _pairs(pairs: Iterable[Any]) -> list[tuple[str, str]]:
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


def _is_run(models: object) -> bool:
    """Tell one training from several."""
    if hasattr(models, "training_loss") or hasattr(models, "loss"):
        return True
    array = np.asarray(models, dtype=object)
    return array.ndim == 1 and all(isinstance(value, (int, float, np.number)) for value in array)


def _losses(run: Any, label: str) -> list[float]:
    figures = getattr(run, "training_loss", getattr(run, "loss", run))
    try:
        losses = [float(figure) for figure in figures]
    except (TypeError, ValueError):
        raise TypeError(
            f"{label} is of type {type(run).__name__}: expected a Word2Vec, a TrainingResult or a "
            "list of numbers"
        ) from None
    if not losses:
        raise ValueError(f"{label} has no losses: nothing was trained")
    return losses


# ---- Order and places ----------------------------------------------------------------------------


def _cosines(vectors: Array) -> Array:
    """Return the cosine of each row with each other one; 0 where one is zero."""
    rows = _unit(vectors)
    cosines: Array = np.clip(rows @ rows.T, -1, 1)
    return cosines


def _leaves(similarities: Array) -> Array:
    """Return an order in which similar rows are neighbours."""
    if len(similarities) < 3:
        return np.arange(len(similarities))
    from scipy.cluster.hierarchy import leaves_list, linkage

    above = np.triu_indices(len(similarities), 1)
    distances = np.maximum(similarities.max() - similarities[above], 0)
    tree = linkage(distances, "average", optimal_ordering=True)
    return leaves_list(tree)


def _signed(axes: Array) -> Array:
    """Return the rows with their largest entry positive: the sign of an axis means nothing."""
    largest = axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)]
    signed: Array = axes * np.where(largest < 0, -1.0, 1.0)[:, None]
    return signed


def _pca(vectors: Array) -> tuple[Array, Array]:
    """Return the first two principal components, shape (n, 2), and their shares of variance."""
    centred = vectors - vectors.mean(axis=0)
    _, scales, axes = np.linalg.svd(centred, full_matrices=False)
    points = np.zeros((len(vectors), 2))
    shares = np.zeros(2)
    found = min(2, len(axes))
    points[:, :found] = centred @ _signed(axes[:found]).T
    total = float((scales**2).sum())
    if total > 0:
        shares[:found] = scales[:found] ** 2 / total
    return points, shares


def _tsne(vectors: Array, seed: int) -> Array:
    manifold = require_package("sklearn.manifold", "w2v[sklearn]", "t-SNE")
    perplexity = min(30.0, max(1.0, (len(vectors) - 1) / 3))
    if perplexity >= len(vectors):
        perplexity = len(vectors) / 2
    # On vectors of length 1, squared Euclidean distance is twice one minus the cosine.
    found = manifold.TSNE(perplexity=perplexity, init="pca", random_state=seed, n_jobs=1)
    if min(vectors.shape) < 2:
        found.set_params(init="random")
    return np.asarray(found.fit_transform(vectors), dtype=np.float64)


def _umap(vectors: Array, seed: int) -> Array:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of TensorFlow missing, and the like
        umap = require_package("umap", "w2v[umap]", "UMAP")
        found = umap.UMAP(
            n_neighbors=max(2, min(15, len(vectors) - 1)),
            metric="cosine",
            # Its usual start, by eigenvectors, needs more points than a small map has.
            init="spectral" if len(vectors) > 20 else "random",
            random_state=seed,
            n_jobs=1,
        )
        return np.asarray(found.fit_transform(vectors), dtype=np.float64)


def _plane(differences: Array, means: Array) -> Array:
    """Return two orthonormal rows: the differences' shared direction, and how the means spread."""
    shared = np.linalg.svd(differences, full_matrices=False)[2][0]
    if (differences @ shared).sum() < 0:
        shared = -shared
    spread = means - means.mean(axis=0) if len(means) > 1 else means
    spread = spread - np.outer(spread @ shared, shared)
    across = _signed(np.linalg.svd(spread, full_matrices=False)[2][:1])[0]
    across = across - (across @ shared) * shared
    length = float(np.linalg.norm(across))
    return np.stack([shared, across / length if length > 1e-9 else np.zeros_like(across)])


def _legend(
    canvas: drawing.Canvas,
    handles: Sequence[Any],
    names: Sequence[str],
    fonts: list[str],
    outside: bool = False,
) -> None:
    # matplotlib leaves out names that begin with an underscore.
    where: dict[str, Any] = {"handlelength": 1.6}
    where |= (
        {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0), "handlelength": 0.8} if outside else {}
    )
    legend = canvas.axes.legend(
        handles, [f" {shown(name)}" for name in names], frameon=False, fontsize=8, **where
    )
    drawing.set_words(legend.get_texts(), fonts, color=canvas.style.text)
