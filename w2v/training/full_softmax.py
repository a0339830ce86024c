"""Full softmax: every prediction against every word of the vocabulary.

The exact objective that hierarchical softmax and negative sampling stand in for: the probability
of a word w given a hidden state h is ``exp(h . out_w) / sum_v exp(h . out_v)``. Its cost grows with
the vocabulary. Hidden states meet the whole output matrix in batches, as matrix products (BLAS).
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from w2v._memory import allocate_rows
from w2v._types import FloatArray
from w2v.training import _hogwild

if TYPE_CHECKING:
    from w2v.config import TrainingConfig
    from w2v.training.weights import Weights


_BATCH = 64  # predictions whose gradients are taken from the same matrices, at most
_CONTEXTS = 1 << 20  # context words of a batch, at most (but one centre's fit)


class SoftmaxWorker:
    """Trains block after block, as a `_hogwild.Worker` does.

    Attributes
    ----------
    loss, predictions
        Of the last block: the sum of ``-log p(target)`` in nats, and over how many.
    """

    def __init__(self, job: _hogwild.SharedState, weights: Weights, config: TrainingConfig) -> None:
        assert weights.output_vectors is not None
        self.loss, self.predictions = 0.0, 0
        self._job = job
        self._vectors, self._output = weights.vectors, weights.output_vectors
        n_words = len(self._output)
        self._windows = Windows(_hogwild.Worker(job), config, n_words, batch_size(n_words))
        self._frozen = None if weights.trainable is None else ~weights.trainable
        self._divides = config.divides_gradient
        self._scores = np.empty((self._windows.most, len(self._output)), np.float32)

    def run(self, epoch: int, block: int, start: int, end: int) -> int:
        """Train on ids[start:end]; see `_hogwild.Worker.run`."""
        self.loss, self.predictions = 0.0, 0
        self._windows.begin(epoch, block, start, end)
        while (batch := self._windows.next()) is not None:
            with np.errstate(all="ignore"):  # numbers out of range show in the loss
                self.loss += self._step(*batch, self._job.learning_rate)
            self.predictions += len(batch[1])
            if not math.isfinite(self.loss):
                return _hogwild.DIVERGED
            if self._job.stopped:
                return _hogwild.STOPPED
        return _hogwild.DONE

    def finish(self) -> None:
        """Do nothing: every step has changed the shared matrices."""

    def _step(self, pool: Any, targets: npt.NDArray[np.int32], alpha: float) -> float:
        hidden: FloatArray = pool @ self._vectors
        loss, gained, moved = _gradients(hidden, self._output, targets, alpha, self._scores)
        self._output += moved
        if not self._divides:
            pool.data.fill(1.0)
        moved = pool.T @ gained
        if self._frozen is not None:
            moved[self._frozen] = -0.0  # to add 0.0 would turn -0.0 into 0.0
        self._vectors += moved
        return loss


def _gradients(
    hidden: FloatArray,
    output: FloatArray,
    targets: npt.NDArray[np.int32],
    alpha: float,
    scores: FloatArray,
) -> tuple[float, FloatArray, FloatArray]:
    """Return the summed loss, and what hidden states and output rows gain.

    Shapes: hidden (n, stride), output (V, stride), targets (n,); `scores`, at least (n, V), is
    overwritten.
    """
    scores = scores[: len(targets)]
    np.matmul(hidden, output.T, out=scores)
    scores -= scores.max(axis=1, keepdims=True)
    true = np.arange(len(targets)), targets
    log_p = scores[true].astype(np.float64)
    np.exp(scores, out=scores)
    total = scores.sum(axis=1, dtype=np.float64)
    log_p -= np.log(total)
    # Scores become gradients: alpha (1 - p) for the target, -alpha p for all others.
    scores *= (-alpha / total).astype(np.float32)[:, np.newaxis]
    scores[true] += np.float32(alpha)
    return -float(log_p.sum()), scores @ output, scores.T @ hidden


def batch_size(n_words: int) -> int:
    """Return how many predictions are made from the same matrices.

    Each moves every output row, in proportion to its word's probability: where words are few, the
    sum of many predictions' gradients can overshoot as one after the other would not.
    """
    return min(_BATCH, max(8, n_words // 4))


class Windows:
    """A text's predictions, in batches.

    Parameters
    ----------
    worker : _hogwild.Worker
    config : TrainingConfig
    n_words : int
        Size of the vocabulary, V.
    most : int
        Predictions in a batch; for skip-gram at least those that a single centre can make.
    """

    def __init__(
        self, worker: _hogwild.Worker, config: TrainingConfig, n_words: int, most: int
    ) -> None:
        window = 2 * config.window
        self.most = max(most, window) if config.sg else most
        self.n_words = n_words
        self.begin = worker.seek_block
        self._collect = worker.collect_predictions
        self._mean = bool(config.sg == 0 and config.cbow_mean)
        places = self.most if config.sg else min(self.most * window, max(window, _CONTEXTS))
        self._contexts = np.empty(places, np.int32)
        self._offsets = np.empty(self.most + 1, np.int64)
        self._targets = np.empty(self.most, np.int32)

    def next(self) -> tuple[Any, npt.NDArray[np.int32]] | None:
        """Return the next predictions; None at the end of what `begin` went to the start of.

        Returns
        -------
        pool : sparse matrix of float32, shape (n, V)
            ``pool @ vectors`` are the hidden states: a context word's vector (skip-gram), or the
            mean or sum of all of them (CBOW).
        targets : int32, shape (n,)
            The rows to predict.
        """
        from scipy.sparse import csr_matrix

        n = self._collect(self._contexts, self._offsets, self._targets)
        if n == 0:
            return None
        offsets = self._offsets[: n + 1]
        contexts = self._contexts[: offsets[-1]]
        sizes = np.diff(offsets)
        weights = np.repeat(1 / sizes, sizes) if self._mean else np.ones(len(contexts))
        shape = n, self.n_words
        pool = csr_matrix((weights.astype(np.float32), contexts, offsets), shape, copy=True)
        return pool, self._targets[:n].copy()


def check_size(n_words: int, config: TrainingConfig, n_tokens: int) -> None:
    """Raise a ValueError where the vocabulary is too large for a full softmax.

    The message tells the memory and the time it would take, from a batch against a part of the
    vocabulary that is timed now.
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
        _gradients(hidden, part, targets, 0.0, scores)
        seconds = min(seconds, time.perf_counter() - began)
    contexts = config.window + 1 if config.shrink_windows else 2 * config.window
    predictions = n_tokens * (contexts if config.sg else 1)
    epoch = seconds * (predictions / _BATCH) * (n_words / len(part))
    memory = 4 * n_words * (_BATCH + 4 * part.shape[1])
    raise ValueError(
        f"softmax=True: {n_words:,} words, and max_softmax_vocab={config.max_softmax_vocab:,}: an "
        f"epoch of this text would take about {_duration(epoch)} on one processor, and training "
        f"{memory / 2**20:,.0f} MiB; raise max_softmax_vocab to {n_words} to go on, make the "
        "vocabulary smaller (max_final_vocab, min_count), or take hs=1 or negative sampling, which "
        "stand in for the full softmax"
    )


def _duration(seconds: float) -> str:
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{seconds:,.0f} seconds"
