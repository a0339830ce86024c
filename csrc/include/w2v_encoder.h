/* w2v_encoder.h - text to ids.
 *
 * An encoder turns text into ids: types (distinct words) are numbered by first appearance, each
 * token becomes the number of its type, and -1 follows each sentence that has a token. An encoder
 * is used by one thread at a time; encoders share no state. w2v_join.h makes one result of several.
 *
 * White space is defined as in Python's str.split(): \t \n \v \f \r, space, 0x1C-0x1F, U+0085,
 * U+00A0, U+1680, U+2000-200A, U+2028, U+2029, U+202F, U+205F and U+3000.
 *
 * No function reads outside the given range or keeps a pointer into it. Tokens wait in a short
 * queue before they are looked up. After W2V_NO_MEMORY or W2V_TOO_MANY_TYPES the queued tokens are
 * lost, and the encoder is in a valid state.
 */
#ifndef W2V_ENCODER_H
#define W2V_ENCODER_H

#include <stddef.h>
#include <stdint.h>

#include "w2v_status.h"

/* Policies for invalid UTF-8, NUL bytes in files and lone surrogates. */
enum {
    W2V_STRICT = 0,  /* stop with a status */
    W2V_REPLACE = 1, /* U+FFFD for each maximal subpart, as Python's decoder does */
    W2V_IGNORE = 2,  /* drop them */
};

/* Options of an encoder. */
enum {
    W2V_TEXT_UNICODE = 1,   /* split text at the word boundaries of UAX #29, not at white space, and
                               drop segments without a letter or number */
    W2V_TEXT_LOWERCASE = 2, /* lower-case tokens, as Python's str.lower() does */
};

/* Flags of w2v_encoder_feed. */
enum {
    W2V_TEXT_FINAL = 1,          /* the end of these bytes ends the last token */
    W2V_TEXT_NO_LINE_BREAKS = 2, /* a line feed does not end a sentence, and NUL is valid */
};

typedef struct w2v_encoder w2v_encoder;

typedef struct w2v_encoder_stats {
    int64_t tokens, sentences, types;
    int64_t lines;                 /* line feeds read by w2v_encoder_feed */
    int64_t type_bytes, id_bytes;  /* memory of the types, and of the ids not taken yet */
} w2v_encoder_stats;

/* What an encoder made, in malloc()ed blocks; the caller frees them with free(). */
typedef struct w2v_encoder_result {
    int32_t *ids;     /* n_ids = tokens + sentences */
    int64_t *counts;  /* n_types: occurrences of each type */
    int64_t *offsets; /* n_types + 1: word t is bytes[offsets[t]] to bytes[offsets[t + 1] - 1] */
    uint8_t *bytes;   /* n_bytes: all words in UTF-8, concatenated */
    int64_t n_ids, n_types, n_bytes;
} w2v_encoder_result;

/* ---- Creation ------------------------------------------------------------------------------- */

/* A new encoder with a policy (W2V_STRICT, ...) and options (W2V_TEXT_UNICODE, ...; 0 for none), or
 * NULL if memory is short. */
w2v_encoder *w2v_encoder_new(int policy, int options);

/* Makes room for that many types and ids in all. More may come; fewer take no more memory, except
 * for the table, 8 to 26 bytes a type. What threads allocate side by side, they wait for. */
w2v_status w2v_encoder_expect(w2v_encoder *encoder, int64_t types, int64_t ids);

/* Frees the encoder and everything it still owns; NULL is allowed. */
void w2v_encoder_free(w2v_encoder *encoder);

/* The version of Unicode behind words and lower case, such as "14.0.0". */
const char *w2v_unicode_version(void);

/* ---- Input ---------------------------------------------------------------------------------- */

/* Encodes bytes[0] to bytes[length - 1], any part of a UTF-8 text.
 *
 * Without W2V_TEXT_FINAL a token is taken once the bytes that end it are there. *consumed receives
 * the number of bytes processed; pass the remainder again, followed by more input. With
 * W2V_BAD_UTF8 and W2V_NUL_BYTE, *consumed is the position of the first invalid byte. Does not end
 * the last sentence. */
w2v_status w2v_encoder_feed(w2v_encoder *encoder, const uint8_t *bytes, int64_t length, int flags,
                            int64_t *consumed);

/* Adds bytes[0] to bytes[length - 1] as one token, whatever it contains; length at least 1. With
 * W2V_TEXT_LOWERCASE the bytes must be valid UTF-8. */
w2v_status w2v_encoder_add_token(w2v_encoder *encoder, const uint8_t *bytes, int64_t length);

/* Ends a sentence: appends -1 if it has a token. */
w2v_status w2v_encoder_end_sentence(w2v_encoder *encoder);

/* Converts n code points to UTF-8, in a buffer of the encoder, valid until the next call other than
 * feeding or adding it. With W2V_LONE_SURROGATE, *length is the position of the surrogate. */
w2v_status w2v_encoder_to_utf8(w2v_encoder *encoder, const uint32_t *points, int64_t n,
                               const uint8_t **utf8, int64_t *length);

/* A column in Arrow's layout. Each string is a row of text; or, with `lists`, a token. */
typedef struct w2v_string_column {
    const uint8_t *bytes;        /* n_bytes */
    const int64_t *offsets;      /* n_strings + 1: string i is bytes[offsets[i]] to
                                    bytes[offsets[i + 1] - 1] */
    const int64_t *lists;        /* n_rows + 1: row r has strings lists[r] to lists[r + 1] - 1; or
                                    NULL, and n_rows is n_strings */
    const uint8_t *string_valid; /* n_strings: 0 for a null; or NULL without nulls */
    const uint8_t *row_valid;    /* n_rows, likewise */
    int64_t n_bytes, n_strings, n_rows;
} w2v_string_column;

/* Progress in a column; all zeros at its beginning. */
typedef struct w2v_column_cursor {
    int64_t row, token; /* the next row; after an error, its location */
    int64_t null_rows, null_tokens, empty_tokens; /* skipped so far */
    int64_t empty_row, empty_token;               /* location of the first empty token */
    int64_t error_index; /* W2V_BAD_UTF8: the byte; W2V_BAD_OFFSET, W2V_BAD_LIST: the entry that is
                            negative, above the next, or followed by one outside the range */
    int64_t steps;       /* bytes, tokens and rows read by the last call */
} w2v_column_cursor;

/* Reads rows, each a sentence, to the end of the column or until `steps` are done. Nulls and empty
 * tokens are skipped and counted. Offsets are checked when they are used: invalid ones never cause
 * a read outside the column. A row of text is read as with W2V_TEXT_FINAL and
 * W2V_TEXT_NO_LINE_BREAKS; a token may contain anything. */
w2v_status w2v_encoder_add_column(w2v_encoder *encoder, const w2v_string_column *column,
                                  w2v_column_cursor *at, int64_t steps);

/* ---- Output --------------------------------------------------------------------------------- */

/* The figures so far: lines exactly, the others without queued tokens (exact after
 * w2v_encoder_finish). */
w2v_encoder_stats w2v_encoder_get_stats(const w2v_encoder *encoder);

/* Transfers the result to the caller and releases everything else. Afterwards only
 * w2v_encoder_get_stats and w2v_encoder_free may be called. */
w2v_status w2v_encoder_finish(w2v_encoder *encoder, w2v_encoder_result *result);

/* Transfers the ids since the last call, as a malloc()ed block; types and counts stay. */
w2v_status w2v_encoder_take_ids(w2v_encoder *encoder, int32_t **ids, int64_t *n_ids);

#endif
