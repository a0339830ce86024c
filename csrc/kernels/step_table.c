/* step_table.c - the dense step of each variant, and the scratch memory that any of them needs. */
#include "step_internal.h"

#define ENTRY(name) w2v_step_##name,
static const w2v_step_fn variants[] = {W2V_VARIANTS(ENTRY)};

w2v_step_fn w2v_variant_step(int i) { return variants[i]; }

size_t w2v_step_scratch(int32_t n, int32_t m, size_t dim)
{
    const size_t tiles = ((size_t)m + LOGIT_TILE_16_REGS - 1) / LOGIT_TILE_16_REGS;
    const size_t rows =
        n > 1 ? (size_t)n : 2; /* with pool_scale: the hidden row and its gradient */
    const size_t tiled = (tiles + 2) * gradient_floats(n) + rows * row_stride(dim);
    const size_t swapped = 3 * gradient_floats(m); /* outputs in place of the inputs */
    return tiled > swapped ? tiled : swapped;
}
