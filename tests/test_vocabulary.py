"""The vocabulary: which words, in which order, and the tables made from their counts."""

import dataclasses
import itertools

import numpy as np
import pytest
import reference

from w2v import Corpus, TrainingConfig, Vocabulary

TEXT = ["d b a c a", "b a e b a", "d c a"]  # a 5, b 3, d 2, c 2, e 1


def test_by_descending_count_then_first_appearance():
    vocabulary = Vocabulary.from_corpus(Corpus(TEXT), min_count=1)
    assert vocabulary.words == ["a", "b", "d", "c", "e"]
    assert vocabulary.counts.tolist() == [5, 3, 2, 2, 1]
    assert vocabulary.tokens == 13


@pytest.mark.parametrize(
    ("min_count", "words"), [(0, "abdce"), (1, "abdce"), (2, "abdc"), (3, "ab")]
)
def test_min_count(min_count, words):
    assert Vocabulary.from_corpus(Corpus(TEXT), min_count=min_count).words == list(words)


@pytest.mark.parametrize(
    ("most", "words"), [(9, "abdce"), (5, "abdce"), (4, "abdc"), (3, "ab"), (2, "ab")]
)
def test_max_final_vocab_keeps_equally_frequent_words_together(most, words):
    vocabulary = Vocabulary.from_corpus(Corpus(TEXT), min_count=1, max_final_vocab=most)
    assert vocabulary.words == list(words)


@pytest.mark.parametrize(("text", "settings", "message"), [
    (TEXT, {"min_count": 6}, r"least 6 times .*'a', occurs 5 times; lower min_count to 5"),
    (["x y"], {}, r"'x', occurs once; lower min_count to 1 or less"),
    (TEXT, {"min_count": 4}, r"one word, 'a', .*next one occurs 3 times: lower min_count to 3"),
    (["a a", "a a"], {"min_count": 1}, "only one word, 'a', .*two different words"),
    (TEXT, {"min_count": 1, "max_final_vocab": 1}, "max_final_vocab=1: expected at least 2"),
    (["a b c", "c b a"], {"min_count": 1, "max_final_vocab": 2}, "share the highest count"),
    (["a a b c", "a"], {"min_count": 1, "max_final_vocab": 2}, "one word, 'a', .*raise max_final"),
])  # fmt: skip
def test_too_small_a_vocabulary_says_what_to_change(text, settings, message):
    with pytest.raises(ValueError, match=message):
        Vocabulary.from_corpus(Corpus(text), **settings)


def test_index_of_its_own_and_of_another_corpus():
    corpus = Corpus(TEXT)
    vocabulary = Vocabulary.from_corpus(corpus, min_count=2)
    expected = {"d": 2, "b": 1, "a": 0, "c": 3, "e": -1}
    for other in (corpus, Corpus(["new e d", "b c a a"]), corpus):
        index = vocabulary.index(other)
        assert index.dtype == np.int32
        assert dict(zip(other.words(), index.tolist(), strict=True)) == {
            word: expected.get(word, -1) for word in other.words()
        }


def test_no_subsampling():
    vocabulary = Vocabulary(["a", "b"], np.array([1000, 1]))
    assert (vocabulary.keep_thresholds(0) == 2**32 - 1).all()


@pytest.mark.parametrize("ns_exponent", [0.75, 1.0, 10.0, -1.0, 0.0])
def test_every_word_is_in_the_noise_table(ns_exponent):
    counts = np.array([4, 3, 2] + [1] * 300)
    vocabulary = Vocabulary([str(i) for i in range(len(counts))], counts)
    table = vocabulary.noise_table(ns_exponent, seed=1)
    assert table.dtype == np.int32
    assert np.array_equal(np.unique(table), np.arange(len(counts)))


def test_noise_table_is_fair_to_rare_words_as_a_class():
    counts = np.array([50_000] * 10 + [7] * 20_000)
    vocabulary = Vocabulary([str(i) for i in range(len(counts))], counts)
    table = vocabulary.noise_table(0.75, seed=1)
    rare = np.mean(table >= 10)
    weight = counts**0.75
    assert rare == pytest.approx(weight[10:].sum() / weight.sum(), rel=1e-4)


