/* w2v_rng.h - the random number generator of training.
 *
 * splitmix64 (Steele, Lea and Flood, 2014): a counter and a mixing function. Each block of training text
 * has its own stream, seeded by (seed, epoch, block), so a run with one worker repeats bit for bit, and
 * no two workers ever share a stream.
 */
#ifndef W2V_RNG_H
#define W2V_RNG_H

#include <stdint.h>

static inline uint64_t w2v_mix64(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

static inline uint64_t w2v_random_seed(uint64_t seed, uint64_t epoch, uint64_t block)
{
    uint64_t state = w2v_mix64(seed + 0x9E3779B97F4A7C15u);
    state = w2v_mix64(state ^ (epoch + 0xD1B54A32D192ED03u));
    return w2v_mix64(state ^ (block + 0x8CB92BA72F3D8DD7u));
}

/* Returns 64 uniform bits; *state is the whole state of a stream. */
static inline uint64_t w2v_random_bits(uint64_t *state)
{
    *state += 0x9E3779B97F4A7C15u;
    return w2v_mix64(*state);
}

/* Returns what w2v_random_bits would, and leaves the state as it is. */
static inline uint64_t w2v_random_next(uint64_t state)
{
    return w2v_mix64(state + 0x9E3779B97F4A7C15u);
}

/* Leaves out the next n draws. */
static inline void w2v_random_skip(uint64_t *state, uint64_t n)
{
    *state += n * 0x9E3779B97F4A7C15u;
}

/* Returns a uniform number in 0 .. n-1 for 1 <= n < 2^32: multiply-shift on the upper 32 bits, with a bias
 * below n / 2^32. */
static inline uint32_t w2v_random_below(uint64_t *state, uint32_t n)
{
    return (uint32_t)(((w2v_random_bits(state) >> 32) * n) >> 32);
}

#endif
