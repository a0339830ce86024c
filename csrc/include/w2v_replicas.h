/* w2v_replicas.h - a worker's own copies of the rows that all workers write all the time.
 *
 * A row that two cores write in turn travels between their caches each time, and at our speed that is
 * what training waits for. So each worker trains copies of the hottest rows, and now and then merges one:
 * what the copy has gained since the last time is added to the shared row, and the copy starts again from
 * the sum, which holds what others have added meanwhile. w2v/hot.py decides which rows and how often.
 *
 * Addresses are found without a branch: whether a word is hot can't be predicted.
 */
#ifndef W2V_REPLICA_H
#define W2V_REPLICA_H

#include "w2v_atomics.h"
#include "compiler.h"
#include "w2v_cache_model.h"
#include "w2v_step.h"

/* A matrix as one worker sees it: `n` rows from `first` on lie elsewhere. */
typedef struct w2v_matrix {
    float *shared;   /* (V, stride) what all workers train */
    size_t row_size; /* bytes */
    size_t away;     /* added, modulo the size of the address space, to the address of a replicated row */
    uint32_t first, n;
} w2v_matrix;

typedef struct w2v_hot {
    float *own;              /* (n, stride) the copies */
    float *base;             /* (n, stride) the shared rows as they were when last merged */
    float **home;            /* (n,) the shared rows */
    uint8_t *lock;           /* (n,) of the shared rows, one for all workers */
    const int32_t *calendar; /* (days,) what to merge in turn, over and over */
    size_t stride, days, today;
    uint32_t n;
    float rate, due; /* merges per centre word; merges to be made by now */
} w2v_hot;

W2V_INLINE float *w2v_row(const w2v_matrix *matrix, int32_t row)
{
    const size_t hot = 0 - (size_t)((uint32_t)row - matrix->first < matrix->n);
    return (float *)((uintptr_t)matrix->shared + (size_t)row * matrix->row_size +
                     (hot & matrix->away));
}

/* Which row an address from w2v_row is. */
W2V_INLINE size_t w2v_row_number(const w2v_matrix *matrix, const float *row)
{
    const size_t at = (uintptr_t)row - (uintptr_t)matrix->shared;
    const size_t own = (at - matrix->away) / matrix->row_size;
    return own - matrix->first < matrix->n ? own : at / matrix->row_size;
}

/* Adds to the shared row what the k-th copy has gained, and takes over what others have. Returns 0, and
 * does nothing, while another worker is merging the same row: no worker ever waits for another. */
static inline int w2v_merge(w2v_hot *hot, uint32_t k, w2v_count *count)
{
    if (!w2v_try_lock(hot->lock + k))
        return 0;
    float *own = hot->own + k * hot->stride;
    float *base = hot->base + k * hot->stride;
    float *shared = hot->home[k];
    for (size_t i = 0; i < hot->stride; i++)
        own[i] = base[i] = shared[i] += own[i] - base[i];
    w2v_unlock(hot->lock + k);
    W2V_COUNT(w2v_count_merge(count, own, base, shared, hot->stride));
    return 1;
}

/* Makes the merges that are due, and prefetches the row of the next one. */
static inline void w2v_merge_due(w2v_hot *hot, w2v_count *count)
{
    for (; hot->due >= 1; hot->due -= 1) {
        w2v_merge(hot, (uint32_t)hot->calendar[hot->today], count);
        hot->today = hot->today + 1 < hot->days ? hot->today + 1 : 0;
        const size_t next = (size_t)hot->calendar[hot->today];
        for (size_t i = 0; i < hot->stride; i += W2V_ROW_FLOATS) {
            W2V_PREFETCH(hot->home[next] + i);
            W2V_PREFETCH(hot->base + next * hot->stride + i);
        }
    }
}

#endif
