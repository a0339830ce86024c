"""`FastText` of gensim, which w2v lacks, and a reader of the files of fastText."""

from __future__ import annotations

import codecs
from typing import Any, NoReturn

from w2v._types import PathLike
from w2v.compat.gensim.models._absent import Absent
from w2v.compat.gensim.models.keyedvectors import KeyedVectors

__all__ = ["FastText", "FastTextKeyedVectors", "load_facebook_model", "load_facebook_vectors"]


class FastText(Absent):
    """Raises a NotImplementedError when it is made or loaded."""

    _instead = (
        "use gensim itself to train vectors with subwords, without w2v.compat.gensim.install(); "
        "KeyedVectors.load(path) reads the words of its models, load_facebook_vectors(path) the "
        ".bin files of fastText, with subwords"
    )


class FastTextKeyedVectors(Absent):
    """Raises a NotImplementedError when it is made or loaded."""

    _instead = FastText._instead


def load_facebook_model(*args: Any, **kwargs: Any) -> NoReturn:
    """Raise a NotImplementedError."""
    FastText.load()


def load_facebook_vectors(path: PathLike, encoding: str = "utf-8") -> KeyedVectors:
    """Read the vectors of a .bin file of fastText; its `subwords` has those of unknown words.

    Parameters
    ----------
    path : str or path-like
    encoding : {"utf-8"}
        That of the words, which is always UTF-8.

    Raises
    ------
    ValueError, OSError
        See `w2v.KeyedVectors.read`.
    """
    if codecs.lookup(encoding).name != "utf-8":
        raise ValueError(f"encoding={encoding!r}: expected 'utf-8', the encoding of fastText")
    read: Any = KeyedVectors.read(path, format="fasttext")
    return read  # type: ignore[no-any-return]
