"""Chrono initialization: gate biases that let a network remember from the first update on."""

from __future__ import annotations

import torch
from torch import nn


def chrono_init(layer: nn.Module, max_lag: int, *, seed: int = 1) -> None:
    """Initialize the gate biases of an LSTM or GRU for dependencies of up to `max_lag` steps.

    A gate that keeps a fraction f of the cell at each step has a memory of about 1 / (1 - f)
    steps. With the default initialization of PyTorch f is near 0.5: after 100 steps nothing is left
    of the input, nor of the gradient on its way back, so the gates would have to open before there
    is anything to learn from. Here each unit starts with its own time scale, drawn uniformly from
    1 to `max_lag` steps.

    Parameters
    ----------
    layer : torch.nn.LSTM, torch.nn.GRU or RecurrentEncoder
        Modified in place: the gate biases of all layers and directions.
    max_lag : int
        The longest distance, in steps, over which the network has to remember; at least 3.
    seed : int, default 1
        Random seed for the time scales.

    Raises
    ------
    TypeError
        If the layer has no gates, such as an nn.RNN.
    ValueError
        If `max_lag` is below 3, or the layer has no biases.

    Notes
    -----
    Tallec and Ollivier (2018), section 2: the bias of the forget gate is log(T) with T drawn
    uniformly from [1, max_lag - 1], the bias of the input gate is -log(T). A GRU has one gate for
    both; in PyTorch it is the fraction kept, so its bias is log(T).

    PyTorch adds two biases per gate; one of the two is set to zero.
    """
    rnn = getattr(layer, "rnn", layer)
    if not isinstance(rnn, (nn.LSTM, nn.GRU)):
        raise TypeError(
            f"layer is of type {type(rnn).__name__}: expected an nn.LSTM or nn.GRU, which have "
            "gates"
        )
    if not rnn.bias:
        raise ValueError("layer has no biases (bias=False), so there is nothing to initialize")
    if max_lag < 3:
        raise ValueError(f"max_lag={max_lag!r}: expected at least 3")
    generator = torch.Generator().manual_seed(seed)
    size = rnn.hidden_size
    with torch.no_grad():
        for name, bias in rnn.named_parameters():
            if not name.startswith("bias_ih"):
                continue
            other = rnn.get_parameter(name.replace("bias_ih", "bias_hh"))
            time_scale = torch.rand(size, generator=generator, dtype=torch.float64)
            log_scale = (time_scale * (max_lag - 2) + 1).log().to(bias)
            if isinstance(rnn, nn.LSTM):  # rows: input, forget, cell, output
                bias[:size], bias[size : 2 * size] = -log_scale, log_scale
                other[: 2 * size] = 0
            else:  # rows: reset, update, new
                bias[size : 2 * size] = log_scale
                other[size : 2 * size] = 0
