"""The merge of replicas, against the rule written again in NumPy; and what it needs to know."""

from itertools import pairwise

import numpy as np
import pytest
from combinations import VARIANTS, using

from w2v import _simd
from w2v._memory import allocate_rows, row_stride
from w2v.config import TrainingConfig
from w2v.training import _merge, merging
from w2v.training.balance import Balance
from w2v.training.weights import Replicas, Weights
from w2v.vocab.sampling import (
    SamplingTables,
    noise_distribution,
    score_offsets,
    subsampling_thresholds,
)
from w2v.vocab.vocabulary import Vocabulary

FRESH, TRAINED, STALE = _merge.FRESH, _merge.TRAINED, _merge.STALE
ALL = np.uint32(2**32 - 1)


# ---- The rule ------------------------------------------------------------------------------------


def merged(base, deltas, touches, hessian, rate, margin, pull=0.0):
    """Return what a row becomes by the rule of docs/performance.md, in float64.

    `deltas` and `touches` are those of the shards that have trained the row.
    """
    total = sum(touches)
    shards = total**2 / sum(n**2 for n in touches) if total else 1.0
    values, vectors = np.linalg.eigh(hessian)
    moved = vectors.T @ np.sum(deltas, axis=0)
    for k, value in enumerate(np.maximum(values, 0)):
        z = margin * (rate * value + pull) * total
        if z > 1e-12:
            moved[k] *= -np.expm1(-z) / (shards * -np.expm1(-z / shards))
    return base + vectors @ moved


class Case:
    """Random replicas of one matrix, and what is to become of them."""

    def __init__(self, n_rows, dim, n_shards, seed=0, noise=True, scale=1.0):
        rng = np.random.default_rng(seed)
        self.dim, self.n_shards = dim, n_shards
        self.base = allocate_rows(n_rows, dim)
        self.base[:, :dim] = rng.standard_normal((n_rows, dim))
        self.trained = rng.random((n_shards, n_rows)) < rng.random(n_rows)
        self.replicas = []
        for i in range(n_shards):
            rows = allocate_rows(n_rows, dim)
            rows[:, :dim] = self.base[:, :dim] + rng.standard_normal((n_rows, dim)) / 4
            rows[~self.trained[i]] = np.nan  # whoever reads these is found out
            self.replicas.append(rows)
        self.marks = [np.where(each, TRAINED, STALE).astype(np.uint16) for each in self.trained]
        self.marks[0][~self.trained[0]] = FRESH
        self.occurrences = [
            rng.geometric(0.01, n_rows).astype(np.int32) * each for each in self.trained
        ]
        self.per_occurrence = (scale * rng.random(n_rows)).astype(np.float32)
        self.noise = rng.random(n_rows).astype(np.float32) if noise else None
        self.draws = (scale * 100 * rng.random(n_shards)).astype(np.float32)
        self.pulls = None
        factor = rng.standard_normal((2 * dim, dim)) * np.geomspace(1, 0.03, dim)
        self.hessian = (factor.T @ factor / len(factor)).astype(np.float32)

    def merge(self, rate=0.01, parts=1, least=merging.LEAST_EXPONENT, in_use=None):
        """Merge, and return how many rows were rotated and whether all are finite."""
        bridge = _merge.MatrixMerge(
            self.base, self.replicas, self.marks, self.dim, self.occurrences, self.per_occurrence,
            self.noise, self.draws, self.pulls,
        )  # fmt: skip
        assert len(bridge) == len(self.base)
        assert bridge.in_use == self.n_shards
        if in_use is not None:
            bridge.in_use = in_use
        stride = row_stride(self.dim)
        padded = np.zeros((stride, stride), np.float32)
        padded[: self.dim, : self.dim] = self.hessian
        basis = merging.Basis.of([padded, padded], self.dim, rate)
        scratch = _merge.Scratch(self.dim, self.n_shards)
        edges = np.linspace(0, len(self.base), parts + 1).astype(int)
        ends = [
            bridge.rows(
                int(first), int(end), basis.vectors, basis.transposed, basis.exponents,
                least, scratch,
            )
            for first, end in pairwise(edges)
        ]  # fmt: skip
        return sum(rotated for rotated, _ in ends), all(finite for _, finite in ends)

    def expected(self, rate=0.01):
        """Return the base after the merge."""
        rows = self.base[:, : self.dim].astype(float)
        for row in range(len(rows)):
            shards = np.flatnonzero(self.trained[:, row])
            deltas = [self.replicas[i][row, : self.dim].astype(float) - rows[row] for i in shards]
            touches = [
                float(self.occurrences[i][row]) * self.per_occurrence[row]
                + (0 if self.noise is None else float(self.draws[i]) * self.noise[row])
                for i in shards
            ]
            if len(shards):
                hessian = self.hessian.astype(float)
                pull = 0 if self.pulls is None else self.pulls[row] / merging.MARGIN
                rows[row] = merged(rows[row], deltas, touches, hessian, rate, merging.MARGIN, pull)
        return rows


