"""Output layers of a language model: full, sampled and adaptive softmax over the vocabulary.

Each has `loss`, the mean cross-entropy that training minimizes, and `log_probabilities` of all
words.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from w2v._types import IntArray

SOFTMAXES = ("auto", "full", "sampled", "adaptive")

_CUTOFFS = (2000, 20_000)  # ranks that separate the groups of the adaptive softmax


class FullSoftmax(nn.Module):
    """Softmax over all words.

    Parameters
    ----------
    hidden_size : int
    vocab_size : int
    tied : Parameter, shape (first_row + vocab_size, embedding_dim), optional
        Word vectors to use as output weights too; a linear layer maps hidden states to their
        dimension.
    first_row : int
        Row of the first word in `tied`.
    """

    def __init__(
        self, hidden_size: int, vocab_size: int, *, tied: Tensor | None = None, first_row: int = 0
    ):
        super().__init__()
        # In a tuple it is not registered as a parameter here: the embedding owns and saves it.
        self._tied = None if tied is None else (tied,)
        self._first_row = first_row
        self.bias = nn.Parameter(torch.zeros(vocab_size))
        if tied is None:
            self.weight = nn.Parameter(torch.empty(vocab_size, hidden_size).uniform_(-0.05, 0.05))
        else:
            self.project = nn.Linear(hidden_size, tied.shape[1], bias=False)

    def init_bias_from_counts(self, counts: IntArray) -> None:
        """Initialize the biases to log frequencies, with add-one smoothing."""
        with torch.no_grad():
            frequencies = (counts + 1) / (counts + 1).sum()
            self.bias.copy_(torch.from_numpy(np.log(frequencies)))

    def weights(self) -> tuple[Tensor, Tensor]:
        """Return the output weights and biases of all words."""
        if self._tied is None:
            return self.weight, self.bias
        return self._tied[0][self._first_row :], self.bias

    def features(self, hidden: Tensor) -> Tensor:
        """Map hidden states to the dimension of the output weights."""
        return hidden if self._tied is None else self.project(hidden)

    def logits(self, hidden: Tensor) -> Tensor:
        """Return the logits of all words, shape (n, vocab_size)."""
        return nn.functional.linear(self.features(hidden), *self.weights())

    def loss(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """Return the mean cross-entropy of targets, shape (n,), given states (n, hidden_size)."""
        return nn.functional.cross_entropy(self.logits(hidden), targets)

    def log_probabilities(self, hidden: Tensor) -> Tensor:
        """Return the log probabilities of all words, shape (n, vocab_size)."""
        return nn.functional.log_softmax(self.logits(hidden), dim=1)


class SampledSoftmax(FullSoftmax):
    """Full softmax that is trained on the target and a sample of other words.

    All predictions of a batch share one sample, drawn with replacement from the word frequencies q.
    The log of the expected count, num_sampled · q, is subtracted from the logits of sampled words,
    and samples that equal the target are left out. This is an unbiased estimate of the sum over all
    words, and the gradient converges to that of the full softmax as num_sampled grows (Bengio and
    Senécal, 2008, section 3; Jean et al., 2015).
    """

    def __init__(self, full: FullSoftmax, counts: IntArray | None, num_sampled: int) -> None:
        nn.Module.__init__(self)
        self.__dict__.update(full.__dict__)
        self._num_sampled = num_sampled
        vocab_size = len(self.bias)
        # A loaded model has no counts and does not need them: fit() trains from scratch.
        q = np.ones(vocab_size) if counts is None else counts + 1.0
        self._cumulative = torch.from_numpy(np.cumsum(q / q.sum()))
        self._log_expected = torch.from_numpy(np.log(num_sampled * q / q.sum())).float()

    def loss(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """Return the mean cross-entropy of the targets among the sampled words."""
        uniform = torch.rand(self._num_sampled, dtype=torch.float64)
        sampled = torch.searchsorted(self._cumulative, uniform)
        sampled = sampled.clamp(max=len(self._cumulative) - 1)
        log_expected = self._log_expected[sampled].to(hidden.device)
        sampled = sampled.to(hidden.device)
        weights, bias = self.weights()
        features = self.features(hidden)
        noise = nn.functional.linear(features, weights[sampled], bias[sampled]) - log_expected
        noise = noise.masked_fill(sampled == targets[:, None], -torch.inf)
        true = (features * weights[targets]).sum(1) + bias[targets]
        return (torch.logsumexp(torch.cat((true[:, None], noise), 1), 1) - true).mean()


class AdaptiveSoftmax(nn.Module):
    """Adaptive softmax (Grave et al., 2017) of PyTorch, for words in any order.

    Parameters
    ----------
    hidden_size : int
    ranks : ndarray of int64, shape (vocab_size,)
        Frequency rank of each word, starting at 0.

    Raises
    ------
    ValueError
        If there are fewer than two words.
    """

    def __init__(self, hidden_size: int, ranks: IntArray) -> None:
        super().__init__()
        vocab_size = len(ranks)
        if vocab_size < 2:
            raise ValueError("softmax='adaptive' needs at least two words; use 'full'")
        # Each group has a quarter of the columns of the one before; every group needs one.
        cutoffs = [cutoff for cutoff in _CUTOFFS if cutoff < vocab_size] or [vocab_size // 2]
        cutoffs = cutoffs[: max(1, int(math.log(hidden_size, 4)))]
        self.softmax = nn.AdaptiveLogSoftmaxWithLoss(hidden_size, vocab_size, cutoffs)
        self.register_buffer("_ranks", torch.from_numpy(ranks), persistent=False)

    def loss(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """Return the mean cross-entropy of targets, shape (n,), given states (n, hidden_size)."""
        return self.softmax(hidden, self._ranks[targets]).loss

    def log_probabilities(self, hidden: Tensor) -> Tensor:
        """Return the log probabilities of all words, shape (n, vocab_size)."""
        return self.softmax.log_prob(hidden)[:, self._ranks]
