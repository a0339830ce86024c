/* pair_counts.c - bigrams of words, counted and scored by several threads; see w2v_pairs.h.
 *
 * A text has about a fourth as many distinct bigrams as words, so the table exceeds every cache, and
 * two threads that count in it would wait for each other. Bigrams are therefore sorted by part
 * first. A part is one region of the table: its task finds the lines that several pieces need in its
 * cache, and prefetches those of the next few bigrams.
 *
 * A region that is nearly full pauses its task. When all tasks have ended, the table doubles: all
 * slots move in order, and memory is read and written sequentially. How far each part has come then
 * follows from the text alone.
 *
 * Chains of connectors are numbered by each scanner on its own; between scan and count, the new ones
 * get the numbers that all share. What part a bigram belongs to does not depend on its chain.
 *
 * Nothing is ever removed. Not hardened against adversarial input (hash collisions).
 */
#include "huge_pages.h"

#include <math.h>
#include <string.h>

#include "bigram_table.h"
#include "w2v_atomics.h"
#include "w2v_pairs.h"

enum { PARTS = W2V_PAIR_PARTS, PART_BITS = 6, MIN_BITS = 12, CHUNK = 32, STEP = 1 << 12 };

typedef enum stage { CLOSED, SCAN, COUNT, GROW, SCORE } stage;

typedef struct pair_entry {
    uint32_t first, second, chain;
} pair_entry;

/* Reads a piece of the text. Its bigrams are in chunks of CHUNK entries, those of a part linked:
 * chunk c has the entries from c * CHUNK on; chunk 0 stays empty. */
typedef struct scanner {
    int64_t begin, end; /* of the piece */
    /* Position in the rewritten text: the word that a bigram may begin with, or -1, and the
     * connectors after it. */
    int32_t start;
    uint32_t chain;
    w2v_walk *walks; /* n_walks, of the joiners */
    int64_t n_walks;
    int32_t *joined[2]; /* ids, rewritten */
    int64_t joined_capacity[2];
    w2v_bigrams *chains; /* NULL until there is a connector */
    uint32_t *global;    /* numbers of the n_global first of these chains that all share */
    int64_t n_global, global_capacity;
    pair_entry *entries;
    int64_t entry_capacity;
    int32_t *next; /* chunk after a chunk */
    int64_t next_capacity;
    int64_t n_chunks;
    int64_t heads[PARTS]; /* first entry of a part, 0 for none */
    int64_t ends[PARTS];  /* entry after the last one, 0 for none */
} scanner;

typedef struct pair_part {
    int64_t n_used;
    int64_t piece, entry; /* where counting goes on; entry 0: at the first one of the piece */
    int64_t paused;
    w2v_bigram *found; /* n_found */
    int64_t n_found, found_capacity;
    int64_t padding[9]; /* parts that different threads work on share no line */
} pair_part;

struct w2v_pairs {
    const uint8_t *flags; /* n_types, owned by the caller */
    int64_t n_types;
    uint64_t budget; /* bytes, 0 for no limit */
    bigram_slot *slots, *old_slots; /* 2^bits, and while they grow 2^(bits - 1) */
    int bits;
    w2v_bigrams *chains; /* of all scanners; NULL until there is one */
    const int32_t *ids;
    const w2v_bigrams *const *joiners;
    int64_t n_joiners;
    scanner **scanners; /* n_scanners, the first n_pieces of them in use */
    int64_t n_scanners, scanner_capacity, n_pieces;
    w2v_scoring by;
    const int64_t *counts; /* of words */
    stage stage;
    int64_t n_tasks, next_task;
    int64_t failure; /* a status: nothing goes on after one */
    pair_part parts[PARTS];
};

/* ---- Scan ---------------------------------------------------------------------------------- */

/* The part of a bigram, by bits of the hash that do not give its slot. */
static inline int part_of(uint32_t first, uint32_t second)
{
    return (int)(hash_bigram(first, second, 0) & (PARTS - 1));
}

/* Room for the bigrams of `n` more words. */
static bool reserve_entries(scanner *scan, int64_t n)
{
    int64_t chunks = scan->n_chunks + n / CHUNK + PARTS;
    return chunks < INT32_MAX &&
           reserve_items(&scan->next, &scan->next_capacity, chunks, sizeof(int32_t)) &&
           reserve_items(&scan->entries, &scan->entry_capacity, chunks * CHUNK,
                         sizeof(pair_entry));
}

