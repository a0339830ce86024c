"""The job of the benchmark `matrix`: baskets of words from known clusters, and a score.

The right answer is known by construction: words of one cluster belong together. Only NumPy and the
measured system are imported; see benchmarks/jobs.py.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

_BACKGROUND = 0.3  # share of words that are drawn from all clusters
_CLUSTERS = {2: 2, 50: 5, 2_000: 40, 50_000: 50}
_JUDGED = 1_000  # the most frequent words; rare ones occur too seldom to be learned
_NEIGHBORS = 9
_LARGEST = 1e3  # a number in a vector beyond it: the training has exploded


def baskets(vocabulary: int, window: int, tokens: int, seed: int) -> tuple[Any, Any]:
    """Return baskets of words, shape (baskets, length), and the cluster of each word, shape (V,).

    A basket is as long as the window, within 20 to 200 words. Seven words of ten are from one
    cluster. Words of a small vocabulary are equally frequent, others follow a power law.
    """
    rng = np.random.default_rng(seed)
    length = min(max(window, 20), 200)
    n_clusters = _CLUSTERS.get(vocabulary, max(2, vocabulary // 50))
    frequency = np.arange(1.0, vocabulary + 1) ** (-0.75 if vocabulary > 50 else 0)
    label = np.arange(vocabulary) % n_clusters
    made = rng.choice(vocabulary, (tokens // length, length), p=frequency / frequency.sum())
    background = rng.random(made.shape) < _BACKGROUND
    for row, other in zip(made, background, strict=True):
        members = np.flatnonzero(label == rng.integers(n_clusters))
        share = frequency[members] / frequency[members].sum()
        row[~other] = rng.choice(members, np.count_nonzero(~other), p=share)
    return made, label


def purity(vectors: Any, label: Any) -> float:
    """Return the share of nearest neighbors that are of the same cluster; shapes (n, d), (n,)."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.where(length > 0, length, 1)
    similarity = unit @ unit.T
    np.fill_diagonal(similarity, -np.inf)
    several = np.bincount(label)[label] > _NEIGHBORS
    near = np.argsort(-similarity[several], axis=1, kind="stable")[:, :_NEIGHBORS]
    return float((label[near] == label[several, np.newaxis]).mean())


def told_apart(model: Any, system: str) -> float:
    """Return whether each of two words is a better context for itself than the other one is."""
    ours = system == "w2v"
    vectors, words = model.wv.vectors, model.wv.index_to_key
    hierarchical = model.config.hs if ours else model.hs
    if hierarchical:
        node = (model.node_vectors if ours else model.syn1)[0]
        if ours:
            first = 1 - 2 * int(model.vocabulary.huffman_tree().codes[0])
        else:
            first = 1 - 2 * int(model.wv.get_vecattr(words[0], "code")[0])
        return float(first * ((vectors[0] - vectors[1]) @ node) > 0)
    output = model.output_vectors if ours else model.syn1neg
    return float((vectors[0] - vectors[1]) @ (output[0] - output[1]) > 0)


def clusters(word2vec: Any, task: dict[str, Any]) -> dict[str, Any]:
    """Train on each of the task's cells; return their scores, 0 where training failed."""
    scores, seconds = [], []
    for cell in task["cells"]:
        made, label = baskets(cell["vocabulary"], cell["window"], cell["tokens"], cell["seed"])
        settings = {**task["settings"], **cell["settings"], "window": cell["window"]}
        settings["seed"] = cell["seed"]
        sentences = [list(map(str, row)) for row in made.tolist()]
        began = time.process_time()
        try:
            model = word2vec(sentences, **settings)
        except FloatingPointError:
            model = None
        seconds.append(time.process_time() - began)
        if model is None or not np.abs(model.wv.vectors).max() < _LARGEST:
            scores.append(0.0)
        elif cell["vocabulary"] == 2:
            scores.append(told_apart(model, task["system"]))
        else:
            order = np.array(model.wv.index_to_key[:_JUDGED], int)
            scores.append(purity(model.wv.vectors[: len(order)], label[order]))
    return {"scores": scores, "seconds": seconds}
