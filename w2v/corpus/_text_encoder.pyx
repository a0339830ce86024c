"""Bridge to csrc/text/encoder.c: buffers, columns and Python strings in, arrays out.

Converts arguments, releases the interpreter lock and raises exceptions for status codes; messages
about files are made in text_files.py. An Encoder is used by one thread at a time.
"""

from cpython.buffer cimport PyBUF_FORMAT, PyBUF_ND, PyBUF_SIMPLE, PyBUF_STRIDES, PyBUF_WRITABLE
from cpython.buffer cimport PyBuffer_Release, PyObject_GetBuffer
from cpython.exc cimport PyErr_CheckSignals, PyErr_Clear
from cpython.mem cimport PyMem_Free
from cpython.object cimport PyObject
from cpython.unicode cimport PyUnicode_AsUTF8String
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memset

import reprlib

from compiler cimport W2V_PREFETCH
from w2v_encoder cimport *
from w2v_join cimport *
from w2v_status cimport *

cdef extern from "Python.h":  # all of it in the stable ABI
    PyObject *PyList_GetItem(list l, Py_ssize_t i) noexcept  # a borrowed reference
    const char *PyUnicode_AsUTF8AndSize(object s, Py_ssize_t *n_bytes) noexcept  # see `borrow`
    Py_ssize_t PyUnicode_GetLength(object s) noexcept
    uint32_t *PyUnicode_AsUCS4(object s, uint32_t *points, Py_ssize_t room, int nul) except NULL
    uint32_t *PyUnicode_AsUCS4Copy(object s) except NULL

cdef extern from *:
    """
    #ifdef Py_GIL_DISABLED
    #define W2V_FREE_THREADED 1
    #else
    #define W2V_FREE_THREADED 0
    #endif
    """
    bint W2V_FREE_THREADED

UNICODE_VERSION = w2v_unicode_version().decode()
STRICT, REPLACE, IGNORE = W2V_STRICT, W2V_REPLACE, W2V_IGNORE
OK, BAD_UTF8, NUL_BYTE = <int>W2V_OK, <int>W2V_BAD_UTF8, <int>W2V_NUL_BYTE


cdef class Block:
    """A read-only array that the encoder allocated, for np.frombuffer; freed on deallocation."""

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
    """The buffer of another object; checks that it has `n_items` bytes, unless negative."""

    cdef Py_buffer view
    cdef const uint8_t *bytes
    cdef uint8_t nothing

    def __cinit__(self, data, str name, Py_ssize_t n_items):
        PyObject_GetBuffer(data, &self.view, PyBUF_ND)
        if self.view.itemsize != 1:
            raise TypeError(f"{name}: expected items of one byte, found {self.view.itemsize}")
        # buf may be NULL if the buffer is empty, and pointer arithmetic on NULL is undefined in C.
        self.bytes = <const uint8_t *>self.view.buf if self.view.len else &self.nothing
        if n_items >= 0 and self.view.len != n_items:
            raise ValueError(f"{name}: expected {n_items} items, found {self.view.len}")

    def __dealloc__(self):
        PyBuffer_Release(&self.view)


cdef int check(w2v_status status) except -1:
    if status == W2V_NO_MEMORY:
        raise MemoryError("cannot allocate the encoded corpus, 4 bytes per token: limit it with "
                          "memory=, and ids go to a temporary file")
    if status == W2V_TOO_MANY_TYPES:
        raise OverflowError("more than 2147483646 distinct words; normalize the text first")
    return 0


cdef class Chunk:
    """What an encoder made of a range of text, for a `Join`.

    Attributes
    ----------
    lines : int
        Line feeds in the range.
    """

    cdef w2v_chunk chunk
    cdef readonly int64_t lines

    def __dealloc__(self):
        w2v_chunk_clear(&self.chunk)

    @property
    def n_ids(self):
        """Number of ids."""
        return self.chunk.n_ids


cdef class TypeMap:
    """Maps the types of one encoder to those of the encoder that its chunks are joined into."""

    cdef int32_t *types  # known + 1 items; the first is the end of a sentence
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
                raise MemoryError(f"cannot allocate the numbers of {n:,} distinct words, 4 bytes for each "
                                  "and worker: use fewer workers, or normalize the text first")
            self.types = <int32_t *>grown
            self.capacity = capacity
        return 0


