/* w2v_phrases.h - bigrams of words: counted, scored, joined.
 *
 * A bigram is two words of a sentence with only connector words between them. A table of bigrams
 * walks over ids as an encoder makes them (-1 after each sentence), in blocks of any size, and
 * either counts the bigrams or replaces each known one by one id. It is used by one thread at a
 * time, for one of the two purposes. After a status other than W2V_OK it can only be freed.
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

/* A new empty table, or NULL if memory is short. It may grow to `budget` bytes (0: no limit).
 * flags: n_types; owned by the caller and read by later calls. */
w2v_bigrams *w2v_bigrams_new(const uint8_t *flags, int64_t n_types, int64_t budget);

/* Frees the table; NULL is allowed. */
void w2v_bigrams_free(w2v_bigrams *bigrams);

/* Counts the bigrams of the next n ids, and the ids in word_counts (n_types, or NULL). */
w2v_status w2v_bigrams_count(w2v_bigrams *bigrams, const int32_t *ids, int64_t n,
                             int64_t *word_counts);

/* Number of distinct bigrams that were counted or inserted. */
int64_t w2v_bigrams_size(const w2v_bigrams *bigrams);

/* With n_a, n_b, n_ab the occurrences of two words and of the bigram, the score is
 *
 *     (n_ab - min_count) / (n_a n_b) * scale                      (Mikolov et al., 2013, eq. 6)
 *     npmi: ln(p_ab / (p_a p_b)) / -ln(p_ab), p_x = n_x / scale   (Bouma, 2009)
 *
 * in gensim's order of operations, so that scores are equal to the last bit. */
typedef struct w2v_scoring {
    int npmi;
    int64_t min_count; /* rarer bigrams are skipped */
    double scale;
    double threshold;
} w2v_scoring;

typedef struct w2v_bigram {
    int32_t first, second;
    uint32_t connector_chain; /* the connector words in between, for w2v_bigrams_pop_connector */
    uint32_t count;
    double score;
} w2v_bigram;

/* Writes the bigrams that score above the threshold, at most `capacity`, in the order of the table,
 * and returns how many there are. counts: n_types, of the words. */
int64_t w2v_bigrams_score_all(const w2v_bigrams *bigrams, const w2v_scoring *by,
                              const int64_t *counts, w2v_bigram *found, int64_t capacity);

/* Writes the last connector word of a chain other than 0, and returns the chain without it. */
uint32_t w2v_bigrams_pop_connector(const w2v_bigrams *bigrams, uint32_t chain, int32_t *connector);

/* Inserts a phrase of n >= 2 words, all but the first and last of them connectors, which becomes
 * the type `number` >= 0. If the same words are inserted twice, the first number stays. */
w2v_status w2v_bigrams_insert(w2v_bigrams *bigrams, const int32_t *words, int64_t n,
                              int32_t number);

/* Rewrites the next n ids, from left to right, each in at most one phrase. Ids that may begin a
 * phrase which the next call ends stay pending; a -1 leaves nothing pending. out: n +
 * w2v_bigrams_pending(bigrams) ids, not overlapping `ids`. */
w2v_status w2v_bigrams_apply(w2v_bigrams *bigrams, const int32_t *ids, int64_t n, int32_t *out,
                             int64_t *n_out);

/* Number of pending ids. */
int64_t w2v_bigrams_pending(const w2v_bigrams *bigrams);

/* Numbers types by first appearance, in place. numbers: the new number of each type, -1 if it has
 * none yet; counts: by new number; `next` is the next new number. Returns the next one after these
 * ids. */
int32_t w2v_renumber(int32_t *ids, int64_t n, int32_t *numbers, int64_t *counts, int32_t next);

#endif
