"""The tokens room: rows of tables, word boundaries, lower case; set against plain Python."""

import itertools
import random
import unicodedata

import numpy as np
import pytest

from w2v.corpus import _text_encoder

POLICIES = {
    "strict": _text_encoder.STRICT,
    "replace": _text_encoder.REPLACE,
    "ignore": _text_encoder.IGNORE,
}


def sentences_of(encoder: _text_encoder.Encoder) -> list[list[str]]:
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
    encoder = _text_encoder.Encoder(_text_encoder.STRICT)
    assert encoder.add_rows(data, offsets, valid) == 1
    assert encoder.items == len(ROWS)
    assert sentences_of(encoder) == [s for r in ROWS if r and (s := r.decode().split())]


def test_rows_without_nulls_and_a_slice_of_a_table():
    rows = [b"one two", b"three", b"four five"]
    data, offsets, _ = column(rows)
    encoder = _text_encoder.Encoder(_text_encoder.STRICT)
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
    encoder = _text_encoder.Encoder(_text_encoder.STRICT)
    assert encoder.add_lists(data, offsets, lists, valid, valid_tokens) == (1, 1)
    assert (encoder.items, encoder.empty_tokens, encoder.first_empty) == (5, 1, (2, 0))
    assert sentences_of(encoder) == [
        ["the", "new york"],
        ["\u00e9t\u00e9"],
        ["seventeen-letters", "the"],
    ]


def test_empty_tokens_are_counted_from_the_first():
    encoder = _text_encoder.Encoder(_text_encoder.STRICT)
    encoder.add_lists(b"ab", np.array([0, 1, 2]), np.array([0, 2]))
    encoder.add_lists(b"ab", np.array([0, 1, 1, 2]), np.array([0, 0, 3]))
    encoder.add_lists(b"", np.array([0, 0]), np.array([0, 1]))
    assert (encoder.empty_tokens, encoder.first_empty) == (2, (2, 1))


BAD = [b"\xff", b"caf\xe9", b"\xe2\x80", b"ok\xed\xa0\x80ok", b"\xf0\x9f\x98 x", b"12345678\xc3"]


@pytest.mark.parametrize("errors", ["replace", "ignore"])
def test_bad_bytes_in_tables_are_decoded_as_python_decodes_them(errors):
    data, offsets, _ = column(BAD)
    decoded = [b.decode(errors=errors) for b in BAD]
    encoder = _text_encoder.Encoder(POLICIES[errors])
    encoder.add_rows(data, offsets)
    assert sentences_of(encoder) == [d.split() for d in decoded if d]
    encoder = _text_encoder.Encoder(POLICIES[errors])
    encoder.add_lists(data, offsets, np.array([0, len(BAD)]))
    assert sentences_of(encoder) == [[d for d in decoded if d]]
    assert encoder.empty_tokens == 0


def test_strict_names_the_row_and_the_byte():
    data, offsets, _ = column([b"good", b"caf\xe9 noir", b""])
    encoder = _text_encoder.Encoder(_text_encoder.STRICT)
    encoder.add_rows(b"one", np.array([0, 3]))
    with pytest.raises(ValueError, match=r"^row 2 \(counted from 0\): invalid UTF-8 at its byte 3"):
        encoder.add_rows(data, offsets)
    with pytest.raises(ValueError, match=r"^row 2, token 1 .* byte 3: b'\\xe9 no'; repair"):
        encoder.add_lists(data, offsets, np.array([0, 0, 2]))


@pytest.mark.parametrize("wrong", [[-1, 3, 5], [0, 4, 3], [0, 3, 6], [0, 2**62, 5], [6, 6, 6]])
def test_offsets_that_lead_outside(wrong):
    with pytest.raises(ValueError, match=r"^offsets must be .* from 0 to 5, but offsets\[.\] ="):
        _text_encoder.Encoder(_text_encoder.STRICT).add_rows(b"abcde", np.array(wrong))
    with pytest.raises(ValueError, match=r"^offsets must .* from 0 to 5"):
        _text_encoder.Encoder(_text_encoder.STRICT).add_lists(
            b"abcde", np.array(wrong), np.array([0, 2])
        )
    with pytest.raises(ValueError, match=r"^list_offsets must .* from 0 to 5"):
        _text_encoder.Encoder(_text_encoder.STRICT).add_lists(
            b"abcde", np.arange(6), np.array(wrong)
        )


