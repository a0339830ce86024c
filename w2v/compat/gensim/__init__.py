"""gensim's module tree on top of w2v: names, defaults and meanings are those of gensim 4.4.

Change the import, ``from w2v.compat.gensim.models import Word2Vec``; or, for code that you cannot
edit, call `install` once before it: ``import gensim`` then finds this package, whether gensim is
installed or not. docs/gensim.md lists the names.
"""

from __future__ import annotations

import importlib
import logging
from types import ModuleType

from w2v.compat.gensim._install import VERSION, install, uninstall

__all__ = ["corpora", "install", "matutils", "models", "uninstall", "utils"]

__version__ = VERSION

logging.getLogger("gensim").addHandler(logging.NullHandler())

_MODULES = {"corpora", "interfaces", "matutils", "models", "test", "utils"}


def __getattr__(name: str) -> ModuleType:
    if name not in _MODULES:
        raise AttributeError(f"module 'w2v.compat.gensim' has no attribute {name!r}")
    return importlib.import_module(f"w2v.compat.gensim.{name}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
