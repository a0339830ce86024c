"""corpus_report: figures against a slow reference, issues that are and are not raised."""

import json
import math
import re
import tracemalloc
from collections import Counter

import numpy as np
import pytest

import w2v
from w2v import Corpus, CorpusReport, TrainingConfig, Vocabulary, Word2Vec, corpus_report
from w2v._format import format_bytes, format_duration
from w2v.cli import app
from w2v.config import QUALITIES
from w2v.corpus import diagnostics, statistics
from w2v.training import resources, shards
from w2v.training.weights import Replicas, Weights
from w2v.vocab.sampling import sampling_tables

NAMES = ["min", "5%", "25%", "median", "75%", "95%", "max", "mean"]


def look(sentences, *, measure=False, top=10, **settings):
    corpus = sentences if isinstance(sentences, Corpus) else Corpus(sentences)
    return corpus_report(corpus, TrainingConfig(**settings), measure=measure, top=top)


def zipfian(n_sentences=300, n_types=400, seed=3):
    """Sentences of 1 to 60 words, and one of 200, of a Zipfian vocabulary."""
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, n_types + 1)
    words = np.array([f"word{i}" for i in range(n_types)])
    lengths = [*rng.integers(1, 61, n_sentences - 1), 200]
    return [rng.choice(words, n, p=share / share.sum()).tolist() for n in lengths]


# ---- Figures -------------------------------------------------------------------------------------


def slow_lengths(lengths):
    """Return the least length that so many per cent do not exceed, by trying one after another."""
    found = {"min": min(lengths), "max": max(lengths), "mean": sum(lengths) / len(lengths)}
    percents = {"5%": 5, "25%": 25, "median": 50, "75%": 75, "95%": 95}
    for name, percent in percents.items():
        found[name] = next(
            length
            for length in sorted(lengths)
            if 100 * sum(each <= length for each in lengths) >= percent * len(lengths)
        )
    return found


@pytest.mark.parametrize("block", [7, 100, 1 << 22])
@pytest.mark.parametrize("long", [1, 50, 1 << 16])
def test_lengths_are_exact_wherever_blocks_end(monkeypatch, block, long):
    monkeypatch.setattr(statistics, "_IDS", block)
    monkeypatch.setattr(statistics, "_LONG", long)
    for n in (1, 2, 19, 20, 21, 300):
        sentences = zipfian(n)
        report = look(sentences)
        assert list(report.lengths) == NAMES
        assert report.lengths == slow_lengths([len(sentence) for sentence in sentences])


def test_sizes_coverage_and_frequencies_are_counted():
    sentences = zipfian()
    counts = Counter(word for sentence in sentences for word in sentence)
    tokens = sum(counts.values())
    report = look(sentences, min_count=7, top=5)
    assert (report.tokens, report.types, report.sentences) == (tokens, len(counts), 300)
    assert [kept.min_count for kept in report.coverage] == [1, 2, 5, 7, 10, 20, 50, 100]
    for kept in report.coverage:
        left = [count for count in counts.values() if count >= kept.min_count]
        assert (kept.words, kept.token_fraction) == (len(left), sum(left) / tokens)
    expected = counts.most_common(5)  # of equally frequent words, the first one met
    assert [(each.word, each.count) for each in report.most_frequent] == expected
    assert [each.token_fraction for each in report.most_frequent] == [
        count / tokens for _, count in expected
    ]
    trained = [count for count in counts.values() if count >= 7]
    assert (report.words, report.trained_tokens) == (len(trained), sum(trained))


def test_what_survives_subsampling_follows_the_formula():
    sentences = zipfian()
    counts = Counter(word for sentence in sentences for word in sentence)
    kept = [count for count in counts.values() if count >= 3]
    report = look(sentences, min_count=3)
    assert [left.sample for left in report.retention] == [1e-3, 1e-4, 1e-5]
    for left in report.retention:
        total = 0.0
        for count in kept:
            ratio = count / sum(kept) / left.sample
            total += count * min(1.0, (math.sqrt(ratio) + 1) / ratio)
        assert left.token_fraction == pytest.approx(total / sum(kept), rel=1e-6)


