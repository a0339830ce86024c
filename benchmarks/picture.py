"""What all plots of the benchmarks have in common."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.report import version

SMALL: dict[str, Any] = {"fontsize": 7.5, "color": "#555555"}


def check(path: Path | None) -> None:
    """Raise an error now if plotting would fail after the measurements."""
    if path is None:
        return
    if version("matplotlib") is None:
        raise ValueError("--picture needs matplotlib: run pip install '.[bench]'")
    if path.suffix not in (".png", ".svg") or not path.parent.is_dir():
        raise ValueError(f"--picture {path}: expected a .png or .svg in an existing folder")


@contextmanager
def saved(
    path: Path, size: tuple[float, float], words: tuple[str, str, str], origin: dict[str, Any]
) -> Iterator[Any]:
    """Yield a figure to plot in; add title, subtitle and source, and save it."""
    import matplotlib
    from matplotlib.figure import Figure

    title, subtitle, remark = words
    changed = " with changes" if origin["dirty"] else ""
    source = (
        f"{remark}{origin['machine']['cpu']}; w2v {origin['versions']['w2v']}, "
        f"commit {(origin['commit'] or 'unknown')[:10]}{changed}"
    )
    with matplotlib.rc_context({"svg.hashsalt": "w2v"}):  # the same figures give the same bytes
        figure = Figure(figsize=size)
        yield figure
        figure.text(0.02, 0.94, title, fontsize=13)
        figure.text(0.02, 0.89, subtitle, **SMALL)
        figure.text(0.02, 0.02, source, **SMALL)
        figure.savefig(path, dpi=160, metadata={"Date": None} if path.suffix == ".svg" else None)
