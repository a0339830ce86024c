"""w2v.plot: what is drawn, order and colors, positions of labels, files."""

import itertools
import pickle
import re
import subprocess
import sys
import warnings

import numpy as np
import pytest

from w2v import KeyedVectors, Word2Vec, plot
from w2v.cli import app
from w2v.plot import figure as figures
from w2v.plot import fonts, projection
from w2v.plot.labels import place_labels

matplotlib = pytest.importorskip("matplotlib")
figure = pytest.importorskip("matplotlib.figure")

# Three groups at right angles; within a group, words differ a little.
GROUPS = {
    "royal": ["king", "queen", "prince"],
    "fruit": ["apple", "pear", "plum"],
    "water": ["river", "lake", "sea"],
}
MIXED = ["king", "apple", "river", "queen", "pear", "lake", "prince", "plum", "sea"]
STYLES = ["light", pytest.param("dark", marks=pytest.mark.thorough)]


@pytest.fixture
def wv():
    rng = np.random.default_rng(4)
    rows = np.zeros((9, 12))
    for number, row in enumerate(rows):
        row[4 * (number // 3) : 4 * (number // 3) + 4] = 1
    rows += rng.normal(0, 0.15, rows.shape)
    words = [word for group in GROUPS.values() for word in group]
    return KeyedVectors(words, rows.astype(np.float32))


@pytest.fixture
def many():
    rng = np.random.default_rng(5)
    words = [f"word{i}" for i in range(60)]
    return KeyedVectors(words, rng.normal(size=(60, 30)).astype(np.float32))


@pytest.fixture
def path(wv, tmp_path):
    path = tmp_path / "v.safetensors"
    wv.save(path)
    return path


def rows_of(drawn):
    return [label.get_text() for label in drawn.axes[0].get_yticklabels()]


def group_of(word):
    return next(name for name, words in GROUPS.items() if word in words)


def changes(words):
    return sum(group_of(a) != group_of(b) for a, b in itertools.pairwise(words))


def boxes(drawn, words):
    """Boxes of the words written on a figure, in pixels: x0, y0, x1, y1."""
    drawn.draw_without_rendering()
    texts = [text for text in drawn.axes[0].texts if text.get_text() in words]
    return np.array([text.get_window_extent().extents for text in texts])


def overlapping(found):
    """Pairs of boxes that overlap."""
    return [
        (i, j)
        for i in range(len(found))
        for j in range(i)
        if (found[i, :2] < found[j, 2:] - 0.01).all() and (found[j, :2] < found[i, 2:] - 0.01).all()
    ]


def test_overlapping_boxes_would_be_found():
    assert overlapping(np.array([[0, 0, 2, 2], [3, 0, 4, 1], [0, 2, 3, 4]])) == []
    assert overlapping(np.array([[0, 0, 2, 2], [1, 1, 3, 3]])) == [(1, 0)]


# ---- Heat map ------------------------------------------------------------------------------------


def test_heatmap_puts_similar_words_side_by_side(wv):
    assert changes(MIXED) == 8
    drawn = plot.heatmap(wv, MIXED)
    assert sorted(rows_of(drawn)) == sorted(MIXED)
    assert changes(rows_of(drawn)) == 2
    shown = drawn.axes[0].images[0].get_array()
    np.testing.assert_allclose(shown, wv[rows_of(drawn)], rtol=1e-6)


def test_heatmap_in_the_given_order_and_dimensions(wv):
    drawn = plot.heatmap(wv, MIXED, [7, 0, 3], order="given")
    assert rows_of(drawn) == MIXED
    np.testing.assert_allclose(
        drawn.axes[0].images[0].get_array(), wv[MIXED][:, [7, 0, 3]], rtol=1e-6
    )
    assert [label.get_text() for label in drawn.axes[0].get_xticklabels()] == ["7", "0", "3"]
    assert plot.heatmap(wv, MIXED, 5).axes[0].images[0].get_array().shape == (9, 5)


def test_heatmap_orders_dimensions(wv):
    mixed = [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]
    drawn = plot.heatmap(wv, MIXED, mixed, order_dimensions=True)
    found = [int(label.get_text()) // 4 for label in drawn.axes[0].get_xticklabels()]
    assert sum(a != b for a, b in itertools.pairwise(found)) == 2
    columns = [int(label.get_text()) for label in drawn.axes[0].get_xticklabels()]
    np.testing.assert_allclose(
        drawn.axes[0].images[0].get_array(), wv[rows_of(drawn)][:, columns], rtol=1e-6
    )


@pytest.mark.parametrize("style", STYLES)
def test_zero_has_the_colour_of_no_sign(wv, style):
    image = plot.heatmap(wv, MIXED, style=style).axes[0].images[0]
    low, high = image.get_clim()
    assert low == -high < 0
    middle = figures.STYLES[style].diverging[3]
    np.testing.assert_allclose(
        image.to_rgba(np.zeros(1))[0], matplotlib.colors.to_rgba(middle), atol=0.02
    )
    reds, _, blues, _ = image.to_rgba(np.array([high]))[0].T
    assert reds > blues
    reds, _, blues, _ = image.to_rgba(np.array([low]))[0].T
    assert blues > reds


def test_heatmap_of_lengths_one(wv):
    shown = plot.heatmap(wv, MIXED, norm=True).axes[0].images[0].get_array()
    np.testing.assert_allclose(np.linalg.norm(shown, axis=1), 1)


def test_zero_vectors_are_drawn():
    wv = KeyedVectors(["a", "b", "c"], np.zeros((3, 4), np.float32))
    for draw in (plot.heatmap, plot.similarity_matrix, plot.scatter):
        draw(wv, ["a", "b", "c"]).draw_without_rendering()
    plot.analogy(wv, [("a", "b"), ("b", "c")]).draw_without_rendering()


@pytest.mark.parametrize("sides", ["y", "yx"])
def test_labels_of_many_words_fit(many, sides):
    words = many.index_to_key
    drawn = (plot.heatmap if sides == "y" else plot.similarity_matrix)(many, words)
    drawn.draw_without_rendering()
    for labels in ([axis.get_ticklabels()] for axis in (drawn.axes[0].yaxis, drawn.axes[0].xaxis)):
        found = [label for label in labels[0] if label.get_text() in words]
        if not found:
            assert sides == "y"
            continue
        assert len(found) == len(words)
        assert overlapping(np.array([label.get_window_extent().extents for label in found])) == []
        width, height = drawn.canvas.get_width_height()
        for label in found:
            x0, y0, x1, y1 = label.get_window_extent().extents
            assert -1 <= x0 < x1 <= width + 1
            assert -1 <= y0 < y1 <= height + 1


def test_where_there_is_no_room_only_some_words_are_written(many):
    drawn = plot.heatmap(many, many.index_to_key, figsize=(4, 2))
    assert 2 <= len(rows_of(drawn)) < 60


# ---- Similarity matrix ---------------------------------------------------------------------------


@pytest.mark.parametrize("metric", [
    "cosine", "euclidean",
    *[pytest.param(name, marks=pytest.mark.thorough) for name in ("dot", "manhattan", "chebyshev")],
])  # fmt: skip
def test_similarity_matrix_holds_and_writes_the_values(wv, metric):
    drawn = plot.similarity_matrix(wv, MIXED, metric)
    words = rows_of(drawn)
    assert changes(words) == 2
    rows = wv[words].astype(np.float64)
    apart = rows[:, None] - rows[None]
    expected = {
        "cosine": rows @ rows.T / np.outer(*[np.linalg.norm(rows, axis=1)] * 2),
        "dot": rows @ rows.T,
        "euclidean": np.sqrt((apart**2).sum(2)),
        "manhattan": np.abs(apart).sum(2),
        "chebyshev": np.abs(apart).max(2),
    }[metric]
    np.testing.assert_allclose(drawn.axes[0].images[0].get_array(), expected, atol=1e-6)
    written = [float(text.get_text().replace("−", "-")) for text in drawn.axes[0].texts]
    np.testing.assert_allclose(np.reshape(written, (9, 9)), expected, atol=0.051)


def test_what_rounds_to_zero_has_no_sign():
    vectors = np.array([[1, 0], [-0.001, 1], [0.6, -0.8]], np.float32)
    wv = KeyedVectors(["east", "north", "south-east"], vectors)
    drawn = plot.similarity_matrix(wv, wv.index_to_key)
    written = {text.get_text() for text in drawn.axes[0].texts}
    assert {"0.00", "−0.80", "1.00"} <= written
    assert "−0.00" not in written


def test_values_are_not_written_into_small_cells(many):
    assert not plot.similarity_matrix(many, many.index_to_key).axes[0].texts


# ---- Map -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [5, 60])
@pytest.mark.parametrize("style", STYLES)
def test_labels_of_a_map_do_not_overlap(many, count, style):
    words = many.index_to_key[:count]
    drawn = plot.scatter(many, words, style=style)
    found = boxes(drawn, words)
    assert len(found) == count
    assert overlapping(found) == []
    frame = drawn.axes[0].get_window_extent().extents
    assert (found[:, :2] >= frame[:2] - 0.5).all()
    assert (found[:, 2:] <= frame[2:] + 0.5).all()


def test_an_inch_of_a_map_means_the_same_on_both_axes(many):
    axes = plot.scatter(many, many.index_to_key[:20], figsize=(9, 4)).axes[0]
    frame = axes.get_window_extent()
    (x0, x1), (y0, y1) = axes.get_xlim(), axes.get_ylim()
    assert (x1 - x0) / frame.width == pytest.approx((y1 - y0) / frame.height, rel=1e-6)


def test_labels_of_one_point_do_not_overlap_and_have_lines():
    wv = KeyedVectors([f"w{i}" for i in range(40)], np.ones((40, 3), np.float32))
    drawn = plot.scatter(wv, wv.index_to_key)
    assert overlapping(boxes(drawn, wv.index_to_key)) == []
    assert len(drawn.axes[0].lines) > 10


def test_labels_without_room_are_counted():
    wv = KeyedVectors([f"word{i}" for i in range(60)], np.ones((60, 3), np.float32))
    with pytest.warns(UserWarning, match=r"no room for the labels of [0-9]+ of 60 words"):
        drawn = plot.scatter(wv, wv.index_to_key, figsize=(1.5, 1.5))
    assert overlapping(boxes(drawn, wv.index_to_key)) == []


def test_place_labels_leaves_lines_free():
    points, sizes = np.array([[50.0, 50.0]]), np.array([[20.0, 6.0]])
    free, _ = place_labels(points, sizes, (100, 100), 2)
    assert free[0].tolist() == [52, 47]  # to the right
    lines = np.array([[50.0, 50.0, 100.0, 50.0]])
    (x, y), _ = (found[0] for found in place_labels(points, sizes, (100, 100), 2, lines))
    assert y >= 50 or y + 6 <= 50 or x + 20 <= 50


def test_pca_shows_the_plane_and_its_share(wv):
    drawn = plot.scatter(wv, GROUPS)
    rows = wv[[word for group in GROUPS.values() for word in group]].astype(np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    rows -= rows.mean(axis=0)
    variances = np.sort(np.linalg.eigvalsh(rows.T @ rows))[::-1]
    points = np.concatenate([dots.get_offsets() for dots in drawn.axes[0].collections])
    np.testing.assert_allclose((points**2).sum(axis=0), variances[:2], rtol=1e-5)
    share = variances / variances.sum()
    assert drawn.axes[0].get_xlabel() == f"first component ({share[0]:.0%} of variance)"
    assert drawn.axes[0].get_ylabel() == f"second component ({share[1]:.0%} of variance)"
    names = [text.get_text().strip() for text in drawn.axes[0].get_legend().get_texts()]
    assert names == list(GROUPS)
    colours = {tuple(dots.get_facecolor()[0]) for dots in drawn.axes[0].collections}
    assert len(colours) == 3


def places(drawn):
    return np.concatenate([dots.get_offsets() for dots in drawn.axes[0].collections])


def test_tsne_keeps_groups_together_and_repeats(wv):
    pytest.importorskip("sklearn")
    first, again = (places(plot.scatter(wv, MIXED, "tsne", seed=3)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    plot.scatter(wv, MIXED[:2], "tsne")


EQUAL = {
    "equal": [[1, 1]] * 4,
    "zero": [[0, 0]] * 4,
    "multiples": [[1, 0], [2, 0], [3, 0], [4, 0]],
    "one direction, but for rounding": [[0.1, 0.3], [0.2, 0.6], [0.7, 2.1], [0.3, 0.9]],
    "one other": [[1, 1, 1]] * 30 + [[1, 2, 3]],
    "tiny": [[1e-30, 1e-30]] * 4,
}


def test_tsne_of_rows_that_are_equal(tmp_path):
    """In a process of its own: scikit-learn reads outside of its arrays, and may crash."""
    pytest.importorskip("sklearn")
    code = f"""
import warnings; warnings.simplefilter("ignore")
import matplotlib; matplotlib.use("Agg")
import numpy as np
from w2v import KeyedVectors, plot
for name, rows in {EQUAL}.items():
    rows = np.array(rows, np.float32)
    wv = KeyedVectors([f"w{{i}}" for i in range(len(rows))], rows)
    figure = plot.scatter(wv, wv.index_to_key, "tsne", seed=1)
    assert np.isfinite(np.concatenate([c.get_offsets() for c in figure.axes[0].collections])).all()
    print(name, flush=True)
"""
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout.splitlines(), done.returncode) == ([*EQUAL], 0), done.stderr


@pytest.mark.parametrize(("n_words", "expected"), [(6, 1), (30, 2)])
def test_tsne_uses_threads_for_many_words_only(monkeypatch, n_words, expected):
    manifold = pytest.importorskip("sklearn.manifold")
    import threadpoolctl

    monkeypatch.setattr(projection, "_MIN_WORDS_FOR_THREADS", 20)
    monkeypatch.setattr(projection, "available_cpus", lambda: 2)
    seen, fit = [], manifold.TSNE.fit_transform

    def watched(self, vectors):
        pools = threadpoolctl.threadpool_info()
        seen.extend(pool["num_threads"] for pool in pools if pool["user_api"] == "openmp")
        return fit(self, vectors)

    monkeypatch.setattr(manifold.TSNE, "fit_transform", watched)
    rows = np.random.default_rng(0).standard_normal((n_words, 5)).astype(np.float32)
    wv = KeyedVectors([f"w{i}" for i in range(n_words)], rows)
    with threadpoolctl.threadpool_limits(3, user_api="openmp"):
        plot.scatter(wv, wv.index_to_key, "tsne")
    assert set(seen) == {expected}


@pytest.mark.parametrize(
    ("method", "module", "extra"),
    [("tsne", "sklearn.manifold", "sklearn"), ("umap", "umap", "umap")],
)
def test_missing_methods_name_the_extra(wv, monkeypatch, method, module, extra):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=re.escape(f"pip install 'w2v[{extra}]'")):
        plot.scatter(wv, MIXED, method)


def test_missing_matplotlib_names_the_extra(wv, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=re.escape("pip install 'w2v[plot]'")):
        plot.heatmap(wv, MIXED)


# ---- Analogies -----------------------------------------------------------------------------------


def test_analogies_that_hold_give_parallel_arrows():
    rng = np.random.default_rng(2)
    shared, bases = np.eye(20)[0], rng.normal(0, 0.3, (4, 20))
    bases[:, 0] = 0
    bases /= np.linalg.norm(bases, axis=1, keepdims=True)
    rows = np.concatenate([bases - 0.5 * shared, bases + 0.5 * shared]).astype(np.float32)
    words = [f"{side}{i}" for side in "ab" for i in range(4)]
    pairs = [(f"a{i}", f"b{i}") for i in range(4)]
    drawn = plot.analogy(KeyedVectors(words, rows), pairs)
    axes = drawn.axes[0]
    arrows = [text for text in axes.texts if getattr(text, "arrow_patch", None)]
    ways = np.array([np.subtract(arrow.xy, arrow.get_position()) for arrow in arrows])
    assert len(ways) == 4
    np.testing.assert_allclose(ways[:, 1], 0, atol=1e-6)
    assert (ways[:, 0] > 0.5).all()
    assert axes.get_xlabel() == (
        "plane shows 100% of the differences; mean cosine between them in all dimensions 1.00"
    )
    labels = boxes(drawn, words)
    assert overlapping(labels) == []
    for arrow in arrows:  # level ones: none strikes out a word
        (left, y), (right, _) = axes.transData.transform([arrow.get_position(), arrow.xy])
        struck = (labels[:, 1] < y) & (y < labels[:, 3]) & (labels[:, 2] > left)
        assert not (struck & (labels[:, 0] < right)).any()
    (a, _), (_, b) = axes.transData.transform([[0, 0], [1, 1]])
    c, d = axes.transData.transform([1, 0])[0], axes.transData.transform([0, 0])[1]
    assert c - a == pytest.approx(b - d)  # one scale


def test_analogy_of_one_pair(wv):
    assert "100% of the differences" in plot.analogy(wv, [("king", "sea")]).axes[0].get_xlabel()


# ---- Loss ----------------------------------------------------------------------------------------


def test_losses_of_models_results_and_lists():
    model = Word2Vec(vector_size=4, min_count=1, workers=1, epochs=3, sample=0)
    model.build_vocab([["a", "b", "c"]] * 20)
    result = model.train([["a", "b", "c"]] * 20)
    drawn = plot.training_loss(model)
    assert drawn.axes[0].lines[0].get_ydata().tolist() == model.training_loss
    assert drawn.axes[0].lines[0].get_xdata().tolist() == [1, 2, 3]
    assert drawn.axes[0].get_legend() is None
    drawn = plot.training_loss({"one": model, "_two": result, "three": [3.0, 2.0]})
    names = [text.get_text().strip() for text in drawn.axes[0].get_legend().get_texts()]
    assert names == ["one", "_two", "three"]
    assert len({line.get_color() for line in drawn.axes[0].lines}) == 3
    assert len(plot.training_loss([model, [1.0]], ["x", "y"]).axes[0].lines) == 2


@pytest.mark.parametrize(
    ("models", "labels", "message"),
    [
        ([], None, "model 1 has no losses"),
        ([[1.0], []], None, "model 2 has no losses"),
        ([[1.0], [2.0]], ["a"], "expected one for each of 2 models"),
        ({"a": [1.0]}, ["a"], "whose keys are the labels"),
        ({}, None, "models is empty"),
    ],
)
def test_losses_that_are_none(models, labels, message):
    with pytest.raises(ValueError, match=message):
        plot.training_loss(models, labels)


# ---- Figures, fonts, files -----------------------------------------------------------------------


def test_no_pyplot_and_no_window(wv):
    before = set(sys.modules)
    plot.scatter(wv, MIXED)
    assert "matplotlib.pyplot" not in set(sys.modules) - before


def test_axes_of_the_caller_are_used(wv):
    ours = figure.Figure(figsize=(9, 9))
    left, right = ours.subplots(1, 2)
    assert plot.heatmap(wv, MIXED, ax=left) is ours
    assert plot.scatter(wv, MIXED, ax=right) is ours
    assert left.images
    assert right.collections


@pytest.mark.parametrize("style", STYLES)
def test_text_can_be_read_on_its_background(wv, style):
    def light(colour):
        return float(matplotlib.colors.to_rgb(colour) @ np.array([0.2126, 0.7152, 0.0722]))

    for drawn in (
        plot.heatmap(wv, MIXED, style=style, title="a title"),
        plot.similarity_matrix(wv, MIXED, style=style),
        plot.scatter(wv, GROUPS, style=style),
        plot.analogy(wv, [("king", "queen")], style=style),
        plot.training_loss([3.0, 2.0], ["a"][:0] or None, style=style),
    ):
        background = light(drawn.get_facecolor()[:3])
        cells = {id(text) for axes in drawn.axes if axes.images for text in axes.texts}
        for text in drawn.findobj(matplotlib.text.Text):
            if text.get_text() and text.get_visible() and id(text) not in cells:
                assert abs(light(text.get_color()) - background) > 0.3, text


def test_words_are_no_formulas_and_nothing_invisible_is_drawn():
    words = ["$x$", "a\nb", "zero\u200bwidth", "x" * 80, "_y", "\ud800"]
    wv = KeyedVectors(words, np.eye(6, dtype=np.float32))
    drawn = plot.heatmap(wv, words, order="given")
    expected = ["$x$", "a\\nb", "zero\\u200bwidth", "x" * 23 + "…", "_y", "\\ud800"]
    assert rows_of(drawn) == expected
    assert not any(label.get_parse_math() for label in drawn.axes[0].get_yticklabels())
    drawn.draw_without_rendering()


def test_a_font_that_has_the_characters_is_found():
    settings = {"font.family": ["cmtt10"], "axes.unicode_minus": False}
    with matplotlib.rc_context(settings):  # Latin only; comes with matplotlib
        assert fonts.font_families_for(["abc"]) == ["cmtt10"]
        found = fonts.font_families_for(["abc", "Ж"])
        assert len(found) == 2
        wv = KeyedVectors(["abc", "Ж"], np.eye(2, dtype=np.float32))
        drawn = plot.heatmap(wv, ["abc", "Ж"])
        assert [label.get_fontfamily() for label in drawn.axes[0].get_yticklabels()] == [found] * 2
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            drawn.draw_without_rendering()  # matplotlib would tell of a missing glyph


def test_characters_that_no_font_has_are_named(tmp_path):
    words = ["abc", "x\U000e0f5d\U0010fffa", "國"]
    wv = KeyedVectors(words, np.eye(3, dtype=np.float32))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fonts, "_known_fonts", lambda manager: [])
        patch.setattr(fonts, "_new_fonts", lambda manager: [])
        with pytest.warns(UserWarning, match="no installed font has 1 of the characters.*: 國;"):
            drawn = plot.heatmap(wv, words)
    plot.save(drawn, tmp_path / "a.png")


@pytest.mark.parametrize(
    ("name", "start"),
    [("a.png", b"\x89PNG"), ("a.SVG", b"<?xml"), ("b.pdf", b"%PDF")],
)
def test_files_are_written_the_same_every_time(wv, tmp_path, name, start):
    contents = []
    for _ in range(2):
        plot.save(plot.heatmap(wv, MIXED, figsize=(4, 3)), tmp_path / name)
        contents.append((tmp_path / name).read_bytes())
    assert contents[0].startswith(start)
    assert contents[0] == contents[1] or name.endswith("pdf")
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_files_that_cannot_be_written(wv, tmp_path):
    drawn = plot.training_loss([2.0, 1.0])
    for name in ("a.docx", "a", "png"):
        with pytest.raises(ValueError, match=r"expected one of .*\.png"):
            plot.save(drawn, tmp_path / name)
    with pytest.raises(FileNotFoundError, match="the directory does not exist"):
        plot.save(drawn, tmp_path / "nowhere" / "a.png")
    (tmp_path / "b.png").mkdir()
    with pytest.raises(IsADirectoryError):
        plot.save(drawn, tmp_path / "b.png")
    with pytest.raises(ValueError, match="choose fewer words or a smaller dpi"):
        plot.save(drawn, tmp_path / "c.png", dpi=20_000)
    assert [entry.name for entry in tmp_path.iterdir()] == ["b.png"]


# ---- Bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize("draw", ["heatmap", "similarity_matrix", "scatter"])
def test_bad_words(wv, draw):
    draw = getattr(plot, draw)
    with pytest.raises(KeyError, match=r"'nix' .*; word 'nux'"):
        draw(wv, ["king", "nix", "nux"])
    unknown = [f"no{i}" for i in range(9)]
    with pytest.raises(KeyError, match=", ".join(map(repr, unknown))):
        draw(wv, ["king", *unknown])
    for few in ([], ["king"]):
        with pytest.raises(ValueError, match="at least two words"):
            draw(wv, few)
    with pytest.raises(ValueError, match="more than once: 'king', 'sea'"):
        draw(wv, ["king", "sea", "king", "pear", "sea"])
    with pytest.raises(TypeError, match="single string"):
        draw(wv, "king")
    with pytest.raises(TypeError, match=r"pass model\.wv"):
        draw(Word2Vec(), ["king", "sea"])
    with pytest.raises(ValueError, match="style='blue': expected one of 'light', 'dark'"):
        draw(wv, ["king", "sea"], style="blue")
    wv.vectors[wv.get_index("sea"), 3] = np.nan
    with pytest.raises(ValueError, match="'sea' contains NaN"):
        draw(wv, ["king", "sea"])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda wv: plot.heatmap(wv, MIXED, 13), ValueError, "dimensions=13: expected 1 to 12"),
        (lambda wv: plot.heatmap(wv, MIXED, 0), ValueError, "expected 1 to 12"),
        (lambda wv: plot.heatmap(wv, MIXED, [3, 12]), ValueError, "dimension 12 does not exist"),
        (lambda wv: plot.heatmap(wv, MIXED, [-1]), ValueError, "dimension -1 does not exist"),
        (lambda wv: plot.heatmap(wv, MIXED, [0.5]), TypeError, "list of integers"),
        (lambda wv: plot.heatmap(wv, MIXED, []), TypeError, "list of integers"),
        (lambda wv: plot.heatmap(wv, MIXED, order="x"), ValueError, "order='x'"),
        (lambda wv: plot.similarity_matrix(wv, MIXED, "x"), ValueError, "metric='x'"),
        (lambda wv: plot.scatter(wv, MIXED, "x"), ValueError, "method='x'"),
        (lambda wv: plot.scatter(wv, {"a": "king"}), TypeError, "single string"),
        (lambda wv: plot.scatter(wv, MIXED, figsize=(0, 1)), ValueError, "figsize="),
        (lambda wv: plot.analogy(wv, []), ValueError, "at least one pair"),
        (lambda wv: plot.analogy(wv, ["ab"]), TypeError, "expected two words"),
        (lambda wv: plot.analogy(wv, [("king", "king")]), ValueError, "two different words"),
        (lambda wv: plot.analogy(wv, [("king", "sea")] * 2), ValueError, "given twice"),
        (lambda wv: plot.analogy(wv, [("king", "nix")]), KeyError, "'nix'"),
    ],
)
def test_bad_arguments(wv, call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call(wv)


# ---- Command line --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "args",
    [
        "heatmap {} king sea pear --dimensions 4 --order given --norm --style dark",
        "heatmap {} --top 9 --order-dimensions --title Words",
        "similarity {} king sea --metric manhattan",
        "scatter {} king sea --top 5",
        "analogy {} king queen river sea",
    ],
)
def test_commands_write_pictures(path, tmp_path, capsys, args):
    out = tmp_path / "a.svg"
    assert app.main(["plot", *args.format(path).split(), "-o", str(out)]) == 0
    assert out.read_bytes().startswith(b"<?xml")
    assert capsys.readouterr() == ("", f"Saved  {out} ({out.stat().st_size:,} bytes)\n")


