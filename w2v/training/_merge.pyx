"""Bridge to csrc/include/w2v_merge.h: merges what shards have trained; and counts words of a text."""

from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.stdint cimport int32_t, int64_t, uint32_t

from w2v_matrix cimport W2V_FRESH, W2V_STALE, W2V_TRAINED, w2v_mark
from w2v_merge cimport (
    W2V_DRAWN_MULTIPLE, w2v_curvature_fn, w2v_curvature_scratch, w2v_drawn, w2v_eigen, w2v_eigen_fn,
    w2v_gram_fn, w2v_merge, w2v_merge_fn, w2v_merge_scratch, w2v_transform_fn, w2v_variant_curvature,
    w2v_variant_eigen, w2v_variant_gram, w2v_variant_merge, w2v_variant_transform,
)

from w2v import _simd, simd

DRAWN_MULTIPLE = W2V_DRAWN_MULTIPLE
FRESH, TRAINED, STALE = W2V_FRESH, W2V_TRAINED, W2V_STALE


cdef void *aligned_floats(size_t n, float **floats) except NULL:
    """Return memory to be freed, and where in it n floats on cache lines begin."""
    cdef void *memory = PyMem_Malloc(n * sizeof(float) + 64)
    if memory == NULL:
        raise MemoryError(f"cannot allocate {n * sizeof(float):,} bytes to merge shards; use fewer shards")
    floats[0] = <float *>((<size_t>memory + 63) & ~<size_t>63)
    return memory


cdef class Scratch:
    """Scratch memory of one thread for `MatrixMerge.rows`, which then cannot run out of it.

    Parameters
    ----------
    dim, shards : int
    """

    cdef void *memory
    cdef float *floats
    cdef size_t size

    def __cinit__(self, size_t dim, size_t shards):
        self.size = w2v_merge_scratch(dim) + shards
        self.memory = aligned_floats(self.size, &self.floats)

    def __dealloc__(self):
        PyMem_Free(self.memory)


