"""The rounds of a training run with shards: its threads train, and then merge together.

Rounds grow. Replicas that are trained alone grow stale, and that hurts most while learning is fast:
in a round, the other replicas train at most a tenth of what has been trained so far. Nor does a
round meet each word too often, so that rounds of a small vocabulary stay short; merging them is as
fast. As the learning rate falls, replicas move less, and rounds grow longer once more. Many
replicas have longer rounds than few, since each round costs each of them about the same.

Short rounds have few replicas, since to copy and merge one takes as long as to train it on some ten
thousand tokens. Each replica then trains the slices of several shards, one after the other.
"""

from __future__ import annotations

import dataclasses
import math
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from w2v.training import _hogwild
from w2v.training.run_state import RunState
from w2v.training.runs import TrainingRun
from w2v.training.shards import Round, Shards

if TYPE_CHECKING:
    from w2v.config import TrainingConfig
    from w2v.training import _merge
    from w2v.training.shards import Course

# Limits of the tokens of a round that a replica knows nothing of: those of all others.
_ROUND_TOKENS = 2_000_000
_TOKENS_OF_EACH = 500_000  # of each of the others, if they are so many that this is more
_TOKENS_PER_WORD = 40  # of the vocabulary
_GROWTH = 0.1  # as a share of all tokens before
_HEAD_START = 50_000  # tokens that count as trained before the first round
_LARGEST_PATIENCE = 4
_FIRST_TOKENS = 1_000  # of one replica, at least
# Tokens for which it pays to have another replica; for a small vocabulary, as many for each word.
_REPLICA_TOKENS, _REPLICA_TOKENS_PER_WORD = 50_000, 2


def next_round(
    tokens: int,
    shards: int,
    n_words: int,
    last: Round | None,
    most: float = math.inf,
    patience: float = 1.0,
) -> Round:
    """Return the round after `last`, in epochs of `tokens` tokens; the last of an epoch ends it.

    It has no more than about `most` tokens, all shards together. A long one of few shards is
    `patience` times as long as at the first learning rate.
    """
    epoch, number, begin = 0, 0, 0
    if last is not None and last.end < tokens:
        epoch, number, begin = last.epoch, last.number + 1, last.end
    elif last is not None:
        epoch = last.epoch + 1
    done = epoch * tokens + begin + min(_HEAD_START, tokens)
    long = max(patience * _ROUND_TOKENS, _TOKENS_OF_EACH * (shards - 1))
    others = min(long, _TOKENS_PER_WORD * n_words, _GROWTH * done, most)
    pays = min(_REPLICA_TOKENS, _REPLICA_TOKENS_PER_WORD * n_words)
    replicas = count_replicas(shards, 1 + others / pays)
    if replicas > 1:
        size = max(_FIRST_TOKENS * replicas, int(min(others * replicas / (replicas - 1), most)))
    else:  # it knows everything: up to where two are of use
        size = max(_FIRST_TOKENS, int(min(pays / _GROWTH - done, most)))
    end = begin + size
    return Round(epoch, number, begin, tokens if tokens - end < size / 2 else end, replicas)


def patience_at(rate: float) -> int:
    """Return how much longer a round may be at a learning rate, relative to the first rate.

    Replicas move as much less in it: twice as long at half the rate, and four times at a quarter.
    """
    return next((times for times in (1, 2) if rate * times > 0.5), _LARGEST_PATIENCE)


