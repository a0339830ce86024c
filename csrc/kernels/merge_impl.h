/* merge_impl.h - merges replicas, estimates the curvature and decomposes it (see w2v_merge.h), written once
 * over the primitives of a simd_*.h.
 *
 * Included by each merge_*.c inside its target region, with MERGE_NAME, CURVATURE_NAME, EIGEN_NAME,
 * GRAM_NAME, TRANSFORM_NAME and the primitives defined. No intrinsics, no malloc.
 *
 * Rows go through in one pass: what most rows need, adding up deltas, is bound by memory. Rows that are
 * shrunk wait until there are BLOCK_ROWS of them, and are then rotated together.
 */

#include "exp_of_minus.h"

/* Row and column tile of a product: 4 x 2 sums stay in registers. */
#define TILE_ROWS 4
#define TILE_VECTORS 2

/* (1 - exp(-z)) / z for z >= 0. */
W2V_INLINE vfloat mean_of_exp(vfloat z)
{
    const vfloat one = v_set1(1.0f);
    const vfloat quotient = v_div(v_sub(one, exp_of_minus(z)), v_max(z, v_set1(1e-30f)));
    vfloat series = v_fma(z, v_set1(-1.0f / 24), v_set1(1.0f / 6)); /* 1 - z/2 + z^2/6 - z^3/24 */
    series = v_fma(series, z, v_set1(-0.5f));
    series = v_fma(series, z, one);
    return v_select_by_sign(v_sub(z, v_set1(0.05f)), quotient, series);
}

/* A product's operands: out (+)= in @ matrix, over the first `depth` columns of `in`. */
typedef struct {
    const float *in, *matrix;
    float *out;
    size_t in_stride, width, depth; /* `width` is the stride of matrix and out */
} product_of;

/* R rows from `row` and V vectors of columns from `column` on. */
W2V_INLINE void product_tile(const int R, const int V, const int adds, const product_of *p, size_t row,
                             size_t column)
{
    const float *in = p->in + row * p->in_stride;
    float *out = p->out + row * p->width + column;
    vfloat sum[TILE_ROWS][TILE_VECTORS];
    W2V_UNROLL
    for (int r = 0; r < R; r++)
        W2V_UNROLL
        for (int v = 0; v < V; v++)
            sum[r][v] = adds ? v_load(out + (size_t)r * p->width + v * LANES) : v_set1(0.0f);
    for (size_t k = 0; k < p->depth; k++) {
        const float *line = p->matrix + k * p->width + column;
        vfloat y[TILE_VECTORS];
        W2V_UNROLL
        for (int v = 0; v < V; v++)
            y[v] = v_load(line + v * LANES);
        W2V_UNROLL
        for (int r = 0; r < R; r++) {
            const vfloat x = v_set1(in[(size_t)r * p->in_stride + k]);
            W2V_UNROLL
            for (int v = 0; v < V; v++)
                sum[r][v] = v_fma(x, y[v], sum[r][v]);
        }
    }
    W2V_UNROLL
    for (int r = 0; r < R; r++)
        W2V_UNROLL
        for (int v = 0; v < V; v++)
            v_store(out + (size_t)r * p->width + v * LANES, sum[r][v]);
}

/* The first `columns` columns, a multiple of LANES, for `rows` rows, a multiple of TILE_ROWS. */
W2V_INLINE void product(const int adds, const product_of *p, size_t rows, size_t columns)
{
    size_t column = 0;
    for (; column + TILE_VECTORS * LANES <= columns; column += TILE_VECTORS * LANES)
        for (size_t r = 0; r < rows; r += TILE_ROWS)
            product_tile(TILE_ROWS, TILE_VECTORS, adds, p, r, column);
    for (; column < columns; column += LANES)
        for (size_t r = 0; r < rows; r += TILE_ROWS)
            product_tile(TILE_ROWS, 1, adds, p, r, column);
}

/* ---- Merging ---- */

/* The shards that have trained a row, in their order; returns how many. */
W2V_INLINE size_t shards_of(const w2v_merge *m, size_t row, uint32_t *shards)
{
    size_t n = 0;
    for (size_t i = 0; i < m->n_shards; i++)
        if (m->marks[i][row] == W2V_TRAINED)
            shards[n++] = (uint32_t)i;
    return n;
}