@pytest.mark.parametrize(("least", "tolerance"), [(1e-9, 5e-5), (merging.LEAST_EXPONENT, 0.03)])
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(
    ("dim", "n_shards"), [(1, 3), (2, 2), (16, 5), (17, 16), (100, 4), (129, 3)]
)
def test_agrees_with_the_rule(variant, dim, n_shards, least, tolerance):
    with using(variant):
        case = Case(90, dim, n_shards, noise=dim != 16)
        before = [rows.copy() for rows in case.replicas]
        expected = case.expected()
        rotated, finite = case.merge(least=least)
    assert finite
    several = (case.trained.sum(axis=0) > 1).sum()
    assert 0 < rotated <= several
    # With the usual limit, what has hardly moved along an eigenvector is summed.
    np.testing.assert_allclose(case.base[:, :dim], expected, rtol=0, atol=tolerance)
    assert not case.base[:, dim:].any()
    anyone = case.trained.any(axis=0)
    for i in range(n_shards):
        mine = case.trained[i]
        np.testing.assert_array_equal(case.replicas[i][mine], case.base[mine])
        # Rows that half of the shards have trained are copied to the others, too.
        copied = 2 * case.trained.sum(axis=0) >= n_shards
        np.testing.assert_array_equal(case.replicas[i][copied], case.base[copied])
        left = ~mine & ~copied
        np.testing.assert_array_equal(case.replicas[i][left], before[i][left])
        assert (case.marks[i][mine | copied] == FRESH).all()
        assert (case.marks[i][left & anyone] == STALE).all()
        assert (case.marks[i][~anyone] == (FRESH if i == 0 else STALE)).all()


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_pull_is_curvature_along_all_directions(variant):
    with using(variant):
        case = Case(90, 17, 4)
        strengths = np.resize([0, 1e-3, 0.2, 5, np.inf], 90).astype(np.float32)
        case.pulls = merging.pull_exponents(strengths, 0.01)
        exact = np.minimum(np.log1p(0.01 * strengths), 20) * merging.MARGIN
        np.testing.assert_allclose(case.pulls, exact, rtol=1e-5)
        expected = case.expected()
        free = Case(90, 17, 4).expected()
        _, finite = case.merge(least=1e-9)
    assert finite
    np.testing.assert_allclose(case.base[:, :17], expected, rtol=0, atol=5e-5)
    several = case.trained.sum(axis=0) > 1
    moved = abs(expected - free).max(axis=1) > 1e-3
    assert not moved[(strengths == 0) | ~several].any()
    assert moved[(strengths > 0.1) & several].all()


def test_replicas_that_are_not_in_use_are_left_alone():
    few, all_of_few = Case(90, 17, 5), Case(90, 17, 5)
    all_of_few.n_shards = 2
    for name in ("replicas", "marks", "occurrences", "draws"):
        setattr(all_of_few, name, getattr(all_of_few, name)[:2])
    before = [rows.copy() for rows in few.replicas], [marks.copy() for marks in few.marks]
    assert few.merge(in_use=2) == all_of_few.merge()
    np.testing.assert_array_equal(few.base, all_of_few.base)
    for rows, marks, *kept in zip(few.replicas[2:], few.marks[2:], *(b[2:] for b in before),
                                  strict=True):  # fmt: skip
        np.testing.assert_array_equal(rows, kept[0])
        np.testing.assert_array_equal(marks, kept[1])
    for n in (0, 6):
        with pytest.raises(ValueError, match=f"in_use={n}: expected 1 to 5 replicas"):
            few.merge(in_use=n)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("parts", [7, 40])
