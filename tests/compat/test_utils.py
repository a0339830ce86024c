"""What gensim's users take from `utils`, `matutils` and `corpora`."""

import bz2
import io
import sys

import numpy as np
import pytest

from w2v.compat.gensim import interfaces, matutils, utils
from w2v.compat.gensim.corpora import Dictionary


def test_words_of_a_text():
    text = "Čeština_2 is BAD! _x a12b don't"
    assert list(utils.tokenize(text)) == ["Čeština_", "is", "BAD", "_x", "a", "b", "don", "t"]
    assert utils.simple_preprocess(text) == ["čeština_", "is", "bad", "don"]
    words = utils.simple_preprocess(text.encode(), deacc=True, min_len=3)
    assert words == ["cestina_", "bad", "don"]
    assert utils.simple_preprocess("a" * 16 + " bb") == ["bb"]
    assert utils.deaccent("Šéf chomutovských") == "Sef chomutovskych"
    assert list(utils.tokenize(b"\xe9T", encoding="latin1", to_lower=True)) == ["ét"]


def test_text_and_bytes():
    assert utils.to_unicode("é".encode()) == utils.to_unicode("é") == "é"
    assert utils.to_utf8("é") == utils.to_utf8(b"\xe9", encoding="latin1") == "é".encode()


def test_rules():
    assert utils.keep_vocab_item("a", 5, 5)
    assert not utils.keep_vocab_item("a", 4, 5)
    assert utils.keep_vocab_item("a", 5, 9, lambda *_: utils.RULE_KEEP)
    assert not utils.keep_vocab_item("a", 5, 1, lambda *_: utils.RULE_DISCARD)
    assert not utils.keep_vocab_item("a", 5, 9, lambda *_: utils.RULE_DEFAULT)


def test_corpora_that_repeat():
    assert list(utils.RepeatCorpus([1, 2, 3], 5)) == [1, 2, 3, 1, 2]
    assert list(utils.RepeatCorpus([], 5)) == []
    assert list(utils.RepeatCorpusNTimes([1, 2], 2)) == [1, 2, 1, 2]
    assert list(utils.ClippedCorpus([1, 2, 3], 2)) == [1, 2]


def test_files(tmp_path):
    for name in ("t.gz", "t.bz2", "t.xz", "t"):
        utils.save_as_line_sentence([["é", "b"], [b"c"]], tmp_path / name)
        with utils.open(tmp_path / name, encoding="utf8") as file:
            assert file.read() == "é b\nc\n"
    assert bz2.decompress((tmp_path / "t.bz2").read_bytes()).endswith(b"c\n")
    stream = io.BytesIO(b"ab")
    stream.read()
    with utils.file_or_filename(stream) as file:
        assert file.read() == b"ab"


def test_what_is_not_saved():
    with pytest.raises(NotImplementedError, match="does not write pickles"):
        interfaces.TransformationABC().save("x")
    with pytest.raises(NotImplementedError, match="does not read pickles"):
        utils.SaveLoad.load("x")
    assert utils.check_output(args=[sys.executable, "-c", "print(1)"]).strip() == b"1"
    state = utils.get_random_state(3)
    assert utils.get_random_state(state) is state


def test_unit_vectors():
    assert matutils.unitvec([3, 4]).tolist() == pytest.approx([0.6, 0.8])
    assert matutils.unitvec(np.array([0, 0], np.float32)).dtype == np.float32
    assert matutils.unitvec([(1, 3.0), (7, 4.0)]) == [(1, 0.6), (7, 0.8)]
    vector, length = matutils.unitvec([1.0, -3.0], norm="l1", return_norm=True)
    assert (vector.tolist(), length) == ([0.25, -0.75], 4)
    with pytest.raises(ValueError, match="expected 'l1'"):
        matutils.unitvec([1], norm="l3")
    assert matutils.cossim([(0, 1), (1, 1)], [(1, 2)]) == pytest.approx(0.5**0.5)
    assert matutils.cossim([], [(1, 2)]) == 0


def test_order():
    values = [3, 1, 2, 5]
    assert matutils.argsort(values).tolist() == [1, 2, 0, 3]
    assert matutils.argsort(values, topn=2, reverse=True).tolist() == [3, 0]
    assert matutils.argsort(values, topn=0).tolist() == []


def test_dictionary():
    words = Dictionary([["b", "a", "b"], ["c"]])
    assert words.token2id == {"a": 0, "b": 1, "c": 2}
    assert words.doc2bow(["b", "?", "b", "c"]) == [(1, 2), (2, 1)]
    assert words.doc2idx(["c", "?"]) == [2, -1]
    assert (words.num_docs, words.num_pos, words.num_nnz) == (2, 4, 3)
    assert (words.cfs[1], words.dfs[1]) == (2, 1)
    assert dict(words) == words.id2token == {0: "a", 1: "b", 2: "c"}
    with pytest.raises(KeyError):
        words[3]
    with pytest.raises(TypeError, match="not one string"):
        words.doc2bow("abc")
