"""docs/file-formats.md, followed by hand: what it says is what the files contain."""

import functools
import itertools
import json
import re
import struct
from pathlib import Path

import numpy as np
import pytest

import w2v
from w2v import Corpus, KeyedVectors, Phrases, Word2Vec
from w2v.io._checksum import Checksum

DOCUMENT = Path(__file__).parents[2] / "docs" / "file-formats.md"


def specified_checksum():
    """Return the function that the document specifies the checksum by."""
    names = {"struct": struct}
    exec(re.search(r"```python\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)[1], names)
    return names["checksum"]


def tensors_of(path):
    """Return the metadata and the bytes of each tensor, in the order of the file."""
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    metadata = header.pop("__metadata__")
    spans = sorted((*tensor["data_offsets"], name) for name, tensor in header.items())
    assert [0, *(end for _, end, _ in spans)] == [
        *(begin for begin, _, _ in spans),
        len(data) - start,
    ]
    return metadata, {name: data[start + begin : start + end] for begin, end, name in spans}


def words_of(tensors):
    ends = np.frombuffer(tensors["word_offsets"], "<i8").tolist()
    spans = itertools.pairwise(ends)
    return [tensors["words"][begin:end].decode("utf-8", "surrogatepass") for begin, end in spans]


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 65_535, 65_536, 65_537, 131_072, 140_000])
def test_checksum(size):
    data = np.random.default_rng(size).integers(0, 256, size).astype(np.uint8).tobytes()
    ours = Checksum()
    ours.add(data)
    assert ours.hexdigest() == specified_checksum()(data)


def test_checksum_in_pieces():
    data = np.random.default_rng(1).integers(0, 256, 200_000).astype(np.uint8).tobytes()
    for size in (64, 1_000, 65_536, 150_000):
        ours = Checksum()
        for start in range(0, len(data), size):
            ours.add(data[start : start + size])
        assert ours.hexdigest() == specified_checksum()(data), size


def test_checksums_that_the_document_names():
    text = DOCUMENT.read_text("utf-8")
    assert f"no bytes is `{specified_checksum()(b'')}`" in text
    assert f"of `abc` is `{specified_checksum()(b'abc')}`" in text


@pytest.mark.parametrize("sentences", [[["the", "cat"], ["the"]], [["a", "b"]]])
def test_encoded_corpus(tmp_path, sentences):
    Corpus(sentences).save(tmp_path / "c.w2vc")
    assert int.from_bytes((tmp_path / "c.w2vc").read_bytes()[:8], "little") + 8 == 16384
    metadata, tensors = tensors_of(tmp_path / "c.w2vc")
    ids = np.frombuffer(tensors["ids"], "<i4")
    order = ["ids", *["padding"] * (len(ids) % 2), "counts", "word_offsets", "words"]
    assert list(tensors) == order
    assert tensors.get("padding", bytes(4)) == bytes(4)
    words = words_of(tensors)
    assert words == list(dict.fromkeys(word for sentence in sentences for word in sentence))
    read, sentence = [], []
    for number in ids.tolist():
        if number == -1:
            read.append(sentence)
            sentence = []
        else:
            sentence.append(words[number])
    assert read == sentences
    checksum = specified_checksum()
    assert metadata["checksum_ids"] == checksum(tensors["ids"])
    types = tensors["counts"] + tensors["word_offsets"] + tensors["words"]
    assert metadata["checksum_types"] == checksum(types)
    assert (metadata["format"], metadata["format_version"]) == ("w2v.corpus", "1")
    assert isinstance(json.loads(metadata["source"]), dict)


@pytest.mark.parametrize(
    ("dtype", "code"), [("float32", "<f4"), ("float16", "<f2"), ("int8", "i1")]
)
def test_vectors(tmp_path, dtype, code):
    path = tmp_path / "v.safetensors"
    words = ["a b", "", "\ud800", "é"]
    rows = np.array([[1, -2.54], [0, 0], [0.5, 3], [8, -1]], np.float32)
    KeyedVectors(words, rows, counts=[4, 3, 2, 1]).export(path, dtype=dtype)
    metadata, tensors = tensors_of(path)
    assert metadata["format"] == "w2v.vectors"
    assert metadata["format_version"] == ("1" if dtype == "float32" else "2")
    assert words_of(tensors) == words
    assert np.frombuffer(tensors["counts"], "<i8").tolist() == [4, 3, 2, 1]
    read = np.frombuffer(tensors["vectors"], code).reshape(4, 2).astype(np.float32)
    if dtype == "int8":
        scales = np.frombuffer(tensors["scales"], "<f4")
        np.testing.assert_allclose(scales, np.abs(rows).max(axis=1) / 127, rtol=1e-6)
        read *= scales[:, None]
    np.testing.assert_allclose(read, rows, rtol=1e-3, atol=0.05)
    np.testing.assert_array_equal(read, KeyedVectors.load(path).vectors)


