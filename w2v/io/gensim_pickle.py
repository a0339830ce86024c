"""gensim files (.kv, .model, .pkl), read without unpickling, which would run code in them.

Large arrays are in .npy files beside the pickle. The layouts are those of gensim 0.12 to 4.4: words
and vectors were attributes of the model before they had objects of their own.
"""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v._types import FloatArray, IntArray, PathLike
from w2v._warnings import warn
from w2v.io import fasttext, sniff
from w2v.io._pickle_machine import (
    GlobalRef,
    InertArray,
    InertObject,
    UnsafePickleError,
    interpret_pickle,
)
from w2v.io.compression import open_input

_CONVERT = (
    "convert it with gensim, model.wv.save_word2vec_format('vectors.bin', binary=True), and read "
    "the result with KeyedVectors.read('vectors.bin')"
)
_CONVERT_MODEL = "save it again with gensim 4, or train a new model"
_CONVERT_PHRASES = "find the phrases again in the corpus, with w2v.Phrases"

# Attributes that gensim sets. Those that have a place in w2v are read; the others are caches,
# bookkeeping, or settings of its implementation. Any other attribute is the user's.
_OF_VECTORS = {
    "bucket", "buckets_word", "compatible_hash", "expandos", "hash2index", "index2entity",
    "index2word", "index_to_key", "key_to_index", "lifecycle_events", "mapfile_path", "max_n",
    "min_n", "new_format", "next_index", "ngrams", "ngrams_word", "norms", "num_ngram_vectors",
    "num_original_vectors", "syn0", "syn0_all", "syn0_ngrams", "syn0_vocab", "syn0norm",
    "vector_size", "vectors", "vectors_lockf", "vectors_ngrams", "vectors_ngrams_lockf",
    "vectors_ngrams_norm", "vectors_norm", "vectors_vocab", "vectors_vocab_lockf",
    "vectors_vocab_norm", "vocab",
}  # fmt: skip
_SETTINGS = {
    "alpha", "batch_words", "cbow_mean", "comment", "compute_loss", "corpus_count",
    "corpus_total_words", "effective_min_count", "epochs", "hs", "max_final_vocab",
    "max_vocab_size", "min_alpha", "min_count", "negative", "ns_exponent", "null_word", "sample",
    "seed", "sg", "shrink_windows", "sorted_vocab", "vector_size", "window", "workers",
    "min_alpha_yet_reached", "running_training_loss", "total_train_time", "train_count",
}  # fmt: skip
_OF_MODELS = {
    *_OF_VECTORS, *_SETTINGS, "callbacks", "cum_table", "docvecs", "dv", "hashfxn", "iter",
    "layer1_size", "load", "load_fasttext_format", "load_word2vec_format", "file_name",
    "model_trimmed_post_training", "neg_labels",
    "random", "raw_vocab", "syn0_lockf", "syn0_ngrams_lockf", "syn0_vocab_lockf", "syn1",
    "syn1neg", "trainables", "vocabulary", "word_ngrams", "wv", "dbow_words", "dm", "dm_concat",
    "dm_tag_count",
}  # fmt: skip
_OF_PHRASES = {
    "common_terms", "connector_words", "corpus_word_count", "delimiter", "is_bigram",
    "lifecycle_events", "max_vocab_size", "min_count", "min_reduce", "phrasegrams", "progress_per",
    "scoring", "threshold", "vocab",
}  # fmt: skip
_OF_WORDS = {"count", "sample_int", "code", "point", "index"}  # attributes of words

_SCALARS = (bool, int, float, str, np.integer, np.floating, np.bool_)


@dataclass
class GensimVectors:
    """What a file of gensim says about words.

    Attributes
    ----------
    words : list of str, or of integers where these are accepted
    vectors : ndarray of float32, shape (len(words), vector_size)
    counts : ndarray of int64, shape (len(words),), or None
    attributes : dict of str to ndarray, shape (len(words),)
        Attributes of words that the user has set.
    skipped : list of str
        Attributes that w2v has no place for.
    codes : list of ndarray or None
        The Huffman code of each word, in a model with hierarchical softmax.
    nodes : list of ndarray or None
        The inner nodes from the root of the tree to each word.
    subwords : SubwordTable or None
        The rows of subwords, in a FastText model of gensim 4.
    """

    words: list[str]
    vectors: FloatArray
    counts: IntArray | None = None
    attributes: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    codes: list[Any] | None = None
    nodes: list[Any] | None = None
    subwords: fasttext.SubwordTable | None = None


