/* w2v.h - the contract: every C function that Cython may call.
 *
 * No Python.h, no global state but the dispatch choice, no malloc except where a function says
 * so. Functions that can fail return a w2v_status; the bridge turns it into an exception.
 */
#ifndef W2V_H
#define W2V_H

#include <stddef.h>
#include <stdint.h>

/* ---- The dense step ------------------------------------------------------------------------
 *
 * n input rows meet m output rows; output j carries label y_j (1 true, 0 noise). In one go:
 *
 *     s_ij   = in_i . out_j
 *     g_ij   = alpha * (y_j - sigmoid(s_ij))
 *     in_i  += sum_j g_ij out_j
 *     out_j += sum_i g_ij in_i
 *
 * with scores and sums taken from the rows as they were before the step (Mikolov et al., 2013,
 * "Distributed representations", eq. 4, as one block). A row may stand several times among the
 * inputs or among the outputs: each occurrence's update is added in turn, none is lost. The second
 * occurrence of an input sees the first one's update in what it adds to the outputs, as pair-by-pair
 * SGD would; so may the second occurrence of an output in what it adds to the inputs. Inputs and
 * outputs must not be rows of the same matrix.
 *
 * With `pool`, the inputs are met as one (CBOW; Mikolov et al., 2013, "Efficient estimation"):
 *
 *     h      = pool * sum_i in_i
 *     g_j    = alpha * (y_j - sigmoid(h . out_j))
 *     in_i  += share * sum_j g_j out_j
 *     out_j += g_j h
 */
typedef struct w2v_task {
    float **row;        /* n input rows, then m output rows */
    const float *label; /* m labels */
    int32_t n, m;       /* n >= 0, m >= 0 */
    float pool, share;  /* pool = 0: each input meets the outputs by itself */
} w2v_task;

/* now      what to train on. Each row holds `dim` numbers followed by zeros up to a multiple of
 *          W2V_ROW_FLOATS floats; any alignment works, 64-byte aligned rows are fastest, and slow
 *          are rows a multiple of 1024 bytes apart: their beginnings share few sets of the first-
 *          level cache. The zeros are read and written, and stay zero.
 * ahead    a later task whose rows are prefetched meanwhile (only their addresses are used);
 *          ahead->n = ahead->m = 0 for none.
 * alpha    learning rate; at 0 rows are only read.
 * dim      dimensions of a vector, at least 1.
 * scratch  w2v_step_scratch(n, m, dim) floats, no content kept between calls.
 * returns  the loss before the update, in nats, summed over all n * m pairs (m with `pool`):
 *          -log sigmoid(s) for label 1, -log sigmoid(-s) for label 0. */
typedef float (*w2v_step_fn)(const w2v_task *now, const w2v_task *ahead, float alpha, size_t dim,
                             float *scratch);

#define W2V_ROW_FLOATS 16 /* a cache line of 64 bytes */

/* Floats of scratch that one call of any variant needs. */
size_t w2v_step_scratch(int32_t n, int32_t m, size_t dim);

/* ---- Dispatch ------------------------------------------------------------------------------- */

/* Name of the i-th variant compiled in, best first, or NULL past the last. */
const char *w2v_variant_name(int i);

/* 1 if this CPU and operating system can run the i-th variant, else 0. */
int w2v_variant_runs(int i);

/* The i-th variant's step; i must be below the number of variants. */
w2v_step_fn w2v_variant_step(int i);

/* Does as many multiply-adds as the variant can and returns how many floating-point operations
 * that were; for benchmarks. */
double w2v_variant_peak(int i, int64_t repeats);

/* Loads 16 KiB as fast as the variant can, or with `stores` stores as much, and returns how many
 * bytes that were; for benchmarks. */
double w2v_variant_traffic(int i, int stores, int64_t repeats);

/* ---- Comparing rows -------------------------------------------------------------------------
 *
 * Each of n rows with each of `asked` queries. Sums are of float32 numbers, in an order that depends
 * on `dim` and the variant only: a score is the same to the last bit whatever else is compared in the
 * same call. NaN and infinity go through as the formulas have them; a maximum over NaN is NaN. */
