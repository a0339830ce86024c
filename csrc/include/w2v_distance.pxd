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
        size_t n_rows
        size_t n_queries
        size_t dim

    ctypedef void (*w2v_distance_fn)(const w2v_comparison *, int) noexcept
    ctypedef void (*w2v_norms_fn)(const float *, size_t, ptrdiff_t, size_t, double *) noexcept

    w2v_distance_fn w2v_variant_distance(int i) noexcept
    w2v_norms_fn w2v_variant_norms(int i) noexcept
