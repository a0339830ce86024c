"""The control groups (cgroups) of Linux that this process is in: they limit CPU time and memory."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator


def groups(root: str, controller: str) -> Iterator[str]:
    """Yield the directories of this process's groups that a controller limits, and all above."""
    paths = {}
    for line in lines(root, "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if not controllers:
            paths["cgroup2"] = path
        elif controller in controllers.split(","):
            paths["cgroup"] = path
    for line in lines(root, "proc/self/mountinfo"):
        mount, _, file_system = line.partition(" - ")
        kind, _, options = file_system.split(" ")[:3]
        if kind not in paths or (kind == "cgroup" and controller not in options.split(",")):
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


def lines(folder: str, name: str) -> list[str]:
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
