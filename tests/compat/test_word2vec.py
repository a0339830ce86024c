"""`w2v.compat.gensim.models.Word2Vec`: what scripts for gensim do with a model."""

import bz2
import copy
import inspect
import io
import logging
import pickle

import numpy as np
import pytest

import w2v
from w2v.compat.gensim import utils
from w2v.compat.gensim.models import KeyedVectors, Word2Vec, word2vec
from w2v.compat.gensim.models.callbacks import CallbackAny2Vec
from w2v.compat.gensim.models.word2vec import (
    BrownCorpus,
    LineSentence,
    PathLineSentences,
    Text8Corpus,
)
from w2v.io import gensim_pickle
from w2v.training.trainer import Trainer

TEXT = [["sun", "moon", "star"], ["sun", "moon"], ["sun"]] * 4
NEW = [["sun", "comet"], ["comet", "dust"]] * 4
SMALL = {"vector_size": 4, "min_count": 1, "sample": 0, "epochs": 2}


@pytest.fixture
def model():
    return Word2Vec(TEXT, **SMALL)


def train(model, text, **more):
    return model.train(text, total_examples=len(text), epochs=model.epochs, **more)


# ---- Settings ------------------------------------------------------------------------------------


def test_arguments_in_the_order_of_gensim():
    names = list(inspect.signature(Word2Vec).parameters)
    assert names[:5] == ["sentences", "corpus_file", "vector_size", "alpha", "window"]
    assert names[5:8] == ["min_count", "max_vocab_size", "sample"]
    made = Word2Vec(None, None, 8, 0.03, 4, 2)
    assert (made.vector_size, made.alpha, made.window, made.min_count) == (8, 0.03, 4, 2)


def test_defaults_of_gensim():
    made = Word2Vec()
    assert (made.sg, made.alpha, made.workers, made.seed, made.sorted_vocab) == (0, 0.025, 3, 1, 1)
    assert (made.batch_words, made.comment, made.layer1_size) == (10_000, None, 100)
    assert not Word2Vec(sg=1).config.uses_score_offsets
    assert Word2Vec(sg=1).config.decay_start == 0
    assert len(made.wv) == 0
    assert str(made) == "Word2Vec<vocab=0, vector_size=100, alpha=0.025>"


def test_without_a_seed_each_model_is_another():
    one, two = (Word2Vec(TEXT, seed=None, **SMALL) for _ in range(2))
    assert one.seed != two.seed
    again = Word2Vec(TEXT, seed=one.seed, **SMALL)
    np.testing.assert_array_equal(again.wv.vectors, one.wv.vectors)


def test_a_small_text_gives_the_same_vectors_with_any_number_of_workers():
    one, three = (Word2Vec(TEXT, workers=n, **SMALL) for n in (1, 3))
    np.testing.assert_array_equal(one.wv.vectors, three.wv.vectors)
    assert three.workers == 3
    all_processors = Word2Vec(TEXT, workers=-1, **SMALL)
    np.testing.assert_array_equal(all_processors.wv.vectors, one.wv.vectors)


@pytest.mark.parametrize("workers", [0, -1])
def test_less_than_one_worker_is_one_per_processor(model, monkeypatch, workers):
    monkeypatch.setattr(word2vec, "available_cpus", lambda: 2)
    model.workers = workers
    assert model.workers is None
    used, seen = [], []

    class Recorder(Trainer):
        def __init__(self, weights, vocabulary, config, **more):
            used.append(config.workers)
            super().__init__(weights, vocabulary, config, **more)

    class Seen(CallbackAny2Vec):
        def on_epoch_end(self, trained):
            seen.append(trained.config.workers)  # as a model saved now has it

    monkeypatch.setattr("w2v.training.model_runs.Trainer", Recorder)
    train(model, TEXT * 40, callbacks=[Seen()])  # of more than two blocks
    assert (used, seen, model.workers) == ([2], [None, None], None)
    assert model.scan_vocab(TEXT, workers=workers) == (24, 12)
    content = gensim_pickle.GensimVectors(["sun", "moon"], np.eye(2, dtype=np.float32))
    saved = gensim_pickle.GensimModel("Word2Vec", content, None, None, {"workers": workers})
    assert Word2Vec._from_gensim(saved).workers is None


