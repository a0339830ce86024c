"""The bridge to csrc/text/subwords.c: fastText subwords and the vectors that they make."""

from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.string cimport memcpy

cdef extern from "w2v_subwords.h" nogil:
    int64_t w2v_subwords(const uint8_t *word, int64_t length, int64_t min_n, int64_t max_n,
                         uint32_t buckets, uint32_t *out) noexcept


def hash_subwords(const uint8_t[::1] word, int64_t min_n, int64_t max_n, uint32_t buckets,
                  uint32_t[::1] out):
    """Write the buckets of the subwords of a bracketed word to `out`; return their number.

    `out` needs space for ``len(word) * max_n`` buckets.
    """
    if buckets < 1 or max_n < 0 or out.shape[0] < word.shape[0] * max_n:
        raise ValueError("expected at least one bucket, and space for all subwords")
    if not word.shape[0] or not out.shape[0]:
        return 0
    return w2v_subwords(&word[0], word.shape[0], min_n, max_n, buckets, &out[0])


def subword_means(
    const uint8_t[::1] words, const int64_t[::1] ends, const uint8_t[:, ::1] matrix, hashing,
    uint32_t[::1] scratch, float[:, ::1] out,
):
    """Compute the vector of each word: the mean of its own row and the rows of its subwords.

    Parameters
    ----------
    words : uint8 buffer
        Bracketed words one after the other; an empty one has no subwords.
    ends : int64 buffer, shape (n_words,)
        End of each word.
    matrix : uint8 buffer, shape (rows, 4 * d)
        The bytes of float32 rows: words first, then buckets.
    hashing : tuple of int
        ``min_n``, ``max_n``, the number of buckets and the row of the first bucket.
    scratch : uint32 buffer
        Space for the subwords of the longest word.
    out : float32 buffer, shape (n_words, d)
    """
    cdef int64_t min_n = hashing[0], max_n = hashing[1], first = hashing[3]
    cdef uint32_t buckets = hashing[2]
    cdef int64_t row, i, j, n, start = 0, length, dim = out.shape[1], size = 4 * out.shape[1]
    cdef float number
    cdef float *mean
    cdef const uint8_t *subword
    if ends.shape[0] != out.shape[0] or first < out.shape[0] or max_n < 0:
        raise ValueError("expected a word for each row, and the buckets after the words")
    if matrix.shape[0] < first + buckets or matrix.shape[1] != size or not dim:
        raise ValueError("expected a row for each word and bucket")
    with nogil:
        for row in range(out.shape[0]):
            length = ends[row] - start
            if length < 0 or ends[row] > words.shape[0] or length * max_n > scratch.shape[0]:
                with gil:
                    raise ValueError("expected non-decreasing ends, and space for all subwords")
            n = 0
            if length and buckets and max_n:
                n = w2v_subwords(&words[start], length, min_n, max_n, buckets, &scratch[0])
            start += length
            mean = &out[row, 0]
            memcpy(mean, &matrix[row, 0], size)
            for i in range(n):
                subword = &matrix[first + scratch[i], 0]
                for j in range(dim):
                    memcpy(&number, subword + 4 * j, 4)
                    mean[j] += number
            for j in range(dim):
                mean[j] = mean[j] * (<float>1 / <float>(n + 1))
