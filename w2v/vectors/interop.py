"""Conversion of word vectors to and from other libraries: PyTorch, gensim, pandas, spaCy.

Each library is imported only when its function is called. `KeyedVectors` has a method for each
function and documents it. None of them changes the vectors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from w2v._validation import require_package
from w2v.io.gensim_pickle import gensim_rows

if TYPE_CHECKING:
    from w2v.vectors.base import BaseKeyedVectors

Made = TypeVar("Made", bound="BaseKeyedVectors")


def to_torch(wv: BaseKeyedVectors, *, freeze: bool = True, copy: bool | None = None) -> Any:
    """Return the vectors as a torch.nn.Embedding; see `KeyedVectors.to_torch`."""
    torch = require_package("torch", "w2v[torch]", "to_torch()")
    vectors = wv.vectors
    read_only = not vectors.flags.writeable
    if copy is False and read_only:
        raise ValueError(
            "copy=False: the vectors are read-only (for example memory-mapped) and PyTorch has no "
            "read-only tensors; pass copy=True"
        )
    if copy or (copy is None and (read_only or not freeze)):
        vectors = np.array(vectors, order="C")
    return torch.nn.Embedding.from_pretrained(torch.from_numpy(vectors), freeze=freeze)


def to_gensim(wv: BaseKeyedVectors) -> Any:
    """Return a gensim KeyedVectors; see `KeyedVectors.to_gensim`."""
    gensim = require_package("gensim.models.keyedvectors", "gensim", "to_gensim()")
    made = gensim.KeyedVectors(wv.vector_size, dtype=np.float32)
    made.index_to_key = list(wv.index_to_key)
    made.key_to_index = dict(wv.key_to_index)
    made.vectors = np.array(wv._state.vectors, order="C")
    if wv.counts is not None:
        made.expandos["count"] = wv.counts.copy()
    return made


def from_gensim(kv: Any, kind: type[Made]) -> Made:
    """Convert a gensim KeyedVectors to `kind`; see `KeyedVectors.from_gensim`."""
    if hasattr(kv, "wv"):
        kv = kv.wv
    missing = [name for name in ("index_to_key", "vectors", "expandos") if not hasattr(kv, name)]
    if missing:
        raise TypeError(
            f"{type(kv).__name__} has no attribute {missing[0]}: expected KeyedVectors or a model "
            "from gensim 4"
        )
    words, rows, counts = gensim_rows(kv.index_to_key, kv.expandos.get("count"))
    vectors = np.array(np.asarray(kv.vectors)[rows], np.float32, order="C")
    made: Made = kind._make(words, vectors, counts)
    return made


def to_pandas(wv: BaseKeyedVectors) -> Any:
    """Return a pandas DataFrame; see `KeyedVectors.to_pandas`."""
    pandas = require_package("pandas", "pandas", "to_pandas()")
    index = pandas.Index(wv.index_to_key, dtype=object, name="word")
    return pandas.DataFrame(np.array(wv._state.vectors, order="C"), index=index)


def to_spacy(wv: BaseKeyedVectors, lang: str = "xx", *, nlp: Any = None) -> Any:
    """Return a spaCy pipeline with these vectors; see `KeyedVectors.to_spacy`."""
    spacy = require_package("spacy", "spacy", "to_spacy()")
    from spacy.vectors import Vectors

    if "" in wv:
        raise ValueError(
            "one of the words is empty, which spaCy cannot represent: leave it out with "
            "vectors_for_all()"
        )
    if nlp is None:
        nlp = spacy.blank(lang)
    strings = nlp.vocab.strings
    keys = np.fromiter(map(strings.add, wv.index_to_key), np.uint64, len(wv))
    name = f"{nlp.lang}_w2v"
    # Vectors that are set on a Vocab get its strings, so the words must be among them first.
    nlp.vocab.vectors = Vectors(
        strings=strings, data=np.array(wv._state.vectors, order="C"), keys=keys, name=name
    )
    return nlp
