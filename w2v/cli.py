"""The command line: ``w2v train``, ``phrases``, ``neighbors``, ``predict``, ``score`` and others.

The flags of ``train`` are made from `TrainingConfig`. Whatever goes wrong is told in one line on
standard error; the exit status is 1, or 2 where the command itself was wrong, or 130 after Ctrl-C.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import inspect
import json
import os
import re
import shlex
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from w2v import demo as documentation_demo
from w2v._version import __version__
from w2v.cli_classify import classify
from w2v.cluster import write_classes
from w2v.config import TrainingConfig, parameters
from w2v.corpus import Corpus
from w2v.formats import native
from w2v.formats import vectors as files_of_vectors
from w2v.formats._files import looks_binary, replacing
from w2v.inspection import corpus_report
from w2v.model import Word2Vec
from w2v.phrases import ENGLISH_CONNECTOR_WORDS, Phrases
from w2v.progress import ProgressBar, reading
from w2v.spill import parse_size
from w2v.trimming import word_list
from w2v.vectors import KeyedVectors

if TYPE_CHECKING:
    from w2v.trainer import TrainingResult

_INTERRUPTED = 130  # 128 + SIGINT, as shells count
_MISTAKES = (ValueError, TypeError, FloatingPointError, ImportError, Warning)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# Pickles, zip, NumPy's, HDF5 and fastText's files: the reader of models knows what to do with each.
_NO_CORPUS = (b"\x80", b"PK\x03\x04", b"\x93NUMPY", b"\x89HDF", b"\xba\x16\x4f\x2f")
_WORD2VEC_HEADER = re.compile(rb"\s*(\d+)[ \t]+(\d+)[ \t\r]*\n")

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Errors(str, Enum):
    """What to do with bytes that are not UTF-8."""

    STRICT = "strict"
    REPLACE = "replace"
    IGNORE = "ignore"


class Tokenizer(str, Enum):
    """Where text is split into words."""

    SPACE = "space"
    UNICODE = "unicode"


class Scoring(str, Enum):
    """How ``w2v phrases`` scores pairs of words."""

    DEFAULT = "default"
    WORD2PHRASE = "word2phrase"
    NPMI = "npmi"


class Analogy(str, Enum):
    """How ``w2v evaluate`` answers analogies."""

    ADD = "3cosadd"
    MUL = "3cosmul"


class Format(str, Enum):
    """File formats that ``w2v export`` writes."""

    WORD2VEC = "word2vec"
    WORD2VEC_TEXT = "word2vec-text"


Model = Annotated[
    Path,
    typer.Argument(
        metavar="MODEL",
        help="A model or vectors saved by w2v, or vectors in any format that `w2v convert` reads.",
    ),
]
WholeModel = Annotated[
    Path, typer.Argument(metavar="MODEL", help="A whole model, as `w2v train` saves it.")
]
Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE...",
        help="Text in UTF-8, one sentence a line: files (plain, .gz, .bz2, .xz, .zst), directories "
        "or patterns; - for standard input. Or Parquet, Arrow and Feather files, or a corpus that "
        "`w2v encode` wrote.",
    ),
]
Tokens = Annotated[
    Tokenizer,
    typer.Option("--tokenizer", help="Split text at white space, or at Unicode's word boundaries."),
]
Lowercase = Annotated[bool, typer.Option("--lowercase", help="Lower-case all words.")]
Column = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="The column of a table that holds the text."),
]
Memory = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        help="Memory that reading may take, such as 4GB: what exceeds it goes to disk.",
    ),
]
BadBytes = Annotated[Errors, typer.Option(help="What to do with bytes that are not UTF-8.")]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print nothing but warnings and errors.")
]


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    args : sequence of str, optional
        What stands after the program's name; default ``sys.argv[1:]``. None at all asks for help.

    Returns
    -------
    int
        The exit status: 0, 1 (failed), 2 (wrong usage) or 130 (interrupted).
    """
    if not (sys.argv[1:] if args is None else args):
        args = ["--help"]
    for stream in (sys.stdout, sys.stderr):
        # A word that the terminal's encoding does not have is shown escaped; it is no error.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            command = typer.main.get_command(app)
            status = command.main(args, prog_name="w2v", standalone_mode=False)
            sys.stdout.flush()
    except (KeyboardInterrupt, typer.Abort):
        status = _INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough, as `head` does. Nothing more must be written,
        # not even by the interpreter when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    except Exception as error:
        _tell("error", _describe(error))
        status = getattr(error, "exit_code", 1)
    if status == _INTERRUPTED:
        _tell("interrupted")
    return int(status or 0)


