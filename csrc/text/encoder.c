/* encoder.c - text at white space to tokens, tokens to ids.
 *
 * Text is read 64 bytes at a time into a mask of the bytes that may end a token: those up to the
 * space and those from 0x80 on. In ASCII text all but the space itself are rare and handled one by
 * one; UTF-8 is validated only there.
 *
 * encoder_internal.h describes the way of a token through the queue and the table.
 */
#include "encoder_internal.h"

#include "unicode.h"
#include "utf8.h"

#include <stdlib.h>

enum { BLOCK = 64, SMALL_BLOCK = 1 << 24 };

/* ---- Memory -------------------------------------------------------------------------------- */

/* Grows a small block to four times the size, a large one by half, at the cost of address space
 * only: pages stay untouched until they are used, and where there is mremap, nothing is copied. */
bool w2v_encoder_grow(void *block, int64_t *capacity, int64_t needed, size_t item)
{
    if ((uint64_t)needed > SIZE_MAX / 4 / item)
        return false;
    int64_t more = (uint64_t)needed * item < SMALL_BLOCK ? needed * 3 : needed / 2;
    int64_t wanted = needed + more + 1024;
    void *grown; /* copied as bytes: it may be a pointer to any type */
    memcpy(&grown, block, sizeof grown);
    grown = realloc(grown, (size_t)wanted * item);
    if (!grown)
        return false;
    memcpy(block, &grown, sizeof grown);
    *capacity = wanted;
    return true;
}

void *w2v_encoder_shrink(void *block, int64_t n, size_t item)
{
    void *exact = realloc(block, n ? (size_t)n * item : 1);
    return exact ? exact : block; /* on failure realloc leaves the block as it was */
}

/* ---- The table ----------------------------------------------------------------------------- */

bool w2v_grow_table(word_slot **slots, uint64_t *mask, uint64_t least)
{
    const uint64_t old_slots = *slots ? *mask + 1 : 0;
    const uint64_t new_slots = old_slots ? old_slots * 2 : least;
    if (new_slots > SIZE_MAX / sizeof(word_slot))
        return false;
    word_slot *grown = calloc((size_t)new_slots, sizeof(word_slot));
    if (!grown)
        return false;
    for (uint64_t i = 0; i < old_slots; i++) {
        const word_slot moved = (*slots)[i];
        if (!moved.number)
            continue;
        uint64_t position = moved.hash & (new_slots - 1);
        while (grown[position].number)
            position = (position + 1) & (new_slots - 1);
        grown[position] = moved;
    }
    free(*slots);
    *slots = grown;
    *mask = new_slots - 1;
    return true;
}

enum { SLOTS = 1024 }; /* at first */

static bool grow_slots(w2v_encoder *encoder)
{
    return w2v_grow_table(&encoder->slots, &encoder->slot_mask, SLOTS);
}

w2v_status w2v_encoder_add_type(w2v_encoder *encoder, const queued_token *token)
{
    if (encoder->n_types >= W2V_MAX_TYPES)
        return W2V_TOO_MANY_TYPES;
    /* All that can fail comes before the first write. */
    if (!reserve(&encoder->entries, &encoder->entry_capacity, encoder->n_types + 1,
                 sizeof(word_entry)) ||
        !reserve(&encoder->offsets, &encoder->offset_capacity, encoder->n_types + 2,
                 sizeof(int64_t)) ||
        !reserve(&encoder->bytes, &encoder->byte_capacity, encoder->n_bytes + token->length, 1))
        return W2V_NO_MEMORY;
    if ((uint64_t)encoder->n_types >= encoder->slot_mask / 8 * 5 && !grow_slots(encoder))
        return W2V_NO_MEMORY;

    uint64_t position = token->hash & encoder->slot_mask;
    while (encoder->slots[position].number)
        position = (position + 1) & encoder->slot_mask;
    uint8_t *bytes = encoder->bytes + encoder->n_bytes;
    if (token->length > KEY)
        memcpy(bytes, token->bytes, (size_t)token->length);
    else
        for (int i = 0; i < token->length; i++)
            bytes[i] = (uint8_t)(token->key[i / 8] >> (8 * (i % 8)));
    encoder->n_bytes += token->length;
    encoder->entries[encoder->n_types] =
        (word_entry){{token->key[0], token->key[1]}, token->length, 0};
    encoder->slots[position] = (word_slot){token->hash, (uint32_t)++encoder->n_types};
    encoder->offsets[encoder->n_types] = encoder->n_bytes;
    return W2V_OK;
}

