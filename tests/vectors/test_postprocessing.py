"""What is done to vectors after training: by hand in NumPy, and kept wherever vectors go."""

import copy
import pickle

import numpy as np
import pytest

import w2v
from w2v import KeyedVectors
from w2v.io import safetensors_file
from w2v.io.fasttext import SubwordTable
from w2v.vectors.subwords import SubwordVectors

FORMATS = ["a.safetensors", "a.txt", "a.bin", "a.npz", "a.glove", "a.tsv"]


def made(rows=40, columns=6, seed=1):
    random = np.random.default_rng(seed)
    vectors = (random.normal(size=(rows, columns)) * [9, 5, 2, 1, 1, 1] + 3).astype(np.float32)
    wv = KeyedVectors([f"w{i}" for i in range(rows)], vectors, counts=range(rows, 0, -1))
    wv.set_vecattr("w3", "kind", "noun")
    return wv


def by_hand(vectors, method, n=None):
    """Return the vectors after a step: Mu and Viswanath (2018), algorithm 1, by an SVD."""
    vectors = vectors.astype(np.float64)
    if method == "unit":
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = vectors - vectors.mean(axis=0)
    if method == "abtt":
        _, _, directions = np.linalg.svd(vectors)
        for direction in directions[:n]:
            vectors = vectors - np.outer(vectors @ direction, direction)
    return vectors


# ---- Steps ----


@pytest.mark.parametrize(
    ("method", "n"), [("center", None), ("abtt", 1), ("abtt", 3), ("abtt", 5), ("unit", None)]
)
def test_each_step_by_hand(method, n, monkeypatch):
    monkeypatch.setattr("w2v.vectors.postprocessing._CHUNK_FLOATS", 6 * 7)  # several chunks
    wv = made()
    before = wv.vectors.copy()
    after = wv.postprocess(method, n)
    np.testing.assert_allclose(after.vectors, by_hand(before, method, n), atol=2e-5)
    assert after.vectors.dtype == np.float32
    np.testing.assert_allclose(after.transform(before), after.vectors, atol=2e-5)
    np.testing.assert_allclose(after.transform(before[3]), after["w3"], atol=2e-5)
    np.testing.assert_array_equal(wv.vectors, before)
    assert (after.processing, wv.processing) == ((method,), ())
    assert after.index_to_key == wv.index_to_key
    assert after.counts.tolist() == wv.counts.tolist()
    assert after.get_vecattr("w3", "kind") == "noun"


def test_steps_follow_each_other():
    wv = made()
    after = wv.postprocess("unit").centered().postprocess("abtt", 2)
    assert after.processing == ("unit", "center", "abtt")
    expected = by_hand(by_hand(by_hand(wv.vectors, "unit"), "center"), "abtt", 2)
    np.testing.assert_allclose(after.vectors, expected, atol=1e-5)
    np.testing.assert_allclose(after.transform(wv.vectors), expected, atol=1e-5)


def test_default_number_of_components():
    rank = np.linalg.matrix_rank
    assert rank(made().postprocess("abtt").vectors, tol=1e-3) == 5
    wide = np.random.default_rng(1).normal(size=(250, 240)).astype(np.float32)
    wv = KeyedVectors([str(i) for i in range(250)], wide)
    assert rank(wv.postprocess("abtt").vectors, tol=1e-3) == 238


def test_zero_stays_zero_when_scaled():
    wv = KeyedVectors(["a", "b"], np.array([[0, 0], [3, 4]], np.float32))
    assert wv.postprocess("unit").vectors.tolist() == [
        [0, 0],
        [0.6000000238418579, 0.800000011920929],
    ]


@pytest.mark.parametrize(
    ("method", "n", "error", "message"),
    [
        ("centre", None, ValueError, "method='centre': expected one of 'center', 'abtt', 'unit'"),
        (None, None, ValueError, "method=None: expected one of"),
        ("abtt", 0, ValueError, "n=0: expected an integer of at least 1"),
        ("abtt", -1, ValueError, "n=-1: expected an integer of at least 1"),
        ("abtt", 1.5, ValueError, "n=1.5: expected an integer of at least 1"),
        ("abtt", 6, ValueError, "n=6: expected fewer components than dimensions, 6, and than"),
        ("center", 2, ValueError, "n=2: only 'abtt' removes components; leave it out for 'center'"),
        ("unit", 0, ValueError, "n=0: only 'abtt' removes components"),
    ],
)  # fmt: skip
def test_wrong_steps(method, n, error, message):
    with pytest.raises((error, TypeError), match=message):
        made().postprocess(method, n)