def test_command_takes_words_of_a_file_and_losses_of_models(path, tmp_path):
    (tmp_path / "words.txt").write_text("king\nsea\n")
    out = str(tmp_path / "a.png")
    assert app.main(f"plot scatter {path} --words {tmp_path}/words.txt -q -o {out}".split()) == 0
    models = []
    for name in ("one", "two"):
        model = Word2Vec(
            [["a", "b", "c"]] * 20, vector_size=4, min_count=1, workers=1, epochs=2, sample=0
        )
        models.append(str(tmp_path / f"{name}.safetensors"))
        model.save(models[-1])
    assert app.main(["plot", "loss", *models, "-o", out, "-q"]) == 0


@pytest.mark.parametrize(
    ("args", "status", "message"),
    [
        ("heatmap {} king nix nux -o a.png", 1, "word 'nix' is not in the vocabulary"),
        ("heatmap {} king -o a.png", 1, "at least two words"),
        ("heatmap {} -o a.png", 2, "no words: give some"),
        ("scatter {} king king -o a.png", 1, "more than once: 'king'"),
        ("scatter {} king sea -o a.docx", 2, "unknown picture format '.docx'"),
        ("scatter {} king sea -o nowhere/a.png", 1, "the directory does not exist"),
        ("analogy {} king queen man -o a.png", 2, "expected pairs"),
        ("loss {} -o a.png", 1, "v.safetensors"),
    ],
)
def test_commands_that_cannot_be_done(path, capsys, args, status, message):
    assert app.main(["plot", *args.format(path).split()]) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("w2v: error: ")
    assert err.count("\n") == 1
    assert message in err


def test_words_of_any_iterable(wv):
    words = list(wv.index_to_key[:4])
    for draw in (plot.heatmap, plot.similarity_matrix, plot.scatter):
        assert draw(wv, (word for word in words)).axes
    for given in (set(words), tuple(words)):
        assert plot.heatmap(wv, given).axes
    with pytest.raises(TypeError, match="words='a b' is a single string: expected a list of words"):
        plot.scatter(wv, "a b")


def test_a_notebook_shows_a_figure_and_every_format_is_saved(wv, tmp_path):
    figure = plot.heatmap(wv, wv.index_to_key[:4], figsize=(3, 2))
    assert figure._repr_png_().startswith(b"\x89PNG")
    again = pickle.loads(pickle.dumps(figure))
    assert again._repr_png_().startswith(b"\x89PNG")
    for kind in ("jpg", "tif", "webp", "raw", "rgba", "eps"):
        if kind in figure.canvas.get_supported_filetypes():
            plot.save(figure, tmp_path / f"picture.{kind}")
            assert (tmp_path / f"picture.{kind}").stat().st_size
