"""The phrases room: what is counted, scored, joined and saved, set against plain Python."""

import json
import random
import signal
import threading

import numpy as np
import pytest
import reference

from w2v import Corpus, Phrases
from w2v.cli import app
from w2v.corpus import _phrases, pair_counter, phrase_rewriter
from w2v.corpus.encoded import EncodedCorpus
from w2v.corpus.phrases import ENGLISH_CONNECTOR_WORDS
from w2v.io.words import pack_words

NEW_YORK = ["new york is big", "i love new york", "new shoes", "old york"] * 5


def random_text(seed, n_words=12, n_sentences=60, longest=15):
    """Return sentences of few words, in which some pairs are much more frequent than others."""
    draw = random.Random(seed)
    words = [f"w{i}" for i in range(n_words)] + ["of", "the"]
    sentences = []
    for _ in range(n_sentences):
        sentence = []
        while len(sentence) < draw.randint(1, longest):
            word = draw.choice(words)
            sentence.append(word)
            if word.startswith("w") and draw.random() < 0.6:
                follower = f"w{(int(word[1:]) * 7 + 3) % n_words}"
                sentence += [*draw.choices(["of", "the"], k=draw.choice([0, 0, 1, 2])), follower]
        sentences.append(sentence)
    return sentences


def same_corpus(a, b):
    return (
        a.ids.tolist() == b.ids.tolist()
        and a.words() == b.words()
        and a.type_counts.tolist() == b.type_counts.tolist()
        and (a.n_tokens, a.n_types, a.n_sentences) == (b.n_tokens, b.n_types, b.n_sentences)
    )


def found_by_pass(found):
    return [{one.words: one.score for one in each} for each in found._found]


# ---- Counting, scoring and joining, against the reference ----------------------------------------

SETTINGS = [
    ("default", (0.6,), ()),
    ("default", (0.4,), ("of", "the")),
    ("default", (0.4, 0.3, 0.1), ("of", "the")),
    ("word2phrase", (2.5, 1.0), ()),
    ("word2phrase", (0.01, 0.01), ("of", "the")),
    ("npmi", (0.3,), ("the",)),
    ("npmi", (0.2, -1.0), ("of", "the")),
]


@pytest.mark.parametrize("min_count", [1, 3])
@pytest.mark.parametrize(("scoring", "thresholds", "connectors"), SETTINGS)
def test_everything_agrees_with_plain_python(scoring, thresholds, connectors, min_count):
    n_found = 0
    for seed in range(6):
        sentences = random_text(seed)
        expected, joined = reference.find_phrases(
            sentences, min_count, thresholds, scoring, connectors
        )
        corpus = Corpus(sentences)
        found = Phrases(
            corpus,
            min_count=min_count,
            threshold=thresholds,
            scoring=scoring,
            connector_words=connectors,
        )
        assert found_by_pass(found) == expected  # scores to the last bit
        n_found += len(found)
        assert same_corpus(found.apply(corpus), Corpus(joined))
        assert list(found[sentences]) == joined
        assert [found[sentence] for sentence in sentences] == joined
    assert n_found > 10


def test_blocks_of_any_size_make_no_difference(monkeypatch):
    corpus = Corpus(random_text(7, longest=40))
    settings = {"threshold": [1.0, 0.5], "min_count": 2, "connector_words": {"of", "the"}}
    whole = Phrases(corpus, **settings)
    joined = whole.apply(corpus)
    for block in (1, 2, 3, 17):
        monkeypatch.setattr(phrase_rewriter, "_IDS", block)
        monkeypatch.setattr(phrase_rewriter, "_WORDS", block)
        monkeypatch.setattr(phrase_rewriter, "_BYTES", block)
        monkeypatch.setattr(pair_counter, "_PIECE", block)
        assert Phrases(corpus, **settings).found == whole.found
        assert same_corpus(whole.apply(corpus), joined)


