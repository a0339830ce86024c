"""KeyedVectors: looking up, comparing, storing; every message."""

import copy
import math
import pickle
import re
import sys
import threading
import unicodedata
from pathlib import Path

import numpy as np
import pytest

import w2v
from w2v import KeyedVectors
from w2v.io import safetensors_file
from w2v.io.words import word_tensors
from w2v.vectors import base, knn
from w2v.vectors.distances import row_norms
from w2v.vectors.metrics import METRICS

# Directions in the plane, so that every cosine is known: degrees from the first axis.
DEGREES = {"east": 0, "ne": 45, "north": 90, "nnw": 112.5, "west": 180, "south": 270}


def compass(lengths=1.0):
    angles = np.radians(list(DEGREES.values()))
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1) * np.reshape(lengths, (-1, 1))
    return KeyedVectors(list(DEGREES), vectors.astype(np.float32), counts=[60, 50, 40, 30, 20, 10])


def cosine(a, b):
    return math.cos(math.radians(DEGREES[a] - DEGREES[b]))


@pytest.fixture
def wv():
    return compass(lengths=[1, 2, 3, 0.5, 7, 0.01])


def random_vectors(rows, columns, seed=1, stride=None):
    random = np.random.default_rng(seed)
    full = random.standard_normal((rows, stride or columns), np.float32)
    return KeyedVectors([f"w{i}" for i in range(rows)], full[:, :columns])


# ---- Making ----


def test_attributes(wv):
    assert wv.index_to_key == list(DEGREES)
    assert wv.key_to_index == {word: row for row, word in enumerate(DEGREES)}
    assert wv.vector_size == 2
    assert type(wv.vector_size) is int
    assert wv.vectors.shape == (6, 2)
    assert len(wv) == 6
    assert repr(wv) == "<KeyedVectors: 6 words, 210 occurrences, 2 dimensions>"


def test_without_counts():
    wv = KeyedVectors(["a"], np.ones((1, 3), np.float32))
    assert wv.counts is None
    assert repr(wv) == "<KeyedVectors: 1 words, 3 dimensions>"


def test_vectors_are_not_copied():
    full = np.zeros((3, 16), np.float32)
    wv = KeyedVectors(["a", "b", "c"], full[:, :5])
    assert np.shares_memory(wv.vectors, full)
    assert wv.vectors.strides == (64, 4)
    with pytest.raises(AttributeError):
        wv.vectors = full


def test_the_list_of_words_is_its_own():
    words = ["a", "b"]
    wv = KeyedVectors(words, np.ones((2, 1), np.float32))
    words.append("c")
    assert wv.index_to_key == ["a", "b"]


@pytest.mark.parametrize(
    ("words", "vectors", "counts", "error", "message"),
    [
        ("ab", np.ones((2, 1), np.float32), None, TypeError, "'ab' is a single string"),
        (["a"], [[1.0]], None, TypeError, "is of type list: expected a float32 array; convert"),
        (["a"], np.ones((1, 1)), None, TypeError, "of type float64: expected a float32 array"),
        (["a"], np.ones((1, 1), ">f4"), None, TypeError, "of type >f4: expected"),
        (["a"], np.ones(1, np.float32), None, ValueError, r"has shape \(1,\): expected \(words"),
        (["a"], np.ones((1, 0), np.float32), None, ValueError, "at least one dimension"),
        (["a"], np.ones((2, 1), np.float32), None, ValueError, "1 words but 2 rows"),
        (["a", "b"], np.ones((1, 1), np.float32), None, ValueError, "2 words but 1 rows"),
        (["a", 5], np.ones((2, 1), np.float32), None, TypeError, r"word 5 \(row 1\) is of type"),
        ([["a"]], np.ones((1, 1), np.float32), None, TypeError, r"word \['a'\] \(row 0\) is of ty"),
        (list("abca"), np.ones((4, 1), np.float32), None, ValueError, "rows 0 and 3: .* rename"),
        (["a"], np.ones((1, 1), np.float32), [1, 2], ValueError, r"shape \(2,\): expected \(1,\)"),
        (["a"], np.ones((1, 1), np.float32), [1.5], TypeError, "float64: expected integers"),
    ],
)
def test_wrong_parts(words, vectors, counts, error, message):
    with pytest.raises(error, match=message):
        KeyedVectors(words, vectors, counts=counts)


def test_no_words_at_all():
    wv = KeyedVectors([], np.ones((0, 4), np.float32), counts=[])
    assert len(wv) == 0
    assert wv.similar_by_vector(np.ones(4)) == []
    assert wv.similar_by_vector(np.ones(4), topn=None).shape == (0,)


# ---- Looking up ----


def test_getitem_gives_a_copy(wv):
    before = wv.vectors.copy()
    vector = wv["ne"]
    assert vector.dtype == np.float32
    assert vector.shape == (2,)
    np.testing.assert_array_equal(vector, before[1])
    vector[:] = 9
    wv[["ne", "north"]][:] = 9
    wv.get_vector("ne")[:] = 9
    np.testing.assert_array_equal(wv.vectors, before)


def test_as_a_mapping(wv):
    words = wv.index_to_key
    assert list(wv) == wv.keys() == list(reversed(wv))[::-1] == words
    assert wv.keys() is not words
    vectors = dict(wv)
    assert list(vectors) == words
    assert all((vectors[word] == wv[word]).all() for word in words)
    assert wv._ipython_key_completions_() == words


def test_getitem_of_several(wv):
    np.testing.assert_array_equal(wv[["north", "east", "north"]], wv.vectors[[2, 0, 2]])
    np.testing.assert_array_equal(wv[("west", "east")], wv.vectors[[4, 0]])
    np.testing.assert_array_equal(wv[np.array(["west"])], wv.vectors[[4]])
    np.testing.assert_array_equal(wv[(word for word in ("west",))], wv.vectors[[4]])
    assert wv[[]].shape == (0, 2)
    assert wv[["north"]].dtype == np.float32


def test_get_vector_normed(wv):
    np.testing.assert_allclose(wv.get_vector("north", norm=True), [0, 1], atol=1e-7)
    assert wv.get_vector("north", norm=True).dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(wv.get_vector("south")), 0.01, rtol=1e-6)
    zero = KeyedVectors(["a"], np.zeros((1, 2), np.float32))
    np.testing.assert_array_equal(zero.get_vector("a", norm=True), [0, 0])


def test_get_index(wv):
    assert wv.get_index("north") == 2
    assert wv.get_index("up", default=-1) == -1
    assert wv.get_index("north", default=-1) == 2
    assert wv.get_index("east", default=7) == 0


def test_contains(wv):
    assert "north" in wv
    assert "up" not in wv
    assert 2 not in wv
    assert ["north"] not in wv
    assert None not in wv


LOOKUPS = {
    "getitem": lambda wv, key: wv[key],
    "getitem of several": lambda wv, key: wv[["east", key]],
    "get_vector": lambda wv, key: wv.get_vector(key),
    "get_index": lambda wv, key: wv.get_index(key),
    "get_vecattr": lambda wv, key: wv.get_vecattr(key, "count"),
    "similarity": lambda wv, key: wv.similarity("east", key),
    "distance": lambda wv, key: wv.distance(key, "east"),
    "n_similarity": lambda wv, key: wv.n_similarity(["east"], [key]),
    "most_similar": lambda wv, key: wv.most_similar(key),
    "most_similar of several": lambda wv, key: wv.most_similar(["east", key]),
    "most_similar, negative": lambda wv, key: wv.most_similar("east", key),
    "most_similar, weighted": lambda wv, key: wv.most_similar([(key, 2.0)]),
    "most_similar, none wanted": lambda wv, key: wv.most_similar(key, topn=0),
    "similar_by_word": lambda wv, key: wv.similar_by_word(key),
}


@pytest.mark.parametrize("lookup", LOOKUPS.values(), ids=LOOKUPS.keys())
def test_unknown_words_are_named(wv, lookup):
    with pytest.raises(KeyError) as caught:
        lookup(wv, "up")
    assert caught.value.args == ("word 'up' is not in the vocabulary",)


