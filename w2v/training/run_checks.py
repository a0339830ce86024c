"""What the state of a run in a checkpoint has to look like, checked before a run goes on from it.

A file that was edited, and whose checksum fits, is still refused by the name of the part that is
wrong. What depends on the text is checked where it is known: see `TrainingRun.restore`.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from w2v.training.early_stopping import EarlyStopping
from w2v.training.intervals import Interval
from w2v.training.pacing import checked_seconds
from w2v.training.shards import ShardPlan
from w2v.training.validation import share_of

if TYPE_CHECKING:
    from w2v.config import TrainingConfig
    from w2v.training.run_state import RunState
    from w2v.training.weights import Weights

_MOST = 2**53  # of a count: what every reader of JSON has exactly
_MOST_SHARDS = 1_024
_SHOWN = 60  # characters of a value, in errors
_STOPPED_BY = ("callback", "early_stopping", "max_seconds", "interrupt")
Check = Callable[[str, Any], None]


def _wrong(name: str, value: Any, expected: str) -> ValueError:
    shown = repr(value)
    shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."
    return ValueError(f"{name} is {shown}, expected {expected}")


# ---- Values --------------------------------------------------------------------------------------


def whole(least: int = 0, most: int = _MOST) -> Check:
    """Return a check for a whole number of a range."""

    def check(name: str, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            limit = f"from {least:,} to {most:,}" if most < _MOST else f"of {least:,} or more"
            raise _wrong(name, value, f"a whole number {limit}")

    return check


def number(least: float = -math.inf, *, measured: bool = False) -> Check:
    """Return a check for a finite number; of something measured, for any, and null, too."""

    def check(name: str, value: Any) -> None:
        if measured and (value is None or (isinstance(value, float) and not math.isfinite(value))):
            return
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value) or value < least:
            limit = "" if math.isinf(least) else f" of {least:g} or more"
            raise _wrong(name, value, f"a number{limit}{' or null' if measured else ''}")

    return check


def truth(name: str, value: Any) -> None:
    """Check that it is true or false."""
    if not isinstance(value, bool):
        raise _wrong(name, value, "true or false")


def text(*choices: str) -> Check:
    """Return a check for a string, or one of these."""

    def check(name: str, value: Any) -> None:
        if not isinstance(value, str) or (choices and value not in choices):
            raise _wrong(name, value, " or ".join(map(repr, choices)) if choices else "a string")

    return check


def anything(name: str, value: Any) -> None:
    """Accept all values."""


def or_none(inner: Check) -> Check:
    """Return a check that accepts null, too."""

    def check(name: str, value: Any) -> None:
        if value is not None:
            inner(name, value)

    return check


def record(fields: Mapping[str, Check], *, optional: tuple[str, ...] = ()) -> Check:
    """Return a check for an object with these fields, of which some may be missing."""

    def check(name: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise _wrong(name, value, f"an object with {', '.join(fields)}")
        for field, inner in fields.items():
            if field in value:
                inner(f"{name}.{field}", value[field])
            elif field not in optional:
                raise ValueError(f"{name}.{field} is missing")

    return check


def names_to(inner: Check) -> Check:
    """Return a check for an object with any names."""

    def check(name: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise _wrong(name, value, "an object")
        for key, each in value.items():
            inner(f"{name}.{key}", each)

    return check


def listed(inner: Check) -> Check:
    """Return a check for a list of such values."""

    def check(name: str, value: Any) -> None:
        if not isinstance(value, list):
            raise _wrong(name, value, "a list")
        for i, each in enumerate(value):
            inner(f"{name}[{i}]", each)

    return check


def row(*inner: Check) -> Check:
    """Return a check for a list with one value for each check."""

    def check(name: str, value: Any) -> None:
        if not isinstance(value, list) or len(value) != len(inner):
            raise _wrong(name, value, f"a list of {len(inner)}")
        for i, (one, each) in enumerate(zip(inner, value, strict=True)):
            one(f"{name}[{i}]", each)

    return check


def _share(name: str, value: Any) -> None:
    number(0)(name, value)
    with _named(name, value):
        share_of(value)


def _interval(name: str, value: Any) -> None:
    with _named(name, value):
        Interval.parse(value, name)


def _early_stopping(name: str, value: Any) -> None:
    names_to(number(0))(name, value)
    with _named(name, value):
        EarlyStopping(**value)


@contextlib.contextmanager
def _named(name: str, value: Any) -> Iterator[None]:
    """Turn the error of an argument inside the block into one that names the part of the file."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise _wrong(name, value, f"what an argument may be ({error})") from error


