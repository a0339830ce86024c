"""Checkpoints of a run, and what goes on from them: the same bytes as without an interruption."""

import errno
import json
import shutil
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
from combinations import settings

import w2v
from w2v import Corpus, EarlyStopping, Word2Vec, simd
from w2v.io import safetensors_file
from w2v.training import (
    blocks,
    checkpointing,
    model_runs,
    resuming,
    rounds,
    runs,
    shards,
    steps,
)
from w2v.training.checkpoint import Checkpoint
from w2v.training.validation import HeldOut
from w2v.training.watching import Watcher

WORDS = np.array([f"w{i}" for i in range(40)])
START = checkpointing._Background.start
BASE = {"vector_size": 8, "min_count": 1, "sample": 0.01, "epochs": 2}
RUNS = {"blocks": {"workers": 1}, "shards": {"workers": 2, "shards": 3}}


def sentences():
    rng = np.random.default_rng(6)
    share = 1 / np.arange(1, len(WORDS) + 1)
    return rng.choice(WORDS, (400, 8), p=share / share.sum()).tolist()


@pytest.fixture(scope="module")
def corpus():
    return Corpus(sentences())


SHORT = [
    (shards, "_MIN_TOKENS", 200),
    (shards, "_MIN_WORDS", 1),
    (shards, "_BALANCE_TOKENS", 30),
    (rounds, "_FIRST_TOKENS", 100),
    (rounds, "_REPLICA_TOKENS", 200),
    (rounds, "_REPLICA_TOKENS_PER_WORD", 10),
    (blocks, "_BLOCK_IDS", 500),
]


@pytest.fixture(autouse=True)
def _short_pieces(monkeypatch):
    for module, name, number in SHORT:
        monkeypatch.setattr(module, name, number)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    """Write checkpoints before training goes on, so that none is left out."""
    monkeypatch.setattr(checkpointing._Background, "start", checkpointing._Background._run)
    monkeypatch.setattr("os.fsync", lambda file: None)


@pytest.fixture
def kept(monkeypatch, tmp_path):
    """Return a list that gets a copy of each checkpoint of a run that has not ended."""
    found, save = [], Checkpoint.save

    def save_and_keep(self, path):
        save(self, path)
        if self.run is not None and not self.run.values["ended"]:
            found.append(tmp_path / f"kept{len(found)}")
            shutil.copy(path, found[-1])

    monkeypatch.setattr(Checkpoint, "save", save_and_keep)
    return found


def bytes_of(model, tmp_path):
    model.save(tmp_path / "model")
    return (tmp_path / "model").read_bytes()


@pytest.mark.parametrize("run", RUNS)
def test_a_checkpoint_from_before_the_constant_rate_keeps_its_own(
    monkeypatch, corpus, kept, tmp_path, run
):
    monkeypatch.setattr(steps, "_bears_more", lambda config, shape: True)  # as if it were a text
    monkeypatch.setattr(steps, "_ENOUGH_UPDATES", 0.0)  # and a long one
    chosen = BASE | RUNS[run] | {"checkpoint": tmp_path / "run"}
    want = Word2Vec(corpus, **chosen | {"checkpoint": None, "decay_start": 0}).wv.vectors
    Word2Vec(corpus, **chosen, checkpoint_every="300 tokens", decay_start=0)

    def as_it_was(tensors, texts):
        config, state = json.loads(texts["config"]), json.loads(texts["run"])
        del config["decay_start"], state["chosen"]["decay_start"]
        del texts["run_checksum"]
        texts |= {"config": json.dumps(config), "run": json.dumps(state)}
        texts["run_checksum"] = safetensors_file.checksum(tensors, texts)

    changed(kept[1], as_it_was)
    resumed = Word2Vec.resume(kept[1], corpus)
    assert resumed.config.decay_start == 0
    assert resumed.wv.vectors.tobytes() == want.tobytes()
    assert Word2Vec(corpus, **BASE | RUNS[run]).wv.vectors.tobytes() != want.tobytes()


