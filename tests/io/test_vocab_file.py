"""Files of words and counts, and lists of words: what is written, and what is refused."""

import errno
import os

import numpy as np
import pytest

from w2v import Corpus, Vocabulary
from w2v.io import vocab_file as file

TEXT = ["d b a c a", "b a é b a", "d c a"]  # a 5, b 3, d 2, c 2, é 1
BYTES = "a 5\nb 3\nd 2\nc 2\né 1\n".encode()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "counts.txt"


# ---- Written -------------------------------------------------------------------------------------


def test_the_format_is_word2vecs(path):
    Vocabulary.from_corpus(Corpus(TEXT), min_count=1).save_counts(path)
    assert path.read_bytes() == BYTES
    Vocabulary.from_corpus(Corpus(TEXT), min_count=3).save_counts(str(path))
    assert path.read_bytes() == b"a 5\nb 3\n"


@pytest.mark.parametrize("piece", [1, 2, 1000])
def test_all_types_of_a_corpus(path, monkeypatch, piece):
    monkeypatch.setattr(file, "_WORDS_AT_ONCE", piece)
    Corpus(TEXT).save_counts(path)
    assert path.read_bytes() == BYTES
    Vocabulary.from_corpus(Corpus(TEXT), min_count=1).save_counts(path)
    assert path.read_bytes() == BYTES
    Corpus(["one one"]).save_counts(path)  # too few to train, not to write
    assert path.read_bytes() == b"one 2\n"


@pytest.mark.parametrize(("word", "message"), [
    ("New York", r"'New York' contains white space.*'New_York'"),
    ("tab\t", r"'tab\\t' contains white space"),
    ("", "word '' is empty"),
    ("\udc80", r"'\\udc80' contains a lone surrogate"),
])  # fmt: skip
def test_what_a_line_cannot_hold_is_not_written(path, word, message):
    path.write_text("old")
    vocabulary = Vocabulary(["fine", word], np.array([2, 1]))
    with pytest.raises(ValueError, match=message):
        vocabulary.save_counts(path)
    assert path.read_text() == "old"
    assert os.listdir(path.parent) == [path.name]


def test_a_place_that_cannot_be_written(tmp_path):
    with pytest.raises(FileNotFoundError) as failure:
        Vocabulary(["a", "b"], np.array([2, 1])).save_counts(tmp_path / "none" / "counts")
    assert failure.value.errno == errno.ENOENT


# ---- Read ----------------------------------------------------------------------------------------


def test_round_trip(path):
    corpus = Corpus([["a\xa0b", "a\u2028b", "x\x1cy", "猫", "naïve", "\0"], ["猫"]])
    before = Vocabulary.from_corpus(corpus, min_count=1)
    before.save_counts(path)
    after = Vocabulary.load_counts(path)
    assert after.words == before.words
    assert after.counts.dtype == np.int64
    assert after.counts.tolist() == before.counts.tolist()


def test_order_is_that_of_counts_then_of_lines(path):
    path.write_text("c 2\na 5\nd 2\nb 9223372036854775000\n")
    assert Vocabulary.load_counts(path).words == ["b", "a", "c", "d"]
    words, counts = file.read(path)
    assert words == ["c", "a", "d", "b"]
    assert counts.tolist() == [2, 5, 2, 9223372036854775000]


@pytest.mark.parametrize("data", [
    b"a 5\nb 3", b"\xef\xbb\xbfa 5\r\nb 3\r\n", b"\n a\t5 \n\nb  003\n\n",
])  # fmt: skip
def test_white_space_and_byte_order_marks_do_not_matter(path, data):
    path.write_bytes(data)
    words, counts = file.read(path)
    assert (words, counts.tolist()) == (["a", "b"], [5, 3])


COUNT = "expected a word and its count, an integer from 1 to 9223372036854775807"


@pytest.mark.parametrize(("data", "message"), [
    (b"", "expected words, one per line, but found none"),
    (b" \n\n", "expected words, one per line, but found none"),
    (b"a 5\nNew York 3\n", f"line 2 is 'New York 3': {COUNT}, as in 'word 123'"),
    (b"a 5\nb\n", f"line 2 is 'b': {COUNT}"),
    (b"a 5\nb 0\n", f"line 2 is 'b 0': {COUNT}"),
    (b"a -5\n", "line 1 is 'a -5'"),
    (b"a +5\n", "line 1 is"),
    (b"a 5.0\n", "line 1 is"),
    (b"a 1_0\n", "line 1 is"),
    ("a \u0665\n".encode(), "line 1 is"),
    (b"a 9223372036854775808\n", "line 1 is"),
    (b"a " + b"9" * 9999 + b"\n", "line 1 is"),
    (b"a 9223372036854775807\nb 1\n", "line 2: the counts add up to more than 9223372036854775807"),
    (b"a 5\n\nb 3\na 2\n", r"line 4: duplicate word 'a', already in line 1"),
    (b"a 5\nna\xefve 3\n", r"line 2: the word is not UTF-8: byte 0xef at position 2 of b'na"),
    (b"\x1f\x8b\x08\0\0\0\0\0\n", r"line 1 is .* \(this looks like gzip data; decompress"),
])  # fmt: skip
def test_bad_lines_are_refused(path, data, message):
    path.write_bytes(data)
    with pytest.raises(ValueError, match=f"^{path}: .*{message}"):
        Vocabulary.load_counts(path)


# ---- Lists of words ------------------------------------------------------------------------------


def test_lists_of_words(path):
    for data in ("a\nb\n1984\n", "a 5\nb 3\n1984 1", "\ufeffa\r\nb 7\n\na\n1984\n"):
        path.write_bytes(data.encode())
        assert file.read_words(path) == ["a", "b", "1984"]


@pytest.mark.parametrize(("data", "message"), [
    (b"", "expected words, one per line"),
    (b"a\nNew York\n", "line 2 is 'New York': expected a word without white space, "
                       "optionally followed by its count"),
    (b"a 0\n", "line 1 is 'a 0'"),
    (b"2 3\na 0.1 0.2 0.3\n", "line 2 is 'a 0.1 0.2 0.3'"),
    (b"\xff\n", "line 1: the word is not UTF-8"),
])  # fmt: skip
def test_bad_lists_are_refused(path, data, message):
    path.write_bytes(data)
    with pytest.raises(ValueError, match=f"^{path}: {message}"):
        file.read_words(path)


def test_missing_files(path):
    for read in (Vocabulary.load_counts, file.read_words):
        with pytest.raises(FileNotFoundError):
            read(path)
