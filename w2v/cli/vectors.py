"""Commands for vectors of any kind: neighbours, evaluation, classes, other formats."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from w2v._validation import parse_size
from w2v.cli.options import Model, Quiet, check_destination, load_vectors
from w2v.cli.terminal import describe, percent, print_table, printable
from w2v.io import registry
from w2v.io.word_classes import write_classes
from w2v.vectors.keyed_vectors import KeyedVectors
from w2v.vectors.metrics import Metric


class Analogy(str, Enum):
    """How ``w2v evaluate`` answers analogies."""

    ADD = "3cosadd"
    MUL = "3cosmul"


class Format(str, Enum):
    """File formats that ``w2v export`` writes."""

    WORD2VEC = "word2vec"
    WORD2VEC_TEXT = "word2vec-text"


def neighbors(
    model: Model,
    words: Annotated[list[str], typer.Argument(metavar="WORD", help="Words to look up.")],
    topn: Annotated[int, typer.Option(min=1, help="Neighbours to show of each word.")] = 10,
    metric: Annotated[Metric, typer.Option(help="How to compare.")] = Metric.COSINE,
) -> None:
    """Show the words nearest to the given ones."""
    vectors = load_vectors(model)
    for word in words:
        try:
            vectors.get_index(word)
        except KeyError as error:
            raise KeyError(f"{model}: {describe(error)}") from None
    rows = [
        (word, neighbor, f"{value:.4f}")
        for word in words
        for neighbor, value in vectors.most_similar(word, topn=topn, metric=metric.value)
    ]
    print_table(("word", "neighbour", metric.value), rows, right=(metric.value,))


def evaluate(
    model: Model,
    *,
    questions: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Analogies: Google's questions-words.txt or a file like it, MSR's .questions, or "
            "a BATS directory. Can be given several times.",
        ),
    ] = None,
    pairs: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Word pairs and how similar people found them. Can be given several times.",
        ),
    ] = None,
    method: Annotated[
        Analogy, typer.Option(help="How an analogy's answer is found: by a sum or a product.")
    ] = Analogy.ADD,
    restrict_vocab: Annotated[
        int, typer.Option(min=1, help="Ask for and search only the first so many words.")
    ] = 300_000,
    case_sensitive: Annotated[
        bool, typer.Option("--case-sensitive", help="Tell upper from lower case.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Tell how well vectors answer analogies, and how they agree with people on similarity.

    Coverage is the share of questions or pairs whose words are all known; no others are asked.
    """
    if not questions and not pairs:
        raise typer.BadParameter("give --questions, --pairs or both: there is nothing to ask")
    vectors = load_vectors(model)
    how: dict[str, Any] = {
        "restrict_vocab": restrict_vocab,
        "case_insensitive": not case_sensitive,
    }
    analogies = [
        vectors.evaluate_analogies(path, method=method.value, **how) for path in questions or ()
    ]
    similarities = [vectors.evaluate_pairs(path, **how) for path in pairs or ()]
    if as_json:
        told = {
            "model": str(model),
            "questions": [report.to_dict() for report in analogies],
            "pairs": [report.to_dict() for report in similarities],
        }
        print(json.dumps(told))
        return
    if analogies:
        rows = [
            (Path(report.file).name, s.name, percent(s.accuracy), f"{s.correct:,}",
             f"{s.evaluated:,}", percent(s.coverage))
            for report in analogies
            for s in (*report.sections, report.total)
        ]  # fmt: skip
        columns = ("questions", "section", "accuracy", "correct", "evaluated", "coverage")
        print_table(columns, rows, right=columns[2:])
    if similarities:
        figures = [
            (Path(report.file).name, f"{report.spearman:.4f}", f"{report.spearman_p:.2g}",
             f"{report.pearson:.4f}", f"{report.pearson_p:.2g}", f"{report.evaluated:,}",
             percent(report.coverage))
            for report in similarities
        ]  # fmt: skip
        named = ("pairs", "Spearman", "p", "Pearson", "p", "evaluated", "coverage")
        print_table(named, figures, right=named[1:])


def classes(
    model: Model,
    *,
    k: Annotated[int, typer.Option("--classes", "-k", min=1, help="How many classes.")] = 500,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to save (default: print)."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Other seeds begin from other words.")] = 1,
    iterations: Annotated[int, typer.Option(min=1, help="Improve at most so often.")] = 20,
) -> None:
    """Sort the words into classes of similar ones (k-means).

    A word and the number of its class a line, as `word2vec -classes` writes them.
    """
    if output is not None:
        check_destination(output, sources=[model])
    vectors = load_vectors(model)
    found = vectors.kmeans(k, seed=seed, iterations=iterations)
    if output is not None:
        write_classes(output, vectors.index_to_key, found)
        return
    for word, number in zip(vectors.index_to_key, found.tolist(), strict=True):
        print(f"{printable(word)} {number}")


def export(
    model: Model,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The file to write.")],
    format: Annotated[
        Format,
        typer.Option("--format", "-f", help="word2vec's binary format, or its text format."),
    ] = Format.WORD2VEC,
    quiet: Quiet = False,
) -> None:
    """Write the vectors in a format that other programs read."""
    check_destination(out, sources=[model])
    vectors = load_vectors(model)
    binary = format is Format.WORD2VEC
    vectors.save_word2vec_format(out, binary=binary)
    if not quiet:
        kind = "binary" if binary else "text"
        print(
            f"Saved {len(vectors):,} words of {vectors.vector_size} dimensions "
            f"in word2vec's {kind} format: {printable(out)}"
        )


def convert(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="IN",
            help="Vectors in any format: a model or vectors of w2v, word2vec's binary or text "
            "format (fastText's .vec too), GloVe's text, each plain or compressed; .npz, Parquet, "
            "Arrow, the projector's .tsv, fastText's .bin, gensim's .kv or .model. What it is, is "
            "told by its content.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Argument(
            metavar="OUT",
            help="The file to write, in the format of its extension: .safetensors, .bin, .txt, "
            ".vec, .glove, .npz, .parquet, .arrow, .feather, .tsv; .txt.gz and the like compress.",
        ),
    ],
    *,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="FORMAT", help="What IN is, whatever it holds.")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="FORMAT", help="What to write, whatever its name.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Convert the first words only.")] = None,
    dtype: Annotated[
        str, typer.Option(help="How numbers are stored: float32, float16 or int8.")
    ] = "float32",
    errors: Annotated[
        str,
        typer.Option(
            help="What to do with words that a format cannot hold, that are not UTF-8 or repeat: "
            "strict (an error), replace or skip."
        ),
    ] = "strict",
    max_size: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="How large a compressed file may be when decompressed, such as 20GB; default 100 "
            "times its size.",
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Convert vectors from one file format to another."""
    if to is None:
        to = registry.format_from_name(out)
    check_destination(out, sources=[source])
    most = None
    if max_size is not None:
        try:
            most = parse_size(max_size)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
    vectors = KeyedVectors.read(
        source, format=from_, limit=limit, errors=errors, max_size=most, mmap=True
    )
    vectors.export(out, format=to, dtype=dtype, errors=errors)
    if not quiet:
        left = "" if vectors.subwords is None else ", without their subwords"
        print(
            f"Converted {len(vectors):,} words of {vectors.vector_size} dimensions to {to}{left}: "
            f"{printable(out)}"
        )