def test_many_pairs_make_the_table_grow():
    rng = np.random.default_rng(3)
    sentences = [[f"w{i}" for i in row] for row in rng.integers(0, 150, (400, 60))]
    expected, joined = reference.find_phrases(sentences, 2, [1.0], "default")
    corpus = Corpus(sentences)
    found = Phrases(corpus, min_count=2, threshold=1.0)
    assert len(expected[0]) > 300
    assert found_by_pass(found) == expected
    assert same_corpus(found.apply(corpus), Corpus(joined))


def test_assertions_can_fail():
    sentences = random_text(1)
    corpus = Corpus(sentences)
    found = Phrases(corpus, threshold=1.5, min_count=3)
    expected, _ = reference.find_phrases(sentences, 2, [1.5], "default")
    assert found_by_pass(found) != expected
    assert not same_corpus(found.apply(corpus), corpus)


# ---- Several workers -----------------------------------------------------------------------------


@pytest.fixture
def small_pieces(monkeypatch):
    monkeypatch.setattr(pair_counter, "_LEAST", 1)
    monkeypatch.setattr(pair_counter, "_PIECE", 50)
    monkeypatch.setattr(pair_counter, "_PIECES", 9)


@pytest.mark.parametrize(("scoring", "thresholds", "connectors"), SETTINGS)
def test_any_number_of_workers_finds_the_same(small_pieces, scoring, thresholds, connectors):
    sentences = random_text(8, n_sentences=300, longest=40)
    settings = {"scoring": scoring, "connector_words": connectors, "min_count": 3}
    expected, _ = reference.find_phrases(sentences, 3, thresholds, scoring, connectors)
    corpus = Corpus(sentences)
    for workers in (1, 2, 3, 8, 16):
        found = Phrases(corpus, threshold=thresholds, workers=workers, **settings)
        assert found_by_pass(found) == expected


def test_any_number_of_workers_makes_the_same_table(small_pieces):
    rng = np.random.default_rng(4)
    corpus = Corpus([[f"w{i}" for i in row] for row in rng.integers(0, 200, (300, 60))])
    flags = np.full(200, _phrases.FIRST | _phrases.SECOND, np.uint8)
    flags[:20] = _phrases.CONNECTOR
    tables = []
    for workers in (1, 2, 3, 8, 16):
        pairs = pair_counter.PairCounter(flags, [], workers=workers)
        pairs.count(corpus, phrase_rewriter.PassProgress(None, 1, 1))
        assert pairs.counts.tolist() == corpus.type_counts.tolist()
        tables.append(pairs.score(False, 1, 1.0, -1.0))  # in the order of the table
    assert len(tables[0]) > 10_000
    assert all(table == tables[0] for table in tables)


@pytest.mark.parametrize("workers", [1, 3])
def test_text_that_cannot_be_cut(small_pieces, workers):
    """Each word may begin a phrase, or most are connectors: a piece goes on in the next."""
    draw = random.Random(2)
    for sentence, connectors in (
        (draw.choices("abc", k=500), ()),
        ((["a"] + ["o"] * 70) * 9, ("o",)),
    ):
        sentences = [sentence, sentence[:10]]
        settings = {"threshold": [1e-4, 1e-4], "min_count": 1, "connector_words": connectors}
        expected, joined = reference.find_phrases(
            sentences, 1, settings["threshold"], "default", connectors
        )
        assert expected[0]
        found = Phrases(sentences, workers=workers, **settings)
        assert found_by_pass(found) == expected
        assert list(found.apply(Corpus(sentences))) == joined


