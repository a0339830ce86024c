"""Replicated rows: nothing is lost, merges come when they are due, the right rows are chosen.

Workers are mostly run in turn, in one thread: what each does to its copies is then known exactly,
from a run without copies.
"""

import itertools
import signal
import threading

import numpy as np
import pytest
import reference
from combinations import ARCHITECTURES, OBJECTIVES, matrices, settings

from w2v import Corpus, Progress, Word2Vec
from w2v._memory import allocate_rows
from w2v.config import TrainingConfig
from w2v.training import _hogwild
from w2v.training import replicas as hot
from w2v.training import weights as rows
from w2v.training.weights import ReplicaPlan
from w2v.vocab.sampling import SamplingTables, sampling_tables, subsampling_thresholds
from w2v.vocab.vocabulary import Vocabulary

ALL = np.uint32(2**32 - 1)
NAMES = "vectors", "output_vectors", "node_vectors"
SAMPLED = [name for name in OBJECTIVES if name != "softmax"]  # the full one is no work for copies

N_WORDS, DIM = 40, 20  # rows of 32 floats, so that there are zeros behind each
COUNTS = 9_000 // np.arange(1, N_WORDS + 1)
TREE = Vocabulary([str(i) for i in range(N_WORDS)], COUNTS).huffman_tree()


def text():
    """Return ids of sentences, some words far more frequent than others."""
    rng = np.random.default_rng(4)
    ids = rng.choice(N_WORDS, 1_000, p=COUNTS / COUNTS.sum()).astype(np.int32)
    ids[15::16] = -1
    ids[-1] = -1
    return ids


IDS = text()
HALF = 512  # of the ids, at a sentence end


def configured(architecture="skip-gram", objective="both", **more):
    chosen = settings(architecture, objective) | {"window": 3, "seed": 5, "workers": 1} | more
    return TrainingConfig(vector_size=DIM, **chosen | {"min_alpha": chosen["alpha"]})


def weights_of(config, trainable=None, n_words=N_WORDS):
    """Return the same random matrices each time."""
    rng = np.random.default_rng(9)
    size = dict.fromkeys(NAMES, n_words) | {"node_vectors": n_words - 1}
    needed = {"vectors": True} | rows.Weights.needed(config)
    made = {name: rng.standard_normal((size[name], DIM)) / 3 for name in NAMES if needed[name]}
    padded = {name: rows.pad_rows(matrix.astype(np.float32)) for name, matrix in made.items()}
    return rows.Weights(**padded, trainable=trainable)


def job_of(config, weights, hot=None, ids=IDS, tree=TREE):
    n_words = len(weights.vectors)
    tables = SamplingTables(
        np.arange(n_words, dtype=np.int32),
        np.full(n_words, ALL),
        np.random.default_rng(6).permutation(n_words).astype(np.int32),
        tree if config.hs else None,
    )
    return _hogwild.SharedState(config, weights, ids, tables, 10**9, hot)


def held(weights):
    """Return the matrices by name."""
    named = {name: getattr(weights, name) for name in NAMES}
    return {name: matrix for name, matrix in named.items() if matrix is not None}


def hot_part(name, matrix, rows):
    """Return the replicated rows of a matrix: the nodes' are the last ones."""
    n = getattr(rows, name)
    return matrix[len(matrix) - n :] if name == "node_vectors" else matrix[:n]


def all_hot(weights, rate=0.0):
    numbers = {name: len(matrix) for name, matrix in held(weights).items()}
    calendar = np.random.default_rng(2).permutation(sum(numbers.values())).astype(np.int32)
    return ReplicaPlan(**numbers, merge_schedule=calendar, merges_per_center=rate)


def choices(weights, rate):
    """Give some rows of each matrix as hot, then some of all, then all rows."""
    several = [{name: 7 + 2 * i} for i, name in enumerate(held(weights))]
    several.append({name: n for each in several for name, n in each.items()})
    for numbers in several:
        calendar = np.arange(sum(numbers.values()), dtype=np.int32)[::-1].copy()
        yield ReplicaPlan(**numbers, merge_schedule=calendar, merges_per_center=rate)
    yield all_hot(weights, rate)


