"""Hyper-parameters: every one checked, every message complete."""

import dataclasses

import numpy as np
import pytest

import w2v
from w2v.config import QUALITIES, TrainingConfig, parameters
from w2v.training.weights import Weights

# The one place in the tests where the default learning rates are written down.
ALPHAS = [
    ({}, 0.025),
    ({"hs": 1}, 0.025),
    ({"softmax": True}, 0.025),
    ({"cbow_gradient": "exact"}, 0.025),
    ({"sg": 0}, 0.075),
    ({"sg": 0, "softmax": True}, 0.075),
    ({"sg": 0, "hs": 1}, 0.05),
    ({"sg": 0, "hs": 1, "negative": 0}, 0.05),
    ({"sg": 0, "cbow_gradient": "exact"}, 0.15),
    ({"sg": 0, "cbow_gradient": "exact", "softmax": True}, 0.15),
    ({"sg": 0, "cbow_gradient": "exact", "hs": 1}, 0.1),
    ({"sg": 0, "cbow_mean": 0}, 0.025),
    ({"sg": 0, "cbow_mean": 0, "hs": 1}, 0.025),
]

INTEGERS = [name for name, spec in parameters().items() if spec.kind == "int"]
NUMBERS = [name for name, spec in parameters().items() if spec.kind == "float"]
SWITCHES = [name for name, spec in parameters().items() if spec.kind == "bool"]
CHOICES = [name for name, spec in parameters().items() if spec.kind == "str"]


def test_every_field_has_bounds_and_a_good_default():
    assert {f.name for f in dataclasses.fields(TrainingConfig)} == set(parameters())
    assert sorted(INTEGERS + NUMBERS + SWITCHES + CHOICES) == sorted(parameters())
    config = TrainingConfig()
    assert TrainingConfig(**config.to_dict()) == config


@pytest.mark.parametrize("name", INTEGERS)
@pytest.mark.parametrize("value", ["5", 5.5, 5.0, [5], float("nan")])
def test_integers_of_the_wrong_type(name, value):
    with pytest.raises(TypeError, match=f"^{name}=.*expected an integer"):
        TrainingConfig(**{name: value})


def test_true_is_no_number():
    for name in ("vector_size", "window", "epochs", "negative", "seed"):
        with pytest.raises(TypeError, match=f"^{name}=True: expected an integer"):
            TrainingConfig(**{name: True})
    assert TrainingConfig(sg=True, hs=False, cbow_mean=True).sg == 1


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ["0.1", None, True, [0.1], 1j])
def test_numbers_of_the_wrong_type(name, value):
    if value is None and parameters()[name].optional:
        value = "None"
    with pytest.raises(TypeError, match=f"^{name}=.*expected a number"):
        TrainingConfig(**{name: value})


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_are_not_finite(name, value):
    with pytest.raises(ValueError, match=f"^{name}=.*expected a number"):
        TrainingConfig(**{name: value})


@pytest.mark.parametrize("name", SWITCHES)
@pytest.mark.parametrize("value", ["yes", None, 2, 0.0])
def test_switches_of_the_wrong_type(name, value):
    if value is None and parameters()[name].optional:
        value = "None"
    with pytest.raises(TypeError, match=f"^{name}=.*expected True or False"):
        TrainingConfig(**{name: value})


@pytest.mark.parametrize("name", CHOICES)
@pytest.mark.parametrize("value", [None, 1, True, b"exact", ["exact"]])
def test_choices_of_the_wrong_type(name, value):
    allowed = " or ".join(map(repr, parameters()[name].choices))
    if value is None and parameters()[name].optional:
        value = b"None"
    with pytest.raises(TypeError, match=f"^{name}=.*: expected {allowed}"):
        TrainingConfig(**{name: value})


