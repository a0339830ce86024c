"""Which tokens and noise words are drawn in training: subsampling and the noise distribution."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from w2v._memory import explain_shortage
from w2v.vocab.huffman import HuffmanTree

if TYPE_CHECKING:
    from w2v.config import TrainingConfig
    from w2v.corpus.corpus import Corpus
    from w2v.vocab.vocabulary import Vocabulary

# Entries of the noise table: twice what gives the rarest word one entry, within these limits.
_MIN_NOISE_ENTRIES, _MAX_NOISE_ENTRIES = 1 << 16, 1 << 24
_LARGE_EXPONENT = 1e6  # and beyond: only the most, or the least, frequent words are noise
_SMALLEST_SAMPLE = 1e-290  # with smaller ones, which drop no more, a division would overflow
_MAX_OFFSET = 20.0  # of scores: beyond, a prediction is certain
# Negative sampling alone learns more in the same time from a long text that fewer of the frequent
# words remain of: if enough occurrences of each word still do. Where words are about equally
# frequent, as items of baskets are, it would take from all of them: few words may be so.
_USUAL_SAMPLE, _SAMPLE_OF_LONG_TEXT = 1e-3, 1e-4
_SAMPLE_OF_CBOW = 3e-5  # which texts are long does not depend on it
_ENOUGH_OCCURRENCES = 80.0  # after subsampling, per word
_FEW = 0.05  # of the vocabulary
_DOMINANT = 0.5  # share of the noise above which a word has a table for itself as target


@dataclass(frozen=True)
class SamplingTables:
    """Lookup tables of the training loop, for one vocabulary, corpus and configuration.

    Attributes
    ----------
    index : int32, shape (types,)
        Row of each type of the corpus, -1 for types outside the vocabulary.
    keep_threshold : uint32, shape (V,)
        A token is kept if 32 random bits are at most this: 2**32 - 1 keeps every token.
    noise_table : int32, shape (T,), or None
        Shuffled rows from which noise words are drawn.
    tree : HuffmanTree or None
        For hierarchical softmax.
    dominant : int or None
        The row that takes more than half of the noise table, if there is one: for this row as
        target, most draws would be the target again.
    noise_for_dominant : int32, shape (U,), or None
        The table of noise words for this target: the others, in the same proportions.
    score_offsets : float32, shape (V,), or None
        What is added to the score of each row as output; None: nothing.
    """

    index: npt.NDArray[np.int32]
    keep_threshold: npt.NDArray[np.uint32]
    noise_table: npt.NDArray[np.int32] | None = None
    tree: HuffmanTree | None = None
    dominant: int | None = None
    noise_for_dominant: npt.NDArray[np.int32] | None = None
    score_offsets: npt.NDArray[np.float32] | None = None

    @property
    def keep_probability(self) -> npt.NDArray[np.float64]:
        """The probability that subsampling keeps a token of each row; shape (V,)."""
        return keep_probability(self.keep_threshold)


def sampling_tables(
    vocabulary: Vocabulary, corpus: Corpus, config: TrainingConfig
) -> SamplingTables:
    """Return the tables that training on a corpus needs, and no others."""
    counts = vocabulary.counts
    remedy = "raise min_count, set max_final_vocab"
    if config.uses_negative_sampling:
        remedy += ", or train without a table of noise words (hs=1, negative=0)"
    size = partial(largest_tables, vocabulary, config)
    with explain_shortage("the tables of training", size, remedy):
        noise = dominant = others = None
        if config.uses_negative_sampling:
            noise = noise_table(counts, config.ns_exponent, config.seed)
            dominant = dominant_row(counts, config.ns_exponent)
        if dominant is not None:
            others = noise_table(counts, config.ns_exponent, config.seed, exclude=dominant)
        return SamplingTables(
            vocabulary.index(corpus),
            subsampling_thresholds(counts, chosen_sample(counts, config)),
            noise,
            vocabulary.huffman_tree() if config.hs else None,
            dominant,
            others,
            score_offsets(counts, config) if config.uses_score_offsets else None,
        )


def dominant_row(counts: npt.NDArray[np.int64], ns_exponent: float) -> int | None:
    """Return the row with most of the noise, if there is one and it is not alone."""
    distribution = noise_distribution(counts, ns_exponent)
    if len(counts) == 1 or distribution.max() <= _DOMINANT:
        return None
    return int(distribution.argmax())


def largest_tables(vocabulary: Vocabulary, config: TrainingConfig) -> int:
    """Return about how many bytes the tables take while they are made."""
    noise = 4 * _MAX_NOISE_ENTRIES if config.uses_negative_sampling else 0
    return 40 * len(vocabulary) + noise


def chosen_sample(counts: npt.NDArray[np.int64], config: TrainingConfig) -> float:
    """Return `sample`, or if it is None, what such a vocabulary is subsampled with.

    docs/objectives.md has the measurements.
    """
    if config.sample is not None:
        return config.sample
    if config.hs or not config.uses_negative_sampling:
        return _USUAL_SAMPLE
    counts = np.maximum(counts, 1)
    keep = keep_probability(subsampling_thresholds(counts, _SAMPLE_OF_LONG_TEXT))
    frequent = np.count_nonzero(counts > _SAMPLE_OF_LONG_TEXT * counts.sum())
    enough = float(counts @ keep) >= _ENOUGH_OCCURRENCES * len(counts)
    long = enough and frequent <= _FEW * len(counts)
    if not long:
        return _USUAL_SAMPLE
    return _SAMPLE_OF_LONG_TEXT if config.sg else _SAMPLE_OF_CBOW


def subsampling_thresholds(counts: npt.NDArray[np.int64], sample: float) -> npt.NDArray[np.uint32]:
    """Return the threshold below which 32 random bits keep one occurrence of each word.

    A word that makes up the fraction f of the corpus is kept with probability
    ``(sqrt(f / sample) + 1) * sample / f``, at most 1, as in word2vec.c (which differs slightly
    from eq. 5 of Mikolov et al., 2013, "Distributed representations").

    Returns
    -------
    uint32, shape (V,)
        The probability times 2**32, minus one.
    """
    if sample == 0:
        return np.full(len(counts), 2**32 - 1, np.uint32)
    sample = max(sample, _SMALLEST_SAMPLE)
    fraction = counts / int(counts.sum())
    probability = np.minimum((np.sqrt(fraction / sample) + 1) * (sample / fraction), 1.0)
    thresholds = np.maximum(np.rint(probability * 2.0**32) - 1, 0)
    return np.asarray(thresholds, np.uint32)


def keep_probability(thresholds: npt.NDArray[np.uint32]) -> npt.NDArray[np.float64]:
    """Return the probabilities, in float64, of `subsampling_thresholds`."""
    return (thresholds + 1.0) / 2**32


def noise_distribution(
    counts: npt.NDArray[np.int64], ns_exponent: float, exclude: int | None = None
) -> npt.NDArray[np.float64]:
    """Return the probability of each word to be drawn as noise, proportional to count**ns_exponent.

    Parameters
    ----------
    counts : int64, shape (V,)
    ns_exponent : float
    exclude : int, optional
        A row that is never drawn.

    Returns
    -------
    float64, shape (V,)
        The probabilities sum to one.
    """
    ns_exponent = min(max(ns_exponent, -_LARGE_EXPONENT), _LARGE_EXPONENT)
    log_weight = ns_exponent * np.log(counts.astype(np.float64))
    if exclude is not None:
        log_weight[exclude] = -np.inf
    weight = np.exp(log_weight - log_weight.max())
    return np.asarray(weight / weight.sum())


def trained_share(counts: npt.NDArray[np.int64], sample: float) -> npt.NDArray[np.float64]:
    """Return each word's share of the text after subsampling, shape (V,)."""
    kept = counts * keep_probability(subsampling_thresholds(counts, sample))
    return np.asarray(kept / kept.sum())


