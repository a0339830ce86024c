/* distance_impl.h - compares rows with queries (see w2v_distance.h), written once over the primitives of
 * a simd_*.h.
 *
 * Included by each distance_*.c inside its target region, with DISTANCE_NAME, NORMS_NAME and the
 * primitives defined. No intrinsics, no malloc.
 *
 * R rows meet Q queries at once, so that each load is used R or Q times. Each pair has its own
 * ACCUMULATORS sums, whatever R and Q are: operations need not wait for the previous one, and a score
 * does not depend on the rows and queries it was computed with.
 */
#define ACCUMULATORS 2

/* Adds one vector of numbers to a sum. */
W2V_INLINE vfloat accumulate(const int metric, vfloat sum, vfloat row, vfloat query)
{
    if (metric == W2V_DOT || metric == W2V_COSINE)
        return v_fma(row, query, sum);
    const vfloat diff = v_sub(row, query);
    if (metric == W2V_EUCLIDEAN)
        return v_fma(diff, diff, sum);
    if (metric == W2V_MANHATTAN)
        return v_add(sum, v_abs(diff));
    return v_max_propagate_nan(sum, v_abs(diff));
}

/* Returns the largest lane, compared as integers so that NaN is kept (see v_max_propagate_nan). */
W2V_INLINE float max_lane(vfloat a)
{
    float lane[LANES];
    int32_t bits[LANES], top = 0;
    v_store(lane, a);
    memcpy(bits, lane, sizeof bits);
    for (int k = 0; k < LANES; k++)
        top = bits[k] > top ? bits[k] : top;
    float number;
    memcpy(&number, &top, sizeof number);
    return number;
}

/* Returns the score of row i from its sums. */
W2V_INLINE float score(const int metric, const vfloat sum[ACCUMULATORS], const float *norms, size_t i)
{
    if (metric == W2V_CHEBYSHEV)
        return max_lane(v_max_propagate_nan(sum[0], sum[1]));
    float s = v_reduce_add(v_add(sum[0], sum[1]));
    if (metric == W2V_EUCLIDEAN)
        return sqrtf(s);
    if (metric == W2V_COSINE) {
        s = norms[i] > 0 ? s / norms[i] : s;
        s = s > 1.0f ? 1.0f : s < -1.0f ? -1.0f : s; /* NaN stays */
    }
    return s;
}

/* Compares rows i ... i + R - 1 with queries j ... j + Q - 1. */
W2V_INLINE void distance_tile(const int metric, const int R, const int Q, const w2v_comparison *c,
                              size_t i, size_t j)
{
    const size_t dim = c->dim;
    const float *row[2], *query[2];
    vfloat sum[2][2][ACCUMULATORS];
    W2V_UNROLL
    for (int r = 0; r < R; r++)
        row[r] = c->rows + (ptrdiff_t)(i + (size_t)r) * c->stride;
    W2V_UNROLL
    for (int q = 0; q < Q; q++)
        query[q] = c->queries + (ptrdiff_t)(j + (size_t)q) * c->query_stride;
    W2V_UNROLL
    for (int r = 0; r < R; r++)
        W2V_UNROLL
        for (int q = 0; q < Q; q++)
            W2V_UNROLL
            for (int s = 0; s < ACCUMULATORS; s++)
                sum[r][q][s] = v_set1(0.0f);
    size_t k = 0;
    for (; k + ACCUMULATORS * LANES <= dim; k += ACCUMULATORS * LANES) {
        W2V_UNROLL
        for (int s = 0; s < ACCUMULATORS; s++) {
            vfloat x[2], y[2];
            W2V_UNROLL
            for (int r = 0; r < R; r++)
                x[r] = v_load(row[r] + k + s * LANES);
            W2V_UNROLL
            for (int q = 0; q < Q; q++)
                y[q] = v_load(query[q] + k + s * LANES);
            W2V_UNROLL
            for (int r = 0; r < R; r++)
                W2V_UNROLL
                for (int q = 0; q < Q; q++)
                    sum[r][q][s] = accumulate(metric, sum[r][q][s], x[r], y[q]);
        }
    }
    for (int s = 0; k < dim; k += LANES, s++) {
        const int left = dim - k < LANES ? (int)(dim - k) : LANES;
        W2V_UNROLL
        for (int r = 0; r < R; r++)
            W2V_UNROLL
            for (int q = 0; q < Q; q++) {
                const vfloat x = v_load_partial(row[r] + k, left);
                const vfloat y = v_load_partial(query[q] + k, left);
                sum[r][q][0] = accumulate(metric, sum[r][q][0], x, y);
            }
    }
    W2V_UNROLL
    for (int r = 0; r < R; r++)
        W2V_UNROLL
        for (int q = 0; q < Q; q++)
            c->out[(ptrdiff_t)(j + (size_t)q) * c->out_stride + (ptrdiff_t)(i + (size_t)r)] =
                score(metric, sum[r][q], c->norms, i + (size_t)r);
}

