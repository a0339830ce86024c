"""w2v: word vectors (word2vec), trained fast."""

from w2v import simd
from w2v._version import __version__
from w2v.config import TrainingConfig
from w2v.corpus import Corpus, Phrases
from w2v.progress import Progress, ProgressBar
from w2v.training import CorpusReport, TrainingResult, Word2Vec, corpus_report
from w2v.vectors import AnalogyReport, KeyedVectors, WordSimilarityReport
from w2v.vocab import RULE_DEFAULT, RULE_DISCARD, RULE_KEEP, Vocabulary

__all__ = [
    "RULE_DEFAULT",
    "RULE_DISCARD",
    "RULE_KEEP",
    "AnalogyReport",
    "Corpus",
    "CorpusReport",
    "KeyedVectors",
    "Phrases",
    "Progress",
    "ProgressBar",
    "TrainingConfig",
    "TrainingResult",
    "Vocabulary",
    "Word2Vec",
    "WordSimilarityReport",
    "__version__",
    "corpus_report",
    "simd",
]
