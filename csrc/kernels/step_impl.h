/* step_impl.h - the dense step (see w2v_step.h), written once over the primitives of a simd_*.h.
 *
 * Included by each step_*.c inside its target region, with STEP_NAME and the primitives defined.
 * No intrinsics, no malloc.
 *
 * Each row is read in two passes, in tiles whose sums stay in registers: the first computes logits, of up
 * to LOGIT_TILE outputs with two inputs if they fit; the second updates up to UPDATE_TILE outputs with
 * one input after the other. M, the number of outputs, is a compile-time constant in every loop below,
 * so that arrays indexed by it live in registers. Rows are zero from `dim` to a multiple of
 * W2V_ROW_FLOATS, so no loop has a tail.
 *
 * Which function calls which (the entry, STEP_NAME, is at the end):
 *
 *     STEP_NAME -+- gradients -- tile_gradients -+- logits
 *                |                               +- sigmoid_gradients_and_loss
 *                +- update -- tile_update              up to UPDATE_TILE outputs
 *                +- update_single -- tile_update_single  one input
 *                +- step_swapped -+- gradients ...     few inputs in place of many outputs
 *                |                +- update ...
 *                +- step_tiled -+- all_gradients -- gradients ...
 *                |              +- update_part -- tile_update
 *                +- step_pooled -+- gather             the inputs, to one
 *                                +- all_gradients -- gradients ...
 *                                +- update_one -- tile_update_one
 *                                +- scatter            its gradient, to the inputs
 *
 * gradients, update, update_single, update_part and update_one turn the number of outputs into the constant
 * M, by the macros SWITCH_LOGIT_TILE and SWITCH_UPDATE_TILE; gather and scatter get their N from
 * FOR_ROW_GROUPS.
 */

#include "exp_of_minus.h"

#if REGISTERS >= 32
#define LOGIT_TILE LOGIT_TILE_32_REGS
#define UPDATE_TILE LOGIT_TILE_32_REGS
#define MAX_ACCUMULATORS 28 /* logits at once */
#else
#define LOGIT_TILE LOGIT_TILE_16_REGS
#define UPDATE_TILE 8
#define MAX_ACCUMULATORS LOGIT_TILE_16_REGS
#endif

/* Writes the logits of N inputs (1 or 2) with M outputs to dst[i * M + j]; N * M <= MAX_ACCUMULATORS.
 * Writes whole vectors; the end of the last one is zero. */
W2V_INLINE void logits(const int N, const int M, float *const *in, float *const *out, size_t dim,
                       float *dst)
{
    vfloat sum[32];
    W2V_UNROLL
    for (int s = 0; s < 32; s++)
        sum[s] = v_set1(0.0f);
    for (size_t k = 0; k < dim; k += LANES) {
        vfloat x[2];
        W2V_UNROLL
        for (int i = 0; i < N; i++)
            x[i] = v_load(in[i] + k);
        W2V_UNROLL
        for (int j = 0; j < M; j++) {
            vfloat y = v_load(out[j] + k);
            if (N > 1)
                W2V_KEEP_IN_REGISTER(y);
            W2V_UNROLL
            for (int i = 0; i < N; i++)
                sum[i * M + j] = v_fma(x[i], y, sum[i * M + j]);
        }
    }
    W2V_UNROLL
    for (int s = 0; s < N * M; s += LANES)
        v_store(dst + s, v_reduce_add_each(sum + s));
}

/* Replaces the logits s at `g` by alpha * (label - sigmoid(s)) and returns the losses
 * -log sigmoid(s) for label 1, -log(1 - sigmoid(s)) for label 0, as max(s, 0) - label * s + log(1 + e)
 * with e = exp(-|s|). log(1 + e) is a polynomial (relative error 1.5e-6), fitted for the smallest maximum
 * error. The sigmoid does not saturate to exactly 0 or 1 before float32 does, so confident mistakes keep
 * their full gradient. */
