"""What a run is recognized by, and what it goes on from when it is resumed from a checkpoint."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from w2v import simd
from w2v._types import PathLike
from w2v._version import __version__
from w2v._warnings import warn
from w2v.corpus.fingerprint import Fingerprint
from w2v.training.anchors import Anchor
from w2v.training.early_stopping import EarlyStopping
from w2v.training.run_checks import check_beside, check_values
from w2v.training.run_state import RunState
from w2v.training.validation import share_of
from w2v.training.weights import Weights, pad_rows

if TYPE_CHECKING:
    from w2v.config import TrainingConfig
    from w2v.corpus.corpus import Corpus

DEFAULT_INTERVAL = "10min"
_CONTROL = (
    "validation_every",
    "early_stopping",
    "max_seconds",
)  # arguments of `train` that a run keeps
_CHANGES = ("epochs", "alpha", "min_alpha")  # hyper-parameters that `train` may change
_REMEDY = "the file is corrupt, or was edited: resume from another checkpoint, or train again"


@dataclass(frozen=True)
class RunSettings:
    """What `train` was called with, as far as a run that goes on needs it.

    Attributes
    ----------
    before : tuple of int
        Numbers of losses, records and epochs of the model before this training.
    changes : dict
        Hyper-parameters of this training that are not those of the model.
    corpus : Fingerprint
    source : dict
        Where the text came from; see `Corpus.source`.
    share : float or None
        Of the sentences, held out.
    held_out : Fingerprint or None
        Of a text of its own that is held out.
    control : dict
        Further arguments, by name.
    every : str
        How often a checkpoint is written.
    simd, version : str
        What the run began with.
    """

    before: tuple[int, int, int]
    changes: dict[str, Any]
    corpus: Fingerprint
    source: dict[str, Any]
    share: float | None
    held_out: Fingerprint | None
    control: dict[str, Any]
    every: str
    simd: str
    version: str

    @classmethod
    def of(
        cls,
        before: tuple[int, int, int],
        changes: dict[str, Any],
        corpus: Corpus,
        held_out: Corpus | None,
        given: Mapping[str, Any],
    ) -> RunSettings:
        """Return the settings of a run that begins; `given` are the arguments of `train`."""
        share = share_of(given["validation"])
        return cls(
            before,
            changes,
            Fingerprint.of(corpus),
            dict(corpus.source),
            share,
            Fingerprint.of(held_out) if share is None and held_out is not None else None,
            {name: given[name] for name in _CONTROL}
            | {"early_stopping": EarlyStopping.of(given["early_stopping"])},
            given["checkpoint_every"] or DEFAULT_INTERVAL,
            simd.active(),
            __version__,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return values that JSON has."""
        stopping = self.control["early_stopping"]
        return {
            **vars(self),
            "corpus": self.corpus.to_dict(),
            "held_out": None if self.held_out is None else self.held_out.to_dict(),
            "control": {
                **self.control,
                "early_stopping": None if stopping is None else vars(stopping),
            },
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RunSettings:
        """Return what `to_dict` described, or raise a KeyError, TypeError or ValueError."""
        held_out = values["held_out"]
        control = {name: values["control"].get(name) for name in _CONTROL}
        stopping = control["early_stopping"]
        control["early_stopping"] = None if stopping is None else EarlyStopping(**stopping)
        losses, records, epochs = map(int, values["before"])
        return cls(
            (losses, records, epochs),
            dict(values["changes"]),
            Fingerprint.from_dict(values["corpus"]),
            dict(values["source"]),
            None if values["share"] is None else float(values["share"]),
            None if held_out is None else Fingerprint.from_dict(held_out),
            control,
            str(values["every"]),
            str(values["simd"]),
            str(values["version"]),
        )

    @classmethod
    def of_run(cls, path: PathLike, run: RunState) -> RunSettings:
        """Return the settings in a checkpoint, whose values are checked; or raise a ValueError."""
        with usable(path):
            check_values(run.values)
            return cls.from_dict(run.values["settings"])

    def changed(self, path: PathLike, config: TrainingConfig) -> TrainingConfig:
        """Return the hyper-parameters of the run, from those of its model; or raise a ValueError.

        The latter if the file changes something else than `train` does.
        """
        with usable(path):
            for name in self.changes:
                if name not in _CHANGES:
                    raise ValueError(
                        f"run.settings.changes.{name} is unexpected: a training may change "
                        f"{', '.join(_CHANGES)}"
                    )
            return config.replace(**self.changes)

    def check_settings(
        self, path: PathLike, config: TrainingConfig, given: Mapping[str, Any]
    ) -> None:
        """Raise a ValueError if a setting differs from that of the run."""
        if "early_stopping" in given:
            given = {**given, "early_stopping": EarlyStopping.of(given["early_stopping"])}
        run = {**config.to_dict(), **self.control}
        other = [name for name, value in given.items() if run[name] != value]
        if other:
            listed = ", ".join(f"{name}={given[name]!r} (it was {run[name]!r})" for name in other)
            raise ValueError(
                f"{os.fspath(path)}: a run goes on with the settings that it began with, and "
                f"{listed}: leave such settings out, or begin another run"
            )

    def check_validation(self, path: PathLike, validation: object) -> None:
        """Raise a ValueError if `validation` is something else than the run holds out."""
        if validation is None or validation is False or validation == self.share:
            return
        if self.held_out is None:
            kept = "nothing" if self.share is None else f"a share of {self.share:g}"
            raise ValueError(
                f"{os.fspath(path)}: validation={validation!r:.80}, but the run holds out {kept}, "
                "and goes on as it began: leave validation out"
            )

    def check_text(self, path: PathLike, corpus: Corpus) -> None:
        """Raise a ValueError if a text is not the one that the run began with."""
        difference = Fingerprint.of(corpus).difference(self.corpus)
        if difference is None:
            return
        files = [str(each.get("name", "")) for each in self.source.get("files") or ()]
        read = f", which was read from {', '.join(files[:3])}" if any(files) else ""
        raise ValueError(
            f"{os.fspath(path)}: this is not the text of the run: {difference}{read}; resume with "
            "the same text, or train on another one from the model so far: Word2Vec.load() reads "
            "it from this file"
        )

    def check_held_out(self, path: PathLike, held_out: Corpus | None) -> None:
        """Raise a ValueError if a text of its own is not the one that was held out."""
        name = os.fspath(path)
        if self.held_out is None:
            return
        if held_out is None:
            raise ValueError(
                f"{name}: the run measures the loss of a text of its own, which is not in the "
                "file: pass it as validation="
            )
        difference = Fingerprint.of(held_out).difference(self.held_out)
        if difference is not None:
            raise ValueError(
                f"{name}: validation= is not the text whose loss the run measured: {difference}"
            )

    def warn_of_machine(self, path: PathLike) -> None:
        """Warn if what follows cannot have the same bytes as without an interruption."""
        before, now = (self.version, self.simd), (__version__, simd.active())
        if before != now:
            warn(
                f"{os.fspath(path)}: the run began with w2v {before[0]} ({before[1]}) and goes on "
                f"with w2v {now[0]} ({now[1]}): the result is as good, but not the same to the bit",
                RuntimeWarning,
            )


@dataclass(frozen=True)
class ResumedRun:
    """A run that goes on.

    Attributes
    ----------
    path : path-like
        The checkpoint.
    chosen : dict
        What the run has chosen from the text and the machine; see `Chosen` in trainer.py.
    state : RunState
    watcher : dict or None
        See `Watcher.state`.
    """

    path: PathLike
    chosen: dict[str, Any]
    state: RunState
    watcher: dict[str, Any] | None

    @classmethod
    def of(
        cls,
        path: PathLike,
        run: RunState,
        settings: RunSettings,
        config: TrainingConfig,
        model: Any,
    ) -> ResumedRun:
        """Return the run of a checkpoint.

        Raises
        ------
        ValueError
            If it does not fit the model that is in the same file.
        """
        lengths = len(model.training_loss), len(model.history), model._epochs_trained
        with usable(path):
            check_beside(run, config, model._weights, settings.before, lengths)
            values = run.values
            state = RunState(dict(values["state"]), run.arrays)
            return cls(path, dict(values["chosen"]), state, values["watcher"])

    def held(self, weights: Weights) -> Weights:
        """Return the matrices with what holds rows of them; see `holding_arrays`."""
        mask = self.state.arrays.get("trainable")
        homes, strengths = self.state.part("homes"), self.state.part("strengths")
        anchor = None
        if strengths:
            anchor = Anchor({name: pad_rows(rows) for name, rows in homes.items()}, strengths)
        return replace(
            weights, trainable=None if mask is None else mask.astype(np.bool_), anchor=anchor
        )


def holding_arrays(weights: Weights, dim: int) -> dict[str, npt.NDArray[Any]]:
    """Return which rows are trained and where they are anchored; these arrays do not change."""
    state = RunState({}, {})
    if weights.trainable is not None:
        state.arrays["trainable"] = weights.trainable.astype(np.uint8)
    if weights.anchor is not None:
        homes = {name: rows[:, :dim] for name, rows in weights.anchor.homes.items()}
        state = state.with_part("homes", homes).with_part("strengths", weights.anchor.strengths)
    return state.arrays


@contextlib.contextmanager
def usable(path: PathLike) -> Iterator[None]:
    """Turn errors inside the block into one that names the file, what is wrong, and the remedy.

    Whatever a wrong value leads to: no work begins from it.
    """
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        bare = not isinstance(error, ValueError) or isinstance(error, UnicodeError)
        reason = f"the state of the run is unreadable ({error!r:.200})" if bare else str(error)
        raise ValueError(f"{os.fspath(path)}: {reason}; {_REMEDY}") from error
