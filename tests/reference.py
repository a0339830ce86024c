"""Slow, obvious float64 versions of the compiled arithmetic, to test it against.

Nothing here is fast or clever: each function is the formula, in NumPy or plain Python.
"""

from __future__ import annotations

import numpy as np

MASK = 2**64 - 1


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


def loss(inputs, outputs, labels):
    """Return the negative log-likelihood of all pairs of (n, d) inputs and (m, d) outputs."""
    scores = inputs @ outputs.T
    return np.sum(np.logaddexp(0, scores) - labels * scores)


def step(vectors, output_vectors, inputs, outputs, labels, alpha):
    """One dense step on rows given by number, in place; returns the loss before it."""
    before_in, before_out = vectors[inputs], output_vectors[outputs]
    g = alpha * (labels - sigmoid(before_in @ before_out.T))  # (n, m)
    np.add.at(vectors, inputs, g @ before_out)
    np.add.at(output_vectors, outputs, g.T @ before_in)
    return loss(before_in, before_out, labels)


# ---- The random numbers of csrc/random.h ------------------------------------------------------


def mix(x):
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & MASK
    return x ^ (x >> 31)


class Random:
    def __init__(self, seed, epoch, block):
        state = mix((seed + 0x9E3779B97F4A7C15) & MASK)
        state = mix(state ^ (epoch + 0xD1B54A32D192ED03) & MASK)
        self.state = mix(state ^ (block + 0x8CB92BA72F3D8DD7) & MASK)

    def bits(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        return mix(self.state)

    def below(self, n):
        return (self.bits() >> 32) * n >> 32


# ---- The hot loop -----------------------------------------------------------------------------


def kept_sentences(ids, index, keep, random):
    """Return the block's sentences as lists of rows, subsampled."""
    sentences, sentence = [], []
    for i in ids:
        if i < 0:
            sentences.append(sentence)
            sentence = []
            continue
        row = index[i]
        if row >= 0 and (keep[row] == 2**32 - 1 or random.bits() >> 32 <= keep[row]):
            sentence.append(row)
    return sentences


def train_block(
    vectors,
    output_vectors,
    ids,
    index,
    keep,
    noise,
    *,
    window,
    negative,
    shrink_windows,
    shared_negatives,
    seed,
    alpha,
    epoch,
    block,
):
    """Train one block at a constant learning rate, in place; returns (loss, pairs).

    The block must fit one chunk of the hot loop, which draws a chunk's subsampling first.
    """
    random = Random(seed, epoch, block)
    at = random.bits() % len(noise)
    total, pairs = 0.0, 0
    labels = np.array([1.0] + [0.0] * negative)

    def draw(target):
        nonlocal at
        while True:
            word = noise[at]
            at = (at + 1) % len(noise)
            if word != target:
                return word

    for sentence in kept_sentences(ids, index, keep, random):
        for c, target in enumerate(sentence):
            reach = 1 + random.below(window) if shrink_windows else window
            contexts = sentence[max(c - reach, 0) : c][::-1] + sentence[c + 1 : c + 1 + reach]
            groups = [contexts] if shared_negatives else [[word] for word in contexts]
            for group in groups if contexts else []:
                outputs = [target] + [draw(target) for _ in range(negative)]
                total += step(vectors, output_vectors, group, outputs, labels, alpha)
                pairs += len(group)
    return total, pairs
