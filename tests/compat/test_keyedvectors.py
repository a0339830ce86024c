"""`w2v.compat.gensim.models.KeyedVectors`: the meanings of gensim, on top of w2v's."""

import gzip
import io
import logging
import pickle

import numpy as np
import pytest

import w2v
from w2v.compat.gensim.models import keyedvectors as module
from w2v.compat.gensim.models.keyedvectors import KeyedVectors, prep_vectors

WORDS = ["east", "north", "west", "up"]
VECTORS = np.array([[1, 0, 0], [0.6, 0.8, 0], [-1, 0, 0], [0, 0, 2]], np.float32)


@pytest.fixture
def kv():
    made = KeyedVectors(3)
    made.add_vectors(WORDS, VECTORS)
    for row, count in enumerate((5, 9, 7, 9)):
        made.set_vecattr(row, "count", count)
    return made


def test_keys_of_other_types():
    kv = KeyedVectors(2)
    kv.add_vectors(["a", 7, (1, 2)], np.eye(3, 2, dtype=np.float32))
    assert kv.get_index(7) == 1
    assert kv.get_index(0) == kv.get_index("a") == 0  # a row number, since it is not a key
    assert (7 in kv, 2 in kv, (1, 2) in kv, 3 in kv, -1 in kv) == (True, True, True, False, False)
    assert kv[7].tolist() == [0, 1]
    assert kv[["a", 7]].tolist() == [[1, 0], [0, 1]]
    assert kv.most_similar(7, topn=1)[0][0] == "a"
    assert kv.similarity(7, "a") == 0
    for key in (99, "b", (3, 4), None):
        with pytest.raises(KeyError, match="not"):
            kv.get_index(key)
    assert kv.get_index("b", 5) == 5
    with pytest.raises(ValueError, match="duplicate key 8"):
        kv.add_vectors([8, 8], np.ones((2, 2), np.float32))


def test_rows_allocated_ahead_are_filled_first():
    kv = KeyedVectors(2, count=2)
    assert kv.index_to_key == [None, None]
    rows = [kv.add_vector(key, np.ones(2)) for key in "abc"]
    assert (rows, kv.index_to_key, kv.next_index) == ([0, 1, 2], ["a", "b", "c"], 3)
    ahead = KeyedVectors(2, count=3)
    ahead.add_vector("a", [1, 2])
    ahead.add_vector("b", [1, 3])
    assert [key for key, _ in ahead.most_similar("a")] == ["b"]
    assert ahead.add_vector("a", [5, 6]) == 0
    assert ahead["a"].tolist() == [5, 6]


@pytest.fixture
def ahead():
    made = KeyedVectors(3, count=6)
    for word, vector in zip(WORDS, VECTORS, strict=True):
        made.add_vector(word, vector)
    return made


def test_rows_allocated_ahead_are_no_answers(ahead):
    others = {"north", "west", "up"}
    for filter in (None, lambda key: key != "", np.ones(6, np.bool_)):
        assert {key for key, _ in ahead.most_similar("east", filter=filter)} == others
    assert {key for key, _ in ahead.most_similar_cosmul("east")} == others
    assert {key for key, _ in ahead.most_similar_batch(["east"])[0]} == others
    assert [key for key, _ in ahead.analogies([("east", "west", "up")], 9)[0]] == ["north"]
    assert ahead.closer_than("east", "west") == ["north", "up"]
    assert ahead.rank("east", "west") == 3
    ahead.index_to_key[5] = "last"  # and one between
    ahead.key_to_index["last"] = 5
    assert ahead.most_similar("east", restrict_vocab=5, topn=9)[-1][0] == "west"


def test_rows_allocated_ahead_are_not_in_an_index(ahead):
    pytest.importorskip("usearch")
    found = ahead.most_similar("east", topn=2, indexer=ahead.index())
    assert [key for key, _ in found] == ["north", "up"]


