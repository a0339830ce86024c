"""The vocabulary: which words are trained, and the tables that the hot loop draws from."""

from __future__ import annotations

import functools
import itertools
import sys
import warnings
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from w2v._types import PathLike
from w2v.corpus import _text_encoder
from w2v.io import vocab_file as counts_file
from w2v.vocab import _huffman
from w2v.vocab.pruning import Counted, Limits, TrimRule, WordList, word_counts, word_list

if TYPE_CHECKING:
    from w2v.config import TrainingConfig
    from w2v.corpus.corpus import Corpus

# Entries of the noise table: twice what gives the rarest word one entry, within these limits.
_NOISE_LEAST, _NOISE_MOST = 1 << 16, 1 << 24

_PIECE = 1 << 16  # words decoded at a time


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
        """How many tokens of the corpus that was counted belong to the vocabulary."""
        return int(self.counts.sum())

    def __contains__(self, word: object) -> bool:
        return word in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def count(self, word: str) -> int:
        """Return how often a word occurs; a KeyError where it is not in the vocabulary."""
        row = self._rows.get(word)
        if row is None:
            raise KeyError(f"{word!r} is not in the vocabulary of {len(self):,} words")
        return int(self.counts[row])

    @functools.cached_property
    def _rows(self) -> dict[str, int]:
        return {word: row for row, word in enumerate(self.words)}

    # ---- How it is made --------------------------------------------------------------------------

    @classmethod
    def from_corpus(
        cls,
        corpus: Corpus,
        *,
        min_count: int = 5,
        max_final_vocab: int | None = None,
        trim_rule: TrimRule | None = None,
    ) -> Vocabulary:
        """Choose the words of a corpus that occur at least `min_count` times.

        The corpus is not read again: many vocabularies can be made from one.

        Parameters
        ----------
        corpus : Corpus
        min_count : int, default 5
        max_final_vocab : int, optional
            Keep at most this many words by raising `min_count` as far as needed, as gensim does:
            words of equal count are kept or left out together.
        trim_rule : callable, optional
            Asked as ``trim_rule(word, count, min_count)`` about each word in order of first
            appearance, with the `min_count` that `max_final_vocab` has raised. Answers
            `RULE_KEEP` or `RULE_DISCARD`, whatever the count, or `RULE_DEFAULT` (or None): kept
            where count is at least min_count. These are 2, 1 and 0, in w2v as in gensim; words that
            are kept come on top of `max_final_vocab`. It is a Python call for each different word:
            about half a second for a million.

        Raises
        ------
        ValueError
            If fewer than two words remain (the message says which limit to lower), or `trim_rule`
            answers anything else (TypeError where that is no integer). Its own exceptions come
            through, with a note that names the word (from Python 3.11 on).
        """
        limits = Limits(min_count, max_final_vocab, trim_rule)
        order = Counted(corpus.type_counts, corpus.words).kept(limits)
        return cls._of_types(corpus, order.astype(np.int32))

    @classmethod
    def from_counts(
        cls,
        word_freq: Mapping[str, int] | Vocabulary,
        *,
        min_count: int = 5,
        max_final_vocab: int | None = None,
        trim_rule: TrimRule | None = None,
    ) -> Vocabulary:
        """Choose from words that were counted elsewhere.

        Parameters
        ----------
        word_freq : mapping of str to int, or Vocabulary
            Words and how often each occurs, at least once.
        min_count, max_final_vocab, trim_rule
            As for `from_corpus`; the first to appear is the first of the mapping.

        Raises
        ------
        TypeError, ValueError
            As for `from_corpus`, and where a word or a count is none.
        """
        limits = Limits(min_count, max_final_vocab, trim_rule)
        if isinstance(word_freq, Vocabulary):
            word_freq = dict(zip(word_freq.words, word_freq.counts.tolist(), strict=True))
        counted = word_counts(word_freq)
        order = counted.kept(limits)
        return cls(counted.words(order), counted.counts[order])

    @classmethod
    def from_words(cls, words: WordList, corpus: Corpus) -> Vocabulary:
        """Choose exactly the words of a list, with their counts in a corpus.

        Parameters
        ----------
        words : iterable of str, or path
            The words, in any order; or a text file with one a line, alone or with a count behind
            it, which is passed over. Of a `Vocabulary` the words are taken, not the counts.
        corpus : Corpus

        Raises
        ------
        TypeError, ValueError, OSError
            If fewer than two of the words occur in the corpus, one is no str or empty, or the file
            cannot be read.

        Warns
        -----
        UserWarning
            If some of the words do not occur in the corpus: they are left out, since nothing can be
            learned of them.
        """
        listed = word_list(words)
        place = _places(listed, corpus)
        types = np.flatnonzero(place >= 0)
        missing = np.ones(len(listed), np.bool_)
        missing[place[types]] = False
        if missing.any():
            absent = np.flatnonzero(missing)
            some = ", ".join(repr(listed[i]) for i in absent[:5].tolist())
            told = (
                f"{len(absent):,} of the {len(listed):,} words of the list do not occur in the "
                f"corpus: {some}{', ...' if len(absent) > 5 else ''}"
            )
        if len(types) < 2:
            raise ValueError(
                f"{told}; training needs two words that occur: are they in the same spelling and "
                "case?"
                if missing.any()
                else f"vocabulary: expected at least two words, found {len(listed)}"
            )
        if missing.any():
            warnings.warn(f"{told}; they are left out", stacklevel=4)
        order = types[np.argsort(-corpus.type_counts[types], kind="stable")]
        return cls._of_types(corpus, order.astype(np.int32))

    @classmethod
    def _of_types(cls, corpus: Corpus, order: npt.NDArray[np.int32]) -> Vocabulary:
        vocabulary = cls(corpus.words(order), corpus.type_counts[order])
        index = np.full(corpus.n_types, -1, np.int32)
        index[order] = np.arange(len(order), dtype=np.int32)
        vocabulary._latest = (weakref.ref(corpus), index)
        return vocabulary

    # ---- Files -----------------------------------------------------------------------------------

    def save_counts(self, path: PathLike) -> None:
        """Write words and counts as text, as word2vec.c does with -save-vocab.

        A line for each word, the word and its count, the most frequent first. The file is written
        beside its destination and renamed into place.

        Raises
        ------
        ValueError
            If a word holds white space, which the format cannot represent.
        OSError
            If the file cannot be written; an old file is then as it was.
        """
        counts_file.write(path, self.words, self.counts)

    @classmethod
    def load_counts(cls, path: PathLike) -> Vocabulary:
        """Read words and counts that `save_counts` or word2vec.c wrote; all of them.

        `from_counts` and `Word2Vec.build_vocab_from_freq` choose among them. The order of lines
        need not be that of counts. In files of word2vec.c's, the first word, ``</s>``, counts the
        ends of lines: delete that line, since here they are no words.

        Raises
        ------
        ValueError
            If a line is no word and a count of at least 1, a word stands there twice or is not
            UTF-8, or there is none; the message names file and line.
        OSError
            If the file cannot be read.
        """
        words, counts = counts_file.read(path)
        order = np.argsort(-counts, kind="stable")
        return cls([words[i] for i in order.tolist()], counts[order])

    # ---- What is made of it ----------------------------------------------------------------------

    def index(self, corpus: Corpus) -> npt.NDArray[np.int32]:
        """Return the row of each type of a corpus, -1 for those outside the vocabulary.

        Returns
        -------
        int32, shape (corpus.n_types,)

        Raises
        ------
        ValueError
            If the vocabulary holds a word twice, or an empty one.
        """
        if self._latest is not None and self._latest[0]() is corpus:
            return self._latest[1]
        index = _places(self.words, corpus)
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


def _places(words: list[str], corpus: Corpus) -> npt.NDArray[np.int32]:
    """Return the place of each type of a corpus in a list of words, -1 for those not in it.

    By the encoder, whose table finds a word several times faster than a dict of strings that lie
    all over memory.
    """
    encoder = _text_encoder.Encoder(_text_encoder.STRICT)
    pieces = (
        corpus.words(np.arange(first, min(first + _PIECE, corpus.n_types)))
        for first in range(0, corpus.n_types, _PIECE)
    )
    encoder.add_sentences(itertools.chain([words], pieces), sys.maxsize)
    ids: npt.NDArray[np.int32] = np.frombuffer(memoryview(encoder.finish()[0]), np.int32)
    ids = ids[ids >= 0]
    if encoder.empty_tokens or not np.array_equal(ids[: len(words)], np.arange(len(words))):
        raise ValueError("the vocabulary holds a word twice, or an empty one; expected each once")
    places = ids[len(words) :]
    return np.where(places < len(words), places, np.int32(-1))
