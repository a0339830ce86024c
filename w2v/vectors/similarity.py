"""SimilarityQueries: which words are near which, by five metrics, one at a time or in batches.

The arithmetic is in `neighbors`; here words become rows and rows words, and input is checked.
"""

from __future__ import annotations

import numbers
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from w2v._types import FloatArray
from w2v._validation import at_least
from w2v.vectors.base import BaseKeyedVectors, unit
from w2v.vectors.knn import knn, knn_analogies, query_scores, top_k
from w2v.vectors.metrics import DISTANCES, check_metric

if TYPE_CHECKING:
    from w2v.vectors.ann import VectorIndex

Item = str | npt.ArrayLike | tuple[str | npt.ArrayLike, float]
Filter = Callable[[str], bool] | Iterable[str] | npt.NDArray[np.bool_]


class SimilarityQueries(BaseKeyedVectors):
    """What `KeyedVectors` answers about similarity."""

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
        if topn is not None and at_least(0, "topn", topn) == 0:
            return []
        if index is not None:
            if topn is None or filter is not None or len(self.vectors[rows]) != len(self):
                raise ValueError("index= goes with neither topn=None, filter= nor a range of rows")
            from w2v.vectors.ann import most_similar

            return most_similar(self, index, target, given, operator.index(topn), metric)
        values = query_scores(self.vectors[rows], self.norms[rows], target, metric)
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
            cosines = query_scores(self.vectors[rows], self.norms[rows], direction, "cosine")
            np.multiply(over if sign > 0 else under, (1 + cosines) / 2, over if sign > 0 else under)
        scores = over / (under + np.float32(1e-6))
        if topn is None:
            return scores
        return self._ranked(scores, at_least(0, "topn", topn), given, rows, None)

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
        rows = self._searched(0, None, restrict_vocab)
        targets, exclude = self._targets(queries)
        allowed = self._allowed(filter, rows)
        found, values = knn(
            self.vectors[rows],
            self.norms,
            targets,
            at_least(0, "topn", topn),
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
            restrict_vocab = at_least(1, "restrict_vocab", restrict_vocab)
        k = at_least(0, "topn", topn)
        answers = knn_analogies(self.vectors, self.norms, a, b, c, k, restrict_vocab=restrict_vocab)
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
    ) -> FloatArray:
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
        values = query_scores(vectors, norms, point, metric)
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
    ) -> FloatArray:
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
        if not np.isfinite(each).all():
            raise ValueError("weights holds NaN or infinity: expected finite numbers")
        total, size = np.zeros(self.vector_size), 0.0
        for key, weight in zip(listed, each, strict=True):
            if isinstance(key, str) and ignore_missing and key not in self:
                continue
            point = self._point(key)
            total += weight * (unit(point) if pre_normalize and isinstance(key, str) else point)
            size += abs(weight)
        mean = total / size if size > 0 else total
        return (unit(mean) if post_normalize else mean).astype(np.float32)

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
            vectors = np.array([unit(vector) for vector in vectors])
        scores = vectors @ unit(vectors.mean(axis=0))
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

    def words_closer_than(self, word1: str, word2: str) -> list[str]:
        """Return all words closer to `word1` than `word2`; gensim's old name of `closer_than`."""
        return self.closer_than(word1, word2)

    def rank(self, key1: str, key2: str) -> int:
        """Return the place of `key2` among the words by distance from `key1`, 1 for the nearest."""
        return len(self.closer_than(key1, key2)) + 1

    def relative_cosine_similarity(self, wa: str, wb: str, topn: int = 10) -> float:
        """Return the two words' cosine over the sum of those of the `topn` nearest to `wa`.

        Above 1 / `topn`, `wb` is more similar to `wa` than its neighbours are on average
        (Leeuwenberg et al., 2016, equation 1).
        """
        near = self.similar_by_word(wa, at_least(1, "topn", topn))
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
        from w2v.vectors.wmd import word_movers_distance

        return word_movers_distance(self, document1, document2, norm=norm)

    def _searched(self, clip_start: int, clip_end: int | None, restrict_vocab: int | None) -> slice:
        """Return the rows to search."""
        if restrict_vocab is not None:
            if clip_start or clip_end is not None:
                raise ValueError("give either restrict_vocab or clip_start and clip_end, not both")
            clip_end = at_least(1, "restrict_vocab", restrict_vocab)
        elif clip_end is not None:
            clip_end = at_least(0, "clip_end", clip_end)
        stop = len(self) if clip_end is None else min(clip_end, len(self))
        return slice(min(at_least(0, "clip_start", clip_start), stop), stop)

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
        values: FloatArray,
        topn: int,
        given: list[int],
        rows: slice,
        chosen: Filter | None,
        smallest_first: bool = False,
    ) -> list[tuple[str, float]]:
        excluded = [row - rows.start for row in given if rows.start <= row < rows.stop]
        scores = -values if smallest_first else values
        found = top_k(scores, operator.index(topn), excluded, self._allowed(chosen, rows))
        return [(self.index_to_key[row + rows.start], float(values[row])) for row in found]

    def _named_rows(
        self, rows: npt.NDArray[np.intp], values: FloatArray
    ) -> list[list[tuple[str, float]]]:
        return [
            [(self.index_to_key[row], value) for row, value in zip(*line, strict=True) if row >= 0]
            for line in zip(rows.tolist(), values.tolist(), strict=True)
        ]

    def _targets(self, queries: Any) -> tuple[FloatArray, npt.NDArray[np.intp] | None]:
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
                rows.append(self.get_index(item))
                point = point if as_they_are else unit(point)
            total += weight * point
        if not np.isfinite(total).all():
            raise ValueError("the sum of the items is not finite: expected finite vectors, weights")
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


def _items(given: Any, weight: float) -> list[tuple[Any, float]]:
    """Return the items of `positive` or `negative`, each with its weight."""
    if given is None:
        return []
    is_vector = isinstance(given, np.ndarray) and given.ndim == 1 and given.dtype.kind in "fiu"
    is_vector = is_vector or (
        isinstance(given, list) and bool(given) and all(map(_is_fraction, given))
    )
    if is_vector or isinstance(given, (str, bytes, numbers.Number)) or _is_weighted(given):
        given = [given]
    return [item if _is_weighted(item) else (item, weight) for item in given]


def _is_fraction(item: object) -> bool:
    """Return True for a number that can be no key."""
    return isinstance(item, numbers.Real) and not isinstance(item, numbers.Integral)


def _is_weighted(item: object) -> bool:
    """Return True for a tuple of an item and its weight (so no tuple of two is a vector)."""
    return isinstance(item, tuple) and len(item) == 2 and isinstance(item[1], numbers.Real)


def _cosine(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> float:
    return float(np.clip(unit(a) @ unit(b), -1, 1))


def _listed(name: str, words: Any) -> list[Any]:
    """Return a list of at least one word, or raise."""
    if isinstance(words, (str, bytes)):
        raise TypeError(f"{name}={words!r} is a single string: expected a list of words")
    listed = list(words)
    if not listed:
        raise ValueError(f"{name} is empty: expected at least one word")
    return listed
