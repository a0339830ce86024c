"""The tables room: cells of files, data frames and datasets, set against plain lists."""

import random
import subprocess
import sys
import types
import warnings

import numpy as np
import pytest

import w2v
from w2v.corpus import _text_encoder, arrow_columns, table_reader
from w2v.io.sniff import table_of

LINES = ["the cat  sat", None, "", "der Käse\tund die Maus", "日本 語 🐈", "x" * 40, "the dog"]
LISTS = [
    ["the", "cat"],
    None,
    [],
    ["der Käse", "日本"],
    ["the"],
    ["x" * 40, "a\nb"],
    ["the", "end"],
]


@pytest.fixture(scope="session")
def pa():
    return pytest.importorskip("pyarrow")


@pytest.fixture(scope="session")
def table(pa):
    return pa.table({"text": LINES, "tokens": LISTS, "n": list(range(len(LINES)))})


def by_hand(column: list) -> list[list[str]]:
    """Return the sentences that are in a column's cells."""
    rows = [cell.split() if isinstance(cell, str) else list(cell or ()) for cell in column]
    return [[token for token in row if token] for row in rows if any(row)]


def encoded(table: table_reader.TableReader) -> tuple[list[list[str]], int]:
    """Return the sentences that an encoder makes of a table, and how many cells are null."""
    encoder = _text_encoder.Encoder(_text_encoder.STRICT)
    null = 0
    for batch in table.batches():
        assert batch.first_row == encoder.items
        for array in (batch.data, batch.offsets, batch.list_offsets, batch.valid):
            assert array is None or array.flags.c_contiguous
        assert batch.offsets[0] == 0
        assert batch.offsets[-1] == len(batch.data)
        if batch.kind == "strings":
            assert batch.list_offsets is None
            null += encoder.add_rows(batch.data, batch.offsets, batch.valid)
        else:
            assert batch.list_offsets[0] == 0
            assert batch.list_offsets[-1] == len(batch.offsets) - 1
            null += encoder.add_lists(batch.data, batch.offsets, batch.list_offsets, batch.valid)[0]
    blocks = [
        np.frombuffer(memoryview(block), kind)
        for block, kind in zip(
            encoder.finish(), (np.int32, np.int64, np.int64, np.uint8), strict=True
        )
    ]
    ids, _, offsets, words = blocks
    sentences = [[]]
    for i in ids.tolist():
        if i < 0:
            sentences.append([])
        else:
            sentences[-1].append(words[offsets[i] : offsets[i + 1]].tobytes().decode())
    assert sentences.pop() == []
    return sentences, null


def assert_holds(make, column: list) -> None:
    """Check a table, opened anew each time by `make`, against the cells it was made from."""
    table = make()
    assert table.total in (0, len(column))
    assert encoded(table) == (by_hand(column), column.count(None))
    assert table.null_cells == column.count(None)
    assert list(make().strings()) == [(i, c) for i, c in enumerate(column) if c is not None]


def test_assert_holds_can_fail():
    right = [{"a": "x y"}, {"a": None}]
    assert_holds(lambda: table_reader.TableReader(right), ["x y", None])
    for wrong in (["x y"], ["x y", None, None], ["x z", None], [None, "x y"]):
        with pytest.raises(AssertionError):
            assert_holds(lambda: table_reader.TableReader(right), wrong)


# ---- What is a table -----------------------------------------------------------------------------


def test_is_table(table):
    for source in (
        table,
        table.to_batches()[0],
        table.to_reader(),
        table["text"],
        [{"a": "x"}],
        table["text"].chunk(0),
    ):
        assert table_reader.is_table(source)
    for source in ("path", b"", [], [["a"]], ["a"], iter([{"a": "x"}]), {"a": "x"}, np.zeros(3), 7):
        assert not table_reader.is_table(source)


@pytest.mark.parametrize(
    "text",
    [
        "PAR1",
        "PAR1 is a gene",
        "PAR1\nPAR2",
        "ARROW1",
        "ARROW1\tup",
        "FEA1 and FEA2",
        "",
        "PAR",
        "\ufeffPAR1",
    ],
)
def test_text_that_begins_like_a_table_is_text(text):
    assert table_of(text.encode()[:8]) is None


