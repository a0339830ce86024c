"""The bridge to csrc/text/phrases.c, and phrases in lists of strings.

Converts, releases the lock and turns statuses into exceptions; what counts as a phrase is decided
in phrases.py. One table is used by one thread at a time.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t
from libc.stdlib cimport free, malloc

import reprlib

cdef extern from "w2v_phrases.h" nogil:
    ctypedef enum w2v_status:
        W2V_OK
        W2V_NO_MEMORY
        W2V_BAD_ID
        W2V_OVER_BUDGET
        W2V_TOO_OFTEN
    int W2V_CONNECTOR, W2V_FIRST, W2V_SECOND
    ctypedef struct w2v_pairs:
        pass
    ctypedef struct w2v_scoring:
        int npmi
        int64_t min_count
        double scale, threshold
    ctypedef struct w2v_pair:
        int32_t first, second
        uint32_t link, count
        double score
    w2v_pairs *w2v_pairs_new(const uint8_t *flags, int64_t n_types, int64_t budget) noexcept
    void w2v_pairs_free(w2v_pairs *pairs) noexcept
    w2v_status w2v_pairs_count(w2v_pairs *pairs, const int32_t *ids, int64_t n,
                               int64_t *tally) noexcept
    int64_t w2v_pairs_number(const w2v_pairs *pairs) noexcept
    int64_t w2v_pairs_select(const w2v_pairs *pairs, const w2v_scoring *by, const int64_t *counts,
                             w2v_pair *found, int64_t room) noexcept
    uint32_t w2v_pairs_link(const w2v_pairs *pairs, uint32_t link, int32_t *connector) noexcept
    w2v_status w2v_pairs_put(w2v_pairs *pairs, const int32_t *words, int64_t n,
                             int32_t number) noexcept
    w2v_status w2v_pairs_join(w2v_pairs *pairs, const int32_t *ids, int64_t n, int32_t *out,
                              int64_t *n_out) noexcept
    int64_t w2v_pairs_held(const w2v_pairs *pairs) noexcept
    int32_t w2v_renumber(int32_t *ids, int64_t n, int32_t *numbers, int64_t *counts,
                         int32_t next) noexcept

CONNECTOR, FIRST, SECOND = W2V_CONNECTOR, W2V_FIRST, W2V_SECOND


class OverBudget(Exception):
    """The table would outgrow its budget; `pairs` are in it."""

    def __init__(self, pairs):
        super().__init__(pairs)
        self.pairs = pairs


cdef class Pairs:
    """A table of pairs: counts them, or joins those that were put in; see csrc/include/w2v_phrases.h.

    Parameters
    ----------
    flags : uint8, shape (n_types,)
        CONNECTOR, or any of FIRST and SECOND, of each type.
    budget : int, default 0
        Bytes that the table may take; 0 for any number.
    """

    cdef w2v_pairs *pairs
    cdef const uint8_t[::1] flags

    def __cinit__(self, const uint8_t[::1] flags, int64_t budget=0):
        self.flags = flags
        self.pairs = w2v_pairs_new(&flags[0], flags.shape[0], budget)
        if self.pairs is NULL:
            raise MemoryError("no memory left for a table of pairs")

    def __dealloc__(self):
        w2v_pairs_free(self.pairs)

    def __len__(self):
        return w2v_pairs_number(self.pairs)

    @property
    def held(self):
        """How many ids were taken by `join` and not given yet."""
        return w2v_pairs_held(self.pairs)

    def count(self, const int32_t[::1] ids, int64_t[::1] tally):
        """Count the pairs of the next ids and, in `tally`, the ids of each type."""
        cdef w2v_status status
        if tally.shape[0] != self.flags.shape[0]:
            raise ValueError(f"tally: expected {self.flags.shape[0]} items, not {tally.shape[0]}")
        if ids.shape[0] == 0:
            return
        with nogil:
            status = w2v_pairs_count(self.pairs, &ids[0], ids.shape[0], &tally[0])
        self.check(status)

    def select(self, bint npmi, int64_t min_count, double scale, double threshold,
               const int64_t[::1] counts):
        """Return the pairs above the threshold: (words as a tuple of types, count, score) of each."""
        cdef w2v_scoring by = w2v_scoring(npmi, min_count, scale, threshold)
        cdef w2v_pair *found
        cdef int64_t n, i
        if counts.shape[0] != self.flags.shape[0]:
            raise ValueError(f"counts: expected {self.flags.shape[0]} items")
        with nogil:
            n = w2v_pairs_select(self.pairs, &by, &counts[0], NULL, 0)
        found = <w2v_pair *>malloc((n + 1) * sizeof(w2v_pair))
        if found is NULL:
            raise MemoryError(f"no memory left for {n} phrases")
        try:
            with nogil:
                w2v_pairs_select(self.pairs, &by, &counts[0], found, n)
            return [((found[i].first, *self.between(found[i].link), found[i].second),
                     found[i].count, found[i].score) for i in range(n)]
        finally:
            free(found)

    def put(self, const int32_t[::1] words, int32_t number):
        """Have these words become `number` from now on."""
        if words.shape[0] < 2 or number < 0:
            raise ValueError("a phrase has at least two words, and a number from 0")
        self.check(w2v_pairs_put(self.pairs, &words[0], words.shape[0], number))

    def join(self, const int32_t[::1] ids, int32_t[::1] out):
        """Write the next ids to `out` with phrases joined; return how many were written."""
        cdef w2v_status status
        cdef int64_t n_out = 0
        if out.shape[0] < ids.shape[0] + w2v_pairs_held(self.pairs):
            raise ValueError("out: too short for these ids and those held back")
        if ids.shape[0] == 0:
            return 0
        with nogil:
            status = w2v_pairs_join(self.pairs, &ids[0], ids.shape[0], &out[0], &n_out)
        self.check(status)
        return n_out

    cdef list between(self, uint32_t link):
        cdef int32_t connector
        cdef list words = []
        while link:
            link = w2v_pairs_link(self.pairs, link, &connector)
            words.append(connector)
        words.reverse()
        return words

    cdef int check(self, w2v_status status) except -1:
        if status == W2V_NO_MEMORY:
            raise MemoryError(
                f"no memory left for pairs of words, {len(self):,} different ones so far (26 to 77 "
                "bytes each)")
        if status == W2V_OVER_BUDGET:
            raise OverBudget(len(self))
        if status == W2V_TOO_OFTEN:
            raise OverflowError("one pair of words occurs more than 4294967295 times")
        if status == W2V_BAD_ID:
            raise ValueError(
                f"the corpus holds an id that is no type's (expected 0 to "
                f"{self.flags.shape[0] - 1}, or -1): encode it again")
        return 0


def renumber(int32_t[::1] ids, int32_t[::1] numbers, int64_t[::1] counts, int32_t first):
    """Number types by first appearance, in place; return the next number.

    The caller vouches that every id is below the length of `numbers` and `counts`.
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
        By a phrase's first word, a dict from the words that follow to the phrase: the second word
        itself, or a tuple where connector words stand between.
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
