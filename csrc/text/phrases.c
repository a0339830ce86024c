/* phrases.c - pairs of neighbouring words: counted, scored, and joined into one.
 *
 * A pair is two words with any connector words between them. One table holds what is known of
 * pairs: while text is counted their occurrences, while it is rewritten the number of the type
 * each becomes. The connector words between are one number too, a "link", so that every key has
 * the same size: "of the" is the link "of", followed by "the". Links are kept in the same table.
 *
 * A text has about a fourth as many different pairs as it has words, so the table outgrows every
 * cache: pairs wait in a short queue between hashing and look-up, while their slots are on the way
 * from memory. The slot's place are the upper bits of the hash: where the table doubles, all slots
 * move in order, and memory is read and written from front to back.
 *
 * Nothing is ever removed, and someone who chooses the words can choose them to collide.
 */
#include "huge_pages.h"

#include "compiler.h"
#include "w2v_phrases.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { QUEUE = 64, FIRST_BITS = 12 };

/* In the place of a slot's link: the slot is a link itself, `first` the one it goes on from,
 * `second` the connector word, and its value the number of the new one. */
static const uint32_t IS_LINK = UINT32_MAX;

typedef struct slot {
    uint32_t first, second;
    uint32_t link;  /* 0 where nothing stands between */
    uint32_t value; /* occurrences, or number + 1; 0 for an empty slot */
} slot;

typedef struct queued {
    uint64_t hash;
    uint32_t first, second, link;
} queued;

struct w2v_pairs {
    const uint8_t *flags; /* n_types, the caller's */
    int64_t n_types;
    slot *slots; /* 2^bits */
    int bits;
    uint64_t n_used, n_links; /* slots in use, those that are links among them */
    uint64_t budget;          /* bytes, 0 for any number */
    slot *links;              /* n_links, by number: link i is links[i - 1] */
    uint64_t link_capacity;
    /* Where a walk over the text stands: the word that a pair may begin with, or -1, and what came
     * between. The call that begins a walk and the next need not be the same. */
    int32_t start;
    uint32_t link;
    int32_t *held; /* ids that may yet become one, taken but not given */
    int64_t n_held, held_capacity;
    int n_queued;
    queued queue[QUEUE];
};

/* ---- The table ----------------------------------------------------------------------------- */

static inline uint64_t hash_pair(uint32_t first, uint32_t second, uint32_t link)
{
    uint64_t h = ((uint64_t)first << 32 | second) * 0x9E3779B97F4A7C15u;
    h = (h ^ h >> 32 ^ (uint64_t)link << 20) * 0xD6E8FEB86659FD93u;
    return (h ^ h >> 32) * 0x94D049BB133111EBu;
}

/* The slot of this key, or the empty one where it would stand. */
static inline slot *find(const w2v_pairs *pairs, uint64_t hash, uint32_t first, uint32_t second,
                         uint32_t link)
{
    uint64_t mask = ((uint64_t)1 << pairs->bits) - 1;
    uint64_t place = hash >> (64 - pairs->bits);
    for (;; place = (place + 1) & mask) {
        slot *here = &pairs->slots[place];
        if (!here->value ||
            (here->first == first && here->second == second && here->link == link))
            return here;
    }
}

static inline uint32_t look_up(const w2v_pairs *pairs, uint32_t first, uint32_t second,
                               uint32_t link)
{
    return find(pairs, hash_pair(first, second, link), first, second, link)->value;
}

static w2v_status grow(w2v_pairs *pairs)
{
    uint64_t old_slots = (uint64_t)1 << pairs->bits, new_slots = old_slots * 2;
    if (new_slots > SIZE_MAX / sizeof(slot))
        return W2V_NO_MEMORY;
    if (pairs->budget && (old_slots + new_slots) * sizeof(slot) > pairs->budget)
        return W2V_OVER_BUDGET;
    slot *old = pairs->slots, *grown = w2v_large_calloc((size_t)new_slots, sizeof(slot));
    if (!grown)
        return W2V_NO_MEMORY;
    pairs->slots = grown;
    pairs->bits++;
    for (uint64_t i = 0; i < old_slots; i++) {
        slot moved = old[i];
        if (moved.value)
            *find(pairs, hash_pair(moved.first, moved.second, moved.link), moved.first,
                  moved.second, moved.link) = moved;
    }
    free(old);
    return W2V_OK;
}

