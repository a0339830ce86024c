"""The corpus room: bytes, lines and tokens to ids, set against plain Python."""

import collections
import errno
import gc
import itertools
import os
import pathlib
import random
import signal
import threading
import warnings

import numpy as np
import pytest

from w2v import Corpus
from w2v.corpus import _text_encoder, text_files
from w2v.corpus import corpus as corpus_module
from w2v.corpus import sentences as sentences_module
from w2v.io import input_files

POLICIES = {
    "strict": _text_encoder.STRICT,
    "replace": _text_encoder.REPLACE,
    "ignore": _text_encoder.IGNORE,
}


def by_hand(data: bytes, errors: str) -> list[list[str]]:
    """Return what a file with these bytes holds, as plainly as possible."""
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    text = data.decode("utf-8", errors)
    if "\0" in text and errors == "strict":
        raise ValueError("NUL")
    text = text.replace("\0", "\ufffd" if errors == "replace" else "")
    return [line.split() for line in text.split("\n") if line.split()]


def assert_holds(corpus: Corpus, sentences: list[list[str]]) -> None:
    numbers = {}
    ids = []
    for sentence in filter(None, sentences):
        ids += [numbers.setdefault(token, len(numbers)) for token in sentence] + [-1]
    counts = collections.Counter(itertools.chain.from_iterable(sentences))
    assert corpus.ids.tolist() == ids
    assert corpus.words() == list(numbers)
    assert corpus.type_counts.tolist() == [counts[word] for word in numbers]
    assert corpus.n_types == len(numbers)
    assert corpus.n_tokens == counts.total()
    assert corpus.n_sentences == len(list(filter(None, sentences)))


def test_assert_holds_can_fail():
    corpus = Corpus([["a", "b", "a"]])
    assert_holds(corpus, [["a", "b", "a"]])
    for wrong in ([["a", "b"]], [["b", "a", "a"]], [["a", "b"], ["a"]], [["a", "c", "a"]]):
        with pytest.raises(AssertionError):
            assert_holds(corpus, wrong)


def in_pieces(data: bytes, cuts: list[int], errors: str) -> list[list[str]]:
    """Return the sentences the encoder finds when given `data` up to one cut after another."""
    encoder = _text_encoder.Encoder(POLICIES[errors])
    done = 0
    for cut in [*cuts, len(data)]:
        status, consumed = encoder.feed(data[done:cut], cut == len(data))
        if status:
            raise ValueError(f"{status} at {done + consumed}")
        done += consumed
    assert done == len(data)
    encoder.end_sentence()
    ids, _, offsets, words = (memoryview(block) for block in encoder.finish())
    sentences: list[list[str]] = [[]]
    for i in ids:
        if i < 0:
            sentences.append([])
        else:
            sentences[-1].append(bytes(words[offsets[i] : offsets[i + 1]]).decode())
    return sentences[:-1]


@pytest.fixture
def encode(tmp_path):
    def encode(data: bytes, **options) -> Corpus:
        path = tmp_path / "text.txt"
        path.write_bytes(data)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "every sentence .* has only one word")
            return Corpus(path, **options)

    return encode


