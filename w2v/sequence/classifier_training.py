"""The network of a SequenceClassifier and its training: epochs, early stopping, best weights."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import nn

from w2v._types import IntArray
from w2v.sequence.batching import EncodedTexts
from w2v.sequence.embedding import PADDING, UNKNOWN, Embedding
from w2v.sequence.recurrent import RecurrentEncoder
from w2v.sequence.training import TrainingMonitor, check_finite, check_loss

_PREDICTION_BATCH = 256  # texts


class ClassifierSettings(Protocol):
    """The parameters of a `SequenceClassifier` that training needs."""

    epochs: int
    batch_size: int
    learning_rate: float
    max_grad_norm: float | None
    patience: int


@dataclass(frozen=True)
class ClassifierEpoch:
    """Metrics of one epoch of a `SequenceClassifier`.

    Attributes
    ----------
    epoch : int
        Starts at 1.
    loss, accuracy : float
        Mean cross-entropy in nats and fraction of correct predictions on the training texts,
        measured during training, with dropout.
    validation_loss, validation_accuracy : float
        The same on the held-out texts, after the epoch; NaN without such texts.
    seconds : float
        Time since the start of training.
    """

    epoch: int
    loss: float
    accuracy: float
    validation_loss: float
    validation_accuracy: float
    seconds: float


class ClassifierNetwork(nn.Module):
    """Ids to class logits: embedding, recurrent layers or the mean, and a linear layer."""

    def __init__(
        self,
        embedding: nn.Module,
        recurrent: RecurrentEncoder | None,
        features: int,
        classes: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.embedding = embedding
        self.recurrent = recurrent
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(features, classes)

    def forward(self, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Return the logits, shape (batch, classes), of ids, shape (batch, steps)."""
        vectors = self.embedding(ids)
        if self.recurrent is None:
            # Padding is zeros, so it adds nothing to the sum.
            features = vectors.sum(1) / lengths.to(vectors.device)[:, None]
        else:
            features = self.recurrent.last(vectors, lengths)
        return self.output(self.dropout(features))


class ClassifierTrainer:
    """Trains a classifier network, with early stopping, and keeps the best weights.

    Parameters
    ----------
    network : ClassifierNetwork
        On `device`.
    settings : ClassifierSettings
    device : torch.device
    weights : tensor, shape (classes,), optional
        Factors for the loss of each class.
    monitor : TrainingMonitor

    Attributes
    ----------
    history : list of ClassifierEpoch
    best_epoch : int
        0 before the first epoch is complete.
    interrupted : bool
        Whether Ctrl-C ended training.
    """

    def __init__(
        self,
        network: ClassifierNetwork,
        settings: ClassifierSettings,
        device: torch.device,
        weights: torch.Tensor | None,
        monitor: TrainingMonitor,
    ) -> None:
        self.network, self.settings, self.device, self.monitor = network, settings, device, monitor
        self.parameters = [p for p in network.parameters() if p.requires_grad]
        self.optimizer = _adam(self.parameters, settings.learning_rate)
        # Not the weighted mean of PyTorch, which divides by the weights that occur in the batch.
        weights = None if weights is None else weights.to(device)
        self.loss = nn.CrossEntropyLoss(weights, reduction="sum")
        self.history: list[ClassifierEpoch] = []
        self.best_epoch = 0
        self.interrupted = False

    def train(
        self,
        data: EncodedTexts,
        targets: IntArray,
        rows: IntArray,
        validation_data: EncodedTexts,
        validation_targets: IntArray,
        validation_rows: IntArray,
        random: np.random.Generator,
    ) -> None:
        """Train until all epochs are done or the validation loss stops improving.

        Raises
        ------
        FloatingPointError
            If a loss or a weight becomes NaN or infinite.
        KeyboardInterrupt
            If Ctrl-C comes before the first epoch is complete.
        """
        settings = self.settings
        start = time.perf_counter()
        best_loss, best_weights = math.inf, self._copy_weights()
        try:
            for epoch in range(1, settings.epochs + 1):
                loss, accuracy = self._train_epoch(epoch, data, targets, rows, random)
                validation_loss = validation_accuracy = math.nan
                if len(validation_rows):
                    validation_loss, validation_accuracy = self._evaluate(
                        validation_data, validation_targets, validation_rows
                    )
                    check_loss(
                        validation_loss,
                        f"on the validation texts after epoch {epoch}",
                        settings.learning_rate,
                        settings.max_grad_norm,
                    )
                seconds = time.perf_counter() - start
                self._report(
                    ClassifierEpoch(
                        epoch, loss, accuracy, validation_loss, validation_accuracy, seconds
                    )
                )
                if not len(validation_rows) or validation_loss < best_loss:
                    best_loss, self.best_epoch = validation_loss, epoch
                    best_weights = self._copy_weights() if len(validation_rows) else best_weights
                elif epoch - self.best_epoch >= settings.patience:
                    break
        except KeyboardInterrupt:
            if not self.best_epoch:
                raise
            self.interrupted = True
        if len(validation_rows):
            with torch.no_grad():
                for parameter, best in zip(self.parameters, best_weights, strict=True):
                    parameter.copy_(best)
        check_finite(self.parameters, settings.learning_rate)

    def _copy_weights(self) -> list[torch.Tensor]:
        return [parameter.detach().clone() for parameter in self.parameters]

    def _train_epoch(
        self,
        epoch: int,
        data: EncodedTexts,
        targets: IntArray,
        rows: IntArray,
        random: np.random.Generator,
    ) -> tuple[float, float]:
        """Return the mean loss and the accuracy."""
        self.network.train()
        settings = self.settings
        done = correct = 0
        total = 0.0
        batches = data.shuffled_batches(rows, settings.batch_size, random)
        for number, batch in enumerate(batches, 1):
            ids, lengths = data.batch(batch)
            wanted = torch.from_numpy(targets[batch]).to(self.device)
            logits = self.network(ids.to(self.device), lengths)
            loss = self.loss(logits, wanted) / len(batch)
            value = float(loss.detach())
            check_loss(
                value,
                f"in epoch {epoch}, batch {number} (after {done:,} texts)",
                settings.learning_rate,
                settings.max_grad_norm,
            )
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            if settings.max_grad_norm is not None:
                _clip_gradient(self.parameters, settings.max_grad_norm)
            self.optimizer.step()
            done += len(batch)
            total += value * len(batch)
            correct += int((logits.detach().argmax(1) == wanted).sum())
            self.monitor.batch(epoch, len(batch), loss=total / done, accuracy=correct / done)
        return total / done, correct / done

    def _evaluate(
        self, data: EncodedTexts, targets: IntArray, rows: IntArray
    ) -> tuple[float, float]:
        """Return the loss and the accuracy on texts without training on them."""
        logits = predict_logits(
            self.network, data, rows, self.device, self.network.output.out_features
        )
        wanted = torch.from_numpy(targets[rows])
        loss = float(self.loss(logits.to(self.device), wanted.to(self.device))) / len(rows)
        return loss, float((logits.argmax(1) == wanted).double().mean())

    def _report(self, epoch: ClassifierEpoch) -> None:
        self.history.append(epoch)
        summary = None
        if not math.isnan(epoch.validation_loss):
            summary = (
                f"epoch {epoch.epoch}: loss {epoch.loss:.3f}, accuracy {epoch.accuracy:.3f}; "
                f"validation loss {epoch.validation_loss:.3f}, "
                f"accuracy {epoch.validation_accuracy:.3f}"
            )
        self.monitor.epoch(epoch, summary)