/* Fills an empty slot. */
static inline w2v_status fill(w2v_pairs *pairs, slot *here, slot content)
{
    *here = content;
    return ++pairs->n_used > ((uint64_t)1 << pairs->bits) / 8 * 5 ? grow(pairs) : W2V_OK;
}

/* Makes *link the link that goes on from it by a connector word. */
static w2v_status extend(w2v_pairs *pairs, uint32_t *link, uint32_t connector)
{
    slot *here = find(pairs, hash_pair(*link, connector, IS_LINK), *link, connector, IS_LINK);
    if (here->value) {
        *link = here->value;
        return W2V_OK;
    }
    if (pairs->n_links >= IS_LINK - 1)
        return W2V_NO_MEMORY;
    if (pairs->n_links == pairs->link_capacity) {
        uint64_t wanted = pairs->link_capacity * 2 + 64;
        slot *grown = wanted > SIZE_MAX / sizeof(slot)
                          ? NULL
                          : realloc(pairs->links, (size_t)wanted * sizeof(slot));
        if (!grown)
            return W2V_NO_MEMORY;
        pairs->links = grown;
        pairs->link_capacity = wanted;
    }
    slot made = {*link, connector, IS_LINK, (uint32_t)(pairs->n_links + 1)};
    pairs->links[pairs->n_links++] = made;
    *link = made.value;
    return fill(pairs, here, made);
}

/* ---- Counting ------------------------------------------------------------------------------ */

static w2v_status flush(w2v_pairs *pairs)
{
    int n = pairs->n_queued;
    pairs->n_queued = 0;
    for (int i = 0; i < n; i++) {
        const queued *pair = &pairs->queue[i];
        slot *here = find(pairs, pair->hash, pair->first, pair->second, pair->link);
        if (!here->value) {
            w2v_status status =
                fill(pairs, here, (slot){pair->first, pair->second, pair->link, 1});
            if (status)
                return status;
        } else if (here->value == UINT32_MAX) {
            return W2V_TOO_OFTEN;
        } else {
            here->value++;
        }
    }
    return W2V_OK;
}

static inline w2v_status queue_pair(w2v_pairs *pairs, uint32_t first, uint32_t second,
                                    uint32_t link)
{
    uint64_t hash = hash_pair(first, second, link);
    W2V_PREFETCH(&pairs->slots[hash >> (64 - pairs->bits)]);
    pairs->queue[pairs->n_queued++] = (queued){hash, first, second, link};
    return pairs->n_queued < QUEUE ? W2V_OK : flush(pairs);
}

