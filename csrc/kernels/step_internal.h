/* step_internal.h - shared by the variants of the dense step and their table. Cython uses w2v_step.h. */
#ifndef W2V_STEP_INTERNAL_H
#define W2V_STEP_INTERNAL_H

#include <string.h>

#include "variants.h"
#include "w2v_step.h"

/* The largest number of outputs whose logits are computed at once, by the number of vector registers. */
#define LOGIT_TILE_16_REGS 13
#define LOGIT_TILE_32_REGS 16

/* Returns the floats from one row to the next. */
W2V_INLINE size_t row_stride(size_t dim)
{
    return (dim + W2V_ROW_FLOATS - 1) / W2V_ROW_FLOATS * W2V_ROW_FLOATS;
}

/* Returns the floats of scratch for one tile's gradients with n inputs, plus one vector. */
W2V_INLINE size_t gradient_floats(int n) { return ((size_t)n + 1) * LOGIT_TILE_32_REGS; }

#define W2V_DECLARE_STEP(name)                                                         \
    float w2v_step_##name(const w2v_batch *, const w2v_batch *, float, size_t, float *);
W2V_VARIANTS(W2V_DECLARE_STEP)

#endif
