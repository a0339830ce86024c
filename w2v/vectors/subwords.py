"""Vectors of unseen words, from the subwords of a fastText model."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from w2v.io import _subwords
from w2v.io.fasttext import SubwordTable
from w2v.io.processing import Steps
from w2v.vectors.postprocessing import apply


class SubwordVectors:
    """Vectors for words that a fastText model has not seen, from their character n-grams.

    Parameters
    ----------
    table : SubwordTable
        The rows of a model file, usually memory-mapped, and the lengths of its n-grams.
    steps : tuple of Step, optional
        What was done to the vectors of the words, and is done to these alike.
    """

    _steps: Steps = ()  # as in older pickles

    def __init__(self, table: SubwordTable, steps: Steps = ()) -> None:
        self._table, self._steps = table, steps

    def processed(self, steps: Steps) -> SubwordVectors:
        """Return these vectors after further steps."""
        return SubwordVectors(self._table, self._steps + steps)

    def __len__(self) -> int:
        return len(self._table.buckets)

    def __getitem__(self, word: str) -> npt.NDArray[np.float32]:
        """Return the mean of the rows of a word's subwords, float32, shape (vector_size,).

        Raises
        ------
        KeyError
            The word is too short to have subwords, or the model has none.
        """
        buckets, min_n, max_n = self._table
        data = f"<{word}>".encode("utf-8", "surrogatepass")
        ids = np.empty(max(1, len(data) * max_n), np.uint32)
        found = 0
        if len(self):
            found = _subwords.hash_subwords(data, min_n, max_n, len(self), ids)
        if not found:
            raise KeyError(f"word {word!r} is not in the vocabulary and has no subwords")
        rows = buckets[ids[:found]].reshape(-1).view("<f4").reshape(found, -1)
        mean: npt.NDArray[np.float32] = rows.sum(axis=0, dtype=np.float32) * np.float32(1 / found)
        return apply(self._steps, mean[None])[0] if self._steps else mean
