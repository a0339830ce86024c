"""The dense step: every variant against float64, and float64 against the numerical derivative."""

import numpy as np
import pytest
import reference
from combinations import VARIANTS

from w2v import _simd
from w2v.training import _kernel_bench

ROW = _simd.ROW_FLOATS


def matrix(rng, rows, dim, *, scale=1.0, offset=0):
    """Return a padded float32 (rows, stride) matrix, `offset` floats past a cache line."""
    stride = -(-dim // ROW) * ROW
    memory = np.zeros(rows * stride + 2 * ROW, np.float32)
    start = -(memory.ctypes.data // 4) % ROW + offset
    m = memory[start : start + rows * stride].reshape(rows, stride)
    m[:, :dim] = scale * rng.standard_normal((rows, dim))
    return m


def run(
    variant, dim, inputs, outputs, labels, *, alpha=0.05, scale=None, offset=0, seed=0,
    with_offsets=False, **pooling
):  # fmt: skip
    """Return the variant's and the reference's (loss, vectors, output_vectors)."""
    rng = np.random.default_rng(seed)
    rows = 1 + max([*inputs, *outputs, 0])
    scale = dim**-0.25 if scale is None else scale
    vectors = matrix(rng, rows, dim, scale=scale, offset=offset)
    output = matrix(rng, rows, dim, scale=scale, offset=offset)
    expected = vectors.astype(float), output.astype(float)
    labels = np.asarray(labels, np.float32)
    offsets = np.linspace(-2, 1, len(outputs), dtype=np.float32) if with_offsets else None
    more = pooling | ({} if offsets is None else {"offsets": offsets.astype(float)})
    want = reference.step(*expected, inputs, outputs, labels.astype(float), alpha, **more)
    got = _kernel_bench.step(
        variant,
        vectors,
        output,
        dim,
        np.array([inputs], np.int32).reshape(1, -1),
        np.array([outputs], np.int32).reshape(1, -1),
        labels,
        alpha,
        offsets=offsets,
        **pooling,
    )
    return (got, vectors, output), (want, *expected)


def check(got, want):
    """Assert that a variant's result is the reference's, to float32 precision."""
    assert got[0] == pytest.approx(want[0], rel=1e-5, abs=1e-5)
    np.testing.assert_allclose(got[1], want[1], rtol=1e-5, atol=2e-6)
    np.testing.assert_allclose(got[2], want[2], rtol=1e-5, atol=2e-6)


variants = pytest.mark.parametrize("variant", VARIANTS)
DIMS = [range(first, min(first + 26, 131)) for first in range(1, 131, 26)]
MANY_OUTPUTS = [*range(1, 18), 26, 32, 33, 51]


def lengths_and_offsets(dims):
    """Yield each length with one alignment, and some lengths with every alignment."""
    for dim in dims:
        for offset in range(ROW) if dim in (1, 15, 16, 17, 100) else (dim % ROW,):
            yield dim, offset


# What the inputs of a task are met as: each by itself, or (CBOW) pooled, and their gradient shared.
POOLINGS = {
    "apart": lambda n: {},
    "mean": lambda n: {"pool_scale": 1 / n, "grad_scale": 1 / n},
    "mean, classic": lambda n: {"pool_scale": 1 / n, "grad_scale": 1},
    "sum": lambda n: {"pool_scale": 1, "grad_scale": 1},
    "odd": lambda n: {"pool_scale": 0.3, "grad_scale": 0.7},
}
pooled = pytest.mark.parametrize("pooling", [name for name in POOLINGS if name != "apart"])


@pytest.mark.parametrize(("pooling", "factor"), [
    ("apart", 1), ("mean", 1), ("mean, classic", 3), ("sum", 1),
])  # fmt: skip
@pytest.mark.parametrize("inputs", [[0, 2, 3], [2, 0, 2]])
def test_gradient_is_the_derivative_of_the_loss(pooling, factor, inputs):
    """Inputs get the derivative times `factor`: the classic mean leaves out the division by n."""
    rng = np.random.default_rng(1)
    vectors, output = rng.standard_normal((2, 6, 5))
    outputs, labels = [1, 4, 5, 0], np.array([1.0, 0, 0, 1])
    alpha, h = 1e-3, 1e-6
    numbers = POOLINGS[pooling](len(inputs))

    def total():
        hidden = vectors[inputs]
        if numbers:
            hidden = numbers["pool_scale"] * hidden.sum(axis=0, keepdims=True)
        return reference.loss(hidden, output[outputs], labels)

    moved = vectors.copy(), output.copy()
    reference.step(*moved, inputs, outputs, labels, alpha, **numbers)
    for m, after, times in ((vectors, moved[0], factor), (output, moved[1], 1)):
        for place in np.ndindex(m.shape):
            kept = m[place]
            m[place] = kept + h
            up = total()
            m[place] = kept - h
            down = total()
            m[place] = kept
            slope = (up - down) / (2 * h)
            gradient = (after[place] - kept) / alpha
            assert gradient == pytest.approx(-times * slope, rel=1e-6, abs=1e-6)


@variants
@pytest.mark.parametrize("dims", DIMS, ids=str)
def test_every_length_and_alignment(variant, dims):
    for dim, offset in lengths_and_offsets(dims):
        check(*run(variant, dim, [0, 1, 2], [3, 0, 5, 6, 1, 2], [1, 0, 0, 0, 0, 0], offset=offset))


@variants
@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 10, 20, 101])
def test_every_shape(variant, n):
    for m in MANY_OUTPUTS:
        labels = np.arange(m) % 3 == 0
        # The scratch is full of NaN at first: none of it may be read, not even to be masked out.
        for offsets in (False, True):
            task = list(range(n)), list(range(m)), labels
            check(*run(variant, 37, *task, alpha=0.01, with_offsets=offsets))


