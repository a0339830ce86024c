"""Run one measured job in its own process: ``python jobs.py '{"job": ..., "system": ...}'``.

Prints one JSON line. This is run as a script, so that only the measured system is imported, from
where it is installed. The jobs are in training/jobs.py and corpus/jobs.py.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

_MODULES = {"w2v": "w2v", "gensim": "gensim.models"}


def launch(
    task: dict[str, Any], folder: str, under: Sequence[str] = (), **environment: str
) -> dict[str, Any]:
    """Start the process in a folder; return its figures and the total time.

    `under` is a command that runs another command, such as valgrind.
    """
    began = time.perf_counter()
    ran = subprocess.run(
        [*under, sys.executable, os.path.realpath(__file__), json.dumps(task)],
        env={**os.environ, **environment},
        cwd=folder,
        capture_output=True,
        text=True,
    )
    elapsed = time.perf_counter() - began
    if ran.returncode:
        why = ran.stderr.strip().splitlines() or [f"exit status {ran.returncode}"]
        raise RuntimeError(why[-1])
    return {**json.loads(ran.stdout.splitlines()[-1]), "elapsed_seconds": elapsed}


def main() -> None:
    """Run the job that the first argument describes."""
    task = json.loads(sys.argv[1])
    jobs = vars(importlib.import_module(task.get("module", "training.jobs")))
    del sys.path[0]  # this folder: libraries must not find our modules instead of their own
    word2vec = variant = None  # for jobs in plain Python, and for fastText, which has no class
    if task["system"] in _MODULES:
        system = importlib.import_module(_MODULES[task["system"]])
        word2vec = system.Word2Vec
    figures = jobs[task["job"]](word2vec, task)
    if task["system"] == "w2v":
        variant = system.simd.active()
    print(json.dumps({**figures, "variant": variant, "peak_bytes": peak_bytes()}))


def peak_bytes() -> int | None:
    """Return the peak memory of this process, or None if the system does not report it.

    On Linux, ru_maxrss of a child starts from the memory of its parent; VmHWM is the same figure
    for this program alone.
    """
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        pass
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    main()
