"""The hot loop: reads text ids and makes gradient steps, without the interpreter lock.

Every architecture and objective is a choice of rows. The inputs are the context words of a center: one
by one (skip-gram) or pooled (CBOW). The outputs are the nodes of the center's Huffman path (hierarchical
softmax), the center and its noise words (negative sampling), or both. The dense step does the rest.

A `SharedState` has what all workers share: matrices, encoded text, tables, the clock. Each worker thread
makes one `Worker` and calls `run` for block after block. A worker with replicas (shards.py) trains those
and marks their rows; workers without read and write the same rows without locks (Hogwild: Niu et al.,
2011). These races are intended: a lost update is one more bit of noise in stochastic gradient descent.
Every other word that workers share has one writer.

This module does not validate hyper-parameters (w2v/config.py), build tables (w2v/vocab), start threads or
report progress (trainer.py), merge replicas (shards.py), or use SIMD (csrc/kernels).
"""

from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.math cimport isfinite
from libc.stdint cimport SIZE_MAX, int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy, memmove, memset

from compiler cimport W2V_PREFETCH_READ
from w2v_anchor cimport w2v_anchor, w2v_find_homes, w2v_held, w2v_pull
from w2v_atomics cimport w2v_load_relaxed, w2v_store_relaxed
from w2v_cache_model cimport W2V_INSTRUMENTED, w2v_count_row, w2v_counters
from w2v_matrix cimport w2v_mark, w2v_matrix, w2v_replica_number, w2v_row, w2v_row_number
from w2v_rng cimport (
    w2v_random_below, w2v_random_bits, w2v_random_next, w2v_random_seed, w2v_random_skip,
)
from w2v_step cimport (
    W2V_ROW_FLOATS, w2v_batch, w2v_step_fn, w2v_step_scratch, w2v_variant_step,
)

from w2v import _simd, simd
from w2v.training.steps import contexts_per_step

INSTRUMENTED = bool(W2V_INSTRUMENTED)


# ---- Shared by all workers --------------------------------------------------------------------

cdef enum:
    CHUNK = 2048                      # kept words per refill; the clock ticks once per chunk
    GROUP = 64                        # ids that are looked up at once
    RING = 16                         # batches prepared in advance, a power of two
    LINE = 8                          # int64 words in a cache line: one line per worker's counter
    START = 1                         # where the schedule of the learning rate is in the first line:
    TOTAL = 2                         # it is RATE (a double) for START tokens, and falls to
    RATE = 3                          # `min_alpha` after TOTAL
    PREFETCH_DISTANCE = 2             # how many batches ahead rows are prefetched
    PREFETCH_DISTANCE_PER_PAIR = 6    # the same for one batch per pair, which is shorter
    REACH = 1 << 20                   # ids beyond the edge of a block that windows look at, at most

    # How a block ended.
    ENDED_DONE = 0
    ENDED_STOPPED = 1
    ENDED_DIVERGED = 2

DONE, STOPPED, DIVERGED = ENDED_DONE, ENDED_STOPPED, ENDED_DIVERGED


cdef int32_t NO_ROW = -1  # the index of a corpus without types


cdef struct Settings:
    # What does not change during a run. Each worker has a copy beside its own variables: reading it
    # through a pointer would cost an instruction each time.
    const int32_t *ids
    int64_t n_ids
    int32_t n_types          # of the corpus: all ids are below
    const int32_t *index     # row of each type, or -1
    const uint32_t *keep     # subsampling threshold of each row
    const int32_t *noise     # table of noise words
    size_t n_noise
    int32_t dominant         # a row with most of the noise table, or -1
    const int32_t *others    # table of the noise words for this row as target
    size_t n_others
    const int64_t *offsets   # of each row's path
    const int32_t *path      # NULL without hierarchical softmax
    const float *score_offsets  # of each row as output; NULL: none
    const uint8_t *trainable # NULL: all rows are
    bint anchored            # whether rows are pulled to where they were
    size_t dim
    size_t stride
    const int64_t *clock     # see SharedState
    int workers
    double min_alpha
    int window
    int negative
    bint shrink_windows
    int max_inputs           # of a batch: more contexts make several batches; see steps.py
    bint pooled              # all contexts are one input
    bint cbow_mean
    bint divides_gradient


