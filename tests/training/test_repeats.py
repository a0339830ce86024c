"""Several runs on one corpus: seeds, progress, Ctrl-C."""

import numpy as np
import pytest

import w2v
from w2v.cli import app
from w2v.training import repeats

SENTENCES = [["sun", "moon", "star"], ["bread", "milk", "egg"]] * 40
SMALL = {"vector_size": 4, "min_count": 1, "sample": 0, "epochs": 2, "workers": 1}


def test_runs_are_those_of_word2vec_with_seeds_that_count_up():
    corpus = w2v.Corpus(SENTENCES)
    found = w2v.stability(corpus, runs=3, k=2, seed=7, **SMALL)
    assert found.names == ("seed 7", "seed 8", "seed 9")
    for i, wv in enumerate(found.models):
        alone = w2v.Word2Vec(corpus, seed=7 + i, **SMALL).wv
        assert wv.index_to_key == alone.index_to_key
        assert (wv.vectors == alone.vectors).all()
        assert wv.vectors.dtype == np.float32
        assert wv.vectors.base is None  # the rest of the model is gone
    assert found.counts.tolist() == [40] * 6


def test_text_is_read_as_asked():
    found = w2v.stability(["A b", "a B"] * 9, runs=2, k=1, lowercase=True, **SMALL)
    assert sorted(found.words) == ["a", "b"]


def test_progress_is_that_of_all_runs():
    seen = []
    w2v.stability(SENTENCES, runs=2, progress=seen.append, **SMALL)
    training = [one for one in seen if one.phase == "training"]
    assert {one.total for one in training} == {2 * 2 * 240}
    assert training[-1].done == training[-1].total
    assert [one.done for one in training] == sorted(one.done for one in training)
    assert {(one.run, one.runs) for one in training} == {(1, 2), (2, 2)}


def test_a_bar_shows_which_run_it_is(capsys):
    with w2v.ProgressBar() as bar:
        bar(w2v.Progress("training", 3, 8, 1.0, epoch=1, epochs=2, run=2, runs=4))
    assert "training, run 2/4, epoch 1/2" in capsys.readouterr().err


def interrupt_in(run):
    """Return a reporter that does as Ctrl-C does, in a run."""

    def report(progress):
        if progress.run == run:
            raise KeyboardInterrupt

    return report


def test_ctrl_c_keeps_the_runs_that_ended():
    with pytest.raises(w2v.StabilityInterrupt, match="after 2 whole runs") as caught:
        w2v.stability(SENTENCES, runs=4, k=2, progress=interrupt_in(3), **SMALL)
    assert caught.value.runs == len(caught.value.stability.models) == 2
    with pytest.raises(KeyboardInterrupt, match="after 1 whole runs; too few") as caught:
        w2v.stability(SENTENCES, runs=4, progress=interrupt_in(2), **SMALL)
    assert caught.value.stability is None


def test_wrong_arguments_are_named():
    for error, message, settings in (
        (ValueError, "runs=1: expected an integer of at least 2", {"runs": 1}),
        (TypeError, "vektor_size", {"vektor_size": 3}),
        (ValueError, r"seed=18446744073709551615: expected at most", {"seed": 2**64 - 1}),
        (TypeError, "progress=3", {"progress": 3}),
    ):
        with pytest.raises(error, match=message):
            w2v.stability(SENTENCES, **settings)


# ---- The command ---------------------------------------------------------------------------------


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    (tmp_path / "c.txt").write_text("\n".join(map(" ".join, SENTENCES)), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    small = "--vector-size 4 --min-count 1 --sample 0 --epochs 2 --workers 1"

    def run(more):
        status = app.main(f"stability c.txt --runs 3 {small} {more}".split())
        return (status, *capsys.readouterr())

    return run


def test_command_shows_bands_and_neighbors(run, tmp_path):
    status, out, err = run("--csv x.csv")
    assert (status, out.splitlines()[1].split()[:2]) == (0, ["10-99", "6"])
    assert err.startswith("3 runs, 6 words: two runs share ")
    assert (tmp_path / "x.csv").read_text(encoding="utf-8").startswith("word,count,stability\n")
    _, out, _ = run("--word sun")
    word, share, _, runs, *_ = out.splitlines()[1].split()
    assert (word, share[-2:], runs) == ("sun", "%)", "3/3")


def test_an_unknown_word_is_an_error_before_training(run, monkeypatch):
    monkeypatch.setattr(repeats, "_train", None)
    status, _, err = run("--word sin")
    assert (status, err) == (1, "w2v: error: word 'sin' is not in the vocabulary\n")


def test_command_compares_what_had_ended(run, monkeypatch):
    train = repeats._train

    def two(*args):
        yield from list(train(*args))[:2]
        raise w2v.TrainingInterrupt(None, w2v.TrainingResult(0, 0, 0.0, (), True), 1)

    monkeypatch.setattr(repeats, "_train", two)
    status, out, err = run("")
    assert (status, "stability" in out) == (130, True)
    assert "2 runs, 6 words" in err
