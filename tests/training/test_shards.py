"""Shards: replicas are trained as rows would be, rounds cover the text, threads do not matter."""

import dataclasses
import json
import signal
import threading
import time
from itertools import pairwise

import numpy as np
import pytest
import reference
from combinations import ARCHITECTURES, OBJECTIVES, VARIANTS, few, matrices, settings, using

from w2v import Corpus, Progress, Word2Vec
from w2v.cli import app
from w2v.config import TrainingConfig
from w2v.io import safetensors_file
from w2v.training import _hogwild, _merge, rounds, runs, shards
from w2v.training import weights as rows
from w2v.training.anchors import Anchor
from w2v.training.shards import ShardPlan, TokenPositions
from w2v.vocab.sampling import SamplingTables, sampling_tables, subsampling_thresholds
from w2v.vocab.vocabulary import Vocabulary

ALL = np.uint32(2**32 - 1)
NAMES = "vectors", "output_vectors", "node_vectors"
SAMPLED = [name for name in OBJECTIVES if name != "softmax"]  # the full one has no shards

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


def job_of(config, weights):
    n_words = len(weights.vectors)
    tables = SamplingTables(
        np.arange(n_words, dtype=np.int32),
        np.full(n_words, ALL),
        np.random.default_rng(6).permutation(n_words).astype(np.int32),
        TREE if config.hs else None,
    )
    return _hogwild.SharedState(config, weights, IDS, tables, 10**9)


def assert_same_bits(got, expected):
    np.testing.assert_array_equal(got.view(np.uint32), expected.view(np.uint32))


# ---- Replicas ------------------------------------------------------------------------------------


def sizes(weights, part):
    """Return how many rows have replicas."""
    return {name: max(1, int(part * len(each))) for name, each in weights.matrices().items()}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("objective", SAMPLED)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("part", [1.0, 0.3])
def test_replicas_are_trained_as_the_rows_would_be(architecture, objective, masked, part):
    """If some rows are not trained, others are pulled to a place."""
    config = configured(architecture, objective)
    mask = np.arange(N_WORDS) % 3 > 0 if masked else None
    before, plain, base = (weights_of(config, mask) for _ in range(3))
    if masked:
        homes = {name: matrix[:-3] + 1 for name, matrix in before.matrices().items()}
        strengths = {name: np.arange(len(each), dtype=np.float32) for name, each in homes.items()}
        plain.anchor = base.anchor = Anchor(homes, strengths)
    expected = _hogwild.Worker(job_of(config, plain))
    replicas = rows.Replicas.allocate(base, sizes(base, part))
    worker = _hogwild.Worker(job_of(config, base), replicas)
    for one in (expected, worker):
        assert one.run(0, 0, 0, len(IDS)) == _hogwild.DONE
    assert (worker.loss, worker.predictions) == (expected.loss, expected.predictions)
    for name, matrix in base.matrices().items():
        held = replicas.replicated(name)
        trained = replicas.marks[name] == _merge.TRAINED
        assert trained.all() or architecture != "skip-gram"  # each word is met at least once
        assert_same_bits(matrix[held], getattr(before, name)[held])  # the base knows nothing of it
        own = replicas.rows[name][trained[held]]
        assert_same_bits(own, getattr(plain, name)[held][trained[held]])
        rest = np.ones(len(matrix), bool)
        rest[held] = False
        assert_same_bits(matrix[rest], getattr(plain, name)[rest])
        everything = np.arange(len(matrix))
        assert_same_bits(replicas.take(base, name, everything), getattr(plain, name))


def test_the_replicas_are_those_of_frequent_words_and_of_nodes_near_the_root():
    weights = weights_of(configured())
    replicas = rows.Replicas.allocate(
        weights, {"vectors": 3, "output_vectors": 40, "node_vectors": 5}
    )
    held = {name: replicas.replicated(name) for name in NAMES}
    assert held == {
        "vectors": slice(0, 3), "output_vectors": slice(0, 40), "node_vectors": slice(34, 39)
    }  # fmt: skip
    for name, where in held.items():
        stale = replicas.marks[name] == _merge.STALE
        assert stale[where].all()
        assert stale.sum() == len(replicas.rows[name])


def test_stale_replicas_are_copied_and_fresh_ones_are_not():
    config = configured()
    weights = weights_of(config)
    replicas = rows.Replicas.allocate(weights, sizes(weights, 1.0))
    worker = _hogwild.Worker(job_of(config, weights), replicas)
    for name, matrix in weights.matrices().items():
        replicas.rows[name][...] = 100
        replicas.rows[name][::2] = matrix[::2]
        replicas.marks[name][::2] = _merge.FRESH
        matrix[::2] = np.nan  # are not read
    worker.run(0, 0, 0, len(IDS))
    assert np.isfinite(worker.loss)
    for name in NAMES:
        trained = replicas.marks[name] == _merge.TRAINED
        assert trained.any()
        assert abs(replicas.rows[name][trained]).max() < 50