cdef class SharedState:
    """What all workers of one training run share.

    Parameters
    ----------
    config : TrainingConfig
        The hyper-parameters; `workers` must be a number.
    weights : Weights
        The matrices, updated in place.
    ids : int32, shape (n,)
        The encoded text: type ids, -1 after each sentence.
    tables : SamplingTables
        Lookup tables.
    total : int
        In-vocabulary tokens that the clock runs over.
    max_inputs : int, optional
        Contexts that one step takes at most; default ``contexts_per_step(config)``.

    Attributes
    ----------
    counters : dict of int
        Sums over all workers: ``centers``, ``row_writes``, of which ``shared_writes`` to rows
        without replicas, and ``fetched_bytes`` from outside a second-level cache of 1 MiB. Zeros
        unless INSTRUMENTED.
    """

    cdef float[:, ::1] vectors
    cdef float[:, ::1] output_vectors
    cdef float[:, ::1] node_vectors
    cdef const uint8_t[::1] trainable
    cdef object anchor       # holds the arrays that workers point to
    cdef const int32_t[::1] ids
    cdef const int32_t[::1] index
    cdef const uint32_t[::1] keep
    cdef const int32_t[::1] noise
    cdef const int32_t[::1] others
    cdef const int64_t[::1] offsets
    cdef const int32_t[::1] path
    cdef const float[::1] score_offsets
    cdef readonly dict counters
    cdef Settings settings
    cdef int max_path
    cdef uint64_t seed
    cdef int made  # workers so far
    cdef int64_t *clock  # (1 + workers, LINE): stop flag and schedule, then each worker's tokens

    def __cinit__(self, config, weights, const int32_t[::1] ids, tables, int64_t total,
                  int max_inputs=0):
        cdef int workers = config.workers
        self.vectors, self.output_vectors = weights.vectors, weights.output_vectors
        self.node_vectors = weights.node_vectors
        # Each view must be set, if only to None: a view that never was is not None.
        mask, tree = weights.trainable, tables.tree
        self.trainable = None if mask is None else mask.view("u1")
        self.anchor = weights.anchor
        self.ids, self.index = ids, tables.index
        self.keep, self.noise = tables.keep_threshold, tables.noise_table
        self.others = tables.noise_for_dominant
        self.offsets = None if tree is None else tree.offsets
        self.path = None if tree is None else tree.path
        self.score_offsets = tables.score_offsets
        self.max_path = 0 if tree is None else tree.max_length
        self.seed, self.made = config.seed, 0
        self.counters = dict.fromkeys(
            ("centers", "row_writes", "shared_writes", "fetched_bytes"), 0)
        self.fill_settings(config, max_inputs or contexts_per_step(config), tables.dominant)
        self.check_shapes()
        self.point_to_arrays()
        self.clock = <int64_t *>PyMem_Malloc((1 + workers) * LINE * sizeof(int64_t))
        if self.clock == NULL:
            raise MemoryError(f"cannot allocate the counters of {workers} workers; use fewer workers")
        memset(self.clock, 0, (1 + workers) * LINE * sizeof(int64_t))
        self.settings.clock = self.clock
        self.schedule = config.learning_rate, int((config.decay_start or 0.0) * total), total

    cdef fill_settings(self, config, int max_inputs, dominant):
        """Fill `settings`, except for its pointers."""
        cdef Settings *cfg = &self.settings
        cfg.dim, cfg.stride = config.vector_size, self.vectors.shape[1]
        cfg.workers, cfg.min_alpha = config.workers, config.min_alpha
        cfg.window, cfg.shrink_windows = config.window, config.shrink_windows
        cfg.negative = config.negative if config.uses_negative_sampling else 0
        cfg.max_inputs = min(max_inputs, 2 * cfg.window)
        cfg.pooled = not config.sg
        cfg.anchored = self.anchor is not None
        cfg.dominant = -1 if dominant is None else dominant
        cfg.cbow_mean, cfg.divides_gradient = config.cbow_mean, config.exact_cbow_gradient

    cdef point_to_arrays(self):
        """Fill the pointers of `settings`, except for the clock's."""
        cdef Settings *cfg = &self.settings
        cfg.ids = &self.ids[0] if self.ids.shape[0] else NULL
        cfg.n_ids = self.ids.shape[0]
        cfg.index = &self.index[0] if self.index.shape[0] else &NO_ROW
        cfg.n_types = <int32_t>self.index.shape[0]
        cfg.keep = &self.keep[0]
        if cfg.negative:
            cfg.noise, cfg.n_noise = &self.noise[0], self.noise.shape[0]
            if self.others is not None:
                cfg.others, cfg.n_others = &self.others[0], self.others.shape[0]
            if self.score_offsets is not None:
                cfg.score_offsets = &self.score_offsets[0]
        if self.path is not None:
            cfg.offsets, cfg.path = &self.offsets[0], &self.path[0]
        if self.trainable is not None:
            cfg.trainable = &self.trainable[0]

    cdef check_shapes(self):
        cdef Settings *cfg = &self.settings
        cdef Py_ssize_t n_words = self.vectors.shape[0], stride = self.vectors.shape[1]
        cdef bint agree = (stride % W2V_ROW_FLOATS == 0 and 1 <= cfg.dim <= <size_t>stride
                           and self.keep.shape[0] == n_words)
        if self.trainable is not None:
            agree = agree and self.trainable.shape[0] == n_words
        if cfg.negative:
            agree = (agree and self.noise is not None and self.noise.shape[0] > 0
                     and (cfg.dominant < 0) == (self.others is None)
                     and (self.others is None or self.others.shape[0] > 0)
                     and (self.score_offsets is None or self.score_offsets.shape[0] == n_words)
                     and fits(self.output_vectors, n_words, stride))
        if self.path is not None:
            agree = (agree and self.offsets.shape[0] == n_words + 1
                     and self.offsets[n_words] == self.path.shape[0]
                     and fits(self.node_vectors, n_words - 1, stride))
        if not agree:
            raise ValueError("shapes of matrices and tables do not agree")

    def __dealloc__(self):
        PyMem_Free(self.clock)

    @property
    def max_inputs(self) -> int:
        """Contexts that one step takes at most."""
        return self.settings.max_inputs

    def stop(self) -> None:
        """Make every worker leave its block after the batch that it is at."""
        w2v_store_relaxed(self.clock, 1)

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return w2v_load_relaxed(self.clock) != 0

    @property
    def tokens(self) -> int:
        """In-vocabulary tokens trained on so far, by all workers; may be set while none trains."""
        return tokens_done(self.clock, self.settings.workers)

    @tokens.setter
    def tokens(self, int64_t value):
        cdef int w
        for w in range(1, self.settings.workers + 1):
            w2v_store_relaxed(self.clock + w * LINE, value if w == 1 else 0)

    @property
    def learning_rate(self) -> float:
        """The current learning rate."""
        return rate_at(&self.settings, tokens_done(self.clock, self.settings.workers))

    @property
    def schedule(self) -> tuple[float, int, int]:
        """(rate, start, total): the learning rate is `rate` for `start` tokens, and falls linearly
        to `min_alpha` after `total`. It may be changed while workers train."""
        return (rate_of(self.clock), w2v_load_relaxed(self.clock + START),
                w2v_load_relaxed(self.clock + TOTAL))

    @schedule.setter
    def schedule(self, value):
        cdef double rate
        cdef int64_t start, total, bits
        rate, start, total = value
        memcpy(&bits, &rate, sizeof(bits))
        w2v_store_relaxed(self.clock + RATE, bits)
        w2v_store_relaxed(self.clock + START, start)
        w2v_store_relaxed(self.clock + TOTAL, total)


