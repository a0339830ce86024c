"""A model that is changed while it lives: words added to its vocabulary, calls after each epoch."""

import collections
import copy
import itertools
import pickle

import numpy as np
import pytest
import reference

import w2v
from w2v.training import shards
from w2v.training.starts import Starts
from w2v.training.weights import pad_rows
from w2v.vocab.huffman import HuffmanTree
from w2v.vocab.sampling import keep_probability, subsampling_thresholds

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
    assert 0 < abs(fresh).max() <= (4 if model.config.uses_score_offsets else 1) / 4
    start = w2v.Word2Vec(min_count=1, vector_size=4, **objective)
    start.build_vocab(OLD)
    assert not np.isin(fresh, start.wv.vectors).any()
    if objective.get("hs"):
        assert model.node_vectors.shape == (5, 4)
        assert model.node_vectors.any(axis=1).sum() == 2  # those of the first tree
    if objective.get("negative", 5):
        assert model.output_vectors.shape == (6, 4)
        assert model.output_vectors[:3].any(axis=1).all()
        assert not model.output_vectors[3:].any()
    assert (model.corpus_count, model.corpus_total_words) == (12 + 8, 24 + 20)
    model.train(NEW)
    assert (wv.vectors != np.concatenate([vectors, fresh])).any(axis=1)[[0, 3, 4, 5]].all()


def test_new_words_without_any_context_begin_with_random_numbers():
    words = [f"w{i}" for i in range(20)]
    text = np.random.default_rng(0).choice(words, (100, 6)).tolist()
    model = w2v.Word2Vec(text, vector_size=2, min_count=1, workers=1, sample=0)
    with pytest.warns(UserWarning, match="has only one word"):
        model.build_vocab([[word] for word in [*words, "new"] * 6], update=True)
    assert model.wv["new"].any()


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


# ---- The tree of a grown model -------------------------------------------------------------------


@pytest.mark.parametrize(("counts", "more"), [
    ([5, 3, 2, 2], [1]), ([9, 1], [8, 7, 1]), ([4, 4, 4, 3, 1], [1, 2]),
    ([1, 1], [50, 40]), ([90, 2, 1], [0, 0]),
])  # fmt: skip
def test_known_words_keep_their_codes_in_a_grown_tree(counts, more):
    counts, more = np.array(counts), np.array(more)
    tree = HuffmanTree.from_counts(counts)
    grown, numbers = tree.grafted(counts, more)
    grown.checked()
    n_words, everything = len(counts) + len(more), np.concatenate([counts, more])
    paths = np.split(grown.path, grown.offsets[1:-1])
    for word, path in enumerate(np.split(tree.path, tree.offsets[1:-1])):
        known = np.isin(np.where(paths[word] < 0, ~paths[word], paths[word]), numbers)
        moved = np.where(path < 0, ~numbers[~path], numbers[path])
        np.testing.assert_array_equal(paths[word][known], moved)
        assert (~known).sum() <= 1
    assert sum(2.0 ** -len(path) for path in paths) == 1  # it is a code, and none is shorter
    assert len({tuple(path) for path in paths}) == n_words
    for path in paths:
        nodes = np.where(path < 0, ~path, path)
        assert nodes[0] == n_words - 2
        assert (np.diff(nodes) < 0).all()
    # No other place would do better.
    below = collections.Counter()  # of each place, by the path that leads to it
    for path, count in zip(np.split(tree.path, tree.offsets[1:-1]), counts, strict=True):
        below.update({tuple(path[:depth]): count for depth in range(len(path) + 1)})
    own = reference.huffman_cost(counts) + reference.huffman_cost(more) + more.sum()
    best = min(count + max(1, more.sum()) * len(place) for place, count in below.items())
    lengths = np.diff(grown.offsets)
    assert (everything * lengths).sum() == own + best or not more.any()