def test_old_names_say_what_to_use(model):
    with pytest.raises(TypeError, match="no argument 'size'; use vector_size"):
        Word2Vec(TEXT, size=3)
    with pytest.raises(AttributeError, match=r"use wv\.key_to_index"):
        model.vocab  # noqa: B018
    with pytest.raises(TypeError, match=r"use model\.wv\['sun'\]"):
        model["sun"]


def test_attributes_may_be_assigned_in_any_order(model):
    model.alpha = 0.00005  # below min_alpha
    assert model.config.alpha == 0.025
    model.min_alpha = 0.00005
    assert model.config.alpha == 0.00005
    model.my_own = "note"
    train(model, TEXT)
    assert (model.config.alpha, model.config.min_alpha) == (0.00005, 0.00005)


def test_a_sample_of_one_or_more_is_a_number_of_occurrences():
    made = Word2Vec(TEXT, vector_size=4, min_count=1, sample=2)
    assert made.sample == 2
    assert made.config.sample == pytest.approx(5 / 24)
    with pytest.raises(ValueError, match="null_word"):
        Word2Vec(null_word=1)


# ---- Vocabulary ----------------------------------------------------------------------------------


def test_a_vocabulary_grows(model):
    wv, vectors = model.wv, model.wv.vectors.copy()
    model.build_vocab(NEW, update=True, progress_per=5)
    assert model.wv is wv
    assert wv.index_to_key == ["sun", "moon", "star", "comet", "dust"]
    np.testing.assert_array_equal(wv.vectors[:3], vectors)
    assert (model.corpus_count, model.corpus_total_words) == (8, 16)
    assert model.syn1neg.shape == (5, 4)
    trained, raw = train(model, NEW)
    assert (trained, raw) == (32, 32)
    with pytest.raises(RuntimeError, match="no vocabulary to update"):
        Word2Vec().build_vocab(NEW, update=True)


def test_new_words_may_be_rarer(model):
    model.min_count = 9
    model.build_vocab(NEW, update=True)
    assert len(model.wv) == 3
    model.min_count = 5
    model.build_vocab(NEW, update=True)
    assert model.wv.index_to_key[3:] == ["comet"]
    with pytest.raises(AttributeError, match="vector_size would have no effect"):
        model.vector_size = 9


def test_a_text_of_unknown_words(model, caplog):
    vectors = model.wv.vectors.copy()
    assert train(model, [["x", "y"]]) == (0, 0)
    assert "none of its words is in the vocabulary" in caplog.text
    np.testing.assert_array_equal(model.wv.vectors, vectors)


def test_a_vocabulary_is_built_again(model):
    model.build_vocab(NEW)
    assert model.wv.index_to_key == ["comet", "sun", "dust"]


def test_raw_vocab_in_steps():
    made = Word2Vec(**SMALL | {"min_count": 5, "sample": 0.1})
    assert made.scan_vocab(TEXT) == (24, 12)
    assert made.raw_vocab == {"sun": 12, "moon": 8, "star": 4}
    report = made.prepare_vocab(dry_run=True)
    assert report["drop_unique"], report["num_retained_words"] == (1, 2)
    assert report["retain_total"] == 20
    assert report["downsample_unique"] == 2
    assert 0 < report["downsample_total"] < 20
    assert len(made.wv) == 0
    made.prepare_vocab(keep_raw_vocab=True)
    made.prepare_weights()
    assert made.wv.index_to_key == ["sun", "moon"]
    assert made.raw_vocab
    made.build_vocab(TEXT, keep_raw_vocab=False)
    assert made.raw_vocab == {}


def test_counts_from_elsewhere():
    made = Word2Vec(**SMALL)
    made.build_vocab_from_freq({"a": 3, "b": 5}, corpus_count=7)
    assert (made.wv.index_to_key, made.corpus_count) == (["b", "a"], 7)
    made.build_vocab_from_freq({"a": 1, "c": 5}, update=True)
    assert made.wv.index_to_key == ["b", "a", "c"]
    assert made.wv.get_vecattr("a", "count") == 4


def test_limits_of_the_vocabulary():
    text = [["a", "b"], ["a", "b"], ["b", "c"], ["a", "b"]]
    made = Word2Vec(text, max_vocab_size=2, **SMALL)
    assert made.wv.counts.tolist() == [4, 3]
    made = Word2Vec(TEXT, max_final_vocab=2, **SMALL | {"min_count": 2})
    assert (len(made.wv), made.effective_min_count) == (2, 5)
    made = Word2Vec([["x", "y", "y"]] * 2, sorted_vocab=0, **SMALL)
    assert made.wv.index_to_key == ["x", "y"]
    made = Word2Vec(TEXT, trim_rule=lambda w, c, m: utils.RULE_DISCARD * (w == "sun"), **SMALL)
    assert "sun" not in made.wv


