"""How often something is to happen in a training run: after some time, tokens or epochs."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_SECONDS = {
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "min": 60.0,
    "minute": 60.0,
    "h": 3600.0,
    "hour": 3600.0,
}
_TOKENS = ("token", "word")
_TEXT = re.compile(r"\s*([0-9][0-9_,]*(?:\.[0-9]+)?|\.[0-9]+)\s*([a-z]+)\s*")


@dataclass(frozen=True)
class Interval:
    """An interval: one of the three is finite.

    Attributes
    ----------
    seconds, tokens, epochs : float
    """

    seconds: float = math.inf
    tokens: float = math.inf
    epochs: float = math.inf

    @classmethod
    def parse(cls, text: object, name: str) -> Interval:
        """Return the interval of a text such as ``"10min"``.

        Parameters
        ----------
        text : str
            A number and a unit: s, min, h, tokens or epochs; ``"0.5s"``, ``"5_000_000 tokens"``.
        name : str
            Of the argument, for errors.

        Raises
        ------
        ValueError
            If it is something else, or not above 0.
        TypeError
            If it is not a string.
        """
        expected = 'expected a number and a unit, such as "10min", "0.5 epochs" or "5000000 tokens"'
        if not isinstance(text, str):
            raise TypeError(f"{name}={text!r}: {expected}")
        found = _TEXT.fullmatch(text.lower())
        number = float(re.sub("[_,]", "", found[1])) if found else 0.0
        unit = found[2] if found else ""
        singular = unit[:-1] if len(unit) > 1 else unit
        if number > 0:
            for each in (unit, singular):
                if each in _SECONDS:
                    return cls(seconds=number * _SECONDS[each])
                if each in _TOKENS:
                    return cls(tokens=number)
                if each == "epoch":
                    return cls(epochs=number)
        raise ValueError(f"{name}={text!r}: {expected}")

    def next_tokens(self, done: int, epoch_tokens: int) -> float:
        """Return after how many tokens of a run an interval ends; infinity if it is one of time.

        Those are multiples of the interval, so that they do not depend on when this is called.

        Parameters
        ----------
        done : int
            Tokens of the run so far.
        epoch_tokens : int
        """
        size = min(self.tokens, self.epochs * epoch_tokens)
        if math.isinf(size):
            return math.inf
        times = math.floor(done / size) + 1
        while math.ceil(times * size) <= done:
            times += 1
        return math.ceil(times * size)

    def next_time(self, now: float) -> float:
        """Return when an interval of time ends that begins now; infinity if it is another one."""
        return now + self.seconds