def some(kept):
    """Return copies of the first two, a middle and the last checkpoint, written to again."""
    assert len(kept) >= 3
    chosen = sorted({0, 1, len(kept) // 2, len(kept) - 1})
    return [shutil.copy(kept[i], f"{kept[i]}.copy") for i in chosen]


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize(
    ("architecture", "objective", "more"),
    [
        ("skip-gram", "negative", {"decay_start": 0.3}),
        ("skip-gram", "both", {"validation": 0.05}),
        pytest.param("cbow-classic", "negative", {}, marks=pytest.mark.thorough),
        ("cbow-exact", "softmax", {}),
        ("skip-gram", "negative", {"score_offsets": True, "deterministic": True, "shards": None}),
    ],
)
def test_the_same_bytes_as_without_an_interruption(
    corpus, kept, tmp_path, run, architecture, objective, more
):
    if (run, objective) == ("shards", "softmax"):
        more = {"deterministic": True}  # several workers share all rows
    if objective == "softmax":
        corpus, more = Corpus(sentences()[:80]), more | {"epochs": 6}
    chosen = BASE | RUNS[run] | settings(architecture, objective) | more
    plain = Word2Vec(corpus, **chosen)
    want = bytes_of(plain, tmp_path)
    path = tmp_path / "run"
    model = Word2Vec(corpus, **chosen, checkpoint=path, checkpoint_every="300 tokens")
    assert bytes_of(model, tmp_path) == want
    for one in some(kept):
        resumed = Word2Vec.resume(one, corpus)
        assert bytes_of(resumed, tmp_path) == want
        assert resumed.training_loss == plain.training_loss


@pytest.mark.parametrize("run", RUNS)
def test_a_later_training_with_settings_of_its_own(corpus, kept, tmp_path, run):
    text = Corpus(sentences()[:50])
    trainable = np.arange(len(WORDS)) % 3 > 0

    def trained(**more):
        model = Word2Vec(corpus, **BASE | RUNS[run])
        more = {"epochs": 3, "start_alpha": 0.02, "end_alpha": 0.01, "anchor": 2.0} | more
        result = model.train(corpus, trainable=trainable, validation=text, **more)
        return model, result

    model, result = trained()
    want = bytes_of(model, tmp_path)
    trained(checkpoint=tmp_path / "run", checkpoint_every="0.1 epochs")
    for one in some(kept):
        resumed, again = model_runs.resume(Word2Vec, one, lambda *_: corpus, validation=text)
        assert bytes_of(resumed, tmp_path) == want
        assert again.loss == result.loss
        assert [x.validation_loss for x in again.history] == [
            x.validation_loss for x in result.history
        ]
    with pytest.raises(ValueError, match="a text of its own, which is not in the file: pass it"):
        Word2Vec.resume(kept[0], corpus)
    with pytest.raises(ValueError, match=r"validation= is not the text whose loss .*: it has 3"):
        Word2Vec.resume(kept[0], corpus, validation=corpus)


@pytest.mark.parametrize("run", RUNS)
def test_calls_after_epochs_see_the_same_model(corpus, kept, tmp_path, run):
    seen = []

    def note(model):
        seen.append((model.wv.vectors.tobytes(), tuple(model.training_loss)))

    chosen = BASE | RUNS[run] | {"checkpoint": tmp_path / "run", "checkpoint_every": "0.3 epochs"}
    Word2Vec(corpus, **chosen, on_epoch_end=note)
    all_seen, middle = seen.copy(), kept[3]  # after the first epoch
    assert len(Checkpoint.load(middle).loss) == 1
    seen.clear()
    Word2Vec.resume(middle, corpus, on_epoch_end=note)
    assert seen == all_seen[1:]


class Counts:
    """A callback that keeps a number, and measures it."""

    def __init__(self):
        self.n, self.metrics = 0, {}

    def on_epoch_end(self, model):
        self.n += 1
        self.metrics = {"n": self.n}

    def state(self):
        return {"n": self.n}

    def restore(self, state):
        self.n = state["n"]


@pytest.mark.parametrize("run", RUNS)
def test_early_stopping_and_callbacks_go_on(monkeypatch, corpus, kept, tmp_path, run):
    chosen = BASE | RUNS[run] | {"epochs": 30, "validation": 0.1}
    chosen |= {"early_stopping": EarlyStopping(2, min_gain=0.02), "validation_every": "0.5 epochs"}
    chosen["score_offsets"] = False  # with them, there is nothing to learn from random words
    plain = Word2Vec(corpus, **chosen, callbacks=[Counts()])
    want = bytes_of(plain, tmp_path)
    assert 2 < len(plain.training_loss) < 30
    path = tmp_path / "run"
    Word2Vec(corpus, **chosen, callbacks=[Counts()], checkpoint=path, checkpoint_every="0.7 epochs")
    restore, cooling = Watcher.restore, []

    def note_cool_down(self, run, state, arrays):
        restore(self, run, state, arrays)
        cooling.append(run.cools_down)

    monkeypatch.setattr(Watcher, "restore", note_cool_down)
    for one in some(kept):
        resumed = Word2Vec.resume(one, corpus, callbacks=[Counts()])
        assert bytes_of(resumed, tmp_path) == want
        assert resumed.history[-1].metrics == plain.history[-1].metrics
    assert (cooling[0], cooling[-1]) == (False, True)
    with pytest.warns(RuntimeWarning, match=r"callbacks .'Counts'., and goes on with \[\]"):
        Word2Vec.resume(kept[0], corpus)


@pytest.mark.parametrize("run", RUNS)
def test_an_interrupt_at_the_end_of_an_epoch(monkeypatch, corpus, tmp_path, run):
    chosen = BASE | RUNS[run] | {"validation": 0.1, "callbacks": [Counts()]}
    want = bytes_of(Word2Vec(corpus, **chosen), tmp_path)
    measure, calls = HeldOut.measure, []

    def interrupted(self):
        calls.append(self)
        if len(calls) == 2:  # the first one is that of nothing
            raise KeyboardInterrupt
        return measure(self)

    path = tmp_path / "run"
    with monkeypatch.context() as patched:
        patched.setattr(HeldOut, "measure", interrupted)
        with pytest.raises(w2v.TrainingInterrupt):
            Word2Vec(corpus, **chosen | {"callbacks": [Counts()]}, checkpoint=path)
    assert Checkpoint.load(path).epochs_trained == 0
    resumed = Word2Vec.resume(path, corpus, callbacks=[Counts()])
    assert bytes_of(resumed, tmp_path) == want
    assert len(resumed.history) == 2


@pytest.mark.parametrize("run", RUNS)
def test_an_error_in_a_callback_leaves_a_checkpoint(corpus, tmp_path, run):
    chosen = BASE | RUNS[run]
    want = bytes_of(Word2Vec(corpus, **chosen), tmp_path)

    def fail(model):
        raise OSError("no network")

    path = tmp_path / "run"
    with pytest.raises(OSError, match="no network"):
        Word2Vec(corpus, **chosen, checkpoint=path, on_epoch_end=fail)
    assert bytes_of(Word2Vec.resume(path, corpus), tmp_path) == want


class StopsAt:
    """A progress callback that is interrupted once so many words are trained."""

    def __init__(self, words):
        self.words = words
        self.stopped = False

    def __call__(self, progress):
        if progress.phase == "training" and progress.done >= self.words:
            self.stopped = True
            raise KeyboardInterrupt


@pytest.mark.parametrize("run", RUNS)
def test_an_interrupt_leaves_a_checkpoint(monkeypatch, corpus, tmp_path, run):
    monkeypatch.setattr(runs, "_REPORT_INTERVAL", 1e-4)
    chosen = BASE | RUNS[run] | {"epochs": 60}
    want = bytes_of(Word2Vec(corpus, **chosen), tmp_path)
    path = tmp_path / "run"
    with pytest.raises(w2v.TrainingInterrupt) as interrupt:
        Word2Vec(corpus, **chosen, checkpoint=path, progress=StopsAt(20_000))
    trained = interrupt.value.result.tokens
    assert 10_000 < trained < 60 * 3200
    run_at = Checkpoint.load(path, run=True).run
    assert run_at.values["state"]["tokens"] == trained
    assert bytes_of(Word2Vec.resume(path, corpus), tmp_path) == want


@pytest.mark.parametrize("run", RUNS)
def test_a_second_interrupt_leaves_the_model_and_the_last_checkpoint(
    monkeypatch, corpus, tmp_path, run
):
    monkeypatch.setattr(runs, "_REPORT_INTERVAL", 1e-4)
    chosen = BASE | RUNS[run] | {"epochs": 60}
    want = bytes_of(Word2Vec(corpus, **chosen), tmp_path)
    path, save = tmp_path / "run", Checkpoint.save
    stops, interrupted = StopsAt(20_000), []

    def save_unless_stopped(self, path):
        if stops.stopped:
            interrupted.append(self.run.values["state"]["tokens"])
            raise KeyboardInterrupt
        save(self, path)

    with monkeypatch.context() as patched:
        patched.setattr(Checkpoint, "save", save_unless_stopped)
        with pytest.raises(w2v.TrainingInterrupt) as interrupt:
            Word2Vec(
                corpus, **chosen, checkpoint=path, checkpoint_every="3000 tokens",
                progress=stops,
            )  # fmt: skip
    found = interrupt.value
    assert np.isfinite(found.model.wv.vectors).all()
    assert found.result.tokens == interrupted[-1]
    assert Checkpoint.load(path, run=True).run.values["state"]["tokens"] < interrupted[-1]
    assert bytes_of(Word2Vec.resume(path, corpus), tmp_path) == want


@pytest.mark.parametrize("run", RUNS)
def test_a_resumed_run_has_the_rest_of_its_time(monkeypatch, corpus, tmp_path, run):
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(time, "perf_counter", lambda: clock.now)
    ends = []

    class Ticks:
        """Ten seconds pass at each call; training is interrupted at the 20th."""

        interval = "100 tokens"
        calls = 0

        def on_interval(self, model):
            self.calls += 1
            clock.now += 10.0
            if not ends and self.calls == 20:
                raise KeyboardInterrupt

        def on_train_end(self, model):
            ends.append(clock.now)

    path = tmp_path / "run"
    with pytest.raises(w2v.TrainingInterrupt):
        Word2Vec(
            corpus, **BASE | RUNS[run] | {"epochs": 1000}, max_seconds=500, checkpoint=path,
            callbacks=[Ticks()],
        )  # fmt: skip
    assert ends == [300.0]
    assert Checkpoint.load(path, run=True).run.values["watcher"]["seconds"] == 200.0
    clock.now = began = 1e6  # what passes between the two processes does not count
    ticks = Ticks()
    model = Word2Vec.resume(path, corpus, callbacks=[ticks])
    assert 25 <= ticks.calls <= 30
    assert ends[1] - began <= 300.0
    assert model.history[-1].tokens < 1000 * 3200
    assert model.history[-1].learning_rate < 0.1 * model.config.learning_rate
    again = Word2Vec.resume(path, corpus)  # it has ended
    assert again.wv.vectors.tobytes() == model.wv.vectors.tobytes()


def test_after_half_a_block_the_last_checkpoint_stays(monkeypatch, corpus, tmp_path, kept):
    monkeypatch.setattr(runs, "_REPORT_INTERVAL", 1e-4)
    monkeypatch.setattr(runs, "_BLOCK_PATIENCE", 0.0)
    monkeypatch.setattr(blocks, "_BLOCK_IDS", 10_000_000)
    monkeypatch.setattr(blocks, "_MIN_BLOCKS", 1)
    text = Corpus(sentences() * 100)
    path = tmp_path / "run"
    with pytest.raises(w2v.TrainingInterrupt):
        Word2Vec(
            text, **BASE | {"workers": 1}, checkpoint=path, progress=StopsAt(330_000),
            checkpoint_every="1 epoch",
        )  # fmt: skip
    assert Checkpoint.load(path, run=True).run.values["state"]["tokens"] == 320_000
    assert len(kept) == 1


def test_a_checkpoint_is_the_model_at_that_point(corpus, kept, tmp_path):
    seen = []
    Word2Vec(
        corpus, **BASE, workers=1, checkpoint=tmp_path / "run", checkpoint_every="1 epoch",
        on_epoch_end=lambda model: seen.append(model.wv.vectors.copy()),
    )  # fmt: skip
    loaded = Word2Vec.load(kept[0])
    assert len(loaded.training_loss) == 1
    assert (loaded.wv.vectors == seen[0]).all()
    assert (w2v.KeyedVectors.load(kept[0]).vectors == seen[0]).all()
    loaded.train(corpus)
    assert len(loaded.training_loss) == 3


def test_a_run_that_has_ended(corpus, tmp_path):
    path = tmp_path / "run"
    model = Word2Vec(corpus, **BASE, checkpoint=path)  # too short for any checkpoint before
    want = bytes_of(model, tmp_path)
    assert bytes_of(Word2Vec.load(path), tmp_path) == want
    same, result = model_runs.resume(Word2Vec, path, None)
    assert bytes_of(same, tmp_path) == want
    assert result.tokens == 6400
    assert result.history[-1].loss == model.training_loss[-1]
    Word2Vec(corpus, **BASE, checkpoint=path)  # takes its place


def test_one_checkpoint_at_a_time_beside_training(monkeypatch, corpus, tmp_path):
    monkeypatch.setattr(checkpointing._Background, "start", START)
    monkeypatch.setattr(checkpointing, "_AGAIN", 0.0)
    written, saves, save = threading.Event(), [], Checkpoint.save

    def save_late(self, path):
        assert written.wait(60)
        saves.append(self.run.values["ended"])
        save(self, path)

    monkeypatch.setattr(Checkpoint, "save", save_late)

    def end(model):
        if len(model.training_loss) == 9:
            written.set()

    chosen = BASE | {"epochs": 10, "workers": 1}
    model = Word2Vec(
        corpus, **chosen, on_epoch_end=end, checkpoint=tmp_path / "run", checkpoint_every="1 epoch"
    )
    assert saves[0] is False
    assert saves[-1] is True
    assert len(saves) <= 4  # of 11 if none waited
    assert model.wv.vectors.tobytes() == Word2Vec(corpus, **chosen).wv.vectors.tobytes()


# ---- What goes wrong -----------------------------------------------------------------------------


def test_a_full_disk_is_a_warning(monkeypatch, corpus, tmp_path, kept):
    path, save = tmp_path / "run", Checkpoint.save

    def save_once(self, path):
        if kept:
            raise OSError(errno.ENOSPC, "No space left on device", path)
        save(self, path)

    monkeypatch.setattr(Checkpoint, "save", save_once)
    with pytest.warns(RuntimeWarning, match="could not be written: .*No space left.*stays") as seen:
        model = Word2Vec(corpus, **BASE, workers=1, checkpoint=path, checkpoint_every="0.2 epochs")
    assert len(seen) == 2  # once in training, once at its end
    monkeypatch.undo()
    assert len(model.training_loss) == 2
    assert path.read_bytes() == kept[0].read_bytes()


def test_a_disk_that_is_too_small_is_an_error_at_once(monkeypatch, corpus, tmp_path):
    free = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(shutil, "disk_usage", lambda path: free)
    with pytest.raises(OSError, match="a checkpoint takes 2 MiB, and 1 MiB are free: free some"):
        Word2Vec(corpus, **BASE, checkpoint=tmp_path / "run")


def test_without_memory_for_a_copy_training_waits(monkeypatch, corpus, kept, tmp_path):
    monkeypatch.setattr(checkpointing, "available_memory", lambda: 1000)
    chosen = BASE | RUNS["blocks"]
    with pytest.warns(RuntimeWarning, match="no memory for a copy of the matrices .*waits while"):
        Word2Vec(corpus, **chosen, checkpoint=tmp_path / "run", checkpoint_every="1000 tokens")
    want = bytes_of(Word2Vec(corpus, **chosen), tmp_path)
    with pytest.warns(RuntimeWarning, match="no memory"):
        assert bytes_of(Word2Vec.resume(kept[1], corpus), tmp_path) == want


@pytest.fixture(scope="module")
def run_file(corpus, tmp_path_factory):
    """Return the checkpoint of a run that was interrupted."""
    path = tmp_path_factory.mktemp("run") / "run"

    def interrupt(model):
        raise KeyboardInterrupt

    with pytest.raises(w2v.TrainingInterrupt):
        Word2Vec(corpus, **BASE, workers=1, checkpoint=path, on_epoch_end=interrupt)
    return path


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text[:-1], "it has 3,192 tokens of 40 types in 399 sentences, the other one"),
        (lambda text: text[::-1], "as many tokens .3,200., but other words or counts"),
        (lambda text: [*text[:-2], text[-1], text[-2]], "the same 3,200 tokens in another order"),
        (lambda text: [[w.upper() for w in s] for s in text], "but other words or counts"),
    ],
    ids=["shorter", "reversed", "order", "case"],
)
def test_another_text_is_an_error(run_file, change, words):
    before = run_file.read_bytes()
    with pytest.raises(ValueError, match=f"not the text of the run: .*{words}.*resume with the"):
        Word2Vec.resume(run_file, change(sentences()))
    assert run_file.read_bytes() == before


