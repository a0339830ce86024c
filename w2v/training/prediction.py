"""What a trained model predicts: the missing word, and how likely a text is.

Everything follows from a hidden state h (a context word's vector, or the mean or sum of several)
and the output matrices. The probability of a word w is

- full softmax: ``exp(h . out_w) / sum_v exp(h . out_v)``;
- hierarchical softmax: the product of ``sigmoid(+-h . node)`` along the path to w, plus where the
  code bit is 0 (Mikolov et al., 2013, "Distributed representations", eq. 3). Over all leaves
  these sum to one;
- negative sampling: ``h . out_w`` estimates ``log p(w | h) - log(k q(w))``, with k noise words
  drawn from q (Levy and Goldberg, 2014, "Neural word embedding as implicit matrix factorization",
  eq. 7, for any q), so p(w | h) is proportional to ``q(w) exp(h . out_w)``.

These are probabilities in the text as it was trained on, after subsampling.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from w2v._types import FloatArray
from w2v.training import _hogwild
from w2v.training.full_softmax import Windows

if TYPE_CHECKING:
    from w2v.config import TrainingConfig
    from w2v.corpus.corpus import Corpus
    from w2v.training.weights import Weights
    from w2v.vocab.vocabulary import Vocabulary

Doubles = npt.NDArray[np.float64]

_SCORES = 1 << 22  # scores held at a time: hidden states times words
_BATCH = 1 << 15  # predictions of a text taken at a time


class Predictor:
    """Answers for one model.

    Parameters
    ----------
    weights : Weights
    vocabulary : Vocabulary
    config : TrainingConfig
    """

    def __init__(self, weights: Weights, vocabulary: Vocabulary, config: TrainingConfig) -> None:
        self.weights, self.vocabulary, self.config = weights, vocabulary, config

    def hidden(self, contexts: Sequence[npt.NDArray[np.int32]]) -> FloatArray:
        """Return the hidden state of each set of context rows: their mean, or sum if trained so.

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
        """Give p(w | h) of every word, shape (V,), for each set of context rows."""
        step = max(1, _SCORES // len(self.vocabulary))
        for first in range(0, len(contexts), step):
            hidden = self.hidden(contexts[first : first + step])
            yield from np.exp(self.log_probabilities(hidden))

    def log_probabilities(self, hidden: FloatArray) -> Doubles:
        """Return log p(w | h) of every word, shape (n, V), for hidden states of shape (n, stride).

        A model trained with both objectives answers by hierarchical softmax.
        """
        if self.weights.node_vectors is not None:
            return self._along_paths(hidden)
        assert self.weights.output_vectors is not None
        scores = (hidden @ self.weights.output_vectors.T).astype(np.float64)
        if not self.config.softmax:
            with np.errstate(divide="ignore"):  # shares that are too small for float64 are 0
                scores += np.log(self.vocabulary.noise_shares(self.config.ns_exponent))
        return np.asarray(scores - _log_sum_exp(scores)[:, np.newaxis])

    def _along_paths(self, hidden: FloatArray) -> Doubles:
        from scipy.sparse import csr_matrix

        assert self.weights.node_vectors is not None
        tree = self.vocabulary.huffman_tree()
        scores = (hidden @ self.weights.node_vectors.T).astype(np.float64)
        found = np.zeros((len(hidden), len(self.vocabulary)))
        for code, sign in ((False, 1.0), (True, -1.0)):
            # Each word's nodes that are left by this bit, as a matrix of ones and zeros.
            ways = (tree.codes == code).astype(np.float64)
            shape = len(self.vocabulary), len(self.weights.node_vectors)
            paths = csr_matrix((ways, tree.nodes, tree.offsets), shape)
            found -= (paths @ _softplus(-sign * scores).T).T
        return found

    def score(self, corpus: Corpus) -> Doubles:
        """Return each sentence's value in nats, shape (sentences,); see `Word2Vec.score`."""
        # Whole windows, every word, a learning rate of 0: the hot loop then only reads.
        whole = {"sample": 0.0, "shrink_windows": False, "workers": 1, "min_alpha": 0.0}
        config = self.config.replace(**whole)
        ends = np.flatnonzero(corpus.ids < 0) + 1
        found = np.zeros(len(ends))
        if config.hs:
            worker = self._worker(corpus, config.replace(negative=0))
            start = 0
            for i, end in enumerate(ends.tolist()):
                worker.run(0, 0, start, end)
                found[i] -= worker.loss
                start = end
        if self.weights.output_vectors is not None:
            plain = config.replace(hs=0, softmax=True)  # no tree and no noise words
            windows = Windows(self._worker(corpus, plain), plain, len(self.vocabulary), _BATCH)
            sentence = np.repeat(np.arange(len(ends)), self._predictions(corpus, ends))
            normalizers = np.full((len(self.vocabulary), 2), np.nan)  # of words, once known
            windows.begin(0, 0, 0, len(corpus.ids))
            done = 0
            while (batch := windows.next()) is not None:
                values = self._values(*batch, normalizers)
                found += np.bincount(sentence[done : done + len(values)], values, len(ends))
                done += len(values)
        return found

    def _worker(self, corpus: Corpus, config: TrainingConfig) -> _hogwild.Worker:
        tables = self.vocabulary.tables(corpus, config)
        return _hogwild.Worker(_hogwild.SharedState(config, self.weights, corpus.ids, tables, 0))

    def _predictions(self, corpus: Corpus, ends: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
        """Return how many predictions each sentence makes with whole windows."""
        known = np.append(self.vocabulary.index(corpus) >= 0, False)  # the last one: sentence ends
        words = np.diff(np.cumsum(known[corpus.ids])[ends - 1], prepend=0)
        if self.config.sg == 0:
            return np.where(words > 1, words, 0)
        reach = np.clip(words - 1, 0, self.config.window)
        return np.asarray(2 * reach * words - reach * (reach + 1))

    def _values(self, pool: Any, targets: npt.NDArray[np.int32], normalizers: Doubles) -> Doubles:
        """Return the value of each prediction, by softmax or by negative sampling."""
        vectors, output = self.weights.vectors, self.weights.output_vectors
        assert output is not None
        hidden = pool @ vectors
        true = np.einsum("ij,ij->i", hidden, output[targets]).astype(np.float64)
        if self.config.sg:
            # Hidden states are word vectors, and few: the whole vocabulary meets each only once.
            new = np.unique(pool.indices[np.isnan(normalizers[pool.indices, 0])])
            normalizers[new] = self._normalizers(vectors[new])
            over_all = normalizers[pool.indices]
        else:
            over_all = self._normalizers(hidden)
        if self.config.softmax:
            return np.asarray(true - over_all[:, 0])
        # Noise words are never the target. For the likeliest one, whose share may be nearly all,
        # the mean without it is taken as such and not from a small difference.
        shares = self.vocabulary.noise_shares(self.config.ns_exponent)
        share = np.where(targets == shares.argmax(), 0.0, shares[targets])
        noise = (over_all[:, 0] - share * _softplus(true)) / (1 - share)
        noise = np.where(targets == shares.argmax(), over_all[:, 1], noise)
        return np.asarray(-_softplus(-true) - self.config.negative * noise)

    def _normalizers(self, hidden: FloatArray) -> Doubles:
        """Return what all words together add, for each of (n, stride) hidden states: (n, 2).

        Softmax: the logarithm of the sum over words of exp(score); negative sampling: the mean of
        -log sigmoid(-score) over noise words, and over all but the likeliest.
        """
        assert self.weights.output_vectors is not None
        exponent = self.config.ns_exponent
        all_words = self.vocabulary.noise_shares(exponent)
        others = self.vocabulary.noise_shares(exponent, without=int(all_words.argmax()))
        shares = np.stack([all_words, others], axis=1).astype(np.float32)
        found = np.empty((len(hidden), 2))
        step = max(1, _SCORES // len(self.vocabulary))
        for first in range(0, len(hidden), step):
            part = slice(first, first + step)
            scores = hidden[part] @ self.weights.output_vectors.T
            if self.config.softmax:
                found[part, 0] = _log_sum_exp(scores)
            else:
                found[part] = _softplus(scores) @ shares
        return found


def top(probabilities: Doubles, words: Sequence[str], count: int) -> list[tuple[str, float]]:
    """Return the most probable words, in order; equal ones in row order."""
    order = np.argsort(-probabilities, kind="stable")[:count]
    return [(words[row], float(probabilities[row])) for row in order]


def _log_sum_exp(scores: npt.NDArray[Any]) -> Doubles:
    """Return log(sum(exp(scores))) of each row."""
    most = scores.max(axis=1, keepdims=True)
    total = np.exp(scores - most).sum(axis=1, dtype=np.float64)
    return np.asarray(most[:, 0] + np.log(total))


def _softplus(scores: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return -log sigmoid(-scores), in the scores' type."""
    return np.asarray(np.maximum(scores, 0) + np.log1p(np.exp(-np.abs(scores))))
