"""What a model predicts, and how it scores: how it may be asked, and what it refuses."""

import itertools
import operator

import numpy as np
import pytest
import reference
from combinations import OBJECTIVES, exactly, few, settings
from scipy.sparse import csr_array

from w2v import Corpus, Word2Vec
from w2v.training import prediction
from w2v.training import word2vec as model_module

WORDS = [f"w{i}" for i in range(30)]


def text(lengths=(8,) * 200, seed=0):
    """Sentences of words that follow a distribution like that of real ones."""
    rng = np.random.default_rng(seed)
    weight = 1 / np.arange(1, 31)
    return [rng.choice(WORDS, n, p=weight / weight.sum()).tolist() for n in lengths]


def fit(architecture="skip-gram", objective="negative", sentences=None, **more):
    chosen = {"vector_size": 12, "min_count": 1, "epochs": 5, "workers": 1, "sample": 0}
    chosen |= settings(architecture, objective) | more
    return Word2Vec(text() if sentences is None else sentences, **chosen)


@pytest.fixture(scope="module", params=OBJECTIVES)
def model(request):
    n = 40 if request.param == "softmax" else 200
    return fit(objective=request.param, sentences=text([8] * n))


# ---- predict_output_word -------------------------------------------------------------------------


def test_the_most_probable_words_in_order(model):
    probability = model.predict_output_word(["w1", "w5"], topn=None)
    assert probability.shape == (30,)
    assert probability.dtype == np.float64
    assert probability.sum() == pytest.approx(1)
    everything = model.predict_output_word(["w1", "w5"], topn=99)
    assert [p for _, p in everything] == sorted(probability.tolist(), reverse=True)
    for word, p in everything:
        assert probability[model.wv.key_to_index[word]] == p
        assert type(p) is float
    for topn in (0, 1, 7, 30):
        assert model.predict_output_word(["w1", "w5"], topn=topn) == everything[:topn]
    assert model.predict_output_word(["w1", "w5"]) == everything[:10]
    assert model.predict_output_word(["w1", "w5"], topn=np.int64(3)) == everything[:3]


def test_many_groups_are_answered_as_each_alone(model):
    groups = [["w1", "w5"], ["w3"], ["w9", "w9", "w2", "w4"], ("w0", "foo")]
    alone = [model.predict_output_word(group, topn=None) for group in groups]
    together = model.predict_output_word(groups, topn=None)
    assert together.shape == (4, 30)
    np.testing.assert_allclose(together, alone, rtol=1e-5)
    for group, answer in zip(groups, model.predict_output_word(groups, topn=3), strict=True):
        wanted = model.predict_output_word(group, topn=3)
        assert [word for word, _ in answer] == [word for word, _ in wanted]
        assert [p for _, p in answer] == pytest.approx([p for _, p in wanted], rel=1e-5)
    assert len(model.predict_output_word([["w1"]], topn=2)) == 1
    assert model.predict_output_word([["w1"]], topn=None).shape == (1, 30)


def test_more_groups_than_are_held_at_once(model, monkeypatch):
    groups = text([3] * 50, seed=5)
    expected = model.predict_output_word(groups, topn=None)
    monkeypatch.setattr(prediction, "_MAX_SCORES", 7 * 30)
    np.testing.assert_allclose(model.predict_output_word(groups, topn=None), expected, rtol=1e-5)


def test_words_outside_the_vocabulary_are_passed_over(model):
    expected = model.predict_output_word(["w1", "w5"])
    assert model.predict_output_word(["foo", "w1", "", "w5", "W1"]) == expected


def test_a_word_given_twice_counts_twice(model):
    once, twice = (
        model.predict_output_word(g, topn=None) for g in (["w1", "w5"], ["w1"] * 2 + ["w5"])
    )
    assert not np.allclose(once, twice, rtol=1e-3)


