# w2v_step.h for Cython.
from libc.stdint cimport int32_t

cdef extern from "w2v_step.h" nogil:
    enum:
        W2V_ROW_FLOATS

    ctypedef struct w2v_batch:
        float **rows
        const float *labels
        const float *offsets
        int32_t n
        int32_t m
        int32_t n_cached
        float pool_scale
        float grad_scale

    ctypedef float (*w2v_step_fn)(const w2v_batch *, const w2v_batch *, float, size_t, float *) noexcept

    size_t w2v_step_scratch(int32_t n, int32_t m, size_t dim) noexcept
    w2v_step_fn w2v_variant_step(int i) noexcept
