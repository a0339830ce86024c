/* step.inc.h - the dense step (see w2v.h), written once over the primitives of a simd_*.h.
 *
 * Included by each step_*.c inside its target region, with STEP_NAME and the primitives defined.
 * No intrinsics, no malloc.
 *
 * Outputs are taken in tiles of M <= TILE rows, inputs in pairs where M <= 8: a tile of 2 x 6 scores
 * keeps twelve sums in registers, which AVX2's sixteen still hold. M is a compile-time constant in every loop below, so the arrays indexed by it live in registers. Rows are
 * zero from `dim` to a multiple of W2V_ROW_FLOATS, so no loop has a tail.
 */

#ifndef HAVE_V_SUMS16
W2V_INLINE void v_sums16(float *dst, const vf a[16])
{
    v_sums8(dst, a);
    v_sums8(dst + 8, a + 8);
}
#endif

/* Scores of N inputs (1, or 2 where M <= 8) against M outputs: dst[i * PITCH(M) + j]; zero for
 * j >= M. Writes at least LANES floats, and no more than 2 * PITCH(M). */
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
                sum[i * 8 + j] = v_fma(x[i], y, sum[i * 8 + j]);
        }
    }
    if (N == 2 || M > 8)
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

/* All n inputs against one tile: gradients to g (PITCH(M) floats an input), loss returned. */
W2V_INLINE float tile_gradients(const int M, const w2v_task *now, float *const *out,
                                const float *label, float alpha, size_t dim, float *g)
{
    const int pitch = PITCH(M);
    float y[16], real[16]; /* labels; 1 where a lane is a pair, not padding */
    W2V_UNROLL
    for (int lane = 0; lane < 16; lane++) {
        const int j = lane % pitch;
        y[lane] = j < M ? label[j] : 0.0f;
        real[lane] = j < M ? 1.0f : 0.0f;
    }
    const vf rate = v_set1(alpha);
    vf loss = v_set1(0.0f);
    int i = 0;
    if (pitch == 8)
        for (; i + 2 <= now->n; i += 2, g += 16) {
            scores(2, M, now->row + i, out, dim, g);
            W2V_UNROLL
            for (int lane = 0; lane < 16; lane += LANES)
                if (lane % 8 < M)
                    loss = v_fma(v_load(real + lane), activate(g + lane, y + lane, rate), loss);
        }
    W2V_UNROLL /* a vector wider than one input's scores must not count them twice */
    for (int lane = 8; lane < 16; lane++)
        real[lane] = pitch == 8 ? 0.0f : real[lane];
    for (; i < now->n; i++, g += pitch) {
        scores(1, M, now->row + i, out, dim, g);
        W2V_UNROLL
        for (int lane = 0; lane < 16; lane += LANES)
            if (lane < M)
                loss = v_fma(v_load(real + lane), activate(g + lane, y + lane, rate), loss);
    }
    return v_sum(loss);
}

static const w2v_task no_task;

/* One line of each row of a later task, with each line of this one: spread out like this the
 * prefetches find free load slots; in one burst they stall. */
W2V_INLINE void prefetch(float *const *row, int n, size_t k)
{
    if (k % W2V_ROW_FLOATS == 0)
        for (int r = 0; r < n; r++)
            W2V_PREFETCH(row[r] + k);
}

/* A copy of N pointers, own[]: a store through a vector type may change any but a local one, and
 * they would be read again after each. */
#define LOCAL_ROWS(MOST, N, row)  \
    float *own[MOST];             \
    W2V_UNROLL                    \
    for (int j = 0; j < (N); j++) \
        own[j] = (row)[j];

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
    LOCAL_ROWS(TILE, M, out)
    for (size_t k = 0; k < dim; k += LANES) {
        prefetch(next, n_ahead, k);
        vf y[TILE], gradient[TILE];
        W2V_UNROLL
        for (int j = 0; j < M; j++) {
            y[j] = v_load(own[j] + k);
            gradient[j] = v_set1(0.0f);
        }
        for (int i = 0; i < n; i++) {
            const float *gi = g + i * PITCH(M);
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
        add_rows(M, own, k, gradient);
    }
}

/* tile_update for one input: adds g_j in to the outputs, and puts sum_j g_j out_j into `gained`, or
 * adds it to what is there. */
