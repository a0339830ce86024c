"""Planted clusters: every objective at unusual settings, beside gensim."""

from __future__ import annotations

import types

import numpy as np
import pytest
from benchmark_helpers import benchmarks, lines_of, module


def test_the_score_is_known_by_construction():
    clusters = module("training.clusters")
    label = np.arange(40) % 2
    right = np.stack([1.0 - label, label], axis=1)
    assert clusters.purity(right, label) == 1
    assert clusters.purity(right, np.arange(40) // 20) == pytest.approx(0.5, abs=0.1)
    assert clusters.purity(np.zeros((40, 2)), label) < 0.7  # ties in the order of rows


@pytest.mark.parametrize(("vocabulary", "length"), [(2, 20), (50, 200)])
def test_baskets_hold_seven_in_ten_words_of_one_cluster(vocabulary, length):
    clusters = module("training.clusters")
    rows, label = clusters.baskets(vocabulary, length, 20_000, 1)
    again, _ = clusters.baskets(vocabulary, length, 20_000, 1)
    np.testing.assert_array_equal(rows, again)
    assert rows.shape == (20_000 // length, length)
    n_clusters = label.max() + 1
    most = np.array([np.bincount(label[row]).max() for row in rows]).mean() / length
    assert most == pytest.approx(0.7 + 0.3 / n_clusters, abs=0.03)


def test_two_words_are_told_apart_by_what_they_predict():
    clusters = module("training.clusters")
    vectors = np.array([[1.0, 0.0], [-1.0, 0.0]])
    wv = types.SimpleNamespace(vectors=vectors, index_to_key=["0", "1"])
    config = types.SimpleNamespace(hs=0)
    model = types.SimpleNamespace(wv=wv, config=config, output_vectors=vectors)
    assert clusters.told_apart(model, "w2v") == 1
    model.output_vectors = -vectors
    assert clusters.told_apart(model, "w2v") == 0


def test_worse_is_by_more_than_the_spread():
    is_worse = module("training.matrix").is_worse
    assert is_worse([0.8, 0.8], [0.9, 0.9])
    assert not is_worse([0.9, 0.9], [0.8, 0.8])
    assert not is_worse([0.88, 0.88], [0.9, 0.9])
    assert not is_worse([0.7, 0.9], [0.9, 0.9])


@pytest.mark.thorough
def test_matrix_measures_every_cell(tmp_path):
    results = tmp_path / "results.jsonl"
    ran = benchmarks(
        *("matrix", "--windows", 1, 5, "--vocabularies", 2, 50, "--negatives", 5, "--seeds", 1),
        *("--objectives", "sg-ns", "cbow-sum-hs", "cbow-softmax", "--json", results),
    )
    assert ran.returncode == 0, ran.stderr
    found = lines_of(results)
    assert len(found) == 2 * 2 * 3 * 2
    assert {line["system"] for line in found} == {"w2v", "gensim"}
    assert all(0 <= line["score"] <= 1 and line["cpu_seconds"] > 0 for line in found)
    assert "sg-ns, 50, 5" in ran.stdout
    assert "cbow-sum-hs, 2 " in ran.stdout
