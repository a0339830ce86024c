"""Vectors that are nearly right, and files made to do harm: read as meant, or refused by name."""

import collections
import datetime
import errno
import gzip
import os
import pickle
import subprocess
import sys
import threading
import types
import zipfile

import numpy as np
import pytest

from w2v import KeyedVectors, Word2Vec
from w2v.cli import app
from w2v.io import (
    _pickle_machine,
    _vector_text,
    _word2vec_reader,
    arrow,
    evaluation_sets,
    gensim_pickle,
    npz,
    phrases_file,
    vocab_file,
    word2vec_format,
)
from w2v.io._word2vec_reader import parse_float32
from w2v.io.reading import reading

BOM = b"\xef\xbb\xbf"
WORDS = ["king", "queen", "man"]
VECTORS = np.random.default_rng(0).standard_normal((3, 5)).astype(np.float32)
ROWS = b"king 1 2 3\nqueen 4 5 6\n"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file"


def written(path, data):
    path.write_bytes(data)
    return path


# ---- Byte-order marks ----------------------------------------------------------------------------


@pytest.mark.parametrize("errors", ["strict", "replace", "ignore", "skip"])
@pytest.mark.parametrize("header", [b"", b"2 3\n"])
def test_a_byte_order_mark_is_no_part_of_a_word(path, header, errors):
    wv = KeyedVectors.read(written(path, BOM + header + ROWS), errors=errors)
    assert wv.index_to_key == ["king", "queen"]
    assert wv.vectors.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_byte_order_marks_of_other_files(path, tmp_path):
    written(tmp_path / "v.tsv", BOM + b"1\t2\n3\t4\n")
    written(tmp_path / "v.metadata.tsv", BOM + b"king\nqueen\n")
    assert KeyedVectors.read(tmp_path / "v.tsv").index_to_key == ["king", "queen"]
    questions = evaluation_sets.read_questions(written(path, BOM + b": s\na b c d\n"))
    assert questions[0].name == "s"
    with pytest.raises(ValueError, match="not written by Phrases"):  # so JSON was read
        phrases_file.read(written(path, BOM + b"{}"))


@pytest.mark.parametrize("name", ["v.glove", "v.tsv", "counts"])
def test_a_word_may_begin_with_a_mark(tmp_path, name):
    words = ["\ufeffx", "y"]
    path = tmp_path / name
    if name == "counts":
        vocab_file.write(path, words, np.array([2, 1]))
        assert vocab_file.read(path)[0] == words
    else:
        KeyedVectors(words, VECTORS[:2]).export(path)
        assert KeyedVectors.read(path).index_to_key == words


def test_text_in_utf16_is_named(path):
    with pytest.raises(ValueError, match="UTF-16"):
        KeyedVectors.read(written(path, ROWS.decode().encode("utf-16")))


# ---- Lines that are no rows ----------------------------------------------------------------------


@pytest.mark.parametrize("errors", ["strict", "replace", "skip"])
@pytest.mark.parametrize("head", [b"vocab 2 dim 3", b"-2 3", b"2.0 3.0", b"a 1"])
def test_the_first_line_alone_does_not_tell_the_dimensions(path, head, errors):
    rows = b"".join(b"w%d 1 2 3\n" % i for i in range(9))
    with pytest.raises(ValueError, match="line 1"):
        KeyedVectors.read(written(path, head + b"\n" + rows), errors=errors)
    odd = b"route 66 1 2 3\n" + rows
    if errors == "replace":
        assert KeyedVectors.read(written(path, odd), errors=errors).index_to_key[0] == "route 66"


@pytest.mark.parametrize("word", ["word", '""', "surprise"])
@pytest.mark.parametrize(("sep", "name"), [(" ", "v.txt"), ("\t", "v.tsv"), ("\t", "v.txt")])
def test_the_heading_of_a_data_frame_is_no_word(tmp_path, sep, name, word):
    lines = [[word, *range(5)], *([w, *v] for w, v in zip(WORDS, VECTORS.tolist(), strict=True))]
    text = "".join(sep.join(map(str, line)) + "\n" for line in lines)
    path = written(tmp_path / name, text.encode())
    with pytest.raises(ValueError, match=r"heading of a data frame: .* errors='skip'"):
        KeyedVectors.read(path)
    assert KeyedVectors.read(path, errors="skip").index_to_key == WORDS


