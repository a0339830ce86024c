"""Vectors that a new model begins with: those of another, by word."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from w2v._types import PathLike
from w2v._warnings import warn
from w2v.vectors.keyed_vectors import KeyedVectors

if TYPE_CHECKING:
    from w2v.training.weights import Weights
    from w2v.vocab.vocabulary import Vocabulary

logger = logging.getLogger("w2v")

_FEW = 0.5  # share of the text whose words have vectors, below which a warning says so


@dataclass(frozen=True)
class GivenVectors:
    """What `init` names.

    Attributes
    ----------
    source : str
        For messages.
    vectors : KeyedVectors
        The word vectors.
    outputs : float32, shape (words, d), or None
        The output vectors of the same words, if they are those of a model with this objective.
    """

    source: str
    vectors: KeyedVectors
    outputs: npt.NDArray[np.float32] | None = None

    @classmethod
    def of(cls, init: KeyedVectors | PathLike, vector_size: int) -> GivenVectors:
        """Return given vectors, or those of a file.

        Raises
        ------
        TypeError
            If `init` is neither.
        ValueError
            If the vectors have other dimensions, or the file is of no known format.
        OSError
            If the file cannot be read.
        """
        if isinstance(init, KeyedVectors):
            return cls("init", init).checked(vector_size)
        if not isinstance(init, (str, os.PathLike)):
            raise TypeError(
                f"init is of type {type(init).__name__}: expected KeyedVectors, the path of a file "
                "of vectors, or a Word2Vec model"
            )
        return cls(f"init={os.fspath(init)!r}", KeyedVectors.read(init)).checked(vector_size)

    def checked(self, vector_size: int) -> GivenVectors:
        """Return this; raise a ValueError if the vectors have another size."""
        size = self.vectors.vector_size
        if size != vector_size:
            raise ValueError(
                f"{self.source}: the vectors have {size} dimensions, but the model has "
                f"vector_size={vector_size}; pass vector_size={size}"
            )
        return self

    def write(
        self, vocabulary: Vocabulary, weights: Weights, vector_size: int
    ) -> dict[str, npt.NDArray[np.bool_]]:
        """Write what is given for words of the vocabulary to untrained matrices.

        Returns
        -------
        dict of bool arrays
            By the name of the matrix: the rows that were given.

        Raises
        ------
        ValueError
            If nothing is given for any word, or vectors are not finite.

        Warns
        -----
        UserWarning
            If words without vectors make up more than half of the text.
        """
        found = np.array([word in self.vectors for word in vocabulary.words], np.bool_)
        rows = np.flatnonzero(found)
        if not len(rows):
            raise ValueError(
                f"{self.source}: none of its {len(self.vectors):,} words is in the vocabulary of "
                f"{len(vocabulary):,} words; check that both have the same language, spelling and "
                "case"
            )
        words = [vocabulary.words[row] for row in rows.tolist()]
        given: Any = np.asarray(self.vectors[words], np.float32)
        bad = ~np.isfinite(given).all(axis=1)
        if bad.any():
            raise ValueError(
                f"{self.source}: the vector of {words[int(bad.argmax())]!r} has NaN or infinity; "
                "leave out such words, or replace their vectors"
            )
        weights.vectors[rows, :vector_size] = given
        learned = {name: np.zeros(len(m), np.bool_) for name, m in weights.matrices().items()}
        learned["vectors"][rows] = True
        if self.outputs is not None and weights.output_vectors is not None:
            own = [self.vectors.get_index(word) for word in words]
            weights.output_vectors[rows, :vector_size] = self.outputs[own]
            learned["output_vectors"][rows] = True
        share = float(vocabulary.counts[rows].sum()) / max(1, vocabulary.tokens)
        message = (
            f"{len(rows):,} of {len(vocabulary):,} words ({share:.1%} of the text) begin with the "
            f"vectors of {self.source}"
        )
        logger.info("%s", message)
        if share < _FEW:
            warn(f"{message}; the others begin with random numbers")
        return learned