/* Writes a new row to the base, and to the replicas of the n shards that have trained it: these are in the
 * cache, and will be needed again. If half of all shards have, the others will probably need it, too; one row
 * after the other, they are written in less time than one by one when they are first used. */
W2V_INLINE vfloat write_row(const w2v_merge *m, size_t row, const float *x, size_t n, size_t width)
{
    const int likely = 2 * n >= m->n_shards;
    float *base = m->base + row * m->stride;
    vfloat zero = v_set1(0.0f);
    for (size_t k = 0; k < width; k += LANES) {
        const vfloat v = v_load(x + k);
        zero = v_add(zero, v_sub(v, v));
        v_store(base + k, v);
    }
    for (size_t i = 0; i < m->n_shards; i++) {
        w2v_mark *mark = m->marks[i] + row;
        float *replica = m->replicas[i] + row * m->stride;
        if (*mark != W2V_TRAINED && !likely)
            *mark = W2V_STALE;
        else {
            *mark = W2V_FRESH;
            if (replica != x)
                memcpy(replica, base, width * sizeof(float));
        }
    }
    return zero;
}

/* Turns deltas into the new row, and writes it. */
W2V_INLINE vfloat add_row(const w2v_merge *m, size_t row, float *delta, size_t n, size_t width)
{
    const float *base = m->base + row * m->stride;
    for (size_t k = 0; k < width; k += LANES)
        v_store(delta + k, v_add(v_load(base + k), v_load(delta + k)));
    return write_row(m, row, delta, n, width);
}

/* Adds up the deltas of a row that n shards have trained. */
W2V_INLINE void add_deltas(const w2v_merge *m, size_t row, const uint32_t *shards, size_t n, size_t width,
                           float *delta)
{
    const float *base = m->base + row * m->stride;
    for (size_t i = 0; i < n; i++) {
        const float *replica = m->replicas[shards[i]] + row * m->stride;
        for (size_t k = 0; k < width; k += LANES) {
            const vfloat d = v_sub(v_load(replica + k), v_load(base + k));
            v_store(delta + k, i == 0 ? d : v_add(v_load(delta + k), d));
        }
    }
}

/* A row's touches, and the effective number of shards that they come from. */
W2V_INLINE float count_touches(const w2v_merge *m, size_t row, const uint32_t *shards, size_t n,
                               float *effective)
{
    float sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        float touched = (float)m->occurrences[shards[i]][row] * m->per_occurrence[row];
        if (m->noise)
            touched += m->draws[shards[i]] * m->noise[row];
        sum += touched;
        squares += touched * touched;
    }
    *effective = squares > 0 ? sum * sum / squares : 1;
    return sum;
}

/* Rows that wait to be shrunk. */
typedef struct {
    size_t n;
    size_t row[BLOCK_ROWS], trained[BLOCK_ROWS]; /* by how many shards */
    float touches[BLOCK_ROWS], shards[BLOCK_ROWS], pull[BLOCK_ROWS];
    float *deltas, *rotated; /* (BLOCK_ROWS, width) each */
} waiting_rows;

/* Eigenvectors along which a row is shrunk noticeably; for rare words, the first few. */
W2V_INLINE size_t rank_of(const w2v_merge *m, const waiting_rows *w, size_t r)
{
    const float moved = w->touches[r] * (w->shards[r] - 1) / w->shards[r];
    size_t rank = 0;
    while (rank < m->dim && (m->exponents[rank] + w->pull[r]) * moved > m->least_exponent)
        rank++;
    return rank;
}

/* The deltas, shrunk along each eigenvector and written. Each row is shrunk along its own eigenvectors only:
 * what becomes of it must not depend on which rows wait beside it. */
