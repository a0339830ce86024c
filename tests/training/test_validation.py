"""Held-out text: it is never trained on; its loss is that of the objective, the same each time."""

import json
import math
from itertools import pairwise

import numpy as np
import pytest
from combinations import OBJECTIVES, few, matrices, settings

from w2v import Corpus, TrainingInterrupt, Word2Vec, callbacks
from w2v.cli import app
from w2v.training import validation

WORDS = np.array([f"w{i}" for i in range(30)])


def sentences(n=200, seed=3):
    rng = np.random.default_rng(seed)
    return [rng.choice(WORDS, 6).tolist() for _ in range(n)]


def built(text, **more):
    chosen = {"vector_size": 10, "min_count": 1, "epochs": 2, "sample": 0, "workers": 1}
    model = Word2Vec(**chosen | more)
    model.build_vocab(text)
    return model


def assert_same_model(one, other):
    for name, matrix in matrices(one).items():
        assert matrices(other)[name].tobytes() == matrix.tobytes()


def lines(corpus):
    words = corpus.words()
    parts = np.split(corpus.ids, np.flatnonzero(corpus.ids < 0) + 1)
    return [[words[t] for t in part[:-1]] for part in parts if len(part)]


def test_sentences_are_drawn_by_the_seed():
    text = sentences()
    corpus = Corpus(text)
    train, held = validation.hold_out(corpus, 0.2, seed=1)
    assert 20 < held.n_sentences < 60
    assert (train.n_sentences + held.n_sentences, train.n_types) == (200, corpus.n_types)
    np.testing.assert_array_equal(train.type_counts + held.type_counts, corpus.type_counts)
    assert sorted(lines(train) + lines(held)) == sorted(text)
    again, other = (validation.hold_out(corpus, 0.2, seed)[1].ids for seed in (1, 2))
    np.testing.assert_array_equal(again, held.ids)
    assert not np.array_equal(other, held.ids)


def test_what_is_held_out_is_not_trained():
    text = [*sentences(), *(["only", f"here{i}"] for i in range(5))]
    model = built(text)
    before = model.wv["only"].copy()
    result = model.train(text[:200], validation=text[200:])
    assert result.tokens == 2 * 200 * 6
    assert model.wv["only"].tobytes() == before.tobytes()
    assert not math.isnan(result.history[-1].validation_loss)
    train, held = validation.hold_out(Corpus(text), 0.1, seed=1)
    assert built(text).train(text, validation=0.1).tokens == 2 * train.n_tokens
    assert held.n_tokens


@few()
def test_measuring_changes_nothing(architecture, objective):
    chosen = settings(architecture, objective)
    plain, measured = (built(sentences(), **chosen) for _ in range(2))
    plain.train(sentences())
    result = measured.train(sentences(), validation=sentences(20, seed=8))
    assert_same_model(plain, measured)
    losses = [record.validation_loss for record in result.history]
    assert len(losses) == 2
    assert np.isfinite(losses).all()


def test_shards_are_merged_as_without_measuring():
    text = [WORDS[np.arange(i, i + 20) % 30].tolist() for i in range(4000)]
    text += [[f"x{i % 270}", f"x{(i + 1) % 270}"] for i in range(540)]
    plain, measured = (built(text, shards=3, epochs=1) for _ in range(2))
    assert plain.train(text).shards == measured.train(text, validation=sentences(20)).shards == 3
    assert_same_model(plain, measured)


def test_the_loss_of_hierarchical_softmax_is_that_of_score():
    model = built(sentences(), hs=1, negative=0, shrink_windows=False, window=3)
    held = sentences(15, seed=8)
    record = model.train(sentences(), validation=held).history[-1]
    pairs = sum(min(i, 3) + min(len(each) - 1 - i, 3) for each in held for i in range(len(each)))
    assert record.validation_loss == pytest.approx(-sum(model.score(held)) / pairs, rel=1e-5)


