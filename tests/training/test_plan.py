"""w2v.plan: figures against what a run allocates, the time of rounds, warnings, refusals."""

import dataclasses
import json
import math
import os

import numpy as np
import pytest

import w2v
from w2v import Corpus, TrainingConfig, Vocabulary, Word2Vec
from w2v.config import QUALITIES
from w2v.training import plan as plan_module
from w2v.training import resources, rounds, shards
from w2v.training.resources import Throughput, TimedRound
from w2v.training.rounds import next_round, patience_at
from w2v.training.runs import BlockRun
from w2v.training.shards import Round
from w2v.training.trainer import Trainer

MB = 1 << 20


def zipfian(n_sentences=300, n_types=400, seed=3):
    """Sentences of 1 to 60 words of a Zipfian vocabulary."""
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, n_types + 1)
    words = np.array([f"word{i}" for i in range(n_types)])
    return [
        rng.choice(words, n, p=share / share.sum()).tolist()
        for n in rng.integers(1, 61, n_sentences)
    ]


SENTENCES = zipfian()


@pytest.fixture
def clock(monkeypatch):
    """Let the sample say that 1,000 words/s are trained at 100 dimensions; return its arguments."""
    asked = []

    def measure(corpus, vocabulary, config, **more):
        asked.append((config, more))
        tokens = more.get("tokens") or vocabulary.tokens
        speed = 1e5 / config.vector_size
        return Throughput(speed, speed, speed, tokens * config.epochs / speed, 3.0, 0.25)

    monkeypatch.setattr(resources, "measure_throughput", measure)
    return asked


def warned(plan):
    return {issue.name: issue.message for issue in plan.warnings}


