"""The hot loop: text ids in, gradient steps out, without the interpreter lock.

Every architecture and objective is a choice of rows: the context words of a centre are the inputs, met one
by one (skip-gram) or pooled (CBOW); the nodes of the centre's Huffman path (hierarchical softmax), the
centre and its noise words (negative sampling), or both are the outputs. The dense step does the rest.

A `Job` holds what all workers share: both matrices, the encoded text, the tables, the clock. Each
worker thread makes one `Worker` and calls `run` for block after block. Rows are read and written by all
workers without locks (Hogwild: Recht et al., 2011); these races are intended: a lost update is one more
bit of noise in stochastic gradient descent. Every other word that workers share has one writer.

What this module does not do: validate hyper-parameters (config.py), build tables (vocabulary.py), decide
on threads and progress (trainer.py), or know anything about SIMD (csrc/).
"""

from cpython.mem cimport PyMem_RawFree, PyMem_RawMalloc
from libc.math cimport isfinite
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy, memmove, memset

from compiler cimport W2V_PREFETCH
from w2v_atomics cimport w2v_peek, w2v_post
from w2v_cache_model cimport W2V_INSTRUMENTED, w2v_count, w2v_count_row
from w2v_replicas cimport (
    w2v_hot, w2v_matrix, w2v_merge, w2v_merge_due, w2v_row, w2v_row_number,
)
from w2v_rng cimport w2v_random_below, w2v_random_bits, w2v_random_seed
from w2v_step cimport (
    W2V_ROW_FLOATS, w2v_step_fn, w2v_step_scratch, w2v_task, w2v_variant_step,
)

from w2v import _simd, simd

INSTRUMENTED = bool(W2V_INSTRUMENTED)


# ---- Shared by all workers --------------------------------------------------------------------

cdef enum:
    CHUNK = 2048        # kept words prepared in one go; the clock ticks once a chunk
    RING = 16           # tasks prepared ahead, a power of two
    LINE = 8            # int64 words in a cache line: each worker's counter has a line of its own
    SHARED_AHEAD = 2    # how many tasks ahead rows are prefetched, with shared noise words
    SINGLE_AHEAD = 6    # and with noise words for each pair, whose tasks are shorter
    TOGETHER = 5        # contexts that meet a Huffman path in one step, see State.split

CONTEXTS_TOGETHER = TOGETHER

# How a block ended.
DONE, STOPPED, DIVERGED = range(3)