@pytest.mark.parametrize("key", [1, np.int64(1), b"east", 1.0, True])
@pytest.mark.parametrize("lookup", LOOKUPS.values(), ids=LOOKUPS.keys())
def test_no_key_but_a_word(wv, lookup, key):
    with pytest.raises(TypeError, match=r"expected a word \(str\); for a row number use \.vectors"):
        lookup(wv, key)


@pytest.mark.parametrize("key", ["North", "NORTH", " north", "north\n"])
def test_variants_are_hinted_at(wv, key):
    with pytest.raises(KeyError) as caught:
        wv[key]
    assert caught.value.args == (f"word {key!r} is not in the vocabulary, but 'north' is",)


@pytest.mark.parametrize(("known", "asked"), [("caf\xe9", "cafe\u0301"), ("cafe\u0301", "caf\xe9")])
def test_other_unicode_forms_are_hinted_at(known, asked):
    form = "NFC" if unicodedata.is_normalized("NFC", known) else "NFD"
    with pytest.raises(KeyError, match=rf"unicodedata.normalize\('{form}', word\)"):
        KeyedVectors([known], np.ones((1, 2), np.float32))[asked]


def test_capitalised_variants_are_hinted_at():
    wv = KeyedVectors(["Paris", "UNO"], np.ones((2, 1), np.float32))
    for key, known in (("paris", "Paris"), ("PARIS", "Paris"), ("uno", "UNO")):
        with pytest.raises(KeyError, match=f"but '{known}' is"):
            wv[key]


def test_get_vecattr(wv):
    assert wv.get_vecattr("ne", "count") == 50
    assert type(wv.get_vecattr("ne", "count")) is int
    with pytest.raises(KeyError, match="unknown attribute 'size': expected 'count'"):
        wv.get_vecattr("ne", "size")
    bare = KeyedVectors(["a"], np.ones((1, 1), np.float32))
    with pytest.raises(KeyError, match=r"is unknown: these vectors have no counts"):
        bare.get_vecattr("a", "count")


# ---- Comparing ----


def test_norms_are_computed_once(wv):
    np.testing.assert_allclose(wv.norms, [1, 2, 3, 0.5, 7, 0.01], rtol=1e-6)
    assert wv.norms.dtype == np.float32
    assert wv.norms is wv.norms


def test_norms_of_many_rows_and_of_large_numbers():
    wv = random_vectors(30_000, 50, stride=64)
    expected = np.linalg.norm(wv.vectors.astype(np.float64), axis=1)
    np.testing.assert_allclose(wv.norms, expected, rtol=1e-6)
    large = KeyedVectors(["a"], np.full((1, 2), 1e30, np.float32))
    np.testing.assert_allclose(large.norms, [math.sqrt(2) * 1e30], rtol=1e-6)


def test_changed_vectors_are_compared_anew(wv):
    assert wv.most_similar("east", topn=1)[0][0] == "ne"
    wv.vectors[5] = [0.001, 0]
    wv.mark_changed()
    assert wv.most_similar("east", topn=1) == [("south", 1.0)]


def test_most_similar(wv):
    result = wv.most_similar("ne")
    assert {word for word, _ in result[:2]} == {"east", "north"}
    assert result[2][0] == "nnw"
    assert {word for word, _ in result[3:]} == {"west", "south"}
    for word, value in result:
        assert type(word) is str
        assert type(value) is float
        assert value == pytest.approx(cosine("ne", word), abs=1e-6)
    assert [value for _, value in result] == sorted((v for _, v in result), reverse=True)


@pytest.mark.parametrize("stride", [None, 112])
def test_most_similar_against_the_obvious_computation(stride):
    wv = random_vectors(500, 100, stride=stride)
    unit = wv.vectors.astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    direction = unit[3] + 2 * unit[8] - unit[5]
    cosines = unit @ direction / np.linalg.norm(direction)
    order = [row for row in np.argsort(-cosines) if row not in (3, 5, 8)]
    for topn in (1, 10, 497, 498, 10_000):
        result = wv.most_similar(["w3", ("w8", 2)], negative="w5", topn=topn)
        assert [word for word, _ in result] == [f"w{row}" for row in order[:topn]]
        np.testing.assert_allclose([c for _, c in result], cosines[order[:topn]], atol=1e-6)


def test_words_are_scaled_to_length_one_and_vectors_are_not(wv):
    # east (length 1) and north (length 3) count alike as words, not as vectors.
    by_word = wv.most_similar(["east", "north"], topn=1)
    assert by_word == [("ne", pytest.approx(1, abs=1e-6))]
    by_vector = wv.most_similar([wv["east"], wv["north"]], topn=None)
    assert by_vector[wv.get_index("ne")] == pytest.approx(4 / math.sqrt(20), abs=1e-6)


@pytest.mark.parametrize(
    "positive",
    [
        "north",
        ["north"],
        ("north",),
        [("north", 1.0)],
        ("north", 2),
        {"north"},
        np.array(["north"]),
        np.str_("north"),
    ],
)
def test_ways_to_give_a_word(wv, positive):
    assert wv.most_similar(positive) == wv.most_similar(positive=["north"])
    assert "north" not in dict(wv.most_similar(positive))


@pytest.mark.parametrize(
    "positive",
    [
        np.array([0.0, 5.0]),
        [np.array([0, 5], np.float32)],
        [[0, 5]],
        np.array([[0, 5]]),
        [(np.array([0, 1]), 5.0)],
        (np.array([0, 1]), 5.0),
        ([0, 1], 5),
    ],
)
def test_ways_to_give_a_vector(wv, positive):
    result = wv.most_similar(positive, topn=2)
    assert result == wv.similar_by_vector([0, 3], topn=2)
    assert result[0] == ("north", pytest.approx(1, abs=1e-6))  # not left out: no word was given


def test_a_tuple_of_two_words_is_two_words(wv):
    assert wv.most_similar(("east", "north"), topn=1)[0][0] == "ne"


def test_weights_of_negative_items_are_used_as_given(wv):
    # As in gensim: the default weight of a negative item is -1, a given one replaces it.
    plain = wv.most_similar("east", negative="north", topn=None)
    given = wv.most_similar("east", negative=[("north", -1.0)], topn=None)
    np.testing.assert_array_equal(plain, given)
    added = wv.most_similar("east", negative=[("north", 1.0)], topn=None)
    np.testing.assert_array_equal(added, wv.most_similar(["east", "north"], topn=None))


def test_weights_that_sum_to_zero_give_the_difference(wv):
    # Nothing to divide by: the target is north minus east as they are.
    products = wv.most_similar("north", negative="east", topn=None, metric="dot")
    np.testing.assert_allclose(products, wv.vectors @ (wv["north"] - wv["east"]), rtol=1e-6)


def test_single_strings_and_empty_queries_are_refused(wv):
    with pytest.raises(TypeError, match="other_words='east' is a single string"):
        wv.distances("north", "east")
    with pytest.raises(ValueError, match="positive and negative are empty"):
        wv.most_similar_cosmul()


def test_negative_alone(wv):
    assert wv.most_similar(negative="east", topn=1)[0][0] == "west"


def test_topn(wv):
    assert wv.most_similar("east", topn=0) == []
    assert len(wv.most_similar("east", topn=3)) == 3
    assert len(wv.most_similar("east", topn=np.int64(3))) == 3
    assert len(wv.most_similar("east", topn=100)) == 5
    cosines = wv.most_similar("east", topn=None)
    assert cosines.dtype == np.float32
    np.testing.assert_allclose(cosines, [cosine("east", w) for w in DEGREES], atol=1e-6)
    for wrong, error in ((-1, ValueError), (2.5, TypeError), ("3", TypeError)):
        with pytest.raises(error, match=f"topn={wrong!r}: expected an integer of at least 0"):
            wv.most_similar("east", topn=wrong)


