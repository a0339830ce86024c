"""Errors where memory runs out: how much was missing for what, and what to do."""

import subprocess
import sys

import numpy as np
import pytest

from w2v import Corpus, Word2Vec, _memory
from w2v.io import words
from w2v.vocab import sampling

SENTENCES = [["sun", "moon", "star"], ["bread", "milk", "egg"]] * 50


def nothing_left(*args, **more):
    raise MemoryError


def in_the_words_of_numpy(*args, **more):
    np.empty(1 << 62, np.uint8)


@pytest.fixture
def model():
    return Word2Vec(SENTENCES, vector_size=10, min_count=1, epochs=1, workers=1, sample=0)


@pytest.mark.parametrize("failure", [nothing_left, in_the_words_of_numpy])
@pytest.mark.parametrize("kind", ["model", "vectors", "npz", "txt", "safetensors"])
def test_saving_says_what_it_needs_and_what_to_do(model, tmp_path, monkeypatch, kind, failure):
    path = tmp_path / f"file.{kind}"
    path.write_text("old")
    monkeypatch.setattr(words, "pack_words", failure)
    monkeypatch.setattr("w2v.io.word2vec_format.encode", failure)
    save = {"model": model.save, "vectors": model.wv.save}.get(kind, model.wv.export)
    with pytest.raises(MemoryError, match=rf"about 2 MiB for \w+ {path}: .*again$"):
        save(path)
    assert path.read_text() == "old"


def test_tables_say_what_they_need_and_what_to_do(model, monkeypatch):
    monkeypatch.setattr(sampling, "noise_table", in_the_words_of_numpy)
    with pytest.raises(MemoryError, match=r"about 65 MiB for the tables .* max_final_vocab, or "):
        model.train(SENTENCES)


def test_encoding_says_what_it_needs_and_what_to_do():
    def sentences():
        yield from SENTENCES
        in_the_words_of_numpy()

    with pytest.raises(MemoryError, match=r"about 1 MiB for the encoded corpus: .* memory="):
        Corpus(sentences())


def test_an_error_that_knows_better_is_kept():
    with pytest.raises(MemoryError, match=r"^less, please$"), _memory.explain_shortage("x", 1, "y"):
        raise MemoryError("less, please")


def test_sizes_are_readable():
    sizes = [_memory.format_size(n) for n in (0, 1 << 20, (1 << 20) + 1, 3000 << 20, 5 << 29)]
    assert sizes == ["1 MiB", "1 MiB", "2 MiB", "2.9 GiB", "2.5 GiB"]


def test_words_are_packed_a_part_at_a_time(monkeypatch):
    monkeypatch.setattr(words, "_PART", 3)
    for n in range(8):
        offsets, data = words.pack_words(["Straße", "", "a", "王", "bc", "x", "yz"][:n])
        assert offsets.tolist() == [0, 7, 7, 8, 11, 13, 14, 16][: n + 1]
        assert data.tobytes().decode() == "Straßea王bcxyz"[: [0, 6, 6, 7, 8, 10, 11, 13][n]]


@pytest.mark.skipif(sys.platform != "linux", reason="needs the memory of a process in /proc")
@pytest.mark.parametrize(
    ("save", "path"),
    [
        ("model.save", "m"),
        pytest.param("model.wv.save", "m", marks=pytest.mark.thorough),
        ("model.wv.export", "m.npz"),
    ],
    ids=["model.save", "model.wv.save", "model.wv.export"],
)
def test_saving_needs_no_second_copy_of_the_model(save, path, tmp_path):
    code = f"""
from w2v import Word2Vec
words = [[str(i) for i in range(j, j + 10)] for j in range(0, 40_000, 10)]
model = Word2Vec(words, vector_size=300, min_count=1, epochs=1, workers=1)  # 49 MB a matrix
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")  # begin to measure the peak again
used = peak = 0
for line in open("/proc/self/status"):
    used = int(line.split()[1]) if line.startswith("VmRSS") else used
{save}({path!r})
for line in open("/proc/self/status"):
    peak = int(line.split()[1]) if line.startswith("VmHWM") else peak
print((peak - used) * 1024)
"""
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 40_000_000  # NumPy writes an array of an .npz in parts of 16 MB
