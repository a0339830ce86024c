"""``w2v plot``: pictures of word vectors as files."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from w2v.cli.options import Model, Quiet, check_destination, load_vectors
from w2v.cli.terminal import printable
from w2v.training.word2vec import Word2Vec
from w2v.vectors.keyed_vectors import KeyedVectors
from w2v.vectors.metrics import Metric
from w2v.vocab.pruning import word_list

plot = typer.Typer(rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})


class Look(str, Enum):
    """Colours of a picture."""

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


Drawn = Annotated[
    list[str] | None,
    typer.Argument(metavar="[WORD]...", help="The words to draw.", show_default=False),
]
Picture = Annotated[
    Path,
    typer.Option(
        "--output", "-o", metavar="FILE", help="The picture: .png, .svg, .pdf and others."
    ),
]
FromFile = Annotated[
    Path | None,
    typer.Option("--words", metavar="FILE", help="Draw the words of this file too, one a line."),
]
Top = Annotated[
    int, typer.Option(min=0, help="Draw the first so many words of the vocabulary too.")
]
Colours = Annotated[Look, typer.Option("--style", help="Colours.")]
Title = Annotated[str | None, typer.Option(help="What to write above the picture.")]
Ordering = Annotated[
    Order, typer.Option(help="Put similar words side by side, or keep the order given.")
]


@plot.command()
def heatmap(
    model: Model,
    words: Drawn = None,
    *,
    output: Picture,
    dimensions: Annotated[
        int | None, typer.Option(help="Draw the first so many dimensions (default: all).")
    ] = None,
    order: Ordering = Order.SIMILARITY,
    order_dimensions: Annotated[
        bool, typer.Option("--order-dimensions", help="Order the dimensions by similarity too.")
    ] = False,
    norm: Annotated[bool, typer.Option("--norm", help="Scale vectors to length 1.")] = False,
    from_file: FromFile = None,
    top: Top = 0,
    style: Colours = Look.LIGHT,
    title: Title = None,
    quiet: Quiet = False,
) -> None:
    """Draw words as rows of colours, a column for each dimension."""
    with _picture(output, [model], style, title, quiet) as (draw, look):
        vectors, chosen = _drawn(model, words, from_file, top)
        draw.save(
            draw.heatmap(
                vectors,
                chosen,
                dimensions,
                order=order.value,
                order_dimensions=order_dimensions,
                norm=norm,
                **look,
            ),
            output,
        )


@plot.command()
def similarity(
    model: Model,
    words: Drawn = None,
    *,
    output: Picture,
    metric: Annotated[Metric, typer.Option(help="How to compare.")] = Metric.COSINE,
    order: Ordering = Order.SIMILARITY,
    from_file: FromFile = None,
    top: Top = 0,
    style: Colours = Look.LIGHT,
    title: Title = None,
    quiet: Quiet = False,
) -> None:
    """Draw how similar each word is to each other one."""
    with _picture(output, [model], style, title, quiet) as (draw, look):
        vectors, chosen = _drawn(model, words, from_file, top)
        figure = draw.similarity_matrix(vectors, chosen, metric.value, order=order.value, **look)
        draw.save(figure, output)


@plot.command()
def scatter(
    model: Model,
    words: Drawn = None,
    *,
    output: Picture,
    method: Annotated[
        Method, typer.Option(help="tsne needs scikit-learn, umap umap-learn.")
    ] = Method.PCA,
    seed: Annotated[int, typer.Option(min=0, help="Of tsne and umap.")] = 1,
    from_file: FromFile = None,
    top: Top = 0,
    style: Colours = Look.LIGHT,
    title: Title = None,
    quiet: Quiet = False,
) -> None:
    """Draw words as points of a plane, similar ones near each other."""
    with _picture(output, [model], style, title, quiet) as (draw, look):
        vectors, chosen = _drawn(model, words, from_file, top)
        draw.save(draw.scatter(vectors, chosen, method.value, seed=seed, **look), output)


@plot.command()
def analogy(
    model: Model,
    words: Annotated[
        list[str], typer.Argument(metavar="WORD...", help="Pairs: king queen man woman ...")
    ],
    *,
    output: Picture,
    style: Colours = Look.LIGHT,
    title: Title = None,
    quiet: Quiet = False,
) -> None:
    """Draw an arrow from the first to the second word of each pair."""
    if len(words) % 2:
        raise typer.BadParameter(f"{len(words)} words: expected pairs, as in king queen man woman")
    with _picture(output, [model], style, title, quiet) as (draw, look):
        pairs = list(zip(words[::2], words[1::2], strict=True))
        draw.save(draw.analogy(load_vectors(model), pairs, **look), output)


@plot.command()
def loss(
    models: Annotated[
        list[Path], typer.Argument(metavar="MODEL...", help="Whole models, as `w2v train` saves.")
    ],
    *,
    output: Picture,
    style: Colours = Look.LIGHT,
    title: Title = None,
    quiet: Quiet = False,
) -> None:
    """Draw the loss of each epoch, of one model or of several."""
    with _picture(output, models, style, title, quiet) as (draw, look):
        stems = [path.stem for path in models]
        labels = stems if len(set(stems)) == len(stems) else [str(path) for path in models]
        runs = [Word2Vec.load(path) for path in models]
        draw.save(draw.training_loss(runs, labels if len(runs) > 1 else None, **look), output)


@contextlib.contextmanager
def _picture(
    output: Path, sources: Sequence[Path], style: Look, title: str | None, quiet: bool
) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Give the module that draws and what all pictures take; say afterwards what was saved."""
    from w2v import plot as charts
    from w2v.plot.figure import check_extension

    try:
        check_extension(output)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    check_destination(output, sources)
    yield charts, {"style": style.value, "title": title}
    if not quiet:
        print(f"Saved  {printable(output)} ({output.stat().st_size:,} bytes)")


def _drawn(
    model: Path, words: list[str] | None, from_file: Path | None, top: int
) -> tuple[KeyedVectors, list[str]]:
    """Return the vectors, and the words to draw: those given, those of a file, the first ones."""
    vectors = load_vectors(model)
    more = [] if from_file is None else word_list(from_file)
    given = [*(words or []), *more]
    if not given and not top:
        raise typer.BadParameter("no words: give some, or --words FILE, or --top N")
    seen = set(given)
    return vectors, given + [word for word in vectors.index_to_key[:top] if word not in seen]
