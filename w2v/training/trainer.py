"""The trainer: prepares a training run for a corpus, and undoes what diverges."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from w2v._cpu import available_cpus
from w2v._memory import available_memory, format_size
from w2v._warnings import warn
from w2v.training import _hogwild, divergence, steps
from w2v.training.full_softmax import SoftmaxWorker
from w2v.training.resuming import usable
from w2v.training.rounds import ShardedRun
from w2v.training.runs import BlockRun, TrainingResult, TrainingRun, Worker, logger
from w2v.training.shards import ShardPlan, Shards
from w2v.training.validation import HeldOut
from w2v.vocab.sampling import chosen_sample, sampling_tables

if TYPE_CHECKING:
    from w2v.config import TrainingConfig
    from w2v.corpus.corpus import Corpus
    from w2v.progress import Reporter
    from w2v.training.checkpointing import Checkpointer
    from w2v.training.resuming import ResumedRun
    from w2v.training.watching import Watcher
    from w2v.training.weights import Weights
    from w2v.vocab.sampling import SamplingTables
    from w2v.vocab.vocabulary import Vocabulary

_MUCH_DROPPED = 0.5  # share of the text, and of the occurrences of an average word
_MANY_DROPPED = 10_000  # words; a toy example is not worth a warning


@dataclass(frozen=True)
class Chosen:
    """What a run chooses from the text and the machine, before it begins.

    Attributes
    ----------
    plan : ShardPlan
    alpha : float
        Initial learning rate.
    contexts_per_step : int
    workers : int
    decay_start : float, default 0
        Share of training after which the learning rate falls.
    """

    plan: ShardPlan
    alpha: float
    contexts_per_step: int
    workers: int
    decay_start: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return values that JSON has."""
        return {**vars(self), "plan": {**vars(self.plan), "rows": dict(self.plan.rows)}}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Chosen:
        """Return what `to_dict` described."""
        return cls(**{**values, "plan": ShardPlan(**values["plan"])})

    def check_memory(self, config: TrainingConfig, n_words: int) -> None:
        """Raise a MemoryError if this machine cannot hold the replicas of another one's shards."""
        needed, free = self.plan.memory(config, n_words), available_memory()
        if free is not None and needed > free:
            raise MemoryError(
                f"the replicas of {self.plan.shards} shards take {format_size(needed)}, and "
                f"{format_size(free)} are free: resume the run on a machine with more memory"
            )


@dataclass(frozen=True)
class _Prepared:
    """A run that can begin, and what it was made of."""

    run: TrainingRun
    config: TrainingConfig
    shape: steps.TextShape
    chosen: Chosen


