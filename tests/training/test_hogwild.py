"""The hot loop: what it draws, counted exactly, and whole blocks against a plain transcription.

Counting works by linearity. With one-hot input vectors, output vectors at zero and a tiny learning
rate, every gradient is +alpha/2 (true pair) or -alpha/2 (noise), so that
``output_vectors[j, i] / (alpha / 2)`` is how often j was a true output of input i, less how often
it was noise for it.
"""

import dataclasses
import itertools
import threading
import types

import numpy as np
import pytest
import reference
from combinations import ARCHITECTURES, OBJECTIVES, few, settings, using
from scipy import stats

from w2v import Corpus, simd
from w2v._memory import allocate_rows
from w2v.config import TrainingConfig
from w2v.training import _hogwild, full_softmax
from w2v.training import weights as rows
from w2v.training.anchors import Anchor
from w2v.vocab.sampling import (
    SamplingTables,
    noise_table,
    sampling_tables,
    subsampling_thresholds,
)
from w2v.vocab.vocabulary import Vocabulary

ALL = np.uint32(2**32 - 1)
TINY = 2.0**-40  # counts up to 2**24 are then exact in float32


def job(vectors, output, ids, n_types, *, noise, keep=None, index=None, total=10**9, **more):
    settings = {
        "vector_size": vectors.shape[1],
        "window": 3,
        "negative": 2,
        "shrink_windows": False,
        "alpha": TINY,
        "min_alpha": TINY,
        "workers": 1,
    }
    tables = SamplingTables(
        np.arange(n_types, dtype=np.int32) if index is None else index,
        np.full(len(vectors), ALL) if keep is None else keep,
        np.asarray(noise, np.int32),
    )
    config = TrainingConfig(**settings | more)
    return _hogwild.SharedState(config, rows.Weights(vectors, output), ids, tables, total)


def count(sentences, n_words, *, epoch=0, block=0, **more):
    """Train once over sentences of rows; return (counts [output, input], worker)."""
    ids = np.array([i for s in sentences for i in [*s, -1]], np.int32)
    vectors, output = allocate_rows(n_words, n_words), allocate_rows(n_words, n_words)
    np.fill_diagonal(vectors, 1.0)
    worker = _hogwild.Worker(job(vectors, output, ids, n_words, **more))
    assert worker.run(epoch, block, 0, len(ids)) == _hogwild.DONE
    return np.rint(output[:, :n_words].astype(float) / (TINY / 2)).astype(int), worker


def true_pairs(sentences, n_words, window):
    expected = np.zeros((n_words, n_words), int)
    for s in map(np.array, sentences):
        for distance in range(1, min(window, len(s) - 1) + 1):
            np.add.at(expected, (s[distance:], s[:-distance]), 1)
            np.add.at(expected, (s[:-distance], s[distance:]), 1)
    return expected


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("window", [1, 3, 50])
def test_each_pair_is_trained_exactly_once(shared, window):
    rng = np.random.default_rng(5)
    lengths = [1, 2, 3, 5_000, 1, 1, 40, 700, 2, 3_000]  # longer and shorter than a chunk
    sentences = [rng.integers(0, 29, n).tolist() for n in lengths]
    noise = [29]  # a word that the text does not contain takes all the noise
    got, worker = count(sentences, 30, noise=noise, shared_negatives=shared, window=window)
    expected = true_pairs(sentences, 30, window)
    np.testing.assert_array_equal(got[:29], expected[:29])
    assert worker.predictions == expected.sum()
    inputs = expected.sum(axis=0)
    np.testing.assert_array_equal(got[29], -2 * inputs)  # negative = 2 for each pair


