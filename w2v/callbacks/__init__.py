"""Callbacks: objects that are called while a model trains, to evaluate, save, write or stop it.

``Word2Vec(..., callbacks=[...])`` and ``model.train(..., callbacks=[...])`` take a list of them.
`Callback` says which methods are called when. They include those of gensim, whose callbacks work
unchanged. The others in this room are ready to use.
"""

from w2v.callbacks.evaluation import EvaluateAnalogies, EvaluatePairs
from w2v.callbacks.history_writer import HistoryWriter
from w2v.callbacks.model_checkpoint import ModelCheckpoint
from w2v.callbacks.tensorboard import TensorBoard
from w2v.training.callbacks import Callback
from w2v.training.history import EpochRecord
from w2v.training.history_file import read_history

__all__ = [
    "Callback",
    "EpochRecord",
    "EvaluateAnalogies",
    "EvaluatePairs",
    "HistoryWriter",
    "ModelCheckpoint",
    "TensorBoard",
    "read_history",
]
