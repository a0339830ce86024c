/* distance_internal.h - shared by the variants of the comparison and their table. Cython uses
 * w2v_distance.h. */
#ifndef W2V_DISTANCE_INTERNAL_H
#define W2V_DISTANCE_INTERNAL_H

#include <math.h>
#include <string.h>

#include "variants.h"
#include "w2v_distance.h"

/* Rows that all queries meet before the next rows are read: 32 KiB, to stay in the first-level cache. */
#define TILE_FLOATS 8192

#define W2V_DECLARE_DISTANCE(name)                         \
    void w2v_distance_##name(const w2v_comparison *, int); \
    void w2v_norms_##name(const float *, size_t, ptrdiff_t, size_t, double *);
W2V_VARIANTS(W2V_DECLARE_DISTANCE)

#endif