@pytest.mark.parametrize("sg", [0, 1])
@pytest.mark.parametrize("window", [1, 3, 50])
@pytest.mark.parametrize("places", [0, 1, 1_000])
def test_each_prediction_is_told_exactly_once(sg, window, places):
    rng = np.random.default_rng(5)
    sentences = [rng.integers(0, 29, n).tolist() for n in [1, 2, 3, 1_500, 1, 40, 700, 2]]
    ids = np.array([i for s in sentences for i in [*s, -1]], np.int32)
    vectors = allocate_rows(30, 30)
    worker = _hogwild.Worker(
        job(vectors, vectors.copy(), ids, 30, noise=[29], window=window, sg=sg)
    )
    least = 2 * window if sg else 1
    contexts = np.empty(2 * window + 3 * places, np.int32)
    targets, offsets = np.empty(least + places, np.int32), np.empty(least + places + 1, np.int64)
    got, told = np.zeros((30, 30), int), 0
    worker.seek_block(0, 0, 0, len(ids))
    while made := worker.collect_predictions(contexts, offsets, targets):
        assert offsets[0] == 0
        sizes = np.diff(offsets[: made + 1])
        assert (sizes == 1).all() if sg else (sizes > 0).all()
        np.add.at(got, (np.repeat(targets[:made], sizes), contexts[: offsets[made]]), 1)
        told += made
    np.testing.assert_array_equal(got[:29, :29], true_pairs(sentences, 30, window)[:29, :29])
    assert told == (got.sum() if sg else sum(len(s) for s in sentences if len(s) > 1))
    assert worker.collect_predictions(contexts, offsets, targets) == 0
    for short in (
        (contexts[: 2 * window - 1], offsets, targets),
        (contexts, offsets[:least], targets[: least - 1]),
        (contexts, offsets[:-1], targets),
    ):
        with pytest.raises(ValueError, match="too short for one center"):
            worker.collect_predictions(*short)


def edges_in(ids, rng):
    """Return edges of blocks: at sentence ends, within sentences, beside each other."""
    return [0, *sorted({1, 2, 50, 51, *rng.integers(1, len(ids), 40).tolist()}), len(ids)]


@pytest.mark.parametrize("sg", [0, 1])
@pytest.mark.parametrize("window", [1, 3, 50, 4_000])
def test_a_cut_within_a_sentence_loses_and_repeats_no_pair(sg, window):
    rng = np.random.default_rng(5)
    sentences = [rng.integers(0, 40, n).tolist() for n in [3, 2_500, 1, 700, 2, 900, 9]]
    ids = np.array([i for s in sentences for i in [*s, -1]], np.int32)
    index = np.r_[:29, [-1] * 11].astype(np.int32)  # over a cut too, words without a row are closed
    known = [[i for i in s if i < 29] for s in sentences]
    vectors, output = allocate_rows(30, 30), allocate_rows(30, 30)
    np.fill_diagonal(vectors, 1.0)
    more = {"noise": [29], "window": window, "index": index, "sg": sg}
    trained = job(vectors, output, ids, 40, **more)
    worker = _hogwild.Worker(trained)
    asked = _hogwild.Worker(job(vectors, output, ids, 40, **more))
    contexts, targets = np.empty(2 * window, np.int32), np.empty(2 * window, np.int32)
    offsets = np.empty(2 * window + 1, np.int64)
    got, predictions = np.zeros((30, 30), int), 0
    for block, (start, end) in enumerate(itertools.pairwise(edges_in(ids, rng))):
        assert worker.run(0, block, start, end) == _hogwild.DONE
        predictions += worker.predictions
        asked.seek_block(0, block, start, end)
        while made := asked.collect_predictions(contexts, offsets, targets):
            sizes = np.diff(offsets[: made + 1])
            np.add.at(got, (np.repeat(targets[:made], sizes), contexts[: offsets[made]]), 1)
    expected = true_pairs(known, 30, window)
    np.testing.assert_array_equal(got, expected)
    assert predictions == (expected.sum() if sg else sum(len(s) for s in known if len(s) > 1))
    assert trained.tokens == sum(map(len, known))
    if sg:
        counted = np.rint(output[:, :30].astype(float) / (TINY / 2)).astype(int)
        np.testing.assert_array_equal(counted[:29], expected[:29])


