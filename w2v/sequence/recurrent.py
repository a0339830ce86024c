"""RecurrentEncoder: PyTorch's RNN, LSTM and GRU with one interface, for texts of unequal length."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from w2v._validation import at_least

# Fraction of real steps above which computing the padding too is faster than packing. Measured
# with an LSTM of 25 steps, 128 and 256 units, forward and backward passes on a CPU: packing took
# 1.6 to 1.7 times as long with 0.9 real steps, 1.1 to 1.3 times with 0.6, and a third to two thirds
# with 0.15.
_MIN_REAL_FRACTION = 0.6

CELLS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


class RecurrentEncoder(nn.Module):
    """Recurrent layers for a padded batch of sequences.

    Parameters
    ----------
    input_size : int
        Features of the input at each step.
    hidden_size : int
        Units per direction.
    cell : {"rnn", "gru", "lstm"}, default "rnn"
        Elman network with tanh (Elman, 1990), gated recurrent unit (Cho et al., 2014), or long
        short-term memory (Hochreiter and Schmidhuber, 1997, with the forget gate of Gers et al.,
        2000): `torch.nn.RNN`, `GRU` and `LSTM`.
    num_layers : int, default 1
        Stacked layers; each reads the hidden states of the one below.
    bidirectional : bool, default False
        Also read the sequence backward.
    dropout : float, default 0.0
        Dropout probability between layers.

    Attributes
    ----------
    rnn : torch.nn.RNN, GRU or LSTM
    output_size : int
        Features of an output: `hidden_size`, or twice that with `bidirectional`.

    Raises
    ------
    ValueError
        If a parameter is out of range.

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
            raise ValueError(f"dropout={dropout!r}: expected a number in [0, 1)")
        self.cell = cell
        hidden_size, num_layers = int(hidden_size), int(num_layers)
        self.output_size = hidden_size * (2 if bidirectional else 1)
        self.rnn = CELLS[cell](
            input_size,
            hidden_size,
            num_layers,
            batch_first=True,
            bidirectional=bidirectional,
            # PyTorch warns about dropout in a single layer.
            dropout=dropout if num_layers > 1 else 0.0,
        )

    def forward(self, x: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Read a batch of sequences.

        Parameters
        ----------
        x : tensor of float32, shape (batch, steps, input_size)
        lengths : tensor of int64, shape (batch,)
            Real steps of each sequence, from 1 to steps, in any order; preferably on the CPU. The
            padding in `x` must be finite; it does not affect the result.

        Returns
        -------
        outputs : tensor, shape (batch, steps, output_size)
            Hidden states of the last layer; zeros after the end of a sequence.
        last : tensor, shape (batch, output_size)
            Hidden state after the last real step; backward, after the first.

        Raises
        ------
        ValueError
            If a length is below 1 or above the number of steps.
        """
        steps, ends = x.shape[1], _check_lengths(lengths, x.shape[1])
        if self._skip_packing(ends, steps):
            outputs, _ = self.rnn(x)
            is_padding = torch.arange(steps) >= ends[:, None]
            if is_padding.any():
                outputs = outputs.masked_fill(is_padding.to(x.device)[:, :, None], 0.0)
            return outputs, _last_outputs(outputs, ends)
        packed, last = self._run_packed(x, ends)
        outputs, _ = pad_packed_sequence(packed, batch_first=True, total_length=steps)
        return outputs, last

    def last(self, x: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Return only `last` of what `forward` returns; slightly faster."""
        ends = _check_lengths(lengths, x.shape[1])
        if self._skip_packing(ends, x.shape[1]):
            return _last_outputs(self.rnn(x)[0], ends)
        return self._run_packed(x, ends)[1]

    def _run_packed(
        self, x: torch.Tensor, ends: torch.Tensor
    ) -> tuple[PackedSequence, torch.Tensor]:
        packed = pack_padded_sequence(x, ends, batch_first=True, enforce_sorted=False)
        outputs, state = self.rnn(packed)
        hidden = state[0] if self.cell == "lstm" else state
        last = torch.cat((hidden[-2], hidden[-1]), 1) if self.rnn.bidirectional else hidden[-1]
        return outputs, last

    def _skip_packing(self, ends: torch.Tensor, steps: int) -> bool:
        """Decide whether to compute the padding too and discard the result.

        In a forward layer no step depends on a later one, so the real steps are unaffected, and
        fixed-size batches are so much faster than packed ones that some padding costs less.
        """
        return (
            not self.rnn.bidirectional
            and int(ends.sum()) >= _MIN_REAL_FRACTION * ends.numel() * steps
        )


def _check_lengths(lengths: torch.Tensor, steps: int) -> torch.Tensor:
    """Return the lengths on the CPU; raise a ValueError if one is out of range."""
    ends = lengths.detach().cpu()
    if ends.numel() and not 1 <= int(ends.min()) <= int(ends.max()) <= steps:
        row = int(((ends < 1) | (ends > steps)).nonzero()[0])
        raise ValueError(
            f"lengths[{row}] is {int(ends[row])}: expected 1 to {steps}, the number of steps in x"
        )
    return ends


def _last_outputs(outputs: torch.Tensor, ends: torch.Tensor) -> torch.Tensor:
    """Return the output at the last real step of each sequence."""
    rows = torch.arange(len(ends), device=outputs.device)
    return outputs[rows, (ends - 1).to(outputs.device)]
