"""w2v: word vectors (word2vec), trained fast.

Names are imported from their rooms when they are first used, so that ``import w2v`` is quick and a
program that only looks vectors up never loads the trainer. Nothing that takes time is imported
here: Ctrl-C in the import of a compiled module can crash, and the command line starts here too.
"""

from __future__ import annotations

import importlib
import os
from importlib.machinery import EXTENSION_SUFFIXES

from w2v._version import __version__

TYPE_CHECKING = False  # that of `typing`, for type checkers
if TYPE_CHECKING:
    from w2v._versions import show_versions
    from w2v.config import TrainingConfig
    from w2v.corpus import Corpus, Phrases
    from w2v.progress import Progress, ProgressBar
    from w2v.training import (
        CorpusReport,
        EarlyStopping,
        StabilityInterrupt,
        TrainingInterrupt,
        TrainingResult,
        Word2Vec,
        corpus_report,
        stability,
    )
    from w2v.training.plan import TrainingPlan, plan
    from w2v.vectors import (
        AnalogyReport,
        Comparison,
        KeyedVectors,
        Series,
        Stability,
        WordSimilarityReport,
        align,
        compare,
        compare_series,
    )
    from w2v.vocab import RULE_DEFAULT, RULE_DISCARD, RULE_KEEP, Vocabulary

if TYPE_CHECKING:  # and what is not among _ROOMS below
    from typing import Any

    from w2v import callbacks as callbacks
    from w2v import compat as compat
    from w2v import distributed as distributed
    from w2v import plot as plot
    from w2v import sequence as sequence
    from w2v import simd
    from w2v import sklearn as sklearn

__all__ = [
    "RULE_DEFAULT",
    "RULE_DISCARD",
    "RULE_KEEP",
    "AnalogyReport",
    "Comparison",
    "Corpus",
    "CorpusReport",
    "EarlyStopping",
    "KeyedVectors",
    "Phrases",
    "Progress",
    "ProgressBar",
    "Series",
    "Stability",
    "StabilityInterrupt",
    "TrainingConfig",
    "TrainingInterrupt",
    "TrainingPlan",
    "TrainingResult",
    "Vocabulary",
    "Word2Vec",
    "WordSimilarityReport",
    "__version__",
    "align",
    "compare",
    "compare_series",
    "corpus_report",
    "plan",
    "show_versions",
    "simd",
    "stability",
]

_ROOMS = {
    "w2v._versions": ("show_versions",),
    "w2v.config": ("TrainingConfig",),
    "w2v.corpus": ("Corpus", "Phrases"),
    "w2v.progress": ("Progress", "ProgressBar"),
    "w2v.training": (
        "CorpusReport",
        "EarlyStopping",
        "StabilityInterrupt",
        "TrainingInterrupt",
        "TrainingResult",
        "Word2Vec",
        "corpus_report",
        "stability",
    ),
    "w2v.training.plan": ("TrainingPlan", "plan"),
    "w2v.vectors": (
        "AnalogyReport",
        "Comparison",
        "KeyedVectors",
        "Series",
        "Stability",
        "WordSimilarityReport",
        "align",
        "compare",
        "compare_series",
    ),
    "w2v.vocab": ("RULE_DEFAULT", "RULE_DISCARD", "RULE_KEEP", "Vocabulary"),
}
# Modules with functions of their own, which `import w2v` is enough for. Not in `__all__`: some of
# them need an extra, which `from w2v import *` must not.
_MODULES = ("callbacks", "compat", "distributed", "plot", "sequence", "simd", "sklearn")
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"w2v.{name}")
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'w2v' has no attribute {name!r}")
    value = getattr(importlib.import_module(_ROOM_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})


def _require_compiled(folder: str) -> None:
    """Raise an ImportError if there is nothing compiled here, as in a folder of the source."""
    if any(os.path.exists(os.path.join(folder, f"_simd{end}")) for end in EXTENSION_SUFFIXES):
        return
    raise ImportError(
        f"{folder} is w2v's source, whose compiled modules are missing or are for another Python. "
        "Python imports from the folder it is started in before it looks for what is installed. "
        "Start it in another folder, after `pip install .` here; or compile the modules here: "
        "pip install -e .",
        name="w2v",
        path=folder,
    )


_require_compiled(os.path.dirname(os.path.abspath(__file__)))
if "W2V_SIMD" in os.environ:
    importlib.import_module("w2v.simd")  # a variant that does not run is an error now
