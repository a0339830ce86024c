"""Pictures of what runs agree on: all words over frequency, and the neighbors of one."""

import numpy as np
import pytest

import w2v
from w2v import KeyedVectors, Stability, plot
from w2v.cli import app

pytest.importorskip("matplotlib")


def stability(counted=True, n=90, runs=3):
    """Return runs in which the neighbors of "w7" are different ones each time."""
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((n, 6))
    models = []
    for _ in range(runs):
        now = rows + 0.1 * rng.standard_normal((n, 6))
        now[7] = rng.standard_normal(6)
        counts = np.arange(n, 0, -1) ** 2 if counted else None
        words = [f"w{i}" for i in range(n)]
        models.append(KeyedVectors(words, now.astype(np.float32), counts=counts))
    return Stability(models, k=5)


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_every_word_stands_over_its_frequency_and_the_least_stable_is_labeled():
    found = stability()
    axes = plot.stability(found, top=3).axes[0]
    dots = next(dots for dots in axes.collections if len(dots.get_offsets()) == 90)
    np.testing.assert_allclose(dots.get_offsets(), np.stack([found.counts, found.stability], 1))
    assert len(texts(axes)) == 3
    assert "w7" in texts(axes)
    assert axes.get_xscale() == "log"
    assert axes.get_ylabel() == "share of 5 neighbors that two of 3 runs have in common"
    labeled = plot.stability(found, ["w3", "w4"], style="dark", title="t").axes[0]
    assert sorted(texts(labeled)) == ["w3", "w4"]


def test_the_line_is_the_median_of_words_of_about_the_same_frequency():
    found = stability()
    line = plot.stability(found).axes[0].lines[0]
    x, median = line.get_data()
    assert len(x) > 1
    assert (np.diff(x) > 0).all()
    begin = 0
    order = np.argsort(found.counts, kind="stable")
    for each, usual in zip(x, median, strict=True):
        sizes = [
            end
            for end in range(begin + 25, 91)
            if np.isclose(np.exp(np.log(found.counts[order[begin:end]]).mean()), each)
        ]
        assert usual in [np.median(found.stability[order[begin:end]]) for end in sizes]
        begin = sizes[0]
    assert begin == 90


def test_without_counts_ranks_are_drawn_frequent_words_at_the_right():
    found = stability(counted=False)
    axes = plot.stability(found).axes[0]
    left, right = axes.get_xlim()
    assert left > right
    assert axes.get_xlabel() == "rank by frequency"
    few = Stability([wv.vectors_for_all(["w1", "w2"]) for wv in found.models])
    assert plot.stability(few).axes[0].lines[0].get_ydata().tolist() == [1]


def test_neighbors_of_a_word_have_their_cosines_and_runs():
    found = stability()
    axes = plot.stable_neighbors(found, "w7").axes[0]
    expected = found.neighbors("w7")
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == [f"{one.word}  {round(3 * one.share)}/3" for one in expected]
    points = [line for line in axes.lines if len(line.get_xdata()) == 1]
    assert [float(line.get_xdata()[0]) for line in points] == [one.cosine for one in expected]
    hollow = [line.get_markerfacecolor() != line.get_color() for line in points]
    assert hollow == [round(3 * one.share) == 1 for one in expected]
    assert sum(hollow) > 0
    first = axes.collections[0].get_segments()[0]
    spread = expected[0].spread
    np.testing.assert_allclose(first[:, 0], expected[0].cosine + 2 * spread * np.array([-1, 1]))
    short = plot.stable_neighbors(found, "w3", topn=2).axes[0]
    assert len(short.get_yticklabels()) == 2
    assert short.get_xlabel() == "cosine with w3"


def test_wrong_pictures_are_refused():
    found = stability()
    for error, message, call in (
        (TypeError, "list: expected a Stability", lambda: plot.stability(found.models)),
        (TypeError, "Comparison: expected", lambda: plot.stable_neighbors(found.compare(), "w1")),
        (ValueError, "top=0", lambda: plot.stability(found, top=0)),
        (ValueError, "topn=0", lambda: plot.stable_neighbors(found, "w1", topn=0)),
        (KeyError, "'x' is not in the vocabulary", lambda: plot.stability(found, ["x"])),
        (KeyError, "'x' is not in", lambda: plot.stable_neighbors(found, "x")),
    ):
        with pytest.raises(error, match=message):
            call()


def test_runs_with_different_seeds_give_a_picture():
    text = [["a", "b", "c", "d"], ["b", "c", "a", "e"]] * 20
    found = w2v.stability(
        text, runs=2, vector_size=4, min_count=1, workers=1, epochs=1, progress=False
    )
    assert plot.stability(found).axes[0].get_ylim() == (-0.02, 1.02)


def test_command_draws_all_words_or_the_neighbors_of_one(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text("a b c d\nb c a e\n" * 20)
    line = "stability text.txt --runs 2 --vector-size 4 --min-count 1 --workers 1 --epochs 1 -q"
    for more, found in (
        ("", "occurrences"),
        ("--word a --word b", "chosen words"),
        ("--word a --word a", "cosine with a"),
    ):
        assert app.main([*line.split(), "-o", "picture.svg", *more.split()]) == 0
        assert f"<!--  {found} -->" in (drawn := (tmp_path / "picture.svg").read_text()) or (
            f"<!-- {found} -->" in drawn
        )
    capsys.readouterr()
    assert app.main([*line.split(), "-o", "picture.docx"]) == 2
    assert "unknown picture format '.docx'" in capsys.readouterr().err
