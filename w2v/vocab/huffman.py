"""The Huffman tree of hierarchical softmax.

Equally frequent words may change places in the tree without making a path longer. A vocabulary
lists them by first appearance, and neighbors there become neighbors in the tree. For words with
several occurrences that does no harm, since they share a topic. But of words that occur once or
twice and first appear together, little is known beyond that sentence, and the nodes above them
learn to recognize it instead of what its words mean. So the tree mixes rare words, in an order that
depends on nothing but the counts: saved node vectors need the same tree again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v.vocab import _huffman

_RARE = 5  # words with fewer occurrences are mixed: a text with the default min_count has none


@dataclass(frozen=True)
class HuffmanTree:
    """Each word's path from the root of the Huffman tree to its leaf.

    Attributes
    ----------
    offsets : int64, shape (V + 1,)
        The path of word `i` is ``path[offsets[i]:offsets[i + 1]]``.
    path : int32, shape (sum of all path lengths,)
        Inner nodes from 0 to V - 2, the root first; ``~node`` where the code bit is 1.
    """

    offsets: npt.NDArray[np.int64]
    path: npt.NDArray[np.int32]

    @classmethod
    def from_counts(
        cls, counts: npt.NDArray[np.int64], *, ties_in_order: bool = False
    ) -> HuffmanTree:
        """Return the tree with the smallest mean path length for these counts.

        Parameters
        ----------
        counts : int64, shape (V,)
            V at least 2.
        ties_in_order : bool, default False
            Whether rare words are neighbors in the tree as in the vocabulary, if their counts are
            equal; by default they are mixed.
        """
        if (np.diff(counts) > 0).any():  # words were added to a vocabulary
            return cls._from_unsorted(counts, ties_in_order)
        n_words = len(counts)
        size = 2 * n_words - 1
        parent, depth = np.zeros((2, size), np.int32)
        _huffman.build(np.ascontiguousarray(counts), np.empty(size, np.int64), parent, depth)
        if not ties_in_order:
            parent[:n_words] = parent[_mixed_ties(counts, depth[:n_words])]
        offsets = np.zeros(n_words + 1, np.int64)
        np.cumsum(depth[:n_words], out=offsets[1:])
        path = np.empty(offsets[-1], np.int32)
        _huffman.paths(parent, offsets, path)
        return cls(offsets, path)

    @classmethod
    def from_paths(cls, nodes: list[Any], codes: list[Any]) -> HuffmanTree:
        """Return a tree that was made elsewhere.

        Parameters
        ----------
        nodes, codes : list of array_like of int
            For each word, the inner nodes from the root to its leaf, and the bits of its code.

        Raises
        ------
        ValueError
            If this is not a tree of as many words.
        """
        lengths = [len(each) for each in nodes]
        if lengths != [len(each) for each in codes]:
            raise ValueError("the Huffman tree has paths and codes of different lengths")
        offsets = np.zeros(len(nodes) + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        path = np.concatenate([np.asarray(each, np.int64) for each in nodes])
        if (path < 0).any():
            raise ValueError("the Huffman tree has a node of a negative number")
        path = np.where(np.concatenate([np.asarray(each) for each in codes]) != 0, ~path, path)
        return cls(offsets, path.astype(np.int32)).checked()

    def checked(self) -> HuffmanTree:
        """Return the tree; raise a ValueError if a path is empty or leads to a node there is not.

        Memory beyond the matrices would be written otherwise.
        """
        n_words, nodes = len(self.offsets) - 1, self.nodes
        if (
            n_words < 2
            or self.offsets[0] != 0
            or self.offsets[-1] != len(self.path)
            or (np.diff(self.offsets) < 1).any()
            or not ((nodes >= 0) & (nodes < n_words - 1)).all()
        ):
            raise ValueError(f"the Huffman tree is not one of {n_words:,} words")
        return self

    @classmethod
    def _from_unsorted(cls, counts: npt.NDArray[np.int64], ties_in_order: bool) -> HuffmanTree:
        order = np.argsort(-counts, kind="stable")
        tree = cls.from_counts(counts[order], ties_in_order=ties_in_order)
        place = np.empty(len(order), np.intp)
        place[order] = np.arange(len(order))
        lengths = np.diff(tree.offsets)[place]
        offsets = np.zeros(len(counts) + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        moved = np.repeat(tree.offsets[place] - offsets[:-1], lengths)
        return cls(offsets, tree.path[np.arange(offsets[-1]) + moved])

    def grafted(
        self, counts: npt.NDArray[np.int64], more: npt.NDArray[np.int64]
    ) -> tuple[HuffmanTree, npt.NDArray[np.int64]]:
        """Return this tree with more words, and the number that each of its nodes has there.

        The words that are added have a Huffman tree of their own, which becomes the sibling of a
        leaf or an inner node of this one: where the mean path is shortest then. The words below
        that place get one node more in their paths; all others keep their codes.

        Parameters
        ----------
        counts : int64, shape (V,)
            Of the words of this tree.
        more : int64, shape (W,)
            Of the words that are added; W at least 1.

        Returns
        -------
        HuffmanTree
            Of V + W words. A node above another has the higher number.
        int64, shape (V - 1,)
            Which number each node of this tree has in that one.
        """
        n_old, n_new = len(counts), len(more)
        lengths = np.diff(self.offsets)
        words = np.repeat(np.arange(n_old), lengths)  # of each entry of the path
        nodes = self.nodes
        depths = np.zeros(n_old - 1, np.int64)
        depths[nodes] = np.arange(len(nodes)) - self.offsets[words]
        below = np.bincount(nodes, counts[words], n_old - 1)
        growth = np.concatenate([counts, below])
        growth += max(1, int(more.sum())) * np.concatenate([lengths, depths])
        place = int(growth.argmin())
        moved = np.array([place])
        depth = int(lengths[place]) if place < n_old else int(depths[place - n_old])
        if place >= n_old:
            moved = words[nodes == place - n_old]
        joint = n_old + n_new - 2  # the new node, whose children are the place and the new words
        first = self.offsets[moved[0]]
        above = np.append(self.path[first : first + depth], ~np.int32(joint))
        path = np.insert(self.path, self.offsets[moved] + depth, joint)
        lengths[moved] += 1
        own = np.zeros(0, np.int32)
        own_lengths = np.zeros(n_new, np.int64)
        if n_new > 1:
            tree = HuffmanTree.from_counts(more)
            own_lengths = np.diff(tree.offsets)
            own = np.where(tree.path < 0, tree.path - (n_old - 1), tree.path + (n_old - 1))
        begins = np.repeat(np.cumsum(own_lengths) - own_lengths, len(above))
        own = np.insert(own, begins, np.tile(above, n_new))
        offsets = np.zeros(n_old + n_new + 1, np.int64)
        np.cumsum(np.concatenate([lengths, own_lengths + len(above)]), out=offsets[1:])
        grown = HuffmanTree(offsets, np.concatenate([path, own]).astype(np.int32))
        return grown._numbered(np.concatenate([counts, more]), n_old - 1)

    def _numbered(
        self, counts: npt.NDArray[np.int64], first: int
    ) -> tuple[HuffmanTree, npt.NDArray[np.int64]]:
        """Return the tree with nodes numbered by use, the root last; and the `first` numbers."""
        nodes = self.nodes
        words = np.repeat(np.arange(len(counts)), np.diff(self.offsets))
        used = np.bincount(nodes, counts[words], len(counts) - 1)
        depths = np.zeros(len(counts) - 1, np.int64)
        depths[nodes] = np.arange(len(nodes)) - self.offsets[words]
        numbers = np.empty(len(used), np.int64)
        numbers[np.lexsort((-depths, used))] = np.arange(len(used))
        path = np.where(self.path < 0, ~numbers[nodes], numbers[nodes]).astype(np.int32)
        return HuffmanTree(self.offsets, path), numbers[:first]

    def means_below(
        self, values: npt.NDArray[np.float64], counts: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float64]:
        """Return for each inner node the mean of its words' values, weighted by their counts."""
        lengths = np.diff(self.offsets)
        weights = np.maximum(counts, 1).astype(np.float64)
        finite = np.minimum(values, np.finfo(np.float32).max)  # infinity times zero is NaN
        sums = np.bincount(self.nodes, np.repeat(weights * finite, lengths), len(counts) - 1)
        total = np.bincount(self.nodes, np.repeat(weights, lengths), len(counts) - 1)
        return np.asarray(sums / total)

    @property
    def nodes(self) -> npt.NDArray[np.int32]:
        """The path without its code bits."""
        return np.where(self.path < 0, ~self.path, self.path)

    @property
    def codes(self) -> npt.NDArray[np.bool_]:
        """The code bit of each entry of `path`."""
        return np.asarray(self.path < 0)

    @property
    def max_length(self) -> int:
        """Length of the longest path."""
        return int(np.diff(self.offsets).max())


def _mixed_ties(
    counts: npt.NDArray[np.int64], depth: npt.NDArray[np.int32]
) -> npt.NDArray[np.int64]:
    """Return which word's leaf each word takes: one of the same count and depth; shape (V,)."""
    # Murmur3's finalizer. A random generator of NumPy may change with its version.
    key = np.arange(1, len(counts) + 1, dtype=np.uint64)
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        key = (key ^ (key >> np.uint64(33))) * np.uint64(factor)
    key ^= key >> np.uint64(33)
    key[counts >= _RARE] = 0
    return np.lexsort((key, depth, -counts))
