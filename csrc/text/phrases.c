/* phrases.c - bigrams of words: counted, scored, and joined into one word.
 *
 * A bigram is two words with any number of connector words between them. One table stores what is
 * known of each: its occurrences while text is counted, the type that it becomes while text is
 * rewritten. The connector words in between are one number, a "chain", so that all keys have the
 * same size: "of the" is the chain "of", followed by "the". Chains are stored in the same table.
 *
 * A text has about a fourth as many distinct bigrams as words, so the table exceeds every cache:
 * bigrams wait in a short queue between hashing and look-up, while their slots are on the way from
 * memory. The upper bits of the hash give the slot: when the table doubles, all slots move in
 * order, and memory is read and written sequentially.
 *
 * Nothing is ever removed. Not hardened against adversarial input (hash collisions).
 */
#include "huge_pages.h"

#include "compiler.h"
#include "w2v_phrases.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { QUEUE = 64, MIN_BITS = 12 };

/* As the chain of a slot: the slot is a chain itself. `first` is the chain that it continues,
 * `second` the connector word, and its value the number of the new chain. */
static const uint32_t CHAIN_SLOT = UINT32_MAX;

typedef struct bigram_slot {
    uint32_t first, second;
    uint32_t chain;  /* 0 without connector words */
    uint32_t value; /* occurrences, or type + 1; 0 for an empty slot */
} bigram_slot;

typedef struct queued_bigram {
    uint64_t hash;
    uint32_t first, second, chain;
} queued_bigram;

struct w2v_bigrams {
    const uint8_t *flags; /* n_types, owned by the caller */
    int64_t n_types;
    bigram_slot *slots; /* 2^bits */
    int bits;
    uint64_t n_used, n_chains; /* slots in use, and those of chains among them */
    uint64_t budget;          /* bytes, 0 for no limit */
    bigram_slot *chains;              /* n_chains, by number: chain i is chains[i - 1] */
    uint64_t chain_capacity;
    /* Position in the text, which calls may cut anywhere: the word that a bigram may begin with, or
     * -1, and the connectors after it. */
    int32_t start;
    uint32_t chain;
    int32_t *pending; /* ids that may begin a phrase, read but not written yet */
    int64_t n_pending, pending_capacity;
    int n_queued;
    queued_bigram queue[QUEUE];
};

/* ---- The table ----------------------------------------------------------------------------- */

static inline uint64_t hash_bigram(uint32_t first, uint32_t second, uint32_t chain)
{
    uint64_t h = ((uint64_t)first << 32 | second) * 0x9E3779B97F4A7C15u;
    h = (h ^ h >> 32 ^ (uint64_t)chain << 20) * 0xD6E8FEB86659FD93u;
    return (h ^ h >> 32) * 0x94D049BB133111EBu;
}

