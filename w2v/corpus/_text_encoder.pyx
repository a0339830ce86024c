"""The bridge to csrc/text/encoder.c: feeds it buffers and Python strings, hands its blocks to NumPy.

Only converts, releases the lock and turns statuses into exceptions; what may be read, and what is
said about files, is decided in corpus.py. One Encoder is used by one thread at a time.
"""

from cpython.buffer cimport PyBUF_FORMAT, PyBUF_ND, PyBUF_SIMPLE, PyBUF_STRIDES, PyBUF_WRITABLE
from cpython.buffer cimport PyBuffer_Release, PyObject_GetBuffer
from cpython.exc cimport PyErr_CheckSignals
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.stdlib cimport free, realloc
from libc.string cimport memset

import reprlib

cdef extern from "w2v_encoder.h" nogil:
    ctypedef enum w2v_status:
        W2V_OK
        W2V_NO_MEMORY
        W2V_TOO_MANY_TYPES
        W2V_BAD_UTF8
        W2V_NUL_BYTE
        W2V_LONE_SURROGATE
        W2V_BAD_OFFSET
        W2V_BAD_LIST
    int W2V_TEXT_FINAL, W2V_TEXT_NO_LINE_BREAKS
    int W2V_STRICT, W2V_REPLACE, W2V_IGNORE
    int W2V_TEXT_UNICODE, W2V_TEXT_LOWERCASE
    ctypedef struct w2v_encoder:
        pass
    ctypedef struct w2v_encoder_stats:
        int64_t tokens, sentences, types, lines, type_bytes, id_bytes
    ctypedef struct w2v_encoder_result:
        int32_t *ids
        int64_t *counts
        int64_t *offsets
        uint8_t *bytes
        int64_t n_ids, n_types, n_bytes, id_capacity
    ctypedef struct w2v_string_column:
        const uint8_t *bytes
        const int64_t *offsets
        const int64_t *lists
        const uint8_t *string_valid
        const uint8_t *row_valid
        int64_t n_bytes, n_strings, n_rows
    ctypedef struct w2v_column_cursor:
        int64_t row, token, null_rows, null_tokens, empty_tokens, empty_row, empty_token, error_index
    const char *w2v_unicode_version() noexcept
    w2v_encoder *w2v_encoder_new(int policy, int options) noexcept
    void w2v_encoder_free(w2v_encoder *encoder) noexcept
    w2v_status w2v_encoder_feed(w2v_encoder *encoder, const uint8_t *bytes, int64_t length, int flags,
                             int64_t *consumed) noexcept
    w2v_status w2v_encoder_add_token(w2v_encoder *encoder, const uint8_t *bytes, int64_t length) noexcept
    w2v_status w2v_encoder_end_sentence(w2v_encoder *encoder) noexcept
    w2v_status w2v_encoder_to_utf8(w2v_encoder *encoder, const void *points, int size, int64_t n,
                             const uint8_t **utf8, int64_t *length) noexcept
    w2v_status w2v_encoder_add_column(w2v_encoder *encoder, const w2v_string_column *table, w2v_column_cursor *at,
                             int64_t steps) noexcept
    w2v_encoder_stats w2v_encoder_get_stats(const w2v_encoder *encoder) noexcept
    w2v_status w2v_encoder_finish(w2v_encoder *encoder, w2v_encoder_result *result) noexcept
    w2v_status w2v_encoder_take_ids(w2v_encoder *encoder, int32_t **ids, int64_t *n_ids) noexcept
    w2v_status w2v_encoder_take_chunk(w2v_encoder *encoder, int64_t first_type,
                                  w2v_encoder_result *part) noexcept
    w2v_status w2v_encoder_merge_chunk(w2v_encoder *encoder, const w2v_encoder_result *part, int64_t first_type,
                             int32_t *map) noexcept
    void w2v_encoder_merge_counts(w2v_encoder *encoder, const int64_t *counts, int64_t n,
                              const int32_t *map) noexcept

cdef extern from *:
    """
    /* Before 3.12 a string made by long deprecated C calls may not be laid out yet. */
    #if PY_VERSION_HEX < 0x030C0000
    #define w2v_string_ready(s) PyUnicode_READY(s)
    #else
    #define w2v_string_ready(s) 0
    #endif

    /* Strings of a list lie all over memory: ask for one some tokens ahead. Not without the
     * interpreter lock, where another thread may be changing the list. */
    #if defined(__GNUC__) && !defined(Py_GIL_DISABLED)
    #define w2v_prefetch_item(list, i) do { \
        if ((i) < PyList_GET_SIZE(list)) \
            __builtin_prefetch((const char *)PyList_GET_ITEM(list, i)); \
    } while (0)
    #else
    #define w2v_prefetch_item(list, i) ((void)0)
    #endif
    """
    int w2v_string_ready(object s) except -1
    void w2v_prefetch_item(list l, Py_ssize_t i) noexcept
    bint PyUnicode_IS_ASCII(object s) noexcept
    int PyUnicode_KIND(object s) noexcept
    const void *PyUnicode_DATA(object s) noexcept
    Py_ssize_t PyUnicode_GET_LENGTH(object s) noexcept

