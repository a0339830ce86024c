"""Callbacks: what is called in the midst of a training, and how it is called.

The methods and their order are those of gensim, so that callbacks written for it work unchanged:
`on_train_begin`; for each epoch, `on_epoch_begin` and `on_epoch_end`; `on_train_end`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from w2v._warnings import warn
from w2v.training.early_stopping import EarlyStopping
from w2v.training.history import EpochRecord
from w2v.training.intervals import Interval


class Callback:
    """Base of callbacks: override the methods for the moments that matter.

    Each gets the model as it is: ``model.wv`` can be queried, and ``model.history`` ends with the
    latest record. A method that returns True ends training; what `on_train_end` returns is ignored.
    A callback may change vectors, but it must not train the model or build its vocabulary.

    Any object works that has one of these methods; it need not be derived from this class.

    Attributes
    ----------
    interval : str or None, default None
        How often `on_interval` is called: "10min", "5_000_000 tokens", "0.25 epochs".
    metrics : dict of str to float
        What was measured in `on_epoch_end`. Training adds it to the record of the epoch.

    Examples
    --------
    >>> from w2v import Word2Vec
    >>> from w2v.callbacks import Callback
    >>> class Ends(Callback):
    ...     def on_epoch_end(self, model):
    ...         return model.history[-1].loss < 3.6
    >>> text = [["sun", "moon", "star"], ["bread", "milk", "egg"]] * 500
    >>> model = Word2Vec(text, vector_size=10, epochs=50, workers=1, callbacks=[Ends()])
    >>> len(model.history) < 50
    True
    """

    interval: str | None = None
    metrics: dict[str, float] = {}  # noqa: RUF012 - a callback that measures has its own

    def on_train_begin(self, model: Any) -> object:
        """Be called before anything is trained."""

    def on_epoch_begin(self, model: Any) -> object:
        """Be called before each epoch."""

    def on_epoch_end(self, model: Any) -> object:
        """Be called after each epoch that was trained to its end."""

    def on_merge(self, model: Any) -> object:
        """Be called when shards have been merged; never by a run without shards."""

    def on_interval(self, model: Any) -> object:
        """Be called when `interval` has passed, where nothing is half trained."""

    def on_record(self, model: Any, record: EpochRecord) -> object:
        """Be called with each new record of the history, after all of `on_epoch_end`."""

    def on_train_end(self, model: Any) -> object:
        """Be called when training has ended.

        Also after Ctrl-C, and after a callback has raised an exception; not after a divergence,
        which leaves nothing to keep.
        """

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint should keep of this callback: values that JSON has."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned, before `on_train_begin` of a run that is resumed."""


HOOKS = (
    "on_train_begin", "on_epoch_begin", "on_epoch_end", "on_merge", "on_interval", "on_record",
    "on_train_end",
)  # fmt: skip