def score_offsets(counts: npt.NDArray[np.int64], config: TrainingConfig) -> npt.NDArray[np.float32]:
    """Return what is added to the score of each word: ``log(p / (k q))``, at most 20 either way.

    p is the word's share of the text after subsampling, q its share of the noise, k the number of
    noise words. At the optimum, a score is log p(w | h) - log(k q(w)) (Levy and Goldberg, 2014).
    With the offset, the product of the two vectors is log p(w | h) - log p(w), which is zero where
    the context says nothing about the word.

    Returns
    -------
    float32, shape (V,)
    """
    seen = np.maximum(counts, 1)
    with np.errstate(divide="ignore"):  # an exponent may make noise of one word only
        noise = np.log(noise_distribution(seen, config.ns_exponent))
    share = trained_share(seen, chosen_sample(counts, config))
    offsets = np.log(share) - math.log(config.negative) - noise
    return np.clip(offsets, -_MAX_OFFSET, _MAX_OFFSET).astype(np.float32)


def noise_table_counts(
    counts: npt.NDArray[np.int64], ns_exponent: float, exclude: int | None = None
) -> npt.NDArray[np.int64]:
    """Return the number of entries of each word in the noise table, at least 1; shape (V,).

    `exclude` is a row without entries.
    """
    probability = noise_distribution(counts, ns_exponent, exclude)
    others = probability if exclude is None else np.delete(probability, exclude)
    with np.errstate(divide="ignore", over="ignore"):
        largest = max(_MAX_NOISE_ENTRIES, 2 * len(counts))
        size = int(np.clip(2 / others.min(), _MIN_NOISE_ENTRIES, largest))
    # Rounding the running sum instead of each probability keeps classes of equally rare words in
    # proportion: of words worth 1.5 entries, half get one and half get two.
    entries = np.diff(np.rint(np.cumsum(probability) * size), prepend=0.0).astype(np.int64)
    entries = np.maximum(entries, 1)
    if exclude is not None:
        entries[exclude] = 0
    return entries


def noise_table(
    counts: npt.NDArray[np.int64], ns_exponent: float, seed: int, exclude: int | None = None
) -> npt.NDArray[np.int32]:
    """Return a shuffled table in which each row occurs in proportion to count**ns_exponent.

    Every word occurs at least once. A word whose proportional number of entries is below one half
    (a table has at most 2**24 entries) is thereby drawn more often than its probability.

    Returns
    -------
    int32, shape (T,)
    """
    entries = noise_table_counts(counts, ns_exponent, exclude)
    table = np.repeat(np.arange(len(counts), dtype=np.int32), entries)
    np.random.default_rng([seed, 1]).shuffle(table)
    return table
