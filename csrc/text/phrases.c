/* phrases.c - bigrams that are phrases, joined into one word.
 *
 * One table stores the type that each bigram becomes. The connector words between its two words are
 * one number, a "chain" (see bigram_table.h); chains are stored in the same table. The upper bits
 * of the hash give the slot: when the table doubles, all slots move in order, and memory is read
 * and written sequentially.
 *
 * Nothing is ever removed. Not hardened against adversarial input (hash collisions).
 */
#include "huge_pages.h"

#include <string.h>

#include "bigram_table.h"

enum { MIN_BITS = 12 };

/* As the chain of a slot: the slot is a chain itself. `first` is the chain that it continues,
 * `second` the connector word, and its value the number of the new chain. */
static const uint32_t CHAIN_SLOT = UINT32_MAX;

struct w2v_bigrams {
    const uint8_t *flags; /* n_types, owned by the caller */
    int64_t n_types;
    bigram_slot *slots; /* 2^bits */
    int bits;
    uint64_t n_used; /* slots */
    bigram_slot *chains; /* n_chains, by number: chain i is chains[i - 1] */
    int64_t n_chains, chain_capacity;
};

/* ---- The table ----------------------------------------------------------------------------- */

/* The slot of this key, or the empty one where it belongs. */
static inline bigram_slot *find(const w2v_bigrams *bigrams, uint64_t hash, uint32_t first,
                                uint32_t second, uint32_t chain)
{
    uint64_t mask = ((uint64_t)1 << bigrams->bits) - 1;
    uint64_t position = hash >> (64 - bigrams->bits);
    for (;; position = (position + 1) & mask) {
        bigram_slot *here = &bigrams->slots[position];
        if (!here->value || is_bigram(here, first, second, chain))
            return here;
    }
}

static inline uint32_t look_up(const w2v_bigrams *bigrams, uint32_t first, uint32_t second,
                               uint32_t chain)
{
    return find(bigrams, hash_bigram(first, second, chain), first, second, chain)->value;
}

static w2v_status grow(w2v_bigrams *bigrams)
{
    uint64_t old_slots = (uint64_t)1 << bigrams->bits, new_slots = old_slots * 2;
    if (new_slots > SIZE_MAX / sizeof(bigram_slot))
        return W2V_NO_MEMORY;
    bigram_slot *old = bigrams->slots;
    bigram_slot *grown = w2v_large_calloc((size_t)new_slots, sizeof(bigram_slot));
    if (!grown)
        return W2V_NO_MEMORY;
    bigrams->slots = grown;
    bigrams->bits++;
    for (uint64_t i = 0; i < old_slots; i++) {
        bigram_slot moved = old[i];
        if (moved.value)
            *find(bigrams, hash_bigram(moved.first, moved.second, moved.chain), moved.first,
                  moved.second, moved.chain) = moved;
    }
    free(old);
    return W2V_OK;
}

/* Fills an empty slot. */
static inline w2v_status fill(w2v_bigrams *bigrams, bigram_slot *here, bigram_slot content)
{
    *here = content;
    return ++bigrams->n_used > ((uint64_t)1 << bigrams->bits) / 8 * 5 ? grow(bigrams) : W2V_OK;
}

w2v_status w2v_bigrams_append(w2v_bigrams *bigrams, uint32_t *chain, uint32_t connector)
{
    uint64_t hash = hash_bigram(*chain, connector, CHAIN_SLOT);
    bigram_slot *here = find(bigrams, hash, *chain, connector, CHAIN_SLOT);
    if (here->value) {
        *chain = here->value;
        return W2V_OK;
    }
    if (bigrams->n_chains >= CHAIN_SLOT - 1 ||
        !reserve_items(&bigrams->chains, &bigrams->chain_capacity, bigrams->n_chains + 1,
                       sizeof(bigram_slot)))
        return W2V_NO_MEMORY;
    bigram_slot made = {*chain, connector, CHAIN_SLOT, (uint32_t)(bigrams->n_chains + 1)};
    bigrams->chains[bigrams->n_chains++] = made;
    *chain = made.value;
    return fill(bigrams, here, made);
}

uint32_t w2v_bigrams_n_chains(const w2v_bigrams *bigrams)
{
    return (uint32_t)bigrams->n_chains;
}

uint32_t w2v_bigrams_chain(const w2v_bigrams *bigrams, uint32_t chain, int32_t *connector)
{
    *connector = (int32_t)bigrams->chains[chain - 1].second;
    return bigrams->chains[chain - 1].first;
}

