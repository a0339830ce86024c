"""``-`` as a file: standard input for what a command reads, standard output for what it writes.

Most readers and writers need a real file, so standard input is copied to a temporary one first, and
a result is written to one and then copied to standard output.
"""

from __future__ import annotations

import contextlib
import errno
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TextIO

import typer

from w2v.cli.terminal import is_terminal
from w2v.io.atomic import atomic_write
from w2v.io.names import check_name
from w2v.io.reading import seekable
from w2v.io.temporary import temporary_folder

STANDARD = "-"
_NAME = "standard input"

_inputs = contextlib.ExitStack()  # the temporary folders of the files below
_copies: dict[str, str] = {}  # files with what streams sent, and the names of the streams


class _DryRun(Exception):  # noqa: N818 - not an error: it gives up a file that was only tried out
    pass


@contextlib.contextmanager
def session() -> Iterator[None]:
    """Remove the copies of standard input at the end of a run."""
    try:
        yield
    finally:
        _copies.clear()
        _inputs.close()


def is_standard(path: object) -> bool:
    """Return whether an argument means standard input or output."""
    return str(path) == STANDARD


def readable(path: Path) -> Path:
    """Return a file to read: `path`, or a copy of standard input or of what a pipe sends."""
    if not is_standard(path):
        copy = Path(_inputs.enter_context(seekable(path))) if path.is_fifo() else path
        if copy != path:
            _copies[str(copy)] = str(path)
        return copy
    copy = Path(_inputs.enter_context(temporary_folder())) / _NAME
    _copies[str(copy)] = _NAME
    with open(copy, "wb") as file:
        shutil.copyfileobj(_require(sys.stdin, "input").buffer, file)
    return copy


def _require(stream: TextIO | None, name: str) -> TextIO:
    """Return a stream; raise if the shell closed it, as ``<&-`` and ``>&-`` do."""
    if stream is None:
        raise OSError(errno.EBADF, "it is closed; name a file in place of -", f"standard {name}")
    return stream


def name_streams(message: str) -> str:
    """Return a message that calls streams by their names, not by those of their copies."""
    for copy, name in _copies.items():
        message = message.replace(copy, name)
    return message


@contextlib.contextmanager
def writable(path: Path, name: str = "output") -> Iterator[Path]:
    """Give a file to write: `path`, or a temporary one that is then copied to standard output."""
    if not is_standard(path):
        yield path
        return
    with temporary_folder() as folder:
        target = Path(folder) / name
        yield target
        sys.stdout.flush()
        with open(target, "rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.buffer.flush()


def check_streams(
    outputs: Mapping[str, Path | None],
    inputs: Iterable[object] = (),
    *,
    as_json: bool = False,
    binary: bool = True,
) -> None:
    """Raise now what would fail after the work: destinations, and streams that are used twice.

    Parameters
    ----------
    outputs : dict of str to Path or None
        The option and its value; None if it was not given.
    inputs : iterable of path or str or None
        What the command reads.
    as_json : bool, default False
        Whether the command prints JSON to standard output.
    binary : bool, default True
        Whether a terminal must not show what is written.
    """
    sources = [str(source) for source in inputs if source is not None]
    if sources.count(STANDARD) > 1:
        raise typer.BadParameter("- (standard input) can be read only once")
    used = ["--json"] if as_json else []
    seen: dict[Path, str] = {}
    for option, path in outputs.items():
        if path is None:
            continue
        if is_standard(path):
            _require(sys.stdout, "output")
            used.append(f"{option} -")
            if binary and is_terminal(sys.stdout):
                raise typer.BadParameter(
                    f"{option} -: binary data is not written to a terminal; redirect standard "
                    "output, or name a file"
                )
            continue
        if path.absolute() in seen:
            raise typer.BadParameter(
                f"{seen[path.absolute()]} and {option} are the same file, {path}"
            )
        seen[path.absolute()] = option
        _check_writable(path, map(Path, sources))
    if len(used) > 1:
        raise typer.BadParameter(f"{' and '.join(used)} both write to standard output")


def check_extension(
    path: Path | None,
    what: str,
    own: tuple[str, ...] = (".safetensors",),
    *,
    remedy: str = "",
) -> None:
    """Raise now if the name of an output promises another format; see `w2v.io.names`."""
    if path is None or is_standard(path):
        return
    try:
        check_name(path, what, own, remedy=remedy)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def refuse_standard(option: str, path: Path, reason: str) -> None:
    """Raise if `path` is standard output, which this command cannot write to."""
    if is_standard(path):
        raise typer.BadParameter(f"{option} -: {reason}; name a file")


def _check_writable(path: Path, sources: Iterable[Path]) -> None:
    for source in sources:
        if path.exists() and source.exists() and path.samefile(source):
            raise ValueError(f"{path}: input and output are the same file")
    with contextlib.suppress(_DryRun), atomic_write(path):
        raise _DryRun
