# w2v_replicas.h for Cython.
from libc.stdint cimport int32_t, uint8_t, uint32_t

from w2v_cache_model cimport w2v_counters

cdef extern from "w2v_replicas.h" nogil:
    ctypedef struct w2v_matrix:
        float *shared
        size_t row_size
        size_t replica_offset
        uint32_t first_replicated
        uint32_t n_replicated

    ctypedef struct w2v_replicas:
        float *local
        float *base
        float **shared_rows
        uint8_t *locks
        const int32_t *merge_schedule
        size_t stride
        size_t schedule_length
        size_t schedule_pos
        uint32_t n
        float merges_per_center
        float merges_due

    float *w2v_row(const w2v_matrix *matrix, int32_t row) noexcept
    size_t w2v_row_number(const w2v_matrix *matrix, const float *row) noexcept
    bint w2v_merge(w2v_replicas *replicas, uint32_t k, w2v_counters *counters) noexcept
    void w2v_merge_due(w2v_replicas *replicas, w2v_counters *counters) noexcept