cdef class Job:
    """One training run's shared state.

    Parameters
    ----------
    config : TrainingConfig
        The hyper-parameters; `workers` must be a number.
    weights : rows.Weights
        The matrices, updated in place.
    ids : int32, shape (n,)
        The encoded text: type ids, -1 after each sentence.
    tables : vocabulary.Tables
        What is looked up.
    total : int
        In-vocabulary tokens that the clock runs over.
    hot : hot.ReplicaPlan, optional
        The rows that each worker trains copies of; none unless given.

    Attributes
    ----------
    counters : dict of int
        Sums over all workers: ``centres``, ``row_writes``, and of them ``shared_writes`` to rows that
        others write too (with those of ``merges``), and ``fetched_bytes`` from beyond a second-level
        cache of 1 MiB. Zeros unless INSTRUMENTED.
    """

    cdef float[:, ::1] vectors
    cdef float[:, ::1] output_vectors
    cdef float[:, ::1] node_vectors
    cdef const uint8_t[::1] trainable
    cdef const int32_t[::1] ids
    cdef const int32_t[::1] index
    cdef const uint32_t[::1] keep
    cdef const int32_t[::1] noise
    cdef const int64_t[::1] offsets
    cdef const int32_t[::1] path
    cdef const int32_t[::1] calendar
    cdef uint32_t hot_vectors, hot_outputs, hot_nodes
    cdef double merge_rate
    cdef uint8_t *locks  # one for each replicated row
    cdef readonly dict counters
    cdef size_t dim
    cdef int window, negative, longest_path
    cdef bint shrink_windows, shared_negatives, sg, cbow_mean, divides_gradient
    cdef uint64_t seed
    cdef double alpha, min_alpha
    cdef int64_t total
    cdef int workers, made
    cdef int64_t *clock  # (1 + workers, LINE): the stop flag, then each worker's tokens

    def __cinit__(self, config, weights, const int32_t[::1] ids, tables, int64_t total,
                  hot=None):
        cdef int workers = config.workers
        cdef size_t n_hot = 0 if hot is None else len(hot)
        self.vectors, self.output_vectors = weights.vectors, weights.output_vectors
        self.node_vectors = weights.node_vectors
        # Each must be set, if to None: a view that never was is not None.
        mask, tree = weights.trainable, tables.tree
        self.trainable = None if mask is None else mask.view("u1")
        self.ids, self.index, self.keep, self.noise = ids, tables.index, tables.keep, tables.noise
        self.offsets = None if tree is None else tree.offsets
        self.path = None if tree is None else tree.path
        self.longest_path = 0 if tree is None else tree.longest
        self.dim = config.vector_size
        self.window = config.window
        self.negative = config.negative if config.samples_noise else 0
        self.shrink_windows = config.shrink_windows
        self.shared_negatives = config.shared_negatives
        self.sg, self.cbow_mean = config.sg, config.cbow_mean
        self.divides_gradient = config.divides_gradient
        self.seed, self.alpha, self.min_alpha = config.seed, config.learning_rate, config.min_alpha
        self.total, self.workers, self.made = total, workers, 0
        self.counters = dict.fromkeys(
            ("centres", "row_writes", "shared_writes", "merges", "fetched_bytes"), 0)
        self.calendar = None
        if n_hot:
            self.hot_vectors, self.hot_outputs = hot.vectors, hot.output_vectors
            self.hot_nodes, self.calendar, self.merge_rate = hot.node_vectors, hot.calendar, hot.rate
        self.check_shapes()
        self.clock = <int64_t *>PyMem_RawMalloc((1 + workers) * LINE * sizeof(int64_t) + n_hot)
        if self.clock == NULL:
            raise MemoryError
        memset(self.clock, 0, (1 + workers) * LINE * sizeof(int64_t) + n_hot)
        self.locks = <uint8_t *>(self.clock + (1 + workers) * LINE)

    cdef check_shapes(self):
        cdef Py_ssize_t n_words = self.vectors.shape[0], stride = self.vectors.shape[1]
        cdef int32_t day
        cdef bint agree = (stride % W2V_ROW_FLOATS == 0 and 1 <= self.dim <= <size_t>stride
                           and self.keep.shape[0] == n_words)
        if self.trainable is not None:
            agree = agree and self.trainable.shape[0] == n_words
        if self.negative:
            agree = (agree and self.noise is not None and self.noise.shape[0] > 0
                     and fits(self.output_vectors, n_words, stride))
        if self.path is not None:
            agree = (agree and self.offsets.shape[0] == n_words + 1
                     and self.offsets[n_words] == self.path.shape[0]
                     and fits(self.node_vectors, n_words - 1, stride))
        if self.calendar is not None:
            agree = (agree and self.calendar.shape[0] > 0 and self.hot_vectors <= n_words
                     and self.hot_outputs <= (n_words if self.negative else 0)
                     and self.hot_nodes <= (n_words - 1 if self.path is not None else 0))
            for day in self.calendar:
                agree = agree and 0 <= day < <int64_t>self.hot_vectors + self.hot_outputs + self.hot_nodes
        if not agree:
            raise ValueError("shapes of matrices and tables do not agree")

    def __dealloc__(self):
        PyMem_RawFree(self.clock)

    def stop(self) -> None:
        """Make every worker leave its block within a few thousand tokens."""
        w2v_post(self.clock, 1)

    @property
    def stopped(self) -> bool:
        """True after `stop`."""
        return w2v_peek(self.clock) != 0

    @property
    def tokens(self) -> int:
        """In-vocabulary tokens trained on so far, by all workers."""
        return tokens_done(self.clock, self.workers)

    @property
    def learning_rate(self) -> float:
        """The learning rate at this point of the clock."""
        return rate_at(self.alpha, self.min_alpha, tokens_done(self.clock, self.workers), self.total)


