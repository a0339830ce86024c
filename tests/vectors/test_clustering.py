"""Word classes and outliers: groups that are known by construction."""

import numpy as np
import pytest

from w2v import KeyedVectors
from w2v.cli import app
from w2v.vectors import clustering


def bundles(groups=6, words=40, size=12, seed=4):
    """Words around orthogonal axes, of very different lengths, dealt out in turn."""
    rng = np.random.default_rng(seed)
    truth = np.arange(groups * words) % groups
    rows = np.eye(groups, size)[truth] + 0.05 * rng.standard_normal((len(truth), size))
    rows *= rng.uniform(0.1, 50, (len(truth), 1))
    return KeyedVectors([f"w{i}" for i in range(len(truth))], rows.astype(np.float32)), truth


def objective(wv, found):
    """Return the mean cosine of a word with the centroid of its cluster, in float64."""
    unit = wv.vectors / np.linalg.norm(wv.vectors, axis=1, keepdims=True)
    total = sum(np.linalg.norm(unit[found == one].sum(axis=0)) for one in np.unique(found))
    return total / len(wv)


def test_known_groups_are_found():
    wv, truth = bundles()
    # From some starts two words are of one group; the best of ten starts finds all.
    best = max((wv.kmeans(6, seed=seed) for seed in range(10)), key=lambda c: objective(wv, c))
    assert best.dtype == np.int32
    assert best.tolist() == truth.tolist()  # numbered in the order of their first words


@pytest.mark.parametrize("scores", [1, 1 << 22])
def test_classes_settle_at_a_fixed_point(monkeypatch, scores):
    monkeypatch.setattr(clustering, "_MAX_COSINES", scores)
    rng = np.random.default_rng(0)
    wv = KeyedVectors([str(i) for i in range(700)], rng.standard_normal((700, 8), np.float32))
    found = wv.kmeans(20, iterations=200)
    unit = wv.vectors / np.linalg.norm(wv.vectors, axis=1, keepdims=True)
    centroids = np.stack([unit[found == one].sum(axis=0) for one in range(20)])
    centroids /= np.linalg.norm(centroids, axis=1, keepdims=True)
    assert np.mean((unit @ centroids.T).argmax(axis=1) == found) > 0.99
    assert objective(wv, found) > objective(wv, wv.kmeans(20, iterations=1)) + 0.02


def test_a_seed_repeats():
    wv, _ = bundles()
    again = wv.kmeans(9, seed=3)
    assert (wv.kmeans(9, seed=3) == again).all()
    assert (wv.kmeans(9, seed=4) != again).any()
    assert (wv.kmeans(9) == wv.kmeans(9, seed=1)).all()


def test_no_class_stays_empty():
    # Four starts of five fall on the one direction; all five are found nevertheless.
    rows = np.vstack([np.tile([1.0, 0, 0, 0, 0], (60, 1)), np.eye(5)[1:]]).astype(np.float32)
    wv = KeyedVectors([str(i) for i in range(64)], rows)
    assert len(set(wv.kmeans(5).tolist())) == 5


def test_fewer_directions_than_classes():
    rows = np.tile([[1, 0], [0, 1]], (10, 1)).astype(np.float32)
    found = KeyedVectors([str(i) for i in range(20)], rows).kmeans(5)
    assert found.max() < 5
    assert (found[::2] != found[1::2]).all()


def test_one_class_and_a_class_each():
    wv, _ = bundles(words=2)
    assert wv.kmeans(1).tolist() == [0] * 12
    assert wv.kmeans(12, iterations=1).tolist() == list(range(12))