def test_a_file_that_is_no_table(tmp_path):
    path = tmp_path / "text.parquet"
    path.write_text("words and words")
    with pytest.raises(ValueError, match=r"text\.parquet: expected a Parquet.*b'words an'"):
        table_reader.TableReader(path)
    with pytest.raises(FileNotFoundError):
        table_reader.TableReader(tmp_path / "none.parquet")
    with pytest.raises(IsADirectoryError):
        table_reader.TableReader(tmp_path)


# ---- Files ---------------------------------------------------------------------------------------


def write_parquet(pa, table, path):
    import pyarrow.parquet

    pyarrow.parquet.write_table(table, path, row_group_size=3)


def write_parquet_pages(pa, table, path):
    import pyarrow.parquet

    pyarrow.parquet.write_table(
        table,
        path,
        compression="zstd",
        data_page_size=64,
        use_dictionary=False,
        data_page_version="2.0",
    )


def write_file(pa, table, path, compression=None):
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_file(path, table.schema, options=options) as writer:
        writer.write_table(table, 3)


def write_compressed_file(pa, table, path):
    write_file(pa, table, path, "zstd")


def write_stream(pa, table, path):
    with pa.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table, 3)


def write_feather(pa, table, path):
    import pyarrow.feather

    pyarrow.feather.write_feather(table, path)


WRITERS = {
    "Parquet file": [write_parquet, write_parquet_pages],
    "Arrow file": [write_file, write_compressed_file, write_feather],
    "Arrow stream": [write_stream],
}


@pytest.fixture(
    params=[write for writers in WRITERS.values() for write in writers],
    ids=lambda write: write.__name__,
)
def written(request, pa, table, tmp_path):
    path = tmp_path / "data"
    request.param(pa, table, str(path))
    kind = next(kind for kind, writers in WRITERS.items() if request.param in writers)
    return kind, path


def test_files(written):
    kind, path = written
    assert table_of(path.read_bytes()[:8]) == kind
    assert_holds(lambda: table_reader.TableReader(path, "text"), LINES)
    assert_holds(lambda: table_reader.TableReader(str(path), "tokens"), LISTS)
    described = table_reader.TableReader(path, "text").describe()
    rows = len(LINES) if kind == "Parquet file" else 0
    assert described == {"kind": kind, "column": "text", "type": "string", "rows": rows}


def test_feather_v1(pa, tmp_path):
    import pyarrow.feather

    path = tmp_path / "data"
    table = pa.table({"text": LINES, "n": list(range(len(LINES)))})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pyarrow.feather.write_feather(table, str(path), version=1)
    assert table_of(path.read_bytes()[:8]) == "Feather V1 file"
    assert_holds(lambda: table_reader.TableReader(path), LINES)


def test_a_cut_file_is_an_error(written):
    _, path = written
    whole = path.read_bytes()
    # Among them are cuts between two messages of a stream.
    for length in {*range(8, len(whole), 8), len(whole) - 1}:
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="data: cannot read"):
            encoded(table_reader.TableReader(path, "tokens"))


@pytest.mark.parametrize("write", [
    write_file,
    pytest.param(write_stream, marks=pytest.mark.thorough),
    pytest.param(write_compressed_file, marks=pytest.mark.thorough),
])  # fmt: skip
def test_a_damaged_file_never_leads_outside(pa, table, write, tmp_path):
    """In a process of its own, were it to die of a wrong offset."""
    path = tmp_path / "data"
    write(pa, table, str(path))
    check = f"""
import random
from w2v.corpus import _text_encoder, table_reader
path = {str(path)!r}
whole = open(path, "rb").read()
for seed in range(150):
    draw = random.Random(seed)
    data = bytearray(whole)
    for _ in range(draw.choice((1, 1, 4))):
        data[draw.randrange(6, len(data))] = draw.choice((0, 1, 127, 128, 255, draw.randrange(256)))
    open(path, "wb").write(data)
    for column in ("text", "tokens"):
        try:
            for batch in table_reader.TableReader(path, column).batches():
                encoder = _text_encoder.Encoder(_text_encoder.REPLACE)
                if batch.kind == "strings":
                    encoder.add_rows(batch.data, batch.offsets, batch.valid)
                else:
                    encoder.add_lists(batch.data, batch.offsets, batch.list_offsets, batch.valid)
        except (ValueError, TypeError, MemoryError, NotImplementedError, KeyError):
            pass
print("lived")
"""
    run = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=False)
    assert run.stdout == "lived\n", run.stderr[-2000:]


