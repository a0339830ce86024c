"""What tests of training go through: each architecture with each objective.

A new one is one line in a table below, and its formula in reference.py.
"""

import contextlib
import itertools
import math

import pytest
import reference

from w2v import simd
from w2v.training.weights import Weights

# Learning rates are those of the tests, whatever the defaults are.
ARCHITECTURES = {
    "skip-gram": {"sg": 1, "alpha": 0.025, "score_offsets": False},
    "cbow-exact": {"sg": 0, "cbow_gradient": "exact", "alpha": 0.1, "score_offsets": False},
    "cbow-classic": {"sg": 0, "cbow_gradient": "classic", "alpha": 0.025, "score_offsets": False},
    "cbow-sum": {"sg": 0, "cbow_mean": 0, "alpha": 0.025},
}

# Thorough but for the variant in use; one that is named in W2V_SIMD is in use.
VARIANTS = [
    pytest.param(name, marks=() if name == simd.active() else pytest.mark.thorough)
    for name in simd.available()
]

LOG2 = math.log(2)

# Each architecture and each objective once at least, and every gradient; for tests of what the
# rest of the library does with a combination.
FEW = {
    ("skip-gram", "negative"),
    ("skip-gram", "hierarchical"),
    ("skip-gram", "both"),
    ("cbow-exact", "both"),
    ("cbow-classic", "softmax"),
    ("cbow-sum", "negative"),
}


def bits(counts):
    """Return the mean length of a Huffman code."""
    return reference.huffman_cost(counts) / sum(counts)


# Settings, and the loss of an untrained model: of words that occur `counts` times, and are each
# predicted as often as they occur.
OBJECTIVES = {
    "negative": ({"negative": 3}, lambda counts: 4 * LOG2),
    "hierarchical": ({"hs": 1, "negative": 0}, lambda counts: bits(counts) * LOG2),
    "both": ({"hs": 1, "negative": 3}, lambda counts: (bits(counts) + 4) * LOG2),
    "softmax": ({"softmax": True}, lambda counts: math.log(len(counts))),
}


def few(architectures=ARCHITECTURES, objectives=OBJECTIVES, also=()):
    """Go through all combinations; thorough but for a few of them."""
    quick = FEW | set(also)
    every = pytest.mark.parametrize(
        ("architecture", "objective"),
        [
            pytest.param(*both, marks=() if both in quick else pytest.mark.thorough)
            for both in itertools.product(architectures, objectives)
        ],
    )
    return every


def settings(architecture, objective):
    """Return the settings of a combination, as keyword arguments."""
    return ARCHITECTURES[architecture] | OBJECTIVES[objective][0]


def matrices(model):
    """Return a model's matrices by name."""
    needed = Weights.needed(model.config)
    names = [name for name in ("output_vectors", "node_vectors") if needed[name]]
    return {"vectors": model.wv.vectors} | {name: getattr(model, name) for name in names}


def exactly(model):
    """Return what the reference takes of a model: config, weights, tree, noise shares."""
    weights = Weights(**{name: matrix.astype(float) for name, matrix in matrices(model).items()})
    tree = model.vocabulary.huffman_tree() if model.config.hs else None
    shares = reference.noise_shares(model.vocabulary.counts, model.config.ns_exponent)
    if model.config.uses_score_offsets:
        weights.offsets = reference.score_offsets(model.config, model.vocabulary.counts)
    return model.config, weights, tree, shares


@contextlib.contextmanager
def using(variant):
    """Use a variant of the dense step, for a while."""
    before = simd.active()
    simd.use(variant)
    try:
        yield
    finally:
        simd.use(before)
