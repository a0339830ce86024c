"""The command line, ``w2v``."""

from __future__ import annotations

from w2v.cli import signals

TYPE_CHECKING = False  # that of `typing`, which takes a while to import
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

# What BLAS, PyTorch and Arrow read when they are imported.
_THREAD_COUNTS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    args : sequence of str, optional
        The arguments after the name of the program. Default ``sys.argv[1:]``: this is the program,
        and signals end it in order. With arguments, signals stay as they are.

    Returns
    -------
    int
        The exit status: 0, 1 (error), 2 (wrong usage), 70 (a fault of w2v), 130
        (interrupted) or 143 (terminated).
    """
    if args is not None:
        from w2v.cli import app

        return app.main(args)
    with signals.handled():
        _limit_threads()
        from w2v.cli import app  # after the handlers: imports take a while

        signals.loaded()
        return app.main()


def _limit_threads() -> None:
    """Let other libraries, which see all CPUs, start as many threads as a container's quota allows.

    What the user has set stays. A program that imports w2v decides for itself.
    """
    import math
    import os

    from w2v import _cpu

    if math.isfinite(_cpu.cpu_quota()):
        for name in _THREAD_COUNTS:
            os.environ.setdefault(name, str(_cpu.available_cpus()))