def _with_flags(
    command: Callable[..., Any], only: Sequence[str] | None = None
) -> Callable[..., Any]:
    """Put one flag per hyper-parameter in the place of the command's ``**settings``."""
    signature = inspect.signature(command, eval_str=True)
    fixed = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    fields = dataclasses.fields(TrainingConfig)
    flags = [_flag(field) for field in fields if only is None or field.name in only]
    command.__signature__ = signature.replace(parameters=fixed + flags)  # type: ignore[attr-defined]
    return command


def _flag(field: dataclasses.Field[Any]) -> inspect.Parameter:
    bounds = parameters()[field.name]
    kind: Any = {"int": int, "float": float, "bool": bool, "str": str}[bounds.kind]

    def parse(value: Any) -> Any:
        # One message for what is no number and for what is out of range, the configuration's own.
        with contextlib.suppress(ValueError):
            value = kind(value)
        try:
            return bounds.check(field.name, value)
        except (TypeError, ValueError) as error:
            raise typer.BadParameter(str(error)) from None

    text = bounds.help[0].upper() + bounds.help[1:].replace("None:", "default:")
    more: dict[str, Any] = {}
    if kind is str:
        more = {"parser": parse, "metavar": "|".join(bounds.choices)}
    elif kind is not bool:
        # The type is shown before the text already.
        text += f" ({bounds.describe().partition(', ')[2].removesuffix(', or None')})"
        more = {"parser": parse, "metavar": bounds.kind.upper()}
    option = typer.Option(help=f"{text}.", show_default=field.default is not None, **more)
    return inspect.Parameter(
        field.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=field.default,
        annotation=Annotated[kind | None if bounds.optional else kind, option],
    )


def _version(wanted: bool) -> None:
    if wanted:
        print(f"w2v {__version__}")
        raise typer.Exit