GOOD = [
    *("a", "bb", "ccc", "word", "longer", "longest-word", "sixteen-letters!", "seventeen-letters"),
    *(" ", " ", " ", "  ", "\t", "\n", "\n", "\r\n", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x1f"),
    *("\x85", "\xa0", "\u1680", "\u2000", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f"),
    *("\u3000", "\u200b", "\u2007", "\u180e", "\ufeff", "é", "ж", "слово", "言葉", "\U0001f600"),
    *("\x01", "\x08", "\x0e", "\x1b", "\x7f", "\u0084", "\u1681", "\u2030", "\u2060", "\u3001"),
]
BAD = [
    *(b"\0", b"\x80", b"\xbf", b"\xc0\x80", b"\xc2", b"\xe2\x80", b"\xe3\x80", b"\xed\xa0\x80"),
    *(b"\xe0\x80\x80", b"\xf0\x9f\x98", b"\xf0\x80\x80\x80", b"\xf4\x90\x80\x80", b"\xff"),
]


def random_text(seed: int, pieces: int, bad: float = 0.0) -> bytes:
    chance = random.Random(seed)
    return b"".join(
        chance.choice(BAD) if chance.random() < bad else chance.choice(GOOD).encode()
        for _ in range(pieces)
    )


# ---- Text ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seeds", [range(20), range(20, 40), range(40, 60)], ids=str)
def test_valid_text_is_split_as_python_splits_it(encode, seeds):
    for seed in seeds:
        data = b"start " + random_text(seed, pieces=200)
        assert_holds(encode(data), by_hand(data, "strict"))


@pytest.mark.parametrize("errors", ["replace", "ignore"])
@pytest.mark.parametrize("seeds", [range(20), range(20, 40), range(40, 60)], ids=str)
def test_bad_text_is_decoded_as_python_decodes_it(encode, errors, seeds):
    for seed in seeds:
        data = b"start " + random_text(seed, pieces=200, bad=0.2)
        assert_holds(encode(data, errors=errors), by_hand(data, errors))


@pytest.mark.parametrize("errors", ["replace", pytest.param("ignore", marks=pytest.mark.thorough)])
def test_every_kind_of_bad_sequence(errors):
    edges = bytes([0x20, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xE2, 0xFF])
    for lead in range(0x80, 0x100):
        data = b"\n".join(
            b"x" + bytes([lead, *rest])
            for n in range(4)
            for rest in itertools.product(edges, repeat=n)
        )
        assert in_pieces(data, [], errors) == by_hand(data, errors)


@pytest.mark.thorough
def test_every_character_is_white_space_or_not_as_in_python(encode):
    characters = [chr(c) for c in range(1, 0x110000) if not 0xD800 <= c <= 0xDFFF and c != 0x0A]
    expected = [len(f"a{c}b".split()) for c in characters]
    assert expected.count(2) == 28
    corpus = encode("".join(f"a{c}b\n" for c in characters).encode())
    ends = np.flatnonzero(corpus.ids < 0)
    assert (np.diff(ends, prepend=-1) - 1).tolist() == expected
    corpus = Corpus([f"a{c}b" for c in characters])
    ends = np.flatnonzero(corpus.ids < 0)
    assert (np.diff(ends, prepend=-1) - 1).tolist() == expected


@pytest.mark.parametrize("errors", ["replace", "ignore"])
@pytest.mark.parametrize("seed", range(8))
def test_text_may_be_cut_anywhere(errors, seed):
    data = b"\xffstart " + random_text(seed, pieces=60, bad=0.2)
    expected = by_hand(data, errors)
    for cut in range(len(data)):
        assert in_pieces(data, [cut], errors) == expected
    assert in_pieces(data, list(range(len(data))), errors) == expected


@pytest.mark.parametrize("seed", range(30))
def test_strict_stops_at_the_byte_where_python_stops(seed):
    data = random_text(seed, pieces=100, bad=0.02)
    bad_from = len(data)
    try:
        data.decode()
    except UnicodeDecodeError as error:
        bad_from = error.start
    nul = data.find(b"\0", 0, bad_from)
    expected = [(_text_encoder.NUL_BYTE, nul)] if nul >= 0 else [(_text_encoder.BAD_UTF8, bad_from)]
    if nul < 0 and bad_from == len(data):
        expected = [(_text_encoder.OK, len(data))]
    assert [_text_encoder.Encoder(_text_encoder.STRICT).feed(data, True)] == expected


@pytest.mark.parametrize("window", [24, 25, 37, 61, 64, 100, 5000])
def test_windows_do_not_show(encode, monkeypatch, window):
    data = b"\xef\xbb\xbfstart " + random_text(window, pieces=2500 if window > 60 else 300, bad=0.1)
    monkeypatch.setattr(text_files, "_CHUNK", window)
    assert_holds(encode(data, errors="replace"), by_hand(data, "replace"))


@pytest.mark.parametrize("length", range(1, 150))
def test_token_of_every_length(length):
    word = "abcdefghijklmnopqrstuvwxyz"[:length] if length < 27 else "0123456789" * 15
    word = word[:length]
    others = [word[:-1] + "!", "!" + word[1:], word + "!", word[: length // 2] + "é" + word]
    tokens = [word, *others, word]
    expected = [tokens]
    assert in_pieces(" ".join(tokens).encode(), [], "strict") == expected
    assert_holds(Corpus(expected), expected)
    assert_holds(Corpus([" ".join(tokens)]), expected)


@pytest.mark.parametrize(
    ("data", "sentences"),
    [
        (b"a b\r\nc d\r\n", [["a", "b"], ["c", "d"]]),
        (b"a b\rc d", [["a", "b", "c", "d"]]),
        (b"a b\nc d", [["a", "b"], ["c", "d"]]),
        (b"\n\n a b \n\n\nc d \n \n", [["a", "b"], ["c", "d"]]),
        (b"\xef\xbb\xbfa b", [["a", "b"]]),
        (b"a \xef\xbb\xbfb", [["a", "\ufeffb"]]),
        (b"a", [["a"]]),
        ("un\u2028e ligne\x85a b\n".encode(), [["un", "e", "ligne", "a", "b"]]),
    ],
)
def test_line_ends(encode, data, sentences):
    assert_holds(encode(data), sentences)


def test_long_line_and_long_token(encode):
    word = "x" * 9_000_000
    data = f"{word} end\n{'ab ' * 3_000_000}\n{word[:-1]}y {word}".encode()
    corpus = encode(data)
    assert corpus.n_sentences == 3
    assert corpus.words([0]) == [word]
    assert corpus.type_counts.tolist() == [2, 1, 3_000_000, 1]


def test_many_types_and_long_common_beginnings():
    words = [f"w{i}" for i in range(70_000)]
    words += [f"the-same-beginning-of-all-{i}" for i in range(30_000)]
    random.Random(1).shuffle(words)
    sentences = [words[i : i + 1000] for i in range(0, len(words), 1000)]
    sentences += [words[::7], words[::-1]]
    assert_holds(Corpus(sentences), sentences)


def test_words_are_compared_to_their_last_byte():
    # Among so many, some ten pairs have the same hash, the same length and 16 bytes in common.
    words = [f"the-same-beginning-{i:06}" for i in range(300_000)]
    corpus = Corpus([words, words])
    assert corpus.n_types == len(words)
    assert corpus.words() == words


def test_the_lock_is_released_while_feeding():
    lines = 3_000_000
    encoder = _text_encoder.Encoder(_text_encoder.STRICT)
    thread = threading.Thread(target=encoder.feed, args=(b"some words\n" * lines, True))
    thread.start()
    seen = set()
    while thread.is_alive():
        seen.add(encoder.stats()[3])
    thread.join()
    # Whoever holds the lock throughout shows the beginning and the end, and nothing between.
    assert seen - {0, lines}


# ---- Sources -------------------------------------------------------------------------------------

SENTENCES = [
    ["the", "cat", "sat"],
    [],
    ["the", "été", "言葉", "\U0001f600"],
    ["new york", "a\0", "a"],
]


def test_paths_of_every_kind(tmp_path):
    path = tmp_path / "a text.txt"
    path.write_text("one two\nthree two\n")
    for source in (path, str(path), [path], (p for p in [path])):
        assert_holds(Corpus(source), [["one", "two"], ["three", "two"]])
    assert_holds(Corpus.from_files(path, str(path)), [["one", "two"], ["three", "two"]] * 2)


def test_each_file_ends_its_sentence_and_has_its_own_byte_order_mark(tmp_path):
    first, second, empty = tmp_path / "1", tmp_path / "2", tmp_path / "3"
    first.write_bytes(b"\xef\xbb\xbfone two")
    second.write_bytes(b"\xef\xbb\xbftwo three")
    empty.write_bytes(b"")
    assert_holds(Corpus([first, empty, second]), [["one", "two"], ["two", "three"]])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are a Unix thing")
def test_pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    data = b"start " + random_text(3, pieces=100_000)
    writer = threading.Thread(target=path.write_bytes, args=(data,))
    writer.start()
    seen = []
    corpus = Corpus(path, progress=lambda done, total: seen.append((done, total)))
    writer.join()
    assert_holds(corpus, by_hand(data, "strict"))
    assert seen[-1] == (len(data), 0)


@pytest.mark.skipif(not os.path.exists("/proc/version"), reason="needs /proc")
def test_file_that_says_it_is_empty():
    version = pathlib.Path("/proc/version")
    assert version.stat().st_size == 0
    assert_holds(Corpus(version), by_hand(version.read_bytes(), "strict"))


@pytest.mark.parametrize(
    "source",
    [
        SENTENCES,
        tuple(map(tuple, SENTENCES)),
        (iter(sentence) for sentence in SENTENCES),
        [np.array(sentence, dtype=object) for sentence in SENTENCES],
        {tuple(sentence): None for sentence in SENTENCES}.keys(),
    ],
    ids=["lists", "tuples", "iterators", "arrays", "keys"],
)
def test_token_lists(source):
    assert_holds(Corpus(source), SENTENCES)


def test_tokens_of_a_str_subclass():
    assert_holds(Corpus([np.array(["one", "zwölf", "one"])]), [["one", "zwölf", "one"]])
    assert_holds(Corpus(np.array(["one two", "zwölf elf"])), [["one", "two"], ["zwölf", "elf"]])


def test_lines(tmp_path):
    lines = ["one two\n", "", " \t", "trois été", "a\nb", "c\0d \u3000 \U0001f600x"]
    assert_holds(Corpus(lines), [line.split() for line in lines])
    assert_holds(Corpus(iter(lines)), [line.split() for line in lines])
    path = tmp_path / "text"
    path.write_text("".join(lines), encoding="utf-8")
    with path.open(encoding="utf-8") as file:
        assert_holds(Corpus(file), [line.split() for line in "".join(lines).split("\n")])


def test_lines_and_token_lists_may_be_mixed():
    assert_holds(Corpus(["one two", ["one two", "three"]]), [["one", "two"], ["one two", "three"]])


@pytest.mark.parametrize("seed", range(20))
def test_random_lines(seed):
    lines = (b"start " + random_text(seed, pieces=300)).decode().split("c")
    assert_holds(Corpus(lines), [line.split() for line in lines])


def test_a_generator_is_read_once():
    started = []

    def sentences():
        started.append(True)
        yield ["a", "b"]
        yield ["b", "c"]

    assert_holds(Corpus(sentences()), [["a", "b"], ["b", "c"]])
    assert started == [True]


def test_long_lines_get_no_utf8_copy_of_their_own():
    line = "é " * 1000
    size = line.__sizeof__()
    Corpus([line, line])
    assert line.__sizeof__() == size


def test_few_tokens_and_short_lines_get_a_utf8_copy_of_their_own():
    strings = [f"λέξη{i}" for i in range(6400)]
    size = strings[-1].__sizeof__()
    Corpus([strings[:3200], *strings[3200:], "και το"])
    grown = sum(string.__sizeof__() > size for string in strings)
    assert 0 < grown <= 6400 // 50


# ---- The result ----------------------------------------------------------------------------------


def test_a_corpus_is_an_iterable_of_sentences():
    corpus = Corpus(SENTENCES)
    assert list(corpus) == [s for s in SENTENCES if s]
    assert list(corpus) == [s for s in SENTENCES if s]
    assert len(corpus) == corpus.n_sentences == 3
    assert_holds(Corpus(corpus), SENTENCES)
    assert repr(corpus) == "<Corpus: 10 tokens, 9 types, 3 sentences>"


def test_iteration_over_many_chunks(monkeypatch):
    monkeypatch.setattr(corpus_module, "_IDS", 3)
    sentences = [[str(i)] * (i % 5) for i in range(50)]
    assert list(Corpus(sentences)) == [s for s in sentences if s]


def test_arrays_are_read_only_and_outlive_the_corpus():
    corpus = Corpus([["a", "b", "a"]])
    ids, counts = corpus.ids, corpus.type_counts
    assert ids.dtype == np.int32
    assert counts.dtype == np.int64
    del corpus
    gc.collect()
    assert ids.tolist() == [0, 1, 0, -1]
    assert counts.tolist() == [2, 1]
    for array in ids, counts:
        assert not array.flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
        with pytest.raises(ValueError, match="WRITEABLE"):
            array.flags.writeable = True


def test_words_of_types():
    corpus = Corpus([["a", "été", "c"]])
    assert corpus.words(np.array([2, 1, 1, 0], np.int32)) == ["c", "été", "été", "a"]
    assert corpus.words([]) == []
    for wrong in ([3], [-1], [0, 2**40]):
        with pytest.raises(IndexError, match="expected 0 to 2"):
            corpus.words(wrong)
    with pytest.raises(TypeError, match="expected integers, found float64"):
        corpus.words([0.5])


# ---- Progress and interruption -------------------------------------------------------------------


def test_progress_of_files_counts_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(text_files, "_CHUNK", 100)
    paths = [tmp_path / "1", tmp_path / "2"]
    for path in paths:
        path.write_text("\ufeffsome words\n" * 50, encoding="utf-8")
    total = sum(path.stat().st_size for path in paths)
    seen = []
    Corpus(paths, progress=lambda *now: seen.append(now))
    done = [now[0] for now in seen]
    assert len(seen) > total // 100
    assert done == sorted(done)
    assert done[-1] == total
    assert {now[1] for now in seen} == {total}


def test_progress_of_iterables_counts_sentences(monkeypatch):
    monkeypatch.setattr(sentences_module, "_TOKENS", 10)
    seen = []
    Corpus([["a", "b"]] * 100, progress=lambda *now: seen.append(now))
    assert len(seen) > 10
    assert seen[-1] == (100, 0)


@pytest.mark.parametrize("kind", ["file", "lists"])
def test_ctrl_c(encode, kind):
    def press(done, total):
        signal.raise_signal(signal.SIGINT)

    read = encode if kind == "file" else Corpus
    source = b"some words\n" * 100 if kind == "file" else [["some", "words"]] * 100
    with pytest.raises(KeyboardInterrupt):
        read(source, progress=press)


# ---- Bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["no such file", "a text\nof two lines", "x" * 100_000, "a\0b"])
def test_missing_file(path):
    hint = "a str is interpreted as a path; to pass text, wrap it in a list"
    with pytest.raises(FileNotFoundError, match=hint) as caught:
        Corpus(path)
    assert caught.value.errno == errno.ENOENT
    assert caught.value.filename.startswith(path[:200])
    assert len(str(caught.value)) < 500
    with pytest.raises(FileNotFoundError) as caught:
        Corpus(pathlib.Path(path))
    assert "string" not in str(caught.value)


def test_all_files_are_looked_at_first(tmp_path):
    (tmp_path / "there").write_text("some words")
    with pytest.raises(FileNotFoundError, match="missing"):
        Corpus.from_files(tmp_path / "there", tmp_path / "missing", progress=lambda *_: 1 / 0)


def test_unreadable_file(tmp_path, monkeypatch):
    path = tmp_path / "text.txt"
    path.write_text("some words")

    def refuse(path):  # for root, who may read everything
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    path.chmod(0)
    if os.access(path, os.R_OK):
        monkeypatch.setattr(input_files, "_open", refuse)
    with pytest.raises(PermissionError, match="check the read permission") as caught:
        Corpus(path)
    assert caught.value.filename == str(path)


@pytest.mark.parametrize("data", [b"", b"\n\n", b" \t\r\n", b"\xef\xbb\xbf", "\u3000".encode()])
def test_file_without_words(encode, data):
    with pytest.raises(ValueError, match=r"text\.txt: the file contains no words"):
        encode(data)


def test_files_without_words(tmp_path):
    paths = [tmp_path / "1", tmp_path / "2"]
    for path in paths:
        path.write_text("\n")
    with pytest.raises(ValueError, match="1 and 1 more: the files contain no words"):
        Corpus(paths)
    with pytest.raises(ValueError, match="at least one path"):
        Corpus.from_files()


def test_nothing_left_by_ignore(encode):
    with pytest.raises(ValueError, match="the file contains no words"):
        encode(b"\xff\xfd \0", errors="ignore")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ([], "no sentences: the iterable is empty"),
        ((s for s in ()), "a generator can be read only once"),
        ([[], []], r"all sentences \(2\) are empty"),
        (["", " \n"], r"all sentences \(2\) are empty"),
    ],
)
def test_iterable_without_words(source, message):
    with pytest.raises(ValueError, match=message):
        Corpus(source)


def test_invalid_utf8(encode, monkeypatch):
    monkeypatch.setattr(text_files, "_CHUNK", 50)
    data = b"\xef\xbb\xbf" + b"good line\n" * 20 + b"caf\xe9 noir\n"
    with pytest.raises(ValueError, match="invalid UTF-8") as caught:
        encode(data)
    message = str(caught.value)
    assert "text.txt" in message
    assert "byte 206 (counted from 0; line 21): b'\\xe9 no'" in message
    assert "errors='replace' or errors='ignore'" in message
    assert encode(data, errors="replace").words()[-2:] == ["caf\ufffd", "noir"]
    assert encode(data, errors="ignore").words()[-2:] == ["caf", "noir"]


def test_lines_are_counted_per_file(tmp_path):
    (tmp_path / "1").write_bytes(b"a b\n" * 10)
    (tmp_path / "2").write_bytes(b"a b\n\xff")
    with pytest.raises(ValueError, match=r"2: invalid UTF-8 at byte 4 \(counted from 0; line 2\)"):
        Corpus([tmp_path / "1", tmp_path / "2"])


def test_nul_byte(encode):
    with pytest.raises(
        ValueError, match=r"NUL byte at byte 5 \(counted from 0; line 2\): not a plain UTF-8 text"
    ):
        encode(b"a b\nc\0d")
    with pytest.raises(ValueError, match="UTF-16"):
        encode("no mark".encode("utf-16-le"))
    assert encode(b"a b\nc\0d", errors="replace").words()[-1] == "c\ufffdd"
    assert encode(b"a b\nc\0d", errors="ignore").words()[-1] == "cd"


@pytest.mark.parametrize("errors", POLICIES)
@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ("text".encode("utf-16"), "UTF-16"),
        (b"\xfe\xff\0t\0e", "UTF-16"),
        (b"\0\0\xfe\xff\0\0\0t", "UTF-32"),
        (b"PK\3\4\0\0\0\0", "a zip archive"),
        (b"%PDF-1.4", "a PDF document"),
    ],
)
def test_files_that_are_no_plain_text(encode, data, kind, errors):
    with pytest.raises(
        ValueError, match=r"text\.txt: expected UTF-8 text, plain or compressed"
    ) as caught:
        encode(data, errors=errors)
    assert kind in str(caught.value)


