"""Early stopping: when a run ends because its held-out loss falls no longer; its weights."""

import json
import math

import numpy as np
import pytest

from w2v import Corpus, EarlyStopping, Word2Vec
from w2v.training import blocks, early_stopping
from w2v.training.history import EpochRecord
from w2v.training.weights import Weights

WORDS = np.array([f"w{i}" for i in range(30)])


@pytest.fixture(scope="module")
def corpus():
    return Corpus(np.random.default_rng(3).choice(WORDS, (200, 6)).tolist())


def built(corpus, **more):
    """Return a model that learns its text by heart, so that its held-out loss rises soon."""
    chosen = {"vector_size": 8, "min_count": 1, "epochs": 60, "sample": 0, "workers": 1}
    model = Word2Vec(**chosen | {"alpha": 0.2} | more)
    model.build_vocab(corpus)
    return model


def test_a_run_ends_and_keeps_the_best_weights(corpus):
    model = built(corpus)
    result = model.train(corpus, validation=0.2, early_stopping=EarlyStopping(4, cool_down=0))
    losses = [record.validation_loss for record in result.history]
    assert result.stopped_by == "early_stopping"
    assert len(losses) < 60
    assert losses.index(min(losses)) == len(losses) - 5
    assert result.best == result.history[-5]
    best, stopper = built(corpus), []

    def keep(model):
        if len(model.history) == len(losses) - 4:
            stopper.append(model.wv.vectors.tobytes())

    best.train(corpus, validation=0.2, on_epoch_end=keep, epochs=60)
    assert stopper == [model.wv.vectors.tobytes()]


def test_the_learning_rate_falls_from_the_best_weights_on(corpus, monkeypatch):
    monkeypatch.setattr(blocks, "_MIN_BLOCK_IDS", 30)
    ended, begun = {}, {}

    class Keeps:
        def on_epoch_end(self, model):
            ended[len(model.history)] = model.wv.vectors.tobytes()

        def on_epoch_begin(self, model):
            begun[len(model.history)] = model.wv.vectors.tobytes()

    at_once, cooled = (
        built(corpus).train(
            corpus, validation=0.2, early_stopping=EarlyStopping(4, 0, share), callbacks=[Keeps()]
        )
        for share in (0, 0.5)
    )
    n, last = len(at_once.history), cooled.history[-1]
    assert [record.loss for record in cooled.history[:n]] == [
        record.loss for record in at_once.history
    ]
    assert cooled.stopped_by == "early_stopping"
    wanted = at_once.tokens + at_once.best.tokens // 2
    assert wanted <= cooled.tokens == last.tokens <= wanted + 40
    assert last.learning_rate == pytest.approx(1e-4)
    assert cooled.best.validation_loss < at_once.best.validation_loss
    assert cooled.best.tokens > at_once.tokens
    assert begun[n] == ended[n - 4] != ended[n]


def test_shards_stop_alike_with_any_number_of_workers(corpus):
    text = [WORDS[np.arange(i, i + 20) % 30].tolist() for i in range(4000)]
    text += [[f"x{i % 270}", f"x{(i + 1) % 270}"] for i in range(540)]
    vectors = set()
    for workers in (1, 2):
        model = built(text, shards=3, workers=workers, epochs=4)
        result = model.train(
            text, validation=corpus, validation_every="0.3 epochs", early_stopping=1
        )
        assert result.stopped_by == "early_stopping"
        vectors.add(model.wv.vectors.tobytes())
    assert len(vectors) == 1


def record(loss):
    return EpochRecord(1, 100, 0.02, 1.0, loss, 0.0)