@variants
@pytest.mark.parametrize("dims", DIMS, ids=str)
def test_every_length_and_alignment_pooled(variant, dims):
    for dim, offset in lengths_and_offsets(dims):
        inputs, outputs = [[0, 1, 2], [3], [4, 0]][dim % 3], [3, 0, 5, 6, 1, 2, 8, 4][: 6 + dim % 3]
        labels = [1] + [0] * (len(outputs) - 1)
        check(
            *run(
                variant, dim, inputs, outputs, labels, offset=offset, pool_scale=0.3, grad_scale=0.7
            )
        )


@variants
@pooled
@pytest.mark.parametrize("n", [1, 2, 7, 101])
def test_every_shape_pooled(variant, pooling, n):
    numbers = POOLINGS[pooling](n)
    for m in MANY_OUTPUTS:
        labels = np.arange(m) % 3 == 0
        numbers["with_offsets"] = m % 2 == 1
        check(*run(variant, 37, list(range(n)), list(range(m)), labels, alpha=0.01, **numbers))


@variants
@pytest.mark.parametrize("n", range(1, 27))
def test_any_number_of_inputs_pooled(variant, n):
    for dim in (16, 37, 100):
        check(
            *run(variant, dim, list(range(n)), [0, 1, 2], [1, 0, 0], pool_scale=0.3, grad_scale=0.7)
        )


@variants
@pytest.mark.parametrize("dim", [300, 1000, 1024])
def test_long_vectors(variant, dim):
    check(*run(variant, dim, [0, 1, 2], list(range(8)), [1] + [0] * 7))


@variants
@pytest.mark.parametrize("pooling", ["apart", "sum"])
@pytest.mark.parametrize(("n", "m"), [(0, 3), (3, 0), (0, 0)])
def test_nothing_to_meet_changes_nothing(variant, pooling, n, m):
    got, want = run(variant, 20, list(range(n)), list(range(m)), [1] * m, **POOLINGS[pooling](n))
    assert got[0] == 0
    np.testing.assert_array_equal(got[1], want[1])
    np.testing.assert_array_equal(got[2], want[2])


@variants
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("m", [4, 14])
def test_duplicate_outputs_all_count(variant, pooling, m):
    outputs = [0, 1, 1, 2, 1, 3, 3, 3, 0, 0, 2, 2, 1, 1][:m]
    labels, numbers = [1] + [0] * (m - 1), POOLINGS[pooling](3)
    got, want = run(variant, 50, [0, 1, 2], outputs, labels, alpha=1e-3, **numbers)
    np.testing.assert_allclose(got[2], want[2], atol=2e-6)
    np.testing.assert_allclose(got[1], want[1], atol=1e-5)


@variants
@pytest.mark.parametrize("m", [6, 14])
def test_duplicate_inputs_all_count(variant, m):
    # A lost update would be of the order of alpha; the second occurrence's seeing the first one's
    # update is of the order of alpha squared.
    got, want = run(variant, 50, [2, 0, 2, 2, 1], list(range(m)), [1] + [0] * (m - 1), alpha=1e-3)
    np.testing.assert_allclose(got[1], want[1], atol=2e-6)
    np.testing.assert_allclose(got[2], want[2], atol=1e-5)


@variants
@pooled
@pytest.mark.parametrize("m", [1, 6, 14])
def test_duplicate_inputs_all_count_pooled(variant, pooling, m):
    # Met as one, they are all read before any of them is written: this is exact at any rate.
    numbers = POOLINGS[pooling](5)
    check(*run(variant, 50, [2, 0, 2, 2, 1], list(range(m)), [1] + [0] * (m - 1), **numbers))


