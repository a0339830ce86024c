"""sklearn.py: against plain arithmetic, and scikit-learn's own checks."""

import pickle
import unittest

import numpy as np
import pytest

from w2v import KeyedVectors

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks
from sklearn.utils.validation import check_is_fitted, validate_data

from w2v.sklearn import MeanEmbeddingVectorizer

WORDS = ["good", "fine", "bad", "poor", "the", "film"]
DOCUMENTS = ["the good film", "the fine film the", "bad bad film", "so poor", "", "unheard of"]


@pytest.fixture
def wv():
    padded = np.zeros((6, 16), np.float32)
    padded[:, :3] = np.random.default_rng(1).normal(size=(6, 3))
    return KeyedVectors(WORDS, padded[:, :3])


def plain(wv, documents, weight=lambda word: 1.0):
    """Return the weighted means, one token at a time."""
    result = np.zeros((len(documents), wv.vector_size))
    for row, document in zip(result, documents, strict=True):
        known = [token for token in document.split() if token in wv]
        for token in known:
            row += weight(token) * wv[token].astype(np.float64)
        if known:
            row /= sum(map(weight, known))
    return result


@pytest.mark.parametrize("batch", [1, 2, 6, 4096])
def test_mean(wv, monkeypatch, batch):
    monkeypatch.setattr("w2v.sklearn._BATCH", batch)
    found = MeanEmbeddingVectorizer(wv).fit_transform(DOCUMENTS)
    assert (found.dtype, found.shape) == (np.float32, (6, 3))
    np.testing.assert_allclose(found, plain(wv, DOCUMENTS), atol=1e-6)
    assert not found[4:].any()
    assert found[:4].any(axis=1).all()


@pytest.mark.parametrize("batch", [2, 4096])
def test_tfidf_is_that_of_scikit_learn(wv, monkeypatch, batch):
    monkeypatch.setattr("w2v.sklearn._BATCH", batch)
    counts = CountVectorizer(vocabulary=WORDS, token_pattern=r"\S+").transform(DOCUMENTS)
    idf = TfidfTransformer().fit(counts).idf_
    model = MeanEmbeddingVectorizer(wv, weighting="tfidf").fit(DOCUMENTS)
    np.testing.assert_allclose(model.idf_, idf)
    weight = dict(zip(WORDS, idf, strict=True))
    found = model.transform(DOCUMENTS)
    np.testing.assert_allclose(found, plain(wv, DOCUMENTS, weight.__getitem__), atol=1e-6)
    assert np.abs(found - MeanEmbeddingVectorizer(wv).transform(DOCUMENTS)).max() > 0.01


def counted(wv):
    return KeyedVectors(WORDS, wv.vectors.copy(), counts=[40, 30, 20, 15, 400, 95])


def without_components(vectors, n, shares=None):
    """Return vectors without their n leading components, by the definition."""
    _, values, directions = np.linalg.svd(vectors, full_matrices=False)
    shares = np.ones(n) if shares is None else (values[:n] ** 2) / (values[:n] ** 2).sum()
    result = vectors.copy()
    for share, direction in zip(shares, directions, strict=False):
        result -= share * np.outer(vectors @ direction, direction)
    return result


def by_number_of_words(wv, weight):
    """Return the sums of weighted vectors, divided by the number of known words."""
    result = np.zeros((len(DOCUMENTS), wv.vector_size))
    for row, document in zip(result, DOCUMENTS, strict=True):
        known = [token for token in document.split() if token in wv]
        for token in known:
            row += weight(token) * wv[token].astype(np.float64) / len(known)
    return result


