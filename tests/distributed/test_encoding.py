"""Encoding in tasks: the same ids as on one machine, for any number of splits and partitions.

The tasks run here in this process, one after the other; test_ray.py has those of a cluster.
"""

import bz2
import dataclasses
import errno
import gzip
import json
import lzma
import os
import random
import warnings

import numpy as np
import pytest

import w2v
from w2v.corpus.options import Options
from w2v.distributed import words as tables
from w2v.distributed.encoding import DistributedEncoder
from w2v.distributed.storage import resolve
from w2v.io import corpus_parts

RNG = random.Random(7)
WORDS = [f"w{i}" for i in range(400)] + ["straße", "日本", "🐈" * 9, "x" * 5000]
LINES = [
    " ".join(RNG.choices(WORDS, [1 / (i + 1) for i in range(len(WORDS))], k=RNG.randrange(30)))
    for _ in range(300)
]


class Inline:
    """Tasks that run at once, here; they end in another order than they were started."""

    cpus = 3

    def submit(self, function, *args, returns=1):
        result = function(*args)
        assert returns == 1 or len(result) == returns
        return result

    def get(self, result):
        return result

    def in_order_of_end(self, results):
        yield from reversed(list(enumerate(results)))

    def blocks(self, dataset):
        return dataset.chunks


def encode(source, output, progress=None, *, tasks=None, **arguments):
    reading = {
        name: arguments.pop(name)
        for name in ("tokenizer", "lowercase", "errors", "memory")
        if name in arguments
    }
    encoder = DistributedEncoder(Options(**reading), **arguments)
    return encoder.encode(source, output, tasks or Inline(), progress)


def same(found, expected):
    for one, other in zip(found.encoded.arrays, expected.encoded.arrays, strict=True):
        np.testing.assert_array_equal(one, other)
    return True


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "text.txt"
    path.write_text("\ufeff" + "\n".join(LINES), "utf-8")
    return path


# ---- The same ids --------------------------------------------------------------------------------


