"""``w2v plot``: pictures of word vectors as files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from w2v.cli.options import (
    Kind,
    Quiet,
    VectorKind,
    VectorsPath,
    example,
    expand,
    load_vectors,
)
from w2v.cli.streams import check_streams, is_standard, readable, writable
from w2v.cli.terminal import note
from w2v.vectors.keyed_vectors import KeyedVectors
from w2v.vectors.metrics import Metric
from w2v.vocab.pruning import word_list

if TYPE_CHECKING:
    from matplotlib.figure import Figure

plot = typer.Typer(rich_markup_mode=None)


class Style(str, Enum):
    """Colors of a picture."""

    LIGHT = "light"
    DARK = "dark"


class Order(str, Enum):
    """How words are ordered."""

    SIMILARITY = "similarity"
    GIVEN = "given"


class Method(str, Enum):
    """How vectors become points of a plane."""

    PCA = "pca"
    TSNE = "tsne"
    UMAP = "umap"


class Over(str, Enum):
    """The horizontal axis of losses."""

    EPOCHS = "epochs"
    TOKENS = "tokens"


@dataclass(frozen=True)
class PictureOptions:
    """Where a picture is written, and how it looks."""

    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The picture: .png, .svg, .pdf and others; - writes a PNG to standard output.",
        ),
    ]
    style: Annotated[Style, typer.Option(help="Colors.")] = Style.LIGHT
    title: Annotated[str | None, typer.Option(help="The title of the picture.")] = None

    def check(self, inputs: Iterable[object]) -> None:
        """Raise now what would fail after drawing."""
        from w2v.plot.figure import check_extension

        if not is_standard(self.output):
            try:
                check_extension(self.output)
            except ValueError as error:
                raise typer.BadParameter(str(error)) from None
        check_streams({"--output": self.output}, inputs)

    def appearance(self) -> dict[str, Any]:
        """Return the arguments that all charts have."""
        return {"style": self.style.value, "title": self.title}

    def save(self, figure: Figure, quiet: bool) -> None:
        """Write the picture."""
        from w2v.plot import save

        with writable(self.output, "picture.png") as path:
            save(figure, path)
            size = path.stat().st_size
        if not quiet and not is_standard(self.output):
            note(f"Saved  {self.output} ({size:,} bytes)")


@dataclass(frozen=True)
class WordOptions:
    """Words to draw besides those given as arguments."""

    words: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Also plot the words in this file, one per line; - for standard input.",
        ),
    ] = None
    top: Annotated[
        int, typer.Option(min=0, help="Also plot the first N words of the vocabulary.")
    ] = 0

    def select(self, vectors: KeyedVectors, given: list[str] | None) -> list[str]:
        """Return the words given, those of the file, and the first ones."""
        listed = [] if self.words is None else word_list(readable(self.words))
        chosen = [*(given or []), *listed]
        if not chosen and not self.top:
            raise typer.BadParameter("no words: give some, or --words FILE, or --top N")
        seen = set(chosen)
        return chosen + [word for word in vectors.index_to_key[: self.top] if word not in seen]


Words = Annotated[
    list[str] | None,
    typer.Argument(metavar="WORD", help="The words to plot.", show_default=False),
]
Ordering = Annotated[
    Order, typer.Option(help="Put similar words side by side, or keep the given order.")
]


@plot.command(
    epilog=example("w2v plot heatmap model.safetensors king queen man woman -o heatmap.png")
)
@expand
def heatmap(
    model: VectorsPath,
    given: Words = None,
    *,
    picture: PictureOptions,
    dimensions: Annotated[
        int | None, typer.Option(help="Plot the first N dimensions (default: all).")
    ] = None,
    order: Ordering = Order.SIMILARITY,
    order_dimensions: Annotated[
        bool, typer.Option("--order-dimensions", help="Order the dimensions by similarity too.")
    ] = False,
    norm: Annotated[bool, typer.Option("--norm", help="Scale vectors to length 1.")] = False,
    selection: WordOptions,
    kind: Kind = VectorKind.INPUT,
    quiet: Quiet = False,
) -> None:
    """Plot words as rows of colors, one column per dimension."""
    from w2v import plot as charts

    picture.check([model, selection.words])
    vectors = load_vectors(model, kind)
    figure = charts.heatmap(
        vectors,
        selection.select(vectors, given),
        dimensions,
        order=order.value,
        order_dimensions=order_dimensions,
        norm=norm,
        **picture.appearance(),
    )
    picture.save(figure, quiet)


@plot.command(
    epilog=example("w2v plot similarity model.safetensors king queen man woman -o similarity.svg")
)
@expand
def similarity(
    model: VectorsPath,
    given: Words = None,
    *,
    picture: PictureOptions,
    metric: Annotated[Metric, typer.Option(help="How vectors are compared.")] = Metric.COSINE,
    order: Ordering = Order.SIMILARITY,
    selection: WordOptions,
    kind: Kind = VectorKind.INPUT,
    quiet: Quiet = False,
) -> None:
    """Plot the similarity of each pair of words."""
    from w2v import plot as charts

    picture.check([model, selection.words])
    vectors = load_vectors(model, kind)
    words = selection.select(vectors, given)
    figure = charts.similarity_matrix(
        vectors, words, metric.value, order=order.value, **picture.appearance()
    )
    picture.save(figure, quiet)


@plot.command(
    epilog=example(
        "w2v plot scatter model.safetensors --top 300 -o words.png",
        "w2v plot scatter model.safetensors --top 300 --method tsne -o words.svg",
    )
)
@expand
def scatter(
    model: VectorsPath,
    given: Words = None,
    *,
    picture: PictureOptions,
    method: Annotated[
        Method, typer.Option(help="tsne needs scikit-learn, umap needs umap-learn.")
    ] = Method.PCA,
    seed: Annotated[int, typer.Option(min=0, help="Random seed for tsne and umap.")] = 1,
    selection: WordOptions,
    kind: Kind = VectorKind.INPUT,
    quiet: Quiet = False,
) -> None:
    """Plot words as points of a plane, similar words near each other."""
    from w2v import plot as charts

    picture.check([model, selection.words])
    vectors = load_vectors(model, kind)
    words = selection.select(vectors, given)
    figure = charts.scatter(vectors, words, method.value, seed=seed, **picture.appearance())
    picture.save(figure, quiet)


@plot.command(
    epilog=example("w2v plot analogy model.safetensors king queen man woman -o analogy.png")
)
@expand
def analogy(
    model: VectorsPath,
    words: Annotated[
        list[str], typer.Argument(metavar="WORD", help="Pairs: king queen man woman ...")
    ],
    *,
    picture: PictureOptions,
    kind: Kind = VectorKind.INPUT,
    quiet: Quiet = False,
) -> None:
    """Plot an arrow from the first to the second word of each pair."""
    from w2v import plot as charts

    if len(words) % 2:
        raise typer.BadParameter(f"{len(words)} words: expected pairs, as in king queen man woman")
    picture.check([model])
    pairs = list(zip(words[::2], words[1::2], strict=True))
    picture.save(charts.analogy(load_vectors(model, kind), pairs, **picture.appearance()), quiet)


@plot.command(
    epilog=example(
        "w2v plot loss model.safetensors -o loss.png",
        "w2v plot loss model.safetensors other.safetensors --over tokens -o losses.svg",
    )
)
@expand
def loss(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN",
            help="Models saved by `w2v train`, checkpoints, or histories (--history); - for a "
            "model on standard input.",
        ),
    ],
    *,
    picture: PictureOptions,
    over: Annotated[
        Over | None,
        typer.Option(help="The horizontal axis (default: epochs, if any has ended in each run)."),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Plot the loss in training, and of held-out text, of one or several runs.

    Solid lines are losses of training, dashed ones those of text that was held out (--validation).
    """
    from w2v import plot as charts
    from w2v.plot.loss import run_names

    picture.check(runs)
    figure = charts.training_loss(
        [readable(path) for path in runs],
        run_names(runs) if len(runs) > 1 else None,
        over=None if over is None else over.value,
        **picture.appearance(),
    )
    picture.save(figure, quiet)
