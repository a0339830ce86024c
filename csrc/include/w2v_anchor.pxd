# w2v_anchor.h for Cython.
from libc.stdint cimport uint8_t

from w2v_matrix cimport w2v_matrix

cdef extern from "w2v_anchor.h" nogil:
    ctypedef struct w2v_anchor:
        const float *homes
        const float *strengths
        size_t n_rows

    ctypedef struct w2v_held:
        const float *home
        float kept

    void w2v_find_homes(const w2v_matrix *matrix, const w2v_anchor *anchor, const uint8_t *trainable,
                        float *const *rows, int n, float alpha, w2v_held *held) noexcept
    void w2v_pull(float *const *rows, const w2v_held *held, int n, size_t stride) noexcept
