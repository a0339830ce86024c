"""hidden_states against the outputs of PyTorch and the gate equations; chrono_init."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from w2v import KeyedVectors  # noqa: E402
from w2v.sequence import (  # noqa: E402
    Embedding,
    RecurrentEncoder,
    SequenceClassifier,
    chrono_init,
    hidden_states,
)

WORDS = ["I", "am", "not", "here"]
SENTENCE = "I am not not there"
CELLS = ["rnn", "gru", "lstm"]


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def embedding():
    vectors = np.random.default_rng(1).normal(size=(4, 6)).astype(np.float32)
    return Embedding(KeyedVectors(WORDS, vectors), unknown="mean")


def recurrent(cell, **settings):
    torch.manual_seed(1)
    return RecurrentEncoder(6, 5, cell, **settings)


def outputs(embedding, layer):
    ids = torch.tensor([embedding.encode(SENTENCE.split())])
    with torch.no_grad():
        return layer(embedding(ids), torch.tensor([5]))[0][0].numpy()


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    "settings", [{}, {"num_layers": 3}, {"num_layers": 2, "bidirectional": True}]
)
def test_states_are_pytorchs(embedding, cell, settings):
    layer = recurrent(cell, **settings)
    expected = outputs(embedding, layer)
    states = hidden_states((embedding, layer), SENTENCE)
    assert states.words == SENTENCE.split()
    assert states.hidden.shape == (6, 5)
    assert states.hidden.dtype == np.float32
    assert not states.hidden[0].any()
    np.testing.assert_allclose(states.hidden[1:], expected[:, :5], atol=1e-6)
    if "bidirectional" in settings:
        back = hidden_states((embedding, layer), SENTENCE, backward=True)
        assert back.words == SENTENCE.split()[::-1]
        np.testing.assert_allclose(back.hidden[1:], expected[::-1, 5:], atol=1e-6)


def test_gates_of_the_lstm_make_its_states(embedding):
    states = hidden_states((embedding, recurrent("lstm")), SENTENCE)
    gates = states.gates
    assert list(gates) == ["input", "forget", "candidate", "output"]
    assert all(gate.shape == (5, 5) for gate in gates.values())
    assert states.cell.shape == (6, 5)
    cells = gates["forget"] * states.cell[:-1] + gates["input"] * gates["candidate"]
    np.testing.assert_allclose(states.cell[1:], cells, atol=1e-6)
    np.testing.assert_allclose(states.hidden[1:], gates["output"] * np.tanh(cells), atol=1e-6)
    for name in ("input", "forget", "output"):
        assert 0 < gates[name].min() < gates[name].max() < 1


def test_gates_of_the_gru_make_its_states(embedding):
    states = hidden_states((embedding, recurrent("gru")), SENTENCE)
    gates = states.gates
    assert list(gates) == ["reset", "update", "candidate"]
    assert states.cell is None
    made = gates["update"] * states.hidden[:-1] + (1 - gates["update"]) * gates["candidate"]
    np.testing.assert_allclose(states.hidden[1:], made, atol=1e-6)


def test_the_plain_network_has_no_gates(embedding):
    states = hidden_states((embedding, recurrent("rnn")), SENTENCE)
    assert states.gates == {}
    assert states.cell is None


def test_no_words_leave_the_state_that_was(embedding):
    states = hidden_states((embedding, recurrent("lstm")), [])
    assert states.hidden.tolist() == [[0.0] * 5]
    assert states.gates["forget"].shape == (0, 5)


def test_a_classifier_is_asked_likewise(embedding):
    wv = embedding.to_keyed_vectors()
    settings = {"hidden_size": 5, "epochs": 1, "validation_fraction": 0.0}
    model = SequenceClassifier(wv, bidirectional=True, lowercase=True, **settings)
    with pytest.raises(RuntimeError, match="SequenceClassifier has not been fitted"):
        hidden_states(model, SENTENCE)
    model.fit(["am", "here", "not here"], ["a", "b", "b"])
    states = hidden_states(model, "AM here")
    assert states.words == ["am", "here"]
    expected = model.network_.recurrent
    with torch.no_grad():
        ids = torch.tensor([model.embedding_.encode(["am", "here"])])
        wanted, _ = expected(model.embedding_(ids), torch.tensor([2]))
    np.testing.assert_allclose(states.hidden[1:], wanted[0, :, :5].numpy(), atol=1e-6)
    back = model.hidden_states("AM here", backward=True)
    assert back.words == ["here", "am"]
    np.testing.assert_allclose(back.hidden[1:], wanted[0, :, 5:].flip(0).numpy(), atol=1e-6)


def test_what_is_not_there_is_told(embedding):
    pair = embedding, recurrent("rnn")
    with pytest.raises(ValueError, match="layer=1: the network has 1 layers"):
        hidden_states(pair, SENTENCE, layer=1)
    with pytest.raises(ValueError, match="requires a bidirectional network"):
        hidden_states(pair, SENTENCE, backward=True)
    with pytest.raises(TypeError, match="model is of type int"):
        hidden_states(3, SENTENCE)
    with pytest.raises(TypeError, match="no recurrent layer"):
        hidden_states((embedding, None), SENTENCE)


# ---- Heat maps -----------------------------------------------------------------------------------


def test_a_heat_map_shows_what_was_asked(embedding):
    pytest.importorskip("matplotlib")
    states = hidden_states((embedding, recurrent("lstm")), SENTENCE)
    axes = states.heatmap().axes[0]
    np.testing.assert_array_equal(axes.images[0].get_array(), states.hidden[1:])
    assert [label.get_text() for label in axes.get_yticklabels()] == SENTENCE.split()
    assert axes.images[0].get_clim() == (-1, 1)
    axes = states.heatmap("forget", units=[3, 1], title="what is kept").axes[0]
    np.testing.assert_array_equal(axes.images[0].get_array(), states.gates["forget"][:, [3, 1]])
    assert [label.get_text() for label in axes.get_xticklabels()] == ["3", "1"]
    assert axes.images[0].get_clim() == (0, 1)
    limit = float(np.abs(states.cell[1:]).max())
    assert states.heatmap("cell", units=2).axes[0].images[0].get_clim() == (-limit, limit)


def test_what_cannot_be_drawn_is_told(embedding):
    pytest.importorskip("matplotlib")
    states = hidden_states((embedding, recurrent("gru")), SENTENCE)
    with pytest.raises(ValueError, match="what='cell': expected one of 'hidden', 'reset'"):
        states.heatmap("cell")
    with pytest.raises(ValueError, match="units=9: expected units from 0 to 4"):
        states.heatmap(units=9)
    with pytest.raises(ValueError, match="there are no words"):
        hidden_states((embedding, recurrent("gru")), "").heatmap()


# ---- How gates begin -----------------------------------------------------------------------------


@pytest.mark.parametrize("num_layers", [1, 2])
def test_gates_begin_with_spans_up_to_the_longest(num_layers):
    layer = RecurrentEncoder(6, 400, "lstm", num_layers, bidirectional=True)
    chrono_init(layer, 100)
    for name, bias in layer.rnn.named_parameters():
        if "bias" in name:
            total = bias + layer.rnn.get_parameter(
                name.replace("bias_ih", "x").replace("bias_hh", "bias_ih").replace("x", "bias_hh")
            )
            spans = total[400:800].exp()
            assert 1 <= spans.min() < 3
            assert 96 < spans.max() <= 99
            assert 45 < spans.mean() < 55  # drawn evenly
            torch.testing.assert_close(total[:400], -total[400:800])


def test_a_gru_keeps_what_it_is_told_to(embedding):
    layer = recurrent("gru")
    before = {name: p.detach().clone() for name, p in layer.rnn.named_parameters()}
    chrono_init(layer, 1000)
    update = layer.rnn.bias_ih_l0[5:10] + layer.rnn.bias_hh_l0[5:10]
    assert not layer.rnn.bias_hh_l0[5:10].any()
    assert update.min() >= 0
    assert update.max() <= math.log(999) + 1e-5
    for name, p in layer.rnn.named_parameters():
        if "bias" in name:
            kept = torch.cat((p[:5], p[10:])), torch.cat((before[name][:5], before[name][10:]))
        else:
            kept = p, before[name]
        torch.testing.assert_close(*kept)
    mean = hidden_states((embedding, layer), SENTENCE).gates["update"].mean()
    assert mean > hidden_states((embedding, recurrent("gru")), SENTENCE).gates["update"].mean()


def test_without_gates_there_is_nothing_to_set():
    with pytest.raises(TypeError, match="layer is of type RNN"):
        chrono_init(recurrent("rnn"), 100)
    with pytest.raises(ValueError, match="max_lag=2"):
        chrono_init(recurrent("gru"), 2)


def test_a_classifier_reads_no_further_than_it_does_otherwise(embedding):
    model = SequenceClassifier(embedding.to_keyed_vectors(), max_length=2, hidden_size=5, epochs=1)
    model.fit(["am", "here", "not here"], ["a", "b", "b"])
    assert model.hidden_states("I am not here").words == ["I", "am"]


def test_gates_without_biases_are_told():
    with pytest.raises(ValueError, match="has no biases"):
        chrono_init(torch.nn.LSTM(2, 4, bias=False), 100)
