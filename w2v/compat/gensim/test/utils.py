"""The texts and helpers of `gensim.test.utils` that examples and the tests of libraries use."""

from __future__ import annotations

import os
import tempfile
from typing import NoReturn

from w2v.compat.gensim.corpora.dictionary import Dictionary

__all__ = ["common_corpus", "common_dictionary", "common_texts", "datapath", "get_tmpfile"]

# Titles of articles, words that occur once left out: Deerwester et al., Indexing by Latent Semantic
# Analysis, 1990, table 2.
common_texts = [
    title.split()
    for title in (
        "human interface computer",
        "survey user computer system response time",
        "eps user interface system",
        "system human system eps",
        "user response time",
        "trees",
        "graph trees",
        "graph minors trees",
        "graph minors survey",
    )
]
common_dictionary = Dictionary(common_texts)
common_corpus = [common_dictionary.doc2bow(text) for text in common_texts]


def datapath(fname: str) -> NoReturn:
    """Raise: gensim's test files come with gensim only.

    Raises
    ------
    FileNotFoundError
        Always.
    """
    raise FileNotFoundError(
        f"{fname}: gensim's test files come with gensim only, in its folder "
        "test/test_data: give the path of the file there"
    )


def get_tmpfile(suffix: str) -> str:
    """Return a path in a folder for temporary files; the caller has to delete the file."""
    return os.path.join(tempfile.mkdtemp(), suffix)
