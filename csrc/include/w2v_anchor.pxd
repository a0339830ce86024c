# w2v_anchor.h for Cython.
from w2v_matrix cimport w2v_matrix

cdef extern from "w2v_anchor.h" nogil:
    ctypedef struct w2v_anchor:
        const float *homes
        const float *strengths
        size_t n_rows

    void w2v_pull(const w2v_matrix *matrix, const w2v_anchor *anchor, float *const *rows, int n,
                  float alpha) noexcept