static inline void list_bigram(scanner *scan, uint32_t first, uint32_t second, uint32_t chain)
{
    int part = part_of(first, second);
    int64_t at = scan->ends[part];
    if (at % CHUNK == 0) {
        int64_t chunk = scan->n_chunks++;
        if (at)
            scan->next[at / CHUNK - 1] = (int32_t)chunk;
        at = chunk * CHUNK;
        if (!scan->heads[part])
            scan->heads[part] = at;
    }
    scan->entries[at] = (pair_entry){first, second, chain};
    scan->ends[part] = at + 1;
}

static w2v_status append_connector(scanner *scan, int32_t id)
{
    if (!scan->chains && !(scan->chains = w2v_bigrams_new(NULL, 0)))
        return W2V_NO_MEMORY;
    return w2v_bigrams_append(scan->chains, &scan->chain, (uint32_t)id);
}

static w2v_status scan_ids(const w2v_pairs *pairs, scanner *scan, const int32_t *ids, int64_t n,
                           int64_t *word_counts)
{
    const uint8_t *flags = pairs->flags;
    int32_t start = scan->start;
    if (!reserve_entries(scan, n))
        return W2V_NO_MEMORY;
    for (int64_t i = 0; i < n; i++) {
        int32_t id = ids[i];
        if (id < 0 || id >= pairs->n_types) {
            if (id != -1)
                return W2V_BAD_ID;
            start = -1;
            continue;
        }
        word_counts[id]++;
        if (flags[id] & W2V_CONNECTOR) {
            w2v_status status = start >= 0 ? append_connector(scan, id) : W2V_OK;
            if (status)
                return status;
            continue;
        }
        if (start >= 0 && (flags[id] & W2V_SECOND))
            list_bigram(scan, (uint32_t)start, (uint32_t)id, scan->chain);
        start = flags[id] & W2V_FIRST ? id : -1;
        scan->chain = 0;
    }
    scan->start = start;
    return W2V_OK;
}

static w2v_status do_scan(const w2v_pairs *pairs, scanner *scan, int64_t *word_counts)
{
    for (int64_t begin = scan->begin; begin < scan->end; begin += STEP) {
        const int32_t *ids = pairs->ids + begin;
        int64_t n = scan->end - begin < STEP ? scan->end - begin : STEP;
        for (int64_t j = 0; j < pairs->n_joiners; j++) {
            int32_t **out = &scan->joined[j % 2];
            if (!reserve_items(out, &scan->joined_capacity[j % 2], n + scan->walks[j].n_pending,
                               sizeof **out))
                return W2V_NO_MEMORY;
            w2v_status status =
                w2v_bigrams_apply(pairs->joiners[j], &scan->walks[j], ids, n, *out, &n);
            if (status)
                return status;
            ids = *out;
        }
        w2v_status status = scan_ids(pairs, scan, ids, n, word_counts);
        if (status)
            return status;
    }
    return W2V_OK;
}

/* Gives the new chains of the scanners, in their order, the numbers that all share. */
static w2v_status number_chains(w2v_pairs *pairs)
{
    for (int64_t p = 0; p < pairs->n_pieces; p++) {
        scanner *scan = pairs->scanners[p];
        int64_t n = scan->chains ? (int64_t)w2v_bigrams_n_chains(scan->chains) : 0;
        if (n == scan->n_global)
            continue;
        if (!pairs->chains && !(pairs->chains = w2v_bigrams_new(NULL, 0)))
            return W2V_NO_MEMORY;
        if (!reserve_items(&scan->global, &scan->global_capacity, n, sizeof(uint32_t)))
            return W2V_NO_MEMORY;
        for (int64_t i = scan->n_global; i < n; i++) {
            int32_t connector;
            uint32_t chain = w2v_bigrams_chain(scan->chains, (uint32_t)i + 1, &connector);
            chain = chain ? scan->global[chain - 1] : 0;
            w2v_status status = w2v_bigrams_append(pairs->chains, &chain, (uint32_t)connector);
            if (status)
                return status;
            scan->global[i] = chain;
        }
        scan->n_global = n;
    }
    return W2V_OK;
}

/* ---- Count --------------------------------------------------------------------------------- */

/* The slot of this key in a region of 2^bits slots, or the empty one where it belongs. */
static inline bigram_slot *find_in(bigram_slot *region, int bits, uint64_t hash, uint32_t first,
                                   uint32_t second, uint32_t chain)
{
    uint64_t mask = ((uint64_t)1 << bits) - 1;
    for (uint64_t position = hash >> (64 - bits);; position = (position + 1) & mask) {
        bigram_slot *here = &region[position];
        if (!here->value || is_bigram(here, first, second, chain))
            return here;
    }
}