def test_max_final_vocab_is_heeded():
    report = look(zipfian(), max_final_vocab=20)
    assert report.words == 20
    assert report.memory["vectors"] == 20 * 448


def test_memory_for_itself_does_not_grow_with_the_tokens(monkeypatch):
    monkeypatch.setattr(statistics, "_IDS", 1 << 12)
    corpus = Corpus([["a", "b", "c"]] * 200_000)
    tracemalloc.start()
    statistics.sentence_lengths(corpus.ids)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert corpus.ids.nbytes > 3_000_000
    assert peak < 2_500_000  # the table of lengths, twice


@pytest.mark.parametrize(
    ("source", "options", "expected"),
    [(["a b"], {}, TypeError), (None, {"top": -1}, ValueError)],
)
def test_wrong_arguments(source, options, expected):
    with pytest.raises(expected, match="expected a"):
        corpus_report(source or Corpus(["a b"]), **options)


# ---- Estimates -----------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{}, {"hs": 1}, {"hs": 1, "negative": 0}, {"sg": 0}])
def test_memory_is_that_of_the_run_itself(settings):
    corpus = Corpus(zipfian())
    model = Word2Vec(vector_size=40, min_count=2, workers=1, **settings)
    model.build_vocab(corpus)
    parts = resources.estimate_memory(corpus, model.vocabulary, model.config)
    weights, tables = model._weights, sampling_tables(model.vocabulary, corpus, model.config)
    assert parts["vectors"] == weights.vectors.nbytes
    for name in ("output_vectors", "node_vectors"):
        rows = getattr(weights, name)
        assert parts.get(name.replace("_", " ")) == (None if rows is None else rows.nbytes)
    assert parts.get("noise table") == (
        None if tables.noise_table is None else tables.noise_table.nbytes
    )
    tree = tables.tree
    size = None if tree is None else tree.offsets.nbytes + tree.path.nbytes
    assert parts.get("Huffman tree") == size
    assert parts["ids"] == corpus.ids.nbytes
    copies = weights.snapshot()
    copied = sum(rows.nbytes for rows in copies.values() if rows is not None)
    assert parts["copy in case of divergence"] == copied
    assert "replicas of the shards" not in parts
    assert min(parts.values()) > 0


def test_memory_counts_both_noise_tables():
    corpus = Corpus([["a"] * 200 + ["b", "c"]])  # most of the noise is one word
    vocabulary = Vocabulary.from_corpus(corpus, min_count=1)
    config = TrainingConfig(vector_size=4, min_count=1, workers=1)
    parts = resources.estimate_memory(corpus, vocabulary, config)
    tables = sampling_tables(vocabulary, corpus, config)
    assert parts["noise table"] == tables.noise_table.nbytes
    assert parts["noise table of the most frequent word"] == tables.noise_for_dominant.nbytes


@pytest.mark.parametrize("settings", [{}, {"hs": 1, "negative": 0}])
def test_memory_counts_the_replicas_of_each_shard(settings, monkeypatch):
    monkeypatch.setattr(shards, "_MIN_TOKENS", 100)
    monkeypatch.setattr(shards, "_MIN_WORDS", 100)
    corpus = Corpus(zipfian())
    config = TrainingConfig(vector_size=16, min_count=1, workers=2, **settings)
    vocabulary = Vocabulary.from_corpus(corpus, min_count=1)
    weights = Weights.untrained(len(vocabulary), config)
    tables = sampling_tables(vocabulary, corpus, config)
    plan = shards.ShardPlan.of(vocabulary, config, tables, corpus.n_tokens)
    assert plan.shards == 2
    replicas = Replicas.allocate(weights, plan.rows)
    held = [*replicas.rows.values(), *replicas.marks.values()]
    counts = 4 * len(vocabulary) * (1 + config.hs)
    told = resources.estimate_memory(corpus, vocabulary, config)["replicas of the shards"]
    assert 0 <= told - 2 * (sum(each.nbytes for each in held) + counts) < 100