def test_the_same_text_from_another_source(run_file, tmp_path):
    text, path = tmp_path / "text.txt", shutil.copy(run_file, tmp_path / "run")
    text.write_text("".join(" ".join(each) + "\n" for each in sentences()))
    want = bytes_of(Word2Vec(str(text), **BASE, workers=1), tmp_path)
    assert bytes_of(Word2Vec.resume(path, str(text)), tmp_path) == want


def changed(path, change, metadata=None):
    """Change the tensors or metadata of a checkpoint, but not its checksum."""
    tensors, texts = safetensors_file.read(path, kind=("w2v.model",))
    change(tensors, texts)
    safetensors_file.write(path, tensors, texts)


def edited(path, place, value):
    """Put a value into the state of a run, or remove what is there, with a checksum that fits."""
    tensors, texts = safetensors_file.read(path, kind=("w2v.model",))
    if place in tensors:
        tensors[place] = value
    else:
        run = holder = json.loads(texts["run"])
        *way, last = place.split(".")
        for name in way:
            holder = holder[name]
        holder[last] = value
        texts["run"] = json.dumps(run)
    texts["run_checksum"] = safetensors_file.checksum(tensors, texts, without="run_checksum")
    safetensors_file.write(path, tensors, texts)


def nudge(tensors, texts):
    tensors["output_vectors"][3, 4] += 1e-6


