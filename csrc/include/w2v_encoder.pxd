# w2v_encoder.h for Cython.

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t

from w2v_status cimport w2v_status


cdef extern from "w2v_encoder.h" nogil:
    int W2V_STRICT, W2V_REPLACE, W2V_IGNORE
    int W2V_TEXT_UNICODE, W2V_TEXT_LOWERCASE
    int W2V_TEXT_FINAL, W2V_TEXT_NO_LINE_BREAKS
    ctypedef struct w2v_encoder:
        pass
    ctypedef struct w2v_encoder_stats:
        int64_t tokens, sentences, types, lines, type_bytes, id_bytes
    ctypedef struct w2v_encoder_result:
        int32_t *ids
        int64_t *counts
        int64_t *offsets
        uint8_t *bytes
        int64_t n_ids, n_types, n_bytes
    ctypedef struct w2v_string_column:
        const uint8_t *bytes
        const int64_t *offsets
        const int64_t *lists
        const uint8_t *string_valid
        const uint8_t *row_valid
        int64_t n_bytes, n_strings, n_rows
    ctypedef struct w2v_column_cursor:
        int64_t row, token, null_rows, null_tokens, empty_tokens, empty_row, empty_token
        int64_t error_index, steps
    const char *w2v_unicode_version() noexcept
    w2v_encoder *w2v_encoder_new(int policy, int options) noexcept
    w2v_status w2v_encoder_expect(w2v_encoder *encoder, int64_t types, int64_t ids) noexcept
    void w2v_encoder_free(w2v_encoder *encoder) noexcept
    w2v_status w2v_encoder_feed(w2v_encoder *encoder, const uint8_t *bytes, int64_t length,
                                int flags, int64_t *consumed) noexcept
    w2v_status w2v_encoder_add_token(w2v_encoder *encoder, const uint8_t *bytes,
                                     int64_t length) noexcept
    w2v_status w2v_encoder_end_sentence(w2v_encoder *encoder) noexcept
    w2v_status w2v_encoder_to_utf8(w2v_encoder *encoder, const uint32_t *points, int64_t n,
                                   const uint8_t **utf8, int64_t *length) noexcept
    w2v_status w2v_encoder_add_column(w2v_encoder *encoder, const w2v_string_column *column,
                                      w2v_column_cursor *at, int64_t steps) noexcept
    w2v_encoder_stats w2v_encoder_get_stats(const w2v_encoder *encoder) noexcept
    w2v_status w2v_encoder_finish(w2v_encoder *encoder, w2v_encoder_result *result) noexcept
    w2v_status w2v_encoder_take_ids(w2v_encoder *encoder, int32_t **ids, int64_t *n_ids) noexcept