def test_restrict_vocab(wv):
    assert [word for word, _ in wv.most_similar("south", restrict_vocab=2)] == ["east", "ne"]
    assert [word for word, _ in wv.most_similar("east", restrict_vocab=2)] == ["ne"]
    assert wv.most_similar("east", restrict_vocab=1) == []
    assert len(wv.most_similar("east", restrict_vocab=100)) == 5
    assert wv.most_similar("east", topn=None, restrict_vocab=4).shape == (4,)
    for wrong, error in ((0, ValueError), (-3, ValueError), (1.5, TypeError)):
        with pytest.raises(error, match=f"restrict_vocab={wrong!r}: expected an integer"):
            wv.most_similar("east", restrict_vocab=wrong)


def test_equal_cosines_come_in_row_order():
    vectors = np.zeros((50, 4), np.float32)
    vectors[:, 0] = 1
    vectors[10:20] = [0, 1, 0, 0]
    wv = KeyedVectors([f"w{i}" for i in range(50)], vectors)
    for topn in (1, 5, 39, 45, 49):
        found = [int(word[1:]) for word, _ in wv.similar_by_vector([1, 0, 0, 0], topn=topn)]
        rest = [*range(10), *range(20, 50), *range(10, 20)]
        assert found == rest[:topn]


def test_zero_vectors_have_cosine_zero():
    vectors = np.array([[0, 0], [1, 0], [-1, 0]], np.float32)
    wv = KeyedVectors(["zero", "one", "minus"], vectors)
    assert wv.most_similar("one") == [("zero", 0.0), ("minus", -1.0)]
    assert wv.most_similar("zero") == [("one", 0.0), ("minus", 0.0)]
    assert wv.most_similar("one", negative="one", topn=None).tolist() == [0, 0, 0]
    assert wv.similarity("zero", "one") == 0.0
    assert wv.n_similarity(["one", "minus"], ["one"]) == 0.0


def test_numbers_that_are_not_finite_rank_last():
    vectors = np.array([[1, 0], [np.nan, 0], [-1, 0], [np.inf, 0], [0.5, 0.5]], np.float32)
    wv = KeyedVectors(["a", "nan", "minus", "inf", "b"], vectors)
    assert [word for word, _ in wv.most_similar("a", topn=2)] == ["b", "minus"]
    assert [word for word, _ in wv.most_similar("a")] == ["b", "minus", "nan", "inf"]
    assert math.isnan(wv.similarity("a", "inf"))


def test_cosines_stay_within_one():
    wv = random_vectors(300, 3)
    doubled = KeyedVectors(
        [*wv.index_to_key, *(f"x{i}" for i in range(300))], np.vstack([wv.vectors, wv.vectors * 3])
    )
    for row in range(300):
        assert doubled.most_similar(f"w{row}", topn=1)[0][1] <= 1.0
        assert doubled.similarity(f"w{row}", f"x{row}") <= 1.0


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda wv: wv.most_similar(), ValueError, "expected at least one word or vector"),
        (lambda wv: wv.most_similar([]), ValueError, "positive and negative are empty"),
        (lambda wv: wv.most_similar(np.ones(3)), ValueError, r"shape \(3,\): expected \(2,\)"),
        (lambda wv: wv.similar_by_vector("north"), TypeError, "str: expected a vector of 2"),
        (lambda wv: wv.similar_by_vector([1]), ValueError, r"shape \(1,\): expected \(2,\)"),
        (lambda wv: wv.similar_by_vector([1, np.nan]), ValueError, "NaN or infinity"),
        (lambda wv: wv.most_similar([None]), (TypeError, ValueError), "vector"),
        (lambda wv: wv.most_similar([{"a": 1}]), TypeError, "dict: expected a word .* or a vec"),
        (lambda wv: wv.most_similar([["east", "north"]]), TypeError, "list: expected a word"),
        (lambda wv: wv.most_similar([0.5] * 3), ValueError, r"shape \(3,\): expected \(2,\)"),
        (lambda wv: wv.most_similar([("east", np.nan)]), ValueError, "not finite: expected finite"),
        (lambda wv: wv.get_mean_vector(["east"], [np.nan]), ValueError, "weights contains NaN"),
        (lambda wv: wv.vectors_for_all("east"), TypeError, "keys='east' is a single string"),
    ],
)
def test_most_similar_refuses(wv, call, error, message):
    with pytest.raises(error, match=message):
        call(wv)


def test_similar_by_word_and_vector(wv):
    assert wv.similar_by_word("ne", 3) == wv.most_similar("ne", topn=3)
    assert wv.similar_by_word("ne", 3, 4) == wv.most_similar("ne", topn=3, restrict_vocab=4)
    assert wv.similar_by_vector(wv["ne"], 1) == [("ne", pytest.approx(1, abs=1e-6))]
    assert len(wv.similar_by_vector(wv["ne"], 9, 2)) == 2


def test_similarity_and_distance(wv):
    for a in DEGREES:
        for b in DEGREES:
            assert wv.similarity(a, b) == pytest.approx(cosine(a, b), abs=1e-6)
            assert wv.distance(a, b) == pytest.approx(1 - cosine(a, b), abs=1e-6)
    assert type(wv.similarity("east", "ne")) is float
    assert type(wv.distance("east", "ne")) is float


def test_n_similarity(wv):
    # Means of vectors as they are: north is three times as long as east.
    value = wv.n_similarity(["east", "north"], ["east"])
    assert value == pytest.approx(1 / math.sqrt(10), abs=1e-6)
    assert type(value) is float
    with pytest.raises(TypeError, match="ws2='east' is a single string"):
        wv.n_similarity(["east"], "east")
    with pytest.raises(ValueError, match="ws1 is empty"):
        wv.n_similarity([], ["east"])


