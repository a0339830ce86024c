/* encoder_merge.c - what an encoder hands out in chunks, and merging the chunks of several. */
#include "encoder_internal.h"

#include <stdlib.h>

w2v_status w2v_encoder_take_ids(w2v_encoder *encoder, int32_t **ids, int64_t *n_ids)
{
    w2v_status status = w2v_encoder_flush(encoder);
    if (status)
        return status;
    *ids = w2v_encoder_shrink(encoder->ids, encoder->n_ids, sizeof(int32_t));
    *n_ids = encoder->n_ids;
    encoder->n_taken += encoder->n_ids;
    encoder->ids = NULL;
    encoder->n_ids = encoder->id_capacity = 0;
    return W2V_OK;
}

w2v_status w2v_encoder_take_chunk(w2v_encoder *encoder, int64_t first_type,
                                  w2v_encoder_result *chunk)
{
    w2v_status status = w2v_encoder_flush(encoder);
    if (status)
        return status;
    int64_t n = encoder->n_types - first_type, start = encoder->offsets[first_type];
    int64_t n_bytes = encoder->n_bytes - start;
    int64_t *offsets = malloc((size_t)(n + 1) * sizeof *offsets);
    uint8_t *bytes = malloc(n_bytes ? (size_t)n_bytes : 1);
    if (!offsets || !bytes) {
        free(offsets);
        free(bytes);
        return W2V_NO_MEMORY;
    }
    for (int64_t i = 0; i <= n; i++)
        offsets[i] = encoder->offsets[first_type + i] - start;
    if (n_bytes)
        memcpy(bytes, encoder->bytes + start, (size_t)n_bytes);
    /* The blocks of ids are swapped: allocating a new one costs more than filling it. */
    w2v_encoder_result used = *chunk;
    free(used.offsets);
    free(used.bytes);
    *chunk = (w2v_encoder_result){encoder->ids,   NULL, offsets, bytes,
                                  encoder->n_ids, n,    n_bytes, encoder->id_capacity};
    encoder->n_taken += encoder->n_ids;
    encoder->ids = used.ids;
    encoder->n_ids = 0;
    encoder->id_capacity = used.ids ? used.id_capacity : 0;
    return W2V_OK;
}

/* Finds or adds the types of at most QUEUE words, with the look-ups of all of them overlapped. */
static w2v_status merge_words(w2v_encoder *encoder, const w2v_encoder_result *chunk, int64_t first,
                              int64_t n, int32_t *types)
{
    queued_token *token = encoder->queue; /* empty now */
    for (int64_t i = 0; i < n; i++) {
        const int64_t *offset = chunk->offsets + first + i;
        token[i] = (queued_token){{0, 0}, chunk->bytes + offset[0], offset[1] - offset[0], 0};
        key_within(token[i].bytes, token[i].length, token[i].key);
        token[i].hash = hash_token(token[i].key, token[i].bytes, token[i].length);
        prefetch_slot(encoder, token[i].hash);
    }
    for (int64_t i = 0; i < n; i++)
        prefetch_entry(encoder, token[i].hash);
    for (int64_t i = 0; i < n; i++) {
        uint32_t number;
        w2v_status status = find_or_add(encoder, &token[i], &number);
        if (status)
            return status;
        types[i] = (int32_t)(number - 1);
    }
    return W2V_OK;
}

w2v_status w2v_encoder_merge_chunk(w2v_encoder *encoder, const w2v_encoder_result *chunk,
                                   int64_t first_type, int32_t *map)
{
    w2v_status status = w2v_encoder_flush(encoder);
    if (!status && !reserve(&encoder->ids, &encoder->id_capacity, encoder->n_ids + chunk->n_ids,
                            sizeof(int32_t)))
        status = W2V_NO_MEMORY;
    for (int64_t i = 0; i < chunk->n_types && !status; i += QUEUE) {
        int64_t n = chunk->n_types - i < QUEUE ? chunk->n_types - i : QUEUE;
        status = merge_words(encoder, chunk, i, n, map + 1 + first_type + i);
    }
    if (status)
        return status;
    int32_t *out = encoder->ids + encoder->n_ids;
    int64_t sentences = 0;
    map[0] = -1; /* the end of a sentence needs no branch then */
    for (int64_t i = 0; i < chunk->n_ids; i++) {
        int32_t id = chunk->ids[i];
        out[i] = map[1 + id];
        sentences += id < 0;
    }
    encoder->n_ids += chunk->n_ids;
    encoder->n_sentences += sentences;
    return W2V_OK;
}

void w2v_encoder_merge_counts(w2v_encoder *encoder, const int64_t *counts, int64_t n,
                              const int32_t *map)
{
    for (int64_t i = 0; i < n; i++)
        encoder->entries[map[1 + i]].count += counts[i];
}
