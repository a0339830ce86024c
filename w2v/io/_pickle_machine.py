"""A restricted interpreter of pickles: containers, NumPy arrays and inert objects, nothing else.

A pickle is a program for a small stack machine. This machine neither imports nor calls anything:
globals stay names, a few of which represent arrays and containers, and all other instances become
`InertObject`. A pickle that references what only an attack needs, or uses another opcode, is
refused.
"""

from __future__ import annotations

import io
import math
import pickletools
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

_MARK = object()
# No global is looked up or called. A file that references one of these, by its module or its name,
# was made to harm the reader, and is refused as a whole.
_HARMFUL = {
    "os", "posix", "nt", "ntpath", "posixpath", "subprocess", "_posixsubprocess", "pty", "shutil",
    "sys", "importlib", "imp", "runpy", "code", "codeop", "commands", "popen2", "ctypes", "socket",
    "webbrowser", "multiprocessing", "pickle", "_pickle", "marshal", "tempfile", "builtins.eval",
    "builtins.exec", "builtins.compile", "builtins.open", "builtins.__import__", "builtins.input",
    "builtins.breakpoint", "__builtin__.eval", "__builtin__.execfile", "__builtin__.compile",
    "__builtin__.open", "__builtin__.file", "__builtin__.__import__", "__builtin__.input",
    "operator.attrgetter", "operator.methodcaller",
}  # fmt: skip
_COPIES_PER_BYTE = 100  # items and bytes that may be copied for each byte of a pickle
_MIN_COPIES = 1 << 20
_MAX_KEY_PARTS = 64


class UnsafePickleError(Exception):
    """The pickle contains something that word vectors do not need; the message says what."""


class GlobalRef:
    """A reference to a class or function, which is never looked up."""

    def __init__(self, name: str) -> None:
        if name in _HARMFUL or name.partition(".")[0] in _HARMFUL:
            raise UnsafePickleError(f"it references {name[:80]}, which is not allowed")
        self.name = name


class InertObject:
    """An instance: the name of its class, and its state."""

    def __init__(self, name: str, arguments: tuple[Any, ...] = ()) -> None:
        self.name, self.arguments = name, arguments
        self.state: dict[Any, Any] = {}


class InertArray(InertObject):
    """A NumPy array, whose content arrives later; of objects, the list of these; of texts, None."""

    value: npt.NDArray[Any] | None = None
    objects: list[Any] | None = None


class _Dtype(InertObject):
    order = "="


def _to_dtype(instance: object) -> np.dtype[Any] | None:
    """Return the dtype of an array; None for one that has no numbers."""
    if not isinstance(instance, _Dtype) or not instance.arguments:
        raise UnsafePickleError("an array has no dtype")
    kind = instance.arguments[0]
    if isinstance(kind, str) and kind[:1] in ("O", "U", "S", "V"):
        return None
    if not isinstance(kind, str) or not kind or kind[0] not in "fiub" or not kind[1:].isdecimal():
        raise UnsafePickleError(f"it contains an array of {kind!r:.40}, which is not a number")
    return np.dtype((instance.order if kind[1:] != "1" else "") + kind)


def _to_array(shape: object, kind: object, fortran: object, content: object) -> Any:
    dtype = _to_dtype(kind)
    if dtype is None:
        return None
    if isinstance(content, str):  # written by Python 2
        content = content.encode("latin-1")
    if not isinstance(content, (bytes, bytearray)):
        raise UnsafePickleError("the content of an array is not bytes")
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        raise UnsafePickleError("the shape of an array is not a tuple of numbers")
    if len(shape) > 8 or len(content) != dtype.itemsize * math.prod(shape):
        raise UnsafePickleError(f"an array of shape {shape[:8]} has {len(content):,} bytes")
    return np.frombuffer(content, dtype).reshape(shape, order="F" if fortran else "C")


def _to_key(value: Any) -> Any:
    """Return a key of a dict or an item of a set: nothing that contains others.

    The hash of a tuple visits all that is in it: a few bytes can nest or repeat tuples so that this
    overflows the stack, or takes for ever.
    """
    if value is None or isinstance(value, (str, int, float, bytes, np.integer, np.bool_)):
        return value
    phrase = isinstance(value, tuple) and len(value) <= _MAX_KEY_PARTS
    if phrase and all(isinstance(part, (str, bytes)) for part in value):
        return value
    raise UnsafePickleError(f"it uses a {type(value).__name__} as a key")


