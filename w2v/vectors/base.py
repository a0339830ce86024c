"""BaseKeyedVectors: words, each with a row of a matrix; looking them up, adding and changing them.

Holds one matrix and no normalised copy of it. What compares the rows is in `comparing`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from w2v._types import FloatArray
from w2v._validation import at_least
from w2v.io.words import MappedWords
from w2v.vectors.distances import row_norms
from w2v.vectors.knn import normalize_rows
from w2v.vectors.suggestions import SpellingSuggester

if TYPE_CHECKING:
    from w2v.vectors.subwords import SubwordVectors


_SEARCHES = 20  # for words in a mapped file before a dict is made: a dict takes as long as 50
_PIECE = 1 << 20  # numbers widened to float64 at a time


class BaseKeyedVectors:
    """Words and the rows of a matrix; `KeyedVectors` says what the parameters are."""

    subwords: SubwordVectors | None = None

    def __init__(
        self,
        words: Sequence[str] | MappedWords,
        vectors: FloatArray,
        *,
        counts: npt.ArrayLike | None = None,
        fixed_vocab: bool = False,
    ) -> None:
        if isinstance(words, str):
            raise TypeError(f"words={words[:40]!r} is a single string: expected a list of words")
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
        self._packed = words if isinstance(words, MappedWords) else None
        self._searches = _SEARCHES
        if not isinstance(words, MappedWords):
            words = self.index_to_key = list(words)
        if len(words) != len(vectors):
            raise ValueError(
                f"{len(words):,} words but {len(vectors):,} rows in vectors: expected "
                "one row for each word"
            )
        if self._packed is None:
            self.key_to_index = _number(self.index_to_key)
        self.counts = None if counts is None else _whole(counts, len(vectors))
        self._vectors = vectors
        self._counted: npt.NDArray[np.int64] | None = None  # counts that are nobody else's
        self.version = 0  # how often vectors were changed here
        self._norms: FloatArray | None = None
        self._room: FloatArray | None = None  # what `vectors` is the first rows of, after additions
        self._attributes: dict[str, npt.NDArray[Any]] = {}
        self._spellings: SpellingSuggester | None = None
        self._fixed_vocab = fixed_vocab

    # Of a mapped file, both are made when they are first asked for; otherwise `__init__` sets them.

    @cached_property
    def index_to_key(self) -> list[str]:
        """The word of each row."""
        assert self._packed is not None
        return self._packed.unpack()

    @cached_property
    def key_to_index(self) -> dict[str, int]:
        """The row of each word."""
        assert self._packed is not None
        try:
            return _number(self.index_to_key)
        except ValueError as error:
            raise ValueError(f"{self._packed.path}: {error}") from None

    @property
    def vectors(self) -> FloatArray:
        """The matrix itself, not a copy: one row for each word, in `index_to_key`'s order."""
        return self._vectors

    @property
    def vector_size(self) -> int:
        """Dimensions of a word vector."""
        return int(self._vectors.shape[1])

    def __len__(self) -> int:
        return len(self._vectors)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._row(key) is not None

    def __repr__(self) -> str:
        counts = "" if self.counts is None else f", {self.counts.sum():,} occurrences"
        return (
            f"<{type(self).__name__}: {len(self):,} words{counts}, {self.vector_size} dimensions>"
        )

    # ---- Looking up ----

    def __getitem__(self, key: str | Iterable[str]) -> FloatArray:
        """Return the vector of a word, or of each word of a list.

        Parameters
        ----------
        key : str or iterable of str

        Returns
        -------
        ndarray of float32, shape (vector_size,) or (len(key), vector_size)
            A copy: changing it changes nothing here, and training on does not change it.

        Raises
        ------
        KeyError
            A word is not in the vocabulary.
        TypeError
            A key is no string.
        """
        if isinstance(key, Iterable) and not isinstance(key, (str, bytes)):
            rows = [self.get_index(one) for one in key]
            return self.vectors[np.array(rows, dtype=np.intp)]
        return self.get_vector(key)

    def get_vector(self, key: str, norm: bool = False) -> FloatArray:
        """Return a copy of the word's vector; with `norm`, scaled to length 1 (zeros stay zeros).

        Parameters
        ----------
        key : str
        norm : bool, default False

        Returns
        -------
        ndarray of float32, shape (vector_size,)

        Raises
        ------
        KeyError
            The word is not in the vocabulary.
        TypeError
            The key is no string.
        """
        vector: FloatArray = np.array(self.vectors[self.get_index(key)])
        return unit(vector).astype(np.float32) if norm else vector

    def get_index(self, key: str, default: int | None = None) -> int:
        """Return the word's row number, or `default`, unless that is None, for an unknown word.

        Parameters
        ----------
        key : str
        default : int, optional

        Returns
        -------
        int

        Raises
        ------
        KeyError
            The word is not in the vocabulary and there is no default.
        TypeError
            The key is no string; an integer is not taken for a row number.
        """
        if not isinstance(key, str):
            raise TypeError(
                f"key {key!r} is of type {type(key).__name__}: expected a word (str); for a row "
                "number use .vectors[row] and .index_to_key[row]"
            )
        index = self._row(key)
        if index is None:
            index = default
        if index is None:
            raise KeyError(f"word {key!r} is not in the vocabulary{self._hint(key)}")
        return index

    def _row(self, key: str) -> int | None:
        """Return the word's row, or None; the first few words of a mapped file without a dict."""
        if self._packed is None or not self._searches or "key_to_index" in self.__dict__:
            return self.key_to_index.get(key)
        self._searches -= 1
        rows = self._packed.find(key)
        if len(rows) > 1:
            return self.key_to_index[key]  # raises
        return int(rows[0]) if len(rows) else None

    def has_index_for(self, key: object) -> bool:
        """Say whether there is a vector for the word, as ``key in wv`` does."""
        return key in self

    def _hint(self, key: str) -> str:
        """Return a hint at subwords, a variant in case or white space, or the nearest spelling."""
        if self.subwords is not None:
            return "; .subwords[word] makes a vector of its spelling"
        bare = key.strip()
        for other in (bare, bare.lower(), bare.casefold(), bare.capitalize(), bare.upper()):
            if other in self.key_to_index:
                return f", but {other!r} is"
        if self._spellings is None:
            self._spellings = SpellingSuggester(self.index_to_key)
        near = self._spellings.suggest(key)
        return "" if near is None else f"; the nearest spelling there is {near!r}"

    def get_vecattr(self, key: str, attr: str) -> Any:
        """Return what is known of a word besides its vector.

        Parameters
        ----------
        key : str
        attr : str
            "count", the word's occurrences, or what `set_vecattr` has set.

        Returns
        -------
        int for "count", otherwise what was set

        Raises
        ------
        KeyError
            The word is not in the vocabulary, there is no such attribute, or the counts are not
            known (word2vec's formats do not keep them).
        TypeError
            The key is no string.
        """
        index = self.get_index(key)
        if attr == "count" and self.counts is None:
            raise KeyError(
                f"the count of {key!r} is not known: these vectors came without counts (word2vec's "
                "formats keep none; save() does)"
            )
        values = self.counts if attr == "count" else self._attributes.get(attr)
        if values is None:
            known = " or ".join(map(repr, ["count", *self._attributes]))
            raise KeyError(f"there is no attribute {attr!r}: expected {known}")
        value = values[index]
        return value.item() if isinstance(value, np.generic) else value

    def set_vecattr(self, key: str, attr: str, val: Any) -> None:
        """Set what is known of a word besides its vector.

        Parameters
        ----------
        key : str
        attr : str
            Any name. Of other words it is then 0, False, or None. Only "count" is saved.
        val : object
            A count is an integer of at least 0.

        Raises
        ------
        KeyError
            The word is not in the vocabulary.
        TypeError, ValueError
            A count is no integer, or negative.
        """
        index = self.get_index(key)
        if attr == "count":
            self._may_change("set a count")
            value = at_least(0, "count", val)
            self._own_counts()[index] = value
            return
        values = self._attributes.get(attr)
        kind = _kind(val)
        if values is None:
            values = np.full(len(self), None if kind is object else 0, kind)
        elif values.dtype != kind:
            values = values.astype(object)
        values[index] = val
        self._attributes[attr] = values

    # ---- Changing ----

    def __setitem__(self, key: str | Sequence[str], value: npt.ArrayLike) -> None:
        """Set the vector of a word, or of each word of a list; unknown words are added.

        Parameters
        ----------
        key : str or sequence of str
        value : array_like, shape (vector_size,) or (len(key), vector_size)

        Raises
        ------
        TypeError, ValueError
            A key is no string, shapes do not fit, numbers are not finite, the vectors are mapped
            read-only, or a word is new and these are a model's vectors.
        """
        words, vectors = ([key], [value]) if isinstance(key, str) else (key, value)
        self.add_vectors(words, vectors, replace=True)  # type: ignore[arg-type]

    def add_vector(self, key: str, vector: npt.ArrayLike) -> int:
        """Add a word (or set a known one's vector); return its row. See `add_vectors`."""
        self.add_vectors([key], np.asarray(vector)[None], replace=True)
        return self.key_to_index[key]

    def add_vectors(
        self,
        keys: Sequence[str],
        weights: npt.ArrayLike,
        replace: bool = False,
        *,
        counts: npt.ArrayLike | None = None,
    ) -> None:
        """Add words and their vectors after the last row.

        Parameters
        ----------
        keys : sequence of str
            None twice.
        weights : array_like, shape (len(keys), vector_size)
        replace : bool, default False
            Words that are known already get the new vector; otherwise they keep theirs.
        counts : array_like of int, shape (len(keys),), optional
            Of the words added or replaced; default 0, where counts are known of the others.

        Raises
        ------
        TypeError
            A key is no string.
        ValueError
            A word stands twice, shapes do not fit, numbers are not finite, or a word is new and
            these are a model's vectors, which training has to find in place.

        Notes
        -----
        Adding words one by one copies all vectors only now and then: room is left for a quarter
        more. The array that was given to the constructor is never written beyond its rows.
        """
        if isinstance(keys, (str, bytes)):
            raise TypeError(f"keys={keys!r} is a single string: expected a list of words")
        keys = list(keys)
        rows_of = _number(keys)
        vectors = np.asarray(weights, dtype=np.float32)
        if not keys and not vectors.size:
            vectors = vectors.reshape(0, self.vector_size)
        if vectors.shape != (len(keys), self.vector_size):
            raise ValueError(
                f"weights has shape {np.shape(weights)}: expected ({len(keys)}, "
                f"{self.vector_size}), a vector for each word"
            )
        if not np.isfinite(vectors).all():
            bad = keys[int(np.flatnonzero(~np.isfinite(vectors).all(axis=1))[0])]
            raise ValueError(f"the vector of {bad!r} holds NaN or infinity: expected numbers")
        given = None if counts is None else _whole(counts, len(keys))
        new = [word for word in keys if word not in self.key_to_index]
        old = [word for word in keys if word in self.key_to_index] if replace else []
        if new:
            self._may_change(f"add {new[0]!r}")
        if old:
            self._may_write()
        if old and given is not None:
            self._may_change("set a count")
        self._grow(new)
        changed = new + old
        rows = [self.key_to_index[word] for word in changed]
        places = [rows_of[word] for word in changed]
        if changed:
            self._vectors[rows] = vectors[places]
            self.mark_changed()
        if given is not None:
            self._own_counts()[rows] = given[places]

    def _grow(self, words: list[str]) -> None:
        """Append rows for the words, and entries in all that has one for each word."""
        if not words:
            return
        before, after = len(self), len(self) + len(words)
        if self._room is None or len(self._room) < after:
            spare = after // 4 if len(words) == 1 else 0
            room = np.empty((after + spare, self.vector_size), np.float32)
            room[:before] = self._vectors
            self._room = room
        self._vectors = self._room[:after]
        self.key_to_index.update(zip(words, range(before, after), strict=True))
        self.index_to_key.extend(words)
        if self.counts is not None:
            self._counted = self.counts = np.append(self.counts, np.zeros(len(words), np.int64))
        for name, values in self._attributes.items():
            more = np.full(len(words), None if values.dtype == object else 0, values.dtype)
            self._attributes[name] = np.append(values, more)
        self._spellings = None

    def _own_counts(self) -> npt.NDArray[np.int64]:
        """Return counts to write into: those given may belong to others, or to a file."""
        if self.counts is None:
            self._counted = self.counts = np.zeros(len(self), np.int64)
        elif self.counts is not self._counted:
            self._counted = self.counts = self.counts.copy()
        return self.counts

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the room for additions: a copy's vectors would be no view of it any more."""
        return {**self.__dict__, "_room": None, "_counted": None}

    def __copy__(self) -> BaseKeyedVectors:
        """Return one of the same vectors, whose words can be added to without changing this one."""
        made = object.__new__(type(self))
        made.__dict__.update(self.__getstate__())
        made.index_to_key = list(self.index_to_key)
        made.key_to_index = dict(self.key_to_index)
        made._attributes = {name: values.copy() for name, values in self._attributes.items()}
        return made

    def _may_change(self, what: str) -> None:
        if self._fixed_vocab:
            raise ValueError(
                f"cannot {what}: these vectors belong to a model, which has other arrays in the "
                "same order; change a copy: wv.vectors_for_all(wv.index_to_key, copy_vecattrs=True)"
            )

    def _may_write(self) -> None:
        if not self._vectors.flags.writeable:
            raise ValueError(
                "the vectors are read-only, mapped from a file: load them without mmap=True, or "
                "change a copy: wv.vectors_for_all(wv.index_to_key, copy_vecattrs=True)"
            )

    def unit_normalize_all(self) -> None:
        """Scale all vectors to length 1, in place; zero vectors stay.

        Raises
        ------
        ValueError
            The vectors are mapped read-only.
        """
        self._may_write()
        rows = max(1, _PIECE // self.vector_size)
        for first in range(0, len(self), rows):
            self._vectors[first : first + rows] = normalize_rows(
                self._vectors[first : first + rows]
            )
        self.mark_changed()

    def sort_by_descending_frequency(self) -> None:
        """Put the most frequent words first; words of one count stay in order.

        Raises
        ------
        ValueError
            Counts are not known, or these are a model's vectors.
        """
        self._may_change("sort")
        if self.counts is None:
            raise ValueError("cannot sort by frequency: these vectors came without counts")
        order = np.argsort(-self.counts, kind="stable")
        self._vectors, self._room = self._vectors[order], None
        self.counts = self.counts[order]
        self._attributes = {name: values[order] for name, values in self._attributes.items()}
        self.index_to_key = [self.index_to_key[row] for row in order]
        self.key_to_index = _number(self.index_to_key)
        self._spellings = None
        self.mark_changed()

    @property
    def norms(self) -> FloatArray:
        """Euclidean length of each vector, float32, shape (len(self),); computed once."""
        if self._norms is None:
            with np.errstate(over="ignore"):
                self._norms = row_norms(self.vectors).astype(np.float32)
        return self._norms

    def fill_norms(self, force: bool = False) -> None:
        """Compute `norms` now rather than when they are first needed.

        Parameters
        ----------
        force : bool, default False
            Also where they are known: after writing into `vectors`.
        """
        if force:
            self.mark_changed()
        _ = self.norms

    def get_normed_vectors(self) -> FloatArray:
        """Return a copy of all vectors, each scaled to length 1 (zeros stay zeros)."""
        rows = max(1, _PIECE // self.vector_size)
        normed = np.empty((len(self), self.vector_size), np.float32)
        for first in range(0, len(self), rows):
            normed[first : first + rows] = normalize_rows(self.vectors[first : first + rows])
        return normed

    def mark_changed(self) -> None:
        """Forget what was computed from the vectors; whoever changes them in place calls this."""
        self._norms = None
        self.version += 1


def _number(words: list[str]) -> dict[str, int]:
    """Return the row of each word, or raise where one is no string or stands twice."""
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
            f"word {word!r} stands twice, in rows {row:,} and {words.index(word, row + 1):,}: "
            "expected each word once; remove or rename one of them"
        )
    return rows


def _whole(counts: npt.ArrayLike, rows: int) -> npt.NDArray[np.int64]:
    """Return the counts as an int64 array with an entry for each row, or raise."""
    array = np.asarray(counts)
    if array.size and array.dtype.kind not in "iu":
        raise TypeError(f"counts is of type {array.dtype}: expected integers")
    if array.shape != (rows,):
        raise ValueError(
            f"counts has shape {array.shape}: expected ({rows},), one count for each word"
        )
    if (array < 0).any():
        raise ValueError(f"counts holds {int(array.min()):,}: expected none below 0")
    return array.astype(np.int64, copy=False)


def _kind(value: object) -> type:
    """Return the type of an array that holds values like this one exactly."""
    if isinstance(value, (bool, np.bool_)):
        return bool
    if isinstance(value, (int, np.integer)) and -(2**63) <= value < 2**63:
        return np.int64
    return np.float64 if isinstance(value, (float, np.floating)) else object


def unit(vector: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return the vector in float64, scaled to length 1 unless it is zero."""
    wide = vector.astype(np.float64)
    with np.errstate(invalid="ignore"):  # infinity gives NaN, as it must
        length = np.sqrt(wide @ wide)
        return wide / length if length > 0 else wide