def test_known_words_are_predicted_as_before_in_a_grown_tree(tmp_path):
    model = trained(hs=1, negative=0)
    before = model.predict_output_word(["sun", "moon"], topn=None)
    for more in (NEW, [["flood", "tide", "sun"]] * 9):  # one after the other
        model.build_vocab(more, update=True)
        after = model.predict_output_word(["sun", "moon"], topn=None)
        assert after.sum() == pytest.approx(1)
        halved = np.log2(before / after[:3])
        np.testing.assert_allclose(halved, np.rint(halved), atol=1e-5)  # by nodes that know nothing
        assert halved.max() <= 2
        before = after[:3]
    model.save(tmp_path / "m")
    again = w2v.Word2Vec.load(tmp_path / "m")
    assert again.train(NEW).loss == model.train(NEW).loss
    counts = model.vocabulary.counts.copy()
    path = model.vocabulary.huffman_tree().path
    model.build_vocab(OLD, update=True)  # no new word: the same tree
    assert (model.vocabulary.counts != counts).any()
    np.testing.assert_array_equal(model.vocabulary.huffman_tree().path, path)


def test_a_tree_without_anything_learned_is_built_again():
    model = w2v.Word2Vec(vector_size=4, min_count=1, hs=1, sample=0, workers=1)
    model.build_vocab(OLD)
    model.build_vocab(NEW, update=True)
    whole = HuffmanTree.from_counts(model.vocabulary.counts)
    np.testing.assert_array_equal(model.vocabulary.huffman_tree().path, whole.path)


# ---- Where new rows begin ------------------------------------------------------------------------


def topical(n, words, rng, length=8):
    """Sentences of two topics, each with words of its own."""
    topics = [f"sea{i}" for i in range(words)], [f"law{i}" for i in range(words)]
    return [rng.choice(topics[i % 2], length).tolist() for i in range(n)]


def test_new_rows_begin_where_their_contexts_suggest():
    rng = np.random.default_rng(0)
    settings = {"vector_size": 8, "min_count": 1, "sample": 0, "workers": 1, "hs": 1}
    model = w2v.Word2Vec(topical(600, 30, rng), epochs=3, **settings)
    more = [[*sentence, "ship" if i % 2 == 0 else "judge"] for i, sentence in
            enumerate(topical(80, 30, rng))]  # fmt: skip
    model.build_vocab(more, update=True)
    for word, topic in (("ship", "sea"), ("judge", "law")):
        assert all(near.startswith(topic) for near, _ in model.wv.most_similar(word, topn=10))
        row = model.wv.get_index(word)
        side = model.output_vectors @ model.output_vectors[row]
        same = np.array([w.startswith(topic) for w in model.wv.index_to_key])
        assert side[:60][same[:60]].min() > side[:60][~same[:60]].max()
    loss = model.train(more, epochs=1).loss[0]
    later = w2v.Word2Vec(topical(600, 30, np.random.default_rng(0)), epochs=3, **settings)
    later.build_vocab_from_freq(dict.fromkeys(["ship", "judge"], 40), update=True)
    assert loss < later.train(more, epochs=1).loss[0]


def test_starts_are_those_of_a_plain_transcription():
    rng = np.random.default_rng(1)
    known_words, dim, window = 40, 5, 3
    words = [f"w{i:02}" for i in range(known_words)]
    text = [rng.choice([*words, "new", "rare"], 12).tolist() for _ in range(90)]
    text.append(["rare", "new"])
    corpus = w2v.Corpus(text)
    config = w2v.TrainingConfig(vector_size=dim, window=window, sample=0.01)
    all_words = [*words, "new", "rare"]
    tally = collections.Counter(word for sentence in text for word in sentence)
    vocabulary = w2v.Vocabulary(all_words, np.array([tally[word] for word in all_words]))
    rows = pad_rows(rng.standard_normal((len(all_words), dim)).astype(np.float32))
    known = np.arange(len(all_words)) < known_words
    known[3] = False
    before = rows.astype(float)[:, :dim]
    Starts(corpus, vocabulary, config, rows, known, np.array([40, 41])).write(rows)

    keep = keep_probability(subsampling_thresholds(vocabulary.counts, 0.01))
    sums, total = np.zeros((len(all_words), dim)), np.zeros(len(all_words))
    for sentence in text:
        at = [all_words.index(word) for word in sentence]
        for i, j in itertools.permutations(range(len(at)), 2):
            if abs(i - j) <= window and known[at[j]]:
                weight = keep[at[j]] * (window - abs(i - j) + 1) / window
                sums[at[i]] += weight * before[at[j]]
                total[at[i]] += weight
    features = np.c_[sums / total[:, np.newaxis], np.ones(len(total))]
    given = features[known]
    certain = np.minimum(vocabulary.counts[known], 20)[:, np.newaxis]
    fit = np.linalg.solve(given.T @ (certain * given) + np.eye(dim + 1),
                          given.T @ (certain * before[known]))  # fmt: skip
    np.testing.assert_allclose(rows[40:, :dim], before[40:] + features[40:] @ fit, atol=1e-4)
    np.testing.assert_array_equal(rows[:40, :dim], before[:40].astype(np.float32))
    assert not rows[:, dim:].any()