w2v_status w2v_encoder_flush(w2v_encoder *encoder)
{
    int n = encoder->n_queued;
    encoder->n_queued = 0;
    encoder->n_lowered = 0;
    if (!reserve(&encoder->ids, &encoder->id_capacity, encoder->n_ids + n, sizeof(int32_t)))
        return W2V_NO_MEMORY;
    for (int i = 0; i < n; i++)
        prefetch_entry(encoder, encoder->queue[i].hash);
    for (int i = 0; i < n; i++) {
        const queued_token *token = &encoder->queue[i];
        if (token->length < 0) {
            encoder->ids[encoder->n_ids++] = -1;
            encoder->n_sentences++;
            continue;
        }
        uint32_t number;
        w2v_status status = find_or_add(encoder, token, &number);
        if (status)
            return status;
        encoder->entries[number - 1].count++;
        encoder->ids[encoder->n_ids++] = (int32_t)(number - 1);
    }
    return W2V_OK;
}

/* ---- Tokens -------------------------------------------------------------------------------- */

w2v_status w2v_encoder_push_lowered(w2v_encoder *encoder, uint64_t key[2], const uint8_t *bytes,
                                    int64_t length)
{
    const uint64_t high_bits = 0x8080808080808080u;
    if (W2V_LIKELY(length <= KEY && !((key[0] | key[1]) & high_bits))) {
        key[0] = lower_ascii(key[0]);
        key[1] = lower_ascii(key[1]);
        return push(encoder, key, bytes, length);
    }
    enum { MIN_LOWERED = 1 << 14 };
    if (length > INT64_MAX / 8)
        return W2V_NO_MEMORY;
    if (encoder->n_lowered + 2 * length > encoder->lowered_capacity) {
        w2v_status status = w2v_encoder_flush(encoder);
        if (status)
            return status;
        if (!reserve(&encoder->lowered, &encoder->lowered_capacity,
                     2 * length < MIN_LOWERED ? MIN_LOWERED : 2 * length, 1))
            return W2V_NO_MEMORY;
    }
    uint8_t *lowered = encoder->lowered + encoder->n_lowered;
    length = w2v_lower_utf8(lowered, bytes, length) - lowered;
    key_within(lowered, length, key);
    encoder->n_lowered += length;
    return push(encoder, key, lowered, length);
}

w2v_status w2v_encoder_add_token(w2v_encoder *encoder, const uint8_t *bytes, int64_t length)
{
    uint64_t key[2];
    key_within(bytes, length, key);
    if (encoder->lowercase)
        return w2v_encoder_push_lowered(encoder, key, bytes, length);
    w2v_status status = push(encoder, key, bytes, length);
    return W2V_LIKELY(length <= KEY) || status ? status : w2v_encoder_flush(encoder);
}

w2v_status w2v_encoder_end_sentence(w2v_encoder *encoder)
{
    if (!encoder->in_sentence)
        return W2V_OK;
    encoder->in_sentence = false;
    encoder->queue[encoder->n_queued++].length = -1;
    return encoder->n_queued < QUEUE ? W2V_OK : w2v_encoder_flush(encoder);
}

/* ---- Reading text -------------------------------------------------------------------------- */

/* Sets bit i if p[i] <= ' ' or p[i] >= 0x80, for the first min(n, 64) bytes. */
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

/* Position of the lowest set bit; the mask is not 0. */
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

/* Ends the token at p, if there is one; the next begins at p + space. */
static inline w2v_status end_token(w2v_encoder *encoder, text_reader *at, const uint8_t *p,
                                   int space)
{
    const uint8_t *begin = at->begin;
    at->begin = p + space;
    if (W2V_LIKELY(!encoder->n_scratch))
        return p == begin ? W2V_OK : add_word(encoder, at, begin, p);
    if (!to_scratch(encoder, begin, p - begin))
        return W2V_NO_MEMORY;
    int64_t length = encoder->n_scratch;
    encoder->n_scratch = 0;
    return w2v_encoder_add_token(encoder, encoder->scratch, length);
}

/* Handles n invalid bytes at p according to the policy. */
static w2v_status invalid_bytes(w2v_encoder *encoder, text_reader *at, const uint8_t *p, int n)
{
    if (encoder->policy == W2V_STRICT) {
        at->bad = p;
        return *p ? W2V_BAD_UTF8 : W2V_NUL_BYTE;
    }
    if (!encoder->n_scratch)
        at->start = at->begin;
    if (!to_scratch(encoder, at->begin, p - at->begin) ||
        (encoder->policy == W2V_REPLACE && !to_scratch(encoder, REPLACEMENT, 3)))
        return W2V_NO_MEMORY;
    at->begin = p + n;
    return W2V_OK;
}

