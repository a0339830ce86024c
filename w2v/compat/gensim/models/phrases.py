"""gensim's `Phrases` on top of w2v's."""

from __future__ import annotations

import w2v.corpus


class Phrases(w2v.corpus.Phrases):
    """Phrases of words that occur together, with the meanings of gensim."""
