"""Child-Sum Tree-LSTM (Tai, Socher and Manning, 2015): an LSTM over trees.

A `Forest` groups the nodes of many trees into levels by their distance from the root, and
`ChildSumTreeLSTM` computes one level at a time. Parsing text into trees is out of scope.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from w2v._types import IntArray
from w2v._validation import require_list
from w2v.sequence.embedding import PADDING

if TYPE_CHECKING:
    from w2v.sequence.embedding import Embedding


@dataclass(frozen=True)
class _Level:
    """The nodes of all trees at one distance from their roots, those with children first."""

    nodes: IntArray
    inner: int  # how many have children; the next level consists of these children
    parents: Tensor  # the position of each node's parent in the level above


class Forest:
    """Trees for a Tree-LSTM; create one with `from_nested` or `from_parents`.

    Attributes
    ----------
    words : list of (str or None)
        The word of each node, tree by tree; None for a node without a word.
    parents : ndarray of int64, shape (nodes,)
        The parent of each node, numbered across all trees; -1 for a root.
    roots : ndarray of int64, shape (trees,)
        The root of each tree.

    Notes
    -----
    Nodes are numbered tree by tree: with `from_parents` in the given order, with `from_nested` in
    preorder, each node before its children.
    """

    def __init__(
        self, parents: IntArray, starts: IntArray, words: Sequence[str | None] | None = None
    ) -> None:
        self.parents = parents
        self.words = [None] * len(parents) if words is None else list(words)
        self.roots = np.flatnonzero(parents < 0)
        self._levels = _levels(parents, self.roots, starts)
        order = np.concatenate([level.nodes for level in self._levels])
        self._order = torch.from_numpy(order)
        self._inverse_order = torch.empty_like(self._order)
        self._inverse_order[self._order] = torch.arange(len(order))

    @classmethod
    def from_nested(cls, trees: Iterable[Any], *, head_first: bool = False) -> Forest:
        """Create a forest from nested tuples or lists of words.

        Parameters
        ----------
        trees : iterable of str, tuple or list
            A string is a leaf with that word; a tuple or list is a node that contains its
            children: ``(("the", "cat"), "sleeps")``, a constituency tree.
        head_first : bool, default False
            The first item of each tuple is the word of the node, the others are its children:
            ``("sleeps", ("cat", "the"))``, a dependency tree.

        Returns
        -------
        Forest

        Raises
        ------
        TypeError
            If a node is not a string, tuple or list, or a head is not a string.
        ValueError
            If there is no tree, or a tuple is empty.
        """
        require_list("trees", trees, "trees")
        words: list[str | None] = []
        parents: list[int] = []
        starts = []
        for number, tree in enumerate(trees):
            starts.append(len(words))
            stack = [(tree, -1)]  # no recursion, which Python limits in depth
            while stack:
                node, parent = stack.pop()
                here = len(words)
                parents.append(parent)
                if isinstance(node, str):
                    words.append(node)
                    continue
                if not isinstance(node, (tuple, list)):
                    raise TypeError(
                        f"tree {number}: node {node!r} is of type {type(node).__name__}: expected "
                        "a word (str) or a tuple of nodes"
                    )
                if not node:
                    raise ValueError(f"tree {number}: empty tuple: expected at least one node")
                if head_first and not isinstance(node[0], str):
                    raise TypeError(
                        f"tree {number}: a tuple starts with {node[0]!r}: expected its word (str), "
                        "because head_first=True"
                    )
                words.append(node[0] if head_first else None)
                stack.extend((child, here) for child in reversed(node[head_first:]))
        return cls(np.array(parents, np.int64), np.array(starts, np.int64), words)

    @classmethod
    def from_parents(
        cls,
        parents: Iterable[npt.ArrayLike],
        words: Iterable[Sequence[str | None]] | None = None,
    ) -> Forest:
        """Create a forest from arrays of parents.

        Parameters
        ----------
        parents : iterable of array_like of int
            One array per tree: the index of each node's parent in the tree, -1 for the root.
        words : iterable of sequences of (str or None), optional
            One sequence per tree: the word of each node, None for a node without a word.

        Returns
        -------
        Forest

        Raises
        ------
        ValueError
            If there is no tree; if a tree has no nodes, no root or several roots, an invalid
            parent or a cycle; or if the numbers of words and nodes differ.
        """
        arrays: list[IntArray] = []
        starts = []
        total = 0
        for number, tree in enumerate(parents):
            array = np.asarray(tree)
            if array.ndim != 1 or not len(array) or array.dtype.kind not in "iu":
                raise ValueError(
                    f"tree {number}: parents have shape {array.shape} and type {array.dtype}: "
                    "expected a 1-D array of integers, at least one"
                )
            array = array.astype(np.int64)
            bad = np.flatnonzero((array < -1) | (array >= len(array)))
            if len(bad):
                raise ValueError(
                    f"tree {number}: the parent of node {bad[0]} is {array[bad[0]]}: expected 0 to "
                    f"{len(array) - 1}, or -1 for the root"
                )
            roots = np.flatnonzero(array < 0)
            if len(roots) != 1:
                raise ValueError(
                    f"tree {number}: {len(roots)} nodes have the parent -1: expected one, the root"
                )
            starts.append(total)
            arrays.append(np.where(array < 0, -1, array + total))
            total += len(array)
        given: list[str | None] | None = None
        if words is not None:
            lists = list(words)
            if len(lists) != len(arrays):
                raise ValueError(
                    f"words for {len(lists)} trees, but parents for {len(arrays)}: expected the "
                    "same number"
                )
            for number, (array, row) in enumerate(zip(arrays, lists, strict=True)):
                if isinstance(row, str) or len(row) != len(array):
                    raise ValueError(
                        f"tree {number}: {len(row)} words for {len(array)} nodes: expected a list "
                        "with one word or None per node"
                    )
            given = [word for row in lists for word in row]
        flat = np.concatenate(arrays) if arrays else np.empty(0, np.int64)
        return cls(flat, np.array(starts, np.int64), given)

    def __len__(self) -> int:
        """Return the number of trees."""
        return len(self.roots)

    @property
    def depth(self) -> int:
        """Number of levels: nodes on the longest path from a root to a leaf."""
        return len(self._levels)

    def ids(self, embedding: Embedding) -> Tensor:
        """Return the id of each node's word in an embedding; 0 (zeros) for a node without a word.

        Parameters
        ----------
        embedding : Embedding

        Returns
        -------
        Tensor of int64, shape (nodes,)
        """
        encoded = iter(embedding.encode([word for word in self.words if word is not None]))
        ids = [PADDING if word is None else next(encoded) for word in self.words]
        return torch.tensor(ids, dtype=torch.int64, device=embedding.weight.device)

    def __repr__(self) -> str:
        return f"<Forest: {len(self):,} trees, {len(self.parents):,} nodes, depth {self.depth:,}>"


def _levels(parents: IntArray, roots: IntArray, starts: IntArray) -> list[_Level]:
    """Group the nodes by their distance from the root; raise a ValueError if there is a cycle."""
    if not len(parents):
        raise ValueError("there are no trees: expected at least one")
    count = np.bincount(parents[parents >= 0], minlength=len(parents))
    # The children of node n are by_parent[first[n] : first[n] + count[n]].
    by_parent = np.argsort(parents, kind="stable")[len(roots) :]
    first = np.cumsum(count) - count
    levels = []
    nodes, above = roots, np.zeros(len(roots), np.int64)
    reached = 0
    while len(nodes):
        # Leaves last: the sums over their children are zero and need not be computed.
        order = np.argsort(count[nodes] == 0, kind="stable")
        nodes, above = nodes[order], above[order]
        inner = int(np.count_nonzero(count[nodes]))
        levels.append(_Level(nodes, inner, torch.from_numpy(above)))
        reached += len(nodes)
        sizes = count[nodes[:inner]]
        above = np.repeat(np.arange(inner), sizes)
        offsets = np.arange(len(above)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        nodes = by_parent[first[nodes[:inner]][above] + offsets]
    if reached < len(parents):
        missed = np.ones(len(parents), bool)
        for level in levels:
            missed[level.nodes] = False
        node = int(np.flatnonzero(missed)[0])
        tree = int(np.searchsorted(starts, node, side="right")) - 1
        raise ValueError(
            f"tree {tree}: node {node - starts[tree]} is not reachable from the root: the parents "
            "contain a cycle"
        )
    return levels


class TreeStates(NamedTuple):
    """Result of a Tree-LSTM; nodes in the order of the forest."""

    hidden: Tensor
    """Hidden state of each node, shape (nodes, hidden_size)."""
    cell: Tensor
    """Cell state of each node, shape (nodes, hidden_size)."""
    roots: Tensor
    """Hidden state of each tree's root, shape (trees, hidden_size)."""


