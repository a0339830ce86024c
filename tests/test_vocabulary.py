"""The vocabulary: which words, in which order, and the tables made from their counts."""

import numpy as np
import pytest

from w2v import Corpus, Vocabulary

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
