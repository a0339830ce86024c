"""How queries and files are timed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def best(task: Callable[[], Any], rounds: int) -> float:
    """Return the minimum duration of several rounds, in seconds."""
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        task()
        seconds.append(time.perf_counter() - start)
    return min(seconds)
