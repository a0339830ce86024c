"""SequenceClassifier, its reports and files, and `w2v classify`."""

import io
import json
import os
import re
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from w2v import KeyedVectors
from w2v.cli import app
from w2v.io.classification_data import read_labeled_texts

torch = pytest.importorskip("torch")

from w2v.sequence import ClassifierEpoch, SequenceClassifier, classification_report  # noqa: E402

GOOD, BAD, FILL = ["good", "great", "fine"], ["bad", "poor", "awful"], ["a", "film", "was", "it"]
SMALL = {"hidden_size": 8, "learning_rate": 0.02, "epochs": 8}


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def wv():
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(10, 6)).astype(np.float32) / 4
    rows[:3, 0] += 1
    rows[3:6, 0] -= 1
    return KeyedVectors(GOOD + BAD + FILL, rows)


@pytest.fixture
def data():
    """Texts whose label is told by the one word that is no filler, at any place."""
    rng = np.random.default_rng(2)
    texts, labels = [], []
    for i in range(160):
        words = list(rng.choice(FILL, rng.integers(2, 9)))
        words.insert(rng.integers(len(words) + 1), str(rng.choice(BAD if i % 2 else GOOD)))
        texts.append(" ".join(words))
        labels.append("no" if i % 2 else "yes")
    return texts, labels


@pytest.fixture
def fitted(wv, data):
    return SequenceClassifier(wv, "gru", **SMALL).fit(*data)


# ---- Learning ------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoder", ["lstm", "gru", "rnn", "mean"])
@pytest.mark.parametrize("more", [{}, {"freeze": False, "bidirectional": True, "num_layers": 2}])
def test_it_learns(wv, data, encoder, more):
    texts, labels = data
    before = wv.vectors.copy()
    how = {"epochs": 15, "learning_rate": 0.1 if encoder == "mean" else 0.02}
    clf = SequenceClassifier(wv, encoder, **SMALL | how, **more).fit(texts, labels)
    assert clf.classes_.tolist() == ["no", "yes"]
    assert clf.score(texts, labels) > 0.95
    shares = clf.predict_proba([text.split() for text in texts])
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert (clf.classes_[shares.argmax(axis=1)] == clf.predict(texts)).all()
    np.testing.assert_array_equal(wv.vectors, before)
    moved = clf.embedding_.to_keyed_vectors().vectors != before
    assert moved.any(axis=1).all() if not more.get("freeze", True) else not moved.any()


def test_order_is_read_by_a_network_and_not_by_the_mean(wv):
    texts = ["good bad", "bad good"] * 40
    labels = [1, 0] * 40
    how = SMALL | {"epochs": 30, "validation_fraction": 0.0, "learning_rate": 0.05}
    assert SequenceClassifier(wv, "lstm", **how).fit(texts, labels).score(texts, labels) == 1
    assert SequenceClassifier(wv, "mean", **how).fit(texts, labels).score(texts, labels) == 0.5


def test_only_rows_that_occur_are_trained_and_the_others_stay(wv, data):
    more = KeyedVectors([*wv.index_to_key, "unseen"], np.vstack([wv.vectors, wv.vectors[:1]]))
    clf = SequenceClassifier(more, "mean", freeze=False, **SMALL).fit(*data)
    after = clf.embedding_.to_keyed_vectors()
    np.testing.assert_array_equal(after["unseen"], wv["good"])
    assert (after["good"] != wv["good"]).all()
    assert not clf.embedding_.weight[0].detach().any()


