/* step.inc.h - the dense step (see w2v.h), written once over the primitives of a simd_*.h.
 *
 * Included by each step_*.c inside its target region, with STEP_NAME and the primitives defined.
 * No intrinsics, no malloc.
 *
 * Outputs are taken in tiles of M <= 6 rows, inputs in pairs: a tile of 2 x 6 scores keeps twelve
 * sums in registers, which AVX2's sixteen still hold. M is a compile-time constant in every loop
 * below, so the arrays indexed by it live in registers. Rows are zero from `dim` to a multiple of
 * W2V_ROW_FLOATS, so no loop has a tail.
 */

#ifndef HAVE_V_SUMS16
W2V_INLINE void v_sums16(float *dst, const vf a[16])
{
    v_sums8(dst, a);
    v_sums8(dst + 8, a + 8);
}
#endif

/* Scores of N (1 or 2) inputs against M outputs: dst[i * TILE_PITCH + j]; zero for j >= M. Writes
 * at least LANES floats, and no more than 2 * TILE_PITCH. */
W2V_INLINE void scores(const int N, const int M, float *const *in, float *const *out, size_t dim,
                       float *dst)
{
    vf sum[16];
    W2V_UNROLL
    for (int s = 0; s < 16; s++)
        sum[s] = v_set1(0.0f);
    for (size_t k = 0; k < dim; k += LANES) {
        vf x[2];
        W2V_UNROLL
        for (int i = 0; i < N; i++)
            x[i] = v_load(in[i] + k);
        W2V_UNROLL
        for (int j = 0; j < M; j++) {
            const vf y = v_load(out[j] + k);
            W2V_UNROLL
            for (int i = 0; i < N; i++)
                sum[i * TILE_PITCH + j] = v_fma(x[i], y, sum[i * TILE_PITCH + j]);
        }
    }
    if (N == 2)
        v_sums16(dst, sum);
    else
        v_sums8(dst, sum);
}

/* Replaces the scores s at `g` by alpha * (label - sigmoid(s)) and returns the losses
 * -log sigmoid(s) for label 1, -log(1 - sigmoid(s)) for label 0, as max(s, 0) - label * s + log(1 + e)
 * with e = exp(-|s|). exp by range reduction to 2^k 2^f and a polynomial (relative error 1e-7), log(1 + e)
 * by a polynomial (1.5e-6); both fitted for least maximal error. The sigmoid never saturates to exactly
 * 0 or 1 before float32 does, so confident mistakes keep their full gradient. */
W2V_INLINE vf activate(float *g, const float *label, vf alpha)
{
    const vf s = v_load(g);
    const vf y = v_load(label);
    const vf one = v_set1(1.0f);
    const vf shift = v_set1(12582912.0f); /* 1.5 * 2^23: adding it rounds to an integer */

    const vf t = v_mul(v_min(v_set1(87.0f), v_abs(s)), v_set1(-1.44269504f)); /* -|s| log2(e) */
    const vf shifted = v_add(t, shift);
    const vf f = v_sub(t, v_sub(shifted, shift));
    vf p = v_set1(0.00132647271f);
    p = v_fma(p, f, v_set1(0.00967151265f));
    p = v_fma(p, f, v_set1(0.0555073374f));
    p = v_fma(p, f, v_set1(0.240222421f));
    p = v_fma(p, f, v_set1(0.693146978f));
    p = v_fma(p, f, one);
    const vf e = v_mul(p, v_exp2_shifted(shifted));

    const vf r = v_div(one, v_add(one, e));
    const vf sigmoid = v_by_sign(s, r, v_mul(e, r));
    v_store(g, v_mul(alpha, v_sub(y, sigmoid)));

    vf l = v_set1(-0.0183388956f);
    l = v_fma(l, e, v_set1(0.0855700181f));
    l = v_fma(l, e, v_set1(-0.193761037f));
    l = v_fma(l, e, v_set1(0.3176491f));
    l = v_fma(l, e, v_set1(-0.497875083f));
    l = v_fma(l, e, v_set1(0.999901645f));
    return v_add(v_fma(l, e, v_max(s, v_set1(0.0f))), v_mul(v_sub(v_set1(0.0f), y), s));
}

/* All n inputs against one tile: gradients to g (pitch TILE_PITCH per input), loss returned. */
W2V_INLINE float tile_gradients(const int M, const w2v_task *now, float *const *out,
                                const float *label, float alpha, size_t dim, float *g)
{
    float y[2 * TILE_PITCH], real[2 * TILE_PITCH]; /* labels; 1 where a lane is a pair, not padding */
    W2V_UNROLL
    for (int lane = 0; lane < 2 * TILE_PITCH; lane++) {
        const int j = lane % TILE_PITCH;
        y[lane] = j < M ? label[j] : 0.0f;
        real[lane] = j < M ? 1.0f : 0.0f;
    }
    const vf rate = v_set1(alpha);
    vf loss = v_set1(0.0f);
    int i = 0;
    for (; i + 2 <= now->n; i += 2, g += 2 * TILE_PITCH) {
        scores(2, M, now->row + i, out, dim, g);
        W2V_UNROLL
        for (int lane = 0; lane < 2 * TILE_PITCH; lane += LANES)
            if (lane % TILE_PITCH < M)
                loss = v_fma(v_load(real + lane), activate(g + lane, y + lane, rate), loss);
    }
    if (i < now->n) {
        scores(1, M, now->row + i, out, dim, g);
        W2V_UNROLL /* a vector wider than one input's scores must not count them twice */
        for (int lane = TILE_PITCH; lane < 2 * TILE_PITCH; lane++)
            real[lane] = 0.0f;
        W2V_UNROLL
        for (int lane = 0; lane < TILE_PITCH; lane += LANES)
            if (lane < M)
                loss = v_fma(v_load(real + lane), activate(g + lane, y + lane, rate), loss);
    }
    return v_sum(loss);
}

