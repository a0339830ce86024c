"""The CPUs this process may use: its affinity, and the CPU time that its control groups allow.

A container usually sees all CPUs of its machine, while its control group (cgroup) limits the time
on them. More threads than that time pays for would be stopped in turn, often all at once.
"""

from __future__ import annotations

import functools
import math
import os

from w2v._control_groups import groups, lines


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
        return min(map(_quota_of, groups(root, "cpu")), default=math.inf)
    except (OSError, ValueError, IndexError):  # no Linux, or files of a format yet unknown
        return math.inf


def _quota_of(group: str) -> float:
    try:
        if found := lines(group, "cpu.max"):
            quota, period = found[0].split()
        else:
            quota = lines(group, "cpu.cfs_quota_us")[0]
            period = lines(group, "cpu.cfs_period_us")[0]
        limit = math.inf if quota == "max" else float(quota) / float(period)
    except (OSError, ValueError, IndexError, ZeroDivisionError):
        return math.inf
    return limit if limit > 0 else math.inf  # -1: no quota
