/* checksum.c - a 64-bit checksum that runs at the speed of memory.
 *
 * Detects accidental damage; it is not secure against deliberate collisions. Eight sums run side by
 * side, each of products of the two halves of a 64-bit word, so that compilers vectorize the loop
 * (the idea is from XXH3 by Y. Collet; the result differs). Keys change from line to line, so that
 * swapped lines are detected. docs/file-formats.md specifies the algorithm.
 */
#include "load64.h"
#include "w2v_checksum.h"

#include <string.h>

enum { WORDS = 8, LINE = 64, LINES = 1024 };

/* A bijection. */
static inline uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 31)) * 0x9E3779B97F4A7C15u;
    return (x ^ (x >> 29)) * 0xBF58476D1CE4E5B9u;
}

static void add_lines(w2v_checksum *sum, const uint8_t *p, int64_t n)
{
    uint64_t total[WORDS], key[WORDS];
    memcpy(total, sum->total, sizeof total);
    memcpy(key, sum->key, sizeof key);
    for (int64_t line = 0; line < n; line++, p += LINE) {
        uint64_t word[WORDS];
        for (int i = 0; i < WORDS; i++)
            word[i] = w2v_load64(p + 8 * i);
        for (int i = 0; i < WORDS; i++) {
            uint64_t keyed = word[i] ^ key[i];
            total[i] += (keyed & 0xFFFFFFFFu) * (keyed >> 32) + word[i ^ 1];
            key[i] += 0x9E3779B97F4A7C15u;
        }
        if ((sum->lines + line) % LINES == LINES - 1)
            for (int i = 0; i < WORDS; i++)
                total[i] = mix(total[i]);
    }
    sum->lines += n;
    memcpy(sum->total, total, sizeof total);
    memcpy(sum->key, key, sizeof key);
}

void w2v_checksum_begin(w2v_checksum *sum)
{
    memset(sum, 0, sizeof *sum);
    for (int i = 0; i < WORDS; i++)
        sum->key[i] = mix((uint64_t)i + 1);
}

void w2v_checksum_add(w2v_checksum *sum, const uint8_t *bytes, int64_t length)
{
    sum->length += length;
    if (sum->n_waiting) {
        int64_t n = LINE - sum->n_waiting < length ? LINE - sum->n_waiting : length;
        if (n)
            memcpy(sum->waiting + sum->n_waiting, bytes, (size_t)n);
        sum->n_waiting += n;
        bytes += n;
        length -= n;
        if (sum->n_waiting < LINE)
            return;
        add_lines(sum, sum->waiting, 1);
        sum->n_waiting = 0;
    }
    add_lines(sum, bytes, length / LINE);
    sum->n_waiting = length % LINE;
    if (sum->n_waiting)
        memcpy(sum->waiting, bytes + length - sum->n_waiting, (size_t)sum->n_waiting);
}

uint64_t w2v_checksum_end(w2v_checksum *sum)
{
    int64_t length = sum->length;
    memset(sum->waiting + sum->n_waiting, 0, (size_t)(LINE - sum->n_waiting));
    add_lines(sum, sum->waiting, 1);
    uint64_t all = mix((uint64_t)length);
    for (int i = 0; i < WORDS; i++)
        all = mix(all ^ sum->total[i]);
    return all;
}