W2V_NOINLINE vfloat shrink(const w2v_merge *m, waiting_rows *w, size_t width)
{
    vfloat zero = v_set1(0.0f);
    const vfloat one = v_set1(1.0f);
    size_t ranks[BLOCK_ROWS], rank = 0;
    for (size_t r = 0; r < w->n; r++) {
        ranks[r] = rank_of(m, w, r);
        rank = ranks[r] > rank ? ranks[r] : rank;
    }
    const size_t columns = (rank + LANES - 1) / LANES * LANES;
    const product_of rotation = {w->deltas, m->basis, w->rotated, width, width, m->dim};
    product(0, &rotation, BLOCK_ROWS, columns);
    for (size_t r = 0; r < w->n; r++) {
        float *rotated = w->rotated + r * width;
        const vfloat inverse = v_set1(1.0f / w->shards[r]), scale = v_set1(w->touches[r]);
        const vfloat pull = v_set1(w->pull[r]);
        for (size_t k = 0; k < ranks[r]; k += LANES) {
            const vfloat z = v_mul(scale, v_add(v_load(m->exponents + k), pull));
            const vfloat f = v_div(mean_of_exp(z), mean_of_exp(v_mul(z, inverse)));
            v_store(rotated + k, v_mul(v_sub(f, one), v_load(rotated + k)));
        }
        memset(rotated + ranks[r], 0, (columns - ranks[r]) * sizeof(float));
    }
    const product_of back = {w->rotated, m->basis_transposed, w->deltas, width, width, rank};
    product(1, &back, BLOCK_ROWS, width);
    for (size_t r = 0; r < w->n; r++)
        zero = v_add(zero, add_row(m, w->row[r], w->deltas + r * width, w->trained[r], width));
    w->n = 0;
    return zero;
}

#define SKIPPED 4 /* marks in eight bytes */

/* Returns the next row from `row` on, or `end`: rows that no shard has trained are skipped, four at once. */
W2V_INLINE size_t skip_untrained(const w2v_merge *m, size_t row, size_t end)
{
    static const w2v_mark trained[SKIPPED] = {W2V_TRAINED, W2V_TRAINED, W2V_TRAINED, W2V_TRAINED};
    uint64_t bits;
    memcpy(&bits, trained, sizeof(bits));
    for (; row + SKIPPED <= end; row += SKIPPED) {
        uint64_t any = 0;
        for (size_t i = 0; i < m->n_shards; i++) {
            uint64_t marks;
            memcpy(&marks, m->marks[i] + row, sizeof(marks));
            any |= marks;
        }
        if (any & bits)
            break;
    }
    return row < end ? row : end;
}

void MERGE_NAME(w2v_merge *m, size_t first, size_t end, float *scratch)
{
    const size_t width = merge_width(m->dim);
    waiting_rows w = {0, {0}, {0}, {0}, {0}, {0}, scratch, scratch + BLOCK_ROWS * width};
    vfloat zero = v_set1(0.0f);
    const float largest = m->exponents[0];
    memset(scratch, 0, 2 * BLOCK_ROWS * width * sizeof(float));
    m->n_rotated = 0;
    for (size_t row = first; row < end; row++) {
        if ((row - first) % SKIPPED == 0 && (row = skip_untrained(m, row, end)) == end)
            break;
        const size_t n = shards_of(m, row, m->shards);
        if (n == 0)
            continue;
        if (n == 1) {
            zero = v_add(zero, write_row(m, row, m->replicas[m->shards[0]] + row * m->stride, n, width));
            continue;
        }
        float *delta = w.deltas + w.n * width;
        add_deltas(m, row, m->shards, n, width, delta);
        float effective;
        const float touches = count_touches(m, row, m->shards, n, &effective);
        const float pull = m->pulls ? m->pulls[row] : 0.0f;
        if (!((largest + pull) * touches * (effective - 1) > m->least_exponent * effective)) {
            zero = v_add(zero, add_row(m, row, delta, n, width));
            continue;
        }
        w.row[w.n] = row, w.trained[w.n] = n, w.touches[w.n] = touches, w.shards[w.n] = effective;
        w.pull[w.n] = pull;
        m->n_rotated++;
        if (++w.n == BLOCK_ROWS)
            zero = v_add(zero, shrink(m, &w, width));
    }
    if (w.n)
        zero = v_add(zero, shrink(m, &w, width));
    m->is_finite = v_reduce_add(zero) == 0;
}

/* ---- Curvature ---- */

W2V_INLINE void transpose(const float *rows, size_t n, size_t stride, const float *scale, float *out)
{
    for (size_t k = 0; k < stride; k++)
        for (size_t i = 0; i < n; i++)
            out[k * n + i] = rows[i * stride + k] * (scale ? scale[i] : 1.0f);
}

