# w2v_dispatch.h for Cython.
cdef extern from "w2v_dispatch.h" nogil:
    const char *w2v_variant_name(int i) noexcept
    int w2v_variant_runs(int i) noexcept
