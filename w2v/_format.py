"""Quantities as text, for messages and tables."""

from __future__ import annotations


def format_fixed(value: float, digits: int) -> str:
    """Return a number with this many digits after the point; what rounds to zero has no sign."""
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def format_bytes(size: int) -> str:
    """Return a size in the largest unit that it reaches, such as ``1.5 GiB``."""
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit:
            return f"{size / unit:,.1f} {name}"
    return f"{size} bytes"


def format_duration(seconds: float) -> str:
    """Return a duration in the largest unit that it reaches twice, such as ``3.5 hours``."""
    for unit, name in ((86_400, "days"), (3_600, "hours"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:,.1f} {name}"
    return f"{seconds:,.1f} s"
