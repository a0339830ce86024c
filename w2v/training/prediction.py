"""Predictions of a trained model: the probabilities of a center word, and scores of sentences.

Both follow from a hidden state h (the vector of a context word, or the mean or sum of several) and
the output matrices. The probability of a word w is

- full softmax: ``exp(h . out_w) / sum_v exp(h . out_v)``;
- hierarchical softmax: the product of ``sigmoid(+-h . node)`` along the path to w, with plus if the
  code bit is 0 (Mikolov et al., 2013, "Distributed representations", eq. 3). Over all leaves
  these probabilities sum to one;
- negative sampling: a score s_w, ``h . out_w`` and the word's offset if scores have offsets,
  estimates ``log p(w | h) - log(k q(w))``, with k noise words drawn from q (Levy and Goldberg,
  2014, "Neural word embedding as implicit matrix factorization", eq. 7, for any q), so p(w | h) is
  proportional to ``q(w) exp(s_w)``.

The probabilities refer to the training text after subsampling.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from w2v._types import FloatArray
from w2v.training import _hogwild
from w2v.training.full_softmax import PredictionBatches
from w2v.vocab.sampling import noise_distribution, sampling_tables, score_offsets

if TYPE_CHECKING:
    from w2v.config import TrainingConfig
    from w2v.corpus.corpus import Corpus
    from w2v.training.weights import Weights
    from w2v.vocab.vocabulary import Vocabulary

Doubles = npt.NDArray[np.float64]

_MAX_SCORES = 1 << 22  # scores in memory at a time: hidden states times words
_BATCH = 1 << 15  # predictions per batch


class Predictor:
    """Computes the predictions of one model.

    Parameters
    ----------
    weights : Weights
    vocabulary : Vocabulary
    config : TrainingConfig
    """

    def __init__(self, weights: Weights, vocabulary: Vocabulary, config: TrainingConfig) -> None:
        self.weights, self.vocabulary, self.config = weights, vocabulary, config

    def hidden_states(self, contexts: Sequence[npt.NDArray[np.int32]]) -> FloatArray:
        """Return the hidden state of each set of context rows: their mean, or sum if so trained.

        Returns
        -------
        float32, shape (len(contexts), stride)
        """
        sums = np.stack([self.weights.vectors[rows].sum(axis=0) for rows in contexts])
        if self.config.sg == 0 and not self.config.cbow_mean:
            return sums
        sizes = np.array([len(rows) for rows in contexts], np.float32)
        return np.asarray(sums / sizes[:, np.newaxis])

    def probabilities(self, contexts: Sequence[npt.NDArray[np.int32]]) -> Iterator[Doubles]:
        """Yield p(w | h) of every word, shape (V,), for each set of context rows."""
        step = max(1, _MAX_SCORES // len(self.vocabulary))
        for first in range(0, len(contexts), step):
            hidden = self.hidden_states(contexts[first : first + step])
            yield from np.exp(self.log_probabilities(hidden))

    def log_probabilities(self, hidden: FloatArray) -> Doubles:
        """Return log p(w | h) of every word, shape (n, V), for hidden states of shape (n, stride).

        A model trained with both objectives uses hierarchical softmax.
        """
        if self.weights.node_vectors is not None:
            return self._tree_log_probabilities(hidden)
        assert self.weights.output_vectors is not None
        scores = (hidden @ self.weights.output_vectors.T).astype(np.float64) + self._offsets()
        if not self.config.softmax:
            with np.errstate(divide="ignore"):  # the smallest probabilities underflow to 0
                scores += np.log(self._noise_distribution())
        return np.asarray(scores - _log_sum_exp(scores)[:, np.newaxis])

    def _tree_log_probabilities(self, hidden: FloatArray) -> Doubles:
        from scipy.sparse import csr_matrix

        assert self.weights.node_vectors is not None
        tree = self.vocabulary.huffman_tree()
        scores = (hidden @ self.weights.node_vectors.T).astype(np.float64)
        total = np.zeros((len(hidden), len(self.vocabulary)))
        for code, sign in ((False, 1.0), (True, -1.0)):
            # The nodes of each word whose code bit is this one, as a matrix of ones and zeros.
            selected = (tree.codes == code).astype(np.float64)
            shape = len(self.vocabulary), len(self.weights.node_vectors)
            paths = csr_matrix((selected, tree.nodes, tree.offsets), shape)
            total -= (paths @ _softplus(-sign * scores).T).T
        return total

    def score(self, corpus: Corpus) -> Doubles:
        """Return the score of each sentence in nats, shape (sentences,); see `Word2Vec.score`."""
        # Full windows, no subsampling, a learning rate of 0: the training loop then only reads.
        fixed = {"sample": 0.0, "shrink_windows": False, "workers": 1, "min_alpha": 0.0}
        config = self.config.replace(**fixed)
        ends = np.flatnonzero(corpus.ids < 0) + 1
        scores = np.zeros(len(ends))
        if config.hs:
            worker = self._worker(corpus, config.replace(negative=0))
            start = 0
            for i, end in enumerate(ends.tolist()):
                worker.run(0, 0, start, end)
                scores[i] -= worker.loss
                start = end
        if self.weights.output_vectors is not None:
            plain = config.replace(hs=0, softmax=True)  # no tree and no noise words
            n_words = len(self.vocabulary)
            batches = PredictionBatches(self._worker(corpus, plain), plain, n_words, _BATCH)
            sentence = np.repeat(np.arange(len(ends)), self._prediction_counts(corpus))
            normalizers = np.full((n_words, 2), np.nan)  # per word, once computed
            batches.begin(0, 0, 0, len(corpus.ids))
            done = 0
            while (batch := batches.next()) is not None:
                values = self._prediction_scores(*batch, normalizers)
                scores += np.bincount(sentence[done : done + len(values)], values, len(ends))
                done += len(values)
        return scores

    def _worker(self, corpus: Corpus, config: TrainingConfig) -> _hogwild.Worker:
        tables = sampling_tables(self.vocabulary, corpus, config)
        return _hogwild.Worker(_hogwild.SharedState(config, self.weights, corpus.ids, tables, 0))

    def known_words(self, corpus: Corpus) -> npt.NDArray[np.int64]:
        """Return the number of words in the vocabulary of each sentence, shape (sentences,)."""
        known = np.append(self.vocabulary.index(corpus) >= 0, False)  # last: sentence ends
        ends = np.flatnonzero(corpus.ids < 0)
        return np.diff(np.cumsum(known[corpus.ids])[ends], prepend=0)

    def _prediction_counts(self, corpus: Corpus) -> npt.NDArray[np.int64]:
        """Return the number of predictions in each sentence, with full windows."""
        words = self.known_words(corpus)
        if self.config.sg == 0:
            return np.where(words > 1, words, 0)
        reach = np.clip(words - 1, 0, self.config.window)
        return np.asarray(2 * reach * words - reach * (reach + 1))

    def _prediction_scores(
        self, contexts: Any, targets: npt.NDArray[np.int32], normalizers: Doubles
    ) -> Doubles:
        """Return the score of each prediction, by softmax or by negative sampling."""
        vectors, output = self.weights.vectors, self.weights.output_vectors
        assert output is not None
        hidden = contexts @ vectors
        true = np.einsum("ij,ij->i", hidden, output[targets]).astype(np.float64)
        true += self._offsets()[targets]
        if self.config.sg:
            # Hidden states are word vectors: compute the normalizer of each word only once.
            new = np.unique(contexts.indices[np.isnan(normalizers[contexts.indices, 0])])
            normalizers[new] = self._normalizers(vectors[new])
            over_all = normalizers[contexts.indices]
        else:
            over_all = self._normalizers(hidden)
        if self.config.softmax:
            return np.asarray(true - over_all[:, 0])
        # Noise words are never the target, so the target is subtracted from the mean. For the most
        # probable word, which may have nearly all the probability, that would cancel: its mean is
        # computed without it.
        distribution = self._noise_distribution()
        top = distribution.argmax()
        probability = np.where(targets == top, 0.0, distribution[targets])
        noise = (over_all[:, 0] - probability * _softplus(true)) / (1 - probability)
        noise = np.where(targets == top, over_all[:, 1], noise)
        return np.asarray(-_softplus(-true) - self.config.negative * noise)

    def _normalizers(self, hidden: FloatArray) -> Doubles:
        """Return the term over all words for hidden states of shape (n, stride): shape (n, 2).

        Softmax: the logarithm of the sum of exp(score) over all words. Negative sampling: the mean
        of -log sigmoid(-score) over noise words, and over all except the most probable one.
        """
        assert self.weights.output_vectors is not None
        all_words = self._noise_distribution()
        others = self._noise_distribution(exclude=int(all_words.argmax()))
        weights = np.stack([all_words, others], axis=1).astype(np.float32)
        offsets = self._offsets()
        terms = np.empty((len(hidden), 2))
        step = max(1, _MAX_SCORES // len(self.vocabulary))
        for first in range(0, len(hidden), step):
            rows = slice(first, first + step)
            scores = hidden[rows] @ self.weights.output_vectors.T + offsets
            if self.config.softmax:
                terms[rows, 0] = _log_sum_exp(scores)
            else:
                terms[rows] = _softplus(scores) @ weights
        return terms

    def _offsets(self) -> npt.NDArray[np.float32]:
        """Return what is added to the score of each word, shape (V,)."""
        if self.config.uses_score_offsets:
            return score_offsets(self.vocabulary.counts, self.config)
        return np.zeros(len(self.vocabulary), np.float32)

    def _noise_distribution(self, exclude: int | None = None) -> Doubles:
        return noise_distribution(self.vocabulary.counts, self.config.ns_exponent, exclude)


def most_probable(
    probabilities: Doubles, words: Sequence[str], count: int
) -> list[tuple[str, float]]:
    """Return the most probable words in order; ties in row order."""
    order = np.argsort(-probabilities, kind="stable")[:count]
    return [(words[row], float(probabilities[row])) for row in order]


def _log_sum_exp(scores: npt.NDArray[Any]) -> Doubles:
    """Return log(sum(exp(scores))) of each row."""
    largest = scores.max(axis=1, keepdims=True)
    total = np.exp(scores - largest).sum(axis=1, dtype=np.float64)
    return np.asarray(largest[:, 0] + np.log(total))


def _softplus(scores: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return -log sigmoid(-scores), in the dtype of the scores."""
    return np.asarray(np.maximum(scores, 0) + np.log1p(np.exp(-np.abs(scores))))