W2V_INLINE vfloat sigmoid_gradients_and_loss(float *g, const float *label, vfloat alpha)
{
    const vfloat s = v_load(g);
    const vfloat y = v_load(label);
    const vfloat one = v_set1(1.0f);
    const vfloat e = exp_of_minus(v_abs(s));

    const vfloat r = v_div(one, v_add(one, e));
    const vfloat sigmoid = v_select_by_sign(s, r, v_mul(e, r));
    v_store(g, v_mul(alpha, v_sub(y, sigmoid)));

    vfloat l = v_set1(-0.0183388956f);
    l = v_fma(l, e, v_set1(0.0855700181f));
    l = v_fma(l, e, v_set1(-0.193761037f));
    l = v_fma(l, e, v_set1(0.3176491f));
    l = v_fma(l, e, v_set1(-0.497875083f));
    l = v_fma(l, e, v_set1(0.999901645f));
    return v_add(v_fma(l, e, v_max(s, v_set1(0.0f))), v_mul(v_sub(v_set1(0.0f), y), s));
}

/* Whose labels and offsets they are: those of the outputs in the tile, or (step_swapped) of the inputs. */
enum { OF_OUTPUTS, OF_INPUTS };

/* Writes M numbers of the outputs, or one of each input, again for each of n inputs to dst[i * M + j]. */
W2V_INLINE void spread(const int M, const float *number, int n, int labels_are, float *dst)
{
    vfloat numbers[LOGIT_TILE_32_REGS / LANES];
    W2V_UNROLL
    for (int j = 0; j < M; j += LANES)
        numbers[j / LANES] = v_load_partial(number + j, M - j < LANES ? M - j : LANES);
    for (int i = 0; i <= n; i++)
        W2V_UNROLL
        for (int j = 0; j < M; j += LANES)
            v_store(dst + i * M + j,
                    labels_are == OF_OUTPUTS ? numbers[j / LANES] : v_set1(number[i < n ? i : 0]));
}

/* All n inputs against one tile: gradients to g[i * M + j], loss returned. */
W2V_INLINE float tile_gradients(const int M, const w2v_batch *batch, float *const *out,
                                const float *label, const float *offset, int labels_are,
                                float alpha, size_t dim, float *g)
{
    static const float counts[2 * LOGIT_TILE_32_REGS] = {1, 1, 1, 1, 1, 1, 1, 1,
                                                         1, 1, 1, 1, 1, 1, 1, 1};
    const int n = batch->n, pairs = n * M;
    float *y = g + gradient_floats(n), *b = y + gradient_floats(n);
    spread(M, label, n, labels_are, y);
    if (offset)
        spread(M, offset, n, labels_are, b);
    v_store(g + pairs, v_set1(0.0f));
    int i = 0;
    if (2 * M <= MAX_ACCUMULATORS)
        for (; i + 2 <= n; i += 2)
            logits(2, M, batch->rows + i, out, dim, g + i * M);
    for (; i < n; i++)
        logits(1, M, batch->rows + i, out, dim, g + i * M);
    if (offset)
        for (i = 0; i < pairs; i += LANES)
            v_store(g + i, v_add(v_load(g + i), v_load(b + i)));

    /* Only after all logits, so that the CPU works on several vectors at once. */
    const vfloat rate = v_set1(alpha);
    vfloat loss = v_set1(0.0f);
    for (i = 0; i + LANES <= pairs; i += LANES)
        loss = v_add(sigmoid_gradients_and_loss(g + i, y + i, rate), loss);
    if (i < pairs)
        loss = v_fma(v_load(counts + LOGIT_TILE_32_REGS - (pairs - i)),
                     sigmoid_gradients_and_loss(g + i, y + i, rate), loss);
    return v_reduce_add(loss);
}

static const w2v_batch no_batch;

/* Prefetches one cache line of each row of a later batch, along with each line of this one: spread out
 * like this, the prefetches find free load slots; in one burst they stall. */