@pytest.mark.parametrize("smoothing", [1e-3, 0.2])
@pytest.mark.parametrize("batch", [2, 4096])
def test_sif_is_that_of_the_paper(wv, monkeypatch, batch, smoothing):
    monkeypatch.setattr("w2v.sklearn._BATCH", batch)
    wv = counted(wv)
    share = dict(zip(WORDS, np.array(wv.counts) / 600, strict=True))
    weighted = by_number_of_words(wv, lambda word: smoothing / (smoothing + share[word]))
    model = MeanEmbeddingVectorizer(wv, weighting="sif", smoothing=smoothing)
    np.testing.assert_allclose(
        model.fit_transform(DOCUMENTS), without_components(weighted, 1), atol=1e-6
    )
    model.set_params(remove_components=0)
    np.testing.assert_allclose(model.fit_transform(DOCUMENTS), weighted, rtol=1e-5, atol=1e-9)


def test_usif_is_that_of_the_paper(wv):
    wv = counted(wv)
    share = np.array(wv.counts) / 600
    length = 10 / 6  # known words of a document
    frequent = (share > 1 - (1 - 1 / 6) ** length).mean()
    assert frequent == 1 / 6
    a = (1 - frequent) / (frequent * 6 / 2)
    weight = dict(zip(WORDS, a / (a / 2 + share), strict=True))
    weighted = by_number_of_words(wv, weight.__getitem__)
    model = MeanEmbeddingVectorizer(wv, weighting="usif").fit(DOCUMENTS)
    assert model.components_.shape == (2, 3)  # of three dimensions, two at most
    assert model.component_shares_.sum() == pytest.approx(1)
    expected = without_components(weighted, 2, shares="of the variance")
    np.testing.assert_allclose(model.transform(DOCUMENTS), expected, atol=1e-6)


def test_without_counts_words_are_as_frequent_as_in_the_documents(wv):
    counts = [sum(document.split().count(word) for document in DOCUMENTS) for word in WORDS]
    known = KeyedVectors(WORDS, wv.vectors.copy(), counts=counts)
    for weighting in ("sif", "usif"):
        one, two = (
            MeanEmbeddingVectorizer(v, weighting=weighting).fit(DOCUMENTS) for v in (wv, known)
        )
        np.testing.assert_array_equal(one.word_weights_, two.word_weights_)
        with pytest.raises(ValueError, match="vectors have no counts, and the documents no known"):
            MeanEmbeddingVectorizer(wv, weighting=weighting).fit(["unheard", "of"])


@pytest.mark.parametrize("weighting", ["uniform", "tfidf", "sif", "usif"])
def test_a_document_has_the_same_vector_alone_and_among_others(weighting):
    rng = np.random.default_rng(5)
    words = [f"w{i}" for i in range(300)]
    wv = KeyedVectors(words, rng.normal(size=(300, 40)).astype(np.float32))
    texts = [" ".join(rng.choice(words, n)) for n in rng.integers(1, 30, 200)]
    model = MeanEmbeddingVectorizer(wv, weighting=weighting, remove_components=3, normalize=True)
    together = model.fit(texts).transform(texts)
    alone = np.concatenate([model.transform([text]) for text in texts])
    np.testing.assert_array_equal(alone, together)


def test_components_that_there_are_not(wv):
    model = MeanEmbeddingVectorizer(wv, remove_components=2).fit(["good", "good good", ""])
    assert model.components_.shape == (1, 3)  # all documents point the same way
    assert np.abs(model.transform(["good"])).max() < 1e-6
    assert np.abs(model.transform(["bad"])).max() > 0.1
    empty = MeanEmbeddingVectorizer(counted(wv), weighting="usif").fit(["", "unheard of"])
    assert empty.components_.shape == (0, 3)
    assert empty.transform(["good"]).any()
    flat = KeyedVectors(["a", "b"], np.array([[1.0], [2.0]], np.float32))
    assert MeanEmbeddingVectorizer(flat, weighting="sif").fit_transform(["a a"]).shape == (1, 1)


def test_normalize(wv):
    lengths = np.linalg.norm(
        MeanEmbeddingVectorizer(wv, normalize=True).transform(DOCUMENTS), axis=1
    )
    np.testing.assert_allclose(lengths, [1, 1, 1, 1, 0, 0], atol=1e-6)