@pytest.mark.parametrize("size", ["1GB", 30_000, 1_000])
@pytest.mark.parametrize("partitions", [1, 4])
def test_text_in_splits(text, tmp_path, size, partitions):
    manifest = encode(text, tmp_path / "c", split_size=size, partitions=partitions)
    expected = w2v.Corpus(text)
    assert same(w2v.Corpus.open(tmp_path / "c"), expected)
    assert len(manifest.parts) == max(1, -(-text.stat().st_size // w2v_size(size)))
    assert (manifest.n_tokens, manifest.n_sentences) == (expected.n_tokens, len(expected))


def w2v_size(size):
    return 10**9 if size == "1GB" else size


@pytest.mark.parametrize(
    "options",
    [
        {"tokenizer": "unicode"},
        {"lowercase": True},
        {"tokenizer": lambda text: list(text[:9])},
        {"memory": "1GB"},
    ],
    ids=["unicode", "lowercase", "callable", "memory"],
)
def test_reading_options(text, tmp_path, options):
    encode(text, tmp_path / "c", split_size=9_000, **options)
    made = w2v.Corpus.open(tmp_path / "c")
    assert same(made, w2v.Corpus(text, **options))
    tokenizer, lowercase = options.get("tokenizer"), options.get("lowercase", False)
    assert made.source["lowercase"] is lowercase
    assert made.source["tokenizer"] == (
        tokenizer.__qualname__ if callable(tokenizer) else tokenizer
    )


def test_files_folders_and_compression(tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    pack = {"a.txt": bytes, "b.gz": gzip.compress, "c.bz2": bz2.compress, "d.xz": lzma.compress}
    for number, (name, packed) in enumerate(pack.items()):
        text = "\n".join(LINES[number::5])
        (folder / name).write_bytes(packed(text.encode()))
    (folder / "empty.txt").touch()
    (folder / "z.txt").write_text("one line\nand another")
    for source in (folder, str(folder / "*"), sorted(folder.iterdir())):
        encode(source, tmp_path / "c", split_size=2_000)
        assert same(w2v.Corpus.open(tmp_path / "c"), w2v.Corpus(folder))


def test_the_address_of_a_folder(tmp_path):
    pytest.importorskip("pyarrow")
    folder = tmp_path / "texts"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.txt").write_text("\n".join(LINES[number::3]))
    encode(folder.as_uri(), tmp_path / "c", split_size=2_000)
    assert same(w2v.Corpus.open(tmp_path / "c"), w2v.Corpus(folder))


@pytest.mark.parametrize("column", ["text", "tokens"])
@pytest.mark.parametrize("size", ["1GB", 3_000])
def test_parquet(tmp_path, column, size):
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pa.table(
        {"text": LINES, "tokens": [line.split() for line in LINES], "n": [*range(300)]}
    )
    path = tmp_path / "t.parquet"
    parquet.write_table(table, path, row_group_size=29)
    manifest = encode(path, tmp_path / "c", column=column, split_size=size)
    assert (len(manifest.parts) > 3) == (size == 3_000)
    assert same(w2v.Corpus.open(tmp_path / "c"), w2v.Corpus(path, column=column))


def test_json_lines(tmp_path):
    pytest.importorskip("pyarrow")
    cells = [None if i % 50 == 0 else line for i, line in enumerate(LINES)]
    rows = [{"n": i, "text": cell, "other": ["a", i]} for i, cell in enumerate(cells)]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    path = tmp_path / "t.jsonl"
    packed = tmp_path / "t.ndjson.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    expected = w2v.Corpus([cell for cell in cells if cell])
    for one, size in ((path, 4_000), (path, "1GB"), (packed, 4_000)):
        with pytest.warns(UserWarning, match="skipped 6 null cells"):
            encode(one, tmp_path / "c", column="text", split_size=size)
        assert same(w2v.Corpus.open(tmp_path / "c"), expected)
    lists = tmp_path / "l.jsonl"
    lists.write_text("\n".join(json.dumps({"t": line.split()}) for line in LINES))
    encode(lists, tmp_path / "c", column="t", split_size=4_000)
    assert same(w2v.Corpus.open(tmp_path / "c"), w2v.Corpus([line.split() for line in LINES]))


def test_comma_separated_values(tmp_path):
    pytest.importorskip("pyarrow")
    import csv

    for name, delimiter in (("t.csv", ","), ("t.tsv", "\t")):
        with open(tmp_path / name, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter=delimiter)
            writer.writerow(["n", "text"])
            writer.writerows([i, f'{line}, "q"\nmore'] for i, line in enumerate(LINES))
        encode(tmp_path / name, tmp_path / "c", column="text", split_size=1_000)
        expected = w2v.Corpus([f'{line}, "q" more' for line in LINES])
        assert same(w2v.Corpus.open(tmp_path / "c"), expected)


def test_addresses_of_another_file_system(tmp_path):
    """memory:// is fsspec's, in this process."""
    pytest.importorskip("pyarrow")
    memory = pytest.importorskip("fsspec").filesystem("memory")
    for number in range(3):
        text = "\n".join(LINES[number::3]).encode()
        (tmp_path / f"{number}.txt").write_bytes(text)
        memory.pipe_file(f"/texts/deep/{number}.txt", text)
        memory.pipe_file(f"/packed/{number}.gz", gzip.compress(text))
    memory.pipe_file("/texts/.hidden", b"no")
    expected = w2v.Corpus(str(tmp_path / "*.txt"))
    names = ["memory://texts/deep/0.txt", "memory://texts/deep/1.txt", "memory://texts/deep/2.txt"]
    sources = ("memory://texts", "memory://texts/**/?.txt", "memory://packed/*.gz", names)
    for source in sources:
        manifest = encode(source, "memory://out/corpus", split_size=2_000)
        for path in memory.ls("/out/corpus", detail=False):
            name = os.path.basename(path)
            (tmp_path / "c").mkdir(exist_ok=True)
            (tmp_path / "c" / name).write_bytes(memory.cat_file(path))
        assert same(w2v.Corpus.open(tmp_path / "c"), expected)
        assert sorted(map(os.path.basename, memory.ls("/out/corpus", detail=False))) == sorted(
            [*manifest.files(), "manifest.json"]
        )
    with pytest.raises(FileNotFoundError, match="no such file"):
        resolve("memory://nowhere/*.txt")
    with pytest.raises(ValueError, match="nope://a: no file system for this scheme"):
        resolve("nope://a")


def test_words_may_be_pruned_exactly(text, tmp_path):
    corpus = w2v.Corpus(text)
    counts = dict(zip(corpus.words(), corpus.type_counts.tolist(), strict=True))
    kept = [[word for word in sentence if counts[word] >= 20] for sentence in corpus]
    assert any(not sentence for sentence in kept)
    assert 20 in counts.values()
    for size in ("1GB", 2_500):
        encode(text, tmp_path / "c", prune_below=20, split_size=size)
        made = w2v.Corpus.open(tmp_path / "c")
        assert same(made, w2v.Corpus(kept))
        assert made.source["prune_below"] == 20
    with pytest.raises(ValueError, match="prune_below=100000: no word of the text occurs that"):
        encode(text, tmp_path / "d", prune_below=100_000)
    assert os.listdir(tmp_path / "d") == []


def test_a_sentence_that_is_dropped_between_two_chunks_leaves_no_end(monkeypatch, tmp_path):
    monkeypatch.setattr("w2v.distributed.encoding._CHUNK", 3)
    lines = ["a b", "x", "a", "y z", "b a a", "w", "b"]
    path = tmp_path / "t.txt"
    path.write_text("\n".join(lines))
    encode(path, tmp_path / "c", prune_below=2)
    kept = w2v.Corpus(["a b", "a", "b a a", "b"])
    assert same(w2v.Corpus.open(tmp_path / "c"), kept)


def test_partitions_by_hash():
    corpus = w2v.Corpus([[f"word{i}" for i in range(5000)] + ["x" * 10**6, "y"]])
    _, _, offsets, words = corpus.encoded.arrays
    found = tables.partition_of(words, offsets, 7)
    sizes = np.bincount(found, minlength=7)
    assert len(sizes) == 7
    assert sizes.min() > 5000 / 7 * 0.8
    rows = np.arange(4000, 5002)
    taken, ends = tables.take(words, offsets, rows)
    np.testing.assert_array_equal(tables.partition_of(taken, ends, 7), found[rows])


# ---- Manifests -----------------------------------------------------------------------------------


@pytest.fixture
def encoded(text, tmp_path):
    manifest = encode(text, tmp_path / "c", split_size=10_000)
    return tmp_path / "c", manifest


@pytest.mark.parametrize(
    ("option", "kind"), [("names", "integers"), ("offsets", "integers"), ("column", "tables")]
)
def test_options_of_other_sources_are_refused(encoded, option, kind):
    with pytest.raises(ValueError, match=f"^{option}= applies only to {kind}"):
        w2v.Corpus(encoded[0], **{option: "a" if option == "column" else [0, 1]})


def test_a_model_trains_on_the_folder_and_on_the_manifest(text, encoded):
    folder, _ = encoded
    settings = {"vector_size": 8, "min_count": 1, "epochs": 1, "workers": 1, "progress": False}
    made = [
        w2v.Word2Vec(source, **settings).wv.vectors
        for source in (text, folder, str(folder / "manifest.json"))
    ]
    np.testing.assert_array_equal(made[0], made[1])
    np.testing.assert_array_equal(made[0], made[2])
    with pytest.raises(ValueError, match="is encoded already; pass a tokenizer"):
        w2v.Corpus(folder, lowercase=True)


def test_a_large_corpus_is_gathered_in_a_file(text, encoded, monkeypatch):
    monkeypatch.setattr(corpus_parts, "_MAX_IN_MEMORY", 1000)
    made = w2v.Corpus.open(encoded[0])
    assert isinstance(made.ids.base, np.memmap)
    assert same(made, w2v.Corpus(text))
    monkeypatch.setattr(corpus_parts.tempfile, "TemporaryFile", full_disk)
    with pytest.raises(OSError, match=r"parts of .* were gathered in one temporary file; free"):
        w2v.Corpus.open(encoded[0])


def full_disk(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_single_part_is_mapped(text, tmp_path):
    encode(text, tmp_path / "c")
    made = w2v.Corpus.open(tmp_path / "c")
    assert isinstance(made.ids.base, np.memmap)
    assert not made.ids.flags.writeable


@pytest.mark.parametrize("verify", [None, True])
@pytest.mark.parametrize("size", [10_000, "1GB"])
def test_damage_is_found(text, tmp_path, size, verify):
    folder = tmp_path / "c"
    manifest = encode(text, folder, split_size=size)
    for name in manifest.files():
        path = folder / name
        data = path.read_bytes()
        path.write_bytes(data[:-1])
        with pytest.raises(
            ValueError, match=f"{name}: it has .* bytes, not .*truncated or corrupt"
        ):
            w2v.Corpus.open(folder, verify=verify)
        path.write_bytes(data[:40] + bytes([data[40] ^ 1]) + data[41:])
        with pytest.raises(ValueError, match=f"{name}: checksum mismatch"):
            w2v.Corpus.open(folder, verify=verify)
        path.unlink()
        with pytest.raises(FileNotFoundError, match=r"names this file, of .*copy all files of"):
            w2v.Corpus.open(folder, verify=verify)
        path.write_bytes(data)
    assert same(w2v.Corpus.open(folder), w2v.Corpus(text))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[:-20], "invalid JSON"),
        (lambda text: text.replace('"parts"', '"pieces"'), "not those of a manifest"),
        (lambda text: text.replace('"format_version": 1', '"format_version": 2'), "upgrade w2v"),
        (lambda text: text.replace('"tokens": ', '"tokens": 1', 1), "sums of its parts"),
        (lambda text: text.replace('"file": "', '"file": "../'), "not the name of a file in this"),
        (lambda text: text.replace('"ids": ', '"ids": -'), "a size is not an integer, or negative"),
    ],
)
def test_damaged_manifests(encoded, change, message):
    path = encoded[0] / "manifest.json"
    path.write_text(change(path.read_text()))
    with pytest.raises(ValueError, match=message):
        w2v.Corpus.open(path)


def test_another_manifest_is_no_corpus(tmp_path):
    (tmp_path / "manifest.json").write_text('{"format": "other"}')
    (tmp_path / "text.txt").write_text("a b c")
    assert w2v.Corpus(tmp_path).n_tokens == 5  # two files of text


def test_encoding_again_replaces_and_a_failure_leaves_the_old_corpus(text, encoded, monkeypatch):
    folder, manifest = encoded
    before = sorted(os.listdir(folder))
    with pytest.raises(RuntimeError, match="lost"):
        encode(text, folder, split_size=5_000, tasks=Failing())
    assert sorted(os.listdir(folder)) == before

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match=r"left unchanged; free some space") as caught:
        encode(text, folder, split_size=5_000)
    assert caught.value.errno == errno.ENOSPC
    assert sorted(os.listdir(folder)) == before
    monkeypatch.undo()

    again = encode(text, folder, split_size=5_000)
    assert sorted(os.listdir(folder)) == sorted([*again.files(), "manifest.json"])
    assert not set(again.files()) & set(manifest.files())
    assert same(w2v.Corpus.open(folder), w2v.Corpus(text))


