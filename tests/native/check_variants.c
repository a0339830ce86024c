/* check_variants.c - compares every variant of the dense step, of the distances and of merging with the
 * plain C one, without Python.
 *
 * For CPUs that are only emulated: .ci/run builds this with a cross compiler and runs it under QEMU.
 *
 *     check_variants NAME          succeeds if the variant NAME runs and all variants agree
 *     check_variants NAME planted  the same after changing one number of each result: has to fail
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "w2v_dispatch.h"
#include "w2v_distance.h"
#include "w2v_merge.h"
#include "w2v_step.h"

enum { IN = 11, OUT = 33, DIM = 300, STRIDE = 304, SCRATCH = 1 << 15 };

typedef struct run {
    float in[IN * STRIDE + 16], out[OUT * STRIDE + 16], loss;
} run;

static float scratch[SCRATCH], label[OUT];
static run start, want, got;

/* One step of variant i from `start`, all rows `offset` floats into their matrix. */
static void go(int i, int n, int m, int dim, int offset, float pool, run *r)
{
    float *row[IN + OUT];
    const int stride = (dim + 15) / 16 * 16;
    memset(r, 0, sizeof *r);
    for (int j = 0; j < n + m; j++) {
        row[j] = (j < n ? r->in + j * stride : r->out + (j - n) * stride) + offset;
        memcpy(row[j], (j < n ? start.in + j * STRIDE : start.out + (j - n) * STRIDE),
               (size_t)dim * sizeof(float));
    }
    if (w2v_step_scratch(n, m, (size_t)dim) > SCRATCH)
        abort();
    memset(scratch, 0xFF, sizeof scratch); /* NaN: a step that reads it shows */
    const w2v_batch none = {0};
    const w2v_batch batch = {
        .rows = row, .labels = label, .n = n, .m = m, .pool_scale = pool, .grad_scale = pool};
    r->loss = w2v_variant_step(i)(&batch, &none, 0.05f, (size_t)dim, scratch);
}

static int close_to(const float *a, const float *b, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (!(fabsf(a[k] - b[k]) <= 2e-6f + 1e-5f * fabsf(b[k])))
            return 0;
    return 1;
}

/* Compares m rows of one matrix with n of the other, at odd addresses, and returns the number of norms and
 * score matrices of a variant that differ from the plain ones. */
static int wrong_distances(int v, int plain, int n, int m, int dim, int planted)
{
    static float want_score[OUT * IN], got_score[OUT * IN], norms[OUT];
    double want_norm[OUT], got_norm[OUT];
    int wrong = 0;
    w2v_variant_norms(plain)(start.out + 1, (size_t)m, STRIDE, (size_t)dim, want_norm);
    w2v_variant_norms(v)(start.out + 1, (size_t)m, STRIDE, (size_t)dim, got_norm);
    for (int j = 0; j < m; j++) {
        norms[j] = (float)want_norm[j];
        wrong += !(fabs(got_norm[j] - want_norm[j]) <= 1e-13 * want_norm[j]);
    }
    for (int metric = 0; metric < W2V_N_METRICS; metric++) {
        w2v_comparison c = {.rows = start.out + 1,
                            .queries = start.in + 3,
                            .norms = norms,
                            .out = want_score,
                            .stride = STRIDE,
                            .query_stride = STRIDE,
                            .out_stride = m,
                            .n_rows = (size_t)m,
                            .n_queries = (size_t)n,
                            .dim = (size_t)dim};
        w2v_variant_distance(plain)(&c, metric);
        c.out = got_score;
        w2v_variant_distance(v)(&c, metric);
        got_score[0] += planted ? 1e-3f : 0.0f;
        wrong += !close_to(got_score, want_score, (size_t)n * (size_t)m);
    }
    return wrong;
}

enum { MERGED = 21, SHARDS = 3, WIDTH = 48 };

/* What merging computes from the start, for rows of `dim` numbers, one after the other. */
typedef struct merged {
    float gram[WIDTH * WIDTH], curvature[2][WIDTH * WIDTH], vectors[WIDTH * WIDTH],
        base[MERGED * WIDTH];
    double values[WIDTH];
} merged;

static void merge(int i, size_t dim, merged *r)
{
    static float rows[SHARDS + 1][MERGED * WIDTH], turned[WIDTH * WIDTH], square[WIDTH * WIDTH],
        space[1 << 16];
    static w2v_mark mark[SHARDS][MERGED];
    static int32_t count[MERGED];
    const size_t width = (dim + 15) / 16 * 16;
    float weight[MERGED], exponent[WIDTH] = {0}, *replica[SHARDS];
    w2v_mark *marks[SHARDS];
    const int32_t *counts[SHARDS];
    double beside[WIDTH];
    uint32_t shards[SHARDS];
    memset(rows, 0, sizeof rows);
    memset(r, 0, sizeof *r);
    for (size_t j = 0; j < MERGED; j++) {
        weight[j] = 0.1f * (float)(j % 5);
        count[j] = (int32_t)(30 * j);
        for (size_t s = 0; s <= SHARDS; s++)
            for (size_t k = 0; k < dim; k++)
                rows[s][j * width + k] =
                    start.out[j * STRIDE + k] + (s ? 0.1f * start.in[s * STRIDE + j + k] : 0);
    }
    w2v_variant_gram(i)(rows[0], weight, MERGED, width, r->gram, space);
    memcpy(square, r->gram, sizeof square);
    const w2v_eigen eigen = {square, r->vectors, r->values, beside, dim, width};
    if (!w2v_variant_eigen(i)(&eigen, space))
        abort();
    const w2v_drawn x = {rows[0], 16, r->curvature[0]}, y = {rows[1], 16, r->curvature[1]};
    w2v_variant_curvature(i)(&x, &y, width, space);
    for (size_t s = 0; s < SHARDS; s++) {
        replica[s] = rows[s + 1], marks[s] = mark[s], counts[s] = count;
        for (size_t j = 0; j < MERGED; j++)
            mark[s][j] = (s + j) % 4 ? W2V_TRAINED : W2V_STALE;
    }
    for (size_t j = 0; j < width; j++) /* no eigenvectors: their signs and order may differ */
        for (size_t k = 0; k < width; k++)
            square[j * width + k] = turned[j * width + k] = j == k && j < dim;
    for (size_t j = 0; j < dim; j++)
        exponent[j] = 0.01f * (float)(dim - j);
    memcpy(r->base, rows[0], sizeof rows[0]);
    w2v_merge m = {r->base,  replica, marks, counts, weight, NULL,   weight, square, turned,
                   exponent, weight,  1e-6f, width,  dim,    SHARDS, shards, 0,      0};
    w2v_variant_merge(i)(&m, 0, MERGED, space);
    w2v_variant_transform(i)(r->base, MERGED, width, dim, r->gram, space);
    if (!m.is_finite)
        abort();
}

