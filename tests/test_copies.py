"""Every public object copies and pickles: deep, whole, and independent of the original."""

import copy
import functools
import inspect
import pickle

import numpy as np
import pytest

import w2v
from w2v.training.interrupt import TrainingInterrupt

SENTENCES = [["sun", "moon", "star"], ["bread", "milk", "egg"]] * 30


def split_at_spaces(text):
    return text.split(" ")


def model(**settings):
    settings = {"vector_size": 6, "min_count": 1, "sample": 0, "epochs": 1, "workers": 1} | settings
    return w2v.Word2Vec(SENTENCES, **settings)


def vectors():
    rows = np.random.default_rng(0).standard_normal((20, 4), np.float32)
    wv = w2v.KeyedVectors([f"w{i}" for i in range(20)], rows, counts=np.arange(20))
    wv.set_vecattr("w1", "kind", "x")
    return wv


def phrases():
    lines = ["new york is big", "i love new york", "new shoes", "old york"] * 5
    return w2v.Phrases(lines, threshold=0.3)


def result():
    return w2v.TrainingResult(6, 5, 1.0, (2.0,), True)


def report():
    return w2v.corpus_report(w2v.Corpus(SENTENCES), measure=False)


def evaluation(kind):
    wv = vectors()
    if kind is w2v.WordSimilarityReport:
        return kind("file", 0.5, 0.1, 0.5, 0.1, 3, 0)
    return kind("file", "3cosadd", ()) if wv else None


@functools.cache
def stability():
    settings = {"vector_size": 6, "min_count": 1, "epochs": 1, "workers": 1, "sample": 0}
    return w2v.stability(SENTENCES, runs=2, **settings)


# A way to make each public class, and what of it must be equal in a copy.
MADE = {
    "AnalogyReport": (lambda: evaluation(w2v.AnalogyReport), lambda one: one),
    "Comparison": (lambda: w2v.compare(vectors(), vectors()), lambda one: repr(one.to_dict())),
    "Corpus": (
        lambda: w2v.Corpus(["A b", "b c"], tokenizer=split_at_spaces, lowercase=True),
        lambda one: (list(one), one.source, one.reading),
    ),
    "CorpusReport": (report, lambda one: one.to_dict()),
    "EarlyStopping": (lambda: w2v.EarlyStopping(2, 0.01), lambda one: one),
    "KeyedVectors": (
        vectors,
        lambda one: (list(one), one.vectors.tobytes(), one.counts.tolist(),
                     one.get_vecattr("w1", "kind"), one.most_similar("w1")),
    ),
    "Phrases": (phrases, lambda one: (one.found, one[["new", "york"]])),
    "Progress": (lambda: w2v.Progress("training", 1, 2, 0.5), lambda one: repr(one)),
    "TrainingConfig": (lambda: w2v.TrainingConfig(window=3), lambda one: one),
    "TrainingInterrupt": (
        lambda: TrainingInterrupt(model(), result(), 3),
        lambda one: (str(one), one.result, one.model.wv.vectors.tobytes()),
    ),
    "TrainingPlan": (lambda: w2v.plan(SENTENCES, min_count=1, measure=False), lambda one: one),
    "TrainingResult": (result, lambda one: one),
    "Vocabulary": (
        lambda: model().vocabulary,
        lambda one: (one.words, one.counts.tolist(), one.count("sun")),
    ),
    "Word2Vec": (
        model,
        lambda one: (one.wv.vectors.tobytes(), one.output_vectors.tobytes(), one.config,
                     one.training_loss, repr(one.history), one.corpus_count,
                     one.score(SENTENCES[:2]).tolist()),
    ),
    "WordSimilarityReport": (lambda: evaluation(w2v.WordSimilarityReport), lambda one: one),
}  # fmt: skip
COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda one: pickle.loads(pickle.dumps(one)),
}
MADE |= {
    "Series": (
        lambda: w2v.compare_series([vectors(), vectors()]), lambda one: repr(one.to_dict()),
    ),
    "Stability": (stability, lambda one: repr(one.to_dict())),
    "StabilityInterrupt": (
        lambda: w2v.StabilityInterrupt(stability(), 2),
        lambda one: (one.runs, repr(one.stability.to_dict())),
    ),
}  # fmt: skip

NOT_COPIED = {"ProgressBar"}  # a bar of one terminal


def test_no_public_class_is_left_out():
    classes = {name for name in w2v.__all__ if inspect.isclass(getattr(w2v, name))}
    assert classes - NOT_COPIED == set(MADE)


