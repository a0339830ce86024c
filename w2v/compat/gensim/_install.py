"""Putting this package in gensim's place: what ``import gensim`` finds."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.metadata
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import DistributionFinder
from pathlib import Path
from types import ModuleType
from typing import Any

VERSION = "4.4.0"  # of the interface; libraries compare it

_OURS = "w2v.compat.gensim"


class _Distribution(importlib.metadata.Distribution):
    """What `importlib.metadata.version` reads."""

    def read_text(self, filename: str) -> str | None:
        if filename != "METADATA":
            return None
        return f"Metadata-Version: 2.1\nName: gensim\nVersion: {VERSION}\n"

    def locate_file(self, path: Any) -> Any:
        return Path(__file__).parent / path


class _Finder(DistributionFinder, importlib.abc.Loader):
    """Finds ``gensim`` and its submodules here; each is the same module under both names."""

    def find_distributions(
        self, context: DistributionFinder.Context | None = None
    ) -> Iterator[importlib.metadata.Distribution]:
        """Yield the metadata of gensim if they are asked for by its name."""
        if context is not None and context.name == "gensim":
            yield _Distribution()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return the specification of a module of gensim; None for any other module."""
        parent, _, _ = fullname.rpartition(".")
        if fullname != "gensim" and not _is_ours(sys.modules.get(parent), parent):
            return None
        found = importlib.util.find_spec(_ours(fullname))
        if found is None:
            raise ModuleNotFoundError(
                f"No module named {fullname!r}: w2v is in the place of gensim "
                f"({_OURS}.install()) and has Word2Vec, KeyedVectors and Phrases only; where the "
                "rest of gensim is needed, import gensim itself, and for these classes "
                f"{_OURS}.models",
                name=fullname,
            )
        spec = importlib.machinery.ModuleSpec(
            fullname, self, is_package=found.submodule_search_locations is not None
        )
        spec.submodule_search_locations = found.submodule_search_locations
        return spec

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """Return the module of this package, imported under its own name."""
        module = importlib.import_module(_ours(spec.name))
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its own specification back, which the import system has replaced."""
        assert module.__spec__ is not None
        module.__spec__ = module.__spec__.loader_state


def _ours(name: str) -> str:
    return _OURS + name.removeprefix("gensim")


def _is_ours(module: ModuleType | None, name: str) -> bool:
    return (
        name.partition(".")[0] == "gensim"
        and module is not None
        and module is sys.modules.get(_ours(name))
    )


def install() -> None:
    """Put this package in the place of gensim, for code that imports gensim and cannot be edited.

    Afterwards, ``import gensim`` and ``from gensim.models import Word2Vec`` find
    `w2v.compat.gensim`, in this process and until `uninstall`, even if gensim itself is installed.
    A second call changes nothing. The version that `importlib.metadata` reports is 4.4.0.

    Raises
    ------
    RuntimeError
        If gensim itself is imported already: part of the program would use one and part the other.

    Examples
    --------
    >>> import w2v.compat.gensim
    >>> w2v.compat.gensim.install()
    >>> from gensim.models import Word2Vec
    >>> Word2Vec.__module__
    'w2v.compat.gensim.models.word2vec'
    >>> w2v.compat.gensim.uninstall()
    """
    imported = sys.modules.get("gensim")
    if imported is not None and not _is_ours(imported, "gensim"):
        where = getattr(imported, "__file__", None) or "an unknown place"
        raise RuntimeError(
            f"gensim is imported already, from {where}: call {_OURS}.install() before the first "
            "import of gensim, and of libraries that import it"
        )
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def uninstall() -> None:
    """Undo `install`: ``import gensim`` then finds gensim itself, if it is installed.

    Names that were imported before keep their meaning. Without `install`, this does nothing.
    """
    finders = [finder for finder in sys.meta_path if isinstance(finder, _Finder)]
    for finder in finders:
        sys.meta_path.remove(finder)
    if _is_ours(sys.modules.get("gensim"), "gensim"):
        for name in [name for name in sys.modules if name.partition(".")[0] == "gensim"]:
            del sys.modules[name]
