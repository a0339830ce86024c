"""Suggestion of a known word for a misspelled one, for error messages."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Sequence

_MAX_WORDS = 100_000  # the first ones, usually the most frequent
_MAX_CANDIDATES = 200


class SpellingSuggester:
    """Search for similar spellings among words binned by prefix, suffix and length.

    Parameters
    ----------
    words : sequence of str
        The most frequent first.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._bins: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
        for word in words[:_MAX_WORDS]:
            for side in {"<" + word[:2], ">" + word[-2:]}:
                self._bins[side, len(word)].append(word)

    def suggest(self, key: str) -> str | None:
        """Return the most similar word by difflib ratio, or None if all ratios are below 0.75."""
        sides = "<" + key[:2], ">" + key[-2:]
        lengths = (len(key), len(key) - 1, len(key) + 1)
        bins = [self._bins.get((side, length), []) for length in lengths for side in sides]
        per_bin = _MAX_CANDIDATES // len(bins)
        candidates = dict.fromkeys(word for words in bins for word in words[:per_bin])
        found = difflib.get_close_matches(key[:100], candidates, n=1, cutoff=0.75)
        return found[0] if found else None
