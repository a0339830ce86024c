"""Comparison of vectors: rotations that are recovered, words known to have changed, references."""

import csv
import json
import math
import warnings

import numpy as np
import pytest
from scipy import linalg, stats

import w2v
from w2v import KeyedVectors
from w2v.vectors import neighbor_tables
from w2v.vectors.comparing import frequency_bands, frequency_null
from w2v.vectors.neighbor_tables import nearest_table, shared_counts

CHANGED = "w7"


def rotation(d, seed=5):
    return linalg.qr(np.random.default_rng(seed).standard_normal((d, d)))[0]


def pair(n=300, d=12, noise=0.0, counts=True, seed=1):
    """Vectors and the same ones, rotated; with noise, and one word that has changed."""
    rng = np.random.default_rng(seed)
    words = [f"w{i}" for i in range(n)]
    old = rng.standard_normal((n, d))
    new = old + noise * rng.standard_normal((n, d))
    if CHANGED in words:
        new[words.index(CHANGED)] = -old[words.index(CHANGED)]
    given = {"counts": np.arange(n, 0, -1) * 10} if counts else {}
    a = KeyedVectors(words, old.astype(np.float32), **given)
    return a, KeyedVectors(words, (new @ rotation(d)).astype(np.float32), **given)


def in_order(wv, order):
    words = [wv.index_to_key[i] for i in order]
    counts = None if wv.counts is None else wv.counts[order]
    return KeyedVectors(words, wv.vectors[order].copy(), counts=counts)


# ---- Alignment -----------------------------------------------------------------------------------


def test_a_rotation_is_recovered_and_the_changed_word_comes_first():
    a, b = pair()
    found = w2v.compare(a, b)
    unit = [wv.vectors / np.linalg.norm(wv.vectors, axis=1, keepdims=True) for wv in (a, b)]
    reference, _ = linalg.orthogonal_procrustes(unit[1], unit[0])
    np.testing.assert_allclose(found.rotation, reference, atol=1e-6)
    others = [i for i, word in enumerate(found.words) if word != CHANGED]
    assert found.cosine[others].min() > 0.999
    assert found[CHANGED].cosine < -0.99
    for by in ("z", "displacement", "neighbors"):
        assert found.most_changed(1, by=by)[0].word == CHANGED
        assert found.least_changed(len(found), by=by)[-1].word == CHANGED


@pytest.mark.parametrize("unit", [True, False])
@pytest.mark.parametrize("center", [True, False])
def test_cosines_are_those_of_a_reference(unit, center):
    a, b = pair(noise=0.7)
    b.vectors[:] += 1.5
    found = w2v.compare(a, b, unit=unit, center=center)
    sides = [wv.vectors.astype(np.float64) for wv in (a, b)]
    if unit:
        sides = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in sides]
    if center:
        sides = [x - x.mean(axis=0) for x in sides]
    one, other = sides
    turned = other @ linalg.orthogonal_procrustes(other, one)[0]
    reference = 1 - np.array(
        [x @ y / np.sqrt(x @ x * (y @ y)) for x, y in zip(one, turned, strict=True)]
    )
    rows = [a.get_index(word) for word in found.words]
    np.testing.assert_allclose(found.displacement, reference[rows], atol=1e-6)
    np.testing.assert_allclose(found.aligned.vectors, turned, atol=1e-5)
    np.testing.assert_allclose(found.reference.vectors, one, atol=1e-5)


def test_aligned_vectors_answer_queries_of_the_other_space():
    a, b = pair(noise=0.1)
    found = w2v.compare(a, b)
    assert found.aligned.most_similar(a["w3"], topn=1)[0][0] == "w3"
    assert found.aligned.counts.tolist() == b.counts.tolist()


