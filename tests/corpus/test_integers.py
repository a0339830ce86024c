"""The integers room: rows of ids, set against the same rows as strings of digits."""

import array
import itertools
import random
import signal
import threading

import numpy as np
import pytest
import scipy.sparse

import w2v
from w2v import Corpus
from w2v.corpus import _integer_encoder, integer_reader

INTEGERS = [
    np.int8,
    np.int16,
    np.int32,
    np.int64,
    np.uint8,
    np.uint16,
    np.uint32,
    np.uint64,
    ">i4",
    ">u8",
]


def assert_holds(encoded, rows) -> None:
    """Check what was encoded against rows of int."""
    numbers = {}
    ids = []
    for row in rows:
        if len(row):
            ids += [numbers.setdefault(int(i), len(numbers)) for i in row] + [-1]
    assert encoded.ids.tolist() == ids
    assert encoded.ids.dtype == np.int32
    assert encoded.decode(np.arange(len(numbers))) == [str(i) for i in numbers]
    counts = np.bincount([i for i in ids if i >= 0], minlength=len(numbers))
    assert encoded.counts.tolist() == counts.tolist()
    assert encoded.n_sentences == sum(bool(len(row)) for row in rows)


def test_assert_holds_can_fail():
    encoded = integer_reader.encode([[5, 7], [], [5]])
    assert_holds(encoded, [[5, 7], [], [5]])
    for wrong in ([[5, 7, 5]], [[5, 7], [7]], [[7, 5], [7]], [[5, 8], [5]], [[5, 7]]):
        with pytest.raises(AssertionError):
            assert_holds(encoded, wrong)


def ragged(seed: int, rows: int, highest: int, longest: int = 12) -> list[list[int]]:
    draw = random.Random(seed)
    return [
        [draw.randrange(highest + 1) for _ in range(draw.randrange(longest))] for _ in range(rows)
    ]


def flat(rows) -> tuple[np.ndarray, np.ndarray]:
    offsets = np.cumsum([0, *map(len, rows)])
    return np.array(list(itertools.chain.from_iterable(rows))), offsets


# ---- Forms ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", INTEGERS)
def test_every_integer_type_in_every_form(dtype):
    rows = ragged(1, 200, 127)
    ids, offsets = flat(rows)
    ids = ids.astype(dtype)
    assert_holds(integer_reader.encode(ids, offsets=offsets), rows)
    cut = np.split(ids, offsets[1:-1])
    for source in (cut, tuple(cut), iter(cut), (row for row in cut)):
        assert_holds(integer_reader.encode(source), rows)
    matrix = ids[:600].reshape(60, 10)
    for same in (matrix, matrix[:, ::-1], matrix.T, np.asfortranarray(matrix), matrix[::3, 1:4]):
        assert_holds(integer_reader.encode(same), same.tolist())


def test_rows_of_python_ints():
    rows = ragged(2, 300, 10**6)
    for source in (rows, tuple(map(tuple, rows)), iter(rows), (iter(row) for row in rows)):
        assert_holds(integer_reader.encode(source), rows)
    assert_holds(
        integer_reader.encode([range(3), range(0), range(5, 2, -1)]), [[0, 1, 2], [5, 4, 3]]
    )
    assert_holds(
        integer_reader.encode([[np.int8(3), 4, np.uint64(2**64 - 1)]]), [[3, 4, 2**64 - 1]]
    )


def test_kinds_of_rows_may_change():
    rows = ragged(3, 200, 100)
    forms = itertools.cycle(
        [
            list,
            tuple,
            np.array,
            lambda row: np.array(row, np.uint8),
            lambda row: array.array("q", row),
            lambda row: np.array(row, np.int64)[::1],
            lambda row: np.array(row, ">i2"),
        ]
    )
    # np.array([]) is of floats: no id is one.
    assert_holds(integer_reader.encode(map(lambda form, row: form(row), forms, rows)), rows)


def test_an_id_is_the_same_in_every_type():
    rows = [np.array([7, 2**40]), np.array([2**40], np.uint64), [7], np.array([7], np.int8)]
    assert_holds(integer_reader.encode(rows), rows)