def test_context_beyond_a_cut_is_subsampled():
    n, p = 30_000, 0.3
    ids = np.array([2, 0, 1, 2, -1] * n, np.int32)
    keep = np.array([ALL, np.uint32(p * 2**32), 0], np.uint32)  # 0 is kept, 2 never
    vectors, output = allocate_rows(4, 4), allocate_rows(4, 4)
    np.fill_diagonal(vectors, 1.0)
    worker = _hogwild.Worker(
        job(vectors, output, ids, 3, noise=[3], window=1, keep=np.append(keep, ALL))
    )
    for i in range(n):
        worker.run(0, i, 5 * i + 1, 5 * i + 2)  # 0 alone: its neighbors are in other blocks
    assert abs(worker_count(output, 0, 1) - n * p) < 5 * np.sqrt(n * p * (1 - p))
    assert worker_count(output, 0, 2) == 0


def worker_count(output, target, context):
    return round(float(output[target, context]) / (TINY / 2))


def test_windows_look_a_million_ids_beyond_a_cut():
    reach = 1 << 20
    for gap, found in ((reach - 1, True), (reach, False)):
        ids = np.ones(gap + 3, np.int32)  # a word outside the vocabulary
        ids[[0, -2]], ids[-1] = 0, -1
        for start, end in ((0, 1), (gap + 1, gap + 2)):
            vectors, output = allocate_rows(2, 4), allocate_rows(2, 4)
            index = np.array([0, -1], np.int32)
            worker = _hogwild.Worker(job(vectors, output, ids, 2, noise=[1], index=index))
            worker.run(0, 0, start, end)
            assert worker.predictions == found


def test_words_outside_the_vocabulary_are_closed_over():
    index = np.array([0, -1, 1, -1, 2], np.int32)  # types 1 and 3 are too rare
    got, worker = count([[0, 1, 2], [3, 4], [1, 0, 3, 1, 4]], 4, noise=[3], window=1, index=index)
    expected = true_pairs([[0, 1], [2], [0, 2]], 4, 1)
    np.testing.assert_array_equal(got[:3], expected[:3])
    assert worker.predictions == 4


def test_windows_shrink_evenly():
    window, repeats = 5, 4_000
    sentence = list(range(41))
    got, _ = count([sentence] * repeats, 42, noise=[41], window=window, shrink_windows=True)
    for distance in range(1, window + 1):
        # Centres far from both ends: reached with probability (window - distance + 1) / window.
        hits = [got[c, c + sign * distance] for c in range(8, 33) for sign in (-1, 1)]
        p = (window - distance + 1) / window
        if p == 1:
            assert set(hits) == {repeats}
            continue
        # Both sides of a centre share one draw, so only one side enters the test.
        one_side = np.array(hits[::2])
        chi2 = np.sum((one_side - repeats * p) ** 2 / (repeats * p * (1 - p)))
        assert 1e-6 < stats.chi2.sf(chi2, len(one_side)) < 1 - 1e-6
        np.testing.assert_array_equal(hits[::2], hits[1::2])
    assert not np.diag(got, window + 1).any()


def test_subsampling_keeps_the_promised_share():
    counts = np.array([400_000, 60_000, 3_000, 40, 5])
    keep = subsampling_thresholds(counts, 1e-3)
    share = counts / counts.sum()
    probability = np.minimum((np.sqrt(share / 1e-3) + 1) * 1e-3 / share, 1)
    np.testing.assert_allclose((keep + 1.0) / 2**32, probability, rtol=1e-6)

    # Each centre word stands between two that are always kept; it is seen as output of the first.
    n = 30_000
    for word in range(5):
        sentences = [[5, word]] * n
        got, _ = count(sentences, 7, noise=[6], window=1, keep=np.append(keep, [ALL, ALL]))
        p = probability[word]
        assert abs(got[word, 5] - n * p) <= 5 * np.sqrt(n * p * (1 - p)), word


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("ns_exponent", [0.75, 1.0, 0.0, -0.5])
def test_noise_follows_the_counts(shared, ns_exponent):
    counts = np.array([5_000, 2_000, 900, 500, 200, 100, 50, 20, 10, 5])
    vocabulary = Vocabulary([str(i) for i in range(10)], counts)
    table = noise_table(vocabulary.counts, ns_exponent, seed=3)
    weight = counts.astype(float) ** ns_exponent
    np.testing.assert_allclose(
        np.bincount(table) / len(table), weight / weight.sum(), rtol=0.02, atol=2 / len(table)
    )
    # Rows 10 and 11 are the text; neither is in the table.
    n = 20_000
    got, _ = count([[10, 11]] * n, 12, noise=table, negative=5, shared_negatives=shared)
    drawn = -got[:10, 10]
    assert drawn.sum() == 5 * n
    expected = 5 * n * weight / weight.sum()
    assert stats.chisquare(drawn, expected).pvalue > 1e-6


