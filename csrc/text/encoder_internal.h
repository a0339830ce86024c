/* encoder_internal.h - the state of an encoder, and what its files share.
 *
 * Not the contract, which is w2v_encoder.h. The way of a token:
 *
 *     encoder.c, word_boundaries.c, arrow_rows.c   find where it begins and ends
 *     add_word                                     takes its key
 *     push                                         hashes it into the queue
 *     w2v_encoder_flush                            finds or adds its type, appends its id
 *
 * What runs once per token is inline here; the rest is in encoder.c.
 *
 * The first 16 bytes of a token, padded with zeros, are its key: for nearly all tokens that is the
 * whole word, and one comparison without a loop decides whether it is the one in the table. Tokens
 * wait in a short queue between hashing and look-up, while the table lines of several are on their
 * way from memory.
 *
 * Not hardened against adversarial input (hash collisions).
 */
#ifndef W2V_ENCODER_INTERNAL_H
#define W2V_ENCODER_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "compiler.h"
#include "load64.h"
#include "w2v_encoder.h"
#include "w2v_join.h"

enum { QUEUE = 64, KEY = 16, W2V_MAX_TYPES = INT32_MAX - 1 };

/* A slot of the open-addressing table. The hash gives the position of the slot and rules out most
 * other words without a look at their entries; the table grows without looking at them either. */
typedef struct word_slot {
    uint32_t hash;
    uint32_t number; /* type + 1, or 0 for an empty slot */
} word_slot;

/* Doubles a table of words, or makes the first one, of `least` slots (a power of two). Returns
 * false without memory; the table is then as it was. */
W2V_INTERNAL bool w2v_grow_table(word_slot **slots, uint64_t *mask, uint64_t least);

typedef struct word_entry {
    uint64_t key[2];
    int64_t length;
    int64_t count;
} word_entry;

typedef struct queued_token {
    uint64_t key[2];
    const uint8_t *bytes; /* used only if the token is longer than its key */
    int64_t length;       /* or -1: end of a sentence */
    uint32_t hash;
} queued_token;

struct w2v_encoder {
    word_slot *slots;
    uint64_t slot_mask; /* number of slots - 1 */
    word_entry *entries;
    int64_t n_types, entry_capacity;
    int64_t *counts; /* instead of entries, if chunks of other encoders are joined into this one */
    int64_t count_capacity;
    int64_t *offsets; /* n_types + 1 */
    int64_t offset_capacity;
    uint8_t *bytes;
    int64_t n_bytes, byte_capacity;
    int32_t *ids;
    int64_t n_ids, id_capacity;
    int64_t n_taken;  /* ids that the caller took before these */
    int64_t n_taken_types, n_taken_sentences; /* those of chunks */
    uint8_t *scratch; /* a token without its invalid bytes, or a Python string in UTF-8 */
    int64_t n_scratch, scratch_capacity;
    uint8_t *lowered; /* lower case of queued tokens that are longer than their keys */
    int64_t n_lowered, lowered_capacity;
    int64_t n_sentences, n_lines;
    int policy;
    bool unicode, lowercase;
    int n_queued;
    bool in_sentence; /* a token was queued since the last end of a sentence */
    queued_token queue[QUEUE];
};

/* A range of bytes that is being read. */
typedef struct text_reader {
    const uint8_t *end;
    const uint8_t *begin; /* of the current token, or of its part that is not in scratch yet */
    const uint8_t *start; /* of the token, if scratch has a part of it */
    const uint8_t *bad;   /* the first invalid byte, with a status */
    int flags;
} text_reader;

static const uint8_t REPLACEMENT[3] = {0xEF, 0xBF, 0xBD}; /* U+FFFD */

/* ---- Shared by the encoder's files ---------------------------------------------------------- */

/* encoder.c: appends the queue to the ids, in order. */
W2V_INTERNAL w2v_status w2v_encoder_flush(w2v_encoder *encoder);

