"""Training end to end: what is learned, what repeats, what stops it, what is kept."""

import json
import math
import signal
import sys
import threading
import types
import warnings

import numpy as np
import pytest
import tqdm
from combinations import VARIANTS

from w2v import (
    Corpus,
    KeyedVectors,
    Progress,
    ProgressBar,
    TrainingInterrupt,
    Word2Vec,
    simd,
)
from w2v.progress import bar_type
from w2v.training import _hogwild, divergence, shards, steps, trainer
from w2v.training.blocks import cut_blocks

TOPICS = [[f"{topic}{i}" for i in range(12)] for topic in ("sea", "law", "tea", "sun")]


def planted(n=2_000, seed=0):
    """Sentences whose words all come from one of four topics."""
    rng = np.random.default_rng(seed)
    return [rng.choice(TOPICS[rng.integers(4)], 8).tolist() for _ in range(n)]


def small(sentences=None, **settings):
    settings = {
        "vector_size": 20,
        "min_count": 1,
        "epochs": 3,
        "workers": 1,
        "sample": 0,
    } | settings
    return Word2Vec(planted() if sentences is None else sentences, **settings)


@pytest.fixture(scope="module")
def model():
    return small()


def assert_clusters_found(model):
    for topic in TOPICS:
        for word in topic:
            found = [neighbour for neighbour, _ in model.wv.most_similar(word, topn=11)]
            assert sorted([word, *found]) == sorted(topic)


# ---- Settings that are assigned ----------------------------------------------------------------

LATER = {
    "alpha": 0.1, "min_alpha": 0.01, "window": 1, "negative": 2, "sample": 1e-3, "seed": 9, "sg": 0,
    "ns_exponent": 0.0, "shrink_windows": False, "shared_negatives": False, "epochs": 2,
}  # fmt: skip


@pytest.mark.parametrize("name", LATER)
def test_settings_assigned_before_training_are_those_of_training(name):
    """As if the model had been made with them, but for the vectors that the seed starts from."""
    text = planted(60)
    plain, changed = small(text), Word2Vec(vector_size=20, min_count=1, sample=0)
    changed.workers, changed.epochs = 1, 3
    changed.build_vocab(text)
    setattr(changed, name, LATER[name])
    assert getattr(changed, name) == getattr(changed.config, name) == LATER[name]
    changed.train(text)
    assert changed.wv.vectors.tobytes() != plain.wv.vectors.tobytes()
    if name != "seed":
        made = small(text, **{name: LATER[name]})
        assert changed.wv.vectors.tobytes() == made.wv.vectors.tobytes()


@pytest.mark.parametrize("setting", [
    {"hs": 1}, {"softmax": True}, {"cbow_gradient": "exact", "sg": 0}, {"cbow_mean": 0, "sg": 0},
    {"workers": 3}, {"shards": 2}, {"score_offsets": False},
])  # fmt: skip
def test_an_objective_can_be_chosen_until_training(setting, tmp_path):
    model = Word2Vec(vector_size=20, min_count=1, sample=0, epochs=1, workers=1)
    model.build_vocab(planted(60))
    for name, value in setting.items():
        setattr(model, name, value)
    model.train(planted(60))
    made = small(planted(60), **{"epochs": 1} | setting)
    if "workers" not in setting:
        assert model.wv.vectors.tobytes() == made.wv.vectors.tobytes()
    model.save(tmp_path / "model")
    assert Word2Vec.load(tmp_path / "model").config == made.config


@pytest.mark.parametrize(("name", "value", "error", "message"), [
    ("min_count", 3, AttributeError, r"is built and .* create a new Word2Vec\(min_count=3\)"),
    ("vector_size", 9, AttributeError, "vector_size would have no effect"),
    ("max_final_vocab", 9, AttributeError, "max_final_vocab would have no effect"),
    ("hs", 1, AttributeError, "hs=1: this objective has other matrices"),
    ("window", 0, ValueError, "window=0: expected an integer, from 1"),
    ("sg", "1", TypeError, "sg='1': expected an integer"),
    ("negative", 0, ValueError, "there is no training objective"),
    ("config", {}, TypeError, "config is of type dict: expected TrainingConfig"),
    ("windw", 3, AttributeError, "no attribute 'windw' to set; did you mean 'window'"),
    ("wv", None, AttributeError, "wv cannot be set"),
])  # fmt: skip
def test_settings_that_come_too_late_say_so(model, name, value, error, message):
    before = model.config
    with pytest.raises(error, match=message):
        setattr(model, name, value)
    assert model.config == before


