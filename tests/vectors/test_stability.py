"""Stability of neighbors over runs, against plain set operations."""

import csv
import itertools
import json

import numpy as np
import pytest

from w2v import KeyedVectors, Stability


def runs(count=4, n=70, d=6, noise=0.4):
    rng = np.random.default_rng(2)
    rows = rng.standard_normal((n, d))
    words = [f"w{i}" for i in range(n)]
    counts = np.arange(n, 0, -1) * 3
    made = []
    for _ in range(count):
        turn = np.linalg.qr(rng.standard_normal((d, d)))[0]
        moved = (rows + noise * rng.standard_normal((n, d))) @ turn
        order = rng.permutation(n)
        made.append(
            KeyedVectors(
                [words[i] for i in order], moved[order].astype(np.float32), counts=counts[order]
            )
        )
    return made


@pytest.mark.parametrize("k", [1, 10, 100])
def test_stability_is_the_mean_overlap_of_pairs(k):
    models = runs()
    found = Stability(models, k=k)
    assert found.words == [f"w{i}" for i in range(70)]
    for word in ("w0", "w33", "w69"):
        nearest = [{other for other, _ in wv.most_similar(word, topn=min(k, 69))} for wv in models]
        pairs = [len(x & y) / min(k, 69) for x, y in itertools.combinations(nearest, 2)]
        assert found[word] == pytest.approx(np.mean(pairs))
    assert found.mean == pytest.approx(found.stability.mean())


def test_neighbors_have_shares_means_and_spreads():
    models = runs()
    found = Stability(models, k=5)
    neighbors = found.neighbors("w3")
    nearest = [{other for other, _ in wv.most_similar("w3", topn=5)} for wv in models]
    assert {one.word for one in neighbors} == set().union(*nearest)
    for one in neighbors:
        cosines = [wv.similarity("w3", one.word) for wv in models]
        assert one.share == sum(one.word in part for part in nearest) / 4
        assert one.cosine == pytest.approx(np.mean(cosines), abs=1e-6)
        assert one.spread == pytest.approx(np.std(cosines, ddof=1), abs=1e-6)
    order = [(-one.share, -one.cosine) for one in neighbors]
    assert order == sorted(order)
    assert found.neighbors("w3", 2) == neighbors[:2]


def test_equal_runs_are_stable_and_frequent_words_are_the_candidates():
    model = runs(1)[0]
    found = Stability([model, model, model], k=4, neighbors_among=6)
    assert found.stability.tolist() == [1] * 70
    assert {one.word for one in found.neighbors("w50")} < {f"w{i}" for i in range(6)}
    assert {one.share for one in found.neighbors("w50")} == {1}
    assert found.compare(0, 2).displacement.max() < 1e-9


def test_bands_are_powers_of_ten():
    models = runs()
    found = Stability(models)
    bands = found.by_frequency()
    assert [(band.low, band.high, band.words) for band in bands] == [
        (100, 999, 37), (10, 99, 30), (1, 9, 3),
    ]  # fmt: skip
    assert bands[2].stability == pytest.approx(found.stability[-3:].mean())
    bare = [KeyedVectors(wv.index_to_key, wv.vectors) for wv in models]
    assert [(b.low, b.words) for b in Stability(bare).by_frequency()] == [(1, 9), (10, 61)]


def test_results_as_frames():
    pytest.importorskip("pandas")
    found = Stability(runs())
    assert found.to_pandas().loc["w2", "stability"] == found["w2"]


def test_results_as_files_and_dicts(tmp_path):
    found = Stability(runs())
    found.to_csv(tmp_path / "x.csv")
    with open(tmp_path / "x.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert (rows[2]["word"], rows[2]["count"]) == ("w2", "204")
    assert float(rows[2]["stability"]) == pytest.approx(found["w2"], abs=1e-5)
    table = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert table["table"]["stability"] == found.stability.tolist()
    assert (table["runs"], table["by_frequency"][0]["words"]) == (4, 37)
    assert ("w2" in found, len(found)) == (True, 70)
    assert "4 runs, 70 words" in repr(found)
    assert str(found).splitlines()[2].split()[:2] == ["100-999", "37"]


def test_wrong_runs_are_refused():
    models = runs(2)
    other = KeyedVectors(["x"], np.ones((1, 6), np.float32))
    for error, message, call in (
        (ValueError, "models has 1 items", lambda: Stability(models[:1])),
        (ValueError, "no words in common", lambda: Stability([models[0], other])),
        (ValueError, "k=101: expected at most 100", lambda: Stability(models, k=101)),
        (ValueError, "k=0: expected", lambda: Stability(models, k=0)),
        (ValueError, "neighbors_among=0", lambda: Stability(models, neighbors_among=0)),
        (KeyError, "'w7x' is not .* did you mean 'w7'", lambda: Stability(models)["w7x"]),
    ):
        with pytest.raises(error, match=message):
            call()
