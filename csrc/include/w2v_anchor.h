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

/* What is to be done with a row of a batch after its step. */
typedef struct w2v_held {
    const float *home; /* NULL: nothing */
    float kept;        /* of the distance from there */
} w2v_held;

/* Looks up where n rows of a matrix are held, whose addresses w2v_row has returned, for a step with learning
 * rate `alpha`, and prefetches these places. Rows that are not `trainable` (NULL: all are) are not held. */
W2V_INLINE void w2v_find_homes(const w2v_matrix *matrix, const w2v_anchor *anchor,
                               const uint8_t *trainable, float *const *rows, int n, float alpha,
                               w2v_held *held)
{
    for (int i = 0; i < n; i++) {
        const size_t number = w2v_row_number(matrix, rows[i]);
        held[i].home = NULL;
        if (number >= anchor->n_rows || anchor->strengths[number] == 0.0f ||
            (trainable && !trainable[number]))
            continue;
        const char *home = (const char *)anchor->homes + number * matrix->row_size;
        for (size_t k = 0; k < matrix->row_size; k += 64)
            W2V_PREFETCH_READ(home + k);
        held[i].home = (const float *)home;
        held[i].kept = 1.0f / (1.0f + alpha * anchor->strengths[number]);
    }
}

/* Pulls n rows of `stride` numbers after a step. */
W2V_INLINE void w2v_pull(float *const *rows, const w2v_held *held, int n, size_t stride)
{
    for (int i = 0; i < n; i++) {
        const float *restrict home = held[i].home;
        const float kept = held[i].kept;
        float *restrict row = rows[i];
        if (home)
            for (size_t k = 0; k < stride; k++)
                row[k] = home[k] + kept * (row[k] - home[k]);
    }
}

#endif