@pytest.mark.parametrize("part", [1, 2, 7, 64])
def test_parts_do_not_show(monkeypatch, part):
    monkeypatch.setattr(integer_reader, "_CHUNK", part)
    rows = ragged(4, 150, 50, 20)
    ids, offsets = flat(rows)
    assert_holds(integer_reader.encode(ids, offsets=offsets), rows)
    assert_holds(integer_reader.encode(rows), rows)
    assert_holds(
        integer_reader.encode(map(np.array, (row or [0] for row in rows))),
        [row or [0] for row in rows],
    )
    matrix = ids[:900].reshape(-1, 9)
    assert_holds(integer_reader.encode(matrix), matrix.tolist())
    assert_holds(integer_reader.encode(scipy.sparse.csr_array(matrix)), baskets(matrix))


@pytest.mark.parametrize("highest", [1, 300, 70_000, 2**20, 2**33, 2**63, 2**64 - 1])
def test_ids_of_any_size(monkeypatch, highest):
    """Through both tables: that of small ids and that of the others, and while they grow."""
    monkeypatch.setattr(integer_reader, "_CHUNK", 500)
    monkeypatch.setattr(integer_reader, "_DENSE", 16)
    draw = random.Random(highest)
    # Small ones first, then larger and larger, then all again.
    scale = [min(highest, 2**k) for k in range(64)]
    rows = [[draw.randrange(top + 1) for _ in range(60)] for top in scale]
    rows += draw.sample(rows, 40)
    ids = np.array(list(itertools.chain.from_iterable(rows)), np.uint64)
    assert_holds(integer_reader.encode(rows), rows)
    assert_holds(integer_reader.encode(ids.reshape(-1, 60)), rows)
    assert_holds(integer_reader.encode(ids, offsets=np.arange(len(rows) + 1) * 60), rows)


def test_ids_that_a_weak_hash_would_pile_up():
    for step in (2**32, 2**48, 2**16 + 1, 0x9E3779B97F4A7C15):
        rows = [[i * step % 2**64 for i in range(4000)]] * 2
        assert_holds(integer_reader.encode(rows), rows)


def test_the_loop_refuses_what_does_not_fit():
    keys, bounds = np.zeros(4, np.uint64), np.array([0, 4])
    direct, slots = np.zeros(1, np.int32), np.zeros(2, np.int32)
    seen, counts, ids = np.zeros(4, np.uint64), np.zeros(4, np.int64), np.zeros(5, np.int32)
    assert _integer_encoder.encode_ids(keys, bounds, direct, slots, seen, counts, 0, ids, 0) == (
        1,
        5,
    )
    direct[:] = 0
    for change in (
        {"type_keys": seen[1:]},
        {"counts": counts[1:]},
        {"ids": ids[1:]},
        {"at": 1},
        {"n_types": 1},
        {"bounds": np.array([0, 3])},
        {"bounds": bounds[:0]},
        {"bounds": bounds + 1},
    ):
        arguments = {
            "keys": keys,
            "bounds": bounds,
            "dense_table": direct,
            "hash_table": slots,
            "type_keys": seen,
            "counts": counts,
            "n_types": 0,
            "ids": ids,
            "at": 0,
        }
        with pytest.raises(ValueError, match=r"expected (arrays|rows)"):
            _integer_encoder.encode_ids(**(arguments | change))


# ---- Sparse matrices -----------------------------------------------------------------------------


def baskets(matrix) -> list[list[int]]:
    return [np.flatnonzero(row).tolist() for row in np.asarray(matrix)]


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "lil", "dok", "bsr"])
@pytest.mark.parametrize("dtype", [np.float64, np.int8, np.bool_])
def test_sparse(form, dtype):
    dense = np.random.default_rng(5).integers(-3, 4, (40, 30)).clip(0).astype(dtype)
    dense[7] = 0
    for make in (scipy.sparse.csr_matrix, scipy.sparse.csr_array):
        assert_holds(integer_reader.encode(make(dense).asformat(form)), baskets(dense))


