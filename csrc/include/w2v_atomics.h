/* w2v_atomics.h - relaxed loads, stores and additions of 64-bit words.
 *
 * A word that is stored to has a single writer, so a plain 64-bit load and store are enough; volatile keeps
 * the compiler from caching the word in a register. (C11 atomics would be clearer, but MSVC lacks them.)
 */
#ifndef W2V_ATOMICS_H
#define W2V_ATOMICS_H

#include <stdint.h>
#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#endif

static inline int64_t w2v_load_relaxed(const int64_t *word)
{
    return *(const volatile int64_t *)word;
}

static inline void w2v_store_relaxed(int64_t *word, int64_t value)
{
    *(volatile int64_t *)word = value;
}

/* Adds to a word that several threads add to; returns what it was before. */
static inline int64_t w2v_fetch_add(int64_t *word, int64_t value)
{
#if defined(_MSC_VER) && !defined(__clang__)
    return _InterlockedExchangeAdd64((volatile __int64 *)word, value);
#else
    return __atomic_fetch_add(word, value, __ATOMIC_RELAXED);
#endif
}

#endif
