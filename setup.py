"""Build of the compiled modules; everything declarative stands in pyproject.toml.

Switches, read from the environment (those for C: gcc and clang only):
  W2V_DEBUG=1     Cython's bounds checks back on, -O0 -g
  W2V_SANITIZE=1  address and undefined-behaviour sanitizers
  W2V_WERROR=1    all warnings, as errors (CI)

and for any compiler:
  W2V_INSTRUMENT=1  workers count what they ask of the machine (csrc/include/w2v_cache_model.h)
"""

import glob
import os
import sys

from Cython.Build import cythonize
from setuptools import Extension, setup


def switch(name: str) -> bool:
    """Say whether a switch is on."""
    return os.environ.get(name, "0") not in ("", "0")


debug, sanitize, werror = map(switch, ("W2V_DEBUG", "W2V_SANITIZE", "W2V_WERROR"))
instrument = switch("W2V_INSTRUMENT")

link_args = []
if sys.platform == "win32":
    compile_args = ["/Od", "/Zi"] if debug else ["/O2"]
    compile_args += ["/std:c11", "/fp:precise"]
else:
    # No -march and no -ffast-math: SIMD files open target regions of their own, and a fused
    # multiply-add stands only where it is written, so that variants do not drift apart.
    compile_args = ["-O0", "-g"] if debug else ["-O3"]
    compile_args += ["-std=c11", "-ffp-contract=off"]
    if werror:
        compile_args += ["-Wall", "-Wextra", "-Werror", "-Wno-error=deprecated-declarations"]
    if sanitize:
        # Python's own flags make signed overflow wrap around, which hides it from the sanitizer.
        compile_args += ["-O1", "-g", "-fno-omit-frame-pointer", "-fno-wrapv"]
        compile_args += ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
        link_args += ["-fsanitize=address,undefined"]

# A folder for each kind of build: none may pick up what another has left.
compiler = os.path.basename((os.environ.get("CC") or "cc").split()[0])
kind = "-".join([compiler, *["debug"] * debug, *["sanitize"] * sanitize, *["werror"] * werror])
kind += "-instrument" * instrument
folder = f"build/{kind}"


def extension(name: str, *sources: str) -> Extension:
    """Describe a module: its bridge, and the C behind it."""
    return Extension(
        name,
        list(sources),
        include_dirs=["csrc/include", "csrc/kernels", "csrc/text"],
        define_macros=[("W2V_INSTRUMENT", None)] if instrument else [],
        depends=glob.glob("csrc/**/*.h", recursive=True),
        extra_compile_args=compile_args,
        extra_link_args=link_args,
    )


def kernel(name: str) -> list[str]:
    """Return the C files of a kernel: each variant, and their table."""
    return sorted(glob.glob(f"csrc/kernels/{name}_*.c"))


TEXT_ENCODER = [
    f"csrc/text/{name}.c"
    for name in ("encoder", "word_boundaries", "arrow_rows", "encoder_merge", "unicode")
]
extensions = [
    extension("w2v._simd", "w2v/_simd.pyx", "csrc/kernels/cpu_features.c"),
    extension(
        "w2v.corpus._integer_encoder",
        "w2v/corpus/_integer_encoder.pyx",
    ),
    extension("w2v.corpus._phrases", "w2v/corpus/_phrases.pyx", "csrc/text/phrases.c"),
    extension("w2v.corpus._text_encoder", "w2v/corpus/_text_encoder.pyx", *TEXT_ENCODER),
    extension("w2v.io._checksum", "w2v/io/_checksum.pyx", "csrc/text/checksum.c"),
    extension("w2v.io._subwords", "w2v/io/_subwords.pyx", "csrc/text/subwords.c"),
    extension("w2v.io._vector_text", "w2v/io/_vector_text.pyx", "csrc/text/vector_text.c"),
    extension("w2v.io._words", "w2v/io/_words.pyx"),
    extension("w2v.training._hogwild", "w2v/training/_hogwild.pyx", *kernel("step")),
    extension(
        "w2v.training._kernel_bench",
        "w2v/training/_kernel_bench.pyx",
        *kernel("step"),
        *kernel("roofline"),
    ),
    extension("w2v.vectors._distances", "w2v/vectors/_distances.pyx", *kernel("distance")),
    extension("w2v.vocab._huffman", "w2v/vocab/_huffman.pyx"),
]
if debug or sanitize:
    extensions.append(extension("w2v._faults", "tests/native/faults.pyx"))

setup(
    ext_modules=cythonize(
        extensions,
        build_dir=f"{folder}/cython",
        include_path=["csrc/include"],
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
    options={"build": {"build_base": folder}},
)