@pytest.mark.parametrize("change", [-1000, 1000])
def test_file_that_changes_size(tmp_path, monkeypatch, change):
    monkeypatch.setattr(text_files, "_CHUNK", 1000)
    path = tmp_path / "text"
    path.write_bytes(b"some words\n" * 1000)

    def resize(done, total):
        os.truncate(path, 11_000 + change)

    with pytest.raises(OSError, match=f"changed from 11000 to {11_000 + change} bytes while"):
        Corpus(path, progress=resize)


@pytest.mark.parametrize("source", [b"bytes", bytearray(b"x"), {"a": 1}, 5, None, 1.5, object()])
def test_source_of_the_wrong_type(source):
    with pytest.raises(TypeError, match="source: expected a path, an iterable") as caught:
        Corpus(source)
    assert type(source).__name__ in str(caught.value)


@pytest.mark.parametrize(
    ("token", "message"),
    [
        (b"abc", r"found bytes b'abc'; decode it, e\.g\. with token\.decode\('utf-8'\)"),
        (5, "found int 5; convert every token to a str"),
        (None, "found NoneType None"),
        (["x"], r"found list \['x'\]; a sentence is one flat list of str"),
        (b"x" * 10_000, "found bytes b'xxx"),
    ],
)
def test_token_of_the_wrong_type(token, message):
    for last in (["a", token], ("a", token), iter(["a", token])):
        with pytest.raises(TypeError, match=message) as caught:
            Corpus([["a", "b"], [], last])
        assert "sentence 2, token 1 (both counted from 0): expected a str" in str(caught.value)
        assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("sentence", "message"),
    [
        (b"abc", "found bytes b'abc'; decode it, or open the file in text mode"),
        (5, "found int 5; pass each sentence as a list of str"),
        (None, "found NoneType None"),
    ],
)
def test_sentence_of_the_wrong_type(sentence, message):
    with pytest.raises(TypeError, match=message) as caught:
        Corpus([["a", "b"], sentence])
    assert "sentence 1 (counted from 0): expected a list of tokens or a line" in str(caught.value)


