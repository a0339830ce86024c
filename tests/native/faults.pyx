"""Planted faults: they prove that a build's checks are alive (test_faults.py).

Part of debug and sanitizer builds only, as w2v._faults, compiled with the flags of the other modules.
"""

from libc.limits cimport INT_MAX


def past_the_end(const int[::1] numbers, Py_ssize_t at) -> int:
    """Return ``numbers[at]``, whatever `at` is."""
    return numbers[at]


def overflow(int more) -> int:
    """Return ``INT_MAX + more``."""
    cdef int most = INT_MAX
    return most + more