def predict_logits(
    network: nn.Module, data: EncodedTexts, rows: IntArray, device: torch.device, classes: int
) -> torch.Tensor:
    """Return the class logits of these texts, shape (len(rows), classes), on the CPU."""
    network.eval()
    logits = torch.empty(len(rows), classes)
    position = np.empty(len(data), np.int64)
    position[rows] = np.arange(len(rows))
    with torch.inference_mode():
        for batch in data.sorted_batches(rows, _PREDICTION_BATCH):
            ids, lengths = data.batch(batch)
            logits[torch.from_numpy(position[batch])] = network(ids.to(device), lengths).cpu()
    return logits


class _SubEmbedding(nn.Module):
    """The rows of an embedding that training uses, so that no update touches the others."""

    def __init__(self, embedding: Embedding, rows: IntArray) -> None:
        super().__init__()
        self.rows = torch.from_numpy(rows)
        self.weight = nn.Parameter(embedding.weight.detach().cpu()[self.rows])

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return nn.functional.embedding(ids, self.weight, padding_idx=PADDING)


@contextlib.contextmanager
def train_used_rows_only(
    network: ClassifierNetwork, embedding: Embedding, data: Sequence[EncodedTexts]
) -> Iterator[None]:
    """Restrict training to the words that occur in the texts.

    Adam does not change rows without a gradient, but still reads them: with 100,000 words that is
    nine tenths of the time of a step. The texts are renumbered inside the context; at its end the
    rows are written back to the embedding. Does nothing if the embedding is frozen.
    """
    if not embedding.weight.requires_grad:
        yield
        return
    rows = np.unique(np.concatenate([[PADDING, UNKNOWN], *(texts.ids for texts in data)]))
    original = [texts.ids for texts in data]
    for texts in data:
        texts.ids = np.searchsorted(rows, texts.ids)
    used = _SubEmbedding(embedding, rows)
    network.embedding = used
    try:
        yield
    finally:
        for texts, ids in zip(data, original, strict=True):
            texts.ids = ids
        network.embedding = embedding
        with torch.no_grad():
            embedding.weight[used.rows] = used.weight.detach().cpu()


def _adam(parameters: list[nn.Parameter], learning_rate: float) -> torch.optim.Optimizer:
    """Return the fused implementation of Adam if PyTorch has it for this device."""
    try:
        return torch.optim.Adam(parameters, lr=learning_rate, fused=True)
    except RuntimeError:
        return torch.optim.Adam(parameters, lr=learning_rate)


def _clip_gradient(parameters: list[nn.Parameter], max_norm: float) -> None:
    """Scale the gradient down to `max_norm` if its norm is larger.

    torch.nn.utils.clip_grad_norm_ always multiplies, which took a twentieth of the time of a step.
    """
    gradients = [p.grad for p in parameters if p.grad is not None]
    norms = torch.stack([torch.linalg.vector_norm(gradient) for gradient in gradients])
    norm = float(torch.linalg.vector_norm(norms))
    if norm > max_norm:
        for gradient in gradients:
            gradient.mul_(max_norm / norm)
