/* w2v_anchor.h - the pull that holds rows near the place where they were when training began.
 *
 * The loss of a step has one more term for each row x that the step meets, strength / 2 |x - home|^2. Its
 * part of the step is implicit: x is replaced by the minimum of
 *
 *     |z - x|^2 / (2 alpha) + strength / 2 |z - home|^2,    z = home + (x - home) / (1 + alpha strength)
 *
 * which no strength can overshoot (Parikh and Boyd, 2014, Proximal algorithms, section 4.2). A row that a step
 * meets twice is pulled twice.
 */
#ifndef W2V_ANCHOR_H
#define W2V_ANCHOR_H

#include <stddef.h>

#include "w2v_matrix.h"

typedef struct w2v_anchor {
    const float *homes;     /* (n_rows, stride): the first rows of a matrix, as they were */
    const float *strengths; /* (n_rows,): 0 leaves a row free */
    size_t n_rows;          /* rows beyond are free */
} w2v_anchor;

/* Pulls n rows of a matrix, whose addresses w2v_row has returned, after a step with learning rate `alpha`. */
W2V_INLINE void w2v_pull(const w2v_matrix *matrix, const w2v_anchor *anchor, float *const *rows, int n,
                         float alpha)
{
    const size_t stride = matrix->row_size / sizeof(float);
    for (int i = 0; i < n; i++) {
        const size_t number = w2v_row_number(matrix, rows[i]);
        if (number >= anchor->n_rows || anchor->strengths[number] == 0.0f)
            continue;
        const float kept = 1.0f / (1.0f + alpha * anchor->strengths[number]);
        const float *home = anchor->homes + number * stride;
        float *row = rows[i];
        for (size_t k = 0; k < stride; k++)
            row[k] = home[k] + kept * (row[k] - home[k]);
    }
}

#endif