def test_the_order_of_words_in_the_files_does_not_matter():
    a, b = pair(noise=0.5)
    order = np.random.default_rng(0).permutation(len(a))
    one, other = w2v.compare(a, b), w2v.compare(in_order(a, order), in_order(b, order[::-1]))
    assert one.words == other.words
    np.testing.assert_allclose(one.displacement, other.displacement, atol=1e-9)
    np.testing.assert_allclose(one.z, other.z, atol=1e-6)
    assert one.shared(10).tolist() == other.shared(10).tolist()


def test_one_dimension_and_one_word():
    a = KeyedVectors(["a", "b", "c"], np.array([[1], [2], [-3]], np.float32))
    b = KeyedVectors(["a", "b", "c"], np.array([[-1], [-2], [-3]], np.float32))
    found = w2v.compare(a, b)
    assert found.rotation.tolist() == [[-1]]
    assert [found[word].displacement for word in "abc"] == [0, 0, 2]
    with pytest.warns(UserWarning, match="1 common words are few for 1 dim"):
        found = w2v.compare(a, b.vectors_for_all(["a"]))
    assert (found["a"].displacement, found["a"].neighbors) == (0, ([], []))
    assert (found["a"].shared_10, found["a"].percentile, found["a"].z) == (1, 0.5, 0)
    assert found.shared(10).tolist() == [1]


def test_equal_vectors_do_not_move():
    a, _ = pair(n=40)
    a.vectors[3:9] = a.vectors[2]  # one vector several times
    found = w2v.compare(a, a)
    np.testing.assert_allclose(found.displacement, 0, atol=1e-12)
    assert found.shared(50).tolist() == [1] * 40


# ---- Frequency -----------------------------------------------------------------------------------


def falling_line(x, y):
    slope = min(0, np.polyfit(x, y, 1)[0])
    return lambda at: y.mean() + slope * (at - x.mean())


def test_words_are_compared_with_those_of_their_frequency():
    frequency = 1e5 / np.arange(1, 1001)
    moved = np.random.default_rng(2).gamma(2, size=1000) / frequency**0.5
    moved[5] = 1e4  # far off, it does not count for the second line
    expected, z, percentile = frequency_null(moved, frequency)
    bands = frequency_bands(1000)
    assert [(one.start, one.stop) for one in bands] == [(i, i + 200) for i in range(0, 1000, 200)]
    for band in bands:
        x, y = np.log(frequency[band]), np.log(moved[band])
        left = y - falling_line(x, y)(x)
        near = abs(left - np.median(left)) <= 3 * stats.median_abs_deviation(left) * 1.4826
        left = y - falling_line(x[near], y[near])(x)
        scale = stats.median_abs_deviation(left) * 1.4826
        np.testing.assert_allclose(z[band], (left - np.median(left)) / scale, atol=1e-9)
        np.testing.assert_allclose(np.log(expected[band]), y - z[band] * scale, atol=1e-9)
        np.testing.assert_allclose(percentile[band], (stats.rankdata(left) - 1) / 199)
    assert abs(stats.spearmanr(frequency, z).statistic) < 0.1  # frequency explains nothing of z
    rising = frequency_null(np.array([3.0, 1.0, 1.0]), np.array([99.0, 2.0, 1.0]))[0]
    assert rising.tolist() == pytest.approx([1, 1, 1])  # one frequent word makes no rule
    assert frequency_null(np.ones(2), np.ones(2))[2].tolist() == [0.5, 0.5]
    assert frequency_bands(0) == []
    assert len(frequency_bands(10**6)) == 50


def test_rare_words_that_move_as_rare_words_do_are_not_reported():
    rng = np.random.default_rng(3)
    n, d = 2000, 10
    words = [f"w{i}" for i in range(n)]
    counts = (100_000 / (1 + np.arange(n))).astype(int)
    old = rng.standard_normal((n, d))
    new = old + rng.standard_normal((n, d)) * (6 / np.sqrt(counts))[:, None]
    new[20] = old[20] + 0.8 * rng.standard_normal(d)  # a frequent word that has changed a little
    a, b = (KeyedVectors(words, x.astype(np.float32), counts=counts) for x in (old, new))
    found = w2v.compare(a, b)
    assert found.most_changed(1)[0].word == "w20"
    assert "w20" not in [one.word for one in found.most_changed(100, by="displacement")]
    assert found["w20"].percentile == 1
    assert found["w20"].displacement > 10 * found["w20"].expected


