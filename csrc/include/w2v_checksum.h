/* w2v_checksum.h - a 64-bit checksum of any number of bytes; docs/file-formats.md specifies it. */
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

/* Adds any number of bytes; the result does not depend on how they are divided among calls. */
void w2v_checksum_add(w2v_checksum *sum, const uint8_t *bytes, int64_t length);

/* Returns the checksum of all bytes added. Nothing can be added afterwards. */
uint64_t w2v_checksum_end(w2v_checksum *sum);

#endif
