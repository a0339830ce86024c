"""The size of steps by objective and text, and that nothing explodes at long windows."""

import dataclasses
import math

import numpy as np
import pytest

from w2v import Corpus, TrainingConfig, Vocabulary, Word2Vec
from w2v.training import full_softmax, steps
from w2v.vocab.sampling import sampling_tables

LOG2 = math.log(2)


def shaped(perplexity=math.inf, length=math.inf, tokens=math.inf, words=1.0):
    return steps.TextShape(perplexity, length, tokens, words)


def test_perplexity_counts_equally_frequent_words():
    assert steps.perplexity(np.full(50, 7.0)) == pytest.approx(50)
    assert steps.perplexity(np.array([3.0, 3.0, 0.0])) == pytest.approx(2)
    assert steps.perplexity(np.array([1e9, 1.0])) == pytest.approx(1, abs=1e-6)


def test_shape_is_that_of_the_trained_words():
    corpus = Corpus([["a", "b", "c", "rare"], ["a", "b", "c"]] * 50 + [["b", "c"]] * 50)
    vocabulary = Vocabulary.from_counts({"a": 100, "b": 150, "c": 150}, min_count=1)
    config = TrainingConfig(sample=0)
    tables = sampling_tables(vocabulary, corpus, config)
    shape = steps.TextShape.of(corpus, vocabulary, tables)
    share = np.array([100, 150, 150]) / 400
    assert shape.sentence_length == pytest.approx(400 / 150)
    assert (shape.tokens, shape.words) == (400, 3)
    assert shape.perplexity == pytest.approx(np.exp(-share @ np.log(share)))
    half = dataclasses.replace(tables, keep_threshold=np.full(3, 2**31 - 1, np.uint32))
    shape = steps.TextShape.of(corpus, vocabulary, half)
    assert shape.sentence_length == pytest.approx(200 / 150)
    assert shape.tokens == pytest.approx(200)


@pytest.mark.parametrize(("settings", "shape", "most"), [
    ({}, shaped(), 20),  # the whole window, up to one of 10
    ({"negative": 20}, shaped(), 20),
    ({"negative": 1}, shaped(), 3),
    ({"negative": 2}, shaped(), 5),
    ({"negative": 3}, shaped(), 10),
    ({"negative": 4}, shaped(), 15),
    ({"shared_negatives": False}, shaped(), 1),
    ({"hs": 1, "negative": 0}, shaped(), 5),
    ({"hs": 1}, shaped(), 20),
    ({"hs": 1, "window": 100}, shaped(), 5),
    ({"sg": 0}, shaped(2, 5), 20_000),
    ({"window": 10, "shrink_windows": False}, shaped(300), 20),  # no smaller on a normal text
    ({"window": 1000}, shaped(1200), 9),
    ({"window": 1000}, shaped(1200, 101), 20),
    ({"window": 1000, "hs": 1, "negative": 0}, shaped(50), 1),
    ({"window": 5}, shaped(60), 4),
    ({}, shaped(2), 1),
    # More noise words make more gradients, which matters where sums of them overshoot.
    ({"negative": 20}, shaped(300), 20),
    ({"negative": 20, "window": 1000}, shaped(1200), 2),
    ({"negative": 1, "window": 1000}, shaped(600), 2),
    # Pair by pair in a short text, if there are nodes that all contexts meet.
    ({"hs": 1, "negative": 0, "epochs": 3}, shaped(tokens=20_000), 1),
    ({"hs": 1, "negative": 0, "epochs": 3}, shaped(tokens=50_000), 3),
    ({"hs": 1, "negative": 0, "epochs": 5}, shaped(tokens=50_000), 5),
    ({"hs": 1, "epochs": 5}, shaped(tokens=100_000), 10),
    ({"hs": 1, "epochs": 5}, shaped(tokens=200_000), 20),
    ({}, shaped(tokens=1_000), 20),
])  # fmt: skip
def test_contexts_per_step(settings, shape, most):
    assert steps.contexts_per_step(TrainingConfig(**settings), shape) == most