def test_noise_is_never_the_target():
    got, worker = count([[0, 1]] * 1_000, 3, noise=[0, 1, 1, 0, 2], negative=4)
    # With output 0 true for input 1 and never noise for it, only 1 and 2 are noise there.
    assert got[0, 1] == 1_000
    assert got[1, 0] == 1_000
    assert -(got[1, 1] + got[2, 1]) == 4_000
    assert worker.predictions == 2_000


def test_without_another_word_noise_is_left_out():
    got, worker = count([[0, 1]] * 10, 3, noise=[0], negative=4)
    assert worker.predictions == 20
    assert got[0, 1] == 10
    assert got[1, 0] == 10
    assert got[0, 0] == -40


@pytest.mark.parametrize("shared", [True, False])
def test_noise_for_a_word_with_most_of_the_noise_is_drawn_at_once(shared, small_tables):
    counts = np.array([10**9, 300, 200, 100])
    vocabulary = Vocabulary([*"abcd"], counts)
    config = TrainingConfig(
        ns_exponent=1.0, sample=0, shared_negatives=shared, negative=5, score_offsets=False
    )
    tables = sampling_tables(vocabulary, Corpus([[*"abcd"]]), config)
    assert tables.dominant == 0
    assert not (tables.noise_for_dominant == 0).any()
    # A table of nothing else: every draw for this target is the target, and no try would end.
    n = 4_000
    ids = np.array([0, 4, -1] * n, np.int32)
    vectors, output = allocate_rows(5, 5), allocate_rows(5, 5)
    np.fill_diagonal(vectors, 1.0)
    tables = dataclasses.replace(
        tables,
        index=np.arange(5, dtype=np.int32),
        keep_threshold=np.full(5, ALL),
        noise_table=np.zeros(1, np.int32),
    )
    changes = {"vector_size": 5, "alpha": TINY, "min_alpha": TINY, "workers": 1}
    shared_state = _hogwild.SharedState(
        config.replace(**changes), rows.Weights(vectors, output), ids, tables, 10**9
    )
    assert _hogwild.Worker(shared_state).run(0, 0, 0, len(ids)) == _hogwild.DONE
    drawn = -np.rint(output[:4, 4].astype(float) / (TINY / 2)).astype(int)
    assert drawn[0] == -n  # as the target only
    assert drawn[1:].sum() == 5 * n
    assert stats.chisquare(drawn[1:], 5 * n * counts[1:] / counts[1:].sum()).pvalue > 1e-6


@pytest.mark.parametrize(("ns_exponent", "dominant"), [
    (0.75, None), (5, 0), (1e308, 0), (-5, 2), (-1e308, 2),
])  # fmt: skip
def test_extreme_exponents_have_their_tables(ns_exponent, dominant, small_tables):
    vocabulary = Vocabulary([*"abc"], np.array([30, 20, 10]))
    config = TrainingConfig(ns_exponent=ns_exponent)
    tables = sampling_tables(vocabulary, Corpus([[*"abc"]]), config)
    assert tables.dominant == dominant
    assert set(tables.noise_table) == {0, 1, 2}
    if dominant is not None:
        assert set(tables.noise_for_dominant) == {0, 1, 2} - {dominant}