W2V_INLINE void prefetch(float *const *row, int n, size_t k)
{
    if (k % W2V_ROW_FLOATS == 0)
        for (int r = 0; r < n; r++)
            W2V_PREFETCH(row[r] + k);
}

/* A local copy of N pointers, rows[]: a store through a vector type may change any pointer that is not
 * local, and the compiler would load them again after each store. */
#define LOCAL_ROWS(N, row)        \
    float *rows[LOGIT_TILE];      \
    W2V_UNROLL                    \
    for (int j = 0; j < (N); j++) \
        rows[j] = (row)[j];

/* Adds the tile's gradients to its outputs and to the inputs. If the outputs need several tiles, the
 * inputs do not change before the last one: earlier tiles sum their gradients in `input_grads`, one row
 * per input. */
W2V_INLINE void tile_update(const int M, const w2v_batch *batch, float *const *out, const float *g,
                            int grad_stride, int first, int last, float *input_grads,
                            const w2v_batch *upcoming, size_t dim)
{
    const size_t stride = row_stride(dim);
    const int n = batch->n, n_upcoming = upcoming->n + upcoming->m - upcoming->n_cached;
    float *const *in = batch->rows;
    float *const *next = upcoming->rows + upcoming->n_cached;
    LOCAL_ROWS(M, out)
    for (size_t k = 0; k < dim; k += LANES) {
        prefetch(next, n_upcoming, k);
        vfloat y[UPDATE_TILE], gradient[UPDATE_TILE];
        W2V_UNROLL
        for (int j = 0; j < M; j++) {
            y[j] = v_load(rows[j] + k);
            gradient[j] = v_set1(0.0f);
        }
        for (int i = 0; i < n; i++) {
            const float *gi = g + i * grad_stride;
            const vfloat x = v_load(in[i] + k);
            vfloat updated = last ? x : v_set1(0.0f);
            if (!first)
                updated = v_add(updated, v_load(input_grads + i * stride + k));
            W2V_UNROLL
            for (int j = 0; j < M; j++) {
                const vfloat gij = v_set1(gi[j]);
                /* As many outputs as there are registers left; the others are loaded again. */
                const vfloat yj = j < REGISTERS - M - 3 ? y[j] : v_load(rows[j] + k);
                gradient[j] = v_fma(gij, x, gradient[j]);
                updated = v_fma(gij, yj, updated);
            }
            v_store((last ? in[i] : input_grads + i * stride) + k, updated);
        }
        W2V_UNROLL /* each row is loaded again: it may be among the outputs twice */
        for (int j = 0; j < M; j++)
            v_store(rows[j] + k, v_add(v_load(rows[j] + k), gradient[j]));
    }
}

/* tile_update for a pooled input: adds g_j in to the outputs; writes sum_j g_j out_j to `input_grad`, or
 * adds it to `input_grad` if this is not the first tile. */
W2V_INLINE void tile_update_one(const int M, const float *in, float *const *out, const float *g,
                                int first, float *input_grad, const w2v_batch *upcoming, size_t dim)
{
    const int n_upcoming = upcoming->n + upcoming->m - upcoming->n_cached;
    float *const *next = upcoming->rows + upcoming->n_cached;
    LOCAL_ROWS(M, out)
    vfloat gradient[LOGIT_TILE];
    W2V_UNROLL
    for (int j = 0; j < M; j++)
        gradient[j] = v_set1(g[j]);
    for (size_t k = 0; k < dim; k += LANES) {
        prefetch(next, n_upcoming, k);
        const vfloat x = v_load(in + k);
        vfloat sum = first ? v_set1(0.0f) : v_load(input_grad + k);
        W2V_UNROLL
        for (int j = 0; j < M; j++) {
            const vfloat y = v_load(rows[j] + k);
            sum = v_fma(gradient[j], y, sum);
            v_store(rows[j] + k, v_fma(gradient[j], x, y));
        }
        v_store(input_grad + k, sum);
    }
}

