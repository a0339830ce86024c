"""Conversions, checked with the real libraries; and the recipes of the guide."""

import sys

import numpy as np
import pytest

from w2v import KeyedVectors
from w2v._validation import require_package

WORDS = ["the", "king", "queen", "北京", "two words"]
COUNTS = [50, 7, 5, 2, 1]


@pytest.fixture
def wv():
    """Return vectors whose rows are padded, as a trained model's are."""
    padded = np.zeros((5, 16), np.float32)
    padded[:, :10] = np.random.default_rng(1).normal(size=(5, 10))
    return KeyedVectors(WORDS, padded[:, :10], counts=COUNTS)


def library(name):
    return pytest.importorskip(name)


def test_a_missing_library_is_told_with_what_to_install(wv, monkeypatch):
    calls = [wv.to_torch, wv.to_gensim, wv.to_pandas, wv.to_spacy, wv.index]
    told = ["'w2v[torch]'", "'gensim'", "'pandas'", "'spacy'", "'w2v[ann]'"]
    for name in ("torch", "gensim", "gensim.models.keyedvectors", "pandas", "spacy", "usearch"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "usearch.index", None)
    for call, package in zip(calls, told, strict=True):
        with pytest.raises(ImportError, match=f"pip install {package}".replace("[", r"\[")):
            call()


def test_imported_returns_what_is_there():
    assert require_package("json", "json", "a test") is sys.modules["json"]


# ---- PyTorch -------------------------------------------------------------------------------------


def test_torch_frozen_shares_memory(wv):
    torch = library("torch")
    layer = wv.to_torch()
    assert isinstance(layer, torch.nn.Embedding)
    assert not layer.weight.requires_grad
    rows = torch.tensor([wv.key_to_index["queen"], 0])
    np.testing.assert_array_equal(layer(rows).numpy(), wv[["queen", "the"]])
    wv.vectors[2, 0] = 99
    assert layer(rows)[0, 0] == 99


def test_torch_that_is_trained_has_a_copy_unless_told_otherwise(wv):
    torch = library("torch")
    for copy, shared in [(None, False), (True, False), (False, True)]:
        before = wv.vectors.copy()
        layer = wv.to_torch(freeze=False, copy=copy)
        layer(torch.tensor([1])).sum().backward()
        torch.optim.SGD(layer.parameters(), lr=1.0).step()
        changed = before.copy()
        changed[1] -= 1
        np.testing.assert_allclose(layer.weight.detach().numpy(), changed, rtol=1e-6)
        np.testing.assert_array_equal(wv.vectors, layer.weight.detach() if shared else before)


def test_torch_of_a_mapped_file_has_a_copy(wv, tmp_path):
    library("torch")
    wv.save(tmp_path / "v.safetensors")
    mapped = KeyedVectors.load(tmp_path / "v.safetensors", mmap=True)
    np.testing.assert_array_equal(mapped.to_torch().weight.numpy(), wv.vectors)
    with pytest.raises(ValueError, match="copy=False: the vectors are read-only"):
        mapped.to_torch(copy=False)


# ---- gensim --------------------------------------------------------------------------------------


def test_gensim_and_back(wv, tmp_path):
    models = library("gensim.models")
    made = wv.to_gensim()
    assert isinstance(made, models.KeyedVectors)
    assert (made.index_to_key, made.vector_size) == (WORDS, 10)
    assert [made.get_vecattr(word, "count") for word in WORDS] == COUNTS
    ours, theirs = wv.most_similar("king"), made.most_similar("king")
    assert [word for word, _ in ours] == [word for word, _ in theirs]
    np.testing.assert_allclose([c for _, c in ours], [c for _, c in theirs], atol=1e-6)
    made.save_word2vec_format(str(tmp_path / "v.txt"))
    made.add_vectors(["new"], [np.ones(10, np.float32)])
    made.vectors[0] = 0
    assert (len(wv), bool(wv.vectors[0].any())) == (5, True)

    back = KeyedVectors.from_gensim(wv.to_gensim())
    assert (back.index_to_key, back.counts.tolist()) == (WORDS, COUNTS)
    np.testing.assert_array_equal(back.vectors, wv.vectors)


def test_gensim_without_counts(wv, tmp_path):
    library("gensim")
    made = KeyedVectors(WORDS, wv.vectors).to_gensim()
    assert KeyedVectors.from_gensim(made).counts is None
    made.save(str(tmp_path / "v.kv"))
    assert type(made).load(str(tmp_path / "v.kv")).index_to_key == WORDS


def test_from_gensim_model_trained_by_gensim():
    models = library("gensim.models")
    model = models.Word2Vec([["a", "b", "a"]] * 3, vector_size=4, min_count=1, workers=1)
    back = KeyedVectors.from_gensim(model)
    assert dict(zip(back.index_to_key, back.counts.tolist(), strict=True)) == {"a": 6, "b": 3}
    np.testing.assert_array_equal(back["b"], model.wv["b"])


def test_from_gensim_of_something_else():
    with pytest.raises(
        TypeError,
        match=r"dict has no attribute index_to_key: expected KeyedVectors or a model from gen",
    ):
        KeyedVectors.from_gensim({})


# ---- pandas and spaCy ----------------------------------------------------------------------------


def test_pandas(wv):
    library("pandas")
    frame = wv.to_pandas()
    assert frame.index.name == "word"
    assert list(frame.index) == WORDS
    assert set(map(str, frame.dtypes)) == {"float32"}
    np.testing.assert_array_equal(frame.loc["北京"].to_numpy(), wv["北京"])
    frame.loc["the"] = 0
    assert wv["the"].any()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_spacy(wv, tmp_path):
    spacy = library("spacy")
    nlp = wv.to_spacy("en")
    document = nlp("the queen sleeps 北京")
    np.testing.assert_array_equal(document[1].vector, wv["queen"])
    assert [token.has_vector for token in document] == [True, True, False, True]
    np.testing.assert_array_equal(nlp.vocab["two words"].vector, wv["two words"])
    nlp.to_disk(tmp_path / "pipeline")
    again = spacy.load(tmp_path / "pipeline")
    np.testing.assert_array_equal(again("king")[0].vector, wv["king"])
    other = spacy.blank("de")
    assert wv.to_spacy(nlp=other) is other
    assert other("king")[0].has_vector
    with pytest.raises(ValueError, match="one of the words is empty"):
        KeyedVectors(["", "a"], wv.vectors[:2]).to_spacy()


# ---- Recipes of docs/vectors.md ------------------------------------------------------------------


def test_duckdb_recipe(wv):
    duckdb = library("duckdb")
    pa = library("pyarrow")
    flat = pa.array(np.ascontiguousarray(wv.vectors).reshape(-1))
    words = pa.table(
        {"word": wv.index_to_key, "vector": pa.FixedSizeListArray.from_arrays(flat, wv.vector_size)}
    )
    db = duckdb.connect()
    db.execute("CREATE TABLE words AS SELECT * FROM words")
    query = (
        f"SELECT word, array_cosine_similarity(vector, ?::FLOAT[{wv.vector_size}]) AS cosine "
        "FROM words ORDER BY cosine DESC LIMIT 5"
    )
    found = db.execute(query, [wv["king"].tolist()]).fetchall()
    assert found[0][0] == "king"
    assert words.num_rows == 5
    expected = wv.most_similar("king", topn=4)
    assert [word for word, _ in found[1:]] == [word for word, _ in expected]
    np.testing.assert_allclose([c for _, c in found[1:]], [c for _, c in expected], atol=1e-5)
