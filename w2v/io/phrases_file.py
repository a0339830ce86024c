"""The phrases file: JSON; docs/file-formats.md specifies it."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

from w2v._types import PathLike
from w2v._version import __version__
from w2v.io.atomic import atomic_write
from w2v.io.sniff import BOM, describe_file

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
    head = {"format": FORMAT, "format_version": FORMAT_VERSION, "w2v_version": __version__}
    lines = [
        ",\n".join(json.dumps(phrase, ensure_ascii=False) for phrase in phrases)
        for phrases in found
    ]
    start = json.dumps({**head, **settings}, ensure_ascii=False, indent=1)
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
    with open(path, "rb") as file:
        data = file.read().removeprefix(BOM)
    name = os.fspath(path)
    if data[:1] != b"{":
        raise ValueError(f"{name}: expected a phrases file (JSON), but {describe_file(path)}")
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise corrupt(path, f"invalid JSON ({error})") from error
    if content.get("format") != FORMAT:
        raise ValueError(
            f'{name}: a JSON file, but not written by Phrases.save(): its "format" is '
            f"{content.get('format')!r}, expected {FORMAT!r}"
        )
    version = content.get("format_version")
    if version != FORMAT_VERSION:
        raise ValueError(
            f"{name}: written in format_version {version!r} by w2v "
            f"{content.get('w2v_version', 'of an unknown version')}; this w2v ({__version__}) "
            f"reads format_version {FORMAT_VERSION}: upgrade w2v"
        )
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


def corrupt(path: PathLike, what: str) -> ValueError:
    """Return the error for a corrupt file."""
    return ValueError(
        f"{os.fspath(path)}: {what}; the file is truncated or corrupt; copy or create it again"
    )