def test_without_enough_known_words_new_rows_begin_anywhere():
    model, plain = trained(), trained()
    model.build_vocab(NEW, update=True)
    counts = collections.Counter(word for sentence in NEW for word in sentence)
    plain.build_vocab_from_freq(counts, update=True)
    np.testing.assert_array_equal(model.wv.vectors, plain.wv.vectors)


# ---- Anchors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings", [{}, {"sg": 0}, {"hs": 1}, {"softmax": True}, {"workers": 3, "replica_memory": 0}]
)
def test_an_anchor_holds_known_rows_and_leaves_new_ones_free(settings):
    model, free = trained(**settings), trained(**settings)
    for each in (model, free):
        each.build_vocab(NEW, update=True)
    before = {name: m.copy() for name, m in model._weights.matrices().items()}
    model.train(NEW, anchor=np.inf)
    for name, rows in model._weights.matrices().items():
        same = (rows == before[name]).all(axis=1)
        known = [0, 1, 2] if name != "node_vectors" else before[name].any(axis=1)
        assert same[known].all(), name
        assert not same.all(), name
        assert name == "node_vectors" or not same[4], name
    free.train(NEW)
    assert not (free._weights.vectors[0] == before["vectors"][0]).all()
    # Later, they are known, too.
    later = model.wv.vectors.copy()
    model.train(NEW, anchor=np.inf)
    np.testing.assert_array_equal(model.wv.vectors, later)


def test_an_anchor_of_nothing_changes_nothing():
    plain, anchored = trained(), trained()
    for each, anchor in ((plain, None), (anchored, 0)):
        each.build_vocab(NEW, update=True)
        each.train(NEW, anchor=anchor)
    assert plain.wv.vectors.tobytes() == anchored.wv.vectors.tobytes()
    weak, strong = trained(), trained()
    start = weak.wv.vectors.copy()
    for each, anchor in ((weak, 3), (strong, 1e4)):
        each.train(OLD * 20, anchor=anchor)
    plain = trained()
    plain.train(OLD * 20)
    moved = [abs(m.wv.vectors - start).max() for m in (strong, weak, plain)]
    assert 0 < moved[0] < 0.1 * moved[1]
    assert moved[1] < moved[2]


@pytest.mark.parametrize("objective", [{}, {"hs": 1, "negative": 0}])
def test_shards_are_held_as_one_worker_is(objective, monkeypatch):
    monkeypatch.setattr(shards, "_MIN_TOKENS", 1_000)
    monkeypatch.setattr(shards, "_MIN_WORDS", 1)
    rng = np.random.default_rng(0)
    settings = {"vector_size": 8, "min_count": 1, "sample": 0, "workers": 1} | objective
    model = w2v.Word2Vec(topical(1_000, 30, rng), epochs=2, **settings)
    before = model.wv.vectors.copy()
    text = [rng.permutation(model.wv.index_to_key[:40])[:10].tolist() for _ in range(1_600)]
    moved, content = [], []
    for n, workers in ((1, 1), (8, 1), (8, 3)):
        each = copy.deepcopy(model)
        each.shards, each.workers = n, workers
        result = each.train(text, anchor=10, epochs=3)
        assert result.shards == n
        moved.append(np.linalg.norm(each.wv.vectors - before))
        content.append(each.wv.vectors.tobytes())
    assert content[1] == content[2] != content[0]
    assert moved[0] > 0.1
    assert 0.5 < moved[1] / moved[0] < 1.5


