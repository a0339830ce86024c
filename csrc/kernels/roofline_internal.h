/* roofline_internal.h - shared by the variants of the roofline and their table. Cython uses w2v_bench.h. */
#ifndef W2V_ROOFLINE_INTERNAL_H
#define W2V_ROOFLINE_INTERNAL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "variants.h"
#include "w2v_bench.h"

/* What is measured. */
enum { ROOFLINE_MULTIPLY_ADDS, ROOFLINE_LOADS, ROOFLINE_STORES };

#define W2V_DECLARE_ROOFLINE(name) \
    double w2v_roofline_##name(int what, int64_t repeats, volatile float *sink);
W2V_VARIANTS(W2V_DECLARE_ROOFLINE)

#endif
