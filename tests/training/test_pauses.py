"""Pauses in the midst of a training, and intervals: when something is to happen in it."""

import math
import time

import numpy as np
import pytest
from combinations import OBJECTIVES, settings

from w2v import Corpus, Word2Vec
from w2v.training import blocks, rounds, shards
from w2v.training.intervals import Interval
from w2v.training.trainer import Trainer

WORDS = np.array([f"w{i}" for i in range(40)])
RUNS = {"blocks": {"workers": 1}, "shards": {"workers": 2, "shards": 3}}


@pytest.fixture(scope="module")
def corpus():
    rng = np.random.default_rng(6)
    share = 1 / np.arange(1, len(WORDS) + 1)
    return Corpus(rng.choice(WORDS, (400, 8), p=share / share.sum()).tolist())


@pytest.fixture(autouse=True)
def _short_pieces(monkeypatch):
    monkeypatch.setattr(shards, "_MIN_TOKENS", 200)
    monkeypatch.setattr(shards, "_MIN_WORDS", 1)
    monkeypatch.setattr(shards, "_BALANCE_TOKENS", 10)
    monkeypatch.setattr(rounds, "_FIRST_TOKENS", 100)
    monkeypatch.setattr(rounds, "_HEAD_START", 200)
    monkeypatch.setattr(rounds, "_REPLICA_TOKENS", 50)
    monkeypatch.setattr(blocks, "_BLOCK_IDS", 500)


class Observer:
    """Notes what the run has trained when it is called, until it has been called `limit` times."""

    at_epoch_end = False
    next_time = math.inf

    def __init__(self, every=math.inf, limit=math.inf):
        self.every, self.limit, self.next_tokens, self.calls = every, limit, every, []

    def __call__(self, run):
        self.calls.append(run.trained_tokens)
        self.next_tokens = run.trained_tokens + self.every
        self.next_time = math.inf
        return len(self.calls) >= self.limit


def trained(monkeypatch, corpus, *observers, epochs=2, **more):
    """Return the result of a training with observers, and its vectors."""
    plain = Trainer._run

    def watched(*arguments):
        run = plain(*arguments)
        run.observers += observers
        return run

    with monkeypatch.context() as patched:
        patched.setattr(Trainer, "_run", watched)
        model = Word2Vec(vector_size=8, min_count=1, sample=0.01, epochs=epochs, **more)
        model.build_vocab(corpus)
        return model.train(corpus), model.wv.vectors.tobytes()


@pytest.mark.parametrize(
    ("run", "objective"),
    # Several workers of the full softmax share all rows: each run differs.
    [(run, each) for run in RUNS for each in OBJECTIVES if (run, each) != ("shards", "softmax")],
)
def test_pauses_change_no_byte(monkeypatch, corpus, run, objective):
    chosen = RUNS[run] | settings("skip-gram", objective)
    if objective == "softmax":
        corpus = Corpus(list(corpus)[:60])  # it is slow
    never, always = Observer(), Observer(every=1)
    result, vectors = trained(monkeypatch, corpus, never, **chosen)
    paused, same = trained(monkeypatch, corpus, always, **chosen)
    assert same == vectors
    assert (paused.tokens, paused.loss) == (result.tokens, result.loss)
    assert never.calls == []
    assert len(always.calls) > 6
    assert always.calls == sorted(set(always.calls))
    assert always.calls[-1] == result.tokens == 2 * corpus.n_tokens


@pytest.mark.parametrize("run", RUNS)
def test_observers_are_called_when_they_ask_for_it_and_may_end_training(monkeypatch, corpus, run):
    often, seldom, epochs = Observer(every=900), Observer(every=3000), Observer()
    epochs.at_epoch_end = True
    trained(monkeypatch, corpus, often, seldom, epochs, **RUNS[run])
    for observer in often, seldom:
        steps = np.diff([0, *observer.calls])
        assert (steps >= observer.every).all()
        assert (steps < observer.every + 1100).all()
    assert epochs.calls == [3200, 6400]

    ends = Observer(every=900, limit=2)
    result, _ = trained(monkeypatch, corpus, ends, **RUNS[run])
    assert result.tokens == ends.calls[-1] < 3200
    assert not result.interrupted
    assert result.history == ()


@pytest.mark.parametrize("run", RUNS)
def test_an_observer_may_ask_for_a_time(monkeypatch, corpus, run):
    at_once = Observer(limit=1)
    at_once.next_time = time.perf_counter()
    result, _ = trained(monkeypatch, corpus, at_once, epochs=10_000, **RUNS[run])
    assert 0 < result.tokens < 10_000 * 3200


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10min", Interval(seconds=600)),
        ("0.5s", Interval(seconds=0.5)),
        ("2 Hours", Interval(seconds=7200)),
        ("1 second", Interval(seconds=1)),
        ("5_000_000 tokens", Interval(tokens=5e6)),
        ("1,000 words", Interval(tokens=1000)),
        ("1 epoch", Interval(epochs=1)),
        (".25 epochs", Interval(epochs=0.25)),
    ],
)
def test_intervals(text, expected):
    assert Interval.parse(text, "every") == expected


@pytest.mark.parametrize(
    "text", ["", "10", "min", "0s", "-1 epoch", "10 mins of it", "1e3 s", "nan s"]
)
def test_what_is_no_interval(text):
    with pytest.raises(
        ValueError, match=r'every=.*: expected a number and a unit, such as "10min"'
    ):
        Interval.parse(text, "every")


def test_an_interval_is_a_text():
    with pytest.raises(TypeError, match="every=10: expected a number and a unit"):
        Interval.parse(10, "every")


def test_when_an_interval_ends():
    assert Interval(tokens=100).next_tokens(0, 1000) == 100
    assert Interval(tokens=100).next_tokens(100, 1000) == 200
    assert Interval(tokens=0.3).next_tokens(7, 1000) == 8
    third = Interval(epochs=1 / 3)
    assert [third.next_tokens(n, 100) for n in (0, 33, 34, 99, 100)] == [34, 34, 67, 100, 134]
    assert math.isinf(Interval(seconds=5).next_tokens(0, 100))
    assert Interval(seconds=5).next_time(10.0) == 15.0
    assert math.isinf(Interval(tokens=5).next_time(10.0))
