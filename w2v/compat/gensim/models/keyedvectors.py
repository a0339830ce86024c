"""gensim's `KeyedVectors` on top of w2v's."""

from __future__ import annotations

import w2v.vectors


class KeyedVectors(w2v.vectors.KeyedVectors):
    """Words and their vectors, with the meanings of gensim."""
