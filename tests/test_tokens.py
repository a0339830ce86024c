"""The tokens room: rows of tables, word boundaries, lower case; set against plain Python."""

import itertools
import random

import numpy as np
import pytest

from w2v import _text

POLICIES = {"strict": _text.STRICT, "replace": _text.REPLACE, "ignore": _text.IGNORE}


def sentences_of(encoder: _text.Encoder) -> list[list[str]]:
    """Return what the encoder holds, and check that its counts add up."""
    ids, counts, offsets, words = (memoryview(block) for block in encoder.finish())
    types = [bytes(words[a:b]).decode() for a, b in itertools.pairwise(offsets)]
    sentences: list[list[str]] = [[]]
    seen = [0] * len(types)
    for i in ids:
        if i < 0:
            sentences.append([])
        else:
            seen[i] += 1
            sentences[-1].append(types[i])
    assert seen == list(counts)
    assert len(set(types)) == len(types)
    return sentences[:-1]


# ---- Tables --------------------------------------------------------------------------------------


def column(strings: list[bytes | None]) -> tuple[bytes, np.ndarray, np.ndarray]:
    """Return strings as Arrow has them: bytes, offsets, and which are none."""
    offsets = np.cumsum([0, *(len(s or b"") for s in strings)])
    return b"".join(s or b"" for s in strings), offsets, np.array([s is not None for s in strings])


ROWS = [
    b"the cat  sat\n",
    b"",
    None,
    " \u3000 \u00e9t\u00e9 ".encode(),
    b" a\nb\0c ",
    b"x" * 40,
    b"cat",
]


def test_rows_are_lines():
    data, offsets, valid = column(ROWS)
    encoder = _text.Encoder(_text.STRICT)
    assert encoder.add_rows(data, offsets, valid) == 1
    assert encoder.items == len(ROWS)
    assert sentences_of(encoder) == [s for r in ROWS if r and (s := r.decode().split())]


def test_rows_without_nulls_and_a_slice_of_a_table():
    rows = [b"one two", b"three", b"four five"]
    data, offsets, _ = column(rows)
    encoder = _text.Encoder(_text.STRICT)
    assert encoder.add_rows(np.frombuffer(data, np.uint8), offsets[1:]) == 0
    assert encoder.add_rows(memoryview(data), offsets[:1]) == 0
    assert encoder.add_rows(b"", np.zeros(3, np.int64)) == 0
    assert encoder.items == 4
    assert sentences_of(encoder) == [["three"], ["four", "five"]]


TOKENS = [
    b"the",
    b"new york",
    b"",
    None,
    "\u00e9t\u00e9".encode(),
    b"a\0",
    b"seventeen-letters",
    b"the",
]


def test_lists_of_tokens():
    data, offsets, valid_tokens = column(TOKENS)
    lists = np.array([0, 2, 2, 5, 6, 8])
    valid = np.array([1, 1, 1, 0, 1], np.uint8)
    encoder = _text.Encoder(_text.STRICT)
    assert encoder.add_lists(data, offsets, lists, valid, valid_tokens) == (1, 1)
    assert (encoder.items, encoder.empty_tokens, encoder.first_empty) == (5, 1, (2, 0))
    assert sentences_of(encoder) == [
        ["the", "new york"],
        ["\u00e9t\u00e9"],
        ["seventeen-letters", "the"],
    ]


def test_empty_tokens_are_counted_from_the_first():
    encoder = _text.Encoder(_text.STRICT)
    encoder.add_lists(b"ab", np.array([0, 1, 2]), np.array([0, 2]))
    encoder.add_lists(b"ab", np.array([0, 1, 1, 2]), np.array([0, 0, 3]))
    encoder.add_lists(b"", np.array([0, 0]), np.array([0, 1]))
    assert (encoder.empty_tokens, encoder.first_empty) == (2, (2, 1))


BAD = [b"\xff", b"caf\xe9", b"\xe2\x80", b"ok\xed\xa0\x80ok", b"\xf0\x9f\x98 x", b"12345678\xc3"]


@pytest.mark.parametrize("errors", ["replace", "ignore"])
def test_bad_bytes_in_tables_are_decoded_as_python_decodes_them(errors):
    data, offsets, _ = column(BAD)
    decoded = [b.decode(errors=errors) for b in BAD]
    encoder = _text.Encoder(POLICIES[errors])
    encoder.add_rows(data, offsets)
    assert sentences_of(encoder) == [d.split() for d in decoded if d]
    encoder = _text.Encoder(POLICIES[errors])
    encoder.add_lists(data, offsets, np.array([0, len(BAD)]))
    assert sentences_of(encoder) == [[d for d in decoded if d]]
    assert encoder.empty_tokens == 0


def test_strict_names_the_row_and_the_byte():
    data, offsets, _ = column([b"good", b"caf\xe9 noir", b""])
    encoder = _text.Encoder(_text.STRICT)
    encoder.add_rows(b"one", np.array([0, 3]))
    with pytest.raises(ValueError, match=r"^row 2 \(counted from 0\): invalid UTF-8 at byte 3 of"):
        encoder.add_rows(data, offsets)
    with pytest.raises(ValueError, match=r"^row 2, token 1 .* byte 3 of it: b'\\xe9 no'; repair"):
        encoder.add_lists(data, offsets, np.array([0, 0, 2]))


@pytest.mark.parametrize("wrong", [[-1, 3, 5], [0, 4, 3], [0, 3, 6], [0, 2**62, 5], [6, 6, 6]])
def test_offsets_that_lead_outside(wrong):
    with pytest.raises(ValueError, match=r"offsets: entries . and . are .* from 0 to 5"):
        _text.Encoder(_text.STRICT).add_rows(b"abcde", np.array(wrong))
    with pytest.raises(ValueError, match=r"^offsets: .* from 0 to 5"):
        _text.Encoder(_text.STRICT).add_lists(b"abcde", np.array(wrong), np.array([0, 2]))
    with pytest.raises(ValueError, match=r"^list_offsets: .* from 0 to 5"):
        _text.Encoder(_text.STRICT).add_lists(b"abcde", np.arange(6), np.array(wrong))


def test_arrays_that_do_not_fit():
    encoder = _text.Encoder(_text.STRICT)
    three = np.array([0, 1, 2])
    with pytest.raises(ValueError, match="valid: expected 2 items, found 3"):
        encoder.add_rows(b"ab", three, np.ones(3, bool))
    with pytest.raises(TypeError, match="valid: expected items of one byte, found 8"):
        encoder.add_rows(b"ab", three, three[:2])
    with pytest.raises(ValueError, match="valid_tokens: expected 2 items, found 1"):
        encoder.add_lists(b"ab", three, three, None, np.ones(1, bool))
    with pytest.raises(ValueError, match="expected one more than there are"):
        encoder.add_rows(b"ab", three[:0])
    with pytest.raises(ValueError, match="expected one more than there are"):
        encoder.add_lists(b"ab", three, three[:0])
    with pytest.raises(ValueError, match="mismatch"):
        encoder.add_rows(b"ab", three.astype(np.int32))
    assert encoder.items == 0


def test_a_table_of_many_pieces():
    chance = random.Random(5)
    rows = [b"w%d w%d" % (chance.randrange(99), chance.randrange(10**6)) for _ in range(400_000)]
    data, offsets, _ = column(rows)
    encoder = _text.Encoder(_text.STRICT)
    encoder.add_rows(data, offsets)
    assert encoder.items == len(rows)
    assert sentences_of(encoder) == [row.decode().split() for row in rows]