/* encoder.c: adds a type that is not in the table. */
W2V_INTERNAL w2v_status w2v_encoder_add_type(w2v_encoder *encoder, const queued_token *token);

/* encoder.c: queues a token in lower case; its bytes are not needed afterwards. */
W2V_INTERNAL w2v_status w2v_encoder_push_lowered(w2v_encoder *encoder, uint64_t key[2],
                                                 const uint8_t *bytes, int64_t length);

/* encoder.c: grows the block whose address is at `block` to at least `needed` items. */
W2V_INTERNAL bool w2v_encoder_grow(void *block, int64_t *capacity, int64_t needed, size_t item);

/* encoder.c: returns the unused end of a block to the allocator; cannot fail. */
W2V_INTERNAL void *w2v_encoder_shrink(void *block, int64_t n, size_t item);

/* encoder.c: reads up to at->end. The caller flushes the queue while the bytes are still there. */
W2V_INTERNAL w2v_status w2v_encoder_read(w2v_encoder *encoder, text_reader *at);

/* word_boundaries.c: the same, by the word boundaries of UAX #29. */
W2V_INTERNAL w2v_status w2v_encoder_read_words(w2v_encoder *encoder, text_reader *at);

/* ---- Memory --------------------------------------------------------------------------------- */

static inline bool reserve(void *block, int64_t *capacity, int64_t needed, size_t item)
{
    return W2V_LIKELY(needed <= *capacity) || w2v_encoder_grow(block, capacity, needed, item);
}

static inline bool to_scratch(w2v_encoder *encoder, const uint8_t *bytes, int64_t length)
{
    if (!reserve(&encoder->scratch, &encoder->scratch_capacity, encoder->n_scratch + length, 1))
        return false;
    if (length)
        memcpy(encoder->scratch + encoder->n_scratch, bytes, (size_t)length);
    encoder->n_scratch += length;
    return true;
}

/* ---- Keys and hashes ------------------------------------------------------------------------ */

static inline uint64_t load32(const uint8_t *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24;
}

/* The first min(length, 16) bytes at p; reads all 16. */
static inline void key_from_16(const uint8_t *p, int64_t length, uint64_t key[2])
{
    static const uint8_t keep[32] = {255, 255, 255, 255, 255, 255, 255, 255,
                                     255, 255, 255, 255, 255, 255, 255, 255};
    const uint8_t *mask = keep + KEY - (length < KEY ? length : KEY);
    key[0] = w2v_load64(p) & w2v_load64(mask);
    key[1] = w2v_load64(p + 8) & w2v_load64(mask + 8);
}

/* The same, without reading past p + length. */
static inline void key_within(const uint8_t *p, int64_t length, uint64_t key[2])
{
    key[1] = 0;
    if (length >= KEY) {
        key[0] = w2v_load64(p);
        key[1] = w2v_load64(p + 8);
    } else if (length > 8) {
        key[0] = w2v_load64(p);
        key[1] = w2v_load64(p + length - 8) >> (8 * (KEY - length));
    } else if (length >= 4) {
        key[0] = load32(p) | load32(p + length - 4) << (8 * (length - 4));
    } else {
        key[0] = p[0] | (uint64_t)p[length / 2] << (8 * (length / 2)) |
                 (uint64_t)p[length - 1] << (8 * (length - 1));
    }
}

/* Multiplications spread a bit upwards, folds bring the upper half down again. */
static inline uint64_t fold(uint64_t h)
{
    return h ^ (h >> 32);
}

static inline uint32_t hash_token(const uint64_t key[2], const uint8_t *bytes, int64_t length)
{
    uint64_t h = (key[0] * 0x9E3779B97F4A7C15u) ^
                 fold((key[1] + (uint64_t)length) * 0xD6E8FEB86659FD93u);
    if (length > KEY) {
        for (int64_t i = KEY; i < length - 8; i += 8)
            h = fold(h ^ w2v_load64(bytes + i)) * 0xBF58476D1CE4E5B9u;
        h ^= w2v_load64(bytes + length - 8);
    }
    return (uint32_t)((fold(h) * 0x94D049BB133111EBu) >> 32);
}