def test_no_words_one_word_and_numbers_that_are_not_finite():
    empty = KeyedVectors([], np.zeros((0, 3), np.float32))
    with pytest.raises(ValueError, match="there are no words"):
        empty.centered()
    assert len(empty.postprocess("unit")) == 0
    one = KeyedVectors(["a"], np.ones((1, 3), np.float32))
    assert one.centered()["a"].tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match="n=1: expected fewer components than dimensions, 3, and"):
        one.postprocess("abtt")
    wv = made()
    wv.vectors[7, 2] = np.nan
    with pytest.raises(ValueError, match=r"the vector of 'w7' \(row 7\) contains NaN or infinity"):
        wv.centered()


# ---- Queries ----


def test_a_query_is_in_the_space_of_the_vectors():
    wv = made()
    after = wv.centered()
    assert after.most_similar(after["w4"], topn=1)[0][0] == "w4"
    assert after.most_similar(after.transform(wv["w4"]), topn=1)[0][0] == "w4"
    assert after.most_similar("w4", topn=3) == after.most_similar(after["w4"], topn=4)[1:]
    mask = np.arange(40) % 2 == 0
    expected = [pair for pair in after.most_similar("w4", topn=39) if int(pair[0][1:]) % 2 == 0]
    assert after.most_similar("w4", topn=3, filter=mask) == expected[:3]


def test_transform_without_steps_is_a_copy():
    wv = made()
    given = wv.vectors[:2]
    answer = wv.transform(given)
    np.testing.assert_array_equal(answer, given)
    assert not np.shares_memory(answer, given)
    assert wv.transform([1, 2, 3, 4, 5, 6]).dtype == np.float32
    assert wv.centered().transform(np.empty((0, 6))).shape == (0, 6)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ([1, 2], ValueError, r"vectors has shape \(2,\): expected \(6,\) or \(vectors, 6\)"),
        (1.0, ValueError, r"vectors has shape \(\)"),
        (np.zeros((1, 1, 6)), ValueError, r"vectors has shape \(1, 1, 6\)"),
        ("w4", TypeError, r"expected numbers; the vector of a word, wv\[word\], went through"),
        ([np.nan] * 6, ValueError, "vectors contains NaN or infinity"),
    ],
)
def test_what_cannot_be_transformed(given, error, message):
    with pytest.raises(error, match=message):
        made().centered().transform(given)


def test_an_index_is_one_of_its_own_vectors():
    pytest.importorskip("usearch")
    wv = made()
    after = wv.centered()
    with pytest.raises(ValueError, match="index"):
        after.most_similar("w4", index=wv.index())
    index = after.index(workers=1)
    assert after.most_similar("w4", topn=1, index=index) == after.most_similar("w4", topn=1)


# ---- Where vectors go ----


@pytest.mark.parametrize(
    "move",
    [
        copy.copy,
        copy.deepcopy,
        lambda wv: pickle.loads(pickle.dumps(wv)),
        lambda wv: wv.vectors_for_all(wv.index_to_key, copy_vecattrs=True),
    ],
    ids=["copy", "deepcopy", "pickle", "subset"],
)
def test_copies_are_processed_alike(move):
    wv = made()
    after = wv.postprocess("abtt", 2)
    moved = move(after)
    assert moved.processing == ("abtt",)
    np.testing.assert_array_equal(moved.transform(wv.vectors), after.transform(wv.vectors))
    moved.add_vector("new", after.transform(wv["w1"]))
    moved.sort_by_descending_frequency()
    assert moved.processing == ("abtt",)
    np.testing.assert_array_equal(moved["new"], moved.transform(wv["w1"]))
    np.testing.assert_array_equal(after.transform(wv.vectors), moved.transform(wv.vectors))
    assert "new" not in after


@pytest.mark.parametrize("mmap", [False, True])
@pytest.mark.parametrize("write", ["save", "export", "int8"])
def test_files_keep_the_steps(tmp_path, write, mmap):
    wv = made()
    after = wv.postprocess("unit").postprocess("abtt", 2)
    path = tmp_path / "a.safetensors"
    if write == "save":
        after.save(path)
    else:
        after.export(path, dtype="int8" if write == "int8" else "float32")
    for read in (KeyedVectors.load, KeyedVectors.read):
        found = read(path, mmap=mmap)
        assert found.processing == ("unit", "abtt")
        np.testing.assert_array_equal(found.transform(wv.vectors), after.transform(wv.vectors))
        twice = found.centered()
        assert twice.processing == ("unit", "abtt", "center")
        np.testing.assert_allclose(twice.vectors.mean(axis=0), 0, atol=1e-6)


