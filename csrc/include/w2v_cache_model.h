/* w2v_cache_model.h - counters of row writes and simulated cache misses, in builds with W2V_INSTRUMENT.
 *
 * Each row that a step touches is looked up in a model of a second-level cache: 1 MiB, eight
 * ways, lines of 64 bytes, least recently used replacement. Lines that are not in it count as fetched
 * bytes. Any other build counts nothing and has no model.
 */
#ifndef W2V_CACHE_MODEL_H
#define W2V_CACHE_MODEL_H

#include <stddef.h>
#include <stdint.h>

typedef struct w2v_counters w2v_counters;

#ifndef W2V_INSTRUMENT
#define W2V_INSTRUMENTED 0
#define W2V_COUNT(statement) ((void)sizeof(counters))
struct w2v_counters {
    int64_t centers, row_writes, shared_writes, fetched_bytes;
};
#else
#define W2V_INSTRUMENTED 1
#define W2V_COUNT(statement) statement
#define W2V_CACHE_SETS 2048
#define W2V_CACHE_WAYS 8
struct w2v_counters {
    int64_t centers, row_writes, shared_writes, fetched_bytes;
    uintptr_t line[W2V_CACHE_SETS][W2V_CACHE_WAYS]; /* the most recently used first */
};
#endif

static inline void w2v_count_row(w2v_counters *counters, const float *row, size_t stride)
{
#ifdef W2V_INSTRUMENT
    const uintptr_t first = (uintptr_t)row / 64, end = (uintptr_t)(row + stride + 15) / 64;
    for (uintptr_t line = first; line < end; line++) {
        uintptr_t *way = counters->line[line % W2V_CACHE_SETS], newer = line;
        for (int w = 0; w < W2V_CACHE_WAYS; w++) {
            const uintptr_t older = way[w];
            way[w] = newer;
            newer = older;
            if (older == line)
                break;
        }
        counters->fetched_bytes += newer == line ? 0 : 64;
    }
#else
    (void)counters, (void)row, (void)stride;
#endif
}

#endif
