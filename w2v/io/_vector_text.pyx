"""The bridge to csrc/text/vector_text.c: rows of vectors, from and to the bytes of files."""

from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memcpy

cdef extern from "w2v_vector_text.h" nogil:
    enum: W2V_FLOAT_CHARS
    int64_t w2v_parse_text_rows(const uint8_t *text, int64_t length, int64_t dim, int64_t rows,
                                float *out, int64_t *spans, int64_t *done) noexcept
    int64_t w2v_parse_binary_rows(const uint8_t *data, int64_t length, int64_t dim, int64_t rows,
                                  float *out, int64_t *spans, int64_t *done) noexcept
    int64_t w2v_count_nonfinite_rows(const float *rows, int64_t n_rows, int64_t dim,
                                     int64_t stride, int64_t *first) noexcept
    int64_t w2v_format_row(const float *row, int64_t dim, int64_t *next, uint8_t *out) noexcept

FLOAT_CHARS = W2V_FLOAT_CHARS


def parse_rows(const uint8_t[::1] data, float[:, ::1] out, int64_t[:, ::1] spans, bint binary):
    """Parse rows of word2vec format until `out` is full, the data end, or a row is not regular.

    Releases the interpreter lock.

    Parameters
    ----------
    data : uint8 buffer
        Text must end with a newline.
    out : float32 buffer, shape (rows, d)
        Receives the numbers.
    spans : int64 buffer, shape (at least rows, 2)
        Receives the start and end of each word in `data`.
    binary : bool

    Returns
    -------
    rows, size : int
        The number of rows parsed, and of bytes.
    """
    cdef int64_t rows = 0, done = 0
    if spans.shape[0] < out.shape[0] or spans.shape[1] != 2:
        raise ValueError("expected two offsets for each row")
    if not data.shape[0] or not out.shape[0]:
        return 0, 0
    if not binary and data[data.shape[0] - 1] != 10:
        raise ValueError("expected a newline at the end")
    parse = w2v_parse_binary_rows if binary else w2v_parse_text_rows
    with nogil:
        rows = parse(
            &data[0], data.shape[0], out.shape[1], out.shape[0], &out[0, 0], &spans[0, 0], &done
        )
    return rows, done


def count_nonfinite_rows(const float[:, :] rows):
    """Return the number of rows with NaN or infinity, and the first of them, or 0."""
    cdef int64_t found = 0, first = 0, n = rows.shape[0], dim = rows.shape[1]
    if not n or not dim:
        return 0, 0
    if rows.strides[1] != sizeof(float) or rows.strides[0] % sizeof(float):
        raise ValueError("expected contiguous rows")
    with nogil:
        found = w2v_count_nonfinite_rows(
            &rows[0, 0], n, dim, rows.strides[0] // <int64_t>sizeof(float), &first
        )
    return found, first


def format_rows(
    const float[:, :] rows, const uint8_t[::1] words, const int64_t[::1] ends, uint8_t[::1] out,
    format_slow,
):
    """Write lines of a word and its numbers to `out`; return the number of bytes.

    Parameters
    ----------
    rows : float32 buffer, shape (n, d)
    words : uint8 buffer
        The words one after the other.
    ends : int64 buffer, shape (n,)
        End of each word in `words`.
    out : uint8 buffer
        Space for all words and ``n * (1 + d * (FLOAT_CHARS + 1))`` bytes.
    format_slow : callable
        Returns the text of a number that C code does not format, which is rare.
    """
    cdef int64_t row, at = 0, start = 0, n, next, dim = rows.shape[1]
    cdef bytes text
    cdef float number
    if ends.shape[0] != rows.shape[0]:
        raise ValueError("expected a word for each row")
    if rows.shape[0] and dim and rows.strides[1] != sizeof(float):
        raise ValueError("expected contiguous rows")
    if out.shape[0] < words.shape[0] + rows.shape[0] * (1 + dim * (W2V_FLOAT_CHARS + 1)):
        raise ValueError("expected space for all lines")
    with nogil:
        for row in range(rows.shape[0]):
            n = ends[row] - start
            if n < 0 or ends[row] > words.shape[0]:
                with gil:
                    raise ValueError("expected non-decreasing ends within the words")
            if n:
                memcpy(&out[at], &words[start], n)
            start += n
            at += n
            next = 0
            while True:
                at += w2v_format_row(&rows[row, 0], dim, &next, &out[at])
                if next >= dim:
                    break
                with gil:
                    number = rows[row, next]
                    text = b" " + format_slow(number)
                    if len(text) > W2V_FLOAT_CHARS + 1:
                        raise ValueError("expected a shorter number")
                    n = len(text)
                    memcpy(&out[at], <const char *>text, n)
                at += n
                next += 1
            out[at] = 10
            at += 1
    return at
