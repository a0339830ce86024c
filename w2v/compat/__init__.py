"""Compatibility with other libraries: their names, defaults and meanings on top of w2v's own."""

from __future__ import annotations

import importlib
from types import ModuleType

__all__ = ["gensim"]


def __getattr__(name: str) -> ModuleType:
    if name not in __all__:
        raise AttributeError(f"module 'w2v.compat' has no attribute {name!r}")
    return importlib.import_module(f"w2v.compat.{name}")