/* Counts up to CHUNK entries; returns how many. */
static inline int64_t count_entries(bigram_slot *region, int bits, pair_part *part,
                                    const pair_entry *entries, int64_t n, const uint32_t *global,
                                    w2v_status *status)
{
    uint64_t hashes[CHUNK];
    const int64_t limit = (int64_t)1 << bits >> 2;
    for (int64_t i = 0; i < n; i++) {
        uint32_t chain = entries[i].chain ? global[entries[i].chain - 1] : 0;
        hashes[i] = hash_bigram(entries[i].first, entries[i].second, chain);
        W2V_PREFETCH(&region[hashes[i] >> (64 - bits)]);
    }
    for (int64_t i = 0; i < n; i++) {
        uint32_t chain = entries[i].chain ? global[entries[i].chain - 1] : 0;
        bigram_slot *here =
            find_in(region, bits, hashes[i], entries[i].first, entries[i].second, chain);
        if (here->value == UINT32_MAX) {
            *status = W2V_COUNT_OVERFLOW;
            return i;
        }
        if (!here->value) {
            if (part->n_used >= 3 * limit) { /* three quarters of the region */
                part->paused = 1;
                return i;
            }
            part->n_used++;
            *here = (bigram_slot){entries[i].first, entries[i].second, chain, 0};
        }
        here->value++;
    }
    return n;
}

static w2v_status do_count(w2v_pairs *pairs, int p)
{
    const int bits = pairs->bits - PART_BITS;
    bigram_slot *region = pairs->slots + ((uint64_t)p << bits);
    pair_part *part = &pairs->parts[p];
    w2v_status status = W2V_OK;
    for (; part->piece < pairs->n_pieces; part->piece++, part->entry = 0) {
        const scanner *scan = pairs->scanners[part->piece];
        const int64_t end = scan->ends[p];
        int64_t at = part->entry ? part->entry : scan->heads[p];
        while (at != end) {
            int64_t stop = (at / CHUNK + 1) * CHUNK;
            if (end / CHUNK == at / CHUNK && end % CHUNK)
                stop = end;
            int64_t after = stop == end ? end : (int64_t)scan->next[at / CHUNK] * CHUNK;
            for (int line = 0; line < CHUNK * (int)sizeof(pair_entry) && after != end; line += 64)
                W2V_PREFETCH_READ((const char *)(scan->entries + after) + line);
            int64_t n = count_entries(region, bits, part, scan->entries + at, stop - at,
                                      scan->global, &status);
            if (at + n < stop) {
                part->entry = at + n;
                return status;
            }
            at = after;
        }
    }
    return W2V_OK;
}

/* ---- Grow ---------------------------------------------------------------------------------- */

static void do_grow(w2v_pairs *pairs, int p)
{
    const int bits = pairs->bits - PART_BITS;
    const bigram_slot *old = pairs->old_slots + ((uint64_t)p << (bits - 1));
    bigram_slot *region = pairs->slots + ((uint64_t)p << bits);
    for (uint64_t i = 0; i < (uint64_t)1 << (bits - 1); i++) {
        bigram_slot moved = old[i];
        if (moved.value)
            *find_in(region, bits, hash_bigram(moved.first, moved.second, moved.chain),
                     moved.first, moved.second, moved.chain) = moved;
    }
    pairs->parts[p].paused = 0;
}

