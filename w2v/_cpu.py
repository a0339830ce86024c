"""The CPUs this process may use: its affinity, and the CPU time that its control groups allow.

A container usually sees all CPUs of its machine, while its control group (cgroup) limits the time
on them. More threads than that time pays for would be stopped in turn, often all at once.
"""

from __future__ import annotations

import functools
import math
import os
import re
from collections.abc import Iterator


def available_cpus() -> int:
    """Return the number of CPUs this process may use, at least 1.

    A quota of control groups, which may be a fraction, is rounded up. It is read once.
    """
    known = hasattr(os, "sched_getaffinity")
    cpus = len(os.sched_getaffinity(0)) if known else os.cpu_count() or 1
    return max(1, math.ceil(min(cpus, cpu_quota())))


@functools.cache
def cpu_quota(root: str = "/") -> float:
    """Return the smallest quota of the control groups that this process is in, nested ones too.

    Parameters
    ----------
    root : str, default "/"
        Where ``proc`` and the mounted groups are.

    Returns
    -------
    float
        CPU seconds per second; infinity without a quota, or where there are no control groups.
    """
    try:
        return min(map(_quota_of, _groups(root)), default=math.inf)
    except (OSError, ValueError, IndexError):  # no Linux, or files of a format yet unknown
        return math.inf


def _groups(root: str) -> Iterator[str]:
    """Yield the directories of this process's groups that may have a CPU quota, and all above."""
    paths = {}
    for line in _lines(root, "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if not controllers:
            paths["cgroup2"] = path
        elif "cpu" in controllers.split(","):
            paths["cgroup"] = path
    for line in _lines(root, "proc/self/mountinfo"):
        mount, _, file_system = line.partition(" - ")
        kind, _, options = file_system.split(" ")[:3]
        if kind not in paths or (kind == "cgroup" and "cpu" not in options.split(",")):
            continue
        mounted, at = map(_unescape, mount.split(" ")[3:5])
        # In a container, the mounted part of the hierarchy may be that of the container only.
        path = paths[kind]
        below = os.path.relpath(path, mounted) if _is_below(path, mounted) else "."
        top = os.path.join(root, at.lstrip("/"))
        group = os.path.normpath(os.path.join(top, below))
        while _is_below(group, top):
            yield group
            group = os.path.dirname(group)


def _quota_of(group: str) -> float:
    try:
        if lines := _lines(group, "cpu.max"):
            quota, period = lines[0].split()
        else:
            quota = _lines(group, "cpu.cfs_quota_us")[0]
            period = _lines(group, "cpu.cfs_period_us")[0]
        limit = math.inf if quota == "max" else float(quota) / float(period)
    except (OSError, ValueError, IndexError, ZeroDivisionError):
        return math.inf
    return limit if limit > 0 else math.inf  # -1: no quota


def _lines(folder: str, name: str) -> list[str]:
    try:
        with open(os.path.join(folder, name), encoding="utf-8", errors="surrogateescape") as file:
            return file.read().splitlines()
    except FileNotFoundError:
        return []


def _is_below(path: str, top: str) -> bool:
    return path == top or path.startswith(top.rstrip("/") + "/")


def _unescape(path: str) -> str:
    """Return a path of mountinfo, where blanks and some others are octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), path)
