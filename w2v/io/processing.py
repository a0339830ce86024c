"""What was done to vectors after training, as metadata and tensors of a w2v file.

`w2v.vectors.postprocessing` applies the steps; docs/file-formats.md specifies how they are stored.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v._types import FloatArray, PathLike

TENSORS = "processing."  # begins the names of the tensors
_KEY = "processing"
_ARRAYS = {"center": ("mean",), "abtt": ("mean", "components")}
_KNOWN = ("output", "combined", "unit", *_ARRAYS)


@dataclass(frozen=True, eq=False)
class Step:
    """One step.

    Attributes
    ----------
    name : str
        "output" or "combined", where the vectors come from; "unit", scaled to length 1; "center",
        the mean subtracted; "abtt", the mean and some principal components removed.
    mean : float32, shape (d,), or None
        Of all vectors before the step.
    components : float32, shape (n, d), or None
        Orthonormal rows.
    settings : dict
        How vectors were combined.
    """

    name: str
    mean: FloatArray | None = None
    components: FloatArray | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


Steps = tuple[Step, ...]


def step_tensors(steps: Sequence[Step]) -> tuple[dict[str, npt.NDArray[Any]], dict[str, str]]:
    """Return tensors and metadata that describe the steps; none for no steps."""
    tensors = {
        f"{TENSORS}{number}.{name}": getattr(step, name)
        for number, step in enumerate(steps)
        for name in _ARRAYS.get(step.name, ())
    }
    listed = [{**step.settings, "step": step.name} for step in steps]
    return tensors, ({_KEY: json.dumps(listed)} if steps else {})


def read_steps(
    path: PathLike,
    tensors: Mapping[str, npt.NDArray[Any]],
    metadata: Mapping[str, str],
    dimensions: int,
) -> Steps:
    """Return the steps that `step_tensors` has described.

    Raises
    ------
    ValueError
        They do not match, or one is unknown; the message names `path`.
    """
    try:
        steps = []
        for number, settings in enumerate(json.loads(metadata.get(_KEY, "[]"))):
            name = settings.pop("step")
            if name not in _KNOWN:
                raise ValueError(f"step {name!r} is unknown to this w2v")
            arrays = {}
            for one in _ARRAYS.get(name, ()):
                array = np.array(tensors[f"{TENSORS}{number}.{one}"])
                shape = (dimensions,) if one == "mean" else (len(array), dimensions)
                if array.dtype != np.float32 or array.shape != shape:
                    raise ValueError(f"{one} is {array.dtype} with shape {array.shape}")
                if not np.isfinite(array).all():
                    raise ValueError(f"{one} contains NaN or infinity")
                arrays[one] = array
            steps.append(Step(name, settings=settings, **arrays))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(
            f"{os.fspath(path)}: what was done to the vectors is unreadable ({error}); upgrade w2v "
            "if the file comes from a newer one, otherwise it is corrupt: copy or create it again"
        ) from error
    return tuple(steps)