def test_rows_allocated_ahead_are_no_words(ahead, tmp_path):
    ahead.add_vectors([7], VECTORS[:1])
    question, pairs = tmp_path / "questions", tmp_path / "pairs"
    question.write_text(": s\nwest east up north\nwest east up None\n")
    pairs.write_text("east\tnorth\t1\neast\twest\t2\nnorth\tup\t1\n")
    assert ahead.evaluate_word_analogies(question) == (
        1.0,
        [{"section": name, "correct": [("WEST", "EAST", "UP", "NORTH")], "incorrect": []}
         for name in ("s", "Total accuracy")],
    )  # fmt: skip
    assert ahead.evaluate_word_pairs(pairs)[2] == 0
    path = tmp_path / "v.txt"
    for write in (ahead.save_word2vec_format, ahead.export, ahead.save):
        write(path)
        assert w2v.KeyedVectors.read(path).index_to_key == [*WORDS, "7"]
    assert KeyedVectors.load(path).counts is None


def test_an_attribute_may_be_assigned(kv):
    kv.vectors = VECTORS[:2] * 3
    kv.index_to_key = ["a", "b"]
    kv.key_to_index = {"a": 0, "b": 1}
    assert kv.most_similar("a") == [("b", pytest.approx(0.6))]
    assert kv.norms.tolist() == [3, 3]
    kv.vectors[0] *= 2
    kv.norms = None
    assert kv.norms.tolist() == [6, 3]
    kv.index_to_key.append("c")
    kv.key_to_index["c"] = 2
    kv.resize_vectors(seed=1)
    assert kv.vectors.shape == (3, 3)
    assert np.abs(kv["c"]).max() <= 1 / 3
    assert kv["b"].tolist() == (VECTORS[1] * 3).tolist()
    assert len(kv.expandos["count"]) == 3
    with pytest.raises(ValueError, match=r"shape \(3,\)"):
        kv.vectors = [1, 2, 3]
    with pytest.raises(AttributeError, match="vector_size is 3"):
        kv.vector_size = 4
    kv.anything = 1
    assert kv.anything == 1


def test_files_need_a_row_for_each_key(kv, tmp_path):
    kv.index_to_key.append("new")
    kv.key_to_index["new"] = 4
    for save in (kv.save, kv.save_word2vec_format):
        with pytest.raises(ValueError, match="5 keys, but vectors has 4 rows"):
            save(tmp_path / "kv")
    kv.vectors = np.concatenate([VECTORS, VECTORS[:1]])
    kv.save_word2vec_format(tmp_path / "kv")  # though there are four counts
    assert sorted(KeyedVectors.load_word2vec_format(tmp_path / "kv").index_to_key)[1] == "new"
    kv.counts = None
    kv.set_vecattr("new", "note", 7)
    kv.vectors, kv.index_to_key = VECTORS[:2], ["a", "b"]
    kv.save(tmp_path / "kv")
    assert KeyedVectors.load(tmp_path / "kv").get_vecattr("b", "note") == 0


def test_a_vector_for_a_row_allocated_ahead_has_its_dimensions():
    ahead = KeyedVectors(2, count=1)
    for vector in (1, [1], [[1, 2]], [1, 2, 3]):
        with pytest.raises(ValueError, match=r"vector of 'a' has shape .*: expected \(2,\)"):
            ahead.add_vector("a", vector)
    assert ahead.add_vector("a", [1, 2]) == 0


def test_vectors_cannot_be_written_by_accident(kv):
    with pytest.raises(ValueError, match="read-only"):
        kv["east"][0] = 5
    assert kv.vectors.flags.writeable
    assert kv.get_vector("up", norm=True).tolist() == [0, 0, 1]
    assert kv["up"].tolist() == [0, 0, 2]