def test_a_budget_is_exceeded_at_the_same_place(small_pieces):
    rng = np.random.default_rng(5)
    corpus = Corpus([[f"w{i}" for i in row] for row in rng.integers(0, 300, (500, 60))])
    flags = np.full(300, _phrases.FIRST | _phrases.SECOND, np.uint8)
    sizes = []
    for workers in (1, 2, 5):
        pairs = pair_counter.PairCounter(flags, [], budget=300_000, workers=workers)
        with pytest.raises(_phrases.OverBudget) as error:
            pairs.count(corpus, phrase_rewriter.PassProgress(None, 1, 1))
        sizes.append(error.value.pairs)
    assert sizes == sizes[:1] * 3
    assert 5000 < sizes[0] < 300_000 / 26  # the next table would take 400,000 bytes with this one


class Failing(_phrases.Pairs):
    """Fails in threads of this kind, with this error."""

    in_helper = True
    error: BaseException = MemoryError("none left")
    helped = threading.Event()

    def work(self, word_counts):
        helper = threading.current_thread() is not threading.main_thread()
        if helper == self.in_helper:
            self.helped.set()
            raise self.error
        super().work(word_counts)
        assert self.helped.wait(60)


@pytest.mark.parametrize(
    ("in_helper", "error"), [(True, MemoryError()), (False, KeyboardInterrupt())]
)
def test_a_failure_while_counting_ends_all(small_pieces, monkeypatch, in_helper, error):
    corpus = Corpus(random_text(3))
    monkeypatch.setattr(Failing, "in_helper", in_helper)
    monkeypatch.setattr(Failing, "error", error)
    monkeypatch.setattr(Failing, "helped", threading.Event())
    monkeypatch.setattr(_phrases, "Pairs", Failing)
    before = threading.active_count()
    with pytest.raises(type(error)) as raised:
        Phrases(corpus, workers=3)
    assert raised.value is error
    assert threading.active_count() == before


def test_bad_ids_are_found_by_any_worker(small_pieces):
    ids = np.tile(np.array([0, 1, -1], np.int32), 400)
    ids[1000] = 7
    corpus = Corpus.from_encoded(EncodedCorpus(ids, np.ones(2, np.int64), *pack_words(["a", "b"])))
    for workers in (1, 4):
        with pytest.raises(ValueError, match="an id that is neither -1 nor from 0 to 1"):
            Phrases(corpus, workers=workers)


