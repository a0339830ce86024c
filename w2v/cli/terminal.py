"""What commands print: tables, messages, warnings and progress, harmless for any terminal."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from w2v.progress import ProgressBar

_MISTAKES = (ValueError, TypeError, FloatingPointError, ImportError, Warning)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@contextlib.contextmanager
def progress_bar(quiet: bool) -> Iterator[ProgressBar | None]:
    """Give a progress bar, or None where nobody would see it."""
    if quiet or not is_terminal(sys.stderr):
        yield None
    else:
        with ProgressBar() as bar:
            yield bar


def percent(share: float) -> str:
    """Return a share in per cent; NaN, where there was nothing, is a dash."""
    return "-" if share != share else f"{share:.1%}"


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[str] = ()
) -> None:
    """Print a table: fitted to a terminal; plain and in full width into a pipe or file.

    In a terminal, a first cell that repeats the one above is left empty.
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


def is_terminal(stream: TextIO | None) -> bool:
    """Say whether somebody sees what is printed."""
    return stream is not None and stream.isatty()  # None: the shell closed it


def printable(text: object) -> str:
    """Return `text` on one line, harmless for a terminal: control characters are escaped."""
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], str(text))


def quoted(argument: object) -> str:
    """Return an argument as one has to type it in a shell."""
    return shlex.quote(printable(argument))


def describe(error: BaseException) -> str:
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


def tell(kind: str, message: str = "") -> None:
    """Print one line on standard error."""
    print(printable(f"w2v: {kind}: {message}" if message else f"w2v: {kind}"), file=sys.stderr)


def show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Tell a warning in one line; takes the place of `warnings.showwarning`."""
    if "tqdm" in sys.modules:
        # A bar may stand on this line.
        from tqdm import tqdm

        with tqdm.external_write_mode(file=sys.stderr):
            tell("warning", str(message))
    else:
        tell("warning", str(message))
