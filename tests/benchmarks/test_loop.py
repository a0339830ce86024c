"""The hot loop on prepared text, and sweeps of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from benchmark_helpers import (
    court,
    lines_of,
    module,
    written,
)

from w2v import TrainingConfig, simd
from w2v.vocab.sampling import subsampling_thresholds


def text_of(folder: Path, lines: list[str], n_words: int = 10**9):
    return module("training.loop").Text.read(written(folder, "\n".join(lines)), n_words)


def test_a_text_is_cut_after_a_sentence_and_knows_all_words(tmp_path):
    lines = ["a b a b c", "", "rare a b", "rare", "b a", *["a b c"] * 5]
    whole = text_of(tmp_path, lines)
    assert whole.vocabulary.words == ["a", "b", "c"]
    assert whole.ids.tolist()[:12] == [0, 1, 0, 1, 2, -1, 0, 1, -1, -1, 1, 0]
    assert whole.words == 5 + 2 + 2 + 15
    for n_words, words in ((1, 5), (5, 5), (6, 7), (7, 7), (8, 9), (24, 24), (99, 24)):
        part = text_of(tmp_path, lines, n_words)
        assert part.words == words
        assert part.ids.tolist() == whole.ids.tolist()[: len(part.ids)]
        assert part.ids[-1] == -1
        np.testing.assert_array_equal(part.vocabulary.counts, [9, 9, 6])


def test_words_are_thinned_as_the_loop_would(tmp_path):
    text = text_of(tmp_path, ["often " * 50 + "seldom"] * 400)
    keep = subsampling_thresholds(text.vocabulary.counts, 0.1) / 2**32
    thin = text.thinned(TrainingConfig(sample=0.1))
    assert (thin.ids < 0).sum() == 400
    assert (thin.ids == 1).sum() == 400  # a word this rare is kept
    kept = (thin.ids == 0).sum() / 20_000
    assert 0.3 < keep[0] < 0.5
    assert abs(kept - keep[0]) < 5 * np.sqrt(keep[0] * (1 - keep[0]) / 20_000)


def varied(folder: Path):
    """Return a text of 40 words of very different frequency, in sentences of 1 to 30."""
    rng = np.random.default_rng(3)
    words = [f"w{i}" for i in range(40)]
    lines = [
        " ".join(words[min(39, rank)] for rank in rng.zipf(1.3, 1 + i % 30) - 1) for i in range(300)
    ]
    return text_of(folder, lines)


@pytest.mark.parametrize("kind", ["sg-ns", "cbow-ns", "sg-hs", "cbow-hs"])
def test_tasks_are_those_that_the_loop_makes(tmp_path, kind):
    loop, text = module("training.loop"), varied(tmp_path)
    config = TrainingConfig(**loop.KINDS[kind], vector_size=8, window=9, workers=1, sample=0)
    run = loop.Loop(text, config)
    tasks = run.tasks()
    assert run.seconds() > 0
    assert run.predictions == sum(
        count * (n if config.sg else 1) for (n, _), count in tasks.items()
    )
    # Every word of a sentence of two or more is a centre, and met by all of its outputs.
    ends = np.flatnonzero(text.ids < 0)
    sentences = [s[s >= 0] for s in np.split(text.ids, ends) if (s >= 0).sum() > 1]
    centers = np.concatenate(sentences)
    outputs = np.full(len(centers), 6)
    if config.hs:
        outputs = np.diff(text.vocabulary.huffman_tree().offsets)[centers]
    if kind == "sg-hs":  # the contexts of a centre may come in parts, none of them large
        assert max(n for n, _ in tasks) == 5
        assert sum(tasks.values()) > len(centers)
    else:
        assert max(n for n, _ in tasks) == 18
        assert sum(tasks.values()) == len(centers)
        assert sum(m * count for (_, m), count in tasks.items()) == outputs.sum()


@pytest.mark.parametrize(
    ("settings", "n", "parts"),
    [
        ({}, 7, [7]),
        ({"shared_negatives": False}, 3, [1, 1, 1]),
        ({"sg": 0, "hs": 1, "negative": 0}, 7, [7]),
        ({"hs": 1, "negative": 0}, 5, [5]),
        ({"hs": 1, "negative": 0}, 7, [4, 3]),
        ({"hs": 1, "negative": 0}, 13, [5, 4, 4]),
        ({"hs": 1, "negative": 5}, 13, [13]),
    ],
)
def test_contexts_are_split_as_the_loop_does(settings, n, parts):
    assert module("training.loop")._parts(n, TrainingConfig(**settings)) == parts


@pytest.mark.parametrize("kind", ["sg-ns", "cbow-hs"])
def test_folding_changes_rows_and_nothing_else(tmp_path, kind):
    loop, text = module("training.loop"), varied(tmp_path)
    config = TrainingConfig(**loop.KINDS[kind], vector_size=8, workers=1, sample=0)
    tables = text.tables(config)
    small, small_tables = loop.folded(text, tables, 12)
    np.testing.assert_array_equal(small.ids < 0, text.ids < 0)
    assert 6 <= len(np.unique(small.ids[small.ids >= 0])) <= 12
    if config.hs:
        before, after = tables.tree, small_tables.tree
        np.testing.assert_array_equal(after.codes, before.codes)
        np.testing.assert_array_equal(after.nodes, before.nodes % 12)
        lengths = np.diff(before.offsets)
        np.testing.assert_array_equal(lengths[small.ids], lengths[text.ids])
    else:
        assert len(np.unique(small_tables.noise_table)) == 12
        assert len(small_tables.noise_table) == len(tables.noise_table)
    assert loop.Loop(text, config, tables).tasks() == loop.Loop(small, config, small_tables).tasks()


def test_another_variant_is_used_for_a_while():
    loop, before = module("training.loop"), simd.active()

    def fail() -> None:
        with loop.using("scalar"):
            raise KeyError(simd.active())

    with pytest.raises(KeyError, match="scalar"):
        fail()
    assert simd.active() == before


def test_a_run_that_learned_no_numbers_is_no_result(tmp_path):
    loop = module("training.loop")
    run = loop.Loop(varied(tmp_path), TrainingConfig(vector_size=8, workers=1))
    run.weights.vectors[0, 0] = np.nan
    with pytest.raises(FloatingPointError, match="not finite"):
        run.seconds()


@pytest.mark.thorough
@pytest.mark.parametrize("picture", [None, "speeds.svg"])
def test_sweep_measures_every_setting(tmp_path, capsys, picture):
    if picture is not None:
        pytest.importorskip("matplotlib")
    results = tmp_path / "results.jsonl"
    arguments = [
        *("sweep", "--corpus", str(court(tmp_path)), "--words", "200", "--variants", "scalar"),
        *("--step", "124", "--json", str(results)),
        *([] if picture is None else ["--picture", str(tmp_path / picture)]),
    ]
    assert module("cli").main(arguments) == 0
    lines = lines_of(results)
    told = [(line["setting"], line["value"]) for line in lines]
    assert told == [
        *(("vector_size", dim) for dim in (16, 140, 264, 388, 512)),
        *(("window", window) for window in range(2, 21)),
        *(("negative", negative) for negative in range(1, 26)),
    ]
    assert all(line["words_per_second"] > 0 and line["variant"] == "scalar" for line in lines)
    out = capsys.readouterr().out
    for name in ("dimensions 16 to 512, scalar", "window 2 to 20", "noise words 1 to 25"):
        assert name in out
    if picture is not None:
        drawn = (tmp_path / picture).read_bytes()
        assert drawn.startswith(b"<?xml")
        assert len(drawn) < 200_000


def test_a_fall_is_measured_from_the_settings_before():
    falls = module("training.sweep").falls
    assert falls({1: 5.0, 2: 6.0, 3: 7.0}) == {}
    found = falls({1: 5.0, 2: 6.0, 3: 7.0, 4: 3.0, 8: 7.0})
    assert found == {4: 0.5, 8: pytest.approx(7 / 6)}
