"""Training: the model, the trainer and its workers, checkpoints, prediction."""

from w2v.training.early_stopping import EarlyStopping
from w2v.training.interrupt import TrainingInterrupt
from w2v.training.repeats import StabilityInterrupt, stability
from w2v.training.report import CorpusReport, corpus_report
from w2v.training.runs import TrainingResult
from w2v.training.word2vec import Word2Vec

__all__ = [
    "CorpusReport",
    "EarlyStopping",
    "StabilityInterrupt",
    "TrainingInterrupt",
    "TrainingResult",
    "Word2Vec",
    "corpus_report",
    "stability",
]
