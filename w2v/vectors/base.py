"""BaseKeyedVectors: words with their rows of a matrix; look up, add and change them.

There is one matrix and no normalized copy of it. Queries that compare rows are in `similarity`.
"""

from __future__ import annotations

import contextlib
import copy
import numbers
import threading
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from w2v._attributes import WriteOnce
from w2v._types import FloatArray
from w2v._validation import as_array, at_least, require_list, require_unmasked
from w2v.io.processing import Step, Steps
from w2v.io.words import MappedWords
from w2v.vectors.distances import row_norms
from w2v.vectors.knn import normalize, normalize_rows
from w2v.vectors.suggestions import SpellingSuggester

if TYPE_CHECKING:
    from w2v.vectors.subwords import SubwordVectors


_LINEAR_SEARCHES = 20  # in a mapped file, before a dict is built, which costs as much as 50
_RENAMED = (
    "the list was changed in place; assign the whole list, wv.index_to_key = [...], so that words "
    "are looked up by it"
)
_CHUNK_FLOATS = 1 << 20  # converted to float64 at a time


class UnknownWordError(KeyError):
    """A word is not in the vocabulary.

    The message suggests another spelling, which takes longer than the look-up: it is made when it
    is shown, and not for a program that catches the error.
    """

    def __init__(self, wv: BaseKeyedVectors, key: str) -> None:
        super().__init__(key)
        self._wv, self._key = wv, key
        self._message: str | None = None

    def __str__(self) -> str:
        if self._message is None:
            suggestion = self._wv._suggestion(self._key)
            self._message = f"word {self._key!r} is not in the vocabulary{suggestion}"
        return self._message

    @property
    def args(self) -> tuple[Any, ...]:  # type: ignore[override]
        """The message."""
        return (str(self),)

    def __reduce__(self) -> Any:
        return KeyError, self.args


class _Changes:
    """What happened to a matrix; shared by all objects that share the matrix."""

    __slots__ = ("accesses", "processing", "trainings", "version")

    def __init__(self, processing: Steps = ()) -> None:
        self.version = 0  # changes that methods made or `mark_changed` reported
        self.accesses = 0  # how often the matrix was handed out, to be written perhaps
        self.trainings = 0  # that are going on
        self.processing = processing  # what was done to the vectors before


class _State:
    """A matrix and its words. To add words, a new state replaces the old one, in one assignment.

    Queries read a state once. The list and the dict may be longer than the matrix of an old state:
    rows are never renumbered in them.
    """

    __slots__ = ("norms", "rows", "vectors", "words")

    def __init__(
        self, words: list[str] | None, rows: dict[str, int] | None, vectors: FloatArray
    ) -> None:
        self.words, self.rows, self.vectors = words, rows, vectors
        # Norms, and the version and accesses of the matrix when they were computed.
        self.norms: tuple[FloatArray, tuple[int, int]] | None = None


