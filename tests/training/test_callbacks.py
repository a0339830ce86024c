"""Callbacks: when each method is called, with what, and what becomes of a run that they end."""

import math
import re

import numpy as np
import pytest

from w2v import Corpus, EarlyStopping, TrainingInterrupt, Word2Vec
from w2v.callbacks import Callback
from w2v.cli import app
from w2v.compat.gensim.models.callbacks import CallbackAny2Vec
from w2v.training import blocks, rounds, shards

WORDS = np.array([f"w{i}" for i in range(30)])
EPOCH = ["on_epoch_begin", "on_epoch_end"]


@pytest.fixture(scope="module")
def corpus():
    return Corpus(np.random.default_rng(3).choice(WORDS, (200, 6)).tolist())


def built(corpus, **more):
    chosen = {"vector_size": 8, "min_count": 1, "epochs": 2, "sample": 0, "workers": 1}
    model = Word2Vec(**chosen | more)
    model.build_vocab(corpus)
    return model


class Notes:
    """Notes the names of the methods that are called; some of them raise, or end training."""

    def __init__(self, fails="", ends="", error=None):
        self.calls, self.fails, self.ends, self.error = (
            [],
            fails,
            ends,
            error or ValueError("no more"),
        )

    def note(self, name):
        self.calls.append(name)
        if name == self.fails:
            raise self.error
        return name == self.ends

    def on_train_begin(self, model):
        return self.note("on_train_begin")

    def on_epoch_begin(self, model):
        return self.note("on_epoch_begin")

    def on_epoch_end(self, model):
        return self.note("on_epoch_end")

    def on_train_end(self, model):
        return self.note("on_train_end")


def test_the_order_is_that_of_gensim(corpus):
    notes, seen = Notes(), []
    model = built(corpus)
    result = model.train(corpus, callbacks=[notes], on_epoch_end=lambda m: seen.append(m))
    assert notes.calls == ["on_train_begin", *EPOCH, *EPOCH, "on_train_end"]
    assert seen == [model, model]
    assert result.stopped_by is None
    made = Notes()
    Word2Vec(corpus, min_count=1, vector_size=4, epochs=2, callbacks=iter([made]))
    assert made.calls == notes.calls


def test_callbacks_of_gensim_work_unchanged(corpus):
    class Seen(CallbackAny2Vec):
        def __init__(self):
            self.norms = []

        def on_epoch_end(self, model):
            self.norms.append(model.wv.norms[0])
            assert model.wv.norms[0] == pytest.approx(np.linalg.norm(model.wv.vectors[0]))

    seen = Seen()
    model = built(corpus)
    model.train(corpus, callbacks=[seen])
    assert seen.norms[0] != seen.norms[1] == model.wv.norms[0]


def test_callbacks_change_nothing_that_is_trained(corpus):
    plain, called = built(corpus), built(corpus)
    plain.train(corpus)
    called.train(corpus, callbacks=[Notes()])
    assert called.wv.vectors.tobytes() == plain.wv.vectors.tobytes()


@pytest.mark.parametrize(("ends", "trained", "calls"), [
    ("on_train_begin", 0, []),
    ("on_epoch_begin", 0, EPOCH[:1]),
    ("on_epoch_end", 1, EPOCH),
    ("on_train_end", 2, [*EPOCH, *EPOCH]),
])  # fmt: skip
def test_true_ends_training(corpus, ends, trained, calls):
    notes = Notes(ends=ends)
    result = built(corpus).train(corpus, callbacks=[notes])
    assert notes.calls == ["on_train_begin", *calls, "on_train_end"]
    assert result.tokens == trained * 1200
    assert result.stopped_by == (None if trained == 2 else "callback")
    assert not result.interrupted


@pytest.mark.parametrize("fails", ["on_train_begin", "on_epoch_begin", "on_epoch_end"])
def test_what_a_callback_raises_reaches_the_caller_with_the_model(corpus, fails):
    notes, other = Notes(fails=fails), Notes()
    with pytest.raises(ValueError, match=r"^no more$") as caught:
        Word2Vec(corpus, min_count=1, vector_size=4, epochs=2, callbacks=[notes, other])
    model = caught.value.model
    assert notes.calls[-2:] == [fails, "on_train_end"]
    assert other.calls[-1] == "on_train_end"
    assert len(model.training_loss) == (fails == "on_epoch_end")
    assert len(model.train(corpus).loss) == 2


def test_ctrl_c_and_the_end(corpus):
    notes = Notes(fails="on_epoch_end", error=KeyboardInterrupt())
    with pytest.raises(TrainingInterrupt) as caught:
        built(corpus).train(corpus, callbacks=[notes])
    assert notes.calls[-1] == "on_train_end"
    assert caught.value.result.stopped_by == "interrupt"


def test_the_first_of_two_exceptions_is_raised(corpus):
    last = Notes(fails="on_train_end", error=KeyError("later"))
    with pytest.raises(ValueError, match=r"^no more$"):
        built(corpus).train(corpus, callbacks=[Notes(fails="on_epoch_end"), last])
    with pytest.raises(KeyError, match="later"):
        built(corpus).train(corpus, callbacks=[last])


