"""``w2v train`` and what `demo` shares with it: saving a model and summarizing a run."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from w2v.cli.options import (
    CheckpointOptions,
    ClusterOptions,
    ControlOptions,
    Json,
    ModelOutput,
    Quiet,
    ReadingOptions,
    Sources,
    VectorKind,
    corpus_source,
    expand,
    is_given,
)
from w2v.cli.signals import INTERRUPTED
from w2v.cli.streams import (
    check_extension,
    check_streams,
    is_standard,
    readable,
    writable,
)
from w2v.cli.terminal import format_error, note, output_name, print_json, progress_bar, shell_quote
from w2v.cli.vectors import output_format
from w2v.config import TrainingConfig
from w2v.corpus.corpus import Corpus
from w2v.progress import corpus_progress
from w2v.training.checkpoint import describe_run
from w2v.training.interrupt import TrainingInterrupt
from w2v.training.model_runs import resume
from w2v.training.pacing import checked_seconds
from w2v.training.word2vec import Word2Vec
from w2v.vocab.pruning import word_list

if TYPE_CHECKING:
    from w2v.progress import ProgressBar, Reporter
    from w2v.training.runs import TrainingResult
    from w2v.vectors.keyed_vectors import KeyedVectors

_ENDED = {
    "early_stopping": "the held-out loss fell no longer; the best weights are kept",
    "max_seconds": "the time was over",
}


@expand
def train(
    sources: Sources,
    *,
    output: ModelOutput,
    reading: ReadingOptions,
    vocab: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Train exactly the words in this file, one per line (- for standard input); a "
            "count after the word is ignored.",
        ),
    ] = None,
    init: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Begin with the vectors of this file, in any format that `w2v convert` reads, for "
            "the words that it has.",
        ),
    ] = None,
    save_vocab: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where to save the trained words and their counts."),
    ] = None,
    kind: Annotated[
        VectorKind | None,
        typer.Option(
            "--vectors",
            help="Save vectors alone instead of the model: its input vectors, its output vectors, "
            "or their sum; in the format of the extension, as `w2v convert` does. Training cannot "
            "go on from them.",
            show_default=False,
        ),
    ] = None,
    control: ControlOptions,
    checkpoints: CheckpointOptions,
    cluster: ClusterOptions,
    as_json: Json = False,
    quiet: Quiet = False,
    settings: TrainingConfig,
    context: typer.Context,
) -> int:
    """Train word vectors on text and save the model.

    Ctrl-C ends training early and saves the model as it is.
    """
    held_out = control.held_out()
    cluster.check()
    if vocab is not None and settings.max_final_vocab is not None:
        raise typer.BadParameter("--vocab and --max-final-vocab are mutually exclusive")
    check_streams(
        {
            "--output": output,
            "--save-vocab": save_vocab,
            "--history": control.history,
            **checkpoints.outputs(),
        },
        [
            *sources,
            vocab,
            init,
            held_out if isinstance(held_out, Path) else None,
            *(control.evaluate_analogies or ()),
            *(control.evaluate_pairs or ()),
        ],
        as_json=as_json,
    )
    format = None
    if kind is None:
        check_model_name(output)
    else:
        format = output_format(output, "w2v" if is_standard(output) else None, "")
        if kind is not VectorKind.INPUT and settings.hs and not settings.negative:
            raise typer.BadParameter(
                f"--vectors {kind.value}: hierarchical softmax alone (--hs 1 --negative 0) has no "
                "output vectors of words"
            )
    check_extension(save_vocab, "words and counts are written as text", (".txt", ".tsv", ".csv"))
    try:
        checked_seconds(control.max_seconds, settings)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    arguments = control.arguments()
    if checkpoints.resume is not None:
        for option, value in (("--vocab", vocab), ("--init", init)):
            if value is not None:
                raise typer.BadParameter(f"--resume and {option} are mutually exclusive")
        before = describe_run(checkpoints.resume)
        if before is not None and before.get("ended") and not quiet:
            note(f"The run of {checkpoints.resume} had ended: no text is read, nothing is trained")
        with progress_bar(quiet) as bar:
            run = Resumed(sources, reading, control, checkpoints, cluster, context)
            model, result = run.train(checkpoints.resume, settings, bar)
        if save_vocab is not None:
            with writable(save_vocab) as path:
                model.vocabulary.save_counts(path)
        save_model(model, output, kind, format)
        report(model, result, output, as_json, quiet, [frequent_word(model.wv)])
        _tell_how_to_go_on(result, sources, output, checkpoints, quiet)
        return INTERRUPTED if result.interrupted else 0
    model = Word2Vec(**settings.to_dict())
    words = None if vocab is None else word_list(readable(vocab))
    text: float | Corpus | None
    if isinstance(held_out, Path):
        text = Corpus(readable(held_out), workers=settings.workers, **reading.arguments())
    else:
        text = held_out
    with progress_bar(quiet) as bar:
        corpus = Corpus(
            corpus_source(sources),
            workers=settings.workers,
            progress=corpus_progress(bar),
            **reading.arguments(),
        )
        arguments |= {"validation": text, **checkpoints.arguments()}
        try:
            with cluster.dividing(model, corpus, sources, text):
                model.build_vocab(
                    corpus, vocabulary=words, init=None if init is None else readable(init)
                )
                if save_vocab is not None:
                    with writable(save_vocab) as path:
                        model.vocabulary.save_counts(path)
                result = train_until_interrupted(model, corpus, bar, **arguments)
        except Exception as error:
            # That of a callback; the model is as it is.
            if getattr(error, "model", None) is model and model.training_loss:
                save_model(model, output, kind, format)
                note(f"Saved  {output_name(output)}, as trained up to this error")
            raise
    save_model(model, output, kind, format)
    report(model, result, output, as_json, quiet, [frequent_word(model.wv)])
    _tell_how_to_go_on(result, sources, output, checkpoints, quiet)
    return INTERRUPTED if result.interrupted else 0


def _tell_how_to_go_on(
    result: TrainingResult,
    sources: list[str],
    output: Path,
    checkpoints: CheckpointOptions,
    quiet: bool,
) -> None:
    file = checkpoints.file
    if result.interrupted and file is not None and file.exists() and not quiet:
        texts = " ".join(map(shell_quote, sources))
        note(f"Resume: w2v train {texts} -o {shell_quote(output)} --resume {shell_quote(file)}")


@dataclass(frozen=True)
class Resumed:
    """A run that goes on, and the options of the command."""

    sources: list[str]
    reading: ReadingOptions
    control: ControlOptions
    checkpoints: CheckpointOptions
    cluster: ClusterOptions
    context: typer.Context

    def train(
        self, path: Path, settings: TrainingConfig, bar: ProgressBar | None
    ) -> tuple[Word2Vec, TrainingResult]:
        """Train to the end, or until Ctrl-C; settings that are given must be those of the run."""
        arguments = self.control.arguments()
        callbacks = arguments.pop("callbacks")
        given = {**settings.to_dict(), **arguments}
        text: Any = self.control.held_out()
        if isinstance(text, Path):
            text = readable(text)
        share = ((describe_run(path) or {}).get("settings") or {}).get("share")

        def read(model: Word2Vec, report: Reporter | None) -> Corpus:
            corpus = self.read(model, report)
            nodes.enter_context(self.cluster.dividing(model, corpus, self.sources, share))
            return corpus

        try:
            with contextlib.ExitStack() as nodes:
                return resume(
                    Word2Vec,
                    path,
                    read,
                    {name: value for name, value in given.items() if self.is_given(name)},
                    progress=bar or False,
                    callbacks=callbacks,
                    validation=text,
                    **self.checkpoints.arguments(),
                )
        except TrainingInterrupt as interrupt:
            return interrupt.model, interrupt.result

    def read(self, model: Word2Vec, report: Reporter | None) -> Corpus:
        """Read the text as that of the run was read, unless options say how."""
        chosen = self.reading.arguments()
        options = model._reading.options(None, model.config.workers)
        for name in ("tokenizer", "lowercase", "errors", "memory"):
            if self.is_given(name):
                options = replace(options, **{name: chosen[name]})
        source = corpus_source(self.sources)
        progress = corpus_progress(report)
        return Corpus.read_with(source, options, column=chosen["column"], progress=progress)

    def is_given(self, option: str) -> bool:
        """Return whether an option is on the command line."""
        return is_given(self.context, option)


def train_until_interrupted(
    model: Word2Vec, corpus: Corpus, bar: ProgressBar | None, **arguments: Any
) -> TrainingResult:
    """Train; Ctrl-C ends it early, and the result says so. See `Word2Vec.train`."""
    try:
        return model.train(corpus, progress=bar or False, **arguments)
    except TrainingInterrupt as interrupt:
        return interrupt.result


def report(
    model: Word2Vec,
    result: TrainingResult,
    output: Path,
    as_json: bool,
    quiet: bool,
    words: Sequence[str],
    **more: Any,
) -> None:
    """Print a summary of a training run as JSON, as notes that end with what to do next, or both.

    `words` are examples to look up, `more` further members of the JSON document.
    """
    if as_json:
        print_json(
            {
                "output": output_name(output),
                "words": len(model.wv),
                "initial_words": model.initial_words,
                "dimensions": model.wv.vector_size,
                "seconds": result.seconds,
                "words_per_second": result.words_per_second,
                "loss": list(result.loss),
                "history": [record.to_dict() for record in result.history],
                "interrupted": result.interrupted,
                "stopped_by": result.stopped_by,
                "shards": result.shards,
                "merge_seconds": result.merge_seconds,
                "nodes": result.nodes,
                "network_seconds": result.network_seconds,
                "network_bytes": result.network_bytes,
                "alpha": result.alpha,
                "sample": result.sample,
                "decay_start": result.decay_start,
                **more,
            }
        )
    if quiet:
        return
    loss = f", loss {result.loss[-1]:.4f}" if result.loss else ""
    last = result.best or (result.history[-1] if result.history else None)
    if last is not None and not math.isnan(last.validation_loss):
        loss += f" (held-out {last.validation_loss:.4f})"
    for name, score in last.metrics.items() if last is not None else ():
        loss += f", {name} {score:.4f}"
    if result.shards > 1:
        loss += f", {result.shards} shards"
    if result.nodes > 1:
        loss += f", {result.nodes} nodes"
    if result.alpha != model.config.learning_rate:  # chosen by the text
        loss += f", learning rate {result.alpha:.3g}"
    if model.config.sample is None:
        loss += f", sample {result.sample:g}"
    note(
        f"Learned {len(model.wv):,} words of {model.wv.vector_size} dimensions in "
        f"{result.seconds:.1f} s ({result.words_per_second:,.0f} words/s){loss}"
    )
    if model.initial_words:
        note(f"{model.initial_words:,} of {len(model.wv):,} words began with given vectors")
    if result.stopped_by in _ENDED:
        of = f"in epoch {result.history[-1].epoch} of {model.config.epochs}"
        note(f"Ended  {of}: {_ENDED[result.stopped_by]}")
    note(f"Saved  {output_name(output)}")
    if not is_standard(output):
        note(f"Next:  w2v search {shell_quote(output)} {' '.join(map(shell_quote, words))}")


def check_model_name(output: Path) -> None:
    """Raise a usage error if the name of a model is that of another format."""
    remedy = (
        f"convert the model afterwards: w2v convert MODEL -o {shell_quote(output)}; --vectors "
        "input saves the vectors alone"
    )
    check_extension(output, "a model is written in safetensors format", remedy=remedy)


def save_model(
    model: Word2Vec, output: Path, kind: VectorKind | None = None, format: str | None = None
) -> None:
    """Save the model, or vectors of it; if that fails, save it elsewhere and say where."""
    try:
        with writable(output, "model.safetensors") as path:
            if kind is None:
                model.save(path)
            else:
                model.keyed_vectors(kind.value).export(path, format=format)
    except BrokenPipeError:
        raise
    except OSError as error:
        folder = tempfile.mkdtemp(prefix="w2v-")
        refuge = os.path.join(folder, "model.safetensors")
        try:
            model.save(refuge)
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            raise error from None
        raise OSError(f"{format_error(error)}; the model was saved to {refuge} instead") from error


def frequent_word(vectors: KeyedVectors) -> str:
    """Return a frequent word to look up, after the function words if there are enough others."""
    words = vectors.index_to_key
    return next(filter(str.isalpha, words[200:] or words), "WORD")
