/* w2v_pairs.h - bigrams of words, counted and scored by several threads.
 *
 * Text is counted in rounds, each with the next ids of the text. A round has stages, one after the
 * other, each with tasks that any number of threads do side by side:
 *
 *     scan    a task for each piece of the ids: joins the phrases that are known already, and lists
 *             the bigrams of the piece by part, which is given by the hash of their two words
 *     count   a task for each part, which has a region of the table: counts its bigrams, piece by
 *             piece, until the region is nearly full
 *     grow    a task for each part: moves its region to a table of twice the size; count follows
 *
 * Text is cut into pieces where no bigram and no phrase can be cut. All tables, numbers of connector
 * chains and statuses follow from the text, the rounds and the pieces, whatever thread does a task.
 */
#ifndef W2V_PAIRS_H
#define W2V_PAIRS_H

#include <stdint.h>

#include "w2v_phrases.h"
#include "w2v_status.h"

enum { W2V_PAIR_PARTS = 64 };

typedef struct w2v_pairs w2v_pairs;

/* A new empty table, or NULL if memory is short. It may grow to `budget` bytes (0: no limit).
 * flags: n_types, see w2v_phrases.h; owned by the caller and read by later calls. */
w2v_pairs *w2v_pairs_new(const uint8_t *flags, int64_t n_types, int64_t budget);

/* Frees the table; NULL is allowed. */
void w2v_pairs_free(w2v_pairs *pairs);

/* Begins a round with the next n ids, in pieces of about `piece`; its first stage is open. Before
 * they are counted, ids are rewritten by the joiners, in order: the same ones in each round. Types
 * that joiners add have flags, too. ids and joiners stay in use until the round ends. */
w2v_status w2v_pairs_begin(w2v_pairs *pairs, const int32_t *ids, int64_t n, int64_t piece,
                           const w2v_bigrams *const *joiners, int64_t n_joiners);

/* Does tasks of the open stage until none is left; for any number of threads at a time. Occurrences
 * of words are added to word_counts, n_types for each thread. After another status than W2V_OK, from
 * this function or the next, the table can only be freed, or asked for its size. */
w2v_status w2v_pairs_work(w2v_pairs *pairs, int64_t *word_counts);

/* Closes a stage, when no thread is in w2v_pairs_work any more and no task is left, and opens the
 * next: *open becomes 0 when the round, or scoring, has ended. */
w2v_status w2v_pairs_next_stage(w2v_pairs *pairs, int *open);

/* Number of distinct bigrams; not during a stage. */
int64_t w2v_pairs_size(const w2v_pairs *pairs);

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
    uint32_t connector_chain; /* the connector words in between, for w2v_pairs_pop_connector */
    uint32_t count;
    double score;
} w2v_bigram;

/* Opens a single stage that finds the bigrams above the threshold, a task for each part. counts:
 * n_types, of the words; in use until the stage ends. */
void w2v_pairs_begin_scoring(w2v_pairs *pairs, const w2v_scoring *by, const int64_t *counts);

/* The n bigrams that were found in a part, in the order of the table. */
const w2v_bigram *w2v_pairs_found(const w2v_pairs *pairs, int part, int64_t *n);

/* Writes the last connector word of a chain other than 0, and returns the chain without it. */
uint32_t w2v_pairs_pop_connector(const w2v_pairs *pairs, uint32_t chain, int32_t *connector);

#endif
