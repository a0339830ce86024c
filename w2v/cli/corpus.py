"""``w2v encode``, ``join-phrases`` and ``inspect``: corpora, before anything is trained."""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from w2v.cli.options import (
    CorpusOutput,
    Json,
    Measure,
    Quiet,
    ReadingOptions,
    Sources,
    corpus_source,
    expand,
)
from w2v.cli.streams import (
    check_extension,
    check_streams,
    is_standard,
    name_streams,
    readable,
    refuse_standard,
    writable,
)
from w2v.cli.terminal import note, print_json, print_table, progress_bar, shell_quote
from w2v.cli.wording import translate
from w2v.config import TrainingConfig
from w2v.corpus.corpus import Corpus
from w2v.corpus.options import Reading
from w2v.corpus.phrases import ENGLISH_CONNECTOR_WORDS, Phrases
from w2v.distributed.storage import is_address
from w2v.io import arrow, registry, safetensors_file, sniff, tensorboard, word2vec_format
from w2v.io.compression import open_input
from w2v.io.corpus_parts import Manifest
from w2v.io.processing import TENSORS as PROCESSING
from w2v.io.processing import read_steps
from w2v.io.reading import reading
from w2v.progress import corpus_progress
from w2v.training.history import EpochRecord
from w2v.training.report import corpus_report
from w2v.vectors.keyed_vectors import KeyedVectors

_ENCODED, _CORPUS_NAMES = "a corpus is written encoded", (".w2vc", ".safetensors")
_MAPPED = "a corpus is memory-mapped from its file"
_WORD2VEC_HEADER = re.compile(rb"\s*(\d+)[ \t]+(\d+)[ \t\r]*\n")
_SCHEME = re.compile(r"^([a-z][a-z0-9+.-]+):/(?!/)")
_GLOVE_LINE = re.compile(rb"\S+(?: [-+]?\d*\.\d+(?:[eE][-+]?\d+)?){2,}[ \r]*(?:\n|\Z)")

_SHOWN_RECORDS = 20
_FORMATS = {
    "word2vec": "word2vec binary format",
    "word2vec-text": "word2vec text format",
    "glove": "GloVe text format",
    "npz": "NumPy .npz format",
    "parquet": "Parquet file",
    "arrow": "Arrow file",
    "tensorboard": "TensorBoard projector format",
    "fasttext": "fastText model",
    "gensim": "gensim file",
}
_KINDS = {
    "w2v.model": ("model", "can be trained further"),
    "w2v.vectors": ("vectors", ""),
    "w2v.classifier": ("text classifier", ""),
    "w2v.language-model": ("language model", ""),
}


# ---- encode --------------------------------------------------------------------------------------


