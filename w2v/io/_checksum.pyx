"""The bridge to csrc/text/checksum.c."""

from libc.stdint cimport int64_t, uint8_t, uint64_t

cdef extern from "w2v_checksum.h" nogil:
    ctypedef struct w2v_checksum:
        pass
    void w2v_checksum_begin(w2v_checksum *sum) noexcept
    void w2v_checksum_add(w2v_checksum *sum, const uint8_t *bytes, int64_t length) noexcept
    uint64_t w2v_checksum_end(w2v_checksum *sum) noexcept


cdef class Checksum:
    """A running checksum of bytes."""

    cdef w2v_checksum sum

    def __cinit__(self):
        w2v_checksum_begin(&self.sum)

    def add(self, const uint8_t[::1] data not None):
        """Add bytes, without the interpreter lock."""
        cdef int64_t length = data.shape[0]
        if length:
            with nogil:
                w2v_checksum_add(&self.sum, &data[0], length)

    def hexdigest(self):
        """Return the checksum of all bytes so far as 16 hexadecimal digits."""
        cdef w2v_checksum end = self.sum
        return f"{w2v_checksum_end(&end):016x}"
