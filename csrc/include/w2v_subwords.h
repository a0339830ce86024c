/* w2v_subwords.h - character n-grams of fastText. */
#ifndef W2V_SUBWORDS_H
#define W2V_SUBWORDS_H

#include <stddef.h>
#include <stdint.h>

/* Hashes the subwords of a word: its n-grams of min_n to max_n characters (Bojanowski et al., 2017,
 * section 3.2; a single bracket is not a subword). word: UTF-8, with its brackets '<' and '>'.
 * buckets: at least 1. out: space for length * max_n buckets. Returns the number of subwords. */
int64_t w2v_subwords(const uint8_t *word, int64_t length, int64_t min_n, int64_t max_n,
                     uint32_t buckets, uint32_t *out);

#endif
