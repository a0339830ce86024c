"""Bridge to csrc/text/phrases.c, and the joining of phrases in lists of strings.

Converts arguments, releases the interpreter lock and raises exceptions for status codes; phrases.py
decides what a phrase is. A table is used by one thread at a time.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t
from libc.stdlib cimport free, malloc

import reprlib

from w2v_phrases cimport *
from w2v_status cimport *

CONNECTOR, FIRST, SECOND = W2V_CONNECTOR, W2V_FIRST, W2V_SECOND


class OverBudget(Exception):
    """The table would exceed its budget; it has `pairs` pairs."""

    def __init__(self, pairs):
        super().__init__(pairs)
        self.pairs = pairs


cdef class Bigrams:
    """A table of word pairs: counts them, or joins those inserted; see csrc/include/w2v_phrases.h.

    Parameters
    ----------
    flags : uint8, shape (n_types,)
        For each type: CONNECTOR, or any of FIRST and SECOND.
    budget : int, default 0
        Bytes that the table may take; 0 for no limit.
    """

    cdef w2v_bigrams *bigrams
    cdef const uint8_t[::1] flags

    def __cinit__(self, const uint8_t[::1] flags, int64_t budget=0):
        self.flags = flags
        self.bigrams = w2v_bigrams_new(&flags[0], flags.shape[0], budget)
        if self.bigrams is NULL:
            raise MemoryError("cannot allocate a table of word pairs")

    def __dealloc__(self):
        w2v_bigrams_free(self.bigrams)

    def __len__(self):
        return w2v_bigrams_size(self.bigrams)

    @property
    def pending(self):
        """Number of ids that `apply` has read but not returned yet."""
        return w2v_bigrams_pending(self.bigrams)

    def count(self, const int32_t[::1] ids, int64_t[::1] word_counts):
        """Count the pairs of the next ids, and the ids of each type in `word_counts`."""
        cdef w2v_status status
        if word_counts.shape[0] != self.flags.shape[0]:
            raise ValueError(
                f"word_counts: expected {self.flags.shape[0]} items, found {word_counts.shape[0]}")
        if ids.shape[0] == 0:
            return
        with nogil:
            status = w2v_bigrams_count(self.bigrams, &ids[0], ids.shape[0], &word_counts[0])
        self.check(status)

    def score_all(self, bint npmi, int64_t min_count, double scale, double threshold,
               const int64_t[::1] counts):
        """Return (types of the words, count, score) of each pair above the threshold."""
        cdef w2v_scoring by = w2v_scoring(npmi, min_count, scale, threshold)
        cdef w2v_bigram *found
        cdef int64_t n, i
        if counts.shape[0] != self.flags.shape[0]:
            raise ValueError(f"counts: expected {self.flags.shape[0]} items")
        with nogil:
            n = w2v_bigrams_score_all(self.bigrams, &by, &counts[0], NULL, 0)
        found = <w2v_bigram *>malloc((n + 1) * sizeof(w2v_bigram))
        if found is NULL:
            raise MemoryError(f"cannot allocate {n} phrases")
        try:
            with nogil:
                w2v_bigrams_score_all(self.bigrams, &by, &counts[0], found, n)
            return [((found[i].first, *self.connectors(found[i].connector_chain), found[i].second),
                     found[i].count, found[i].score) for i in range(n)]
        finally:
            free(found)

    def insert(self, const int32_t[::1] words, int32_t number):
        """Insert a phrase that becomes the type `number`."""
        if words.shape[0] < 2 or number < 0:
            raise ValueError("expected at least two words and a number of at least 0")
        self.check(w2v_bigrams_insert(self.bigrams, &words[0], words.shape[0], number))

    def apply(self, const int32_t[::1] ids, int32_t[::1] out):
        """Write the next ids with phrases joined to `out`; return how many were written."""
        cdef w2v_status status
        cdef int64_t n_out = 0
        if out.shape[0] < ids.shape[0] + w2v_bigrams_pending(self.bigrams):
            raise ValueError("out: too short for these ids and the pending ones")
        if ids.shape[0] == 0:
            return 0
        with nogil:
            status = w2v_bigrams_apply(self.bigrams, &ids[0], ids.shape[0], &out[0], &n_out)
        self.check(status)
        return n_out

    cdef list connectors(self, uint32_t chain):
        cdef int32_t connector
        cdef list words = []
        while chain:
            chain = w2v_bigrams_pop_connector(self.bigrams, chain, &connector)
            words.append(connector)
        words.reverse()
        return words

    cdef int check(self, w2v_status status) except -1:
        if status == W2V_NO_MEMORY:
            raise MemoryError(
                f"out of memory for word pairs, {len(self):,} distinct ones so far (26 to 77 bytes "
                "each)")
        if status == W2V_OVER_BUDGET:
            raise OverBudget(len(self))
        if status == W2V_COUNT_OVERFLOW:
            raise OverflowError("a word pair occurs more than 4294967295 times")
        if status == W2V_BAD_ID:
            raise ValueError(
                f"the corpus contains an id that is neither -1 nor from 0 to "
                f"{self.flags.shape[0] - 1}: encode it again")
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
