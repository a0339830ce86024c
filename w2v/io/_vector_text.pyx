"""The bridge to csrc/text/vector_text.c: rows of word vectors, from and to the bytes of files."""

from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.string cimport memcpy

cdef extern from "w2v_vector_text.h" nogil:
    enum: W2V_DECIMAL
    int64_t w2v_lines_read(const uint8_t *text, int64_t length, int64_t dim, int64_t rows,
                           float *out, int64_t *spans, int64_t *done) noexcept
    int64_t w2v_records_read(const uint8_t *data, int64_t length, int64_t dim, int64_t rows,
                             float *out, int64_t *spans, int64_t *done) noexcept
    int64_t w2v_not_finite(const float *rows, int64_t n_rows, int64_t dim, int64_t stride,
                           int64_t *first) noexcept
    int64_t w2v_line_write(const float *row, int64_t dim, int64_t *next, uint8_t *out) noexcept

cdef extern from "w2v_subwords.h" nogil:
    int64_t w2v_subwords(const uint8_t *word, int64_t length, int64_t least, int64_t most,
                         uint32_t buckets, uint32_t *out) noexcept

DECIMAL = W2V_DECIMAL


def read_rows(const uint8_t[::1] data, float[:, ::1] out, int64_t[:, ::1] spans, bint binary):
    """Read rows until `out` is full, the data end, or a row is odd; return rows and bytes.

    Text has to end with a newline. Without the interpreter lock.
    """
    cdef int64_t rows = 0, done = 0
    if spans.shape[0] < out.shape[0] or spans.shape[1] != 2:
        raise ValueError("expected two offsets for each row")
    if not data.shape[0] or not out.shape[0]:
        return 0, 0
    if not binary and data[data.shape[0] - 1] != 10:
        raise ValueError("expected a newline at the end")
    read = w2v_records_read if binary else w2v_lines_read
    with nogil:
        rows = read(
            &data[0], data.shape[0], out.shape[1], out.shape[0], &out[0, 0], &spans[0, 0], &done
        )
    return rows, done


def decode(const uint8_t[::1] data, const int64_t[:, ::1] spans, Py_ssize_t rows):
    """Return the words at the first `rows` spans, up to one that is not UTF-8."""
    cdef Py_ssize_t i
    cdef const char *begin = NULL
    cdef list words = []
    if rows > spans.shape[0] or spans.shape[1] != 2:
        raise ValueError("expected two offsets for each word")
    if data.shape[0]:
        begin = <const char *>&data[0]
    for i in range(rows):
        if not 0 <= spans[i, 0] <= spans[i, 1] <= data.shape[0]:
            raise ValueError("expected offsets into the data")
        if spans[i, 0] == spans[i, 1]:
            words.append("")
            continue
        try:
            words.append(
                PyUnicode_DecodeUTF8(begin + spans[i, 0], spans[i, 1] - spans[i, 0], NULL)
            )
        except UnicodeDecodeError:
            break
    return words


def not_finite(const float[:, :] rows):
    """Return how many rows hold NaN or infinity, and the first of them, or 0."""
    cdef int64_t found = 0, first = 0, n = rows.shape[0], dim = rows.shape[1]
    if not n or not dim:
        return 0, 0
    if rows.strides[1] != sizeof(float) or rows.strides[0] % sizeof(float):
        raise ValueError("expected the numbers of a row side by side")
    with nogil:
        found = w2v_not_finite(&rows[0, 0], n, dim, rows.strides[0] // <int64_t>sizeof(float),
                               &first)
    return found, first


def write_rows(
    const float[:, :] rows, const uint8_t[::1] words, const int64_t[::1] ends, uint8_t[::1] out,
    rare,
):
    """Write lines of a word and its numbers to `out`; return the bytes written.

    `words` lie one after the other, each up to its one of `ends`; `rare` gives the text of the
    few numbers that C leaves.
    """
    cdef int64_t row, at = 0, begin = 0, n, next, dim = rows.shape[1]
    cdef bytes text
    cdef float number
    if ends.shape[0] != rows.shape[0]:
        raise ValueError("expected a word for each row")
    if rows.shape[0] and dim and rows.strides[1] != sizeof(float):
        raise ValueError("expected the numbers of a row side by side")
    if out.shape[0] < words.shape[0] + rows.shape[0] * (1 + dim * (W2V_DECIMAL + 1)):
        raise ValueError("expected room for all lines")
    with nogil:
        for row in range(rows.shape[0]):
            n = ends[row] - begin
            if n < 0 or ends[row] > words.shape[0]:
                with gil:
                    raise ValueError("expected rising ends within the words")
            if n:
                memcpy(&out[at], &words[begin], n)
            begin += n
            at += n
            next = 0
            while True:
                at += w2v_line_write(&rows[row, 0], dim, &next, &out[at])
                if next >= dim:
                    break
                with gil:
                    number = rows[row, next]
                    text = b" " + rare(number)
                    if len(text) > W2V_DECIMAL + 1:
                        raise ValueError("expected a shorter number")
                    n = len(text)
                    memcpy(&out[at], <const char *>text, n)
                at += n
                next += 1
            out[at] = 10
            at += 1
    return at


def subwords(const uint8_t[::1] word, int64_t least, int64_t most, uint32_t buckets,
             uint32_t[::1] out):
    """Write the buckets of a bracketed word's subwords to `out`; return how many there are."""
    if buckets < 1 or most < 0 or out.shape[0] < word.shape[0] * most:
        raise ValueError("expected a bucket at least, and room for all subwords")
    if not word.shape[0] or not out.shape[0]:
        return 0
    return w2v_subwords(&word[0], word.shape[0], least, most, buckets, &out[0])


def subword_means(
    const uint8_t[::1] words, const int64_t[::1] ends, const uint8_t[:, ::1] matrix, hashing,
    uint32_t[::1] scratch, float[:, ::1] out,
):
    """Write to each row of `out` the mean of its word's row of `matrix` and its subwords' rows.

    `words` hold their brackets; an empty one takes no subwords. `hashing` is the least and most
    characters of a subword, the number of buckets and the row of the first. Rows of `matrix` are
    bytes. scratch: room for the subwords of the longest word.
    """
    cdef int64_t least = hashing[0], most = hashing[1], first = hashing[3]
    cdef uint32_t buckets = hashing[2]
    cdef int64_t row, i, j, n, begin = 0, length, dim = out.shape[1], size = 4 * out.shape[1]
    cdef float number
    cdef float *mean
    cdef const uint8_t *one
    if ends.shape[0] != out.shape[0] or first < out.shape[0] or most < 0:
        raise ValueError("expected a word for each row, and the buckets after the words")
    if matrix.shape[0] < first + buckets or matrix.shape[1] != size or not dim:
        raise ValueError("expected a row for each word and bucket")
    with nogil:
        for row in range(out.shape[0]):
            length = ends[row] - begin
            if length < 0 or ends[row] > words.shape[0] or length * most > scratch.shape[0]:
                with gil:
                    raise ValueError("expected rising ends, and room for all subwords")
            n = 0
            if length and buckets and most:
                n = w2v_subwords(&words[begin], length, least, most, buckets, &scratch[0])
            begin += length
            mean = &out[row, 0]
            memcpy(mean, &matrix[row, 0], size)
            for i in range(n):
                one = &matrix[first + scratch[i], 0]
                for j in range(dim):
                    memcpy(&number, one + 4 * j, 4)
                    mean[j] += number
            for j in range(dim):
                mean[j] = mean[j] * (<float>1 / <float>(n + 1))