cdef bint fits(float[:, ::1] matrix, Py_ssize_t n_rows, Py_ssize_t stride):
    return matrix is not None and matrix.shape[0] == n_rows and matrix.shape[1] == stride


cdef int64_t tokens_done(const int64_t *clock, int workers) noexcept nogil:
    cdef int64_t done = 0
    cdef int w
    for w in range(1, workers + 1):
        done += w2v_load_relaxed(clock + w * LINE)
    return done


cdef double rate_of(const int64_t *clock) noexcept nogil:
    cdef int64_t bits = w2v_load_relaxed(clock + RATE)
    cdef double rate
    memcpy(&rate, &bits, sizeof(rate))
    return rate


cdef double rate_at(const Settings *cfg, int64_t done) noexcept nogil:
    """Return the learning rate after `done` tokens."""
    cdef int64_t start = w2v_load_relaxed(cfg.clock + START)
    cdef int64_t total = w2v_load_relaxed(cfg.clock + TOTAL)
    cdef double rate
    if done >= total:
        return cfg.min_alpha
    rate = rate_of(cfg.clock)
    if done <= start:
        return rate
    return rate - (rate - cfg.min_alpha) * (<double>(done - start) / <double>(total - start))


# ---- One worker -------------------------------------------------------------------------------

cdef struct State:
    Settings cfg  # constant
    w2v_matrix vectors
    w2v_matrix output_vectors
    w2v_matrix node_vectors
    w2v_anchor held_vectors
    w2v_anchor held_outputs
    w2v_anchor held_nodes
    # The learning rate is that after `done_before` tokens and `shards` times those trained since. With
    # `shards` 0, it is that after all workers' tokens.
    int64_t done_before
    int64_t own_before
    int64_t shards
    # Position in the block.
    int64_t pos         # next id to read
    int64_t end
    int64_t tokens      # in-vocabulary tokens read in this block
    int32_t invalid_id  # an id outside the corpus's types, or 0
    uint64_t random
    size_t noise_pos
    # Kept words, -1 at sentence ends: buffer[:filled]. Centers below `limit` have their whole context.
    # A block that begins or ends within a sentence has up to a window of words from beyond its edges.
    int32_t *buffer
    Py_ssize_t filled
    Py_ssize_t center
    Py_ssize_t limit
    Py_ssize_t seen       # the last word that has been a context
    # The current center.
    int64_t n_centers     # counted in instrumented builds
    float *frozen_copies  # of inputs that are not trained
    int32_t *context
    int n_context
    int next_context
    int n_cached          # first of the contexts, which have been contexts lately
    int32_t target


cdef inline bint is_kept(State *s, int32_t row) noexcept nogil:
    """Draw whether a word is kept by subsampling."""
    cdef uint32_t keep = s.cfg.keep[row]
    return keep == <uint32_t>0xFFFFFFFF or <uint32_t>(w2v_random_bits(&s.random) >> 32) <= keep


