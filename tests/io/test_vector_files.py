"""Vectors in every format: told apart, read and written, damaged, hostile; decimals, exactly."""

import contextlib
import copy
import functools
import gzip
import importlib.util
import io
import json
import lzma
import os
import pickle
import struct
import sys
import tempfile
import types
import zipfile
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from w2v import KeyedVectors
from w2v.cli import app
from w2v.io import (
    _subwords,
    _vector_text,
    _word2vec_reader,
    compression,
    fasttext,
    gensim_pickle,
    npz,
    registry,
    safetensors_file,
    tensorboard,
    word2vec_format,
)
from w2v.io._word2vec_reader import parse_float32
from w2v.io.words import word_tensors

WORDS = ["the", "Straße", "王"]
VECTORS = np.array([[1.0, -0.5, 3e-05], [0.1, 12.5, 1e9], [-0.0, 2.5, -7.25]], np.float32)
SMALL = np.minimum(VECTORS, np.float32(1e4))  # fits float16
HARD = ["New York", "", "a\tb", "\ud800"]
EXTENSIONS = [
    ".safetensors", ".bin", ".txt", ".vec", ".glove", ".npz", ".tsv", ".txt.gz", ".bin.bz2",
    ".glove.xz", ".parquet", ".arrow", ".feather", ".vec.zst",
]  # fmt: skip
COMPRESSED = [".txt.gz", ".bin.bz2", ".glove.xz", ".vec.zst"]


def have(path):
    """Skip where the package that a format needs is missing."""
    if path.endswith((".parquet", ".arrow", ".feather")):
        pytest.importorskip("pyarrow")
    if path.endswith(".zst") and not importlib.util.find_spec("compression"):
        pytest.importorskip("backports.zstd")


def zstd():
    new = importlib.util.find_spec("compression") is not None
    return importlib.import_module("compression.zstd" if new else "backports.zstd")


