/* merge_table.c - each variant's functions. */
#include "merge_internal.h"

#define MERGE(name) w2v_merge_##name,
static const w2v_merge_fn merges[] = {W2V_VARIANTS(MERGE)};

#define CURVATURE(name) w2v_curvature_##name,
static const w2v_curvature_fn curvatures[] = {W2V_VARIANTS(CURVATURE)};

size_t w2v_merge_scratch(size_t dim) { return 2 * BLOCK_ROWS * merge_width(dim); }

w2v_merge_fn w2v_variant_merge(int i) { return merges[i]; }

/* The slopes, both sides transposed, and the means of the slopes. */
size_t w2v_curvature_scratch(size_t n_inputs, size_t n_outputs, size_t stride)
{
    return n_inputs * n_outputs + (n_inputs + n_outputs) * (stride + 1);
}

w2v_curvature_fn w2v_variant_curvature(int i) { return curvatures[i]; }

#define EIGEN(name) w2v_eigen_##name,
static const w2v_eigen_fn eigens[] = {W2V_VARIANTS(EIGEN)};

w2v_eigen_fn w2v_variant_eigen(int i) { return eigens[i]; }

#define GRAM(name) w2v_gram_##name,
static const w2v_gram_fn grams[] = {W2V_VARIANTS(GRAM)};

w2v_gram_fn w2v_variant_gram(int i) { return grams[i]; }

#define TRANSFORM(name) w2v_transform_##name,
static const w2v_transform_fn transforms[] = {W2V_VARIANTS(TRANSFORM)};

w2v_transform_fn w2v_variant_transform(int i) { return transforms[i]; }