cdef class Join:
    """Joins chunks of several encoders, in rounds, with several threads; see csrc/include/w2v_join.h.

    Parameters
    ----------
    into : Encoder
        Receives the result; it has read nothing yet.
    expected_types : int, default 0
        Distinct words of the text, as far as that is known.
    """

    cdef w2v_join *join
    cdef readonly Encoder into
    cdef list chunks, maps  # of the round
    cdef w2v_chunk **chunk_list
    cdef int32_t **map_list

    def __cinit__(self, Encoder into not None, int64_t expected_types=0):
        self.into = into
        self.join = w2v_join_new(into.encoder, expected_types)
        if self.join is NULL:
            raise MemoryError("cannot allocate an encoder; free some memory")

    def __dealloc__(self):
        w2v_join_free(self.join)
        free(self.chunk_list)
        free(self.map_list)

    def begin(self, list chunks not None, list maps not None, int64_t expected_ids):
        """Begin a round; its first stage is open.

        Parameters
        ----------
        chunks : list of Chunk
            Of the next ranges, in the order of the text.
        maps : list of TypeMap
            For each chunk, the one that always comes with its encoder.
        expected_ids : int
            Ids of the whole text, as far as that is known.
        """
        cdef Py_ssize_t i, n = len(chunks)
        cdef Chunk chunk
        cdef TypeMap type_map
        free(self.chunk_list)
        free(self.map_list)
        self.chunks, self.maps = chunks, maps
        self.chunk_list = <w2v_chunk **>malloc((n + 1) * sizeof(w2v_chunk *))
        self.map_list = <int32_t **>malloc((n + 1) * sizeof(int32_t *))
        if self.chunk_list is NULL or self.map_list is NULL:
            raise MemoryError("cannot allocate an encoder; free some memory")
        for i in range(n):  # a map may be named several times, and move when it grows
            chunk, type_map = chunks[i], maps[i]
            type_map.known = chunk.chunk.first_type + chunk.chunk.n_types
            type_map.reserve(type_map.known)
        for i in range(n):
            chunk, type_map = chunks[i], maps[i]
            self.chunk_list[i], self.map_list[i] = &chunk.chunk, type_map.types
        check(w2v_join_begin(self.join, self.chunk_list, self.map_list, n, expected_ids))

    def work(self):
        """Do tasks of the open stage until none is left, without the interpreter lock."""
        cdef w2v_status status
        with nogil:
            status = w2v_join_work(self.join)
        check(status)

    def next_stage(self):
        """Open the next stage, once no thread is in `work`; return False if the round has ended."""
        cdef int more
        check(w2v_join_next_stage(self.join, &more))
        return more != 0

    def add_counts(self, const int64_t[::1] counts, TypeMap type_map not None):
        """Add the counts of an encoder, once all of its chunks are joined.

        Several threads may do so at a time.
        """
        cdef int64_t n = counts.shape[0]
        if n != type_map.known:
            raise ValueError(f"counts of {n} types: expected {type_map.known}")
        if n:
            with nogil:
                w2v_join_counts(self.join, &counts[0], n, type_map.types)

    def memory(self):
        """Return the bytes of the types, and of the ids not taken yet; not during a round."""
        types, ids = self.into.memory()
        return types + w2v_join_bytes(self.join), ids

    def stats(self):
        """Return tokens, sentences, types and line feeds of the result; not during a round."""
        return self.into.stats()

    def take_ids(self):
        """Return the ids since the last call, as a block; not during a round."""
        return self.into.take_ids()


cdef bad_offset(str name, const int64_t[::1] offsets, int64_t i, int64_t limit):
    return ValueError(
        f"{name} must be non-decreasing from 0 to {limit}, but {name}[{i}] = {offsets[i]} and "
        f"{name}[{i + 1}] = {offsets[i + 1]}")


# Bytes, tokens and rows between two checks for Ctrl-C: some ten milliseconds.
cdef int64_t COLUMN_STEPS = 1 << 22

cdef enum:
    BATCH = 16  # tokens of a list
    SHORT = 256  # code points of a string that is copied without asking for memory


