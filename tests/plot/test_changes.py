"""Pictures of words that moved: what is drawn, for two models and for a series."""

import numpy as np
import pytest

import w2v
from w2v import KeyedVectors, plot

pytest.importorskip("matplotlib")


def models(slices=3, n=80, d=6):
    """Vectors in which w3 moves more and more; "$late$" is missing from the first."""
    rng = np.random.default_rng(1)
    words = [f"w{i}" for i in range(n - 1)] + ["$late$"]
    rows, goal = rng.standard_normal((n, d)), rng.standard_normal(d)
    made = []
    for t in range(slices):
        now = rows + 0.05 * rng.standard_normal((n, d))
        now[3] = rows[3] + t * goal
        wv = KeyedVectors(words, now.astype(np.float32), counts=np.arange(n, 0, -1))
        made.append(wv if t else wv.vectors_for_all(words[:-1], copy_vecattrs=True))
    return made


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_change_labels_the_words_that_moved_most():
    found = w2v.compare(*models()[::2], names=["old", "new"])
    axes = plot.change(found, top=5).axes[0]
    assert sorted(texts(axes)) == sorted(found.words_by("z")[:5])
    everything, marked = (dots.get_offsets() for dots in axes.collections)
    np.testing.assert_allclose(everything[:, 1], found.displacement)
    assert marked[0].tolist() == [found.frequency[3], found.displacement[3]]
    np.testing.assert_allclose(axes.lines[0].get_ydata(), found.expected)
    assert axes.get_ylabel() == "displacement, old to new"
    assert axes.get_xscale() == "log"
    assert texts(plot.change(found, ["w9"], style="dark", title="t").axes[0]) == ["w9"]


def test_change_draws_neighbors_where_nothing_is_aligned():
    old, _, new = models()
    new = KeyedVectors(new.index_to_key, new.vectors[:, :5].copy())
    with pytest.warns(UserWarning, match="different|dimensions"):
        found = w2v.compare(old, new)
    axes = plot.change(found).axes[0]
    np.testing.assert_allclose(axes.collections[0].get_offsets()[:, 1], 1 - found.shared(50))
    assert axes.get_xlabel() == "frequency (from the rank)"
    assert "neighbors" in axes.get_ylabel()


def test_trajectory_has_a_line_per_word():
    series = w2v.compare_series(models(), names=["1900", "$1950$", "2000"])
    axes = plot.trajectory(series, ["w3", "$late$"]).axes[0]
    word, late, median = axes.lines
    np.testing.assert_allclose(word.get_ydata(), series["w3"].displacement)
    assert late.get_xdata().tolist() == [1, 2]
    assert median.get_linestyle() == "--"
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1900", "$1950$", "2000"]
    legend = [text.get_text().strip() for text in axes.get_legend().get_texts()]
    assert legend == ["w3", "$late$", "median of all words"]
    assert not any(text.get_parse_math() for text in axes.get_legend().get_texts())
    assert len(plot.trajectory(series, top=4).axes[0].lines) == 5


def test_wrong_pictures_are_refused():
    pair = models()[1:]
    for error, message, call in (
        (TypeError, "list: expected a Comparison", lambda: plot.change(pair)),
        (TypeError, "Comparison: expected a Series", lambda: plot.trajectory(w2v.compare(*pair))),
        (ValueError, "top=0", lambda: plot.change(w2v.compare(*pair), top=0)),
        (KeyError, "'x' is in neither", lambda: plot.change(w2v.compare(*pair), ["x"])),
        (KeyError, "'x' is in none", lambda: plot.trajectory(w2v.compare_series(pair), ["x"])),
    ):
        with pytest.raises(error, match=message):
            call()
