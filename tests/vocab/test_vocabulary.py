"""The vocabulary: which words, in which order, and the tables made from their counts."""

import collections
import dataclasses
import itertools
import sys

import numpy as np
import pytest
import reference

from w2v import RULE_DEFAULT, RULE_DISCARD, RULE_KEEP, Corpus, TrainingConfig, Vocabulary, Word2Vec
from w2v.vocab import pruning
from w2v.vocab import vocabulary as vocabulary_module
from w2v.vocab.huffman import HuffmanTree
from w2v.vocab.sampling import (
    chosen_sample,
    noise_distribution,
    noise_table,
    noise_table_counts,
    sampling_tables,
    score_offsets,
    subsampling_thresholds,
)

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
    (TEXT, {"min_count": 4}, "one word, 'a', .*second .* occurs 3 times; lower min_count to 3"),
    (["a a", "a a"], {"min_count": 1}, "only one word, 'a', .*two different words"),
    (TEXT, {"min_count": 1, "max_final_vocab": 1}, "max_final_vocab=1: expected at least 2"),
    (["a b c", "c b a"], {"min_count": 1, "max_final_vocab": 2}, "have the highest count"),
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


def test_index_goes_by_pieces(monkeypatch):
    monkeypatch.setattr(vocabulary_module, "_CHUNK", 2)
    test_index_of_its_own_and_of_another_corpus()


@pytest.mark.parametrize("words", [["a", "b", "a"], ["a", "", "b"]])
def test_a_vocabulary_names_each_row_once(words):
    vocabulary = Vocabulary(words, np.array([3, 2, 1]))
    with pytest.raises(ValueError, match="a duplicate word or the empty string"):
        vocabulary.index(Corpus(TEXT))


def test_looking_up():
    vocabulary = Vocabulary.from_corpus(Corpus(TEXT), min_count=2)
    assert "c" in vocabulary
    assert "e" not in vocabulary
    assert 5 not in vocabulary
    assert list(vocabulary) == vocabulary.words
    assert [vocabulary.count(word) for word in "abdc"] == [5, 3, 2, 2]
    assert type(vocabulary.count("a")) is int
    with pytest.raises(KeyError, match="'e' is not in the vocabulary of 4 words"):
        vocabulary.count("e")


# ---- trim_rule -----------------------------------------------------------------------------------


def test_gensims_rules_mean_the_same():
    assert (RULE_DEFAULT, RULE_DISCARD, RULE_KEEP) == (0, 1, 2)
    answers = {"a": RULE_DISCARD, "b": RULE_DEFAULT, "c": RULE_KEEP, "d": None, "e": np.int64(2)}
    asked = []

    def rule(word, count, min_count):
        asked.append((word, count, min_count))
        return answers[word]

    vocabulary = Vocabulary.from_corpus(Corpus(TEXT), min_count=3, trim_rule=rule)
    assert vocabulary.words == ["b", "c", "e"]
    assert vocabulary.counts.tolist() == [3, 2, 1]
    # In order of first appearance, each word once.
    assert asked == [("d", 2, 3), ("b", 3, 3), ("a", 5, 3), ("c", 2, 3), ("e", 1, 3)]
    assert all(type(count) is int for _, count, _ in asked)
    assert vocabulary.index(Corpus(TEXT)).tolist() == [-1, 0, -1, 1, 2]


@pytest.mark.parametrize(("min_count", "most", "effective", "kept"), [
    (1, 4, 2, "abdce"),  # e would be one too many, and is kept all the same
    (1, 3, 3, "abe"),    # d and c would be too many
    (4, 3, 4, "ae"),
    (0, 5, 0, "abdce"),
    (0, None, 0, "abdce"),
])  # fmt: skip
def test_trim_rule_is_told_the_raised_min_count(min_count, most, effective, kept):
    told = set()

    def rule(word, count, limit):
        told.add(limit)
        return RULE_KEEP if word == "e" else RULE_DEFAULT

    limits = {"min_count": min_count, "max_final_vocab": most}
    vocabulary = Vocabulary.from_corpus(Corpus(TEXT), **limits, trim_rule=rule)
    assert told == {effective}
    assert "".join(vocabulary.words) == kept