cdef class Encoder:
    """Counts words and turns tokens into ids; see csrc/include/w2v_encoder.h.

    Parameters
    ----------
    policy : int
        STRICT, REPLACE or IGNORE.
    unicode : bool, default False
        Split text at the word boundaries of UAX #29 and keep segments with a letter or a number,
        instead of splitting at white space. Tokens in lists are never split.
    lowercase : bool, default False
        Lower-case each token, as `str.lower` does.

    Attributes
    ----------
    items : int
        Sentences read by `add_sentences` and rows read by `add_rows` and `add_lists`, including
        empty ones and nulls.
    empty_tokens : int
        Empty strings that `add_sentences` and `add_lists` skipped.
    first_empty : tuple of int
        Sentence and position of the first of them.
    """

    cdef w2v_encoder *encoder
    cdef int64_t lines_taken
    cdef readonly Py_ssize_t items, empty_tokens
    cdef readonly tuple first_empty
    cdef int pause, next_pause  # strings to convert before `borrow` looks at one again
    cdef uint32_t[SHORT] points  # of a short string
    cdef bytes encoded  # a long one

    def __cinit__(self, int policy, bint unicode=False, bint lowercase=False):
        self.encoder = w2v_encoder_new(policy, (W2V_TEXT_UNICODE if unicode else 0) |
                                 (W2V_TEXT_LOWERCASE if lowercase else 0))
        if self.encoder is NULL:
            raise MemoryError("cannot allocate an encoder; free some memory")

    def __dealloc__(self):
        w2v_encoder_free(self.encoder)

    def expect(self, int64_t types, int64_t ids):
        """Make room for that many types and ids; see csrc/include/w2v_encoder.h."""
        check(w2v_encoder_expect(self.encoder, types, ids))

    def stats(self):
        """Return tokens, sentences, types and line feeds; exact after `finish`, lines always."""
        cdef w2v_encoder_stats so_far = w2v_encoder_get_stats(self.encoder)
        return so_far.tokens, so_far.sentences, so_far.types, so_far.lines

    def memory(self):
        """Return the bytes of the types, and of the ids not taken yet."""
        cdef w2v_encoder_stats so_far = w2v_encoder_get_stats(self.encoder)
        return so_far.type_bytes, so_far.id_bytes

    def feed(self, data, bint final):
        """Encode a chunk of a file without the interpreter lock.

        Returns
        -------
        status : int
            OK, BAD_UTF8 or NUL_BYTE.
        consumed : int
            Bytes processed, or the position of the first invalid one.
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
        """End the current sentence, if it has a token."""
        check(w2v_encoder_end_sentence(self.encoder))

    def add_sentences(self, sentences, Py_ssize_t limit):
        """Encode sentences from an iterator until about `limit` tokens are read.

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
        """Encode strings in Arrow layout, each a line of text and a sentence.

        Parameters
        ----------
        data : bytes-like
            UTF-8.
        offsets : int64, shape (n + 1,)
            String i is ``data[offsets[i]:offsets[i + 1]]``.
        valid : bool or uint8, shape (n,), optional
            False for a null; default no nulls.

        Returns
        -------
        int
            Null rows, which are skipped.
        """
        cdef w2v_column_cursor at
        self.add_column(data, offsets, None, valid, None, &at)
        return at.null_rows

    def add_lists(self, data, const int64_t[::1] offsets, const int64_t[::1] list_offsets,
                  valid=None, valid_tokens=None):
        """Encode lists of strings in Arrow layout: each string a token, each list a sentence.

        Parameters
        ----------
        data, offsets
            As for `add_rows`: the tokens.
        list_offsets : int64, shape (n + 1,)
            List i has the tokens ``list_offsets[i]`` to ``list_offsets[i + 1] - 1``.
        valid : bool or uint8, shape (n,), optional
            False for a null list; default no nulls.
        valid_tokens : bool or uint8, shape (len(offsets) - 1,), optional
            False for a null token; default no nulls.

        Returns
        -------
        rows, tokens : int
            Null lists, and null tokens in the others, which are skipped.
        """
        cdef w2v_column_cursor at
        if list_offsets is None:
            raise TypeError("list_offsets: expected an array of int64, found None")
        self.add_column(data, offsets, list_offsets, valid, valid_tokens, &at)
        return at.null_rows, at.null_tokens

    def finish(self):
        """Return ids, counts, offsets and bytes as blocks, and free everything else."""
        cdef w2v_encoder_result result
        cdef w2v_status status
        with nogil:
            status = w2v_encoder_finish(self.encoder, &result)
        check(status)
        return (
            own(result.ids, result.n_ids, sizeof(int32_t), b"i"),
            own(result.counts, result.n_types, sizeof(int64_t), b"q"),
            own(result.offsets, result.n_types + 1, sizeof(int64_t), b"q"),
            own(result.bytes, result.n_bytes, 1, b"B"),
        )

    def take_ids(self):
        """Return the ids since the last call, as a block; types and counts stay."""
        cdef int32_t *ids
        cdef int64_t n_ids
        check(w2v_encoder_take_ids(self.encoder, &ids, &n_ids))
        return own(ids, n_ids, sizeof(int32_t), b"i")

    def take_chunk(self, Chunk chunk=None):
        """Return what was read since the last call, for a `Join`; the counts stay.

        The memory of a chunk that is passed in is reused.
        """
        if chunk is None:
            chunk = Chunk.__new__(Chunk)
        cdef int64_t lines = w2v_encoder_get_stats(self.encoder).lines
        cdef w2v_status status
        with nogil:
            status = w2v_encoder_take_chunk(self.encoder, &chunk.chunk)
        check(status)
        chunk.lines = lines - self.lines_taken
        self.lines_taken = lines
        return chunk

    cdef int add_column(self, data, const int64_t[::1] offsets, const int64_t[::1] lists, valid,
                       valid_tokens, w2v_column_cursor *at) except -1:
        cdef w2v_string_column column
        cdef w2v_status status = W2V_OK
        cdef int64_t before
        cdef View text = View(data, "data", -1), rows, tokens
        if offsets is None or offsets.shape[0] == 0 or (lists is not None and lists.shape[0] == 0):
            raise ValueError("offsets: expected one more than strings or lists, found none")
        memset(&column, 0, sizeof(column))
        memset(at, 0, sizeof(at[0]))
        column.bytes = text.bytes
        column.n_bytes = text.view.len
        column.offsets = &offsets[0]
        column.n_strings = column.n_rows = offsets.shape[0] - 1
        if lists is not None:
            column.lists = &lists[0]
            column.n_rows = lists.shape[0] - 1
        if valid is not None:
            rows = View(valid, "valid", column.n_rows)
            column.row_valid = rows.bytes
        if valid_tokens is not None:
            tokens = View(valid_tokens, "valid_tokens", column.n_strings)
            column.string_valid = tokens.bytes
        while at.row < column.n_rows:
            with nogil:
                status = w2v_encoder_add_column(self.encoder, &column, at, COLUMN_STEPS)
            if status == W2V_BAD_OFFSET:
                raise bad_offset("offsets", offsets, at.error_index, column.n_bytes)
            if status == W2V_BAD_LIST:
                raise bad_offset("list_offsets", lists, at.error_index, column.n_strings)
            if status == W2V_BAD_UTF8:
                location = f"row {self.items + at.row}"
                if lists is not None:
                    location += f", token {at.token}"
                before = offsets[lists[at.row] + at.token if lists is not None else at.row]
                found = column.bytes[at.error_index:min(at.error_index + 4, column.n_bytes)]
                raise ValueError(
                    f"{location} (counted from 0): invalid UTF-8 at its byte "
                    f"{at.error_index - before}: {found!r}; repair it, or pass errors='replace' or "
                    "errors='ignore' to continue")
            check(status)
            PyErr_CheckSignals()
        if at.empty_tokens and not self.empty_tokens:
            self.first_empty = (self.items + at.empty_row, at.empty_token)
        self.empty_tokens += at.empty_tokens
        self.items += column.n_rows
        return 0

    # Strings lie all over memory: fetch a batch of them before reading the first.
    cdef Py_ssize_t add_list(self, list tokens) except -1:
        cdef PyObject *batch[BATCH]
        cdef Py_ssize_t position = 0, n = len(tokens), ready, i
        if W2V_FREE_THREADED:  # another thread may change the list at any moment
            return self.add_iterable(tokens)
        while position < n:
            ready = min(n - position, BATCH)
            for i in range(ready):
                batch[i] = PyList_GetItem(tokens, position + i)
                W2V_PREFETCH(batch[i])
            for i in range(ready):
                self.add_token(<object>batch[i], position + i)
            position += ready
            if position & 0xFFFF == 0:
                PyErr_CheckSignals()
                n = len(tokens)  # the handler of a signal may change the list too
        return position + 1

    cdef Py_ssize_t add_iterable(self, tokens) except -1:
        cdef Py_ssize_t position = 0
        if isinstance(tokens, (bytes, bytearray, memoryview)):
            raise self.not_a_sentence(tokens, "decode it, or open the file in text mode with "
                                              "encoding='utf-8'")
        try:
            iterator = iter(tokens)
        except TypeError:
            raise self.not_a_sentence(tokens, "pass each sentence as a list of str") from None
        for token in iterator:
            self.add_token(token, position)
            position += 1
            if position & 0xFFFF == 0:
                PyErr_CheckSignals()
        return position + 1

    # The UTF-8 of a string, or NULL: then it must be converted. PyUnicode_AsUTF8AndSize costs next
    # to nothing for ASCII, but leaves a copy on every other string, in the caller's memory. So where
    # such strings follow each other, some are converted unseen, each time twice as many: of a text
    # in Greek, one token in 64 gets a copy.
    cdef inline const uint8_t *borrow(self, text, Py_ssize_t *n_bytes) noexcept:
        cdef const char *utf8
        if self.pause:
            self.pause -= 1
            return NULL
        utf8 = PyUnicode_AsUTF8AndSize(text, n_bytes)
        if utf8 is not NULL and not utf8[0] & 0x80:
            self.next_pause = 0
        else:
            self.pause, self.next_pause = self.next_pause, min(2 * self.next_pause + 1, 63)
        return <const uint8_t *>utf8

    cdef inline int add_token(self, token, Py_ssize_t position) except -1:
        cdef Py_ssize_t n_bytes
        cdef const uint8_t *utf8 = self.borrow(token, &n_bytes)
        if utf8 is NULL or n_bytes == 0:
            return self.add_unusual_token(token, position)
        return check(w2v_encoder_add_token(self.encoder, utf8, n_bytes))

    cdef int add_unusual_token(self, token, Py_ssize_t position) except -1:
        cdef Py_ssize_t n
        cdef int64_t n_bytes
        cdef const uint8_t *utf8
        PyErr_Clear()  # of `borrow`: no str, or a lone surrogate; reported below
        n = PyUnicode_GetLength(token)
        if n < 0:
            PyErr_Clear()
            raise self.not_a_token(token, position)
        if n == 0:
            if self.empty_tokens == 0:
                self.first_empty = (self.items, position)
            self.empty_tokens += 1
            return 0
        self.convert(token, n, position, &utf8, &n_bytes)
        return check(w2v_encoder_add_token(self.encoder, utf8, n_bytes)) if n_bytes else 0

    cdef Py_ssize_t add_line(self, line) except -1:
        cdef Py_ssize_t n = PyUnicode_GetLength(line), n_borrowed
        cdef int64_t n_bytes, consumed
        cdef const uint8_t *utf8 = NULL
        if n == 0:
            return 1
        if n <= SHORT:  # nor a copy of a long one
            utf8 = self.borrow(line, &n_borrowed)
            n_bytes = n_borrowed
        if utf8 is NULL:
            PyErr_Clear()
            self.convert(line, n, -1, &utf8, &n_bytes)
        check(w2v_encoder_feed(self.encoder, utf8, n_bytes,
                               W2V_TEXT_FINAL | W2V_TEXT_NO_LINE_BREAKS, &consumed))
        return n_bytes // 4 + 1

    # Converts a string to UTF-8 that is valid until the next call.
    cdef int convert(self, text, Py_ssize_t n, Py_ssize_t position, const uint8_t **utf8,
                     int64_t *length) except -1:
        cdef uint32_t *points = self.points
        cdef w2v_status status
        if n <= SHORT:
            PyUnicode_AsUCS4(text, points, SHORT, 0)
            status = w2v_encoder_to_utf8(self.encoder, points, n, utf8, length)
        else:
            try:
                self.encoded = PyUnicode_AsUTF8String(text)
            except UnicodeEncodeError:  # a lone surrogate
                points = PyUnicode_AsUCS4Copy(text)
                status = w2v_encoder_to_utf8(self.encoder, points, n, utf8, length)
                PyMem_Free(points)
            else:
                utf8[0], length[0] = self.encoded, len(self.encoded)
                return 0
        if status == W2V_LONE_SURROGATE:
            raise ValueError(
                f"{self.location(position)}: {reprlib.repr(text)} contains a lone surrogate, "
                f"{text[length[0]]!r} at position {length[0]}, and cannot be encoded as UTF-8; "
                "repair it, or pass errors='replace' or errors='ignore' to continue")
        return check(status)

    cdef str location(self, Py_ssize_t position):
        if position < 0:
            return f"sentence {self.items} (counted from 0)"
        return f"sentence {self.items}, token {position} (both counted from 0)"

    cdef not_a_token(self, token, Py_ssize_t position):
        if isinstance(token, (bytes, bytearray)):
            remedy = "decode it, e.g. with token.decode('utf-8')"
        elif isinstance(token, (list, tuple)):
            remedy = "a sentence is one flat list of str, not a list of lists"
        else:
            remedy = "convert every token to a str"
        return TypeError(f"{self.location(position)}: expected a str, found "
                         f"{type(token).__name__} {reprlib.repr(token)}; {remedy}")

    cdef not_a_sentence(self, sentence, str remedy):
        return TypeError(f"{self.location(-1)}: expected a list of tokens or a line of text (str), "
                         f"found {type(sentence).__name__} {reprlib.repr(sentence)}; {remedy}")
