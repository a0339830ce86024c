/* w2v_atomics.h - relaxed loads and stores of 64-bit words with one writer, and one-byte locks.
 *
 * Each word has a single writer, so a plain 64-bit load and store are enough; volatile keeps the compiler
 * from caching the word in a register. (C11 atomics would be clearer, but MSVC lacks them.)
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

/* Acquires a lock (0 when free) and returns 1; returns 0 at once if another thread holds it. */
static inline int w2v_try_lock(uint8_t *lock)
{
#if defined(_MSC_VER) && !defined(__clang__)
    return !_InterlockedExchange8((volatile char *)lock, 1);
#else
    return !__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE);
#endif
}

static inline void w2v_unlock(uint8_t *lock)
{
#if defined(_MSC_VER) && !defined(__clang__)
    _InterlockedExchange8((volatile char *)lock, 0);
#else
    __atomic_store_n(lock, 0, __ATOMIC_RELEASE);
#endif
}

#endif
