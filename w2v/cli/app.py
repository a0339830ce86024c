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
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from w2v._validation import parse_size
from w2v._version import __version__
from w2v.cli import demo as documentation_demo
from w2v.cli import vectors
from w2v.cli.classify import classify
from w2v.cli.options import (
    BadBytes,
    Column,
    Errors,
    Lowercase,
    Memory,
    Quiet,
    Sources,
    Tokenizer,
    Tokens,
    WholeModel,
    check_destination,
)
from w2v.cli.plot import plot
from w2v.cli.terminal import (
    describe,
    print_table,
    printable,
    progress_bar,
    quoted,
    show_warning,
    tell,
)
from w2v.config import TrainingConfig, parameters
from w2v.corpus.corpus import Corpus
from w2v.corpus.phrases import ENGLISH_CONNECTOR_WORDS, Phrases
from w2v.io import registry, safetensors_file, sniff, word2vec_format
from w2v.io.compression import open_input
from w2v.progress import corpus_progress
from w2v.training.report import corpus_report
from w2v.training.word2vec import Word2Vec
from w2v.vectors.keyed_vectors import KeyedVectors
from w2v.vocab.pruning import word_list

if TYPE_CHECKING:
    from w2v.training.trainer import TrainingResult

_INTERRUPTED = 130  # 128 + SIGINT, as shells count
_WORD2VEC_HEADER = re.compile(rb"\s*(\d+)[ \t]+(\d+)[ \t\r]*\n")
_GLOVE_LINE = re.compile(rb"\S+(?: [-+]?\d*\.\d+(?:[eE][-+]?\d+)?){2,}[ \r]*(?:\n|\Z)")

_KINDS = {
    "glove": "GloVe's text format",
    "npz": "NumPy's .npz",
    "fasttext": "a model of fastText's",
    "gensim": "a file of gensim's",
}

_OUR_KINDS = {
    "w2v.model": "model, can be trained further",
    "w2v.vectors": "vectors",
    "w2v.classifier": "text classifier",
    "w2v.language-model": "language model",
}

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Scoring(str, Enum):
    """How ``w2v phrases`` scores pairs of words."""

    DEFAULT = "default"
    WORD2PHRASE = "word2phrase"
    NPMI = "npmi"


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
            warnings.showwarning = show_warning
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
        tell("error", describe(error))
        status = getattr(error, "exit_code", 1)
    if status == _INTERRUPTED:
        tell("interrupted")
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
    check_destination(output, sources=map(Path, sources))
    if save_vocab is not None:
        if save_vocab.absolute() == output.absolute():
            raise typer.BadParameter(f"--output and --save-vocab are the same file, {output}")
        check_destination(save_vocab, sources=[*map(Path, sources), *([vocab] if vocab else [])])
    words = None if vocab is None else word_list(vocab)
    with progress_bar(quiet) as bar:
        corpus = Corpus(
            _source(sources), workers=settings["workers"], progress=corpus_progress(bar), **how
        )
        model.build_vocab(corpus, vocabulary=words)
        if save_vocab is not None:
            model.vocabulary.save_counts(save_vocab)
        result = model.train(corpus, progress=bar or False)
    _save(model, output)
    if not quiet:
        _summarize(model, result, output)
        print(f"Next:  w2v neighbors {quoted(output)} {_example(model.wv)}")
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
    check_destination(output, sources=map(Path, sources))
    with progress_bar(quiet) as bar:
        corpus = Corpus.encode(
            _source(sources), output, workers=workers, progress=corpus_progress(bar), **how
        )
    if not quiet:
        print(
            f"Saved {corpus.n_tokens:,} tokens, {corpus.n_types:,} types, {corpus.n_sentences:,} "
            f"sentences: {printable(output)} ({output.stat().st_size:,} bytes)"
        )
        print(f"Next:  w2v train {quoted(output)} -o model.safetensors")


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
        check_destination(path, sources=map(Path, sources))
    with progress_bar(quiet) as bar:
        corpus = Corpus(_source(sources), progress=corpus_progress(bar), **how)
        found = known or Phrases(corpus, **settings, memory=memory, progress=bar or False)
        joined = found.apply(corpus, output, progress=bar or False)
    if save is not None:
        found.save(save)
    if not quiet:
        counts = found.counts
        rows = [(text, f"{counts[text]:,}", f"{s:.4g}") for text, s in found.found.items()]
        print_table(("phrase", "occurrences", "score"), rows[:10], right=("occurrences", "score"))
        tokens = corpus.n_tokens - joined.n_tokens
        print(f"Joined {len(found):,} phrases: {tokens:,} of {corpus.n_tokens:,} tokens fewer")
        print(f"Saved  {printable(output)}")
        print(f"Next:  w2v train {quoted(output)} -o model.safetensors")


app.command()(vectors.neighbors)
app.command()(vectors.evaluate)
app.command()(vectors.classes)


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
    print_table(("missing word", "probability"), rows, right=("probability",))


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
    print_table(("nats", "sentence"), rows, right=("nats",))


