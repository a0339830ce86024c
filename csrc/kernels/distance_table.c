/* distance_table.c - the comparison of rows of each variant. */
#include "distance_internal.h"

typedef struct variant {
    w2v_compare_fn compare;
    w2v_lengths_fn lengths;
} variant;

#define ENTRY(name) {w2v_compare_##name, w2v_lengths_##name},
static const variant variants[] = {W2V_VARIANTS(ENTRY)};

w2v_compare_fn w2v_variant_compare(int i) { return variants[i].compare; }

w2v_lengths_fn w2v_variant_lengths(int i) { return variants[i].lengths; }
