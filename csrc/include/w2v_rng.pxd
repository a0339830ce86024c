# w2v_rng.h for Cython.
from libc.stdint cimport uint32_t, uint64_t

cdef extern from "w2v_rng.h" nogil:
    uint64_t w2v_random_seed(uint64_t seed, uint64_t epoch, uint64_t block) noexcept
    uint64_t w2v_random_bits(uint64_t *state) noexcept
    uint32_t w2v_random_below(uint64_t *state, uint32_t n) noexcept
    uint64_t w2v_random_next(uint64_t state) noexcept
    void w2v_random_skip(uint64_t *state, uint64_t n) noexcept
