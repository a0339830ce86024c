"""`w2v.compat.gensim.install`: what ``import gensim`` finds, before and after."""

import importlib
import importlib.metadata
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
    with pytest.raises(ImportError, match="LdaModel"):
        from gensim.models import LdaModel  # noqa: F401
    with pytest.raises(ModuleNotFoundError, match=r"'gensim\.similarities': w2v is in the place"):
        import gensim.similarities  # noqa: F401


def test_classes_that_can_only_be_imported():
    ours.install()
    from gensim.models import FastText
    from gensim.models.doc2vec import Doc2Vec, TaggedDocument

    assert TaggedDocument(["a"], [0]).tags == [0]
    for use in (Doc2Vec, FastText, Doc2Vec.load, lambda path: FastText.load(path)):
        with pytest.raises(NotImplementedError, match=r"w2v has no .*: use gensim itself"):
            use("x")


def test_the_version_that_libraries_ask_for():
    ours.install()
    assert importlib.metadata.version("gensim") == ours.__version__ == "4.4.0"
    assert importlib.metadata.version("w2v") == w2v.__version__
    assert importlib.metadata.distribution("gensim").files is None
    assert "gensim" not in {one.name for one in importlib.metadata.distributions(name="w2v")}


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
        with pytest.raises(AttributeError, match="LdaModel"):
            module.LdaModel  # noqa: B018