def test_the_smallest_sample_drops_all_without_a_warning():
    keep = subsampling_thresholds(np.array([3, 2, 1]), 5e-324)
    np.testing.assert_array_equal(keep, [0, 0, 0])


@pytest.mark.parametrize("objective", [
    {"negative": 5},
    *[pytest.param({"negative": n}, marks=pytest.mark.thorough) for n in (1, 2, 3, 4)],
    {"hs": 1, "negative": 0}, pytest.param({"hs": 1, "negative": 5}, marks=pytest.mark.thorough),
])  # fmt: skip
def test_long_windows_agree_with_a_plain_transcription(objective):
    agree(window=25, shrink_windows=False, **objective)


def test_blocks_and_epochs_draw_different_noise():
    table = np.random.default_rng(0).permutation(np.repeat(np.arange(2, 50), 20))
    drawn = {}
    for epoch, block, seed in itertools.product(range(2), range(3), range(2)):
        got, _ = count([[0, 1]] * 50, 50, noise=table, epoch=epoch, block=block, seed=seed)
        drawn[epoch, block, seed] = got.tobytes()
    assert len(set(drawn.values())) == len(drawn)
    again, _ = count([[0, 1]] * 50, 50, noise=table, epoch=1, block=2, seed=1)
    assert again.tobytes() == drawn[1, 2, 1]


# ---- Whole blocks against a plain transcription --------------------------------------------------

N_WORDS, DIM = 61, 12
COUNTS = 9_000 // np.arange(1, N_WORDS + 1)


def text():
    """Return ids in which no word stands twice in a window, and what to look up with them."""
    rng = np.random.default_rng(8)
    ids = (np.arange(450) * 7 % 67).astype(np.int32)
    ids[rng.integers(0, 450, 30)] = -1
    ids[-1] = -1
    tables = SamplingTables(
        index=np.append(rng.permutation(N_WORDS), [-1] * 6).astype(np.int32),
        keep_threshold=np.where(np.arange(N_WORDS) < 5, np.uint32(2**31), ALL).astype(np.uint32),
        noise_table=rng.permutation(N_WORDS).astype(np.int32),
        tree=Vocabulary([str(i) for i in range(N_WORDS)], COUNTS).huffman_tree(),
    )
    return ids, tables


def random_weights(config, trainable=None):
    """Return the same random matrices twice: padded float32, and plain float64."""
    rng = np.random.default_rng(9)
    names = ["vectors", *(name for name, need in rows.Weights.needed(config).items() if need)]
    size = {"vectors": N_WORDS, "output_vectors": N_WORDS, "node_vectors": N_WORDS - 1}
    plain = {name: rng.standard_normal((size[name], DIM)) / 3 for name in names}
    plain = {name: matrix.astype(np.float32) for name, matrix in plain.items()}
    padded = {name: rows.pad_rows(matrix) for name, matrix in plain.items()}
    exact = {name: matrix.astype(float) for name, matrix in plain.items()}
    return tuple(rows.Weights(**each, trainable=trainable) for each in (padded, exact))


def check(worker, weights, want, exact):
    """Assert that a worker and its weights are where the transcription is."""
    loss, predictions = want
    assert worker.predictions == predictions
    assert worker.loss == pytest.approx(loss, rel=1e-6)
    for name in ("vectors", "output_vectors", "node_vectors"):
        if (expected := getattr(exact, name)) is not None:
            got = getattr(weights, name)
            np.testing.assert_allclose(got[:, :DIM], expected, atol=5e-6)
            assert not got[:, DIM:].any()


def test_check_would_notice():
    config = TrainingConfig(vector_size=DIM, hs=1)
    weights, exact = random_weights(config)
    worker = types.SimpleNamespace(loss=5.0, predictions=7)
    check(worker, weights, (5.0, 7), exact)
    for wrong in ((5.00001, 7), (5.0, 8)):
        with pytest.raises(AssertionError):
            check(worker, weights, wrong, exact)
    for name in ("vectors", "output_vectors", "node_vectors"):
        for place in ((-1, DIM - 1), (3, DIM)):  # a number, and one of the zeros behind a row
            weights, _ = random_weights(config)
            getattr(weights, name)[place] += 1e-5
            with pytest.raises(AssertionError):
                check(worker, weights, (5.0, 7), exact)