CBOW = {"sg": 0}
SUM = {"sg": 0, "cbow_mean": 0}


@pytest.mark.parametrize(("settings", "shape", "rate"), [
    ({"window": 1000}, shaped(2), 0.025),
    (CBOW, shaped(300), 0.075),
    (CBOW | {"window": 10, "shrink_windows": False}, shaped(), 0.075),
    (CBOW | {"window": 40, "shrink_windows": False}, shaped(), 0.0375),
    (CBOW | {"window": 40, "shrink_windows": False}, shaped(length=21), 0.075),
    (CBOW | {"window": 1000}, shaped(), 0.025),  # never below gensim's
    (CBOW, shaped(75), 0.0375),
    (CBOW | {"hs": 1}, shaped(), 0.05),
    (CBOW | {"cbow_gradient": "exact", "window": 1000}, shaped(2), 0.15),
    (CBOW | {"alpha": 0.2, "window": 1000}, shaped(2), 0.2),
    (CBOW | {"min_alpha": 0.05, "window": 1000}, shaped(2), 0.05),
    (SUM, shaped(), 0.025),
    (SUM | {"window": 39}, shaped(), 0.0125),
    (SUM, shaped(75), 0.0125),
    (SUM | {"window": 1}, shaped(25), 0.0125),  # two contexts are seldom the same word
    (SUM | {"window": 1}, shaped(100), 0.025),
    (SUM | {"alpha": 0.1, "window": 1000}, shaped(2), 0.1),
])  # fmt: skip
def test_default_learning_rate(settings, shape, rate):
    assert steps.learning_rate(TrainingConfig(**settings), shape) == pytest.approx(rate)


SHORT = shaped(1500, 20, 200_000, 4000)  # 50 occurrences of a word


@pytest.mark.parametrize(("settings", "shape", "rate"), [
    ({}, SHORT, 0.05),  # 250 updates of a word
    ({"epochs": 7}, SHORT, 0.025 * (8 / 7) ** 2),
    ({"epochs": 8}, SHORT, 0.025),
    ({"epochs": 20}, SHORT, 0.025),
    ({"alpha": 0.03}, SHORT, 0.03),
    ({"negative": 6}, SHORT, 0.025),
    ({"hs": 1}, SHORT, 0.025),
    ({"hs": 1, "negative": 0}, SHORT, 0.025),
    ({"softmax": True}, SHORT, 0.025),
    (SUM, SHORT, 0.025),
    ({"window": 19}, SHORT, 0.05),
    ({"window": 100}, SHORT, 0.05),  # sentences are shorter
    ({"window": 20}, shaped(1500, 30, 200_000, 4000), 0.025),
    ({}, shaped(2399, 20, 200_000, 4000), 0.05),
    ({}, shaped(2401, 20, 200_000, 4000), 0.025),  # nearly equally frequent, as in walks
    ({}, shaped(301, 20, 200_000, 4000), 0.05),
    ({}, shaped(299, 20, 200_000, 4000), 0.025),
])  # fmt: skip
def test_skip_gram_is_faster_where_words_are_trained_seldom(settings, shape, rate):
    assert steps.learning_rate(TrainingConfig(**settings), shape) == pytest.approx(rate)


@pytest.mark.parametrize(("settings", "shape", "share"), [
    ({"epochs": 8}, SHORT, 0.3),
    ({"epochs": 7}, SHORT, 0.0),  # the rate is higher
    ({"alpha": 0.025}, SHORT, 0.3),
    ({"epochs": 8, "alpha": 0.026}, SHORT, 0.0),
    ({"alpha": 0.05, "decay_start": 0.5}, SHORT, 0.5),
    ({"epochs": 8, "decay_start": 0.0}, SHORT, 0.0),
    ({"epochs": 8, "sg": 0, "alpha": 0.025}, SHORT, 0.0),
    ({"epochs": 8, "hs": 1}, SHORT, 0.0),
    ({"epochs": 8, "hs": 1, "negative": 0}, SHORT, 0.0),
    ({"epochs": 8, "softmax": True}, SHORT, 0.0),
    ({"epochs": 8, "negative": 6}, SHORT, 0.0),
    ({"epochs": 8, "window": 20}, shaped(1500, 30, 200_000, 4000), 0.0),
    ({"epochs": 8}, shaped(2401, 20, 200_000, 4000), 0.0),  # nearly equally frequent, as in walks
    ({"epochs": 8}, shaped(299, 20, 200_000, 4000), 0.0),
])  # fmt: skip
def test_the_rate_of_skip_gram_is_constant_for_a_while(settings, shape, share):
    assert steps.decay_start(TrainingConfig(**settings), shape) == share


