/* encoder_join.c - chunks of several encoders, joined by several threads; see w2v_join.h.
 *
 * A word belongs to one part, by the upper bits of its hash, and each part has a table of its own,
 * so that no two threads meet in one, and that a table is small. A word that is new in a round has
 * no number until the next stage: it is pending.
 *
 * The task of a part takes the chunks in the order of the text. Whatever thread does it, and
 * whenever, the chunk that adds a word is therefore the one in which it appears first.
 */
#include "encoder_internal.h"
#include "w2v_atomics.h"
#include "w2v_join.h"

#include <stdlib.h>

enum { BATCH = 64, MIN_SLOTS = 64, MAX_PENDING = INT32_MAX, MAX_GROWTH = 8 };

/* In the `found` of a word: which of the pending words of its part it is, not a number. */
static const uint32_t PENDING = 0x80000000u;

typedef enum stage { CLOSED, WORDS, NUMBERS, MAPS, IDS } stage;

typedef struct part_word {
    uint64_t key[2];
    int64_t length;
    int32_t number;
} part_word;

/* Where a pending word appears first: it is chunks[chunk]->words[word]. */
typedef struct first_place {
    int32_t chunk, word;
} first_place;

/* Of one chunk, the words of one part that appear in it first. */
typedef struct new_words {
    int64_t n, n_bytes;
} new_words;

typedef struct join_part {
    word_slot *slots; /* NULL until there is a word */
    uint64_t slot_mask;
    part_word *words; /* n_words; from n_known on, they are pending */
    int64_t n_known, n_words, word_capacity;
    first_place *firsts; /* of pending words */
    int64_t first_capacity;
    new_words *added; /* by chunk */
    int64_t added_capacity;
    int64_t padding[6]; /* parts that different threads work on share no line */
} join_part;

/* Where the output of a chunk begins. */
typedef struct chunk_place {
    int64_t type, byte, id;
} chunk_place;

struct w2v_join {
    w2v_encoder *into;
    w2v_chunk *const *chunks;
    int32_t *const *maps;
    int64_t n_chunks;
    chunk_place *places; /* n_chunks + 1 */
    int64_t place_capacity;
    int64_t expected_ids;
    stage stage;
    int64_t n_tasks, next_task;
    int64_t failure; /* a status: nothing goes on after one */
    join_part parts[W2V_JOIN_PARTS];
};

/* ---- Creation ------------------------------------------------------------------------------ */

static bool grow_part(join_part *part)
{
    return w2v_grow_table(&part->slots, &part->slot_mask, MIN_SLOTS);
}

w2v_join *w2v_join_new(w2v_encoder *into, int64_t expected_types)
{
    w2v_join *join = calloc(1, sizeof *join);
    if (!join)
        return NULL;
    join->into = into;
    int64_t n = expected_types / W2V_JOIN_PARTS;
    for (int p = 0; p < W2V_JOIN_PARTS && n; p++) {
        join_part *part = &join->parts[p];
        while (!part->slots || (uint64_t)n > (part->slot_mask + 1) / 8 * 5)
            if (!grow_part(part)) {
                w2v_join_free(join);
                return NULL;
            }
        if (!reserve(&part->words, &part->word_capacity, n, sizeof(part_word)) ||
            !reserve(&part->firsts, &part->first_capacity, n, sizeof(first_place))) {
            w2v_join_free(join);
            return NULL;
        }
    }
    return join;
}

void w2v_join_free(w2v_join *join)
{
    if (!join)
        return;
    for (int p = 0; p < W2V_JOIN_PARTS; p++) {
        free(join->parts[p].slots);
        free(join->parts[p].words);
        free(join->parts[p].firsts);
        free(join->parts[p].added);
    }
    free(join->places);
    free(join);
}

int64_t w2v_join_bytes(const w2v_join *join)
{
    int64_t total = 0;
    for (int p = 0; p < W2V_JOIN_PARTS; p++) {
        const join_part *part = &join->parts[p];
        total += part->n_words * (int64_t)sizeof(part_word);
        if (part->slots)
            total += (int64_t)((part->slot_mask + 1) * sizeof(word_slot));
    }
    return total;
}