def run_block(variant, config, weights, ids, tables):
    """Return a worker of the given variant that has trained the block (2, 3)."""
    with using(variant):
        job = _hogwild.SharedState(config, weights, ids, tables, 10**9)
        full = config.softmax
        worker = full_softmax.SoftmaxWorker(job, weights, config) if full else _hogwild.Worker(job)
        assert worker.run(2, 3, 0, len(ids)) == _hogwild.DONE
    return worker


def anchor(weights):
    """Return the same anchor twice: away from the rows, with strengths from none to infinity."""
    rng = np.random.default_rng(8)
    homes, strengths, plain = {}, {}, {}
    for name, matrix in weights.matrices().items():
        n = len(matrix) - 5  # the last rows are free
        place = rng.standard_normal((n, DIM)).astype(np.float32)
        strength = np.resize([0, 0.5, 30, np.inf, 1e30, 2], n).astype(np.float32)
        homes[name], strengths[name] = rows.pad_rows(place), strength
        plain[name] = np.zeros((len(matrix), DIM)), np.zeros(len(matrix))
        plain[name][0][:n], plain[name][1][:n] = place, strength
    return Anchor(homes, strengths), plain


def agree(trainable=None, anchored=False, **settings):
    """Train a block with each variant, compare with the transcription, and return the weights."""
    settings = (
        {"window": 4} | settings | {"seed": 77, "workers": 1, "alpha": 0.02, "min_alpha": 0.02}
    )
    config = TrainingConfig(vector_size=DIM, **settings)
    ids, tables = text()
    if not config.hs:
        tables = dataclasses.replace(tables, tree=None)
    _, exact = random_weights(config, trainable)
    if config.uses_negative_sampling:
        offsets = np.random.default_rng(3).standard_normal(N_WORDS).astype(np.float32)
        tables = dataclasses.replace(tables, score_offsets=offsets)
        exact.offsets = offsets
    if anchored:
        _, exact.anchor = anchor(exact)
    want = reference.train_block(
        config, exact, ids, tables, epoch=2, block=3, batch=full_softmax.batch_size(N_WORDS)
    )
    for variant in simd.available():
        weights, _ = random_weights(config, trainable)
        if anchored:
            weights.anchor, _ = anchor(weights)
        check(run_block(variant, config, weights, ids, tables), weights, want, exact)
    return weights


# In a window of text() and among a centre's noise words no word stands twice: the step is exact.
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("negative", [1, 5, 9])
@pytest.mark.parametrize("shrink", [True, pytest.param(False, marks=pytest.mark.thorough)])
def test_agrees_with_a_plain_transcription(shared, negative, shrink):
    agree(shared_negatives=shared, negative=negative, shrink_windows=shrink)


def kinds():
    """Every combination; thorough where drawing noise words for each pair changes nothing."""
    for architecture, objective, shared in itertools.product(
        ARCHITECTURES, OBJECTIVES, (True, False)
    ):
        per_pair = architecture == "skip-gram" and OBJECTIVES[objective][0].get("negative", 0) > 0
        marks = () if shared or per_pair else pytest.mark.thorough
        yield pytest.param(architecture, objective, shared, marks=marks)


every_kind = pytest.mark.parametrize(("architecture", "objective", "shared"), list(kinds()))


@every_kind
def test_every_combination_agrees_with_a_plain_transcription(architecture, objective, shared):
    agree(shared_negatives=shared, **settings(architecture, objective))