def test_replicas_that_do_not_fit_are_refused():
    config = configured()
    weights = weights_of(config)
    good = rows.Replicas.allocate(weights, sizes(weights, 1.0))
    _hogwild.Worker(job_of(config, weights), good)
    for name in NAMES:
        for change in ("rows", "marks", "stride", "none"):
            bad = rows.Replicas(dict(good.rows), dict(good.marks))
            if change == "rows":
                bad.rows[name] = np.zeros((len(good.rows[name]) + 1, 32), np.float32)
            elif change == "marks":
                bad.marks[name] = good.marks[name][1:].copy()
            elif change == "stride":
                bad.rows[name] = np.zeros((3, 16), np.float32)
            else:
                bad.rows[name] = good.rows[name][:0]
            with pytest.raises(ValueError, match="do not agree"):
                _hogwild.Worker(job_of(config, weights), bad)


def test_the_rate_of_a_round_depends_on_the_shard_alone():
    # With one-hot inputs and outputs at zero, the first update of an output row is rate / 2.
    config = TrainingConfig(
        vector_size=16, negative=1, window=1, workers=3, alpha=0.5, min_alpha=0.0
    )
    tables = SamplingTables(np.arange(3, dtype=np.int32), np.full(3, ALL), np.array([2], np.int32))
    ids = np.tile(np.array([0, 1, -1], np.int32), 4_000)
    found = []
    for others in (0, 2_000):
        weights = rows.Weights(np.eye(3, 16, dtype=np.float32), np.zeros((3, 16), np.float32))
        job = _hogwild.SharedState(config, weights, ids, tables, 10_000)
        shard, other = _hogwild.Worker(job), _hogwild.Worker(job)
        other.run(0, 0, 0, 3 * others)
        before = weights.output_vectors.copy()
        weights.output_vectors[:] = 0
        weights.vectors[:] = np.eye(3, 16)
        shard.begin_round(4_000, 3)
        shard.run(0, 1, 0, 3)
        assert not others or before.any()
        found.append(weights.output_vectors[0, 1])
    assert found == [pytest.approx(0.5 * 0.6 / 2, rel=1e-3)] * 2


