"""Range checks for the parameters of the models in this package."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np


def check_counts(parameters: Mapping[str, Any], names: Iterable[str]) -> None:
    """Raise a ValueError unless these parameters are integers of at least 1."""
    for name in names:
        value = parameters[name]
        if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < 1:
            raise ValueError(f"{name}={value!r}: expected an integer of at least 1")


def check_fractions(parameters: Mapping[str, Any], names: Iterable[str]) -> None:
    """Raise a ValueError unless these parameters are in [0, 1)."""
    for name in names:
        value = parameters[name]
        if not 0 <= value < 1:
            raise ValueError(f"{name}={value!r}: expected a number in [0, 1)")


def check_positive(parameters: Mapping[str, Any], names: Iterable[str]) -> None:
    """Raise a ValueError unless these parameters are positive and finite."""
    for name in names:
        value = parameters[name]
        if not 0 < value < math.inf:
            raise ValueError(f"{name}={value!r}: expected a positive finite number")


def check_progress(progress: object) -> None:
    """Raise a TypeError unless `progress` is a bool or a callable."""
    if not (isinstance(progress, bool) or callable(progress)):
        raise TypeError(
            f"progress={progress!r}: expected True, False or a callable that is called with each "
            "epoch"
        )