/* ---- Stage 1: words ------------------------------------------------------------------------ */

static inline const uint8_t *bytes_of(const w2v_chunk *chunk, const w2v_chunk_word *word)
{
    return chunk->bytes + chunk->offsets[word->type];
}

/* Is this word the one of that index in its part? */
static inline bool is_word(const w2v_join *join, const join_part *part, int64_t index,
                           const w2v_chunk *chunk, const w2v_chunk_word *word)
{
    const part_word *known = &part->words[index];
    if (((known->key[0] ^ word->key[0]) | (known->key[1] ^ word->key[1]) |
         (uint64_t)(known->length ^ word->length)) != 0)
        return false;
    if (W2V_LIKELY(word->length <= KEY))
        return true;
    const uint8_t *bytes;
    if (index < part->n_known) {
        bytes = join->into->bytes + join->into->offsets[known->number];
    } else {
        const first_place *first = &part->firsts[index - part->n_known];
        const w2v_chunk *there = join->chunks[first->chunk];
        bytes = bytes_of(there, &there->words[first->word]);
    }
    return memcmp(bytes + KEY, bytes_of(chunk, word) + KEY, (size_t)(word->length - KEY)) == 0;
}

/* Finds a word, or adds it as pending; there is an empty slot. */
static inline w2v_status look_up(const w2v_join *join, join_part *part, int32_t c, int32_t w)
{
    const w2v_chunk *chunk = join->chunks[c];
    w2v_chunk_word *word = &chunk->words[w];
    uint64_t i = word->hash & part->slot_mask;
    for (; part->slots[i].number; i = (i + 1) & part->slot_mask) {
        int64_t index = (int64_t)part->slots[i].number - 1;
        if (part->slots[i].hash != word->hash || !is_word(join, part, index, chunk, word))
            continue;
        word->found = index < part->n_known ? (uint32_t)part->words[index].number
                                            : PENDING | (uint32_t)(index - part->n_known);
        return W2V_OK;
    }
    int64_t n = part->n_words, n_pending = n - part->n_known;
    if (n >= W2V_MAX_TYPES)
        return W2V_TOO_MANY_TYPES;
    if (!reserve(&part->words, &part->word_capacity, n + 1, sizeof(part_word)) ||
        !reserve(&part->firsts, &part->first_capacity, n_pending + 1, sizeof(first_place)))
        return W2V_NO_MEMORY;
    part->words[n] = (part_word){{word->key[0], word->key[1]}, word->length, 0};
    part->firsts[n_pending] = (first_place){c, w};
    part->slots[i] = (word_slot){word->hash, (uint32_t)++part->n_words};
    word->found = PENDING | (uint32_t)n_pending;
    part->added[c].n++;
    part->added[c].n_bytes += word->length;
    return W2V_OK;
}

static w2v_status do_words(w2v_join *join, int p)
{
    join_part *part = &join->parts[p];
    part->n_known = part->n_words;
    if (!reserve(&part->added, &part->added_capacity, join->n_chunks, sizeof(new_words)))
        return W2V_NO_MEMORY;
    memset(part->added, 0, (size_t)join->n_chunks * sizeof(new_words));
    for (int64_t c = 0; c < join->n_chunks; c++) {
        const w2v_chunk *chunk = join->chunks[c];
        int32_t end = chunk->n_types ? chunk->part_starts[p + 1] : 0;
        for (int32_t w = chunk->n_types ? chunk->part_starts[p] : 0, stop; w < end; w = stop) {
            stop = end - w < BATCH ? end : w + BATCH;
            while (!part->slots || (uint64_t)part->n_words + BATCH > (part->slot_mask + 1) / 8 * 5)
                if (!grow_part(part))
                    return W2V_NO_MEMORY;
            for (int32_t i = w; i < stop; i++)
                W2V_PREFETCH(&part->slots[chunk->words[i].hash & part->slot_mask]);
            for (int32_t i = w; i < stop; i++) {
                uint32_t number = part->slots[chunk->words[i].hash & part->slot_mask].number;
                if (number)
                    W2V_PREFETCH(&part->words[number - 1]);
            }
            for (int32_t i = w; i < stop; i++) {
                w2v_status status = look_up(join, part, (int32_t)c, i);
                if (status)
                    return status;
            }
        }
    }
    return W2V_OK;
}