def _reduce(function: object, arguments: object) -> Any:
    """Return what represents the result of a call."""
    if not isinstance(function, GlobalRef) or not isinstance(arguments, tuple):
        raise UnsafePickleError("it calls an object that is not a global")
    name = function.name
    if name.endswith("._reconstruct"):
        return InertArray(name)
    if name == "numpy.dtype":
        return _Dtype(name, arguments)
    if name.endswith("multiarray.scalar"):
        kind, content = arguments
        if _is_text(kind):
            return _to_text(kind, content)
        array = _to_array((1,), kind, False, content)
        return None if array is None else array[0]
    if name.endswith("._frombuffer"):
        made = InertArray(name)
        content, kind, shape, order = arguments
        made.value = _to_array(shape, kind, order == "F", content)
        return made
    if name == "_codecs.encode" or name.endswith("tin__.bytearray"):
        if not isinstance(arguments[0], str):
            raise UnsafePickleError("it encodes something that is not text")
        return arguments[0].encode("latin-1")
    if name.endswith(".bytearray"):
        return arguments[0] if arguments and isinstance(arguments[0], bytes) else b""
    if name.endswith(("s.frozenset", "_.frozenset", "s.set", "_.set")):
        return set(map(_to_key, arguments[0])) if arguments else set()
    if name.endswith((".OrderedDict", ".defaultdict")):
        return {}
    if name.endswith("._reconstructor") and arguments and isinstance(arguments[0], GlobalRef):
        return InertObject(arguments[0].name)
    return InertObject(name, arguments)


def _is_text(kind: object) -> bool:
    return isinstance(kind, _Dtype) and str(kind.arguments[:1]).startswith("('U")


def _to_text(kind: _Dtype, content: object) -> str:
    """Return a text that was an element of a NumPy array of texts: `numpy.str_`."""
    if isinstance(content, str):  # of Python 2
        content = content.encode("latin-1", "replace")
    if not isinstance(content, bytes):
        raise UnsafePickleError("it contains a NumPy text without its characters")
    little = kind.order == "<" or (kind.order != ">" and sys.byteorder == "little")
    try:
        text = content.decode("utf-32-le" if little else "utf-32-be", "surrogatepass")
    except UnicodeDecodeError:
        raise UnsafePickleError("it contains a NumPy text that is not one") from None
    return text.rstrip("\0")


def _set_state(target: object, state: Any) -> None:
    if isinstance(target, InertArray):
        _, shape, kind, fortran, content = state
        target.value = _to_array(shape, kind, fortran, content)
        if target.value is None and isinstance(content, list):
            target.objects = content
    elif isinstance(target, _Dtype):
        target.order = state[1] if state[1] in ("<", ">", "|", "=") else "="
    elif isinstance(target, InertObject):
        parts = state if isinstance(state, tuple) and len(state) == 2 else (state,)  # with slots
        for part in parts:
            if isinstance(part, dict):
                target.state.update(part)
    elif isinstance(target, dict) and isinstance(state, dict):
        target.update(state)


def _copied(value: Any) -> int:
    """Return about how much is copied when a value is the state of another, or is encoded."""
    if isinstance(value, tuple):
        return sum(len(part) for part in value[:8] if isinstance(part, (dict, str, bytes)))
    return len(value) if isinstance(value, (dict, str, list, set)) else 0


def _settable(target: object) -> dict[Any, Any]:
    if isinstance(target, InertObject):  # of a class that inherits from dict
        return {}
    if not isinstance(target, dict):
        raise UnsafePickleError("it sets items on an object that is not a dict")
    return target


def _extendable(target: Any) -> list[Any]:
    if isinstance(target, InertObject):  # of a class that inherits from list, or a deque
        return []
    if not isinstance(target, list):
        raise UnsafePickleError("it appends to an object that is not a list")
    return target