def test_no_words():
    for text in ([], [["a"]]):
        with pytest.raises(RuntimeError, match="first build vocabulary"):
            Word2Vec(text)
    made = Word2Vec(min_count=13)
    made.build_vocab(TEXT)
    assert len(made.wv) == 0
    made = Word2Vec([["a", "b", "b"]], vector_size=4, min_count=2)  # one word: nothing to learn
    assert made.wv.index_to_key == ["b"]


def test_a_string_is_a_list_of_characters(caplog):
    made = Word2Vec(**SMALL)
    made.build_vocab(["abab", "ba"])
    assert sorted(made.wv.index_to_key) == ["a", "b"]
    assert "should be a list of words" in caplog.text
    made.build_vocab(list(text) for text in ["abc"])  # a generator
    assert len(made.wv) == 3


def test_words_may_be_integers(tmp_path):
    made = Word2Vec([[7, 3, 7], [3, 9, 7]], **SMALL)
    assert made.wv.index_to_key == [7, 3, 9]
    assert made.wv.most_similar(7, topn=2)[0][0] in (3, 9)
    made.build_vocab([[5, 3], [5]], update=True, trim_rule=lambda key, *_: 2 * (key == 5))
    assert made.wv.index_to_key == [7, 3, 9, 5]
    train(made, [[5, 3], [5, 7]])
    made.save(tmp_path / "m")
    for other in (Word2Vec.load(tmp_path / "m"), copy.deepcopy(made)):
        assert other.wv.index_to_key == [7, 3, 9, 5]
        assert other.predict_output_word([3, 9], 2) == made.predict_output_word([3, 9], 2)
    counts = Word2Vec(**SMALL)
    counts.build_vocab_from_freq({4: 2, 6: 1}, keep_raw_vocab=True)
    assert counts.wv.index_to_key == list(counts.raw_vocab) == [4, 6]
    made = Word2Vec(w2v.Corpus([[1, 2], [1]], names=["a", "b", "c"]), **SMALL)
    assert sorted(made.wv.index_to_key) == ["b", "c"]


def test_vocabulary_of_another_model(model):
    other = Word2Vec(NEW, **SMALL)
    model.reset_from(other)
    assert model.wv.key_to_index == other.wv.key_to_index
    assert not model.syn1neg.any()


# ---- Training ------------------------------------------------------------------------------------


class Calls(CallbackAny2Vec):
    def __init__(self):
        self.seen = []

    def on_train_begin(self, model):
        self.seen.append("begin")

    def on_epoch_begin(self, model):
        self.seen.append("epoch")

    def on_epoch_end(self, model):
        self.seen.append(model.get_latest_training_loss())

    def on_train_end(self, model):
        self.seen.append("end")


def test_callbacks_and_loss():
    calls = Calls()
    made = Word2Vec(TEXT, callbacks=[calls], compute_loss=True, **SMALL)
    first, second = calls.seen[2], calls.seen[4]
    assert calls.seen == ["begin", "epoch", first, "epoch", second, "end"]
    assert 0 < first < second == made.get_latest_training_loss() == made.running_training_loss
    plain = Word2Vec(TEXT, **SMALL)
    assert plain.get_latest_training_loss() == pytest.approx(second)
    np.testing.assert_array_equal(plain.wv.vectors, made.wv.vectors)
    train(made, TEXT)
    assert made.get_latest_training_loss() < second  # begins with 0 again
    assert made.train_count == 2
    assert made.total_train_time > 0


def test_what_train_needs(model):
    for more in ({"epochs": 2}, {"total_examples": 2}, {}):
        with pytest.raises(ValueError, match="pass"):
            model.train(TEXT, **more)
    with pytest.raises(RuntimeError, match="first build vocabulary"):
        train(Word2Vec(), TEXT)
    with pytest.raises(TypeError, match="either corpus_iterable or corpus_file"):
        model.train(total_words=5, epochs=1)
    with pytest.raises(TypeError, match="unexpected keyword argument 'epoch'"):
        train(model, TEXT, epoch=1)
    train(model, TEXT, word_count=0, queue_factor=4, report_delay=0.5)


