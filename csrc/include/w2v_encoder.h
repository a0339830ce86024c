/* w2v_encoder.h - text to ids.
 *
 * An encoder turns text into ids: types (different words) are numbered by first appearance, each
 * token becomes its type's number, and -1 stands after each sentence that holds a token. One
 * encoder is used by one thread at a time; several encoders share nothing.
 *
 * White space is what Python's str.split() takes it to be: \t \n \v \f \r, space, 0x1C-0x1F and
 * U+0085 U+00A0 U+1680 U+2000-200A U+2028 U+2029 U+202F U+205F U+3000.
 *
 * No function reads outside the range it is given or keeps a pointer into it. Tokens wait in a
 * short queue before they are looked up; after W2V_NO_MEMORY or W2V_TOO_MANY_TYPES those that
 * waited are missing, and the encoder is sound.
 */
#ifndef W2V_ENCODER_H
#define W2V_ENCODER_H

#include <stddef.h>
#include <stdint.h>

#include "w2v_status.h"

/* What to do with what is no UTF-8, with NUL bytes in files and with lone surrogates. */
enum {
    W2V_STRICT = 0,  /* stop with a status */
    W2V_REPLACE = 1, /* U+FFFD for each maximal subpart, as Python's decoder has it */
    W2V_IGNORE = 2,  /* leave it out */
};

/* Options of an encoder. */
enum {
    W2V_TEXT_UNICODE = 1,   /* text is cut into words, not at white space: at the word boundaries of
                               UAX #29, and segments without a letter or number are left out */
    W2V_TEXT_LOWERCASE = 2, /* tokens are in lower case, as from Python's str.lower() */
};

/* Flags of w2v_text_feed. */
enum {
    W2V_TEXT_FINAL = 1,    /* the end of these bytes ends the last token */
    W2V_TEXT_ONE_LINE = 2, /* a line feed ends no sentence, and NUL is a byte like any other */
};

typedef struct w2v_text w2v_text;

typedef struct w2v_text_tally {
    int64_t tokens, sentences, types;
    int64_t lines;     /* line feeds passed by w2v_text_feed */
    int64_t table, ids; /* bytes that the types take, and the ids that were not handed over */
} w2v_text_tally;

/* What an encoder made, in blocks of malloc's; the caller frees them with free(). */
typedef struct w2v_text_result {
    int32_t *ids;     /* n_ids = tokens + sentences */
    int64_t *counts;  /* n_types: occurrences of each type */
    int64_t *offsets; /* n_types + 1: word t is bytes[offsets[t]] up to bytes[offsets[t + 1]] */
    uint8_t *bytes;   /* n_bytes: all words in UTF-8, one after the other */
    int64_t n_ids, n_types, n_bytes;
    int64_t id_capacity; /* of a part: ids that its block has room for */
} w2v_text_result;

/* A new encoder with a policy (W2V_STRICT, ...) and options (W2V_TEXT_UNICODE, ...; 0 for none), or
 * NULL where memory is short. */
w2v_text *w2v_text_new(int policy, int options);

/* The version of Unicode that words and lower case are taken from, as "14.0.0". */
const char *w2v_unicode_version(void);

/* Frees the encoder and everything it still owns; NULL is fine. */
void w2v_text_free(w2v_text *text);

/* Encodes bytes[0] up to bytes[length], any cut of a UTF-8 text.
 *
 * Without W2V_TEXT_FINAL a token is taken once the white space after it is there, or what tells
 * that a word ends; *consumed tells how many bytes are done with, and the caller feeds the rest
 * again with more behind it. With
 * W2V_BAD_UTF8 and W2V_NUL_BYTE, *consumed is the position of the first bad byte. Does not end the
 * last sentence. */
w2v_status w2v_text_feed(w2v_text *text, const uint8_t *bytes, int64_t length, int flags,
                         int64_t *consumed);

