"""Build of the two compiled modules; everything declarative stands in pyproject.toml.

Switches, read from the environment:
  W2V_DEBUG=1     Cython's bounds checks back on, -O0 -g
  W2V_SANITIZE=1  address and undefined-behaviour sanitizers
  W2V_WERROR=1    warnings of our own C are errors (CI)
"""

import glob
import os
import sys

from Cython.Build import cythonize
from setuptools import Extension, setup


def switch(name: str) -> bool:
    """Return whether an environment variable is set to something but 0."""
    return os.environ.get(name, "0") not in ("", "0")


debug, sanitize, werror = map(switch, ("W2V_DEBUG", "W2V_SANITIZE", "W2V_WERROR"))

if sys.platform == "win32":
    compile_args = ["/Od", "/Zi"] if debug else ["/O2"]
    compile_args += ["/std:c11", "/fp:precise"]
    link_args = []
else:
    # No -march and no -ffast-math: SIMD files open target regions of their own, and a fused
    # multiply-add stands only where it is written, so that variants do not drift apart.
    compile_args = ["-O0", "-g"] if debug else ["-O3"]
    compile_args += ["-std=c11", "-ffp-contract=off", "-Wall", "-Wextra"]
    compile_args += ["-Werror", "-Wno-error=deprecated-declarations"] if werror else []
    link_args = []
    if sanitize:
        compile_args += ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
        link_args += ["-fsanitize=address,undefined"]

headers = glob.glob("csrc/*.h")


def extension(name: str, c_sources: list[str]) -> Extension:
    """Return one compiled module: w2v/NAME.pyx and the C files it stands on."""
    return Extension(
        f"w2v.{name}",
        [f"w2v/{name}.pyx", *c_sources],
        include_dirs=["csrc"],
        depends=headers,
        extra_compile_args=compile_args,
        extra_link_args=link_args,
    )


setup(
    ext_modules=cythonize(
        [
            extension("_hogwild", [*sorted(glob.glob("csrc/step_*.c")), "csrc/dispatch.c"]),
            extension("_text", ["csrc/text.c"]),
        ],
        compiler_directives={
            "language_level": 3,
            "boundscheck": debug,
            "wraparound": False,
            "cdivision": True,
            "initializedcheck": debug,
            "embedsignature": True,
            "freethreading_compatible": True,
        },
    ),
)