def test_messages_are_logged(model, caplog):
    caplog.set_level(logging.WARNING)
    train(model, TEXT)
    assert "Effective 'alpha' higher" in caplog.text
    Word2Vec(TEXT, hs=1, **SMALL)
    assert "Both hierarchical softmax and negative sampling are activated" in caplog.text
    assert {record.name for record in caplog.records} == {"gensim.models.word2vec"}
    before = len(caplog.records)
    model.add_lifecycle_event("mine", log_level=None, note=1)
    assert model.lifecycle_events[-1] == {"event": "mine", "note": 1}
    assert len(caplog.records) == before


# ---- Matrices and queries ------------------------------------------------------------------------


def test_matrices(model):
    assert model.syn1neg.base is not None
    model.syn1neg = np.ones((3, 4))
    assert (model.output_vectors == 1).all()
    assert not hasattr(model, "syn1")
    assert model.cum_table.tolist()[-1] == 2**31 - 1
    assert (np.diff(model.cum_table) > 0).all()
    both = Word2Vec(TEXT, hs=1, negative=0, **SMALL)
    assert both.syn1.shape == (3, 4)
    np.testing.assert_array_equal(both.syn1[:2], both.node_vectors)
    assert [both.wv.get_vecattr(word, "code").tolist() for word in ("sun", "moon", "star")] == [
        [0], [1, 1], [1, 0],
    ]  # fmt: skip
    assert both.wv.get_vecattr("moon", "point").tolist() == [1, 0]
    both.syn1 = np.full((3, 4), 2)
    assert (both.node_vectors == 2).all()
    assert not hasattr(both, "syn1neg")
    assert both.cum_table is None
    both.init_weights()
    assert not both.node_vectors.any()
    assert both.estimate_memory(1000)["syn1"] == 16_000


def test_probabilities_are_those_of_gensim(model):
    found = model.predict_output_word(["sun", "moon", "?"], topn=3)
    hidden = model.wv.vectors[:2].mean(axis=0)
    expected = np.exp(model.syn1neg @ hidden)
    expected /= expected.sum()
    assert dict(found) == pytest.approx(dict(zip(model.wv.index_to_key, expected, strict=True)))
    assert model.predict_output_word([0, "moon"], topn=3) == found
    assert model.predict_output_word(["?"]) is None
    with pytest.raises(RuntimeError, match="negative above 0"):
        Word2Vec(TEXT, hs=1, negative=0, **SMALL).predict_output_word(["sun"])


def test_scores():
    made = Word2Vec(TEXT, hs=1, negative=0, **SMALL)
    scores = made.score(TEXT[:3], total_sentences=3)
    assert scores.shape == (3,)
    assert (scores[:2] < 0).all()
    assert scores[2] == 0  # a single word
    assert made.score(TEXT, 2).shape == (2,)


def test_vectors_of_another_object(model):
    words = model.wv.index_to_key
    given = w2v.KeyedVectors(words, np.eye(3, 4, dtype=np.float32))
    model.wv = given
    np.testing.assert_array_equal(model.wv.vectors, np.eye(3, 4))
    train(model, TEXT)  # they are a copy
    np.testing.assert_array_equal(given.vectors, np.eye(3, 4))
    other = w2v.KeyedVectors(["x"], np.ones((1, 4), np.float32))
    model.wv = other
    assert model.wv is other
    with pytest.raises(RuntimeError, match="first build vocabulary"):
        train(model, TEXT)
    with pytest.raises(TypeError, match="expected KeyedVectors"):
        model.wv = {}


def test_matrices_keep_their_shape():
    model = Word2Vec(TEXT, hs=1, **SMALL)
    before = model.wv.vectors.copy()
    one = np.ones((1, 4), np.float32)
    with pytest.raises(ValueError, match=r"vectors has shape \(1, 4\): expected \(3, 4\)"):
        model.wv.vectors = one
    with pytest.raises(ValueError, match=r"vectors has shape \(3, 1\): expected \(3, 4\)"):
        model.wv = w2v.KeyedVectors(model.wv.index_to_key, one.reshape(4, 1)[:3])
    for name in ("syn1neg", "syn1"):
        with pytest.raises(ValueError, match=rf"{name} has shape \(1, 4\): expected \(3, 4\)"):
            setattr(model, name, one)
    np.testing.assert_array_equal(model.wv.vectors, before)