@expand
def encode(
    sources: Sources,
    *,
    output: CorpusOutput,
    reading: ReadingOptions,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Threads that parse text (default: one per CPU).")
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Encode with the tasks of a Ray cluster, into a folder: auto for the cluster that "
            "runs here, HOST:PORT, or local to start one. Sources and output may be addresses, "
            "such as s3://bucket/texts/*.gz.",
            show_default=False,
        ),
    ] = None,
    prune_below: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Leave out words that occur less often in all; only with --ray.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Encode text once, to train on it any number of times.

    The corpus can be larger than memory, and many processes can use it at once.
    """
    refuse_standard("--output", output, _MAPPED)
    name = str(output)
    if ray is not None:
        name = _SCHEME.sub(r"\1://", name)  # pathlib writes the two slashes of an address as one
    if not is_address(name):
        check_streams({"--output": output}, sources)
    if ray is None:
        if prune_below is not None:
            raise typer.BadParameter(
                "--prune-below requires --ray; w2v train --min-count ignores words"
            )
        check_extension(output, _ENCODED, _CORPUS_NAMES)
        with progress_bar(quiet) as bar:
            corpus = Corpus.encode(
                corpus_source(sources),
                output,
                workers=workers,
                progress=corpus_progress(bar),
                **reading.arguments(),
            )
        tokens, types, sentences = corpus.n_tokens, corpus.n_types, corpus.n_sentences
        size = output.stat().st_size
    else:
        if workers is not None:
            raise typer.BadParameter(
                "--workers applies to one machine: with --ray, the cluster decides"
            )
        manifest = _encode_on_ray(sources, name, ray, prune_below, reading, quiet)
        tokens, types = manifest.n_tokens, manifest.words.types
        sentences, size = manifest.n_sentences, manifest.n_bytes
    if as_json:
        print_json(
            {
                "output": name,
                "tokens": tokens,
                "types": types,
                "sentences": sentences,
                "bytes": size,
            }
        )
    if not quiet:
        note(
            f"Saved {tokens:,} tokens, {types:,} types, {sentences:,} sentences: {name} "
            f"({size:,} bytes)"
        )
        if is_address(name):
            note("Next:  copy this folder to a disk; w2v train reads it there")
        else:
            note(f"Next:  w2v train {shell_quote(name)} -o model.safetensors")


def _encode_on_ray(
    sources: list[str],
    folder: str,
    address: str,
    prune_below: int | None,
    reading: ReadingOptions,
    quiet: bool,
) -> Manifest:
    from w2v import distributed

    with progress_bar(quiet) as bar:
        return distributed.encode(
            sources,
            folder,
            address=address,
            prune_below=prune_below or 1,
            progress=corpus_progress(bar),
            **reading.arguments(),
        )


# ---- join-phrases --------------------------------------------------------------------------------


class Scoring(str, Enum):
    """How pairs of words are scored."""

    DEFAULT = "default"
    WORD2PHRASE = "word2phrase"
    NPMI = "npmi"


@dataclass(frozen=True)
class PhraseOptions:
    """How phrases are found."""

    min_count: Annotated[int, typer.Option(help="Ignore pairs of words that occur less often.")] = 5
    threshold: Annotated[
        list[float] | None,
        typer.Option(
            help="The score that a phrase must exceed; once, or once per pass. Default: 10; 100 "
            "with word2phrase scoring; 0.5 with npmi."
        ),
    ] = None
    scoring: Annotated[
        Scoring,
        typer.Option(
            help="The score of gensim, of word2phrase, or normalized pointwise mutual information."
        ),
    ] = Scoring.DEFAULT
    passes: Annotated[
        int | None,
        typer.Option(help="Number of passes; two passes find phrases of up to four words."),
    ] = None
    connectors: Annotated[
        str | None,
        typer.Option(
            metavar="english|FILE",
            help="Words that may occur within a phrase, but not at its ends: English articles, "
            "prepositions and conjunctions, or the words in a file (- for standard input).",
        ),
    ] = None
    delimiter: Annotated[str, typer.Option(help="What joins the words of a phrase.")] = "_"

    def __post_init__(self) -> None:
        """Check everything but the file of connectors."""
        Phrases.validate_settings(**self.arguments(frozenset()))

    def arguments(self, connector_words: frozenset[str]) -> dict[str, Any]:
        """Return the arguments of `Phrases`."""
        threshold = self.threshold or None
        return {
            "min_count": self.min_count,
            "threshold": threshold[0] if threshold and len(threshold) == 1 else threshold,
            "delimiter": self.delimiter,
            "scoring": self.scoring.value,
            "connector_words": connector_words,
            "passes": self.passes,
        }

    def connector_words(self) -> frozenset[str]:
        """Return the connectors, read from their file if they are in one."""
        if self.connectors is None:
            return frozenset()
        if self.connectors == "english":
            return ENGLISH_CONNECTOR_WORDS
        path = readable(Path(self.connectors))
        try:
            return frozenset(path.read_text(encoding="utf-8-sig").split())
        except UnicodeDecodeError as error:
            raise ValueError(f"{path}: expected connector words in UTF-8 ({error})") from None


@expand
def join_phrases(
    sources: Sources,
    *,
    output: CorpusOutput,
    options: PhraseOptions,
    phrases: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Join the phrases saved with --save-phrases, with their settings, instead of "
            "finding new ones; - for standard input.",
        ),
    ] = None,
    save_phrases: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Where to save the phrases (JSON); - for standard output."
        ),
    ] = None,
    reading: ReadingOptions,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Threads that parse text and count pairs (default: one per CPU)."),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Find phrases in a corpus and join the words of each into one.

    Phrases are words that occur together more often than by chance. The result is an encoded corpus
    for `w2v train`.
    """
    refuse_standard("--output", output, _MAPPED)
    files = None if options.connectors == "english" else options.connectors
    check_streams(
        {"--output": output, "--save-phrases": save_phrases},
        [*sources, phrases, files],
        as_json=as_json,
        binary=False,
    )
    check_extension(output, _ENCODED, _CORPUS_NAMES)
    check_extension(save_phrases, "phrases are written as JSON", (".json",))
    known = None if phrases is None else Phrases.load(readable(phrases))
    arguments = options.arguments(options.connector_words())
    with progress_bar(quiet) as bar:
        corpus = Corpus(
            corpus_source(sources),
            workers=workers,
            progress=corpus_progress(bar),
            **reading.arguments(),
        )
        found = known or Phrases(
            corpus, **arguments, memory=reading.memory, workers=workers, progress=bar or False
        )
        joined = found.apply(corpus, output, progress=bar or False)
    if save_phrases is not None:
        with writable(save_phrases) as path:
            found.save(path)
    counts = found.counts
    if as_json:
        print_json(
            {
                "output": str(output),
                "phrases": [
                    {"phrase": text, "count": counts[text], "score": score}
                    for text, score in found.found.items()
                ],
                "tokens_before": corpus.n_tokens,
                "tokens_after": joined.n_tokens,
            }
        )
    elif save_phrases is None or not is_standard(save_phrases):
        rows = [
            (text, f"{counts[text]:,}", f"{score:.4g}")
            for text, score in list(found.found.items())[:10]
        ]
        if not quiet:
            print_table(("phrase", "count", "score"), rows, right=("count", "score"))
    if not quiet:
        fewer = corpus.n_tokens - joined.n_tokens
        note(f"Joined {len(found):,} phrases: {fewer:,} of {corpus.n_tokens:,} tokens fewer")
        note(f"Saved  {output}")
        note(f"Next:  w2v train {shell_quote(output)} -o model.safetensors")


