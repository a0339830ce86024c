/* w2v_replicas.h - a worker's replicas of the rows that all workers write most often.
 *
 * Rows written by several cores cause cache-line transfers, which dominate training time at this speed.
 * So each worker trains replicas of the most used rows and merges one of them periodically: what the
 * replica has gained since its last merge is added to the shared row, and the replica becomes a copy of
 * the sum, which contains what other workers have added meanwhile.
 *
 * Where the parts are:
 *   w2v/training/replicas.py   which rows, how often each is merged, in which order (ReplicaPlan)
 *   SharedState (_hogwild.pyx) checks the plan and owns the locks, one per replicated row
 *   Worker (_hogwild.pyx)      owns the memory, begins with copies, merges while training and at the end
 *   here                       finding a row's address, merging
 *   w2v/training/resources.py  how much memory they need
 *   docs/performance.md        what was measured
 *
 * Addresses are found without a branch, because it could not be predicted whether a word's row is
 * replicated.
 */
#ifndef W2V_REPLICAS_H
#define W2V_REPLICAS_H

#include "compiler.h"
#include "w2v_atomics.h"
#include "w2v_cache_model.h"
#include "w2v_step.h"

/* A matrix as one worker sees it: replicas take the place of some adjacent rows. */
typedef struct w2v_matrix {
    float *shared;         /* (V, stride) what all workers train */
    size_t row_size;       /* bytes */
    size_t replica_offset; /* added to a replicated row's address in `shared`, modulo 2^64 (or 2^32) */
    uint32_t first_replicated, n_replicated;
} w2v_matrix;

/* One worker's replicas, of rows of all matrices. */
typedef struct w2v_replicas {
    float *local;                  /* (n, stride) the replicas */
    float *base;                   /* (n, stride) the shared rows as they were at the last merge */
    float **shared_rows;           /* (n,) */
    uint8_t *locks;                /* (n,) of the shared rows, one for all workers */
    const int32_t *merge_schedule; /* (schedule_length,) which replica to merge next, repeated */
    size_t stride, schedule_length, schedule_pos;
    uint32_t n;
    float merges_per_center, merges_due;
} w2v_replicas;

/* Returns the address of a row: of the worker's replica if it has one. */
W2V_INLINE float *w2v_row(const w2v_matrix *matrix, int32_t row)
{
    const size_t mask =
        0 - (size_t)((uint32_t)row - matrix->first_replicated < matrix->n_replicated);
    return (float *)((uintptr_t)matrix->shared + (size_t)row * matrix->row_size +
                     (mask & matrix->replica_offset));
}

/* Returns the row number of an address that w2v_row returned. */
W2V_INLINE size_t w2v_row_number(const w2v_matrix *matrix, const float *row)
{
    const size_t offset = (uintptr_t)row - (uintptr_t)matrix->shared;
    const size_t local = (offset - matrix->replica_offset) / matrix->row_size;
    return local - matrix->first_replicated < matrix->n_replicated ? local
                                                                   : offset / matrix->row_size;
}

/* Adds to the shared row what the k-th replica has gained, and makes the replica a copy of the sum.
 * Returns 0 without doing anything while another worker is merging the same row: no worker ever waits
 * for another. */
static inline int w2v_merge(w2v_replicas *replicas, uint32_t k, w2v_counters *counters)
{
    if (!w2v_try_lock(replicas->locks + k))
        return 0;
    float *local = replicas->local + k * replicas->stride;
    float *base = replicas->base + k * replicas->stride;
    float *shared = replicas->shared_rows[k];
    for (size_t i = 0; i < replicas->stride; i++)
        local[i] = base[i] = shared[i] += local[i] - base[i];
    w2v_unlock(replicas->locks + k);
    W2V_COUNT(w2v_count_merge(counters, local, base, shared, replicas->stride));
    return 1;
}

/* Makes the merges that are due, and prefetches the row of the next one. */
static inline void w2v_merge_due(w2v_replicas *replicas, w2v_counters *counters)
{
    for (; replicas->merges_due >= 1; replicas->merges_due -= 1) {
        const int32_t *schedule = replicas->merge_schedule;
        w2v_merge(replicas, (uint32_t)schedule[replicas->schedule_pos], counters);
        replicas->schedule_pos =
            replicas->schedule_pos + 1 < replicas->schedule_length ? replicas->schedule_pos + 1 : 0;
        const size_t next = (size_t)schedule[replicas->schedule_pos];
        for (size_t i = 0; i < replicas->stride; i += W2V_ROW_FLOATS) {
            W2V_PREFETCH(replicas->shared_rows[next] + i);
            W2V_PREFETCH(replicas->base + next * replicas->stride + i);
        }
    }
}

#endif
