# w2v_cache_model.h for Cython.
from libc.stdint cimport int64_t

cdef extern from "w2v_cache_model.h" nogil:
    bint W2V_INSTRUMENTED

    ctypedef struct w2v_counters:
        int64_t centers
        int64_t row_writes
        int64_t shared_writes
        int64_t merges
        int64_t fetched_bytes

    void w2v_count_row(w2v_counters *counters, const float *row, size_t stride) noexcept
