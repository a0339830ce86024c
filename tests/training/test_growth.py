"""A model that is changed while it lives: words added to its vocabulary, calls after each epoch."""

import numpy as np
import pytest

import w2v
from w2v.vocab.huffman import HuffmanTree

OLD = [["sun", "moon", "star"], ["sun", "moon"], ["sun"]] * 4
NEW = [["sun", "comet", "rock"], ["comet", "dust"]] * 4
ROWS = ["sun", "moon", "star", "comet", "rock", "dust"]


def trained(**settings):
    settings = {"min_count": 1, "sample": 0, "workers": 1, "epochs": 2} | settings
    return w2v.Word2Vec(OLD, vector_size=4, **settings)


@pytest.mark.parametrize("objective", [{}, {"hs": 1}, {"hs": 1, "negative": 0}, {"softmax": True}])
def test_old_rows_stay_and_new_rows_are_untrained(objective):
    model = trained(**objective)
    wv, vectors = model.wv, model.wv.vectors.copy()
    model.build_vocab(NEW, update=True)
    assert model.wv is wv
    assert wv.index_to_key == model.vocabulary.words == ROWS
    assert wv.counts.tolist() == model.vocabulary.counts.tolist() == [16, 8, 4, 8, 4, 4]
    np.testing.assert_array_equal(wv.vectors[:3], vectors)
    fresh = wv.vectors[3:].copy()
    assert 0 < abs(fresh).max() <= 0.25
    start = w2v.Word2Vec(min_count=1, vector_size=4)
    start.build_vocab(OLD)
    assert not np.isin(fresh, start.wv.vectors).any()
    if objective.get("hs"):
        assert model.node_vectors.shape == (5, 4)
        assert not model.node_vectors.any()
    if objective.get("negative", 5):
        assert model.output_vectors.shape == (6, 4)
        assert model.output_vectors[:3].any(axis=1).all()
        assert not model.output_vectors[3:].any()
    assert (model.corpus_count, model.corpus_total_words) == (12 + 8, 24 + 20)
    model.train(NEW)
    assert (wv.vectors != np.concatenate([vectors, fresh])).any(axis=1)[[0, 3, 4, 5]].all()


def test_a_grown_model_is_saved_and_grows_on(tmp_path):
    model = trained(hs=1)
    model.build_vocab(NEW, update=True)
    model.save(tmp_path / "m")
    again = w2v.Word2Vec.load(tmp_path / "m")
    assert again.wv.index_to_key == ROWS
    assert again.train(NEW).loss == model.train(NEW).loss
    again.build_vocab_from_freq({"moon": 1, "tide": 3}, update=True)
    assert again.wv.index_to_key == [*ROWS, "tide"]
    assert again.wv.get_vecattr("moon", "count") == 9


def test_what_decides_about_new_words():
    model = trained(min_count=4)
    more = {"sun": 1, "rare": 3, "often": 9, "kept": 1}
    model.build_vocab_from_freq(
        more, update=True, trim_rule=lambda word, *_: w2v.RULE_KEEP if word == "kept" else None
    )
    assert model.wv.index_to_key == ["sun", "moon", "star", "often", "kept"]
    model = trained(max_final_vocab=4)
    model.build_vocab_from_freq({"one": 2, "two": 1, "sun": 7}, update=True)
    assert model.wv.index_to_key == ["sun", "moon", "star", "one"]
    model.build_vocab_from_freq({"sun": 5, "star": 1}, update=True)  # no new word
    assert model.wv.counts.tolist() == [12 + 7 + 5, 8, 5, 2]
    for nothing in ({}, []):
        model.build_vocab_from_freq(nothing, update=True)
        grown = model.vocabulary.grown(nothing, trim_rule=lambda *_: w2v.RULE_KEEP)
        assert (grown.words, grown.tokens) == (model.wv.index_to_key, 39)
    assert model.wv.counts.tolist() == [24, 8, 5, 2]


def test_text_of_an_update_is_read_as_that_of_the_model():
    model = w2v.Word2Vec(vector_size=4, min_count=1)
    model.build_vocab(w2v.Corpus(["Sun moon"], lowercase=True))
    model.build_vocab(["SUN Star"], update=True)
    assert model.wv.index_to_key == ["sun", "moon", "star"]


def test_an_update_needs_a_vocabulary():
    with pytest.raises(ValueError, match="no vocabulary yet"):
        w2v.Word2Vec().build_vocab(OLD, update=True)
    with pytest.raises(ValueError, match="mutually exclusive"):
        trained().build_vocab(NEW, update=True, vocabulary=["comet"])


def test_attributes_of_words_grow():
    model = trained()
    model.wv.set_vecattr("moon", "kind", 7)
    model.build_vocab(NEW, update=True)
    assert model.wv.get_vecattr("moon", "kind") == 7
    assert model.wv.get_vecattr("dust", "kind") == 0


