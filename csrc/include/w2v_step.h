/* w2v_step.h - the dense step: every architecture and objective is one of these.
 *
 * n input rows meet m output rows; output j carries label y_j (1 true, 0 noise). In one go:
 *
 *     s_ij   = in_i . out_j
 *     g_ij   = alpha * (y_j - sigmoid(s_ij))
 *     in_i  += sum_j g_ij out_j
 *     out_j += sum_i g_ij in_i
 *
 * with scores and sums taken from the rows as they were before the step (Mikolov et al., 2013,
 * "Distributed representations", eq. 4, as one block). A row may stand several times among the
 * inputs or among the outputs: each occurrence's update is added in turn, none is lost. The second
 * occurrence of an input sees the first one's update in what it adds to the outputs, as pair-by-pair
 * SGD would; so may the second occurrence of an output in what it adds to the inputs. Inputs and
 * outputs must not be rows of the same matrix.
 *
 * With `pool`, the inputs are met as one (CBOW; Mikolov et al., 2013, "Efficient estimation"):
 *
 *     h      = pool * sum_i in_i
 *     g_j    = alpha * (y_j - sigmoid(h . out_j))
 *     in_i  += share * sum_j g_j out_j
 *     out_j += g_j h
 */
#ifndef W2V_STEP_H
#define W2V_STEP_H

#include <stddef.h>
#include <stdint.h>

typedef struct w2v_task {
    float **row;        /* n input rows, then m output rows */
    const float *label; /* m labels */
    int32_t n, m;       /* n >= 0, m >= 0 */
    float pool, share;  /* pool = 0: each input meets the outputs by itself */
} w2v_task;

/* now      what to train on. Each row holds `dim` numbers followed by zeros up to a multiple of
 *          W2V_ROW_FLOATS floats; any alignment works, 64-byte aligned rows are fastest, and slow
 *          are rows a multiple of 1024 bytes apart: their beginnings share few sets of the first-
 *          level cache. The zeros are read and written, and stay zero.
 * ahead    a later task whose rows are prefetched meanwhile (only their addresses are used);
 *          ahead->n = ahead->m = 0 for none.
 * alpha    learning rate; at 0 rows are only read.
 * dim      dimensions of a vector, at least 1.
 * scratch  w2v_step_scratch(n, m, dim) floats, no content kept between calls.
 * returns  the loss before the update, in nats, summed over all n * m pairs (m with `pool`):
 *          -log sigmoid(s) for label 1, -log sigmoid(-s) for label 0. */
typedef float (*w2v_step_fn)(const w2v_task *now, const w2v_task *ahead, float alpha, size_t dim,
                             float *scratch);

#define W2V_ROW_FLOATS 16 /* a cache line of 64 bytes */

/* Floats of scratch that one call of any variant needs. */
size_t w2v_step_scratch(int32_t n, int32_t m, size_t dim);

/* The i-th variant's step; i must be below the number of variants. */
w2v_step_fn w2v_variant_step(int i);

#endif
