/* encoder.c - bytes to tokens to ids.
 *
 * Text is read 64 bytes at a time into a mask of the bytes that may end a token: those up to the
 * space and those from 0x80 on. Everything but the space itself is rare in ASCII text and handled
 * one by one; UTF-8 is validated only there.
 *
 * A token's first 16 bytes, padded with zeros, are its key: for nearly all tokens that is the whole
 * word, and one comparison without a loop tells whether it is the one in the table. Tokens wait in
 * a short queue between hashing and look-up, so that the table lines of several are on their way
 * from memory at once.
 *
 * Not a general hash table: nothing is ever removed, and someone who chooses the words can choose
 * them to collide.
 */
#include "load64.h"
#include "compiler.h"
#include "unicode.h"
#include "w2v_encoder.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#if defined(__GNUC__) || defined(__clang__)
#define LIKELY(condition) __builtin_expect(!!(condition), 1)
#else
#define LIKELY(condition) (condition)
#endif

enum { QUEUE = 64, KEY = 16, BLOCK = 64 };

static const int64_t MAX_TYPES = INT32_MAX - 1;

/* An open-addressing slot. The hash gives the slot's place, tells most strangers apart without a
 * look at their entries, and lets the table grow without one. */
typedef struct slot {
    uint32_t hash;
    uint32_t number; /* type + 1, or 0 for an empty slot */
} slot;

typedef struct entry {
    uint64_t key[2];
    int64_t length;
    int64_t count;
} entry;

typedef struct queued {
    uint64_t key[2];
    const uint8_t *bytes; /* used only where the token is longer than its key */
    int64_t length;       /* or -1: the sentence ends here */
    uint32_t hash;
} queued;

struct w2v_text {
    slot *slots;
    uint64_t slot_mask; /* number of slots - 1 */
    entry *entries;
    int64_t n_types, entry_capacity;
    int64_t *offsets; /* n_types + 1 */
    int64_t offset_capacity;
    uint8_t *bytes;
    int64_t n_bytes, byte_capacity;
    int32_t *ids;
    int64_t n_ids, id_capacity;
    int64_t n_taken; /* ids handed over before these */
    uint8_t *scratch; /* a token of a file with bad bytes replaced, or a Python string in UTF-8 */
    int64_t n_scratch, scratch_capacity;
    uint8_t *lowered; /* tokens of the queue that are longer than their keys, in lower case */
    int64_t n_lowered, lowered_capacity;
    int64_t n_sentences, n_lines;
    int policy;
    bool unicode, lowercase;
    int n_queued;
    bool in_sentence; /* a token was queued since the last end of a sentence */
    queued queue[QUEUE];
};

/* ---- Memory -------------------------------------------------------------------------------- */

/* Makes room for `needed` items in the block whose address stands at `block`. It grows by half, and
 * by pages that stay untouched until they are used; where there is mremap, nothing is copied. */
static bool reserve(void *block, int64_t *capacity, int64_t needed, size_t item)
{
    if (LIKELY(needed <= *capacity))
        return true;
    if ((uint64_t)needed > SIZE_MAX / 4 / item)
        return false;
    int64_t wanted = needed + needed / 2 + 1024;
    void *grown; /* copied as bytes: a pointer to any type may stand there */
    memcpy(&grown, block, sizeof grown);
    grown = realloc(grown, (size_t)wanted * item);
    if (!grown)
        return false;
    memcpy(block, &grown, sizeof grown);
    *capacity = wanted;
    return true;
}

static bool grow_slots(w2v_text *text)
{
    uint64_t old_slots = text->slot_mask + 1, new_slots = old_slots * 2;
    if (new_slots > SIZE_MAX / sizeof(slot))
        return false;
    slot *grown = calloc((size_t)new_slots, sizeof(slot));
    if (!grown)
        return false;
    for (uint64_t i = 0; i < old_slots; i++) {
        slot moved = text->slots[i];
        if (!moved.number)
            continue;
        uint64_t place = moved.hash & (new_slots - 1);
        while (grown[place].number)
            place = (place + 1) & (new_slots - 1);
        grown[place] = moved;
    }
    free(text->slots);
    text->slots = grown;
    text->slot_mask = new_slots - 1;
    return true;
}

