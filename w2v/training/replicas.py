"""Which rows each worker keeps a replica of, and how often it merges them into the shared rows.

When two cores write the same row, its cache lines bounce between them. Rows of frequent words, and
of nodes near the root of the Huffman tree, are written so often that several workers wait for
little else. So each worker trains replicas of the most frequently written rows
(csrc/include/w2v_replicas.h) and merges a replica into the shared row after a number of uses, the
merge interval: rarer merges mean less cache traffic and staler replicas.

The intervals were found by letting workers take turns on one core, each with its own replicas;
docs/performance.md has the measurements. All workers correct the same errors, and merged
corrections add up. At worst, two workers correct an error twice, which the next merge undoes; more
than two overshoot, unless replicas are merged so often that each has only begun to correct it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from w2v._memory import allocate_rows
from w2v.training.steps import contexts_per_step
from w2v.training.weights import ReplicaPlan
from w2v.vocab.sampling import noise_distribution

if TYPE_CHECKING:
    from w2v.config import TrainingConfig
    from w2v.vocab.sampling import SamplingTables
    from w2v.vocab.vocabulary import Vocabulary

_REPLICA_BYTES = 1 << 20  # replicas per worker, without their bases; what an L2 cache can spare
_INTERVAL_TWO_WORKERS = 128  # uses of a replica between merges
_INTERVAL_ALL_WORKERS = 32  # for more workers: the same, summed over all workers
_MIN_INTERVAL = 8  # a replica used fewer times is not worth a merge: five workers have none
_MIN_CENTERS = 500_000  # a shorter epoch ends before replicas pay, and starts by learning fast
_MIN_MERGES = 30  # merges of each row per epoch and worker


def plan_replicas(
    vocabulary: Vocabulary, config: TrainingConfig, tables: SamplingTables, tokens: int
) -> ReplicaPlan:
    """Return a plan for the most frequently used rows, up to `config.replicated_rows`.

    The plan is empty for one worker, for more than four (the merge interval would be so short
    that nothing is saved), for the full softmax and, unless `config.replicated_rows` is set, for
    short epochs.

    Parameters
    ----------
    vocabulary : Vocabulary
    config : TrainingConfig
    tables : SamplingTables
    tokens : int
        In-vocabulary tokens of the corpus.
    """
    workers = config.workers or 1
    interval = _merge_interval(workers)
    max_rows = config.replicated_rows
    if max_rows is None:
        max_rows = _REPLICA_BYTES // allocate_rows(1, config.vector_size).nbytes
    if max_rows == 0 or interval < _MIN_INTERVAL or config.softmax:
        return ReplicaPlan()
    centers = vocabulary.counts * tables.keep_probability * (tokens / vocabulary.tokens)
    if config.replicated_rows is None and centers.sum() < _MIN_CENTERS:
        return ReplicaPlan()
    uses = _uses(vocabulary, config, tables, centers)
    # Rarely used rows would be merged too seldom, or too soon after their last merge.
    all_uses = np.concatenate(uses)
    chosen = all_uses >= float(_MIN_INTERVAL * _MIN_MERGES * workers)
    if np.count_nonzero(chosen) > max_rows:  # of equally used rows, only as many as allowed
        chosen[np.argsort(-all_uses, kind="stable")[max_rows:]] = False
    by_matrix = np.split(chosen, np.cumsum([len(each) for each in uses[:-1]]))
    vectors, outputs, nodes = (
        each[: _leading(part)] for each, part in zip(uses, by_matrix, strict=True)
    )
    used = np.concatenate([vectors, outputs, nodes[::-1]])
    if not len(used):
        return ReplicaPlan()
    merges = used / np.minimum(interval, used / (_MIN_MERGES * workers))
    merges_per_center = float(merges.sum() / centers.sum())
    schedule = _merge_schedule(merges)
    return ReplicaPlan(len(vectors), len(outputs), len(nodes), schedule, merges_per_center)


def _merge_interval(workers: int) -> int:
    """Return how often a replica may be used between merges; 0 with one worker."""
    if workers == 1:
        return 0
    return _INTERVAL_TWO_WORKERS if workers == 2 else _INTERVAL_ALL_WORKERS // workers


def _uses(
    vocabulary: Vocabulary,
    config: TrainingConfig,
    tables: SamplingTables,
    centers: npt.NDArray[np.float64],
) -> list[npt.NDArray[np.float64]]:
    """Return how often an epoch uses each row of each matrix; nodes from the last row to the first.

    `centers`, shape (V,), is how often each word is a center word.
    """
    none = np.zeros(0)
    window = np.arange(1 if config.shrink_windows else config.window, config.window + 1)
    contexts = float(np.mean(2 * window))
    uses = [centers * contexts, none, none]
    steps = 1.0  # per center word, as State in _hogwild.pyx computes it
    if config.sg:
        steps = float(np.mean(np.ceil(2 * window / contexts_per_step(config))))
    if config.uses_negative_sampling:
        distribution = noise_distribution(vocabulary.counts, config.ns_exponent)
        noise = config.negative * centers.sum() * distribution
        uses[1] = (centers + noise) * steps
    if tables.tree is not None:
        per_node = np.repeat(centers * steps, np.diff(tables.tree.offsets))
        nodes = np.bincount(tables.tree.nodes, per_node, len(vocabulary) - 1)
        uses[2] = nodes[::-1].astype(np.float64)
    return uses


def _leading(values: npt.NDArray[np.bool_]) -> int:
    """Return the number of values before the first False."""
    return len(values) if values.all() else int(values.argmin())


def _merge_schedule(merges: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
    """Return the rows in the order of their merges, each as often as needed and evenly spaced."""
    times = np.maximum(np.rint(merges / merges.min()), 1).astype(np.int64)
    first = np.random.default_rng(0).random(len(merges))
    row = np.repeat(np.arange(len(merges), dtype=np.int32), times)
    turn = np.arange(len(row)) - np.repeat(np.cumsum(times) - times, times)
    return row[np.argsort((turn + first[row]) / times[row], kind="stable")]