def test_sparse_as_it_may_come():
    """Columns out of order, twice in a row, zeros that are stored, and sums that are zero."""
    data, columns, starts = [1, 2, 0, 5, 1, -1, 3], [4, 1, 2, 0, 3, 3, 3], [0, 3, 3, 4, 7]
    for kind in (np.int32, np.int64):
        matrix = scipy.sparse.csr_array(
            (data, np.array(columns, kind), np.array(starts, kind)), (4, 5)
        )
        before = matrix.copy()
        assert_holds(integer_reader.encode(matrix), [[1, 4], [], [0], [3]])
        for name in ("data", "indices", "indptr"):
            assert (getattr(matrix, name) == getattr(before, name)).all()
    with pytest.raises(ValueError, match=r"expected 2 dimensions .*found 1"):
        integer_reader.encode(scipy.sparse.coo_array([1, 0, 2]))
    with pytest.raises(ValueError, match=r"all rows \(3\) are empty"):
        integer_reader.encode(scipy.sparse.csr_array((3, 4)))


# ---- Names ---------------------------------------------------------------------------------------

ROWS = [[2, 0], [], [2, 3]]


@pytest.mark.parametrize(
    "names",
    [
        ["a", "b", "ç", "d", "e"],
        ("a", "b", "ç", "d"),
        np.array(["a", "b", "ç", "d"]),
        {2: "ç", 3: "d", 0: "a", 9: "ç"},
        {2: "ç", 0: "a", 3: "d"},
    ],
)
def test_names(names):
    encoded = integer_reader.encode(ROWS, names=names)
    assert encoded.decode(np.arange(3)) == ["ç", "a", "d"]
    assert encoded.ids.tolist() == [0, 1, -1, 0, 2, -1]


@pytest.mark.parametrize(
    ("names", "error", "message"),
    [
        (
            ["a", "b", "c"],
            ValueError,
            r"row 2, position 1 .*id 3 has no name, because names= has only 3",
        ),
        ({2: "a", 0: "b"}, ValueError, r"row 2, position 1 .*id 3 is not in names"),
        (["a", "b", "a", "d"], ValueError, r"'a' is the name of both id 2 and id 0"),
        (["a", "b", 7, "d"], TypeError, r"names\[2\]: expected a str, found int 7"),
        ({2: "a", 0: None, 3: "c"}, TypeError, r"names\[0\]: expected a str, found NoneType"),
        (["", "b", "c", "d"], ValueError, r"names\[0\]: the empty string is not a valid word"),
        (["a", "b", "c", "\ud800"], ValueError, r"names\[3\]: .*lone surrogate"),
        ("abcd", TypeError, "names: expected a sequence of str or a mapping.*found str"),
        ({"a", "b", "c", "d"}, TypeError, "names: expected a sequence.*found set"),
        (7, TypeError, "names: expected a sequence.*found int"),
        ([], ValueError, "an empty sequence"),
    ],
)
def test_names_that_will_not_do(names, error, message):
    with pytest.raises(error, match=message):
        integer_reader.encode(ROWS, names=names)


# ---- What is refused -----------------------------------------------------------------------------


def refused(error, message, source, **options):
    with pytest.raises(error, match=message):
        integer_reader.encode(source, **options)


def test_negative_ids():
    where = r"^row 1, position 2 \(both counted from 0\): negative id -1; .*remove padding"
    rows = [[1, 2, 3], [4, 5, -1]]
    for dtype in (np.int8, np.int32, np.int64):
        refused(ValueError, where, np.array(rows, dtype))
        refused(ValueError, where, np.array(rows, dtype).ravel(), offsets=[0, 3, 6])
        refused(ValueError, where, [np.array(row, dtype) for row in rows])
    refused(ValueError, where, rows)
    refused(ValueError, r"row 0, position 0 .*negative id -5", [[-5]])


def test_a_place_far_on(monkeypatch):
    monkeypatch.setattr(integer_reader, "_CHUNK", 16)
    rows = [[1] * (i % 7) for i in range(200)]
    rows[150] = [1, 1, 1, -1]
    ids, offsets = flat(rows)
    where = r"^row 150, position 3 .*negative id -1"
    refused(ValueError, where, rows)
    refused(ValueError, where, (np.array(row, np.int64) for row in rows))
    refused(ValueError, where, ids, offsets=offsets)
    matrix = np.ones((200, 9), int)
    matrix[150, 3] = -1
    refused(ValueError, where, matrix)