def test_documents_of_every_kind(wv):
    expected = MeanEmbeddingVectorizer(wv).transform(["good film", "bad"])
    for documents in (
        [["good", "film"], ("bad",)],
        (text for text in ("good film", "bad")),
        np.array(["good film", "bad"]),
        np.array(["good film", "bad"], dtype=object),
        ["good\tfilm\n", np.array(["bad"])],
    ):
        np.testing.assert_array_equal(MeanEmbeddingVectorizer(wv).transform(documents), expected)
    lower = MeanEmbeddingVectorizer(wv, lowercase=True)
    np.testing.assert_array_equal(lower.transform(["Good FILM", ["BAD"]]), expected)
    cut = MeanEmbeddingVectorizer(wv, tokenizer=lambda text: text.split("|"))
    np.testing.assert_array_equal(cut.transform(["good|film", ["bad"]]), expected)


def test_strings_are_split_as_by_str_split(wv, monkeypatch):
    monkeypatch.setattr("w2v.sklearn._BATCH", 5)
    texts = [
        "good\nbad", "\u3000fine\x1cpoor\x85the ", "", " \t", "film", "good good", "\u2028",
        "bad \ud800 good", "nul\0 film", "\0", "FINE \u0130 good", "", "",
    ]  # fmt: skip
    for lowercase in (False, True):
        model = MeanEmbeddingVectorizer(wv, lowercase=lowercase)
        lists = [(text.lower() if lowercase else text).split() for text in texts]
        np.testing.assert_array_equal(model.transform(texts), model.transform(lists))
    for number in (0, 4, 7):
        wrong = [*texts[:number], 5, *texts]
        with pytest.raises(TypeError, match=f"document {number} is of type int"):
            MeanEmbeddingVectorizer(wv).transform(wrong)


@pytest.mark.parametrize(
    ("documents", "error", "message"),
    [
        ("good film", ValueError, "X is a single string"),
        ([], ValueError, "0 documents"),
        (5, TypeError, "X is of type int"),
        (["good", 5], TypeError, "document 1 is of type int: expected a string"),
        (["good", ["bad", 7]], TypeError, "document 1 is of type list containing 7"),
        ([None], TypeError, "document 0 is of type NoneType"),
        ([b"good"], TypeError, "document 0 is of type bytes"),
        (np.zeros((2, 2)), TypeError, "document 0 is of type ndarray containing"),
    ],
)
def test_documents_that_are_none(wv, documents, error, message):
    for method in (MeanEmbeddingVectorizer(wv).fit, MeanEmbeddingVectorizer(wv).transform):
        with pytest.raises(error, match=message):
            method(documents)


def test_parameters_that_are_wrong(wv):
    for settings, error, message in [
        ({"weighting": "sum"}, ValueError, "weighting='sum': expected one of 'uniform', 'tfidf'"),
        ({"smoothing": 0}, ValueError, "smoothing=0: expected a number, more than 0"),
        ({"smoothing": "1e-3"}, TypeError, "smoothing='1e-3': expected a number"),
        ({"remove_components": 3}, ValueError, "remove_components=3: expected an integer from 0 t"),
        ({"remove_components": -1}, ValueError, "remove_components=-1: expected an integer from"),
        ({"remove_components": 1.0}, TypeError, "remove_components=1.0: expected an integer"),
        ({"tokenizer": "unicode"}, TypeError, "tokenizer='unicode': expected a callable"),
        ({"vectors": 3}, TypeError, "vectors is of type int: expected a KeyedVectors"),
    ]:
        model = MeanEmbeddingVectorizer(
            **({"vectors": wv} | settings)
        )  # scikit-learn: complain in fit
        with pytest.raises(error, match=message):
            model.fit(DOCUMENTS)


