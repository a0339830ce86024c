"""Pictures: heat maps, similarities, word maps, analogies, losses, words that moved, stability.

Needs matplotlib (the extra ``plot``). Every function returns a figure; none opens a window or
touches pyplot. Write a figure with `save` or its own ``savefig``.
"""

from w2v.plot.analogies import analogy
from w2v.plot.changes import change, trajectory
from w2v.plot.confusion import confusion_matrix
from w2v.plot.figure import save
from w2v.plot.heatmaps import heatmap, similarity_matrix
from w2v.plot.loss import training_loss
from w2v.plot.projection import scatter
from w2v.plot.stability import stability, stable_neighbors

__all__ = [
    "analogy",
    "change",
    "confusion_matrix",
    "heatmap",
    "save",
    "scatter",
    "similarity_matrix",
    "stability",
    "stable_neighbors",
    "training_loss",
    "trajectory",
]