def test_a_parquet_file_is_read_batch_by_batch(pa, tmp_path):
    import pyarrow.parquet

    path = tmp_path / "data.parquet"
    lines = [f"{i} {'word ' * 2000}" for i in range(1_000)]
    pyarrow.parquet.write_table(pa.table({"text": lines}), path)
    largest = max(len(batch.data) for batch in table_reader.TableReader(path).batches())
    assert largest <= arrow_columns.MAX_BYTES + 11_000
    assert_holds(lambda: table_reader.TableReader(path), lines)


# ---- Types ---------------------------------------------------------------------------------------


def string_types(pa):
    return [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.dictionary(pa.int8(), pa.string()),
        pa.dictionary(pa.int32(), pa.large_string()),
    ]


@pytest.mark.parametrize("number", range(5))
def test_string_types(pa, number):
    kind = string_types(pa)[number]
    array = pa.array(LINES, pa.string()).cast(kind) if number < 3 else pa.array(LINES, kind)
    assert_holds(lambda: table_reader.TableReader(array), LINES)
    chunked = pa.chunked_array([array[:2], array[2:2], array[2:]])
    assert_holds(lambda: table_reader.TableReader(chunked), LINES)
    assert_holds(lambda: table_reader.TableReader(array[3:6]), LINES[3:6])
    assert table_reader.TableReader(pa.table({"a": array})).describe()["type"] == str(kind)


@pytest.mark.parametrize("number", range(5))
def test_list_types(pa, number, tmp_path):
    kind = string_types(pa)[number]
    for outer in (pa.list_, pa.large_list):
        array = pa.array(LISTS, outer(kind))
        assert_holds(lambda array=array: table_reader.TableReader(array), LISTS)
        assert_holds(lambda array=array: table_reader.TableReader(array[3:6]), LISTS[3:6])
        table = pa.table({"a": array})
        write_file(pa, table, str(tmp_path / "file"))
        assert_holds(lambda: table_reader.TableReader(tmp_path / "file"), LISTS)
    fixed = [["a", "b"], None, ["c", "a"], ["", "d"], ["e", "f"]]
    array = pa.array(fixed, pa.list_(kind, 2))
    assert_holds(lambda: table_reader.TableReader(array), fixed)
    assert_holds(lambda: table_reader.TableReader(array[1:4]), fixed[1:4])


def test_null_tokens_are_left_out_and_counted(pa):
    rows = [["a", None, "b"], None, [None], ["c"]]
    array = pa.array(rows)
    # Some writers keep bytes below a null.
    words = pa.StringArray.from_buffers(
        5,
        *pa.array(["a", "HIDDEN", "b", "HIDDEN", "c"]).buffers()[1:],
        pa.py_buffer(bytes([0b10101])),
        2,
    )
    hidden = pa.ListArray.from_arrays(array.offsets, words, mask=array.is_null())
    for source in (array, hidden, [{"a": row} for row in rows]):
        table = table_reader.TableReader(source)
        assert encoded(table) == ([["a", "b"], ["c"]], 1)
        assert table.null_tokens == 2


@pytest.mark.parametrize("offsets", [[0, 4, 2, 6], [0, 2, 4, 7], [-1, 2, 4, 6]])
def test_offsets_that_lead_nowhere(pa, offsets):
    right = np.array([0, 2, 4, 6], np.int32)
    array = pa.StringArray.from_buffers(3, pa.py_buffer(right), pa.py_buffer(b"abcdef"))
    right[:] = offsets  # behind pyarrow's back, which has looked at them
    with pytest.raises(arrow_columns.CorruptColumnError, match="offsets descend"):
        arrow_columns.from_arrow(pa, array, 0, trusted=True)


def test_a_long_column_is_cut_into_batches(pa, monkeypatch):
    monkeypatch.setattr(arrow_columns, "MAX_BYTES", 50)
    monkeypatch.setattr(arrow_columns, "MAX_ROWS", 7)
    draw = random.Random(1)
    for make in (
        lambda: " ".join("ab" * draw.randrange(9) for _ in range(draw.randrange(9))),
        lambda: ["ab" * draw.randrange(9) for _ in range(draw.randrange(9))],
    ):
        column = [draw.choice((make(), make(), None)) for _ in range(300)]
        assert_holds(lambda column=column: table_reader.TableReader(pa.array(column)), column)
        for batch in table_reader.TableReader(pa.array(column)).batches():
            assert len(batch) == 1 or (len(batch) <= 7 and len(batch.data) <= 50)


