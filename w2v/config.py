"""The hyper-parameters: one list of names, defaults, units, ranges and help texts.

`Word2Vec`, the command line and the model file use the fields of `TrainingConfig`; a test compares
the lists.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import math
import numbers
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np

Function = TypeVar("Function", bound=Callable[..., Any])
Kind = TypeVar("Kind", bound=type)

# Named sets of settings: points on the front of accuracy over time that `python -m benchmarks
# pareto` measures; see docs/performance.md. Each has what differs from the defaults.
QUALITIES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "fast": MappingProxyType({"epochs": 3, "alpha": 0.05}),
        "balanced": MappingProxyType({}),
        "best": MappingProxyType({"epochs": 15, "vector_size": 200}),
    }
)


@dataclass(frozen=True)
class ParameterSpec:
    """Type, range and help text of one hyper-parameter.

    Attributes
    ----------
    kind : {"int", "float", "bool", "str"}
        The type that a value is converted to. Only lossless conversions are made.
    low, high : int or float
        Inclusive limits.
    help : str
        One line for the command line and the documentation.
    exclusive_low : bool, default False
        Whether `low` itself is excluded.
    optional : bool, default False
        Whether None is allowed.
    choices : tuple of str
        Allowed strings.
    """

    kind: str
    low: float
    high: float
    help: str
    exclusive_low: bool = False
    optional: bool = False
    choices: tuple[str, ...] = ()

    def describe(self) -> str:
        """Return the allowed values in words, for messages and help texts."""
        if self.kind == "bool":
            return "True or False" + (", or None" if self.optional else "")
        if self.kind == "str":
            return " or ".join(map(repr, self.choices)) + (", or None" if self.optional else "")
        noun = "an integer" if self.kind == "int" else "a number"
        if not math.isfinite(self.low):
            span = "finite"
        elif not math.isfinite(self.high):
            span = f"{'more than' if self.exclusive_low else 'at least'} {self.low}"
        else:
            span = f"from {self.low} to {self.high}"
        return f"{noun}, {span}" + (", or None" if self.optional else "")

    def check(self, name: str, value: object) -> Any:
        """Return `value` converted to the parameter's type.

        Raises
        ------
        TypeError, ValueError
            If the value has the wrong type or is out of range; the message gives the name, the
            value and the allowed values.
        """
        if value is None and self.optional:
            return None
        message = f"{name}={value!r}: expected {self.describe()}"
        if isinstance(value, np.bool_):
            value = bool(value)
        converted: int | float
        if self.kind == "bool":
            if not isinstance(value, bool) and not (
                isinstance(value, numbers.Integral) and value in (0, 1)
            ):
                raise TypeError(message)
            return bool(value)
        if self.kind == "str":
            if not isinstance(value, str):
                raise TypeError(message)
            if value not in self.choices:
                raise ValueError(message)
            return value
        if self.kind == "int":
            if isinstance(value, bool) and self.high > 1:  # True is not a size
                raise TypeError(message)
            try:
                converted = operator.index(value)  # type: ignore[arg-type]
            except TypeError:
                raise TypeError(message) from None
        else:
            if isinstance(value, bool) or not isinstance(value, numbers.Real):
                raise TypeError(message)
            converted = float(value)
            if not math.isfinite(converted):
                raise ValueError(message)
        too_low = converted <= self.low if self.exclusive_low else converted < self.low
        if too_low or converted > self.high:
            raise ValueError(message)
        return converted


def _field(
    default: Any,
    kind: str,
    low: float,
    high: float,
    help: str,
    *,
    kw_only: bool = False,
    **more: Any,
) -> Any:
    return dataclasses.field(
        default=default,
        kw_only=kw_only,
        metadata={"spec": ParameterSpec(kind, low, high, help, **more)},
    )


def settings_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that `quality`, which is one of those given, adds to them.

    Learning rates of named sets are for the default objective. Another one keeps its own.
    """
    quality = given.get("quality")
    named = dict(QUALITIES.get(quality, {})) if isinstance(quality, str) else {}
    if not given.get("sg", 1) or given.get("hs") or given.get("softmax"):
        named.pop("alpha", None)
    return {name: value for name, value in named.items() if name not in given}


def with_named_settings(function: Function) -> Function:
    """Give a function the settings that its argument `quality` names, unless they are given too."""
    names = list(inspect.signature(function).parameters)

    @functools.wraps(function)
    def call(*args: Any, **given: Any) -> Any:
        positional = dict(zip(names, args, strict=False))
        return function(*args, **settings_of(positional | given), **given)

    return call  # type: ignore[return-value]


