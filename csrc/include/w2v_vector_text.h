/* w2v_vector_text.h - rows of float32 numbers, from and to the text and bytes of vector files.
 *
 * Parsing rounds to the nearest float32, ties to even. Formatting uses the fewest digits that read
 * back as the same float32, at most nine. */
#ifndef W2V_VECTOR_TEXT_H
#define W2V_VECTOR_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Parses a decimal number, "nan" or "inf". A newline must follow at or after `at`; no byte after it
 * is read. Returns the end of the number, or NULL if there is no number or it needs more care: it is
 * outside the normal range of float32, or very close to the middle between two float32. */
const uint8_t *w2v_parse_float(const uint8_t *at, float *out);

/* Parses at most `rows` lines of a word and `dim` numbers, separated by blanks, and stops before the
 * first line that is not of this form. The last of the `length` bytes must be a newline.
 * out: rows * dim floats. spans: receives the start and end of each word, 2 * rows. done: receives
 * the number of bytes parsed. Returns the number of rows parsed. */
int64_t w2v_parse_text_rows(const uint8_t *text, int64_t length, int64_t dim, int64_t rows,
                            float *out, int64_t *spans, int64_t *done);

/* The same for rows of the binary word2vec format: optional line ends, a word, a blank, and `dim`
 * numbers of four bytes, copied unchanged. Stops before an incomplete row, or one whose word has
 * white space. */
int64_t w2v_parse_binary_rows(const uint8_t *data, int64_t length, int64_t dim, int64_t rows,
                              float *out, int64_t *spans, int64_t *done);

/* Returns the number of rows that contain NaN or infinity. stride: floats from row to row.
 * first: receives the first such row, if there is one. */
int64_t w2v_count_nonfinite_rows(const float *rows, int64_t n_rows, int64_t dim, int64_t stride,
                                 int64_t *first);

/* Writes a number and returns its length, at most W2V_FLOAT_CHARS bytes; 0 for nearly all numbers
 * whose magnitude is below 1e-13 or at least 1e16. */
#define W2V_FLOAT_CHARS 15
int w2v_format_float(float number, uint8_t *out);

/* Writes a blank and a number for row[*next], row[*next + 1], ..., row[dim - 1], and stops at the
 * first number that w2v_format_float does not write. next: advances with each number written.
 * out: space for W2V_FLOAT_CHARS + 1 bytes per number. Returns the number of bytes written. */
int64_t w2v_format_row(const float *row, int64_t dim, int64_t *next, uint8_t *out);

#endif