cdef class MatrixMerge:
    """The replicas of one matrix, or of some adjacent rows of it, which are merged into their base.

    Parameters
    ----------
    base : float32, shape (n, stride)
        Padded rows, as `allocate_rows` returns them.
    replicas : list of float32 arrays, each of the base's shape
        One for each shard.
    marks : list of uint16 arrays, each of shape (n,)
        FRESH, TRAINED (since the last merge) or STALE.
    dim : int
        Numbers in a row that are not padding.
    occurrences : list of int32 arrays, each of shape (n,)
        How often the row's word occurred in each shard's text since the last merge.
    per_occurrence : float32, shape (n,)
        How often each occurrence touches the row.
    noise : float32, shape (n,), or None
        The row's share of the noise words.
    draws : float32, shape (shards,)
        Noise words that each shard has drawn since the last merge.
    pulls : float32, shape (n,), or None
        What an anchor adds to all exponents of the row; default nothing.

    Attributes
    ----------
    in_use : int
        Number of replicas, the first ones, that were trained and know the base; only these are merged.
        Default all.
    """

    cdef float[:, ::1] base
    cdef list kept  # the arrays that pointers point to
    cdef const float[::1] per_occurrence, noise, draws, pulls
    cdef w2v_merge merge
    cdef size_t n_replicas
    cdef w2v_merge_fn call
    cdef void **pointers

    def __cinit__(self, float[:, ::1] base not None, list replicas not None, list marks not None,
                  size_t dim, list occurrences not None, const float[::1] per_occurrence not None,
                  const float[::1] noise, const float[::1] draws not None,
                  const float[::1] pulls=None):
        cdef size_t i, n = len(replicas)
        cdef Py_ssize_t n_rows = base.shape[0]
        cdef float[:, ::1] replica
        cdef w2v_mark[::1] own_marks
        cdef const int32_t[::1] counts
        self.call = w2v_variant_merge(_simd.variant_index(simd.active()))
        self.base, self.kept = base, [*replicas, *marks, *occurrences]
        self.per_occurrence, self.noise, self.draws = per_occurrence, noise, draws
        self.pulls = pulls
        self.pointers = <void **>PyMem_Malloc(3 * (n + 1) * sizeof(void *))
        if self.pointers == NULL:
            raise MemoryError(f"cannot allocate memory for {n} shards; use fewer shards")
        if not (n and n_rows and dim and len(marks) == <Py_ssize_t>n
                and len(occurrences) == <Py_ssize_t>n and draws.shape[0] == <Py_ssize_t>n
                and per_occurrence.shape[0] == n_rows
                and (noise is None or noise.shape[0] == n_rows)
                and (pulls is None or pulls.shape[0] == n_rows)
                and base.shape[1] >= <Py_ssize_t>((dim + 15) // 16 * 16)):
            raise ValueError("shapes of the base and the replicas do not agree")
        for i in range(n):
            replica, own_marks, counts = replicas[i], marks[i], occurrences[i]
            if not (replica.shape[0] == own_marks.shape[0] == counts.shape[0] == n_rows
                    and replica.shape[1] == base.shape[1]):
                raise ValueError("shapes of the base and the replicas do not agree")
            self.pointers[i] = &replica[0, 0]
            self.pointers[n + i] = &own_marks[0]
            self.pointers[2 * n + i] = <void *>&counts[0]
        self.merge.base = &base[0, 0]
        self.merge.replicas = <float **>self.pointers
        self.merge.marks = <w2v_mark **>(self.pointers + n)
        self.merge.occurrences = <const int32_t **>(self.pointers + 2 * n)
        self.merge.per_occurrence = &per_occurrence[0]
        self.merge.noise = NULL
        if noise is not None:
            self.merge.noise = &noise[0]
        self.merge.draws = &draws[0]
        self.merge.pulls = NULL
        if pulls is not None:
            self.merge.pulls = &pulls[0]
        self.merge.stride, self.merge.dim, self.merge.n_shards = base.shape[1], dim, n
        self.n_replicas = n

    def __dealloc__(self):
        PyMem_Free(self.pointers)

    def __len__(self) -> int:
        return self.base.shape[0]

    @property
    def in_use(self) -> int:
        return self.merge.n_shards

    @in_use.setter
    def in_use(self, size_t replicas):
        if not 0 < replicas <= self.n_replicas:
            raise ValueError(f"in_use={replicas}: expected 1 to {self.n_replicas} replicas")
        self.merge.n_shards = replicas

    def rows(self, size_t first, size_t end, const float[:, ::1] basis not None,
             const float[:, ::1] transposed not None, const float[::1] exponents not None,
             float least_exponent,
             Scratch scratch not None) -> tuple[int, bool]:
        """Merge the rows from `first` up to, but not including, `end`. Threads may merge different rows
        at the same time.

        Parameters
        ----------
        first, end : int
        basis, transposed : float32, shape (width, width)
            Eigenvectors in the columns, and in the lines; padded with zeros to whole cache lines.
        exponents : float32, shape (width,)
            The learning rate times the eigenvalues, in descending order, then zeros.
        least_exponent : float
            Rows that have moved less are simply added up.
        scratch : Scratch
            Of this thread.

        Returns
        -------
        tuple of (int, bool)
            How many rows were shrunk, and whether all are finite.
        """
        cdef w2v_merge merge = self.merge
        cdef Py_ssize_t width = (merge.dim + 15) // 16 * 16
        cdef size_t n_floats = w2v_merge_scratch(merge.dim)
        if not (scratch.size >= n_floats + merge.n_shards
                and first <= end <= <size_t>self.base.shape[0]
                and basis.shape[0] == width and basis.shape[1] == width and transposed.shape[0] == width
                and transposed.shape[1] == width and exponents.shape[0] == width):
            raise ValueError("shapes of the basis and the matrix do not agree")
        merge.shards = <uint32_t *>(scratch.floats + n_floats)
        merge.basis, merge.basis_transposed = &basis[0, 0], &transposed[0, 0]
        merge.exponents, merge.least_exponent = &exponents[0], least_exponent
        with nogil:
            self.call(&merge, first, end, scratch.floats)
        return merge.n_rotated, merge.is_finite != 0


def curvature(const float[:, ::1] inputs not None, const float[:, ::1] outputs not None,
              float[:, ::1] of_inputs not None, float[:, ::1] of_outputs not None) -> None:
    """Write the means of s'(x . y) x x^T and s'(x . y) y y^T, with s' the slope of the sigmoid.

    Parameters
    ----------
    inputs : float32, shape (n, stride)
        Rows x as drawn, padded with zeros; n and stride are multiples of DRAWN_MULTIPLE.
    outputs : float32, shape (m, stride)
        Rows y.
    of_inputs, of_outputs : float32, shape (stride, stride)
    """
    cdef w2v_drawn x, y
    cdef w2v_curvature_fn call
    cdef Py_ssize_t n = inputs.shape[0], m = outputs.shape[0], stride = inputs.shape[1]
    cdef float *scratch
    cdef void *memory
    if not (n and m and stride and n % W2V_DRAWN_MULTIPLE == m % W2V_DRAWN_MULTIPLE == stride % 16 == 0
            and outputs.shape[1] == of_inputs.shape[0] == of_inputs.shape[1] == stride
            and of_outputs.shape[0] == of_outputs.shape[1] == stride):
        raise ValueError("shapes of the drawn rows do not agree")
    memory = aligned_floats(w2v_curvature_scratch(n, m, stride), &scratch)
    x.rows, x.n, x.gram = &inputs[0, 0], n, &of_inputs[0, 0]
    y.rows, y.n, y.gram = &outputs[0, 0], m, &of_outputs[0, 0]
    call = w2v_variant_curvature(_simd.variant_index(simd.active()))
    with nogil:
        call(&x, &y, stride, scratch)
    PyMem_Free(memory)


def eigen(float[:, ::1] matrix not None, float[:, ::1] vectors not None, double[::1] values not None
          ) -> bool:
    """Compute the eigenvectors of a symmetric matrix; return whether that converged.

    Parameters
    ----------
    matrix : float32, shape (width, width)
        Padded with zeros from n to whole cache lines; destroyed.
    vectors : float32, shape (width, width)
        Receives the eigenvectors in its first n lines, zeros in the others.
    values : float64, shape (n,)
        Receives the eigenvalues, in no order.
    """
    cdef w2v_eigen problem
    cdef w2v_eigen_fn call = w2v_variant_eigen(_simd.variant_index(simd.active()))
    cdef Py_ssize_t width = matrix.shape[0], n = values.shape[0]
    cdef float *scratch
    cdef void *memory
    cdef bint converged
    if not (n and width == matrix.shape[1] == vectors.shape[0] == vectors.shape[1] == (n + 15) // 16 * 16):
        raise ValueError("shapes of the matrix, its eigenvectors and eigenvalues do not agree")
    memory = aligned_floats(2 * width + 2 * n, &scratch)
    problem.a, problem.vectors = &matrix[0, 0], &vectors[0, 0]
    problem.diagonal, problem.beside = &values[0], <double *>(scratch + 2 * width)
    problem.n, problem.width = n, width
    with nogil:
        converged = call(&problem, scratch)
    PyMem_Free(memory)
    return converged


def gram(const float[:, ::1] rows not None, const float[::1] weights not None,
         float[:, ::1] out not None) -> None:
    """Write the sum of w x x^T over rows x with weights w.

    Parameters
    ----------
    rows : float32, shape (n, stride)
        Padded with zeros; `stride` is a multiple of 16.
    weights : float32, shape (n,)
    out : float32, shape (stride, stride)
    """
    cdef w2v_gram_fn call = w2v_variant_gram(_simd.variant_index(simd.active()))
    cdef Py_ssize_t n = rows.shape[0], stride = rows.shape[1]
    cdef float *scratch
    cdef void *memory
    if not (n and stride and stride % 16 == 0 and weights.shape[0] == n
            and out.shape[0] == out.shape[1] == stride):
        raise ValueError("shapes of the rows and their weights do not agree")
    memory = aligned_floats(n * stride, &scratch)
    with nogil:
        call(&rows[0, 0], &weights[0], n, stride, &out[0, 0], scratch)
    PyMem_Free(memory)


def transform(float[:, ::1] rows not None, size_t first, size_t end, size_t dim,
              const float[:, ::1] matrix not None, Scratch scratch not None) -> None:
    """Replace the rows from `first` up to, but not including, `end` by rows @ matrix.

    Parameters
    ----------
    rows : float32, shape (n, stride)
    first, end, dim : int
    matrix : float32, shape (width, width)
        Padded with zeros from `dim` to whole cache lines.
    scratch : Scratch
        Of this thread.
    """
    cdef w2v_transform_fn call = w2v_variant_transform(_simd.variant_index(simd.active()))
    cdef Py_ssize_t width = (dim + 15) // 16 * 16
    cdef size_t stride = rows.shape[1]
    if not (dim and first <= end <= <size_t>rows.shape[0] and width <= rows.shape[1]
            and matrix.shape[0] == matrix.shape[1] == width
            and scratch.size >= w2v_merge_scratch(dim)):
        raise ValueError("shapes of the rows and the matrix do not agree")
    if first == end:
        return
    with nogil:
        call(&rows[first, 0], end - first, stride, dim, &matrix[0, 0], scratch.floats)


def count_words(const int32_t[::1] ids not None, const int32_t[::1] index not None,
                const double[::1] keep not None, int32_t[::1] counts not None) -> float:
    """Add up the words of a text in `counts`, shape (V,); `index` maps ids to rows.

    Returns
    -------
    float
        How many of them subsampling keeps on average, with probabilities `keep`, shape (V,).
    """
    cdef int64_t i, n_types = index.shape[0], n_words = counts.shape[0]
    cdef int32_t id, row
    cdef double kept = 0
    if keep.shape[0] != n_words:
        raise ValueError("shapes of the counts and the probabilities do not agree")
    with nogil:
        for i in range(ids.shape[0]):
            id = ids[i]
            if 0 <= id < n_types:
                row = index[id]
                if 0 <= row < n_words:
                    counts[row] += 1
                    kept += keep[row]
    return kept


def count_nodes(const int32_t[::1] counts not None, const int64_t[::1] offsets not None,
                const int32_t[::1] path not None, int32_t[::1] out not None) -> None:
    """Count how often words' paths meet each node of the tree; `out`, shape (V - 1,), is overwritten."""
    cdef int64_t word, i, n_nodes = out.shape[0]
    cdef int32_t node
    if offsets.shape[0] != counts.shape[0] + 1 or offsets[counts.shape[0]] > path.shape[0]:
        raise ValueError("shapes of the tree and the counts do not agree")
    with nogil:
        for i in range(n_nodes):
            out[i] = 0
        for word in range(counts.shape[0]):
            if counts[word]:
                for i in range(offsets[word], offsets[word + 1]):
                    node = path[i] if path[i] >= 0 else ~path[i]
                    if node < n_nodes:
                        out[node] += counts[word]


def count_tokens(const int32_t[::1] ids not None, const int32_t[::1] index not None, int64_t step,
                 int64_t[::1] out not None) -> None:
    """Write how many in-vocabulary tokens there are before each `step` ids: ``out[i]`` of ids[:i * step].

    The last number is that of all ids; `out` has ``ceil(len(ids) / step) + 1`` numbers.
    """
    cdef int64_t i, n = 0, n_types = index.shape[0], n_ids = ids.shape[0]
    cdef int64_t last = out.shape[0] - 1
    cdef int32_t id
    if step < 1 or last != (n_ids + step - 1) // step:
        raise ValueError("the array of counts has the wrong length")
    with nogil:
        for i in range(n_ids):
            if i % step == 0:
                out[i // step] = n
            id = ids[i]
            n += 0 <= id < n_types and index[id] >= 0
        out[last] = n