W2V_INLINE void distances(const int metric, const w2v_comparison *c)
{
    const size_t n_rows = c->n_rows, n_queries = c->n_queries;
    if (n_queries == 1) { /* one stream: the hardware prefetcher follows a single one best */
        for (size_t i = 0; i < n_rows; i++)
            distance_tile(metric, 1, 1, c, i, 0);
        return;
    }
    const size_t tile_rows = TILE_FLOATS / c->dim > 2 ? TILE_FLOATS / c->dim / 2 * 2 : 2;
    for (size_t first = 0; first < n_rows; first += tile_rows) {
        const size_t end = n_rows - first < tile_rows ? n_rows : first + tile_rows;
        size_t j = 0;
        for (; j + 2 <= n_queries; j += 2) {
            size_t i = first;
            for (; i + 2 <= end; i += 2)
                distance_tile(metric, 2, 2, c, i, j);
            if (i < end)
                distance_tile(metric, 1, 2, c, i, j);
        }
        if (j < n_queries)
            for (size_t i = first; i < end; i++)
                distance_tile(metric, 1, 1, c, i, j);
    }
}

/* One loop per metric, which is a constant in it. */
W2V_NOINLINE void dot(const w2v_comparison *c) { distances(W2V_DOT, c); }
W2V_NOINLINE void cosine(const w2v_comparison *c) { distances(W2V_COSINE, c); }
W2V_NOINLINE void euclidean(const w2v_comparison *c) { distances(W2V_EUCLIDEAN, c); }
W2V_NOINLINE void manhattan(const w2v_comparison *c) { distances(W2V_MANHATTAN, c); }
W2V_NOINLINE void chebyshev(const w2v_comparison *c) { distances(W2V_CHEBYSHEV, c); }

void DISTANCE_NAME(const w2v_comparison *c, int metric)
{
    switch (metric) {
    case W2V_DOT: dot(c); break;
    case W2V_COSINE: cosine(c); break;
    case W2V_EUCLIDEAN: euclidean(c); break;
    case W2V_MANHATTAN: manhattan(c); break;
    default: chebyshev(c);
    }
}

/* In plain C, because the primitives are of float32; eight sums, which the compiler can keep in vectors. */
void NORMS_NAME(const float *rows, size_t n, ptrdiff_t stride, size_t dim, double *out)
{
    for (size_t i = 0; i < n; i++) {
        const float *row = rows + (ptrdiff_t)i * stride;
        double sum[8] = {0};
        size_t k = 0;
        for (; k + 8 <= dim; k += 8) {
            W2V_UNROLL
            for (int s = 0; s < 8; s++)
                sum[s] += (double)row[k + (size_t)s] * (double)row[k + (size_t)s];
        }
        for (; k < dim; k++)
            sum[0] += (double)row[k] * (double)row[k];
        out[i] = sqrt(((sum[0] + sum[4]) + (sum[1] + sum[5])) +
                      ((sum[2] + sum[6]) + (sum[3] + sum[7])));
    }
}
