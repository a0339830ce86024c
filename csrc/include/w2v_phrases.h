/* w2v_phrases.h - pairs of words: counted, scored, joined.
 *
 * A pair is two words of a sentence with nothing but connector words between them. A table of
 * pairs walks over ids as an encoder makes them (-1 after each sentence), in pieces of any size, and
 * either counts the pairs or puts one id in the place of each that it knows. It is used by one
 * thread at a time, for the one or the other. After a status other than W2V_OK it can only be freed.
 */
#ifndef W2V_PHRASES_H
#define W2V_PHRASES_H

#include <stddef.h>
#include <stdint.h>

#include "w2v_status.h"

typedef struct w2v_pairs w2v_pairs;

/* What is known of each type. */
enum {
    W2V_CONNECTOR = 1, /* stands between; neither of the others */
    W2V_FIRST = 2,     /* a pair may begin with it */
    W2V_SECOND = 4,    /* a pair may end with it */
};

/* A new table, empty, or NULL where memory is short. It may grow to `budget` bytes (0: any number).
 * flags: n_types; read by later calls, and stays the caller's. */
w2v_pairs *w2v_pairs_new(const uint8_t *flags, int64_t n_types, int64_t budget);

/* Frees the table; NULL is fine. */
void w2v_pairs_free(w2v_pairs *pairs);

/* Counts the pairs of the next n ids, and in tally (n_types; NULL for none) the ids. */
w2v_status w2v_pairs_count(w2v_pairs *pairs, const int32_t *ids, int64_t n, int64_t *tally);

/* How many different pairs were counted or put in. */
int64_t w2v_pairs_number(const w2v_pairs *pairs);

/* With n_a, n_b, n_ab the occurrences of two words and of the pair:
 *
 *     (n_ab - min_count) / (n_a n_b) * scale                      (Mikolov et al., 2013, eq. 6)
 *     npmi: ln(p_ab / (p_a p_b)) / -ln(p_ab), p_x = n_x / scale   (Bouma, 2009)
 *
 * in the order of operations of gensim, so that the scores are the same to the last bit. */
typedef struct w2v_scoring {
    int npmi;
    int64_t min_count; /* pairs below score nothing */
    double scale;
    double threshold;
} w2v_scoring;

typedef struct w2v_pair {
    int32_t first, second;
    uint32_t link; /* the connector words between: 0, or for w2v_pairs_link */
    uint32_t count;
    double score;
} w2v_pair;

/* Writes the pairs that score above the threshold to found[0] up to found[room], in the order of
 * the table, and returns how many there are. counts: n_types, of the words. */
int64_t w2v_pairs_select(const w2v_pairs *pairs, const w2v_scoring *by, const int64_t *counts,
                         w2v_pair *found, int64_t room);

/* Writes the last connector word of a link other than 0, and returns the link without it. */
uint32_t w2v_pairs_link(const w2v_pairs *pairs, uint32_t link, int32_t *connector);

/* From now on the n >= 2 words, all but the first and the last connectors, become `number` (at least
 * 0). Of two numbers for the same words, the first stays. */
w2v_status w2v_pairs_put(w2v_pairs *pairs, const int32_t *words, int64_t n, int32_t number);

/* Rewrites the next n ids, from left to right, each in at most one phrase. Ids that may begin a
 * phrase which the next call ends are held back; after a -1 there are none.
 * out: room for n + w2v_pairs_held(pairs) ids, apart from `ids`. */
w2v_status w2v_pairs_join(w2v_pairs *pairs, const int32_t *ids, int64_t n, int32_t *out,
                          int64_t *n_out);

int64_t w2v_pairs_held(const w2v_pairs *pairs);

/* Numbers types by first appearance, in place. numbers: the new number of each type, -1 where it
 * has none yet; counts: by new number; `next` is the next new number. Returns the next one after
 * these ids. */
int32_t w2v_renumber(int32_t *ids, int64_t n, int32_t *numbers, int64_t *counts, int32_t next);

#endif
