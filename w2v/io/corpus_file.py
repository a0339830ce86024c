"""The encoded corpus file, ``.w2vc``: a corpus as a safetensors file.

The header has a fixed length, so that ids can be written while a source is read and before anybody
knows how many there are. Metadata: "format" ("w2v.corpus"), "format_version", "w2v_version",
"source" (JSON: what it was made from), "checksum_ids" and "checksum_types". Tensors, in this order:
"ids" (int32: types, and -1 after each sentence), "padding" (uint8, up to 7 zeros), "counts" (int64,
of each type), "word_offsets" (int64, one more than the types), "words" (uint8: UTF-8, one after the
other). Types are numbered by first appearance. The checksums are those of csrc/text/checksum.c,
over the ids; and over counts, offsets and words one after the other.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from w2v._types import PathLike
from w2v._version import __version__
from w2v.io import safetensors_file
from w2v.io._checksum import Checksum
from w2v.io.atomic import replacing

KIND = "w2v.corpus"

_HEADER = 1 << 14  # bytes of the header with its length: ids begin on a page of memory
_VERIFIED = 1 << 30  # bytes of ids that are compared with their checksum unless told otherwise
_PIECE = 1 << 22  # bytes of ids at a time


def begins_like_one(head: bytes) -> bool:
    """Return whether a file that begins with these bytes (at least 9) is a safetensors file.

    A text is none: eight bytes of one make too large a number for the length of a header.
    """
    return (
        head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= safetensors_file.LONGEST_HEADER
    )


class CorpusArrays(NamedTuple):
    """The four arrays of an encoded corpus; see `w2v.corpus.encoded.EncodedCorpus`."""

    ids: npt.NDArray[np.int32]
    counts: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]
    words: npt.NDArray[np.uint8]


class _Sink:
    """Takes ids: writes them to the file and adds them to the checksum."""

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


class Writer:
    """Writes an encoded corpus to a file; see `writing`.

    Attributes
    ----------
    ids : BinaryIO
        Where ids may be written as they are made, before `finish`.
    """

    ids: BinaryIO

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._file.write(b" " * _HEADER)
        self._sink = _Sink(file)
        self.ids = cast(BinaryIO, self._sink)

    def finish(self, encoded: CorpusArrays, source: dict[str, Any]) -> None:
        """Write what is left: the ids, unless they are there already, and the types."""
        for start in range(0, len(encoded.ids), _PIECE // 4):
            piece = np.ascontiguousarray(encoded.ids[start : start + _PIECE // 4], "<i4")
            self._sink.write(piece.view(np.uint8).data)
        ids = self._sink.n // 4
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
                "checksum_ids": self._sink.checksum.hexdigest(),
                "checksum_types": _types_checksum(*list(tensors.values())[1:]),
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
        encoded_header = _fitting(header)
        self._file.seek(0)
        self._file.write((_HEADER - 8).to_bytes(8, "little") + encoded_header)
        self._file.flush()


@contextlib.contextmanager
def writing(path: PathLike) -> Iterator[Writer]:
    """Give a `Writer` to a file beside `path`, which takes its place when all went well.

    Raises
    ------
    OSError
        If it cannot be written; see `replacing`.
    """
    with replacing(path) as temporary, open(temporary, "wb") as file:
        yield Writer(file)


def _fitting(header: dict[str, Any]) -> bytes:
    """Return the header as JSON of the fixed length, if need be without the names of files."""
    metadata = header["__metadata__"]
    text = json.dumps(header, separators=(",", ":"))
    if len(text) > _HEADER - 8:
        source = json.loads(metadata["source"])
        metadata["source"] = json.dumps({k: v for k, v in source.items() if k != "files"})
        text = json.dumps(header, separators=(",", ":"))
    if len(text) > _HEADER - 8:
        metadata["source"] = "{}"
        text = json.dumps(header, separators=(",", ":"))
    return text.encode().ljust(_HEADER - 8)


def _types_checksum(*arrays: npt.NDArray[Any]) -> str:
    checksum = Checksum()
    for array in arrays:
        if array.size:
            checksum.add(array.view(np.uint8).data)
    return checksum.hexdigest()


def read(path: PathLike, verify: bool | None = None) -> tuple[CorpusArrays, dict[str, Any]]:
    """Open a file that `writing` made: ids are mapped, all else is loaded.

    Parameters
    ----------
    verify : bool, optional
        Whether ids are compared with their checksum; by default they are up to a gigabyte.

    Raises
    ------
    ValueError
        If it is truncated, corrupt, foreign or of a newer version.
    OSError
        If it cannot be read.
    """
    name = os.fspath(path)
    tensors, metadata = safetensors_file.read(path, kind=(KIND,), mmap=True)
    ids, counts = tensors["ids"], tensors["counts"]
    offsets, words = tensors["word_offsets"], tensors["words"]

    def corrupt(what: str) -> ValueError:
        return ValueError(f"{name}: {what}; the file is corrupt, copy it again or encode anew")

    if metadata.get("checksum_types") != _types_checksum(counts, offsets, words):
        raise corrupt("its words and counts do not have the checksum that is written in it")
    if "padding" in tensors and tensors["padding"].any():
        raise corrupt("its padding is not of zeros")
    if len(ids) and ids[-1] != -1:
        raise corrupt("its last sentence has no end")
    if len(counts) == 0 or int(counts.min()) < 1 or not 0 < counts.sum() < len(ids):
        raise corrupt(f"its counts do not fit its {len(ids):,} ids")
    if verify or (verify is None and ids.nbytes <= _VERIFIED):
        _verify(ids, metadata.get("checksum_ids"), corrupt)
    try:
        source = json.loads(metadata.get("source", "{}"))
    except ValueError:
        raise corrupt("what it says of its source cannot be read") from None
    return CorpusArrays(ids, counts, offsets, words), source


def _verify(ids: npt.NDArray[np.int32], expected: str | None, corrupt: Any) -> None:
    checksum = Checksum()
    for start in range(0, len(ids), _PIECE // 4):
        checksum.add(ids[start : start + _PIECE // 4].view(np.uint8).data)
    if checksum.hexdigest() != expected:
        raise corrupt("its ids do not have the checksum that is written in it")
