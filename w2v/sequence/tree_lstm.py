"""Child-sum Tree-LSTM (Tai, Socher and Manning, 2015): an LSTM whose past is a node's children.

A `Forest` sorts the nodes of many trees by their distance from the root; `ChildSumTreeLSTM` then
takes all nodes of one distance at once. Nothing here knows how trees are parsed from text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from w2v.sequence.embedding import Embedding

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Level:
    """The nodes of all trees that are equally far from their roots, those with children first."""

    nodes: Ints
    inner: int  # how many of them have children; these are the next level, all of them
    parents: Tensor  # for each node, its parent's place in the level above


class Forest:
    """One or many trees, ready for a Tree-LSTM. Made by `from_nested` or `from_parents`.

    Attributes
    ----------
    words : list of (str or None)
        The word of each node, tree after tree; None where a node has no word of its own.
    parents : ndarray of int64, shape (nodes,)
        The node above each node, numbered through all trees; -1 above a root.
    roots : ndarray of int64, shape (trees,)
        The root of each tree.

    Notes
    -----
    Nodes are numbered tree after tree: those of `from_parents` in the given order, those of
    `from_nested` as they are read, each before its children.
    """

    def __init__(
        self, parents: Ints, starts: Ints, words: Sequence[str | None] | None = None
    ) -> None:
        self.parents = parents
        self.words = [None] * len(parents) if words is None else list(words)
        self.roots = np.flatnonzero(parents < 0)
        self._levels = _levels(parents, self.roots, starts)
        order = np.concatenate([level.nodes for level in self._levels])
        self._order = torch.from_numpy(order)
        self._back = torch.empty_like(self._order)
        self._back[self._order] = torch.arange(len(order))

    @classmethod
    def from_nested(cls, trees: Iterable[Any], *, head_first: bool = False) -> Forest:
        """Read trees that are nested tuples or lists of words.

        Parameters
        ----------
        trees : iterable of str, tuple or list
            A string is a leaf with that word, a tuple or list a node whose children it holds:
            ``(("the", "cat"), "sleeps")``, a constituency tree.
        head_first : bool, default False
            The first item of each tuple is the word of the node itself, the others are its
            children: ``("sleeps", ("cat", "the"))``, a dependency tree.

        Returns
        -------
        Forest

        Raises
        ------
        TypeError
            A node is neither string, tuple nor list, or a head is no string.
        ValueError
            There is no tree, or a tuple is empty.
        """
        if isinstance(trees, str):
            raise TypeError(f"trees={trees[:40]!r} is a single string: expected a list of trees")
        words: list[str | None] = []
        parents: list[int] = []
        starts = []
        for number, tree in enumerate(trees):
            starts.append(len(words))
            waiting = [(tree, -1)]  # a stack, since trees may be deeper than Python's recursion
            while waiting:
                node, parent = waiting.pop()
                here = len(words)
                parents.append(parent)
                if isinstance(node, str):
                    words.append(node)
                    continue
                if not isinstance(node, (tuple, list)):
                    raise TypeError(
                        f"tree {number}: found {node!r} of type {type(node).__name__}, expected a "
                        "word (str) or a tuple of nodes"
                    )
                if not node:
                    raise ValueError(f"tree {number}: a tuple is empty, expected at least one node")
                if head_first and not isinstance(node[0], str):
                    raise TypeError(
                        f"tree {number}: a tuple begins with {node[0]!r}, expected its own word "
                        "(head_first=True)"
                    )
                words.append(node[0] if head_first else None)
                waiting.extend((child, here) for child in reversed(node[head_first:]))
        return cls(np.array(parents, np.int64), np.array(starts, np.int64), words)

    @classmethod
    def from_parents(
        cls,
        parents: Iterable[npt.ArrayLike],
        words: Iterable[Sequence[str | None]] | None = None,
    ) -> Forest:
        """Read trees that are arrays of parents.

        Parameters
        ----------
        parents : iterable of array_like of int
            An array for each tree: the number of each node's parent within the tree, from 0; -1
            for the root.
        words : iterable of sequences of (str or None), optional
            A sequence for each tree: the word of each node, None where it has none.

        Returns
        -------
        Forest

        Raises
        ------
        ValueError
            There is no tree, or one has no nodes, no root or several, a parent that is no node,
            a circle, or not as many words as nodes.
        """
        arrays: list[Ints] = []
        starts = []
        total = 0
        for number, tree in enumerate(parents):
            array = np.asarray(tree)
            if array.ndim != 1 or not len(array) or array.dtype.kind not in "iu":
                raise ValueError(
                    f"tree {number}: parents have shape {array.shape} and type {array.dtype}, "
                    "expected a row of integers, at least one"
                )
            array = array.astype(np.int64)
            bad = np.flatnonzero((array < -1) | (array >= len(array)))
            if len(bad):
                raise ValueError(
                    f"tree {number}: the parent of node {bad[0]} is {array[bad[0]]}, expected 0 to "
                    f"{len(array) - 1}, or -1 for the root"
                )
            roots = np.flatnonzero(array < 0)
            if len(roots) != 1:
                raise ValueError(
                    f"tree {number}: {len(roots)} nodes have the parent -1, expected one, the root"
                )
            starts.append(total)
            arrays.append(np.where(array < 0, -1, array + total))
            total += len(array)
        given: list[str | None] | None = None
        if words is not None:
            lists = list(words)
            if len(lists) != len(arrays):
                raise ValueError(
                    f"words of {len(lists)} trees for {len(arrays)} trees: expected as many"
                )
            for number, (array, row) in enumerate(zip(arrays, lists, strict=True)):
                if isinstance(row, str) or len(row) != len(array):
                    raise ValueError(
                        f"tree {number}: {len(row)} words for {len(array)} nodes, expected a list "
                        "with a word, or None, for each node"
                    )
            given = [word for row in lists for word in row]
        flat = np.concatenate(arrays) if arrays else np.empty(0, np.int64)
        return cls(flat, np.array(starts, np.int64), given)

    def __len__(self) -> int:
        """Return the number of trees."""
        return len(self.roots)

    @property
    def depth(self) -> int:
        """How many nodes the longest way from a root to a leaf has."""
        return len(self._levels)

    def ids(self, embedding: Embedding) -> Tensor:
        """Return the row of each node's word in an embedding; 0, which is zeros, without a word.

        Parameters
        ----------
        embedding : Embedding

        Returns
        -------
        Tensor of int64, shape (nodes,)
        """
        found = iter(embedding.encode([word for word in self.words if word is not None]))
        rows = [0 if word is None else next(found) for word in self.words]
        return torch.tensor(rows, dtype=torch.int64, device=embedding.weight.device)

    def __repr__(self) -> str:
        return f"<Forest: {len(self):,} trees, {len(self.parents):,} nodes, depth {self.depth:,}>"


def _levels(parents: Ints, roots: Ints, starts: Ints) -> list[_Level]:
    """Sort nodes by their distance from the root, and check that all are reached."""
    if not len(parents):
        raise ValueError("there is no tree: expected at least one")
    count = np.bincount(parents[parents >= 0], minlength=len(parents))
    # The children of node n are by_parent[first[n] : first[n] + count[n]].
    by_parent = np.argsort(parents, kind="stable")[len(roots) :]
    first = np.cumsum(count) - count
    levels = []
    nodes, above = roots, np.zeros(len(roots), np.int64)
    reached = 0
    while len(nodes):
        # Leaves last: their children's sums are zeros, which need no arithmetic.
        order = np.argsort(count[nodes] == 0, kind="stable")
        nodes, above = nodes[order], above[order]
        inner = int(np.count_nonzero(count[nodes]))
        levels.append(_Level(nodes, inner, torch.from_numpy(above)))
        reached += len(nodes)
        sizes = count[nodes[:inner]]
        above = np.repeat(np.arange(inner), sizes)
        places = np.arange(len(above)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        nodes = by_parent[first[nodes[:inner]][above] + places]
    if reached < len(parents):
        missed = np.ones(len(parents), bool)
        for level in levels:
            missed[level.nodes] = False
        node = int(np.flatnonzero(missed)[0])
        tree = int(np.searchsorted(starts, node, side="right")) - 1
        raise ValueError(
            f"tree {tree}: node {node - starts[tree]} is not below the root, its parents go in a "
            "circle"
        )
    return levels


class TreeStates(NamedTuple):
    """What a Tree-LSTM returns; nodes in the order of the forest."""

    hidden: Tensor
    """Hidden state of each node, shape (nodes, hidden_size)."""
    cell: Tensor
    """Cell state of each node, shape (nodes, hidden_size)."""
    roots: Tensor
    """Hidden state of each tree's root, shape (trees, hidden_size)."""