/* Replaces scores by the slopes of the sigmoid, and adds them up along both sides. */
W2V_INLINE void slopes(float *scores, size_t n, size_t m, float *of_inputs, float *of_outputs)
{
    const vfloat one = v_set1(1.0f);
    const float share = 1.0f / ((float)n * (float)m);
    memset(of_outputs, 0, m * sizeof(float));
    for (size_t i = 0; i < n; i++) {
        vfloat sum = v_set1(0.0f);
        for (size_t j = 0; j < m; j += LANES) {
            const vfloat e = exp_of_minus(v_abs(v_load(scores + i * m + j)));
            const vfloat r = v_div(one, v_add(one, e));
            const vfloat slope = v_mul(v_mul(e, r), v_mul(r, v_set1(share)));
            sum = v_add(sum, slope);
            v_store(of_outputs + j, v_add(v_load(of_outputs + j), slope));
        }
        of_inputs[i] = v_reduce_add(sum);
    }
}

void CURVATURE_NAME(const w2v_drawn *inputs, const w2v_drawn *outputs, size_t stride, float *scratch)
{
    const size_t n = inputs->n, m = outputs->n;
    float *scores = scratch, *of_inputs = scores + n * m, *of_outputs = of_inputs + n;
    float *turned_inputs = of_outputs + m, *turned_outputs = turned_inputs + n * stride;
    transpose(outputs->rows, m, stride, NULL, turned_outputs);
    const product_of dots = {inputs->rows, turned_outputs, scores, stride, m, stride};
    product(0, &dots, n, m);
    slopes(scores, n, m, of_inputs, of_outputs);
    transpose(inputs->rows, n, stride, of_inputs, turned_inputs);
    transpose(outputs->rows, m, stride, of_outputs, turned_outputs);
    const product_of gram_of_inputs = {turned_inputs, inputs->rows, inputs->gram, n, stride, n};
    const product_of gram_of_outputs = {turned_outputs, outputs->rows, outputs->gram, m, stride, m};
    product(0, &gram_of_inputs, stride, stride);
    product(0, &gram_of_outputs, stride, stride);
}

/* ---- Eigenvectors ---- */

W2V_INLINE float dot(const float *x, const float *y, size_t from, size_t width)
{
    vfloat sum = v_set1(0.0f);
    for (size_t k = from; k < width; k += LANES)
        sum = v_fma(v_load(x + k), v_load(y + k), sum);
    return v_reduce_add(sum);
}

/* y += a x */
W2V_INLINE void add_multiple(float a, const float *x, float *y, size_t from, size_t width)
{
    const vfloat scale = v_set1(a);
    for (size_t k = from; k < width; k += LANES)
        v_store(y + k, v_fma(scale, v_load(x + k), v_load(y + k)));
}

/* Reduces a to tridiagonal form by reflections I - beta v v^T; leaves v of the k-th in row k, where it is
 * zero up to column k, and beta in `betas`. */
W2V_INLINE void tridiagonalize(const w2v_eigen *p, float *betas, float *w)
{
    const size_t n = p->n, width = p->width;
    for (size_t k = 0; k + 1 < n; k++) {
        float *v = p->a + k * width;
        const size_t from = (k + 1) / LANES * LANES;
        p->diagonal[k] = v[k];
        memset(v, 0, (k + 1) * sizeof(float));
        const float norm = sqrtf(dot(v, v, from, width));
        p->beside[k] = v[k + 1] > 0 ? -norm : norm;
        v[k + 1] += v[k + 1] > 0 ? norm : -norm;
        const float square = dot(v, v, from, width);
        const float beta = betas[k] = square > 0 ? 2 / square : 0;
        for (size_t i = k + 1; i < n; i++)
            w[i] = beta * dot(p->a + i * width, v, from, width);
        const float half = -0.5f * beta * dot(w, v, from, width);
        add_multiple(half, v, w, from, width);
        for (size_t i = k + 1; i < n; i++) {
            float *row = p->a + i * width;
            add_multiple(-v[i], w, row, from, width);
            add_multiple(-w[i], v, row, from, width);
        }
        w[k + 1] = 0;
    }
    p->diagonal[n - 1] = p->a[(n - 1) * width + n - 1];
    p->beside[n - 1] = 0;
}