class Callbacks:
    """All callbacks of one training, to be called in their order.

    Parameters
    ----------
    callbacks : iterable
        Objects with some of the methods of `Callback`.
    on_epoch_end : callable, optional
        A function of the model, called after the methods of that name.

    Raises
    ------
    TypeError, ValueError
        If one of them cannot be called.
    """

    def __init__(
        self, callbacks: Iterable[Any] | None, on_epoch_end: Callable[[Any], object] | None = None
    ) -> None:
        if on_epoch_end is not None and not callable(on_epoch_end):
            raise TypeError(f"on_epoch_end={on_epoch_end!r:.80}: expected a function of the model")
        if callbacks is None:
            callbacks = ()
        if not isinstance(callbacks, Iterable):
            remedy = "put it in brackets"
            if not isinstance(callbacks, Callback) and callable(callbacks):
                remedy = "pass a function as on_epoch_end="
            raise TypeError(f"callbacks={callbacks!r:.80}: expected a list of callbacks; {remedy}")
        self.each = list(callbacks)
        for i, one in enumerate(self.each):
            _check(i, one)
        self.function = on_epoch_end
        self.intervals = [
            (one, Interval.parse(one.interval, f"interval of callbacks[{i}]"))
            for i, one in enumerate(self.each)
            if _has(one, "on_interval") and getattr(one, "interval", None) is not None
        ]

    def __bool__(self) -> bool:
        return bool(self.each) or self.function is not None

    def listen(self, hook: str) -> bool:
        """Return whether anything is done at a moment."""
        return any(_has(one, hook) for one in self.each)

    def call(self, hook: str, model: Any, *more: Any) -> bool:
        """Call all of them; return whether one wants training to end."""
        ends = False
        for one in self.each:
            ends |= self.call_one(one, hook, model, *more)
        if hook == "on_epoch_end" and self.function is not None:
            ends |= _guarded(self.function, "on_epoch_end", model)
        return ends

    def call_one(self, one: Any, hook: str, model: Any, *more: Any) -> bool:
        """Call one of them; return whether it wants training to end."""
        if not _has(one, hook):
            return False
        ends = _guarded(getattr(one, hook), f"{type(one).__name__}.{hook}", model, *more)
        metrics = getattr(one, "metrics", None)
        if hook == "on_epoch_end" and isinstance(metrics, dict) and model.history:
            model.history[-1].metrics.update({str(k): float(x) for k, x in metrics.items()})
        return ends

    def state(self) -> list[list[Any]]:
        """Return class and state of each callback: values that JSON has; see `Callback.state`."""
        return [
            [type(one).__name__, one.state() if hasattr(one, "state") else {}] for one in self.each
        ]

    def restore(self, states: list[list[Any]]) -> None:
        """Give each callback its state back, in the same order; see `state`.

        Raises
        ------
        ValueError
            If the method `restore` of one of them fails.
        """
        before, now = [name for name, _ in states], [type(one).__name__ for one in self.each]
        if before != now:
            warn(
                f"the run had callbacks {before}, and goes on with {now}: they begin without what "
                "was kept of them",
                RuntimeWarning,
            )
            return
        for i, (one, (name, state)) in enumerate(zip(self.each, states, strict=True)):
            if hasattr(one, "restore"):
                try:
                    one.restore(state)
                except Exception as error:
                    raise ValueError(
                        f"callbacks[{i}] ({name}) cannot take back its state {state!r:.80}, in its "
                        f"method restore: {error!r}"
                    ) from error


def _has(one: Any, hook: str) -> bool:
    """Return whether a callback has a method of its own, not the empty one of `Callback`."""
    method = getattr(type(one), hook, None)
    if method is None:
        return callable(getattr(one, hook, None))
    return method is not getattr(Callback, hook)


def _check(i: int, one: Any) -> None:
    name = f"callbacks[{i}]"
    if isinstance(one, type):
        raise TypeError(f"{name} is the class {one.__name__}: expected an instance of it")
    if isinstance(one, EarlyStopping):
        raise TypeError(f"{name} is an EarlyStopping, not a callback: use early_stopping=")
    if isinstance(one, Callback) or any(_has(one, hook) for hook in HOOKS):
        return
    remedy = "; pass a function as on_epoch_end=" if callable(one) else ""
    raise TypeError(
        f"{name} is of type {type(one).__name__}: expected an object with one of the methods "
        f"{', '.join(HOOKS)}{remedy}"
    )


def _guarded(function: Callable[..., object], name: str, model: Any, *more: Any) -> bool:
    """Call a function, and raise if it has changed what must not change."""
    before = model._epochs_trained, model._weights
    ends = function(model, *more)
    if model._epochs_trained != before[0] or model._weights is not before[1]:
        raise RuntimeError(
            f"{name} has trained the model, or changed its vocabulary, in the middle of a "
            "training; do that after train() has returned"
        )
    return isinstance(ends, (bool, np.bool_)) and bool(ends)
