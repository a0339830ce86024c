# w2v_distance.h for Cython.
from libc.stddef cimport ptrdiff_t

cdef extern from "w2v_distance.h" nogil:
    enum:
        W2V_DOT
        W2V_COSINE
        W2V_EUCLIDEAN
        W2V_MANHATTAN
        W2V_CHEBYSHEV

    ctypedef struct w2v_comparison:
        const float *rows
        const float *queries
        const float *norms
        float *out
        ptrdiff_t stride
        ptrdiff_t query_stride
        ptrdiff_t out_stride
        size_t n
        size_t asked
        size_t dim

    ctypedef void (*w2v_compare_fn)(const w2v_comparison *, int) noexcept
    ctypedef void (*w2v_lengths_fn)(const float *, size_t, ptrdiff_t, size_t, double *) noexcept

    w2v_compare_fn w2v_variant_compare(int i) noexcept
    w2v_lengths_fn w2v_variant_lengths(int i) noexcept
