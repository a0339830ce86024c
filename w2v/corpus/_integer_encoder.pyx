"""Integers to types: the loops of integer_reader.py, over NumPy arrays.

A key is an id of the source, its type the number of its first appearance. Small keys are looked up
in `dense_table`, which is indexed by key; the others in `hash_table`, with open addressing. Both
contain type + 1, or 0 for none.
"""

from cpython.bool cimport PyBool_Check
from cpython.exc cimport PyErr_CheckSignals
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t

from numpy import bool_ as NUMPY_BOOL

cdef extern from "Python.h":
    bint PyLong_CheckExact(object o) noexcept
    long long PyLong_AsLongLongAndOverflow(object o, int *overflow) except? -1
    object PyNumber_Index(object o)
    unsigned long long PyLong_AsUnsignedLongLong(object o) except? -1


# The finalizer of MurmurHash3 (Appleby): every bit of a key affects every bit of the hash.
cdef inline uint64_t mix64(uint64_t key) noexcept nogil:
    key = (key ^ (key >> 33)) * <uint64_t>0xFF51AFD7ED558CCD
    key = (key ^ (key >> 33)) * <uint64_t>0xC4CEB9FE1A85EC53
    return key ^ (key >> 33)


def encode_ids(const uint64_t[::1] keys, const int64_t[::1] bounds, int32_t[::1] dense_table,
               int32_t[::1] hash_table, uint64_t[::1] type_keys, int64_t[::1] counts,
               int64_t n_types, int32_t[::1] ids, int64_t at):
    """Write the types of the keys of some rows, and -1 after each non-empty row that ends here.

    Parameters
    ----------
    keys : uint64, shape (n,)
    bounds : int64, shape (k + 1,)
        Row `r` is ``keys[bounds[r]:bounds[r + 1]]``. Ascends from at most 0 to at least n: the
        first row may begin before these keys, the last may end after them.
    dense_table : int32
        Types of the keys below its length.
    hash_table : int32, a power of two of them
        With more than n free slots.
    type_keys, counts : uint64 and int64, longer than n_types + n
        Key and occurrences of each type.
    n_types : int
    ids : int32
        Written from `at` on; n + k items are needed.
    at : int

    Returns
    -------
    n_types, at : int
        Their new values.
    """
    cdef Py_ssize_t i = 0, row, end, n = keys.shape[0], rows = bounds.shape[0] - 1
    cdef uint64_t key, slot, n_dense = dense_table.shape[0], mask = hash_table.shape[0] - 1
    cdef int32_t found
    if (type_keys.shape[0] < n_types + n or counts.shape[0] < n_types + n
            or ids.shape[0] < at + n + rows):
        raise ValueError("expected arrays large enough for all keys")
    if rows < 0 or bounds[rows] < n or bounds[0] > 0:
        raise ValueError("expected rows that cover all keys")
    with nogil:
        for row in range(rows):
            end = min(<Py_ssize_t>bounds[row + 1], n)
            while i < end:
                key = keys[i]
                i += 1
                if key < n_dense:
                    found = dense_table[key]
                    if found == 0:
                        n_types += 1
                        found = dense_table[key] = <int32_t>n_types
                        type_keys[n_types - 1] = key
                        counts[n_types - 1] = 0
                else:
                    slot = mix64(key) & mask
                    found = hash_table[slot]
                    while found != 0 and type_keys[found - 1] != key:
                        slot = (slot + 1) & mask
                        found = hash_table[slot]
                    if found == 0:
                        n_types += 1
                        found = hash_table[slot] = <int32_t>n_types
                        type_keys[n_types - 1] = key
                        counts[n_types - 1] = 0
                counts[found - 1] += 1
                ids[at] = found - 1
                at += 1
            if bounds[row] < bounds[row + 1] <= n:
                ids[at] = -1
                at += 1
    return n_types, at


def rehash(const uint64_t[::1] type_keys, int64_t first_new, int32_t[::1] dense_table,
           int32_t[::1] hash_table):
    """Insert all types into tables that have grown; the dense one has keys below `first_new`."""
    cdef Py_ssize_t i
    cdef uint64_t slot, n_dense = dense_table.shape[0], mask = hash_table.shape[0] - 1
    with nogil:
        for i in range(type_keys.shape[0]):
            if type_keys[i] < n_dense:
                if type_keys[i] >= <uint64_t>first_new:
                    dense_table[type_keys[i]] = <int32_t>(i + 1)
                continue
            slot = mix64(type_keys[i]) & mask
            while hash_table[slot] != 0 and hash_table[slot] != i + 1:
                slot = (slot + 1) & mask
            hash_table[slot] = <int32_t>(i + 1)


def gather_ints(list rows, uint64_t[::1] keys):
    """Copy rows, lists or tuples of int, into `keys`, one after the other.

    Returns
    -------
    tuple of int, or None
        Row and position of the first item that is not an integer from 0 to 2**64 - 1, or for which
        `keys` has no space.
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


# NumPy integers, and those from 2**63 on; False for anything that is not a key.
cdef bint other_key(item, uint64_t *key) except -1:
    # NumPy before 2.3 takes its own bool for an index, with a warning.
    if PyBool_Check(item) or type(item) is NUMPY_BOOL:
        return False
    try:
        key[0] = PyLong_AsUnsignedLongLong(PyNumber_Index(item))
    except (TypeError, OverflowError):
        return False
    return True


def write_digits(const uint64_t[::1] keys, const int64_t[::1] offsets, uint8_t[::1] words):
    """Write key `i` in decimal digits to ``words[offsets[i]:offsets[i + 1]]``."""
    cdef Py_ssize_t i
    cdef int64_t at
    cdef uint64_t key
    if offsets.shape[0] != keys.shape[0] + 1 or words.shape[0] != offsets[keys.shape[0]]:
        raise ValueError("expected words of exactly the length of all digits")
    with nogil:
        for i in range(keys.shape[0]):
            key = keys[i]
            at = offsets[i + 1]
            while at > offsets[i]:
                at -= 1
                words[at] = <uint8_t>(48 + key % 10)
                key //= 10