/* ---- Stages 2 and 3: numbers, maps --------------------------------------------------------- */

/* The numbers of the new types of chunk c. */
static inline int32_t *map_of(const w2v_join *join, int64_t c)
{
    return join->maps[c] + 1 + join->chunks[c]->first_type;
}

/* Numbers the words that appear in chunk c first, in the order in which they appear there. */
static void do_numbers(w2v_join *join, int64_t c)
{
    w2v_encoder *into = join->into;
    const w2v_chunk *chunk = join->chunks[c];
    int32_t *map = map_of(join, c);
    for (int p = 0; chunk->n_types && p < W2V_JOIN_PARTS; p++) {
        const first_place *firsts = join->parts[p].firsts;
        for (int32_t w = chunk->part_starts[p]; w < chunk->part_starts[p + 1]; w++) {
            const w2v_chunk_word *word = &chunk->words[w];
            bool here = false;
            if (word->found & PENDING) {
                const first_place *first = &firsts[word->found & ~PENDING];
                here = first->chunk == c && first->word == w;
            }
            map[word->type] = here ? ~w : (int32_t)(word->found & ~PENDING);
        }
    }
    int64_t number = join->places[c].type, end = join->places[c].byte;
    for (int64_t t = 0; t < chunk->n_types; t++) {
        if (map[t] >= 0)
            continue;
        const w2v_chunk_word *word = &chunk->words[~map[t]];
        join_part *part = &join->parts[part_of(word->hash)];
        part->words[part->n_known + (word->found & ~PENDING)].number = (int32_t)number;
        memcpy(into->bytes + end, chunk->bytes + chunk->offsets[t], (size_t)word->length);
        end += word->length;
        into->offsets[number + 1] = end;
        into->counts[number] = 0;
        map[t] = (int32_t)number++;
    }
}

/* Fills in the numbers of words that appear in another chunk first. */
static void do_map(w2v_join *join, int64_t c)
{
    const w2v_chunk *chunk = join->chunks[c];
    int32_t *map = map_of(join, c);
    for (int p = 0; chunk->n_types && p < W2V_JOIN_PARTS; p++) {
        const part_word *pending = join->parts[p].words + join->parts[p].n_known;
        for (int32_t w = chunk->part_starts[p]; w < chunk->part_starts[p + 1]; w++) {
            const w2v_chunk_word *word = &chunk->words[w];
            if (word->found & PENDING)
                map[word->type] = pending[word->found & ~PENDING].number;
        }
    }
}

/* ---- Stage 4: ids -------------------------------------------------------------------------- */

static void do_ids(w2v_join *join, int64_t c)
{
    const w2v_chunk *chunk = join->chunks[c];
    const int32_t *ids = chunk->ids, *numbers = join->maps[c] + 1;
    int32_t *out = join->into->ids + join->places[c].id;
    for (int64_t i = 0; i < chunk->n_ids; i++)
        out[i] = numbers[ids[i]]; /* numbers[-1] is -1: the end of a sentence needs no branch */
}

/* ---- Rounds -------------------------------------------------------------------------------- */

w2v_status w2v_join_begin(w2v_join *join, w2v_chunk *const *chunks, int32_t *const *maps, int64_t n,
                          int64_t expected_ids)
{
    if (n >= INT32_MAX ||
        !reserve(&join->places, &join->place_capacity, n + 1, sizeof(chunk_place)))
        return W2V_NO_MEMORY;
    join->chunks = chunks;
    join->maps = maps;
    join->n_chunks = n;
    join->expected_ids = expected_ids;
    join->stage = WORDS;
    join->next_task = 0;
    join->n_tasks = W2V_JOIN_PARTS;
    return W2V_OK;
}