/* Handles the byte at p, which is at most ' '. */
static w2v_status control(w2v_encoder *encoder, text_reader *at, const uint8_t *p)
{
    uint8_t byte = *p;
    bool in_file = !(at->flags & W2V_TEXT_NO_LINE_BREAKS);
    if (byte == 0 && in_file)
        return invalid_bytes(encoder, at, p, 1);
    if (byte < '\t' || (byte > '\r' && byte < 0x1C))
        return W2V_OK;
    w2v_status status = end_token(encoder, at, p, 1);
    return byte != '\n' || status ? status : line_feed(encoder, at);
}

/* Skips sequences that start with 0xC3-0xDF or 0xE4-0xEC: with the right number of continuation
 * bytes all of them are valid, and none is white space. Most letters of most scripts are among
 * them. */
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

/* Handles a run of bytes from 0x80 on, and single spaces within it; returns the position after it.
 * If the range ends within a sequence that the next bytes may complete, at->end moves before it. */
static const uint8_t *multibyte(w2v_encoder *encoder, text_reader *at, const uint8_t *p,
                                w2v_status *status)
{
    while (p < at->end && *p >= 0x80) {
        const uint8_t *q = plain_sequences(p, at->end);
        if (q == p) {
            int length = check_sequence(p, at->end);
            if (length == 0) {
                if (!(at->flags & W2V_TEXT_FINAL)) {
                    at->end = p;
                    break;
                }
                length = -(int)(at->end - p);
            }
            q = p + (length < 0 ? -length : length);
            if (length < 0)
                *status = invalid_bytes(encoder, at, p, (int)(q - p));
            else if (is_multibyte_space(p))
                *status = end_token(encoder, at, p, length);
        }
        p = q;
        if (!*status && at->end - p > 1 && p[0] == ' ' && p[1] >= 0x80)
            *status = end_token(encoder, at, p++, 1);
        if (*status)
            break;
    }
    return p;
}

w2v_status w2v_encoder_read(w2v_encoder *encoder, text_reader *at)
{
    w2v_status status = W2V_OK;
    if (encoder->unicode)
        return w2v_encoder_read_words(encoder, at);
    for (const uint8_t *block = at->begin, *next; block < at->end && !status; block = next) {
        next = at->end - block > BLOCK ? block + BLOCK : at->end;
        uint64_t mask = special_bytes(block, next - block);
        for (; mask && !status; mask &= mask - 1) {
            const uint8_t *p = block + first_bit(mask);
            if (W2V_LIKELY(*p == ' ')) {
                status = end_token(encoder, at, p, 1);
            } else if (*p < 0x80) {
                status = control(encoder, at, p);
            } else {
                next = multibyte(encoder, at, p, &status);
                break;
            }
        }
    }
    if (!status && (at->flags & W2V_TEXT_FINAL))
        status = end_token(encoder, at, at->end, 0);
    return status;
}

w2v_status w2v_encoder_feed(w2v_encoder *encoder, const uint8_t *bytes, int64_t length, int flags,
                            int64_t *consumed)
{
    text_reader at = {bytes + length, bytes, bytes, bytes, flags};
    encoder->n_scratch = 0;
    w2v_status status = w2v_encoder_read(encoder, &at);
    if (status == W2V_BAD_UTF8 || status == W2V_NUL_BYTE)
        *consumed = at.bad - bytes;
    else
        *consumed = (encoder->n_scratch ? at.start : at.begin) - bytes;
    encoder->n_scratch = 0;
    w2v_status flushed = w2v_encoder_flush(encoder); /* the queue may point into `bytes` */
    return status ? status : flushed;
}

/* ---- Python strings ------------------------------------------------------------------------ */

w2v_status w2v_encoder_to_utf8(w2v_encoder *encoder, const uint32_t *points, int64_t n,
                               const uint8_t **utf8, int64_t *length)
{
    encoder->n_scratch = 0;
    if (n > INT64_MAX / 4 || !reserve(&encoder->scratch, &encoder->scratch_capacity, n * 4, 1))
        return W2V_NO_MEMORY;
    uint8_t *out = encoder->scratch;
    for (int64_t i = 0; i < n; i++) {
        uint32_t c = points[i];
        if (W2V_LIKELY(c - 0x80 < 0x780)) { /* two bytes: most letters of most alphabets */
            out[0] = (uint8_t)(0xC0 | c >> 6);
            out[1] = (uint8_t)(0x80 | (c & 0x3F));
            out += 2;
            continue;
        }
        if (c >= 0xD800 && c <= 0xDFFF) {
            if (encoder->policy == W2V_STRICT) {
                *length = i;
                return W2V_LONE_SURROGATE;
            }
            if (encoder->policy == W2V_IGNORE)
                continue;
            c = 0xFFFD;
        }
        out = put_code_point(out, c);
    }
    *utf8 = encoder->scratch;
    *length = out - encoder->scratch;
    return W2V_OK;
}

