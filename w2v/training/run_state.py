"""The state of a training run: where in the text it is, and all that it carries on from there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class RunState:
    """What a run needs to go on as if it had never been interrupted, besides the matrices.

    Attributes
    ----------
    values : dict
        What JSON has; NaN and infinities are allowed.
    arrays : dict of str to ndarray
        Copies, which training does not change.
    """

    values: dict[str, Any]
    arrays: dict[str, npt.NDArray[Any]]

    def with_part(self, name: str, arrays: dict[str, npt.NDArray[Any]]) -> RunState:
        """Return the state with the arrays of a part of the run, under names of its own."""
        return RunState(
            self.values, self.arrays | {f"{name}.{key}": a for key, a in arrays.items()}
        )

    def part(self, name: str) -> dict[str, npt.NDArray[Any]]:
        """Return the arrays of a part of the run, as they were given to `with_part`."""
        begin = f"{name}."
        return {
            key[len(begin) :]: np.array(array)
            for key, array in self.arrays.items()
            if key.startswith(begin)
        }
