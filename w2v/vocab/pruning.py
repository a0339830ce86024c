"""Pruning: which of the counted words are trained."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from w2v.io import vocab_file

# Return values of a trim_rule; names and values are those of gensim.
RULE_DEFAULT, RULE_DISCARD, RULE_KEEP = 0, 1, 2

TrimRule = Callable[[str, int, int], int | None]


class CountItems(Protocol):
    """Words with counts: a mapping, or a Series as ``value_counts()`` of pandas returns it."""

    def items(self) -> Iterable[tuple[Any, Any]]:
        """Return the pairs of a word and its count."""


Counts = CountItems | Sequence[tuple[str, int]]
WordList = str | os.PathLike[str] | Iterable[str]

_CHUNK = 1 << 16  # words decoded at a time
_MAX_TOKENS = 2**63 - 1


@dataclass(frozen=True)
class PruningRules:
    """Which words are kept; see `Vocabulary.from_corpus`.

    Raises
    ------
    TypeError
        If `trim_rule` is not callable.
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
class WordCounts:
    """Counted words: types numbered by first appearance.

    Attributes
    ----------
    counts : int64, shape (n_types,)
    words : callable
        Returns the words of the types in an array.
    """

    counts: npt.NDArray[np.int64]
    words: Callable[[npt.NDArray[np.int64]], list[str]]

    def select(self, rules: PruningRules, least: int = 2) -> npt.NDArray[np.int64]:
        """Return the types to keep, by descending count; ties in order of first appearance.

        Raises
        ------
        ValueError
            If fewer than `least` remain.
        """
        order = np.argsort(-self.counts, kind="stable")
        min_count = rules.min_count
        max_words = rules.max_final_vocab
        if max_words is not None and max_words < len(order):
            # One more than the count of the first word that exceeds the maximum.
            min_count = max(min_count, int(self.counts[order[max_words]]) + 1)
        if rules.trim_rule is None:
            kept = order[: np.searchsorted(-self.counts[order], -max(min_count, 1), side="right")]
        else:
            kept = order[self._apply_rule(rules.trim_rule, min_count)[order]]
        if len(kept) < least:
            raise ValueError(self._empty_vocabulary_message(order, kept, rules))
        return kept

    def _apply_rule(self, rule: TrimRule, min_count: int) -> npt.NDArray[np.bool_]:
        kept = self.counts >= min_count
        for first in range(0, len(kept), _CHUNK):
            types = np.arange(first, min(first + _CHUNK, len(kept)))
            counts = self.counts[types].tolist()
            for type_, word, count in zip(types.tolist(), self.words(types), counts, strict=True):
                try:
                    answer = rule(word, count, min_count)
                except Exception as error:
                    if sys.version_info >= (3, 11):
                        note = (
                            f"raised by trim_rule for {word!r}, which occurs {_format_count(count)}"
                        )
                        error.add_note(note)
                    raise
                if answer is None or (type(answer) is int and answer == RULE_DEFAULT):
                    continue
                # A bool is rejected: True is 1, which means RULE_DISCARD.
                if not isinstance(answer, (int, np.integer)) or isinstance(answer, bool):
                    raise TypeError(_rule_error(answer, word))
                if answer not in (RULE_DEFAULT, RULE_DISCARD, RULE_KEEP):
                    raise ValueError(_rule_error(answer, word))
                if answer != RULE_DEFAULT:
                    kept[type_] = answer == RULE_KEEP
        return kept

    def _empty_vocabulary_message(
        self, order: npt.NDArray[np.int64], kept: npt.NDArray[np.int64], rules: PruningRules
    ) -> str:
        """Return what to change when fewer than two words remain."""
        if not len(order):
            return "word_freq: expected at least two words, found none"
        top, max_words = int(order[0]), rules.max_final_vocab
        highest = int(self.counts[top])
        if rules.trim_rule is not None:
            left = f"only one word ({self._quoted(kept[0])})" if len(kept) else "no word"
            return (
                f"{left} of {len(order):,} remains after pruning with trim_rule, "
                f"min_count={rules.min_count} and max_final_vocab={max_words}; training needs at "
                "least two words"
            )
        if highest < rules.min_count:
            return (
                f"no word occurs at least {rules.min_count:,} times "
                f"(min_count={rules.min_count}): the most frequent word, {self._quoted(top)}, "
                f"occurs {_format_count(highest)}; lower min_count to {highest} or less, or use "
                "more text"
            )
        if max_words is not None and max_words < 2:
            return f"max_final_vocab={max_words}: expected at least 2, training needs two words"
        if not len(kept):
            return (
                f"max_final_vocab={max_words}: more words than that have the highest count, so "
                "none can be kept; raise max_final_vocab"
            )
        remedy = "use text with at least two different words"
        if len(order) > 1:
            second = int(self.counts[order[1]])
            remedy = (
                f"the second most frequent occurs {_format_count(second)}; lower min_count to "
                f"{second} or less"
            )
            if max_words is not None and rules.min_count <= second:
                remedy = "raise max_final_vocab"
        return (
            f"only one word, {self._quoted(top)}, remains (min_count={rules.min_count}), but "
            f"training needs at least two; {remedy}"
        )

    def _quoted(self, type_: int) -> str:
        return repr(self.words(np.array([type_]))[0])


