"""The two files of TensorBoard's embedding projector: numbers separated by tabs, and words.

The words of ``NAME.tsv`` are in ``NAME.metadata.tsv``, one per line; those of ``vectors.tsv`` and
``tensors.tsv``, the names that the projector itself uses, are in ``metadata.tsv``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from w2v._types import FloatArray, PathLike
from w2v.io import word2vec_format
from w2v.io.atomic import atomic_write
from w2v.io.compression import open_input
from w2v.io.reading import reading
from w2v.io.sniff import BOM


def metadata_path(path: PathLike) -> str:
    """Return the path of the words of a file of vectors."""
    folder, name = os.path.split(os.fspath(path))
    if name in ("vectors.tsv", "tensors.tsv"):
        return os.path.join(folder, "metadata.tsv")
    root, extension = os.path.splitext(name)
    return os.path.join(folder, root + ".metadata" + (extension or ".tsv"))


def write(
    path: PathLike,
    words: Sequence[str],
    vectors: FloatArray,
    *,
    errors: str = "strict",
) -> None:
    """Write both files.

    Raises
    ------
    ValueError
        A word is empty, contains white space or is not valid Unicode; see `word2vec_format.encode`.
    """
    encoded, rows = word2vec_format.encode(words, errors)
    if not encoded:
        raise ValueError("nothing to write: the vocabulary is empty")
    if rows is not None:
        vectors = vectors[rows]
    with atomic_write(metadata_path(path)) as names, atomic_write(path) as temporary:
        with open(names, "wb") as file:
            if encoded[0].startswith(BOM):
                file.write(BOM)  # readers take the first one for that of the file
            file.write(b"".join([word + b"\n" for word in encoded]))
        with open(temporary, "wb") as file:
            for lines in word2vec_format.format_lines([b""] * len(encoded), vectors):
                text = lines.tobytes().replace(b"\n ", b"\n").lstrip(b" ")
                file.write(text.replace(b" ", b"\t"))


def read(
    path: PathLike, *, limit: int | None = None, errors: str = "strict", max_size: int | None = None
) -> tuple[list[str], FloatArray]:
    """Read both files.

    Raises
    ------
    ValueError
        A line is not a row of numbers, or the number of words differs from the number of rows.
    OSError
        One of the files cannot be read.
    """
    with reading(metadata_path(path)), open_input(metadata_path(path), max_size) as stream:
        stream.skip_bom()
        data = stream.read_all()
    lines = [line.removesuffix(b"\r") for line in data.removesuffix(b"\n").split(b"\n")]
    first = int(b"\t" in lines[0])  # a file with several columns starts with their names
    words, kept = [], []
    for row, line in enumerate(lines[first:][:limit]):
        field = line.partition(b"\t")[0] if first else line
        try:
            words.append(field.decode("utf-8", "strict" if errors == "skip" else errors))
        except UnicodeDecodeError:
            if errors != "skip":
                raise ValueError(
                    f"{metadata_path(path)}: line {row + first + 1:,} is not UTF-8: "
                    f"{field[:40]!r}; use errors='replace', 'ignore' or 'skip' to read it "
                    "anyway"
                ) from None
            words.append("")
            continue
        kept.append(row)
    vectors = word2vec_format.read_numbers(path, limit=limit, max_size=max_size)
    if len(words) != len(vectors):
        raise ValueError(
            f"{os.fspath(path)}: {len(vectors):,} rows, but {metadata_path(path)} has "
            f"{len(words):,} words"
        )
    if len(kept) < len(words):
        return [words[row] for row in kept], vectors[kept]
    return words, vectors
