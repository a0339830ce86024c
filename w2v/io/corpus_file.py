"""The encoded corpus file, ``.w2vc``: a safetensors file; docs/file-formats.md specifies it.

The header has a fixed length, so that ids can be written while the source is still being read.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from w2v._types import IdArray, IntArray, PathLike
from w2v._version import __version__
from w2v.io import safetensors_file
from w2v.io._checksum import Checksum
from w2v.io.atomic import atomic_write

KIND = "w2v.corpus"

_HEADER_SIZE = 1 << 14  # bytes, with the length field: ids begin on a memory page
_MAX_VERIFIED = 1 << 30  # bytes of ids whose checksum is compared by default
_CHUNK = 1 << 22  # bytes of ids at a time


class CorpusArrays(NamedTuple):
    """The four arrays of an encoded corpus; see `w2v.corpus.encoded.EncodedCorpus`."""

    ids: IdArray
    counts: IntArray
    offsets: IntArray
    words: npt.NDArray[np.uint8]


class _ChecksummedWriter:
    """Writes ids to the file and adds them to the checksum."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.checksum = Checksum()
        self.n = 0

    def write(self, data: Any) -> int:
        """Write the bytes of ids."""
        self.file.write(data)
        if len(data):
            self.checksum.add(data)
        self.n += len(data)
        return len(data)


class CorpusWriter:
    """Writes an encoded corpus to a file; see `open_writer`.

    Attributes
    ----------
    ids : BinaryIO
        Receives ids while they are encoded, before `finish`.
    """

    ids: BinaryIO

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._file.write(b" " * _HEADER_SIZE)
        self._ids = _ChecksummedWriter(file)
        self.ids = cast(BinaryIO, self._ids)

    def finish(self, encoded: CorpusArrays, source: dict[str, Any]) -> None:
        """Write the ids in `encoded`, if any, then the types and the header."""
        for start in range(0, len(encoded.ids), _CHUNK // 4):
            chunk = np.ascontiguousarray(encoded.ids[start : start + _CHUNK // 4], "<i4")
            self._ids.write(chunk.view(np.uint8).data)
        ids = self._ids.n // 4
        tensors = {
            "padding": np.zeros(-(4 * ids) % 8, np.uint8),
            "counts": np.ascontiguousarray(encoded.counts, "<i8"),
            "word_offsets": np.ascontiguousarray(encoded.offsets, "<i8"),
            "words": np.ascontiguousarray(encoded.words, np.uint8),
        }
        header: dict[str, Any] = {
            "__metadata__": {
                "format": KIND,
                "format_version": str(safetensors_file.BASE_VERSION),
                "w2v_version": __version__,
                "checksum_ids": self._ids.checksum.hexdigest(),
                "checksum_types": types_checksum(*list(tensors.values())[1:]),
                "source": json.dumps(source),
            },
            "ids": {"dtype": "I32", "shape": [ids], "data_offsets": [0, 4 * ids]},
        }
        end = 4 * ids
        for name, array in tensors.items():
            if array.size:
                self._file.write(array.data.cast("B"))
            elif name == "padding":
                continue
            header[name] = {
                "dtype": "U8" if array.dtype == np.uint8 else "I64",
                "shape": list(array.shape),
                "data_offsets": [end, end + array.nbytes],
            }
            end += array.nbytes
        encoded_header = _fit_header(header)
        self._file.seek(0)
        self._file.write((_HEADER_SIZE - 8).to_bytes(8, "little") + encoded_header)
        self._file.flush()


@contextlib.contextmanager
def open_writer(path: PathLike) -> Iterator[CorpusWriter]:
    """Yield a `CorpusWriter`; the file appears at `path` after the block succeeds.

    Raises
    ------
    OSError
        The file cannot be written; see `atomic_write`.
    """
    if os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path)):
        raise OSError(
            errno.ESPIPE,
            "an encoded corpus is written to a regular file only, because its header comes last; "
            "name a file",
            os.fspath(path),
        )
    with atomic_write(path) as temporary, open(temporary, "wb") as file:
        yield CorpusWriter(file)


def _fit_header(header: dict[str, Any]) -> bytes:
    """Return the header as JSON of the fixed length, without the source if it does not fit."""
    metadata = header["__metadata__"]
    text = json.dumps(header, separators=(",", ":"))
    if len(text) > _HEADER_SIZE - 8:
        source = json.loads(metadata["source"])
        metadata["source"] = json.dumps({k: v for k, v in source.items() if k != "files"})
        text = json.dumps(header, separators=(",", ":"))
    if len(text) > _HEADER_SIZE - 8:
        metadata["source"] = "{}"
        text = json.dumps(header, separators=(",", ":"))
    return text.encode().ljust(_HEADER_SIZE - 8)


def types_checksum(*arrays: npt.NDArray[Any]) -> str:
    """Return the checksum of the counts, offsets and bytes of all words, in this order."""
    checksum = Checksum()
    for array in arrays:
        if array.size:
            checksum.add(array.view(np.uint8).data)
    return checksum.hexdigest()


def ids_checksum(ids: IdArray) -> str:
    """Return the checksum of ids."""
    checksum = Checksum()
    for start in range(0, len(ids), _CHUNK // 4):
        chunk = np.ascontiguousarray(ids[start : start + _CHUNK // 4], "<i4")
        checksum.add(chunk.view(np.uint8).data)
    return checksum.hexdigest()


def read(path: PathLike, verify: bool | None = None) -> tuple[CorpusArrays, dict[str, Any]]:
    """Open an encoded corpus: ids are memory-mapped, everything else is loaded.

    Parameters
    ----------
    verify : bool, optional
        Whether to compare the ids with their checksum; by default up to 1 GiB of ids.

    Raises
    ------
    ValueError
        The file is truncated, corrupt, foreign or of a newer version.
    OSError
        It cannot be read.
    """
    name = os.fspath(path)
    tensors, metadata = safetensors_file.read(path, kind=(KIND,), mmap=True)
    ids, counts = tensors["ids"], tensors["counts"]
    offsets, words = tensors["word_offsets"], tensors["words"]

    def corrupt(what: str) -> ValueError:
        return ValueError(f"{name}: {what}; the file is corrupt; copy or create it again")

    if metadata.get("checksum_types") != types_checksum(counts, offsets, words):
        raise corrupt("checksum mismatch in the word table")
    if "padding" in tensors and tensors["padding"].any():
        raise corrupt("the padding is not zero")
    if len(ids) and ids[-1] != -1:
        raise corrupt("the last sentence has no end marker")
    if len(counts) == 0 or int(counts.min()) < 1 or not 0 < counts.sum() < len(ids):
        raise corrupt(f"the counts do not match the {len(ids):,} ids")
    compares = verify or (verify is None and ids.nbytes <= _MAX_VERIFIED)
    if compares and ids_checksum(ids) != metadata.get("checksum_ids"):
        raise corrupt("checksum mismatch in the ids")
    try:
        source = json.loads(metadata.get("source", "{}"))
    except ValueError:
        raise corrupt("invalid source metadata") from None
    return CorpusArrays(ids, counts, offsets, words), source
