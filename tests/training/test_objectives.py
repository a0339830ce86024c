"""The contract that every architecture keeps with every objective; see combinations.py."""

import functools
import itertools
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
import reference
from combinations import ARCHITECTURES, OBJECTIVES, exactly, matrices, settings, using

from w2v import Corpus, TrainingConfig, Word2Vec, simd
from w2v.io import safetensors_file
from w2v.training import full_softmax, steps
from w2v.vocab.huffman import HuffmanTree

TOPICS = [[f"{topic}{i}" for i in range(6)] for topic in ("sea", "law", "tea", "sun")]

COMBINATIONS = list(itertools.product(ARCHITECTURES, OBJECTIVES))


def draws_for_each_pair(architecture, objective):
    """Say whether noise words that are not shared are something else."""
    config = TrainingConfig(**settings(architecture, objective))
    return config.sg == 1 and config.uses_negative_sampling


WITH_NOISE = [(*combination, True) for combination in COMBINATIONS]
WITH_NOISE += [(*one, False) for one in COMBINATIONS if draws_for_each_pair(*one)]
BLAS = {name for name, (chosen, _) in OBJECTIVES.items() if chosen.get("softmax")}


def params(cases):
    """Mark as thorough what takes long, or is one more variant: the one in use is tested always."""

    def is_thorough(architecture, objective, shared=True, variant=None):
        slow = architecture != "cbow-classic" and objective in BLAS
        return slow or variant not in (None, simd.active())

    marks = {False: (), True: pytest.mark.thorough}
    return [pytest.param(*case, marks=marks[is_thorough(*case)]) for case in cases]


CASES = [
    (architecture, objective, shared, variant)
    for architecture, objective, shared in WITH_NOISE
    # BLAS has no variants.
    for variant in ([simd.active()] if objective in BLAS else simd.available())
]
combinations = pytest.mark.parametrize(("architecture", "objective"), params(COMBINATIONS))
noises = pytest.mark.parametrize(("architecture", "objective", "shared"), params(WITH_NOISE))
cases = pytest.mark.parametrize(("architecture", "objective", "shared", "variant"), params(CASES))


def planted(n=250, seed=0):
    """Sentences whose words all come from one of four topics."""
    rng = np.random.default_rng(seed)
    return [rng.choice(TOPICS[rng.integers(4)], 8).tolist() for _ in range(n)]


def fit(architecture, objective, sentences=None, **more):
    chosen = {"vector_size": 16, "min_count": 1, "epochs": 8, "workers": 1, "sample": 0}
    chosen |= settings(architecture, objective) | more
    return Word2Vec(planted() if sentences is None else sentences, **chosen)


@functools.cache
def fitted(architecture, objective, shared=True, variant=None):
    """Return a trained model that must not be changed."""
    with using(variant or simd.active()):
        return fit(architecture, objective, shared_negatives=shared)


def untrained(architecture, objective, **more):
    """Return a model with a vocabulary and random vectors."""
    chosen = {"vector_size": 16, "min_count": 1, "workers": 1, "sample": 0}
    model = Word2Vec(**chosen | settings(architecture, objective) | more)
    model.build_vocab(planted())
    return model


def content(model):
    return {name: matrix.tobytes() for name, matrix in matrices(model).items()}


# ---- For every combination, kind of noise and variant --------------------------------------------


@cases
def test_fits(architecture, objective, shared, variant):
    model = fitted(architecture, objective, shared, variant)
    losses = model.training_loss
    assert len(losses) == 8
    assert np.isfinite(losses).all()
    assert losses[0] > max(losses[1], losses[-1])
    assert min(losses) > 0
    before = matrices(untrained(architecture, objective))
    for name, matrix in matrices(model).items():
        assert np.isfinite(matrix).all()
        assert (matrix != before[name]).all(axis=1).all(), name


@cases
def test_one_worker_and_one_seed_repeat_bit_for_bit(architecture, objective, shared, variant):
    model = fitted(architecture, objective, shared, variant)
    with using(variant):
        again = fit(architecture, objective, shared_negatives=shared)
        other = fit(architecture, objective, shared_negatives=shared, seed=2, epochs=1)
    assert content(again) == content(model)
    assert again.training_loss == model.training_loss
    assert other.training_loss[0] != model.training_loss[0]