def test_a_step_is_adams_over_the_whole_matrix(wv):
    """Against torch's own layers and loop, written out: one batch, every number."""
    texts, labels = [["good", "film"], ["bad", "it", "a"]], [1, 0]
    how = {"dropout": 0.0, "validation_fraction": 0.0, "epochs": 3, "freeze": False}
    clf = SequenceClassifier(wv, "gru", hidden_size=4, max_grad_norm=None, **how).fit(texts, labels)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        gru, output = torch.nn.GRU(6, 4, batch_first=True), torch.nn.Linear(4, 2)
    table = torch.nn.Parameter(torch.from_numpy(wv.vectors.copy()))
    optimizer = torch.optim.Adam([table, *gru.parameters(), *output.parameters()], lr=0.001)
    wanted = torch.tensor(labels)
    for _ in range(3):
        last = [gru(table[[wv.key_to_index[w] for w in text]][None])[0][0, -1] for text in texts]
        loss = torch.nn.functional.cross_entropy(output(torch.stack(last)), wanted)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    rows = clf.embedding_.weight.detach()[2:]
    torch.testing.assert_close(rows, table.detach(), rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(clf.network_.output.weight, output.weight, rtol=1e-4, atol=1e-6)
    assert clf.history_[-1].loss == pytest.approx(float(loss.detach()), rel=1e-4)


def test_long_gradients_are_shortened(wv, data):
    how = SMALL | {"epochs": 1}
    free = SequenceClassifier(wv, max_grad_norm=None, **how).fit(*data).history_[0].loss
    loose, tight = (SequenceClassifier(wv, max_grad_norm=c, **how).fit(*data) for c in (1e6, 1e-9))
    assert loose.history_[0].loss == free
    assert tight.history_[0].loss != free


def test_the_same_seed_gives_the_same_network_and_leaves_torchs_generator(wv, data):
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    runs = [SequenceClassifier(wv, seed=s, **SMALL).fit(*data) for s in (1, 1, 2)]
    assert torch.equal(before, torch.random.get_rng_state())
    shares = [run.predict_proba(data[0]) for run in runs]
    np.testing.assert_array_equal(shares[0], shares[1])
    assert (shares[0] != shares[2]).any()


def test_it_stops_when_those_held_out_no_longer_gain_and_keeps_the_best(wv, data):
    texts, labels = data
    wrong = (texts[:20], ["no" if label == "yes" else "yes" for label in labels[:20]])
    clf = SequenceClassifier(wv, patience=2, **SMALL | {"epochs": 50})
    clf.fit(texts, labels, validation=wrong)
    losses = [epoch.validation_loss for epoch in clf.history_]
    assert len(losses) == clf.best_epoch_ + 2 < 50
    assert min(losses) == losses[clf.best_epoch_ - 1]
    right = np.array([clf.classes_.tolist().index(label) for label in wrong[1]])
    kept = -np.log(clf.predict_proba(wrong[0])[np.arange(20), right]).mean()
    assert kept == pytest.approx(losses[clf.best_epoch_ - 1], rel=1e-4)


def test_a_share_of_each_class_is_held_out(wv, data):
    texts, labels = [*data[0], "good", "good"], [*data[1], "rare", "rare"]
    clf = SequenceClassifier(wv, **SMALL | {"epochs": 1}).fit(texts, labels)
    held = [labels[i] for i in clf.held_out_]
    assert (held.count("yes"), held.count("no"), held.count("rare")) == (8, 8, 0)
    few = SequenceClassifier(wv, **SMALL | {"epochs": 2}).fit(["good", "bad"], [True, False])
    assert not len(few.held_out_)
    assert np.isnan(few.history_[0].validation_loss)
    assert few.classes_.dtype == bool


def test_rare_classes_gain_by_weights(wv):
    texts, labels = ["film"] * 40, [0] * 36 + [1] * 4  # nothing to tell them apart by
    how = SMALL | {
        "epochs": 60,
        "validation_fraction": 0.0,
        "learning_rate": 0.05,
        "batch_size": 40,
    }
    shares = [
        SequenceClassifier(wv, "mean", class_weight=weight, dropout=0.0, **how)
        .fit(texts, labels)
        .predict_proba(["film"])[0, 1]
        for weight in (None, "balanced", {0: 1.0, 1: 27.0})
    ]
    np.testing.assert_allclose(shares, [0.1, 0.5, 0.75], atol=0.04)


def test_progress_is_told_to_a_callable_or_a_bar(wv, data, capsys):
    told = []
    SequenceClassifier(wv, progress=told.append, **SMALL | {"epochs": 2}).fit(*data)
    assert [type(one) for one in told] == [ClassifierEpoch, ClassifierEpoch]
    SequenceClassifier(wv, progress=True, **SMALL | {"epochs": 2}).fit(*data)
    shown = capsys.readouterr().err
    assert "epoch 2" in shown
    assert "loss" in shown
    assert "accuracy" in shown


def test_ctrl_c_keeps_the_best_network_until_then(wv, data):
    def stop(epoch):
        if epoch.epoch == 2:
            raise KeyboardInterrupt

    clf = SequenceClassifier(wv, progress=stop, **SMALL | {"epochs": 50})
    with pytest.raises(KeyboardInterrupt, match=r"after epoch 2 of 50; .*network of epoch \d"):
        clf.fit(*data)
    assert clf.interrupted_
    assert len(clf.history_) == 2
    assert len(clf.predict(data[0])) == 160

    def at_once(*_):
        raise KeyboardInterrupt

    clf = SequenceClassifier(wv, tokenizer=at_once)
    with pytest.raises(KeyboardInterrupt):
        clf.fit(*data)


# ---- Bad input -----------------------------------------------------------------------------------


def test_texts_without_a_known_word_are_counted_and_predicted(fitted):
    with pytest.warns(UserWarning, match="2 of 3 texts contain no known word .* number 1"):
        found = fitted.predict(["good", "", "zzz"])
    assert len(found) == 3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shares = fitted.predict_proba(["", [], "zzz"])
    np.testing.assert_array_equal(shares[0], shares[2])
    assert fitted.predict([]).shape == (0,)


def test_a_text_of_100_000_words_is_cut_and_counted_or_read_whole(wv, data, fitted):
    long = "film " * 100_000 + "good"
    with pytest.warns(UserWarning, match="truncated 1 of 2 texts to max_length=1,000"):
        fitted.predict(["good", long])
    every = SequenceClassifier(wv, "mean", max_length=None, **SMALL).fit(*data)
    assert len(every.predict([long, "good"])) == 2


def test_labels_that_tell_nothing_are_refused(wv):
    clf = SequenceClassifier(wv)
    cases = [
        (
            ["a", 1],
            TypeError,
            r"mixed types: 'a' \(text 0\) .* 1 \(text 1\) of type int",
        ),
        ([1, True], TypeError, "mixed types"),
        (["a", None], TypeError, r"label None \(text 1\) is of type NoneType"),
        ([0.5, 1.0], TypeError, "label 0.5"),
        ("ab", TypeError, "labels='ab' is a single string"),
        (["a", "a"], ValueError, "all 2 labels are 'a': expected at least two classes"),
        (["a"], ValueError, "2 texts but 1 labels"),
    ]
    for labels, error, told in cases:
        with pytest.raises(error, match=told):
            clf.fit(["good", "bad"], labels)
    with pytest.raises(ValueError, match="there are no texts"):
        clf.fit([], [])
    with pytest.raises(
        ValueError, match=r"validation: label 'c' \(text 0\) is not among the training labels"
    ):
        clf.fit(["good", "bad"], ["a", "b"], validation=(["good"], ["c"]))


def test_a_loss_that_is_no_number_stops_and_is_placed(wv, data):
    big = KeyedVectors(wv.index_to_key, wv.vectors * np.float32(1e38))
    clf = SequenceClassifier(big, "mean", learning_rate=1e30, max_grad_norm=None)
    with pytest.raises(FloatingPointError, match=r"loss is (nan|inf) in epoch 1, batch \d+"):
        clf.fit(*data)


def test_parameters_out_of_range_are_refused(wv, data):
    for name, value in [
        ("encoder", "cnn"), ("hidden_size", 0), ("num_layers", 1.5), ("epochs", True),
        ("dropout", 1.0), ("learning_rate", 0.0), ("max_grad_norm", -1.0),
        ("validation_fraction", 1.0), ("max_length", 0),
        ("unknown", "x"), ("tokenizer", "x"), ("class_weight", "x"), ("device", "tpu?"),
        ("class_weight", {"yes": 1.0}), ("class_weight", {"yes": 1.0, "no": 0.0}),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=name):
            SequenceClassifier(wv, **{name: value}).fit(*data)
    with pytest.raises(TypeError, match="progress"):
        SequenceClassifier(wv, progress=1).fit(*data)
    with pytest.raises(KeyError, match=r"text 0: unknown word 'nobody' \(token 0\)"):
        SequenceClassifier(wv, unknown="error").fit(["nobody good"], ["a"])


@pytest.mark.skipif("torch.cuda.is_available()", reason="needs a machine without this GPU")
def test_a_gpu_that_is_not_there_is_told(wv, data):
    with pytest.raises(ValueError, match=r"device='cuda': PyTorch .* cannot use it here .*'auto'"):
        SequenceClassifier(wv, device="cuda").fit(*data)


def test_nothing_fitted_is_told(wv, tmp_path):
    for call in (lambda c: c.predict(["a"]), lambda c: c.save(tmp_path / "x")):
        with pytest.raises(RuntimeError, match="has not been fitted"):
            call(SequenceClassifier(wv))


# ---- Files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoder", ["lstm", "mean"])
def test_what_is_loaded_predicts_the_same(wv, data, encoder, tmp_path):
    path = tmp_path / "clf.safetensors"
    how = {"freeze": False, "bidirectional": True, "class_weight": {"yes": 1, "no": 2.0}}
    clf = SequenceClassifier(wv, encoder, unknown="mean", **how, **SMALL).fit(*data)
    clf.save(path)
    again = SequenceClassifier.load(path)
    texts = [*data[0], "good zzz"]
    np.testing.assert_array_equal(again.predict_proba(texts), clf.predict_proba(texts))
    assert (again.history_, again.best_epoch_) == (clf.history_, clf.best_epoch_)
    params = [{k: v for k, v in c.get_params().items() if k != "vectors"} for c in (clf, again)]
    assert params[0] == params[1]
    np.testing.assert_array_equal(again.vectors.vectors, clf.embedding_.weight[2:].detach())
    again.fit(*data)
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    assert header["__metadata__"]["format"] == "w2v.classifier"


def test_labels_keep_their_type(wv, tmp_path):
    for labels in ([3, 1], [True, False], np.array([7, 8]), np.array(["x", "y"])):
        clf = SequenceClassifier(wv, "mean", epochs=1).fit(["good", "bad"], labels)
        clf.save(tmp_path / "clf")
        classes = SequenceClassifier.load(tmp_path / "clf").classes_
        assert classes.dtype == clf.classes_.dtype
        assert classes.tolist() == sorted(np.asarray(labels).tolist())


def test_a_tokenizer_that_is_a_function_has_to_be_given_again(wv, data, tmp_path):
    clf = SequenceClassifier(wv, tokenizer=str.split, **SMALL | {"epochs": 1}).fit(*data)
    clf.save(tmp_path / "clf")
    with pytest.raises(ValueError, match="the tokenizer is a function, 'split'"):
        SequenceClassifier.load(tmp_path / "clf")
    again = SequenceClassifier.load(tmp_path / "clf", tokenizer=str.split)
    np.testing.assert_array_equal(again.predict(data[0]), clf.predict(data[0]))


def test_files_of_other_kinds_are_told_apart(wv, fitted, tmp_path):
    wv.save(tmp_path / "wv")
    with pytest.raises(ValueError, match=r"contains word vectors .* expected a text classifier"):
        SequenceClassifier.load(tmp_path / "wv")
    fitted.save(tmp_path / "clf")
    with pytest.raises(ValueError, match=r"contains a text classifier .*SequenceClassifier.load"):
        KeyedVectors.load(tmp_path / "clf")
    (tmp_path / "text").write_text("some text")
    with pytest.raises(ValueError, match="text that begins"):
        SequenceClassifier.load(tmp_path / "text")
    whole = (tmp_path / "clf").read_bytes()
    (tmp_path / "half").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="truncated or corrupt"):
        SequenceClassifier.load(tmp_path / "half")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'\\"hidden_size\\": 8', b'\\"hidden_size\\": 9'),
        (b'\\"num_layers\\": 1', b'\\"num_layers\\": 2'),
        (b'\\"encoder\\": \\"gru\\"', b'\\"encoder\\": \\"rnn\\"'),
        (b'\\"dropout\\"', b'\\"dropouX\\"'),
        (b'[\\"no\\", \\"yes\\"]', b'[\\"no\\",      12]'),
        (b'[\\"no\\", \\"yes\\"]', b'[\\"no\\"         ]'),
        (b'"best_epoch"', b'"best_Xpoch"'),
        (b'"unknown"', b'"unknXwn"'),
        (b"network.output.bias", b"network.output.bixs"),
    ],
)
def test_files_that_contradict_themselves_are_refused(fitted, tmp_path, old, new):
    fitted.save(tmp_path / "clf")
    content = (tmp_path / "clf").read_bytes()
    assert content.count(old) >= 1
    assert len(new) == len(old)  # or the header would be what is corrupt
    (tmp_path / "clf").write_bytes(content.replace(old, new, 1))
    with pytest.raises(ValueError, match=r"clf: .*corrupt"):
        SequenceClassifier.load(tmp_path / "clf")


