"""Queries and files of vectors."""

from __future__ import annotations

import json

import pytest
from benchmark_helpers import (
    QUESTIONS,
    VECTORS,
    WORDS,
    benchmarks,
    written,
)

import w2v


@pytest.mark.thorough
def test_vectors_measures_every_part(tmp_path):
    pytest.importorskip("gensim")
    vectors, figures = tmp_path / "vectors.safetensors", tmp_path / "figures"
    w2v.KeyedVectors(WORDS, VECTORS).save(vectors)
    questions = written(tmp_path, QUESTIONS)
    size = ("--words", 200, "--dim", 6, "--batch", 5, "--rounds", 1)
    asked = ("--vectors", vectors, "--questions", questions)
    ran = benchmarks("vectors", *size, *asked, "--json", figures)
    assert ran.returncode == 0, ran.stderr
    rows = {row["row"]: row for row in map(json.loads, figures.read_text("utf-8").splitlines())}
    for job in ("load binary", "load text", "save text"):
        assert rows[job]["w2v"] > 0
        assert rows[job]["gensim"] > 0
    assert rows["open mapped"]["w2v"] > 0
    assert rows["analogies, 3CosAdd"]["score"] == rows["analogies, 3CosAdd"]["gensim_score"]
    assert rows["compare: all"]["w2v"] >= rows["compare: displacement"]["w2v"] > 0
    for told in ("most_similar_batch, 5 words", "distances, one word, chebyshev"):
        assert told in ran.stdout
