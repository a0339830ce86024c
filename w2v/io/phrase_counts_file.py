"""The file of phrases with gensim's meaning: JSON with settings and a table of counts or scores.

docs/file-formats.md specifies it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from w2v._types import PathLike
from w2v.io.atomic import atomic_write
from w2v.io.json_file import corrupt, head, read_json

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
    content = {**head(FORMAT, FORMAT_VERSION), **settings, kind: dict(table)}
    with atomic_write(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=True, indent=0)


def read(path: PathLike) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Return the kind of the table, the settings, still to be checked, and the table.

    Raises
    ------
    ValueError
        The file is truncated, corrupt, foreign or of a newer version.
    OSError
        It cannot be read.
    """
    content = read_json(path, FORMAT, FORMAT_VERSION)
    del content["format_version"]
    for kind in ("counts", "scores"):
        table = content.pop(kind, None)
        if table is None:
            continue
        valid = isinstance(table, dict) and all(
            isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
            for value in table.values()
        )
        if not valid:
            raise corrupt(path, f"{kind!r} is not a table of numbers")
        return kind, content, table
    raise corrupt(path, "'counts' and 'scores' are missing")