@dataclass
class GensimModel:
    """A whole model.

    Attributes
    ----------
    kind : str
        Its class in gensim: "Word2Vec", "FastText", "Doc2Vec".
    content : GensimVectors
    output_vectors, node_vectors : ndarray of float32 or None
        The matrices ``syn1neg`` and ``syn1``.
    settings : dict of str to int, float, bool, str or None
        By the names of gensim 4.
    locks : ndarray of float32, or None
        ``vectors_lockf``: a factor for all words, or one for each.
    """

    kind: str
    content: GensimVectors
    output_vectors: FloatArray | None
    node_vectors: FloatArray | None
    settings: dict[str, Any]
    locks: FloatArray | None = None


@dataclass
class GensimPhrases:
    """What `Phrases` or `FrozenPhrases` (`Phraser`) of gensim has learned.

    Attributes
    ----------
    counts : dict of str to int, or None
        Occurrences of words and of pairs, joined by the delimiter; of `Phrases`.
    scores : dict of str to float, or None
        The score of each phrase; of `FrozenPhrases`.
    settings : dict
        ``min_count``, ``threshold``, ``delimiter``, ``connector_words``, ``corpus_word_count``,
        ``max_vocab_size``, ``min_reduce``.
    scoring : str
        "default", "npmi", or the name of the user's own function, ``module.name``.
    skipped : list of str
        Attributes that w2v has no place for.
    """

    counts: dict[str, int] | None
    scores: dict[str, float] | None
    settings: dict[str, Any]
    scoring: str
    skipped: list[str] = field(default_factory=list)


def is_pickle(path: PathLike) -> bool:
    """Return whether a file is a pickle, which may be compressed; OSError if it is unreadable."""
    with open_input(path) as stream:
        return sniff.is_pickle(stream.peek(64))


# ---- Reading -------------------------------------------------------------------------------------


def read(
    path: PathLike,
    *,
    limit: int | None = None,
    max_size: int | None = None,
    integer_keys: bool = False,
) -> GensimVectors:
    """Read words, vectors, counts, and attributes of words.

    Parameters
    ----------
    path : str or path-like
    limit : int, optional
        Return the first `limit` words only.
    max_size : int, optional
        Maximum size of a compressed file when decompressed; see `open_input`.
    integer_keys : bool, default False
        Accept integers among the words.

    Warns
    -----
    UserWarning
        Attributes were skipped, which the message names.

    Raises
    ------
    ValueError
        The file does something that vectors do not need, is corrupt, or contains no vectors; the
        message says how to convert it.
    OSError
        It, or an .npy file beside it, cannot be read.
    """
    with _explained(path, _CONVERT) as name:
        found = _content(path, max_size)
        content = _vectors(name, found, limit, integer_keys)
    _note_skipped(path, content.skipped)
    return content


def read_model(path: PathLike, *, max_size: int | None = None) -> GensimModel:
    """Read a model that can be trained: `Word2Vec`, or the words of `FastText` and `Doc2Vec`.

    Its words can be integers, all of them.

    Raises
    ------
    ValueError, OSError
        As `read`; and if the file contains vectors only.
    """
    with _explained(path, _CONVERT_MODEL) as name:
        found = _content(path, max_size)
        content = _vectors(name, found, None, integer_keys=True)
        if len({isinstance(word, str) for word in content.words}) > 1:
            raise ValueError(
                f"{name}: some keys of this model are words and others are integers: expected all "
                "of one kind; w2v.compat.gensim.models.KeyedVectors.load() reads its vectors"
            )
        assert isinstance(found, InertObject)
        parts = [found.state]
        beside = [name]
        for part in ("trainables", "vocabulary"):
            if isinstance(one := found.state.get(part), InertObject):
                parts.append(one.state)
                beside.append(f"{name}.{part}")
        if not any("sg" in state or "window" in state for state in parts):
            raise UnsafePickleError("it contains word vectors, but no model")
        matrices: dict[str, FloatArray | None] = {}
        for key in ("syn1neg", "syn1"):
            matrices[key] = None
            for state, where in zip(parts, beside, strict=True):
                if _has(state, key):
                    matrices[key] = _matrix(state, key, where)
        settings: dict[str, Any] = {}
        for state in parts:
            known = {"epochs": state["iter"]} if "iter" in state else {}
            for key, value in {**known, **state}.items():
                if key in _SETTINGS and (value is None or isinstance(value, _SCALARS)):
                    settings[key] = value.item() if isinstance(value, np.generic) else value
        locks = _locks(found.state, name)
    _note_skipped(path, content.skipped)
    return GensimModel(
        found.name.rpartition(".")[2],
        content,
        matrices["syn1neg"],
        matrices["syn1"],
        settings,
        locks,
    )


