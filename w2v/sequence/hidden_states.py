"""What a recurrent network remembers after each word: hidden states, cells and gates, as arrays.

PyTorch returns the states and keeps the gates to itself, so one sentence is read again here with
the layer's own weights, step by step.
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
    """What one direction of one recurrent layer did with a sentence.

    Attributes
    ----------
    words : list of str
        The words in the order in which they were read.
    hidden : ndarray of float32, shape (words + 1, hidden_size)
        h0, h1, ..., ht: ``hidden[0]`` is zeros, ``hidden[i]`` the state after the i-th word.
    cell : ndarray of float32, shape (words + 1, hidden_size), or None
        The LSTM's cells, likewise; other networks have none.
    gates : dict of str to ndarray of float32, shape (words, hidden_size)
        LSTM: "input", "forget" and "output", from 0 to 1, and "candidate", from -1 to 1:
        ``cell[i + 1] = forget[i] * cell[i] + input[i] * candidate[i]``. GRU: "reset" and "update",
        from 0 to 1, and "candidate": ``hidden[i + 1] = update[i] * hidden[i]
        + (1 - update[i]) * candidate[i]``. The plain RNN has none.
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
        """Draw a row of coloured cells for each word, a column for each hidden unit.

        Parameters
        ----------
        what : str, default "hidden"
            "hidden", "cell", or one of `gates`: the state after each word, or the gates at it.
        units : int or sequence of int, optional
            How many of the first units to show, or which. Default all.
        style : {"light", "dark"}
        title : str, optional
        figsize : (float, float), optional
            Inches. By default there is room for every word.
        ax : matplotlib Axes, optional
            Axes to draw on; default those of a new figure.

        Returns
        -------
        matplotlib Figure
            Gates are coloured from 0 to 1, hidden states and "candidate" from -1 to 1,
            cells as far as they go.

        Raises
        ------
        ImportError
            matplotlib is not installed.
        ValueError
            There is nothing of that name, no words, or a unit that is none.
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
    """Read a sentence and return the state of the network after each word.

    Parameters
    ----------
    model : SequenceClassifier, RNNLanguageModel or (Embedding, RecurrentEncoder)
    text : str or sequence of str
        Split as the model splits text, or words.
    layer : int, default -1
        Of several layers, the one that is asked for: 0 reads the vectors, -1 is the last.
    backward : bool, default False
        The direction that reads the sentence from its end (of bidirectional networks). Words and
        states are then in that order.

    Returns
    -------
    HiddenStates

    Raises
    ------
    RuntimeError
        The model has not been fitted.
    TypeError, ValueError
        The model has no recurrent layer (``cell="mean"``), or not this layer or direction.

    Notes
    -----
    Dropout is for training and is left out here.
    """
    embedding, recurrent, words = _parts(model, text)
    rnn = recurrent.rnn
    if not -rnn.num_layers <= layer < rnn.num_layers:
        raise ValueError(f"layer={layer!r}: expected one of the network's {rnn.num_layers}")
    if backward and not rnn.bidirectional:
        raise ValueError("backward=True: this network reads forwards only (bidirectional=False)")
    layer %= rnn.num_layers
    with torch.no_grad():
        ids = torch.tensor(embedding.encode(words), dtype=torch.int64)
        inputs = embedding(ids.to(embedding.weight.device))
        for below in range(layer):
            ways = (False, True) if rnn.bidirectional else (False,)
            read = [_read(rnn, recurrent.cell, inputs, below, way)["hidden"][1:] for way in ways]
            if rnn.bidirectional:
                read[1] = read[1].flip(0)
            inputs = torch.cat(read, dim=1)
        found = _read(rnn, recurrent.cell, inputs, layer, backward)
    arrays = {name: states.cpu().numpy() for name, states in found.items()}
    hidden, cells = arrays.pop("hidden"), arrays.pop("cell", None)
    return HiddenStates(words[::-1] if backward else words, hidden, cells, arrays)


def _parts(model: Any, text: str | Sequence[str]) -> tuple[Embedding, RecurrentEncoder, list[str]]:
    """Return the layers of a model and the words of a sentence."""
    from w2v.sequence.batching import tokens

    if isinstance(model, tuple) and len(model) == 2:
        embedding, recurrent = model
        words = next(tokens([text]))
    else:
        if not hasattr(model, "network_"):
            if hasattr(model, "fit"):
                raise RuntimeError(f"this {type(model).__name__} has not been fitted: call fit()")
            raise TypeError(
                f"model is of type {type(model).__name__}: expected a SequenceClassifier, a "
                "RNNLanguageModel or (embedding, recurrent)"
            )
        embedding, recurrent = model.embedding_, model.network_.recurrent
        words = model._words(text)
    if not isinstance(recurrent, RecurrentEncoder):
        raise TypeError("this model has no recurrent layer, so it has no hidden states")
    return embedding, recurrent, words


def _read(
    rnn: nn.RNNBase, cell: str, inputs: Tensor, layer: int, backward: bool
) -> dict[str, Tensor]:
    """Return states (one more than inputs) and gates (as many) of one layer and direction.

    The equations are those of the documentation of torch.nn.RNN, GRU and LSTM.
    """
    suffix = f"l{layer}" + ("_reverse" if backward else "")
    from_input = getattr(rnn, f"weight_ih_{suffix}"), getattr(rnn, f"bias_ih_{suffix}")
    weight, bias = getattr(rnn, f"weight_hh_{suffix}"), getattr(rnn, f"bias_hh_{suffix}")
    own = nn.functional.linear(inputs.flip(0) if backward else inputs, *from_input)
    h = c = own.new_zeros(rnn.hidden_size)
    hidden, cells = [h], [c]
    gates: dict[str, list[Tensor]] = {name: [] for name in _GATES[cell]}
    values: tuple[Tensor, ...] = ()
    for step in own:
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
    empty = own.new_zeros(0, rnn.hidden_size)
    found = {name: torch.stack(one) if one else empty for name, one in gates.items()}
    if cell == "lstm":
        found["cell"] = torch.stack(cells)
    return {"hidden": torch.stack(hidden), **found}
