"""The training loop on prepared text: one worker, in this process, timed from outside.

For measurements that change only the data of the loop. The words/s that a user gets are measured by
compare.py, in separate processes.
"""

from __future__ import annotations

import functools
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v import Corpus, TrainingConfig, Vocabulary, simd
from w2v._memory import allocate_rows
from w2v.cli import demo
from w2v.training import _hogwild, weights
from w2v.training.steps import contexts_per_step
from w2v.vocab.sampling import (
    SamplingTables,
    chosen_sample,
    noise_table,
    subsampling_thresholds,
)

KINDS: dict[str, dict[str, Any]] = {
    "sg-ns": {"sg": 1},
    "cbow-ns": {"sg": 0},
    "sg-hs": {"sg": 1, "hs": 1, "negative": 0},
    "cbow-hs": {"sg": 0, "hs": 1, "negative": 0},
}

# The time of this thread, without what other programs take of the processor.
_fine = hasattr(time, "thread_time") and time.get_clock_info("thread_time").resolution < 1e-4
_clock = time.thread_time if _fine else time.perf_counter

_RANDOM_ROWS = 4096
_COLLECTED = 1 << 16

Ids = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Text:
    """Words as rows of a vocabulary.

    Attributes
    ----------
    vocabulary : Vocabulary
        That of the whole corpus, even if the text is a part of it.
    ids : int32, shape (n,)
        The row of each word, -1 after each sentence; words outside the vocabulary are left out.
    """

    name: str
    vocabulary: Vocabulary
    ids: Ids

    @classmethod
    def read(cls, path: Path | None, n_words: int) -> Text:
        """Read the first sentences of a text file, or of the demo text, up to `n_words` words."""
        corpus = Corpus(demo.load_docstrings() if path is None else path)
        vocabulary = Vocabulary.from_corpus(corpus)
        index = vocabulary.index(corpus)
        ends = corpus.ids < 0
        ids = np.where(ends, -1, index[corpus.ids])[ends | (index[corpus.ids] >= 0)]
        last = np.searchsorted(np.cumsum(ids >= 0), n_words) + 1
        last += int(np.argmax(np.append(ids[last - 1 :], -1) < 0))
        name = "docstrings of the installed packages" if path is None else path.name
        return cls(name, vocabulary, np.ascontiguousarray(ids[:last], np.int32))

    @property
    def words(self) -> int:
        """Number of words."""
        return int((self.ids >= 0).sum())

    def thinned(self, config: TrainingConfig) -> Text:
        """Subsample now instead of in the loop, so that two runs train on the same words."""
        keep = self._keep_thresholds(config)
        bits = np.random.default_rng(1).integers(0, 2**32, len(self.ids), np.uint32)
        return replace(self, ids=self.ids[(self.ids < 0) | (bits <= keep[self.ids])])

    def tables(self, config: TrainingConfig) -> SamplingTables:
        """Return the lookup tables of the loop; noise tables, which take a while, are cached."""
        return SamplingTables(
            np.arange(len(self.vocabulary), dtype=np.int32),
            self._keep_thresholds(config),
            _noise(self.vocabulary, config.ns_exponent) if config.uses_negative_sampling else None,
            self.vocabulary.huffman_tree() if config.hs else None,
        )

    def _keep_thresholds(self, config: TrainingConfig) -> npt.NDArray[np.uint32]:
        counts = self.vocabulary.counts
        return subsampling_thresholds(counts, chosen_sample(counts, config))


@functools.lru_cache(maxsize=1)
def _noise(vocabulary: Vocabulary, ns_exponent: float) -> Ids:
    return noise_table(vocabulary.counts, ns_exponent, seed=1)


