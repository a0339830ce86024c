# w2v_phrases.h for Cython.

from libc.stdint cimport int32_t, int64_t, uint8_t

from w2v_status cimport w2v_status


cdef extern from "w2v_phrases.h" nogil:
    int W2V_CONNECTOR, W2V_FIRST, W2V_SECOND
    ctypedef struct w2v_bigrams:
        pass
    ctypedef struct w2v_walk:
        int64_t n_pending
    w2v_bigrams *w2v_bigrams_new(const uint8_t *flags, int64_t n_types) noexcept
    void w2v_bigrams_free(w2v_bigrams *bigrams) noexcept
    w2v_status w2v_bigrams_insert(w2v_bigrams *bigrams, const int32_t *words, int64_t n,
                                  int32_t number) noexcept
    void w2v_walk_begin(w2v_walk *walk) noexcept
    void w2v_walk_clear(w2v_walk *walk) noexcept
    w2v_status w2v_bigrams_apply(const w2v_bigrams *bigrams, w2v_walk *walk, const int32_t *ids,
                                 int64_t n, int32_t *out, int64_t *n_out) noexcept
    int32_t w2v_renumber(int32_t *ids, int64_t n, int32_t *numbers, int64_t *counts,
                         int32_t next) noexcept
