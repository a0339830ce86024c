"""Hyper-parameters: every one checked, every message complete."""

import dataclasses

import numpy as np
import pytest

from w2v.config import TrainingConfig, parameters

INTEGERS = [name for name, bounds in parameters().items() if bounds.kind == "int"]
NUMBERS = [name for name, bounds in parameters().items() if bounds.kind == "float"]
SWITCHES = [name for name, bounds in parameters().items() if bounds.kind == "bool"]


def test_every_field_has_bounds_and_a_good_default():
    assert {f.name for f in dataclasses.fields(TrainingConfig)} == set(parameters())
    assert sorted(INTEGERS + NUMBERS + SWITCHES) == sorted(parameters())
    config = TrainingConfig()
    assert TrainingConfig(**config.to_dict()) == config


@pytest.mark.parametrize("name", INTEGERS)
@pytest.mark.parametrize("value", ["5", 5.5, 5.0, [5], float("nan")])
def test_integers_of_the_wrong_type(name, value):
    with pytest.raises(TypeError, match=f"^{name}=.*expected an integer"):
        TrainingConfig(**{name: value})


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ["0.1", None, True, [0.1], 1j])
def test_numbers_of_the_wrong_type(name, value):
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
    with pytest.raises(TypeError, match=f"^{name}=.*expected True or False"):
        TrainingConfig(**{name: value})


@pytest.mark.parametrize(("name", "value", "allowed"), [
    ("vector_size", 0, "an integer, from 1 to 65536"),
    ("vector_size", 65_537, "an integer, from 1 to 65536"),
    ("window", 0, "from 1"),
    ("min_count", -1, "from 0"),
    ("max_final_vocab", 0, "from 1 .* or None"),
    ("sample", -1e-3, "a number, from 0 to 1"),
    ("sample", 1.5, "a number, from 0 to 1"),
    ("sg", 2, "from 0 to 1"),
    ("hs", -1, "from 0 to 1"),
    ("negative", -1, "from 0 to 1000"),
    ("alpha", 0.0, "a number, more than 0"),
    ("alpha", -0.1, "a number, more than 0"),
    ("min_alpha", -0.1, "a number, at least 0"),
    ("epochs", 0, "from 1"),
    ("workers", 0, "from 1 to 1024, or None"),
    ("seed", -1, "from 0"),
    ("seed", 2**64, "from 0 to 18446744073709551615"),
])  # fmt: skip
def test_values_out_of_range(name, value, allowed):
    with pytest.raises(ValueError, match=rf"^{name}={value}: expected .*{allowed}"):
        TrainingConfig(**{name: value})


@pytest.mark.parametrize(("change", "words"), [
    ({"sg": 0}, "sg=0: CBOW is not available yet"),
    ({"hs": 1}, "hs=1: hierarchical softmax is not available yet"),
    ({"negative": 0}, "negative=0: nothing to train on"),
    ({"alpha": 0.01, "min_alpha": 0.02}, r"min_alpha=0.02: expected .* 0 to alpha .*0.01"),
])  # fmt: skip
def test_combinations_that_cannot_be_trained(change, words):
    with pytest.raises(ValueError, match=words):
        TrainingConfig(**change)


def test_numpy_numbers_become_plain_ones():
    config = TrainingConfig(
        vector_size=np.int64(7), alpha=np.float32(0.5), shrink_windows=np.int8(0)
    )
    assert (type(config.vector_size), config.vector_size) == (int, 7)
    assert (type(config.alpha), config.alpha) == (float, 0.5)
    assert config.shrink_windows is False


def test_replace_checks_too():
    assert TrainingConfig().replace(epochs=2).epochs == 2
    with pytest.raises(ValueError, match=r"^epochs=0"):
        TrainingConfig().replace(epochs=0)