def read_phrases(path: PathLike, *, max_size: int | None = None) -> GensimPhrases:
    """Read `Phrases`, `FrozenPhrases` or `Phraser`.

    Raises
    ------
    ValueError, OSError
        As `read`.
    """
    with _explained(path, _CONVERT_PHRASES):
        found = _content(path, max_size)
        if not isinstance(found, InertObject) or not found.name.startswith("gensim."):
            raise UnsafePickleError("it contains no phrases of gensim")
        phrases = _phrases(found.state)
    _note_skipped(path, phrases.skipped)
    return phrases


@contextlib.contextmanager
def _explained(path: PathLike, remedy: str) -> Iterator[str]:
    """Give errors in this context the name of the file and a remedy."""
    name = os.fspath(path)
    try:
        yield name
    except UnsafePickleError as error:
        raise ValueError(f"{name}: cannot read this pickle: {error}; {remedy}") from None
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, EOFError,
            RecursionError) as error:  # fmt: skip
        if str(error).startswith(name):
            raise
        raise ValueError(
            f"{name}: this pickle is corrupt or was not written by gensim ({error}); {remedy}"
        ) from error


def _content(path: PathLike, max_size: int | None) -> object:
    with open_input(path, max_size) as stream:
        data = stream.read_all()
    return interpret_pickle(data)


def _note_skipped(path: PathLike, names: list[str]) -> None:
    if names:
        shown = ", ".join(map(repr, names[:8])) + (", ..." if len(names) > 8 else "")
        warn(f"{os.fspath(path)}: skipped what w2v has no place for: {shown}")


def _user_attributes(state: dict[Any, Any], known: set[str]) -> list[str]:
    """Return the names in a state that are not gensim's own."""
    names = [key for key in state if isinstance(key, str) and not key.startswith("__")]
    names += [
        key
        for listed in (state.get("__numpys"), state.get("__scipys"))
        if isinstance(listed, list)
        for key in listed
        if isinstance(key, str)
    ]
    return sorted({name[:80] for name in names} - known)


# ---- Vectors -------------------------------------------------------------------------------------


