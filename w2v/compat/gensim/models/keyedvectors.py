"""gensim's `KeyedVectors` on top of w2v's: its arguments, its keys, its attributes.

A key can be anything that a dict accepts as one. An integer that is not a key is a row number.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import w2v.vectors
from w2v._types import FloatArray, PathLike
from w2v._warnings import warn
from w2v.compat.gensim import utils
from w2v.io import gensim_pickle, safetensors_file, word2vec_format
from w2v.io.reading import reading
from w2v.vectors import evaluation
from w2v.vectors.ann import VectorIndex
from w2v.vectors.base import UnknownWordError, _Changes, _State
from w2v.vectors.combining import check_kind
from w2v.vectors.similarity import as_weighted_items
from w2v.vectors.subwords import SubwordVectors
from w2v.vocab.huffman import HuffmanTree

__all__ = [
    "REAL",
    "CompatVocab",
    "Doc2VecKeyedVectors",
    "EuclideanKeyedVectors",
    "KeyedVectors",
    "Vocab",
    "Word2VecKeyedVectors",
    "WordEmbeddingsKeyedVectors",
    "load_word2vec_format",
    "prep_vectors",
    "pseudorandom_weak_vector",
]

REAL = np.float32

logger = logging.getLogger("gensim.models.keyedvectors")

_WHITE_SPACE = re.compile(r"[ \t-\r]")

Key = Any  # anything hashable


class KeyedVectors(w2v.vectors.KeyedVectors):
    """Keys and their vectors, with the meanings of gensim.

    Everything that `w2v.KeyedVectors` has is here too. docs/gensim.md has a table of the names of
    gensim, and what differs.

    Parameters
    ----------
    vector_size : int
        Dimensions.
    count : int, default 0
        Rows to allocate ahead: they are zero and their key is None until `add_vector` fills them.
    dtype : dtype, default float32
        Type of the numbers; queries compute in float32.
    mapfile_path : object, optional
        Accepted without effect, as in gensim.

    Examples
    --------
    >>> from w2v.compat.gensim.models import KeyedVectors
    >>> kv = KeyedVectors(2)
    >>> kv.add_vectors(["east", "north"], [[1, 0], [0, 1]])
    >>> kv.most_similar(positive=["east"], topn=1)
    [('north', 0.0)]
    >>> kv.get_index(1), kv.add_vector("west", [-1, 0])
    (1, 2)
    """

    def __init__(
        self,
        vector_size: int,
        count: int = 0,
        dtype: npt.DTypeLike = np.float32,
        mapfile_path: object = None,
    ) -> None:
        super().__init__([], np.zeros((0, vector_size), np.float32))
        self.mapfile_path = mapfile_path
        self._state = _State([None] * count, {}, np.zeros((count, vector_size), dtype))  # type: ignore[list-item]

    @classmethod
    def _make(cls, words: Any, vectors: FloatArray, counts: Any = None) -> Any:
        made = cls.__new__(cls)
        w2v.vectors.KeyedVectors.__init__(made, words, vectors, counts=counts)
        return made

    @staticmethod
    def _index(words: list[Any]) -> dict[Any, int]:
        rows = {word: row for row, word in enumerate(words) if word is not None}
        if len(rows) < len(words) - words.count(None):
            row = next(row for row, word in enumerate(words) if rows.get(word, row) != row)
            raise ValueError(f"duplicate key {words[row]!r}: remove or rename one of them")
        return rows

    @staticmethod
    def _is_key(item: object) -> bool:
        return isinstance(item, (str, int, np.integer))

    def __str__(self) -> str:
        return f"{type(self).__name__}<vector_size={self.vector_size}, {len(self)} keys>"

    # ---- Attributes that gensim's users assign ----

    @property
    def vectors(self) -> FloatArray:
        """The matrix itself; see `w2v.KeyedVectors`. Assign another one with a row for each key.

        That of a model keeps its shape. Elsewhere, keys may be assigned afterwards.
        """
        vectors = self._state.vectors
        if vectors.flags.writeable:
            self._changes.accesses += 1
        return vectors

    @vectors.setter
    def vectors(self, value: npt.ArrayLike) -> None:
        array: Any = np.asarray(value)
        if array.ndim != 2:
            raise ValueError(f"vectors has shape {array.shape}: expected (keys, dimensions)")
        if self._fixed_vocab:  # the memory of a model
            assign("vectors", self._state.vectors, array)
        else:
            self._state = _State(self.index_to_key, self.key_to_index, array)
            self._capacity_matrix = None
            self._changes = _Changes()  # of another matrix
        self.mark_changed()

    @property
    def vector_size(self) -> int:
        """Dimensions of a vector."""
        return int(self._state.vectors.shape[1])

    @vector_size.setter
    def vector_size(self, value: int) -> None:
        if len(self._state.vectors) == 0:
            self.vectors = np.zeros((0, value), np.float32)
        elif value != self.vector_size:
            raise AttributeError(f"vector_size is {self.vector_size}, as the vectors are")

    @property
    def index_to_key(self) -> list[Any]:
        """The key of each row. After appending to it, call `resize_vectors`."""
        return super().index_to_key

    @index_to_key.setter
    def index_to_key(self, keys: Sequence[Any]) -> None:
        self._check_resizable("rename words")
        listed = keys if isinstance(keys, list) else list(keys)
        self._state = _State(listed, self._index(listed), self._state.vectors)
        self._spellings = None
        self.mark_changed()

    @property
    def key_to_index(self) -> dict[Any, int]:
        """The row of each key."""
        return super().key_to_index

    @key_to_index.setter
    def key_to_index(self, rows: dict[Any, int]) -> None:
        self._check_resizable("rename words")
        self._state.rows = rows
        self._spellings = None

    @property
    def norms(self) -> FloatArray:
        """Euclidean norm of each vector. Assign None to have them computed again."""
        return self._matrix()[1]

    @norms.setter
    def norms(self, value: object) -> None:
        self.mark_changed()

    _next_row = 0
    _tree: HuffmanTree | None = None  # of the model with hierarchical softmax that these belong to

    @property
    def expandos(self) -> MutableMapping[str, npt.NDArray[Any]]:
        """The attributes of keys: an array for each name, with one value for each key."""
        return _Expandos(self)

    @expandos.setter
    def expandos(self, values: MutableMapping[str, npt.NDArray[Any]]) -> None:
        view, arrays = self.expandos, dict(values)
        view.clear()
        view.update(arrays)

    @property
    def vectors_lockf(self) -> FloatArray:
        """Factors of the updates in training: one for all keys, or one for each."""
        locks: FloatArray = self.__dict__.setdefault("_lockf", np.ones(1, np.float32))
        return locks

    @vectors_lockf.setter
    def vectors_lockf(self, value: npt.ArrayLike) -> None:
        self._lockf = np.asarray(value, np.float32)

    def _locks_as_runs(self) -> list[list[Any]] | None:
        """Return `vectors_lockf` for JSON: factors, and for how many keys in turn each is meant.

        None for a single factor of 1, which every object has in the beginning.
        """
        factors = np.ravel(self.vectors_lockf)[: max(1, len(self))]  # a row for each key
        if factors.tolist() == [1.0]:
            return None
        first = np.flatnonzero(np.diff(factors, prepend=np.float32(np.nan)))
        return [factors[first].tolist(), np.diff(first, append=len(factors)).tolist()]

    def _set_lock_runs(self, runs: Any) -> None:
        """Set `vectors_lockf` to what `_locks_as_runs` returned; ValueError if it cannot be."""
        factors, lengths = runs
        valid = len(factors) == len(lengths) and all(type(n) is int and n > 0 for n in lengths)
        if not valid or sum(lengths) > max(1, len(self)):
            raise ValueError(f"vectors_lockf: expected runs of at most {len(self):,} factors")
        self.vectors_lockf = np.repeat(np.array(factors, np.float32), lengths)

    @property
    def next_index(self) -> int:
        """The row that `add_vector` fills next."""
        return self._next_row if self._has_empty_rows() else len(self.index_to_key)

    @next_index.setter
    def next_index(self, value: int) -> None:
        self._next_row = value

    def _has_empty_rows(self) -> bool:
        """Return whether there are rows that were allocated ahead and have no key yet."""
        row = self._next_row
        return row < len(self.index_to_key) and self.index_to_key[row] is None

    # ---- Looking up ----

    def __contains__(self, key: object) -> bool:
        return self.get_index(key, -1) >= 0

    def get_index(self, key: Key, default: int | None = None) -> int:
        """Return the row of a key, or a row number itself if it is not a key, or `default`.

        Raises
        ------
        KeyError
            If there is neither and `default` is None.
        """
        row = self._row(key)
        if row is not None:
            return row
        if isinstance(key, (int, np.integer)) and 0 <= key < len(self.index_to_key):
            return int(key)
        if default is not None:
            return default
        if isinstance(key, str):
            raise UnknownWordError(self, key)
        raise KeyError(f"Key {key!r} not present")

    def get_vector(self, key: Key, norm: bool = False) -> FloatArray:
        """Return the vector of a key: a view that cannot be written; scaled if `norm`, a copy."""
        row = self.get_index(key)
        vector: FloatArray
        vector = super().get_vector(key, norm=True) if norm else self._state.vectors[row]
        vector.flags.writeable = False
        return vector

    def __getitem__(self, key: Any) -> FloatArray:
        """Return the vector of a key, or the vectors of several."""
        if self._is_key(key):
            return self.get_vector(key)
        return super().__getitem__(list(key))

    def word_vec(self, *args: Any, **kwargs: Any) -> FloatArray:
        """Return `get_vector`, which this is the older name of."""
        warn("word_vec() is deprecated: use get_vector()", DeprecationWarning)
        return self.get_vector(*args, **kwargs)

    # ---- Attributes of keys ----

    def get_vecattr(self, key: Key, attr: str) -> Any:
        """Return an attribute of a key; KeyError if it has none.

        In a model with hierarchical softmax, keys have the attributes "code" and "point".
        """
        tree = self._tree
        if attr in ("code", "point") and tree is not None and attr not in self._attributes:
            row = self.get_index(key)
            path = slice(*tree.offsets[row : row + 2])
            return (tree.codes if attr == "code" else tree.nodes)[path].astype(np.uint32)
        return super().get_vecattr(key, attr)

    def set_vecattr(self, key: Key, attr: str, val: Any) -> None:
        """Set an attribute of a key; other keys get 0, False or None."""
        if attr == "count":
            row = self.get_index(key)
            self._copy_counts_on_write()[row] = val
        else:
            super().set_vecattr(key, attr, val)

    def allocate_vecattrs(
        self, attrs: Iterable[str] | None = None, types: Iterable[Any] | None = None
    ) -> None:
        """Make arrays for attributes that have none; existing ones get one value per key.

        Raises
        ------
        TypeError
            If there is such an attribute of another type.
        """
        view, length = self.expandos, len(self.index_to_key)
        names = list(view) if attrs is None else list(attrs)
        kinds = [view[name].dtype for name in names] if types is None else list(types)
        for name, given in zip(names, kinds, strict=True):
            kind = np.dtype(np.int64 if given is int else object if given is str else given)
            if name not in view:
                view[name] = np.zeros(length, kind)
                continue
            old = view[name]
            if not np.issubdtype(kind, old.dtype):
                raise TypeError(f"attribute {name!r} has the type {old.dtype}, not {kind}")
            if len(old) != length:
                values = np.zeros(length, old.dtype)
                values[: len(old)] = old[:length]
                view[name] = values

    # ---- Changing ----

    def __setitem__(self, keys: Any, weights: npt.ArrayLike) -> None:
        """Set the vector of a key, or those of a list of keys; add unknown ones."""
        if not isinstance(keys, list):
            keys, weights = [keys], np.reshape(weights, (1, -1))
        self.add_vectors(keys, weights, replace=True)

    def add_vector(self, key: Key, vector: npt.ArrayLike) -> int:
        """Add a key, or replace its vector, and return its row.

        Rows that were allocated ahead are filled first.
        """
        if self._has_empty_rows() and key not in self.key_to_index:
            row = self.next_index
            assign(f"the vector of {key!r}", self._state.vectors[row], np.asarray(vector))
            self._next_row = row + 1
            self.index_to_key[row] = key
            self.key_to_index[key] = row
            self.mark_changed()
            self._spellings = None
        else:
            self.add_vectors([key], np.reshape(vector, (1, -1)), replace=True)
        return self.key_to_index[key]

    def add_vectors(  # type: ignore[override]
        self,
        keys: Any,
        weights: npt.ArrayLike,
        extras: dict[str, npt.NDArray[Any]] | None = None,
        replace: bool = False,
    ) -> None:
        """Append keys and their vectors.

        Parameters
        ----------
        keys : key, or sequence of keys
            A single key has a single vector.
        weights : array_like, shape (len(keys), vector_size)
        extras : dict of str to ndarray, optional
            Attributes: an array for each name, with one value for each key.
        replace : bool, default False
            Replace the vectors and attributes of keys that exist already.
        """
        if self._is_key(keys):
            keys, weights = [keys], np.reshape(weights, (1, -1))
        keys = list(keys)
        known = [key in self.key_to_index for key in keys]
        super().add_vectors(keys, weights, replace=replace)
        for name, values in (extras or {}).items():
            self.allocate_vecattrs([name], [values.dtype])
            array = self.expandos[name]
            for key, value, existed in zip(keys, values, known, strict=True):
                if replace or not existed:
                    array[self.key_to_index[key]] = value

    def resize_vectors(self, seed: int = 0) -> None:
        """Give the matrix and the attributes one row for each key; new vectors are random."""
        self._check_resizable("resize the vectors")
        shape = (len(self.index_to_key), self.vector_size)
        self.vectors = prep_vectors(shape, self._state.vectors, seed, self._state.vectors.dtype)
        self.allocate_vecattrs()

    def sort_by_descending_frequency(self) -> None:
        """Sort keys by descending count; keys with equal counts keep their order."""
        if len(self):
            super().sort_by_descending_frequency()

    def init_sims(self, replace: bool = False) -> None:
        """Compute norms, or with `replace` scale all vectors to length 1; an older name."""
        warn(
            "init_sims() is deprecated: use fill_norms(), or unit_normalize_all()",
            DeprecationWarning,
        )
        if replace:
            self.unit_normalize_all()

    def vectors_for_all(
        self, keys: Iterable[Key], allow_inference: bool = True, copy_vecattrs: bool = False
    ) -> KeyedVectors:
        """Return a copy with the given keys only; see `w2v.KeyedVectors.vectors_for_all`.

        Without `copy_vecattrs`, counts descend by one from key to key, as in gensim.
        """
        made: Any = super().vectors_for_all(keys, allow_inference, copy_vecattrs)
        if made.counts is None:
            made.counts = np.arange(len(made), 0, -1)
        return made  # type: ignore[no-any-return]

    # ---- Queries ----

    def most_similar(
        self,
        positive: Any = None,
        negative: Any = None,
        topn: int | None = 10,
        clip_start: int = 0,
        clip_end: int | None = None,
        restrict_vocab: int | None = None,
        indexer: Any = None,
        **more: Any,
    ) -> Any:
        """Find the keys nearest to a key, a vector, or a weighted sum of several.

        Parameters
        ----------
        positive, negative, clip_start, clip_end, restrict_vocab
            As for `w2v.KeyedVectors.most_similar`. `restrict_vocab` goes before the clips, and 0
            means none.
        topn : int or None, default 10
            None returns the cosines of all keys; 0 or less, an empty list.
        indexer : object, optional
            An index that `index` has made, or any object with gensim's ``most_similar(vector,
            num_neighbors)``.
        **more
            ``metric=`` and ``filter=``, which w2v has in addition.

        Returns
        -------
        list of (key, float), or ndarray if `topn` is None
        """
        if topn is not None and topn < 1:
            return []
        if restrict_vocab:
            clip_start, clip_end = 0, restrict_vocab
        if isinstance(indexer, VectorIndex):
            more = {**more, "index": indexer}
            if topn is not None and self._has_empty_rows():
                rows = topn + self.index_to_key.count(None)
                found = super().most_similar(
                    positive, negative, rows, clip_start, clip_end or None, **more
                )
                return [pair for pair in found if pair[0] is not None][:topn]
        elif indexer is not None and topn is not None:
            items = as_weighted_items(positive, 1.0) + as_weighted_items(negative, -1.0)
            mean = self.get_mean_vector(
                [item for item, _ in items],
                [weight for _, weight in items],
                post_normalize=True,
                ignore_missing=False,
            )
            return indexer.most_similar(mean, topn)
        return super().most_similar(positive, negative, topn, clip_start, clip_end or None, **more)

    def most_similar_cosmul(
        self,
        positive: Any = None,
        negative: Any = None,
        topn: int | None = 10,
        restrict_vocab: int | None = None,
    ) -> Any:
        """Find keys by 3CosMul; see `w2v.KeyedVectors.most_similar_cosmul`."""
        if topn is not None and topn < 1:
            return []
        return super().most_similar_cosmul(positive, negative, topn, restrict_vocab or None)

    def analogies(
        self,
        questions: Sequence[Sequence[Key]],
        topn: int = 1,
        *,
        restrict_vocab: int | None = None,
    ) -> list[list[tuple[Key, float]]]:
        """Answer many analogies at once; see `w2v.KeyedVectors.analogies`."""
        kept = self._subset(_is_used)
        return w2v.vectors.KeyedVectors.analogies(
            kept, questions, topn, restrict_vocab=restrict_vocab
        )

    def closer_than(self, key1: Key, key2: Key) -> list[Key]:
        """Return all keys that are closer to `key1` than `key2` is, in row order."""
        return list(filter(_is_used, super().closer_than(key1, key2)))

    def _filter_mask(self, chosen: Any, rows: slice) -> npt.NDArray[np.bool_] | None:
        """Return a mask of the rows that may be returned: not of those allocated ahead."""
        if not self._has_empty_rows():
            return super()._filter_mask(chosen, rows)
        if callable(chosen):
            return super()._filter_mask(lambda key: key is not None and chosen(key), rows)
        mask, used = super()._filter_mask(chosen, rows), super()._filter_mask(_is_used, rows)
        return used if mask is None or used is None else mask & used

    def _subset(self, wanted: Callable[[Key], bool]) -> KeyedVectors:
        """Return the object itself, or a copy with some of its keys if not all are wanted."""
        keys = list(filter(wanted, self.index_to_key))
        if len(keys) == len(self.index_to_key):
            return self
        made: Any = super().vectors_for_all(keys, copy_vecattrs=True)
        return made  # type: ignore[no-any-return]

    def postprocess(self, method: str, n: int | None = None) -> Any:
        """Return a copy after one more step; see `w2v.KeyedVectors.postprocess`.

        Rows that were allocated ahead are left out.
        """
        return w2v.vectors.KeyedVectors.postprocess(self._subset(_is_used), method, n)

    def _words_only(self) -> KeyedVectors:
        return self._subset(_is_word)

    def n_similarity(self, ws1: Sequence[Key], ws2: Sequence[Key]) -> float:
        """Return the cosine between the mean vectors of two sets of keys.

        Unknown keys are ignored; it is 0 if all of a set are unknown.

        Raises
        ------
        ZeroDivisionError
            If a set is empty.
        """
        if not (len(ws1) and len(ws2)):
            raise ZeroDivisionError("ws1 or ws2 is empty: expected at least one key in each")
        known = [[key for key in keys if key in self] for keys in (ws1, ws2)]
        return super().n_similarity(*known) if all(known) else 0.0

    def rank_by_centrality(
        self, words: Sequence[Key], use_norm: bool = True
    ) -> list[tuple[float, Key]]:
        """Sort keys by their similarity to the mean of all; unknown ones are left out."""
        known = [word for word in words if word in self]
        if len(known) < len(words):
            missing = sorted({str(word) for word in words if word not in self})
            logger.warning("no vectors for %s: these words are ignored", missing)
        if not known:
            raise ValueError("cannot select a word from an empty list: none of them is known")
        return super().rank_by_centrality(known, use_norm)

    @staticmethod
    def cosine_similarities(vector_1: npt.ArrayLike, vectors_all: npt.ArrayLike) -> Any:
        """Return the cosines of a vector and many others; 0 for a zero vector.

        Parameters
        ----------
        vector_1 : array_like, shape (d,)
        vectors_all : array_like, shape (n, d)

        Returns
        -------
        ndarray, shape (n,)
        """
        one, others = np.asarray(vector_1), np.asarray(vectors_all)
        lengths = np.linalg.norm(one) * np.linalg.norm(others, axis=1)
        return (others @ one) / np.where(lengths > 0, lengths, 1)

    def similarity_unseen_docs(self, *args: Any, **kwargs: Any) -> None:
        """Raise: gensim has it in Doc2Vec only."""
        raise NotImplementedError("similarity_unseen_docs(): only Doc2Vec of gensim has it")

    # ---- Evaluation ----

    def evaluate_word_analogies(
        self,
        analogies: PathLike,
        restrict_vocab: int | None = 300_000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
        similarity_function: str = "most_similar",
    ) -> tuple[float, list[dict[str, Any]]]:
        """Evaluate analogies; see `w2v.KeyedVectors`. Invalid lines are skipped and logged."""
        invalid: list[str] = []
        score, sections = evaluation.evaluate_word_analogies(
            self,
            analogies,
            restrict_vocab,
            case_insensitive,
            dummy4unknown,
            similarity_function,
            invalid=invalid,
        )
        _log_skipped(invalid)
        for section in sections:
            self.log_accuracy(section)
        return score, sections

    def evaluate_word_pairs(
        self,
        pairs: PathLike,
        delimiter: str | None = "\t",
        encoding: str = "utf8",
        restrict_vocab: int | None = 300_000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
    ) -> tuple[Any, Any, float]:
        """Evaluate similarities; see `w2v.KeyedVectors`. Invalid lines are skipped and logged."""
        invalid: list[str] = []
        pearson, spearman, ratio = evaluation.evaluate_word_pairs(
            self,
            pairs,
            delimiter,
            encoding,
            restrict_vocab,
            case_insensitive,
            dummy4unknown,
            invalid=invalid,
        )
        _log_skipped(invalid)
        self.log_evaluate_word_pairs(pearson, spearman, ratio, pairs)
        return pearson, spearman, ratio

    @staticmethod
    def log_accuracy(section: dict[str, Any]) -> None:
        """Log the accuracy of a section of `evaluate_word_analogies`."""
        correct, wrong = len(section["correct"]), len(section["incorrect"])
        if correct + wrong:
            share = 100.0 * correct / (correct + wrong)
            logger.info("%s: %.1f%% (%i/%i)", section["section"], share, correct, correct + wrong)

    @staticmethod
    def log_evaluate_word_pairs(pearson: Any, spearman: Any, oov: float, pairs: object) -> None:
        """Log the results of `evaluate_word_pairs`."""
        logger.info("%s: Pearson correlation %.4f", pairs, pearson[0])
        logger.info("%s: Spearman rank correlation %.4f", pairs, spearman[0])
        logger.info("%s: %.1f%% of pairs with unknown words", pairs, oov)

    # ---- Files ----

    @classmethod
    def load(cls, path: PathLike, mmap: Any = None, *, vectors: str = "input") -> KeyedVectors:
        """Read what `save` wrote, here, in w2v or in gensim, or the vectors of a whole model.

        Parameters
        ----------
        path : str or path-like
            A safetensors file, or a pickle of gensim, which is read without running code in it.
        mmap : str or bool, optional
            Map a safetensors file into memory, read-only; gensim's "r" means the same.
        vectors : {"input", "output", "combined"}, default "input"
            Of a whole model; see `w2v.KeyedVectors.load`.

        Warns
        -----
        UserWarning
            If a pickle has attributes that w2v has no place for.

        Raises
        ------
        ValueError, OSError
            See `w2v.KeyedVectors.load` and `read`.
        """
        kind = check_kind(vectors)
        if gensim_pickle.is_pickle(path):
            if kind != "input":
                whole: Any = cls.read(path, format="gensim", vectors=kind)
                return whole  # type: ignore[no-any-return]
            content = gensim_pickle.read(path, integer_keys=True)
            made: Any = cls._from_file(path, content.words, content.vectors, content.counts)
            made._attributes.update(content.attributes)
            if content.subwords is not None:
                made.subwords = SubwordVectors(content.subwords)
            return made  # type: ignore[no-any-return]
        found = safetensors_file.read_vectors(path, mmap=bool(mmap), outputs=kind != "input")
        words = _restore_keys(path, found)
        made = cls._from_file(path, words, found.vectors, found.counts, check=not mmap)
        made._attributes.update(found.attributes)
        made._processed(found.processing)
        if "vectors_lockf" in found.metadata:
            with reading(path):
                made._set_lock_runs(json.loads(found.metadata["vectors_lockf"]))
        if kind != "input":
            made = made._of_model(path, kind, found.outputs, found.metadata)
        return made  # type: ignore[no-any-return]

    def _check_complete(self) -> None:
        """Raise unless each key has a row; give it one value of each attribute, too."""
        keys, rows = len(self.index_to_key), len(self._state.vectors)
        if keys != rows:
            raise ValueError(
                f"index_to_key has {keys:,} keys, but vectors has {rows:,} rows: expected a row "
                "for each key; assign the other one, too, or call resize_vectors()"
            )
        if any(len(values) != keys for values in _Expandos(self).arrays()):
            self.allocate_vecattrs()

    def save(self, path: Any, *args: Any, **kwargs: Any) -> None:
        """Write a safetensors file, whatever its name.

        Parameters
        ----------
        path : str, path-like, or a binary file
        *args, **kwargs
            Options for pickles (``separately``, ``sep_limit``, ``ignore``, ``pickle_protocol``),
            accepted without effect: there is one file.

        Raises
        ------
        TypeError
            If a key is neither a string nor an integer.
        ValueError
            If there is not one row for each key.
        OSError
            If the file cannot be written; an existing file is left unchanged.
        """
        if hasattr(path, "write"):
            with tempfile.TemporaryDirectory() as folder:
                whole = Path(folder) / "vectors"
                self.save(whole)
                path.write(whole.read_bytes())
            return
        self._check_complete()
        kept = self._subset(_is_used)
        if kept is not self:
            kept.save(path)
            return
        keys = self.index_to_key
        integers = [row for row, key in enumerate(keys) if isinstance(key, (int, np.integer))]
        other = next((key for key in keys if not self._is_key(key)), None)
        if other is not None:
            raise TypeError(
                f"{os.fspath(path)}: the key {other!r} is of type {type(other).__name__}: only "
                "strings and integers can be saved"
            )
        metadata = {"integer_keys": json.dumps(integers)} if integers else {}
        if (locks := self._locks_as_runs()) is not None:
            metadata["vectors_lockf"] = json.dumps(locks)
        vectors = np.asarray(self._state.vectors, np.float32)
        self._save(path, list(map(str, keys)), vectors, metadata)

    def export(self, path: PathLike, **options: Any) -> None:
        """Write vectors in a format that other programs read; see `w2v.KeyedVectors.export`.

        Keys that are not strings are written as ``str(key)``.
        """
        self._check_complete()
        kept = self._subset(_is_used)
        words, vectors = list(map(str, kept.index_to_key)), kept._state.vectors
        plain = w2v.vectors.KeyedVectors(words, np.asarray(vectors, np.float32), counts=kept.counts)
        plain._processed(kept._changes.processing)
        plain.export(path, **options)

    def save_word2vec_format(
        self,
        fname: PathLike,
        fvocab: PathLike | None = None,
        binary: bool = False,
        total_vec: int | None = None,
        write_header: bool = True,
        prefix: str = "",
        append: bool = False,
        sort_attr: str = "count",
    ) -> None:
        """Write word2vec text or binary format.

        White space in keys is written as ``_``, with a warning: no reader finds it in this format.

        Parameters
        ----------
        fname : str or path-like
        fvocab : str or path-like, optional
            Write the keys and their `sort_attr` to this file.
        binary : bool, default False
        total_vec : int, optional
            Number of vectors in the first line, if others will be appended.
        write_header : bool, default True
            Write the first line.
        prefix : str, default ""
            Text before each key.
        append : bool, default False
            Append to the file instead of replacing it.
        sort_attr : str, default "count"
            Write keys in descending order of this attribute, or in row order without it.

        Warns
        -----
        UserWarning
            If a key contains white space.

        Raises
        ------
        ValueError
            If a key is empty or not Unicode, which the format cannot represent; if a key with ``_``
            for white space is another key; or if there is no `sort_attr` for `fvocab`.
        """
        self._check_complete()
        kept = self._subset(_is_used)
        if kept is not self:
            kept.save_word2vec_format(
                fname, fvocab, binary, total_vec, write_header, prefix, append, sort_attr
            )
            return
        values = self.expandos.get(sort_attr)
        order = np.arange(len(self))
        if values is not None:
            order = np.argsort(-np.asarray(values), kind="stable")
        elif fvocab is not None:
            raise ValueError(f"fvocab: there is no attribute {sort_attr!r} to write")
        keys = [f"{prefix}{self.index_to_key[row]}" for row in order]
        if (strange := next(filter(_WHITE_SPACE.search, keys), None)) is not None:
            warn(
                f"key {strange!r} contains white space, which word2vec format cannot represent: it "
                "is written as '_'; save() keeps keys as they are"
            )
            keys = [word.decode() for word in word2vec_format.encode(keys, "replace")[0]]
        if fvocab is not None:
            assert values is not None
            lines = (f"{key} {value}\n" for key, value in zip(keys, values[order], strict=True))
            with utils.open(fvocab, "ab" if append else "wb") as file:
                file.write("".join(lines).encode("utf8"))
        vectors = self._state.vectors
        rows = vectors if (order[1:] > order[:-1]).all() else vectors[order]
        with tempfile.TemporaryDirectory() as folder:
            # The extension says how the file is compressed; so are the parts of such a file.
            part = Path(folder) / f"part{Path(fname).suffix}"
            word2vec_format.write(
                part if append else fname,
                keys,
                np.asarray(rows, np.float32),
                binary=binary,
                header=write_header,
                declared=total_vec,
            )
            if append:
                with part.open("rb") as source, Path(fname).open("ab") as target:
                    shutil.copyfileobj(source, target)

    @classmethod
    def load_word2vec_format(  # type: ignore[override]
        cls,
        fname: PathLike,
        fvocab: PathLike | None = None,
        binary: bool = False,
        encoding: str = "utf8",
        unicode_errors: str = "strict",
        limit: int | None = None,
        datatype: npt.DTypeLike = np.float32,
        no_header: bool = False,
    ) -> KeyedVectors:
        """Read word2vec text or binary format, written by any program.

        Parameters
        ----------
        fname : str or path-like
        fvocab : str or path-like, optional
            A file with a word and its count in each line. Without it, counts descend by one from
            word to word, as in gensim.
        binary : bool, default False
        encoding : str, default "utf8"
        unicode_errors : {"strict", "replace", "ignore"}
            For words that are not valid in `encoding`.
        limit : int, optional
            Read only the first `limit` words; default all.
        datatype : dtype, default float32
            Type of the numbers of the result.
        no_header : bool, default False
            The first line is a word already, as in GloVe's files; text only.

        Raises
        ------
        ValueError
            If the file is not in this format; also an EOFError if it is truncated, and a
            UnicodeDecodeError if a word is not in `encoding`.
        OSError
            If a file cannot be read.
        """
        known = None if fvocab is None else _read_counts(fvocab, unicode_errors)
        words, vectors = word2vec_format.read(
            fname,
            binary=binary,
            header=not no_header,
            limit=limit or None,
            errors=unicode_errors,
            encoding=encoding,
        )
        total = len(words)
        rows: dict[str, int] = {}
        for row, word in enumerate(words):
            rows.setdefault(word, row)
        if len(rows) < total:
            logger.warning("%s: %i duplicate words are left out", fname, total - len(rows))
            vectors = vectors[list(rows.values())]
        made = cls._from_file(fname, list(rows), vectors, None)
        if known is None:
            made.counts = np.arange(total, total - len(rows), -1)
        else:
            missing = [word for word in rows if word not in known]
            if missing:
                logger.warning("%s: no count for %r and others", fvocab, missing[0])
            made.counts = np.array([known.get(word, 0) for word in rows], np.int64)
        if np.dtype(datatype) != np.float32:
            made.vectors = vectors.astype(datatype)  # type: ignore[misc]
        return made  # type: ignore[return-value]

    def intersect_word2vec_format(
        self,
        fname: PathLike,
        lockf: float = 0.0,
        binary: bool = False,
        encoding: str = "utf8",
        unicode_errors: str = "strict",
    ) -> None:
        """Replace the vectors of keys that are in a file of word2vec format.

        Parameters
        ----------
        fname, binary, encoding, unicode_errors
            As for `load_word2vec_format`.
        lockf : float, default 0.0
            Factor of the updates of these keys in training, in `vectors_lockf`; 0 trains the others
            only.

        Raises
        ------
        ValueError
            If the vectors in the file have other dimensions; also as `load_word2vec_format`.
        """
        words, vectors = word2vec_format.read(
            fname, binary=binary, errors=unicode_errors, encoding=encoding
        )
        if vectors.shape[1] != self.vector_size:
            raise ValueError(
                f"{os.fspath(fname)}: vectors have {vectors.shape[1]} dimensions, expected "
                f"{self.vector_size}"
            )
        index = self.key_to_index
        found = {index[word]: row for row, word in enumerate(words) if word in index}
        rows = list(found)
        self._state.vectors[rows] = vectors[list(found.values())]
        self.mark_changed()
        if len(self.vectors_lockf) != len(self):
            self.vectors_lockf = np.resize(self.vectors_lockf, len(self))
        self.vectors_lockf[rows] = lockf
        logger.info("%s: replaced %i of %i vectors", fname, len(rows), len(self))

    def add_lifecycle_event(
        self, event_name: str, log_level: int | None = logging.INFO, **event: Any
    ) -> None:
        """Log an event; `lifecycle_events` has all of them. They are not saved."""
        self.__dict__.setdefault("lifecycle_events", []).append({"event": event_name, **event})
        if log_level is not None:
            logger.log(log_level, "%s %s %s", self, event_name, event)


class _Expandos(MutableMapping[str, npt.NDArray[Any]]):
    """The attributes of keys, counts included, as one mapping."""

    def __init__(self, kv: KeyedVectors) -> None:
        self._kv = kv

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        if name == "count" and self._kv._counts is not None:
            return self._kv._copy_counts_on_write()
        return self._kv._attributes[name]

    def __setitem__(self, name: str, values: npt.ArrayLike) -> None:
        array = np.asarray(values)
        if name == "count":
            self._kv._counts = self._kv._owned_counts = array.astype(np.int64, copy=False)
        else:
            self._kv._attributes[name] = array

    def __delitem__(self, name: str) -> None:
        if name == "count" and self._kv._counts is not None:
            self._kv._counts = None
        else:
            del self._kv._attributes[name]

    def __iter__(self) -> Iterator[str]:
        yield from () if self._kv._counts is None else ("count",)
        yield from self._kv._attributes

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __repr__(self) -> str:
        return repr(dict(self))

    def arrays(self) -> list[npt.NDArray[Any]]:
        """Return the arrays themselves, to be read only."""
        counts = self._kv._counts
        return [*self._kv._attributes.values(), *([] if counts is None else [counts])]


class CompatVocab:
    """What gensim 3 had for each word: its count and other attributes."""

    def __init__(self, **kwargs: Any) -> None:
        self.count = 0
        self.__dict__.update(kwargs)

    def __lt__(self, other: CompatVocab) -> bool:
        return bool(self.count < other.count)

    def __str__(self) -> str:
        shown = (f"{name}:{value!r}" for name, value in sorted(vars(self).items()))
        return f"{type(self).__name__}<{', '.join(shown)}>"


Vocab = CompatVocab
Word2VecKeyedVectors = KeyedVectors
WordEmbeddingsKeyedVectors = KeyedVectors
Doc2VecKeyedVectors = KeyedVectors
EuclideanKeyedVectors = KeyedVectors


# ---- Functions -----------------------------------------------------------------------------------


def load_word2vec_format(*args: Any, **kwargs: Any) -> KeyedVectors:
    """Return `KeyedVectors.load_word2vec_format`."""
    return KeyedVectors.load_word2vec_format(*args, **kwargs)


def _load_word2vec_format(
    cls: type[KeyedVectors], fname: PathLike, *args: Any, binary_chunk_size: int = 0, **kwargs: Any
) -> KeyedVectors:
    """Return `cls.load_word2vec_format`; files are read in chunks of a size of our own."""
    return cls.load_word2vec_format(fname, *args, **kwargs)


def pseudorandom_weak_vector(
    size: int, seed_string: str | None = None, hashfxn: Any = hash
) -> FloatArray:
    """Return a random vector in ±0.5/size; the same one for the same seed and hash function."""
    seed = None if not seed_string else hashfxn(seed_string) & 0xFFFFFFFF
    numbers: FloatArray = np.random.default_rng(seed).random(size, np.float32) - np.float32(0.5)
    numbers /= np.float32(size)
    return numbers


def prep_vectors(
    target_shape: tuple[int, int],
    prior_vectors: FloatArray | None = None,
    seed: int = 0,
    dtype: npt.DTypeLike = REAL,
) -> FloatArray:
    """Return a matrix of this shape: prior vectors, and random ones in ±1/dimensions.

    A matrix that has the shape already is returned itself.
    """
    if prior_vectors is not None and prior_vectors.shape == tuple(target_shape):
        return prior_vectors
    limit = 1 / max(1, target_shape[1])
    made: FloatArray
    made = np.random.default_rng(seed).uniform(-limit, limit, target_shape).astype(dtype)
    if prior_vectors is not None:
        rows, columns = prior_vectors.shape
        made[:rows, :columns] = prior_vectors[: len(made)]
    return made


def _is_used(key: Key) -> bool:
    """Return whether a key is one, and not that of a row that was allocated ahead."""
    return key is not None


def _is_word(key: Key) -> bool:
    return isinstance(key, str)


def assign(name: str, target: npt.NDArray[Any], value: npt.NDArray[Any]) -> None:
    """Write values to an array of the same shape; NumPy would repeat those of a smaller one."""
    if value.shape != target.shape:
        raise ValueError(f"{name} has shape {value.shape}: expected {target.shape}")
    target[:] = value


def _restore_keys(path: PathLike, found: safetensors_file.VectorFile) -> Any:
    """Return the keys of a file; those that were integers before are again."""
    words: Any = found.words
    if "integer_keys" not in found.metadata:
        return words
    try:
        rows = set(json.loads(found.metadata["integer_keys"]))
        words = words if isinstance(words, list) else words.unpack()
        return [int(word) if row in rows else word for row, word in enumerate(words)]
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{os.fspath(path)}: the list of integer keys is corrupt ({error}); copy or create the "
            "file again"
        ) from error


def _read_counts(path: PathLike, errors: str) -> dict[str, int]:
    """Return the counts in a file of words and counts."""
    counts = {}
    with utils.open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            fields = line.decode("utf8", errors).split()
            if len(fields) != 2 or not fields[1].isdecimal():
                raise ValueError(
                    f"{os.fspath(path)}: line {number:,} is {line[:60]!r}: expected a word and its "
                    "count"
                )
            counts[fields[0]] = int(fields[1])
    return counts


def _log_skipped(invalid: list[str]) -> None:
    for message in invalid:
        logger.info("skipped an invalid line: %s", message)
