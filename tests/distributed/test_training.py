"""Training on nodes: the same bytes as on one machine, whatever happens to the nodes.

The nodes are objects of this process here; test_ray.py has those of a cluster.
"""

import contextlib
import dataclasses
import json
import random

import numpy as np
import pytest

import w2v
from w2v import Word2Vec
from w2v.distributed import nodes, team
from w2v.distributed.cluster import NodeLostError
from w2v.distributed.models import resume_with, train_with
from w2v.training import rounds, shards

WORDS = np.array([f"w{i}" for i in range(60)])
SETTINGS = {"vector_size": 12, "min_count": 1, "epochs": 2, "sample": 0.01, "shards": 4}


def sentences(n=300):
    rng = np.random.default_rng(6)
    share = 1 / np.arange(1, len(WORDS) + 1)
    return [rng.choice(WORDS, 8, p=share / share.sum()).tolist() for _ in range(n)]


TEXT = sentences()


@pytest.fixture(autouse=True)
def _short_shards(monkeypatch):
    """Give texts of a few thousand tokens several shards, and several rounds."""
    monkeypatch.setattr(shards, "_MIN_TOKENS", 200)
    monkeypatch.setattr(shards, "_MIN_WORDS", 1)
    monkeypatch.setattr(rounds, "_FIRST_TOKENS", 100)
    monkeypatch.setattr(rounds, "_HEAD_START", 200)
    monkeypatch.setattr(rounds, "_REPLICA_TOKENS", 50)


class Result:
    def __init__(self, value, owner=None):
        self.value, self.owner = value, owner


class Process:
    def __init__(self, kind):
        self.object, self.alive = kind(), True


class Inline:
    """Machines whose processes are objects here; a method is called when its result is asked for.

    ``fate(method)`` decides after each call: "kill" ends the process, whose results are lost then;
    "lose" loses what one call needs.
    """

    def __init__(self, fate=lambda method: None):
        self.fate, self.calls, self.figures = fate, [], {}
        self.processes = []

    def start(self, kind, workers):
        self.processes.append(Process(kind))
        return self.processes[-1]

    def call(self, process, method, *args, returns=1):
        self.calls.append(method)
        results = [Result(None, process) for _ in range(returns)]
        fate = self.fate(method)
        try:
            if not process.alive:
                raise NodeLostError("dead")
            if fate == "lose":
                raise NodeLostError("lost")
            found = getattr(process.object, method)(*map(self.look, args))
        except Exception as error:
            found = [error] * returns if returns > 1 else error
        for result, value in zip(results, found if returns > 1 else [found], strict=True):
            result.value = value
        if fate == "kill":
            process.alive = False
        return results if returns > 1 else results[0]

    def look(self, argument):
        return self.get(argument) if isinstance(argument, Result) else argument

    def put(self, value):
        return Result(value)

    def ended(self, references, seconds):
        return references[-1:]  # in another order than they were begun

    def get(self, reference):
        if reference.owner is not None and not reference.owner.alive:
            raise NodeLostError("lost with its process")
        if isinstance(reference.value, Exception):
            raise reference.value
        return reference.value

    def stop(self, process):
        process.alive = False

    def show(self, values):
        self.figures = values


def same(found, expected):
    for name, rows in expected._weights.matrices().items():
        np.testing.assert_array_equal(found._weights.matrices()[name], rows, err_msg=name)
    assert found.training_loss == expected.training_loss
    measured = [[record.validation_loss for record in model.history] for model in (found, expected)]
    np.testing.assert_array_equal(*measured)
    assert type(found) is Word2Vec
    assert "_trained_by" not in vars(found)
    return True


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize(
    "more",
    [{}, {"sg": 0}, {"hs": 1, "negative": 0}, {"hs": 1, "validation": 0.1}],
    ids=["skip-gram", "cbow", "hierarchical", "both"],
)
def test_same_bytes_for_any_number_of_nodes(count, more):
    chosen = SETTINGS | more
    machines = Inline()
    assert same(train_with(machines, count, 2, TEXT, **chosen), Word2Vec(TEXT, **chosen))
    assert len(machines.processes) == count
    assert not any(process.alive for process in machines.processes)


