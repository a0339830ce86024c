"""Slow, obvious float64 versions of the compiled arithmetic, to test it against.

Nothing here is fast or clever: each function is the formula, in NumPy or plain Python.
"""

from __future__ import annotations

import collections
import heapq
import itertools
import math

import numpy as np

MASK = 2**64 - 1


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


def loss(inputs, outputs, labels, offsets=0):
    """Return the negative log-likelihood of all pairs of (n, d) inputs and (m, d) outputs."""
    scores = inputs @ outputs.T + offsets
    return np.sum(np.logaddexp(0, scores) - labels * scores)


def step(
    vectors, output_vectors, inputs, outputs, labels, alpha, pool_scale=0, grad_scale=0, offsets=0
):
    """One dense step on rows given by number, in place; returns the loss before it."""
    before_in, before_out = vectors[inputs], output_vectors[outputs]
    hidden = pool_scale * before_in.sum(axis=0, keepdims=True) if pool_scale else before_in
    g = alpha * (labels - sigmoid(hidden @ before_out.T + offsets))  # (n, m), or (1, m) if pooled
    gradient = g @ before_out
    if pool_scale:
        gradient = np.tile(grad_scale * gradient, (len(inputs), 1))
    np.add.at(vectors, inputs, gradient)
    np.add.at(output_vectors, outputs, g.T @ hidden)
    return loss(hidden, before_out, labels, offsets)


def compare(rows, queries, metric):
    """Return the score of each of (n, d) rows with each of (q, d) queries, shape (q, n)."""
    rows, queries = rows.astype(float), queries.astype(float)
    if metric in ("dot", "cosine"):
        lengths = np.linalg.norm(rows, axis=1) if metric == "cosine" else np.ones(len(rows))
        return queries @ rows.T / np.where(lengths > 0, lengths, 1)
    order = {"euclidean": 2, "manhattan": 1, "chebyshev": np.inf}[metric]
    scores = [np.linalg.norm(rows - query, order, axis=1) for query in queries]
    return np.array(scores).reshape(len(queries), len(rows))


# ---- The random numbers of csrc/include/w2v_rng.h -----------------------------------------------


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


# ---- Predictions: every architecture and objective ---------------------------------------------
#
# `config` is a TrainingConfig, `weights` a rows.Weights whose matrices are float64 and not padded,
# `tree` a HuffmanTree (None where hs=0). A prediction is made from `contexts`, a list of rows, of
# `target`, a row. Its noise words are `noise`, a list of (row, how many times it counts). Scores of
# words have offsets if `weights` has `offsets`, shape (V,).


def hidden_states(config, vectors, contexts):
    """Return what predicts: each context word by itself, or (CBOW) the mean or sum of all."""
    if config.sg:
        return list(vectors[contexts])
    total = vectors[contexts].sum(axis=0)
    return [total / len(contexts) if config.cbow_mean else total]


def questions(config, tree, target, noise):
    """Return the yes-or-no questions that stand for a prediction: (matrix, row, label, times)."""
    asked = []
    if config.hs:
        for step in tree.path[tree.offsets[target] : tree.offsets[target + 1]]:
            asked.append(("node_vectors", *((step, 1) if step >= 0 else (~step, 0)), 1))
    if config.negative:
        asked.append(("output_vectors", target, 1, 1))
        asked.extend(("output_vectors", word, 0, times) for word, times in noise)
    return asked


def score_offsets(config, counts):
    """Return the logarithm of how much more often each word is true than noise."""
    share = counts / counts.sum()
    if config.sample:
        share = np.minimum(share, np.sqrt(share * config.sample) + config.sample)
    noise = noise_shares(counts, config.ns_exponent)
    return np.log(share / share.sum() / noise / config.negative)


def scores_of(weights, name, rows, h):
    """Return the scores of rows of a matrix."""
    offsets = getattr(weights, "offsets", None)
    given = offsets is not None and name == "output_vectors"
    return getattr(weights, name)[rows] @ h + (offsets[rows] if given else 0)


def prediction_loss(config, weights, tree, contexts, target, noise):
    """Return the loss in nats, summed over the hidden states."""
    total = 0.0
    for h in hidden_states(config, weights.vectors, contexts):
        if config.softmax:
            scores = weights.output_vectors @ h
            total += np.log(np.exp(scores).sum()) - scores[target]
            continue
        for name, row, label, times in questions(config, tree, target, noise):
            score = scores_of(weights, name, row, h)
            total += times * (np.logaddexp(0, score) - label * score)
    return total


