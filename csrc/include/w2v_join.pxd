# w2v_join.h for Cython.

from libc.stdint cimport int32_t, int64_t

from w2v_encoder cimport w2v_encoder
from w2v_status cimport w2v_status


cdef extern from "w2v_join.h" nogil:
    ctypedef struct w2v_join:
        pass
    ctypedef struct w2v_chunk:
        int64_t n_ids, first_type, n_types
    w2v_status w2v_encoder_take_chunk(w2v_encoder *encoder, w2v_chunk *chunk) noexcept
    void w2v_chunk_clear(w2v_chunk *chunk) noexcept
    w2v_join *w2v_join_new(w2v_encoder *into, int64_t expected_types) noexcept
    void w2v_join_free(w2v_join *join) noexcept
    int64_t w2v_join_bytes(const w2v_join *join) noexcept
    w2v_status w2v_join_begin(w2v_join *join, w2v_chunk **chunks, int32_t **maps, int64_t n,
                              int64_t expected_ids) noexcept
    w2v_status w2v_join_work(w2v_join *join) noexcept
    w2v_status w2v_join_next_stage(w2v_join *join, int *open) noexcept
    void w2v_join_counts(w2v_join *join, const int64_t *counts, int64_t n,
                         const int32_t *map) noexcept