# ---- inspect -------------------------------------------------------------------------------------


@expand
def inspect(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE",
            help="A model, vectors, an encoded corpus, or any source of `w2v train`; - for "
            "standard input.",
        ),
    ],
    *,
    measure: Measure = True,
    reading: ReadingOptions,
    as_json: Json = False,
    quiet: Quiet = False,
    settings: Annotated[
        TrainingConfig, ("quality", "vector_size", "min_count", "epochs", "workers")
    ] = TrainingConfig(),  # noqa: B008 - frozen
) -> None:
    """Show what a file contains.

    For a model: its kind, size, settings, losses, and how its text was read. For a corpus: sizes,
    sentence lengths, frequencies, the memory and time of a training run, and likely problems.
    """
    name = " ".join(files)
    paths = [str(readable(Path(files[0])))] if len(files) == 1 and files[0] else files
    if len(paths) == 1 and _is_model(Path(paths[0])):
        facts = _model_facts(Path(paths[0]))
        rows = list(_model_rows(facts))
    else:
        with progress_bar(quiet) as bar, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # the report lists all issues
            corpus = Corpus(
                corpus_source(paths), progress=corpus_progress(bar), **reading.arguments()
            )
        report = corpus_report(corpus, settings, measure=measure)
        facts, rows = {"kind": "corpus", **report.to_dict()}, list(report.rows())
    if as_json:
        print_json({"file": name, **facts})
    else:
        print_table(
            (), [("file", name), *((key, translate(name_streams(text))) for key, text in rows)]
        )


def _is_model(path: Path) -> bool:
    """Return whether a file has a model or vectors, from its content; if in doubt, it has."""
    if not path.is_file():
        return False
    with open_input(path) as file:
        head = file.peek(4096).removeprefix(sniff.BOM)
    if head[8:9] == b"{":
        return b'"w2v.corpus"' not in head
    table = sniff.vectors_of(head)
    if table in ("parquet", "arrow"):
        # pyarrow may be missing, or the file be damaged; reading the corpus says so.
        with contextlib.suppress(ImportError, ValueError, OSError):
            return arrow.has_vectors(path, parquet=table == "parquet")
        return False
    if path.suffix.lower() == ".tsv" and os.path.exists(tensorboard.metadata_path(path)):
        return True
    if found := _WORD2VEC_HEADER.match(head):
        # A text may start with two numbers. Vectors continue with a word and as many numbers as
        # the second of them says.
        rest, dimensions = head[found.end() :], int(found[2])
        line, whole, _ = rest.partition(b"\n")
        binary = word2vec_format.is_binary(rest, dimensions)
        return binary or not whole or len(line.split()) == dimensions + 1
    return sniff.is_model_or_array(head) or _GLOVE_LINE.match(head) is not None


def _word2vec_header(path: Path) -> tuple[int, int, bool] | None:
    """Return a word2vec file's words, dimensions and whether it is binary; None for others."""
    with open_input(path) as file:
        head = file.peek(4096).removeprefix(sniff.BOM)
    found = _WORD2VEC_HEADER.match(head)
    return found and (
        int(found[1]), int(found[2]), word2vec_format.is_binary(head[found.end() :], int(found[2]))
    )  # fmt: skip


