"""What the training loops of the classifier and the language model share."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import nn

from w2v.progress import bar_type


class TrainingMonitor:
    """Reports the progress of a training run to a progress bar or a callable.

    Parameters
    ----------
    progress : bool or callable
        True: a progress bar on standard error. A callable is called with each epoch.
    total : int
        Units, such as texts or words, in all epochs.
    unit : str
        Their name, in the plural.
    """

    def __init__(self, progress: bool | Callable[[Any], object], total: int, unit: str) -> None:
        self._call = progress if callable(progress) else None
        self._bar: Any = None
        if progress is True:
            bar = bar_type()
            self._bar = bar(total=total, unit=f" {unit}", unit_scale=True, dynamic_ncols=True)

    def __enter__(self) -> TrainingMonitor:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def batch(self, epoch: int, done: int, **means: float) -> None:
        """Report a batch of `done` units, and the means of the epoch so far."""
        if self._bar is not None:
            figures = ", ".join(f"{name} {mean:.3f}" for name, mean in means.items())
            self._bar.set_description_str(f"epoch {epoch}", refresh=False)
            self._bar.set_postfix_str(figures, refresh=False)
            self._bar.update(done)

    def epoch(self, epoch: Any, summary: str | None) -> None:
        """Report a finished epoch; a progress bar prints the summary, if there is one."""
        if self._call is not None:
            self._call(epoch)
        if self._bar is not None and summary is not None:
            self._bar.write(summary, file=sys.stderr)


def check_loss(loss: float, when: str, learning_rate: float, max_grad_norm: float | None) -> None:
    """Raise a FloatingPointError if the loss is NaN or infinite."""
    if not math.isfinite(loss):
        raise FloatingPointError(
            f"the loss is {loss} {when}: lower learning_rate ({learning_rate:g}) or max_grad_norm "
            f"({max_grad_norm})"
        )


def check_finite(parameters: Iterable[nn.Parameter], learning_rate: float) -> None:
    """Raise a FloatingPointError if a weight is NaN or infinite.

    After the last update no loss is computed that would show it.
    """
    if not all(bool(torch.isfinite(parameter).all()) for parameter in parameters):
        raise FloatingPointError(
            f"the last update made weights NaN or infinite: lower learning_rate ({learning_rate:g})"
        )


@contextlib.contextmanager
def seeded_random(device: torch.device, seed: int) -> Iterator[None]:
    """Seed the PyTorch generators, and restore their state at the end."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield
