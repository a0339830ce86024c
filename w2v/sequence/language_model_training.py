"""The network of an RNNLanguageModel, its data and its training."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from w2v._types import IntArray
from w2v.sequence.batching import EncodedTexts, Text, Tokenizer, tokenize
from w2v.sequence.embedding import FIRST, PADDING, UNKNOWN, Embedding
from w2v.sequence.recurrent import RecurrentEncoder
from w2v.sequence.softmax import AdaptiveSoftmax, FullSoftmax, SampledSoftmax
from w2v.sequence.training import TrainingMonitor, check_finite, check_loss

_MAX_LOGITS = 1 << 22  # logits computed at a time when evaluating
_MAX_EXPONENT = 709  # exp() of a larger number overflows a float


@dataclass(frozen=True)
class LanguageModelEpoch:
    """Metrics of one epoch of an `RNNLanguageModel`.

    Attributes
    ----------
    epoch : int
        Starts at 1.
    loss : float
        Mean cross-entropy in nats per word, measured during training, with dropout. With
        ``softmax="sampled"`` it is the cross-entropy among the sampled words, which is far lower.
    validation_perplexity : float
        On the validation texts, after the epoch; NaN without such texts.
    seconds : float
        Time since the start of training.
    """

    epoch: int
    loss: float
    validation_perplexity: float
    seconds: float


class LanguageModelNetwork(nn.Module):
    """Ids to hidden states (`forward`), and the softmax that predicts words (`output`)."""

    def __init__(
        self,
        embedding: nn.Module,
        recurrent: RecurrentEncoder,
        dropout: float,
        output: FullSoftmax | SampledSoftmax | AdaptiveSoftmax,
    ) -> None:
        super().__init__()
        self.embedding = embedding
        self.recurrent = recurrent
        self.dropout = nn.Dropout(dropout)
        self.output = output

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Return the hidden state that predicts each word, shape (batch, steps, hidden_size)."""
        outputs, _ = self.recurrent(self.embedding(ids), lengths)
        return self.dropout(outputs)


@dataclass(frozen=True)
class Segments:
    """Texts split into segments: the ids read and the ids to predict, step by step.

    Attributes
    ----------
    inputs : EncodedTexts
        The previous word at each step; padding before the first word of a text.
    targets : EncodedTexts
        The word to predict at each step; unknown words are not predicted.
    unknown : int
        How many targets are unknown words.
    """

    inputs: EncodedTexts
    targets: EncodedTexts
    unknown: int

    @classmethod
    def from_texts(
        cls,
        texts: Iterable[Text],
        embedding: Embedding,
        length: int,
        tokenizer: Tokenizer | str | None,
        lowercase: bool,
    ) -> Segments:
        """Split texts into segments of at most `length` words."""
        inputs: list[list[int]] = []
        targets: list[list[int]] = []
        unknown = 0
        for number, words in enumerate(tokenize(texts, tokenizer, lowercase)):
            try:
                ids = embedding.encode(words)
            except KeyError as error:
                raise KeyError(f"text {number:,}: {error.args[0]}") from None
            unknown += ids.count(UNKNOWN)
            previous = [PADDING, *ids[:-1]]
            for start in range(0, len(ids), length):
                inputs.append(previous[start : start + length])
                targets.append(ids[start : start + length])
        return cls(EncodedTexts(inputs), EncodedTexts(targets), unknown)

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def words(self) -> int:
        """The number of targets, unknown words included."""
        return len(self.targets.ids)

    def counts(self, vocab_size: int) -> IntArray:
        """Return how often each word of the vocabulary is a target."""
        known = self.targets.ids[self.targets.ids >= FIRST]
        return np.bincount(known - FIRST, minlength=vocab_size)