def test_each_word_may_have_an_anchor_of_its_own():
    model = trained(hs=1)
    before = model.wv.vectors.copy(), model.output_vectors.copy()
    model.train(OLD, anchor=[np.inf, 0, 0])
    for rows, was in zip((model.wv.vectors, model.output_vectors), before, strict=True):
        np.testing.assert_array_equal((rows == was).all(axis=1), [True, False, False])
    tree = HuffmanTree.from_counts(np.array([4, 2, 1]))  # one node above the rarer two
    np.testing.assert_allclose(tree.means_below(np.array([7.0, 3, 6]), np.array([4, 2, 1])),
                               [(2 * 3 + 6) / 3, (4 * 7 + 2 * 3 + 6) / 7])  # fmt: skip


def test_what_is_new_is_known_to_files_and_copies(tmp_path):
    model = trained(hs=1)
    plain = tmp_path / "plain"
    model.save(plain)
    assert b"learned" not in plain.read_bytes()
    model.build_vocab(NEW, update=True)
    model.save(tmp_path / "m")
    copies = [w2v.Word2Vec.load(tmp_path / "m"), pickle.loads(pickle.dumps(model))]
    model.train(NEW, anchor=np.inf)
    for other in copies:
        other.train(NEW, anchor=np.inf)
        assert other.wv.vectors.tobytes() == model.wv.vectors.tobytes()
        assert other.node_vectors.tobytes() == model.node_vectors.tobytes()
    model.save(tmp_path / "m")
    assert b"learned" not in (tmp_path / "m").read_bytes()


@pytest.mark.parametrize(("anchor", "error", "message"), [
    (-1, ValueError, "anchor=-1: expected a strength of at least 0; 0 leaves rows free"),
    (np.nan, ValueError, "anchor=nan: expected a strength of at least 0"),
    ([1, 2], ValueError, r"anchor is an array of shape \(2,\): expected a number, or one per word"),
    ([1, -2, 1], ValueError, "anchor=-2: expected"),
    (True, TypeError, "anchor=True: expected a number, at least 0, or one per word"),
    ("strong", TypeError, "anchor='strong': expected a number"),
])  # fmt: skip
def test_anchors_that_are_refused(anchor, error, message):
    with pytest.raises(error, match=message):
        trained().train(OLD, anchor=anchor)


def test_an_anchor_needs_something_to_hold():
    model = w2v.Word2Vec(vector_size=4, min_count=1)
    model.build_vocab(OLD)
    with pytest.raises(ValueError, match=r"anchor=0\.5: nothing was learned .* train the"):
        model.train(OLD, anchor=0.5)


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


# ---- Vectors to begin with -----------------------------------------------------------------------


def given(words=("sun", "star", "comet")):
    rows = np.random.default_rng(5).standard_normal((len(words), 4)).astype(np.float32)
    return w2v.KeyedVectors(list(words), rows)


def test_given_vectors_are_those_of_their_words(tmp_path):
    wv = given()
    wv.save_word2vec_format(tmp_path / "wv.txt")
    plain = w2v.Word2Vec(vector_size=4, min_count=1)
    plain.build_vocab(OLD)
    for init in (wv, tmp_path / "wv.txt", str(tmp_path / "wv.txt")):
        model = w2v.Word2Vec(vector_size=4, min_count=1, sample=0)
        model.build_vocab(OLD, init=init)
        assert model.initial_words == 2
        np.testing.assert_allclose(model.wv[["sun", "star"]], wv[["sun", "star"]], rtol=1e-6)
        np.testing.assert_array_equal(model.wv["moon"], plain.wv["moon"])
        assert not model.output_vectors.any()
    model.save(tmp_path / "m")
    model = w2v.Word2Vec.load(tmp_path / "m")
    assert model.initial_words == 2
    # What was given can be held, the rest is free.
    model.train(OLD, anchor=np.inf)
    np.testing.assert_allclose(model.wv[["sun", "star"]], wv[["sun", "star"]], rtol=1e-6)
    assert (model.wv["moon"] != plain.wv["moon"]).all()
    assert model.output_vectors.any(axis=1).all()
    trained_at_once = w2v.Word2Vec(OLD, init=wv, vector_size=4, min_count=1, sample=0, workers=1)
    assert trained_at_once.initial_words == 2
    assert trained_at_once.wv["sun"].tobytes() != wv["sun"].tobytes()


