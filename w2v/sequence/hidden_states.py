"""Hidden states, cell states and gates of a recurrent network after each word, as arrays.

PyTorch returns the states of the last layer but no gates, so a text is read again here, step by
step, with the weights of the layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from w2v._validation import one_of
from w2v.sequence.recurrent import RecurrentEncoder

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from w2v.sequence.embedding import Embedding

Floats = npt.NDArray[np.float32]

_GATES = {
    "rnn": (),
    "gru": ("reset", "update", "candidate"),
    "lstm": ("input", "forget", "candidate", "output"),
}
_SIGNED = ("hidden", "cell", "candidate")


@dataclass(frozen=True)
class HiddenStates:
    """States and gates of one direction of one recurrent layer, for one text.

    Attributes
    ----------
    words : list of str
        The words in the order in which the layer reads them.
    hidden : ndarray of float32, shape (words + 1, hidden_size)
        Hidden states h0, h1, ..., ht: ``hidden[0]`` is zeros, ``hidden[i]`` the state after the
        i-th word.
    cell : ndarray of float32, shape (words + 1, hidden_size), or None
        Cell states of an LSTM, likewise; None for other cells.
    gates : dict of str to ndarray of float32, shape (words, hidden_size)
        LSTM: "input", "forget" and "output", from 0 to 1, and "candidate", from -1 to 1:
        ``cell[i + 1] = forget[i] * cell[i] + input[i] * candidate[i]``. GRU: "reset" and "update",
        from 0 to 1, and "candidate": ``hidden[i + 1] = update[i] * hidden[i]
        + (1 - update[i]) * candidate[i]``. Empty for a plain RNN.
    """

    words: list[str]
    hidden: Floats
    cell: Floats | None = None
    gates: dict[str, Floats] = field(default_factory=dict)

    def heatmap(
        self,
        what: str = "hidden",
        *,
        units: int | Sequence[int] | None = None,
        style: str = "light",
        title: str | None = None,
        figsize: tuple[float, float] | None = None,
        ax: Axes | None = None,
    ) -> Figure:
        """Plot a heat map with one row per word and one column per hidden unit.

        Parameters
        ----------
        what : str, default "hidden"
            "hidden" or "cell", the state after each word, or one of `gates`.
        units : int or sequence of int, optional
            The first N units (int) or these units; default: all.
        style : {"light", "dark"}
        title : str, optional
        figsize : (float, float), optional
            Width and height in inches; default: grows with the numbers of words and units.
        ax : matplotlib Axes, optional
            Axes to draw on; default: a new figure.

        Returns
        -------
        matplotlib Figure
            The color scale is 0 to 1 for gates, -1 to 1 for hidden states and "candidate", and the
            range of the values for cell states.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `what` or a unit does not exist, or there are no words.
        """
        known = {"hidden": self.hidden[1:], **self.gates}
        if self.cell is not None:
            known["cell"] = self.cell[1:]
        from w2v.plot.heatmaps import state_heatmap

        names = {"hidden": "hidden state", "cell": "cell state", "candidate": "candidate"}
        return state_heatmap(
            self.words,
            known[one_of(known, "what", what)],
            units,
            names.get(what, f"{what} gate"),
            signed=what in _SIGNED,
            limit=None if what == "cell" else 1.0,
            style=style,
            title=title,
            figsize=figsize,
            ax=ax,
        )


def hidden_states(
    model: Any, text: str | Sequence[str], *, layer: int = -1, backward: bool = False
) -> HiddenStates:
    """Read a text and return the state of a recurrent layer after each word.

    Parameters
    ----------
    model : SequenceClassifier, RNNLanguageModel or (Embedding, RecurrentEncoder)
    text : str or sequence of str
        A string is split as the model splits its texts.
    layer : int, default -1
        0 is the layer that reads the word vectors, -1 the last one.
    backward : bool, default False
        Return the backward direction of a bidirectional network. Words and states are then in
        reverse order.

    Returns
    -------
    HiddenStates

    Raises
    ------
    RuntimeError
        If the model has not been fitted.
    TypeError, ValueError
        If the model has no recurrent layer (``encoder="mean"``), or not this layer or direction.
    """
    embedding, recurrent, words = _parts(model, text)
    rnn = recurrent.rnn
    if not -rnn.num_layers <= layer < rnn.num_layers:
        raise ValueError(f"layer={layer!r}: the network has {rnn.num_layers} layers")
    if backward and not rnn.bidirectional:
        raise ValueError("backward=True requires a bidirectional network")
    layer %= rnn.num_layers
    with torch.no_grad():
        ids = torch.tensor(embedding.encode(words), dtype=torch.int64)
        inputs = embedding(ids.to(embedding.weight.device))
        for below in range(layer):
            directions = (False, True) if rnn.bidirectional else (False,)
            outputs = [
                _run_layer(rnn, recurrent.cell, inputs, below, direction)["hidden"][1:]
                for direction in directions
            ]
            if rnn.bidirectional:
                outputs[1] = outputs[1].flip(0)
            inputs = torch.cat(outputs, dim=1)
        states = _run_layer(rnn, recurrent.cell, inputs, layer, backward)
    arrays = {name: tensor.cpu().numpy() for name, tensor in states.items()}
    hidden, cell = arrays.pop("hidden"), arrays.pop("cell", None)
    return HiddenStates(words[::-1] if backward else words, hidden, cell, arrays)


def _parts(model: Any, text: str | Sequence[str]) -> tuple[Embedding, RecurrentEncoder, list[str]]:
    """Return the layers of a model and the words of a text."""
    from w2v.sequence.batching import tokenize

    if isinstance(model, tuple) and len(model) == 2:
        embedding, recurrent = model
        words = next(tokenize([text]))
    else:
        if not hasattr(model, "network_"):
            if hasattr(model, "fit"):
                raise RuntimeError(f"this {type(model).__name__} has not been fitted: call fit()")
            raise TypeError(
                f"model is of type {type(model).__name__}: expected a SequenceClassifier, a "
                "RNNLanguageModel or (embedding, recurrent)"
            )
        embedding, recurrent = model.embedding_, model.network_.recurrent
        words = model.tokenize(text)
    if not isinstance(recurrent, RecurrentEncoder):
        raise TypeError("this model has no recurrent layer and no hidden states")
    return embedding, recurrent, words


def _run_layer(
    rnn: nn.RNNBase, cell: str, inputs: Tensor, layer: int, backward: bool
) -> dict[str, Tensor]:
    """Return the states (one more than inputs) and gates of one layer and direction.

    The equations are in the documentation of torch.nn.RNN, GRU and LSTM.
    """
    suffix = f"l{layer}" + ("_reverse" if backward else "")
    from_input = getattr(rnn, f"weight_ih_{suffix}"), getattr(rnn, f"bias_ih_{suffix}")
    weight, bias = getattr(rnn, f"weight_hh_{suffix}"), getattr(rnn, f"bias_hh_{suffix}")
    projected = nn.functional.linear(inputs.flip(0) if backward else inputs, *from_input)
    h = c = projected.new_zeros(rnn.hidden_size)
    hidden, cells = [h], [c]
    gates: dict[str, list[Tensor]] = {name: [] for name in _GATES[cell]}
    values: tuple[Tensor, ...] = ()
    for step in projected:
        past = nn.functional.linear(h, weight, bias)
        if cell == "rnn":
            h = torch.tanh(step + past)
        elif cell == "gru":
            (r, z, n), (past_r, past_z, past_n) = step.chunk(3), past.chunk(3)
            r, z = torch.sigmoid(r + past_r), torch.sigmoid(z + past_z)
            n = torch.tanh(n + r * past_n)
            h, values = z * h + (1 - z) * n, (r, z, n)
        else:
            i, f, n, o = (step + past).chunk(4)
            i, f, n, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(n), torch.sigmoid(o)
            c = f * c + i * n
            h, values = o * torch.tanh(c), (i, f, n, o)
            cells.append(c)
        hidden.append(h)
        for name, value in zip(gates, values, strict=True):
            gates[name].append(value)
    empty = projected.new_zeros(0, rnn.hidden_size)
    states = {name: torch.stack(steps) if steps else empty for name, steps in gates.items()}
    if cell == "lstm":
        states["cell"] = torch.stack(cells)
    return {"hidden": torch.stack(hidden), **states}
