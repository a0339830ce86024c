/* roofline_table.c - the roofline of each variant. */
#include "roofline_internal.h"

typedef double (*roofline_fn)(int what, int64_t repeats, volatile float *sink);

#define ENTRY(name) w2v_roofline_##name,
static const roofline_fn variants[] = {W2V_VARIANTS(ENTRY)};

double w2v_bench_flops(int i, int64_t repeats)
{
    volatile float sink;
    return variants[i](ROOFLINE_MULTIPLY_ADDS, repeats, &sink);
}

double w2v_bench_l1_bytes(int i, int stores, int64_t repeats)
{
    volatile float sink;
    return variants[i](stores ? ROOFLINE_STORES : ROOFLINE_LOADS, repeats, &sink);
}
