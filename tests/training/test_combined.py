"""Input and output vectors of a model, and their sums: by hand, in files, and where there are none.

The rule of each objective is in w2v/vectors/combining.py; docs/objectives.md says why.
"""

import numpy as np
import pytest

import w2v
from w2v import KeyedVectors
from w2v.compat.gensim import models
from w2v.io import safetensors_file
from w2v.vectors.combining import Rule

SENTENCES = [["sun", "moon", "star", "sky"], ["bread", "milk", "egg", "bun"]] * 20


def trained(kind=w2v.Word2Vec, **settings):
    return kind(SENTENCES, **{"vector_size": 6, "sample": 0, "workers": 1, "epochs": 2} | settings)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def model():
    return trained(sg=0)


@pytest.fixture(scope="module")
def path(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("combined") / "model.safetensors"
    model.save(path)
    return path


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("center", [False, True])
@pytest.mark.parametrize("weight", [0, 0.25, 2])
def test_sums_by_hand(model, weight, scaled, center):
    made = model.combined_vectors(weight, unit=scaled, center=center)
    one, other = model.wv.vectors.astype(float), model.output_vectors.astype(float)
    sums = unit(one) + weight * unit(other) if scaled else one + weight * other
    expected = sums - sums.mean(axis=0) if center else sums
    np.testing.assert_allclose(made.vectors, expected, atol=1e-6)
    assert made.processing == ("combined", "center")[: 1 + center]
    np.testing.assert_allclose(made.transform(sums), expected, atol=1e-6)


@pytest.mark.parametrize(
    "settings",
    [
        {}, {"hs": 1}, {"softmax": True}, {"sg": 0}, {"sg": 0, "cbow_mean": 0},
        {"sg": 0, "cbow_gradient": "exact"}, {"sg": 0, "hs": 1}, {"sg": 0, "softmax": True},
    ],
)  # fmt: skip
def test_every_objective_with_output_vectors_has_a_rule(settings):
    model = trained(**settings)
    rule = Rule.of(model.config.to_dict())
    assert rule == Rule(1 if settings.get("sg") == 0 else 0.25, unit=True, center=True)
    default = model.combined_vectors()
    own = model.combined_vectors(rule.output_weight, unit=rule.unit, center=rule.center)
    np.testing.assert_array_equal(default.vectors, own.vectors)
    assert abs(default.vectors - model.wv.vectors).max() > 1e-3
    assert default.index_to_key == model.wv.index_to_key
    assert default.counts.tolist() == model.wv.counts.tolist()


def test_kinds(model):
    assert model.keyed_vectors() is model.keyed_vectors("input") is model.wv
    output = model.keyed_vectors("output")
    np.testing.assert_array_equal(output.vectors, model.output_vectors)
    assert not np.shares_memory(output.vectors, model.output_vectors)
    assert output.processing == ("output",)
    combined = model.keyed_vectors("combined")
    np.testing.assert_array_equal(combined.vectors, model.combined_vectors().vectors)


def test_copies_stay_as_they_are_while_the_model_trains():
    model = trained()
    model.wv.set_vecattr("sun", "kind", "noun")
    made = [model.combined_vectors(), model.keyed_vectors("output")]
    before = [wv.vectors.copy() for wv in made]
    model.train(SENTENCES, trainable=np.arange(8) < 4)  # also with a mask
    model.build_vocab([["comet", "rock"]] * 5, update=True)
    for wv, vectors in zip(made, before, strict=True):
        np.testing.assert_array_equal(wv.vectors, vectors)
        assert "comet" not in wv
        wv.add_vector("comet", wv["sun"])  # the vocabulary is not fixed
        assert wv.get_vecattr("sun", "kind") == "noun"
    grown = model.combined_vectors()  # the output vectors of new words are zeros
    assert np.isfinite(grown.vectors).all()
    raw = model.combined_vectors(unit=True, center=False)
    np.testing.assert_allclose(raw["comet"], unit(model.wv[["comet"]])[0], atol=1e-6)


@pytest.mark.parametrize("mmap", [False, True])
@pytest.mark.parametrize("kind", ["input", "output", "combined"])
def test_files_of_models_have_all_kinds(model, path, kind, mmap, tmp_path):
    expected = model.keyed_vectors(kind)
    for read in (KeyedVectors.load, KeyedVectors.read, models.KeyedVectors.load):
        found = read(path, mmap=mmap, vectors=kind)
        np.testing.assert_array_equal(found.vectors, expected.vectors)
        assert found.processing == expected.processing
        assert found.counts.tolist() == expected.counts.tolist()
    found.save(tmp_path / "vectors.safetensors")
    again = KeyedVectors.load(tmp_path / "vectors.safetensors", mmap=mmap)
    assert again.processing == expected.processing
    sums = np.ones(6)
    np.testing.assert_array_equal(again.transform(sums), expected.transform(sums))


def test_settings_of_the_sum_are_in_the_file(model, tmp_path):
    path = tmp_path / "a.safetensors"
    model.combined_vectors(0.5, unit=False, center=True).save(path)
    _, metadata = safetensors_file.read(path, kind=("w2v.vectors",))
    expected = '[{"output_weight": 0.5, "unit": false, "step": "combined"}, {"step": "center"}]'
    assert metadata["processing"] == expected


def test_part_of_a_model_file(model, path):
    expected = model.combined_vectors(center=False).vectors[:3]
    part = KeyedVectors.read(path, limit=3, vectors="combined")
    assert part.processing == ("combined", "center")
    np.testing.assert_allclose(part.vectors, expected - expected.mean(axis=0), atol=1e-6)


def test_files_without_output_vectors(tmp_path, model):
    path = tmp_path / "a.safetensors"
    model.wv.save(path)
    model.wv.export(tmp_path / "a.txt")
    for read, name in ((KeyedVectors.load, path), (KeyedVectors.read, tmp_path / "a.txt")):
        for kind in ("output", "combined"):
            with pytest.raises(ValueError, match="but the file has word vectors only") as raised:
                read(name, vectors=kind)
            assert f"{name}: expected a model with output vectors, for {kind!r}" in str(
                raised.value
            )
        assert len(read(name, vectors="input")) == 8


def test_hierarchical_softmax_has_vectors_of_nodes_only(tmp_path):
    model = trained(hs=1, negative=0)
    with pytest.raises(ValueError, match=r"hierarchical softmax alone \(hs=1, negative=0\) has no"):
        model.combined_vectors()
    with pytest.raises(ValueError, match="output vectors need output vectors of words"):
        model.keyed_vectors("output")
    assert model.keyed_vectors("input") is model.wv
    model.save(tmp_path / "a.safetensors")
    with pytest.raises(ValueError, match=r"softmax alone .* trains none; use the input"):
        KeyedVectors.load(tmp_path / "a.safetensors", vectors="combined")


@pytest.mark.parametrize("kind", ["both", "Combined", None, 1])
def test_wrong_names(model, path, kind):
    message = "vectors=.*: expected one of 'input', 'output', 'combined'"
    for call in (
        model.keyed_vectors,
        lambda kind: KeyedVectors.load(path, vectors=kind),
        lambda kind: KeyedVectors.read(path, vectors=kind),
        lambda kind: models.KeyedVectors.load(path, vectors=kind),
    ):
        with pytest.raises(ValueError, match=message):
            call(kind)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"output_weight": -1}, ValueError),
        ({"output_weight": float("nan")}, ValueError),
        ({"output_weight": float("inf")}, ValueError),
        ({"output_weight": "1"}, TypeError),
        ({"output_weight": True}, TypeError),
        ({"unit": 1}, TypeError),
        ({"center": "yes"}, TypeError),
    ],
)
def test_wrong_rules(model, arguments, error):
    ((name, value),) = arguments.items()
    with pytest.raises(error, match=f"^{name}={value!r}: expected "):
        model.combined_vectors(**arguments)


