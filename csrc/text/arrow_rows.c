/* arrow_rows.c - rows of a table: strings, or lists of strings, as Arrow lays them out. */
#include "encoder_internal.h"

#include "utf8.h"

/* Adds a token that may contain invalid bytes; it stays where it is until the next flush. */
static w2v_status add_cell(w2v_encoder *encoder, const uint8_t *bytes, int64_t length,
                           const uint8_t **invalid)
{
    const uint8_t *end = bytes + length, *done = bytes;
    encoder->n_scratch = 0;
    for (const uint8_t *p = bytes; p < end;) {
        if (end - p >= 8 && !(w2v_load64(p) & 0x8080808080808080u)) {
            p += 8;
            continue;
        }
        int n = *p < 0x80 ? 1 : check_sequence(p, end);
        if (n > 0) {
            p += n;
            continue;
        }
        *invalid = p;
        if (encoder->policy == W2V_STRICT)
            return W2V_BAD_UTF8;
        if (!to_scratch(encoder, done, p - done) ||
            (encoder->policy == W2V_REPLACE && !to_scratch(encoder, REPLACEMENT, 3)))
            return W2V_NO_MEMORY;
        p = done = n ? p - n : end;
    }
    if (done == bytes) {
        uint64_t key[2];
        key_within(bytes, length, key);
        return encoder->lowercase ? w2v_encoder_push_lowered(encoder, key, bytes, length)
                                  : push(encoder, key, bytes, length);
    }
    if (!to_scratch(encoder, done, end - done))
        return W2V_NO_MEMORY;
    length = encoder->n_scratch;
    encoder->n_scratch = 0;
    return length ? w2v_encoder_add_token(encoder, encoder->scratch, length) : W2V_OK;
}

/* Reads string i as a row of text, or as one token of a row. */
static w2v_status read_cell(w2v_encoder *encoder, const w2v_string_column *column, int64_t i,
                            w2v_column_cursor *at)
{
    int64_t begin = column->offsets[i], end = column->offsets[i + 1];
    if (begin < 0 || begin > end || end > column->n_bytes) {
        at->error_index = i;
        return W2V_BAD_OFFSET;
    }
    if (column->string_valid && !column->string_valid[i]) {
        at->null_tokens++;
        return W2V_OK;
    }
    const uint8_t *bytes = column->bytes + begin, *invalid = bytes;
    w2v_status status = W2V_OK;
    at->steps += end - begin;
    if (!column->lists) {
        text_reader row = {bytes + (end - begin), bytes, bytes, bytes,
                           W2V_TEXT_FINAL | W2V_TEXT_NO_LINE_BREAKS};
        encoder->n_scratch = 0;
        status = w2v_encoder_read(encoder, &row);
        invalid = row.bad;
    } else if (begin < end) {
        status = add_cell(encoder, bytes, end - begin, &invalid);
    } else if (!at->empty_tokens++) {
        at->empty_row = at->row;
        at->empty_token = at->token;
    }
    if (status == W2V_BAD_UTF8)
        at->error_index = invalid - column->bytes;
    return status;
}

w2v_status w2v_encoder_add_column(w2v_encoder *encoder, const w2v_string_column *column,
                                  w2v_column_cursor *at, int64_t steps)
{
    w2v_status status = W2V_OK;
    for (at->steps = 0; at->row < column->n_rows && at->steps < steps; at->row++) {
        int64_t row = at->row, first = row, last = row + 1;
        if (column->lists) {
            first = column->lists[row];
            last = column->lists[row + 1];
            if (first < 0 || first > last || last > column->n_strings) {
                at->error_index = row;
                status = W2V_BAD_LIST;
                break;
            }
        }
        at->steps++;
        if (column->row_valid && !column->row_valid[row]) {
            at->null_rows++;
            continue;
        }
        at->steps += last - first;
        for (int64_t i = first; i < last && !status; i++) {
            at->token = i - first;
            status = read_cell(encoder, column, i, at);
        }
        if (!status)
            status = w2v_encoder_end_sentence(encoder);
        if (status)
            break;
    }
    encoder->n_scratch = 0;
    w2v_status flushed = w2v_encoder_flush(encoder); /* the queue may point into the column */
    return status ? status : flushed;
}
