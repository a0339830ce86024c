"""Rows compared with queries: every variant against float64, layouts, threads."""

import re
import threading

import numpy as np
import pytest
import reference
from combinations import VARIANTS

import w2v
from w2v import simd
from w2v.vectors import _distances, distances, knn
from w2v.vectors.metrics import DISTANCES, METRICS

variants = pytest.mark.parametrize("variant", VARIANTS)
metrics = pytest.mark.parametrize("metric", METRICS)
DIMS = [range(first, min(first + 26, 131)) for first in range(1, 131, 26)]


def placed(rng, rows, dim, *, stride=None, offset=0, scale=1.0):
    """Return float32 (rows, dim), `offset` floats past a cache line, with NaN all around."""
    stride = dim if stride is None else stride
    memory = np.full(rows * stride + 48, np.nan, np.float32)
    start = -(memory.ctypes.data // 4) % 16 + offset
    matrix = memory[start : start + rows * stride].reshape(rows, stride)[:, :dim]
    matrix[...] = scale * rng.standard_normal((rows, dim))
    return matrix


def run(variant, metric, rows, queries):
    """Return the variant's scores, shape (queries, rows), and the reference's."""
    norms = np.linalg.norm(rows.astype(float), axis=1).astype(np.float32)
    if metric == "cosine":
        queries = knn.normalize_rows(queries)
    out = np.full((len(queries), len(rows)), np.nan, np.float32)
    _distances.scores(variant, metric, rows, np.ascontiguousarray(queries), norms, out)
    return out, reference.compare(rows, queries, metric)


def check(got, want, dim):
    """Assert that a variant's scores are the reference's, to float32 precision.

    Numbers are about 1: sums of `dim` of them may lose a few bits of each, a maximum none.
    """
    np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-6 * dim**0.5)


@variants
@metrics
@pytest.mark.parametrize("dims", DIMS, ids=str)
def test_every_length_and_alignment(variant, metric, dims):
    for dim in dims:
        rng = np.random.default_rng(dim)
        for offset in range(16) if dim in (1, 15, 16, 17, 100) else (dim % 16,):
            rows = placed(rng, 5, dim, stride=dim + dim % 3, offset=offset)
            queries = placed(rng, 3, dim, offset=15 - offset)
            for asked in (1, 2, 3):
                check(*run(variant, metric, rows, queries[:asked]), dim)