@pytest.mark.parametrize("made", COPIES.values(), ids=COPIES.keys())
@pytest.mark.parametrize("name", MADE)
def test_copies_are_whole(name, made):
    make, content = MADE[name]
    one = make()
    other = made(one)
    assert type(other) is type(one)
    assert content(other) == content(one)


@pytest.mark.parametrize("made", COPIES.values(), ids=COPIES.keys())
@pytest.mark.parametrize("settings", [{}, {"hs": 1, "negative": 0}, {"softmax": True}, "loaded"])
def test_copies_of_a_model_train_on_as_the_model_does(made, settings, tmp_path):
    """Their `wv` is what is trained; and the model does not notice."""
    one = model(**({} if settings == "loaded" else settings))
    if settings == "loaded":
        one.save(tmp_path / "model")
        one = w2v.Word2Vec.load(tmp_path / "model")
    one.wv.set_vecattr("sun", "kind", "x")
    before = one.wv.vectors.copy()
    other = made(one)
    assert other.wv.get_vecattr("sun", "kind") == "x"
    other.train(SENTENCES)
    np.testing.assert_array_equal(one.wv.vectors, before)
    one.train(SENTENCES)
    assert one.wv.vectors.tobytes() == other.wv.vectors.tobytes() != before.tobytes()
    other.wv.vectors[:] = 0
    other.save(tmp_path / "copy")
    assert not w2v.Word2Vec.load(tmp_path / "copy").wv.vectors.any()
    untrained = made(w2v.Word2Vec(window=3))
    assert untrained.window == 3


def test_a_model_whose_tokenizer_is_a_lambda_pickles():
    corpus = w2v.Corpus(["a/b", "b/c"] * 20, tokenizer=lambda text: text.split("/"))
    one = w2v.Word2Vec(corpus, vector_size=4, min_count=1, sample=0, workers=1)
    assert pickle.loads(pickle.dumps(corpus)).words() == ["a", "b", "c"]
    other = pickle.loads(pickle.dumps(one))
    with pytest.raises(ValueError, match=r"set model\.tokenizer"):
        other.score(["a/b"])
    assert copy.deepcopy(one).score(["a/b"]) < 0


def test_the_arrays_of_a_corpus_stay_read_only():
    for made in COPIES.values():
        other = made(w2v.Corpus(SENTENCES))
        assert not other.ids.flags.writeable
        assert not other.type_counts.flags.writeable


@pytest.mark.parametrize("made", COPIES.values(), ids=COPIES.keys())
def test_indexes(made, tmp_path):
    pytest.importorskip("usearch")
    wv = vectors()
    index = wv.index()
    index.expansion_search = 99
    index.save(tmp_path / "index")
    for one in (index, type(index).load(tmp_path / "index", wv, mmap=True)):
        other = made(one)
        assert other.expansion_search == 99
        np.testing.assert_array_equal(other.search(wv["w3"], 5)[0], one.search(wv["w3"], 5)[0])
        assert wv.most_similar("w3", index=other) == wv.most_similar("w3", index=one)
        wv.most_similar("w3", index=other)
    with pytest.raises(AttributeError, match=r"metric cannot be changed.*wv\.index\(\)"):
        index.metric = "dot"


def test_vectorizers():
    pytest.importorskip("sklearn")
    from sklearn.base import clone

    from w2v.sklearn import MeanEmbeddingVectorizer

    one = MeanEmbeddingVectorizer(vectors(), weighting="tfidf").fit(["w1 w2", "w2"])
    for made in COPIES.values():
        np.testing.assert_array_equal(made(one).transform(["w1 w3"]), one.transform(["w1 w3"]))
    assert clone(one).vectors is one.vectors


@pytest.mark.parametrize("made", COPIES.values(), ids=COPIES.keys())
def test_sequence_models(made):
    pytest.importorskip("torch")
    from w2v.sequence import RNNLanguageModel, SequenceClassifier

    texts, labels = ["w1 w2", "w3 w4 w5", "w1 w1", "w4"] * 5, ["x", "y", "x", "y"] * 5
    classifier = SequenceClassifier(vectors(), hidden_size=4, epochs=1, device="cpu")
    classifier.fit(texts, labels)
    assert list(made(classifier).predict(texts)) == list(classifier.predict(texts))
    language = RNNLanguageModel(vectors(), hidden_size=4, epochs=1, device="cpu").fit(texts)
    assert made(language).perplexity(texts) == language.perplexity(texts)
