"""The held-out loss: that of sentences which are never trained on.

The loss of an epoch is a mean over a time in which the model has changed, on text that it has seen.
What is held out is measured at one moment, with the same draws each time: the same words are
subsampled, in the same windows, against the same noise words. So two measurements differ only
because the model does.
"""

from __future__ import annotations

import contextlib
import math
import numbers
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from w2v.corpus.corpus import Corpus
from w2v.corpus.encoded import EncodedCorpus
from w2v.training import _hogwild
from w2v.training.blocks import cut_blocks
from w2v.training.full_softmax import SoftmaxWorker

if TYPE_CHECKING:
    from w2v.config import TrainingConfig
    from w2v.training.weights import Weights
    from w2v.vocab.sampling import SamplingTables
    from w2v.vocab.vocabulary import Vocabulary

DEFAULT_SHARE = 0.001
_LARGEST_SHARE = 0.5
_STREAM = 5  # the first number of the seed that sentences are drawn by
_EPOCH = 1 << 40  # that of the draws in a measurement: no training gets so far


def share_of(validation: object) -> float | None:
    """Return the share of sentences that `validation` asks for; None if it is a text, or nothing.

    Raises
    ------
    ValueError
        If the share is not one.
    """
    if validation is True:
        return DEFAULT_SHARE
    if validation is False or not isinstance(validation, numbers.Real):
        return None
    share = float(validation)
    if not 0 < share <= _LARGEST_SHARE:
        raise ValueError(
            f"validation={validation!r}: expected a share of the sentences, more than 0 and at "
            f"most {_LARGEST_SHARE}, or a text of its own"
        )
    return share


def hold_out(corpus: Corpus, share: float, seed: int) -> tuple[Corpus, Corpus]:
    """Return the sentences to train on, and those drawn to be held out: both are copies.

    Raises
    ------
    ValueError
        If none is drawn, or nothing else is left.
    """
    ends = np.flatnonzero(corpus.ids < 0) + 1
    drawn = np.random.default_rng([_STREAM, seed]).random(len(ends)) < share
    if not drawn.any() or drawn.all():
        raise ValueError(
            f"validation={share:g} holds out {int(drawn.sum()):,} of {len(ends):,} sentences: "
            "expected at least one, and one to train on; give another share, or a text of its own"
        )
    held = np.repeat(drawn, np.diff(ends, prepend=0))
    return _part(corpus, ~held), _part(corpus, held)


def _part(corpus: Corpus, chosen: npt.NDArray[np.bool_]) -> Corpus:
    ids = corpus.ids[chosen]
    counts = np.bincount(ids[ids >= 0], minlength=corpus.n_types)
    whole = corpus.encoded
    return Corpus.from_encoded(EncodedCorpus(ids, counts, whole.offsets, whole.words))


class HeldOut:
    """Measures the loss of a text; the model is only read.

    Parameters
    ----------
    weights : Weights
    vocabulary : Vocabulary
    config : TrainingConfig
    corpus : Corpus
        What is held out.
    tables : SamplingTables
        Those of training.
    contexts_per_step : int
        As in training.

    Raises
    ------
    ValueError
        If nothing in the text can be predicted.
    """

    def __init__(
        self,
        weights: Weights,
        vocabulary: Vocabulary,
        config: TrainingConfig,
        corpus: Corpus,
        tables: SamplingTables,
        contexts_per_step: int,
    ) -> None:
        tables = replace(tables, index=vocabulary.index(corpus))
        self.blocks = list(map(int, cut_blocks(corpus.ids)))
        n_threads = min(config.workers or 1, len(self.blocks) - 1)
        # After the last of no tokens, the learning rate is `min_alpha`: none at all.
        still = config.replace(workers=n_threads, min_alpha=0.0)
        weights = replace(weights, anchor=None)  # which would round rows even then
        self.job = _hogwild.SharedState(still, weights, corpus.ids, tables, 0, contexts_per_step)
        self.idle: list[_hogwild.Worker | SoftmaxWorker] = [
            SoftmaxWorker(self.job, weights, still) if config.softmax else _hogwild.Worker(self.job)
            for _ in range(n_threads)
        ]
        if math.isnan(self.measure()):
            raise ValueError(
                f"none of the {corpus.n_tokens:,} words that are held out can be predicted from "
                "another: hold out more, or text of the same kind as that of training"
            )

    def measure(self) -> float:
        """Return the mean loss per prediction in nats; NaN if there is no prediction."""
        from concurrent.futures import ThreadPoolExecutor  # takes long to import

        with ThreadPoolExecutor(len(self.idle)) as threads, self._stopped_by_errors():
            found = list(threads.map(self._measure_block, range(len(self.blocks) - 1)))
        predictions = sum(n for _, n in found)
        return math.fsum(loss for loss, _ in found) / predictions if predictions else math.nan

    def _measure_block(self, number: int) -> tuple[float, int]:
        worker = self.idle.pop()
        try:
            worker.run(_EPOCH, number, *self.blocks[number : number + 2])
            return worker.loss, worker.predictions
        finally:
            self.idle.append(worker)

    @contextlib.contextmanager
    def _stopped_by_errors(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.job.stop()
            raise