def test_shards_follow_the_nodes_unless_given():
    model = train_with(Inline(), 2, 3, TEXT, **{**SETTINGS, "shards": None})
    assert model.config.shards == 6
    assert train_with(Inline(), 2, 3, TEXT, **SETTINGS).config.shards == 4


def test_large_merges_go_in_several_pieces(monkeypatch):
    monkeypatch.setattr(nodes, "_STAGED", 1)
    monkeypatch.setattr(nodes, "_LEAST_STAGED_ROWS", 7)
    monkeypatch.setattr(team, "_WRITTEN", 500)
    machines = Inline()
    assert same(train_with(machines, 2, 2, TEXT, **SETTINGS), Word2Vec(TEXT, **SETTINGS))
    assert machines.calls.count("write") > 4 * 2


# ---- Faults --------------------------------------------------------------------------------------


class Fate:
    """Something that happens at the n-th call of a method."""

    def __init__(self, **events):
        self.events, self.seen = events, {}

    def __call__(self, method):
        self.seen[method] = self.seen.get(method, 0) + 1
        what, at = self.events.get(method, (None, 0))
        return what if self.seen[method] == at else None


@pytest.mark.parametrize("method", ["train", "merge", "apply", "transform", "write", "prepare"])
@pytest.mark.parametrize("what", ["kill", "lose"])
def test_a_round_is_repeated_after_a_fault(method, what):
    fate = Fate(**{method: (what, 3 if method != "prepare" else 1)})
    machines = Inline(fate)
    assert same(train_with(machines, 2, 2, TEXT, **SETTINGS), Word2Vec(TEXT, **SETTINGS))
    assert fate.seen[method] >= 3 or method == "prepare"
    replaced = what == "kill" or method in ("write", "prepare")
    assert len(machines.processes) == 2 + replaced


def test_random_faults_change_no_byte():
    expected = Word2Vec(TEXT, **SETTINGS)
    chance = random.Random(5)
    happened = []

    def fate(method):
        if chance.random() > 0.06:
            return None
        happened.append(method)
        return chance.choice(["kill", "lose"])

    for _ in range(3):
        assert same(train_with(Inline(fate), 3, 2, TEXT, **SETTINGS), expected)
    assert len(happened) > 20
    assert {"train", "merge"} <= set(happened)


def test_a_cluster_that_loses_every_node_ends_the_run(monkeypatch):
    monkeypatch.setattr(team, "_MOST_STARTS", 6)
    machines = Inline(lambda method: "kill" if method == "train" else None)
    with pytest.raises(NodeLostError, match=r"\d+ nodes were lost: something on the machines"):
        train_with(machines, 2, 2, TEXT, **SETTINGS)
    assert len(machines.processes) == 7


def test_errors_of_nodes_come_before_training(monkeypatch, tmp_path):
    def prepared(**facts):
        def prepare(self, *args):
            return dataclasses.replace(original(self, *args), **facts)

        return prepare

    original = nodes.Node.prepare
    monkeypatch.setattr(nodes, "__version__", "0.0.1")
    with pytest.raises(RuntimeError, match=r"has w2v 0\.0\.1, the one that called has .*: install"):
        train_with(Inline(), 2, 2, TEXT, **SETTINGS)
    monkeypatch.undo()
    _few_tokens(monkeypatch)
    monkeypatch.setattr(nodes, "available_memory", lambda: 1000)
    with pytest.raises(MemoryError, match=r"2 workers takes .*: lower workers_per_node"):
        train_with(Inline(), 2, 2, TEXT, **SETTINGS)
    monkeypatch.undo()
    _few_tokens(monkeypatch)
    monkeypatch.setattr(nodes.Node, "prepare", prepared(simd="other"))
    with pytest.warns(RuntimeWarning, match=r"different SIMD variants \(.*other.*set W2V_SIMD"):
        train_with(Inline(), 2, 2, TEXT, **SETTINGS)