/* ---- Creation, statistics, result ---------------------------------------------------------- */

w2v_encoder *w2v_encoder_new(int policy, int options)
{
    w2v_encoder *encoder = calloc(1, sizeof *encoder);
    if (!encoder)
        return NULL;
    encoder->policy = policy;
    encoder->unicode = options & W2V_TEXT_UNICODE;
    encoder->lowercase = options & W2V_TEXT_LOWERCASE;
    if (!grow_slots(encoder) ||
        !reserve(&encoder->entries, &encoder->entry_capacity, 1, sizeof(word_entry)) ||
        !reserve(&encoder->offsets, &encoder->offset_capacity, 1, sizeof(int64_t))) {
        w2v_encoder_free(encoder);
        return NULL;
    }
    encoder->offsets[0] = 0;
    return encoder;
}

w2v_status w2v_encoder_expect(w2v_encoder *encoder, int64_t types, int64_t ids)
{
    while ((uint64_t)types > encoder->slot_mask / 8 * 5)
        if (!grow_slots(encoder))
            return W2V_NO_MEMORY;
    if (!reserve(&encoder->entries, &encoder->entry_capacity, types, sizeof(word_entry)) ||
        !reserve(&encoder->offsets, &encoder->offset_capacity, types + 1, sizeof(int64_t)) ||
        !reserve(&encoder->bytes, &encoder->byte_capacity, 8 * types, 1) ||
        !reserve(&encoder->ids, &encoder->id_capacity, ids, sizeof(int32_t)))
        return W2V_NO_MEMORY;
    return W2V_OK;
}

void w2v_encoder_free(w2v_encoder *encoder)
{
    if (!encoder)
        return;
    free(encoder->slots);
    free(encoder->entries);
    free(encoder->counts);
    free(encoder->offsets);
    free(encoder->bytes);
    free(encoder->ids);
    free(encoder->scratch);
    free(encoder->lowered);
    free(encoder);
}

w2v_encoder_stats w2v_encoder_get_stats(const w2v_encoder *encoder)
{
    int64_t n_ids = encoder->n_taken + encoder->n_ids;
    int64_t slot_bytes = (int64_t)((encoder->slot_mask + 1) * sizeof(word_slot));
    size_t entry = encoder->counts ? sizeof(int64_t) : sizeof(word_entry);
    int64_t entry_bytes = encoder->n_types * (int64_t)(entry + sizeof(int64_t));
    return (w2v_encoder_stats){n_ids - encoder->n_sentences,
                               encoder->n_sentences,
                               encoder->n_types,
                               encoder->n_lines,
                               slot_bytes + entry_bytes + encoder->n_bytes,
                               encoder->n_ids * (int64_t)sizeof(int32_t)};
}

w2v_status w2v_encoder_finish(w2v_encoder *encoder, w2v_encoder_result *result)
{
    w2v_status status = w2v_encoder_flush(encoder);
    if (status)
        return status;
    free(encoder->slots);
    free(encoder->scratch);
    encoder->slots = NULL;
    encoder->scratch = NULL;

    /* The counts overwrite the entries: no second block at the peak of memory. */
    int64_t *counts = encoder->counts ? encoder->counts : (int64_t *)encoder->entries;
    for (int64_t i = 0; i < encoder->n_types && !encoder->counts; i++) {
        int64_t count = encoder->entries[i].count;
        memcpy(counts + i, &count, sizeof count);
    }
    if (encoder->counts)
        free(encoder->entries);
    encoder->counts = NULL;
    result->n_ids = encoder->n_ids;
    result->n_types = encoder->n_types;
    result->n_bytes = encoder->n_bytes;
    result->ids = w2v_encoder_shrink(encoder->ids, encoder->n_ids, sizeof(int32_t));
    result->counts = w2v_encoder_shrink(counts, encoder->n_types, sizeof(int64_t));
    result->offsets = w2v_encoder_shrink(encoder->offsets, encoder->n_types + 1, sizeof(int64_t));
    result->bytes = w2v_encoder_shrink(encoder->bytes, encoder->n_bytes, 1);
    encoder->ids = NULL;
    encoder->entries = NULL;
    encoder->offsets = NULL;
    encoder->bytes = NULL;
    return W2V_OK;
}
