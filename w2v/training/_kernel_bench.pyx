"""The dense step alone, and the limits of the CPU, for tests and benchmarks. Training does not use it."""

from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.stdint cimport int32_t, int64_t
from libc.string cimport memset

from w2v_bench cimport w2v_bench_flops, w2v_bench_l1_bytes
from w2v_step cimport (
    W2V_ROW_FLOATS, w2v_step_fn, w2v_step_scratch, w2v_batch, w2v_variant_step,
)

from w2v import _simd


def step(str variant, float[:, ::1] vectors, float[:, ::1] output_vectors, size_t dim,
         const int32_t[:, ::1] inputs, const int32_t[:, ::1] outputs, const float[::1] labels,
         float alpha, int64_t repeats=1, float pool_scale=0, float grad_scale=0,
         const float[::1] offsets=None) -> float:
    """Run one variant's step on batches of row numbers, and return the summed loss.

    Parameters
    ----------
    vectors, output_vectors : float32, shape (V, stride)
        Updated in place. The stride is a multiple of ROW_FLOATS; columns from `dim` on are zero.
    inputs, outputs : int32, shapes (batches, n) and (batches, m)
        The rows of each batch; the next batch but one is prefetched.
    labels : float32, shape (m,)
    repeats : int
        How often to go through all batches.
    pool_scale, grad_scale : float
        See csrc/include/w2v_step.h: with `pool_scale`, all inputs of a batch are pooled into one.
    offsets : float32, shape (m,), optional
        Added to the scores; default none.
    """
    cdef int i = _simd.variant_index(variant)
    cdef Py_ssize_t n_batches = inputs.shape[0], t, j, k
    cdef int n = inputs.shape[1], m = outputs.shape[1]
    if (vectors.shape[1] != output_vectors.shape[1] or vectors.shape[1] % W2V_ROW_FLOATS
            or not 1 <= dim <= <size_t>vectors.shape[1]
            or outputs.shape[0] != n_batches or labels.shape[0] != m
            or (offsets is not None and offsets.shape[0] != m)):
        raise ValueError("shapes of matrices, batches and labels do not agree")
    for t in range(n_batches):
        for j in range(n):
            if not 0 <= inputs[t, j] < vectors.shape[0]:
                raise IndexError(f"input row {inputs[t, j]} of batch {t} is outside the matrix")
        for j in range(m):
            if not 0 <= outputs[t, j] < output_vectors.shape[0]:
                raise IndexError(f"output row {outputs[t, j]} of batch {t} is outside the matrix")
    cdef w2v_step_fn call = w2v_variant_step(i)
    cdef size_t n_scratch = w2v_step_scratch(n, m, dim)
    cdef size_t n_bytes = (n_batches + 2) * (sizeof(w2v_batch) + (n + m) * sizeof(float *))
    cdef void *memory = PyMem_Malloc(n_bytes + n_scratch * sizeof(float) + 64)
    if memory == NULL:
        raise MemoryError("cannot allocate the scratch memory of the step")
    cdef float *scratch = <float *>((<size_t>memory + 63) & ~<size_t>63)
    cdef w2v_batch *batch = <w2v_batch *>(scratch + n_scratch + n_scratch % 2)
    cdef float **rows = <float **>(batch + n_batches + 2)
    cdef double loss = 0
    memset(scratch, 0xFF, n_scratch * sizeof(float))  # NaN, so that a step that reads it is noticed
    with nogil:
        for t in range(n_batches + 2):
            batch[t].rows = rows + t * (n + m)
            batch[t].labels = &labels[0] if m else NULL
            batch[t].offsets = &offsets[0] if offsets is not None and m else NULL
            batch[t].n = n if t < n_batches else 0
            batch[t].m = m if t < n_batches else 0
            batch[t].n_cached = 0
            batch[t].pool_scale = pool_scale
            batch[t].grad_scale = grad_scale
            if t < n_batches:
                for j in range(n):
                    batch[t].rows[j] = &vectors[inputs[t, j], 0]
                for k in range(m):
                    batch[t].rows[n + k] = &output_vectors[outputs[t, k], 0]
        for _ in range(repeats):
            for t in range(n_batches):
                loss += call(&batch[t], &batch[t + 2], alpha, dim, scratch)
    PyMem_Free(memory)
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