def test_a_default_rule_changes_nothing(monkeypatch):
    monkeypatch.setattr(pruning, "_CHUNK", 2)
    corpus = Corpus(TEXT)
    for limits in itertools.product((0, 1, 2, 3), (None, 2, 3, 4, 5, 9)):
        limits = dict(zip(("min_count", "max_final_vocab"), limits, strict=True))
        plain = Vocabulary.from_corpus(corpus, **limits)
        ruled = Vocabulary.from_corpus(corpus, **limits, trim_rule=lambda *_: RULE_DEFAULT)
        assert ruled.words == plain.words
        assert ruled.counts.tolist() == plain.counts.tolist()


@pytest.mark.parametrize("answer", [3, -1, True, False, "keep", 2.0, np.bool_(True), [2]])
def test_other_answers_are_refused(answer):
    with pytest.raises((TypeError, ValueError), match=r"trim_rule returned .* for 'd': expected"):
        Vocabulary.from_corpus(Corpus(TEXT), trim_rule=lambda *_: answer)


def test_what_a_rule_raises_comes_through():
    def rule(word, count, min_count):
        if word == "a":
            raise LookupError("no such page")
        return RULE_KEEP

    with pytest.raises(LookupError, match="no such page") as failure:
        Vocabulary.from_corpus(Corpus(TEXT), trim_rule=rule)
    if sys.version_info >= (3, 11):
        note = "raised by trim_rule for 'a', which occurs 5 times"
        assert failure.value.__notes__ == [note]


@pytest.mark.parametrize(("kept", "said"), [
    ("", "no word of 5 remains after pruning with trim_rule, min_count=1 and max_final_vocab=None"),
    ("c", r"only one word \('c'\) of 5 remains after pruning with trim_rule"),
])  # fmt: skip
def test_a_rule_that_leaves_too_few(kept, said):
    def rule(word, count, min_count):
        return RULE_KEEP if word in kept.split() else RULE_DISCARD

    with pytest.raises(ValueError, match=said):
        Vocabulary.from_corpus(Corpus(TEXT), min_count=1, trim_rule=rule)


def test_a_rule_is_callable_and_text_is_not_read_for_nothing():
    read = iter(TEXT)
    for attempt in (Word2Vec().build_vocab, Word2Vec):
        with pytest.raises(TypeError, match="trim_rule='keep': expected None or a callable"):
            attempt(read, trim_rule="keep")
    assert len(list(read)) == 3


# ---- Counts and lists ----------------------------------------------------------------------------


def test_from_counts():
    counts = {"c": 2, "a": 5, "é": np.int32(1), "d": 2, "b": 3}
    for given in (counts, collections.Counter(counts)):
        vocabulary = Vocabulary.from_counts(given, min_count=2)
        assert vocabulary.words == ["a", "b", "c", "d"]
        assert vocabulary.counts.tolist() == [5, 3, 2, 2]
        assert vocabulary.counts.dtype == np.int64
    assert Vocabulary.from_counts(vocabulary, min_count=3).words == ["a", "b"]
    assert Vocabulary.from_counts(counts, max_final_vocab=3, min_count=1).words == ["a", "b"]
    keep = Vocabulary.from_counts(counts, trim_rule=lambda w, *_: RULE_KEEP if w in "éc" else 0)
    assert keep.words == ["a", "c", "é"]


