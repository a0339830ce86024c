"""What commands print: tables, JSON, notes, messages and progress, harmless for any terminal.

Results go to standard output; notes, messages and progress go to standard error.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TextIO

from w2v.progress import ProgressBar

# Errors whose own words are enough; the type of any other is shown too.
_SELF_EXPLANATORY = (ValueError, TypeError, FloatingPointError, ImportError, Warning, OSError)
# What Python raises where a program is wrong.
_BUGS = (TypeError, AttributeError, LookupError, NameError, ArithmeticError, RecursionError)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


# ---- Results: standard output --------------------------------------------------------------------


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[str] = ()
) -> None:
    """Print a table: as wide as the terminal, or plain and of any width to a pipe or file.

    In a terminal, the first cell of a row is empty if it repeats the one above.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    terminal = is_terminal(sys.stdout)
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
        cells = [printable(cell) for cell in ("" if repeats else first, *rest)]
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


def print_json(document: Any) -> None:
    """Print one JSON document on a line of its own; NaN and infinity become null."""
    print(json.dumps(_finite(document), allow_nan=False))


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value


def percent(fraction: float) -> str:
    """Return a fraction as a percentage; a dash for NaN, of nothing."""
    return "-" if math.isnan(fraction) else f"{fraction:.1%}"


# ---- Notes, messages, progress: standard error ---------------------------------------------------


def note(text: str) -> None:
    """Print a note to standard error."""
    _print_to_stderr(printable(text))


def print_status(kind: str, message: str = "") -> None:
    """Print one line about an error, a warning or an interruption to standard error."""
    _print_to_stderr(printable(f"w2v: {kind}: {message}" if message else f"w2v: {kind}"))


def _print_to_stderr(line: str) -> None:
    if sys.stderr is not None:  # None: the shell closed it; `print` would use standard output
        print(line, file=sys.stderr)


@contextlib.contextmanager
def progress_bar(quiet: bool) -> Iterator[ProgressBar | None]:
    """Give a progress bar, or None if standard error is not a terminal."""
    if quiet or not is_terminal(sys.stderr):
        yield None
    else:
        with ProgressBar() as bar:
            yield bar


def format_error(error: BaseException) -> str:
    """Return the message of an error, on one line."""
    # Typer raises click's exceptions or its own copies of them; they can format themselves.
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
    if isinstance(error, _SELF_EXPLANATORY) and str(error):
        return str(error)
    return f"{type(error).__name__}: {error}"


def is_bug(error: Exception) -> bool:
    """Return whether an error looks like a bug in w2v and not like a mistake of the user.

    It does if its type is that of a programming error and no ``raise`` has raised it: the function
    that is None, the key that a dict lacks.
    """
    if isinstance(error, AssertionError):
        return True
    if not isinstance(error, _BUGS) or error.__traceback__ is None:
        return False
    trace = error.__traceback__
    while trace.tb_next is not None:
        trace = trace.tb_next
    if trace.tb_frame.f_code.co_filename.endswith(".pyx"):
        return False  # compiled: it cannot be seen where it was raised
    import dis  # only now: it takes time

    instruction = trace.tb_frame.f_code.co_code[trace.tb_lasti]
    return dis.opname[instruction] != "RAISE_VARARGS"


def show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print a warning on one line; replaces `warnings.showwarning`."""
    if "tqdm" in sys.modules:
        # A bar may be on this line.
        from tqdm import tqdm

        with tqdm.external_write_mode(file=sys.stderr):
            print_status("warning", str(message))
    else:
        print_status("warning", str(message))


# ---- Text ----------------------------------------------------------------------------------------


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a stream is shown in a terminal."""
    return stream is not None and stream.isatty()  # None: the shell closed it


def printable(text: object) -> str:
    """Return `text` on one line, harmless for a terminal: control characters are escaped."""
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], str(text))


def shell_quote(argument: object) -> str:
    """Return an argument as one has to type it in a shell."""
    return shlex.quote(printable(argument))


def output_name(path: object) -> str:
    """Return the name of an output for a note or a result."""
    return "standard output" if str(path) == "-" else str(path)