@pytest.mark.parametrize("name", FORMATS)
def test_other_formats_have_the_vectors_only(tmp_path, name):
    after = made().centered()
    after.export(tmp_path / name)
    found = KeyedVectors.read(tmp_path / name)
    np.testing.assert_array_equal(found.vectors, after.vectors)
    assert found.processing == (("center",) if name == "a.safetensors" else ())


def test_files_without_steps_have_no_trace_of_them(tmp_path):
    wv = made()
    for write in (wv.save, wv.export):
        write(tmp_path / "a.safetensors")
        tensors, metadata = safetensors_file.read(tmp_path / "a.safetensors", kind=("w2v.vectors",))
        assert "processing" not in metadata
        assert not [name for name in tensors if name.startswith("processing")]


def test_part_of_a_file_has_all_of_the_steps(tmp_path):
    after = made().centered()
    after.save(tmp_path / "a.safetensors")
    found = KeyedVectors.read(tmp_path / "a.safetensors", limit=5)
    assert (len(found), found.processing) == (5, ("center",))
    np.testing.assert_array_equal(found.transform(np.ones(6)), after.transform(np.ones(6)))


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ('[{"step": "whiten"}]', "step 'whiten' is unknown to this w2v"),
        ('[{"step": "abtt"}]', "processing.0.components"),
        ("[{}]", "'step'"),
        ("{", "Expecting"),
        ("3", "not iterable"),
        ('[{"step": "center"}, {"step": "center"}]', "processing.1.mean"),
    ],
)
def test_steps_that_are_corrupt(tmp_path, steps, message):
    path = tmp_path / "a.safetensors"
    made().centered().save(path)
    tensors, metadata = safetensors_file.read(path, kind=("w2v.vectors",))
    safetensors_file.write(path, tensors, {**metadata, "processing": steps})
    with pytest.raises(ValueError, match="what was done to the vectors is unreadable") as raised:
        KeyedVectors.load(path)
    assert message in str(raised.value)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize("mean", [np.zeros(5, "f4"), np.zeros(6), np.full(6, np.inf, "f4")])
def test_a_mean_that_is_corrupt(tmp_path, mean):
    path = tmp_path / "a.safetensors"
    made().centered().save(path)
    tensors, metadata = safetensors_file.read(path, kind=("w2v.vectors",))
    safetensors_file.write(path, {**tensors, "processing.0.mean": mean}, metadata)
    with pytest.raises(ValueError, match=r"unreadable \(mean "):
        KeyedVectors.load(path)


# ---- Changes in place ----


def test_scaling_in_place_becomes_a_step():
    wv = made()
    plain = made()
    plain.unit_normalize_all()
    assert plain.processing == ()
    after = wv.centered()
    shared = copy.copy(after)
    after.unit_normalize_all()
    assert after.processing == shared.processing == ("center", "unit")
    np.testing.assert_allclose(after.transform(wv.vectors), after.vectors, atol=1e-6)
    assert wv.centered().processing == ("center",)


def test_subwords_are_processed_alike():
    rows = np.random.default_rng(2).normal(size=(3, 6)).astype("<f4")
    wv = made()
    wv.subwords = SubwordVectors(SubwordTable(rows.view("u1").reshape(3, -1), 3, 4))
    raw = wv.subwords["unseen"]
    after = wv.centered()
    np.testing.assert_array_equal(after.subwords["unseen"], after.transform(raw))
    np.testing.assert_array_equal(wv.subwords["unseen"], raw)
    both = after.vectors_for_all(["w1", "unseen"])
    np.testing.assert_array_equal(both.vectors, after.transform([wv["w1"], raw]))
    assert both.processing == ("center",)
    after.unit_normalize_all()
    np.testing.assert_array_equal(after.subwords["unseen"], after.transform(raw))


def test_vectors_of_a_model_are_centered_on_a_copy():
    model = w2v.Word2Vec([["sun", "moon"]] * 20, vector_size=4, sample=0, workers=1)
    before = model.wv.vectors.copy()
    after = model.wv.centered()
    np.testing.assert_allclose(after.vectors, before - before.mean(axis=0), atol=1e-6)
    after.add_vector("star", after["sun"])
    np.testing.assert_array_equal(model.wv.vectors, before)
    assert model.wv.processing == ()