/* ---- Keys and hashes ----------------------------------------------------------------------- */

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

/* The same, and reads no byte but these. */
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

/* Multiplications spread upwards, folds bring the upper half down again. */
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

/* ---- The table ----------------------------------------------------------------------------- */

static w2v_status add_type(w2v_text *text, const queued *token)
{
    if (text->n_types >= MAX_TYPES)
        return W2V_TOO_MANY_TYPES;
    /* Everything that can fail comes before anything is written. */
    if (!reserve(&text->entries, &text->entry_capacity, text->n_types + 1, sizeof(entry)) ||
        !reserve(&text->offsets, &text->offset_capacity, text->n_types + 2, sizeof(int64_t)) ||
        !reserve(&text->bytes, &text->byte_capacity, text->n_bytes + token->length, 1))
        return W2V_NO_MEMORY;
    if ((uint64_t)text->n_types >= text->slot_mask / 8 * 5 && !grow_slots(text))
        return W2V_NO_MEMORY;

    uint64_t place = token->hash & text->slot_mask;
    while (text->slots[place].number)
        place = (place + 1) & text->slot_mask;
    uint8_t *bytes = text->bytes + text->n_bytes;
    if (token->length > KEY)
        memcpy(bytes, token->bytes, (size_t)token->length);
    else
        for (int i = 0; i < token->length; i++)
            bytes[i] = (uint8_t)(token->key[i / 8] >> (8 * (i % 8)));
    text->n_bytes += token->length;
    text->entries[text->n_types] =
        (entry){{token->key[0], token->key[1]}, token->length, 0};
    text->slots[place] = (slot){token->hash, (uint32_t)++text->n_types};
    text->offsets[text->n_types] = text->n_bytes;
    return W2V_OK;
}

static inline bool is_type(const w2v_text *text, uint32_t number, const queued *token)
{
    const entry *e = &text->entries[number - 1];
    if (((e->key[0] ^ token->key[0]) | (e->key[1] ^ token->key[1]) |
         (uint64_t)(e->length ^ token->length)) != 0)
        return false;
    return LIKELY(token->length <= KEY) ||
           memcmp(text->bytes + text->offsets[number - 1] + KEY, token->bytes + KEY,
                  (size_t)(token->length - KEY)) == 0;
}

/* Finds a token's type, a new one where it has none: *number is that of the type, plus one. */
static inline w2v_status find_or_add(w2v_text *text, const queued *token, uint32_t *number)
{
    for (uint64_t place = token->hash & text->slot_mask;; place = (place + 1) & text->slot_mask) {
        slot here = text->slots[place];
        if (!here.number) {
            w2v_status status = add_type(text, token);
            *number = (uint32_t)text->n_types;
            return status;
        }
        if (here.hash == token->hash && LIKELY(is_type(text, here.number, token))) {
            *number = here.number;
            return W2V_OK;
        }
    }
}

/* Looks up everything in the queue, in order. */
static w2v_status flush(w2v_text *text)
{
    int n = text->n_queued;
    text->n_queued = 0;
    text->n_lowered = 0;
    if (!reserve(&text->ids, &text->id_capacity, text->n_ids + n, sizeof(int32_t)))
        return W2V_NO_MEMORY;
    for (int i = 0; i < n; i++) {
        const queued *token = &text->queue[i];
        uint32_t number = text->slots[token->hash & text->slot_mask].number;
        W2V_PREFETCH(&text->entries[number ? number - 1 : 0]);
    }
    for (int i = 0; i < n; i++) {
        const queued *token = &text->queue[i];
        if (token->length < 0) {
            text->ids[text->n_ids++] = -1;
            text->n_sentences++;
            continue;
        }
        uint32_t number;
        w2v_status status = find_or_add(text, token, &number);
        if (status)
            return status;
        text->entries[number - 1].count++;
        text->ids[text->n_ids++] = (int32_t)(number - 1);
    }
    return W2V_OK;
}

/* Queues a token. The bytes of one longer than its key must stay where they are until the next
 * flush. */