cdef int look_up(const State *s, int64_t pos, int32_t *rows, uint32_t *keep) noexcept nogil:
    """Look up the rows and thresholds of the next ids, up to GROUP; return how many.

    The tables are seldom in the first two levels of cache. Here no load waits for another.
    """
    cdef int n = <int>min(s.end - pos, GROUP), i
    cdef const int32_t *ids = s.cfg.ids + pos
    cdef uint32_t id
    for i in range(n):
        id = <uint32_t>ids[i]
        rows[i] = s.cfg.index[id if id < <uint32_t>s.cfg.n_types else 0]
    for i in range(n):
        keep[i] = s.cfg.keep[rows[i] if rows[i] > 0 else 0]
    return n


cdef void refill_buffer(State *s) noexcept nogil:
    """Read ids until the buffer is full: drop words outside the vocabulary, subsample, keep
    sentence ends as -1."""
    cdef Py_ssize_t used = s.center - s.cfg.window
    cdef Py_ssize_t capacity = CHUNK + 2 * s.cfg.window
    cdef Py_ssize_t filled
    cdef int64_t pos = s.pos, tokens = 0
    cdef uint64_t random = s.random
    cdef int32_t rows[GROUP]
    cdef uint32_t keep[GROUP]
    cdef int i = 0, n = 0
    cdef int32_t id
    cdef bint known
    if pos == s.end:
        return
    if used > 0:
        memmove(s.buffer, s.buffer + used, (s.filled - used) * sizeof(int32_t))
        s.filled -= used
        s.center -= used
        s.seen -= used
    filled = s.filled
    while filled < capacity and pos < s.end:
        if i == n:
            n = look_up(s, pos, rows, keep)
            i = 0
        id = s.cfg.ids[pos]
        if id < 0:
            if filled > 0 and s.buffer[filled - 1] >= 0:
                s.buffer[filled] = -1
                filled += 1
        elif id >= s.cfg.n_types:  # a corrupt file: stop reading
            s.invalid_id = id
            pos = s.end
            break
        else:
            # is_kept, but without branches, because no CPU can predict which words are kept: every
            # word is written, and the next one takes the place of a word that is not kept.
            known = rows[i] >= 0
            s.buffer[filled] = rows[i]
            filled += known & (<uint32_t>(w2v_random_next(random) >> 32) <= keep[i])
            w2v_random_skip(&random, known & (keep[i] != <uint32_t>0xFFFFFFFF))
            tokens += known
        i += 1
        pos += 1
    s.pos, s.filled, s.random = pos, filled, random
    s.tokens += tokens
    s.limit = s.filled if s.pos == s.end else s.filled - s.cfg.window
    if s.pos == s.end:
        read_beyond(s, s.end, 1)