def test_searching_in_several_threads():
    wv = random_vectors(2000, 20)
    expected = wv.most_similar("w1")
    wv.mark_changed()
    results = []

    def search():
        results.append(wv.most_similar("w1"))

    threads = [threading.Thread(target=search) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 8


# ---- Metrics, batches, filters ----


def apart(a, b, metric):
    """Return the distance of two vectors, slowly, in float64."""
    a, b = (np.asarray(one, np.float64) for one in (a, b))
    return {
        "cosine": lambda: 1 - a @ b / math.sqrt(a @ a) / math.sqrt(b @ b),
        "dot": lambda: -(a @ b),
        "euclidean": lambda: math.sqrt(sum((x - y) ** 2 for x, y in zip(a, b, strict=True))),
        "manhattan": lambda: sum(abs(x - y) for x, y in zip(a, b, strict=True)),
        "chebyshev": lambda: max(abs(x - y) for x, y in zip(a, b, strict=True)),
    }[metric]()


def obvious(wv, target, metric, left_out, topn):
    """Return the nearest words and their distances by sorting all of them."""
    away = [apart(vector, target, metric) for vector in wv.vectors]
    order = [row for row in np.argsort(away, kind="stable") if row not in left_out][:topn]
    return [wv.index_to_key[row] for row in order], [away[row] for row in order]


def as_distances(answer, metric):
    shift = {"cosine": lambda v: 1 - v, "dot": lambda v: -v}.get(metric, lambda v: v)
    return [shift(value) for _, value in answer]


@pytest.mark.parametrize("metric", METRICS)
def test_metrics_against_the_obvious_computation(metric):
    wv = random_vectors(700, 20, stride=32)
    assert wv.distance("w1", wv["w2"], metric=metric) == pytest.approx(
        apart(wv["w1"], wv["w2"], metric), abs=1e-5
    )
    expected = [apart(wv["w1"], vector, metric) for vector in wv.vectors]
    np.testing.assert_allclose(wv.distances("w1", metric=metric), expected, atol=2e-5)
    some = wv.distances(wv["w1"], ["w9", "w3"], metric=metric)
    np.testing.assert_allclose(some, [expected[9], expected[3]], atol=2e-5)
    for topn in (1, 10, 698, 900):
        words, away = obvious(wv, wv["w1"], metric, [1], topn)
        for answer in (
            wv.most_similar("w1", topn=topn, metric=metric),
            wv.most_similar_batch(["w5", "w1"], topn, metric=metric)[1],
        ):
            assert [word for word, _ in answer] == words
            np.testing.assert_allclose(as_distances(answer, metric), away, atol=2e-5)


def test_points_complete_a_parallelogram():
    wv = random_vectors(50, 3)
    target = wv["w1"] + wv["w2"] - wv["w3"]
    found = wv.most_similar(["w1", "w2"], ["w3"], topn=None, metric="euclidean")
    np.testing.assert_allclose(found, wv.distances(target, metric="euclidean"), rtol=1e-5)
    between = wv.most_similar(["w1", "w2"], topn=None, metric="manhattan")
    middle = (wv["w1"] + wv["w2"]) / 2
    np.testing.assert_allclose(between, wv.distances(middle, metric="manhattan"), rtol=1e-5)


@pytest.mark.parametrize("metric", METRICS)
def test_batches_of_many_tiles(metric, monkeypatch):
    monkeypatch.setattr(knn, "_QUERIES", 128)
    # More rows than a tile and more queries than fit one, with vectors in descending nearness.
    random = np.random.default_rng(3)
    vectors = random.standard_normal((5000, 8), dtype=np.float32)
    words = [f"w{row}" for row in range(5000)]
    order = np.argsort(-np.abs(vectors).sum(axis=1))
    wv = KeyedVectors(words, vectors[order])
    asked = [*words[4990:], *words[:290]]
    for word, answer in zip(asked, wv.most_similar_batch(asked, 7, metric=metric), strict=True):
        single = wv.most_similar(word, topn=7, metric=metric)
        assert [near for near, _ in answer] == [near for near, _ in single]
        np.testing.assert_allclose(
            [value for _, value in answer], [value for _, value in single], rtol=1e-4, atol=1e-5
        )


def test_nearest_leaves_out_and_fills_up():
    vectors = np.eye(3, dtype=np.float32)
    rows, values = knn.knn(vectors, np.ones(3, np.float32), vectors[:1], 5, [[0, 2]])
    assert rows.tolist() == [[1, -1, -1]]
    assert values[0, 0] == 0
    assert np.isnan(values[0, 1:]).all()
    with pytest.raises(ValueError, match=r"queries have shape \(1, 2\): expected \(queries, 3\)"):
        knn.knn(vectors, np.ones(3, np.float32), [[1, 2]], 1)
    with pytest.raises(ValueError, match=r"exclude has shape \(2, 1\): expected \(1, rows\)"):
        knn.knn(vectors, np.ones(3, np.float32), vectors[:1], 1, [[0], [1]])


def test_batches_rank_ties_by_row_and_nan_last():
    vectors = np.ones((3000, 2), np.float32)
    vectors[1] = np.nan
    vectors[2] = 0
    wv = KeyedVectors([f"w{row}" for row in range(3000)], vectors)
    found = wv.most_similar_batch(["w0"], topn=2999)[0]
    assert [word for word, _ in found] == [f"w{row}" for row in [*range(3, 3000), 2, 1]]
    assert found[-2][1] == 0
    assert math.isnan(found[-1][1])
    assert [w for w, _ in wv.most_similar_batch(["w9"], topn=2)[0]] == ["w0", "w3"]


def test_analogies():
    wv = random_vectors(300, 10)
    questions = [("w1", "w2", "w3"), ("w7", "w250", "w9"), ("w4", "w4", "w5")]
    for (a, b, c), answer in zip(questions, wv.analogies(questions, 3), strict=True):
        single = wv.most_similar([b, c], [a], topn=3)
        assert [word for word, _ in answer] == [word for word, _ in single]
    limited = wv.analogies(questions, restrict_vocab=20)
    expected = [wv.most_similar([b, c], [a], 1, restrict_vocab=20)[0][0] for a, b, c in questions]
    assert [answer[0][0] for answer in limited] == expected
    assert wv.analogies([]) == []
    with pytest.raises(ValueError, match=r"question 0 is \('w1', 'w2'\): expected three words"):
        wv.analogies([("w1", "w2")])


def test_filters(wv):
    allowed = ["west", "south", "ne"]
    mask = np.array([word in allowed for word in wv.index_to_key])
    expected = [one for one in wv.most_similar("ne") if one[0] in ("west", "south")]
    for chosen in (allowed, set(allowed), mask, lambda word: word in allowed):
        assert wv.most_similar("ne", filter=chosen) == expected
        batch = wv.most_similar_batch(["ne"], filter=chosen)[0]
        assert {word for word, _ in batch} == {"west", "south"}  # equally near, but for rounding
        clipped = wv.most_similar("ne", clip_start=5, filter=chosen)
        assert [word for word, _ in clipped] == ["south"]
    with pytest.raises(KeyError, match="'up' is not"):
        wv.most_similar("ne", filter=["up"])
    with pytest.raises(ValueError, match=r"filter has shape \(2,\): expected \(6,\)"):
        wv.most_similar("ne", filter=mask[:2])
    with pytest.raises(TypeError, match="filter='west': expected a function"):
        wv.most_similar("ne", filter="west")


def test_clips(wv):
    found = dict(wv.most_similar("ne", clip_start=2, clip_end=4))
    assert set(found) == {"north", "nnw"}
    assert set(dict(wv.most_similar("nnw", clip_start=2, clip_end=4))) == {"north"}
    assert wv.most_similar("ne", topn=None, clip_start=2, clip_end=4).shape == (2,)
    with pytest.raises(ValueError, match="restrict_vocab cannot be combined with clip_start"):
        wv.most_similar("ne", clip_start=2, restrict_vocab=4)


@pytest.mark.parametrize(
    "call",
    [
        lambda wv: wv.most_similar("east", metric="cosinus"),
        lambda wv: wv.most_similar_batch(["east"], metric="cosinus"),
        lambda wv: wv.distance("east", "ne", metric="cosinus"),
        lambda wv: wv.distances("east", metric="cosinus"),
    ],
)
def test_unknown_metrics(wv, call):
    with pytest.raises(ValueError, match="metric='cosinus': expected one of 'cosine', 'dot'"):
        call(wv)


def test_batches_refuse(wv):
    with pytest.raises(TypeError, match="queries='east' is a single string"):
        wv.most_similar_batch("east")
    with pytest.raises(ValueError, match=r"queries have shape \(2, 3\): expected \(queries, 2\)"):
        wv.most_similar_batch(np.ones((2, 3)))
    with pytest.raises(ValueError, match="query 1 contains NaN"):
        wv.most_similar_batch(np.array([[1, 2], [np.nan, 1]]))
    with pytest.raises(TypeError, match=r"expected a word \(str\)"):
        wv.most_similar_batch([0, 1])
    assert wv.most_similar_batch([]) == []


def test_nearest_spellings():
    words = ["similar", "vector", "similarity", *(f"x{i}" for i in range(3000))]
    wv = KeyedVectors(words, np.ones((len(words), 1), np.float32))
    for wrong, known in (("simlar", "similar"), ("vectro", "vector"), ("similarty", "similarity")):
        with pytest.raises(KeyError, match=f"{wrong}' is not .*; the nearest spelling is '{known}"):
            wv[wrong]
    with pytest.raises(KeyError) as caught:
        wv["entirely different"]
    assert caught.value.args == ("word 'entirely different' is not in the vocabulary",)


# ---- gensim's other questions ----


def test_cosmul():
    wv = random_vectors(200, 10)

    def shifted(word):
        return 1 - np.array([apart(vector, wv[word], "cosine") for vector in wv.vectors]) / 2

    scores = shifted("w1") * shifted("w2") / (shifted("w3") + 1e-6)
    order = [row for row in np.argsort(-scores) if row not in (1, 2, 3)]
    found = wv.most_similar_cosmul(["w1", "w2"], ["w3"], 5)
    assert [word for word, _ in found] == [f"w{row}" for row in order[:5]]
    np.testing.assert_allclose([score for _, score in found], scores[order[:5]], rtol=1e-4)
    assert len(wv.most_similar_cosmul("w1", topn=None, restrict_vocab=9)) == 9
    with pytest.raises(ValueError, match="does not support weights"):
        wv.most_similar_cosmul([("w1", 2.0)])


def test_ranks_and_sets(wv):
    assert wv.closer_than("east", "nnw") == ["ne", "north", "south"]
    assert wv.rank("east", "nnw") == 4
    assert wv.rank("east", "ne") == 1
    assert wv.doesnt_match(["east", "ne", "west", "north"]) == "west"
    assert wv.most_similar_to_given("north", ["west", "nnw", "east"]) == "nnw"
    scores = wv.rank_by_centrality(["east", "ne", "north"])
    assert scores[0] == (pytest.approx(1, abs=1e-6), "ne")
    assert wv.relative_cosine_similarity("ne", "east", 2) == pytest.approx(0.5, abs=1e-6)
    with pytest.raises(ValueError, match="words is empty"):
        wv.doesnt_match([])


def test_mean_vectors(wv):
    plain = wv.get_mean_vector(["east", "north"])
    np.testing.assert_allclose(plain, [0.5, 0.5], atol=1e-6)
    weighted = wv.get_mean_vector(["east", "north"], [3, -1], pre_normalize=False)
    np.testing.assert_allclose(weighted, [0.75, -0.75], atol=1e-6)
    np.testing.assert_allclose(wv.get_mean_vector(["up", "east"], post_normalize=True), [1, 0])
    with pytest.raises(KeyError, match="'up' is not"):
        wv.get_mean_vector(["up", "east"], ignore_missing=False)
    with pytest.raises(ValueError, match="keys is empty"):
        wv.get_mean_vector([])


def test_wmdistance(wv):
    pytest.importorskip("ot")
    assert wv.wmdistance(["east"], ["north", "up"]) == pytest.approx(math.sqrt(2), abs=1e-6)
    half = wv.wmdistance(["east", "west"], ["east", "north"])
    assert half == pytest.approx(math.sqrt(2) / 2, abs=1e-6)
    assert wv.wmdistance(["east"], ["up"]) == math.inf


# ---- Changing ----


def test_setting_and_adding(wv):
    wv.fill_norms()
    wv["east"] = [0, 2]
    assert wv.norms[0] == 2
    wv["up"] = [3, 4]
    wv.add_vectors(["down", "east"], [[1, 1], [9, 9]], counts=[7, 8])
    assert wv.index_to_key == [*DEGREES, "up", "down"]
    assert wv["up"].tolist() == [3, 4]
    assert wv["east"].tolist() == [0, 2]
    assert wv.norms[6] == 5
    assert wv.counts.tolist() == [60, 50, 40, 30, 20, 10, 0, 7]
    assert wv.add_vector("up", [1, 0]) == 6
    for row in range(40):
        assert wv.add_vector(f"more{row}", [row, 0]) == 8 + row
    assert wv["more39"].tolist() == [39, 0]
    for call in (
        lambda: wv.add_vectors(["a", "a"], np.ones((2, 2))),
        lambda: wv.add_vectors(["a"], np.ones((1, 3))),
        lambda: wv.add_vector("a", [np.nan, 1]),
    ):
        with pytest.raises(ValueError, match=r"duplicate word|expected \(1, 2\)|'a' contains NaN"):
            call()
    assert "a" not in wv


def test_attributes_of_words(wv):
    wv.set_vecattr("ne", "count", 70)
    assert wv.get_vecattr("ne", "count") == 70
    wv.set_vecattr("ne", "kind", "mixed")
    wv.set_vecattr("ne", "weight", 1.5)
    assert wv.get_vecattr("ne", "kind") == "mixed"
    assert wv.get_vecattr("east", "kind") is None
    assert wv.get_vecattr("east", "weight") == 0
    wv.sort_by_descending_frequency()
    assert wv.index_to_key[:2] == ["ne", "east"]
    assert wv.get_vecattr("ne", "weight") == 1.5
    np.testing.assert_allclose(wv["ne"], [math.sqrt(2)] * 2, rtol=1e-6)
    chosen = wv.vectors_for_all(["north", "up", "ne", "north"], copy_vecattrs=True)
    assert chosen.index_to_key == ["north", "ne"]
    assert chosen.counts.tolist() == [40, 70]
    assert chosen.get_vecattr("ne", "kind") == "mixed"
    with pytest.raises(ValueError, match="count=-1"):
        wv.set_vecattr("ne", "count", -1)


def test_attributes_are_kept_exactly_and_are_zero_of_added_words(wv):
    for attr, value in (("size", 2**53 + 1), ("huge", 2**63), ("odd", True), ("name", "x")):
        wv.set_vecattr("ne", attr, value)
        assert wv.get_vecattr("ne", attr) == value
        assert type(wv.get_vecattr("ne", attr)) is type(value)
    wv.add_vector("up", [1, 2])
    assert [wv.get_vecattr("up", attr) for attr in ("size", "odd", "name")] == [0, False, None]
    assert wv.get_vecattr("up", "count") == 0
    model = w2v.Word2Vec([["a", "b"]], sample=0, min_count=1, vector_size=4, epochs=1, workers=1)
    with pytest.raises(ValueError, match="cannot set a count: the vocabulary is fixed because"):
        model.wv.set_vecattr("a", "count", 9)


def test_words_added_one_by_one_are_rarely_copied():
    wv = random_vectors(10, 4)
    first = wv.vectors
    copies = 0
    for number in range(300):
        before = wv.vectors.base
        wv.add_vector(f"new{number}", np.full(4, number))
        copies += wv.vectors.base is not before
    assert copies < 30
    np.testing.assert_array_equal(wv.vectors[:10], first)
    np.testing.assert_array_equal(wv.vectors[10:, 0], range(300))


def test_norms_are_computed_once_and_anew_when_told(wv):
    before = wv.norms
    wv.fill_norms()
    assert wv.norms is before
    kept = wv.vectors
    wv.fill_norms()
    kept[0] = [30, 40]
    wv.fill_norms(force=True)
    assert wv.norms[0] == 50
    wv["east"] = [3, 4]
    assert wv.norms[0] == 5


def test_scaling_all_to_length_one(wv):
    expected = wv.get_normed_vectors()
    np.testing.assert_allclose(np.linalg.norm(expected, axis=1), np.ones(6), rtol=1e-6)
    wv.unit_normalize_all()
    np.testing.assert_array_equal(wv.vectors, expected)
    np.testing.assert_allclose(wv.norms, np.ones(6), rtol=1e-6)


def test_a_models_words_stay_and_mapped_vectors_too(wv, tmp_path):
    model = w2v.Word2Vec([["a", "b"]], sample=0, min_count=1, vector_size=4, epochs=1, workers=1)
    for change in (
        lambda: model.wv.add_vector("c", np.ones(4)),
        model.wv.sort_by_descending_frequency,
    ):
        with pytest.raises(ValueError, match="belong to a model"):
            change()
    wv.save(tmp_path / "file")
    mapped = KeyedVectors.load(tmp_path / "file", mmap=True)
    for change in (mapped.unit_normalize_all, lambda: mapped.add_vector("ne", [1, 1])):
        with pytest.raises(ValueError, match="read-only because they are mapped from a file"):
            change()


def test_intersect_word2vec_format(tmp_path):
    known = KeyedVectors(["b", "z"], np.array([[1, 2, 3, 4], [5, 6, 7, 8]], np.float32))
    known.save_word2vec_format(tmp_path / "file", binary=True)
    model = w2v.Word2Vec(sample=0, min_count=1, vector_size=4, epochs=1, workers=1)
    model.build_vocab([["a", "b"]])
    mask = model.intersect_word2vec_format(tmp_path / "file", binary=True)
    assert mask.tolist() == [word != "b" for word in model.wv.index_to_key]
    model.train([["a", "b"]] * 50, trainable=mask)
    assert model.wv["b"].tolist() == [1, 2, 3, 4]
    other = w2v.Word2Vec([["a", "b"]], sample=0, min_count=1, vector_size=5, epochs=1, workers=1)
    with pytest.raises(ValueError, match="4 dimensions, but the model has 5"):
        other.intersect_word2vec_format(tmp_path / "file", binary=True)


# ---- Storing ----


def same(a, b):
    return (
        a.index_to_key == b.index_to_key
        and a.vectors.tobytes() == b.vectors.tobytes()
        and (None if a.counts is None else a.counts.tolist())
        == (None if b.counts is None else b.counts.tolist())
    )


def test_same_notices_differences(wv):
    other = copy.deepcopy(wv)
    assert same(wv, other)
    other.vectors[0, 0] += 1
    assert not same(wv, other)
    assert not same(wv, KeyedVectors(wv.index_to_key, wv.vectors))
    assert not same(wv, KeyedVectors(wv.index_to_key[::-1], wv.vectors, counts=wv.counts))


@pytest.mark.parametrize("mmap", [False, True])
def test_save_and_load(wv, tmp_path, mmap):
    wv.save(tmp_path / "file")
    loaded = KeyedVectors.load(tmp_path / "file", mmap=mmap)
    assert same(loaded, wv)
    assert loaded.vectors.flags.writeable is not mmap
    assert loaded.most_similar("ne") == wv.most_similar("ne")
    assert loaded.get_vecattr("ne", "count") == 50
    loaded["ne"][:] = 1  # a copy, writable even where the file is mapped
    bare = KeyedVectors(wv.index_to_key, wv.vectors)
    bare.save(str(tmp_path / "file"))
    assert same(KeyedVectors.load(str(tmp_path / "file"), mmap=mmap), bare)


@pytest.mark.parametrize("mmap", [False, True])
def test_load_takes_the_vectors_of_a_model(wv, tmp_path, mmap):
    tensors = {"vectors": wv.vectors, "output_vectors": wv.vectors * 2, "counts": wv.counts}
    tensors |= word_tensors(wv.index_to_key)
    safetensors_file.write(tmp_path / "file", tensors, {"format": "w2v.model", "config": "{}"})
    assert same(KeyedVectors.load(tmp_path / "file", mmap=mmap), wv)


@pytest.mark.parametrize("rows", [0, 1])
def test_small_sets_are_stored(tmp_path, rows):
    wv = KeyedVectors([""][:rows], np.ones((rows, 3), np.float32))
    wv.save(tmp_path / "file")
    for mmap in (False, True):
        assert same(KeyedVectors.load(tmp_path / "file", mmap=mmap), wv)


@pytest.mark.parametrize("binary", [False, True])
def test_word2vec_format(wv, tmp_path, binary):
    wv.save_word2vec_format(tmp_path / "file", binary=binary)
    loaded = KeyedVectors.load_word2vec_format(tmp_path / "file", binary=binary)
    assert same(loaded, KeyedVectors(wv.index_to_key, wv.vectors))
    first = KeyedVectors.load_word2vec_format(tmp_path / "file", binary=binary, limit=2)
    assert first.index_to_key == ["east", "ne"]


def test_subclasses_load_as_themselves(wv, tmp_path):
    class Mine(KeyedVectors):
        pass

    wv.save(tmp_path / "a")
    wv.save_word2vec_format(tmp_path / "b")
    assert type(Mine.load(tmp_path / "a")) is Mine
    assert type(Mine.load_word2vec_format(tmp_path / "b")) is Mine


# ---- gensim's names ----

# What dir() and vars() list of gensim 4.4's classes and objects, but for what begins with "_".
GENSIM = {
    "KeyedVectors": """
    add_lifecycle_event add_vector add_vectors allocate_vecattrs closer_than cosine_similarities
    distance distances doesnt_match evaluate_word_analogies evaluate_word_pairs expandos
    fill_norms get_index get_mean_vector get_normed_vectors get_vecattr get_vector has_index_for
    index2entity index2word index_to_key init_sims intersect_word2vec_format key_to_index load
    load_word2vec_format log_accuracy log_evaluate_word_pairs mapfile_path most_similar
    most_similar_cosmul most_similar_to_given n_similarity next_index norms rank
    rank_by_centrality relative_cosine_similarity resize_vectors save save_word2vec_format
    set_vecattr similar_by_key similar_by_vector similar_by_word similarity
    similarity_unseen_docs sort_by_descending_frequency unit_normalize_all vector_size vectors
    vectors_for_all vectors_lockf vectors_norm vocab wmdistance word_vec words_closer_than
    """,
    "Word2Vec": """
    add_lifecycle_event add_null_word alpha batch_words build_vocab build_vocab_from_freq
    cbow_mean comment compute_loss corpus_count corpus_total_words create_binary_tree cum_table
    effective_min_count epochs estimate_memory get_latest_training_loss hashfxn hs init_sims
    init_weights intersect_word2vec_format layer1_size lifecycle_events load make_cum_table
    max_final_vocab max_vocab_size min_alpha min_alpha_yet_reached min_count negative
    ns_exponent null_word predict_output_word prepare_vocab prepare_weights random raw_vocab
    reset_from running_training_loss sample save scan_vocab score seed seeded_vector sg
    shrink_windows sorted_vocab syn1 syn1neg total_train_time train train_count update_weights
    vector_size window workers wv
    """,
}
GUIDE = Path(__file__).parents[2] / "docs" / "coming-from-gensim.md"


@pytest.mark.parametrize("kind", GENSIM)
def test_the_guide_covers_every_name_of_gensims(kind):
    section = re.split(r"\n##+ ", GUIDE.read_text("utf-8").split(f"### {kind}\n")[1])[0]
    rows = re.findall(r"^\| `(\w+)` \| (same|different|absent) \| (.*) \|$", section, re.M)
    assert [name for name, _, _ in rows] == GENSIM[kind].split()
    model = w2v.Word2Vec([["a", "b"]], sample=0, min_count=1, vector_size=4, epochs=1, workers=1)
    ours = model if kind == "Word2Vec" else model.wv
    assert [name for name, told, _ in rows if told == "same" and not hasattr(ours, name)] == []
    # Nothing is called absent that is there, and what is different says how.
    assert [name for name, told, _ in rows if told == "absent" and hasattr(ours, name)] == []
    assert [name for name, told, how in rows if told == "different" and not how] == []
    for name, told, how in rows:
        setting = re.match(r"`config\.(\w+)`", how)
        if told == "different" and setting:
            assert hasattr(model.config, setting[1]), name


def test_the_list_of_names_is_gensims():
    gensim = pytest.importorskip("gensim.models")
    model = gensim.Word2Vec([["a", "b"]], min_count=1, vector_size=4, epochs=1, workers=1)
    for kind, one in (("KeyedVectors", model.wv), ("Word2Vec", model)):
        names = {name for name in [*dir(type(one)), *vars(one)] if not name.startswith("_")}
        assert names <= set(GENSIM[kind].split())


def test_a_list_of_fractions_is_a_vector(wv):
    assert wv.most_similar([0.5, 0.5], topn=2) == wv.most_similar(np.array([0.5, 0.5]), topn=2)


def test_counts_of_others_are_left_as_they_are():
    given = np.array([3, 2])
    wv = KeyedVectors(["a", "b"], np.eye(2, dtype=np.float32), counts=given)
    wv.set_vecattr("a", "count", 9)
    wv.add_vectors(["b", "c"], np.ones((2, 2)), replace=True, counts=[7, 8])
    assert wv.counts.tolist() == [9, 7, 8]
    assert given.tolist() == [3, 2]
    model = w2v.Word2Vec([["a", "b"]], sample=0, min_count=1, vector_size=4, epochs=1, workers=1)
    with pytest.raises(ValueError, match="cannot set a count: the vocabulary is fixed because"):
        model.wv.add_vectors(["a"], np.ones((1, 4)), replace=True, counts=[5])
    with pytest.raises(ValueError, match=r"cannot sort.* copy_vecattrs=True"):
        model.wv.sort_by_descending_frequency()
    own = model.wv.vectors_for_all(model.wv.index_to_key, copy_vecattrs=True)
    own.sort_by_descending_frequency()
    assert own.counts.tolist() == [1, 1]
    with pytest.raises(ValueError, match="counts contains -5: expected no negative numbers"):
        KeyedVectors(["a"], np.ones((1, 2), np.float32), counts=[-5])


def test_a_transposed_matrix_is_refused(wv):
    with pytest.raises(ValueError, match=r"weights has shape \(2, 3\): expected \(3, 2\)"):
        wv.add_vectors(["x", "y", "z"], np.ones((2, 3)))
    wv.add_vectors([], [])
    assert len(wv) == 6


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda wv: pickle.loads(pickle.dumps(wv))])
def test_copies_stand_on_their_own(wv, copied):
    wv.add_vector("up", [1, 1])
    other = copied(wv)
    other["east"] = [9, 9]
    other.add_vector("down", [2, 2])
    assert other["east"].tolist() == [9, 9]
    assert other["down"].tolist() == [2, 2]
    assert wv["east"].tolist() == [1, 0]
    assert "down" not in wv
    shallow = copy.copy(wv)
    shallow.add_vector("far", [3, 3])
    wv.add_vector("near", [4, 4])
    assert "far" not in wv
    assert "near" not in shallow
    assert shallow["far"].tolist() == [3, 3]