def test_attributes_of_keys(kv):
    kv.set_vecattr("east", "note", "sunrise")
    kv.set_vecattr("east", "weight", 0.5)
    assert sorted(kv.expandos) == ["count", "note", "weight"]
    kv.expandos["count"][0] = 6
    assert kv.get_vecattr("east", "count") == kv.counts[0] == 6
    kv.allocate_vecattrs(["seen"], [int])
    assert kv.expandos["seen"].tolist() == [0] * 4
    with pytest.raises(TypeError, match="'count' has the type int64"):
        kv.allocate_vecattrs(["count"], [float])
    more = {"count": np.array([3, 4]), "seen": np.array([1, 2])}
    kv.add_vectors(["east", "down"], VECTORS[:2], extras=more)
    assert kv.get_vecattr("down", "seen") == 2
    assert kv.get_vecattr("east", "seen") == 0  # it exists and is not replaced
    kv.add_vectors(["east"], VECTORS[1:2], extras={"seen": np.array([1])}, replace=True)
    assert (kv.get_vecattr("east", "seen"), kv["east"].tolist()) == (1, VECTORS[1].tolist())
    del kv.expandos["count"], kv.expandos["seen"]
    assert kv.counts is None
    assert sorted(kv.expandos) == ["note", "weight"]
    kv.expandos = {}
    assert len(kv.expandos) == 0


def test_queries(kv):
    assert kv.most_similar("east", topn=0) == kv.most_similar("east", topn=-1) == []
    assert kv.most_similar("east", topn=None).shape == (4,)
    assert kv.most_similar("east", restrict_vocab=2) == [("north", pytest.approx(0.6))]
    assert len(kv.most_similar("east", restrict_vocab=0)) == 3
    assert kv.most_similar("east", clip_start=2, clip_end=3) == [("west", -1)]
    assert kv.most_similar(positive=[("east", 0.5), VECTORS[3]], topn=1)[0][0] == "up"
    assert kv.most_similar(VECTORS[1], topn=1)[0][0] == "north"
    assert kv.most_similar("east", topn=1, metric="euclidean")[0][0] == "north"
    assert kv.most_similar_cosmul("east", topn=0) == []
    assert kv.n_similarity(["east", "unknown"], ["north"]) == pytest.approx(0.6)
    assert kv.n_similarity(["unknown"], ["north"]) == 0
    with pytest.raises(ZeroDivisionError, match="is empty"):
        kv.n_similarity([], ["north"])
    assert kv.doesnt_match(["east", "north", "west", "unknown"]) == "west"
    with pytest.raises(ValueError, match="none of them is known"):
        kv.doesnt_match(["unknown"])
    cosines = kv.cosine_similarities(VECTORS[0], [[2, 0, 0], [0, 0, 0]])
    assert cosines.tolist() == [1, 0]
    with pytest.raises(NotImplementedError):
        kv.similarity_unseen_docs()


def test_more_queries(kv):
    assert kv.has_index_for("east")
    assert kv.has_index_for(3)
    assert not kv.has_index_for(4)
    assert kv.similar_by_key(0, topn=1) == kv.similar_by_word("east", 1)
    assert kv.words_closer_than("east", "up") == ["north"]
    assert [word for _, word in kv.rank_by_centrality([0, 1, "up"])] == [1, 0, "up"]
    kv.fill_norms(force=True)
    assert kv.get_normed_vectors()[3].tolist() == [0, 0, 1]
    kv.unit_normalize_all()
    assert kv.norms.tolist() == [1, 1, 1, 1]


def test_an_indexer(kv):
    class Indexer:
        def most_similar(self, vector, num_neighbors):
            return vector, num_neighbors

    vector, n = kv.most_similar(["east", ("up", 0.5)], ["west"], topn=3, indexer=Indexer())
    assert n == 3
    np.testing.assert_allclose(vector, np.array([2, 0, 0.5]) / np.hypot(2, 0.5), rtol=1e-6)
    assert kv.most_similar("east", topn=None, indexer=Indexer()).shape == (4,)


