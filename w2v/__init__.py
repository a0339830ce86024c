"""w2v: word vectors (word2vec), trained fast."""

from w2v import simd
from w2v._version import __version__
from w2v.config import TrainingConfig
from w2v.corpus import Corpus
from w2v.evaluation import AnalogyReport, PairsReport
from w2v.inspection import CorpusReport, corpus_report
from w2v.model import Word2Vec
from w2v.phrases import Phrases
from w2v.progress import Progress, ProgressBar
from w2v.trainer import TrainingResult
from w2v.trimming import RULE_DEFAULT, RULE_DISCARD, RULE_KEEP
from w2v.vectors import KeyedVectors
from w2v.vocabulary import Vocabulary

__all__ = [
    "RULE_DEFAULT",
    "RULE_DISCARD",
    "RULE_KEEP",
    "AnalogyReport",
    "Corpus",
    "CorpusReport",
    "KeyedVectors",
    "PairsReport",
    "Phrases",
    "Progress",
    "ProgressBar",
    "TrainingConfig",
    "TrainingResult",
    "Vocabulary",
    "Word2Vec",
    "__version__",
    "corpus_report",
    "simd",
]
