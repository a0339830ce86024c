# w2v_phrases.h for Cython.

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t

from w2v_status cimport w2v_status


cdef extern from "w2v_phrases.h" nogil:
    int W2V_CONNECTOR, W2V_FIRST, W2V_SECOND
    ctypedef struct w2v_bigrams:
        pass
    ctypedef struct w2v_scoring:
        int npmi
        int64_t min_count
        double scale, threshold
    ctypedef struct w2v_bigram:
        int32_t first, second
        uint32_t connector_chain, count
        double score
    w2v_bigrams *w2v_bigrams_new(const uint8_t *flags, int64_t n_types, int64_t budget) noexcept
    void w2v_bigrams_free(w2v_bigrams *bigrams) noexcept
    w2v_status w2v_bigrams_count(w2v_bigrams *bigrams, const int32_t *ids, int64_t n,
                                 int64_t *word_counts) noexcept
    int64_t w2v_bigrams_size(const w2v_bigrams *bigrams) noexcept
    int64_t w2v_bigrams_score_all(const w2v_bigrams *bigrams, const w2v_scoring *by,
                                  const int64_t *counts, w2v_bigram *found,
                                  int64_t capacity) noexcept
    uint32_t w2v_bigrams_pop_connector(const w2v_bigrams *bigrams, uint32_t chain,
                                       int32_t *connector) noexcept
    w2v_status w2v_bigrams_insert(w2v_bigrams *bigrams, const int32_t *words, int64_t n,
                                  int32_t number) noexcept
    w2v_status w2v_bigrams_apply(w2v_bigrams *bigrams, const int32_t *ids, int64_t n, int32_t *out,
                                 int64_t *n_out) noexcept
    int64_t w2v_bigrams_pending(const w2v_bigrams *bigrams) noexcept
    int32_t w2v_renumber(int32_t *ids, int64_t n, int32_t *numbers, int64_t *counts,
                         int32_t next) noexcept