w2v_status w2v_pairs_count(w2v_pairs *pairs, const int32_t *ids, int64_t n, int64_t *tally)
{
    const uint8_t *flags = pairs->flags;
    int32_t start = pairs->start;
    w2v_status status = W2V_OK;
    for (int64_t i = 0; i < n && !status; i++) {
        int32_t id = ids[i];
        if (id < 0 || id >= pairs->n_types) {
            if (id != -1)
                return W2V_BAD_ID;
            start = -1;
            continue;
        }
        if (tally)
            tally[id]++;
        if (flags[id] & W2V_CONNECTOR) {
            if (start >= 0)
                status = extend(pairs, &pairs->link, (uint32_t)id);
            continue;
        }
        if (start >= 0 && (flags[id] & W2V_SECOND))
            status = queue_pair(pairs, (uint32_t)start, (uint32_t)id, pairs->link);
        start = flags[id] & W2V_FIRST ? id : -1;
        pairs->link = 0;
    }
    pairs->start = start;
    w2v_status flushed = flush(pairs);
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

int64_t w2v_pairs_select(const w2v_pairs *pairs, const w2v_scoring *by, const int64_t *counts,
                         w2v_pair *found, int64_t room)
{
    int64_t n = 0;
    uint64_t n_slots = (uint64_t)1 << pairs->bits;
    for (uint64_t i = 0; i < n_slots; i++) {
        const slot *here = &pairs->slots[i];
        if (!here->value || here->link == IS_LINK || here->value < by->min_count)
            continue;
        double s = score(by, here->value, counts[here->first], counts[here->second]);
        if (!(s > by->threshold))
            continue;
        if (n < room)
            found[n] = (w2v_pair){(int32_t)here->first, (int32_t)here->second, here->link,
                                  here->value, s};
        n++;
    }
    return n;
}

uint32_t w2v_pairs_link(const w2v_pairs *pairs, uint32_t link, int32_t *connector)
{
    *connector = (int32_t)pairs->links[link - 1].second;
    return pairs->links[link - 1].first;
}

int64_t w2v_pairs_number(const w2v_pairs *pairs)
{
    return (int64_t)(pairs->n_used - pairs->n_links);
}

/* ---- Joining ------------------------------------------------------------------------------- */

w2v_status w2v_pairs_put(w2v_pairs *pairs, const int32_t *words, int64_t n, int32_t number)
{
    uint32_t first = (uint32_t)words[0], second = (uint32_t)words[n - 1], link = 0;
    for (int64_t i = 1; i < n - 1; i++) {
        w2v_status status = extend(pairs, &link, (uint32_t)words[i]);
        if (status)
            return status;
    }
    slot *here = find(pairs, hash_pair(first, second, link), first, second, link);
    return here->value ? W2V_OK
                       : fill(pairs, here, (slot){first, second, link, (uint32_t)number + 1});
}

static bool hold(w2v_pairs *pairs, const int32_t *ids, int64_t n)
{
    if (n > pairs->held_capacity) {
        int64_t wanted = n + n / 2 + 64;
        int32_t *grown = (uint64_t)wanted > SIZE_MAX / sizeof *grown
                             ? NULL
                             : realloc(pairs->held, (size_t)wanted * sizeof *grown);
        if (!grown)
            return false;
        pairs->held = grown;
        pairs->held_capacity = wanted;
    }
    if (n)
        memcpy(pairs->held, ids, (size_t)n * sizeof *ids);
    pairs->n_held = n;
    return true;
}

/* Every word is written down at once. Where it then ends a phrase, writing goes back to the place
 * where the phrase began. */
w2v_status w2v_pairs_join(w2v_pairs *pairs, const int32_t *ids, int64_t n, int32_t *out,
                          int64_t *n_out)
{
    const uint8_t *flags = pairs->flags;
    int64_t at = pairs->n_held, begin = 0;
    int32_t start = pairs->start;
    uint32_t link = pairs->link, number;
    if (at)
        memcpy(out, pairs->held, (size_t)at * sizeof *out);
    for (int64_t i = 0; i < n; i++) {
        int32_t id = ids[i];
        if (id < 0 || id >= pairs->n_types) {
            if (id != -1)
                return W2V_BAD_ID;
            start = -1;
        } else if (flags[id] & W2V_CONNECTOR) {
            if (start >= 0 && !(link = look_up(pairs, link, (uint32_t)id, IS_LINK)))
                start = -1;
        } else if (start >= 0 && (flags[id] & W2V_SECOND) &&
                   (number = look_up(pairs, (uint32_t)start, (uint32_t)id, link))) {
            at = begin;
            start = -1;
            id = (int32_t)(number - 1);
        } else {
            start = flags[id] & W2V_FIRST ? id : -1;
            link = 0;
            begin = at;
        }
        out[at++] = id;
    }
    pairs->start = start;
    pairs->link = link;
    *n_out = start >= 0 ? begin : at;
    return hold(pairs, out + *n_out, at - *n_out) ? W2V_OK : W2V_NO_MEMORY;
}

int64_t w2v_pairs_held(const w2v_pairs *pairs)
{
    return pairs->n_held;
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

/* ---- The table's life ---------------------------------------------------------------------- */

w2v_pairs *w2v_pairs_new(const uint8_t *flags, int64_t n_types, int64_t budget)
{
    w2v_pairs *pairs = calloc(1, sizeof *pairs);
    if (!pairs)
        return NULL;
    pairs->flags = flags;
    pairs->n_types = n_types;
    pairs->budget = (uint64_t)budget;
    pairs->start = -1;
    pairs->bits = FIRST_BITS;
    pairs->slots = calloc((size_t)1 << FIRST_BITS, sizeof(slot));
    if (!pairs->slots) {
        free(pairs);
        return NULL;
    }
    return pairs;
}

void w2v_pairs_free(w2v_pairs *pairs)
{
    if (!pairs)
        return;
    free(pairs->slots);
    free(pairs->links);
    free(pairs->held);
    free(pairs);
}
