"""Trimming: which of the words that were counted are worth training on."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2v.io import vocab_file as counts_file

# What a trim_rule answers: gensim's names and values.
RULE_DEFAULT, RULE_DISCARD, RULE_KEEP = 0, 1, 2

TrimRule = Callable[[str, int, int], int | None]
WordList = str | os.PathLike[str] | Iterable[str]

_PIECE = 1 << 16  # words handled at a time
_MOST = 2**63 - 1


@dataclass(frozen=True)
class Limits:
    """What a word must meet to be trained; see `Vocabulary.from_corpus`.

    Raises
    ------
    TypeError
        If `trim_rule` cannot be called.
    """

    min_count: int = 5
    max_final_vocab: int | None = None
    trim_rule: TrimRule | None = None

    def __post_init__(self) -> None:
        if self.trim_rule is not None and not callable(self.trim_rule):
            raise TypeError(
                f"trim_rule={self.trim_rule!r}: expected None or a callable(word, count, min_count)"
            )


@dataclass(frozen=True)
class Counted:
    """Words that were counted: types numbered by first appearance.

    Attributes
    ----------
    counts : int64, shape (n_types,)
    words : callable
        Returns the words of the types in an array.
    """

    counts: npt.NDArray[np.int64]
    words: Callable[[npt.NDArray[np.int64]], list[str]]

    def kept(self, limits: Limits) -> npt.NDArray[np.int64]:
        """Return the types that stay, by descending count; ties in order of first appearance.

        Raises
        ------
        ValueError
            If fewer than two stay.
        """
        order = np.argsort(-self.counts, kind="stable")
        least = limits.min_count
        most = limits.max_final_vocab
        if most is not None and most < len(order):
            # One more than the most frequent word that would be too many.
            least = max(least, int(self.counts[order[most]]) + 1)
        if limits.trim_rule is None:
            kept = order[: np.searchsorted(-self.counts[order], -max(least, 1), side="right")]
        else:
            kept = order[self._stays(limits.trim_rule, least)[order]]
        if len(kept) < 2:
            raise ValueError(self._too_small(order, kept, limits))
        return kept

    def _stays(self, rule: TrimRule, least: int) -> npt.NDArray[np.bool_]:
        stays = self.counts >= least
        for first in range(0, len(stays), _PIECE):
            types = np.arange(first, min(first + _PIECE, len(stays)))
            counts = self.counts[types].tolist()
            for type_, word, count in zip(types.tolist(), self.words(types), counts, strict=True):
                try:
                    answer = rule(word, count, least)
                except Exception as error:
                    if sys.version_info >= (3, 11):
                        error.add_note(f"trim_rule was asked about {word!r}, {_times(count)}")
                    raise
                if answer is None or (type(answer) is int and answer == RULE_DEFAULT):
                    continue
                # A bool is refused: True is 1, and that is RULE_DISCARD.
                if not isinstance(answer, (int, np.integer)) or isinstance(answer, bool):
                    raise TypeError(_no_answer(answer, word))
                if answer not in (RULE_DEFAULT, RULE_DISCARD, RULE_KEEP):
                    raise ValueError(_no_answer(answer, word))
                if answer != RULE_DEFAULT:
                    stays[type_] = answer == RULE_KEEP
        return stays

    def _too_small(
        self, order: npt.NDArray[np.int64], kept: npt.NDArray[np.int64], limits: Limits
    ) -> str:
        """Say what to change where fewer than two words are left."""
        top, most = int(order[0]), limits.max_final_vocab
        highest = int(self.counts[top])
        if limits.trim_rule is not None:
            left = "no word" if not len(kept) else f"only one word, {self._shown(kept[0])}, "
            return (
                f"{left.rstrip()} of {len(order):,} is left by trim_rule, "
                f"min_count={limits.min_count} and max_final_vocab={most}, and training needs two"
            )
        if highest < limits.min_count:
            return (
                f"no word occurs at least {limits.min_count:,} times "
                f"(min_count={limits.min_count}): the most frequent one, {self._shown(top)}, "
                f"occurs {_times(highest)}; lower min_count to {highest} or less, or give more text"
            )
        if most is not None and most < 2:
            return f"max_final_vocab={most}: expected at least 2 words to train on"
        if not len(kept):
            return (
                f"max_final_vocab={most}: more words than that share the highest count, so none "
                "can be kept; raise max_final_vocab"
            )
        remedy = "give text with at least two different words"
        if len(order) > 1:
            second = int(self.counts[order[1]])
            remedy = f"the next one occurs {_times(second)}: lower min_count to {second} or less"
            if most is not None and limits.min_count <= second:
                remedy = "raise max_final_vocab"
        return (
            f"only one word, {self._shown(top)}, is left in the vocabulary "
            f"(min_count={limits.min_count}), and training needs two; {remedy}"
        )

    def _shown(self, type_: int) -> str:
        return repr(self.words(np.array([type_]))[0])


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _no_answer(answer: object, word: str) -> str:
    return (
        f"trim_rule returned {answer!r} for {word!r}: expected RULE_KEEP ({RULE_KEEP}), "
        f"RULE_DISCARD ({RULE_DISCARD}), RULE_DEFAULT ({RULE_DEFAULT}) or None, which is the "
        "default too"
    )


# ---- What was given ------------------------------------------------------------------------------


def word_list(vocabulary: WordList) -> list[str]:
    """Return the words of a list, each once; those of a file where it is a path.

    Raises
    ------
    TypeError, ValueError, OSError
        If it is no list, an item is no str or empty, or the file cannot be read.
    """
    if isinstance(vocabulary, (str, os.PathLike)):
        return counts_file.read_words(vocabulary)
    try:
        given = iter(vocabulary)
    except TypeError:
        raise TypeError(
            f"vocabulary={str(vocabulary)[:60]!r}: expected a list of words, a Vocabulary or the "
            "path of a file with one word a line"
        ) from None
    words: dict[str, None] = {}
    for word in given:
        _check_word(word, "vocabulary")
        words[word] = None
    return list(words)


def word_counts(word_freq: Mapping[str, int]) -> Counted:
    """Return the words and counts of a mapping.

    Raises
    ------
    TypeError, ValueError
        If it is no mapping, a word is no str or empty, or a count is not an integer of at least 1.
    """
    if not isinstance(word_freq, Mapping):
        raise TypeError(
            f"word_freq: expected a mapping of words to counts or a Vocabulary, found "
            f"{type(word_freq).__name__}"
        )
    if not word_freq:
        raise ValueError("word_freq: expected at least two words, found none")
    total = 0
    for word, count in word_freq.items():
        _check_word(word, "word_freq")
        if not isinstance(count, (int, np.integer)) or isinstance(count, bool):
            raise TypeError(f"word_freq: {word!r} has the count {count!r}: expected an integer")
        if count < 1:
            raise ValueError(
                f"word_freq: {word!r} has the count {count}: expected at least 1; leave out words "
                "that do not occur"
            )
        total += int(count)
    if total > _MOST:
        raise ValueError(f"word_freq: the counts come to {total}: expected at most {_MOST}")
    words = list(word_freq)
    counts = np.fromiter(word_freq.values(), np.int64, len(words))
    return Counted(counts, lambda types: [words[t] for t in types.tolist()])


def _check_word(word: object, name: str) -> None:
    if not isinstance(word, str):
        raise TypeError(f"{name}: expected words (str), found {type(word).__name__} {word!r}")
    if not word:
        raise ValueError(f"{name}: a word is the empty string, which no corpus holds")
    if not word.isascii():
        try:
            word.encode()
        except UnicodeEncodeError:
            raise ValueError(f"{name}: {word!r} is not valid Unicode; repair it") from None