cdef bint fits(float[:, ::1] matrix, Py_ssize_t n_rows, Py_ssize_t stride):
    return matrix is not None and matrix.shape[0] == n_rows and matrix.shape[1] == stride


cdef int64_t tokens_done(const int64_t *clock, int workers) noexcept nogil:
    cdef int64_t done = 0
    cdef int w
    for w in range(1, workers + 1):
        done += w2v_peek(clock + w * LINE)
    return done


cdef double rate_at(double alpha, double min_alpha, int64_t done, int64_t total) noexcept nogil:
    if done >= total:
        return min_alpha
    return alpha - (alpha - min_alpha) * (<double>done / <double>total)


# ---- One worker -------------------------------------------------------------------------------

cdef struct State:
    # What a worker reads; borrowed from its Job.
    const int32_t *ids
    int32_t types       # of the corpus: its ids are below
    int32_t foreign     # an id that was not, or 0
    const int32_t *index
    const uint32_t *keep
    const int32_t *noise
    size_t n_noise
    const int64_t *offsets
    const int32_t *path  # NULL without hierarchical softmax
    w2v_matrix vectors
    w2v_matrix output_vectors
    w2v_matrix node_vectors
    w2v_hot hot
    const uint8_t *trainable  # NULL: all rows are
    size_t dim
    size_t stride
    const int64_t *clock
    int workers
    double alpha
    double min_alpha
    int64_t total
    int window
    int negative
    bint shrink_windows
    bint per_pair  # each context makes a task of its own
    # Skip-gram by hierarchical softmax alone: many contexts make several tasks. The gradients of one
    # task come from the same rows; for a path's nodes, met by every context, ten are too many.
    bint split
    bint pooled    # all contexts are one input
    bint cbow_mean
    bint divides_gradient
    # Where it stands in its block.
    int64_t at          # next id to read
    int64_t end
    int64_t tokens      # in-vocabulary tokens read in this block
    uint64_t random
    size_t noise_at
    # Kept words, -1 at sentence ends: word[:filled]. Centres up to `limit` have their whole context.
    int32_t *word
    Py_ssize_t filled
    Py_ssize_t centre
    Py_ssize_t limit
    # The centre being prepared.
    int64_t centres  # counted in instrumented builds
    float *copies  # of inputs that are not trained
    int32_t *context
    int n_context
    int next_context
    int32_t target


cdef void fill(State *s) noexcept nogil:
    """Read on: drop words outside the vocabulary, subsample, keep sentence ends as -1."""
    cdef Py_ssize_t used = s.centre - s.window
    cdef Py_ssize_t capacity = CHUNK + 2 * s.window
    cdef int32_t row, id
    cdef uint32_t keep
    if used > 0:
        memmove(s.word, s.word + used, (s.filled - used) * sizeof(int32_t))
        s.filled -= used
        s.centre -= used
    while s.filled < capacity and s.at < s.end:
        id = s.ids[s.at]
        s.at += 1
        if id < 0:
            if s.filled > 0 and s.word[s.filled - 1] >= 0:
                s.word[s.filled] = -1
                s.filled += 1
            continue
        if id >= s.types:  # of a damaged file: read no further
            s.foreign = id
            s.at = s.end
            break
        row = s.index[id]
        if row < 0:
            continue
        s.tokens += 1
        keep = s.keep[row]
        if keep != <uint32_t>0xFFFFFFFF and <uint32_t>(w2v_random_bits(&s.random) >> 32) > keep:
            continue
        s.word[s.filled] = row
        s.filled += 1
    s.limit = s.filled if s.at == s.end else s.filled - s.window


