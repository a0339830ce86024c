/* distance_impl.h - rows compared with queries (see w2v_distance.h), written once over the primitives of a
 * simd_*.h.
 *
 * Included by each compare_*.c inside its target region, with COMPARE_NAME, LENGTHS_NAME and the
 * primitives defined. No intrinsics, no malloc.
 *
 * R rows meet Q queries at once, so that what is loaded is used R or Q times. Each pair has CHAINS
 * sums of its own, whatever R and Q are: an operation need not wait for the one before, and a score
 * does not depend on which rows and queries it was computed with.
 */
#define CHAINS 2

/* One more vector of numbers taken into a sum. */
W2V_INLINE vf taken_in(const int metric, vf sum, vf row, vf query)
{
    if (metric == W2V_DOT || metric == W2V_COSINE)
        return v_fma(row, query, sum);
    const vf apart = v_sub(row, query);
    if (metric == W2V_EUCLIDEAN)
        return v_fma(apart, apart, sum);
    if (metric == W2V_MANHATTAN)
        return v_add(sum, v_abs(apart));
    return v_max_or_nan(sum, v_abs(apart));
}

/* The largest lane, compared as integers for NaN's sake (see v_max_or_nan). */
W2V_INLINE float most(vf a)
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

/* The score of row i from its sums. */
W2V_INLINE float score(const int metric, const vf sum[CHAINS], const float *norms, size_t i)
{
    if (metric == W2V_CHEBYSHEV)
        return most(v_max_or_nan(sum[0], sum[1]));
    float s = v_sum(v_add(sum[0], sum[1]));
    if (metric == W2V_EUCLIDEAN)
        return sqrtf(s);
    if (metric == W2V_COSINE) {
        s = norms[i] > 0 ? s / norms[i] : s;
        s = s > 1.0f ? 1.0f : s < -1.0f ? -1.0f : s; /* NaN stays */
    }
    return s;
}

/* Rows i ... i + R - 1 against queries j ... j + Q - 1. */
W2V_INLINE void block(const int metric, const int R, const int Q, const w2v_comparison *c, size_t i,
                      size_t j)
{
    const size_t dim = c->dim;
    const float *row[2], *query[2];
    vf sum[2][2][CHAINS];
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
            for (int s = 0; s < CHAINS; s++)
                sum[r][q][s] = v_set1(0.0f);
    size_t k = 0;
    for (; k + CHAINS * LANES <= dim; k += CHAINS * LANES) {
        W2V_UNROLL
        for (int s = 0; s < CHAINS; s++) {
            vf x[2], y[2];
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
                    sum[r][q][s] = taken_in(metric, sum[r][q][s], x[r], y[q]);
        }
    }
    for (int s = 0; k < dim; k += LANES, s++) {
        const int left = dim - k < LANES ? (int)(dim - k) : LANES;
        W2V_UNROLL
        for (int r = 0; r < R; r++)
            W2V_UNROLL
            for (int q = 0; q < Q; q++) {
                const vf x = v_load_first(row[r] + k, left), y = v_load_first(query[q] + k, left);
                sum[r][q][0] = taken_in(metric, sum[r][q][0], x, y);
            }
    }
    W2V_UNROLL
    for (int r = 0; r < R; r++)
        W2V_UNROLL
        for (int q = 0; q < Q; q++)
            c->out[(ptrdiff_t)(j + (size_t)q) * c->out_stride + (ptrdiff_t)(i + (size_t)r)] =
                score(metric, sum[r][q], c->norms, i + (size_t)r);
}

W2V_INLINE void compare(const int metric, const w2v_comparison *c)
{
    const size_t n = c->n, asked = c->asked;
    if (asked == 1) { /* one stream: the CPU fetches ahead of a single one best */
        for (size_t i = 0; i < n; i++)
            block(metric, 1, 1, c, i, 0);
        return;
    }
    const size_t some = COMPARE_FLOATS / c->dim > 2 ? COMPARE_FLOATS / c->dim / 2 * 2 : 2;
    for (size_t first = 0; first < n; first += some) {
        const size_t end = n - first < some ? n : first + some;
        size_t j = 0;
        for (; j + 2 <= asked; j += 2) {
            size_t i = first;
            for (; i + 2 <= end; i += 2)
                block(metric, 2, 2, c, i, j);
            if (i < end)
                block(metric, 1, 2, c, i, j);
        }
        if (j < asked)
            for (size_t i = first; i < end; i++)
                block(metric, 1, 1, c, i, j);
    }
}

/* One loop for each metric, which is a constant in it. */
W2V_NOINLINE void dot(const w2v_comparison *c) { compare(W2V_DOT, c); }
W2V_NOINLINE void cosine(const w2v_comparison *c) { compare(W2V_COSINE, c); }
W2V_NOINLINE void euclidean(const w2v_comparison *c) { compare(W2V_EUCLIDEAN, c); }
W2V_NOINLINE void manhattan(const w2v_comparison *c) { compare(W2V_MANHATTAN, c); }
W2V_NOINLINE void chebyshev(const w2v_comparison *c) { compare(W2V_CHEBYSHEV, c); }

void COMPARE_NAME(const w2v_comparison *c, int metric)
{
    switch (metric) {
    case W2V_DOT: dot(c); break;
    case W2V_COSINE: cosine(c); break;
    case W2V_EUCLIDEAN: euclidean(c); break;
    case W2V_MANHATTAN: manhattan(c); break;
    default: chebyshev(c);
    }
}

/* In plain C, for the primitives are of float32; eight sums that the compiler can hold in vectors. */
void LENGTHS_NAME(const float *rows, size_t n, ptrdiff_t stride, size_t dim, double *out)
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
