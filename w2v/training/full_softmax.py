"""Full softmax: every prediction is scored against every word of the vocabulary.

This is the exact objective that hierarchical softmax and negative sampling approximate: the
probability of a word w given a hidden state h is ``exp(h . out_w) / sum_v exp(h . out_v)``. Its
cost is proportional to the vocabulary size. Batches of hidden states are multiplied by the whole
output matrix (BLAS).
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from w2v._format import format_duration
from w2v._memory import allocate_rows
from w2v._types import FloatArray
from w2v.training import _hogwild

if TYPE_CHECKING:
    from w2v.config import TrainingConfig
    from w2v.training.weights import Weights


_BATCH = 64  # maximum number of predictions per batch
_SKIP_GRAM_BATCH = 20  # those of a window of 10, even in the smallest vocabulary
# CBOW: the maximum number of context words per batch, divided by that of predictions; at least one
# center word fits. Long windows overlap: each of their words would get the gradients of the whole
# batch at once.
_CONTEXTS_PER_PREDICTION = 20


class SoftmaxWorker:
    """Trains one block after the other; has the interface of `_hogwild.Worker`.

    Attributes
    ----------
    loss, predictions
        Of the last block: the sum of ``-log p(target)`` in nats, and the number of predictions.
    """

    def __init__(self, job: _hogwild.SharedState, weights: Weights, config: TrainingConfig) -> None:
        assert weights.output_vectors is not None
        self.loss, self.predictions = 0.0, 0
        self._job = job
        self._vectors, self._output = weights.vectors, weights.output_vectors
        n_words = len(self._output)
        self._batches = PredictionBatches(
            _hogwild.Worker(job), config, n_words, batch_size(n_words)
        )
        self._anchor = weights.anchor
        self._frozen = None if weights.trainable is None else ~weights.trainable
        self._exact_gradient = config.exact_cbow_gradient
        self._scores = np.empty((self._batches.max_size, len(self._output)), np.float32)

    def run(self, epoch: int, block: int, start: int, end: int) -> int:
        """Train on ids[start:end]; see `_hogwild.Worker.run`."""
        self.loss, self.predictions = 0.0, 0
        self._batches.begin(epoch, block, start, end)
        while (batch := self._batches.next()) is not None:
            with np.errstate(all="ignore"):  # overflow shows in the loss
                self.loss += self._step(*batch, self._job.learning_rate)
            self.predictions += len(batch[1])
            if not math.isfinite(self.loss):
                return _hogwild.DIVERGED
            if self._job.stopped:
                return _hogwild.STOPPED
        return _hogwild.DONE

    def _step(self, contexts: Any, targets: npt.NDArray[np.int32], alpha: float) -> float:
        hidden: FloatArray = contexts @ self._vectors
        loss, hidden_update, output_update = _updates(
            hidden, self._output, targets, alpha, self._scores
        )
        if alpha == 0:
            return loss
        self._output += output_update
        if not self._exact_gradient:
            contexts.data.fill(1.0)
        input_update = contexts.T @ hidden_update
        if self._frozen is not None:
            input_update[self._frozen] = -0.0  # adding 0.0 would turn -0.0 into 0.0
        self._vectors += input_update
        if self._anchor is not None:
            words, times = np.unique(contexts.indices, return_counts=True)
            free = slice(None) if self._frozen is None else ~self._frozen[words]
            self._anchor.pull("vectors", self._vectors, words[free], alpha, times[free])
            words = np.arange(len(self._output))
            times = np.full(len(words), len(targets))
            self._anchor.pull("output_vectors", self._output, words, alpha, times)
        return loss


def _updates(
    hidden: FloatArray,
    output: FloatArray,
    targets: npt.NDArray[np.int32],
    alpha: float,
    scores: FloatArray,
) -> tuple[float, FloatArray, FloatArray]:
    """Return the summed loss and the updates of the hidden states and the output rows.

    Shapes: hidden (n, stride), output (V, stride), targets (n,). `scores`, at least (n, V), is
    scratch memory.
    """
    scores = scores[: len(targets)]
    np.matmul(hidden, output.T, out=scores)
    scores -= scores.max(axis=1, keepdims=True)
    true = np.arange(len(targets)), targets
    log_p = scores[true].astype(np.float64)
    np.exp(scores, out=scores)
    total = scores.sum(axis=1, dtype=np.float64)
    log_p -= np.log(total)
    # Scores become negative gradients, times the learning rate: alpha (1 - p) for the
    # target, -alpha p for all others.
    scores *= (-alpha / total).astype(np.float32)[:, np.newaxis]
    scores[true] += np.float32(alpha)
    return -float(log_p.sum()), scores @ output, scores.T @ hidden


def batch_size(n_words: int) -> int:
    """Return the number of predictions per batch.

    Each prediction updates every output row, in proportion to the probability of its word. In a
    small vocabulary, the sum of the gradients of many predictions can overshoot, which sequential
    updates would not.
    """
    return min(_BATCH, max(8, n_words // 4))


class PredictionBatches:
    """The predictions of a block of text, in batches.

    Parameters
    ----------
    worker : _hogwild.Worker
    config : TrainingConfig
    n_words : int
        Size of the vocabulary, V.
    max_size : int
        Maximum number of predictions per batch; raised for skip-gram so that those of one center
        word fit, up to 20.
    """

    def __init__(
        self, worker: _hogwild.Worker, config: TrainingConfig, n_words: int, max_size: int
    ) -> None:
        window = 2 * config.window
        if config.sg:
            max_size = max(max_size, min(window, _SKIP_GRAM_BATCH))
        self.max_size = max_size
        self.n_words = n_words
        self._seek = worker.seek_block
        self._collect = worker.collect_predictions
        self._mean = bool(config.sg == 0 and config.cbow_mean)
        # Skip-gram: one center may have more predictions than a batch.
        predictions = max(max_size, window) if config.sg else max_size
        capacity = predictions
        if not config.sg:
            capacity = max(window, max_size * min(window, _CONTEXTS_PER_PREDICTION))
        self._contexts = np.empty(capacity, np.int32)
        self._offsets = np.empty(predictions + 1, np.int64)
        self._targets = np.empty(predictions, np.int32)
        self._made = self._returned = 0

    def begin(self, epoch: int, block: int, start: int, end: int) -> None:
        """Start a block; see `_hogwild.Worker.seek_block`."""
        self._seek(epoch, block, start, end)
        self._made = self._returned = 0

    def next(self) -> tuple[Any, npt.NDArray[np.int32]] | None:
        """Return the next batch; None at the end of the block that was given to `begin`.

        Returns
        -------
        contexts : sparse matrix of float32, shape (n, V)
            ``contexts @ vectors`` are the hidden states: the vector of a context word (skip-gram),
            or the mean or sum of all context vectors (CBOW).
        targets : int32, shape (n,)
            The rows to predict.
        """
        from scipy.sparse import csr_matrix

        if self._returned == self._made:
            self._made = self._collect(self._contexts, self._offsets, self._targets)
            self._returned = 0
        first = self._returned
        n = min(self._made - first, self.max_size)
        if n == 0:
            return None
        self._returned += n
        offsets = self._offsets[first : first + n + 1]
        contexts = self._contexts[offsets[0] : offsets[-1]]
        offsets = offsets - offsets[0]
        sizes = np.diff(offsets)
        weights = np.repeat(1 / sizes, sizes) if self._mean else np.ones(len(contexts))
        shape = n, self.n_words
        data = weights.astype(np.float32), contexts, offsets
        return csr_matrix(data, shape, copy=True), self._targets[first : first + n].copy()


def check_softmax_vocab(n_words: int, config: TrainingConfig, n_tokens: int) -> None:
    """Raise a ValueError if the vocabulary is too large for the full softmax.

    The message estimates memory and time, from a timed batch with a part of the vocabulary.
    """
    if not config.softmax or n_words <= config.max_softmax_vocab:
        return
    hidden, part = (
        allocate_rows(_BATCH, config.vector_size),
        allocate_rows(1000, config.vector_size),
    )
    targets, scores = np.zeros(_BATCH, np.int32), np.empty((_BATCH, len(part)), np.float32)
    seconds = math.inf
    for _ in range(20):
        began = time.perf_counter()
        _updates(hidden, part, targets, 0.0, scores)
        seconds = min(seconds, time.perf_counter() - began)
    contexts = config.window + 1 if config.shrink_windows else 2 * config.window
    predictions = n_tokens * (contexts if config.sg else 1)
    epoch = seconds * (predictions / _BATCH) * (n_words / len(part))
    memory = 4 * n_words * (_BATCH + 4 * part.shape[1])
    raise ValueError(
        f"softmax=True: {n_words:,} words exceed max_softmax_vocab={config.max_softmax_vocab:,}; "
        f"one epoch of this text would take about {format_duration(epoch)} on one processor, and "
        f"training {memory / 2**20:,.0f} MiB; set max_softmax_vocab={n_words} to proceed, reduce "
        "the vocabulary (max_final_vocab, min_count), or use hs=1 or negative sampling"
    )
