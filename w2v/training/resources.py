"""What a training run will hold in memory, counted, and how long it will take, measured.

Memory is what `Trainer` and `Word2Vec` allocate, part by part; the interpreter with its libraries
(about 30 MB) and what reading the text takes are not in it. Time is that of short runs of the real
loop on this machine: it is as good as the machine is the same an hour later.
"""

from __future__ import annotations

import mmap
import sys
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from w2v._cpu import available_cpus
from w2v._memory import allocate_rows
from w2v.training import _hogwild, replicas
from w2v.training.full_softmax import SoftmaxWorker
from w2v.training.trainer import Worker, _Run
from w2v.training.weights import Weights
from w2v.vocab.vocabulary import Tables, Vocabulary

if TYPE_CHECKING:
    from w2v.config import TrainingConfig
    from w2v.corpus.corpus import Corpus

MAPPED = "ids in the file"  # what mapped ids are called

_SECONDS = 0.2  # of each measured run
_RUNS = 3  # in as many places of the text
_FIRST_IDS = 2_000  # where looking for the length of a run begins
_MATRICES = 1 << 28  # bytes; more words than fit in are left out: no cache holds as much anyway


@dataclass(frozen=True)
class Speed:
    """How fast short runs of training were.

    Attributes
    ----------
    words_per_second : float
        In-vocabulary tokens; the median of the runs.
    slowest, fastest : float
        The least and the most of them.
    seconds : float
        What all epochs of training would take, at the median.
    """

    words_per_second: float
    slowest: float
    fastest: float
    seconds: float


def memory(corpus: Corpus, vocabulary: Vocabulary, config: TrainingConfig) -> dict[str, int]:
    """Return the bytes of each part of a training run.

    Parts of no bytes are left out. "ids in the file" are mapped: the system takes their memory
    back when something else needs it.
    """
    workers = config.workers or available_cpus()
    encoded, words = corpus.encoded, vocabulary.words
    row = allocate_rows(1, config.vector_size).nbytes
    tables = _small_tables(corpus, vocabulary, config)
    tokens = int(vocabulary.counts.sum())
    own = replicas.choose(vocabulary, config.replace(workers=workers), tables, tokens)
    needed = Weights.needed(config)
    noise = vocabulary.noise_entries(config.ns_exponent).sum() if config.samples_noise else 0
    lookup = dict.fromkeys(words)
    in_python = sum(map(sys.getsizeof, words)) + 2 * sys.getsizeof(words) + sys.getsizeof(lookup)
    tree = tables.tree
    parts = {
        "vectors": len(words) * row,
        "output vectors": len(words) * row * needed["output_vectors"],
        "node vectors": (len(words) - 1) * row * needed["node_vectors"],
        "replicated rows": workers * 2 * len(own) * row,
        "noise table": 4 * int(noise),
        "Huffman tree": 0 if tree is None else tree.offsets.nbytes + tree.path.nbytes,
        "other tables": tables.keep.nbytes + tables.index.nbytes + vocabulary.counts.nbytes,
        "words": in_python + 32 * len(words),  # an int of Python's for each
        "types": encoded.counts.nbytes + encoded.offsets.nbytes + encoded.words.nbytes,
        MAPPED if is_mapped(corpus.ids) else "ids": corpus.ids.nbytes,
    }
    return {name: n_bytes for name, n_bytes in parts.items() if n_bytes}


def _small_tables(corpus: Corpus, vocabulary: Vocabulary, config: TrainingConfig) -> Tables:
    """Return all tables but that of noise words, which takes a while to shuffle."""
    tree = vocabulary.huffman_tree() if config.hs else None
    return Tables(vocabulary.index(corpus), vocabulary.keep_thresholds(config.sample), None, tree)


def is_mapped(array: npt.NDArray[Any]) -> bool:
    """Tell whether an array lies in a file that is mapped into memory."""
    base: Any = array
    while base is not None and not isinstance(base, mmap.mmap):
        base = base.obj if isinstance(base, memoryview) else getattr(base, "base", None)
    return base is not None


def speed(corpus: Corpus, vocabulary: Vocabulary, config: TrainingConfig) -> Speed | None:
    """Train on parts of a corpus for a fraction of a second; return None if nothing is trained.

    The rarest words of a very large vocabulary are left out.
    """
    row = allocate_rows(1, config.vector_size).nbytes
    tokens = int(vocabulary.counts.sum()) * config.epochs
    config = config.replace(workers=config.workers or available_cpus())
    most = _MATRICES // row // (1 + sum(Weights.needed(config).values()))
    if len(vocabulary) > most:
        vocabulary = Vocabulary.from_corpus(
            corpus, min_count=config.min_count, max_final_vocab=most
        )
    runs = _Runs(corpus, vocabulary, config)
    n_ids = _FIRST_IDS
    while (found := runs.run(0.0, n_ids))[0] < _SECONDS / 4:
        n_ids *= 4
        if not found[1]:
            return None
    n_ids = max(1, int(n_ids * _SECONDS / found[0]))
    speeds = []
    for i in range(_RUNS):
        seconds, words = runs.run((i + 0.5) / _RUNS, n_ids)
        speeds.append(words / seconds)
    slowest, middle, fastest = sorted(speeds)
    return Speed(middle, slowest, fastest, tokens / middle) if slowest else None


class _Runs:
    """Matrices and tables that several short runs share."""

    def __init__(self, corpus: Corpus, vocabulary: Vocabulary, config: TrainingConfig) -> None:
        self.config = config
        self.ids = corpus.ids
        self.weights = Weights.untrained(len(vocabulary), config)
        self.tables = vocabulary.tables(corpus, config)
        self.tokens = int(vocabulary.counts.sum())
        self.rows = replicas.choose(vocabulary, config, self.tables, self.tokens)

    def run(self, place: float, n_ids: int) -> tuple[float, int]:
        """Train on about so many ids from a place between 0 and 1; return seconds and words."""
        epochs = -(-n_ids // len(self.ids))
        size = min(n_ids, len(self.ids))
        start = int(place * (len(self.ids) - size))
        ids = np.append(self.ids[start : start + size], np.int32(-1))  # a sentence may be cut
        config = self.config.replace(epochs=epochs)
        total = max(self.tokens * self.config.epochs, n_ids)
        job = _hogwild.SharedState(config, self.weights, ids, self.tables, total, self.rows)
        workers: list[Worker] = [
            SoftmaxWorker(job, self.weights, config) if config.softmax else _hogwild.Worker(job)
            for _ in range(config.workers or 1)
        ]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # that nothing was learned
            done = _Run(job, workers, config, ids, self.tokens, 0).finish(None)
        return done.seconds, done.tokens
