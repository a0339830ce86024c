"""Classes of gensim that w2v lacks, for libraries that import them and perhaps never use them."""

from __future__ import annotations

from typing import Any, NoReturn


class Absent:
    """Base of classes that can be imported, and raise an error when they are used."""

    _instead = "use gensim itself"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise self._error()

    @classmethod
    def load(cls, *args: Any, **kwargs: Any) -> NoReturn:
        """Raise a NotImplementedError."""
        raise cls._error()

    @classmethod
    def _error(cls) -> NotImplementedError:
        return NotImplementedError(f"w2v has no {cls.__name__}: {cls._instead}")