def test_binary_file_as_iterable(tmp_path):
    (tmp_path / "text").write_bytes(b"some words\n")
    with (
        (tmp_path / "text").open("rb") as file,
        pytest.raises(TypeError, match="open the file in text mode with encoding='utf-8'"),
    ):
        Corpus(file)


def test_paths_and_sentences_mixed(tmp_path):
    with pytest.raises(TypeError, match=r"item 1 .* expected a path-like object, .* found list"):
        Corpus([tmp_path, ["a", "b"]])
    with pytest.raises(TypeError, match=r"sentence 1 .* found (Posix|Windows)Path"):
        Corpus([["a", "b"], tmp_path])


def test_lone_surrogates():
    with pytest.raises(ValueError, match="lone surrogate") as caught:
        Corpus([["a"], ["b", "c", "d\udc80"]])
    assert str(caught.value).startswith(
        "sentence 1, token 2 (both counted from 0): 'd\\udc80' contains a lone surrogate, "
        "'\\udc80' at position 1"
    )
    with pytest.raises(ValueError, match=r"^sentence 1 \(counted from 0\): 'b é\\ud800' contains"):
        Corpus(["a", "b é\ud800"])
    sentences = [["d\udc80", "\ud800", "é"], "x\ud800y \U0001f600"]
    assert_holds(
        Corpus(sentences, errors="replace"),
        [["d\ufffd", "\ufffd", "é"], ["x\ufffdy", "\U0001f600"]],
    )
    assert_holds(Corpus(sentences, errors="ignore"), [["d", "é"], ["xy", "\U0001f600"]])


