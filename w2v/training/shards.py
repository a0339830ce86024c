"""Shards: parts of a text that are trained alone, round by round, and merged after each round.

Each shard has replicas of all matrices. In a round, it trains them on a slice of its part of the
text; then the replicas are merged into the next base, the model's matrices (merging.py), from which
all begin the next round. In short rounds, only the replicas of the first shards are trained, each
on the slices of several shards. No row is written by two threads, and the result depends on the
number of shards, not on how many threads train them, or which.

Where memory is short, only the most used rows have replicas. The shards share the others, which
two of them seldom train at the same time; what becomes of those depends on the threads.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from w2v._memory import available_memory, format_size, row_stride
from w2v.training import _hogwild, _merge
from w2v.training.balance import Balance
from w2v.training.merging import LEAST_EXPONENT, Basis, Curvature, Hessians, pull_exponents
from w2v.training.steps import contexts_per_step
from w2v.training.weights import Replicas, Weights
from w2v.vocab.sampling import noise_distribution

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from w2v.config import TrainingConfig
    from w2v.vocab.sampling import SamplingTables
    from w2v.vocab.vocabulary import Vocabulary

_MIN_TOKENS = 20_000  # of a shard in an epoch: a shorter text has fewer shards
_MIN_WORDS = 100  # of the vocabulary, for each shard: its rounds would be too short; see rounds.py
_FREE_SHARE = 0.25  # of free memory, for replicas
_UNKNOWN_MEMORY = 2 << 30  # bytes taken to be free where the system does not say
_COUNTED_IDS = 1_000  # tokens are counted at every thousandth id; slices end in between
_MERGED_ROWS = 2048  # merged at a time by one thread
_WINDOW_PLACES = 8  # where in its slice a shard draws windows
_SAMPLE_STREAM, _BALANCE_STREAM = 3, 4  # the first number of the seed of draws
_BALANCE_GROWTH = 0.25  # the balance is restored when a quarter more has been trained,
_BALANCE_TOKENS = 10  # at least this many tokens for each word: that is when it pays


@dataclass(frozen=True)
class ShardPlan:
    """How many shards a training run has, and which rows they have replicas of.

    Attributes
    ----------
    shards : int
        With one, there are no replicas.
    rows : mapping of str to int
        Number of replicated rows by the name of the matrix; see `Replicas`.
    complete : bool
        Whether these are all rows, so that the result does not depend on threads.
    """

    shards: int
    rows: Mapping[str, int]
    complete: bool = True

    @classmethod
    def of(
        cls,
        vocabulary: Vocabulary,
        config: TrainingConfig,
        tables: SamplingTables,
        tokens: int,
        reserved: int = 0,
    ) -> ShardPlan:
        """Return the plan for a text of `tokens` in-vocabulary tokens.

        `reserved` bytes of the free memory will be taken before the replicas are made.

        Raises
        ------
        ValueError
            If the number of shards is fixed, and the replicas take more memory
            than `config.replica_memory` allows.
        """
        n_words = len(vocabulary)
        shards = count_shards(config, tokens, n_words)
        if shards == 1:
            return cls(1, {}, complete=config.replica_memory != 0)
        sizes = cls.whole(shards, config, n_words).rows
        per_row = 4 * row_stride(config.vector_size) + 2  # and the mark
        budget = replica_budget(config)
        if config.replica_memory is None:
            budget = max(0, budget - int(_FREE_SHARE * reserved))
        most_rows = budget // shards // per_row
        n_rows = sum(sizes.values())
        if n_rows <= most_rows:
            return cls(shards, sizes)
        if config.fixed_shards is not None:
            size = format_size(shards * n_rows * per_row)
            raise ValueError(
                f"shards={config.fixed_shards}: their replicas take {size}, but replica_memory "
                f"allows {format_size(budget)}; raise replica_memory, lower shards, or leave "
                f"{'deterministic' if config.deterministic else 'shards'} out (the rarest rows "
                "then have no replicas)"
            )
        return cls(shards, _most_used(vocabulary, config, tables, most_rows), complete=False)

    @classmethod
    def whole(cls, shards: int, config: TrainingConfig, n_words: int) -> ShardPlan:
        """Return the plan for shards with replicas of all rows, whatever memory it takes."""
        sizes = {"vectors": n_words, "output_vectors": n_words, "node_vectors": n_words - 1}
        needed = {"vectors": True} | Weights.needed(config)
        return cls(shards, {name: n for name, n in sizes.items() if needed[name]})

    @property
    def replica_rows(self) -> int:
        """Number of replicated rows of one shard."""
        return sum(self.rows.values())

    def threads(self, config: TrainingConfig) -> int:
        """Return how many threads train at a time."""
        workers = config.workers or 1
        if config.softmax or self.shares_rows:
            return 1 if config.deterministic else workers
        return min(workers, self.shards)

    def memory(self, config: TrainingConfig, n_words: int) -> int:
        """Return the bytes that the replicas take, with what merging them needs to know."""
        if self.shards == 1 or self.shares_rows:
            return 0
        marks = 2 * n_words * (1 + sum(Weights.needed(config).values()))
        counts = 4 * n_words * (1 + config.hs)
        rows = 4 * row_stride(config.vector_size) * self.replica_rows
        return self.shards * (rows + marks + counts)

    @property
    def shares_rows(self) -> bool:
        """Whether no row has a replica, so that all workers train the same rows."""
        return not self.complete and not self.replica_rows


def count_shards(config: TrainingConfig, tokens: int, n_words: int) -> int:
    """Return the number of shards for `tokens` in-vocabulary tokens; 1 if all rows are shared."""
    if config.softmax or (config.replica_memory == 0 and config.shards is None):
        return 1
    wanted = config.fixed_shards or config.workers or 1
    return max(1, min(wanted, tokens // _MIN_TOKENS, n_words // _MIN_WORDS))


def replica_budget(config: TrainingConfig) -> int:
    """Return the bytes that the replicas of all shards may take."""
    if config.replica_memory is not None:
        return config.replica_memory << 20
    free = available_memory()
    return int(_FREE_SHARE * (_UNKNOWN_MEMORY if free is None else free))


def _most_used(
    vocabulary: Vocabulary, config: TrainingConfig, tables: SamplingTables, most_rows: int
) -> dict[str, int]:
    """Return how many rows of each matrix are among the most used ones, leading rows only."""
    uses = row_uses(vocabulary, config, tables)
    everything = np.concatenate(list(uses.values()))
    chosen = np.zeros(len(everything), np.bool_)
    chosen[np.argsort(-everything, kind="stable")[:most_rows]] = True
    by_matrix = np.split(chosen, np.cumsum([len(each) for each in uses.values()])[:-1])
    leading = {name: _leading(part) for name, part in zip(uses, by_matrix, strict=True)}
    return {name: n for name, n in leading.items() if n}


def row_uses(
    vocabulary: Vocabulary, config: TrainingConfig, tables: SamplingTables
) -> dict[str, npt.NDArray[np.float64]]:
    """Return how often an epoch uses each row of each matrix; nodes in reverse order."""
    centers = vocabulary.counts * tables.keep_probability
    window = np.arange(1 if config.shrink_windows else config.window, config.window + 1)
    uses = {"vectors": centers * float(np.mean(2 * window))}
    steps = 1.0  # per center word, as State in _hogwild.pyx computes it
    if config.sg:
        steps = float(np.mean(np.ceil(2 * window / contexts_per_step(config))))
    if config.uses_negative_sampling:
        distribution = noise_distribution(vocabulary.counts, config.ns_exponent)
        uses["output_vectors"] = (centers + config.negative * centers.sum() * distribution) * steps
    if tables.tree is not None:
        per_node = np.repeat(centers * steps, np.diff(tables.tree.offsets))
        nodes = np.bincount(tables.tree.nodes, per_node, len(vocabulary) - 1)
        uses["node_vectors"] = nodes[::-1].astype(np.float64)
    return uses


def _leading(values: npt.NDArray[np.bool_]) -> int:
    """Return the number of values before the first False."""
    return len(values) if values.all() else int(values.argmin())


class TokenPositions:
    """Where in the ids a number of in-vocabulary tokens ends.

    Parameters
    ----------
    ids : int32, shape (n,)
    index : int32, shape (types,)
        The row of each type, or -1.
    """

    def __init__(self, ids: npt.NDArray[np.int32], index: npt.NDArray[np.int32]) -> None:
        self._before = np.zeros(-(-len(ids) // _COUNTED_IDS) + 1, np.int64)
        _merge.count_tokens(ids, index, _COUNTED_IDS, self._before)
        self._edges = np.minimum(np.arange(len(self._before)) * _COUNTED_IDS, len(ids))
        self.tokens = int(self._before[-1])

    def after(self, tokens: float) -> int:
        """Return the position after about `tokens` tokens, exactly that of none and of all."""
        if tokens <= 0 or tokens >= self.tokens:
            return int(self._edges[0 if tokens <= 0 else -1])
        return int(np.interp(tokens, self._before, self._edges))


@dataclass(frozen=True)
class Round:
    """Tokens `begin` to `end` of an epoch, the `number`-th round of that epoch; all from 0.

    The k-th of R `replicas` trains the slices of the shards k, k + R, k + 2 R and so on.
    """

    epoch: int
    number: int
    begin: int
    end: int
    replicas: int = 1


@dataclass(frozen=True)
class Slice:
    """What is trained of a shard in a round: ``ids[start:stop]``; epoch and block seed all draws.

    `done` tokens are trained before it, and `abreast` slices at the same time.
    """

    epoch: int
    block: int
    start: int
    stop: int
    done: int
    abreast: int


@dataclass(kw_only=True)
class Report:
    """What is known of a replica that was trained in a round.

    Attributes
    ----------
    hessians : dict of float32 arrays
        By the name of the matrix.
    balance : float32, shape (d, d), or None
        See `Balance`.
    loss : float
        Of the round, summed over `predictions`.
    predictions : int
    """

    hessians: Hessians = field(default_factory=dict)
    balance: npt.NDArray[np.float32] | None = None
    loss: float = 0.0
    predictions: int = 0


@dataclass(kw_only=True)
class Shard(Report):
    """What is trained alone: by the numbers, on one part of the text, or several in short rounds.

    Attributes
    ----------
    replicas : Replicas
    worker : _hogwild.Worker
    sampler : _hogwild.Worker or None
        CBOW: draws windows.
    counts : int32, shape (V,)
        Occurrences of each word in the slices of the round.
    node_counts : int32, shape (V - 1,), or None
        Hierarchical softmax: occurrences of the words below each node.
    """

    replicas: Replicas
    worker: _hogwild.Worker
    sampler: _hogwild.Worker | None
    counts: npt.NDArray[np.int32]
    node_counts: npt.NDArray[np.int32] | None

    def occurrences(self, name: str) -> npt.NDArray[np.int32]:
        """Return what decides how often the rows of a matrix were touched."""
        found = self.node_counts if name == "node_vectors" else self.counts
        assert found is not None
        return found


@dataclass(frozen=True)
class Touches:
    """How often rows of a matrix are touched, in proportion to what occurs and is drawn.

    Attributes
    ----------
    per_occurrence : float32, shape (V,)
    noise : float32, shape (V,), or None
        The share of each row of the noise words.
    """

    per_occurrence: npt.NDArray[np.float32]
    noise: npt.NDArray[np.float32] | None

    @classmethod
    def of(
        cls,
        name: str,
        vocabulary: Vocabulary,
        config: TrainingConfig,
        keep: npt.NDArray[np.float64],
        contexts: float,
    ) -> Touches:
        """Return those of a matrix; `keep` is how much of each word subsampling keeps."""
        per_occurrence, noise = keep, None
        if name == "vectors":
            per_occurrence = keep * contexts
        elif name == "output_vectors":
            noise = noise_distribution(vocabulary.counts, config.ns_exponent).astype(np.float32)
        else:
            kept = float((keep * vocabulary.counts).sum()) / vocabulary.counts.sum()
            per_occurrence = np.full(len(vocabulary) - 1, kept)
        return cls(per_occurrence.astype(np.float32), noise)

    def taken(self, rows: slice | npt.NDArray[np.int32]) -> Touches:
        """Return those of some rows."""
        return Touches(self.per_occurrence[rows], None if self.noise is None else self.noise[rows])


class Course:
    """What all rounds of a run have in common, wherever their replicas are trained and merged.

    Parameters
    ----------
    job : _hogwild.SharedState
        The clock of the run.
    base : Weights
        The model's matrices.
    vocabulary : Vocabulary
    config : TrainingConfig
    ids : int32, shape (n,)
    tables : SamplingTables
    plan : ShardPlan
    contexts : float
        Contexts of a center word, about.
    """

    shards: Sequence[Report]

    def __init__(
        self,
        job: _hogwild.SharedState,
        base: Weights,
        vocabulary: Vocabulary,
        config: TrainingConfig,
        ids: npt.NDArray[np.int32],
        tables: SamplingTables,
        plan: ShardPlan,
        contexts: float,
    ) -> None:
        self.job, self.base, self.config = job, base, config
        self.ids, self.tables, self.plan = ids, tables, plan
        self.names = list(plan.rows)
        self.keep = tables.keep_probability
        self.pulls = {}
        if base.anchor is not None:
            self.pulls = {
                name: np.zeros(len(getattr(base, name)), np.float32) for name in self.names
            }
        steps = max(1.0, contexts / job.max_inputs) if config.sg else 1.0  # of a center word
        self.pulls_per_touch = {name: 1.0 if name == "vectors" else steps for name in self.names}
        self.bases: dict[str, Basis] = {}
        self.balance = self._balance(vocabulary)
        self.balance_due = float(_BALANCE_TOKENS * len(vocabulary))
        self.factors: dict[str, npt.NDArray[np.float32]] = {}
        self.chunks = [
            (name, first, min(first + _MERGED_ROWS, n))
            for name, n in plan.rows.items()
            for first in range(0, n, _MERGED_ROWS)
        ]

    @functools.cached_property
    def positions(self) -> TokenPositions:
        """Where in the ids tokens end."""
        return TokenPositions(self.ids, self.tables.index)

    def _balance(self, vocabulary: Vocabulary) -> Balance | None:
        """Return the balance of the matrices, or None where it is not to be restored.

        CBOW hardly upsets it. Frozen vectors and rows without replicas must stay as they are, and
        rows that are anchored near their place.
        """
        fixed = self.base.trainable is not None or self.base.anchor is not None
        if not self.config.sg or fixed or not self.plan.complete:
            return None
        uses = row_uses(vocabulary, self.config, self.tables)
        if "node_vectors" in uses:
            uses["node_vectors"] = uses["node_vectors"][::-1]
        return Balance(self.base, uses, self.config.vector_size)

    def scratch(self) -> _merge.Scratch:
        """Return what a thread needs to merge."""
        return _merge.Scratch(self.config.vector_size, self.plan.shards)

    # ---- A round ---------------------------------------------------------------------------------

    def slices(self, k: int, epoch: int, now: Round, done: int) -> list[Slice]:
        """Return what the k-th replica trains in a round, after `done` tokens of all epochs.

        Each part of the text has the same number of tokens, and so has each slice of a round.
        """
        n, found = self.plan.shards, []
        for i in range(k, n, now.replicas):
            before = self.positions.tokens * i
            start, stop = (self.positions.after((before + t) / n) for t in (now.begin, now.end))
            earlier = i - k  # slices, in the turns before
            clock = done + (now.end - now.begin) * earlier // n
            abreast = min(now.replicas, n - earlier)
            found.append(Slice(epoch, now.number * n + i, start, stop, clock, abreast))
        return found

    def decompose(self, k: int, replicas: int, rate: float) -> None:
        """Compute how the rows of the k-th matrix are to be merged, from the first `replicas`.

        `rate` is the mean learning rate of the round.

        Raises
        ------
        FloatingPointError
            If the replicas are not finite.
        """
        name = self.names[k]
        anchor = self.base.anchor
        if anchor is not None and name in anchor.strengths:
            held = pull_exponents(anchor.strengths[name], rate)
            self.pulls[name][: len(held)] = self.pulls_per_touch[name] * held
        hessians = [shard.hessians[name] for shard in self.shards[:replicas]]
        self.bases[name] = Basis.of(hessians, self.config.vector_size, rate)

    # ---- The balance of the matrices ------------------------------------------------------------

    def begin_balance(self, epoch: int, number: int, tokens: float) -> None:
        """Draw the rows to watch, for rounds of `tokens` tokens per replica."""
        if self.balance is not None:
            rng = np.random.default_rng([_BALANCE_STREAM, self.config.seed, epoch, number])
            self.balance.draw(rng, tokens)

    def watch_balance(self, replicas: int) -> None:
        """Note how the last merge, and the training since, have changed the balance."""
        if self.balance is not None:
            base, _ = self.balance.of_base()
            found = [shard.balance for shard in self.shards[:replicas]]
            self.balance.note(base, [each for each in found if each is not None])

    def prepare_balance(self, done: float, ends_epoch: bool) -> bool:
        """Return whether the matrices are to be multiplied by `factors`, after `done` tokens."""
        if self.balance is None or (done < self.balance_due and not ends_epoch):
            return False
        least = _BALANCE_TOKENS * len(self.base.vectors)
        self.balance_due = done + max(_BALANCE_GROWTH * done, least)
        found = self.balance.correction()
        if found is not None:
            self.factors = {name: found[name != "vectors"] for name in self.names}
        return found is not None

    def restore_balance(self, k: int, scratch: _merge.Scratch) -> None:
        """Multiply the k-th chunk of the rows."""
        name, first, end = self.chunks[k]
        rows = getattr(self.base, name)
        _merge.transform(rows, first, end, self.config.vector_size, self.factors[name], scratch)


class Shards(Course):
    """Replicas that are trained and merged in this process.

    Parameters
    ----------
    job, base, vocabulary, config, ids, tables, plan, contexts
        See `Course`; `job` was made for as many workers as there are replicas.
    held : int, optional
        Replicas that are trained here at a time; default as many as there are shards. With fewer,
        others merge them.
    """

    shards: list[Shard]

    def __init__(
        self,
        job: _hogwild.SharedState,
        base: Weights,
        vocabulary: Vocabulary,
        config: TrainingConfig,
        ids: npt.NDArray[np.int32],
        tables: SamplingTables,
        plan: ShardPlan,
        contexts: float,
        held: int | None = None,
    ) -> None:
        super().__init__(job, base, vocabulary, config, ids, tables, plan, contexts)
        held = plan.shards if held is None else held
        n_words = len(vocabulary)
        sampler = None
        if not config.sg:
            one_each = config.replace(workers=held)
            sampler = _hogwild.SharedState(one_each, base, ids, tables, 1)
        self.shards = []
        for _ in range(held):
            replicas = Replicas.allocate(base, plan.rows)
            self.shards.append(
                Shard(
                    replicas=replicas,
                    worker=_hogwild.Worker(job, replicas),
                    sampler=None if sampler is None else _hogwild.Worker(sampler),
                    counts=np.zeros(n_words, np.int32),
                    node_counts=None if tables.tree is None else np.zeros(n_words - 1, np.int32),
                )
            )
        self.draws = np.zeros(held, np.float32)
        self.curvature = Curvature(vocabulary, config, tables, contexts)
        self.touches = {
            name: Touches.of(name, vocabulary, config, self.keep, contexts) for name in self.names
        }
        self.merges = {name: self._matrix_merge(name) for name in self.names}

    def _matrix_merge(self, name: str) -> _merge.MatrixMerge:
        rows = self.shards[0].replicas.replicated(name)
        touches = self.touches[name].taken(rows)
        draws = self.draws if touches.noise is not None else np.zeros_like(self.draws)
        return _merge.MatrixMerge(
            getattr(self.base, name)[rows],
            [shard.replicas.rows[name] for shard in self.shards],
            [shard.replicas.marks[name][rows] for shard in self.shards],
            self.config.vector_size,
            [shard.occurrences(name)[rows] for shard in self.shards],
            touches.per_occurrence,
            touches.noise,
            draws,
            None if name not in self.pulls else self.pulls[name][rows],
        )

    # ---- A round: threads do one step after the other, all of them together ---------------------

    def begin(self, k: int) -> None:
        """Let the k-th replica begin with the base as it is."""
        self.shards[k].replicas.expire()

    def train(self, k: int, slices: Sequence[Slice]) -> int:
        """Train the k-th replica on slices; return how that ended, as `Worker.run` does."""
        shard = self.shards[k]
        shard.loss, shard.predictions = 0.0, 0
        for piece in slices:
            shard.worker.begin_round(piece.done, piece.abreast)
            ended = shard.worker.run(piece.epoch, piece.block, piece.start, piece.stop)
            shard.loss += shard.worker.loss
            shard.predictions += shard.worker.predictions
            if ended != _hogwild.DONE:
                return ended
        self._observe(k, shard, slices)
        return _hogwild.DONE

    def _observe(self, k: int, shard: Shard, slices: Sequence[Slice]) -> None:
        """Note what the merge needs to know of slices and of the replicas trained on them."""
        first, n_ids, kept = slices[0], 0, 0.0
        shard.counts[:] = 0
        for piece in slices:
            ids = self.ids[piece.start : piece.stop]
            kept += _merge.count_words(ids, self.tables.index, self.keep, shard.counts)
            n_ids += len(ids)
        self.draws[k] = self.config.negative * kept
        if shard.node_counts is not None:
            tree = self.tables.tree
            assert tree is not None
            _merge.count_nodes(shard.counts, tree.offsets, tree.path, shard.node_counts)
        if self.base.trainable is not None:
            shard.replicas.spare("vectors", ~self.base.trainable)
        rng = np.random.default_rng([_SAMPLE_STREAM, self.config.seed, first.epoch, first.block])
        samples = self.curvature.samples(n_ids, first.abreast)
        windows = None
        if shard.sampler is not None:
            windows = self._windows(shard.replicas, shard.sampler, slices, rng, samples)
        shard.hessians = self.curvature.hessians(self.base, shard.replicas, rng, samples, windows)
        if self.balance is not None:
            shard.balance = self.balance.of_shard(shard.replicas)

    def _windows(
        self,
        replicas: Replicas,
        sampler: _hogwild.Worker,
        slices: Sequence[Slice],
        rng: np.random.Generator,
        samples: int,
    ) -> npt.NDArray[np.float32]:
        """Return the inputs of CBOW for windows of slices, shape (n, stride)."""
        wanted = -(-samples // _WINDOW_PLACES)
        contexts = np.zeros(2 * self.config.window * wanted, np.int32)
        offsets, targets = np.zeros(wanted + 1, np.int64), np.zeros(wanted, np.int32)
        pooled = []
        for i in range(_WINDOW_PLACES):
            piece = slices[i * len(slices) // _WINDOW_PLACES]
            at = int(rng.integers(piece.start, max(piece.start + 1, piece.stop)))
            sampler.seek_block(piece.epoch, piece.block, at, piece.stop)
            n = sampler.collect_predictions(contexts, offsets, targets)
            if n == 0:
                continue
            rows = replicas.take(self.base, "vectors", contexts[: offsets[n]].astype(np.intp))
            sums = np.add.reduceat(rows, offsets[:n], axis=0)
            if self.config.cbow_mean:
                sums /= np.diff(offsets[: n + 1]).astype(np.float32)[:, np.newaxis]
            pooled.append(sums)
        if not pooled:
            return np.zeros((1, self.base.vectors.shape[1]), np.float32)
        return np.concatenate(pooled)

    def decompose(self, k: int, replicas: int, rate: float) -> None:
        """See `Course.decompose`."""
        super().decompose(k, replicas, rate)
        self.merges[self.names[k]].in_use = replicas

    def merge(self, k: int, scratch: _merge.Scratch) -> bool:
        """Merge the k-th chunk of the rows; return whether all are finite."""
        name, first, end = self.chunks[k]
        basis = self.bases[name]
        _, finite = self.merges[name].rows(
            first, end, basis.vectors, basis.transposed, basis.exponents, LEAST_EXPONENT, scratch
        )
        return finite