def test_near_rows_of_great_length_are_told_apart_in_batches():
    # |v|^2 is 90,000 and distances are below 1: a difference of squares would lose them.
    rows = 30 + 0.05 * np.random.default_rng(0).standard_normal((3000, 100))
    wv = KeyedVectors([f"w{i}" for i in range(3000)], rows.astype(np.float32))
    asked = [f"w{i}" for i in range(20)]
    for word, found in zip(asked, wv.most_similar_batch(asked, metric="euclidean"), strict=True):
        assert found == wv.most_similar(word, metric="euclidean")


def test_a_fixed_vocabulary_allows_new_vectors_only():
    wv = KeyedVectors(["a", "b"], np.eye(2, dtype=np.float32), counts=[1, 2], fixed_vocab=True)
    wv["a"] = [3, 4]
    assert wv["a"].tolist() == [3, 4]
    for change in (
        lambda: wv.add_vector("c", [1, 1]),
        lambda: wv.set_vecattr("a", "count", 5),
        wv.sort_by_descending_frequency,
    ):
        with pytest.raises(ValueError, match="the vocabulary is fixed"):
            change()
    assert (wv.index_to_key, wv.counts.tolist()) == (["a", "b"], [1, 2])


def test_the_version_counts_changes_of_vectors(wv):
    assert wv.version == 0
    wv["east"] = [2, 0]
    wv.set_vecattr("east", "count", 7)  # not a change of vectors
    assert (wv.version, wv.norms[0]) == (1, 2)
    wv.vectors[0] = [0, 5]
    assert wv.norms[0] == 5  # written through `vectors`, and not told
    wv.mark_changed()
    assert (wv.version, wv.norms[0]) == (2, 5)


