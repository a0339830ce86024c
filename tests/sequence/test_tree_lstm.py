"""The Tree-LSTM against the equations of the paper, one node after the other."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from w2v import KeyedVectors  # noqa: E402
from w2v.sequence import ChildSumTreeLSTM, Embedding, Forest  # noqa: E402

SENTENCE = (("the", "cat"), ("eats", ("the", "fish")))


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def model(inputs=3, hidden=4, seed=1):
    torch.manual_seed(seed)
    return ChildSumTreeLSTM(inputs, hidden).double()


def trees(seed, count=6, most=12):
    """Return parents of random trees, whose nodes stand in any order."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        size = int(random.integers(1, most))
        parents = [-1] + [int(random.integers(0, node)) for node in range(1, size)]
        order = random.permutation(size)
        shuffled = np.full(size, -1)
        for node, parent in enumerate(parents):
            shuffled[order[node]] = -1 if parent < 0 else order[parent]
        found.append(shuffled)
    return found


def slow(lstm, inputs, parents):
    """Compute equations 2 to 8 of Tai, Socher and Manning (2015) by recursion, one node each."""
    size = lstm.hidden_size
    w, b = lstm.from_input.weight, lstm.from_input.bias
    w_i, w_o, w_u, w_f = w.split(size)
    b_i, b_o, b_u, b_f = b.split(size)
    u_i, u_o, u_u = lstm.from_children.weight.split(size)
    u_f = lstm.from_child.weight
    states = {}

    def visit(node):
        x = inputs[node]
        below = [visit(child) for child, parent in enumerate(parents) if parent == node]
        h_sum = sum((h for h, _ in below), torch.zeros(size, dtype=inputs.dtype))
        i = torch.sigmoid(w_i @ x + u_i @ h_sum + b_i)
        o = torch.sigmoid(w_o @ x + u_o @ h_sum + b_o)
        u = torch.tanh(w_u @ x + u_u @ h_sum + b_u)
        c = i * u
        for h_k, c_k in below:
            c = c + torch.sigmoid(w_f @ x + u_f @ h_k + b_f) * c_k
        states[node] = o * torch.tanh(c), c
        return states[node]

    visit(list(parents).index(-1))
    hidden = torch.stack([states[node][0] for node in range(len(parents))])
    return hidden, torch.stack([states[node][1] for node in range(len(parents))])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_states_and_gradients_are_the_slow_ones(seed):
    lstm, parents = model(seed=seed), trees(seed)
    forest = Forest.from_parents(parents)
    torch.manual_seed(seed)
    inputs = torch.randn(len(forest.parents), 3, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(2, len(forest.parents), 4, dtype=torch.float64)
    learned = [inputs, *lstm.parameters()]

    def gradients(hidden, cell):
        # Every node's state counts, each with a weight of its own.
        return torch.autograd.grad((hidden * weights[0] + cell * weights[1]).sum(), learned)

    states = lstm(inputs, forest)
    parts = inputs.split([len(tree) for tree in parents])
    expected = [slow(lstm, part, tree) for part, tree in zip(parts, parents, strict=True)]
    hidden, cell = (torch.cat(both) for both in zip(*expected, strict=True))
    torch.testing.assert_close(states.hidden, hidden)
    torch.testing.assert_close(states.cell, cell)
    starts = np.cumsum([0, *map(len, parents)])[:-1]
    roots = [start + list(tree).index(-1) for start, tree in zip(starts, parents, strict=True)]
    torch.testing.assert_close(states.roots, hidden[roots])
    assert forest.roots.tolist() == roots
    for found, wanted in zip(
        gradients(states.hidden, states.cell), gradients(hidden, cell), strict=True
    ):
        assert wanted.abs().max() > 0
        torch.testing.assert_close(found, wanted)


def test_gradients_are_the_numerical_ones():
    lstm, forest = model(2, 2), Forest.from_nested([SENTENCE, "word"])
    inputs = torch.randn(len(forest.parents), 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: lstm(x, forest).roots, (inputs,))


def test_one_branch_is_torchs_lstm():
    lstm = model(3, 4)
    forest = Forest.from_parents([[1, 2, 3, 4, -1]])
    inputs = torch.randn(5, 3, dtype=torch.float64)
    chain = torch.nn.LSTM(3, 4).double()
    order = [0, 3, 2, 1]  # i, o, u, f of ours to PyTorch's i, f, g, o
    with torch.no_grad():
        for target, ours in (
            (chain.weight_ih_l0, lstm.from_input.weight),
            (chain.bias_ih_l0, lstm.from_input.bias),
            (chain.weight_hh_l0, torch.cat((lstm.from_children.weight, lstm.from_child.weight))),
        ):
            parts = ours.split(4)
            target.copy_(torch.cat([parts[i] for i in order]))
        chain.bias_hh_l0.zero_()
        found, (hidden, cell) = chain(inputs)
        states = lstm(inputs, forest)
    torch.testing.assert_close(states.hidden, found)
    torch.testing.assert_close(states.cell[-1], cell[0])
    torch.testing.assert_close(states.roots, hidden)


def test_neither_the_order_of_children_nor_the_other_trees_matter():
    lstm = model()
    vectors = {word: torch.randn(3, dtype=torch.float64) for word in ("a", "b", "c")}

    def roots(*nested):
        forest = Forest.from_nested(nested)
        zero = torch.zeros(3, dtype=torch.float64)
        return lstm(torch.stack([vectors.get(w, zero) for w in forest.words]), forest).roots

    one, other = roots(("a", ("b", "c"))), roots((("c", "b"), "a"))
    torch.testing.assert_close(one, other)
    torch.testing.assert_close(roots("c", ("a", ("b", "c")))[1:], one)
    assert (roots((("a", "b"), "c")) - one).abs().max() > 1e-3


def test_nested_tuples_are_read_in_order():
    forest = Forest.from_nested([SENTENCE, "yes"])
    expected = [None, None, "the", "cat", None, "eats", None, "the", "fish", "yes"]
    assert forest.words == expected
    assert forest.parents.tolist() == [-1, 0, 1, 1, 0, 4, 4, 6, 6, -1]
    assert forest.roots.tolist() == [0, 9]
    assert (len(forest), forest.depth) == (2, 4)
    assert repr(forest) == "<Forest: 2 trees, 10 nodes, depth 4>"


def test_heads_come_first():
    forest = Forest.from_nested([("eats", ("cat", "the"), "fish")], head_first=True)
    assert forest.words == ["eats", "cat", "the", "fish"]
    assert forest.parents.tolist() == [-1, 0, 1, 0]


def test_words_become_rows_of_an_embedding():
    vectors = np.arange(6, dtype=np.float32).reshape(2, 3) + 1
    embedding = Embedding(KeyedVectors(["cat", "the"], vectors))
    forest = Forest.from_parents([[-1, 0], [1, -1]], [["cat", "the"], ["dog", None]])
    ids = forest.ids(embedding)
    assert ids.tolist() == [2, 3, 1, 0]
    assert ChildSumTreeLSTM(3, 4)(embedding(ids), forest).roots.shape == (2, 4)


def test_a_tree_deeper_than_pythons_recursion():
    tree = "end"
    for _ in range(5000):
        tree = ("word", tree)
    forest = Forest.from_nested([tree])
    assert forest.depth == 5001
    assert torch.isfinite(model(1, 1)(torch.zeros(10001, 1).double(), forest).roots).all()
    while isinstance(tree, tuple):  # freed one by one
        tree = tree[1]


@pytest.mark.parametrize(
    ("parents", "expected"),
    [
        ([[-1, 0], [-1, 5]], "tree 1: the parent of node 1 is 5: expected 0 to 1, or -1"),
        ([[-1, -2]], "the parent of node 1 is -2"),
        ([[0, 0]], "tree 0: node 0 is not below the root|0 nodes have the parent -1"),
        ([[-1, 0, -1]], "tree 0: 2 nodes have the parent -1: expected one"),
        (
            [[-1], [-1, 2, 1]],
            "tree 1: node 1 is not reachable from the root: the parents contain a cycle",
        ),
        ([[]], "tree 0: parents have shape"),
        ([[-1.0]], "expected a 1-D array of integers"),
        ([], "there are no trees"),
    ],
)
def test_parents_that_are_no_tree(parents, expected):
    with pytest.raises(ValueError, match=expected):
        Forest.from_parents(parents)


@pytest.mark.parametrize(
    ("nested", "kind", "expected"),
    [
        ([("a", ())], ValueError, "tree 0: empty tuple"),
        (["a", ("a", 3)], TypeError, "tree 1: node 3 is of type int: expected a word"),
        ("a b", TypeError, "'a b' is a single string"),
        ([], ValueError, "there are no trees"),
    ],
)
def test_tuples_that_are_no_tree(nested, kind, expected):
    with pytest.raises(kind, match=expected):
        Forest.from_nested(nested)


def test_what_does_not_fit_is_told():
    with pytest.raises(TypeError, match="starts with \\('a', 'b'\\): expected its word"):
        Forest.from_nested([(("a", "b"), "c")], head_first=True)
    with pytest.raises(ValueError, match="tree 0: 1 words for 2 nodes"):
        Forest.from_parents([[-1, 0]], [["a"]])
    with pytest.raises(ValueError, match="words for 2 trees, but parents for 1"):
        Forest.from_parents([[-1]], [["a"], ["b"]])
    with pytest.raises(ValueError, match="hidden_size=0"):
        ChildSumTreeLSTM(3, 0)
    forest = Forest.from_nested(["a"])
    with pytest.raises(ValueError, match=r"shape \(2, 3\): expected \(1, 3\)"):
        model()(torch.zeros(2, 3).double(), forest)