@pytest.mark.parametrize(("settings", "shape", "epochs"), [
    ({}, SHORT, 20),
    ({"negative": 20}, SHORT, 20),
    ({"epochs": 8}, SHORT, 8),
    ({"epochs": 30}, shaped(1500, 20, 40_000, 4000), 30),
    ({"sg": 0}, SHORT, 5),
    ({"hs": 1, "negative": 0}, SHORT, 5),
    ({}, shaped(3500, 20, 200_000, 4000), 5),
    ({}, steps.LARGE, 5),
])  # fmt: skip
def test_epochs_of_a_short_text(settings, shape, epochs):
    assert steps.enough_epochs(TrainingConfig(**settings), shape) == epochs


def short_text(n_words=2000, tokens=20_000, seed=5):
    """Return sentences of 20 words with Zipfian counts, of a perplexity of about 600."""
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, n_words + 1)
    return rng.choice(n_words, (tokens // 20, 20), p=share / share.sum())


def test_the_rate_of_a_short_text_is_told_and_used_once():
    corpus = Corpus(short_text())
    settings = {"vector_size": 8, "min_count": 1, "workers": 1, "epochs": 1}
    chosen, usual, given = (
        Word2Vec(**settings, **rate) for rate in ({}, {"alpha": 0.025}, {"alpha": 0.05})
    )
    for model, rate in ((chosen, 0.05), (usual, 0.025), (given, 0.05)):
        model.build_vocab(corpus)
        assert model.train(corpus).alpha == rate
    assert np.array_equal(chosen.wv.vectors, given.wv.vectors)
    assert not np.array_equal(chosen.wv.vectors, usual.wv.vectors)
    assert chosen.config.alpha is None
    assert chosen.train(corpus).alpha == 0.025  # what is trained already is not torn away


# ---- Planted clusters at long windows and in small vocabularies ---------------------------------


def baskets(n_words, n_clusters, length, tokens, seed=0):
    """Return rows of words, seven in ten from one cluster; word i is of cluster i % n_clusters."""
    rng = np.random.default_rng(seed)
    shape = tokens // length, length
    cluster = rng.integers(n_clusters, size=(shape[0], 1))
    inside = cluster + n_clusters * rng.integers(n_words // n_clusters, size=shape)
    return np.where(rng.random(shape) < 0.7, inside, rng.integers(n_words, size=shape))


def purity(model, n_clusters):
    """Return the share of nearest neighbors that are of the same cluster."""
    label = np.array([int(word) for word in model.wv.index_to_key]) % n_clusters
    unit = model.wv.vectors / np.linalg.norm(model.wv.vectors, axis=1, keepdims=True)
    similarity = unit @ unit.T
    np.fill_diagonal(similarity, -np.inf)
    near = np.argsort(-similarity, axis=1)[:, :5]
    return (label[near] == label[:, np.newaxis]).mean()


def test_purity_would_notice():
    rows = baskets(60, 6, 10, 600)
    model = Word2Vec(Corpus(rows), vector_size=8, min_count=1, epochs=1, workers=1, alpha=1e-3)
    assert purity(model, 6) < 0.4


KINDS = {
    "skip-gram": {},
    "skip-gram, 20 noise words": {"negative": 20},
    "skip-gram, hierarchical": {"hs": 1, "negative": 0},
    "skip-gram, both": {"hs": 1},
    "skip-gram, softmax": {"softmax": True, "alpha": 0.05},
    "CBOW": CBOW,
    "CBOW, hierarchical": {"sg": 0, "hs": 1, "negative": 0},
    "CBOW, softmax": {"sg": 0, "softmax": True},
    "sum": SUM,
    "sum, hierarchical": SUM | {"hs": 1, "negative": 0},
    "sum, softmax": SUM | {"softmax": True},
}


@pytest.mark.parametrize(("n_words", "n_clusters", "kind"), [
    # Two sizes of vocabulary; the kinds that take longest, with one of them.
    pytest.param(
        *size, kind,
        marks=pytest.mark.thorough if size[0] == 400 and kind not in ("skip-gram", "CBOW") else (),
    )
    for size in ((60, 6), (400, 10)) for kind in KINDS if "softmax" not in kind
])  # fmt: skip
def test_windows_that_hold_a_basket_find_its_cluster(kind, n_words, n_clusters):
    rows = baskets(n_words, n_clusters, 60, 9_000)
    model = Word2Vec(
        Corpus(rows), vector_size=32, min_count=1, sample=0, workers=1, epochs=5, window=60,
        shrink_windows=False, **KINDS[kind],
    )  # fmt: skip
    assert np.abs(model.wv.vectors).max() < 10
    assert purity(model, n_clusters) > (0.5 if kind == "sum, hierarchical" else 0.9)


@pytest.mark.parametrize("kind", [
    pytest.param(kind, marks=pytest.mark.thorough if kind.startswith("skip-gram") else ())
    for kind in KINDS if "softmax" in kind
])  # fmt: skip
def test_full_softmax_does_not_explode_at_long_windows(kind):
    rows = baskets(60, 6, 60, 1_200)
    model = Word2Vec(
        Corpus(rows), vector_size=16, min_count=1, sample=0, workers=1, epochs=2, window=60,
        shrink_windows=False, **KINDS[kind],
    )  # fmt: skip
    assert np.abs(model.wv.vectors).max() < 10
    assert model.training_loss[-1] < 1.1 * np.log(60)


@pytest.mark.parametrize(("kind", "most"), [("skip-gram, softmax", 20), ("CBOW, softmax", 300)])
def test_a_batch_of_the_full_softmax_holds_few_long_windows(kind, most, monkeypatch):
    contexts, step = [], full_softmax.SoftmaxWorker._step

    def watch(self, batch, *rest):
        contexts.append(batch.nnz)
        return step(self, batch, *rest)

    monkeypatch.setattr(full_softmax.SoftmaxWorker, "_step", watch)
    model = Word2Vec(
        Corpus(baskets(60, 6, 60, 600)), vector_size=8, min_count=1, sample=0, workers=1,
        epochs=1, window=60, shrink_windows=False, **KINDS[kind],
    )  # fmt: skip
    assert len(model.wv) > 50
    assert sum(contexts) == 600 * 59
    assert max(contexts) <= most


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "softmax" not in kind])
@pytest.mark.parametrize(("n_words", "window"), [
    (2, 10), (20, 50),
    *[pytest.param(*shape, marks=pytest.mark.thorough) for shape in ((3, 50), (5, 20))],
])  # fmt: skip
def test_few_words_do_not_explode(kind, n_words, window):
    rows = np.random.default_rng(0).integers(0, n_words, (15, 200))
    model = Word2Vec(
        Corpus(rows), vector_size=20, min_count=1, sample=0, workers=1, epochs=2, window=window,
        score_offsets=False, **KINDS[kind],
    )  # fmt: skip
    assert np.abs(model.wv.vectors).max() < 10
    assert model.training_loss[-1] < 1.05 * max(21, 1 + np.log2(n_words)) * LOG2


def test_a_long_line_of_one_word_does_not_explode():
    text = [["a"] * 500, ["b"] * 500, ["c", "d", "e"] * 100] * 3
    model = Word2Vec(
        text, vector_size=20, min_count=1, sample=0, workers=1, window=100, shrink_windows=False
    )
    assert np.abs(model.wv.vectors).max() < 10
