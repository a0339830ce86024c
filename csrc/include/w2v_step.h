/* w2v_step.h - the dense step: the update that every architecture and objective consists of.
 *
 * n input rows meet m output rows; output j has label y_j (1 true, 0 noise) and offset b_j. In one step:
 *
 *     s_ij   = in_i . out_j + b_j
 *     g_ij   = alpha * (y_j - sigmoid(s_ij))
 *     in_i  += sum_j g_ij out_j
 *     out_j += sum_i g_ij in_i
 *
 * Logits and sums use the rows as they were before the step (Mikolov et al., 2013, "Distributed
 * representations", eq. 4, as one block). A row may occur several times among the inputs or among the
 * outputs: the updates of all occurrences are added in turn, none is lost. The second occurrence of a
 * row may see the first one's update in what it adds to the rows of the other side, as in pair-by-pair
 * SGD. Inputs and outputs must not be rows of the same matrix.
 *
 * With `pool_scale`, the inputs are pooled into one (CBOW; Mikolov et al., 2013, "Efficient estimation"):
 *
 *     h      = pool_scale * sum_i in_i
 *     g_j    = alpha * (y_j - sigmoid(h . out_j + b_j))
 *     in_i  += grad_scale * sum_j g_j out_j
 *     out_j += g_j h
 */
#ifndef W2V_STEP_H
#define W2V_STEP_H

#include <stddef.h>
#include <stdint.h>

typedef struct w2v_batch {
    float **rows;        /* n input rows, then m output rows */
    const float *labels; /* m labels */
    const float *offsets; /* m offsets of scores; NULL: all are zero */
    int32_t n, m;        /* n >= 0, m >= 0 */
    int32_t n_cached;    /* as an upcoming batch: the first rows, which need not be prefetched */
    float pool_scale;    /* 0: each input meets the outputs by itself */
    float grad_scale;    /* of the inputs' gradients; ignored if pool_scale is 0 */
} w2v_batch;

/* batch     the rows to train. Each row holds `dim` numbers followed by zeros up to a multiple of
 *           W2V_ROW_FLOATS floats. Any alignment is allowed; 64-byte alignment is fastest, and strides
 *           that are a multiple of 1024 bytes are slow (conflicts in the first-level cache). The zeros
 *           are read and written, and stay zero.
 * upcoming  a later batch whose rows are prefetched meanwhile (only their addresses are used);
 *           upcoming->n = upcoming->m = 0 for none.
 * alpha     learning rate; if 0, rows are only read.
 * dim       dimensions of a vector, at least 1.
 * scratch   w2v_step_scratch(n, m, dim) floats; nothing in it is kept between calls.
 * returns   the loss before the update, in nats, summed over all n * m pairs (m with `pool_scale`):
 *           -log sigmoid(s) for label 1, -log sigmoid(-s) for label 0. */
typedef float (*w2v_step_fn)(const w2v_batch *batch, const w2v_batch *upcoming, float alpha,
                             size_t dim, float *scratch);

#define W2V_ROW_FLOATS 16 /* a cache line of 64 bytes */

/* Returns the floats of scratch that one call of any variant needs. */
size_t w2v_step_scratch(int32_t n, int32_t m, size_t dim);

/* Returns the i-th variant's step; i must be below the number of variants. */
w2v_step_fn w2v_variant_step(int i);

#endif