static inline w2v_status push(w2v_text *text, const uint64_t key[2], const uint8_t *bytes,
                              int64_t length)
{
    uint32_t hash = hash_token(key, bytes, length);
    W2V_PREFETCH(&text->slots[hash & text->slot_mask]);
    text->queue[text->n_queued++] = (queued){{key[0], key[1]}, bytes, length, hash};
    text->in_sentence = true;
    return LIKELY(text->n_queued < QUEUE) ? W2V_OK : flush(text);
}

/* Queues a token in lower case, from bytes that are not needed any more then. */
static w2v_status push_lowered(w2v_text *text, uint64_t key[2], const uint8_t *bytes,
                               int64_t length)
{
    const uint64_t wide = 0x8080808080808080u;
    if (LIKELY(length <= KEY && !((key[0] | key[1]) & wide))) {
        key[0] = lower_ascii(key[0]);
        key[1] = lower_ascii(key[1]);
        return push(text, key, bytes, length);
    }
    enum { AT_FIRST = 1 << 14 };
    if (length > INT64_MAX / 8)
        return W2V_NO_MEMORY;
    if (text->n_lowered + 2 * length > text->lowered_capacity) {
        w2v_status status = flush(text);
        if (status)
            return status;
        if (!reserve(&text->lowered, &text->lowered_capacity,
                     2 * length < AT_FIRST ? AT_FIRST : 2 * length, 1))
            return W2V_NO_MEMORY;
    }
    uint8_t *lowered = text->lowered + text->n_lowered;
    length = lower_utf8(lowered, bytes, length) - lowered;
    key_within(lowered, length, key);
    text->n_lowered += length;
    return push(text, key, lowered, length);
}

w2v_status w2v_text_token(w2v_text *text, const uint8_t *bytes, int64_t length)
{
    uint64_t key[2];
    key_within(bytes, length, key);
    if (text->lowercase)
        return push_lowered(text, key, bytes, length);
    w2v_status status = push(text, key, bytes, length);
    return LIKELY(length <= KEY) || status ? status : flush(text);
}

w2v_status w2v_text_end_sentence(w2v_text *text)
{
    if (!text->in_sentence)
        return W2V_OK;
    text->in_sentence = false;
    text->queue[text->n_queued++].length = -1;
    return text->n_queued < QUEUE ? W2V_OK : flush(text);
}

/* ---- UTF-8 --------------------------------------------------------------------------------- */

static inline bool is_continuation(uint8_t byte)
{
    return (byte & 0xC0) == 0x80;
}

/* Looks at the sequence that starts with p[0] >= 0x80 (Unicode 15, table 3-7). Returns its length;
 * or 0, if it is right as far as it goes but the text ends within; or minus the length of its
 * maximal subpart (as many bytes as one U+FFFD stands for), if it is bad. */
static int sequence(const uint8_t *p, const uint8_t *end)
{
    uint8_t lead = p[0], low = 0x80, high = 0xBF;
    if (lead < 0xC2 || lead > 0xF4)
        return -1;
    if (lead == 0xE0)
        low = 0xA0; /* below: overlong */
    else if (lead == 0xED)
        high = 0x9F; /* above: surrogates */
    else if (lead == 0xF0)
        low = 0x90; /* below: overlong */
    else if (lead == 0xF4)
        high = 0x8F; /* above: beyond U+10FFFF */
    int length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (p + 1 == end)
        return 0;
    if (p[1] < low || p[1] > high)
        return -1;
    for (int i = 2; i < length; i++) {
        if (p + i == end)
            return 0;
        if (!is_continuation(p[i]))
            return -i;
    }
    return length;
}

/* Is the valid sequence at p white space? */
static bool is_wide_space(const uint8_t *p)
{
    switch (p[0]) {
    case 0xC2:
        return p[1] == 0x85 || p[1] == 0xA0;
    case 0xE1:
        return p[1] == 0x9A && p[2] == 0x80;
    case 0xE2:
        return (p[1] == 0x80 && (p[2] <= 0x8A || p[2] == 0xA8 || p[2] == 0xA9 || p[2] == 0xAF)) ||
               (p[1] == 0x81 && p[2] == 0x9F);
    case 0xE3:
        return p[1] == 0x80 && p[2] == 0x80;
    default:
        return false;
    }
}