def test_a_thread_that_cannot_start(small_pieces, monkeypatch):
    corpus = Corpus(random_text(3))
    began = threading.Thread.start

    def start(thread):
        if thread.name == "w2v-count-2":
            raise RuntimeError("can't start new thread")
        began(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    before = threading.active_count()
    with pytest.raises(RuntimeError, match="new thread"):
        Phrases(corpus, workers=3)
    assert threading.active_count() == before


# ---- Golden cases --------------------------------------------------------------------------------


def test_scores_by_hand():
    # 15 new, 15 york, 10 pairs; 8 words and 7 pairs are different; 60 words.
    assert Phrases(NEW_YORK, threshold=0.3).found == {"new_york": 5 / 225 * 15}
    found = Phrases(NEW_YORK, threshold=1.3, scoring="word2phrase").found
    assert found == {"new_york": 5 / 225 * 60}


def test_pairs_above_the_threshold_and_not_at_it():
    score = 5 / 225 * 15
    assert Phrases(NEW_YORK, threshold=score).found == {}
    assert list(Phrases(NEW_YORK, threshold=np.nextafter(score, 0)).found) == ["new_york"]


def test_order_of_found():
    found = Phrases([["b", "c"], ["a", "d"], ["e", "f"], ["e", "f"]], min_count=1, threshold=1e-9)
    assert list(found.found) == ["e_f"]
    found = Phrases(
        [["b", "c"], ["a", "d"], ["e", "f"], ["e", "x"], ["y", "f"]],
        min_count=1,
        threshold=0.3,
        scoring="npmi",
    )
    assert list(found.found) == ["a_d", "b_c", "e_x", "y_f", "e_f"]
    assert found.counts == dict.fromkeys(found.found, 1)
    assert len(found) == 5
    assert repr(found) == "<Phrases: 5 found in 1 pass>"


def test_a_word_is_in_one_phrase():
    found = Phrases([["a", "b", "c"]] * 9, min_count=1, threshold=0.1)
    assert set(found.found) == {"a_b", "b_c"}
    assert found[["a", "b", "c", "b", "c"]] == ["a_b", "c", "b_c"]


def test_sentences_are_not_crossed():
    corpus = Corpus([["x", "a"], ["b", "y"]] * 20 + [["a", "b"]] * 20)
    found = Phrases(corpus, min_count=1, threshold=0.05)
    assert found.counts == {"a_b": 20, "b_y": 20, "x_a": 20}
    # At the end of a sentence something may be held back that no next sentence must get.
    assert list(found.apply(Corpus([["a"], ["b", "y"], ["a"]]))) == [["a"], ["b_y"], ["a"]]


def test_connector_words():
    sentences = [["bank", "of", "the", "west"], ["the", "bank", "of"], ["of", "west", "the"]] * 9
    found = Phrases(sentences, min_count=1, threshold=0.05, connector_words={"of", "the", "unseen"})
    assert list(found.found) == ["bank_of_the_west"]
    given = ["of", "bank", "of", "the", "west", "the", "bank", "of", "west", "bank", "the"]
    joined = ["of", "bank_of_the_west", "the", "bank", "of", "west", "bank", "the"]
    assert found[given] == joined
    assert list(found.apply(Corpus([given]))) == [joined]
    assert {"of", "the", "and"} < ENGLISH_CONNECTOR_WORDS


def test_passes_make_longer_phrases():
    sentences = [["the", "new", "york", "times", "square"], ["times"], ["square"]] * 20
    found = Phrases(sentences, min_count=1, threshold=0.15, passes=2)
    assert found.passes == 2
    assert found.thresholds == (0.15, 0.15)
    assert found[sentences[0]] == ["the_new_york_times", "square"]
    assert Phrases(sentences, min_count=1, threshold=[0.15, 1e9])[sentences[0]] == [
        "the_new",
        "york_times",
        "square",
    ]


# ---- Words that hold the delimiter ---------------------------------------------------------------


def test_a_phrase_spelled_like_a_word_becomes_it():
    sentences = [["new", "york"], ["new_york", "city"]] * 9
    with pytest.warns(UserWarning, match=r"1 phrases are spelled like words.*'new_york'.*'_'"):
        found = Phrases(sentences, min_count=1, threshold=0.5)
    joined = found.apply(Corpus(sentences))
    assert joined.words() == ["new_york", "new_york_city"]
    assert list(joined) == list(found[sentences])
    assert Phrases(sentences, min_count=1, threshold=0.5, delimiter=" ")[sentences[0]] == [
        "new york"
    ]


def test_phrases_spelled_alike_are_one_word():
    sentences = [["a_b", "c"], ["a", "b_c"]] * 9
    found = Phrases(sentences, min_count=1, threshold=0.5)
    assert list(found.found) == ["a_b_c"]
    assert len(found) == 1
    assert found.apply(Corpus(sentences)).words() == ["a_b_c"]
    assert list(found[sentences]) == [["a_b_c"]] * 18


def test_a_delimiter_of_several_bytes():
    for first, delimiter in (("grünes", "–"), ("grün", "es–")):
        sentences = [["–", "grünes–haus", "ärmel"], [first, "haus"]] * 9
        with pytest.warns(UserWarning, match=r"1 phrases are spelled like words.*'grünes–haus'"):
            Phrases(sentences, min_count=9, threshold=0.1, scoring="npmi", delimiter=delimiter)


def test_words_with_the_delimiter_alone_do_not_warn():
    assert Phrases([["snake_case", "name"]] * 9, min_count=1, threshold=0.2).found


# ---- Other corpora -------------------------------------------------------------------------------


def test_applies_to_a_corpus_with_other_words():
    found = Phrases(NEW_YORK, threshold=0.1)
    other = Corpus([["york", "new", "york", "again"], ["shoes"], ["new", "yorkshire"]])
    joined = found[other]
    assert list(joined) == [["york", "new_york", "again"], ["shoes"], ["new", "yorkshire"]]
    assert joined.words() == ["york", "new_york", "again", "shoes", "new", "yorkshire"]
    assert joined.source["phrases"]["found"] == len(found)
    assert not joined.ids.flags.writeable
    assert found.apply([["new", "york"]]).words() == ["new_york"]  # york alone is gone


def test_a_corpus_without_phrases_is_itself():
    found = Phrases(NEW_YORK, threshold=0.1)
    other = Corpus([["nothing", "of", "the", "kind"]])
    assert found.apply(other) is other
    nothing = Phrases(NEW_YORK)
    assert (len(nothing), nothing.found) == (0, {})
    assert nothing[["new", "york"]] == ["new", "york"]


def test_applies_to_a_file(tmp_path):
    corpus = Corpus(random_text(4))
    found = Phrases(corpus, min_count=2, threshold=[1.0, 0.5])
    path = tmp_path / "joined.w2vc"
    assert same_corpus(found.apply(corpus, path), found.apply(corpus))
    assert same_corpus(found.apply(Corpus.open(path), path), found.apply(found.apply(corpus)))
    nothing = Phrases(NEW_YORK)
    assert same_corpus(nothing.apply(corpus, path), corpus)


def test_words_of_many_bytes():
    sentences = [["grüße", "øst", "北京", "大学", "x" * 1000]] * 9
    found = Phrases(sentences, min_count=1, threshold=0.1, delimiter="–")
    corpus = Corpus(sentences)
    assert list(found.apply(corpus)) == list(found[sentences])
    assert "北京–大学" in found.found


# ---- Lists of tokens -----------------------------------------------------------------------------


def test_what_brackets_take():
    found = Phrases(NEW_YORK, threshold=0.3)
    assert found[[]] == []
    assert found[("new", "york")] == ["new_york"]
    lists = [["new", "york"], [], ["old", "york"]]
    joined = [["new_york"], [], ["old", "york"]]
    stream = found[lists]
    assert list(stream) == list(stream) == joined
    assert list(found[iter(lists)]) == joined
    assert list(found[(one for one in lists)]) == joined


@pytest.mark.parametrize("given", ["new york", b"new york", 5, None])
def test_what_brackets_do_not_take(given):
    found = Phrases(NEW_YORK, threshold=0.3)
    with pytest.raises(TypeError, match="expected a list of str"):
        found[given]


def test_tokens_that_are_none():
    found = Phrases(NEW_YORK, threshold=0.3)
    with pytest.raises(TypeError, match=r"token 1 of a sentence: expected a str, found int 5"):
        found[["new", 5]]
    with pytest.raises(TypeError, match="each sentence to be a list of str, found str 'new york'"):
        list(found[iter(["new york"])])


# ---- Bad settings --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"min_count": 0}, "min_count=0: expected an integer, from 1"),
        ({"min_count": 2.5}, "min_count=2.5: expected an integer"),
        ({"threshold": 0}, r"threshold=0: .* more than 0 \(with scoring='default'\)"),
        ({"threshold": float("nan")}, "threshold=nan"),
        ({"threshold": "10"}, "threshold='10'"),
        ({"threshold": []}, r"threshold=\[\]: expected one number"),
        ({"threshold": [1, -1]}, "threshold=-1"),
        ({"threshold": [1, 2], "passes": 3}, "one per pass .3 passes"),
        ({"threshold": 10, "scoring": "npmi"}, "threshold=10: expected a number, from -1 to 1"),
        ({"scoring": "pmi"}, "scoring='pmi': expected 'default' or 'word2phrase' or 'npmi'"),
        ({"scoring": ["npmi"]}, "scoring="),
        ({"delimiter": ""}, "delimiter='': expected at least one character"),
        ({"delimiter": b"_"}, "delimiter=b'_': expected a str"),
        ({"delimiter": "\ud800"}, "lone surrogate"),
        ({"connector_words": "of"}, "connector_words='of': expected a collection of str"),
        ({"connector_words": [1]}, "connector_words: expected each to be a str, found int 1"),
        ({"connector_words": [""]}, "connector_words: '' is not a valid word"),
        ({"connector_words": 3}, "connector_words=3"),
        ({"passes": 0}, "passes=0: expected an integer, from 1 to 100"),
        ({"memory": "4 apples"}, "memory='4 apples'"),
        ({"workers": 0}, "workers=0: expected an integer, from 1"),
        ({"progress": 1}, "progress=1"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises((ValueError, TypeError), match=message):
        Phrases(NEW_YORK, **settings)


def test_defaults_of_the_threshold():
    assert Phrases(NEW_YORK).thresholds == (10.0,)
    assert Phrases(NEW_YORK, scoring="word2phrase", passes=2).thresholds == (100.0, 100.0)
    assert Phrases(NEW_YORK, scoring="npmi").thresholds == (0.5,)


def test_a_budget_is_an_error_that_names_it():
    rng = np.random.default_rng(0)
    ids = rng.integers(0, 3000, 800_000).astype(np.int32)
    ids[-1] = -1
    counts = np.bincount(ids[:-1], minlength=3000)
    corpus = Corpus.from_encoded(
        EncodedCorpus(ids, counts, *pack_words([f"w{i}" for i in range(3000)]))
    )
    with pytest.raises(MemoryError, match=r"pass 1: \d+,\d+ distinct word.*memory=16,777,216"):
        Phrases(corpus, memory="16MiB")
    Phrases(corpus, memory="1GB")


def test_ids_that_are_no_types():
    for bad in (3, -2, 2**31 - 1, -(2**31)):
        ids = np.array([0, 1, bad, -1], np.int32)
        corpus = Corpus.from_encoded(
            EncodedCorpus(ids, np.ones(3, np.int64), *pack_words(["a", "b", "c"]))
        )
        with pytest.raises(ValueError, match="an id that is neither -1 nor"):
            Phrases(corpus)
        with pytest.raises(ValueError, match="an id that is neither -1 nor"):
            Phrases([["a", "b"]] * 9, min_count=1, threshold=0.1).apply(corpus)


def test_the_bridge_checks_lengths():
    flags = np.full(3, 6, np.uint8)
    pairs, joiner = _phrases.Pairs(flags, 0, []), _phrases.Bigrams(flags)
    ids = np.array([0, 1, -1], np.int32)
    with pytest.raises(ValueError, match="piece"):
        pairs.begin(ids, 0)
    pairs.begin(ids, 1)
    with pytest.raises(ValueError, match="word_counts"):
        pairs.work(np.zeros(2, np.int64))
    with pytest.raises(ValueError, match="counts"):
        pairs.begin_scoring(False, 1, 1.0, 1.0, np.zeros(2, np.int64))
    with pytest.raises(ValueError, match="out"):
        joiner.apply(ids, np.empty(2, np.int32))
    with pytest.raises(ValueError, match="two words"):
        joiner.insert(ids[:1], 4)


# ---- Progress and Ctrl-C -------------------------------------------------------------------------


def test_progress(monkeypatch):
    monkeypatch.setattr(pair_counter, "_PIECE", 2)
    monkeypatch.setattr(pair_counter, "_PIECES", 5)
    monkeypatch.setattr(phrase_rewriter, "_REPORT_SECONDS", 0)
    corpus = Corpus(random_text(2))
    seen = []
    Phrases(corpus, passes=2, progress=seen.append)
    ends = [one for one in seen if one.done == one.total]
    assert {one.phase for one in seen} == {"phrases"}
    assert [(one.epoch, one.epochs, one.total) for one in ends] == [
        (1, 2, len(corpus.ids)),
        (2, 2, len(corpus.ids)),
    ]
    assert len(seen) > 20


def test_progress_bar(capsys):
    Phrases(random_text(2), passes=2, progress=True)
    shown = capsys.readouterr().err
    assert "phrases, pass 1/2" in shown
    assert "phrases, pass 2/2: 100%" in shown


def test_ctrl_c_leaves_no_file(monkeypatch, tmp_path):
    monkeypatch.setattr(phrase_rewriter, "_IDS", 10)
    monkeypatch.setattr(phrase_rewriter, "_REPORT_SECONDS", 0)
    found = Phrases(NEW_YORK, threshold=0.3)

    def interrupt(progress):
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        found.apply(Corpus(NEW_YORK), tmp_path / "joined.w2vc", progress=interrupt)
    with pytest.raises(KeyboardInterrupt):
        Phrases(NEW_YORK, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


# ---- Files ---------------------------------------------------------------------------------------


@pytest.fixture
def saved(tmp_path):
    found = Phrases(
        random_text(9),
        min_count=2,
        threshold=[0.31, 0.2],
        scoring="npmi",
        delimiter="·",
        connector_words={"of", "the"},
    )
    found.save(tmp_path / "phrases.json")
    return found, tmp_path / "phrases.json"


def test_saved_and_loaded(saved):
    found, path = saved
    again = Phrases.load(path)
    assert found_by_pass(again) == found_by_pass(found)
    assert again.found == found.found
    assert again.counts == found.counts
    for name in ("min_count", "thresholds", "delimiter", "scoring", "connector_words", "passes"):
        assert getattr(again, name) == getattr(found, name)
    corpus = Corpus(random_text(10))
    assert same_corpus(again.apply(corpus), found.apply(corpus))
    again.save(path.with_name("again.json"))
    assert path.with_name("again.json").read_bytes() == path.read_bytes()


def test_saved_where_nothing_was_found(tmp_path):
    Phrases(NEW_YORK, passes=2).save(tmp_path / "none.json")
    assert Phrases.load(tmp_path / "none.json").passes == 2


def test_golden_file(tmp_path):
    path = tmp_path / "golden.json"
    path.write_text(
        '{"format": "w2v.phrases", "format_version": 1, "w2v_version": "0.1.0", "min_count": 5,\n'
        '"threshold": [10.0, 5.0], "delimiter": "_", "scoring": "default",\n'
        '"connector_words": ["of"],\n'
        '"found": [[[["new", "york"], 9, 12.5]], [[["bank", "of", "new_york"], 7, 6.0]]]}\n'
    )
    found = Phrases.load(path)
    assert found.found == {"new_york": 12.5, "bank_of_new_york": 6.0}
    assert found[["bank", "of", "new", "york"]] == ["bank_of_new_york"]


def test_truncated_files_are_refused(saved):
    data = saved[1].read_bytes()
    cut = saved[1].with_name("cut.json")
    for length in [*range(0, len(data) - 1, 97), len(data) - 2]:
        cut.write_bytes(data[:length])
        with pytest.raises(ValueError, match=r"cut\.json: "):
            Phrases.load(cut)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format_version": 2}, "written in format_version 2 by w2v .*upgrade"),
        ({"format": "other"}, "not written by Phrases.save"),
        ({"min_count": -1}, "min_count=-1"),
        ({"delimiter": 5}, "the delimiter is 5"),
        ({"scoring": "x"}, "scoring='x'"),
        ({"threshold": [1.0]}, "passes"),
        ({"found": 5}, "not a list of lists"),
        ({"found": [5, 5]}, "not a list of lists"),
        ({"found": [[5], []]}, r"5 is not \[words, occurrences, score\]"),
        ({"found": [[[["a"], 1, 1.0]], []]}, "is not"),
        ({"found": [[[["a", 1], 1, 1.0]], []]}, "is not"),
        ({"found": [[[["a", "b"], "1", 1.0]], []]}, "is not"),
        ({"found": [[[["a", "b"], 1, float("nan")]], []]}, "is not"),
    ],
)
def test_files_that_are_not_as_written(saved, change, message):
    path = saved[1]
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match=message) as error:
        Phrases.load(path)
    assert "phrases.json: " in str(error.value)


