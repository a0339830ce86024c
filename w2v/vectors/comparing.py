"""Two sets of word vectors compared: how far each word has moved, and how sure that is.

Two measures: the cosine of a word's two vectors after alignment (W. Hamilton, J. Leskovec and D.
Jurafsky, 2016, Diachronic word embeddings reveal statistical laws of semantic change. ACL), and the
neighbors that it keeps, which needs no alignment (H. Gonen, G. Jawahar, D. Seddah and Y. Goldberg,
2020, Simple, interpretable and stable method for detecting words with usage change across corpora.
ACL). Rare words move more, by noise alone (H. Dubossarsky, D. Weinshall and E. Grossman, 2017,
Outta control: laws of semantic change and inherent biases in word representation models. EMNLP), so
a word is also compared with others of its frequency.
"""

from __future__ import annotations

import csv
import dataclasses
import functools
import itertools
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from w2v._types import FloatArray, PathLike
from w2v._validation import at_least, one_of, require_package
from w2v._warnings import warn
from w2v.io.atomic import atomic_write
from w2v.io.names import check_name
from w2v.vectors.alignment import (
    Matrix,
    Space,
    aligned_cosines,
    as_vectors,
    check_common,
    check_dimensions,
    common_words,
    frequency,
    procrustes,
)
from w2v.vectors.keyed_vectors import KeyedVectors
from w2v.vectors.neighbor_tables import Table, nearest_table, shared_counts
from w2v.vectors.suggestions import SpellingSuggester

if TYPE_CHECKING:
    import pandas

ORDERS = ("z", "displacement", "neighbors")
KS = (10, 50)  # neighbors that are compared
NEIGHBORS_AMONG = 5_000
_BAND = 200  # words of about the same frequency, at least; fewer if there are fewer in all
_MAX_BANDS = 50
_MAD = 1.4826  # times the median absolute deviation: the standard deviation of normal values
_MIN_SPREAD = 0.05  # of logarithms
MIN_DISPLACEMENT = 1e-6  # smaller ones are rounding
STILL = 1e-3  # a word that moved no farther has not been trained: two seeds move each word more
_MOVERS = 20  # fewer words that moved do not show what is usual
_MANY_UNMOVED = 0.1  # of all words: then it is said
_MIN_LOSS = 0.5 / max(KS)  # of neighbors: half of one


@dataclass(frozen=True)
class WordChange:
    """One word of a `Comparison`.

    Attributes
    ----------
    word : str
    cosine : float
        Of its two vectors after alignment; NaN without alignment.
    displacement : float
        ``1 - cosine``.
    expected : float
        Displacement that is usual for words of this frequency.
    z, percentile : float
        Where the word is among them; see `Comparison`.
    shared_10, shared_50 : float
        Share of its 10 and 50 nearest neighbors that it has in both, from 0 to 1.
    counts : tuple of int or None
        Its number of occurrences in each; None where it is unknown.
    neighbors : tuple of list of (str, float)
        The nearest words and their cosines in each of the two, those that `shared_10` compares.
    """

    word: str
    cosine: float
    displacement: float
    expected: float
    z: float
    percentile: float
    shared_10: float
    shared_50: float
    counts: tuple[int | None, int | None]
    neighbors: tuple[list[tuple[str, float]], list[tuple[str, float]]]

    def to_dict(self) -> dict[str, Any]:
        """Return the word as plain Python values, with None in place of NaN."""
        values = dataclasses.asdict(self)
        return {k: or_none(v) if isinstance(v, float) else v for k, v in values.items()}