/* The part of a join that the word belongs to. The slot in a table is given by the lower bits. */
static inline int part_of(uint32_t hash)
{
    _Static_assert(W2V_JOIN_PARTS == 1 << 6, "the upper 6 bits of the hash");
    return (int)(hash >> 26);
}

/* ---- The table ------------------------------------------------------------------------------ */

static inline bool is_type(const w2v_encoder *encoder, uint32_t number, const queued_token *token)
{
    const word_entry *e = &encoder->entries[number - 1];
    if (((e->key[0] ^ token->key[0]) | (e->key[1] ^ token->key[1]) |
         (uint64_t)(e->length ^ token->length)) != 0)
        return false;
    return W2V_LIKELY(token->length <= KEY) ||
           memcmp(encoder->bytes + encoder->offsets[number - 1] + KEY, token->bytes + KEY,
                  (size_t)(token->length - KEY)) == 0;
}

/* Finds the type of a token, or adds it: *number is the type + 1. */
static inline w2v_status find_or_add(w2v_encoder *encoder, const queued_token *token,
                                     uint32_t *number)
{
    for (uint64_t i = token->hash & encoder->slot_mask;; i = (i + 1) & encoder->slot_mask) {
        word_slot slot = encoder->slots[i];
        if (!slot.number) {
            w2v_status status = w2v_encoder_add_type(encoder, token);
            *number = (uint32_t)encoder->n_types;
            return status;
        }
        if (slot.hash == token->hash && W2V_LIKELY(is_type(encoder, slot.number, token))) {
            *number = slot.number;
            return W2V_OK;
        }
    }
}

/* Asks for the table line of a hash, and once it is there, for the entry that its slot names. */
static inline void prefetch_slot(const w2v_encoder *encoder, uint32_t hash)
{
    W2V_PREFETCH(&encoder->slots[hash & encoder->slot_mask]);
}

static inline void prefetch_entry(const w2v_encoder *encoder, uint32_t hash)
{
    uint32_t number = encoder->slots[hash & encoder->slot_mask].number;
    W2V_PREFETCH(&encoder->entries[number ? number - 1 : 0]);
}

/* ---- Tokens --------------------------------------------------------------------------------- */

/* Queues a token. The bytes of one that is longer than its key must stay where they are until the
 * next flush. */
static inline w2v_status push(w2v_encoder *encoder, const uint64_t key[2], const uint8_t *bytes,
                              int64_t length)
{
    uint32_t hash = hash_token(key, bytes, length);
    prefetch_slot(encoder, hash);
    encoder->queue[encoder->n_queued++] = (queued_token){{key[0], key[1]}, bytes, length, hash};
    encoder->in_sentence = true;
    return W2V_LIKELY(encoder->n_queued < QUEUE) ? W2V_OK : w2v_encoder_flush(encoder);
}

/* Adds the token from `begin` to `end`, whose bytes stay where they are until the next flush. */
static inline w2v_status add_word(w2v_encoder *encoder, const text_reader *at,
                                  const uint8_t *begin, const uint8_t *end)
{
    uint64_t key[2];
    if (W2V_LIKELY(at->end - begin >= KEY))
        key_from_16(begin, end - begin, key);
    else
        key_within(begin, end - begin, key);
    if (encoder->lowercase)
        return w2v_encoder_push_lowered(encoder, key, begin, end - begin);
    return push(encoder, key, begin, end - begin);
}

static inline w2v_status line_feed(w2v_encoder *encoder, const text_reader *at)
{
    encoder->n_lines++;
    return at->flags & W2V_TEXT_NO_LINE_BREAKS ? W2V_OK : w2v_encoder_end_sentence(encoder);
}

#endif
