"""``w2v classify train`` and ``predict``. PyTorch is imported when one of them runs."""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from w2v._validation import require_package
from w2v.cli.options import Lowercase, Quiet, Tokenizer, Tokens, check_destination, load_vectors
from w2v.cli.terminal import is_terminal, print_table, printable, quoted
from w2v.io.classification_data import read_labeled_texts, read_lines, text_lines

if TYPE_CHECKING:
    from w2v.sequence import ClassificationReport, SequenceClassifier

_INTERRUPTED = 130  # as cli.py's
_AT_ONCE = 4096  # texts predicted and told before the next are read

classify = typer.Typer(
    rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]}
)


class Encoder(str, Enum):
    """What reads the words of a text."""

    LSTM = "lstm"
    GRU = "gru"
    RNN = "rnn"
    MEAN = "mean"


Device = Annotated[str, typer.Option(help="auto, cpu, cuda, mps or another of PyTorch's.")]


@classify.command()
def train(
    data: Annotated[
        Path,
        typer.Argument(metavar="DATA", help="Labelled texts in UTF-8: label<TAB>text, one a line."),
    ],
    *,
    vectors: Annotated[
        Path,
        typer.Option(metavar="MODEL", help="Word vectors, in any format that `w2v convert` reads."),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where to save the classifier.")
    ],
    test: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Labelled texts to report on, never trained on; default: those held out, which "
            "the stopping has seen.",
        ),
    ] = None,
    encoder: Annotated[
        Encoder, typer.Option(help="The recurrent network, or the mean of the words' vectors.")
    ] = Encoder.LSTM,
    hidden_size: Annotated[int, typer.Option(min=1, help="Numbers of a hidden state.")] = 128,
    num_layers: Annotated[int, typer.Option(min=1, help="Recurrent layers.")] = 1,
    bidirectional: Annotated[
        bool, typer.Option("--bidirectional", help="Read backwards too.")
    ] = False,
    dropout: Annotated[float, typer.Option(help="Share set to zero, from 0 to below 1.")] = 0.2,
    fine_tune: Annotated[
        bool, typer.Option("--fine-tune", help="Fine-tune the word vectors.")
    ] = False,
    balanced: Annotated[
        bool, typer.Option("--balanced", help="Weigh rare classes as much as frequent ones.")
    ] = False,
    tokenizer: Tokens = Tokenizer.SPACE,
    lowercase: Lowercase = False,
    max_length: Annotated[int, typer.Option(min=1, help="Read so many words of a text.")] = 1000,
    epochs: Annotated[int, typer.Option(min=1, help="At most so many.")] = 30,
    batch_size: Annotated[int, typer.Option(min=1, help="Texts in a step.")] = 32,
    learning_rate: Annotated[float, typer.Option(help="Of Adam.")] = 0.001,
    validation_fraction: Annotated[
        float, typer.Option(help="Share of the texts held out to tell when to stop.")
    ] = 0.1,
    patience: Annotated[
        int, typer.Option(min=1, help="Stop after so many epochs without gain.")
    ] = 3,
    seed: Annotated[int, typer.Option(min=0, help="Of all random numbers.")] = 1,
    device: Device = "auto",
    confusion: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw who is taken for whom (needs matplotlib)."),
    ] = None,
    quiet: Quiet = False,
) -> int:
    """Learn to sort texts into classes, and report how well.

    Ctrl-C ends the training early and saves the best network of the epochs until then, if any.
    """
    if confusion is not None and confusion.absolute() == output.absolute():
        raise typer.BadParameter(f"--output and --confusion are the same file, {output}")
    for path in (output, *([] if confusion is None else [confusion])):
        check_destination(path, [data, vectors, *([] if test is None else [test])])
    if confusion is not None:
        _check_picture(confusion)
    texts, labels = read_labeled_texts(data)
    tested = None if test is None else read_labeled_texts(test)
    sequence = _sequence()
    bar = not quiet and is_terminal(sys.stderr)
    clf = sequence.SequenceClassifier(
        load_vectors(vectors),
        encoder.value,
        hidden_size=hidden_size,
        num_layers=num_layers,
        bidirectional=bidirectional,
        dropout=dropout,
        freeze=not fine_tune,
        tokenizer=None if tokenizer is Tokenizer.SPACE else "unicode",
        lowercase=lowercase,
        max_length=max_length,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        validation_fraction=validation_fraction,
        patience=patience,
        class_weight="balanced" if balanced else None,
        seed=seed,
        device=device,
        progress=bar,
    )
    clf.fit(texts, labels)
    clf.save(output)
    if tested is None and len(clf.held_out_):
        held = clf.held_out_.tolist()
        tested, name = ([texts[i] for i in held], [labels[i] for i in held]), "texts held out"
    else:
        name = "texts trained on" if tested is None else f"texts of {Path(test or data).name}"
        tested = (texts, labels) if tested is None else tested
    report = sequence.classification_report(tested[1], clf.predict(tested[0]))
    if confusion is not None:
        figure = report.plot(title=f"{len(tested[0]):,} {name}")
        _draw(figure, confusion)
    if not quiet:
        _tell(clf, report, f"{len(tested[0]):,} {name}")
        print(f"Saved  {printable(output)}")
        if confusion is not None:
            print(f"Saved  {printable(confusion)}")
        print(f"Next:  w2v classify predict {quoted(output)} texts.txt")
    return _INTERRUPTED if clf.interrupted_ else 0


@classify.command()
def predict(
    classifier: Annotated[
        Path, typer.Argument(metavar="CLF", help="What `w2v classify train` saved.")
    ],
    text: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]",
            help="Texts in UTF-8, one a line; default or -: standard input.",
            show_default=False,
        ),
    ] = None,
    *,
    device: Device = "auto",
) -> None:
    """Tell the class of each text: label, probability and text a line, between tabs."""
    clf = _sequence().SequenceClassifier.load(classifier, device=device)
    first = 0
    if text is None or str(text) == "-":
        lines = text_lines(sys.stdin.buffer, "standard input")
    else:
        lines = read_lines(text)
    for batch in _batches(lines):
        shares = clf._shares(batch, first)  # so that warnings number the texts of all batches
        first += len(batch)
        for line, row in zip(batch, shares, strict=True):
            best = int(row.argmax())
            label = printable(clf.classes_[best])
            print(label, f"{row[best]:.4f}", printable(line), sep="\t")


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


def _draw(figure: Any, path: Path) -> None:
    from w2v.plot import save

    save(figure, path)


def _tell(clf: SequenceClassifier, report: ClassificationReport, on: str) -> None:
    rows = [
        (str(label), *("-" if math.isnan(x) else f"{x:.3f}" for x in figures), f"{count:,}")
        for label, *figures, count in zip(
            report.classes,
            report.precision,
            report.recall,
            report.f1,
            report.support.tolist(),
            strict=True,
        )
    ]
    columns = ("class", "precision", "recall", "F1", "texts")
    print_table(columns, rows, right=columns[1:])
    last = clf.history_[-1]
    print(f"Trained {last.epoch} epochs in {last.seconds:.1f} s, kept epoch {clf.best_epoch_}")
    print(f"Accuracy {report.accuracy:.3f} on {printable(on)}")


def _batches(texts: Iterator[str]) -> Iterator[list[str]]:
    while batch := list(itertools.islice(texts, _AT_ONCE)):
        yield batch
