import numpy as np
import numpy.typing as npt

def number(
    keys: npt.NDArray[np.uint64],
    bounds: npt.NDArray[np.int64],
    direct: npt.NDArray[np.int32],
    slots: npt.NDArray[np.int32],
    seen: npt.NDArray[np.uint64],
    counts: npt.NDArray[np.int64],
    n_types: int,
    ids: npt.NDArray[np.int32],
    at: int,
) -> tuple[int, int]: ...
def enter(
    seen: npt.NDArray[np.uint64],
    least: int,
    direct: npt.NDArray[np.int32],
    slots: npt.NDArray[np.int32],
) -> None: ...
def collect(rows: list[object], keys: npt.NDArray[np.uint64]) -> tuple[int, int] | None: ...
def digits(
    keys: npt.NDArray[np.uint64], offsets: npt.NDArray[np.int64], words: npt.NDArray[np.uint8]
) -> None: ...