cdef bint next_centre(State *s) noexcept nogil:
    """Find the next centre with at least one context word; False at the end of the chunk."""
    cdef Py_ssize_t c, j, first, last
    cdef int reach, n
    while s.centre < s.limit:
        c = s.centre
        s.centre += 1
        if s.word[c] < 0:
            continue
        reach = s.window
        if s.shrink_windows:
            reach = 1 + <int>w2v_random_below(&s.random, <uint32_t>s.window)
        first = c - reach if c > reach else 0
        last = c + reach if c + reach < s.filled else s.filled - 1
        n = 0
        j = c - 1
        while j >= first and s.word[j] >= 0:
            s.context[n] = s.word[j]
            n += 1
            j -= 1
        j = c + 1
        while j <= last and s.word[j] >= 0:
            s.context[n] = s.word[j]
            n += 1
            j += 1
        if n > 0:
            s.target = s.word[c]
            s.n_context = n
            s.next_context = 0
            s.hot.due += s.hot.rate
            if W2V_INSTRUMENTED:
                s.centres += 1
            return True
    return False


cdef bint prepare(State *s, w2v_task *task) noexcept nogil:
    """Set up the next task: its inputs, then its outputs. False when none is left."""
    cdef int n = 1, i
    if s.next_context == s.n_context and not next_centre(s):
        return False
    if not s.per_pair:
        n = s.n_context - s.next_context
        if s.split and n > TOGETHER:
            n = (n + 1) // 2 if n <= 2 * TOGETHER else TOGETHER
    for i in range(n):
        task.row[i] = w2v_row(&s.vectors, s.context[s.next_context + i])
    s.next_context += n
    if s.pooled:
        task.pool = <float>1 / n if s.cbow_mean else 1
        task.share = <float>1 / n if s.divides_gradient else 1
    task.n = n
    task.m = 0
    if s.path != NULL:
        add_path(s, task)
    if s.negative > 0:
        add_noise(s, task)
    return True


cdef inline void add_output(w2v_task *task, float *row, float label) noexcept nogil:
    task.row[task.n + task.m] = row
    (<float *>task.label)[task.m] = label
    task.m += 1


cdef void add_path(State *s, w2v_task *task) noexcept nogil:
    """Hierarchical softmax: the nodes above the target, labelled one minus the code bit."""
    cdef int64_t at
    cdef int32_t node, later
    # A path lies anywhere in a large array: fetch those of words to come.
    if s.centre + 8 < s.filled:
        later = s.word[s.centre + 8]
        if later >= 0:
            W2V_PREFETCH(s.offsets + later)
        later = s.word[s.centre + 4]
        if later >= 0:
            W2V_PREFETCH(s.path + s.offsets[later])
    for at in range(s.offsets[s.target], s.offsets[s.target + 1]):
        node = s.path[at]
        if node >= 0:
            add_output(task, w2v_row(&s.node_vectors, node), 1)
        else:
            add_output(task, w2v_row(&s.node_vectors, ~node), 0)


cdef void add_noise(State *s, w2v_task *task) noexcept nogil:
    """Negative sampling: the target, labelled 1, and noise words, labelled 0."""
    cdef int k
    cdef size_t tries
    cdef int32_t noise
    add_output(task, w2v_row(&s.output_vectors, s.target), 1)
    for k in range(s.negative):
        # The target itself is drawn again. word2vec.c leaves it out, which gives frequent words
        # fewer noise words than rare ones.
        for tries in range(s.n_noise):
            noise = s.noise[s.noise_at]
            s.noise_at += 1
            if s.noise_at == s.n_noise:
                s.noise_at = 0
            if noise != s.target:
                add_output(task, w2v_row(&s.output_vectors, noise), 0)
                break


cdef void shield(State *s, w2v_task *task) noexcept nogil:
    """Put copies in the place of inputs that are not to be trained: the step updates those."""
    cdef int i
    cdef float *copy
    for i in range(task.n):
        if not s.trainable[w2v_row_number(&s.vectors, task.row[i])]:
            copy = s.copies + i * s.stride
            memcpy(copy, task.row[i], s.stride * sizeof(float))
            task.row[i] = copy


cdef void place(w2v_matrix *matrix, float[:, ::1] shared, float *own, uint32_t first,
                uint32_t n) noexcept:
    """Describe a matrix of which rows `first` to `first` + `n` lie at `own`."""
    if shared is None:
        return
    matrix.shared, matrix.row_size = &shared[0, 0], shared.shape[1] * sizeof(float)
    matrix.first, matrix.n = first, n
    matrix.away = <size_t>own - <size_t>matrix.shared - first * matrix.row_size


