"""``w2v classify train`` and ``predict``. PyTorch is imported when one of them runs."""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from w2v._validation import require_package
from w2v.cli.options import (
    Json,
    Lowercase,
    Quiet,
    Tokenizer,
    Tokens,
    example,
    expand,
    load_vectors,
)
from w2v.cli.signals import INTERRUPTED
from w2v.cli.streams import (
    check_extension,
    check_streams,
    is_standard,
    readable,
    refuse_standard,
    writable,
)
from w2v.cli.terminal import (
    is_terminal,
    note,
    output_name,
    print_json,
    print_table,
    printable,
    shell_quote,
)
from w2v.io.classification_data import read_labeled_texts, read_lines, text_lines

if TYPE_CHECKING:
    from w2v.sequence import ClassificationReport, SequenceClassifier

_BATCH = 4096  # texts that are predicted and printed before the next are read

classify = typer.Typer(rich_markup_mode=None)


class Encoder(str, Enum):
    """What reads the words of a text."""

    LSTM = "lstm"
    GRU = "gru"
    RNN = "rnn"
    MEAN = "mean"


Device = Annotated[str, typer.Option(help="auto, cpu, cuda, mps or another PyTorch device.")]


@dataclass(frozen=True)
class ClassifierOptions:
    """The network and how it is trained."""

    encoder: Annotated[
        Encoder, typer.Option(help="A recurrent network, or the mean of the word vectors.")
    ] = Encoder.LSTM
    hidden_size: Annotated[int, typer.Option(min=1, help="Size of the hidden state.")] = 128
    num_layers: Annotated[int, typer.Option(min=1, help="Number of recurrent layers.")] = 1
    bidirectional: Annotated[bool, typer.Option("--bidirectional", help="Also read backwards.")] = (
        False
    )
    dropout: Annotated[
        float, typer.Option(help="Fraction of values set to zero, from 0 to below 1.")
    ] = 0.2
    fine_tune: Annotated[bool, typer.Option("--fine-tune", help="Fine-tune the word vectors.")] = (
        False
    )
    balanced: Annotated[
        bool,
        typer.Option("--balanced", help="Weight classes inversely to their frequency."),
    ] = False
    tokenizer: Tokens = Tokenizer.SPACE
    lowercase: Lowercase = False
    max_length: Annotated[int, typer.Option(min=1, help="Truncate texts to this many words.")] = (
        1000
    )
    epochs: Annotated[int, typer.Option(min=1, help="Maximum number of epochs.")] = 30
    batch_size: Annotated[int, typer.Option(min=1, help="Texts per step.")] = 32
    learning_rate: Annotated[float, typer.Option(help="Adam learning rate.")] = 0.001
    validation_fraction: Annotated[
        float, typer.Option(help="Fraction of the texts held out for early stopping.")
    ] = 0.1
    patience: Annotated[
        int, typer.Option(min=1, help="Stop after this many epochs without improvement.")
    ] = 3
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 1
    device: Device = "auto"

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `SequenceClassifier`."""
        values = dict(vars(self))
        del values["fine_tune"], values["balanced"]
        return {
            **values,
            "encoder": self.encoder.value,
            "freeze": not self.fine_tune,
            "class_weight": "balanced" if self.balanced else None,
            "tokenizer": None if self.tokenizer is Tokenizer.SPACE else "unicode",
        }


@classify.command(
    epilog=example(
        "w2v classify train labeled.tsv --vectors model.safetensors -o classifier.safetensors",
        "w2v classify train labeled.tsv --vectors model.safetensors --encoder mean --balanced "
        "-o mean.safetensors",
    )
)
@expand
def train(
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA",
            help="Labeled texts in UTF-8, label<TAB>text per line; - for standard input.",
        ),
    ],
    *,
    vectors: Annotated[
        Path,
        typer.Option(metavar="MODEL", help="Word vectors, in any format that `w2v convert` reads."),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where to save the classifier; - for standard output.",
        ),
    ],
    test: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Labeled texts to evaluate on, never trained on (default: the texts held out, "
            "which early stopping has seen).",
        ),
    ] = None,
    options: ClassifierOptions,
    confusion: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Plot the confusion matrix (needs matplotlib)."),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Train a text classifier and report how accurate it is.

    Ctrl-C ends training early and saves the best network so far, if an epoch is complete.
    """
    if confusion is not None:
        refuse_standard("--confusion", confusion, "its extension is the picture format")
    check_streams(
        {"--output": output, "--confusion": confusion}, [data, vectors, test], as_json=as_json
    )
    check_extension(output, "a classifier is written in safetensors format")
    if confusion is not None:
        _check_picture(confusion)
    texts, labels = read_labeled_texts(readable(data))
    tested = None if test is None else read_labeled_texts(readable(test))
    clf = _sequence().SequenceClassifier(
        load_vectors(vectors),
        **options.arguments(),
        progress=not quiet and is_terminal(sys.stderr),
    )
    try:
        clf.fit(texts, labels)
    except KeyboardInterrupt:
        if not getattr(clf, "interrupted_", False):
            raise  # there is nothing to keep yet
    with writable(output) as path:
        clf.save(path)
    if tested is not None:
        name = f"texts of {Path(test or data).name}"
    elif len(clf.held_out_):
        held_out = clf.held_out_.tolist()
        tested, name = (
            ([texts[i] for i in held_out], [labels[i] for i in held_out]),
            "held-out texts",
        )
    else:
        tested, name = (texts, labels), "training texts"
    report = _sequence().classification_report(tested[1], clf.predict(tested[0]))
    if confusion is not None:
        from w2v.plot import save

        save(report.plot(title=f"{len(tested[0]):,} {name}"), confusion)
    if as_json:
        print_json({"output": output_name(output), **_result(clf, report, name)})
    elif not quiet and not is_standard(output):
        _print_classes(report)
    if not quiet:
        last = clf.history_[-1]
        note(f"Trained {last.epoch} epochs in {last.seconds:.1f} s, kept epoch {clf.best_epoch_}")
        note(f"Accuracy {report.accuracy:.3f} on {len(tested[0]):,} {name}")
        for saved in (output, *([] if confusion is None else [confusion])):
            note(f"Saved  {output_name(saved)}")
        if not is_standard(output):
            note(f"Next:  w2v classify predict {shell_quote(output)} texts.txt")
    return INTERRUPTED if clf.interrupted_ else 0


