# w2v_atomics.h for Cython.
from libc.stdint cimport int64_t

cdef extern from "w2v_atomics.h" nogil:
    int64_t w2v_load_relaxed(const int64_t *word) noexcept
    void w2v_store_relaxed(int64_t *word, int64_t value) noexcept