def run(worker, start=0, end=None, block=0):
    assert worker.run(0, block, start, len(IDS) if end is None else end) == _hogwild.DONE
    return worker


def assert_same_bits(got, expected):
    np.testing.assert_array_equal(got.view(np.uint32), expected.view(np.uint32))


# ---- Nothing is lost -----------------------------------------------------------------------------
#
# Without merges a copy is trained exactly as the row would be, and the one merge at the end rounds
# twice, each time by at most half a unit in the last place: 1.2e-7 for numbers below 4. With merges
# a row is rounded up to a hundred times, now up and now down, and others are trained with it: it is
# granted what test_hogwild.py grants the arithmetic. What is learned is a thousand times as much.

ROUNDED_ONCE, ROUNDED_OFTEN = 2.5e-7, 5e-6


def assert_equal_but_for_rounding(weights, expected, tolerance):
    for name, matrix in held(expected).items():
        got = getattr(weights, name)
        np.testing.assert_allclose(got, matrix, rtol=0, atol=tolerance, err_msg=name)
        assert not got[:, DIM:].any()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("objective", SAMPLED)
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("masked", [False, True])
def test_one_worker_with_copies_trains_as_without(architecture, objective, shared, masked):
    config = configured(architecture, objective, shared_negatives=shared)
    mask = np.arange(N_WORDS) % 3 > 0 if masked else None
    before, plain = weights_of(config, mask), weights_of(config, mask)
    expected = run(_hogwild.Worker(job_of(config, plain)))
    for rate in (0.0, 0.75):
        for chosen in choices(plain, rate):
            weights = weights_of(config, mask)
            worker = run(_hogwild.Worker(job_of(config, weights, chosen)))
            for name, matrix in held(weights).items():
                began, ended = (hot_part(name, getattr(w, name), chosen) for w in (before, plain))
                if rate == 0:  # the shared rows know nothing of it yet
                    assert_same_bits(hot_part(name, matrix, chosen), began)
                assert not began.size or abs(ended - began).max() > 1_000 * ROUNDED_OFTEN
            worker.finish()
            tolerance = ROUNDED_OFTEN if rate else ROUNDED_ONCE
            assert_equal_but_for_rounding(weights, plain, tolerance)
            assert worker.predictions == expected.predictions
            assert worker.loss == pytest.approx(expected.loss, rel=1e-6)
            if masked:
                assert_same_bits(weights.vectors[~mask], before.vectors[~mask])


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("objective", SAMPLED)
@pytest.mark.parametrize("order", ["1 2 f1 f2", "1 2 f2 f1", "1 f1 2 f2", "2 1 f1 f1 f2"])
def test_the_shared_rows_gain_what_both_workers_learned(architecture, objective, order):
    config = configured(architecture, objective, workers=2)
    before = weights_of(config)
    blocks = {"1": (0, HALF, 0), "2": (HALF, len(IDS), 1)}
    expected = {name: matrix.astype(float) for name, matrix in held(before).items()}
    for block in blocks.values():
        alone = weights_of(config)
        run(_hogwild.Worker(job_of(config, alone)), *block)
        for name, matrix in held(alone).items():
            expected[name] += matrix.astype(float) - getattr(before, name)
    weights = weights_of(config)
    job = job_of(config, weights, all_hot(weights))
    workers = {name: _hogwild.Worker(job) for name in blocks}
    for act in order.split():
        if act in blocks:
            run(workers[act], *blocks[act])
        else:
            workers[act[1]].finish()
    # Each of the two merges rounds, and so did both runs that this is put together from.
    assert_equal_but_for_rounding(weights, rows.Weights(**expected), 4 * ROUNDED_ONCE)


def test_a_merge_takes_over_what_others_have_learned():
    config = configured(workers=2)
    weights, plain = weights_of(config), weights_of(config)
    job = job_of(config, weights, all_hot(weights))
    first, second = _hogwild.Worker(job), _hogwild.Worker(job)
    run(first, 0, HALF).finish()
    second.finish()  # has learned nothing, and takes over the first one's work
    run(second, HALF, len(IDS), 1).finish()
    one = _hogwild.Worker(job_of(config, plain))
    run(one, 0, HALF)
    run(one, HALF, len(IDS), 1)
    assert_equal_but_for_rounding(weights, plain, ROUNDED_OFTEN)


