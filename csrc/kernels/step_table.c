/* step_table.c - the dense step of each variant, and the peak to compare it with. */
#include "step_internal.h"

typedef struct variant {
    w2v_step_fn step;
    double (*peak)(int what, int64_t repeats, volatile float *sink);
} variant;

#define ENTRY(name) {w2v_step_##name, w2v_peak_##name},
static const variant variants[] = {W2V_VARIANTS(ENTRY)};

w2v_step_fn w2v_variant_step(int i) { return variants[i].step; }

double w2v_variant_peak(int i, int64_t repeats)
{
    volatile float sink;
    return variants[i].peak(PEAK_MULTIPLY_ADDS, repeats, &sink);
}

double w2v_variant_traffic(int i, int stores, int64_t repeats)
{
    volatile float sink;
    return variants[i].peak(stores ? PEAK_STORES : PEAK_LOADS, repeats, &sink);
}

size_t w2v_step_scratch(int32_t n, int32_t m, size_t dim)
{
    const size_t tiles = ((size_t)m + TILE_LEAST - 1) / TILE_LEAST;
    const size_t rows = n > 1 ? (size_t)n : 2; /* with `pool`: the hidden row and its gradient */
    return (tiles + 1) * gradient_floats(n) + rows * row_stride(dim);
}
