/* w2v_vector_text.h - rows of float32 to and from text and bytes.
 *
 * Numbers are read to the nearest float32, ties to even, and written in the fewest digits that read
 * back as the same float32, with nine at most. */
#ifndef W2V_VECTOR_TEXT_H
#define W2V_VECTOR_TEXT_H

#include <stddef.h>
#include <stdint.h>

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

/* Counts the rows, `stride` floats apart, of which one of `dim` numbers is NaN or infinite. first: the
 * first such row; left as it is where there is none. */
int64_t w2v_not_finite(const float *rows, int64_t n_rows, int64_t dim, int64_t stride,
                       int64_t *first);

/* Writes a number in at most W2V_DECIMAL bytes and returns how many; 0 where its size is below 1e-13
 * or from 1e16 on, for nearly all of the numbers there. */
#define W2V_DECIMAL 15
int w2v_decimal_write(float number, uint8_t *out);

/* Writes a blank and a number from *next on, to row[dim - 1] or until one cannot be written, where
 * *next then stands. out: (W2V_DECIMAL + 1) bytes a number. Returns the bytes written. */
int64_t w2v_line_write(const float *row, int64_t dim, int64_t *next, uint8_t *out);

#endif
