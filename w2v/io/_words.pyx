"""Words out of UTF-8 bytes that lie one after the other."""

from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport int64_t, uint8_t


def decode_spans(const uint8_t[::1] data, const int64_t[:, ::1] spans, Py_ssize_t n):
    """Return the words at the first `n` spans, up to the first one that is not UTF-8.

    Parameters
    ----------
    data : uint8 buffer
    spans : int64 buffer, shape (at least n, 2)
        Start and end of each word in `data`.
    n : int

    Returns
    -------
    list of str
        Shorter than `n` if a word is not UTF-8.
    """
    cdef Py_ssize_t i
    cdef const char *base = NULL
    cdef list words = []
    if n > spans.shape[0] or spans.shape[1] != 2:
        raise ValueError("expected two offsets for each word")
    if data.shape[0]:
        base = <const char *>&data[0]
    for i in range(n):
        if not 0 <= spans[i, 0] <= spans[i, 1] <= data.shape[0]:
            raise ValueError("expected offsets into the data")
        if spans[i, 0] == spans[i, 1]:
            words.append("")
            continue
        try:
            words.append(
                PyUnicode_DecodeUTF8(base + spans[i, 0], spans[i, 1] - spans[i, 0], NULL)
            )
        except UnicodeDecodeError:
            break
    return words


def decode_rows(const uint8_t[::1] data, const int64_t[::1] offsets, const int64_t[::1] rows):
    """Return the words of the given rows, in their order.

    Parameters
    ----------
    data : uint8 buffer
        Valid UTF-8.
    offsets : int64 buffer, shape (n_words + 1,)
        Word `i` is ``data[offsets[i]:offsets[i + 1]]``; non-decreasing from 0 to the size of
        `data`, which is not checked.
    rows : int64 buffer

    Raises
    ------
    IndexError
        A row does not exist.
    """
    cdef Py_ssize_t i, last = offsets.shape[0] - 2
    cdef int64_t begin
    cdef list decoded = []
    for i in range(rows.shape[0]):
        if not 0 <= rows[i] <= last:
            raise IndexError(f"type {rows[i]}: expected 0 to {last}")
        begin = offsets[rows[i]]
        decoded.append(PyUnicode_DecodeUTF8(
            <const char *>&data[0] + begin, offsets[rows[i] + 1] - begin, NULL))
    return decoded
