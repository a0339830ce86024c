/* distance_table.c - each variant's comparison and norms. */
#include "distance_internal.h"

typedef struct variant {
    w2v_distance_fn distance;
    w2v_norms_fn norms;
} variant;

#define ENTRY(name) {w2v_distance_##name, w2v_norms_##name},
static const variant variants[] = {W2V_VARIANTS(ENTRY)};

w2v_distance_fn w2v_variant_distance(int i) { return variants[i].distance; }

w2v_norms_fn w2v_variant_norms(int i) { return variants[i].norms; }
