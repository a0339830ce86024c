"""The kind of a file, detected from its first bytes: the table of all magic numbers."""

from __future__ import annotations

import io
import os
import re

from w2v._types import PathLike

MAGIC = {
    # Compression that is undone on reading.
    "gzip": b"\x1f\x8b",
    "bzip2": b"BZh",
    "xz": b"\xfd7zXZ\x00",
    "zstd": b"\x28\xb5\x2f\xfd",
    # Text in another encoding; UTF-32 (little-endian) starts like UTF-16.
    "utf-16-le": b"\xff\xfe",
    "utf-16-be": b"\xfe\xff",
    "utf-32-be": b"\x00\x00\xfe\xff",
    # Archives and documents.
    "zip": b"PK\x03\x04",
    "7z": b"7z\xbc\xaf\x27\x1c",
    "compress": b"\x1f\x9d",
    "lz4": b"\x04\x22\x4d\x18",
    "pdf": b"%PDF-",
    # Arrays, tables and models.
    "npy": b"\x93NUMPY",
    "hdf5": b"\x89HDF\r\n\x1a\n",
    "fasttext": b"\xba\x16\x4f\x2f",
    "parquet": b"PAR1",
    "parquet-encrypted": b"PARE",  # with an encrypted footer; pyarrow says what it needs
    "arrow": b"ARROW1",
    "feather-v1": b"FEA1",
}
BOM = b"\xef\xbb\xbf"  # of UTF-8; no part of a text
MAGIC_SIZE = 12  # bytes; enough for every function here that takes the head of a file
MAX_SAFETENSORS_HEADER = 100_000_000  # bytes; the limit of the safetensors library

_COMPRESSED = ("gzip", "bzip2", "xz", "zstd")
_NOT_TEXT = {
    "utf-16-le": "UTF-16 or UTF-32 text (it starts with a byte-order mark)",
    "utf-16-be": "UTF-16 text (it starts with a byte-order mark)",
    "utf-32-be": "UTF-32 text (it starts with a byte-order mark)",
    "zip": "a zip archive",
    "7z": "a 7-Zip archive",
    "compress": "compressed by compress (.Z)",
    "lz4": "lz4-compressed",
    "pdf": "a PDF document",
}
READ_HINT = "KeyedVectors.read(path) detects the format of vectors, and reads all that w2v knows"
_DECOMPRESS = "data; decompress it first, or use KeyedVectors.read(path) if it contains vectors"
_READS = "use KeyedVectors.read(path) if it contains vectors"
# Files that are often passed to the wrong reader, and what to do with them.
_FOREIGN = {
    "gzip": f"gzip {_DECOMPRESS}",
    "bzip2": f"bzip2 {_DECOMPRESS}",
    "xz": f"xz {_DECOMPRESS}",
    "zstd": f"zstandard {_DECOMPRESS}",
    "zip": "a zip archive; KeyedVectors.read(path) reads .npz files, unpack any other first",
    "npy": "a NumPy array (.npy), which has no words; use numpy.load() and "
    "KeyedVectors(words, vectors)",
    "hdf5": "an HDF5 file",
    "fasttext": "a fastText model (.bin); use KeyedVectors.read(path)",
    "parquet": f"a Parquet file; {_READS}",
    "arrow": f"an Arrow or Feather file; {_READS}",
    "feather-v1": "a Feather V1 file; write it again as Parquet",
}
_TABLES = {
    "parquet": "Parquet file",
    "parquet-encrypted": "Parquet file",
    "arrow": "Arrow file",
    "feather-v1": "Feather V1 file",
}
_VECTORS = {"zip": "npz", "parquet": "parquet", "arrow": "arrow", "fasttext": "fasttext"}
_CONTROLS = bytes({*range(0x20)} - set(b"\t\n\v\f\r"))
# Text contains no control characters except white space; the first few thousand bytes of binary
# numbers nearly always do.
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_WORD2VEC_HEADER = re.compile(rb"\s*\d+[ \t]+\d+[ \t\r]*\n")


def read_head(file: io.RawIOBase) -> bytes:
    """Read the first bytes of a file, `MAGIC_SIZE` of them unless it is shorter."""
    head = b""
    while len(head) < MAGIC_SIZE and (more := file.read(MAGIC_SIZE - len(head))):
        head += more
    return head


def compression_of(head: bytes) -> str | None:
    """Return "gzip", "bzip2", "xz" or "zstd" for a compressed file, else None."""
    for kind in _COMPRESSED:
        if head.startswith(MAGIC[kind]) and (kind != "bzip2" or _is_bzip2(head)):
            return kind
    return None


