"""RecurrentEncoder: torch's own RNN, LSTM and GRU behind one door, for texts of unequal length."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from w2v._validation import at_least

# Share of real steps from which on padding is read with the rest. Measured on a CPU, forwards and
# backwards, an LSTM of 25 steps, 128 and 256 units: packing took 1.6 to 1.7 times as long where 0.9
# were real, 1.1 to 1.3 times at 0.6, a third to two thirds at 0.15.
_WORTH_READING = 0.6

CELLS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


class RecurrentEncoder(nn.Module):
    """One or several recurrent layers that read a batch of sequences to their own ends.

    Parameters
    ----------
    input_size : int
        Numbers of a step of the input.
    hidden_size : int
        Numbers of a hidden state, of each direction.
    cell : {"rnn", "gru", "lstm"}, default "rnn"
        Elman's network with tanh (Elman, 1990), gated recurrent units (Cho et al., 2014), or long
        short-term memory (Hochreiter and Schmidhuber, 1997, with the forget gate of Gers et al.,
        2000): `torch.nn.RNN`, `GRU` and `LSTM`.
    num_layers : int, default 1
        Each reads the hidden states of the one below.
    bidirectional : bool, default False
        Read backwards too.
    dropout : float, default 0.0
        Share of numbers set to zero between layers, in training.

    Attributes
    ----------
    rnn : torch.nn.RNN, GRU or LSTM
    output_size : int
        Numbers of an output: `hidden_size`, twice with `bidirectional`.

    Raises
    ------
    ValueError
        A parameter is out of range.

    Examples
    --------
    >>> outputs, last = RecurrentEncoder(3, 4, "lstm")(torch.zeros(2, 5, 3), torch.tensor([5, 2]))
    >>> outputs.shape, last.shape
    (torch.Size([2, 5, 4]), torch.Size([2, 4]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        cell: str = "rnn",
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if cell not in CELLS:
            raise ValueError(f"cell={cell!r}: expected one of {', '.join(map(repr, CELLS))}")
        for name, value in (("hidden_size", hidden_size), ("num_layers", num_layers)):
            at_least(1, name, value)
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout={dropout!r}: expected a number from 0 to below 1")
        self.cell = cell
        hidden_size, num_layers = int(hidden_size), int(num_layers)
        self.output_size = hidden_size * (2 if bidirectional else 1)
        self.rnn = CELLS[cell](
            input_size,
            hidden_size,
            num_layers,
            batch_first=True,
            bidirectional=bidirectional,
            # Torch warns where there is no place between two layers.
            dropout=dropout if num_layers > 1 else 0.0,
        )

    def forward(self, x: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Read a batch of sequences.

        Parameters
        ----------
        x : tensor of float32, shape (batch, steps, input_size)
        lengths : tensor of int64, shape (batch,)
            How many steps of each sequence are real, from 1 to steps, in any order; better on the
            CPU. What `x` holds beyond must be finite, and has no influence.

        Returns
        -------
        outputs : tensor, shape (batch, steps, output_size)
            The last layer's hidden state after each step; zeros beyond the end of a sequence.
        last : tensor, shape (batch, output_size)
            The state after the last real step; backwards, after the first.

        Raises
        ------
        ValueError
            A length is below 1 or above the number of steps.
        """
        steps, ends = x.shape[1], _checked(lengths, x.shape[1])
        if self._reads_on(ends, steps):
            outputs, _ = self.rnn(x)
            beyond = torch.arange(steps) >= ends[:, None]
            if beyond.any():
                outputs = outputs.masked_fill(beyond.to(x.device)[:, :, None], 0.0)
            return outputs, _at_ends(outputs, ends)
        packed, last = self._packed(x, ends)
        outputs, _ = pad_packed_sequence(packed, batch_first=True, total_length=steps)
        return outputs, last

    def last(self, x: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Return only the second of what `forward` returns, for a little less work."""
        ends = _checked(lengths, x.shape[1])
        if self._reads_on(ends, x.shape[1]):
            return _at_ends(self.rnn(x)[0], ends)
        return self._packed(x, ends)[1]

    def _packed(self, x: torch.Tensor, ends: torch.Tensor) -> tuple[PackedSequence, torch.Tensor]:
        packed = pack_padded_sequence(x, ends, batch_first=True, enforce_sorted=False)
        outputs, state = self.rnn(packed)
        hidden = state[0] if self.cell == "lstm" else state
        last = torch.cat((hidden[-2], hidden[-1]), 1) if self.rnn.bidirectional else hidden[-1]
        return outputs, last

    def _reads_on(self, ends: torch.Tensor, steps: int) -> bool:
        """Say whether to read the padding too, and pass over what comes of it.

        Forwards, no step knows of a later one, so the real steps come out the same; and steps of
        a fixed batch run so much faster than packed ones that a little padding costs less.
        """
        return (
            not self.rnn.bidirectional and int(ends.sum()) >= _WORTH_READING * ends.numel() * steps
        )


def _checked(lengths: torch.Tensor, steps: int) -> torch.Tensor:
    """Return the lengths on the CPU, or raise where one is out of range."""
    ends = lengths.detach().cpu()
    if ends.numel() and not 1 <= int(ends.min()) <= int(ends.max()) <= steps:
        row = int(((ends < 1) | (ends > steps)).nonzero()[0])
        raise ValueError(
            f"lengths[{row}] is {int(ends[row])}: expected 1 to {steps}, the steps of x"
        )
    return ends


def _at_ends(outputs: torch.Tensor, ends: torch.Tensor) -> torch.Tensor:
    """Return the output at the last real step of each sequence."""
    rows = torch.arange(len(ends), device=outputs.device)
    return outputs[rows, (ends - 1).to(outputs.device)]
