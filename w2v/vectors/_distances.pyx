"""The bridge to csrc/kernels/distance_impl.h: rows compared with queries, and the lengths of rows."""

from libc.stddef cimport ptrdiff_t

from w2v_distance cimport (
    W2V_CHEBYSHEV, W2V_COSINE, W2V_DOT, W2V_EUCLIDEAN, W2V_MANHATTAN,
    w2v_distance_fn, w2v_comparison, w2v_norms_fn, w2v_variant_distance, w2v_variant_norms,
)

from w2v import _simd

METRICS = {
    "dot": W2V_DOT,
    "cosine": W2V_COSINE,
    "euclidean": W2V_EUCLIDEAN,
    "manhattan": W2V_MANHATTAN,
    "chebyshev": W2V_CHEBYSHEV,
}


def compare(str variant, str metric, const float[:, :] rows, const float[:, ::1] queries,
            const float[::1] norms, float[:, :] out):
    """Write the score of each row, (n, d), with each query, (q, d), to `out`, (q, n).

    The numbers of a row, and the scores of a query, must lie one after the other. `norms`, the
    rows' lengths, are for "cosine" only, whose queries must be of length 1.
    """
    cdef w2v_comparison given
    cdef int kind = METRICS[metric]
    cdef int i = _simd.variant_index(variant)
    cdef w2v_distance_fn call = w2v_variant_distance(i)
    if queries.shape[1] != rows.shape[1] or out.shape[0] != queries.shape[0] or (
            out.shape[1] != rows.shape[0]):
        raise ValueError("rows, queries and out do not fit together")
    if kind == W2V_COSINE and (norms is None or norms.shape[0] != rows.shape[0]):
        raise ValueError("expected the length of each row")
    if rows.shape[1] > 1 and rows.strides[1] != 4 or out.shape[1] > 1 and out.strides[1] != 4:
        raise ValueError("expected numbers of a row that lie one after the other")
    if not (rows.shape[0] and rows.shape[1] and queries.shape[0]):
        if out.shape[0] and out.shape[1]:
            raise ValueError("expected at least one dimension")
        return
    given.rows = &rows[0, 0]
    given.queries = &queries[0, 0]
    given.norms = &norms[0] if kind == W2V_COSINE else NULL
    given.out = &out[0, 0]
    given.stride = rows.strides[0] // 4
    given.query_stride = queries.shape[1]
    given.out_stride = out.strides[0] // 4
    given.n_rows = rows.shape[0]
    given.n_queries = queries.shape[0]
    given.dim = rows.shape[1]
    with nogil:
        call(&given, kind)


def lengths(str variant, const float[:, :] rows, double[::1] out):
    """Write the Euclidean length of each row, computed in float64, to `out`, (n,)."""
    cdef w2v_norms_fn call = w2v_variant_norms(_simd.variant_index(variant))
    if out.shape[0] != rows.shape[0]:
        raise ValueError("rows and out do not fit together")
    if rows.shape[1] > 1 and rows.strides[1] != 4:
        raise ValueError("expected numbers of a row that lie one after the other")
    if not (rows.shape[0] and rows.shape[1]):
        if out.shape[0]:
            raise ValueError("expected at least one dimension")
        return
    cdef const float *first = &rows[0, 0]
    cdef size_t n = rows.shape[0], dim = rows.shape[1]
    cdef ptrdiff_t stride = rows.strides[0] // 4
    cdef double *to = &out[0]
    with nogil:
        call(first, n, stride, dim, to)