@pytest.mark.parametrize("name", CHOICES)
def test_choices(name):
    choices = parameters()[name].choices
    assert len(choices) > 1
    for choice in choices:
        assert getattr(TrainingConfig(**{name: choice}), name) == choice
    for other in ("", choices[0].upper(), choices[0] + " "):
        with pytest.raises(ValueError, match=f"^{name}={other!r}: expected {choices[0]!r} or"):
            TrainingConfig(**{name: other})


@pytest.mark.parametrize("name", [name for name, spec in parameters().items() if spec.optional])
def test_what_may_be_none(name):
    assert getattr(TrainingConfig(**{name: None}), name) is None
    assert parameters()[name].describe().endswith(", or None")


@pytest.mark.parametrize(("name", "value", "allowed"), [
    ("vector_size", 0, "an integer, from 1 to 65536"),
    ("vector_size", 65_537, "an integer, from 1 to 65536"),
    ("window", 0, "from 1"),
    ("min_count", -1, "from 0"),
    ("max_final_vocab", 0, "from 1 .* or None"),
    ("sample", -1e-3, "a number, from 0 to 1"),
    ("sample", 1.5, "a number, from 0 to 1"),
    ("sg", 2, "from 0 to 1"),
    ("cbow_mean", 2, "from 0 to 1"),
    ("hs", -1, "from 0 to 1"),
    ("negative", -1, "from 0 to 1000"),
    ("max_softmax_vocab", 1, "from 2"),
    ("alpha", 0.0, "a number, more than 0, or None"),
    ("alpha", -0.1, "a number, more than 0, or None"),
    ("min_alpha", -0.1, "a number, at least 0"),
    ("decay_start", 1.1, "a number, from 0 to 1, or None"),
    ("decay_start", -0.1, "a number, from 0 to 1, or None"),
    ("epochs", 0, "from 1"),
    ("workers", 0, "from 1 to 1024, or None"),
    ("shards", 0, "from 1 to 1024, or None"),
    ("replica_memory", -1, "from 0 to 2147483647, or None"),
    ("seed", -1, "from 0"),
    ("seed", 2**64, "from 0 to 18446744073709551615"),
])  # fmt: skip
def test_values_out_of_range(name, value, allowed):
    with pytest.raises(ValueError, match=rf"^{name}={value}: expected .*{allowed}"):
        TrainingConfig(**{name: value})


@pytest.mark.parametrize(("change", "words"), [
    ({"softmax": True, "hs": 1}, "^softmax=True and hs=1 are mutually .*hs=0 .*softmax=False"),
    ({"softmax": True, "hs": 1, "negative": 0}, "^softmax=True and hs=1 are mutually"),
    ({"deterministic": True, "replica_memory": 0}, "mutually exclusive.*leave replica_memory out"),
    ({"negative": 0}, "no training objective; .*at least 1 .*hs=1 or softmax=True"),
    ({"negative": 0, "sg": 0}, "^negative=0, hs=0 and softmax=False"),
    ({"alpha": 0.01, "min_alpha": 0.02}, r"^min_alpha=0.02: expected .* 0 to alpha .*0.01"),
    ({"min_alpha": 0.03}, r"^min_alpha=0.03: expected .* 0 to alpha .*0.025"),
])  # fmt: skip
def test_combinations_that_cannot_be_trained(change, words):
    with pytest.raises(ValueError, match=words):
        TrainingConfig(**change)


@pytest.mark.parametrize(("settings", "alpha"), ALPHAS, ids=lambda part: str(part).replace("'", ""))
def test_default_learning_rates(settings, alpha):
    assert TrainingConfig(**settings).alpha is None
    assert TrainingConfig(**settings).learning_rate == alpha
    assert TrainingConfig(**settings, alpha=0.07).learning_rate == 0.07


@pytest.mark.parametrize(("settings", "trained"), [
    ({}, ["output_vectors"]),
    ({"hs": 1}, ["output_vectors", "node_vectors"]),
    ({"hs": 1, "negative": 0}, ["node_vectors"]),
    ({"softmax": True}, ["output_vectors"]),
    ({"softmax": True, "negative": 0}, ["output_vectors"]),
])  # fmt: skip
@pytest.mark.parametrize("sg", [0, 1])
def test_output_matrices_that_are_trained(settings, trained, sg):
    needed = Weights.needed(TrainingConfig(sg=sg, **settings))
    assert list(needed) == ["output_vectors", "node_vectors"]
    assert [name for name, need in needed.items() if need] == trained