def test_vectors_that_are_set_stay_when_others_begin_anew():
    model = Word2Vec(vector_size=20, min_count=1, workers=1)
    model.build_vocab(planted(60))
    model.wv.vectors[3] = np.arange(20)
    model.score_offsets = False
    fresh = Word2Vec(vector_size=20, min_count=1, workers=1, score_offsets=False)
    fresh.build_vocab(planted(60))
    fresh.wv.vectors[3] = np.arange(20)
    np.testing.assert_array_equal(model.wv.vectors, fresh.wv.vectors)


def test_before_the_vocabulary_everything_can_be_set():
    model = Word2Vec(epochs=1, workers=1)
    model.vector_size, model.min_count, model.hs, model.negative = 6, 3, 1, 0
    model.build_vocab([["a", "b", "c"], ["a", "b"]] * 2)
    assert model.wv.vectors.shape == (2, 6)
    assert model.node_vectors.shape == (1, 6)


def test_a_subclass_may_have_attributes_of_its_own():
    class Named(Word2Vec):
        pass

    model = Named()
    model.title = "mine"
    assert model.title == "mine"


# ---- What is learned ---------------------------------------------------------------------------


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("workers", [1, 2, 7])
def test_planted_clusters_are_found(shared, workers):
    assert_clusters_found(small(shared_negatives=shared, workers=workers))


def test_assert_clusters_found_would_notice():
    with pytest.raises(AssertionError):
        assert_clusters_found(small(epochs=1, alpha=1e-6, min_alpha=0))


def test_loss_begins_near_its_untrained_value_and_falls(model):
    untrained = small(epochs=1, alpha=1e-9, min_alpha=0)
    config, vocabulary = untrained.config, untrained.vocabulary
    knows_nothing = divergence.untrained_loss(config, vocabulary, None)
    assert untrained.training_loss == [pytest.approx(knows_nothing, rel=0.01)]
    without = small(epochs=1, alpha=1e-9, min_alpha=0, score_offsets=False)
    assert without.training_loss == [pytest.approx(6 * math.log(2), rel=1e-5)]
    assert len(model.training_loss) == 3
    assert untrained.training_loss[0] > model.training_loss[0] > model.training_loss[2]


def test_loss_is_the_same_for_any_number_of_workers():
    one, three = small(epochs=2), small(epochs=2, workers=3)
    assert one.training_loss == pytest.approx(three.training_loss, rel=0.02)


def test_both_matrices_move(model):
    fresh = Word2Vec(vector_size=20, min_count=1)
    fresh.build_vocab(planted())
    assert not fresh.output_vectors.any()
    bound = 4 / 20  # skip-gram has offsets of scores
    assert (np.abs(fresh.wv.vectors) <= bound).all()
    assert fresh.wv.vectors.std() == pytest.approx(bound / math.sqrt(3), rel=0.1)
    assert (model.wv.vectors != fresh.wv.vectors).mean() > 0.99
    assert (model.output_vectors != 0).mean() > 0.99


@pytest.mark.parametrize("workers", [1, 4])
def test_every_token_is_trained_once_an_epoch(workers):
    corpus = Corpus(planted(500))
    fresh = Word2Vec(
        vector_size=8,
        min_count=1,
        workers=workers,
        sample=0,
        shrink_windows=False,
        window=3,
        epochs=4,
    )
    fresh.build_vocab(corpus)
    result = fresh.train(corpus)
    assert result.tokens == 4 * corpus.n_tokens == 4 * 500 * 8
    assert result.predictions == 4 * 500 * sum(
        abs(i - j) <= 3 for i in range(8) for j in range(8) if i != j
    )


# ---- What repeats ------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("shared", [True, False])
def test_one_worker_and_one_seed_repeat_bit_for_bit(variant, shared):
    before = simd.active()
    simd.use(variant)
    try:
        one, two = (small(epochs=2, shared_negatives=shared, sample=1e-2) for _ in range(2))
        other = small(epochs=2, shared_negatives=shared, sample=1e-2, seed=2)
    finally:
        simd.use(before)
    assert one.wv.vectors.tobytes() == two.wv.vectors.tobytes()
    assert one.output_vectors.tobytes() == two.output_vectors.tobytes()
    assert one.training_loss == two.training_loss
    assert one.wv.vectors.tobytes() != other.wv.vectors.tobytes()