def test_older_names(kv):
    with pytest.warns(DeprecationWarning, match="get_vector"):
        assert kv.word_vec("east").tolist() == [1, 0, 0]
    with pytest.warns(DeprecationWarning, match="unit_normalize_all"):
        kv.init_sims(replace=True)
    assert kv["up"].tolist() == [0, 0, 1]
    with pytest.raises(AttributeError, match="key_to_index"):
        kv.vocab  # noqa: B018
    assert str(kv) == "KeyedVectors<vector_size=3, 4 keys>"
    assert module.Word2VecKeyedVectors is module.EuclideanKeyedVectors is KeyedVectors
    assert str(module.Vocab(count=3)) == "CompatVocab<count:3>"
    assert module.Vocab(count=1) < module.Vocab(count=2)
    kv.add_lifecycle_event("created", log_level=None, by="test")
    assert kv.lifecycle_events == [{"event": "created", "by": "test"}]


def test_sort_and_subset(kv):
    kv.sort_by_descending_frequency()
    assert kv.index_to_key == ["north", "up", "west", "east"]
    KeyedVectors(2).sort_by_descending_frequency()
    some = kv.vectors_for_all(["east", "unknown", "up", "east"])
    assert (some.index_to_key, some.counts.tolist()) == (["east", "up"], [2, 1])
    assert isinstance(some, KeyedVectors)
    some = kv.vectors_for_all(["east", "up"], copy_vecattrs=True)
    assert some.counts.tolist() == [5, 9]


def test_random_vectors():
    one = module.pseudorandom_weak_vector(50, "seed", hashfxn=len)
    assert np.array_equal(one, module.pseudorandom_weak_vector(50, "deed", hashfxn=len))
    assert not np.array_equal(one, module.pseudorandom_weak_vector(50))
    assert np.abs(one).max() <= 0.01
    assert one.dtype == np.float32
    assert prep_vectors((4, 3), VECTORS) is VECTORS
    assert prep_vectors((2, 3), VECTORS).tolist() == VECTORS[:2].tolist()
    assert prep_vectors((5, 3), VECTORS, dtype=np.float64).dtype == np.float64


# ---- Files ---------------------------------------------------------------------------------------


def test_save_and_load(kv, tmp_path):
    kv.set_vecattr("east", "note", "sunrise")
    kv.set_vecattr("east", "weight", 0.5)
    kv.set_vecattr("east", "seen", True)
    kv.add_vectors([7], VECTORS[:1])
    path = tmp_path / "vectors.model"
    kv.save(str(path), separately=[], pickle_protocol=2)
    for options in ({}, {"mmap": "r"}):
        read = KeyedVectors.load(path, **options)
        assert read.index_to_key == [*WORDS, 7]
        assert np.array_equal(read.vectors, kv.vectors)
        assert read.counts.tolist() == [5, 9, 7, 9, 0]
        assert read.get_vecattr("east", "note") == "sunrise"
        assert read.get_vecattr("north", "note") is None
        assert read.get_vecattr("east", "weight") == 0.5
        assert read.get_vecattr("east", "seen") is True
    plain = w2v.KeyedVectors.read(path)
    assert plain.index_to_key == [*WORDS, "7"]
    assert plain.get_vecattr("east", "note") == "sunrise"
    assert w2v.KeyedVectors.read(path, limit=2).get_vecattr("east", "weight") == 0.5
    stream = io.BytesIO()
    kv.save(stream)
    assert stream.getvalue() == path.read_bytes()
    ahead = KeyedVectors(3, count=3)
    ahead.add_vector("a", VECTORS[0])
    ahead.save(path)
    assert KeyedVectors.load(path).index_to_key == ["a"]
    kv.add_vectors([(1, 2)], VECTORS[:1])
    with pytest.raises(TypeError, match=r"the key \(1, 2\) is of type tuple"):
        kv.save(path)


def test_attributes_that_cannot_be_saved(kv, tmp_path):
    kv.set_vecattr("east", "odd", {1})
    with pytest.warns(UserWarning, match="'odd' is not saved"):
        kv.save(tmp_path / "kv")
    assert KeyedVectors.load(tmp_path / "kv").index_to_key == WORDS


