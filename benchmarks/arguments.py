"""Types and shared settings of the benchmarks' command-line options."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def positive(text: str) -> int:
    """Convert an argument to an integer of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected an integer of at least 1")
    return int(text)


def count(text: str) -> int:
    """Convert an argument to an integer of at least 0."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r}: expected an integer of at least 0")
    return int(text)


def seconds(text: str) -> float:
    """Convert an argument to a finite number above 0."""
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number above 0")
    return found


# Keyword arguments of `ArgumentParser.add_argument`.
NUMBER: dict[str, Any] = {"type": positive, "metavar": "N"}
NUMBERS: dict[str, Any] = {**NUMBER, "nargs": "+"}
FILE: dict[str, Any] = {"type": Path, "metavar": "FILE"}
CORPUS: dict[str, Any] = {**FILE, "help": "text file, one sentence per line"}
OPTIONAL_CORPUS: dict[str, Any] = {
    **FILE,
    "help": "text file, one sentence per line (default: docstrings of the installed packages)",
}
QUESTIONS: dict[str, Any] = {**FILE, "help": "analogy questions, four words per line"}
PAIRS: dict[str, Any] = {
    **FILE,
    "nargs": "+",
    "default": [],
    "help": "word pairs with human similarity ratings",
}
HISTORY: dict[str, Any] = {
    **FILE,
    "help": "where runs are kept and the last one is found (default: in .benchmarks/)",
}
PICTURE: dict[str, Any] = {**FILE, "help": "plot the results to a .png or .svg file"}


def choices(values: tuple[str, ...], metavar: str, help: str) -> dict[str, Any]:
    """Return the settings of an option that takes some of `values`; the default is all."""
    return {
        "nargs": "+",
        "choices": values,
        "default": values,
        "metavar": metavar,
        "help": f"{help} ({' '.join(values)})",
    }