def test_arrays_that_do_not_fit():
    encoder = _text_encoder.Encoder(_text_encoder.STRICT)
    three = np.array([0, 1, 2])
    with pytest.raises(ValueError, match="valid: expected 2 items, found 3"):
        encoder.add_rows(b"ab", three, np.ones(3, bool))
    with pytest.raises(TypeError, match="valid: expected items of one byte, found 8"):
        encoder.add_rows(b"ab", three, three[:2])
    with pytest.raises(ValueError, match="valid_tokens: expected 2 items, found 1"):
        encoder.add_lists(b"ab", three, three, None, np.ones(1, bool))
    with pytest.raises(ValueError, match="expected one more than"):
        encoder.add_rows(b"ab", three[:0])
    with pytest.raises(ValueError, match="expected one more than"):
        encoder.add_lists(b"ab", three, three[:0])
    with pytest.raises(ValueError, match="mismatch"):
        encoder.add_rows(b"ab", three.astype(np.int32))
    assert encoder.items == 0


@pytest.mark.thorough
def test_a_table_of_many_pieces():
    chance = random.Random(5)
    rows = [b"w%d w%d" % (chance.randrange(99), chance.randrange(10**6)) for _ in range(400_000)]
    data, offsets, _ = column(rows)
    encoder = _text_encoder.Encoder(_text_encoder.STRICT)
    encoder.add_rows(data, offsets)
    assert encoder.items == len(rows)
    assert sentences_of(encoder) == [row.decode().split() for row in rows]


# ---- Words and lower case ------------------------------------------------------------------------


def encoded(data: bytes, cuts=(), errors="strict", **options) -> list[list[str]]:
    """Return the sentences of a text that is fed up to one cut after another."""
    encoder = _text_encoder.Encoder(POLICIES[errors], **options)
    done = 0
    for cut in [*cuts, len(data)]:
        status, consumed = encoder.feed(data[done:cut], cut == len(data))
        assert status == _text_encoder.OK
        done += consumed
    assert done == len(data)
    encoder.end_sentence()
    return sentences_of(encoder)


def words(text: str, **options) -> list[str]:
    return list(itertools.chain(*encoded(text.encode(), unicode=True, **options)))


# The examples of UAX #29 and what its rules say, by hand; "|" stands at each boundary.
SEGMENTED = [
    "The| |quick| |(|“|brown|”|)| |fox| |can’t| |jump| |32.3| |feet|,| |right|?",
    "don't| |rock| |'|n|'| |roll|'",
    "3,141.59|;| |1;2| |1|,| |,|2| |a|,|b| |a.b| |a|.|.|b| |1|.|a| |a|.|1| |v1.2",
    "a:b| |1|:|2| |:|a| |a|:",
    "snake_case| |_| |__| |_x_| |a_1| |_|.|a",
    "x|-|ray| |e|-|mail|@|example.com",
    "naïve| |cafe\u0301| |e\u0301\u0301te\u0301| |\u0301| |a\u00adb\u200dc",
    "Москва|,| |МОСКВА|’|\r|\n|Ελλάδα",
    "א'|'| |א\"ב|\"| |א'ב| |צה״ל| |a|\"|b",
    "カタカナ|ひ|ら|が|な|漢|字|カタ_カ",
    "대한민국| |ไ|ท|ย| |हिन्दी| |العربية| |١٢٣٫٤",
    "🇩🇪|🇫🇷|🇪| |👩‍👩‍👧|👍🏽| |1️⃣| |Ⓜ| |ℹ‍ℹ",
    "   |a| |\t|b|\n|\u3000 |\u2028|c|\x85\u0301".replace("\x85\u0301", "\x85|\u0301"),
    "a'\u0301b| |1.\u0301\u200d2| |a|.\u0301|!| |a\u0301.b",
    "𝐀𝐛| |𐐀𐐨| |🅰|\U00020000|x",
    "  \uff9e|x| |.\uff9e",
]


@pytest.mark.parametrize("marked", SEGMENTED)
def test_words_by_hand(marked):
    segments = marked.split("|")
    kept = [s for s in segments if any(unicodedata.category(c)[0] in "LN" for c in s)]
    assert words(marked.replace("|", "")) == kept
    encoder = _text_encoder.Encoder(_text_encoder.STRICT, True)
    encoder.add_sentences(iter([marked.replace("|", "")]), 1)
    assert list(itertools.chain(*sentences_of(encoder))) == kept