# ---- In memory -----------------------------------------------------------------------------------


def test_what_pyarrow_has(table):
    for make in (
        lambda: table,
        lambda: table.to_batches(max_chunksize=3)[0],
        table.to_reader,
        lambda: table.slice(2, 4),
    ):
        for column in ("text", "tokens"):
            rows = make()
            rows = (rows.read_all() if hasattr(rows, "read_all") else rows)[column].to_pylist()
            assert_holds(
                lambda make=make, column=column: table_reader.TableReader(make(), column), rows
            )
    assert table_reader.TableReader(table, "text").describe() == {
        "kind": "pyarrow Table",
        "column": "text",
        "type": "string",
        "rows": len(LINES),
    }


def test_polars():
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame({"text": LINES, "tokens": LISTS, "n": range(len(LINES))})
    assert table_reader.is_table(frame)
    assert_holds(lambda: table_reader.TableReader(frame, "text"), LINES)
    assert_holds(lambda: table_reader.TableReader(frame, "tokens"), LISTS)
    assert_holds(lambda: table_reader.TableReader(frame["text"]), LINES)
    assert_holds(lambda: table_reader.TableReader(frame["tokens"]), LISTS)
    assert_holds(lambda: table_reader.TableReader(frame["text"].cast(pl.Categorical)), LINES)


def test_pandas(pa):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"text": LINES, "tokens": LISTS, "n": range(len(LINES))})
    assert table_reader.is_table(frame)
    assert_holds(lambda: table_reader.TableReader(frame, "text"), LINES)
    assert_holds(lambda: table_reader.TableReader(frame, "tokens"), LISTS)


def test_a_frame_without_an_arrow_interface(pa):
    class Frame:
        def __dataframe__(self): ...

    assert table_reader.is_table(Frame())
    with pytest.raises(TypeError, match=r"Frame: this version has no Arrow interface.*2\.2"):
        table_reader.TableReader(Frame(), "text")


# ---- Datasets ------------------------------------------------------------------------------------


def quietly_imported_datasets():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("datasets")


@pytest.mark.filterwarnings("ignore")
def test_datasets():
    datasets = quietly_imported_datasets()
    plain = datasets.Dataset.from_dict({"text": LINES, "tokens": LISTS, "n": range(len(LINES))})
    turned = plain.select(range(len(LINES) - 1, -1, -1))
    for source, order in ((plain, 1), (plain.to_iterable_dataset(), 1), (turned, -1)):
        assert table_reader.is_table(source)
        for column, rows in (("text", LINES), ("tokens", LISTS)):
            assert_holds(lambda s=source, c=column: table_reader.TableReader(s, c), rows[::order])
    assert table_reader.TableReader(plain, "text").total == len(LINES)
    streamed = datasets.IterableDataset.from_generator(lambda: ({"a": line} for line in LINES))
    assert_holds(lambda: table_reader.TableReader(streamed), LINES)
    splits = datasets.DatasetDict(train=plain, test=turned)
    assert table_reader.is_table(splits)
    with pytest.raises(TypeError, match=r"found splits \(train, test\).*dataset\['train'\]"):
        table_reader.TableReader(splits, "text")
    for source in (plain, plain.to_iterable_dataset()):
        with pytest.raises(ValueError, match=r"no column 'texts'; the columns are text.*tokens"):
            table_reader.TableReader(source, "texts")


class RowsOnly:
    """A dataset that can only be walked through."""

    column_names = None

    def __init__(self, rows):
        self.rows = rows

    def with_format(self, kind):
        raise NotImplementedError

    def __iter__(self):
        return iter(self.rows)


def test_a_dataset_of_rows_needs_no_pyarrow():
    source = RowsOnly([{"text": line, "n": 1} for line in LINES])
    assert table_reader.is_table(source)
    assert_holds(lambda: table_reader.TableReader(source), LINES)


# ---- Rows as mappings ----------------------------------------------------------------------------