def _takes_named_settings(kind: Kind) -> Kind:
    kind.__init__ = with_named_settings(kind.__init__)  # type: ignore[misc]
    return kind


_INF = math.inf
_DETERMINISTIC_SHARDS = 16


@_takes_named_settings
@dataclass(frozen=True)
class TrainingConfig:
    """Hyper-parameters of one model; the values are checked on construction.

    Names and defaults are those of gensim, except `sg` (skip-gram is the default), `alpha` and
    `sample` (None: chosen by architecture and text) and `workers` (None: all processors). gensim
    has no `quality`, `cbow_gradient`, `softmax`, `max_softmax_vocab`, `shared_negatives`,
    `score_offsets`, `decay_start`, `shards`, `replica_memory` and `deterministic`.

    Parameters
    ----------
    quality : {None, "fast", "balanced", "best"}, default None
        A named set of settings: "fast" is 3 epochs with an initial learning rate of 0.05 (that of
        the objective, if it is not skip-gram with negative sampling), "best" 15 epochs and 200
        dimensions, and "balanced" the defaults. Settings that are given too win over it. See
        docs/performance.md for the accuracy and the time of each.
    vector_size : int, default 100
        Number of dimensions of a word vector, from 1 to 65,536.
    window : int, default 5
        Maximum distance in words between a center word and its context, from 1 to 10,000.
    min_count : int, default 5
        Words that occur less often are left out; at least 0.
    max_final_vocab : int or None, default None
        Maximum number of words, the most frequent ones; at least 1. None: no maximum.
    sample : float or None, default None
        Words that make up a larger fraction of the corpus are subsampled, from 0 to 1. Smaller
        values drop more of the frequent words; 0 drops none. None: 1e-3, but on a long text 1e-4
        for skip-gram and 3e-5 for CBOW, with negative sampling alone. See docs/objectives.md.
    sg : {1, 0}, default 1
        1: skip-gram. 0: CBOW, which is the default of gensim.
    cbow_mean : {1, 0}, default 1
        CBOW: 1 averages the context vectors, 0 adds them up.
    cbow_gradient : {"classic", "exact"}, default "classic"
        CBOW with `cbow_mean=1`: "exact" divides the gradient by the number of context words, as
        the derivative of the mean requires; "classic" gives each context word the whole gradient,
        as word2vec.c and gensim do.
    hs : {0, 1}, default 0
        1: hierarchical softmax; with `negative` above 0, both are trained.
    negative : int, default 5
        Number of noise words per true word, from 0 to 1,000; 0: no negative sampling.
    softmax : bool, default False
        Full softmax instead of negative sampling, for small vocabularies; not with `hs=1`.
    max_softmax_vocab : int, default 20,000
        Maximum vocabulary size for the full softmax, at least 2. A larger vocabulary raises an
        error.
    ns_exponent : float, default 0.75
        Noise words are drawn in proportion to ``count ** ns_exponent``.
    shared_negatives : bool, default True
        Skip-gram: draw noise words once per center word instead of once per pair; for long windows
        and small vocabularies, once per group of its context words.
    score_offsets : bool or None, default None
        Negative sampling: add a constant to the score of each word, how much more often it is the
        true word than a noise word, as a logarithm. Vectors then learn only what a context adds to
        the frequencies of words. None: with ``hs=0``, but not for CBOW by the sum. False: as
        word2vec.c and gensim. See docs/objectives.md.
    shrink_windows : bool, default True
        Draw the size of each window uniformly from 1 to `window`.
    alpha : float or None, default None
        Initial learning rate, above 0. None: 0.025; for CBOW with the mean 0.075 ("classic") or
        0.15 ("exact"), and two thirds of that with `hs=1`. Skip-gram uses up to twice that for a
        short text. CBOW uses less for windows of more than 20 words and for less than about 300
        different words, except with "exact". See docs/objectives.md; the `alpha` of a
        `TrainingResult` is what was used.
    min_alpha : float, default 1e-4
        Final learning rate, from 0 to `alpha`. The learning rate falls linearly with the number of
        words trained, from where `decay_start` says.
    decay_start : float or None, default None
        Share of training after which the learning rate falls, from 0 to 1; it is `alpha` before. 0:
        it falls from the beginning, as in word2vec.c and gensim. None: 0.3 for skip-gram with
        negative sampling alone, on a text of some millions of words or with more epochs, where it
        begins with 0.025 or less; otherwise 0, and so for a model that was trained before. See
        docs/objectives.md; the `decay_start` of a `TrainingResult` is what was used.
    epochs : int, default 5
        Number of passes through the corpus, from 1 to 1,000,000.
    workers : int or None, default None
        Number of training threads, from 1 to 1,024. None: one per available processor.
    shards : int or None, default None
        Number of parts of the text that are trained alone for a while and then merged, from 1 to
        1,024; at most `workers` of them at a time. Results depend on their number, but not on that
        of the workers. None: as many as workers. A short text has fewer. See docs/performance.md.
    replica_memory : int or None, default None
        Memory for the replicas that shards train, in MiB. If it is too small for replicas of all
        rows, the shards share the rarest rows, and results are no longer reproducible; with
        `shards` set, that is an error. 0: no replicas, all workers train the same rows (Hogwild).
        None: a quarter of the free memory.
    deterministic : bool, default False
        Train the same vectors, to the bit, with any number of workers, from any source of the same
        text, on any machine with the same SIMD variant; see `w2v.simd`. `shards` is then 16 unless
        it is given, full softmax has one worker, and too little memory for all replicas is an
        error. A file of the model does not say how many workers trained it. See docs/trust.md.
    seed : int, default 1
        Seed of all random numbers, from 0 to 2**64 - 1.

    Raises
    ------
    TypeError, ValueError
        If a value has the wrong type or is out of range; the message gives the name, the value and
        the allowed values.
    """

    quality: str | None = _field(
        None,
        "str",
        0,
        0,
        "named set of settings: fast: 3 epochs, initial learning rate 0.05; balanced: the "
        "defaults; best: 15 epochs, 200 dimensions; settings that are given too win",
        kw_only=True,
        optional=True,
        choices=tuple(QUALITIES),
    )
    vector_size: int = _field(100, "int", 1, 65_536, "dimensions of a word vector")
    window: int = _field(
        5, "int", 1, 10_000, "maximum distance between a center word and its context words"
    )
    min_count: int = _field(5, "int", 0, 2**63 - 1, "leave out words that occur less often")
    max_final_vocab: int | None = _field(
        None, "int", 1, 2**31 - 2, "maximum number of words, the most frequent", optional=True
    )
    sample: float | None = _field(
        None,
        "float",
        0,
        1,
        "subsample words above this fraction of the corpus; 0: none; None: 1e-3, or on a long "
        "text 1e-4 (skip-gram) or 3e-5 (CBOW)",
        optional=True,
    )
    sg: int = _field(1, "int", 0, 1, "1: skip-gram; 0: CBOW")
    cbow_mean: int = _field(1, "int", 0, 1, "CBOW: 1: mean of the context vectors; 0: their sum")
    cbow_gradient: str = _field(
        "classic",
        "str",
        0,
        0,
        "CBOW with the mean: gradient of a context word; exact: divided by their number; classic: "
        "the whole gradient",
        choices=("classic", "exact"),
    )
    hs: int = _field(0, "int", 0, 1, "1: hierarchical softmax, together with negative unless 0")
    negative: int = _field(5, "int", 0, 1_000, "noise words per true word; 0: no negative sampling")
    softmax: bool = _field(
        False, "bool", 0, 1, "full softmax instead of negative sampling; for small vocabularies"
    )
    max_softmax_vocab: int = _field(
        20_000, "int", 2, 2**31 - 2, "maximum vocabulary size for the full softmax"
    )
    ns_exponent: float = _field(
        0.75, "float", -_INF, _INF, "noise words are drawn in proportion to count ** ns_exponent"
    )
    shared_negatives: bool = _field(
        True, "bool", 0, 1, "draw noise words once per center word, not once per pair"
    )
    score_offsets: bool | None = _field(
        None,
        "bool",
        0,
        1,
        "add to the score of each word how much more often it is true than noise, as a logarithm; "
        "None: with hs=0, but not for CBOW by the sum",
        optional=True,
    )
    shrink_windows: bool = _field(
        True, "bool", 0, 1, "draw the size of each window uniformly from 1 to window"
    )
    alpha: float | None = _field(
        None,
        "float",
        0,
        _INF,
        "initial learning rate; None: 0.025; CBOW with the mean: 0.075 (classic) or 0.15 "
        "(exact), two thirds of that with hs=1",
        exclusive_low=True,
        optional=True,
    )
    min_alpha: float = _field(1e-4, "float", 0, _INF, "final learning rate")
    decay_start: float | None = _field(
        None,
        "float",
        0,
        1,
        "share of training after which the learning rate falls; 0: from the beginning; None: 0.3 "
        "for skip-gram with hs=0 on a long text, else 0",
        optional=True,
    )
    epochs: int = _field(5, "int", 1, 1_000_000, "passes through the corpus")
    workers: int | None = _field(
        None, "int", 1, 1_024, "training threads; None: one per processor", optional=True
    )
    shards: int | None = _field(
        None,
        "int",
        1,
        1_024,
        "parts of the text that are trained alone and merged; results depend on their number; "
        "None: one per worker",
        optional=True,
    )
    replica_memory: int | None = _field(
        None,
        "int",
        0,
        2**31 - 1,
        "MiB for the replicas that shards train; None: a quarter of the free memory",
        optional=True,
    )
    deterministic: bool = _field(
        False, "bool", 0, 1, "the same bytes with any number of workers; 16 shards unless given"
    )
    seed: int = _field(1, "int", 0, 2**64 - 1, "seed of all random numbers")

    def __post_init__(self) -> None:
        for name, spec in parameters().items():
            object.__setattr__(self, name, spec.check(name, getattr(self, name)))
        if self.min_alpha > self.learning_rate:
            raise ValueError(
                f"min_alpha={self.min_alpha!r}: expected a number from 0 to alpha "
                f"({self.learning_rate!r}), because the learning rate falls from alpha to min_alpha"
            )
        if self.softmax and self.hs:
            raise ValueError(
                "softmax=True and hs=1 are mutually exclusive: set hs=0 for the full softmax, or "
                "softmax=False for hierarchical softmax"
            )
        if not (self.negative or self.hs or self.softmax):
            raise ValueError(
                "negative=0, hs=0 and softmax=False: there is no training objective; set "
                "negative to at least 1 (5 to 20 for small corpora, 2 to 5 for large ones), hs=1 "
                "or softmax=True"
            )
        if self.deterministic and self.replica_memory == 0:
            raise ValueError(
                "deterministic=True and replica_memory=0 are mutually exclusive: without replicas, "
                "workers train the same rows, and the result depends on their timing; leave "
                "replica_memory out"
            )

    @property
    def fixed_shards(self) -> int | None:
        """The number of shards, if it does not follow the workers."""
        return self.shards or (_DETERMINISTIC_SHARDS if self.deterministic else None)

    @property
    def learning_rate(self) -> float:
        """The initial learning rate: `alpha`, or if it is None, the default of the architecture.

        CBOW lowers the default for long windows and small vocabularies, which a configuration does
        not know. docs/objectives.md has the measurements behind these defaults.
        """
        if self.alpha is not None:
            return self.alpha
        if self.sg or not self.cbow_mean:
            return 0.025
        if self.cbow_gradient == "exact":
            return 0.1 if self.hs else 0.15
        return 0.05 if self.hs else 0.075

    @property
    def exact_cbow_gradient(self) -> bool:
        """Whether CBOW is trained by the mean with its exact gradient."""
        return bool(self.sg == 0 and self.cbow_mean and self.cbow_gradient == "exact")

    @property
    def uses_score_offsets(self) -> bool:
        """Whether scores of negative sampling have offsets (`score_offsets`).

        docs/objectives.md has the measurements behind the default.
        """
        wanted = self.score_offsets
        if wanted is None:
            wanted = bool(self.sg or self.cbow_mean) and not self.hs
        return wanted and self.uses_negative_sampling

    @property
    def uses_negative_sampling(self) -> bool:
        """Whether negative sampling is trained, alone or together with hierarchical softmax."""
        return self.negative > 0 and not self.softmax

    def replace(self, **changes: Any) -> TrainingConfig:
        """Return a copy with some hyper-parameters changed; the new values are checked.

        A new `quality` takes back what the one before it changed, and changes what it names itself,
        except for the settings in `changes`.
        """
        named: dict[str, Any] = {}
        if "quality" in changes:
            defaults = {f.name: f.default for f in dataclasses.fields(self)}
            before = QUALITIES.get(self.quality or "", {})
            named = {name: defaults[name] for name in before if getattr(self, name) == before[name]}
            kind = {name: getattr(self, name) for name in ("sg", "hs", "softmax")}
            named |= settings_of({**kind, **changes})
        return dataclasses.replace(self, **{**named, **changes})

    def to_dict(self) -> dict[str, Any]:
        """Return the hyper-parameters as a dictionary of plain Python values."""
        return dataclasses.asdict(self)


def parameters() -> dict[str, ParameterSpec]:
    """Return the specification of each hyper-parameter by name, in documented order."""
    return {f.name: f.metadata["spec"] for f in dataclasses.fields(TrainingConfig)}