class BaseKeyedVectors(WriteOnce):
    """Words and their rows of a matrix; the base of `KeyedVectors`, which documents it."""

    subwords: SubwordVectors | None = None

    _remedy = "write into it, as in wv.vectors[:] = ..., or make another KeyedVectors"
    _variable = frozenset({"subwords"})
    _renamed: ClassVar[Mapping[str, str]] = {  # names of gensim 3
        "vocab": "key_to_index, or get_vecattr(word, 'count')",
        "index2word": "index_to_key",
        "index2entity": "index_to_key",
        "syn0": "vectors",
        "syn0norm": "get_normed_vectors()",
        "vectors_norm": "get_normed_vectors()",
        "word_vec": "get_vector",
        "init_sims": "unit_normalize_all() or get_normed_vectors()",
        "accuracy": "evaluate_word_analogies",
        "wv": "the object itself: these are the vectors, not a model",
    }

    def __init__(
        self,
        words: Sequence[str] | MappedWords,
        vectors: FloatArray,
        *,
        counts: npt.ArrayLike | None = None,
        fixed_vocab: bool = False,
    ) -> None:
        if not isinstance(words, MappedWords):
            require_list("words", words, ordered=True)
        require_unmasked("vectors", vectors)
        if not isinstance(vectors, np.ndarray) or vectors.dtype != np.float32:
            found = getattr(vectors, "dtype", type(vectors).__name__)
            raise TypeError(
                f"vectors is of type {found}: expected a float32 array; convert it with "
                "numpy.asarray(vectors, dtype=numpy.float32)"
            )
        if vectors.ndim != 2 or vectors.shape[1] < 1:
            raise ValueError(
                f"vectors has shape {vectors.shape}: expected (words, dimensions), with at least "
                "one dimension"
            )
        self._mapped_words = words if isinstance(words, MappedWords) else None
        self._searches_left = _LINEAR_SEARCHES
        listed = None if isinstance(words, MappedWords) else list(words)
        if len(words) != len(vectors):
            raise ValueError(
                f"{len(words):,} words but {len(vectors):,} rows in vectors: expected "
                "one row for each word"
            )
        rows = None if listed is None else self._index(listed)
        self._state = _State(listed, rows, vectors)
        self._counts = None if counts is None else _check_counts(counts, len(vectors))
        self._attributes: dict[str, npt.NDArray[Any]] = {}
        self._fixed_vocab = fixed_vocab
        self._changes = _Changes()
        self._prepare()

    # What `w2v.compat` changes: its keys can be of other types.

    @classmethod
    def _make(cls, words: Any, vectors: FloatArray, counts: Any = None) -> Any:
        """Return an object of this class with words and vectors."""
        return cls(words, vectors, counts=counts)

    @staticmethod
    def _index(words: list[str]) -> dict[str, int]:
        """Return the row of each key, or raise for an invalid one or a duplicate."""
        return _build_key_to_index(words)

    @staticmethod
    def _is_key(item: object) -> bool:
        """Return whether an item of a query is a key; otherwise it is a vector."""
        return isinstance(item, str)

    def _words_only(self) -> BaseKeyedVectors:
        """Return an object whose keys are all words: `evaluation` needs their spelling."""
        return self

    def _prepare(self) -> None:
        """Set what no copy shares: room for additions, and the lock of writers."""
        self._owned_counts: npt.NDArray[np.int64] | None = None  # `counts`, if not shared
        self._capacity_matrix: FloatArray | None = None  # after additions: `vectors` and spare rows
        self._buffers: dict[str, npt.NDArray[Any]] = {}  # after additions: counts, attributes
        self._spellings: SpellingSuggester | None = None
        self._lock = threading.RLock()  # of writers; a reader takes it for an unknown word only

    # For a mapped file, words are decoded on first access.

    @property
    def index_to_key(self) -> list[str]:
        """The word of each row. Assign a list to rename words; do not change it in place."""
        state = self._state
        if state.words is None:
            assert self._mapped_words is not None
            state.words = self._mapped_words.unpack()
        return state.words

    @index_to_key.setter
    def index_to_key(self, words: Sequence[str]) -> None:
        require_list("index_to_key", words, ordered=True)
        self._check_resizable("rename words")
        with self._lock:
            listed = list(words)
            if len(listed) != len(self):
                raise ValueError(f"{len(listed):,} words: expected one for each row, {len(self):,}")
            self._state = _State(listed, self._index(listed), self._state.vectors)
            self._spellings = None

    @property
    def key_to_index(self) -> dict[str, int]:
        """The row of each word."""
        state = self._state
        if state.rows is None:
            assert self._mapped_words is not None
            try:
                state.rows = self._index(self.index_to_key)
            except ValueError as error:
                raise ValueError(f"{self._mapped_words.path}: {error}") from None
        return state.rows

    @property
    def counts(self) -> npt.NDArray[np.int64] | None:
        """Number of occurrences of each word; None if unknown."""
        return self._counts

    @counts.setter
    def counts(self, counts: npt.ArrayLike | None) -> None:
        self._check_resizable("set counts")
        self._counts = None if counts is None else _check_counts(counts, len(self))
        self._owned_counts = None

    @property
    def vectors(self) -> FloatArray:
        """The matrix itself, not a copy: one row per word, in the order of `index_to_key`.

        It can be written: ``wv.vectors[0] = vector``. Norms are then computed again. If you keep
        the array and write to it later, call `mark_changed`.
        """
        vectors = self._state.vectors
        if vectors.flags.writeable:
            self._changes.accesses += 1
        return vectors

    @property
    def vector_size(self) -> int:
        """Dimensions of a word vector."""
        return int(self._state.vectors.shape[1])

    def __len__(self) -> int:
        return len(self._state.vectors)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the words, in the order of `index_to_key`."""
        return iter(self.index_to_key)

    def __reversed__(self) -> Iterator[str]:
        """Iterate over the words from the last row to the first."""
        return reversed(self.index_to_key)

    def keys(self) -> list[str]:
        """Return the words, in the order of the rows, so that ``dict(wv)`` has their vectors."""
        return list(self.index_to_key)

    def _ipython_key_completions_(self) -> list[str]:
        """Return what IPython offers after ``wv["ki<Tab>``."""
        return self.index_to_key

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._row(key) is not None

    def __repr__(self) -> str:
        counts = "" if self.counts is None else f", {self.counts.sum():,} occurrences"
        return (
            f"<{type(self).__name__}: {len(self):,} words{counts}, {self.vector_size} dimensions>"
        )

    # ---- Looking up ----

    def __getitem__(self, key: str | Iterable[str]) -> FloatArray:
        """Return the vector of a word, or the vectors of a list of words.

        Parameters
        ----------
        key : str or iterable of str

        Returns
        -------
        ndarray of float32, shape (vector_size,) or (len(key), vector_size)
            A copy, independent of later changes and training.

        Raises
        ------
        KeyError
            If a word is not in the vocabulary.
        TypeError
            If a key is not a string.
        """
        if isinstance(key, Iterable) and not isinstance(key, (str, bytes)):
            require_list("key", key, ordered=True)
            rows = [self.get_index(one) for one in key]
            return self._state.vectors[np.array(rows, dtype=np.intp)]
        return self.get_vector(key)

    def get_vector(self, key: str, norm: bool = False) -> FloatArray:
        """Return a copy of the vector of a word.

        Parameters
        ----------
        key : str
        norm : bool, default False
            Scale the copy to length 1; a zero vector stays zero.

        Returns
        -------
        ndarray of float32, shape (vector_size,)

        Raises
        ------
        KeyError
            If the word is not in the vocabulary.
        TypeError
            If the key is not a string.
        """
        vector: FloatArray = self._row_vector(self.get_index(key)).copy()
        return normalize(vector).astype(np.float32) if norm else vector

    def _row_vector(self, row: int) -> FloatArray:
        """Return a row of the matrix as it is now: the look-up came first."""
        vector: FloatArray = self._state.vectors[row]
        return vector

    def get_index(self, key: str, default: int | None = None) -> int:
        """Return the row number of a word.

        Parameters
        ----------
        key : str
        default : int, optional
            Returned for an unknown word; None raises a KeyError.

        Returns
        -------
        int

        Raises
        ------
        KeyError
            If the word is not in the vocabulary and `default` is None.
        TypeError
            If the key is not a string; an integer is not interpreted as a row number.
        """
        if not isinstance(key, str):
            hint = ""
            if isinstance(key, numbers.Integral) and str(int(key)) in self:
                hint = f"the word of the id is {str(int(key))!r}; "
            raise TypeError(
                f"key {key!r} is of type {type(key).__name__}: {hint}expected a word (str); for a "
                "row number use .vectors[row] and .index_to_key[row]"
            )
        index = self._row(key)
        if index is None:
            index = default
        if index is None:
            raise UnknownWordError(self, key)
        return index

    def _row(self, key: str) -> int | None:
        """Return the row of the word, or None. The first look-ups in a mapped file need no dict."""
        mapped = self._mapped_words
        if mapped is None or not self._searches_left or self._state.rows is not None:
            row = self.key_to_index.get(key)
            if row is None:
                with self._lock:  # another thread may be adding it
                    row = self.key_to_index.get(key)
            if row is not None and self.index_to_key[row] != key:
                raise KeyError(f"word {key!r} was renamed in index_to_key: {_RENAMED}")
            return row
        self._searches_left -= 1
        rows = mapped.find(key)
        if len(rows) > 1:
            return self.key_to_index[key]  # raises: a duplicate
        return int(rows[0]) if len(rows) else None

    def has_index_for(self, key: object) -> bool:
        """Return whether there is a vector for the word, as ``key in wv`` does."""
        return key in self

    def _suggestion(self, key: str) -> str:
        """Return the end of a message: subwords, another case, or the nearest spelling."""
        if self.subwords is not None:
            return "; .subwords[word] computes a vector from its subwords"
        if key in self.index_to_key:
            return f", but in index_to_key: {_RENAMED}"
        bare = key.strip()
        for other in (bare, bare.lower(), bare.casefold(), bare.capitalize(), bare.upper()):
            if other in self.key_to_index:
                return f", but {other!r} is"
        if not key.isascii():
            for form in ("NFC", "NFD", "NFKC", "NFKD"):
                if unicodedata.normalize(form, bare) in self.key_to_index:
                    return (
                        ", but the same characters in another Unicode form are; pass "
                        f"unicodedata.normalize({form!r}, word)"
                    )
        if self._spellings is None:
            words = [word for word in self.index_to_key if isinstance(word, str)]
            self._spellings = SpellingSuggester(words)
        near = self._spellings.suggest(key)
        return "" if near is None else f"; the nearest spelling is {near!r}"

    def get_vecattr(self, key: str, attr: str) -> Any:
        """Return an attribute of a word.

        Parameters
        ----------
        key : str
        attr : str
            "count", the number of occurrences, or an attribute that `set_vecattr` has set.

        Returns
        -------
        int for "count", otherwise the value that was set

        Raises
        ------
        KeyError
            If the word is not in the vocabulary, the attribute does not exist, or the counts are
            unknown (the word2vec formats do not contain them).
        TypeError
            If the key is not a string.
        """
        index = self.get_index(key)
        if attr == "count" and self.counts is None:
            raise KeyError(
                f"the count of {key!r} is unknown: these vectors have no counts (the word2vec "
                "formats do not contain them; files written by save() do)"
            )
        values = self.counts if attr == "count" else self._attributes.get(attr)
        if values is None:
            known = " or ".join(map(repr, ["count", *self._attributes]))
            raise KeyError(f"unknown attribute {attr!r}: expected {known}")
        value = values[index]
        return value.item() if isinstance(value, np.generic) else value

    def set_vecattr(self, key: str, attr: str, val: Any) -> None:
        """Set an attribute of a word.

        Parameters
        ----------
        key : str
        attr : str
            Any name. Other words get 0, False or None.
        val : object
            For "count", an integer of at least 0.

        Raises
        ------
        KeyError
            If the word is not in the vocabulary.
        TypeError, ValueError
            If a count is negative or not an integer, or the vocabulary is fixed.
        """
        index = self.get_index(key)
        if attr == "count":
            self._check_resizable("set a count")
            value = at_least(0, "count", val)
            self._copy_counts_on_write()[index] = value
            return
        values = self._attributes.get(attr)
        dtype = _attr_dtype(val)
        if values is None:
            values = np.full(len(self), None if dtype is object else 0, dtype)
        elif values.dtype != dtype:
            values = values.astype(object)
        values[index] = val
        self._attributes[attr] = values

    # ---- Changing ----

    def __setitem__(self, key: str | Sequence[str], value: npt.ArrayLike) -> None:
        """Set the vector of a word, or the vectors of a list of words; add unknown words.

        Parameters
        ----------
        key : str or sequence of str
        value : array_like, shape (vector_size,) or (len(key), vector_size)

        Raises
        ------
        TypeError, ValueError
            If a key is not a string, shapes do not match, numbers are not finite, the vectors are
            read-only, or a word is new and the vocabulary is fixed.
        """
        words, vectors = ([key], [value]) if isinstance(key, str) else (key, value)
        self.add_vectors(words, vectors, replace=True)  # type: ignore[arg-type]

    def add_vector(self, key: str, vector: npt.ArrayLike) -> int:
        """Add a word, or replace its vector, and return its row; see `add_vectors`."""
        self.add_vectors([key], as_array("vector", vector)[None], replace=True)
        return self.key_to_index[key]

    def add_vectors(
        self,
        keys: Sequence[str],
        weights: npt.ArrayLike,
        replace: bool = False,
        *,
        counts: npt.ArrayLike | None = None,
    ) -> None:
        """Append words and their vectors.

        Parameters
        ----------
        keys : sequence of str
            Without duplicates.
        weights : array_like, shape (len(keys), vector_size)
        replace : bool, default False
            Replace the vectors of words that exist already; by default they keep theirs.
        counts : array_like of int, shape (len(keys),), optional
            Counts of the words added or replaced; default 0, if other words have counts.

        Raises
        ------
        TypeError
            If a key is not a string.
        ValueError
            If a word is a duplicate, shapes do not match, numbers are not finite, or a word is new
            and the vocabulary is fixed.

        Notes
        -----
        Words can be added one by one: a copy of all vectors reserves a quarter more rows, so it
        is rarely needed. The array passed to the constructor is never written beyond its rows.
        """
        require_list("keys", keys, ordered=True)
        keys = list(keys)
        position_of = self._index(keys)
        vectors = as_array("weights", weights, np.float32)
        if not keys and not vectors.size:
            vectors = vectors.reshape(0, self.vector_size)
        if vectors.shape != (len(keys), self.vector_size):
            raise ValueError(
                f"weights has shape {np.shape(weights)}: expected ({len(keys)}, "
                f"{self.vector_size}), one vector for each word"
            )
        if not np.isfinite(vectors).all():
            bad = keys[int(np.flatnonzero(~np.isfinite(vectors).all(axis=1))[0])]
            raise ValueError(f"the vector of {bad!r} contains NaN or infinity")
        new_counts = None if counts is None else _check_counts(counts, len(keys))
        with self._lock:
            new = [word for word in keys if word not in self.key_to_index]
            old = [word for word in keys if word in self.key_to_index] if replace else []
            if new:
                self._check_resizable(f"add {new[0]!r}")
            if old:
                self._check_writable()
            if old and new_counts is not None:
                self._check_resizable("set a count")
            rows = [self.key_to_index[word] for word in old]
            if rows:
                self._state.vectors[rows] = vectors[[position_of[word] for word in old]]
                self.mark_changed()
            if new:
                rows += range(len(self), len(self) + len(new))
                self._append_rows(new, vectors[[position_of[word] for word in new]])
            if new_counts is not None:
                positions = [position_of[word] for word in old + new]
                self._copy_counts_on_write()[rows] = new_counts[positions]

    def _append_rows(self, words: list[str], vectors: FloatArray) -> None:
        """Append rows for the words, with zero counts and attributes.

        Other threads may be reading: the rows and the words are in place before the new state
        replaces the old one, and a word can be looked up only after that.
        """
        known = self.key_to_index
        state = self._state
        before, after = len(self), len(self) + len(words)
        if self._capacity_matrix is None or len(self._capacity_matrix) < after:
            shape = (after + max(after // 4, 1), self.vector_size)
            matrix = np.empty(shape, state.vectors.dtype)
            matrix[:before] = state.vectors
            self._capacity_matrix = matrix
            self._changes = copy.copy(self._changes)
        self._capacity_matrix[before:after] = vectors
        if self._counts is not None:
            self._owned_counts = self._counts = self._extend("", self._counts, after, 0)
        for name, values in self._attributes.items():
            blank = None if values.dtype == object else 0
            self._attributes[name] = self._extend(name, values, after, blank)
        self.index_to_key.extend(words)
        self.mark_changed()
        self._state = _State(self.index_to_key, known, self._capacity_matrix[:after])
        known.update(zip(words, range(before, after), strict=True))
        self._spellings = None

    def _move(self, words: list[str], vectors: FloatArray, counts: npt.NDArray[np.int64]) -> None:
        """Take another matrix with the same words and more: that of a model whose vocabulary grew.

        Attributes of the new words are 0, False or None.
        """
        with self._lock:
            self._counts, self._owned_counts = counts, None
            for name, values in self._attributes.items():
                blank = None if values.dtype == object else 0
                self._attributes[name] = self._extend(name, values, len(words), blank)
            self._changes = copy.copy(self._changes)
            self._capacity_matrix = self._spellings = None
            self.mark_changed()
            self._state = _State(list(words), self._index(words), vectors)

    def _extend(
        self, name: str, values: npt.NDArray[Any], length: int, blank: Any
    ) -> npt.NDArray[Any]:
        """Return the values and `blank` up to this length, usually in the same memory."""
        buffer = self._buffers.get(name)
        if buffer is None or values.base is not buffer or len(buffer) < length:
            buffer = self._buffers[name] = np.empty(length + length // 4, values.dtype)
            buffer[: len(values)] = values
        buffer[len(values) : length] = blank
        return buffer[:length]

    def _copy_counts_on_write(self) -> npt.NDArray[np.int64]:
        """Return writable counts: the array passed in may be shared or mapped from a file."""
        if self._counts is None:
            self._owned_counts = self._counts = np.zeros(len(self), np.int64)
        elif self._counts is not self._owned_counts:
            self._owned_counts = self._counts = self._counts.copy()
        return self._counts

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the spare rows, and what copies do not share."""
        with self._lock:
            state = {**self.__dict__, "_changes": None, "_state": None}
            for name in ("_owned_counts", "_capacity_matrix", "_buffers", "_spellings", "_lock"):
                del state[name]
            matrix = self._state
            state |= {"_words": matrix.words, "_matrix_": matrix.vectors}
            return {**state, "_processing": self._changes.processing}

    def __setstate__(self, state: dict[str, Any]) -> None:
        words, vectors = state.pop("_words"), state.pop("_matrix_")
        processing = state.pop("_processing", ())  # older pickles have none
        self.__dict__.update(state)
        rows = None if words is None else self._index(words)
        self._state = _State(words, rows, vectors)
        self._changes = _Changes(processing)
        self._prepare()

    def __copy__(self) -> BaseKeyedVectors:
        """Return an object that shares the vectors; words can be added to it independently."""
        made = object.__new__(type(self))
        state = self.__getstate__()
        words = state["_words"]
        attributes = {name: values.copy() for name, values in self._attributes.items()}
        state |= {"_words": None if words is None else list(words), "_attributes": attributes}
        made.__setstate__(state)
        made._changes = self._changes
        return made

    def _check_resizable(self, action: str) -> None:
        if self._fixed_vocab:
            raise ValueError(
                f"cannot {action}: the vocabulary is fixed because these vectors belong to a "
                "model; change a copy: wv.vectors_for_all(wv.index_to_key, copy_vecattrs=True)"
            )

    def _check_writable(self) -> None:
        if not self._state.vectors.flags.writeable:
            reason = (
                "because they are mapped from a file: load them without mmap=True"
                if self._mapped_words is not None
                else "as the array is that they were made of: pass array.copy()"
            )
            raise ValueError(
                f"the vectors are read-only {reason}, or change a copy: "
                "wv.vectors_for_all(wv.index_to_key, copy_vecattrs=True)"
            )

    def unit_normalize_all(self) -> None:
        """Scale all vectors to length 1 in place; zero vectors stay zero.

        If the vectors were post-processed, this becomes a further step of `processing`.

        Raises
        ------
        ValueError
            If the vectors are read-only.
        """
        self._check_writable()
        for rows in self._chunks():
            self._state.vectors[rows] = normalize_rows(self._state.vectors[rows])
        if self._changes.processing:
            self._processed((Step("unit"),))
        self.mark_changed()

    def _processed(self, steps: Steps) -> None:
        """Record steps that the vectors went through, after those before."""
        self._changes.processing += steps
        if self.subwords is not None:
            self.subwords = self.subwords.processed(steps)

    def sort_by_descending_frequency(self) -> None:
        """Sort words by descending frequency; words with equal counts keep their order.

        Raises
        ------
        ValueError
            If the counts are unknown, or the vocabulary is fixed.
        """
        self._check_resizable("sort")
        if self.counts is None:
            raise ValueError("cannot sort by frequency: these vectors have no counts")
        with self._lock:
            order = np.argsort(-self.counts, kind="stable")
            words = [self.index_to_key[row] for row in order]
            state = _State(words, self._index(words), self._state.vectors[order])
            self._counts = self.counts[order]
            self._attributes = {name: each[order] for name, each in self._attributes.items()}
            self._capacity_matrix, self._spellings = None, None
            self.mark_changed()
            self._state = state

    def _matrix(self) -> tuple[FloatArray, FloatArray]:
        """Return the vectors and their norms, of one state: for reading, by queries.

        Norms are computed once, and again after a change: one that `mark_changed` reported, or an
        access to `vectors`, which may be written. They are not kept while a model trains.
        """
        state, changes = self._state, self._changes
        now = (changes.version, changes.accesses)
        kept = state.norms
        if kept is not None and kept[1] == now and not changes.trainings:
            return state.vectors, kept[0]
        with np.errstate(over="ignore"):
            norms = row_norms(state.vectors).astype(np.float32)
        state.norms = norms, now
        return state.vectors, norms

    @property
    def norms(self) -> FloatArray:
        """Euclidean norm of each vector, float32, shape (len(self),); computed once."""
        return self._matrix()[1]

    def fill_norms(self, force: bool = False) -> None:
        """Compute `norms` now instead of on first use.

        Parameters
        ----------
        force : bool, default False
            Compute them again, which is needed after writing to an array that `vectors` returned
            earlier; see `mark_changed`.
        """
        if force:
            self.mark_changed()
        _ = self.norms

    def get_normed_vectors(self) -> FloatArray:
        """Return a copy of all vectors, each scaled to length 1; zero vectors stay zero."""
        vectors = self._state.vectors
        normed = np.empty(vectors.shape, np.float32)
        for rows in self._chunks():
            normed[rows] = normalize_rows(vectors[rows])
        return normed

    def _chunks(self) -> Iterator[slice]:
        """Yield slices of rows that are small enough to be converted to float64."""
        step = max(1, _CHUNK_FLOATS // self.vector_size)
        for first in range(0, len(self), step):
            yield slice(first, first + step)

    @property
    def version(self) -> int:
        """Number of changes of the vectors so far; an index compares it to detect a change."""
        return self._changes.version

    def mark_changed(self) -> None:
        """Record that `vectors` was written to: discard cached norms and increase `version`.

        The methods that set vectors do this themselves, and so does ``wv.vectors[row] = vector``,
        in effect: it is needed after writing to an array that was kept.
        """
        self._changes.version += 1

    @contextlib.contextmanager
    def _being_trained(self) -> Iterator[None]:
        """Keep no norms in this context: the vectors change all the time."""
        changes = self._changes
        changes.trainings += 1
        try:
            yield
        finally:
            changes.trainings -= 1
            self.mark_changed()

    @contextlib.contextmanager
    def _at_rest(self) -> Iterator[None]:
        """Keep norms in this context, a break of `_being_trained`."""
        changes = self._changes
        trainings, changes.trainings = changes.trainings, 0
        self.mark_changed()
        try:
            yield
        finally:
            changes.trainings = trainings


def normalized_rows(wv: BaseKeyedVectors, rows: slice | npt.NDArray[np.intp]) -> FloatArray:
    """Return some vectors, scaled to length 1 by the cached norms; zero vectors stay zero."""
    vectors, norms = wv._matrix()
    norms = norms[rows, None]
    return np.divide(vectors[rows], np.where(norms > 0, norms, 1), dtype=np.float32)


def _build_key_to_index(words: list[str]) -> dict[str, int]:
    """Return the row of each word, or raise for a duplicate or an object that is not a string."""
    try:
        rows = dict(zip(words, range(len(words)), strict=True))
    except TypeError:  # unhashable
        rows = {}
    if not all(issubclass(kind, str) for kind in set(map(type, words))):
        row, word = next((i, word) for i, word in enumerate(words) if not isinstance(word, str))
        raise TypeError(
            f"word {word!r} (row {row:,}) is of type {type(word).__name__}: expected str"
        )
    if len(rows) < len(words):
        row, word = next((i, word) for i, word in enumerate(words) if rows[word] != i)
        raise ValueError(
            f"duplicate word {word!r} in rows {row:,} and {words.index(word, row + 1):,}: "
            "remove or rename one of them"
        )
    return rows


def _check_counts(counts: npt.ArrayLike, rows: int) -> npt.NDArray[np.int64]:
    """Return the counts as an int64 array with one entry per row, or raise."""
    array = as_array("counts", counts)
    if array.size and array.dtype.kind not in "iu":
        raise TypeError(f"counts is of type {array.dtype}: expected integers")
    if array.shape != (rows,):
        raise ValueError(
            f"counts has shape {array.shape}: expected ({rows},), one count for each word"
        )
    if (array < 0).any():
        raise ValueError(f"counts contains {int(array.min()):,}: expected no negative numbers")
    return array.astype(np.int64, copy=False)


def _attr_dtype(value: object) -> type:
    """Return the dtype of an array that represents values like this one exactly."""
    if isinstance(value, (bool, np.bool_)):
        return bool
    if isinstance(value, (int, np.integer)) and -(2**63) <= value < 2**63:
        return np.int64
    return np.float64 if isinstance(value, (float, np.floating)) else object
