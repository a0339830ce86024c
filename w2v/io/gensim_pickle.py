"""gensim's own files (.kv, .model), read without unpickling.

A pickle is a program for a small stack machine, and unpickling runs it. Here the instructions are
taken one by one and only those are followed that build plain containers, NumPy arrays and, as
inert records, gensim's objects: nothing that a file names is imported or called. Whatever else a
file names is refused. Large arrays lie beside the pickle, in .npy files.
"""

from __future__ import annotations

import io
import os
import pickletools
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v._types import PathLike
from w2v.io import fasttext

_CONVERT = (
    "convert it where it was made: in gensim, model.wv.save_word2vec_format('vectors.bin', "
    "binary=True), then here KeyedVectors.read('vectors.bin')"
)
_MARK = object()
_CONSTANTS = {
    "NONE": None, "NEWTRUE": True, "NEWFALSE": False,
}  # fmt: skip
_PUSH = {
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT",
    "STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8",
    "BYTEARRAY8", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8",
}  # fmt: skip
_EMPTY: dict[str, type] = {"EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_SET": set}
# Names that may stand in a file; those of the first kind become inert records.
_RECORDS = ("gensim.", "numpy.random.")
_KNOWN = {
    "numpy.ndarray", "numpy.dtype", "numpy.core.multiarray._reconstruct",
    "numpy._core.multiarray._reconstruct", "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar", "_codecs.encode", "builtins.object", "__builtin__.object",
    "builtins.hash", "__builtin__.hash", "builtins.bytes", "__builtin__.bytes",
    "copyreg._reconstructor", "copy_reg._reconstructor", "collections.OrderedDict",
    "collections.defaultdict", "builtins.int", "__builtin__.int",
}  # fmt: skip


class _Refused(Exception):  # noqa: N818 - becomes a ValueError with the file's name
    pass


class _Name:
    """A name in the file, of a class or function; never looked up."""

    def __init__(self, name: str) -> None:
        if name not in _KNOWN and not name.startswith(_RECORDS):
            raise _Refused(f"it names {name}, which is no part of word vectors")
        self.name = name


class _Record:
    """What would be an object: the name of its class, and its state."""

    def __init__(self, name: str, arguments: tuple[Any, ...] = ()) -> None:
        self.name, self.arguments = name, arguments
        self.state: dict[Any, Any] = {}


class _Array(_Record):
    """A NumPy array that waits for its content."""

    value: npt.NDArray[Any] | None = None


class _Dtype(_Record):
    order = "="


def _dtype(record: object) -> np.dtype[Any]:
    if not isinstance(record, _Dtype) or not record.arguments:
        raise _Refused("an array has no type")
    kind = record.arguments[0]
    if not isinstance(kind, str) or not kind or kind[0] not in "fiub" or not kind[1:].isdecimal():
        raise _Refused(f"it holds an array of {kind!r}, which is not an array of numbers")
    return np.dtype((record.order if kind[1:] != "1" else "") + kind)


def _call(function: object, arguments: object) -> Any:
    """Return what stands for the result of a call in the file."""
    if not isinstance(function, _Name) or not isinstance(arguments, tuple):
        raise _Refused("it calls something that is no name")
    name = function.name
    if name.endswith("._reconstruct"):
        return _Array(name)
    if name == "numpy.dtype":
        return _Dtype(name, arguments)
    if name.endswith("multiarray.scalar"):
        return np.frombuffer(_bytes(arguments[1]), _dtype(arguments[0]), 1)[0]
    if name == "_codecs.encode":
        return _bytes(str(arguments[0]).encode("latin-1"))
    if name == "collections.OrderedDict" or name == "collections.defaultdict":
        return {}
    if name.startswith(_RECORDS) or name.endswith("_reconstructor"):
        return _Record(name, arguments)
    raise _Refused(f"it calls {name}")


def _bytes(value: object) -> bytes:
    if isinstance(value, str):  # of Python 2
        return value.encode("latin-1")
    if not isinstance(value, (bytes, bytearray)):
        raise _Refused("an array's content is not bytes")
    return bytes(value)


