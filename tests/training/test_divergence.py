"""Divergence: noticed while the loss is finite, never on text that is learned, and undone."""

import math

import numpy as np
import pytest
from combinations import OBJECTIVES, few, settings

from w2v import Corpus, TrainingConfig, Vocabulary, Word2Vec
from w2v.training import divergence, weights
from w2v.training.weights import Weights

LOG2 = math.log(2)


def clusters(label, n=1_500, seed=0):
    rng = np.random.default_rng(seed)
    groups = [np.flatnonzero(label == i) for i in range(4)]
    return [rng.choice(groups[rng.integers(4)], 10).astype(str).tolist() for _ in range(n)]


BY_REST, BY_QUOTIENT = np.arange(40) % 4, np.arange(40) // 10


def untrained(text, **more):
    model = Word2Vec(vector_size=20, min_count=1, sample=0, workers=1, **more)
    model.build_vocab(text)
    return model


def matrices(model):
    weights = model._weights
    names = ("vectors", "output_vectors", "node_vectors")
    return [m.tobytes() for name in names if (m := getattr(weights, name)) is not None]


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_untrained_loss_is_that_of_the_first_step(objective):
    chosen, known = OBJECTIVES[objective]
    vocabulary = Vocabulary(["a", "b", "c", "d"], np.array([8, 4, 2, 1]))
    config = TrainingConfig(**chosen, score_offsets=False)
    tree = vocabulary.huffman_tree() if config.hs else None
    assert divergence.untrained_loss(config, vocabulary, tree) == pytest.approx(
        known(vocabulary.counts.tolist())
    )


@pytest.mark.parametrize(("settings", "words"), [
    ({}, 10), ({"negative": 1, "sg": 0}, 3), ({"hs": 1, "ns_exponent": 3.0}, 5),
], ids=str)  # fmt: skip
def test_untrained_loss_with_offsets_is_that_of_the_first_step(settings, words):
    rng = np.random.default_rng(5)
    share = 1 / np.arange(1, words + 1)
    text = [[f"{i}" for i in rng.choice(words, 50, p=share / share.sum())] for _ in range(200)]
    model = untrained(text, score_offsets=True, alpha=1e-9, min_alpha=0, epochs=1, **settings)
    tree = model.vocabulary.huffman_tree() if model.config.hs else None
    expected = divergence.untrained_loss(model.config, model.vocabulary, tree)
    assert expected == pytest.approx(model.train(text).loss[0], rel=0.01)


@pytest.mark.parametrize("loss", [math.inf, -math.inf, math.nan])
def test_a_loss_that_is_not_finite_is_divergence(loss):
    assert divergence.has_diverged(loss, 10**6, 4.0)
    assert divergence.has_diverged(loss, 10**6, math.inf)


def test_a_few_bad_predictions_are_no_divergence():
    assert not divergence.has_diverged(100 * 40.0, 100, 4.0)
    assert divergence.has_diverged(100_000 * 40.0, 100_000, 4.0)
    assert not divergence.has_diverged(100_000 * 8.0, 100_000, 4.0)
    assert not divergence.has_diverged(0.0, 0, 4.0)
    assert not divergence.has_diverged(100_000 * 5.0, 100_000, 1e-9)
    assert divergence.has_diverged(100_000 * 6.0, 100_000, 1e-9)


@few()
def test_no_alarm_on_a_text_that_contradicts_the_last(architecture, objective, monkeypatch):
    ratios = []
    has_diverged = divergence.has_diverged

    def watch(loss, predictions, untrained):
        ratios.append(loss / max(1, predictions) / untrained)
        return has_diverged(loss, predictions, untrained)

    monkeypatch.setattr(divergence, "has_diverged", watch)
    n = 40 if objective == "softmax" else 300
    more = settings(architecture, objective)
    model = untrained(clusters(BY_REST, n), epochs=3, **more)
    model.train(clusters(BY_REST, n))
    model.train(clusters(BY_QUOTIENT, n))
    assert len(ratios) > 10
    assert max(ratios) < divergence._TIMES_UNTRAINED / 2


FAILING = {
    "lower alpha, which was 2 ": {"alpha": 2.0},
    "lower alpha, which was 3 ": {"alpha": 3.0, "sg": 0},
    "lower negative, which was 1000": {"negative": 1_000, "score_offsets": False},
}


