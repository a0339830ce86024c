"""The dense step alone, and what the CPU can do at most: for tests and benchmarks.

Nothing that trains imports this module.
"""

from cpython.mem cimport PyMem_RawFree, PyMem_RawMalloc
from libc.stdint cimport int32_t, int64_t
from libc.string cimport memset

from w2v_bench cimport w2v_bench_flops, w2v_bench_l1_bytes
from w2v_step cimport (
    W2V_ROW_FLOATS, w2v_step_fn, w2v_step_scratch, w2v_task, w2v_variant_step,
)

from w2v import _simd


def step(str variant, float[:, ::1] vectors, float[:, ::1] output_vectors, size_t dim,
         const int32_t[:, ::1] inputs, const int32_t[:, ::1] outputs, const float[::1] labels,
         float alpha, int64_t repeats=1, float pool=0, float share=0) -> float:
    """Run one variant's step on tasks given by row numbers, and return the summed loss.

    Parameters
    ----------
    vectors, output_vectors : float32, shape (V, stride)
        Updated in place; stride a multiple of ROW_FLOATS, columns from `dim` on zero.
    inputs, outputs : int32, shapes (tasks, n) and (tasks, m)
        The rows that each task meets; the next task but one is prefetched.
    labels : float32, shape (m,)
    repeats : int
        How often to go through all tasks.
    pool, share : float
        See csrc/include/w2v_step.h: with `pool`, all inputs of a task are met as one.
    """
    cdef int i = _simd.variant_index(variant)
    cdef Py_ssize_t n_tasks = inputs.shape[0], t, j, k
    cdef int n = inputs.shape[1], m = outputs.shape[1]
    if (vectors.shape[1] != output_vectors.shape[1] or vectors.shape[1] % W2V_ROW_FLOATS
            or not 1 <= dim <= <size_t>vectors.shape[1]
            or outputs.shape[0] != n_tasks or labels.shape[0] != m):
        raise ValueError("shapes of matrices, tasks and labels do not agree")
    for t in range(n_tasks):
        for j in range(n):
            if not 0 <= inputs[t, j] < vectors.shape[0]:
                raise IndexError(f"input row {inputs[t, j]} of task {t} is outside the matrix")
        for j in range(m):
            if not 0 <= outputs[t, j] < output_vectors.shape[0]:
                raise IndexError(f"output row {outputs[t, j]} of task {t} is outside the matrix")
    cdef w2v_step_fn call = w2v_variant_step(i)
    cdef size_t n_scratch = w2v_step_scratch(n, m, dim)
    cdef void *memory = PyMem_RawMalloc((n_tasks + 2) * (sizeof(w2v_task) + (n + m) * sizeof(float *))
                                        + n_scratch * sizeof(float) + 64)
    if memory == NULL:
        raise MemoryError
    cdef float *scratch = <float *>((<size_t>memory + 63) & ~<size_t>63)
    cdef w2v_task *task = <w2v_task *>(scratch + n_scratch + n_scratch % 2)
    cdef float **row = <float **>(task + n_tasks + 2)
    cdef double loss = 0
    cdef int64_t r
    memset(scratch, 0xFF, n_scratch * sizeof(float))  # NaN: a step that reads it shows
    with nogil:
        for t in range(n_tasks + 2):
            task[t].row = row + t * (n + m)
            task[t].label = &labels[0] if m else NULL
            task[t].n = n if t < n_tasks else 0
            task[t].m = m if t < n_tasks else 0
            task[t].pool = pool
            task[t].share = share
            if t < n_tasks:
                for j in range(n):
                    task[t].row[j] = &vectors[inputs[t, j], 0]
                for k in range(m):
                    task[t].row[n + k] = &output_vectors[outputs[t, k], 0]
        for r in range(repeats):
            for t in range(n_tasks):
                loss += call(&task[t], &task[t + 2], alpha, dim, scratch)
    PyMem_RawFree(memory)
    return loss


def flops(str variant, int64_t repeats) -> float:
    """Run a variant's fused multiply-adds in independent chains, and return how many operations.

    Two operations, one multiplication and one addition, count per lane and instruction.
    """
    cdef int i = _simd.variant_index(variant)
    cdef double operations
    with nogil:
        operations = w2v_bench_flops(i, repeats)
    return operations


def l1_bytes(str variant, bint stores, int64_t repeats) -> float:
    """Load 16 KiB from the first-level cache, or store it there, and return how many bytes in all."""
    cdef int i = _simd.variant_index(variant)
    cdef double moved
    with nogil:
        moved = w2v_bench_l1_bytes(i, stores, repeats)
    return moved
