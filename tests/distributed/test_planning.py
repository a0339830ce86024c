"""What a cluster will take: the model of its rounds."""

import dataclasses
import json

import numpy as np
import pytest

import w2v
from w2v.config import TrainingConfig
from w2v.distributed import planning
from w2v.training import plan, resources
from w2v.training.resources import Throughput
from w2v.training.shards import Round

COUNTS = {f"w{i}": 200_000 // (i + 1) for i in range(2000)}
SETTINGS = {"vector_size": 20, "epochs": 2, "min_count": 1}


def model(nodes=4, workers=2, network=1e9):
    config = TrainingConfig(vector_size=98)
    uses = {"vectors": np.full(100, 5.0), "output_vectors": np.full(100, 1e9)}
    return planning.RoundModel(config, 1000, uses, nodes, workers, network, speed=1e5)


def test_rows_that_tokens_touch():
    assert model().touched(0) == 0
    assert model().touched(1) == pytest.approx(100 + 100 * (1 - np.exp(-0.005)))
    assert model().touched(1e9) == pytest.approx(200)


def test_the_parts_of_a_round():
    one = Round(0, 0, 0, 800_000, replicas=8)
    (training, network, merging, messages), sent = model().of(one)
    rows = 200 * 400  # bytes: all rows, of each replica
    assert training == pytest.approx(1.0)
    assert sent == pytest.approx(2 * rows * 0.75 + rows * 0.75)
    assert network == pytest.approx(sent / 1e9)
    assert merging == pytest.approx(rows / planning.MERGED_BYTES + rows / planning.WRITTEN_BYTES)
    assert messages == pytest.approx((8 + 8) * planning.MESSAGE_SECONDS)
    alone, nothing = model(nodes=1, workers=8).of(one)
    assert (alone[1], nothing) == (0, 0)
    assert model(nodes=1, workers=2).of(one)[0][0] == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("text", "size"), [("25Gb", 3.125e9), ("100 Gbit/s", 12.5e9), ("8mbps", 1e6)]
)
def test_networks(text, size):
    assert planning.parse_network(text) == size


@pytest.mark.parametrize("text", ["25", "25GB", "25 GB/s", "0Gb", "fast"])
def test_what_is_no_network(text):
    with pytest.raises(ValueError, match=r"network=.*: expected gigabits per second, such as 25Gb"):
        planning.parse_network(text)


def test_a_plan_of_counts(monkeypatch):
    measured = w2v.plan(COUNTS, workers=1, **SETTINGS, measure=False)
    pace = Throughput(1e5, 1e5, 1e5, 1.0)
    same = dataclasses.replace(measured, throughput=pace)
    monkeypatch.setattr(planning, "plan_training", lambda *_, **__: same)
    few, many = (w2v.distributed.plan(COUNTS, nodes=n, **SETTINGS) for n in (2, 32))
    assert (few.shards, many.shards) == (2, 20)  # too few words for more
    assert 0 < many.efficiency < few.efficiency < 1
    assert sum(few.shares.values()) == pytest.approx(1)
    slow = w2v.distributed.plan(COUNTS, nodes=2, network="100Mb", **SETTINGS)
    assert slow.shares["network"] > few.shares["network"]
    assert slow.round_bytes == few.round_bytes
    assert w2v.distributed.plan(COUNTS, nodes=2, shards=7, **SETTINGS).shards == 7
    assert "2 nodes of 1 worker, 2 shards, 25 Gb/s" in str(few)
    json.dumps(few.to_dict())
    with pytest.raises(ValueError, match="nodes"):
        w2v.distributed.plan(COUNTS, nodes=0)
    same = measured
    with pytest.raises(ValueError, match="the speed of a worker was not measured"):
        w2v.distributed.plan(COUNTS, nodes=2)


def test_on_the_command_line(tmp_path, capsys, monkeypatch):
    from w2v.cli import main

    monkeypatch.setattr(plan, "_SECONDS", 0.02)  # of training that is timed
    monkeypatch.setattr(plan, "_SECONDS_OF_QUALITIES", 0.02)
    monkeypatch.setattr(resources, "_SECONDS", 0.02)
    path = tmp_path / "text.txt"
    path.write_text("the cat sat on the mat\n" * 900)
    arguments = ["plan", str(path), "-q", "--min-count", "1", "--nodes", "3", "--network", "10Gb"]
    assert main([*arguments, "--epochs", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cluster"]["network"] == 1.25e9
    train = ["train", str(path), "-o", str(tmp_path / "m"), "--nodes", "3"]
    assert main(train) == 2
    assert "--nodes requires --ray" in capsys.readouterr().err
    for option, value in (("--network", "10Gb"), ("--ray", "auto"), ("--workers-per-node", "2")):
        assert main(["plan", str(path), option, value]) == 2
        assert f"{option} requires --nodes" in capsys.readouterr().err
