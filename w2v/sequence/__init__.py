"""Recurrent networks on word vectors, in PyTorch.

Requires PyTorch (``pip install 'w2v[torch]'``). Nothing else in w2v imports this package, except
``w2v classify`` when it runs.
"""

from w2v._validation import require_package

require_package("torch", "w2v[torch]", "w2v.sequence", minimum="2.0")

from w2v.sequence.batching import pad  # noqa: E402
from w2v.sequence.classifier import SequenceClassifier  # noqa: E402
from w2v.sequence.classifier_training import ClassifierEpoch  # noqa: E402
from w2v.sequence.embedding import Embedding  # noqa: E402
from w2v.sequence.hidden_states import HiddenStates, hidden_states  # noqa: E402
from w2v.sequence.initialization import chrono_init  # noqa: E402
from w2v.sequence.language_model import RNNLanguageModel  # noqa: E402
from w2v.sequence.language_model_training import LanguageModelEpoch  # noqa: E402
from w2v.sequence.metrics import ClassificationReport, classification_report  # noqa: E402
from w2v.sequence.recurrent import RecurrentEncoder  # noqa: E402
from w2v.sequence.tree_lstm import ChildSumTreeLSTM, Forest, TreeStates  # noqa: E402

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