def _few_tokens(monkeypatch):
    monkeypatch.setattr(shards, "_MIN_TOKENS", 200)
    monkeypatch.setattr(shards, "_MIN_WORDS", 1)


def test_a_text_without_several_shards_is_trained_here():
    machines = Inline()
    few = {**SETTINGS, "softmax": True, "negative": 0, "shards": None}
    with pytest.warns(RuntimeWarning, match="full softmax has one shard: this process trains it"):
        train_with(machines, 2, 1, TEXT, **few, workers=1)
    assert machines.calls == []


# ---- Where the text is ---------------------------------------------------------------------------


def test_nodes_open_an_encoded_corpus_by_themselves(tmp_path, monkeypatch):
    corpus = w2v.Corpus(TEXT)
    path = tmp_path / "text.w2vc"
    corpus.save(path)
    chosen = SETTINGS | {"validation": 0.1}
    expected = Word2Vec(corpus, **chosen)
    opened = []
    original = nodes.TextPlace.ids
    monkeypatch.setattr(nodes.TextPlace, "ids", lambda self: opened.append(1) or original(self))
    assert same(train_with(Inline(), 2, 2, str(path), **chosen), expected)
    assert len(opened) == 2
    assert same(train_with(Inline(), 2, 2, TEXT, **chosen), expected)
    assert len(opened) == 2
    place = nodes.TextPlace(str(path), None, 1, 5, 5, 5)
    with pytest.raises(ValueError, match="another text than where training was started"):
        place.ids()
    with pytest.raises(OSError, match=r"\(on .*\)"):
        dataclasses.replace(place, path=str(tmp_path / "none.w2vc")).ids()


# ---- Checkpoints ---------------------------------------------------------------------------------


class EndsError(Exception):
    pass


@pytest.mark.filterwarnings("ignore:the run had callbacks")
@pytest.mark.parametrize("on_one_machine", [False, True])
def test_a_killed_driver_goes_on_from_its_checkpoint(tmp_path, on_one_machine):
    chosen = SETTINGS | {"validation": 0.1}
    expected = Word2Vec(TEXT, **chosen)
    path = tmp_path / "run.safetensors"

    def ends(model):
        raise EndsError

    with contextlib.suppress(EndsError):
        checkpoints = {"checkpoint": path, "checkpoint_every": "500 words"}
        train_with(Inline(), 2, 2, TEXT, **chosen, **checkpoints, callbacks=[_At(4, ends)])
    if on_one_machine:
        found = Word2Vec.resume(path, TEXT)
    else:
        found = resume_with(Inline(), 3, 1, path, TEXT)
    assert found.training_loss == expected.training_loss
    np.testing.assert_array_equal(found.wv.vectors, expected.wv.vectors)


class _At:
    """A callback that does something at the n-th merge."""

    def __init__(self, n, do):
        self.n, self.do = n, do

    def on_merge(self, model):
        self.n -= 1
        if self.n == 0:
            self.do(model)

    def state(self):
        return {}

    def restore(self, state):
        self.n = 0


def test_a_callback_may_change_vectors():
    def zero(model):
        model.wv.vectors[:7] = 0

    found = train_with(Inline(), 2, 2, TEXT, **SETTINGS, callbacks=[_At(3, zero)])
    assert same(found, Word2Vec(TEXT, **SETTINGS, callbacks=[_At(3, zero)]))


# ---- What is told --------------------------------------------------------------------------------


def test_result_and_progress():
    seen, machines = [], Inline()
    model = train_with(machines, 2, 2, TEXT, **SETTINGS, progress=seen.append)
    assert model.epochs == 2
    training = [progress for progress in seen if progress.phase == "training"]
    assert training[-1].nodes == 2
    assert 0 <= training[-1].merging + training[-1].network <= 1
    assert machines.figures["nodes"] == 2
    assert machines.figures["exchanged_bytes"] > 0
    assert json.dumps(machines.figures)