@pytest.mark.parametrize("remedy", FAILING)
@pytest.mark.parametrize("workers", [1, 2])
def test_divergence_names_the_setting_and_is_undone(remedy, workers):
    text = clusters(BY_REST, 300)
    chosen = FAILING[remedy] | {"workers": workers}
    model = Word2Vec(vector_size=20, min_count=1, sample=0, **chosen)
    model.build_vocab(text)
    before = matrices(model)
    with pytest.raises(FloatingPointError, match=f"{remedy}.*as it was before this") as caught:
        model.train(text)
    assert "the loss is" in str(caught.value)
    assert matrices(model) == before
    assert model.training_loss == []
    model.train(text, start_alpha=0.01, end_alpha=0.001, epochs=1)  # it can be trained on


def test_a_trained_model_keeps_what_it_had():
    text = clusters(BY_REST)
    model = untrained(text)
    model.train(text, epochs=1)
    before, loss = matrices(model), model.training_loss.copy()
    with pytest.raises(FloatingPointError, match="as it was before this training"):
        model.train(text, start_alpha=1.0)
    assert matrices(model) == before
    assert model.training_loss == loss


def test_an_explosion_is_noticed_while_the_loss_is_finite():
    text = clusters(BY_REST)
    model = untrained(text, alpha=0.7)
    with pytest.raises(FloatingPointError, match=r"is [\d.e+]+ per prediction, [\d,]+ times that"):
        model.train(text)


def test_a_model_too_large_to_be_copied_says_so(monkeypatch):
    monkeypatch.setattr(weights, "MAX_SNAPSHOT_BYTES", 0)
    text = clusters(BY_REST, 300)
    model = untrained(text, alpha=2.0)
    before = matrices(model)
    with pytest.raises(FloatingPointError, match="vectors are unusable: load or build"):
        model.train(text)
    assert matrices(model) != before


def test_given_vectors_that_are_too_long_are_named():
    text = clusters(BY_REST, 300)
    model = untrained(text)
    model.wv.vectors[...] = 1e18
    with pytest.raises(FloatingPointError, match=r"norms of up to 4.47e\+18 before"):
        model.train(text)


def test_snapshots_hold_matrices_of_zeros_for_nothing(monkeypatch):
    trained = Weights.untrained(10, TrainingConfig(vector_size=16))
    monkeypatch.setattr(weights, "MAX_SNAPSHOT_BYTES", trained.vectors.nbytes)
    copies = trained.snapshot()
    assert copies["output_vectors"] is None
    monkeypatch.setattr(weights, "MAX_SNAPSHOT_BYTES", trained.vectors.nbytes - 1)
    assert trained.snapshot() is None
    trained.vectors += 1
    trained.output_vectors += 1
    trained.restore(copies)
    assert not trained.output_vectors.any()
    np.testing.assert_array_equal(trained.vectors, copies["vectors"])


@pytest.mark.parametrize(("chosen", "norm", "said"), [
    ({}, 1.0, "lower alpha, for example to 0.0063 "),
    ({"alpha": 0.01}, 1.0, "lower alpha, for example to 0.0025 "),
    ({"alpha": 0.5, "window": 100}, 1.0, "lower alpha, which was 0.5 (the default here is 0.025)"),
    ({"window": 100}, 1.0, "lower window, which was 100, or lower alpha"),
    ({"sg": 0, "cbow_mean": 0}, 1.0, "set cbow_mean=1"),
    ({"negative": 50, "hs": 1}, 1.0, "lower negative, which was 50"),
    ({"alpha": 0.5}, 200.0, "norms of up to 200"),
    ({}, math.nan, "norms of up to nan"),
])  # fmt: skip
def test_remedies(chosen, norm, said):
    assert said in divergence.remedy(TrainingConfig(**chosen), 0.025, norm)


# ---- Subsampling of a small vocabulary -----------------------------------------------------------


def test_subsampling_that_drops_every_word_is_told():
    rows = np.random.default_rng(0).integers(0, 20, (600, 60))
    with pytest.warns(RuntimeWarning, match=r"sample=0.001 drops 84% .* 20 words .* sample=0"):
        Word2Vec(Corpus(rows), vector_size=8, min_count=1, workers=1, epochs=1)


def test_subsampling_of_frequent_words_is_not_told():
    rng = np.random.default_rng(0)
    share = 1 / np.arange(1, 2_001)
    rows = rng.choice(2_000, (600, 60), p=share / share.sum())
    Word2Vec(Corpus(rows), vector_size=8, min_count=1, workers=1, epochs=1, sample=1e-4)
    even = rng.integers(0, 20, (60, 60))  # a toy example
    Word2Vec(Corpus(even), vector_size=8, min_count=1, workers=1, epochs=1)