@few(also=[("cbow-exact", "negative"), ("skip-gram", "softmax")])
def test_frozen_rows_agree_with_a_plain_transcription(architecture, objective):
    mask = np.arange(N_WORDS) % 3 > 0
    chosen = settings(architecture, objective)
    weights = agree(mask, **chosen)
    before, _ = random_weights(TrainingConfig(**chosen))
    np.testing.assert_array_equal((weights.vectors == before.vectors).all(axis=1), ~mask)


@few()
def test_anchored_rows_agree_with_a_plain_transcription(architecture, objective):
    mask = np.arange(N_WORDS) % 7 > 0
    chosen = settings(architecture, objective)
    weights = agree(mask, True, **chosen)
    held, _ = anchor(weights)
    for name, matrix in weights.matrices().items():
        still = np.zeros(len(matrix), bool)
        still[: len(held.strengths[name])] = held.strengths[name] > 1e20
        if name == "vectors":
            still &= mask
        at_home = (matrix[still] == held.homes[name][still[: len(held.homes[name])]]).all(axis=1)
        assert at_home.mean() > 0.5, name  # the others were not met, and are where they were


def long_job(workers=1):
    """Make a job that takes several seconds per block, unless stopped."""
    ids = np.random.default_rng(0).integers(0, 1000, 10_000_000).astype(np.int32)
    ids[20::21] = -1
    ids[-1] = -1
    vectors, output = allocate_rows(1000, 64), allocate_rows(1000, 64)
    rows.initialize(vectors, 64, 1)
    shared = job(vectors, output, ids, 1000, noise=np.arange(1000), negative=5, workers=workers)
    return shared, len(ids)


def test_the_interpreter_lock_is_released():
    shared, end = long_job()
    worker = _hogwild.Worker(shared)
    how = []
    thread = threading.Thread(target=lambda: how.append(worker.run(0, 0, 0, end)))
    thread.start()
    # With the lock held, this loop would first come to run when the block is done.
    while shared.tokens == 0 and thread.is_alive():
        pass
    shared.stop()
    thread.join()
    assert how == [_hogwild.STOPPED]
    assert 0 < shared.tokens < end // 2
    assert worker.predictions > 0


def test_two_workers_run_at_the_same_time():
    shared, end = long_job(workers=2)
    workers = [_hogwild.Worker(shared), _hogwild.Worker(shared)]
    half = int(np.flatnonzero(shared_ids_end(end))[0])
    threads = [
        threading.Thread(target=workers[0].run, args=(0, 0, 0, half)),
        threading.Thread(target=workers[1].run, args=(0, 1, half, end)),
    ]
    for thread in threads:
        thread.start()
    while shared.tokens < 500_000 and any(t.is_alive() for t in threads):
        pass
    shared.stop()
    for thread in threads:
        thread.join()
    assert all(worker.predictions > 0 for worker in workers)


