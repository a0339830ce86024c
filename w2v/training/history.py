"""The history of training: one record for each measurement."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class EpochRecord:
    """What is known of an epoch at its end, or in the midst of it.

    Attributes
    ----------
    epoch : int
        Counted from 1, over all trainings of the model.
    tokens : int
        In-vocabulary tokens that this training has read so far.
    learning_rate : float
    loss : float
        Mean loss per prediction over the epoch so far, in nats; NaN without predictions.
    validation_loss : float
        That of the held-out text at this moment; NaN if it was not measured.
    seconds : float
        Since training began, without the time of callbacks. NaN in a model that was loaded: model
        files have no times, so that they are the same for the same training.
    ends_epoch : bool, default True
        Whether the epoch was trained to its end.
    metrics : dict of str to float
        What callbacks have measured; see `w2v.callbacks`.
    """

    epoch: int
    tokens: int
    learning_rate: float
    loss: float
    validation_loss: float
    seconds: float
    ends_epoch: bool = True
    metrics: dict[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain Python values, with None in place of NaN, as JSON has it."""
        values = dataclasses.asdict(self)
        values["metrics"] = {name: _or_none(x) for name, x in self.metrics.items()}
        return {name: _or_none(value) for name, value in values.items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> EpochRecord:
        """Return the record that `to_dict` described.

        Raises
        ------
        TypeError, ValueError, KeyError
            If it describes none.
        """
        numbers = {
            name: _or_nan(values.get(name))
            for name in ("learning_rate", "loss", "validation_loss", "seconds")
        }
        return cls(
            epoch=int(values["epoch"]),
            tokens=int(values["tokens"]),
            ends_epoch=bool(values.get("ends_epoch", True)),
            metrics={str(name): _or_nan(x) for name, x in values.get("metrics", {}).items()},
            **numbers,
        )

    def describe(self) -> str:
        """Return the losses, the learning rate and the metrics in words."""
        parts = [f"loss {self.loss:.4f}"]
        if not math.isnan(self.validation_loss):
            parts.append(f"held-out {self.validation_loss:.4f}")
        parts.append(f"learning rate {self.learning_rate:.3g}")
        return ", ".join(parts + [f"{name} {x:.4g}" for name, x in self.metrics.items()])


def _or_none(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _or_nan(value: Any) -> float:
    return math.nan if value is None else float(value)