cdef void read_beyond(State *s, int64_t edge, int step) noexcept nogil:
    """Add the context beyond an edge of the block, if the edge is within a sentence: up to a window of
    words after it (`step` 1), or before it (`step` -1, into an empty buffer). They are not
    centers, and the clock does not count them: both are the matter of the block that they belong to."""
    cdef int64_t pos = edge if step > 0 else edge - 1
    cdef int64_t limit = REACH
    cdef Py_ssize_t first = s.filled, n = 0, i
    cdef int32_t id, row
    if edge == 0 or s.cfg.ids[edge - 1] < 0:
        return
    while n < s.cfg.window and limit > 0 and 0 <= pos < s.cfg.n_ids:
        id = s.cfg.ids[pos]
        if id < 0 or id >= s.cfg.n_types:
            break
        pos += step
        limit -= 1
        row = s.cfg.index[id]
        if row >= 0 and is_kept(s, row):
            s.buffer[first + n] = row
            n += 1
    s.filled += n
    if step < 0:
        for i in range(n // 2):
            s.buffer[i], s.buffer[n - 1 - i] = s.buffer[n - 1 - i], s.buffer[i]
        s.center = s.limit = n


cdef bint next_center(State *s) noexcept nogil:
    """Go to the next center with at least one context word; return False at the end of the chunk."""
    cdef Py_ssize_t center, j, first, last
    cdef int reach, n, n_before
    while s.center < s.limit:
        center = s.center
        s.center += 1
        if s.buffer[center] < 0:
            continue
        reach = s.cfg.window
        if s.cfg.shrink_windows:
            reach = 1 + <int>w2v_random_below(&s.random, <uint32_t>s.cfg.window)
        first = center - reach if center > reach else 0
        last = center + reach if center + reach < s.filled else s.filled - 1
        n = 0
        j = center - 1
        while j >= first and s.buffer[j] >= 0:
            s.context[n] = s.buffer[j]
            n += 1
            j -= 1
        n_before = n
        j = center + 1
        while j <= last and s.buffer[j] >= 0:
            s.context[n] = s.buffer[j]
            n += 1
            j += 1
        if n > 0:
            s.target = s.buffer[center]
            s.n_context = n
            s.next_context = 0
            # The first word of a sentence becomes a context only after its own turn.
            s.n_cached = 0 if n_before == 1 else n if j <= s.seen else n - <int>(j - 1 - s.seen)
            if j > s.seen:
                s.seen = j - 1
            if W2V_INSTRUMENTED:
                s.n_centers += 1
            return True
    return False


cdef bint next_batch(State *s, w2v_batch *batch) noexcept nogil:
    """Set up the next batch: its inputs, then its outputs. Return False at the end of the
    chunk."""
    cdef int n, i
    cdef bint again
    if s.next_context == s.n_context and not next_center(s):
        return False
    n = s.n_context - s.next_context
    if n > s.cfg.max_inputs:
        n = (n + 1) // 2 if n <= 2 * s.cfg.max_inputs else s.cfg.max_inputs
    for i in range(n):
        batch.rows[i] = w2v_row(&s.vectors, s.context[s.next_context + i])
    batch.n_cached = min(max(s.n_cached - s.next_context, 0), n)
    again = s.next_context > 0 and batch.n_cached == n  # the outputs, too
    s.next_context += n
    if s.cfg.pooled:
        batch.pool_scale = <float>1 / n if s.cfg.cbow_mean else 1
        batch.grad_scale = <float>1 / n if s.cfg.divides_gradient else 1
    batch.n = n
    batch.m = 0
    if s.cfg.path != NULL:
        add_path(s, batch)
    if again:
        batch.n_cached += batch.m + (1 if s.cfg.negative else 0)
    if s.cfg.negative > 0:
        add_noise(s, batch)
    return True


cdef inline void add_output(w2v_batch *batch, float *row, float label) noexcept nogil:
    batch.rows[batch.n + batch.m] = row
    (<float *>batch.labels)[batch.m] = label
    batch.m += 1


cdef inline void add_word(State *s, w2v_batch *batch, int32_t word, float label) noexcept nogil:
    if s.cfg.score_offsets != NULL:
        (<float *>batch.offsets)[batch.m] = s.cfg.score_offsets[word]
    add_output(batch, w2v_row(&s.output_vectors, word), label)


cdef void add_path(State *s, w2v_batch *batch) noexcept nogil:
    """Hierarchical softmax: the nodes above the target, labeled with one minus the code bit."""
    cdef float **rows = batch.rows + batch.n + batch.m
    cdef float *labels = <float *>batch.labels + batch.m
    cdef const int32_t *path = s.cfg.path
    cdef int64_t first
    cdef int32_t node, complement, later
    cdef int n, i
    # Paths are scattered over a large array: prefetch those of the next words.
    if s.center + 8 < s.filled:
        later = s.buffer[s.center + 8]
        if later >= 0:
            W2V_PREFETCH_READ(s.cfg.offsets + later)
        later = s.buffer[s.center + 4]
        if later >= 0:
            W2V_PREFETCH_READ(s.cfg.path + s.cfg.offsets[later])
    # A node is stored as it is, or as its complement. Without a branch, because no CPU can predict code bits.
    first = s.cfg.offsets[s.target]
    n = <int>(s.cfg.offsets[s.target + 1] - first)
    for i in range(n):
        node = path[first + i]
        complement = node >> 31  # -1 or 0
        rows[i] = w2v_row(&s.node_vectors, node ^ complement)
        labels[i] = <float>(1 + complement)
    batch.m += n
    if batch.offsets != NULL:  # nodes have none
        memset(<void *>batch.offsets, 0, batch.m * sizeof(float))


cdef void add_noise(State *s, w2v_batch *batch) noexcept nogil:
    """Negative sampling: the target, labeled 1, and noise words, labeled 0."""
    cdef int k
    cdef size_t tries
    cdef int32_t noise
    add_word(s, batch, s.target, 1)
    for k in range(s.cfg.negative):
        # If the target itself is drawn, draw again. word2vec.c skips it, which gives frequent words
        # fewer noise words than rare ones.
        for tries in range(s.cfg.n_noise):
            noise = s.cfg.noise[s.noise_pos]
            s.noise_pos += 1
            if s.noise_pos == s.cfg.n_noise:
                s.noise_pos = 0
            if noise != s.target:
                add_word(s, batch, noise, 0)
                break
            if noise == s.cfg.dominant:  # most draws would be the target again
                noise = s.cfg.others[w2v_random_bits(&s.random) % s.cfg.n_others]
                add_word(s, batch, noise, 0)
                break


cdef void copy_frozen_inputs(State *s, w2v_batch *batch) noexcept nogil:
    """Replace inputs that are not to be trained by copies, for the step to update instead."""
    cdef int i
    cdef float *copy
    for i in range(batch.n):
        if not s.cfg.trainable[w2v_row_number(&s.vectors, batch.rows[i])]:
            copy = s.frozen_copies + i * s.cfg.stride
            memcpy(copy, batch.rows[i], s.cfg.stride * sizeof(float))
            batch.rows[i] = copy


cdef void find_homes(State *s, const w2v_batch *batch, float alpha, w2v_held *held) noexcept nogil:
    """Look up where the rows of a batch are held, before its step changes any."""
    cdef int n_words = 1 + s.cfg.negative if s.cfg.negative else 0
    cdef int n_nodes = batch.m - n_words
    w2v_find_homes(&s.vectors, &s.held_vectors, s.cfg.trainable, batch.rows, batch.n, alpha, held)
    held += batch.n
    w2v_find_homes(&s.node_vectors, &s.held_nodes, NULL, batch.rows + batch.n, n_nodes, alpha, held)
    w2v_find_homes(&s.output_vectors, &s.held_outputs, NULL, batch.rows + batch.n + n_nodes, n_words,
                   alpha, held + n_nodes)


cdef void count_batch(w2v_counters *counters, State *s, const w2v_batch *batch) noexcept nogil:
    """Count what a batch's step reads and writes; for instrumented builds."""
    cdef int i
    cdef float *row
    for i in range(batch.n + batch.m):
        row = batch.rows[i]
        counters.row_writes += 1
        counters.shared_writes += not (is_replica(&s.vectors, row) or is_replica(&s.output_vectors, row)
                                       or is_replica(&s.node_vectors, row))
        w2v_count_row(counters, row, s.cfg.stride)


cdef inline bint is_replica(const w2v_matrix *matrix, const float *row) noexcept nogil:
    return matrix.shared != NULL and w2v_replica_number(matrix, row) != SIZE_MAX


cdef set_rows(w2v_matrix *matrix, float[:, ::1] shared, replicas, str name):
    """Describe a matrix as a worker sees it."""
    cdef float[:, ::1] rows
    cdef w2v_mark[::1] marks
    if shared is None:
        return
    matrix.shared, matrix.row_size = &shared[0, 0], shared.shape[1] * sizeof(float)
    if replicas is None or name not in replicas.rows:
        return
    rows, marks = replicas.rows[name], replicas.marks[name]
    if not (0 < rows.shape[0] <= shared.shape[0] == marks.shape[0]
            and rows.shape[1] == shared.shape[1]):
        raise ValueError("shapes of matrices and replicas do not agree")
    matrix.marks = &marks[0]
    matrix.n_replicated = <uint32_t>rows.shape[0]
    # The most used rows: words are sorted by frequency; nodes are numbered from the leaves.
    if name == "node_vectors":
        matrix.first_replicated = <uint32_t>(shared.shape[0] - rows.shape[0])
    matrix.replica_offset = (<size_t>&rows[0, 0] - <size_t>matrix.shared
                             - matrix.first_replicated * matrix.row_size)


cdef set_anchor(w2v_anchor *held, float[:, ::1] shared, anchor, str name):
    """Describe which rows of a matrix are pulled, and where to."""
    cdef const float[:, ::1] homes
    cdef const float[::1] strengths
    held.n_rows = 0
    if anchor is None or name not in anchor.homes:
        return
    homes, strengths = anchor.homes[name], anchor.strengths[name]
    if not (shared is not None and 0 < homes.shape[0] == strengths.shape[0] <= shared.shape[0]
            and homes.shape[1] == shared.shape[1]):
        raise ValueError("shapes of matrices and their anchor do not agree")
    held.homes, held.strengths, held.n_rows = &homes[0, 0], &strengths[0], homes.shape[0]


cdef class Worker:
    """One thread's part of a training run: its scratch memory and its loss.

    Parameters
    ----------
    shared : SharedState
    replicas : Replicas, optional
        The rows that this worker trains instead of the shared ones; default none.

    Attributes
    ----------
    loss : float
        Loss of the last block in nats, summed in double precision.
    predictions : int
        What the loss is summed over: (center, context) pairs (skip-gram) or centers (CBOW).
    """

    cdef SharedState shared
    cdef object replicas  # holds the arrays that pointers point to
    cdef State state
    cdef w2v_batch ring[RING]
    cdef w2v_held *held[RING]  # for each row of a batch, if there is an anchor
    cdef void *memory
    cdef float *scratch
    cdef w2v_counters counters
    cdef w2v_step_fn step
    cdef int64_t *tokens
    cdef int64_t tokens_before  # of earlier blocks
    cdef readonly double loss
    cdef readonly int64_t predictions

    def __cinit__(self, SharedState shared not None, replicas=None):
        if shared.made >= shared.settings.workers:
            raise ValueError(f"this state was made for {shared.settings.workers} workers")
        shared.made += 1
        self.shared = shared
        self.tokens = shared.clock + shared.made * LINE
        self.step = w2v_variant_step(_simd.variant_index(simd.active()))
        self.state.cfg = shared.settings
        self.allocate()
        self.replicas = replicas
        set_rows(&self.state.vectors, shared.vectors, replicas, "vectors")
        set_rows(&self.state.output_vectors, shared.output_vectors, replicas, "output_vectors")
        set_rows(&self.state.node_vectors, shared.node_vectors, replicas, "node_vectors")
        set_anchor(&self.state.held_vectors, shared.vectors, shared.anchor, "vectors")
        set_anchor(&self.state.held_outputs, shared.output_vectors, shared.anchor, "output_vectors")
        set_anchor(&self.state.held_nodes, shared.node_vectors, shared.anchor, "node_vectors")

    cdef allocate(self):
        """Allocate one piece of memory and divide it."""
        cdef SharedState shared = self.shared
        cdef State *s = &self.state
        cdef Settings *cfg = &s.cfg
        cdef int max_in = cfg.max_inputs
        cdef int max_out = shared.max_path + (1 + cfg.negative if cfg.negative else 0)
        cdef size_t n_copies = 0 if cfg.trainable == NULL else max_in * cfg.stride
        cdef size_t n_scratch = w2v_step_scratch(max_in, max_out, cfg.dim)
        cdef size_t n_rows = RING * <size_t>(max_in + max_out)
        cdef size_t n_held = n_rows if cfg.anchored else 0
        cdef size_t n_labels = RING * <size_t>max_out
        cdef size_t n_offsets = 0 if cfg.score_offsets == NULL else n_labels
        cdef size_t n_words = CHUNK + 3 * cfg.window + 1
        cdef size_t n_bytes = (n_rows * sizeof(float *) + n_held * sizeof(w2v_held)
                               + (n_copies + n_scratch + 1 + n_labels + n_offsets) * sizeof(float)
                               + (n_words + 2 * cfg.window) * sizeof(int32_t) + 64)
        self.memory = PyMem_Malloc(n_bytes)
        if self.memory == NULL:
            raise MemoryError(f"cannot allocate {n_bytes:,} bytes of scratch memory for a worker; "
                              "lower window, negative or workers")
        # Rows first, aligned to cache lines; then pointers; then narrower types.
        s.frozen_copies = <float *>((<size_t>self.memory + 63) & ~<size_t>63)
        self.scratch = s.frozen_copies + n_copies
        cdef float **rows = <float **>(self.scratch + n_scratch + n_scratch % 2)
        cdef w2v_held *held = <w2v_held *>(rows + n_rows)
        cdef float *labels = <float *>(held + n_held)
        cdef float *offsets = labels + n_labels
        s.buffer = <int32_t *>(offsets + n_offsets)
        s.context = s.buffer + n_words
        cdef int i
        for i in range(RING):
            self.ring[i].rows = rows + i * (max_in + max_out)
            self.held[i] = held + i * (max_in + max_out) if cfg.anchored else NULL
            self.ring[i].labels = labels + i * max_out
            self.ring[i].offsets = NULL if n_offsets == 0 else offsets + i * max_out
            self.ring[i].pool_scale = self.ring[i].grad_scale = 0

    def __dealloc__(self):
        PyMem_Free(self.memory)

    def run(self, int64_t epoch, int64_t block, int64_t start, int64_t end) -> int:
        """Train on ids[start:end]. A block may begin and end within a sentence: its words have their
        whole context, from beyond the edges too.

        The same (seed, epoch, block) draws the same random numbers in any worker.

        Returns
        -------
        int
            DONE, STOPPED (by SharedState.stop) or DIVERGED (the loss is no longer finite).
        """
        cdef int ended
        self.seek_block(epoch, block, start, end)
        with nogil:
            ended = train(self)
        self.check_ids()
        if W2V_INSTRUMENTED:
            self.flush_counters()
        return ended

    cdef int check_ids(self) except -1:
        if self.state.invalid_id:
            raise ValueError(
                f"the corpus has {self.state.cfg.n_types:,} types, but its ids include "
                f"{self.state.invalid_id}: its file is corrupt, or was changed while it was open; "
                "check it with Corpus.open(path, verify=True), or encode the corpus again")
        return 0

    cdef flush_counters(self):
        """Add this worker's counters to the shared ones, and reset them."""
        cdef w2v_counters *count = &self.counters
        cdef dict counters = self.shared.counters
        counters["centers"] += self.state.n_centers
        counters["row_writes"] += count.row_writes
        counters["shared_writes"] += count.shared_writes
        counters["fetched_bytes"] += count.fetched_bytes
        self.state.n_centers = count.row_writes = count.shared_writes = 0
        count.fetched_bytes = 0

    def begin_round(self, int64_t done, int64_t shards) -> None:
        """Let the learning rate depend on this worker's tokens only: it is that after `done` tokens, and
        from now on `shards` for each that the worker trains."""
        self.state.done_before, self.state.shards = done, shards
        self.state.own_before = w2v_load_relaxed(self.tokens)

    def seek_block(self, int64_t epoch, int64_t block, int64_t start, int64_t end) -> None:
        """Start a block for `collect_predictions`: ids[start:end]; see `run`."""
        cdef State *s = &self.state
        if not 0 <= start <= end <= self.shared.ids.shape[0]:
            raise ValueError(f"block {start}:{end} is outside the corpus")
        self.tokens_before = w2v_load_relaxed(self.tokens)
        s.random = w2v_random_seed(self.shared.seed, epoch, block)
        s.noise_pos = w2v_random_bits(&s.random)
        s.noise_pos = s.noise_pos % s.cfg.n_noise if s.cfg.n_noise else 0
        s.pos, s.end = start, end
        s.tokens = 0
        s.filled = s.center = s.limit = s.seen = 0
        s.n_context = s.next_context = 0
        read_beyond(s, start, -1)

    def collect_predictions(self, int32_t[::1] contexts, int64_t[::1] offsets,
                            int32_t[::1] targets) -> int:
        """Write the next predictions of the block to arrays, without training on them.

        Draws words and windows as `run` does, but no noise words, and does not read the matrices.

        Parameters
        ----------
        contexts : int32
            Receives rows: prediction `i` is made from ``contexts[offsets[i]:offsets[i + 1]]``, a
            single row for skip-gram. Length at least ``2 * window``.
        offsets : int64, shape (n + 1,)
        targets : int32, shape (n,)
            Receives the rows to predict. Length at least ``2 * window`` for skip-gram, 1 for CBOW.

        Returns
        -------
        int
            Number of predictions; 0 at the end of the block.
        """
        cdef State *s = &self.state
        cdef Py_ssize_t max_contexts = 2 * s.cfg.window, made = 0, used = 0, i
        cdef Py_ssize_t last = targets.shape[0] - (1 if s.cfg.pooled else max_contexts)
        if last < 0 or contexts.shape[0] < max_contexts or offsets.shape[0] != targets.shape[0] + 1:
            raise ValueError("the arrays are too short for one center's predictions")
        with nogil:
            offsets[0] = 0
            while made <= last and used + max_contexts <= contexts.shape[0]:
                if not next_center(s):
                    refill_buffer(s)
                    w2v_store_relaxed(self.tokens, self.tokens_before + s.tokens)
                    if s.center == s.limit and s.pos == s.end:
                        break
                    continue
                for i in range(s.n_context):
                    contexts[used] = s.context[i]
                    used += 1
                    if not s.cfg.pooled or i == s.n_context - 1:
                        targets[made] = s.target
                        made += 1
                        offsets[made] = used
        self.check_ids()
        return made


cdef int train(Worker self) noexcept nogil:
    cdef State *s = &self.state
    cdef w2v_step_fn step = self.step
    cdef float *scratch = self.scratch
    cdef float alpha
    cdef unsigned int made, done, distance
    cdef w2v_batch *batch
    cdef w2v_batch *upcoming
    cdef w2v_batch no_batch
    cdef double loss = 0
    cdef int64_t predictions = 0, clock
    cdef int ended = ENDED_DONE
    memset(&no_batch, 0, sizeof(no_batch))
    distance = PREFETCH_DISTANCE_PER_PAIR if s.cfg.max_inputs == 1 else PREFETCH_DISTANCE
    while True:
        refill_buffer(s)
        if s.center == s.limit and s.pos == s.end:
            break
        if s.shards:
            clock = s.done_before + s.shards * (w2v_load_relaxed(self.tokens) - s.own_before)
        else:
            clock = tokens_done(s.cfg.clock, s.cfg.workers)
        alpha = <float>rate_at(&s.cfg, clock)
        made = done = 0
        while True:
            while made <= done + distance and next_batch(s, &self.ring[made % RING]):
                if s.cfg.anchored:
                    find_homes(s, &self.ring[made % RING], alpha, self.held[made % RING])
                made += 1
            if made == done:
                break
            batch = &self.ring[done % RING]
            upcoming = &self.ring[(done + distance) % RING] if made > done + distance else &no_batch
            if W2V_INSTRUMENTED:
                count_batch(&self.counters, s, batch)
            if s.cfg.trainable != NULL:
                copy_frozen_inputs(s, batch)
            loss += step(batch, upcoming, alpha, s.cfg.dim, scratch)
            if s.cfg.anchored:
                w2v_pull(batch.rows, self.held[done % RING], batch.n + batch.m, s.cfg.stride)
            predictions += 1 if s.cfg.pooled else batch.n
            done += 1
            if w2v_load_relaxed(s.cfg.clock):  # here, since one chunk of long windows takes seconds
                break
        w2v_store_relaxed(self.tokens, self.tokens_before + s.tokens)
        if not isfinite(loss):
            ended = ENDED_DIVERGED
            break
        if w2v_load_relaxed(s.cfg.clock):
            ended = ENDED_STOPPED
            break
    w2v_store_relaxed(self.tokens, self.tokens_before + s.tokens)
    self.loss = loss
    self.predictions = predictions
    return ended
