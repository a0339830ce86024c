"""How far vectors of one text depend on the random numbers that they were trained with.

M. Antoniak and D. Mimno (2018), Evaluating the stability of embedding-based word similarities. TACL
6: the nearest words differ from run to run, those of rare words most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from w2v._types import PathLike
from w2v._validation import at_least
from w2v.vectors.alignment import Matrix, Space, finite_rows
from w2v.vectors.comparing import (
    NEIGHBORS_AMONG,
    Comparison,
    as_frame,
    check_names,
    plain_columns,
    write_csv,
)
from w2v.vectors.keyed_vectors import KeyedVectors
from w2v.vectors.neighbor_tables import Table, nearest_table
from w2v.vectors.suggestions import SpellingSuggester

if TYPE_CHECKING:
    import pandas

_MAX_K = 100


@dataclass(frozen=True)
class NeighborStability:
    """A neighbor of a word, and in how many runs it is one.

    Attributes
    ----------
    word : str
    share : float
        Share of the runs in which it is among the nearest `k`, from 0 to 1.
    cosine : float
        Mean over all runs.
    spread : float
        Standard deviation of the cosine over the runs (with n - 1).
    """

    word: str
    share: float
    cosine: float
    spread: float


@dataclass(frozen=True)
class StabilityBand:
    """Words of about the same frequency, and how stable their neighbors are on average.

    Attributes
    ----------
    low, high : int
        Number of occurrences, `high` included; where counts are unknown, ranks from 1.
    words : int
    stability : float
        Mean over the words.
    """

    low: int
    high: int
    words: int
    stability: float


class Stability:
    """What `stability` returns: runs that differ in their seed alone, and what they agree on.

    Parameters
    ----------
    models : sequence of KeyedVectors
        At least two, whose common words are compared.
    names : sequence of str, optional
        Of the runs; default: letters.
    k : int, default 10
        Neighbors of each word that are compared, from 1 to 100.
    neighbors_among : int or None, default 5,000
        They are looked for among this many of the most frequent words; None: all.

    Attributes
    ----------
    models : list of KeyedVectors
        Of all runs.
    names : tuple of str
    k : int
    words : list of str
        The most frequent ones first.
    counts : ndarray of int64, shape (words,), or None
    stability : ndarray of float64, shape (words,)
        Share of the `k` nearest neighbors that two runs have in common, the mean over all pairs of
        runs; from 0 to 1.
    """

    def __init__(
        self,
        models: Sequence[KeyedVectors],
        names: Sequence[str] | None = None,
        *,
        k: int = 10,
        neighbors_among: int | None = NEIGHBORS_AMONG,
    ) -> None:
        self.models = list(models)
        if len(self.models) < 2:
            raise ValueError(f"models has {len(self.models)} items: expected at least two runs")
        if at_least(1, "k", k) > _MAX_K:
            raise ValueError(f"k={k!r}: expected at most {_MAX_K} neighbors")
        if neighbors_among is not None:
            at_least(1, "neighbors_among", neighbors_among)
        self.names = tuple(check_names(names, self.models))
        self.k = k
        rows = self._common_rows()
        self._spaces = [
            Space(wv, own, unit=True, center=False)
            for wv, own in zip(self.models, rows, strict=True)
        ]
        n = len(self.words)
        self._rows = {word: i for i, word in enumerate(self.words)}
        self._among = n if neighbors_among is None else min(n, neighbors_among)
        self._tables = [self._table(space) for space in self._spaces]
        self.stability = self._stability()

    def _common_rows(self) -> list[npt.NDArray[np.intp]]:
        """Set the words that all runs have, and return their rows in each."""
        usable = [finite_rows(wv) for wv in self.models]
        first = self.models[0]
        table = [
            [wv.key_to_index.get(word, -1) for wv in self.models]
            for word in first.index_to_key[: len(first)]
        ]
        rows = np.array(table, np.intp).reshape(-1, len(self.models))
        known = (rows >= 0).all(axis=1)
        for own, column in zip(usable, rows.T, strict=True):
            known &= own[column]
        kept = np.flatnonzero(known)
        if not len(kept):
            raise ValueError("the runs have no words in common: expected models of one text")
        self.counts: npt.NDArray[np.int64] | None = None
        if first.counts is not None and first.counts.any():
            kept = kept[np.argsort(-first.counts[kept], kind="stable")]
            self.counts = first.counts[kept]
        self.words = [first.index_to_key[i] for i in kept.tolist()]
        return list(rows[kept].T)

    def _table(self, space: Space) -> Table:
        candidates = space.directions(space.rows[: self._among])
        rows = space.rows
        return nearest_table(
            lambda part: space.directions(rows[part]), len(rows), candidates, self.k
        )

    def _stability(self) -> Matrix:
        n, runs = len(self.words), len(self.models)
        equal = np.zeros(n, np.int64)
        step = max(1, (1 << 20) // (self.k * runs))
        for first in range(0, n, step):
            part = slice(first, first + step)
            found = np.concatenate([table[part] for table in self._tables], axis=1)
            found.sort(axis=1)
            for lag in range(1, runs):  # a neighbor of c runs is in c (c - 1) / 2 pairs of them
                same = (found[:, lag:] == found[:, :-lag]) & (found[:, lag:] >= 0)
                equal[part] += same.sum(axis=1)
        possible = np.minimum(self.k, self._among - (np.arange(n) < self._among))
        pairs = possible * (runs * (runs - 1) // 2)
        return np.asarray(np.divide(equal, pairs, out=np.ones(n), where=pairs > 0))

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self._rows

    def __repr__(self) -> str:
        return (
            f"Stability({len(self.models)} runs, {len(self):,} words: {self.mean:.0%} of "
            f"{self.k} neighbors kept)"
        )

    def __str__(self) -> str:
        """Return a table of the mean stability by frequency."""
        lines = [repr(self), f"{'occurrences':>21}{'words':>9}{'stability':>11}"]
        for band in self.by_frequency():
            size = f"{band.low:,}-{band.high:,}"
            lines.append(f"{size:>21}{band.words:9,}{band.stability:11.0%}")
        return "\n".join(lines)

    def __getitem__(self, word: str) -> float:
        """Return the stability of a word."""
        return float(self.stability[self._row(word)])

    def _row(self, word: str) -> int:
        found = self._rows.get(word)
        if found is None:
            near = SpellingSuggester(self.words).suggest(word) if isinstance(word, str) else None
            more = f"; did you mean {near!r}?" if near else ""
            raise KeyError(f"word {word!r} is not in the vocabulary of all runs{more}")
        return found

    @property
    def mean(self) -> float:
        """Mean of all words."""
        return float(self.stability.mean())

    def neighbors(self, word: str, topn: int | None = None) -> list[NeighborStability]:
        """Return all words that are among the nearest in some run, and in which share of them.

        Parameters
        ----------
        word : str
        topn : int, optional
            Default: all of them, from `k` to `k` times the number of runs.

        Returns
        -------
        list of NeighborStability
            Those of most runs first, then by their mean cosine. One of a single run is noise.
        """
        i = self._row(word)
        found, times = np.unique(
            np.concatenate([table[i] for table in self._tables]), return_counts=True
        )
        times, found = times[found >= 0], found[found >= 0]
        cosines = np.empty((len(self.models), len(found)))
        for run, space in enumerate(self._spaces):
            rows = space.directions(space.rows[[i, *found.tolist()]]).astype(np.float64)
            cosines[run] = np.clip(rows[1:] @ rows[0], -1, 1)
        mean, spread = cosines.mean(axis=0), cosines.std(axis=0, ddof=1)
        order = np.lexsort((-mean, -times))[: None if topn is None else at_least(0, "topn", topn)]
        return [
            NeighborStability(
                self.words[found[j]],
                float(times[j] / len(self.models)),
                float(mean[j]),
                float(spread[j]),
            )
            for j in order.tolist()
        ]

    def by_frequency(self) -> list[StabilityBand]:
        """Return the mean stability of words that occur 1 to 9, 10 to 99, ... times.

        Returns
        -------
        list of StabilityBand
            The most frequent words first. Where counts are unknown, by rank: 1 to 9, 10 to 99, ...
        """
        known = self.counts is not None
        size = self.counts if self.counts is not None else 1 + np.arange(len(self))
        digits = np.floor(np.log10(np.maximum(size, 1))).astype(int)
        bands = []
        for decade in sorted({*digits.tolist()}, reverse=known):
            own = digits == decade
            low, high = 10**decade, 10 ** (decade + 1) - 1
            mean = float(self.stability[own].mean())
            bands.append(StabilityBand(low, high, int(own.sum()), mean))
        return bands

    def compare(self, i: int = 0, j: int = 1, *, center: bool = False) -> Comparison:
        """Return the comparison of two runs: how far words move by chance.

        Parameters
        ----------
        i, j : int, default 0 and 1
            Numbers of the runs, from 0.
        center : bool, default False
            As in `w2v.compare`.
        """
        names = self.names[i], self.names[j]
        return Comparison(
            self.models[i], self.models[j], names, center=center, neighbors_among=self._among
        )

    # ---- Export ----

    def columns(self) -> dict[str, Any]:
        """Return the columns of tables and files: names and arrays, the words first."""
        columns: dict[str, Any] = {"word": self.words}
        if self.counts is not None:
            columns["count"] = self.counts
        return columns | {"stability": self.stability}

    def summary(self) -> dict[str, Any]:
        """Return what holds of all words, as plain Python values."""
        return {
            "runs": len(self.models),
            "names": list(self.names),
            "words": len(self),
            "k": self.k,
            "neighbors_among": self._among,
            "mean_stability": self.mean,
            "by_frequency": [
                {
                    "low": band.low,
                    "high": band.high,
                    "words": band.words,
                    "stability": band.stability,
                }
                for band in self.by_frequency()
            ],
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the summary and the stability of all words, as plain Python values."""
        return self.summary() | {"table": plain_columns(self.columns())}

    def to_csv(self, path: PathLike) -> None:
        """Write one line per word with a heading, UTF-8; separated by tabs if it ends in .tsv."""
        write_csv(path, self.columns())

    def to_pandas(self) -> pandas.DataFrame:
        """Return a pandas DataFrame with one row per word, which is its index."""
        return as_frame(self.columns())