/* tile_update for one input: adds g_j in to the outputs and sum_j g_j out_j to the input. All outputs are
 * read before any is written, and then again: a row may be among them twice. */
W2V_INLINE void tile_update_single(const int M, float *in, float *const *out, const float *g,
                                   const w2v_batch *upcoming, size_t dim)
{
    const int n_upcoming = upcoming->n + upcoming->m - upcoming->n_cached;
    float *const *next = upcoming->rows + upcoming->n_cached;
    LOCAL_ROWS(M, out)
    vfloat gradient[LOGIT_TILE];
    W2V_UNROLL
    for (int j = 0; j < M; j++)
        gradient[j] = v_set1(g[j]);
    for (size_t k = 0; k < dim; k += LANES) {
        prefetch(next, n_upcoming, k);
        const vfloat x = v_load(in + k);
        vfloat sum = x;
        W2V_UNROLL
        for (int j = 0; j < M; j++)
            sum = v_fma(gradient[j], v_load(rows[j] + k), sum);
        v_store(in + k, sum);
        W2V_UNROLL
        for (int j = 0; j < M; j++)
            v_store(rows[j] + k, v_add(v_load(rows[j] + k), v_mul(gradient[j], x)));
    }
}

/* CALL(M), with the size of a tile as a constant. */
#define CASES_1_TO_8(CALL)  \
    case 1: CALL(1); break; \
    case 2: CALL(2); break; \
    case 3: CALL(3); break; \
    case 4: CALL(4); break; \
    case 5: CALL(5); break; \
    case 6: CALL(6); break; \
    case 7: CALL(7); break; \
    case 8: CALL(8); break;
#define CASES_1_TO_13(CALL)   \
    CASES_1_TO_8(CALL)        \
    case 9: CALL(9); break;   \
    case 10: CALL(10); break; \
    case 11: CALL(11); break; \
    case 12: CALL(12); break; \
    case 13: CALL(13); break;
#define CASES_1_TO_16(CALL)   \
    CASES_1_TO_13(CALL)       \
    case 14: CALL(14); break; \
    case 15: CALL(15); break; \
    case 16: CALL(16); break;
#if LOGIT_TILE == LOGIT_TILE_32_REGS
#define SWITCH_LOGIT_TILE(M, CALL) switch (M) { CASES_1_TO_16(CALL) }
#define SWITCH_UPDATE_TILE(M, CALL) switch (M) { CASES_1_TO_16(CALL) }
#else
#define SWITCH_LOGIT_TILE(M, CALL) switch (M) { CASES_1_TO_13(CALL) }
#define SWITCH_UPDATE_TILE(M, CALL) switch (M) { CASES_1_TO_8(CALL) }
#endif

/* The same for m outputs, where m is not a constant. These are separate functions because gcc allocates
 * registers badly in a function with more than a hundred loops. */
W2V_NOINLINE float gradients(int m, const w2v_batch *batch, float *const *out, const float *label,
                             const float *offset, int labels_are, float alpha, size_t dim, float *g)
{
    float loss = 0.0f;
#define CALL(M) loss = tile_gradients(M, batch, out, label, offset, labels_are, alpha, dim, g)
    SWITCH_LOGIT_TILE(m, CALL)
#undef CALL
    return loss;
}

W2V_NOINLINE void update(int m, const w2v_batch *batch, float *const *out, const float *g,
                         const w2v_batch *upcoming, size_t dim)
{
#define CALL(M) tile_update(M, batch, out, g, M, 1, 1, NULL, upcoming, dim)
    SWITCH_UPDATE_TILE(m, CALL)
#undef CALL
}

W2V_NOINLINE void update_part(int m, const w2v_batch *batch, float *const *out, const float *g,
                              int grad_stride, int first, int last, float *input_grads,
                              const w2v_batch *upcoming, size_t dim)
{
#define CALL(M) tile_update(M, batch, out, g, grad_stride, first, last, input_grads, upcoming, dim)
    SWITCH_UPDATE_TILE(m, CALL)
#undef CALL
}

