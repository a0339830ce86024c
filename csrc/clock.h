/* clock.h - words that one thread writes and others read while it runs.
 *
 * One writer each, so a plain 64-bit load and store are enough; volatile keeps the compiler from
 * holding them in a register. (C11's atomics would say it better, but MSVC lacks them.)
 */
#ifndef W2V_CLOCK_H
#define W2V_CLOCK_H

#include <stdint.h>

static inline int64_t w2v_peek(const int64_t *word) { return *(const volatile int64_t *)word; }

static inline void w2v_post(int64_t *word, int64_t value) { *(volatile int64_t *)word = value; }

#endif
