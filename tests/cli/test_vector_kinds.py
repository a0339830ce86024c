"""``--vectors``: which vectors of a model a command reads, and what `train` saves."""

import json

import numpy as np
import pytest

from w2v import KeyedVectors, Word2Vec
from w2v.cli import app

WORDS = ["king", "queen", "man", "woman", "the", "of"]
KINDS = ["input", "output", "combined"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kinds")
    rng = np.random.default_rng(3)
    lines = [" ".join(rng.permutation(WORDS)) for _ in range(60)]
    (folder / "corpus.txt").write_text("\n".join(lines) + "\n")
    (folder / "pairs.tsv").write_text("king\tqueen\t8\nman\twoman\t7\nking\tman\t2\n")
    model = Word2Vec(folder / "corpus.txt", vector_size=5, sample=0, workers=1, epochs=2)
    model.save(folder / "model.safetensors")
    return folder


@pytest.fixture
def w2v(folder, capsys, monkeypatch):
    """Run the command line in the folder; return (status, stdout, stderr)."""
    monkeypatch.chdir(folder)

    def run(*args):
        status = app.main([str(arg) for arg in args])
        return (status, *capsys.readouterr())

    return run


def vectors(folder, kind):
    return Word2Vec.load(folder / "model.safetensors").keyed_vectors(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_commands_read_the_kind_that_is_named(w2v, folder, kind):
    wv = vectors(folder, kind)
    option = () if kind == "input" else ("--vectors", kind)
    status, out, _ = w2v("search", "model.safetensors", "king", "--json", *option)
    nearest = [(one["word"], one["score"]) for one in json.loads(out)[0]["neighbors"]]
    expected = wv.most_similar("king")
    assert (status, [word for word, _ in nearest]) == (0, [word for word, _ in expected])
    np.testing.assert_allclose([x for _, x in nearest], [x for _, x in expected], atol=1e-6)
    _, out, _ = w2v("evaluate", "model.safetensors", "--pairs", "pairs.tsv", "--json", *option)
    spearman = wv.evaluate_pairs(folder / "pairs.tsv").spearman
    assert json.loads(out)["pairs"][0]["spearman"] == pytest.approx(spearman)
    _, out, _ = w2v("cluster", "model.safetensors", "-k", 2, "--json", *option)
    assert list(json.loads(out).values()) == wv.kmeans(2).tolist()
    assert w2v("convert", "model.safetensors", "-o", "a.safetensors", "-q", *option)[0] == 0
    found = KeyedVectors.load(folder / "a.safetensors")
    np.testing.assert_array_equal(found.vectors, wv.vectors)
    assert found.processing == wv.processing


@pytest.mark.parametrize(
    ("chart", "words", "kind"),
    [
        ("heatmap", WORDS, "combined"), ("similarity", WORDS, "output"),
        ("scatter", WORDS, "input"), ("analogy", WORDS[:4], "combined"),
    ],
)  # fmt: skip
def test_charts_show_the_kind_that_is_named(w2v, folder, monkeypatch, chart, words, kind):
    pytest.importorskip("matplotlib")
    from w2v import plot

    name = {"similarity": "similarity_matrix"}.get(chart, chart)
    drawn = []
    monkeypatch.setattr(plot, name, lambda wv, *args, **options: drawn.append(wv))
    monkeypatch.setattr(plot, "save", lambda figure, path: path.write_bytes(b"picture"))
    args = ("plot", chart, "model.safetensors", *words, "-o", "a.png", "--vectors", kind)
    assert w2v(*args)[0] == 0
    np.testing.assert_array_equal(drawn[0].vectors, vectors(folder, kind).vectors)


def train(w2v, *args):
    small = ("--vector-size", 5, "--sample", 0, "--workers", 1, "--epochs", 2, "-q")
    return w2v("train", "corpus.txt", *small, *args)


@pytest.mark.parametrize(
    ("kind", "name"), [("combined", "v.safetensors"), ("output", "v.txt"), ("input", "v.bin")]
)
def test_training_saves_vectors_alone(w2v, folder, kind, name):
    assert train(w2v, "-o", name, "--vectors", kind)[0] == 0
    found = KeyedVectors.read(folder / name)
    np.testing.assert_array_equal(found.vectors, vectors(folder, kind).vectors)
    with pytest.raises(ValueError, match="expected"):
        Word2Vec.load(folder / name)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("-o", "v.foo", "--vectors", "combined"), "v.foo: unknown extension; use one of .safet"),
        (("-o", "v.txt"), "--vectors input saves the vectors alone"),
        (("-o", "v.txt", "--vectors", "both"), "'both' is not one of 'input', 'output', 'com"),
        (
            ("-o", "h.txt", "--vectors", "combined", "--hs", "1", "--negative", "0"),
            "--vectors combined: hierarchical softmax alone (--hs 1 --negative 0) has no output",
        ),
    ],
)  # fmt: skip
def test_training_refuses_before_it_reads(w2v, folder, monkeypatch, args, said):
    monkeypatch.setattr("w2v.cli.train.Corpus", None)
    status, _, err = train(w2v, *args)
    assert (status, said in err) == (2, True), err
    assert not (folder / "h.txt").exists()


def test_softmax_and_input_need_no_negative(w2v):
    hierarchical = ("--hs", "1", "--negative", "0")
    assert train(w2v, "-o", "h.txt", "--vectors", "input", *hierarchical)[0] == 0
    assert train(w2v, "-o", "s.txt", "--vectors", "combined", "--softmax")[0] == 0


def test_vectors_without_output_vectors_are_refused(w2v, folder):
    vectors(folder, "input").export(folder / "only.txt")
    status, _, err = w2v("search", "only.txt", "king", "--vectors", "combined")
    assert status == 1
    assert "only.txt: expected a model with output vectors, for 'combined', but the file has" in err


def test_what_was_done_is_inspected(w2v):
    w2v("convert", "model.safetensors", "-o", "c.safetensors", "-q", "--vectors", "combined")
    status, out, _ = w2v("inspect", "c.safetensors")
    assert (status, "processing   combined, center" in out) == (0, True)
    assert json.loads(w2v("inspect", "c.safetensors", "--json")[1])["processing"] == [
        "combined", "center",
    ]  # fmt: skip
    assert "processing" not in w2v("inspect", "model.safetensors")[1]