/* Returns the number of results of a variant's merging that differ from the plain one's. */
static int wrong_merges(int v, int plain, size_t dim, int planted)
{
    static merged want_merged, got_merged;
    const size_t width = (dim + 15) / 16 * 16;
    int wrong = 0;
    merge(plain, dim, &want_merged);
    merge(v, dim, &got_merged);
    got_merged.base[0] += planted ? 1e-2f : 0.0f;
    const float *want_parts[] = {want_merged.gram, want_merged.curvature[0],
                                 want_merged.curvature[1], want_merged.base};
    const float *got_parts[] = {got_merged.gram, got_merged.curvature[0], got_merged.curvature[1],
                                got_merged.base};
    for (int part = 0; part < 4; part++)
        for (size_t k = 0; k < width * (part < 3 ? width : MERGED); k++)
            if (!(fabsf(got_parts[part][k] - want_parts[part][k]) <= 2e-5f)) {
                wrong++;
                break;
            }
    double sum = 0, want_sum = 0;
    for (size_t k = 0; k < dim; k++) {
        sum += got_merged.values[k] * got_merged.values[k];
        want_sum += want_merged.values[k] * want_merged.values[k];
    }
    return wrong + !(fabs(sum - want_sum) <= 1e-4 * (1 + want_sum));
}

int main(int argc, char **argv)
{
    static const int dims[] = {1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 31, 32, 33, 50, 100, DIM};
    static const int inputs[] = {1, 2, 3, 6, IN};
    const int planted = argc == 3 && strcmp(argv[2], "planted") == 0;
    int plain = 0, named = 0, checked = 0, wrong = 0;
    for (; w2v_variant_name(plain + 1); plain++)
        named |= argc > 1 && !strcmp(argv[1], w2v_variant_name(plain)) && w2v_variant_runs(plain);
    for (int k = 0; k < IN * STRIDE; k++)
        start.in[k] = 0.5f * (float)sin(k + 1);
    for (int k = 0; k < OUT * STRIDE; k++)
        start.out[k] = 0.5f * (float)sin(1.7 * k + 2);
    for (int j = 0; j < OUT; j++)
        label[j] = j % 3 == 0;

    for (size_t d = 0; d < sizeof dims / sizeof *dims; d++)
        for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
            for (int m = 1; m <= OUT; m += m < 17 ? 1 : 8)
                for (int pool = 0; pool < 2; pool++) {
                    const int n = inputs[i], dim = dims[d], offset = (n + m + dim) % 16;
                    go(plain, n, m, dim, offset, 0.3f * (float)pool, &want);
                    for (int v = 0; v < plain; v++) {
                        if (!w2v_variant_runs(v))
                            continue;
                        go(v, n, m, dim, offset, 0.3f * (float)pool, &got);
                        got.out[offset] += planted ? 1e-4f : 0.0f;
                        checked++;
                        if (close_to(got.in, want.in, IN * STRIDE) &&
                            close_to(got.out, want.out, OUT * STRIDE) &&
                            fabsf(got.loss - want.loss) <= 1e-5f + 1e-5f * want.loss)
                            continue;
                        if (wrong++ < 10)
                            printf("%s differs from %s: n %d, m %d, dim %d, pool %d\n",
                                   w2v_variant_name(v), w2v_variant_name(plain), n, m, dim, pool);
                    }
                }
    for (size_t d = 0; d < sizeof dims / sizeof *dims; d++)
        for (int n = 1; n <= 3; n++)
            for (int v = 0; v < plain; v++) {
                if (!w2v_variant_runs(v))
                    continue;
                const int bad = wrong_distances(v, plain, n, OUT - n, dims[d], planted);
                checked++;
                wrong += bad;
                if (bad)
                    printf("%s computes other distances than %s: n %d, dim %d\n",
                           w2v_variant_name(v), w2v_variant_name(plain), n, dims[d]);
            }
    for (size_t d = 0; dims[d] <= WIDTH; d++)
        for (int v = 0; v < plain; v++) {
            if (!w2v_variant_runs(v))
                continue;
            const int bad = wrong_merges(v, plain, (size_t)dims[d], planted);
            checked++;
            wrong += bad;
            if (bad)
                printf("%s merges otherwise than %s: dim %d\n", w2v_variant_name(v),
                       w2v_variant_name(plain), dims[d]);
        }
    printf("%d steps and comparisons made twice, %d wrong\n", checked, wrong);
    if (!named)
        printf("no variant %s runs here\n", argc > 1 ? argv[1] : "was named, or none");
    return wrong || !named;
}
