"""Signals: Ctrl-C and a request to terminate end a run in order, with one line, not a traceback.

Imports nothing that takes time: it is there before everything else is imported.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import sys
import threading

TYPE_CHECKING = False  # that of `typing`, which takes a while to import
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType
    from typing import Any

INTERRUPTED = 128 + signal.SIGINT  # exit status, as shells count
TERMINATED = 128 + signal.SIGTERM

# Of what may be sent to a run, what ends it; a system without one of them lacks the name.
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
_DEFAULTS = (signal.SIG_DFL, signal.default_int_handler)
_AGAIN = 0.01  # seconds until a signal that was lost is raised again


class Interrupted(KeyboardInterrupt):
    """Ctrl-C; of a type of its own, because Python notes a plain one as the end of the program.

    (It does so if one passes through `exec`, as in the import of many libraries.)
    """


class Terminated(BaseException):
    """The run was asked to terminate; not an error, like KeyboardInterrupt."""


class _Run:
    """What has happened to this run."""

    received = 0  # the last signal
    loading = False  # whether there is nothing to clean up yet


_run = _Run()


def status_of(error: BaseException | None = None) -> int:
    """Return the exit status of a run that a signal has ended; 0 if none has.

    An exception in the middle of an import, or in C, may come out as any other: it is the signal
    that counts. Without handlers (`handled`), the exception decides.
    """
    if _run.received:
        return 128 + _run.received
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    return TERMINATED if isinstance(error, Terminated) else 0


def message_of(status: int) -> str:
    """Return what an exit status of `status_of` means, or an empty string."""
    if status == INTERRUPTED:
        return "interrupted"
    return "terminated" if status > 128 else ""


@contextlib.contextmanager
def handled() -> Iterator[None]:
    """Let signals raise exceptions, or exit at once before `loaded`; for the main thread.

    A signal that is ignored, as in a background job or under ``nohup``, stays ignored. After the
    block, the program ends, and Ctrl-C has nothing to interrupt any more.
    """
    numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    numbers = [number for number in numbers if signal.getsignal(number) in _DEFAULTS]
    _run.received, _run.loading = 0, True
    for number in numbers:
        signal.signal(number, _handle)
    sys.unraisablehook = _on_unraisable
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN if number == signal.SIGINT else signal.SIG_DFL)


def loaded() -> None:
    """Begin the part of a run that has something to clean up, and that exceptions end."""
    _run.loading = False


def _handle(number: int, frame: FrameType | None) -> None:
    _run.received = number
    if _run.loading:
        with contextlib.suppress(OSError):
            os.write(2, f"w2v: {message_of(128 + number)}\n".encode())
        os._exit(128 + number)
    raise Interrupted if number == signal.SIGINT else Terminated


def _send(number: int) -> None:
    """Send a signal to the main thread, so that it also ends a wait (`interrupt_main` doesn't)."""
    thread = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and thread is not None:
        signal.pthread_kill(thread, number)
    else:
        _thread.interrupt_main(signal.Signals(number))


def _on_unraisable(unraisable: Any, /) -> None:
    """Raise a signal again whose exception was lost in a callback or a destructor."""
    if issubclass(unraisable.exc_type, KeyboardInterrupt | Terminated) and _run.received:
        again = threading.Timer(_AGAIN, _send, (_run.received,))
        again.daemon = True
        again.start()
    else:
        sys.__unraisablehook__(unraisable)
