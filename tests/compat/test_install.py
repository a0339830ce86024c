"""`w2v.compat.gensim.install`: what ``import gensim`` finds, before and after."""

import importlib
import importlib.metadata
import os
import shutil
import sys
import types

import pytest

import w2v
from w2v.compat import gensim as ours


@pytest.fixture(autouse=True)
def no_gensim():
    """No module of gensim is imported, and w2v is not in its place; afterwards all is as before."""
    kept = {name: sys.modules.pop(name) for name in list(sys.modules) if is_gensim(name)}
    yield
    ours.uninstall()
    for name in [name for name in sys.modules if is_gensim(name)]:
        del sys.modules[name]
    sys.modules.update(kept)


def is_gensim(name):
    return name.partition(".")[0] == "gensim"


def test_every_way_of_importing():
    ours.install()
    import gensim
    import gensim.models.word2vec as module
    from gensim.models import KeyedVectors, Phrases, Word2Vec
    from gensim.utils import simple_preprocess

    assert gensim is ours
    assert Word2Vec is gensim.models.word2vec.Word2Vec is module.Word2Vec
    assert issubclass(Word2Vec, w2v.Word2Vec)
    assert issubclass(KeyedVectors, w2v.KeyedVectors)
    assert Phrases is ours.models.phrases.Phrases
    assert simple_preprocess is ours.utils.simple_preprocess
    assert module is importlib.import_module("w2v.compat.gensim.models.word2vec")
    assert module.__spec__.name == module.__name__ == "w2v.compat.gensim.models.word2vec"


def test_a_model_that_w2v_does_not_have():
    ours.install()
    with pytest.raises(ImportError, match="PoincareModel"):
        from gensim.models import PoincareModel  # noqa: F401
    with pytest.raises(ModuleNotFoundError, match=r"'gensim\.similarities': w2v is in the place"):
        import gensim.similarities  # noqa: F401


def test_classes_that_can_only_be_imported():
    ours.install()
    from gensim.models import FastText, LdaModel
    from gensim.models.doc2vec import Doc2Vec, TaggedDocument
    from gensim.models.fasttext import FastTextKeyedVectors

    class OfALibrary(FastTextKeyedVectors):
        pass

    assert TaggedDocument(["a"], [0]).tags == [0]
    assert LdaModel is importlib.import_module("gensim.models").LdaModel
    for use, name in (
        (Doc2Vec, "Doc2Vec"),
        (FastText, "FastText"),
        (Doc2Vec.load, "Doc2Vec"),
        (LdaModel, "LdaModel"),
        (LdaModel.load, "LdaModel"),
        (OfALibrary, "FastTextKeyedVectors"),
    ):
        with pytest.raises(NotImplementedError, match=rf"w2v has no {name}: use gensim itself"):
            use("x")


def test_vectors_of_fasttext_files():
    from w2v.compat.gensim.models.fasttext import load_facebook_model, load_facebook_vectors

    with pytest.raises(NotImplementedError, match="FastText"):
        load_facebook_model("x.bin")
    with pytest.raises(FileNotFoundError, match=r"x\.bin"):
        load_facebook_vectors("x.bin")
    with pytest.raises(ValueError, match="encoding='latin-1': expected 'utf-8'"):
        load_facebook_vectors("x.bin", encoding="latin-1")


def test_the_version_that_libraries_ask_for():
    ours.install()
    assert importlib.metadata.version("gensim") == ours.__version__ == "4.4.0"
    assert importlib.metadata.version("w2v") == w2v.__version__
    assert importlib.metadata.distribution("gensim").files is None
    assert "gensim" not in {one.name for one in importlib.metadata.distributions(name="w2v")}


def test_texts_of_examples():
    ours.install()
    from gensim.test.utils import common_corpus, common_texts, datapath, get_tmpfile

    assert (len(common_texts), sum(map(len, common_texts))) == (9, 29)
    assert common_texts[-1] == ["graph", "minors", "survey"]
    assert [len(bag) for bag in common_corpus] == [3, 6, 4, 3, 3, 1, 2, 3, 3]
    model = w2v.compat.gensim.models.Word2Vec(common_texts, vector_size=5, min_count=1)
    path = get_tmpfile("vectors.kv")
    model.wv.save(path)
    assert len(w2v.compat.gensim.models.KeyedVectors.load(path)) == 12
    shutil.rmtree(os.path.dirname(path))
    with pytest.raises(FileNotFoundError, match="come with gensim only"):
        datapath("head500.noblanks.cor")


def test_gensim_is_imported_already(monkeypatch):
    monkeypatch.setitem(sys.modules, "gensim", types.ModuleType("gensim"))
    with pytest.raises(RuntimeError, match="before the first import of gensim"):
        ours.install()


def test_install_and_uninstall_twice():
    before = list(sys.meta_path)
    ours.install()
    ours.install()
    assert len(sys.meta_path) == len(before) + 1
    importlib.import_module("gensim.models.phrases")
    ours.uninstall()
    ours.uninstall()
    assert sys.meta_path == before
    assert not [name for name in sys.modules if is_gensim(name)]


def test_lazy_names():
    assert w2v.compat.gensim is ours
    assert {"install", "models", "utils"} <= set(dir(ours))
    for module in (w2v.compat, ours, ours.models):
        with pytest.raises(AttributeError, match="PoincareModel"):
            module.PoincareModel  # noqa: B018