@pytest.mark.parametrize(("given", "error", "message"), [
    (["a", "b"], TypeError, r"value_counts\(\) or pairs, found list"),
    (3, TypeError, r"found int; of a frame, pass dict\(zip\("),
    ([("a", 1), ("b", 2), ("a", 3)], ValueError, "'a' occurs twice; add up its counts"),
    ({}, ValueError, "expected at least two words, found none"),
    ({"a": 1, 7: 2}, TypeError, r"expected words \(str\), found int 7"),
    ({"a": 1, "": 2}, ValueError, "the empty string is not a valid word"),
    ({"a": 1, "\ud800": 2}, ValueError, r"'\\ud800' contains a lone surrogate"),
    ({"a": 1, "b": 2.0}, TypeError, "'b' has the count 2.0: expected an integer; leave normalize"),
    ({"a": 1, "b": True}, TypeError, "'b' has the count True"),
    ({"a": 1, "b": 0}, ValueError, "'b' has the count 0: expected at least 1"),
    ({"a": 1, "b": -3}, ValueError, "'b' has the count -3"),
    ({"a": 2**63 - 1, "b": 1}, ValueError, "the counts add up to 9223372036854775808"),
    ({"a": 9, "b": 1}, ValueError, "only one word, 'a', .*lower min_count to 1"),
    ({"a": 3, "b": 1}, ValueError, "no word occurs at least 5 times"),
])  # fmt: skip
def test_counts_that_are_none(given, error, message):
    with pytest.raises(error, match=message):
        Vocabulary.from_counts(given)


def test_from_words():
    corpus = Corpus(TEXT)
    listed = Vocabulary.from_words(["c", "e", "b", "c", "d"], corpus)
    assert listed.words == ["b", "d", "c", "e"]
    assert listed.counts.tolist() == [3, 2, 2, 1]
    assert listed.index(corpus).tolist() == [1, 0, -1, 2, 3]
    other = Vocabulary(["e", "a"], np.array([900, 800]))  # its words, not its counts
    assert Vocabulary.from_words(other, corpus).counts.tolist() == [5, 1]
    assert Vocabulary.from_words({"a", "b"}, corpus).words == ["a", "b"]
    assert Vocabulary.from_words(iter("ab"), corpus).words == ["a", "b"]


def test_words_that_do_not_occur_are_told():
    said = (
        "^6 of the 8 words of the list do not occur in the corpus: 'q', 'p', 'o', 'n', 'm', "
        r"\.\.\.; they are left out$"
    )
    with pytest.warns(UserWarning, match=said):
        assert Vocabulary.from_words([*"qapobnml"], Corpus(TEXT)).words == ["a", "b"]
    with pytest.warns(UserWarning, match="1 of the 3 words .* corpus: 'x'; they"):
        Vocabulary.from_words(["a", "x", "b"], Corpus(TEXT))


@pytest.mark.parametrize(("given", "error", "message"), [
    (["x", "a"], ValueError, "1 of the 2 words .*: 'x'; training needs at least two words"),
    (["x", "y"], ValueError, "2 of the 2 words .* check spelling and case"),
    (["a"], ValueError, "expected at least two words, found 1"),
    ([], ValueError, "expected at least two words, found 0"),
    (["a", 5], TypeError, r"expected words \(str\), found int 5"),
    ([["a", "b"]], TypeError, r"expected words \(str\), found list"),
    (["a", ""], ValueError, "the empty string"),
    (7, TypeError, "expected a list of words, a Vocabulary or the path of a file"),
])  # fmt: skip
def test_lists_that_are_none(given, error, message):
    with pytest.raises(error, match=message):
        Vocabulary.from_words(given, Corpus(TEXT))


# ---- In a model ----------------------------------------------------------------------------------

SMALL = {"vector_size": 8, "sample": 0, "workers": 1, "epochs": 2}


def test_one_corpus_many_vocabularies(tmp_path, monkeypatch):
    path = tmp_path / "text"
    path.write_text("\n".join(TEXT))
    corpus = Corpus(path)
    path.unlink()
    monkeypatch.setattr(Corpus, "__init__", None)  # nothing can be read again
    many, few = (Word2Vec(corpus, min_count=n, **SMALL) for n in (1, 3))
    assert many.wv.index_to_key == ["a", "b", "d", "c", "e"]
    assert few.wv.index_to_key == ["a", "b"]
    assert few.train(corpus, epochs=1).tokens == 8
    assert many.train(corpus, epochs=1).tokens == 13