def _is_bzip2(head: bytes) -> bool:
    # A level, then a block or the end of the stream; text may start with "BZh" alone.
    return head[3:4].isdigit() and head[4:10] in (b"1AY&SY", b"\x17rE8P\x90")


def table_of(head: bytes) -> str | None:
    """Return the kind of an Arrow or Parquet file, for a message, or None.

    Text may start with the letters of a magic number; in a table, control characters follow them.
    """
    for name, kind in _TABLES.items():
        if head.startswith(MAGIC[name]) and any(byte in _CONTROLS for byte in head[4:8]):
            return kind
    return "Arrow stream" if is_arrow_stream(head) else None


def is_arrow_stream(head: bytes) -> bool:
    """Return True for Arrow's streaming format.

    It has no magic number but a mark and the length of its first message, the schema.
    """
    mark, length = head[:4], int.from_bytes(head[4:8], "little")
    return mark == b"\xff\xff\xff\xff" and 0 < length < 2**28


def vectors_of(head: bytes) -> str | None:
    """Return the format of a file of vectors that has a magic number, else None.

    The result is a key of `registry.FORMATS`: "npz", "parquet", "arrow", "fasttext" or "gensim".
    """
    for name, kind in _VECTORS.items():
        if head.startswith(MAGIC[name]):
            return kind
    if is_arrow_stream(head):
        return "arrow"
    return "gensim" if is_pickle(head) else None


def is_model_or_array(head: bytes) -> bool:
    """Return True for a pickle, zip archive, NumPy array, HDF5 file or fastText model."""
    names = ("zip", "npy", "hdf5", "fasttext")
    return head[:1] == b"\x80" or head.startswith(tuple(MAGIC[name] for name in names))


def is_pickle(head: bytes) -> bool:
    """Return True for a Python pickle: of protocol 2 to 5, or of an object, with 0 or 1."""
    if head.startswith((b"ccopy_reg\n_reconstructor\n", b"ccopyreg\n_reconstructor\n")):
        return True
    return head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")


def is_safetensors(head: bytes, max_header: int = MAX_SAFETENSORS_HEADER) -> bool:
    """Return True for a safetensors file, from at least 9 bytes.

    Text is rejected: its first eight bytes are too large a number for the length of a header.
    """
    return head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= max_header


def looks_binary(data: bytes) -> bool:
    """Return True if `data` contains control characters that do not occur in text."""
    return _BINARY.search(data) is not None


def reject_non_text(head: bytes, name: str) -> None:
    """Raise a ValueError if a file that starts with `head` cannot be UTF-8 text."""
    for kind, description in _NOT_TEXT.items():
        if head.startswith(MAGIC[kind]):
            raise ValueError(
                f"{name}: expected UTF-8 text, plain or compressed with gzip, bzip2, xz or zstd, "
                f"but this is {description}; convert it, or open it in Python and pass the lines, "
                "as in Corpus(open(path, encoding='utf-16'))"
            )


def describe_file(path: PathLike) -> str:
    """Describe an unexpected file and what to do with it, for an error message."""
    if not os.path.isfile(path):
        return "it is a pipe or a device, a part of which has been read"
    with open(path, "rb") as file:
        return describe(file.read(4096), os.path.getsize(path))


def describe(head: bytes, size: int | None = None) -> str:
    """Describe a file by its first bytes; `size` is that of the whole file, if known."""
    if not head:
        return "the file is empty"
    for kind, description in _FOREIGN.items():
        if head.startswith(MAGIC[kind]):
            return f"this looks like {description}"
    for kind, description in _NOT_TEXT.items():
        if head.startswith(MAGIC[kind]):
            return f"this is, by its first bytes, {description}; convert it to plain UTF-8 first"
    if is_arrow_stream(head):
        return f"this looks like an Arrow stream; {_READS}"
    if is_pickle(head):
        return (
            "this looks like a Python pickle, as gensim's save() writes it; use "
            "KeyedVectors.read(path), which reads gensim files without unpickling them"
        )
    if is_safetensors(head, MAX_SAFETENSORS_HEADER if size is None else size):
        return "this looks like a safetensors file; use KeyedVectors.load() or Word2Vec.load()"
    if header := _WORD2VEC_HEADER.match(head.removeprefix(BOM)):
        binary = looks_binary(head.removeprefix(BOM)[header.end() :])
        return (
            "this looks like word2vec format; use "
            f"KeyedVectors.load_word2vec_format(path, binary={binary})"
        )
    if not looks_binary(head):
        return f"this looks like text that begins {head[:40]!r}"
    return f"the format is unknown; the file starts with {head[:16]!r}"