@cases
def test_saves_loads_and_trains_on(architecture, objective, shared, variant, tmp_path):
    with using(variant):
        model = fit(architecture, objective, shared_negatives=shared, epochs=2)
        model.save(tmp_path / "model")
        loaded = Word2Vec.load(tmp_path / "model")
        assert content(loaded) == content(model)
        loaded.save(tmp_path / "again")
        assert (tmp_path / "again").read_bytes() == (tmp_path / "model").read_bytes()
        saved = content(model)
        for each in (model, loaded):
            each.train(planted(), epochs=1)
    assert content(loaded) == content(model)
    assert loaded.training_loss == model.training_loss
    assert all(content(model)[name] != saved[name] for name in saved)


@cases
def test_predicts_the_missing_word(architecture, objective, shared, variant):
    model = fitted(architecture, objective, shared, variant)
    groups = [[word for word in topic if word != missing] for topic in TOPICS for missing in topic]
    probability = model.predict_output_word(groups, topn=None)
    assert probability.shape == (24, 24)
    np.testing.assert_allclose(probability.sum(axis=1), 1, rtol=1e-6)
    for i, group in enumerate(groups):
        topic = [model.wv.key_to_index[word] for word in TOPICS[i // 6]]
        assert probability[i, topic].sum() > 0.95
        rows = [model.wv.key_to_index[word] for word in group]
        exact = reference.probabilities(*exactly(model), rows)
        np.testing.assert_allclose(probability[i], exact, rtol=1e-4)


@cases
def test_score_agrees_with_a_slow_reference(architecture, objective, shared, variant):
    model = fitted(architecture, objective, shared, variant)
    index = model.wv.key_to_index
    sentences = [*planted(4, seed=3), ["sea1", "law1", "foo", "sea1"], ["sea1"], ["tea1"] * 3]
    with using(variant), pytest.warns(UserWarning, match="1 of 40 words"):
        got = model.score(sentences)
    assert np.isnan(got[5])
    got[5] = 0  # nothing is predicted
    for sentence, value in zip(sentences, got, strict=True):
        rows = [index[word] for word in sentence if word in index]
        assert value == pytest.approx(reference.score(*exactly(model), rows), rel=1e-5, abs=1e-6)
    assert got[0] > model.score([["sea1", "law1", "tea1", "sun1"] * 2])[0]


@cases
def test_frozen_rows_stay(architecture, objective, shared, variant):
    model = untrained(architecture, objective, shared_negatives=shared)
    rng = np.random.default_rng(1)
    mask = rng.random(24) < 0.5
    model.wv.vectors[~mask] = rng.standard_normal((24 - mask.sum(), 16))
    model.wv.vectors[~mask, 0] = -0.0  # adding 0 to it would show
    before = {name: matrix.copy() for name, matrix in matrices(model).items()}
    with using(variant):
        model.train(planted(), trainable=mask)
    after = matrices(model)
    assert after["vectors"][~mask].tobytes() == before["vectors"][~mask].tobytes()
    assert (after["vectors"][mask] != before["vectors"][mask]).all(axis=1).all()
    for name in after.keys() - {"vectors"}:
        assert (after[name] != before[name]).all(axis=1).all()
    assert model.training_loss[-1] < model.training_loss[0]


# ---- For every combination -----------------------------------------------------------------------


@noises
def test_loss_of_an_untrained_model_is_known(architecture, objective, shared):
    # Windows as wide as the sentences: each word is predicted as often as it occurs.
    whole = {"window": 7, "shrink_windows": False, "shared_negatives": shared}
    model = fit(architecture, objective, alpha=1e-9, min_alpha=0, epochs=1, **whole)
    known = OBJECTIVES[objective][1](model.vocabulary.counts)
    assert model.training_loss == [pytest.approx(known, rel=1e-5)]


@combinations
def test_loss_of_one_model_is_the_same_for_one_worker_and_for_three(architecture, objective):
    one, three = (fit(architecture, objective, epochs=2) for _ in range(2))
    three.config = three.config.replace(workers=3)
    for model in (
        one,
        three,
    ):  # hardly learning, so that workers have nothing to lose to each other
        model.train(planted(), epochs=1, start_alpha=1e-9, end_alpha=0)
    assert one.training_loss[-1] == pytest.approx(three.training_loss[-1], rel=1e-5)


@combinations
def test_three_workers_learn_about_as_much_as_one(architecture, objective):
    one, three = fitted(architecture, objective), fit(architecture, objective, workers=3)
    untrained = OBJECTIVES[objective][1](one.vocabulary.counts)
    learned = [untrained - model.training_loss[-1] for model in (one, three)]
    assert learned[1] == pytest.approx(learned[0], rel=0.1)


@combinations
def test_divergence_is_reported(architecture, objective):
    with pytest.raises(FloatingPointError, match=r"diverged in epoch 1 of 8.*lower alpha"):
        fit(architecture, objective, alpha=1e30)


@combinations
def test_predictions_are_counted(architecture, objective):
    model = untrained(architecture, objective, window=3, shrink_windows=False)
    result = model.train(planted(), epochs=2)
    assert result.tokens == 2 * 250 * 8
    near = sum(0 < abs(i - j) <= 3 for i, j in itertools.product(range(8), repeat=2))
    assert result.predictions == 2 * 250 * (near if architecture == "skip-gram" else 8)


@combinations
def test_independent_noise_is_for_skip_gram_only(architecture, objective, monkeypatch):
    # Many words: with few, the contexts of a center make steps of their own anyway, and so they do
    # in a short text if the objective has nodes.
    monkeypatch.setattr(steps, "_TOKENS_PER_CONTEXT", 1)
    text = np.random.default_rng(0).integers(0, 300, (60, 8)).astype(str).tolist()
    shared, independent = (
        fit(architecture, objective, text, epochs=1, shared_negatives=shared)
        for shared in (True, False)
    )
    differs = content(shared) != content(independent)
    assert differs == draws_for_each_pair(architecture, objective)


@combinations
@pytest.mark.parametrize("n_words", [2, 5, 30, 200])
def test_default_learning_rates_suit_small_vocabularies(architecture, objective, n_words):
    rng = np.random.default_rng(0)
    share = 1 / np.arange(1, n_words + 1)
    words = rng.choice(n_words, (80, 12), p=share / share.sum()).astype(str).tolist()
    whole = {"window": 5, "shrink_windows": False, "epochs": 3}
    model = fit(architecture, objective, words, alpha=None, **whole)
    known = OBJECTIVES[objective][1](model.vocabulary.counts)
    assert max(model.training_loss) < 1.05 * known
    assert model.training_loss[-1] < known


ODD = {
    "ns_exponent 0": {"ns_exponent": 0},
    "ns_exponent negative": {"ns_exponent": -0.5},
    "ns_exponent above 1": {"ns_exponent": 1.5},
    "whole windows": {"shrink_windows": False},
    "subsampling": {"sample": 1e-2},
    "window 1": {"window": 1},
    "window 50": {"window": 50},
    "one dimension": {"vector_size": 1},
    "1000 dimensions": {"vector_size": 1000},
    "one noise word": {"negative": 1},
    "50 noise words": {"negative": 50},
    "more workers than blocks": {"workers": 7},
}


def odd_cases():
    """Every odd setting with every combination; thorough but for each fourth.

    Each odd setting still meets each architecture and each objective.
    """
    for row, (architecture, objective, shared) in enumerate(WITH_NOISE):
        for column, odd in enumerate(ODD):
            marks = pytest.mark.thorough if (row // 4 + row + column) % 4 else ()
            yield pytest.param(architecture, objective, shared, odd, marks=marks)


@pytest.mark.parametrize(("architecture", "objective", "shared", "odd"), [*odd_cases()])
def test_odd_settings_work(architecture, objective, shared, odd):
    changes = ODD[odd].copy()
    if not OBJECTIVES[objective][0].get("negative"):
        changes.pop("negative", None)
    model = fit(architecture, objective, planted(60), epochs=2, shared_negatives=shared, **changes)
    check_alive(model)


def check_alive(model):
    """Assert that a model holds numbers, and that it can be asked."""
    assert np.isfinite(model.training_loss).all()
    assert all(np.isfinite(matrix).all() for matrix in matrices(model).values())
    words = model.wv.index_to_key[:2]
    assert model.predict_output_word(words, topn=None).sum() == pytest.approx(1)
    assert (model.score([words, words * 3]) < 0).all()


@noises
def test_two_words_are_enough(architecture, objective, shared):
    model = fit(architecture, objective, [["a", "b"]] * 200, alpha=0.2, shared_negatives=shared)
    check_alive(model)
    assert len(matrices(model).get("node_vectors", [0])) == 1
    assert model.predict_output_word(["a"], topn=1)[0][0] == "b"
    assert model.predict_output_word(["b"], topn=1)[0][0] == "a"


@noises
def test_sentences_of_one_word_are_passed_over(architecture, objective, shared):
    more = {"epochs": 2, "shared_negatives": shared, "shrink_windows": False}
    sentences = planted(60)
    alone = [sentence for s in sentences for sentence in (s[:1], s, s[1:2])]
    one, two = (fit(architecture, objective, text, **more) for text in (sentences, alone))
    check_alive(two)
    # The same predictions, though other words are the frequent ones, and so have other rows.
    predictions = [
        m.train(text, epochs=1).predictions for m, text in ((one, sentences), (two, alone))
    ]
    assert predictions[0] == predictions[1] > 0


@combinations
def test_a_text_without_any_prediction_trains_to_nothing(architecture, objective):
    with (
        pytest.warns(UserWarning, match="every sentence .40 in all. has only one word"),
        pytest.warns(RuntimeWarning, match="nothing to train on"),
    ):
        model = fit(architecture, objective, [["a"], ["b"]] * 20)
    assert model.training_loss == []
    assert not any(m.any() for name, m in matrices(model).items() if name != "vectors")


@combinations
def test_a_file_must_hold_what_its_settings_need(architecture, objective, tmp_path):
    path, model = tmp_path / "model", fitted(architecture, objective)
    model.save(path)
    tensors, metadata = safetensors_file.read(path, kind=("w2v.model",))
    for name in ("output_vectors", "node_vectors"):
        rows = len(model.wv) - (name == "node_vectors")
        changed = tensors | {name: np.zeros((rows, 16), np.float32)}
        if name in tensors:
            del changed[name]
        safetensors_file.write(path, changed, metadata)
        how = "missing" if name in tensors else "unexpected"
        with pytest.raises(ValueError, match=f"{name}: {how}") as caught:
            Word2Vec.load(path)
        assert str(path) in str(caught.value)


def test_node_vectors_stay_with_the_tree_that_they_were_trained_with(tmp_path):
    rare = [[f"{i}", f"{i + 1}"] for i in range(0, 40, 2)]
    path, model = tmp_path / "model", fit("skip-gram", "hierarchical", rare, epochs=1)
    tree = model.vocabulary.huffman_tree()
    old = HuffmanTree.from_counts(model.vocabulary.counts, ties_in_order=True)
    assert (tree.path != old.path).any()
    model.save(path)
    tensors, metadata = safetensors_file.read(path, kind=("w2v.model",))
    assert metadata["huffman_ties"] == "mixed"
    assert (Word2Vec.load(path).vocabulary.huffman_tree().path == tree.path).all()
    # A file without the entry was written when ties were in the order of the vocabulary.
    del metadata["huffman_ties"]
    safetensors_file.write(path, tensors, metadata)
    loaded = Word2Vec.load(path)
    for one in (loaded, pickle.loads(pickle.dumps(loaded))):
        assert (one.vocabulary.huffman_tree().path == old.path).all()
        one.save(path)
        assert (Word2Vec.load(path).vocabulary.huffman_tree().path == old.path).all()


# ---- The matrices --------------------------------------------------------------------------------


@combinations
def test_only_what_is_trained_is_there(architecture, objective):
    model = fitted(architecture, objective)
    assert matrices(model).keys() - {"vectors"} == {
        "negative": {"output_vectors"},
        "hierarchical": {"node_vectors"},
        "both": {"output_vectors", "node_vectors"},
    }.get(objective, {"output_vectors"})
    for name in ("output_vectors", "node_vectors"):
        if name in matrices(model):
            assert getattr(model, name).shape == (24 - (name == "node_vectors"), 16)
            continue
        other = "node_vectors" if name == "output_vectors" else "output_vectors"
        with pytest.raises(ValueError, match=f"see {other}"):
            getattr(model, name)


@pytest.mark.parametrize(("mask", "shown"), [
    (np.ones(23, bool), r"bool with shape \(23,\)"),
    (np.ones((24, 1), bool), r"bool with shape \(24, 1\)"),
    (np.ones(24, int), r"int64 with shape \(24,\)"),
    ([1.0] * 24, r"float64 with shape \(24,\)"),
    (True, r"bool with shape \(\)"),
    (["sea1"], r"with shape \(1,\)"),
    ([], r"float64 with shape \(0,\)"),
])  # fmt: skip
def test_a_mask_of_the_wrong_shape_or_type_is_refused(mask, shown):
    model = untrained("skip-gram", "negative")
    before = content(model)
    with pytest.raises(ValueError, match=rf"{shown}: expected one bool per .* \(24,\)"):
        model.train(planted(), trainable=mask)
    assert content(model) == before


@pytest.mark.parametrize("kind", [list, lambda mask: np.repeat(mask, 2)[::2]])
def test_a_mask_may_be_a_list_or_strided(kind):
    mask = np.arange(24) % 2 == 0
    one, two = (untrained("skip-gram", "negative") for _ in range(2))
    one.train(planted(), trainable=mask)
    two.train(planted(), trainable=kind(mask))
    assert content(one) == content(two)


def test_without_a_mask_all_rows_are_trained_again():
    model = untrained("cbow-exact", "hierarchical")
    model.train(planted(), trainable=np.zeros(24, bool))
    frozen = model.wv.vectors.copy()
    assert frozen.tobytes() == untrained("cbow-exact", "hierarchical").wv.vectors.tobytes()
    model.train(planted())
    assert (model.wv.vectors != frozen).all()


# ---- The full softmax ----------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_full_softmax_has_no_variants(architecture):
    found = []
    for variant in simd.available():
        with using(variant):
            found.append(content(fit(architecture, "softmax", planted(50), epochs=1)))
    assert all(each == found[0] for each in found)


class Clock:
    """A clock that every look puts forward."""

    def __init__(self, step):
        self.step, self.now = step, 0.0

    def perf_counter(self):
        self.now += self.step
        return self.now


# A batch against 1,000 words takes one step of the clock. Windows hold 6 words in the mean.
@pytest.mark.parametrize(
    ("architecture", "predictions"), [("skip-gram", 12_000), ("cbow-sum", 2_000)]
)
@pytest.mark.parametrize(("step", "unit"), [(1, "s"), (3_600, "hours"), (86_400, "days")])
def test_too_large_a_vocabulary_is_refused_with_its_price(
    monkeypatch, architecture, predictions, step, unit
):
    monkeypatch.setattr(full_softmax, "time", Clock(10 * step))
    price = 10 * predictions / full_softmax._BATCH * 24 / 1_000
    if unit == "hours" and price > 48:
        price, unit = price / 24, "days"
    message = (
        f"^softmax=True: 24 words exceed max_softmax_vocab=23; one epoch .* about "
        rf"{price:.1f} {unit} .* \d+ MiB; set max_softmax_vocab=24 "
        ".*max_final_vocab.*hs=1 or negative sampling"
    )
    with pytest.raises(ValueError, match=message):
        fit(architecture, "softmax", max_softmax_vocab=23)


def test_the_memory_named_grows_with_the_vocabulary():
    config, corpus = TrainingConfig(softmax=True, vector_size=64), Corpus(planted())
    named = []
    for n_words in (50_000, 100_000):
        with pytest.raises(
            ValueError, match=f"{n_words:,} words exceed max_softmax_vocab=20,000"
        ) as e:
            full_softmax.check_softmax_vocab(n_words, config, corpus.n_tokens)
        named.append(int(str(e.value).partition(" MiB")[0].split()[-1].replace(",", "")))
    # Two matrices, what is added to them, and a batch of scores.
    assert named[0] == pytest.approx(50_000 * 4 * (4 * 64 + full_softmax._BATCH) / 2**20, rel=0.1)
    assert named[1] == pytest.approx(2 * named[0], rel=0.01)


def test_a_vocabulary_at_the_limit_is_trained():
    check_alive(fit("skip-gram", "softmax", max_softmax_vocab=24, epochs=1))
    check_alive(fit("skip-gram", "negative", max_softmax_vocab=2, epochs=1))


def test_large_products_are_repeated_bit_for_bit():
    """In a process of its own, whose BLAS shares products of this size among two threads."""
    code = """
import numpy as np, w2v
sentences = np.random.default_rng(0).integers(0, 3_000, (100, 10)).astype(str).tolist()
settings = {"sg": 0, "cbow_mean": 0, "softmax": True, "vector_size": 100, "min_count": 1,
            "epochs": 1, "workers": 1}
one, two = (w2v.Word2Vec(sentences, **settings) for _ in range(2))
assert one.wv.vectors.tobytes() == two.wv.vectors.tobytes()
assert one.output_vectors.tobytes() == two.output_vectors.tobytes()
assert one.training_loss == two.training_loss
"""
    threads = {f"{library}_NUM_THREADS": "2" for library in ("OPENBLAS", "OMP", "MKL")}
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, env=os.environ | threads, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
