"""Sentences of integers: walks on graphs, baskets of items, any rows of integers.

Ids become types, numbered by first appearance like words: a corpus of ids and the same corpus as
strings of digits are equal, byte for byte. The loops over ids are in _integer_encoder.pyx; their
arrays are allocated and grow here.
"""

from __future__ import annotations

import itertools
import reprlib
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v._validation import as_array
from w2v.corpus import _integer_encoder
from w2v.corpus.encoded import EncodedCorpus
from w2v.corpus.id_buffer import IdBuffer
from w2v.corpus.options import ReadProgress
from w2v.io.words import pack_words

Names = Sequence[str] | Mapping[int, str]

_CHUNK = 1 << 16  # ids between two reports of progress, and chances for Ctrl-C
# Maximum length of the dense table: this, or this many entries per id (8 bytes per id).
_DENSE = 1 << 16
_DENSE_PER_ID = 2
_MAX_TYPES = 2**31 - 2
_MAX_KEY = 2**64 - 1


def is_integers(source: object) -> bool:
    """Return whether a source is, or is meant as, rows of integers; iterators are not advanced.

    Also true for sources that `encode` rejects with an explanation: arrays of floats or of another
    number of dimensions, flat lists of numbers.
    """
    if _is_sparse(source):
        return True
    if _is_array(source):
        return _numeric(np.asarray(source))
    if isinstance(source, list | tuple):
        for item in source:
            if (answer := is_row(item)) is not None:
                return answer
    return False


def is_row(item: object) -> bool | None:
    """Return whether an item of an iterable is, or is meant as, a row of integers.

    Returns
    -------
    bool or None
        None for an empty list, which may also be a sentence without words.
    """
    if isinstance(item, str | bytes):
        return False
    if _is_array(item):
        row = np.asarray(item)
        return None if row.size == 0 and row.dtype.kind == "f" else _numeric(row)
    if isinstance(item, list | tuple):
        return isinstance(item[0], int | float | np.number | np.bool_) if item else None
    return isinstance(item, int | float | np.number | np.bool_ | range)


def encode(
    source: Any,
    *,
    names: Names | None = None,
    offsets: npt.ArrayLike | None = None,
    ids: IdBuffer | None = None,
    progress: ReadProgress | None = None,
) -> EncodedCorpus:
    """Encode rows of integers.

    Parameters
    ----------
    source : array, sparse matrix or iterable
        - an integer array of shape (sentences, tokens): each row is a sentence;
        - an integer array of shape (tokens,), with `offsets`;
        - a scipy.sparse matrix or array: each row is a sentence of its non-zero columns, in
          ascending order; the values are otherwise ignored;
        - an iterable, read once, of one-dimensional integer arrays or of lists of int.

        Any integer dtype; ids from 0 to 2**64 - 1, with any gaps. Empty rows are skipped.
    names : sequence of str, or mapping of int to str, optional
        The word of each id; default its digits.
    offsets : array_like of int, shape (sentences + 1,), optional
        Sentence `i` is ``source[offsets[i]:offsets[i + 1]]``; from 0 to the number of tokens.
    ids : IdBuffer, optional
        Receives ids that exceed its budget; by default all stay in memory.
    progress : callable, optional
        Called as ``progress(rows, total)``; `total` is 0 if unknown.

    Returns
    -------
    EncodedCorpus

    Raises
    ------
    TypeError
        If ids are not integers (bool, float), or a name is not a str.
    ValueError
        If an id is negative or has no name, if two ids have the same name, if an array has the
        wrong shape, if offsets do not ascend from 0 to the end, or if there are no ids.
    """
    if _is_sparse(source):
        _reject_offsets(offsets, "a sparse matrix")
        chunks, rows, tokens = _from_sparse(source)
    elif _is_array(source):
        chunks, rows, tokens = _from_array(_as_array(source, "array of ids"), offsets)
    else:
        _reject_offsets(offsets, type(source).__name__)
        chunks, rows, tokens = _from_rows(iter(source), isinstance(source, list | tuple)), 0, 0
    encoder = IntegerEncoder(names, tokens, tokens + rows)
    done = 0
    for chunk in chunks:
        encoder.add(chunk)
        done = chunk.last_row
        if ids is not None:
            ids.flush_if_over_budget(encoder, done / rows if rows else 0.0)
        if progress is not None:
            progress(done, rows)
    if not encoder.n_types:
        if done or rows:
            raise ValueError(f"no ids: all rows ({max(done, rows)}) are empty")
        raise ValueError("no rows: the source is empty (a generator can be read only once)")
    return encoder.finish(ids)


