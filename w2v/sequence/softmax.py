"""From a hidden state to a probability for every word: full, sampled and adaptive softmax.

Each has `loss`, the mean cross-entropy that is trained on, and `log_probabilities` of all words.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

SOFTMAXES = ("auto", "full", "sampled", "adaptive")

Ints = npt.NDArray[np.int64]

_GROUPS = (2000, 20_000)  # where the adaptive softmax cuts words by rank: 2000 of the most frequent


class FullSoftmax(nn.Module):
    """Softmax over all words.

    Parameters
    ----------
    size : int
        Of the hidden state.
    words : int
    tied : Parameter, shape (first + words, dimension), optional
        Word vectors that are the output weights too; a linear layer maps states to them.
    first : int
        The row of the first word in `tied`.
    """

    def __init__(self, size: int, words: int, *, tied: Tensor | None = None, first: int = 0):
        super().__init__()
        # In a tuple, it is no parameter of this module: the embedding has and saves it.
        self._tied = None if tied is None else (tied,)
        self._first = first
        self.bias = nn.Parameter(torch.zeros(words))
        if tied is None:
            self.weight = nn.Parameter(torch.empty(words, size).uniform_(-0.05, 0.05))
        else:
            self.project = nn.Linear(size, tied.shape[1], bias=False)

    def begin_with(self, counts: Ints) -> None:
        """Let biases begin as logarithms of frequencies, each word counted once more."""
        with torch.no_grad():
            chances = (counts + 1) / (counts + 1).sum()
            self.bias.copy_(torch.from_numpy(np.log(chances)))

    def weights(self) -> tuple[Tensor, Tensor]:
        """Return the output weights of all words, and their biases."""
        if self._tied is None:
            return self.weight, self.bias
        return self._tied[0][self._first :], self.bias

    def features(self, hidden: Tensor) -> Tensor:
        """Return what is multiplied by the output weights."""
        return hidden if self._tied is None else self.project(hidden)

    def scores(self, hidden: Tensor) -> Tensor:
        """Return the scores of all words, shape (n, words)."""
        return nn.functional.linear(self.features(hidden), *self.weights())

    def loss(self, hidden: Tensor, words: Tensor) -> Tensor:
        """Return the mean cross-entropy of words, shape (n,), after states, shape (n, size)."""
        return nn.functional.cross_entropy(self.scores(hidden), words)

    def log_probabilities(self, hidden: Tensor) -> Tensor:
        """Return the logarithms of the probabilities of all words, shape (n, words)."""
        return nn.functional.log_softmax(self.scores(hidden), dim=1)


class SampledSoftmax(FullSoftmax):
    """The same softmax; in training, the right word among others that are drawn.

    Each batch shares one draw, with replacement, from the words' frequencies q. The log of the
    expected number of draws, samples · q, is subtracted from the scores of those drawn, and draws
    that hit the right word are left out: what stands in for the sum over all words then has that
    sum for its mean, and the gradient tends to that of the full softmax as samples grow (Bengio and
    Senécal, 2008, section 3; Jean et al., 2015).
    """

    def __init__(self, full: FullSoftmax, counts: Ints | None, samples: int) -> None:
        nn.Module.__init__(self)
        self.__dict__.update(full.__dict__)
        self._samples = samples
        words = len(self.bias)
        # Of a loaded model nothing is known of frequencies, nor needed: fit() begins anew.
        q = np.ones(words) if counts is None else counts + 1.0
        self._sums = torch.from_numpy(np.cumsum(q / q.sum()))
        self._expected = torch.from_numpy(np.log(samples * q / q.sum())).float()

    def loss(self, hidden: Tensor, words: Tensor) -> Tensor:
        """Return the mean cross-entropy of words among those drawn."""
        places = torch.rand(self._samples, dtype=torch.float64)
        drawn = torch.searchsorted(self._sums, places).clamp(max=len(self._sums) - 1)
        expected = self._expected[drawn].to(hidden.device)
        drawn = drawn.to(hidden.device)
        weights, bias = self.weights()
        features = self.features(hidden)
        noise = nn.functional.linear(features, weights[drawn], bias[drawn]) - expected
        noise = noise.masked_fill(drawn == words[:, None], -torch.inf)
        right = (features * weights[words]).sum(1) + bias[words]
        return (torch.logsumexp(torch.cat((right[:, None], noise), 1), 1) - right).mean()


class AdaptiveSoftmax(nn.Module):
    """Adaptive softmax (Grave et al., 2017): PyTorch's, for words in any order.

    Parameters
    ----------
    size : int
    ranks : ndarray of int64, shape (words,)
        The place of each word by frequency, from 0.
    """

    def __init__(self, size: int, ranks: Ints) -> None:
        super().__init__()
        words = len(ranks)
        if words < 2:
            raise ValueError("softmax='adaptive' needs at least two words; use 'full'")
        # Each group's matrix has a quarter of the columns of the one before, at least one.
        groups = [cut for cut in _GROUPS if cut < words] or [words // 2]
        cuts = groups[: max(1, int(math.log(size, 4)))]
        self.softmax = nn.AdaptiveLogSoftmaxWithLoss(size, words, cuts)
        self.register_buffer("_ranks", torch.from_numpy(ranks), persistent=False)

    def loss(self, hidden: Tensor, words: Tensor) -> Tensor:
        """Return the mean cross-entropy."""
        return self.softmax(hidden, self._ranks[words]).loss

    def log_probabilities(self, hidden: Tensor) -> Tensor:
        """Return the logarithms of the probabilities of all words, shape (n, words)."""
        return self.softmax.log_prob(hidden)[:, self._ranks]