class Loop:
    """A run of one worker through a text, which can be repeated.

    Parameters
    ----------
    text : Text
        The training text.
    config : TrainingConfig
        With one worker.
    tables : SamplingTables, optional
        Default: those of the text and the configuration.
    """

    def __init__(
        self, text: Text, config: TrainingConfig, tables: SamplingTables | None = None
    ) -> None:
        self.text, self.config = text, config
        self.tables = text.tables(config) if tables is None else tables
        n_words = len(text.vocabulary)
        need = weights.Weights.needed(config)
        self.weights = weights.Weights(
            allocate_rows(n_words, config.vector_size),
            allocate_rows(n_words, config.vector_size) if need["output_vectors"] else None,
            allocate_rows(n_words - 1, config.vector_size) if need["node_vectors"] else None,
        )
        # A few random rows, repeated: only speed matters here.
        few = allocate_rows(min(n_words, _RANDOM_ROWS), config.vector_size)
        weights.initialize(few, config.vector_size, config.seed)
        for first in range(0, n_words, len(few)):
            part = self.weights.vectors[first : first + len(few)]
            part[...] = few[: len(part)]
        self.predictions = 0

    def worker(self, config: TrainingConfig) -> _hogwild.Worker:
        """Return a worker for a new run."""
        total = self.text.words * config.epochs
        job = _hogwild.SharedState(config, self.weights, self.text.ids, self.tables, total)
        return _hogwild.Worker(job)

    def seconds(self) -> float:
        """Train once on the text; return the seconds."""
        worker = self.worker(self.config)
        began = _clock()
        ended = worker.run(0, 0, 0, len(self.text.ids))
        took = _clock() - began
        if ended != _hogwild.DONE or not np.isfinite(self.weights.vectors[:_RANDOM_ROWS].sum()):
            raise FloatingPointError("the vectors are not finite: a speed without a result")
        self.predictions = worker.predictions
        return took

    def tasks(self) -> Counter[tuple[int, int]]:
        """Return how many steps of n inputs and m outputs one pass through the text makes."""
        config = self.config
        worker = self.worker(config.replace(sg=0))  # CBOW returns all contexts of a center together
        most = 2 * config.window
        contexts = np.empty(most * _COLLECTED, np.int32)
        offsets, targets = np.empty(_COLLECTED + 1, np.int64), np.empty(_COLLECTED, np.int32)
        outputs = np.full(len(self.text.vocabulary), 1 + config.negative if config.negative else 0)
        if self.tables.tree is not None:
            outputs += np.diff(self.tables.tree.offsets)
        centers: Counter[tuple[int, int]] = Counter()
        worker.seek_block(0, 0, 0, len(self.text.ids))
        while made := worker.collect_predictions(contexts, offsets, targets):
            inputs, met = np.diff(offsets[: made + 1]), outputs[targets[:made]]
            shapes, counts = np.unique(np.stack([inputs, met]), axis=1, return_counts=True)
            centers.update(dict(zip(map(tuple, shapes.T.tolist()), counts.tolist(), strict=True)))
        found: Counter[tuple[int, int]] = Counter()
        for (n, m), count in centers.items():
            for part in _parts(n, config):
                found[part, m] += count
        return found


def _parts(n: int, config: TrainingConfig) -> list[int]:
    """Return the numbers of inputs into which the loop splits the contexts of a center word."""
    most, parts = contexts_per_step(config), []
    while n > most:
        parts.append((n + 1) // 2 if n <= 2 * most else most)
        n -= parts[-1]
    return [*parts, n]


def folded(text: Text, tables: SamplingTables, max_rows: int) -> tuple[Text, SamplingTables]:
    """Map words and nodes to at most `max_rows` rows each; change nothing else.

    A word is mapped to a word whose Huffman path has the same length.
    """
    n_words, tree = len(text.vocabulary), tables.tree
    lengths = np.zeros(n_words, np.int64) if tree is None else np.diff(tree.offsets)
    _, group, sizes = np.unique(lengths, return_inverse=True, return_counts=True)
    order = np.argsort(group, kind="stable")
    first = np.cumsum(sizes) - sizes
    rank = np.empty(n_words, np.int64)
    rank[order] = np.arange(n_words) - np.repeat(first, sizes)
    capacity = np.minimum(sizes, max(1, max_rows // len(sizes)))
    row = order[first[group] + rank % capacity[group]].astype(np.int32)
    ids = np.where(text.ids < 0, np.int32(-1), row[text.ids])
    if tree is not None:
        nodes = tree.nodes % min(max_rows, n_words - 1)
        path = np.where(tree.codes, ~nodes, nodes).astype(np.int32)
        tree = replace(tree, path=path)
    noise = None if tables.noise_table is None else row[tables.noise_table]
    return replace(text, ids=ids), replace(tables, noise_table=noise, tree=tree)


@contextmanager
def using(variant: str) -> Iterator[None]:
    """Use a variant of the dense step within a ``with`` block."""
    before = simd.active()
    simd.use(variant)
    try:
        yield
    finally:
        simd.use(before)