/* ---- Reading text -------------------------------------------------------------------------- */

/* Bit i is set where p[i] is at most a space or at least 0x80, for the first min(n, 64) bytes. */
static inline uint64_t special_bytes(const uint8_t *p, int64_t n)
{
    uint8_t last[BLOCK];
    if (n < BLOCK) {
        memset(last, 'x', sizeof last);
        memcpy(last, p, (size_t)n);
        p = last;
    }
    const uint64_t low = 0x7F7F7F7F7F7F7F7Fu;
    uint64_t mask = 0;
    for (int i = 0; i < BLOCK; i += 8) {
        uint64_t eight = w2v_load64(p + i);
        /* Adding 0x5F carries from 0x21 on into a byte's top bit, never out of the byte. */
        uint64_t special = (~((eight & low) + 0x5F5F5F5F5F5F5F5Fu) | eight) & ~low;
        mask |= ((special * 0x0002040810204081u) >> 56) << i;
    }
    return mask;
}

/* Place of the lowest bit that is set; there is one. */
static inline int first_bit(uint64_t mask)
{
#if defined(__GNUC__) || defined(__clang__)
    return __builtin_ctzll(mask);
#elif defined(_MSC_VER) && defined(_WIN64)
    unsigned long bit;
    _BitScanForward64(&bit, mask);
    return (int)bit;
#else
    int bit = 0;
    for (; !(mask & 1); mask >>= 1)
        bit++;
    return bit;
#endif
}

typedef struct reader {
    const uint8_t *end;
    const uint8_t *begin; /* of the token at hand, or of its part that is not in scratch yet */
    const uint8_t *start; /* of the token, where scratch holds a part of it */
    const uint8_t *bad;   /* the first bad byte, with a status */
    int flags;
} reader;

static bool to_scratch(w2v_text *text, const uint8_t *bytes, int64_t length)
{
    if (!reserve(&text->scratch, &text->scratch_capacity, text->n_scratch + length, 1))
        return false;
    if (length)
        memcpy(text->scratch + text->n_scratch, bytes, (size_t)length);
    text->n_scratch += length;
    return true;
}

static const uint8_t REPLACEMENT[3] = {0xEF, 0xBF, 0xBD}; /* U+FFFD */

/* Adds the token from `begin` to `end`, where it stays until the next flush. */
static inline w2v_status add_word(w2v_text *text, const reader *at, const uint8_t *begin,
                                  const uint8_t *end)
{
    uint64_t key[2];
    if (LIKELY(at->end - begin >= KEY))
        key_from_16(begin, end - begin, key);
    else
        key_within(begin, end - begin, key);
    if (text->lowercase)
        return push_lowered(text, key, begin, end - begin);
    return push(text, key, begin, end - begin);
}

static w2v_status line_feed(w2v_text *text, const reader *at)
{
    text->n_lines++;
    return at->flags & W2V_TEXT_ONE_LINE ? W2V_OK : w2v_text_end_sentence(text);
}

/* Ends the token at p, if there is one; the next begins at p + space. */
static inline w2v_status end_token(w2v_text *text, reader *at, const uint8_t *p, int space)
{
    const uint8_t *begin = at->begin;
    at->begin = p + space;
    if (LIKELY(!text->n_scratch))
        return p == begin ? W2V_OK : add_word(text, at, begin, p);
    if (!to_scratch(text, begin, p - begin))
        return W2V_NO_MEMORY;
    int64_t length = text->n_scratch;
    text->n_scratch = 0;
    return w2v_text_token(text, text->scratch, length);
}

/* Deals with n bad bytes at p as the policy says. */
static w2v_status bad_bytes(w2v_text *text, reader *at, const uint8_t *p, int n)
{
    if (text->policy == W2V_STRICT) {
        at->bad = p;
        return *p ? W2V_BAD_UTF8 : W2V_NUL_BYTE;
    }
    if (!text->n_scratch)
        at->start = at->begin;
    if (!to_scratch(text, at->begin, p - at->begin) ||
        (text->policy == W2V_REPLACE && !to_scratch(text, REPLACEMENT, 3)))
        return W2V_NO_MEMORY;
    at->begin = p + n;
    return W2V_OK;
}

