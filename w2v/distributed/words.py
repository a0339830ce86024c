"""The words of all splits: divided by their hash, joined, and numbered as on one machine.

A word is joined in the partition of its hash, so that no process needs the raw words of the whole
text. Types are numbered by first appearance: by (split, number in the split), which is the order of
a single encoder over the whole text.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from w2v._types import IdArray, IntArray
from w2v.corpus.options import Options

_BYTES = 1 << 22  # of words hashed at a time
_BASE, _MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)

Bytes = npt.NDArray[np.uint8]


class Words(NamedTuple):
    """Words of one split and one partition, in the order of their numbers in the split."""

    offsets: IntArray
    words: Bytes
    counts: IntArray
    numbers: IdArray


class Kept(NamedTuple):
    """The words of a partition that are frequent enough, and where each appears first."""

    offsets: IntArray
    words: Bytes
    counts: IntArray
    splits: IdArray
    numbers: IdArray


def take(words: Bytes, offsets: IntArray, rows: IntArray) -> tuple[Bytes, IntArray]:
    """Return the bytes of the given words, one after the other, and their offsets."""
    lengths = offsets[rows + 1] - offsets[rows]
    ends = np.zeros(len(rows) + 1, np.int64)
    np.cumsum(lengths, out=ends[1:])
    places = np.repeat(offsets[rows] - ends[:-1], lengths) + np.arange(ends[-1])
    return words[places], ends


def partition_of(words: Bytes, offsets: IntArray, partitions: int) -> IntArray:
    """Return the partition of each word, by a hash of its bytes."""
    n = len(offsets) - 1
    found = np.empty(n, np.int64)
    longest = int((offsets[1:] - offsets[:-1]).max(initial=0))
    powers = np.ones(longest + 1, np.uint64)
    powers[1:] = _BASE
    np.multiply.accumulate(powers, out=powers)
    first = 0
    while first < n:
        # At least one word, however long.
        last = int(np.searchsorted(offsets, offsets[first] + _BYTES, "right")) - 1
        last = min(max(last, first + 1), n)
        starts = offsets[first : last + 1] - offsets[first]
        places = np.arange(starts[-1]) - np.repeat(starts[:-1], np.diff(starts))
        values = words[offsets[first] : offsets[last]].astype(np.uint64) + np.uint64(1)
        hashes = np.add.reduceat(values * powers[places], starts[:-1])
        hashes ^= hashes >> np.uint64(32)
        hashes *= _MIX
        found[first:last] = (hashes >> np.uint64(33)) % np.uint64(partitions)
        first = last
    return found


def divide(words: Bytes, offsets: IntArray, counts: IntArray, partitions: int) -> list[Words]:
    """Return the words of a split by partition."""
    of = partition_of(words, offsets, partitions)
    made = []
    for partition in range(partitions):
        rows = np.flatnonzero(of == partition)
        taken, ends = take(words, offsets, rows)
        made.append(Words(ends, taken, counts[rows], rows.astype(np.int32)))
    return made


def join(pieces: list[Words], prune_below: int) -> tuple[Kept, list[IdArray]]:
    """Join the words of one partition, of all splits in order.

    Returns
    -------
    kept : Kept
        The words with `prune_below` occurrences or more in all.
    places : list of int32 arrays
        For each split, the place in `kept` of each word; -1 for those that are not there.
    """
    encoder = Options().encoder()
    found: list[IdArray] = []
    known = 0
    totals = np.zeros(0, np.int64)
    firsts, numbers = np.zeros(0, np.int32), np.zeros(0, np.int32)
    for split, piece in enumerate(pieces):
        n = len(piece.counts)
        if not n:
            found.append(np.empty(0, np.int32))
            continue
        encoder.add_lists(piece.words, piece.offsets, np.array([0, n]))
        ids = np.frombuffer(memoryview(encoder.take_ids()), np.int32)[:-1]
        known = max(known, int(ids.max()) + 1)
        if known > len(totals):
            room = known + known // 2
            totals = _grown(totals, room)
            firsts, numbers = _grown(firsts, room), _grown(numbers, room)
        new = totals[ids] == 0
        firsts[ids[new]], numbers[ids[new]] = split, piece.numbers[new]
        totals[ids] += piece.counts  # a word is once in a piece
        found.append(ids)
    _, _, offsets, words = encoder.finish()
    rows = np.flatnonzero(totals[:known] >= prune_below)
    place = np.full(known, -1, np.int32)
    place[rows] = np.arange(len(rows), dtype=np.int32)
    taken, ends = take(
        np.frombuffer(memoryview(words), np.uint8),
        np.frombuffer(memoryview(offsets), np.int64),
        rows,
    )
    kept = Kept(ends, taken, totals[rows], firsts[rows], numbers[rows])
    return kept, [place[ids] for ids in found]


def _grown(array: npt.NDArray[Any], n: int) -> npt.NDArray[Any]:
    made = np.zeros(n, array.dtype)
    made[: len(array)] = array
    return made


def number(kept: list[Kept]) -> tuple[list[IdArray], IntArray, IntArray, Bytes]:
    """Return numbers of the words of all partitions, by first appearance.

    Returns
    -------
    numbers : list of int32 arrays
        Of the words of each partition.
    counts, offsets, words
        Of all words, by number.
    """
    n = sum(len(one.counts) for one in kept)
    if n >= 2**31 - 1:
        raise OverflowError(
            f"{n:,} distinct words; ids have 31 bits: drop rare words with prune_below=2 or more, "
            "or normalize the text first"
        )
    keys = np.concatenate([one.splits.astype(np.int64) << 32 | one.numbers for one in kept])
    order = np.argsort(keys, kind="stable")
    numbers = np.empty(n, np.int32)
    numbers[order] = np.arange(n, dtype=np.int32)
    ends = np.cumsum([len(one.counts) for one in kept])
    starts = np.cumsum([0, *(len(one.words) for one in kept)])
    offsets = np.concatenate(
        [start + one.offsets[:-1] for start, one in zip(starts, kept, strict=False)] + [starts[-1:]]
    )
    words, placed = take(np.concatenate([one.words for one in kept]), offsets, order)
    counts = np.concatenate([one.counts for one in kept])[order]
    return np.split(numbers, ends[:-1]), counts, placed, words


def translation(of: IntArray, places: list[IdArray], numbers: list[IdArray]) -> IdArray:
    """Return the number of each word of a split, -2 if it was dropped; the last is that of -1."""
    table = np.full(len(of) + 1, -2, np.int32)
    for partition, (place, number) in enumerate(zip(places, numbers, strict=True)):
        rows = np.flatnonzero(of == partition)
        known = place >= 0
        table[rows[known]] = number[place[known]]
    table[-1] = -1
    return table