@pytest.mark.parametrize("text", ["{", "[1]", '{"x": [1]}', '{"x": "number"}'])
def test_attributes_that_are_corrupt(tmp_path, text):
    from w2v.io import safetensors_file
    from w2v.io.words import word_tensors

    tensors = {"vectors": VECTORS, **word_tensors(WORDS)}
    path = tmp_path / "kv"
    safetensors_file.write(path, tensors, {"format": "w2v.vectors", "attributes": text})
    with pytest.raises(ValueError, match="kv: the attributes of the words are unreadable"):
        w2v.KeyedVectors.load(path)
    text = "[1]" if text.endswith("}") else text
    safetensors_file.write(path, tensors, {"format": "w2v.vectors", "integer_keys": text})
    with pytest.raises(ValueError, match="kv: the list of integer keys is corrupt"):
        KeyedVectors.load(path)


def test_attribute_of_other_length(tmp_path):
    from w2v.io import safetensors_file
    from w2v.io.words import word_tensors

    tensors = {"vectors": VECTORS, **word_tensors(WORDS), "attribute.x": np.zeros(3)}
    safetensors_file.write(tmp_path / "kv", tensors, {"format": "w2v.vectors"})
    with pytest.raises(ValueError, match=r"'attribute\.x' has shape \[3\], expected \[4\]"):
        w2v.KeyedVectors.load(tmp_path / "kv")


def test_pickles_of_gensim(tmp_path):
    gensim = pytest.importorskip("gensim.models.keyedvectors")
    theirs = gensim.KeyedVectors(3)
    theirs.add_vectors(["a", 5], VECTORS[:2])
    theirs.set_vecattr("a", "count", 3)
    path = tmp_path / "theirs"
    for protocol in (0, 2, 5):
        theirs.save(str(path), pickle_protocol=protocol)
        read = KeyedVectors.load(path)
        assert read.index_to_key == ["a", 5]
        assert read.get_vecattr("a", "count") == 3
        assert np.array_equal(read[5], VECTORS[1])
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert KeyedVectors.load(path).index_to_key == ["a", 5]


def test_copies(kv):
    for copied in (pickle.loads(pickle.dumps(kv)), kv.__copy__()):
        assert copied.index_to_key == WORDS
        assert copied.get_vecattr("east", "count") == 5
        copied.add_vector("new", VECTORS[0])
        assert "new" not in kv


@pytest.mark.parametrize("binary", [False, True])
def test_word2vec_format(kv, tmp_path, binary):
    path, vocab = tmp_path / "v.txt.gz", tmp_path / "vocab"
    kv.save_word2vec_format(path, fvocab=vocab, binary=binary)
    assert vocab.read_text() == "north 9\nup 9\nwest 7\neast 5\n"
    read = KeyedVectors.load_word2vec_format(path, binary=binary)
    assert read.index_to_key == ["north", "up", "west", "east"]
    assert read.counts.tolist() == [4, 3, 2, 1]
    assert np.array_equal(read["east"], VECTORS[0])
    read = KeyedVectors.load_word2vec_format(path, fvocab=vocab, binary=binary, limit=2)
    assert (read.index_to_key, read.counts.tolist()) == (["north", "up"], [9, 9])
    read = module.load_word2vec_format(path, binary=binary, datatype=np.float16)
    assert read.vectors.dtype == np.float16
    assert read.most_similar("east", topn=1) == [("north", pytest.approx(0.6, abs=1e-3))]
    kv.save_word2vec_format(path, binary=binary, total_vec=8)
    kv.save_word2vec_format(path, binary=binary, write_header=False, append=True, prefix="*")
    read = KeyedVectors.load_word2vec_format(path, binary=binary)
    assert read.index_to_key == ["north", "up", "west", "east", "*north", "*up", "*west", "*east"]
    kv.save_word2vec_format(path, binary=binary, sort_attr="none")
    assert KeyedVectors.load_word2vec_format(path, binary=binary).index_to_key == WORDS
    with pytest.raises(ValueError, match="no attribute 'none'"):
        kv.save_word2vec_format(path, fvocab=vocab, sort_attr="none")


