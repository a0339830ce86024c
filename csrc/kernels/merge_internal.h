/* merge_internal.h - shared by the variants of the merge and their table. Cython uses w2v_merge.h. */
#ifndef W2V_MERGE_INTERNAL_H
#define W2V_MERGE_INTERNAL_H

#include <math.h>
#include <string.h>

#include "variants.h"
#include "w2v_merge.h"

/* Rows that are rotated at once: each line of the basis is read once for all of them. */
#define BLOCK_ROWS 32

#define ROW_FLOATS 16

/* Beside the diagonal, relative to it; vectors are float32 anyway. A sweep or two usually do for a row. */
#define NEGLIGIBLE 1e-9
#define MAX_SWEEPS 60

W2V_INLINE size_t merge_width(size_t dim)
{
    return (dim + ROW_FLOATS - 1) / ROW_FLOATS * ROW_FLOATS;
}

#define W2V_DECLARE_MERGE(name)                                                           \
    void w2v_merge_##name(w2v_merge *, size_t, size_t, float *);                          \
    void w2v_curvature_##name(const w2v_drawn *, const w2v_drawn *, size_t, float *);     \
    int w2v_eigen_##name(const w2v_eigen *, float *);                                     \
    void w2v_gram_##name(const float *, const float *, size_t, size_t, float *, float *); \
    void w2v_transform_##name(float *, size_t, size_t, size_t, const float *, float *);
W2V_VARIANTS(W2V_DECLARE_MERGE)

#endif