def test_locked_vectors(model):
    before = model.wv.vectors.copy()
    model.wv.vectors_lockf = np.array([0, 1, 1], np.float32)
    train(model, TEXT)
    assert (before == model.wv.vectors).all(axis=1).tolist() == [True, False, False]
    model.wv.vectors_lockf = np.array([0.5, 1, 1])
    with pytest.raises(ValueError, match="no factors in between"):
        train(model, TEXT)


# ---- Files and copies ----------------------------------------------------------------------------


def test_a_saved_model_is_the_same(tmp_path):
    made = Word2Vec(TEXT, comment="mine", sorted_vocab=0, seed=None, **SMALL | {"sample": 3})
    made.alpha = 0.01
    made.save(tmp_path / "m.model", separately=[], pickle_protocol=2)
    again = Word2Vec.load(str(tmp_path / "m.model"), mmap="r")
    assert type(again) is Word2Vec
    names = ["comment", "sorted_vocab", "sample", "alpha", "seed", "min_alpha_yet_reached"]
    for name in names:
        assert getattr(again, name) == getattr(made, name)
    np.testing.assert_array_equal(again.syn1neg, made.syn1neg)
    assert w2v.Word2Vec.load(tmp_path / "m.model").wv.index_to_key == made.wv.index_to_key
    file = io.BytesIO()
    made.save(file)
    assert file.getvalue() == (tmp_path / "m.model").read_bytes()


@pytest.mark.parametrize("factors", [[1, 0, 0.5], [0], [0, 1], [1, 1, 1]])
def test_locks_are_saved(model, tmp_path, factors):
    model.wv.vectors_lockf = np.array(factors, np.float32)
    model.save(tmp_path / "m")
    assert Word2Vec.load(tmp_path / "m").wv.vectors_lockf.tolist() == factors
    model.wv.save(tmp_path / "kv")
    assert KeyedVectors.load(tmp_path / "kv").vectors_lockf.tolist() == factors


@pytest.mark.parametrize("locks", [[[1.0], [4]], [[1.0], [-1]], [["x"], [1]], 7, [[1.0, 0.0], [1]]])
def test_locks_that_are_corrupt(model, tmp_path, locks):
    model._extra_state = lambda: {"gensim": {"vectors_lockf": locks}}
    model.save(tmp_path / "m")
    with pytest.raises(ValueError, match="m: the file is truncated or corrupt"):
        Word2Vec.load(tmp_path / "m")


def test_attributes_of_integers_are_saved(tmp_path):
    made = Word2Vec([[7, 8]] * 4, **SMALL)
    made.wv.set_vecattr(7, "note", "lucky")
    made.save(tmp_path / "m")
    assert Word2Vec.load(tmp_path / "m").wv.get_vecattr(7, "note") == "lucky"
    assert pickle.loads(pickle.dumps(made)).wv.get_vecattr(7, "note") == "lucky"


def test_a_model_of_gensim_whose_words_are_integers(tmp_path):
    models = pytest.importorskip("gensim.models")
    text, path = [[7, 8, 9], [7, 8], [7]] * 4, str(tmp_path / "m")
    theirs = models.Word2Vec(text, workers=1, **SMALL)
    theirs.save(path)
    model = Word2Vec.load(path)
    assert model.wv.index_to_key == [7, 8, 9]
    np.testing.assert_array_equal(model.wv[8], theirs.wv[8])
    assert train(model, text) == (48, 48)
    theirs.wv.index_to_key[0] = "seven"
    theirs.save(path)
    with pytest.raises(ValueError, match=r"m: some keys .*KeyedVectors\.load\(\) reads"):
        Word2Vec.load(path)
    assert KeyedVectors.load(path).index_to_key == ["seven", 8, 9]


def test_what_cannot_be_loaded(model, tmp_path):
    with pytest.raises(AttributeError, match="a method of the class"):
        model.load("m")
    model.wv.save(str(tmp_path / "kv"))
    for kind in (AttributeError, ValueError):
        with pytest.raises(kind, match="expected"):
            Word2Vec.load(tmp_path / "kv")


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_copies(model, duplicate):
    model.wv.vectors_lockf = np.array([1, 0, 1])
    other = duplicate(model)
    np.testing.assert_array_equal(other.wv.vectors_lockf, [1, 0, 1])
    np.testing.assert_array_equal(other.wv.vectors, model.wv.vectors)
    assert type(other.wv) is type(model.wv)
    train(other, TEXT)
    assert (other.wv.vectors != model.wv.vectors).any()