def _format_count(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _rule_error(answer: object, word: str) -> str:
    return (
        f"trim_rule returned {answer!r} for {word!r}: expected RULE_KEEP ({RULE_KEEP}), "
        f"RULE_DISCARD ({RULE_DISCARD}), RULE_DEFAULT ({RULE_DEFAULT}) or None"
    )


# ---- Words and counts given by the caller --------------------------------------------------------


def word_list(vocabulary: WordList) -> list[str]:
    """Return the distinct words of a list, or of a file if a path is given.

    Raises
    ------
    TypeError, ValueError, OSError
        If this is neither, a word is empty or not a str, or the file cannot be read.
    """
    if isinstance(vocabulary, (str, os.PathLike)):
        return vocab_file.read_words(vocabulary)
    try:
        given = iter(vocabulary)
    except TypeError:
        raise TypeError(
            f"vocabulary={str(vocabulary)[:60]!r}: expected a list of words, a Vocabulary or the "
            "path of a file with one word per line"
        ) from None
    words: dict[str, None] = {}
    for word in given:
        _check_word(word, "vocabulary")
        words[word] = None
    return list(words)


def as_mapping(word_freq: Any) -> Mapping[str, int]:
    """Return words and their counts as a mapping.

    Parameters
    ----------
    word_freq : mapping, series, table or list of pairs
        A series has words as its index, as ``value_counts()`` of pandas returns it; a table has
        columns of words and of counts, as that of polars does.

    Raises
    ------
    TypeError, ValueError
        If this is something else, or has a word twice.
    """
    if isinstance(word_freq, Mapping):
        return word_freq
    kind = type(word_freq)
    pairs: list[Any] = []
    if hasattr(kind, "iloc") and not hasattr(kind, "columns"):
        pairs = list(word_freq.items())
    elif hasattr(kind, "iter_rows") and len(word_freq.columns) == 2:
        pairs = list(word_freq.iter_rows())
    elif isinstance(word_freq, list | tuple):
        pairs = list(word_freq)
    if not all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in pairs) or not (
        pairs or isinstance(word_freq, list | tuple)
    ):
        raise TypeError(
            "word_freq: expected words and counts, as a mapping, a Vocabulary, value_counts() or "
            f"pairs, found {kind.__name__}; of a frame, pass "
            "dict(zip(frame['word'], frame['count']))"
        )
    counts: dict[str, int] = {}
    for word, count in pairs:
        _check_word(word, "word_freq")
        if word in counts:
            raise ValueError(f"word_freq: {word!r} occurs twice; add up its counts")
        counts[word] = count
    return counts


def word_counts(word_freq: Any) -> WordCounts:
    """Return the words and counts of what `as_mapping` takes.

    Raises
    ------
    TypeError, ValueError
        If this is something else, a word is empty or not a str, or a count is not an integer of at
        least 1.
    """
    word_freq = as_mapping(word_freq)
    total = 0
    for word, count in word_freq.items():
        _check_word(word, "word_freq")
        if not isinstance(count, (int, np.integer)) or isinstance(count, bool):
            hint = "; leave normalize=True out" if isinstance(count, (float, np.floating)) else ""
            raise TypeError(
                f"word_freq: {word!r} has the count {count!r}: expected an integer{hint}"
            )
        if count < 1:
            raise ValueError(
                f"word_freq: {word!r} has the count {count}: expected at least 1; remove "
                "words that do not occur"
            )
        total += int(count)
    if total > _MAX_TOKENS:
        raise ValueError(f"word_freq: the counts add up to {total}: expected at most {_MAX_TOKENS}")
    words = list(word_freq)
    counts = np.fromiter(word_freq.values(), np.int64, len(words))
    return WordCounts(counts, lambda types: [words[t] for t in types.tolist()])


def _check_word(word: object, name: str) -> None:
    if not isinstance(word, str):
        hint = ""
        if isinstance(word, (int, np.integer)):
            hint = "; of value_counts(), the words are its index; the word of an id is str(id)"
        raise TypeError(f"{name}: expected words (str), found {type(word).__name__} {word!r}{hint}")
    if not word:
        raise ValueError(f"{name}: the empty string is not a valid word")
    if not word.isascii():
        try:
            word.encode()
        except UnicodeEncodeError:
            raise ValueError(
                f"{name}: {word!r} contains a lone surrogate, which is not valid Unicode; repair it"
            ) from None
