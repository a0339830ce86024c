"""Checks of a usearch file before usearch reads it, which trusts every number in it.

Layout (version 2, little-endian): rows and bytes per row (uint32 each), the vectors, a head of 64
bytes, five uint64 (nodes, neighbors of a node at upper levels and at level 0, highest level, entry
node), the level of each node (int16), and the nodes. A node is its key (uint64), its level (int16)
and for each level the number of neighbors and their nodes (uint32), with space for all.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_ITEM_SIZES = {"float32": 4, "float16": 2, "int8": 1}
# The metric, and the types of numbers, of keys and of node numbers.
_KINDS = {"cosine": b"c", "dot": b"i", "euclidean": b"e"}
_TYPES = {"float32": b"\x0b", "float16": b"\x0c", "int8": b"\x17"}
_KEY_TYPES = b"\x0e\x0f"
_NODE_HEAD = 10  # bytes of key and level
_NODES_AT_ONCE = 1 << 13

Bytes = npt.NDArray[np.uint8]


def check_graph(data: Bytes, metric: str, dtype: str, words: int, dimensions: int) -> None:
    """Raise a ValueError unless every neighbor that a search can follow exists.

    Parameters
    ----------
    data : ndarray of uint8
        The file, which can be memory-mapped. The vectors in it are not read.
    metric, dtype : str
    words, dimensions : int
        What the graph has to contain.
    """
    rows = int.from_bytes(data[:4].tobytes(), "little")
    if rows != words:
        raise ValueError(f"the index has {rows:,} rows, expected {words:,}")
    at = 8 + words * dimensions * _ITEM_SIZES[dtype]
    if len(data) < at + 104 + 2 * words:
        raise ValueError(f"{len(data):,} bytes are too few for {words:,} words")
    columns = int.from_bytes(data[4:8].tobytes(), "little")
    head = data[at : at + 64].tobytes()
    if head[:8] != b"usearch\x02":
        raise ValueError("it is not in version 2 of usearch's format")
    if (
        columns != dimensions * _ITEM_SIZES[dtype]
        or head[13:17] != _KINDS[metric] + _TYPES[dtype] + _KEY_TYPES
        or np.frombuffer(head[17:41], "<u8").tolist() != [words, 0, dimensions]
        or head[41] != 0  # whether keys can repeat
    ):
        raise ValueError("its settings are not those of the index")
    settings = data[at + 64 : at + 104].tobytes()
    nodes, upper, base, highest, entry = np.frombuffer(settings, "<u8").tolist()
    if nodes != words or not 0 < upper <= 1 << 16 or not 0 < base <= 1 << 17:
        raise ValueError("its sizes are not those of the index")
    if not words:
        return
    at += 104
    levels = np.frombuffer(data[at : at + 2 * words].tobytes(), "<i2").astype(np.int64)
    at += 2 * words
    if levels.min() < 0 or entry >= words or not levels[entry] == highest == levels.max():
        raise ValueError("its levels do not match")
    blocks = 4 + 4 * base, 4 + 4 * upper
    starts = at + np.cumsum(_NODE_HEAD + blocks[0] + levels * blocks[1])
    if starts[-1] != len(data):
        raise ValueError("the nodes do not fill the file")
    starts = np.concatenate([[at], starts[:-1]])
    keys = np.zeros(words, bool)
    for first in range(0, words, _NODES_AT_ONCE):
        chosen = slice(first, first + _NODES_AT_ONCE)
        heads = _gather(data, starts[chosen], _NODE_HEAD)
        found = heads[:, :8].copy().view("<u8").ravel()
        if (found >= words).any() or (
            heads[:, 8:].copy().view("<i2")[:, 0] != levels[chosen]
        ).any():
            raise ValueError("a node has the wrong key or level")
        keys[found.astype(np.int64)] = True
    if not keys.all():
        raise ValueError("a row is missing")
    for level in range(int(levels.max()) + 1):
        there = np.flatnonzero(levels >= level)
        offset = _NODE_HEAD + (blocks[0] + (level - 1) * blocks[1] if level else 0)
        for first in range(0, len(there), _NODES_AT_ONCE):
            at_node = starts[there[first : first + _NODES_AT_ONCE]] + offset
            _check_neighbors(_gather(data, at_node, blocks[level > 0]), levels, level)


def _gather(data: Bytes, starts: npt.NDArray[np.int64], size: int) -> Bytes:
    """Return `size` bytes from each of the starts on, as rows."""
    gathered: Bytes = data[starts[:, None] + np.arange(size)]
    return gathered


def _check_neighbors(block: Bytes, levels: npt.NDArray[np.int64], level: int) -> None:
    numbers = block.view("<u4")
    counts, neighbors = numbers[:, 0], numbers[:, 1:]
    if (counts > neighbors.shape[1]).any():
        raise ValueError("a node has more neighbors than fit")
    used = neighbors[np.arange(neighbors.shape[1]) < counts[:, None]].astype(np.int64)
    if (used >= len(levels)).any() or (levels[used] < level).any():
        raise ValueError("a neighbor does not exist")
