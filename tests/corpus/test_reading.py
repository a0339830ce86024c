"""Files as they come: found, decompressed, parsed by several workers, spilled, encoded."""

import bz2
import errno
import gzip
import io
import json
import lzma
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

import numpy as np
import pytest

from w2v import Corpus, Word2Vec, _validation
from w2v._validation import parse_size
from w2v.corpus import id_buffer, options, text_files
from w2v.corpus import sentences as sentences_module
from w2v.io import compression
from w2v.io import corpus_file as encoded_file

WORDS = [
    "the",
    "cat",
    "sat",
    "été",
    "言葉",
    "a-word-longer-than-sixteen-letters",
    "x",
    "\U0001f600",
]


def text(seed: int, lines: int, longest: int = 30, types: int = 0) -> bytes:
    chance = random.Random(seed)
    words = WORDS + [f"w{i}" for i in range(types)]
    made = (
        " ".join(chance.choice(words) for _ in range(chance.randrange(longest)))
        for _ in range(lines)
    )
    return "\n".join(made).encode()


def assert_same(one: Corpus, other: Corpus) -> None:
    assert np.array_equal(one.ids, other.ids)
    assert np.array_equal(one.type_counts, other.type_counts)
    assert one.words() == other.words()
    assert (one.n_tokens, one.n_sentences) == (other.n_tokens, other.n_sentences)


@pytest.fixture
def small_ranges(monkeypatch):
    monkeypatch.setattr(text_files, "_RANGE", 1000)


# ---- Which files ---------------------------------------------------------------------------------


@pytest.fixture
def tree(tmp_path):
    for name, words in {
        "b.txt": "b one",
        "a/2.txt": "a two",
        "a/1.txt": "a one",
        "c.md": "c",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(words + " .\n")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "x").write_text("hidden .")
    (tmp_path / ".x").write_text("hidden .")
    (tmp_path / "[1].txt").write_text("brackets .")
    return tmp_path


def sentences(corpus: Corpus) -> list[str]:
    return [" ".join(words[:-1]) for words in corpus]


def test_a_directory_is_all_files_in_it_and_below(tree):
    assert sentences(Corpus(tree)) == ["brackets", "b one", "c", "a one", "a two"]
    assert sentences(Corpus([tree / "a", tree / "b.txt"])) == ["a one", "a two", "b one"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.txt", ["brackets", "b one"]),
        ("**/*.txt", ["brackets", "a one", "a two", "b one"]),
        ("?/[12].txt", ["a one", "a two"]),
        ("[1].txt", ["brackets"]),  # a file of that name, not a pattern
    ],
)
def test_patterns(tree, pattern, expected):
    assert sentences(Corpus(os.path.join(tree, pattern))) == expected


def test_nothing_found(tree):
    with pytest.raises(FileNotFoundError, match="no file matches this pattern") as caught:
        Corpus(os.path.join(tree, "*.nothing"))
    assert caught.value.filename == os.path.join(tree, "*.nothing")
    empty = tree / "empty"
    empty.mkdir()
    with pytest.raises(FileNotFoundError, match="no files in this directory"):
        Corpus(empty)


@pytest.mark.parametrize(
    "data", [b"one two\nthree", gzip.compress(b"one two\nthree")], ids=["plain", "gzip"]
)
def test_standard_input(data):
    code = "import w2v; print([*w2v.Corpus('-')], w2v.Corpus.__name__)"
    done = subprocess.run([sys.executable, "-c", code], input=data, capture_output=True, check=True)
    assert done.stdout.split(b"]]")[0] == b"[['one', 'two'], ['three'"


def test_no_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(OSError, match="no standard input"):
        Corpus("-")
    monkeypatch.setattr(sys, "stdin", io.StringIO("text"))
    with pytest.raises(OSError, match="no standard input"):
        Corpus("-")


# ---- Compressed files ----------------------------------------------------------------------------


