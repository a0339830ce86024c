"""Blocks: the parts of a corpus that workers take in turn."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_BLOCK_IDS = 100_000  # ids in a block of a large corpus
# A small corpus is cut into smaller blocks, so that the workers' loads are even, and because the
# learning rate falls from block to block at least: it must not be high in the last one.
_MIN_BLOCKS = 32
_MIN_BLOCK_IDS = 100
_MAX_SEARCH_IDS = 10_000  # no sentence end so far behind a full block: the sentence is cut


def cut_blocks(ids: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """Cut an id array into blocks of about 100,000 ids, at sentence ends if they are near.

    A longer sentence is cut, so that several workers share a text of one line. Nothing is lost at a
    cut: the words beside it have their context from the next block; see `_hogwild.Worker.run`.

    Returns
    -------
    int64, shape (blocks + 1,)
        Block `i` is ``ids[edges[i]:edges[i + 1]]``.
    """
    size = min(_BLOCK_IDS, max(len(ids) // _MIN_BLOCKS, _MIN_BLOCK_IDS))
    search = min(size, _MAX_SEARCH_IDS)
    edges = [0]
    while edges[-1] < len(ids):
        edges.append(_cut(ids, edges[-1] + size, search))
    return np.array(edges, np.int64)


def _cut(ids: npt.NDArray[np.int32], position: int, search: int) -> int:
    """Return the position after the first sentence end from `position` - 1 on, or `position`.

    Only `search` ids are looked at.
    """
    if position >= len(ids):
        return len(ids)
    ends = np.flatnonzero(ids[position - 1 : position - 1 + search] < 0)
    return position + int(ends[0]) if ends.size else position
