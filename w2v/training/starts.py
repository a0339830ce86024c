"""Where the rows of new words begin: at the place that their contexts suggest.

A linear map from the mean vector of a word's contexts to the word's own vector is fitted on known
words of the same text, and applied to the contexts of new words (Khodak et al., 2018, A La Carte
Embedding). A plain mean would do worse: it is dominated by what all contexts have in common.
docs/trust.md has measurements.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from w2v._simd import ROW_FLOATS
from w2v.training import _merge
from w2v.training.balance import eigen, padded, product
from w2v.vocab.sampling import chosen_sample, keep_probability, subsampling_thresholds

if TYPE_CHECKING:
    from w2v.config import TrainingConfig
    from w2v.corpus.corpus import Corpus
    from w2v.vocab.vocabulary import Vocabulary

FloatArray = npt.NDArray[np.float32]

_STREAM = 6  # the first number of the seed of draws
_MOST_WORDS = 5_000  # that the map is fitted on
_MOST_PLACES = 100  # in the text, of each word
_WORDS_PER_DIMENSION = 3  # fewer known words do not determine a map
_LEAST_OCCURRENCES = 5  # of a word that the map is fitted on
_ENOUGH_OCCURRENCES = 20.0  # more do not count: most new words have few
_RIDGE = 1.0  # added to the diagonal, in units of a known occurrence
_CHUNK = 1 << 16  # places looked at together


class Contexts:
    """The mean vectors of the known contexts of words, in a text.

    Parameters
    ----------
    corpus : Corpus
    vocabulary : Vocabulary
    config : TrainingConfig
    vectors : float32, shape (V, stride)
        Padded rows.
    known : bool, shape (V,)
        Which of them hold something learned.
    """

    def __init__(
        self,
        corpus: Corpus,
        vocabulary: Vocabulary,
        config: TrainingConfig,
        vectors: FloatArray,
        known: npt.NDArray[np.bool_],
    ) -> None:
        self._ids, self._index = corpus.ids, vocabulary.index(corpus)
        self._window, self._shrinks = config.window, config.shrink_windows
        self._vectors, self._dim = vectors, config.vector_size
        sample = chosen_sample(vocabulary.counts, config)
        keep = keep_probability(subsampling_thresholds(vocabulary.counts, sample))
        self._weights = np.where(known, keep, 0)

    def means(self, words: npt.NDArray[np.intp], rng: np.random.Generator) -> FloatArray:
        """Return the means for words given by row, and a one behind; zeros without any context.

        Shape (words, d + 1), padded with zeros to whole cache lines.
        """
        from scipy.sparse import csr_matrix

        dim, stride = self._dim, self._vectors.shape[1]
        sums, total = np.zeros((len(words), stride), np.float32), np.zeros(len(words))
        places, words_there = self._places(words, rng)
        for first in range(0, len(places), _CHUNK):
            chunk = slice(first, first + _CHUNK)
            here, rows, weights = self._around(places[chunk])
            of = words_there[chunk]
            begin, end = int(of[0]), int(of[-1]) + 1
            shape = end - begin, len(self._vectors)
            pairs = csr_matrix((weights.astype(np.float32), (of[here] - begin, rows)), shape)
            sums[begin:end] += pairs @ self._vectors
            total += np.bincount(of[here], weights, len(words))
        found = np.zeros((len(words), _width(dim + 1)), np.float32)
        seen = total > 0
        found[seen, :dim] = sums[seen, :dim] / total[seen, np.newaxis].astype(np.float32)
        found[seen, dim] = 1
        return found

    def _places(
        self, words: npt.NDArray[np.intp], rng: np.random.Generator
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return where words occur, at most 100 places of each, and its number."""
        number = np.full(len(self._weights), -1, np.int64)
        number[words] = np.arange(len(words))
        number = np.where(self._index >= 0, number[np.maximum(self._index, 0)], -1)  # of each type
        found = [np.zeros(0, np.int64)]
        for first in range(0, len(self._ids), _CHUNK):
            ids = self._ids[first : first + _CHUNK]
            found.append(first + np.flatnonzero((ids >= 0) & (number[np.maximum(ids, 0)] >= 0)))
        places = rng.permutation(np.concatenate(found))
        there = number[self._ids[places]]
        order = np.argsort(there, kind="stable")
        places, there = places[order], there[order]
        begins = np.searchsorted(there, there)
        few = np.arange(len(there)) - begins < _MOST_PLACES
        return places[few], there[few]

    def _around(
        self, places: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Return the contexts of places: number of the place, row, how often they are met."""
        ids = self._ids
        met: list[Any] = [(np.zeros(0, np.intp), np.zeros(0, np.int64), np.zeros(0))]
        for step in (-1, 1):
            inside = np.ones(len(places), np.bool_)
            for distance in range(1, self._window + 1):
                there = places + step * distance
                inside &= (there >= 0) & (there < len(ids))
                inside[inside] = ids[there[inside]] >= 0  # or else, a sentence has ended
                here = np.flatnonzero(inside)
                if not len(here):
                    break
                rows = self._index[ids[there[here]]]
                weights = np.where(rows >= 0, self._weights[rows], 0)
                if self._shrinks:
                    weights *= (self._window - distance + 1) / self._window
                kept = weights > 0
                met.append((here[kept], rows[kept], weights[kept]))
        found: list[Any] = [np.concatenate(each) for each in zip(*met, strict=True)]
        return found[0], found[1], found[2]


class Starts:
    """Computes where the rows of new words begin.

    Parameters
    ----------
    corpus : Corpus
        The text that brings them.
    vocabulary : Vocabulary
        The grown one.
    config : TrainingConfig
    vectors : float32, shape (V, stride)
        The word vectors of the grown model, padded.
    known : bool, shape (V,)
        Which of them hold something learned.
    new : int array
        The rows of the new words.
    """

    def __init__(
        self,
        corpus: Corpus,
        vocabulary: Vocabulary,
        config: TrainingConfig,
        vectors: FloatArray,
        known: npt.NDArray[np.bool_],
        new: npt.NDArray[np.intp],
    ) -> None:
        self._dim, self._new = config.vector_size, new
        index = vocabulary.index(corpus)
        occurrences = np.zeros(len(vocabulary), np.int64)
        occurrences[index[index >= 0]] = corpus.type_counts[index >= 0]
        fitted = np.flatnonzero(known & (occurrences >= _LEAST_OCCURRENCES))
        self._enough = len(fitted) >= _WORDS_PER_DIMENSION * (self._dim + 1) and len(new) > 0
        if not self._enough:
            return
        rng = np.random.default_rng([_STREAM, config.seed, len(vocabulary)])
        if len(fitted) > _MOST_WORDS:
            fitted = np.sort(rng.choice(fitted, _MOST_WORDS, replace=False))
        around = Contexts(corpus, vocabulary, config, vectors, known)
        self._fitted, self._given = fitted, around.means(fitted, rng)
        self._certain = np.minimum(occurrences[fitted], _ENOUGH_OCCURRENCES).astype(np.float32)
        self._wanted = around.means(new, rng)

    def write(self, rows: FloatArray) -> None:
        """Add to the rows of the new words what the map finds for them.

        `rows` is a matrix of the grown model, padded, with a row for each word. It stays as it is
        if too few words are known.
        """
        if not self._enough:
            return
        given, dim = self._given, self._dim
        width = given.shape[1]
        both = np.ascontiguousarray(np.concatenate([given, rows[self._fitted, :dim]], axis=1))
        both = np.pad(both, ((0, 0), (0, _width(both.shape[1]) - both.shape[1])))
        sums = np.empty((both.shape[1], both.shape[1]), np.float32)
        _merge.gram(both, self._certain, sums)
        found = eigen(np.ascontiguousarray(sums[: dim + 1, : dim + 1]))
        if found is None:
            return
        values, lines = found
        scaled = product(lines, padded(sums[: dim + 1, width : width + dim], len(lines)))
        scaled[: dim + 1] /= (np.maximum(values, 0) + _RIDGE).astype(np.float32)[:, np.newaxis]
        scaled[dim + 1 :] = 0
        fit = product(np.ascontiguousarray(lines.T), scaled)
        made = self._wanted.copy()
        _merge.transform(made, 0, len(made), dim + 1, fit, _merge.Scratch(dim + 1, 1))
        rows[self._new, :dim] += made[:, :dim]


def _width(n: int) -> int:
    return -(-n // ROW_FLOATS) * ROW_FLOATS
