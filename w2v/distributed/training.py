"""Training on a cluster: nodes train the replicas of each round, and merge their rows.

The leading process has the clock, the sums of losses, the base and what watches the run, as a run
on one machine has; no rows of replicas pass through it. The result depends on the shards, the seed
and the SIMD variant only: the bytes are those of one machine with as many shards.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from w2v._version import __version__
from w2v._warnings import warn
from w2v.distributed.cluster import Machines, NodeLostError
from w2v.distributed.nodes import MergeReport, NodeReport, NodeSettings, Task, TextPlace, write_rows
from w2v.distributed.team import Member, Team
from w2v.training import _hogwild
from w2v.training.rounds import ShardedRun
from w2v.training.runs import TrainingResult, TrainingRun
from w2v.training.shards import Course, Report, ShardPlan, count_shards
from w2v.training.steps import contexts_per_step
from w2v.training.trainer import Chosen, Trainer

if TYPE_CHECKING:
    from w2v.config import TrainingConfig
    from w2v.corpus.corpus import Corpus
    from w2v.progress import Progress
    from w2v.training import _merge
    from w2v.training.shards import Round
    from w2v.training.steps import TextShape
    from w2v.vocab.sampling import SamplingTables

_TICK = 0.1  # seconds


@dataclass
class Exchange:
    """What travels between the nodes, and how long it takes.

    Attributes
    ----------
    rounds : int
    n_bytes : int
        Sent from one node to another, or to the leading process, so far.
    merging, network : float
        Seconds so far: in which rows were merged and written, and in which they travelled.
    """

    rounds: int = 0
    n_bytes: int = 0
    merging: float = 0.0
    network: float = 0.0


@dataclass
class Trained:
    """A replica that was trained in this round, by whom, and references to its pieces."""

    member: Member
    report: NodeReport
    pieces: list[Any]


class ClusterCourse(Course):
    """What the leading process knows of the rounds; see `Course`."""

    shards: list[Report]

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.shards = [Report() for _ in range(self.plan.shards)]
        self.balance_draws = 0

    def begin_balance(self, epoch: int, number: int, tokens: float) -> None:
        """See `Course.begin_balance`."""
        super().begin_balance(epoch, number, tokens)
        self.balance_draws += 1


class ClusterRun(ShardedRun):
    """A run whose replicas are trained by nodes; see `ShardedRun`.

    Parameters
    ----------
    parts : ClusterCourse
    config, first_epoch, untrained_loss
        See `ShardedRun`.
    team : Team
    """

    def __init__(
        self,
        parts: ClusterCourse,
        config: TrainingConfig,
        first_epoch: int,
        untrained_loss: float,
        team: Team,
    ) -> None:
        super().__init__(parts, config.replace(workers=1), first_epoch, untrained_loss)
        self.course = parts
        self.team = team
        self.machines = team.machines
        self.exchange = Exchange()
        self.done: dict[int, Trained] = {}
        self.samples: Any = None
        self.draw = 0

    # ---- Training --------------------------------------------------------------------------------

    def begin_threads(self) -> None:
        """See `ShardedRun.begin_threads`; a caller's function may have changed the base."""
        super().begin_threads()
        watcher: Any = self.watcher
        if watcher is not None and (watcher.callbacks or watcher.stopper is not None):
            self.team.refresh()
        self.watch_balance_of(None)

    def begin_round(self) -> None:
        """See `ShardedRun.begin_round`."""
        before = self.course.balance_draws
        super().begin_round()
        self.watch_balance_of(before)

    def watch_balance_of(self, before: int | None) -> None:
        """Put where nodes find it which rows are watched, if that has changed."""
        balance = self.parts.balance
        if balance is not None and before != self.course.balance_draws:
            self.draw += 1
            self.samples = self.machines.put(balance.state())

    def train_replicas(self, number: int, now: Round) -> None:
        """Let the nodes train all replicas of a round."""
        del number
        self.done = {}
        self.train_missing(now)

    def train_missing(self, now: Round) -> None:
        """Train those replicas that are not done, and give each node the next when it is free."""
        epoch = self.first_epoch + now.epoch
        waiting = deque(k for k in range(now.replicas) if k not in self.done)
        flying: dict[Any, tuple[int, Member, list[Any]]] = {}
        schedule = self.job.schedule
        while waiting or flying:
            if self.job.stopped or not self.team.present(lambda: self.job.stopped):
                self.ends[0] = _hogwild.STOPPED
                return
            for member in self.team.members:
                while waiting and member.busy < self.team.settings.workers:
                    k = waiting.popleft()
                    slices = self.parts.slices(k, epoch, now, self.merged_tokens)
                    task = Task(slices, schedule, self.draw)
                    references = self.machines.call(
                        member.process,
                        "train",
                        task,
                        self.samples,
                        returns=1 + self.team.settings.owners,
                    )
                    member.busy += 1
                    flying[references[0]] = k, member, references[1:]
            for reference in self.machines.ended(list(flying), _TICK):
                k, member, pieces = flying.pop(reference)
                try:
                    report = self.machines.get(reference)
                except NodeLostError:
                    waiting.appendleft(k)
                    member.busy -= 1
                    gone = self.team.repair()
                    for other, (n, whose, _) in list(flying.items()):
                        if id(whose) in gone:
                            del flying[other]
                            waiting.append(n)
                    waiting.extend(self.forget(gone))
                    break
                member.busy -= 1
                self.note(k, Trained(member, report, pieces))
        self.job.tokens = self.merged_tokens + sum(t.report.tokens for t in self.done.values())

    def note(self, k: int, trained: Trained) -> None:
        """Note what became of the k-th replica."""
        report = trained.report
        self.done[k], self.ends[k] = trained, report.ended
        self.course.shards[k] = report
        trained.member.tokens += report.tokens
        self.job.tokens += report.tokens

    def forget(self, gone: set[int]) -> list[int]:
        """Forget what lost nodes have trained; return the numbers of those replicas."""
        lost = [k for k, trained in self.done.items() if id(trained.member) in gone]
        for k in lost:
            self.job.tokens -= self.done.pop(k).report.tokens
        return lost

    # ---- Merging ---------------------------------------------------------------------------------

    def merge_rows(self, scratch: _merge.Scratch) -> None:
        """Let the owners merge all rows, and write the new rows to all bases."""
        del scratch
        now = self.round
        assert now is not None
        began = time.perf_counter()
        while True:
            try:
                owners, reports, references = self.merge_on_nodes(now)
                merged = [self.machines.get(reference) for reference in references]
                break
            except NodeLostError:
                gone = self.team.repair()
                self.forget(gone)
                if not gone:  # the nodes are there, but results are lost
                    self.done = {}
                self.train_missing(now)
                if self.job.stopped:
                    self.round = None
                    return
        if not all(report.finite for report in reports):
            self.not_finite = "a merged row"
        write_rows(self.parts.base, merged)
        applied = self.team.on_all("apply", *references)
        self.account(began, owners, reports, applied)
        self.done = {}

    def merge_on_nodes(self, now: Round) -> tuple[list[Member], list[MergeReport], list[Any]]:
        """Return who has merged the rows of each owner, what they say, and references to them."""
        if not self.team.present(lambda: self.job.stopped):
            raise NodeLostError("there is no node")
        trained = [self.done[k] for k in range(now.replicas)]
        draws = np.array([each.report.draws for each in trained], np.float32)
        bases = self.machines.put(self.parts.bases)
        members, owners, calls = self.team.members, [], []
        for k in range(self.team.settings.owners):
            owner = members[k % len(members)]
            pieces = [each.pieces[k] for each in trained]
            owners.append(owner)
            calls.append(
                self.machines.call(owner.process, "merge", bases, draws, *pieces, returns=2)
            )
        reports = [self.machines.get(report) for report, _ in calls]
        return owners, reports, [merged for _, merged in calls]

    def account(
        self,
        began: float,
        owners: list[Member],
        reports: list[MergeReport],
        applied: list[float],
    ) -> None:
        """Note what the exchange of a round took."""
        seconds = time.perf_counter() - began
        merging = max(report.seconds for report in reports) + max(applied, default=0.0)
        exchange, receivers = self.exchange, len(self.team.members)
        exchange.rounds += 1
        exchange.merging += min(merging, seconds)
        exchange.network += max(0.0, seconds - merging)
        for trained in self.done.values():
            for owner, size in zip(owners, trained.report.sizes, strict=True):
                exchange.n_bytes += size * (owner is not trained.member)
        exchange.n_bytes += sum(report.n_bytes for report in reports) * receivers

    def balance_rows(self, scratch: _merge.Scratch) -> None:
        """Restore the balance of all bases."""
        references = self.machines.put(self.parts.factors)
        super().balance_rows(scratch)
        self.team.on_all("transform", references)

    # ---- What is reported ------------------------------------------------------------------------

    def progress(self, began: float) -> Progress:
        """See `TrainingRun.progress`."""
        found = super().progress(began)
        seconds = max(self.seconds - self.seconds_before, 1e-9)
        shares = self.exchange.merging / seconds, self.exchange.network / seconds
        found = replace(found, nodes=len(self.team.members), merging=shares[0], network=shares[1])
        self.machines.show(
            {
                "words_per_second": found.rate,
                "words": float(found.done),
                "loss": found.loss,
                "validation_loss": found.validation_loss,
                "nodes": float(found.nodes),
                "merging_share": found.merging,
                "network_share": found.network,
                "exchanged_bytes": float(self.exchange.n_bytes),
            }
        )
        return found

    def result(self, seconds: float) -> TrainingResult:
        """See `TrainingRun.result`."""
        return replace(
            super().result(seconds),
            nodes=self.team.settings.owners,
            network_seconds=self.exchange.network,
            network_bytes=self.exchange.n_bytes,
        )


