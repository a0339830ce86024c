"""RecurrentEncoder networks that read word vectors; PyTorch does the arithmetic.

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
from w2v.sequence.initialization import chrono_init
from w2v.sequence.language_model import LanguageModelEpoch, RNNLanguageModel
from w2v.sequence.metrics import ClassificationReport, classification_report
from w2v.sequence.recurrent import RecurrentEncoder
from w2v.sequence.training import ClassifierEpoch
from w2v.sequence.tree_lstm import ChildSumTreeLSTM, Forest, TreeStates

__all__ = [
    "ChildSumTreeLSTM",
    "ClassificationReport",
    "ClassifierEpoch",
    "Embedding",
    "Forest",
    "HiddenStates",
    "LanguageModelEpoch",
    "RNNLanguageModel",
    "RecurrentEncoder",
    "SequenceClassifier",
    "TreeStates",
    "chrono_init",
    "classification_report",
    "hidden_states",
    "pad",
]
