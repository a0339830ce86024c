"""Checks of arguments and of installed packages; their messages say what was expected."""

from __future__ import annotations

import importlib
import numbers
import operator
import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_MIN_MEMORY = 16 << 20  # bytes that reading always needs


def at_least(low: int, name: str, value: object) -> int:
    """Return `value` as an integer of at least `low`, or raise a TypeError or ValueError."""
    message = f"{name}={value!r}: expected an integer of at least {low}"
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(message) from None
    if number < low:
        raise ValueError(message)
    return number


def one_of(choices: Iterable[str], name: str, value: object) -> str:
    """Return `value` if it is one of the choices, or raise a ValueError."""
    choices = list(choices)
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name}={value!r}: expected one of {', '.join(map(repr, choices))}")
    return value


def require_list(name: str, value: object, of: str = "words", *, ordered: bool = False) -> None:
    """Raise a TypeError if iterating over `value` would not give what the caller means.

    A str gives its letters, a data frame the names of its columns, a masked array what its mask
    hides, and a set another order in every process.

    Parameters
    ----------
    name : str
        The argument, for the message.
    value : object
        What the caller passed.
    of : str, default "words"
        What the list should contain, for the message.
    ordered : bool, default False
        Whether the order matters, as it does where items belong to rows or to results.
    """
    if isinstance(value, (str, bytes)):
        raise TypeError(f"{name}={value[:40]!r} is a single string: expected a list of {of}")
    if is_table(value):
        raise TypeError(
            f"{name} is a {type(value).__name__}, whose items are the names of its columns: "
            f"expected a list of {of}; pass one column, such as frame['text'], or for rows "
            "frame.to_numpy().tolist()"
        )
    require_unmasked(name, value)
    if ordered and isinstance(value, (set, frozenset)):
        raise TypeError(
            f"{name} is a {type(value).__name__}, which has another order in every process: "
            f"expected a list of {of}, such as sorted({name})"
        )
    if not hasattr(value, "__iter__") and not hasattr(value, "__getitem__"):
        raise TypeError(f"{name} is of type {type(value).__name__}: expected a list of {of}")


def require_unmasked(name: str, value: object) -> None:
    """Raise a TypeError for a masked array that hides something: its mask would be lost."""
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise TypeError(
            f"{name} is a masked array, whose mask would be lost: pass array.compressed(), or "
            "array.filled(value)"
        )


def is_table(value: object) -> bool:
    """Return whether iterating over `value` gives columns or their names: a data frame."""
    kind = type(value)
    frame = any(hasattr(kind, name) for name in ("iloc", "collect", "__arrow_c_stream__"))
    return hasattr(kind, "__dataframe__") or (frame and hasattr(kind, "columns"))


def as_array(name: str, value: Any, dtype: Any = None) -> npt.NDArray[Any]:
    """Return numbers as an array: of a data frame its rows, of a masked array never the hidden."""
    require_unmasked(name, value)
    if is_table(value):
        if not hasattr(value, "to_numpy"):
            raise TypeError(f"{name} is a {type(value).__name__}: expected an array")
        value = value.to_numpy()
    return np.asarray(value, dtype)


def parse_size(memory: int | str, name: str = "memory", low: int | None = None) -> int:
    """Return the bytes in a size such as 4_000_000_000, "4GB", "4 GiB" or "512M".

    Parameters
    ----------
    memory : int or str
    name : str, default "memory"
        The argument, for messages.
    low : int, optional
        The smallest size; default 16 MiB.

    Raises
    ------
    ValueError
        If `memory` is not a size, or less than `low`.
    TypeError
        If `memory` is neither an int nor a str.
    """
    if isinstance(memory, bool) or not isinstance(memory, (numbers.Integral, str)):
        raise TypeError(f"{name}={memory!r}: expected bytes as an int, or a str such as '4GB'")
    if isinstance(memory, str):
        found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?\s*", memory, re.IGNORECASE)
        if found is None or (found[3] and not found[2]):
            raise ValueError(f"{name}={memory!r}: expected a size such as '4GB' or '512MiB'")
        letter = found[2].upper()
        unit = 2 ** (10 * "KMGT".index(letter) + 10) if found[3] else _UNITS[letter]
        size = int(float(found[1]) * unit)
    else:
        size = int(memory)
    low = _MIN_MEMORY if low is None else low
    if size < low:
        mebibytes = f" ({low >> 20} MiB)" if low >> 20 else ""
        raise ValueError(f"{name}={memory!r}: expected at least {low:,} bytes{mebibytes}")
    return size


def require_package(module: str, package: str, purpose: str, minimum: str | None = None) -> Any:
    """Import a module of an optional dependency.

    Parameters
    ----------
    module : str
        The module to import.
    package : str
        The argument for ``pip install``: ``"w2v[EXTRA]"`` where there is such an extra.
    purpose : str
        What needs it, for the message.
    minimum : str, optional
        The oldest version that works, such as ``"16.0"``; by default any.

    Raises
    ------
    ImportError
        If the library is missing or older than `minimum`, with the command that installs it; or if
        a module that the library needs is missing.
    """
    library = module.partition(".")[0]
    try:
        found = importlib.import_module(module)
    except ImportError as error:
        if error.name is not None and error.name.partition(".")[0] != library:
            raise
        raise ImportError(
            f"{purpose} needs {library}: pip install '{package}' ({error})", name=error.name
        ) from error
    if minimum is not None:
        from importlib import metadata  # not at import time: it costs more than the rest of w2v

        version = getattr(importlib.import_module(library), "__version__", None)
        version = version or metadata.version(library)
        if _release(version) < _release(minimum):
            raise ImportError(
                f"{purpose} needs {library} {minimum} or newer, but {version} is installed: "
                f"pip install --upgrade '{package}'",
                name=library,
            )
    return found


def _release(version: str) -> tuple[int, ...]:
    """Return the numbers a version starts with, as far as they compare."""
    found = re.match(r"\d+(?:\.\d+)*", version)
    numbers = [int(part) for part in found[0].split(".")] if found else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
