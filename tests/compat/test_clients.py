"""A library that imports gensim, with w2v in gensim's place; tools/gensim_clients.py has more."""

import importlib
import sys

import numpy as np
import pytest

from w2v.compat import gensim as ours

pytestmark = pytest.mark.thorough


@pytest.fixture
def node2vec():
    """Import the library anew, so that it finds w2v, and forget it afterwards."""
    pytest.importorskip("networkx")

    def imported():
        names = [name for name in sys.modules if name.partition(".")[0] in ("gensim", "node2vec")]
        return {name: sys.modules.pop(name) for name in names}

    kept = imported()
    ours.install()
    if importlib.util.find_spec("node2vec") is None:
        ours.uninstall()
        pytest.skip("node2vec is not installed")
    yield importlib.import_module("node2vec")
    imported()
    ours.uninstall()
    sys.modules.update(kept)


def test_node2vec(node2vec, tmp_path):
    import networkx

    graph = networkx.fast_gnp_random_graph(n=20, p=0.3, seed=2)
    walks = node2vec.Node2Vec(graph, dimensions=8, walk_length=8, num_walks=4, seed=5, quiet=True)
    one, two = (walks.fit(window=5, min_count=1, batch_words=4, workers=1, seed=3) for _ in "ab")
    assert isinstance(one, ours.models.Word2Vec)
    assert one.wv["2"].dtype == np.float32
    np.testing.assert_array_equal(one.wv.vectors, two.wv.vectors)
    assert sorted(one.wv.index_to_key) == sorted(map(str, graph.nodes))

    edges = importlib.import_module("node2vec.edges")
    embedder = edges.HadamardEmbedder(keyed_vectors=one.wv, quiet=True)
    np.testing.assert_array_equal(embedder[("1", "2")], one.wv["1"] * one.wv["2"])
    pairs = embedder.as_keyed_vectors()
    assert pairs.vectors.shape == (210, 8)
    np.testing.assert_array_equal(pairs["('1', '2')"], one.wv["1"] * one.wv["2"])
    assert len(pairs.most_similar("('1', '2')")) == 10
    with pytest.warns(UserWarning, match="contains white space"):
        pairs.save_word2vec_format(str(tmp_path / "edges.txt"))
    read = ours.models.KeyedVectors.load_word2vec_format(tmp_path / "edges.txt")
    np.testing.assert_array_equal(read["('1',_'2')"], pairs["('1', '2')"])
