"""Chunks of several encoders, joined: the ids, counts and words that one encoder makes."""

import functools
import pathlib
import random
import threading

import numpy as np
import pytest

from w2v import Corpus, Phrases, Vocabulary
from w2v.corpus import _text_encoder, range_pool, text_files

MASK = 2**64 - 1


def fold(h: int) -> int:
    return h ^ h >> 32


@functools.cache
def hashed_words(prefix: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Return the last 8 letters of many words, and the hashes that an encoder gives the words.

    The prefix has no letters, or 16.
    """
    letters = np.random.default_rng(1).integers(97, 123, (200_000, 8), np.uint8)
    last = letters.view(np.uint64)[:, 0]
    start = int.from_bytes(prefix[8:], "little") + len(prefix) + 8
    h = fold(start * 0xD6E8FEB86659FD93 & MASK)
    if prefix:
        h ^= int.from_bytes(prefix[:8], "little") * 0x9E3779B97F4A7C15 & MASK
    else:
        last = last * np.uint64(0x9E3779B97F4A7C15)
    hashed = last ^ np.uint64(h)
    hashed = (hashed ^ hashed >> np.uint64(32)) * np.uint64(0x94D049BB133111EB) >> np.uint64(32)
    return letters, hashed


def words_of_one_hash(same_bits: int, most: int, prefix: bytes = b"") -> list[bytes]:
    """Return words whose hashes are equal in these bits."""
    letters, hashed = hashed_words(prefix)
    values, counts = np.unique(hashed & np.uint64(same_bits), return_counts=True)
    chosen = np.flatnonzero(hashed & np.uint64(same_bits) == values[np.argmax(counts)])
    return [prefix + bytes(letters[i]) for i in chosen[:most]]


def lines_of(words: list[bytes], n: int, seed: int) -> list[bytes]:
    """Return lines in which each word occurs, and some again and again."""
    chance = random.Random(seed)
    drawn = words + [chance.choice(words[: 1 + len(words) // 9]) for _ in range(n)]
    chance.shuffle(drawn)
    return [b" ".join(drawn[i : i + 7]) for i in range(0, len(drawn), 7)]


TEXTS = {
    "nothing": [b""],
    "one word": [b"word"],
    "few types": lines_of([b"a", b"b", b"c"], 2000, 1),
    "every type once": [b"w%d" % i for i in range(3000)],
    "many types": lines_of([b"w%d" % i for i in range(2000)], 9000, 2),
    "one hash": lines_of(words_of_one_hash(0xFFFFFFFF, 9), 500, 3),
    "one slot": lines_of(words_of_one_hash(0x000003FF, 150), 2000, 4),
    "one part": lines_of(words_of_one_hash(0xFC000000, 2000), 2000, 5),
    "long words": lines_of(
        [*words_of_one_hash(0xFFFFFFFF, 9, b"sixteen-letters-"), b"a", b"word"], 500, 6
    ),
}


def result_of(encoder: _text_encoder.Encoder) -> list[object]:
    """Return ids, counts, offsets and words; tokens, sentences and types."""
    return [*(bytes(memoryview(block)) for block in encoder.finish()), *encoder.stats()[:3]]


def read_alone(lines: list[bytes]) -> list[object]:
    encoder = _text_encoder.Encoder(_text_encoder.STRICT)
    encoder.feed(b"\n".join(lines), True)
    encoder.end_sentence()
    return result_of(encoder)


def read_by_several(lines: list[bytes], n_encoders: int, seed: int, threads: int) -> list[object]:
    """Give ranges of lines to encoders at random, and join rounds of random size."""
    chance = random.Random(seed)
    encoders = [_text_encoder.Encoder(_text_encoder.STRICT) for _ in range(n_encoders)]
    maps = [_text_encoder.TypeMap() for _ in encoders]
    into = _text_encoder.Encoder(_text_encoder.STRICT)
    expected = chance.choice([0, 10, 5000])
    join = _text_encoder.Join(into, expected)
    for encoder in encoders:
        encoder.expect(expected // n_encoders, expected)
    at, spare = 0, []
    while at < len(lines):
        chunks, round_maps = [], []
        for _ in range(chance.randrange(1, 9)):
            more = chance.randrange(len(lines) // 20 + 2)  # also none: an empty chunk
            chosen = chance.randrange(n_encoders)
            encoders[chosen].feed(b"\n".join(lines[at : at + more]), True)
            encoders[chosen].end_sentence()
            at += more
            chunks.append(encoders[chosen].take_chunk(spare.pop() if spare else None))
            round_maps.append(maps[chosen])
        join.begin(chunks, round_maps, chance.choice([0, 10_000_000]))
        run_stages(join, threads)
        spare += chunks
    for encoder, type_map in zip(encoders, maps, strict=True):
        join.add_counts(memoryview(encoder.finish()[1]), type_map)
    assert join.memory()[0] > 0
    assert join.stats()[2] == into.stats()[2]
    del join
    return result_of(into)


def run_stages(join: _text_encoder.Join, threads: int) -> None:
    more = True
    while more:
        others = [threading.Thread(target=join.work) for _ in range(threads - 1)]
        for other in others:
            other.start()
        join.work()
        for other in others:
            other.join()
        more = join.next_stage()


def test_the_words_collide_as_they_should():
    counts = [
        len(set(b" ".join(TEXTS[f"one {what}"]).split())) for what in ("hash", "slot", "part")
    ]
    assert counts == [2, 150, 2000]


@pytest.mark.parametrize("n_encoders", [1, 2, 3, 8])
@pytest.mark.parametrize("name", TEXTS)
def test_joined_as_one_encoder_reads(name, n_encoders):
    alone = read_alone(TEXTS[name])
    for seed in range(4):
        assert read_by_several(TEXTS[name], n_encoders, seed, threads=1) == alone


def test_any_number_of_threads_joins_the_same():
    alone = read_alone(TEXTS["many types"])
    for threads in (2, 5):
        assert read_by_several(TEXTS["many types"], 3, threads, threads) == alone


def test_counts_belong_to_an_encoder():
    one, other, whole = (_text_encoder.Encoder(_text_encoder.STRICT) for _ in range(3))
    one.feed(b"a b a\n", True)
    other.feed(b"c a\n", True)
    join, mine = _text_encoder.Join(whole), _text_encoder.TypeMap()
    join.begin([one.take_chunk(), other.take_chunk()], [mine, _text_encoder.TypeMap()], 0)
    run_stages(join, 1)
    one.feed(b"b d\n", True)
    join.begin([one.take_chunk()], [mine], 0)
    run_stages(join, 1)
    with pytest.raises(ValueError, match="counts of 2 types: expected 3"):
        join.add_counts(memoryview(other.finish()[1]), mine)
    join.add_counts(memoryview(one.finish()[1]), mine)
    ids, counts, _, words = map(memoryview, whole.finish())
    assert (ids.tolist(), bytes(words)) == ([0, 1, 0, -1, 2, 0, -1, 1, 3, -1], b"abcd")
    assert counts.tolist() == [2, 2, 0, 1]


# ---- From files ----------------------------------------------------------------------------------


@pytest.fixture
def small_ranges(monkeypatch):
    monkeypatch.setattr(text_files, "_RANGE", 1000)


def write(folder: pathlib.Path, lines: list[bytes]) -> pathlib.Path:
    path = folder / "text"
    path.write_bytes(b"\n".join(lines))
    return path


@pytest.mark.parametrize("workers", [2, 3, 8])
@pytest.mark.parametrize("name", ["few types", "once", "one part", "line"])
def test_files_joined_as_one_worker_reads(tmp_path, small_ranges, name, workers):
    lines = {
        "line": [b" ".join(TEXTS["many types"])],
        "once": [b"%d-a %d-b" % (i, i) for i in range(2000)],
        **TEXTS,
    }[name]
    path = write(tmp_path, lines)
    alone, several = Corpus(path, workers=1), Corpus(path, workers=workers)
    for one, other in zip(alone.encoded.arrays, several.encoded.arrays, strict=True):
        assert one.tobytes() == other.tobytes()


def test_counting_and_phrases_read_the_same(tmp_path, small_ranges):
    path = write(tmp_path, [*TEXTS["many types"], *[b"new york"] * 500])
    one, two = (Corpus(path, workers=workers) for workers in (1, 2))
    assert [*Vocabulary.from_corpus(one)] == [*Vocabulary.from_corpus(two)]
    assert Phrases(one).found == Phrases(two).found
    assert "new_york" in Phrases(two).found


def test_small_files_are_read_together(tmp_path, small_ranges, monkeypatch):
    paths = []
    for i in range(30):
        paths.append(tmp_path / f"{i:03d}")
        paths[-1].write_bytes(b"first line\nmore of file%d\nlast words\n" % i + b"x " * 150)
    rounds = []
    made = range_pool.RangePool.__init__

    def count(self, n_ranges, *args):
        rounds.append(n_ranges)
        made(self, n_ranges, *args)

    monkeypatch.setattr(range_pool.RangePool, "__init__", count)
    alone, several = Corpus(paths, workers=1), Corpus(paths, workers=2)
    assert alone.ids.tolist() == several.ids.tolist()
    assert alone.words() == several.words()
    assert rounds == [10]
    paths[27].write_bytes(b"first line\nsecond\nb\xffd\n")
    with pytest.raises(ValueError, match=r"027: invalid UTF-8 at byte 19 .*line 3\)"):
        Corpus(paths, workers=2)


@pytest.mark.parametrize("by", ["worker", "caller", "interrupt"])
def test_a_failure_while_joining_ends_all(tmp_path, small_ranges, monkeypatch, by):
    path = write(tmp_path, TEXTS["many types"])
    failed = threading.Event()

    class Failing(_text_encoder.Join):
        def work(self) -> None:
            super().work()
            in_worker = threading.current_thread() is not threading.main_thread()
            if in_worker and by == "worker":
                failed.set()
                raise MemoryError("none left")
            if not in_worker and by == "worker":
                assert failed.wait(60)  # a worker helps: it has nothing else to do
            if not in_worker and by != "worker":
                raise MemoryError("none left") if by == "caller" else KeyboardInterrupt

    monkeypatch.setattr(_text_encoder, "Join", Failing)
    before = threading.active_count()
    target = tmp_path / "encoded.w2vc"
    target.write_bytes(b"what was there")
    with pytest.raises(KeyboardInterrupt if by == "interrupt" else MemoryError):
        Corpus.encode(path, target, workers=3)
    assert threading.active_count() == before
    assert target.read_bytes() == b"what was there"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["encoded.w2vc", "text"]


def test_a_worker_without_memory_for_its_encoder(tmp_path, small_ranges, monkeypatch):
    path = write(tmp_path, TEXTS["many types"])
    made = text_files.Options.encoder

    def encoder(options):
        if threading.current_thread() is not threading.main_thread():
            raise MemoryError("no encoder")
        return made(options)

    monkeypatch.setattr(text_files.Options, "encoder", encoder)
    with pytest.raises(MemoryError, match="no encoder"):
        Corpus(path, workers=3)
