"""``w2v search``, ``evaluate``, ``cluster`` and ``convert``: vectors of any format."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from w2v._format import format_fixed
from w2v._validation import parse_size
from w2v.cli.options import (
    Json,
    Kind,
    Quiet,
    TopN,
    VectorKind,
    VectorsPath,
    load_vectors,
)
from w2v.cli.streams import check_extension, check_streams, is_standard, readable, writable
from w2v.cli.terminal import (
    format_error,
    is_terminal,
    note,
    output_name,
    percent,
    print_json,
    print_table,
    printable,
)
from w2v.io import registry
from w2v.io.word_classes import write_classes
from w2v.vectors.keyed_vectors import KeyedVectors
from w2v.vectors.metrics import Metric
from w2v.vocab.pruning import word_list


class Analogy(str, Enum):
    """How analogies are answered."""

    ADD = "3cosadd"
    MUL = "3cosmul"


class NumberType(str, Enum):
    """How the numbers of vectors are stored."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    INT8 = "int8"


class WordErrors(str, Enum):
    """What to do with words that cannot be read or written."""

    STRICT = "strict"
    REPLACE = "replace"
    IGNORE = "ignore"
    SKIP = "skip"


def search(
    model: VectorsPath,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="WORD",
            help="Words to look up; - reads them from standard input, one per line.",
        ),
    ],
    topn: TopN = 10,
    metric: Annotated[Metric, typer.Option(help="How vectors are compared.")] = Metric.COSINE,
    kind: Kind = VectorKind.INPUT,
    as_json: Json = False,
) -> None:
    """Search for the nearest neighbors of words."""
    check_streams({}, [model, *words])
    if words == ["-"]:
        words = list(word_list(readable(Path("-"))))
    vectors = load_vectors(model, kind)
    for word in words:
        try:
            vectors.get_index(word)
        except KeyError as error:
            raise KeyError(f"{model}: {format_error(error)}") from None
    found = {word: vectors.most_similar(word, topn=topn, metric=metric.value) for word in words}
    if as_json:
        print_json(
            [
                {
                    "word": word,
                    "metric": metric.value,
                    "neighbors": [{"word": other, "score": float(x)} for other, x in nearest],
                }
                for word, nearest in found.items()
            ]
        )
        return
    rows = [
        (word, neighbor, format_fixed(value, 4))
        for word in words
        for neighbor, value in found[word]
    ]
    print_table(("word", "neighbor", metric.value), rows, right=(metric.value,))


def evaluate(
    model: VectorsPath,
    *,
    questions: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Analogies: Google questions-words.txt or a similar file, MSR .questions, or a "
            "BATS directory. Can be given several times.",
        ),
    ] = None,
    pairs: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Word pairs with human similarity ratings. Can be given several times.",
        ),
    ] = None,
    method: Annotated[
        Analogy, typer.Option(help="Answer analogies by a sum of cosines, or by a product.")
    ] = Analogy.ADD,
    restrict_vocab: Annotated[
        int, typer.Option(min=1, help="Restrict questions and candidates to the first N words.")
    ] = 300_000,
    case_sensitive: Annotated[
        bool, typer.Option("--case-sensitive", help="Distinguish upper and lower case.")
    ] = False,
    kind: Kind = VectorKind.INPUT,
    as_json: Json = False,
) -> None:
    """Evaluate vectors on analogies and on word similarity.

    Coverage is the fraction of questions or pairs whose words are all known; the others are not
    evaluated.
    """
    if not questions and not pairs:
        raise typer.BadParameter("nothing to evaluate: give --questions, --pairs or both")
    check_streams({}, [model, *(questions or ()), *(pairs or ())])
    vectors = load_vectors(model, kind)
    how: dict[str, Any] = {
        "restrict_vocab": restrict_vocab,
        "case_insensitive": not case_sensitive,
    }
    analogies = [
        vectors.evaluate_analogies(readable(path), method=method.value, **how)
        for path in questions or ()
    ]
    similarities = [vectors.evaluate_pairs(readable(path), **how) for path in pairs or ()]
    if as_json:
        print_json(
            {
                "model": str(model),
                "questions": [report.to_dict() for report in analogies],
                "pairs": [report.to_dict() for report in similarities],
            }
        )
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
            (Path(report.file).name, format_fixed(report.spearman, 4), f"{report.spearman_p:.2g}",
             format_fixed(report.pearson, 4), f"{report.pearson_p:.2g}", f"{report.evaluated:,}",
             percent(report.coverage))
            for report in similarities
        ]  # fmt: skip
        names = ("pairs", "Spearman", "p", "Pearson", "p", "evaluated", "coverage")
        print_table(names, figures, right=names[1:])