def count_replicas(shards: int, most: float) -> int:
    """Return how many replicas train the slices of shards in 1, 2, 4, 8 ... turns: up to `most`."""
    turns = 1
    while turns < shards and -(-shards // turns) > most:
        turns *= 2
    return -(-shards // turns)


class ShardedRun(TrainingRun):
    """A training run whose threads train shards and merge them; see `TrainingRun`.

    A run that ends early leaves the model as it was after the last merge.

    Parameters
    ----------
    shards : Course
        `Shards`, if this process trains and merges them.
    config : TrainingConfig
    first_epoch, untrained_loss
        See `TrainingRun`.
    """

    def __init__(
        self, shards: Course, config: TrainingConfig, first_epoch: int, untrained_loss: float
    ) -> None:
        super().__init__(
            shards.job,
            config.workers or 1,
            config.epochs,
            shards.positions.tokens,
            first_epoch,
            untrained_loss,
        )
        self.parts = shards
        self.shards = shards.plan.shards
        self.last: Round | None = None
        self.round: Round | None = None
        self.merged_tokens = 0
        self.first_rate = 0.0  # of the round
        self.ends: list[int] = []
        self.in_use = 0  # replicas that know the base
        self.not_finite: str | None = None
        self.balancing = False
        self.next_task = 0
        self.began_merging = 0.0
        self.barrier = threading.Barrier(self.n_threads)
        self.action: Callable[[], None] = self.begin_round

    @property
    def trained_tokens(self) -> int:
        """In-vocabulary tokens up to the last merge."""
        return self.merged_tokens

    def begin_threads(self) -> None:
        """Prepare for threads that start."""
        self.barrier = threading.Barrier(self.n_threads, action=lambda: self.action())

    def abort(self) -> None:
        """Make threads that wait for each other end, since one has failed."""
        self.barrier.abort()

    def work(self, number: int) -> None:
        """Train and merge, round by round up to the end of `last_epoch`, as one of the threads."""
        scratch = self.parts.scratch()
        try:
            self.meet(self.begin_round)
            while (now := self.round) is not None:
                self.train_replicas(number, now)
                self.meet(self.end_training)
                if self.round is not None:
                    self.share(1 + len(self.parts.names), self.prepare)
                    self.meet(self.begin_merging)
                if self.round is not None:
                    self.merge_rows(scratch)
                    self.meet(self.end_merging)
                if self.round is not None and self.balancing:
                    self.balance_rows(scratch)
                    self.meet(self.end_round)
        except threading.BrokenBarrierError:
            pass  # another thread has failed

    def meet(self, action: Callable[[], None]) -> None:
        """Wait for all threads; the last to come calls `action` before any goes on."""
        self.action = action
        self.barrier.wait()

    def share(self, n: int, task: Callable[[int], None]) -> None:
        """Call ``task(k)`` for each k below `n`, each in one thread only."""
        while True:
            with self.lock:
                k = self.next_task
                self.next_task += 1
            if k >= n:
                return
            task(k)

    def train_replicas(self, number: int, now: Round) -> None:
        """Train the replicas of a round that are the matter of one of the threads."""
        for k in range(number, now.replicas, self.n_threads):
            self.train(k, now)

    def merge_rows(self, scratch: _merge.Scratch) -> None:
        """Merge all rows, together with the other threads."""
        self.share(len(self.parts.chunks), lambda k: self.merge(k, scratch))

    def balance_rows(self, scratch: _merge.Scratch) -> None:
        """Restore the balance of all rows, together with the other threads."""
        self.share(len(self.parts.chunks), lambda k: self.balance(k, scratch))

    def train(self, k: int, now: Round) -> None:
        """Train the k-th replica on its slices of a round."""
        assert isinstance(self.parts, Shards)
        if k >= self.in_use:
            self.parts.begin(k)
        epoch = self.first_epoch + now.epoch
        self.ends[k] = self.parts.train(k, self.parts.slices(k, epoch, now, self.merged_tokens))

    def prepare(self, k: int) -> None:
        """Prepare the merge of the k-th matrix; after the last, look at their balance."""
        try:
            if k < len(self.parts.names):
                self.parts.decompose(k, self.in_use, self.mean_rate())
            else:
                self.parts.watch_balance(self.in_use)
        except FloatingPointError as error:
            self.not_finite = str(error)

    def mean_rate(self) -> float:
        """Return the mean learning rate of the round: it is constant, then falls linearly."""
        _, start, _ = self.job.schedule
        begin, end = self.merged_tokens, self.job.tokens
        constant = min(1.0, max(0, start - begin) / max(1, end - begin))
        falling = (self.first_rate + self.job.learning_rate) / 2
        return constant * self.first_rate + (1 - constant) * falling

    def merge(self, k: int, scratch: _merge.Scratch) -> None:
        """Merge the k-th chunk of the rows."""
        assert isinstance(self.parts, Shards)
        if not self.parts.merge(k, scratch):
            self.not_finite = "a merged row"

    def balance(self, k: int, scratch: _merge.Scratch) -> None:
        """Restore the balance of the k-th chunk of the rows."""
        self.parts.restore_balance(k, scratch)

    def state(self) -> RunState:
        """See `TrainingRun.state`; the state is that after the last merge."""
        state = super().state()
        state.values.update(
            last=None if self.last is None else dataclasses.astuple(self.last),
            balancing=self.balancing,
            balance_due=self.parts.balance_due,
        )
        balance = self.parts.balance
        return state if balance is None else state.with_part("balance", balance.state())

    def restore(self, state: RunState) -> None:
        """See `TrainingRun.restore`."""
        super().restore(state)
        values = state.values
        self.last = None if values["last"] is None else Round(*map(int, values["last"]))
        self.check_last(values["last"])
        self.merged_tokens = int(values["tokens"])
        self.balancing = bool(values["balancing"])
        self.parts.balance_due = float(values["balance_due"])
        if self.parts.balance is not None:
            self.parts.balance.restore(state.part("balance"))

    def check_last(self, given: list[int] | None) -> None:
        """Raise a ValueError if this text has no such round, or the run is at another place."""
        last, ended = self.last, 0
        fits = last is None
        if last is not None:
            ended = last.epoch + (last.end == self.tokens)
            fits = last.begin < last.end <= self.tokens and last.replicas <= self.shards
        if not fits or ended != self.epochs_ended:
            raise ValueError(
                f"run.state.last is {given}, expected a round with {self.epochs_ended:,} epochs of "
                f"{self.tokens:,} tokens before its end, and up to {self.shards} replicas"
            )

    # ---- What one thread does while the others wait ---------------------------------------------

    def begin_round(self) -> None:
        """Go to the next round; to none after `last_epoch`, or if the threads are to rest."""
        self.next_task = 0
        # In a rest, a caller's function may have changed the base; and so did the balance.
        self.in_use = 0 if self.round is None or self.balancing else self.round.replicas
        if self.rests():
            self.round = None  # the threads end
            return
        most = math.inf
        if self.pacer is not None:
            most = self.pacer.tokens_left(self.job.tokens)
            if most < _FIRST_TOKENS / 2:
                self.pacer.end()
                self.pausing, self.round = True, None
                return
        n_words = len(self.parts.base.vectors)
        self.first_rate = self.job.learning_rate
        patience = patience_at(self.first_rate / self.job.schedule[0])
        following = next_round(self.tokens, self.shards, n_words, self.last, most, patience)
        self.round = following if following.epoch < self.last_epoch else None
        if self.balancing or following.number == 0:
            size = (following.end - following.begin) / following.replicas
            self.parts.begin_balance(self.first_epoch + following.epoch, following.number, size)
        self.balancing = False
        self.ends = [_hogwild.DONE] * following.replicas

    def end_training(self) -> None:
        """Add up the losses of the round, in the order of the replicas; end the run if need be."""
        self.next_task = 0
        self.began_merging = time.perf_counter()
        assert self.round is not None
        if self.job.stopped or _hogwild.STOPPED in self.ends:
            self.round = None
            return
        self.in_use = self.round.replicas
        for shard in self.parts.shards[: self.in_use]:
            self.add_loss(self.round.epoch, shard.loss, shard.predictions)
        if self.diverged is not None:
            self.round = None

    def begin_merging(self) -> None:
        """Go from the decompositions to the rows."""
        self.next_task = 0
        self.check_finite()

    def end_merging(self) -> None:
        """Go to the next round, or first restore the balance of the matrices."""
        self.next_task = 0
        self.check_finite()
        if self.round is not None:
            ends_epoch = self.round.end == self.tokens
            self.balancing = self.parts.prepare_balance(self.job.tokens, ends_epoch)
        if not self.balancing:
            self.end_round()

    def end_round(self) -> None:
        """Note that the round is merged, and go to the next."""
        seconds = time.perf_counter() - self.began_merging
        self.merge_seconds += seconds
        if self.pacer is not None:
            self.pacer.merge_seconds = seconds
        if self.round is not None:
            self.last, self.merged_tokens = self.round, self.job.tokens
            if self.last.end == self.tokens:
                self.end_epoch(self.last.epoch)
            self.begin_round()

    def check_finite(self) -> None:
        """End the run if what was merged is not finite."""
        if self.not_finite is not None and self.round is not None:
            self.diverged = self.divergence_message(self.round.epoch, self.not_finite)
            self.round = None
