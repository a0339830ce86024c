"""ann.py: approximate search against exact search, and files that are damaged or others."""

import itertools
import json
import re
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from w2v import KeyedVectors
from w2v.io._checksum import Checksum
from w2v.vectors.ann import VectorIndex

usearch = pytest.importorskip("usearch.index")

METRICS = ("cosine", "dot", "euclidean")


def made(rows=600, dimensions=12, seed=1):
    """Return vectors of very different lengths in padded rows, a zero vector among them."""
    random = np.random.default_rng(seed)
    padded = np.zeros((rows, 16), np.float32)
    padded[:, :dimensions] = random.normal(size=(rows, dimensions))
    padded *= random.uniform(0.5, 2, (rows, 1))
    padded[3] = 0
    return KeyedVectors([f"w{i}" for i in range(rows)], padded[:, :dimensions])


@pytest.fixture(scope="module")
def wv():
    return made()


@pytest.fixture(scope="module")
def index(wv):
    return wv.index(workers=1)


def exact(wv, queries, k, metric):
    """Return rows and figures by plain float64 arithmetic."""
    vectors, queries = wv.vectors.astype(np.float64), queries.astype(np.float64)
    if metric == "euclidean":
        figures = np.linalg.norm(queries[:, None] - vectors[None], axis=2)
        order = np.argsort(figures, axis=1, kind="stable")
    else:
        figures = queries @ vectors.T
        if metric == "cosine":
            lengths = np.linalg.norm(queries, axis=1)[:, None] * np.linalg.norm(vectors, axis=1)
            figures = np.divide(figures, lengths, out=np.zeros_like(figures), where=lengths > 0)
        order = np.argsort(-figures, axis=1, kind="stable")
    return order[:, :k], np.take_along_axis(figures, order[:, :k], 1)


def recall(found, expected):
    return np.mean([len(set(a) & set(b)) / len(b) for a, b in zip(found, expected, strict=True)])


@pytest.mark.parametrize(
    ("metric", "dtype"),
    [*itertools.product(METRICS, ("float32", "float16")), ("cosine", "int8")],
)
def test_finds_what_exact_search_finds(wv, metric, dtype):
    index = wv.index(metric, dtype=dtype, workers=1)
    queries = np.random.default_rng(2).normal(size=(100, 12)).astype(np.float32)
    rows, figures = index.search(queries, 10)
    assert (rows.shape, rows.dtype, figures.dtype) == ((100, 10), np.int64, np.float32)
    expected_rows, expected = exact(wv, queries, 10, metric)
    assert recall(rows, expected_rows) > (0.9 if dtype == "int8" else 0.97)
    assert recall(rows, np.roll(expected_rows, 1, axis=0)) < 0.5
    # What was found has the exact figure, even where the graph stores 8 bits.
    of_rows = exact(wv, queries, len(wv), metric)
    for i in range(len(queries)):
        figure = dict(zip(*(one[i].tolist() for one in of_rows), strict=True))
        np.testing.assert_allclose(figures[i], [figure[row] for row in rows[i]], atol=1e-5)
    rising = np.diff(figures, axis=1) * (1 if metric == "euclidean" else -1)
    assert (rising >= 0).all()
    np.testing.assert_allclose(figures[:, 0], expected[:, 0], atol=0.05)


def test_one_query_and_many_agree(wv, index):
    rows, cosines = index.search(wv.vectors[:20], 7)
    for i in range(20):
        one = index.search(wv.vectors[i], 7)
        assert one[0].tolist() == rows[i].tolist()
        assert one[1].tolist() == cosines[i].tolist()
    many = index.search(wv.vectors[:20], 7, workers=0)
    np.testing.assert_array_equal(many[0], rows)


def test_pieces_of_the_figures(wv, index, monkeypatch):
    whole = index.search(wv.vectors[:50], 5)
    monkeypatch.setattr("w2v.vectors.ann._CHUNK_SIZE", 4 * 3 * 5 * 12)  # three queries
    for one, other in zip(index.search(wv.vectors[:50], 5), whole, strict=True):
        np.testing.assert_array_equal(one, other)


def test_more_than_there_are_and_none():
    few = made(4)
    rows, cosines = few.index().search(few.vectors[0], 10)
    assert sorted(rows.tolist()) == [0, 1, 2, 3]
    assert cosines[rows == 3].tolist() == [0]  # the zero vector
    rows, cosines = few.index().search(np.zeros(12), 2)
    assert cosines.tolist() == [0, 0]
    assert few.index().search(np.zeros((0, 12)), 2)[0].shape == (0, 2)
    one = KeyedVectors(["a"], np.ones((1, 3), np.float32))
    assert one.most_similar("a", index=one.index()) == []


