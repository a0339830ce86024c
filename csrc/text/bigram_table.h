/* bigram_table.h - keys of bigrams, and what the files about phrases share. Not the contract, which
 * is w2v_phrases.h and w2v_pairs.h.
 *
 * The connector words inside a bigram are one number, a "chain", so that all keys have the same
 * size: "of the" is the chain "of", followed by "the". Chain 0 has no word.
 */
#ifndef W2V_BIGRAM_TABLE_H
#define W2V_BIGRAM_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "compiler.h"
#include "w2v_phrases.h"

typedef struct bigram_slot {
    uint32_t first, second;
    uint32_t chain; /* 0 without connector words */
    uint32_t value; /* occurrences, or type + 1; 0 for an empty slot */
} bigram_slot;

static inline uint64_t hash_bigram(uint32_t first, uint32_t second, uint32_t chain)
{
    uint64_t h = ((uint64_t)first << 32 | second) * 0x9E3779B97F4A7C15u;
    h = (h ^ h >> 32 ^ (uint64_t)chain << 20) * 0xD6E8FEB86659FD93u;
    return (h ^ h >> 32) * 0x94D049BB133111EBu;
}

static inline bool is_bigram(const bigram_slot *slot, uint32_t first, uint32_t second,
                             uint32_t chain)
{
    return slot->first == first && slot->second == second && slot->chain == chain;
}

/* Grows the block whose address is at `block` to at least `needed` items. */
static inline bool reserve_items(void *block, int64_t *capacity, int64_t needed, size_t item)
{
    if (W2V_LIKELY(needed <= *capacity))
        return true;
    int64_t wanted = needed + needed / 2 + 64;
    if ((uint64_t)wanted > SIZE_MAX / item)
        return false;
    void *grown; /* copied as bytes: it may be a pointer to any type */
    memcpy(&grown, block, sizeof grown);
    grown = realloc(grown, (size_t)wanted * item);
    if (!grown)
        return false;
    memcpy(block, &grown, sizeof grown);
    *capacity = wanted;
    return true;
}

/* phrases.c: appends a connector word to *chain, a chain of this table. */
W2V_INTERNAL w2v_status w2v_bigrams_append(w2v_bigrams *bigrams, uint32_t *chain,
                                           uint32_t connector);

/* phrases.c: number of chains; the last connector word of one other than 0, and what is before. */
W2V_INTERNAL uint32_t w2v_bigrams_n_chains(const w2v_bigrams *bigrams);
W2V_INTERNAL uint32_t w2v_bigrams_chain(const w2v_bigrams *bigrams, uint32_t chain,
                                        int32_t *connector);

/* phrases.c: flags of a type; 0 if the table does not know it. */
W2V_INTERNAL uint8_t w2v_bigrams_flags(const w2v_bigrams *bigrams, int32_t type);

#endif