@pytest.mark.parametrize(("context", "topn", "error", "message"), [
    ("w1", 10, TypeError, "'w1' is a single string: expected a list of words"),
    ("w1 w2 " * 20, 10, TypeError, r"'w1 w2 w1 w2 [w1 2]{28}' is a single string"),
    ([["w1"], "w5"], 10, TypeError, "context words 'w5': expected a list of words"),
    ([1, 2], 10, TypeError, r"\[1, 2\]: expected a list of words; the word of an id is str\(id\)"),
    ([["w1"], [1]], 10, TypeError, r"context words \[1\]: .* the word of an id is str\(id\)"),
    (["w1", ["w5"]], 10, TypeError, r"\['w1', \['w5'\]\]: expected a list of words"),
    (["w1", 5], 10, TypeError, r"\['w1', 5\]: expected a list of words"),
    ([[["w1"]]], 10, TypeError, r"\[\['w1'\]\]: expected a list of words"),
    (["foo", "bar"], 10, ValueError, r"none of the context words \['foo', 'bar'\] is in the voc"),
    ([["w1"], ["foo"]], 10, ValueError, r"none of the context words \['foo'\] is in the voc"),
    ([], 10, ValueError, r"none of the context words \[\] is in the voc"),
    ([["w1"], []], 10, ValueError, r"none of the context words \[\] is in the voc"),
    (["w1"], -1, ValueError, "topn=-1: expected an integer, at least 0, or None"),
    (["w1"], 2.0, TypeError, "float"),
    (["w1"], "5", TypeError, "str"),
])  # fmt: skip
def test_questions_that_cannot_be_answered(model, context, topn, error, message):
    with pytest.raises(error, match=message):
        model.predict_output_word(context, topn=topn)


@pytest.mark.parametrize("ask", [
    operator.methodcaller("predict_output_word", ["a"]),
    operator.methodcaller("score", [["a"]]),
])  # fmt: skip
def test_without_a_vocabulary_there_is_no_answer(ask):
    with pytest.raises(ValueError, match=r"no vocabulary yet; call build_vocab\(corpus\)"):
        ask(Word2Vec())


# ---- score ---------------------------------------------------------------------------------------


@few()
def test_score_is_what_training_raises(architecture, objective):
    """Trained on at next to no learning rate, a model's loss is its score, but for chance."""
    n = 50 if objective == "softmax" else 400  # where noise is drawn, its mean needs many draws
    model = fit(architecture, objective, text([12] * n), shrink_windows=False, alpha=0.01)
    sentences = text([12] * n, seed=1)
    scores = model.score(sentences)
    result = model.train(sentences, epochs=4, start_alpha=1e-9, end_alpha=0)
    chance = 5e-3 if model.config.uses_negative_sampling else 1e-5
    assert np.mean(result.loss) * result.predictions / 4 == pytest.approx(-scores.sum(), rel=chance)


def test_any_source_may_be_scored(model, tmp_path):
    sentences = text([8, 1, 3, 20, 2], seed=2)
    sentences[2:2] = [["foo", "w1", "bar", "w2"]]
    with pytest.warns(UserWarning, match=r"2 of 38 words \(5.3%\) are not in the vocabulary"):
        scores = model.score(sentences)
    sentences[2] = ["w1", "w2"]
    assert scores.tobytes() == model.score(sentences).tobytes()
    assert scores.shape == (6,)
    assert scores.dtype == np.float64
    assert (scores[[0, 2, 3, 4, 5]] < 0).all()
    assert np.isnan(scores[1])  # a single word is not predicted
    lines = [" ".join(sentence) for sentence in sentences]
    (tmp_path / "text").write_text("\n".join(lines))
    sources = [lines, iter(sentences), map(tuple, sentences), map(iter, sentences)]
    sources += [str(tmp_path / "text"), tmp_path / "text", [tmp_path / "text"], Corpus(sentences)]
    for source in sources:
        assert model.score(source).tobytes() == scores.tobytes()
    np.testing.assert_allclose([model.score([s])[0] for s in sentences], scores, rtol=1e-5)


class _Table:
    """Has columns, and iterating over it gives no sentences."""

    column_names = ("text",)

    def __iter__(self):
        raise AssertionError("only Corpus knows how to read this")


@pytest.mark.parametrize("source", [
    np.array([[0, 1], [2, 0]]),
    csr_array(np.array([[1, 1, 0], [1, 0, 1]])),
    [{"text": "0 1"}, {"text": "2 0"}],
    _Table(),
], ids=["array", "sparse", "rows", "table"])  # fmt: skip
def test_arrays_and_tables_are_left_to_corpus(model, monkeypatch, source):
    handed = []

    def corpus(given, *more):
        handed.append(given)
        return Corpus(["w0 w1", "w2 w0"])

    expected = model.score(["w0 w1", "w2 w0"])
    monkeypatch.setattr(model_module, "read_text", corpus)
    assert model.score(source).tobytes() == expected.tobytes()
    assert handed == [source] if isinstance(source, list) else handed[0] is source


