/* distance_internal.h - what the variants of the comparison and their table share. Not for Cython: w2v_distance.h is. */
#ifndef W2V_DISTANCE_INTERNAL_H
#define W2V_DISTANCE_INTERNAL_H

#include <math.h>
#include <string.h>

#include "variants.h"
#include "w2v_distance.h"

/* Rows that several queries meet one after the other: 32 KiB. */
#define COMPARE_FLOATS 8192

#define W2V_DECLARE_COMPARE(name)                         \
    void w2v_compare_##name(const w2v_comparison *, int); \
    void w2v_lengths_##name(const float *, size_t, ptrdiff_t, size_t, double *);
W2V_VARIANTS(W2V_DECLARE_COMPARE)

#endif
