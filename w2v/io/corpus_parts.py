"""An encoded corpus in parts, written by many tasks; docs/file-formats.md specifies it.

The parts hold ids and nothing else; a manifest in JSON, written last, says which files they are and
what is in them.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from w2v._types import IdArray, PathLike
from w2v.io._checksum import Checksum
from w2v.io.corpus_file import CorpusArrays, types_checksum
from w2v.io.json_file import corrupt, head, read_json
from w2v.io.words import check_offsets

KIND, VERSION, NAME = "w2v.corpus-parts", 1, "manifest.json"

_MAX_IN_MEMORY = 1 << 30  # bytes of ids that are gathered in memory; more go to a temporary file
_CHUNK = 1 << 20  # ids copied at a time


@dataclass(frozen=True)
class Part:
    """A file with the ids of successive sentences.

    Attributes
    ----------
    file : str
        Its name, in the folder of the manifest.
    ids, tokens, sentences : int
    checksum : str
        Of its bytes.
    """

    file: str
    ids: int
    tokens: int
    sentences: int
    checksum: str


@dataclass(frozen=True)
class WordTable:
    """The file with counts, offsets and bytes of all words.

    Attributes
    ----------
    file : str
    types : int
    bytes : int
        Of the words themselves.
    checksum : str
        Of the file's bytes.
    """

    file: str
    types: int
    bytes: int
    checksum: str


@dataclass(frozen=True)
class Manifest:
    """What a corpus in parts consists of.

    Attributes
    ----------
    words : WordTable
    parts : tuple of Part
        In the order of the text.
    source : dict
        As `Corpus.source`.
    folder : str
        Where it is.
    """

    words: WordTable
    parts: tuple[Part, ...]
    source: dict[str, Any] = field(default_factory=dict)
    folder: str = field(default="", compare=False)

    @property
    def n_ids(self) -> int:
        """Number of ids in all parts."""
        return sum(part.ids for part in self.parts)

    @property
    def n_tokens(self) -> int:
        """Number of tokens in all parts."""
        return sum(part.tokens for part in self.parts)

    @property
    def n_sentences(self) -> int:
        """Number of sentences in all parts."""
        return sum(part.sentences for part in self.parts)

    @property
    def n_bytes(self) -> int:
        """Bytes of all files but the manifest's own."""
        return 16 * self.words.types + 8 + self.words.bytes + 4 * self.n_ids

    def files(self) -> list[str]:
        """Return the names of all files but the manifest's own."""
        return [self.words.file, *(part.file for part in self.parts)]

    def to_json(self) -> bytes:
        """Return the content of the file."""
        content = {
            **head(KIND, VERSION),
            "tokens": self.n_tokens,
            "types": self.words.types,
            "sentences": self.n_sentences,
            "words": asdict(self.words),
            "parts": [asdict(part) for part in self.parts],
            "source": self.source,
        }
        return json.dumps(content, indent=1).encode()


def manifest_path(path: PathLike) -> str:
    """Return the path of the manifest, given it or its folder."""
    name = os.fspath(path)
    return os.path.join(name, NAME) if os.path.isdir(name) else name


def is_manifest(path: PathLike) -> bool:
    """Return whether a path is a manifest, or a folder with one."""
    path = manifest_path(path)
    if not os.path.isfile(path):
        return False
    with contextlib.suppress(OSError), open(path, "rb") as file:
        return json.dumps({"format": KIND})[1:-1].encode() in file.read(64)
    return False


def read_manifest(path: PathLike) -> Manifest:
    """Read a manifest, and check that all of its files are there and have their sizes.

    Raises
    ------
    ValueError
        It is truncated, corrupt, foreign or of a newer version, or a part has another size.
    OSError
        It or a part cannot be read.
    """
    path = manifest_path(path)
    content = read_json(path, KIND, VERSION)
    try:
        words = WordTable(**content["words"])
        manifest = Manifest(
            words,
            tuple(Part(**part) for part in content["parts"]),
            dict(content["source"]),
            os.path.dirname(path),
        )
        said = tuple(content[name] for name in ("tokens", "types", "sentences"))
        numbers = [words.types, words.bytes]
        numbers += [n for part in manifest.parts for n in (part.ids, part.tokens, part.sentences)]
        if not all(isinstance(n, int) and n >= 0 for n in numbers):
            raise ValueError("a size is not an integer, or negative")
        for file in manifest.files():
            if os.path.basename(file) != file or not file:
                raise ValueError(f"{file!r} is not the name of a file in this folder")
    except (KeyError, TypeError, ValueError) as error:
        raise corrupt(path, f"the members are not those of a manifest ({error!r:.200})") from error
    if said != (manifest.n_tokens, words.types, manifest.n_sentences):
        raise corrupt(path, "the sums of its parts are not those that it states")
    folder = os.path.dirname(path)
    sizes = [16 * words.types + 8 + words.bytes, *(4 * part.ids for part in manifest.parts)]
    missing = [file for file in manifest.files() if not os.path.exists(os.path.join(folder, file))]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise FileNotFoundError(
            errno.ENOENT,
            f"the manifest {path} names this file{more}, of {len(sizes)}, and it is not there; "
            "copy all files of the folder, or encode the text again",
            os.path.join(folder, missing[0]),
        )
    for file, size in zip(manifest.files(), sizes, strict=True):
        found = os.path.getsize(os.path.join(folder, file))
        if found != size:
            raise _damaged(os.path.join(folder, file), f"it has {found:,} bytes, not {size:,}")
    return manifest