def _build(target: object, state: Any) -> None:
    if isinstance(target, _Array):
        _, shape, kind, fortran, content = state
        dtype, data = _dtype(kind), _bytes(content)
        if not isinstance(shape, tuple) or len(data) != dtype.itemsize * int(np.prod(shape or 1)):
            raise _Refused(f"an array of shape {shape} has {len(data):,} bytes")
        target.value = np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")
    elif isinstance(target, _Dtype):
        target.order = state[1] if state[1] in ("<", ">", "|", "=") else "="
    elif isinstance(target, _Record):
        if isinstance(state, tuple) and len(state) == 2:  # with slots
            state = {**(state[0] or {}), **(state[1] or {})}
        if isinstance(state, dict):
            target.state.update(state)
    elif isinstance(target, dict) and isinstance(state, dict):
        target.update(state)


def _run(data: bytes) -> Any:
    """Return what the pickle describes, made of plain containers and records."""
    stack: list[Any] = []
    memo: dict[int, Any] = {}

    def to_mark() -> list[Any]:
        at = len(stack) - 1
        while stack[at] is not _MARK:
            at -= 1
        items = stack[at + 1 :]
        del stack[at:]
        return items

    for instruction, argument, _ in pickletools.genops(io.BytesIO(data)):
        name = instruction.name
        if name in _PUSH:
            stack.append(argument)
        elif name == "MEMOIZE":
            memo[len(memo)] = stack[-1]
        elif name in ("BINPUT", "LONG_BINPUT", "PUT"):
            memo[int(argument)] = stack[-1]  # type: ignore[arg-type]
        elif name in ("BINGET", "LONG_BINGET", "GET"):
            stack.append(memo[int(argument)])  # type: ignore[arg-type]
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name == "MARK":
            stack.append(_MARK)
        elif name in _EMPTY:
            stack.append(_EMPTY[name]())
        elif name == "EMPTY_TUPLE":
            stack.append(())
        elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
            size = int(name[-1])
            stack[-size:] = [tuple(stack[-size:])]
        elif name == "TUPLE":
            stack.append(tuple(to_mark()))
        elif name == "LIST":
            stack.append(to_mark())
        elif name == "DICT":
            items = to_mark()
            stack.append(dict(zip(items[::2], items[1::2], strict=True)))
        elif name == "APPEND":
            item = stack.pop()
            stack[-1].append(item)
        elif name == "APPENDS":
            items = to_mark()
            stack[-1].extend(items)
        elif name == "ADDITEMS":
            items = to_mark()
            stack[-1].update(items)
        elif name == "FROZENSET":
            stack.append(frozenset(to_mark()))
        elif name == "SETITEM":
            key, value = stack[-2:]
            del stack[-2:]
            _settable(stack[-1])[key] = value
        elif name == "SETITEMS":
            items = to_mark()
            _settable(stack[-1]).update(zip(items[::2], items[1::2], strict=True))
        elif name == "GLOBAL":
            stack.append(_Name(str(argument).replace(" ", ".")))
        elif name == "STACK_GLOBAL":
            module, function = stack[-2:]
            stack[-2:] = [_Name(f"{module}.{function}")]
        elif name in ("REDUCE", "NEWOBJ"):
            function, arguments = stack[-2:]
            record = name == "NEWOBJ" and isinstance(function, _Name)
            made = _Record(function.name) if record else _call(function, arguments)
            stack[-2:] = [made]
        elif name == "BUILD":
            state = stack.pop()
            _build(stack[-1], state)
        elif name == "POP":
            stack.pop()
        elif name == "POP_MARK":
            to_mark()
        elif name == "DUP":
            stack.append(stack[-1])
        elif name == "STOP":
            return stack.pop()
        elif name not in ("PROTO", "FRAME"):
            raise _Refused(f"it uses the instruction {name}")
    raise _Refused("it ends in the middle")


def _settable(target: object) -> dict[Any, Any]:
    if not isinstance(target, dict):
        raise _Refused("it adds keys to what is no dictionary")
    return target