class LanguageModelTrainer:
    """Trains a language model's network.

    Parameters
    ----------
    network : LanguageModelNetwork
        On `device`.
    settings : mapping of str to object
        See `RNNLanguageModel`.
    device : torch.device
    vocab_size : int

    Attributes
    ----------
    history : list of LanguageModelEpoch
    """

    def __init__(
        self,
        network: LanguageModelNetwork,
        settings: Mapping[str, Any],
        device: torch.device,
        vocab_size: int,
    ) -> None:
        self.network, self.settings = network, settings
        self.device, self.vocab_size = device, vocab_size
        self.history: list[LanguageModelEpoch] = []

    def train(self, data: Segments, validation: Segments | None) -> None:
        """Train for all epochs.

        Raises
        ------
        FloatingPointError
            If the loss or a weight becomes NaN or infinite.
        """
        settings = self.settings
        parameters = [p for p in self.network.parameters() if p.requires_grad]
        optimizer = torch.optim.Adam(parameters, lr=settings["learning_rate"])
        random = np.random.default_rng(settings["seed"])
        start = time.perf_counter()
        total = settings["epochs"] * data.words
        with TrainingMonitor(settings["progress"], total, "words") as monitor:
            for epoch in range(1, settings["epochs"] + 1):
                loss = self._train_epoch(epoch, data, parameters, optimizer, random, monitor)
                perplexity, summary = math.nan, None
                if validation is not None:
                    perplexity = evaluate_perplexity(
                        self.network,
                        validation,
                        settings["batch_size"],
                        self.device,
                        self.vocab_size,
                    )
                    summary = (
                        f"epoch {epoch}: loss {loss:.3f}, validation perplexity {perplexity:.1f}"
                    )
                seconds = time.perf_counter() - start
                self.history.append(LanguageModelEpoch(epoch, loss, perplexity, seconds))
                monitor.epoch(self.history[-1], summary)
        check_finite(parameters, settings["learning_rate"])

    def _train_epoch(
        self,
        epoch: int,
        data: Segments,
        parameters: list[nn.Parameter],
        optimizer: torch.optim.Optimizer,
        random: np.random.Generator,
        monitor: TrainingMonitor,
    ) -> float:
        """Return the mean loss."""
        settings = self.settings
        self.network.train()
        total, done = 0.0, 0
        rows = np.arange(len(data))
        batches = data.inputs.shuffled_batches(rows, settings["batch_size"], random)
        for number, batch in enumerate(batches, 1):
            hidden, targets = _known_targets(self.network, data, batch, self.device)
            if not len(targets):
                continue
            loss = self.network.output.loss(hidden, targets)
            value = float(loss.detach())
            check_loss(
                value,
                f"in epoch {epoch}, batch {number} (after {done:,} words)",
                settings["learning_rate"],
                settings["max_grad_norm"],
            )
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            if settings["max_grad_norm"] is not None:
                nn.utils.clip_grad_norm_(parameters, settings["max_grad_norm"])
            optimizer.step()
            total, done = total + value * len(targets), done + len(targets)
            monitor.batch(epoch, int(data.targets.lengths[batch].sum()), loss=total / done)
        return total / done


def evaluate_perplexity(
    network: LanguageModelNetwork,
    data: Segments,
    batch_size: int,
    device: torch.device,
    vocab_size: int,
) -> float:
    """Return exp of the mean cross-entropy of the known targets; infinity if that overflows."""
    network.eval()
    total, count = 0.0, 0
    chunk_size = max(1, _MAX_LOGITS // vocab_size)
    with torch.inference_mode():
        for batch in data.inputs.sorted_batches(np.arange(len(data)), batch_size):
            hidden, targets = _known_targets(network, data, batch, device)
            chunks = zip(hidden.split(chunk_size), targets.split(chunk_size), strict=True)
            for states, words in chunks:
                log_probabilities = network.output.log_probabilities(states)
                total -= float(log_probabilities.gather(1, words[:, None]).double().sum())
            count += len(targets)
    mean = total / count
    return math.exp(mean) if mean < _MAX_EXPONENT else mean if math.isnan(mean) else math.inf


def _known_targets(
    network: LanguageModelNetwork, data: Segments, batch: IntArray, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Return the hidden states that predict known words, and the rows of these words."""
    ids, lengths = data.inputs.batch(batch)
    targets, _ = data.targets.batch(batch)
    hidden = network(ids.to(device), lengths)
    targets = targets.to(device)
    known = targets >= FIRST
    return hidden[known], targets[known] - FIRST