# ---- The state of a run --------------------------------------------------------------------------


RECORD = record(
    {
        "epoch": whole(),
        "tokens": whole(),
        "learning_rate": number(measured=True),
        "loss": number(measured=True),
        "validation_loss": number(measured=True),
        "seconds": number(measured=True),
        "ends_epoch": truth,
        "metrics": names_to(number(measured=True)),
    },
    optional=("ends_epoch", "metrics"),
)
_FINGERPRINT = record(
    {
        "tokens": whole(),
        "types": whole(),
        "sentences": whole(),
        "order": text(),
        "words": text(),
    }
)
SETTINGS = record(
    {
        "before": row(whole(), whole(), whole()),
        "changes": names_to(anything),
        "corpus": _FINGERPRINT,
        "source": record({"files": or_none(listed(names_to(anything)))}, optional=("files",)),
        "share": or_none(_share),
        "held_out": or_none(_FINGERPRINT),
        "control": record(
            {
                "validation_every": or_none(_interval),
                "early_stopping": or_none(_early_stopping),
                "max_seconds": or_none(number(0)),
            },
            optional=("validation_every", "early_stopping", "max_seconds"),
        ),
        "every": _interval,
        "simd": text(),
        "version": text(),
    }
)
_CHOSEN = record(
    {
        "plan": record(
            {"shards": whole(1, _MOST_SHARDS), "rows": names_to(whole()), "complete": truth}
        ),
        "alpha": number(0),
        "contexts_per_step": whole(1, 2**31 - 1),
        "workers": whole(1, _MOST_SHARDS),
        "decay_start": number(0),
    },
    optional=("decay_start",),
)
_STATE = record(
    {
        "tokens": whole(),
        "schedule": listed(number(0)),
        "total": whole(1),
        "seconds": number(),
        "merge_seconds": number(),
        "history": listed(RECORD),
        "validation_loss": number(measured=True),
        "stopped_by": or_none(text(*_STOPPED_BY)),
        "blocks": whole(1),
        "blocks_taken": whole(),
        "last": or_none(row(*[whole()] * 4, whole(1, _MOST_SHARDS))),
        "balancing": truth,
        "balance_due": number(0),
    },
    optional=("blocks", "blocks_taken", "last", "balancing", "balance_due"),
)
_STOPPING = {
    "best": or_none(RECORD),
    "goal": or_none(number()),
    "waited": whole(),
    "end": or_none(whole()),
}
_WATCHER = record(
    {
        "history": listed(RECORD),
        "validation_loss": number(measured=True),
        "schedule": listed(number(0)),
        "callbacks": listed(row(text(), anything)),
        "noting": or_none(row(truth, truth)),
        "early_stopping": record(_STOPPING, optional=tuple(_STOPPING)),
        "total": whole(1),
        "seconds": number(),
    }
)
_RESULT = record(
    {
        "tokens": whole(),
        "predictions": whole(),
        "seconds": number(),
        "loss": listed(number()),
        "interrupted": truth,
        "shards": whole(1),
        "merge_seconds": number(),
        "history": listed(RECORD),
        "alpha": number(0),
        "sample": number(0),
        "decay_start": number(0),
        "stopped_by": or_none(text(*_STOPPED_BY)),
        "best": or_none(RECORD),
        "nodes": whole(1),
        "network_seconds": number(),
        "network_bytes": whole(),
    },
    optional=("sample", "decay_start", "nodes", "network_seconds", "network_bytes"),
)


def check_values(values: Mapping[str, Any]) -> None:
    """Raise a ValueError that names the part if values of a run are missing or wrong."""
    run = dict(values)
    record({"ended": truth, "settings": SETTINGS})("run", run)
    if run["ended"]:
        record({"result": _RESULT})("run", run)
        return
    record({"chosen": _CHOSEN, "state": _STATE, "watcher": or_none(_WATCHER)})("run", run)
    if run["settings"]["control"].get("early_stopping") is not None:
        record({"watcher": record({"early_stopping": record(_STOPPING)})})("run", run)


# ---- Its arrays, beside the model ----------------------------------------------------------------