def test_vectors_that_count_are_vectors(path):
    for rows in (ROWS, b"king 0 1\nqueen 0.5 2\n", b"king 1 2 3\nqueen 0.5 1 1\n"):
        assert KeyedVectors.read(written(path, rows)).index_to_key == ["king", "queen"]


@pytest.mark.parametrize("options", [{}, {"fmt": "%.4f"}, {"delimiter": "\t"}])
def test_a_matrix_has_no_words(path, options):
    np.savetxt(path, VECTORS, **options)
    with pytest.raises(ValueError, match=r"it has no words: .* numpy\.savetxt"):
        KeyedVectors.read(path)
    assert len(KeyedVectors.read(path, format="glove")) == 3
    nodes = b"1 0.5 2\n2 0.25 1\n"  # names of nodes
    assert KeyedVectors.read(written(path, nodes)).index_to_key == ["1", "2"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", b"\n\r", b"\t"])
@pytest.mark.parametrize("buffer", [40, 1 << 22])
def test_line_ends_in_binary_files(path, monkeypatch, end, buffer):
    monkeypatch.setattr(_word2vec_reader, "_BUFFER", buffer)
    rows = zip(WORDS, VECTORS, strict=True)
    data = b"".join(w.encode() + b" " + v.tobytes() + end for w, v in rows)
    written(path, b"3 5\n" + data)
    if end == b"\t":
        with pytest.raises(ValueError, match=r"word in row 1, b'\\tqueen', contains white space"):
            KeyedVectors.read(path)
    wv = KeyedVectors.read(path, errors="replace" if end == b"\t" else "strict")
    assert wv.index_to_key == WORDS
    assert (wv.vectors == VECTORS).all()


def test_numbers_as_python_alone_writes_them(path):
    with pytest.raises(ValueError, match=r"number 1 is b'1_0'"):
        KeyedVectors.read(written(path, b"1 2\na 1_0 2\n"))
    middle = b"1.000000059604644775390625"  # of two float32
    assert parse_float32(middle) == 1
    assert parse_float32(middle + b"0" * 5000 + b"1") == float(
        np.nextafter(np.float32(1), np.float32(2))
    )


# ---- Rows that compiled code leaves --------------------------------------------------------------


@pytest.mark.parametrize(("row", "errors"), [
    ("new w%d 1 2\n", "replace"), ("w%d 1 2\n\n", "strict"), ("w%d 1 2\n 1 2\n", "skip"),
])  # fmt: skip
def test_odd_rows_do_not_search_the_buffer_again(path, monkeypatch, row, errors):
    searched = []
    find = _word2vec_reader.TextReader.find_lines
    monkeypatch.setattr(
        _word2vec_reader.TextReader,
        "find_lines",
        lambda self, data: searched.append(len(data)) or find(self, data),
    )
    count = np.count_nonzero
    monkeypatch.setattr(np, "count_nonzero", lambda *a, **k: searched.append(1 << 30) or count(*a))
    text = "".join(row % i for i in range(500)).encode()
    wv = KeyedVectors.read(written(path, b"first 1 2\n" + text), errors=errors)
    assert len(wv) == 501
    assert sum(searched) <= len(text) + 20


# ---- Pipes, and what is no path ------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs")
@pytest.mark.parametrize("extension", [".glove", ".txt.gz", ".bin", ".npz", ".safetensors"])
def test_pipes_lose_nothing(tmp_path, path, extension):
    rows = np.ones((3000, 8), np.float32)
    wv = KeyedVectors([f"w{i}" for i in range(3000)], rows)
    wv.export(tmp_path / f"v{extension}")
    data = (tmp_path / f"v{extension}").read_bytes()
    os.mkfifo(path)
    for mmap in (False, True):
        sender = threading.Thread(target=path.write_bytes, args=(data,))
        sender.start()
        read = KeyedVectors.read(path, mmap=mmap)
        sender.join()
        assert read.index_to_key == wv.index_to_key
    sender = threading.Thread(target=path.write_bytes, args=(b"no vectors",))
    sender.start()
    with pytest.raises(ValueError, match=f"^{path}: expected vectors"):
        KeyedVectors.read(path)
    sender.join()


def test_questions_from_a_pipe(path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("no FIFOs")
    os.mkfifo(path)
    sender = threading.Thread(target=path.write_bytes, args=(b"a b c d\n" * 2,))
    sender.start()
    assert len(evaluation_sets.read_questions(path)[0].questions) == 2
    sender.join()


@pytest.mark.parametrize("given", [None, ["x.vec"], open, 3, {"a": 1}])
def test_what_is_no_path(given):
    for read in (KeyedVectors.read, KeyedVectors.load, KeyedVectors.load_word2vec_format):
        with pytest.raises(TypeError, match="is not a path: expected the name of a local file"):
            read(given)


def test_addresses_and_missing_files(capsys):
    for address in ("https://example.com/glove.txt", "s3://bucket/vectors.bin"):
        with pytest.raises(FileNotFoundError, match=f"download it first.*{address}"):
            KeyedVectors.read(address)
    assert app.main(["search", "https://example.com/glove.txt", "king"]) == 1
    assert "https://example.com/glove.txt: this is an address" in capsys.readouterr().err
    with pytest.raises(FileNotFoundError) as told:
        KeyedVectors.read("missing.txt")
    assert "wrap it in a list" not in str(told.value)
    assert app.main(["train", "missing.txt", "-o", "x.safetensors"]) == 1
    assert "wrap it" not in capsys.readouterr().err


@pytest.mark.parametrize("extension", [".parquet", ".arrow", ".tsv", ".npz", ".glove"])
def test_inspect_tells_vectors_from_a_corpus(tmp_path, capsys, extension):
    if extension in (".parquet", ".arrow"):
        pytest.importorskip("pyarrow")
    path = tmp_path / f"v{extension}"
    KeyedVectors(WORDS, VECTORS).export(path)
    assert app.main(["inspect", "--no-measure", str(path)]) == 0
    told = capsys.readouterr().out
    assert "vectors" in told
    assert "tokens" not in told


# ---- Numbers that a type cannot hold -------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e-6, 1e-8, 1e5])
def test_numbers_beyond_float16(tmp_path, scale):
    wv = KeyedVectors(WORDS, VECTORS * np.float32(scale))
    for name in ("v.safetensors", "v.npz"):
        with pytest.raises(ValueError, match=r"\(row \d\) .*float16.* use dtype='float32'"):
            wv.export(tmp_path / name, dtype="float16")
    if pytest.importorskip("usearch"):
        for metric in ("cosine", "dot", "euclidean"):
            with pytest.raises(ValueError, match=r"float16.* use dtype='float32'"):
                wv.index(metric, dtype="float16")


def test_numbers_beyond_int8(tmp_path):
    wv = KeyedVectors(WORDS, VECTORS * np.float32(1e-42))
    with pytest.raises(ValueError, match="too small for int8"):
        wv.export(tmp_path / "v.safetensors", dtype="int8")


# ---- Arrow, gensim -------------------------------------------------------------------------------


@pytest.mark.parametrize("extension", [".parquet", ".arrow"])
def test_vectors_without_words(tmp_path, extension):
    pytest.importorskip("pyarrow")
    empty = KeyedVectors(WORDS, VECTORS).vectors_for_all(["unknown"])
    empty.export(tmp_path / f"v{extension}")
    assert KeyedVectors.read(tmp_path / f"v{extension}").vectors.shape == (0, 5)
    with pytest.raises(ValueError, match="the vocabulary is empty"):
        empty.export(tmp_path / "v.tsv")


@pytest.mark.parametrize("compression", [None, "zstd"])
def test_streams_of_arrow(path, compression):
    pa = pytest.importorskip("pyarrow")
    flat = pa.array(VECTORS.reshape(-1))
    table = pa.table({"word": WORDS, "vector": pa.FixedSizeListArray.from_arrays(flat, 5)})
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(path, table.schema, options=options) as out:
        out.write_table(table, max_chunksize=2)
    wv = KeyedVectors.read(path)
    assert wv.index_to_key == WORDS
    assert (wv.vectors == VECTORS).all()
    assert KeyedVectors.read(path, limit=1).index_to_key == WORDS[:1]
    written(path, path.read_bytes()[:-8])
    with pytest.raises(ValueError, match="the end marker is missing"):
        KeyedVectors.read(path)


@pytest.mark.filterwarnings("ignore:Adding single vectors:UserWarning")  # of gensim
def test_words_added_to_gensims_vectors(path):
    models = pytest.importorskip("gensim.models")
    kv = KeyedVectors(WORDS, VECTORS, counts=[3, 2, 1]).to_gensim()
    kv.add_vector("new", np.ones(5, np.float32))
    ahead = models.KeyedVectors(5, count=4)
    ahead.add_vector("a", np.ones(5, np.float32))
    for made, words, counts in ((kv, [*WORDS, "new"], [3, 2, 1, 0]), (ahead, ["a"], None)):
        made.save(str(path))
        for wv in (KeyedVectors.from_gensim(made), KeyedVectors.read(path)):
            assert wv.index_to_key == words
            assert (wv.counts is None) == (counts is None)
            assert counts is None or wv.counts.tolist() == counts
            assert wv.vectors[-1].tolist() == [1] * 5


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("more", [{"hs": 1, "negative": 0}, {}])
def test_more_of_gensims_files(path, protocol, more):
    models = pytest.importorskip("gensim.models")
    text = [["tea", "milk", "cup"], ["tea", "jam"]] * 20
    model = models.Word2Vec(text, vector_size=4, min_count=1, workers=1, **more)
    model.wv.set_vecattr("tea", "note", "hot")
    for saved in (model, model.wv):
        saved.save(str(path), pickle_protocol=protocol)
        read = KeyedVectors.read(path)
        np.testing.assert_array_equal(read.vectors, model.wv.vectors)
        assert read.get_vecattr("tea", "note") == "hot"
    model.save(str(path), pickle_protocol=protocol)
    whole = gensim_pickle.read_model(path)
    assert (whole.kind, whole.settings["hs"]) == ("Word2Vec", int("hs" in more))
    assert whole.settings["window"] == 5
    for ours, name in ((whole.output_vectors, "syn1neg"), (whole.node_vectors, "syn1")):
        theirs = getattr(model, name, None)
        assert (ours is None) == (theirs is None)
        assert theirs is None or np.array_equal(ours, theirs)
    codes = whole.content.codes
    assert (codes is not None) == ("hs" in more)
    assert codes is None or len(codes[0]) == len(model.wv.get_vecattr("tea", "code"))


@pytest.mark.parametrize("protocol", range(6))
def test_words_that_are_numpys_texts(path, protocol, monkeypatch):
    module = types.ModuleType("gensim.models.keyedvectors")
    module.KeyedVectors = type("KeyedVectors", (), {"__module__": module.__name__})
    for name in ("gensim", module.__name__):
        monkeypatch.setitem(sys.modules, name, module)
    kv = module.KeyedVectors()
    kv.vectors, kv.index_to_key = VECTORS, list(np.array([*WORDS[:-1], "\U0001f375"]))
    written(path, pickle.dumps(kv, protocol=protocol))
    read = KeyedVectors.read(path)
    assert read.index_to_key == [*WORDS[:-1], "\U0001f375"]
    assert {type(word) for word in read.index_to_key} == {str}
    read.vectors[0] = 7  # the vectors are the reader's own
    assert read[WORDS[0]].tolist() == [7] * 5
    if protocol >= 3:
        tea = "\U0001f375".encode("utf-32-le")
        written(path, path.read_bytes().replace(tea, b"\xff" * 4))
        with pytest.raises(ValueError, match="NumPy text that is not one"):
            KeyedVectors.read(path)


class Custom:
    """A class that w2v does not know."""

    def __init__(self):
        self.value = 1


def hash_of(word):
    """Return a number; a function that w2v does not know."""
    return 1


def test_attributes_of_other_kinds_are_skipped_with_a_note(path):
    models = pytest.importorskip("gensim.models")
    model = models.Word2Vec([["a", "b"]] * 3, vector_size=4, min_count=1, workers=1)
    model.made, model.custom, model.hashfxn = datetime.date(2020, 1, 2), Custom(), hash_of
    model.queue, model.named = collections.deque([1]), collections.Counter("aab")
    model.wv.set_vecattr("a", "made", datetime.date(2020, 1, 2))
    model.save(str(path))
    with pytest.warns(
        UserWarning, match=r"for: 'custom', \"expandos\['made'\]\", 'made', 'named', 'queue'$"
    ):
        read = KeyedVectors.read(path)
    assert np.array_equal(read["a"], model.wv["a"])


def test_attributes_that_gensim_left_out_are_not_missed():
    state = {"__numpys": ["mine"], "__ignoreds": ["norms", "huge"], "sg": 1}
    assert gensim_pickle._user_attributes(state, {"sg"}) == ["mine"]


def test_a_harmful_attribute_is_refused(path):
    models = pytest.importorskip("gensim.models")
    model = models.Word2Vec([["a", "b"]] * 3, vector_size=4, min_count=1, workers=1)
    for harmful in (os.system, eval, subprocess.run):
        model.custom = harmful
        model.save(str(path))
        with pytest.raises(ValueError, match="which is not allowed"):
            KeyedVectors.read(path)


def test_compressed_files_of_gensim(path):
    models = pytest.importorskip("gensim.models")
    model = models.Word2Vec([["a", "b"]] * 3, vector_size=4, min_count=1, workers=1)
    model.save(str(path))
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert np.array_equal(KeyedVectors.read(path)["a"], model.wv["a"])


def scorer(worda_count, wordb_count, bigram_count, len_vocab, min_count, corpus_word_count):
    """Score like no function of gensim."""
    return 1


def test_phrases_of_gensim(path):
    phrases = pytest.importorskip("gensim.models.phrases")
    text = [["new", "york", "of", "old"]] * 3
    settings = {"min_count": 1, "threshold": 0.1, "connector_words": ["of"]}
    for scoring, name in (("npmi", "npmi"), ("default", "default"), (scorer, "scorer")):
        found = phrases.Phrases(text, scoring=scoring, **settings)
        for one in (found, found.freeze()):
            one.save(str(path))
            read = gensim_pickle.read_phrases(path)
            assert read.scoring.rpartition(".")[2] == name
            assert read.settings["connector_words"] == {"of"}
            assert read.settings["threshold"] == 0.1
            if one is found:
                assert read.counts == found.vocab
                assert read.settings["corpus_word_count"] == 12
            else:
                assert read.scores == one.phrasegrams
    with pytest.raises(ValueError, match="no list of words"):
        KeyedVectors.read(path)
    models = pytest.importorskip("gensim.models")
    models.Word2Vec([["a", "b"]] * 3, vector_size=4, min_count=1).wv.save(str(path))
    with pytest.raises(ValueError, match="no phrases of gensim"):
        gensim_pickle.read_phrases(path)
    with pytest.raises(ValueError, match="word vectors, but no model"):
        gensim_pickle.read_model(path)


def test_a_model_of_gensim_3(path):
    # The matrix of noise words and some settings are in objects of their own.
    def gensim_object(name, **state):
        return b"cgensim.models.word2vec\n%s\n)\x81" % name.encode() + body(state) + b"b"

    def body(state):
        items = (
            pickle.dumps(key, 2)[2:-1] + (value if key in parts else pickle.dumps(value, 2)[2:-1])
            for key, value in state.items()
        )
        return b"}(" + b"".join(items) + b"u"

    parts = {"wv", "trainables", "vocabulary"}
    wv = gensim_object("KeyedVectors", index2word=WORDS, vectors=VECTORS)
    inner = gensim_object("Trainables", syn1neg=VECTORS + 1, vectors_lockf=VECTORS[:, 0], seed=7)
    path.write_bytes(
        b"\x80\x02"
        + gensim_object(
            "Word2Vec", wv=wv, trainables=inner, iter=3, window=4, sample=np.float64(0.5)
        )
        + b"."
    )
    read = gensim_pickle.read_model(path)
    assert np.array_equal(read.output_vectors, VECTORS + 1)
    assert np.array_equal(read.locks, VECTORS[:, 0])
    assert read.settings == {"epochs": 3, "window": 4, "sample": 0.5, "seed": 7}
    assert read.node_vectors is None


def test_phrases_of_gensim_3(path):
    # Words were UTF-8; Phraser had tuples of them, and at first the count beside the score.
    def written(kind, **state):
        path.write_bytes(
            b"\x80\x02cgensim.models.phrases\n%s\n)\x81" % kind
            + pickle.dumps(state, protocol=2)[2:-1]
            + b"b."
        )
        return gensim_pickle.read_phrases(path)

    old = written(
        b"Phrases", vocab={b"d\xc3\xa9": 3, b"d\xc3\xa9_b": 2}, delimiter=b"_", threshold=1
    )
    assert old.counts == {"dé": 3, "dé_b": 2}
    assert (old.scoring, old.settings["connector_words"]) == ("default", frozenset())
    for score in (2.5, (7, 2.5)):
        frozen = written(b"Phraser", phrasegrams={(b"a", b"b"): score}, delimiter=b"_")
        assert frozen.scores == {"a_b": 2.5}


@pytest.mark.parametrize(("min_n", "max_n"), [(3, 0), (0, 3), (0, 0), (1, 2)])
def test_gensims_fasttext_with_few_subwords(path, min_n, max_n):
    models = pytest.importorskip("gensim.models")
    text = [["tea", "milk", "cup"], ["tea", "jam"]] * 20
    model = models.FastText(
        text, vector_size=4, min_count=1, workers=1, bucket=50, min_n=min_n, max_n=max_n
    )
    model.wv.save(str(path))
    read = KeyedVectors.read(path)
    np.testing.assert_allclose(read.vectors, model.wv.vectors, atol=1e-6)
    assert (read.subwords is None) == (max_n == 0)
    if max_n:
        np.testing.assert_allclose(read.subwords["team"], model.wv["team"], atol=1e-6)


# ---- Harm ----------------------------------------------------------------------------------------

LAUGHS = b")" + b"2\x86" * 60  # 2**60 times the empty tuple, in 121 bytes
GENSIM = (
    b"\x80\x04cgensim.models.keyedvectors\nKeyedVectors\n)\x81}(X\x0c\x00\x00\x00index_to_key]%b"
    b"aX\x07\x00\x00\x00vectorscnumpy.core.multiarray\n_reconstruct\n)R(K\x01%bcnumpy\ndtype\n"
    b"X\x02\x00\x00\x00f4\x85R\x89C\x04\0\0\0\0tbub."
)


def test_pickles_that_repeat_or_nest_without_end(tmp_path):
    # In a process of its own: a hash that overflows the stack ends it.
    hostile = [
        b"\x80\x04}" + LAUGHS + b"K\x01s.",
        b"\x80\x04\x8f(" + LAUGHS + b"\x90.",
        b"\x80\x04(" + LAUGHS + b"\x91.",
        b"\x80\x04(" + LAUGHS + b"K\x01d.",
        b"\x80\x04cbuiltins\nfrozenset\n(" + LAUGHS + b"ltR.",
        b"\x80\x04})" + b"\x85" * 200_000 + b"K\x01s.",
        GENSIM % (LAUGHS, b"K\x01K\x01\x86"),
        GENSIM % (b"X\x01\x00\x00\x00a", LAUGHS),
    ]
    for place, data in enumerate(hostile):
        written(tmp_path / str(place), data)
    code = """
import sys
from w2v import KeyedVectors
for path in sys.argv[1:]:
    try:
        KeyedVectors.read(path)
    except ValueError as error:
        print(path, "refused", len(str(error)) < 500, flush=True)
"""
    names = [str(place) for place in range(len(hostile))]
    done = subprocess.run(
        [sys.executable, "-c", code, *names], cwd=tmp_path, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout.splitlines() == [f"{name} refused True" for name in names], done.stderr


@pytest.mark.parametrize("key", [b"K\x01K\x01\x86", b"(" + b"C\x01a" * 65 + b"t"])
def test_a_key_in_a_pickle_is_no_tuple(key):
    # Except a short one of words.
    with pytest.raises(_pickle_machine.UnsafePickleError):
        _pickle_machine.interpret_pickle(b"\x80\x04}(" + key + b"K\x00u.")


def test_pickles_that_copy_more_than_they_hold(monkeypatch):
    monkeypatch.setattr(_pickle_machine, "_COPIES_PER_BYTE", 1)
    monkeypatch.setattr(_pickle_machine, "_MIN_COPIES", 5000)
    entries = b"".join(b"K%cK\x00" % i for i in range(200))
    copies = b"cgensim.a\nB\n)\x81h\x00b0" * 5000
    with pytest.raises(_pickle_machine.UnsafePickleError, match="copies far more"):
        _pickle_machine.interpret_pickle(b"\x80\x04}(" + entries + b"u\x940" + copies + b"N.")


def npy(descr, shape, data=b""):
    head = repr({"descr": descr, "fortran_order": False, "shape": shape}).encode()
    head += b" " * (-(len(head) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + data


@pytest.mark.parametrize("members", [
    {"words": npy("<U0", (10**9,))}, {"vectors": npy("<f4", (10**12, 300))},
    {"vectors": npy("<f4", ())}, {"words": b"\x80\x04N."}, {"counts": npy("<i8", (), bytes(8))},
    {"words": npy("<U1", (3,), bytes(12))}, {"words": npy("|O", (2,), bytes(16))},
])  # fmt: skip
def test_archives_that_claim_what_they_lack(path, monkeypatch, members):
    sizes = []
    empty = npz.aligned_empty
    monkeypatch.setattr(
        npz, "aligned_empty", lambda shape, kind: sizes.append(shape) or empty(shape, kind)
    )
    good = {
        "vectors": npy("<f4", (2, 3), bytes(24)),
        "words": npy("<U1", (2,), "ab".encode("utf-32-le")),
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**good, **members}.items():
            archive.writestr(f"{name}.npy", data)
    with pytest.raises(ValueError, match=f"^{path}: "):
        KeyedVectors.read(path)
    assert all(np.prod(shape) < 100 for shape in sizes)


@pytest.mark.parametrize("extension", [".parquet", ".feather", ".arrow"])
def test_tables_that_grow_to_gigabytes(tmp_path, monkeypatch, extension):
    pa = pytest.importorskip("pyarrow")
    path = tmp_path / f"v{extension}"
    n = 2_000_000
    table = pa.table(
        {"word": ["a"], "vector": pa.array([np.zeros(n, np.float32)], pa.list_(pa.float32()))}
    )
    if extension == ".parquet":
        pa.parquet = pytest.importorskip("pyarrow.parquet")
        pa.parquet.write_table(table, path, compression="zstd")
    else:
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        with pa.ipc.new_file(path, table.schema, options=options) as out:
            out.write_table(table)
    collected = []
    collect = arrow._collect
    monkeypatch.setattr(arrow, "_collect", lambda *a: collected.append(1) or collect(*a))
    for size in (1_000_000, "1MB"):
        with pytest.raises(ValueError, match=r"this may be a bomb; .* max_size="):
            KeyedVectors.read(path, max_size=size)
    assert not collected  # nothing was decompressed
    assert KeyedVectors.read(path).vectors.shape == (1, n)


def test_max_size_is_a_size(path):
    written(path, ROWS)
    for size, kind in ((0, ValueError), ("much", ValueError), (1.5, TypeError), (True, TypeError)):
        with pytest.raises(kind, match=r"max_size="):
            KeyedVectors.read(path, max_size=size)


@pytest.mark.parametrize("error", [StopIteration, RecursionError, OSError("x"), KeyError("a")])
def test_the_guard_of_readers(error):
    def fail(what):
        with reading("some file"):
            raise what

    with pytest.raises(ValueError, match=r"^some file: the file is truncated or corrupt"):
        fail(error)
    with pytest.raises(MemoryError, match=r"^some file: too little memory"):
        fail(MemoryError())
    with pytest.raises(ImportError, match=r"^no package$"):
        fail(ImportError("no package"))
    with pytest.raises(KeyboardInterrupt):
        fail(KeyboardInterrupt())
    with pytest.raises(ValueError, match=r"^some file: .*Invalid argument"):
        fail(OSError(errno.EINVAL, "Invalid argument"))
    with pytest.raises(OSError, match="broken: 'some file'"):
        fail(OSError(errno.EIO, "broken"))
    with pytest.raises(FileNotFoundError, match="gone: 'other'"):
        fail(FileNotFoundError(errno.ENOENT, "gone", "other"))


# ---- Messages ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("data", "remedy"), [
    (b"2 3\n. . . 1 2 3\nb 4 5 6\n", "errors='replace'"),
    (b"2 3\n 1 2 3\nb 4 5 6\n", "errors='skip'"),
    (b"2 1\na \0\0\x80\x3fa \0\0\x80\x3f", "errors='skip' keeps the first|errors='skip'"),
    (b"4 2\na 1 2\nb 3 4\nc 5 6\n", "limit="),
    (b"4 1\nab 1.00000000\ncd 3.00000000\nef 5.00000000\n", "limit=3"),
])  # fmt: skip
def test_errors_say_what_to_do(path, data, remedy):
    with pytest.raises(ValueError, match=remedy):
        KeyedVectors.read(written(path, data))


@pytest.mark.parametrize("extension", [".glove", ".glove.gz", ".npz", ".tsv", ".parquet", ".arrow"])
def test_other_loaders_name_read(tmp_path, extension):
    if extension in (".parquet", ".arrow"):
        pytest.importorskip("pyarrow")
    path = tmp_path / f"v{extension}"
    KeyedVectors(WORDS, VECTORS).export(path)
    with pytest.raises(ValueError, match=r"KeyedVectors\.read\(path\)"):
        KeyedVectors.load(path)
    for binary in (False, True):
        with pytest.raises(ValueError, match=r"KeyedVectors\.read\(path\)"):
            KeyedVectors.load_word2vec_format(path, binary=binary)


def test_binary_rows_with_white_space_are_left_to_python():
    data = np.frombuffer(b"a\tb \0\0\x80\x3f", np.uint8)
    out, spans = np.zeros((1, 1), np.float32), np.zeros((1, 2), np.int64)
    assert _vector_text.parse_rows(data, out, spans, True) == (0, 0)
    assert word2vec_format.sample_lines(b"a 1\n\nb 2\nc") == [[b"a", b"1"], [b"b", b"2"]]


def test_a_model_with_a_word_twice_names_the_file(path):
    model = Word2Vec([["ab", "cd"]] * 9, vector_size=4, min_count=1, sample=0, workers=1)
    model.save(path)
    data = path.read_bytes()
    at = data.rindex(b"abcd") if b"abcd" in data else data.rindex(b"cdab")
    written(path, data[:at] + b"abab" + data[at + 4 :])
    with pytest.raises(ValueError, match=f"^{path}: .*duplicate word 'ab'"):
        Word2Vec.load(path)
