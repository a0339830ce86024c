"""`w2v.compat.gensim.models.phrases`: counts that can be extended, scores, files."""

import json
import math
import pickle

import pytest

from w2v.compat.gensim.models import phrases as module
from w2v.compat.gensim.models.phrases import (
    ENGLISH_CONNECTOR_WORDS,
    FrozenPhrases,
    Phraser,
    Phrases,
    npmi_scorer,
    original_scorer,
)
from w2v.corpus.phrases import count_pairs

TEXT = [["new", "york", "is", "big"], ["i", "love", "new", "york"], ["bank", "of", "america"]] * 4
SETTINGS = {"min_count": 1, "threshold": 0.5, "connector_words": ENGLISH_CONNECTOR_WORDS}


def one(worda_count, wordb_count, bigram_count, len_vocab, min_count, corpus_word_count):
    """Score every pair with 1."""
    return 1


def test_counts():
    assert count_pairs([["a", "of", "b", "a", "b"]], {"of"}) == (
        {"a": 2, "b": 2},
        {("a", "of", "b"): 1, ("b", "a"): 1, ("a", "b"): 1},
    )
    phrases = Phrases(TEXT, **SETTINGS)
    assert phrases.vocab["new"] == phrases.vocab["new_york"] == 8
    assert phrases.vocab["bank_of_america"] == 4
    assert "of" not in phrases.vocab
    assert phrases.corpus_word_count == 44
    phrases.add_vocab((word for word in line) for line in [["new", "york"], []])
    assert phrases.vocab["new_york"] == 9
    assert phrases.corpus_word_count == 46
    phrases.add_vocab([])
    assert Phrases([]).vocab == Phrases().vocab == Phrases([[], []]).vocab == {}
    with pytest.raises(TypeError, match=r"'new york' is a str"):
        phrases.add_vocab(["new york"])


def test_few_sentences_are_counted_in_another_way():
    text = [["a", "of", "of", "b", "", "a b", "é"], ["of", "a", "of"], ["a"], ["b", "a", "b"]]
    for connectors in (frozenset(), frozenset({"of"})):
        few = module._count_few(text, connectors)
        counted = [[word for word in line if word] for line in text]  # a corpus has no empty words
        assert module._count_few(counted, connectors) == count_pairs(counted, connectors)
        assert few[0][""] == 1
    many = [["new", "york"]] * module._FEW
    assert Phrases(many).vocab == {"new": 200, "york": 200, "new_york": 200}


def test_the_rarest_are_dropped():
    phrases = Phrases(TEXT, max_vocab_size=3)
    assert phrases.vocab == {"new": 8, "york": 8, "new_york": 8}
    assert phrases.min_reduce == 5
    steps = []

    class Counts(dict):
        def items(self):
            steps.append(1)
            assert len(steps) == 1  # not one for each number below the counts
            return super().items()

    phrases.vocab = Counts.fromkeys("abcd", 10**15)
    phrases.add_vocab([])
    assert (phrases.vocab, phrases.min_reduce) == ({}, 10**15 + 1)


def test_joining():
    phrases = Phrases(TEXT, **SETTINGS)
    frozen = phrases.freeze()
    for each in (phrases, frozen, FrozenPhrases(phrases)):
        assert each[["the", "bank", "of", "america", "in", "new", "york", "of"]] == [
            "the", "bank_of_america", "in", "new_york", "of"
        ]  # fmt: skip
        assert list(each[iter([["new", "york"], []])]) == [["new_york"], []]
        joined = each[[["new", "york"]]]
        assert list(joined) == list(joined) == [["new_york"]]
        assert each[[]] == []
        assert each[iter("ab")] == ["a", "b"]
        assert each.find_phrases([["new", "york", "york"]]).keys() == {"new_york"}
        assert next(each.analyze_sentence(["a", "new", "york"])) == ("a", None)
        with pytest.raises(TypeError, match=r"line\.split"):
            each["new york"]
    assert phrases.export_phrases() == frozen.phrasegrams
    assert frozen.phrasegrams.keys() >= {"new_york", "bank_of_america"}
    assert Phraser is FrozenPhrases
    assert (
        str(frozen)
        == f"FrozenPhrases<{len(frozen.phrasegrams)} phrases, min_count=1, threshold=0.5>"
    )


def test_scores():
    assert original_scorer(4, 5, 3, 100, 1, 0) == pytest.approx((3 - 1) / (4 * 5) * 100)
    assert original_scorer(0, 5, 3, 100, 1, 0) == -math.inf
    expected = math.log(0.03 / (0.04 * 0.05)) / -math.log(0.03)
    assert npmi_scorer(4, 5, 3, 0, 1, 100) == pytest.approx(expected)
    assert npmi_scorer(4, 5, 3, 0, 4, 100) == npmi_scorer(0, 5, 3, 0, 1, 100) == -math.inf
    phrases = Phrases(TEXT, min_count=1, threshold=0.5, scoring=one)
    assert set(phrases.export_phrases().values()) == {1}
    assert Phrases(TEXT, min_count=1, threshold=0.5, scoring="npmi").scoring is npmi_scorer