@pytest.fixture(scope="module")
def walks():
    """Rows of ids, and a model of them."""
    rows = np.random.default_rng(9).integers(0, 20, (300, 8))
    return rows, Word2Vec(rows, vector_size=8, min_count=1, sample=0, workers=1, epochs=2)


@pytest.mark.parametrize("kind", [np.array, list, tuple, iter])
def test_rows_of_ids_are_sentences_of_an_iterable(walks, kind):
    _, model = walks
    expected = model.score([["0", "0"], [], ["1", "0"], []])
    assert (expected < 0).tolist() == [True, False, True, False]
    rows = [[0, 0], [], [1, 0], []]
    assert model.score(list(map(kind, rows))).tobytes() == expected.tobytes()
    assert model.score(map(kind, rows)).tobytes() == expected.tobytes()


def test_arrays_of_ids_are_scored(walks):
    rows, model = walks
    expected = model.score([[str(i) for i in row] for row in rows[:50].tolist()])
    for source in (rows[:50], rows[:50].astype(np.uint8), Corpus(rows[:50]), iter(rows[:50])):
        assert model.score(source).tobytes() == expected.tobytes()
    baskets = csr_array(np.array([[1, 1, 0], [0, 0, 0], [0, 1, 1]]))
    expected = model.score([["0", "1"], ["1", "2"]])
    assert model.score(baskets).tobytes() == expected.tobytes()


@pytest.mark.parametrize("source", [{"w0 w1": 1}, b"w0 w1", 7])
def test_what_is_no_source_is_refused(model, source):
    with pytest.raises(TypeError, match="source: expected a path, "):
        model.score(source)


def test_sentences_without_a_prediction_have_no_score(model):
    """Not 0, which would be the best score there is; and the unknown words are counted."""
    one, nan = ["w1", "w2"], np.nan
    value = model.score([one])[0]
    left_out = r"3 of 9 words \(33.3%\) .* left out; 3 of 5 sentences have fewer than two known"
    with pytest.warns(UserWarning, match=left_out) as caught:
        found = model.score([[], one, ["foo", "bar"], [], ["w1"], one, ["w1", "foo"], []])
    assert caught[0].filename == __file__
    np.testing.assert_allclose(found, [nan, value, nan, nan, nan, value, nan, nan], rtol=1e-5)
    with pytest.warns(UserWarning, match=r"2 of 5 words"):
        lines = model.score(["", " ".join(one), "foo bar", " \t", "w1"])
    np.testing.assert_allclose(lines, [nan, value, nan, nan, nan], rtol=1e-5)
    with pytest.warns(UserWarning, match=r"2 of 2 words \(100.0%\)"):
        assert np.isnan(model.score([["foo", "bar"]])).tolist() == [True]
    assert np.isnan(model.score([[], []])).tolist() == [True, True]


def initials(text):
    """Split like a tokenizer that other processes can import."""
    return [word[:2] for word in text.split()]


def test_word2vec_takes_the_options_of_a_corpus():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": ["Sun-moon star"] * 9, "b": ["x y"] * 9})
    settings = {"vector_size": 2, "min_count": 1, "sample": 0, "epochs": 1, "workers": 1}
    reading = {"tokenizer": "unicode", "lowercase": True}
    corpus = Corpus(frame, column="a", **reading)
    expected = Word2Vec(corpus, **settings)
    model = Word2Vec(frame, column="a", **reading, **settings)
    assert model.wv.index_to_key == ["sun", "moon", "star"]
    assert (model.wv.vectors == expected.wv.vectors).all()
    for late in (Word2Vec(**reading, **settings), Word2Vec(**settings)):
        late.build_vocab(frame, column="a", **({} if late.lowercase else reading))
        late.train(frame, column="a")
        assert (late.wv.vectors == expected.wv.vectors).all()
    assert (model.score(frame, column="a") == model.score(corpus)).all()
    assert len(model.read_corpus(frame, column="b")) == 9
    for given in ({"column": "a"}, {"lowercase": True}, {"tokenizer": "unicode"}):
        with pytest.raises(ValueError, match="is a Corpus, which is read already: pass"):
            Word2Vec(corpus, **given)
    with pytest.raises(ValueError, match=r"column= applies only to tables"):
        Word2Vec([["a"]], column="a")
    with pytest.raises(ValueError, match=r"^tokenizer='words'"):
        Word2Vec(tokenizer="words")