class Failing(Inline):
    """Fails when the last part is written."""

    written = 0

    def submit(self, function, *args, returns=1):
        self.written += function.__name__ == "write_ids"
        if self.written == 3:
            raise RuntimeError("lost")
        return super().submit(function, *args, returns=returns)


# ---- Errors, warnings, progress ------------------------------------------------------------------


def test_text_that_changes_between_the_passes(tmp_path):
    path = tmp_path / "t.txt"
    path.write_text("a b c\n" * 50)

    class Changing(Inline):
        def in_order_of_end(self, results):
            yield from super().in_order_of_end(results)
            path.write_text("a b d\n" * 50)

    with pytest.raises(OSError, match=r"t\.txt: other words than in the first pass; the text has"):
        encode(path, tmp_path / "c", tasks=Changing())


@pytest.mark.parametrize("size", ["1GB", 40])
def test_errors_name_the_line(tmp_path, size):
    path = tmp_path / "t.txt"
    path.write_bytes(b"one line\n" * 20 + b"caf\xe9\n" + b"more\n" * 9)
    message = r"t\.txt: invalid UTF-8 at byte 183 \(counted from 0; line 21\)"
    with pytest.raises(ValueError, match=message):
        encode(path, tmp_path / "c", split_size=size)
    encode(path, tmp_path / "c", split_size=size, errors="replace")
    assert same(w2v.Corpus.open(tmp_path / "c"), w2v.Corpus(path, errors="replace"))