@pytest.mark.parametrize(("rate", "merged"), [
    (0.0, [0]), (0.5, range(60)), (3.0, range(60)), (50.0, [59]),
], ids=["never", "seldom", "often", "one row"])  # fmt: skip
def test_workers_at_the_same_time_lose_nothing(rate, merged):
    # As in test_hogwild.py: with one-hot inputs, outputs at zero and a tiny rate, the output matrix
    # counts pairs, exactly. Rows that two threads write would lose some; copies lose none.
    tiny, n_words = 2.0**-40, 30
    calendar = np.array(merged, np.int32)
    ids = np.random.default_rng(5).integers(0, n_words - 1, 60_000).astype(np.int32)
    ids[19::20] = -1
    found = []
    for workers in (1, 2):
        config = TrainingConfig(
            vector_size=n_words, alpha=tiny, min_alpha=tiny, negative=2, workers=workers
        )
        vectors, output = allocate_rows(n_words, n_words), allocate_rows(n_words, n_words)
        np.fill_diagonal(vectors, 1.0)
        everything = np.arange(n_words, dtype=np.int32)
        chosen = ReplicaPlan(n_words, n_words, merge_schedule=calendar, merges_per_center=rate)
        # The last word, which the text does not contain, takes all the noise.
        tables = SamplingTables(everything, np.full(n_words, ALL), everything[-1:])
        job = _hogwild.SharedState(
            config, rows.Weights(vectors, output), ids, tables, 10**9, chosen
        )
        made = [_hogwild.Worker(job) for _ in range(workers)]

        def work(number, made=made):
            for block in range(number, 6, len(made)):
                made[number].run(0, block, 10_000 * block, 10_000 * (block + 1))
            made[number].finish()

        threads = [threading.Thread(target=work, args=(i,)) for i in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found.append(np.rint(output[:, :n_words].astype(float) / (tiny / 2)).astype(int))
    assert found[0].max() > 100
    assert found[0][-1].sum() == -2 * found[0][:-1].sum()
    np.testing.assert_array_equal(*found)


# ---- When merges are made ------------------------------------------------------------------------

SENTENCE = 16  # each word once: every row of every matrix is trained in each block
DAYS = np.array([0, 9, 3, 0, 12, 7, 10, 2, 0, 8, 1], np.int32)


def merging(workers, rate, calendar=DAYS, **more):
    """Return a job with replicated rows in each matrix, and its matrices."""
    rng = np.random.default_rng(0)
    ids = np.array([[*rng.permutation(SENTENCE), -1] for _ in range(32)], np.int32).ravel()
    config = configured(workers=workers, **more)
    weights = weights_of(config, n_words=SENTENCE)
    tree = Vocabulary([*map(str, range(SENTENCE))], COUNTS[:SENTENCE]).huffman_tree()
    return job_of(config, weights, ReplicaPlan(4, 5, 4, calendar, rate), ids, tree), weights


def merged(worker, weights, block, sentences=1):
    """Train a block, and return the numbers of the shared rows among the hot that have changed."""
    size = sentences * (SENTENCE + 1)
    chosen = ReplicaPlan(4, 5, 4)
    parts = [hot_part(name, matrix, chosen) for name, matrix in held(weights).items()]
    before = np.concatenate(parts)
    rest = {name: matrix.copy() for name, matrix in held(weights).items()}
    run(worker, block * size, (block + 1) * size, block)
    for name, matrix in held(weights).items():  # rows that are not hot are written at once
        changed = (matrix != rest[name]).any(axis=1)
        cold = changed[:-4] if name == "node_vectors" else changed[getattr(chosen, name) :]
        assert cold.all()
    return np.flatnonzero((np.concatenate(parts) != before).any(axis=1)).tolist()


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("per_block", [1, 2, 4])
def test_merges_follow_the_calendar_at_its_rate(shared, per_block):
    job, weights = merging(1, 1 / SENTENCE, shared_negatives=shared)
    worker = _hogwild.Worker(job)
    due = itertools.cycle(DAYS.tolist())
    for block in range(8):
        expected = sorted(set(itertools.islice(due, per_block)))
        assert merged(worker, weights, block, per_block) == expected, block


@pytest.mark.parametrize(("rate", "last"), [(2.0, 64), (1.5, 48), (1.25, 40)])
def test_several_merges_a_centre(rate, last):
    # Two sentences have 32 centres: the last merge is that of day `last`.
    calendar = np.array([0] * (last - 6) + [1, 2, 4, 7, 9, 11] + [3, 5], np.int32)
    job, weights = merging(1, rate, calendar)
    assert merged(_hogwild.Worker(job), weights, 0, sentences=2) == [0, 1, 2, 4, 7, 9, 11]


@pytest.mark.parametrize("workers", [2, 3, 5])
def test_workers_begin_at_different_days(workers):
    job, weights = merging(workers, 1 / SENTENCE)
    made = [_hogwild.Worker(job) for _ in range(workers)]
    for block, worker in enumerate(made):
        first = len(DAYS) * block // workers
        assert merged(worker, weights, block) == [DAYS[first]]


def test_a_calendar_is_not_needed_where_nothing_is_hot():
    config = configured()
    weights, plain = weights_of(config), weights_of(config)
    run(_hogwild.Worker(job_of(config, weights, ReplicaPlan()))).finish()
    run(_hogwild.Worker(job_of(config, plain)))
    assert_same_bits(weights.vectors, plain.vectors)


@pytest.mark.parametrize(("numbers", "calendar"), [
    ((3, 3, 3), [0, 9]),
    ((3, 3, 3), [-1, 0]),
    ((3, 3, 3), []),
    ((N_WORDS + 1, 0, 0), [0]),
    ((0, N_WORDS + 1, 0), [0]),
    ((0, 0, N_WORDS), [0]),
])  # fmt: skip
def test_replicated_rows_that_do_not_fit_are_refused(numbers, calendar):
    config = configured()
    job_of(config, weights_of(config), ReplicaPlan(3, 3, 3, np.array([0, 8], np.int32)))
    with pytest.raises(ValueError, match="do not agree"):
        job_of(config, weights_of(config), ReplicaPlan(*numbers, np.array(calendar, np.int32)))


@pytest.mark.parametrize(("objective", "numbers"), [
    ("negative", (0, 0, 1)),
    ("hierarchical", (0, 1, 0)),
])  # fmt: skip
def test_replicated_rows_of_a_matrix_that_is_not_trained_are_refused(objective, numbers):
    both, config = configured(), configured("skip-gram", objective)
    chosen = ReplicaPlan(*numbers, np.zeros(1, np.int32))
    job_of(both, weights_of(both), chosen)
    for weights in (weights_of(config), weights_of(both)):  # the matrix may be there all the same
        with pytest.raises(ValueError, match="do not agree"):
            job_of(config, weights, chosen)


def test_counters_count_in_instrumented_builds():
    job, weights = merging(1, 2 / SENTENCE)
    worker = _hogwild.Worker(job)
    for block in range(4):
        merged(worker, weights, block)
    counted = job.counters
    assert set(counted) == {"centers", "row_writes", "shared_writes", "merges", "fetched_bytes"}
    if _hogwild.INSTRUMENTED:
        assert (counted["centers"], counted["merges"]) == (4 * SENTENCE, 8)
        assert 0 < counted["shared_writes"] < counted["row_writes"]
    else:
        assert not any(counted.values())


# ---- Which rows are chosen -----------------------------------------------------------------------

ZIPF = 10_000_000 // np.arange(1, 3_001)


def choose(counts, tokens=None, **more):
    counts = np.asarray(counts)
    config = TrainingConfig(**{"workers": 2, "sample": 0} | more)
    vocabulary = Vocabulary([*map(str, range(len(counts)))], counts)
    tables = SamplingTables(
        np.arange(len(counts), dtype=np.int32),
        subsampling_thresholds(vocabulary.counts, config.sample),
        tree=vocabulary.huffman_tree() if config.hs else None,
    )
    return hot.plan_replicas(vocabulary, config, tables, tokens or vocabulary.tokens)


@pytest.mark.parametrize("replicated_rows", [None, 20])
@pytest.mark.parametrize("change", [
    {"workers": 1}, {"workers": 16}, {"workers": 1_024}, {"softmax": True}, {"replicated_rows": 0},
    {"tokens": 100},
], ids=str)  # fmt: skip
def test_nothing_is_hot(replicated_rows, change):
    for workers in (2, 3, 4):
        assert len(choose(ZIPF, workers=workers, replicated_rows=replicated_rows)) > 0
    chosen = choose(ZIPF, **{"replicated_rows": replicated_rows} | change)
    assert (len(chosen), len(chosen.merge_schedule), chosen.merges_per_center) == (0, 0, 0.0)


def test_short_epochs_have_no_replicated_rows_unless_asked_for():
    for more in ({"tokens": 100_000}, {"sample": 1e-9}):
        assert len(choose(ZIPF, **more)) == 0
        assert len(choose(ZIPF, replicated_rows=20, **more)) > 0


@pytest.mark.parametrize("counts", [ZIPF, np.full(1_000, 20_000)], ids=["zipf", "uniform"])
@pytest.mark.parametrize("more", [
    {}, {"hs": 1}, {"hs": 1, "negative": 0}, {"sg": 0}, {"shared_negatives": False},
    {"ns_exponent": -0.75}, {"ns_exponent": 0.0},
], ids=str)  # fmt: skip
def test_at_most_as_many_as_asked_for(counts, more):
    for most in (1, 7, 50, 10_000):
        chosen = choose(counts, replicated_rows=most, **more)
        assert len(chosen) <= most
        assert len(chosen) > 0 or counts is not ZIPF
        assert sorted(set(chosen.merge_schedule.tolist())) == [*range(len(chosen))]
        assert chosen.merge_schedule.dtype == np.int32
        assert chosen.vectors <= len(counts)
        assert chosen.output_vectors <= (len(counts) if more.get("negative", 5) else 0)
        assert chosen.node_vectors <= (len(counts) - 1 if "hs" in more else 0)


def test_a_mebibyte_of_copies_unless_told_otherwise():
    for dim in (16, 100, 128, 300):
        for counts in (ZIPF, np.full(40_000, 1_000)):
            copied = len(choose(counts, vector_size=dim)) * allocate_rows(1, dim).nbytes
            assert copied <= 2**20
    assert len(choose(ZIPF, vector_size=300)) > 500


@pytest.mark.parametrize(("most", "expected"), [(3, (2, 0)), (6, (2, 4)), (8, (4, 4))])
def test_noise_that_favours_rare_words(most, expected):
    # In millions, the rows are used 6000, 5400, 60, 48 and 1000, 900, 3270, 6340 times. Only rows
    # from the first on can be hot: the last output row cannot be alone.
    counts = np.array([1_000, 900, 10, 8]) * 1_000_000
    chosen = choose(counts, replicated_rows=most, ns_exponent=-3.0)
    assert (chosen.vectors, chosen.output_vectors, chosen.node_vectors) == (*expected, 0)


@pytest.mark.parametrize(("architecture", "objective", "shared"), [
    ("skip-gram", "negative", True),
    ("skip-gram", "negative", False),
    ("cbow-classic", "negative", True),
    ("skip-gram", "hierarchical", True),
    ("skip-gram", "both", False),
    ("cbow-classic", "both", True),
])  # fmt: skip
def test_rows_that_are_used_most_are_chosen(architecture, objective, shared):
    # Counted in a plain transcription of the hot loop.
    n_words = 60
    rng = np.random.default_rng(1)
    p = 1 / np.arange(1, n_words + 1)
    ids = rng.choice(n_words, 8_000, p=p / p.sum()).astype(np.int32)
    corpus = Corpus([[f"{i:02}" for i in sentence] for sentence in np.split(ids, 40)])
    vocabulary = Vocabulary.from_corpus(corpus, min_count=1)
    config = configured(architecture, objective, window=2, shared_negatives=shared, sample=0.02)
    tables = sampling_tables(vocabulary, corpus, config)
    used = {name: np.zeros(n_words - (name == "node_vectors")) for name in NAMES}
    for contexts, target, noise in reference.predictions(config, corpus.ids, tables, 0, 0):
        np.add.at(used["vectors"], contexts, 1)
        asked = reference.questions(config, tables.tree, target, noise)
        for name, row, _, _ in asked:
            used[name][row] += 1
    asked_for = config.replace(workers=2, replicated_rows=20)
    chosen = hot.plan_replicas(vocabulary, asked_for, tables, corpus.n_tokens)
    assert len(chosen) == 20
    taken = np.concatenate([hot_part(name, used[name], chosen) for name in NAMES])
    every = np.sort(np.concatenate([*used.values()]))[::-1]
    assert taken.min() > 0.9 * every[20]  # of what is left out, the most used
    assert taken.sum() > 0.99 * every[:20].sum()


def test_calendar_and_rate_are_in_proportion_to_use():
    # With windows of five that shrink, five noise words drawn as often as words occur, and no
    # subsampling, word and output vectors of a word are both used six times an occurrence.
    counts = np.array([8, 5, 3, 2, 1]) * 10_000_000
    for workers in (2, 3, 4):
        chosen = choose(counts, workers=workers, ns_exponent=1.0)
        assert (chosen.vectors, chosen.output_vectors) == (5, 5)
        np.testing.assert_array_equal(np.bincount(chosen.merge_schedule), [8, 5, 3, 2, 1] * 2)
        # A worker merges a row after `patience` uses: so many merges for each centre word.
        assert chosen.merges_per_center * hot._merge_interval(workers) == pytest.approx(2 * 6)
    patience = [hot._merge_interval(workers) for workers in (2, 3, 4)]
    assert patience == sorted(patience, reverse=True)


def test_the_root_is_merged_most_often_of_all_nodes():
    # A tree like a comb: every centre word is below the root, half of them below the next node.
    counts = np.array([8, 4, 2, 1, 1]) * 10_000_000
    # Windows of up to two make one step a centre word, and three contexts; one of five, two steps.
    small = choose(counts, hs=1, negative=0, window=2)
    assert (small.vectors, small.output_vectors, small.node_vectors) == (5, 0, 4)
    np.testing.assert_array_equal(np.bincount(small.merge_schedule), [12, 6, 3, 2, 2, 1, 2, 4, 8])
    large = choose(counts, hs=1, negative=0, window=5, shrink_windows=False)
    np.testing.assert_array_equal(np.bincount(large.merge_schedule), [20, 10, 5, 2, 2, 1, 2, 4, 8])


def test_each_row_is_merged_a_least_number_of_times():
    counts = np.array([1_000, 900, 800, 700])
    chosen = choose(counts, replicated_rows=8, ns_exponent=1.0)
    assert len(chosen) == 8
    assert chosen.merges_per_center * counts.sum() == pytest.approx(8 * 2 * hot._MIN_MERGES)
    np.testing.assert_array_equal(np.bincount(chosen.merge_schedule), [1] * 8)


def most_uneven(calendar):
    """Return the longest time between a row's merges against the mean, less chance."""
    worst = 0.0
    for row in range(calendar.max() + 1):
        days = np.flatnonzero(calendar == row)
        gaps = np.diff(days, append=days[0] + len(calendar))
        mean = len(calendar) / len(days)
        worst = max(worst, (gaps.max() - 4 * np.sqrt(mean)) / mean)
    return worst


def test_merges_of_a_row_are_spread_evenly():
    calendar = choose(ZIPF, replicated_rows=200).merge_schedule
    assert len(calendar) > 800
    assert most_uneven(calendar) <= 1.0
    assert most_uneven(np.random.default_rng(0).permutation(calendar)) > 1.5
    assert most_uneven(np.sort(calendar)) > 1.5
    # Nor do all rows begin on one day: neighbours would then be merged together.
    first = [int(np.flatnonzero(calendar == row)[0]) for row in range(200)]
    assert first != sorted(first)


# ---- Through Word2Vec ----------------------------------------------------------------------------

TOPICS = [[f"{topic}{i}" for i in range(12)] for topic in ("sea", "law", "tea", "sun")]


def planted(n=2_000):
    """Sentences whose words all come from one of four topics."""
    rng = np.random.default_rng(0)
    return [rng.choice(TOPICS[rng.integers(4)], 8).tolist() for _ in range(n)]


def small(sentences=None, **more):
    defaults = {"vector_size": 20, "min_count": 1, "epochs": 3, "sample": 0, "replicated_rows": 20}
    return Word2Vec(planted() if sentences is None else sentences, **defaults | more)


def assert_clusters_found(model):
    for topic in TOPICS:
        for word in topic:
            found = [neighbour for neighbour, _ in model.wv.most_similar(word, topn=11)]
            assert sorted([word, *found]) == sorted(topic)


@pytest.fixture
def given(monkeypatch):
    """Return a list that each choice of replicated rows is added to."""
    made = []

    def note(*arguments):
        made.append(choose(*arguments))
        return made[-1]

    choose = hot.plan_replicas
    monkeypatch.setattr(hot, "plan_replicas", note)
    return made


@pytest.mark.parametrize("objective", SAMPLED)
@pytest.mark.parametrize("architecture", ["skip-gram", "cbow-classic"])
def test_planted_clusters_are_found(architecture, objective, given):
    chosen = {"epochs": 8, "alpha": 0.05} | OBJECTIVES[objective][0]
    assert_clusters_found(small(workers=2, sg=int(architecture == "skip-gram"), **chosen))
    assert [len(each) for each in given] == [20]


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("workers", [4, 8, 16])
def test_many_workers_learn_as_one_does(workers, shared):
    one, many = (small(workers=n, shared_negatives=shared) for n in (1, workers))
    assert_clusters_found(many)
    assert many.training_loss == pytest.approx(one.training_loss, rel=0.03)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_one_worker_is_the_same_whatever_is_hot(objective):
    one, *others = (
        small(planted(100), workers=1, epochs=1, replicated_rows=n, **OBJECTIVES[objective][0])
        for n in (None, 0, 20, 10_000)
    )
    for other in others:
        for name, matrix in matrices(one).items():
            assert_same_bits(matrices(other)[name], matrix)


def test_the_full_softmax_has_no_replicated_rows(given):
    assert small(planted(100), workers=2, epochs=1, softmax=True).training_loss
    assert [len(each) for each in given] == [0]


def never_merged(vocabulary, *_):
    """Choose all rows, which then reach the shared matrices only at the end."""
    return ReplicaPlan(len(vocabulary), len(vocabulary), merge_schedule=np.zeros(1, np.int32))


@pytest.mark.parametrize("workers", [1, 2])
def test_what_was_learned_is_merged_at_the_end(workers, monkeypatch):
    monkeypatch.setattr(hot, "plan_replicas", never_merged)
    assert_clusters_found(small(workers=workers))


def test_ctrl_c_keeps_what_was_learned(monkeypatch):
    def interrupt(progress: Progress):
        if progress.phase == "training" and progress.done > 40_000:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(hot, "plan_replicas", never_merged)
    with pytest.raises(KeyboardInterrupt) as caught:
        small(workers=1, epochs=100_000, progress=interrupt)
    assert_clusters_found(caught.value.model)


def test_divergence_is_reported_as_before(given):
    with pytest.raises(FloatingPointError, match=r"diverged in epoch 1 of 3, .*lower alpha"):
        small(workers=2, alpha=1e30)
    assert len(given[0]) == 20


def test_replicated_rows_are_saved_with_the_settings(tmp_path):
    for replicated_rows in (None, 0, 7):
        small(planted(20), replicated_rows=replicated_rows, workers=1).save(tmp_path / "model")
        assert Word2Vec.load(tmp_path / "model").config.replicated_rows == replicated_rows


def test_trained_on_in_several_runs(given):
    model = small(workers=2, epochs=1)
    model.train(planted(), epochs=2)
    assert [len(each) for each in given] == [20, 20]
    assert_clusters_found(model)
