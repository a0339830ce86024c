"""The nearest known spelling of a word that is unknown, for error messages."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Sequence

_WORDS = 100_000  # the first ones, the most frequent where words are in that order
_TRIED = 200


class SpellingSuggester:
    """Words in bins by beginning, end and length, so that few have to be compared.

    Parameters
    ----------
    words : sequence of str
        The most important first.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._bins: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
        for word in words[:_WORDS]:
            for side in {"<" + word[:2], ">" + word[-2:]}:
                self._bins[side, len(word)].append(word)

    def suggest(self, key: str) -> str | None:
        """Return the most similar word (difflib's ratio, at least 0.75), None if there is none."""
        sides = "<" + key[:2], ">" + key[-2:]
        lengths = (len(key), len(key) - 1, len(key) + 1)
        bins = [self._bins.get((side, length), []) for length in lengths for side in sides]
        each = _TRIED // len(bins)
        tried = dict.fromkeys(word for words in bins for word in words[:each])
        found = difflib.get_close_matches(key[:100], tried, n=1, cutoff=0.75)
        return found[0] if found else None