def test_rows_as_mappings():
    rows = [{"text": a, "tokens": b, "n": 3} for a, b in zip(LINES, LISTS, strict=True)]
    for make in (
        lambda: rows,
        lambda: iter(rows),
        lambda: tuple(rows),
        lambda: (types.MappingProxyType(row) for row in rows),
    ):
        assert_holds(lambda make=make: table_reader.TableReader(make(), "text"), LINES)
        assert_holds(lambda make=make: table_reader.TableReader(make(), "tokens"), LISTS)
    mixed = [{"a": None}, {"a": "x y"}, {"a": ["p", "q"]}, {"a": None}, {"a": ("r",)}]
    assert encoded(table_reader.TableReader(mixed, "a")) == ([["x", "y"], ["p", "q"], ["r"]], 2)


@pytest.mark.parametrize(
    ("row", "error", "message"),
    [
        ({"a": 7}, TypeError, r"row 2 .*column 'a': expected a str or a list of str, found int 7"),
        ({"a": b"x"}, TypeError, r"row 2 .*found bytes b'x'"),
        ({"a": {"b": "c"}}, TypeError, r"row 2 .*found dict"),
        ({"a": ["x", 7]}, TypeError, r"row 2, token 1 .*expected a str, found int 7"),
        ({"b": "x"}, ValueError, r"row 2 .*no column 'a'; the columns are b \(str\)"),
        (["x"], TypeError, r"row 2 .*expected a mapping of column to cell, found list"),
    ],
)
def test_a_wrong_row_is_named(row, error, message):
    rows = [{"a": "x"}, {"a": None}, row, {"a": "y"}]
    with pytest.raises(error, match=message):
        list(table_reader.TableReader(rows, "a").batches())


def test_a_generator_that_raises():
    def rows():
        yield {"a": "x"}
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match=r"^mine$"):
        list(table_reader.TableReader(rows(), "a").batches())


def test_lone_surrogates_are_for_the_encoder_to_judge():
    batch = next(table_reader.TableReader([{"a": "x \ud800"}]).batches())
    with pytest.raises(ValueError, match="invalid UTF-8"):
        _text_encoder.Encoder(_text_encoder.STRICT).add_rows(batch.data, batch.offsets, batch.valid)


# ---- Which column --------------------------------------------------------------------------------


def test_the_only_column_of_text_is_taken(pa):
    table = pa.table({"n": [1], "text": ["a b"], "b": [b"x"]})
    assert table_reader.TableReader(table).describe()["column"] == "text"
    assert (
        table_reader.TableReader(pa.table({"n": [1], "tokens": [["a"]]})).describe()["column"]
        == "tokens"
    )
    assert table_reader.TableReader([{"n": 1, "text": "a"}]).describe()["column"] == "text"


def test_which_column_is_asked_with_a_list(pa, table):
    listed = r"text \(string\), tokens \(list<(item|element): string>\), n \(int64\)"
    with pytest.raises(ValueError, match=r"2 columns could be .* with column=.*" + listed):
        table_reader.TableReader(table)
    with pytest.raises(ValueError, match=r"no column 'words'; the columns are " + listed):
        table_reader.TableReader(table, "words")
    with pytest.raises(ValueError, match=r"no column of strings.*n \(int64\)"):
        table_reader.TableReader(table.select(["n"]))
    with pytest.raises(TypeError, match=r"column 'n': expected strings, .*found int64; cast the"):
        table_reader.TableReader(table, "n")
    with pytest.raises(ValueError, match="2 columns are named 'a'"):
        table_reader.TableReader(pa.Table.from_arrays([pa.array(["x"])] * 2, ["a", "a"]), "a")
    with pytest.raises(TypeError, match="column=3: expected the name"):
        table_reader.TableReader(table, 3)
    with pytest.raises(ValueError, match="column= applies only to tables"):
        table_reader.TableReader(table["text"], "text")
    with pytest.raises(TypeError, match=r"expected strings, .* or lists of integers, found int64"):
        table_reader.TableReader(table["n"])
    with pytest.raises(ValueError, match=r"2 columns could be .*a \(str\), b \(list of str\)"):
        table_reader.TableReader([{"a": "x", "b": ["y"]}])


def test_names_with_dots(pa, tmp_path):
    table = pa.table({"a": [{"b": "wrong"}], "a.b": ["right"], "a.b.c": ["wrong"]})
    path = tmp_path / "data"
    write_parquet(pa, table, path)
    assert_holds(lambda: table_reader.TableReader(path, "a.b"), ["right"])