def cluster(
    model: VectorsPath,
    *,
    k: Annotated[int, typer.Option("--clusters", "-k", min=1, help="Number of clusters.")] = 500,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="Where to save; - prints."),
    ] = Path("-"),
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 1,
    iterations: Annotated[int, typer.Option(min=1, help="Maximum number of iterations.")] = 20,
    kind: Kind = VectorKind.INPUT,
    as_json: Json = False,
) -> None:
    """Cluster words by similarity (k-means).

    Each line has a word and the number of its cluster, as in the output of `word2vec -classes`.
    --json prints one object with the number of each word instead.
    """
    check_streams({} if as_json else {"--output": output}, [model], binary=False)
    if not as_json:
        check_extension(output, "clusters are written as text", (".txt", ".tsv", ".csv"))
    if as_json and not is_standard(output):
        raise typer.BadParameter("--json prints to standard output; leave out --output")
    vectors = load_vectors(model, kind)
    found = vectors.kmeans(k, seed=seed, iterations=iterations)
    if as_json:
        print_json(dict(zip(vectors.index_to_key, found.tolist(), strict=True)))
    elif is_standard(output) and is_terminal(sys.stdout):
        for word, number in zip(vectors.index_to_key, found.tolist(), strict=True):
            print(f"{printable(word)} {number}")
    else:
        with writable(output) as path:
            write_classes(path, vectors.index_to_key, found)


def output_format(output: Path, to: str | None, remedy: str = ", or --to FORMAT") -> str:
    """Return the format to write, which --to or the extension of the output names."""
    known = {name: format for name, format in registry.FORMATS.items() if format.write}
    if to is None:
        if is_standard(output):
            raise typer.BadParameter("--output -: give the format with --to")
        try:
            return registry.format_from_name(output)
        except ValueError as error:
            problem = "no extension" if "no extension" in str(error) else "unknown extension"
            extensions = ", ".join(e for format in known.values() for e in format.extensions)
            raise typer.BadParameter(
                f"{output}: {problem}; use one of {extensions}{remedy}"
            ) from None
    if to not in known:
        raise typer.BadParameter(f"--to {to}: expected one of {', '.join(known)}")
    if to == "tensorboard" and is_standard(output):
        raise typer.BadParameter("--output -: TensorBoard needs two files; name one")
    return to


def convert(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="IN",
            help="Vectors in any format: a model or vectors saved by w2v, word2vec binary or text "
            "format (also fastText .vec), GloVe text, plain or compressed; .npz, Parquet, Arrow, "
            "TensorBoard .tsv, fastText .bin, gensim .kv or .model; - for standard input. The "
            "format is detected from the content.",
        ),
    ],
    *,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="The file to write, in the format of its extension: .safetensors, .bin, .txt, "
            ".vec, .glove, .npz, .parquet, .arrow, .feather, .tsv; .txt.gz and the like are "
            "compressed; - for standard output, with --to.",
        ),
    ],
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="FORMAT", help="Input format (default: from the content)."),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="FORMAT",
            help="Output format (default: from the extension): w2v, word2vec, word2vec-text, "
            "glove, npz, parquet, arrow or tensorboard.",
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Convert the first N words.")] = None,
    dtype: Annotated[
        NumberType, typer.Option(help="Type of the stored numbers.")
    ] = NumberType.FLOAT32,
    errors: Annotated[
        WordErrors,
        typer.Option(
            help="What to do with words that are not UTF-8, repeat, or cannot be written in the "
            "output format; strict is an error, ignore drops bytes that are not UTF-8."
        ),
    ] = WordErrors.STRICT,
    max_size: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="Maximum size of a compressed file when decompressed, such as 20GB; default: 100 "
            "times its size.",
        ),
    ] = None,
    kind: Kind = VectorKind.INPUT,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Convert vectors from one file format to another."""
    to = output_format(output, to)
    if from_ is not None and from_ not in registry.FORMATS:
        raise typer.BadParameter(f"--from {from_}: expected one of {', '.join(registry.FORMATS)}")
    is_text = to in ("word2vec-text", "glove")
    check_streams({"--output": output}, [source], as_json=as_json, binary=not is_text)
    try:
        max_bytes = None if max_size is None else parse_size(max_size)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    vectors = KeyedVectors.read(
        readable(source),
        format=from_,
        limit=limit,
        errors=errors.value,
        max_size=max_bytes,
        mmap=not is_standard(source),
        vectors=kind.value,
    )
    writing = "strict" if errors is WordErrors.IGNORE else errors.value
    with writable(output) as path:
        vectors.export(path, format=to, dtype=dtype.value, errors=writing)
    if as_json:
        print_json(
            {
                "output": str(output),
                "format": to,
                "words": len(vectors),
                "dimensions": vectors.vector_size,
            }
        )
    if not quiet:
        left = "" if vectors.subwords is None else ", without their subwords"
        note(
            f"Converted {len(vectors):,} words of {vectors.vector_size} dimensions to {to}{left}: "
            f"{output_name(output)}"
        )
