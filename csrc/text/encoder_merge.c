/* encoder_merge.c - what an encoder hands out before it is finished: ids, or chunks for a join. */
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

/* Sorts the new words by part, those of a part by type. */
static void list_words(const w2v_encoder *encoder, w2v_chunk *chunk)
{
    int32_t starts[W2V_JOIN_PARTS + 1] = {0};
    for (int64_t t = 0; t < chunk->n_types; t++) {
        const word_entry *entry = &encoder->entries[chunk->first_type + t];
        uint32_t hash = hash_token(entry->key, chunk->bytes + chunk->offsets[t], entry->length);
        chunk->words[t].found = hash; /* until the words are in their places */
        starts[part_of(hash) + 1]++;
    }
    for (int p = 0; p < W2V_JOIN_PARTS; p++)
        starts[p + 1] += starts[p];
    memcpy(chunk->part_starts, starts, sizeof starts);
    for (int64_t t = 0; t < chunk->n_types; t++) {
        const word_entry *entry = &encoder->entries[chunk->first_type + t];
        uint32_t hash = chunk->words[t].found;
        w2v_chunk_word *word = &chunk->words[starts[part_of(hash)]++];
        word->key[0] = entry->key[0];
        word->key[1] = entry->key[1];
        word->length = entry->length;
        word->hash = hash;
        word->type = (int32_t)t;
    }
}

w2v_status w2v_encoder_take_chunk(w2v_encoder *encoder, w2v_chunk *chunk)
{
    chunk->n_ids = chunk->n_sentences = chunk->n_types = chunk->n_bytes = 0;
    w2v_status status = w2v_encoder_flush(encoder);
    if (status)
        return status;
    int64_t first = encoder->n_taken_types, n = encoder->n_types - first;
    int64_t start = encoder->offsets[first], n_bytes = encoder->n_bytes - start;
    if (!reserve(&chunk->words, &chunk->word_capacity, n, sizeof(w2v_chunk_word)) ||
        !reserve(&chunk->offsets, &chunk->offset_capacity, n + 1, sizeof(int64_t)) ||
        !reserve(&chunk->bytes, &chunk->byte_capacity, n_bytes, 1))
        return W2V_NO_MEMORY;
    chunk->first_type = first;
    chunk->n_types = n;
    chunk->n_bytes = n_bytes;
    for (int64_t i = 0; i <= n; i++)
        chunk->offsets[i] = encoder->offsets[first + i] - start;
    if (n_bytes)
        memcpy(chunk->bytes, encoder->bytes + start, (size_t)n_bytes);
    list_words(encoder, chunk);
    chunk->n_ids = encoder->n_ids;
    chunk->n_sentences = encoder->n_sentences - encoder->n_taken_sentences;
    encoder->n_taken += encoder->n_ids;
    encoder->n_taken_types = encoder->n_types;
    encoder->n_taken_sentences = encoder->n_sentences;
    /* The blocks of ids are swapped: allocating a new one costs more than filling it. */
    int32_t *ids = chunk->ids;
    int64_t capacity = chunk->id_capacity;
    chunk->ids = encoder->ids;
    chunk->id_capacity = encoder->id_capacity;
    encoder->ids = ids;
    encoder->id_capacity = capacity;
    encoder->n_ids = 0;
    if (!ids) /* as many at once; if that fails, the next token reports it */
        (void)reserve(&encoder->ids, &encoder->id_capacity, chunk->n_ids, sizeof(int32_t));
    return W2V_OK;
}

void w2v_chunk_clear(w2v_chunk *chunk)
{
    free(chunk->ids);
    free(chunk->words);
    free(chunk->offsets);
    free(chunk->bytes);
    memset(chunk, 0, sizeof *chunk);
}
