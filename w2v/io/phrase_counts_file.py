"""The file of phrases with gensim's meaning: JSON with settings and a table of counts or scores.

docs/file-formats.md specifies it.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from typing import Any

from w2v._types import PathLike
from w2v._version import __version__
from w2v.io.atomic import atomic_write
from w2v.io.phrases_file import corrupt
from w2v.io.sniff import describe_file

FORMAT = "w2v.phrase-counts"
FORMAT_VERSION = 1


def write(
    path: PathLike, kind: str, settings: Mapping[str, Any], table: Mapping[str, float]
) -> None:
    """Write settings and a table, atomically.

    Parameters
    ----------
    path : str or path-like
    kind : {"counts", "scores"}
    settings : dict
    table : dict of str to number

    Raises
    ------
    OSError
        The destination cannot be written; see `atomic_write`.
    """
    head = {"format": FORMAT, "format_version": FORMAT_VERSION, "w2v_version": __version__}
    content = {**head, **settings, kind: dict(table)}
    with atomic_write(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=True, indent=0)


def is_one(head: bytes) -> bool:
    """Return True for the first bytes of such a file."""
    return f'"format": "{FORMAT}"'.encode() in head


def read(path: PathLike) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Return the kind of the table, the settings, still to be checked, and the table.

    Raises
    ------
    ValueError
        The file is truncated, corrupt, foreign or of a newer version.
    OSError
        It cannot be read.
    """
    with open(path, "rb") as file:
        data = file.read()
    name = os.fspath(path)
    if not is_one(data[:200]):
        raise ValueError(
            f"{name}: expected phrases with counts or scores, as save() of w2v.compat.gensim "
            f"writes them, but {describe_file(path)}"
        )
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise corrupt(path, f"invalid JSON ({error})") from error
    version = content.pop("format_version", None)
    if version != FORMAT_VERSION:
        raise ValueError(
            f"{name}: written in format_version {version!r} by w2v "
            f"{content.get('w2v_version', 'of an unknown version')}; this w2v ({__version__}) "
            f"reads format_version {FORMAT_VERSION}: upgrade w2v"
        )
    for kind in ("counts", "scores"):
        table = content.pop(kind, None)
        if table is None:
            continue
        valid = isinstance(table, dict) and all(
            isinstance(value, (int, float)) and math.isfinite(value) for value in table.values()
        )
        if not valid:
            raise corrupt(path, f"{kind!r} is not a table of numbers")
        return kind, content, table
    raise corrupt(path, "'counts' and 'scores' are missing")