def test_no_end_after_a_divergence(corpus):
    notes = Notes()
    model = built(corpus, sg=0, epochs=20)
    with pytest.raises(FloatingPointError):
        model.train(corpus, start_alpha=1e30, callbacks=[notes])
    assert "on_train_end" not in notes.calls
    assert model.history == model.training_loss == []


def test_history_ends_with_the_epoch_and_what_was_measured(corpus):
    class Measures(Callback):
        def __init__(self):
            self.records = []

        def on_epoch_end(self, model):
            self.metrics = {"length": float(model.wv.norms.mean())}
            assert model.history[-1].epoch == len(model.training_loss)

        def on_record(self, model, record):
            self.records.append(record)

    measures = Measures()
    model = built(corpus)
    result = model.train(corpus, callbacks=[measures])
    assert tuple(measures.records) == result.history == tuple(model.history)
    lengths = [record.metrics["length"] for record in result.history]
    assert lengths == sorted(set(lengths))
    model.train(corpus, epochs=1)
    assert [record.epoch for record in model.history] == [1, 2, 3]


class Intervals(Callback):
    def __init__(self, interval):
        self.interval, self.tokens = interval, []

    def on_interval(self, model):
        self.tokens.append(model)


def test_intervals(corpus, monkeypatch):
    monkeypatch.setattr(blocks, "_MIN_BLOCK_IDS", 30)
    often, never = Intervals("100 tokens"), Intervals("1h")
    epochs = Intervals("0.5 epochs")
    built(corpus).train(corpus, callbacks=[often, never, epochs])
    assert (len(often.tokens), len(never.tokens), len(epochs.tokens)) == (24, 0, 4)


def test_merges(corpus, monkeypatch):
    monkeypatch.setattr(shards, "_MIN_TOKENS", 200)
    monkeypatch.setattr(shards, "_MIN_WORDS", 1)
    monkeypatch.setattr(rounds, "_FIRST_TOKENS", 100)

    class Merges:
        seen = ()

        def on_merge(self, model):
            self.seen = (*self.seen, model.wv.similarity("w1", "w2"))

    merges, none = Merges(), Merges()
    chosen = {"shards": 3, "workers": 2}
    plain, merged = built(corpus, **chosen), built(corpus, **chosen)
    assert plain.train(corpus).shards == merged.train(corpus, callbacks=[merges]).shards == 3
    assert merged.wv.vectors.tobytes() == plain.wv.vectors.tobytes()
    assert len(set(merges.seen)) > 4
    assert merges.seen[-1] == merged.wv.similarity("w1", "w2")
    built(corpus, shards=1).train(corpus, callbacks=[none])
    assert none.seen == ()


@pytest.mark.parametrize(("wrong", "words"), [
    (Notes(), r"^callbacks=<.*>: expected a list of callbacks; put it in brackets"),
    ([Notes], r"^callbacks\[0\] is the class Notes: expected an instance"),
    ([Notes(), 3], r"^callbacks\[1\] is of type int: expected an object with one of the methods"),
    ([print], "pass a function as on_epoch_end="),
    ([EarlyStopping()], "use early_stopping="),
    ([Intervals("often")], r"^interval of callbacks\[0\]='often': expected a number and a unit"),
])  # fmt: skip
def test_what_cannot_be_called_is_refused_before_reading(wrong, words):
    unread = iter([["a", "b"]])
    with pytest.raises((TypeError, ValueError), match=words):
        Word2Vec(unread, callbacks=wrong)
    assert next(unread) == ["a", "b"]


def test_callbacks_cannot_change_what_is_being_trained(corpus):
    class Trains:
        def on_train_begin(self, model):
            model.train(corpus, epochs=1)

    with pytest.raises(RuntimeError, match=r"^Trains.on_train_begin has trained the model"):
        built(corpus).train(corpus, callbacks=[Trains()])
    with pytest.raises(ValueError, match="callbacks= requires a corpus"):
        Word2Vec(callbacks=[Notes()])


def test_the_log(corpus, caplog):
    with caplog.at_level("INFO", logger="w2v"):
        built(corpus).train(corpus)
        built(corpus).train(corpus, validation=0.1, callbacks=[Notes(ends="on_epoch_end")])
    lines = [record.getMessage() for record in caplog.records]
    assert lines[0].startswith("training 30 words of 8 dimensions: 2 epochs of 1,200 words; th")
    assert lines[2].startswith("end of epoch 2 of 2: loss ")
    assert lines[3].startswith("trained on 2,400 words in ")
    assert ", held-out " in lines[5]
    assert lines[6].endswith("; ended by callback")


def test_history_is_in_the_file(corpus, tmp_path, capsys):
    model = built(corpus)
    model.train(corpus, validation=0.1)
    model.save(tmp_path / "model.safetensors")
    loaded = Word2Vec.load(tmp_path / "model.safetensors")
    assert [record.validation_loss for record in loaded.history] == [
        record.validation_loss for record in model.history
    ]
    assert math.isnan(loaded.history[0].seconds)
    assert app.main(["inspect", str(tmp_path / "model.safetensors")]) == 0
    shown = capsys.readouterr().out
    assert f"end of epoch 2: {model.history[1].describe()}" in re.sub(r"  +", ": ", shown)
    loaded.train(corpus, epochs=1)
    assert [record.epoch for record in loaded.history] == [1, 2, 3]
