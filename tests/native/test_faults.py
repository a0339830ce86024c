"""The checks of debug and sanitizer builds must catch the faults planted in them (faults.pyx)."""

import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec

import pytest

from w2v.corpus import _text_encoder
from w2v.training import _hogwild


def instrumented(path):
    with open(path, "rb") as file:
        return b"__asan_init" in file.read()


SANITIZED = instrumented(_hogwild.__file__)
PLANTED = find_spec("w2v._faults") is not None
CHECKED = PLANTED and import_module("w2v._faults").CHECKS_BOUNDS
needs_sanitizers = pytest.mark.skipif(not SANITIZED, reason="built without W2V_SANITIZE=1")
needs_debug = pytest.mark.skipif(not CHECKED, reason="built without W2V_DEBUG=1")

OUTCOMES = {
    "past_the_end_unchecked(zeros, 1_000)": "AddressSanitizer: heap-buffer-overflow",
    "overflow(1)": "runtime error: signed integer overflow",
}


def run(fault):
    code = f"import numpy; zeros = numpy.zeros(1_000, 'i'); from w2v._faults import *; {fault}"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)


def test_every_module_is_sanitized_or_none():
    assert instrumented(_text_encoder.__file__) == SANITIZED


def test_sanitizer_builds_have_faults_to_catch():
    assert PLANTED or not SANITIZED


@needs_sanitizers
@pytest.mark.parametrize("fault", OUTCOMES)
def test_sanitizers_catch(fault):
    ended = run(fault)
    assert ended.returncode != 0
    assert OUTCOMES[fault] in ended.stderr


@needs_sanitizers
@pytest.mark.parametrize("harmless", ["past_the_end_unchecked(zeros, 999)", "overflow(0)"])
def test_sanitizers_let_pass(harmless):
    ended = run(harmless)
    assert (ended.returncode, ended.stderr) == (0, "")


@needs_debug
def test_debug_builds_check_bounds():
    ended = run("past_the_end(zeros, 1_000)")
    assert "IndexError: Out of bounds on buffer access (axis 0)" in ended.stderr
