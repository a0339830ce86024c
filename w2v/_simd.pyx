"""Which variants of the compiled loops there are, and which of them this machine can run."""

cdef extern from "w2v_step.h" nogil:
    enum:
        W2V_ROW_FLOATS

cdef extern from "w2v_dispatch.h" nogil:
    const char *w2v_variant_name(int i) noexcept
    int w2v_variant_runs(int i) noexcept

ROW_FLOATS = W2V_ROW_FLOATS


def variants() -> list[tuple[str, bool]]:
    """Return (name, runs on this machine) of each variant compiled in, best first."""
    found = []
    cdef int i = 0
    while w2v_variant_name(i) != NULL:
        found.append((w2v_variant_name(i).decode(), bool(w2v_variant_runs(i))))
        i += 1
    return found
