"""Encoding on a Ray cluster of this machine."""

import json
import os
import signal

import numpy as np
import pytest

import w2v

pytestmark = [pytest.mark.thorough, pytest.mark.filterwarnings("ignore")]

LINES = [f"the cat{i % 7} sat on mat{i} and the dog{i % 13}" for i in range(400)]


def same(folder, expected):
    found = w2v.Corpus.open(folder)
    for one, other in zip(found.encoded.arrays, expected.encoded.arrays, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("\n".join(LINES))
    return path


@pytest.mark.parametrize("size", ["1GB", 5_000, 2_000])
def test_same_ids_for_any_number_of_tasks(ray, text, tmp_path, size):
    seen = []
    w2v.distributed.encode(
        text, tmp_path / "c", split_size=size, progress=lambda *done: seen.append(done)
    )
    same(tmp_path / "c", w2v.Corpus(text))
    assert seen[-1][0] == seen[-1][1] == 2 * text.stat().st_size


def test_a_data_set(ray, tmp_path):
    data = pytest.importorskip("ray.data")
    rows = [{"n": i, "text": line} for i, line in enumerate(LINES)]
    dataset = data.from_items(rows, override_num_blocks=5)
    manifest = w2v.distributed.encode(dataset, tmp_path / "c", column="text")
    assert len(manifest.parts) == 5
    same(tmp_path / "c", w2v.Corpus(LINES))
    with pytest.raises(ValueError, match="applies only to files, not a data set"):
        w2v.distributed.encode(dataset, tmp_path / "c", format="text")


def test_the_recipe_for_dask(ray, tmp_path):
    bag = pytest.importorskip("dask.bag")
    pytest.importorskip("dask.dataframe")
    (tmp_path / "texts").mkdir()
    for number in range(12):
        (tmp_path / "texts" / f"{number:02}.txt").write_text("\n".join(LINES[number::12]))
    lines = bag.read_text(str(tmp_path / "texts" / "*.txt")).map(
        lambda line: {"text": line.strip().lower()}
    )
    lines.to_dataframe(meta={"text": str}).to_parquet(
        str(tmp_path / "cleaned"), name_function=lambda i: f"part-{i:06}.parquet"
    )
    assert len(os.listdir(tmp_path / "cleaned")) == 12
    w2v.distributed.encode(tmp_path / "cleaned", tmp_path / "c", column="text")
    same(tmp_path / "c", w2v.Corpus(str(tmp_path / "texts" / "*.txt"), lowercase=True))


def test_a_task_whose_process_is_killed_runs_again(ray, text, tmp_path):
    mark = str(tmp_path / "killed")

    def dies_once(line):
        if not os.path.exists(mark):
            open(mark, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        return line.split()

    w2v.distributed.encode(text, tmp_path / "c", tokenizer=dies_once, split_size=5_000)
    assert os.path.exists(mark)
    same(tmp_path / "c", w2v.Corpus(text))


def test_errors_of_tasks_arrive_as_they_were(ray, text, tmp_path):
    text.write_bytes(b"a b\n" * 10 + b"\xff\n" + b"c d\n" * 9)
    with pytest.raises(ValueError, match=r"invalid UTF-8 at byte 40 \(counted from 0; line 11\)"):
        w2v.distributed.encode(text, tmp_path / "c", split_size=20)


def test_another_version_is_refused(ray, text, tmp_path, monkeypatch):
    monkeypatch.setattr("w2v.distributed.cluster.__version__", "0.0.1")
    with pytest.raises(RuntimeError, match=r"has w2v .*, the one that called has 0\.0\.1: install"):
        w2v.distributed.encode(text, tmp_path / "c")


def test_command_line(ray, text, tmp_path, capsys):
    from w2v.cli import main

    arguments = ["encode", str(text), "-o", str(tmp_path / "c"), "--ray", "auto", "--json", "-q"]
    assert main([*arguments, "--prune-below", "50"]) == 0
    printed = json.loads(capsys.readouterr().out)
    manifest = json.loads((tmp_path / "c" / "manifest.json").read_text())
    assert (printed["tokens"], printed["types"]) == (manifest["tokens"], manifest["types"])
    assert manifest["source"]["prune_below"] == 50