# ---- scikit-learn --------------------------------------------------------------------------------


def test_parameters_are_got_and_set(wv):
    clf = SequenceClassifier(wv, num_layers=2)
    assert clf.set_params(num_layers=3, encoder="gru").get_params()["num_layers"] == 3
    with pytest.raises(ValueError, match="unknown parameter 'size'"):
        clf.set_params(size=1)


def test_scikit_learn_takes_it(wv, data):
    selection = pytest.importorskip("sklearn.model_selection")
    base = pytest.importorskip("sklearn.base")
    clf = SequenceClassifier(wv, "mean", **SMALL | {"learning_rate": 0.1})
    assert base.clone(clf).vectors is wv
    assert base.is_classifier(clf)
    search = selection.GridSearchCV(clf, {"num_layers": [1, 2]}, cv=2).fit(*data)
    assert search.best_score_ > 0.9


# ---- Reports -------------------------------------------------------------------------------------


def test_a_report_counts_what_is_taken_for_what():
    report = classification_report(["a", "a", "a", "b", "c"], np.array(["a", "a", "b", "b", "b"]))
    assert report.confusion_matrix.tolist() == [[2, 1, 0], [0, 1, 0], [0, 1, 0]]
    assert report.accuracy == 3 / 5
    np.testing.assert_array_equal(report.recall, [2 / 3, 1, 0])
    np.testing.assert_array_equal(report.precision, [1, 1 / 3, np.nan])
    np.testing.assert_allclose(report.f1, [0.8, 0.5, 0])
    with pytest.raises(ValueError, match="2 true labels but 1 predicted"):
        classification_report(["a", "b"], ["a"])