def test_invalid_utf8_is_named(pa, tmp_path):
    bad = pa.array([b"good", b"bad \xff"]).view(pa.string())
    path = tmp_path / "data"
    write_file(pa, pa.table({"a": bad}), str(path))
    with pytest.raises(ValueError, match=r"data, column 'a', row 1 .*invalid UTF-8 at byte 4"):
        list(table_reader.TableReader(path).strings())
    assert list(table_reader.TableReader(path).strings("replace")) == [
        (0, "good"),
        (1, "bad \ufffd"),
    ]


# ---- Without pyarrow -----------------------------------------------------------------------------


def test_a_missing_pyarrow_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    path = tmp_path / "data.parquet"
    path.write_bytes(b"PAR1\x15\x00\x15\x00PAR1")
    with pytest.raises(ImportError, match=r"data\.parquet: .*pip install 'w2v\[arrow\]'"):
        table_reader.TableReader(path)
    assert_holds(lambda: table_reader.TableReader([{"a": "x"}]), ["x"])


# ---- As a corpus ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sentences():
    draw = random.Random(7)
    words = [*(f"w{i}" for i in range(60)), "Käse", "日本"]
    return [[draw.choice(words) for _ in range(draw.randrange(1, 15))] for _ in range(800)]


def test_every_form_of_a_text_trains_to_the_same_bytes(pa, sentences, tmp_path):
    lines = [" ".join(sentence) for sentence in sentences]
    text = tmp_path / "text.txt"
    text.write_text("\n".join(lines), encoding="utf-8")
    table = pa.table({"line": lines, "tokens": sentences, "n": range(len(lines))})
    rows = [{"line": line, "n": 1} for line in lines]

    def trained(source, **options):
        corpus = w2v.Corpus(source, **options)
        model = w2v.Word2Vec(corpus, vector_size=16, workers=1, seed=3, epochs=2, min_count=1)
        return model.wv.index_to_key, model.wv.vectors.tobytes()

    expected = trained(text)
    assert trained(sentence for sentence in sentences) == expected
    assert trained(rows) == trained(iter(rows)) == expected
    for column in ("line", "tokens"):
        assert trained(table, column=column) == expected
        for write in (write for writers in WRITERS.values() for write in writers):
            path = tmp_path / "table"
            write(pa, table, str(path))
            assert trained(path, column=column) == expected
    half = [tmp_path / "half.0", tmp_path / "half.1"]
    write_parquet(pa, table[:300], half[0])
    write_stream(pa, table[300:], half[1])
    assert trained(half, column="line") == expected
    # The one that must differ.
    assert trained(table[1:], column="line") != expected


def test_cells_that_are_null_are_told(table):
    with pytest.warns(UserWarning, match="skipped 1 null cells"):
        corpus = w2v.Corpus(table, column="text")
    assert list(corpus) == by_hand(LINES)
    assert corpus.source["table"]["column"] == "text"


def test_a_tokenizer_meets_strings(pa, tmp_path):
    write_parquet(pa, pa.table({"a": ["Ab cd", "cd"]}), tmp_path / "data")
    for source in (tmp_path / "data", pa.array(["Ab cd", "cd"]), [{"a": "Ab cd"}, {"a": "cd"}]):
        corpus = w2v.Corpus(source, tokenizer=lambda text: list(text.lower()))
        assert corpus.words() == ["a", "b", "c", "d"]


def test_nearly_a_source_says_what_to_pass():
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    frame = pandas.DataFrame({"user": [1, 1, 2], "item": [3, 1, 4], "name": ["p", "q", "q"]})
    grouped = frame.groupby("user")["item"]
    for source, message in (
        (polars.LazyFrame({"t": ["a b"]}), r"LazyFrame is not computed yet; pass frame\.collect"),
        (grouped, r"SeriesGroupBy is a group-by, .* grouped\.apply\(list\)\.to_list\(\)"),
        (frame["item"], r"found int64; group it into sentences, as in frame\.groupby"),
        (polars.Series([True]), r"found bool; pass a list, such as"),
        (pandas.Series([pandas.Series(["a"])]), r"cannot read it .* \[list\(cell\) for cell in"),
    ):
        with pytest.raises(TypeError, match=message):
            w2v.Corpus(source)
    with pytest.raises(ValueError, match=r"as in Corpus\(source, column='a'\)"):
        w2v.Corpus(pandas.DataFrame({"a": ["x"], "b": ["y"]}))