@app.callback()
def w2v(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Learn word vectors from text, fast, and look at them."""


@app.command()
@_with_flags
def train(
    sources: Sources,
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where to save the model.")
    ],
    tokenizer: Tokens = Tokenizer.SPACE,
    lowercase: Lowercase = False,
    column: Column = None,
    memory: Memory = None,
    errors: BadBytes = Errors.STRICT,
    vocab: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Train the words of this file, one a line, and no others; a count behind a word "
            "is passed over.",
        ),
    ] = None,
    save_vocab: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where to save the words trained and their counts."),
    ] = None,
    quiet: Quiet = False,
    **settings: Any,
) -> int:
    """Learn word vectors from text and save the model.

    Ctrl-C ends the training early and saves what was learned until then.
    """
    try:
        model = Word2Vec(**settings)
    except (TypeError, ValueError) as error:
        raise typer.BadParameter(str(error)) from None
    if vocab is not None and settings["max_final_vocab"] is not None:
        raise typer.BadParameter("--vocab and --max-final-vocab: give one of the two")
    how = _how_to_read(tokenizer, lowercase, column, memory, errors)
    _check_destination(output, sources=map(Path, sources))
    if save_vocab is not None:
        if save_vocab.absolute() == output.absolute():
            raise typer.BadParameter(f"--output and --save-vocab are the same file, {output}")
        _check_destination(save_vocab, sources=[*map(Path, sources), *([vocab] if vocab else [])])
    words = None if vocab is None else word_list(vocab)
    with _progress_bar(quiet) as bar:
        corpus = Corpus(_source(sources), workers=settings["workers"], progress=reading(bar), **how)
        model.build_vocab(corpus, vocabulary=words)
        if save_vocab is not None:
            model.vocabulary.save_counts(save_vocab)
        result = model.train(corpus, progress=bar or False)
    _save(model, output)
    if not quiet:
        _summarize(model, result, output)
        print(f"Next:  w2v neighbors {_quoted(output)} {_example(model.wv)}")
    return _INTERRUPTED if result.interrupted else 0


@app.command()
def encode(
    sources: Sources,
    *,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="Where to save the corpus (.w2vc)."),
    ],
    tokenizer: Tokens = Tokenizer.SPACE,
    lowercase: Lowercase = False,
    column: Column = None,
    memory: Memory = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Threads that parse text (default: all processors).")
    ] = None,
    errors: BadBytes = Errors.STRICT,
    quiet: Quiet = False,
) -> None:
    """Encode text once, for any number of trainings.

    The file that is written can be larger than memory and be used by many processes at once.
    """
    how = _how_to_read(tokenizer, lowercase, column, memory, errors)
    _check_destination(output, sources=map(Path, sources))
    with _progress_bar(quiet) as bar:
        corpus = Corpus.encode(
            _source(sources), output, workers=workers, progress=reading(bar), **how
        )
    if not quiet:
        print(
            f"Saved {corpus.n_tokens:,} tokens, {corpus.n_types:,} types, {corpus.n_sentences:,} "
            f"sentences: {_printable(output)} ({output.stat().st_size:,} bytes)"
        )
        print(f"Next:  w2v train {_quoted(output)} -o model.safetensors")


@app.command()
def phrases(
    sources: Sources,
    *,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="Where to save the corpus (.w2vc)."),
    ],
    min_count: Annotated[
        int, typer.Option(help="Pairs of words that occur less often are no phrases.")
    ] = 5,
    threshold: Annotated[
        list[float] | None,
        typer.Option(
            help="What a score must exceed; give it once, or once for each pass. Default: 10, with "
            "word2phrase's scoring 100, with npmi 0.5."
        ),
    ] = None,
    scoring: Annotated[
        Scoring, typer.Option(help="gensim's score, word2phrase's, or normalised information.")
    ] = Scoring.DEFAULT,
    passes: Annotated[
        int | None,
        typer.Option(help="Look for phrases this often: two passes join up to four words."),
    ] = None,
    connectors: Annotated[
        str | None,
        typer.Option(
            metavar="english|FILE",
            help="Words that may stand within a phrase, but not at its ends: English articles, "
            "prepositions and conjunctions, or the words in a file.",
        ),
    ] = None,
    delimiter: Annotated[str, typer.Option(help="What stands between a phrase's words.")] = "_",
    save: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Save the phrases too (JSON).")
    ] = None,
    use: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Join the phrases that --save wrote and look for none; their settings hold.",
        ),
    ] = None,
    tokenizer: Tokens = Tokenizer.SPACE,
    lowercase: Lowercase = False,
    column: Column = None,
    memory: Memory = None,
    errors: BadBytes = Errors.STRICT,
    quiet: Quiet = False,
) -> None:
    """Find words that stand together more often than by chance, and join them into one.

    The corpus is saved encoded, for `w2v train`.
    """
    how = _how_to_read(tokenizer, lowercase, column, memory, errors)
    settings: dict[str, Any] = {
        "min_count": min_count,
        "threshold": threshold[0] if threshold and len(threshold) == 1 else threshold or None,
        "delimiter": delimiter,
        "scoring": scoring.value,
        "connector_words": _connector_words(connectors),
        "passes": passes,
    }
    try:
        Phrases._check(**settings)
    except (TypeError, ValueError) as error:
        raise typer.BadParameter(str(error)) from None
    known = None if use is None else Phrases.load(use)
    for path in [output, *([] if save is None else [save])]:
        _check_destination(path, sources=map(Path, sources))
    with _progress_bar(quiet) as bar:
        corpus = Corpus(_source(sources), progress=reading(bar), **how)
        found = known or Phrases(corpus, **settings, memory=memory, progress=bar or False)
        joined = found.apply(corpus, output, progress=bar or False)
    if save is not None:
        found.save(save)
    if not quiet:
        counts = found.counts
        rows = [(text, f"{counts[text]:,}", f"{s:.4g}") for text, s in found.found.items()]
        _print_table(("phrase", "occurrences", "score"), rows[:10], right=("occurrences", "score"))
        tokens = corpus.n_tokens - joined.n_tokens
        print(f"Joined {len(found):,} phrases: {tokens:,} of {corpus.n_tokens:,} tokens fewer")
        print(f"Saved  {_printable(output)}")
        print(f"Next:  w2v train {_quoted(output)} -o model.safetensors")


@app.command()
def neighbors(
    model: Model,
    words: Annotated[list[str], typer.Argument(metavar="WORD", help="Words to look up.")],
    topn: Annotated[int, typer.Option(min=1, help="Neighbours to show of each word.")] = 10,
) -> None:
    """Show the words nearest to the given ones."""
    vectors = _load_vectors(model)
    for word in words:
        try:
            vectors.get_index(word)
        except KeyError as error:
            raise KeyError(f"{model}: {_describe(error)}") from None
    rows = [
        (word, neighbor, f"{cosine:.4f}")
        for word in words
        for neighbor, cosine in vectors.most_similar(word, topn=topn)
    ]
    _print_table(("word", "neighbour", "cosine"), rows, right=("cosine",))


@app.command()
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
    vectors = _load_vectors(model)
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
            (Path(report.file).name, s.name, _share(s.accuracy), f"{s.correct:,}", f"{s.asked:,}",
             _share(s.coverage))
            for report in analogies
            for s in (*report.sections, report.total)
        ]  # fmt: skip
        columns = ("questions", "section", "accuracy", "right", "asked", "coverage")
        _print_table(columns, rows, right=columns[2:])
    if similarities:
        figures = [
            (Path(report.file).name, f"{report.spearman:.4f}", f"{report.spearman_p:.2g}",
             f"{report.pearson:.4f}", f"{report.pearson_p:.2g}", f"{report.asked:,}",
             _share(report.coverage))
            for report in similarities
        ]  # fmt: skip
        named = ("pairs", "Spearman", "p", "Pearson", "p", "asked", "coverage")
        _print_table(named, figures, right=named[1:])


@app.command()
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
        _check_destination(output, sources=[model])
    vectors = _load_vectors(model)
    found = vectors.classes(k, seed=seed, iterations=iterations)
    if output is not None:
        write_classes(output, vectors.index_to_key, found)
        return
    for word, number in zip(vectors.index_to_key, found.tolist(), strict=True):
        print(f"{_printable(word)} {number}")


@app.command()
def predict(
    model: WholeModel,
    words: Annotated[
        list[str], typer.Argument(metavar="WORD", help="The words around the missing one.")
    ],
    topn: Annotated[int, typer.Option(min=1, help="Words to show.")] = 10,
) -> None:
    """Show which words are most probably missing among others."""
    found = Word2Vec.load(model).predict_output_word(words, topn=topn)
    rows = [(word, f"{probability:.6f}") for word, probability in found]
    _print_table(("missing word", "probability"), rows, right=("probability",))


@app.command()
def score(
    model: WholeModel,
    text: Annotated[
        Path, typer.Argument(metavar="TEXT", help="A UTF-8 text file: one sentence a line.")
    ],
    errors: Annotated[
        Errors, typer.Option(help="What to do with bytes that are not UTF-8.")
    ] = Errors.STRICT,
) -> None:
    """Tell how well a model predicts each sentence of a text, in nats: nearer 0 is better.

    The log-likelihood for a model by hierarchical or full softmax; for negative sampling the value
    of its own objective.
    """
    corpus = Corpus.from_files(text, errors=errors.value)
    scores = Word2Vec.load(model).score(corpus)
    rows = [(f"{nats:.4f}", " ".join(words)) for nats, words in zip(scores, corpus, strict=True)]
    _print_table(("nats", "sentence"), rows, right=("nats",))


@app.command()
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
    _check_destination(out, sources=[model])
    vectors = _load_vectors(model)
    binary = format is Format.WORD2VEC
    vectors.save_word2vec_format(out, binary=binary)
    if not quiet:
        kind = "binary" if binary else "text"
        print(
            f"Saved {len(vectors):,} words of {vectors.vector_size} dimensions "
            f"in word2vec's {kind} format: {_printable(out)}"
        )


@app.command()
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
        to = files_of_vectors.format_of(out)
    _check_destination(out, sources=[source])
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
        print(
            f"Converted {len(vectors):,} words of {vectors.vector_size} dimensions to {to}: "
            f"{_printable(out)}"
        )


@app.command()
@functools.partial(_with_flags, only=("vector_size", "min_count", "epochs", "workers"))
def info(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="A model, vectors, an encoded corpus, or anything that `w2v train` reads.",
        ),
    ],
    *,
    measure: Annotated[
        bool, typer.Option(help="Of a corpus: train for a second, to tell how long a run takes.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    tokenizer: Tokens = Tokenizer.SPACE,
    lowercase: Lowercase = False,
    column: Column = None,
    memory: Memory = None,
    errors: BadBytes = Errors.STRICT,
    quiet: Quiet = False,
    **settings: Any,
) -> None:
    """Say what a file holds.

    Of a model: its kind, size, settings and losses. Of a corpus: sizes, lengths, frequencies, what
    training with the given settings would take, and what is doubtful about it.
    """
    if len(files) == 1 and _is_model(Path(files[0])):
        facts = dict(_facts(Path(files[0])))
        rows = list(facts.items())
    else:
        how = _how_to_read(tokenizer, lowercase, column, memory, errors)
        with _progress_bar(quiet) as bar, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # the report tells what is doubtful
            corpus = Corpus(_source(files), progress=reading(bar), **how)
        report = corpus_report(corpus, TrainingConfig(**settings), measure=measure)
        facts, rows = report.to_dict(), list(report.rows())
    name = " ".join(files)
    if as_json:
        print(json.dumps({"file": name, **facts}))
    else:
        _print_table((), [("file", name), *rows])


@app.command()
def demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where to save the model.")
    ] = Path("w2v-demo.safetensors"),
    quiet: Quiet = False,
) -> int:
    """Train on the documentation that every Python carries.

    Nothing is needed and nothing is downloaded: the docstrings of the standard library, NumPy and
    SciPy and the help topics of pydoc come to about a million words.
    """
    say: Callable[[str], None] = (lambda text: None) if quiet else print
    _check_destination(output)
    say("Collecting the documentation of Python, NumPy and SciPy ...")
    began = time.perf_counter()
    corpus = Corpus(documentation_demo.documentation())
    seconds = time.perf_counter() - began
    say(f"{corpus.n_tokens:,} words in {corpus.n_sentences:,} sentences ({seconds:.1f} s)")
    model = Word2Vec(**documentation_demo.SETTINGS)
    model.build_vocab(corpus)
    with _progress_bar(quiet) as bar:
        result = model.train(corpus, progress=bar or False)
    _save(model, output)
    chosen = documentation_demo.chosen_words(model.wv)
    if not quiet:
        rows = [
            (word, ", ".join(neighbor for neighbor, _ in model.wv.most_similar(word, topn=6)))
            for word in chosen
        ]
        _print_table(("word", "nearest words"), rows)
        _summarize(model, result, output)
        print(f"Next:  w2v neighbors {_quoted(output)} {' '.join(map(_quoted, chosen[:2]))}")
        print("       w2v train your-text.txt -o your-model.safetensors")
    return _INTERRUPTED if result.interrupted else 0


# ---- Pictures ------------------------------------------------------------------------------------

plot = typer.Typer(rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})
app.add_typer(plot, name="plot", help="Draw word vectors: PNG, SVG or PDF (needs matplotlib).")
app.add_typer(classify, name="classify", help="Sort texts into classes (needs PyTorch).")


class Look(str, Enum):
    """Colours of a picture."""

    LIGHT = "light"
    DARK = "dark"


class Order(str, Enum):
    """How words are ordered."""

    SIMILARITY = "similarity"
    GIVEN = "given"


class Metric(str, Enum):
    """How two vectors are compared."""

    COSINE = "cosine"
    DOT = "dot"
    EUCLIDEAN = "euclidean"
    MANHATTAN = "manhattan"
    CHEBYSHEV = "chebyshev"


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


@plot.command("map")
def map_(
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
        draw.save(draw.word_map(vectors, chosen, method.value, seed=seed, **look), output)


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
        draw.save(draw.analogy(_load_vectors(model), pairs, **look), output)


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
    from w2v import plotting
    from w2v.drawing import extension

    try:
        extension(output)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    _check_destination(output, sources)
    yield plotting, {"style": style.value, "title": title}
    if not quiet:
        print(f"Saved  {_printable(output)} ({output.stat().st_size:,} bytes)")


def _drawn(
    model: Path, words: list[str] | None, from_file: Path | None, top: int
) -> tuple[KeyedVectors, list[str]]:
    """Return the vectors, and the words to draw: those given, those of a file, the first ones."""
    vectors = _load_vectors(model)
    more = [] if from_file is None else word_list(from_file)
    given = [*(words or []), *more]
    if not given and not top:
        raise typer.BadParameter("no words: give some, or --words FILE, or --top N")
    seen = set(given)
    return vectors, given + [word for word in vectors.index_to_key[:top] if word not in seen]


# ---- Files ---------------------------------------------------------------------------------------


class _NotYet(Exception):  # noqa: N818 - no error: it gives up a file that was only tried out
    pass


def _how_to_read(
    tokenizer: Tokenizer, lowercase: bool, column: str | None, memory: str | None, errors: Errors
) -> dict[str, Any]:
    """Return the arguments of `Corpus`; a size that is none is a wrong command."""
    if memory is not None:
        try:
            parse_size(memory)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
    unicode = tokenizer is Tokenizer.UNICODE
    return {
        "tokenizer": "unicode" if unicode else None,
        "lowercase": lowercase,
        "column": column,
        "memory": memory,
        "errors": errors.value,
    }


def _connector_words(given: str | None) -> frozenset[str]:
    if given is None:
        return frozenset()
    if given == "english":
        return ENGLISH_CONNECTOR_WORDS
    try:
        return frozenset(Path(given).read_text(encoding="utf-8").split())
    except UnicodeDecodeError as error:
        raise ValueError(f"{given}: expected connector words in UTF-8 ({error})") from None


def _source(sources: list[str]) -> str | list[Path]:
    """Return what the command was given as `Corpus` takes it."""
    if len(sources) == 1:
        return sources[0]
    if "-" in sources:
        raise typer.BadParameter("-, standard input, has to be the only source")
    return [Path(source) for source in sources]


def _check_destination(path: Path, sources: Iterable[Path] = ()) -> None:
    """Raise now what would keep the file from being written later, when much would be lost."""
    for source in sources:
        if path.exists() and source.exists() and path.samefile(source):
            raise ValueError(f"{path}: this is the file to be read; give another one to write to")
    with contextlib.suppress(_NotYet), replacing(path):
        raise _NotYet


def _save(model: Word2Vec, path: Path) -> None:
    """Save the model; where that fails, save it elsewhere and say where."""
    try:
        model.save(path)
    except OSError as error:
        folder = tempfile.mkdtemp(prefix="w2v-")
        refuge = os.path.join(folder, "model.safetensors")
        try:
            model.save(refuge)
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            raise error from None
        raise OSError(f"{_describe(error)}; the model was saved to {refuge} instead") from error


def _word2vec_header(path: Path) -> tuple[int, int, bool] | None:
    """Return a word2vec file's words, dimensions and whether it is binary; None for others."""
    with open(path, "rb") as file:
        head = file.read(4096)
    found = _WORD2VEC_HEADER.match(head)
    return found and (int(found[1]), int(found[2]), looks_binary(head[found.end() :]))


def _is_model(path: Path) -> bool:
    """Tell a model or vectors from a corpus, by content; what is neither is told as a model."""
    if not path.is_file():
        return False
    with open(path, "rb") as file:
        head = file.read(4096)
    if head[8:9] == b"{":
        return b'"w2v.corpus"' not in head
    if found := _WORD2VEC_HEADER.match(head):
        # A text may begin with two numbers. Vectors go on with a word and as many numbers as the
        # second of these says.
        line, whole, _ = head[found.end() :].partition(b"\n")
        return looks_binary(line) or not whole or len(line.split()) == int(found[2]) + 1
    return head.startswith(_NO_CORPUS)


def _load_vectors(path: Path) -> KeyedVectors:
    return KeyedVectors.read(path, mmap=True)


def _facts(path: Path) -> Iterator[tuple[str, str]]:
    yield "size", f"{path.stat().st_size:,} bytes"
    header = _word2vec_header(path)
    if header is not None:
        words, dimensions, binary = header
        yield "kind", f"vectors in word2vec's {'binary' if binary else 'text'} format"
        yield "words", f"{words:,}"
        yield "dimensions", f"{dimensions:,}"
        return
    tensors, metadata = native.read(
        path, kind=("w2v.model", "w2v.vectors"), mmap=True, only=("vectors", "counts")
    )
    whole = metadata["format"] == "w2v.model"
    yield "kind", "model, can be trained further" if whole else "vectors"
    yield "written by", f"w2v {metadata.get('w2v_version', '(unknown version)')}"
    yield "words", f"{len(tensors['vectors']):,}"
    if "counts" in tensors:
        yield "occurrences", f"{int(tensors['counts'].sum()):,}"
    config = json.loads(metadata.get("config", "{}"))
    training = json.loads(metadata.get("training", "{}"))
    yield "dimensions", f"{config.get('vector_size', tensors['vectors'].shape[1]):,}"
    if training:
        words, sentences = training["corpus_total_words"], training["corpus_count"]
        yield "corpus", f"{words:,} words, {sentences:,} sentences"
        yield "epochs trained", f"{training['epochs_trained']:,}"
        yield "loss per epoch", ", ".join(f"{loss:.4f}" for loss in training["loss"])
    for name, value in config.items():
        yield name, "not set" if value is None else str(value)


# ---- Messages ------------------------------------------------------------------------------------


@contextlib.contextmanager
def _progress_bar(quiet: bool) -> Iterator[ProgressBar | None]:
    """Give a progress bar, or None where nobody would see it."""
    if quiet or not _is_terminal(sys.stderr):
        yield None
    else:
        with ProgressBar() as bar:
            yield bar


def _example(vectors: KeyedVectors) -> str:
    """Return a frequent word to look up, past the function words where there are enough others."""
    words = vectors.index_to_key
    return next(filter(str.isalpha, words[200:] or words), "WORD")


def _share(share: float) -> str:
    return "-" if share != share else f"{share:.1%}"  # NaN: nothing was asked


def _summarize(model: Word2Vec, result: TrainingResult, path: Path) -> None:
    loss = f", loss {result.loss[-1]:.4f}" if result.loss else ""
    print(
        f"Learned {len(model.wv):,} words of {model.wv.vector_size} dimensions in "
        f"{result.seconds:.1f} s ({result.words_per_second:,.0f} words/s){loss}"
    )
    print(f"Saved  {_printable(path)}")


def _print_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[str] = ()
) -> None:
    """Print a table: fitted to a terminal; plain and in full width into a pipe or file.

    In a terminal, a first cell that repeats the one above is left empty.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    terminal = _is_terminal(sys.stdout)
    table = Table(
        box=box.SIMPLE_HEAD if terminal else None,
        show_header=bool(columns),
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    above = None
    for first, *rest in rows:
        repeats = terminal and first == above
        cells = [_printable(cell) for cell in ("" if repeats else first, *rest)]
        table.add_row(*(Text(cell, overflow="fold") for cell in cells))
        above = first
    if terminal:
        Console(highlight=False).print(table)
        return
    console = Console(width=1_000_000, force_terminal=False, color_system=None)
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        print(line.rstrip())


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()  # None: the shell closed it


def _printable(text: object) -> str:
    """Return `text` on one line, harmless for a terminal: control characters are escaped."""
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], str(text))


def _quoted(argument: object) -> str:
    return shlex.quote(_printable(argument))


def _describe(error: BaseException) -> str:
    """Return what to tell of an error."""
    # Typer raises click's exceptions, or its own copies of them; they know what to say.
    if hasattr(error, "format_message"):
        message = " ".join(error.format_message().replace("Value error, ", "").split())
        context = getattr(error, "ctx", None)
        return f"{message} (see {context.command_path} --help)" if context else message
    if isinstance(error, KeyError) and error.args:
        return str(error.args[0])
    if isinstance(error, OSError) and error.filename is not None:
        return f"{os.fsdecode(error.filename)}: {error.strerror}"
    if isinstance(error, MemoryError):
        return f"out of memory; {error}" if str(error) else "out of memory"
    if isinstance(error, (*_MISTAKES, OSError)) and str(error):
        return str(error)
    return f"{type(error).__name__}: {error}"


def _tell(kind: str, message: str = "") -> None:
    print(_printable(f"w2v: {kind}: {message}" if message else f"w2v: {kind}"), file=sys.stderr)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    if "tqdm" in sys.modules:
        # A bar may stand on this line.
        from tqdm import tqdm

        with tqdm.external_write_mode(file=sys.stderr):
            _tell("warning", str(message))
    else:
        _tell("warning", str(message))