def test_mapped_ids_are_told_apart(tmp_path):
    np.arange(100, dtype=np.int32).tofile(tmp_path / "ids")
    mapped = np.memmap(tmp_path / "ids", np.int32, "r")
    assert resources.is_mapped(mapped)
    assert resources.is_mapped(np.asarray(mapped)[3:].view(np.int32))
    assert resources.is_mapped(np.frombuffer(memoryview(mapped), np.int32))
    assert not resources.is_mapped(np.arange(3)[1:])
    assert not resources.is_mapped(Corpus(["a b"]).ids)


def test_an_encoded_file_is_looked_at_where_it_lies(run, tmp_path):
    corpus = Corpus(zipfian())
    corpus.save(tmp_path / "corpus.w2vc")
    told = dict(facts(run("inspect", tmp_path / "corpus.w2vc", "--no-measure")[1]))
    assert told["made from"] == "iterable"
    assert told["tokens"] == f"{corpus.n_tokens:,}"
    size = f"{corpus.ids.nbytes / 1024:.1f} KiB"
    assert told["ids in the file"] == f"{size}, cached as memory allows"
    assert "ids" not in told["memory"]
    assert f"ids {size}" in str(look(corpus))


@pytest.mark.parametrize(
    "settings", [{}, {"workers": 2}, {"hs": 1, "negative": 0}, {"sg": 0}, {"softmax": True}]
)
def test_speed_is_measured_without_touching_anything(monkeypatch, settings):
    monkeypatch.setattr(resources, "_SECONDS", 0.002)
    corpus = Corpus(zipfian())
    ids = corpus.ids.copy()
    report = look(corpus, measure=True, vector_size=8, min_count=1, epochs=3, **settings)
    speed = report.throughput
    assert 0 < speed.slowest <= speed.words_per_second <= speed.fastest
    assert speed.seconds == pytest.approx(3 * report.tokens / speed.words_per_second)
    assert np.array_equal(corpus.ids, ids)


def test_named_sets_are_estimated_from_the_speed_of_their_settings(monkeypatch):
    asked = []

    def measure(corpus, vocabulary, config):
        asked.append((config.quality, config.vector_size))
        return resources.Throughput(1e4 / config.vector_size, 1.0, 1.0, 1.0)

    monkeypatch.setattr(resources, "measure_throughput", measure)
    corpus = Corpus(zipfian())
    report = look(corpus, measure=True, min_count=1, workers=1)
    assert asked == [(None, 100), ("best", 200)]  # what has the same speed is measured once
    seconds = {each.name: each.seconds for each in report.qualities}
    assert list(seconds) == list(QUALITIES)
    for name, named in QUALITIES.items():
        config = TrainingConfig(**named)
        work = corpus.n_tokens * config.epochs * config.vector_size / 1e4
        assert seconds[name] == pytest.approx(work)
    rows = dict(report.rows())
    assert rows["quality balanced"].endswith("; the defaults")
    assert re.search(r"; analogies \+0\.\d\d, similarity \+0.*one text", rows["quality best"])
    assert json.loads(json.dumps(report.to_dict()))["qualities"][0]["name"] == "fast"
    assert look(corpus).qualities == ()


def test_pieces_of_any_size_are_trained_on_whole(monkeypatch):
    corpus = Corpus(zipfian())
    config = TrainingConfig(vector_size=8, min_count=1, workers=1, epochs=1)
    runs = resources._ThroughputProbe(corpus, Vocabulary.from_corpus(corpus, min_count=1), config)
    for place in (0.0, 0.5, 1.0):
        assert runs.run(place, 1000)[1] == 1000 - np.count_nonzero(
            corpus.ids[(start := int(place * (len(corpus.ids) - 1000))) : start + 1000] < 0
        )
    assert runs.run(0.5, 3 * len(corpus.ids))[1] == 3 * corpus.n_tokens