/* Deals with the byte below 0x80 at p that is not above a space. */
static w2v_status control(w2v_text *text, reader *at, const uint8_t *p)
{
    uint8_t byte = *p;
    bool in_file = !(at->flags & W2V_TEXT_ONE_LINE);
    if (byte == 0 && in_file)
        return bad_bytes(text, at, p, 1);
    if (byte < '\t' || (byte > '\r' && byte < 0x1C))
        return W2V_OK;
    w2v_status status = end_token(text, at, p, 1);
    return byte != '\n' || status ? status : line_feed(text, at);
}

/* Passes over sequences that need no second look: led by 0xC3-0xDF or 0xE4-0xEC, every one of them
 * is valid and none is white space. Most letters of most scripts are among them. */
static inline const uint8_t *plain_sequences(const uint8_t *p, const uint8_t *end)
{
    for (;;) {
        if (end - p >= 2 && p[0] >= 0xC3 && p[0] <= 0xDF && is_continuation(p[1]))
            p += 2;
        else if (end - p >= 3 && p[0] >= 0xE4 && p[0] <= 0xEC && is_continuation(p[1]) &&
                 is_continuation(p[2]))
            p += 3;
        else
            return p;
    }
}

/* Deals with the bytes from 0x80 on that start at p, and with spaces between them; returns the
 * place behind them. Where the range ends within a sequence that may go on, it is cut short. */
static const uint8_t *multibyte(w2v_text *text, reader *at, const uint8_t *p, w2v_status *status)
{
    while (p < at->end && *p >= 0x80) {
        const uint8_t *q = plain_sequences(p, at->end);
        if (q == p) {
            int length = sequence(p, at->end);
            if (length == 0) {
                if (!(at->flags & W2V_TEXT_FINAL)) {
                    at->end = p;
                    break;
                }
                length = -(int)(at->end - p);
            }
            q = p + (length < 0 ? -length : length);
            if (length < 0)
                *status = bad_bytes(text, at, p, (int)(q - p));
            else if (is_wide_space(p))
                *status = end_token(text, at, p, length);
        }
        p = q;
        if (!*status && at->end - p > 1 && p[0] == ' ' && p[1] >= 0x80)
            *status = end_token(text, at, p++, 1);
        if (*status)
            break;
    }
    return p;
}

#include "word_boundaries.h"

/* Reads up to at->end. The caller flushes the queue while the bytes are still there. */
static w2v_status read_text(w2v_text *text, reader *at)
{
    w2v_status status = W2V_OK;
    if (text->unicode)
        return read_words(text, at);
    for (const uint8_t *block = at->begin, *next; block < at->end && !status; block = next) {
        next = at->end - block > BLOCK ? block + BLOCK : at->end;
        uint64_t mask = special_bytes(block, next - block);
        for (; mask && !status; mask &= mask - 1) {
            const uint8_t *p = block + first_bit(mask);
            if (LIKELY(*p == ' ')) {
                status = end_token(text, at, p, 1);
            } else if (*p < 0x80) {
                status = control(text, at, p);
            } else {
                next = multibyte(text, at, p, &status);
                break;
            }
        }
    }
    if (!status && (at->flags & W2V_TEXT_FINAL))
        status = end_token(text, at, at->end, 0);
    return status;
}

w2v_status w2v_text_feed(w2v_text *text, const uint8_t *bytes, int64_t length, int flags,
                         int64_t *consumed)
{
    reader at = {bytes + length, bytes, bytes, bytes, flags};
    text->n_scratch = 0;
    w2v_status status = read_text(text, &at);
    if (status == W2V_BAD_UTF8 || status == W2V_NUL_BYTE)
        *consumed = at.bad - bytes;
    else
        *consumed = (text->n_scratch ? at.start : at.begin) - bytes;
    text->n_scratch = 0;
    w2v_status flushed = flush(text); /* the queue may point into `bytes` */
    return status ? status : flushed;
}

/* ---- Tables --------------------------------------------------------------------------------- */