def test_noise_table_is_shuffled_by_the_seed():
    vocabulary = Vocabulary(["a", "b", "c"], np.array([5, 4, 3]))
    one, same, other = (vocabulary.noise_table(0.75, seed=s) for s in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert np.array_equal(np.bincount(one), np.bincount(other))
    # Neighbours in the table are independent: far from sorted.
    assert np.mean(np.diff(one) == 0) < 0.5


@pytest.mark.parametrize("ns_exponent", [0.75, 1.0, 0.0, -0.5, 1.5, 30.0, -200.0])
def test_noise_shares(ns_exponent):
    counts = np.array([2**40, 900, 30, 30, 7, 1])
    share = Vocabulary([*"abcdef"], counts).noise_shares(ns_exponent)
    assert share.sum() == pytest.approx(1, rel=1e-12)
    assert (share >= 0).all()
    if abs(ns_exponent) < 2:
        weight = counts.astype(float) ** ns_exponent
        np.testing.assert_allclose(share, weight / weight.sum(), rtol=1e-12)
    assert share[2] == share[3]


# ---- The Huffman tree ----------------------------------------------------------------------------


def fibonacci(n):
    found = [1, 1]
    while len(found) < n:
        found.append(found[-1] + found[-2])
    return found


def descending(counts):
    return np.sort(np.asarray(counts, np.int64))[::-1].copy()


random = np.random.default_rng(2)
COUNTS = {
    "two words": [9, 2],
    "two equal": [1, 1],
    "three": [5, 1, 1],
    "equal": [7] * 64,
    "equal, no power of two": [7] * 100,
    "all different": range(1, 1001),
    "random": random.integers(1, 10_000, 3_000),
    "many ties": random.integers(1, 5, 3_000),
    "zipf": 1_000_000 // np.arange(1, 5_001),
    "fibonacci": fibonacci(60),  # the deepest tree there is: a path as long as the vocabulary
    "large": [2**61 // n for n in range(2, 40)],
}
COUNTS = {name: descending(counts) for name, counts in COUNTS.items()}
trees = pytest.mark.parametrize("counts", COUNTS.values(), ids=COUNTS)


def tree_of(counts):
    return Vocabulary([str(i) for i in range(len(counts))], counts).huffman_tree()


def check_tree(counts, tree):
    """Assert that the paths are one binary tree of least cost, with a word at every leaf."""
    n_words, offsets = len(counts), tree.offsets.tolist()
    path = tree.path.tolist()
    ways = [path[start:end] for start, end in itertools.pairwise(offsets)]
    assert len(ways) == n_words
    assert offsets[0] == 0
    assert offsets[-1] == len(path)
    lengths = list(map(len, ways))
    assert min(lengths) >= 1
    assert tree.longest == max(lengths)
    # Exactly one, in whole numbers: the code is prefix-free and no leaf is left without a word.
    assert sum(2 ** (max(lengths) - length) for length in lengths) == 2 ** max(lengths)
    total = sum(c * n for c, n in zip(counts.tolist(), lengths, strict=True))
    assert total == reference.huffman_cost(counts)
    # A node and the way out of it lead to one place only; each node has both ways.
    leads_to = {}
    for word, way in enumerate(ways):
        assert (way[0] if way[0] >= 0 else ~way[0]) == n_words - 2  # the root
        for step, then in itertools.pairwise([*way, None]):
            place = ("word", word) if then is None else ("node", then if then >= 0 else ~then)
            assert leads_to.setdefault(step, place) == place
    nodes = range(n_words - 1)
    assert sorted(leads_to) == [*(~node for node in reversed(nodes)), *nodes]
    places = [("node", node) for node in nodes[:-1]] + [("word", w) for w in range(n_words)]
    assert sorted(leads_to.values()) == places
    assert (tree.nodes == [step if step >= 0 else ~step for step in path]).all()
    assert (tree.codes == [step < 0 for step in path]).all()


@trees
def test_huffman_tree(counts):
    tree = tree_of(counts)
    assert tree.offsets.dtype == np.int64
    assert tree.path.dtype == np.int32
    check_tree(counts, tree)


@trees
def test_huffman_tree_is_always_the_same(counts):
    one, two = tree_of(counts), tree_of(counts.copy())
    assert one.path.tobytes() == two.path.tobytes()
    assert one.offsets.tobytes() == two.offsets.tobytes()


def test_huffman_tree_by_hand():
    # c and d join first, then b with them (the lighter one, b, is left by 0), then a.
    tree = tree_of(np.array([9, 2, 2, 1]))
    assert tree.offsets.tolist() == [0, 1, 3, 6, 9]
    assert tree.path.tolist() == [~2, 2, 1, 2, ~1, ~0, 2, ~1, 0]


@trees
def test_no_path_is_shorter_than_that_of_a_more_frequent_word(counts):
    assert (np.diff(tree_of(counts).offsets, 2) >= 0).all()


def test_check_tree_would_notice():
    counts = COUNTS["random"]
    tree = tree_of(counts)
    check_tree(counts, tree)
    swapped = counts[::-1]  # not the tree of these counts
    with pytest.raises(AssertionError):
        check_tree(swapped, tree)
    for place in (0, 17, -1):
        path = tree.path.copy()
        path[place] = ~path[place]
        with pytest.raises(AssertionError):
            check_tree(counts, dataclasses.replace(tree, path=path))


def test_a_model_has_one_tree():
    vocabulary = Vocabulary([*"abc"], np.array([3, 2, 1]))
    assert vocabulary.huffman_tree() is vocabulary.huffman_tree()


def test_tables_hold_what_the_settings_need():
    corpus = Corpus(TEXT)
    vocabulary = Vocabulary.from_corpus(corpus, min_count=1)
    for settings, noise, tree in [
        ({}, True, False),
        ({"hs": 1}, True, True),
        ({"hs": 1, "negative": 0}, False, True),
        ({"softmax": True}, False, False),
    ]:
        tables = vocabulary.tables(corpus, TrainingConfig(sample=0.1, **settings))
        assert (tables.noise is not None, tables.tree is not None) == (noise, tree)
        assert tables.index is vocabulary.index(corpus)
        assert (tables.keep == vocabulary.keep_thresholds(0.1)).all()
