"""The callbacks of w2v.callbacks: scores, model files, the history as a file, TensorBoard."""

import csv
import json
import sys

import numpy as np
import pytest

from w2v import Corpus, Word2Vec
from w2v.callbacks import (
    Callback,
    EvaluateAnalogies,
    EvaluatePairs,
    HistoryWriter,
    ModelCheckpoint,
    TensorBoard,
)

WORDS = np.array([f"w{i}" for i in range(30)])


@pytest.fixture(scope="module")
def corpus():
    return Corpus(np.random.default_rng(3).choice(WORDS, (200, 6)).tolist())


@pytest.fixture
def model(corpus):
    model = Word2Vec(vector_size=8, min_count=1, epochs=3, sample=0, workers=1)
    model.build_vocab(corpus)
    return model


def test_evaluation_sets(corpus, model, tmp_path):
    questions, pairs = tmp_path / "questions.txt", tmp_path / "pairs.tsv"
    questions.write_text(": all\nw1 w2 w3 w4\nw5 w6 w7 w8\n")
    pairs.write_text("w1\tw2\t5\nw3\tw4\t3\nw5\tw6\t1\nw7\tw8\t2\n")
    analogies, similar = EvaluateAnalogies(questions), EvaluatePairs(pairs, "similar")
    result = model.train(corpus, callbacks=[analogies, similar])
    assert [record.metrics for record in result.history] == [
        {"questions": one, "similar": other}
        for one, other in zip(analogies.scores, similar.scores, strict=True)
    ]
    assert len(similar.scores) == 3
    assert similar.scores[-1] == similar.report.spearman == model.wv.evaluate_pairs(pairs).spearman
    assert analogies.scores[-1] == model.wv.evaluate_analogies(questions).total.accuracy
    other = EvaluatePairs(pairs)
    other.restore(json.loads(json.dumps(similar.state())))
    assert other.scores == similar.scores


@pytest.mark.parametrize("kind", [EvaluateAnalogies, EvaluatePairs])
def test_a_wrong_evaluation_set_is_noticed_before_training(tmp_path, kind):
    path = tmp_path / "wrong.txt"
    path.write_text("one\n")
    for one, error in ((path, ValueError), (tmp_path / "none.txt", OSError)):
        with pytest.raises(error, match=one.name):
            kind(one)


class Measures(Callback):
    """Has one score after the other."""

    def __init__(self, *scores):
        self.scores = list(scores)

    def on_epoch_end(self, model):
        self.metrics = {"score": self.scores.pop(0)}


def test_a_table(corpus, model, tmp_path):
    path = tmp_path / "history.csv"
    path.write_text("of an earlier run\n")
    callbacks = [HistoryWriter(path), Measures(1, 2, 3)]
    result = model.train(corpus, callbacks=callbacks)
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3]
    assert [float(row["score"]) for row in rows] == [1, 2, 3]
    assert [float(row["loss"]) for row in rows] == list(result.loss)
    assert {row["validation_loss"] for row in rows} == {""}
    assert rows[0]["ends_epoch"] == "True"


def test_lines_of_json_and_how_they_go_on(corpus, model, tmp_path):
    path = tmp_path / "history.jsonl"
    seen = []

    class Reads(Callback):
        def on_record(self, model, record):
            seen.append(path.read_bytes().count(b"\n"))

    writer = HistoryWriter(path)
    result = model.train(corpus, validation=0.1, callbacks=[writer, Reads()])
    assert seen == [1, 2, 3]
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines == [record.to_dict() for record in result.history]
    model.train(corpus, epochs=1, callbacks=[writer])
    assert path.read_bytes().count(b"\n") == 4
    resumed, state = HistoryWriter(path), writer.state()
    path.write_bytes(path.read_bytes() + b'{"epoch": 5, "of an')
    resumed.restore(json.loads(json.dumps(state)))
    model.train(corpus, epochs=1, callbacks=[resumed])
    assert [json.loads(line)["epoch"] for line in path.read_text().splitlines()] == [1, 2, 3, 4, 5]


