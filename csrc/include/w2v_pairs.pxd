# w2v_pairs.h for Cython.

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t

from w2v_phrases cimport w2v_bigrams
from w2v_status cimport w2v_status


cdef extern from "w2v_pairs.h" nogil:
    int W2V_PAIR_PARTS
    ctypedef struct w2v_pairs:
        pass
    ctypedef struct w2v_scoring:
        int npmi
        int64_t min_count
        double scale, threshold
    ctypedef struct w2v_bigram:
        int32_t first, second
        uint32_t connector_chain, count
        double score
    w2v_pairs *w2v_pairs_new(const uint8_t *flags, int64_t n_types, int64_t budget) noexcept
    void w2v_pairs_free(w2v_pairs *pairs) noexcept
    w2v_status w2v_pairs_begin(w2v_pairs *pairs, const int32_t *ids, int64_t n, int64_t piece,
                               const w2v_bigrams *const *joiners, int64_t n_joiners) noexcept
    w2v_status w2v_pairs_work(w2v_pairs *pairs, int64_t *word_counts) noexcept
    w2v_status w2v_pairs_next_stage(w2v_pairs *pairs, int *open) noexcept
    int64_t w2v_pairs_size(const w2v_pairs *pairs) noexcept
    void w2v_pairs_begin_scoring(w2v_pairs *pairs, const w2v_scoring *by,
                                 const int64_t *counts) noexcept
    const w2v_bigram *w2v_pairs_found(const w2v_pairs *pairs, int part, int64_t *n) noexcept
    uint32_t w2v_pairs_pop_connector(const w2v_pairs *pairs, uint32_t chain,
                                     int32_t *connector) noexcept