def test_the_confusion_picture_shows_the_shares():
    pytest.importorskip("matplotlib")
    figure = classification_report(["a", "a", "b"], ["a", "b", "b"]).plot(title="three")
    axes = figure.axes[0]
    np.testing.assert_array_equal(axes.images[0].get_array(), [[0.5, 0.5], [0, 1]])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "true class")


# ---- The command line ----------------------------------------------------------------------------


@pytest.fixture
def w2v(capsys):
    def run(*args):
        status = app.main([str(arg) for arg in args])
        return (status, *capsys.readouterr())

    return run


@pytest.fixture
def files(wv, data, tmp_path):
    wv.save(tmp_path / "wv")
    rows = [f"{label}\t{text}" for text, label in zip(*data, strict=True)]
    (tmp_path / "data.tsv").write_text("\n".join(rows) + "\n\n", encoding="utf-8")
    (tmp_path / "texts.txt").write_text("it was good\nan awful film", encoding="utf-8")
    return SimpleNamespace(
        data=tmp_path / "data.tsv", wv=tmp_path / "wv", clf=tmp_path / "clf",
        texts=tmp_path / "texts.txt", picture=tmp_path / "confusion.png",
    )  # fmt: skip


SWITCHES = ("--hidden-size", 8, "--learning-rate", 0.03, "--epochs", 20)