@pytest.mark.parametrize("settings", [
    {"weighting": "tfidf"}, {"weighting": "sif"}, {"weighting": "usif"}, {"remove_components": 1},
], ids=str)  # fmt: skip
def test_what_has_to_be_fitted(wv, settings):
    with pytest.raises(NotFittedError):
        MeanEmbeddingVectorizer(wv, **settings).transform(DOCUMENTS)
    model = MeanEmbeddingVectorizer(wv, **settings).fit(DOCUMENTS)
    assert model.transform(DOCUMENTS).shape == (6, 3)
    model.set_params(vectors=KeyedVectors(WORDS, wv.vectors[:, :2].copy()))
    if "components_" in vars(model):
        with pytest.raises(ValueError, match="fitted with 3 dimensions, but vectors has 2: fit"):
            model.transform(DOCUMENTS)


def test_tfidf_has_to_be_fitted(wv):
    model = MeanEmbeddingVectorizer(wv, weighting="tfidf").fit(DOCUMENTS)
    model.set_params(vectors=KeyedVectors(["good"], wv.vectors[:1]))
    with pytest.raises(ValueError, match="fitted with 6 words, but vectors has 1: fit again"):
        model.transform(DOCUMENTS)


def test_names_of_features_and_set_output(wv):
    names = [f"meanembeddingvectorizer{i}" for i in range(3)]
    model = MeanEmbeddingVectorizer(wv)
    assert model.get_feature_names_out().tolist() == names
    pandas = pytest.importorskip("pandas")
    frame = model.set_output(transform="pandas").fit_transform(DOCUMENTS)
    assert isinstance(frame, pandas.DataFrame)
    assert frame.columns.tolist() == names
    series = pandas.Series(DOCUMENTS, index=list("abcdef"))
    assert model.transform(series).index.tolist() == list("abcdef")


def test_clones_share_the_vectors(wv):
    model = MeanEmbeddingVectorizer(wv, weighting="tfidf").fit(DOCUMENTS)
    other = clone(model)
    assert other.vectors is wv
    assert other.weighting == "tfidf"
    assert not hasattr(other, "idf_")


@pytest.mark.parametrize("from_file", [False, True])
@pytest.mark.parametrize("weighting", ["uniform", "tfidf", "sif"])
def test_pickles_in_a_pipeline(wv, tmp_path, weighting, from_file):
    path = tmp_path / "v.safetensors"
    wv.save(path)
    vectors = MeanEmbeddingVectorizer(str(path) if from_file else wv, weighting=weighting)
    texts, labels = DOCUMENTS[:4], ["+", "+", "-", "-"]
    strength = 1e8 if weighting == "sif" else 100  # of six words, all are frequent: short vectors
    model = make_pipeline(vectors, LogisticRegression(C=strength)).fit(texts, labels)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again[0].transform(texts), model[0].transform(texts))
    assert again.predict(texts).tolist() == labels
    # A file's vectors are not in the pickle.
    assert (wv.vectors[0].tobytes() in pickle.dumps(model[0])) is not from_file


def test_grid_search(wv):
    model = make_pipeline(MeanEmbeddingVectorizer(wv), LogisticRegression(C=1e4))
    texts, labels = ["good film", "fine", "bad film", "poor"] * 3, [1, 1, 0, 0] * 3
    grid = {
        "meanembeddingvectorizer__weighting": ["uniform", "tfidf"],
        "meanembeddingvectorizer__normalize": [True, False],
    }
    search = GridSearchCV(model, grid, cv=3).fit(texts, labels)
    assert search.best_score_ == 1


# ---- scikit-learn's own checks -------------------------------------------------------------------

# All that apply to a transformer run, none is left out by name: their matrices are made into
# documents. How MeanEmbeddingVectorizer itself takes matrices they cannot check: it rejects them,
# see above.


