# w2v_bench.h for Cython.
from libc.stdint cimport int64_t

cdef extern from "w2v_bench.h" nogil:
    double w2v_bench_flops(int i, int64_t repeats) noexcept
    double w2v_bench_l1_bytes(int i, int stores, int64_t repeats) noexcept
