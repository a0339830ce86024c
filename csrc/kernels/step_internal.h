/* step_internal.h - what the variants of the dense step and their table share. Not for Cython: w2v_step.h is. */
#ifndef W2V_STEP_INTERNAL_H
#define W2V_STEP_INTERNAL_H

#include <string.h>

#include "variants.h"
#include "w2v_step.h"

/* Outputs are taken in tiles of TILE rows at most, one of these, by how many registers there are. */
#define TILE_LEAST 13
#define TILE_MOST 16

/* Floats from one row to the next. */
W2V_INLINE size_t row_stride(size_t dim)
{
    return (dim + W2V_ROW_FLOATS - 1) / W2V_ROW_FLOATS * W2V_ROW_FLOATS;
}

/* Floats of scratch for one tile's gradients with n inputs, and a vector more. */
W2V_INLINE size_t gradient_floats(int n) { return ((size_t)n + 1) * TILE_MOST; }

#define W2V_DECLARE_STEP(name)                                                         \
    float w2v_step_##name(const w2v_task *, const w2v_task *, float, size_t, float *);
W2V_VARIANTS(W2V_DECLARE_STEP)

#endif