def advance(tensors, texts):
    texts["run"] = texts["run"].replace('"tokens": 3200', '"tokens": 3201', 1)


def renew(tensors, texts):
    texts["run"] = texts["run"].replace('"version": 1', '"version": 2', 1)


def garble(tensors, texts):
    texts["run"] = texts["run"][:-5]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (nudge, "checksum mismatch: the file is corrupt"),
        (advance, "checksum mismatch: the file is corrupt"),
        (garble, "the state of the run is unreadable .*corrupt"),
        (renew, r"version 2, written by w2v .*; this w2v .* reads version 1: upgrade w2v"),
    ],
    ids=["matrix", "position", "garbled", "newer"],
)
def test_a_damaged_checkpoint_is_an_error(corpus, run_file, tmp_path, change, words):
    path = shutil.copy(run_file, tmp_path / "run")
    changed(path, change)
    with pytest.raises(ValueError, match=words):
        Word2Vec.resume(path, corpus)


EDITS = [
    ("ended", 1, r"run.ended is 1, expected true or false"),
    ("chosen", {}, r"run.chosen.plan is missing"),
    ("chosen.plan.rows", {"x": 1}, r"run.chosen.plan.rows.x is unexpected"),
    (
        "chosen.plan.rows",
        {"vectors": 1},
        r"run.chosen.plan.rows is \{'vectors': 1\}, expected \{'v",
    ),
    ("chosen.alpha", -1, r"run.chosen.alpha is -1, expected a number of 0 or more"),
    ("settings.share", 0.7, r"run.settings.share is 0.7, expected .* at most 0.5"),
    (
        "settings.before",
        [0, 9, 0],
        r"run.settings.before\[1\] is 9, expected a whole number from 0",
    ),
    ("settings.changes", {"window": 3}, r"run.settings.changes.window is unexpected: .*min_alpha"),
    ("settings.changes", {"epochs": "x"}, r"epochs='x': expected an integer"),
    ("settings.every", "soon", r"run.settings.every is 'soon', expected .*a number and a unit"),
    ("settings.control.max_seconds", 0, r"run.settings.control.max_seconds is 0, expected .*above"),
    ("state.history", [[]], r"run.state.history\[0\] is \[\], expected an object with epoch"),
    ("state.tokens", 10**9, r"run.state.tokens is 1000000000, expected 0 to 6,400: 2 epochs"),
    ("state.schedule", [0.1], r"run.state.schedule is \[0.1\], expected 3 numbers"),
    ("state.last", [9, 0, 0, 3200, 2], r"run.state.last is \[9, .*expected a round with"),
    ("watcher.early_stopping", {}, r"run.watcher.early_stopping.best is missing"),
    ("watcher.early_stopping.waited", None, r"early_stopping.waited is None, expected a whole"),
    ("run.loss", np.zeros(3), r"'run.loss' is float64 of shape \(3,\), expected .*\(2,\)"),
    ("run.predictions", np.array([-1, 0]), r"'run.predictions' has numbers that are not 0 or more"),
    ("run.balance.missing", np.full((8, 8), np.nan, np.float32), r"missing' has .* not finite"),
    ("vectors", np.full((40, 8), np.inf, np.float32), r"tensor 'vectors' has .* not finite"),
    ("run.best.vectors", np.zeros((2, 2), np.float32), r"best.vectors' is .*expected .*\(40, 16\)"),
]


