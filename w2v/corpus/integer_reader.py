"""Sentences that were never text: walks on graphs, baskets of items, any rows of integers.

Ids as they are given become types as words do, numbered by first appearance: a corpus of ids and
the same corpus as strings of digits are the same, byte for byte. Every loop over ids is in
_integers.pyx; arrays are NumPy's and grow here.
"""

from __future__ import annotations

import itertools
import reprlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from w2v.corpus import _integer_encoder
from w2v.corpus.encoded import EncodedCorpus
from w2v.io.words import pack_words

Names = Sequence[str] | Mapping[int, str]
ReadingProgress = Callable[[int, int], object]

# Ids that are encoded between two looks at Ctrl-C and the progress callback.
_PART = 1 << 16
# The direct table may be as long as this, or as this many times the ids: 8 bytes an id at most.
_DIRECT = 1 << 16
_DIRECT_PER_ID = 2
_MAX_TYPES = 2**31 - 2
_MAX_KEY = 2**64 - 1


class Sink(Protocol):
    """Where the types of ids may go; `w2v.spill.Ids` is one."""

    def relieve(self, encoder: Any, done: float) -> None:
        """Take ids from the encoder, if that is needed."""

    def finish(self, rest: Any) -> npt.NDArray[np.int32]:
        """Return all that was taken, and the rest."""


def is_integers(source: object) -> bool:
    """Say whether a source is, or seems to mean, rows of integers; nothing is taken from iterators.

    True also for what `encode` refuses with an explanation: arrays of floats or of another number
    of dimensions, flat lists of numbers.
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
    """Say whether an item of an iterable is, or seems to mean, a row of integers.

    Returns
    -------
    bool or None
        None for an empty list, which may as well be a sentence without words.
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
    ids: Sink | None = None,
    progress: ReadingProgress | None = None,
) -> EncodedCorpus:
    """Encode rows of integers.

    Parameters
    ----------
    source : array, sparse matrix or iterable
        - an integer array of shape (sentences, tokens): each row is a sentence;
        - an integer array of shape (tokens,), with `offsets`;
        - a scipy.sparse matrix or array: each row is a sentence, made of the columns that are not
          zero, in ascending order; values do not matter otherwise;
        - an iterable, read once, of one-dimensional integer arrays or of lists of int.

        Any integer dtype; ids from 0 to 2**64 - 1, with any gaps. Empty rows are no sentences.
    names : sequence of str, or mapping of int to str, optional
        The word of each id; the id in digits by default.
    offsets : array_like of int, shape (sentences + 1,), optional
        Sentence `i` is ``source[offsets[i]:offsets[i + 1]]``; from 0 to the number of tokens.
    ids : w2v.spill.Ids, optional
        Takes the types of ids when memory runs short; by default they stay in memory.
    progress : callable, optional
        Called as ``progress(rows, total)``; `total` is 0 where it is not known.

    Returns
    -------
    EncodedCorpus

    Raises
    ------
    TypeError
        If ids are no integers (bool, float), or a name is no str.
    ValueError
        If an id is negative or has no name, if two ids have one name, if an array has another
        shape, if offsets do not rise from 0 to the end, or if there is no id at all.
    """
    if _is_sparse(source):
        _expect_no_offsets(offsets, "a sparse matrix")
        parts, rows, tokens = _from_sparse(source)
    elif _is_array(source):
        parts, rows, tokens = _from_array(_as_array(source, "array of ids"), offsets)
    else:
        _expect_no_offsets(offsets, type(source).__name__)
        parts, rows, tokens = _from_rows(iter(source)), 0, 0
    encoder = _Encoder(names, tokens, tokens + rows)
    done = 0
    for part in parts:
        encoder.add(part)
        done = part.last_row
        if ids is not None:
            ids.relieve(encoder, done / rows if rows else 0.0)
        if progress is not None:
            progress(done, rows)
    if not encoder.n_types:
        if done or rows:
            raise ValueError(f"no ids: all rows ({max(done, rows)}) are empty")
        raise ValueError("no rows: the source is empty (a generator can be read only once)")
    return encoder.finish(ids)


