"""Build of the compiled modules; all that is declarative is in pyproject.toml.

Switches, read from the environment (those for C: gcc and clang only):
  W2V_DEBUG=1     Cython's bounds checks back on, -O0 -g
  W2V_SANITIZE=1  address and undefined-behavior sanitizers
  W2V_WERROR=1    all warnings, as errors (CI)

and for any compiler:
  W2V_INSTRUMENT=1  workers count what they ask of the machine (csrc/include/w2v_cache_model.h)
"""

import glob
import os
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command import build_ext
from setuptools.modified import newer_group


def switch(name: str) -> bool:
    """Say whether a switch is on."""
    return os.environ.get(name, "0") not in ("", "0")


debug, sanitize, werror = map(switch, ("W2V_DEBUG", "W2V_SANITIZE", "W2V_WERROR"))
instrument = switch("W2V_INSTRUMENT")

link_args = []
if sys.platform == "win32":
    compile_args = ["/Od", "/Zi"] if debug else ["/O2"]
    compile_args += ["/std:c11", "/fp:precise"]
    bridge_args = compile_args
else:
    # No -march and no -ffast-math: SIMD files open target regions of their own, and a fused
    # multiply-add is only where it is written, so that variants do not drift apart.
    compile_args = ["-std=c11", "-ffp-contract=off"]
    compile_args += ["-O0", "-g"] if debug else ["-O3", "-g0"]
    if werror:
        compile_args += ["-Wall", "-Wextra", "-Werror", "-Wno-error=deprecated-declarations"]
    if sanitize:
        # Python's own flags make signed overflow wrap around, which hides it from the sanitizer.
        compile_args += ["-O1", "-g", "-fno-omit-frame-pointer", "-fno-wrapv"]
        compile_args += ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
        link_args += ["-fsanitize=address,undefined"]
    # Except for the training loop, a bridge spends its time in csrc/ and in CPython: it is as fast
    # with -O1, which compiles in half the time of -O3.
    bridge_args = ["-O1" if arg == "-O3" else arg for arg in compile_args]
    if sys.platform == "linux" and not (debug or sanitize):
        link_args.append("-Wl,--strip-debug")  # profilers find functions by their symbols

# One build for every CPython from 3.11 on. Free-threaded builds have no stable interface before
# 3.15, and 3.10's lacks the buffer protocol: those two get modules of their own.
limited = (
    sys.implementation.name == "cpython"
    and sys.version_info >= (3, 11)
    and not sysconfig.get_config_var("Py_GIL_DISABLED")
)
macros: list[tuple[str, str | None]] = []
if debug:
    macros.append(("W2V_DEBUG", None))
if instrument:
    macros.append(("W2V_INSTRUMENT", None))
if limited:
    macros.append(("Py_LIMITED_API", "0x030B0000"))

# A folder for each kind of build: none may pick up what another has left.
compiler = os.path.basename((os.environ.get("CC") or "cc").split()[0])
kind = "-".join([compiler, *["debug"] * debug, *["sanitize"] * sanitize, *["werror"] * werror])
kind += "-instrument" * instrument
folder = f"build/{kind}"


INCLUDE = ["csrc/include", "csrc/kernels", "csrc/text"]
HEADERS = glob.glob("csrc/**/*.h", recursive=True)


def extension(name: str, source: str, *c_files: str) -> Extension:
    """Describe a module: its bridge, and the C behind it."""
    return Extension(
        name,
        [source],
        include_dirs=INCLUDE,
        define_macros=macros,
        py_limited_api=limited,
        depends=[*HEADERS, *c_files],
        extra_compile_args=compile_args if name.endswith("_hogwild") else bridge_args,
        extra_link_args=link_args,
    )


class BuildExtensions(build_ext.build_ext):
    """Compiles each file of csrc/ once, whatever modules are linked with it."""

    def build_extensions(self) -> None:  # noqa: D102
        depends = {path for module in self.extensions for path in module.depends}
        sources = sorted(path for path in depends if path.endswith(".c"))
        with ThreadPoolExecutor(self.parallel or 1) as pool:
            objects = dict(zip(sources, pool.map(self.compiled, sources), strict=True))
        for module in self.extensions:
            module.extra_objects = [objects[path] for path in module.depends if path in objects]
        super().build_extensions()

    def compiled(self, source: str) -> str:
        """Return the object file of a C file, recompiled if it or a header has changed."""
        [path] = self.compiler.object_filenames([source], output_dir=self.build_temp)
        if self.force or newer_group([source, *HEADERS], path):
            self.compiler.compile(
                [source],
                output_dir=self.build_temp,
                include_dirs=INCLUDE,
                macros=macros,
                extra_postargs=compile_args,
            )
        return path

    def copy_extensions_to_source(self) -> None:  # noqa: D102
        super().copy_extensions_to_source()
        # A module built for this Python alone would be imported in place of the one just copied.
        for module in self.extensions if limited else []:
            suffix = sysconfig.get_config_var("EXT_SUFFIX")
            Path(module.name.replace(".", "/") + suffix).unlink(missing_ok=True)


def kernel(name: str) -> list[str]:
    """Return the C files of a kernel: each variant, and their table."""
    return sorted(glob.glob(f"csrc/kernels/{name}_*.c"))


SHARED = "w2v._cython_utility"
TEXT_ENCODER = [
    f"csrc/text/{name}.c"
    for name in (
        "encoder",
        "word_boundaries",
        "arrow_rows",
        "encoder_merge",
        "encoder_join",
        "unicode",
    )
]
extensions = [
    extension("w2v._simd", "w2v/_simd.pyx", "csrc/kernels/cpu_features.c"),
    extension(
        "w2v.corpus._integer_encoder",
        "w2v/corpus/_integer_encoder.pyx",
    ),
    extension(
        "w2v.corpus._phrases",
        "w2v/corpus/_phrases.pyx",
        "csrc/text/pair_counts.c",
        "csrc/text/phrases.c",
    ),
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
    extension("w2v.training._merge", "w2v/training/_merge.pyx", *kernel("merge")),
    extension("w2v.vectors._distances", "w2v/vectors/_distances.pyx", *kernel("distance")),
    extension("w2v.vocab._huffman", "w2v/vocab/_huffman.pyx"),
]
# What Cython would write into each module that takes an array: the build takes half the time.
extensions.append(extension(SHARED, f"{SHARED.replace('.', '/')}.c"))
if debug or sanitize:
    extensions.append(extension("w2v._faults", "tests/native/faults.pyx"))

setup(
    ext_modules=cythonize(
        extensions,
        build_dir=f"{folder}/cython",
        include_path=["csrc/include"],
        shared_utility_qualified_name=SHARED,
        compiler_directives={
            "language_level": 3,
            "boundscheck": debug,
            "wraparound": False,
            "cdivision": True,
            "initializedcheck": debug,
            "embedsignature": True,
            "binding": False,  # plain built-in functions: less to compile
            "freethreading_compatible": True,
        },
    ),
    cmdclass={"build_ext": BuildExtensions},
    options={
        "build": {"build_base": folder},
        "build_ext": {"parallel": os.cpu_count()},
        "bdist_wheel": {"py_limited_api": "cp311" if limited else False},
    },
)