def test_trim_rule_of_a_model():
    def rule(word, count, min_count):
        assert min_count == 3
        return {"a": RULE_DISCARD, "e": RULE_KEEP}.get(word, RULE_DEFAULT)

    at_once = Word2Vec(TEXT, trim_rule=rule, min_count=3, **SMALL)
    later = Word2Vec(min_count=3, **SMALL)
    later.build_vocab(TEXT, trim_rule=rule)
    assert at_once.wv.index_to_key == later.wv.index_to_key == ["b", "e"]
    later.train(TEXT)
    assert later.wv.vectors.tobytes() == at_once.wv.vectors.tobytes()


def test_listed_words_of_a_model(tmp_path):
    (tmp_path / "list").write_text("b\ne 77\na\n")
    models = [
        Word2Vec(TEXT, vocabulary=given, **SMALL)  # min_count=5 does not apply
        for given in (["b", "e", "a"], tmp_path / "list", str(tmp_path / "list"))
    ]
    models += [Word2Vec(TEXT, vocabulary=models[0].vocabulary, **SMALL), Word2Vec(**SMALL)]
    models[-1].build_vocab(TEXT, vocabulary=iter("bea"))
    models[-1].train(TEXT)
    for model in models:
        assert model.wv.index_to_key == ["a", "b", "e"]
        assert model.vocabulary.counts.tolist() == [5, 3, 1]
        assert (model.corpus_count, model.corpus_total_words) == (3, 13)
        assert model.wv.vectors.tobytes() == models[0].wv.vectors.tobytes()
    path = tmp_path / "model"
    models[0].save(path)
    loaded = Word2Vec.load(path)
    assert loaded.train(["a b e new", "e a"], epochs=1).tokens == 5
    assert list(loaded.vocabulary) == ["a", "b", "e"]


@pytest.mark.parametrize(("settings", "choice", "name"), [
    ({}, {"trim_rule": lambda *_: 0}, "trim_rule"),
    ({"max_final_vocab": 9}, {}, "max_final_vocab"),
])  # fmt: skip
def test_a_list_leaves_nothing_to_choose(settings, choice, name):
    read = iter(TEXT)
    with pytest.raises(ValueError, match=f"vocabulary= and {name}= are mutually exclusive"):
        Word2Vec(read, **settings, **choice, vocabulary=["a", "b"])
    with pytest.raises(ValueError, match=f"vocabulary= and {name}= are mutually exclusive"):
        Word2Vec(**settings).build_vocab(read, **choice, vocabulary=["a", "b"])
    assert len(list(read)) == 3


@pytest.mark.parametrize("choice", [{"trim_rule": lambda *_: 0}, {"vocabulary": ["a", "b"]}])
def test_a_choice_without_text_is_not_dropped_silently(choice):
    with pytest.raises(ValueError, match=rf"{next(iter(choice))}= .*pass it to build_vocab\(\)"):
        Word2Vec(**choice)


def test_build_vocab_from_freq(tmp_path):
    model = Word2Vec(min_count=2, **SMALL)
    model.build_vocab_from_freq({"e": 1, "a": 70, "zebra": 9, "b": 80}, corpus_count=30)
    assert model.wv.index_to_key == ["b", "a", "zebra"]
    assert model.vocabulary.counts.tolist() == [80, 70, 9]
    assert (model.corpus_count, model.corpus_total_words) == (30, 160)
    # The words of the text that are known, in the text's numbers; one of them never occurs.
    before = model.wv.vectors.copy()
    assert model.train(TEXT, epochs=1).tokens == 8
    changed = (model.wv.vectors != before).any(axis=1)
    assert changed.tolist() == [True, True, False]
    model.save(tmp_path / "model")
    assert Word2Vec.load(tmp_path / "model").train(TEXT, epochs=1).tokens == 8
    with pytest.raises(ValueError, match="already has a vocabulary of 3 words"):
        model.build_vocab_from_freq({"a": 5, "b": 5})