# ---- Lists of ids --------------------------------------------------------------------------------

BASKETS = [[3, 1, 2], None, [2, 70_000], [], [1]]


def baskets(pa, tmp_path):
    """Yield (source, column) for the same baskets in every kind of table."""
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    series = pandas.Series(BASKETS)
    yield series, None
    yield series.map(lambda ids: np.array(ids, np.int64), na_action="ignore"), None
    yield polars.Series(BASKETS), None
    yield pa.array(BASKETS, pa.large_list(pa.int64())).slice(1), None
    yield pa.array(BASKETS), None
    yield pa.chunked_array([BASKETS[:2], BASKETS[2:]], pa.list_(pa.int32())), None
    table = pa.table({"user": [1, 2, 3, 4, 5], "items": BASKETS})
    yield table, None
    yield table.to_pandas(), "items"
    yield table.slice(1), "items"
    yield [{"user": 1, "items": basket} for basket in BASKETS], "items"
    pa.parquet.write_table(table, tmp_path / "baskets.parquet")
    yield tmp_path / "baskets.parquet", None
    yield [tmp_path / "baskets.parquet"] * 2, "items"


@pytest.mark.filterwarnings("ignore:skipped . null cells")
def test_lists_of_ids_are_sentences(pa, tmp_path):
    import pyarrow.parquet  # noqa: F401

    expected = [[str(one) for one in basket] for basket in BASKETS if basket]
    for source, column in baskets(pa, tmp_path):
        found = list(w2v.Corpus(source, column=column))
        assert found in (expected, expected[1:], expected * 2)
    named = w2v.Corpus(pa.array([[0, 1]]), names=["zero", "one"])
    assert named.words() == ["zero", "one"]
    assert named.source["table"]["type"].startswith("list<")


def test_lists_of_ids_that_are_none(pa, tmp_path):
    with pytest.raises(ValueError, match=r"row 1 .* a null in a list of ids; drop it"):
        w2v.Corpus(pa.array([[1, 2], [3, None]]))
    with pytest.raises(ValueError, match="negative id -1"):
        w2v.Corpus(pa.array([[1, -1]]))
    with pytest.raises(ValueError, match="tokenizer= and lowercase= apply only to text"):
        w2v.Corpus(pa.array([[1, 2]]), lowercase=True)
    with pytest.warns(UserWarning, match="skipped 1 null cells"):
        w2v.Corpus(pa.array([[1, 2], None]))
    import pyarrow.parquet

    for name, column in (("a", [[1, 2]]), ("b", ["x y"])):
        pyarrow.parquet.write_table(pa.table({"t": column}), tmp_path / name)
    paths = [tmp_path / "a", tmp_path / "b"]
    with pytest.raises(ValueError, match="b, column 't': expected lists of integers, as"):
        w2v.Corpus(paths)
    with pytest.raises(ValueError, match="a, column 't': expected text, as the tables"):
        w2v.Corpus(paths[::-1])


@pytest.mark.filterwarnings("ignore:skipped . null cells")
def test_a_series_needs_no_pyarrow(monkeypatch):
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for library in (pandas, polars):
        for cells in (["a b", None, "c d"], [["a", "b"], None, ["c", "d"]]):
            assert list(w2v.Corpus(library.Series(cells))) == [["a", "b"], ["c", "d"]]
        assert list(w2v.Corpus(library.Series([[1, 2], [3]]))) == [["1", "2"], ["3"]]
        frame = library.DataFrame({"text": ["a b"], "n": [1]})
        assert list(w2v.Corpus(frame, column="text")) == [["a", "b"]]
        with pytest.raises(ValueError, match="no column 'words'; the columns are"):
            w2v.Corpus(frame, column="words")
        with pytest.raises(ImportError, match="needs pyarrow"):
            w2v.Corpus(frame)


def test_sets_of_strings_are_warned_about():
    pandas = pytest.importorskip("pandas")
    for source in ([{"a", "b"}], [frozenset("ab")], pandas.Series([{"a", "b"}])):
        with pytest.warns(UserWarning, match=r"sentence 0 .* order in every process.* sorted\("):
            assert w2v.Corpus(source).n_tokens == 2
