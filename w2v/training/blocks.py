"""Blocks: the parts of a corpus that workers take in turn."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_BLOCK_IDS = 100_000  # ids in a block of a large corpus
_MIN_BLOCKS = 32  # a small corpus is cut into smaller blocks, so that the workers' loads are even
_MIN_BLOCK_IDS = 1_000
_SEARCH_IDS = 4096


def cut_blocks(ids: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """Cut an id array at sentence ends into blocks of about 100,000 ids.

    Returns
    -------
    int64, shape (blocks + 1,)
        Block `i` is ``ids[edges[i]:edges[i + 1]]``. Sentences are never cut, however long.
    """
    size = min(_BLOCK_IDS, max(len(ids) // _MIN_BLOCKS, _MIN_BLOCK_IDS))
    edges = [0]
    while edges[-1] < len(ids):
        edges.append(_after_sentence(ids, edges[-1] + size))
    return np.array(edges, np.int64)


def _after_sentence(ids: npt.NDArray[np.int32], position: int) -> int:
    """Return the position after the first sentence end at or after `position` - 1."""
    position -= 1
    while position < len(ids):
        ends = np.flatnonzero(ids[position : position + _SEARCH_IDS] < 0)
        if ends.size:
            return position + int(ends[0]) + 1
        position += _SEARCH_IDS
    return len(ids)
