"""gensim files (.kv, .model), read without unpickling, which would run code in them.

Large arrays are in .npy files beside the pickle.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v._types import FloatArray, IntArray, PathLike
from w2v.io import fasttext
from w2v.io._pickle_machine import InertArray, InertObject, UnsafePickleError, interpret_pickle

_CONVERT = (
    "convert it with gensim, model.wv.save_word2vec_format('vectors.bin', binary=True), and read "
    "the result with KeyedVectors.read('vectors.bin')"
)


def read(
    path: PathLike, *, limit: int | None = None
) -> tuple[list[str], FloatArray, IntArray | None]:
    """Read words, vectors, and counts if the file has them, else None.

    Raises
    ------
    ValueError
        The file references or does something that vectors do not need, is corrupt, or contains no
        vectors; the message says how to convert it.
    OSError
        It, or an .npy file beside it, cannot be read.
    """
    name = os.fspath(path)
    with open(path, "rb") as file:
        data = file.read()
    try:
        return _vectors(name, interpret_pickle(data), limit)
    except UnsafePickleError as error:
        raise ValueError(f"{name}: cannot read this pickle: {error}; {_CONVERT}") from None
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, EOFError,
            RecursionError) as error:  # fmt: skip
        if str(error).startswith(name):
            raise
        raise ValueError(
            f"{name}: this pickle is corrupt or was not written by gensim ({error}); {_CONVERT}"
        ) from error


def _vectors(
    name: str, found: object, limit: int | None
) -> tuple[list[str], FloatArray, IntArray | None]:
    beside = name
    if isinstance(found, InertObject) and isinstance(found.state.get("wv"), InertObject):
        found, beside = found.state["wv"], f"{name}.wv"
    elif isinstance(found, InertObject) and found.state.get("wv", 0) is None:
        raise ValueError(f"{name}: the vectors are in another file; {_CONVERT}")
    if not isinstance(found, InertObject) or not found.name.startswith("gensim."):
        raise UnsafePickleError("it contains no gensim word vectors")
    state = found.state
    words = state.get("index_to_key", state.get("index2word", state.get("index2entity")))
    if not isinstance(words, list):
        raise UnsafePickleError("it contains no list of words")
    separate = state.get("__numpys")
    names = {*state, *(separate if isinstance(separate, list) else ())}
    if "vectors_ngrams" in names:
        vectors = _subword_vectors(state, words, beside)
    else:
        vectors = _array(state, "syn0" if "syn0" in names else "vectors", beside)
    if vectors.ndim != 2 or vectors.dtype.kind != "f":
        raise UnsafePickleError(f"its vectors are {vectors.dtype} with shape {vectors.shape}")
    expandos = state.get("expandos")
    counts = None
    if isinstance(expandos, dict) and "count" in expandos:
        counts = _array(expandos, "count", f"{beside}.expandos").astype(np.int64)
    elif isinstance(vocab := state.get("vocab"), dict) and len(vocab) == len(words):
        counts = np.array([vocab[word].state["count"] for word in words], np.int64)
    for row, word in enumerate(words):
        if not isinstance(word, str):
            raise UnsafePickleError(f"its key {word!r} (row {row:,}) is not a str")
    size = len(words)
    if limit is not None:
        size = min(limit, size)
    if counts is not None:
        counts = counts[:size]
    return words[:size], np.ascontiguousarray(vectors[:size], np.float32), counts


def _subword_vectors(state: dict[Any, Any], words: list[Any], beside: str) -> FloatArray:
    """Compute the vectors of a gensim FastText model, which are means of the rows it stores."""
    matrices = [_array(state, key, beside) for key in ("vectors_vocab", "vectors_ngrams")]
    matrix = np.ascontiguousarray(np.concatenate(matrices), "<f4").view(np.uint8)
    min_n, max_n, buckets = (int(state[key]) for key in ("min_n", "max_n", "bucket"))
    if (
        len(matrices[0]) != len(words)
        or len(matrices[1]) < buckets
        or not 0 < min_n <= max_n <= 1000
    ):
        raise UnsafePickleError("its subwords do not match its words")
    marked = [f"<{word}>".encode("utf-8", "surrogatepass") for word in words]
    return fasttext.means(marked, matrix, len(words), (min_n, max_n, buckets))


def _array(state: dict[Any, Any], key: str, beside: str) -> npt.NDArray[Any]:
    stored = state.get(key)
    if isinstance(stored, InertArray) and stored.value is not None:
        return stored.value
    path = f"{beside}.{key}.npy"
    if not os.path.exists(path):
        raise ValueError(
            f"{path}: missing; gensim stores large arrays in files beside its own, so copy them too"
        )
    # Mapped: a shape that does not fit the file is rejected before memory is allocated.
    array: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return array.view(np.ndarray)
