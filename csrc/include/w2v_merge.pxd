# w2v_merge.h for Cython.
from libc.stdint cimport int32_t, uint32_t

from w2v_matrix cimport w2v_mark

cdef extern from "w2v_merge.h" nogil:
    ctypedef struct w2v_merge:
        float *base
        float *const *replicas
        w2v_mark *const *marks
        const int32_t *const *occurrences
        const float *per_occurrence
        const float *noise
        const float *draws
        const float *basis
        const float *basis_transposed
        const float *exponents
        const float *pulls
        float least_exponent
        size_t stride
        size_t dim
        size_t n_shards
        uint32_t *shards
        size_t n_rotated
        int is_finite

    ctypedef void (*w2v_merge_fn)(w2v_merge *, size_t, size_t, float *) noexcept

    size_t w2v_merge_scratch(size_t dim) noexcept
    w2v_merge_fn w2v_variant_merge(int i) noexcept

    ctypedef struct w2v_drawn:
        const float *rows
        size_t n
        float *gram

    enum:
        W2V_DRAWN_MULTIPLE

    ctypedef void (*w2v_curvature_fn)(const w2v_drawn *, const w2v_drawn *, size_t, float *) noexcept

    size_t w2v_curvature_scratch(size_t n_inputs, size_t n_outputs, size_t stride) noexcept
    w2v_curvature_fn w2v_variant_curvature(int i) noexcept

    ctypedef struct w2v_eigen:
        float *a
        float *vectors
        double *diagonal
        double *beside
        size_t n
        size_t width

    ctypedef bint (*w2v_eigen_fn)(const w2v_eigen *, float *) noexcept

    w2v_eigen_fn w2v_variant_eigen(int i) noexcept

    ctypedef void (*w2v_gram_fn)(
        const float *, const float *, size_t, size_t, float *, float *) noexcept
    ctypedef void (*w2v_transform_fn)(
        float *, size_t, size_t, size_t, const float *, float *) noexcept

    w2v_gram_fn w2v_variant_gram(int i) noexcept
    w2v_transform_fn w2v_variant_transform(int i) noexcept