def test_the_loss_of_full_softmax_is_that_of_its_definition():
    model = built(sentences(), softmax=True, shrink_windows=False, window=1)
    held = sentences(15, seed=8)
    record = model.train(sentences(), validation=held).history[-1]
    logits = model.wv.vectors.astype(np.float64) @ model.output_vectors.T
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    rows = [[model.wv.get_index(word) for word in each] for each in held]
    pairs = [pair for each in rows for a, b in pairwise(each) for pair in ((a, b), (b, a))]
    assert record.validation_loss == pytest.approx(-np.mean([log_p[p] for p in pairs]), rel=1e-5)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_each_measurement_is_the_same_with_any_number_of_threads(objective):
    chosen = {**OBJECTIVES[objective][0], "sample": 0.01, "deterministic": True}
    losses, text = set(), sentences(60 if objective == "softmax" else 200)  # which is slow
    for workers in (1, 3):
        model = built(text, workers=workers, **chosen)
        model.train(text)
        still = {"start_alpha": 1e-30, "end_alpha": 0.0}  # nothing is learned at that rate
        history = model.train(text[:60], validation=sentences(90, seed=8), **still).history
        losses |= {record.validation_loss for record in history}
    assert len(losses) == 1


def test_history_has_each_epoch_that_ended():
    model = built(sentences())
    first, second = model.train(sentences(), epochs=1).history, model.train(sentences()).history
    assert [record.epoch for record in first + second] == [1, 2, 3]
    assert [record.tokens for record in first + second] == [1200, 1200, 2400]
    assert [record.loss for record in second] == model.training_loss[1:]
    assert all(math.isnan(record.validation_loss) for record in first + second)
    assert 0 < second[0].seconds < second[1].seconds
    assert second[0].learning_rate > second[1].learning_rate == pytest.approx(1e-4)

    def interrupt(model):
        raise KeyboardInterrupt

    with pytest.raises(TrainingInterrupt) as caught:
        model.train(sentences(), on_epoch_end=interrupt)
    assert [record.epoch for record in caught.value.result.history] == [4]


def test_progress_shows_the_last_measurement():
    seen = []
    result = built(sentences()).train(sentences(), progress=seen.append, validation=0.1)
    shown = [each.validation_loss for each in seen if not math.isnan(each.validation_loss)]
    assert shown
    assert set(shown) <= {record.validation_loss for record in result.history}


@pytest.mark.parametrize(("wrong", "words"), [
    (0.0, "^validation=0.0: expected a share .* more than 0 and at most 0.5"),
    (0.6, "^validation=0.6: expected"),
    (-1, "^validation=-1: expected"),
    (float("nan"), "^validation=nan: expected"),
    (1e-9, "holds out 0 of 200 sentences: expected at least one"),
    ([["unknown", "words"]], "none of the 2 words that are held out can be predicted"),
    ([["w1"]], "none of the 1 words that are held out can be predicted"),
])  # fmt: skip
def test_what_cannot_be_held_out(wrong, words):
    model = built(sentences())
    before = model.wv.vectors.tobytes()
    with pytest.raises(ValueError, match=words):
        model.train(sentences(), validation=wrong)
    assert model.wv.vectors.tobytes() == before


def test_validation_needs_a_corpus():
    with pytest.raises(ValueError, match=r"^validation= requires a corpus"):
        Word2Vec(validation=True)
    with pytest.raises(TypeError):
        built(sentences()).train(sentences(), validation=object())
    assert Word2Vec(sentences(), min_count=1, epochs=1, validation=0.5).training_loss


def test_the_command_line(tmp_path, capsys):
    text, other = tmp_path / "text.txt", tmp_path / "other.txt"
    text.write_text("".join(" ".join(each) + "\n" for each in sentences()))
    other.write_text("".join(" ".join(each) + "\n" for each in sentences(9, seed=8)))
    train = ["train", str(text), "-o", str(tmp_path / "m.safetensors"), "--min-count", "1"]
    assert app.main([*train, "--validation", "0.1"]) == 0
    assert "(held-out " in capsys.readouterr().err
    assert app.main([*train, "--validation", str(other), "--json", "--quiet"]) == 0
    history = json.loads(capsys.readouterr().out)["history"]
    assert [record["epoch"] for record in history] == [1, 2, 3, 4, 5]
    assert all(record["validation_loss"] > 0 for record in history)
    assert app.main([*train, "--json", "--quiet"]) == 0
    assert json.loads(capsys.readouterr().out)["history"][0]["validation_loss"] is None
    assert app.main([*train, "--validation", "0.9"]) == 2
    assert "--validation 0.9: expected a share" in capsys.readouterr().err
    assert app.main([*train, "--validation", str(tmp_path / "none.txt")]) == 1
    assert "none.txt" in capsys.readouterr().err


