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
    kind : {"int", "float", "bool", "str"}
        The type a value is converted to; only lossless conversions are made.
    low, high : int or float
        Inclusive limits.
    low_open : bool
        True where `low` itself is not allowed.
    optional : bool
        True where None is allowed.
    choices : tuple of str
        What a string may be.
    help : str
        One line for the command line and the documentation.
    """

    kind: str
    low: float
    high: float
    help: str
    low_open: bool = False
    optional: bool = False
    choices: tuple[str, ...] = ()

    def describe(self) -> str:
        """Return the allowed range in words, for messages and help texts."""
        if self.kind == "bool":
            return "True or False"
        if self.kind == "str":
            return " or ".join(map(repr, self.choices))
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
        if self.kind == "str":
            if not isinstance(value, str):
                raise TypeError(refusal)
            if value not in self.choices:
                raise ValueError(refusal)
            return value
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


def _field(default: Any, kind: str, low: float, high: float, help: str, **more: Any) -> Any:
    return dataclasses.field(
        default=default, metadata={"bounds": Bounds(kind, low, high, help, **more)}
    )


_INF = math.inf


@dataclass(frozen=True)
class TrainingConfig:
    """Hyper-parameters of one model, checked when made.

    Names and defaults are gensim's, except `sg` (skip-gram is the default), `alpha` (None: as
    measured for each architecture) and `workers` (all processors); gensim does not have
    `cbow_gradient`, `softmax`, `max_softmax_vocab`, `shared_negatives` and `replicated_rows`.

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
    cbow_mean: int = _field(1, "int", 0, 1, "CBOW: 1: mean of the context vectors; 0: their sum")
    cbow_gradient: str = _field(
        "classic",
        "str",
        0,
        0,
        "CBOW by the mean: exact: each context word's share of the gradient; classic: all of it",
        choices=("classic", "exact"),
    )
    hs: int = _field(0, "int", 0, 1, "1: hierarchical softmax, together with negative unless 0")
    negative: int = _field(
        5, "int", 0, 1_000, "noise words drawn against each true one; 0: no negative sampling"
    )
    softmax: bool = _field(
        False, "bool", 0, 1, "full softmax in place of negative sampling; for small vocabularies"
    )
    max_softmax_vocab: int = _field(
        20_000, "int", 2, 2**31 - 2, "refuse the full softmax for more words than this"
    )
    ns_exponent: float = _field(
        0.75, "float", -_INF, _INF, "noise words are drawn in proportion to count ** ns_exponent"
    )
    shared_negatives: bool = _field(
        True, "bool", 0, 1, "draw noise words once per centre word, not once per pair"
    )
    shrink_windows: bool = _field(
        True, "bool", 0, 1, "draw each window's size evenly from 1 to window"
    )
    alpha: float | None = _field(
        None,
        "float",
        0,
        _INF,
        "learning rate at the start; None: 0.025; CBOW by the mean: 0.075 (classic) or 0.15 "
        "(exact), two thirds of that with hs=1",
        low_open=True,
        optional=True,
    )
    min_alpha: float = _field(1e-4, "float", 0, _INF, "learning rate at the end")
    epochs: int = _field(5, "int", 1, 1_000_000, "passes over the corpus")
    workers: int | None = _field(
        None, "int", 1, 1_024, "training threads; None: one per processor", optional=True
    )
    replicated_rows: int | None = _field(
        None,
        "int",
        0,
        2**31 - 2,
        "rows that each of two to four workers trains copies of; None: 1 MiB of them; 0: none",
        optional=True,
    )
    seed: int = _field(1, "int", 0, 2**64 - 1, "seed of every random number")

    def __post_init__(self) -> None:
        for name, bounds in parameters().items():
            object.__setattr__(self, name, bounds.check(name, getattr(self, name)))
        if self.min_alpha > self.learning_rate:
            raise ValueError(
                f"min_alpha={self.min_alpha!r}: expected a number from 0 to alpha "
                f"(alpha={self.learning_rate!r}); the learning rate falls from alpha to min_alpha"
            )
        if self.softmax and self.hs:
            raise ValueError(
                "softmax=True, hs=1: the full softmax stands alone; set softmax=False for the "
                "hierarchical one, or hs=0"
            )
        if not (self.negative or self.hs or self.softmax):
            raise ValueError(
                "negative=0: nothing to train on; set negative to at least 1 (5 to 20 for small "
                "corpora, 2 to 5 for large ones), hs=1 or softmax=True"
            )

    @property
    def learning_rate(self) -> float:
        """The learning rate at the start: `alpha`, or where it is None a measured default.

        docs/objectives.md has the table it was chosen from.
        """
        if self.alpha is not None:
            return self.alpha
        if self.sg or not self.cbow_mean:
            return 0.025
        if self.cbow_gradient == "exact":
            return 0.1 if self.hs else 0.15
        return 0.05 if self.hs else 0.075

    @property
    def divides_gradient(self) -> bool:
        """True for CBOW with the mean and its exact gradient."""
        return bool(self.sg == 0 and self.cbow_mean and self.cbow_gradient == "exact")

    @property
    def samples_noise(self) -> bool:
        """True where negative sampling is trained, alone or beside hierarchical softmax."""
        return self.negative > 0 and not self.softmax

    def replace(self, **changes: Any) -> TrainingConfig:
        """Return a copy with the given hyper-parameters changed (and checked)."""
        return dataclasses.replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Return the hyper-parameters as a dictionary of plain Python values."""
        return dataclasses.asdict(self)


def parameters() -> dict[str, Bounds]:
    """Return each hyper-parameter's name and bounds, in their documented order."""
    return {f.name: f.metadata["bounds"] for f in dataclasses.fields(TrainingConfig)}