def _zstd(data: bytes) -> bytes:
    try:
        zstd = compression._zstd("it")
    except ImportError:
        pytest.skip("needs backports.zstd")
    return zstd.compress(data)


COMPRESS = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress, "zstd": _zstd}


@pytest.fixture(params=COMPRESS)
def compress(request):
    return COMPRESS[request.param]


def write(folder, data: bytes) -> pathlib.Path:
    path = folder / "some.text"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("piece", [5, 1000, 1 << 18])
def test_compressed_by_content(tmp_path, compress, monkeypatch, piece):
    data = b"\xef\xbb\xbfstart\n" + text(1, lines=300)
    plain = Corpus(write(tmp_path, data))
    monkeypatch.setattr(compression, "_CHUNK", piece)
    assert_same(Corpus(write(tmp_path, compress(data))), plain)


def test_members_and_padding(tmp_path, compress):
    parts = [text(seed, lines=50) for seed in range(3)]
    plain = Corpus(write(tmp_path, b"".join(parts)))
    whole = b"".join(map(compress, parts))
    assert_same(Corpus(write(tmp_path, whole)), plain)
    if compress is not COMPRESS["zstd"]:
        assert_same(Corpus(write(tmp_path, whole + bytes(512))), plain)


def test_truncated_archive(tmp_path, compress):
    whole = compress(text(1, lines=2000, types=5000))
    for size in (len(whole) // 2, len(whole) - 3, 15):
        path = write(tmp_path, whole[:size])
        with pytest.raises(ValueError, match=r"some\.text: truncated or corrupt \w+ data"):
            Corpus(path)
    for second in (len(whole) // 2, len(whole) - 3):
        path = write(tmp_path, whole + whole[:second])
        with pytest.raises(ValueError, match="in member 2 after"):
            Corpus(path)


def test_corrupt_archive(tmp_path, compress):
    whole = bytearray(compress(text(1, lines=2000, types=5000)))
    whole[len(whole) // 2] ^= 1
    whole[len(whole) // 2 + 7] ^= 255
    with pytest.raises(ValueError, match=r"truncated or corrupt|invalid UTF-8|NUL byte"):
        Corpus(write(tmp_path, bytes(whole)))


def test_something_behind_an_archive(tmp_path, compress):
    with pytest.raises(ValueError, match=r"truncated or corrupt .* member"):
        Corpus(write(tmp_path, compress(b"some words\n") + b"and then plain text follows"))


def test_bad_text_in_an_archive(tmp_path, compress):
    archive = compress(b"two words\n" * 10) + compress(b"and\nbad \xff\n")
    with pytest.raises(ValueError, match="invalid UTF-8") as caught:
        Corpus(write(tmp_path, archive))
    assert "byte 108, byte 8 of member 2 (counted from 0; line 12)" in str(caught.value)
    with pytest.raises(ValueError, match="compressed more than once"):
        Corpus(write(tmp_path, compress(compress(b"two words"))))
    with pytest.raises(ValueError, match="UTF-16"):
        Corpus(write(tmp_path, compress("two words".encode("utf-16"))))
    with pytest.raises(ValueError, match="the file contains no words"):
        Corpus(write(tmp_path, compress(b"")))


def test_text_that_begins_like_an_archive(tmp_path):
    assert Corpus(write(tmp_path, b"BZh9 is how bzip2 begins")).words()[0] == "BZh9"


def test_zstd_without_the_package(tmp_path, monkeypatch):
    def none(name):
        raise ImportError(name)

    monkeypatch.setattr(compression.importlib, "import_module", none)
    with pytest.raises(ImportError, match=r"some\.text: zstd compression needs.*w2v\[zstd\]"):
        Corpus(write(tmp_path, b"\x28\xb5\x2f\xfd" + bytes(20)))


def test_the_decompressing_thread_ends(tmp_path):
    before = threading.active_count()
    path = write(tmp_path, gzip.compress(b"\xff" + text(1, lines=12_000, types=1000)))
    with pytest.raises(ValueError, match="invalid UTF-8"):
        Corpus(path)
    assert threading.active_count() == before


# ---- Several workers -----------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [2, pytest.param(3, marks=pytest.mark.thorough), 8])
@pytest.mark.parametrize("seed", range(5))
def test_any_number_of_workers_reads_the_same(tmp_path, small_ranges, monkeypatch, seed, workers):
    # Lines much shorter and much longer than a range, and ranges that end at a line's last byte.
    data = text(
        seed, lines=400, longest=(3, 30, 300, 30, 30)[seed], types=(0, 50, 2000, 9, 500)[seed]
    )
    data = (b"\xef\xbb\xbf", b"", b"\n\n", b"", b"")[seed] + data + (b"\n" if seed % 2 else b"")
    path = write(tmp_path, data)
    alone = Corpus(path, workers=1)
    if seed == 4:
        monkeypatch.setattr(text_files, "_TYPES", 20_000)  # tables are forgotten and begun anew
    assert_same(Corpus(path, workers=workers), alone)
    paths = [path, write(_folder(tmp_path), gzip.compress(data)), path]
    assert_same(Corpus(paths, workers=workers), Corpus(paths, workers=1))


def _folder(tmp_path):
    (tmp_path / "more").mkdir(exist_ok=True)
    return tmp_path / "more"


def test_large_tables_of_workers_are_begun_anew(tmp_path, small_ranges, monkeypatch):
    path = write(tmp_path, text(1, lines=400, types=500))
    made = []

    def encoder(how, make=options.Options.encoder):
        made.append(make(how))
        return made[-1]

    monkeypatch.setattr(options.Options, "encoder", encoder)
    Corpus(path, workers=2)
    assert len(made) == 3  # one for each, and one that joins
    monkeypatch.setattr(text_files, "_TYPES", 20_000)
    Corpus(path, workers=2)
    assert len(made) > 6


@pytest.mark.parametrize("line", [b"x " * 5000, b"\n" * 5000, b"y" * 5000, b"ab c\n" * 1000])
def test_odd_lines_and_several_workers(tmp_path, small_ranges, line):
    path = write(tmp_path, b"first line\n" + line + b"\nlast line")
    assert_same(Corpus(path, workers=2), Corpus(path, workers=1))


@pytest.mark.parametrize("at", [0, 999, 1000, 5000, 19_999])
def test_several_workers_name_the_first_bad_byte(tmp_path, small_ranges, at):
    data = bytearray(b"some wor\n" * 3000)
    data[at] = data[at + 900] = 0xFF
    path = write(tmp_path, bytes(data))
    for workers in (1, 2, 3):
        with pytest.raises(ValueError, match="invalid UTF-8") as caught:
            Corpus(path, workers=workers)
        assert f"byte {at} (counted from 0; line {at // 9 + 1})" in str(caught.value)
    data[at] = data[at + 900] = 0
    path = write(tmp_path, bytes(data))
    with pytest.raises(ValueError, match=rf"NUL byte at byte {at} .*line {at // 9 + 1}\)"):
        Corpus(path, workers=2)


def test_several_workers_count_lines_in_each_file(tmp_path, small_ranges):
    first = write(_folder(tmp_path), b"some wor\n" * 500)
    second = write(tmp_path, b"some wor\n" * 500 + b"\xff")
    with pytest.raises(ValueError, match=rf"{second.name}: .* byte 4500 .*line 501\)"):
        Corpus([first, second], workers=2)


def test_several_workers_and_policies(tmp_path, small_ranges):
    data = text(3, lines=300).replace(b"cat", b"c\xfft").replace(b"sat", b"s\0t")
    path = write(tmp_path, data)
    for errors in ("replace", "ignore"):
        assert_same(Corpus(path, workers=3, errors=errors), Corpus(path, workers=1, errors=errors))


def test_several_workers_and_a_file_that_changes(tmp_path, small_ranges):
    path = write(tmp_path, b"some words\n" * 10_000)

    def change(self, task, *args, encode=text_files.ParallelEncoder.encode_range):
        if task.start == 0:
            with open(path, "ab") as file:
                file.write(b"more\n")
        return encode(self, task, *args)

    monkey = pytest.MonkeyPatch()
    monkey.setattr(text_files.ParallelEncoder, "encode_range", change)
    with monkey.context(), pytest.raises(OSError, match="changed from 110000 to 110005 bytes"):
        Corpus(path, workers=2)
    monkey.undo()


def test_an_error_in_a_worker_is_raised(tmp_path, small_ranges, monkeypatch):
    path = write(tmp_path, b"some words\n" * 10_000)

    def fail(self, task, *args, encode=text_files.ParallelEncoder.encode_range):
        if task.start > 50_000:
            raise MemoryError("none left")
        return encode(self, task, *args)

    monkeypatch.setattr(text_files.ParallelEncoder, "encode_range", fail)
    before = threading.active_count()
    with pytest.raises(MemoryError, match="none left"):
        Corpus(path, workers=3)
    assert threading.active_count() == before


def test_progress_of_several_workers(tmp_path, small_ranges):
    path = write(tmp_path, text(1, lines=1000))
    seen = []
    Corpus([path, path], workers=2, progress=lambda *now: seen.append(now))
    size = path.stat().st_size
    assert seen[-1] == (2 * size, 2 * size)
    assert seen == sorted(seen)


def test_ctrl_c_with_several_workers(tmp_path, small_ranges, monkeypatch):
    path = write(tmp_path, text(1, lines=3000))

    def press(*_):
        signal.raise_signal(signal.SIGINT)

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        Corpus(path, workers=2, progress=press)
    assert threading.active_count() == before


@pytest.mark.parametrize("corpus_file", [False, True])
def test_a_model_reads_with_its_own_number_of_workers(
    tmp_path, small_ranges, monkeypatch, corpus_file
):
    path = write(tmp_path, text(1, lines=400))
    used = []

    def encode_parallel(self, workers, encode=text_files.ParallelEncoder._encode_parallel):
        used.append(workers)
        encode(self, workers)

    monkeypatch.setattr(text_files.ParallelEncoder, "_encode_parallel", encode_parallel)
    source = {"corpus_file": path} if corpus_file else {"sentences": path}
    for workers in (1, 3):
        Word2Vec(**source, vector_size=8, epochs=1, workers=workers)
    assert used == [3]


@pytest.mark.parametrize("workers", [0, -1, True, 1.5, "two"])
def test_workers_of_the_wrong_kind(workers):
    with pytest.raises(ValueError, match=r"workers=.*: expected an integer, at least 1"):
        Corpus([["a"]], workers=workers)


# ---- Tokenizers in Python ------------------------------------------------------------------------


def test_callable_tokenizer(tmp_path):
    lines = "Ab,c d\r\n\n,,\nlast,one"
    expected = [["ab", "c d"], ["last", "one"]]
    assert list(Corpus(["新 年"], tokenizer=list)) == [["新", "年"]]

    def split(line: str) -> list[str]:
        return line.lower().split(",")

    assert list(Corpus(write(tmp_path, lines.encode()), tokenizer=split, workers=2)) == expected
    assert list(Corpus(lines.splitlines(), tokenizer=split)) == expected
    assert list(Corpus(write(tmp_path, gzip.compress(lines.encode())), tokenizer=split)) == expected


def test_callable_tokenizer_and_bad_bytes(tmp_path):
    path = write(tmp_path, b"\xef\xbb\xbffine x\nb\xffd")
    with pytest.raises(ValueError, match=r"byte 11 \(counted from 0; line 2\): b'\\xffd'"):
        Corpus(path, tokenizer=str.split)
    assert Corpus(path, tokenizer=str.split, errors="replace").words() == ["fine", "x", "b\ufffdd"]


def test_what_tokenizers_may_return():
    assert list(Corpus(["a b"], tokenizer=lambda line: iter(line.split()))) == [["a", "b"]]
    assert list(Corpus(["a b"], tokenizer=lambda line: ["a", " ", "", "b"])) == [["a", "b"]]
    with pytest.raises(TypeError, match=r"sentence 0 .*: the tokenizer returned str 'a b'"):
        Corpus(["a b"], tokenizer=lambda line: line)
    with pytest.raises(TypeError, match="the tokenizer returned NoneType"):
        Corpus(["a b"], tokenizer=lambda line: None)
    with pytest.raises(TypeError, match=r"sentence 0, token 1 .*: expected a str, found int 2"):
        Corpus(["a b"], tokenizer=lambda line: ["a", 2])
    with pytest.raises(TypeError, match=r"sentence 1 .* need no tokenizer"):
        Corpus(["a b", ["c"]], tokenizer=str.split)
    with pytest.raises(ZeroDivisionError):
        Corpus(["a b"], tokenizer=lambda line: 1 / 0)


@pytest.mark.parametrize(("tokenizer", "error"), [("words", ValueError), (5, TypeError)])
def test_tokenizers_of_the_wrong_kind(tokenizer, error):
    with pytest.raises(error, match=r"tokenizer=.*'unicode' or a callable"):
        Corpus(["a b"], tokenizer=tokenizer)


# ---- Memory --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("memory", "size"),
    [
        ("16MiB", 1 << 24), ("4GB", 4_000_000_000), (" 1.5 gib ", 3 << 29), (10**8, 10**8),
        ("32000000", 32_000_000), ("20m", 20_000_000), ("1TB", 10**12), ("64000K", 64_000_000),
    ],
)  # fmt: skip
def test_sizes(memory, size):
    assert parse_size(memory) == size


@pytest.mark.parametrize("memory", ["much", "", "-4GB", "4XB", "16iB", "1MB", 5, 0, -1])
def test_sizes_that_are_none(memory):
    with pytest.raises(ValueError, match=f"memory={memory!r}: expected"):
        Corpus([["a"]], memory=memory)


@pytest.mark.parametrize("memory", [None, 1.5, True, ["4GB"]])
def test_sizes_of_the_wrong_type(memory):
    with pytest.raises(TypeError, match=r"memory=.*: expected bytes as an int, or a str"):
        parse_size(memory)


@pytest.fixture
def little(tmp_path, monkeypatch):
    """Let a budget be small, and tell what is in the folder of temporary files."""
    monkeypatch.setattr(_validation, "_MIN_MEMORY", 0)
    monkeypatch.setattr(id_buffer, "_WRITE", 1000)
    monkeypatch.setattr(text_files, "_CHUNK", 1000)
    monkeypatch.setattr(sentences_module, "_TOKENS", 100)
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("kind", ["file", "iterable", "archive"])
def test_ids_beyond_the_budget_go_to_disk(
    tmp_path, little, small_ranges, monkeypatch, kind, workers
):
    data = text(1, lines=3000)
    source = {
        "file": lambda: write(tmp_path, data),
        "archive": lambda: write(tmp_path, gzip.compress(data)),
        "iterable": lambda: (line.split() for line in data.decode().split("\n")),
    }[kind]
    whole = Corpus(source())
    written = []

    def write_and_note(ids, block, write=id_buffer.IdBuffer._write):
        written.append(len(memoryview(block)))
        write(ids, block)

    monkeypatch.setattr(id_buffer.IdBuffer, "_write", write_and_note)
    spilled = Corpus(source(), memory=40_000, workers=workers)
    assert max(written) < len(whole.ids) / 2  # nothing waits until all is read
    assert isinstance(spilled.ids.base, np.memmap)
    assert not spilled.ids.flags.writeable
    assert_same(spilled, whole)
    assert list(little.iterdir()) == []
    assert_same(Corpus(source(), memory=10**9, workers=workers), whole)


def test_ids_and_words_share_the_budget(little):
    class Encoder:
        def memory(self):
            return 600, 600  # of types, and of ids

        def take_ids(self):
            return bytearray(600)

    for budget, on_disk in ((1_200, False), (1_199, True)):
        ids = id_buffer.IdBuffer(budget, None, str(little))
        ids.flush_if_over_budget(Encoder())
        assert (ids.file is not None) == on_disk
        ids.close()


def test_words_beyond_the_budget(tmp_path, little, small_ranges):
    path = write(tmp_path, text(1, lines=3000, types=5000))
    for workers in (1, 2):
        with pytest.raises(MemoryError, match=r"distinct words take .* memory=.*lowercase=True"):
            Corpus(path, memory=100_000, workers=workers)
    assert list(little.iterdir()) == []


def test_no_room_on_the_disk(tmp_path, little, monkeypatch):
    path = write(tmp_path, text(1, lines=3000))
    monkeypatch.setattr(
        id_buffer.shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(9, 9, 5)
    )
    with pytest.raises(OSError, match=r"needs about [\d,]+ bytes .* has 5; .*TMPDIR") as caught:
        Corpus(path, memory=40_000)
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.filename == str(little)
    assert list(little.iterdir()) == []


class _Full(io.BytesIO):
    room = 5000

    def write(self, data):
        self.room -= len(data)
        if self.room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data)


def test_a_disk_that_fills_up(tmp_path, little, monkeypatch):
    path = write(tmp_path, text(1, lines=3000))
    monkeypatch.setattr(id_buffer.tempfile, "TemporaryFile", lambda **_: _Full())
    with pytest.raises(
        OSError, match="No space left on device while writing the temporary file for ids beyond"
    ) as caught:
        Corpus(path, memory=40_000)
    assert caught.value.filename == str(little)


# ---- Encoded files -------------------------------------------------------------------------------


@pytest.fixture
def corpus_file(tmp_path):
    path = tmp_path / "corpus.w2vc"
    Corpus([["the", "cat", "sat"], ["the", "été"], ["a"] * 5]).save(path)
    return path


@pytest.mark.parametrize("odd", [0, 1])
def test_round_trip(tmp_path, odd):
    source = [["the", "cat"], ["été", *["x"] * odd]]
    corpus = Corpus(source)
    corpus.save(tmp_path / "saved")
    opened = Corpus.open(tmp_path / "saved")
    assert_same(opened, corpus)
    assert opened.source == corpus.source == {**corpus.source, "kind": "iterable", "sentences": 2}
    assert not opened.ids.flags.writeable
    assert_same(Corpus(tmp_path / "saved"), corpus)
    opened.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "saved").read_bytes()
    opened.save(tmp_path / "saved")  # over the file that is mapped
    assert_same(Corpus.open(tmp_path / "saved", verify=True), opened)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again", "saved"]


@pytest.mark.parametrize("workers", [1, 2])
def test_encode_writes_what_save_writes(tmp_path, small_ranges, monkeypatch, workers):
    monkeypatch.setattr(id_buffer, "_WRITE", 1000)
    path = write(tmp_path, text(1, lines=1000, types=100))
    Corpus(path).save(tmp_path / "saved")
    corpus = Corpus.encode(path, tmp_path / "encoded", workers=workers)
    assert (tmp_path / "saved").read_bytes() == (tmp_path / "encoded").read_bytes()
    assert_same(corpus, Corpus(path))
    assert corpus.source["files"][0]["name"] == str(path)


def test_source_of_many_files(tmp_path):
    for i in range(200):
        (tmp_path / (f"{i:03d}" + "x" * 200)).write_text(f"words {i}")
    corpus = Corpus(tmp_path)
    assert (corpus.source["n_files"], len(corpus.source["files"])) == (200, 20)
    corpus.save(tmp_path / "saved")
    assert Corpus.open(tmp_path / "saved").source == corpus.source
    os.utime(tmp_path / ("150" + "x" * 200), (1, 1))
    (tmp_path / "saved").unlink()
    assert Corpus(tmp_path).source["fingerprint"] != corpus.source["fingerprint"]


def test_a_source_that_does_not_fit(tmp_path):
    corpus = Corpus([["a", "b"]])
    corpus.source = {"files": ["x" * 20_000], "kind": "text"}
    corpus.save(tmp_path / "saved")
    assert Corpus.open(tmp_path / "saved").source == {"kind": "text"}


def test_every_cut_is_noticed(corpus_file):
    whole = corpus_file.read_bytes()
    for size in [*range(0, 200, 7), *range(len(whole) - 300, len(whole))]:
        corpus_file.write_bytes(whole[:size])
        with pytest.raises(ValueError, match=r"corpus\.w2vc"):
            Corpus.open(corpus_file)
    corpus_file.write_bytes(whole + b"x")
    with pytest.raises(ValueError, match=r"corpus\.w2vc"):
        Corpus.open(corpus_file)


def test_every_changed_byte_is_noticed(corpus_file):
    whole = corpus_file.read_bytes()
    clean = Corpus.open(corpus_file)
    begin = encoded_file._HEADER_SIZE
    used = whole[:begin].rstrip(b" ")
    for at in [*range(0, len(used), 3), *range(begin, len(whole))]:
        changed = bytearray(whole)
        changed[at] ^= 1 + at % 255
        corpus_file.write_bytes(changed)
        if at >= begin:
            with pytest.raises(ValueError, match=r"corpus\.w2vc"):
                Corpus.open(corpus_file)
            continue
        try:
            found = Corpus.open(corpus_file)
        except ValueError:
            continue
        assert_same(found, clean)  # only what is said of the source or the writer is another


@pytest.mark.parametrize("tokenizer", [None, "unicode", str.split])
def test_nul_bytes_are_treated_alike_by_every_tokenizer(tmp_path, tokenizer):
    path = tmp_path / "text"
    path.write_bytes(b"a b\nc\0 d\n")
    with pytest.raises(ValueError, match=r"NUL byte at byte 5 \(counted from 0; line 2\)"):
        Corpus(path, tokenizer=tokenizer)
    if tokenizer != "unicode":  # which leaves replacement characters out
        assert Corpus(path, tokenizer=tokenizer, errors="replace").words()[2] == "c\ufffd"
    assert Corpus(path, tokenizer=tokenizer, errors="ignore").words() == ["a", "b", "c", "d"]


def test_verify(corpus_file, monkeypatch):
    changed = bytearray(corpus_file.read_bytes())
    changed[encoded_file._HEADER_SIZE] = 5  # the first id beyond the types
    corpus_file.write_bytes(changed)
    with pytest.raises(ValueError, match="checksum mismatch in the ids"):
        Corpus.open(corpus_file)
    monkeypatch.setattr(encoded_file, "_MAX_VERIFIED", 10)
    with pytest.raises(ValueError, match="checksum mismatch in the ids"):
        Corpus.open(corpus_file, verify=True)
    damaged = Corpus.open(corpus_file)
    assert damaged.ids[0] == damaged.n_types == 5
    for settings in ({}, {"sg": 0}, {"hs": 1, "negative": 0}, {"softmax": True}):
        model = Word2Vec(min_count=1, sample=0, vector_size=8, **settings)
        model.build_vocab(damaged)
        with pytest.raises(ValueError, match="its ids include 5: its file is corrupt"):
            model.train(damaged)


def test_newer_and_foreign_files(corpus_file, tmp_path):
    encoded = shutil.copy(corpus_file, tmp_path / "encoded")
    whole = corpus_file.read_bytes()
    newer = whole.replace(b'"format_version":"1"', b'"format_version":"9"')
    assert newer != whole
    corpus_file.write_bytes(newer)
    with pytest.raises(ValueError, match=r"format_version '9' .* upgrade w2v"):
        Corpus.open(corpus_file)
    corpus_file.write_bytes(b"some text\n")
    with pytest.raises(ValueError, match="expected a w2v file"):
        Corpus.open(corpus_file)
    model = tmp_path / "model"
    Word2Vec([["a", "b"] * 10], min_count=1, sample=0, epochs=1).save(model)
    with pytest.raises(ValueError, match="this file contains a whole model"):
        Corpus.open(model)
    with pytest.raises(ValueError, match="this file contains an encoded corpus"):
        Word2Vec.load(encoded)
    with pytest.raises(FileNotFoundError):
        Corpus.open(tmp_path / "missing")


def test_encoded_corpora_are_given_alone(corpus_file):
    with pytest.raises(ValueError, match="one of 2 files is an encoded corpus"):
        Corpus([corpus_file, corpus_file])
    with pytest.raises(ValueError, match="is encoded already; pass a tokenizer"):
        Corpus(corpus_file, lowercase=True)
    with pytest.raises(ValueError, match="column= applies only to tables"):
        Corpus(corpus_file, column="text")


def test_a_model_is_no_text(tmp_path):
    Word2Vec([["a", "b"] * 10], min_count=1, sample=0, epochs=1).save(tmp_path / "model")
    with pytest.raises(ValueError, match=r"contains a whole model .* expected an encoded corpus"):
        Corpus(tmp_path / "model")
    assert len(Corpus(write(tmp_path, b"12345678{ is a text"))) == 1


def test_golden_bytes(tmp_path):
    path = tmp_path / "golden"
    Corpus([["the", "cat"], ["été"]]).save(path)
    whole = path.read_bytes()
    begin = encoded_file._HEADER_SIZE
    assert whole[:9] == (begin - 8).to_bytes(8, "little") + b"{"
    header = json.loads(whole[8:begin])
    assert header.pop("__metadata__")["checksum_ids"] == "50ee6c535c620d64"
    assert {name: tensor["data_offsets"] for name, tensor in header.items()} == {
        "ids": [0, 20], "padding": [20, 24], "counts": [24, 48], "word_offsets": [48, 80],
        "words": [80, 91],
    }  # fmt: skip
    ids = b"".join(i.to_bytes(4, "little", signed=True) for i in (0, 1, -1, 2, -1))
    assert whole[begin:] == (
        ids + bytes(4) + (1).to_bytes(8, "little") * 3
        + b"".join(i.to_bytes(8, "little") for i in (0, 3, 6, 11)) + "thecatété".encode()
    )  # fmt: skip


def test_a_failure_leaves_the_old_file(corpus_file, tmp_path, monkeypatch):
    old = corpus_file.read_bytes()

    def broken():
        yield ["some", "words"]
        raise RuntimeError("the generator's own")

    with pytest.raises(RuntimeError, match="the generator's own"):
        Corpus.encode(broken(), corpus_file)
    with pytest.raises(ValueError, match="invalid UTF-8"):
        Corpus.encode(write(tmp_path, b"\xff"), corpus_file)
    with pytest.raises(ValueError, match="no words"):
        Corpus.encode([[]], corpus_file)

    def press(*_):
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        Corpus.encode([["a", "b"]], corpus_file, progress=press)
    monkeypatch.setattr(encoded_file, "open", lambda path, mode: _Full(), raising=False)
    with pytest.raises(OSError, match="No space left on device"):
        Corpus.encode([["a", "b"] * 10_000], corpus_file)
    assert corpus_file.read_bytes() == old
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus.w2vc", "some.text"]


def test_the_same_vectors_from_every_form(tmp_path):
    data = text(5, lines=500, types=50)
    path = write(tmp_path, data)
    lists = [line.split() for line in data.decode().split("\n")]
    Corpus(path).save(tmp_path / "corpus.w2vc")
    (tmp_path / "text.gz").write_bytes(gzip.compress(data))
    sources = [path, tmp_path / "text.gz", tmp_path / "corpus.w2vc", iter(lists), lists]
    found = [
        Word2Vec(source, vector_size=16, workers=1, epochs=1, min_count=2).wv.vectors.tobytes()
        for source in sources
    ]
    assert len(set(found)) == 1
