/* w2v_distance.h - scores of rows with queries.
 *
 * Each of n rows with each of `asked` queries. Sums are of float32 numbers, in an order that depends
 * on `dim` and the variant only: a score is the same to the last bit whatever else is compared in the
 * same call. NaN and infinity go through as the formulas have them; a maximum over NaN is NaN. */
#ifndef W2V_DISTANCE_H
#define W2V_DISTANCE_H

#include <stddef.h>
#include <stdint.h>

enum {
    W2V_DOT,       /* sum_k x_k q_k */
    W2V_COSINE,    /* the same over the row's length, within -1 ... 1; for queries of length 1 */
    W2V_EUCLIDEAN, /* sqrt(sum_k (x_k - q_k)^2) */
    W2V_MANHATTAN, /* sum_k |x_k - q_k| */
    W2V_CHEBYSHEV, /* max_k |x_k - q_k| */
    W2V_N_METRICS,
};

/* Distances between rows are in floats; any alignment of a float works, nothing beyond `dim` numbers
 * of a row or query is read. */
typedef struct w2v_comparison {
    const float *rows;    /* (n, stride) */
    const float *queries; /* (asked, query_stride) */
    const float *norms;   /* (n): W2V_COSINE divides by those above 0; otherwise not read */
    float *out;           /* (asked, out_stride), of which the first n are written */
    ptrdiff_t stride, query_stride, out_stride;
    size_t n, asked, dim; /* dim >= 1 */
} w2v_comparison;

typedef void (*w2v_compare_fn)(const w2v_comparison *, int metric);

/* The i-th variant's comparison; i must be below the number of variants. */
w2v_compare_fn w2v_variant_compare(int i);

/* The Euclidean lengths of n rows to out, computed in float64; as exact for any variant, but for the
 * order of the sum. */
typedef void (*w2v_lengths_fn)(const float *rows, size_t n, ptrdiff_t stride, size_t dim,
                               double *out);

w2v_lengths_fn w2v_variant_lengths(int i);

#endif
