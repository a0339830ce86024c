"""Word vectors of several times in one space: how each word moves from one to the next.

W. Hamilton, J. Leskovec and D. Jurafsky (2016), Diachronic word embeddings reveal statistical laws
of semantic change. ACL: each slice is aligned with its predecessor, which is aligned already.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from w2v._types import PathLike
from w2v._validation import at_least, one_of, require_list
from w2v.vectors.alignment import Matrix, Space, as_vectors, blocks, finite_rows, row_cosines
from w2v.vectors.comparing import (
    Comparison,
    as_frame,
    check_flags,
    check_names,
    frequency_null,
    or_none,
    plain_columns,
    write_csv,
)
from w2v.vectors.keyed_vectors import KeyedVectors
from w2v.vectors.suggestions import SpellingSuggester

if TYPE_CHECKING:
    import pandas

ALIGN_TO = ("previous", "first")
SERIES_ORDERS = ("z", "displacement", "trend")
_NEIGHBORS_AMONG = 10_000


@dataclass(frozen=True)
class Trajectory:
    """One word of a `Series`: a value for each slice, None where the word is absent.

    Attributes
    ----------
    word : str
    names : tuple of str
        Of the slices.
    displacement : tuple of float or None
        From the first slice that has the word, where it is 0.
    step : tuple of float or None
        From the slice before that has the word; None for the first.
    step_neighbors : tuple of float or None
        Share of the 50 nearest neighbors that it lost since the slice before; see
        `Series.step_neighbors`.
    counts : tuple of int or None
        Number of occurrences; None also where they are unknown.
    z : float
        That of the displacement from the first to the last slice; see `Series`.
    trend : float
        Rank correlation of the displacement with time; NaN for fewer than three slices.
    neighbors : tuple of list of (str, float), or None
        The nearest words in each slice, with their cosines.
    """

    word: str
    names: tuple[str, ...]
    displacement: tuple[float | None, ...]
    step: tuple[float | None, ...]
    step_neighbors: tuple[float | None, ...]
    counts: tuple[int | None, ...]
    z: float
    trend: float
    neighbors: tuple[list[tuple[str, float]] | None, ...]

    @property
    def change(self) -> float:
        """Displacement from the first to the last slice that has the word."""
        return next((x for x in reversed(self.displacement) if x is not None), 0.0)

    def to_dict(self) -> dict[str, Any]:
        """Return the trajectory as plain Python values, with None in place of NaN."""
        return {
            "word": self.word,
            "names": list(self.names),
            "displacement": list(self.displacement),
            "step": list(self.step),
            "step_neighbors": list(self.step_neighbors),
            "counts": list(self.counts),
            "change": self.change,
            "z": or_none(self.z),
            "trend": or_none(self.trend),
            "neighbors": list(self.neighbors),
        }


class Series:
    """What `compare_series` returns: vectors of several times in one space.

    Arrays have one row per word, in the order of `words`, and one column per slice; NaN where a
    word is absent.

    Parameters
    ----------
    models : sequence of KeyedVectors
    names : sequence of str
    align_to, unit, center
        As in `compare_series`.

    Attributes
    ----------
    names : tuple of str
        Of the slices, in order of time.
    words : list of str
        Those of at least two slices, the most frequent ones first.
    aligned : list of KeyedVectors
        The vectors of each slice in the space of the first; copies.
    displacement : ndarray of float64, shape (words, slices)
        1 minus the cosine with the word's vector in the first slice that has it.
    step : ndarray of float64, shape (words, slices)
        The same, with the slice before that has the word; NaN for the first.
    counts : ndarray of int64, shape (words, slices), or None
        0 where a word is absent; None if one of the files has no counts.
    change : ndarray of float64, shape (words,)
        Displacement from the first to the last slice that has the word.
    z : ndarray of float64, shape (words,)
        Robust z-score of `change` among words of about the same frequency, as in `Comparison`. The
        frequency is the harmonic mean of the two counts.
    trend : ndarray of float64, shape (words,)
        Spearman correlation of the displacement with the number of the slice (Hamilton et al.,
        2016, section 3.2): 1 if the word moves on and on, near 0 if it wavers. NaN for words of
        fewer than three slices.
    """

    def __init__(
        self,
        models: Sequence[KeyedVectors],
        names: Sequence[str],
        *,
        align_to: str = "previous",
        unit: bool = True,
        center: bool = False,
    ) -> None:
        sizes = {wv.vector_size for wv in models}
        if len(sizes) > 1:
            listed = ", ".join(
                f"{name} {wv.vector_size:,}" for name, wv in zip(names, models, strict=True)
            )
            raise ValueError(
                f"the slices have different dimensions ({listed}) and cannot be aligned: train all "
                "with the same vector_size; compare() compares neighbors of two such models"
            )
        self.names = tuple(names)
        self.align_to = align_to
        self.aligned: list[KeyedVectors] = []
        rotation = None
        first = models[0]
        self.aligned.append(
            Space(first, np.flatnonzero(finite_rows(first)), unit, center).mapped(None)
        )
        for t in range(1, len(models)):
            earlier = t - 1 if align_to == "previous" else 0
            pair = Comparison(
                models[earlier], models[t], (names[earlier], names[t]), unit=unit, center=center
            )
            assert pair.rotation is not None  # dimensions are equal
            # Distances do not change with a rotation of both: steps add up to one from the first.
            if align_to == "first" or rotation is None:
                rotation = pair.rotation
            else:
                rotation = pair.rotation @ rotation
            self.aligned.append(pair._spaces[1].mapped(rotation))
        self._collect()

    def _collect(self) -> None:
        """Find the words of at least two slices, and their rows."""
        rows: dict[str, list[int]] = {}
        slices = len(self.aligned)
        for t, wv in enumerate(self.aligned):
            usable = finite_rows(wv).tolist()
            for row, word in enumerate(wv.index_to_key):
                if usable[row]:
                    rows.setdefault(word, [-1] * slices)[t] = row
        words = sorted(word for word, found in rows.items() if slices - found.count(-1) > 1)
        table = np.array([rows[word] for word in words], np.intp).reshape(-1, slices)
        present = table >= 0
        self._first = present.argmax(axis=1)
        self._last = slices - 1 - present[:, ::-1].argmax(axis=1)
        self.counts: npt.NDArray[np.int64] | None = None
        if all(wv.counts is not None and bool(wv.counts.any()) for wv in self.aligned):
            self.counts = np.zeros(table.shape, np.int64)
            for t, wv in enumerate(self.aligned):
                assert wv.counts is not None
                self.counts[:, t] = np.where(present[:, t], wv.counts[table[:, t]], 0)
        each = np.arange(len(words))
        ends = [(self.counts if self.counts is not None else table)[each, t]
                for t in (self._first, self._last)]  # fmt: skip
        if self.counts is None:  # the order of words counts as that of their frequency
            self.frequency: Matrix = 2 / (ends[0] + ends[1] + 2.0)
        else:
            self.frequency = 2 / sum(1 / np.maximum(one, 1).astype(np.float64) for one in ends)
        order = np.argsort(-self.frequency, kind="stable")
        self.words = [words[i] for i in order.tolist()]
        self._table = table[order]
        self._first, self._last = self._first[order], self._last[order]
        self.frequency = self.frequency[order]
        if self.counts is not None:
            self.counts = self.counts[order]
        self._rows = {word: i for i, word in enumerate(self.words)}
        self.displacement, self.step = self._displacements()
        self.change: Matrix = self.displacement[each, self._last]
        _, self.z, _ = frequency_null(self.change, self.frequency)
        self.trend = _trends(self.displacement)

    def _displacements(self) -> tuple[Matrix, Matrix]:
        n, slices = self._table.shape
        first, step = np.full((2, n, slices), np.nan)
        for part in blocks(n, 3 * (self.aligned[0].vector_size if self.aligned else 1)):
            rows = self._table[part]
            width = self.aligned[0].vector_size
            start, before = np.zeros((2, len(rows), width))
            seen = np.zeros(len(rows), bool)
            for t, wv in enumerate(self.aligned):
                here = rows[:, t] >= 0
                now = wv._state.vectors[rows[here, t]].astype(np.float64)
                old = seen[here]
                first[part][here, t] = np.where(old, 1 - row_cosines(start[here], now), 0)
                step[part][here, t] = np.where(old, 1 - row_cosines(before[here], now), np.nan)
                start[here & ~seen] = now[~old]
                before[here] = now
                seen |= here
        return first, step

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self._rows

    def __repr__(self) -> str:
        return f"Series({', '.join(map(repr, self.names))}: {len(self):,} words)"

    def __getitem__(self, word: str) -> Trajectory:
        """Return the trajectory of a word; see `trajectory`."""
        return self.trajectory(word)

    def _row(self, word: str) -> int:
        found = self._rows.get(word)
        if found is not None:
            return found
        slices = [name for name, wv in zip(self.names, self.aligned, strict=True) if word in wv]
        if slices:
            problem = f"is only in {slices[0]}: expected a word of at least two slices"
        else:
            near = SpellingSuggester(self.words).suggest(word) if isinstance(word, str) else None
            problem = "is in none of the slices" + (f"; did you mean {near!r}?" if near else "")
        raise KeyError(f"word {word!r} {problem}")

    def trajectory(self, word: str, topn: int = 10) -> Trajectory:
        """Return how a word moves, with its nearest words in each slice.

        Parameters
        ----------
        word : str
        topn : int, default 10
            Number of neighbors, among the 10,000 first words of the slice.

        Returns
        -------
        Trajectory

        Raises
        ------
        KeyError
            If the word is in fewer than two slices.
        """
        i = self._row(word)
        at_least(0, "topn", topn)
        present = self._table[i] >= 0
        return Trajectory(
            word=word,
            names=self.names,
            displacement=tuple(map(_or_none, self.displacement[i])),
            step=tuple(map(_or_none, self.step[i])),
            step_neighbors=(None, *(self._lost(pair, word) for pair in self._steps)),
            counts=tuple(
                int(self.counts[i, t]) if self.counts is not None and present[t] else None
                for t in range(len(self.names))
            ),
            z=float(self.z[i]),
            trend=float(self.trend[i]),
            neighbors=tuple(
                wv.most_similar(word, topn=topn, restrict_vocab=_NEIGHBORS_AMONG)
                if present[t]
                else None
                for t, wv in enumerate(self.aligned)
            ),
        )

    def most_changed(self, n: int = 10, by: str = "z") -> list[Trajectory]:
        """Return the words that changed most from the first to the last slice that has them.

        Parameters
        ----------
        n : int, default 10
        by : {"z", "displacement", "trend"}, default "z"
            "z": farther than words of the same frequency. "displacement": farthest. "trend": most
            steadily, the farthest first where trends are equal.
        """
        return [self.trajectory(word) for word in self.words_by(by)[: at_least(0, "n", n)]]

    def least_changed(self, n: int = 10, by: str = "z") -> list[Trajectory]:
        """Return the words that changed least; see `most_changed`."""
        return [self.trajectory(word) for word in self.words_by(by)[::-1][: at_least(0, "n", n)]]

    def words_by(self, by: str = "z") -> list[str]:
        """Return words, those that changed most first; see `most_changed`."""
        one_of(SERIES_ORDERS, "by", by)
        if by == "trend":
            known = np.flatnonzero(~np.isnan(self.trend))
            order = known[np.lexsort((-self.change[known], -self.trend[known]))]
        else:
            order = np.argsort(-(self.z if by == "z" else self.change), kind="stable")
        return [self.words[i] for i in order.tolist()]

    @functools.cached_property
    def _steps(self) -> list[Comparison | None]:
        """Each slice beside the one before; None where they have no words in common."""
        steps: list[Comparison | None] = []
        present = self._table >= 0
        for t in range(1, len(self.aligned)):
            pair = None
            if (present[:, t - 1] & present[:, t]).any():
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # of few common words: known by now
                    pair = Comparison(
                        self.aligned[t - 1], self.aligned[t], (self.names[t - 1], self.names[t])
                    )
            steps.append(pair)
        return steps

    @functools.cached_property
    def step_neighbors(self) -> Matrix:
        """Share of its 50 nearest neighbors that each word lost since the slice before.

        It needs no alignment (Gonen et al., 2020). Shape (words, slices); neighbors are looked for
        among the 5,000 most frequent words of both. NaN for the first slice, and where one of the
        two lacks the word. Computed when first asked for; a `Trajectory` has that of one word.
        """
        lost = np.full(self._table.shape, np.nan)
        for t, pair in enumerate(self._steps, 1):
            if pair is not None:
                lost[[self._rows[word] for word in pair.words], t] = 1 - pair.shared(50)
        return lost

    @staticmethod
    def _lost(pair: Comparison | None, word: str) -> float | None:
        """Return what `step_neighbors` has of one word, without that of all others."""
        if pair is None or word not in pair:
            return None
        return 1 - pair._shared_of(pair._row(word))[50]

    # ---- Export ----

    def columns(self) -> dict[str, Any]:
        """Return the columns of tables and files: names and arrays, the words first."""
        columns: dict[str, Any] = {
            "word": self.words,
            "change": self.change,
            "z": self.z,
            "trend": self.trend,
        }
        for t, name in enumerate(self.names):
            columns[f"displacement {name}"] = self.displacement[:, t]
        for t, name in list(enumerate(self.names))[1:]:
            columns[f"neighbors lost {name}"] = self.step_neighbors[:, t]
        if self.counts is not None:
            columns |= {f"count {name}": self.counts[:, t] for t, name in enumerate(self.names)}
        return columns

    def to_dict(self) -> dict[str, Any]:
        """Return all columns as plain Python values, with None in place of NaN."""
        return {
            "names": list(self.names),
            "align_to": self.align_to,
            "words": len(self),
            "table": plain_columns(self.columns()),
        }

    def to_csv(self, path: PathLike) -> None:
        """Write one line per word with a heading, UTF-8; separated by tabs if it ends in .tsv."""
        write_csv(path, self.columns())

    def to_pandas(self) -> pandas.DataFrame:
        """Return a pandas DataFrame with one row per word, which is its index."""
        return as_frame(self.columns())


def compare_series(
    models: Sequence[Any],
    *,
    names: Sequence[str] | None = None,
    align_to: str = "previous",
    unit: bool = True,
    center: bool = False,
) -> Series:
    """Bring word vectors of several times into one space, and measure how each word moves.

    Parameters
    ----------
    models : sequence of KeyedVectors, Word2Vec or path
        At least two, in order of time, of the same dimension.
    names : sequence of str, optional
        Of the slices, such as years. Default: the names of the files, or letters.
    align_to : {"previous", "first"}, default "previous"
        Rotate each slice onto its predecessor, which is aligned already (Hamilton et al., 2016), or
        onto the first. "previous" needs only words that two slices in a row share; errors of the
        alignment add up. Either way all are in the space of the first.
    unit, center : bool, default True and False
        As in `compare`.

    Returns
    -------
    Series

    Raises
    ------
    ValueError
        If there are fewer than two models, dimensions differ, or two that are aligned have no
        words in common.
    TypeError
        If a model is something else.

    Notes
    -----
    Memory: a copy of all vectors in float32.

    Examples
    --------
    >>> import numpy as np
    >>> import w2v
    >>> rng = np.random.default_rng(1)
    >>> words = [f"word{i}" for i in range(100)]
    >>> old = w2v.KeyedVectors(words, rng.standard_normal((100, 5), np.float32))
    >>> new = w2v.KeyedVectors(words, old.vectors.copy())
    >>> new.vectors[7] *= -1
    >>> series = w2v.compare_series([old, old, new], names=["1900", "1950", "2000"])
    >>> [round(x, 2) for x in series.most_changed(1)[0].displacement]
    [0.0, 0.0, 2.0]
    """
    check_flags(unit=unit, center=center)
    one_of(ALIGN_TO, "align_to", align_to)
    if isinstance(models, KeyedVectors) or hasattr(type(models), "wv"):
        raise TypeError(f"models is a single {type(models).__name__}: expected a list of models")
    require_list("models", models, "models", ordered=True)
    given = list(models)
    if len(given) < 2:
        raise ValueError(f"models has {len(given)} items: expected at least two, in order of time")
    chosen = check_names(names, given)
    vectors = [as_vectors(one, f"models[{i}]") for i, one in enumerate(given)]
    return Series(vectors, chosen, align_to=align_to, unit=bool(unit), center=bool(center))


def align(
    models: Sequence[Any],
    *,
    align_to: str = "previous",
    unit: bool = True,
    center: bool = False,
) -> list[KeyedVectors]:
    """Bring word vectors of several models into one space: that of the first.

    Parameters
    ----------
    models, align_to, unit, center
        As in `compare_series`.

    Returns
    -------
    list of KeyedVectors
        Copies, one for each model, with all of its words and their counts.

    Raises
    ------
    TypeError, ValueError
        As in `compare_series`.
    """
    return compare_series(models, align_to=align_to, unit=unit, center=center).aligned


def _trends(displacement: Matrix) -> Matrix:
    """Return the Spearman correlation of each row with its columns; NaN for fewer than three."""
    present = ~np.isnan(displacement)
    found = np.full(len(displacement), np.nan)
    patterns, which = np.unique(present, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        size = int(pattern.sum())
        rows = np.flatnonzero(which.reshape(-1) == number)
        if size < 3:
            continue
        values = displacement[rows][:, pattern]
        ranks = _ranks(values) - (size - 1) / 2
        time = np.arange(size) - (size - 1) / 2
        lengths = np.sqrt((ranks**2).sum(axis=1) * (time**2).sum())
        found[rows] = np.divide(ranks @ time, lengths, out=np.zeros(len(rows)), where=lengths > 0)
    return found


def _ranks(values: Matrix) -> Matrix:
    """Return the rank of each value in its row, from 0; ties share their mean."""
    below = (values[:, :, None] > values[:, None, :]).sum(axis=2)
    same = (values[:, :, None] == values[:, None, :]).sum(axis=2)
    ranks: Matrix = below + (same - 1) / 2
    return ranks


def _or_none(value: float) -> float | None:
    return or_none(float(value))
