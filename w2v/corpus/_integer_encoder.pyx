"""Integers to types: the loops of integers.py, over arrays that NumPy owns.

A key is an id as it was given, its type the number of its first appearance. Small keys are looked
up in `direct`, a table with a place for each; the others in `slots`, an open-addressing hash table.
Both hold type + 1, and 0 where there is none.
"""

from cpython.bool cimport PyBool_Check
from cpython.exc cimport PyErr_CheckSignals
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t

cdef extern from "Python.h":
    bint PyLong_CheckExact(object o) noexcept
    long long PyLong_AsLongLongAndOverflow(object o, int *overflow) except? -1
    object PyNumber_Index(object o)
    unsigned long long PyLong_AsUnsignedLongLong(object o) except? -1


# The finishing steps of MurmurHash3 (Appleby): every bit of a key reaches every bit of the place.
cdef inline uint64_t mixed(uint64_t key) noexcept nogil:
    key = (key ^ (key >> 33)) * <uint64_t>0xFF51AFD7ED558CCD
    key = (key ^ (key >> 33)) * <uint64_t>0xC4CEB9FE1A85EC53
    return key ^ (key >> 33)


def number(const uint64_t[::1] keys, const int64_t[::1] bounds, int32_t[::1] direct,
           int32_t[::1] slots, uint64_t[::1] seen, int64_t[::1] counts, int64_t n_types,
           int32_t[::1] ids, int64_t at):
    """Write the types of some rows' keys, and -1 after each row that ends here and is not empty.

    Parameters
    ----------
    keys : uint64, shape (n,)
    bounds : int64, shape (k + 1,)
        Row `r` is ``keys[bounds[r]:bounds[r + 1]]``. Rises from 0 or less to n or more: the first
        row may have begun earlier, the last may go on later.
    direct : int32
        Types of the keys below its length.
    slots : int32, a power of two of them
        With more than n free places.
    seen, counts : uint64 and int64, longer than n_types + n
        The key of each type, and how often it came.
    n_types : int
    ids : int32
        Written from `at` on; n + k places.
    at : int

    Returns
    -------
    n_types, at : int
        As they are now.
    """
    cdef Py_ssize_t i = 0, row, end, n = keys.shape[0], rows = bounds.shape[0] - 1
    cdef uint64_t key, place, n_direct = direct.shape[0], mask = slots.shape[0] - 1
    cdef int32_t found
    if seen.shape[0] < n_types + n or counts.shape[0] < n_types + n or ids.shape[0] < at + n + rows:
        raise ValueError("expected room for all keys")
    if rows < 0 or bounds[rows] < n or bounds[0] > 0:
        raise ValueError("expected rows that cover all keys")
    with nogil:
        for row in range(rows):
            end = min(<Py_ssize_t>bounds[row + 1], n)
            while i < end:
                key = keys[i]
                i += 1
                if key < n_direct:
                    found = direct[key]
                    if found == 0:
                        n_types += 1
                        found = direct[key] = <int32_t>n_types
                        seen[n_types - 1] = key
                        counts[n_types - 1] = 0
                else:
                    place = mixed(key) & mask
                    found = slots[place]
                    while found != 0 and seen[found - 1] != key:
                        place = (place + 1) & mask
                        found = slots[place]
                    if found == 0:
                        n_types += 1
                        found = slots[place] = <int32_t>n_types
                        seen[n_types - 1] = key
                        counts[n_types - 1] = 0
                counts[found - 1] += 1
                ids[at] = found - 1
                at += 1
            if bounds[row] < bounds[row + 1] <= n:
                ids[at] = -1
                at += 1
    return n_types, at


def enter(const uint64_t[::1] seen, int64_t least, int32_t[::1] direct, int32_t[::1] slots):
    """Enter the types of all keys from `least` on into tables that are larger than before."""
    cdef Py_ssize_t i
    cdef uint64_t place, n_direct = direct.shape[0], mask = slots.shape[0] - 1
    with nogil:
        for i in range(seen.shape[0]):
            if seen[i] < n_direct:
                if seen[i] >= <uint64_t>least:
                    direct[seen[i]] = <int32_t>(i + 1)
                continue
            place = mixed(seen[i]) & mask
            while slots[place] != 0 and slots[place] != i + 1:
                place = (place + 1) & mask
            slots[place] = <int32_t>(i + 1)


def collect(list rows, uint64_t[::1] keys):
    """Copy rows, lists or tuples of int, into `keys`, one after the other.

    Returns
    -------
    tuple of int, or None
        Row and position of the first item that is no integer of 0 to 2**64 - 1, or that has no
        place.
    """
    cdef Py_ssize_t row, position, at = 0, n = keys.shape[0]
    cdef long long value
    cdef int overflow
    cdef object item
    for row in range(len(rows)):
        position = 0
        for item in rows[row]:
            if at == n:
                return row, position
            value = -1
            if PyLong_CheckExact(item):
                value = PyLong_AsLongLongAndOverflow(item, &overflow)
            if value >= 0:
                keys[at] = value
            elif not other_key(item, &keys[at]):
                return row, position
            at += 1
            position += 1
            if at & 0xFFFF == 0:
                PyErr_CheckSignals()
    return None


# Integers of NumPy and from 2**63 on; False for what is no key.
cdef bint other_key(item, uint64_t *key) except -1:
    if PyBool_Check(item):
        return False
    try:
        key[0] = PyLong_AsUnsignedLongLong(PyNumber_Index(item))
    except (TypeError, OverflowError):
        return False
    return True


def digits(const uint64_t[::1] keys, const int64_t[::1] offsets, uint8_t[::1] words):
    """Write each key in decimal digits to ``words[offsets[i]:offsets[i + 1]]``, which it fills."""
    cdef Py_ssize_t i
    cdef int64_t at
    cdef uint64_t key
    if offsets.shape[0] != keys.shape[0] + 1 or words.shape[0] != offsets[keys.shape[0]]:
        raise ValueError("expected room for all digits")
    with nogil:
        for i in range(keys.shape[0]):
            key = keys[i]
            at = offsets[i + 1]
            while at > offsets[i]:
                at -= 1
                words[at] = <uint8_t>(48 + key % 10)
                key //= 10