def _damaged(path: str, what: str) -> ValueError:
    return ValueError(
        f"{path}: {what}; the part is truncated or corrupt; copy it, or encode the text, again"
    )


def read_words(path: PathLike, manifest: Manifest) -> CorpusArrays:
    """Read the word table of a manifest; the ids are empty."""
    file = os.path.join(os.path.dirname(manifest_path(path)), manifest.words.file)
    n = manifest.words.types
    data = np.fromfile(file, np.uint8)
    counts, offsets = data[: 8 * n].view("<i8"), data[8 * n : 16 * n + 8].view("<i8")
    words = data[16 * n + 8 :]
    if types_checksum(counts, offsets, words) != manifest.words.checksum:
        raise _damaged(file, "checksum mismatch in the word table")
    check_offsets(file, offsets, len(words), complete=True)
    if n == 0 or int(counts.min()) < 1 or int(counts.sum()) != manifest.n_tokens:
        raise _damaged(file, f"the counts do not match the {manifest.n_tokens:,} tokens")
    return CorpusArrays(np.empty(0, np.int32), counts, offsets, words)


def map_part(path: PathLike, part: Part) -> IdArray:
    """Map the ids of a part into memory; their checksum is not compared."""
    file = os.path.join(os.path.dirname(manifest_path(path)), part.file)
    if not part.ids:
        return np.empty(0, np.int32)
    return np.memmap(file, "<i4", "r").view(np.ndarray)


def checked_chunks(path: PathLike, part: Part) -> Iterator[IdArray]:
    """Yield the ids of a part; raise a ValueError at the end if their checksum is another."""
    checksum, ids = Checksum(), map_part(path, part)
    last = -1
    for start in range(0, len(ids), _CHUNK):
        chunk = ids[start : start + _CHUNK]
        checksum.add(chunk.view(np.uint8))
        last = int(chunk[-1])
        yield chunk
    file = os.path.join(os.path.dirname(manifest_path(path)), part.file)
    if checksum.hexdigest() != part.checksum:
        raise _damaged(file, "checksum mismatch in the ids")
    if last != -1:
        raise _damaged(file, "the last sentence has no end marker")


def read(path: PathLike, verify: bool | None = None) -> tuple[CorpusArrays, dict[str, Any]]:
    """Open a corpus in parts on one machine.

    A single part is memory-mapped. Several are gathered in one array, in memory up to a gigabyte,
    beyond it in a temporary file that is mapped.

    Parameters
    ----------
    path : str or path-like
        The manifest or its folder.
    verify : bool, optional
        Whether to compare the ids of a single part with their checksum; by default up to 1 GiB.
        What is gathered is always compared.

    Raises
    ------
    ValueError
        A file is truncated, corrupt, foreign or of a newer version.
    OSError
        A file is missing or cannot be read, or the temporary file cannot be written.
    """
    manifest = read_manifest(path)
    types = read_words(path, manifest)
    parts = [part for part in manifest.parts if part.ids]
    size = 4 * manifest.n_ids
    if len(parts) == 1:
        if verify or (verify is None and size <= _MAX_IN_MEMORY):
            for _ in checked_chunks(path, parts[0]):
                pass
        return types._replace(ids=map_part(path, parts[0])), manifest.source
    if size <= _MAX_IN_MEMORY:
        ids = np.empty(manifest.n_ids, np.int32)
        end = 0
        for part in parts:
            for chunk in checked_chunks(path, part):
                ids[end : end + len(chunk)] = chunk
                end += len(chunk)
        ids.flags.writeable = False
        return types._replace(ids=ids), manifest.source
    try:
        with tempfile.TemporaryFile(prefix=".w2v-") as file:
            for part in parts:
                for chunk in checked_chunks(path, part):
                    file.write(chunk.data.cast("B"))
            file.flush()
            mapped = np.memmap(file, np.int32, "r", shape=(manifest.n_ids,)).view(np.ndarray)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise OSError(
            error.errno,
            f"{error.strerror} while the {len(parts)} parts of {Path(path)} ({size:,} bytes) were "
            "gathered in one temporary file; free some space, or set the environment variable "
            "TMPDIR to another directory",
            tempfile.gettempdir(),
        ) from error
    return types._replace(ids=mapped), manifest.source