def test_build_vocab_from_freq_is_build_vocab_where_the_counts_are_the_same(tmp_path):
    corpus = Corpus(TEXT)
    one, two, three = (Word2Vec(min_count=2, **SMALL | {"sample": 0.1}) for _ in range(3))
    one.build_vocab(corpus)
    two.build_vocab_from_freq(dict(zip(corpus.words(), corpus.type_counts.tolist(), strict=True)))
    Vocabulary.from_corpus(corpus, min_count=1).save_counts(tmp_path / "counts")
    three.build_vocab_from_freq(Vocabulary.load_counts(tmp_path / "counts"), keep_raw_vocab=True)
    for model in (one, two, three):
        model.train(corpus)
        assert model.corpus_total_words == 13
        assert model.wv.index_to_key == one.wv.index_to_key
        assert model.wv.vectors.tobytes() == one.wv.vectors.tobytes()


def test_subsampling_goes_by_the_counts_given():
    settings = SMALL | {"sample": 1e-3, "epochs": 1}
    text = ["a b"] * 2000
    trained = []
    for counts in ({"a": 5, "b": 5, "c": 10**7}, {"a": 5, "b": 5}):
        model = Word2Vec(**settings)
        model.build_vocab_from_freq(counts)
        trained.append(model.train(text).predictions)
    assert trained[0] == 2 * 2000  # rare words by their counts: none is dropped
    assert trained[1] < 400


def test_a_rule_for_counted_words():
    model = Word2Vec(**SMALL)
    model.build_vocab_from_freq(
        {"a": 9, "b": 8, "c": 1}, trim_rule=lambda word, *_: RULE_KEEP if word == "c" else None
    )
    assert model.wv.index_to_key == ["a", "b", "c"]


def test_no_subsampling():
    vocabulary = Vocabulary(["a", "b"], np.array([1000, 1]))
    assert (subsampling_thresholds(vocabulary.counts, 0) == 2**32 - 1).all()


@pytest.mark.parametrize("ns_exponent", [0.75, 1.0, 10.0, -1.0, 0.0])
def test_every_word_is_in_the_noise_table(ns_exponent):
    counts = np.array([4, 3, 2] + [1] * 300)
    vocabulary = Vocabulary([str(i) for i in range(len(counts))], counts)
    table = noise_table(vocabulary.counts, ns_exponent, seed=1)
    assert table.dtype == np.int32
    assert np.array_equal(np.unique(table), np.arange(len(counts)))


def test_noise_table_is_fair_to_rare_words_as_a_class():
    counts = np.array([50_000] * 10 + [7] * 20_000)
    vocabulary = Vocabulary([str(i) for i in range(len(counts))], counts)
    table = noise_table(vocabulary.counts, 0.75, seed=1)
    rare = np.mean(table >= 10)
    weight = counts**0.75
    assert rare == pytest.approx(weight[10:].sum() / weight.sum(), rel=1e-4)


def test_the_rarest_word_has_two_entries_in_the_noise_table():
    # With one entry each, rounding would double the share of some of the rare words.
    counts = np.array([2**24, 2**20, 1])
    assert noise_table_counts(counts, 0.75)[2] == 2
    assert noise_table_counts(counts, 2.0)[2] == 1  # the table would be too large
    assert noise_table_counts(counts, 0.0).sum() == pytest.approx(1 << 16, abs=3)  # at least


