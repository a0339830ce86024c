"""The models of gensim that w2v has: `Word2Vec`, `KeyedVectors` and `Phrases`."""

from __future__ import annotations

from typing import Any

from w2v.compat.gensim.models import callbacks, doc2vec, fasttext, keyedvectors, phrases, word2vec
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
    "callbacks",
    "doc2vec",
    "fasttext",
    "keyedvectors",
    "phrases",
    "word2vec",
]


def __getattr__(name: str) -> Any:
    raise AttributeError(
        f"module 'w2v.compat.gensim.models' has no {name!r}: it has Word2Vec, KeyedVectors and "
        "Phrases; for other models, use gensim itself"
    )