# ---- What is read along the wrong axis, or in the order of hashes ----


@pytest.mark.parametrize("call", [
    lambda wv, words: KeyedVectors(words, wv.vectors),
    lambda wv, words: wv.add_vectors(words, wv.vectors, replace=True),
    lambda wv, words: wv[words],
    lambda wv, words: wv.distances("east", words),
    lambda wv, words: wv.most_similar_batch(words),
    lambda wv, words: wv.get_mean_vector(words, weights=np.ones(6)),
    lambda wv, words: wv.analogies([words]),
])  # fmt: skip
def test_a_set_has_no_order_to_pair_words_with(wv, call):
    with pytest.raises((TypeError, ValueError), match=r"has another order in every|three words"):
        call(wv, set(wv.index_to_key))


def test_masks_are_not_lost(wv):
    hidden = np.ma.masked_less(np.ma.array(wv.vectors[:2]), 0.5)
    shown = np.ma.array(wv.vectors[:2])
    for call in (
        lambda rows: KeyedVectors(["a", "b"], rows),
        lambda rows: wv.add_vectors(["a", "b"], rows),
        lambda rows: wv.most_similar_batch(rows),
        lambda rows: wv.similar_by_vector(rows[0]),
        lambda rows: wv.most_similar(rows[0]),
    ):
        with pytest.raises(TypeError, match="mask"):
            call(hidden)
        call(shown)


