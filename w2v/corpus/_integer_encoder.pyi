import numpy as np
import numpy.typing as npt

def encode_ids(
    keys: npt.NDArray[np.uint64],
    bounds: npt.NDArray[np.int64],
    dense_table: npt.NDArray[np.int32],
    hash_table: npt.NDArray[np.int32],
    type_keys: npt.NDArray[np.uint64],
    counts: npt.NDArray[np.int64],
    n_types: int,
    ids: npt.NDArray[np.int32],
    at: int,
) -> tuple[int, int]: ...
def rehash(
    type_keys: npt.NDArray[np.uint64],
    first_new: int,
    dense_table: npt.NDArray[np.int32],
    hash_table: npt.NDArray[np.int32],
) -> None: ...
def gather_ints(rows: list[object], keys: npt.NDArray[np.uint64]) -> tuple[int, int] | None: ...
def write_digits(
    keys: npt.NDArray[np.uint64], offsets: npt.NDArray[np.int64], words: npt.NDArray[np.uint8]
) -> None: ...
