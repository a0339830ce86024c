from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Buffer = bytes | bytearray | memoryview | npt.NDArray[np.uint8]

DECIMAL: int

def read_rows(
    data: Buffer, out: npt.NDArray[np.float32], spans: npt.NDArray[np.int64], binary: bool
) -> tuple[int, int]: ...
def decode(data: Buffer, spans: npt.NDArray[np.int64], rows: int) -> list[str]: ...
def not_finite(rows: npt.NDArray[np.float32]) -> tuple[int, int]: ...
def write_rows(
    rows: npt.NDArray[np.float32],
    words: Buffer,
    ends: npt.NDArray[np.int64],
    out: npt.NDArray[np.uint8],
    rare: Callable[[float], bytes],
) -> int: ...
def subwords(
    word: Buffer, least: int, most: int, buckets: int, out: npt.NDArray[np.uint32]
) -> int: ...
def subword_means(
    words: Buffer,
    ends: npt.NDArray[np.int64],
    matrix: npt.NDArray[np.uint8],
    hashing: tuple[int, int, int, int],
    scratch: npt.NDArray[np.uint32],
    out: npt.NDArray[np.float32],
) -> None: ...