def test_a_model_gives_output_vectors_to_one_of_its_kind():
    source = trained()
    offsets = {"score_offsets": True}
    for settings, same in (
        ({}, True), ({"hs": 1} | offsets, True), ({"hs": 1}, False), ({"sg": 0} | offsets, False),
    ):  # fmt: skip
        model = w2v.Word2Vec(vector_size=4, min_count=1, **settings)
        model.build_vocab([*NEW, ["moon"] * 99], init=source)
        assert model.initial_words == 2
        row, own = ([m.wv.get_index(word) for word in ("sun", "moon")] for m in (model, source))
        np.testing.assert_array_equal(model.wv.vectors[row], source.wv.vectors[own])
        expected = source.output_vectors[own] if same else np.zeros((2, 4))
        np.testing.assert_array_equal(model.output_vectors[row], expected)
        assert not np.delete(model.output_vectors, row, axis=0).any()


def test_vectors_that_are_refused(tmp_path):
    unread = iter(OLD)
    for make in (w2v.Word2Vec, w2v.Word2Vec().build_vocab):
        with pytest.raises(
            ValueError, match=r"init: the vectors have 4 dimensions, but the model h"
        ):
            make(unread, init=given())
        with pytest.raises(TypeError, match="init is of type ndarray: expected KeyedVectors, the"):
            make(unread, init=np.zeros((3, 4)))
        with pytest.raises(FileNotFoundError):
            make(unread, init=tmp_path / "none.txt")
    assert next(unread) is OLD[0]
    settings = {"vector_size": 4, "min_count": 1}
    with pytest.raises(ValueError, match="init: none of its 2 words is in the vocabulary of 3"):
        w2v.Word2Vec(OLD, init=given(("Sun", "Moon")), **settings)
    bad = given()
    bad.vectors[0, 2] = np.inf
    with pytest.raises(ValueError, match="init: the vector of 'sun' has NaN or infinity"):
        w2v.Word2Vec(OLD, init=bad, **settings)
    with pytest.raises(ValueError, match=r"init= requires a corpus; pass it to build_vocab\(\)"):
        w2v.Word2Vec(init=given())
    with pytest.raises(ValueError, match="init= and update= are mutually exclusive: known words"):
        trained().build_vocab(NEW, update=True, init=given())
    with pytest.raises(ValueError, match="no vocabulary yet"):
        w2v.Word2Vec(OLD, init=w2v.Word2Vec(vector_size=4), **settings)


def test_a_warning_if_most_of_the_text_has_no_vectors():
    model = w2v.Word2Vec(vector_size=4, min_count=1)
    told = r"1 of 3 words \(16.7% of the text\) begin with the vectors of init; the others begin"
    with pytest.warns(UserWarning, match=told):
        model.build_vocab(OLD, init=given(("star", "comet")))


def test_vectors_of_a_file_can_be_held_as_well(tmp_path):
    given().save_word2vec_format(tmp_path / "wv.txt")
    model = w2v.Word2Vec(vector_size=4, min_count=1, sample=0)
    model.build_vocab(OLD)
    mask = model.intersect_word2vec_format(tmp_path / "wv.txt")
    before = model.wv.vectors.copy()
    model.train(OLD, anchor=np.inf)
    np.testing.assert_array_equal((model.wv.vectors != before).any(axis=1), mask)