# ---- Types of ids --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Part:
    """Some rows' ids in one array; the first may have begun, the last may end in other parts."""

    ids: npt.NDArray[Any]  # of any integer dtype
    bounds: npt.NDArray[np.int64]  # row r is ids[bounds[r]:bounds[r + 1]]
    first_row: int

    @property
    def last_row(self) -> int:
        return self.first_row + len(self.bounds) - 1

    def place(self, position: int) -> str:
        row = int(np.searchsorted(self.bounds, position, "right")) - 1
        return _place(self.first_row + row, position - int(self.bounds[row]))


class _Encoder:
    """Numbers ids by first appearance; see _integers.pyx for the two tables."""

    def __init__(self, names: Names | None, tokens: int, room: int) -> None:
        self.names = _Names(names)
        self.tokens = tokens  # known beforehand, or so far
        self.done = 0
        self.n_types = 0
        self.direct = np.zeros(0, np.int32)
        self.slots = np.zeros(2, np.int32)
        self.seen = np.empty(0, np.uint64)
        self.counts = np.empty(0, np.int64)
        self.ids = np.empty(room, np.int32)
        self.at = 0

    def add(self, part: _Part) -> None:
        n = len(part.ids)
        if not n:
            return
        ids = part.ids
        if ids.dtype.kind == "i":
            keys, highest = ids.astype(np.int64, copy=False).view(np.uint64), 2**63 - 1
        else:
            keys, highest = ids.astype(np.uint64, copy=False), _MAX_KEY
        largest = int(keys.max())
        highest = min(highest, self.names.highest)
        if largest > highest:
            position = int(np.argmax(keys > np.uint64(highest)))
            raise ValueError(f"{part.place(position)}: {self._refused(int(ids[position]))}")
        if self.n_types + n > _MAX_TYPES:
            raise OverflowError(f"more than {_MAX_TYPES} different ids, or nearly so")

        self.done += n
        self.tokens = max(self.tokens, self.done)
        self._make_room(n, len(part.bounds), largest)
        before = self.n_types
        self.n_types, self.at = _integer_encoder.number(
            np.ascontiguousarray(keys),
            part.bounds,
            self.direct,
            self.slots,
            self.seen,
            self.counts,
            self.n_types,
            self.ids,
            self.at,
        )
        self.names.take(self.seen[before : self.n_types], keys, part)

    def _refused(self, found: int) -> str:
        if found < 0:
            return (
                f"negative id {found}; ids are 0 or more: leave padding out, and give rows of "
                "different lengths as a list of arrays or as one flat array with offsets="
            )
        return (
            f"id {found} has no name, names has {self.names.highest + 1}; give a name for every "
            "id, or a mapping of id to name"
        )

    def _make_room(self, n: int, ends: int, largest: int) -> None:
        # In place: nothing else refers to these arrays.
        needed = self.n_types + n
        if needed > len(self.seen):
            self.seen.resize(needed + needed // 2, refcheck=False)
            self.counts.resize(needed + needed // 2, refcheck=False)
        needed = self.at + n + ends
        if needed > len(self.ids):
            self.ids.resize(needed + needed // 2, refcheck=False)

        least, slots = len(self.direct), len(self.slots)
        longest = max(_DIRECT, _DIRECT_PER_ID * self.tokens)
        if least <= largest < longest:
            grown = np.zeros(min(longest, max(largest + 1, 2 * least)), np.int32)
            grown[:least] = self.direct
            self.direct = grown
        # Half of the slots stay free, should all new keys be among the large ones.
        if largest >= len(self.direct):
            while slots < 2 * (self.n_types + n):
                slots *= 2
        if len(self.slots) < slots:
            self.slots = np.zeros(slots, np.int32)
        elif least == len(self.direct):
            return
        _integer_encoder.enter(self.seen[: self.n_types], least, self.direct, self.slots)

    def finish(self, ids: Sink | None) -> EncodedCorpus:
        for array, length in (
            (self.ids, self.at),
            (self.counts, self.n_types),
            (self.seen, self.n_types),
        ):
            array.resize(length, refcheck=False)
        if self.names.given is not None:
            offsets, words = pack_words(list(self.names.ids))
        else:
            offsets, words = _digits(self.seen)
        self.ids.flags.writeable = self.counts.flags.writeable = False
        return EncodedCorpus(
            self.ids if ids is None else ids.finish(self.ids), self.counts, offsets, words
        )

    # What Ids asks of an encoder whose ids it may take.

    def memory(self) -> tuple[int, int]:
        """Return the bytes of types, with what is to be their words, and of ids."""
        tables = self.direct.nbytes + self.slots.nbytes
        return tables + 16 * self.n_types + self.names.n_bytes, 4 * self.at

    def tally(self) -> tuple[int, int, int, int]:
        """Return tokens and sentences together, 0, types, 0."""
        return self.at, 0, self.n_types, 0

    def take(self) -> npt.NDArray[np.int32]:
        """Return the ids so far, until more are added, and forget them."""
        taken, self.at = self.ids[: self.at], 0
        return taken


class _Names:
    """What ids are called."""

    def __init__(self, names: Names | None) -> None:
        self.highest = _MAX_KEY  # that may have a name
        self.given: Mapping[int, str] | list[str] | None = None
        self.ids: dict[str, int] = {}  # of the names that have come, in order
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

    def take(self, new: npt.NDArray[np.uint64], keys: npt.NDArray[np.uint64], part: _Part) -> None:
        """Look up the names of new ids, all of them in `part`."""
        if self.given is None:
            return
        for key in new.tolist():
            try:
                name = self.given[key]
            except LookupError:
                place = part.place(int(np.argmax(keys == np.uint64(key))))
                raise ValueError(
                    f"{place}: id {key} is not in names; give a name for every id"
                ) from None
            if not isinstance(name, str):
                raise TypeError(
                    f"names[{key}]: expected a str, found {type(name).__name__} "
                    f"{reprlib.repr(name)}"
                )
            if not name:
                raise ValueError(f"names[{key}]: the empty string is no word; give it a name")
            if not name.isascii():
                try:
                    name.encode()
                except UnicodeEncodeError:
                    raise ValueError(
                        f"names[{key}]: {reprlib.repr(name)} holds a lone surrogate, which UTF-8 "
                        "has no bytes for"
                    ) from None
            other = self.ids.setdefault(name, key)
            if other != key:
                raise ValueError(
                    f"names: {reprlib.repr(name)} is the name of id {other} and of id {key}; words "
                    "are told apart by name, so give each id its own"
                )

    @property
    def n_bytes(self) -> int:
        """Roughly the memory that names take: a str, and its entry in a dict."""
        return 160 * len(self.ids)


def _digits(keys: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """Return the offsets and the bytes that `EncodedCorpus` keeps words in."""
    tens = np.array([10**n for n in range(1, 20)], np.uint64)
    offsets = np.zeros(len(keys) + 1, np.int64)
    np.cumsum(np.searchsorted(tens, keys, "right") + 1, out=offsets[1:])
    words = np.empty(offsets[-1], np.uint8)
    _integer_encoder.digits(keys, offsets, words)
    return offsets, words


# ---- Sources -------------------------------------------------------------------------------------

_Source = tuple[Iterator[_Part], int, int]  # parts, rows, tokens; 0 where not known


def _is_sparse(source: object) -> bool:
    sparse = sys.modules.get("scipy.sparse")  # what it did not make can be none of its matrices
    return sparse is not None and bool(sparse.issparse(source))


def _is_array(source: object) -> bool:
    # By the type: an instance may make up any attribute that it is asked for.
    return isinstance(source, np.ndarray | memoryview) or any(
        hasattr(type(source), name) for name in ("__array__", "__array_interface__", "typecode")
    )


def _as_array(source: Any, where: str) -> npt.NDArray[Any]:
    if isinstance(source, np.ma.MaskedArray):
        raise TypeError(
            f"{where}: a masked array, whose mask would be lost; give each row's ids as an array, "
            "as in [row.compressed() for row in array]"
        )
    return np.asarray(source)


def _numeric(array: npt.NDArray[Any]) -> bool:
    return array.dtype.kind in "iufbc"


def _place(row: int, position: int | None = None) -> str:
    if position is None:
        return f"row {row} (counted from 0)"
    return f"row {row}, position {position} (both counted from 0)"


def _expect_integers(dtype: np.dtype[Any], where: str) -> None:
    if dtype.kind in "iu":
        return
    remedy = "ids are integers"
    if dtype.kind == "f":
        remedy = "if all are whole numbers, say so: .astype(int)"
    elif dtype.kind == "b":
        remedy = "if rows are masks of items, give scipy.sparse.csr_array(mask)"
    raise TypeError(f"{where}: expected integers, found {dtype}; {remedy}")


def _expect_no_offsets(offsets: object, found: str) -> None:
    if offsets is not None:
        raise ValueError(
            f"offsets: they cut a flat integer array into sentences, but the source is {found}; "
            "leave them out, or give the ids as one array"
        )


def _from_array(array: npt.NDArray[Any], offsets: npt.ArrayLike | None) -> _Source:
    _expect_integers(array.dtype, "array of ids")
    if array.ndim == 2:
        _expect_no_offsets(offsets, "a 2-D array, whose rows are the sentences")
        return _from_matrix(array), array.shape[0], array.size
    if array.ndim != 1:
        raise ValueError(
            f"array of ids: expected 2 dimensions (a row is a sentence), or 1 with offsets=, found "
            f"{array.ndim}; array.reshape(-1, array.shape[-1]) makes them 2"
        )
    if offsets is None:
        raise ValueError(
            "array of ids: one dimension does not tell where sentences end; give offsets=, or "
            "[array] if it is one sentence"
        )
    bounds = _checked_offsets(np.asarray(offsets), len(array))
    return _from_flat(array, bounds), len(bounds) - 1, len(array)


def _checked_offsets(offsets: npt.NDArray[Any], end: int) -> npt.NDArray[np.int64]:
    _expect_integers(offsets.dtype, "offsets")
    if offsets.ndim != 1 or not len(offsets):
        raise ValueError(
            "offsets: expected one dimension, with one number more than there are sentences, found "
            f"shape {offsets.shape}"
        )
    for at, expected, what in ((0, 0, "the first"), (-1, end, "the last")):
        if offsets[at] != expected:
            raise ValueError(
                f"offsets: expected {what} to be {expected} (they go from 0 to the number of ids), "
                f"found {offsets[at]}"
            )
    falls = offsets[1:] < offsets[:-1]
    if falls.any():
        i = int(np.argmax(falls))
        raise ValueError(
            f"offsets: expected rising numbers, found {offsets[i]} at {i} and {offsets[i + 1]} at "
            f"{i + 1}"
        )
    return np.ascontiguousarray(offsets, np.int64)


def _from_matrix(array: npt.NDArray[Any]) -> Iterator[_Part]:
    rows, width = array.shape
    step = max(1, _PART // max(width, 1))
    bounds = np.arange(step + 1, dtype=np.int64) * width
    for row in range(0, rows, step):
        block = array[row : row + step]
        yield _Part(block.reshape(-1), bounds[: len(block) + 1], row)


def _from_flat(array: npt.NDArray[Any], offsets: npt.NDArray[np.int64]) -> Iterator[_Part]:
    for start in range(0, len(array), _PART):
        ids = array[start : start + _PART]
        first = int(np.searchsorted(offsets, start, "right")) - 1
        last = int(np.searchsorted(offsets, start + len(ids), "left"))
        yield _Part(ids, offsets[first : last + 1] - start, first)


def _from_sparse(source: Any) -> _Source:
    if source.ndim != 2:
        raise ValueError(
            f"sparse array: expected 2 dimensions (a row is a basket), found {source.ndim}"
        )
    matrix = source.tocsr()
    has_zeros = bool((matrix.data == 0).any())
    if has_zeros or not matrix.has_canonical_format:
        matrix = matrix.copy()  # the caller's stays as it is
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
    bounds = np.ascontiguousarray(matrix.indptr, np.int64)
    return _from_flat(matrix.indices[: bounds[-1]], bounds), matrix.shape[0], int(bounds[-1])


def _from_rows(rows: Iterator[Any]) -> Iterator[_Part]:
    """Gather rows of one kind, arrays of one dtype or lists of int, into parts."""
    pending: list[Any] = []
    kind: np.dtype[Any] | None = None  # of the pending arrays; None for lists
    size = 0
    first = 0
    for number, row in enumerate(rows):
        if type(row) is not np.ndarray and type(row) is not list:
            row = _as_row(row, number)
        found = None
        if type(row) is np.ndarray:
            found = row.dtype
            if row.ndim != 1 or found.kind not in "iu":
                if row.ndim == 1 and not len(row):  # of floats, as np.array([]) is
                    row, found = row.astype(np.int64), kind
                else:
                    _refuse_array(row, number)
        if pending and (size >= _PART or not _same(found, kind)):
            yield _gathered(pending, kind, first)
            pending, size, first = [], 0, number
        pending.append(row)
        size += len(row) + 1
        kind = found
    if pending:
        yield _gathered(pending, kind, first)


def _same(one: np.dtype[Any] | None, other: np.dtype[Any] | None) -> bool:
    return one is other or (one is not None and other is not None and one == other)


def _as_row(row: Any, number: int) -> list[Any] | npt.NDArray[Any]:
    if not isinstance(row, str | bytes):
        if _is_array(row):
            return _as_array(row, _place(number))
        if isinstance(row, Iterable):
            return list(row)
    remedy = "give each sentence as a list of int or an integer array"
    if isinstance(row, str):
        remedy = "rows are either all integers or all text"
    elif isinstance(row, int | np.integer):
        remedy = "if these ids are one sentence, give [ids]; with offsets=, give np.asarray(ids)"
    raise TypeError(
        f"{_place(number)}: expected integers, found {type(row).__name__} {reprlib.repr(row)}; "
        f"{remedy}"
    )


def _refuse_array(row: npt.NDArray[Any], number: int) -> None:
    if row.ndim != 1:
        raise ValueError(
            f"{_place(number)}: expected an array of one dimension, found shape {row.shape}; a row "
            "is one sentence"
        )
    _expect_integers(row.dtype, _place(number))


def _gathered(rows: list[Any], kind: np.dtype[Any] | None, first: int) -> _Part:
    bounds = np.zeros(len(rows) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, rows), np.int64, len(rows)), out=bounds[1:])
    if kind is not None:
        return _Part(np.concatenate(rows), bounds, first)
    ids = np.empty(bounds[-1], np.uint64)
    refused = _integer_encoder.collect(rows, ids)
    if refused is not None:
        _refuse_item(*refused, rows, first)
    return _Part(ids, bounds, first)


def _refuse_item(row: int, position: int, rows: list[Any], first: int) -> None:
    item = next(itertools.islice(rows[row], position, None))
    place = _place(first + row, position)
    if isinstance(item, int) and not isinstance(item, bool):
        if item < 0:
            raise ValueError(f"{place}: negative id {item}; ids are 0 or more: leave padding out")
        raise ValueError(f"{place}: id {item} is beyond 2**64 - 1; number the ids anew")
    remedy = "ids are integers"
    if isinstance(item, float | np.floating):
        remedy = "if all are whole numbers, say so with int(...)"
    elif isinstance(item, str):
        remedy = "rows are either all integers or all text"
    raise TypeError(
        f"{place}: expected an integer, found {type(item).__name__} {reprlib.repr(item)}; {remedy}"
    )