def test_train_and_predict(w2v, files, monkeypatch):
    train = ("classify", "train", files.data, "--vectors", files.wv, "-o", files.clf, *SWITCHES)
    status, out, err = w2v(*train, "--test", files.data.parent / "other.tsv")
    assert (status, out) == (1, "")
    assert "other.tsv" in err
    status, out, err = w2v(*train)
    assert status == 0
    assert "precision" in out
    assert re.search(r"Accuracy (1\.000|0\.9\d\d) on 16 held-out texts", err)
    status, out, err = w2v("classify", "predict", files.clf, files.texts)
    assert (status, err) == (0, "")
    told = [line.split("\t") for line in out.splitlines()]
    assert [(label, text) for label, _, text in told] == [
        ("yes", "it was good"),
        ("no", "an awful film"),
    ]
    assert all(0.5 < float(share) <= 1 for _, share, _ in told)
    stdin = SimpleNamespace(buffer=io.BytesIO(files.texts.read_bytes()))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert w2v("classify", "predict", files.clf) == (0, out, "")
    told = dict(line.split(maxsplit=1) for line in w2v("inspect", files.clf)[1].splitlines())
    assert (told["kind"], told["classes"]) == ("text classifier", "no, yes")
    assert told["hidden_size"] == "8"


def test_train_draws_the_confusion_of_other_texts(w2v, files):
    pytest.importorskip("matplotlib")
    status, _, err = w2v(
        "classify", "train", files.data, "--vectors", files.wv, "-o", files.clf, *SWITCHES,
        "--test", files.data, "--confusion", files.picture, "--encoder", "mean", "--balanced",
    )  # fmt: skip
    assert status == 0
    assert "160 texts of" in err
    assert files.picture.read_bytes().startswith(b"\x89PNG")


