/* w2v_checksum.h - a checksum of any number of bytes. */
#ifndef W2V_CHECKSUM_H
#define W2V_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

typedef struct w2v_checksum {
    uint64_t total[8], key[8];
    uint8_t waiting[64]; /* bytes that do not fill a line yet */
    int64_t n_waiting, lines, length;
} w2v_checksum;

void w2v_checksum_begin(w2v_checksum *sum);

/* Adds any number of bytes; how they are divided among calls makes no difference. */
void w2v_checksum_add(w2v_checksum *sum, const uint8_t *bytes, int64_t length);

/* The checksum of all that was added; nothing more can be. */
uint64_t w2v_checksum_end(w2v_checksum *sum);

#endif