/* Adds a token that may hold bad bytes and stays where it is until the next flush. */
static w2v_status add_cell(w2v_text *text, const uint8_t *bytes, int64_t length,
                           const uint8_t **bad)
{
    const uint8_t *end = bytes + length, *done = bytes;
    text->n_scratch = 0;
    for (const uint8_t *p = bytes; p < end;) {
        if (end - p >= 8 && !(w2v_load64(p) & 0x8080808080808080u)) {
            p += 8;
            continue;
        }
        int n = *p < 0x80 ? 1 : sequence(p, end);
        if (n > 0) {
            p += n;
            continue;
        }
        *bad = p;
        if (text->policy == W2V_STRICT)
            return W2V_BAD_UTF8;
        if (!to_scratch(text, done, p - done) ||
            (text->policy == W2V_REPLACE && !to_scratch(text, REPLACEMENT, 3)))
            return W2V_NO_MEMORY;
        p = done = n ? p - n : end;
    }
    if (done == bytes) {
        uint64_t key[2];
        key_within(bytes, length, key);
        return text->lowercase ? push_lowered(text, key, bytes, length)
                               : push(text, key, bytes, length);
    }
    if (!to_scratch(text, done, end - done))
        return W2V_NO_MEMORY;
    length = text->n_scratch;
    text->n_scratch = 0;
    return length ? w2v_text_token(text, text->scratch, length) : W2V_OK;
}

/* Reads string i as a row of text, or as one token of a row. */
static w2v_status read_cell(w2v_text *text, const w2v_text_table *table, int64_t i,
                            w2v_text_cursor *at)
{
    int64_t begin = table->offsets[i], end = table->offsets[i + 1];
    if (begin < 0 || begin > end || end > table->n_bytes) {
        at->bad = i;
        return W2V_BAD_OFFSET;
    }
    if (table->string_valid && !table->string_valid[i]) {
        at->null_tokens++;
        return W2V_OK;
    }
    const uint8_t *bytes = table->bytes + begin, *bad = bytes;
    w2v_status status = W2V_OK;
    at->work += end - begin;
    if (!table->lists) {
        reader row = {bytes + (end - begin), bytes, bytes, bytes,
                      W2V_TEXT_FINAL | W2V_TEXT_ONE_LINE};
        text->n_scratch = 0;
        status = read_text(text, &row);
        bad = row.bad;
    } else if (begin < end) {
        status = add_cell(text, bytes, end - begin, &bad);
    } else if (!at->empty_tokens++) {
        at->empty_row = at->row;
        at->empty_token = at->token;
    }
    if (status == W2V_BAD_UTF8)
        at->bad = bad - table->bytes;
    return status;
}

w2v_status w2v_text_rows(w2v_text *text, const w2v_text_table *table, w2v_text_cursor *at,
                         int64_t work)
{
    w2v_status status = W2V_OK;
    for (at->work = 0; at->row < table->n_rows && at->work < work; at->row++) {
        int64_t row = at->row, first = row, last = row + 1;
        if (table->lists) {
            first = table->lists[row];
            last = table->lists[row + 1];
            if (first < 0 || first > last || last > table->n_strings) {
                at->bad = row;
                status = W2V_BAD_LIST;
                break;
            }
        }
        at->work++;
        if (table->row_valid && !table->row_valid[row]) {
            at->null_rows++;
            continue;
        }
        at->work += last - first;
        for (int64_t i = first; i < last && !status; i++) {
            at->token = i - first;
            status = read_cell(text, table, i, at);
        }
        if (!status)
            status = w2v_text_end_sentence(text);
        if (status)
            break;
    }
    text->n_scratch = 0;
    w2v_status flushed = flush(text); /* the queue may point into the table */
    return status ? status : flushed;
}

/* ---- The encoder --------------------------------------------------------------------------- */

