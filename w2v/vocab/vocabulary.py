"""The vocabulary: which words are trained, and how often each occurs."""

from __future__ import annotations

import functools
import itertools
import sys
import weakref
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from w2v._attributes import WriteOnce
from w2v._types import PathLike
from w2v._warnings import warn
from w2v.corpus import _text_encoder
from w2v.io import vocab_file
from w2v.io.names import check_name
from w2v.vocab.huffman import HuffmanTree
from w2v.vocab.pruning import (
    Counts,
    PruningRules,
    TrimRule,
    WordCounts,
    WordList,
    as_mapping,
    word_counts,
    word_list,
)

if TYPE_CHECKING:
    from w2v.corpus.corpus import Corpus

_CHUNK = 1 << 16  # words decoded at a time


class Vocabulary(WriteOnce):
    """Words with their counts, by descending count; ties in order of first appearance.

    Words that `grown` adds come after the others, whose rows they leave alone.

    Most vocabularies are made by `from_corpus`, `from_counts`, `from_words` or `load_counts`;
    `Word2Vec` makes its own from the text.

    Parameters
    ----------
    words : list of str
        ``words[i]`` is the word of row `i` of a model's matrices. Each word occurs once.
    counts : int64, shape (V,)
        How often each word occurs in the corpus, in descending order unless words were added.

    Examples
    --------
    >>> from w2v import Corpus, Vocabulary
    >>> vocabulary = Vocabulary.from_corpus(Corpus(["a rose is a rose"]), min_count=1)
    >>> vocabulary.words, vocabulary.count("rose")
    (['a', 'rose', 'is'], 2)
    """

    words: list[str]
    counts: npt.NDArray[np.int64]

    _remedy = "make another: Vocabulary(words, counts)"

    def __init__(self, words: list[str], counts: npt.NDArray[np.int64]) -> None:
        self.words = words
        self.counts = counts
        # The last corpus that `index` was called with, and its result.
        self._last_index: tuple[weakref.ref[Corpus], npt.NDArray[np.int32]] | None = None
        self._given_tree: HuffmanTree | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is computed again."""
        return {
            "words": self.words,
            "counts": self.counts,
            "_last_index": None,
            "_given_tree": self._given_tree,
        }

    def __len__(self) -> int:
        return len(self.words)

    def __repr__(self) -> str:
        return f"Vocabulary({len(self):,} words, {self.tokens:,} tokens)"

    @property
    def tokens(self) -> int:
        """Number of tokens in the counted corpus that belong to the vocabulary."""
        return int(self.counts.sum())

    def __contains__(self, word: object) -> bool:
        return word in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def count(self, word: str) -> int:
        """Return how often a word occurs.

        Raises
        ------
        KeyError
            If the word is not in the vocabulary.
        """
        row = self._rows.get(word)
        if row is None:
            raise KeyError(f"{word!r} is not in the vocabulary of {len(self):,} words")
        return int(self.counts[row])

    @functools.cached_property
    def _rows(self) -> dict[str, int]:
        return {word: row for row, word in enumerate(self.words)}

    # ---- Choosing words --------------------------------------------------------------------------

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

        The corpus is not read again: one corpus can serve for many vocabularies.

        Parameters
        ----------
        corpus : Corpus
        min_count : int, default 5
            Words that occur less often are left out.
        max_final_vocab : int, optional
            Maximum number of words. `min_count` is raised as far as needed, as in gensim: words of
            equal count are kept or left out together. Default: no maximum.
        trim_rule : callable, optional
            ``trim_rule(word, count, min_count)`` is called for each word in order of first
            appearance, with `min_count` as raised by `max_final_vocab`. It returns `RULE_KEEP` or
            `RULE_DISCARD`, regardless of the count, or `RULE_DEFAULT` (or None) to keep the word
            if its count is at least `min_count`. These are 2, 1 and 0, as in gensim. Words kept by
            `RULE_KEEP` do not count towards `max_final_vocab`. One Python call per type takes about
            half a second per million types.

        Raises
        ------
        ValueError
            If fewer than two words remain (the message says which setting to lower), or if
            `trim_rule` returns any other integer.
        TypeError
            If `trim_rule` returns something else. Exceptions raised by `trim_rule` itself are
            passed on, with a note that names the word (Python 3.11 or later).
        """
        rules = PruningRules(min_count, max_final_vocab, trim_rule)
        order = WordCounts(corpus.type_counts, corpus.words).select(rules)
        return cls._from_types(corpus, order.astype(np.int32))

    @classmethod
    def from_counts(
        cls,
        word_freq: Counts | Vocabulary,
        *,
        min_count: int = 5,
        max_final_vocab: int | None = None,
        trim_rule: TrimRule | None = None,
    ) -> Vocabulary:
        """Choose among words that were counted elsewhere.

        Parameters
        ----------
        word_freq : mapping of str to int, Vocabulary, Series, or list of pairs
            Words with their counts, each at least 1: also ``value_counts()`` of pandas or polars,
            and ``Counter.most_common()``.
        min_count, max_final_vocab, trim_rule
            See `from_corpus`. Order of first appearance is the order of the mapping.

        Raises
        ------
        TypeError, ValueError
            As for `from_corpus`, or if a word or a count is invalid.
        """
        rules = PruningRules(min_count, max_final_vocab, trim_rule)
        counted = word_counts(counted_words(word_freq))
        order = counted.select(rules)
        return cls(counted.words(order), counted.counts[order])

    @classmethod
    def from_words(cls, words: WordList, corpus: Corpus) -> Vocabulary:
        """Choose exactly the words of a list, with their counts in a corpus.

        Parameters
        ----------
        words : iterable of str, path, or Vocabulary
            The words, in any order; or a text file with one word per line (a count after the word
            is ignored). A `Vocabulary` contributes its words, not its counts.
        corpus : Corpus

        Raises
        ------
        TypeError, ValueError, OSError
            If fewer than two of the words occur in the corpus, a word is empty or not a str, or the
            file cannot be read.

        Warns
        -----
        UserWarning
            If some of the words do not occur in the corpus. They are left out, because they cannot
            be trained.
        """
        listed = word_list(words)
        position = _map_types(listed, corpus)
        types = np.flatnonzero(position >= 0)
        missing = np.ones(len(listed), np.bool_)
        missing[position[types]] = False
        if missing.any():
            absent = np.flatnonzero(missing)
            some = ", ".join(repr(listed[i]) for i in absent[:5].tolist())
            message = (
                f"{len(absent):,} of the {len(listed):,} words of the list do not occur in the "
                f"corpus: {some}{', ...' if len(absent) > 5 else ''}"
            )
        if len(types) < 2:
            raise ValueError(
                f"{message}; training needs at least two words that occur; check spelling and case"
                if missing.any()
                else f"vocabulary: expected at least two words, found {len(listed)}"
            )
        if missing.any():
            warn(f"{message}; they are left out")
        order = types[np.argsort(-corpus.type_counts[types], kind="stable")]
        return cls._from_types(corpus, order.astype(np.int32))

    def grown(
        self,
        counted: Corpus | Counts | Vocabulary,
        *,
        min_count: int = 5,
        max_final_vocab: int | None = None,
        trim_rule: TrimRule | None = None,
    ) -> Vocabulary:
        """Return a vocabulary with more words, counted in another corpus.

        The words of this one keep their rows, and their counts are added up. New words come after
        them, by descending count in the other corpus.

        Parameters
        ----------
        counted : Corpus, mapping of str to int, Vocabulary, Series, or list of pairs
            The other corpus, or its words with their counts.
        min_count, max_final_vocab, trim_rule
            See `from_corpus`. `min_count` and `trim_rule` choose among the new words, by their
            counts in the other corpus alone; `max_final_vocab` is the maximum of all words.

        Raises
        ------
        TypeError, ValueError
            As for `from_counts`, except that new words are not required.
        """
        from w2v.corpus.corpus import Corpus  # not at import time: only where there is one

        if not isinstance(counted, Corpus):
            found = word_counts(counted_words(counted))
            types = np.arange(len(found.counts))
            rows = self._rows
            index = np.array([rows.get(word, -1) for word in found.words(types)], np.int64)
        else:
            found = WordCounts(counted.type_counts, counted.words)
            index = self.index(counted).astype(np.int64)
        known, new = np.flatnonzero(index >= 0), np.flatnonzero(index < 0)
        added = np.zeros(len(self), np.int64)
        added[index[known]] = found.counts[known]
        if max_final_vocab is not None:
            max_final_vocab = max(0, max_final_vocab - len(self))
        others = WordCounts(found.counts[new], lambda types: found.words(new[types]))
        chosen = new[others.select(PruningRules(min_count, max_final_vocab, trim_rule), 0)]
        words = [*self.words, *found.words(chosen)]
        return Vocabulary(words, np.concatenate([self.counts + added, found.counts[chosen]]))

    @classmethod
    def _from_types(cls, corpus: Corpus, order: npt.NDArray[np.int32]) -> Vocabulary:
        vocabulary = cls(corpus.words(order), corpus.type_counts[order])
        index = np.full(corpus.n_types, -1, np.int32)
        index[order] = np.arange(len(order), dtype=np.int32)
        vocabulary._last_index = (weakref.ref(corpus), index)
        return vocabulary

    # ---- Files -----------------------------------------------------------------------------------

    def save_counts(self, path: PathLike) -> None:
        """Write words and counts as text, as ``word2vec -save-vocab`` does.

        Each line is a word and its count, the most frequent word first. The file is written
        atomically.

        Raises
        ------
        ValueError
            If a word contains white space, which the format cannot represent.
        OSError
            If the file cannot be written; an existing file is left unchanged.
        """
        check_name(path, "words and counts are written as text", (".txt", ".tsv", ".csv"))
        order = np.argsort(-self.counts, kind="stable")  # words may have been added
        vocab_file.write(path, [self.words[row] for row in order], self.counts[order])

    @classmethod
    def load_counts(cls, path: PathLike) -> Vocabulary:
        """Read all words and counts of a file written by `save_counts` or word2vec.c.

        `from_counts` and `Word2Vec.build_vocab_from_freq` choose among them. The lines may be in
        any order. In word2vec.c files, the first word ``</s>`` counts line ends; delete that line,
        because line ends are not words here.

        Raises
        ------
        ValueError
            If a line is not a word with a count of at least 1, a word is duplicate or not valid
            UTF-8, or the file has no words; the message names file and line.
        OSError
            If the file cannot be read.
        """
        words, counts = vocab_file.read(path)
        order = np.argsort(-counts, kind="stable")
        return cls([words[i] for i in order.tolist()], counts[order])

    # ---- For training ----------------------------------------------------------------------------

    def index(self, corpus: Corpus) -> npt.NDArray[np.int32]:
        """Return the row of each type of a corpus, -1 for types outside the vocabulary.

        Returns
        -------
        int32, shape (corpus.n_types,)

        Raises
        ------
        ValueError
            If the vocabulary contains a duplicate word or the empty string.
        """
        if self._last_index is not None and self._last_index[0]() is corpus:
            return self._last_index[1]
        index = _map_types(self.words, corpus)
        self._last_index = (weakref.ref(corpus), index)
        return index

    def huffman_tree(self) -> HuffmanTree:
        """Return the Huffman tree of hierarchical softmax; it is built once."""
        return self._tree if self._given_tree is None else self._given_tree

    @property
    def given_tree(self) -> HuffmanTree | None:
        """The tree of a model that another program trained; None: that of the counts."""
        return self._given_tree

    @given_tree.setter
    def given_tree(self, tree: HuffmanTree | None) -> None:
        self._given_tree = tree

    @functools.cached_property
    def _tree(self) -> HuffmanTree:
        return HuffmanTree.from_counts(self.counts)