enum {
    W2V_DOT,       /* sum_k x_k q_k */
    W2V_COSINE,    /* the same over the row's length, within -1 ... 1; for queries of length 1 */
    W2V_EUCLIDEAN, /* sqrt(sum_k (x_k - q_k)^2) */
    W2V_MANHATTAN, /* sum_k |x_k - q_k| */
    W2V_CHEBYSHEV, /* max_k |x_k - q_k| */
    W2V_N_METRICS,
};

/* Distances between rows are in floats; any alignment of a float works, nothing beyond `dim` numbers
 * of a row or query is read. */
typedef struct w2v_comparison {
    const float *rows;    /* (n, stride) */
    const float *queries; /* (asked, query_stride) */
    const float *norms;   /* (n): W2V_COSINE divides by those above 0; otherwise not read */
    float *out;           /* (asked, out_stride), of which the first n are written */
    ptrdiff_t stride, query_stride, out_stride;
    size_t n, asked, dim; /* dim >= 1 */
} w2v_comparison;

typedef void (*w2v_compare_fn)(const w2v_comparison *, int metric);

/* The i-th variant's comparison; i must be below the number of variants. */
w2v_compare_fn w2v_variant_compare(int i);

/* The Euclidean lengths of n rows to out, computed in float64; as exact for any variant, but for the
 * order of the sum. */
typedef void (*w2v_lengths_fn)(const float *rows, size_t n, ptrdiff_t stride, size_t dim,
                               double *out);

w2v_lengths_fn w2v_variant_lengths(int i);

/* ---- Text -----------------------------------------------------------------------------------
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
typedef enum w2v_status {
    W2V_OK = 0,
    W2V_NO_MEMORY,
    W2V_TOO_MANY_TYPES, /* more than 2^31 - 2 */
    W2V_BAD_UTF8,
    W2V_NUL_BYTE,
    W2V_LONE_SURROGATE,
    W2V_BAD_OFFSET,
    W2V_BAD_LIST,
    W2V_BAD_ID,      /* neither a type nor -1 */
    W2V_OVER_BUDGET, /* more memory would be needed than was allowed */
    W2V_TOO_OFTEN,   /* one pair more than 2^32 - 1 times */
} w2v_status;

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

/* ---- Checksums ------------------------------------------------------------------------------ */

typedef struct w2v_checksum {
    uint64_t total[8], key[8];
    uint8_t waiting[64]; /* bytes that do not fill a line yet */
    int64_t n_waiting, lines, length;
} w2v_checksum;

void w2v_checksum_begin(w2v_checksum *sum);

/* Adds any number of bytes; how they are divided among calls makes no difference. */
void w2v_checksum_add(w2v_checksum *sum, const uint8_t *bytes, int64_t length);

/* The checksum of all that was added; nothing more can be. */
uint64_t w2v_checksum_end(w2v_checksum *sum);

/* ---- Phrases --------------------------------------------------------------------------------
 *
 * A pair is two words of a sentence with nothing but connector words between them. A table of
 * pairs walks over ids as an encoder makes them (-1 after each sentence), in pieces of any size, and
 * either counts the pairs or puts one id in the place of each that it knows. It is used by one
 * thread at a time, for the one or the other. After a status other than W2V_OK it can only be freed.
 */
typedef struct w2v_pairs w2v_pairs;

/* What is known of each type. */
enum {
    W2V_CONNECTOR = 1, /* stands between; neither of the others */
    W2V_FIRST = 2,     /* a pair may begin with it */
    W2V_SECOND = 4,    /* a pair may end with it */
};

/* A new table, empty, or NULL where memory is short. It may grow to `budget` bytes (0: any number).
 * flags: n_types; read by later calls, and stays the caller's. */
w2v_pairs *w2v_pairs_new(const uint8_t *flags, int64_t n_types, int64_t budget);

/* Frees the table; NULL is fine. */
void w2v_pairs_free(w2v_pairs *pairs);

/* Counts the pairs of the next n ids, and in tally (n_types; NULL for none) the ids. */
w2v_status w2v_pairs_count(w2v_pairs *pairs, const int32_t *ids, int64_t n, int64_t *tally);

/* How many different pairs were counted or put in. */
int64_t w2v_pairs_number(const w2v_pairs *pairs);

/* With n_a, n_b, n_ab the occurrences of two words and of the pair:
 *
 *     (n_ab - min_count) / (n_a n_b) * scale                      (Mikolov et al., 2013, eq. 6)
 *     npmi: ln(p_ab / (p_a p_b)) / -ln(p_ab), p_x = n_x / scale   (Bouma, 2009)
 *
 * in the order of operations of gensim, so that the scores are the same to the last bit. */
