"""Losses in a picture: training and held-out text, over epochs and tokens, of one run or more."""

import math

import pytest

from w2v import Word2Vec, plot
from w2v.callbacks import EpochRecord, HistoryWriter
from w2v.cli import app

pytest.importorskip("matplotlib")

TEXT = [["a", "b", "c", "d"], ["b", "c", "a", "e"]] * 40
SETTINGS = {"vector_size": 4, "min_count": 1, "sample": 0, "workers": 1, "epochs": 3}
NAN = math.nan


def record(epoch, tokens, loss=2.0, held_out=NAN, ends=True):
    return EpochRecord(epoch, tokens, 0.01, loss, held_out, NAN, ends)


def points(drawn):
    """Return the points of each line that has some."""
    lines = [line for line in drawn.axes[0].lines if len(line.get_xdata())]
    return [list(zip(*line.get_data(), strict=True)) for line in lines]


def styles(drawn):
    return [line.get_linestyle() for line in drawn.axes[0].lines if len(line.get_xdata())]


def legend(drawn):
    return [text.get_text().strip() for text in drawn.axes[0].get_legend().get_texts()]


HISTORY = [
    record(1, 50, 3.5, 3.4, ends=False),
    record(1, 100, 3.0, 3.2),
    record(2, 175, 2.9, 3.1, ends=False),
    record(2, 200, 2.5, 3.0),
]


def test_held_out_losses_stand_where_they_were_measured():
    drawn = plot.training_loss(HISTORY)
    assert points(drawn) == [[(1, 3.0), (2, 2.5)], [(0.5, 3.4), (1, 3.2), (1.75, 3.1), (2, 3.0)]]
    assert styles(drawn) == ["-", "--"]
    assert legend(drawn) == ["training", "held-out"]
    assert drawn.axes[0].get_xlabel() == "epoch"
    drawn = plot.training_loss(HISTORY, over="tokens")
    assert points(drawn)[0] == [(100, 3.0), (200, 2.5)]
    assert points(drawn)[1][0] == (50, 3.4)
    assert drawn.axes[0].get_xlabel() == "tokens trained"


def test_later_trainings_follow_earlier_ones():
    later = [*HISTORY, record(3, 40, 2.4, 2.9, ends=False), record(3, 80, 2.2, 2.8)]
    assert points(plot.training_loss(later))[1][-2:] == [(2.5, 2.9), (3, 2.8)]
    assert points(plot.training_loss(later, over="tokens"))[1][-2:] == [(240, 2.9), (280, 2.8)]


def test_a_run_that_ends_within_an_epoch_has_its_last_loss():
    cut = [*HISTORY, record(3, 220, 2.4, 2.9, ends=False), record(3, 250, 2.3, NAN, ends=False)]
    assert points(plot.training_loss(cut))[0][-1] == (2.5, 2.3)
    first = [record(1, 20, 3.0, 3.1, ends=False), record(1, 40, 2.8, 3.0, ends=False)]
    drawn = plot.training_loss([first, HISTORY])
    assert drawn.axes[0].get_xlabel() == "tokens trained"  # how long the epoch is, nobody knows
    assert points(drawn)[0] == [(40, 2.8)]
    with pytest.raises(ValueError, match="model 1 has a training in which no epoch ended"):
        plot.training_loss([first, HISTORY], over="epochs")


def test_models_results_and_files_have_the_same_picture(tmp_path):
    writer = HistoryWriter(tmp_path / "history.csv")
    model = Word2Vec(**SETTINGS)
    model.build_vocab(TEXT)
    result = model.train(TEXT, validation=0.2, callbacks=[writer])
    model.save(tmp_path / "model.safetensors")
    expected = points(plot.training_loss(model))
    assert [len(line) for line in expected] == [3, 3]
    for source in (result, model.history, str(writer.path), tmp_path / "model.safetensors"):
        assert points(plot.training_loss(source)) == expected
    again = model.train(TEXT, epochs=1)
    assert points(plot.training_loss(again)) == [[(4, again.loss[0])]]
    assert [x for x, _ in points(plot.training_loss(model))[0]] == [1, 2, 3, 4]
    del model.history[:2]  # as a model of an older version, trained further
    assert [x for x, _ in points(plot.training_loss(model))[0]] == [1, 2, 3, 4]


def test_several_runs_differ_in_color_and_losses_in_lines(tmp_path):
    drawn = plot.training_loss({"_one": HISTORY, "two": [3.0, 2.0]})
    assert legend(drawn) == ["_one", "two", "training", "held-out"]
    colors = [line.get_color() for line in drawn.axes[0].lines if len(line.get_xdata())]
    assert colors[0] == colors[1] != colors[2]
    assert legend(plot.training_loss({"one": [3.0, 2.0], "two": [2.0]})) == ["one", "two"]
    many = plot.training_loss([[3.0, 2.0]] * 9)
    looks = {(line.get_color(), line.get_marker()) for line in many.axes[0].lines}
    assert len(looks) == 9


def test_files_are_named_as_briefly_as_they_differ(tmp_path):
    for name in ("a/run.csv", "b/run.csv", "b/other.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Word2Vec(TEXT, **SETTINGS, callbacks=[HistoryWriter(tmp_path / name)])
    paths = [tmp_path / name for name in ("a/run.csv", "b/other.csv")]
    assert legend(plot.training_loss(paths)) == ["run", "other"]
    paths.append(tmp_path / "b/run.csv")
    assert legend(plot.training_loss(paths)) == ["a/run.csv", "b/other.csv", "b/run.csv"]


@pytest.mark.parametrize(
    ("error", "message", "models", "more"),
    [
        (ValueError, "over='words': expected", [1.0], {"over": "words"}),
        (ValueError, "model 1 has losses without tokens", [1.0], {"over": "tokens"}),
        (ValueError, "model 1 has no losses", [record(1, 5, NAN)], {}),
        (TypeError, "model 1 is of type object: expected a Word2Vec", [object()], {}),
        (TypeError, "model 2 is of type dict: expected", [[1.0], {"a": 1}], {}),
    ],
)
def test_what_cannot_be_drawn(error, message, models, more):
    with pytest.raises(error, match=message):
        plot.training_loss(models, **more)


def test_command_draws_histories_and_models(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = Word2Vec(TEXT, **SETTINGS, validation=0.2, callbacks=[HistoryWriter("run.jsonl")])
    model.save("model.safetensors")
    drawn = "plot loss run.jsonl model.safetensors -o loss.svg --over tokens -q"
    assert app.main(drawn.split()) == 0
    picture = (tmp_path / "loss.svg").read_text()
    assert "<!--  run -->" in picture
    assert "<!-- tokens trained -->" in picture
    (tmp_path / "run.jsonl").write_text("{}\n")
    assert app.main(["plot", "loss", "run.jsonl", "-o", "a.png"]) == 1
    assert "run.jsonl, line 1: expected a history" in capsys.readouterr().err
    (tmp_path / "empty.jsonl").write_text("")
    assert app.main(["plot", "loss", "empty.jsonl", "-o", "a.png"]) == 1
    assert "empty.jsonl has no losses" in capsys.readouterr().err