/* Writes the transposed product of the reflections to `vectors`, beginning with the last. */
W2V_INLINE void multiply_reflections(const w2v_eigen *p, const float *betas)
{
    const size_t n = p->n, width = p->width;
    memset(p->vectors, 0, width * width * sizeof(float));
    for (size_t i = 0; i < n; i++)
        p->vectors[i * width + i] = 1;
    for (size_t k = n - 1; k-- > 0;) {
        const float *v = p->a + k * width;
        const size_t from = (k + 1) / LANES * LANES;
        for (size_t i = k + 1; i < n; i++) {
            float *row = p->vectors + i * width;
            add_multiple(-betas[k] * dot(row, v, from, width), v, row, from, width);
        }
    }
}

/* Rotates two rows. */
W2V_INLINE void rotate(float c, float s, float *x, float *y, size_t width)
{
    const vfloat cosine = v_set1(c), sine = v_set1(s);
    for (size_t k = 0; k < width; k += LANES) {
        const vfloat a = v_load(x + k), b = v_load(y + k);
        v_store(x + k, v_sub(v_mul(cosine, a), v_mul(sine, b)));
        v_store(y + k, v_fma(sine, a, v_mul(cosine, b)));
    }
}

/* One sweep of implicit QL from row m to row l; shorter if it meets a zero, which splits the matrix. */
W2V_INLINE void sweep(const w2v_eigen *p, size_t l, size_t m)
{
    double *d = p->diagonal, *e = p->beside;
    const double half = (d[l + 1] - d[l]) / (2 * e[l]);
    const double root = sqrt(half * half + 1);
    double g = d[m] - d[l] + e[l] / (half + (half < 0 ? -root : root));
    double s = 1, c = 1, shift = 0;
    for (size_t i = m; i-- > l;) {
        const double f = s * e[i], b = c * e[i];
        const double r = sqrt(f * f + g * g);
        e[i + 1] = r;
        if (r == 0) {
            d[i + 1] -= shift;
            e[m] = 0;
            return;
        }
        s = f / r;
        c = g / r;
        const double before = d[i + 1] - shift;
        const double t = (d[i] - before) * s + 2 * c * b;
        shift = s * t;
        d[i + 1] = before + shift;
        g = c * t - b;
        rotate((float)c, (float)s, p->vectors + i * p->width, p->vectors + (i + 1) * p->width, p->width);
    }
    d[l] -= shift;
    e[l] = g;
    e[m] = 0;
}

/* Tridiagonal form by Householder's reflections, then QL with implicit shifts: Bowdler, Martin, Reinsch and
 * Wilkinson (1968), The QR and QL algorithms for symmetric matrices. Rows are vectors, so that every loop
 * runs along memory. */
int EIGEN_NAME(const w2v_eigen *p, float *scratch)
{
    double *d = p->diagonal, *e = p->beside;
    memset(scratch, 0, 2 * p->width * sizeof(float));
    tridiagonalize(p, scratch, scratch + p->width);
    multiply_reflections(p, scratch);
    for (size_t l = 0; l < p->n; l++)
        for (int tries = 0;; tries++) {
            size_t m = l;
            while (m + 1 < p->n && !(fabs(e[m]) <= NEGLIGIBLE * (fabs(d[m]) + fabs(d[m + 1]))))
                m++;
            if (m == l)
                break;
            if (tries == MAX_SWEEPS)
                return 0;
            sweep(p, l, m);
        }
    return 1;
}

/* ---- Balance ---- */

void GRAM_NAME(const float *rows, const float *weights, size_t n, size_t stride, float *gram, float *scratch)
{
    transpose(rows, n, stride, weights, scratch);
    const product_of p = {scratch, rows, gram, n, stride, n};
    product(0, &p, stride, stride);
}

void TRANSFORM_NAME(float *rows, size_t n, size_t stride, size_t dim, const float *matrix, float *scratch)
{
    const size_t width = merge_width(dim);
    float *before = scratch, *after = scratch + BLOCK_ROWS * width;
    const product_of p = {before, matrix, after, width, width, dim};
    memset(before, 0, BLOCK_ROWS * width * sizeof(float));
    for (size_t first = 0; first < n; first += BLOCK_ROWS) {
        const size_t count = n - first < BLOCK_ROWS ? n - first : BLOCK_ROWS;
        for (size_t r = 0; r < count; r++)
            memcpy(before + r * width, rows + (first + r) * stride, width * sizeof(float));
        product(0, &p, BLOCK_ROWS, width);
        for (size_t r = 0; r < count; r++)
            memcpy(rows + (first + r) * stride, after + r * width, width * sizeof(float));
    }
}