def test_sources_that_are_not_read(tmp_path, text):
    c = tmp_path / "c"
    with pytest.raises(FileNotFoundError):
        encode(tmp_path / "none.txt", c)
    with pytest.raises(ValueError, match="at least one path"):
        encode([], c)
    (tmp_path / "empty.txt").touch()
    with pytest.raises(ValueError, match="the source contains no words"):
        encode(tmp_path / "empty.txt", c)
    with pytest.raises(ValueError, match=r"column='x' applies only to tables, but .* read as text"):
        encode(text, c, column="x")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(ValueError, match="a pipe can be read only once"):
            encode(tmp_path / "pipe", c)
    w2v.Corpus(["a b"]).save(tmp_path / "a.w2vc")
    with pytest.raises(ValueError, match="is encoded already"):
        encode(tmp_path / "a.w2vc", c)
    with pytest.raises(ValueError, match="format='parquet', but its first bytes are those of: no"):
        encode(text, c, format="parquet")
    with pytest.raises(ValueError, match=r"format='xml': expected"):
        encode(text, c, format="xml")
    for name, value in (("prune_below", 0), ("partitions", 0), ("split_size", 0)):
        with pytest.raises(ValueError, match=name):
            encode(text, c, **{name: value})
    with pytest.raises(TypeError, match="column=3"):
        encode(text, c, column=3)