def test_a_large_vocabulary_is_measured_by_its_frequent_words(monkeypatch):
    monkeypatch.setattr(resources, "_SECONDS", 0.002)
    monkeypatch.setattr(resources, "_MAX_MATRIX_BYTES", 100 * 2 * 64)
    made = []
    make = resources.Weights.untrained
    monkeypatch.setattr(
        resources.Weights, "untrained", lambda n, config: made.append(n) or make(n, config)
    )
    report = look(zipfian(), measure=True, vector_size=8, min_count=1, workers=1)
    assert report.words > 300
    assert 90 <= made[0] <= 100
    made.clear()
    look(zipfian(), measure=True, vector_size=8, min_count=1, workers=2)
    assert 40 <= made[0] <= 50
    assert report.throughput.seconds > 0


def test_nothing_to_train_has_neither_memory_nor_speed():
    for sentences, settings in ((["a b c"], {"min_count": 2}), (["a a a"], {"min_count": 1})):
        report = look(sentences, measure=True, **settings)
        assert (report.words, report.memory, report.throughput) == (0, {}, None)
        assert "there is nothing to train" in found(report)["few words"]
        assert str(report)


# ---- Issues --------------------------------------------------------------------------------------


def found(report):
    names = [issue.name for issue in report.issues]
    assert len(names) == len(set(names))
    return {issue.name: issue.message for issue in report.issues}


