"""The models of gensim that w2v has: `Word2Vec`, `KeyedVectors` and `Phrases`.

The names of other models of gensim can be imported, because many libraries do without using
them; to use one raises a NotImplementedError.
"""

from __future__ import annotations

from w2v.compat.gensim.models import (
    basemodel,
    callbacks,
    doc2vec,
    fasttext,
    keyedvectors,
    phrases,
    word2vec,
)
from w2v.compat.gensim.models._absent import Absent
from w2v.compat.gensim.models.doc2vec import Doc2Vec
from w2v.compat.gensim.models.fasttext import FastText
from w2v.compat.gensim.models.keyedvectors import KeyedVectors
from w2v.compat.gensim.models.phrases import Phrases
from w2v.compat.gensim.models.word2vec import FAST_VERSION, Word2Vec

__all__ = [
    "FAST_VERSION",
    "Doc2Vec",
    "FastText",
    "KeyedVectors",
    "Phrases",
    "Word2Vec",
    "basemodel",
    "callbacks",
    "doc2vec",
    "fasttext",
    "keyedvectors",
    "phrases",
    "word2vec",
]

_ABSENT = {
    "AtireBM25Model",
    "AuthorTopicModel",
    "BackMappingTranslationMatrix",
    "CoherenceModel",
    "EnsembleLda",
    "HdpModel",
    "LdaModel",
    "LdaMulticore",
    "LdaSeqModel",
    "LogEntropyModel",
    "LsiModel",
    "LuceneBM25Model",
    "Nmf",
    "NormModel",
    "OkapiBM25Model",
    "RpModel",
    "TfidfModel",
    "TranslationMatrix",
}


def __getattr__(name: str) -> type[Absent]:
    if name not in _ABSENT:
        raise AttributeError(
            f"module 'w2v.compat.gensim.models' has no {name!r}: it has Word2Vec, KeyedVectors "
            "and Phrases; for other models, use gensim itself"
        )
    made = type(name, (Absent,), {"__module__": __name__, "__doc__": "Raises an error when used."})
    globals()[name] = made
    return made
