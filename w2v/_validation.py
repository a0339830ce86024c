"""Checks of arguments, and of what is installed, whose messages say what was expected."""

from __future__ import annotations

import importlib
import operator
from collections.abc import Iterable
from typing import Any


def at_least(low: int, name: str, value: object) -> int:
    """Return `value` as an integer of at least `low`, or raise a TypeError or ValueError."""
    refusal = f"{name}={value!r}: expected an integer of at least {low}"
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(refusal) from None
    if number < low:
        raise ValueError(refusal)
    return number


def one_of(choices: Iterable[str], name: str, value: object) -> str:
    """Return `value` if it is one of the choices, or raise a ValueError."""
    choices = list(choices)
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name}={value!r}: expected one of {', '.join(map(repr, choices))}")
    return value


def imported(module: str, package: str, purpose: str) -> Any:
    """Import a module of a library that w2v does not depend on.

    Parameters
    ----------
    module : str
        What to import.
    package : str
        What to give to pip: "w2v[EXTRA]" where there is such an extra.
    purpose : str
        What needs it, for the message.

    Raises
    ------
    ImportError
        It is not installed, and the message says what to install; or a module that it needs itself
        is missing.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        library = module.partition(".")[0]
        if error.name is not None and error.name.partition(".")[0] != library:
            raise
        raise ImportError(
            f"{purpose} needs {library}: pip install '{package}' ({error})", name=error.name
        ) from error
