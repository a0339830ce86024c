"""`show_versions`: the lines that a bug report needs."""

from __future__ import annotations

import sys

from w2v import _simd, simd
from w2v._cpu import available_cpus
from w2v._version import __version__

# The packages of every installation, then those of the extras.
_PACKAGES = ("numpy", "scipy", "safetensors", "tqdm", "typer", "rich")
_EXTRAS = (
    "pyarrow",
    "POT",
    "usearch",
    "scikit-learn",
    "torch",
    "matplotlib",
    "umap-learn",
    "tensorboardX",
)


def show_versions() -> None:
    """Print the versions of w2v, Python and packages, and what the machine offers.

    One line each: w2v and the ABI of its compiled modules, Python, the platform, the SIMD variants
    (the one in use marked with ``*``), the CPUs available to this process, then the packages that
    w2v uses, those of extras included. Include the output in a bug report.
    """
    import platform
    from importlib import metadata  # milliseconds, which `from w2v import *` does not pay

    variants = (f"{name}*" if name == simd.active() else name for name in simd.available())
    facts = {
        "w2v": f"{__version__} ({_abi(str(_simd.__file__))})",
        "Python": f"{platform.python_version()} ({platform.python_implementation()}"
        f", {platform.python_compiler()})",
        "platform": platform.platform(),
        "SIMD": " ".join(variants),
        "CPUs": str(available_cpus()),
    }
    for package in (*_PACKAGES, *_EXTRAS):
        try:
            facts[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            facts[package] = "not installed"
    width = max(map(len, facts))
    sys.stdout.write("".join(f"{name:{width}}  {fact}\n" for name, fact in facts.items()))


def _abi(path: str) -> str:
    """Return the ABI of a compiled module, from its file name."""
    return "stable ABI" if ".abi3." in path else f"ABI of {sys.implementation.cache_tag} alone"
