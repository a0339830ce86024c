"""`Dictionary`: words with ids, and documents as bags of words."""

from w2v.compat.gensim.corpora import dictionary
from w2v.compat.gensim.corpora.dictionary import Dictionary

__all__ = ["Dictionary", "dictionary"]
