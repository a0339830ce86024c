"""Text, tables and integers, encoded once into ids; phrases; what is wrong with a corpus."""

from w2v.corpus.corpus import Corpus
from w2v.corpus.phrases import Phrases

__all__ = ["Corpus", "Phrases"]
