"""The CPUs and the memory this process may use, from made-up files of control groups."""

import math
import os

import pytest

from w2v import _cpu, _memory


def system(root, cgroup, mountinfo, **files):
    """Write the files of a machine; keys of `files` are paths with ``__`` for slashes."""
    for path, content in {
        "proc/self/cgroup": cgroup,
        "proc/self/mountinfo": mountinfo,
        **{name.replace("__", "/"): content for name, content in files.items()},
    }.items():
        path = root / path.replace("cpu_", "cpu.").replace("memory_", "memory.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content + "\n")
    return str(root)


V2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup rw,nsdelegate"
V1 = "33 25 0:29 {} /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct"
SET = "34 25 0:30 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset"


def test_version_2_in_a_container(tmp_path):
    root = system(tmp_path, "0::/", V2, sys__fs__cgroup__cpu_max="150000 100000")
    assert _cpu.cpu_quota(root) == 1.5


def test_version_2_takes_the_smallest_of_nested_groups(tmp_path):
    files = {
        "sys__fs__cgroup__a__b__c__cpu_max": "max 100000",
        "sys__fs__cgroup__a__b__cpu_max": "300000 100000",
        "sys__fs__cgroup__a__cpu_max": "800000 100000",
        "sys__fs__cgroup__other__cpu_max": "1000 100000",
    }
    root = system(tmp_path, "0::/a/b/c", V2, **files)
    assert _cpu.cpu_quota(root) == 3


def test_version_1_below_its_own_mount(tmp_path):
    """As in a container without a namespace of its own: the mount is the container's group."""
    group = "sys__fs__cgroup__cpu,cpuacct"
    files = {f"{group}__cpu_cfs_quota_us": "250000", f"{group}__cpu_cfs_period_us": "100000"}
    cgroup = "9:cpuset:/box/1\n4:cpu,cpuacct:/box/1\n1:name=systemd:/box/1"
    root = system(tmp_path, cgroup, SET + "\n" + V1.format("/box/1"), **files)
    assert _cpu.cpu_quota(root) == 2.5


def test_version_1_of_nested_groups(tmp_path):
    group = "sys__fs__cgroup__cpu,cpuacct"
    files = {
        f"{group}__a__b__cpu_cfs_quota_us": "-1",
        f"{group}__a__b__cpu_cfs_period_us": "100000",
        f"{group}__a__cpu_cfs_quota_us": "50000",
        f"{group}__a__cpu_cfs_period_us": "100000",
        f"{group}__cpu_cfs_quota_us": "-1",
        f"{group}__cpu_cfs_period_us": "100000",
    }
    root = system(tmp_path, "4:cpu,cpuacct:/a/b\n0::/a/b", V1.format("/"), **files)
    assert _cpu.cpu_quota(root) == 0.5


def test_a_mount_with_a_blank_in_its_name(tmp_path):
    mount = V2.replace("/sys/fs/cgroup", r"/my\040groups")
    files = {"my groups__a__cpu_max": "400000 200000"}
    assert _cpu.cpu_quota(system(tmp_path, "0::/a", mount, **files)) == 2


@pytest.mark.parametrize(
    ("cgroup", "mountinfo", "content"),
    [
        ("0::/", V2, "max 100000"),
        ("0::/", V2, ""),
        ("0::/", V2, "many 100000"),
        ("0::/", V2, "0 0"),
        ("", V2, "100000 100000"),
        ("0::/", "", "100000 100000"),
        ("strange", "strange", "100000 100000"),
        ("0::/", "a b - cgroup2", "100000 100000"),
        ("0::/", "a b - cgroup2 c d", "100000 100000"),
    ],
)
def test_without_a_quota_or_with_files_that_are_not_understood(
    tmp_path, cgroup, mountinfo, content
):
    root = system(tmp_path, cgroup, mountinfo, sys__fs__cgroup__cpu_max=content)
    assert _cpu.cpu_quota(root) == math.inf


def test_without_control_groups(tmp_path):
    assert _cpu.cpu_quota(str(tmp_path)) == math.inf


@pytest.mark.parametrize(
    ("cpus", "quota", "expected"),
    [(8, 2.0, 2), (8, 2.1, 3), (8, 0.2, 1), (2, 7.5, 2), (3, math.inf, 3)],
)
def test_the_smaller_of_affinity_and_quota_rounded_up(monkeypatch, cpus, quota, expected):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cpus)), raising=False)
    monkeypatch.setattr(_cpu, "cpu_quota", lambda: quota)
    assert _cpu.available_cpus() == expected


def test_this_machine():
    assert 1 <= _cpu.available_cpus() <= os.cpu_count()


# ---- Memory --------------------------------------------------------------------------------------

MEMORY = "33 25 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory"
STAT = "anon 5\ninactive_file 300000"


@pytest.mark.parametrize(("files", "expected"), [
    ({}, 4096 * 1024),
    ({"sys__fs__cgroup__memory_max": "max", "sys__fs__cgroup__memory_current": "9"}, 4096 * 1024),
    ({"sys__fs__cgroup__memory_max": "2000000", "sys__fs__cgroup__memory_current": "500000",
      "sys__fs__cgroup__memory_stat": STAT}, 1_800_000),
    ({"sys__fs__cgroup__memory_max": "1000", "sys__fs__cgroup__memory_current": "5000",
      "sys__fs__cgroup__memory_stat": "anon 5"}, 0),
    ({"sys__fs__cgroup__memory_max": "nonsense"}, 4096 * 1024),
])  # fmt: skip
def test_free_memory_is_what_system_and_control_group_allow(tmp_path, files, expected):
    files = {"proc__meminfo": "MemTotal: 9999 kB\nMemAvailable:    4096 kB\n"} | files
    assert _memory.available_memory(system(tmp_path, "0::/", V2, **files)) == expected


def test_free_memory_of_the_older_control_groups(tmp_path):
    group = "sys__fs__cgroup__memory"
    files = {
        "proc__meminfo": "MemAvailable: 4096 kB", f"{group}__memory_limit_in_bytes": "3000000",
        f"{group}__memory_usage_in_bytes": "1000000",
        f"{group}__memory_stat": "total_inactive_file 500000",
    }  # fmt: skip
    assert _memory.available_memory(system(tmp_path, "4:memory:/", MEMORY, **files)) == 2_500_000


def test_free_memory_without_proc(tmp_path):
    found = _memory.available_memory(str(tmp_path))
    assert found is None or found > 0
    assert _memory.available_memory() > 0
