"""The training loss of one or several models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from w2v.plot.figure import chart, open_canvas
from w2v.plot.fonts import font_families_for, load_matplotlib
from w2v.plot.labels import add_legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from w2v.training.runs import TrainingResult
    from w2v.training.word2vec import Word2Vec

    Losses: TypeAlias = Word2Vec | TrainingResult | Sequence[float]

_MAX_MARKERS = 40  # epochs; longer lines have no markers


@chart
def training_loss(
    models: Losses | Sequence[Losses] | Mapping[str, Losses],
    labels: Sequence[str] | None = None,
    *,
    style: str = "light",
    title: str | None = None,
    figsize: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw the loss of each epoch, of one training run or of several for comparison.

    Parameters
    ----------
    models : Word2Vec, TrainingResult or sequence of float; or a sequence or dict of these
        A trained model, the result of `Word2Vec.train`, or losses in nats per prediction. The keys
        of a dict are the labels.
    labels : sequence of str, optional
        One per model.
    {appearance}

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    ImportError
        matplotlib is not installed.
    TypeError, ValueError
        A model has not been trained, the numbers of labels and models differ, or the style is
        unknown.

    Notes
    -----
    Losses are comparable only between models with the same objective and number of noise words.
    """
    if isinstance(models, Mapping):
        if labels is not None:
            raise ValueError("labels cannot be combined with a dict, whose keys are the labels")
        labels, runs = [str(label) for label in models], list(models.values())
    elif _is_one_run(models):
        runs = [cast("Losses", models)]
    else:
        runs = list(cast("Sequence[Losses]", models))
    if labels is not None and (isinstance(labels, str) or len(labels) != len(runs)):
        raise ValueError(f"labels={labels!r}: expected one for each of {len(runs)} models")
    names = labels or [f"model {i + 1}" for i in range(len(runs))]
    curves = [_losses(run, name) for run, name in zip(runs, names, strict=True)]
    if not curves:
        raise ValueError("models is empty: expected at least one")

    canvas = open_canvas(style, title, figsize or (6.0, 3.8), ax)
    axes, palette = canvas.axes, canvas.style.palette
    epochs = max(map(len, curves))
    lines = [
        axes.plot(
            np.arange(1, len(curve) + 1),
            curve,
            color=palette[i % len(palette)],
            linestyle=("-", "--", ":", "-.")[i // len(palette) % 4],
            marker="o" if epochs <= _MAX_MARKERS else None,
            markersize=3.5,
            linewidth=1.5,
        )[0]
        for i, curve in enumerate(curves)
    ]
    ticker = load_matplotlib("ticker")
    axes.xaxis.set_major_locator(ticker.MaxNLocator(integer=True, min_n_ticks=1))
    if epochs == 1:
        axes.set_xlim(0.5, 1.5)
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss (nats per prediction)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=canvas.style.muted, alpha=0.25, linewidth=0.6)
    if labels is not None or len(curves) > 1:
        add_legend(canvas, lines, names, font_families_for(names))
    return cast("Figure", canvas.figure)


def _is_one_run(models: object) -> bool:
    """Return whether this is one training run, and not a sequence of them."""
    if hasattr(models, "training_loss") or hasattr(models, "loss"):
        return True
    array = np.asarray(models, dtype=object)
    return array.ndim == 1 and all(isinstance(value, (int, float, np.number)) for value in array)


def _losses(run: Any, name: str) -> list[float]:
    """Return the losses of a run, one per epoch."""
    values = getattr(run, "training_loss", getattr(run, "loss", run))
    try:
        losses = [float(value) for value in values]
    except (TypeError, ValueError):
        raise TypeError(
            f"{name} is of type {type(run).__name__}: expected a Word2Vec, a TrainingResult or a "
            "list of numbers"
        ) from None
    if not losses:
        raise ValueError(f"{name} has no losses: it has not been trained")
    return losses
