"""The command line, ``w2v``."""

from w2v.cli.app import main

__all__ = ["main"]
