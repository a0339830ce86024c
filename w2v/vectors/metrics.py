"""The metrics that compare two vectors: their names here, and in the libraries that w2v calls.

The compiled kernels have a number for each (`_distances.METRICS`). Nothing is computed here.
"""

from __future__ import annotations

from enum import Enum


class Metric(str, Enum):
    """How two vectors are compared."""

    COSINE = "cosine"
    DOT = "dot"
    EUCLIDEAN = "euclidean"
    MANHATTAN = "manhattan"
    CHEBYSHEV = "chebyshev"


METRICS = tuple(metric.value for metric in Metric)

#: The larger, the nearer; of all others, the smaller.
SIMILARITIES = ("cosine", "dot")
DISTANCES = tuple(name for name in METRICS if name not in SIMILARITIES)

#: Names in ``scipy.spatial.distance``; the similarities are computed here.
SCIPY_NAMES = {"euclidean": "euclidean", "manhattan": "cityblock", "chebyshev": "chebyshev"}

#: Names in usearch, of the metrics that an approximate index can have.
USEARCH_NAMES = {"cosine": "cos", "dot": "ip", "euclidean": "l2sq"}


def check_metric(metric: object) -> str:
    """Return `metric` if it is one of `METRICS`, or raise a ValueError."""
    if metric not in METRICS:
        raise ValueError(f"metric={metric!r}: expected one of {', '.join(map(repr, METRICS))}")
    return str(metric)