def test_variants_agree():
    before = simd.active()
    trained = {}
    for variant in simd.available():
        simd.use(variant)
        trained[variant] = small(planted(300), epochs=1)
    simd.use(before)
    assert len(trained) >= 1
    for variant, model in trained.items():
        np.testing.assert_allclose(
            model.wv.vectors, trained["scalar"].wv.vectors, atol=1e-4, err_msg=variant
        )


def test_sources_are_equivalent(tmp_path):
    sentences = planted(300)
    path, rest = tmp_path / "a.txt", tmp_path / "b.txt"
    lines = [" ".join(s) + "\n" for s in sentences]
    path.write_text("".join(lines[:200]))
    rest.write_text("".join(lines[200:]))
    both = tmp_path / "both.txt"
    both.write_text("".join(lines))
    expected = small(sentences, epochs=1).wv.vectors.tobytes()
    for source in (iter(sentences), lines, str(both), both, Corpus(sentences), [path, rest]):
        assert small(source, epochs=1).wv.vectors.tobytes() == expected
    settings = {"vector_size": 20, "min_count": 1, "epochs": 1, "workers": 1, "sample": 0}
    for files in (both, str(both), [path, rest]):
        assert Word2Vec(corpus_file=files, **settings).wv.vectors.tobytes() == expected


def test_in_two_steps_as_in_one():
    model = Word2Vec(vector_size=20, min_count=1, epochs=1, workers=1, sample=0)
    model.build_vocab(planted(300))
    model.train(planted(300), total_examples=model.corpus_count, epochs=model.epochs)
    assert model.wv.vectors.tobytes() == small(planted(300), epochs=1).wv.vectors.tobytes()


def test_two_epochs_at_once_as_one_after_the_other():
    corpus = Corpus(planted(300))
    whole, parts = (
        Word2Vec(vector_size=20, min_count=1, workers=1, sample=0, alpha=0.1) for _ in range(2)
    )
    for model in (whole, parts):
        model.build_vocab(corpus)
    whole.train(corpus, epochs=2, start_alpha=0.1, end_alpha=0.02)
    parts.train(corpus, epochs=1, start_alpha=0.1, end_alpha=0.06)
    parts.train(corpus, epochs=1, start_alpha=0.06, end_alpha=0.02)
    np.testing.assert_allclose(whole.wv.vectors, parts.wv.vectors, atol=1e-4)


