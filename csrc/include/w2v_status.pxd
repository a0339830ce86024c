# w2v_status.h for Cython.

cdef extern from "w2v_status.h" nogil:
    ctypedef enum w2v_status:
        W2V_OK
        W2V_NO_MEMORY
        W2V_TOO_MANY_TYPES
        W2V_BAD_UTF8
        W2V_NUL_BYTE
        W2V_LONE_SURROGATE
        W2V_BAD_OFFSET
        W2V_BAD_LIST
        W2V_BAD_ID
        W2V_OVER_BUDGET
        W2V_COUNT_OVERFLOW