def test_the_tree_of_counts_in_any_order():
    counts = np.array([3, 9, 1, 9, 4, 27, 2])
    order = np.argsort(-counts, kind="stable")
    tree, sorted_tree = HuffmanTree.from_counts(counts), HuffmanTree.from_counts(counts[order])
    for place, word in enumerate(order):
        ours = tree.path[tree.offsets[word] : tree.offsets[word + 1]]
        first, last = sorted_tree.offsets[place : place + 2]
        np.testing.assert_array_equal(ours, sorted_tree.path[first:last])


# ---- on_epoch_end --------------------------------------------------------------------------------


def test_calls_after_each_epoch_change_nothing():
    seen = []

    def look(model):
        seen.append((list(model.training_loss), model.wv.similarity("sun", "moon")))

    model, plain = trained(on_epoch_end=look), trained()
    assert [len(loss) for loss, _ in seen] == [1, 2]
    assert seen[0][1] != seen[1][1] == model.wv.similarity("sun", "moon")
    assert model.training_loss == plain.training_loss == seen[1][0]
    np.testing.assert_array_equal(model.wv.vectors, plain.wv.vectors)


def test_workers_have_trained_the_whole_epoch():
    """And no more of it: the loss of the epochs that follow is not yet there."""
    tokens = []
    model = w2v.Word2Vec(vector_size=4, min_count=1, sample=0, workers=3, epochs=3)
    text = OLD * 500
    model.build_vocab(text)
    result = model.train(text, on_epoch_end=lambda m: tokens.append(len(m.training_loss)))
    assert tokens == [1, 2, 3]
    assert result.tokens == 3 * sum(map(len, text))
    assert len(result.loss) == 3


def test_true_ends_training():
    model = trained(epochs=9, on_epoch_end=lambda m: len(m.training_loss) == 2)
    assert len(model.training_loss) == 2
    result = model.train(OLD, on_epoch_end=lambda m: 1)  # not True
    assert len(result.loss) == 9
    assert not result.interrupted


def test_true_of_numpy_ends_training():
    model = trained(epochs=9, on_epoch_end=lambda m: np.float64(len(m.training_loss)) > 2)
    assert len(model.training_loss) == 3


def test_what_cannot_be_called_is_refused_before_reading():
    unread = iter(OLD)
    for run in (w2v.Word2Vec, trained().train):
        with pytest.raises(TypeError, match="on_epoch_end=3: expected a function of the model"):
            run(unread, on_epoch_end=3)
    assert next(unread) is OLD[0]


def test_what_a_call_raises_ends_training():
    def fail(model):
        raise LookupError("no more")

    model = trained()
    with pytest.raises(LookupError, match="no more"):
        model.train(OLD, on_epoch_end=fail)
    assert len(model.training_loss) == 3

    def press(model):
        raise KeyboardInterrupt

    with pytest.raises(w2v.TrainingInterrupt):
        model.train(OLD, on_epoch_end=press)
    assert len(model.training_loss) == 4


def test_losses_of_a_diverged_training_are_forgotten():
    model = trained(sg=0)
    before = list(model.training_loss)
    with pytest.raises(FloatingPointError):
        model.train(OLD * 50, epochs=20, start_alpha=1e30, on_epoch_end=lambda m: None)
    assert model.training_loss == before


def test_a_call_cannot_change_what_is_being_trained():
    for change in (
        lambda m: m.build_vocab([["z", "y"]] * 9, update=True),
        lambda m: m.train(OLD, epochs=1),
    ):
        with pytest.raises(RuntimeError, match="on_epoch_end has trained the model, or changed"):
            trained().train(OLD, on_epoch_end=change)


def test_an_arithmetic_error_of_a_call_is_no_divergence():
    def fail(model):
        raise FloatingPointError("a function of yours")

    model = trained()
    before, losses = model.wv.vectors.tobytes(), len(model.training_loss)
    with pytest.raises(FloatingPointError, match=r"^a function of yours$"):
        model.train(OLD, on_epoch_end=fail)
    assert model.wv.vectors.tobytes() != before
    assert len(model.training_loss) == losses + 1


def test_epochs_without_predictions_are_counted_alike():
    text = [["a", "b", "c"]] * 8
    settings = {"min_count": 1, "sample": 2e-3, "seed": 2, "epochs": 6, "workers": 1}
    plain = w2v.Word2Vec(text, **settings)
    called = w2v.Word2Vec(text, on_epoch_end=lambda m: None, **settings)
    assert plain.training_loss == called.training_loss
    assert plain._epochs_trained == called._epochs_trained < 6


def test_an_update_reads_text_as_the_model_does():
    model = trained()
    with pytest.raises(ValueError, match="lowercase=True: this model reads text with lowercase=F"):
        model.build_vocab(["Star Sun"] * 9, update=True, lowercase=True)
    with pytest.raises(ValueError, match="tokenizer='unicode': this model reads text with"):
        model.build_vocab(["Star Sun"] * 9, update=True, tokenizer="unicode")


def test_arguments_without_a_text_are_refused():
    for name, value in {"column": "text", "on_epoch_end": print}.items():
        with pytest.raises(ValueError, match=f"{name}= requires a corpus; pass it to"):
            w2v.Word2Vec(**{name: value})
