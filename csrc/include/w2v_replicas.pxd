# w2v_replicas.h for Cython.
from libc.stdint cimport int32_t, uint8_t, uint32_t

from w2v_cache_model cimport w2v_count

cdef extern from "w2v_replicas.h" nogil:
    ctypedef struct w2v_matrix:
        float *shared
        size_t row_size
        size_t away
        uint32_t first
        uint32_t n

    ctypedef struct w2v_hot:
        float *own
        float *base
        float **home
        uint8_t *lock
        const int32_t *calendar
        size_t stride
        size_t days
        size_t today
        uint32_t n
        float rate
        float due

    float *w2v_row(const w2v_matrix *matrix, int32_t row) noexcept
    size_t w2v_row_number(const w2v_matrix *matrix, const float *row) noexcept
    bint w2v_merge(w2v_hot *hot, uint32_t k, w2v_count *count) noexcept
    void w2v_merge_due(w2v_hot *hot, w2v_count *count) noexcept
