"""Arguments and checks that several commands share."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from w2v.io.atomic import atomic_write
from w2v.vectors.keyed_vectors import KeyedVectors


class Errors(str, Enum):
    """What to do with bytes that are not UTF-8."""

    STRICT = "strict"
    REPLACE = "replace"
    IGNORE = "ignore"


class Tokenizer(str, Enum):
    """Where text is split into words."""

    SPACE = "space"
    UNICODE = "unicode"


Model = Annotated[
    Path,
    typer.Argument(
        metavar="MODEL",
        help="A model or vectors saved by w2v, or vectors in any format that `w2v convert` reads.",
    ),
]
WholeModel = Annotated[
    Path, typer.Argument(metavar="MODEL", help="A whole model, as `w2v train` saves it.")
]
Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE...",
        help="Text in UTF-8, one sentence a line: files (plain, .gz, .bz2, .xz, .zst), directories "
        "or patterns; - for standard input. Or Parquet, Arrow and Feather files, or a corpus that "
        "`w2v encode` wrote.",
    ),
]
Tokens = Annotated[
    Tokenizer,
    typer.Option("--tokenizer", help="Split text at white space, or at Unicode's word boundaries."),
]
Lowercase = Annotated[bool, typer.Option("--lowercase", help="Lower-case all words.")]
Column = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="The column of a table that holds the text."),
]
Memory = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        help="Memory that reading may take, such as 4GB: what exceeds it goes to disk.",
    ),
]
BadBytes = Annotated[Errors, typer.Option(help="What to do with bytes that are not UTF-8.")]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print nothing but warnings and errors.")
]


class _NotYet(Exception):  # noqa: N818 - no error: it gives up a file that was only tried out
    pass


def check_destination(path: Path, sources: Iterable[Path] = ()) -> None:
    """Raise now what would keep the file from being written later, when much would be lost."""
    for source in sources:
        if path.exists() and source.exists() and path.samefile(source):
            raise ValueError(f"{path}: this is the file to be read; give another one to write to")
    with contextlib.suppress(_NotYet), atomic_write(path):
        raise _NotYet


def load_vectors(path: Path) -> KeyedVectors:
    """Open a model or vectors of any format, mapped where that can be."""
    return KeyedVectors.read(path, mmap=True)
