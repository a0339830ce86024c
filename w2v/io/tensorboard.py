"""The pair of files that TensorBoard's projector reads: numbers by tabs, and words, a line each.

The words of ``NAME.tsv`` are in ``NAME.metadata.tsv``; those of ``vectors.tsv`` and ``tensors.tsv``
in ``metadata.tsv``, the projector's own names.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from w2v._types import PathLike
from w2v.io import word2vec_format
from w2v.io.atomic import replacing
from w2v.io.compression import reading


def metadata_path(path: PathLike) -> str:
    """Return the path of the words that belong to a file of vectors."""
    folder, name = os.path.split(os.fspath(path))
    if name in ("vectors.tsv", "tensors.tsv"):
        return os.path.join(folder, "metadata.tsv")
    root, extension = os.path.splitext(name)
    return os.path.join(folder, root + ".metadata" + (extension or ".tsv"))


def write(
    path: PathLike,
    words: Sequence[str],
    vectors: npt.NDArray[np.float32],
    *,
    errors: str = "strict",
) -> None:
    """Write both files; words as word2vec's formats hold them.

    Raises
    ------
    ValueError
        A word is empty, holds white space or is not valid Unicode; see `word2vec.encode`.
    """
    encoded, rows = word2vec_format.encode(words, errors)
    if rows is not None:
        vectors = vectors[rows]
    with replacing(metadata_path(path)) as names, replacing(path) as temporary:
        with open(names, "wb") as file:
            file.write(b"".join([word + b"\n" for word in encoded]))
        with open(temporary, "wb") as file:
            for lines in word2vec_format.lines([b""] * len(encoded), vectors):
                text = lines.tobytes().replace(b"\n ", b"\n").lstrip(b" ")
                file.write(text.replace(b" ", b"\t"))


def read(
    path: PathLike, *, limit: int | None = None, errors: str = "strict", max_size: int | None = None
) -> tuple[list[str], npt.NDArray[np.float32]]:
    """Read both files.

    Raises
    ------
    ValueError
        A line is no row of numbers, or there are more or fewer words than rows.
    OSError
        One of the files cannot be read.
    """
    with reading(metadata_path(path), max_size) as stream:
        data = stream.rest()
    lines = [line.removesuffix(b"\r") for line in data.removesuffix(b"\n").split(b"\n")]
    first = int(b"\t" in lines[0])  # several columns have a first line with their names
    words, kept = [], []
    for row, line in enumerate(lines[first:][:limit]):
        field = line.partition(b"\t")[0] if first else line
        try:
            words.append(field.decode("utf-8", "strict" if errors == "skip" else errors))
        except UnicodeDecodeError:
            if errors != "skip":
                raise ValueError(
                    f"{metadata_path(path)}: line {row + first + 1:,} is not UTF-8: "
                    f"{field[:40]!r}; errors='replace', 'ignore' or 'skip' reads the file all the "
                    "same"
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
