/* w2v_distance.h - similarities and distances between rows and queries, and the norms of rows.
 *
 * Compares each of n_rows rows with each of n_queries queries. Sums are of float32 numbers, in an order
 * that depends on `dim` and the variant only: a score is the same to the last bit whatever else is
 * compared in the same call. NaN and infinity propagate as the formulas say; a maximum over NaN is NaN. */
#ifndef W2V_DISTANCE_H
#define W2V_DISTANCE_H

#include <stddef.h>
#include <stdint.h>

enum {
    W2V_DOT,       /* sum_k x_k q_k */
    W2V_COSINE,    /* the same divided by the row's norm, within -1 ... 1; for queries of norm 1 */
    W2V_EUCLIDEAN, /* sqrt(sum_k (x_k - q_k)^2) */
    W2V_MANHATTAN, /* sum_k |x_k - q_k| */
    W2V_CHEBYSHEV, /* max_k |x_k - q_k| */
    W2V_N_METRICS,
};

/* Strides are in floats. Any alignment of a float is allowed; nothing past the `dim` numbers of a row or
 * query is read. */
typedef struct w2v_comparison {
    const float *rows;    /* (n_rows, stride) */
    const float *queries; /* (n_queries, query_stride) */
    const float *norms;   /* (n_rows): W2V_COSINE divides by those above 0; otherwise not read */
    float *out;           /* (n_queries, out_stride), of which the first n_rows are written */
    ptrdiff_t stride, query_stride, out_stride;
    size_t n_rows, n_queries, dim; /* dim >= 1 */
} w2v_comparison;

typedef void (*w2v_distance_fn)(const w2v_comparison *, int metric);

/* Returns the i-th variant's comparison; i must be below the number of variants. */
w2v_distance_fn w2v_variant_distance(int i);

/* Writes the Euclidean norms of n rows to `out`, computed in float64. All variants are equally exact;
 * they differ in the order of the sum. */
typedef void (*w2v_norms_fn)(const float *rows, size_t n, ptrdiff_t stride, size_t dim, double *out);

w2v_norms_fn w2v_variant_norms(int i);

#endif