# ---- Encoding ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Chunk:
    """Ids of some rows; the first may begin in an earlier chunk, the last end in a later one."""

    ids: npt.NDArray[Any]  # of any integer dtype
    bounds: npt.NDArray[np.int64]  # row r is ids[bounds[r]:bounds[r + 1]]
    first_row: int

    @property
    def last_row(self) -> int:
        return self.first_row + len(self.bounds) - 1

    def locate(self, position: int) -> str:
        row = int(np.searchsorted(self.bounds, position, "right")) - 1
        return _location(self.first_row + row, position - int(self.bounds[row]))


class IntegerEncoder:
    """Numbers ids by first appearance; _integer_encoder.pyx describes the two tables.

    Parameters
    ----------
    names : sequence or mapping, optional
        Words of the ids.
    tokens : int
        Ids in the source; 0 if unknown.
    capacity : int
        Ids and ends of sentences to allocate at first.
    """

    def __init__(self, names: Names | None, tokens: int, capacity: int) -> None:
        self.names = _Names(names)
        self.tokens = tokens  # in the source, or read so far
        self.done = 0
        self.n_types = 0
        self.dense_table = np.zeros(0, np.int32)
        self.hash_table = np.zeros(2, np.int32)
        self.type_keys = np.empty(0, np.uint64)
        self.counts = np.empty(0, np.int64)
        self.ids = np.empty(capacity, np.int32)
        self.n_ids = 0

    def add(self, chunk: _Chunk) -> None:
        """Encode the ids of a chunk."""
        n = len(chunk.ids)
        if not n:
            return
        ids = chunk.ids
        if ids.dtype.kind == "i":
            keys, highest = ids.astype(np.int64, copy=False).view(np.uint64), 2**63 - 1
        else:
            keys, highest = ids.astype(np.uint64, copy=False), _MAX_KEY
        largest = int(keys.max())
        highest = min(highest, self.names.highest)
        if largest > highest:
            position = int(np.argmax(keys > np.uint64(highest)))
            raise ValueError(
                f"{chunk.locate(position)}: {self._invalid_id_message(int(ids[position]))}"
            )
        if self.n_types + n > _MAX_TYPES:
            raise OverflowError(f"too many distinct ids: at most {_MAX_TYPES} are supported")

        self.done += n
        self.tokens = max(self.tokens, self.done)
        self._reserve(n, len(chunk.bounds), largest)
        before = self.n_types
        self.n_types, self.n_ids = _integer_encoder.encode_ids(
            np.ascontiguousarray(keys),
            chunk.bounds,
            self.dense_table,
            self.hash_table,
            self.type_keys,
            self.counts,
            self.n_types,
            self.ids,
            self.n_ids,
        )
        self.names.add(self.type_keys[before : self.n_types], keys, chunk)

    def _invalid_id_message(self, found: int) -> str:
        if found < 0:
            return (
                f"negative id {found}; ids start at 0: remove padding, and pass rows of different "
                "lengths as a list of arrays, or as one flat array with offsets="
            )
        return (
            f"id {found} has no name, because names= has only {self.names.highest + 1}; pass a "
            "name for every id, or a mapping of id to name"
        )

    def _reserve(self, n: int, ends: int, largest: int) -> None:
        # In place: nothing else refers to these arrays.
        needed = self.n_types + n
        if needed > len(self.type_keys):
            self.type_keys.resize(needed + needed // 2, refcheck=False)
            self.counts.resize(needed + needed // 2, refcheck=False)
        needed = self.n_ids + n + ends
        if needed > len(self.ids):
            self.ids.resize(needed + needed // 2, refcheck=False)

        old_dense, slots = len(self.dense_table), len(self.hash_table)
        max_dense = max(_DENSE, _DENSE_PER_ID * self.tokens)
        if old_dense <= largest < max_dense:
            grown = np.zeros(min(max_dense, max(largest + 1, 2 * old_dense)), np.int32)
            grown[:old_dense] = self.dense_table
            self.dense_table = grown
        # At least half of the slots stay free, even if all new keys go to the hash table.
        if largest >= len(self.dense_table):
            while slots < 2 * (self.n_types + n):
                slots *= 2
        if len(self.hash_table) < slots:
            self.hash_table = np.zeros(slots, np.int32)
        elif old_dense == len(self.dense_table):
            return
        _integer_encoder.rehash(
            self.type_keys[: self.n_types], old_dense, self.dense_table, self.hash_table
        )

    def finish(self, ids: IdBuffer | None) -> EncodedCorpus:
        """Return the result; the encoder cannot be used afterwards."""
        for array, length in (
            (self.ids, self.n_ids),
            (self.counts, self.n_types),
            (self.type_keys, self.n_types),
        ):
            array.resize(length, refcheck=False)
        if self.names.given is not None:
            offsets, words = pack_words(list(self.names.ids))
        else:
            offsets, words = _digits(self.type_keys)
        self.ids.flags.writeable = self.counts.flags.writeable = False
        return EncodedCorpus(
            self.ids if ids is None else ids.finish(self.ids), self.counts, offsets, words
        )

    # The protocol `id_buffer.Encoder`.

    def memory(self) -> tuple[int, int]:
        """Return the bytes of the types with their words, and of the ids."""
        tables = self.dense_table.nbytes + self.hash_table.nbytes
        return tables + 16 * self.n_types + self.names.n_bytes, 4 * self.n_ids

    def stats(self) -> tuple[int, int, int, int]:
        """Return tokens and sentences together, 0, types, 0."""
        return self.n_ids, 0, self.n_types, 0

    def take_ids(self) -> npt.NDArray[np.int32]:
        """Return the ids since the last call; valid until more are added."""
        taken, self.n_ids = self.ids[: self.n_ids], 0
        return taken


class _Names:
    """Words of ids."""

    def __init__(self, names: Names | None) -> None:
        self.highest = _MAX_KEY  # the largest id that may have a name
        self.given: Mapping[int, str] | list[str] | None = None
        self.ids: dict[str, int] = {}  # by name, in order of first appearance
        if isinstance(names, Mapping):
            self.given = names
        elif names is not None:
            if isinstance(names, str | bytes | set | frozenset) or not isinstance(names, Iterable):
                raise TypeError(
                    "names: expected a sequence of str or a mapping of id to str, found "
                    f"{type(names).__name__}"
                )
            self.given = list(names)
            self.highest = len(self.given) - 1
            if self.highest < 0:
                raise ValueError("names: expected a name for every id, found an empty sequence")

    def add(self, new: npt.NDArray[np.uint64], keys: npt.NDArray[np.uint64], chunk: _Chunk) -> None:
        """Look up the names of new ids, all of them in `chunk`."""
        if self.given is None:
            return
        for key in new.tolist():
            try:
                name = self.given[key]
            except LookupError:
                location = chunk.locate(int(np.argmax(keys == np.uint64(key))))
                raise ValueError(
                    f"{location}: id {key} is not in names=; pass a name for every id"
                ) from None
            if not isinstance(name, str):
                raise TypeError(
                    f"names[{key}]: expected a str, found {type(name).__name__} "
                    f"{reprlib.repr(name)}"
                )
            if not name:
                raise ValueError(f"names[{key}]: the empty string is not a valid word")
            if not name.isascii():
                try:
                    name.encode()
                except UnicodeEncodeError:
                    raise ValueError(
                        f"names[{key}]: {reprlib.repr(name)} contains a lone surrogate and cannot "
                        "be encoded as UTF-8"
                    ) from None
            other = self.ids.setdefault(name, key)
            if other != key:
                raise ValueError(
                    f"names: {reprlib.repr(name)} is the name of both id {other} and id {key}; "
                    "each id needs a distinct name"
                )

    @property
    def n_bytes(self) -> int:
        """Approximate memory of the names: a str and a dict entry each."""
        return 160 * len(self.ids)


def _digits(keys: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """Return the keys in decimal digits, as `EncodedCorpus` stores words."""
    tens = np.array([10**n for n in range(1, 20)], np.uint64)
    offsets = np.zeros(len(keys) + 1, np.int64)
    np.cumsum(np.searchsorted(tens, keys, "right") + 1, out=offsets[1:])
    words = np.empty(offsets[-1], np.uint8)
    _integer_encoder.write_digits(keys, offsets, words)
    return offsets, words


# ---- Sources -------------------------------------------------------------------------------------

_Source = tuple[Iterator[_Chunk], int, int]  # chunks, rows, tokens; 0 if unknown


def _is_sparse(source: object) -> bool:
    sparse = sys.modules.get(
        "scipy.sparse"
    )  # not imported: the source cannot be one of its matrices
    return sparse is not None and bool(sparse.issparse(source))


def _is_array(source: object) -> bool:
    # Ask the type: an instance may answer to any attribute (__getattr__).
    return isinstance(source, np.ndarray | memoryview) or any(
        hasattr(type(source), name) for name in ("__array__", "__array_interface__", "typecode")
    )


def _as_array(source: Any, location: str) -> npt.NDArray[Any]:
    if isinstance(source, np.ma.MaskedArray):
        raise TypeError(
            f"{location}: the mask of a masked array would be lost; pass the ids of each row as an "
            "array, as in [row.compressed() for row in array]"
        )
    return np.asarray(source)


def _numeric(array: npt.NDArray[Any]) -> bool:
    return array.dtype.kind in "iufbc"


def _location(row: int, position: int | None = None) -> str:
    if position is None:
        return f"row {row} (counted from 0)"
    return f"row {row}, position {position} (both counted from 0)"


def _check_integers(dtype: np.dtype[Any], location: str) -> None:
    if dtype.kind in "iu":
        return
    remedy = "ids are integers"
    if dtype.kind == "f":
        remedy = "convert with .astype(int) if all values are integers"
    elif dtype.kind == "b":
        remedy = "if rows are masks of items, pass scipy.sparse.csr_array(mask)"
    raise TypeError(f"{location}: expected integers, found {dtype}; {remedy}")


def _reject_offsets(offsets: object, found: str) -> None:
    if offsets is not None:
        raise ValueError(
            f"offsets= applies only to a flat integer array, but the source is {found}"
        )


def _from_array(array: npt.NDArray[Any], offsets: npt.ArrayLike | None) -> _Source:
    _check_integers(array.dtype, "array of ids")
    if array.ndim == 2:
        _reject_offsets(offsets, "a 2-D array, whose rows are the sentences")
        return _from_matrix(array), array.shape[0], array.size
    if array.ndim != 1:
        raise ValueError(
            f"array of ids: expected 2 dimensions (each row is a sentence), or 1 with offsets=, "
            f"found {array.ndim}; array.reshape(-1, array.shape[-1]) has 2"
        )
    if offsets is None:
        raise ValueError(
            "a 1-D array needs offsets= to mark sentence boundaries; pass [array] for a single "
            "sentence"
        )
    bounds = _checked_offsets(as_array("offsets", offsets), len(array))
    return _from_flat(array, bounds), len(bounds) - 1, len(array)


def _checked_offsets(offsets: npt.NDArray[Any], end: int) -> npt.NDArray[np.int64]:
    _check_integers(offsets.dtype, "offsets")
    if offsets.ndim != 1 or not len(offsets):
        raise ValueError(
            f"offsets: expected one dimension, of length sentences + 1, found shape {offsets.shape}"
        )
    for i, expected, which in ((0, 0, "first"), (-1, end, "last")):
        if offsets[i] != expected:
            raise ValueError(
                f"offsets: expected the {which} to be {expected} (from 0 to the number of ids), "
                f"found {offsets[i]}"
            )
    falls = offsets[1:] < offsets[:-1]
    if falls.any():
        i = int(np.argmax(falls))
        raise ValueError(
            f"offsets must be non-decreasing, but offsets[{i}] = {offsets[i]} and "
            f"offsets[{i + 1}] = {offsets[i + 1]}"
        )
    return np.ascontiguousarray(offsets, np.int64)


def _from_matrix(array: npt.NDArray[Any]) -> Iterator[_Chunk]:
    rows, width = array.shape
    step = max(1, _CHUNK // max(width, 1))
    bounds = np.arange(step + 1, dtype=np.int64) * width
    for row in range(0, rows, step):
        block = array[row : row + step]
        yield _Chunk(block.reshape(-1), bounds[: len(block) + 1], row)


def _from_flat(array: npt.NDArray[Any], offsets: npt.NDArray[np.int64]) -> Iterator[_Chunk]:
    for start in range(0, len(array), _CHUNK):
        ids = array[start : start + _CHUNK]
        first = int(np.searchsorted(offsets, start, "right")) - 1
        last = int(np.searchsorted(offsets, start + len(ids), "left"))
        yield _Chunk(ids, offsets[first : last + 1] - start, first)


def _from_sparse(source: Any) -> _Source:
    if source.ndim != 2:
        raise ValueError(
            f"sparse array: expected 2 dimensions (each row is a sentence), found {source.ndim}"
        )
    matrix = source.tocsr()
    has_zeros = bool((matrix.data == 0).any())
    if has_zeros or not matrix.has_canonical_format:
        matrix = matrix.copy()  # do not change the caller's
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
    bounds = np.ascontiguousarray(matrix.indptr, np.int64)
    return _from_flat(matrix.indices[: bounds[-1]], bounds), matrix.shape[0], int(bounds[-1])


def copy_row(row: Any) -> Any:
    """Return what a row contains now: a generator may yield the same list or array each time."""
    if type(row) is np.ndarray:
        return row.copy()
    return list(row) if type(row) is list else row


def _from_rows(rows: Iterator[Any], lasting: bool) -> Iterator[_Chunk]:
    """Gather rows of one kind, arrays of one dtype or lists of int, into chunks.

    Rows are read late, many at once: unless they are `lasting`, as those in a list are, they are
    copied.
    """
    pending: list[Any] = []
    kind: np.dtype[Any] | None = None  # of the pending arrays; None for lists
    size = 0
    first = 0
    for number, row in enumerate(rows):
        if type(row) is not np.ndarray and type(row) is not list:
            row = _as_row(row, number)
        if not lasting:
            row = copy_row(row)
        found = None
        if type(row) is np.ndarray:
            found = row.dtype
            if row.ndim != 1 or found.kind not in "iu":
                if row.ndim == 1 and not len(row):  # np.array([]) is of floats
                    row, found = row.astype(np.int64), kind
                else:
                    _reject_array(row, number)
        if pending and (size >= _CHUNK or not _same(found, kind)):
            yield _gather(pending, kind, first)
            pending, size, first = [], 0, number
        pending.append(row)
        size += len(row) + 1
        kind = found
    if pending:
        yield _gather(pending, kind, first)


def _same(one: np.dtype[Any] | None, other: np.dtype[Any] | None) -> bool:
    return one is other or (one is not None and other is not None and one == other)


def _as_row(row: Any, number: int) -> list[Any] | npt.NDArray[Any]:
    if not isinstance(row, str | bytes):
        if _is_array(row):
            return _as_array(row, _location(number))
        if isinstance(row, Iterable):
            return list(row)
    remedy = "pass each sentence as a list of int or an integer array"
    if isinstance(row, str):
        remedy = "rows are either all integers or all text"
    elif isinstance(row, int | np.integer):
        remedy = "pass [ids] for a single sentence, or np.asarray(ids) with offsets="
    raise TypeError(
        f"{_location(number)}: expected integers, found {type(row).__name__} {reprlib.repr(row)}; "
        f"{remedy}"
    )


def _reject_array(row: npt.NDArray[Any], number: int) -> None:
    if row.ndim != 1:
        raise ValueError(
            f"{_location(number)}: expected a 1-D array (one sentence), found shape {row.shape}"
        )
    _check_integers(row.dtype, _location(number))


def _gather(rows: list[Any], kind: np.dtype[Any] | None, first: int) -> _Chunk:
    bounds = np.zeros(len(rows) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, rows), np.int64, len(rows)), out=bounds[1:])
    if kind is not None:
        return _Chunk(np.concatenate(rows), bounds, first)
    ids = np.empty(bounds[-1], np.uint64)
    invalid = _integer_encoder.gather_ints(rows, ids)
    if invalid is not None:
        _reject_item(*invalid, rows, first)
    return _Chunk(ids, bounds, first)


def _reject_item(row: int, position: int, rows: list[Any], first: int) -> None:
    item = next(itertools.islice(rows[row], position, None))
    location = _location(first + row, position)
    if isinstance(item, int) and not isinstance(item, bool):
        if item < 0:
            raise ValueError(f"{location}: negative id {item}; ids start at 0: remove padding")
        raise ValueError(f"{location}: id {item} exceeds 2**64 - 1; renumber the ids")
    remedy = "ids are integers"
    if isinstance(item, float | np.floating):
        remedy = "convert with int(...) if all values are integers"
    elif isinstance(item, str):
        remedy = "rows are either all integers or all text"
    raise TypeError(
        f"{location}: expected an integer, found {type(item).__name__} {reprlib.repr(item)}; "
        f"{remedy}"
    )