def test_empty_tokens_are_left_out_with_a_warning():
    with pytest.warns(UserWarning, match="skipped 2 empty tokens") as caught:
        corpus = Corpus([["a", "b"], ["c", "", ""]])
    assert "first at sentence 1, token 1, counted from 0" in str(caught[0].message)
    assert_holds(corpus, [["a", "b"], ["c"]])


@pytest.mark.parametrize("source", [["the", "cat", "sat"], [["the"], ["cat"]]])
def test_flat_list_of_words(source):
    with pytest.warns(UserWarning, match=r"flat list of words\? Each item is .* as \[words\]"):
        Corpus(source)


def test_file_with_one_word_a_line(tmp_path):
    (tmp_path / "text").write_text("the\ncat\n")
    with pytest.warns(UserWarning, match=r"every sentence \(2 in all\) .*one sentence per line"):
        Corpus(tmp_path / "text")


def test_no_warning_without_reason():
    Corpus([["one"]])
    Corpus(["one", "two three"])


def test_strings_that_name_files(tmp_path):
    names = []
    for i in range(2):
        (tmp_path / f"text {i}").write_text("some words")
        names.append(str(tmp_path / f"text {i}"))
    with pytest.warns(UserWarning, match=r"2 strings is the name of a file .*from_files"):
        corpus = Corpus(names)
    assert_holds(corpus, [name.split() for name in names])
    Corpus([*names, "no file"])


@pytest.mark.parametrize("errors", ["Strict", "surrogateescape", None])
def test_errors_of_another_kind(errors):
    with pytest.raises(ValueError, match="expected 'strict', 'replace' or 'ignore'"):
        Corpus([["a", "b"]], errors=errors)


def test_progress_that_is_no_callable():
    with pytest.raises(TypeError, match="progress=True: expected None or a callable"):
        Corpus([["a", "b"]], progress=True)
