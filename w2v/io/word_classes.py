"""Files of word classes: a word and the number of its class per line, as word2vec.c writes them."""

from __future__ import annotations

import os
from collections.abc import Sequence

from w2v._types import IdArray, PathLike
from w2v.io.atomic import atomic_write


def write_classes(path: PathLike, words: Sequence[str], numbers: IdArray) -> None:
    """Write words and their classes, separated by a blank, atomically.

    Parameters
    ----------
    path : str or path-like
    words : sequence of str
    numbers : ndarray of int32, shape (len(words),)

    Raises
    ------
    ValueError
        A word is empty or contains white space, which the format cannot represent.
    OSError
        The destination cannot be written; an existing file is left unchanged.
    """
    for word in words:
        if word.split() != [word]:
            problem = "contains white space" if word else "is empty"
            raise ValueError(
                f"{os.fspath(path)}: word {word!r} {problem}, which a class file cannot represent; "
                "join its parts, as in 'New_York'"
            )
    lines = zip(words, numbers.tolist(), strict=True)
    text = "".join(f"{word} {number}\n" for word, number in lines)
    with atomic_write(path) as temporary, open(temporary, "wb") as file:
        file.write(text.encode())