def shared_ids_end(end):
    """Mark the places right after a sentence end in the second half of `long_job`'s ids."""
    places = np.arange(end)
    return (places > end // 2) & (places % 21 == 0)


def test_a_stop_is_heeded_after_each_batch():
    vectors, output = allocate_rows(1000, 64), allocate_rows(1000, 64)
    ids = np.array([*range(1000), -1], np.int32)
    more = {"noise": [0], "window": 400, "sg": 0}
    shared = job(vectors, output, ids, 1000, **more)
    shared.stop()
    worker = _hogwild.Worker(shared)
    assert worker.run(0, 0, 0, len(ids)) == _hogwild.STOPPED
    assert worker.predictions == 1


def test_divergence_is_reported():
    vectors, output = allocate_rows(3, 8), allocate_rows(3, 8)
    vectors[:] = 1e30
    output[:] = 1e30
    ids = np.array([0, 1, 2, -1] * 50, np.int32)
    worker = _hogwild.Worker(job(vectors, output, ids, 3, noise=[0, 1, 2], alpha=1.0))
    assert worker.run(0, 0, 0, len(ids)) == _hogwild.DIVERGED


def test_learning_rate_falls_with_the_clock():
    ids = np.array([0, 1, -1] * 500, np.int32)
    vectors, output = allocate_rows(3, 8), allocate_rows(3, 8)
    shared = job(vectors, output, ids, 3, noise=[2], alpha=0.5, min_alpha=0.1, total=2000)
    worker = _hogwild.Worker(shared)
    assert shared.learning_rate == 0.5
    worker.run(0, 0, 0, 750)
    assert (shared.tokens, shared.learning_rate) == (500, pytest.approx(0.4))
    worker.run(0, 1, 750, 1500)
    assert (shared.tokens, shared.learning_rate) == (1000, pytest.approx(0.3))
    worker.run(1, 0, 0, 1500)
    worker.run(2, 0, 0, 750)
    assert shared.learning_rate == pytest.approx(0.1)


def test_learning_rate_is_constant_before_it_falls():
    ids = np.array([0, 1, -1] * 500, np.int32)
    vectors, output = allocate_rows(3, 8), allocate_rows(3, 8)
    chosen = {"alpha": 0.5, "min_alpha": 0.1, "total": 2000, "noise": [2]}
    shared = job(vectors, output, ids, 3, **chosen, decay_start=0.3)
    assert shared.schedule == (0.5, 600, 2000)
    for tokens, rate in ((0, 0.5), (599, 0.5), (600, 0.5), (1300, 0.3), (2000, 0.1), (2001, 0.1)):
        shared.tokens = tokens
        assert shared.learning_rate == pytest.approx(rate)
    # Each whole run, of a share of 1, too, ends at the final rate.
    shared = job(vectors, output, ids, 3, **chosen, decay_start=1.0)
    shared.tokens = 1999
    assert shared.learning_rate == 0.5
    shared.tokens = 2000
    assert shared.learning_rate == 0.1


def test_wrong_shapes_are_refused():
    good = allocate_rows(3, 8)
    ids = np.array([0, -1], np.int32)
    with pytest.raises(ValueError, match="do not agree"):
        job(good, allocate_rows(4, 8), ids, 3, noise=[0])
    with pytest.raises(ValueError, match="do not agree"):
        job(good, good.copy(), ids, 3, noise=[0], vector_size=17)
    shared = job(good, good.copy(), ids, 3, noise=[0])
    worker = _hogwild.Worker(shared)
    with pytest.raises(ValueError, match="made for 1 workers"):
        _hogwild.Worker(shared)
    with pytest.raises(ValueError, match="outside the corpus"):
        worker.run(0, 0, 0, 3)


@pytest.mark.parametrize("change", [
    {"vectors": allocate_rows(4, DIM)},
    {"vectors": np.zeros((N_WORDS, DIM), np.float32)},  # rows that are not padded
    {"output_vectors": None},
    {"output_vectors": allocate_rows(N_WORDS - 1, DIM)},
    {"output_vectors": allocate_rows(N_WORDS, 17)},
    {"node_vectors": None},
    {"node_vectors": allocate_rows(N_WORDS, DIM)},
    {"node_vectors": allocate_rows(N_WORDS - 1, 17)},
    {"trainable": np.ones(N_WORDS - 1, bool)},
    {"keep_threshold": np.full(N_WORDS - 1, ALL)},
    {"noise_table": None},
    {"noise_table": np.zeros(0, np.int32)},
    {"tree": Vocabulary([*"abc"], np.array([3, 2, 1])).huffman_tree()},
], ids=lambda change: "-".join(change))  # fmt: skip
def test_weights_and_tables_that_do_not_fit_are_refused(change):
    config = TrainingConfig(vector_size=DIM, hs=1, workers=1)
    ids, tables = text()
    weights, _ = random_weights(config)
    _hogwild.Worker(_hogwild.SharedState(config, weights, ids, tables, 1))  # all is well
    fields = {field.name for field in dataclasses.fields(SamplingTables)}
    if change.keys() <= fields:
        tables = dataclasses.replace(tables, **change)
    else:
        weights = dataclasses.replace(weights, **change)
    with pytest.raises(ValueError, match="do not agree"):
        _hogwild.SharedState(config, weights, ids, tables, 1)