class ChildSumTreeLSTM(nn.Module):
    """Tree-LSTM whose nodes sum the hidden states of their children.

    Parameters
    ----------
    input_size : int
        Dimensions of a node's input, such as a word vector.
    hidden_size : int
        Dimensions of a node's hidden state and cell.
    forget_bias : float, default 1.0
        What the bias of the forget gates begins with: above 0, cells are kept at first, so that
        the error reaches the leaves (Gers, Schmidhuber and Cummins, 2000).

    Raises
    ------
    ValueError
        A size is below 1.

    Notes
    -----
    Equations 2 to 8 of Tai, Socher and Manning (2015), for a node with input x and children k::

        h~  = sum over k of h_k
        i   = sigmoid(W_i x + U_i h~ + b_i)       o = sigmoid(W_o x + U_o h~ + b_o)
        u   = tanh(W_u x + U_u h~ + b_u)          f_k = sigmoid(W_f x + U_f h_k + b_f)
        c   = i * u + sum over k of f_k * c_k     h = o * tanh(c)

    Each child has a forget gate of its own, and their order does not matter. In a tree of one
    branch this is an LSTM, read from the leaf up to the root.

    All nodes that are equally far from their roots are computed at once. The children of one such
    level are just the next, so each level needs the states of one other and no more.
    """

    def __init__(self, input_size: int, hidden_size: int, *, forget_bias: float = 1.0) -> None:
        super().__init__()
        for name, size in (("input_size", input_size), ("hidden_size", hidden_size)):
            if size < 1:
                raise ValueError(f"{name}={size!r}: expected a whole number from 1 up")
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.from_input = nn.Linear(input_size, 4 * hidden_size)  # rows: i, o, u, f
        self.from_children = nn.Linear(hidden_size, 3 * hidden_size, bias=False)  # i, o, u
        self.from_child = nn.Linear(hidden_size, hidden_size, bias=False)  # f
        with torch.no_grad():
            self.from_input.bias[3 * hidden_size :] = forget_bias

    def forward(self, inputs: Tensor, forest: Forest) -> TreeStates:
        """Compute the states of all nodes.

        Parameters
        ----------
        inputs : Tensor, shape (nodes, input_size)
            In the order of the forest, such as ``embedding(forest.ids(embedding))``.
        forest : Forest

        Returns
        -------
        TreeStates

        Raises
        ------
        ValueError
            `inputs` has another shape.
        """
        expected = (len(forest.parents), self.input_size)
        if tuple(inputs.shape) != expected:
            raise ValueError(
                f"inputs has shape {tuple(inputs.shape)}: expected {expected}, a row for each node "
                "of the forest"
            )
        size, device = self.hidden_size, inputs.device
        levels = forest._levels
        own = self.from_input(inputs[forest._order.to(device)])
        # split() and not slices: a slice's gradient is as large as all of `own`, for every level.
        parts = own.split([len(level.nodes) for level in levels])
        hidden: list[Tensor] = []
        cells: list[Tensor] = []
        for depth in reversed(range(len(levels))):
            level = levels[depth]
            inner, leaves = level.inner, len(level.nodes) - level.inner
            gates, forget = parts[depth].split([3 * size, size], dim=1)
            kept = None
            if inner:
                h, c = hidden[-1], cells[-1]
                place = levels[depth + 1].parents.to(device)
                gates, of_leaves = gates.split([inner, leaves])
                summed = h.new_zeros(inner, size).index_add(0, place, h)
                gates = gates + self.from_children(summed)
                if leaves:
                    gates = torch.cat((gates, of_leaves))
                forget = torch.sigmoid(forget.index_select(0, place) + self.from_child(h))
                kept = h.new_zeros(inner, size).index_add(0, place, forget * c)
            take, give, update = gates.split(size, dim=1)
            cell = torch.sigmoid(take) * torch.tanh(update)
            if kept is not None:
                cell = cell + (nn.functional.pad(kept, (0, 0, 0, leaves)) if leaves else kept)
            cells.append(cell)
            hidden.append(torch.sigmoid(give) * torch.tanh(cell))
        back = forest._back.to(device)
        states = torch.cat(hidden[::-1]).index_select(0, back)
        roots = states.index_select(0, torch.from_numpy(forest.roots).to(device))
        return TreeStates(states, torch.cat(cells[::-1]).index_select(0, back), roots)
