/* load64.h - little-endian loads, with the same result on every machine. */
#ifndef W2V_LOAD64_H
#define W2V_LOAD64_H

#include <stdint.h>
#include <string.h>

/* Loads 64 bits in little-endian order; p may be unaligned. */
static inline uint64_t w2v_load64(const uint8_t *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof x);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    x = __builtin_bswap64(x);
#endif
    return x;
}

#endif
