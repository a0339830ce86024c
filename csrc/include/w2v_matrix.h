/* w2v_matrix.h - where a worker finds the rows of a matrix: in its replica of them, or in the shared one.
 *
 * A worker of a shard trains replicas: of all rows, or of some adjacent ones where memory is short. A
 * replica is copied from the shared row when it is first used, and again after others have changed that row
 * by a merge (w2v_merge.h): each replica has a mark that says so. Other workers have no replicas and train
 * the shared rows.
 *
 * Addresses are found without a branch, because it could not be predicted whether a word's row is
 * replicated.
 */
#ifndef W2V_MATRIX_H
#define W2V_MATRIX_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "compiler.h"

/* A replica's mark. Two bytes, because one byte might be an alias of whatever else the loop reads. */
typedef uint16_t w2v_mark;
#define W2V_FRESH 0   /* the same as the shared row */
#define W2V_TRAINED 1 /* since the last merge */
#define W2V_STALE 2   /* never used, or older than the last change of the shared row */

typedef struct w2v_matrix {
    float *shared;   /* (V, stride) */
    size_t row_size; /* bytes */
    size_t
        replica_offset; /* added to a replicated row's address in `shared`, modulo 2^64 (or 2^32) */
    uint32_t first_replicated, n_replicated;
    w2v_mark *marks; /* (V,), or NULL without replicas; never stale for a row that has none */
} w2v_matrix;

/* Marks a replica as trained; copies the shared row before, if need be. Apart from w2v_row, since most rows
 * that a round touches have been touched before: they need a look at the mark, and no store. */
W2V_NOINLINE void w2v_touch(const w2v_matrix *matrix, size_t row)
{
    const uintptr_t shared = (uintptr_t)matrix->shared + row * matrix->row_size;
    if (matrix->marks[row] == W2V_STALE)
        memcpy((void *)(shared + matrix->replica_offset), (const void *)shared, matrix->row_size);
    matrix->marks[row] = W2V_TRAINED;
}

/* Returns the address of a row, which is about to be trained. */
W2V_INLINE float *w2v_row(const w2v_matrix *matrix, int32_t row)
{
    const size_t mask =
        0 - (size_t)((uint32_t)row - matrix->first_replicated < matrix->n_replicated);
    if (matrix->marks && matrix->marks[row] != W2V_TRAINED)
        w2v_touch(matrix, (size_t)row);
    return (float *)((uintptr_t)matrix->shared + (size_t)row * matrix->row_size +
                     (mask & matrix->replica_offset));
}

/* Returns the number of the row whose replica is at an address, or SIZE_MAX. */
W2V_INLINE size_t w2v_replica_number(const w2v_matrix *matrix, const float *row)
{
    const size_t offset = (uintptr_t)row - (uintptr_t)matrix->shared - matrix->replica_offset;
    const size_t number = offset / matrix->row_size;
    return number - matrix->first_replicated < matrix->n_replicated ? number : SIZE_MAX;
}

/* Returns the row number of an address that w2v_row returned. */
W2V_INLINE size_t w2v_row_number(const w2v_matrix *matrix, const float *row)
{
    const size_t number = w2v_replica_number(matrix, row);
    return number != SIZE_MAX ? number
                              : ((uintptr_t)row - (uintptr_t)matrix->shared) / matrix->row_size;
}

#endif