@pytest.mark.parametrize("bad", [True, 1.0, 1.5, "1", None, np.bool_(True), np.float32(1), 2**64])
def test_wrong_items(bad):
    error = ValueError if type(bad) is int else TypeError
    refused(error, r"^row 2, position 1 \(both counted from 0\): ", [[1], [], [2, bad], [3]])


@pytest.mark.parametrize("bad", [True, 1.0, "1", b"1", None])
def test_wrong_first_rows_are_explained(bad):
    refused(TypeError, r"^row 0", [bad])


def test_wrong_types():
    refused(TypeError, r"found float64; .*\.astype\(int\)", np.ones((2, 2)))
    refused(TypeError, "found bool; .*csr_array", np.ones((2, 2), bool))
    refused(TypeError, "found complex128", np.ones((2, 2), complex))
    good = np.array([1, 2])
    refused(TypeError, r"^row 1 .*found float64; .*\.astype\(int\)", [good, good * 1.0])
    refused(TypeError, "^row 2 .*found bool", [good, good, good > 1])
    refused(TypeError, "^row 1 .*rows are either all integers or all text", [good, "text"])
    refused(TypeError, "^row 1, position 0 .*either all integers or all text", [good, ["text"]])
    refused(TypeError, r"^row 0 .*found int 1; .*pass \[ids\]", [1, 2])
    refused(TypeError, "masked array", np.ma.masked_equal(np.array([[1, -1]]), -1))
    refused(TypeError, "^row 1 .*masked", [good, np.ma.masked_equal(good, 2)])


def test_wrong_shapes():
    ids = np.arange(24)
    refused(ValueError, r"expected 2 dimensions .*found 3", ids.reshape(2, 3, 4))
    refused(ValueError, r"1-D array needs offsets=", ids)
    refused(ValueError, r"found 0", np.array(3))
    refused(
        ValueError,
        r"^row 1 .*expected a 1-D array .*found shape \(4, 6\)",
        [ids, ids.reshape(4, 6)],
    )


@pytest.mark.parametrize(
    ("offsets", "message"),
    [
        ([0, 3, 5], "the last to be 6 .*found 5"),
        ([1, 6], "the first to be 0 .*found 1"),
        ([0, 4, 3, 6], r"but offsets\[1\] = 4 and offsets\[2\] = 3"),
        ([], "of length sentences \\+ 1"),
        ([[0, 6]], "of length sentences \\+ 1"),
        ([0, 7], "the last to be 6 .*found 7"),
    ],
)
def test_wrong_offsets(offsets, message):
    offsets = np.array(offsets, int)
    refused(ValueError, "^offsets.*" + message, np.arange(6), offsets=offsets)


def test_offsets_elsewhere():
    refused(
        TypeError, "offsets: expected integers, found float64", np.arange(2), offsets=[0.0, 2.0]
    )
    # Falling numbers without a sign: a difference would rise.
    refused(ValueError, r"offsets\[1\] = 2", np.arange(3), offsets=np.array([0, 2, 1, 3], np.uint8))
    for source in (np.ones((2, 2), int), [[1]], scipy.sparse.csr_array((2, 2))):
        refused(ValueError, "offsets= applies only to a flat integer array", source, offsets=[0, 2])


def test_nothing():
    refused(ValueError, "a generator can be read only once", iter([]))
    refused(ValueError, "a generator can be read only once", [])
    refused(ValueError, r"all rows \(2\) are empty", [[], []])
    refused(ValueError, r"all rows \(4\) are empty", np.zeros((4, 0), int))
    refused(ValueError, r"all rows \(2\) are empty", np.zeros(0, int), offsets=[0, 0, 0])


def test_a_generator_that_raises():
    def rows():
        yield [1, 2]
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match=r"^mine$"):
        integer_reader.encode(rows())


def test_ctrl_c():
    def endless():
        for i in itertools.count():
            if i == 1000:
                signal.raise_signal(signal.SIGINT)
            assert i < 5000
            yield np.array([i])

    assert threading.current_thread() is threading.main_thread()
    with pytest.raises(KeyboardInterrupt):
        integer_reader.encode(endless())


