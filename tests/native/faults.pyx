"""Planted faults: they prove that a build's checks are alive (test_faults.py).

Part of debug and sanitizer builds only, as w2v._faults, compiled with the flags of the other modules.
"""

cimport cython
from libc.limits cimport INT_MAX

cdef extern from *:
    """
    #ifdef W2V_DEBUG
    #define W2V_CHECKS_BOUNDS 1
    #else
    #define W2V_CHECKS_BOUNDS 0
    #endif
    """
    const bint W2V_CHECKS_BOUNDS

CHECKS_BOUNDS = W2V_CHECKS_BOUNDS


def past_the_end(const int[::1] numbers, Py_ssize_t at) -> int:
    """Return ``numbers[at]``, whatever `at` is."""
    return numbers[at]


@cython.boundscheck(False)
def past_the_end_unchecked(const int[::1] numbers, Py_ssize_t at) -> int:
    """Return ``numbers[at]``; only a sanitizer looks at `at`."""
    return numbers[at]


def overflow(int more) -> int:
    """Return ``INT_MAX + more``."""
    cdef int most = INT_MAX
    return most + more
