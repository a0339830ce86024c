"""Bridge to csrc/include/w2v_distance.h: scores of rows with queries, and the norms of rows."""

from libc.stddef cimport ptrdiff_t

from w2v_distance cimport (
    W2V_CHEBYSHEV, W2V_COSINE, W2V_DOT, W2V_EUCLIDEAN, W2V_MANHATTAN,
    w2v_comparison, w2v_distance_fn, w2v_norms_fn, w2v_variant_distance, w2v_variant_norms,
)

from w2v import _simd

METRICS = {
    "dot": W2V_DOT,
    "cosine": W2V_COSINE,
    "euclidean": W2V_EUCLIDEAN,
    "manhattan": W2V_MANHATTAN,
    "chebyshev": W2V_CHEBYSHEV,
}


def scores(str variant, str metric, const float[:, :] rows, const float[:, ::1] queries,
           const float[::1] norms, float[:, :] out):
    """Write the score of each row, (n, d), with each query, (q, d), to `out`, (q, n).

    Rows of `rows` and of `out` must be contiguous. `norms`, the norms of the rows, are used by
    "cosine" only, which requires queries of norm 1.
    """
    cdef w2v_comparison c
    cdef int kind = METRICS[metric]
    cdef int i = _simd.variant_index(variant)
    cdef w2v_distance_fn call = w2v_variant_distance(i)
    if queries.shape[1] != rows.shape[1] or out.shape[0] != queries.shape[0] or (
            out.shape[1] != rows.shape[0]):
        raise ValueError("the shapes of rows, queries and out do not agree")
    if kind == W2V_COSINE and (norms is None or norms.shape[0] != rows.shape[0]):
        raise ValueError("cosine requires norms=, the norm of each row")
    if rows.shape[1] > 1 and rows.strides[1] != 4 or out.shape[1] > 1 and out.strides[1] != 4:
        raise ValueError("rows must be contiguous")
    if not (rows.shape[0] and rows.shape[1] and queries.shape[0]):
        if out.shape[0] and out.shape[1]:
            raise ValueError("expected at least one dimension")
        return
    c.rows = &rows[0, 0]
    c.queries = &queries[0, 0]
    c.norms = &norms[0] if kind == W2V_COSINE else NULL
    c.out = &out[0, 0]
    c.stride = rows.strides[0] // 4
    c.query_stride = queries.shape[1]
    c.out_stride = out.strides[0] // 4
    c.n_rows = rows.shape[0]
    c.n_queries = queries.shape[0]
    c.dim = rows.shape[1]
    with nogil:
        call(&c, kind)


def norms(str variant, const float[:, :] rows, double[::1] out):
    """Write the Euclidean norm of each row, computed in float64, to `out`, (n,)."""
    cdef w2v_norms_fn call = w2v_variant_norms(_simd.variant_index(variant))
    if out.shape[0] != rows.shape[0]:
        raise ValueError("the shapes of rows and out do not agree")
    if rows.shape[1] > 1 and rows.strides[1] != 4:
        raise ValueError("rows must be contiguous")
    if not (rows.shape[0] and rows.shape[1]):
        if out.shape[0]:
            raise ValueError("expected at least one dimension")
        return
    cdef const float *first = &rows[0, 0]
    cdef size_t n = rows.shape[0], dim = rows.shape[1]
    cdef ptrdiff_t stride = rows.strides[0] // 4
    cdef double *norm = &out[0]
    with nogil:
        call(first, n, stride, dim, norm)