class OfNumbers(MeanEmbeddingVectorizer):
    """Takes the matrices that the checks hand over: each number stands for a word."""

    def documents(self, matrix, reset):
        matrix = validate_data(self, matrix, reset=reset)
        return [[WORDS[int(number) % 6] for number in row] for row in matrix]

    def fit(self, X, y=None):  # noqa: N803
        return super().fit(self.documents(X, True))

    def transform(self, X):  # noqa: N803
        check_is_fitted(self)
        return super().transform(self.documents(X, False))

    def __sklearn_is_fitted__(self):
        return hasattr(self, "fitted_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.requires_fit = True
        return tags


@pytest.mark.filterwarnings("ignore")  # of scikit-learn about what it leaves out
@pytest.mark.parametrize("weighting", ["uniform", "tfidf", "usif"])
def test_scikit_learn_checks(wv, weighting):
    # One check takes hashes of parameters, which tell padded rows from their copies.
    wv = KeyedVectors(WORDS, np.ascontiguousarray(wv.vectors))
    model = OfNumbers(wv, weighting=weighting)
    failed, passed = {}, set()
    for one, check in estimator_checks.estimator_checks_generator(model):
        name = getattr(check, "func", check).__name__
        try:
            check(one)
        except unittest.SkipTest:
            continue
        except Exception as error:
            failed[name] = error
        else:
            passed.add(name)
    assert failed == {}
    assert len(passed) >= 35


def test_tables_are_not_documents_and_generators_are_read_once(wv):
    pandas = pytest.importorskip("pandas")
    texts = ["good good", "bad", "good bad"]
    frame = pandas.DataFrame({"text": texts})
    expected = MeanEmbeddingVectorizer(wv).fit_transform(frame["text"])
    assert expected.shape[0] == 3
    for given in (frame, pandas.DataFrame({"a": texts, "b": texts}), set(texts)):
        with pytest.raises(TypeError, match=r"names of its columns|another order in every process"):
            MeanEmbeddingVectorizer(wv).fit_transform(given)
    with pytest.raises(ValueError, match=r"shape \(3, 1\): expected one dimension.*ravel"):
        MeanEmbeddingVectorizer(wv).transform(frame.to_numpy(object))
    for weighting in ("uniform", "tfidf"):
        made = MeanEmbeddingVectorizer(wv, weighting=weighting)
        expected = made.fit_transform(texts)
        np.testing.assert_array_equal(made.fit_transform(text for text in texts), expected)
    with pytest.raises(TypeError, match="document 0: the tokenizer returned NoneType None"):
        MeanEmbeddingVectorizer(wv, tokenizer=lambda text: None).transform(texts)


def test_attributes_without_effect_cannot_be_set():
    vectorizer = MeanEmbeddingVectorizer(KeyedVectors(["a"], np.ones((1, 2), np.float32)))
    with pytest.raises(AttributeError, match="'lowercas' to set; did you mean 'lowercase'"):
        vectorizer.lowercas = True
    vectorizer.lowercase = True
    assert vectorizer.transform(["A"]).tolist() == [[1, 1]]


def test_vectors_of_a_model_file(tmp_path):
    from w2v import Word2Vec

    text = [["good", "film"], ["bad", "film"]] * 20
    model = Word2Vec(text, vector_size=4, sample=0, workers=1, epochs=1)
    path = tmp_path / "model.safetensors"
    model.save(path)
    for which in ("input", "output", "combined"):
        found = MeanEmbeddingVectorizer(path, which=which).fit_transform(["good", "bad"])
        expected = model.keyed_vectors(which)[["good", "bad"]]
        np.testing.assert_array_equal(found, expected)
    estimator = MeanEmbeddingVectorizer(path)
    estimator.fit_transform(["good"])
    estimator.set_params(which="combined")
    np.testing.assert_array_equal(estimator.transform(["good", "bad"]), found)
    with pytest.raises(ValueError, match="which='both': expected one of 'input', 'output', 'comb"):
        MeanEmbeddingVectorizer(path, which="both").fit(["good"])
    with pytest.raises(ValueError, match=r"pass vectors=model.keyed_vectors\('output'\)"):
        MeanEmbeddingVectorizer(model.wv, which="output").fit(["good"])
