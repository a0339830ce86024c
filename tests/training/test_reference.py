"""The float64 reference against the numerical derivative, for each architecture and objective."""

import numpy as np
import pytest
import reference
from combinations import ARCHITECTURES, OBJECTIVES, settings

from w2v import TrainingConfig, Vocabulary
from w2v.training.weights import Weights

COUNTS = np.array([19, 12, 9, 5, 2, 1, 1])
TREE = Vocabulary([*"abcdefg"], COUNTS).huffman_tree()


def random_weights(config, trainable=None):
    rng = np.random.default_rng(4)
    vectors, output, node = (rng.standard_normal((n, 3)) for n in (7, 7, 6))
    needed = Weights.needed(config)
    weights = Weights(
        vectors,
        output if needed["output_vectors"] else None,
        node if needed["node_vectors"] else None,
        trainable,
    )
    if config.uses_negative_sampling:
        weights.offsets = reference.score_offsets(config, COUNTS)
    return weights


def slope(matrix, place, value, h=1e-6):
    """Return the derivative of value() by one entry of a matrix."""
    kept = matrix[place]
    values = []
    for moved in (kept + h, kept - h):
        matrix[place] = moved
        values.append(value())
    matrix[place] = kept
    return (values[0] - values[1]) / (2 * h)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("contexts", [[0, 2, 5], [2, 6, 2, 1], [3]])
def test_the_step_is_the_derivative_of_the_loss(architecture, objective, contexts):
    config = TrainingConfig(vector_size=3, **settings(architecture, objective))
    weights = random_weights(config)
    prediction = contexts, 4, [(3, 1), (0, 1), (3, 1), (1, 0.25)]  # word 3 drawn twice
    change = reference.prediction_step(config, weights, TREE, *prediction)
    assert set(change) == {"vectors", *(n for n, need in Weights.needed(config).items() if need)}
    for name, moved in change.items():
        matrix = getattr(weights, name)
        # The classic gradient is no derivative: the mean's division by n is left out of it.
        classic = name == "vectors" and architecture == "cbow-classic"
        for place in np.ndindex(matrix.shape):
            derivative = slope(
                matrix, place, lambda: reference.prediction_loss(config, weights, TREE, *prediction)
            )
            wanted = -derivative * (len(contexts) if classic else 1)
            assert moved[place] == pytest.approx(wanted, rel=1e-6, abs=1e-7)
        assert np.abs(moved).max() > 0.01


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_frozen_rows_take_no_step(architecture, objective):
    config = TrainingConfig(vector_size=3, **settings(architecture, objective))
    mask = np.array([True, False, True, False, True, True, False])
    prediction = [0, 1, 2], 4, [(3, 1)]
    free, frozen = (
        reference.prediction_step(config, random_weights(config, m), TREE, *prediction)
        for m in (None, mask)
    )
    assert free["vectors"][1].all()
    assert not frozen["vectors"][1].any()
    free["vectors"][1] = 0
    for name in free:
        np.testing.assert_array_equal(free[name], frozen[name])
