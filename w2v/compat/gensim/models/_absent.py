"""Classes of gensim that w2v lacks, for libraries that import them and perhaps never use them."""

from __future__ import annotations

from typing import Any, NoReturn

_OURS = "w2v.compat.gensim"


class Absent:
    """Base of classes that can be imported, and raise an error when they are used."""

    _instead = "use gensim itself, without w2v.compat.gensim.install()"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise self._error()

    @classmethod
    def load(cls, *args: Any, **kwargs: Any) -> NoReturn:
        """Raise a NotImplementedError."""
        raise cls._error()

    @classmethod
    def _error(cls) -> NotImplementedError:
        # A library may have a subclass, whose name says nothing to its users.
        name = next(each.__name__ for each in cls.__mro__ if each.__module__.startswith(_OURS))
        return NotImplementedError(f"w2v has no {name}: {cls._instead}")
