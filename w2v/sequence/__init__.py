"""Recurrent networks that read word vectors; PyTorch does the arithmetic.

Needs PyTorch (``pip install 'w2v[torch]'``), and is imported by nothing else in w2v but the
command ``w2v classify``, when it runs.
"""

try:
    import torch as _torch  # noqa: F401
except ImportError as error:
    raise ImportError(
        f"w2v.sequence needs torch: pip install 'w2v[torch]' ({error})", name=error.name
    ) from error

from w2v.sequence.batching import pad
from w2v.sequence.classifier import SequenceClassifier
from w2v.sequence.embedding import Embedding
from w2v.sequence.hidden_states import HiddenStates, hidden_states
from w2v.sequence.initialization import long_memory
from w2v.sequence.language_model import LanguageEpoch, NextWordModel
from w2v.sequence.metrics import ClassReport, class_report
from w2v.sequence.recurrent import Recurrent
from w2v.sequence.training import Epoch
from w2v.sequence.tree_lstm import ChildSumTreeLSTM, Forest, TreeStates

__all__ = [
    "ChildSumTreeLSTM",
    "ClassReport",
    "Embedding",
    "Epoch",
    "Forest",
    "HiddenStates",
    "LanguageEpoch",
    "NextWordModel",
    "Recurrent",
    "SequenceClassifier",
    "TreeStates",
    "class_report",
    "hidden_states",
    "long_memory",
    "pad",
]
