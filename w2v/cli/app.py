"""The commands of ``w2v``, and what surrounds every run: messages, warnings and exit statuses.

An error is one line on standard error. The exit status is 0, 1 after an error, 2 if the command
line was wrong, or 130 after Ctrl-C.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from w2v._version import __version__
from w2v.cli import corpus, model, streams, vectors
from w2v.cli.classify import classify
from w2v.cli.options import INTERRUPTED, example
from w2v.cli.plot import plot
from w2v.cli.terminal import format_error, print_status, show_warning
from w2v.cli.train import train

_MAX_HELP_WIDTH = 120  # columns; longer lines are hard to read

app = typer.Typer(
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": _MAX_HELP_WIDTH,
    },
)


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    args : sequence of str, optional
        The arguments after the name of the program; default ``sys.argv[1:]``. Without arguments,
        the help page is shown.

    Returns
    -------
    int
        The exit status: 0, 1 (error), 2 (wrong usage) or 130 (interrupted).
    """
    if not (sys.argv[1:] if args is None else args):
        args = ["--help"]
    for stream in (sys.stdout, sys.stderr):
        # A word that the encoding of the terminal lacks is shown escaped; it is not an error.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    with streams.session():
        try:
            with warnings.catch_warnings():
                warnings.showwarning = _show_warning
                command = typer.main.get_command(app)
                status = command.main(args, prog_name="w2v", standalone_mode=False)
                sys.stdout.flush()
        except (KeyboardInterrupt, typer.Abort):
            status = INTERRUPTED
        except BrokenPipeError:
            # The reader of our output has closed it, as `head` does. Nothing more must be written,
            # not even by the interpreter when it flushes at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            status = 1
        except Exception as error:
            print_status("error", streams.name_streams(format_error(error)))
            status = getattr(error, "exit_code", 1)
    if status == INTERRUPTED:
        print_status("interrupted")
    return int(status or 0)


def _show_warning(message: Warning | str, *args: Any, **more: Any) -> None:
    show_warning(streams.name_streams(str(message)), *args, **more)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"w2v {__version__}")
        raise typer.Exit


@app.callback(
    epilog=example(
        "w2v demo",
        "w2v train corpus.txt -o model.safetensors",
        "w2v search model.safetensors king queen",
    )
)
def w2v(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Train word vectors on text, fast, and use them.

    `w2v COMMAND --help` shows options and examples. - as a file is standard input or output. The
    exit status is 0, 1 after an error, 2 for wrong usage, or 130 after Ctrl-C.
    """


def _add(command: Callable[..., Any], *examples: str) -> None:
    app.command(command.__name__.replace("_", "-"), epilog=example(*examples))(command)


_add(
    train,
    "w2v train corpus.txt -o model.safetensors",
    "w2v train texts/ --lowercase --epochs 10 -o lower.safetensors",
    "xz -dc corpus.txt.xz | w2v train - -o model.safetensors",
)
_add(
    corpus.encode,
    "w2v encode texts/ -o corpus.w2vc",
    "w2v encode corpus.txt --tokenizer unicode --lowercase -o lower.w2vc",
)
_add(
    corpus.join_phrases,
    "w2v join-phrases corpus.txt -o phrased.w2vc --save-phrases phrases.json",
    "w2v join-phrases corpus.w2vc -o phrased.w2vc --connectors english",
    "w2v join-phrases corpus.txt -o phrased.w2vc --phrases phrases.json",
)
_add(
    corpus.inspect,
    "w2v inspect corpus.txt",
    "w2v inspect model.safetensors --json",
)
_add(
    vectors.search,
    "w2v search model.safetensors king queen",
    "w2v search vectors.txt king --topn 5 --metric euclidean --json",
)
_add(
    model.predict,
    "w2v predict model.safetensors the king of",
)
_add(
    model.score,
    "w2v score model.safetensors corpus.txt",
    "cat corpus.txt | w2v score model.safetensors - --json",
)
_add(
    vectors.evaluate,
    "w2v evaluate model.safetensors --questions questions-words.txt",
    "w2v evaluate model.safetensors --pairs wordsim353.tsv --json",
)
_add(
    vectors.cluster,
    "w2v cluster model.safetensors -k 3",
    "w2v cluster model.safetensors -k 3 -o clusters.txt",
)
_add(
    vectors.convert,
    "w2v convert vectors.txt -o vectors.safetensors",
    "w2v convert model.safetensors -o vectors.bin",
    "w2v convert model.safetensors -o - --to glove | gzip > vectors.glove.gz",
)
_add(
    model.demo,
    "w2v demo",
)
app.add_typer(
    plot,
    name="plot",
    help="Plot word vectors: PNG, SVG or PDF (needs matplotlib).",
    epilog=example("w2v plot scatter model.safetensors --top 300 -o words.png"),
)
app.add_typer(
    classify,
    name="classify",
    help="Classify texts (needs PyTorch).",
    epilog=example(
        "w2v classify train labeled.tsv --vectors model.safetensors -o classifier.safetensors",
        "w2v classify predict classifier.safetensors texts.txt",
    ),
)
