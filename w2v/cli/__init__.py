"""The command line, ``w2v``."""

from __future__ import annotations

from collections.abc import Sequence

from w2v.cli import signals

__all__ = ["main"]


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
        The exit status: 0, 1 (error), 2 (wrong usage), 130 (interrupted) or 143 (terminated).
    """
    if args is not None:
        from w2v.cli import app

        return app.main(args)
    with signals.handled():
        from w2v.cli import app  # after the handlers: imports take a while

        signals.loaded()
        return app.main()