@pytest.mark.parametrize(
    ("negative", "hs", "matrices"),
    [(5, 0, {"output_vectors": 3}), (0, 1, {"node_vectors": 2}),
     (5, 1, {"output_vectors": 3, "node_vectors": 2})],
)  # fmt: skip
def test_model(tmp_path, negative, hs, matrices):
    path = tmp_path / "m.safetensors"
    model = Word2Vec(
        [["b", "a", "c", "a"]] * 9,
        min_count=1,
        vector_size=5,
        epochs=1,
        sample=0,
        negative=negative,
        hs=hs,
    )
    model.save(path)
    metadata, tensors = tensors_of(path)
    assert metadata["format"] == "w2v.model"
    assert words_of(tensors) == model.wv.index_to_key == ["a", "b", "c"]
    assert np.frombuffer(tensors["counts"], "<i8").tolist() == [18, 9, 9]
    sizes = {name: len(data) for name, data in tensors.items() if name.endswith("_vectors")}
    assert sizes == {name: 4 * 5 * rows for name, rows in matrices.items()}
    assert len(tensors["vectors"]) == 4 * 5 * 3
    training = json.loads(metadata["training"])
    assert training.pop("simd") == [w2v.simd.active()]
    assert set(training) == {
        "loss", "history", "epochs_trained", "corpus_count", "corpus_total_words",
    }  # fmt: skip
    assert json.loads(metadata["config"])["vector_size"] == 5


def test_index(tmp_path):
    pytest.importorskip("usearch")
    rows = np.random.default_rng(1).standard_normal((20, 7)).astype(np.float32)
    KeyedVectors([str(i) for i in range(20)], rows).index().save(tmp_path / "index")
    data = (tmp_path / "index").read_bytes()
    assert data[-8:] == b"w2vindex"
    end = len(data) - 16
    start = end - int.from_bytes(data[-16:-8], "little")
    described = json.loads(data[start:end])
    checksum = specified_checksum()
    assert (described["words"], described["dimensions"], described["size"]) == (20, 7, start)
    assert described["graph"] == checksum(data[:start])
    assert described["vectors"] == checksum(rows.tobytes())


# ---- Names ---------------------------------------------------------------------------------------


def writers():
    """Return (call of a path, names that it takes, names that it refuses)."""
    model = Word2Vec([["a", "b"]] * 9, vector_size=2, min_count=1, epochs=1, workers=1, sample=0)
    corpus, wv = Corpus([["a", "b"]]), model.wv
    counts = (["c", "c.txt", "c.tsv"], ["c.bin", "c.txt.gz", "c.json"])
    return [
        (model.save, ["m", "m.model", "m.safetensors"], ["m.txt", "m.BIN", "m.safetensors.gz"]),
        (wv.save, ["v", "v.kv", "v.safetensors"], ["v.vec", "v.npz", "v.txt.xz"]),
        (
            functools.partial(wv.save_word2vec_format, binary=True),
            ["v", "v.bin", "v.bin.gz"],
            ["v.txt", "v.safetensors"],
        ),
        (wv.save_word2vec_format, ["v", "v.txt", "v.vec.gz"], ["v.bin", "v.bin.gz", "v.parquet"]),
        (corpus.save, ["c", "c.w2vc"], ["c.txt", "c.parquet", "c.w2vc.zst"]),
        (functools.partial(Corpus.encode, [["a"]]), ["c.w2vc"], ["c.txt"]),
        (corpus.save_counts, *counts),
        (model.vocabulary.save_counts, *counts),
        (Phrases([["a", "b"]]).save, ["p", "p.json"], ["p.txt"]),
    ]


def test_names_promise_the_format_that_is_written(tmp_path):
    for write, taken, refused in writers():
        for name in taken:
            write(tmp_path / name)
            (tmp_path / name).unlink()
        for name in refused:
            with pytest.raises(
                ValueError, match=rf"{re.escape(name)}: .* means .*; (name|drop) th"
            ):
                write(tmp_path / name)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(
        ValueError, match=r"name the file '.*v\.safetensors', or use export\('.*v\.t"
    ):
        KeyedVectors(["a"], np.ones((1, 2), np.float32)).save(tmp_path / "v.txt")
