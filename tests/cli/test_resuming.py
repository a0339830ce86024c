"""``w2v train --checkpoint`` and ``--resume``."""

import numpy as np
import pytest

import w2v
from w2v import Word2Vec
from w2v.cli import app
from w2v.training.interrupt import TrainingInterrupt
from w2v.training.model_runs import ModelRun

SETTINGS = ["--workers", "1", "--epochs", "3", "--min-count", "1", "--vector-size", "8"]


@pytest.fixture
def text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.fsync", lambda file: None)
    words = np.random.default_rng(1).choice([f"W{i}" for i in range(20)], (200, 6))
    (tmp_path / "text.txt").write_text("".join(" ".join(line) + "\n" for line in words.tolist()))
    return tmp_path


@pytest.fixture
def interrupted(text, monkeypatch, capsys):
    """Train until Ctrl-C after the first epoch; return what the command said."""
    plain = ModelRun.carry_out

    def interrupt(run, report):
        def end(model):
            raise KeyboardInterrupt

        run.control.callbacks.function = end
        return plain(run, report)

    with monkeypatch.context() as patched:
        patched.setattr(ModelRun, "carry_out", interrupt)
        command = ["train", "text.txt", "-o", "part.st", "--checkpoint", "run", *SETTINGS]
        assert app.main([*command, "--lowercase"]) == 130
    return capsys.readouterr().err


def test_resume(text, interrupted, capsys):
    assert interrupted.splitlines()[-2] == "Resume: w2v train text.txt -o part.st --resume run"
    assert len(Word2Vec.load("part.st").training_loss) == 1
    assert app.main(["inspect", "run"]) == 0
    assert "of a run that has trained 1,200 words" in capsys.readouterr().out
    assert app.main(["train", "text.txt", "-q", "-o", "whole.st", "--lowercase", *SETTINGS]) == 0
    go_on = ["train", "text.txt", "-q", "--resume", "run", "--window", "5"]
    assert app.main([*go_on, "-o", "resumed.st"]) == 0
    assert (text / "resumed.st").read_bytes() == (text / "whole.st").read_bytes()
    # It has ended now.
    assert app.main([*go_on, "-o", "again.st", "--json"]) == 0
    assert (text / "again.st").read_bytes() == (text / "whole.st").read_bytes()
    shown = capsys.readouterr()
    assert '"tokens"' in shown.out
    assert "ended" not in shown.err
    go_on.remove("-q")
    assert app.main([*go_on, "-o", "again.st"]) == 0
    assert "The run of run had ended: no text is read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--resume", "run", "--epochs", "4"], "began with, and --epochs 4 (it was 3): leave"),
        (["--resume", "run", "--errors", "ignore", "--tokenizer", "unicode"], ""),
        (["--resume", "run", "--validation", "0.1"], "but the run holds out nothing"),
        (["--resume", "run", "--vocab", "text.txt"], "--resume and --vocab are mutually excl"),
        (["--resume", "run", "--init", "part.st"], "--resume and --init are mutually exclusive"),
        (["--resume", "part.st"], "a model, not the checkpoint of a run"),
        (["--resume", "-"], "a checkpoint is replaced again and again; name a file"),
        (["--resume", "model.st"], "--output and --resume are the same file"),
        (["--checkpoint", "run"], "a run that has not ended: resume it"),
        (["--checkpoint-every", "1min"], "--checkpoint-every requires --checkpoint"),
        (["--checkpoint", "new", "--checkpoint-every", "7"], "expected a number and a unit"),
    ],
)
def test_what_does_not_fit(text, interrupted, more, words, capsys):
    status = app.main(["train", "text.txt", "-o", "model.st", *more])
    errors = capsys.readouterr().err
    assert (status == 0) == (words == "")
    assert words in errors


def test_another_text(text, interrupted, capsys):
    (text / "other.txt").write_text("one two three\n" * 50)
    assert app.main(["train", "other.txt", "-o", "model.st", "--resume", "run"]) == 1
    assert "this is not the text of the run: it has 150 tokens" in capsys.readouterr().err
    assert w2v.KeyedVectors.load("run").index_to_key[0].islower()


def test_the_interrupt_says_where_the_checkpoint_is(text, tmp_path):
    def end(model):
        raise KeyboardInterrupt

    with pytest.raises(TrainingInterrupt, match=r"resume it with Word2Vec.resume\('run2', text\)"):
        Word2Vec("text.txt", min_count=1, checkpoint="run2", on_epoch_end=end)
