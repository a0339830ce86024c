/* w2v_subwords.h - fastText's character n-grams. */
#ifndef W2V_SUBWORDS_H
#define W2V_SUBWORDS_H

#include <stddef.h>
#include <stdint.h>

/* The buckets of a word's subwords, as fastText has them (Bojanowski et al., 2017, section 3.2): of
 * `least` to `most` characters of `word`, which holds its brackets, '<' and '>', already. buckets:
 * at least 1; out: room for length * most. Returns how many there are. */
int64_t w2v_subwords(const uint8_t *word, int64_t length, int64_t least, int64_t most,
                     uint32_t buckets, uint32_t *out);

#endif
