"""The SIMD variants of the compiled kernels, and which of them this machine can run."""

from w2v_dispatch cimport w2v_variant_name, w2v_variant_runs
from w2v_step cimport W2V_ROW_FLOATS

ROW_FLOATS = W2V_ROW_FLOATS


def variants() -> list[tuple[str, bool]]:
    """Return (name, runs on this machine) of each variant compiled in, best first."""
    found = []
    cdef int i = 0
    while w2v_variant_name(i) != NULL:
        found.append((w2v_variant_name(i).decode(), bool(w2v_variant_runs(i))))
        i += 1
    return found


def variant_index(str name) -> int:
    """Return the number by which C identifies a variant.

    Raises
    ------
    ValueError
        If this machine cannot run a variant of this name.
    """
    for i, (known, runs) in enumerate(variants()):
        if known == name and runs:
            return i
    raise ValueError(f"the SIMD variant {name!r} does not run on this machine")