class Trainer:
    """Trains a model's matrices on a corpus.

    Parameters
    ----------
    weights : Weights
        The matrices, which are updated in place.
    vocabulary : Vocabulary
    config : TrainingConfig
    first_epoch : int, default 0
        Number of epochs trained before: each epoch has its own random numbers.
    resumed : ResumedRun, optional
        A run that was interrupted, to go on with.
    """

    def __init__(
        self,
        weights: Weights,
        vocabulary: Vocabulary,
        config: TrainingConfig,
        *,
        first_epoch: int = 0,
        resumed: ResumedRun | None = None,
    ) -> None:
        self.weights = weights
        self.vocabulary = vocabulary
        self.config = config
        self.first_epoch = first_epoch
        self.resumed = resumed

    def run(
        self,
        corpus: Corpus,
        report: Reporter | None = None,
        watcher: Watcher | None = None,
        held_out: Corpus | None = None,
        checkpointer: Checkpointer | None = None,
    ) -> TrainingResult:
        """Train for ``config.epochs`` epochs; the learning rate falls to ``config.min_alpha``.

        If there is a `watcher`, the workers wait for each other at the end of each epoch, and it is
        called; it measures the loss of the text `held_out`. Ctrl-C stops the workers; the result
        then says so, and the progress is kept.

        Raises
        ------
        ValueError
            If the corpus contains no word of the vocabulary, or nothing in `held_out` can be
            predicted.
        FloatingPointError
            If training diverges. The matrices are then as they were before, unless they take more
            than 256 MiB; the message says which.
        """
        resumed = self.resumed
        with contextlib.nullcontext() if resumed is None else usable(resumed.path):
            prepared = self._prepare(corpus, watcher, held_out)
        run, config, shape = prepared.run, prepared.config, prepared.shape
        norm = divergence.initial_norm(self.weights)
        before = None if resumed is not None else self.weights.snapshot()
        sample = chosen_sample(self.vocabulary.counts, config)
        logger.info(
            "training %s words of %d dimensions: %d epochs of %s words; threads: %d, shards: %d, "
            "learning rate %.3g, constant for %.0f %%, sample %g",
            f"{len(self.vocabulary):,}",
            config.vector_size,
            config.epochs,
            f"{run.tokens:,}",
            run.n_threads,
            run.shards,
            config.learning_rate,
            100 * prepared.chosen.decay_start,
            sample,
        )
        if checkpointer is not None:
            checkpointer.begin(run, prepared.chosen.to_dict())
        try:
            result = run.run(report)
            return replace(result, alpha=run.alpha, sample=sample, decay_start=run.decay_start)
        except divergence.DivergenceError as error:
            state = "the model's vectors are unusable: load or build the model again"
            if resumed is not None:
                state = (
                    f"the run was resumed from {os.fspath(resumed.path)}: resume from an earlier "
                    "checkpoint, or train from the beginning"
                )
            if before is not None:
                self.weights.restore(before)
                state = "the model is as it was before this training"
            default = self._learning_rate(self.config.replace(alpha=None, min_alpha=0.0), shape)
            remedy = divergence.remedy(self.config, default, norm)
            raise divergence.DivergenceError(f"{error}; {remedy}; {state}") from None

    def _prepare(
        self, corpus: Corpus, watcher: Watcher | None, held_out: Corpus | None
    ) -> _Prepared:
        """Return the run, with what watches it; one that goes on has its state back."""
        config = self.config.replace(workers=self.config.workers or available_cpus())
        tables = sampling_tables(self.vocabulary, corpus, config)
        tokens = int(corpus.type_counts[tables.index >= 0].sum())
        if tokens == 0:
            raise ValueError(
                f"none of the {corpus.n_types:,} types of the corpus is in the vocabulary of "
                f"{len(self.vocabulary):,} words; check that it is the right corpus, in the same "
                "spelling and case"
            )
        self._warn_of_subsampling(tables, tokens)
        shape = steps.TextShape.of(corpus, self.vocabulary, tables)
        chosen = self._choose(config, tables, tokens, shape)
        config = config.replace(alpha=chosen.alpha, decay_start=chosen.decay_start)
        if chosen.plan.shards == 1:
            config = config.replace(workers=chosen.workers)
        untrained = divergence.untrained_loss(config, self.vocabulary, tables.tree)
        run = self._run(corpus, config, tables, chosen, shape, tokens, untrained)

        def shorter(total: int) -> steps.TextShape:
            return replace(shape, tokens=shape.tokens * (total / (tokens * config.epochs)))

        run.alpha_of = lambda total: self._learning_rate(self.config, shorter(total))
        run.decay_start = chosen.decay_start
        run.decay_start_of = lambda total: self._decay_start(self.config, shorter(total))
        if self.resumed is not None:
            run.restore(self.resumed.state)
        if watcher is not None:
            if held_out is not None:
                at_once = chosen.contexts_per_step
                text = HeldOut(self.weights, self.vocabulary, config, held_out, tables, at_once)
                watcher.measure(text, self.weights)
            if self.resumed is not None and self.resumed.watcher is not None:
                watcher.restore(run, self.resumed.watcher, self.resumed.state.part("best"))
            run.watcher = watcher
            run.observers.append(watcher)
        return _Prepared(run, config, shape, chosen)

    def _learning_rate(self, config: TrainingConfig, shape: steps.TextShape) -> float:
        """Return the initial learning rate; for vectors that are trained already, no higher one."""
        if self.first_epoch:
            shape = replace(shape, words=1.0)
        return steps.learning_rate(config, shape)

    def _decay_start(self, config: TrainingConfig, shape: steps.TextShape) -> float:
        """Return where the learning rate begins to fall; at once for vectors trained already."""
        if self.first_epoch and config.decay_start is None:
            return 0.0
        return steps.decay_start(config, shape)

    def _choose(
        self,
        config: TrainingConfig,
        tables: SamplingTables,
        tokens: int,
        shape: steps.TextShape,
    ) -> Chosen:
        """Return what is chosen for this text on this machine; by a resumed run, when it began."""
        if self.resumed is not None:
            chosen = Chosen.from_dict(self.resumed.chosen)
            chosen.check_memory(config, len(self.vocabulary))
            return chosen
        plan = ShardPlan.of(self.vocabulary, config, tables, tokens)
        alpha = self._learning_rate(config, shape)
        assert config.workers is not None
        at_once = steps.contexts_per_step(config, shape)
        return Chosen(plan, alpha, at_once, config.workers, self._decay_start(config, shape))

    def _run(
        self,
        corpus: Corpus,
        config: TrainingConfig,
        tables: SamplingTables,
        chosen: Chosen,
        shape: steps.TextShape,
        tokens: int,
        untrained_loss: float,
    ) -> TrainingRun:
        """Return what is to be run: shards, one worker alone, or workers that share all rows."""
        plan = chosen.plan
        if plan.rows and not plan.complete:
            rows = sum(map(len, self.weights.matrices().values()))
            warn(
                f"replica_memory allows each of {plan.shards} shards replicas of "
                f"{plan.replica_rows:,} of {rows:,} rows: they share the others, so that results "
                "differ from run to run; raise replica_memory, or use fewer workers",
                RuntimeWarning,
            )
        shared = config.softmax or plan.shares_rows
        n_workers = plan.threads(config) if shared else plan.shards
        job = _hogwild.SharedState(
            config.replace(workers=n_workers),
            self.weights,
            corpus.ids,
            tables,
            tokens * config.epochs,
            chosen.contexts_per_step,
        )
        if not shared and plan.shards > 1:
            contexts = shape.contexts(config)
            shards = Shards(
                job, self.weights, self.vocabulary, config, corpus.ids, tables, plan, contexts
            )
            return ShardedRun(shards, config, self.first_epoch, untrained_loss)
        workers: list[Worker] = [
            SoftmaxWorker(job, self.weights, config) if config.softmax else _hogwild.Worker(job)
            for _ in range(n_workers)
        ]
        return BlockRun(job, workers, config, corpus.ids, tokens, self.first_epoch, untrained_loss)

    def _warn_of_subsampling(self, tables: SamplingTables, tokens: int) -> None:
        """Warn if every word counts as frequent: subsampling then only makes the text shorter."""
        counts = self.vocabulary.counts
        keep = tables.keep_probability
        dropped = 1 - float(counts @ keep) / float(counts.sum())
        if (
            dropped > _MUCH_DROPPED
            and np.median(keep) < 1 - _MUCH_DROPPED
            and dropped * tokens > _MANY_DROPPED
        ):
            sample = chosen_sample(counts, self.config)
            warn(
                f"sample={sample:g} drops {dropped:.0%} of the words in training, "
                f"since most of the {len(counts):,} words of the vocabulary are more frequent; "
                "set sample=0 to train on all",
                RuntimeWarning,
            )
