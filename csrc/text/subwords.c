/* subwords.c - character n-grams of a word, hashed as fastText hashes them. */
#include "w2v_subwords.h"

static int is_continuation(uint8_t c) /* a byte of a UTF-8 character after its first */
{
    return (c & 0xC0) == 0x80;
}

int64_t w2v_subwords(const uint8_t *word, int64_t length, int64_t min_n, int64_t max_n,
                     uint32_t buckets, uint32_t *out)
{
    int64_t n_out = 0;
    for (int64_t i = 0; i < length; i++) {
        if (is_continuation(word[i]))
            continue;
        uint32_t hash = 2166136261u;
        int64_t j = i;
        for (int64_t n = 1; j < length && n <= max_n; n++) {
            do { /* FNV-1a over signed bytes, as in fastText */
                uint32_t c = word[j++];
                hash = (hash ^ (c < 128 ? c : c | 0xFFFFFF00u)) * 16777619u;
            } while (j < length && is_continuation(word[j]));
            if (n >= min_n && !(n == 1 && (i == 0 || j == length)))
                out[n_out++] = hash % buckets;
        }
    }
    return n_out;
}
