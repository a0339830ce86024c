# w2v_matrix.h for Cython.
from libc.stdint cimport int32_t, uint16_t, uint32_t

cdef extern from "w2v_matrix.h" nogil:
    ctypedef uint16_t w2v_mark

    enum:
        W2V_FRESH
        W2V_TRAINED
        W2V_STALE

    ctypedef struct w2v_matrix:
        float *shared
        size_t row_size
        size_t replica_offset
        uint32_t first_replicated
        uint32_t n_replicated
        w2v_mark *marks

    float *w2v_row(const w2v_matrix *matrix, int32_t row) noexcept
    size_t w2v_replica_number(const w2v_matrix *matrix, const float *row) noexcept
    size_t w2v_row_number(const w2v_matrix *matrix, const float *row) noexcept