def _model_facts(path: Path) -> dict[str, Any]:
    """Return what a file of a model or vectors contains, as the members of a JSON object."""
    facts: dict[str, Any] = {"size": path.stat().st_size, "kind": "vectors"}
    header = _word2vec_header(path)
    if header is not None and path.suffix.lower() != ".tsv":
        words, dimensions, binary = header
        format = "word2vec" if binary else "word2vec-text"
        return {**facts, "format": format, "words": words, "dimensions": dimensions}
    facts["format"] = registry.detect(path)
    if facts["format"] != "w2v":
        found = KeyedVectors.read(path, format=facts["format"])
        facts["words"] = len(found)
        if found.counts is not None:
            facts["occurrences"] = int(found.counts.sum())
        return {**facts, "dimensions": found.vector_size}
    tensors, metadata = safetensors_file.read(
        path, kind=tuple(_KINDS), mmap=True, only=("vectors", "counts", PROCESSING)
    )
    facts["kind"] = _KINDS[metadata["format"]][0]
    facts["written_by"] = f"w2v {metadata.get('w2v_version', '(unknown version)')}"
    facts["words"] = len(tensors["vectors"])
    if "counts" in tensors:
        facts["occurrences"] = int(tensors["counts"].sum())
    with reading(path):  # metadata that are corrupt
        dimensions = tensors["vectors"].shape[1]
        facts |= _metadata_facts(metadata, dimensions)
        if steps := read_steps(path, tensors, metadata, dimensions):
            facts["processing"] = [step.name for step in steps]
    return facts


def _metadata_facts(metadata: dict[str, str], dimensions: int) -> dict[str, Any]:
    """Return what the metadata of a file of w2v say about settings and training."""
    facts: dict[str, Any] = {}
    settings = json.loads(metadata.get("config", metadata.get("settings", "{}")))
    training = json.loads(metadata.get("training", "{}"))
    facts["dimensions"] = settings.get("vector_size", dimensions)
    if training:
        facts["corpus"] = {
            "words": int(training["corpus_total_words"]),
            "sentences": int(training["corpus_count"]),
        }
        text = Reading.from_dict(json.loads(metadata.get("reading", "{}")))
        facts["reading"] = {
            "tokenizer": text.tokenizer and str(text.options(None, None).tokenizer_name),
            "lowercase": text.lowercase,
            "errors": text.errors,
        }
        facts["epochs_trained"] = int(training["epochs_trained"])
        if "shards" in training:
            facts["shards_trained"] = int(training["shards"])
        if "simd" in training:
            facts["simd"] = [str(name) for name in training["simd"]]
        facts["loss"] = [float(loss) for loss in training["loss"]]
        if "history" in training:
            facts["history"] = [EpochRecord.from_dict(one).to_dict() for one in training["history"]]
    if "run" in metadata:
        run = json.loads(metadata["run"])
        facts["checkpoint"] = "of a run that has ended"
        if not run["ended"]:
            tokens = int(run["state"]["tokens"])
            facts["checkpoint"] = f"of a run that has trained {tokens:,} words: train --resume"
    if "classes" in metadata:
        facts["classes"] = list(json.loads(metadata["classes"]))
    if settings:
        facts["settings"] = settings
    return facts


def _history_rows(history: list[EpochRecord]) -> Iterator[tuple[str, str]]:
    """Yield a row for each epoch in which something was measured, and for the last measurements."""
    shown = [
        record
        for record in history
        if record.metrics or not (record.ends_epoch and math.isnan(record.validation_loss))
    ]
    for record in shown[-_SHOWN_RECORDS:]:
        end = "end of epoch" if record.ends_epoch else "in epoch"
        yield f"{end} {record.epoch}", record.describe()


def _model_rows(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the rows of a table: a name and a text each."""
    descriptions = dict(_KINDS.values())
    for name, value in facts.items():
        if name == "size":
            yield name, f"{value:,} bytes"
        elif name == "kind":
            more = _FORMATS.get(facts["format"]) or descriptions[value]
            yield name, f"{value}, {more}" if more else value
        elif name == "corpus":
            yield name, f"{value['words']:,} words, {value['sentences']:,} sentences"
        elif name == "reading":
            yield "tokenizer", value["tokenizer"] or "space"
            yield "lowercase", str(value["lowercase"])
            yield "errors", value["errors"]
        elif name == "loss":
            yield "loss per epoch", ", ".join(f"{loss:.4f}" for loss in value)
        elif name == "history":
            yield from _history_rows([EpochRecord.from_dict(record) for record in value])
        elif name in ("classes", "processing", "simd"):
            yield name, ", ".join(map(str, value))
        elif name == "settings":
            for setting, chosen in value.items():
                yield setting, "not set" if chosen is None else str(chosen)
        elif name != "format":
            yield name.replace("_", " "), f"{value:,}" if isinstance(value, int) else str(value)