def test_word2vec_format_of_keys_with_white_space(tmp_path):
    path, vocab = tmp_path / "v.txt", tmp_path / "vocab"
    kv = KeyedVectors(2)
    kv.add_vectors(["('1', '2')", "b"], np.eye(2, dtype=np.float32))
    kv.set_vecattr("b", "count", 3)
    with pytest.warns(UserWarning, match=r"key \"\('1', '2'\)\" contains white space.*'_'"):
        kv.save_word2vec_format(path, fvocab=vocab)
    assert path.read_text() == "2 2\nb 0.0 1.0\n('1',_'2') 1.0 0.0\n"
    read = KeyedVectors.load_word2vec_format(path, fvocab=vocab)
    assert read.index_to_key == ["b", "('1',_'2')"]
    kv.add_vector("('1',_'2')", np.ones(2, np.float32))
    with (
        pytest.warns(UserWarning, match="white space"),
        pytest.raises(ValueError, match=r"replacement .* is another word"),
    ):
        kv.save_word2vec_format(path)


def test_word2vec_format_of_others(tmp_path, caplog):
    path = tmp_path / "v.txt"
    path.write_bytes("é 1 2\nb 3 4\né 5 6\n".encode("latin-1"))
    read = KeyedVectors.load_word2vec_format(path, no_header=True, encoding="latin-1")
    assert (read.index_to_key, read.counts.tolist()) == (["é", "b"], [3, 2])
    assert read["é"].tolist() == [1, 2]
    assert "1 duplicate words are left out" in caplog.text
    with pytest.raises(UnicodeDecodeError, match="the word in line 1 is not UTF-8"):
        KeyedVectors.load_word2vec_format(path, no_header=True)
    read = KeyedVectors.load_word2vec_format(path, no_header=True, unicode_errors="ignore")
    assert read.index_to_key == ["", "b"]
    path.write_text("3 2\na 1.000 2\nb 3 4.000\n")
    with pytest.raises(EOFError, match="after 2 of the 3 words"):
        KeyedVectors.load_word2vec_format(path)
    (tmp_path / "vocab").write_text("a 3\nb\n")
    with pytest.raises(ValueError, match="vocab: line 2 is b'b"):
        KeyedVectors.load_word2vec_format(path, fvocab=tmp_path / "vocab")
    (tmp_path / "vocab").write_text("a 3\n")
    read = KeyedVectors.load_word2vec_format(path, fvocab=tmp_path / "vocab", limit=2)
    assert read.counts.tolist() == [3, 0]


def test_intersect_word2vec_format(kv, tmp_path):
    path = tmp_path / "v.txt"
    path.write_text("2 3\nnorth 7 8 9\nother 1 1 1\n")
    kv.intersect_word2vec_format(path, lockf=0.25)
    assert kv["north"].tolist() == [7, 8, 9]
    assert kv.vectors_lockf.tolist() == [1, 0.25, 1, 1]
    path.write_text("1 2\nnorth 7 8\n")
    with pytest.raises(ValueError, match="2 dimensions, expected 3"):
        kv.intersect_word2vec_format(path)


def test_evaluation_skips_invalid_lines(kv, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    kv.add_vectors(["south"], np.array([[-0.6, 0.8, 0]], np.float32))
    path = tmp_path / "questions"
    path.write_text(": directions\neast north west south\ntoo few words\n")
    score, sections = kv.evaluate_word_analogies(path)
    assert score == 1
    assert [section["section"] for section in sections] == ["directions", "Total accuracy"]
    assert "line 3 is 'too few words'" in caplog.text
    assert "directions: 100.0% (1/1)" in caplog.text
    path.write_text("east\tnorth\t9\neast\twest\t1\nodd line\neast\tup\t3\n")
    pearson, spearman, unknown = kv.evaluate_word_pairs(path)
    assert pearson[0] > 0.5
    assert spearman[0] == pytest.approx(1)
    assert unknown == 0
    assert "line 3 is 'odd line'" in caplog.text
