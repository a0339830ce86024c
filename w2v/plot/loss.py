"""The loss of one or several runs: in training, and of held-out text."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from w2v._types import PathLike
from w2v._validation import one_of
from w2v.plot.figure import Canvas, chart, open_canvas
from w2v.plot.fonts import font_families_for, load_matplotlib
from w2v.plot.labels import add_legend
from w2v.training.history import EpochRecord
from w2v.training.history_file import read_history

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from w2v.training.runs import TrainingResult
    from w2v.training.word2vec import Word2Vec

    Losses: TypeAlias = (
        Word2Vec | TrainingResult | PathLike | Sequence[EpochRecord] | Sequence[float]
    )

_MAX_MARKERS = 40  # points; longer lines have no markers
_AXES = ("epochs", "tokens")
_KINDS = {"training": "-", "held-out": "--"}  # of losses, and their lines


@chart
def training_loss(
    models: Losses | Sequence[Losses] | Mapping[str, Losses],
    labels: Sequence[str] | None = None,
    *,
    over: str | None = None,
    style: str = "light",
    title: str | None = None,
    figsize: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw the loss of each epoch, and that of held-out text, of one run or of several.

    Parameters
    ----------
    models : Word2Vec, TrainingResult, path, or sequence; or a sequence or dict of these
        A trained model, the result of `Word2Vec.train`, the file of a model or of a history (see
        `w2v.callbacks.HistoryWriter`), the records of a history, or losses in nats per prediction.
        The keys of a dict are the labels.
    labels : sequence of str, optional
        One per model; default: the names of files, or numbers.
    over : {"epochs", "tokens"}, optional
        The horizontal axis: epochs, counted over all trainings of a model, or the tokens trained.
        Default: epochs; tokens if there is a run in which no epoch ended.
    {appearance}

    Returns
    -------
    matplotlib Figure
        A solid line connects the training losses at the ends of epochs, and at the end of a run
        that ended earlier; a dashed line all measurements of held-out text.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    OSError
        A file cannot be read.
    TypeError, ValueError
        A model has not been trained, a file has no history, losses have no tokens, the numbers of
        labels and models differ, or the style is unknown.

    Notes
    -----
    Losses are comparable only between models with the same objective and number of noise words; see
    "The held-out loss" in the documentation for what else has to be the same.
    """
    if over is not None:
        one_of(_AXES, "over", over)
    if isinstance(models, Mapping):
        if labels is not None:
            raise ValueError("labels cannot be combined with a dict, whose keys are the labels")
        labels, given = [str(label) for label in models], list(models.values())
    elif _is_one_run(models):
        given = [cast("Losses", models)]
    else:
        given = list(cast("Sequence[Losses]", models))
    if labels is not None and (isinstance(labels, str) or len(labels) != len(given)):
        raise ValueError(f"labels={labels!r}: expected one for each of {len(given)} models")
    names = list(labels or run_names(given))
    runs = [_Run.of(run, name) for run, name in zip(given, names, strict=True)]
    if not runs:
        raise ValueError("models is empty: expected at least one")
    if over is None:
        over = "epochs" if all(run.has_epochs for run in runs) else "tokens"

    canvas = open_canvas(style, title, figsize or (6.0, 3.8), ax)
    axes = canvas.axes
    curves = [run.curves(over) for run in runs]
    lines = [_draw(canvas, i, curve) for i, curve in enumerate(curves)]
    _label_axes(canvas, over, max(max(xs) for curve in curves for xs, _ in curve.values()))
    handles: list[Any] = []
    legend: list[str] = []
    if labels is not None or len(runs) > 1:
        handles, legend = [next(iter(drawn.values())) for drawn in lines], names
    if any("held-out" in drawn for drawn in lines):
        color = lines[0]["held-out"].get_color() if len(runs) == 1 else canvas.style.muted
        handles = handles + [
            axes.plot([], [], color=color, linestyle=line, linewidth=1.5)[0]
            for line in _KINDS.values()
        ]
        legend = [*legend, *_KINDS]
    if handles:
        add_legend(canvas, handles, legend, font_families_for(legend))
    return cast("Figure", canvas.figure)


