"""``w2v compare`` and ``stability``: words that moved between models, and between seeds."""

from __future__ import annotations

import math
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from w2v._format import format_fixed
from w2v.cli.options import (
    Json,
    Kind,
    Quiet,
    ReadingOptions,
    Sources,
    VectorKind,
    corpus_source,
    expand,
    load_vectors,
)
from w2v.cli.signals import INTERRUPTED
from w2v.cli.streams import check_extension, check_streams, is_standard, writable
from w2v.cli.terminal import note, percent, print_json, print_table, progress_bar
from w2v.config import TrainingConfig
from w2v.corpus.corpus import Corpus
from w2v.progress import corpus_progress
from w2v.training.repeats import StabilityInterrupt
from w2v.training.repeats import stability as train_runs
from w2v.training.word2vec import Word2Vec
from w2v.vectors.comparing import Comparison, WordChange, check_names
from w2v.vectors.comparing import compare as compare_two
from w2v.vectors.series import Series, Trajectory, compare_series
from w2v.vectors.stability import Stability


class Ranking(str, Enum):
    """How words are ranked."""

    Z = "z"
    DISPLACEMENT = "displacement"
    NEIGHBORS = "neighbors"
    TREND = "trend"


class AlignTo(str, Enum):
    """What each model of a series is rotated onto."""

    PREVIOUS = "previous"
    FIRST = "first"


Picture = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Also draw a picture: .png, .svg, .pdf and others."
    ),
]
Table = Annotated[
    Path | None,
    typer.Option("--csv", metavar="FILE", help="Also write all words as a table (.csv, .tsv)."),
]
GivenWords = Annotated[
    list[str] | None,
    typer.Option(
        "--word",
        metavar="WORD",
        help="Show this word with its neighbors instead. Can be given several times.",
    ),
]


def compare(
    models: Annotated[
        list[Path],
        typer.Argument(
            metavar="MODEL...",
            help="Two or more models or vectors, those of a series in order of time; - for "
            "standard input.",
        ),
    ],
    *,
    top: Annotated[
        int, typer.Option(metavar="N", min=0, help="Show the N words that moved most, and least.")
    ] = 10,
    word: GivenWords = None,
    by: Annotated[
        Ranking,
        typer.Option(
            help="Rank words by how much farther they moved than words of their frequency (z), by "
            "displacement, by neighbors lost (two models), or by trend (more than two)."
        ),
    ] = Ranking.Z,
    center: Annotated[
        bool, typer.Option("--center", help="Subtract the mean of the common words first.")
    ] = False,
    align_to: Annotated[
        AlignTo, typer.Option(help="Of more than two models: what each is rotated onto.")
    ] = AlignTo.PREVIOUS,
    kind: Kind = VectorKind.INPUT,
    as_json: Json = False,
    table: Table = None,
    output: Picture = None,
    quiet: Quiet = False,
) -> None:
    """Compare models: which words moved, farther than others of their frequency.

    The second model is rotated onto the first (orthogonal Procrustes), each further one onto its
    predecessor. Displacement is 1 minus the cosine of a word's two vectors; "usual" is that of
    words of the same frequency.
    """
    if len(models) < 2:
        raise typer.BadParameter(f"{len(models)} model: expected at least two to compare")
    if by.value not in (ranks := _rankings(len(models))):
        raise typer.BadParameter(
            f"--by {by.value}: of {len(models)} models, expected one of {', '.join(ranks)}"
        )
    check_outputs(table, output, models)
    names = check_names(None, [str(path) for path in models])
    vectors = [load_vectors(path, kind) for path in models]
    found: Comparison | Series
    if len(models) == 2:
        found = compare_two(*vectors, names=names, center=center)
        changes = _Changes(found)
    else:
        found = compare_series(vectors, names=names, align_to=align_to.value, center=center)
        changes = _Trajectories(found)
    chosen = [*dict.fromkeys(word or ())]
    changes.show(chosen, top, by.value, as_json, quiet)
    write_outputs(found, table, output, chosen or None, quiet)


def _rankings(count: int) -> list[str]:
    return ["z", "displacement", "neighbors" if count == 2 else "trend"]