def test_before_build_vocab():
    for call in (w2v.Word2Vec().combined_vectors, w2v.Word2Vec().keyed_vectors):
        with pytest.raises(ValueError, match="the model has no vocabulary yet"):
            call()


def test_model_of_the_interface_of_gensim():
    model = trained(models.Word2Vec, sg=0)
    made = model.combined_vectors()
    assert type(made) is models.KeyedVectors
    assert made.most_similar("sun", topn=1)
    same = trained(sg=0, alpha=0.025).combined_vectors()
    assert made.processing == same.processing


@pytest.mark.parametrize("settings", [{}, {"hs": 1}, {"sg": 1}])
def test_models_of_gensim(tmp_path, settings):
    gensim = pytest.importorskip("gensim.models")
    path = tmp_path / "gensim.model"
    theirs = trained(gensim.Word2Vec, min_count=1, **settings)
    theirs.save(str(path))
    model = models.Word2Vec.load(path)
    assert not model.config.uses_score_offsets
    expected = model.combined_vectors()
    for read in (KeyedVectors.read, models.KeyedVectors.load):
        found = read(path, vectors="combined")
        np.testing.assert_array_equal(found.vectors, expected.vectors)
        assert found.processing == expected.processing
        assert found.counts.tolist() == expected.counts.tolist()
        np.testing.assert_array_equal(read(path, vectors="output").vectors, theirs.syn1neg)
    part = KeyedVectors.read(path, vectors="output", limit=3)
    np.testing.assert_array_equal(part.vectors, theirs.syn1neg[:3])


def test_models_of_gensim_without_output_vectors(tmp_path):
    gensim = pytest.importorskip("gensim.models")
    theirs = trained(gensim.Word2Vec, min_count=1, hs=1, negative=0)
    theirs.save(str(tmp_path / "a.model"))
    with pytest.raises(ValueError, match=r"softmax alone .* trains none"):
        KeyedVectors.read(tmp_path / "a.model", vectors="combined")
    theirs.wv.save(str(tmp_path / "a.kv"))
    with pytest.raises(ValueError, match=r"a\.kv: .* word vectors, but no model"):
        KeyedVectors.read(tmp_path / "a.kv", vectors="combined")


def test_keys_of_gensim_and_rows_without_one():
    kv = models.KeyedVectors(2, count=3)
    kv.add_vectors(["a", 5], [[1, 2], [3, 6]])
    made = kv.centered()
    assert made.index_to_key == ["a", 5]
    assert made.vectors.tolist() == [[-1, -2], [1, 2]]
    assert made.processing == ("center",)
    made.vectors = np.ones((2, 2), np.float32)  # others, of which nothing is known
    assert made.processing == ()