def test_a_row_does_not_depend_on_those_that_are_merged_beside_it(variant, parts):
    with using(variant):
        whole, divided = (Case(40, 33, 3, seed=5, scale=30.0) for _ in range(2))
        for case in (whole, divided):
            case.per_occurrence *= np.geomspace(1e-3, 1, 40, dtype=np.float32)
        rotated = whole.merge(), divided.merge(parts=parts)
    assert rotated[0] == rotated[1]
    assert rotated[0][0] > 20
    np.testing.assert_array_equal(whole.base, divided.base)


def test_a_row_that_has_hardly_moved_is_summed():
    case = Case(60, 10, 4, scale=1e-6)
    expected = case.base.astype(float)
    for rows, trained in zip(case.replicas, case.trained, strict=True):
        expected[trained] += rows[trained].astype(float) - case.base[trained]
    assert case.merge() == (0, True)
    np.testing.assert_allclose(case.base, expected, rtol=0, atol=1e-6)


def test_a_row_that_has_arrived_is_averaged():
    case = Case(60, 10, 4, noise=False)
    case.occurrences = [np.full(60, 10**6, np.int32) for _ in range(4)]
    case.per_occurrence[:] = 1
    expected = case.base.astype(float)
    n = np.maximum(case.trained.sum(axis=0), 1)[:, np.newaxis]
    for rows, trained in zip(case.replicas, case.trained, strict=True):
        expected[trained] += ((rows.astype(float) - case.base) / n)[trained]
    case.merge(rate=1.0)
    np.testing.assert_allclose(case.base, expected, rtol=0, atol=2e-6)


def test_what_one_shard_alone_has_trained_is_kept_whole():
    case = Case(80, 12, 3)
    alone = case.trained.sum(axis=0) == 1
    assert alone.sum() > 5
    kept = np.zeros_like(case.base)
    for rows, trained in zip(case.replicas, case.trained, strict=True):
        kept[trained & alone] = rows[trained & alone]
    untrained = ~case.trained.any(axis=0)
    before = case.base[untrained].copy()
    case.merge()
    np.testing.assert_array_equal(case.base[alone].view("u4"), kept[alone].view("u4"))
    np.testing.assert_array_equal(case.base[untrained].view("u4"), before.view("u4"))


def test_the_number_of_touches_decides_how_many_shards_there_are():
    # All but a few of the touches are those of one shard: its delta is hardly shrunk.
    case = Case(1, 6, 2, noise=False)
    case.trained[:] = True
    for rows, marks in zip(case.replicas, case.marks, strict=True):
        rows[:, :6] = case.base[:, :6] + 0.5
        marks[:] = TRAINED
    case.occurrences = [np.array([10**6], np.int32), np.array([1], np.int32)]
    case.per_occurrence[:] = 1
    before = case.base.copy()
    case.merge(rate=1.0)
    np.testing.assert_allclose((case.base - before)[:, :6], 1.0, rtol=1e-4)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("row", [0, 37])
def test_a_row_that_is_not_finite_is_reported(bad, row):
    for shard in range(2):
        case = Case(40, 5, 2)
        case.trained[shard, row], case.marks[shard][row] = True, TRAINED
        case.replicas[shard][row, 3] = bad
        assert not case.merge()[1]


