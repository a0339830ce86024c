"""The base classes that gensim's transformations have, for `isinstance` and `issubclass`."""

from __future__ import annotations

from w2v.compat.gensim.utils import SaveLoad


class CorpusABC(SaveLoad):
    """Base of corpora."""


class TransformationABC(SaveLoad):
    """Base of transformations, which are applied to sentences by ``transformation[sentences]``."""
