"""The vocabulary: which words are trained, and the tables that the hot loop draws from."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from w2v import _huffman

if TYPE_CHECKING:
    from w2v.config import TrainingConfig
    from w2v.corpus import Corpus

# Entries of the noise table: twice what gives the rarest word one entry, within these limits.
_NOISE_LEAST, _NOISE_MOST = 1 << 16, 1 << 24


@dataclass(frozen=True)
class HuffmanTree:
    """Each word's way from the root of the Huffman tree down to its leaf.

    Attributes
    ----------
    offsets : int64, shape (V + 1,)
        The path of word `i` is ``path[offsets[i]:offsets[i + 1]]``.
    path : int32, shape (sum of all lengths,)
        Inner nodes from 0 to V - 2, the root first; ``~node`` where the code bit is 1.
    """

    offsets: npt.NDArray[np.int64]
    path: npt.NDArray[np.int32]

    @property
    def nodes(self) -> npt.NDArray[np.int32]:
        """The path without its code bits."""
        return np.where(self.path < 0, ~self.path, self.path)

    @property
    def codes(self) -> npt.NDArray[np.bool_]:
        """The code bits alone: which way each node of the path is left, in its shape."""
        return np.asarray(self.path < 0)

    @property
    def longest(self) -> int:
        """The length of the longest path."""
        return int(np.diff(self.offsets).max())


@dataclass(frozen=True)
class Tables:
    """What the hot loop looks up: arrays of a vocabulary, for one corpus and configuration.

    Attributes
    ----------
    index : int32, shape (types,)
        Row of each type of the corpus, -1 for types outside the vocabulary.
    keep : uint32, shape (V,)
        A token is kept where 32 random bits are at most this: 2**32 - 1 keeps all.
    noise : int32, shape (T,), or None
        Shuffled table of rows, where noise words are drawn.
    tree : HuffmanTree or None
        For hierarchical softmax.
    """

    index: npt.NDArray[np.int32]
    keep: npt.NDArray[np.uint32]
    noise: npt.NDArray[np.int32] | None = None
    tree: HuffmanTree | None = None


class Vocabulary:
    """Words and their counts, by descending count; ties in order of first appearance.

    Parameters
    ----------
    words : list of str
        Row `i` of both matrices belongs to ``words[i]``.
    counts : int64, shape (V,)
        How often each word occurs in the corpus, descending.
    """

    def __init__(self, words: list[str], counts: npt.NDArray[np.int64]) -> None:
        self.words = words
        self.counts = counts
        self._latest: tuple[weakref.ref[Corpus], npt.NDArray[np.int32]] | None = None
        self._tree: HuffmanTree | None = None

    def __len__(self) -> int:
        return len(self.words)

    def __repr__(self) -> str:
        return f"Vocabulary({len(self):,} words, {self.tokens:,} tokens)"

    @property
    def tokens(self) -> int:
        """How many tokens of the corpus belong to the vocabulary."""
        return int(self.counts.sum())

    @classmethod
    def from_corpus(
        cls, corpus: Corpus, *, min_count: int = 5, max_final_vocab: int | None = None
    ) -> Vocabulary:
        """Choose the words of a corpus that occur at least `min_count` times.

        Parameters
        ----------
        max_final_vocab : int, optional
            Keep at most this many words by raising `min_count` as far as needed, as gensim does:
            words of equal count are kept or left out together.

        Raises
        ------
        ValueError
            If fewer than two words remain; the message says which limit to lower.
        """
        counts = corpus.type_counts
        order = np.argsort(-counts, kind="stable")
        kept = int(np.searchsorted(-counts[order], -max(min_count, 1), side="right"))
        if kept == 0:
            top = int(order[0])
            raise ValueError(
                f"no word occurs at least {min_count:,} times (min_count={min_count}): the most "
                f"frequent one, {_shown(corpus, top)}, occurs {_times(int(counts[top]))}; lower "
                f"min_count to {int(counts[top])} or less, or give more text"
            )
        if max_final_vocab is not None and kept > max_final_vocab:
            limit = int(counts[order[max_final_vocab]])
            kept = int(np.searchsorted(-counts[order], -limit, side="left"))
        if kept < 2:
            raise ValueError(_too_small(corpus, order, kept, min_count, max_final_vocab))
        order = order[:kept].astype(np.int32)
        vocabulary = cls(corpus.words(order), counts[order])
        index = np.full(corpus.n_types, -1, np.int32)
        index[order] = np.arange(kept, dtype=np.int32)
        vocabulary._latest = (weakref.ref(corpus), index)
        return vocabulary

    def index(self, corpus: Corpus) -> npt.NDArray[np.int32]:
        """Return the row of each type of a corpus, -1 for those outside the vocabulary.

        Returns
        -------
        int32, shape (corpus.n_types,)
        """
        if self._latest is not None and self._latest[0]() is corpus:
            return self._latest[1]
        row = {word: i for i, word in enumerate(self.words)}
        words = corpus.words()
        index = np.fromiter((row.get(word, -1) for word in words), np.int32, len(words))
        self._latest = (weakref.ref(corpus), index)
        return index

    def tables(self, corpus: Corpus, config: TrainingConfig) -> Tables:
        """Return what training on a corpus needs, no more than the configuration asks for."""
        return Tables(
            self.index(corpus),
            self.keep_thresholds(config.sample),
            self.noise_table(config.ns_exponent, config.seed) if config.samples_noise else None,
            self.huffman_tree() if config.hs else None,
        )

    def huffman_tree(self) -> HuffmanTree:
        """Return the tree of hierarchical softmax: paths of least mean length over the counts."""
        if self._tree is None:
            size = 2 * len(self) - 1
            parent, depth = np.zeros((2, size), np.int32)
            _huffman.build(
                np.ascontiguousarray(self.counts), np.empty(size, np.int64), parent, depth
            )
            offsets = np.zeros(len(self) + 1, np.int64)
            np.cumsum(depth[: len(self)], out=offsets[1:])
            path = np.empty(offsets[-1], np.int32)
            _huffman.paths(parent, offsets, path)
            self._tree = HuffmanTree(offsets, path)
        return self._tree

    def noise_shares(
        self, ns_exponent: float, without: int | None = None
    ) -> npt.NDArray[np.float64]:
        """Return how likely each word is to be drawn as noise: its share of count**ns_exponent.

        Parameters
        ----------
        without : int, optional
            A row that is never drawn.

        Returns
        -------
        float64, shape (V,)
            They sum to one.
        """
        log_weight = ns_exponent * np.log(self.counts.astype(np.float64))
        if without is not None:
            log_weight[without] = -np.inf
        weight = np.exp(log_weight - log_weight.max())
        return np.asarray(weight / weight.sum())

    def keep_thresholds(self, sample: float) -> npt.NDArray[np.uint32]:
        """Return what 32 random bits are compared with to keep one occurrence of each word.

        A word whose share of the corpus is f is kept with probability
        ``(sqrt(f / sample) + 1) * sample / f``, at most 1, as in word2vec.c (which is not quite
        eq. 5 of Mikolov et al., 2013, "Distributed representations").

        Returns
        -------
        uint32, shape (V,)
            The probability times 2**32, less one.
        """
        if sample == 0:
            return np.full(len(self), 2**32 - 1, np.uint32)
        share = self.counts / self.tokens
        probability = np.minimum((np.sqrt(share / sample) + 1) * (sample / share), 1.0)
        thresholds = np.maximum(np.rint(probability * 2.0**32) - 1, 0)
        return np.asarray(thresholds, np.uint32)

    def noise_entries(self, ns_exponent: float) -> npt.NDArray[np.int64]:
        """Return how many entries of the noise table each word has, at least 1; shape (V,)."""
        share = self.noise_shares(ns_exponent)
        with np.errstate(divide="ignore", over="ignore"):
            size = int(np.clip(2 / share.min(), _NOISE_LEAST, max(_NOISE_MOST, 2 * len(self))))
        # Rounding the running sum, not each share, keeps classes of equally rare words in
        # proportion: of words worth 1.5 entries, half get one and half get two.
        entries = np.diff(np.rint(np.cumsum(share) * size), prepend=0.0).astype(np.int64)
        return np.maximum(entries, 1)

    def noise_table(self, ns_exponent: float, seed: int) -> npt.NDArray[np.int32]:
        """Return a shuffled table of rows, each present in proportion to count**ns_exponent.

        Every word is in it at least once. Where a word would have fewer than half an entry (a
        table of 2**24 entries is the largest), that one entry is more than its share.

        Returns
        -------
        int32, shape (T,)
        """
        entries = self.noise_entries(ns_exponent)
        table = np.repeat(np.arange(len(self), dtype=np.int32), entries)
        np.random.default_rng([seed, 1]).shuffle(table)
        return table


def _shown(corpus: Corpus, type_: int) -> str:
    return repr(corpus.words(np.array([type_]))[0])


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _too_small(
    corpus: Corpus,
    order: npt.NDArray[np.int64],
    kept: int,
    min_count: int,
    max_final_vocab: int | None,
) -> str:
    if max_final_vocab is not None and max_final_vocab < 2:
        return f"max_final_vocab={max_final_vocab}: expected at least 2 words to train on"
    if kept == 0:
        return (
            f"max_final_vocab={max_final_vocab}: more words than that share the highest count, so "
            "none can be kept; raise max_final_vocab"
        )
    remedy = "give text with at least two different words"
    if len(order) > 1:
        second = int(corpus.type_counts[order[1]])
        remedy = f"the next one occurs {_times(second)}: lower min_count to {second} or less"
        if max_final_vocab is not None and min_count <= second:
            remedy = "raise max_final_vocab"
    return (
        f"only one word, {_shown(corpus, int(order[0]))}, is left in the vocabulary "
        f"(min_count={min_count}), and training needs two; {remedy}"
    )