uint8_t w2v_bigrams_flags(const w2v_bigrams *bigrams, int32_t type)
{
    return type >= 0 && type < bigrams->n_types ? bigrams->flags[type] : 0;
}

/* ---- Joining ------------------------------------------------------------------------------- */

w2v_status w2v_bigrams_insert(w2v_bigrams *bigrams, const int32_t *words, int64_t n, int32_t number)
{
    uint32_t first = (uint32_t)words[0], second = (uint32_t)words[n - 1], chain = 0;
    for (int64_t i = 1; i < n - 1; i++) {
        w2v_status status = w2v_bigrams_append(bigrams, &chain, (uint32_t)words[i]);
        if (status)
            return status;
    }
    bigram_slot *here = find(bigrams, hash_bigram(first, second, chain), first, second, chain);
    if (here->value)
        return W2V_OK;
    return fill(bigrams, here, (bigram_slot){first, second, chain, (uint32_t)number + 1});
}

static bool keep_pending(w2v_walk *walk, const int32_t *ids, int64_t n)
{
    if (!reserve_items(&walk->pending, &walk->pending_capacity, n, sizeof *ids))
        return false;
    if (n)
        memcpy(walk->pending, ids, (size_t)n * sizeof *ids);
    walk->n_pending = n;
    return true;
}

void w2v_walk_begin(w2v_walk *walk)
{
    walk->start = -1;
    walk->chain = 0;
    walk->n_pending = 0;
}

void w2v_walk_clear(w2v_walk *walk)
{
    free(walk->pending);
    memset(walk, 0, sizeof *walk);
}

/* Each word is written at once; if it ends a phrase, writing goes back to where that began. */
w2v_status w2v_bigrams_apply(const w2v_bigrams *bigrams, w2v_walk *walk, const int32_t *ids,
                             int64_t n, int32_t *out, int64_t *n_out)
{
    const uint8_t *flags = bigrams->flags;
    int64_t at = walk->n_pending, begin = 0;
    int32_t start = walk->start;
    uint32_t chain = walk->chain, number;
    if (at)
        memcpy(out, walk->pending, (size_t)at * sizeof *out);
    for (int64_t i = 0; i < n; i++) {
        int32_t id = ids[i];
        if (id < 0 || id >= bigrams->n_types) {
            if (id != -1)
                return W2V_BAD_ID;
            start = -1;
        } else if (flags[id] & W2V_CONNECTOR) {
            if (start >= 0 && !(chain = look_up(bigrams, chain, (uint32_t)id, CHAIN_SLOT)))
                start = -1;
        } else if (start >= 0 && (flags[id] & W2V_SECOND) &&
                   (number = look_up(bigrams, (uint32_t)start, (uint32_t)id, chain))) {
            at = begin;
            start = -1;
            id = (int32_t)(number - 1);
        } else {
            start = flags[id] & W2V_FIRST ? id : -1;
            chain = 0;
            begin = at;
        }
        out[at++] = id;
    }
    walk->start = start;
    walk->chain = chain;
    *n_out = start >= 0 ? begin : at;
    return keep_pending(walk, out + *n_out, at - *n_out) ? W2V_OK : W2V_NO_MEMORY;
}

int32_t w2v_renumber(int32_t *ids, int64_t n, int32_t *numbers, int64_t *counts, int32_t next)
{
    for (int64_t i = 0; i < n; i++) {
        int32_t id = ids[i];
        if (id < 0)
            continue;
        if (numbers[id] < 0)
            numbers[id] = next++;
        ids[i] = numbers[id];
        counts[numbers[id]]++;
    }
    return next;
}

/* ---- Creation ------------------------------------------------------------------------------ */

w2v_bigrams *w2v_bigrams_new(const uint8_t *flags, int64_t n_types)
{
    w2v_bigrams *bigrams = calloc(1, sizeof *bigrams);
    if (!bigrams)
        return NULL;
    bigrams->flags = flags;
    bigrams->n_types = n_types;
    bigrams->bits = MIN_BITS;
    bigrams->slots = calloc((size_t)1 << MIN_BITS, sizeof(bigram_slot));
    if (!bigrams->slots) {
        free(bigrams);
        return NULL;
    }
    return bigrams;
}

void w2v_bigrams_free(w2v_bigrams *bigrams)
{
    if (!bigrams)
        return;
    free(bigrams->slots);
    free(bigrams->chains);
    free(bigrams);
}