def test_two_trainings_at_once_do_not_meet():
    expected = [small(epochs=2, seed=seed).wv.vectors.tobytes() for seed in (1, 2)]
    found = {}
    threads = [
        threading.Thread(
            target=lambda s=seed: found.update({s: small(epochs=2, seed=s).wv.vectors.tobytes()})
        )
        for seed in (1, 2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[1], found[2]] == expected


# ---- Odd inputs that must work -------------------------------------------------------------------


@pytest.mark.parametrize("settings", [
    {"vector_size": 1}, {"vector_size": 1000, "epochs": 1}, {"window": 1}, {"window": 50},
    {"negative": 1}, {"negative": 50}, {"ns_exponent": 0}, {"ns_exponent": -0.75},
    {"ns_exponent": 2.5}, {"shrink_windows": False}, {"sample": 0}, {"sample": 1e-3},
    {"min_count": 0}, {"alpha": 0.2}, {"min_alpha": 0.025}, {"workers": 40}, {"seed": 2**64 - 1},
])  # fmt: skip
@pytest.mark.parametrize("shared", [True, False])
def test_every_setting_trains(settings, shared):
    model = small(planted(60), **{"epochs": 2, "shared_negatives": shared} | settings)
    assert np.isfinite(model.wv.vectors).all()
    assert np.isfinite(model.training_loss).all()


def test_two_words_are_enough():
    model = small([["a", "b"]] * 20)
    assert sorted(model.wv.index_to_key) == ["a", "b"]
    assert model.training_loss[-1] > 0


def test_a_corpus_without_any_pair_trains_to_nothing():
    with (
        pytest.warns(UserWarning, match="every sentence .40 in all. has only one word"),
        pytest.warns(RuntimeWarning, match="nothing to train on: .*sample=0 keeps them all"),
    ):
        model = small([["a"], ["b"]] * 20)
    assert model.training_loss == []


@pytest.mark.parametrize("workers", [1, 3])
def test_a_long_sentence_is_shared_by_workers_and_loses_nothing(workers):
    rng = np.random.default_rng(0)
    corpus = Corpus([rng.choice(["a", "b", "c", "d"], 250_000).tolist()])
    assert np.diff(cut_blocks(corpus.ids)).max() < 20_000
    model = Word2Vec(
        vector_size=4,
        min_count=1,
        epochs=2,
        window=3,
        shrink_windows=False,
        sample=0,
        workers=workers,
    )
    model.build_vocab(corpus)
    result = model.train(corpus)
    assert result.tokens == 2 * 250_000
    assert result.predictions == 2 * 2 * (3 * 250_000 - (1 + 2 + 3))


def test_only_long_sentences_are_cut():
    ids = np.zeros(400_000, np.int32)
    ids[-1] = -1
    assert cut_blocks(ids).tolist() == [*range(0, 400_000, 12_500), 400_000]
    ids[9_999::10_000] = -1  # a sentence may have 10,000 words and stay whole
    edges = cut_blocks(ids)
    assert (ids[edges[1:] - 1] == -1).all()
    assert cut_blocks(ids[:0]).tolist() == [0]


def test_blocks_end_at_sentence_ends_and_cover_everything():
    rng = np.random.default_rng(0)
    ids = np.concatenate([[*range(n), -1] for n in rng.integers(1, 300, 9_000)]).astype(np.int32)
    edges = cut_blocks(ids)
    assert edges[0] == 0
    assert edges[-1] == len(ids)
    assert (ids[edges[1:] - 1] == -1).all()
    assert 30 <= len(edges) - 1 <= 33
    assert np.diff(edges).max() <= len(ids) // 32 + 300


def test_the_last_block_of_a_small_corpus_is_a_small_part_of_it():
    # The learning rate falls from block to block, and is to be near its end in the last one.
    ids = np.tile(np.array([*range(30), -1], np.int32), 200)
    assert np.diff(cut_blocks(ids)).max() <= len(ids) / 32 + 31
    assert np.diff(cut_blocks(ids[:310])).max() == 124  # but not smaller than 100 ids
    line = np.array([0] * 6_399 + [-1], np.int32)  # however long its sentences are
    assert cut_blocks(line).tolist() == [*range(0, 6_400, 200), 6_400]


# ---- Stopping ------------------------------------------------------------------------------------


def test_ctrl_c_ends_training_and_keeps_the_model(tmp_path):
    told = []

    def interrupt(progress: Progress):
        told.append(progress)
        if len(told) == 2:
            signal.raise_signal(signal.SIGINT)

    corpus = Corpus(planted(5_000))
    model = Word2Vec(vector_size=50, min_count=1, sample=0, epochs=100_000, workers=2)
    model.build_vocab(corpus)
    with pytest.raises(KeyboardInterrupt, match=r"interrupted in epoch .* of 100000") as caught:
        model.train(corpus, progress=interrupt)
    assert isinstance(caught.value, TrainingInterrupt)
    assert caught.value.model is model
    result = caught.value.result
    assert result.interrupted
    assert list(result.loss) == model.training_loss
    assert 0 < result.tokens < 100_000 * corpus.n_tokens
    assert_clusters_found(model)
    model.save(tmp_path / "model")
    assert Word2Vec.load(tmp_path / "model").wv.vectors.tobytes() == model.wv.vectors.tobytes()


def test_ctrl_c_in_the_constructor_keeps_the_model():
    def interrupt(progress: Progress):
        if progress.phase == "training" and progress.done:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(TrainingInterrupt) as caught:
        small(planted(5_000), epochs=100_000, progress=interrupt)
    assert caught.value.model.training_loss


def test_an_error_in_the_callback_stops_the_workers():
    def fail(progress: Progress):
        if progress.phase == "training":
            raise RuntimeError("from the callback")

    with pytest.raises(RuntimeError, match="from the callback"):
        small(planted(5_000), epochs=100_000, progress=fail)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("w2v")]


def test_divergence_says_where_and_what_to_lower():
    with pytest.raises(
        FloatingPointError,
        match=r"diverged in epoch 1 of 3, after [\d,]+ words .*lower alpha, .*1e\+30",
    ):
        small(alpha=1e30)


def test_a_worker_that_fails_is_heard(monkeypatch, model):
    class Broken(_hogwild.Worker):
        def run(self, *block):
            raise MemoryError("from a worker")

    monkeypatch.setattr(_hogwild, "Worker", Broken)
    with pytest.raises(MemoryError, match="from a worker"):
        small(workers=3)


# ---- Calls in the wrong order, or with the wrong things ------------------------------------------