def test_noise_table_is_shuffled_by_the_seed():
    vocabulary = Vocabulary(["a", "b", "c"], np.array([5, 4, 3]))
    one, same, other = (noise_table(vocabulary.counts, 0.75, seed=s) for s in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert np.array_equal(np.bincount(one), np.bincount(other))
    # Neighbours in the table are independent: far from sorted.
    assert np.mean(np.diff(one) == 0) < 0.5


@pytest.mark.parametrize("ns_exponent", [0.75, 1.0, 0.0, -0.5, 1.5, 30.0, -200.0])
def test_noise_distribution(ns_exponent):
    counts = np.array([2**40, 900, 30, 30, 7, 1])
    share = noise_distribution(counts, ns_exponent)
    assert share.sum() == pytest.approx(1, rel=1e-12)
    assert (share >= 0).all()
    if abs(ns_exponent) < 2:
        weight = counts.astype(float) ** ns_exponent
        np.testing.assert_allclose(share, weight / weight.sum(), rtol=1e-12)
    assert share[2] == share[3]


# Counts by the law of Zipf.
def zipf(n_words, tokens):
    share = 1 / (np.arange(n_words) + 1.0)
    return np.maximum(1, share / share.sum() * tokens).astype(np.int64)


@pytest.mark.parametrize(
    ("counts", "settings", "expected"),
    [
        (zipf(20_000, 4 * 10**6), {}, 1e-4),
        (zipf(20_000, 2 * 10**6), {}, 1e-3),  # fewer than 80 occurrences of a word
        (zipf(500, 3 * 10**7), {}, 1e-3),  # words would be left out that are not rare here
        (np.full(3_000, 150), {}, 1e-3),
        (zipf(20_000, 4 * 10**6), {"sample": 0}, 0),
        (zipf(20_000, 4 * 10**6), {"sample": 0.01}, 0.01),
        (zipf(20_000, 4 * 10**6), {"sg": 0}, 3e-5),
        (zipf(20_000, 2 * 10**6), {"sg": 0}, 1e-3),
        (zipf(20_000, 4 * 10**6), {"sg": 0, "hs": 1}, 1e-3),
        (zipf(20_000, 4 * 10**6), {"hs": 1}, 1e-3),
        (zipf(20_000, 4 * 10**6), {"softmax": True}, 1e-3),
    ],
)
def test_long_texts_are_subsampled_more(counts, settings, expected):
    config = TrainingConfig(**settings)
    assert chosen_sample(counts, config) == expected
    given = config.replace(sample=expected)
    if config.uses_negative_sampling:
        np.testing.assert_array_equal(score_offsets(counts, config), score_offsets(counts, given))
    vocabulary = Vocabulary([*map(str, range(len(counts)))], counts)
    corpus = Corpus(["0 1"])
    thresholds = sampling_tables(vocabulary, corpus, config).keep_threshold
    np.testing.assert_array_equal(thresholds, subsampling_thresholds(counts, expected))


@pytest.mark.parametrize("sample", [0, 1e-3, 0.05])
def test_score_offsets(sample):
    counts = np.array([2**40, 900, 30, 30, 7, 1])
    for ns_exponent, negative in ((0.75, 5), (0.0, 1), (1.0, 20)):
        config = TrainingConfig(sample=sample, ns_exponent=ns_exponent, negative=negative)
        exact = np.clip(reference.score_offsets(config, counts), -20, 20)
        np.testing.assert_allclose(score_offsets(counts, config), exact, atol=1e-5)


@pytest.mark.parametrize("ns_exponent", [0.75, 1e9, -1e9])
def test_score_offsets_are_finite(ns_exponent):
    for counts in ([5], [10**15, 1, 0]):
        offsets = score_offsets(np.array(counts), TrainingConfig(ns_exponent=ns_exponent))
        assert (np.abs(offsets) <= 20).all()


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
    assert tree.max_length == max(lengths)
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
    # A leaf comes before an inner node of equal weight; of two rare words with equal counts, either
    # may be the first. Saved node vectors depend on both.
    tree = tree_of(np.array([2, 1, 1]))
    assert tree.path.tolist() == [1, ~1, 0, ~1, ~0]
    tree = HuffmanTree.from_counts(np.array([2, 1, 1]), ties_in_order=True)
    assert tree.path.tolist() == [1, ~1, ~0, ~1, 0]


def test_rare_words_that_appear_together_are_no_neighbors_in_the_tree():
    # 512 words, equally frequent: the last node of a path has the next word on its other side.
    tree = HuffmanTree.from_counts(np.full(512, 3), ties_in_order=True)
    last = tree.nodes[tree.offsets[1:] - 1]
    assert (last[0::2] == last[1::2]).all()
    tree = HuffmanTree.from_counts(np.full(512, 3))
    last = tree.nodes[tree.offsets[1:] - 1]
    assert np.count_nonzero(last[:-1] == last[1:]) < 5
    frequent = np.full(512, 5)
    ordered = HuffmanTree.from_counts(frequent, ties_in_order=True)
    assert (HuffmanTree.from_counts(frequent).path == ordered.path).all()
    # Each region of the vocabulary is spread over the whole tree.
    first = tree.path[tree.offsets[:-1]] < 0
    assert all(8 < part.sum() < 24 for part in first.reshape(-1, 32))


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
        config = TrainingConfig(sample=0.1, ns_exponent=0.3, seed=9, **settings)
        tables = sampling_tables(vocabulary, corpus, config)
        assert (tables.noise_table is not None, tables.tree is not None) == (noise, tree)
        if noise:
            expected = noise_table(vocabulary.counts, 0.3, 9)
            np.testing.assert_array_equal(tables.noise_table, expected)
        assert (tables.score_offsets is not None) == (noise and not tree)
        for wanted in (False, True):
            offsets = sampling_tables(vocabulary, corpus, config.replace(score_offsets=wanted))
            assert (offsets.score_offsets is not None) == (wanted and noise)
        for mean in (0, 1):
            of_cbow = sampling_tables(vocabulary, corpus, config.replace(sg=0, cbow_mean=mean))
            assert (of_cbow.score_offsets is not None) == (noise and not tree and mean)
        assert tables.index is vocabulary.index(corpus)
        assert (tables.keep_threshold == subsampling_thresholds(vocabulary.counts, 0.1)).all()


def test_counts_of_other_kinds():
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    text = ["a"] * 6 + ["b"] * 5
    expected = Vocabulary.from_counts({"a": 6, "b": 5})
    for counts in (
        [("a", 6), ("b", 5)],
        pandas.Series(text).value_counts(),
        polars.Series(text).value_counts(),
    ):
        found = Vocabulary.from_counts(counts)
        assert (found.words, found.counts.tolist()) == (expected.words, expected.counts.tolist())
        model = Word2Vec(vector_size=2)
        model.build_vocab_from_freq(counts)
        assert model.corpus_total_words == 11
    with pytest.raises(TypeError, match=r"found int 3; of value_counts\(\), the words"):
        Vocabulary.from_counts(pandas.Series([3, 3, 4]).value_counts())


def test_a_tree_that_was_made_elsewhere():
    counts = np.array([3, 2, 1])
    tree = HuffmanTree.from_counts(counts)
    paths = np.split(tree.path, tree.offsets[1:-1])
    nodes = [np.where(path < 0, ~path, path) for path in paths]
    again = HuffmanTree.from_paths(nodes, [path < 0 for path in paths])
    np.testing.assert_array_equal(again.path, tree.path)
    np.testing.assert_array_equal(again.offsets, tree.offsets)


@pytest.mark.parametrize(
    ("nodes", "codes", "message"),
    [
        ([[1], [1, 0]], [[0], [1, 1]], "not one of 2 words"),
        ([[0], []], [[0], []], "not one of 2 words"),
        ([[0], [-1]], [[0], [1]], "negative number"),
        ([[0], [0]], [[0], [1, 1]], "different lengths"),
    ],
)
def test_what_is_not_a_tree(nodes, codes, message):
    with pytest.raises(ValueError, match=message):
        HuffmanTree.from_paths(nodes, codes)


def test_counts_of_a_grown_vocabulary_are_saved_in_order(tmp_path):
    grown = Vocabulary(["a", "b"], np.array([5, 3])).grown({"z": 99}, min_count=1)
    grown.save_counts(tmp_path / "counts.txt")
    assert (tmp_path / "counts.txt").read_text().split() == ["z", "99", "a", "5", "b", "3"]