/* The slot of this key, or the empty one where it belongs. */
static inline bigram_slot *find(const w2v_bigrams *bigrams, uint64_t hash, uint32_t first,
                                uint32_t second, uint32_t chain)
{
    uint64_t mask = ((uint64_t)1 << bigrams->bits) - 1;
    uint64_t position = hash >> (64 - bigrams->bits);
    for (;; position = (position + 1) & mask) {
        bigram_slot *here = &bigrams->slots[position];
        if (!here->value ||
            (here->first == first && here->second == second && here->chain == chain))
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
    if (bigrams->budget && (old_slots + new_slots) * sizeof(bigram_slot) > bigrams->budget)
        return W2V_OVER_BUDGET;
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

/* Appends a connector word to *chain. */
static w2v_status append_connector(w2v_bigrams *bigrams, uint32_t *chain, uint32_t connector)
{
    uint64_t hash = hash_bigram(*chain, connector, CHAIN_SLOT);
    bigram_slot *here = find(bigrams, hash, *chain, connector, CHAIN_SLOT);
    if (here->value) {
        *chain = here->value;
        return W2V_OK;
    }
    if (bigrams->n_chains >= CHAIN_SLOT - 1)
        return W2V_NO_MEMORY;
    if (bigrams->n_chains == bigrams->chain_capacity) {
        uint64_t wanted = bigrams->chain_capacity * 2 + 64;
        bigram_slot *grown = wanted > SIZE_MAX / sizeof(bigram_slot)
                          ? NULL
                          : realloc(bigrams->chains, (size_t)wanted * sizeof(bigram_slot));
        if (!grown)
            return W2V_NO_MEMORY;
        bigrams->chains = grown;
        bigrams->chain_capacity = wanted;
    }
    bigram_slot made = {*chain, connector, CHAIN_SLOT, (uint32_t)(bigrams->n_chains + 1)};
    bigrams->chains[bigrams->n_chains++] = made;
    *chain = made.value;
    return fill(bigrams, here, made);
}

/* ---- Counting ------------------------------------------------------------------------------ */

static w2v_status flush_queue(w2v_bigrams *bigrams)
{
    int n = bigrams->n_queued;
    bigrams->n_queued = 0;
    for (int i = 0; i < n; i++) {
        const queued_bigram *pair = &bigrams->queue[i];
        bigram_slot *here = find(bigrams, pair->hash, pair->first, pair->second, pair->chain);
        if (!here->value) {
            w2v_status status =
                fill(bigrams, here, (bigram_slot){pair->first, pair->second, pair->chain, 1});
            if (status)
                return status;
        } else if (here->value == UINT32_MAX) {
            return W2V_COUNT_OVERFLOW;
        } else {
            here->value++;
        }
    }
    return W2V_OK;
}

static inline w2v_status queue_bigram(w2v_bigrams *bigrams, uint32_t first, uint32_t second,
                                      uint32_t chain)
{
    uint64_t hash = hash_bigram(first, second, chain);
    W2V_PREFETCH(&bigrams->slots[hash >> (64 - bigrams->bits)]);
    bigrams->queue[bigrams->n_queued++] = (queued_bigram){hash, first, second, chain};
    return bigrams->n_queued < QUEUE ? W2V_OK : flush_queue(bigrams);
}

w2v_status w2v_bigrams_count(w2v_bigrams *bigrams, const int32_t *ids, int64_t n,
                             int64_t *word_counts)
{
    const uint8_t *flags = bigrams->flags;
    int32_t start = bigrams->start;
    w2v_status status = W2V_OK;
    for (int64_t i = 0; i < n && !status; i++) {
        int32_t id = ids[i];
        if (id < 0 || id >= bigrams->n_types) {
            if (id != -1)
                return W2V_BAD_ID;
            start = -1;
            continue;
        }
        if (word_counts)
            word_counts[id]++;
        if (flags[id] & W2V_CONNECTOR) {
            if (start >= 0)
                status = append_connector(bigrams, &bigrams->chain, (uint32_t)id);
            continue;
        }
        if (start >= 0 && (flags[id] & W2V_SECOND))
            status = queue_bigram(bigrams, (uint32_t)start, (uint32_t)id, bigrams->chain);
        start = flags[id] & W2V_FIRST ? id : -1;
        bigrams->chain = 0;
    }
    bigrams->start = start;
    w2v_status flushed = flush_queue(bigrams);
    return status ? status : flushed;
}

/* ---- Scoring ------------------------------------------------------------------------------- */

static double score(const w2v_scoring *by, uint32_t both, int64_t first, int64_t second)
{
    if (by->npmi) {
        double pa = (double)first / by->scale, pb = (double)second / by->scale;
        double pab = (double)both / by->scale;
        return log(pab / (pa * pb)) / -log(pab);
    }
    return (double)((int64_t)both - by->min_count) / ((double)first * (double)second) * by->scale;
}

int64_t w2v_bigrams_score_all(const w2v_bigrams *bigrams, const w2v_scoring *by,
                              const int64_t *counts, w2v_bigram *found, int64_t capacity)
{
    int64_t n = 0;
    uint64_t n_slots = (uint64_t)1 << bigrams->bits;
    for (uint64_t i = 0; i < n_slots; i++) {
        const bigram_slot *here = &bigrams->slots[i];
        if (!here->value || here->chain == CHAIN_SLOT || here->value < by->min_count)
            continue;
        double s = score(by, here->value, counts[here->first], counts[here->second]);
        if (!(s > by->threshold))
            continue;
        if (n < capacity)
            found[n] = (w2v_bigram){(int32_t)here->first, (int32_t)here->second, here->chain,
                                    here->value, s};
        n++;
    }
    return n;
}

uint32_t w2v_bigrams_pop_connector(const w2v_bigrams *bigrams, uint32_t chain, int32_t *connector)
{
    *connector = (int32_t)bigrams->chains[chain - 1].second;
    return bigrams->chains[chain - 1].first;
}

int64_t w2v_bigrams_size(const w2v_bigrams *bigrams)
{
    return (int64_t)(bigrams->n_used - bigrams->n_chains);
}

/* ---- Joining ------------------------------------------------------------------------------- */

w2v_status w2v_bigrams_insert(w2v_bigrams *bigrams, const int32_t *words, int64_t n, int32_t number)
{
    uint32_t first = (uint32_t)words[0], second = (uint32_t)words[n - 1], chain = 0;
    for (int64_t i = 1; i < n - 1; i++) {
        w2v_status status = append_connector(bigrams, &chain, (uint32_t)words[i]);
        if (status)
            return status;
    }
    bigram_slot *here = find(bigrams, hash_bigram(first, second, chain), first, second, chain);
    if (here->value)
        return W2V_OK;
    return fill(bigrams, here, (bigram_slot){first, second, chain, (uint32_t)number + 1});
}

static bool keep_pending(w2v_bigrams *bigrams, const int32_t *ids, int64_t n)
{
    if (n > bigrams->pending_capacity) {
        int64_t wanted = n + n / 2 + 64;
        int32_t *grown = (uint64_t)wanted > SIZE_MAX / sizeof *grown
                             ? NULL
                             : realloc(bigrams->pending, (size_t)wanted * sizeof *grown);
        if (!grown)
            return false;
        bigrams->pending = grown;
        bigrams->pending_capacity = wanted;
    }
    if (n)
        memcpy(bigrams->pending, ids, (size_t)n * sizeof *ids);
    bigrams->n_pending = n;
    return true;
}

/* Each word is written at once; if it ends a phrase, writing goes back to where that began. */
w2v_status w2v_bigrams_apply(w2v_bigrams *bigrams, const int32_t *ids, int64_t n, int32_t *out,
                             int64_t *n_out)
{
    const uint8_t *flags = bigrams->flags;
    int64_t at = bigrams->n_pending, begin = 0;
    int32_t start = bigrams->start;
    uint32_t chain = bigrams->chain, number;
    if (at)
        memcpy(out, bigrams->pending, (size_t)at * sizeof *out);
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
    bigrams->start = start;
    bigrams->chain = chain;
    *n_out = start >= 0 ? begin : at;
    return keep_pending(bigrams, out + *n_out, at - *n_out) ? W2V_OK : W2V_NO_MEMORY;
}

int64_t w2v_bigrams_pending(const w2v_bigrams *bigrams)
{
    return bigrams->n_pending;
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

/* ---- Creation ------- ---------------------------------------------------------------------- */

w2v_bigrams *w2v_bigrams_new(const uint8_t *flags, int64_t n_types, int64_t budget)
{
    w2v_bigrams *bigrams = calloc(1, sizeof *bigrams);
    if (!bigrams)
        return NULL;
    bigrams->flags = flags;
    bigrams->n_types = n_types;
    bigrams->budget = (uint64_t)budget;
    bigrams->start = -1;
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
    free(bigrams->pending);
    free(bigrams);
}