def test_tables_that_are_not_read(tmp_path):
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    c = tmp_path / "c"
    parquet.write_table(pa.table({"ids": [[1, 2], [3]]}), tmp_path / "i.parquet")
    with pytest.raises(TypeError, match=r"i\.parquet.* lists of integers are encoded on one"):
        encode(tmp_path / "i.parquet", c)
    parquet.write_table(pa.table({"a": ["x y"], "b": ["z"]}), tmp_path / "t.parquet")
    with pytest.raises(ValueError, match=r"t\.parquet: .*2 columns could be the text"):
        encode(tmp_path / "t.parquet", c)
    data = (tmp_path / "t.parquet").read_bytes()
    (tmp_path / "t.parquet").write_bytes(data[:-9] + b"\xff\xff\xff\xff\x7fPAR1")
    with pytest.raises(ValueError, match=r"t\.parquet: cannot read Parquet file: .*corrupt"):
        encode(tmp_path / "t.parquet", c, column="a")
    with pa.OSFile(str(tmp_path / "t.arrow"), "wb") as file:
        table = pa.table({"a": ["x y"]})
        with pa.ipc.new_file(file, table.schema) as writer:
            writer.write(table)
    with pytest.raises(ValueError, match="does not read an Arrow file; write it as Parquet"):
        encode(tmp_path / "t.arrow", c)
    for line, message in (
        ('{"text": 3}', "'text' is int: expected a string"),
        ('["a"]', "expected a JSON object in each line"),
        ('{"text": ', "not a line of JSON"),
        ('{"text": "a b"}\n{"text": 3}', "cannot read JSON lines"),
    ):
        (tmp_path / "t.jsonl").write_text(line)
        with pytest.raises(ValueError, match=rf"t\.jsonl: .*{message}"):
            encode(tmp_path / "t.jsonl", c, column="text")
    with pytest.raises(ValueError, match="column= says which member has the text"):
        encode(tmp_path / "t.jsonl", c)
    encode(tmp_path / "t.jsonl", c, format="text")
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match=r"t\.csv: cannot read comma-separated values"):
        encode(tmp_path / "t.csv", c, column="text")