W2V_INLINE void tile_update_one(const int M, const float *in, float *const *out, const float *g,
                                int first, float *gained, const w2v_task *ahead, size_t dim)
{
    const int n_ahead = ahead->n + ahead->m;
    float *const *next = ahead->row;
    LOCAL_ROWS(TILE, M, out)
    vf gradient[TILE];
    W2V_UNROLL
    for (int j = 0; j < M; j++)
        gradient[j] = v_set1(g[j]);
    for (size_t k = 0; k < dim; k += LANES) {
        prefetch(next, n_ahead, k);
        const vf x = v_load(in + k);
        vf sum = first ? v_set1(0.0f) : v_load(gained + k);
        W2V_UNROLL
        for (int j = 0; j < M; j++)
            sum = v_fma(gradient[j], v_load(own[j] + k), sum);
        v_store(gained + k, sum);
        W2V_UNROLL
        for (int j = 0; j < M; j++)
            v_store(own[j] + k, v_fma(gradient[j], x, v_load(own[j] + k)));
    }
}

/* CALL(M) with the size of a tile as a constant. */
#define FOR_SMALL_TILE(CALL) \
    case 1: CALL(1); break;  \
    case 2: CALL(2); break;  \
    case 3: CALL(3); break;  \
    case 4: CALL(4); break;  \
    case 5: CALL(5); break;  \
    case 6: CALL(6); break;
#if TILE == TILE_LEAST
#define FOR_LARGE_TILE(CALL)
#else
#define FOR_LARGE_TILE(CALL)  \
    case 7: CALL(7); break;   \
    case 8: CALL(8); break;   \
    case 9: CALL(9); break;   \
    case 10: CALL(10); break; \
    case 11: CALL(11); break; \
    case 12: CALL(12); break; \
    case 13: CALL(13); break; \
    case 14: CALL(14); break; \
    case 15: CALL(15); break; \
    case 16: CALL(16); break;
#endif
#define FOR_TILE(M, CALL)    \
    switch (M) {             \
        FOR_SMALL_TILE(CALL) \
        FOR_LARGE_TILE(CALL) \
    }

/* The same for m outputs, m no constant. Functions of their own, because gcc allocates registers
 * carelessly in one with more than a hundred loops. */
W2V_NOINLINE float gradients(int m, const w2v_task *now, float *const *out, const float *label,
                             float alpha, size_t dim, float *g)
{
    float loss = 0.0f;
#define CALL(M) loss = tile_gradients(M, now, out, label, alpha, dim, g)
    FOR_TILE(m, CALL)
#undef CALL
    return loss;
}

W2V_NOINLINE void update(int m, const w2v_task *now, float *const *out, const float *g,
                         const w2v_task *ahead, size_t dim)
{
#define CALL(M) tile_update(M, now, out, g, NULL, ahead, dim)
    FOR_TILE(m, CALL)
#undef CALL
}

W2V_NOINLINE void update_sums(int m, const w2v_task *now, float *const *out, const float *g,
                              float *sums, const w2v_task *ahead, size_t dim)
{
#define CALL(M) tile_update(M, now, out, g, sums, ahead, dim)
    FOR_TILE(m, CALL)
#undef CALL
}

W2V_NOINLINE void update_one(int m, const float *in, float *const *out, const float *g, int first,
                             float *gained, const w2v_task *ahead, size_t dim)
{
#define CALL(M) tile_update_one(M, in, out, g, first, gained, ahead, dim)
    FOR_TILE(m, CALL)
#undef CALL
}

/* The sum of N rows, pooled: to `hidden`, or added to what is there. */
W2V_INLINE void gather(const int N, float *const *row, int first, size_t dim, float pool,
                       float *hidden)
{
    const vf scale = v_set1(pool);
    LOCAL_ROWS(8, N, row)
    for (size_t k = 0; k < dim; k += LANES) {
        vf sum = v_load(own[0] + k);
        W2V_UNROLL
        for (int i = 1; i < N; i++)
            sum = v_add(sum, v_load(own[i] + k));
        sum = v_mul(scale, sum);
        v_store(hidden + k, first ? sum : v_add(sum, v_load(hidden + k)));
    }
}

/* Each of N rows += share * gained, in turn: a row may stand among them twice. */
W2V_INLINE void scatter(const int N, float *const *row, size_t dim, float share,
                        const float *gained)
{
    const vf scale = v_set1(share);
    LOCAL_ROWS(8, N, row)
    for (size_t k = 0; k < dim; k += LANES) {
        const vf d = v_mul(scale, v_load(gained + k));
        W2V_UNROLL
        for (int i = 0; i < N; i++)
            v_store(own[i] + k, v_add(v_load(own[i] + k), d));
    }
}

