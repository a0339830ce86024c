"""Names of gensim 3, and arguments of gensim 4 that w2v lacks: errors that say what to use."""

import inspect
import pickle

import pytest

import w2v

TEXT = [["sun", "moon"]] * 5


@pytest.fixture(scope="module")
def model():
    made = w2v.Word2Vec(vector_size=2, min_count=1)
    made.build_vocab(TEXT)
    return made


@pytest.mark.parametrize(
    ("old", "new"),
    [("size", "vector_size"), ("iter", "epochs"), ("compute_loss", "training_loss")],
)
def test_arguments(old, new):
    with pytest.raises(
        TypeError, match=rf"Word2Vec.__init__\(\) has no argument '{old}'; use {new}"
    ):
        w2v.Word2Vec(TEXT, **{old: 5})


def test_arguments_of_methods(model):
    with pytest.raises(TypeError, match=r"train\(\) has no argument 'iter'; use epochs"):
        model.train(TEXT, iter=3)
    with pytest.raises(TypeError, match=r"build_vocab\(\) .* use w2v\.compat\.gensim\.models"):
        model.build_vocab(TEXT, progress_per=3)
    with pytest.raises(TypeError, match="unexpected keyword argument 'epoch'"):
        model.train(TEXT, epoch=3)
    assert "total_examples" in inspect.signature(model.train).parameters


@pytest.mark.parametrize(
    ("old", "new"),
    [("iter", "epochs"), ("syn1neg", "output_vectors"), ("most_similar", "wv.most_similar")],
)
def test_attributes_of_models(model, old, new):
    with pytest.raises(AttributeError, match=f"Word2Vec has no attribute '{old}'; use {new}$"):
        getattr(model, old)
    with pytest.raises(AttributeError, match=f"no attribute '{old}' to set; use {new}$"):
        setattr(model, old, 3)
    assert not hasattr(model, old)


@pytest.mark.parametrize(
    ("old", "new"),
    [("vocab", "key_to_index"), ("index2word", "index_to_key"), ("wv", "the object itself")],
)
def test_attributes_of_vectors(model, old, new):
    with pytest.raises(AttributeError, match=f"KeyedVectors has no attribute '{old}'; use {new}"):
        getattr(model.wv, old)


def test_other_names_are_unknown_as_ever(model):
    with pytest.raises(AttributeError, match="'Word2Vec' object has no attribute 'sice'"):
        model.sice  # noqa: B018
    with pytest.raises(ValueError, match="no vocabulary yet"):
        w2v.Word2Vec().wv  # noqa: B018
    assert pickle.loads(pickle.dumps(model)).wv.index_to_key == ["sun", "moon"]


def test_items_of_a_model(model):
    with pytest.raises(TypeError, match=r"use model\.wv\['sun'\]"):
        model["sun"]
    with pytest.raises(TypeError, match=r"use 'sun' in model\.wv"):
        "sun" in model  # noqa: B015