class ChildSumTreeLSTM(nn.Module):
    """Child-Sum Tree-LSTM (Tai, Socher and Manning, 2015).

    Parameters
    ----------
    input_size : int
        Features of the input of a node, such as the dimensions of a word vector.
    hidden_size : int
        Units of the hidden state and of the cell state.
    forget_bias : float, default 1.0
        Initial bias of the forget gates. Above 0, cells are kept at first, so that the gradient
        reaches the leaves (Gers, Schmidhuber and Cummins, 2000).

    Raises
    ------
    ValueError
        If a size is below 1.

    Notes
    -----
    Equations 2 to 8 of the paper, for a node with input x and children k::

        h~  = sum over k of h_k
        i   = sigmoid(W_i x + U_i h~ + b_i)       o = sigmoid(W_o x + U_o h~ + b_o)
        u   = tanh(W_u x + U_u h~ + b_u)          f_k = sigmoid(W_f x + U_f h_k + b_f)
        c   = i * u + sum over k of f_k * c_k     h = o * tanh(c)

    There is a forget gate for each child, and the order of the children does not matter. In a tree
    with a single branch this is an LSTM that reads from the leaf to the root.

    All nodes at the same distance from their roots are computed at once. Their children are exactly
    the next level, so each level needs the states of one other level.
    """

    def __init__(self, input_size: int, hidden_size: int, *, forget_bias: float = 1.0) -> None:
        super().__init__()
        for name, size in (("input_size", input_size), ("hidden_size", hidden_size)):
            if size < 1:
                raise ValueError(f"{name}={size!r}: expected an integer of at least 1")
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.from_input = nn.Linear(input_size, 4 * hidden_size)  # rows: i, o, u, f
        self.from_children = nn.Linear(hidden_size, 3 * hidden_size, bias=False)  # i, o, u
        self.from_child = nn.Linear(hidden_size, hidden_size, bias=False)  # f
        with torch.no_grad():
            self.from_input.bias[3 * hidden_size :] = forget_bias

    def forward(self, inputs: Tensor, forest: Forest) -> TreeStates:
        """Compute the states of all nodes, from the leaves to the roots.

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
            If `inputs` has another shape.
        """
        expected = (len(forest.parents), self.input_size)
        if tuple(inputs.shape) != expected:
            raise ValueError(
                f"inputs has shape {tuple(inputs.shape)}: expected {expected}, one row per node "
                "of the forest"
            )
        size, device = self.hidden_size, inputs.device
        levels = forest._levels
        projected = self.from_input(inputs[forest._order.to(device)])
        # split() instead of slices: the gradient of every slice would be as large as `projected`.
        by_level = projected.split([len(level.nodes) for level in levels])
        hidden: list[Tensor] = []
        cells: list[Tensor] = []
        for depth in reversed(range(len(levels))):
            level = levels[depth]
            inner, leaves = level.inner, len(level.nodes) - level.inner
            gates, forget = by_level[depth].split([3 * size, size], dim=1)
            kept = None
            if inner:
                h, c = hidden[-1], cells[-1]
                parents = levels[depth + 1].parents.to(device)
                gates, leaf_gates = gates.split([inner, leaves])
                summed = h.new_zeros(inner, size).index_add(0, parents, h)
                gates = gates + self.from_children(summed)
                if leaves:
                    gates = torch.cat((gates, leaf_gates))
                forget = torch.sigmoid(forget.index_select(0, parents) + self.from_child(h))
                kept = h.new_zeros(inner, size).index_add(0, parents, forget * c)
            input_gate, output_gate, update = gates.split(size, dim=1)
            cell = torch.sigmoid(input_gate) * torch.tanh(update)
            if kept is not None:
                cell = cell + (nn.functional.pad(kept, (0, 0, 0, leaves)) if leaves else kept)
            cells.append(cell)
            hidden.append(torch.sigmoid(output_gate) * torch.tanh(cell))
        inverse = forest._inverse_order.to(device)
        states = torch.cat(hidden[::-1]).index_select(0, inverse)
        roots = states.index_select(0, torch.from_numpy(forest.roots).to(device))
        return TreeStates(states, torch.cat(cells[::-1]).index_select(0, inverse), roots)
