"""deterministic=True: the same bytes with any number of workers, from any source, on any CPU."""

import hashlib
import os
import platform
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
from combinations import ARCHITECTURES, OBJECTIVES, settings

from w2v import Corpus, Word2Vec, simd
from w2v.cli import app
from w2v.config import TrainingConfig
from w2v.training import rounds, shards

WORDS = np.array([f"w{i}" for i in range(60)])


def sentences(n=400):
    rng = np.random.default_rng(6)
    share = 1 / np.arange(1, len(WORDS) + 1)
    return [rng.choice(WORDS, 8, p=share / share.sum()).tolist() for _ in range(n)]


@pytest.fixture(autouse=True)
def _short_shards(monkeypatch):
    """Give texts of a few thousand tokens several shards, and several rounds."""
    monkeypatch.setattr(shards, "_MIN_TOKENS", 200)
    monkeypatch.setattr(shards, "_MIN_WORDS", 1)
    monkeypatch.setattr(rounds, "_FIRST_TOKENS", 100)
    monkeypatch.setattr(rounds, "_HEAD_START", 200)
    monkeypatch.setattr(rounds, "_REPLICA_TOKENS", 50)


def saved(path, source, **more):
    """Return the bytes of the file of a model."""
    chosen = {"vector_size": 12, "min_count": 1, "epochs": 2, "sample": 0.01, "deterministic": True}
    Word2Vec(source, **chosen | more).save(path)
    return path.read_bytes()


def test_sixteen_shards_unless_given():
    assert TrainingConfig().fixed_shards is None
    assert TrainingConfig(shards=3).fixed_shards == 3
    assert TrainingConfig(deterministic=True, workers=2).fixed_shards == 16
    assert TrainingConfig(deterministic=True, shards=3).fixed_shards == 3
    result = Word2Vec(sentences(), min_count=1, workers=2, deterministic=True).train(sentences())
    assert result.shards == 16


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_model_files_are_the_same_with_any_number_of_workers(objective, tmp_path):
    for architecture in ARCHITECTURES if objective == "negative" else ("skip-gram",):
        chosen = settings(architecture, objective)
        one, *others = (
            saved(tmp_path / "model", sentences(200), workers=n, **chosen) for n in (1, 2, 5, None)
        )
        assert all(other == one for other in others)


def test_model_files_are_the_same_from_every_source(tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("".join(" ".join(each) + "\n" for each in sentences()))
    Corpus(text).save(tmp_path / "text.corpus")
    with_two = partial(saved, tmp_path / "model", workers=2)
    one = with_two(sentences())
    assert with_two(str(text)) == one
    assert with_two(each for each in sentences()) == one
    assert with_two(Corpus.open(tmp_path / "text.corpus")) == one
    assert with_two(sentences(), seed=2) != one


def test_memory_for_some_replicas_only_is_an_error(monkeypatch):
    monkeypatch.setattr(shards, "replica_budget", lambda config: 1000)
    words = r"^shards=16: their replicas take .*lower shards, or leave deterministic out"
    with pytest.raises(ValueError, match=words):
        Word2Vec(sentences(), min_count=1, deterministic=True)


def test_a_model_tells_how_to_get_it_again(tmp_path, capsys):
    saved(tmp_path / "model.safetensors", sentences(), workers=2, seed=5)
    assert app.main(["inspect", str(tmp_path / "model.safetensors")]) == 0
    rows = dict(line.split(None, 1) for line in capsys.readouterr().out.splitlines())
    assert rows["deterministic"] == "True"
    assert rows["seed"] == "5"
    assert rows["simd"] == simd.active()
    assert rows["workers"] == "not set"
    loaded = Word2Vec.load(tmp_path / "model.safetensors")
    loaded.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "model.safetensors").read_bytes()


ELSEWHERE = """
import hashlib, sys
import numpy as np
from w2v import Word2Vec
rng = np.random.default_rng(6)
share = 1 / np.arange(1, 401)
ids = rng.choice(400, 60_000, p=share / share.sum()).reshape(-1, 10).astype(str).tolist()
digest = hashlib.sha256()
for more in ({}, {"sg": 0, "ns_exponent": 0.6}, {"hs": 1}):
    model = Word2Vec(
        ids, vector_size=20, epochs=1, min_count=1, deterministic=True, shards=3, **more
    )
    model.save(sys.argv[1])
    with open(sys.argv[1], "rb") as file:
        digest.update(file.read())
print(digest.hexdigest())
"""


@pytest.mark.thorough
@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="names of x86 CPUs")
def test_libraries_that_adapt_to_the_cpu_do_not_matter(tmp_path):
    """NumPy and its BLAS choose code for the CPU, whose results differ in the last digits."""
    basic = {
        "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3 AVX512F AVX512_SKX",
        "OPENBLAS_CORETYPE": "Prescott",
    }
    found = set()
    for more in ({}, basic):
        env = os.environ | {"W2V_SIMD": "scalar", "PYTHONWARNINGS": "ignore"} | more
        command = [sys.executable, "-c", ELSEWHERE, str(tmp_path / "model")]
        run = subprocess.run(
            command, env=env, cwd=tmp_path, capture_output=True, text=True, check=True
        )
        found.add(run.stdout)
    assert len(found) == 1
    assert len(found.pop().strip()) == 2 * hashlib.sha256().digest_size