def prediction_step(config, weights, tree, contexts, target, noise):
    """Return what is to be added to each matrix, {name: change}, at a learning rate of one.

    This is the negative gradient of `prediction_loss`, but for the classic mean of CBOW: there the
    change of `vectors` is as many times that as there are context words.
    """
    names = "vectors", "output_vectors", "node_vectors"
    matrices = {name: m for name in names if (m := getattr(weights, name)) is not None}
    change = {name: np.zeros_like(matrix) for name, matrix in matrices.items()}
    for i, h in enumerate(hidden_states(config, weights.vectors, contexts)):
        gained = np.zeros_like(h)
        if config.softmax:
            p = np.exp(weights.output_vectors @ h)
            error = (np.arange(len(p)) == target) - p / p.sum()
            change["output_vectors"] += np.outer(error, h)
            gained += error @ weights.output_vectors
        else:
            for name, row, label, times in questions(config, tree, target, noise):
                error = times * (label - sigmoid(scores_of(weights, name, row, h)))
                change[name][row] += error * h
                gained += error * matrices[name][row]
        if config.sg == 0 and config.cbow_mean and config.cbow_gradient == "exact":
            gained /= len(contexts)
        for word in [contexts[i]] if config.sg else contexts:
            change["vectors"][word] += gained
    if weights.trainable is not None:
        change["vectors"][~weights.trainable] = 0
    return change


def meetings(config, tree, contexts, target, noise):
    """Give the rows that a step meets, (matrix, row or rows), each as often as it meets them."""
    for word in contexts:
        yield "vectors", word
    if config.softmax:
        for _ in contexts if config.sg else [contexts]:
            yield "output_vectors", slice(None)
    else:
        for name, row, _, _ in questions(config, tree, target, noise):
            yield name, row


def pull(config, weights, met, alpha):
    """Pull rows to where `weights.anchor` holds them, {name: (places, strengths)}, in place."""
    for name, row in met:
        if name == "vectors" and weights.trainable is not None and not weights.trainable[row]:
            continue
        homes, strengths = weights.anchor[name]
        matrix = getattr(weights, name)
        kept = 1 / (1 + alpha * np.atleast_1d(strengths[row]))[:, np.newaxis]
        moved = homes[row] + kept * (np.atleast_2d(matrix[row]) - homes[row])
        matrix[row] = np.where(kept < 1, moved, matrix[row]).reshape(matrix[row].shape)


def huffman_cost(counts):
    """Return the number of bits of the shortest code for words that occur so often."""
    heap = [int(count) for count in counts]
    heapq.heapify(heap)
    bits = 0
    while len(heap) > 1:
        merged = heapq.heappop(heap) + heapq.heappop(heap)
        heapq.heappush(heap, merged)
        bits += merged
    return bits


# ---- The hot loop ----------------------------------------------------------------------------


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


def windows(sentence, reach):
    """Give each word of a sentence with its context, nearest words first; reach() is its width."""
    for c, target in enumerate(sentence):
        width = reach()
        contexts = sentence[max(c - width, 0) : c][::-1] + sentence[c + 1 : c + 1 + width]
        if contexts:
            yield contexts, target


def together(config, contexts, draws):
    """Split a centre's contexts into those that share one step."""
    if not config.sg or config.softmax:
        return [contexts]
    if draws:
        most = {1: 3, 2: 5, 3: 10, 4: 15}.get(draws, 20) if config.shared_negatives else 1
    else:
        most = 5  # meet a path at once
    if config.hs and (config.window + 1 if config.shrink_windows else 2 * config.window) > 20:
        most = min(most, 5)
    if len(contexts) <= most:
        return [contexts]
    first = (len(contexts) + 1) // 2 if len(contexts) <= 2 * most else most
    return [contexts[:first], *together(config, contexts[first:], draws)]


def predictions(config, ids, tables, epoch, block):
    """Give what a block is trained on, in order: (contexts, target, noise).

    The block must fit one chunk of the hot loop, which draws a chunk's subsampling first.
    """
    random = Random(config.seed, epoch, block)
    at = random.bits()

    def reach():
        return 1 + random.below(config.window) if config.shrink_windows else config.window

    def draw(target):
        nonlocal at
        while True:
            word = tables.noise_table[at % len(tables.noise_table)]
            at += 1
            if word != target:
                return word, 1

    draws = 0 if config.softmax else config.negative
    for sentence in kept_sentences(ids, tables.index, tables.keep_threshold, random):
        for contexts, target in windows(sentence, reach):
            for group in together(config, contexts, draws):
                yield group, target, [draw(target) for _ in range(draws)]