def test_no_vocabulary_yet():
    empty = Word2Vec()
    assert "no vocabulary yet" in repr(empty)
    for use in (
        lambda: empty.wv,
        lambda: empty.output_vectors,
        lambda: empty.save("x"),
        lambda: empty.train([["a"]]),
    ):
        with pytest.raises(ValueError, match=r"call build_vocab\(corpus\), then train"):
            use()


def test_a_second_vocabulary_is_refused(model):
    with pytest.raises(ValueError, match="already has a vocabulary of 48 words"):
        model.build_vocab(planted(10))


def test_one_source_is_needed(model):
    with pytest.raises(ValueError, match="neither was given"):
        model.train()
    with pytest.raises(ValueError, match="both were given"):
        Word2Vec([["a"]], corpus_file="x")


def test_a_corpus_without_known_words(model):
    with pytest.raises(ValueError, match=r"none of the 2 types of the corpus .* of 48"):
        model.train([["foo", "bar"]])


def test_progress_of_the_wrong_type():
    with pytest.raises(TypeError, match="progress='yes': expected True, False or a callable"):
        small(planted(5), progress="yes")


def test_unknown_settings_are_refused():
    with pytest.raises(TypeError, match="vector_sise"):
        Word2Vec(vector_sise=10)


# ---- Going on ------------------------------------------------------------------------------------


def test_saved_models_train_on_as_if_never_saved(tmp_path):
    path = tmp_path / "model.safetensors"
    model = small(epochs=2)
    model.save(path)
    loaded = Word2Vec.load(path)
    assert loaded.config == model.config
    assert loaded.training_loss == model.training_loss
    assert loaded.wv.index_to_key == model.wv.index_to_key
    assert loaded.wv.get_vecattr("sea1", "count") == model.wv.get_vecattr("sea1", "count")
    assert loaded.output_vectors.tobytes() == model.output_vectors.tobytes()
    for each in (model, loaded):
        each.train(planted(), epochs=1)
    assert loaded.wv.vectors.tobytes() == model.wv.vectors.tobytes()
    assert len(loaded.training_loss) == 3


def test_attributes_of_words_are_saved_with_a_model(tmp_path):
    model = small(epochs=1)
    for name, value in (("note", "wet"), ("depth", 3), ("share", 0.5), ("blue", True)):
        model.wv.set_vecattr("sea1", name, value)
    model.save(tmp_path / "model")
    loaded = Word2Vec.load(tmp_path / "model").wv
    loaded.set_vecattr("sea2", "depth", 4)
    for wv in (loaded, KeyedVectors.load(tmp_path / "model", mmap=True)):
        values = [wv.get_vecattr("sea1", name) for name in ("note", "depth", "share", "blue")]
        assert values == ["wet", 3, 0.5, True]
        assert wv.get_vecattr("sea3", "note") is None
    assert loaded.get_vecattr("sea2", "depth") == 4


def test_a_second_training_draws_new_numbers():
    corpus = Corpus(planted(100))
    model, repeated = small(corpus, epochs=1), small(corpus, epochs=1)
    repeated._epochs_trained = 0  # as if the second training were the first once more
    for each in (model, repeated):
        each.train(corpus, epochs=2)
    assert (model._epochs_trained, repeated._epochs_trained) == (3, 2)
    assert model.wv.vectors.tobytes() != repeated.wv.vectors.tobytes()


def test_similarities_follow_further_training():
    model = small(epochs=1)
    model.wv.most_similar("sea1")  # norms are cached
    model.train(planted(), epochs=3)
    fresh = KeyedVectors(model.wv.index_to_key, model.wv.vectors.copy())
    assert model.wv.most_similar("sea1") == fresh.most_similar("sea1")


def test_a_vector_file_is_not_a_model(tmp_path, model):
    path = tmp_path / "vectors.safetensors"
    model.wv.save(path)
    with pytest.raises(ValueError, match="vectors"):
        Word2Vec.load(path)
    assert np.array_equal(KeyedVectors.load(path).vectors, model.wv.vectors)


@pytest.mark.parametrize(("change", "message"), [
    ({"config": json.dumps({"vector_size": 20, "magic": 1})}, "magic"),
    ({"config": json.dumps({"vector_size": 21})}, "20 dimensions, .* vector_size=21"),
    ({"config": "not JSON"}, "cannot read the settings of the model"),
    ({"training": "{}"}, "loss"),
])  # fmt: skip
def test_damaged_settings_are_refused(tmp_path, model, change, message):
    from w2v.io import safetensors_file

    path = tmp_path / "model.safetensors"
    model.save(path)
    tensors, metadata = safetensors_file.read(path, kind=("w2v.model",))
    safetensors_file.write(path, tensors, metadata | change)
    with pytest.raises(ValueError, match=message) as raised:
        Word2Vec.load(path)
    assert "model.safetensors" in str(raised.value)


