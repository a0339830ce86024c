"""A time limit: the run ends in time, and its learning rate is low by then."""

from types import SimpleNamespace

import numpy as np
import pytest

from w2v import Corpus, Word2Vec
from w2v.training import blocks, pacing, rounds, shards

WORDS = np.array([f"w{i}" for i in range(40)])
RUNS = {
    "one worker": {"workers": 1},
    "Hogwild": {"workers": 2, "replica_memory": 0},
    "shards": {"workers": 2, "shards": 3},
}


@pytest.fixture(scope="module")
def corpus():
    return Corpus(np.random.default_rng(6).choice(WORDS, (400, 8)).tolist())


@pytest.fixture(autouse=True)
def _short_pieces(monkeypatch):
    monkeypatch.setattr(shards, "_MIN_TOKENS", 200)
    monkeypatch.setattr(shards, "_MIN_WORDS", 1)
    monkeypatch.setattr(rounds, "_FIRST_TOKENS", 100)
    monkeypatch.setattr(blocks, "_BLOCK_IDS", 500)


def built(corpus, **more):
    model = Word2Vec(**{"vector_size": 8, "min_count": 1, "sample": 0} | more)
    model.build_vocab(corpus)
    return model


@pytest.mark.parametrize("run", RUNS)
def test_a_run_ends_before_its_last_epoch(corpus, run, monkeypatch):
    monkeypatch.setattr(pacing, "_FIRST_SECONDS", 0.0)
    result = built(corpus, epochs=100_000, **RUNS[run]).train(corpus, max_seconds=0.15)
    assert result.stopped_by == "max_seconds"
    assert 0 < result.tokens < 100_000 * 3200
    last = result.history[-1]
    assert last.tokens == result.tokens
    assert [record.epoch for record in result.history] == sorted(
        {record.epoch for record in result.history}
    )


@pytest.mark.parametrize("run", ["one worker", "shards"])
def test_a_run_with_enough_time_is_as_without_a_limit(corpus, run):
    plain, limited = (built(corpus, epochs=3, **RUNS[run]) for _ in range(2))
    plain.train(corpus)
    result = limited.train(corpus, max_seconds=1e6)
    assert limited.wv.vectors.tobytes() == plain.wv.vectors.tobytes()
    assert (result.stopped_by, len(result.history)) == (None, 3)


@pytest.fixture
def clock(monkeypatch):
    fake = SimpleNamespace(now=50.0)
    monkeypatch.setattr(pacing, "time", SimpleNamespace(perf_counter=lambda: fake.now))
    return fake


def paced(clock, max_seconds, speed, total=100_000, before=0.0, **more):
    """Return the ends of the schedule at each tenth of a time limit, the pacer, and the rate."""
    job = SimpleNamespace(tokens=0, schedule=(0.025, 0, total))
    run = SimpleNamespace(job=job, total=total, alpha=0.025, alpha_of=lambda n: 2.5e3 / n)
    vars(run).update({"decay_start_of": lambda n: 0.0, "cools_down": False} | more)
    pacer = pacing.Pacer(max_seconds, before)
    pacer.begin(run)
    ends = []
    for _ in range(10):
        clock.now += max_seconds / 10
        job.tokens += int(speed * max_seconds / 10)
        pacer.update(run)
        ends.append(job.schedule[2])
    return ends, pacer, job.schedule


def test_the_schedule_ends_where_the_time_does(clock):
    ends, _, schedule = paced(clock, 10.0, speed=1_000)
    assert ends == [10_000] * 10
    assert schedule == (0.25, 0, 10_000)
    # The share after which the rate falls is that of the shorter run.
    share = {"decay_start_of": lambda n: n / 2e4}
    assert paced(clock, 10.0, speed=1_000, **share)[2] == (0.25, 5_000, 10_000)
    # A rate that falls because of early stopping goes on from where it is.
    cooled = paced(clock, 10.0, speed=1_000, **share, cools_down=True)
    assert cooled[2] == (0.025, 0, 10_000)
    assert paced(clock, 10.0, speed=50_000)[0] == [100_000] * 10
    doubtful = paced(clock, 10.0, speed=8_000)[0]
    assert doubtful[:5] == [100_000] * 5
    assert doubtful[5:] == [80_000] * 5


def test_what_is_left(clock):
    _, pacer, _ = paced(clock, 10.0, speed=1_000)
    assert pacer.seconds == 10.0
    pacer.deadline += 4.0
    assert pacer.tokens_left(10_000) == pytest.approx(4_000)
    pacer.merge_seconds = 4.0
    assert pacer.tokens_left(10_000) == 0
    _, resumed, _ = paced(clock, 10.0, speed=1_000, before=7.0)
    assert resumed.seconds == 17.0
    assert resumed.deadline == clock.now - 7.0


@pytest.mark.parametrize(("chosen", "given", "words"), [
    ({}, 0, "^max_seconds=0: expected a number of seconds above 0"),
    ({}, float("nan"), "^max_seconds=nan: expected a number of seconds above 0"),
    ({}, "1min", "^max_seconds='1min': expected a number of seconds"),
    ({}, True, "^max_seconds=True: expected a number of seconds"),
    ({"deterministic": True}, 5, "^max_seconds=5 makes the result depend on the speed of"),
])  # fmt: skip
def test_wrong_limits(corpus, chosen, given, words):
    with pytest.raises((TypeError, ValueError), match=words):
        built(corpus, **chosen).train(corpus, max_seconds=given)