def check_beside(
    run: RunState,
    config: TrainingConfig,
    weights: Weights,
    before: tuple[int, int, int],
    lengths: tuple[int, int, int],
) -> None:
    """Raise a ValueError that names the part if a run does not fit its model.

    Parameters
    ----------
    run : RunState
        Whose values are checked already.
    config : TrainingConfig
        Settings of the run.
    weights : Weights
        Matrices of the model.
    before, lengths : tuple of int
        Numbers of losses, records and epochs: before this run, and those that the file has.
    """
    for i, (least, most) in enumerate(zip(before, lengths, strict=True)):
        whole(0, most)(f"run.settings.before[{i}]", least)
    control = run.values["settings"]["control"]
    limit = control.get("max_seconds")
    with _named("run.settings.control.max_seconds", limit):
        checked_seconds(limit, config)
    for name, rows in weights.matrices().items():
        if not np.isfinite(rows).all():
            raise ValueError(f"tensor {name!r} has numbers that are not finite")
    _check_plan(run.values["chosen"]["plan"], config, len(weights.vectors))
    _Arrays(run, config, weights).check()


def _check_plan(plan: Mapping[str, Any], config: TrainingConfig, n_words: int) -> None:
    name, whole_rows = "run.chosen.plan", dict(ShardPlan.whole(2, config, n_words).rows)
    for matrix, n in plan["rows"].items():
        if matrix not in whole_rows:
            raise ValueError(f"{name}.rows.{matrix} is unexpected: the model has no such matrix")
        whole(0, whole_rows[matrix])(f"{name}.rows.{matrix}", n)
    if plan["shards"] > 1 and plan["complete"] and plan["rows"] != whole_rows:
        raise _wrong(f"{name}.rows", plan["rows"], f"{whole_rows}, since complete is true")
    if plan["shards"] == 1 and plan["rows"]:
        raise _wrong(f"{name}.shards", 1, "more: there are replicas")


class _Arrays:
    """Checks the tensors of a run."""

    def __init__(self, run: RunState, config: TrainingConfig, weights: Weights) -> None:
        self.run, self.config, self.matrices = run, config, weights.matrices()
        self.n_words = len(weights.vectors)

    def check(self) -> None:
        """Check them all; those with names that nothing reads do no harm."""
        values, dim = self.run.values, self.config.vector_size
        self.one("loss", np.float64, (self.config.epochs,))
        self.one("predictions", np.int64, (self.config.epochs,), least=0)
        if "trainable" in self.run.arrays:
            self.one("trainable", np.uint8, (self.n_words,))
        for name in self.names("homes") | self.names("strengths"):
            n = len(self.run.arrays.get(f"strengths.{name}", ()))
            if name not in self.matrices or n > len(self.matrices[name]):
                raise ValueError(f"tensor 'run.strengths.{name}' has {n:,} rows too many")
            self.one(f"strengths.{name}", np.float32, (n,), least=0, finite=False)
            self.one(f"homes.{name}", np.float32, (n, dim))
        stopping = (values["watcher"] or {}).get("early_stopping") or {}
        if stopping.get("best") is not None:
            for name, rows in self.matrices.items():
                self.one(f"best.{name}", np.float32, rows.shape)
        if self.names("balance"):
            self.check_balance(dim)

    def names(self, part: str) -> set[str]:
        """Return the names of the arrays of a part."""
        return {
            name.partition(".")[2] for name in self.run.arrays if name.partition(".")[0] == part
        }

    def check_balance(self, dim: int) -> None:
        """Check what the balance of the matrices carries on; see balance.py."""
        self.one("balance.missing", np.float32, (dim, dim))
        if "balance.expected" in self.run.arrays:
            self.one("balance.expected", np.float32, (dim, dim))
        for name, rows in self.matrices.items():
            drawn = [f"balance.{name}.rows", f"balance.{name}.weights"]
            if not any(one in self.run.arrays for one in drawn):
                continue
            n = len(self.run.arrays.get(drawn[0], ()))
            self.one(drawn[0], np.int64, (n,), least=0, most=len(rows) - 1)
            self.one(drawn[1], np.float32, (n,))

    def one(
        self,
        name: str,
        kind: npt.DTypeLike,
        shape: tuple[int, ...],
        *,
        least: float = -math.inf,
        most: float = math.inf,
        finite: bool = True,
    ) -> None:
        """Check the type, shape and numbers of an array."""
        found, dtype = self.run.arrays.get(name), np.dtype(kind)
        if found is None:
            raise ValueError(f"tensor 'run.{name}' is missing")
        if found.dtype != dtype or found.shape != shape:
            raise ValueError(
                f"tensor 'run.{name}' is {found.dtype} of shape {found.shape}, expected {dtype} of "
                f"shape {shape}"
            )
        if finite and not np.isfinite(found).all():
            raise ValueError(f"tensor 'run.{name}' has numbers that are not finite")
        if not ((found >= least) & (found <= most)).all():
            limit = f"{least:g} or more" if math.isinf(most) else f"from {least:g} to {most:g}"
            raise ValueError(f"tensor 'run.{name}' has numbers that are not {limit}")