def check_outputs(table: Path | None, picture: Path | None, inputs: list[Any]) -> None:
    """Raise now what would fail after the work."""
    check_extension(table, "the table is written as text", (".csv", ".tsv", ".txt"))
    if picture is not None and not is_standard(picture):
        from w2v.plot.figure import check_extension as check_picture

        try:
            check_picture(picture)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
    for option, path in (("--csv", table), ("--output", picture)):
        if path is not None and is_standard(path):
            raise typer.BadParameter(f"{option} -: name a file; the result is printed already")
    check_streams({"--csv": table, "--output": picture}, inputs)


def write_outputs(
    found: Comparison | Series | Stability,
    table: Path | None,
    picture: Path | None,
    words: list[str] | None,
    quiet: bool,
) -> None:
    """Write the table of all words, and the picture of the given ones."""
    if table is not None:
        with writable(table) as path:
            found.to_csv(path)
        if not quiet:
            note(f"Saved  {table}")
    if picture is not None:
        from w2v import plot

        if isinstance(found, Comparison):
            figure = plot.change(found, words)
        elif isinstance(found, Series):
            figure = plot.trajectory(found, words)
        elif words is not None and len(words) == 1:
            figure = plot.stable_neighbors(found, words[0])
        else:
            figure = plot.stability(found, words)
        with writable(picture) as path:
            plot.save(figure, path)
        if not quiet:
            note(f"Saved  {picture}")


class _Changes:
    """What is printed of two models."""

    columns: tuple[str, ...] = ("displacement", "usual", "z", "shared 10", "shared 50")

    def __init__(self, found: Any) -> None:
        self.found = found

    def cells(self, one: Any) -> tuple[str, ...]:
        """Return the cells of a word, after its name."""
        change: WordChange = one
        figures = (change.displacement, change.expected, change.z)
        texts = [_figure(x, digits) for x, digits in zip(figures, (3, 3, 1), strict=True)]
        return *texts, f"{change.shared_10:.0%}", f"{change.shared_50:.0%}"

    def heading(self) -> str:
        """Return a line about all words."""
        summary = self.found.summary()
        moved = summary["mean_displacement"]
        mean = "" if moved is None else f", mean displacement {moved:.3f}"
        return (
            f"{len(self.found):,} common words{mean}; neighbors shared: "
            f"{summary['mean_shared_10']:.0%} of 10, {summary['mean_shared_50']:.0%} of 50"
        )

    def remarks(self) -> list[str]:
        """Return further lines, about what the figures mean here."""
        return list(filter(None, [self.found.unmoved_note]))

    def show_steps(self, chosen: list[Any]) -> None:
        """Print how the given words moved from model to model, if there are more than two."""

    def neighbors(self, one: Any) -> list[tuple[str, list[tuple[str, float]] | None]]:
        """Return the nearest words of a word in each model."""
        return list(zip(self.found.names, one.neighbors, strict=True))

    def summary(self) -> dict[str, Any]:
        """Return what JSON has besides words."""
        return dict(self.found.summary())

    def show(self, words: list[str], top: int, by: str, as_json: bool, quiet: bool) -> None:
        """Print the words that moved most and least, or the given ones with their neighbors."""
        if words:
            chosen = [self.found[word] for word in words]
            parts = {"word": chosen}
        else:
            most = self.found.most_changed(top, by)
            parts = {"most": most, "least": self.found.least_changed(top, by)}
        if as_json:
            listed = {name: [one.to_dict() for one in part] for name, part in parts.items()}
            if words:
                listed = {"words": listed["word"]}
            print_json(self.summary() | listed)
            return
        if not quiet:
            for line in (self.heading(), *self.remarks()):
                note(line)
        rows = [
            (*(() if words else (name,)), one.word, *self.cells(one))
            for name, part in parts.items()
            for one in part
        ]
        first = ("word",) if words else ("moved", "word")
        print_table((*first, *self.columns), rows, right=self.columns)
        if words:
            self.show_steps(chosen)
            print()
            listed_neighbors = [
                (one.word, name, word, format_fixed(cosine, 4))
                for one in chosen
                for name, nearest in self.neighbors(one)
                for word, cosine in nearest or ()
            ]
            print_table(("word", "model", "neighbor", "cosine"), listed_neighbors, ("cosine",))