app.command()(vectors.export)
app.command()(vectors.convert)


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
        with progress_bar(quiet) as bar, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # the report tells what is doubtful
            corpus = Corpus(_source(files), progress=corpus_progress(bar), **how)
        report = corpus_report(corpus, TrainingConfig(**settings), measure=measure)
        facts, rows = report.to_dict(), list(report.rows())
    name = " ".join(files)
    if as_json:
        print(json.dumps({"file": name, **facts}))
    else:
        print_table((), [("file", name), *rows])


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
    check_destination(output)
    say("Collecting the documentation of Python, NumPy and SciPy ...")
    began = time.perf_counter()
    corpus = Corpus(documentation_demo.documentation())
    seconds = time.perf_counter() - began
    say(f"{corpus.n_tokens:,} words in {corpus.n_sentences:,} sentences ({seconds:.1f} s)")
    model = Word2Vec(**documentation_demo.SETTINGS)
    model.build_vocab(corpus)
    with progress_bar(quiet) as bar:
        result = model.train(corpus, progress=bar or False)
    _save(model, output)
    chosen = documentation_demo.chosen_words(model.wv)
    if not quiet:
        rows = [
            (word, ", ".join(neighbor for neighbor, _ in model.wv.most_similar(word, topn=6)))
            for word in chosen
        ]
        print_table(("word", "nearest words"), rows)
        _summarize(model, result, output)
        print(f"Next:  w2v neighbors {quoted(output)} {' '.join(map(quoted, chosen[:2]))}")
        print("       w2v train your-text.txt -o your-model.safetensors")
    return _INTERRUPTED if result.interrupted else 0


app.add_typer(plot, name="plot", help="Draw word vectors: PNG, SVG or PDF (needs matplotlib).")
app.add_typer(classify, name="classify", help="Sort texts into classes (needs PyTorch).")


# ---- Files ---------------------------------------------------------------------------------------


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
        raise OSError(f"{describe(error)}; the model was saved to {refuge} instead") from error


def _word2vec_header(path: Path) -> tuple[int, int, bool] | None:
    """Return a word2vec file's words, dimensions and whether it is binary; None for others."""
    with open_input(path) as file:
        head = file.peek(4096)
    found = _WORD2VEC_HEADER.match(head)
    return found and (
        int(found[1]), int(found[2]), word2vec_format.is_binary(head[found.end() :], int(found[2]))
    )  # fmt: skip


def _is_model(path: Path) -> bool:
    """Tell a model or vectors from a corpus, by content; what is neither is told as a model."""
    if not path.is_file():
        return False
    with open_input(path) as file:
        head = file.peek(4096)
    if head[8:9] == b"{":
        return b'"w2v.corpus"' not in head
    if found := _WORD2VEC_HEADER.match(head):
        # A text may begin with two numbers. Vectors go on with a word and as many numbers as the
        # second of these says.
        rest, dimensions = head[found.end() :], int(found[2])
        line, whole, _ = rest.partition(b"\n")
        binary = word2vec_format.is_binary(rest, dimensions)
        return binary or not whole or len(line.split()) == dimensions + 1
    return sniff.is_model_or_array(head) or _GLOVE_LINE.match(head) is not None


def _facts(path: Path) -> Iterator[tuple[str, str]]:
    yield "size", f"{path.stat().st_size:,} bytes"
    header = _word2vec_header(path)
    if header is not None:
        words, dimensions, binary = header
        yield "kind", f"vectors in word2vec's {'binary' if binary else 'text'} format"
        yield "words", f"{words:,}"
        yield "dimensions", f"{dimensions:,}"
        return
    kind = registry.detect(path)
    if kind != "w2v":
        found = KeyedVectors.read(path, format=kind)
        yield "kind", f"vectors in {_KINDS[kind]}"
        yield "words", f"{len(found):,}"
        if found.counts is not None:
            yield "occurrences", f"{int(found.counts.sum()):,}"
        yield "dimensions", f"{found.vector_size:,}"
        return
    tensors, metadata = safetensors_file.read(
        path, kind=tuple(_OUR_KINDS), mmap=True, only=("vectors", "counts")
    )
    yield "kind", _OUR_KINDS[metadata["format"]]
    yield "written by", f"w2v {metadata.get('w2v_version', '(unknown version)')}"
    yield "words", f"{len(tensors['vectors']):,}"
    if "counts" in tensors:
        yield "occurrences", f"{int(tensors['counts'].sum()):,}"
    config = json.loads(metadata.get("config", metadata.get("settings", "{}")))
    training = json.loads(metadata.get("training", "{}"))
    yield "dimensions", f"{config.get('vector_size', tensors['vectors'].shape[1]):,}"
    if training:
        words, sentences = training["corpus_total_words"], training["corpus_count"]
        yield "corpus", f"{words:,} words, {sentences:,} sentences"
        yield "epochs trained", f"{training['epochs_trained']:,}"
        yield "loss per epoch", ", ".join(f"{loss:.4f}" for loss in training["loss"])
    if "classes" in metadata:
        yield "classes", ", ".join(map(str, json.loads(metadata["classes"])))
    for name, value in config.items():
        yield name, "not set" if value is None else str(value)


# ---- Messages ------------------------------------------------------------------------------------


def _example(vectors: KeyedVectors) -> str:
    """Return a frequent word to look up, past the function words where there are enough others."""
    words = vectors.index_to_key
    return next(filter(str.isalpha, words[200:] or words), "WORD")


def _summarize(model: Word2Vec, result: TrainingResult, path: Path) -> None:
    loss = f", loss {result.loss[-1]:.4f}" if result.loss else ""
    print(
        f"Learned {len(model.wv):,} words of {model.wv.vector_size} dimensions in "
        f"{result.seconds:.1f} s ({result.words_per_second:,.0f} words/s){loss}"
    )
    print(f"Saved  {printable(path)}")
