"""How gates begin: closed enough that a network remembers for as long as it will have to."""

from __future__ import annotations

import torch
from torch import nn


def chrono_init(layer: nn.Module, max_lag: int, *, seed: int = 1) -> None:
    """Let the gates of an LSTM or GRU begin with memories of up to so many steps.

    A gate that lets a share f of the cell through at each step remembers for about 1 / (1 - f)
    steps. With PyTorch's own start f is near 0.5, and after 100 steps nothing is left of what was
    read, nor of the error on its way back: the gates would have to open before there is anything to
    learn it from. Here each unit begins with a span of its own, drawn evenly from 1 to `max_lag`.

    Parameters
    ----------
    layer : torch.nn.LSTM, torch.nn.GRU or RecurrentEncoder
        Changed in place: the biases of its gates, in all layers and directions.
    max_lag : int
        The longest distance, in steps, over which something has to be remembered; at least 3.
    seed : int, default 1
        Of the spans.

    Raises
    ------
    TypeError
        The layer is none of these, such as an nn.RNN: it has no gates.
    ValueError
        `max_lag` is below 3, or the layer has no biases.

    Notes
    -----
    Chrono initialisation (Tallec and Ollivier, 2018, section 2): the forget gate's bias is
    log(T) with T drawn evenly from [1, max_lag - 1], the input gate's the negative of it. A GRU has
    one gate for both; PyTorch's is the share that is kept, so it gets log(T).

    PyTorch adds two biases for each gate; one of the two is set to zero.
    """
    rnn = getattr(layer, "rnn", layer)
    if not isinstance(rnn, (nn.LSTM, nn.GRU)):
        raise TypeError(
            f"layer is of type {type(rnn).__name__}: expected an nn.LSTM or nn.GRU, whose gates "
            "can be set"
        )
    if not rnn.bias:
        raise ValueError("layer has no biases (bias=False): there is nothing to set")
    if max_lag < 3:
        raise ValueError(f"max_lag={max_lag!r}: expected at least 3")
    generator = torch.Generator().manual_seed(seed)
    size = rnn.hidden_size
    with torch.no_grad():
        for name, bias in rnn.named_parameters():
            if not name.startswith("bias_ih"):
                continue
            other = rnn.get_parameter(name.replace("bias_ih", "bias_hh"))
            span = torch.rand(size, generator=generator, dtype=torch.float64) * (max_lag - 2) + 1
            keep = span.log().to(bias)
            if isinstance(rnn, nn.LSTM):  # rows: input, forget, cell, output
                bias[:size], bias[size : 2 * size] = -keep, keep
                other[: 2 * size] = 0
            else:  # rows: reset, update, new
                bias[size : 2 * size] = keep
                other[size : 2 * size] = 0
