"""Training on the nodes of a Ray cluster of this machine, which are killed now and then."""

import os
import random
import signal
import subprocess
import sys

import numpy as np
import pytest

import w2v
from w2v import Word2Vec, distributed
from w2v.distributed import models, team, training
from w2v.distributed.cluster import Actors, Cluster

pytestmark = [pytest.mark.filterwarnings("ignore")]

SETTINGS = {"vector_size": 24, "min_count": 1, "epochs": 2, "shards": 4, "seed": 3}
KILLS = 20  # of nodes, at least
DRIVER_KILLS = 5  # and of the process that leads


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "text.txt"
    share = 1 / np.arange(10, 1010)
    ids = np.random.default_rng(3).choice(1000, (12_000, 10), p=share / share.sum())
    path.write_text("".join(" ".join(f"w{i}" for i in line) + "\n" for line in ids.tolist()))
    return path


@pytest.fixture(scope="module")
def encoded(text, tmp_path_factory):
    path = tmp_path_factory.mktemp("encoded") / "text.w2vc"
    w2v.Corpus.encode(text, path)
    return path


@pytest.fixture(scope="module")
def expected(text):
    return Word2Vec(text, **SETTINGS)


def same(found, expected):
    np.testing.assert_array_equal(found.wv.vectors, expected.wv.vectors)
    np.testing.assert_array_equal(found.output_vectors, expected.output_vectors)
    assert found.training_loss == expected.training_loss
    return True


class Killing(Actors):
    """Actors of which one is killed after some of the calls."""

    def __init__(self, chance, share, most=10**9):
        super().__init__(Cluster())
        self.chance, self.share, self.most = chance, share, most
        self.team = None
        self.killed = []

    def call(self, process, method, *args, returns=1):
        found = super().call(process, method, *args, returns=returns)
        if method in ("train", "merge", "apply") and self.chance.random() < self.share:
            self.kill(method)
        return found

    def kill(self, method):
        alive = [member for member in self.team.members if member.facts]
        if alive and len(self.killed) < self.most:
            self.killed.append(method)
            os.kill(self.chance.choice(alive).facts.process, signal.SIGKILL)


def killing(monkeypatch, *args):
    """Return such actors, which know their team."""
    actors = Killing(*args)

    class Known(team.Team):
        def open(self):
            actors.team = self
            super().open()

    monkeypatch.setattr(training, "Team", Known)
    return actors


@pytest.mark.thorough
@pytest.mark.parametrize("count", [1, 2, 3])
def test_same_bytes_for_any_number_of_nodes(machines, text, encoded, expected, count):
    source = text if count == 2 else encoded
    seen = []
    found = distributed.train(source, nodes=count, **SETTINGS, progress=seen.append)
    assert same(found, expected)
    assert seen[-1].nodes == count


@pytest.mark.thorough
def test_what_encode_returned(machines, text, expected, tmp_path):
    manifest = distributed.encode(text, tmp_path / "c", split_size=100_000)
    assert len(manifest.parts) > 3
    assert same(distributed.train(manifest, nodes=2, **SETTINGS), expected)
    os.remove(tmp_path / "c" / manifest.parts[1].file)
    with pytest.raises(FileNotFoundError, match="copy all files of the folder, or encode the text"):
        distributed.train(tmp_path / "c", nodes=2, **SETTINGS)


@pytest.mark.thorough
def test_a_cluster_that_is_too_small(machines, text):
    with pytest.raises(ValueError, match=r"nodes=7, workers_per_node=1: .* for 3 such nodes"):
        distributed.train(text, nodes=7, **SETTINGS)


@pytest.mark.thorough
def test_command_line(machines, text, expected, tmp_path):
    from w2v.cli import main

    arguments = ["train", str(text), "-o", str(tmp_path / "m.safetensors"), "--ray", "auto", "-q"]
    arguments += ["--nodes", "3", "--epochs", "2", "--vector-size", "24", "--min-count", "1"]
    assert main([*arguments, "--shards", "4", "--seed", "3"]) == 0
    found = Word2Vec.load(tmp_path / "m.safetensors")
    assert same(found, expected)


@pytest.mark.thorough
def test_a_machine_that_is_lost_and_another_that_comes(machines, text, expected, monkeypatch):
    """All that the machine's object store had is lost with it."""
    actors = killing(monkeypatch, random.Random(1), 0.0)
    others = [node for node in machines.list_all_nodes() if not node.head]

    def exchange(progress):
        if progress.phase == "training" and progress.done and len(others) == 2:
            machines.remove_node(others.pop(), allow_graceful=False)
            machines.add_node(**machines.arguments)

    found = models.train_with(actors, 3, 1, text, **SETTINGS, progress=exchange)
    assert same(found, expected)
    assert len(others) == 1
    assert actors.team.lost


@pytest.mark.kills
def test_killed_nodes_change_no_byte(machines, text, expected, monkeypatch):
    kills, lost, chance = 0, 0, random.Random(19)
    while kills < KILLS:
        actors = killing(monkeypatch, chance, 0.05)
        assert same(models.train_with(actors, 3, 1, text, **SETTINGS), expected)
        kills, lost = kills + len(actors.killed), lost + actors.team.lost
    assert lost > KILLS / 2  # some were killed twice, or when nothing more was asked of them


@pytest.mark.kills
def test_a_killed_driver_goes_on_from_its_checkpoint(machines, text, tmp_path):
    common = [sys.executable, "-m", "w2v", "train", text, "-q"]
    settings = ["--epochs", "8", "--vector-size", "24", "--shards", "4"]
    whole = subprocess.run([*common, "-o", tmp_path / "whole", *settings], capture_output=True)
    assert whole.returncode == 0, whole.stderr
    chance, kills, file = random.Random(7), 0, tmp_path / "run"
    cluster = ["--ray", machines.address, "--nodes", "2", "--checkpoint-every", "0.05s"]
    while not (tmp_path / "model").exists():
        more = ["--resume", file] if file.exists() else ["--checkpoint", file, *settings]
        command = [*common, "-o", tmp_path / "model", *more, *cluster]
        process = subprocess.Popen(command, stderr=subprocess.PIPE)
        seen, written, times = identity(file), 0, chance.randrange(1, 5)
        while process.poll() is None and (kills >= DRIVER_KILLS or written < times):
            now = identity(file)
            written += now != seen
            seen = now
        if process.poll() is None:
            process.kill()
            kills += 1
        _, errors = process.communicate()
        assert process.returncode in (0, -9), errors
    assert kills >= DRIVER_KILLS
    assert (tmp_path / "model").read_bytes() == (tmp_path / "whole").read_bytes()


def identity(path):
    try:
        return path.stat().st_ino, path.stat().st_mtime_ns
    except FileNotFoundError:
        return None