def test_progress(monkeypatch):
    monkeypatch.setattr(integer_reader, "_CHUNK", 30)
    matrix = np.ones((50, 7), int)
    calls = []
    for source, total in ((matrix, 50), (matrix.tolist(), 0), (scipy.sparse.csr_array(matrix), 50)):
        calls.clear()
        integer_reader.encode(source, progress=lambda *call: calls.append(call))
        done = [call[0] for call in calls]
        assert done == sorted(done)
        assert done[-1] == 50
        assert len(done) > 5
        assert {call[1] for call in calls} == {total}


def test_ids_may_be_taken_while_they_are_made(monkeypatch):
    class Taker:
        def __init__(self, every):
            self.every, self.calls, self.taken, self.done = every, 0, [], []

        def flush_if_over_budget(self, encoder, done):
            types, ids = encoder.memory()
            assert ids <= 4 * 300
            assert types > 0
            self.done.append(done)
            self.calls += 1
            if self.calls % self.every == 0:
                self.taken += encoder.take_ids().tolist()
                assert encoder.memory() == (types, 0)

        def finish(self, rest):
            return np.array(self.taken + rest.tolist(), np.int32)

    monkeypatch.setattr(integer_reader, "_CHUNK", 50)
    matrix = np.random.default_rng(8).integers(0, 300, (200, 10))
    ids, offsets = matrix.ravel(), np.arange(201) * 10
    for source, options in ((matrix, {}), (matrix.tolist(), {}), (ids, {"offsets": offsets})):
        for every in (1, 3):
            taker = Taker(every)
            assert_holds(integer_reader.encode(source, ids=taker, **options), matrix.tolist())
            assert taker.done == sorted(taker.done)
            assert taker.done[-1] == (0 if source is not matrix and not options else 1)


def test_digits():
    keys = np.array(
        [
            0,
            9,
            10,
            99,
            100,
            *(10**n + d for n in range(2, 20) for d in (-1, 0, 1)),
            2**63,
            2**64 - 1,
        ],
        np.uint64,
    )
    keys = np.unique(keys)
    encoded = integer_reader.encode([keys])
    assert encoded.decode(np.arange(len(keys))) == list(map(str, keys.tolist()))
    for offsets, room in (([0, 1], 2), ([0], 0), ([0, 2, 3], 3)):
        with pytest.raises(ValueError, match="of exactly the length of all digits"):
            _integer_encoder.write_digits(keys[:1], np.array(offsets), np.zeros(room, np.uint8))


# ---- What are integers ---------------------------------------------------------------------------


def test_is_integers():
    one = np.array([1])
    for source in (
        one,
        one.reshape(1, 1),
        one > 0,
        one * 1.0,
        [one],
        [[1, 2]],
        [(1,)],
        [[], [3]],
        [1, 2],
        [[1.5]],
        [[True]],
        scipy.sparse.csr_array((2, 2)),
        [range(3)],
        array.array("i", [1]),
    ):
        assert integer_reader.is_integers(source)
    for source in (
        "1",
        ["1"],
        [["1"]],
        np.array(["1"]),
        np.array([["a"]], object),
        iter([[1]]),
        [],
        [[]],
        {1: 2},
        [np.array(["a"])],
        None,
        7,
        b"12",
        [b"12"],
    ):
        assert not integer_reader.is_integers(source)
    assert [integer_reader.is_row(row) for row in ([1], [], np.array([]), "1", ["1"], one, 3)] == [
        True,
        None,
        None,
        False,
        False,
        True,
        True,
    ]


# ---- The same as text ----------------------------------------------------------------------------


def test_digits_as_strings_make_the_same_corpus():
    rows = ragged(6, 500, 2000)
    text = Corpus([[str(i) for i in row] for row in rows])
    encoded = integer_reader.encode(rows)
    assert (encoded.ids == text.ids).all()
    assert (encoded.counts == text.type_counts).all()
    assert encoded.decode(np.arange(text.n_types)) == text.words()


@pytest.fixture(scope="module")
def walks():
    """Return a hundred thousand walks on a ring of cliques: node i belongs to clique i // 10."""
    cliques, size, steps = 40, 10, 12
    rng = np.random.default_rng(9)
    walks = np.empty((100_000, steps), np.int64)
    walks[:, 0] = at = rng.integers(0, cliques * size, len(walks))
    for step in range(1, steps):
        inside = at // size * size + rng.integers(0, size, len(at))
        # The first node of each clique leads to the first of the next one.
        leaves = (at % size == 0) & (rng.random(len(at)) < 0.5)
        walks[:, step] = at = np.where(leaves, (at + size) % (cliques * size), inside)
    return walks