def test_wrong_tables(corpus, model, tmp_path):
    with pytest.raises(ValueError, match=r"history.txt: a history is written as a table"):
        HistoryWriter(tmp_path / "history.txt")

    class Late(Callback):
        def on_epoch_end(self, model):
            self.metrics = {"late": 1.0} if len(model.history) > 1 else {}

    model.train(corpus, callbacks=[HistoryWriter(tmp_path / "h.csv"), Late()])
    rows = list(csv.DictReader((tmp_path / "h.csv").read_text().splitlines()))
    assert [row["late"] for row in rows] == ["", "1.0", "1.0"]
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    with pytest.raises(OSError, match="none"):
        model.train(corpus, callbacks=[HistoryWriter(tmp_path / "none" / "h.csv")])


def test_model_files(corpus, model, tmp_path):
    model.train(corpus, callbacks=[
        ModelCheckpoint(tmp_path / "model-{epoch:02d}.safetensors"),
        ModelCheckpoint(tmp_path / "last.safetensors", every="1000 tokens"),
    ])  # fmt: skip
    assert {path.name for path in tmp_path.iterdir()} == {
        "model-01.safetensors", "model-02.safetensors", "model-03.safetensors", "last.safetensors",
    }  # fmt: skip
    second = Word2Vec.load(tmp_path / "model-02.safetensors")
    assert len(second.training_loss) == len(second.history) == 2
    last = Word2Vec.load(tmp_path / "model-03.safetensors")
    assert last.wv.vectors.tobytes() == model.wv.vectors.tobytes()


def test_the_best_model_stays(corpus, model, tmp_path):
    best = ModelCheckpoint(tmp_path / "{epoch}", keep_best="score")
    model.train(corpus, callbacks=[Measures(2, 3, 1), best])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "2"]
    assert best.best == 3
    again = ModelCheckpoint(tmp_path / "{epoch}", keep_best="score")
    again.restore(json.loads(json.dumps(best.state())))
    model.train(corpus, epochs=1, callbacks=[Measures(2.5), again])
    assert not (tmp_path / "4").exists()
    lowest = ModelCheckpoint(tmp_path / "lowest", keep_best=True)
    result = model.train(corpus, validation=0.1, callbacks=[lowest])
    assert lowest.best == min(record.validation_loss for record in result.history)


@pytest.mark.parametrize(("chosen", "words"), [
    ({"keep_best": True}, "none was measured: pass validation=True"),
    ({"keep_best": "scores"}, "no such metric was measured; those of this epoch: 'score'"),
])  # fmt: skip
def test_what_the_best_is_chosen_by_must_be_measured(corpus, model, tmp_path, chosen, words):
    checkpoint = ModelCheckpoint(tmp_path / "m", **chosen)
    with pytest.raises(ValueError, match=words):
        model.train(corpus, callbacks=[Measures(1, 2), checkpoint])


def test_wrong_arguments_of_a_checkpoint(corpus, model, tmp_path):
    for wrong in ("{epo}", "{}", "{epoch:x!}", "{"):
        with pytest.raises(ValueError, match="braces in it are to hold a number"):
            ModelCheckpoint(tmp_path / wrong)
    with pytest.raises(FileNotFoundError, match=r"create it first.*none"):
        model.train(corpus, callbacks=[ModelCheckpoint(tmp_path / "none" / "model")])
    assert model.training_loss == []
    with pytest.raises(ValueError, match="safetensors"):
        ModelCheckpoint(tmp_path / "model.txt")
    with pytest.raises(ValueError, match="every='often': expected a number and a unit"):
        ModelCheckpoint(tmp_path / "model", every="often")


def test_tensorboard(corpus, model, tmp_path):
    pytest.importorskip("tensorboardX")
    from tensorboardX.proto.event_pb2 import Event

    result = model.train(corpus, validation=0.1, callbacks=[
        Measures(1, 2, 3), TensorBoard(tmp_path / "run"),
    ])  # fmt: skip
    (path,) = (tmp_path / "run").iterdir()
    data, events = path.read_bytes(), []
    while data:  # the length in 8 bytes, its checksum in 4, the event, its checksum
        size = int.from_bytes(data[:8], "little")
        events.append(Event.FromString(data[12 : 12 + size]))
        data = data[16 + size :]
    values = [(event.step, value) for event in events for value in event.summary.value]
    found = {(value.tag, step): value.simple_value for step, value in values}
    for record in result.history:
        held_out = found["loss/held-out", record.tokens]
        assert held_out == pytest.approx(record.validation_loss, rel=1e-6)
        assert found["metrics/score", record.tokens] == record.metrics["score"]
    assert len(found) == 12


def test_tensorboard_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ImportError, match=r"pip install 'w2v\[tensorboard\]'"):
        TensorBoard(tmp_path)
