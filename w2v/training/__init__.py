"""Training: the model, the trainer and its workers, checkpoints, prediction."""

from w2v.training.report import CorpusReport, corpus_report
from w2v.training.trainer import TrainingResult
from w2v.training.word2vec import Word2Vec

__all__ = ["CorpusReport", "TrainingResult", "Word2Vec", "corpus_report"]