@pytest.mark.parametrize("tokenizer", [None, "unicode", initials, lambda text: text.split("/")])
def test_text_is_read_as_that_of_the_model_was(tokenizer, tmp_path):
    separator = "/" if "lambda" in str(tokenizer) else " "
    raw = [separator.join(words) for words in (["The", "Cat", "sat"], ["the", "mat", "SAT"])]
    corpus = Corpus(raw * 50, tokenizer=tokenizer, lowercase=True)
    model = Word2Vec(corpus, vector_size=8, min_count=1, sample=0, workers=1, epochs=1)
    expected = model.score(Corpus(raw, tokenizer=tokenizer, lowercase=True))
    assert (expected < 0).all()
    assert (model.tokenizer, model.lowercase) == (tokenizer, True)
    (tmp_path / "raw.txt").write_text("\n".join(raw))
    corpus.save(tmp_path / "raw.w2vc")
    model.save(tmp_path / "model")
    loaded = Word2Vec.load(tmp_path / "model")
    assert loaded.lowercase
    if callable(tokenizer):  # a file has its name only
        with pytest.raises(ValueError, match=f"'{tokenizer.__qualname__}'.* set model.tokenizer"):
            loaded.score(raw)
        assert loaded.score([["the", "cat"]] if tokenizer is not initials else [["th", "ca"]]) < 0
        loaded.tokenizer = tokenizer
    for one in (model, loaded):
        for source in (raw, iter(raw), tmp_path / "raw.txt", str(tmp_path / "raw.txt")):
            np.testing.assert_array_equal(one.score(source), expected)
        assert one.score(tmp_path / "raw.w2vc").shape == (100,)  # encoded, and not split again
        assert one.train(raw, epochs=1).tokens == 6
        assert one.train(tmp_path / "raw.w2vc", epochs=1).tokens == 300
        words = [word.upper() for word in one.wv.index_to_key[:2]]
        assert one.predict_output_word(words, topn=1) == one.predict_output_word(
            [word.lower() for word in words], topn=1
        )


def test_how_text_is_read_can_be_set_and_errors_travel(tmp_path):
    (tmp_path / "bad.txt").write_bytes(b"a b\xff c\n" * 50)
    model = Word2Vec(tmp_path / "bad.txt", errors="replace", vector_size=8, min_count=1, sample=0)
    assert (model.score(tmp_path / "bad.txt") < 0).all()
    model.save(tmp_path / "model")
    model = Word2Vec.load(tmp_path / "model")
    assert (model.score(tmp_path / "bad.txt") < 0).all()
    with pytest.raises(ValueError, match="invalid UTF-8"):
        model.score(tmp_path / "bad.txt", errors="strict")
    with pytest.raises(ValueError, match="invalid UTF-8"):
        model.train(tmp_path / "bad.txt", errors="strict")
    assert (model.tokenizer, model.lowercase) == (None, False)
    model.lowercase = True
    assert not np.isnan(model.score(["A C"])[0])
    with pytest.raises(ValueError, match="tokenizer='words': expected None"):
        model.tokenizer = "words"
    with pytest.raises(TypeError, match="lowercase=1: expected True or False"):
        model.lowercase = 1


def test_empty_tokens_are_left_out(model):
    value = model.score([["w1", "w2"]])[0]
    with pytest.warns(UserWarning, match="skipped . empty tokens"):
        found = model.score([["", ""], ["w1", "", "w2"], [""], ["w1", "w2"]])
    np.testing.assert_allclose(found, [np.nan, value, np.nan, value], rtol=1e-5)


@pytest.mark.parametrize("ns_exponent", [200, -200, 1e3])
def test_noise_of_next_to_no_probability(ns_exponent, small_tables):
    model = fit(ns_exponent=ns_exponent, epochs=1)
    assert model.predict_output_word(["w1"], topn=None).sum() == pytest.approx(1)