def batches(config, made, size):
    """Put together predictions whose steps are taken from the same matrices.

    That is each by itself; for the full softmax up to `size` hidden states, as long as the most
    that one word can have still find room.
    """
    most = 2 * config.window if config.sg else 1
    batch, states = [], 0
    for prediction in made:
        batch.append(prediction)
        states += len(prediction[0]) if config.sg else 1
        if not config.softmax or states + most > max(size, most):
            yield batch
            batch, states = [], 0
    if batch:
        yield batch


def train_block(config, weights, ids, tables, *, epoch, block, batch=1):
    """Train one block at the learning rate alpha, in place; returns (loss, predictions)."""
    total, count = 0.0, 0
    for part in batches(config, predictions(config, ids, tables, epoch, block), batch):
        total += sum(prediction_loss(config, weights, tables.tree, *each) for each in part)
        count += sum(len(contexts) if config.sg else 1 for contexts, _, _ in part)
        for change in [prediction_step(config, weights, tables.tree, *each) for each in part]:
            for name, gained in change.items():
                getattr(weights, name)[...] += config.alpha * gained
        if weights.anchor is not None:
            for each in part:
                pull(config, weights, meetings(config, tables.tree, *each), config.alpha)
    return total, count


# ---- What a model predicts ---------------------------------------------------------------------


def noise_shares(counts, ns_exponent):
    """Return how often each word is drawn as noise."""
    weight = counts.astype(float) ** ns_exponent
    return weight / weight.sum()


def score(config, weights, tree, shares, sentence):
    """Return the log-likelihood of a sentence of rows; noise words stand for their expectation."""
    total = 0.0
    for contexts, target in windows(sentence, lambda: config.window):
        drawn = [config.negative * share / (1 - shares[target]) for share in shares]
        noise = [(word, times) for word, times in enumerate(drawn) if word != target]
        total -= prediction_loss(config, weights, tree, contexts, target, noise)
    return total


def probabilities(config, weights, tree, shares, contexts):
    """Return p(word | contexts) of every word."""
    total = weights.vectors[contexts].sum(axis=0)
    h = total if config.sg == 0 and not config.cbow_mean else total / len(contexts)
    if config.hs:
        nodes = sigmoid(weights.node_vectors @ h)
        paths = [tree.path[a:b] for a, b in zip(tree.offsets, tree.offsets[1:], strict=False)]
        return np.array(
            [np.prod([nodes[s] if s >= 0 else 1 - nodes[~s] for s in p]) for p in paths]
        )
    p = np.exp(scores_of(weights, "output_vectors", slice(None), h))
    p *= 1 if config.softmax else shares
    return p / p.sum()


# ---- Phrases -------------------------------------------------------------------------------------
#
# Sentences are lists of str; a pass's phrases are a dict from tuples of words to scores.


def candidates(sentence, connectors):
    """Yield (begin, end) of each two neighbouring words that are no connectors."""
    begin = None
    for end, word in enumerate(sentence):
        if word not in connectors:
            if begin is not None:
                yield begin, end
            begin = end


def phrase_scores(sentences, min_count, scoring, connectors):
    """Return the score of every pair of words, connectors between them included."""
    words = collections.Counter(itertools.chain.from_iterable(sentences))
    pairs = collections.Counter(
        tuple(sentence[begin : end + 1])
        for sentence in sentences
        for begin, end in candidates(sentence, connectors)
    )
    n_words = words.total()
    n_different = len(set(words) - set(connectors)) + len(pairs)
    scores = {}
    for pair, n in pairs.items():
        first, second = words[pair[0]], words[pair[-1]]
        if scoring == "npmi":
            if n >= min_count:
                pa, pb, pab = first / n_words, second / n_words, n / n_words
                scores[pair] = math.log(pab / (pa * pb)) / -math.log(pab)
        else:
            scale = n_words if scoring == "word2phrase" else n_different
            scores[pair] = (n - min_count) / float(first * second) * scale
    return scores


def join_phrases(sentence, phrases, connectors, delimiter="_"):
    """Return the sentence with phrases joined, from left to right."""
    joined = []
    while sentence:
        after = [end for begin, end in candidates(sentence, connectors) if begin == 0]
        taken = 1
        if after and tuple(sentence[: after[0] + 1]) in phrases:
            taken = after[0] + 1
        joined.append(delimiter.join(sentence[:taken]))
        sentence = sentence[taken:]
    return joined


def find_phrases(sentences, min_count, thresholds, scoring, connectors=(), delimiter="_"):
    """Return the phrases of each pass, and the sentences after the last."""
    passes = []
    for threshold in thresholds:
        scores = phrase_scores(sentences, min_count, scoring, connectors)
        passes.append({pair: score for pair, score in scores.items() if score > threshold})
        sentences = [join_phrases(s, passes[-1], connectors, delimiter) for s in sentences]
    return passes, sentences
