"""The memory that a training run needs, computed, and its speed, measured.

Memory is what `Trainer` and `Word2Vec` allocate, by part, without the interpreter and its libraries
(about 30 MB) and without what reading the text takes. Speed is that of short runs of the real loop
on this machine, so it holds as long as the load of the machine stays the same.
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
from w2v.training import _hogwild
from w2v.training.full_softmax import SoftmaxWorker
from w2v.training.runs import BlockRun, Worker
from w2v.training.shards import ShardPlan
from w2v.training.weights import MAX_SNAPSHOT_BYTES, Replicas, Weights
from w2v.vocab.sampling import (
    SamplingTables,
    dominant_row,
    noise_table_counts,
    sampling_tables,
    subsampling_thresholds,
)
from w2v.vocab.vocabulary import Vocabulary

if TYPE_CHECKING:
    from w2v.config import TrainingConfig
    from w2v.corpus.corpus import Corpus

MAPPED = "ids in the file"  # the name of mapped ids

_SECONDS = 0.2  # duration of each measured run
_RUNS = 3  # at as many positions of the text
_FIRST_IDS = 2_000  # length of the first run; it is increased until a run is long enough
_MAX_MATRIX_BYTES = 1 << 28  # words beyond it are left out: no cache is as large anyway


@dataclass(frozen=True)
class Throughput:
    """Measured speed of training, from short runs.

    Attributes
    ----------
    words_per_second : float
        In-vocabulary tokens per second; median of the runs.
    slowest, fastest : float
        Minimum and maximum over the runs, in the same unit.
    seconds : float
        Estimated duration of training, all epochs, at the median speed.
    """

    words_per_second: float
    slowest: float
    fastest: float
    seconds: float


def estimate_memory(
    corpus: Corpus, vocabulary: Vocabulary, config: TrainingConfig
) -> dict[str, int]:
    """Return the bytes that each part of a training run needs.

    Empty parts are left out. "ids in the file" are mapped: the operating system frees their memory
    when it is needed elsewhere.
    """
    encoded, words = corpus.encoded, vocabulary.words
    row = allocate_rows(1, config.vector_size).nbytes
    tables = _small_tables(corpus, vocabulary, config)
    config = config.replace(workers=config.workers or available_cpus())
    plan = ShardPlan.of(vocabulary, config, tables, int(vocabulary.counts.sum()))
    needed = Weights.needed(config)
    noise = others = 0
    if config.uses_negative_sampling:
        exponent = config.ns_exponent
        noise = int(noise_table_counts(vocabulary.counts, exponent).sum())
        dominant = dominant_row(vocabulary.counts, exponent)
        if dominant is not None:
            others = int(noise_table_counts(vocabulary.counts, exponent, dominant).sum())
    lookup = dict.fromkeys(words)
    in_python = sum(map(sys.getsizeof, words)) + 2 * sys.getsizeof(words) + sys.getsizeof(lookup)
    tree = tables.tree
    parts = {
        "vectors": len(words) * row,
        "output vectors": len(words) * row * needed["output_vectors"],
        "node vectors": (len(words) - 1) * row * needed["node_vectors"],
        "replicas of the shards": plan.memory(config, len(words)),
        "copy in case of divergence": _snapshot_size(len(words) * row),
        "noise table": 4 * noise,
        "noise table of the most frequent word": 4 * others,
        "Huffman tree": 0 if tree is None else tree.offsets.nbytes + tree.path.nbytes,
        "other tables": tables.keep_threshold.nbytes
        + tables.index.nbytes
        + vocabulary.counts.nbytes,
        "words": in_python + 32 * len(words),  # a Python int for each
        "types": encoded.counts.nbytes + encoded.offsets.nbytes + encoded.words.nbytes,
        MAPPED if is_mapped(corpus.ids) else "ids": corpus.ids.nbytes,
    }
    return {name: n_bytes for name, n_bytes in parts.items() if n_bytes}


def _snapshot_size(n_bytes: int) -> int:
    """Return what `Weights.snapshot` takes before the first training: outputs are zeros then."""
    return n_bytes if n_bytes <= MAX_SNAPSHOT_BYTES else 0


def _small_tables(corpus: Corpus, vocabulary: Vocabulary, config: TrainingConfig) -> SamplingTables:
    """Return all tables except that of noise words, which takes a while to shuffle."""
    tree = vocabulary.huffman_tree() if config.hs else None
    return SamplingTables(
        vocabulary.index(corpus),
        subsampling_thresholds(vocabulary.counts, config.sample),
        None,
        tree,
    )


def is_mapped(array: npt.NDArray[Any]) -> bool:
    """Return whether an array is in a memory-mapped file."""
    base: Any = array
    while base is not None and not isinstance(base, mmap.mmap):
        base = base.obj if isinstance(base, memoryview) else getattr(base, "base", None)
    return base is not None


def measure_throughput(
    corpus: Corpus, vocabulary: Vocabulary, config: TrainingConfig
) -> Throughput | None:
    """Train on parts of a corpus for a fraction of a second; return None if nothing is trained.

    The rarest words of a very large vocabulary are left out.
    """
    row = allocate_rows(1, config.vector_size).nbytes
    tokens = int(vocabulary.counts.sum()) * config.epochs
    config = config.replace(workers=config.workers or available_cpus())
    matrices = 1 + sum(Weights.needed(config).values())
    max_words = _MAX_MATRIX_BYTES // row // matrices // (config.fixed_shards or config.workers or 1)
    if len(vocabulary) > max_words:
        vocabulary = Vocabulary.from_corpus(
            corpus, min_count=config.min_count, max_final_vocab=max_words
        )
    probe = _ThroughputProbe(corpus, vocabulary, config)
    n_ids = _FIRST_IDS
    while (measured := probe.run(0.0, n_ids))[0] < _SECONDS / 4:
        n_ids *= 4
        if not measured[1]:
            return None
    n_ids = max(1, int(n_ids * _SECONDS / measured[0]))
    speeds = []
    for i in range(_RUNS):
        seconds, words = probe.run((i + 0.5) / _RUNS, n_ids)
        speeds.append(words / seconds)
    slowest, middle, fastest = sorted(speeds)
    return Throughput(middle, slowest, fastest, tokens / middle) if slowest else None


class _ThroughputProbe:
    """Short runs that share matrices and tables. Shards are trained, but not merged."""

    def __init__(self, corpus: Corpus, vocabulary: Vocabulary, config: TrainingConfig) -> None:
        self.config = config
        self.ids = corpus.ids
        self.weights = Weights.untrained(len(vocabulary), config)
        self.tables = sampling_tables(vocabulary, corpus, config)
        self.tokens = int(vocabulary.counts.sum())
        self.plan = ShardPlan.of(vocabulary, config, self.tables, self.tokens)
        self.replicas: list[Replicas | None] = [None] * self.plan.threads(config)
        if self.plan.rows:
            self.replicas = [Replicas.allocate(self.weights, self.plan.rows) for _ in self.replicas]

    def run(self, position: float, n_ids: int) -> tuple[float, int]:
        """Train on about `n_ids` ids; return seconds and words.

        Parameters
        ----------
        position : float
            Where in the corpus to start, from 0 to 1.
        n_ids : int
        """
        epochs = -(-n_ids // len(self.ids))
        size = min(n_ids, len(self.ids))
        start = int(position * (len(self.ids) - size))
        ids = np.append(self.ids[start : start + size], np.int32(-1))  # a sentence may be cut
        config = self.config.replace(epochs=epochs, workers=len(self.replicas))
        total = max(self.tokens * self.config.epochs, n_ids)
        job = _hogwild.SharedState(config, self.weights, ids, self.tables, total)
        workers: list[Worker] = [
            SoftmaxWorker(job, self.weights, config)
            if config.softmax
            else _hogwild.Worker(job, replicas)
            for replicas in self.replicas
        ]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # if there is nothing to train on
            result = BlockRun(job, workers, config, ids, self.tokens, 0).run()
        return result.seconds, result.tokens
