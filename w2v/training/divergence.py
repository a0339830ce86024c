"""Divergence: when a loss shows that training has failed, and which setting is to be changed.

A model that knows nothing predicts everything with probability one half (negative sampling,
hierarchical softmax) or equally (full softmax), and that is where training starts. A model whose
loss is many times higher has not learned something wrong; its vectors have exploded, and the loss
grows from block to block, to 10^6 and beyond. Models that learn stay below twice the untrained
loss, at any learning rate at which they do, even on a text that contradicts what they learned
before.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from w2v.vocab.sampling import (
    chosen_sample,
    noise_distribution,
    score_offsets,
    trained_share,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    from w2v.config import TrainingConfig
    from w2v.training.weights import Weights
    from w2v.vocab.huffman import HuffmanTree
    from w2v.vocab.vocabulary import Vocabulary

_TIMES_UNTRAINED = 8.0  # the largest mean loss, in multiples of the untrained one
_PREDICTIONS = 1_000  # added to their number, so that a few bad ones do not count
_LARGE_NORM = 100.0  # of given vectors; trained ones have norms below 10


class DivergenceError(FloatingPointError):
    """Training has diverged; other errors of this kind may come from a caller's function."""


def untrained_loss(
    config: TrainingConfig, vocabulary: Vocabulary, tree: HuffmanTree | None
) -> float:
    """Return the mean loss per prediction of a model that knows nothing, in nats."""
    if config.softmax:
        return math.log(len(vocabulary))
    loss = _noise_loss(config, vocabulary.counts) if config.uses_negative_sampling else 0.0
    if tree is not None:
        lengths = np.diff(tree.offsets)
        loss += float(np.average(lengths, weights=vocabulary.counts)) * math.log(2)
    return loss


def _noise_loss(config: TrainingConfig, counts: npt.NDArray[np.int64]) -> float:
    """Return the same for negative sampling: all vectors' products are zero."""
    if not config.uses_score_offsets:
        return (1 + config.negative) * math.log(2)
    offsets = score_offsets(counts, config).astype(np.float64)
    share = trained_share(counts, chosen_sample(counts, config))
    noise = noise_distribution(counts, config.ns_exponent)
    of_noise = np.logaddexp(0, offsets)
    others = np.maximum(1 - noise, np.finfo(float).tiny)  # a target is not its own noise word
    drawn = np.maximum(noise @ of_noise - noise * of_noise, 0) / others
    return float(share @ (np.logaddexp(0, -offsets) + config.negative * drawn))


def has_diverged(loss: float, predictions: int, untrained: float) -> bool:
    """Return whether a loss, summed over predictions, is that of an exploded model."""
    # Offsets of scores may make a model certain that knows nothing, and right.
    limit = _TIMES_UNTRAINED * max(untrained, math.log(2)) * (predictions + _PREDICTIONS)
    return not (math.isfinite(loss) and loss <= limit)


def initial_norm(weights: Weights) -> float:
    """Return the largest norm of a word vector, of at most 1,000 rows."""
    rows = weights.vectors[:: max(1, len(weights.vectors) // 1_000)]
    return float(np.linalg.norm(rows.astype(np.float64), axis=1).max())


def remedy(config: TrainingConfig, default_rate: float, norm: float) -> str:
    """Return what to change: the setting farthest from its default, not always the learning rate.

    Parameters
    ----------
    config : TrainingConfig
        As given by the user: `alpha` may be None.
    default_rate : float
        The learning rate for this text if `alpha` is None.
    norm : float
        The largest norm of a word vector before this training.
    """
    if not norm < _LARGE_NORM:
        return (
            f"the word vectors had norms of up to {norm:.3g} before this training: scale vectors "
            "that you set to norms of about 1"
        )
    if config.alpha is not None and config.alpha > default_rate:
        return f"lower alpha, which was {config.alpha:g} (the default here is {default_rate:g})"
    causes = []
    if config.sg == 0 and not config.cbow_mean:
        causes.append("set cbow_mean=1, because sums of many vectors are long")
    if config.window > 10:
        causes.append(f"lower window, which was {config.window}")
    if config.negative > 20 and config.uses_negative_sampling:
        causes.append(f"lower negative, which was {config.negative}")
    rate = config.alpha or default_rate
    causes.append(f"lower alpha, for example to {rate / 4:.2g} (it was {rate:g})")
    return ", or ".join(causes)