@classify.command(
    epilog=example(
        "w2v classify predict classifier.safetensors texts.txt",
        "w2v classify predict classifier.safetensors --json < texts.txt",
    )
)
def predict(
    classifier: Annotated[
        Path, typer.Argument(metavar="CLASSIFIER", help="Saved by `w2v classify train`.")
    ],
    text: Annotated[
        Path,
        typer.Argument(metavar="TEXT", help="UTF-8 text, one text per line."),
    ] = Path("-"),
    *,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Predict the class of each text.

    Each line has the label, its probability and the text, separated by tabs; with --json, it is a
    JSON document.
    """
    check_streams({}, [classifier, text])
    clf = _sequence().SequenceClassifier.load(readable(classifier), device=device)
    if is_standard(text):
        lines = text_lines(sys.stdin.buffer, "standard input")
    else:
        lines = read_lines(text)
    first = 0
    while batch := list(itertools.islice(lines, _BATCH)):
        probabilities = clf.predict_proba(batch, first_number=first)
        first += len(batch)
        for line, row in zip(batch, probabilities, strict=True):
            best = int(row.argmax())
            label, probability = clf.classes_[best], float(row[best])
            if as_json:
                print_json({"label": label, "probability": probability, "text": line})
            else:
                print(printable(label), f"{probability:.4f}", printable(line), sep="\t")


def _sequence() -> Any:
    """Import `w2v.sequence`, or say what it needs."""
    require_package("torch", "w2v[torch]", "w2v classify")
    from w2v import sequence

    return sequence


def _check_picture(path: Path) -> None:
    from w2v.plot.figure import check_extension

    try:
        check_extension(path)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    require_package("matplotlib.figure", "w2v[plot]", "--confusion")


def _per_class(report: ClassificationReport) -> Iterator[tuple[Any, float, float, float, int]]:
    """Yield the label, precision, recall, F1 and number of texts of each class."""
    yield from zip(
        report.classes,
        report.precision.tolist(),
        report.recall.tolist(),
        report.f1.tolist(),
        report.support.tolist(),
        strict=True,
    )


def _result(clf: SequenceClassifier, report: ClassificationReport, name: str) -> dict[str, Any]:
    columns = ("label", "precision", "recall", "f1", "texts")
    return {
        "epochs": clf.history_[-1].epoch,
        "best_epoch": clf.best_epoch_,
        "seconds": clf.history_[-1].seconds,
        "evaluated_on": name,
        "accuracy": report.accuracy,
        "classes": [dict(zip(columns, row, strict=True)) for row in _per_class(report)],
        "confusion_matrix": report.confusion_matrix.tolist(),
        "interrupted": clf.interrupted_,
    }


def _print_classes(report: ClassificationReport) -> None:
    rows = [
        (str(label), *("-" if math.isnan(x) else f"{x:.3f}" for x in metrics), f"{count:,}")
        for label, *metrics, count in _per_class(report)
    ]
    columns = ("class", "precision", "recall", "F1", "texts")
    print_table(columns, rows, right=columns[1:])