def test_vectors_of_every_kind(wv):
    pandas = pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    expected = wv.most_similar([0.25, 0.5])
    pair = np.array([0.25, 0.5])
    for vector in ((0.25, 0.5), pandas.Series(pair), polars.Series(pair), [pandas.Series(pair)]):
        assert wv.most_similar(vector) == expected
    assert wv.most_similar(pandas.Series(["east"])) == wv.most_similar("east")
    square = np.array([[0.25, 0.5], [3, 1]])
    batch = wv.most_similar_batch(square)
    frames = (pandas.DataFrame(square, columns=["east", "west"]), polars.DataFrame(square))
    for frame in frames:
        assert wv.most_similar_batch(frame) == batch  # rows, not columns nor their names
        with pytest.raises(TypeError, match="DataFrame, whose items are the names of its columns"):
            wv.analogies(frame)
        with pytest.raises(TypeError, match="positive is a DataFrame"):
            wv.most_similar(frame)
    with pytest.raises(TypeError, match="NoneType: expected a word"):
        wv.most_similar([None])
    with pytest.raises(TypeError, match="document1 is of type NoneType: expected a list of words"):
        wv.wmdistance(None, ["east"])


def test_filters_of_booleans(wv):
    mask = np.array([True, False] * 3)
    expected = wv.most_similar("east", filter=mask)
    given = [mask.tolist(), tuple(mask), mask.astype(object), iter(mask.tolist())]
    if pandas := pytest.importorskip("pandas"):
        given.append(pandas.Series(mask))
    for chosen in given:
        assert wv.most_similar("east", filter=chosen) == expected
    with pytest.raises(TypeError, match=r"filter contains .*1.* of type int64: expected"):
        wv.most_similar("east", filter=np.array([1, 2]))


# ---- Words as an iterable, keys that are ids, messages that cost nothing until they are shown ----


def test_iterating_gives_the_words(wv):
    assert list(wv) == [word for word in wv] == wv.index_to_key
    assert set(wv) == set(DEGREES)
    assert np.array(wv).tolist() == wv.index_to_key


@pytest.mark.parametrize("key", [3, np.int64(3)])
def test_ids_are_told_the_word_they_became(key):
    model = w2v.Word2Vec(np.array([[3, 1, 2]] * 9), vector_size=4, min_count=1, sample=0, workers=1)
    for ask in (model.wv.__getitem__, model.wv.most_similar, model.wv.get_index):
        with pytest.raises(TypeError, match="the word of the id is '3'; expected a word"):
            ask(key)


def test_a_spelling_is_looked_for_when_the_message_is_shown(wv, monkeypatch):
    asked = []
    monkeypatch.setattr(type(wv), "_suggestion", lambda self, key: asked.append(key) or "!")
    with pytest.raises(KeyError) as caught:
        wv["up"]
    assert asked == []
    assert str(caught.value) == caught.value.args[0] == "word 'up' is not in the vocabulary!"
    assert asked == ["up"]
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.args == caught.value.args


def test_read_only_arrays_are_not_all_files():
    given = np.frombuffer(np.eye(2, dtype=np.float32).tobytes(), np.float32).reshape(2, 2)
    wv = KeyedVectors(["a", "b"], given)
    for change in (lambda: wv.add_vector("a", [1, 2]), wv.unit_normalize_all):
        with pytest.raises(ValueError, match=r"read-only as the array is .* pass array\.copy\(\)"):
            change()


# ---- Norms that follow the vectors, names that follow the list ----