def test_progress_and_warnings(tmp_path):
    path = tmp_path / "t.txt"
    path.write_text("word\n" * 100)
    seen = []
    with pytest.warns(UserWarning, match=r"every sentence \(100 in all\) has only one word"):
        encode(path, tmp_path / "c", lambda *done: seen.append(done), split_size=100)
    assert seen == [(100 * i, 1000) for i in range(1, 11)]


def test_small_files_share_a_task(tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    for number, line in enumerate(LINES[:60]):
        (folder / f"{number:03}.txt").write_text(line)
    manifest = encode(folder, tmp_path / "c", split_size=2_000)
    assert 1 < len(manifest.parts) < 20
    assert same(w2v.Corpus.open(tmp_path / "c"), w2v.Corpus(folder))


def test_ray_is_needed_only_when_asked_for(monkeypatch, text, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(ImportError, match=r"w2v.distributed needs ray: pip install 'w2v\[ray\]'"):
        w2v.distributed.encode(text, tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_manifest_is_json(encoded):
    content = json.loads((encoded[0] / "manifest.json").read_text())
    assert content["format"] == "w2v.corpus-parts"
    assert [part["file"] for part in content["parts"]] == encoded[1].files()[1:]
    assert content["words"] == dataclasses.asdict(encoded[1].words)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert corpus_parts.read_manifest(encoded[0]) == encoded[1]


def test_flags_that_exclude_each_other(text, tmp_path, capsys):
    from w2v.cli import main

    arguments = ["encode", str(text), "-o", str(tmp_path / "c.w2vc")]
    assert main([*arguments, "--prune-below", "5"]) == 2
    assert "--prune-below requires --ray" in capsys.readouterr().err
    assert main([*arguments, "--ray", "auto", "--workers", "2"]) == 2
    assert "with --ray, the cluster decides" in capsys.readouterr().err


def test_addresses_on_the_command_line(monkeypatch, capsys, tmp_path):
    from w2v.cli import main

    given = []

    def noted(sources, folder, **_):
        given.append((sources, folder))
        words, part = corpus_parts.WordTable("w", 1, 1, ""), corpus_parts.Part("p", 2, 1, 1, "")
        return corpus_parts.Manifest(words, (part,))

    monkeypatch.setattr("w2v.distributed.encode", noted)
    arguments = ["encode", "s3://here/texts", "-o", "s3://here/corpus", "--ray", "auto", "--json"]
    assert main(arguments) == 0
    assert given == [(["s3://here/texts"], "s3://here/corpus")]
    printed = capsys.readouterr()
    assert json.loads(printed.out)["output"] == "s3://here/corpus"
    assert "Next:  copy this folder to a disk" in printed.err
    assert main(["encode", "s3://here/texts", "-o", str(tmp_path / "c"), "--ray", "auto"]) == 0
    assert given[1] == (["s3://here/texts"], str(tmp_path / "c"))
    assert f"Next:  w2v train {tmp_path / 'c'}" in capsys.readouterr().err
