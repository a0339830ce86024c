"""KeyedVectors: words and their vectors, to look up, compare and store.

Holds one matrix and no normalised copy of it; the training lives elsewhere.
"""

from __future__ import annotations

import numbers
import operator
import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from w2v.formats import native, word2vec
from w2v.neighbors import (
    DISTANCES,
    check_metric,
    largest,
    nearest,
    nearest_to_analogies,
    scores_of_one,
    unit_rows,
)
from w2v.spelling import Spellings

if TYPE_CHECKING:
    from w2v.evaluation import AnalogyReport, PairsReport
    from w2v.formats.fasttext import Subwords
    from w2v.index import VectorIndex

Floats = npt.NDArray[np.float32]
Item = str | npt.ArrayLike | tuple[str | npt.ArrayLike, float]
Filter = Callable[[str], bool] | Iterable[str] | npt.NDArray[np.bool_]

_PIECE = 1 << 20  # numbers widened to float64 at a time


class KeyedVectors:
    """Words and their vectors.

    Parameters
    ----------
    words : sequence of str
        One for each row, none twice.
    vectors : ndarray of float32, shape (len(words), vector_size)
        Kept as it is, not copied; the rows may be a view of longer ones.
    counts : array_like of int, shape (len(words),), optional
        How often each word occurred in the corpus.

    Attributes
    ----------
    index_to_key : list of str
        The word of each row.
    key_to_index : dict of str to int
        The row of each word.
    counts : ndarray of int64, shape (len(words),), or None
        None where they are not known.

    Raises
    ------
    TypeError
        A word is no string, or `vectors` is no float32 array.
    ValueError
        More or fewer words than rows, or a word that stands twice.

    Notes
    -----
    Words are the only keys. gensim takes an integer for a row number where it is no key; here it
    is a TypeError: use ``wv.vectors[5]`` or ``wv.index_to_key[5]``.

    The lengths of the vectors are computed once, and anew when words are set or added here. After
    writing into `vectors`, call ``fill_norms(force=True)``.
    """

    def __init__(
        self, words: Sequence[str], vectors: Floats, *, counts: npt.ArrayLike | None = None
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
        self.index_to_key = list(words)
        if len(self.index_to_key) != len(vectors):
            raise ValueError(
                f"{len(self.index_to_key):,} words but {len(vectors):,} rows in vectors: expected "
                "one row for each word"
            )
        self.key_to_index = _number(self.index_to_key)
        self.counts = None if counts is None else _whole(counts, len(vectors))
        self._vectors = vectors
        self._norms: Floats | None = None
        self._room: Floats | None = None  # what `vectors` is the first rows of, after additions
        self._attributes: dict[str, npt.NDArray[Any]] = {}
        self._spellings: Spellings | None = None
        self._of_model = False  # whose other arrays have a row for each word too

    @property
    def vectors(self) -> Floats:
        """The matrix itself, not a copy: one row for each word, in `index_to_key`'s order."""
        return self._vectors

    @property
    def vector_size(self) -> int:
        """Dimensions of a word vector."""
        return int(self._vectors.shape[1])

    def __len__(self) -> int:
        return len(self.index_to_key)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key in self.key_to_index

    def __repr__(self) -> str:
        counts = "" if self.counts is None else f", {self.counts.sum():,} occurrences"
        return f"<KeyedVectors: {len(self):,} words{counts}, {self.vector_size} dimensions>"

    # ---- Looking up ----

    def __getitem__(self, key: str | Iterable[str]) -> Floats:
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

    def get_vector(self, key: str, norm: bool = False) -> Floats:
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
        vector: Floats = np.array(self.vectors[self.get_index(key)])
        return _unit(vector).astype(np.float32) if norm else vector

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
        index = self.key_to_index.get(key, default)
        if index is None:
            raise KeyError(f"word {key!r} is not in the vocabulary{self._hint(key)}")
        return index

    def has_index_for(self, key: object) -> bool:
        """Say whether there is a vector for the word, as ``key in wv`` does."""
        return key in self

    def _hint(self, key: str) -> str:
        """Return a hint at a variant in case or outer white space, or at the nearest spelling."""
        bare = key.strip()
        for other in (bare, bare.lower(), bare.casefold(), bare.capitalize(), bare.upper()):
            if other in self.key_to_index:
                return f", but {other!r} is"
        if self._spellings is None:
            self._spellings = Spellings(self.index_to_key)
        near = self._spellings.nearest(key)
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
            if self.counts is None:
                self.counts = np.zeros(len(self), np.int64)
            self.counts[index] = _at_least("count", val, 0)
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
        vectors = (
            np.asarray(weights, dtype=np.float32).reshape(len(keys) or -1, self.vector_size)
            if np.size(weights) == len(keys) * self.vector_size
            else np.asarray(weights)
        )
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
        self._grow(new)
        changed = new + old
        rows = [self.key_to_index[word] for word in changed]
        places = [rows_of[word] for word in changed]
        self._vectors[rows] = vectors[places]
        if given is not None:
            if self.counts is None:
                self.counts = np.zeros(len(self), np.int64)
            self.counts[rows] = given[places]
        self._vectors_changed()

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
            self.counts = np.append(self.counts, np.zeros(len(words), np.int64))
        for name, values in self._attributes.items():
            more = np.full(len(words), None if values.dtype == object else 0, values.dtype)
            self._attributes[name] = np.append(values, more)
        self._spellings = None

    def _may_change(self, what: str) -> None:
        if self._of_model:
            raise ValueError(
                f"cannot {what}: these vectors belong to a model, which has other arrays in the "
                "same order; change a copy: KeyedVectors(wv.index_to_key, wv.vectors.copy())"
            )

    def _may_write(self) -> None:
        if not self._vectors.flags.writeable:
            raise ValueError(
                "the vectors are read-only, mapped from a file: load them without mmap=True, or "
                "change a copy: KeyedVectors(wv.index_to_key, wv.vectors.copy())"
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
            self._vectors[first : first + rows] = unit_rows(self._vectors[first : first + rows])
        self._vectors_changed()

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
        self._vectors_changed()

    def vectors_for_all(
        self, keys: Iterable[str], allow_inference: bool = True, copy_vecattrs: bool = False
    ) -> KeyedVectors:
        """Return vectors of those of the words that are known, each once, in the order given.

        Parameters
        ----------
        keys : iterable of str
        allow_inference : bool, default True
            Of no effect: what cannot be inferred is left out. As in gensim, for kinds of vectors
            that make those of unknown words.
        copy_vecattrs : bool, default False
            Copy counts and other attributes too.

        Returns
        -------
        KeyedVectors
            With vectors of its own.
        """
        words = [word for word in dict.fromkeys(keys) if word in self]
        rows = [self.key_to_index[word] for word in words]
        counts = self.counts[rows] if copy_vecattrs and self.counts is not None else None
        chosen = KeyedVectors(words, self[words], counts=counts)
        if copy_vecattrs:
            chosen._attributes = {name: values[rows] for name, values in self._attributes.items()}
        return chosen

    # ---- Comparing ----

    @property
    def norms(self) -> Floats:
        """Euclidean length of each vector, float32, shape (len(self),); computed once."""
        if self._norms is None:
            lengths = np.empty(len(self), np.float32)
            rows = max(1, _PIECE // self.vector_size)
            with np.errstate(over="ignore"):
                for first in range(0, len(self), rows):
                    wide = self.vectors[first : first + rows].astype(np.float64)
                    lengths[first : first + rows] = np.sqrt(np.einsum("ij,ij->i", wide, wide))
            self._norms = lengths
        return self._norms

    def fill_norms(self, force: bool = False) -> None:
        """Compute `norms` now rather than when they are first needed.

        Parameters
        ----------
        force : bool, default False
            Also where they are known: after writing into `vectors`.
        """
        if force:
            self._vectors_changed()
        _ = self.norms

    def get_normed_vectors(self) -> Floats:
        """Return a copy of all vectors, each scaled to length 1 (zeros stay zeros)."""
        rows = max(1, _PIECE // self.vector_size)
        normed = np.empty((len(self), self.vector_size), np.float32)
        for first in range(0, len(self), rows):
            normed[first : first + rows] = unit_rows(self.vectors[first : first + rows])
        return normed

    def _vectors_changed(self) -> None:
        """Forget what was computed from the vectors; whoever changes them in place calls this."""
        self._norms = None

    def most_similar(
        self,
        positive: Item | Sequence[Item] | None = None,
        negative: Item | Sequence[Item] | None = None,
        topn: int | None = 10,
        clip_start: int = 0,
        clip_end: int | None = None,
        restrict_vocab: int | None = None,
        *,
        metric: str = "cosine",
        filter: Filter | None = None,
        index: VectorIndex | None = None,
    ) -> Any:
        """Find the words nearest to a word, a vector, or a sum of some minus others.

        For cosines, the target is the sum of the positive items minus the negative ones, words
        scaled to length 1 and vectors as they are. For the other metrics words are taken as they
        are, and the sum is divided by the sum of the weights where that is above 0: two positive
        words give the point between them, two positive and one negative complete the
        parallelogram. Words given are left out of the answer.

        Parameters
        ----------
        positive, negative : str, array_like, tuple or sequence of these, optional
            A word, a vector of shape (vector_size,), or a tuple of one of these and its weight
            (default 1 for positive and -1 for negative; a weight given is used as it is).
        topn : int or None, default 10
            How many words to return. None returns the value of every row searched.
        clip_start, clip_end : int, optional
            Search only rows from `clip_start` to before `clip_end`; default all.
        restrict_vocab : int, optional
            Search only the first so many words, the most frequent where words are in that order:
            another name for `clip_end`.
        metric : {"cosine", "dot", "euclidean", "manhattan", "chebyshev"}, default "cosine"
        filter : callable, iterable of str, or ndarray of bool, optional
            Which words may be answers: those for which it returns True (it is asked once for each
            word searched), those in it (all known), or those of the rows where it is True.
        index : VectorIndex, optional
            Ask this index (see `index`) instead of comparing with every word: faster, and a few
            neighbours may be missed. Not with ``topn=None``, `filter` or a range of rows; `metric`
            is the index's.

        Returns
        -------
        list of (str, float), or ndarray of float32 where `topn` is None
            Words and their cosines or dot products, the largest first, or their distances, the
            smallest first; equal ones in row order. The array holds one value for each row
            searched, words given included. A zero vector has cosine 0.

        Raises
        ------
        KeyError
            A word is not in the vocabulary.
        TypeError, ValueError
            An item is no word or vector of the right shape, there are none, or a number is out
            of range.

        Examples
        --------
        >>> import numpy as np
        >>> vectors = np.array([[1, 0], [4, 3], [0, 1]], dtype=np.float32)
        >>> wv = KeyedVectors(["east", "east-north-east", "north"], vectors)
        >>> [(word, round(cosine, 3)) for word, cosine in wv.most_similar("east")]
        [('east-north-east', 0.8), ('north', 0.0)]
        >>> wv.most_similar("east", topn=1, metric="manhattan")
        [('north', 2.0)]
        """
        check_metric(metric)
        items = _items(positive, 1.0) + _items(negative, -1.0)
        target, given = self._direction(items, as_they_are=metric != "cosine")
        rows = self._searched(clip_start, clip_end, restrict_vocab)
        if topn is None and filter is not None:
            raise ValueError("topn=None returns the value of every row: leave out filter=")
        if topn is not None and _at_least("topn", topn, 0) == 0:
            return []
        if index is not None:
            if topn is None or filter is not None or len(self.vectors[rows]) != len(self):
                raise ValueError("index= goes with neither topn=None, filter= nor a range of rows")
            if metric != index.metric:
                raise ValueError(f"metric={metric!r}: this index was built for {index.metric!r}")
            from w2v.index import most_similar

            return most_similar(self, index, target, given, operator.index(topn))
        values = scores_of_one(self.vectors[rows], self.norms[rows], target, metric)
        if topn is None:
            return values
        return self._ranked(values, topn, given, rows, filter, metric in DISTANCES)

    def most_similar_cosmul(
        self,
        positive: Item | Sequence[Item] | None = None,
        negative: Item | Sequence[Item] | None = None,
        topn: int | None = 10,
        restrict_vocab: int | None = None,
    ) -> Any:
        """Find words by multiplying similarities instead of adding vectors.

        A word's score is the product of its similarities to the positive items, divided by that
        to the negative ones plus 1e-6, where a similarity is (cosine + 1) / 2. No single item
        then outweighs the others (Levy and Goldberg, 2014, equation 4).

        Parameters
        ----------
        positive, negative : str, array_like or sequence of these, optional
            Words or vectors; vectors of any length count by their direction.
        topn, restrict_vocab
            As for `most_similar`.

        Returns
        -------
        list of (str, float), or ndarray of float32 where `topn` is None
            Words and scores, the largest first.

        Raises
        ------
        KeyError, TypeError, ValueError
            As `most_similar`; or an item has a weight.
        """
        signed = [(item, 1) for item in _items(positive, 1.0)]
        signed += [(item, -1) for item in _items(negative, -1.0)]
        if not signed:
            raise ValueError("positive and negative are empty: give at least one word or vector")
        rows = self._searched(0, None, restrict_vocab)
        over, under = (np.ones(rows.stop, np.float32) for _ in range(2))
        given: list[int] = []
        for (item, weight), sign in signed:
            if weight != sign:
                raise ValueError(f"{item!r} has weight {weight}: products take no weights")
            direction, known = self._direction([(item, 1.0)])
            given += known
            cosines = scores_of_one(self.vectors[rows], self.norms[rows], direction, "cosine")
            np.multiply(over if sign > 0 else under, (1 + cosines) / 2, over if sign > 0 else under)
        scores = over / (under + np.float32(1e-6))
        if topn is None:
            return scores
        return self._ranked(scores, _at_least("topn", topn, 0), given, rows, None)

    def most_similar_batch(
        self,
        queries: Sequence[str] | npt.ArrayLike,
        topn: int = 10,
        *,
        restrict_vocab: int | None = None,
        metric: str = "cosine",
        filter: Filter | None = None,
    ) -> list[list[tuple[str, float]]]:
        """Find the words nearest to each of many words or vectors, by one product of matrices.

        Parameters
        ----------
        queries : sequence of str, or array_like of shape (q, vector_size)
        topn, restrict_vocab, metric, filter
            As for `most_similar`.

        Returns
        -------
        list of lists of (str, float), one for each query
            As `most_similar` returns for a single one, but for rounding.

        Raises
        ------
        KeyError
            A word is not in the vocabulary.
        TypeError, ValueError
            As `most_similar`.
        """
        check_metric(metric)
        rows = self._searched(0, None, restrict_vocab)
        targets, exclude = self._targets(queries)
        allowed = self._allowed(filter, rows)
        found, values = nearest(
            self.vectors[rows],
            self.norms,
            targets,
            _at_least("topn", topn, 0),
            exclude,
            metric=metric,
            allowed=allowed,
        )
        return self._named_rows(found, values)

    def analogies(
        self,
        questions: Sequence[Sequence[str]],
        topn: int = 1,
        *,
        restrict_vocab: int | None = None,
    ) -> list[list[tuple[str, float]]]:
        """Answer many questions "a is to b as c is to ...?" at once.

        Parameters
        ----------
        questions : sequence of (a, b, c)
            Words.
        topn : int, default 1
        restrict_vocab : int, optional
            Only the first so many words are answers; those asked for may be any.

        Returns
        -------
        list of lists of (str, float), one for each question
            What ``most_similar(positive=[b, c], negative=[a])`` returns, but for rounding.

        Raises
        ------
        KeyError
            A word is not in the vocabulary.
        TypeError, ValueError
            A question is no three words.
        """
        for number, question in enumerate(questions):
            if isinstance(question, str) or len(question) != 3:
                raise ValueError(f"question {number:,} is {question!r}: expected three words")
        asked = [[self.get_index(word) for word in question] for question in questions]
        a, b, c = np.array(asked, np.intp).reshape(-1, 3).T
        if restrict_vocab is not None:
            restrict_vocab = _at_least("restrict_vocab", restrict_vocab, 1)
        k = _at_least("topn", topn, 0)
        answers = nearest_to_analogies(
            self.vectors, self.norms, a, b, c, k, restrict_vocab=restrict_vocab
        )
        return self._named_rows(*answers)

    def similar_by_word(
        self, word: str, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Any:
        """Find the words most similar to a word; see `most_similar`."""
        self.get_index(word)
        return self.most_similar([word], topn=topn, restrict_vocab=restrict_vocab)

    def similar_by_key(
        self, key: str, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Any:
        """Find the words most similar to a word; gensim's other name of `similar_by_word`."""
        return self.similar_by_word(key, topn, restrict_vocab)

    def similar_by_vector(
        self, vector: npt.ArrayLike, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Any:
        """Find the words most similar to a vector of shape (vector_size,); see `most_similar`."""
        checked = self._vector(vector)
        return self.most_similar([checked], topn=topn, restrict_vocab=restrict_vocab)

    def similarity(self, w1: str, w2: str) -> float:
        """Return the cosine of two words' vectors, from -1 to 1; 0 where one of them is zero.

        Raises
        ------
        KeyError
            A word is not in the vocabulary.
        TypeError
            A key is no string.
        """
        return _cosine(self.get_vector(w1), self.get_vector(w2))

    def distance(
        self, w1: str | npt.ArrayLike, w2: str | npt.ArrayLike, *, metric: str = "cosine"
    ) -> float:
        """Return how far two words or vectors are apart.

        Parameters
        ----------
        w1, w2 : str or array_like of shape (vector_size,)
        metric : {"cosine", "dot", "euclidean", "manhattan", "chebyshev"}, default "cosine"
            "cosine": one minus the cosine, from 0 to 2. "dot": minus the dot product, so that
            smaller is nearer here too. The others: the 2-norm, 1-norm and maximum norm of the
            difference.

        Returns
        -------
        float

        Raises
        ------
        KeyError
            A word is not in the vocabulary.
        TypeError, ValueError
            An argument is no word or vector of the right shape, or there is no such metric.
        """
        check_metric(metric)
        a, b = self._point(w1), self._point(w2)
        with np.errstate(invalid="ignore"):
            if metric == "cosine":
                return 1.0 - _cosine(a, b)
            if metric == "dot":
                return -float(a @ b)
            order = {"euclidean": 2, "manhattan": 1, "chebyshev": np.inf}[metric]
            return float(np.linalg.norm(a - b, order))

    def distances(
        self,
        word_or_vector: str | npt.ArrayLike,
        other_words: Sequence[str] = (),
        *,
        metric: str = "cosine",
    ) -> Floats:
        """Return how far a word or vector is from other words, or from all.

        Parameters
        ----------
        word_or_vector : str or array_like of shape (vector_size,)
        other_words : sequence of str, default ()
            Empty: all words.
        metric : {"cosine", "dot", "euclidean", "manhattan", "chebyshev"}, default "cosine"
            As for `distance`.

        Returns
        -------
        ndarray of float32, shape (len(other_words) or len(self),)

        Raises
        ------
        KeyError
            A word is not in the vocabulary.
        TypeError, ValueError
            As `distance`.
        """
        check_metric(metric)
        if isinstance(other_words, (str, bytes)):
            raise TypeError(f"other_words={other_words!r} is a single string: expected a list")
        point = self._point(word_or_vector)
        vectors, norms = self.vectors, self.norms
        if len(other_words):
            rows = [self.get_index(word) for word in other_words]
            vectors, norms = vectors[rows], norms[rows]
        values = scores_of_one(vectors, norms, point, metric)
        if metric == "cosine":
            return np.subtract(1, values, out=values)
        return np.negative(values, out=values) if metric == "dot" else values

    def n_similarity(self, ws1: Sequence[str], ws2: Sequence[str]) -> float:
        """Return the cosine of the means of two sets of words' vectors (not scaled to length 1).

        Raises
        ------
        KeyError
            A word is not in the vocabulary.
        TypeError
            A single string was given in place of a list, or a key is no string.
        ValueError
            A list is empty.
        """
        means = []
        for name, words in (("ws1", ws1), ("ws2", ws2)):
            means.append(self[_listed(name, words)].mean(axis=0, dtype=np.float64))
        return _cosine(*means)

    def get_mean_vector(
        self,
        keys: Sequence[Any],
        weights: npt.ArrayLike | None = None,
        pre_normalize: bool = True,
        post_normalize: bool = False,
        ignore_missing: bool = True,
    ) -> Floats:
        """Return the weighted mean of words' vectors and other vectors.

        Parameters
        ----------
        keys : sequence of str or array_like of shape (vector_size,)
        weights : array_like, shape (len(keys),), optional
            Default 1. The sum is divided by the sum of their absolute values.
        pre_normalize : bool, default True
            Scale words' vectors to length 1 first (not those that are given as vectors).
        post_normalize : bool, default False
            Scale the mean to length 1.
        ignore_missing : bool, default True
            Leave out unknown words; False raises a KeyError. Where none is known the mean is 0.

        Returns
        -------
        ndarray of float32, shape (vector_size,)

        Raises
        ------
        KeyError
            A word is not in the vocabulary, and `ignore_missing` is False.
        TypeError, ValueError
            There are no keys, a key is neither word nor vector, or the shape of `weights` is wrong.
        """
        listed = _listed("keys", keys)
        each = np.ones(len(listed)) if weights is None else np.asarray(weights, np.float64)
        if each.shape != (len(listed),):
            raise ValueError(f"weights has shape {each.shape}: expected ({len(listed)},)")
        total, size = np.zeros(self.vector_size), 0.0
        for key, weight in zip(listed, each, strict=True):
            if isinstance(key, str) and ignore_missing and key not in self:
                continue
            point = self._point(key)
            total += weight * (_unit(point) if pre_normalize and isinstance(key, str) else point)
            size += abs(weight)
        mean = total / size if size > 0 else total
        return (_unit(mean) if post_normalize else mean).astype(np.float32)

    def rank_by_centrality(
        self, words: Sequence[str], use_norm: bool = True
    ) -> list[tuple[float, str]]:
        """Sort words by their similarity to the mean of all of them, the most central first.

        Parameters
        ----------
        words : sequence of str
        use_norm : bool, default True
            Compare directions alone; False: longer vectors score higher.

        Returns
        -------
        list of (float, str)

        Raises
        ------
        KeyError
            A word is not in the vocabulary (gensim leaves it out).
        TypeError, ValueError
            `words` is a single string, or empty.
        """
        listed = _listed("words", words)
        vectors = self[listed].astype(np.float64)
        if use_norm:
            vectors = np.array([_unit(vector) for vector in vectors])
        scores = vectors @ _unit(vectors.mean(axis=0))
        ranked = zip(scores.astype(np.float32).tolist(), listed, strict=True)
        return sorted(ranked, reverse=True)

    def doesnt_match(self, words: Sequence[str]) -> str:
        """Return the word that is least like the mean of all of them; see `rank_by_centrality`."""
        return self.rank_by_centrality(words)[-1][1]

    def most_similar_to_given(self, key1: str, keys_list: Sequence[str]) -> str:
        """Return that of the words which is most similar to `key1`."""
        listed: list[str] = _listed("keys_list", keys_list)
        return listed[int(np.argmin(self.distances(key1, listed)))]

    def closer_than(self, key1: str, key2: str) -> list[str]:
        """Return all words that are closer to `key1` than `key2` is, in row order."""
        first, second = self.get_index(key1), self.get_index(key2)
        away = self.distances(key1)
        rows = np.flatnonzero(away < away[second])
        return [self.index_to_key[row] for row in rows if row != first]

    def words_closer_than(self, w1: str, w2: str) -> list[str]:
        """Return all words closer to `w1` than `w2` is; gensim's old name of `closer_than`."""
        return self.closer_than(w1, w2)

    def rank(self, key1: str, key2: str) -> int:
        """Return the place of `key2` among the words by distance from `key1`, 1 for the nearest."""
        return len(self.closer_than(key1, key2)) + 1

    def relative_cosine_similarity(self, wa: str, wb: str, topn: int = 10) -> float:
        """Return the two words' cosine over the sum of those of the `topn` nearest to `wa`.

        Above 1 / `topn`, `wb` is more similar to `wa` than its neighbours are on average
        (Leeuwenberg et al., 2016, equation 1).
        """
        near = self.similar_by_word(wa, _at_least("topn", topn, 1))
        return self.similarity(wa, wb) / float(sum(cosine for _, cosine in near))

    def wmdistance(
        self, document1: Sequence[str], document2: Sequence[str], norm: bool = True
    ) -> float:
        """Return the Word Mover's Distance of two documents (Kusner et al., 2015).

        The least distance that the words of one must travel, each with its share of the document,
        to become those of the other.

        Parameters
        ----------
        document1, document2 : sequence of str
            Words; unknown ones are left out.
        norm : bool, default True
            Scale vectors to length 1 first.

        Returns
        -------
        float
            Infinity where a document has no known word.

        Raises
        ------
        ImportError
            The package POT is missing; the extra ``wmd`` installs it.
        TypeError
            A document is a single string.
        """
        from w2v.transport import word_movers_distance

        return word_movers_distance(self, document1, document2, norm=norm)

    def _searched(self, clip_start: int, clip_end: int | None, restrict_vocab: int | None) -> slice:
        """Return the rows to search."""
        if restrict_vocab is not None:
            if clip_start or clip_end is not None:
                raise ValueError("give either restrict_vocab or clip_start and clip_end, not both")
            clip_end = _at_least("restrict_vocab", restrict_vocab, 1)
        elif clip_end is not None:
            clip_end = _at_least("clip_end", clip_end, 0)
        stop = len(self) if clip_end is None else min(clip_end, len(self))
        return slice(min(_at_least("clip_start", clip_start, 0), stop), stop)

    def _allowed(self, chosen: Filter | None, rows: slice) -> npt.NDArray[np.bool_] | None:
        """Return which of the rows searched may be answers; None: all."""
        if chosen is None:
            return None
        if isinstance(chosen, np.ndarray) and chosen.dtype == np.bool_:
            if chosen.shape != (len(self),):
                raise ValueError(
                    f"filter has shape {chosen.shape}: expected ({len(self)},), True or False for "
                    "each word"
                )
            return chosen[rows]
        if callable(chosen):
            words = self.index_to_key[rows]
            return np.fromiter((bool(chosen(word)) for word in words), np.bool_, len(words))
        if isinstance(chosen, (str, bytes)) or not isinstance(chosen, Iterable):
            raise TypeError(
                f"filter={chosen!r}: expected a function of a word, a list of words, or an array "
                "of True and False"
            )
        allowed = np.zeros(len(self), np.bool_)
        allowed[[self.get_index(word) for word in chosen]] = True
        return allowed[rows]

    def _ranked(
        self,
        values: Floats,
        topn: int,
        given: list[int],
        rows: slice,
        chosen: Filter | None,
        smallest_first: bool = False,
    ) -> list[tuple[str, float]]:
        excluded = [row - rows.start for row in given if rows.start <= row < rows.stop]
        scores = -values if smallest_first else values
        found = largest(scores, operator.index(topn), excluded, self._allowed(chosen, rows))
        return [(self.index_to_key[row + rows.start], float(values[row])) for row in found]

    def _named_rows(
        self, rows: npt.NDArray[np.intp], values: Floats
    ) -> list[list[tuple[str, float]]]:
        return [
            [(self.index_to_key[row], value) for row, value in zip(*line, strict=True) if row >= 0]
            for line in zip(rows.tolist(), values.tolist(), strict=True)
        ]

    def _targets(self, queries: Any) -> tuple[Floats, npt.NDArray[np.intp] | None]:
        """Return the vectors of a batch's queries, and the rows of those that are words."""
        if isinstance(queries, (str, bytes)):
            raise TypeError(f"queries={queries!r} is a single string: expected a list of words")
        if not isinstance(queries, np.ndarray) or queries.dtype.kind not in "fiu":
            listed = list(queries)
            if all(isinstance(one, (str, bytes, numbers.Number)) for one in listed):
                rows = np.array([self.get_index(one) for one in listed], np.intp)
                return self.vectors[rows], rows[:, None]
            queries = np.array([self._point(one) for one in listed])
        if queries.ndim != 2 or queries.shape[1] != self.vector_size:
            raise ValueError(
                f"queries have shape {queries.shape}: expected (queries, {self.vector_size})"
            )
        if not np.isfinite(queries).all():
            row = int(np.flatnonzero(~np.isfinite(queries).all(axis=1))[0])
            raise ValueError(f"query {row:,} holds NaN or infinity: expected finite numbers")
        return queries.astype(np.float32), None

    def _point(self, item: Any) -> npt.NDArray[np.float64]:
        """Return the vector of a word, or the vector given."""
        if isinstance(item, (str, bytes, numbers.Number)):
            row = self.get_index(item)  # type: ignore[arg-type]
            wide: npt.NDArray[np.float64] = self.vectors[row].astype(np.float64)
            return wide
        return self._vector(item)

    def _direction(
        self, items: list[tuple[Any, float]], as_they_are: bool = False
    ) -> tuple[npt.NDArray[np.float64], list[int]]:
        """Return the weighted sum of the items, and the rows of the words among them."""
        if not items:
            raise ValueError("positive and negative are empty: give at least one word or vector")
        total = np.zeros(self.vector_size)
        rows = []
        for item, weight in items:
            point = self._point(item)
            if isinstance(item, str):
                rows.append(self.key_to_index[item])
                point = point if as_they_are else _unit(point)
            total += weight * point
        size = sum(weight for _, weight in items)
        return total / size if as_they_are and size > 0 else total, rows

    def _vector(self, value: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return `value` as a vector of the right shape, or raise."""
        try:
            vector = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError):
            raise TypeError(
                f"{value!r} of type {type(value).__name__} is neither a word (str) nor a vector "
                f"of {self.vector_size} numbers, nor a tuple of one of these and its weight"
            ) from None
        if vector.shape != (self.vector_size,):
            raise ValueError(
                f"a vector has shape {vector.shape}: expected ({self.vector_size},), as many "
                "numbers as the words' vectors have"
            )
        if not np.isfinite(vector).all():
            raise ValueError("a vector holds NaN or infinity: expected finite numbers")
        return vector

    # ---- Storing ----

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write words, vectors and counts as a safetensors file.

        Parameters
        ----------
        path : str or path-like
            Replaced only when all is on disk.

        Raises
        ------
        OSError
            The destination cannot be written; what was there is unchanged.
        """
        tensors = {"vectors": self.vectors, **native.pack_words(self.index_to_key)}
        if self.counts is not None:
            tensors["counts"] = self.counts
        native.write(path, tensors, {"format": "w2v.vectors"})

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, mmap: bool = False) -> KeyedVectors:
        """Read what `save` wrote, or the word vectors of a whole model.

        Parameters
        ----------
        path : str or path-like
        mmap : bool, default False
            Map the vectors into memory, read-only: they are read as they are needed, and several
            processes share one copy.

        Returns
        -------
        KeyedVectors

        Raises
        ------
        ValueError
            The file is truncated, corrupt, foreign or of a newer version.
        OSError
            It cannot be read.
        """
        return cls._named(path, *native.read_vectors(path, mmap=mmap))

    def save_word2vec_format(self, path: str | os.PathLike[str], *, binary: bool = False) -> None:
        """Write word2vec's own text or binary format, which most tools read.

        Counts are not part of it. Text holds the fewest digits that read back exactly.

        Parameters
        ----------
        path : str or path-like
            Replaced only when all is on disk.
        binary : bool, default False

        Raises
        ------
        ValueError
            A word is empty or holds white space, which the format cannot represent.
        OSError
            The destination cannot be written; what was there is unchanged.
        """
        word2vec.write(path, self.index_to_key, self.vectors, binary=binary)

    @classmethod
    def load_word2vec_format(
        cls,
        path: str | os.PathLike[str],
        *,
        binary: bool = False,
        limit: int | None = None,
        errors: str = "strict",
    ) -> KeyedVectors:
        """Read word2vec's own text or binary format, by whatever program it was written.

        Parameters
        ----------
        path : str or path-like
        binary : bool, default False
        limit : int, optional
            Read the first `limit` words only; default all.
        errors : {"strict", "replace", "ignore"}
            What to do with words that are not UTF-8: raise, put U+FFFD in place of the wrong
            bytes, or leave those out.

        Returns
        -------
        KeyedVectors
            Without counts: the format keeps none.

        Raises
        ------
        ValueError
            The file does not hold what its first line promises, is of the other kind or foreign,
            has a word twice, or one that is not UTF-8.
        OSError
            It cannot be read.
        """
        words, vectors = word2vec.read(path, binary=binary, limit=limit, errors=errors)
        return cls._named(path, words, vectors, None)

    @classmethod
    def _named(
        cls,
        path: str | os.PathLike[str],
        words: list[str],
        vectors: Floats,
        counts: npt.NDArray[np.int64] | None,
    ) -> KeyedVectors:
        """Make one from a file's content, naming the file where it does not fit together."""
        try:
            return cls(words, vectors, counts=counts)
        except ValueError as error:
            raise ValueError(f"{os.fspath(path)}: {error}") from None

    # ---- Handing on ----

    def to_torch(self, *, freeze: bool = True, copy: bool | None = None) -> Any:
        """Return the vectors as an embedding layer of PyTorch.

        Parameters
        ----------
        freeze : bool, default True
            Leave the vectors as they are when the layer's network is trained.
        copy : bool, optional
            By default the layer shares memory with these vectors where that is safe, and gets a
            copy where it is to be trained (``freeze=False``) or where these are read-only, as
            memory-mapped ones are. False: share, and so let training change them here; True: copy.

        Returns
        -------
        torch.nn.Embedding
            Row i is that of ``index_to_key[i]``: look up ``key_to_index[word]``.

        Raises
        ------
        ImportError
            PyTorch is not installed.
        ValueError
            ``copy=False`` with read-only vectors.
        """
        from w2v.handing import to_torch

        return to_torch(self, freeze=freeze, copy=copy)

    def to_gensim(self) -> Any:
        """Return a gensim KeyedVectors with a copy of these vectors, and counts where known.

        Raises
        ------
        ImportError
            gensim is not installed.
        """
        from w2v.handing import to_gensim

        return to_gensim(self)

    @classmethod
    def from_gensim(cls, kv: Any) -> KeyedVectors:
        """Copy the words, vectors and counts of gensim's KeyedVectors, or of a model of gensim 4.

        Raises
        ------
        TypeError
            `kv` is something else, or has a key that is no string.
        """
        from w2v.handing import from_gensim

        return from_gensim(kv, cls)

    def to_pandas(self) -> Any:
        """Return a pandas DataFrame with a copy of these vectors: a row a word, words as index.

        Returns
        -------
        pandas.DataFrame
            float32, shape (len(self), vector_size); the index is called "word", the columns are
            numbers from 0.

        Raises
        ------
        ImportError
            pandas is not installed.
        """
        from w2v.handing import to_pandas

        return to_pandas(self)

    def to_spacy(self, lang: str = "xx", *, nlp: Any = None) -> Any:
        """Return a spaCy pipeline whose words have a copy of these vectors.

        Parameters
        ----------
        lang : str, default "xx"
            Language of a new, blank pipeline: its tokenizer has to cut text into the words that
            these vectors are of. "xx" is spaCy's multi-language one.
        nlp : spacy.Language, optional
            Set the vectors of this pipeline instead, in place of those it had.

        Returns
        -------
        spacy.Language
            ``nlp(text)[0].vector``, ``nlp.vocab.vectors``; ``nlp.to_disk(path)`` keeps them.

        Raises
        ------
        ImportError
            spaCy is not installed, or a package that the language needs.
        ValueError
            One of the words is empty.
        """
        from w2v.handing import to_spacy

        return to_spacy(self, lang, nlp=nlp)

    def index(
        self,
        metric: str = "cosine",
        *,
        dtype: str = "float32",
        connectivity: int = 16,
        expansion_add: int = 128,
        expansion_search: int = 64,
        workers: int = 0,
    ) -> VectorIndex:
        """Build an index for approximate search, to be given to `most_similar`.

        It holds a copy of the vectors and a graph of neighbours (HNSW; Malkov and Yashunin, 2018);
        ``index.save(path)`` keeps it and ``VectorIndex.load(path, wv, mmap=True)`` opens it again.
        It is of the vectors as they are now: after a change in place, build another.

        Parameters
        ----------
        metric : {"cosine", "dot", "euclidean"}
        dtype : {"float32", "float16", "int8"}
            In what the copy is stored; the last only for cosines. Answers have exact figures
            whatever it is; fewer bits find fewer neighbours.
        connectivity : int, default 16
            Neighbours of each row in the graph; more take more memory and find more.
        expansion_add, expansion_search : int, default 128 and 64
            Candidates kept while building, and while searching; more are slower and find more.
            `expansion_search` can be changed later.
        workers : int, default 0
            Threads; 0: as many as there are processors. With 1, the same vectors always give the
            same index.

        Returns
        -------
        VectorIndex
            ``index.search(vector, k)`` returns rows and similarities.

        Raises
        ------
        ImportError
            usearch is not installed (the extra ``ann``).
        ValueError
            A parameter is out of range, or a vector is not finite.
        """
        from w2v.index import VectorIndex

        return VectorIndex.build(
            self,
            metric=metric,
            dtype=dtype,
            connectivity=connectivity,
            expansion_add=expansion_add,
            expansion_search=expansion_search,
            workers=workers,
        )

    # ---- Files of every format ----

    subwords: Subwords | None = None  # of a fastText model: vectors for words it has not seen

    @classmethod
    def read(
        cls,
        path: str | os.PathLike[str],
        *,
        format: str | None = None,
        limit: int | None = None,
        errors: str = "strict",
        max_size: int | None = None,
        mmap: bool = False,
    ) -> KeyedVectors:
        """Read vectors of any known format, told by what the file holds and not by its name.

        Parameters
        ----------
        path : str or path-like
            The formats in text and word2vec's binary one may be compressed by gzip, bzip2, xz or
            zstd.
        format : str, optional
            Take it for this: "w2v", "word2vec", "word2vec-text" (fastText's .vec too), "glove",
            "npz", "parquet", "arrow", "projector", "fasttext" (.bin) or "gensim" (.kv, .model;
            nothing is unpickled).
        limit : int, optional
            Read the first `limit` words only; default all.
        errors : {"strict", "replace", "ignore", "skip"}
            What to do with words that are not UTF-8: raise, put U+FFFD in place of the wrong
            bytes, leave those out, or leave out the word. "skip" also keeps only the first of
            rows with the same word. In text, all but "strict" read words with blanks in them.
        max_size : int, optional
            Bytes that a compressed file may have when decompressed; default 100 times its size,
            or 64 MiB where that is more.
        mmap : bool, default False
            Map our own format into memory, read-only; others are loaded in any case.

        Returns
        -------
        KeyedVectors
            With counts where the format keeps them, with `subwords` of a fastText model.

        Raises
        ------
        ValueError
            The file is truncated, corrupt, unknown, has a word twice, or one that is not UTF-8.
        OSError
            It cannot be read.
        ImportError
            Parquet and Arrow files need ``pip install 'w2v[arrow]'``, zstd 'w2v[zstd]'.
        """
        from w2v.formats import vectors as files

        content = files.read(
            path, format=format, limit=limit, errors=errors, max_size=max_size, mmap=mmap
        )
        made = cls._named(path, content.words, content.vectors, content.counts)
        made.subwords = content.subwords
        return made

    def export(
        self,
        path: str | os.PathLike[str],
        *,
        format: str | None = None,
        dtype: str = "float32",
        errors: str = "strict",
    ) -> None:
        """Write vectors in any format that other programs read.

        Parameters
        ----------
        path : str or path-like
            Replaced only when all is on disk. Its extension says the format: .safetensors, .bin
            (word2vec), .txt or .vec (word2vec's text), .glove, .npz, .parquet, .arrow or
            .feather, .tsv (TensorBoard's projector: NAME.metadata.tsv takes the words). After the
            text formats and .bin, .gz, .bz2, .xz or .zst compresses.
        format : str, optional
            Write this whatever the extension says: "w2v", "word2vec", "word2vec-text", "glove",
            "npz", "parquet", "arrow" or "projector".
        dtype : {"float32", "float16", "int8"}
            How numbers are stored. float16: our own format, npz, Parquet and Arrow. int8, with a
            scale for each row: our own. They are float32 again when they are read.
        errors : {"strict", "replace", "skip"}
            What word2vec's, GloVe's and the projector's formats do with words that are empty, hold
            white space or are not valid Unicode: raise, put "_" or U+FFFD in the place of what
            cannot be written, or leave them out. The other formats keep every word.

        Raises
        ------
        ValueError
            The extension or format is unknown, or a word cannot be written.
        OSError
            The destination cannot be written; what was there is unchanged.
        ImportError
            Parquet and Arrow files need ``pip install 'w2v[arrow]'``, zstd 'w2v[zstd]'.
        """
        from w2v.formats import vectors as files

        files.write(
            path,
            self.index_to_key,
            self.vectors,
            self.counts,
            format=format,
            dtype=dtype,
            errors=errors,
        )

    # ---- Evaluating and grouping ----

    def evaluate_analogies(
        self,
        path: str | os.PathLike[str],
        *,
        method: str = "3cosadd",
        restrict_vocab: int | None = 300_000,
        case_insensitive: bool = True,
    ) -> AnalogyReport:
        """Ask analogy questions, ``a : b = c : ?``, and count the right answers.

        A question is asked if all its words are among those searched; the answer is the best
        word other than a, b and c. How many were asked stands beside every accuracy.

        Parameters
        ----------
        path : str or path-like
            Questions of Google's form (sections of four words a line), of MSR's (three words a
            line, the answers beside it in a file ``.answers``), or of BATS's (a file of a word and
            its answers a line, ``album<TAB>albums/record``, or a directory of such files): there
            every line asks for every other, the first known answer stands for b, and each of the
            answers is right.
        method : {"3cosadd", "3cosmul"}
            Best by cos(x, b) - cos(x, a) + cos(x, c) (Mikolov, Yih and Zweig, 2013), or by
            s(x, b) s(x, c) / s(x, a) with s = (1 + cos) / 2 (Levy and Goldberg, 2014).
        restrict_vocab : int or None, default 300,000
            Ask for and search only the first so many words; None: all.
        case_insensitive : bool, default True
            Upper-case all words. The first of several spellings, the most frequent one where words
            stand in that order, is asked; any of them is right.

        Returns
        -------
        AnalogyReport
            ``sections``, each with ``correct``, ``asked``, ``skipped``, ``accuracy`` and
            ``coverage``, and their ``total``. Equal scores are won by the first row.

        Raises
        ------
        ValueError
            A line of the file is none of its form, a vector is not finite, or a parameter is out
            of range.
        OSError
            A file cannot be read.
        """
        from w2v import evaluation

        return evaluation.evaluate_analogies(
            self,
            path,
            method=method,
            restrict_vocab=restrict_vocab,
            case_insensitive=case_insensitive,
        )

    def evaluate_word_analogies(
        self,
        analogies: str | os.PathLike[str],
        restrict_vocab: int | None = 300_000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
        similarity_function: str = "most_similar",
    ) -> tuple[float, list[dict[str, Any]]]:
        """Ask analogy questions, with gensim's arguments and answer.

        Parameters
        ----------
        analogies, restrict_vocab, case_insensitive
            As `path` and the others of `evaluate_analogies`.
        dummy4unknown : bool, default False
            Count questions with unknown words as answered wrongly, instead of leaving them out.
        similarity_function : {"most_similar", "most_similar_cosmul"}
            3CosAdd or 3CosMul. (gensim passes over this argument.)

        Returns
        -------
        score : float
            The share of questions answered rightly, over all sections; 0.0 if none was asked.
        sections : list of dict
            Of each section, and last of "Total accuracy": its name, ``"section"``, and the
            questions answered rightly and wrongly, ``"correct"`` and ``"incorrect"``, as tuples
            of four words, upper-cased with `case_insensitive`.

        Raises
        ------
        ValueError, OSError
            As for `evaluate_analogies`; gensim leaves out lines that it cannot read.
        """
        from w2v import evaluation

        return evaluation.evaluate_word_analogies(
            self, analogies, restrict_vocab, case_insensitive, dummy4unknown, similarity_function
        )

    def evaluate_pairs(
        self,
        path: str | os.PathLike[str],
        *,
        delimiter: str | None = None,
        encoding: str = "utf8",
        restrict_vocab: int | None = 300_000,
        case_insensitive: bool = True,
    ) -> PairsReport:
        """Correlate the cosines of word pairs with human judgement of their similarity.

        Parameters
        ----------
        path : str or path-like
            A line holds two words and, after any other columns, a number. Lines that begin with
            ``#`` are passed over, and so is a first line of headings.
        delimiter : str, optional
            What stands between columns; by default a tab, or a comma where a line has no tab, or
            white space where it has neither.
        encoding : str, default "utf8"
        restrict_vocab, case_insensitive
            As for `evaluate_analogies`.

        Returns
        -------
        PairsReport
            ``spearman``, ``pearson``, their p-values ``spearman_p`` and ``pearson_p``, and
            ``asked``, ``skipped`` and ``coverage``.

        Raises
        ------
        ValueError
            A line is no pair, a vector is not finite, or a parameter is out of range.
        OSError
            The file cannot be read.
        """
        from w2v import evaluation

        return evaluation.evaluate_pairs(
            self,
            path,
            delimiter=delimiter,
            encoding=encoding,
            restrict_vocab=restrict_vocab,
            case_insensitive=case_insensitive,
        )

    def evaluate_word_pairs(
        self,
        pairs: str | os.PathLike[str],
        delimiter: str | None = "\t",
        encoding: str = "utf8",
        restrict_vocab: int | None = 300_000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
    ) -> tuple[Any, Any, float]:
        """Correlate the cosines of word pairs with human judgement, as gensim answers it.

        Parameters
        ----------
        pairs, delimiter, encoding, restrict_vocab, case_insensitive
            As for `evaluate_pairs`; None detects the delimiter.
        dummy4unknown : bool, default False
            Take the cosine of pairs with unknown words for 0, instead of leaving them out.

        Returns
        -------
        pearson, spearman : tuple of (float, float)
            Each correlation and its two-sided p-value, as SciPy returns them.
        oov_ratio : float
            Pairs with unknown words, in per cent of all.

        Raises
        ------
        ValueError, OSError
            As for `evaluate_pairs`, or fewer than two pairs are known; gensim leaves out lines
            that it cannot read.
        """
        from w2v import evaluation

        return evaluation.evaluate_word_pairs(
            self, pairs, delimiter, encoding, restrict_vocab, case_insensitive, dummy4unknown
        )

    def classes(
        self, k: int = 500, *, seed: int = 1, iterations: int = 20
    ) -> npt.NDArray[np.int32]:
        """Sort the words into classes by k-means on their directions.

        Spherical k-means (Dhillon and Modha, 2001) from k words drawn with `seed`, until fewer than
        one word in a thousand changes its class.

        Parameters
        ----------
        k : int, default 500
        seed : int, default 1
            The same seed gives the same classes on the same machine.
        iterations : int, default 20
            At most so many.

        Returns
        -------
        ndarray of int32, shape (len(self),)
            The class of each word, numbered from 0 in the order of their first words. There can be
            fewer than k where fewer vectors differ in direction.

        Raises
        ------
        ValueError
            There are fewer than k words, a vector is not finite, or a parameter is out of range.

        Examples
        --------
        >>> import numpy as np
        >>> vectors = np.array([[1, 0], [0, 2], [3, 0.1], [0.1, 1]], dtype=np.float32)
        >>> KeyedVectors(["east", "north", "eastward", "northward"], vectors).classes(2)
        array([0, 1, 0, 1], dtype=int32)
        """
        from w2v import cluster

        return cluster.classes(self, k, seed=seed, iterations=iterations)

    def outliers(self, words: Iterable[str]) -> list[tuple[str, float]]:
        """Rank the words of a set by how little they fit into it.

        Parameters
        ----------
        words : iterable of str
            At least three.

        Returns
        -------
        list of (str, float)
            Each word and the mean of its cosines with the others, the odd one first
            (Camacho-Collados and Navigli, 2016); equal ones in the order given.

        Raises
        ------
        KeyError
            A word is not in the vocabulary.
        TypeError, ValueError
            A single string was given, or fewer than three words.
        """
        from w2v import cluster

        return cluster.outliers(self, words)


def _number(words: list[str]) -> dict[str, int]:
    """Return the row of each word, or raise where one is no string or stands twice."""
    try:
        rows = dict(zip(words, range(len(words)), strict=True))
    except TypeError:  # unhashable
        rows = {}
    if not all(isinstance(word, str) for word in words):
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
    return array.astype(np.int64, copy=False)


def _items(given: Any, weight: float) -> list[tuple[Any, float]]:
    """Return the items of `positive` or `negative`, each with its weight."""
    if given is None:
        return []
    is_vector = isinstance(given, np.ndarray) and given.ndim == 1 and given.dtype.kind in "fiu"
    if is_vector or isinstance(given, (str, bytes, numbers.Number)) or _is_weighted(given):
        given = [given]
    return [item if _is_weighted(item) else (item, weight) for item in given]


def _is_weighted(item: object) -> bool:
    """Return True for a tuple of an item and its weight (so no tuple of two is a vector)."""
    return isinstance(item, tuple) and len(item) == 2 and isinstance(item[1], numbers.Real)


def _at_least(name: str, value: object, low: int) -> int:
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{name}={value!r}: expected an integer of at least {low}") from None
    if number < low:
        raise ValueError(f"{name}={value!r}: expected an integer of at least {low}, or None")
    return number


def _unit(vector: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return the vector in float64, scaled to length 1 unless it is zero."""
    wide = vector.astype(np.float64)
    with np.errstate(invalid="ignore"):  # infinity gives NaN, as it must
        length = np.sqrt(wide @ wide)
        return wide / length if length > 0 else wide


def _cosine(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> float:
    return float(np.clip(_unit(a) @ _unit(b), -1, 1))


def _kind(value: object) -> type:
    """Return the type of an array that holds values like this one exactly."""
    if isinstance(value, (bool, np.bool_)):
        return bool
    if isinstance(value, (int, np.integer)) and -(2**63) <= value < 2**63:
        return np.int64
    return np.float64 if isinstance(value, (float, np.floating)) else object


def _listed(name: str, words: Any) -> list[Any]:
    """Return a list of at least one word, or raise."""
    if isinstance(words, (str, bytes)):
        raise TypeError(f"{name}={words!r} is a single string: expected a list of words")
    listed = list(words)
    if not listed:
        raise ValueError(f"{name} is empty: expected at least one word")
    return listed
