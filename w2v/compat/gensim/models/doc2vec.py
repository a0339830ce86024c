"""`Doc2Vec` of gensim, which w2v lacks, and the documents that it is given."""

from __future__ import annotations

from typing import Any, NamedTuple

from w2v.compat.gensim.models._absent import Absent

__all__ = ["Doc2Vec", "TaggedDocument", "TaggedLineDocument"]


class TaggedDocument(NamedTuple):
    """The words of a document, and the names of its vectors."""

    words: Any
    tags: Any


class Doc2Vec(Absent):
    """Raises a NotImplementedError when it is made or loaded."""

    _instead = (
        "use gensim itself for vectors of documents, without w2v.compat.gensim.install(), or "
        "average the vectors of their words: w2v.sklearn.MeanEmbeddingVectorizer"
    )


class TaggedLineDocument(Absent):
    """Raises a NotImplementedError when it is made: documents for `Doc2Vec`."""
