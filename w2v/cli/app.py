"""The commands of ``w2v``, and what surrounds every run: messages, warnings and exit statuses.

An error is one line on standard error; with --debug, its traceback comes before. The exit status is
0, 1 after an error, 2 if the command line was wrong, 70 after a fault of w2v itself, 130 after
Ctrl-C, or 143 after a request to terminate.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer
import typer.core

from w2v._version import __version__
from w2v.cli import corpus, model, signals, streams, vectors, wording
from w2v.cli.classify import classify
from w2v.cli.compare import compare, stability
from w2v.cli.options import example
from w2v.cli.plan import plan
from w2v.cli.plot import plot
from w2v.cli.terminal import format_error, is_bug, print_status, show_warning
from w2v.cli.train import train

DEBUG = "--debug"
TRACEBACK = "W2V_TRACEBACK"  # environment variable: as --debug
_FAULT = 70  # exit status; EX_SOFTWARE of sysexits.h
_MAX_HELP_WIDTH = 120  # columns; longer lines are hard to read


class _Commands(typer.core.TyperGroup):
    """The commands. Typer takes an EOFError for Ctrl-D; that of a truncated file is an error."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except EOFError as error:
            raise ValueError(str(error)) from error


app = typer.Typer(
    cls=_Commands,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": _MAX_HELP_WIDTH,
    },
)


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line; see `w2v.cli.main`. Without arguments, the help page is shown."""
    try:
        status = _run(args)
    except (KeyboardInterrupt, signals.Terminated) as end:
        status = signals.status_of(end)
    if message := signals.message_of(status):
        print_status(message)
    return status


def _run(args: Sequence[str] | None) -> int:
    args = list(sys.argv[1:] if args is None else args)
    end = args.index("--") if "--" in args else len(args)
    debug = DEBUG in args[:end] or bool(os.environ.get(TRACEBACK))
    args = [word for word in args[:end] if word != DEBUG] + args[end:] or ["--help"]
    for stream in (sys.stdout, sys.stderr):
        # A word that the encoding of the terminal lacks is shown escaped; it is not an error.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    command = typer.main.get_command(app)
    with streams.session(), wording.spoken_by(command, args):
        try:
            with warnings.catch_warnings():
                warnings.showwarning = _show_warning
                status = command.main(args, prog_name="w2v", standalone_mode=False)
                if sys.stdout is not None:  # None: the shell closed it
                    sys.stdout.flush()
        except (KeyboardInterrupt, typer.Abort):
            return signals.INTERRUPTED
        except BrokenPipeError:
            _discard_output()  # its reader has closed it, as `head` does
            return 1
        except Exception as error:
            if status := signals.status_of():
                return status
            if isinstance(error, OSError) and _is_of_full_output(error):
                _discard_output()
                error.filename = "standard output"
            print_error(error, debug)
            return _FAULT if is_bug(error) else getattr(error, "exit_code", 1)
    return int(status or 0)


def _discard_output() -> None:
    """Write nothing more to standard output, not even when the interpreter flushes it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _is_of_full_output(error: OSError) -> bool:
    return error.errno == errno.ENOSPC and error.filename is None  # errors of files name theirs


def print_error(error: Exception, debug: bool = False) -> None:
    """Print an error on one line, and its traceback if asked; a bug is called one."""
    message = wording.translate(streams.name_streams(format_error(error)))
    if debug:
        traceback.print_exception(error)
    if is_bug(error):
        message = f"{type(error).__name__}: {error}; this is a bug in w2v: please report it"
        if not debug:
            message += f", with the traceback that the same command prints with {DEBUG}"
    print_status("error", message)


def _show_warning(message: Warning | str, *args: Any, **more: Any) -> None:
    show_warning(wording.translate(streams.name_streams(str(message))), *args, **more)


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
    debug: Annotated[
        bool, typer.Option(DEBUG, help="Show the traceback of an error; also after a command.")
    ] = False,
) -> None:
    """Train word vectors on text, fast, and use them.

    `w2v COMMAND --help` shows options and examples. - as a file is standard input or output. The
    exit status is 0, 1 after an error, 2 for wrong usage, 70 after a fault of w2v itself, 130 after
    Ctrl-C, or 143 if terminated.
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
    plan,
    "w2v plan corpus.txt",
    "w2v plan corpus.txt --quality best --workers 2",
    "w2v plan texts/ --vector-size 300 --json",
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
    "w2v evaluate model.safetensors --questions questions-words.txt --vectors combined",
)
_add(
    vectors.cluster,
    "w2v cluster model.safetensors -k 3",
    "w2v cluster model.safetensors -k 3 -o clusters.txt",
)
_add(
    compare,
    "w2v compare 1900.safetensors 2000.safetensors",
    "w2v compare 1900.safetensors 2000.safetensors --word king --word queen",
    "w2v compare 1900.safetensors 1950.safetensors 2000.safetensors --csv words.csv -o words.png",
)
_add(
    stability,
    "w2v stability corpus.txt --runs 5",
    "w2v stability corpus.txt --word king --word queen",
)
_add(
    vectors.convert,
    "w2v convert vectors.txt -o vectors.safetensors",
    "w2v convert model.safetensors -o vectors.bin",
    "w2v convert model.safetensors -o - --to glove | gzip > vectors.glove.gz",
)
_add(
    model.grow,
    "w2v grow model.safetensors corpus.txt -o grown.safetensors",
    "w2v grow model.safetensors corpus.txt -o grown.safetensors --anchor 1 --epochs 3",
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