def _draw(canvas: Canvas, i: int, curves: dict[str, tuple[list[float], list[float]]]) -> Any:
    """Draw the curves of the i-th run; return its lines by their kind."""
    palette = canvas.style.palette
    color = palette[i % len(palette)]
    marker = "os^D"[i // len(palette) % 4]
    drawn = {}
    for kind, (xs, losses) in curves.items():
        drawn[kind] = canvas.axes.plot(
            xs,
            losses,
            color=color,
            linestyle=_KINDS[kind],
            marker=marker if i >= len(palette) or len(xs) <= _MAX_MARKERS else None,
            markevery=max(1, len(xs) // _MAX_MARKERS),
            markersize=3.5,
            markerfacecolor=color if kind == "training" else canvas.style.background,
            linewidth=1.5 if kind == "training" else 1.2,
        )[0]
    return drawn


def _label_axes(canvas: Canvas, over: str, last: float) -> None:
    """Label the axes; `last` is the end of the horizontal one."""
    axes, ticker = canvas.axes, load_matplotlib("ticker")
    if over == "epochs":
        axes.xaxis.set_major_locator(ticker.MaxNLocator(integer=True, min_n_ticks=1))
        axes.set_xlabel("epoch")
        if last <= 1:
            axes.set_xlim(left=0.0 if last < 1 else 0.5, right=1.5)
    else:
        axes.xaxis.set_major_formatter(ticker.EngFormatter())
        axes.set_xlim(left=0)
        axes.set_xlabel("tokens trained")
    axes.set_ylabel("loss (nats per prediction)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=canvas.style.muted, alpha=0.25, linewidth=0.6)


# ---- Runs ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Run:
    """What is drawn of a run.

    Attributes
    ----------
    name : str
    losses : list of float
        Of epochs from the first on, also those that no record is of.
    records : list of EpochRecord
    """

    name: str
    losses: list[float]
    records: list[EpochRecord]

    @classmethod
    def of(cls, run: Any, name: str) -> _Run:
        """Return what can be drawn of anything that `training_loss` takes."""
        if isinstance(run, (str, os.PathLike)):
            run, name = read_history(run), os.fspath(run)
        values = getattr(run, "training_loss", getattr(run, "loss", run))
        records = list(getattr(run, "history", ()))
        try:
            values = list(values)
            if values and all(isinstance(value, EpochRecord) for value in values):
                records, values = values, []
            losses = [float(value) for value in values]
        except (TypeError, ValueError):
            raise TypeError(
                f"{name} is of type {type(run).__name__}: expected a Word2Vec, a TrainingResult, a "
                "file, records of a history, or a list of numbers"
            ) from None
        if records and not hasattr(run, "training_loss"):
            losses = [math.nan] * (records[0].epoch - 1) + losses  # of this training alone
        if all(map(math.isnan, losses)) and not any(
            np.isfinite([record.loss, record.validation_loss]).any() for record in records
        ):
            raise ValueError(f"{name} has no losses: it has not been trained")
        return cls(name, losses, records)

    def trainings(self) -> Iterator[list[EpochRecord]]:
        """Yield the records of each training, in each of which the tokens grow."""
        begin = 0
        for i in range(1, len(self.records) + 1):
            if i == len(self.records) or self.records[i].tokens <= self.records[i - 1].tokens:
                yield self.records[begin:i]
                begin = i

    @property
    def has_epochs(self) -> bool:
        """Whether it is known where in its epoch each record is."""
        return all(any(one.ends_epoch for one in records) for records in self.trainings())

    def curves(self, over: str) -> dict[str, tuple[list[float], list[float]]]:
        """Return places and losses of training and of held-out text, where there are some."""
        points = list(self._by_epochs() if over == "epochs" else self._by_tokens())
        found: dict[str, tuple[list[float], list[float]]] = {}
        for kind in _KINDS:
            own = sorted((x, loss) for of, x, loss in points if of == kind and math.isfinite(loss))
            if own:
                found[kind] = [x for x, _ in own], [loss for _, loss in own]
        if not found:
            raise ValueError(f"{self.name} has losses without tokens: draw them over epochs")
        return found

    def _by_epochs(self) -> Iterator[tuple[str, float, float]]:
        """Yield kinds, places in epochs, and losses."""
        recorded = {record.epoch for record in self.records}
        for epoch, loss in enumerate(self.losses, 1):
            if epoch not in recorded:
                yield "training", float(epoch), loss
        for records in self.trainings():
            before = records[0].epoch - 1
            ends = [one for one in records if one.ends_epoch]
            if not ends:
                raise ValueError(
                    f"{self.name} has a training in which no epoch ended: draw it over tokens"
                )
            size = ends[-1].tokens / (ends[-1].epoch - before)
            for record in records:
                within = before + record.tokens / size if size else record.epoch
                yield from _points(record, records, record.epoch if record.ends_epoch else within)

    def _by_tokens(self) -> Iterator[tuple[str, float, float]]:
        """Yield kinds, places in tokens over all trainings, and losses."""
        before = 0
        for records in self.trainings():
            for record in records:
                if record.tokens:
                    yield from _points(record, records, before + record.tokens)
            before += records[-1].tokens


def _points(
    record: EpochRecord, training: list[EpochRecord], x: float
) -> Iterator[tuple[str, float, float]]:
    """Yield what is drawn of a record of a training, at this place."""
    if record.ends_epoch or record is training[-1]:
        yield "training", x, record.loss
    yield "held-out", x, record.validation_loss


def run_names(runs: Sequence[Any]) -> list[str]:
    """Return names of runs: those of files, or paths from their common folder; or numbers."""
    paths = {i: os.path.abspath(x) for i, x in enumerate(runs) if isinstance(x, (str, os.PathLike))}
    names = {i: os.path.splitext(os.path.basename(path))[0] for i, path in paths.items()}
    if len(set(names.values())) < len(names):
        folder = os.path.commonpath([os.path.dirname(path) for path in paths.values()])
        names = {i: os.path.relpath(path, folder) for i, path in paths.items()}
    return [names.get(i, f"model {i + 1}") for i in range(len(runs))]


def _is_one_run(models: object) -> bool:
    """Return whether this is one training run, and not a sequence of them."""
    if isinstance(models, (str, os.PathLike)):
        return True
    if hasattr(models, "training_loss") or hasattr(models, "loss"):
        return True
    array = np.asarray(models, dtype=object)
    kinds = (int, float, np.number, EpochRecord)
    return array.ndim == 1 and all(isinstance(value, kinds) for value in array)