class _Machine:
    """The stack and the memo; each opcode has a handler that takes the opcode's argument."""

    def __init__(self, size: int) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.copies_left = max(_MIN_COPIES, _COPIES_PER_BYTE * size)

    def charge(self, value: Any) -> None:
        """Count what is copied: the same value can be copied many times in a few bytes."""
        self.copies_left -= _copied(value)
        if self.copies_left < 0:
            raise UnsafePickleError("it copies far more than it contains")

    def pop_to_mark(self) -> list[Any]:
        at = len(self.stack) - 1
        while self.stack[at] is not _MARK:
            at -= 1
        items = self.stack[at + 1 :]
        del self.stack[at:]
        return items

    def replace(self, n: int, value: object) -> None:
        """Replace the last `n` items."""
        self.stack[-n:] = [value]

    # Memo.

    def memoize(self, argument: Any) -> None:
        self.memo[len(self.memo)] = self.stack[-1]

    def put(self, argument: Any) -> None:
        self.memo[int(argument)] = self.stack[-1]

    def get(self, argument: Any) -> None:
        self.stack.append(self.memo[int(argument)])

    # The stack itself.

    def push(self, argument: Any) -> None:
        self.stack.append(argument)

    def pop(self, argument: Any) -> None:
        self.stack.pop()

    def pop_mark(self, argument: Any) -> None:
        self.pop_to_mark()

    def dup(self, argument: Any) -> None:
        self.stack.append(self.stack[-1])

    # Containers.

    def make_tuple(self, argument: Any) -> None:
        self.push(tuple(self.pop_to_mark()))

    def make_list(self, argument: Any) -> None:
        self.push(self.pop_to_mark())

    def make_dict(self, argument: Any) -> None:
        items = self.pop_to_mark()
        self.push(dict(zip(map(_to_key, items[::2]), items[1::2], strict=True)))

    def make_frozenset(self, argument: Any) -> None:
        self.push(frozenset(map(_to_key, self.pop_to_mark())))

    def append(self, argument: Any) -> None:
        item = self.stack.pop()
        _extendable(self.stack[-1]).append(item)

    def appends(self, argument: Any) -> None:
        items = self.pop_to_mark()
        _extendable(self.stack[-1]).extend(items)

    def add_items(self, argument: Any) -> None:
        items = self.pop_to_mark()
        self.stack[-1].update(map(_to_key, items))

    def set_item(self, argument: Any) -> None:
        key, value = self.stack[-2:]
        del self.stack[-2:]
        _settable(self.stack[-1])[_to_key(key)] = value

    def set_items(self, argument: Any) -> None:
        items = self.pop_to_mark()
        keys = map(_to_key, items[::2])
        _settable(self.stack[-1]).update(zip(keys, items[1::2], strict=True))

    # Globals and instances.

    def global_(self, argument: Any) -> None:
        self.push(GlobalRef(str(argument).replace(" ", ".")))

    def stack_global(self, argument: Any) -> None:
        module, name = self.stack[-2:]
        if not isinstance(module, str) or not isinstance(name, str):
            raise UnsafePickleError("it references something without a name")
        self.replace(2, GlobalRef(f"{module}.{name}"))

    def reduce(self, argument: Any) -> None:
        self.charge(self.stack[-1])
        self.replace(2, _reduce(*self.stack[-2:]))

    def new_object(self, argument: Any) -> None:
        cls, arguments = self.stack[-2:]
        inert = isinstance(cls, GlobalRef)
        self.replace(2, InertObject(cls.name) if inert else _reduce(cls, arguments))

    def new_object_with_names(self, argument: Any) -> None:
        cls = self.stack[-3]
        self.replace(3, InertObject(cls.name) if isinstance(cls, GlobalRef) else None)

    def old_instance(self, argument: Any) -> None:
        self.pop_to_mark()
        self.push(InertObject(GlobalRef(str(argument).replace(" ", ".")).name))

    def build(self, argument: Any) -> None:
        state = self.stack.pop()
        self.charge(state)
        _set_state(self.stack[-1], state)

    def ignore(self, argument: Any) -> None:
        """Do nothing: PROTO and FRAME."""


def _push_new(make: Callable[[], Any]) -> Callable[[_Machine, Any], None]:
    return lambda machine, argument: machine.push(make())


def _tuple_of(n: int) -> Callable[[_Machine, Any], None]:
    return lambda machine, argument: machine.replace(n, tuple(machine.stack[-n:]))


_HANDLERS: dict[str, Callable[[_Machine, Any], None]] = {
    **dict.fromkeys(
        ("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT",
         "STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8",
         "BYTEARRAY8", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
        _Machine.push,
    ),
    **dict.fromkeys(("BINPUT", "LONG_BINPUT", "PUT"), _Machine.put),
    **dict.fromkeys(("BINGET", "LONG_BINGET", "GET"), _Machine.get),
    **dict.fromkeys(("PROTO", "FRAME"), _Machine.ignore),
    "MEMOIZE": _Machine.memoize,
    "NONE": _push_new(lambda: None),
    "NEWTRUE": _push_new(lambda: True),
    "NEWFALSE": _push_new(lambda: False),
    "MARK": _push_new(lambda: _MARK),
    "EMPTY_LIST": _push_new(list),
    "EMPTY_DICT": _push_new(dict),
    "EMPTY_SET": _push_new(set),
    "EMPTY_TUPLE": _push_new(tuple),
    "TUPLE1": _tuple_of(1),
    "TUPLE2": _tuple_of(2),
    "TUPLE3": _tuple_of(3),
    "TUPLE": _Machine.make_tuple,
    "LIST": _Machine.make_list,
    "DICT": _Machine.make_dict,
    "FROZENSET": _Machine.make_frozenset,
    "APPEND": _Machine.append,
    "APPENDS": _Machine.appends,
    "ADDITEMS": _Machine.add_items,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
    "GLOBAL": _Machine.global_,
    "STACK_GLOBAL": _Machine.stack_global,
    "REDUCE": _Machine.reduce,
    "NEWOBJ": _Machine.new_object,
    "NEWOBJ_EX": _Machine.new_object_with_names,
    "INST": _Machine.old_instance,
    "BUILD": _Machine.build,
    "POP": _Machine.pop,
    "POP_MARK": _Machine.pop_mark,
    "DUP": _Machine.dup,
}  # fmt: skip


def interpret_pickle(data: bytes) -> Any:
    """Return the object that a pickle describes, made of containers, arrays and inert objects.

    Raises
    ------
    UnsafePickleError
        The pickle references a name, calls a function or uses an opcode that is not allowed.
    ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, EOFError
        It is corrupt.
    """
    machine = _Machine(len(data))
    for opcode, argument, _ in pickletools.genops(io.BytesIO(data)):
        if opcode.name == "STOP":
            return machine.stack.pop()
        handler = _HANDLERS.get(opcode.name)
        if handler is None:
            raise UnsafePickleError(f"it uses the opcode {opcode.name}")
        handler(machine, argument)
    raise UnsafePickleError("it has no end")