@pytest.fixture(scope="module")
def stopping_file(corpus, tmp_path_factory):
    """Return a checkpoint of a run of shards with early stopping."""
    path = tmp_path_factory.mktemp("stopping") / "run"
    with pytest.MonkeyPatch.context() as patch:
        for module, name, number in SHORT:
            patch.setattr(module, name, number)
        with pytest.raises(w2v.TrainingInterrupt):
            Word2Vec(
                corpus,
                **BASE,
                workers=1,
                shards=3,
                validation=sentences()[:40],
                early_stopping=True,
                checkpoint=path,
                callbacks=[Interrupts()],
            )
    return path


class Interrupts:
    def on_epoch_begin(self, model):
        if model.history:
            raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("place", "value", "words"), EDITS, ids=[f"{i}-{each[0]}" for i, each in enumerate(EDITS)]
)
def test_an_edited_checkpoint_is_refused_by_its_part(
    corpus, stopping_file, tmp_path, place, value, words
):
    path = shutil.copy(stopping_file, tmp_path / "run")
    edited(path, place, value)
    with pytest.raises(ValueError, match=words) as caught:
        Word2Vec.resume(path, corpus, validation=sentences()[:40])
    assert str(path) in str(caught.value)
    assert "resume from another checkpoint, or train again" in str(caught.value)


