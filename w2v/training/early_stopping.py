"""Early stopping: a run ends once its held-out loss falls no longer."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from w2v._memory import explain_shortage
from w2v.training.history import EpochRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from w2v.training.weights import Weights


@dataclass(frozen=True)
class EarlyStopping:
    """When a run ends because its held-out loss falls no longer; see docs/trust.md.

    Parameters
    ----------
    patience : int, default 3
        Number of measurements in a row without a gain after which training ends; at least 1.
    min_gain : float, default 0
        By how much the loss must fall below the lowest one so far to be a gain, in nats per
        prediction.
    cool_down : float, default 0.5
        From the best weights, training goes on for this share of the words that had led to them,
        while the learning rate falls to `min_alpha`; from 0, which ends training at once, to 1.

    Raises
    ------
    TypeError, ValueError
        If one of them is not such a number.
    """

    patience: int = 3
    min_gain: float = 0.0
    cool_down: float = 0.5

    def __post_init__(self) -> None:
        """Check the numbers."""
        try:
            patience = operator.index(self.patience)
        except TypeError:
            raise TypeError(
                f"patience={self.patience!r}: expected a number of measurements"
            ) from None
        if patience < 1:
            raise ValueError(f"patience={patience}: expected at least 1 measurement")
        gain = float(self.min_gain)
        if not 0 <= gain < math.inf:
            raise ValueError(f"min_gain={self.min_gain!r}: expected nats per prediction, 0 or more")
        share = float(self.cool_down)
        if not 0 <= share <= 1:
            raise ValueError(f"cool_down={self.cool_down!r}: expected a share, from 0 to 1")
        object.__setattr__(self, "patience", patience)
        object.__setattr__(self, "cool_down", share)
        object.__setattr__(self, "min_gain", gain)

    @classmethod
    def of(cls, value: bool | int | EarlyStopping | None) -> EarlyStopping | None:
        """Return what an argument `early_stopping` asks for; None if for nothing.

        Raises
        ------
        TypeError, ValueError
            If it asks for nothing that there is.
        """
        if value is None or value is False:
            return None
        if value is True:
            return cls()
        if isinstance(value, EarlyStopping):
            return value
        try:
            return cls(patience=operator.index(value))
        except TypeError:
            raise TypeError(
                f"early_stopping={value!r:.80}: expected True, a number of measurements, or a "
                "w2v.EarlyStopping"
            ) from None


def whole(copy: Callable[[], None]) -> None:
    """Copy matrices; Ctrl-C waits for the end, which leaves no mixture of two models.

    So does each further Ctrl-C: the copy begins again until it is whole.
    """
    interrupt: KeyboardInterrupt | None = None
    done = False
    while not done:
        try:
            copy()
            done = True
        except KeyboardInterrupt as error:
            interrupt = error
    if interrupt is not None:
        raise interrupt


class Stopper:
    """Looks at each measurement, and keeps a copy of the best weights.

    Parameters
    ----------
    rule : EarlyStopping
    weights : Weights
        What is trained. The copy takes as much memory.

    Attributes
    ----------
    best : EpochRecord or None
        That of the lowest loss so far.

    Raises
    ------
    MemoryError
        If there is no memory for the copy.
    """

    def __init__(self, rule: EarlyStopping, weights: Weights) -> None:
        self.rule, self.weights = rule, weights
        self.best: EpochRecord | None = None
        self.goal = math.inf  # what is lower is a gain
        self.waited = 0  # measurements without one
        self.end: int | None = None  # tokens at which the cool-down ends
        size = sum(rows.nbytes for rows in weights.matrices().values())
        with explain_shortage("the best weights", size, "leave early_stopping out"):
            self.copies = {name: np.zeros_like(rows) for name, rows in weights.matrices().items()}

    def note(self, record: EpochRecord) -> bool:
        """Take a measurement into account; return whether training is to end."""
        loss = record.validation_loss
        if math.isnan(loss):
            return False
        if self.best is None or loss < self.best.validation_loss:
            self.best = record
            whole(self.keep)
        if loss < self.goal:
            self.goal, self.waited = loss - self.rule.min_gain, 0
        else:
            self.waited += 1
        return self.end is None and self.waited >= self.rule.patience

    def keep(self) -> None:
        """Copy the weights as they are now."""
        for name, rows in self.weights.matrices().items():
            np.copyto(self.copies[name], rows)

    def begin_cool_down(self, done: int, total: int) -> int:
        """Go back to the best weights, from which a cool-down begins; return where it ends.

        Parameters
        ----------
        done, total : int
            Tokens trained so far, and those of the whole run.

        Returns
        -------
        int
            In tokens; `done` if there is nothing to train.
        """
        assert self.best is not None
        tokens = min(int(self.rule.cool_down * self.best.tokens), total - done)
        if tokens > 0:
            self.restore_best()
            self.end = done + tokens
        return done + tokens

    def restore_best(self) -> None:
        """Give the model the best weights."""
        if self.best is not None:
            whole(lambda: self.weights.restore(self.copies))

    def state(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[np.float32]]]:
        """Return what a checkpoint needs: values that JSON has, and the best weights by name."""
        best = None if self.best is None else self.best.to_dict()
        goal = None if math.isinf(self.goal) else self.goal
        state = {"best": best, "goal": goal, "waited": self.waited, "end": self.end}
        return state, self.copies

    def restore(self, state: dict[str, Any], copies: dict[str, npt.NDArray[np.float32]]) -> None:
        """Take back what `state` returned."""
        best, goal = state["best"], state["goal"]
        self.best = None if best is None else EpochRecord.from_dict(best)
        self.goal = math.inf if goal is None else float(goal)
        self.waited, self.end = int(state["waited"]), state["end"]
        for name, rows in copies.items():
            np.copyto(self.copies[name], rows)