cdef void copy_hot(w2v_hot *hot, const w2v_matrix *matrix) noexcept:
    """Begin with the copies of a matrix's replicated rows, behind those of others."""
    cdef uint32_t i
    for i in range(matrix.n):
        hot.home[hot.n] = matrix.shared + (matrix.first + i) * hot.stride
        memcpy(hot.own + hot.n * hot.stride, hot.home[hot.n], hot.stride * sizeof(float))
        memcpy(hot.base + hot.n * hot.stride, hot.home[hot.n], hot.stride * sizeof(float))
        hot.n += 1


cdef void count_task(w2v_count *count, State *s, const w2v_task *task) noexcept nogil:
    """Count what a task's step reads and writes; for instrumented builds."""
    cdef int i
    cdef size_t own
    for i in range(task.n + task.m):
        own = <size_t>(<size_t>task.row[i] - <size_t>s.hot.own)
        count.row_writes += 1
        count.shared_writes += own >= s.hot.n * s.stride * sizeof(float)
        w2v_count_row(count, task.row[i], s.stride)


cdef class Worker:
    """One thread's share of a Job: its scratch memory and its loss, summed in double precision.

    Attributes
    ----------
    loss, predictions
        Of the last block: loss in nats, and predictions it is summed over: (centre, context) pairs
        (skip-gram) or centres (CBOW).
    """

    cdef Job job
    cdef State state
    cdef w2v_task ring[RING]
    cdef void *memory
    cdef float *scratch
    cdef w2v_count count
    cdef w2v_step_fn step
    cdef int64_t *tokens
    cdef int64_t before  # tokens of earlier blocks
    cdef readonly double loss
    cdef readonly int64_t predictions

    def __cinit__(self, Job job not None):
        if job.made >= job.workers:
            raise ValueError(f"the job was made for {job.workers} workers")
        job.made += 1
        self.job = job
        self.tokens = job.clock + job.made * LINE
        self.step = w2v_variant_step(_simd.variant_index(simd.active()))

        cdef State *s = &self.state
        s.per_pair = job.sg and job.negative > 0 and not job.shared_negatives
        s.pooled = not job.sg
        s.split = job.sg and job.negative == 0
        cdef int most_in = 1 if s.per_pair else 2 * job.window
        cdef int most_out = job.longest_path + (1 + job.negative if job.negative else 0)
        cdef size_t stride = job.vectors.shape[1]
        cdef size_t n_hot = job.hot_vectors + job.hot_outputs + job.hot_nodes
        cdef size_t n_copies = 0 if job.trainable is None else most_in * stride
        cdef size_t n_scratch = w2v_step_scratch(most_in, most_out, job.dim)
        cdef size_t n_rows = RING * <size_t>(most_in + most_out)
        cdef size_t n_labels = RING * <size_t>most_out
        cdef size_t n_words = CHUNK + 2 * job.window + 1
        cdef size_t n_bytes = ((n_hot + n_rows) * sizeof(float *)
                               + (2 * n_hot * stride + n_copies + n_scratch + 1 + n_labels)
                               * sizeof(float)
                               + (n_words + 2 * job.window) * sizeof(int32_t) + 64)
        self.memory = PyMem_RawMalloc(n_bytes)
        if self.memory == NULL:
            raise MemoryError(f"no memory for a worker's {n_bytes} bytes of scratch")
        # Rows first, on cache lines of their own; then pointers; then the narrower things.
        s.hot.own = <float *>((<size_t>self.memory + 63) & ~<size_t>63)
        s.hot.base = s.hot.own + n_hot * stride
        s.copies = s.hot.base + n_hot * stride
        self.scratch = s.copies + n_copies
        s.hot.home = <float **>(self.scratch + n_scratch + n_scratch % 2)
        cdef float **row = s.hot.home + n_hot
        cdef float *label = <float *>(row + n_rows)
        s.word = <int32_t *>(label + n_labels)
        s.context = s.word + n_words
        cdef int i
        for i in range(RING):
            self.ring[i].row = row + i * (most_in + most_out)
            self.ring[i].label = label + i * most_out
            self.ring[i].pool = self.ring[i].share = 0

        s.ids = &job.ids[0]
        s.types = <int32_t>job.index.shape[0]
        s.types = <int32_t>job.index.shape[0]
        s.index = &job.index[0]
        s.keep = &job.keep[0]
        if job.negative:
            s.noise, s.n_noise = &job.noise[0], job.noise.shape[0]
        if job.path is not None:
            s.offsets, s.path = &job.offsets[0], &job.path[0]
        if job.trainable is not None:
            s.trainable = &job.trainable[0]
        s.dim, s.stride = job.dim, stride
        s.clock, s.workers = job.clock, job.workers
        s.alpha, s.min_alpha, s.total = job.alpha, job.min_alpha, job.total
        s.window, s.negative, s.shrink_windows = job.window, job.negative, job.shrink_windows
        s.cbow_mean, s.divides_gradient = job.cbow_mean, job.divides_gradient

        cdef float *own = s.hot.own
        s.hot.stride = stride
        place(&s.vectors, job.vectors, own, 0, job.hot_vectors)
        own += job.hot_vectors * stride
        place(&s.output_vectors, job.output_vectors, own, 0, job.hot_outputs)
        own += job.hot_outputs * stride
        cdef uint32_t n_nodes = 0 if job.node_vectors is None else job.node_vectors.shape[0]
        place(&s.node_vectors, job.node_vectors, own, n_nodes - job.hot_nodes, job.hot_nodes)
        copy_hot(&s.hot, &s.vectors)
        copy_hot(&s.hot, &s.output_vectors)
        copy_hot(&s.hot, &s.node_vectors)
        if n_hot:
            s.hot.lock, s.hot.rate = job.locks, job.merge_rate
            s.hot.calendar, s.hot.days = &job.calendar[0], job.calendar.shape[0]
            # Workers are that far apart in the calendar, so that they seldom merge the same row.
            s.hot.today = s.hot.days * <size_t>(job.made - 1) // job.workers

    def __dealloc__(self):
        PyMem_RawFree(self.memory)

    def run(self, int64_t epoch, int64_t block, int64_t start, int64_t end) -> int:
        """Train on ids[start:end], which must end at a sentence end.

        The same (seed, epoch, block) draws the same random numbers whoever runs it.

        Returns
        -------
        int
            DONE, STOPPED (by Job.stop) or DIVERGED (the loss is no longer finite). With replicated rows, what
            was learned is all in the shared matrices only after `finish`.
        """
        cdef int ended
        self.begin(epoch, block, start, end)
        with nogil:
            ended = train(self)
        self.expect_known_ids()
        if W2V_INSTRUMENTED:
            self.hand_in()
        return ended

    cdef int expect_known_ids(self) except -1:
        if self.state.foreign:
            raise ValueError(
                f"the corpus has {self.state.types:,} types, but {self.state.foreign} is among its "
                "ids: its file is damaged, or was changed while it was open; "
                "Corpus.open(path, verify=True) tells, encode it anew")
        return 0

    cdef hand_in(self):
        """Add what was counted to the job's counters."""
        cdef w2v_count *count = &self.count
        cdef dict counters = self.job.counters
        counters["centres"] += self.state.centres
        counters["row_writes"] += count.row_writes
        counters["shared_writes"] += count.shared_writes
        counters["merges"] += count.merges
        counters["fetched_bytes"] += count.fetched_bytes
        self.state.centres = count.row_writes = count.shared_writes = count.merges = 0
        count.fetched_bytes = 0

    def finish(self) -> None:
        """Merge every copy of a replicated row into the shared one: before that, no other worker has it all."""
        cdef uint32_t k
        with nogil:
            for k in range(self.state.hot.n):
                while not w2v_merge(&self.state.hot, k, &self.count):
                    pass

    def begin(self, int64_t epoch, int64_t block, int64_t start, int64_t end) -> None:
        """Go to the start of ids[start:end], which must end at a sentence end, for `collect`."""
        cdef State *s = &self.state
        if not 0 <= start <= end <= self.job.ids.shape[0]:
            raise ValueError(f"block {start}:{end} is outside the corpus")
        self.before = w2v_peek(self.tokens)
        s.random = w2v_random_seed(self.job.seed, epoch, block)
        s.noise_at = w2v_random_bits(&s.random)
        s.noise_at = s.noise_at % s.n_noise if s.n_noise else 0
        s.at, s.end = start, end
        s.tokens = 0
        s.filled = s.centre = s.limit = 0
        s.n_context = s.next_context = 0

    def collect(self, int32_t[::1] contexts, int64_t[::1] offsets, int32_t[::1] targets) -> int:
        """Only tell what would be trained: the next predictions since `begin`.

        Draws words and windows as `run` does, but no noise words, and leaves the matrices alone.

        Parameters
        ----------
        contexts : int32
            Is filled with rows: prediction `i` is made from ``contexts[offsets[i]:offsets[i + 1]]``,
            a single one for skip-gram. At least ``2 * window`` places.
        offsets : int64, shape (n + 1,)
        targets : int32, shape (n,)
            Is filled with the rows to predict. At least ``2 * window`` places for skip-gram, one for
            CBOW.

        Returns
        -------
        int
            How many predictions; 0 at the end of the block.
        """
        cdef State *s = &self.state
        cdef Py_ssize_t most = 2 * s.window, made = 0, used = 0, i
        cdef Py_ssize_t last = targets.shape[0] - (1 if s.pooled else most)
        if last < 0 or contexts.shape[0] < most or offsets.shape[0] != targets.shape[0] + 1:
            raise ValueError("too few places for one centre's predictions")
        with nogil:
            offsets[0] = 0
            while made <= last and used + most <= contexts.shape[0]:
                if not next_centre(s):
                    fill(s)
                    w2v_post(self.tokens, self.before + s.tokens)
                    if s.filled == s.centre and s.at == s.end:
                        break
                    continue
                for i in range(s.n_context):
                    contexts[used] = s.context[i]
                    used += 1
                    if not s.pooled or i == s.n_context - 1:
                        targets[made] = s.target
                        made += 1
                        offsets[made] = used
        self.expect_known_ids()
        return made