def test_norms_follow_writes_through_vectors(wv):
    wv.most_similar("east")
    shallow = copy.copy(wv)
    for write in (
        lambda: wv.vectors.__setitem__(1, [50, 1]),
        lambda: np.multiply(wv.vectors, 3, out=wv.vectors),
        lambda: shallow.__setitem__("ne", [7, 7]),
        lambda: wv.vectors[2:4].fill(2),
    ):
        write()
        for one in (wv, shallow):
            norms = np.linalg.norm(one._state.vectors, axis=1)
            np.testing.assert_allclose(one._matrix()[1], norms, rtol=1e-6)
            found = dict(one.most_similar("east"))
            for word, cosine in found.items():
                assert cosine == pytest.approx(one.similarity("east", word), abs=1e-6)


def test_norms_are_kept_between_queries(wv, monkeypatch):
    counted = []
    monkeypatch.setattr(base, "row_norms", lambda rows: counted.append(1) or row_norms(rows))
    for _ in range(3):
        wv.most_similar("east")
        wv.most_similar_batch(["ne"])
        wv.distances("east")
        wv.kmeans(2)
    assert len(counted) == 1


def test_an_index_follows_writes_through_vectors():
    pytest.importorskip("usearch")
    wv = random_vectors(30, 4)
    index = wv.index()
    assert wv.most_similar("w1", index=index)
    wv.vectors[5] = [1, 2, 3, 4]
    with pytest.raises(ValueError, match="built from other vectors"):
        wv.most_similar("w1", index=index)


def test_neighbors_in_a_callback_are_those_of_the_moment():
    text = [["sun", "moon", "star"], ["bread", "milk", "egg"]] * 300
    model = w2v.Word2Vec(vector_size=8, min_count=1, sample=0, workers=1, epochs=30, alpha=0.1)
    model.build_vocab(text)
    model.wv.fill_norms()
    errors = []

    def look(progress):
        model.wv.norms  # noqa: B018 - kept, if norms were
        model._weights.vectors[:, :8] *= 1.5  # as training does, without a word
        state = model.wv._state.vectors
        errors.append(np.abs(model.wv.norms / np.linalg.norm(state, axis=1) - 1).max())

    # In the callback of a run that has ended already, so that nothing else changes the vectors.
    with model.wv._being_trained():
        look(None)
    assert errors[0] < 1e-5
    model.train(text, progress=lambda progress: model.wv.most_similar("sun"))
    np.testing.assert_allclose(model.wv.norms, np.linalg.norm(model.wv.vectors, axis=1), rtol=1e-5)


def test_words_are_renamed_by_a_whole_list(wv):
    words = [word.upper() for word in wv]
    wv.index_to_key = words
    assert wv["NORTH"].tolist() == wv.vectors[2].tolist()
    assert wv.most_similar("EAST", topn=1)[0][0] == "NE"
    assert "north" not in wv
    assert wv.key_to_index["NORTH"] == 2
    wv.index_to_key[2] = "up"  # in place, which no look-up notices
    for key in ("up", "NORTH"):
        with pytest.raises(KeyError, match="changed in place; assign the whole list"):
            wv[key]
    for wrong, message in ((words[:2], "2 words: expected one"), (["a"] * 6, "duplicate word 'a'")):
        with pytest.raises(ValueError, match=message):
            wv.index_to_key = wrong
    with pytest.raises(TypeError, match="another order in every process"):
        wv.index_to_key = set(words)
    model = w2v.Word2Vec([["a", "b"]], sample=0, min_count=1, vector_size=4, epochs=1, workers=1)
    with pytest.raises(ValueError, match="cannot rename words: the vocabulary is fixed"):
        model.wv.index_to_key = ["x", "y"]


@pytest.mark.parametrize("name", ["vectors", "key_to_index", "vector_size", "norms", "fixed_vocab"])
def test_assignments_that_change_nothing_are_refused(wv, name):
    with pytest.raises(AttributeError, match=r"write into it, as in wv\.vectors\[:\] = "):
        setattr(wv, name, 1)


def test_counts_can_be_set(wv):
    wv.counts = np.arange(6)
    wv.sort_by_descending_frequency()
    assert wv.counts.tolist() == [5, 4, 3, 2, 1, 0]
    with pytest.raises(ValueError, match=r"counts has shape \(2,\): expected \(6,\)"):
        wv.counts = [1, 2]
    wv.counts = None
    assert wv.counts is None


# ---- Adding words: rarely a copy, and never half of a state for another thread ----


def test_counts_and_attributes_are_rarely_copied():
    wv = KeyedVectors(["a", "b"], np.eye(2, dtype=np.float32), counts=[1, 2])
    wv.set_vecattr("a", "size", 7)
    memory = {"vectors": set(), "counts": set(), "size": set()}
    for number in range(400):
        wv.add_vectors([f"x{number}", f"y{number}"], np.ones((2, 2)), counts=[number, 5])
        for name, values in (
            ("vectors", wv.vectors), ("counts", wv.counts), ("size", wv._attributes["size"])
        ):  # fmt: skip
            memory[name].add(values.__array_interface__["data"][0])
    assert all(len(places) < 40 for places in memory.values())
    assert wv.counts.tolist() == [1, 2, *(n for i in range(400) for n in (i, 5))]
    assert wv.get_vecattr("a", "size") == 7
    assert wv.get_vecattr("y399", "size") == 0


def test_a_reader_sees_the_old_or_the_new_state():
    """Questions are asked before each line of the code that adds words."""
    wv = random_vectors(40, 5)
    expected = wv.most_similar("w3", topn=4, restrict_vocab=40)
    lines = set()

    def ask(frame, event, arg):
        if event == "line":
            lines.add(frame.f_lineno)
            assert wv.most_similar("w3", topn=4, restrict_vocab=40) == expected
            assert len(wv.most_similar("w3", topn=None)) in (40, 42, 44)
            batch = wv.most_similar_batch(["w3", "w4"], topn=100)
            assert len(batch[0]) in (39, 41, 43)
            assert len(wv.distances("w3")) in (40, 42, 44)
            wv.most_similar("w3", topn=50, filter=lambda word: True)
            assert wv.closer_than("w3", "w4") is not None
        return ask

    def trace(frame, event, arg):
        return ask if frame.f_code.co_name in ("_append_rows", "add_vectors", "_extend") else None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        wv.add_vectors(["new0", "new1"], np.ones((2, 5)))
        wv.add_vectors(["new2", "new3"], np.ones((2, 5)))
    finally:
        sys.settrace(before)
    assert len(lines) > 20


def test_many_threads_ask_while_words_are_added():
    wv = random_vectors(50, 4)
    errors, done = [], threading.Event()

    def ask():
        while not done.is_set():
            try:
                wv.most_similar(wv.index_to_key[-1], topn=3)  # perhaps the word of this moment
                wv.most_similar_batch(["w1", "w2"], topn=3)
            except Exception as error:
                errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(200):
        wv.add_vectors([f"new{number}_{i}" for i in range(3)], np.ones((3, 4)))
    done.set()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(wv) == 650


def test_max_size_may_be_a_size_in_words(wv, tmp_path):
    wv.export(tmp_path / "vectors.txt.gz")
    assert same(KeyedVectors.read(tmp_path / "vectors.txt.gz", max_size="20GB"),
                KeyedVectors.read(tmp_path / "vectors.txt.gz"))  # fmt: skip
    with pytest.raises(ValueError, match="max_size='much': expected a size such as '4GB'"):
        KeyedVectors.read(tmp_path / "vectors.txt.gz", max_size="much")
    with pytest.raises(TypeError, match=r"max_size=1\.5: expected bytes as an int, or a str"):
        KeyedVectors.read(tmp_path / "vectors.txt.gz", max_size=1.5)


@pytest.mark.filterwarnings("ignore:.*not finite")
def test_the_similarity_of_nan_is_nan():
    wv = KeyedVectors(["a", "b"], np.array([[np.nan, 1], [1, 1]], np.float32))
    assert np.isnan(wv.similarity("a", "b"))
    assert np.isnan(wv.n_similarity(["a"], ["b"]))
