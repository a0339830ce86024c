"""gensim files (.kv, .model), read without unpickling, which would run code in them.

Large arrays are in .npy files beside the pickle.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
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
    for word in words:
        if word is not None and not isinstance(word, str):
            raise UnsafePickleError(f"one of its keys is of type {type(word).__name__}, not str")
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
        if counts.ndim != 1:
            raise UnsafePickleError(f"its counts have the shape {counts.shape}")
    elif isinstance(vocab := state.get("vocab"), dict) and len(vocab) == len(words):
        counts = np.array([vocab[word].state["count"] for word in words], np.int64)
    if len(vectors) < len(words):
        raise UnsafePickleError(f"it has {len(words):,} words, but {len(vectors):,} vectors")
    listed, rows, counts = gensim_rows(words, counts)
    if limit is not None:
        listed, rows = listed[:limit], rows[:limit]
        counts = None if counts is None else counts[:limit]
    first = slice(0, len(rows)) if len(rows) and rows[-1] == len(rows) - 1 else rows
    return listed, np.ascontiguousarray(vectors[first], np.float32), counts


def gensim_rows(
    words: Iterable[Any], counts: npt.ArrayLike | None
) -> tuple[list[Any], npt.NDArray[np.intp], IntArray | None]:
    """Return the words of a gensim object, their rows, and their counts.

    Rows that were allocated ahead have the word None and are left out. Words that were added to
    vectors with counts may be beyond the end of these; they get 0, as in gensim.
    """
    listed = list(words)
    rows = np.array([row for row, word in enumerate(listed) if word is not None], np.intp)
    if counts is not None:
        known = np.asarray(counts)[: len(listed)]
        counts = np.concatenate([known, np.zeros(len(listed) - len(known), known.dtype)])[rows]
    return [listed[row] for row in rows], rows, counts


def _subword_vectors(state: dict[Any, Any], words: list[Any], beside: str) -> FloatArray:
    """Compute the vectors of a gensim FastText model, which are means of the rows it stores."""
    matrices = [_array(state, key, beside) for key in ("vectors_vocab", "vectors_ngrams")]
    min_n, max_n, buckets = (int(state[key]) for key in ("min_n", "max_n", "bucket"))
    if max_n < max(1, min_n):
        max_n = buckets = 0  # no subwords
    if (
        any(one.ndim != 2 or one.dtype.kind != "f" for one in matrices)
        or len(matrices[0]) != len(words)
        or len(matrices[1]) < buckets
        or min_n < 0
        or max_n > 1000
    ):
        raise UnsafePickleError("its subwords do not match its words")
    matrix = np.ascontiguousarray(np.concatenate(matrices), "<f4").view(np.uint8)
    marked = [f"<{word}>".encode("utf-8", "surrogatepass") for word in words]
    return fasttext.means(marked, matrix, len(words), (min_n, max_n, buckets))


def _array(state: dict[Any, Any], key: str, beside: str) -> npt.NDArray[Any]:
    stored = state.get(key)
    if isinstance(stored, InertArray):
        if stored.value is None:
            raise UnsafePickleError(f"its {key} are not an array of numbers")
        return stored.value
    path = f"{beside}.{key}.npy"
    if not os.path.exists(path):
        raise ValueError(
            f"{path}: missing; gensim stores large arrays in files beside its own, so copy them too"
        )
    # Mapped: a shape that does not fit the file is rejected before memory is allocated.
    array: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return array.view(np.ndarray)