W2V_NOINLINE void update_one(int m, const float *in, float *const *out, const float *g, int first,
                             float *input_grad, const w2v_batch *upcoming, size_t dim)
{
#define CALL(M) tile_update_one(M, in, out, g, first, input_grad, upcoming, dim)
    SWITCH_LOGIT_TILE(m, CALL)
#undef CALL
}

W2V_NOINLINE void update_single(int m, float *in, float *const *out, const float *g,
                                const w2v_batch *upcoming, size_t dim)
{
#define CALL(M) tile_update_single(M, in, out, g, upcoming, dim)
    SWITCH_LOGIT_TILE(m, CALL)
#undef CALL
}

/* Writes the scaled sum of N rows to `hidden`, or adds it if this is not the first group. */
W2V_INLINE void gather(const int N, float *const *row, int first, size_t dim, float pool_scale,
                       float *hidden)
{
    const vfloat scale = v_set1(pool_scale);
    LOCAL_ROWS(N, row)
    for (size_t k = 0; k < dim; k += LANES) {
        vfloat sum = v_load(rows[0] + k);
        W2V_UNROLL
        for (int i = 1; i < N; i++)
            sum = v_add(sum, v_load(rows[i] + k));
        sum = v_mul(scale, sum);
        v_store(hidden + k, first ? sum : v_add(sum, v_load(hidden + k)));
    }
}

/* Adds grad_scale * input_grad to each of N rows, in turn: a row may be among them twice. */
W2V_INLINE void scatter(const int N, float *const *row, size_t dim, float grad_scale,
                        const float *input_grad)
{
    const vfloat scale = v_set1(grad_scale);
    LOCAL_ROWS(N, row)
    for (size_t k = 0; k < dim; k += LANES) {
        const vfloat d = v_mul(scale, v_load(input_grad + k));
        W2V_UNROLL
        for (int i = 0; i < N; i++)
            v_store(rows[i] + k, v_add(v_load(rows[i] + k), d));
    }
}

/* CALL(N, i) for N rows from the i-th on, as many at a time as there are registers for pointers. */
#define FOR_ROW_GROUPS(n, CALL)      \
    for (int i = 0; i < (n); i += 8) \
        switch ((n) - i) {           \
        case 1: CALL(1, i); break;   \
        case 2: CALL(2, i); break;   \
        case 3: CALL(3, i); break;   \
        case 4: CALL(4, i); break;   \
        case 5: CALL(5, i); break;   \
        case 6: CALL(6, i); break;   \
        case 7: CALL(7, i); break;   \
        default: CALL(8, i);         \
        }

/* Returns the size of the next tile when m outputs are divided into the fewest tiles of at most
 * `max_size`, of sizes as even as possible. */
W2V_INLINE int next_tile(int m, int max_size) { return m / ((m + max_size - 1) / max_size); }

/* All logits are computed before any update, whatever the number of tiles. */
W2V_INLINE float all_gradients(const w2v_batch *batch, float *const *out, const float *label,
                               const float *offset, int m, float alpha, size_t dim, float *g)
{
    float loss = 0.0f;
    for (int j = 0, size; j < m; j += size, g += gradient_floats(batch->n)) {
        size = next_tile(m - j, LOGIT_TILE);
        loss += gradients(size, batch, out + j, label + j, offset ? offset + j : NULL, OF_OUTPUTS,
                          alpha, dim, g);
    }
    return loss;
}

