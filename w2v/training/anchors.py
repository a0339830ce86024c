"""Anchors: what holds rows near the place where they were when training began.

A row that a step meets is pulled towards its place; csrc/include/w2v_anchor.h has the formula.
Words that a text brings can then be learned without moving those that are known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from w2v._validation import as_array

if TYPE_CHECKING:
    from collections.abc import Mapping

    from w2v.vocab.huffman import HuffmanTree

FloatArray = npt.NDArray[np.float32]

_LARGEST = 1e30  # of a strength: beyond, rows stay where they are, to the bit


@dataclass(frozen=True)
class Anchor:
    """Where rows are held, and how strongly.

    Attributes
    ----------
    homes : dict of float32 arrays, each of shape (n, stride)
        By the name of the matrix: copies of its first `n` rows.
    strengths : dict of float32 arrays, each of shape (n,)
        Of each of these rows; 0 leaves a row free.
    """

    homes: dict[str, FloatArray]
    strengths: dict[str, FloatArray]

    @classmethod
    def of(
        cls,
        matrices: Mapping[str, FloatArray],
        strengths: npt.NDArray[np.float64],
        learned: Mapping[str, npt.NDArray[np.bool_]],
        tree: HuffmanTree | None,
        counts: npt.NDArray[np.int64],
    ) -> Anchor:
        """Return the anchor at the present place of rows.

        Parameters
        ----------
        matrices : mapping of str to float32 arrays
            The padded matrices of a model by name.
        strengths : float64, shape (V,)
            Of each word. An inner node has the mean of those of the words below it.
        learned : mapping of str to bool arrays
            By the name of the matrix: the rows that are held, all others are free.
        tree : HuffmanTree or None
        counts : int64, shape (V,)
            Of the words.
        """
        homes: dict[str, FloatArray] = {}
        held: dict[str, FloatArray] = {}
        for name, rows in matrices.items():
            if name not in learned:
                continue
            each = strengths
            if name == "node_vectors":
                assert tree is not None
                each = tree.means_below(strengths, counts)
            each = np.where(learned[name], each, 0)
            n = int(np.flatnonzero(each)[-1]) + 1 if each.any() else 0
            if n:
                homes[name] = rows[:n].copy()
                held[name] = np.where(each > _LARGEST, np.inf, each)[:n].astype(np.float32)
        return cls(homes, held)

    def pull(
        self,
        name: str,
        rows: FloatArray,
        numbers: npt.NDArray[np.intp],
        alpha: float,
        times: npt.NDArray[np.intp],
    ) -> None:
        """Pull distinct rows of a matrix, given by number, each as often as `times` says."""
        if name not in self.homes:
            return
        homes, strengths = self.homes[name], self.strengths[name]
        held = (numbers < len(homes)) & (strengths[np.minimum(numbers, len(homes) - 1)] > 0)
        numbers, times = numbers[held], times[held]
        kept = ((1 + alpha * strengths[numbers].astype(np.float64)) ** -times).astype(np.float32)
        home = homes[numbers]
        rows[numbers] = home + kept[:, np.newaxis] * (rows[numbers] - home)


def strengths_of(anchor: npt.ArrayLike | None, n_words: int) -> npt.NDArray[np.float64] | None:
    """Return the strength of each word, shape (V,); None if all are 0.

    Raises
    ------
    TypeError, ValueError
        If `anchor` is neither a number that is at least 0, nor an array of one per word.
    """
    if anchor is None:
        return None
    given: Any = as_array("anchor", anchor)
    if given.dtype.kind not in "iuf":
        raise TypeError(f"anchor={anchor!r:.80}: expected a number, at least 0, or one per word")
    if given.shape not in ((), (n_words,)):
        raise ValueError(
            f"anchor is an array of shape {given.shape}: expected a number, or one per word of the "
            f"vocabulary, shape ({n_words},)"
        )
    strengths = np.array(np.broadcast_to(given, n_words), np.float64)
    wrong = ~(strengths >= 0)
    if wrong.any():
        raise ValueError(
            f"anchor={strengths[wrong][0]:g}: expected a strength of at least 0; 0 leaves rows free"
        )
    return strengths if strengths.any() else None
