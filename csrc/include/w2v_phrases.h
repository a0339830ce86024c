/* w2v_phrases.h - bigrams that are phrases, each joined into one word.
 *
 * A bigram is two words of a sentence with only connector words between them. A table of bigrams
 * replaces each that it knows by one id. Text is ids as an encoder makes them (-1 after each
 * sentence), in blocks of any size; a walk is a position in a text. While nothing is inserted, any
 * number of threads may apply one table, each with a walk of its own.
 *
 * How bigrams are counted and scored is in w2v_pairs.h.
 */
#ifndef W2V_PHRASES_H
#define W2V_PHRASES_H

#include <stddef.h>
#include <stdint.h>

#include "w2v_status.h"

typedef struct w2v_bigrams w2v_bigrams;

/* Flags of a type. */
enum {
    W2V_CONNECTOR = 1, /* may be inside a bigram; excludes the others */
    W2V_FIRST = 2,     /* may begin a bigram */
    W2V_SECOND = 4,    /* may end a bigram */
};

/* A new empty table, or NULL if memory is short.
 * flags: n_types; owned by the caller and read by later calls. */
w2v_bigrams *w2v_bigrams_new(const uint8_t *flags, int64_t n_types);

/* Frees the table; NULL is allowed. */
void w2v_bigrams_free(w2v_bigrams *bigrams);

/* Inserts a phrase of n >= 2 words, all but the first and last of them connectors, which becomes
 * the type `number` >= 0. If the same words are inserted twice, the first number stays. */
w2v_status w2v_bigrams_insert(w2v_bigrams *bigrams, const int32_t *words, int64_t n,
                              int32_t number);

/* A position in a text, which blocks may cut anywhere. All zeros: none yet, without a block. */
typedef struct w2v_walk {
    int32_t start;    /* the word that a phrase may begin with, or -1 */
    uint32_t chain;   /* the connectors after it */
    int32_t *pending; /* n_pending ids that may begin a phrase, read but not written yet */
    int64_t n_pending, pending_capacity;
} w2v_walk;

/* Begins a text; the block of pending ids is reused. */
void w2v_walk_begin(w2v_walk *walk);

/* Frees the block of a walk, which is all zeros then. */
void w2v_walk_clear(w2v_walk *walk);

/* Rewrites the next n ids, from left to right, each in at most one phrase. Ids that may begin a
 * phrase which the next call ends stay pending; a -1 leaves nothing pending, nor does a word that
 * is neither a connector nor may begin a bigram. out: n + walk->n_pending ids, not overlapping
 * `ids`. After a status other than W2V_OK the walk has to begin again. */
w2v_status w2v_bigrams_apply(const w2v_bigrams *bigrams, w2v_walk *walk, const int32_t *ids,
                             int64_t n, int32_t *out, int64_t *n_out);

/* Numbers types by first appearance, in place. numbers: the new number of each type, -1 if it has
 * none yet; counts: by new number; `next` is the next new number. Returns the next one after these
 * ids. */
int32_t w2v_renumber(int32_t *ids, int64_t n, int32_t *numbers, int64_t *counts, int32_t next);

#endif
