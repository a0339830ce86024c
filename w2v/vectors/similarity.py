"""SimilarityQueries: nearest words, distances, means and analogies, one at a time or in batches.

Checks input and converts words to rows and back; the arithmetic is in `knn` and `distances`.
"""

from __future__ import annotations

import math
import numbers
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import numpy.typing as npt

from w2v._types import FloatArray
from w2v._validation import as_array, at_least, is_table, require_list
from w2v.vectors.base import BaseKeyedVectors
from w2v.vectors.knn import knn, knn_analogies, normalize, query_scores, top_k
from w2v.vectors.metrics import DISTANCES, check_metric

if TYPE_CHECKING:
    from w2v.vectors.ann import VectorIndex

Item = str | npt.ArrayLike | tuple[str | npt.ArrayLike, float]
Filter = Callable[[str], bool] | Iterable[str] | npt.NDArray[np.bool_]
Neighbors = list[tuple[str, float]]

_NO_ITEMS = "positive and negative are empty: expected at least one word or vector"


class SimilarityQueries(BaseKeyedVectors):
    """The queries of `KeyedVectors` about similarity."""

    @overload
    def most_similar(
        self,
        positive: Item | Sequence[Item] | None = None,
        negative: Item | Sequence[Item] | None = None,
        topn: int = 10,
        clip_start: int = 0,
        clip_end: int | None = None,
        restrict_vocab: int | None = None,
        *,
        metric: str = "cosine",
        filter: Filter | None = None,
        index: VectorIndex | None = None,
    ) -> Neighbors: ...

    @overload
    def most_similar(
        self,
        positive: Item | Sequence[Item] | None = None,
        negative: Item | Sequence[Item] | None = None,
        *,
        topn: None,
        clip_start: int = 0,
        clip_end: int | None = None,
        restrict_vocab: int | None = None,
        metric: str = "cosine",
    ) -> FloatArray: ...

    @overload
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
    ) -> Neighbors | FloatArray: ...

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
        """Find the words nearest to a word, a vector, or a weighted sum of several.

        The query is the sum of the positive items minus the negative ones. For cosines, words are
        scaled to length 1 first and vectors are not. For the other metrics neither is scaled, and
        the sum is divided by the sum of the weights if that is positive: two positive words give
        the point between them, two positive and one negative complete the parallelogram. The words
        of the query are left out of the result.

        Parameters
        ----------
        positive, negative : str, array_like, tuple or sequence of these, optional
            A word, a vector of shape (vector_size,), or a tuple of one of these and its weight.
            The default weight is 1 for `positive` and -1 for `negative`; an explicit weight is
            used unchanged in both.
        topn : int or None, default 10
            Number of words to return. None returns the value of every row searched.
        clip_start, clip_end : int, optional
            Search only rows `clip_start` to `clip_end` - 1; default all.
        restrict_vocab : int, optional
            Search only the first `restrict_vocab` words, which are the most frequent if words are
            sorted by frequency. The same as `clip_end`.
        metric : {"cosine", "dot", "euclidean", "manhattan", "chebyshev"}, default "cosine"
        filter : callable, iterable of str, or ndarray of bool, optional
            The words that may be returned: a function of a word, called once for each word
            searched; a list of known words; or a mask with one entry per row.
        index : VectorIndex, optional
            Search this approximate index (see `index`) instead of all words: faster, but can miss
            neighbors. `metric` must be that of the index. Cannot be combined with ``topn=None``,
            `filter` or a row range.

        Returns
        -------
        list of (str, float), or ndarray of float32 if `topn` is None
            Words with their cosines or dot products, the largest first, or with their distances,
            the smallest first; ties in row order. The array contains one value for each row
            searched, including the words of the query. A zero vector has cosine 0.

        Raises
        ------
        KeyError
            If a word is not in the vocabulary.
        TypeError, ValueError
            If there are no items, an item is neither a word nor a vector of the right shape, or a
            number is out of range.

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
        items = as_weighted_items(positive, 1.0) + as_weighted_items(negative, -1.0)
        target, given = self._weighted_query(items, normalized=metric == "cosine")
        vectors, norms = self._matrix()  # after the words were looked up: it has their rows
        rows = self._search_range(len(vectors), clip_start, clip_end, restrict_vocab)
        if topn is None and filter is not None:
            raise ValueError(
                "topn=None returns the value of every row, so it cannot be combined with filter="
            )
        if topn is not None and at_least(0, "topn", topn) == 0:
            return []
        if index is not None:
            if topn is None or filter is not None or len(vectors[rows]) != len(vectors):
                raise ValueError("index= cannot be combined with topn=None, filter= or a row range")
            from w2v.vectors.ann import most_similar

            return most_similar(self, index, target, given, operator.index(topn), metric)
        values = query_scores(vectors[rows], norms[rows], target, metric)
        if topn is None:
            return values
        return self._ranked_words(values, topn, given, rows, filter, metric in DISTANCES)

    @overload
    def most_similar_cosmul(
        self,
        positive: Item | Sequence[Item] | None = None,
        negative: Item | Sequence[Item] | None = None,
        topn: int = 10,
        restrict_vocab: int | None = None,
    ) -> Neighbors: ...

    @overload
    def most_similar_cosmul(
        self,
        positive: Item | Sequence[Item] | None = None,
        negative: Item | Sequence[Item] | None = None,
        *,
        topn: None,
        restrict_vocab: int | None = None,
    ) -> FloatArray: ...

    @overload
    def most_similar_cosmul(
        self,
        positive: Item | Sequence[Item] | None = None,
        negative: Item | Sequence[Item] | None = None,
        topn: int | None = 10,
        restrict_vocab: int | None = None,
    ) -> Neighbors | FloatArray: ...

    def most_similar_cosmul(
        self,
        positive: Item | Sequence[Item] | None = None,
        negative: Item | Sequence[Item] | None = None,
        topn: int | None = 10,
        restrict_vocab: int | None = None,
    ) -> Any:
        """Find words by multiplying similarities instead of adding vectors (3CosMul).

        The score of a word is the product of its similarities to the positive items, divided by
        1e-6 plus the product of its similarities to the negative items, where a similarity is
        (cosine + 1) / 2. No single item can dominate the others (Levy and Goldberg, 2014,
        equation 4).

        Parameters
        ----------
        positive, negative : str, array_like or sequence of these, optional
            Words or vectors; vectors can have any length.
        topn, restrict_vocab
            As for `most_similar`.

        Returns
        -------
        list of (str, float), or ndarray of float32 if `topn` is None
            Words and scores, the largest first.

        Raises
        ------
        KeyError, TypeError, ValueError
            As for `most_similar`, and if an item has a weight.
        """
        signed = [(item, 1) for item in as_weighted_items(positive, 1.0)]
        signed += [(item, -1) for item in as_weighted_items(negative, -1.0)]
        if not signed:
            raise ValueError(_NO_ITEMS)
        vectors, norms = self._matrix()
        rows = self._search_range(len(vectors), 0, None, restrict_vocab)
        numerator, denominator = (np.ones(rows.stop, np.float32) for _ in range(2))
        given: list[int] = []
        for (item, weight), sign in signed:
            if weight != sign:
                raise ValueError(
                    f"{item!r} has weight {weight}: most_similar_cosmul() does not support weights"
                )
            direction, known = self._weighted_query([(item, 1.0)])
            given += known
            cosines = query_scores(vectors[rows], norms[rows], direction, "cosine")
            product = numerator if sign > 0 else denominator
            np.multiply(product, (1 + cosines) / 2, out=product)
        scores = numerator / (denominator + np.float32(1e-6))
        if topn is None:
            return scores
        return self._ranked_words(scores, at_least(0, "topn", topn), given, rows, None)

    def most_similar_batch(
        self,
        queries: Sequence[str] | npt.ArrayLike,
        topn: int = 10,
        *,
        restrict_vocab: int | None = None,
        metric: str = "cosine",
        filter: Filter | None = None,
    ) -> list[list[tuple[str, float]]]:
        """Find the words nearest to each of many words or vectors, by matrix products.

        Parameters
        ----------
        queries : sequence of str, or array_like of shape (q, vector_size)
        topn, restrict_vocab, metric, filter
            As for `most_similar`.

        Returns
        -------
        list of lists of (str, float), one for each query
            The same as from `most_similar` for each query, up to rounding.

        Raises
        ------
        KeyError
            If a word is not in the vocabulary.
        TypeError, ValueError
            As for `most_similar`.
        """
        targets, exclude = self._batch_queries(queries)
        vectors, norms = self._matrix()
        rows = self._search_range(len(vectors), 0, None, restrict_vocab)
        allowed = self._filter_mask(filter, rows)
        found, values = knn(
            vectors[rows],
            norms,
            targets,
            at_least(0, "topn", topn),
            exclude,
            metric=metric,
            allowed=allowed,
        )
        return self._rows_to_words(found, values)

    def analogies(
        self,
        questions: Sequence[Sequence[str]],
        topn: int = 1,
        *,
        restrict_vocab: int | None = None,
    ) -> list[list[tuple[str, float]]]:
        """Answer many analogies "a is to b as c is to ...?" at once.

        Parameters
        ----------
        questions : sequence of (str, str, str)
            The words a, b and c of each analogy.
        topn : int, default 1
        restrict_vocab : int, optional
            Search only the first `restrict_vocab` words; those of the questions can be any.

        Returns
        -------
        list of lists of (str, float), one for each question
            The same as ``most_similar(positive=[b, c], negative=[a])``, up to rounding.

        Raises
        ------
        KeyError
            If a word is not in the vocabulary.
        TypeError, ValueError
            If a question does not consist of three words.
        """
        require_list("questions", questions, "questions", ordered=True)
        questions = [
            one if isinstance(one, str) or not isinstance(one, Iterable) else tuple(one)
            for one in questions
        ]
        for number, question in enumerate(questions):
            if not isinstance(question, tuple) or len(question) != 3:
                raise ValueError(f"question {number:,} is {question!r}: expected three words")
        rows = [[self.get_index(word) for word in question] for question in questions]
        a, b, c = np.array(rows, np.intp).reshape(-1, 3).T
        if restrict_vocab is not None:
            restrict_vocab = at_least(1, "restrict_vocab", restrict_vocab)
        k = at_least(0, "topn", topn)
        vectors, norms = self._matrix()
        found, cosines = knn_analogies(vectors, norms, a, b, c, k, restrict_vocab=restrict_vocab)
        return self._rows_to_words(found, cosines)

    @overload
    def similar_by_word(
        self, word: str, topn: int = 10, restrict_vocab: int | None = None
    ) -> Neighbors: ...

    @overload
    def similar_by_word(
        self, word: str, topn: None, restrict_vocab: int | None = None
    ) -> FloatArray: ...

    @overload
    def similar_by_word(
        self, word: str, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Neighbors | FloatArray: ...

    def similar_by_word(
        self, word: str, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Any:
        """Find the words most similar to a word; see `most_similar`."""
        self.get_index(word)
        return self.most_similar([word], topn=topn, restrict_vocab=restrict_vocab)

    @overload
    def similar_by_key(
        self, key: str, topn: int = 10, restrict_vocab: int | None = None
    ) -> Neighbors: ...

    @overload
    def similar_by_key(
        self, key: str, topn: None, restrict_vocab: int | None = None
    ) -> FloatArray: ...

    @overload
    def similar_by_key(
        self, key: str, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Neighbors | FloatArray: ...

    def similar_by_key(
        self, key: str, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Any:
        """Find the words most similar to a word; gensim's alias of `similar_by_word`."""
        return self.similar_by_word(key, topn, restrict_vocab)

    @overload
    def similar_by_vector(
        self, vector: npt.ArrayLike, topn: int = 10, restrict_vocab: int | None = None
    ) -> Neighbors: ...

    @overload
    def similar_by_vector(
        self, vector: npt.ArrayLike, topn: None, restrict_vocab: int | None = None
    ) -> FloatArray: ...

    @overload
    def similar_by_vector(
        self, vector: npt.ArrayLike, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Neighbors | FloatArray: ...

    def similar_by_vector(
        self, vector: npt.ArrayLike, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Any:
        """Find the words most similar to a vector of shape (vector_size,); see `most_similar`."""
        checked = self._check_vector(vector)
        return self.most_similar([checked], topn=topn, restrict_vocab=restrict_vocab)

    def similarity(self, w1: str, w2: str) -> float:
        """Return the cosine of the vectors of two words, from -1 to 1; 0 for a zero vector.

        Raises
        ------
        KeyError
            If a word is not in the vocabulary.
        TypeError
            If a key is not a string.
        """
        return _cosine(self.get_vector(w1), self.get_vector(w2))

    def distance(
        self, w1: str | npt.ArrayLike, w2: str | npt.ArrayLike, *, metric: str = "cosine"
    ) -> float:
        """Return the distance between two words or vectors.

        Parameters
        ----------
        w1, w2 : str or array_like of shape (vector_size,)
        metric : {"cosine", "dot", "euclidean", "manhattan", "chebyshev"}, default "cosine"
            "cosine": one minus the cosine, from 0 to 2. "dot": the negative dot product, so that
            smaller is nearer. "euclidean", "manhattan", "chebyshev": the 2-norm, 1-norm and
            maximum norm of the difference.

        Returns
        -------
        float

        Raises
        ------
        KeyError
            If a word is not in the vocabulary.
        TypeError, ValueError
            If an argument is neither a word nor a vector of the right shape, or the metric is
            unknown.
        """
        check_metric(metric)
        a, b = self._resolve_vector(w1), self._resolve_vector(w2)
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
        """Return the distances from a word or vector to other words.

        Parameters
        ----------
        word_or_vector : str or array_like of shape (vector_size,)
        other_words : sequence of str, default ()
            Default: all words.
        metric : {"cosine", "dot", "euclidean", "manhattan", "chebyshev"}, default "cosine"
            As for `distance`.

        Returns
        -------
        ndarray of float32, shape (len(other_words) or len(self),)

        Raises
        ------
        KeyError
            If a word is not in the vocabulary.
        TypeError, ValueError
            As for `distance`.
        """
        check_metric(metric)
        require_list("other_words", other_words, ordered=True)
        other_words = list(other_words)
        vector = self._resolve_vector(word_or_vector)
        rows = [self.get_index(word) for word in other_words]
        vectors, norms = self._matrix()
        if rows:
            vectors, norms = vectors[rows], norms[rows]
        values = query_scores(vectors, norms, vector, metric)
        if metric == "cosine":
            return np.subtract(1, values, out=values)
        return np.negative(values, out=values) if metric == "dot" else values

    def n_similarity(self, ws1: Sequence[str], ws2: Sequence[str]) -> float:
        """Return the cosine between the mean vectors of two sets of words.

        Vectors are not scaled to length 1 before the mean is taken.

        Raises
        ------
        KeyError
            If a word is not in the vocabulary.
        TypeError
            If an argument is a single string, or a key is not a string.
        ValueError
            If a list is empty.
        """
        means = []
        for name, words in (("ws1", ws1), ("ws2", ws2)):
            means.append(self[_check_words(name, words)].mean(axis=0, dtype=np.float64))
        return _cosine(*means)

    def get_mean_vector(
        self,
        keys: Sequence[Any],
        weights: npt.ArrayLike | None = None,
        pre_normalize: bool = True,
        post_normalize: bool = False,
        ignore_missing: bool = True,
    ) -> FloatArray:
        """Return the weighted mean of words and vectors.

        Parameters
        ----------
        keys : sequence of str or array_like of shape (vector_size,)
        weights : array_like, shape (len(keys),), optional
            Default 1. The weighted sum is divided by the sum of their absolute values.
        pre_normalize : bool, default True
            Scale the vectors of words to length 1 first; vectors in `keys` are not scaled.
        post_normalize : bool, default False
            Scale the mean to length 1.
        ignore_missing : bool, default True
            Ignore unknown words; False raises a KeyError. The mean of no words is 0.

        Returns
        -------
        ndarray of float32, shape (vector_size,)

        Raises
        ------
        KeyError
            If a word is not in the vocabulary and `ignore_missing` is False.
        TypeError, ValueError
            If there are no keys, a key is neither a word nor a vector, or `weights` has the wrong
            shape.
        """
        listed = _check_words("keys", keys, ordered=weights is not None)
        each = np.ones(len(listed)) if weights is None else as_array("weights", weights, np.float64)
        if each.shape != (len(listed),):
            raise ValueError(f"weights has shape {each.shape}: expected ({len(listed)},)")
        if not np.isfinite(each).all():
            raise ValueError("weights contains NaN or infinity: expected finite numbers")
        total, total_weight = np.zeros(self.vector_size), 0.0
        for key, weight in zip(listed, each, strict=True):
            if self._is_key(key) and ignore_missing and key not in self:
                continue
            vector = self._resolve_vector(key)
            if pre_normalize and self._is_key(key):
                vector = normalize(vector)
            total += weight * vector
            total_weight += abs(weight)
        mean = total / total_weight if total_weight > 0 else total
        return (normalize(mean) if post_normalize else mean).astype(np.float32)

    def rank_by_centrality(
        self, words: Sequence[str], use_norm: bool = True
    ) -> list[tuple[float, str]]:
        """Sort words by their similarity to the mean of all of them, the most similar first.

        Parameters
        ----------
        words : sequence of str
        use_norm : bool, default True
            Scale vectors to length 1 first; with False, longer vectors score higher.

        Returns
        -------
        list of (float, str)

        Raises
        ------
        KeyError
            If a word is not in the vocabulary; gensim ignores such words.
        TypeError, ValueError
            If `words` is a single string, or empty.
        """
        listed = _check_words("words", words)
        vectors = self[listed].astype(np.float64)
        if use_norm:
            vectors = np.array([normalize(vector) for vector in vectors])
        scores = vectors @ normalize(vectors.mean(axis=0))
        ranked = zip(scores.astype(np.float32).tolist(), listed, strict=True)
        return sorted(ranked, reverse=True)

    def doesnt_match(self, words: Sequence[str]) -> str:
        """Return the word least similar to the mean of all of them; see `rank_by_centrality`."""
        return self.rank_by_centrality(words)[-1][1]

    def most_similar_to_given(self, key1: str, keys_list: Sequence[str]) -> str:
        """Return the word of `keys_list` that is most similar to `key1`."""
        listed: list[str] = _check_words("keys_list", keys_list)
        return listed[int(np.argmin(self.distances(key1, listed)))]

    def closer_than(self, key1: str, key2: str) -> list[str]:
        """Return all words that are closer to `key1` than `key2` is, in row order."""
        first, second = self.get_index(key1), self.get_index(key2)
        distances = self.distances(key1)
        rows = np.flatnonzero(distances < distances[second])
        return [self.index_to_key[row] for row in rows if row != first]

    def words_closer_than(self, word1: str, word2: str) -> list[str]:
        """Return all words closer to `word1` than `word2`; gensim's alias of `closer_than`."""
        return self.closer_than(word1, word2)

    def rank(self, key1: str, key2: str) -> int:
        """Return the rank of `key2` among all words by distance from `key1`; 1 is the nearest."""
        return len(self.closer_than(key1, key2)) + 1

    def relative_cosine_similarity(self, wa: str, wb: str, topn: int = 10) -> float:
        """Return the cosine of two words, divided by the sum of cosines of the `topn` nearest.

        Above 1 / `topn`, `wb` is more similar to `wa` than the nearest words of `wa` are on
        average (Leeuwenberg et al., 2016, equation 1).
        """
        near = self.similar_by_word(wa, at_least(1, "topn", topn))
        return self.similarity(wa, wb) / float(sum(cosine for _, cosine in near))

    def wmdistance(
        self, document1: Sequence[str], document2: Sequence[str], norm: bool = True
    ) -> float:
        """Return the Word Mover's Distance between two documents (Kusner et al., 2015).

        This is the minimum total distance that the words of one document, each weighted by its
        frequency, must travel to match the other document.

        Parameters
        ----------
        document1, document2 : sequence of str
            Words; unknown words are ignored.
        norm : bool, default True
            Scale vectors to length 1 first.

        Returns
        -------
        float
            Infinity if a document has no known words.

        Raises
        ------
        ImportError
            If POT is not installed; the extra ``wmd`` installs it.
        TypeError
            If a document is a single string.
        """
        from w2v.vectors.wmd import word_movers_distance

        return word_movers_distance(self, document1, document2, norm=norm)

    def _search_range(
        self, n: int, clip_start: int, clip_end: int | None, restrict_vocab: int | None
    ) -> slice:
        """Return the rows to search, of `n` in all."""
        if restrict_vocab is not None:
            if clip_start or clip_end is not None:
                raise ValueError(
                    "restrict_vocab cannot be combined with clip_start or clip_end: leave one out"
                )
            clip_end = at_least(1, "restrict_vocab", restrict_vocab)
        elif clip_end is not None:
            clip_end = at_least(0, "clip_end", clip_end)
        stop = n if clip_end is None else min(clip_end, n)
        return slice(min(at_least(0, "clip_start", clip_start), stop), stop)

    def _filter_mask(self, chosen: Filter | None, rows: slice) -> npt.NDArray[np.bool_] | None:
        """Return a mask of the rows that may be returned; None for all."""
        if chosen is None:
            return None
        if not callable(chosen):
            chosen = _as_filter(chosen)
        if isinstance(chosen, np.ndarray):
            if chosen.shape != (len(self),):
                raise ValueError(
                    f"filter has shape {chosen.shape}: expected ({len(self)},), True or False for "
                    "each word"
                )
            return chosen[rows]
        if callable(chosen):
            words = self.index_to_key[rows]
            return np.fromiter((bool(chosen(word)) for word in words), np.bool_, len(words))
        listed = [self.get_index(word) for word in chosen]
        allowed = np.zeros(len(self), np.bool_)
        allowed[listed] = True
        return allowed[rows]

    def _ranked_words(
        self,
        values: FloatArray,
        topn: int,
        given: list[int],
        rows: slice,
        chosen: Filter | None,
        smallest_first: bool = False,
    ) -> list[tuple[str, float]]:
        """Return the best `topn` words and their values, without the rows `given`."""
        excluded = [row - rows.start for row in given if rows.start <= row < rows.stop]
        scores = -values if smallest_first else values
        found = top_k(scores, operator.index(topn), excluded, self._filter_mask(chosen, rows))
        return [(self.index_to_key[row + rows.start], float(values[row])) for row in found]

    def _rows_to_words(
        self, rows: npt.NDArray[np.intp], values: FloatArray
    ) -> list[list[tuple[str, float]]]:
        """Return a list of (word, value) for each query; row -1 is left out."""
        return [
            [(self.index_to_key[row], value) for row, value in zip(*line, strict=True) if row >= 0]
            for line in zip(rows.tolist(), values.tolist(), strict=True)
        ]

    def _batch_queries(self, queries: Any) -> tuple[FloatArray, npt.NDArray[np.intp] | None]:
        """Return the vectors of a batch of queries, and their rows if they are words."""
        if is_table(queries):
            queries = as_array("queries", queries)
        require_list("queries", queries, "words or vectors", ordered=True)
        if not isinstance(queries, np.ndarray) or queries.dtype.kind not in "fiu":
            listed = list(queries)
            if all(isinstance(one, (str, bytes, numbers.Number)) for one in listed):
                rows = np.array([self.get_index(one) for one in listed], np.intp)
                return self._state.vectors[rows], rows[:, None]
            queries = np.array([self._resolve_vector(one) for one in listed])
        if queries.ndim != 2 or queries.shape[1] != self.vector_size:
            raise ValueError(
                f"queries have shape {queries.shape}: expected (queries, {self.vector_size})"
            )
        if not np.isfinite(queries).all():
            row = int(np.flatnonzero(~np.isfinite(queries).all(axis=1))[0])
            raise ValueError(f"query {row:,} contains NaN or infinity: expected finite numbers")
        return queries.astype(np.float32), None

    def _resolve_vector(self, item: Any) -> npt.NDArray[np.float64]:
        """Return the vector of a word, or the vector itself, in float64."""
        if isinstance(item, (str, bytes, numbers.Number)):
            row = self.get_index(item)  # type: ignore[arg-type]
            wide: npt.NDArray[np.float64] = self._row_vector(row).astype(np.float64)
            return wide
        return self._check_vector(item, "a word (str) or a vector")

    def _weighted_query(
        self, items: list[tuple[Any, float]], normalized: bool = True
    ) -> tuple[npt.NDArray[np.float64], list[int]]:
        """Return the query of `most_similar`, and the rows of the words in it.

        With `normalized`, the weighted sum with words scaled to length 1; otherwise their weighted
        mean.
        """
        if not items:
            raise ValueError(_NO_ITEMS)
        total = np.zeros(self.vector_size)
        rows = []
        for item, weight in items:
            vector = self._resolve_vector(item)
            if self._is_key(item):
                rows.append(self.get_index(item))
                vector = normalize(vector) if normalized else vector
            total += weight * vector
        if not np.isfinite(total).all():
            raise ValueError(
                "the weighted sum of the items is not finite: expected finite vectors and weights"
            )
        total_weight = sum(weight for _, weight in items)
        return total if normalized or total_weight <= 0 else total / total_weight, rows

    def _check_vector(
        self, value: npt.ArrayLike, expected: str = "a vector"
    ) -> npt.NDArray[np.float64]:
        """Return `value` as a finite vector of the right shape, or raise."""
        try:
            vector = as_array("a vector", value, np.float64)
            if value is None:
                raise TypeError
        except (TypeError, ValueError) as error:
            if "mask" in str(error):
                raise
            raise TypeError(
                f"{value!r} is of type {type(value).__name__}: expected {expected} of "
                f"{self.vector_size} numbers"
            ) from None
        if vector.shape != (self.vector_size,):
            raise ValueError(
                f"a vector has shape {vector.shape}: expected ({self.vector_size},), the shape of "
                "the word vectors"
            )
        if not np.isfinite(vector).all():
            raise ValueError("a vector contains NaN or infinity: expected finite numbers")
        return vector


def as_weighted_items(given: Any, weight: float) -> list[tuple[Any, float]]:
    """Return the items of `positive` or `negative` with their weights, by default `weight`."""
    if given is None:
        return []
    if is_table(given):
        require_list("positive" if weight > 0 else "negative", given, "words or vectors")
    if hasattr(type(given), "__array__"):  # an array, or a Series
        array = as_array("a vector", given)
        is_vector = array.ndim == 1 and array.dtype.kind in "fiu"
    else:
        is_vector = (
            isinstance(given, (list, tuple)) and bool(given) and all(map(_is_fraction, given))
        )
    if is_vector:
        return [(as_array("a vector", given), weight)]
    if isinstance(given, (str, bytes, numbers.Number)) or _is_weighted(given):
        given = [given]
    return [item if _is_weighted(item) else (item, weight) for item in given]


def _is_fraction(item: object) -> bool:
    """Return True for a number that is not an integer, which would be an invalid key."""
    return isinstance(item, numbers.Real) and not isinstance(item, numbers.Integral)


def _is_weighted(item: object) -> bool:
    """Return True for a tuple of an item and its weight; a pair is never a vector."""
    return isinstance(item, tuple) and len(item) == 2 and isinstance(item[1], numbers.Real)


def _as_filter(chosen: Any) -> Any:
    """Return a mask as a boolean array, or words as a list."""
    if isinstance(chosen, (str, bytes)) or not isinstance(chosen, Iterable):
        raise TypeError(
            f"filter={chosen!r}: expected a function of a word, a list of words, or a boolean array"
        )
    require_list("filter", chosen)
    if isinstance(chosen, np.ndarray) and chosen.dtype == np.bool_:
        return chosen
    listed = list(chosen)
    if listed and all(isinstance(one, (bool, np.bool_)) for one in listed):
        return np.array(listed, np.bool_)
    for one in listed:
        if not isinstance(one, str):
            raise TypeError(
                f"filter contains {one!r} of type {type(one).__name__}: expected a function of a "
                "word, a list of words, or True or False for each word"
            )
    return listed


def _cosine(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> float:
    with np.errstate(invalid="ignore"):  # a vector with infinity or NaN gives NaN
        a, b = a.astype(np.float64), b.astype(np.float64)
        lengths = math.sqrt(float(a @ a) * float(b @ b))
        cosine = 0.0 if lengths == 0 else float(a @ b) / lengths
    return cosine if abs(cosine) <= 1 or cosine != cosine else math.copysign(1, cosine)


def _check_words(name: str, words: Any, ordered: bool = False) -> list[Any]:
    """Return a list of at least one word, or raise."""
    require_list(name, words, ordered=ordered)
    listed = list(words)
    if not listed:
        raise ValueError(f"{name} is empty: expected at least one word")
    return listed