/* Adds to M rows in turn, reading each one again: a row may stand among them twice. */
W2V_INLINE void add_rows(const int M, float *const *row, size_t k, const vf *gradient)
{
    W2V_UNROLL
    for (int j = 0; j < M; j++)
        v_store(row[j] + k, v_add(v_load(row[j] + k), gradient[j]));
}

/* Adds the tile's gradient to its outputs, and to the inputs themselves or, where `sums` is given,
 * to the row of sums beside each input. */
W2V_INLINE void tile_update(const int M, const w2v_task *now, float *const *out, const float *g,
                            float *sums, const w2v_task *ahead, size_t dim)
{
    const size_t stride = row_stride(dim);
    const int n = now->n, n_ahead = ahead->n + ahead->m;
    float *const *in = now->row;
    float *const *next = ahead->row;
    for (size_t k = 0; k < dim; k += LANES) {
        /* One line of each row of a later task per line of this one: spread out like this the
         * prefetches find free load slots; in one burst they stall. */
        if (k % W2V_ROW_FLOATS == 0)
            for (int r = 0; r < n_ahead; r++)
                W2V_PREFETCH(next[r] + k);
        vf y[TILE], gradient[TILE];
        W2V_UNROLL
        for (int j = 0; j < M; j++) {
            y[j] = v_load(out[j] + k);
            gradient[j] = v_set1(0.0f);
        }
        for (int i = 0; i < n; i++) {
            const float *gi = g + i * TILE_PITCH;
            float *target = sums ? sums + i * stride : in[i];
            const vf x = v_load(in[i] + k);
            vf moved = sums ? v_load(target + k) : x;
            W2V_UNROLL
            for (int j = 0; j < M; j++) {
                const vf gij = v_set1(gi[j]);
                gradient[j] = v_fma(gij, x, gradient[j]);
                moved = v_fma(gij, y[j], moved);
            }
            v_store(target + k, moved);
        }
        add_rows(M, out, k, gradient);
    }
}

#define FOR_TILE(M, CALL)   \
    switch (M) {            \
    case 1: CALL(1); break; \
    case 2: CALL(2); break; \
    case 3: CALL(3); break; \
    case 4: CALL(4); break; \
    case 5: CALL(5); break; \
    default: CALL(6);       \
    }

float STEP_NAME(const w2v_task *now, const w2v_task *ahead, float alpha, size_t dim,
                float *scratch)
{
    const int n = now->n, m = now->m;
    float *const *out = now->row + n;
    float loss = 0.0f;
    if (n == 0 || m == 0)
        return loss;

    if (m <= TILE) {
#define WHOLE_STEP(M)                                                      \
    loss = tile_gradients(M, now, out, now->label, alpha, dim, scratch);   \
    tile_update(M, now, out, scratch, NULL, ahead, dim)
        FOR_TILE(m, WHOLE_STEP)
#undef WHOLE_STEP
        return loss;
    }

    /* Several tiles, as even as can be. All scores come before any update, and the inputs stay as
     * they were until every tile has been met. */
    const int tiles = (m + TILE - 1) / TILE, small = m / tiles, larger = m % tiles;
    const size_t pitch = gradient_floats(n), stride = row_stride(dim);
    float *sums = scratch + tiles * pitch;
    memset(sums, 0, n * stride * sizeof *sums);
    for (int t = 0, j = 0; t < tiles; t++) {
        const int size = small + (t < larger);
#define GRADIENTS(M) \
    loss += tile_gradients(M, now, out + j, now->label + j, alpha, dim, scratch + t * pitch)
        FOR_TILE(size, GRADIENTS)
#undef GRADIENTS
        j += size;
    }
    static const w2v_task none = {NULL, NULL, 0, 0};
    for (int t = 0, j = 0; t < tiles; t++) {
        const int size = small + (t < larger);
#define UPDATE(M) \
    tile_update(M, now, out + j, scratch + t * pitch, sums, t == 0 ? ahead : &none, dim)
        FOR_TILE(size, UPDATE)
#undef UPDATE
        j += size;
    }
    for (int i = 0; i < n; i++)
        for (size_t k = 0; k < dim; k += LANES)
            v_store(now->row[i] + k, v_add(v_load(now->row[i] + k), v_load(sums + i * stride + k)));
    return loss;
}