# ---- Rounds --------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_shards", [2, 3, 16])
@pytest.mark.parametrize(("tokens", "n_words"), [
    (10, 1_600), (12_345, 1_600), (3_000_000, 5_000), (100_000_000, 10**6),
])  # fmt: skip
def test_rounds_cover_each_epoch_and_grow(tokens, n_words, n_shards):
    last, seen = None, []
    for _ in range(100_000):
        last = rounds.next_round(tokens, n_shards, n_words, last)
        if last.epoch == 3:
            break
        seen.append(last)
    for epoch in range(3):
        mine = [each for each in seen if each.epoch == epoch]
        assert [each.number for each in mine] == [*range(len(mine))]
        assert [each.begin for each in mine] == [0, *(each.end for each in mine[:-1])]
        assert mine[-1].end == tokens
        assert all(each.begin < each.end for each in mine)
    numbers = [each.replicas for each in seen]
    assert numbers == sorted(numbers)
    assert set(numbers) <= {-(-n_shards // turns) for turns in (1, 2, 4, 8, 16)}
    pays = min(rounds._REPLICA_TOKENS, rounds._REPLICA_TOKENS_PER_WORD * n_words)
    for each in seen:
        done = each.epoch * tokens + each.begin + min(rounds._HEAD_START, tokens)
        size = each.end - each.begin
        others = size * (each.replicas - 1) / each.replicas
        least = rounds._FIRST_TOKENS * each.replicas
        enough = 0.99 * each.replicas * pays
        assert each.replicas == 1 or size >= enough or each.end == tokens
        # The last of an epoch may take in what would be a short one.
        slack = 1.5 if each.end == tokens else 1
        assert size <= slack * least or others <= slack * rounds._GROWTH * done
        limit = max(rounds._ROUND_TOKENS, rounds._TOKENS_OF_EACH * (n_shards - 1))
        assert size <= slack * least or others <= slack * limit
        assert size <= slack * least or others <= slack * rounds._TOKENS_PER_WORD * n_words


def test_long_rounds_have_all_replicas_and_the_first_has_one():
    last, numbers = None, []
    for _ in range(100):
        last = rounds.next_round(10**7, 16, 50_000, last)
        numbers.append(last.replicas)
    assert list(dict.fromkeys(numbers)) == [1, 2, 4, 8, 16]
    assert numbers[0] == 1 < numbers[1]
    small = [rounds.next_round(10**7, 16, 1_600, shards.Round(9, 0, 0, n)) for n in (0, 10**6)]
    assert [each.replicas for each in small] == [16, 16]
    assert rounds.next_round(10**7, 2, 50_000, shards.Round(1, 0, 0, 10**6)).replicas == 2


def test_long_rounds_grow_as_the_learning_rate_falls():
    assert [rounds.patience_at(rate) for rate in (2, 1, 0.51, 0.5, 0.26, 0.25, 0.0)] == [
        1, 1, 1, 2, 2, 4, 4
    ]  # fmt: skip
    late, early = shards.Round(9, 0, 0, 10**8), shards.Round(0, 0, 0, 10**5)
    for last, times in ((late, [1, 2, 4]), (early, [1, 1, 1])):  # which is short for other reasons
        found = [rounds.next_round(10**9, 4, 10**6, last, patience=each) for each in (1, 2, 4)]
        sizes = [each.end - each.begin for each in found]
        assert sizes == pytest.approx([times[0] * sizes[0] * each for each in times], rel=1e-4)


def test_long_rounds_of_many_shards_have_half_a_million_tokens_for_each_other():
    last = shards.Round(9, 0, 0, 10**8)
    sizes = []
    for n, patience in ((4, 1), (5, 1), (16, 1), (16, 4), (64, 1)):
        found = rounds.next_round(10**9, n, 10**6, last, patience=patience)
        assert found.replicas == n
        sizes.append((found.end - found.begin) * (n - 1) // n)
    assert sizes == pytest.approx([2e6, 2e6, 7.5e6, 8e6, 31.5e6], abs=1)
    few_words = rounds.next_round(10**9, 16, 10_000, last)
    assert (few_words.end - few_words.begin) * 15 / 16 == pytest.approx(400_000, abs=1)


def test_rounds_of_a_run_grow_as_its_learning_rate_falls(monkeypatch):
    monkeypatch.setattr(rounds, "_ROUND_TOKENS", 300)
    monkeypatch.setattr(rounds, "_TOKENS_OF_EACH", 300)
    begin, sizes = rounds.ShardedRun.begin_round, []

    def note(self):
        begin(self)
        if self.round is not None:
            sizes.append((self.job.tokens / self.total, self.round.end - self.round.begin))

    monkeypatch.setattr(rounds.ShardedRun, "begin_round", note)
    for least, times in ((1e-4, {1, 2, 4}), (0.025, {1})):
        sizes.clear()
        small(shards=2, min_alpha=least, epochs=4)
        found = {round(size / 600) for done, size in sizes if done > 0.3 and size % 600 == 0}
        assert found == times


@pytest.mark.parametrize("start", [0.0, 0.3])
def test_rounds_are_merged_at_their_mean_learning_rate(monkeypatch, start):
    """At the rate of its end, 0, the last round of a run would be added up as if it were short."""
    decompose, prepare = shards.Shards.decompose, rounds.ShardedRun.prepare
    found, expected = [], []

    def note_rate(self, k, replicas, rate):
        found.append(rate)
        decompose(self, k, replicas, rate)

    def note_round(self, k):
        if k < len(self.parts.names):
            tokens = np.arange(self.merged_tokens, self.job.tokens) + 0.5
            falls = np.maximum(0, tokens / self.total - start) / (1 - start)
            expected.append(0.04 * (1 - falls.mean()))
        prepare(self, k)

    monkeypatch.setattr(shards.Shards, "decompose", note_rate)
    monkeypatch.setattr(rounds.ShardedRun, "prepare", note_round)
    small(shards=2, epochs=2, alpha=0.04, min_alpha=0.0, decay_start=start)
    assert len(found) >= 8
    assert found == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("n_shards", "counts"), [
    (16, [1, 2, 2, 4, 4, 4, 4, 8]), (7, [1, 2, 2, 4, 4, 4, 7, 7]), (1, [1] * 8),
])  # fmt: skip
def test_shards_take_turns(n_shards, counts):
    assert [rounds.count_replicas(n_shards, most) for most in range(1, 9)] == counts


def test_slices_are_even_and_cover_the_text(monkeypatch):
    rng = np.random.default_rng(0)
    ids = rng.integers(-1, 50, 30_000).astype(np.int32)
    index = np.where(rng.random(50) < 0.5, np.arange(50), -1).astype(np.int32)
    ids[12_000:20_000] = 7  # half of the tokens, or none of them
    index[7] = 7
    for step in (1, 1_000):
        monkeypatch.setattr(shards, "_COUNTED_IDS", step)
        positions = TokenPositions(ids, index)
        known = (ids >= 0) & (np.where(ids >= 0, index[ids], -1) >= 0)
        assert positions.tokens == known.sum()
        edges = [positions.after(positions.tokens * i / 12) for i in range(13)]
        assert (edges[0], edges[-1]) == (0, len(ids))
        assert edges == sorted(edges)
        sizes = [known[a:b].sum() for a, b in pairwise(edges)]
        assert max(sizes) - min(sizes) <= (2 if step == 1 else 600)


# ---- How many shards -----------------------------------------------------------------------------


def plan(tokens=10**8, n_words=1_000, counts=None, **more):
    counts = 10**9 // np.arange(1, n_words + 1) if counts is None else np.asarray(counts)
    config = TrainingConfig(**{"workers": 4, "sample": 0} | more)
    vocabulary = Vocabulary([*map(str, range(len(counts)))], counts)
    tables = SamplingTables(
        np.arange(len(counts), dtype=np.int32),
        subsampling_thresholds(vocabulary.counts, config.sample),
        tree=vocabulary.huffman_tree() if config.hs else None,
    )
    return ShardPlan.of(vocabulary, config, tables, tokens)


def test_as_many_shards_as_workers_unless_told_otherwise():
    assert plan().shards == 4
    assert plan(workers=1).shards == 1
    assert plan(workers=1, shards=8).shards == 8
    assert plan(shards=1).shards == 1
    assert plan(softmax=True).shards == 1
    assert plan().rows == {"vectors": 1_000, "output_vectors": 1_000}
    assert plan(hs=1, negative=0).rows == {"vectors": 1_000, "node_vectors": 999}
    assert plan(hs=1).complete
    assert plan(workers=1).rows == {}


@pytest.mark.parametrize("settings", [{}, {"shards": 16}])
def test_a_short_text_has_fewer_shards(settings):
    found = [plan(tokens=n * shards._MIN_TOKENS, workers=16, **settings).shards
             for n in (0, 0.9, 1, 1.9, 2, 5.5, 16, 1_000)]  # fmt: skip
    assert found == [1, 1, 1, 1, 2, 5, 16, 16]


def test_a_small_vocabulary_has_fewer_shards(monkeypatch):
    monkeypatch.setattr(shards, "_MIN_WORDS", 100)
    found = [plan(n_words=n, workers=16).shards for n in (2, 199, 200, 750, 1_600, 5_000)]
    assert found == [1, 1, 2, 7, 16, 16]


def test_rare_rows_are_shared_where_memory_is_short():
    row = 4 * 112 + 2
    full = plan(replica_memory=-(-4 * 2_000 * row // 2**20))
    assert full.complete
    part = plan(replica_memory=1)
    assert not part.complete
    assert not part.shares_rows
    assert part.replica_rows <= 2**20 / 4 / row < part.replica_rows + 2
    assert part.rows["vectors"] > 100
    nodes = plan(replica_memory=1, hs=1)
    assert nodes.rows.keys() == {"vectors", "output_vectors", "node_vectors"}
    none = plan(replica_memory=0)
    assert none.shares_rows
    assert none.threads(TrainingConfig(workers=4)) == 4


def test_a_quarter_of_the_free_memory_unless_told_otherwise(monkeypatch):
    for free, allowed in ((2**30, 2**28), (None, 2**29)):
        monkeypatch.setattr(shards, "available_memory", lambda free=free: free)
        assert shards.replica_budget(TrainingConfig()) == allowed
    assert shards.replica_budget(TrainingConfig(replica_memory=3)) == 3 * 2**20
    monkeypatch.setattr(shards, "available_memory", lambda: 2**20)
    assert not plan().complete


def test_a_number_of_shards_is_kept_or_refused():
    told = (
        r"shards=4: .* 4 MiB, but replica_memory allows 1 MiB; raise replica_memory, lower shards"
    )
    with pytest.raises(ValueError, match=told):
        plan(shards=4, replica_memory=1)
    assert plan(shards=4, replica_memory=4).complete


@pytest.mark.parametrize(("architecture", "objective", "shared"), [
    ("skip-gram", "negative", True),
    ("skip-gram", "both", False),
    ("cbow-classic", "both", True),
])  # fmt: skip
def test_rows_that_are_used_most_have_replicas(architecture, objective, shared):
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
    chosen = shards._most_used(vocabulary, config, tables, 20)
    assert sum(chosen.values()) == 20
    taken = np.concatenate([
        used[name][-n:] if name == "node_vectors" else used[name][:n] for name, n in chosen.items()
    ])  # fmt: skip
    every = np.sort(np.concatenate([*used.values()]))[::-1]
    assert taken.min() > 0.9 * every[20]  # of what is left out, the most used
    assert taken.sum() > 0.99 * every[:20].sum()


def test_noise_that_favours_rare_words():
    # In millions, the rows are used 6000, 5400, 60, 48 and 1000, 900, 3270, 6340 times. Only rows
    # from the first on can have replicas: the last output row cannot be alone.
    for most, expected in ((3, {"vectors": 2}), (6, {"vectors": 2, "output_vectors": 4})):
        counts = np.array([1_000, 900, 10, 8]) * 1_000_000
        config = TrainingConfig(sample=0, ns_exponent=-3.0, workers=4)
        tables = SamplingTables(np.arange(4, dtype=np.int32), np.full(4, ALL))
        vocabulary = Vocabulary(["a", "b", "c", "d"], counts)
        assert shards._most_used(vocabulary, config, tables, most) == expected


# ---- Through Word2Vec ----------------------------------------------------------------------------

TOPICS = [[f"{topic}{i}" for i in range(12)] for topic in ("sea", "law", "tea", "sun")]


def planted(n=2_000):
    """Sentences whose words all come from one of four topics."""
    rng = np.random.default_rng(0)
    return [rng.choice(TOPICS[rng.integers(4)], 8).tolist() for _ in range(n)]


@pytest.fixture(autouse=True)
def _short_shards(monkeypatch):
    """Give texts of a few thousand tokens several shards, and several rounds."""
    monkeypatch.setattr(shards, "_MIN_TOKENS", 200)
    monkeypatch.setattr(shards, "_MIN_WORDS", 1)
    monkeypatch.setattr(rounds, "_FIRST_TOKENS", 100)
    monkeypatch.setattr(rounds, "_HEAD_START", 200)
    monkeypatch.setattr(rounds, "_REPLICA_TOKENS", 100)
    monkeypatch.setattr(rounds, "_REPLICA_TOKENS_PER_WORD", 100)


def small(sentences=None, **more):
    defaults = {"vector_size": 20, "min_count": 1, "epochs": 3, "sample": 0, "workers": 1}
    return Word2Vec(planted() if sentences is None else sentences, **defaults | more)


def trained(sentences=None, **more):
    """Return a model and the result of its training."""
    defaults = {"vector_size": 20, "min_count": 1, "epochs": 3, "sample": 0, "workers": 1}
    sentences = planted() if sentences is None else sentences
    model = Word2Vec(**defaults | more)
    model.build_vocab(sentences)
    return model, model.train(sentences)


def assert_clusters_found(model):
    for topic in TOPICS:
        for word in topic:
            found = [neighbour for neighbour, _ in model.wv.most_similar(word, topn=11)]
            assert sorted([word, *found]) == sorted(topic)


def assert_same_model(one, other):
    for name, matrix in matrices(one).items():
        assert_same_bits(matrices(other)[name], matrix)
    assert one.training_loss == other.training_loss


@few(["skip-gram", "cbow-classic", "cbow-sum"], SAMPLED, also=[("cbow-classic", "hierarchical")])
def test_threads_do_not_matter(architecture, objective):
    chosen = settings(architecture, objective) | {"shards": 4, "epochs": 2, "sample": 0.02}
    one, *others = (small(planted(300), workers=n, **chosen) for n in (1, 2, 3, 8, 16))
    for other in others:
        assert_same_model(one, other)


@pytest.mark.parametrize("variant", VARIANTS)
def test_threads_do_not_matter_with_any_variant(variant):
    with using(variant):
        one, *others = (small(planted(200), workers=n, shards=3, hs=1) for n in (1, 2, 5))
    for other in others:
        assert_same_model(one, other)


@pytest.mark.parametrize("n_shards", [2, 5])
def test_replicas_train_slices_in_turn_by_the_clock(n_shards, monkeypatch):
    train, seen = shards.Shards.train, []

    def note(self, k, slices):
        seen.append((slices[0].block // n_shards, k, slices, self.job.tokens))
        before = self.job.tokens
        assert train(self, k, slices) == _hogwild.DONE
        assert self.shards[k].counts.sum() == self.job.tokens - before
        return _hogwild.DONE

    monkeypatch.setattr(shards.Shards, "train", note)
    small(shards=n_shards, workers=1, epochs=1)
    by_round = [[each for each in seen if each[0] == i] for i in range(seen[-1][0] + 1)]
    numbers = [len(each) for each in by_round]
    assert list(dict.fromkeys(numbers)) == [1, 2, 3, 5][: 2 if n_shards == 2 else 4]
    last = [0] * n_shards
    for replicas in by_round:
        n, before = len(replicas), replicas[0][3]
        assert [k for _, k, *_ in replicas] == [*range(n)]
        size = sum(piece.stop - piece.start for _, _, slices, _ in replicas for piece in slices)
        for _, k, slices, _ in replicas:
            assert [piece.block % n_shards for piece in slices] == [*range(k, n_shards, n)]
            for turn, piece in enumerate(slices):
                assert piece.abreast == min(n, n_shards - turn * n)
                trained = turn * n / n_shards * size * 8 / 9  # of nine ids, one ends a sentence
                assert piece.done - before == pytest.approx(trained, abs=30)
                assert last[piece.block % n_shards] in (0, piece.start)
                last[piece.block % n_shards] = piece.stop


def test_replicas_that_come_into_use_begin_with_the_base(monkeypatch):
    numbers, seen = [], []
    follow, train = rounds.next_round, shards.Shards.train

    def alternating(*given):
        each = follow(*given)
        numbers.append([1, 3, 2, 4][each.number % 4])
        return dataclasses.replace(each, replicas=numbers[-1])

    def note(self, k, slices):
        marks = self.shards[k].replicas.marks
        seen.append((len(numbers), k, all((each == _merge.STALE).all() for each in marks.values())))
        return train(self, k, slices)

    monkeypatch.setattr(rounds, "next_round", alternating)
    monkeypatch.setattr(shards.Shards, "train", note)
    model = small(shards=4, workers=2, epochs=3, sg=0)  # all rows keep their balance
    assert len(numbers) > 12
    for number, k, stale in seen:
        assert stale == (number == 1 or numbers[number - 2] <= k)
    assert_clusters_found(model)


def test_the_number_of_shards_matters():
    one, two, three = (small(planted(200), workers=3, shards=n) for n in (1, 2, 3))
    assert one.wv.vectors.tobytes() != two.wv.vectors.tobytes() != three.wv.vectors.tobytes()


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_one_shard_is_one_worker(objective):
    chosen = OBJECTIVES[objective][0] | {"epochs": 1}
    plain = small(planted(100), **chosen)
    if objective != "softmax":
        assert_same_model(plain, small(planted(100), workers=3, shards=1, **chosen))
    assert_same_model(plain, small(planted(100), workers=1, replica_memory=0, **chosen))


def test_a_result_tells_the_shards():
    _, result = trained(planted(500), workers=3)
    assert result.shards == 3
    assert result.tokens == 3 * 500 * 8
    assert 0 < result.merge_seconds < result.seconds
    _, result = trained(planted(20), workers=3)
    assert (result.shards, result.merge_seconds) == (1, 0.0)


@pytest.mark.parametrize("architecture", ["skip-gram", "cbow-classic"])
def test_every_prediction_is_made_once(architecture):
    chosen = settings(architecture, "negative") | {"shrink_windows": False, "epochs": 2}
    expected = trained(planted(100), **chosen)[1].predictions
    for n in (2, 3, 4):
        assert trained(planted(100), shards=n, **chosen)[1].predictions == expected


@few(["skip-gram", "cbow-classic"], SAMPLED, also=[("cbow-classic", "negative")])
def test_planted_clusters_are_found(architecture, objective):
    chosen = {"epochs": 8, "alpha": 0.05, "shards": 5} | OBJECTIVES[objective][0]
    model, result = trained(sg=int(architecture == "skip-gram"), **chosen)
    assert result.shards == 5
    assert_clusters_found(model)


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("n_shards", [pytest.param(2, marks=pytest.mark.thorough), 4])
def test_many_shards_learn_as_one_does(n_shards, shared):
    one, many = (small(shards=n, shared_negatives=shared) for n in (1, n_shards))
    assert_clusters_found(many)
    assert many.training_loss[-1] == pytest.approx(one.training_loss[-1], rel=0.03)


@pytest.mark.parametrize("sentences", [
    [["a", "b"]] * 500, [["a"] * 2_000 + ["b"] * 2_000], [["a", "b", "c", "d"] * 1_000],
], ids=["two words", "one line, one word after the other", "one line"])  # fmt: skip
@pytest.mark.parametrize("settings", [{}, {"hs": 1, "negative": 0}, {"sg": 0}, {"vector_size": 1}])
def test_tiny_vocabularies(sentences, settings):
    model, result = trained(sentences, shards=4, **settings)
    assert result.shards == min(4, len(model.wv))
    assert np.isfinite(model.wv.vectors).all()


def test_frozen_vectors_keep_their_bits():
    for chosen in ({}, {"sg": 0}):
        model = Word2Vec(vector_size=20, min_count=1, sample=0, shards=3, workers=2, **chosen)
        model.build_vocab(planted(300))
        frozen = np.arange(len(model.wv)) % 2 == 0
        model.wv.vectors[frozen] = np.where(np.arange(20) % 2, -0.0, model.wv.vectors[frozen])
        before = model.wv.vectors.copy()
        assert model.train(planted(300), trainable=~frozen).shards == 3
        assert_same_bits(model.wv.vectors[frozen], before[frozen])
        assert (model.wv.vectors[~frozen] != before[~frozen]).all(axis=1).all()


@pytest.mark.parametrize(("settings", "restored"), [
    ({}, True), ({"hs": 1, "negative": 0}, True), ({"sg": 0}, False),
])  # fmt: skip
def test_the_balance_is_restored_after_each_epoch_at_least(settings, restored, monkeypatch):
    due, scores = [], []
    prepare, end = shards.Shards.prepare_balance, rounds.ShardedRun.end_round

    def predicted(base):
        outputs = base.node_vectors if base.output_vectors is None else base.output_vectors
        return base.vectors @ outputs.T

    def note(self, done, ends_epoch):
        due.append((prepare(self, done, ends_epoch), ends_epoch))
        scores.append(predicted(self.base))
        return due[-1][0]

    def compare(self):
        np.testing.assert_allclose(predicted(self.parts.base), scores[-1], atol=1e-4)
        end(self)

    monkeypatch.setattr(shards.Shards, "prepare_balance", note)
    monkeypatch.setattr(rounds.ShardedRun, "end_round", compare)
    model = small(shards=3, **settings)
    assert all(was for was, ends_epoch in due if ends_epoch) == restored
    assert any(was for was, ends_epoch in due if not ends_epoch) == restored
    assert sum(was for was, _ in due) < len(due)
    assert_clusters_found(model)


@pytest.mark.parametrize("settings", [{}, {"hs": 1}, {"sg": 0}])
def test_rows_without_replicas_are_trained_too(settings, monkeypatch):
    monkeypatch.setattr(shards, "_most_used", lambda *_: {"vectors": 20, "output_vectors": 7})
    monkeypatch.setattr(shards, "replica_budget", lambda _: 1_000)
    told = r"each of 4 shards replicas of 27 of (96|143) rows: .* raise replica_memory"
    with pytest.warns(RuntimeWarning, match=told):
        model = small(workers=4, **settings)
    assert_clusters_found(model)


def test_no_replicas_at_all():
    model, result = trained(workers=4, replica_memory=0)
    assert result.shards == 1
    assert_clusters_found(model)


def test_trained_on_in_several_runs():
    model = small(workers=2, epochs=1)
    assert model.train(planted(), epochs=2).shards == 2
    assert_clusters_found(model)
    assert len(model.training_loss) == 3


# ---- What happens between rounds -----------------------------------------------------------------


def test_an_epoch_begins_with_what_a_callback_has_changed():
    def forget(model):
        model.wv.vectors[:] = 0
        model.output_vectors[:] = 0

    model = small(workers=2, epochs=2, on_epoch_end=forget, score_offsets=False)
    assert not model.wv.vectors.any()
    # Zeros stay zeros: each of the six outputs is as likely as not. Nothing else is remembered.
    assert model.training_loss[1] == pytest.approx(6 * np.log(2), rel=1e-5)


def test_a_callback_sees_the_model_of_that_moment():
    seen = []
    kept = small(
        workers=3, shards=3, epochs=2, on_epoch_end=lambda m: seen.append(m.wv.vectors.copy())
    )
    plain = small(workers=2, shards=3, epochs=2)
    assert_same_model(plain, kept)
    assert_same_bits(seen[1], plain.wv.vectors)
    assert (seen[0] != seen[1]).any()


def stop_after(n, action):
    """Return a function that calls `action` at the n-th call."""
    calls = []

    def count(*_):
        calls.append(None)
        if len(calls) == n:
            action()

    return count


@pytest.mark.parametrize("step", ["train", "prepare", "merge", "begin_merging", "balance"])
@pytest.mark.parametrize("error", [
    RuntimeError("on purpose"),
    pytest.param(MemoryError("on purpose"), marks=pytest.mark.thorough),
])  # fmt: skip
def test_a_failure_in_a_thread_ends_all(step, error, monkeypatch):
    bases = []

    def fail():
        raise error

    due = stop_after(7, fail)
    whole = getattr(rounds.ShardedRun, step)

    def broken(self, *given):
        due()
        return whole(self, *given)

    end = rounds.ShardedRun.end_round

    def note(self):
        end(self)
        bases.append(self.parts.base.vectors.copy())

    monkeypatch.setattr(rounds.ShardedRun, step, broken)
    monkeypatch.setattr(rounds.ShardedRun, "end_round", note)
    model = Word2Vec(vector_size=20, min_count=1, sample=0, workers=3, epochs=50)
    model.build_vocab(planted())
    before = threading.active_count()
    with pytest.raises(type(error), match="on purpose"):
        model.train(planted())
    assert threading.active_count() == before
    if step not in ("merge", "balance"):  # these leave some rows done, and some not
        assert_same_bits(model.wv.vectors, bases[-1][:, :20])


def test_ctrl_c_keeps_the_last_merge(monkeypatch):
    done = []
    end = rounds.ShardedRun.end_round

    def note(self):
        end(self)
        done.append((self.merged_tokens, self.parts.base.vectors.copy()))

    plain, trained_tokens = rounds.ShardedRun.train, []

    def train(self, i, now):
        plain(self, i, now)
        if i == 0 and self.merged_tokens > 40_000:  # so that the round is trained, but not merged
            trained_tokens.append(self.job.tokens)
            signal.raise_signal(signal.SIGINT)
            while not self.job.stopped:
                threading.Event().wait(0.001)

    monkeypatch.setattr(rounds.ShardedRun, "train", train)
    monkeypatch.setattr(rounds.ShardedRun, "end_round", note)
    with pytest.raises(KeyboardInterrupt) as caught:
        small(workers=3, epochs=100_000)
    result, model = caught.value.result, caught.value.model
    assert result.interrupted
    assert result.tokens < trained_tokens[0]
    assert result.tokens == done[-1][0] >= 30_000
    assert_same_bits(model.wv.vectors, done[-1][1][:, :20])
    assert_clusters_found(model)


def test_a_stop_is_heeded_within_a_round(monkeypatch):
    monkeypatch.setattr(runs, "_REPORT_INTERVAL", 0.01)
    monkeypatch.setattr(rounds, "_TOKENS_PER_WORD", 10**9)
    monkeypatch.setattr(rounds, "_ROUND_TOKENS", 10**9)
    monkeypatch.setattr(rounds, "_GROWTH", 1e9)  # one round is as long as the epoch

    def interrupt(progress: Progress):
        if progress.phase == "training" and progress.done > 1_000:
            signal.raise_signal(signal.SIGINT)

    began = time.perf_counter()
    with pytest.raises(KeyboardInterrupt) as caught:
        small([["a", "b", "c", "d"] * 25_000] * 100, workers=2, negative=20, window=50,
              progress=interrupt)  # fmt: skip
    assert time.perf_counter() - began < 60
    assert caught.value.result.tokens == 0  # nothing was merged


@pytest.mark.parametrize("workers", [1, 2])
def test_divergence_is_reported_and_undone(workers):
    model = Word2Vec(vector_size=20, min_count=1, sample=0, workers=workers, shards=2, alpha=1e30)
    model.build_vocab(planted())
    before = model.wv.vectors.copy()
    with pytest.raises(FloatingPointError, match=r"diverged in epoch 1 of 5, .*lower alpha"):
        model.train(planted())
    assert_same_bits(model.wv.vectors, before)


@pytest.mark.parametrize("what", ["curvature", "row"])
def test_a_merge_that_is_not_finite_is_divergence(what, monkeypatch):
    if what == "row":
        monkeypatch.setattr(shards.Shards, "merge", lambda self, k, scratch: False)
    else:
        observe = shards.Shards._observe

        def spoil(self, k, shard, slices):
            observe(self, k, shard, slices)
            shard.hessians["vectors"][0, 0] = np.nan

        monkeypatch.setattr(shards.Shards, "_observe", spoil)
    model = Word2Vec(vector_size=20, min_count=1, sample=0, workers=2)
    model.build_vocab(planted())
    before = model.wv.vectors.copy()
    with pytest.raises(
        FloatingPointError, match=rf"diverged in epoch 1 of 5, .*{what}.* infinite or NaN"
    ):
        model.train(planted())
    assert_same_bits(model.wv.vectors, before)


def test_shards_are_saved_with_the_settings(tmp_path):
    for n in (None, 7):
        small(planted(20), shards=n, replica_memory=n).save(tmp_path / "model")
        config = Word2Vec.load(tmp_path / "model").config
        assert (config.shards, config.replica_memory) == (n, n)


def test_settings_of_older_versions_are_left_out(tmp_path, monkeypatch):
    old = {"hot_rows": None, "replicated_rows": 20}
    to_dict = TrainingConfig.to_dict
    monkeypatch.setattr(TrainingConfig, "to_dict", lambda self: to_dict(self) | old)
    model = small(planted(20))
    model.save(tmp_path / "model")
    assert Word2Vec.load(tmp_path / "model").config == model.config


def test_settings_that_older_versions_did_not_have_are_as_those_trained(tmp_path, monkeypatch):
    model = small(planted(20), score_offsets=False)
    with monkeypatch.context() as old:
        kept = {name: value for name, value in model.config.to_dict().items()}
        del kept["score_offsets"]
        old.setattr(TrainingConfig, "to_dict", lambda self: kept)
        model.save(tmp_path / "model")
    assert Word2Vec.load(tmp_path / "model").config == model.config


@pytest.mark.parametrize(
    ("settings", "before"),  # of None, when only skip-gram had offsets by default
    [({}, None), ({"sg": 0}, False), ({"sg": 0, "cbow_mean": 0}, None), ({"hs": 1}, None)],
)
def test_a_model_keeps_its_offsets_when_the_default_changes(tmp_path, settings, before):
    model = small(planted(20), **settings)
    model.save(tmp_path / "model")
    assert Word2Vec.load(tmp_path / "model").config == model.config
    tensors, metadata = safetensors_file.read(tmp_path / "model", kind=("w2v.model",))
    wanted = model.config.uses_score_offsets
    assert metadata.pop("score_offsets") == json.dumps(wanted)
    tensors = {name: np.array(tensor) for name, tensor in tensors.items()}
    safetensors_file.write(tmp_path / "old", tensors, metadata)
    assert Word2Vec.load(tmp_path / "old").config == model.config.replace(score_offsets=before)
    metadata["score_offsets"] = json.dumps(not wanted)
    safetensors_file.write(tmp_path / "other", tensors, metadata)
    assert Word2Vec.load(tmp_path / "other").config == model.config.replace(
        score_offsets=not wanted
    )


def test_a_model_file_tells_the_shards_of_its_training(tmp_path):
    for n in (1, 3):
        model = small(planted(200), shards=n)
        model.save(tmp_path / "model")
        _, metadata = safetensors_file.read(tmp_path / "model", kind=("w2v.model",))
        assert json.loads(metadata["training"]).get("shards") == (n if n > 1 else None)
        loaded = Word2Vec.load(tmp_path / "model")
        loaded.save(tmp_path / "again")
        assert (tmp_path / "again").read_bytes() == (tmp_path / "model").read_bytes()


def test_the_command_line_tells_the_shards(tmp_path, capsys):
    source = tmp_path / "text.txt"
    source.write_text("\n".join(map(" ".join, planted(200))))
    model = str(tmp_path / "model.safetensors")
    settings = ["--workers", "3", "--min-count", "1"]
    for arguments, told in (
        (["train", str(source), "-o", model, "--sample", "0", *settings], "3 shards"),
        (["inspect", "--no-measure", str(source), *settings], "3 workers, 3 shards"),
        (["inspect", model], "shards trained"),
    ):
        assert app.main(arguments) == 0
        shown = capsys.readouterr()
        assert told in shown.out + shown.err