/* Strings as Arrow lays them out, each a row of text; or, with `lists`, each a token of a row. */
typedef struct w2v_text_table {
    const uint8_t *bytes;        /* n_bytes */
    const int64_t *offsets;      /* n_strings + 1: string i is bytes[offsets[i]] up to, and without,
                                    bytes[offsets[i + 1]] */
    const int64_t *lists;        /* n_rows + 1: row r is strings lists[r] up to lists[r + 1]; or
                                    NULL, and n_rows is n_strings */
    const uint8_t *string_valid; /* n_strings: 0 for a null; or NULL, if none is */
    const uint8_t *row_valid;    /* n_rows, likewise */
    int64_t n_bytes, n_strings, n_rows;
} w2v_text_table;

/* How far a table is read; all zeros at its beginning. */
typedef struct w2v_text_cursor {
    int64_t row, token; /* the next row; after an error, where it is */
    int64_t null_rows, null_tokens, empty_tokens; /* left out so far */
    int64_t empty_row, empty_token;               /* the first empty token */
    int64_t bad;  /* W2V_BAD_UTF8: the byte; W2V_BAD_OFFSET, W2V_BAD_LIST: the entry that is
                     negative, above the next, or followed by one that leads outside */
    int64_t work; /* bytes, tokens and rows read by the last call */
} w2v_text_cursor;

/* Reads rows, each a sentence, until the table ends or `work` is done. Nulls and empty tokens are
 * left out and counted. Offsets are checked where they are used: none leads to a read outside. A
 * row of text is read as with W2V_TEXT_FINAL and W2V_TEXT_ONE_LINE, a token may hold anything. */
w2v_status w2v_text_rows(w2v_text *text, const w2v_text_table *table, w2v_text_cursor *at,
                         int64_t work);

/* Adds bytes[0] up to bytes[length] as one token, whatever it holds; length at least 1. With
 * W2V_TEXT_LOWERCASE the bytes must be valid UTF-8. */
w2v_status w2v_text_token(w2v_text *text, const uint8_t *bytes, int64_t length);

/* Ends a sentence: -1, if it holds a token. */
w2v_status w2v_text_end_sentence(w2v_text *text);

/* Turns n code points of `size` bytes each (1, 2 or 4, as Python stores strings) into UTF-8, in a
 * buffer of the encoder's: feed it or add it as a token next, any later call may overwrite it. With
 * W2V_LONE_SURROGATE, *length is the position of the surrogate. */
w2v_status w2v_text_utf8(w2v_text *text, const void *points, int size, int64_t n,
                         const uint8_t **utf8, int64_t *length);

/* What there is so far: line feeds exactly, the rest without the tokens that wait (none do after
 * w2v_text_finish). */
w2v_text_tally w2v_text_count(const w2v_text *text);

/* Gives up everything but the result and hands that over; the encoder can then only be freed. */
w2v_status w2v_text_finish(w2v_text *text, w2v_text_result *result);

/* Hands over the ids made since the last time, as a block of malloc's; types and counts stay. */
w2v_status w2v_text_take(w2v_text *text, int32_t **ids, int64_t *n_ids);

/* The same with copies of the words that are new since there were `first_type` types: offsets of
 * them alone, from 0, and no counts (NULL). What `part` holds from an earlier time, or NULLs, is
 * used again or freed. */
w2v_status w2v_text_take_part(w2v_text *text, int64_t first_type, w2v_text_result *part);

/* Appends what another encoder handed over with w2v_text_take_part: parts joined in the order of
 * the text give what one encoder would have made of it, but for the counts. map[1 + t] is the type
 * here of that encoder's type t, for t < first_type when called and then for its new types too:
 * the map has room for 1 + first_type + part->n_types. */
w2v_status w2v_text_join(w2v_text *text, const w2v_text_result *part, int64_t first_type,
                         int32_t *map);

/* Adds the counts of another encoder's n types, all of them joined. */
void w2v_text_join_counts(w2v_text *text, const int64_t *counts, int64_t n, const int32_t *map);

#endif