def test_the_huffman_tree_of_gensim_is_another(tmp_path):
    """Its nodes are numbered in another order, and words of equal frequency have other places."""
    made = Word2Vec(TEXT, hs=1, negative=0, **SMALL)
    tree = made.vocabulary.huffman_tree()
    content = gensim_pickle.GensimVectors(
        ["moon", "star", "sun"],
        made.wv[["moon", "star", "sun"]],
        np.array([8, 4, 12]),
        codes=[[0, 1], [0, 0], [1]],
        nodes=[[0, 1], [0, 1], [0]],
    )
    assert tree.path.tolist() == [1, ~1, ~0, ~1, 0]  # of sun, moon and star
    nodes = made.node_vectors[::-1] * [[-1], [1]]  # the root first; its children are exchanged
    settings = {"sg": 0, "hs": 1, "negative": 0, "epochs": 2, "sample": 0, "corpus_count": 12}
    saved = gensim_pickle.GensimModel("Word2Vec", content, None, np.float32(nodes), settings)
    model = Word2Vec._from_gensim(saved)
    np.testing.assert_allclose(model.score(TEXT[:2]), made.score(TEXT[:2]), rtol=1e-6)
    model.save(tmp_path / "m")
    again = Word2Vec.load(tmp_path / "m")
    np.testing.assert_array_equal(again.score(TEXT[:2]), model.score(TEXT[:2]))
    train(copy.deepcopy(again), TEXT)
    content.nodes = None
    assert not Word2Vec._from_gensim(saved).node_vectors.any()
    again.build_vocab(NEW, update=True)
    assert again.vocabulary.given_tree is None


# ---- Texts ---------------------------------------------------------------------------------------


def test_line_sentences(tmp_path):
    utils.save_as_line_sentence(TEXT, tmp_path / "b.txt")
    (tmp_path / "a.bz2").write_bytes(bz2.compress("é x\n".encode()))
    assert list(LineSentence(tmp_path / "b.txt")) == TEXT
    assert list(LineSentence(tmp_path / "b.txt", 2, limit=1)) == [["sun", "moon"], ["star"]]
    with open(tmp_path / "b.txt", "rb") as file:
        lines = LineSentence(file)
        assert list(lines) == list(lines) == TEXT
    assert list(PathLineSentences(tmp_path)) == [["é", "x"], *TEXT]
    assert list(PathLineSentences(tmp_path / "b.txt")) == TEXT
    with pytest.raises(ValueError, match="a file or a folder"):
        PathLineSentences(tmp_path / "c")
    for source in (LineSentence(tmp_path / "b.txt"), LineSentence(tmp_path / "b.txt", limit=12)):
        np.testing.assert_array_equal(
            Word2Vec(source, **SMALL).wv.vectors, Word2Vec(TEXT, **SMALL).wv.vectors
        )
    assert len(Word2Vec(PathLineSentences(tmp_path), **SMALL).wv) == 5
    from_file = Word2Vec(corpus_file=str(tmp_path / "b.txt"), **SMALL)
    assert from_file.corpus_total_words == 24
    with pytest.raises(TypeError, match="expected the path"):
        Word2Vec(corpus_file=TEXT)


def test_other_iterables(tmp_path):
    (tmp_path / "text8").write_text("a b c " * 30_000 + "end")
    sentences = list(Text8Corpus(tmp_path / "text8", 8_000))
    assert [len(one) for one in sentences] == [8_000] * 11 + [2_001]
    assert sentences[-1][-1] == "end"
    (tmp_path / "brown").mkdir()
    (tmp_path / "brown" / "ca01").write_text("The/at Jury/nn-hl said/vbd ,/, a/b/c\n\n")
    assert list(BrownCorpus(tmp_path / "brown")) == [["the/at", "jury/nn", "said/vb"]]


@pytest.mark.parametrize("kind", [LineSentence, PathLineSentences, Text8Corpus])
def test_sentences_have_at_least_one_word(tmp_path, kind):
    with pytest.raises(
        ValueError, match="max_sentence_length=0: expected an integer of at least 1"
    ):
        kind(tmp_path, 0)