@variants
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize(("n", "m"), [(1, 1), (3, 6), (2, 7), (5, 20)])
def test_at_a_learning_rate_of_zero_rows_are_only_read(variant, pooling, n, m):
    dim = 21
    rng = np.random.default_rng(6)
    vectors, output = matrix(rng, n + 1, dim), matrix(rng, m, dim)
    vectors[:, 3] = output[:, 3] = -0.0  # adding 0 to it would show
    inputs = np.append(np.arange(n), 0).astype(np.int32)[None]  # one of them twice
    outputs, labels = np.arange(m, dtype=np.int32)[None], (np.arange(m) < 2).astype(np.float32)

    def at(alpha):
        rows, numbers = (vectors, output), POOLINGS[pooling](n + 1)
        return _kernel_bench.step(variant, *rows, dim, inputs, outputs, labels, alpha, **numbers)

    before = vectors.tobytes(), output.tobytes()
    loss = at(0.0)
    assert (vectors.tobytes(), output.tobytes()) == before
    assert loss == at(0.05)
    assert vectors.tobytes() != before[0]
    assert output.tobytes() != before[1]


@variants
@pytest.mark.parametrize(
    "score", [-500.0, -89.0, -30.0, -6.0, -0.5, 0.0, 0.5, 6.0, 30.0, 89.0, 500.0]
)
@pytest.mark.parametrize("label", [0, 1])
def test_sigmoid_and_loss_at_any_score(variant, score, label):
    vectors, output = np.zeros((2, 1, ROW), np.float32)
    vectors[0, 0], output[0, 0] = score, 1
    one = np.zeros((1, 1), np.int32)
    loss = _kernel_bench.step(variant, vectors, output, 1, one, one, np.float32([label]), 1.0)
    g = label - float(reference.sigmoid(np.float64(score)))
    assert loss == pytest.approx(np.logaddexp(0, score) - label * score, rel=1e-5, abs=3e-6)
    assert vectors[0, 0] - np.float32(score) == pytest.approx(g, abs=1e-4)
    assert output[0, 0] == pytest.approx(1 + g * score, rel=1e-5, abs=1e-4)


@variants
@pytest.mark.parametrize("pooling", ["apart", "mean"])
@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("label", [0, 1])
def test_numbers_that_are_not_finite_show_in_the_loss(variant, pooling, poison, label):
    rng = np.random.default_rng(0)
    vectors, output = matrix(rng, 3, 20), matrix(rng, 3, 20)
    vectors[1, 3] = poison
    output[2, 3] = 0.0 if np.isinf(poison) else output[2, 3]  # inf * 0 is the quietest way to NaN
    rows = np.array([[0, 1, 2]], np.int32)
    labels, numbers = np.float32([label, 0, 0]), POOLINGS[pooling](3)
    loss = _kernel_bench.step(variant, vectors, output, 20, rows, rows, labels, 0.1, **numbers)
    assert not np.isfinite(loss)


@variants
@pytest.mark.parametrize("pooling", POOLINGS)
def test_padding_stays_zero_and_other_rows_stay_as_they_are(variant, pooling):
    rng = np.random.default_rng(3)
    vectors, output = matrix(rng, 9, 19), matrix(rng, 9, 19)
    before = vectors.copy(), output.copy()
    inputs, outputs = np.array([[1, 4]], np.int32), np.array([[2, 7, 5]], np.int32)
    labels, numbers = np.float32([1, 0, 0]), POOLINGS[pooling](2)
    _kernel_bench.step(
        variant, vectors, output, 19, inputs, outputs, labels, 0.1, repeats=5, **numbers
    )
    assert not vectors[:, 19:].any()
    assert not output[:, 19:].any()
    for m, old, touched in ((vectors, before[0], inputs), (output, before[1], outputs)):
        changed = np.flatnonzero((m != old).any(axis=1))
        np.testing.assert_array_equal(changed, np.sort(touched[0]))


def test_check_would_notice_a_wrong_result():
    got, want = run("scalar", 8, [0, 1], [2, 3], [1, 0])
    check(got, want)
    for i in range(3):
        wrong = list(want)
        wrong[i] = wrong[i] + 1e-3
        with pytest.raises(AssertionError):
            check(got, wrong)


@pytest.mark.parametrize(("inputs", "outputs"), [([[0, 9]], [[0]]), ([[0]], [[-1]])])
def test_rows_outside_the_matrix_are_refused(inputs, outputs):
    m = np.zeros((3, ROW), np.float32)
    with pytest.raises(IndexError, match="outside the matrix"):
        _kernel_bench.step(
            "scalar", m, m.copy(), 4, np.int32(inputs), np.int32(outputs), np.float32([1]), 0.1
        )


@variants
def test_peak_counts_operations(variant):
    assert _kernel_bench.flops(variant, 1000) >= 2 * 12 * 1000
