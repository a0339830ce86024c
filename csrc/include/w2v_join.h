/* w2v_join.h - what several encoders made of one text, joined by several threads.
 *
 * Each encoder reads ranges of the text and hands out a chunk for each of them: ids by its own
 * numbers, and the words that it had not met before. A join numbers all words by first appearance
 * in the text and appends the ids, by these numbers, to another encoder. The result is what that
 * encoder would have made of the whole text alone, whatever encoder read which range.
 *
 * Chunks are joined in rounds, in the order of the text. A round has stages, one after the other,
 * each with tasks that any number of threads do side by side:
 *
 *     words    a task for each part, which has the words with certain bits of the hash: looks them
 *              up in the table of that part, chunk by chunk, and adds those that are new
 *     numbers  a task for each chunk: numbers the words that appear in it first
 *     maps     a task for each chunk: fills in the numbers of words that appear in another first
 *     ids      a task for each chunk: appends its ids
 *
 * Only between stages is anything done by one thread: sums over parts and chunks, and growing the
 * blocks that chunks write to.
 */
#ifndef W2V_JOIN_H
#define W2V_JOIN_H

#include <stdint.h>

#include "w2v_encoder.h"
#include "w2v_status.h"

enum { W2V_JOIN_PARTS = 64 };

typedef struct w2v_join w2v_join;

/* A word that its encoder had not met before. */
typedef struct w2v_chunk_word {
    uint64_t key[2]; /* see encoder_internal.h */
    int64_t length;
    uint32_t hash;
    int32_t type;   /* of its encoder, less the first of the chunk */
    uint32_t found; /* used by the join */
} w2v_chunk_word;

/* What an encoder made of a range. All zeros: an empty one, without blocks. */
typedef struct w2v_chunk {
    int32_t *ids;                 /* n_ids, by the numbers of its encoder; -1 ends a sentence */
    w2v_chunk_word *words;        /* n_types, by part */
    int64_t *offsets;             /* n_types + 1: new type t is bytes[offsets[t]] ... */
    uint8_t *bytes;               /* n_bytes */
    int64_t n_ids, n_sentences;
    int64_t first_type, n_types;  /* types of its encoder before it, and new ones */
    int64_t n_bytes;
    int64_t id_capacity, word_capacity, offset_capacity, byte_capacity;
    int32_t part_starts[W2V_JOIN_PARTS + 1]; /* words of part p: from part_starts[p] on */
} w2v_chunk;

/* Transfers what the encoder read since the last call to `chunk`, whose blocks are reused. The
 * counts stay with the encoder. With W2V_NO_MEMORY the chunk is empty and the encoder as it was. */
w2v_status w2v_encoder_take_chunk(w2v_encoder *encoder, w2v_chunk *chunk);

/* Frees the blocks of a chunk, which is empty then. */
void w2v_chunk_clear(w2v_chunk *chunk);

/* A new join with room for `expected_types`, or NULL if memory is short. `into` is an encoder that has read nothing; until the
 * join is freed, only its ids may be taken and its figures be read, and neither during a round. */
w2v_join *w2v_join_new(w2v_encoder *into, int64_t expected_types);

/* Frees the join; NULL is allowed. The encoder that it joined into can be finished then. */
void w2v_join_free(w2v_join *join);

/* Bytes of the tables of the join; not during a round. */
int64_t w2v_join_bytes(const w2v_join *join);

/* Begins a round with the chunks of the next n ranges, in order, and opens its first stage. maps[i]
 * belongs to the encoder that made chunks[i], and is the same array for all of its chunks, or a copy
 * of it: maps[i][1 + t] becomes the number of its type t. Its length is at least
 * 1 + first_type + n_types. Chunks and maps stay in use until the round ends. If the block of ids
 * has to grow, it gets room for `expected_ids` in all. */
w2v_status w2v_join_begin(w2v_join *join, w2v_chunk *const *chunks, int32_t *const *maps, int64_t n,
                          int64_t expected_ids);

/* Does tasks of the open stage until none is left; for any number of threads at a time. After
 * another status than W2V_OK, from this function or the next, the join can only be freed. */
w2v_status w2v_join_work(w2v_join *join);

/* Closes a stage, when no thread is in w2v_join_work any more and no task is left, and opens the
 * next: *open becomes 0 when the round has ended. */
w2v_status w2v_join_next_stage(w2v_join *join, int *open);

/* Adds the counts of an encoder's n types, once all of its chunks are joined; by any number of
 * threads at a time, for different encoders. */
void w2v_join_counts(w2v_join *join, const int64_t *counts, int64_t n, const int32_t *map);

#endif