w2v_text *w2v_text_new(int policy, int options)
{
    enum { SLOTS = 1024 };
    w2v_text *text = calloc(1, sizeof *text);
    if (!text)
        return NULL;
    text->policy = policy;
    text->unicode = options & W2V_TEXT_UNICODE;
    text->lowercase = options & W2V_TEXT_LOWERCASE;
    text->slots = calloc(SLOTS, sizeof(slot));
    text->slot_mask = SLOTS - 1;
    if (!text->slots || !reserve(&text->entries, &text->entry_capacity, 1, sizeof(entry)) ||
        !reserve(&text->offsets, &text->offset_capacity, 1, sizeof(int64_t))) {
        w2v_text_free(text);
        return NULL;
    }
    text->offsets[0] = 0;
    return text;
}

const char *w2v_unicode_version(void)
{
    return W2V_UNICODE_VERSION;
}

void w2v_text_free(w2v_text *text)
{
    if (!text)
        return;
    free(text->slots);
    free(text->entries);
    free(text->offsets);
    free(text->bytes);
    free(text->ids);
    free(text->scratch);
    free(text->lowered);
    free(text);
}

w2v_status w2v_text_utf8(w2v_text *text, const void *points, int size, int64_t n,
                         const uint8_t **utf8, int64_t *length)
{
    int longest = size == 1 ? 2 : size == 2 ? 3 : 4; /* bytes of a code point */
    text->n_scratch = 0;
    if (n > INT64_MAX / 4 ||
        !reserve(&text->scratch, &text->scratch_capacity, n * longest, 1))
        return W2V_NO_MEMORY;
    uint8_t *out = text->scratch;
    for (int64_t i = 0; i < n; i++) {
        uint32_t c = size == 1   ? ((const uint8_t *)points)[i]
                     : size == 2 ? ((const uint16_t *)points)[i]
                                 : ((const uint32_t *)points)[i];
        if (c >= 0xD800 && c <= 0xDFFF) {
            if (text->policy == W2V_STRICT) {
                *length = i;
                return W2V_LONE_SURROGATE;
            }
            if (text->policy == W2V_IGNORE)
                continue;
            c = 0xFFFD;
        }
        out = put_code_point(out, c);
    }
    *utf8 = text->scratch;
    *length = out - text->scratch;
    return W2V_OK;
}

w2v_text_tally w2v_text_count(const w2v_text *text)
{
    int64_t n_ids = text->n_taken + text->n_ids;
    int64_t table = (int64_t)((text->slot_mask + 1) * sizeof(slot)) +
                    text->n_types * (int64_t)(sizeof(entry) + sizeof(int64_t)) + text->n_bytes;
    return (w2v_text_tally){n_ids - text->n_sentences,
                            text->n_sentences,
                            text->n_types,
                            text->n_lines,
                            table,
                            text->n_ids * (int64_t)sizeof(int32_t)};
}

/* Gives back what a block has too much; never fails, for the block is right as it is. */
static void *shrunk(void *block, int64_t n, size_t item)
{
    void *exact = realloc(block, n ? (size_t)n * item : 1);
    return exact ? exact : block;
}

w2v_status w2v_text_finish(w2v_text *text, w2v_text_result *result)
{
    w2v_status status = flush(text);
    if (status)
        return status;
    free(text->slots);
    free(text->scratch);
    text->slots = NULL;
    text->scratch = NULL;

    /* The counts move together where the entries were: no second block at the peak. */
    int64_t *counts = (int64_t *)text->entries;
    for (int64_t i = 0; i < text->n_types; i++) {
        int64_t count = text->entries[i].count;
        memcpy(counts + i, &count, sizeof count);
    }
    result->n_ids = text->n_ids;
    result->n_types = text->n_types;
    result->n_bytes = text->n_bytes;
    result->ids = shrunk(text->ids, text->n_ids, sizeof(int32_t));
    result->counts = shrunk(counts, text->n_types, sizeof(int64_t));
    result->offsets = shrunk(text->offsets, text->n_types + 1, sizeof(int64_t));
    result->bytes = shrunk(text->bytes, text->n_bytes, 1);
    text->ids = NULL;
    text->entries = NULL;
    text->offsets = NULL;
    text->bytes = NULL;
    return W2V_OK;
}

/* ---- Several encoders, one result ----------------------------------------------------------- */