@variants
@metrics
@pytest.mark.parametrize("n", [0, 1, 2, 3, 54, 55, 200])
def test_every_number_of_rows_and_queries(variant, metric, n):
    for asked in (0, 1, 2, 7):
        rng = np.random.default_rng(n)
        rows, queries = placed(rng, n, 300, stride=304), placed(rng, asked, 300)
        got, want = run(variant, metric, rows, queries)
        check(got, want, 300)
        # To the last bit, whatever else is compared.
        for one in range(asked):
            alone, _ = run(variant, metric, rows[n // 2 :], queries[one : one + 1])
            np.testing.assert_array_equal(alone[0], got[one, n // 2 :])


@variants
@pytest.mark.parametrize("dims", DIMS, ids=str)
def test_lengths_are_those_of_float64(variant, dims):
    for dim in dims:
        rng = np.random.default_rng(dim)
        rows = placed(rng, 4, dim, stride=dim + 1, offset=dim % 16, scale=1e25)
        out = np.full(4, np.nan)
        _distances.norms(variant, rows, out)
        np.testing.assert_allclose(out, np.linalg.norm(rows.astype(float), axis=1), rtol=1e-14)


@variants
@metrics
@pytest.mark.parametrize("asked", [1, 2])
@pytest.mark.parametrize("dim", [1, 7, 16, 31, 32, 33, 70])
def test_nan_is_never_lost(variant, metric, asked, dim):
    rng = np.random.default_rng(dim)
    queries = placed(rng, asked, dim)
    for place in range(dim):
        rows = placed(rng, 3, dim)
        rows[1, place] = np.nan if place % 2 else -np.float32(np.nan)
        got, _ = run(variant, metric, rows, queries)
        assert np.isnan(got[:, 1]).all()
        assert np.isfinite(got[:, [0, 2]]).all()


@variants
@pytest.mark.parametrize(
    ("metric", "want"),
    [
        ("dot", [np.inf, -np.inf, 3e38]),
        ("cosine", [np.nan, np.nan, 0]),
        ("euclidean", [np.inf, np.inf, np.inf]),
        ("manhattan", [np.inf, np.inf, np.inf]),
        ("chebyshev", [np.inf, np.inf, 3e38]),
    ],
)
def test_infinity(variant, metric, want):
    rows = np.float32([[np.inf, 1], [-np.inf, 1], [3e38, -3e38]])
    out = np.zeros((1, 3), np.float32)
    norms = np.full(3, np.inf, np.float32)
    _distances.scores(variant, metric, rows, np.float32([[1, 0]]), norms, out)
    np.testing.assert_array_equal(out[0], np.float32(want))


@variants
def test_cosines_of_zeros_and_within_one(variant):
    rows = np.float32([[0, 0, 0], [1, 1, 1], [-1, -1, -1]]) / 3
    norms = np.float32([0, 0.577, 0.577])  # a little too short
    out = np.empty((1, 3), np.float32)
    query = knn.normalize_rows(rows[1:2])
    _distances.scores(variant, "cosine", rows, query, norms, out)
    assert out[0].tolist() == [0, 1, -1]


@pytest.mark.parametrize("metric", METRICS)
def test_check_would_notice_a_wrong_result(metric):
    rng = np.random.default_rng(1)
    got, want = run("scalar", metric, placed(rng, 3, 8), placed(rng, 2, 8))
    check(got, want, 8)
    for place in np.ndindex(want.shape):
        wrong = want.copy()
        wrong[place] += 1e-4
        with pytest.raises(AssertionError):
            check(got, wrong, 8)


# ---- Threads, layouts ----


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(distances, "_SLICE_FLOATS", 1000)


def scores(rows, queries, metric, norms):
    out = np.full((len(queries), len(rows)), np.nan, np.float32)
    distances.pairwise_scores(rows, queries, metric, out, norms)
    return out


@metrics
@pytest.mark.usefixtures("small_parts")
def test_the_number_of_threads_makes_no_difference(metric, monkeypatch):
    rng = np.random.default_rng(1)
    rows, queries = placed(rng, 3001, 20, stride=32), knn.normalize_rows(placed(rng, 3, 20))
    norms = distances.row_norms(rows).astype(np.float32)
    found = []
    for threads in (1, 2, 7):
        monkeypatch.setattr(distances, "available_cpus", lambda threads=threads: threads)
        found.append(scores(rows, queries, metric, norms))
        np.testing.assert_array_equal(distances.row_norms(rows).astype(np.float32), norms)
        np.testing.assert_array_equal(found[-1], found[0])
    check(found[0], reference.compare(rows, queries, metric), 20)


@pytest.mark.usefixtures("small_parts")
def test_work_is_divided_where_there_is_enough(monkeypatch):
    monkeypatch.setattr(distances, "available_cpus", lambda: 3)
    seen = []
    distances.parallel_for(10, 100, lambda rows: seen.append((threading.get_ident(), rows)))
    assert seen == [(threading.get_ident(), slice(0, 10))]  # ten rows are one slice
    seen.clear()
    all_there = threading.Barrier(3)  # passed only by three threads at once

    def part(rows):
        seen.append((threading.get_ident(), rows.start, rows.stop))
        all_there.wait(30)

    distances.parallel_for(25, 100, part)
    assert len({thread for thread, _, _ in seen}) == 3
    assert sorted(rows for _, *rows in seen) == [[0, 10], [10, 20], [20, 25]]


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("threads", [1, 2])
def test_errors_of_threads_are_raised_once_all_have_ended(threads, monkeypatch):
    monkeypatch.setattr(distances, "available_cpus", lambda: threads)
    before = threading.active_count()

    def part(rows):
        raise MemoryError(f"row {rows.start}")

    with pytest.raises(MemoryError, match="row"):
        distances.parallel_for(2000, 1, part)
    assert threading.active_count() == before


@pytest.mark.usefixtures("small_parts")
def test_without_threads_to_be_had(monkeypatch):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(distances, "available_cpus", lambda: 2)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    done = []
    distances.parallel_for(2000, 1, done.append)
    assert done == [slice(0, 1000), slice(1000, 2000)]


@metrics
@pytest.mark.usefixtures("small_parts")
def test_any_layout_of_rows(metric):
    rng = np.random.default_rng(2)
    rows = rng.standard_normal((300, 20), np.float32)
    queries = knn.normalize_rows(rng.standard_normal((2, 20)))
    norms = distances.row_norms(rows).astype(np.float32)
    want = scores(rows, queries, metric, norms)
    unaligned = np.frombuffer(b"\0" + rows.tobytes(), np.uint8)[1:].view(np.float32)
    for other in (
        np.asfortranarray(rows),
        rows[::-1].copy()[::-1],
        np.repeat(rows, 2, axis=1)[:, ::2],
        unaligned.reshape(300, 20),
    ):
        np.testing.assert_array_equal(scores(other, queries, metric, norms), want)
        np.testing.assert_array_equal(distances.row_norms(other).astype(np.float32), norms)
    same, ones = np.broadcast_to(rows[:1], (300, 20)), norms[:1].repeat(300)
    np.testing.assert_array_equal(scores(same, queries, metric, ones)[:, 7], want[:, 0])


def test_the_bridge_refuses_what_does_not_fit():
    rows, queries = np.zeros((4, 3), np.float32), np.zeros((2, 3), np.float32)
    norms, out = np.ones(4, np.float32), np.zeros((2, 4), np.float32)
    for wrong, message in (
        (("avx1", "dot", rows, queries, norms, out), "variant 'avx1' does not run on this machine"),
        (("scalar", "dot", rows[:, :2], queries, norms, out), "do not agree"),
        (("scalar", "dot", rows, queries[:1], norms, out), "do not agree"),
        (("scalar", "dot", rows[:3], queries, norms, out), "do not agree"),
        (("scalar", "cosine", rows, queries, norms[:3], out), "the norm of each row"),
        (("scalar", "cosine", rows, queries, None, out), "the norm of each row"),
        (("scalar", "dot", rows.T.copy().T, queries, norms, out), "must be contiguous"),
        (("scalar", "dot", rows, queries, norms, out.T.copy().T), "must be contiguous"),
        (("scalar", "dot", rows[:, :0], queries[:, :0].copy(), norms, out), "one dimension"),
    ):
        with pytest.raises(ValueError, match=re.escape(message)):
            _distances.scores(*wrong)
    for wrong, message in (
        (("scalar", rows, np.zeros(3)), "do not agree"),
        (("scalar", rows.T.copy().T, np.zeros(4)), "must be contiguous"),
        (("scalar", rows[:, :0], np.zeros(4)), "one dimension"),
    ):
        with pytest.raises(ValueError, match=message):
            _distances.norms(*wrong)


@pytest.fixture
def as_it_was():
    before = simd.active()
    yield
    simd.use(before)


@pytest.mark.usefixtures("as_it_was")
def test_the_variant_in_use_compares(monkeypatch):
    asked = []
    kept = _distances.scores

    class Spy:
        norms = staticmethod(_distances.norms)

        @staticmethod
        def scores(variant, *rest):
            asked.append(variant)
            kept(variant, *rest)

    monkeypatch.setattr(distances, "_distances", Spy)
    wv = w2v.KeyedVectors(["a", "b"], np.eye(2, dtype=np.float32))
    for variant in simd.available():
        simd.use(variant)
        assert wv.most_similar("a", metric="manhattan") == [("b", 2.0)]
    assert asked == list(simd.available())


# ---- Search ----


@metrics
def test_few_queries_have_wider_tiles(metric, monkeypatch):
    monkeypatch.setattr(knn, "_TILE", 64)
    monkeypatch.setattr(knn, "_QUERIES", 100)
    rng = np.random.default_rng(4)
    rows, queries = placed(rng, 5000, 6), placed(rng, 3, 6)
    norms = distances.row_norms(rows).astype(np.float32)
    tiles, kept = [], knn._Search.scores

    def scores(search, asked, tile, out):
        tiles.append(tile.stop - tile.start)
        return kept(search, asked, tile, out)

    monkeypatch.setattr(knn._Search, "scores", scores)
    found, _ = knn.knn(rows, norms, queries, 5, metric=metric)
    assert tiles == [64, 128, 256, 512, 1024, 2048, 968]
    all_scores = reference.compare(rows, queries, metric)
    order = np.argsort(all_scores if metric in DISTANCES else -all_scores, axis=1)
    np.testing.assert_array_equal(found, order[:, :5])


@metrics
def test_numbers_that_overflow_rank_last_in_batches_too(metric):
    rows = np.float32([[1, 2], [1e30, 1e30], [2, 1], [np.inf, 1], [np.nan, 0], [1e-42, 0]])
    norms = distances.row_norms(rows).astype(np.float32)
    found, values = knn.knn(rows, norms, rows[[0, 1]], 6, metric=metric)
    assert (np.sort(found, axis=1) == np.arange(6)).all()  # none is lost
    assert found[0, -1] in (3, 4)
    assert np.isnan(values[found == 4]).all()


def test_the_largest_are_those_of_a_full_sort():
    rng = np.random.default_rng(5)
    for case in range(120):
        n = int(rng.integers(0, 3000 if case % 4 == 0 else 300))
        given = np.round(rng.standard_normal(n), int(rng.integers(0, 4))).astype(np.float32)
        if case % 3 == 0 and n:
            poison = np.float32([np.nan, np.inf, -np.inf])[int(rng.integers(3))]
            given[rng.integers(0, n, int(rng.integers(0, 1 + n // 10)))] = poison
        excluded = rng.integers(0, n, int(rng.integers(0, 5))) if n else []
        allowed = rng.random(n) < rng.random() if case % 4 == 0 else None
        count = int(rng.integers(0, 60))
        ranked = np.where(np.isnan(given), -np.inf, given)
        order = [
            row
            for row in np.lexsort((np.arange(n), -np.maximum(ranked, np.finfo(np.float32).min)))
            if row not in excluded and (allowed is None or allowed[row])
        ]
        assert knn.top_k(given, count, excluded, allowed) == order[:count]
