"""Texts to batches of ids: encoding, lengths, padding."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from w2v.sequence.embedding import PADDING


def pad(ids: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Put lists of ids of unequal length into one tensor.

    Parameters
    ----------
    ids : sequence of sequences of int

    Returns
    -------
    ids : tensor of int64, shape (batch, longest)
        0 beyond the end of a list.
    lengths : tensor of int64, shape (batch,)

    Examples
    --------
    >>> pad([[2, 3, 4], [5]])
    (tensor([[2, 3, 4],
            [5, 0, 0]]), tensor([3, 1]))
    """
    lengths = np.fromiter(map(len, ids), np.int64, len(ids))
    padded = np.full((len(ids), lengths.max(initial=0)), PADDING, np.int64)
    # A mask of the places that are filled, in the order of the numbers: no loop over rows.
    padded[np.arange(padded.shape[1]) < lengths[:, None]] = (
        np.concatenate([np.asarray(one, np.int64) for one in ids]) if len(ids) else 0
    )
    return torch.from_numpy(padded), torch.from_numpy(lengths)