def test_an_edited_result_is_refused(corpus, tmp_path):
    Word2Vec(corpus, **BASE, workers=1, checkpoint=tmp_path / "run")
    edited(tmp_path / "run", "result.loss", 3)
    with pytest.raises(ValueError, match=r"run.result.loss is 3, expected a list; .*train again"):
        Word2Vec.resume(tmp_path / "run", corpus)


def test_a_position_in_blocks_that_the_history_denies_is_refused(corpus, run_file, tmp_path):
    path = shutil.copy(run_file, tmp_path / "run")
    edited(path, "state.blocks_taken", 0)
    with pytest.raises(ValueError, match=r"run.state.blocks_taken is 0, .* 0 epochs .*resume from"):
        Word2Vec.resume(path, corpus)


class Refuses:
    def on_epoch_end(self, model):
        """Is a callback."""

    def state(self):
        return {"seen": 1}

    def restore(self, state):
        raise KeyError("other")


def test_a_callback_that_cannot_take_its_state_back_is_named(corpus, tmp_path):
    calls = [Refuses(), Interrupts()]
    with pytest.raises(w2v.TrainingInterrupt):
        Word2Vec(corpus, **BASE, workers=1, checkpoint=tmp_path / "run", callbacks=calls)
    words = r"callbacks\[0\] \(Refuses\) cannot take back its state \{'seen': 1\}.*KeyError"
    with pytest.raises(ValueError, match=words):
        Word2Vec.resume(tmp_path / "run", corpus, callbacks=[Refuses(), Interrupts()])