def test_wrong_commands_end_in_one_line(w2v, files, monkeypatch):
    train = ("classify", "train", files.data, "--vectors", files.wv, "-o")
    for args, told in [
        ((*train, files.data), "input and output are the same file"),
        ((*train, files.clf, "--device", "cuda:99"), "--device cuda:99"),
        ((*train, files.clf, "--confusion", "x.doc"), ".doc"),
        ((*train, files.clf, "--dropout", "2"), "--dropout 2.0"),
        (("classify", "predict", files.wv, files.texts), "expected a text classifier"),
    ]:
        status, out, err = w2v(*args)
        assert (status > 0, out) == (True, "")
        assert told in err
        assert err.count("\n") == 1
    for name in [name for name in sys.modules if name.startswith("w2v.sequence")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    status, _, err = w2v(*train, files.clf)
    assert status == 1
    assert "pip install 'w2v[torch]'" in err


def test_labelled_files_are_read_line_by_line(tmp_path):
    path = tmp_path / "data.tsv"
    path.write_bytes("\ufeffa\tone\ttwo\r\n\n b \t \n".encode())
    assert read_labeled_texts(path) == (["one\ttwo", ""], ["a", "b"])
    for content, told in [
        (b"a\tb\nno tab\n", "line 2: expected a label, a tab and a text, found 'no tab'"),
        (b"\tb\n", "line 1: expected a label before the tab"),
        (b"a\tb\na\t\xff\n", "line 2: expected UTF-8, found b'.xff.n'"),
        (b"\n", "found none"),
        (b"\x1f\x8b\x08", "gzip data; decompress it"),
    ]:
        path.write_bytes(content)
        with pytest.raises(ValueError, match=told):
            read_labeled_texts(path)


@pytest.mark.thorough
def test_the_benchmark_measures_both_parts(tmp_path):
    random = np.random.default_rng(1)
    lines = [
        f"{label}\t{' '.join(random.choice(words, 4))}"
        for label, words in (("a", ["red", "green", "blue"]), ("b", ["one", "two", "six"]))
        for _ in range(40)
    ]
    data = tmp_path / "data.tsv"
    data.write_text("\n".join(lines) + "\n", encoding="utf-8")
    small = ["--sentences", "20", "--seeds", "1", "2", "--cells", "rnn", "mean", "--dim", "4"]
    small += ["--words", "50", "--rounds", "1"]
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks", "classify", "--data", data, *small],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert "texts/s" in ran.stdout
    assert "pretrained" in ran.stdout


# ---- Slips that would be silent ------------------------------------------------------------------


def test_parameters_set_after_a_fit_are_for_the_next(fitted, data, tmp_path):
    before = fitted.predict_proba(data[0])
    fitted.set_params(hidden_size=99, lowercase=True, max_length=1, class_weight="balanced")
    np.testing.assert_array_equal(fitted.predict_proba(data[0]), before)
    fitted.save(tmp_path / "clf")
    again = SequenceClassifier.load(tmp_path / "clf", device="cpu")
    np.testing.assert_allclose(again.predict_proba(data[0]), before, atol=1e-6)
    assert (again.hidden_size, again.lowercase) == (SMALL["hidden_size"], False)
    with pytest.raises(TypeError, match="progress='yes': expected True, False"):
        SequenceClassifier.load(tmp_path / "clf", progress="yes")


def test_numpys_integers_are_integers(wv, data):
    sizes = {"hidden_size": np.int64(4), "num_layers": np.int64(2), "epochs": np.int64(1)}
    clf = SequenceClassifier(wv, **{**SMALL, **sizes}).fit(*data)
    assert clf.predict(data[0][:1]).shape == (1,)


def test_losses_that_are_not_finite_are_told(wv, data):
    rows = wv.vectors.copy()
    rows[-1] = 3e38
    huge = KeyedVectors(wv.index_to_key, rows)
    held_out = ([f"{FILL[-1]} {FILL[-1]}"], ["yes"])
    texts = [text for text in data[0] if FILL[-1] not in text][:40]
    labels = ["yes" if any(word in GOOD for word in text.split()) else "no" for text in texts]
    clf = SequenceClassifier(huge, "mean", epochs=2, device="cpu")
    with pytest.raises(
        FloatingPointError, match=r"the loss is .* on the validation texts after epoch 1"
    ):
        clf.fit(texts, labels, validation=held_out)
    once = {"epochs": 1, "batch_size": 200, "validation_fraction": 0.0, "learning_rate": 1e38}
    with pytest.raises(FloatingPointError, match="made weights NaN or infinite"):
        SequenceClassifier(wv, hidden_size=8, device="cpu", **once).fit(*data)


def test_a_tokenizer_that_returns_a_string_is_refused(wv, data):
    clf = SequenceClassifier(wv, tokenizer=str.lower, epochs=1)
    with pytest.raises(TypeError, match=r"tokenizer returned a single string, .*for text 0"):
        clf.fit(*data)


def test_progress_goes_to_standard_error(wv, data, capsys):
    SequenceClassifier(wv, **{**SMALL, "epochs": 1, "progress": True}).fit(*data)
    told = capsys.readouterr()
    assert told.out == ""
    assert "epoch 1: loss" in told.err


@pytest.mark.filterwarnings("default")
def test_warnings_number_the_texts_of_all_batches(w2v, files, fitted, monkeypatch):
    fitted.save(files.clf)
    monkeypatch.setattr("w2v.cli.classify._BATCH", 4)
    word = GOOD[0]
    files.texts.write_text("\n".join([word] * 5 + ["zzz"] + [word] * 3 + ["zzz"]) + "\n")
    status, _, err = w2v("classify", "predict", files.clf, files.texts, "--device", "cpu")
    assert status == 0, err
    assert re.findall(r"the first is number (\d+)", err) == ["5", "9"]


def test_texts_may_come_through_a_pipe(files, tmp_path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("no named pipes here")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(files.data.read_bytes(),))
    writer.start()
    assert read_labeled_texts(pipe) == read_labeled_texts(files.data)
    writer.join()


def test_a_byte_order_mark_on_standard_input_is_no_part_of_a_word(w2v, files, fitted, monkeypatch):
    fitted.save(files.clf)
    marked = SimpleNamespace(buffer=io.BytesIO(b"\xef\xbb\xbf" + GOOD[0].encode() + b"\n"))
    monkeypatch.setattr(sys, "stdin", marked)
    status, out, err = w2v("classify", "predict", files.clf)
    assert (status, err) == (0, "")
    assert out.split("\t")[2] == GOOD[0] + "\n"


def test_the_picture_does_not_take_the_classifiers_place(w2v, files):
    out = files.picture
    status, _, err = w2v(
        "classify", "train", files.data, "--vectors", files.wv, "-o", out, "--confusion", out
    )
    assert status == 2
    assert "are the same file" in err