def test_patience_and_gain():
    weights = Weights(np.zeros((2, 16), np.float32))
    stopper = early_stopping.Stopper(EarlyStopping(2, 0.1), weights)
    ends = []
    for i, loss in enumerate((3.0, 2.85, 2.8, math.nan, 2.78, 2.9, 2.7)):
        weights.vectors[:] = i
        ends.append(stopper.note(record(loss)))
        if i == 4:
            state, copies = stopper.state()
            state = json.loads(json.dumps(state))
            copies = {name: rows.copy() for name, rows in copies.items()}
    assert ends == [False, False, False, False, True, True, False]
    stopper.restore_best()
    assert (weights.vectors == 6).all()
    other = early_stopping.Stopper(EarlyStopping(3, 0.1), weights)
    other.restore(state, copies)
    assert (other.best, other.waited) == (record(2.78), 2)
    other.restore_best()
    assert (weights.vectors == 4).all()
    assert other.note(record(2.77))


def test_measurements_within_an_epoch(corpus, monkeypatch):
    monkeypatch.setattr(blocks, "_MIN_BLOCK_IDS", 30)
    plain, measured = built(corpus, epochs=2), built(corpus, epochs=2)
    plain.train(corpus)
    result = measured.train(corpus, validation=corpus, validation_every="0.25 epochs")
    assert measured.wv.vectors.tobytes() == plain.wv.vectors.tobytes()
    assert [record.ends_epoch for record in result.history] == 2 * [False, False, False, True]
    assert [record.epoch for record in result.history] == [1] * 4 + [2] * 4
    assert not any(math.isnan(record.validation_loss) for record in result.history)
    assert result.history[3].loss == result.loss[0] != result.history[2].loss
    seldom = built(corpus, epochs=3).train(
        corpus, validation=corpus, validation_every="2000 tokens"
    )
    measurements = [(record.tokens, record.ends_epoch) for record in seldom.history
                    if not math.isnan(record.validation_loss)]  # fmt: skip
    assert measurements == [(pytest.approx(2000, abs=50), False), (3600, True)]


@pytest.mark.parametrize(("given", "words"), [
    ({"early_stopping": True}, "^early_stopping=True requires text that is held out: pass valid"),
    ({"early_stopping": 3, "validation": False}, "^early_stopping=3 requires text that"),
    ({"validation_every": "1 epoch"}, "^validation_every='1 epoch' requires text that is held"),
    ({"validation_every": "5", "validation": True}, "^validation_every='5': expected a number and"),
    ({"early_stopping": "yes", "validation": True}, "^early_stopping='yes': expected True, a numb"),
    ({"early_stopping": 0, "validation": True}, "^patience=0: expected at least 1 measurement"),
])  # fmt: skip
def test_wrong_arguments(corpus, given, words):
    with pytest.raises((TypeError, ValueError), match=words):
        built(corpus).train(corpus, **given)


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("name", ["keep", "restore_best"])
def test_an_interrupt_waits_until_all_weights_are_copied(name, times, monkeypatch):
    rows = np.ones((4, 16), np.float32)
    weights = Weights(rows.copy(), rows.copy(), None)
    stopper = early_stopping.Stopper(EarlyStopping(), weights)
    stopper.best = EpochRecord(1, 1, 0.1, 1.0, 1.0, 1.0, True)
    copy, calls = np.copyto, []

    def interrupted(*args, **more):
        calls.append(args)
        copy(*args, **more)
        if len(calls) <= times:
            raise KeyboardInterrupt

    if name == "restore_best":
        copy = Weights.restore
    monkeypatch.setattr(*((np, "copyto") if name == "keep" else (Weights, "restore")), interrupted)
    work = {
        "keep": lambda: stopper.note(EpochRecord(1, 1, 0.1, 1.0, 0.5, 1.0, True)),
        "restore_best": stopper.restore_best,
    }
    with pytest.raises(KeyboardInterrupt):
        work[name]()
    wanted = name == "keep"
    for each in (stopper.copies, weights.matrices()):
        assert all((rows == wanted).all() for rows in each.values())


@pytest.mark.parametrize(("given", "words"), [
    ({"patience": 1.5}, r"^patience=1.5: expected a number of measurements"),
    ({"min_gain": -1}, r"^min_gain=-1: expected nats per prediction"),
    ({"cool_down": 2}, r"^cool_down=2: expected a share"),
])  # fmt: skip
def test_wrong_rules(given, words):
    with pytest.raises((TypeError, ValueError), match=words):
        EarlyStopping(**given)