def read(
    path: PathLike, *, limit: int | None = None
) -> tuple[list[str], npt.NDArray[np.float32], npt.NDArray[np.int64] | None]:
    """Read words, vectors and counts (None where there are none).

    Raises
    ------
    ValueError
        The file names or does anything that vectors do not need, is damaged, or holds no vectors;
        the message says how to convert it.
    OSError
        It, or an .npy file beside it, cannot be read.
    """
    name = os.fspath(path)
    with open(path, "rb") as file:
        data = file.read()
    try:
        found = _run(data)
        return _vectors(name, found, limit)
    except _Refused as error:
        raise ValueError(f"{name}: this pickle is not read, since {error}; {_CONVERT}") from None
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, EOFError,
            RecursionError) as error:  # fmt: skip
        if str(error).startswith(name):
            raise
        raise ValueError(
            f"{name}: this pickle is damaged or not gensim's ({error}); {_CONVERT}"
        ) from error


def _vectors(
    name: str, found: object, limit: int | None
) -> tuple[list[str], npt.NDArray[np.float32], npt.NDArray[np.int64] | None]:
    beside = name
    if isinstance(found, _Record) and isinstance(found.state.get("wv"), _Record):
        found, beside = found.state["wv"], f"{name}.wv"
    elif isinstance(found, _Record) and found.state.get("wv", 0) is None:
        raise ValueError(f"{name}: the vectors are in another file; {_CONVERT}")
    if not isinstance(found, _Record) or not found.name.startswith("gensim."):
        raise _Refused("it holds no word vectors of gensim")
    state = found.state
    words = state.get("index_to_key", state.get("index2word", state.get("index2entity")))
    if not isinstance(words, list):
        raise _Refused("it holds no list of words")
    separate = state.get("__numpys")
    names = {*state, *(separate if isinstance(separate, list) else ())}
    if "vectors_ngrams" in names:
        vectors = _subword_vectors(state, words, beside)
    else:
        vectors = _array(state, "syn0" if "syn0" in names else "vectors", beside)
    if vectors.ndim != 2 or vectors.dtype.kind != "f":
        raise _Refused(f"its vectors are {vectors.dtype} of shape {vectors.shape}")
    expandos = state.get("expandos")
    counts = None
    if isinstance(expandos, dict) and "count" in expandos:
        counts = _array(expandos, "count", f"{beside}.expandos").astype(np.int64)
    elif isinstance(vocab := state.get("vocab"), dict) and len(vocab) == len(words):
        counts = np.array([vocab[word].state["count"] for word in words], np.int64)
    for row, word in enumerate(words):
        if not isinstance(word, str):
            raise _Refused(f"its key {word!r} (row {row:,}) is no word")
    size = len(words)
    if limit is not None:
        size = min(limit, size)
    if counts is not None:
        counts = counts[:size]
    return words[:size], np.ascontiguousarray(vectors[:size], np.float32), counts


def _subword_vectors(
    state: dict[Any, Any], words: list[Any], beside: str
) -> npt.NDArray[np.float32]:
    """Return the vectors of gensim's FastText, which keeps only what they are the means of."""
    parts = [_array(state, key, beside) for key in ("vectors_vocab", "vectors_ngrams")]
    matrix = np.ascontiguousarray(np.concatenate(parts), "<f4").view(np.uint8)
    least, most, buckets = (int(state[key]) for key in ("min_n", "max_n", "bucket"))
    if len(parts[0]) != len(words) or len(parts[1]) < buckets or not 0 < least <= most <= 1000:
        raise _Refused("its subwords do not fit its words")
    marked = [f"<{word}>".encode("utf-8", "surrogatepass") for word in words]
    return fasttext.means(marked, matrix, len(words), (least, most, buckets))


def _array(state: dict[Any, Any], key: str, beside: str) -> npt.NDArray[Any]:
    held = state.get(key)
    if isinstance(held, _Array) and held.value is not None:
        return held.value
    path = f"{beside}.{key}.npy"
    if not os.path.exists(path):
        raise ValueError(
            f"{path}: missing: gensim keeps large arrays in files beside its own; copy it there"
        )
    # Mapped: a shape that the file can't back is refused before memory is taken.
    array: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return array.view(np.ndarray)