def test_numpy_numbers_become_plain_ones():
    config = TrainingConfig(
        vector_size=np.int64(7), alpha=np.float32(0.5), shrink_windows=np.int8(0)
    )
    assert (type(config.vector_size), config.vector_size) == (int, 7)
    assert (type(config.alpha), config.alpha) == (float, 0.5)
    assert config.shrink_windows is False
    switches = TrainingConfig(sg=np.True_, hs=np.False_, softmax=np.False_)
    assert (switches.sg, switches.hs, switches.softmax) == (1, 0, False)
    with pytest.raises(TypeError, match=r"^epochs=(np\.)?True"):
        TrainingConfig(epochs=np.True_)


def test_numpy_numbers_choose_how_to_read():
    corpus = w2v.Corpus(["A b"], lowercase=np.True_, workers=np.int64(1), memory=np.int64(1 << 30))
    assert (corpus.words(), corpus.source["lowercase"]) == (["a", "b"], True)
    w2v.Word2Vec(
        ["a b"] * 9, vector_size=2, min_count=1, sample=0, epochs=1, workers=1, progress=np.False_
    )


def test_replace_checks_too():
    assert TrainingConfig().replace(epochs=2).epochs == 2
    with pytest.raises(ValueError, match=r"^epochs=0"):
        TrainingConfig().replace(epochs=0)


def test_a_named_set_gives_way_to_settings_that_are_given():
    assert set(QUALITIES) == set(parameters()["quality"].choices)
    for name, named in QUALITIES.items():
        plain, config = TrainingConfig().to_dict(), TrainingConfig(quality=name).to_dict()
        assert config == plain | named | {"quality": name}
        # The defaults win, too, if they are given: also by place, and in a copy.
        assert TrainingConfig(100, quality=name).vector_size == 100
        assert TrainingConfig(**plain | {"quality": name}).to_dict() == plain | {"quality": name}
        assert TrainingConfig().replace(quality=name).to_dict() == config
        assert TrainingConfig(quality=name).replace(window=3).to_dict() == config | {"window": 3}
        # A new set takes back what the one before it changed.
        for other in QUALITIES:
            assert TrainingConfig(quality=other).replace(quality=name).to_dict() == config
        changed = TrainingConfig(quality=name, epochs=7).replace(quality="balanced")
        assert changed.to_dict() == plain | {"quality": "balanced", "epochs": 7}
        assert w2v.Word2Vec(quality=name).config.to_dict() == config
        assert w2v.Word2Vec(quality=name, epochs=5).config.epochs == 5
        # A learning rate of a set is for the default objective; others keep their own.
        for other in ({"sg": 0}, {"hs": 1}, {"softmax": True}):
            assert TrainingConfig(quality=name, **other).alpha is None
            assert TrainingConfig(**other).replace(quality=name).alpha is None
        assert TrainingConfig(quality=name, sg=0, alpha=0.5).alpha == 0.5


def test_a_model_says_which_named_set_it_was_trained_with(tmp_path):
    model = w2v.Word2Vec(["a b"] * 9, quality="best", vector_size=2, min_count=1, sample=0)
    assert len(model.training_loss) == QUALITIES["best"]["epochs"]
    model.save(tmp_path / "model.safetensors")
    loaded = w2v.Word2Vec.load(tmp_path / "model.safetensors")
    assert (loaded.quality, loaded.config) == ("best", model.config)


@pytest.mark.parametrize("name", ["", "Best", "slow"])
def test_a_named_set_that_there_is_not(name):
    with pytest.raises(ValueError, match=f"^quality={name!r}: expected 'fast' or .*, or None"):
        w2v.Word2Vec(quality=name)