def test_shapes_that_do_not_agree_are_refused():
    def build(**changes):
        case = Case(8, 5, 2)
        given = {
            "base": case.base, "replicas": case.replicas, "marks": case.marks, "dim": 5,
            "occurrences": case.occurrences, "per_occurrence": case.per_occurrence,
            "noise": case.noise, "draws": case.draws,
        }  # fmt: skip
        return _merge.MatrixMerge(**given | changes)

    case = Case(8, 5, 2)
    short = allocate_rows(7, 5)
    for changes in (
        {"base": short}, {"replicas": case.replicas[:1]}, {"replicas": [short, short]},
        {"replicas": []}, {"marks": case.marks[:1]}, {"marks": [np.zeros(7, np.uint16)] * 2},
        {"dim": 0}, {"dim": 17}, {"occurrences": case.occurrences[:1]},
        {"occurrences": [np.zeros(7, np.int32)] * 2}, {"noise": np.zeros(7, np.float32)},
        {"per_occurrence": np.zeros(9, np.float32)}, {"draws": np.zeros(3, np.float32)},
        {"pulls": np.zeros(7, np.float32)},
    ):  # fmt: skip
        with pytest.raises(ValueError, match="do not agree"):
            build(**changes)
    bridge, square = build(), np.zeros((16, 16), np.float32)
    line, scratch = np.zeros(16, np.float32), _merge.Scratch(5, 2)
    assert bridge.rows(0, 8, square, square, line, 0.03, scratch)[1]
    for arguments in (
        (3, 2, square, square, line, 0.03, scratch),
        (0, 9, square, square, line, 0.03, scratch),
        (0, 8, square[:, :8].copy(), square, line, 0.03, scratch),
        (0, 8, square, square[:8], line, 0.03, scratch),
        (0, 8, square, square, line[:8], 0.03, scratch),
        (0, 8, square, square, line, 0.03, _merge.Scratch(5, 1)),
    ):
        with pytest.raises(ValueError, match="do not agree"):
            bridge.rows(*arguments)


# ---- Eigenvectors --------------------------------------------------------------------------------