def assert_cliques(model) -> None:
    for node in range(1, 400, 17):
        found = {int(word) for word, _ in model.wv.most_similar(str(node), topn=9)}
        expected = {other for other in range(400) if other // 10 == node // 10} - {node}
        assert len(found & expected) >= 8


def test_walks_on_a_graph_train_in_one_line(walks):
    assert_cliques(w2v.Word2Vec(walks, vector_size=32, epochs=1, workers=1, seed=1))


def test_assert_cliques_can_fail(walks):
    mixed = np.random.default_rng(0).permuted(walks, axis=0)[:20_000]
    with pytest.raises(AssertionError):
        assert_cliques(w2v.Word2Vec(mixed, vector_size=32, epochs=1, workers=1, seed=1))


def test_every_form_trains_to_the_same_bytes(walks):
    walks = walks[:2000]
    names = {node: f"n{node}" for node in range(400)}

    def trained(source, **options):
        corpus = Corpus(source, **options)
        model = w2v.Word2Vec(corpus, vector_size=16, workers=1, seed=3, epochs=1, min_count=1)
        return model.wv.index_to_key, model.wv.vectors.tobytes()

    expected = trained([[str(node) for node in walk] for walk in walks.tolist()])
    offsets = np.arange(len(walks) + 1) * walks.shape[1]
    for source in (walks, walks.astype(np.uint16), list(walks), walks.tolist(), iter(walks)):
        assert trained(source) == expected
    assert trained(walks.ravel(), offsets=offsets) == expected
    named = trained(walks, names=names)
    assert named == ([f"n{word}" for word in expected[0]], expected[1])
    assert named == trained([[names[node] for node in walk] for walk in walks.tolist()])


def test_baskets_train():
    baskets = scipy.sparse.random_array((300, 40), density=0.2, rng=1, format="csr")
    corpus = Corpus(baskets, names=[f"item {i}" for i in range(40)])
    assert corpus.n_tokens == baskets.nnz
    assert "item 7" in w2v.Word2Vec(corpus, vector_size=8, workers=1, min_count=1).wv


@pytest.mark.parametrize("empty", [[], (), np.array([])])
def test_the_first_walk_may_be_empty(empty):
    assert list(Corpus(iter([empty, empty, [3, 4]]))) == [["3", "4"]]


def test_walks_beyond_a_budget_and_straight_into_a_file(tmp_path):
    walks = np.random.default_rng(4).integers(0, 1000, (50_000, 100))
    expected = Corpus(walks)
    for corpus in (
        Corpus(iter(walks), memory="16MiB"),
        Corpus.encode(iter(walks), tmp_path / "walks.w2vc"),
    ):
        assert (corpus.ids == expected.ids).all()
        assert (corpus.type_counts == expected.type_counts).all()
        assert corpus.words() == expected.words()


def reused(make, rows):
    """Yield the same list or array each time, as generators of walks in C do."""
    row = make(rows[0])
    for values in rows:
        row[:] = values
        yield row


@pytest.mark.parametrize("make", [list, np.array, lambda row: np.array([0, *row])[1:]])
def test_rows_that_are_reused_are_read_at_once(make):
    rows = [[i, 10 * i, 100 * i] for i in range(1, 9)]
    expected = [[str(i) for i in row] for row in rows]
    assert list(Corpus(reused(make, rows))) == expected
    model = w2v.Word2Vec(rows, vector_size=4, min_count=1, sample=0, workers=1, epochs=1)
    found = model.score(reused(make, rows))
    np.testing.assert_array_equal(found, model.score(rows))


def test_a_reused_row_may_be_empty_first():
    row: list[int] = []

    def growing():
        for i in range(3):
            yield row
            row.append(i)

    assert list(Corpus(growing())) == [["0"], ["0", "1"]]


def test_a_set_of_sentences_is_refused():
    with pytest.raises(TypeError, match=r"another order in every process; pass sorted\(source\)"):
        Corpus({"a b", "c d"})
