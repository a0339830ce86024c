"""`FastText` of gensim, which w2v lacks."""

from __future__ import annotations

from typing import Any, NoReturn

from w2v.compat.gensim.models._absent import Absent

__all__ = ["FastText", "FastTextKeyedVectors", "load_facebook_model", "load_facebook_vectors"]


class FastText(Absent):
    """Raises a NotImplementedError when it is made or loaded."""

    _instead = (
        "use gensim itself to train vectors with subwords; KeyedVectors.load(path) reads the words "
        "of its models, w2v.KeyedVectors.read(path) the .bin files of fastText, with subwords"
    )


class FastTextKeyedVectors(Absent):
    """Raises a NotImplementedError when it is made or loaded."""

    _instead = FastText._instead


def load_facebook_model(*args: Any, **kwargs: Any) -> NoReturn:
    """Raise a NotImplementedError."""
    FastText.load()


def load_facebook_vectors(*args: Any, **kwargs: Any) -> NoReturn:
    """Raise a NotImplementedError."""
    FastText.load()