def decomposed(matrix):
    """Return eigenvalues, eigenvectors as lines, and whether that converged."""
    n = len(matrix)
    width = -(-n // _simd.ROW_FLOATS) * _simd.ROW_FLOATS
    padded, lines = np.zeros((width, width), np.float32), np.ones((width, width), np.float32)
    padded[:n, :n] = matrix
    values = np.zeros(n)
    converged = _merge.eigen(padded, lines, values)
    assert not lines[n:].any()
    assert not converged or not lines[:, n:].any()
    return values, lines[:n, :n].astype(float), converged


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("n", [1, 2, 3, 7, 8, 9, 16, 17, 33, 100])
def test_eigenvectors_of_a_hessian(variant, n):
    rng = np.random.default_rng(n)
    factor = rng.standard_normal((n + 5, n)) * np.geomspace(1, 0.03, n)
    matrix = (factor.T @ factor).astype(np.float32)
    with using(variant):
        values, lines, converged = decomposed(matrix)
    assert converged
    scale = values.max()
    np.testing.assert_allclose(np.sort(values), np.linalg.eigvalsh(matrix), atol=3e-6 * scale)
    np.testing.assert_allclose(lines @ lines.T, np.eye(n), atol=1e-5)
    np.testing.assert_allclose(lines.T * values @ lines, matrix, atol=1e-5 * scale)


@pytest.mark.parametrize("matrix", [
    np.zeros((5, 5)), np.eye(5), np.ones((5, 5)), np.diag([1.0, -2, 0, 3, 3]), 1e-30 * np.eye(5),
    [[0, 1], [1, 0]], [[2, 0, 1], [0, 2, 0], [1, 0, 2]],
], ids=str)  # fmt: skip
def test_eigenvectors_of_matrices_with_equal_eigenvalues(matrix):
    matrix = np.asarray(matrix, float)
    values, lines, converged = decomposed(matrix)
    assert converged
    np.testing.assert_allclose(lines @ lines.T, np.eye(len(matrix)), atol=1e-6)
    np.testing.assert_allclose(lines.T * values @ lines, matrix, atol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_has_no_eigenvectors(bad):
    matrix = np.eye(6)
    matrix[2, 4] = matrix[4, 2] = bad
    assert not decomposed(matrix)[2]
    padded = np.zeros((16, 16), np.float32)
    padded[:6, :6] = matrix
    with pytest.raises(FloatingPointError, match="curvature"):
        merging.Basis.of([padded], 6, 0.1)


def test_eigenvectors_need_square_matrices():
    square, values = np.zeros((16, 16), np.float32), np.zeros(16)
    for matrix, vectors, n in (
        (square[:8], square, 16),
        (square, square[:8], 16),
        (square, square, 17),
    ):
        with pytest.raises(ValueError, match="do not agree"):
            _merge.eigen(matrix, vectors, np.zeros(n))
    with pytest.raises(ValueError, match="do not agree"):
        _merge.eigen(square, square.copy(), values[:0])


# ---- Curvature -----------------------------------------------------------------------------------


def slope(x, y):
    """Return s'(x . y) of each row with each."""
    scores = x.astype(float) @ y.astype(float).T
    return 1 / (2 + np.exp(scores) + np.exp(-scores))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("shape", [(16, 16, 16), (32, 48, 112), (64, 16, 144)])
def test_curvature_is_the_mean_of_weighted_products(variant, shape):
    n, m, stride = shape
    rng = np.random.default_rng(3)
    x, y = (rng.standard_normal((k, stride)).astype(np.float32) / 3 for k in (n, m))
    x[3] *= 40  # saturates
    found = [np.full((stride, stride), np.nan, np.float32) for _ in range(2)]
    with using(variant):
        _merge.curvature(x, y, *found)
    weights = slope(x, y)
    expected = (
        np.einsum("i,ik,il->kl", weights.mean(axis=1), x, x) / n,
        np.einsum("j,jk,jl->kl", weights.mean(axis=0), y, y) / m,
    )
    for got, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(got, wanted, atol=2e-6 * np.abs(wanted).max())


def test_curvature_takes_whole_multiples():
    rows, gram = np.zeros((16, 16), np.float32), np.zeros((16, 16), np.float32)
    for x, y, g in ((rows[:8], rows, gram), (rows, rows[:15], gram), (rows[:0], rows, gram),
                    (rows[:, :8].copy(), rows, gram), (rows, rows, gram[:8])):  # fmt: skip
        with pytest.raises(ValueError, match="do not agree"):
            _merge.curvature(x, y, g, gram.copy())


COUNTS = 3_000 // np.arange(1, 41)


@pytest.mark.parametrize("settings", [
    {}, {"sg": 0}, {"hs": 1, "negative": 0}, {"hs": 1, "score_offsets": True},
    {"negative": 2, "ns_exponent": 0.0}, {"score_offsets": False},
], ids=str)  # fmt: skip
def test_hessians_are_those_of_the_rows_that_training_draws(settings):
    vocabulary = Vocabulary([*map(str, range(40))], COUNTS)
    config = TrainingConfig(vector_size=12, sample=0.01, workers=1, **settings)
    tables = SamplingTables(
        np.arange(40, dtype=np.int32),
        subsampling_thresholds(COUNTS, 0.01),
        tree=vocabulary.huffman_tree() if config.hs else None,
        score_offsets=score_offsets(COUNTS, config) if config.uses_score_offsets else None,
    )
    rng = np.random.default_rng(0)
    weights = Weights.untrained(40, config)
    for rows in weights.matrices().values():
        rows[:, :12] = rng.standard_normal((len(rows), 12)) / 2
    replicas = Replicas.allocate(
        weights, {name: len(rows) for name, rows in weights.matrices().items()}
    )
    contexts, n = 4.0, 30_000
    estimate = merging.Curvature(vocabulary, config, tables, contexts)
    windows = weights.vectors[rng.choice(40, 200)] if config.sg == 0 else None
    found = estimate.hessians(weights, replicas, rng, n, windows)
    # The same, summed over all pairs of rows instead of drawn.
    share = COUNTS * tables.keep_probability
    share = share / share.sum()
    x, of_x = (windows, np.full(200, 1 / 200)) if config.sg == 0 else (weights.vectors, share)
    per_step = contexts if config.sg else 1.0
    wanted = {"vectors": np.zeros((12, 12))}
    sides = []
    if config.negative:
        noise = noise_distribution(COUNTS, config.ns_exponent)
        sides.append(("output_vectors", (share + config.negative * noise), 1 + config.negative))
    if config.hs:
        below = np.zeros(39)
        for word, part in enumerate(share):
            below[tables.tree.nodes[tables.tree.offsets[word] : tables.tree.offsets[word + 1]]] += (
                part
            )
        sides.append(("node_vectors", below, below.sum()))
    for name, of_y, total in sides:
        y = getattr(weights, name)
        met = slope(x[:, :12], y[:, :12])
        if config.uses_score_offsets and name == "output_vectors":
            ones, offsets = np.ones((len(x), 1)), tables.score_offsets[:, np.newaxis]
            met = slope(np.hstack([x[:, :12], ones]), np.hstack([y[:, :12], offsets]))
        inputs, outputs = x[:, :12].astype(float), y[:, :12].astype(float)
        weight = of_x * (met @ (of_y / total))
        wanted[name] = per_step * np.einsum("i,ik,il->kl", weight, inputs, inputs)
        wanted["vectors"] += np.einsum("j,jk,jl->kl", of_y * (of_x @ met), outputs, outputs)
    assert found.keys() == wanted.keys()
    for name, hessian in wanted.items():
        got = found[name]
        assert not got[12:].any()
        assert not got[:, 12:].any()
        error = np.linalg.norm(got[:12, :12] - hessian) / np.linalg.norm(hessian)
        assert error < 0.05, name


def test_a_short_round_draws_fewer_rows():
    vocabulary = Vocabulary(["a", "b"], np.array([5, 4]))
    tables = SamplingTables(np.arange(2, dtype=np.int32), np.full(2, ALL))
    drawn = merging.Curvature(vocabulary, TrainingConfig(), tables, 1.0)
    for replicas in (2, 16, 1_000):
        counts = [drawn.samples(n, replicas) for n in (1, 1_000, 10_000, 10**9)]
        assert counts == sorted(counts)
        assert all(n % _merge.DRAWN_MULTIPLE == 0 for n in counts)
        assert (counts[0], counts[-1]) == (32, max(32, 4096 // replicas))


# ---- Counts --------------------------------------------------------------------------------------


def test_words_are_counted():
    ids = np.array([0, 2, -1, 2, 1, 3, -1, 7, -5], np.int32)
    index = np.array([1, -1, 0, 2], np.int32)  # type 1 is not in the vocabulary; 7 is none
    counts = np.array([9, 0, 7], np.int32)
    assert _merge.count_words(ids, index, np.array([0.5, 1.0, 0.25]), counts) == 2.25
    np.testing.assert_array_equal(counts, [11, 1, 8])
    with pytest.raises(ValueError, match="do not agree"):
        _merge.count_words(ids, index, np.ones(2), counts)


def test_nodes_count_the_words_below_them():
    tree = Vocabulary(["a", "b", "c", "d"], np.array([9, 5, 3, 1])).huffman_tree()
    out = np.full(3, 7, np.int32)
    _merge.count_nodes(np.array([10, 0, 2, 1], np.int32), tree.offsets, tree.path, out)
    expected = [0, 0, 0]
    for word, n in enumerate((10, 0, 2, 1)):
        for node in tree.nodes[tree.offsets[word] : tree.offsets[word + 1]]:
            expected[node] += n
    np.testing.assert_array_equal(out, expected)
    assert max(expected) == 13
    with pytest.raises(ValueError, match="do not agree"):
        _merge.count_nodes(np.zeros(3, np.int32), tree.offsets, tree.path, out)


@pytest.mark.parametrize("step", [1, 2, 3, 100])
def test_tokens_are_counted(step):
    ids, index = np.array([0, 1, -1, 1, 2, 0, 0], np.int32), np.array([0, -1, 1], np.int32)
    known = np.array([1, 0, 0, 0, 1, 1, 1])
    out = np.zeros(-(-7 // step) + 1, np.int64)
    _merge.count_tokens(ids, index, step, out)
    np.testing.assert_array_equal(out, [*(known[:i].sum() for i in range(0, 7, step)), 4])
    with pytest.raises(ValueError, match="wrong length"):
        _merge.count_tokens(ids, index, step, np.zeros(len(out) + 1, np.int64))


# ---- Balance -------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("n", "dim"), [(1, 1), (3, 16), (32, 17), (70, 100)])
def test_products_of_rows(variant, n, dim):
    rng = np.random.default_rng(2)
    rows = allocate_rows(n, dim)
    rows[:, :dim] = rng.standard_normal((n, dim))
    weights = rng.random(n).astype(np.float32)
    stride, width = rows.shape[1], -(-dim // 16) * 16
    gram = np.full((stride, stride), np.nan, np.float32)
    matrix = np.zeros((width, width), np.float32)
    matrix[:dim, :dim] = rng.standard_normal((dim, dim))
    before = rows[:, :width].astype(float)
    with using(variant):
        _merge.gram(rows, weights, gram)
        _merge.transform(rows, 1, n, dim, matrix, _merge.Scratch(dim, 1))
    np.testing.assert_allclose(gram[:width, :width], before.T * weights @ before, atol=1e-4)
    np.testing.assert_allclose(rows[1:, :width], before[1:] @ matrix, atol=1e-4)
    np.testing.assert_array_equal(rows[0, :width], before[0])
    assert not rows[:, dim:].any()


def test_products_of_rows_need_shapes_that_agree():
    rows, square, scratch = (
        allocate_rows(4, 5),
        np.zeros((16, 16), np.float32),
        _merge.Scratch(5, 1),
    )
    line = np.zeros(4, np.float32)
    for arguments in ((rows[:0], line, square), (rows, line[:3], square), (rows, line, square[:8])):
        with pytest.raises(ValueError, match="do not agree"):
            _merge.gram(*arguments)
    _merge.transform(rows, 4, 4, 5, square, scratch)  # no rows
    for first, end, dim, matrix in ((3, 2, 5, square), (0, 5, 5, square), (0, 4, 0, square),
                                    (0, 4, 17, square), (0, 4, 5, square[:8])):  # fmt: skip
        with pytest.raises(ValueError, match="do not agree"):
            _merge.transform(rows, first, end, dim, matrix, scratch)


def balanced(names=("vectors", "output_vectors"), n_words=60, dim=10):
    """Return weights, the balance of all their rows, and replicas of two shards."""
    rng = np.random.default_rng(5)
    held = {}
    for name in names:
        held[name] = allocate_rows(n_words - (name == "node_vectors"), dim)
        held[name][:, :dim] = rng.standard_normal((len(held[name]), dim))
    weights = Weights(**held)
    watched = Balance(weights, {name: np.ones(len(rows)) for name, rows in held.items()}, dim)
    watched.draw(rng, 10**9)  # all rows
    shards = [Replicas.allocate(weights, {n: len(r) for n, r in held.items()}) for _ in range(2)]
    for shard in shards:
        for name, rows in held.items():
            some = rng.random(len(rows)) < 0.5
            shard.rows[name][:] = 7  # of rows that are not trained, nobody looks at it
            noise = rng.standard_normal((some.sum(), dim)) / 30
            shard.rows[name][some] = rows[some]
            shard.rows[name][some, :dim] += noise
            shard.marks[name][some] = TRAINED
    return weights, watched, shards


def difference(weights):
    """Return D in float64."""
    found = 0
    for name, rows in weights.matrices().items():
        rows = rows.astype(float)
        found = found + (1 if name == "vectors" else -1) * rows.T @ rows
    return found[:10, :10]


def seen(weights, shard):
    return Weights(
        **{n: shard.take(weights, n, np.arange(len(m))) for n, m in weights.matrices().items()}
    )


@pytest.mark.parametrize("names", [
    ("vectors", "output_vectors"), ("vectors", "node_vectors"),
    ("vectors", "output_vectors", "node_vectors"),
], ids=str)  # fmt: skip
def test_what_a_merge_has_upset_is_restored(names):
    weights, watched, shards = balanced(names)
    base = difference(weights)
    wanted = base + sum(difference(seen(weights, shard)) - base for shard in shards)
    np.testing.assert_allclose(watched.of_base()[0], base, atol=2e-3)
    watched.note(watched.of_base()[0], [watched.of_shard(shard) for shard in shards])
    rng = np.random.default_rng(0)
    for rows in weights.matrices().values():  # the merge does something else
        rows[:, :10] += rng.standard_normal((len(rows), 10)) / 30
    missing = wanted - difference(weights)
    inputs, outputs = watched.correction()
    np.testing.assert_allclose(inputs, inputs.T, atol=1e-5)
    np.testing.assert_allclose((inputs @ outputs)[:10, :10], np.eye(10), atol=1e-5)
    others = weights.vectors[:, :10] @ getattr(weights, names[1])[:, :10].T
    scratch = _merge.Scratch(10, 2)
    for name, rows in weights.matrices().items():
        _merge.transform(rows, 0, len(rows), 10, inputs if name == "vectors" else outputs, scratch)
    same = weights.vectors[:, :10] @ getattr(weights, names[1])[:, :10].T
    np.testing.assert_allclose(same, others, atol=1e-4)  # nothing that is predicted has changed
    left = wanted - difference(weights)
    assert np.linalg.norm(left) < 0.1 * np.linalg.norm(missing)


def test_several_merges_add_up():
    weights, watched, shards = balanced()
    base = watched.of_base()[0]
    alone = [watched.of_shard(shard) for shard in shards]
    watched.note(base, alone)
    weights.vectors[:, :10] *= 1.01
    between = watched.of_base()[0]
    watched.note(between, [between, between])  # a round in which nothing is learned
    expected = base + sum(each - base for each in alone) - between
    np.testing.assert_allclose(watched._missing, expected, atol=1e-3)
    watched.draw(np.random.default_rng(0), 100)
    assert not watched._missing.any()


def test_rows_are_drawn_by_their_use():
    weights, _, _ = balanced(n_words=5_000)
    uses = 1e6 / np.arange(1, 5_001) ** 2
    watched = Balance(weights, {"vectors": uses, "output_vectors": uses}, 10)
    for tokens, n in ((1, 128), (16_000, 500), (64_000, 2_000)):
        watched.draw(np.random.default_rng(1), tokens)
        sample = watched._samples["vectors"]
        share = np.sqrt(uses) / np.sqrt(uses).sum()
        times = np.round(sample.weights * n * share[sample.rows]).astype(int)
        assert times.sum() == n
        assert abs(times - n * share[sample.rows]).max() < 1.01
        assert sample.rows[0] == 0


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_is_not_restored(bad):
    weights, watched, shards = balanced()
    watched.note(watched.of_base()[0], [watched.of_shard(shard) for shard in shards])
    weights.vectors[3, 3] = bad
    assert watched.correction() is None


def test_zeros_are_balanced():
    weights, watched, _ = balanced()
    for rows in weights.matrices().values():
        rows[:] = 0
    watched.note(watched.of_base()[0], [watched.of_base()[0]] * 2)
    for matrix in watched.correction():
        np.testing.assert_allclose(matrix[:10, :10], np.eye(10), atol=1e-6)


def test_a_balance_that_is_restored_is_the_same():
    rng = np.random.default_rng(8)
    config = TrainingConfig(vector_size=6, workers=1)
    weights = Weights.untrained(30, config)
    for rows in weights.matrices().values():
        rows[:, :6] = rng.standard_normal((len(rows), 6))
    uses = {name: np.ones(len(rows)) for name, rows in weights.matrices().items()}
    kept, other = (Balance(weights, uses, 6) for _ in range(2))
    kept.draw(rng, 1_000.0)
    for _ in range(2):  # what the first has upset is known at the second
        upset = rng.standard_normal((3, 6, 6)).astype(np.float32)
        kept.note(upset[0], list(upset[1:]))
    other.restore(kept.state())
    assert kept.state()["missing"].any()
    for one, two in zip(kept.correction(), other.correction(), strict=True):
        np.testing.assert_array_equal(one, two)
