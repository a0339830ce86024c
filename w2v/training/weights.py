"""The matrices of a model: their initialization, and the replicas of them that shards train."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from w2v._memory import aligned_empty, allocate_rows
from w2v.training import _merge

if TYPE_CHECKING:
    from w2v.config import TrainingConfig
    from w2v.training.anchors import Anchor

MAX_SNAPSHOT_BYTES = 1 << 28  # larger models are not restored after divergence
_REACH_WITH_OFFSETS = 4.0
_ROWS = 4096  # rows filled at a time, so that no second matrix is ever in memory


@dataclass
class Weights:
    """The trained matrices, updated in place; rows are padded with zeros to whole cache lines.

    Attributes
    ----------
    vectors : float32, shape (V, stride)
        One row per word: the word vectors.
    output_vectors : float32, shape (V, stride), or None
        Negative sampling and full softmax: one row per predicted word.
    node_vectors : float32, shape (V - 1, stride), or None
        Hierarchical softmax: one row per inner node of the Huffman tree.
    trainable : bool, shape (V,), or None
        Which rows of `vectors` are updated; None: all.
    anchor : Anchor or None
        What holds rows near a place; None: nothing.
    """

    vectors: npt.NDArray[np.float32]
    output_vectors: npt.NDArray[np.float32] | None = None
    node_vectors: npt.NDArray[np.float32] | None = None
    trainable: npt.NDArray[np.bool_] | None = None
    anchor: Anchor | None = None

    @classmethod
    def untrained(cls, n_words: int, config: TrainingConfig) -> Weights:
        """Return random word vectors, and the output matrices of the configuration, all zeros."""
        dim = config.vector_size
        vectors = allocate_rows(n_words, dim)
        initialize(vectors, dim, config.seed, reach=_reach(config))
        return cls(vectors, *cls.untrained_outputs(n_words, config))

    @classmethod
    def untrained_outputs(
        cls, n_words: int, config: TrainingConfig
    ) -> tuple[npt.NDArray[np.float32] | None, npt.NDArray[np.float32] | None]:
        """Return `output_vectors` and `node_vectors` of the configuration, all zeros."""
        n_rows = {"output_vectors": n_words, "node_vectors": n_words - 1}
        outputs = {
            name: allocate_rows(n_rows[name], config.vector_size) if need else None
            for name, need in cls.needed(config).items()
        }
        return outputs["output_vectors"], outputs["node_vectors"]

    @property
    def n_bytes(self) -> int:
        """The memory of the matrices."""
        return sum(rows.nbytes for rows in self.matrices().values())

    def grown(
        self,
        n_words: int,
        config: TrainingConfig,
        nodes: npt.NDArray[np.int64] | None = None,
    ) -> Weights:
        """Return matrices for more words: the same rows, and then untrained ones.

        `nodes` has the new number of each inner node of the Huffman tree; None: it is another tree,
        and all of `node_vectors` are zero again.
        """
        before, dim = len(self.vectors), config.vector_size
        outputs = self.untrained_outputs(n_words, config)
        grown = Weights(allocate_rows(n_words, dim), *outputs)
        for old, new in (
            (self.vectors, grown.vectors),
            (self.output_vectors, grown.output_vectors),
        ):
            if old is not None and new is not None:
                copy_rows(old, new)
        if nodes is not None and self.node_vectors is not None:
            assert grown.node_vectors is not None
            for first in range(0, len(nodes), _ROWS):
                part = slice(first, first + _ROWS)
                grown.node_vectors[nodes[part]] = self.node_vectors[part]
        initialize(grown.vectors[before:], dim, config.seed, before, _reach(config))
        return grown

    def begin_as(self, config: TrainingConfig, before: TrainingConfig) -> None:
        """Initialize the vectors again, in the range of `config` instead of that of `before`.

        For a model that is not trained yet. Rows that have been set since stay as they are.
        """
        if _reach(config) == _reach(before):
            return
        dim = before.vector_size
        begun = allocate_rows(*self.vectors[:, :dim].shape)
        initialize(begun, dim, before.seed, reach=_reach(before))
        same = (begun == self.vectors).all(axis=1)
        initialize(begun, dim, config.seed, reach=_reach(config))
        np.copyto(self.vectors, begun, where=same[:, np.newaxis])

    def snapshot(self) -> dict[str, npt.NDArray[np.float32] | None] | None:
        """Return copies of the matrices by name, None for one of zeros.

        None for all if the copies would take more than 256 MiB.
        """
        copies: dict[str, npt.NDArray[np.float32] | None] = {}
        for name, rows in self.matrices().items():
            copies[name] = rows if rows.any() else None
        kept = [rows for rows in copies.values() if rows is not None]
        if sum(rows.nbytes for rows in kept) > MAX_SNAPSHOT_BYTES:
            return None
        return {name: None if rows is None else rows.copy() for name, rows in copies.items()}

    def restore(self, copies: Mapping[str, npt.NDArray[np.float32] | None]) -> None:
        """Write the matrices of a `snapshot` back, in place."""
        for name, rows in self.matrices().items():
            copy = copies[name]
            rows[...] = 0 if copy is None else copy

    def matrices(self) -> dict[str, npt.NDArray[np.float32]]:
        """Return the matrices that there are, by name."""
        names = ("vectors", "output_vectors", "node_vectors")
        return {name: rows for name in names if (rows := getattr(self, name)) is not None}

    @staticmethod
    def needed(config: TrainingConfig) -> dict[str, bool]:
        """Return which output matrices a configuration trains."""
        return {
            "output_vectors": config.uses_negative_sampling or config.softmax,
            "node_vectors": config.hs == 1,
        }


@dataclass
class Replicas:
    """Copies of rows that one shard trains alone, each made when it is first used.

    Attributes
    ----------
    rows : dict of float32 arrays, each of shape (n, stride)
        By the name of the matrix: its first `n` rows, those of the most frequent words; of
        `node_vectors`, the last ones, those nearest to the root.
    marks : dict of uint16 arrays, each of shape (V,)
        FRESH, TRAINED or STALE of _merge.pyx, for each row of the whole matrix.
    """

    rows: dict[str, npt.NDArray[np.float32]]
    marks: dict[str, npt.NDArray[np.uint16]]

    @classmethod
    def allocate(cls, weights: Weights, sizes: Mapping[str, int]) -> Replicas:
        """Return replicas of `sizes` rows of each matrix; all are stale."""
        matrices = weights.matrices()
        rows: dict[str, npt.NDArray[np.float32]] = {}
        for name, n in sizes.items():
            try:
                rows[name] = aligned_empty((n, matrices[name].shape[1]), np.float32)
            except MemoryError:
                raise MemoryError(
                    f"cannot allocate a replica of {n:,} rows for each shard: lower "
                    "replica_memory, or use fewer workers"
                ) from None
        replicas = cls(rows, {name: np.zeros(len(matrices[name]), np.uint16) for name in sizes})
        replicas.expire()
        return replicas

    def replicated(self, name: str) -> slice:
        """Return which rows of a matrix have replicas."""
        n, n_rows = len(self.rows[name]), len(self.marks[name])
        first = n_rows - n if name == "node_vectors" else 0
        return slice(first, first + n)

    def expire(self) -> None:
        """Mark all replicas as stale: the rows of the model may have changed."""
        for name, marks in self.marks.items():
            marks[self.replicated(name)] = _merge.STALE

    def spare(self, name: str, rows: npt.NDArray[np.bool_]) -> None:
        """Note that some rows were not trained, although they were used."""
        marks = self.marks[name]
        marks[rows & (marks == _merge.TRAINED)] = _merge.FRESH

    def take(
        self, weights: Weights, name: str, numbers: npt.NDArray[np.intp]
    ) -> npt.NDArray[np.float32]:
        """Return copies of rows as this shard sees them, shape (n, stride)."""
        taken: npt.NDArray[np.float32] = np.take(getattr(weights, name), numbers, axis=0)
        if name in self.rows:
            trained = self.marks[name][numbers] == _merge.TRAINED
            first = self.replicated(name).start
            own = numbers[trained] - first
            held = (own >= 0) & (own < len(self.rows[name]))  # others have marks, but no replica
            taken[np.flatnonzero(trained)[held]] = self.rows[name][own[held]]
        return taken


def _reach(config: TrainingConfig) -> float:
    """Return the largest number that vectors begin with, times their dimensions.

    If scores have offsets, nothing is learned until the products of vectors differ from zero.
    docs/objectives.md has the measurements.
    """
    return _REACH_WITH_OFFSETS if config.uses_score_offsets else 1.0


def initialize(
    rows: npt.NDArray[np.float32], dim: int, seed: int, first_row: int = 0, reach: float = 1.0
) -> None:
    """Fill the first `dim` columns uniformly from -reach / dim to reach / dim; 1 is gensim's reach.

    Rows that are added later, from `first_row` on, have random numbers of their own.

    word2vec.c uses half of that range, with which training starts more slowly: for CBOW at a
    learning rate of 0.025 the difference is still measurable after five epochs.
    """
    rng = np.random.default_rng([seed, 0, first_row] if first_row else [seed, 0])
    for first in range(0, len(rows), _ROWS):
        chunk = rows[first : first + _ROWS, :dim]
        chunk[...] = (2 * rng.random(chunk.shape, np.float32) - 1) / np.float32(dim / reach)


def pad_rows(matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return a copy of a (V, d) matrix with padded rows."""
    rows = allocate_rows(*matrix.shape)
    copy_rows(matrix, rows)
    return rows


def copy_rows(source: npt.NDArray[np.float32], target: npt.NDArray[np.float32]) -> None:
    """Copy a matrix to the first rows and columns of another."""
    for first in range(0, len(source), _ROWS):
        chunk = source[first : first + _ROWS]
        target[first : first + len(chunk), : chunk.shape[1]] = chunk