def test_a_run_that_diverges_after_it_is_resumed_names_its_file(corpus, run_file, tmp_path):
    path = shutil.copy(run_file, tmp_path / "run")
    edited(path, "chosen.alpha", 1e20)
    edited(path, "state.schedule", [1e20, 0, 6400])
    with pytest.raises(FloatingPointError, match=rf"from {path}: resume from an earlier"):
        Word2Vec.resume(path, corpus)


def test_a_truncated_checkpoint_is_an_error(corpus, run_file, tmp_path):
    path = tmp_path / "run"
    path.write_bytes(run_file.read_bytes()[:-100])
    with pytest.raises(ValueError, match="truncated or corrupt"):
        Word2Vec.resume(path, corpus)


def test_a_file_of_another_kind_is_an_error(corpus, run_file, tmp_path):
    model = Word2Vec.load(run_file)
    model.save(tmp_path / "model")
    with pytest.raises(ValueError, match=r"a model, not the checkpoint of a run: Word2Vec.load"):
        Word2Vec.resume(tmp_path / "model", corpus)
    model.wv.save(tmp_path / "vectors")
    with pytest.raises(ValueError, match=r"this file contains word vectors .*expected a whole"):
        Word2Vec.resume(tmp_path / "vectors", corpus)
    with pytest.raises(FileNotFoundError):
        Word2Vec.resume(tmp_path / "nothing", corpus)