/* CALL(N, i) for n rows from the i-th on, as many at a time as there are registers for pointers. */
#define IN_EIGHTS(n, CALL)            \
    for (int i = 0; i < (n); i += 8)  \
        switch ((n) - i) {            \
        case 1: CALL(1, i); break;    \
        case 2: CALL(2, i); break;    \
        case 3: CALL(3, i); break;    \
        case 4: CALL(4, i); break;    \
        case 5: CALL(5, i); break;    \
        case 6: CALL(6, i); break;    \
        case 7: CALL(7, i); break;    \
        default: CALL(8, i);          \
        }

/* All scores come before any update, whatever the number of tiles, which are as even as can be. */
W2V_INLINE float all_gradients(const w2v_task *now, float *const *out, const float *label, int m,
                               float alpha, size_t dim, float *g)
{
    const int tiles = (m + TILE - 1) / TILE;
    float loss = 0.0f;
    for (int t = 0, j = 0; t < tiles; t++) {
        const int size = (m - j) / (tiles - t);
        loss += gradients(size, now, out + j, label + j, alpha, dim,
                          g + t * gradient_floats(now->n));
        j += size;
    }
    return loss;
}

/* The inputs met as one: their sum, scaled, is the only input of the tiles. */
W2V_NOINLINE float pooled(const w2v_task *now, const w2v_task *ahead, float alpha, size_t dim,
                          float *scratch)
{
    const int n = now->n, m = now->m, tiles = (m + TILE - 1) / TILE;
    float *const *out = now->row + n;
    float *hidden = scratch, *gained = hidden + row_stride(dim), *g = gained + row_stride(dim);
#define GATHER(N, i) gather(N, now->row + i, i == 0, dim, now->pool, hidden)
    IN_EIGHTS(n, GATHER)
#undef GATHER
    const w2v_task one = {&hidden, NULL, 1, 0, 0.0f, 0.0f};
    const float loss = all_gradients(&one, out, now->label, m, alpha, dim, g);
    if (alpha == 0.0f)
        return loss;
    for (int t = 0, j = 0; t < tiles; t++) {
        const int size = (m - j) / (tiles - t);
        update_one(size, hidden, out + j, g + t * gradient_floats(1), t == 0, gained,
                   t == 0 ? ahead : &no_task, dim);
        j += size;
    }
#define SCATTER(N, i) scatter(N, now->row + i, dim, now->share, gained)
    IN_EIGHTS(n, SCATTER)
#undef SCATTER
    return loss;
}

/* More outputs than one tile holds: the inputs stay as they are until every tile has been met, and
 * what they gain is put into `sums`, a row for each. */
W2V_NOINLINE float tiled(const w2v_task *now, const w2v_task *ahead, float alpha, size_t dim,
                         float *scratch)
{
    const int n = now->n, m = now->m, tiles = (m + TILE - 1) / TILE;
    const size_t stride = row_stride(dim);
    float *const *out = now->row + n;
    float *sums = scratch, *g = sums + n * stride;
    const float loss = all_gradients(now, out, now->label, m, alpha, dim, g);
    if (alpha == 0.0f)
        return loss;
    memset(sums, 0, n * stride * sizeof *sums);
    for (int t = 0, j = 0; t < tiles; t++) {
        const int size = (m - j) / (tiles - t);
        update_sums(size, now, out + j, g + t * gradient_floats(n), sums,
                    t == 0 ? ahead : &no_task, dim);
        j += size;
    }
    for (int i = 0; i < n; i++)
        for (size_t k = 0; k < dim; k += LANES)
            v_store(now->row[i] + k, v_add(v_load(now->row[i] + k), v_load(sums + i * stride + k)));
    return loss;
}

float STEP_NAME(const w2v_task *now, const w2v_task *ahead, float alpha, size_t dim,
                float *scratch)
{
    const int n = now->n, m = now->m;
    if (n == 0 || m == 0)
        return 0.0f;
    if (now->pool != 0.0f)
        return pooled(now, ahead, alpha, dim, scratch);
    if (m > TILE)
        return tiled(now, ahead, alpha, dim, scratch);
    float *const *out = now->row + n;
    const float loss = gradients(m, now, out, now->label, alpha, dim, scratch);
    if (alpha != 0.0f)
        update(m, now, out, scratch, ahead, dim);
    return loss;
}
