"""How matrices lie in memory, and that nothing depends on it."""

import numpy as np
import pytest

from w2v import Word2Vec, _simd
from w2v._memory import allocate_rows
from w2v.config import TrainingConfig
from w2v.training import _hogwild
from w2v.training import weights as rows
from w2v.vocab.sampling import SamplingTables
from w2v.vocab.vocabulary import Vocabulary

LINE, ALIKE = 64, 512  # bytes; rows a multiple of the second apart share few sets of a cache


@pytest.mark.parametrize("dim", [*range(1, 131), 200, 255, 256, 257, 300, 384, 496, 512, 1_000])
def test_rows_lie_on_cache_lines_but_not_in_few_sets(dim):
    for n_rows in (1, 3, 100):
        matrix = allocate_rows(n_rows, dim)
        assert (matrix.shape[0], matrix.dtype) == (n_rows, np.float32)
        assert matrix.flags.c_contiguous
        assert not matrix.any()
        bytes_apart = matrix.strides[0]
        assert matrix.ctypes.data % LINE == 0
        assert bytes_apart % LINE == 0
        assert bytes_apart % ALIKE != 0
        assert 4 * dim <= bytes_apart < 4 * dim + 2 * LINE  # no more than it takes


def test_matrices_longer_than_a_chunk():
    matrix = allocate_rows(10_000, 3)
    rows.initialize(matrix, 3, seed=1)
    assert matrix[:, :3].any(axis=1).all()
    assert len(np.unique(matrix[:, :3], axis=0)) == 10_000
    np.testing.assert_array_equal(rows.pad_rows(matrix[:, :3]), matrix)


@pytest.mark.parametrize(("settings", "reach"), [
    ({}, 4), ({"sg": 0}, 4), ({"sg": 0, "cbow_mean": 0}, 1), ({"score_offsets": False}, 1),
    ({"hs": 1}, 1), ({"softmax": True}, 1), ({"score_offsets": True, "softmax": True}, 1),
])  # fmt: skip
def test_vectors_begin_farther_from_zero_where_scores_have_offsets(settings, reach):
    config = TrainingConfig(vector_size=20, **settings)
    weights = rows.Weights.untrained(300, config)
    for vectors in (weights.vectors, weights.grown(700, config).vectors[300:]):
        assert np.abs(vectors).max() == pytest.approx(reach / 20, rel=0.01)
        assert not vectors[:, 20:].any()


@pytest.mark.parametrize("dim", [100, 112, 128, 256])
@pytest.mark.parametrize("settings", [{}, {"hs": 1, "sg": 0}, {"shared_negatives": False}], ids=str)
def test_training_does_not_depend_on_the_distance_of_rows(dim, settings):
    n_words = 30
    rng = np.random.default_rng(0)
    ids = rng.integers(0, n_words, 400).astype(np.int32)
    ids[19::20] = -1
    config = TrainingConfig(vector_size=dim, workers=1, alpha=0.05, **settings)
    tree = Vocabulary([*map(str, range(n_words))], np.arange(n_words, 0, -1)).huffman_tree()
    everything = np.arange(n_words, dtype=np.int32)
    keep = np.full(n_words, 2**32 - 1, np.uint32)
    tables = SamplingTables(everything, keep, everything, tree if config.hs else None)
    lines = -(-dim // _simd.ROW_FLOATS)
    found = set()
    for more in range(4):  # one of the strides is a multiple of 512 bytes
        stride = (lines + more) * _simd.ROW_FLOATS
        rng = np.random.default_rng(1)
        matrices = []
        for n_rows in (n_words, n_words, n_words - 1):
            flat = allocate_rows(n_rows * (lines + more), _simd.ROW_FLOATS)
            matrix = flat.reshape(n_rows, stride)
            matrix[:, :dim] = rng.standard_normal((n_rows, dim)) / 9
            matrices.append(matrix)
        before = matrices[0].copy()
        weights = rows.Weights(*matrices)
        worker = _hogwild.Worker(_hogwild.SharedState(config, weights, ids, tables, 10**6))
        assert worker.run(0, 0, 0, len(ids)) == _hogwild.DONE
        assert (matrices[0] != before).any(axis=1).all()
        assert not any(matrix[:, dim:].any() for matrix in matrices)
        found.add(b"".join(matrix[:, :dim].tobytes() for matrix in matrices))
    assert len(found) == 1


@pytest.mark.parametrize("dim", [127, 128, 256])
def test_dimensions_whose_rows_are_longer_than_they_need(dim, tmp_path):
    rng = np.random.default_rng(0)
    topics = [[f"{topic}{i}" for i in range(6)] for topic in ("sea", "law", "tea", "sun")]
    sentences = [rng.choice(topics[rng.integers(4)], 8).tolist() for _ in range(600)]
    settings = {"min_count": 1, "sample": 0, "epochs": 3, "alpha": 0.05}
    model = Word2Vec(sentences, vector_size=dim, workers=1, **settings)
    assert model.wv.vectors.shape == model.output_vectors.shape == (24, dim)
    for topic in topics:
        near = [word for word, _ in model.wv.most_similar(topic[0], topn=5)]
        assert sorted(near) == topic[1:]
    model.save(tmp_path / "model")
    loaded = Word2Vec.load(tmp_path / "model")
    for each in (model, loaded):
        assert each.wv.vectors.shape == (24, dim)
        each.train(sentences, epochs=1)
    assert loaded.wv.vectors.tobytes() == model.wv.vectors.tobytes()
    assert loaded.output_vectors.tobytes() == model.output_vectors.tobytes()