# ---- Sizes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings", [{}, {"sg": 0}, {"window": 9, "shrink_windows": False}, {"sample": 0.01}]
)
def test_sizes_are_those_of_the_run(settings):
    settings = {"min_count": 3, "workers": 1, "vector_size": 8, "epochs": 2, **settings}
    plan = w2v.plan(SENTENCES, measure=False, **settings)
    model = Word2Vec(**settings)
    model.build_vocab(SENTENCES)
    result = model.train(SENTENCES)
    assert (plan.words, plan.trained_tokens) == (len(model.wv), result.tokens // 2)
    assert (plan.tokens, plan.sentences) == (model.corpus_total_words, model.corpus_count)
    assert plan.predictions == pytest.approx(result.predictions, rel=0.03)
    assert (plan.alpha, plan.sample) == (result.alpha, result.sample)
    counts = model.vocabulary.counts
    ratio = counts / counts.sum() / (model.sample or 1e-3)  # the default for a short text
    kept = counts * np.minimum(1, (np.sqrt(ratio) + 1) / ratio)
    assert plan.kept_tokens == pytest.approx(kept.sum(), abs=2)
    assert (plan.seconds, plan.throughput, plan.qualities) == (None, None, ())


@pytest.mark.parametrize("settings", [{}, {"hs": 1}, {"hs": 1, "negative": 0}])
def test_files_have_these_sizes(tmp_path, settings):
    settings = {"min_count": 2, "workers": 1, "epochs": 1, **settings}
    plan = w2v.plan(SENTENCES, measure=False, **settings)
    model = Word2Vec(SENTENCES, **settings)
    model.save(tmp_path / "model")
    names = {"safetensors": "a.safetensors", "word2vec binary": "a.bin", "word2vec text": "a.txt"}
    sizes = {"model": os.path.getsize(tmp_path / "model")}
    for name, file in names.items():
        model.wv.export(tmp_path / file)
        sizes[name] = os.path.getsize(tmp_path / file)
    assert plan.files["word2vec binary"] == sizes["word2vec binary"]
    assert plan.files == pytest.approx(sizes, rel=0.12)  # digits of the text format differ
    for name in ("model", "safetensors"):
        assert plan.files[name] == pytest.approx(sizes[name], rel=0.01)


def test_counts_are_a_source(clock):
    corpus = Corpus(SENTENCES)
    counts = dict(zip(corpus.words(), corpus.type_counts.tolist(), strict=True))
    known = w2v.plan(corpus, min_count=4, workers=1)
    for source in (counts, Vocabulary.from_counts(counts, min_count=1)):
        plan = w2v.plan(source, min_count=4, workers=1)
        for name in ("tokens", "types", "words", "trained_tokens", "kept_tokens", "files"):
            assert getattr(plan, name) == getattr(known, name)
        assert plan.memory == pytest.approx(known.memory, rel=0.01)
        assert plan.sentences == plan.tokens // 20
        assert "reading" not in plan.time_parts
    with pytest.raises(ValueError, match="vocabulary= needs a text"):
        w2v.plan(counts, vocabulary=["word1"])
    with pytest.raises(ValueError, match="'a'"):
        w2v.plan({"a": 0, "b": 3})


def test_words_are_drawn_by_their_counts():
    counts = Vocabulary([f"w{i}" for i in range(50)], np.arange(500, 0, -10))
    corpus = plan_module.draw_text(counts, 20_000, seed=1)
    assert (corpus.n_tokens, corpus.n_sentences, corpus.n_types) == (20_000, 1_000, 50)
    expected = 20_000 * counts.counts / counts.tokens
    square = float(((corpus.type_counts - expected) ** 2 / expected).sum())
    assert square < 49 + 5 * math.sqrt(2 * 49)
    assert np.flatnonzero(corpus.ids < 0)[:2].tolist() == [20, 41]


# ---- Memory --------------------------------------------------------------------------------------


def test_memory_by_hand():
    sentences = [["a", "b", "c", "d"]] * 100
    plan = w2v.plan(sentences, vector_size=20, min_count=1, workers=1, measure=False)
    row = 4 * 32  # 20 numbers fill two cache lines of 16
    words = sum(map(len, "abcd"))
    parts = dict(plan.memory_parts)
    assert parts.pop("source") == pytest.approx(
        8 * 100 + 56 + 96 + 16 + 4 * 64, abs=80
    )  # one list of four letters, a hundred times
    assert parts == {
        "Python and its libraries": resources.INTERPRETER_BYTES,
        "vectors": 4 * row,
        "output vectors": 4 * row,
        "copy in case of divergence": 4 * row,
        "noise table": 4 * (1 << 16),
        "other tables": 4 * 4 + 4 * 4 + 4 * 8,
        "words": parts["words"],
        "types": 4 * 8 + 5 * 8 + words,
        "ids": 4 * 500,
    }
    assert plan.memory == sum(plan.memory_parts.values()) == plan.peaks["training"]


def test_what_is_held_out_and_kept_takes_memory(clock):
    corpus = Corpus(SENTENCES)
    plain = w2v.plan(corpus, workers=1)
    part = w2v.plan(corpus, workers=1, validation=0.1)
    held = part.memory_parts["held-out text"]
    assert held == corpus.ids.nbytes + 2 * corpus.type_counts.nbytes
    assert part.memory_parts["ids"] == plain.memory_parts["ids"]
    assert part.trained_tokens < plain.trained_tokens
    assert 0 < part.time_parts["held-out loss"] < 0.2 * part.time_parts["training"]
    other = w2v.plan(corpus, workers=1, validation=[["word1", "word2"]] * 10)
    assert other.memory_parts["held-out text"] < 1_000
    assert other.trained_tokens == plain.trained_tokens
    kept = w2v.plan(corpus, workers=1, validation=0.1, early_stopping=True, checkpoint="never")
    for name in ("best weights", "copy for checkpoints"):
        assert kept.memory_parts[name] == 2 * plain.memory_parts["vectors"]


def test_a_long_list_is_looked_at_in_part():
    sentences = [[f"word{i}", f"text{i}"] for i in range(5_000)]
    size = sum(plan_module._object_size(each, set()) for each in sentences)
    assert plan_module.source_memory(sentences) == pytest.approx(size, rel=0.05)
    assert plan_module.source_memory(iter(sentences)) == 0
    assert plan_module.source_memory("text.txt") == 0
    assert plan_module.source_memory(np.zeros((10, 3), np.int32)) == 120


def test_reading_has_a_peak_of_its_own(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("\n".join(f"a b w{i}" for i in range(20_000)))
    plan = w2v.plan(path, min_count=10, vector_size=1, workers=1, measure=False)
    assert plan.memory == plan.peaks["reading"] > plan.peaks["training"]
    assert plan.memory_parts["buffers of reading"] == 42 * plan.types
    assert "vectors" not in plan.memory_parts
    assert "in reading" in str(plan)
    Corpus(path).save(tmp_path / "text.w2vc")
    mapped = w2v.plan(tmp_path / "text.w2vc", min_count=10, measure=False)
    assert mapped.memory_parts["ids in the file"] == 4 * 80_000
    assert "buffers of reading" not in mapped.memory_parts


def test_replicas_leave_memory_for_the_matrices(monkeypatch):
    monkeypatch.setattr(shards, "_MIN_TOKENS", 100)
    monkeypatch.setattr(shards, "available_memory", lambda: MB)
    corpus = Corpus(SENTENCES)
    config = TrainingConfig(vector_size=16, min_count=1, workers=2)
    vocabulary = Vocabulary.from_corpus(corpus, min_count=1)
    tables = resources.small_tables(corpus, vocabulary, config)
    assert shards.ShardPlan.of(vocabulary, config, tables, corpus.n_tokens).complete
    later = shards.ShardPlan.of(vocabulary, config, tables, corpus.n_tokens, reserved=MB - 100_000)
    assert later.replica_rows == 25_000 // 2 // (4 * 16 + 2)


@pytest.mark.parametrize(
    ("settings", "free", "expected"),
    [
        ({"vector_size": 300}, 100 * MB, ["vector_size=", "max_final_vocab=", "min_count="]),
        ({"vector_size": 100, "deterministic": True}, 300 * MB, ["max_final_vocab=", "shards="]),
        ({"hs": 1, "negative": 0}, 30 * MB, ["vector_size="]),
    ],
)
def test_what_cannot_fit_is_refused_before_it_is_allocated(monkeypatch, settings, free, expected):
    vocabulary = Vocabulary([f"w{i}" for i in range(40_000)], np.arange(40_004, 4, -1))
    monkeypatch.setattr(resources, "free_memory", lambda: free)
    monkeypatch.setattr(
        w2v.training.word2vec.Weights, "untrained", lambda *_: pytest.fail("allocated")
    )
    model = Word2Vec(workers=2, **settings)
    with pytest.raises(MemoryError, match=r"40,000 words x \d+ dimensions needs about") as refused:
        model.build_vocab_from_freq(vocabulary)
    advice = str(refused.value).partition("these would fit: ")[2].split(", or ")
    assert [each for each in expected if any(a.startswith(each) for a in advice)] == expected
    for each in advice:  # and each of them does fit
        name, value = each.split("=")
        changed = model.config.replace(**{name: int(value)})
        kept = Vocabulary.from_counts(
            vocabulary, min_count=changed.min_count, max_final_vocab=changed.max_final_vocab
        )
        resources.check_memory(kept, changed)


def test_growth_and_later_training_that_cannot_fit_are_refused(monkeypatch):
    model = Word2Vec(vector_size=300, workers=1, min_count=1)
    model.build_vocab_from_freq({"a": 9, "b": 7})
    monkeypatch.setattr(resources, "free_memory", lambda: 20 * MB)
    with pytest.raises(MemoryError, match=r"40,002 words x 300 dimensions needs about"):
        model.build_vocab_from_freq({f"w{i}": 5 for i in range(40_000)}, update=True)
    assert model.wv.index_to_key == ["a", "b"]
    monkeypatch.setattr(resources, "free_memory", lambda: 0)
    with pytest.raises(MemoryError, match=r"2 words x 300 dimensions needs about"):
        model.train([["a", "b"]])
    held = resources.needed_memory(model.vocabulary, model.config)
    resources.check_memory(model.vocabulary, model.config, sum(held.values()))


@pytest.mark.parametrize(
    ("more", "part"),
    [
        ({"anchor": 1.0}, "anchored rows 3 MiB"),
        ({"validation": 0.2, "early_stopping": True}, "best weights 3 MiB"),
    ],
)
def test_copies_of_the_matrices_are_refused_early(monkeypatch, more, part):
    text = [[f"w{i}", f"w{i + 1}"] for i in range(1_000)]
    model = Word2Vec(text, vector_size=300, workers=1, min_count=1, epochs=1)
    needed = sum(resources.needed_memory(model.vocabulary, model.config).values())
    copy = sum(resources.matrix_memory(len(model.wv), model.config).values())
    enough = needed + copy - model._weights.n_bytes  # which the model has already
    with monkeypatch.context() as patched:
        patched.setattr(resources, "free_memory", lambda: enough - 1)
        patched.setattr(Trainer, "run", lambda *_: pytest.fail("trained"))
        with pytest.raises(MemoryError, match=part):
            model.train(text, **more)
    monkeypatch.setattr(resources, "free_memory", lambda: enough)
    assert model.train(text, **more).tokens


def test_given_vectors_that_cannot_fit_are_refused_before_rows_are_allocated(monkeypatch):
    given = w2v.KeyedVectors(["w1", "w2"], np.ones((2, 300), np.float32))
    monkeypatch.setattr(resources, "free_memory", lambda: 20 * MB)
    monkeypatch.setattr(
        w2v.training.word2vec.Weights, "untrained", lambda *_: pytest.fail("allocated")
    )
    model = Word2Vec(vector_size=300, workers=1, min_count=1)
    with pytest.raises(MemoryError, match=r"40,000 words x 300 dimensions needs about"):
        model.build_vocab([[f"w{i}", f"w{i + 1}"] for i in range(0, 40_000, 2)], init=given)


def test_what_fits_or_is_unknown_is_not_refused(monkeypatch):
    vocabulary = Vocabulary(["a", "b"], np.array([9, 7]))
    monkeypatch.setattr(resources, "free_memory", lambda: None)
    resources.check_memory(vocabulary, TrainingConfig())
    monkeypatch.setattr(resources, "free_memory", lambda: 0)
    with pytest.raises(MemoryError, match="only 1 MiB of memory are free; free some memory"):
        resources.check_memory(vocabulary, TrainingConfig())


# ---- Time ----------------------------------------------------------------------------------------


def test_time_is_that_of_the_sample(clock):
    corpus = Corpus(SENTENCES)
    plan = w2v.plan(corpus, workers=1, vector_size=50, epochs=4, min_count=1)
    config, given = clock[0]
    assert (config.vector_size, config.epochs, config.workers) == (50, 4, 1)
    assert given["tokens"] == corpus.n_tokens
    assert sum(more["seconds"] for _, more in clock) <= 2
    assert plan.time_parts["training"] == 4 * corpus.n_tokens / 2_000
    assert 0.25 <= plan.time_parts["building"] < 5
    assert plan.seconds == sum(plan.time_parts.values())
    assert plan.predictions == 4 * 3 * corpus.n_tokens
    assert w2v.plan(corpus, workers=1, max_seconds=0.5).time_parts["training"] == 0.5


def test_other_qualities_are_told_beside_it(clock):
    plan = w2v.plan(SENTENCES, workers=1, min_count=1)
    assert [each.name for each in plan.qualities] == list(QUALITIES)
    assert plan.qualities[2].seconds == pytest.approx(2 * 3 * plan.qualities[1].seconds)
    assert "analogies +0.09" in dict(plan.rows())["quality best"]
    assert w2v.plan(SENTENCES, workers=1, sg=0).qualities == ()


def test_rounds_of_late_epochs_are_counted_not_listed(monkeypatch):
    for final, limit, tokens, start in (
        (0.0, 80_000, 10**5, 0), (0.4, 10_000, 10**5, 0), (1.0, 2e6, 10**5, 0),
        (0.0, 500_000, 10**7, 0), (0.0, 80_000, 10**5, 0.3), (0.0, 80_000, 10**5, 1),
    ):  # fmt: skip
        monkeypatch.setattr(rounds, "_ROUND_TOKENS", limit)
        monkeypatch.setattr(rounds, "_TOKENS_OF_EACH", limit / 4)
        planned = list(resources.schedule(tokens, 4, 20_000, 50, final, start))
        listed, last = [], None
        while True:
            done = 0 if last is None else last.epoch * tokens + last.end
            fallen = max(0, done / (50 * tokens) - start) / max(1 - start, 1e-9)
            patience = patience_at(1 - (1 - final) * fallen)
            last = next_round(tokens, 4, 20_000, last, patience=patience)
            if last.epoch == 50:
                break
            listed.append((last.begin, last.end, last.replicas))
        assert len(planned) < len(listed) / 2
        found = [(one.begin, one.end, one.replicas) for one, times in planned for _ in range(times)]
        assert sorted(found) == sorted(listed)


def test_time_of_rounds_by_hand():
    """Tokens, rows and merges of known cost: the estimate finds it from a few short rounds."""
    uses = np.full(1_000, 1e-4)

    def took(tokens):
        rows = 1_000 * (1 - math.exp(-1e-4 * tokens))
        return TimedRound(tokens, 2e-6 * tokens + 1e-4 * rows, 3e-5 * rows + 0.01)

    def planned():
        yield Round(0, 0, 0, 50_000), 2
        yield Round(0, 1, 0, 1_000_000), 3

    expected = 2 * took(50_000).all_seconds + 3 * took(1_000_000).all_seconds
    measured = [took(n) for n in (1_000, 2_500, 9_000, 17_000, 17_500, 18_000)]
    assert resources.sharded_seconds(measured, planned(), uses) == pytest.approx(expected, rel=0.02)
    slow = [dataclasses.replace(measured[0], seconds=measured[0].seconds + 7), *measured[1:]]
    assert resources.sharded_seconds(slow, planned(), uses) == pytest.approx(
        expected + 7, rel=0.02
    )  # memory is touched in the first round
    slow = [*measured[:-1], dataclasses.replace(measured[-1], seconds=5.0)]  # a thread had to wait
    assert resources.sharded_seconds(slow, planned(), uses) == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_time_of_rounds_of_several_replicas(threads):
    uses = np.full(1_000, 1e-4)

    def took(tokens, replicas):
        each = tokens / replicas
        rows = 1_000 * (1 - math.exp(-1e-4 * each))
        turns = -(-replicas // threads)
        merging = 3e-5 * rows * replicas / threads + 0.01
        return TimedRound(tokens, turns * (2e-6 * each + 1e-4 * rows), merging, replicas)

    def planned():
        yield Round(0, 0, 0, 50_000, 1), 2
        yield Round(0, 1, 0, 1_000_000, 16), 3

    expected = 2 * took(50_000, 1).all_seconds + 3 * took(1_000_000, 16).all_seconds
    measured = [took(1_000, 1), took(9_000, 1), took(18_000, 1), took(40_000, 2), took(90_000, 4)]
    found = resources.sharded_seconds(measured, planned(), uses, threads)
    assert found == pytest.approx(expected, rel=0.02)


def test_what_the_first_piece_takes_is_no_measure(monkeypatch):
    """As where libraries are loaded, and their threads started: once, for whatever piece."""
    pieces = []

    def run(self, position, n_ids):
        pieces.append(n_ids)
        return (5.0 if len(pieces) == 1 else 1e-3 + n_ids / 1e6), n_ids

    monkeypatch.setattr(resources._ThroughputProbe, "run", run)
    corpus = Corpus(SENTENCES)
    config = TrainingConfig(vector_size=8, min_count=1, workers=1, sg=0)
    vocabulary = Vocabulary.from_corpus(corpus, min_count=1)
    measured = resources.measure_throughput(corpus, vocabulary, config, seconds=0.6)
    assert 0.9e6 < measured.words_per_second < 1e6
    assert pieces[-1] > 100_000


def test_shards_are_trained_and_merged_in_the_sample(monkeypatch):
    monkeypatch.setattr(shards, "_MIN_TOKENS", 100)
    monkeypatch.setattr(BlockRun, "run", lambda *_: pytest.fail("not merged"))
    corpus = Corpus(SENTENCES * 3)
    config = TrainingConfig(vector_size=8, min_count=1, workers=2, epochs=20)
    vocabulary = Vocabulary.from_corpus(corpus, min_count=1)
    probe = resources._ThroughputProbe(corpus, vocabulary, config)
    measured = probe.rounds(0.2)
    assert len(measured) >= 4
    assert measured[0].tokens == next_round(corpus.n_tokens, 2, len(vocabulary), None).end
    assert all(each.seconds > 0 and each.merge_seconds > 0 for each in measured)
    measured = resources.measure_throughput(corpus, vocabulary, config, seconds=0.01)
    assert measured.seconds > 0
    assert 1 < measured.predictions_per_word < 6


def test_the_sample_jumps_to_rounds_as_long_as_its_time(monkeypatch):
    monkeypatch.setattr(shards, "_MIN_TOKENS", 100)
    corpus = Corpus(SENTENCES)
    config = TrainingConfig(vector_size=8, min_count=1, workers=2, epochs=20)
    vocabulary = Vocabulary.from_corpus(corpus, min_count=1)
    probe = resources._ThroughputProbe(corpus, vocabulary, config)
    made = []
    start = resources._SampledRun.__init__

    def init(self, *given):
        start(self, *given)
        made.append(self)

    monkeypatch.setattr(resources._SampledRun, "__init__", init)
    probe.rounds(0.005)
    run = made[0]
    run.measured = [TimedRound(2_000, 0.001, 0.001)]
    run.last = None
    run.jump(0.004)
    largest = next_round(run.tokens, 2, len(vocabulary), run.last)
    assert 2_000 < largest.end - largest.begin <= 4_000
    assert run.last.end <= run.tokens


# ---- Warnings ------------------------------------------------------------------------------------


def test_warnings(monkeypatch, tmp_path):
    few = w2v.plan(SENTENCES, min_count=1, vector_size=200, measure=False)
    lower = warned(few)["few tokens for the dimensions"]
    assert f"lower vector_size to {4 * few.tokens // few.words // 10 * 10}" in lower
    assert "few tokens" in warned(few)
    rare = {f"w{i}": 5 if i % 2 else 4 for i in range(60)} | {f"x{i}": 900 for i in range(50)}
    assert warned(w2v.plan(rare, measure=False, min_count=1))["rare words"].startswith("60 of")
    rare |= {f"y{i}": 6 for i in range(20)}
    assert "rare words" not in warned(w2v.plan(rare, measure=False, min_count=1))
    monkeypatch.setattr(plan_module.shutil, "disk_usage", lambda folder: asked.append(folder) or d)
    asked, d = [], dataclasses.make_dataclass("Usage", ["free"])(1 << 10)
    plan = w2v.plan(SENTENCES, measure=False, output=tmp_path / "no" / "model")
    assert asked == [str(tmp_path)]
    assert warned(plan)["disk"].endswith("has only 1 MiB free; save it elsewhere")


def test_what_does_not_fit_is_not_measured(monkeypatch, clock):
    monkeypatch.setattr(plan_module, "available_memory", lambda: 50_000)
    plan = w2v.plan(SENTENCES, min_count=1)
    assert (plan.seconds, clock) == (None, [])
    assert "only 1 MiB of memory are free" in warned(plan)["memory"]


# ---- Use -----------------------------------------------------------------------------------------


def test_as_text_and_as_json(clock):
    plan = w2v.plan(SENTENCES, workers=2, min_count=1)
    assert json.loads(json.dumps(plan.to_dict()))["memory"] == plan.memory
    rows = dict(plan.rows())
    assert "skip-gram with 5 noise words, 100 dimensions, 5 epochs" in rows["training"]
    assert str(plan).splitlines()[0].startswith("text ")
    with pytest.raises(dataclasses.FrozenInstanceError):
        plan.memory = 1
    names = [("CBOW with full softmax", {"sg": 0, "softmax": True})]
    names += [("hierarchical softmax and 3 noise words", {"hs": 1, "negative": 3})]
    for name, settings in names:
        assert name in str(w2v.plan(SENTENCES, measure=False, **settings))


@pytest.mark.parametrize(
    ("source", "settings", "kind", "message"),
    [
        (SENTENCES, {"vector_size": 0}, ValueError, "vector_size=0: expected"),
        (SENTENCES, {"size": 100}, TypeError, "vector_size"),
        (SENTENCES, {"dimension": 100}, TypeError, "unexpected keyword argument 'dimension'"),
        (SENTENCES, {"corpus_file": "x"}, TypeError, "first argument"),
        (SENTENCES, {"min_count": 10**6}, ValueError, "no word occurs at least 1,000,000 times"),
        (SENTENCES, {"validation": 0.9}, ValueError, "at most 0.5"),
        (SENTENCES, {"early_stopping": True}, ValueError, "requires text that is held out"),
        (SENTENCES, {"softmax": True, "max_softmax_vocab": 9}, ValueError, "exceed"),
        ("missing.txt", {}, FileNotFoundError, "missing.txt"),
        ([], {}, ValueError, "no sentences"),
        (7, {}, TypeError, "source: expected"),
    ],
)
def test_errors_are_those_of_training(source, settings, kind, message):
    with pytest.raises(kind, match=message):
        w2v.plan(source, measure=False, **settings)


def test_the_callers_things_stay_as_they_are(clock):
    corpus = Corpus(SENTENCES)
    before = corpus.ids.copy(), corpus.type_counts.copy()
    w2v.plan(corpus, workers=1, on_epoch_end=pytest.fail)
    assert np.array_equal(before[0], corpus.ids)
    assert np.array_equal(before[1], corpus.type_counts)


def test_on_the_command_line(capsys, tmp_path, clock):
    from w2v.cli import app

    path = tmp_path / "text.txt"
    path.write_text("\n".join(map(" ".join, SENTENCES)))
    given = ["plan", str(path), "--workers", "1", "--min-count", "2", "--validation", "0.1"]
    assert app.main([*given, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    plan = w2v.plan(path, workers=1, min_count=2, validation=0.1)
    for name in ("words", "trained_tokens", "memory_parts", "files"):
        assert shown[name] == getattr(plan, name)
    assert app.main([*given, "--no-measure", "--memory", "1GB"]) == 0
    out = capsys.readouterr().out
    assert "vocabulary" in out
    assert "\ntime" not in out
    assert app.main(["plan", str(tmp_path / "none")]) == 1
    assert app.main(["plan", str(path), "--vector-size", "0"]) == 2
    assert app.main(["plan", str(path), "--vocab", str(path), "--max-final-vocab", "9"]) == 2
    err = capsys.readouterr().err
    assert "none: No such file" in err
    assert "--vector-size 0: expected an integer" in err
