"""The SIMD variants of the compiled kernels: list them, see which one is in use, choose another.

The kernels are the dense step of training and the distances between vectors.

At import, the best variant that this CPU and operating system can run is chosen, unless
the environment variable ``W2V_SIMD`` names one (``avx512``, ``avx2``, ``sse2``, ``neon`` or
``scalar``).
"""

from __future__ import annotations

import os

from w2v import _simd

__all__ = ["active", "available", "use"]


def available() -> tuple[str, ...]:
    """Return the names of the variants that run on this machine, best first."""
    return tuple(name for name, runs in _simd.variants() if runs)


def active() -> str:
    """Return the name of the variant in use."""
    return _active


def use(name: str) -> None:
    """Use the variant `name` for all training runs and comparisons that start from now on.

    Parameters
    ----------
    name : str
        One of `available()`.

    Raises
    ------
    ValueError
        If there is no such variant, or this machine cannot run it. The variant in use does not
        change.
    """
    _use(name, f"simd.use({name!r})")


def _use(name: str, request: str) -> None:
    if name not in available():
        known = [known for known, _ in _simd.variants()]
        why = "this machine cannot run it" if name in known else "there is no such variant here"
        raise ValueError(f"{request}: {why}; available: {', '.join(available())}")
    global _active
    _active = name


_active = available()[0]
if "W2V_SIMD" in os.environ:
    _use(os.environ["W2V_SIMD"], f"W2V_SIMD={os.environ['W2V_SIMD']!r}")