# ---- Progress ------------------------------------------------------------------------------------


def test_progress_is_told():
    told = []
    small(planted(1_000), epochs=50, progress=told.append)
    assert told[0].phase == "reading"
    training = [p for p in told if p.phase == "training"]
    assert training[-1].done == training[-1].total == 50 * 1_000 * 8
    assert training[-1].alpha == pytest.approx(1e-4)
    assert (training[-1].epoch, training[-1].epochs) == (50, 50)
    assert training[-1].loss > 0
    assert training[-1].rate > 0
    assert [p.done for p in training] == sorted(p.done for p in training)


def test_the_last_report_is_of_the_last_epoch():
    told = []
    small(planted(60), epochs=2, progress=told.append)
    assert (told[-1].epoch, told[-1].epochs) == (2, 2)
    assert told[-1].done == told[-1].total == 2 * 60 * 8


def test_the_bar_shows_the_figures(capfd):
    with ProgressBar() as bar:
        bar(Progress("reading", 50, 100, 1.0, unit="bytes"))
        bar(Progress("reading", 100, 100, 2.0, unit="bytes"))
        bar(Progress("training", 0, 4_000_000, 0.0, 1, 2, 0.025))
        bar(Progress("training", 3_000_000, 4_000_000, 1.5, 2, 2, 0.0125, 2.5))
    shown = capfd.readouterr().err
    assert "reading: 100%" in shown
    assert "training, epoch 2/2:  75%" in shown
    assert "2.00M words/s, alpha 0.01250, loss 2.5000" in shown
    assert "50 bytes/s, 00:00 left" in shown


def test_a_notebook_gets_its_own_bar(monkeypatch):
    auto = types.ModuleType("tqdm.auto")
    auto.tqdm = object()
    monkeypatch.setitem(sys.modules, "tqdm.auto", auto)
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert bar_type() is tqdm.tqdm
    monkeypatch.setitem(sys.modules, "IPython", types.ModuleType("IPython"))
    assert bar_type() is auto.tqdm


def test_the_library_prints_nothing(capfd):
    small(planted(50))
    assert capfd.readouterr() == ("", "")


def test_training_leaves_no_threads_behind():
    small(planted(50), workers=3)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("w2v")]


def test_warnings_point_at_the_caller():
    corpus = Corpus([["a", "b"], ["c", "d"]])
    model = Word2Vec(vector_size=5, min_count=1, sample=1e-12)
    model.build_vocab(corpus)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.train(corpus)
    assert caught[0].filename == __file__


def test_a_worker_for_each_processor_unless_told_otherwise(monkeypatch):
    made = []

    class Counted(_hogwild.Worker):
        def __init__(self, job, replicas=None):
            made.append(job)

    monkeypatch.setattr(shards, "_MIN_TOKENS", 1)
    monkeypatch.setattr(shards, "_MIN_WORDS", 1)
    monkeypatch.setattr(_hogwild, "Worker", Counted)
    monkeypatch.setattr(trainer, "available_cpus", lambda: 3)
    small(planted(50), workers=None)
    assert len(made) == 3
    small(planted(50), workers=2)
    assert len(made) == 5


def test_the_rate_is_constant_for_a_while_except_for_a_model_trained_before(monkeypatch):
    monkeypatch.setattr(steps, "_bears_more", lambda config, shape: True)  # as if it were a text
    monkeypatch.setattr(steps, "_ENOUGH_UPDATES", 0.0)  # and a long one
    sentences = planted()
    model = Word2Vec(vector_size=8, min_count=1, workers=1, sample=0, epochs=10)
    model.build_vocab(sentences)

    def rates(**more):
        result = model.train(sentences, **more)
        return [round(each.learning_rate, 4) for each in result.history], result.decay_start

    falls = [0.025 - 0.0249 * max(0, n - 3) / 7 for n in range(1, 11)]
    found, share = rates(start_alpha=0.025)
    assert (found, share) == (pytest.approx(falls, abs=1e-4), 0.3)
    found, share = rates(start_alpha=0.025)
    assert (found, share) == (
        pytest.approx([0.025 - 0.0249 * n / 10 for n in range(1, 11)], abs=1e-4),
        0,
    )
    model.decay_start = 0.3
    assert rates(start_alpha=0.025) == (pytest.approx(falls, abs=1e-4), 0.3)