def issues_of(extra, **settings):
    """Return the issues of clean sentences with some more beside them."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    clean = [[a + b + letters[i] for b in letters] for i in range(5) for a in letters]
    told = found(look([*clean, *extra], min_count=1, **settings))
    told.pop("few tokens")
    return told


def test_clean_text_raises_no_doubt():
    assert issues_of([]) == {}
    assert found(look([[f"w{i % 1000:x}z" for i in range(20)]] * 5000, vector_size=20)) == {}
    assert found(look([[chr(0x4E00 + i % 500 + j) for j in range(20)] for i in range(5000)])) == {}


def test_words_that_look_doubtful_and_are_not():
    words = [
        "São",
        "NÃO",
        "Ã",
        "CORAÇÃO",
        "IRMÃ",
        "Â",
        "pâté",
        "créée",
        "naïve",
        "coöperate",
        "Ångström",
        "ÀÉÎÕÜ",
        "ñandú",
        "Đặng",
        "ЁЛКА",
        "Рёв",
        "Ελλάδα",
        "straße",
        "‘so’",
        "—",
        "…",
        "œuvre",
        "<s>",
        "</s>",
        "<unk>",
        "<eos>",
        "p<q",
        "R&D",
        "AT&T",
        "x<y>z",
        "U.S.",
        "3.14",
        "h2o",
        "C++",
        "class=",
        "i<3",
        "&c",
        ":-)",
        "e.g.",
        "水",
        "4l",
    ]
    assert issues_of([words] * 20) == {}


@pytest.mark.parametrize(
    ("sentences", "name", "said"),
    [
        ([["cafÃ©", "dÃ©jÃ"]] * 5, "mojibake", "'cafÃ©' for 'café'"),
        ([["donâ€™t"]] * 5, "mojibake", "'donâ€™t' for 'don’t'"),
        ([["it", "â€\x9dso"]] * 5, "mojibake", "for '”so'"),
        ([["ÐŸÑ€Ð¸"]] * 5, "mojibake", "for 'При'"),
        ([["caf\u00e9", "cafe\u0301"]], "normal forms", "1 in all, e.g. 'caf.*' in 4 and in 5"),
        ([["a\ufffdb"]], "U+FFFD", "1 of the words contain U\\+FFFD, .*'a\ufffdb'"),
        ([["<br>", "so"]] * 5, "markup", "e.g. '<br>'"),
        ([["salt", "&amp;", "pepper"]] * 5, "markup", "e.g. '&amp;'"),
        ([["<a", 'href="x"', "x</a>"]] * 5, "markup", "HTML"),
        ([["it&#39;s"]] * 5, "markup", "html.unescape"),
        ([["17", "3,000.50", "-2", "1999-2001", "45%", "$5", "(8)"]] * 400, "numbers", "e.g. '17'"),
        ([[f"w{i}x.", f"w{i}x"] for i in range(600)], "glued punctuation", "e.g. 'w0x.'.*unicode"),
        ([[f"Ab{i}c", f"ab{i}C"] for i in range(900)], "case", "'Ab0c' and 'ab0C'.*lowercase"),
        ([["alone"]] * 1000, "one-word sentences", "of the sentences have only one word"),
        ([[f"w{i % 90}x" for i in range(20_000)]], "long sentences", "more than 10,000"),
    ],
)  # fmt: skip
def test_what_is_doubtful_is_told(sentences, name, said):
    told = issues_of(sentences)
    assert list(told) == [name]
    assert re.search(said, told[name])
    assert "; " in told[name]  # what to do


def test_limits_are_shares_of_what_there_is():
    clean = [[f"w{i % 600}x" for i in range(100)]] * 1000
    assert "mojibake" not in found(look([*clean, ["cafÃ©"] * 9], min_count=1))
    assert "mojibake" in found(look([*clean, ["cafÃ©"] * 11], min_count=1))
    assert "10 of the words" not in found(look([*clean, ["cafÃ©"] * 11], min_count=1))["mojibake"]
    assert "11 of the words" in found(look([*clean, ["cafÃ©"] * 11], min_count=1))["mojibake"]


def test_one_word_sentences_are_counted_among_sentences_and_among_words():
    many, few = [["alone"]] * 50, [[f"w{i}x" for i in range(100)]]
    assert "50% of the sentences" in found(look([*many, *few * 50]))["one-word sentences"]
    assert "one-word sentences" not in found(look([*many, *few * 51]))
    alone, pairs = [["alone"]] * 10, [["a", "pair"]] * 45
    assert "18% of the sentences" in found(look([*alone, *pairs]))["one-word sentences"]
    assert "one-word sentences" not in found(look([*alone, *pairs, ["a", "pair"]]))


def test_one_line_is_told_and_a_short_text_may_be_one():
    line = " ".join(f"w{i % 300}x" for i in range(1200))
    told = found(look([line], min_count=1))
    assert "all 1,200 words are one sentence" in told["one line"]
    assert "long sentences" not in told
    assert "one line" not in found(look([line[:2000]], min_count=1, vector_size=10))


def test_a_flat_list_of_words_is_told():
    with pytest.warns(UserWarning, match="one word"):
        corpus = Corpus(["a", "b", "c", "d"])
    assert "100% of the sentences" in found(look(corpus))["one-word sentences"]


def test_corpora_of_numbers_alone_are_items_not_text():
    assert set(found(look([[str(i % 300) for i in range(500)]] * 300))) == set()


def test_few_epochs_are_told_and_so_is_the_learning_rate(run, tmp_path, monkeypatch):
    monkeypatch.setattr(diagnostics, "_FEW_TOKENS", 20_000)
    corpus = Corpus(zipfian(1000, 5000))
    report = look(corpus)
    assert report.alpha == 0.05
    assert ", learning rate 0.05, sample 0.001\n" in str(report)
    told = found(report)["few epochs"]
    assert re.match(
        r"5 epochs train a word only \d+ times on average; epochs=20 takes 4 times", told
    )
    assert 50 < int(re.findall(r"\d+", told)[1]) < 400
    longer = look(corpus, epochs=20, sg=0)
    assert longer.alpha == 0.075
    assert "few epochs" not in found(longer)
    assert "few epochs" not in found(look(zipfian(200, 20_000)))  # too short in any case
    corpus.save(tmp_path / "c.w2vc")
    assert "--epochs 20 takes 4 times" in run("inspect", tmp_path / "c.w2vc", "--no-measure")[1]


def test_fewer_words_than_dimensions():
    sentences = [[f"w{i}x" for i in range(50)]] * 2001
    assert found(look(sentences, vector_size=50)) == {}
    told = found(look(sentences, vector_size=51))["few words"]
    assert "(50)" in told
    assert "(51)" in told
    assert list(found(look(sentences[:1999], vector_size=50))) == ["few tokens"]


def test_words_with_line_feeds_stay_one_word(monkeypatch):
    monkeypatch.setattr(diagnostics, "_CHUNK", 3)
    sentences = [["a\nb", "<br>", "c\n", "&amp;", "d", "17", "Ãl"]] * 9
    corpus = Corpus(sentences)
    pieces = list(diagnostics._chunks(corpus.encoded))
    assert pieces == [(0, "a b\n<br>\nc "), (3, "&amp;\nd\n17"), (6, "Ãl")]
    told = found(look(corpus, vector_size=2))
    assert "29% of the words contain HTML markup" in told["markup"]
    told = found(look([*sentences, ["&amp;"] * 2], vector_size=2))
    assert "e.g. '&amp;'" in told["markup"]


@pytest.mark.parametrize("piece", [1, 2, 1 << 16])
def test_twins_are_found_across_pieces(monkeypatch, piece):
    monkeypatch.setattr(diagnostics, "_CHUNK", piece)
    words = ["The", "cat", "e\u0301t\u00e9", "the", "\u00e9te\u0301", "THE", "\u00e9t\u00e9", "mat"]
    told = found(look([words], min_count=1, vector_size=2))
    assert "38% of the words to be trained" in told["case"]
    assert "(1 in all, e.g." in told["normal forms"]


def test_examples_beyond_the_first_chunk(monkeypatch):
    monkeypatch.setattr(diagnostics, "_CHUNK", 2)
    told = found(look([["a", "b", "c", "lost\ufffd"]], min_count=1, vector_size=2))
    assert "e.g. 'lost\ufffd'" in told["U+FFFD"]


def test_case_is_asked_of_trained_words_only():
    frequent = [[f"w{i}x" for i in range(100)]] * 10
    rare = [[f"W{i}X" for i in range(100)]]
    assert "case" not in found(look([*frequent, *rare], min_count=5))
    assert "case" in found(look([*frequent, *rare], min_count=1))


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        ("Ã©tÃ©", "été"),
        ("â€œhiâ€\x9d", "“hi”"),
        ("Ãƒ", "Ã"),
        ("São", "São"),
        ("日本", "日本"),
        ("x", "x"),
    ],
)
def test_mending(broken, whole):
    assert diagnostics.repair_mojibake(broken) == whole
    assert diagnostics.is_mojibake(broken) == (broken != whole)


# ---- The command line, and the report as text ----------------------------------------------------


@pytest.fixture
def run(capsys):
    def run(*args):
        status = app.main([str(arg) for arg in args])
        return (status, *capsys.readouterr())

    return run


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("\n".join(map(" ".join, zipfian())) + "\n", "utf-8")
    return path


def facts(out):
    return [tuple(re.split(r"  +", line, maxsplit=1)) for line in out.splitlines()]


def test_inspect_of_a_text(run, text):
    status, out, err = run("inspect", text, "--no-measure", "--vector-size", 20, "--epochs", 3)
    assert (status, err) == (0, "")
    report = look(Corpus(text), vector_size=20, epochs=3)
    told = dict(facts(out))
    assert told["file"] == str(text)
    assert told["tokens"] == f"{report.tokens:,}"
    assert told["sentence length"].startswith("min 1, 5% ")
    assert told["min_count 5"].startswith(f"{report.coverage[2].words:,} words, ")
    assert f"{report.words:,} words of 20 dimensions, 3 epochs" in told["training"]
    assert f"vectors {report.memory['vectors'] / 1024:.1f} KiB" in told["memory"]
    assert told["warning"].startswith("few tokens: ")
    assert "time" not in told
    options = (
        str(report).replace("epochs=20", "--epochs 20").replace("vector_size", "--vector-size")
    )
    assert facts(options) == facts(out)[1:]


def test_inspect_measures_unless_told_not_to(run, text, monkeypatch):
    monkeypatch.setattr(resources, "_SECONDS", 0.02)
    told = dict(facts(run("inspect", text, "--min-count", 1)[1]))
    assert re.fullmatch(r"about \S+ s \(\S+ s to \S+ s\) at [\d,]+ words/s, .*", told["time"])


def test_inspect_reads_what_train_reads(run, tmp_path):
    for name, text in (("b.txt", b"the \xff\n"), ("a.txt", b"the cat, the cat\n")):
        (tmp_path / name).write_bytes(text)
    files = (tmp_path / "a.txt", tmp_path / "b.txt")
    arguments = ("inspect", *files, "--errors", "replace", "--no-measure", "--min-count", 1)
    told = dict(facts(run(*arguments)[1]))
    assert told["file"] == f"{files[0]} {files[1]}"
    assert told["source files"] == f"{files[0]}, {files[1]}"
    assert told["source size"] == "23 bytes"
    assert (told["types"], told["tokens"]) == ("4", "6")  # cat, with and without the comma
    assert told["most frequent"].startswith("the 50.00%")
    status, out, err = run("inspect", *files)
    assert (status, out) == (1, "")
    assert "b.txt: invalid UTF-8 at byte 4" in err


def test_inspect_as_json(run, text, tmp_path):
    status, out, err = run("inspect", text, "--json", "--no-measure", "--min-count", 2)
    assert (status, err) == (0, "")
    expected = look(Corpus(text), min_count=2).to_dict()
    assert json.loads(out) == json.loads(
        json.dumps({"file": str(text), "kind": "corpus", **expected})
    )
    Word2Vec([["a", "b"]] * 9, min_count=1, sample=0, vector_size=3, epochs=1).save(tmp_path / "m")
    told = json.loads(run("inspect", tmp_path / "m", "--json")[1])
    assert (told["file"], told["words"], told["dimensions"]) == (str(tmp_path / "m"), 2, 3)


@pytest.mark.parametrize("first", ["12 3", "12 3\n4 5 6 7 8"])
def test_a_text_that_begins_with_two_numbers_is_no_model(run, tmp_path, first):
    path = tmp_path / "walks.txt"
    path.write_text(first + "\n7 8 9\n" * 5, "utf-8")
    told = dict(facts(run("inspect", path, "--no-measure", "--min-count", 1)[1]))
    assert told["sentences"] == str(6 + first.count("\n"))
    path.write_text("2 3\na 1 2 3\nb 4 5 6\n", "utf-8")
    assert dict(facts(run("inspect", path)[1]))["kind"].startswith("vectors")


def test_the_report_is_all_plain_values(monkeypatch):
    monkeypatch.setattr(resources, "_SECONDS", 0.002)
    report = look(zipfian(), measure=True)
    assert isinstance(report, CorpusReport)
    assert json.loads(json.dumps(report.to_dict()))["config"]["vector_size"] == 100
    with pytest.raises(AttributeError):
        report.tokens = 3
    assert w2v.corpus_report is corpus_report


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.04, "0.0 s"), (119, "119.0 s"), (7200, "2.0 hours"), (400, "6.7 min"), (2e5, "2.3 days")],
)
def test_durations(seconds, expected):
    assert format_duration(seconds) == expected


@pytest.mark.parametrize(
    ("size", "expected"),
    [(0, "0 bytes"), (1023, "1023 bytes"), (1536, "1.5 KiB"), (1 << 20, "1.0 MiB"),
     (3 << 40, "3,072.0 GiB")],
)  # fmt: skip
def test_sizes(size, expected):
    assert format_bytes(size) == expected