def test_places_without_a_candidate(wv, monkeypatch):
    class Sparse:
        def search(self, queries, k, threads):
            keys = np.array([[5, 1], [7, 2**63]][: len(queries)], np.uint64)
            return types.SimpleNamespace(keys=keys, counts=np.array([2, 1][: len(queries)]))

    index = wv.index(workers=1)
    monkeypatch.setattr(index, "_graph", Sparse())
    rows, cosines = index.search(wv.vectors[[5, 7]], 3)
    assert rows.tolist() == [[5, 1, -1], [7, -1, -1]]
    assert np.isnan(cosines).tolist() == [[False, False, True], [False, True, True]]
    assert index.search(wv.vectors[5], 3)[0].tolist() == [5, 1]


def test_most_similar_through_an_index(wv, index):
    for positive, negative in [("w5", None), (["w5", "w9"], ["w7"])]:
        assert wv.most_similar(positive, negative, topn=0, index=index) == []
        found = wv.most_similar(positive, negative, topn=8, index=index)
        expected = wv.most_similar(positive, negative, topn=8)
        assert [word for word, _ in found] == [word for word, _ in expected]
        np.testing.assert_allclose([c for _, c in found], [c for _, c in expected], atol=1e-6)
    for bad in ({"topn": None}, {"restrict_vocab": 5}):
        with pytest.raises(ValueError, match="index= cannot be combined with topn=None"):
            wv.most_similar("w5", index=index, **bad)
    with pytest.raises(TypeError, match="index is of type str"):
        wv.most_similar("w5", index="file")


def test_index_of_other_vectors_is_refused(wv, index):
    same = KeyedVectors(wv.index_to_key, np.array(wv.vectors))
    assert same.most_similar("w1", topn=3, index=index)  # equal vectors, rows not padded
    changed = np.array(wv.vectors)
    changed[599, 11] += 1
    with pytest.raises(ValueError, match="built from other vectors of the same shape"):
        KeyedVectors(wv.index_to_key, changed).most_similar("w1", index=index)
    with pytest.raises(
        ValueError, match=r"has 600 words with 12 dimensions, but the vectors have 50 words"
    ):
        made(50).most_similar("w1", index=index)
    wv.most_similar("w1", index=index)


def test_an_index_of_vectors_that_were_changed_is_refused(wv, index):
    assert wv.most_similar("w1", topn=1, index=index)
    before = wv["w0"]
    wv["w0"] = -before
    with pytest.raises(ValueError, match="built from other vectors of the same shape"):
        wv.most_similar("w1", index=index)
    wv["w0"] = before
    assert wv.most_similar("w1", topn=1, index=index)


def test_one_worker_repeats(wv, tmp_path):
    for name in ("a", "b"):
        wv.index(workers=1).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("mmap", [False, True])
@pytest.mark.parametrize("metric", METRICS)
def test_saved_and_opened(wv, tmp_path, metric, mmap):
    index = wv.index(metric, expansion_search=33, workers=1)
    index.save(tmp_path / "i")
    again = VectorIndex.load(tmp_path / "i", wv, mmap=mmap)
    assert (again.metric, again.dtype, again.shape) == (metric, "float32", (600, 12))
    assert (len(again), again.expansion_search) == (600, 33)
    assert repr(again) == repr(index)
    for one, other in zip(again.search(wv.vectors, 5), index.search(wv.vectors, 5), strict=True):
        np.testing.assert_array_equal(one, other)
    again.expansion_search = 90
    again.save(tmp_path / "j")
    assert VectorIndex.load(tmp_path / "j", wv).expansion_search == 90


def test_usearch_reads_the_file(wv, index, tmp_path):
    index.save(tmp_path / "i")
    theirs = usearch.Index.restore(str(tmp_path / "i"))
    assert len(theirs) == 600
    assert theirs.search(wv.vectors[8], 3).keys[0] == 8


def test_files_that_are_no_index_of_these_vectors(wv, index, tmp_path):
    path = tmp_path / "i"
    index.save(path)
    content = path.read_bytes()
    with pytest.raises(ValueError, match=r"i: the index has 600 words"):
        VectorIndex.load(path, made(50))
    with pytest.raises(ValueError, match=r"i: the index was built from other vectors"):
        VectorIndex.load(path, made(seed=2))
    for cut in (0, 5, 16, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:cut])
        with pytest.raises(ValueError, match="truncated or another kind of file"):
            VectorIndex.load(path, wv)
    for place in (200, len(content) // 2):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(
            ValueError, match="checksum mismatch, the index is corrupt; build it again"
        ):
            VectorIndex.load(path, wv)
    path.write_bytes(content[1:])
    with pytest.raises(ValueError, match="the index metadata are corrupt; build it again"):
        VectorIndex.load(path, wv)
    wv.save(path)
    with pytest.raises(ValueError, match="safetensors file"):
        VectorIndex.load(path, wv)
    with pytest.raises(FileNotFoundError):
        VectorIndex.load(tmp_path / "none", wv)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "index version 2 is newer than this w2v reads \\(1\\): upgrade"),
        ({"metric": "other"}, "metadata are corrupt"),
        ({"dimensions": 0}, "metadata are corrupt"),
        ({"words": "600"}, "metadata are corrupt"),
        ({"words": 601}, "the index has 600 rows, expected 601"),
        ({"size": 10}, "metadata are corrupt"),
    ],
)
def test_notes_that_are_wrong(wv, index, tmp_path, change, message):
    path = tmp_path / "i"
    index.save(path)
    content = path.read_bytes()
    length = int.from_bytes(content[-16:-8], "little")
    note = json.loads(content[-16 - length : -16]) | change
    text = json.dumps(note).encode()
    path.write_bytes(
        content[: -16 - length] + text + len(text).to_bytes(8, "little") + content[-8:]
    )
    with pytest.raises(ValueError, match=message):
        VectorIndex.load(path, wv)


