"""Huffman codes for hierarchical softmax: the inner nodes on the path to each word.

Frequent words get short paths, which minimizes the mean path length over a text (Huffman, 1952; Morin and
Bengio, 2005; Mikolov et al., 2013, "Distributed representations", section 2.1). The caller
(huffman.py) allocates. There are V - 1 inner nodes, numbered in the order of their creation, the root
last.
"""

from libc.stdint cimport int32_t, int64_t


def build(const int64_t[::1] counts, int64_t[::1] weight, int32_t[::1] parent,
          int32_t[::1] depth) -> None:
    """Build the tree: merge the two lightest nodes until one is left.

    Parameters
    ----------
    counts : int64, shape (V,)
        Descending; V at least 2.
    weight : int64, shape (2V - 1,)
        Output: counts of the leaves, then of the inner nodes.
    parent : int32, shape (2V - 1,)
        Output: ``node`` for the first (lighter) child of an inner node, whose code bit is 0, ``~node``
        for the second. The entry of the root is not set.
    depth : int32, shape (2V - 1,)
        Output: number of inner nodes above each leaf and inner node.
    """
    cdef Py_ssize_t n = counts.shape[0], size = 2 * n - 1, leaf = n - 1, inner = n, made, lightest
    cdef int second
    if n < 2 or not (weight.shape[0] == parent.shape[0] == depth.shape[0] == size):
        raise ValueError("expected counts of at least two words, and arrays of length 2 V - 1")
    with nogil:
        weight[:n] = counts
        # Leaves from the rarest up, and inner nodes in the order of their creation, both ascend in
        # weight: the two lightest nodes are at the heads of two queues.
        for made in range(n, size):
            weight[made] = 0
            for second in range(2):
                if leaf >= 0 and (inner == made or weight[leaf] <= weight[inner]):
                    lightest = leaf
                    leaf -= 1
                else:
                    lightest = inner
                    inner += 1
                weight[made] += weight[lightest]
                parent[lightest] = <int32_t>(~(made - n) if second else made - n)
        depth[size - 1] = 0
        for made in range(size - 2, -1, -1):
            depth[made] = depth[n + (parent[made] if parent[made] >= 0 else ~parent[made])] + 1


def paths(const int32_t[::1] parent, const int64_t[::1] offsets, int32_t[::1] path) -> None:
    """Write the path of each leaf, root first, to ``path[offsets[i]:offsets[i + 1]]``.

    An entry is a node, or ``~node`` where the code bit is 1.
    """
    cdef Py_ssize_t n = offsets.shape[0] - 1, i
    cdef int64_t position
    cdef int32_t step
    if parent.shape[0] != 2 * n - 1 or path.shape[0] != offsets[n]:
        raise ValueError("the shapes of parent, offsets and path do not match")
    with nogil:
        for i in range(n):
            step = parent[i]
            for position in range(offsets[i + 1] - 1, offsets[i] - 1, -1):
                path[position] = step
                step = parent[n + (step if step >= 0 else ~step)]