def same_bits(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


@functools.lru_cache
def bytes_of(extension, rows, dimensions):
    """Return the content of a small file of a format, to be cut and damaged."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"file{extension}"
        text_file(path, rows, dimensions)
        beside = {other.name: other.read_bytes() for other in Path(folder).iterdir()}
        return beside.pop(path.name), beside


def text_file(path, rows=50, dimensions=7):
    random = np.random.default_rng(3)
    wv = KeyedVectors(
        [f"w{i}" for i in range(rows)],
        random.standard_normal((rows, dimensions)).astype(np.float32),
    )
    wv.export(path)
    return wv


# ---- Every format --------------------------------------------------------------------------------


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_round_trip(tmp_path, extension):
    have(extension)
    path = tmp_path / f"file{extension}"
    wv = KeyedVectors(WORDS, VECTORS, counts=[9, 5, 2])
    wv.export(path)
    assert registry.detect(path) == registry.format_from_name(path)
    read = KeyedVectors.read(path)
    assert read.index_to_key == WORDS
    assert same_bits(np.ascontiguousarray(read.vectors), VECTORS)
    keeps = extension in (".safetensors", ".npz", ".parquet", ".arrow", ".feather")
    assert (read.counts is not None) == keeps
    assert KeyedVectors.read(path, limit=2).index_to_key == WORDS[:2]
    assert KeyedVectors.read(path, limit=99).index_to_key == WORDS


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("dimensions", [1, 2, 6])
def test_few_numbers_in_binary_are_no_text(tmp_path, seed, dimensions):
    # Of so few bytes, none need be a control character.
    rows = np.random.default_rng(seed).standard_normal((3, dimensions)).astype(np.float32)
    for name in ("v.bin", "v.txt"):
        KeyedVectors(WORDS, rows).export(tmp_path / name)
        assert same_bits(KeyedVectors.read(tmp_path / name).vectors, rows)


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_content_counts_and_not_the_name(tmp_path, extension):
    have(extension)
    if extension == ".tsv":
        return  # a pair of files is found by its names
    path, other = tmp_path / f"file{extension}", tmp_path / "no.name"
    KeyedVectors(WORDS, VECTORS).export(path)
    path.rename(other)
    assert same_bits(np.ascontiguousarray(KeyedVectors.read(other).vectors), VECTORS)


@pytest.mark.parametrize("extension", [".bin", ".txt", ".glove", ".tsv"])
def test_words_that_a_format_cannot_hold(tmp_path, extension):
    path = tmp_path / f"file{extension}"
    wv = KeyedVectors([*WORDS, *HARD], np.ones((7, 2), np.float32))
    with pytest.raises(ValueError, match=r"'New York' .* contains white space.* errors='replace'"):
        wv.export(path)
    assert os.listdir(tmp_path) == []
    wv.export(path, errors="replace")
    assert KeyedVectors.read(path).index_to_key == [*WORDS, "New_York", "_", "a_b", "\ufffd"]
    wv.export(path, errors="skip")
    assert KeyedVectors.read(path).index_to_key == WORDS
    clash = KeyedVectors(["a b", "a_b"], np.ones((2, 2), np.float32))
    with pytest.raises(ValueError, match="replacement 'a_b' is another word"):
        clash.export(path, errors="replace")


@pytest.mark.parametrize("extension", [".safetensors", ".npz"])
def test_formats_that_keep_every_word(tmp_path, extension):
    path = tmp_path / f"file{extension}"
    KeyedVectors(HARD, np.ones((4, 2), np.float32)).export(path)
    assert KeyedVectors.read(path).index_to_key == HARD


@pytest.mark.parametrize("errors", ["strict", "replace", "ignore", "skip"])
@pytest.mark.parametrize("binary", [False, True])
def test_words_that_are_not_utf8_or_repeat(tmp_path, errors, binary):
    path = tmp_path / "file"
    rows = [
        word + b" " + (struct.pack("<f", number) if binary else b"%d" % number) + b"\n"
        for number, word in enumerate((b"a", b"\xff", b"b", b"a"))
    ]
    path.write_bytes(b"4 1\n" + b"".join(rows))
    if errors == "skip":
        read = KeyedVectors.read(path, errors=errors)
        assert read.index_to_key == ["a", "b"]
        assert read.vectors.tolist() == [[0], [2]]
    else:
        message = "not UTF-8" if errors == "strict" else "duplicate word 'a'"
        with pytest.raises(ValueError, match=message):
            KeyedVectors.read(path, errors=errors)


def test_words_with_blanks_in_text(tmp_path):
    path = tmp_path / "file"
    path.write_text("the 1 2\n. . . 3 4\nat name@domain.com 5 6\n")
    with pytest.raises(ValueError, match="line 2 has 5 fields"):
        KeyedVectors.read(path)
    read = KeyedVectors.read(path, errors="replace")
    assert read.index_to_key == ["the", ". . .", "at name@domain.com"]
    assert read.vectors.tolist() == [[1, 2], [3, 4], [5, 6]]


@pytest.mark.parametrize(("dtype", "bound"), [("float16", 2e-7), ("int8", 5e-5)])
def test_smaller_numbers(tmp_path, dtype, bound):
    random = np.random.default_rng(2)
    rows = random.standard_normal((200, 50)).astype(np.float32)
    rows[3] = 0
    wv = KeyedVectors([str(i) for i in range(200)], rows)
    wv.export(tmp_path / "f.safetensors", dtype=dtype)
    for mmap in (False, True):
        read = KeyedVectors.load(tmp_path / "f.safetensors", mmap=mmap).vectors
        assert read.dtype == np.float32
        wide, other = rows.astype(float), read.astype(float)
        dots = (wide * other).sum(1)[np.arange(200) != 3]
        lengths = (np.linalg.norm(wide, axis=1) * np.linalg.norm(other, axis=1))[
            np.arange(200) != 3
        ]
        assert (1 - dots / lengths).max() < bound
        assert not read[3].any()
    size = os.path.getsize(tmp_path / "f.safetensors")
    assert size < 200 * 50 * (2 if dtype == "float16" else 1) + 4000
    rows[5, 5] = 1e6 if dtype == "float16" else np.inf
    with pytest.raises(ValueError, match=r"vector of '5' \(row 5\).* use dtype='float32'"):
        wv.export(tmp_path / "g.safetensors", dtype=dtype)


def test_unknown_formats_are_named(tmp_path):
    wv = KeyedVectors(WORDS, VECTORS)
    with pytest.raises(ValueError, match=r"unknown extension '\.doc'; use one"):
        wv.export(tmp_path / "a.doc")
    with pytest.raises(ValueError, match="format='gensim': expected one of w2v"):
        wv.export(tmp_path / "a.kv", format="gensim")
    with pytest.raises(ValueError, match="dtype='int8': format 'word2vec' stores float32"):
        wv.export(tmp_path / "a.bin", dtype="int8")
    for content in (b"", b"plain words", b"%PDF-1.4 \x00", b"\x00" * 50):
        (tmp_path / "a").write_bytes(content)
        with pytest.raises(ValueError, match="a: expected vectors in a format that"):
            KeyedVectors.read(tmp_path / "a")


# ---- Mapped files, first rows, vectors that are not finite ---------------------------------------


def test_words_of_a_mapped_file_are_made_when_asked_for(tmp_path):
    path = tmp_path / "file.safetensors"
    words = [*WORDS, *HARD, "a", "aa", "th", "theft", *(f"w{i}" for i in range(60))]
    rows = np.random.default_rng(4).standard_normal((len(words), 3)).astype(np.float32)
    KeyedVectors(words, rows).save(path)
    wv = KeyedVectors.load(path, mmap=True)
    assert len(wv) == len(words)
    assert (wv._state.words, wv._state.rows) == (None, None)
    for row in (0, 1, 2, 4, 6, 7, 8):
        assert wv.get_index(words[row]) == row
    assert "a" in wv
    assert "t" not in wv
    assert wv.get_index("hef", -1) == -1
    assert (wv._state.words, wv._state.rows) == (None, None)
    same = copy.deepcopy(wv)
    loaded = KeyedVectors.load(path)
    assert wv.most_similar("w5") == same.most_similar("w5") == loaded.most_similar("w5")
    assert [wv.get_index(word) for word in words] == list(range(len(words)))
    assert wv._state.rows is not None  # many questions are worth a dict
    assert type(wv.index_to_key) is list
    assert wv.index_to_key == words
    assert wv.key_to_index == {word: row for row, word in enumerate(words)}
    same["more"] = np.ones(3)
    assert same.index_to_key == [*words, "more"]
    assert same.get_index("more") == len(words)
    with pytest.raises(KeyError, match="'thefd' is not in the vocabulary; the nearest spelling"):
        KeyedVectors.load(path, mmap=True)["thefd"]


def test_wrong_words_of_a_mapped_file_are_told_when_asked_for(tmp_path):
    path = tmp_path / "file.safetensors"
    tensors = {
        "vectors": np.ones((3, 2), np.float32),
        **word_tensors(["a", "b", "a"]),
    }
    safetensors_file.write(path, tensors, {"format": "w2v.vectors"})
    with pytest.raises(ValueError, match=r"file\.safetensors: duplicate word 'a'"):
        KeyedVectors.load(path)
    for ask in (lambda wv: wv["a"], lambda wv: "a" in wv, lambda wv: wv.key_to_index):
        wv = KeyedVectors.load(path, mmap=True)
        assert wv.get_index("b") == 1
        with pytest.raises(ValueError, match=r"file\.safetensors: duplicate word 'a' in rows"):
            ask(wv)
    tensors["words"] = np.frombuffer(b"a\xffa", np.uint8)
    safetensors_file.write(path, tensors, {"format": "w2v.vectors"})
    with pytest.raises(ValueError, match=r"file\.safetensors: word 1 is not UTF-8"):
        _ = KeyedVectors.load(path, mmap=True).index_to_key
    tensors["word_offsets"] = np.array([0, 2, 1, 3])
    safetensors_file.write(path, tensors, {"format": "w2v.vectors"})
    with pytest.raises(ValueError, match=r"file\.safetensors: 'word_offsets' do not rise"):
        KeyedVectors.load(path, mmap=True)
    tensors["word_offsets"] = np.array([0, 1, 99, 3])
    safetensors_file.write(path, tensors, {"format": "w2v.vectors"})
    assert KeyedVectors.read(path, limit=1).index_to_key == ["a"]
    with pytest.raises(ValueError, match=r"file\.safetensors: 'word_offsets' do not rise"):
        KeyedVectors.read(path, limit=2)


@pytest.mark.parametrize(("dtype", "version"), [("float32", "1"), ("float16", "2"), ("int8", "2")])
@pytest.mark.parametrize("counts", [None, [9, 5, 2]])
def test_header_of_our_own_file(tmp_path, dtype, version, counts):
    path = tmp_path / "file.safetensors"
    KeyedVectors(WORDS, SMALL, counts=counts).export(path, dtype=dtype)
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    assert header["__metadata__"]["format_version"] == version  # older readers refuse 2
    assert (8 + length + header["vectors"]["data_offsets"][0]) % 64 == 0


@pytest.mark.parametrize("mmap", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
def test_first_rows_of_our_own_file(tmp_path, monkeypatch, mmap, dtype):
    path = tmp_path / "file.safetensors"
    KeyedVectors(WORDS, SMALL, counts=[9, 5, 2]).export(path, dtype=dtype)
    whole = KeyedVectors.load(path)
    taken = []
    empty = safetensors_file.aligned_empty
    monkeypatch.setattr(
        safetensors_file,
        "aligned_empty",
        lambda shape, kind: taken.append(shape) or empty(shape, kind),
    )
    for limit in (1, 2, 3, 4):
        wv = KeyedVectors.read(path, limit=limit, mmap=mmap)
        rows = min(limit, 3)
        assert wv.index_to_key == WORDS[:rows]
        assert same_bits(np.array(wv.vectors), whole.vectors[:rows])
        assert wv.counts.tolist() == [9, 5, 2][:rows]
        assert max((shape[0] for shape in taken if len(shape) == 2), default=0) <= rows


def test_first_rows_of_an_archive(tmp_path, monkeypatch):
    path = tmp_path / "file.npz"
    wv = text_file(path, rows=5000, dimensions=20)
    taken = []
    empty = npz.aligned_empty
    monkeypatch.setattr(
        npz, "aligned_empty", lambda shape, kind: taken.append(shape) or empty(shape, kind)
    )
    read = KeyedVectors.read(path, limit=3)
    assert read.index_to_key == wv.index_to_key[:3]
    assert same_bits(read.vectors, wv.vectors[:3])
    assert (3, 20) in taken
    assert (5000, 20) not in taken
    assert len(KeyedVectors.read(path)) == 5000
    assert (5000, 20) in taken
    monkeypatch.undo()
    np.savez(path, vectors=np.asfortranarray(VECTORS.astype(float)), words=np.array(WORDS))
    read = KeyedVectors.read(path, limit=2)
    assert read.index_to_key == WORDS[:2]
    assert same_bits(read.vectors, VECTORS[:2])


@pytest.mark.parametrize("extension", [".parquet", ".arrow"])
def test_first_rows_of_a_table(tmp_path, monkeypatch, extension):
    have(extension)
    from w2v.io import arrow

    monkeypatch.setattr(arrow, "_ROWS_AT_ONCE", 10)
    path = tmp_path / f"file{extension}"
    wv = text_file(path, rows=50)
    for limit in (1, 10, 11, 50, 99):
        read = KeyedVectors.read(path, limit=limit)
        assert read.index_to_key == wv.index_to_key[:limit]
        assert same_bits(read.vectors, wv.vectors[:limit])
    with contextlib.ExitStack() as stack:
        opened = (arrow._parquet if extension == ".parquet" else arrow._arrow)(
            path, 11, arrow._Limit("file", 10_000), stack
        )
        assert opened[0] == 11
        assert sum(batch.num_rows for batch in opened[-1]) == 20


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("extension", EXTENSIONS)
def test_vectors_that_are_not_finite_are_told(tmp_path, extension, number):
    have(extension)
    path = tmp_path / f"file{extension}"
    rows = np.ones((5, 7), np.float32)
    rows[1, 6] = rows[3, 0] = number
    wv = KeyedVectors(["a", "b", "c", "d", "e"], rows, counts=[5, 4, 3, 2, 1])
    wv.export(path)
    message = (
        rf"file{extension}: the vector of 'b' \(row 1\) contains NaN or infinity \(the first of 2 "
    )
    with pytest.warns(UserWarning, match=message) as told:
        read = KeyedVectors.read(path)
    assert told[0].filename == __file__
    np.testing.assert_array_equal(read.vectors, rows)
    with pytest.warns(UserWarning, match=r"\(row 1\) contains NaN or infinity\. The values are"):
        KeyedVectors.read(path, limit=3)
    good = KeyedVectors.read(path, errors="skip")  # tells nothing
    assert good.index_to_key == ["a", "c", "e"]
    assert same_bits(np.ascontiguousarray(good.vectors), rows[[0, 2, 4]])
    assert good.counts is None or good.counts.tolist() == [5, 3, 1]
    if extension == ".safetensors":
        with pytest.warns(UserWarning, match=message):
            KeyedVectors.load(path)
        assert not np.isfinite(KeyedVectors.load(path, mmap=True)["b"]).all()  # tells nothing
    if extension in (".bin", ".txt"):
        with pytest.warns(UserWarning, match=message):
            KeyedVectors.load_word2vec_format(path, binary=extension == ".bin")


def test_the_largest_numbers_are_finite():
    rows = np.full((3, 20), np.finfo(np.float32).max)
    rows[1] *= -1
    assert _vector_text.count_nonfinite_rows(rows) == (0, 0)
    wide = np.full((3, 40), np.nan, np.float32)
    wide[:, :20] = rows
    assert _vector_text.count_nonfinite_rows(wide[:, :20]) == (0, 0)
    for place in range(20):
        wide[2, place] = np.inf
        assert _vector_text.count_nonfinite_rows(wide[:, :20]) == (1, 2)
        wide[2, place] = 0


# ---- Text: exact numbers -------------------------------------------------------------------------


def parse(text):
    """Return the number that compiled code reads, or None where it leaves it."""
    data = np.frombuffer(b"w " + text.encode() + b"\n", np.uint8)
    out, spans = np.full((1, 1), 77, np.float32), np.zeros((1, 2), np.int64)
    rows, _ = _vector_text.parse_rows(data, out, spans, False)
    return out[0, 0] if rows else None


def nearest(text):
    """Return the nearest float32 by exact arithmetic, ties to even; None beyond the range."""
    exact = Fraction(text)
    with np.errstate(over="ignore"):
        guess = np.float32(float(exact))
        around = [guess, *(np.nextafter(guess, np.float32(s)) for s in (-np.inf, np.inf))]
    around = [one for one in around if np.isfinite(one)]
    best = min(around, key=lambda x: (abs(Fraction(float(x)) - exact), int(x.view(np.uint32)) & 1))
    return best


DECIMALS = st.builds(
    lambda sign, whole, part, exponent: sign + whole + part + exponent,
    st.sampled_from(["", "-", "+"]),
    st.integers(0, 10**22).map(str),
    st.one_of(st.just(""), st.integers(0, 10**25).map(lambda n: f".{n}")),
    st.one_of(st.just(""), st.integers(-44, 12).map(lambda n: f"e{n}")),
)


@settings(derandomize=True, max_examples=500, deadline=None)
@given(DECIMALS)
def test_numbers_are_read_to_the_nearest(text):
    expected = nearest(text)
    read = parse(text)
    if read is not None:
        assert read == expected, text
    assert np.float32(parse_float32(text.encode())) == expected


@settings(derandomize=True, max_examples=400, deadline=None)
@given(st.integers(0, 2**31 - 2**23 - 2), st.sampled_from([-1, 0, 1]), st.integers(15, 60))
def test_numbers_next_to_the_middle_of_two(bits, side, digits):
    low, high = np.array([bits, bits + 1], np.uint32).view(np.float32).astype(float)
    middle = (Fraction(low) + Fraction(high)) / 2
    if side:
        middle *= 1 + Fraction(side, 10**digits)
    shift = 10**200
    text = f"{middle.numerator * shift // middle.denominator}e-200"
    if not Fraction(text):
        return
    expected = nearest(text)
    read = parse(text)
    assert read is None or read == expected
    assert np.float32(parse_float32(text.encode())) == expected


def written(numbers):
    """Return the text of each number."""
    out = np.empty(17 * len(numbers), np.uint8)
    ends = np.zeros(len(numbers), np.int64)
    size = _vector_text.format_rows(
        numbers[:, None], b"", ends, out, word2vec_format._format_float_slow
    )
    return out[:size].tobytes().decode().split()


def test_numbers_are_written_so_that_they_read_back():
    random = np.random.default_rng(6)
    anywhere = random.integers(0, 2**32, 20_000, np.uint32).view(np.float32)
    # Those that files hold; short ones; and one bit on either side of powers of two and ten.
    usual = random.standard_normal(20_000, np.float32)
    short = (random.integers(-9999, 9999, 5000) / 10 ** random.integers(0, 9, 5000)).astype("f4")
    with np.errstate(over="ignore"):
        powers = np.array([*(2.0**n for n in range(-149, 128)), *(10.0**n for n in range(-44, 39))])
        edges = powers.astype(np.float32).view(np.uint32)[:, None] + np.array([-1, 0, 1], np.int64)
    numbers = np.concatenate([anywhere, usual, short, edges.astype("u4").view("f4").ravel()])
    texts = written(numbers)
    assert len(texts) == len(numbers)
    read = np.array([np.float32(text) for text in texts])
    same = (read.view(np.uint32) == numbers.view(np.uint32)) | (np.isnan(read) & np.isnan(numbers))
    assert same.all(), numbers[~same]
    for text, number in zip(texts[::10], read[::10], strict=True):
        known = parse(text)
        assert known is None or known == number or np.isnan(number)


@pytest.mark.parametrize("text", ["", ".", "-", "e5", "1e", "1e+", "0x10", "1,5", "1_0", "--1"])
def test_what_is_no_number(text):
    assert parse(text) is None


def test_special_numbers():
    assert np.isnan(parse("NaN"))
    assert parse("-inf") == -np.inf
    assert parse("Infinity") == np.inf
    assert parse("1e39") is None
    assert np.signbit(parse("-0.0"))
    assert parse("5.") == 5
    assert parse(".5") == 0.5


@pytest.mark.parametrize("buffer", [300, 5000])  # shorter than a line, and eleven lines or more
def test_long_lines_and_many_buffers(tmp_path, monkeypatch, buffer):
    monkeypatch.setattr(_word2vec_reader, "_BUFFER", buffer)
    for extension in (".txt", ".bin", ".glove", ".txt.gz"):
        wv = text_file(tmp_path / f"f{extension}", rows=300, dimensions=40)
        read = KeyedVectors.read(tmp_path / f"f{extension}")
        assert read.index_to_key == wv.index_to_key
        assert same_bits(np.ascontiguousarray(read.vectors), wv.vectors)
        read = KeyedVectors.read(tmp_path / f"f{extension}", limit=123)
        assert same_bits(np.ascontiguousarray(read.vectors), wv.vectors[:123])


# ---- Damaged and hostile files -------------------------------------------------------------------


@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress])
def test_zip_bombs(tmp_path, monkeypatch, compress):
    assert compression._MIN_LIMIT == 1 << 26
    monkeypatch.setattr(compression, "_MIN_LIMIT", 1 << 20)
    path = tmp_path / "file"
    path.write_bytes(compress(b"20000 20\n" + (b"a" + b" 0.00" * 20 + b"\n") * 20_000))
    with pytest.raises(ValueError, match=r"zip bomb; .* max_size="):
        KeyedVectors.read(path)
    wv = text_file(tmp_path / "small.txt.gz")
    assert len(KeyedVectors.read(tmp_path / "small.txt.gz", max_size=10_000)) == len(wv)
    with pytest.raises(ValueError, match=r"more than 100 bytes when decompressed.* max_size="):
        KeyedVectors.read(tmp_path / "small.txt.gz", max_size=100)


def test_numbers_that_compress_well(tmp_path):
    wv = KeyedVectors([f"w{i}" for i in range(200)], np.zeros((200, 400), np.float32))
    wv.export(tmp_path / "file.txt.gz")
    assert 100 * os.path.getsize(tmp_path / "file.txt.gz") < 200 * 400 * len(" 0.0")
    assert len(KeyedVectors.read(tmp_path / "file.txt.gz")) == 200


def test_zip_bomb_in_an_archive(tmp_path, monkeypatch):
    monkeypatch.setattr(compression, "_MIN_LIMIT", 1 << 20)
    path = tmp_path / "file.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("vectors.npy", b"\0" * (2 << 20))
    with pytest.raises(ValueError, match="zip bomb"):
        KeyedVectors.read(path)


@pytest.mark.parametrize("header", [b"1000000000 300\n", b"2 400000000\n", b"10000000 80\n"])
def test_headers_that_promise_gigabytes(tmp_path, header):
    path = tmp_path / "file"
    body = header + b"a \0\1\2\3" + bytes(5000)
    path.write_bytes(body)
    with pytest.raises(ValueError, match="declares"):
        KeyedVectors.read(path)
    path.write_bytes(gzip.compress(body))
    with pytest.raises(ValueError, match=r"declares|zip bomb"):
        KeyedVectors.read(path)


@pytest.mark.parametrize("extension", [
    pytest.param(one, marks=pytest.mark.thorough if one in COMPRESSED[1:] else ())
    for one in EXTENSIONS
])  # fmt: skip
def test_every_truncation_is_an_error_or_a_shorter_list(tmp_path, extension):
    have(extension)
    path = tmp_path / f"file{extension}"
    content, beside = bytes_of(extension, 4, 3)
    for name, data in beside.items():
        (tmp_path / name).write_bytes(data)
    for length in range(0, len(content), max(1, len(content) // 60)):
        path.write_bytes(content[:length])
        try:
            read = KeyedVectors.read(path)
        except (ValueError, OSError) as error:
            assert "file" in str(error)  # noqa: PT017
        else:  # text may end in the middle of its last number, without a header anywhere
            headless = extension.startswith((".glove", ".tsv"))
            last = {".txt": 14, ".vec": 14, ".bin": 2}.get(extension, 0)  # bytes, a newline too
            assert headless or len(content) - length < last
            assert len(read) <= 4


@pytest.mark.parametrize("extension", [
    # What is compressed is read as what is not, behind its decompressor.
    pytest.param(one, marks=pytest.mark.thorough if one in COMPRESSED[1:] else ())
    for one in EXTENSIONS[:-4]
])  # fmt: skip
@settings(derandomize=True, max_examples=60, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(data=st.data())
@pytest.mark.filterwarnings("ignore:.*contains NaN or infinity:UserWarning")
def test_damaged_files_raise_value_errors(tmp_path, extension, data):
    path = tmp_path / f"file{extension}"
    good, beside = bytes_of(extension, 3, 2)
    for name, other in beside.items():
        (tmp_path / name).write_bytes(other)
    content = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    errors = data.draw(st.sampled_from(["strict", "skip", "replace"]))
    with np.errstate(all="ignore"), contextlib.suppress(ValueError, OSError):
        KeyedVectors.read(path, errors=errors)


# ---- fastText ------------------------------------------------------------------------------------


def fasttext_model(words=(b"a", b"</s>"), buckets=3, version=12, quantized=0, rows=None):
    """Return a model of two dimensions, byte by byte, and its matrix."""
    args = [2, 5, 1, 1, 5, 1, 1, 1, buckets, 2, 3, 100]
    content = struct.pack("<ii12id", fasttext.MAGIC, version, *args, 1e-4)
    content += struct.pack("<iiiqq", len(words), len(words), 0, 99, -1)
    for number, word in enumerate(words):
        content += word + b"\0" + struct.pack("<qb", 7 - number, 0)
    matrix = np.arange(2 * (len(words) + buckets), dtype="<f4").reshape(-1, 2)
    content += struct.pack("<?qq", quantized, rows or len(matrix), 2) + matrix.tobytes()
    return content, matrix


def fnv(data):
    value = 2166136261
    for byte in data:
        value = ((value ^ (byte | 0xFFFFFF00 if byte > 127 else byte)) * 16777619) % 2**32
    return value


def test_fasttext_model(tmp_path):
    path = tmp_path / "file"
    content, matrix = fasttext_model((b"a", b"</s>", "é".encode()))
    path.write_bytes(content)
    wv = KeyedVectors.read(path)
    assert wv.index_to_key == ["a", "</s>", "é"]
    assert wv.counts.tolist() == [7, 6, 5]
    for word, row in (("a", 0), ("é", 2)):
        parts = [part.encode() for part in (f"<{word}", f"<{word}>", f"{word}>")]
        rows = [row, *(3 + fnv(part) % 3 for part in parts)]
        np.testing.assert_allclose(wv[word], matrix[rows].mean(axis=0), rtol=1e-6)
    assert wv["</s>"].tolist() == matrix[1].tolist()
    unknown = [3 + fnv(part) % 3 for part in (b"<b", b"<b>", b"b>")]
    np.testing.assert_allclose(wv.subwords["b"], matrix[unknown].mean(axis=0), rtol=1e-6)
    with pytest.raises(KeyError, match=r"'b' is not in the vocabulary; \.subwords\[word\]"):
        wv["b"]
    chosen = wv.vectors_for_all(["b", "a"], copy_vecattrs=True)
    assert chosen.index_to_key == ["b", "a"]
    np.testing.assert_array_equal(chosen["b"], wv.subwords["b"])
    assert chosen.counts.tolist() == [0, 7]
    assert wv.vectors_for_all(["b", "a"], allow_inference=False).index_to_key == ["a"]
    assert KeyedVectors.read(path, limit=1).index_to_key == ["a"]


def test_subwords_of_one_character():
    found = np.empty(20, np.uint32)
    n = _subwords.hash_subwords("<aé>".encode(), 1, 2, 1000, found)
    # Brackets count as characters, but alone they are no subwords.
    parts = ("<a", "a", "aé", "é", "é>")
    assert found[:n].tolist() == [fnv(part.encode()) % 1000 for part in parts]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 10}, "unknown fastText version 10"),
        ({"quantized": 1}, "a quantized fastText model"),
        ({"rows": 4}, "does not match 2 words, 3 buckets"),
        ({"rows": 2**40}, "the file is truncated"),
        ({"words": (b"a", b"\xff")}, "word 1 is not UTF-8"),
    ],
)
def test_fasttext_refused(tmp_path, changes, message):
    (tmp_path / "file").write_bytes(fasttext_model(**changes)[0])
    with pytest.raises(ValueError, match=message):
        KeyedVectors.read(tmp_path / "file")


def test_every_truncation_of_a_fasttext_model(tmp_path):
    content, _ = fasttext_model()
    for length in range(4, len(content)):
        (tmp_path / "file").write_bytes(content[:length])
        with pytest.raises(ValueError, match="file: "):
            KeyedVectors.read(tmp_path / "file")


# ---- gensim's files ------------------------------------------------------------------------------


class _Harmful:
    def __reduce__(self):
        return (os.system, ("touch harmed",))


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_pickles_run_nothing(tmp_path, monkeypatch, protocol):
    monkeypatch.chdir(tmp_path)
    for value in (_Harmful(), {"a": [_Harmful()]}, (1, _Harmful())):
        (tmp_path / "file").write_bytes(pickle.dumps(value, protocol=protocol))
        with pytest.raises(ValueError, match="which is not allowed; convert it with gensim"):
            KeyedVectors.read(tmp_path / "file")
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("value", [1, [1, 2], {"a": 1}, np.ones(3), {"x": {1, 2}}])
def test_pickles_without_vectors(tmp_path, value):
    (tmp_path / "file").write_bytes(pickle.dumps(value, protocol=4))
    with pytest.raises(ValueError, match="contains no gensim word vectors"):
        KeyedVectors.read(tmp_path / "file")


@settings(derandomize=True, max_examples=300, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(st.binary(max_size=60))
def test_arbitrary_pickles(tmp_path, data):
    path = tmp_path / "file"
    path.write_bytes(b"\x80\x04" + data)
    with pytest.raises(ValueError, match=r"file: (cannot read )?this pickle"):
        gensim_pickle.read(path)


class Old:
    """Stands for gensim's classes, as gensim 3 had them: `vocab` and no `expandos`."""


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("layout", ["C", "F"])
@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_pickles_of_gensim_3(tmp_path, monkeypatch, order, layout, protocol):
    module = types.ModuleType("gensim.models.old")
    module.Old = Old
    for name in ("gensim", "gensim.models"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, "gensim.models.old", module)
    monkeypatch.setattr(Old, "__module__", "gensim.models.old")
    wv = Old()
    wv.index2word = WORDS
    wv.syn0 = np.array(VECTORS, f"{order}f4", order=layout)
    wv.vocab = {}
    for row in (2, 0, 1):  # in no order
        entry = wv.vocab[WORDS[row]] = Old()
        entry.__dict__.update(count=9 - row, index=row)
    model = Old()
    model.wv = wv
    (tmp_path / "file").write_bytes(pickle.dumps(model, protocol=protocol))
    for limit in (None, 2):
        read = KeyedVectors.read(tmp_path / "file", limit=limit)
        assert read.index_to_key == WORDS[:limit]
        assert same_bits(read.vectors, VECTORS[:limit])
        assert read.counts.tolist() == [9, 8, 7][:limit]


@pytest.mark.parametrize("sep_limit", [10 * 1024**2, 0])
def test_files_of_gensim_itself(tmp_path, sep_limit):
    models = pytest.importorskip("gensim.models")
    sentences = [["a", "b", "c", "dé"] * 5, ["王", "b", "d"] * 4] * 5
    settings = {"vector_size": 6, "min_count": 1, "epochs": 1, "workers": 1}
    for kind in (models.Word2Vec, models.FastText):
        more = {"bucket": 50} if kind is models.FastText else {}
        model = kind(sentences, **settings, **more)
        model.save(str(tmp_path / "model"), sep_limit=sep_limit)
        model.wv.save(str(tmp_path / "kv"), sep_limit=sep_limit)
        for name in ("model", "kv"):
            read = KeyedVectors.read(tmp_path / name)
            assert read.index_to_key == model.wv.index_to_key
            np.testing.assert_allclose(read.vectors, model.wv.vectors, rtol=1e-6)
            counts = [model.wv.get_vecattr(word, "count") for word in read.index_to_key]
            assert read.counts.tolist() == counts
    if sep_limit == 0:
        os.unlink(tmp_path / "kv.vectors_ngrams.npy")
        with pytest.raises(ValueError, match=r"kv\.vectors_ngrams\.npy: missing"):
            KeyedVectors.read(tmp_path / "kv")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of gensim
@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("header", [False, True])
def test_gensim_and_we_read_each_other(tmp_path, binary, header):
    models = pytest.importorskip("gensim.models")
    if binary and not header:
        return
    path = str(tmp_path / "file")
    other = models.KeyedVectors(3)
    other.add_vectors(WORDS, VECTORS)
    other.save_word2vec_format(path, binary=binary, write_header=header)
    assert same_bits(np.ascontiguousarray(KeyedVectors.read(path).vectors), VECTORS)
    kind = "word2vec" if binary else "word2vec-text" if header else "glove"
    KeyedVectors(WORDS, VECTORS).export(path, format=kind)
    theirs = models.KeyedVectors.load_word2vec_format(path, binary=binary, no_header=not header)
    assert theirs.index_to_key == WORDS
    assert same_bits(theirs.vectors, VECTORS)


@pytest.mark.parametrize("extension", [".txt.gz", ".bin.gz", ".txt.bz2", ".txt.zst", ".bin.zst"])
def test_compressed_files_of_others(tmp_path, extension):
    models = pytest.importorskip("gensim.models")
    have(extension)
    plain, packed = tmp_path / "plain", tmp_path / f"file{extension}"
    binary = extension.startswith(".bin")
    other = models.KeyedVectors(3)
    other.add_vectors(WORDS, VECTORS)
    zst = extension.endswith(".zst")
    other.save_word2vec_format(str(plain if zst else packed), binary=binary)
    if zst:  # gensim writes none
        packed.write_bytes(zstd().compress(plain.read_bytes()))
    read = KeyedVectors.read(packed)
    assert read.index_to_key == WORDS
    assert same_bits(np.ascontiguousarray(read.vectors), VECTORS)
    if not zst:
        read.export(packed)
        theirs = models.KeyedVectors.load_word2vec_format(str(packed), binary=binary)
        assert theirs.index_to_key == WORDS
        assert same_bits(theirs.vectors, VECTORS)


def test_text_as_glove_writes_it(tmp_path):
    """Its save_params: fprintf of "%s", then " %lf" each, a newline, and last of all <unk>."""
    path = tmp_path / "vectors.txt"
    numbers = np.array([[0.418, -0.24968, 1e-7], [0.013441, 12.5, -1], [0, 2, -7.25]])
    rows = zip(["the", "Straße", "<unk>"], numbers, strict=True)
    lines = [word + "".join(f" {number:f}" for number in row) + "\n" for word, row in rows]
    expected = np.array([[float(f"{number:f}") for number in row] for row in numbers], np.float32)
    for head in ("", "3 3\n"):  # -write-header 1
        path.write_text(head + "".join(lines), encoding="utf-8")
        read = KeyedVectors.read(path)
        assert read.index_to_key == ["the", "Straße", "<unk>"]
        np.testing.assert_array_equal(read.vectors, expected)
        read.export(tmp_path / "again.glove")
        again = KeyedVectors.read(tmp_path / "again.glove")
        assert same_bits(np.ascontiguousarray(again.vectors), expected)


def test_vec_as_fasttext_writes_it(tmp_path):
    """Its saveVectors: five digits, and a blank after every number, the last of a line too."""
    path = tmp_path / "model.vec"
    lines = [
        f"{word} " + "".join(f"{n:.5g} " for n in row)
        for word, row in zip(WORDS, VECTORS, strict=True)
    ]
    path.write_text("\n".join([f"{len(WORDS)} 3", *lines, ""]), encoding="utf-8")
    read = KeyedVectors.read(path)
    assert read.index_to_key == WORDS
    expected = [[np.float32(f"{number:.5g}") for number in row] for row in VECTORS]
    np.testing.assert_array_equal(read.vectors, expected)


def test_models_of_fasttext_itself(tmp_path):
    library = pytest.importorskip("fasttext")
    text = tmp_path / "text"
    text.write_text("a b c dé 王 b\n" * 50, encoding="utf-8")
    gently = {"epoch": 1, "lr": 0.01}  # or it gives up, now and then, for it meets NaN
    model = library.train_unsupervised(
        str(text), dim=5, minCount=1, bucket=90, verbose=0, thread=1, **gently
    )
    model.save_model(str(tmp_path / "model"))
    read = KeyedVectors.read(tmp_path / "model")
    assert read.index_to_key == model.words
    for word in model.words:
        np.testing.assert_allclose(read[word], model.get_word_vector(word), rtol=1e-6)
    for word in ("unknown", "é王"):
        theirs = model.get_word_vector(word)
        np.testing.assert_allclose(read.subwords[word], theirs, rtol=1e-5, atol=1e-8)


# ---- The projector, archives, the command line ---------------------------------------------------


def test_projector_files(tmp_path):
    KeyedVectors(WORDS, VECTORS).export(tmp_path / "vectors.tsv")
    assert (tmp_path / "metadata.tsv").read_bytes() == "the\nStraße\n王\n".encode()
    lines = (tmp_path / "vectors.tsv").read_text().splitlines()
    assert lines[0] == "1.0\t-0.5\t3e-05"
    (tmp_path / "metadata.tsv").write_text("one\ntwo\n")
    with pytest.raises(ValueError, match=r"3 rows, but .*metadata\.tsv has 2 words"):
        tensorboard.read(tmp_path / "vectors.tsv")


def test_archives_of_others(tmp_path):
    path = tmp_path / "file.npz"
    np.savez(path, vectors=VECTORS.astype(float), words=np.array(WORDS))
    assert KeyedVectors.read(path).index_to_key == WORDS
    for arrays, message in (
        ({"x": VECTORS}, "the archive contains x; expected arrays 'vectors' and 'words'"),
        ({"vectors": VECTORS[0], "words": np.array(WORDS)}, "'vectors' is float32 with shape"),
        ({"vectors": VECTORS, "words": np.array(WORDS, object)}, "not an .npz archive of vectors"),
        ({"vectors": VECTORS, "words": np.arange(3)}, "'words' is int64"),
    ):
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        path.write_bytes(buffer.getvalue())
        with pytest.raises(ValueError, match=message):
            KeyedVectors.read(path)


def test_convert(tmp_path, capsys):
    KeyedVectors(WORDS, VECTORS).save(tmp_path / "a.safetensors")
    before = "a.safetensors"
    for after in ("b.txt.gz", "c.bin", "d.npz", "e.glove", "f.safetensors"):
        assert app.main(["convert", str(tmp_path / before), "-o", str(tmp_path / after)]) == 0
        before = after
    assert "Converted 3 words of 3 dimensions to w2v" in capsys.readouterr().err
    assert same_bits(KeyedVectors.load(tmp_path / before).vectors, VECTORS)
    assert app.main(["search", str(tmp_path / "b.txt.gz"), "the"]) == 0
    assert app.main(["convert", str(tmp_path / before), "-o", str(tmp_path / "x.doc")]) == 2
    assert "unknown extension" in capsys.readouterr().err
    given = [
        "convert",
        str(tmp_path / "c.bin"),
        "-o",
        str(tmp_path / "x.doc"),
        "--to",
        "glove",
        "-q",
    ]
    assert app.main([*given, "--from", "word2vec", "--limit", "2"]) == 0
    assert len((tmp_path / "x.doc").read_bytes().splitlines()) == 2


@pytest.mark.parametrize("extension", [".npz", ".safetensors", ".parquet", ".arrow"])
def test_numbers_too_large_for_float16_are_refused(tmp_path, extension):
    have(extension)
    wv = KeyedVectors(["a", "b"], np.array([[1, 2], [1e5, 0]], np.float32))
    with pytest.raises(ValueError, match=r"'b' \(row 1\) contains a number above 65,504"):
        wv.export(tmp_path / f"v{extension}", dtype="float16")


@pytest.mark.parametrize("name", ["v.npz.gz", "v.tsv.xz", "v.safetensors.gz"])
def test_names_that_promise_a_compression_that_is_none(tmp_path, name):
    with pytest.raises(ValueError, match="cannot be compressed; drop the extension"):
        KeyedVectors(WORDS, VECTORS).export(tmp_path / name)
    with pytest.raises(ValueError, match="format='book': expected one of"):
        KeyedVectors(WORDS, VECTORS).export(tmp_path / name, format="book")
    assert not list(tmp_path.iterdir())


def test_projectors_words_that_are_not_utf8(tmp_path):
    path, words = tmp_path / "v.tsv", tmp_path / "v.metadata.tsv"
    path.write_bytes(b"1\t2\r\n3\t4\r\n5\t6\r\n")
    words.write_bytes(b"one\r\nt\xffo\r\nthree\r\n")
    with pytest.raises(ValueError, match=r"metadata\.tsv: line 2 is not UTF-8: b't.xffo'"):
        KeyedVectors.read(path)
    assert KeyedVectors.read(path, errors="replace").index_to_key == ["one", "t\ufffdo", "three"]
    kept = KeyedVectors.read(path, errors="skip")
    assert kept.index_to_key == ["one", "three"]
    assert kept.vectors.tolist() == [[1, 2], [5, 6]]


def test_fasttexts_words_that_are_not_utf8_are_skipped(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(fasttext_model((b"a", b"\xff", b"b", b"\xfe"))[0])
    kept = KeyedVectors.read(path, errors="skip")
    assert kept.index_to_key == ["a", "b"]
    assert kept.counts.tolist() == [7, 5]


def test_counts_that_are_none_name_the_file(tmp_path):
    path = tmp_path / "v.npz"
    np.savez(path, vectors=VECTORS, words=np.array(WORDS), counts=np.ones(3))
    with pytest.raises(ValueError, match=r"v\.npz: counts is of type float64: expected integers"):
        KeyedVectors.read(path)


def test_an_empty_array_beside_a_file_of_gensims(tmp_path):
    models = pytest.importorskip("gensim.models")
    other = models.KeyedVectors(3)
    other.add_vectors(WORDS, VECTORS)
    other.save(str(tmp_path / "g.kv"), sep_limit=0)
    (tmp_path / "g.kv.vectors.npy").write_bytes(b"")
    with pytest.raises(
        ValueError, match=r"g\.kv: this pickle is corrupt or was not written by gensim"
    ):
        KeyedVectors.read(tmp_path / "g.kv")