UNICODE_VERSION = w2v_unicode_version().decode()
STRICT, REPLACE, IGNORE = W2V_STRICT, W2V_REPLACE, W2V_IGNORE
OK, BAD_UTF8, NUL_BYTE = <int>W2V_OK, <int>W2V_BAD_UTF8, <int>W2V_NUL_BYTE


cdef class Block:
    """A read-only array that the encoder allocated, for np.frombuffer; frees it in the end."""

    cdef void *data
    cdef Py_ssize_t items
    cdef Py_ssize_t item_size
    cdef bytes item_format

    def __dealloc__(self):
        free(self.data)

    def __getbuffer__(self, Py_buffer *view, int flags):
        if flags & PyBUF_WRITABLE == PyBUF_WRITABLE:
            raise BufferError("a corpus is read-only; copy the array to change it")
        view.buf = self.data
        view.obj = self
        view.len = self.items * self.item_size
        view.itemsize = self.item_size
        view.readonly = 1
        view.format = <char *>self.item_format if flags & PyBUF_FORMAT == PyBUF_FORMAT else NULL
        view.ndim = 1
        view.shape = &self.items if flags & PyBUF_ND == PyBUF_ND else NULL
        view.strides = &self.item_size if flags & PyBUF_STRIDES == PyBUF_STRIDES else NULL
        view.suboffsets = NULL
        view.internal = NULL


cdef Block own(void *data, Py_ssize_t items, Py_ssize_t item_size, bytes item_format):
    cdef Block block = Block.__new__(Block)
    block.data = data
    block.items = items
    block.item_size = item_size
    block.item_format = item_format
    return block


cdef class View:
    """Another object's bytes, while this one lives; `n_items` of them unless it is negative."""

    cdef Py_buffer view
    cdef const uint8_t *bytes
    cdef uint8_t nothing

    def __cinit__(self, data, str name, Py_ssize_t n_items):
        PyObject_GetBuffer(data, &self.view, PyBUF_ND)
        if self.view.itemsize != 1:
            raise TypeError(f"{name}: expected items of one byte, found {self.view.itemsize}")
        # Where there is nothing, buf may be NULL, to which C lets nobody add even 0.
        self.bytes = <const uint8_t *>self.view.buf if self.view.len else &self.nothing
        if n_items >= 0 and self.view.len != n_items:
            raise ValueError(f"{name}: expected {n_items} items, found {self.view.len}")

    def __dealloc__(self):
        PyBuffer_Release(&self.view)


cdef int check(w2v_status status) except -1:
    if status == W2V_NO_MEMORY:
        raise MemoryError("no memory left for the encoded corpus (4 bytes a token)")
    if status == W2V_TOO_MANY_TYPES:
        raise OverflowError("more than 2147483646 different words; normalise the text first")
    return 0


cdef class Part:
    """What an encoder made of a part of the text, for another encoder to join.

    Attributes
    ----------
    lines : int
        Line feeds in it.
    """

    cdef w2v_encoder_result result
    cdef int64_t first_type
    cdef readonly int64_t lines

    def __dealloc__(self):
        free(self.result.ids)
        free(self.result.offsets)
        free(self.result.bytes)


cdef class Map:
    """The types that one encoder's types became in the encoder that joins its parts."""

    cdef int32_t *types  # known + 1: the first is the end of a sentence
    cdef int64_t known, capacity

    def __dealloc__(self):
        free(self.types)

    cdef int reserve(self, int64_t n) except -1:
        cdef int64_t capacity
        cdef void *grown
        if n + 1 > self.capacity:
            capacity = n + n // 2 + 1024
            grown = realloc(self.types, capacity * sizeof(int32_t))
            if grown is NULL:
                raise MemoryError("no memory left for the encoded corpus")
            self.types = <int32_t *>grown
            self.capacity = capacity
        return 0


cdef bad_offset(str name, const int64_t[::1] offsets, int64_t i, int64_t limit):
    return ValueError(
        f"{name}: entries {i} and {i + 1} are {offsets[i]} and {offsets[i + 1]}: expected them not "
        f"to fall, and to be from 0 to {limit}")


