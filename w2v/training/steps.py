"""The size of steps, chosen from the text: contexts of a step, and the default learning rate.

The contexts of one step share its noise words, and their gradients are computed from the same rows
and then added up. The contexts of a CBOW window all get the whole gradient. With many contexts, or
few different words, such sums overshoot: the vectors explode, or stay noisier than vectors trained
pair by pair. docs/objectives.md has the measurements behind the numbers here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from w2v.config import TrainingConfig
    from w2v.corpus.corpus import Corpus
    from w2v.vocab.sampling import SamplingTables
    from w2v.vocab.vocabulary import Vocabulary

_NO_LIMIT = 20_000  # contexts in the widest window
_MAX_CONTEXTS = 20  # those of a window of 10
_MAX_CONTEXTS_PER_PATH = 5  # all meet the nodes near the root of the Huffman tree
# With few noise words, sharing them costs accuracy: contexts per step for 1, 2, ... noise words.
_MAX_CONTEXTS_BY_NEGATIVE = {1: 3, 2: 5, 3: 10, 4: 15}
_CONTEXTS_SCALE = 150.0  # a step takes at most perplexity**2 / (150 * contexts of a center word)
_USUAL_NEGATIVE = 5  # with which that was measured: more noise words make more gradients
# Hierarchical softmax: this many trained words allow a step one context more.
_TOKENS_PER_CONTEXT = 50_000.0

# Skip-gram with negative sampling: if the words of a text are trained less often than this on
# average, vectors are still near their start when the rate has fallen. Then it starts higher.
_ENOUGH_UPDATES = 400.0
_EPOCHS_OF_SHORT_TEXT = 20  # fewer gain less, 60 lose
_FASTER = 2.0  # at most, from 280 updates down
_SKEWED = 0.6  # perplexity by words: below in text; walks on graphs learn from fewer updates

# Skip-gram with negative sampling: in longer text, the rate is constant for a share of training. A
# higher one is too high for too long then.
_DECAY_START, _USUAL_RATE = 0.3, 0.025

# CBOW: the default learning rate holds up to as many contexts, and from this perplexity on.
_FEW_CONTEXTS = 20.0
_LARGE_PERPLEXITY = 300.0
_LARGE_PERPLEXITY_PER_CONTEXT = 50.0  # with fewer than six contexts, fewer words do not overshoot
_CLASSIC_LEAST = 0.025  # the rate of word2vec.c and gensim


@dataclass(frozen=True)
class TextShape:
    """What the size of steps depends on.

    Attributes
    ----------
    perplexity : float
        Number of equally frequent words that would be as hard to predict as the trained ones,
        after subsampling.
    sentence_length : float
        Mean number of trained words in a sentence, which limits the windows.
    tokens : float
        Number of trained words in an epoch.
    words : float
        Number of distinct ones.
    """

    perplexity: float = math.inf
    sentence_length: float = math.inf
    tokens: float = math.inf
    words: float = 1.0

    @classmethod
    def of(cls, corpus: Corpus, vocabulary: Vocabulary, tables: SamplingTables) -> TextShape:
        """Return the shape of a corpus as it is trained."""
        keep = tables.keep_probability
        known = tables.index >= 0
        kept = float((corpus.type_counts[known] * keep[tables.index[known]]).sum())
        length = kept / max(1, corpus.n_sentences)
        words = max(1, int(known.sum()))
        return cls(perplexity(vocabulary.counts * keep), length, kept, words)

    def contexts(self, config: TrainingConfig) -> float:
        """Return about how many contexts a center word has; an upper limit."""
        window = config.window + 1 if config.shrink_windows else 2 * config.window
        return max(1.0, min(window, self.sentence_length - 1))


LARGE = TextShape()


def perplexity(counts: npt.NDArray[np.float64]) -> float:
    """Return the exponential of the entropy of words with these counts, in any unit."""
    share = counts[counts > 0] / counts.sum()
    # To nine digits: the last ones of a logarithm differ from CPU to CPU, and rates depend on this.
    return float(f"{np.exp(-np.sum(share * np.log(share))):.9g}")


def contexts_per_step(config: TrainingConfig, shape: TextShape = LARGE) -> int:
    """Return the maximum number of contexts that one step takes."""
    if not config.sg:
        return _NO_LIMIT  # they are one input
    if config.uses_negative_sampling:
        if not config.shared_negatives:
            return 1
        most = _MAX_CONTEXTS_BY_NEGATIVE.get(config.negative, _MAX_CONTEXTS)
    else:
        most = _MAX_CONTEXTS_PER_PATH
    stable = shape.perplexity**2 / (_CONTEXTS_SCALE * shape.contexts(config))
    if config.uses_negative_sampling:
        stable *= (1 + _USUAL_NEGATIVE) / (1 + max(config.negative, _USUAL_NEGATIVE))
    if config.hs:
        if shape.contexts(config) > _MAX_CONTEXTS:
            most = min(most, _MAX_CONTEXTS_PER_PATH)
        # A short text ends while the vectors are still near their start. There, they grow faster
        # if each context meets nodes that the one before has moved.
        stable = min(stable, shape.tokens * config.epochs / _TOKENS_PER_CONTEXT)
    return max(1, int(min(stable, most)))


def learning_rate(config: TrainingConfig, shape: TextShape = LARGE) -> float:
    """Return the initial learning rate: `alpha`, or if it is None, the default for such a text."""
    rate = config.learning_rate
    if config.alpha is not None or config.exact_cbow_gradient:
        return rate
    if config.sg:
        return rate * _faster(config, shape)
    contexts = shape.contexts(config)
    many = max(1.0, contexts / _FEW_CONTEXTS)
    large = min(_LARGE_PERPLEXITY, _LARGE_PERPLEXITY_PER_CONTEXT * contexts)
    few_words = math.sqrt(min(1.0, shape.perplexity / large))
    if config.cbow_mean:
        rate = max(_CLASSIC_LEAST, rate * few_words / math.sqrt(many))
    else:
        rate *= few_words / many
    return max(config.min_alpha, rate)


def decay_start(config: TrainingConfig, shape: TextShape = LARGE) -> float:
    """Return the share of training after which the learning rate falls.

    If `decay_start` is None, it is the default for such a text.
    """
    if config.decay_start is not None:
        return config.decay_start
    higher = learning_rate(config, shape) > _USUAL_RATE
    return _DECAY_START if _bears_more(config, shape) and not higher else 0.0


def updates_per_word(config: TrainingConfig, shape: TextShape) -> float:
    """Return how often a word is trained on average, over all epochs."""
    return shape.tokens / shape.words * config.epochs


def enough_epochs(config: TrainingConfig, shape: TextShape) -> int:
    """Return `config.epochs`, or more if skip-gram needs them because words are trained seldom."""
    measured = config.sg and config.uses_negative_sampling and _is_text(shape)
    if not measured or updates_per_word(config, shape) >= _ENOUGH_UPDATES:
        return config.epochs
    return max(config.epochs, _EPOCHS_OF_SHORT_TEXT)


def _is_text(shape: TextShape) -> bool:
    """Return whether some words are far more frequent than most, unlike the nodes of walks."""
    return _LARGE_PERPLEXITY <= shape.perplexity < _SKEWED * shape.words


def _faster(config: TrainingConfig, shape: TextShape) -> float:
    """Return by how much the rate of skip-gram rises in a text that trains each word seldom."""
    if not _bears_more(config, shape):
        return 1.0
    few = _ENOUGH_UPDATES / updates_per_word(config, shape)
    return min(_FASTER, max(1.0, few * few))


def _bears_more(config: TrainingConfig, shape: TextShape) -> bool:
    """Return whether skip-gram learns more from such a text if the learning rate is higher.

    Not where sums of gradients come near overshooting: in small vocabularies and long windows, and
    with many noise words.
    """
    return bool(
        config.sg
        and config.uses_negative_sampling
        and not config.hs
        and config.negative <= _USUAL_NEGATIVE
        and shape.contexts(config) <= _FEW_CONTEXTS
        and _is_text(shape)
    )
