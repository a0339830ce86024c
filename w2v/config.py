"""The hyper-parameters: one list of names, defaults, units, ranges and help texts.

`Word2Vec`, the command line and the model file all take theirs from `TrainingConfig`;
a test compares the lists.
"""

from __future__ import annotations

import dataclasses
import math
import numbers
import operator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Bounds:
    """What one hyper-parameter may be.

    Attributes
    ----------
    kind : {"int", "float", "bool"}
        The type a value is converted to; only lossless conversions are made.
    low, high : int or float
        Inclusive limits.
    low_open : bool
        True where `low` itself is not allowed.
    optional : bool
        True where None is allowed.
    help : str
        One line for the command line and the documentation.
    """

    kind: str
    low: float
    high: float
    help: str
    low_open: bool = False
    optional: bool = False

    def describe(self) -> str:
        """Return the allowed range in words, for messages and help texts."""
        if self.kind == "bool":
            return "True or False"
        noun = "an integer" if self.kind == "int" else "a number"
        if not math.isfinite(self.low):
            span = "finite"
        elif not math.isfinite(self.high):
            span = f"{'more than' if self.low_open else 'at least'} {self.low}"
        else:
            span = f"from {self.low} to {self.high}"
        return f"{noun}, {span}" + (", or None" if self.optional else "")

    def check(self, name: str, value: object) -> Any:
        """Return `value` as this parameter's type, or raise an error that names all three."""
        if value is None and self.optional:
            return None
        refusal = f"{name}={value!r}: expected {self.describe()}"
        converted: int | float
        if self.kind == "bool":
            if not isinstance(value, bool) and not (
                isinstance(value, numbers.Integral) and value in (0, 1)
            ):
                raise TypeError(refusal)
            return bool(value)
        if self.kind == "int":
            try:
                converted = operator.index(value)  # type: ignore[arg-type]
            except TypeError:
                raise TypeError(refusal) from None
        else:
            if isinstance(value, bool) or not isinstance(value, numbers.Real):
                raise TypeError(refusal)
            converted = float(value)
            if not math.isfinite(converted):
                raise ValueError(refusal)
        too_low = converted <= self.low if self.low_open else converted < self.low
        if too_low or converted > self.high:
            raise ValueError(refusal)
        return converted


def _field(default: Any, kind: str, low: float, high: float, help: str, **more: bool) -> Any:
    return dataclasses.field(
        default=default, metadata={"bounds": Bounds(kind, low, high, help, **more)}
    )


_INF = math.inf


@dataclass(frozen=True)
class TrainingConfig:
    """Hyper-parameters of one model, checked when made.

    Names and defaults are gensim's, except `sg` (skip-gram is the default), `workers` (all
    processors) and `shared_negatives` (which gensim does not have).

    Raises
    ------
    TypeError, ValueError
        Where a value has the wrong type or is out of range; the message gives the name, the
        value and the allowed range.
    """

    vector_size: int = _field(100, "int", 1, 65_536, "dimensions of a word vector")
    window: int = _field(
        5, "int", 1, 10_000, "most words between a centre word and its context, on each side"
    )
    min_count: int = _field(5, "int", 0, 2**63 - 1, "leave out words that occur less often")
    max_final_vocab: int | None = _field(
        None, "int", 1, 2**31 - 2, "keep at most this many words, the most frequent", optional=True
    )
    sample: float = _field(
        1e-3, "float", 0, 1, "share of the corpus above which a word is subsampled; 0: never"
    )
    sg: int = _field(1, "int", 0, 1, "1: skip-gram; 0: CBOW")
    hs: int = _field(0, "int", 0, 1, "1: hierarchical softmax")
    negative: int = _field(5, "int", 0, 1_000, "noise words drawn against each true one")
    ns_exponent: float = _field(
        0.75, "float", -_INF, _INF, "noise words are drawn in proportion to count ** ns_exponent"
    )
    shared_negatives: bool = _field(
        True, "bool", 0, 1, "draw noise words once per centre word, not once per pair"
    )
    shrink_windows: bool = _field(
        True, "bool", 0, 1, "draw each window's size evenly from 1 to window"
    )
    alpha: float = _field(0.025, "float", 0, _INF, "learning rate at the start", low_open=True)
    min_alpha: float = _field(1e-4, "float", 0, _INF, "learning rate at the end")
    epochs: int = _field(5, "int", 1, 1_000_000, "passes over the corpus")
    workers: int | None = _field(
        None, "int", 1, 1_024, "training threads; None: one per processor", optional=True
    )
    seed: int = _field(1, "int", 0, 2**64 - 1, "seed of every random number")

    def __post_init__(self) -> None:
        for name, bounds in parameters().items():
            object.__setattr__(self, name, bounds.check(name, getattr(self, name)))
        if self.min_alpha > self.alpha:
            raise ValueError(
                f"min_alpha={self.min_alpha!r}: expected a number from 0 to alpha "
                f"(alpha={self.alpha!r}); the learning rate falls from alpha to min_alpha"
            )
        if self.sg == 0:
            raise ValueError("sg=0: CBOW is not available yet; leave sg at 1 (skip-gram)")
        if self.hs == 1:
            raise ValueError(
                "hs=1: hierarchical softmax is not available yet; leave hs at 0 and set negative"
            )
        if self.negative == 0:
            raise ValueError(
                "negative=0: nothing to train on; negative sampling needs at least 1 noise word "
                "(5 to 20 for small corpora, 2 to 5 for large ones)"
            )

    def replace(self, **changes: Any) -> TrainingConfig:
        """Return a copy with the given hyper-parameters changed (and checked)."""
        return dataclasses.replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Return the hyper-parameters as a dictionary of plain Python values."""
        return dataclasses.asdict(self)


def parameters() -> dict[str, Bounds]:
    """Return each hyper-parameter's name and bounds, in their documented order."""
    return {f.name: f.metadata["bounds"] for f in dataclasses.fields(TrainingConfig)}