def test_foreign_files(tmp_path):
    path = tmp_path / "foreign"
    for content, message in (
        (b"", "empty"),
        (b"\x80\x04", "pickle"),
        (b"the cat", "text"),
        (b"{}", "JSON file, but not written by"),
        (b"{\xff}", "invalid JSON"),
    ):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=message):
            Phrases.load(path)
    with pytest.raises(FileNotFoundError):
        Phrases.load(tmp_path / "missing")


def test_a_file_that_cannot_be_written_is_as_it_was(saved, monkeypatch):
    found, path = saved
    before = path.read_bytes()
    with pytest.raises(FileNotFoundError, match="directory does not exist"):
        found.save(path.parent / "missing" / "phrases.json")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(OSError, match="free some space"):
        found.save(path)
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["phrases.json"]


# ---- The command line ----------------------------------------------------------------------------


@pytest.fixture
def w2v(capsys):
    def run(*args):
        status = app.main([str(arg) for arg in args])
        return (status, *capsys.readouterr())

    return run


def test_command(w2v, tmp_path):
    sentences = random_text(5)
    (tmp_path / "text.txt").write_text("\n".join(map(" ".join, sentences)))
    (tmp_path / "words.txt").write_text("of the\n")
    out, kept = tmp_path / "out.w2vc", tmp_path / "phrases.json"
    flags = ("--min-count", 2, "--threshold", 1.0, "--threshold", 0.5)
    status, shown, told = w2v(
        "join-phrases", tmp_path / "text.txt", "-o", out, *flags, "--save-phrases", kept,
        "--connectors", tmp_path / "words.txt",
    )  # fmt: skip
    assert status == 0
    found = Phrases(sentences, min_count=2, threshold=[1.0, 0.5], connector_words={"of", "the"})
    expected = found.apply(Corpus(sentences))
    assert same_corpus(Corpus.open(out), expected)
    assert Phrases.load(kept).found == found.found
    assert next(iter(found.found)) in shown
    assert f"Joined {len(found):,} phrases" in told
    again = tmp_path / "again.w2vc"
    again_args = ("-o", again, "--phrases", kept, "-q")
    assert w2v("join-phrases", tmp_path / "text.txt", *again_args) == (0, "", "")
    assert same_corpus(Corpus.open(again), expected)