def counted_words(word_freq: Counts | Vocabulary) -> Mapping[str, int]:
    """Return words and their counts as a mapping; errors as `as_mapping`."""
    if isinstance(word_freq, Vocabulary):
        return dict(zip(word_freq.words, word_freq.counts.tolist(), strict=True))
    return as_mapping(word_freq)


def _map_types(words: list[str], corpus: Corpus) -> npt.NDArray[np.int32]:
    """Return the position of each type of a corpus in a list of words, -1 if it is not there.

    Uses the encoder, whose hash table is several times faster than a dict of strings scattered
    over memory.
    """
    encoder = _text_encoder.Encoder(_text_encoder.STRICT)
    chunks = (
        corpus.words(np.arange(first, min(first + _CHUNK, corpus.n_types)))
        for first in range(0, corpus.n_types, _CHUNK)
    )
    encoder.add_sentences(itertools.chain([words], chunks), sys.maxsize)
    ids: npt.NDArray[np.int32] = np.frombuffer(memoryview(encoder.finish()[0]), np.int32)
    ids = ids[ids >= 0]
    if encoder.empty_tokens or not np.array_equal(ids[: len(words)], np.arange(len(words))):
        raise ValueError(
            "the vocabulary contains a duplicate word or the empty string: expected distinct words"
        )
    positions = ids[len(words) :]
    return np.where(positions < len(words), positions, np.int32(-1))
