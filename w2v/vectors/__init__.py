"""Word vectors: look up, compare, search, evaluate, cluster, convert for other libraries."""

from w2v.vectors.ann import VectorIndex
from w2v.vectors.comparing import Comparison, WordChange, compare
from w2v.vectors.evaluation import AnalogyReport, WordSimilarityReport
from w2v.vectors.keyed_vectors import KeyedVectors
from w2v.vectors.series import Series, Trajectory, align, compare_series
from w2v.vectors.stability import Stability

__all__ = [
    "AnalogyReport",
    "Comparison",
    "KeyedVectors",
    "Series",
    "Stability",
    "Trajectory",
    "VectorIndex",
    "WordChange",
    "WordSimilarityReport",
    "align",
    "compare",
    "compare_series",
]