def test_command_english(w2v, tmp_path):
    (tmp_path / "text.txt").write_text("the bank of america\nof a bank\n" * 9)
    out = tmp_path / "out.w2vc"
    flags = ("--threshold", 0.05, "--connectors", "english", "-q")
    assert w2v("join-phrases", tmp_path / "text.txt", "-o", out, *flags) == (0, "", "")
    assert Corpus.open(out).words() == ["the", "bank_of_america", "of", "a", "bank"]


@pytest.mark.parametrize(
    ("flags", "status", "message"),
    [
        (("--scoring", "npmi", "--threshold", 3), 2, "from -1 to 1"),
        (("--min-count", 0), 2, "--min-count 0: expected"),
        (("--connectors", "missing.txt"), 1, "missing.txt"),
        (("--phrases", "text.txt"), 1, "looks like text"),
        (("--save-phrases", "missing/phrases.json"), 1, "directory does not exist"),
    ],
)
def test_command_mistakes(w2v, tmp_path, monkeypatch, flags, status, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text("a b\n")
    ended, shown, told = w2v("join-phrases", "text.txt", "-o", "out.w2vc", *flags)
    assert (ended, shown) == (status, "")
    assert message in told
    assert told.count("\n") == 1
    assert [each.name for each in tmp_path.iterdir()] == ["text.txt"]
