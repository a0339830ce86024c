"""What the JSON files of w2v have in common: a format, a version, the errors of reading them."""

from __future__ import annotations

import json
import os
from typing import Any

from w2v._types import PathLike
from w2v._version import __version__
from w2v.io.sniff import BOM, describe_file

# What a file of each format contains, what writes it, and what reads it.
_KINDS = {
    "w2v.corpus-parts": (
        "the manifest of a corpus in parts",
        "w2v.distributed.encode()",
        "Corpus.open()",
    ),
    "w2v.phrases": ("a phrases file", "Phrases.save()", "Phrases.load()"),
    "w2v.phrase-counts": (
        "phrases with counts or scores",
        "w2v.compat.gensim.models.phrases.Phrases.save()",
        "w2v.compat.gensim.models.phrases.Phrases.load()",
    ),
}


def head(kind: str, version: int) -> dict[str, Any]:
    """Return the members that a file begins with."""
    return {"format": kind, "format_version": version, "w2v_version": __version__}


def read_json(path: PathLike, kind: str, version: int) -> dict[str, Any]:
    """Return the members of a file, of which only those of `head` are checked.

    Parameters
    ----------
    path : str or path-like
    kind : str
        The format that is expected, such as "w2v.phrases".
    version : int
        The only version that can be read.

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
    what, writer, _ = _KINDS[kind]
    if data[:1] != b"{":
        raise ValueError(
            f"{name}: expected {what} (JSON), written by {writer}, but {describe_file(path)}"
        )
    try:
        content: dict[str, Any] = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise corrupt(path, f"invalid JSON ({error})") from error
    found = content.get("format")
    if found != kind:
        other = _KINDS.get(str(found))
        remedy = "" if other is None else f"; {other[2]} reads it"
        raise ValueError(
            f'{name}: a JSON file, but not written by {writer}: its "format" is '
            f"{found!r:.80}, expected {kind!r}{remedy}"
        )
    if content.get("format_version") != version:
        raise ValueError(
            f"{name}: written in format_version {content.get('format_version')!r:.80} by w2v "
            f"{content.get('w2v_version', 'of an unknown version')}; this w2v ({__version__}) "
            f"reads format_version {version}: upgrade w2v"
        )
    return content


def corrupt(path: PathLike, what: str) -> ValueError:
    """Return the error for a corrupt file."""
    return ValueError(
        f"{os.fspath(path)}: {what}; the file is truncated or corrupt; copy or create it again"
    )
