"""Word vectors: look up, compare, search, evaluate, cluster, convert for other libraries."""

from w2v.vectors.ann import VectorIndex
from w2v.vectors.evaluation import AnalogyReport, WordSimilarityReport
from w2v.vectors.keyed_vectors import KeyedVectors

__all__ = ["AnalogyReport", "KeyedVectors", "VectorIndex", "WordSimilarityReport"]