def test_frequency_is_the_harmonic_mean_of_counts():
    a, b = pair(n=4, d=2, counts=False)
    a, b = (KeyedVectors(wv.index_to_key, wv.vectors, counts=counts)
            for wv, counts in ((a, [100, 1, 50, 0]), (b, [1, 1, 50, 7])))  # fmt: skip
    found = w2v.compare(a, b)
    assert found.words == ["w2", "w0", "w3", "w1"]
    np.testing.assert_allclose(found.frequency, [50, 200 / 101, 14 / 8, 1])
    assert found["w0"].counts == (100, 1)


def test_without_counts_the_order_of_words_is_that_of_their_frequency():
    a, b = pair(n=60, d=5, counts=False)
    found = w2v.compare(a, KeyedVectors(a.index_to_key, b.vectors, counts=np.ones(60, int)))
    assert found.words == a.index_to_key
    np.testing.assert_allclose(found.frequency, 1 / np.arange(1, 61))
    assert found.counts is None
    assert found[CHANGED].counts == (None, None)
    assert "count_a" not in found.columns()


# ---- Neighbors -----------------------------------------------------------------------------------


def brute_force(unit, candidates, k):
    cosines = unit @ candidates.T
    np.fill_diagonal(cosines[: len(candidates)], -np.inf)
    return np.argsort(-cosines, axis=1, kind="stable")[:, :k]