typedef struct w2v_scoring {
    int npmi;
    int64_t min_count; /* pairs below score nothing */
    double scale;
    double threshold;
} w2v_scoring;

typedef struct w2v_pair {
    int32_t first, second;
    uint32_t link; /* the connector words between: 0, or for w2v_pairs_link */
    uint32_t count;
    double score;
} w2v_pair;

/* Writes the pairs that score above the threshold to found[0] up to found[room], in the order of
 * the table, and returns how many there are. counts: n_types, of the words. */
int64_t w2v_pairs_select(const w2v_pairs *pairs, const w2v_scoring *by, const int64_t *counts,
                         w2v_pair *found, int64_t room);

/* Writes the last connector word of a link other than 0, and returns the link without it. */
uint32_t w2v_pairs_link(const w2v_pairs *pairs, uint32_t link, int32_t *connector);

/* From now on the n >= 2 words, all but the first and the last connectors, become `number` (at least
 * 0). Of two numbers for the same words, the first stays. */
w2v_status w2v_pairs_put(w2v_pairs *pairs, const int32_t *words, int64_t n, int32_t number);

/* Rewrites the next n ids, from left to right, each in at most one phrase. Ids that may begin a
 * phrase which the next call ends are held back; after a -1 there are none.
 * out: room for n + w2v_pairs_held(pairs) ids, apart from `ids`. */
w2v_status w2v_pairs_join(w2v_pairs *pairs, const int32_t *ids, int64_t n, int32_t *out,
                          int64_t *n_out);

int64_t w2v_pairs_held(const w2v_pairs *pairs);

/* Numbers types by first appearance, in place. numbers: the new number of each type, -1 where it
 * has none yet; counts: by new number; `next` is the next new number. Returns the next one after
 * these ids. */
int32_t w2v_renumber(int32_t *ids, int64_t n, int32_t *numbers, int64_t *counts, int32_t next);

/* ---- Files of vectors -----------------------------------------------------------------------
 *
 * Numbers are read to the nearest float32, ties to even, and written in the fewest digits that read
 * back as the same float32, with nine at most. */

/* Reads a decimal number, "nan" or "inf". The bytes must hold a newline at or after `at`; none
 * beyond it is read. Returns where the number ends; NULL where there is none, or one that needs more
 * care: below the normal numbers of float32, above all, or next to the middle between two. */
const uint8_t *w2v_decimal_read(const uint8_t *at, float *out);

/* Reads at most `rows` lines of a word and `dim` numbers, separated by blanks, until one is
 * different. The last of the `length` bytes must be a newline. out: rows * dim floats; spans: where
 * each word begins and ends, 2 * rows. Returns how many lines were read; done: their bytes. */
int64_t w2v_lines_read(const uint8_t *text, int64_t length, int64_t dim, int64_t rows, float *out,
                       int64_t *spans, int64_t *done);

/* The same for records of word2vec's binary format: newlines or none, a word, a blank, `dim` numbers
 * of four bytes, copied as they are. Stops where the bytes end before a record does. */
int64_t w2v_records_read(const uint8_t *data, int64_t length, int64_t dim, int64_t rows, float *out,
                         int64_t *spans, int64_t *done);

/* Writes a number in at most W2V_DECIMAL bytes and returns how many; 0 where its size is below 1e-13
 * or from 1e16 on, for nearly all of the numbers there. */
#define W2V_DECIMAL 15
int w2v_decimal_write(float number, uint8_t *out);

/* Writes a blank and a number from *next on, to row[dim - 1] or until one cannot be written, where
 * *next then stands. out: (W2V_DECIMAL + 1) bytes a number. Returns the bytes written. */
int64_t w2v_line_write(const float *row, int64_t dim, int64_t *next, uint8_t *out);

/* The buckets of a word's subwords, as fastText has them (Bojanowski et al., 2017, section 3.2): of
 * `least` to `most` characters of `word`, which holds its brackets, '<' and '>', already. buckets:
 * at least 1; out: room for length * most. Returns how many there are. */
int64_t w2v_subwords(const uint8_t *word, int64_t length, int64_t least, int64_t most,
                     uint32_t buckets, uint32_t *out);

#endif