def _vectors(
    name: str, found: object, limit: int | None, integer_keys: bool = False
) -> GensimVectors:
    beside = name
    skipped: list[str] = []
    if isinstance(found, InertObject) and isinstance(found.state.get("wv"), InertObject):
        skipped = _user_attributes(found.state, _OF_MODELS)
        found, beside = found.state["wv"], f"{name}.wv"
    elif isinstance(found, InertObject) and found.state.get("wv", 0) is None:
        raise ValueError(f"{name}: the vectors are in another file; {_CONVERT}")
    if not isinstance(found, InertObject) or not found.name.startswith("gensim."):
        raise UnsafePickleError("it contains no gensim word vectors")
    state = found.state
    words = state.get("index_to_key", state.get("index2word", state.get("index2entity")))
    if not isinstance(words, list):
        raise UnsafePickleError("it contains no list of words")
    kinds = (str, int, np.integer) if integer_keys else (str,)
    for word in words:
        if word is not None and not isinstance(word, kinds):
            raise UnsafePickleError(f"one of its keys is of type {type(word).__name__}, not str")
    subwords = None
    if "vectors" in state or "vectors" in _separate(state):  # also gensim 3's FastText
        vectors = _array(state, "vectors", beside)
    elif "vectors_ngrams" in state or "vectors_ngrams" in _separate(state):
        vectors, subwords = _subword_vectors(state, words, beside)
    else:
        vectors = _array(state, "syn0" if _has(state, "syn0") else "vectors", beside)
    if vectors.ndim != 2 or vectors.dtype.kind != "f":
        raise UnsafePickleError(f"its vectors are {vectors.dtype} with shape {vectors.shape}")
    counts = codes = nodes = None
    attributes: dict[str, npt.NDArray[Any]] = {}
    expandos = state.get("expandos")
    if isinstance(expandos, dict):
        if _has(expandos, "count"):
            counts = _array(expandos, "count", f"{beside}.expandos").astype(np.int64)
            if counts.ndim != 1:
                raise UnsafePickleError(f"its counts have the shape {counts.shape}")
        attributes, strange = _word_attributes(expandos, f"{beside}.expandos")
        skipped += strange
        codes = _huffman_codes(_objects(expandos, "code"))
        nodes = _huffman_codes(_objects(expandos, "point"))
    elif isinstance(vocab := state.get("vocab"), dict) and len(vocab) == len(words):
        entries = [vocab[word].state for word in words]
        counts = np.array([entry["count"] for entry in entries], np.int64)
        if entries and all("code" in entry for entry in entries):
            codes = _huffman_codes([entry["code"] for entry in entries])
            nodes = _huffman_codes([entry.get("point") for entry in entries])
    if len(vectors) < len(words):
        raise UnsafePickleError(f"it has {len(words):,} words, but {len(vectors):,} vectors")
    listed, rows, counts = gensim_rows(words, counts)
    rows = rows[:limit]
    first = slice(0, len(rows)) if len(rows) and rows[-1] == len(rows) - 1 else rows
    skipped += _user_attributes(state, _OF_MODELS)
    return GensimVectors(
        listed[:limit],
        np.require(vectors[first], np.float32, ["C", "W"]),  # those of a pickle are read-only
        None if counts is None else counts[:limit],
        {key: gensim_rows(words, values)[2][:limit] for key, values in attributes.items()},  # type: ignore[index]
        sorted(set(skipped)),
        _of_rows(codes, rows),
        _of_rows(nodes, rows),
        subwords,
    )


def _of_rows(values: list[Any] | None, rows: npt.NDArray[np.intp]) -> list[Any] | None:
    """Return the value of each row, or None for rows beyond the end."""
    if values is None:
        return None
    return [values[row] if row < len(values) else None for row in rows]


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


def _word_attributes(
    expandos: dict[Any, Any], beside: str
) -> tuple[dict[str, npt.NDArray[Any]], list[str]]:
    """Return the attributes of words that the user has set, and the names of unreadable ones."""
    attributes: dict[str, npt.NDArray[Any]] = {}
    strange = []
    for key in [*expandos, *_separate(expandos)]:
        if not isinstance(key, str) or key in _OF_WORDS or key.startswith("__"):
            continue
        objects = _objects(expandos, key)
        if objects is not None and all(one is None or isinstance(one, _SCALARS) for one in objects):
            values = np.empty(len(objects), object)
            values[:] = objects
        elif objects is None and (key not in expandos or _is_number_array(expandos[key])):
            values = _array(expandos, key, beside)
        else:
            strange.append(f"expandos[{key[:80]!r}]")
            continue
        if values.ndim == 1:
            attributes[key] = values
        else:
            strange.append(f"expandos[{key[:80]!r}]")
    return attributes, strange


def _huffman_codes(stored: list[Any] | None) -> list[Any] | None:
    """Return the code of each word as an array, or None where it has none."""
    if stored is None:
        return None
    return [one.value if isinstance(one, InertArray) else None for one in stored]


def _is_number_array(stored: object) -> bool:
    return isinstance(stored, InertArray) and stored.value is not None


def _objects(state: dict[Any, Any], key: str) -> list[Any] | None:
    stored = state.get(key)
    return stored.objects if isinstance(stored, InertArray) else None


