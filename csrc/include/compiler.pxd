# compiler.h for Cython.
cdef extern from "compiler.h" nogil:
    void W2V_PREFETCH(const void *p) noexcept
    void W2V_PREFETCH_READ(const void *p) noexcept