def test_scoring_changes_nothing(model):
    before = model.wv.vectors.tobytes(), model.config, list(model.training_loss)
    model.score(text())
    assert (model.wv.vectors.tobytes(), model.config, model.training_loss) == before


def test_a_score_is_no_matter_of_chance(model, monkeypatch):
    """Words are not subsampled nor windows shrunk, and no noise words are drawn."""
    sentences = text(seed=3)
    scores = model.score(sentences)
    for change in ({"seed": 5}, {"sample": 1e-3}, {"shrink_windows": False}, {"workers": 3},
                   {"shared_negatives": False}, {"alpha": 0.5, "min_alpha": 0.5}):  # fmt: skip
        monkeypatch.setattr(model, "config", model.config.replace(**change))
        assert model.score(sentences).tobytes() == scores.tobytes(), change


@few()
def test_long_texts_are_scored_in_parts(architecture, objective, monkeypatch):
    model = fit(architecture, objective, window=2, epochs=1)
    sentences = text([1, 3_000, 2, 40], seed=4)
    scores = model.score(sentences)
    monkeypatch.setattr(prediction, "_BATCH", 13)
    monkeypatch.setattr(prediction, "_MAX_SCORES", 5 * 30)
    np.testing.assert_allclose(model.score(sentences), scores, rtol=1e-5)


@pytest.mark.parametrize("settings", [
    {}, {"sg": 1}, {"sample": 0.1}, {"ns_exponent": 0, "negative": 2}, {"hs": 1},
], ids=str)  # fmt: skip
def test_answers_of_a_model_whose_scores_have_offsets(settings):
    model = fit("cbow-exact", score_offsets=True, **settings)
    for sentence in text(seed=6)[:3]:
        rows = [model.wv.key_to_index[word] for word in sentence]
        found = model.predict_output_word(sentence, topn=None)
        np.testing.assert_allclose(found, reference.probabilities(*exactly(model), rows), rtol=1e-4)
        exact = reference.score(*exactly(model), rows)
        assert model.score([sentence])[0] == pytest.approx(exact, rel=1e-5)


@pytest.mark.parametrize(("ns_exponent", "objective"), [
    # By the full softmax and the tree, nothing is drawn.
    pytest.param(
        exponent, name,
        marks=pytest.mark.thorough if exponent != 1 and name in ("hierarchical", "softmax") else (),
    )
    for exponent, name in itertools.product([1.0, 0, -0.5, 1.5, 3], OBJECTIVES)
])  # fmt: skip
def test_answers_follow_the_distribution_of_the_noise(objective, ns_exponent):
    model = fit("cbow-exact", objective, ns_exponent=ns_exponent)
    for sentence in text(seed=6)[:5]:
        rows = [model.wv.key_to_index[word] for word in sentence]
        found = model.predict_output_word(sentence, topn=None)
        exact = reference.probabilities(*exactly(model), rows)
        np.testing.assert_allclose(found, exact, rtol=1e-4)
        exact = reference.score(*exactly(model), rows)
        assert model.score([sentence])[0] == pytest.approx(exact, rel=1e-5)


def test_one_word_may_take_nearly_all_the_noise(small_tables):
    # a: 60 times, b and c: twice each; a's share of the noise differs from 1 by 30 ** -60.
    sentences = [["a", "b"], ["a", "c"]] * 2 + [["a"] * 4] * 14
    settings = {"vector_size": 8, "min_count": 1, "sample": 0, "workers": 1, "epochs": 1}
    model = Word2Vec(sentences, ns_exponent=60, negative=2, score_offsets=False, **settings)
    a, b, c = (model.wv.key_to_index[word] for word in "abc")

    def log_sigmoid(sign, word):
        return -np.logaddexp(0, -sign * float(model.output_vectors[word] @ hidden))

    hidden = model.wv.vectors[b].astype(float)
    expected = log_sigmoid(1, a) + log_sigmoid(-1, b) + log_sigmoid(-1, c)  # b or c, twice
    hidden = model.wv.vectors[a].astype(float)
    expected += log_sigmoid(1, b) + 2 * log_sigmoid(-1, a)
    assert model.score([["a", "b"]])[0] == pytest.approx(expected, rel=1e-5)