@pytest.mark.parametrize(("settings", "error", "message"), [
    ({"min_count": 0}, ValueError, "min_count=0"),
    ({"max_vocab_size": 0}, ValueError, "max_vocab_size=0: expected at least 1"),
    ({"max_vocab_size": math.nan}, ValueError, "max_vocab_size=nan"),
    ({"threshold": -1}, ValueError, "threshold=-1"),
    ({"threshold": 2, "scoring": "npmi"}, ValueError, "-1 to 1"),
    ({"scoring": "best"}, ValueError, "scoring='best'"),
    ({"scoring": 3}, TypeError, "scoring=3"),
    ({"scoring": len}, ValueError, "lacks the arguments worda_count"),
    ({"delimiter": b"_"}, TypeError, "delimiter=b'_'"),
    ({"common_terms": []}, TypeError, "use connector_words"),
])  # fmt: skip
def test_invalid_settings(settings, error, message):
    with pytest.raises(error, match=message):
        Phrases(TEXT, **settings)


@pytest.mark.parametrize("scoring", ["default", "npmi", one])
def test_save_and_load(tmp_path, scoring):
    phrases = Phrases(TEXT, scoring=scoring, **SETTINGS)
    path = tmp_path / "phrases.pkl"
    for saved in (phrases, phrases.freeze()):
        saved.save(path, pickle_protocol=4)
        for kind in (Phrases, FrozenPhrases):  # the file decides, as in gensim
            read = kind.load(str(path))
            assert type(read) is type(saved)
            assert vars(read) == vars(saved)
        assert vars(pickle.loads(pickle.dumps(saved))) == vars(saved)


def test_scoring_functions_in_files(tmp_path, monkeypatch):
    path = tmp_path / "phrases"
    phrases = Phrases(TEXT, scoring=one, **SETTINGS)
    phrases.save(path)
    monkeypatch.delattr(f"{__name__}.one")
    with pytest.raises(ValueError, match=r"'.*one' is not imported"):
        Phrases.load(path)
    assert Phrases.load(path, scoring="npmi").scoring is npmi_scorer
    # A file cannot have a function called that does not score phrases.
    path.write_text(path.read_text().replace(f"{__name__}.one", "os.system"))
    with pytest.raises(ValueError, match=r"'os\.system' is not imported"):
        Phrases.load(path)
    phrases.scoring = lambda *counts: 1
    with pytest.raises(ValueError, match="define it with def"):
        phrases.save(path)


def test_corrupt_files(tmp_path):
    path = tmp_path / "phrases"
    Phrases(TEXT, **SETTINGS).save(path)
    good = json.loads(path.read_text())
    for changes, message in (
        ({"format": "w2v.phrases"}, r"not written by .*\.Phrases\.save.*; Phrases\.load\(\) reads"),
        ({"format": ["w2v.phrases"]}, "not written by"),
        ({"scoring": []}, r"the scoring function is \[\], expected its name; .* corrupt"),
        ({"format_version": 99}, "upgrade w2v"),
        ({"counts": [1]}, "not a table of numbers"),
        ({"counts": {"a": "b"}}, "not a table of numbers"),
        ({"counts": None}, "are missing"),
        ({"connector_words": 3}, "missing or invalid"),
        ({"connector_words": [3]}, "missing or invalid"),
        ({"delimiter": 3}, "missing or invalid"),
        ({"threshold": "1"}, "missing or invalid .*threshold='1'"),
        ({"max_vocab_size": -1}, "missing or invalid .*max_vocab_size=-1"),
        ({"min_reduce": math.nan}, "missing or invalid .*min_reduce=nan"),
    ):
        path.write_text(json.dumps({**good, **changes}, indent=0))
        with pytest.raises(ValueError, match=f"phrases: .*{message}"):
            Phrases.load(path)
    del good["delimiter"]
    path.write_text(json.dumps(good, indent=0))
    with pytest.raises(ValueError, match=r"a setting is missing.*'delimiter'"):
        Phrases.load(path)
    path.write_text(json.dumps(good, indent=0)[:-1])
    with pytest.raises(ValueError, match="invalid JSON"):
        Phrases.load(path)
    path.write_text(json.dumps([good]))
    with pytest.raises(ValueError, match=r"phrases: expected phrases with counts .* begins b'\[\{"):
        Phrases.load(path)


def test_pickles_of_gensim(tmp_path):
    theirs = pytest.importorskip("gensim.models.phrases")
    found = theirs.Phrases(TEXT, **SETTINGS)
    path = str(tmp_path / "theirs")
    ours = Phrases(TEXT, **SETTINGS)
    found.min_reduce = 7
    found.save(path)
    read = Phrases.load(path)
    assert (read.vocab, read.scoring) == (ours.vocab, original_scorer)
    assert read.min_reduce == 7
    assert read.export_phrases() == found.export_phrases()
    theirs.FrozenPhrases(found).save(path)
    read = Phraser.load(path)
    assert isinstance(read, FrozenPhrases)
    assert read.phrasegrams == ours.freeze().phrasegrams
    assert read[["new", "york"]] == ["new_york"]
    found.scoring = one
    found.save(path)
    assert Phrases.load(path).scoring is one


def test_a_base_class_for_scores_of_your_own():
    class Doubled(module._PhrasesTransformation):
        def score_candidate(self, word_a, word_b, in_between):
            return (f"{word_a}+{word_b}", 1.0) if word_a == word_b else (None, None)

    assert Doubled(["of"])[["a", "of", "a", "of", "b"]] == ["a+a", "of", "b"]
    with pytest.raises(NotImplementedError):
        module._PhrasesTransformation([])[["a", "b"]]
