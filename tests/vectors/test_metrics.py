"""The list of metrics agrees with the kernels and with every library it is translated for."""

import pytest

from w2v.vectors import _distances
from w2v.vectors.metrics import DISTANCES, METRICS, SCIPY_NAMES, SIMILARITIES, USEARCH_NAMES


def test_the_kernels_have_every_metric():
    assert sorted(_distances.METRICS) == sorted(METRICS)


def test_a_metric_is_a_similarity_or_a_distance():
    assert sorted((*SIMILARITIES, *DISTANCES)) == sorted(METRICS)


def test_scipy_knows_every_distance():
    distance = pytest.importorskip("scipy.spatial.distance")
    assert set(SCIPY_NAMES) == set(DISTANCES)
    for name in SCIPY_NAMES.values():
        assert callable(getattr(distance, name))


def test_usearch_knows_its_metrics():
    usearch = pytest.importorskip("usearch.index")
    assert set(USEARCH_NAMES) <= set(METRICS)
    for name in USEARCH_NAMES.values():
        usearch.Index(ndim=3, metric=name)  # KeyError for an unknown one