/* Reserves room for `needed` items; if the block has to grow, for the expected number at once, if
 * that is possible: what is not used then takes no memory, and growing moves pages. */
static bool reserve_expected(void *block, int64_t *capacity, int64_t needed, int64_t expected,
                             size_t item)
{
    return needed <= *capacity || (expected > needed && reserve(block, capacity, expected, item)) ||
           reserve(block, capacity, needed, item);
}

/* Decides where the output of each chunk goes, and makes room for it. */
static w2v_status find_places(w2v_join *join)
{
    w2v_encoder *into = join->into;
    chunk_place at = {into->n_types, into->n_bytes, into->n_ids};
    int64_t n_sentences = 0;
    for (int64_t c = 0; c < join->n_chunks; c++) {
        join->places[c] = at;
        at.id += join->chunks[c]->n_ids;
        n_sentences += join->chunks[c]->n_sentences;
        for (int p = 0; p < W2V_JOIN_PARTS; p++) {
            at.type += join->parts[p].added[c].n;
            at.byte += join->parts[p].added[c].n_bytes;
        }
    }
    if (at.type > W2V_MAX_TYPES)
        return W2V_TOO_MANY_TYPES;
    /* New words become rarer. */
    int64_t words = join->expected_ids > at.id ? join->expected_ids / (at.id + 1) / 2 + 1 : 1;
    words = words < MAX_GROWTH ? words : MAX_GROWTH;
    if (!reserve_expected(&into->counts, &into->count_capacity, at.type, at.type * words,
                          sizeof(int64_t)) ||
        !reserve_expected(&into->offsets, &into->offset_capacity, at.type + 1, at.type * words,
                          sizeof(int64_t)) ||
        !reserve_expected(&into->bytes, &into->byte_capacity, at.byte, at.byte * words, 1) ||
        !reserve_expected(&into->ids, &into->id_capacity, at.id, join->expected_ids,
                          sizeof(int32_t)))
        return W2V_NO_MEMORY;
    join->places[join->n_chunks] = at;
    into->n_sentences += n_sentences; /* the other figures follow at the end of the round */
    return W2V_OK;
}

w2v_status w2v_join_work(w2v_join *join)
{
    for (;;) {
        int64_t task = w2v_fetch_add(&join->next_task, 1);
        if (task >= join->n_tasks)
            return W2V_OK;
        w2v_status status = W2V_OK;
        if (join->stage == WORDS)
            status = do_words(join, (int)task);
        else if (join->stage == NUMBERS)
            do_numbers(join, task);
        else if (join->stage == MAPS)
            do_map(join, task);
        else
            do_ids(join, task);
        if (status) {
            w2v_store_relaxed(&join->failure, (int64_t)status);
            return status;
        }
    }
}

w2v_status w2v_join_next_stage(w2v_join *join, int *open)
{
    w2v_status status = (w2v_status)join->failure;
    if (!status && join->stage == WORDS)
        status = find_places(join);
    join->failure = (int64_t)status;
    if (status)
        return status;
    if (join->stage == IDS) {
        const chunk_place *end = &join->places[join->n_chunks];
        join->into->n_types = end->type;
        join->into->n_bytes = end->byte;
        join->into->n_ids = end->id;
        join->stage = CLOSED;
    } else {
        for (int64_t c = 0; c < join->n_chunks; c++)
            join->maps[c][0] = -1;
        join->stage++;
    }
    join->n_tasks = join->stage == CLOSED ? 0 : join->n_chunks;
    join->next_task = 0;
    *open = join->stage != CLOSED;
    return W2V_OK;
}

void w2v_join_counts(w2v_join *join, const int64_t *counts, int64_t n, const int32_t *map)
{
    for (int64_t i = 0; i < n; i++)
        w2v_fetch_add(&join->into->counts[map[1 + i]], counts[i]);
}