w2v_status w2v_text_take(w2v_text *text, int32_t **ids, int64_t *n_ids)
{
    w2v_status status = flush(text);
    if (status)
        return status;
    *ids = shrunk(text->ids, text->n_ids, sizeof(int32_t));
    *n_ids = text->n_ids;
    text->n_taken += text->n_ids;
    text->ids = NULL;
    text->n_ids = text->id_capacity = 0;
    return W2V_OK;
}

w2v_status w2v_text_take_part(w2v_text *text, int64_t first_type, w2v_text_result *part)
{
    w2v_status status = flush(text);
    if (status)
        return status;
    int64_t n = text->n_types - first_type, start = text->offsets[first_type];
    int64_t n_bytes = text->n_bytes - start;
    int64_t *offsets = malloc((size_t)(n + 1) * sizeof *offsets);
    uint8_t *bytes = malloc(n_bytes ? (size_t)n_bytes : 1);
    if (!offsets || !bytes) {
        free(offsets);
        free(bytes);
        return W2V_NO_MEMORY;
    }
    for (int64_t i = 0; i <= n; i++)
        offsets[i] = text->offsets[first_type + i] - start;
    if (n_bytes)
        memcpy(bytes, text->bytes + start, (size_t)n_bytes);
    /* The blocks of ids change places: new memory for each part would cost more than filling it. */
    w2v_text_result used = *part;
    free(used.offsets);
    free(used.bytes);
    *part = (w2v_text_result){text->ids, NULL, offsets, bytes, text->n_ids, n, n_bytes,
                              text->id_capacity};
    text->n_taken += text->n_ids;
    text->ids = used.ids;
    text->n_ids = 0;
    text->id_capacity = used.ids ? used.id_capacity : 0;
    return W2V_OK;
}

/* Finds the types of at most QUEUE words; those of several are on their way from memory at once. */
static w2v_status join_words(w2v_text *text, const w2v_text_result *part, int64_t first, int64_t n,
                             int32_t *types)
{
    queued *token = text->queue; /* empty now */
    for (int64_t i = 0; i < n; i++) {
        const int64_t *offset = part->offsets + first + i;
        token[i] = (queued){{0, 0}, part->bytes + offset[0], offset[1] - offset[0], 0};
        key_within(token[i].bytes, token[i].length, token[i].key);
        token[i].hash = hash_token(token[i].key, token[i].bytes, token[i].length);
        W2V_PREFETCH(&text->slots[token[i].hash & text->slot_mask]);
    }
    for (int64_t i = 0; i < n; i++) {
        uint32_t number = text->slots[token[i].hash & text->slot_mask].number;
        W2V_PREFETCH(&text->entries[number ? number - 1 : 0]);
    }
    for (int64_t i = 0; i < n; i++) {
        uint32_t number;
        w2v_status status = find_or_add(text, &token[i], &number);
        if (status)
            return status;
        types[i] = (int32_t)(number - 1);
    }
    return W2V_OK;
}

w2v_status w2v_text_join(w2v_text *text, const w2v_text_result *part, int64_t first_type,
                         int32_t *map)
{
    w2v_status status = flush(text);
    if (!status && !reserve(&text->ids, &text->id_capacity, text->n_ids + part->n_ids,
                            sizeof(int32_t)))
        status = W2V_NO_MEMORY;
    for (int64_t i = 0; i < part->n_types && !status; i += QUEUE) {
        int64_t n = part->n_types - i < QUEUE ? part->n_types - i : QUEUE;
        status = join_words(text, part, i, n, map + 1 + first_type + i);
    }
    if (status)
        return status;
    int32_t *out = text->ids + text->n_ids;
    int64_t sentences = 0;
    map[0] = -1; /* so that the end of a sentence needs no branch */
    for (int64_t i = 0; i < part->n_ids; i++) {
        int32_t id = part->ids[i];
        out[i] = map[1 + id];
        sentences += id < 0;
    }
    text->n_ids += part->n_ids;
    text->n_sentences += sentences;
    return W2V_OK;
}

void w2v_text_join_counts(w2v_text *text, const int64_t *counts, int64_t n, const int32_t *map)
{
    for (int64_t i = 0; i < n; i++)
        text->entries[map[1 + i]].count += counts[i];
}