class _Trajectories(_Changes):
    """What is printed of a series."""

    def __init__(self, found: Any) -> None:
        super().__init__(found)
        self.columns = ("change", "z", "trend", *found.names[1:])

    def cells(self, one: Any) -> tuple[str, ...]:
        path: Trajectory = one
        moved = [_figure(x, 3) for x in path.displacement[1:]]
        return _figure(path.change, 3), _figure(path.z, 1), _figure(path.trend, 2), *moved

    def show_steps(self, chosen: list[Any]) -> None:
        paths: list[Trajectory] = chosen
        columns = ("occurrences", "displacement", "step", "neighbors lost")
        rows = [
            (
                path.word,
                name,
                "-" if (count := path.counts[t]) is None else f"{count:,}",
                _figure(path.displacement[t], 3),
                _figure(path.step[t], 3),
                "-" if (lost := path.step_neighbors[t]) is None else f"{lost:.0%}",
            )
            for path in paths
            for t, name in enumerate(path.names)
        ]
        print()
        print_table(("word", "model", *columns), rows, right=columns)

    def remarks(self) -> list[str]:
        return []

    def heading(self) -> str:
        return f"{len(self.found):,} words of at least two of {len(self.found.names)} models"

    def summary(self) -> dict[str, Any]:
        return {"names": list(self.found.names), "words_in_two": len(self.found)}


def _figure(value: float | None, digits: int) -> str:
    return "-" if value is None or math.isnan(value) else format_fixed(value, digits)


# ---- Seeds ---------------------------------------------------------------------------------------


@expand
def stability(
    sources: Sources,
    *,
    runs: Annotated[
        int, typer.Option(min=2, help="Number of models; their seeds count up from --seed.")
    ] = 5,
    reading: ReadingOptions,
    word: GivenWords = None,
    as_json: Json = False,
    table: Table = None,
    output: Picture = None,
    quiet: Quiet = False,
    settings: TrainingConfig,
) -> int:
    """Train models with different seeds; show which nearest neighbors are due to chance.

    Stability is the share of a word's 10 nearest neighbors that two runs have in common, the mean
    over all pairs. After Ctrl-C, the runs that had ended are compared. The picture shows the
    stability of all words over their frequency; of a single --word, its neighbors.
    """
    check_outputs(table, output, sources)
    status = 0
    with progress_bar(quiet) as bar:
        corpus = Corpus(
            corpus_source(sources),
            workers=settings.workers,
            progress=corpus_progress(bar),
            **reading.arguments(),
        )
        if word:  # unknown ones are an error now, not after training
            model = Word2Vec(**settings.to_dict())
            model.build_vocab(corpus)
            for one in word:
                model.wv.get_index(one)
        try:
            found = train_runs(corpus, runs, progress=bar or False, **settings.to_dict())
        except StabilityInterrupt as interrupt:
            if interrupt.stability is None:
                raise
            found, status = interrupt.stability, INTERRUPTED
    chosen = [*dict.fromkeys(word or ())]
    _show_stability(found, chosen, as_json, quiet)
    write_outputs(found, table, output, chosen or None, quiet)
    return status


def _show_stability(found: Stability, words: list[str], as_json: bool, quiet: bool) -> None:
    """Print the mean by frequency, or the neighbors of the given words."""
    neighbors = {word: found.neighbors(word) for word in words}
    if as_json:
        listed = [
            {"word": word, "stability": found[word], "neighbors": [vars(one) for one in nearest]}
            for word, nearest in neighbors.items()
        ]
        print_json(found.summary() | ({"words_given": listed} if words else {}))
        return
    if not quiet:
        note(
            f"{len(found.models)} runs, {len(found):,} words: two runs share {found.mean:.0%} of "
            f"{found.k} neighbors on average"
        )
    if not words:
        bands = ("occurrences", "words", "stability")
        means = [
            (f"{band.low:,}-{band.high:,}", f"{band.words:,}", percent(band.stability))
            for band in found.by_frequency()
        ]
        print_table(bands, means, right=bands)
        return
    columns = ("word", "neighbor", "in runs", "cosine", "spread")
    runs = len(found.models)
    rows_of_words = [
        (
            f"{word} ({found[word]:.0%})",
            one.word,
            f"{round(one.share * runs)}/{runs}",
            format_fixed(one.cosine, 4),
            format_fixed(one.spread, 4),
        )
        for word, nearest in neighbors.items()
        for one in nearest
    ]
    print_table(columns, rows_of_words, right=columns[2:])
