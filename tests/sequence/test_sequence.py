"""w2v.sequence: the embedding layer, recurrent cells and batches, against torch's own."""

import sys

import numpy as np
import pytest

from w2v import KeyedVectors, Word2Vec

torch = pytest.importorskip("torch")

from w2v.sequence import (  # noqa: E402
    Embedding,
    RecurrentEncoder,
    RNNLanguageModel,
    SequenceClassifier,
    batching,
    pad,
)

CELLS = ("rnn", "gru", "lstm")
WORDS = ["the", "king", "queen", "北京"]


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def wv():
    rows = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32)
    return KeyedVectors(WORDS, rows, counts=[9, 3, 2, 1])


def test_w2v_does_not_import_torch():
    import subprocess

    code = "import sys, w2v, w2v.cli; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_torch_the_extra_is_told(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("w2v.sequence")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r"w2v.sequence needs torch: pip install 'w2v\[torch\]'"):
        import w2v.sequence  # noqa: F401


# ---- Embedding -----------------------------------------------------------------------------------


def test_rows_are_padding_the_unknown_word_and_the_words_in_order(wv):
    layer = Embedding(wv)
    assert layer.encode(["queen", "nobody", "the"]) == [4, 1, 2]
    found = layer(torch.tensor([[0, 1], [2, 5]])).numpy()
    np.testing.assert_array_equal(found[0], np.zeros((2, 3)))
    np.testing.assert_array_equal(found[1], wv[["the", "北京"]])
    assert (layer.index_to_key, layer.embedding_dim, len(layer)) == (WORDS, 3, 4)


def test_a_model_is_taken_for_its_vectors():
    model = Word2Vec([["a", "b"] * 5], vector_size=4, min_count=1, workers=1, sample=0)
    np.testing.assert_array_equal(Embedding(model).weight[2:].numpy(), model.wv.vectors)


def test_vectors_come_back_with_words_order_and_counts(wv):
    back = Embedding(wv).to_keyed_vectors()
    assert back.index_to_key == WORDS
    np.testing.assert_array_equal(back.vectors, wv.vectors)
    np.testing.assert_array_equal(back.counts, wv.counts)
    back.vectors[:] = 0
    assert wv.vectors.any()


def test_the_unknown_word_has_the_vector_asked_for(wv):
    rows = {kind: Embedding(wv, unknown=kind).weight[1].numpy() for kind in ("mean", "random")}
    np.testing.assert_allclose(rows["mean"], wv.vectors.mean(axis=0), rtol=1e-6)
    assert rows["random"].all()
    other = Embedding(wv, unknown="random", seed=2).weight[1].numpy()
    assert (other != rows["random"]).all()
    with pytest.raises(KeyError, match="unknown word 'nobody' \\(token 1\\)"):
        Embedding(wv, unknown="error").encode(["the", "nobody"])


@pytest.mark.parametrize("freeze", [True, False])
def test_training_changes_the_words_met_and_never_padding(wv, freeze):
    before = wv.vectors.copy()
    layer = Embedding(wv, freeze=freeze)
    assert layer.weight.requires_grad is not freeze
    if not freeze:
        layer(torch.tensor([0, 1, 3, 3])).sum().backward()
        torch.optim.SGD(layer.parameters(), lr=1.0).step()
        expected = before.copy()
        expected[1] -= 2
        np.testing.assert_allclose(layer.to_keyed_vectors().vectors, expected, rtol=1e-6)
        np.testing.assert_array_equal(layer.weight[:2].detach(), [[0, 0, 0], [-1, -1, -1]])
    np.testing.assert_array_equal(wv.vectors, before)


def test_what_cannot_be_an_embedding_is_told(wv):
    with pytest.raises(TypeError, match="vectors is of type dict: expected KeyedVectors or a Wor"):
        Embedding({})
    with pytest.raises(ValueError, match="unknown='no': expected one of 'zero', 'mean'"):
        Embedding(wv, unknown="no")
    with pytest.raises(ValueError, match="vectors has no words"):
        Embedding(KeyedVectors([], np.zeros((0, 3), np.float32)))
    wv.vectors[2, 1] = np.nan
    with pytest.raises(ValueError, match="the vector of 'queen' \\(row 2\\) contains NaN"):
        Embedding(wv)


def test_what_cannot_be_encoded_is_told(wv):
    layer = Embedding(wv)
    with pytest.raises(TypeError, match="tokens='the king' is a single string"):
        layer.encode("the king")
    for odd in (5, None, ["the"]):
        with pytest.raises(TypeError, match=r"token .* \(number 1\) is of type"):
            layer.encode(["the", odd])


