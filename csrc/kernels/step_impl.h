/* step_impl.h - the dense step (see w2v_step.h), written once over the primitives of a simd_*.h.
 *
 * Included by each step_*.c inside its target region, with STEP_NAME and the primitives defined.
 * No intrinsics, no malloc.
 *
 * Two passes over the rows, each in tiles whose sums stay in registers. The first computes scores of
 * up to TILE outputs with two inputs where they fit, the second updates up to PART outputs with one
 * input after the other. M, the number of outputs, is a compile-time constant in every loop below,
 * so that arrays indexed by it live in registers. Rows are zero from `dim` to a multiple of
 * W2V_ROW_FLOATS, so no loop has a tail.
 */

#if REGISTERS >= 32
#define TILE TILE_MOST
#define PART TILE_MOST
#define SUMS 28 /* scores at once */
#else
#define TILE TILE_LEAST
#define PART 8
#define SUMS TILE_LEAST
#endif

/* Scores of N inputs (1 or 2) against M outputs to dst[i * M + j], N * M <= SUMS. Writes whole
 * vectors, the end of the last one zero. */
W2V_INLINE void scores(const int N, const int M, float *const *in, float *const *out, size_t dim,
                       float *dst)
{
    vf sum[32];
    W2V_UNROLL
    for (int s = 0; s < 32; s++)
        sum[s] = v_set1(0.0f);
    for (size_t k = 0; k < dim; k += LANES) {
        vf x[2];
        W2V_UNROLL
        for (int i = 0; i < N; i++)
            x[i] = v_load(in[i] + k);
        W2V_UNROLL
        for (int j = 0; j < M; j++) {
            vf y = v_load(out[j] + k);
            if (N > 1)
                W2V_HOLD(y);
            W2V_UNROLL
            for (int i = 0; i < N; i++)
                sum[i * M + j] = v_fma(x[i], y, sum[i * M + j]);
        }
    }
    W2V_UNROLL
    for (int s = 0; s < N * M; s += LANES)
        v_store(dst + s, v_sums(sum + s));
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

/* All n inputs against one tile: gradients to g[i * M + j], loss returned. */
W2V_INLINE float tile_gradients(const int M, const w2v_task *now, float *const *out,
                                const float *label, float alpha, size_t dim, float *g)
{
    static const float counts[2 * TILE_MOST] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    const int n = now->n, pairs = n * M;
    float *y = g + gradient_floats(n); /* the labels again for each input */
    vf labels[TILE_MOST / LANES];
    W2V_UNROLL
    for (int j = 0; j < M; j += LANES)
        labels[j / LANES] = v_load_first(label + j, M - j < LANES ? M - j : LANES);
    for (int i = 0; i <= n; i++)
        W2V_UNROLL
        for (int j = 0; j < M; j += LANES)
            v_store(y + i * M + j, labels[j / LANES]);
    v_store(g + pairs, v_set1(0.0f));
    int i = 0;
    if (2 * M <= SUMS)
        for (; i + 2 <= n; i += 2)
            scores(2, M, now->row + i, out, dim, g + i * M);
    for (; i < n; i++)
        scores(1, M, now->row + i, out, dim, g + i * M);

    /* Only now, so that several vectors are on their way at once. */
    const vf rate = v_set1(alpha);
    vf loss = v_set1(0.0f);
    for (i = 0; i + LANES <= pairs; i += LANES)
        loss = v_add(activate(g + i, y + i, rate), loss);
    if (i < pairs)
        loss = v_fma(v_load(counts + TILE_MOST - (pairs - i)), activate(g + i, y + i, rate), loss);
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
#define LOCAL_ROWS(N, row)        \
    float *own[TILE];             \
    W2V_UNROLL                    \
    for (int j = 0; j < (N); j++) \
        own[j] = (row)[j];

/* Adds the tile's gradient to its outputs, and to the inputs. Where the outputs are several tiles,
 * the inputs stay as they are until the last one: till then what they gain is put into `sums`, a
 * row for each. */
W2V_INLINE void tile_update(const int M, const w2v_task *now, float *const *out, const float *g,
                            int pitch, int first, int last, float *sums, const w2v_task *ahead,
                            size_t dim)
{
    const size_t stride = row_stride(dim);
    const int n = now->n, n_ahead = ahead->n + ahead->m;
    float *const *in = now->row;
    float *const *next = ahead->row;
    LOCAL_ROWS(M, out)
    for (size_t k = 0; k < dim; k += LANES) {
        prefetch(next, n_ahead, k);
        vf y[PART], gradient[PART];
        W2V_UNROLL
        for (int j = 0; j < M; j++) {
            y[j] = v_load(own[j] + k);
            gradient[j] = v_set1(0.0f);
        }
        for (int i = 0; i < n; i++) {
            const float *gi = g + i * pitch;
            const vf x = v_load(in[i] + k);
            vf moved = last ? x : v_set1(0.0f);
            if (!first)
                moved = v_add(moved, v_load(sums + i * stride + k));
            W2V_UNROLL
            for (int j = 0; j < M; j++) {
                const vf gij = v_set1(gi[j]);
                /* As many outputs as registers are left for; the rest is read again. */
                const vf yj = j < REGISTERS - M - 3 ? y[j] : v_load(own[j] + k);
                gradient[j] = v_fma(gij, x, gradient[j]);
                moved = v_fma(gij, yj, moved);
            }
            v_store((last ? in[i] : sums + i * stride) + k, moved);
        }
        W2V_UNROLL /* each row read again: it may stand among them twice */
        for (int j = 0; j < M; j++)
            v_store(own[j] + k, v_add(v_load(own[j] + k), gradient[j]));
    }
}

/* tile_update for one input: adds g_j in to the outputs, and puts sum_j g_j out_j into `gained`, or
 * adds it to what is there. */
W2V_INLINE void tile_update_one(const int M, const float *in, float *const *out, const float *g,
                                int first, float *gained, const w2v_task *ahead, size_t dim)
{
    const int n_ahead = ahead->n + ahead->m;
    float *const *next = ahead->row;
    LOCAL_ROWS(M, out)
    vf gradient[TILE];
    W2V_UNROLL
    for (int j = 0; j < M; j++)
        gradient[j] = v_set1(g[j]);
    for (size_t k = 0; k < dim; k += LANES) {
        prefetch(next, n_ahead, k);
        const vf x = v_load(in + k);
        vf sum = first ? v_set1(0.0f) : v_load(gained + k);
        W2V_UNROLL
        for (int j = 0; j < M; j++) {
            const vf y = v_load(own[j] + k);
            sum = v_fma(gradient[j], y, sum);
            v_store(own[j] + k, v_fma(gradient[j], x, y));
        }
        v_store(gained + k, sum);
    }
}

/* CALL(M) with the size of a tile as a constant. */
#define FOR_PART(CALL)      \
    case 1: CALL(1); break; \
    case 2: CALL(2); break; \
    case 3: CALL(3); break; \
    case 4: CALL(4); break; \
    case 5: CALL(5); break; \
    case 6: CALL(6); break; \
    case 7: CALL(7); break; \
    case 8: CALL(8); break;
#define FOR_TILE_LEAST(CALL)  \
    FOR_PART(CALL)            \
    case 9: CALL(9); break;   \
    case 10: CALL(10); break; \
    case 11: CALL(11); break; \
    case 12: CALL(12); break; \
    case 13: CALL(13); break;
#define FOR_TILE_MOST(CALL)   \
    FOR_TILE_LEAST(CALL)      \
    case 14: CALL(14); break; \
    case 15: CALL(15); break; \
    case 16: CALL(16); break;
#if TILE == TILE_MOST
#define SWITCH_TILE(M, CALL) switch (M) { FOR_TILE_MOST(CALL) }
#define SWITCH_PART(M, CALL) switch (M) { FOR_TILE_MOST(CALL) }
#else
#define SWITCH_TILE(M, CALL) switch (M) { FOR_TILE_LEAST(CALL) }
#define SWITCH_PART(M, CALL) switch (M) { FOR_PART(CALL) }
#endif

/* The same for m outputs, m no constant. Functions of their own, because gcc allocates registers
 * carelessly in one with more than a hundred loops. */
W2V_NOINLINE float gradients(int m, const w2v_task *now, float *const *out, const float *label,
                             float alpha, size_t dim, float *g)
{
    float loss = 0.0f;
#define CALL(M) loss = tile_gradients(M, now, out, label, alpha, dim, g)
    SWITCH_TILE(m, CALL)
#undef CALL
    return loss;
}

W2V_NOINLINE void update(int m, const w2v_task *now, float *const *out, const float *g,
                         const w2v_task *ahead, size_t dim)
{
#define CALL(M) tile_update(M, now, out, g, M, 1, 1, NULL, ahead, dim)
    SWITCH_PART(m, CALL)
#undef CALL
}

W2V_NOINLINE void update_part(int m, const w2v_task *now, float *const *out, const float *g,
                              int pitch, int first, int last, float *sums, const w2v_task *ahead,
                              size_t dim)
{
#define CALL(M) tile_update(M, now, out, g, pitch, first, last, sums, ahead, dim)
    SWITCH_PART(m, CALL)
#undef CALL
}

W2V_NOINLINE void update_one(int m, const float *in, float *const *out, const float *g, int first,
                             float *gained, const w2v_task *ahead, size_t dim)
{
#define CALL(M) tile_update_one(M, in, out, g, first, gained, ahead, dim)
    SWITCH_TILE(m, CALL)
#undef CALL
}

/* The sum of N rows, pooled: to `hidden`, or added to what is there. */
W2V_INLINE void gather(const int N, float *const *row, int first, size_t dim, float pool,
                       float *hidden)
{
    const vf scale = v_set1(pool);
    LOCAL_ROWS(N, row)
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
    LOCAL_ROWS(N, row)
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

/* The size of the next of some tiles, of at most `most` and as even as can be, that hold m outputs
 * together. */
W2V_INLINE int next_tile(int m, int most) { return m / ((m + most - 1) / most); }

/* All scores come before any update, whatever the number of tiles. */
W2V_INLINE float all_gradients(const w2v_task *now, float *const *out, const float *label, int m,
                               float alpha, size_t dim, float *g)
{
    float loss = 0.0f;
    for (int j = 0, size; j < m; j += size, g += gradient_floats(now->n)) {
        size = next_tile(m - j, TILE);
        loss += gradients(size, now, out + j, label + j, alpha, dim, g);
    }
    return loss;
}

/* The inputs met as one: their sum, scaled, is the only input of the tiles. */
W2V_NOINLINE float pooled(const w2v_task *now, const w2v_task *ahead, float alpha, size_t dim,
                          float *scratch)
{
    const int n = now->n, m = now->m;
    float *const *out = now->row + n;
    float *hidden = scratch, *gained = hidden + row_stride(dim), *g = gained + row_stride(dim);
#define GATHER(N, i) gather(N, now->row + i, i == 0, dim, now->pool, hidden)
    IN_EIGHTS(n, GATHER)
#undef GATHER
    const w2v_task one = {&hidden, NULL, 1, 0, 0.0f, 0.0f};
    const float loss = all_gradients(&one, out, now->label, m, alpha, dim, g);
    if (alpha == 0.0f)
        return loss;
    for (int j = 0, size; j < m; j += size, g += gradient_floats(1)) {
        size = next_tile(m - j, TILE);
        update_one(size, hidden, out + j, g, j == 0, gained, j == 0 ? ahead : &no_task, dim);
    }
#define SCATTER(N, i) scatter(N, now->row + i, dim, now->share, gained)
    IN_EIGHTS(n, SCATTER)
#undef SCATTER
    return loss;
}

/* More outputs than one tile holds: the parts of one tile of scores are updated in turn. */
W2V_NOINLINE float tiled(const w2v_task *now, const w2v_task *ahead, float alpha, size_t dim,
                         float *scratch)
{
    const int n = now->n, m = now->m;
    float *const *out = now->row + n;
    float *sums = scratch, *g = sums + n * row_stride(dim);
    const float loss = all_gradients(now, out, now->label, m, alpha, dim, g);
    if (alpha == 0.0f)
        return loss;
    for (int j = 0, pitch; j < m; g += gradient_floats(n)) {
        pitch = next_tile(m - j, TILE);
        for (int i = 0, size; i < pitch; i += size, j += size) {
            size = next_tile(pitch - i, PART);
            update_part(size, now, out + j, g + i, pitch, j == 0, j + size == m, sums,
                        j == 0 ? ahead : &no_task, dim);
        }
    }
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
    if (m > PART)
        return tiled(now, ahead, alpha, dim, scratch);
    float *const *out = now->row + n;
    const float loss = gradients(m, now, out, now->label, alpha, dim, scratch);
    if (alpha != 0.0f)
        update(m, now, out, scratch, ahead, dim);
    return loss;
}