# Characters of each value of Word_Break, from many scripts, and what hardly ever stands in text.
CHARACTERS = (
    "aZéßþŁαΩжЯԱაᎠאבﬡابܐކअকกᄀ가ᠠㄅꀀ𐐀𝐀\u02bc\u02d7\u05f3ªʰⅷⓐℹ\u24c2\U0001f170\U0001f130"
    "059٣०๙\U0001d7d8_\u203f\uff3f\u202fカヲｱ\u30fc\u3031ひ漢字ไ\U00020000'\"’:·.;,\u2024\u055d\u066c"
    "\uff0e\uff1a\u0589\u2018 \u3000\u2003\u00a0\t\r\n\v\f\u0085\u2028\u2029"
    "\u0301\u0308\u093e\u20dd\ufe0f\U0001f3fd\uff9e\u200c\u00ad\u200e\u2060\ufeff\u200d\u200d"
    "\U0001f1e9\U0001f1ea\U0001f469\u2764©\U0001f600-!@$%()[]€²½\ue000\u0378\0\x01"
)


def random_words(seed: int, pieces: int = 30) -> str:
    chance = random.Random(seed)
    few = chance.sample(CHARACTERS, 12)  # so that rare ones meet
    return "".join(chance.choice(few) for _ in range(chance.randrange(pieces)))


def by_uniseg(text: str) -> list[str]:
    segments = pytest.importorskip("uniseg.wordbreak").words(text)
    return [s for s in segments if any(unicodedata.category(c)[0] in "LN" for c in s)]


@pytest.mark.parametrize("seed", [
    *range(0, 1000, 200),
    *[pytest.param(seed, marks=pytest.mark.thorough) for seed in range(1000, 4000, 200)],
])  # fmt: skip
def test_words_are_those_of_another_implementation(seed):
    for text in map(random_words, range(seed, seed + 200)):
        encoder = _text_encoder.Encoder(_text_encoder.STRICT, unicode=True)
        encoder.add_sentences(iter([text]), 1)
        assert list(itertools.chain(*sentences_of(encoder))) == by_uniseg(text), ascii(text)


# What Unicode 15.1 and 16 have elsewhere than 14: prefixed signs are numbers or letters there.
MOVED = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u19da\ufe10\ufe14"


@pytest.mark.thorough
def test_every_character_is_of_the_class_that_another_implementation_knows():
    wordbreak = pytest.importorskip("uniseg.wordbreak")
    pictographic = pytest.importorskip("uniseg.emoji").extended_pictographic
    # A context in which each class leaves a trace of its own.
    context = "a{}a 1{}1 \u05d0{}\u05d0 \u05d0{}a \u30ab{}\u30ab a_{} {}_a a\u200d{}1"

    def traces(words, c):
        return [w.replace(c, "{}") for w in words if not {*"a1\u05d0\u30ab"}.isdisjoint(w)]

    known = unicodedata.ucd_3_2_0  # no newer Unicode will move these
    of_class: dict[object, list[str]] = {}
    for c in map(chr, range(1, 0x30000)):
        if known.category(c) not in ("Cn", "Cs", "Co") and c not in MOVED and c not in context:
            of_class.setdefault((wordbreak.word_break(c), pictographic(c)), []).append(c)
    del of_class[wordbreak.WB.LF, False]
    assert len(of_class) > 15
    for same in of_class.values():
        text = [context.replace("{}", c) for c in same]
        lines = encoded("\n".join(text).encode(), unicode=True)
        expected = traces(by_uniseg(text[0]), same[0])
        for c, line in zip(same, lines, strict=True):
            assert traces(line, c) == expected, ascii(c)


OPTIONS = [
    {"unicode": unicode, "lowercase": lowercase}
    for unicode in (False, True)
    for lowercase in (False, True)
]


def by_hand(data: bytes, errors: str, unicode: bool, lowercase: bool) -> list[list[str]]:
    text = data.decode("utf-8", errors)
    text = text.replace("\0", {"replace": "\ufffd", "ignore": ""}.get(errors, "\0"))
    lines = text.split("\n")
    sentences = [by_uniseg(line) if unicode else line.split() for line in lines]
    return [[w.lower() if lowercase else w for w in s] for s in sentences if s]


def random_bytes(seed: int) -> bytes:
    chance = random.Random(seed)
    pieces = [
        b"\xff",
        b"\0",
        b"\xe2\x80",
        b"\xf0\x9f\x98",
        b"\xc3",
        b"\xed\xa0\x80",
        b"\n",
        b"word",
    ]
    text = [c.encode() for c in random_words(seed, 60)] + chance.sample(pieces, chance.randrange(5))
    chance.shuffle(text)
    return b"".join(text)


