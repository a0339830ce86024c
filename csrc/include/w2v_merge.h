/* w2v_merge.h - merges the replicas of a matrix that shards have trained alone, each from the same base.
 *
 * A row's deltas are added up and, where several shards have trained the row, shrunk along each
 * eigenvector of the Hessian of its loss by
 *
 *     f(z) = (1 - exp(-z)) / (S (1 - exp(-z / S))),    z = rate * eigenvalue * touches
 *
 * which is 1 (the sum) where a row has only begun to move, and 1/S (the mean) where each shard has come
 * to the optimum by itself. S is the effective number of shards that have touched the row,
 * (sum n_i)^2 / sum n_i^2. Where rows are pulled to a place (w2v_anchor.h), that is curvature, too, the
 * same along all directions: it is added to rate * eigenvalue. A row that one shard alone has trained is taken over as it is. The new row is
 * written to the base and to the replicas of shards that have trained it; those of the others become stale
 * (w2v_matrix.h), unless half of all shards have trained the row.
 *
 * Rows are padded with zeros to whole cache lines. Shards are added up in their order, and a row's
 * result depends on nothing else: not on who merges which rows, nor on how many at once.
 */
#ifndef W2V_MERGE_H
#define W2V_MERGE_H

#include <stddef.h>
#include <stdint.h>

#include "w2v_matrix.h"

typedef struct w2v_merge {
    float *base;            /* (n_rows, stride) */
    float *const *replicas; /* (n_shards,) of (n_rows, stride) */
    w2v_mark *const *marks; /* (n_shards,) of (n_rows,): whether the shard has trained the row */
    const int32_t *const
        *occurrences; /* (n_shards,) of (n_rows,): of the row's word in the shard's text */
    const float *per_occurrence;   /* (n_rows,): touches of the row for each occurrence */
    const float *noise;            /* (n_rows,): its share of the noise words, or NULL */
    const float *draws;            /* (n_shards,): noise words that the shard has drawn */
    const float *basis;            /* (width, width): column j is the j-th eigenvector */
    const float *basis_transposed; /* (width, width) */
    const float *exponents;        /* (width,): rate * eigenvalue, descending, then zeros */
    const float *pulls;            /* (n_rows,): added to all exponents of the row, or NULL */
    float least_exponent;          /* z (S - 1) / S of a row whose deltas are simply added up */
    size_t stride, dim, n_shards;
    uint32_t *shards; /* (n_shards,) scratch memory */
    size_t n_rotated; /* out: rows that were shrunk */
    int is_finite;    /* out: whether every new row is */
} w2v_merge;

/* Floats of scratch memory for `w2v_merge_fn`, for rows of `dim` numbers; aligned to cache lines. */
size_t w2v_merge_scratch(size_t dim);

/* Merges the rows first ... end - 1. Rows that no shard has trained are neither read nor written. */
typedef void (*w2v_merge_fn)(w2v_merge *, size_t first, size_t end, float *scratch);

/* Returns the i-th variant's merge; i must be below the number of variants. */
w2v_merge_fn w2v_variant_merge(int i);

/* Rows of one of two matrices that training multiplies, as drawn; padded with zeros to `stride`. */
typedef struct w2v_drawn {
    const float *rows; /* (n, stride); n a multiple of W2V_DRAWN_MULTIPLE */
    size_t n;
    float *gram; /* (stride, stride): out */
} w2v_drawn;

#define W2V_DRAWN_MULTIPLE 16

/* Floats of scratch memory for `w2v_curvature_fn`, aligned to cache lines. */
size_t w2v_curvature_scratch(size_t n_inputs, size_t n_outputs, size_t stride);

/* Writes the means, over both sides, of s'(x . y) x x^T and of s'(x . y) y y^T to the two `gram`, where s'
 * is the slope of the sigmoid. `stride` is a multiple of 16. */
typedef void (*w2v_curvature_fn)(const w2v_drawn *inputs, const w2v_drawn *outputs, size_t stride,
                                 float *scratch);

/* Returns the i-th variant's curvature; i must be below the number of variants. */
w2v_curvature_fn w2v_variant_curvature(int i);

/* The eigenvectors of a symmetric matrix. LAPACK would not do here: its threads are in the way of ours,
 * and its results differ from CPU to CPU, ours from variant to variant only. */
typedef struct w2v_eigen {
    float *a;         /* (width, width), zero beyond n; destroyed */
    float *vectors;   /* (width, width): out, one in each line */
    double *diagonal; /* (n,): out, the eigenvalues, in no order */
    double *beside;   /* (n,) scratch memory */
    size_t n, width;  /* width is a multiple of 16 */
} w2v_eigen;

/* Returns whether it has converged, which it does unless a number is not finite. `scratch` has 2 width
 * floats. */
typedef int (*w2v_eigen_fn)(const w2v_eigen *, float *scratch);

/* Returns the i-th variant's eigenvectors; i must be below the number of variants. */
w2v_eigen_fn w2v_variant_eigen(int i);

/* Writes rows^T diag(weights) rows, shape (stride, stride), to `gram`, for n rows; `stride` is a multiple of
 * 16. `scratch` has n stride floats. */
typedef void (*w2v_gram_fn)(const float *rows, const float *weights, size_t n, size_t stride,
                            float *gram, float *scratch);

w2v_gram_fn w2v_variant_gram(int i);

/* Replaces n rows by rows @ matrix, shape (width, width) with `width` the dimension rounded up to 16 floats.
 * `scratch` is that of a merge. */
typedef void (*w2v_transform_fn)(float *rows, size_t n, size_t stride, size_t dim,
                                 const float *matrix, float *scratch);

w2v_transform_fn w2v_variant_transform(int i);

#endif