def test_a_failed_save_leaves_the_old_file(index, tmp_path, monkeypatch):
    path = tmp_path / "i"
    path.write_text("old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("w2v.vectors.ann._checksum", full)
    with pytest.raises(OSError, match="No space"):
        index.save(path)
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("i", "old")]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"metric": "manhattan"}, "metric='manhattan': expected one of 'cosine', 'dot', 'eucl"),
        ({"dtype": "float64"}, "dtype='float64': expected one of"),
        ({"metric": "dot", "dtype": "int8"}, "int8 stores normalized vectors only"),
        ({"connectivity": 0}, "connectivity=0: expected an integer of at least 1"),
        ({"workers": -1}, "workers=-1: expected"),
    ],
)
def test_settings_that_are_wrong(wv, settings, message):
    with pytest.raises(ValueError, match=message):
        wv.index(**settings)


@pytest.mark.parametrize("query", [np.zeros(11), np.zeros((1, 1, 12)), 3.0])
def test_queries_of_a_wrong_shape(index, query):
    with pytest.raises(ValueError, match="a query has shape"):
        index.search(query)


def test_numbers_that_are_not_finite(wv, index):
    with pytest.raises(ValueError, match="a query contains NaN or infinity"):
        index.search(np.full(12, np.nan))
    vectors = np.array(wv.vectors)
    vectors[7, 2] = np.inf
    with pytest.raises(ValueError, match=re.escape("the vector of 'w7' (row 7) contains NaN")):
        KeyedVectors(wv.index_to_key, vectors).index()
    with pytest.raises(TypeError, match=r"k=1\.5: expected an integer"):
        index.search(np.zeros(12), 1.5)


@pytest.mark.thorough
def test_the_benchmark_reports_recall(tmp_path):
    made(300).save(tmp_path / "v.safetensors")
    command = [sys.executable, "-m", "benchmarks", "ann", "--vectors", tmp_path / "v.safetensors"]
    ran = subprocess.run(
        [*command, "--queries", "20", "--json", tmp_path / "figures"],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    rows = list(map(json.loads, (tmp_path / "figures").read_text("utf-8").splitlines()))
    assert [row["row"] for row in rows][:2] == ["ann float32 64", "ann float32 256"]
    assert all(0.5 < row["figures"]["recall"] <= 1 for row in rows)
    assert "recall@10" in ran.stdout


@pytest.mark.parametrize("metric", ["cosine", "dot", "euclidean"])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_a_forged_graph_is_refused(tmp_path, metric, dtype):
    """A search follows every number in a graph: none may lead out of it."""
    rows = np.random.default_rng(0).normal(size=(200, 8)).astype(np.float32)
    wv = KeyedVectors([f"w{i}" for i in range(200)], rows)
    wv.index(metric, dtype=dtype, workers=1, connectivity=4).save(tmp_path / "good")
    good = (tmp_path / "good").read_bytes()
    length = int.from_bytes(good[-16:-8], "little")
    note, graph = json.loads(good[-16 - length : -16]), good[: -16 - length]
    random = np.random.default_rng(1)
    path, refused = tmp_path / "forged", 0
    begin = 8 + rows.size * (4 if dtype == "float32" else 2)  # the vectors may be any

    def forge(changed):
        total = Checksum()
        total.add(bytes(changed))
        text = json.dumps({**note, "graph": total.hexdigest()}).encode()
        path.write_bytes(bytes(changed) + text + len(text).to_bytes(8, "little") + good[-8:])

    for _ in range(60):
        changed = bytearray(graph)
        for _ in range(3):
            changed[int(random.integers(begin, len(graph)))] ^= int(random.integers(1, 256))
        forge(changed)
        for mmap in (False, True):
            try:
                index = VectorIndex.load(path, wv, mmap=mmap)
            except ValueError as error:
                assert str(path) in str(error)  # noqa: PT017
                refused += 1
            else:  # bytes that are not used, or other neighbors
                assert len(wv.most_similar("w1", index=index, metric=metric)) <= 10
    assert refused > 30
    forge(graph)
    assert VectorIndex.load(path, wv).search(rows[5], 1)[0].shape == (1,)
