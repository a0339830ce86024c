"""Which rows each worker keeps a copy of, and how often it merges them into the shared ones.

Two cores that write the same row pass its cache lines to and fro. Rows of frequent words, and of
nodes near the root of the Huffman tree, are written so often that several workers wait for little
else. So each trains copies of its own of the hottest rows (csrc/include/w2v_replicas.h), and merges
a copy once it is due: rarer merges mean less cache traffic and staler copies.

How stale they may be was found by letting workers take turns on one core, each with its own copies;
docs/performance.md has the figures. Every worker corrects the same errors, and merged corrections
add up. Two workers at worst correct an error twice over, which the next merge takes back; more than
two overshoot, unless copies are merged so often that each has only begun to correct it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from w2v._memory import allocate_rows
from w2v.training._hogwild import MAX_CONTEXTS_PER_STEP

if TYPE_CHECKING:
    from w2v.config import TrainingConfig
    from w2v.vocab.vocabulary import Tables, Vocabulary

_BYTES = 1 << 20  # of copies, without the rows they started from: what an L2 cache can spare
_PAIR_PATIENCE = 128  # uses of a copy between merges, for two workers
_TOTAL_PATIENCE = 32  # the same for more workers, all workers' uses added up
_LEAST_PATIENCE = 8  # a copy used fewer times is not worth a merge: five workers have none
_CENTRES = 500_000  # a shorter epoch is over before copies pay, and begins by learning fast
_MERGES = 30  # least number of merges of a row in an epoch, for each worker


@dataclass(frozen=True)
class ReplicaPlan:
    """A choice of rows of which each worker keeps copies.

    Attributes
    ----------
    vectors, output_vectors : int
        How many rows from the first on: those of the most frequent words.
    node_vectors : int
        How many rows up to the last: those nearest to the root.
    calendar : int32, shape (days,)
        In which order they are merged, over and over: numbers from 0 on, through all three.
    rate : float
        Merges for each centre word.
    """

    vectors: int = 0
    output_vectors: int = 0
    node_vectors: int = 0
    calendar: npt.NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    rate: float = 0.0

    def __len__(self) -> int:
        return self.vectors + self.output_vectors + self.node_vectors


def choose(
    vocabulary: Vocabulary, config: TrainingConfig, tables: Tables, tokens: int
) -> ReplicaPlan:
    """Choose the rows that are used most, as many as `config.replicated_rows` says.

    None are chosen for one worker, for more than four (their copies would have to be merged after
    so few uses that it saves nothing), for the full softmax and, unless asked for, in short epochs.

    Parameters
    ----------
    tokens : int
        In-vocabulary tokens of the corpus.
    """
    patience = _patience(config.workers or 1)
    most = config.replicated_rows
    if most is None:
        most = _BYTES // allocate_rows(1, config.vector_size).nbytes
    if most == 0 or patience < _LEAST_PATIENCE or config.softmax:
        return ReplicaPlan()
    kept = vocabulary.counts * ((tables.keep + 1.0) / 2**32) * (tokens / vocabulary.tokens)
    if config.replicated_rows is None and kept.sum() < _CENTRES:
        return ReplicaPlan()
    uses = _uses(vocabulary, config, tables, kept)
    # Rarely used rows would be merged too seldom, or too soon after their last merge.
    least = float(_LEAST_PATIENCE * _MERGES * (config.workers or 1))
    everything = np.concatenate(uses)
    taken = everything >= least
    if np.count_nonzero(taken) > most:  # of rows used equally often, only as many as there is room
        taken[np.argsort(-everything, kind="stable")[most:]] = False
    parts = np.split(taken, np.cumsum([len(each) for each in uses[:-1]]))
    hot = [each[: _leading(part)] for each, part in zip(uses, parts, strict=True)]
    used = np.concatenate([hot[0], hot[1], hot[2][::-1]])
    if not len(used):
        return ReplicaPlan()
    merges = used / np.minimum(patience, used / (_MERGES * (config.workers or 1)))
    vectors, output_vectors, node_vectors = map(len, hot)
    rate = float(merges.sum() / kept.sum())
    return ReplicaPlan(vectors, output_vectors, node_vectors, _calendar(merges), rate)


def _patience(workers: int) -> int:
    """Return how often a copy may be used between merges; 0 where there is nobody to share with."""
    if workers == 1:
        return 0
    return _PAIR_PATIENCE if workers == 2 else _TOTAL_PATIENCE // workers


def _uses(
    vocabulary: Vocabulary,
    config: TrainingConfig,
    tables: Tables,
    kept: npt.NDArray[np.float64],
) -> list[npt.NDArray[np.float64]]:
    """Return how often an epoch uses each row of each matrix; the nodes' last row comes first."""
    none = np.zeros(0)
    reach = np.arange(1 if config.shrink_windows else config.window, config.window + 1)
    contexts = float(np.mean(2 * reach))
    uses = [kept * contexts, none, none]
    steps = 1.0  # for each centre word, as State in _hogwild.pyx has it
    if config.sg and not config.samples_noise:
        steps = float(np.mean(np.ceil(2 * reach / MAX_CONTEXTS_PER_STEP)))
    elif config.sg and not config.shared_negatives:
        steps = contexts
    if config.samples_noise:
        noise = config.negative * kept.sum() * vocabulary.noise_shares(config.ns_exponent)
        uses[1] = (kept + noise) * steps
    if tables.tree is not None:
        below = np.repeat(kept * steps, np.diff(tables.tree.offsets))
        uses[2] = np.bincount(tables.tree.nodes, below, len(vocabulary) - 1)[::-1].astype(
            np.float64
        )
    return uses


def _leading(true: npt.NDArray[np.bool_]) -> int:
    """Return how many are true before the first that is not."""
    return len(true) if true.all() else int(true.argmin())


def _calendar(merges: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
    """Return rows in the order of their merges, each as often as it needs and evenly spaced."""
    times = np.maximum(np.rint(merges / merges.min()), 1).astype(np.int64)
    first = np.random.default_rng(0).random(len(merges))
    row = np.repeat(np.arange(len(merges), dtype=np.int32), times)
    turn = np.arange(len(row)) - np.repeat(np.cumsum(times) - times, times)
    return row[np.argsort((turn + first[row]) / times[row], kind="stable")]
