"""Bridge to csrc/text/pair_counts.c and phrases.c, and the joining of phrases in lists of strings.

Converts arguments, releases the interpreter lock and raises exceptions for status codes; phrases.py
decides what a phrase is, and pair_counter.py what threads do.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t
from libc.stdlib cimport free, malloc

import reprlib

from w2v_pairs cimport *
from w2v_phrases cimport *
from w2v_status cimport *

CONNECTOR, FIRST, SECOND = W2V_CONNECTOR, W2V_FIRST, W2V_SECOND


class OverBudget(Exception):
    """The table would exceed its budget; it has `pairs` pairs."""

    def __init__(self, pairs):
        super().__init__(pairs)
        self.pairs = pairs


cdef check_id(w2v_status status, int64_t n_types):
    if status == W2V_BAD_ID:
        raise ValueError(
            f"the corpus contains an id that is neither -1 nor from 0 to {n_types - 1}: encode it "
            "again")


cdef class Bigrams:
    """A table of phrases, which joins them; see csrc/include/w2v_phrases.h.

    `apply` is for one thread at a time; a `Pairs` applies the table in several.

    Parameters
    ----------
    flags : uint8, shape (n_types,)
        For each type: CONNECTOR, or any of FIRST and SECOND.
    """

    cdef w2v_bigrams *bigrams
    cdef const uint8_t[::1] flags
    cdef w2v_walk walk

    def __cinit__(self, const uint8_t[::1] flags):
        w2v_walk_begin(&self.walk)
        self.flags = flags
        self.bigrams = w2v_bigrams_new(&flags[0], flags.shape[0])
        if self.bigrams is NULL:
            raise MemoryError("cannot allocate a table of phrases")

    def __dealloc__(self):
        w2v_walk_clear(&self.walk)
        w2v_bigrams_free(self.bigrams)

    @property
    def pending(self):
        """Number of ids that `apply` has read but not returned yet."""
        return self.walk.n_pending

    def insert(self, const int32_t[::1] words, int32_t number):
        """Insert a phrase that becomes the type `number`."""
        if words.shape[0] < 2 or number < 0:
            raise ValueError("expected at least two words and a number of at least 0")
        if w2v_bigrams_insert(self.bigrams, &words[0], words.shape[0], number):
            raise MemoryError("out of memory for a table of phrases")

    def apply(self, const int32_t[::1] ids, int32_t[::1] out):
        """Write the next ids with phrases joined to `out`; return how many were written."""
        cdef w2v_status status
        cdef int64_t n_out = 0
        if out.shape[0] < ids.shape[0] + self.walk.n_pending:
            raise ValueError("out: too short for these ids and the pending ones")
        if ids.shape[0] == 0:
            return 0
        with nogil:
            status = w2v_bigrams_apply(
                self.bigrams, &self.walk, &ids[0], ids.shape[0], &out[0], &n_out)
        check_id(status, self.flags.shape[0])
        if status:
            raise MemoryError("out of memory for the words of a phrase")
        return n_out


cdef class Pairs:
    """A table of word pairs, which several threads count and score; see csrc/include/w2v_pairs.h.

    Parameters
    ----------
    flags : uint8, shape (n_types,)
        For each type: CONNECTOR, or any of FIRST and SECOND.
    budget : int
        Bytes that the table may take; 0 for no limit.
    joiners : list of Bigrams
        Rewrite the ids before they are counted, in this order.
    """

    cdef w2v_pairs *pairs
    cdef const uint8_t[::1] flags
    cdef const int32_t[::1] ids  # of the round
    cdef const int64_t[::1] counts
    cdef list joiners
    cdef const w2v_bigrams **joiner_list

    def __cinit__(self, const uint8_t[::1] flags, int64_t budget, list joiners not None):
        cdef Py_ssize_t i
        cdef Bigrams joiner
        self.flags, self.joiners = flags, list(joiners)
        self.pairs = w2v_pairs_new(&flags[0], flags.shape[0], budget)
        self.joiner_list = <const w2v_bigrams **>malloc((len(joiners) + 1) * sizeof(void *))
        if self.pairs is NULL or self.joiner_list is NULL:
            raise MemoryError("cannot allocate a table of word pairs")
        for i in range(len(joiners)):
            joiner = self.joiners[i]
            self.joiner_list[i] = joiner.bigrams

    def __dealloc__(self):
        w2v_pairs_free(self.pairs)
        free(self.joiner_list)

    def __len__(self):
        return w2v_pairs_size(self.pairs)  # not during a stage

    def begin(self, const int32_t[::1] ids, int64_t piece):
        """Begin a round with the next ids, in pieces of about that length."""
        if piece < 1:
            raise ValueError(f"piece: expected at least 1, found {piece}")
        self.ids = ids
        cdef const int32_t *first = &ids[0] if ids.shape[0] else NULL
        self.check(w2v_pairs_begin(
            self.pairs, first, ids.shape[0], piece, self.joiner_list, len(self.joiners)))

    def work(self, int64_t[::1] word_counts):
        """Do tasks of the open stage until none is left; count words in an array of this thread."""
        cdef w2v_status status
        if word_counts.shape[0] != self.flags.shape[0]:
            raise ValueError(
                f"word_counts: expected {self.flags.shape[0]} items, found {word_counts.shape[0]}")
        with nogil:
            status = w2v_pairs_work(self.pairs, &word_counts[0])
        self.check(status)

    def next_stage(self):
        """Open the next stage, once no thread is in `work`; return False if that was the last one."""
        cdef int more
        cdef w2v_status status
        with nogil:
            status = w2v_pairs_next_stage(self.pairs, &more)
        self.check(status)
        return more != 0

    def begin_scoring(self, bint npmi, int64_t min_count, double scale, double threshold,
                      const int64_t[::1] counts):
        """Open a stage that finds the pairs above the threshold; see `found`."""
        cdef w2v_scoring by = w2v_scoring(npmi, min_count, scale, threshold)
        if counts.shape[0] != self.flags.shape[0]:
            raise ValueError(f"counts: expected {self.flags.shape[0]} items")
        self.counts = counts
        w2v_pairs_begin_scoring(self.pairs, &by, &counts[0])

    def found(self):
        """Return (types of the words, count, score) of each pair that was found."""
        cdef const w2v_bigram *pair
        cdef int64_t n, i
        cdef int part
        cdef list pairs = []
        for part in range(W2V_PAIR_PARTS):
            pair = w2v_pairs_found(self.pairs, part, &n)
            for i in range(n):
                words = ((pair[i].first, pair[i].second) if pair[i].connector_chain == 0 else
                         (pair[i].first, *self.connectors(pair[i].connector_chain),
                          pair[i].second))
                pairs.append((words, pair[i].count, pair[i].score))
        return pairs

    cdef list connectors(self, uint32_t chain):
        cdef int32_t connector
        cdef list words = []
        while chain:
            chain = w2v_pairs_pop_connector(self.pairs, chain, &connector)
            words.append(connector)
        words.reverse()
        return words

    cdef int check(self, w2v_status status) except -1:
        if status == W2V_NO_MEMORY:
            raise MemoryError(
                "out of memory for word pairs (26 to 77 bytes for each distinct one): limit them "
                "with memory=, or reduce the vocabulary")
        if status == W2V_OVER_BUDGET:
            raise OverBudget(len(self))
        if status == W2V_COUNT_OVERFLOW:
            raise OverflowError("a word pair occurs more than 4294967295 times")
        check_id(status, self.flags.shape[0])
        return 0


def renumber(int32_t[::1] ids, int32_t[::1] numbers, int64_t[::1] counts, int32_t first):
    """Number types by first appearance, in place; return the next number.

    The caller ensures that every id is below the length of `numbers` and `counts`.
    """
    if ids.shape[0] == 0:
        return first
    with nogil:
        first = w2v_renumber(&ids[0], ids.shape[0], &numbers[0], &counts[0], first)
    return first


def join_tokens(sentence, dict followers, connectors):
    """Return a list of tokens with phrases joined.

    Parameters
    ----------
    sentence : iterable of str
    followers : dict
        By the first word of a phrase, a dict from its other words to the phrase: the second word
        itself, or a tuple if there are connector words.
    connectors : frozenset of str
    """
    cdef list out = []
    cdef Py_ssize_t begin = 0
    cdef dict after = None
    for token in sentence:
        if not isinstance(token, str):
            raise TypeError(
                f"token {len(out)} of a sentence: expected a str, found {type(token).__name__} "
                f"{reprlib.repr(token)}; a sentence is a list of str")
        if token in connectors:
            out.append(token)
            continue
        if after is not None:
            phrase = after.get(
                token if len(out) == begin + 1 else (*out[begin + 1:], token))
            if phrase is not None:
                del out[begin:]
                out.append(phrase)
                after = None
                continue
        after = followers.get(token)
        begin = len(out)
        out.append(token)
    return out
