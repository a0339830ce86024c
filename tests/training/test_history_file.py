"""Histories in files: read as they were written, and refused by line where they are not."""

import json
import math

import pytest

from w2v import Word2Vec
from w2v.callbacks import Callback, HistoryWriter, read_history

TEXT = [["a", "b", "c", "d"], ["b", "c", "a", "e"]] * 40
SETTINGS = {"vector_size": 4, "min_count": 1, "sample": 0, "workers": 1, "epochs": 3}


class Norm(Callback):
    """A metric from the second epoch on, with an awkward name."""

    def __init__(self):
        self.metrics = {}
        self.epochs = 0

    def on_epoch_end(self, model):
        self.epochs += 1
        if self.epochs > 1:
            self.metrics = {'norm, "x"\nof\u2028a': float(model.wv.norms[0])}


def trained(*callbacks, **more):
    return Word2Vec(TEXT, **SETTINGS, validation=0.2, callbacks=[Norm(), *callbacks], **more)


@pytest.mark.parametrize("extension", ["csv", "tsv", "jsonl", "NDJSON"])
def test_what_a_writer_writes_is_read_again(tmp_path, extension):
    path = tmp_path / f"history.{extension}"
    model = trained(HistoryWriter(path), validation_every="0.5 epochs")
    found = read_history(path)
    assert [one.ends_epoch for one in found] == [one.ends_epoch for one in model.history]
    assert not all(one.ends_epoch for one in found)
    for one, record in zip(found, model.history, strict=True):
        known = {name: x for name, x in one.metrics.items() if not math.isnan(x)}
        assert known == record.metrics
        assert one.to_dict() | {"metrics": 0} == record.to_dict() | {"metrics": 0}


def test_a_line_that_is_being_written_is_left_out(tmp_path):
    path = tmp_path / "history.jsonl"
    trained(HistoryWriter(path))
    path.write_bytes(path.read_bytes()[:-3])
    assert [one.epoch for one in read_history(path)] == [1, 2]
    path.write_bytes(b"")
    assert read_history(path) == []
    (tmp_path / "h.csv").write_bytes(b"")
    assert read_history(tmp_path / "h.csv") == []


def test_models_have_histories_without_times_and_old_ones_have_losses(tmp_path):
    path = tmp_path / "model.safetensors"
    model = trained()
    model.save(path)
    found = read_history(path)
    assert [one.validation_loss for one in found] == [one.validation_loss for one in model.history]
    assert all(math.isnan(one.seconds) for one in found)
    del model.history[:2]
    model.save(path)
    assert [one.epoch for one in read_history(path)] == [1, 2, 3]
    assert [one.loss for one in read_history(path)] == model.training_loss
    assert math.isnan(read_history(path)[0].validation_loss)
    model.history.clear()
    model.save(path)
    assert [one.loss for one in read_history(path)] == model.training_loss


GOOD = '{"epoch": 1, "tokens": 5, "loss": 2.0}\n'
HEADING = "epoch,ends_epoch,tokens,learning_rate,loss,validation_loss,seconds\n"


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("a.jsonl", GOOD + "{}\n", 2),
        ("a.jsonl", GOOD * 2 + "[1]\n", 3),
        ("a.jsonl", GOOD + "\n", 2),
        ("a.jsonl", '{"epoch": 1e999, "tokens": 5}\n', 1),
        ("a.jsonl", '{"epoch": 1, "tokens": 5, "metrics": {"a": []}}\n', 1),
        ("a.jsonl", "[" * 5000 + "\n", 1),
        ("a.jsonl", b"\xff\n", 1),
        ("a.csv", "some,table\n1,2\n", 1),
        ("a.csv", HEADING + "1,True,5,,2.0,,\n1,True\n", 3),
        ("a.csv", HEADING + "1,yes,5,,2.0,,\n", 2),
        ("a.csv", HEADING + "1,True,,,2.0,,\n", 2),
    ],
)
def test_other_files_are_refused_by_line(tmp_path, name, content, line):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=f"{name}, line {line}: expected a history"):
        read_history(path)


def test_files_that_are_no_models_are_refused(tmp_path):
    path = tmp_path / "vectors.safetensors"
    model = trained()
    model.wv.save(path)
    with pytest.raises(ValueError, match=r"vectors\.safetensors: .*word vectors"):
        read_history(path)
    (tmp_path / "notes.txt").write_text("hello\n")
    with pytest.raises(ValueError, match=r"notes\.txt: expected a model, .* a history .*\.csv"):
        read_history(tmp_path / "notes.txt")
    with pytest.raises(FileNotFoundError):
        read_history(tmp_path / "none.csv")
    path = tmp_path / "model.safetensors"
    model.save(path)
    content = path.read_bytes()
    place = content.index(b'\\"epoch\\": 1')
    path.write_bytes(content[:place] + b'\\"apoch\\"' + content[place + 9 :])
    with pytest.raises(ValueError, match=r"model\.safetensors: the history .*KeyError\('epoch'\)"):
        read_history(path)


def test_a_line_of_json_holds_what_a_record_holds(tmp_path):
    path = tmp_path / "history.jsonl"
    model = trained(HistoryWriter(path))
    values = [json.loads(line) for line in path.read_text().splitlines()]
    assert values == [record.to_dict() for record in model.history]