@pytest.mark.parametrize(("n", "m", "k"), [
    (500, 500, 10), (300, 60, 50), (700, 650, 5), (9, 9, 8), (3, 1, 1),
])  # fmt: skip
def test_tables_are_those_of_a_full_sort(n, m, k, monkeypatch):
    monkeypatch.setattr(neighbor_tables, "_BUFFER", 40_000)  # several batches
    rng = np.random.default_rng(n)
    rows = rng.standard_normal((n, 6)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    found = nearest_table(lambda part: rows[part], n, rows[:m], k)
    others = min(k, m - 1)
    assert found[:m, :others].tolist() == brute_force(rows[:m], rows[:m], others).tolist()
    assert (found[:m, others:] == -1).all()
    assert found[m:].tolist() == np.argsort(-(rows[m:] @ rows[:m].T), axis=1)[:, :k].tolist()
    monkeypatch.setattr(neighbor_tables, "_MAX_CANDIDATES", 0)  # tile by tile, as for many
    assert nearest_table(lambda part: rows[part], n, rows[:m], k).tolist() == found.tolist()


def test_ties_are_in_order_of_words():
    rows = np.ones((400, 1), np.float32)
    found = nearest_table(lambda part: rows[part], 400, rows, 3)
    assert found[[0, 1, 399]].tolist() == [[1, 2, 3], [0, 2, 3], [0, 1, 2]]


def test_shares_are_those_of_sets():
    a, b = pair(n=150, d=8, noise=0.6)
    found = w2v.compare(a, b, neighbors_among=80)
    tables = found._tables
    assert max(map(np.max, tables)) == 79
    for k in (1, 10, 50):
        expected = [
            len({*x[:k]} & {*y[:k]}) / k
            for x, y in zip(*map(np.ndarray.tolist, tables), strict=True)
        ]
        assert found.shared(k).tolist() == expected
    alone = w2v.compare(a, b, neighbors_among=80)  # one word, without the tables
    for word in (CHANGED, "w149"):
        assert alone[word] == found[word]
    one, other = found.neighbors("w3", 5)
    assert len(one) == len(other) == 5
    assert [word for word, _ in one] == [
        found.words[i] for i in tables[0][found.words.index("w3")][:5]
    ]
    assert one[0][1] == pytest.approx(a.similarity("w3", one[0][0]), abs=1e-6)
    assert shared_counts(np.full((1, 2), -1, np.int32), np.full((1, 2), -1, np.int32)).tolist() == [
        0
    ]


# ---- What cannot be compared ---------------------------------------------------------------------


def test_different_dimensions_leave_the_neighbors():
    a, b = pair(noise=0.05)
    other = KeyedVectors(b.index_to_key, np.pad(b.vectors, ((0, 0), (0, 3))), counts=b.counts)
    with pytest.warns(UserWarning, match=r"a has 12 dimensions and b 15: .*same vector_size"):
        found = w2v.compare(a, other)
    assert np.isnan(found.displacement).all()
    assert found.rotation is None
    assert found.shared(10).tolist() == w2v.compare(a, b).shared(10).tolist()
    assert found.most_changed(1)[0].word == CHANGED
    assert found[CHANGED].to_dict()["cosine"] is None
    for call in (lambda: found.aligned, lambda: found.most_changed(by="displacement")):
        with pytest.raises(ValueError, match="different dimensions and cannot be aligned"):
            call()
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["mean_displacement"] is None


def test_words_without_a_direction_are_left_out():
    a, b = pair()
    a.vectors[0], b.vectors[1], b.vectors[2] = np.nan, 0, np.inf
    with pytest.warns(UserWarning, match="3 common words are left out"):
        found = w2v.compare(a, b)
    assert (found.left_out, len(found)) == (3, 297)
    assert found.cosine[[word != CHANGED for word in found.words]].min() > 0.999
    with pytest.raises(KeyError, match="'w1' has a vector that is zero or not finite"):
        found["w1"]


@pytest.mark.parametrize(("words", "message"), [
    (["W0", "W1"], "no words in common: 2 would be if case were ignored; .*lowercase=True"),
    (["a_b", "c_d"], "no words in common: 100% of the words of b are joined by '_'"),
    (["x", "y"], "no words in common: check that both are of the same language"),
])  # fmt: skip
def test_without_common_words_there_is_a_reason(words, message):
    a, _ = pair()
    with pytest.raises(ValueError, match=message):
        w2v.compare(a, KeyedVectors(words, np.ones((2, 12), np.float32)))


def test_vectors_without_words_are_refused():
    empty = KeyedVectors([], np.ones((0, 12), np.float32))
    with pytest.raises(ValueError, match="a has no words: expected vectors of a trained model"):
        w2v.compare(empty, pair()[0])


def test_few_common_words_give_a_warning():
    a, b = pair()
    b.index_to_key = [word.upper() if i > 99 else word for i, word in enumerate(b.index_to_key)]
    with pytest.warns(UserWarning, match="only 100 words are common .* 300 would be if case"):
        w2v.compare(a, b)


def test_wrong_arguments_are_named(tmp_path):
    a, b = pair()
    found = w2v.compare(a, b, names=["old", "new"])
    for error, message, call in (
        (
            TypeError,
            "b is of type int: expected KeyedVectors, a Word2Vec",
            lambda: w2v.compare(a, 3),
        ),
        (TypeError, "unit=2: expected True or False", lambda: w2v.compare(a, b, unit=2)),
        (ValueError, "neighbors_among=0", lambda: w2v.compare(a, b, neighbors_among=0)),
        (
            ValueError,
            "names='ab': expected one for each of 2",
            lambda: w2v.compare(a, b, names="ab"),
        ),
        (ValueError, "expected different", lambda: w2v.compare(a, b, names=["x", "x"])),
        (ValueError, "by='size': expected one of 'z'", lambda: found.most_changed(by="size")),
        (ValueError, "k=51: expected at most 50", lambda: found.shared(51)),
        (ValueError, "topn=51: expected at most 50", lambda: found.neighbors("w1", 51)),
        (KeyError, "'w2x' is in neither old nor new; did you mean 'w2", lambda: found["w2x"]),
        (ValueError, r"written as text, but \.npz", lambda: found.to_csv(tmp_path / "x.npz")),
    ):
        with pytest.raises(error, match=message):
            call()
    a.add_vector("alone", np.ones(12))
    with pytest.raises(KeyError, match="'alone' is only in a: expected a word that both have"):
        w2v.compare(a, b)["alone"]


# ---- Results -------------------------------------------------------------------------------------


def test_results_as_frames():
    pytest.importorskip("pandas")
    found, series = w2v.compare(*pair(noise=0.2)), w2v.compare_series(slices())
    frame = found.to_pandas()
    assert frame.loc["w3", "shared_10"] == found["w3"].shared_10
    assert ["word", *frame.columns] == [*found.to_dict()["table"]]
    assert series.to_pandas().loc["w1", "change"] == series["w1"].change


def test_results_as_files_and_dicts(tmp_path):
    a, b = pair(noise=0.2)
    a.index_to_key = b.index_to_key = [*a.index_to_key[:-1], 'a,"b"']
    a.save(tmp_path / "old.safetensors")
    b.save(tmp_path / "new.safetensors")
    found = w2v.compare(tmp_path / "old.safetensors", str(tmp_path / "new.safetensors"))
    assert found.names == ("old", "new")
    for name, delimiter in (("x.csv", ","), ("x.tsv", "\t")):
        found.to_csv(tmp_path / name)
        with open(tmp_path / name, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter=delimiter))
        assert [row["word"] for row in rows] == found.words
        assert float(rows[3]["cosine"]) == pytest.approx(found.cosine[3], rel=1e-5)
        assert rows[3]["count_b"] == str(found.counts[1][3])
    table = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert table["common_words"] == 300
    assert table["table"]["z"] == found.z.tolist()
    assert [*table["table"]] == [*rows[0]]
    assert (CHANGED in found, "x" in found, [*found] == found.words) == (True, False, True)
    assert "300 common words" in repr(found)
    table = str(found).splitlines()
    assert (len(table), table[2].split()[:3]) == (22, ["most", CHANGED, "2.000"])
    model = w2v.Word2Vec([["a", "b", "c"]] * 20, vector_size=2, min_count=1, workers=1, sample=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert w2v.compare(model, model).displacement.max() < 1e-6


# ---- Series --------------------------------------------------------------------------------------


def slices(d=8, n=250):
    """Four slices, each rotated: w0 moves steadily, w1 jumps once, "late" is in the last two."""
    rng = np.random.default_rng(4)
    words = [f"w{i}" for i in range(n)]
    start, goal = rng.standard_normal((n, d)), rng.standard_normal((n, d))
    made = []
    for t in range(4):
        now = start + 0.01 * rng.standard_normal((n, d))
        now[0] = start[0] + t * goal[0]
        now[1] = goal[1] if t >= 2 else start[1]
        here = words + (["late"] if t >= 2 else [])
        now = np.vstack([now, goal[2:3]] if t >= 2 else [now])
        counts = np.arange(len(here), 0, -1)
        made.append(KeyedVectors(here, (now @ rotation(d, t)).astype(np.float32), counts=counts))
    return made


@pytest.mark.parametrize("align_to", ["previous", "first"])
def test_a_series_follows_words(align_to):
    models = slices()
    series = w2v.compare_series(models, names=["1900", "1910", "1920", "1930"], align_to=align_to)
    assert {one.word for one in series.most_changed(2)} == {"w0", "w1"}
    assert series.most_changed(1, by="trend")[0].trend == 1
    steady, jump, late = (series[word] for word in ("w0", "w1", "late"))
    assert steady.displacement[0] == 0
    assert list(steady.displacement) == sorted(steady.displacement)
    assert steady.step[0] is None
    assert jump.step[1] < 0.01 < 0.3 < jump.step[2]
    assert jump.step[3] < 0.01
    assert jump.change == jump.displacement[3] == series.change[series.words.index("w1")]
    assert late.displacement[:3] == (None, None, 0)
    assert late.neighbors[:2] == (None, None)
    assert len(late.neighbors[3]) == 10
    assert late.counts == (None, None, 1, 1)
    assert math.isnan(late.trend)
    # All slices are in the space of the first.
    unit = models[0].get_normed_vectors()
    np.testing.assert_allclose(series.aligned[0].vectors, unit, atol=1e-6)
    for wv in series.aligned[1:]:
        np.testing.assert_allclose(wv.vectors[5:250], unit[5:], atol=0.06)
    aligned = w2v.align(models, align_to=align_to)
    assert all((x.vectors == y.vectors).all() for x, y in zip(aligned, series.aligned, strict=True))


def test_two_slices_are_a_comparison():
    a, b = pair(noise=0.4)
    series, found = w2v.compare_series([a, b]), w2v.compare(a, b)
    assert (series.words, series.names) == (found.words, ("a", "b"))
    np.testing.assert_allclose(series.change, found.displacement, atol=1e-6)
    np.testing.assert_allclose(series.z, found.z, atol=1e-3)
    assert np.isnan(series.trend).all()


def test_trends_are_those_of_scipy():
    rng = np.random.default_rng(6)
    models = [
        KeyedVectors(["a", "b", "c", "d"], rng.standard_normal((4, 2)).astype(np.float32))
        for _ in range(6)
    ]
    models[3] = models[3].vectors_for_all(["a", "b", "c"])
    with pytest.warns(UserWarning, match="3 common words are few for 2 dimensions"):
        series = w2v.compare_series(models)
    for word in "abcd":
        values = np.array([x for x in series[word].displacement if x is not None])
        expected = stats.spearmanr(values, np.arange(len(values))).statistic
        assert series[word].trend == pytest.approx(expected)


def test_results_of_series(tmp_path):
    series = w2v.compare_series(slices())
    series.to_csv(tmp_path / "x.csv")
    with open(tmp_path / "x.csv", encoding="utf-8", newline="") as file:
        rows = {row["word"]: row for row in csv.DictReader(file)}
    assert rows["late"]["displacement a"] == ""
    assert rows["late"]["count d"] == "1"
    table = json.loads(json.dumps(series.to_dict(), allow_nan=False))
    assert table["table"]["displacement a"][series.words.index("late")] is None
    assert json.loads(json.dumps(series["late"].to_dict()))["trend"] is None
    assert ("w1" in series, len(series), repr(series)) == (
        True, 251, "Series('a', 'b', 'c', 'd': 251 words)",
    )  # fmt: skip


def test_a_series_has_the_neighbors_lost_at_each_step():
    models = slices()
    series = w2v.compare_series(models)
    lost = series.step_neighbors
    assert np.isnan(lost[:, 0]).all()
    late = series.words.index("late")
    pair = w2v.compare(models[1], models[2])
    rows = [series.words.index(word) for word in pair.words]
    np.testing.assert_allclose(lost[rows, 2], 1 - pair.shared(50), atol=0.041)  # ties
    assert np.isnan(lost[late]).any()
    np.testing.assert_array_equal(series.columns()["neighbors lost c"], lost[:, 2])


def test_a_trajectory_has_the_neighbors_that_the_word_lost():
    series = w2v.compare_series(slices())
    one_by_one = {word: series[word].step_neighbors for word in ("late", "w1", "w200")}
    assert "step_neighbors" not in vars(series)  # those of all words take seconds
    for word, lost in one_by_one.items():
        row = series.step_neighbors[series.words.index(word)]
        assert [x is None for x in lost] == np.isnan(row).tolist()
        np.testing.assert_allclose([x for x in lost if x is not None], row[~np.isnan(row)])
        assert series[word].step_neighbors == lost
        assert series[word].to_dict()["step_neighbors"] == list(lost)


def test_slices_in_a_row_without_common_words_have_lost_nothing():
    rng = np.random.default_rng(1)
    words = [f"w{i}" for i in range(40)]
    first = KeyedVectors(words, rng.standard_normal((40, 3)).astype(np.float32))
    models = [first, first.vectors_for_all(words[:20]), first.vectors_for_all(words[20:])]
    series = w2v.compare_series(models, align_to="first")
    assert np.isnan(series.step_neighbors[:, 2]).all()
    assert series["w30"].step_neighbors == (None, None, None)
    assert series["w3"].step_neighbors == (None, 0.0, None)
    assert "neighbors lost c" in series.columns()


def test_where_most_words_have_not_moved_the_others_say_what_is_usual():
    rng = np.random.default_rng(4)
    words = [f"w{i}" for i in range(1000)]
    before = rng.standard_normal((1000, 20)).astype(np.float32)
    after = before.copy()
    moved = np.arange(0, 1000, 10)
    after[moved] += 0.3 * rng.standard_normal((100, 20)).astype(np.float32)
    after[500] *= -1
    counts = np.arange(2000, 1000, -1)
    found = w2v.compare(
        KeyedVectors(words, before, counts=counts), KeyedVectors(words, after, counts=counts)
    )
    assert found.unmoved == found.summary()["unmoved"] == 900
    assert "900 of 1,000 words have not moved" in str(found)
    assert found.most_changed(1)[0].word == "w500"
    assert 3 < found["w500"].z < 10
    others = np.delete(found.z[moved], 50)
    assert -4 < others.min() < others.max() < 4
    assert abs(np.median(found.z[moved])) < 0.1
    assert np.delete(found.z, moved).max() < others.min()
    assert 0.02 < np.median(found.expected) < 0.08
    seeds = w2v.compare(*(KeyedVectors(words, v, counts=counts) for v in (before, before + 0.3)))
    assert "not moved" not in str(seeds)


def test_words_that_moved_say_what_is_usual_where_few_did():
    frequency = 1e5 / np.arange(1, 1001)
    moved = np.random.default_rng(2).gamma(9, size=1000) / 100
    still = moved.copy()
    still[300:600] = still[600:1000:2] = 1e-5
    still[820:1000] = 1e-5  # in the last bands, half of the words moved, and fewer than 20
    plain, found = (frequency_null(each, frequency) for each in (moved, still))
    np.testing.assert_array_equal(found[0][:200], plain[0][:200])
    rest = still > 1e-3
    np.testing.assert_allclose(found[0], plain[0], rtol=0.35)
    np.testing.assert_allclose(found[1][rest], plain[1][rest], atol=1.2)
    assert found[1][~rest].max() < -8
    assert (found[2][~rest] < 0.95).all()


def test_wrong_series_are_refused():
    a, b = pair()
    short = KeyedVectors(a.index_to_key, a.vectors[:, :5].copy())
    for error, message, call in (
        (ValueError, "models has 1 items: expected at least two", lambda: w2v.compare_series([a])),
        (TypeError, "models is a single KeyedVectors", lambda: w2v.compare_series(a)),
        (TypeError, r"models\[1\] is of type int", lambda: w2v.compare_series([a, 3])),
        (ValueError, r"different dimensions \(a 12, b 5\)", lambda: w2v.align([a, short])),
        (ValueError, "align_to='last'", lambda: w2v.align([a, b], align_to="last")),
        (KeyError, "'x' is in none of the slices", lambda: w2v.compare_series([a, b])["x"]),
    ):
        with pytest.raises(error, match=message):
            call()
    a.add_vector("alone", np.ones(12))
    with pytest.raises(KeyError, match="'alone' is only in a"):
        w2v.compare_series([a, b])["alone"]