class Comparison:
    """What `compare` returns: the words that two sets of vectors share, and how far each moved.

    Arrays have one value per word, in the order of `words`.

    Parameters
    ----------
    a, b : KeyedVectors
    names : (str, str)
    unit, center, neighbors_among
        As in `compare`.

    Attributes
    ----------
    names : (str, str)
        Of the two, for tables and pictures.
    words : list of str
        The common words, the most frequent ones first.
    cosine : ndarray of float64
        Of the two vectors of each word after alignment; NaN without alignment.
    displacement : ndarray of float64
        ``1 - cosine``: 0 if the word is where it was, 1 if nothing of it is left.
    counts : tuple of ndarray of int64, or None
        The number of occurrences of each word in both; None if one of the files has no counts.
    frequency : ndarray of float64
        Harmonic mean of the two counts, as the error of a difference depends on it: the rarer text
        decides. Without counts, ``2 / (rank in a + rank in b)``.
    expected : ndarray of float64
        Displacement that is usual for words of this frequency. `words` are divided into bands of
        equal size, at most 50 of at least 200 words; in each, a line is fitted to the logarithms of
        displacement over those of frequency (level if it would rise), by least squares, the second
        time without words that are more than 3 standard deviations off; then moved to the median.
        Displacements below 1e-6 count as 1e-6. Words that moved by 1e-3 at most (`unmoved`), as
        many do after growth, do not show what is usual: the others do, all of them together for a
        band that has fewer than 20. Without alignment, displacement is replaced by ``1 -
        shared(50)`` here, in `z` and in `percentile`.
    z : ndarray of float64
        Robust z-score: the logarithm of displacement over `expected`, in standard deviations of the
        band, each 1.4826 times the median absolute deviation, at least 0.05.
    percentile : ndarray of float64
        Share of the other words of the band with a smaller `z`, from 0 to 1; ties count half.
    z_neighbors : ndarray of float64
        As `z`, of the neighbors that a word lost: ``1 - shared(50)``, at least 0.01.
    rotation : ndarray of float64, shape (d, d), or None
        The orthogonal matrix that takes b into the space of a, multiplied from the right; None
        without alignment.
    left_out : int
        Common words without a direction: NaN, infinity or zero.
    unit, center : bool
        As `compare` was asked.

    Notes
    -----
    Most words of a frequency are assumed not to have changed. Where all have, as between texts on
    different subjects, `z` says which changed most. Two models of the same text, with different
    seeds, show how far words move by chance alone: see `stability` and docs/trust.md.
    """

    def __init__(
        self,
        a: KeyedVectors,
        b: KeyedVectors,
        names: tuple[str, str],
        *,
        unit: bool = True,
        center: bool = False,
        neighbors_among: int | None = NEIGHBORS_AMONG,
    ) -> None:
        self.names = names
        self.unit, self.center = unit, center
        self.words, rows_a, rows_b, self.left_out = common_words(a, b)
        check_common(a, b, names, len(self.words), self.left_out)
        self._spaces = Space(a, rows_a, unit, center), Space(b, rows_b, unit, center)
        n = len(self.words)
        self._among = n if neighbors_among is None else min(n, neighbors_among)
        self.frequency, known = frequency([(a, rows_a), (b, rows_b)])
        self.counts: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]] | None = None
        if known and a.counts is not None and b.counts is not None:
            self.counts = a.counts[rows_a], b.counts[rows_b]
        self.rotation: Matrix | None = None
        self.cosine: Matrix = np.full(n, np.nan)
        if check_dimensions(a, b, names):
            if n < 2 * a.vector_size:
                warn(
                    f"{n:,} common words are few for {a.vector_size:,} dimensions: the alignment "
                    "fits them whatever they mean, so that displacements are too small; compare "
                    "neighbors, or vectors of fewer dimensions"
                )
            self.rotation = procrustes(*self._spaces)
            self.cosine = aligned_cosines(*self._spaces, self.rotation)
        self.displacement: Matrix = 1 - self.cosine
        self._rows = {word: i for i, word in enumerate(self.words)}
        self._shared: dict[int, Matrix] = {}

    @property
    def unmoved(self) -> int:
        """Number of words that moved by 1e-3 at most: two seeds move a word farther than that."""
        return int((self.displacement <= STILL).sum())

    @property
    def unmoved_note(self) -> str:
        """A sentence, if more than a tenth of the words have not moved; else nothing."""
        if self.unmoved <= _MANY_UNMOVED * len(self):
            return ""
        return (
            f"{self.unmoved:,} of {len(self):,} words have not moved (displacement at most "
            f"{STILL}); what is usual is measured on the others"
        )

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def __repr__(self) -> str:
        a, b = self.names
        return f"Comparison({a!r}, {b!r}: {len(self):,} common words)"

    def __str__(self) -> str:
        """Return a table of the words that moved most and least."""
        columns = f"{'':6}{'word':20}{'displacement':>14}{'usual':>8}{'z':>7}{'shared 10':>11}"
        lines = [repr(self), *filter(None, [self.unmoved_note]), columns]
        for title, part in (("most", self.most_changed()), ("least", self.least_changed())):
            lines += [
                f"{title:6}{one.word:20}{one.displacement:14.3f}{one.expected:8.3f}{one.z:7.1f}"
                f"{one.shared_10:11.0%}"
                for one in part
            ]
        return "\n".join(lines)

    def __getitem__(self, word: str) -> WordChange:
        """Return what is known of a word; raise a KeyError if it is not common to both."""
        i = self._row(word)
        shared = self._shared_of(i)
        return WordChange(
            word=word,
            cosine=float(self.cosine[i]),
            displacement=float(self.displacement[i]),
            expected=float(self.expected[i]),
            z=float(self.z[i]),
            percentile=float(self.percentile[i]),
            shared_10=shared[10],
            shared_50=shared[50],
            counts=(None, None)
            if self.counts is None
            else (int(self.counts[0][i]), int(self.counts[1][i])),
            neighbors=self.neighbors(word),
        )

    def _row(self, word: str) -> int:
        found = self._rows.get(word)
        if found is not None:
            return found
        sides = [name for name, space in zip(self.names, self._spaces, strict=True)
                 if word in space.wv]  # fmt: skip
        if len(sides) == 1:
            problem = f"is only in {sides[0]}: expected a word that both have"
        elif sides:
            problem = "has a vector that is zero or not finite: expected one with a direction"
        else:
            near = SpellingSuggester(self.words).suggest(word) if isinstance(word, str) else None
            problem = f"is in neither {self.names[0]} nor {self.names[1]}"
            problem += f"; did you mean {near!r}?" if near else ""
        raise KeyError(f"word {word!r} {problem}")

    # ---- Frequency ----

    @functools.cached_property
    def _null(self) -> tuple[Matrix, Matrix, Matrix]:
        if self.rotation is not None:
            return frequency_null(self.displacement, self.frequency)
        return self._null_of_neighbors

    @functools.cached_property
    def _null_of_neighbors(self) -> tuple[Matrix, Matrix, Matrix]:
        return frequency_null(1 - self.shared(50), self.frequency, _MIN_LOSS, _MIN_LOSS)

    @property
    def expected(self) -> Matrix:
        """Displacement that is usual for words of this frequency."""
        return self._null[0]

    @property
    def z(self) -> Matrix:
        """Robust z-score of the displacement among words of about this frequency."""
        return self._null[1]

    @property
    def percentile(self) -> Matrix:
        """Share of the other words of about this frequency with a smaller `z`."""
        return self._null[2]

    @property
    def z_neighbors(self) -> Matrix:
        """As `z`, of the neighbors that a word lost, ``1 - shared(50)``."""
        return self._null_of_neighbors[1]

    # ---- Neighbors ----

    def shared(self, k: int = 10) -> Matrix:
        """Return the share of the `k` nearest neighbors of each word that both have.

        Neighbors are looked for among the `neighbors_among` most frequent common words, by cosine.
        Computed when first asked for: seconds for 100,000 words.

        Parameters
        ----------
        k : int, default 10
            From 1 to 50. Where there are fewer candidates, all of them.

        Returns
        -------
        ndarray of float64, shape (len(self),)
            From 0 to 1; 1 if there are no other words.
        """
        if at_least(1, "k", k) > max(KS):
            raise ValueError(f"k={k!r}: expected at most {max(KS)} neighbors")
        if k not in self._shared:
            one, other = self._tables
            possible = np.minimum(k, self._among - (np.arange(len(self)) < self._among))
            share = np.ones(len(self))
            counts = shared_counts(one[:, :k], other[:, :k])
            self._shared[k] = np.divide(counts, possible, out=share, where=possible > 0)
        return self._shared[k]

    @functools.cached_property
    def _candidates(self) -> tuple[FloatArray, FloatArray]:
        one, other = (space.directions(space.rows[: self._among]) for space in self._spaces)
        return one, other

    @functools.cached_property
    def _tables(self) -> tuple[Table, Table]:
        one, other = (
            nearest_table(
                lambda part, space=space: space.directions(space.rows[part]),  # type: ignore[misc]
                len(self),
                candidates,
                max(KS),
            )
            for space, candidates in zip(self._spaces, self._candidates, strict=True)
        )
        return one, other

    def _nearest(self, i: int) -> tuple[list[int], list[int]]:
        """Return up to 50 nearest words of one word on both sides, as `_tables` has them."""
        if "_tables" in self.__dict__:
            rows = [table[i] for table in self._tables]
        else:
            rows = []
            for space, candidates in zip(self._spaces, self._candidates, strict=True):
                cosines = candidates @ space.directions(space.rows[i : i + 1])[0]
                if i < self._among:
                    cosines[i] = -np.inf
                order = np.argsort(-cosines, kind="stable")[: max(KS)]
                rows.append(order[order != i])
        one, other = ([j for j in row.tolist() if j >= 0] for row in rows)
        return one, other

    def _shared_of(self, i: int) -> dict[int, float]:
        """Return what `shared` has of one word, for each k of `KS`, without that of all others."""
        one, other = self._nearest(i)
        shared = {}
        for k in KS:
            possible = min(k, len(one))
            shared[k] = len({*one[:k]} & {*other[:k]}) / possible if possible else 1.0
        return shared

    def neighbors(
        self, word: str, topn: int = 10
    ) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
        """Return the nearest words of a word in a and in b, with their cosines.

        Parameters
        ----------
        word : str
        topn : int, default 10
            From 1 to 50.

        Returns
        -------
        tuple of two lists of (str, float)
            Among the words that `shared` compares. With ``center=True``, cosines of centered
            vectors.
        """
        if at_least(1, "topn", topn) > max(KS):
            raise ValueError(f"topn={topn!r}: expected at most {max(KS)} neighbors")
        i = self._row(word)
        found = []
        for space, nearest in zip(self._spaces, self._nearest(i), strict=True):
            rows = space.rows[[i, *nearest[:topn]]]
            own, *others = space.directions(rows).astype(np.float64)
            found.append(
                [
                    (self.words[j], min(1.0, float(own @ other)))
                    for j, other in zip(nearest, others, strict=False)
                ]
            )
        return found[0], found[1]

    # ---- Order ----

    def most_changed(self, n: int = 10, by: str = "z") -> list[WordChange]:
        """Return the words that moved most.

        Parameters
        ----------
        n : int, default 10
        by : {"z", "displacement", "neighbors"}, default "z"
            "z": farther than words of the same frequency do. "displacement": farthest, among which
            rare words, whose vectors are noise, are common. "neighbors": by `z_neighbors`: more of
            their 50 nearest neighbors differ than of words of the same frequency.

        Returns
        -------
        list of WordChange
        """
        return [self[word] for word in self.words_by(by)[: at_least(0, "n", n)]]

    def least_changed(self, n: int = 10, by: str = "z") -> list[WordChange]:
        """Return the words that moved least, the stillest first; see `most_changed`."""
        return [self[word] for word in self.words_by(by)[::-1][: at_least(0, "n", n)]]

    def words_by(self, by: str = "z") -> list[str]:
        """Return all words, those that moved most first; see `most_changed`."""
        return [self.words[i] for i in self._order(by).tolist()]

    def _order(self, by: str) -> npt.NDArray[np.intp]:
        one_of(ORDERS, "by", by)
        if by == "displacement":
            if self.rotation is None:
                raise ValueError(
                    "by='displacement': these vectors have different dimensions and cannot be "
                    "aligned; use by='neighbors'"
                )
            return np.argsort(-self.displacement, kind="stable")
        if by == "z":
            return np.argsort(-self.z, kind="stable")
        return np.argsort(-self.z_neighbors, kind="stable")

    # ---- Spaces ----

    @functools.cached_property
    def aligned(self) -> KeyedVectors:
        """All vectors of b in the space of a; a copy, made when first asked for.

        They are scaled to length 1, and centered, as the comparison did; `reference` has the
        vectors of a treated alike. Without centering, ``aligned`` can be queried with vectors of a
        itself, and the reverse.
        """
        if self.rotation is None:
            raise ValueError(
                "these vectors have different dimensions and cannot be aligned: train both with "
                "the same vector_size"
            )
        return self._spaces[1].mapped(self.rotation)

    @functools.cached_property
    def reference(self) -> KeyedVectors:
        """All vectors of a, scaled and centered as those of `aligned`; a copy."""
        return self._spaces[0].mapped(None)

    # ---- Export ----

    def columns(self) -> dict[str, Any]:
        """Return the columns of tables and files: names and arrays, the words first."""
        columns: dict[str, Any] = {"word": self.words}
        if self.counts is not None:
            columns |= {"count_a": self.counts[0], "count_b": self.counts[1]}
        columns |= {
            "cosine": self.cosine,
            "displacement": self.displacement,
            "expected": self.expected,
            "z": self.z,
            "percentile": self.percentile,
        }
        columns |= {f"shared_{k}": self.shared(k) for k in KS}
        return columns | {"z_neighbors": self.z_neighbors}

    def summary(self) -> dict[str, Any]:
        """Return what holds of all words, as plain Python values, with None in place of NaN."""
        a, b = (space.wv for space in self._spaces)
        return {
            "names": list(self.names),
            "words": [len(a), len(b)],
            "common_words": len(self),
            "left_out": self.left_out,
            "unmoved": self.unmoved,
            "unit": self.unit,
            "center": self.center,
            "neighbors_among": self._among,
            "mean_displacement": or_none(float(self.displacement.mean())),
            **{f"mean_shared_{k}": float(self.shared(k).mean()) for k in KS},
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the summary and all columns as plain Python values, with None in place of NaN."""
        return self.summary() | {"table": plain_columns(self.columns())}

    def to_csv(self, path: PathLike) -> None:
        """Write one line per word, the most frequent first, with a heading; UTF-8.

        Parameters
        ----------
        path : str or path-like
            Separated by commas, or by tabs if it ends in .tsv. Written atomically.
        """
        write_csv(path, self.columns())

    def to_pandas(self) -> pandas.DataFrame:
        """Return a pandas DataFrame with one row per word, which is its index."""
        return as_frame(self.columns())


def compare(
    a: Any,
    b: Any,
    *,
    names: Sequence[str] | None = None,
    unit: bool = True,
    center: bool = False,
    neighbors_among: int | None = NEIGHBORS_AMONG,
) -> Comparison:
    """Compare two sets of word vectors: which words moved, and how sure that is.

    The vectors of b are rotated into the space of a (orthogonal Procrustes on all common words,
    without weights), since training leaves the axes of a space to chance.

    Parameters
    ----------
    a, b : KeyedVectors, Word2Vec, or path
        Their common words are compared.
    names : sequence of two str, optional
        Default: the names of the files, or "a" and "b".
    unit : bool, default True
        Scale vectors to length 1 before the alignment, so that each word counts alike.
    center : bool, default False
        Then subtract the mean of the common words from each side.
    neighbors_among : int or None, default 5,000
        Neighbors are looked for among this many of the most frequent common words: those of rare
        words are noise, and the time is proportional to their number. None: all.

    Returns
    -------
    Comparison

    Warns
    -----
    UserWarning
        If few words are common, words are left out, or the dimensions differ: neighbors are then
        compared alone.

    Raises
    ------
    ValueError
        If no word is common.
    TypeError
        If `a` or `b` is something else.

    Notes
    -----
    100,000 common words take seconds (docs/trust.md); the time is that of the neighbors, which are
    computed when they are first needed. Memory besides the vectors: 400 bytes per word, and 64 MiB
    for the blocks.

    Examples
    --------
    >>> import numpy as np
    >>> import w2v
    >>> rng = np.random.default_rng(1)
    >>> words = [f"word{i}" for i in range(100)]
    >>> old = w2v.KeyedVectors(words, rng.standard_normal((100, 5), np.float32))
    >>> rotation = np.linalg.qr(rng.standard_normal((5, 5)))[0].astype(np.float32)
    >>> new = w2v.KeyedVectors(words, old.vectors @ rotation)
    >>> new.vectors[7] *= -1
    >>> [change.word for change in w2v.compare(old, new).most_changed(1)]
    ['word7']
    """
    check_flags(unit=unit, center=center)
    if neighbors_among is not None:
        at_least(1, "neighbors_among", neighbors_among)
    chosen = check_names(names, [a, b])
    return Comparison(
        as_vectors(a, "a"),
        as_vectors(b, "b"),
        (chosen[0], chosen[1]),
        unit=bool(unit),
        center=bool(center),
        neighbors_among=neighbors_among,
    )


# ---- For this and for other results --------------------------------------------------------------


def frequency_null(
    moved: Matrix, frequency: Matrix, floor: float = MIN_DISPLACEMENT, still: float = STILL
) -> tuple[Matrix, Matrix, Matrix]:
    """Compare each word with those of about the same frequency.

    Parameters
    ----------
    moved : ndarray of float64, shape (n,)
        How far each word moved, in order of frequency.
    frequency : ndarray of float64, shape (n,)
        Above 0, falling.
    floor : float, default 1e-6
        Smaller values of `moved` count as this one.
    still : float, default 1e-3
        Words that moved no farther, as many do when a model is trained on, do not show what is
        usual, if 20 others do.

    Returns
    -------
    expected, z, percentile : ndarray of float64, shape (n,)
        As in `Comparison`.
    """
    n = len(moved)
    expected, z, percentile = np.empty((3, n))
    logs, ranks = np.log(np.maximum(moved, floor)), np.log(frequency)
    movers = moved > still
    if movers.sum() < _MOVERS:
        movers[:] = True
    common = _fit(ranks, logs, movers)  # for bands in which few have moved
    of_movers = (logs - common)[movers]
    for band in frequency_bands(n):
        usual = movers[band]
        if usual.sum() >= min(_MOVERS, len(usual)):
            line = _fit(ranks[band], logs[band], usual)
            left = logs[band] - line
            middle = float(np.median(left[usual]))
            near = usual & (np.abs(left - middle) <= 3 * _spread(left[usual]))
            line = _fit(ranks[band], logs[band], near)
            others = (logs[band] - line)[usual]
        else:
            line, others = common[band], of_movers
        left = logs[band] - line
        middle = float(np.median(others))
        expected[band], z[band] = np.exp(line + middle), (left - middle) / _spread(others)
        ordered = np.sort(left)
        below = np.searchsorted(ordered, left, "left")
        ties = np.searchsorted(ordered, left, "right") - below - 1
        percentile[band] = (below + ties / 2) / (len(left) - 1) if len(left) > 1 else 0.5
    return expected, z, percentile


def _spread(values: Matrix) -> float:
    """Return the standard deviation that the median absolute deviation means, at least 0.05."""
    return max(_MAD * float(np.median(np.abs(values - np.median(values)))), _MIN_SPREAD)


def _fit(x: Matrix, y: Matrix, used: npt.NDArray[np.bool_]) -> Matrix:
    """Return the values at `x` of the line of least squares through the points in use.

    It does not rise: frequent words are known better. One that seems to rise follows few words.
    """
    own, mean = x[used] - x[used].mean(), y[used].mean()
    square = float(own @ own)
    slope = min(0.0, float(own @ (y[used] - mean)) / square) if square > 1e-12 else 0.0
    line: Matrix = mean + slope * (x - x[used].mean())
    return line


def frequency_bands(n: int) -> list[slice]:
    """Return slices of words in order of frequency: up to 50, of equal size, at least 200."""
    number = min(_MAX_BANDS, max(1, n // _BAND))
    edges = [n * i // number for i in range(number + 1)]
    return [slice(low, high) for low, high in itertools.pairwise(edges) if low < high]


def check_names(names: Sequence[str] | None, models: Sequence[object]) -> list[str]:
    """Return one different name for each model: those given, of the files, or letters."""
    if names is not None:
        if isinstance(names, str) or len(names) != len(models):
            raise ValueError(f"names={names!r}: expected one for each of {len(models)} models")
        chosen = [str(name) for name in names]
        if len(set(chosen)) < len(chosen):
            raise ValueError(f"names={names!r}: expected different names")
        return chosen
    paths = [os.fspath(one) if isinstance(one, (str, os.PathLike)) else "" for one in models]
    for part in (lambda path: os.path.splitext(os.path.basename(path))[0], str):
        chosen = [part(path) or letter(i) for i, path in enumerate(paths)]
        if len(set(chosen)) == len(chosen):
            return chosen
    return [letter(i) for i in range(len(models))]


def letter(i: int) -> str:
    """Return "a", "b", ..., "z", "27", ..."""
    return chr(ord("a") + i) if i < 26 else str(i + 1)


def check_flags(**flags: object) -> None:
    """Raise a TypeError for a flag that is neither True nor False."""
    for name, value in flags.items():
        if not isinstance(value, (bool, np.bool_)):
            raise TypeError(f"{name}={value!r}: expected True or False")


def or_none(value: float) -> float | None:
    """Return None for NaN and infinity."""
    return value if math.isfinite(value) else None


def plain_columns(columns: dict[str, Any]) -> dict[str, list[Any]]:
    """Return columns as lists of plain Python values, with None in place of NaN."""
    return {
        name: [or_none(x) if isinstance(x, float) else x for x in np.asarray(values).tolist()]
        if isinstance(values, np.ndarray)
        else list(values)
        for name, values in columns.items()
    }


def write_csv(path: PathLike, columns: dict[str, Any]) -> None:
    """Write columns as a table of text; NaN is an empty cell."""
    check_name(path, "the table is written as text", (".csv", ".tsv", ".txt"))
    lists = plain_columns(columns)
    tabs = os.path.splitext(os.fspath(path))[1].lower() == ".tsv"
    with (
        atomic_write(path) as temporary,
        open(temporary, "w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file, delimiter="\t" if tabs else ",", lineterminator="\n")
        writer.writerow(lists)
        for row in zip(*lists.values(), strict=True):
            writer.writerow(
                ["" if x is None else f"{x:.6g}" if isinstance(x, float) else x for x in row]
            )


def as_frame(columns: dict[str, Any]) -> Any:
    """Return columns as a data frame, the first of them as its index."""
    pandas = require_package("pandas", "pandas", "to_pandas()")
    (name, words), *others = columns.items()
    index = pandas.Index(words, dtype=object, name=name)
    return pandas.DataFrame(dict(others), index=index)