@pytest.mark.parametrize(
    "options", OPTIONS, ids=lambda o: "+".join(k for k in o if o[k]) or "plain"
)
@pytest.mark.parametrize("errors", ["replace", "ignore"])
@pytest.mark.parametrize("seed", range(12))
def test_text_may_be_cut_anywhere(seed, errors, options):
    data = random_bytes(seed)
    expected = by_hand(data, errors, **options)
    for cut in range(len(data)):
        assert encoded(data, [cut], errors, **options) == expected
    assert encoded(data, range(len(data)), errors, **options) == expected


@pytest.mark.parametrize(
    "options", OPTIONS, ids=lambda o: "+".join(k for k in o if o[k]) or "plain"
)
@pytest.mark.parametrize("seed", range(40))
def test_strict_stops_at_the_byte_where_python_stops(seed, options):
    data = random_bytes(seed)
    nul = data.find(b"\0")
    expected = (_text_encoder.NUL_BYTE, nul) if nul >= 0 else (_text_encoder.OK, len(data))
    try:
        data[: expected[1]].decode()
    except UnicodeDecodeError as error:
        # A sequence that NUL cuts short is bad before NUL is.
        expected = (_text_encoder.BAD_UTF8, error.start)
    assert _text_encoder.Encoder(_text_encoder.STRICT, **options).feed(data, True) == expected


def test_lines_lists_and_rows():
    sentences = ["Don't PANIC, Ünïted_Nations!", ["Don't PANIC!", "ÉTÉ", "SEVENTEEN-LETTERS"]]
    split = [["Don't", "PANIC", "Ünïted_Nations"], ["Don't PANIC!", "ÉTÉ", "SEVENTEEN-LETTERS"]]
    for options in OPTIONS:
        expected = split if options["unicode"] else [sentences[0].split(), split[1]]
        if options["lowercase"]:
            expected = [[t.lower() for t in s] for s in expected]
        encoder = _text_encoder.Encoder(_text_encoder.STRICT, **options)
        encoder.add_sentences(iter(sentences), 100)
        line, offsets, _ = column([sentences[0].encode()])
        encoder.add_rows(line, offsets)
        tokens, offsets, _ = column([t.encode() for t in sentences[1]])
        encoder.add_lists(tokens, offsets, np.array([0, 3]))
        assert sentences_of(encoder) == expected * 2


def test_lines_hold_no_line_feed_that_ends_them():
    encoder = _text_encoder.Encoder(_text_encoder.STRICT, unicode=True)
    encoder.add_sentences(iter(["a\nb\r\nc\0d"]), 1)
    assert sentences_of(encoder) == [["a", "b", "c", "d"]]


@pytest.mark.thorough
def test_every_character_in_lower_case():
    same_version = unicodedata.unidata_version == _text_encoder.UNICODE_VERSION
    known = unicodedata if same_version else unicodedata.ucd_3_2_0
    characters = [
        chr(c)
        for c in range(1, 0x110000)
        if known.category(chr(c)) not in ("Cn", "Cs") and not chr(c).isspace()
    ]
    text = [f"x{c}X {c}" for c in characters]
    expected = [t.lower().split() for t in text]
    assert encoded("\n".join(text).encode(), lowercase=True) == expected
    encoder = _text_encoder.Encoder(_text_encoder.STRICT, lowercase=True)
    encoder.add_sentences(iter([t.split() for t in text]), 10**9)
    assert sentences_of(encoder) == expected


@pytest.mark.parametrize("seed", range(20))
def test_final_sigma_as_python_has_it(seed):
    chance = random.Random(seed)
    tokens = ["".join(chance.choices("ΣσΑaİ.'\u0301\u00ad:1ʰªЖ", k=9)) for _ in range(300)]
    expected = [[t.lower() for t in tokens]]
    assert encoded(" ".join(tokens).encode(), lowercase=True) == expected
    assert words("ΟΔΟΣ ΣΑΣ Σ", lowercase=True) == ["οδος", "σας", "σ"]


@pytest.mark.parametrize("unicode", [False, True])
def test_long_tokens_in_lower_case(unicode):
    tokens = ["X" * n for n in range(1, 80)] + ["É" * n for n in range(1, 60)]
    tokens += [f"{'Ⱥ' * 9}{i}" for i in range(5000)]  # these grow: two bytes become three
    tokens += ["Ⱥ" * 100_000, "AZ@[`az{" * 9]
    if unicode:
        tokens.pop()
    expected = [[t.lower() for t in tokens]] * 2
    data = "\n".join([" ".join(tokens)] * 2).encode()
    assert encoded(data, unicode=unicode, lowercase=True) == expected
    assert encoded(data, range(0, len(data), 70_000), unicode=unicode, lowercase=True) == expected