# ---- RecurrentEncoder ----------------------------------------------------------------------------


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("lengths", [[5, 4, 5, 4], [1, 5, 2, 1], [5, 5, 5, 5]])
def test_a_batch_gives_what_each_sequence_gives_alone(cell, both, num_layers, lengths):
    net = RecurrentEncoder(3, 4, cell, num_layers, both)
    x = torch.randn(4, 5, 3)
    outputs, last = net(x, torch.tensor(lengths))
    assert outputs.shape == (4, 5, net.output_size)
    torch.testing.assert_close(net.last(x, torch.tensor(lengths)), last)
    for row, length in enumerate(lengths):
        alone, _ = net.rnn(x[row : row + 1, :length])  # torch's own, nothing packed or padded
        torch.testing.assert_close(outputs[row, :length], alone[0])
        assert not outputs[row, length:].any()
        torch.testing.assert_close(last[row, :4], alone[0, -1, :4])
        if both:
            torch.testing.assert_close(last[row, 4:], alone[0, 0, 4:])


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("lengths", [[4, 3, 4], [1, 4, 1]])
def test_gradients_are_those_of_finite_differences(cell, lengths):
    net = RecurrentEncoder(2, 3, cell).double()
    x = torch.randn(3, 4, 2, dtype=torch.float64, requires_grad=True)
    ends = torch.tensor(lengths)
    assert torch.autograd.gradcheck(lambda x: net(x, ends), x)
    net.last(x, ends).sum().backward()
    for row, length in enumerate(lengths):
        assert not x.grad[row, length:].any()
        assert x.grad[row, :length].all()


def test_recurrent_says_what_is_out_of_range():
    net = RecurrentEncoder(2, 3)
    for lengths, told in (([2, 0], r"lengths\[1\] is 0"), ([4, 1], r"lengths\[0\] is 4")):
        with pytest.raises(ValueError, match=told + ": expected 1 to 3"):
            net(torch.zeros(2, 3, 2), torch.tensor(lengths))
    for wrong in ({"cell": "x"}, {"num_layers": 0}, {"dropout": 1.0}):
        with pytest.raises(ValueError, match=f"{next(iter(wrong))}="):
            RecurrentEncoder(2, 3, **wrong)


# ---- Batches -------------------------------------------------------------------------------------


def test_pad_keeps_order_and_numbers():
    ids, lengths = pad([[5], [7, 8, 9], []])
    assert ids.tolist() == [[5, 0, 0], [7, 8, 9], [0, 0, 0]]
    assert lengths.tolist() == [1, 3, 0]
    assert (ids.dtype, lengths.dtype) == (torch.int64, torch.int64)


def test_batches_hold_each_text_once_and_like_lengths_side_by_side():
    rng = np.random.default_rng(3)
    texts = batching.EncodedTexts([[i] * n for i, n in enumerate(rng.integers(1, 80, 500))])
    rows = np.arange(0, 500, 2)
    for batches in (texts.shuffled_batches(rows, 8, rng), texts.sorted_batches(rows, 8)):
        listed = list(batches)
        assert sorted(np.concatenate(listed)) == rows.tolist()
        real = sum(texts.lengths[batch].sum() for batch in listed)
        assert real > 0.9 * sum(texts.lengths[b].max() * len(b) for b in listed)
        ids, lengths = texts.batch(listed[0])
        assert ids[:, 0].tolist() == listed[0].tolist()
        assert lengths.tolist() == texts.lengths[listed[0]].tolist()
    first, second = (
        next(texts.shuffled_batches(rows, 8, np.random.default_rng(s))) for s in (1, 2)
    )
    assert first.tolist() != second.tolist()


def test_a_batch_of_very_long_texts_is_split():
    texts = batching.EncodedTexts([[2] * 100_000] * 8)
    assert [len(rows) for rows in texts.sorted_batches(np.arange(8), 8)] == [2, 2, 2, 2]


def test_texts_are_split_as_asked(wv):
    def words(text, **how):
        return next(batching.tokenize([text], **how))

    assert words(" The  king,") == ["The", "king,"]
    assert words("The king's, 北京", tokenizer="unicode", lowercase=True)[:2] == ["the", "king's"]
    assert words("", tokenizer="unicode") == words("..\n", tokenizer="unicode") == []
    assert words("a-b", tokenizer=lambda text: text.split("-")) == ["a", "b"]
    assert words(("The", "King"), lowercase=True) == ["the", "king"]
    for odd in (5, None, b"x", ["a", None], float("nan")):
        with pytest.raises(TypeError, match="text 0 is of type"):
            words(odd)
    with pytest.raises(TypeError, match="texts='the king' is a single string"):
        next(batching.tokenize("the king"))
    with pytest.raises(ValueError, match="tokenizer='spaces'"):
        words("a", tokenizer="spaces")


def test_attributes_without_effect_cannot_be_set(wv):
    model, classifier = RNNLanguageModel(wv), SequenceClassifier(wv)
    for one, name, message in (
        (classifier, "epoch", "no attribute 'epoch' to set; did you mean 'epochs'"),
        (model, "epochs", r"later; create a new RNNLanguageModel\(epochs=3\)"),
        (model, "setting", "did you mean 'settings'"),
    ):
        with pytest.raises(AttributeError, match=message):
            setattr(one, name, 3)
    classifier.epochs = 3
    assert classifier.get_params()["epochs"] == 3
    model._note = model.note_ = "free"

    class Own(SequenceClassifier):
        pass

    Own(wv).anything = 3


@pytest.mark.parametrize("kind", [RNNLanguageModel, SequenceClassifier])
def test_errors_of_python_name_the_public_class(kind, wv):
    with pytest.raises(TypeError, match=rf"^{kind.__name__}\.save\(\) missing"):
        kind(wv).save()