def full_disk(*arguments):
    raise OSError(28, "No space left on device", "h.jsonl")


def test_the_command_line_of_a_controlled_run(tmp_path, capsys, monkeypatch):
    text, pairs, history = (tmp_path / name for name in ("text.txt", "pairs.tsv", "h.jsonl"))
    text.write_text("".join(" ".join(each) + "\n" for each in sentences()))
    pairs.write_text("w1\tw2\t5\nw3\tw4\t3\nw5\tw6\t1\n")
    train = ["train", str(text), "-o", str(tmp_path / "m.safetensors"), "--min-count", "1"]
    train += ["--sample", "0", "--workers", "1"]
    held_out = ["--validation", "0.2", "--validation-every", "0.5 epochs", "--early-stopping", "2"]
    more = ["--evaluate-pairs", str(pairs), "--history", str(history), "--max-seconds", "1000"]
    assert app.main([*train, *held_out, *more, "--epochs", "60", "--alpha", "0.2", "--json"]) == 0
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert found["stopped_by"] == "early_stopping"
    assert found["history"] == [json.loads(line) for line in history.read_text().splitlines()]
    ends = [record for record in found["history"] if record["ends_epoch"]]
    assert all("pairs" in record["metrics"] for record in ends)
    assert 0 < len(ends) < len(found["history"])
    assert "Ended  in epoch " in told.err
    assert app.main(["inspect", str(tmp_path / "m.safetensors"), "--json"]) == 0
    kept = json.loads(capsys.readouterr().out)["history"]
    assert kept == [record | {"seconds": None} for record in found["history"]]
    (tmp_path / "m.safetensors").unlink()
    with monkeypatch.context() as patched:
        patched.setattr(callbacks.HistoryWriter, "on_record", full_disk)
        assert app.main([*train, "--history", str(history)]) == 1
    assert "as trained up to this error" in capsys.readouterr().err
    assert len(Word2Vec.load(tmp_path / "m.safetensors").training_loss) == 1
    gains = [*held_out, "--min-gain", "9", "--cool-down", "0", "--epochs", "60"]
    assert app.main([*train, *gains, "--json", "-q"]) == 0  # no gain is that large: two more
    assert len(json.loads(capsys.readouterr().out)["history"]) == 3
    for wrong, words in (
        (["--early-stopping", "2"], "--early-stopping requires --validation SHARE"),
        (["--min-gain", "0.1"], "--min-gain requires --early-stopping N"),
        (["--cool-down", "0.1"], "--cool-down requires --early-stopping N"),
        ([*held_out, "--cool-down", "2"], "--cool-down 2.0: expected a share, from 0 to 1"),
        (
            ["--validation", "0.1", "--validation-every", "5"],
            "--validation-every 5: expected a num",
        ),
        (["--max-seconds", "0"], "--max-seconds 0.0: expected a number of seconds above 0"),
        (["--max-seconds", "9", "--deterministic"], "leave one of them out"),
        (["--history", "h.txt"], "h.txt: a history is written as a table (.csv, .tsv)"),
    ):
        assert app.main([*train, *wrong]) == 2, wrong
        assert words in capsys.readouterr().err
    assert app.main([*train, "--evaluate-analogies", str(pairs)]) == 1
    assert "pairs.tsv" in capsys.readouterr().err


def test_nothing_is_held_out_where_it_is_false():
    text = [["a", "b", "c", "d"], ["b", "c", "a"]] * 20
    chosen = {"vector_size": 4, "min_count": 1, "workers": 1, "epochs": 2, "sample": 0}
    plain, told = (Word2Vec(text, **chosen, **more) for more in ({}, {"validation": False}))
    assert told.wv.vectors.tobytes() == plain.wv.vectors.tobytes()
    assert all(math.isnan(record.validation_loss) for record in told.history)
