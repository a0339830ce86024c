"""What all tests share: the guard that the installed w2v is tested, and a working Ctrl-C.

Where the environment variable W2V_REQUIRE_EXTRAS is set, a test that would be skipped fails.
"""

import json
import os
import signal
import sys
from importlib import metadata
from pathlib import Path

import pytest

# One thread of BLAS and OpenMP in each process: tests run in several at once, and threads that
# spin while they wait for others waste them. Set before NumPy is imported. Products of
# several threads are tested in a process of its own.
for library in ("OPENBLAS", "OMP", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parent.parent

# `python -m pytest` puts the working directory on the path, and with it the source folder.
CHOSEN = os.environ.get("PYTHONPATH", "").split(os.pathsep)
sys.path[:] = [entry for entry in sys.path if entry in CHOSEN or Path(entry).resolve() != ROOT]


def _is_editable():
    """Return whether w2v is installed with ``pip install -e``; CI tests what users install."""
    origin = json.loads(metadata.distribution("w2v").read_text("direct_url.json") or "{}")
    return origin.get("dir_info", {}).get("editable", False) and not os.environ.get("CI")


def pytest_configure():
    # A script's background jobs begin with SIGINT ignored, those under nohup with SIGHUP, and so
    # would the processes they start: every test of Ctrl-C would train for ever.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        import w2v
    except (ImportError, ValueError) as error:
        raise pytest.UsageError(
            f"cannot import w2v: {error}\n"
            "The tests run against the installed package: pip install '.[test]'"
        ) from None
    if Path(w2v.__file__).resolve().parent == ROOT / "w2v" and not _is_editable():
        raise pytest.UsageError(
            f"w2v was imported from the source folder, {ROOT / 'w2v'}\n"
            "The tests run against the installed package: pip install '.[test]', or an editable "
            "install (CONTRIBUTING.md), without the folder in PYTHONPATH"
        )


@pytest.fixture(scope="session", autouse=True)
def elsewhere(tmp_path_factory):
    """Run in an empty folder, so that subprocesses do not import the source folder either."""
    start = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("elsewhere"))
    yield
    os.chdir(start)


def _must_run(report):
    if os.environ.get("W2V_REQUIRE_EXTRAS") and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"W2V_REQUIRE_EXTRAS is set, and this would be left out: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    return _must_run((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    return _must_run((yield))
