"""Attributes and arguments of public classes: none without effect; the new names of old ones."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any, ClassVar, TypeVar

Kind = TypeVar("Kind", bound=type)
Function = TypeVar("Function", bound=Callable[..., Any])


class WriteOnce:
    """Base of objects whose public attributes are set when the object is made, and not again.

    Later assignments, and those to other names, would be accepted by Python and have no effect:
    they raise an AttributeError. Properties with a setter, names that begin with an underscore and
    the attributes of subclasses elsewhere (and in `w2v.compat`) are not affected.
    """

    _remedy: ClassVar[str] = ""  # the end of the message: what to do instead
    _variable: ClassVar[frozenset[str]] = frozenset()  # may be assigned at any time
    _renamed: ClassVar[Mapping[str, str]] = {}  # what to use instead of names in older code

    def __getattr__(self, name: str) -> Any:
        use = self._renamed.get(name)
        if use is None:
            return object.__getattribute__(self, name)  # raises, as a property did perhaps
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}; use {use}")

    def __setattr__(self, name: str, value: Any) -> None:
        kind = type(self)
        found = getattr(kind, name, None)
        package = kind.__module__.split(".")
        own = not name.startswith("_") and package[0] == "w2v" and "compat" not in package[1:2]
        if own and not (isinstance(found, property) or (callable(found) and callable(value))):
            known = _public_attributes(kind)
            if name not in known:
                near = difflib.get_close_matches(name, sorted(known), 1)
                hint = f"did you mean {near[0]!r}?" if near else self._remedy
                if name in self._renamed:
                    hint = f"use {self._renamed[name]}"
                raise AttributeError(f"{kind.__name__} has no attribute {name!r} to set; {hint}")
            if name in self.__dict__ and name not in self._variable:
                raise AttributeError(
                    f"{kind.__name__}.{name} cannot be changed: it would have no effect; "
                    f"{self._remedy}"
                )
        elif own and isinstance(found, property) and found.fset is None:
            raise AttributeError(f"{kind.__name__}.{name} cannot be set; {self._remedy}")
        super().__setattr__(name, value)


class KnownAttributes:
    """Base of estimators: an attribute that is neither a parameter nor fitted cannot be set.

    Python would accept a misspelled one, and nothing would read it. Names that end or begin with an
    underscore and the attributes of subclasses elsewhere are not affected.
    """

    _variable: ClassVar[frozenset[str] | None] = None  # default: the parameters of `__init__`

    def __setattr__(self, name: str, value: Any) -> None:
        kind = type(self)
        public = not name.startswith("_") and not name.endswith("_")
        if public and kind.__module__.partition(".")[0] == "w2v":
            parameters = _parameters(kind)  # type: ignore[arg-type]
            known = parameters if self._variable is None else self._variable
            if name not in known:
                near = difflib.get_close_matches(name, sorted(known), 1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                if name in parameters:
                    hint = f" later; create a new {kind.__name__}({name}={value!r:.60})"
                raise AttributeError(f"{kind.__name__} has no attribute {name!r} to set{hint}")
        super().__setattr__(name, value)


@functools.cache
def _parameters(kind: Any) -> frozenset[str]:
    return frozenset(inspect.signature(kind).parameters)


def _public_attributes(kind: type) -> set[str]:
    """Return the names that a class declares: its annotations, and properties with a setter."""
    names: set[str] = set()
    for one in kind.__mro__:
        names.update(getattr(one, "__annotations__", ()))
        names.update(
            name for name, value in vars(one).items() if getattr(value, "fset", None) is not None
        )
    return {name for name in names if not name.startswith("_")}


def renamed(**use: str) -> Callable[[Function], Function]:
    """Return a decorator: an argument of older code raises a TypeError that names the new one."""

    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            for name in use.keys() & kwargs.keys():
                raise TypeError(
                    f"{function.__qualname__}() has no argument {name!r}; use {use[name]}"
                )
            return function(*args, **kwargs)

        return call  # type: ignore[return-value]

    return decorate


def with_own_methods(kind: Kind) -> Kind:
    """Give a class copies of the methods that it inherits from internal classes of w2v.

    Python's messages name the class that a method was written in. A caller knows only this one.
    """
    for base in kind.__mro__[1:]:
        if not base.__module__.startswith("w2v."):
            continue
        for name, found in vars(base).items():
            method = found.__func__ if isinstance(found, classmethod) else found
            private = name.startswith("_") and not name.startswith("__")
            if private or name in vars(kind) or not isinstance(method, FunctionType):
                continue
            copied = FunctionType(
                method.__code__,
                method.__globals__,
                name,
                method.__defaults__,
                method.__closure__,
            )
            copied.__kwdefaults__ = method.__kwdefaults__
            copied.__annotations__ = method.__annotations__
            copied.__doc__ = method.__doc__
            copied.__dict__.update(vars(method))
            copied.__module__ = kind.__module__
            copied.__qualname__ = f"{kind.__qualname__}.{name}"
            setattr(kind, name, classmethod(copied) if found is not method else copied)
    return kind
