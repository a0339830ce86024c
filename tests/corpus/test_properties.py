"""What holds for the encoder whatever it is given, against Python's own str and bytes."""

import itertools
import unicodedata

import pytest

pytest.importorskip("hypothesis")

from hypothesis import example, given, settings
from hypothesis import strategies as st

from w2v.corpus import _text_encoder

POLICIES = {
    "strict": _text_encoder.STRICT,
    "replace": _text_encoder.REPLACE,
    "ignore": _text_encoder.IGNORE,
}

quick = settings(derandomize=True, database=None, deadline=None, max_examples=150)

SPACES = " \t\n\v\f\r\x1c\x1f\x85\xa0\u1680\u2000\u2028\u3000"
LETTERS = "aZ1_'.\xe9\xdf\u0130\u03a3\u05d0\u0301\u200d\u30ab\u6f22\ud55c\U0001f1e9\U0001f600"
# Characters that every Unicode since has: a newer Python's str knows more than the encoder does.
KNOWN = st.characters(exclude_categories=["Cs"], exclude_characters="\0").filter(
    lambda c: unicodedata.ucd_3_2_0.category(c) != "Cn"
)
ALPHABET = st.one_of(st.sampled_from(SPACES + LETTERS), KNOWN)
TEXT = st.text(ALPHABET, max_size=80)
BAD = [b"\xff", b"\0", b"\xc2", b"\xe2\x80", b"\xf0\x9f\x98", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"]
BYTES = st.one_of(
    st.binary(max_size=80),
    st.lists(st.one_of(st.sampled_from(BAD), ALPHABET.map(str.encode)), max_size=40).map(b"".join),
)
ERRORS = st.sampled_from(sorted(POLICIES))
OPTIONS = st.fixed_dictionaries({"unicode": st.booleans(), "lowercase": st.booleans()})


def sentences_of(encoder):
    ids, _, offsets, words = (memoryview(block) for block in encoder.finish())
    types = [bytes(words[a:b]).decode() for a, b in itertools.pairwise(offsets)]
    sentences = [[]]
    for i in ids:
        if i < 0:
            sentences.append([])
        else:
            sentences[-1].append(types[i])
    return sentences[:-1]


def outcome(data, cuts, errors, options):
    """Return what the encoder says of bytes that are fed in pieces, and what it made of them."""
    encoder = _text_encoder.Encoder(POLICIES[errors], **options)
    done = 0
    for cut in [*cuts, len(data)]:
        status, consumed = encoder.feed(data[done:cut], cut == len(data))
        done += consumed
        if status:
            return status, done, None
    encoder.end_sentence()
    return status, done, sentences_of(encoder)


@quick
@given(TEXT)
@example("\x1c\x85")
def test_a_line_is_split_as_str_split_does(text):
    encoder = _text_encoder.Encoder(_text_encoder.STRICT)
    encoder.add_sentences(iter([text]), 1)
    assert sentences_of(encoder) == ([text.split()] if text.split() else [])


@quick
@given(TEXT)
@example("\u0391\u03a3")
def test_tokens_are_lowered_as_str_lower_does(text):
    # Lower-cased one by one: a final sigma depends on what is beside it.
    encoder = _text_encoder.Encoder(_text_encoder.STRICT, lowercase=True)
    encoder.add_sentences(iter([text.split(), text]), 10**6)
    lowered = [token.lower() for token in text.split()]
    assert sentences_of(encoder) == ([lowered] * 2 if lowered else [])


@quick
@given(BYTES, st.sampled_from(["replace", "ignore"]))
def test_bad_bytes_are_decoded_as_python_decodes_them(data, errors):
    text = data.decode(errors=errors).replace("\0", "\ufffd" if errors == "replace" else "")
    expected = [line.split() for line in text.split("\n") if line.split()]
    assert outcome(data, [], errors, {}) == (_text_encoder.OK, len(data), expected)


@quick
@given(BYTES, OPTIONS)
def test_strict_stops_where_python_stops(data, options):
    status, done, _ = outcome(data, [], "strict", options)
    if status == _text_encoder.OK:
        data.decode()
        assert b"\0" not in data
    elif status == _text_encoder.NUL_BYTE:
        data[:done].decode()
        assert data[done] == 0
    else:
        with pytest.raises(UnicodeDecodeError) as caught:
            data.decode()
        assert caught.value.start == done
        assert b"\0" not in data[:done]


@quick
@given(BYTES, st.lists(st.integers(0, 80), max_size=6), ERRORS, OPTIONS)
def test_text_may_be_cut_anywhere(data, cuts, errors, options):
    cuts = sorted(min(cut, len(data)) for cut in cuts)
    assert outcome(data, cuts, errors, options) == outcome(data, [], errors, options)


@quick
@given(TEXT)
def test_words_are_parts_of_the_line_in_order(text):
    encoder = _text_encoder.Encoder(_text_encoder.STRICT, unicode=True)
    encoder.add_sentences(iter([text]), 1)
    place = 0
    for word in itertools.chain(*sentences_of(encoder)):
        found = text.index(word, place)
        # Nothing is left out but what holds no letter and no number.
        assert not any(c.isalpha() or c.isdecimal() for c in text[place:found])
        assert any(c.isalnum() for c in word) or not word.isascii()
        place = found + len(word)
    assert not any(c.isalpha() or c.isdecimal() for c in text[place:])
