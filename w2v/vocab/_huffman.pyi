import numpy as np
import numpy.typing as npt

def build(
    counts: npt.NDArray[np.int64],
    weight: npt.NDArray[np.int64],
    parent: npt.NDArray[np.int32],
    depth: npt.NDArray[np.int32],
) -> None: ...
def paths(
    parent: npt.NDArray[np.int32],
    offsets: npt.NDArray[np.int64],
    path: npt.NDArray[np.int32],
) -> None: ...
