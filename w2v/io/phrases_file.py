"""The phrases file: JSON; docs/file-formats.md specifies it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from w2v._types import PathLike
from w2v.io.atomic import atomic_write
from w2v.io.json_file import corrupt, head, read_json

FORMAT = "w2v.phrases"
FORMAT_VERSION = 1

_SETTINGS = ("min_count", "threshold", "delimiter", "scoring", "connector_words")


ScoredWords = tuple[tuple[str, ...], int, float]  # words, occurrences, score


def write(
    path: PathLike, settings: Mapping[str, Any], found: Sequence[Sequence[ScoredWords]]
) -> None:
    """Write phrases, atomically.

    Raises
    ------
    OSError
        The destination cannot be written; see `atomic_write`.
    """
    lines = [
        ",\n".join(json.dumps(phrase, ensure_ascii=False) for phrase in phrases)
        for phrases in found
    ]
    start = json.dumps({**head(FORMAT, FORMAT_VERSION), **settings}, ensure_ascii=False, indent=1)
    text = start.removesuffix("\n}") + ',\n "found": [\n[' + "],\n[".join(lines) + "]\n]}\n"
    with atomic_write(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        file.write(text)


def read(path: PathLike) -> tuple[dict[str, Any], list[list[ScoredWords]]]:
    """Return the settings, still to be checked, and the phrases of each pass.

    Raises
    ------
    ValueError
        The file is truncated, corrupt, foreign or of a newer version.
    OSError
        It cannot be read.
    """
    content = read_json(path, FORMAT, FORMAT_VERSION)
    settings = {}
    for key in _SETTINGS:
        if key not in content:
            raise corrupt(path, f"{key!r} is missing")
        settings[key] = content[key]
    delimiter = settings["delimiter"]
    passes = content.get("found")
    if not isinstance(delimiter, str):
        raise corrupt(path, f"the delimiter is {delimiter!r}, expected a string")
    if not isinstance(passes, list) or not all(isinstance(found, list) for found in passes):
        raise corrupt(path, "'found' is not a list of lists of phrases")
    return settings, [[_phrase(path, item) for item in found] for found in passes]


def _phrase(path: PathLike, item: Any) -> ScoredWords:
    try:
        words, count, score = item
        valid = len(words) >= 2 and all(isinstance(word, str) and word for word in words)
        valid &= type(count) is int and type(score) is float and math.isfinite(score)
    except (TypeError, ValueError):
        valid = False
    if not valid:
        raise corrupt(path, f"{item!r:.100} is not [words, occurrences, score]")
    return tuple(words), count, score