/* Pooled inputs: their scaled sum is the only input of the tiles. */
W2V_NOINLINE float step_pooled(const w2v_batch *batch, const w2v_batch *upcoming, float alpha,
                               size_t dim, float *scratch)
{
    const int n = batch->n, m = batch->m;
    float *const *out = batch->rows + n;
    float *hidden = scratch, *input_grad = hidden + row_stride(dim),
          *g = input_grad + row_stride(dim);
#define GATHER(N, i) gather(N, batch->rows + i, i == 0, dim, batch->pool_scale, hidden)
    FOR_ROW_GROUPS(n, GATHER)
#undef GATHER
    const w2v_batch one = {&hidden, NULL, NULL, 1, 0, 0, 0.0f, 0.0f};
    const float loss = all_gradients(&one, out, batch->labels, batch->offsets, m, alpha, dim, g);
    if (alpha == 0.0f)
        return loss;
    for (int j = 0, size; j < m; j += size, g += gradient_floats(1)) {
        size = next_tile(m - j, LOGIT_TILE);
        update_one(size, hidden, out + j, g, j == 0, input_grad, j == 0 ? upcoming : &no_batch,
                   dim);
    }
#define SCATTER(N, i) scatter(N, batch->rows + i, dim, batch->grad_scale, input_grad)
    FOR_ROW_GROUPS(n, SCATTER)
#undef SCATTER
    return loss;
}

/* Many outputs and many inputs: each logit tile is updated in one or more update tiles. */
W2V_NOINLINE float step_tiled(const w2v_batch *batch, const w2v_batch *upcoming, float alpha,
                              size_t dim, float *scratch)
{
    const int n = batch->n, m = batch->m;
    float *const *out = batch->rows + n;
    float *input_grads = scratch, *g = input_grads + n * row_stride(dim);
    const float loss =
        all_gradients(batch, out, batch->labels, batch->offsets, m, alpha, dim, g);
    if (alpha == 0.0f)
        return loss;
    for (int j = 0, grad_stride; j < m; g += gradient_floats(n)) {
        grad_stride = next_tile(m - j, LOGIT_TILE);
        for (int i = 0, size; i < grad_stride; i += size, j += size) {
            size = next_tile(grad_stride - i, UPDATE_TILE);
            update_part(size, batch, out + j, g + i, grad_stride, j == 0, j + size == m,
                        input_grads, j == 0 ? upcoming : &no_batch, dim);
        }
    }
    return loss;
}

/* More outputs than one update tile, but few inputs: outputs and inputs change places, since a score is
 * the same from both sides. A tile of all inputs stays in registers, and no sum goes through memory. */
W2V_NOINLINE float step_swapped(const w2v_batch *batch, const w2v_batch *upcoming, float alpha,
                                size_t dim, float *scratch)
{
    const int n = batch->n, m = batch->m;
    const w2v_batch swapped = {batch->rows + n, batch->labels, batch->offsets, m, n, 0, 0.0f, 0.0f};
    const float *label = batch->labels, *offset = batch->offsets;
    const float loss =
        gradients(n, &swapped, batch->rows, label, offset, OF_INPUTS, alpha, dim, scratch);
    if (alpha != 0.0f)
        update(n, &swapped, batch->rows, scratch, upcoming, dim);
    return loss;
}

float STEP_NAME(const w2v_batch *batch, const w2v_batch *upcoming, float alpha, size_t dim,
                float *scratch)
{
    const int n = batch->n, m = batch->m;
    if (n == 0 || m == 0)
        return 0.0f;
    if (batch->pool_scale != 0.0f)
        return step_pooled(batch, upcoming, alpha, dim, scratch);
    const int single = n == 1 && m <= LOGIT_TILE;
    if (m > UPDATE_TILE && !single)
        return (n <= UPDATE_TILE ? step_swapped : step_tiled)(batch, upcoming, alpha, dim, scratch);
    float *const *out = batch->rows + n;
    const float loss = gradients(m, batch, out, batch->labels, batch->offsets, OF_OUTPUTS, alpha, dim,
                                 scratch);
    if (alpha == 0.0f)
        return loss;
    if (single)
        update_single(m, batch->rows[0], out, scratch, upcoming, dim);
    else
        update(m, batch, out, scratch, upcoming, dim);
    return loss;
}
