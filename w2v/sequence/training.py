"""Training a classifier's network: epochs, batches, early stopping, the best network kept."""

from __future__ import annotations

import contextlib
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from w2v.sequence.batching import Ints, Texts
from w2v.sequence.embedding import PADDING, UNKNOWN, Embedding
from w2v.sequence.recurrent import RecurrentEncoder

_READ = 256  # texts in a batch where nothing is trained


class Settings(Protocol):
    """What a training has to know; see `SequenceClassifier`."""

    epochs: int
    batch_size: int
    learning_rate: float
    max_grad_norm: float | None
    patience: int


@dataclass(frozen=True)
class ClassifierEpoch:
    """What one epoch of a training came to.

    Attributes
    ----------
    epoch : int
        From 1.
    loss, accuracy : float
        Mean cross-entropy (nats) and share of right answers on the texts trained on, measured as
        they were trained, with dropout.
    validation_loss, validation_accuracy : float
        The same on the texts held out, after the epoch; NaN where none are.
    seconds : float
        Since the training began.
    """

    epoch: int
    loss: float
    accuracy: float
    validation_loss: float
    validation_accuracy: float
    seconds: float


class Network(nn.Module):
    """Ids to a score for each class: embedding, recurrent layers or the mean, one linear layer."""

    def __init__(self, embedding: nn.Module, recurrent: RecurrentEncoder | None, features: int,
                 classes: int, dropout: float) -> None:  # fmt: skip
        super().__init__()
        self.embedding = embedding
        self.recurrent = recurrent
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(features, classes)

    def forward(self, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Return the scores, shape (batch, classes), of ids, shape (batch, steps)."""
        vectors = self.embedding(ids)
        if self.recurrent is None:
            # Padding is zeros, so it adds nothing.
            features = vectors.sum(1) / lengths.to(vectors.device)[:, None]
        else:
            features = self.recurrent.last(vectors, lengths)
        return self.output(self.dropout(features))


class _SomeRows(nn.Module):
    """The rows of an embedding that a training needs, so that no step touches the others."""

    def __init__(self, embedding: Embedding, rows: Ints) -> None:
        super().__init__()
        self.rows = torch.from_numpy(rows)
        self.weight = nn.Parameter(embedding.weight.detach().cpu()[self.rows])

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return nn.functional.embedding(ids, self.weight, padding_idx=PADDING)


class Watcher:
    """Whom a run tells how far it is."""

    def __init__(self, call: Callable[[ClassifierEpoch], object] | None, bar: Any) -> None:
        self._call, self._bar = call, bar

    def batch(self, epoch: int, texts: int, loss: float, accuracy: float) -> None:
        """Take note of a batch of so many texts, and of the epoch's means until now."""
        if self._bar is not None:
            self._bar.set_description_str(f"epoch {epoch}", refresh=False)
            self._bar.set_postfix_str(f"loss {loss:.3f}, accuracy {accuracy:.3f}", refresh=False)
            self._bar.update(texts)

    def epoch(self, epoch: ClassifierEpoch) -> None:
        """Take note of an epoch."""
        if self._call is not None:
            self._call(epoch)
        if self._bar is not None and not math.isnan(epoch.validation_loss):
            self._bar.write(
                f"epoch {epoch.epoch}: loss {epoch.loss:.3f}, accuracy {epoch.accuracy:.3f}; held "
                f"out: loss {epoch.validation_loss:.3f}, accuracy {epoch.validation_accuracy:.3f}",
                file=sys.stderr,
            )


class Run:
    """One training: epochs, early stopping, the best network."""

    def __init__(self, network: Network, settings: Settings, device: torch.device,
                 weights: torch.Tensor | None, report: Watcher) -> None:  # fmt: skip
        self.network, self.settings, self.device, self.report = network, settings, device, report
        self.learned = [p for p in network.parameters() if p.requires_grad]
        self.optimizer = _adam(self.learned, settings.learning_rate)
        # Not torch's weighted mean, which would divide by the weights that a batch happens to have.
        weights = None if weights is None else weights.to(device)
        self.loss = nn.CrossEntropyLoss(weights, reduction="sum")
        self.history: list[ClassifierEpoch] = []
        self.best = 0
        self.interrupted = False

    def train(self, data: Texts, targets: Ints, rows: Ints, held_data: Texts, held_targets: Ints,
              held: Ints, random: np.random.Generator) -> None:  # fmt: skip
        """Train until the epochs are done or those held out no longer gain."""
        began = time.perf_counter()
        least, kept = math.inf, self._copy()
        try:
            for epoch in range(1, self.settings.epochs + 1):
                loss, accuracy = self._epoch(epoch, data, targets, rows, random)
                held_loss = held_accuracy = math.nan
                if len(held):
                    held_loss, held_accuracy = self._measure(held_data, held_targets, held)
                    if not math.isfinite(held_loss):
                        raise FloatingPointError(
                            f"the loss on the texts held out is {held_loss} after epoch {epoch}: "
                            f"lower learning_rate ({self.settings.learning_rate:g}) or "
                            f"max_grad_norm ({self.settings.max_grad_norm})"
                        )
                seconds = time.perf_counter() - began
                figures = ClassifierEpoch(epoch, loss, accuracy, held_loss, held_accuracy, seconds)
                self.history.append(figures)
                self.report.epoch(figures)
                if not len(held) or held_loss < least:
                    least, self.best = held_loss, epoch
                    kept = self._copy() if len(held) else kept
                elif epoch - self.best >= self.settings.patience:
                    break
        except KeyboardInterrupt:
            if not self.best:
                raise
            self.interrupted = True
        if len(held):
            with torch.no_grad():
                for parameter, best in zip(self.learned, kept, strict=True):
                    parameter.copy_(best)
        check_weights(self.learned, self.settings.learning_rate)

    def _copy(self) -> list[torch.Tensor]:
        return [parameter.detach().clone() for parameter in self.learned]

    def _epoch(self, epoch: int, data: Texts, targets: Ints, rows: Ints,
               random: np.random.Generator) -> tuple[float, float]:  # fmt: skip
        self.network.train()
        clip = self.settings.max_grad_norm
        done = right = 0
        total = 0.0
        for number, batch in enumerate(data.shuffled(rows, self.settings.batch_size, random), 1):
            ids, lengths = data.batch(batch)
            wanted = torch.from_numpy(targets[batch]).to(self.device)
            scores = self.network(ids.to(self.device), lengths)
            loss = self.loss(scores, wanted) / len(batch)
            value = float(loss.detach())
            if not math.isfinite(value):
                raise FloatingPointError(
                    f"the loss is {value} in epoch {epoch}, batch {number} (after {done:,} texts): "
                    f"lower learning_rate ({self.settings.learning_rate:g}) or max_grad_norm "
                    f"({clip})"
                )
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            if clip is not None:
                _shorten(self.learned, clip)
            self.optimizer.step()
            done += len(batch)
            total += value * len(batch)
            right += int((scores.detach().argmax(1) == wanted).sum())
            self.report.batch(epoch, len(batch), total / done, right / done)
        return total / done, right / done

    def _measure(self, data: Texts, targets: Ints, rows: Ints) -> tuple[float, float]:
        """Return loss and accuracy on texts, without learning from them."""
        scores = scores_of(self.network, data, rows, self.device, self.network.output.out_features)
        wanted = torch.from_numpy(targets[rows])
        loss = float(self.loss(scores.to(self.device), wanted.to(self.device))) / len(rows)
        return loss, float((scores.argmax(1) == wanted).double().mean())


def check_progress(progress: object) -> None:
    """Raise a TypeError unless `progress` is a bool or can be called."""
    if not (isinstance(progress, bool) or callable(progress)):
        raise TypeError(
            f"progress={progress!r}: expected True, False or a callable that takes what an epoch "
            "came to"
        )


def check_weights(learned: Sequence[nn.Parameter], rate: float) -> None:
    """Raise a FloatingPointError where weights are not finite: no loss has seen the last step."""
    if not all(bool(torch.isfinite(parameter).all()) for parameter in learned):
        raise FloatingPointError(
            f"the last step left weights that are NaN or infinite: lower learning_rate ({rate:g})"
        )


def _adam(parameters: list[nn.Parameter], rate: float) -> torch.optim.Optimizer:
    """Return Adam in one loop over all numbers, where this PyTorch has it for this device."""
    try:
        return torch.optim.Adam(parameters, lr=rate, fused=True)
    except RuntimeError:
        return torch.optim.Adam(parameters, lr=rate)


def _shorten(parameters: list[nn.Parameter], longest: float) -> None:
    """Scale the gradient to length `longest` where it is longer.

    torch.nn.utils.clip_grad_norm_ multiplies always, and took a twentieth of a step.
    """
    gradients = [p.grad for p in parameters if p.grad is not None]
    lengths = torch.stack([torch.linalg.vector_norm(gradient) for gradient in gradients])
    length = float(torch.linalg.vector_norm(lengths))
    if length > longest:
        for gradient in gradients:
            gradient.mul_(longest / length)


def scores_of(
    network: nn.Module, data: Texts, rows: Ints, device: torch.device, classes: int
) -> torch.Tensor:
    """Return the classes' scores for these texts, in the order of `rows`, on the CPU."""
    network.eval()
    scores = torch.empty(len(rows), classes)
    place = np.empty(len(data), np.int64)
    place[rows] = np.arange(len(rows))
    with torch.inference_mode():
        for batch in data.sorted(rows, _READ):
            ids, lengths = data.batch(batch)
            scores[torch.from_numpy(place[batch])] = network(ids.to(device), lengths).cpu()
    return scores


@contextlib.contextmanager
def only_these_rows(
    network: Network, embedding: Embedding, every: Sequence[Texts]
) -> Iterator[None]:
    """Train the words that occur in the texts, and no other row, which no step would change.

    Without a gradient Adam leaves a row as it is, but looks at it: of 100,000 words, nine tenths
    of a step's time. The texts' ids are renumbered for as long, and the rows put back at the end.
    """
    if not embedding.weight.requires_grad:
        yield
        return
    rows = np.unique(np.concatenate([[PADDING, UNKNOWN], *(texts.ids for texts in every)]))
    ids = [texts.ids for texts in every]
    for texts in every:
        texts.ids = np.searchsorted(rows, texts.ids)
    some = _SomeRows(embedding, rows)
    network.embedding = some
    try:
        yield
    finally:
        for texts, before in zip(every, ids, strict=True):
            texts.ids = before
        network.embedding = embedding
        with torch.no_grad():
            embedding.weight[some.rows] = some.weight.detach().cpu()