def test_other_settings_are_an_error(run_file):
    given = {"epochs": 3, "window": 5, "alpha": 0.1}
    words = (
        r"with the settings that it began with, and epochs=3 .it was 2., alpha=0.1 .it was None.: l"
    )
    with pytest.raises(ValueError, match=words):
        model_runs.resume(Word2Vec, run_file, None, given)


def test_validation_that_the_run_has_not_is_an_error(corpus, run_file):
    with pytest.raises(ValueError, match=r"validation=0.1, but the run holds out nothing"):
        Word2Vec.resume(run_file, corpus, validation=0.1)


def test_another_machine_is_a_warning(monkeypatch, corpus, run_file, tmp_path):
    path = shutil.copy(run_file, tmp_path / "run")
    monkeypatch.setattr(resuming, "__version__", "99")
    with pytest.warns(RuntimeWarning, match=rf"goes on with w2v 99 \({simd.active()}\): .*as good"):
        Word2Vec.resume(path, corpus)


def test_a_destination_is_checked_before_any_work(run_file, tmp_path):
    def train(**more):
        Word2Vec(iter([]), **more)  # an error of its own, later

    with pytest.raises(FileExistsError, match=r"a run that has not ended: resume it .*or remove"):
        train(checkpoint=run_file)
    (tmp_path / "notes").write_text("Do not lose this.")
    with pytest.raises(FileExistsError, match="not a checkpoint; name another one"):
        train(checkpoint=tmp_path / "notes")
    with pytest.raises(ValueError, match=r"written in safetensors format, but \.txt means text"):
        train(checkpoint=tmp_path / "run.txt")
    with pytest.raises(FileNotFoundError, match="the directory does not exist"):
        train(checkpoint=tmp_path / "folder" / "run")
    with pytest.raises(ValueError, match=r"checkpoint_every='1h' requires checkpoint="):
        train(checkpoint_every="1h")
    with pytest.raises(ValueError, match=r"checkpoint_every='10': expected a number and a unit"):
        train(checkpoint=tmp_path / "run", checkpoint_every="10")
    with pytest.raises(ValueError, match=r"checkpoint= requires a corpus; pass it to train"):
        Word2Vec(checkpoint=tmp_path / "run")
    assert not (tmp_path / "run").exists()
