"""gensim's `Word2Vec` on top of w2v's."""

from __future__ import annotations

import w2v.training

FAST_VERSION = 1  # the loops are compiled


class Word2Vec(w2v.training.Word2Vec):
    """Word vectors by skip-gram or CBOW, with the meanings and defaults of gensim."""