static w2v_status begin_growing(w2v_pairs *pairs)
{
    uint64_t old_slots = (uint64_t)1 << pairs->bits, new_slots = old_slots * 2;
    if (pairs->bits >= 56 || new_slots > SIZE_MAX / sizeof(bigram_slot))
        return W2V_NO_MEMORY;
    if (pairs->budget && (old_slots + new_slots) * sizeof(bigram_slot) > pairs->budget)
        return W2V_OVER_BUDGET;
    bigram_slot *grown = w2v_large_calloc((size_t)new_slots, sizeof(bigram_slot));
    if (!grown)
        return W2V_NO_MEMORY;
    pairs->old_slots = pairs->slots;
    pairs->slots = grown;
    pairs->bits++;
    return W2V_OK;
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

static w2v_status do_score(w2v_pairs *pairs, int p)
{
    const w2v_scoring *by = &pairs->by;
    const int64_t *counts = pairs->counts;
    const int bits = pairs->bits - PART_BITS;
    const bigram_slot *region = pairs->slots + ((uint64_t)p << bits);
    pair_part *part = &pairs->parts[p];
    part->n_found = 0;
    for (uint64_t i = 0; i < (uint64_t)1 << bits; i++) {
        const bigram_slot *here = &region[i];
        if (!here->value || here->value < by->min_count)
            continue;
        double s = score(by, here->value, counts[here->first], counts[here->second]);
        if (!(s > by->threshold))
            continue;
        if (!reserve_items(&part->found, &part->found_capacity, part->n_found + 1,
                           sizeof(w2v_bigram)))
            return W2V_NO_MEMORY;
        part->found[part->n_found++] =
            (w2v_bigram){(int32_t)here->first, (int32_t)here->second, here->chain, here->value, s};
    }
    return W2V_OK;
}

void w2v_pairs_begin_scoring(w2v_pairs *pairs, const w2v_scoring *by, const int64_t *counts)
{
    pairs->by = *by;
    pairs->counts = counts;
    pairs->stage = SCORE;
    pairs->n_tasks = PARTS;
    pairs->next_task = 0;
}

const w2v_bigram *w2v_pairs_found(const w2v_pairs *pairs, int part, int64_t *n)
{
    *n = pairs->parts[part].n_found;
    return pairs->parts[part].found;
}

uint32_t w2v_pairs_pop_connector(const w2v_pairs *pairs, uint32_t chain, int32_t *connector)
{
    return w2v_bigrams_chain(pairs->chains, chain, connector);
}

/* ---- Rounds -------------------------------------------------------------------------------- */

/* Is the text cut after this id? What follows must not depend on what is before: neither a chain of
 * connectors nor a phrase may go on there. */
static bool is_cut(const w2v_pairs *pairs, int32_t id)
{
    if (id < 0 || id >= pairs->n_types)
        return id == -1;
    if (pairs->flags[id] & W2V_CONNECTOR)
        return false;
    for (int64_t j = 0; j < pairs->n_joiners; j++)
        if (w2v_bigrams_flags(pairs->joiners[j], id))
            return false;
    return true;
}

/* Makes a scanner, if there are fewer than `n`, with a walk for each joiner. */
static bool reserve_scanner(w2v_pairs *pairs, int64_t n)
{
    if (!reserve_items(&pairs->scanners, &pairs->scanner_capacity, n, sizeof(scanner *)))
        return false;
    if (pairs->n_scanners < n) {
        scanner *made = calloc(1, sizeof *made);
        if (!made)
            return false;
        pairs->scanners[pairs->n_scanners++] = made;
        made->start = -1;
    }
    scanner *scan = pairs->scanners[n - 1];
    if (scan->n_walks < pairs->n_joiners) {
        int64_t n_walks = pairs->n_joiners;
        if (!(scan->walks = calloc((size_t)n_walks, sizeof(w2v_walk))))
            return false;
        scan->n_walks = n_walks;
        for (int64_t j = 0; j < n_walks; j++)
            w2v_walk_begin(&scan->walks[j]);
    }
    return true;
}

/* Begins a piece after the id `before`, where the text is cut. */
static void begin_after(const w2v_pairs *pairs, scanner *scan, int32_t before)
{
    scan->start = before >= 0 && (pairs->flags[before] & W2V_FIRST) ? before : -1;
    scan->chain = 0;
    for (int64_t j = 0; j < scan->n_walks; j++)
        w2v_walk_begin(&scan->walks[j]);
}

w2v_status w2v_pairs_begin(w2v_pairs *pairs, const int32_t *ids, int64_t n, int64_t piece,
                           const w2v_bigrams *const *joiners, int64_t n_joiners)
{
    pairs->ids = ids;
    pairs->joiners = joiners;
    pairs->n_joiners = n_joiners;
    if (pairs->n_pieces > 1) { /* the round goes on where the last piece ended */
        scanner *last = pairs->scanners[pairs->n_pieces - 1];
        pairs->scanners[pairs->n_pieces - 1] = pairs->scanners[0];
        pairs->scanners[0] = last;
    }
    pairs->n_pieces = 0;
    for (int64_t begin = 0; begin < n; begin += piece) {
        int64_t cut = begin, end = n - begin < piece ? n : begin + piece;
        while (begin && cut < end && !is_cut(pairs, ids[cut - 1]))
            cut++;
        if (cut == end) /* nowhere: the piece before goes on */
            continue;
        if (!reserve_scanner(pairs, pairs->n_pieces + 1))
            return W2V_NO_MEMORY;
        scanner *scan = pairs->scanners[pairs->n_pieces++];
        if (begin) {
            pairs->scanners[pairs->n_pieces - 2]->end = cut;
            begin_after(pairs, scan, ids[cut - 1]);
        }
        scan->begin = cut;
        scan->end = n;
        scan->n_chunks = 1;
        memset(scan->heads, 0, sizeof scan->heads);
        memset(scan->ends, 0, sizeof scan->ends);
    }
    for (int p = 0; p < PARTS; p++)
        pairs->parts[p].piece = pairs->parts[p].entry = 0;
    pairs->stage = SCAN;
    pairs->n_tasks = pairs->n_pieces;
    pairs->next_task = 0;
    return W2V_OK;
}

w2v_status w2v_pairs_work(w2v_pairs *pairs, int64_t *word_counts)
{
    for (;;) {
        int64_t task = w2v_fetch_add(&pairs->next_task, 1);
        if (task >= pairs->n_tasks)
            return W2V_OK;
        w2v_status status = W2V_OK;
        if (pairs->stage == SCAN)
            status = do_scan(pairs, pairs->scanners[task], word_counts);
        else if (pairs->stage == COUNT)
            status = do_count(pairs, (int)task);
        else if (pairs->stage == GROW)
            do_grow(pairs, (int)task);
        else
            status = do_score(pairs, (int)task);
        if (status) {
            w2v_store_relaxed(&pairs->failure, (int64_t)status);
            return status;
        }
    }
}

static bool is_paused(const w2v_pairs *pairs)
{
    int64_t paused = 0;
    for (int p = 0; p < PARTS; p++)
        paused += pairs->parts[p].paused;
    return paused > 0;
}

w2v_status w2v_pairs_next_stage(w2v_pairs *pairs, int *open)
{
    w2v_status status = (w2v_status)pairs->failure;
    stage next = CLOSED;
    if (!status && pairs->stage == SCAN) {
        status = number_chains(pairs);
        next = w2v_pairs_size(pairs) > (int64_t)(((uint64_t)1 << pairs->bits) / 8 * 5) ? GROW
                                                                                          : COUNT;
    } else if (!status && pairs->stage == GROW) {
        free(pairs->old_slots);
        pairs->old_slots = NULL;
        next = COUNT;
    } else if (!status && pairs->stage == COUNT && is_paused(pairs)) {
        next = GROW;
    }
    if (!status && next == GROW)
        status = begin_growing(pairs);
    pairs->failure = (int64_t)status;
    pairs->stage = status ? CLOSED : next;
    pairs->n_tasks = pairs->stage == CLOSED ? 0 : PARTS;
    pairs->next_task = 0;
    *open = pairs->stage != CLOSED;
    return status;
}

int64_t w2v_pairs_size(const w2v_pairs *pairs)
{
    int64_t n = 0;
    for (int p = 0; p < PARTS; p++)
        n += pairs->parts[p].n_used;
    return n;
}

/* ---- Creation ------------------------------------------------------------------------------ */

w2v_pairs *w2v_pairs_new(const uint8_t *flags, int64_t n_types, int64_t budget)
{
    _Static_assert(PARTS == 1 << PART_BITS && MIN_BITS >= PART_BITS + 2, "regions of four slots");
    w2v_pairs *pairs = calloc(1, sizeof *pairs);
    if (!pairs)
        return NULL;
    pairs->flags = flags;
    pairs->n_types = n_types;
    pairs->budget = (uint64_t)budget;
    pairs->bits = MIN_BITS;
    pairs->slots = calloc((size_t)1 << MIN_BITS, sizeof(bigram_slot));
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
    for (int64_t p = 0; p < pairs->n_scanners; p++) {
        scanner *scan = pairs->scanners[p];
        for (int64_t j = 0; j < scan->n_walks; j++)
            w2v_walk_clear(&scan->walks[j]);
        free(scan->walks);
        free(scan->joined[0]);
        free(scan->joined[1]);
        w2v_bigrams_free(scan->chains);
        free(scan->global);
        free(scan->entries);
        free(scan->next);
        free(scan);
    }
    for (int p = 0; p < PARTS; p++)
        free(pairs->parts[p].found);
    free(pairs->scanners);
    free(pairs->slots);
    free(pairs->old_slots);
    w2v_bigrams_free(pairs->chains);
    free(pairs);
}