def test_zero_vectors_have_a_class_too():
    wv = KeyedVectors(["a", "b", "zero"], np.array([[1, 0], [0, 1], [0, 0]], np.float32))
    assert set(wv.kmeans(3).tolist()) <= {0, 1, 2}
    assert KeyedVectors(["x", "y"], np.zeros((2, 3), np.float32)).kmeans(2).shape == (2,)


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ({"k": 241}, ValueError, "k=241: expected at most the number of words, 240"),
        ({"k": 0}, ValueError, "k=0: expected an integer of at least 1"),
        ({"k": 2.5}, TypeError, "k=2.5: expected an integer"),
        ({"k": 2, "seed": -1}, ValueError, "seed=-1"),
        ({"k": 2, "iterations": 0}, ValueError, "iterations=0"),
    ],
)
def test_bad_arguments(how, error, message):
    with pytest.raises(error, match=message):
        bundles()[0].kmeans(**how)


def test_vectors_that_are_not_finite():
    wv = KeyedVectors(["a", "b"], np.array([[1], [np.inf]], np.float32))
    with pytest.raises(ValueError, match=r"the vector of 'b' \(row 1\) contains NaN, infinity"):
        wv.kmeans(1)


# ---- Outliers ------------------------------------------------------------------------------------


def test_the_odd_one_is_first():
    angles = np.radians([0, 10, 20, 90])
    rows = (np.stack([np.cos(angles), np.sin(angles)], axis=1) * [[1], [7], [2], [90]]).astype("f4")
    wv = KeyedVectors(["a", "b", "c", "odd"], rows)
    found = wv.outliers(["b", "odd", "a", "c"])
    assert [word for word, _ in found] == ["odd", "a", "b", "c"]
    expected = [
        np.cos(np.radians(apart)).mean()
        for apart in ([90, 80, 70], [10, 20, 90], [10, 10, 80], [20, 10, 70])
    ]
    assert [score for _, score in found] == pytest.approx(expected, abs=1e-6)
    assert all(type(score) is float for _, score in found)


def test_outliers_of_what_is_no_set():
    wv = KeyedVectors(["a", "b", "c"], np.eye(3, dtype=np.float32))
    with pytest.raises(TypeError, match="words='abc' is a single string"):
        wv.outliers("abc")
    with pytest.raises(ValueError, match="words has 2 words: expected at least three"):
        wv.outliers(["a", "b"])
    with pytest.raises(KeyError, match="'x' is not in the vocabulary"):
        wv.outliers(["a", "b", "x"])
    assert wv.outliers(iter(["c", "a", "b"])) == [("c", 0.0), ("a", 0.0), ("b", 0.0)]


# ---- The command line ----------------------------------------------------------------------------


def test_command(tmp_path, capsys):
    wv, _ = bundles()
    wv.save(tmp_path / "v.safetensors")
    lines = [f"{w} {c}" for w, c in zip(wv.index_to_key, wv.kmeans(9, seed=2), strict=True)]
    assert app.main(["cluster", str(tmp_path / "v.safetensors"), "-k", "9", "--seed", "2"]) == 0
    assert capsys.readouterr().out.splitlines() == lines
    out = tmp_path / "classes.txt"
    arguments = ["-k", "9", "--seed", "2", "-o", str(out)]
    assert app.main(["cluster", str(tmp_path / "v.safetensors"), *arguments]) == 0
    assert capsys.readouterr().out == ""
    assert out.read_bytes() == ("\n".join(lines) + "\n").encode()


def test_command_tells_errors(tmp_path, capsys):
    path = tmp_path / "v.safetensors"
    KeyedVectors(["New York", "b"], np.eye(2, dtype=np.float32)).save(path)
    assert app.main(["cluster", str(path)]) == 1
    assert "--clusters 500: expected at most the number of words, 2" in capsys.readouterr().err
    out = tmp_path / "classes.txt"
    assert app.main(["cluster", str(path), "-k", "2", "-o", str(out)]) == 1
    assert "word 'New York' contains white space" in capsys.readouterr().err
    assert not out.exists()
    assert app.main(["cluster", str(path), "-k", "2", "-o", str(path)]) == 1
    assert "input and output are the same file" in capsys.readouterr().err