def _subword_vectors(
    state: dict[Any, Any], words: list[Any], beside: str
) -> tuple[FloatArray, fasttext.SubwordTable | None]:
    """Compute the vectors of a gensim FastText model, which are means of the rows it stores.

    The rows of its subwords are returned, too, if it has subwords.
    """
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
    vectors = fasttext.means(marked, matrix, len(words), (min_n, max_n, buckets))
    rows = matrix[len(words) : len(words) + buckets]
    return vectors, fasttext.SubwordTable(rows, min_n, max_n) if buckets else None


# ---- Models --------------------------------------------------------------------------------------


def _matrix(state: dict[Any, Any], key: str, beside: str) -> FloatArray | None:
    array = _array(state, key, beside)
    if array.ndim != 2 or array.dtype.kind != "f":
        raise UnsafePickleError(f"its {key} is {array.dtype} with shape {array.shape}")
    return np.ascontiguousarray(array, np.float32)


def _locks(state: dict[Any, Any], name: str) -> FloatArray | None:
    """Return `vectors_lockf`, wherever the version of gensim keeps it; None if it is not there."""
    places = [(state, name, "syn0_lockf")]
    for part in ("wv", "trainables"):
        if isinstance(one := state.get(part), InertObject):
            places.append((one.state, f"{name}.{part}", "vectors_lockf"))
    for where, beside, key in places:
        stored = where.get(key)
        if _is_number_array(stored) or os.path.exists(f"{beside}.{key}.npy"):
            locks = np.ravel(_array(where, key, beside))
            return locks.astype(np.float32) if locks.dtype.kind == "f" else None
    return None


# ---- Phrases -------------------------------------------------------------------------------------

_DEFAULTS = {
    "min_count": 5,
    "threshold": 10.0,
    "corpus_word_count": 0,
    "max_vocab_size": 40_000_000,
    "min_reduce": 1,
}


def _phrases(state: dict[Any, Any]) -> GensimPhrases:
    delimiter = _as_text(state.get("delimiter", "_"))
    settings: dict[str, Any] = {"delimiter": delimiter}
    for key, default in _DEFAULTS.items():
        value = state.get(key, default)
        if not isinstance(value, (int, float, np.integer, np.floating)) or not math.isfinite(value):
            raise UnsafePickleError(f"its {key} is not a number")
        settings[key] = value.item() if isinstance(value, np.generic) else value
    connectors = state.get("connector_words", state.get("common_terms", ()))
    settings["connector_words"] = frozenset(map(_as_text, connectors or ()))
    counts = scores = None
    if isinstance(grams := state.get("phrasegrams"), dict):
        scores = {}
        for key, value in grams.items():
            score = value[1] if isinstance(value, tuple) and len(value) == 2 else value
            words = key if isinstance(key, tuple) else (key,)
            scores[delimiter.join(map(_as_text, words))] = float(score)
    elif isinstance(vocab := state.get("vocab"), dict):
        counts = {_as_text(key): int(value) for key, value in vocab.items()}
    else:
        raise UnsafePickleError("it contains no phrases of gensim")
    return GensimPhrases(
        counts, scores, settings, _scoring(state), _user_attributes(state, _OF_PHRASES)
    )


def _as_text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if not isinstance(value, str):
        raise UnsafePickleError(f"one of its words is of type {type(value).__name__}, not str")
    return value


def _scoring(state: dict[Any, Any]) -> str:
    scoring = state.get("scoring", "default")  # versions before 3.1 have one score
    if isinstance(scoring, GlobalRef):
        module, _, function = scoring.name.rpartition(".")
        known = {"original_scorer": "default", "npmi_scorer": "npmi"}
        inside = module == "gensim.models.phrases"
        return known.get(function, scoring.name) if inside else scoring.name
    if isinstance(scoring, str) and scoring in ("default", "npmi"):
        return scoring
    raise UnsafePickleError("its scoring is neither a function nor 'default' nor 'npmi'")


# ---- Arrays --------------------------------------------------------------------------------------


def _separate(state: dict[Any, Any]) -> Iterator[Any]:
    """Return the names of the arrays of an object that are in files of their own."""
    names = state.get("__numpys")
    return iter(names if isinstance(names, list) else ())


def _has(state: dict[Any, Any], key: str) -> bool:
    return isinstance(state.get(key), InertArray) or key in _separate(state)


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
