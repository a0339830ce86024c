"""The types that signatures repeat."""

from __future__ import annotations

import os

import numpy as np
import numpy.typing as npt

PathLike = str | os.PathLike[str]
FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
IdArray = npt.NDArray[np.int32]