cdef int train(Worker self) noexcept nogil:
    cdef State *s = &self.state
    cdef w2v_step_fn step = self.step
    cdef float *scratch = self.scratch
    cdef float alpha
    cdef unsigned int made, done, ahead
    cdef w2v_task *now
    cdef w2v_task nothing
    cdef double loss = 0
    cdef int64_t predictions = 0
    cdef int ended = 0  # DONE
    memset(&nothing, 0, sizeof(nothing))
    ahead = SINGLE_AHEAD if s.per_pair else SHARED_AHEAD
    while True:
        fill(s)
        if s.filled == s.centre and s.at == s.end:
            break
        alpha = <float>rate_at(s.alpha, s.min_alpha, tokens_done(s.clock, s.workers), s.total)
        made = done = 0
        while True:
            while made <= done + ahead and prepare(s, &self.ring[made % RING]):
                made += 1
            if made == done:
                break
            now = &self.ring[done % RING]
            if W2V_INSTRUMENTED:
                count_task(&self.count, s, now)
            if s.trainable != NULL:
                shield(s, now)
            loss += step(now, &self.ring[(done + ahead) % RING] if made > done + ahead else &nothing,
                         alpha, s.dim, scratch)
            predictions += 1 if s.pooled else now.n
            done += 1
            if s.hot.due >= 1:
                w2v_merge_due(&s.hot, &self.count)
        w2v_post(self.tokens, self.before + s.tokens)
        if not isfinite(loss):
            ended = 2  # DIVERGED
            break
        if w2v_peek(s.clock):
            ended = 1  # STOPPED
            break
    w2v_post(self.tokens, self.before + s.tokens)
    self.loss = loss
    self.predictions = predictions
    return ended
