"""Warnings that point at the line of the caller, however deep in w2v they arise."""

from __future__ import annotations

import os
import sys
import warnings

_HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "")


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the line outside w2v that led here, as ``stacklevel=`` does for a known depth."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_HERE):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