# Bytes, tokens and rows of a table between two looks at Ctrl-C: some ten milliseconds.
cdef int64_t TABLE_PIECE = 1 << 22


cdef class Encoder:
    """Counts words and turns tokens into ids; see csrc/include/w2v_encoder.h.

    Parameters
    ----------
    policy : int
        STRICT, REPLACE or IGNORE.
    unicode : bool, default False
        Cut text at the word boundaries of UAX #29 and keep what holds a letter or a number, instead
        of cutting it at white space. Tokens in lists stay as they are.
    lowercase : bool, default False
        Turn each token into lower case as `str.lower` does.

    Attributes
    ----------
    items : int
        Sentences taken by `add_sentences` and rows taken by `add_rows` and `add_lists`, empty ones
        and nulls included.
    empty_tokens : int
        Tokens left out by `add_sentences` and `add_lists` because they are the empty string.
    first_empty : tuple of int
        Sentence and position of the first of them.
    """

    cdef w2v_encoder *encoder
    cdef int64_t types_taken, lines_taken
    cdef readonly Py_ssize_t items, empty_tokens
    cdef readonly tuple first_empty

    def __cinit__(self, int policy, bint unicode=False, bint lowercase=False):
        self.encoder = w2v_encoder_new(policy, (W2V_TEXT_UNICODE if unicode else 0) |
                                 (W2V_TEXT_LOWERCASE if lowercase else 0))
        if self.encoder is NULL:
            raise MemoryError("no memory left for an encoder")

    def __dealloc__(self):
        w2v_encoder_free(self.encoder)

    def tally(self):
        """Return tokens, sentences, types and line feeds; all but the last only after `finish`."""
        cdef w2v_encoder_stats so_far = w2v_encoder_get_stats(self.encoder)
        return so_far.tokens, so_far.sentences, so_far.types, so_far.lines

    def memory(self):
        """Return the bytes that the types take, and the ids that were not taken yet."""
        cdef w2v_encoder_stats so_far = w2v_encoder_get_stats(self.encoder)
        return so_far.type_bytes, so_far.id_bytes

    def feed(self, data, bint final):
        """Encode a part of a file without the interpreter lock.

        Returns
        -------
        status : int
            OK, BAD_UTF8 or NUL_BYTE.
        consumed : int
            Bytes done with, or the position of the first bad one.
        """
        cdef Py_buffer view
        cdef int64_t consumed = 0
        cdef w2v_status status
        PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
        try:
            with nogil:
                status = w2v_encoder_feed(self.encoder, <const uint8_t *>view.buf, view.len,
                                       W2V_TEXT_FINAL if final else 0, &consumed)
        finally:
            PyBuffer_Release(&view)
        check(status)
        return <int>status, consumed

    def end_sentence(self):
        """End the sentence at hand, if it holds a token."""
        check(w2v_encoder_end_sentence(self.encoder))

    def add_sentences(self, sentences, Py_ssize_t limit):
        """Take sentences from an iterator until about `limit` tokens are read.

        Returns
        -------
        bool
            True if the iterator may have more.
        """
        cdef Py_ssize_t work = 0
        for sentence in sentences:
            if isinstance(sentence, str):
                work += self.add_line(sentence)
            elif type(sentence) is list:
                work += self.add_list(<list>sentence)
            else:
                work += self.add_iterable(sentence)
            check(w2v_encoder_end_sentence(self.encoder))
            self.items += 1
            if work >= limit:
                return True
        return False

    def add_rows(self, data, const int64_t[::1] offsets, valid=None):
        """Take strings as Arrow lays them out, each a line of text and a sentence.

        Parameters
        ----------
        data : bytes-like
            UTF-8.
        offsets : int64, shape (n + 1,)
            String i is ``data[offsets[i]:offsets[i + 1]]``.
        valid : bool or uint8, shape (n,), optional
            False for a null; without it there is none.

        Returns
        -------
        int
            How many rows are null; they were left out.
        """
        cdef w2v_column_cursor at
        self.add_table(data, offsets, None, valid, None, &at)
        return at.null_rows

    def add_lists(self, data, const int64_t[::1] offsets, const int64_t[::1] list_offsets,
                  valid=None, valid_tokens=None):
        """Take lists of strings as Arrow lays them out, each string a token, each list a sentence.

        Parameters
        ----------
        data, offsets
            As for `add_rows`: the tokens.
        list_offsets : int64, shape (n + 1,)
            List i holds the tokens ``list_offsets[i]`` up to and without ``list_offsets[i + 1]``.
        valid : bool or uint8, shape (n,), optional
            False for a list that is null; without it there is none.
        valid_tokens : bool or uint8, shape (len(offsets) - 1,), optional
            False for a token that is null; without it there is none.

        Returns
        -------
        rows, tokens : int
            How many lists are null, and how many tokens in the others; they were left out.
        """
        cdef w2v_column_cursor at
        if list_offsets is None:
            raise TypeError("list_offsets: expected an array of int64, found None")
        self.add_table(data, offsets, list_offsets, valid, valid_tokens, &at)
        return at.null_rows, at.null_tokens

    def finish(self):
        """Return ids, counts, offsets and bytes as blocks, and free all else."""
        cdef w2v_encoder_result result
        check(w2v_encoder_finish(self.encoder, &result))
        return (
            own(result.ids, result.n_ids, sizeof(int32_t), b"i"),
            own(result.counts, result.n_types, sizeof(int64_t), b"q"),
            own(result.offsets, result.n_types + 1, sizeof(int64_t), b"q"),
            own(result.bytes, result.n_bytes, 1, b"B"),
        )

    def take(self):
        """Return the ids made since the last time, as a block; types and counts stay."""
        cdef int32_t *ids
        cdef int64_t n_ids
        check(w2v_encoder_take_ids(self.encoder, &ids, &n_ids))
        return own(ids, n_ids, sizeof(int32_t), b"i")

    def take_part(self, Part part=None):
        """Return what was read since the last time, for another encoder to join.

        A part that was joined may be given: its memory is used again.
        """
        if part is None:
            part = Part.__new__(Part)
        cdef int64_t lines = w2v_encoder_get_stats(self.encoder).lines
        part.first_type = self.types_taken
        check(w2v_encoder_take_chunk(self.encoder, part.first_type, &part.result))
        part.lines = lines - self.lines_taken
        self.types_taken += part.result.n_types
        self.lines_taken = lines
        return part

    def join(self, Part part not None, Map map not None):
        """Append a part, without the interpreter lock; `map` belongs to the encoder it is from."""
        cdef w2v_status status
        map.reserve(part.first_type + part.result.n_types)
        with nogil:
            status = w2v_encoder_merge_chunk(self.encoder, &part.result, part.first_type, map.types)
        check(status)
        map.known = part.first_type + part.result.n_types

    def join_counts(self, const int64_t[::1] counts, Map map not None):
        """Add the counts of an encoder all of whose parts were joined."""
        if counts.shape[0] != map.known:
            raise ValueError(f"counts of {counts.shape[0]} types: expected {map.known}")
        if counts.shape[0]:
            w2v_encoder_merge_counts(self.encoder, &counts[0], counts.shape[0], map.types)

    cdef int add_table(self, data, const int64_t[::1] offsets, const int64_t[::1] lists, valid,
                       valid_tokens, w2v_column_cursor *at) except -1:
        cdef w2v_string_column table
        cdef w2v_status status = W2V_OK
        cdef int64_t before
        cdef View text = View(data, "data", -1), rows, tokens
        if offsets is None or offsets.shape[0] == 0 or (lists is not None and lists.shape[0] == 0):
            raise ValueError("offsets: expected one more than there are strings or lists, "
                             "found none")
        memset(&table, 0, sizeof(table))
        memset(at, 0, sizeof(at[0]))
        table.bytes = text.bytes
        table.n_bytes = text.view.len
        table.offsets = &offsets[0]
        table.n_strings = table.n_rows = offsets.shape[0] - 1
        if lists is not None:
            table.lists = &lists[0]
            table.n_rows = lists.shape[0] - 1
        if valid is not None:
            rows = View(valid, "valid", table.n_rows)
            table.row_valid = rows.bytes
        if valid_tokens is not None:
            tokens = View(valid_tokens, "valid_tokens", table.n_strings)
            table.string_valid = tokens.bytes
        while at.row < table.n_rows:
            with nogil:
                status = w2v_encoder_add_column(self.encoder, &table, at, TABLE_PIECE)
            if status == W2V_BAD_OFFSET:
                raise bad_offset("offsets", offsets, at.error_index, table.n_bytes)
            if status == W2V_BAD_LIST:
                raise bad_offset("list_offsets", lists, at.error_index, table.n_strings)
            if status == W2V_BAD_UTF8:
                place = f"row {self.items + at.row}"
                if lists is not None:
                    place += f", token {at.token}"
                before = offsets[lists[at.row] + at.token if lists is not None else at.row]
                found = table.bytes[at.error_index:min(at.error_index + 4, table.n_bytes)]
                raise ValueError(
                    f"{place} (counted from 0): invalid UTF-8 at byte {at.error_index - before} of it: "
                    f"{found!r}; repair it, or pass errors='replace' or errors='ignore' to go on")
            check(status)
            PyErr_CheckSignals()
        if at.empty_tokens and not self.empty_tokens:
            self.first_empty = (self.items + at.empty_row, at.empty_token)
        self.empty_tokens += at.empty_tokens
        self.items += table.n_rows
        return 0

    cdef Py_ssize_t add_list(self, list tokens) except -1:
        cdef Py_ssize_t position = 0
        for token in tokens:
            w2v_prefetch_item(tokens, position + 16)
            self.add_token(token, position)
            position += 1
        return position + 1

    cdef Py_ssize_t add_iterable(self, tokens) except -1:
        cdef Py_ssize_t position = 0
        if isinstance(tokens, (bytes, bytearray, memoryview)):
            raise self.not_a_sentence(tokens, "decode it, or open the file in text mode with "
                                              "encoding='utf-8'")
        try:
            iterator = iter(tokens)
        except TypeError:
            raise self.not_a_sentence(tokens, "give each sentence as a list of str") from None
        for token in iterator:
            self.add_token(token, position)
            position += 1
        return position + 1

    cdef inline int add_token(self, token, Py_ssize_t position) except -1:
        cdef const uint8_t *utf8
        cdef int64_t length
        if not isinstance(token, str):
            raise self.not_a_token(token, position)
        w2v_string_ready(token)
        length = PyUnicode_GET_LENGTH(token)
        if length == 0:
            if self.empty_tokens == 0:
                self.first_empty = (self.items, position)
            self.empty_tokens += 1
            return 0
        if PyUnicode_IS_ASCII(token):
            utf8 = <const uint8_t *>PyUnicode_DATA(token)
        else:
            self.to_utf8(token, position, &utf8, &length)
        if length:
            check(w2v_encoder_add_token(self.encoder, utf8, length))
        if position & 0xFFFF == 0xFFFF:
            PyErr_CheckSignals()
        return 0

    cdef Py_ssize_t add_line(self, line) except -1:
        cdef const uint8_t *utf8
        cdef int64_t length, consumed
        w2v_string_ready(line)
        length = PyUnicode_GET_LENGTH(line)
        if PyUnicode_IS_ASCII(line):
            utf8 = <const uint8_t *>PyUnicode_DATA(line)
        else:
            self.to_utf8(line, -1, &utf8, &length)
        check(w2v_encoder_feed(self.encoder, utf8, length, W2V_TEXT_FINAL | W2V_TEXT_NO_LINE_BREAKS, &consumed))
        return length // 4 + 1

    # The encoder's own buffer, not PyUnicode_AsUTF8AndSize: that would leave a second copy of
    # each string on the caller's objects.
    cdef int to_utf8(self, text, Py_ssize_t position, const uint8_t **utf8,
                     int64_t *length) except -1:
        cdef w2v_status status = w2v_encoder_to_utf8(
            self.encoder, PyUnicode_DATA(text), PyUnicode_KIND(text), PyUnicode_GET_LENGTH(text),
            utf8, length)
        if status == W2V_LONE_SURROGATE:
            raise ValueError(
                f"{self.place(position)}: {reprlib.repr(text)} holds a lone surrogate, "
                f"{text[length[0]]!r} at position {length[0]}, which UTF-8 has no bytes for; "
                "repair it, or pass errors='replace' or errors='ignore' to go on")
        return check(status)

    cdef str place(self, Py_ssize_t position):
        if position < 0:
            return f"sentence {self.items} (counted from 0)"
        return f"sentence {self.items}, token {position} (both counted from 0)"

    cdef not_a_token(self, token, Py_ssize_t position):
        if isinstance(token, (bytes, bytearray)):
            remedy = "decode it, e.g. with token.decode('utf-8')"
        elif isinstance(token, (list, tuple)):
            remedy = "a sentence is one flat list of str, not a list of lists"
        else:
            remedy = "turn every token into a str"
        return TypeError(f"{self.place(position)}: expected a str, found "
                         f"{type(token).__name__} {reprlib.repr(token)}; {remedy}")

    cdef not_a_sentence(self, sentence, str remedy):
        return TypeError(f"{self.place(-1)}: expected a list of tokens or a line of text (str), "
                         f"found {type(sentence).__name__} {reprlib.repr(sentence)}; {remedy}")