@dataclass(frozen=True)
class Division:
    """How a run is divided among nodes.

    Attributes
    ----------
    machines : Machines
    nodes, workers : int
        `workers` of each node.
    path : str or None
        Where nodes find the corpus; None: it is sent to them.
    share : float or None
        Of the sentences, held out.
    sizes : tuple of int
        Tokens, types and sentences of the corpus.
    """

    machines: Machines
    nodes: int
    workers: int
    path: str | None = None
    share: float | None = None
    sizes: tuple[int, int, int] = (0, 0, 0)


@dataclass
class ClusterTrainer:
    """Makes a trainer whose runs are divided among nodes; see `Trainer`."""

    division: Division

    def __call__(self, *args: Any, **options: Any) -> Trainer:
        """Return the trainer of one run."""
        return _DividedTrainer(self.division, *args, **options)


class _DividedTrainer(Trainer):
    def __init__(self, division: Division, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.division = division
        self.team: Team | None = None

    def run(self, corpus: Corpus, *args: Any, **options: Any) -> TrainingResult:
        """See `Trainer.run`."""
        if self.weights.anchor is not None or self.weights.trainable is not None:
            raise ValueError(
                "the run has an anchor, or vectors that are not trained: go on with it on one "
                "machine, by Word2Vec.resume"
            )
        try:
            return super().run(corpus, *args, **options)
        finally:
            if self.team is not None:
                self.team.close()

    def _choose(
        self, config: TrainingConfig, tables: SamplingTables, tokens: int, shape: TextShape
    ) -> Chosen:
        if self.resumed is not None:
            return Chosen.from_dict(self.resumed.chosen)
        shards = count_shards(config, tokens, len(self.vocabulary))
        if shards == 1:
            what = "full softmax has" if config.softmax else "a text of this size has"
            warn(
                f"{what} one shard: this process trains it alone, and the nodes have nothing to do",
                RuntimeWarning,
            )
            return super()._choose(config, tables, tokens, shape)
        plan = ShardPlan.whole(shards, config, len(self.vocabulary))
        alpha = self._learning_rate(config, shape)
        at_once = contexts_per_step(config, shape)
        workers = config.workers or 1
        return Chosen(plan, alpha, at_once, workers, self._decay_start(config, shape))

    def _run(
        self,
        corpus: Corpus,
        config: TrainingConfig,
        tables: SamplingTables,
        chosen: Chosen,
        shape: TextShape,
        tokens: int,
        untrained_loss: float,
    ) -> TrainingRun:
        plan, given = chosen.plan, self.division
        if plan.shards == 1 or not plan.complete:
            return super()._run(corpus, config, tables, chosen, shape, tokens, untrained_loss)
        total, contexts = tokens * config.epochs, shape.contexts(config)
        text = None
        if given.path is not None:
            text = TextPlace(given.path, given.share, config.seed, *given.sizes)
        settings = NodeSettings(
            __version__,
            config,
            plan,
            contexts,
            chosen.contexts_per_step,
            total,
            given.workers,
            given.nodes,
            text,
        )
        ids = corpus.ids if text is None else None
        self.team = Team(given.machines, settings, self.vocabulary, tables, ids, self.weights)
        self.team.open()
        job = _hogwild.SharedState(
            config.replace(workers=1),
            self.weights,
            corpus.ids,
            tables,
            total,
            chosen.contexts_per_step,
        )
        parts = ClusterCourse(
            job, self.weights, self.vocabulary, config, corpus.ids, tables, plan, contexts
        )
        return ClusterRun(parts, config, self.first_epoch, untrained_loss, self.team)
